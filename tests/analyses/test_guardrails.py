from __future__ import annotations

import json

import pytest

import impacttree as it
from tests.analyses.models import CLUB, COST, SHOP, club

STOCK = """
horizon: 12
outcome: level
metrics:
  flow: {value: 10}
  level: {start: 100, formula: prev(level) - flow, guardrail: {min: 35, max: 200}}
"""


def level(text, changes=None):
    return it.loads(text).check_guardrails(changes).checks


def test_each_guardrail_at_its_tightest_period():
    (check,) = it.loads(CLUB).check_guardrails().checks
    reserves = [row["reserve"] for row in club()]
    tightest = reserves.index(min(reserves)) + 1
    assert (check.metric, check.label, check.side, check.limit) == ("reserve", "Reserve", "floor", 95e3)
    assert check.value == pytest.approx(min(reserves))
    assert check.period == tightest
    assert check.breached == tuple(t for t, value in enumerate(reserves, 1) if value < 95e3)
    assert not check.holds


def test_floors_stand_before_caps_and_all_must_hold():
    report = it.loads(SHOP).check_guardrails()
    assert [(check.side, check.limit) for check in report.checks] == [("floor", 0.15), ("cap", 0.4)]
    assert report.holds
    assert not it.loads(CLUB).check_guardrails().holds
    assert it.loads(COST).check_guardrails().holds


def test_a_cap_is_tightest_where_the_value_is_highest():
    checks = level(STOCK, {"flow": "=-12"})
    assert [(check.side, check.period, check.value) for check in checks] == [("floor", 1, 112), ("cap", 12, 244)]
    assert checks[1].breached == (9, 10, 11, 12)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("prev(level) - flow", "BREACHED from period 7"),
        ("prev(level) - 100", "BREACHED in every period"),
        ("prev(level) - 5", "holds"),
        ("if(cumulative(flow) == 30, 10, 50)", "BREACHED in period 3"),
        ("if(cumulative(flow) < 30, 50, if(cumulative(flow) < 50, 10, 50))", "BREACHED from period 3 to 4"),
        (
            "if(cumulative(flow) == 30, 10, if(cumulative(flow) == 50, 20, 50))",
            "BREACHED in 2 of 12 periods, first in period 3",
        ),
    ],
)
def test_when_a_limit_is_broken(formula, text):
    model = STOCK.replace("prev(level) - flow", f'"{formula}"').replace(", max: 200", "")
    (check,) = level(model)
    assert check.text.endswith(text.replace("period", "month"))
    assert check.text.startswith("Level ")


def test_the_text_names_the_period_or_that_all_are_alike():
    floor, _ = it.loads(SHOP).check_guardrails(range=False).checks
    assert floor.text == "Profit share 16.1% in every month, floor 15.0%: holds"
    assert level(STOCK)[0].text == "Level -20 in month 12, floor 35: BREACHED from month 7"
    assert level(STOCK)[1].text == "Level 90 in month 1, cap 200: holds"


def test_a_flow_is_checked_by_period():
    text = COST.replace("kind: financial, better: lower}", "kind: financial, better: lower, guardrail: {max: €75k}}")
    (check,) = it.loads(text).check_guardrails().checks
    assert check.text == "Support cost €76.8k a quarter, cap €75k a quarter: BREACHED in every quarter"


def test_a_value_at_its_limit_holds_whatever_the_rounding():
    text = "metrics: {a: {value: 0.1}, b: {formula: a + a + a, guardrail: {max: 0.3}}, c: {formula: b}}"
    (check,) = it.loads(text).check_guardrails().checks
    assert check.value > 0.3
    assert check.holds


def test_a_value_close_to_its_limit_is_shown_apart_from_it():
    (check,) = it.loads("metrics: {a: {value: 2.9999, guardrail: {min: 3}}, b: {formula: a}}").check_guardrails().checks
    assert check.text == "A 2.9999, floor 3: BREACHED in every month"


def test_what_is_broken_without_the_change_is_told_beside():
    tree = it.loads(STOCK.replace(", max: 200", ""))
    assert tree.worth("flow", "-10%").guardrails[0].text == (
        "Level -8 in month 12, floor 35: BREACHED from month 8; without the change from month 7"
    )
    assert tree.what_if({"flow": "-1%"}).guardrails[0].text.endswith("BREACHED from month 7, as without the change")
    assert tree.worth("flow", "-60%").guardrails[0].text.endswith("floor 35: holds")
    fine = it.loads(STOCK.replace("min: 35", "min: -30"))
    assert fine.worth("flow", "+50%").guardrails[0].text.endswith("floor -30: BREACHED from month 9")


def test_the_table():
    text = str(it.loads(CLUB).check_guardrails({"fee": "+€1"}, range=False))
    lines = text.splitlines()
    assert lines[0] == "Guardrails in each of 6 quarters"
    assert lines[3].split() == ["Reserve", "floor", "€95k", "€115k", "quarter", "1", "holds"]
    assert lines[4] == "With +€1 Fee (€50 -> €51)"
    assert "BREACHED from quarter 4" in str(it.loads(CLUB).check_guardrails())


def test_labels_with_commas_and_colons_stay_whole():
    text = "metrics: {a: {label: 'A, b: c', value: 5, guardrail: {min: 3}}, b: {formula: a}}"
    row = it.loads(text).check_guardrails().view().rows[0]
    assert [cell.text for cell in row] == ["A, b: c", "floor 3", "5", "month 1", "holds"]


def test_a_tree_without_guardrails_says_so():
    assert "The tree has no guardrails." in str(it.loads(COST).check_guardrails())


def test_rows_and_json():
    report = it.loads(CLUB).check_guardrails({"fee": "-€1"}, range=False)
    (row,) = report.to_dicts()
    reserves = [value["reserve"] for value in club(fee=49)]
    assert row == {
        "metric": "reserve", "side": "floor", "limit": 95e3, "value": pytest.approx(min(reserves)), "period": 6,
        "holds": False, "label": "Reserve", "unit": "EUR", "breached_periods": sum(value < 95e3 for value in reserves),
        "risk": None,
    }  # fmt: skip
    data = json.loads(report.to_json())
    assert (data["holds"], data["changes"]) == (False, {"fee": "-€1"})
