from __future__ import annotations

import datetime
import re
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree.errors import QuestionError
from impacttree.quantity import Period
from impacttree.quantity.calendar import Calendar
from impacttree.quantity.fiscal_years import PATTERNS, FiscalRule, YearEnd, parse_year_end
from tests.strategies import examples

Day = datetime.date
ONE = datetime.timedelta(days=1)
RETAIL = FiscalRule(2, (4, 5, 4), parse_year_end("Saturday nearest 31 January"), "start")
"""As the National Retail Federation (NRF) publishes it."""
FORTY_YEARS = 40 * 366


@st.composite
def fiscal_rules(draw: st.DrawFn) -> FiscalRule:
    weeks = draw(st.sampled_from(sorted(PATTERNS, key=str)))
    named: Any = draw(st.sampled_from(["start", "end"]))
    if weeks == "months":
        return FiscalRule(draw(st.integers(1, 12)), None, None, named)
    month = draw(st.integers(1, 12))
    end = YearEnd(draw(st.integers(0, 6)), month, draw(st.none() | st.integers(1, 28 if month == 2 else 30)))
    return FiscalRule(end.start_month, PATTERNS[weeks], end, named)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Calendars whose first day fits their fiscal year."""
    period: Period = draw(st.sampled_from(get_args(Period)))
    fiscal = draw(st.none() | fiscal_rules())
    day = draw(st.dates(Day(1995, 1, 1), Day(2035, 12, 31)))
    while Calendar(day, period, fiscal).misfit is not None:
        day += ONE
    return Calendar(day, period, fiscal)


# ---- against published calendars


def test_the_months_of_the_retail_year_2023_begin_where_they_are_published() -> None:
    calendar = Calendar(Day(2023, 1, 29), "month", RETAIL)
    begins = [calendar.first_day(t).isoformat()[5:] for t in range(1, 14)]
    assert begins == [
        "01-29", "02-26", "04-02", "04-30", "05-28", "07-02", "07-30", "08-27", "10-01", "10-29", "11-26", "12-31",
        "02-04",
    ]  # fmt: skip
    assert [calendar.month_of_year(t) for t in range(1, 14)] == [*range(2, 13), 1, 2]
    assert calendar.days(12, 12) == "31 Dec 2023 to 3 Feb 2024"


# ---- by brute force over forty years


RULES = [
    None,
    FiscalRule(7),
    RETAIL,
    FiscalRule(10, (4, 4, 5), parse_year_end("last Saturday of September")),
    FiscalRule(1, (5, 4, 4), parse_year_end("Sunday nearest 31 December")),
    FiscalRule(2, (4, 5, 4), parse_year_end("last Friday of January"), "start"),
]


@pytest.mark.parametrize(
    ("period", "fiscal"),
    [(period, rule) for period in get_args(Period) for rule in RULES if period != "day" or rule in RULES[:3]],
)
def test_every_day_of_forty_years_belongs_to_one_period_one_quarter_and_one_year(
    period: Period, fiscal: FiscalRule | None
) -> None:
    day = Day(1995, 1, 1)
    while Calendar(day, period, fiscal).misfit is not None:
        day += ONE
    calendar = Calendar(day, period, fiscal)
    seen, t = 0, 0
    while seen < FORTY_YEARS:
        t += 1
        first, last = calendar.first_day(t), calendar.last_day(t)
        assert first == day + seen * ONE, "periods follow each other"
        seen += (last - first).days + 1
        assert {calendar.containing(first), calendar.containing(last)} == {t}
        if period in ("day", "week", "month"):
            assert calendar.fiscal_quarter(t) == (calendar.month_of_year(t) - calendar.rule.start_month) % 12 // 3 + 1
    years = calendar.parts(1, t, "year")
    assert [t for year in years for t in year] == list(range(1, t + 1))
    assert years == tuple(_together(calendar.parts(1, t, "quarter"), years))
    if period in ("day", "week", "month"):
        assert calendar.parts(1, t, "quarter") == tuple(
            _together(calendar.parts(1, t, "month"), calendar.parts(1, t, "quarter"))
        )
    whole = calendar.first_fiscal_year
    assert calendar.parts(whole[0], whole[-1], "year") == (whole,)
    assert (
        len(whole)
        in {"day": (*range(360, 372),), "week": (52, 53), "month": (12,), "quarter": (4,), "year": (1,)}[period]
    )


def _together(parts: tuple[range, ...], wholes: tuple[range, ...]) -> list[range]:
    """Put parts together to the wholes that they lie in."""
    found = [[part for part in parts if part[0] in whole] for whole in wholes]
    return [range(inside[0].start, inside[-1].stop) for inside in found]


@examples(60)
@given(calendars(), st.integers(1, 700), st.integers(0, 60))
def test_names_read_back_as_the_periods_that_they_name(calendar: Calendar, first: int, more: int) -> None:
    label = calendar.label(first, first + more)
    assert calendar.named(label) == range(first, first + more + 1), label
    assert calendar.named(calendar.label(first)) == range(first, first + 1)
    assert calendar.period_from(label) == first
    assert calendar.period_until(label) == first + more


@examples(60)
@given(calendars(), st.integers(2000, 2090))
def test_the_parts_of_a_fiscal_year_are_the_year(calendar: Calendar, year: int) -> None:
    assume(calendar.fiscal is not None)
    assume(year > calendar.start.year + 1)
    whole = calendar.named(f"FY{year}")
    assert whole == calendar.named(f"fy{year % 100:02}")
    assert calendar.label(whole[0], whole[-1]) == f"FY{year % 100:02}"
    assert {calendar.fiscal_year(t) for t in whole} == {f"FY{year % 100:02}"}
    if calendar.period == "year":
        return
    quarters = [calendar.named(f"FY{year} Q{number}") for number in range(1, 5)]
    assert [t for quarter in quarters for t in quarter] == list(whole)
    assert calendar.named(f"FY{year} Q1 to FY{year} Q4") == whole
    assert [[calendar.fiscal_quarter(t) for t in quarter] for quarter in quarters] == [
        [number] * len(quarter) for number, quarter in enumerate(quarters, 1)
    ]
    if calendar.period != "quarter":
        halves = [calendar.named(f"FY{year} H{number}") for number in (1, 2)]
        assert [t for half in halves for t in half] == list(whole)
        months = [calendar.named(f"FY{year} P{number}") for number in range(1, 13)]
        assert [t for month in months for t in month] == list(whole)
    if calendar.period in ("day", "week") and calendar.rule.weeks is not None:
        count = calendar.rule.weeks_in(calendar.rule.serial_called(year))
        weeks = [calendar.named(f"FY{year} W{number}") for number in range(1, count + 1)]
        assert [t for week in weeks for t in week] == list(whole)
        assert [calendar.fiscal_week(week[0]) for week in weeks] == [*range(1, count + 1)]


@examples(60)
@given(st.sampled_from(["day", "week", "month"]), st.dates(Day(1996, 1, 1), Day(2030, 1, 1)), st.integers(1, 400))
def test_without_fiscal_years_a_period_lies_in_the_month_of_its_middle_day(period: Any, start: Day, t: int) -> None:
    calendar = Calendar(start, period)
    first, last = calendar.first_day(t), calendar.last_day(t)
    days = [first + number * ONE for number in range((last - first).days + 1)]
    by_month = [day.month for day in days]
    most = max(set(by_month), key=by_month.count)
    if by_month.count(most) > len(days) / 2 + 2:
        assert calendar.month_of_year(t) == most


@examples(40)
@given(st.sampled_from(get_args(Period)), st.dates(Day(1900, 1, 1), Day(2199, 12, 31)), st.integers(1, 36_500))
def test_names_do_not_end_where_calendars_do(period: Period, start: Day, t: int) -> None:
    calendar = Calendar(start, period)
    assert calendar.label(t)
    assert re.match(f"{period} \\d+$", calendar.label(10**7))


# ---- names and texts, one by one


@pytest.mark.parametrize(
    ("calendar", "span", "label"),
    [
        (Calendar(Day(2026, 11, 1), "month"), (1, 1), "Nov 2026"),
        (Calendar(Day(2026, 11, 1), "month"), (3, 14), "2027"),
        (Calendar(Day(2026, 11, 1), "month"), (3, 5), "Q1 2027"),
        (Calendar(Day(2026, 11, 1), "month"), (3, 26), "2027 to 2028"),
        (Calendar(Day(2026, 11, 15), "month"), (1, 1), "15 Nov 2026 to 14 Dec 2026"),
        (Calendar(Day(2026, 11, 1), "month", FiscalRule(2)), (4, 15), "FY28"),
        (Calendar(Day(2026, 11, 1), "month", FiscalRule(2)), (1, 3), "FY27 Q4"),
        (Calendar(Day(2026, 11, 1), "month", FiscalRule(2)), (1, 2), "Nov 2026 to Dec 2026"),
        (Calendar(Day(2026, 11, 1), "quarter"), (1, 1), "Nov 2026 to Jan 2027"),
        (Calendar(Day(2027, 1, 1), "quarter"), (2, 2), "Q2 2027"),
        (Calendar(Day(2027, 1, 1), "year"), (1, 1), "2027"),
        (Calendar(Day(2027, 1, 4), "week"), (1, 1), "Week of 4 Jan 2027"),
        (Calendar(Day(2027, 1, 4), "week"), (1, 3), "4 Jan 2027 to 24 Jan 2027"),
        (Calendar(Day(2027, 1, 4), "day"), (1, 1), "4 Jan 2027"),
        (Calendar(Day(2023, 1, 29), "week", RETAIL), (53, 53), "FY23 W53"),
        (Calendar(Day(2023, 1, 29), "week", RETAIL), (2, 3), "FY23 W2 to FY23 W3"),
        (Calendar(Day(2023, 1, 29), "week", RETAIL), (5, 9), "FY23 P2"),
        (Calendar(Day(2023, 1, 29), "month", RETAIL), (2, 2), "FY23 P2"),
        (Calendar(Day(1998, 2, 1), "month", FiscalRule(2)), (1, 12), "FY1999"),
    ],
)
def test_what_periods_are_called(calendar: Calendar, span: tuple[int, int], label: str) -> None:
    assert calendar.label(*span) == label


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("2027", range(3, 15)),
        ("2027-04", range(6, 7)),
        ("2027-04 to 2027-09", range(6, 12)),
        ("Apr 2027 to September 2027", range(6, 12)),
        ("2027-04-01 to 2027-06-30", range(6, 9)),
        ("FY28", range(4, 16)),
        ("fy 2028 q2", range(7, 10)),
        ("FY28 H2", range(10, 16)),
        ("FY28 to FY29", range(4, 28)),
        ("year to date 2027-06", range(4, 9)),
        ("YTD 2027-06-30", range(4, 9)),
        ("year to date", range(4, 7)),
    ],
)
def test_which_periods_a_text_names(text: str, periods: range) -> None:
    calendar = Calendar(Day(2026, 11, 1), "month", FiscalRule(2))
    assert calendar.named(text, as_of=Day(2027, 4, 20)) == periods


@pytest.mark.parametrize(
    ("calendar", "text", "reason", "fix"),
    [
        (Calendar(Day(2026, 11, 1), "month"), "FY27", "states no fiscal_calendar", "2027-04 to 2028-03"),
        (Calendar(Day(2026, 11, 1), "month"), "soon", "'soon' does not name periods", "write e.g. FY27"),
        (Calendar(Day(2026, 11, 1), "month"), "Q5 2027", "'Q5 2027' does not name periods", "write e.g. FY27"),
        (Calendar(Day(2026, 11, 1), "month"), "2027-13", "is not a month", "01 to 12"),
        (Calendar(Day(2026, 11, 1), "month"), "2027-02-30", "is not in the calendar", "2027-04-15"),
        (Calendar(Day(2026, 11, 1), "month"), "0027", "the year 27 lies outside", "write e.g. 2027"),
        (Calendar(Day(2026, 11, 1), "month"), "2027-09 to 2027-04", "ends before it begins", "earlier end first"),
        (Calendar(Day(2026, 11, 1), "month"), "2026", "before the first month", "'Nov 2026 to Dec 2026'"),
        (Calendar(Day(2026, 11, 1), "month"), "2020", "before the first month", "e.g. 'Nov 2026'"),
        (Calendar(Day(2026, 11, 1), "month"), "2027-04-15", "does not begin where a month", "Apr 2027 is 1 Apr 2027"),
        (Calendar(Day(2026, 11, 1), "month"), "2027-04-01 to 2027-04-15", "does not end where", "name whole months"),
        (
            Calendar(Day(2027, 1, 1), "quarter"),
            "2027-05 to 2027-09",
            "does not begin where a quarter",
            "whole quarters",
        ),
        (
            Calendar(Day(2027, 1, 1), "quarter"),
            "2027-04 to 2027-08",
            "does not end where a quarter",
            "Q3 2027 is 1 Jul",
        ),
        (Calendar(Day(2026, 11, 1), "month"), "year to date", "does not say to which date", "year to date 2027-06"),
        (Calendar(Day(2026, 11, 1), "month", FiscalRule(2)), "Q2 2027", "may be a quarter", "FY27 Q2, or 2027-04"),
        (Calendar(Day(2026, 11, 1), "month", FiscalRule(2)), "FY27 W3", "not divided into weeks", "pattern"),
        (Calendar(Day(2026, 11, 1), "month", FiscalRule(2)), "FY27 Q5", "not one of the 4", "1 to 4"),
        (Calendar(Day(2023, 1, 29), "week", RETAIL), "FY24 W53", "FY24 has 52 weeks", "W1 to W52"),
        (Calendar(Day(2026, 11, 1), "month"), "2027 to " * 40, "does not name periods", "write e.g."),
    ],
)
def test_texts_that_name_no_periods_of_the_tree(calendar: Calendar, text: str, reason: str, fix: str) -> None:
    with pytest.raises(QuestionError) as caught:
        calendar.named(text)
    (problem,) = caught.value.problems
    assert reason in problem.reason
    assert fix in problem.fix


def test_periods_are_named_by_text() -> None:
    with pytest.raises(QuestionError, match="by text, not by int"):
        Calendar(Day(2026, 11, 1), "month").named(2027)  # type: ignore[arg-type] # what a caller may get wrong


@pytest.mark.parametrize("text", ["2026-10", "2020"])
def test_an_end_of_time_before_the_first_period_is_refused(text: str) -> None:
    calendar = Calendar(Day(2026, 11, 1), "month")
    for ask in (calendar.period_from, calendar.period_until):
        with pytest.raises(QuestionError, match="before the first month"):
            ask(text)


@pytest.mark.parametrize(
    ("start", "period", "fiscal", "fix"),
    [
        (Day(2026, 11, 15), "month", FiscalRule(2), "2026-12-01"),
        (Day(2026, 12, 1), "quarter", FiscalRule(2), "2027-02-01"),
        (Day(2026, 11, 1), "year", FiscalRule(2), "2027-02-01"),
        (Day(2027, 1, 4), "week", RETAIL, "2027-01-10"),
        (Day(2027, 2, 1), "month", RETAIL, "2027-02-28"),
    ],
)
def test_a_first_day_that_splits_a_fiscal_period_does_not_fit(
    start: Day, period: Period, fiscal: FiscalRule, fix: str
) -> None:
    reason, advice = Calendar(start, period, fiscal).misfit or ("", "")
    assert f"no fiscal {period} begins on {start}" == reason
    assert advice.endswith(fix)
    assert Calendar(Day.fromisoformat(fix), period, fiscal).misfit is None


def test_long_years_are_named_where_their_53rd_week_lies_inside() -> None:
    weeks = Calendar(Day(2023, 1, 29), "week", RETAIL)
    assert weeks.long_years(1, 53) == ("FY23 has a 53rd week, 28 Jan 2024 to 3 Feb 2024",)
    assert weeks.long_years(1, 52) == ()
    assert Calendar(Day(2023, 1, 1), "month", FiscalRule(2)).long_years(1, 60) == ()
