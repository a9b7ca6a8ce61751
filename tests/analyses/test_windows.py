"""Answers over periods by name: what a year is worth is what its quarters are worth together."""

from __future__ import annotations

import datetime
import json
import math
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.errors import EvaluationError, QuestionError
from impacttree.views.slides import Figures
from tests.strategies import Sketch, examples, trees

SHOP: dict[str, Any] = {
    "outcome": "profit",
    "start_date": "2026-11-01",
    "fiscal_calendar": {"start": "February"},
    "statement": ["revenue", "-cost", "=profit"],
    "metrics": {
        "customers": {"start": "100 customers", "formula": "prev(customers) + added"},
        "added": {"value": "10 customers/month (8 to 12)"},
        "price": {"value": "$2/customer/month ($1.50 to $2.50)"},
        "revenue": {"formula": "customers * price", "unit": "USD/month"},
        "cost": {"value": "$30/month"},
        "profit": {"formula": "revenue - cost", "unit": "USD/month", "guardrail": {"min": "$100/month"}},
        "margin": {"formula": "profit / revenue"},
    },
}


def shop(**keys: Any) -> it.ImpactTree:
    """Return the tree with some keys changed; None takes a key out."""
    return it.loads(json.dumps({key: value for key, value in (SHOP | keys).items() if value is not None}))


def test_a_fiscal_year_by_hand() -> None:
    tree = shop()
    revenue = {t: 2.0 * (100 + 10 * t) for t in range(1, 40)}
    answer = tree.worth("price", "+10%", over="FY28", on="revenue")
    assert answer.total == pytest.approx(0.1 * sum(revenue[t] for t in range(4, 16)))
    assert answer.before == pytest.approx(sum(revenue[t] for t in range(4, 16)))
    assert answer.by_period == pytest.approx([0.1 * revenue[t] for t in range(4, 16)])
    assert math.fsum(path.amount for path in answer.paths) == pytest.approx(answer.total)
    assert "in FY28" in answer.title
    assert json.loads(answer.to_json())["window"] == "FY28, months 4 to 15"
    assert tree.what_if({"price": "+10%"}, "customers", over="FY28").before == 250


def test_a_slide_tells_three_times_the_window_by_its_own_name() -> None:
    answer = shop().worth("price", "+10%", over="FY28", on="revenue", range=False)
    figures = answer.slides()[0].parts[0].picture
    assert isinstance(figures, Figures)
    assert [panel.head for panel in figures.panels[:2]] == ["FY28", "FY28 to FY30"]
    later = math.fsum(0.2 * (100 + 10 * t) for t in range(4, 40))
    assert figures.panels[1].body == answer.words.signed("revenue", later)
    assert "FY28 to FY30" in str(answer)


def test_the_fiscal_years_of_three_horizons_are_told_beside_the_horizon() -> None:
    answer = shop().worth("price", "+10%", range=False)
    assert [year for year, _ in answer.by_year] == ["FY27 Q4", "FY28", "FY29"]
    gain = [0.2 * (100 + 10 * t) for t in range(1, 37)]
    assert [amount for _, amount in answer.by_year] == pytest.approx([sum(gain[:3]), sum(gain[3:15]), sum(gain[15:27])])
    assert re.search(r"by year to Jan 2029 +FY27 Q4 ", str(answer))  # further than the headline, Nov 2026 to Oct 2027
    within = shop().worth("price", "+10%", range=False, horizon=36)
    assert within.words.yearly(answer.by_year, within.horizon) == "by year"
    assert shop(fiscal_calendar=None).worth("price", "+10%", range=False).by_year == ()


def test_answers_about_what_a_change_brings_tell_fiscal_years_alike() -> None:
    tree = shop(scenarios={"dearer": {"price": "+10%"}})
    worth = tree.worth("price", "+10%", range=False)
    told = "FY27 Q4 +$72, FY28 +$468, FY29 +$756"
    answer = tree.what_if({"price": "+10%"}, range=False)
    assert (answer.by_year, answer.yearly) == (worth.by_year, f"Change of profit by year to Jan 2029: {told}")
    assert answer.yearly in str(answer)
    assert json.loads(answer.to_json())["by_year"] == dict(worth.by_year)
    compared = tree.compare(range=False)
    assert compared["dearer"].by_year == worth.by_year
    assert f"Dearer, change of profit by year to Jan 2029: {told}" in str(compared)
    assert compared.base.by_year == ()
    decided = tree.decide(it.Decision([it.Act("price", "+10%", cost="$100", label="Dearer")]), samples=256)
    assert decided.acts[0].by_year == worth.by_year
    assert f"Dearer by year, before cost: {told}" in str(decided)
    assert "by year" not in str(shop(fiscal_calendar=None).what_if({"price": "+10%"}, range=False))
    assert "by year" not in str(tree.what_if({}, range=False))


