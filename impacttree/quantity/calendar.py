"""Which days the periods of a tree are, what they are called, and which of them a text such as ``FY27 Q2`` names.

All that is longer than a week is counted in months: a quarter is three, a fiscal year twelve. In a calendar of weeks
(4-4-5 and its kin) these are fiscal months, each called after the calendar month that it mostly is, and the 53rd week
of a long year belongs to the last of them. A period of a day or a week belongs to the month in which its middle day
lies, so that every day belongs to one period, every period to one month, and quarters add up to years.
"""

from __future__ import annotations

import datetime
import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, groupby
from types import MappingProxyType
from typing import Literal, NamedTuple

from impacttree.errors import Problem, QuantityError, QuestionError, printable
from impacttree.quantity.units import Period

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "MONTHS",
    "PATTERNS",
    "Calendar",
    "FiscalRule",
    "YearEnd",
    "YearName",
    "YearPart",
    "day_text",
    "month_number",
    "parse_year_end",
]

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PATTERNS: Mapping[str, tuple[int, int, int] | None] = MappingProxyType(
    {"months": None, "4-4-5": (4, 4, 5), "4-5-4": (4, 5, 4), "5-4-4": (5, 4, 4)}
)
"""How many weeks the three months of a quarter have; None for months of the calendar."""
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""In which a tree may start: a slip of the pen is seen."""
_END_OF_TIME = 9990
_MONTHS_IN: Mapping[str, int] = MappingProxyType({"month": 1, "quarter": 3, "year": 12})
_DAYS_IN: Mapping[str, int] = MappingProxyType({"day": 1, "week": 7})
_ONE_DAY = datetime.timedelta(days=1)
_MOST_CHARACTERS = 100
YearPart = Literal["month", "quarter", "year"]
"""What time is divided into where amounts are laid out side by side."""
YearName = Literal["end", "start"]
"""After which of its ends a fiscal year is called: most call it by its end, the National Retail Federation not."""


def day_text(day: datetime.date, *, short: bool = False) -> str:
    """Write a day: ``31 October 2026``, or ``31 Oct 2026``."""
    name = MONTHS[day.month - 1]
    return f"{day.day} {name[:3] if short else name} {day.year}"


def month_number(text: str) -> int | None:
    """Return 1 to 12 for ``January`` to ``Dec``, in any case; None for any other text.

    Examples
    --------
    >>> month_number("February"), month_number("sep"), month_number("Sept"), month_number("13")
    (2, 9, 9, None)
    """
    word = text.strip().lower()
    return next((n for n, name in enumerate(MONTHS, 1) if len(word) >= 3 and name.lower().startswith(word)), None)


# ---- fiscal years


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
        return self.month if self.day is not None and self.day <= _EARLY else self.month % 12 + 1

    def in_year(self, year: int) -> datetime.date:
        """Return the end that belongs to this month of a calendar year; it may lie a few days outside.

        Examples
        --------
        >>> parse_year_end("last Saturday of January").in_year(2027)
        datetime.date(2027, 1, 30)
        >>> parse_year_end("Saturday nearest 31 January").in_year(2024)
        datetime.date(2024, 2, 3)
        """
        length = monthrange(year, self.month)[1]
        if self.day is None:
            last = datetime.date(year, self.month, length)
            return last - datetime.timedelta(days=(last.weekday() - self.weekday) % 7)
        anchor = datetime.date(year, self.month, min(self.day, length))
        return anchor + datetime.timedelta(days=(self.weekday - anchor.weekday() + 3) % 7 - 3)


_EARLY = 15
"""A year that ends by this day of a month begins with that month."""
_YEAR_END = re.compile(
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
    longest = monthrange(2024, month)[1]
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
        return self.year_end.in_year(before // 12) + _ONE_DAY


@cache
def _before(weeks: tuple[int, int, int]) -> tuple[int, ...]:
    """Return how many weeks of a fiscal year lie before each of its twelve months."""
    return tuple(accumulate(weeks * 4, initial=0))[:12]


# ---- what a text names


class _Named(NamedTuple):
    """A stretch of time: from the first to the last month or day."""

    first: int | datetime.date
    last: int | datetime.date


_KNOWN = "FY27, FY27 Q2, 2027, 2027-04 or 2027-04 to 2027-09"
_FISCAL = re.compile(r"fy ?(\d{4}|\d{2})(?: ?([qhpw]) ?(\d{1,2}))?", re.ASCII)
_CALENDAR_YEAR = re.compile(r"(\d{4})", re.ASCII)
_QUARTER = re.compile(r"(?:q([1-4]) (\d{4})|(\d{4})[- ]?q([1-4]))", re.ASCII)
_MONTH = re.compile(r"(?:(\d{4})-(\d{2})|([a-z]+) (\d{4}))", re.ASCII)
_DAY = re.compile(r"(?:week of )?(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2}) ([a-z]+) (\d{4}))", re.ASCII)
_TO_DATE = re.compile(r"(?:year to date|ytd)(?: (?:to |at |in )?(.+))?", re.ASCII)
_PARTS = {"q": (4, 3), "h": (2, 6), "p": (12, 1)}
"""Into how many parts a letter divides a fiscal year, and how many months each has."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days and names of the periods of a tree.

    Parameters
    ----------
    start
        The first day of period 1.
    period
        The tree's time step.
    fiscal
        How fiscal years are divided; those of the calendar, not called fiscal, where None.

    Examples
    --------
    >>> months = Calendar(datetime.date(2026, 11, 1), "month", FiscalRule(2))
    >>> months.label(3), months.named("FY28 Q1"), months.label(4, 15)
    ('Jan 2027', range(4, 7), 'FY28')
    >>> weeks = Calendar(datetime.date(2027, 1, 4), "week")
    >>> weeks.label(1), weeks.named("2027-02"), weeks.month_of_year(5)
    ('Week of 4 Jan 2027', range(5, 9), 2)
    """

    start: datetime.date
    period: Period
    fiscal: FiscalRule | None = None

    @property
    def rule(self) -> FiscalRule:
        """How time is divided: by fiscal years where they are stated."""
        return self.fiscal or _BY_THE_CALENDAR

    @property
    def misfit(self) -> tuple[str, str] | None:
        """What is wrong with the first day beside the fiscal year, and what to write; None where they fit."""
        if self.fiscal is None or self.period == "day":
            return None
        step = self.period
        if step == "week":
            end = self.fiscal.year_end
            if end is None or (end.weekday + 1) % 7 == self.start.weekday():
                return None
            near = self.start + datetime.timedelta(days=(end.weekday + 1 - self.start.weekday()) % 7)
        else:
            months = _MONTHS_IN[step]
            month = self.rule.month_of(self.start)
            if self.rule.begins(month) == self.start and self.rule.place(month) % months == 0:
                return None
            near = self.rule.begins(month + months - self.rule.place(month) % months)
        return f"no fiscal {step} begins on {self.start}", f"the next one begins on {near}"

    # -- days ---------------------------------------------------------------------------------------------------

    def first_day(self, t: int) -> datetime.date:
        """Return the first day of period t.

        Raises
        ------
        OverflowError, ValueError
            When it lies beyond all calendars.
        """
        if self.period in _DAYS_IN:
            return self.start + datetime.timedelta(days=_DAYS_IN[self.period] * (t - 1))
        months = _MONTHS_IN[self.period] * (t - 1)
        if self.rule.weeks is not None:
            return self.rule.begins(self.rule.month_of(self.start) + months)
        year, month = divmod(12 * self.start.year + self.start.month - 1 + months, 12)
        return datetime.date(year, month + 1, min(self.start.day, monthrange(year, month + 1)[1]))

    def last_day(self, t: int) -> datetime.date:
        """Return the last day of period t.

        Examples
        --------
        >>> Calendar(datetime.date(2026, 11, 1), "month").last_day(21)
        datetime.date(2028, 7, 31)
        """
        return self.first_day(t + 1) - _ONE_DAY

    def containing(self, day: datetime.date) -> int:
        """Return the period that a day lies in; those before the first are 0, -1 and so on."""
        if self.period in _DAYS_IN:
            return (day - self.start).days // _DAYS_IN[self.period] + 1
        rule = self.rule if self.rule.weeks is not None else _BY_THE_CALENDAR
        t = (rule.month_of(day) - rule.month_of(self.start)) // _MONTHS_IN[self.period] + 1
        return t if self.first_day(t) <= day else t - 1

    # -- months, quarters and years -----------------------------------------------------------------------------

    def months(self, t: int) -> tuple[int, int]:
        """Return the first and the last month of period t, numbered as by `FiscalRule`."""
        if self.period in _DAYS_IN:
            middle = self.first_day(t) + datetime.timedelta(days=_DAYS_IN[self.period] // 2)
            return (self.rule.month_of(middle),) * 2
        count = _MONTHS_IN[self.period]
        first = self._first_month + count * (t - 1)
        return first, first + count - 1

    @property
    def _first_month(self) -> int:
        """The month that period 1 mostly is, or begins with."""
        late = self.rule.weeks is None and self.start.day > _EARLY
        return self.rule.month_of(self.start) + late

    def month_of_year(self, t: int) -> int:
        """Return the month of the year that period t lies in or begins with: 1 for January to 12."""
        return self.months(t)[0] % 12 + 1

    def fiscal_year(self, t: int) -> int:
        """Return the number of the fiscal year of period t; of the calendar year where no fiscal one is stated."""
        return self.rule.year(self.rule.serial(self.months(t)[0]))

    def fiscal_quarter(self, t: int) -> int:
        """Return which quarter of its fiscal year period t lies in: 1 to 4."""
        return self.rule.place(self.months(t)[0]) // 3 + 1

    def fiscal_month(self, t: int) -> int:
        """Return which month of its fiscal year period t lies in or begins with: 1 to 12."""
        return self.rule.place(self.months(t)[0]) + 1

    def fiscal_week(self, t: int) -> int | None:
        """Return which week of its fiscal year a day or week lies in: 1 to 53; None in years of calendar months."""
        if self.rule.weeks is None or self.period not in _DAYS_IN:
            return None
        return self.rule.week_of(self.first_day(t))[1]

    @property
    def first_fiscal_year(self) -> range:
        """The periods of the first whole fiscal year."""
        serial = self.rule.serial(self.months(1)[0])
        if self._begin(self.rule.first_month(serial)) < 1:
            serial += 1
        first = self.rule.first_month(serial)
        return range(self._begin(first), self._begin(first + 12))

    def is_year(self, periods: range) -> bool:
        """Return whether periods are a whole fiscal year."""
        first, last = self.months(periods[0])[0], self.months(periods[-1])[1]
        begin = self.rule.first_month(self.rule.serial(first))
        return (self._begin(begin), self._begin(begin + 12)) == (periods.start, periods.stop) and last == begin + 11

    def parts(self, first: int, last: int, of: YearPart) -> tuple[range, ...]:
        """Return the periods from first to last by the month, quarter or year that they lie in.

        Examples
        --------
        >>> Calendar(datetime.date(2026, 11, 1), "month").parts(1, 8, "quarter")
        (range(1, 3), range(3, 6), range(6, 9))
        """
        count, start = _MONTHS_IN[of], self.rule.start_month - 1
        grouped = groupby(range(first, last + 1), key=lambda t: (self.months(t)[0] - start) // count)
        found = (list(group) for _, group in grouped)
        return tuple(range(group[0], group[-1] + 1) for group in found)

    def long_years(self, first: int, last: int) -> tuple[str, ...]:
        """Return which fiscal years end in a 53rd week within periods first to last, and which days it is.

        Examples
        --------
        >>> retail = FiscalRule(2, (4, 5, 4), parse_year_end("Saturday nearest 31 January"), "start")
        >>> Calendar(datetime.date(2023, 1, 29), "week", retail).long_years(1, 60)
        ('FY23 has a 53rd week, 28 Jan 2024 to 3 Feb 2024',)
        """
        rule = self.rule
        if rule.weeks is None:
            return ()
        begin, end = self.first_day(first), self.last_day(last)
        found = []
        for serial in range(rule.week_of(begin)[0], rule.week_of(end)[0] + 1):
            week = rule.week_begins(serial, 53)
            if rule.weeks_in(serial) == 53 and begin <= week <= end:
                days = _days_text(week, week + 6 * _ONE_DAY)
                found.append(f"{rule.year_name(serial)} has a 53rd week, {days}")
        return tuple(found)

    # -- names --------------------------------------------------------------------------------------------------

    def label(self, first: int, last: int | None = None) -> str:
        """Return what a period is called, or the periods from first to last.

        Examples
        --------
        >>> Calendar(datetime.date(2026, 11, 1), "month").label(1, 12)
        'Nov 2026 to Oct 2027'
        >>> retail = FiscalRule(2, (4, 5, 4), parse_year_end("Saturday nearest 31 January"), "start")
        >>> weeks = Calendar(datetime.date(2023, 1, 29), "week", retail)
        >>> weeks.label(53), weeks.label(1, 13), weeks.label(1, 53)
        ('FY23 W53', 'FY23 Q1', 'FY23')
        """
        last = first if last is None else last
        try:
            self.last_day(last + 1)
            return self._label(first, last)
        except (OverflowError, ValueError):
            return f"{self.period} {first}" if first == last else f"{self.period}s {first} to {last}"

    def tick(self, t: int) -> str:
        """Return what a period is called where there is little room: ``Nov 26``, ``Q1 27``, ``4 Jan``, ``W5``.

        Examples
        --------
        >>> Calendar(datetime.date(2026, 11, 1), "month").tick(1), Calendar(datetime.date(2027, 1, 4), "week").tick(1)
        ('Nov 26', '4 Jan')
        """
        label = self.label(t)
        if self.period in _DAYS_IN and self.fiscal_week(t) is None:
            return " ".join(label.removeprefix("Week of ").split()[:2])
        if self.period == "week":
            return label.split()[-1]
        return re.sub(r"(?<=[A-Za-z0-9] )\d\d(\d\d)$", r"\1", label)

    def days(self, first: int, last: int) -> str:
        """Write the days from the first of one period to the last of another: ``1 Nov 2026 to 31 Oct 2027``."""
        return _days_text(self.first_day(first), self.last_day(last))

    def _label(self, first: int, last: int) -> str:
        months = self.months(first)[0], self.months(last)[1]
        if self._is_named_by_months and (self._begin(months[0]), self._begin(months[1] + 1)) == (first, last + 1):
            return self._months_text(*months)
        if self.period == "week" and self.rule.weeks is not None:
            return _joined(*(self._week_text(t) for t in (first, last)))
        if self.period == "week" and first == last:
            return f"Week of {day_text(self.first_day(first), short=True)}"
        return self.days(first, last)

    @property
    def _is_named_by_months(self) -> bool:
        return self.period in _DAYS_IN or self.rule.weeks is not None or self.start.day == 1

    def _week_text(self, t: int) -> str:
        serial, week = self.rule.week_of(self.first_day(t))
        return f"{self.rule.year_name(serial)} W{week}"

    def _months_text(self, first: int, last: int) -> str:
        """Return what months are called together: whole years and single quarters by their own names."""
        rule, count = self.rule, last - first + 1
        serial, place = rule.serial(first), rule.place(first)
        if place == 0 and count % 12 == 0:
            years = (rule.year_name(s) if self.fiscal else str(s) for s in (serial, rule.serial(last)))
            return _joined(*years)
        if place % 3 == 0 and count == 3:
            quarter = place // 3 + 1
            return f"{rule.year_name(serial)} Q{quarter}" if self.fiscal else f"Q{quarter} {serial}"
        return _joined(*(self._month_text(month) for month in (first, last)))

    def _month_text(self, month: int) -> str:
        if self.rule.weeks is not None:
            return f"{self.rule.year_name(self.rule.serial(month))} P{self.rule.place(month) + 1}"
        return f"{MONTHS[month % 12][:3]} {month // 12}"

    # -- which periods a text names -----------------------------------------------------------------------------

    def named(self, text: str, as_of: datetime.date | None = None) -> range:
        """Return the periods that a text names.

        Fiscal years (``FY27``), their halves, quarters, months and weeks (``FY27 H1``, ``FY27 Q2``, ``FY27 P3``,
        ``FY27 W53``), years, quarters and months of the calendar (``2027``, ``2027 Q2``, ``2027-04``, ``Apr 2027``),
        days (``2027-04-15``, ``15 Apr 2027``), two of these with ``to`` between them, and ``year to date``, which ends
        at `as_of`, or where it says (``year to date 2027-06``).

        Raises
        ------
        QuestionError
            When it does not name whole periods from the first on.

        Examples
        --------
        >>> quarters = Calendar(datetime.date(2027, 1, 1), "quarter")
        >>> quarters.named("2027-04 to 2027-09"), quarters.named("2028")
        (range(2, 4), range(5, 9))
        """
        stretch = self._read(text, as_of)
        first, last = self._from(stretch, text), self._until(stretch, text)
        shown = printable(text, 60)
        if last < first:
            raise _refused(f"'{shown}' ends before it begins", "write the earlier end first")
        if first < 1:
            begins = day_text(self.first_day(first), short=True)
            reason = f"'{shown}' begins on {begins}, before the first {self.period} of the tree ({self.label(1)})"
            within = f"'{self.label(1, last)}'" if last >= 1 else f"e.g. '{self.label(1)}'"
            raise _refused(reason, f"ask for {within}, or for a later time")
        return range(first, last + 1)

    def period_from(self, text: str) -> int:
        """Return the period that begins where a text begins: of ``2027-04`` the first one of April.

        Raises
        ------
        QuestionError
            When none begins there, or it lies before the first.
        """
        first = self._from(self._read(text, None), text)
        if first < 1:
            reason = f"'{printable(text, 60)}' lies before the first {self.period} of the tree ({self.label(1)})"
            raise _refused(reason, f"write '{self.label(1)}' or later")
        return first

    def period_until(self, text: str) -> int:
        """Return the period that ends where a text ends: of ``2027-04`` the last one of April.

        Raises
        ------
        QuestionError
            When none ends there, or it lies before the first.
        """
        last = self._until(self._read(text, None), text)
        if last < 1:
            reason = f"'{printable(text, 60)}' lies before the first {self.period} of the tree ({self.label(1)})"
            raise _refused(reason, f"write '{self.label(1)}' or later")
        return last

    def _begin(self, month: int) -> int:
        """Return the first period that lies in a month or after it."""
        if self.period in _DAYS_IN:
            t = self.containing(self.rule.begins(month))
            return t if self.months(t)[0] >= month else t + 1
        return -((self._first_month - month) // _MONTHS_IN[self.period]) + 1

    def _from(self, stretch: _Named, text: str) -> int:
        if isinstance(stretch.first, int):
            t = self._begin(stretch.first)
            whole = self.period in _DAYS_IN or self.months(t)[0] == stretch.first
        else:
            t = self.containing(stretch.first)
            whole = self.period in _DAYS_IN or self.first_day(t) == stretch.first
        if not whole:
            raise self._split(text, "begin", t)
        return t

    def _until(self, stretch: _Named, text: str) -> int:
        if isinstance(stretch.last, int):
            t = self._begin(stretch.last + 1) - 1
            whole = self.period in _DAYS_IN or self.months(t)[1] == stretch.last
        else:
            t = self.containing(stretch.last)
            whole = self.period in _DAYS_IN or self.last_day(t) == stretch.last
        if not whole:
            raise self._split(text, "end", t)
        return t

    def _split(self, text: str, verb: str, t: int) -> QuestionError:
        reason = f"'{printable(text, 60)}' does not {verb} where a {self.period} of the tree {verb}s"
        return _refused(reason, f"name whole {self.period}s: {self.label(t)} is {self.days(t, t)}")

    def _read(self, text: object, as_of: datetime.date | None) -> _Named:
        if not isinstance(text, str):
            reason = f"periods are named by text, not by {type(text).__name__}"
            raise _refused(reason, f"write e.g. {_KNOWN}")
        words = " ".join(text.lower().replace("–", " to ").split())
        if len(words) > _MOST_CHARACTERS:
            raise _refused(f"'{printable(text, 60)}' does not name periods", f"write e.g. {_KNOWN}")
        if found := _TO_DATE.fullmatch(words):
            return self._year_to_date(found[1], as_of)
        ends: Sequence[_Named] = [self._point(point) for point in words.split(" to ", 1)]
        return _Named(ends[0].first, ends[-1].last)

    def _year_to_date(self, when: str | None, as_of: datetime.date | None) -> _Named:
        if when is None and as_of is None:
            raise _refused("'year to date' does not say to which date", "write e.g. 'year to date 2027-06'")
        last = self._point(when).last if when is not None else self.last_day(self.containing(as_of or self.start))
        month = last if isinstance(last, int) else self.months(self.containing(last))[0]
        return _Named(self.rule.first_month(self.rule.serial(month)), last)

    def _point(self, text: str) -> _Named:
        """Return the stretch of time that a text without ``to`` names."""
        for pattern, read in (
            (_FISCAL, self._fiscal_text), (_CALENDAR_YEAR, _calendar_year), (_QUARTER, self._calendar_quarter),
            (_MONTH, _calendar_month), (_DAY, _calendar_day),
        ):  # fmt: skip
            found = pattern.fullmatch(text)
            named = read(found) if found else None
            if named is not None:
                return named
        raise _refused(f"'{printable(text, 60)}' does not name periods", f"write e.g. {_KNOWN}")

    def _fiscal_text(self, found: re.Match[str]) -> _Named | None:
        if self.fiscal is None:
            reason = f"'{found[0].upper()}' is a fiscal time, and the tree states no fiscal_calendar"
            raise _refused(reason, "name months of the calendar, as 2027-04 to 2028-03, or state `fiscal_calendar:`")
        rule, year = self.fiscal, int(found[1]) + (2000 if len(found[1]) == 2 else 0)
        serial = rule.serial_called(_known_year(year))
        letter, number = found[2], int(found[3] or 1)
        if letter == "w":
            return self._week_called(serial, number)
        parts, months = _PARTS[letter] if letter else (1, 12)
        if not 1 <= number <= parts:
            raise _refused(f"'{found[0].upper()}' is not one of the {parts}", f"write 1 to {parts}")
        first = rule.first_month(serial) + months * (number - 1)
        return _Named(first, first + months - 1)

    def _week_called(self, serial: int, week: int) -> _Named:
        rule = self.rule
        if rule.weeks is None:
            reason = "the fiscal years of the tree are not divided into weeks"
            raise _refused(reason, "name a month or a day, or state a `pattern:` of weeks in `fiscal_calendar:`")
        most = rule.weeks_in(serial)
        if not 1 <= week <= most:
            raise _refused(f"{rule.year_name(serial)} has {most} weeks, and no week {week}", f"write W1 to W{most}")
        first = rule.week_begins(serial, week)
        return _Named(first, first + 6 * _ONE_DAY)

    def _calendar_quarter(self, found: re.Match[str]) -> _Named:
        quarter, year = int(found[1] or found[4]), _known_year(int(found[2] or found[3]))
        if self.rule.start_month != 1:
            reason = f"'{found[0].upper()}' may be a quarter of the calendar or of the fiscal year"
            months = f"{year}-{3 * quarter - 2:02} to {year}-{3 * quarter:02}"
            raise _refused(reason, f"write FY{year % 100:02} Q{quarter}, or {months}")
        return _Named(12 * year + 3 * quarter - 3, 12 * year + 3 * quarter - 1)


_BY_THE_CALENDAR = FiscalRule()


def _calendar_year(found: re.Match[str]) -> _Named:
    year = _known_year(int(found[1]))
    return _Named(12 * year, 12 * year + 11)


def _calendar_month(found: re.Match[str]) -> _Named | None:
    month = int(found[2]) if found[2] else month_number(found[3])
    year = _known_year(int(found[1] or found[4]))
    if month is None:
        return None
    if not 1 <= month <= 12:
        raise _refused(f"'{found[0]}' is not a month", "write a month from 01 to 12, e.g. 2027-04")
    return _Named(12 * year + month - 1, 12 * year + month - 1)


def _calendar_day(found: re.Match[str]) -> _Named | None:
    month = int(found[2]) if found[2] else month_number(found[5])
    year = _known_year(int(found[1] or found[6]))
    if month is None:
        return None
    try:
        day = datetime.date(year, month, int(found[3] or found[4]))
    except ValueError:
        raise _refused(f"'{found[0]}' is not in the calendar", "write e.g. 2027-04-15") from None
    return _Named(day, day)


def _known_year(year: int) -> int:
    if not FIRST_YEAR <= year <= _END_OF_TIME:
        raise _refused(f"the year {year} lies outside {FIRST_YEAR} to {_END_OF_TIME}", "write e.g. 2027")
    return year


def _refused(reason: str, fix: str) -> QuestionError:
    return QuestionError(Problem(reason=reason, fix=fix))


def _joined(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _days_text(first: datetime.date, last: datetime.date) -> str:
    return _joined(day_text(first, short=True), day_text(last, short=True))
