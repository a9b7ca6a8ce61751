from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.quantity import add
from tests.analyses.models import CLUB, COST, SHOP, amount, asked, can_be_asked, club, near, over, shop
from tests.strategies import Sketch, changes, examples, trees

ANY_TREE = st.one_of(trees(), trees(kinks=True), trees(kinks=True, jumps=True))


def facts(worth):
    """The lines below the sentence, by label."""
    return {fact.label: fact.rows for fact in worth.view().facts}


# ---- a tree without time, by hand


def test_every_figure_of_a_tree_without_time():
    worth = it.loads(SHOP).worth("speed", "+10 points")
    before, after = shop(), shop(speed=90)
    gain = after["profit"] - before["profit"]
    assert worth.total == pytest.approx(gain, rel=1e-12)
    assert worth.by_period == pytest.approx([gain / 12] * 12, rel=1e-12)
    assert worth.run_rate == pytest.approx(gain, rel=1e-12)
    assert worth.long == pytest.approx((gain, 2 * gain, 3 * gain), rel=1e-12)
    assert (worth.before, worth.after) == pytest.approx((before["profit"], after["profit"]), rel=1e-12)
    assert worth.relative == pytest.approx(gain / before["profit"], rel=1e-12)
    assert (worth.metric_before, worth.metric_after) == (80.0, 90.0)
    assert worth.one_point is None
    assert worth.horizon == 12
    assert (worth.metric, worth.outcome, worth.change) == ("speed", "profit", "+10 points")


def test_the_outcomes_stand_beside_each_other():
    worth = it.loads(SHOP).worth("speed", "+10 points")
    before, after = shop(), shop(speed=90)
    assert [o.name for o in worth.outcomes] == ["revenue", "profit", "basket"]
    for o in worth.outcomes:
        assert (o.before, o.after) == pytest.approx((before[o.name], after[o.name]), rel=1e-12)
        assert o.change == pytest.approx(after[o.name] - before[o.name], rel=1e-9)


def test_paths_are_the_integral_of_two_growing_factors():
    """Profit is visits x (c0 + kc s) x (b0 + kb s) x margin along the lift s: each factor's part has a closed form."""
    worth = it.loads(SHOP).worth("speed", "+10 points")
    times = 90e3 * 0.3 * 12
    by_conversion = times * 0.002 * (40 + 1.0 / 2)
    by_basket = times * 1.0 * (0.02 + 0.002 / 2)
    assert [path.metrics[1:-1] for path in worth.paths] == [("conversion", "orders", "revenue"), ("basket", "revenue")]
    assert [path.amount for path in worth.paths] == pytest.approx([by_conversion, by_basket], rel=1e-9)
    assert [path.share for path in worth.paths] == pytest.approx([p.amount / worth.total for p in worth.paths])
    assert [path.grade for path in worth.paths] == ["experiment", "judgement"]
    assert worth.paths[0].labels == ("Page speed", "Conversion", "Orders", "Revenue", "Operating profit")
    assert worth.rest == 0


def test_edges_carry_what_comes_through_them():
    worth = it.loads(SHOP).worth("speed", "+10 points")
    carried = {(edge.source, edge.target): edge.amount for edge in worth.edges}
    by_conversion, by_basket = (path.amount for path in worth.paths)
    assert carried == pytest.approx(
        {
            ("speed", "conversion"): by_conversion,
            ("speed", "basket"): by_basket,
            ("conversion", "orders"): by_conversion,
            ("orders", "revenue"): by_conversion,
            ("basket", "revenue"): by_basket,
            ("revenue", "profit"): worth.total,
        },
        rel=1e-9,
    )
    assert {(e.source, e.target) for e in worth.edges if e.assumed} == {("speed", "conversion"), ("speed", "basket")}
    assert all(edge.lag == 0 for edge in worth.edges)


