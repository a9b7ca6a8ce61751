"""How companies divide time into fiscal years, quarters and months: of the calendar, or of whole weeks."""

from __future__ import annotations

import datetime
import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import Literal

from impacttree.errors import Problem, QuantityError, printable
from impacttree.patterns import pattern
from impacttree.quantity.dates import MONTHS, ONE_DAY, days_in, month_number
from impacttree.records import dataclass

__all__ = ["EARLY", "PATTERNS", "FiscalRule", "YearEnd", "YearName", "parse_year_end"]

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PATTERNS: Mapping[str, tuple[int, int, int] | None] = MappingProxyType(
    {"months": None, "4-4-5": (4, 4, 5), "4-5-4": (4, 5, 4), "5-4-4": (5, 4, 4)}
)
"""How many weeks the three months of a quarter have; None for months of the calendar."""
YearName = Literal["end", "start"]
"""After which of its ends a fiscal year is called: most call it by its end, the National Retail Federation not."""
_MOST_CHARACTERS = 100
EARLY = 15
"""A year that ends by this day of a month begins with that month."""


@dataclass(frozen=True, slots=True)
class YearEnd:
    """The day of the week on which fiscal years of whole weeks end.

    Parameters
    ----------
    weekday
        From 0, Monday, to 6, Sunday.
    month
        In or near which it lies, 1 to 12.
    day
        The day of the month that it is nearest to; the last such weekday of the month where None.
    """

    weekday: int
    month: int
    day: int | None = None

    @property
    def start_month(self) -> int:
        """The month that the year after it begins with, 1 to 12."""
        return self.month if self.day is not None and self.day <= EARLY else self.month % 12 + 1

    def in_year(self, year: int) -> datetime.date:
        """Return the end that belongs to this month of a calendar year; it may lie a few days outside.

        Examples
        --------
        >>> parse_year_end("last Saturday of January").in_year(2027)
        datetime.date(2027, 1, 30)
        >>> parse_year_end("Saturday nearest 31 January").in_year(2024)
        datetime.date(2024, 2, 3)
        """
        length = days_in(year, self.month)
        if self.day is None:
            last = datetime.date(year, self.month, length)
            return last - datetime.timedelta(days=(last.weekday() - self.weekday) % 7)
        anchor = datetime.date(year, self.month, min(self.day, length))
        return anchor + datetime.timedelta(days=(self.weekday - anchor.weekday() + 3) % 7 - 3)


_YEAR_END = pattern(
    r"(?:last (?P<last>[a-z]+) (?:of|in) (?P<of>[a-z]+)"
    r"|(?P<nearest>[a-z]+) (?:nearest|closest)(?: to)?(?: the)?"
    r" (?:(?P<end>end) of (?P<month>[a-z]+)|(?P<day>\d{1,2})(?: of)? (?P<named>[a-z]+)"
    r"|(?P<first>[a-z]+) (?P<then>\d{1,2})))",
    re.ASCII,
)


def parse_year_end(text: str) -> YearEnd:
    """Read on which day fiscal years of whole weeks end.

    Raises
    ------
    QuantityError
        When it is not written so.

    Examples
    --------
    >>> parse_year_end("last Saturday of January")
    YearEnd(weekday=5, month=1, day=None)
    >>> parse_year_end("Saturday nearest 31 January")
    YearEnd(weekday=5, month=1, day=31)
    >>> parse_year_end("Sunday closest to the end of September")
    YearEnd(weekday=6, month=9, day=30)
    """
    fix = "write e.g. 'last Saturday of January' or 'Saturday nearest 31 January'"
    words = " ".join(text.lower().split())
    found = _YEAR_END.fullmatch(words) if len(words) <= _MOST_CHARACTERS else None
    weekday = _weekday(found["last"] or found["nearest"]) if found else None
    month = month_number(next(filter(None, found.group("of", "month", "named", "first")))) if found else None
    if found is None or weekday is None or month is None:
        raise QuantityError(Problem(reason=f"'{printable(text, 60)}' does not say when a fiscal year ends", fix=fix))
    longest = days_in(2024, month)
    stated = found["day"] or found["then"]
    day = int(stated) if stated else longest if found["end"] else None
    if day is not None and not 1 <= day <= longest:
        raise QuantityError(Problem(reason=f"{MONTHS[month - 1]} has {longest} days, not {day}", fix=fix))
    return YearEnd(weekday, month, day)


