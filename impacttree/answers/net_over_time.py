"""What a change returns against what it costs, period by period: net, payback, and how sure both are."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from impacttree.answers.case import Case
from impacttree.answers.cost import COST, check_net, pays
from impacttree.answers.means import missing_mean
from impacttree.answers.outlays import Costs, Outlay, payments, read_outlays, terms
from impacttree.answers.ranges import sample_count
from impacttree.answers.result import Scalar
from impacttree.answers.samples import Range, Samples
from impacttree.answers.words import joined
from impacttree.engine.horizon import HORIZONS, HorizonRule, Window
from impacttree.graph.model import Metric
from impacttree.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

__all__ = ["Returns", "Stage", "returns", "returns_of"]


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
    samples: Samples | None = None
    """Of the net; None likewise."""

    @property
    def pays(self) -> bool:
        return pays(self.net)

    @property
    def loss(self) -> float | None:
        """Share of the samples in which the net is below zero; None where nothing was sampled."""
        return None if self.samples is None else float((self.samples.present < 0).mean())


@dataclass(frozen=True, slots=True)
class Returns:
    """What a change does to an outcome up to each period, less what is paid for it.

    Parameters
    ----------
    cost
        In the outcome's unit, at its stated point; 0 where there is none.
    text, terms
        The cost as it was written, and with when it is paid.
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
    share: float | None = None
    terms: str = ""
    outlays: tuple[Outlay, ...] = ()
    """What is paid, as it was understood."""
    paid: tuple[float, ...] = ()
    """What of it is paid in the first periods, up to each of them, as it counts; `net` is `gain` less this."""

    @property
    def first_spend(self) -> int | None:
        """The period of the first payment, 0 for today; None where nothing is paid."""
        return min((one.period for one in self.outlays), default=None) if self.cost else None

    @property
    def payback_after(self) -> int | None:
        """How many periods after the first payment it is paid back; None where it is not."""
        first = self.first_spend
        return None if self.payback is None or first is None else self.payback - first

    @property
    def is_lost_again(self) -> bool:
        """Whether it is paid back, and at the end of what is looked at no longer."""
        return self.payback is not None and self.net[-1] < 0

    @property
    def samples(self) -> Samples | None:
        """The net over the last horizon, sample by sample; None where nothing that it rests on is uncertain."""
        return self.stages[-1].samples

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
        """Share of the samples in which less is returned than it costs, over the last horizon."""
        return self.stages[-1].loss

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
    case: Case,
    outcome: Metric,
    cost: Costs | None = None,
    step: int | None = None,
    *,
    sampled: bool = True,
    address: str = COST,
) -> Returns:
    """Add up what a change returns, period by period.

    Parameters
    ----------
    case
        What is done, over all periods that are looked ahead.
    outcome
        What it is done for.
    cost
        What is paid, today or later, in the unit of the outcome over the horizon.
    step
        Periods of one horizon; all of them unless given.
    sampled
        Whether to draw samples of what is uncertain.
    address
        Under which the cost is drawn: costs with other addresses are independent of each other.

    Raises
    ------
    QuestionError
        When a cost is not in that unit, or below zero, or is paid after these periods.

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
    check_net(case)
    return returns_of(case, outcome, read_outlays(case, outcome, cost, step, address=address), step, sampled=sampled)


def returns_of(
    case: Case, outcome: Metric, outlays: tuple[Outlay, ...], step: int | None = None, *, sampled: bool = True
) -> Returns:
    """Add up what a change returns, period by period, less outlays that are understood; else as `returns`."""
    step = step or case.periods
    sign = 1.0 if outcome.spec.better == "higher" else -1.0
    gain = tuple(sign * amount for amount in _cumulative(case, outcome))
    paid = tuple(accumulate(payments(case, outlays, [one.amount for one in outlays])))
    net = tuple(map(operator.sub, gain, paid))
    stages = tuple(Stage(end, gain[end - 1], net[end - 1]) for end in range(step, case.periods + 1, step))
    spent = math.fsum(one.amount for one in outlays)
    first = _first_spend(outlays)
    payback = next((t for t in range(first, len(net) + 1) if net[t - 1] >= 0), None) if spent else None
    text, told = joined([one.text for one in outlays]), terms(case, outlays)
    found = Returns(spent, text, gain, net, stages, payback, payback, payback, terms=told, outlays=outlays, paid=paid)
    return _with_samples(found, case, outcome, outlays) if sampled else found


def _first_spend(outlays: Sequence[Outlay]) -> int:
    """Return the period of the first payment: what is paid today belongs to the first one."""
    return max(min((one.period for one in outlays), default=1), 1)


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


def _with_samples(found: Returns, case: Case, outcome: Metric, outlays: Sequence[Outlay]) -> Returns:
    """Return it with ranges, where anything that it rests on is uncertain."""
    import numpy as np

    from impacttree.engine.simulation import Job, Wanted, simulate_many

    subject, slot = case.subject, outcome.index
    if outcome.aggregation not in HORIZONS:  # what is recomputed from totals does not follow from its own values
        return found
    wanted = Wanted(paths=(slot,))
    runs = tuple(asked.drawn(subject.graph) for asked in (case.held, case.together))
    extra = (*case.together.uncertain(subject.graph), *(n for one in outlays for n in one.uncertain(outcome)))
    job = Job.of(subject.model, case.periods, wanted, seed=case.seed, runs=runs, extra=extra)
    if not job.drawn:
        return found
    before, after = simulate_many(job, case.samples or sample_count(subject, wanted, case.periods))
    sign = 1.0 if outcome.spec.better == "higher" else -1.0
    gains = _gains(sign * (after.paths[slot][1:] - before.paths[slot][1:]), _rule(case, outcome))
    paid = payments(case, outlays, [one.drawn(job, gains.shape[1]) for one in outlays])
    nets = gains - np.array([total + np.zeros(gains.shape[1]) for total in accumulate(paid)])
    if not np.isfinite(nets).any(axis=1).all():
        return found
    missing = missing_mean(case.words, job, slot, gains[-1])
    gain_low, gain_high = _ends(gains)
    low, high = _ends(nets)
    whole = nets[:, np.isfinite(nets[-1])]
    early, late, share = _first(whole, _first_spend(outlays)) if found.cost else (None, None, None)
    return replace(
        found,
        stages=tuple(_sampled_stage(stage, nets, case.sizes[slot], missing) for stage in found.stages),
        payback_low=early,
        payback_high=late,
        gain_low=gain_low,
        gain_high=gain_high,
        low=low,
        high=high,
        share=share,
    )


def _sampled_stage(stage: Stage, nets: Numbers, size: float, missing: str) -> Stage:
    samples = Samples(nets[stage.periods - 1].copy())
    return replace(stage, range=samples.range(size, mean_missing=missing), samples=samples)


def _gains(moves: Numbers, rule: HorizonRule) -> Numbers:
    """Return how the outcome changes over the first periods, up to each of them, a column for each sample."""
    import numpy as np

    total, rows = None, []
    for t, row in enumerate(moves, 1):
        total = rule.added(total, row, t - 1, Window(t, t))
        rows.append(rule.finished(total, Window(t, t)))
    return np.array(rows)


def _ends(rows: Numbers) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return P10 and P90 of each row, of the samples that have a value there."""
    pairs = [Samples(row).quantiles((0.1, 0.9)) for row in rows]
    low, high = zip(*pairs, strict=True)
    return low, high


def _first(nets: Numbers, since: int) -> tuple[int | None, int | None, float]:
    """Return by which period one sample of ten, and nine of ten, are paid back, and the share that is at all."""
    import numpy as np

    back = nets[since - 1 :] >= 0
    first = np.where(back.any(axis=0), back.argmax(axis=0) + float(since), math.inf)
    early, late = np.quantile(first, (0.1, 0.9), method="inverted_cdf").tolist()
    return _whole(early), _whole(late), float(np.isfinite(first).mean())


def _whole(period: float) -> int | None:
    return int(period) if math.isfinite(period) else None