def test_run_rates_of_fiscal_years_are_those_of_their_ends() -> None:
    answer = shop().worth("price", "+10%", range=False, basis="run_rate")
    gain = [12 * 0.2 * (100 + 10 * t) for t in range(37)]
    assert dict(answer.by_year) == pytest.approx({"FY27 Q4": gain[3], "FY28": gain[15], "FY29": gain[27]})
    assert answer.total == pytest.approx(gain[12])
    assert "at year ends" in str(answer)
    assert "by year" not in str(answer)
    assert "a year by Oct 2027" in answer.title
    year = shop().worth("price", "+10%", over="FY28", range=False, basis="run_rate")
    assert year.total == pytest.approx(gain[15])
    assert "a year by Jan 2028" in year.title


def test_a_horizon_that_is_a_fiscal_year_is_called_so() -> None:
    tree = shop(start_date="2027-02-01")
    assert "in FY28" in tree.worth("price", "+10%").title
    assert "by Jan 2028" in tree.what_if({"price": "+10%"}, "customers").title
    assert [year for year, _ in tree.worth("price", "+10%").by_year] == ["FY28", "FY29", "FY30"]


def test_without_a_first_day_answers_speak_as_they_did() -> None:
    tree = shop(start_date=None, fiscal_calendar=None)
    assert "in the first 12 months" in tree.worth("price", "+10%").title
    later = tree.worth("price", "+10%", over="months 13 to 24")
    assert "in months 13 to 24" in later.title
    assert json.loads(later.to_json())["window"] == "months 13 to 24"
    assert later.total == pytest.approx(sum(0.2 * (100 + 10 * t) for t in range(13, 25)))
    assert "in month 13" in tree.worth("price", "+10%", over="month 13").title


@pytest.mark.slow
@examples(25)
@given(st.one_of(trees(), trees(kinks=True)), st.data())
def test_quarters_add_up_to_the_year(sketch: Sketch, data: st.DataObject) -> None:
    """Of every metric that is summed: its value, and what a change of any metric is worth on it."""
    tree = sketch.tree()
    spec = tree.spec.with_keys(start_date=datetime.date(2027, 1, 1), period="month")
    try:
        tree = it.ImpactTree.from_spec(spec)
    except it.ModelError:
        assume(False)
    summed = [metric.name for metric in tree._graph.metrics if metric.aggregation == "sum"]
    assume(summed)
    on = data.draw(st.sampled_from(summed))
    metric = data.draw(st.sampled_from([metric.name for metric in tree._graph.metrics]))
    windows = ["2027", *(f"Q{quarter} 2027" for quarter in range(1, 5))]
    try:
        year, *quarters = (tree.what_if({metric: "+1%"}, on, False, over=window) for window in windows)
    except (EvaluationError, it.ChangeError):
        assume(False)
    size = max(1.0, *(abs(answer.before) + abs(answer.after) for answer in (year, *quarters)))
    assert abs(math.fsum(answer.before for answer in quarters) - year.before) <= 1e-9 * size
    assert abs(math.fsum(answer.total for answer in quarters) - year.total) <= 1e-9 * size


def test_ranges_and_simulations_are_those_of_the_window() -> None:
    tree = shop()
    sampled = tree.simulate(on="revenue", over="FY28", samples=256, seed=3).samples("revenue")
    quarters = [
        tree.simulate(on="revenue", over=f"FY28 Q{number}", samples=256, seed=3).samples("revenue")
        for number in (1, 2, 3, 4)
    ]
    assert sum(quarters).tolist() == pytest.approx(sampled.tolist())
    answer = tree.worth("price", "+10%", over="FY28", on="revenue", samples=1024)
    assert answer.range is not None
    assert answer.range.p10 < answer.total < answer.range.p90


def test_a_statement_by_quarter_adds_up_in_rows_and_columns() -> None:
    answer = shop().pnl({"price": "+10%"}, over="FY28", by="quarter")
    table = answer.view()
    assert [column.label for column in table.columns] == ["", "FY28 Q1", "FY28 Q2", "FY28 Q3", "FY28 Q4", "Total"]
    numbers = [[cell.value for cell in row[1:]] for row in table.rows]
    for column in zip(*numbers, strict=True):
        assert column[0] + column[1] == column[2]
    for row in numbers:
        assert sum(row[:-1]) == row[-1]
    assert numbers[2][-1] == round(sum(0.2 * (100 + 10 * t) for t in range(4, 16)))
    rows = [row for row in answer.to_dicts() if row["line"] == "revenue"]
    assert [row["period"] for row in rows] == [None, "FY28 Q1", "FY28 Q2", "FY28 Q3", "FY28 Q4"]
    assert sum(row["change"] for row in rows[1:]) == pytest.approx(rows[0]["change"])
    periods = [row["period"] for row in shop().pnl(over="FY28").to_dicts() if row["line"] == "revenue"]
    assert periods == [None, *range(4, 16)]


