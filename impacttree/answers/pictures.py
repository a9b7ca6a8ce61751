"""The pictures of a metric's samples: histogram, cumulative distribution, and how the range widens over time."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from impacttree.answers.axis import round_levels, round_step, round_ticks
from impacttree.answers.result import ChartResult, Provenance
from impacttree.answers.samples import Range, Samples, percentage, visibly_differ
from impacttree.answers.words import Words
from impacttree.errors import QuestionError
from impacttree.records import dataclass
from impacttree.views import Band, Distribution, Lines, Mark, Series

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["BINS", "Bins", "Fan", "GuardrailRisk", "SampledMetric", "binned", "cdf", "fan", "histogram"]

BINS, MOST_BINS = 40, 200


@dataclass(frozen=True, slots=True)
class Fan:
    """Quantiles of one metric in each period."""

    metric: str
    samples: int
    """How many of the first samples they are of: values of every period take room."""
    p10: tuple[float, ...]
    p25: tuple[float, ...]
    p50: tuple[float, ...]
    p75: tuple[float, ...]
    p90: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GuardrailRisk:
    """How likely the breach of one limit is."""

    metric: str
    label: str
    side: str
    limit: float
    risk: float
    """Share of samples in which it is broken in some period."""


@dataclass(frozen=True, slots=True)
class SampledMetric:
    """What is drawn of one metric.

    Parameters
    ----------
    name
        Of the metric.
    samples, range
        Its values over the horizon, and what they say.
    fan
        Its quantiles in each period.
    rails
        The limits that it must keep.
    horizon
        Periods.
    scenario
        The name of what is held; ``base`` where nothing is.
    notes
        What the answer says of its samples.
    provenance, words
        Of the answer, and of its tree.
    """

    name: str
    samples: Samples
    range: Range
    fan: Fan
    rails: tuple[GuardrailRisk, ...]
    horizon: int
    scenario: str
    notes: tuple[str, ...]
    provenance: Provenance
    words: Words

    @property
    def basis(self) -> tuple[str, ...]:
        return (f"Basis: {self.provenance.basis}.",) if self.provenance.basis else ()


@dataclass(frozen=True, slots=True)
class Bins:
    """How many of the samples lie where."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    below: float
    """Share of the samples left of the first bin."""
    above: float

    @property
    def reached(self) -> list[float]:
        """Share of the samples below each edge."""
        return list(accumulate(self.shares, initial=self.below))


def binned(values: npt.NDArray[np.float64], bins: int) -> Bins:
    """Count samples in at most so many bins of a round width, from P0.5 to P99.5."""
    import numpy as np

    if isinstance(bins, bool) or not isinstance(bins, int) or not 1 <= bins <= MOST_BINS:
        raise QuestionError(f"a histogram has 1 to {MOST_BINS} bins, not {bins!r}")
    low, high = map(float, np.quantile(values, (EDGE, 1 - EDGE)))
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        spare = abs(low) * 0.05 or 1.0
        edges = np.array([low - spare, low + spare])
    else:
        step = round_step(high - low, bins)
        edges = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    counts, _ = np.histogram(values, edges)
    below, above = (float(np.mean(beyond)) for beyond in (values < edges[0], values > edges[-1]))
    return Bins(tuple(edges.tolist()), tuple((counts / len(values)).tolist()), below, above)


def histogram(sampled: SampledMetric, bins: int) -> ChartResult:
    """Return how many of the samples lie in each of at most so many bins, and how many below its end."""
    found = binned(sampled.samples.present, bins)
    drawn = _distribution(sampled, found, tuple(zip(found.edges, found.reached, strict=True)))
    rows = zip(found.edges[:-1], found.edges[1:], found.shares, found.reached[1:], strict=True)
    return ChartResult(sampled.provenance, drawn, ("low", "high", "share", "share_below_high"), tuple(rows))


EDGE = 0.005
POINTS = 101