def test_what_it_rests_on_is_shared_out_by_the_weakest_grade_of_each_path():
    worth = it.loads(SHOP).worth("speed", "+10 points")
    assert [(g.grade, g.effects) for g in worth.rests_on] == [
        ("experiment", ("conversion <- speed: experiment, range from the grade, 2026-03",)),
        ("judgement", ("basket <- speed: judgement, range from the grade",)),
    ]
    assert [g.share for g in worth.rests_on] == pytest.approx([path.share for path in worth.paths])


def test_a_path_counts_under_its_weakest_grade_and_opposite_paths_by_their_size():
    tree = it.loads("""
outcome: d
metrics:
  a: {value: 10}
  b: {value: 10, drivers: {a: {slope: "2", evidence: experiment}}}
  c: {value: 10, drivers: {b: {slope: "2", evidence: correlation}, a: {slope: "-1", evidence: experiment}}}
  d: {formula: c - 0.5 * a}
""")
    worth = tree.worth("a", "+1")  # of the correlation half is counted
    assert {path.metrics: path.amount for path in worth.paths} == pytest.approx(
        {("a", "b", "c", "d"): 2.0, ("a", "c", "d"): -1.0, ("a", "d"): -0.5}
    )
    assert worth.total == pytest.approx(0.5)
    assert [path.share for path in worth.paths] == pytest.approx([4.0, -2.0, -1.0])
    assert {g.grade: g.share for g in worth.rests_on} == pytest.approx({"experiment": 1 / 3.5, "correlation": 2 / 3.5})
    assert worth.by_formulas == pytest.approx(0.5 / 3.5)
    assert "the rest by formulas alone, no evidence stated for how people react (14%)" in str(worth)


def test_template_values_are_counted():
    one = SHOP.replace("kind: product}", "kind: product, placeholder: true}", 1)
    assert it.loads(one).worth("speed", "+1 points").placeholders == (1, 8)
    assert "1 of 8 inputs is a template value" in str(it.loads(one).worth("speed", "+1 points"))
    two = one.replace("value: 30%,", "value: 30%, placeholder: true,")
    assert "2 of 8 inputs are template values" in str(it.loads(two).worth("speed", "+1 points"))
    assert "template" not in str(it.loads(CLUB).worth("spirit", "+1pp"))


def test_another_outcome_can_be_asked_about():
    worth = it.loads(SHOP).worth("speed", "+10 points", on="orders")
    assert worth.total == pytest.approx(90e3 * 0.002 * 12)
    assert [o.name for o in worth.outcomes] == ["orders", "revenue", "profit", "basket"]


# ---- a tree through time, quarter by quarter


@pytest.mark.parametrize(
    ("metric", "change", "moved"),
    [
        ("spirit", "+5pp", {"spirit": 0.45}),
        ("spirit", "+10%", {"spirit": 0.44}),
        ("spirit", "=42%", {"spirit": 0.42}),
        ("churn", "-0.5pp", {"churn": -0.005}),
        ("joins", "+50 members/quarter", {"joins": 450}),
        ("joins", "-10%", {"joins": 360}),
        ("fee", "+€2", {"fee": 52}),
        ("staff", "=€480k", {"staff": 480e3}),
    ],
)
def test_every_figure_of_a_tree_through_time(metric, change, moved):
    worth = it.loads(CLUB).worth(metric, change)
    base, lifted = club(quarters=18), club(**moved, quarters=18)
    gain = [after["result"] - before["result"] for before, after in zip(base, lifted, strict=True)]
    assert worth.by_period == pytest.approx(gain[:6], rel=1e-9, abs=1e-6)
    assert worth.total == pytest.approx(sum(gain[:6]), rel=1e-9)
    assert worth.run_rate == pytest.approx(4 * gain[5], rel=1e-9)
    assert worth.long == pytest.approx((sum(gain[:6]), sum(gain[:12]), sum(gain)), rel=1e-9)
    before, after = over(base[:6]), over(lifted[:6])
    for o in worth.outcomes:
        assert (o.before, o.after) == pytest.approx((before[o.name], after[o.name]), rel=1e-12)
    assert (worth.metric_before, worth.metric_after) == pytest.approx((before[metric], after[metric]), rel=1e-12)