@pytest.mark.parametrize(
    ("keys", "by", "reason"),
    [
        ({}, "week", "by is 'week'"),
        ({"start_date": None, "fiscal_calendar": None}, "quarter", "no start_date, so it has no quarters"),
    ],
)
def test_parts_that_a_statement_does_not_have(keys: dict[str, Any], by: str, reason: str) -> None:
    with pytest.raises(QuestionError, match=reason):
        shop(**keys).pnl(by=by)  # type: ignore[arg-type]  # what a caller may get wrong


def test_a_tree_of_quarters_has_no_months() -> None:
    head = "period: quarter\nstart_date: 2027-01-01\noutcome: c\n"
    tree = it.loads(head + "metrics: {a: {value: $3/quarter}, b: {value: $1/quarter}, c: {formula: a - b}}")
    assert [part["period"] for part in tree.pnl(by="year").to_dicts()][-1] == "2027"
    with pytest.raises(QuestionError, match="the tree steps by quarter, and a month is shorter"):
        tree.pnl(by="month")


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ("months 3 to 2", "lies outside the periods"),
        ("month 0", "lies outside the periods"),
        ("month 99999", "lies outside the periods"),
        ("9000", "lies outside the periods"),
        ("FY27", "begins on 1 Feb 2026, before the first month"),
        ("soon", "does not name periods"),
        ("year to date", "does not say to which date"),
    ],
)
def test_windows_that_cannot_be_asked_about(over: str, reason: str) -> None:
    with pytest.raises(QuestionError, match=reason):
        shop().what_if({"price": "+1%"}, over=over)


def test_year_to_date_ends_at_the_newest_number() -> None:
    metrics = {**SHOP["metrics"], "cost": {"value": "$30/month", "as_of": "2027-04-30"}}
    answer = shop(metrics=metrics).what_if({"price": "+10%"}, "revenue", over="year to date")
    assert "Feb 2027 to Apr 2027" in answer.title or "FY28 Q1" in answer.title
    assert answer.total == pytest.approx(sum(0.2 * (100 + 10 * t) for t in (4, 5, 6)))


def test_a_tree_without_a_first_day_says_so() -> None:
    with pytest.raises(QuestionError, match="states no start_date, so 'FY27' does not name periods"):
        shop(start_date=None, fiscal_calendar=None).worth("price", "+1%", over="FY27")


def test_a_53rd_week_is_named_where_it_lies() -> None:
    retail = {"pattern": "4-5-4", "year_end": "Saturday nearest 31 January", "named_after": "start"}
    sales = {
        "price": {"value": "$2/visit"},
        "visits": {"value": "100 visits/week"},
        "sales": {"formula": "visits * price"},
    }
    head = {"period": "week", "start_date": "2023-01-29", "fiscal_calendar": retail, "outcome": "sales"}
    tree = it.loads(json.dumps({**head, "metrics": sales}))
    answer = tree.worth("visits", "+1%", on="sales")
    assert answer.horizon == 53
    assert answer.total == pytest.approx(106)
    assert "in FY23" in answer.title
    assert any("FY23 has a 53rd week, 28 Jan 2024 to 3 Feb 2024" in warning for warning in answer.warnings)
    assert tree.worth("visits", "+1%", over="FY24").total == pytest.approx(104)
    assert not tree.worth("visits", "+1%", over="FY24").warnings
    assert tree.worth("visits", "+1%", over="FY23 P12").total == pytest.approx(2 * 5)
    assert tree.worth("visits", "+1%", over="FY23 W53").total == pytest.approx(2)


def test_a_projection_shows_the_periods_that_are_named() -> None:
    answer = shop().project(over="FY28 Q1")
    assert [row["period"] for row in answer.to_dicts()] == [4, 5, 6]
    assert [row[0].text for row in answer.view().rows] == ["Feb 2027", "Mar 2027", "Apr 2027"]
    assert answer.picture().ticks == ("Feb 27", "Mar 27", "Apr 27")
    whole = shop().project()
    assert [row[0].text for row in whole.view().rows][:2] == ["Today", "Nov 2026"]
    assert whole.picture().ticks[:2] == ("today", "Nov 26")
