from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from tests.analyses.models import CLUB, SHOP, asked, can_be_asked, club, over, shop
from tests.oracles.unrolled import oracle_of
from tests.strategies import Sketch, changes, examples, trees


def test_values_today_are_those_before_any_period():
    values = it.loads(CLUB).values()
    assert dict(values) == pytest.approx(
        {
            "spirit": 0.4, "churn": 0.05, "joins": 400, "members": 10_000, "mean_members": 10_000, "fee": 50,
            "fees": 500e3, "staff": 490e3, "result": 10e3, "reserve": 100e3,
        }
    )  # fmt: skip
    assert not values.changed
    assert values.moves == ()
    assert {m.rule for m in values.metrics} == {"value at t = 0"}


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        (SHOP, {"speed": "+10 points"}, shop(speed=90)),
        (SHOP, {"speed": "=75 points", "fixed": "+10%"}, shop(speed=75, fixed=11e3)),
        (SHOP, {"conversion": "+0.5pp", "margin": "=35%"}, shop(conversion=0.005, margin=0.35)),
        (SHOP, {"basket": "-$4", "speed": "+10%"}, shop(basket=-4, speed=88)),
        (CLUB, {"spirit": "+5pp"}, over(club(spirit=0.45))),
        (CLUB, {"churn": "+1pp", "fee": "=€60", "joins": "+25%"}, over(club(churn=0.01, fee=60, joins=500))),
    ],
)
def test_values_with_changes_are_those_over_the_horizon(text, changes, expected):
    tree = it.loads(text)
    values, plain = tree.values(changes), over(club()) if text == CLUB else shop()
    assert dict(values) == pytest.approx(expected, rel=1e-12)
    assert {m.name: m.before for m in values.metrics} == pytest.approx(plain, rel=1e-12)
    assert [move.metric for move in values.moves] == list(changes)


@pytest.mark.parametrize(
    ("changes", "shown", "basket"),
    [
        (["+10%", "+$2"], "+10% then +$2", 40 * 1.1 + 2),
        (["+$2", "+10%"], "+$2 then +10%", 40 * 1.1 + 2),
        (["+10%", "=$30", "-$1"], "+10% then =$30 then -$1", 30 * 1.1 - 1),
        (["+10%", "+10%"], "+10% then +10%", 40 * 1.21),
    ],
)
def test_several_changes_on_one_metric_are_set_then_multiplied_then_added(changes, shown, basket):
    values = it.loads(SHOP).values({"basket": changes})
    assert values["basket"] == pytest.approx(basket)
    assert values.moves[0].change == shown


def test_values_are_a_mapping():
    tree = it.loads(SHOP)
    values = tree.values()
    assert isinstance(values, Mapping)
    assert list(values) == list(tree)
    assert len(values) == len(tree)
    assert "speed" in values
    assert "nothing" not in values
    with pytest.raises(KeyError, match="nothing"):
        values["nothing"]


def cells(values):
    return {row[0].value: [cell.text for cell in row[2:]] for row in values.view().rows}


def test_the_table_of_today():
    shown = cells(it.loads(CLUB).values())
    assert it.loads(CLUB).values().view().title == "Values today (t = 0)"
    assert shown["churn"] == ["5.0%", "per quarter"]
    assert shown["fee"] == ["€50", "per member per quarter"]
    assert shown["joins"] == ["400", "members per quarter"]
    assert shown["members"] == ["10k", ""]


def test_the_table_with_changes_says_how_each_value_is_formed():
    values = it.loads(CLUB).values({"spirit": "+5pp"})
    shown, base, lifted = cells(values), over(club()), over(club(spirit=0.45))
    assert values.view().title == "Values over the first 6 quarters"
    assert shown["spirit"] == ["45.0%", "", "quarter 6", "40.0%", "+5pp"]
    assert shown["churn"] == ["4.0%", "per quarter", "quarter 6", "5.0%", "-1pp"]
    assert shown["joins"] == ["2.4k", "members", "sum of 6 quarters", "2.4k", "no change"]
    percent = (lifted["fees"] / base["fees"] - 1) * 100
    assert shown["fees"] == ["€2.97M", "", "sum of 6 quarters", "€2.9M", f"+{percent:.2f}%"]
    assert shown["mean_members"][2] == "mean of 6 quarters"
    assert cells(it.loads(SHOP).values({"speed": "+1 points"}))["profit_share"][2] == "recomputed over 12 months"
    assert "With +5pp Team spirit (40.0% -> 45.0%, +5pp)" in str(values)
    assert str(values).endswith("Basis: changes held from quarter 1.")


def test_values_too_close_to_tell_apart_get_more_digits():
    shown = cells(it.loads(SHOP).values({"visits": "+1 visits/month"}))
    assert shown["visits"] == ["1.08001M", "", "sum of 12 months", "1.08M", "+0.0011%"]


def test_warnings_are_told():
    values = it.loads(SHOP).values({"speed": "+10 points"})
    assert values.warnings[0].startswith("extrapolated: Page speed at 90 points, outside 70 points to 85 points")
    assert values.warnings[0] in str(values)


def test_rows_carry_names_numbers_units_and_rules():
    today = {row["metric"]: row for row in it.loads(CLUB).values().to_dicts()}
    assert today["fees"] == {
        "metric": "fees", "label": "Fees", "value": 500e3, "unit": "EUR/quarter", "rule": "value at t = 0"
    }  # fmt: skip
    rows = {row["metric"]: row for row in it.loads(CLUB).values({"fee": "+€5"}).to_dicts()}
    assert rows["fees"]["unit"] == "EUR"
    assert rows["fees"]["rule"] == "flow per quarter: summed"
    assert rows["fees"]["change"] == pytest.approx(5 * sum(row["members"] for row in club()))
    assert rows["churn"] == {
        "metric": "churn", "label": "Churn", "value": 0.05, "before": 0.05, "change": 0.0, "unit": "%/quarter",
        "rule": "level: value of the last period",
    }  # fmt: skip


def test_json_says_what_was_changed():
    data = json.loads(it.loads(CLUB).values({"fee": "+€5", "spirit": ["+1pp", "+10%"]}).to_json())
    assert data["changes"] == {"fee": "+€5", "spirit": "+1pp then +10%"}
    assert data["basis"] == "changes held from quarter 1"


@examples(40)
@given(st.one_of(trees(), trees(kinks=True)), st.data())
def test_values_are_those_of_a_second_engine(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    drawn = data.draw(changes(sketch, most=3))
    assume(can_be_asked(sketch, drawn, tree.values()))
    world = oracle_of(sketch, tree).world(drawn)
    values = tree.values(asked(drawn))
    assert dict(values) == pytest.approx({name: float(world.over(name)) for name in tree}, rel=1e-9, abs=1e-12)
