"""Which periods the numbers of a series are of, and what is wrong with them."""

from __future__ import annotations

import pytest

import impacttree as it

STARTS = "start_date: 2027-01-01\n"


def wrong(text: str) -> list[str]:
    with pytest.raises(it.ModelError) as raised:
        it.loads(text)
    return [problem.reason for problem in raised.value.problems]


def test_each_kind_of_problem_is_told_once_with_all_it_is_about() -> None:
    values = "{2027-01: 1, 2027-01-31: 2, 1: 3, 2027-05: 4, 2027-05-01: 5, soon: 6, late: 7, 2026-11: 8, 2026-12: 9, "
    values += "2027 Q3: 10, 2028: 11, 2027-07-15: 12}"
    found = wrong(STARTS + f"metrics: {{a: {{values: {values}, then: hold}}, b: {{formula: a}}}}")
    assert found == [
        "soon, late: not the name of a month",
        "2027 Q3, 2028, 2027-07-15: not one month of the tree",
        "2026-11, 2026-12: before the first month of the tree (Jan 2027)",
        "stated more than once: month 1 (Jan 2027), month 5 (May 2027)",
    ]


def test_gaps_are_listed() -> None:
    values = "{2027-02: 1, 2027-05: 2, 2027-06: 3}"
    (found,) = wrong(STARTS + f"metrics: {{a: {{values: {values}, then: hold}}, b: {{formula: a}}}}")
    assert found == "no value for month 1 (Jan 2027), month 3 (Mar 2027), month 4 (Apr 2027)"


def test_a_series_of_another_period() -> None:
    text = STARTS + "period: quarter\nhorizon: 2\nmetrics: {a: {values: {2027-01: 1, 2027-02: 2}}, b: {formula: a}}"
    assert wrong(text) == ["2027-01, 2027-02: not one quarter of the tree"]
    grown = STARTS + "metrics: {a: {values: [1], then: grow 5%/year}, b: {formula: a}}"
    assert wrong(grown) == ["the growth is stated by year, and the tree steps by month"]


def test_a_53rd_week_has_its_name() -> None:
    head = (
        "period: week\nhorizon: 2\nstart_date: 2024-01-21\n"
        "fiscal_calendar: {start: February, pattern: 4-5-4, year_end: Saturday nearest 31 January, "
        "named_after: start}\n"
    )
    tree = it.loads(head + "metrics: {a: {values: {FY23 W52: 1, FY23 W53: 2}}, b: {formula: a}}\noutcome: b")
    assert list(tree.project(2)["b"])[1:] == [1, 2]
    found = wrong(head + "metrics: {a: {values: {FY23 W52: 1, FY23 W53: 2, FY24 W53: 3}}, b: {formula: a}}")
    assert found == ["FY24 W53: not the name of a week"]


def test_dates_need_a_start() -> None:
    found = wrong("metrics: {a: {values: {2027-01: 1, FY27: 2}, then: hold}, b: {formula: a}}")
    assert found == ["2027-01, FY27: a month has no date where the tree has no start"]
    found = wrong("metrics: {a: {value: 1, seasonality: [1, 1, 1, 1]}, m: {formula: a * month_of_year()}}")
    assert found == [
        "a season needs to know when the tree starts",
        "month_of_year() needs to know when the tree starts",
    ]


def test_a_horizon_beyond_the_end() -> None:
    (found,) = wrong(STARTS + "metrics: {a: {values: [1, 2, 3]}, b: {formula: a}}")
    assert found == "the values end with month 3 (Mar 2027), and the horizon is 12 months"
    tree = it.loads(STARTS + "horizon: 3\nmetrics: {a: {values: [1, 2, 3]}, b: {formula: a + 1}}\noutcome: b")
    with pytest.raises(it.EvaluationError, match="ends with Mar 2027, and Dec 2027 is asked for"):
        tree.worth("a", "+1%", horizon=12)
    assert tree.worth("a", "+10%").long == (tree.worth("a", "+10%").total,)


def test_seasons_fit_the_period_of_the_tree() -> None:
    twelve = ", ".join(["1"] * 12)
    yearly = STARTS + f"period: year\nmetrics: {{a: {{value: 1, seasonality: [{twelve}]}}, b: {{formula: a}}}}"
    assert wrong(yearly) == ["a year has all its seasons in a tree that steps by year"]
    assert wrong(yearly.replace("year\n", "quarter\n")) == [
        "a quarter has no months of its own in a tree that steps by quarter"
    ]


def test_a_season_multiplies_from_the_first_period_and_not_at_the_start() -> None:
    tree = it.loads(
        STARTS
        + "metrics: {a: {value: 10, seasonality: {Q1: 0.7, Q2: 0.9, Q3: 1, Q4: 1.4}}, b: {formula: a - baseline(a)}}"
        "\noutcome: b"
    )
    factors = [0.7] * 3 + [0.9] * 3 + [1] * 3 + [1.4] * 3
    assert tree["a"].today == 10
    assert list(tree.project(12)["b"]) == pytest.approx([0.0, *(10 * factor - 10 for factor in factors)])


def test_drivers_are_anchored_at_the_start_of_a_series() -> None:
    tree = it.loads(
        "horizon: 2\nmetrics: {x: {values: [10, 20], start: 5}, y: {value: 3, drivers: {x: {slope: 0.1}}}}\noutcome: y"
    )
    assert list(tree.project(2)["y"]) == pytest.approx([3.0, 3.5, 4.5])
    assert tree["x"].today == 5


def test_clocks() -> None:
    tree = it.loads(
        "start_date: 2026-11-01\nhorizon: 3\noutcome: y\n"
        "metrics: {y: {formula: 100 * period_number() + month_of_year(), aggregate: sum}}"
    )
    assert list(tree.project(3)["y"]) == [10, 111, 212, 301]
    assert "month_of_year" in tree["y"].formula
    with pytest.raises(it.ModelError, match="cannot be recomputed"):
        it.loads("metrics: {a: {value: 1}, y: {formula: a * period_number(), aggregate: recompute}}\noutcome: y")
