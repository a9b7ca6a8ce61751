"""How the values of single periods become one value over a window of periods.

A way of taking a total is one class here; all that speaks of a horizon (values, slopes, flows, many rows at once) goes
through it. What is recomputed from other totals has no way of its own: it is a formula over theirs.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from impacttree.graph.model import Aggregation
from impacttree.records import dataclass
from impacttree.spec.finance import PaymentTiming

__all__ = [
    "HORIZON",
    "HORIZONS",
    "Discounted",
    "HorizonRule",
    "Last",
    "Mean",
    "RunRate",
    "Sum",
    "Window",
    "counted",
    "discounted",
    "run_rates",
]

HORIZON = -1
"""The position of the horizon values that are recomputed from others."""


@dataclass(frozen=True, slots=True)
class Window:
    """The periods that a value is taken over.

    Parameters
    ----------
    periods
        How many there are.
    distinct
        How many rows of values stand for them: one where all periods are alike, else one for each.
    before
        How many rows of values come before them; what a rule is given begins after these.
    since
        Which period the first of them is, counted from 1.
    """

    periods: int
    distinct: int
    before: int = 0
    since: int = 1

    @property
    def repeats(self) -> int:
        """How often each row counts."""
        return self.periods // self.distinct


class HorizonRule(Protocol):
    """A way to take one value over a window; it is linear in the values of the periods."""

    def forward(self, path: Sequence[float], window: Window) -> float:
        """Return the value over the window of a metric that takes these values, one for each distinct period."""
        ...

    def held(self, value: float, window: Window) -> float:
        """Return the value over the window of what stays the same: what ``baseline`` reads among totals."""
        ...

    def tangent(self, moves: Sequence[float], window: Window) -> float:
        """Return how the value moves when those of the periods move so."""
        ...

    def adjoint(self, weight: float, window: Window) -> Sequence[float]:
        """Return the derivative by each distinct period's value, `weight` being that by the value over the window."""
        ...

    def added(self, total: Any, values: Any, position: int, window: Window) -> Any:
        """Return a running total over many rows with one more period; `total` is None before the first."""
        ...

    def finished(self, total: Any, window: Window) -> Any:
        """Return the value over the window from the running total of all its periods."""
        ...


class Sum:
    """All periods added up: an amount per period becomes an amount."""

    def forward(self, path: Sequence[float], window: Window) -> float:
        return window.repeats * (_exact_sum(path) if len(path) > 1 else path[0])

    def held(self, value: float, window: Window) -> float:
        return value * window.periods

    def tangent(self, moves: Sequence[float], window: Window) -> float:
        return sum(moves) * window.repeats

    def adjoint(self, weight: float, window: Window) -> Sequence[float]:
        return [weight * window.repeats] * window.distinct

    def added(self, total: Any, values: Any, position: int, window: Window) -> Any:  # noqa: ARG002 - all count alike
        return values if total is None else total + values

    def finished(self, total: Any, window: Window) -> Any:
        return total * (window.periods / window.distinct)


class Mean:
    """The average over the periods."""

    def forward(self, path: Sequence[float], window: Window) -> float:
        return _exact_sum(path) / window.distinct

    def held(self, value: float, window: Window) -> float:  # noqa: ARG002 - however many periods there are
        return value

    def tangent(self, moves: Sequence[float], window: Window) -> float:
        return sum(moves) / window.distinct

    def adjoint(self, weight: float, window: Window) -> Sequence[float]:
        return [weight / window.distinct] * window.distinct

    def added(self, total: Any, values: Any, position: int, window: Window) -> Any:  # noqa: ARG002 - all count alike
        return values if total is None else total + values

    def finished(self, total: Any, window: Window) -> Any:
        return total * (1.0 / window.distinct)


class Last:
    """The value of the last period: a level."""

    def forward(self, path: Sequence[float], window: Window) -> float:  # noqa: ARG002 - however many periods there are
        return path[-1]

    def held(self, value: float, window: Window) -> float:  # noqa: ARG002 - the same
        return value

    def tangent(self, moves: Sequence[float], window: Window) -> float:  # noqa: ARG002 - the same
        return moves[-1]

    def adjoint(self, weight: float, window: Window) -> Sequence[float]:
        return [*[0.0] * (window.distinct - 1), weight]

    def added(self, total: Any, values: Any, position: int, window: Window) -> Any:  # noqa: ARG002 - the last one stays
        return values

    def finished(self, total: Any, window: Window) -> Any:  # noqa: ARG002 - the same
        return total


