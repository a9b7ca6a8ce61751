from __future__ import annotations

import json
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.analyses import sensitivity
from impacttree.analyses.sensitivity import ordinal
from impacttree.errors import QuestionError
from tests.analyses.models import CLUB, COST, SHOP, club, near, over, shop
from tests.strategies import Sketch, examples, trees


def profit(**keys):
    return shop(**keys)["profit"]


def test_every_figure_of_a_tree_without_time():
    rows = {row.metric: row for row in it.loads(SHOP).sensitivity().rows}
    base = profit()
    one = {
        "speed": profit(speed=80.8),
        "visits": profit(visits=90_900),
        "conversion": profit(conversion=0.0002),
        "basket": profit(basket=0.4),
        "margin": profit(margin=0.303),
        "fixed": profit(fixed=9_900),
    }
    assert {name: rows[name].worth for name in one} == pytest.approx({n: v - base for n, v in one.items()}, rel=1e-9)
    plausible = {"speed": profit(speed=92), "visits": profit(visits=100e3), "fixed": profit(fixed=9e3)}
    for name, value in plausible.items():
        assert rows[name].plausible_worth == pytest.approx(value - base, rel=1e-9)
    assert {name: rows[name].plausible for name in plausible} == {
        "speed": (80, 92), "visits": (90e3, 100e3), "fixed": (10e3, 9e3)
    }  # fmt: skip
    assert {name for name, row in rows.items() if row.plausible is None} == {
        "conversion", "basket", "orders", "revenue", "margin"
    }  # fmt: skip
    assert "profit" not in rows
    assert "profit_share" not in rows


def test_elasticities_of_a_tree_without_time():
    rows = {row.metric: row.elasticity for row in it.loads(SHOP).sensitivity().rows}
    contribution = shop()["revenue"] * 0.3 / profit()
    assert rows == pytest.approx(
        {
            "visits": contribution,
            "conversion": contribution,
            "basket": contribution,
            "orders": contribution,
            "revenue": contribution,
            "margin": contribution,
            "fixed": -120e3 / profit(),
            "speed": contribution * (80 * 0.0002 / 0.02 + 80 * 0.1 / 40),
        }
    )


def test_every_figure_of_a_tree_through_time():
    rows = {row.metric: row for row in it.loads(CLUB).sensitivity().rows}

    def result(**keys):
        return over(club(**keys))["result"]

    base, step = result(), 1e-6
    one = {"spirit": result(spirit=0.404), "joins": result(joins=404), "fee": result(fee=50.5)}
    one |= {"staff": result(staff=490e3 * 0.99)}
    assert {name: rows[name].worth for name in one} == pytest.approx({n: v - base for n, v in one.items()}, rel=1e-9)
    assert rows["spirit"].plausible_worth == pytest.approx(result(spirit=0.5) - base, rel=1e-9)
    slopes = {
        "spirit": result(spirit=0.4 * (1 + step)) - result(spirit=0.4 * (1 - step)),
        "joins": result(joins=400 * (1 + step)) - result(joins=400 * (1 - step)),
        "fee": result(fee=50 * (1 + step)) - result(fee=50 * (1 - step)),
        "staff": result(staff=490e3 * (1 + step)) - result(staff=490e3 * (1 - step)),
    }
    assert {name: rows[name].elasticity for name in slopes} == pytest.approx(
        {name: slope / (2 * step) / base for name, slope in slopes.items()}, rel=1e-5
    )


def test_lower_is_better_where_the_metric_says_so():
    rows = {row.metric: row for row in it.loads(COST).sensitivity().rows}
    assert {name: row.percent for name, row in rows.items()} == {
        "tickets": "-1%", "self_service": "+1%", "minutes": "-1%", "hours": "-1%", "rate": "-1%"
    }  # fmt: skip
    assert rows["tickets"].plausible == (12_000, 9_000)
    assert rows["tickets"].plausible_worth == pytest.approx(-3_000 * 0.8 * 0.25 * 32 * 4)
    text = str(it.loads(COST).sensitivity())
    assert "-1%: saves €3.07k" in text
    assert "saves €76.8k" in text
    assert "worth" not in text


