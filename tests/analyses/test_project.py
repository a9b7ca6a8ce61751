from __future__ import annotations

import json

import pytest

import impacttree as it
from impacttree.errors import QuestionError
from tests.analyses.models import CLUB, SHOP, club, shop


def test_every_metric_in_every_period():
    projection = it.loads(CLUB).project(20)
    by_hand = club(quarters=20)
    assert len(projection.values) == 21
    for t, row in enumerate(by_hand, 1):
        assert {name: projection[name][t] for name in row} == pytest.approx(row, rel=1e-12)


def test_period_zero_is_today_before_any_change():
    projection = it.loads(CLUB).project(3, {"fee": "=€80", "joins": "+10%"})
    today = dict(it.loads(CLUB).values())
    assert dict(zip(projection.names, projection.values[0], strict=True)) == today
    assert projection["fee"] == (50, 80, 80, 80)
    assert projection["joins"] == pytest.approx((400, 440, 440, 440))


def test_the_base_case_stands_beside_the_changes():
    projection = it.loads(CLUB).project(6, {"spirit": "+5pp"})
    column = projection.names.index("result")
    assert projection["result"][1:] == pytest.approx([row["result"] for row in club(spirit=0.45)])
    assert [row[column] for row in projection.before[1:]] == pytest.approx([row["result"] for row in club()])
    plain = it.loads(CLUB).project(6)
    assert plain.before == plain.values


def test_the_horizon_is_the_default():
    assert len(it.loads(CLUB).project().values) == 7
    assert len(it.loads(SHOP).project().values) == 13


def test_a_tree_without_time_is_the_same_in_every_period():
    projection = it.loads(SHOP).project(3, {"speed": "+5 points"})
    assert projection["profit"][1:] == pytest.approx([shop(speed=85, months=1)["profit"]] * 3)
    assert projection["profit"][0] == pytest.approx(shop(months=1)["profit"])


def test_the_table():
    text = str(it.loads(CLUB).project(2, {"staff": "-€10k", "spirit": "+5pp"}))
    lines = text.splitlines()
    assert lines[0] == "Projection by quarter, over 2 quarters"
    assert lines[1].split("  ")[0] == "Quarter"
    assert [line.split()[0] for line in lines[3:6]] == ["0", "1", "2"]
    assert lines[6:] == [
        "Quarter 0 is today, before any change.",
        "With -€10k/quarter Staff (€490k -> €480k in quarter 2)",
        "With +5pp Team spirit (40.0% -> 45.0%, +5pp in quarter 2)",
        "Basis: accrual, pre-tax, undiscounted; changes held from quarter 1.",
    ]


def test_one_period_is_singular():
    assert str(it.loads(SHOP).project(1)).startswith("Projection by month, over 1 month\n")


def test_a_tree_without_money_states_no_accounting_basis():
    tree = it.loads("metrics: {a: {value: 2}, b: {formula: a * 3}}")
    assert "accrual" not in str(tree.project(2))


def test_rows_are_wide_and_the_json_has_the_units():
    projection = it.loads(CLUB).project(2)
    rows = projection.to_dicts()
    assert [row["period"] for row in rows] == [0, 1, 2]
    assert rows[1]["fees"] == pytest.approx(club()[0]["fees"])
    data = json.loads(projection.to_json())
    assert data["units"]["fees"] == "EUR/quarter"
    assert data["units"]["churn"] == "%/quarter"
    assert data["changes"] == {}


def test_a_metric_may_be_called_like_the_key_of_the_period():
    rows = it.loads("metrics: {period: {value: 2}, b: {formula: period * 3}}").project(1).to_dicts()
    assert rows == [{"period_": 0, "period": 2, "b": 6}, {"period_": 1, "period": 2, "b": 6}]


def test_a_frame_has_a_row_for_each_period():
    frame = it.loads(CLUB).project(4).to_frame()
    assert list(frame["period"]) == [0, 1, 2, 3, 4]
    assert frame["members"].tolist() == pytest.approx([10_000, *(row["members"] for row in club()[:4])])


def test_the_chart_has_both_lines_and_round_levels():
    picture = it.loads(CLUB).project(4, {"spirit": "+5pp"}).picture()
    after, before = picture.series
    assert after.accent
    assert after.values[1:] == pytest.approx([row["result"] for row in club(spirit=0.45)[:4]])
    assert before.values[1:] == pytest.approx([row["result"] for row in club()[:4]])
    heights = [y for y, _ in picture.levels]
    assert min(heights) <= min(*after.values, *before.values)
    assert max(heights) >= max(*after.values, *before.values)
    assert len(it.loads(CLUB).project(4).picture().series) == 1


@pytest.mark.parametrize("values", ["2", "-3"])
def test_a_flat_line_has_levels_around_it(values):
    picture = it.loads(f"metrics: {{a: {{value: {values}}}, b: {{formula: a}}}}").project(2).picture()
    heights = [y for y, _ in picture.levels]
    assert heights[0] <= float(values) <= heights[-1]
    assert len(heights) > 1


@pytest.mark.parametrize("periods", [0, -1, 1.5, "x", True, 10**9])
def test_periods_are_whole_and_bounded(periods):
    with pytest.raises(QuestionError, match=r"the horizon: .* not a whole number from 1 to 36_500"):
        it.loads(CLUB).project(periods)


def test_an_unknown_metric_is_named():
    with pytest.raises(QuestionError, match=r"there is no metric 'memebers' \(did you mean 'members'\?\)"):
        it.loads(CLUB).project(1)["memebers"]
