"""Which days the periods of a tree are, what they are called, and which of them a text such as ``FY27 Q2`` names.

All that is longer than a week is counted in months: a quarter is three, a fiscal year twelve. In a calendar of weeks
(4-4-5 and its kin) these are fiscal months, each called after the calendar month that it mostly is, and the 53rd week
of a long year belongs to the last of them. A period of a day or a week belongs to the month in which its middle day
lies, so that every day belongs to one period, every period to one month, and quarters add up to years.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Literal, NamedTuple

from impacttree.errors import Problem, QuestionError, printable
from impacttree.patterns import pattern
from impacttree.quantity.dates import MONTHS, ONE_DAY, day_text, days_in, days_text, joined_ends, month_number
from impacttree.quantity.fiscal_years import EARLY, FiscalRule
from impacttree.quantity.units import PERIODS_PER_YEAR, Period
from impacttree.records import dataclass

__all__ = ["FIRST_YEAR", "LAST_YEAR", "Calendar", "YearPart", "ending", "numbered_period", "period_name", "placed"]

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""In which a tree may start: a slip of the pen is seen."""
_END_OF_TIME = 9990
_MONTHS_IN: Mapping[str, int] = MappingProxyType({"month": 1, "quarter": 3, "year": 12})
_DAYS_IN: Mapping[str, int] = MappingProxyType({"day": 1, "week": 7})
_MOST_CHARACTERS = 100
YearPart = Literal["month", "quarter", "year"]
"""What time is divided into where amounts are laid out side by side."""

# ---- what a text names


class _Named(NamedTuple):
    """A stretch of time: from the first to the last month or day."""

    first: int | datetime.date
    last: int | datetime.date