def _weekday(word: str) -> int | None:
    return next((n for n, name in enumerate(_WEEKDAYS) if len(word) >= 3 and name.startswith(word)), None)


@dataclass(frozen=True, slots=True)
class FiscalRule:
    """How a company divides time into fiscal years, quarters and months.

    Months are numbered: twelve times the year, and 0 for January to 11 for December. A fiscal year is known by its
    serial, the calendar year of the month that it begins with.

    Parameters
    ----------
    start_month
        The month that fiscal years begin with, 1 to 12.
    weeks
        How many weeks the three months of each quarter have; None for months of the calendar.
    year_end
        Where years of whole weeks end; None for months of the calendar.
    named
        After which of its ends a year is called.

    Examples
    --------
    >>> rule = FiscalRule(2)
    >>> rule.year_name(rule.serial(rule.month_of(datetime.date(2027, 1, 31))))
    'FY27'
    """

    start_month: int = 1
    weeks: tuple[int, int, int] | None = None
    year_end: YearEnd | None = None
    named: YearName = "end"

    def serial(self, month: int) -> int:
        """Return the fiscal year that a month lies in."""
        return (month - self.start_month + 1) // 12

    def place(self, month: int) -> int:
        """Return which month of its fiscal year a month is: 0 to 11."""
        return (month - self.start_month + 1) % 12

    def first_month(self, serial: int) -> int:
        return 12 * serial + self.start_month - 1

    def year(self, serial: int) -> int:
        """Return the number that a fiscal year is called by."""
        return serial if self.start_month == 1 or self.named == "start" else serial + 1

    def serial_called(self, year: int) -> int:
        return year - self.year(0)

    def year_name(self, serial: int) -> str:
        """Write a fiscal year: ``FY27``, with all digits outside of this century."""
        year = self.year(serial)
        return f"FY{year % 100:02}" if 2000 <= year <= 2099 else f"FY{year}"

    def begins(self, month: int) -> datetime.date:
        """Return the first day of a month."""
        if self.weeks is None:
            return datetime.date(month // 12, month % 12 + 1, 1)
        return self._year_begins(self.serial(month)) + datetime.timedelta(weeks=_before(self.weeks)[self.place(month)])

    def month_of(self, day: datetime.date) -> int:
        """Return the month that a day lies in."""
        if self.weeks is None:
            return 12 * day.year + day.month - 1
        serial, week = self.week_of(day)
        return self.first_month(serial) + min(bisect_right(_before(self.weeks), week - 1) - 1, 11)

    def week_of(self, day: datetime.date) -> tuple[int, int]:
        """Return the fiscal year that a day lies in, and the week of it, from 1 to 53; of years of whole weeks."""
        serial = next(s for s in (day.year + 1, day.year, day.year - 1) if self._year_begins(s) <= day)
        return serial, (day - self._year_begins(serial)).days // 7 + 1

    def weeks_in(self, serial: int) -> int:
        """Return how many weeks a fiscal year of whole weeks has: 52, or 53."""
        return (self._year_begins(serial + 1) - self._year_begins(serial)).days // 7

    def week_begins(self, serial: int, week: int) -> datetime.date:
        return self._year_begins(serial) + datetime.timedelta(weeks=week - 1)

    def _year_begins(self, serial: int) -> datetime.date:
        if self.year_end is None:
            return self.begins(self.first_month(serial))
        before = self.first_month(serial) - (self.year_end.month % 12 + 1 == self.start_month)
        return self.year_end.in_year(before // 12) + ONE_DAY


@cache
def _before(weeks: tuple[int, int, int]) -> tuple[int, ...]:
    """Return how many weeks of a fiscal year lie before each of its twelve months."""
    return tuple(accumulate(weeks * 4, initial=0))[:12]