def test_one_point_is_a_lift_of_its_own():
    worth = it.loads(CLUB).worth("spirit", "+5pp")
    expected = over(club(spirit=0.41))["result"] - over(club())["result"]
    assert worth.one_point == pytest.approx(expected, rel=1e-9)
    assert it.loads(CLUB).worth("fee", "+1%").one_point is None


@pytest.mark.parametrize("value", ["100%", "99.5%"])
def test_no_point_is_offered_where_bounds_leave_no_room(value):
    tree = it.loads(f"metrics: {{a: {{value: {value}, bounds: 0% to 100%}}, b: {{formula: a * 2}}}}")
    assert tree.worth("a", "-1pp").one_point is None


def test_run_rate_of_rates_that_compound_is_not_stated():
    tree = it.loads(CLUB)
    assert tree.worth("spirit", "+5pp", on="churn").run_rate is None
    assert tree.worth("spirit", "+5pp", on="members").run_rate is None
    assert tree.worth("fee", "+€1", on="fees").run_rate == pytest.approx(4 * club(quarters=6)[-1]["members"])


def test_linear_paths_through_a_stock_are_geometric_sums():
    text = """
period: year
horizon: 4
outcome: out
metrics:
  x: {value: 10}
  y: {value: 5, drivers: {x: {slope: "0.5", lag: 1}}}
  stock: {start: 100, formula: prev(stock) * 0.9 + 2 * x + 3 * y}
  out: {formula: stock * 4 + x, aggregate: sum}
"""
    worth = it.loads(text).worth("x", "+1")
    kept = [sum(0.9**k for k in range(t)) for t in range(1, 5)]
    late = [0.0, *kept[:3]]
    assert {path.metrics: path.amount for path in worth.paths} == pytest.approx(
        {
            ("x", "stock", "out"): 4 * 2 * sum(kept),
            ("x", "y", "stock", "out"): 4 * 3 * 0.5 * sum(late),
            ("x", "out"): 4.0,
        }
    )
    assert worth.total == pytest.approx(4 * 2 * sum(kept) + 4 * 3 * 0.5 * sum(late) + 4)


def test_an_effect_that_comes_later_than_the_horizon_shows_in_the_longer_ones():
    text = """
horizon: 3
metrics:
  x: {value: 10}
  y: {value: 5, drivers: {x: {slope: "0.5", lag: 4}}}
  out: {formula: y * 2, aggregate: sum}
"""
    worth = it.loads(text).worth("x", "+1")
    assert (worth.total, worth.long, worth.paths) == (0.0, (0.0, 2.0, 5.0), ())
    assert "does not change out in the first 3 months" in worth.title
    assert facts(worth)["run rate"] == (("0 a year by month 3", "+5 in the first 9 months"),)


def test_longer_horizons_stop_where_the_tree_has_no_value():
    text = """
horizon: 3
metrics:
  x: {value: 10}
  stock: {start: 5, formula: prev(stock) - 1}
  out: {formula: x * sqrt(stock), aggregate: sum}
"""
    assert len(it.loads(text).worth("x", "+1").long) == 1
    assert len(it.loads(text.replace("start: 5", "start: 6.5")).worth("x", "+1").long) == 2
    assert len(it.loads(text.replace("start: 5", "start: 9")).worth("x", "+1").long) == 3


# ---- the printed answer


def test_the_sentence_and_the_lines_of_the_template():
    """The form of the example in the design."""
    lines = str(it.template("saas").worth("engagement", "+1%")).splitlines()
    assert lines[0] == (
        "+1% Weekly engagement (42.0% -> 42.42%, +0.42pp) adds $17.1k operating profit "
        "from Nov 2026 to Oct 2027 (+0.22%)"
    )
    assert [line[2:15].strip() for line in lines[1:] if line[2] != " "] == [
        "range", "run rate", "also", "through", "rests on", "guardrails", "basis"
    ]  # fmt: skip
    assert lines[-1].endswith(
        "accrual, pre-tax, undiscounted, before the cost of achieving it; lift held from Nov 2026, "
        "if achieved in full; illustrative template figures"
    )


SENTENCES = [
    (SHOP, "speed", "+10 points", "Page speed (80 points -> 90 points) adds $33k operating profit", "+23.7%"),
    (SHOP, "visits", "-10%", "Visits (1.08M -> 972k in 12 months) costs $25.9k operating profit", "-18.6%"),
    (SHOP, "fixed", "-$1k/month", "Fixed cost ($120k -> $108k in 12 months) adds $12k operating profit", "+8.62%"),
    (CLUB, "spirit", "=45%", "Team spirit (40.0% -> 45.0%, +5pp) adds €69.5k result", "+190%"),
    (COST, "self_service", "+1pp", "Self-service share (20.0% -> 21.0%, +1pp) saves €3.84k support cost", "-1.25%"),
    (COST, "rate", "+€1", "Hourly rate (€32 -> €33) adds €9.6k support cost", "+3.13%"),
]


@pytest.mark.parametrize(("text", "metric", "change", "does", "percent"), SENTENCES)
def test_the_sentence(text, metric, change, does, percent):
    when = {SHOP: "12 months", CLUB: "6 quarters", COST: "4 quarters"}[text]
    assert it.loads(text).worth(metric, change).title == f"{change} {does} in the first {when} ({percent})"


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("result", "adds €69.5k result in the first 6 quarters"),
        ("reserve", "adds €69.5k reserve by quarter 6"),
        ("members", "adds 448 members by quarter 6"),
        ("mean_members", "adds 232 members in the mean on average over the first 6 quarters"),
        ("churn", "lowers churn by 1pp by quarter 6"),
    ],
)
def test_amounts_are_added_and_levels_are_raised(on, sentence):
    assert sentence in it.loads(CLUB).worth("spirit", "+5pp", on=on).title


def test_an_outcome_that_is_better_lower_saves_or_costs():
    worth = it.loads(COST).worth("self_service", "+1pp")
    assert facts(worth)["run rate"] == (("saves €3.84k a year by quarter 4", "saves €11.5k in the first 12 quarters"),)
    assert "saves 120 support hours" in it.loads(COST).worth("self_service", "+1pp", on="hours").title
    worse = it.loads(COST).worth("self_service", "-2pp")
    assert "+1pp would" not in str(worth)  # it is what was asked
    assert worse.one_point == worth.total
    assert it.loads(COST).worth("tickets", "+1").one_point is None
    assert "adds €7.68k support cost" in worse.title
    assert "+1pp would save €3.84k" in str(worse)
    assert "worth -" not in str(worse)


@pytest.mark.parametrize(
    ("label", "sentence"),
    [("Lost time", "saves 5.4 hours of lost time in the first month"), ("Lost hours", "saves 5.4 lost hours in the")],
)
def test_times_do_not_say_their_word_twice(label, sentence):
    tree = it.loads(f"""
horizon: 1
metrics:
  calls: {{value: 1_080 calls/month}}
  wait: {{value: 30 minutes/call}}
  lost: {{label: {label}, formula: in_hours(calls * wait), unit: hours/month, better: lower}}
""")
    assert sentence in tree.worth("wait", "-1%").title


def test_a_change_that_is_small_beside_the_value_still_reads_as_a_change():
    title = it.loads(SHOP).worth("conversion", "+0.01%").title
    assert "(2.0% -> 2.0002%, +0.0002pp)" in title
    assert "(80 points -> 80.01 points)" in it.loads(SHOP).worth("speed", "+0.01 points").title


def test_changes_read_in_the_units_of_their_metric():
    tree = it.loads(CLUB)
    shown = {
        ("spirit", it.to(0.45)): "=45%",
        ("spirit", it.add(0.02)): "+2pp",
        ("spirit", it.points(-1)): "-1pp",
        ("spirit", it.relative(0.015)): "+1.5%",
        ("fee", it.add(2)): "+€2",
        ("fee", "=€55/member/quarter"): "=€55",
        ("joins", it.add(20)): "+20/quarter",
        ("staff", "-€5k"): "-€5k/quarter",
    }
    assert {key: tree.worth(*key).change for key in shown} == shown


def test_figures_of_other_outcomes_say_when():
    also = facts(it.loads(SHOP).worth("speed", "+10 points"))["also"][0][0]
    assert also == "revenue +$110k; basket +$1 by month 12"
    also = facts(it.template("saas").worth("engagement", "+1%", on="mrr"))["also"][0]
    assert also[0] == (
        "revenue +$21k, gross profit +$17.1k, contribution after S&M +$17.1k, operating profit +$17.1k "
        "from Nov 2026 to Oct 2027"
    )


def test_no_effect_is_said_with_its_reason():
    worth = it.loads(SHOP).worth("profit_share", "+1%")
    assert worth.title.endswith("does not change operating profit in the first 12 months")
    assert worth.total == 0
    assert worth.warnings == ("no path in this tree leads from Profit share to Operating profit",)
    assert not {"run rate", "through", "rests on"} & facts(worth).keys()


def test_a_loss_that_shrinks_is_a_gain():
    worth = it.loads(CLUB).worth("fee", "+€0.5")
    assert worth.before < worth.after < 0
    assert worth.relative == pytest.approx(worth.total / -worth.before)
    assert " adds €" in worth.title
    assert worth.title.endswith("(+79.2%)")


def shown_lines(worth):
    """The parts, their shares and the total of a printed answer."""
    rows = [row for row in facts(worth).get("through", ()) if not row[0].startswith(("= ", "of which "))]
    return [amount(row[1]) for row in rows], [amount(row[2].rstrip("%")) for row in rows if row[2]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["saas", "internal", "duolingo"])
def test_shown_parts_are_rounded_one_by_one(name):
    tree = it.template(name)
    today = tree.values()
    for metric in tree:
        if metric == tree.outcome or tree[metric].unit.is_share or today[metric] is None:
            continue
        worth = tree.worth(metric, "+1%")
        if worth.total:
            parts, shares = shown_lines(worth)
            shown = [route.amount for route in worth.routes[: len(parts)]]
            rounded = [amount(worth.words.signed(worth.outcome, value)) for value in shown]
            assert parts[:2] == rounded[:2], str(worth)
            offset = any(part * worth.total < 0 for part in map(float, parts))
            assert sum(shares) == (0 if offset else 100), str(worth)


# ---- paths that only formulas part are one route


FORKED = """
metrics:
  usage: {value: 40%}
  churn: {value: 10%, drivers: {usage: {slope: -0.1pp per pp, evidence: experiment}}}
  buyers: {value: 1000, drivers: {usage: {slope: 5 per pp, evidence: judgement}}}
  kept: {formula: buyers * (1 - churn)}
  sales: {formula: kept * 20}
  costs: {label: Cost of sales, formula: kept * 8}
  fees: {formula: usage * 100}
  margin: {formula: sales - costs}
  profit: {formula: margin - fees, aggregate: last}
outcome: profit
"""


def test_paths_part_and_join_again_within_a_route():
    worth = it.loads(FORKED).worth("usage", "+10pp", range=False)
    found = {route.labels: route for route in worth.routes}
    assert set(found) == {("Buyers", "Kept"), ("Churn", "Kept"), ("Fees",)}
    buyers = found["Buyers", "Kept"]
    parts = dict(buyers.parts)
    assert list(parts) == ["Sales", "Cost of sales"]
    assert parts["Sales"] == pytest.approx(-parts["Cost of sales"] * 20 / 8)
    assert buyers.amount == pytest.approx(math.fsum(parts.values()))
    assert found["Fees",].parts == ()
    assert found["Fees",].amount == pytest.approx(-10.0)
    rows = facts(worth)["through"]
    assert [row[0] for row in rows] == [
        "Buyers > Kept > …", "of which sales +905x, cost of sales -362x", "Churn > Kept > …", "Fees", "= profit",
    ]  # fmt: skip
    assert not any(row[2] for row in rows)


def test_the_flagship_says_its_share_though_costs_rise_with_revenue():
    rows = facts(it.template("saas").worth("engagement", "+1%"))["through"]
    assert [row[2] for row in rows] == ["92%", "", "5%", "3%", "100%"]


@pytest.mark.slow
@examples(60)
@given(ANY_TREE, st.data())
def test_routes_hold_every_path_once_and_foot(sketch: Sketch, data: st.DataObject) -> None:
    drawn = data.draw(changes(sketch, [name for name in sketch.metrics if name != sketch.outcome]))
    tree = sketch.tree()
    assume(can_be_asked(sketch, drawn, tree.values()))
    ((metric, given_changes),) = asked(drawn).items()
    worth = tree.worth(metric, given_changes, range=False)
    size = 1e-9 * (1 + math.fsum(abs(path.amount) for path in worth.paths))
    paths = [path for route in worth.routes for path in route.paths]
    assert sorted(path.metrics for path in paths) == sorted(path.metrics for path in worth.paths)
    assert math.fsum([*(route.amount for route in worth.routes), worth.rest]) == pytest.approx(worth.total, abs=size)
    for route in worth.routes:
        assert all(path.labels[1 : 1 + len(route.labels)] == route.labels for path in route.paths)
        assert len({path.grade for path in route.paths}) == 1
        assert bool(route.parts) == (len(route.paths) > 1)
        if route.parts:
            assert math.fsum(amount for _, amount in route.parts) == pytest.approx(route.amount, abs=size)


# ---- what holds for every tree


@pytest.mark.slow
@examples(40)
@given(ANY_TREE, st.data())
def test_a_lift_by_nothing_is_worth_exactly_nothing(sketch: Sketch, data: st.DataObject) -> None:
    worth = sketch.tree().worth(data.draw(st.sampled_from(list(sketch.metrics))), add(0))
    assert worth.total == 0
    assert set(worth.by_period) == {0}
    assert set(worth.long) == {0}
    assert worth.paths == ()
    assert "does not change" in worth.title