def test_ranks_are_by_the_plausible_move_and_the_rest_follow_by_one_percent():
    rows = it.loads(SHOP).sensitivity().rows
    levers, spend = ([row for row in rows if row.is_spend == is_spend] for is_spend in (False, True))
    assert list(rows) == [*levers, *spend]
    ranked = [row for row in levers if row.rank is not None]
    others = [row for row in levers if row.rank is None]
    assert [row.rank for row in ranked] == list(range(1, len(ranked) + 1))
    assert levers == [*ranked, *others]
    assert [row.metric for row in ranked] == ["speed", "visits"]
    assert [(row.metric, row.rank) for row in spend] == [("fixed", 1)]
    assert [abs(row.worth) for row in others] == sorted((abs(row.worth) for row in others), reverse=True)


def test_the_title_says_what_ranks():
    assert it.loads(SHOP).sensitivity().view().title == (
        "What moves operating profit in the first 12 months, ranked by a plausible move"
    )
    plain = it.loads("metrics: {a: {value: 2}, b: {value: 3}, c: {formula: a * b}}").sensitivity()
    assert not plain.is_ranked
    assert plain.view().title == "What moves C as measured over the first 12 months, ranked by 1%"
    assert "so what 1% does ranks them" in str(plain)


def test_what_is_unknown_is_said():
    text = str(it.loads(SHOP).sensitivity())
    row = next(line for line in text.splitlines() if line.startswith("Conversion"))
    assert "not stated" in row
    assert "Metrics that state no plausible range or range of their value come last" in text
    assert "Basis: first 12 months (flow per month: summed); accrual, pre-tax, undiscounted" in text


def test_a_move_beyond_what_was_seen_is_marked():
    answer = it.loads(SHOP).sensitivity()
    assert answer["speed"].extrapolated
    assert not answer["visits"].extrapolated
    assert "+$39.8k *" in str(answer)
    assert "* extrapolated: the move leaves the range in which an effect or a formula was seen." in str(answer)


def test_a_move_is_not_blamed_for_what_was_beyond_before():
    text = SHOP.replace("70 to 85 points", "70 to 75 points")
    answer = it.loads(text).sensitivity()
    assert answer["speed"].extrapolated
    assert not answer["visits"].extrapolated


def test_zero_and_bounds_leave_one_percent_out_and_say_why():
    text = """
outcome: y
metrics:
  zero: {value: 0}
  full: {value: 100%, bounds: 0% to 100%}
  loss: {value: -5}
  y: {formula: 3 + zero + full + loss}
"""
    rows = {row.metric: row for row in it.loads(text).sensitivity().rows}
    assert (rows["zero"].worth, rows["full"].worth, rows["loss"].worth) == (None, None, None)
    assert rows["zero"].elasticity is None
    assert rows["full"].elasticity == pytest.approx(1 / -1)
    assert [rows[name].left_out for name in ("zero", "full", "loss")] == [
        "value is zero",
        "out of bounds",
        "below zero",
    ]
    text = str(it.loads(text).sensitivity())
    assert "undefined" not in text
    assert "Out of bounds: +1% would take Full beyond its bounds, 0% to 100%." in text


def test_a_move_without_a_value_says_why():
    text = "outcome: y\nmetrics: {a: {value: 1, plausible: 0 to 2, better: lower}, y: {formula: 1 / a}}"
    row = it.loads(text).sensitivity()["a"]
    assert row.plausible == (1, 0)
    assert row.plausible_worth is None
    assert row.rank is None
    assert row.worth == pytest.approx(1 / 0.99 - 1)
    assert "No value after the move: Y: division by zero" in str(it.loads(text).sensitivity())


def test_a_negative_outcome_explains_its_elasticities():
    answer = it.loads(CLUB).sensitivity()
    assert answer.total == pytest.approx(over(club())["result"])
    assert answer["fee"].elasticity < 0 < answer["fee"].worth
    assert "With Result below zero, an elasticity below zero means a rise." in str(answer)
    assert "below zero" not in str(it.loads(SHOP).sensitivity())


