"""Limits that metrics must keep: each checked in every period, at its tightest, and against many samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from impacttree.answers.result import Scalar
from impacttree.answers.samples import percentage
from impacttree.answers.words import STILL, Words, is_still
from impacttree.engine.rounding import Settled
from impacttree.graph.model import Graph, Metric
from impacttree.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.simulation import Corridor
    from impacttree.views.slides import Gauge, SlidePart

__all__ = [
    "NOTABLE",
    "GuardrailCheck",
    "Limit",
    "breach_words",
    "gauge",
    "gauges_part",
    "guarded",
    "guardrail_checks",
    "guardrail_row",
    "sized",
    "with_risks",
]


@dataclass(frozen=True, slots=True)
class Limit:
    """One side of one guardrail."""

    metric: Metric
    side: Literal["floor", "cap"]
    value: float
    size: float = 0.0
    """Of the numbers whose rounding the metric's values hold."""

    def room(self, value: float) -> float:
        """Return how far a value is from the limit; below zero beyond it."""
        return value - self.value if self.side == "floor" else self.value - value

    @property
    def slack(self) -> float:
        """How far beyond the limit a row may be by rounding."""
        return STILL * max(abs(self.value), self.size)

    @property
    def span(self) -> Corridor:
        """Where samples keep the limit, up to rounding."""
        from impacttree.engine.simulation import Corridor

        if self.side == "floor":
            return Corridor(self.metric.index, low=self.value - self.slack)
        return Corridor(self.metric.index, high=self.value + self.slack)

    def margins(self, lows: npt.NDArray[np.float64], highs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the room of many rows at their tightest; below zero where the limit is broken by more than rounding.

        Parameters
        ----------
        lows, highs
            The metric's least and greatest values over time; NaN where a row has none.
        """
        room = lows - self.value if self.side == "floor" else self.value - highs
        return room + self.slack


def guarded(graph: Graph) -> tuple[Limit, ...]:
    """Return every limit of a tree, in file order, floors before caps."""
    limits = []
    for metric in graph.metrics:
        guardrail = metric.spec.guardrail
        if guardrail is not None and guardrail.min is not None:
            limits.append(Limit(metric, "floor", guardrail.min.central()))
        if guardrail is not None and guardrail.max is not None:
            limits.append(Limit(metric, "cap", guardrail.max.central()))
    return tuple(limits)


def sized(limits: Sequence[Limit], sizes: Sequence[float]) -> tuple[Limit, ...]:
    """Return limits that know, by slot, beside which size rounding is to be seen."""
    return tuple(replace(limit, size=sizes[limit.metric.index]) for limit in limits)


@dataclass(frozen=True, slots=True)
class GuardrailCheck:
    """One limit of one metric, at the period where it is tightest."""

    metric: str
    label: str
    side: Literal["floor", "cap"]
    limit: float
    value: float
    """Value in the tightest period."""
    period: int
    """The tightest period; the first of several that are alike."""
    breached: tuple[int, ...]
    """Periods in which the limit is broken; empty when it holds."""
    text: str
    """``LTV/CAC 4.5x in month 1, floor 3.0x: holds``; in every month where all are alike."""
    risk: float | None = None
    """Share of samples in which the limit is broken in some period; None where nothing was sampled."""

    @property
    def holds(self) -> bool:
        return not self.breached


def guardrail_checks(words: Words, run: Settled, base: Settled | None = None) -> tuple[GuardrailCheck, ...]:
    """Return the guardrails of a run, each at its tightest period; texts say what is broken in `base` as well."""
    checks = _checks(words, run)
    if base is None or all(check.holds for check in checks):
        return checks
    pairs = zip(checks, _checks(words, base), strict=True)
    return tuple(_beside(words, check, was.breached, base.periods) for check, was in pairs)


def _beside(words: Words, check: GuardrailCheck, without: tuple[int, ...], periods: int) -> GuardrailCheck:
    """Return a check whose text also says in which periods the limit is broken without the change."""
    if not check.breached or not without:
        return check
    before = breach_words(words, without, periods).removeprefix("BREACHED ")
    beside = ", as without the change" if without == check.breached else f"; without the change {before}"
    return replace(check, text=check.text + beside)


def _checks(words: Words, run: Settled) -> tuple[GuardrailCheck, ...]:
    return tuple(_check(words, limit, run) for limit in guarded(words.graph))


def with_risks(checks: Sequence[GuardrailCheck], risks: Sequence[float | None]) -> tuple[GuardrailCheck, ...]:
    """Return checks with the share of samples that break each limit, which their texts then say as well."""
    pairs = zip(checks, risks, strict=True)
    return tuple(check if risk is None else _with_risk(check, risk) for check, risk in pairs)


def _with_risk(check: GuardrailCheck, risk: float) -> GuardrailCheck:
    if risk == float(bool(check.breached)):
        return replace(check, risk=risk, text=f"{check.text}, in all samples")
    text = f"{check.text} at the stated values" if check.holds else check.text
    return replace(check, risk=risk, text=f"{text}; broken in {percentage(risk)} of samples")


def guardrail_row(check: GuardrailCheck) -> dict[str, Scalar]:
    """Return a check as it stands in the head of an answer's JSON."""
    return {
        "metric": check.metric,
        "side": check.side,
        "limit": check.limit,
        "value": check.value,
        "period": check.period,
        "holds": check.holds,
        "risk": check.risk,
    }


def _check(words: Words, limit: Limit, run: Settled) -> GuardrailCheck:
    values = [row[limit.metric.index] for row in run.periods_of()]
    rooms = [limit.room(value) for value in values]
    position = rooms.index(min(rooms))
    value, name = values[position], limit.metric.name
    beyond = (t for t, value in enumerate(values, 1) if limit.room(value) < 0)
    breached = tuple(t for t in beyond if not run.is_at(limit.metric.index, t, limit.value))
    shown, bound = words.apart(name, value, limit.value)
    when = f" {words.placed('in', position + 1)}"
    if len(values) > 1 and is_still(min(values), max(values)):
        when = words.each(name) if breached else f" in every {words.period}"
    verdict = breach_words(words, breached, len(values)) if breached else "holds"
    text = f"{limit.metric.label} {shown}{when}, {limit.side} {bound}{words.each(name)}: {verdict}"
    return GuardrailCheck(name, limit.metric.label, limit.side, limit.value, value, position + 1, breached, text)


NOTABLE = 0.05
"""Risk of a breach from which on nobody is told that all is well."""


def gauge(words: Words, check: GuardrailCheck, periods: int, risk_before: float | None = None) -> Gauge:
    """Return a guardrail as a gauge of a slide.

    Parameters
    ----------
    check
        The guardrail.
    periods
        Over which it was checked.
    risk_before
        Of a breach without what is done; None where nothing is, or where that is not known.
    """
    from impacttree.views.slides import Gauge

    value, limit = words.apart(check.metric, check.value, check.limit)
    reach = 1.6 * max(abs(check.value), abs(check.limit)) or 1.0
    verdict = "Holds." if check.holds else f"Broken in {words.periods(len(check.breached))} of {periods}."
    if check.risk is not None:
        risk = percentage(check.risk)
        both = "" if risk_before is None else f"{percentage(risk_before)} before, "
        verdict += f" Risk of breach: {both}{risk}{' after' if both else ''}"
    places = (min(1.0, max(0.0, check.value / reach)), min(1.0, max(0.0, check.limit / reach)))
    return Gauge(check.label, value, *places, f"{check.side} {limit}", verdict, breached=not check.holds)


def gauges_part(
    words: Words, checks: Sequence[GuardrailCheck], periods: int, column: int = 8, before: Sequence[GuardrailCheck] = ()
) -> tuple[SlidePart, ...]:
    """Return the first guardrails as a part of a slide, from a column of twelve on; nothing where there are none.

    Parameters
    ----------
    checks
        With what is done, those that are broken first.
    periods
        Over which they were checked.
    before
        The same without it.
    """
    from impacttree.views.slides import Gauges, SlidePart

    if not checks:
        return ()
    risks = {(one.metric, one.side): one.risk for one in before}
    ranked = sorted(checks, key=lambda check: check.holds)
    head = f"Guardrails, worst {words.period} of {periods}"
    shown = tuple(gauge(words, one, periods, risks.get((one.metric, one.side))) for one in ranked[:MOST_GAUGES])
    return (SlidePart(Gauges(head, shown), column, 12 - column),)


MOST_GAUGES = 3


def breach_words(words: Words, breached: Sequence[int], periods: int) -> str:
    """Write when a limit is broken: ``BREACHED from month 5``."""
    first, last, count = breached[0], breached[-1], len(breached)
    if count == periods:
        return f"BREACHED in every {words.period}" if periods > 1 else "BREACHED"
    if count == 1:
        return f"BREACHED {words.placed('in', first)}"
    if count < last - first + 1:
        return f"BREACHED in {count} of {words.periods(periods)}, first {words.placed('in', first)}"
    until = f" to {last}" if words.calendar is None else f" {words.placed('to', last)}"
    return f"BREACHED {words.placed('from', first)}{until if last < periods else ''}"