@pytest.mark.slow
@examples(60)
@given(ANY_TREE, st.data())
def test_parts_add_up_and_other_questions_agree(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    drawn = data.draw(changes(sketch))
    assume(can_be_asked(sketch, drawn, tree.values()))
    ((metric, given),) = asked(drawn).items()
    worth, what_if = tree.worth(metric, given), tree.what_if({metric: given})
    size = abs(worth.before)
    assert (worth.total, worth.before, worth.after) == (what_if.total, what_if.before, what_if.after)
    assert worth.run_rate == what_if.run_rate
    amounts = [path.amount for path in worth.paths]
    assert near(math.fsum([*amounts, worth.rest]), worth.total, *amounts, size)
    assert all(abs(big.amount) >= abs(small.amount) for big, small in pairwise(worth.paths))
    if worth.rests_on:
        assert near(math.fsum([worth.by_formulas, *(g.share for g in worth.rests_on)]), 1)
    projected, plain = tree.project(None, {metric: given}), tree.project()
    moved = [a - b for a, b in zip(projected[sketch.outcome][1:], plain[sketch.outcome][1:], strict=True)]
    assert worth.by_period == tuple(moved)
    values = tree.values({metric: given})
    assert values[sketch.outcome] == worth.after
    assert values[metric] == worth.metric_after
    parts, shares = shown_lines(worth)
    assert not shares or sum(shares) == 100
    assert worth.total == 0 or not parts or near(float(sum(parts)), worth.total, *map(float, parts), tolerance=0.006)
    json.loads(worth.to_json())


@pytest.mark.parametrize(
    ("low", "high", "formula", "metric", "change"),
    [
        (1, 1, "max(m3, m0, m0)", "m3", "-50%"),
        (2, 1, "max(m3, m0, m0)", "m3", "+100%"),
        (1, 2, "max(m0, m0, m3)", "m0", "=2"),
    ],
)
def test_a_lift_that_only_touches_a_corner_carries_nothing(low, high, formula, metric, change):
    text = f"metrics: {{m0: {{value: {low}}}, m3: {{value: {high}}}, y: {{formula: '{formula}'}}}}"
    worth = it.loads(text).worth(metric, change)
    assert (worth.total, worth.paths, worth.rest) == (0, (), 0)
    assert "does not change" in str(worth)


# ---- ways out


def test_rows_carry_names_numbers_and_units():
    rows = it.loads(CLUB).worth("spirit", "+5pp").to_dicts()
    assert rows[0] | {"amount": 0, "share": 0} == {
        "path": "spirit > churn > members > fees > result",
        "labels": "Team spirit > Churn > Members > Fees > Result",
        "amount": 0,
        "unit": "EUR",
        "share": 0,
        "grade": "quasi_experiment",
    }


def test_json_says_what_the_figures_mean():
    worth = it.loads(CLUB).worth("spirit", "+5pp")
    data = json.loads(worth.to_json())
    assert data["question"] == "worth"
    assert (data["total"], data["unit"], data["over"]) == (worth.total, "EUR", "sum of 6 quarters")
    assert data["long"] == list(worth.long)
    assert data["by_period"] == list(worth.by_period)
    assert data["basis"] == worth.basis
    assert data["sentence"] == worth.title
    assert data["guardrails"][0]["metric"] == "reserve"
    assert data["rests_on"] == {"quasi_experiment": 1.0}
    assert len(data["rows"]) == len(worth.paths)


def test_a_waterfall_stands_on_the_paths():
    worth = it.template("saas").worth("engagement", "+1%")
    picture = worth.waterfall()
    *parts, whole = picture.steps
    assert whole.role == "total"
    assert whole.amount == worth.total
    assert [step.text for step in parts] == [worth.words.signed("profit", step.amount) for step in parts]
    assert math.isclose(sum(step.amount for step in parts), worth.total, rel_tol=1e-9)
    assert "from Nov 2026 to Oct 2027" in picture.title
    assert worth.picture() == picture


PARTING = """
currency: USD
outcome: profit
metrics:
  usage: {value: 50%}
  habit: {value: 10, drivers: {usage: {slope: 0.1 per pp, evidence: judgement}}}
  fans: {label: Advocates, value: 5, drivers: {habit: {slope: 0.5, evidence: judgement}}}
  refs: {label: Advocates, value: 5, drivers: {habit: {slope: 0.2, evidence: judgement}}}
  sales: {formula: fans + refs * 2 + habit}
  price: {value: $10}
  profit: {formula: sales * price, aggregate: last}
"""


def test_bars_of_a_waterfall_are_named_by_where_their_paths_part():
    """All four begin with the same metric, and two go on through metrics of the same label."""
    steps = it.loads(PARTING).worth("usage", "+10pp", range=False).waterfall().steps
    assert {step.label for step in steps} == {"Sales", "Advocates (fans)", "Advocates (refs)", "Worth"}


@examples(40)
@given(trees(), st.data())
def test_no_two_bars_of_a_waterfall_have_one_name(sketch: Sketch, data: st.DataObject) -> None:
    tree = sketch.tree()
    drawn = data.draw(changes(sketch, [name for name in sketch.metrics if name != sketch.outcome]))
    assume(can_be_asked(sketch, drawn, tree.values()))
    ((metric, given_changes),) = asked(drawn).items()
    labels = [step.label for step in tree.worth(metric, given_changes, range=False).waterfall().steps]
    assert len(set(labels)) == len(labels)