def test_the_bottleneck_is_named():
    text = """
outcome: shipped
metrics:
  demand: {value: 120 orders/month}
  capacity: {value: 100 orders/month}
  shipped: {formula: "min(demand, capacity)"}
"""
    answer = it.loads(text).sensitivity()
    assert answer.kinks == ("bottleneck for Shipped: Capacity, the lower of Demand and Capacity",)
    assert answer["demand"].worth == 0
    assert answer["capacity"].elasticity == pytest.approx(1)
    lines = {line.split("  ")[0]: line for line in str(answer).splitlines()}
    assert lines["Demand"].endswith(" 0.00")


@pytest.mark.parametrize(
    ("formula", "elasticity", "at_corner"),
    [
        ("max(a, 1)", 1, True),
        ("max(1, a)", 0, True),
        ("clip(a, 0, 1)", 1, True),
        ("abs(a - 1) + 1", 1, True),
        ("interpolate(a, 0, 0, 1, 1, 2, 5)", 1, True),
        ("max(a, 0.9)", 1, False),
        ("a**3", 3, False),
    ],
)
def test_an_elasticity_at_a_corner_is_marked(formula, elasticity, at_corner):
    answer = it.loads(f"outcome: y\nmetrics: {{a: {{value: 1}}, y: {{formula: '{formula}'}}}}").sensitivity()
    assert answer["a"].elasticity == pytest.approx(elasticity)
    assert answer["a"].at_corner == at_corner
    assert ("^ at a corner of the formulas: up and down differ" in str(answer)) == at_corner


def test_one_metric_alone_has_nothing_that_moves_it():
    answer = it.loads("metrics: {revenue: {value: $10k/month, kind: financial}}").sensitivity()
    assert answer.rows == ()
    assert "No other metric moves Revenue." in str(answer)


def test_a_row_by_name():
    answer = it.loads(SHOP).sensitivity()
    assert answer["visits"].label == "Visits"
    with pytest.raises(
        QuestionError, match=r"'vists' is not one of the metrics that move profit \(did you mean 'visits'"
    ):
        answer["vists"]


def test_the_tornado_has_the_ranked_rows():
    answer = it.loads(SHOP).sensitivity()
    picture = answer.picture()
    assert [bar.label for bar in picture.bars] == [
        "Page speed, 80 points → 92 points", "Visits, 90k → 100k", "Fixed cost, $10k → $9k"
    ]  # fmt: skip
    ranked = [row for row in answer.rows if row.rank is not None]
    for bar, row in zip(picture.bars, ranked, strict=True):
        assert (bar.low, bar.high) == (min(row.plausible_worth, 0), max(row.plausible_worth, 0))
        assert bar.low_tone == bar.high_tone == "favourable"
    assert picture.subtitle.startswith("First 12 months, one metric at a time")
    assert "What a plausible move does to support cost" in it.loads(COST).sensitivity().picture().title
    lines = it.loads(CLUB).sensitivity(on="members").picture()
    assert lines.subtitle.startswith("By quarter 6, one metric at a time")


def test_the_tornado_shows_itself_in_a_notebook():
    tornado = it.loads(SHOP).sensitivity().tornado()
    assert tornado.to_dicts()[2] == {"metric": "Fixed cost, $10k → $9k", "low": 0.0, "high": pytest.approx(12_000)}
    assert "image/svg+xml" in tornado._repr_mimebundle_()


def test_rows_carry_names_numbers_and_units():
    row = it.loads(SHOP).sensitivity().to_dicts()[0]
    assert row == {
        "metric": "speed", "label": "Page speed", "value": 80, "unit": "points", "elasticity": row["elasticity"],
        "at_corner": False,
        "percent": "+1%", "worth_of_percent": pytest.approx(profit(speed=80.8) - profit()), "plausible_to": 92,
        "worth_of_plausible": pytest.approx(profit(speed=92) - profit()), "worth_unit": "USD", "extrapolated": True,
        "rank": 1, "is_spend": False, "worth_later": pytest.approx(3 * (profit(speed=92) - profit())),
        "rank_later": 1, "overtakes": False, "turns": False, "percent_left_out": None,
    }  # fmt: skip
    data = json.loads(it.loads(SHOP).sensitivity(on="orders").to_json())
    assert data["outcome"] == "orders"
    assert data["rows"][0]["worth_unit"] == "orders"


