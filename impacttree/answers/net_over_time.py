"""What a change returns against what it costs, period by period: net, payback, and how sure both are."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from impacttree.answers.case import Case
from impacttree.answers.cost import COST, read_cost, uncertain_cost
from impacttree.answers.ranges import sample_count
from impacttree.answers.result import Scalar
from impacttree.answers.samples import Range, Samples
from impacttree.engine.horizon import HORIZONS, HorizonRule, Window
from impacttree.graph.model import Metric
from impacttree.quantity import Quantity, RawQuantity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.simulation import Job

    Numbers = npt.NDArray[np.float64]

__all__ = ["Returns", "Stage", "returns"]


@dataclass(frozen=True, slots=True)
class Stage:
    """What a change comes to over one, two or three horizons."""

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
class Returns:
    """What a change does to an outcome up to each period, less a cost that is paid once, in the first period.

    Parameters
    ----------
    cost
        In the outcome's unit, at its stated point; 0 where there is none.
    text
        The cost as it was written.
    gain
        The change of the outcome over the first periods, up to each of them; above zero is good for the business.
    net
        The same less the cost.
    stages
        The net at the ends of one, two and three horizons, as far as the periods reach.
    payback
        The first period after which the net is zero or more; None where there is none, or no cost.
    gain_low, gain_high, low, high
        P10 and P90 of gain and net after each period; None where nothing that they rest on is uncertain.
    samples
        Of the net after the last period; None likewise.
    payback_low, payback_high
        The period by which it is paid back in one sample of ten, and in nine of ten; None beyond the last period.
    share
        Of the samples in which it is paid back at all; None where nothing was sampled.
    """

    cost: float
    text: str
    gain: tuple[float, ...]
    net: tuple[float, ...]
    stages: tuple[Stage, ...]
    payback: int | None
    payback_low: int | None
    payback_high: int | None
    gain_low: tuple[float, ...] | None = None
    gain_high: tuple[float, ...] | None = None
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    samples: Samples | None = None
    share: float | None = None

    @property
    def periods(self) -> int:
        """How many periods were looked ahead."""
        return len(self.net)

    def after(self, periods: int) -> tuple[float, float, float]:
        """Return P10, point and P90 of what is returned in so many periods, before the cost."""
        at = periods - 1
        point = self.gain[at]
        if self.gain_low is None or self.gain_high is None:
            return point, point, point
        return self.gain_low[at], point, self.gain_high[at]

    @property
    def deepest(self) -> tuple[int, float]:
        """The period after which the net is lowest, and the net then."""
        least = min(self.net)
        return self.net.index(least) + 1, least

    @property
    def loss(self) -> float | None:
        """Share of the samples in which less is returned than it costs."""
        return None if self.samples is None else float((self.samples.present < 0).mean())

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
            "net": self.stages[0].net,
            "payback": self.payback,
            "payback_p10": self.payback_low,
            "payback_p90": self.payback_high,
            "share_paid_back": self.share,
            "stages": stages,
        }


def returns(
    case: Case, outcome: Metric, cost: RawQuantity | None = None, step: int | None = None, *, sampled: bool = True
) -> Returns:
    """Add up what a change returns, period by period.

    Parameters
    ----------
    case
        What is done, over all periods that are looked ahead.
    outcome
        What it is done for.
    cost
        Paid once, in the unit of the outcome over the horizon.
    step
        Periods of one horizon; all of them unless given.
    sampled
        Whether to draw samples of what is uncertain.

    Raises
    ------
    QuestionError
        When the cost is not in that unit, or below zero.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.loads("metrics: {sold: {value: 50 orders/month}, price: {value: $30/order}, "
    ...                 "paid: {formula: sold * price}}")
    >>> case = Case.of(tree._subject, {"sold": "+10%"})
    >>> found = returns(case, tree._graph["paid"], "$400")
    >>> [round(net) for net in found.net[:3]], found.payback
    ([-250, -100, 50], 3)
    """
    step = step or case.periods
    sign = 1.0 if outcome.spec.better == "higher" else -1.0
    read = None if cost is None else read_cost(case.over(step), outcome, cost)
    spent = 0.0 if read is None else read.central()
    gain = tuple(sign * amount for amount in _cumulative(case, outcome))
    net = tuple(total - spent for total in gain)
    stages = tuple(Stage(end, gain[end - 1], net[end - 1]) for end in range(step, case.periods + 1, step))
    payback = next((t for t, value in enumerate(net, 1) if value >= 0), None) if spent else None
    text = "" if read is None else read.text
    found = Returns(spent, text, gain, net, stages, payback, payback, payback)
    return _with_samples(found, case, outcome, sign, read) if sampled else found


def _cumulative(case: Case, outcome: Metric) -> Sequence[float]:
    """Return the change of a metric over the first periods, by its aggregation rule, up to each period."""
    if outcome.aggregation == "sum":
        weights = _rule(case, outcome).adjoint(1.0, Window(case.periods, case.periods))
        return list(accumulate(map(operator.mul, weights, case.by_period(outcome))))
    return [case.change_over(outcome, periods) for periods in range(1, case.periods + 1)]


def _rule(case: Case, outcome: Metric) -> HorizonRule:
    """Return how the outcome is taken over the horizon, where it is not recomputed from others."""
    rule = case.subject.model.horizons[outcome.index]
    assert rule is not None
    return rule


def _with_samples(found: Returns, case: Case, outcome: Metric, sign: float, cost: Quantity | None) -> Returns:
    """Return it with ranges, where anything that it rests on is uncertain."""
    import numpy as np

    from impacttree.engine.simulation import Job, Wanted, simulate_many

    subject, slot = case.subject, outcome.index
    if outcome.aggregation not in HORIZONS:  # what is recomputed from totals does not follow from its own values
        return found
    wanted = Wanted(paths=(slot,))
    runs = tuple(asked.drawn(subject.graph) for asked in (case.held, case.together))
    extra = (*case.together.uncertain(subject.graph), *uncertain_cost(outcome, cost))
    job = Job.of(subject.model, case.periods, wanted, seed=case.seed, runs=runs, extra=extra)
    if not job.drawn:
        return found
    before, after = simulate_many(job, case.samples or sample_count(subject, wanted, case.periods))
    gains = _gains(sign * (after.paths[slot][1:] - before.paths[slot][1:]), _rule(case, outcome))
    nets = gains - _costs(job, gains.shape[1], outcome, cost)
    if not np.isfinite(nets).any(axis=1).all():
        return found
    gain_low, gain_high = _ends(gains)
    low, high = _ends(nets)
    size, last = case.sizes[slot], Samples(nets[-1].copy())
    ranges = [Samples(nets[stage.periods - 1]).range(size) for stage in found.stages]
    stages = tuple(replace(stage, range=one) for stage, one in zip(found.stages, ranges, strict=True))
    early, late, share = _first(nets[:, np.isfinite(nets[-1])]) if found.cost else (None, None, None)
    return Returns(
        found.cost, found.text, found.gain, found.net, stages, found.payback, early, late,
        gain_low, gain_high, low, high, last, share,
    )  # fmt: skip


def _gains(moves: Numbers, rule: HorizonRule) -> Numbers:
    """Return how the outcome changes over the first periods, up to each of them, a column for each sample."""
    import numpy as np

    total, rows = None, []
    for t, row in enumerate(moves, 1):
        total = rule.added(total, row, t - 1, Window(t, t))
        rows.append(rule.finished(total, Window(t, t)))
    return np.array(rows)


def _costs(job: Job, samples: int, outcome: Metric, cost: Quantity | None) -> Numbers | float:
    if cost is None or not uncertain_cost(outcome, cost):
        return 0.0 if cost is None else cost.central()
    return job.sampler.draw(0, samples, only=(COST,))[COST]


def _ends(rows: Numbers) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return P10 and P90 of each row, of the samples that have a value there."""
    pairs = [Samples(row).quantiles((0.1, 0.9)) for row in rows]
    low, high = zip(*pairs, strict=True)
    return low, high


def _first(nets: Numbers) -> tuple[int | None, int | None, float]:
    """Return by which period one sample of ten, and nine of ten, are paid back, and the share that is at all."""
    import numpy as np

    back = nets >= 0
    first = np.where(back.any(axis=0), back.argmax(axis=0) + 1.0, math.inf)
    early, late = np.quantile(first, (0.1, 0.9), method="inverted_cdf").tolist()
    return _whole(early), _whole(late), float(np.isfinite(first).mean())


def _whole(period: float) -> int | None:
    return int(period) if math.isfinite(period) else None