def cdf(sampled: SampledMetric) -> ChartResult:
    """Return below which values which shares of the samples lie."""
    import numpy as np

    values, shares = sampled.samples.present, np.linspace(EDGE, 1 - EDGE, POINTS)
    curve = tuple(zip(np.quantile(values, shares).tolist(), shares.tolist(), strict=True))
    drawn = _distribution(sampled, binned(values, BINS), curve)
    return ChartResult(sampled.provenance, drawn, ("value", "share_below"), curve)


def _distribution(sampled: SampledMetric, bins: Bins, curve: tuple[tuple[float, float], ...]) -> Distribution:
    words, name, found = sampled.words, sampled.name, sampled.range
    low, high, middle, mean = words.spread(name, found.p10, found.p90, found.p50, found.mean or 0.0)
    marks = [
        Mark(number, label, text, accent=label == "P50")
        for label, number, text in (("P10", found.p10, low), ("P50", found.p50, middle), ("P90", found.p90, high))
    ]
    if found.mean is not None and visibly_differ(found.mean, found.p50):
        marks.append(Mark(found.mean, "mean", mean))
    limit, text, adverse = _threshold(sampled)
    outside = bins.below + bins.above
    beyond = [f"{percentage(outside)} of the samples lie beyond the axis."] if outside else []
    return Distribution(
        title=words.headed(words.titled(name), name),
        subtitle=f"{words.heading(name, sampled.horizon)}; {len(sampled.samples):,} samples",
        edges=bins.edges,
        shares=bins.shares,
        curve=curve,
        marks=tuple(marks),
        levels=words.levels(name, round_ticks(bins.edges[0], bins.edges[-1])),
        central=(found.p10, found.p90),
        central_text="P10 to P90",
        threshold=limit,
        threshold_text=text,
        adverse=adverse,
        notes=(*beyond, *sampled.notes, *sampled.basis),
    )


def _threshold(sampled: SampledMetric) -> tuple[float | None, str, Literal["below", "above"]]:
    """Return beyond which value the metric is adverse in some of the samples: its guardrail, else a loss of money."""
    words, name, values = sampled.words, sampled.name, sampled.samples.present
    adverse: Literal["below", "above"]
    for rail in sampled.rails:
        adverse = "below" if rail.side == "floor" else "above"
        share = float(((values < rail.limit) if adverse == "below" else (values > rail.limit)).mean())
        if share:
            limit = words.value(name, rail.limit)
            return rail.limit, f"{adverse} the {rail.side} of {limit}: {percentage(share)} of samples", adverse
    metric = words.graph[name]
    loss = float((values < 0).mean())
    if metric.unit.is_money and metric.spec.better == "higher" and loss:
        return 0.0, f"below zero: {percentage(loss)} of samples", "below"
    return None, "", "below"


def fan(sampled: SampledMetric) -> ChartResult:
    """Return the quantiles of a metric in each period."""
    words, name, kept = sampled.words, sampled.name, sampled.fan
    bands = tuple(
        Band(low, high, f"{first} to {last}", *(f"{at} {words.value(name, end[-1])}" for at, end in ends))
        for first, last, low, high in (("P10", "P90", kept.p10, kept.p90), ("P25", "P75", kept.p25, kept.p75))
        for ends in [((first, low), (last, high))]
    )
    series = Series("P50", kept.p50, words.value(name, kept.p50[-1]), accent=True)
    levels = words.levels(name, round_levels(min(kept.p10), max(kept.p90)))
    ticks = words.ticks(0, len(kept.p50) - 1)
    subtitle = f"By {words.period}, from {words.today}; {kept.samples:,} samples"
    drawn = Lines(words.headed(words.label(name), name), subtitle, ticks, (series,), levels, sampled.basis, bands)
    quantiles = zip(kept.p10, kept.p25, kept.p50, kept.p75, kept.p90, strict=True)
    rows = tuple((name, t, sampled.scenario, *row) for t, row in enumerate(quantiles))
    columns = ("metric", "period", "scenario", "p10", "p25", "p50", "p75", "p90")
    return ChartResult(sampled.provenance, drawn, columns, rows)