@pytest.mark.slow
@examples(40)
@given(st.one_of(trees(), trees(stepped=True)))
def test_worth_and_elasticity_agree_with_what_if(sketch: Sketch) -> None:
    tree = sketch.tree()
    answer = tree.sensitivity()
    for row in answer.rows:
        assert row.rank is None
        if row.worth is not None:
            again = tree.what_if({row.metric: row.percent}).total
            assert near(row.worth, again, answer.total, tolerance=1e-12)
    assume(abs(answer.total) > 1e-6)
    for row in answer.rows:
        if row.elasticity is not None and row.value > 0:
            step = 1e-5
            up, down = (tree.what_if({row.metric: it.relative(s * step)}).after for s in (1, -1))
            slope = (up - down) / (2 * step * answer.total)
            assert near(row.elasticity, slope, up / answer.total * 1e-6 / step, 1e-3, tolerance=1e-3)


def test_no_row_of_the_table_is_silently_left_out_of_the_tornado():
    found = it.template("saas").sensitivity()
    bars, notes = found.picture().bars, " ".join(found.picture().notes)
    for row in found.rows:
        drawn = any(bar.label.startswith(f"{row.label}, ") for bar in bars)
        assert drawn == (row.plausible is not None)
        assert drawn or row.label in notes
    assert sum(row.plausible is not None for row in found.rows) == len(bars) == 15


def test_without_a_plausible_range_the_tornado_is_of_one_percent():
    tree = it.loads("outcome: b\nmetrics: {a: {value: 2}, c: {value: 3}, b: {formula: a * c * c}}")
    picture = tree.sensitivity().picture()
    assert picture.title.startswith("What 1% ")
    assert len(picture.bars) == 2
    assert all(bar.label.endswith(", +1%") for bar in picture.bars)


TURNING = """
horizon: 4
outcome: result
metrics:
  spark: {value: 10 points, plausible: 9 to 20 points}
  slow: {value: 10 points, plausible: 9 to 12 points}
  debt: {start: 0 USD, formula: prev(debt) + (spark - 10) * each, better: lower}
  stock: {start: 100 USD, formula: prev(stock) + (slow - 10) * each}
  each: {value: $1/point/month}
  rent: {value: $500/month, plausible: $400 to $600, better: lower}
  result: {formula: spark * 100 * each + turns * (stock - debt * 20) - rent}
  turns: {value: 1/month}
"""


def test_what_turns_around_or_changes_its_rank_over_three_horizons_is_marked():
    tree = it.loads(TURNING)
    answer = tree.sensitivity(horizon=4)
    assert (answer.horizon, answer.later) == (4, 12)
    for row in answer.rows:
        if row.plausible is not None:
            moved = {row.metric: it.to(row.plausible[1])}
            assert row.plausible_worth == pytest.approx(tree.what_if(moved, range=False).total)
            assert row.later == pytest.approx(tree.what_if(moved, range=False, horizon=12).total)
    spark = answer["spark"]
    assert spark.plausible_worth > 0 > spark.later
    assert spark.turns
    text = str(answer)
    assert "In 12 months" in text
    assert "(turns): another sign over 12 months." in text
    marked = [row.metric for row in answer.rows if row.overtakes and not row.turns]
    for row in answer.rows:
        assert row.plausible is None or (row.metric in marked) == (
            f" ({ordinal(row.later_rank)})" in cells(answer, row)
        )


def cells(answer, row):
    """The text of a row over the longer horizon."""
    return next(shown[4].text for shown in answer.view().rows if shown[0].value == row.metric)


@given(st.permutations(range(8)))
def test_the_fewest_that_change_place_are_marked(places):
    """Against all subsets: nobody else can be left unmarked without two of them standing in another order."""
    kept = sensitivity._steady(places)
    shown = [place for place in places if place in kept]
    assert shown == sorted(shown)
    longest = max(
        (subset for size in range(9) for subset in combinations(places, size) if list(subset) == sorted(subset)),
        key=len,
    )
    assert len(kept) == len(longest)