@dataclass(frozen=True, slots=True)
class Discounted:
    """All periods added up at what they are worth today: the amount of period t counts ``(1 + rate) ** -(t / m)``.

    Parameters
    ----------
    rate
        Of a year, effective.
    per_year
        Periods in a year, m.
    timing
        With ``mid``, an amount counts half a period earlier.

    Examples
    --------
    $100 a month for a year at 12 %:

    >>> [round(Discounted(0.12, 12, timing).forward([100.0] * 12, Window(12, 12)), 2) for timing in ("end", "mid")]
    [1129.15, 1134.5]
    """

    rate: float
    per_year: float
    timing: PaymentTiming = "end"

    def factor(self, t: float) -> float:
        """Return what an amount of period t counts; of 0 what is paid today."""
        early = 0.5 if self.timing == "mid" and t else 0.0
        return float((1.0 + self.rate) ** (-(t - early) / self.per_year))

    def forward(self, path: Sequence[float], window: Window) -> float:
        return _exact_sum(map(operator.mul, _factors(self, window), path))

    def held(self, value: float, window: Window) -> float:
        return value * _exact_sum(_factors(self, window))

    def tangent(self, moves: Sequence[float], window: Window) -> float:
        return float(sum(map(operator.mul, _factors(self, window), moves)))

    def adjoint(self, weight: float, window: Window) -> Sequence[float]:
        return [weight * factor for factor in _factors(self, window)]

    def added(self, total: Any, values: Any, position: int, window: Window) -> Any:
        amount = values * _factors(self, window)[position]
        return amount if total is None else total + amount

    def finished(self, total: Any, window: Window) -> Any:  # noqa: ARG002 - each period was weighted when it was added
        return total


@dataclass(frozen=True, slots=True)
class RunRate:
    """What the periods that count come to in a year at their pace; where it is taken, that is the last one alone.

    Parameters
    ----------
    per_year
        Periods in a year.

    Examples
    --------
    $120 in the last month is a run rate of $1,440 a year:

    >>> RunRate(12).forward([120.0], Window(1, 1))
    1440.0
    """

    per_year: float

    def forward(self, path: Sequence[float], window: Window) -> float:
        return self.per_year * MEAN.forward(path, window)

    def held(self, value: float, window: Window) -> float:  # noqa: ARG002 - however many periods there are
        return self.per_year * value

    def tangent(self, moves: Sequence[float], window: Window) -> float:
        return self.per_year * MEAN.tangent(moves, window)

    def adjoint(self, weight: float, window: Window) -> Sequence[float]:
        return MEAN.adjoint(self.per_year * weight, window)

    def added(self, total: Any, values: Any, position: int, window: Window) -> Any:
        return MEAN.added(total, values, position, window)

    def finished(self, total: Any, window: Window) -> Any:
        return MEAN.finished(total * self.per_year, window)


@lru_cache(64)
def _factors(rule: Discounted, window: Window) -> Sequence[float]:
    """Return what each distinct period of a window counts."""
    factors = tuple(map(rule.factor, range(window.since, window.since + window.periods)))
    return factors if window.distinct > 1 else (_exact_sum(factors),)


def discounted(rate: float, per_year: float, timing: PaymentTiming) -> Mapping[Aggregation, HorizonRule]:
    """Return how metrics are taken over the horizon where amounts are discounted; levels stay levels."""
    return {**HORIZONS, "sum": Discounted(rate, per_year, timing)}


MEAN = Mean()
HORIZONS: Mapping[Aggregation, HorizonRule] = MappingProxyType({"sum": Sum(), "mean": MEAN, "last": Last()})
"""How a metric is taken over the horizon, by its rule; without an entry it has no value there, ``recompute`` apart."""


def run_rates(per_year: float) -> Mapping[Aggregation, HorizonRule]:
    """Return how metrics are taken where the last period alone counts: amounts annualised, all else as it is then."""
    return {**HORIZONS, "sum": RunRate(per_year)}


def counted(rules: Mapping[Aggregation, HorizonRule], since: int, last: int) -> range:
    """Return the periods that count in values up to `last`: those from `since` on; of run rates the last one alone."""
    return range(last if isinstance(rules.get("sum"), RunRate) else since, last + 1)


def _exact_sum(values: Iterable[float]) -> float:
    """Return the exactly rounded sum; infinite where it is too large for a number."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf
