"""What a lift leaves out, held to closed forms and to a search by other questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

import impacttree as it
from impacttree.errors import ModelError

PRICE = """
name: Shop
outcome: paid
metrics:
  price: {value: $30/order, not_modelled: {sold: no price test yet}}
  sold: {value: 50 orders/month}
  cost: {value: $5/order, better: lower}
  paid: {formula: (price - cost) * sold, unit: USD/month, kind: financial}
"""
STAYED = """
outcome: paid
horizon: 6
metrics:
  price: {value: $30/customer/month, not_modelled: {gone: never tested, customers: a guess}}
  gone: {value: 5%/month, bounds: 0%/month to 100%/month, better: lower}
  customers: {start: 1000 customers, formula: prev(customers) * (1 - gone) + 20}
  paid: {formula: price * customers, unit: USD/month, kind: financial}
"""


def untested():
    """Northwind CRM without an effect of its price on anything."""
    tree = it.template("saas")
    for metric in (tree["churn"], tree["conversion"]):
        tree = tree.with_metric(metric.with_keys(drivers=tuple(d for d in metric.drivers if d.source != "arpu")))
    left_out = dict.fromkeys(("churn", "conversion"), "no price test yet")
    return tree.with_metric(tree["arpu"].with_keys(not_modelled=left_out))


def ends(worth):
    return {(one.metric, one.horizon): one.at for one in worth.not_modelled}


@pytest.mark.slow
@given(st.integers(1, 80), st.integers(10, 100), st.integers(1, 1000), st.integers(0, 9))
def test_the_move_is_that_of_the_closed_form(percent, price, sold, cost):
    text = PRICE.replace("$30/", f"${price}/").replace("50 orders", f"{sold} orders").replace("$5/", f"${cost}/")
    found = it.loads(text).worth("price", it.relative(percent / 100)).not_modelled
    expected = (price - cost) * sold / (price * (1 + percent / 100) - cost)
    assert [one.horizon for one in found] == [12, 36]
    assert [one.at for one in found] == pytest.approx([expected] * 2, rel=1e-9)
    assert [one.move for one in found] == pytest.approx([expected - sold] * 2, rel=1e-6)
    assert {(one.metric, one.by, one.note) for one in found} == {("sold", "price", "no price test yet")}


@pytest.mark.parametrize(("metric", "ahead"), [("churn", 12), ("churn", 36), ("conversion", 12), ("conversion", 36)])
def test_the_move_is_that_found_by_bisection_over_another_question(metric, ahead):
    tree = untested()
    at = ends(tree.worth("arpu", "+3%"))[metric, ahead]
    before = tree.what_if({}, range=False, horizon=ahead).before

    def left(value):
        return tree.what_if({"arpu": "+3%", metric: it.to(value)}, range=False, horizon=ahead).after - before

    assert at == pytest.approx(brentq(left, 0.01, 0.5, xtol=1e-13), rel=1e-9)


def test_on_a_time_loop_the_path_is_moved_as_a_change_would_move_it():
    tree = it.loads(STAYED)
    worth = tree.worth("price", "+10%")
    assert ends(worth)["customers", 6] == pytest.approx(worth.not_modelled[2].stands / 1.1, rel=1e-9)
    both = {"price": "+10%", "gone": it.to(ends(worth)["gone", 18])}
    assert tree.what_if(both, horizon=18, range=False).total == pytest.approx(0, abs=1e-6 * worth.before)


def test_the_first_lines_the_data_and_the_board_say_it():
    tree = untested()
    worth = tree.worth("arpu", "+3%")
    lines = str(worth).splitlines()
    assert "Monthly churn (no price test yet): the gain is gone if it goes from 2.5% to 3.11% (12 months)" in lines[1]
    assert "to 2.75% (36 months)" in lines[1]
    assert "Trial to paid (no price test yet): the gain is gone if it goes from 18.0% to 13.5%" in lines[2]
    assert "rests on       formulas alone: no evidence stated for how people react" in str(worth)
    assert "exact formulas only" not in str(worth)
    told = worth.summary()["not_modelled"]
    assert [(row["metric"], row["horizon"]) for row in told] == [
        ("churn", 12), ("churn", 36), ("conversion", 12), ("conversion", 36)
    ]  # fmt: skip
    for cut in ("full", "board"):
        drawn = tree.diagram(lift=("arpu", "+3%"), cut=cut).view()
        assert f"Not modelled: {lines[1].partition('modelled')[2].strip()}." in drawn.notes
    (evidence,) = (panel for panel in drawn.panels if panel.head == "Evidence")
    assert evidence.body == "none stated"
    assert evidence.detail == (
        "not in the model: monthly churn (gain is gone at 3.11%, 2.75% over 36 months); trial to paid (13.5%, 16.1%)"
    )


def test_what_is_changed_besides_is_not_left_out():
    tree = untested()
    answer = tree.what_if({"arpu": "+3%", "churn": "+0.1pp"}, range=False)
    assert {one.metric for one in answer.not_modelled} == {"conversion"}
    alone = tree.what_if({"arpu": "+3%"}, range=False)
    assert alone.not_modelled == tree.worth("arpu", "+3%", range=False).not_modelled
    assert "\nNot modelled: Monthly churn (no price test yet): the gain is gone if it goes from 2.5% to 3.11%" in str(
        alone
    )


def test_what_is_paid_is_part_of_the_gain():
    tree = it.loads(PRICE)
    worth = tree.worth("price", "+10%", cost="$1000")
    assert ends(worth) == pytest.approx(
        {("sold", 12): (15_000 + 1000) / 28 / 12, ("sold", 36): (45_000 + 1000) / 28 / 36}
    )
    assert [one.gain for one in worth.not_modelled] == pytest.approx([800, 4400])
    never = tree.worth("price", "+10%", cost="$3000")
    assert "the loss is made up if it goes from 50 to 53.6 (12 months)" in str(never)
    assert "the gain is gone if it goes from 50 to 47.6 (36 months)" in str(never)


def test_a_driver_takes_the_line_away_and_the_checks_say_that_it_is_stale():
    tree = untested()
    churn = tree["churn"]
    effect = it.Driver("arpu", elasticity=0.4, evidence="benchmark")
    modelled = tree.with_metric(churn.with_keys(drivers=(*churn.drivers, effect)))
    worth = modelled.worth("arpu", "+3%")
    assert {one.metric for one in worth.not_modelled} == {"conversion"}
    assert "churn <- arpu: benchmark" in str(worth)
    assert "arpu: `not_modelled` names churn, which reads arpu; leave it out there" in modelled.notes
    assert not any("not_modelled" in note for note in tree.notes)


def test_other_lifts_other_outcomes_and_what_is_asked_itself_are_told_nothing():
    tree = it.loads(PRICE)
    assert tree.worth("sold", "+1%").not_modelled == ()
    assert tree.worth("price", "+1%", on="price").not_modelled == ()
    assert "not modelled" not in str(tree.worth("cost", "-1%"))


def test_a_loss_is_made_up_and_what_never_undoes_a_gain_is_said():
    tree = it.loads(PRICE)
    assert "the loss is made up if it goes from 50 to 53.2 (12 months)" in str(tree.worth("price", "-5%"))
    never = tree.with_metric(it.Metric("sold", value="50 orders/month", bounds="49 to 60 orders/month"))
    assert "over 12 months no move that was searched undoes the gain" in str(never.worth("price", "+50%"))
    assert all(one.at is None for one in never.worth("price", "+50%").not_modelled)


def test_it_is_a_key_of_a_metric_like_any_other():
    tree = it.loads(PRICE)
    assert tree["price"].not_modelled == (("sold", "no price test yet"),)
    assert it.loads(tree.to_yaml()).spec == tree.spec
    again = it.Metric("price", value="$30/order", not_modelled={"cost": "a guess"})
    assert ends(tree.with_metric(again).worth("price", "+1%")).keys() == {("cost", 12), ("cost", 36)}
    assert tree.with_metric(tree["price"].with_keys(not_modelled=None)).worth("price", "+1%").not_modelled == ()


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ("{sald: x}", "there is no metric 'sald' (did you mean 'sold'?)"),
        ("{price: x}", "'price' is this metric itself"),
        ("{}", "no metric is named"),
        ("sold", "not_modelled is a mapping"),
        ("{sold: [1]}", "not a list"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(stated, reason):
    with pytest.raises(ModelError) as refused:
        it.loads(PRICE.replace("{sold: no price test yet}", stated))
    (problem,) = refused.value.problems
    assert (problem.metric, problem.line) == ("price", 5)
    assert reason in str(problem)


PRICED = """
outcome: profit
metrics:
  arpu: {label: ARPU, value: $30/customer/month, not_modelled: {churn: no price test yet}}
  churn: {label: Monthly churn, value: 2.5%/month, bounds: 0%/month to 100%/month, better: lower}
  customers: {start: 1000 customers, formula: prev(customers) * (1 - churn) + 25}
  revenue: {formula: arpu * customers, unit: USD/month}
  profit: {formula: revenue - 20_000, unit: USD/month, kind: financial}
"""
"""A tree in which a price does nothing to churn, as nobody has tested it."""


def test_a_price_rise_names_what_is_not_modelled_at_one_and_three_horizons_until_a_driver_is_stated():
    tree = it.loads(PRICED)
    worth = tree.worth("arpu", "+3%")
    first = str(worth).splitlines()[1]
    assert "not modelled   Monthly churn (no price test yet): the gain is gone if it goes from 2.5% to " in first
    assert "(12 months), to " in first
    assert first.endswith("(36 months)")
    for one in worth.not_modelled:
        both = {"arpu": "+3%", "churn": it.to(one.at)}
        assert tree.what_if(both, range=False, horizon=one.horizon).total == pytest.approx(0, abs=1e-6 * worth.before)
    assert "Monthly churn (no price test yet)" in " ".join(tree.diagram(("arpu", "+3%")).view().notes)
    effect = it.Driver("arpu", elasticity=0.5, evidence="benchmark")
    known = tree["churn"].with_keys(drivers=(effect,))
    modelled = tree.with_metric(known).worth("arpu", "+3%")
    assert modelled.not_modelled == ()
    assert "not modelled" not in str(modelled)
    assert "churn <- arpu: benchmark" in str(modelled)
