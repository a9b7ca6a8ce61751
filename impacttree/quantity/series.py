"""Numbers that depend on the period alone: a stated series, a season, the number of the period, the month."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, Protocol

from impacttree.errors import EvaluationError, Problem
from impacttree.quantity.calendar import Calendar, period_name
from impacttree.quantity.units import Period
from impacttree.records import dataclass

__all__ = ["Count", "Month", "Schedule", "Season", "Then", "ValueSeries"]

Then = Literal["", "hold", "grow", "repeat"]
"""What holds beyond the end of a series: nothing is known, its last value, growth from it, or the series once more."""


class Schedule(Protocol):
    """A number for each period."""

    @property
    def today(self) -> float:
        """The number at t = 0."""
        ...

    @property
    def is_steady(self) -> bool:
        """Whether it is the same in every period from the first on."""
        ...

    @property
    def recurs(self) -> bool:
        """Whether the same numbers come again, so that one period does not stand for those after it."""
        ...

    @property
    def last(self) -> int | None:
        """The last period that has a number; None where there is no last one."""
        ...

    def at(self, t: int) -> float:
        """Return the number in period `t`, from 1 on.

        Raises
        ------
        EvaluationError
            When there is none.
        """
        ...


@dataclass(frozen=True, slots=True)
class ValueSeries:
    """Stated numbers; what is known at t = 0 is the first of them.

    Parameters
    ----------
    values
        Those of periods 1 to n.
    then
        What holds in later ones.
    growth
        By which share the number grows from period to period then.
    name, period, calendar
        The metric that has these numbers, and what periods are called, for messages.

    Examples
    --------
    >>> series = ValueSeries((5.0, 6.0), "grow", 0.5)
    >>> series.today, [series.at(t) for t in range(1, 5)]
    (5.0, [5.0, 6.0, 9.0, 13.5])
    """

    values: tuple[float, ...]
    then: Then = ""
    growth: float = 0.0
    name: str = ""
    period: Period = field(default="month", repr=False)
    calendar: Calendar | None = field(default=None, repr=False, compare=False)

    @property
    def today(self) -> float:
        return self.values[0]

    @property
    def is_steady(self) -> bool:
        return not (self.then == "grow" and self.growth) and all(value == self.values[0] for value in self.values)

    @property
    def recurs(self) -> bool:
        return self.then == "repeat" and not self.is_steady

    @property
    def last(self) -> int | None:
        return None if self.then else len(self.values)

    def at(self, t: int) -> float:
        count = len(self.values)
        if t <= count:
            return self.values[t - 1]
        match self.then:
            case "hold":
                return self.values[-1]
            case "grow":
                return self._grown(t - count)
            case "repeat":
                return self.values[(t - 1) % count]
        last, asked = (period_name(one, self.period, self.calendar) for one in (count, t))
        raise EvaluationError(
            Problem(
                metric=self.name,
                key="values",
                reason=f"the series ends with {last}, and {asked} is asked for",
                fix="state more values, ask for a shorter horizon, or say what comes `then`: hold, grow 1%/month or "
                "repeat",
            )
        )

    def _grown(self, periods: int) -> float:
        try:
            return float(self.values[-1] * (1.0 + self.growth) ** periods)
        except OverflowError:
            reason, fix = "grows beyond any number", "state a smaller growth, or a shorter horizon"
            raise EvaluationError(Problem(metric=self.name, key="then", reason=reason, fix=fix)) from None


@dataclass(frozen=True, slots=True)
class Count:
    """The number of the period."""

    today: float = 0.0
    is_steady: bool = False
    recurs: bool = False
    last: int | None = None

    def at(self, t: int) -> float:
        return float(t)


@dataclass(frozen=True, slots=True)
class Month:
    """The month of the year in which a period begins, 1 for January; at t = 0 that of the period before the first.

    Examples
    --------
    >>> import datetime
    >>> months = Month(Calendar(datetime.date(2026, 11, 1), "month"))
    >>> months.today, [months.at(t) for t in range(1, 4)]
    (10.0, [11.0, 12.0, 1.0])
    """

    calendar: Calendar
    is_steady: bool = False
    recurs: bool = True
    last: int | None = None

    @property
    def today(self) -> float:
        return self.at(0)

    def at(self, t: int) -> float:
        return float(self.calendar.month_of_year(t))


@dataclass(frozen=True, slots=True)
class Season:
    """Factors that come again every year; at t = 0 the season is taken out: the factor is 1.

    Parameters
    ----------
    factors
        Twelve by month from January on, or four by quarter: of fiscal years where the calendar has any.
    calendar
        Tells the month and the quarter of each period.

    Examples
    --------
    >>> import datetime
    >>> season = Season((0.7, 0.9, 1.0, 1.4), Calendar(datetime.date(2026, 11, 1), "month"))
    >>> [season.at(t) for t in range(1, 4)]
    [1.4, 1.4, 0.7]
    """

    factors: tuple[float, ...]
    calendar: Calendar
    today: float = 1.0
    last: int | None = None

    @property
    def is_steady(self) -> bool:
        return all(factor == 1.0 for factor in self.factors)

    @property
    def recurs(self) -> bool:
        return not self.is_steady

    def at(self, t: int) -> float:
        return self.factors[self.place(t)]

    def place(self, t: int) -> int:
        """Return which of the factors a period has, counted from 0."""
        quarters = len(self.factors) == 4
        return (self.calendar.fiscal_quarter(t) if quarters else self.calendar.month_of_year(t)) - 1
