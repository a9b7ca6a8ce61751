"""Whether what is done pays: its worth less its cost, over one, two and three horizons, and when it has paid back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from impacttree.answers.case import Case
from impacttree.answers.cost import COST, read_cost, uncertain_cost
from impacttree.answers.ranges import sample_count
from impacttree.answers.result import Scalar
from impacttree.answers.samples import Range, Samples, percentage
from impacttree.answers.words import Words
from impacttree.engine.horizon import HORIZONS, Window
from impacttree.graph.model import Metric
from impacttree.quantity import Quantity, RawQuantity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

__all__ = ["Payback", "Stage", "payback"]


@dataclass(frozen=True, slots=True)
class Stage:
    """What a decision comes to over one, two or three horizons."""

    periods: int
    worth: float
    """Change of the outcome over the first so many periods; above zero it is better."""
    net: float
    """Worth less the cost: above zero it pays."""
    range: Range | None = None
    """Of the net over the samples; None where nothing that it rests on is uncertain, or nothing was sampled."""

    @property
    def pays(self) -> bool:
        return self.net > 0


@dataclass(frozen=True, slots=True)
class Payback:
    """When what is done has paid for itself.

    Parameters
    ----------
    cost
        What it costs, once, at its stated point.
    text
        The cost as it was written.
    stages
        One, two and three horizons; fewer where the tree has no value that far.
    period
        The first period up to which the change of the outcome covers the cost; None where none does.
    p10, p90
        The period by which it is paid back in one sample of ten, and in nine of ten; None where it is not.
    share
        Of the samples in which it is paid back at all within the last stage; None where nothing was sampled.
    """

    cost: float
    text: str
    stages: tuple[Stage, ...]
    period: int | None
    p10: int | None = None
    p90: int | None = None
    share: float | None = None

    @property
    def net(self) -> float:
        """Worth over one horizon, less the cost."""
        return self.stages[0].net

    @property
    def looked(self) -> int:
        """How many periods were looked ahead."""
        return self.stages[-1].periods

    def verdict(self, words: Words, outcome: str) -> str:
        """Write ``no at 12 months (-$166k), yes at 36 (+$456k), pays back in month 21``."""
        told = [stage for number, stage in enumerate(self.stages) if self._is_told(number)]
        parts = [f"{_yes(told[0])} at {words.periods(told[0].periods)} ({words.signed(outcome, told[0].net)})"]
        parts += [f"{_yes(stage)} at {stage.periods} ({words.signed(outcome, stage.net)})" for stage in told[1:]]
        if self.period is not None:
            parts.append(f"pays back in {words.period} {self.period}")
        elif not any(stage.pays for stage in told):
            parts.append(f"not paid back within {words.periods(self.looked)}")
        return ", ".join(parts)

    def _is_told(self, number: int) -> bool:
        """Return whether a stage belongs into the headline: the ends do, and one that differs from both."""
        ends = (self.stages[0].pays, self.stages[-1].pays)
        return number in (0, len(self.stages) - 1) or self.stages[number].pays not in ends

    def rows(self, words: Words, outcome: str) -> Iterator[tuple[str, ...]]:
        """Yield what each stage comes to, as the cells of a fact."""
        for stage in self.stages:
            worth, cost = words.signed(outcome, stage.worth), words.unsigned(outcome, self.cost)
            cells = [
                f"{words.periods(stage.periods)}: {_yes(stage)}",
                f"{worth} less {cost}: {words.signed(outcome, stage.net)}",
            ]
            if stage.range is not None and not stage.range.is_point:
                ends = words.changes_apart(outcome, stage.range.p10, stage.range.p90)
                cells += [f"{ends[0]} to {ends[1]} (P10 to P90)", f"pays in {percentage(stage.range.above_zero)}"]
            yield tuple(cells)

    def when(self, words: Words) -> str:
        """Write ``in month 21, month 17 to 30 (P10 to P90); in 97% of samples within 36 months``."""
        within = f"within {words.periods(self.looked)}"
        when = f"in {words.period} {self.period}" if self.period else f"not {within}"
        if self.share is None:
            return when
        if self.p10 is None:
            return f"{when}, in {percentage(self.share)} of samples"
        ends = f"{words.period} {self.p10} to {self.p90 if self.p90 is not None else 'never'} (P10 to P90)"
        return f"{when}, {ends}" + ("" if self.share == 1 else f"; in {percentage(self.share)} of samples {within}")

    def as_dict(self) -> dict[str, Scalar | list[dict[str, Scalar]]]:
        """Return it as it stands in the head of an answer's JSON."""
        stages: list[dict[str, Scalar]] = [
            {
                "periods": stage.periods,
                "worth": stage.worth,
                "net": stage.net,
                "net_p10": stage.range.p10 if stage.range else None,
                "net_p90": stage.range.p90 if stage.range else None,
                "share_that_pays": stage.range.above_zero if stage.range else None,
                "pays": stage.pays,
            }
            for stage in self.stages
        ]
        return {
            "cost": self.cost,
            "net": self.net,
            "payback": self.period,
            "payback_p10": self.p10,
            "payback_p90": self.p90,
            "share_paid_back": self.share,
            "stages": stages,
        }


def _yes(stage: Stage) -> str:
    return "yes" if stage.pays else "no"


def payback(case: Case, outcome: Metric, raw: RawQuantity | None, *, sampled: bool = True) -> Payback | None:
    """Return whether and when what is asked pays for its cost; None where no cost is stated.

    Parameters
    ----------
    case
        What is done, over one horizon.
    outcome
        What it is done for.
    raw
        The cost, paid once, in the unit of the outcome over the horizon.
    sampled
        Whether to draw samples of what is uncertain.

    Raises
    ------
    QuestionError
        When the cost is not in that unit, or below zero.
    """
    if raw is None:
        return None
    cost, far = read_cost(case, outcome, raw), case.furthest
    sign = 1.0 if outcome.spec.better == "higher" else -1.0
    central = cost.central()
    gained = [sign * amount for amount in _cumulative(far, outcome)]
    ends = range(case.periods, far.periods + 1, case.periods)
    stages = tuple(Stage(end, gained[end - 1], gained[end - 1] - central) for end in ends)
    period = next((t for t, amount in enumerate(gained, 1) if amount >= central > 0), None) if central else 0
    found = Payback(central, cost.text, stages, period or None)
    return _with_samples(found, case, outcome, cost, sign) if sampled else found


def _cumulative(case: Case, outcome: Metric) -> Sequence[float]:
    """Return the change of a metric over the first periods, by its aggregation rule, up to each period."""
    if outcome.aggregation == "sum":
        return list(accumulate(case.by_period(outcome)))
    return [case.change_over(outcome, periods) for periods in range(1, case.periods + 1)]


def _with_samples(found: Payback, case: Case, outcome: Metric, cost: Quantity, sign: float) -> Payback:
    """Return it with ranges, where anything that it rests on is uncertain."""
    import numpy as np

    from impacttree.engine.simulation import Job, Wanted, simulate_many

    graph, slot, far = case.subject.graph, outcome.index, case.furthest
    way = HORIZONS.get(outcome.aggregation)
    if way is None:  # what is recomputed from totals does not follow from its own values
        return found
    wanted = Wanted(totals=(slot,), paths=(slot,))
    job = Job.of(
        case.subject.model,
        far.periods,
        wanted,
        seed=case.seed,
        runs=(case.held.drawn(graph), case.together.drawn(graph)),
        extra=(*case.together.uncertain(graph), *uncertain_cost(outcome, cost)),
    )
    if not job.drawn:
        return found
    count = case.samples or sample_count(case.subject, wanted, far.periods)
    before, after = simulate_many(job, count)
    moves = sign * (after.paths[slot][1:] - before.paths[slot][1:])
    costs = np.full(moves.shape[1], cost.central())
    if uncertain_cost(outcome, cost):
        costs = job.sampler.draw(0, moves.shape[1], only=(COST,))[COST]
    total, reached, ranges = None, np.full(moves.shape[1], math.inf), []
    for t, row in enumerate(moves, 1):
        total = way.added(total, row, t - 1, Window(t, t))
        net: Numbers = way.finished(total, Window(t, t)) - costs
        reached[(net >= 0) & np.isinf(reached)] = t
        if t in (stage.periods for stage in found.stages):
            ranges.append(_range(net, case.sizes[slot]))
    there = reached[np.isfinite(net)]
    if not len(there):
        return found
    stages = tuple(
        Stage(stage.periods, stage.worth, stage.net, one) for stage, one in zip(found.stages, ranges, strict=True)
    )
    p10, p90 = np.quantile(there, (0.1, 0.9), method="inverted_cdf")
    share = float(np.isfinite(there).mean())
    return Payback(found.cost, found.text, stages, found.period, _whole(p10), _whole(p90), share)


def _range(net: Numbers, size: float) -> Range | None:
    samples = Samples(net)
    return samples.range(size) if samples.missing < len(samples) else None


def _whole(period: float) -> int | None:
    return int(period) if math.isfinite(period) else None