_KNOWN = "FY27, FY27 Q2, 2027, 2027-04 or 2027-04 to 2027-09"
_FISCAL = pattern(r"fy ?(\d{4}|\d{2})(?: ?([qhpw]) ?(\d{1,2}))?", re.ASCII)
_CALENDAR_YEAR = pattern(r"(\d{4})", re.ASCII)
_QUARTER = pattern(r"(?:q([1-4]) (\d{4})|(\d{4})[- ]?q([1-4]))", re.ASCII)
_MONTH = pattern(r"(?:(\d{4})-(\d{2})|([a-z]+) (\d{4}))", re.ASCII)
_DAY = pattern(r"(?:week of )?(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2}) ([a-z]+) (\d{4}))", re.ASCII)
_TO = pattern(" to ", re.IGNORECASE)
_TO_DATE = pattern(r"(?:year to date|ytd)(?: (?:to |at |in )?(.+))?", re.ASCII)
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
        return datetime.date(year, month + 1, min(self.start.day, days_in(year, month + 1)))

    def last_day(self, t: int) -> datetime.date:
        """Return the last day of period t.

        Examples
        --------
        >>> Calendar(datetime.date(2026, 11, 1), "month").last_day(21)
        datetime.date(2028, 7, 31)
        """
        return self.first_day(t + 1) - ONE_DAY

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
        late = self.rule.weeks is None and self.start.day > EARLY
        return self.rule.month_of(self.start) + late

    def month_of_year(self, t: int) -> int:
        """Return the month of the year that period t lies in or begins with: 1 for January to 12."""
        return self.months(t)[0] % 12 + 1

    def fiscal_year(self, t: int) -> str:
        """Return what the fiscal year of period t is called: ``FY27``."""
        return self.rule.year_name(self.rule.serial(self.months(t)[0]))

    def fiscal_quarter(self, t: int) -> int:
        """Return which quarter of its fiscal year period t lies in: 1 to 4."""
        return self.rule.place(self.months(t)[0]) // 3 + 1

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
        >>> from impacttree.quantity.fiscal_years import parse_year_end
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
                days = days_text(week, week + 6 * ONE_DAY)
                found.append(f"{rule.year_name(serial)} has a 53rd week, {days}")
        return tuple(found)

    # -- names --------------------------------------------------------------------------------------------------

    def label(self, first: int, last: int | None = None) -> str:
        """Return what a period is called, or the periods from first to last.

        Examples
        --------
        >>> Calendar(datetime.date(2026, 11, 1), "month").label(1, 12)
        'Nov 2026 to Oct 2027'
        >>> from impacttree.quantity.fiscal_years import parse_year_end
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

        One without a name is called by its first day, ``15 Nov 26``.

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
        return re.sub(r"(?<=[A-Za-z0-9] )\d\d(\d\d)$", r"\1", label.partition(" to ")[0])

    def days(self, first: int, last: int) -> str:
        """Write the days from the first of one period to the last of another: ``1 Nov 2026 to 31 Oct 2027``."""
        return days_text(self.first_day(first), self.last_day(last))

    def _label(self, first: int, last: int) -> str:
        months = self.months(first)[0], self.months(last)[1]
        if self._is_named_by_months and (self._begin(months[0]), self._begin(months[1] + 1)) == (first, last + 1):
            return self._months_text(*months)
        if self.period == "week" and self.rule.weeks is not None:
            return joined_ends(*(self._week_text(t) for t in (first, last)))
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
            return joined_ends(*years)
        if place % 3 == 0 and count == 3:
            quarter = place // 3 + 1
            return f"{rule.year_name(serial)} Q{quarter}" if self.fiscal else f"Q{quarter} {serial}"
        return joined_ends(*(self._month_text(month) for month in (first, last)))

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
        first, last = self._whole(self._read(text, as_of), text)
        shown = printable(text, 60)
        if last < first:
            raise _refused(f"'{shown}' ends before it begins", "write the earlier end first")
        if first < 1:
            begins = day_text(self.first_day(first), short=True)
            reason = f"'{shown}' begins on {begins}, before the first {self.period} of the tree ({self.label(1)})"
            within = f"'{self.label(1, last)}'" if last >= 1 else f"e.g. '{self.label(1)}'"
            raise _refused(reason, f"ask for {within}, or for a later time")
        return range(first, last + 1)

    def touched(self, text: str) -> range:
        """Return the periods that a text names, also those before the first (0, -1, ...); none where it splits one.

        Raises
        ------
        QuestionError
            When it names no time at all.
        """
        stretch = self._read(text, None)
        (first, begins), (last, ends) = self._first(stretch), self._last(stretch)
        return range(first, last + 1) if begins and ends else range(0)

    def period_from(self, text: str) -> int:
        """Return the period that begins where a text begins: of ``2027-04`` the first one of April.

        Raises
        ------
        QuestionError
            When none begins there, or it lies before the first.
        """
        t, begins = self._first(self._read(text, None))
        return self._end_of_time(text, "begin", t, begins)

    def period_until(self, text: str) -> int:
        """Return the period that ends where a text ends: of ``2027-04`` the last one of April.

        Raises
        ------
        QuestionError
            When none ends there, or it lies before the first.
        """
        t, ends = self._last(self._read(text, None))
        return self._end_of_time(text, "end", t, ends)

    def _begin(self, month: int) -> int:
        """Return the first period that lies in a month or after it."""
        if self.period in _DAYS_IN:
            t = self.containing(self.rule.begins(month))
            return t if self.months(t)[0] >= month else t + 1
        return -((self._first_month - month) // _MONTHS_IN[self.period]) + 1

    def _first(self, stretch: _Named) -> tuple[int, bool]:
        """Return the first period of a stretch of time, and whether it begins there."""
        if isinstance(stretch.first, int):
            t = self._begin(stretch.first)
            return t, self.period in _DAYS_IN or self.months(t)[0] == stretch.first
        t = self.containing(stretch.first)
        return t, self.period in _DAYS_IN or self.first_day(t) == stretch.first

    def _last(self, stretch: _Named) -> tuple[int, bool]:
        """Return the last period of a stretch of time, and whether it ends there."""
        if isinstance(stretch.last, int):
            t = self._begin(stretch.last + 1) - 1
            return t, self.period in _DAYS_IN or self.months(t)[1] == stretch.last
        t = self.containing(stretch.last)
        return t, self.period in _DAYS_IN or self.last_day(t) == stretch.last

    def _whole(self, stretch: _Named, text: str) -> tuple[int, int]:
        """Return the first and the last period of a stretch of time that begins and ends with whole ones."""
        (first, begins), (last, ends) = self._first(stretch), self._last(stretch)
        if not begins or not ends:
            raise self._split(text, "end", last) if begins else self._split(text, "begin", first)
        return first, last

    def _end_of_time(self, text: str, verb: str, t: int, is_whole: bool) -> int:
        """Return a period that begins, or ends, where a text does."""
        if not is_whole:
            raise self._split(text, verb, t)
        if t < 1:
            reason = f"'{printable(text, 60)}' lies before the first {self.period} of the tree ({self.label(1)})"
            raise _refused(reason, f"write '{self.label(1)}' or later")
        return t

    def _split(self, text: str, verb: str, t: int) -> QuestionError:
        reason = f"'{printable(text, 60)}' does not {verb} where a {self.period} of the tree {verb}s"
        return _refused(reason, f"name whole {self.period}s: {self.label(t)} is {self.days(t, t)}")

    def _read(self, text: object, as_of: datetime.date | None) -> _Named:
        if not isinstance(text, str):
            reason = f"periods are named by text, not by {type(text).__name__}"
            raise _refused(reason, f"write e.g. {_KNOWN}")
        words = " ".join(text.replace("–", " to ").split())
        if len(words) > _MOST_CHARACTERS:
            raise _refused(f"'{printable(text, 60)}' does not name periods", f"write e.g. {_KNOWN}")
        if found := _TO_DATE.fullmatch(words.lower()):
            return self._year_to_date(found[1], as_of)
        ends: Sequence[_Named] = [self._point(point) for point in _TO.split(words, 1)]
        return _Named(ends[0].first, ends[-1].last)

    def _year_to_date(self, when: str | None, as_of: datetime.date | None) -> _Named:
        if when is None and as_of is None:
            raise _refused("'year to date' does not say to which date", "write e.g. 'year to date 2027-06'")
        last = self._point(when).last if when is not None else self.last_day(self.containing(as_of or self.start))
        month = last if isinstance(last, int) else self.months(self.containing(last))[0]
        return _Named(self.rule.first_month(self.rule.serial(month)), last)

    def _point(self, text: str) -> _Named:
        """Return the stretch of time that a text without ``to`` names."""
        for form, read in (
            (_FISCAL, self._fiscal_text), (_CALENDAR_YEAR, _calendar_year), (_QUARTER, self._calendar_quarter),
            (_MONTH, _calendar_month), (_DAY, _calendar_day),
        ):  # fmt: skip
            found = form.fullmatch(text.lower())
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
        return _Named(first, first + 6 * ONE_DAY)

    def _calendar_quarter(self, found: re.Match[str]) -> _Named:
        quarter, year = int(found[1] or found[4]), _known_year(int(found[2] or found[3]))
        if self.rule.start_month != 1:
            reason = f"'{found[0].upper()}' may be a quarter of the calendar or of the fiscal year"
            months = f"{year}-{3 * quarter - 2:02} to {year}-{3 * quarter:02}"
            raise _refused(reason, f"write FY{year % 100:02} Q{quarter}, or {months}")
        return _Named(12 * year + 3 * quarter - 3, 12 * year + 3 * quarter - 1)


_BY_THE_CALENDAR = FiscalRule()


_NUMBERED = pattern(r"(?:([A-Za-z]+)\s+)?([0-9]{1,5})", re.ASCII)


def numbered_period(text: str, calendar: Calendar | None) -> tuple[int, str] | None:
    """Return the number of a period, and the period written before it, if any; None for any other text.

    Four digits alone are a year where there is a calendar.

    Examples
    --------
    >>> numbered_period("Month 4", None), numbered_period("4", None), numbered_period("2027", None)
    ((4, 'month'), (4, ''), (2027, ''))
    >>> numbered_period("2027", Calendar(datetime.date(2027, 1, 4), "week")), numbered_period("Apr 2027", None)
    (None, None)
    """
    match = _NUMBERED.fullmatch(text)
    word = (match[1] or "").lower() if match else ""
    is_year = match is not None and not word and calendar is not None and len(match[2]) == 4
    if match is None or is_year or (word and word not in PERIODS_PER_YEAR):
        return None
    return int(match[2]), word


def period_name(t: int, period: Period, calendar: Calendar | None) -> str:
    """Return what a period is called within a sentence: by the calendar, without one by its number.

    Examples
    --------
    >>> period_name(12, "month", None), period_name(1, "week", Calendar(datetime.date(2027, 1, 4), "week"))
    ('month 12', 'week of 4 Jan 2027')
    """
    return f"{period} {t}" if calendar is None else calendar.label(t).replace("Week of", "week of")


_ONE_DAY = pattern(r"\d{1,2} [A-Z][a-z]{2} \d{4}", re.ASCII)
_STRETCH = pattern(r"(?![a-z]+s \d)(.+?) to (.+)", re.ASCII)
_ON_A_DAY = frozenset(("in", "within", "over"))
_TO_ITS_END = frozenset(("by", "until", "to", "after"))


def placed(preposition: str, name: str, *, once: bool = False) -> str:
    """Write when something is, by what a time is called: the one rule of which preposition goes with which time.

    What is in a month is on a day, and from the first to the last day of a month that has no name; what is only `once`
    in it, as a payment, is between the two.

    Examples
    --------
    >>> placed("in", "Oct 2027"), placed("in", "4 Jan 2027"), placed("by", "week of 4 Jan 2027")
    ('in Oct 2027', 'on 4 Jan 2027', 'by the week of 4 Jan 2027')
    >>> month = "15 Nov 2026 to 14 Dec 2026"
    >>> placed("in", month), placed("from", month), placed("by", month), placed("over", "first 12 months")
    ('from 15 Nov 2026 to 14 Dec 2026', 'from 15 Nov 2026', 'by 14 Dec 2026', 'over the first 12 months')
    >>> placed("in", month, once=True)
    'between 15 Nov 2026 and 14 Dec 2026'
    """
    name = f"the {name}" if name.startswith(("first ", "week of ")) else name
    if preposition in _ON_A_DAY and _ONE_DAY.fullmatch(name):
        return f"on {name}"
    stretch = _STRETCH.fullmatch(name)
    if stretch and preposition == "from":
        return f"from {stretch[1]}"
    if stretch and preposition in _TO_ITS_END:
        return f"{preposition} {stretch[2]}"
    if stretch and preposition == "in":
        return f"between {stretch[1]} and {stretch[2]}" if once else f"from {name}"
    return f"{preposition} {name}"


def ending(name: str) -> str:
    """Return what the end of a time is called: of ``15 Nov 2026 to 14 Dec 2026`` its last day, of others their name."""
    stretch = _STRETCH.fullmatch(name)
    return stretch[2] if stretch else name


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
