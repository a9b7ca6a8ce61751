"""What a change returns against what it costs, added up period by period, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from impacttree.answers.case import Case
from impacttree.answers.cost import COST, read_cost, uncertain_cost
from impacttree.answers.ranges import sample_count
from impacttree.answers.samples import Samples
from impacttree.errors import Problem, QuestionError
from impacttree.graph.model import Metric
from impacttree.quantity import Quantity, RawQuantity

__all__ = ["Returns", "returns"]


@dataclass(frozen=True, slots=True)
class Returns:
    """The cumulative effect of a change on an outcome, less a cost that is paid once, in the first period.

    Parameters
    ----------
    cost
        In the outcome's unit; 0 where there is none.
    net
        After each period, every number at its stated point; above zero is good for the business.
    low, high
        P10 and P90 after each period; None where nothing that it rests on is uncertain.
    samples
        Of the net after the last period; None likewise.
    payback
        The first period after which the net is zero or more; None where there is none, or no cost.
    payback_low, payback_high
        Its P10 and P90; None beyond the last period.
    """

    cost: float
    net: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    samples: Samples | None
    payback: int | None
    payback_low: int | None
    payback_high: int | None

    def after(self, periods: int) -> tuple[float, float, float]:
        """Return P10, point and P90 of what is returned in so many periods, before the cost."""
        at = periods - 1
        point = self.net[at] + self.cost
        if self.low is None or self.high is None:
            return point, point, point
        return self.low[at] + self.cost, point, self.high[at] + self.cost

    @property
    def deepest(self) -> tuple[int, float]:
        """The period after which the net is lowest, and the net then."""
        least = min(self.net)
        return self.net.index(least) + 1, least

    @property
    def loss(self) -> float | None:
        """Share of the samples in which less is returned than it costs."""
        return None if self.samples is None else float((self.samples.present < 0).mean())


def returns(case: Case, outcome: Metric, cost: RawQuantity | None = None) -> Returns:
    """Add up what a change returns, period by period.

    Raises
    ------
    QuestionError
        When the outcome is a level, which periods do not add up to.

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
    if outcome.aggregation != "sum":
        reason = f"{outcome.label} does not add up over time ({outcome.aggregation_reason})"
        raise QuestionError(Problem(metric=outcome.name, reason=reason, fix="ask about an amount per period"))
    sign = 1.0 if outcome.spec.better == "higher" else -1.0
    read = None if cost is None else read_cost(case, outcome, cost)
    spent = 0.0 if read is None else read.central()
    net = tuple(total - spent for total in accumulate(sign * move for move in case.by_period(outcome)))
    payback = next((t for t, value in enumerate(net, 1) if value >= 0), None) if spent else None
    sampled = _sampled(case, outcome, sign, read)
    if sampled is None:
        return Returns(spent, net, None, None, None, payback, payback, payback)
    low, high, final, early, late = sampled
    return Returns(spent, net, low, high, final, payback, early if spent else None, late if spent else None)


SampledReturns = tuple[tuple[float, ...], tuple[float, ...], Samples, int | None, int | None]


def _sampled(case: Case, outcome: Metric, sign: float, cost: Quantity | None) -> SampledReturns | None:
    import numpy as np

    from impacttree.engine.simulation import Job, Wanted, simulate_many

    subject, slot = case.subject, outcome.index
    wanted = Wanted(paths=(slot,))
    runs = tuple(asked.drawn(subject.graph) for asked in (case.held, case.together))
    extra = (*case.together.uncertain(subject.graph), *uncertain_cost(outcome, cost))
    job = Job.of(subject.model, case.periods, wanted, seed=case.seed, runs=runs, extra=extra)
    if not job.drawn:
        return None
    before, after = simulate_many(job, case.samples or sample_count(subject, wanted, case.periods))
    moves = sign * (after.paths[slot][1:] - before.paths[slot][1:])
    spent = 0.0 if cost is None else cost.central()
    costs = job.sampler.draw(0, moves.shape[1], only=(COST,))[COST] if uncertain_cost(outcome, cost) else spent
    nets = np.cumsum(moves, axis=0) - costs
    nets = nets[:, np.isfinite(nets).all(axis=0)]
    if not nets.size:
        return None
    low, high = np.quantile(nets, (0.1, 0.9), axis=1)
    back = nets >= 0
    first = np.where(back.any(axis=0), back.argmax(axis=0) + 1.0, math.inf)
    early, late = _periods(np.quantile(first, (0.1, 0.9), method="inverted_cdf").tolist())
    return tuple(low.tolist()), tuple(high.tolist()), Samples(nets[-1].copy()), early, late


def _periods(ends: list[float]) -> Iterator[int | None]:
    return (int(end) if math.isfinite(end) else None for end in ends)
