"""Answers on the basis of present values: what they come to by plain arithmetic, and what they are called."""

from __future__ import annotations

import inspect
import json
import math
import pickle
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.answers.asked import Basis
from impacttree.errors import ImpactTreeError, QuestionError
from tests.strategies import Sketch, examples, trees

SHOP = """
name: Shop
finance: {discount_rate: 12%/year, timing: TIMING, cash: cash}
outcome: profit
outcomes: [revenue, profit, customers]
metrics:
  visits: {value: 1_000 visits/month (800 to 1_200), kind: product}
  conversion: {value: 2%, kind: product}
  churn: {value: 5%/month}
  customers: {start: 100 customers, formula: prev(customers) * (1 - churn) + visits * conversion, unit: customers}
  price: {value: $10/customer/month}
  revenue: {formula: customers * price, unit: USD/month, kind: financial}
  cost: {formula: 0.4 * revenue, unit: USD/month, kind: financial, better: lower}
  profit: {label: Operating profit, formula: revenue - cost, unit: USD/month, kind: financial}
  margin: {formula: profit / revenue, unit: "%", kind: financial}
  cash: {label: Free cash flow, formula: 0.75 * profit, unit: USD/month, kind: financial}
"""


def tree(timing: str = "end") -> it.ImpactTree:
    return it.loads(SHOP.replace("TIMING", timing))


def profits(conversion: float = 0.02, months: int = 12) -> list[float]:
    customers, found = 100.0, []
    for _ in range(months):
        customers = customers * 0.95 + 1_000 * conversion
        found.append(customers * 10 * 0.6)
    return found


def present(amounts: list[float], early: float = 0.0, rate: float = 0.12) -> float:
    return math.fsum(x / (1 + rate) ** ((t - early) / 12) for t, x in enumerate(amounts, 1))


@pytest.mark.parametrize(("timing", "early"), [("end", 0.0), ("mid", 0.5)])
def test_worth_is_the_difference_of_two_present_values(timing: str, early: float) -> None:
    gain = present(profits(0.022), early) - present(profits(), early)
    answer = tree(timing).worth("conversion", "+10%", basis="pv")
    assert answer.total == pytest.approx(gain, rel=1e-12)
    assert math.fsum(path.amount for path in answer.paths) == pytest.approx(gain, rel=1e-9)
    long = [present(profits(0.022, n), early) - present(profits(0.02, n), early) for n in (12, 24, 36)]
    assert answer.long == pytest.approx(long, rel=1e-12)
    assert answer.by_period == pytest.approx([b - a for a, b in zip(profits(), profits(0.022), strict=True)])


def test_other_questions_tell_the_same_worth() -> None:
    shop = tree()
    worth = shop.worth("conversion", "+1%", basis="pv")
    assert shop.what_if({"conversion": "+1%"}, basis="pv").total == pytest.approx(worth.total, rel=1e-12)
    row = next(row for row in shop.sensitivity(basis="pv").rows if row.metric == "conversion")
    assert row.worth == pytest.approx(worth.total, rel=1e-12)
    pull = (present(profits(0.02 + 1e-6)) - present(profits(0.02 - 1e-6))) / 2e-6 * 0.02 / present(profits())
    assert row.elasticity == pytest.approx(pull, rel=1e-6)


def test_samples_and_ranges_are_of_present_values() -> None:
    """Profit is linear in visits, and the base of customers adds what no draw moves."""
    shop = tree()
    drawn = shop.simulate(512, seed=3, basis="pv")
    visits = shop.simulate(512, seed=3, on="visits").samples("visits") / 12
    each = (present(profits(0.04)) - present(profits(0.02))) / 20
    by_hand = present(profits()) + (visits - 1_000) * 0.02 * each
    assert np.allclose(np.sort(drawn.samples("profit")), np.sort(by_hand), rtol=1e-9)
    gain = shop.worth("conversion", "+10%", basis="pv", samples=512, seed=3).range
    assert gain is not None
    assert gain.p50 == pytest.approx(present(profits(0.022)) - present(profits()), rel=1e-3)


def test_net_takes_off_an_outlay_that_is_paid_today() -> None:
    answer = tree().worth("conversion", "+10%", on="cash", cost="$500", basis="pv")
    gains = [0.75 * (b - a) for a, b in zip(profits(months=36), profits(0.022, 36), strict=True)]
    assert answer.net == pytest.approx(present(gains[:12]) - 500, rel=1e-12)
    reached = next(t for t in range(1, 37) if present(gains[:t]) >= 500)
    assert answer.payback == reached > next(t for t in range(1, 37) if math.fsum(gains[:t]) >= 500)
    assert answer.pays is not None
    assert answer.pays.samples is not None
    assert answer.pays.samples.quantiles((0.5,))[0] == pytest.approx(present(gains) - 500, rel=1e-2)


def test_only_cash_has_a_present_value_and_an_npv() -> None:
    shop = tree()
    cash = str(shop.worth("conversion", "+10%", on="cash", cost="$500", basis="pv"))
    assert "NPV" in cash
    assert "cash, after tax, discounted to today at 12% a year, amounts at the end of each month" in cash
    assert "present value of free cash flow" in shop.worth("conversion", "+10%", on="cash", basis="pv").title
    for on in ("profit", "revenue"):
        other = str(shop.worth("conversion", "+10%", on=on, cost="$500", basis="pv"))
        assert "NPV" not in other
        assert "present value" not in other.lower()
        assert f"discounted {'operating profit' if on == 'profit' else 'revenue'}" in str(
            shop.worth("conversion", "+10%", on=on, basis="pv")
        )
    assert "undiscounted" in str(shop.worth("conversion", "+10%"))
    assert "cash, after tax, undiscounted" in str(shop.worth("conversion", "+10%", on="cash"))


def test_what_was_changed_is_told_as_it_comes() -> None:
    plain, answer = (tree().worth("visits", "+10%", basis=basis) for basis in ("horizon", "pv"))
    assert (answer.metric_before, answer.metric_after) == (plain.metric_before, plain.metric_after)
    assert "12k -> 13.2k in 12 months" in answer.title


def test_what_is_recomputed_reads_discounted_totals_and_levels_stay_beside() -> None:
    answer = tree().what_if({"conversion": "+10%"}, "margin", basis="pv")
    assert answer.after == pytest.approx(0.6, rel=1e-12)
    beside = {o.name: o for o in tree().what_if({"conversion": "+10%"}, basis="pv").outcomes}
    assert beside["customers"].after == pytest.approx(profits(0.022)[-1] / 6, rel=1e-12)
    assert [beside[name].label for name in ("revenue", "customers")] == ["Discounted revenue", "Customers"]


def test_a_level_has_no_present_value() -> None:
    for ask in (
        lambda: tree().worth("conversion", "+1%", on="customers", basis="pv"),
        lambda: tree().sensitivity("customers", basis="pv"),
        lambda: tree().simulate(64, on="customers", basis="pv"),
    ):
        with pytest.raises(QuestionError, match="a level has no present value") as raised:
            ask()
        assert len(raised.value.problems) == 1


def test_a_basis_must_exist_and_have_a_rate() -> None:
    with pytest.raises(QuestionError, match="there is no basis 'npv'"):
        tree().worth("conversion", "+1%", basis="npv")  # type: ignore[arg-type]  # what a caller may get wrong
    with pytest.raises(QuestionError, match="need a discount rate"):
        it.template("internal").worth("deploy_minutes", "-10%", basis="pv")


@pytest.mark.slow
@examples(15)
@given(trees(), st.data())
def test_at_no_discount_every_answer_is_the_sum(sketch: Sketch, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(sketch.metrics)))
    plain, free = sketch.tree(), it.loads(json.dumps(json.loads(sketch.text) | {"finance": {"discount_rate": "0%"}}))
    try:
        before, after = (
            one.worth(name, it.add(0.01), range=False, basis=b) for one, b in ((plain, "horizon"), (free, "pv"))
        )
    except ImpactTreeError:
        assume(False)
    assert after.total == before.total
    assert after.long == before.long


def test_the_rate_decides_the_version_of_a_tree() -> None:
    texts = (
        SHOP.replace("TIMING", "end"),
        SHOP.replace("TIMING", "mid"),
        SHOP.replace("TIMING", "end").replace("12%", "11%"),
    )
    assert len({it.loads(text)._subject.fingerprint for text in texts}) == 3
    subject = tree()._subject.on_basis("pv")
    assert pickle.loads(pickle.dumps(subject)).basis == "pv"


# ---- run rates


def run_rate(conversion: float = 0.02, months: int = 12) -> float:
    return 12 * profits(conversion, months)[-1]


def test_worth_at_a_run_rate_is_what_the_last_month_comes_to_in_a_year() -> None:
    gain = run_rate(0.022) - run_rate()
    answer = tree().worth("conversion", "+10%", basis="run_rate")
    assert (answer.total, answer.before) == pytest.approx((gain, run_rate()), rel=1e-12)
    assert math.fsum(path.amount for path in answer.paths) + answer.rest == pytest.approx(gain, rel=1e-9)
    into = [edge for edge in answer.edges if edge.target == "profit"]
    assert math.fsum(edge.amount for edge in into) == pytest.approx(gain, rel=1e-9)
    assert answer.long == pytest.approx([run_rate(0.022, n) - run_rate(0.02, n) for n in (12, 24, 36)], rel=1e-12)
    assert answer.by_period == pytest.approx([b - a for a, b in zip(profits(), profits(0.022), strict=True)])
    assert {one.name: one.change for one in answer.outcomes} == pytest.approx(
        {"revenue": gain / 0.6, "profit": gain, "customers": (profits(0.022)[-1] - profits()[-1]) / 6}, rel=1e-12
    )


def test_every_question_tells_the_same_run_rate() -> None:
    shop = tree()
    worth = shop.worth("conversion", "+1%", basis="run_rate")
    assert shop.what_if({"conversion": "+1%"}, basis="run_rate").total == pytest.approx(worth.total, rel=1e-12)
    row = next(row for row in shop.sensitivity(basis="run_rate").rows if row.metric == "conversion")
    assert row.worth == pytest.approx(worth.total, rel=1e-12)
    assert row.later == pytest.approx(run_rate(0.0202, 36) - run_rate(0.02, 36), rel=1e-12)
    slope = (run_rate(0.02 + 1e-6) - run_rate(0.02 - 1e-6)) / 2e-6
    assert row.elasticity == pytest.approx(slope * 0.02 / run_rate(), rel=1e-6)
    drawn = shop.simulate(256, seed=3, basis="run_rate", on=["profit", "visits"])
    assert np.allclose(
        drawn.samples("profit"),
        run_rate() + (drawn.samples("visits") / 12 - 1_000) * 0.02 * (run_rate(0.04) - run_rate()) / 20,
        rtol=1e-9,
    )


def test_the_words_of_a_run_rate_say_a_year_by_when_and_never_a_sum() -> None:
    shop = tree()
    answer = shop.worth("conversion", "+10%", basis="run_rate")
    text = str(answer)
    assert "operating profit a year by month 12 (" in answer.title
    assert "12 months" not in text
    assert "a year by month 36" in text
    assert "undiscounted, the last month alone, amounts annualised" in text
    assert json.loads(answer.to_json())["unit"] == "USD/year"
    assert json.loads(answer.to_json())["over"] == "month 12, annualised"
    assert "12k -> 13.2k in 12 months" in shop.worth("visits", "+10%", basis="run_rate").title  # as it comes
    level = shop.worth("conversion", "+10%", on="customers", basis="run_rate")
    assert level.total == pytest.approx((profits(0.022)[-1] - profits()[-1]) / 6, rel=1e-12)
    assert "a year" not in level.title
    assert "margin" in shop.worth("cost", "+10%", on="margin", basis="run_rate").title
    assert "in month 12" in shop.worth("cost", "+10%", on="margin", basis="run_rate").title


def test_a_run_rate_over_named_periods_is_that_of_their_last() -> None:
    answer = tree().worth("conversion", "+10%", over="months 13 to 18", basis="run_rate")
    assert answer.total == pytest.approx(run_rate(0.022, 18) - run_rate(0.02, 18), rel=1e-12)
    assert "a year by month 18" in answer.title


def test_a_lift_that_is_over_by_the_last_month_has_no_run_rate() -> None:
    late = tree().worth("price", "+10% until month 6", on="revenue", basis="run_rate")
    assert late.total == pytest.approx(0.0, abs=1e-9)
    assert late.warnings == ("the change of Price is over by month 12, which a run rate takes for a whole year",)
    ramped = tree().worth("price", "+10% from month 7 over 12 months", on="revenue", basis="run_rate")
    assert ramped.total == pytest.approx(0.1 * 6 / 12 * run_rate() / 0.6, rel=1e-12)


@pytest.mark.parametrize("cost", ["$500", "$100 in month 3"])
def test_a_cost_is_not_set_against_a_run_rate(cost: str) -> None:
    shop = tree()
    for ask in (
        lambda: shop.worth("conversion", "+1%", cost=cost, basis="run_rate"),
        lambda: shop.decide(it.Decision("conversion", "+1%", cost=cost), basis="run_rate"),
        lambda: shop.value_of_information(it.Decision("conversion", "+1%", cost=cost), basis="run_rate"),
        lambda: shop.value_of_information(basis="run_rate"),
    ):
        with pytest.raises(QuestionError, match="a run rate is what a year comes to at the pace") as raised:
            ask()
        assert len(raised.value.problems) == 1
        assert "leave the basis out" in str(raised.value)


@examples(40)
@given(st.one_of(trees(), trees(kinks=True)), st.data())
def test_the_run_rate_that_worth_prints_is_the_total_on_that_basis(sketch: Sketch, data: st.DataObject) -> None:
    names = sorted(sketch.metrics)
    metric, on = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))
    shop = sketch.tree()
    try:
        plain = shop.worth(metric, it.add(0.01), on, range=False)
        rated = shop.worth(metric, it.add(0.01), on, range=False, basis="run_rate")
    except ImpactTreeError:
        assume(False)
    assert (plain.run_rate is None) == (shop._graph[on].aggregation != "sum")
    assert rated.run_rate == plain.run_rate
    assert rated.by_period == plain.by_period
    if plain.run_rate is not None:
        size = 12 * max(map(abs, (plain.before, plain.after, rated.before, rated.after, 1.0)))
        assert abs(rated.total - plain.run_rate) <= 1e-12 * size
    elif shop._graph[on].aggregation == "last":
        assert rated.total == plain.total


# ---- each question that takes a basis

ASKS = {
    "worth": lambda shop, **on: shop.worth("conversion", "+10%", range=False, **on),
    "what_if": lambda shop, **on: shop.what_if({"conversion": "+10%"}, range=False, **on),
    "sensitivity": lambda shop, **on: shop.sensitivity(**on),
    "simulate": lambda shop, **on: shop.simulate(64, **on),
    "uncertainty": lambda shop, **on: shop.uncertainty(samples=64, **on),
    "sweep": lambda shop, **on: shop.sweep("conversion", "1%", "3%", 3, **on),
    "break_even": lambda shop, **on: shop.break_even("conversion", "+10%", **on),
    "compare": lambda shop, **on: shop.compare({"more": {"conversion": "+10%"}}, range=False, **on),
    "diagram": lambda shop, **on: shop.diagram(("conversion", "+10%"), **on),
    "decide": lambda shop, **on: shop.decide(it.Decision("conversion", "+10%", cost="$500"), **on),
    "value_of_information": lambda shop, **on: shop.value_of_information(
        it.Decision("conversion", "+10%", cost="$500"), 256, **on
    ),
}
WEIGHED = ("decide", "value_of_information")
"""Those that set a cost against what comes in, which a run rate refuses."""
SAID = {
    "horizon": "undiscounted",
    "pv": "discounted to today at 12% a year",
    "run_rate": "undiscounted, the last month alone, amounts annualised",
}


def test_each_question_that_takes_a_basis_is_asked_here() -> None:
    taking = [
        name
        for name in dir(it.ImpactTree)
        if not name.startswith("_")
        and callable(getattr(it.ImpactTree, name))
        and "basis" in inspect.signature(getattr(it.ImpactTree, name)).parameters
    ]
    assert set(taking) - {"deck", "explore", "to_html"} == set(ASKS)


@pytest.mark.parametrize(
    ("name", "basis"),
    [(name, basis) for name in ASKS for basis in get_args(Basis) if name not in WEIGHED or basis != "run_rate"],
)
def test_every_answer_says_its_basis(name: str, basis: Basis) -> None:
    answer = ASKS[name](tree(), basis=basis)
    assert SAID[basis] in answer.provenance.basis
    text = str(answer)
    if basis == "run_rate":
        assert "12 months" not in text
    if basis == "pv" and name not in ("diagram", "decide"):
        assert "iscounted operating profit" in text


@pytest.mark.parametrize("name", sorted(set(ASKS) - {"decide", "value_of_information", "break_even", "diagram"}))
def test_without_a_basis_answers_add_up_amounts(name: str) -> None:
    assert str(ASKS[name](tree())) == str(ASKS[name](tree(), basis="horizon"))


def test_a_sweep_holds_a_value_on_each_basis() -> None:
    swept = tree().sweep("conversion", "1%", "3%", 3, basis="run_rate")
    assert [point.outcome for point in swept.points] == pytest.approx([run_rate(0.01), run_rate(0.02), run_rate(0.03)])
    swept = tree().sweep("conversion", "1%", "3%", 3, basis="pv")
    assert [point.outcome for point in swept.points] == pytest.approx([present(profits(c / 100)) for c in (1, 2, 3)])


def test_scenarios_are_compared_on_each_basis() -> None:
    found = tree().compare({"more": {"conversion": "+10%"}}, basis="run_rate")
    assert (found.base.before, found["more"].after) == pytest.approx((run_rate(), run_rate(0.022)), rel=1e-12)
    assert found.view().title == "Scenarios at the run rate of month 12"
    found = tree().compare({"more": {"conversion": "+10%"}}, basis="pv")
    assert found["more"].total == pytest.approx(present(profits(0.022)) - present(profits()), rel=1e-12)
    heads = [column.label for column in found.view().columns[1:3]]
    assert heads == ["Discounted revenue", "Discounted operating profit"]


def test_the_spread_of_an_outcome_is_shared_out_on_each_basis() -> None:
    visits = tree().uncertainty(samples=256, basis="run_rate")["visits.value"]
    ends = [run_rate(0.02 * number / 1_000) for number in (visits.low, visits.high)]
    assert (visits.outcome_low, visits.outcome_high) == pytest.approx(ends, rel=1e-12)
    visits = tree().uncertainty(samples=256, basis="pv")["visits.value"]
    ends = [present(profits(0.02 * number / 1_000)) for number in (visits.low, visits.high)]
    assert (visits.outcome_low, visits.outcome_high) == pytest.approx(ends, rel=1e-12)


def test_a_lift_breaks_even_where_its_npv_is_nothing() -> None:
    found = tree().break_even("conversion", "+10%", "cash", cost="$500", basis="pv")
    each = 0.75 * (present(profits(0.022)) - present(profits())) / 0.1
    assert found.net == pytest.approx(0.1 * each - 500, rel=1e-12)
    assert found.rows[0].at == pytest.approx(500 / each, rel=1e-9)
    assert "NPV after a cost of $500" in str(found)
    late = tree().break_even("conversion", "+10% from month 7", basis="run_rate")
    assert late.net > 0
    with pytest.raises(QuestionError, match="a run rate is what a year comes to"):
        tree().break_even("conversion", "+10%", cost="$500", basis="run_rate")


def test_a_picture_says_its_basis_in_its_title_its_box_and_on_its_cards() -> None:
    drawn = tree().diagram(("conversion", "+10%"), basis="run_rate").drawn
    assert "operating profit a year by month 12" in drawn.title
    assert drawn.callout is not None
    assert drawn.callout.head == "Annual run rate by month 12"
    units = {card.id: card.unit for card in drawn.cards}
    assert (units["profit"], units["customers"]) == ("a year", "stock")
    into = [link.money for link in drawn.links if link.target == "customers" and link.money]
    assert into == pytest.approx([run_rate(0.022) - run_rate()])
    drawn = tree().diagram(("conversion", "+10%"), basis="pv").drawn
    assert drawn.callout is not None
    assert drawn.callout.what == "discounted operating profit"
    assert {card.id: card.unit for card in drawn.cards}["profit"] == "in 12 months, discounted"
    board = tree().diagram(("conversion", "+10%"), cut="board", basis="run_rate").drawn
    assert board.panels[0].head == "Worth, annual run rate by month 12"
    assert "run rate" not in board.panels[0].detail


def test_a_board_writes_the_name_of_a_month_as_it_is() -> None:
    board = it.template("saas").diagram(("engagement", "+1%"), cut="board").drawn
    assert board.panels[0].head == "Worth, Nov 2026 to Oct 2027"


def test_a_run_rate_says_which_season_it_takes_for_the_whole_year() -> None:
    text = """
outcome: revenue
start_date: 2026-11-01
metrics:
  orders: {value: 1_000 orders/month (900 to 1_100), seasonality: {Q1: 0.9, Q2: 0.95, Q3: 1, Q4: 1.15}}
  calls: {value: 10 calls/month, seasonality: {Q1: 0.5, Q2: 1.5, Q3: 1, Q4: 1}}
  price: {value: $10/order}
  revenue: {formula: orders * price, unit: USD/month}
"""
    shop = it.loads(text)
    told = "the run rate takes Oct 2027 for a whole year, and the season of orders is at 1.15 times its average then"
    rated = shop.worth("price", "+10%", basis="run_rate")
    assert rated.total == pytest.approx(12 * 1_150)
    assert [one.lower() for one in rated.warnings] == [told.lower()]
    for answer in (
        shop.what_if({"price": "+10%"}, basis="run_rate"),
        shop.sensitivity(basis="run_rate"),
        shop.simulate(64, basis="run_rate"),
        shop.sweep("price", "$5", "$9", 3, basis="run_rate"),
        shop.uncertainty(samples=64, basis="run_rate"),
    ):
        assert [one.lower() for one in answer.warnings] == [told.lower()]
    assert not shop.worth("price", "+10%", horizon=10, basis="run_rate").warnings  # Aug 2027 is as the average
    assert not shop.worth("price", "+10%", over="months 3 to 9", basis="run_rate").warnings


SEASONAL = """
outcome: profit
outcomes: [profit, tickets]
start_date: 2026-11-01
finance: {discount_rate: 12%/year}
metrics:
  orders: {value: 1_000 orders/month, seasonality: {Q1: 0.9, Q2: 0.95, Q3: 1, Q4: 1.15}}
  calls: {value: 10 tickets/month, seasonality: {Q1: 0.5, Q2: 1.5, Q3: 1.5, Q4: 0.5}}
  tickets: {formula: calls + orders / 10, unit: tickets/month, aggregate: last}
  price: {value: $10/order}
  rent: {value: $2k/month}
  profit: {formula: orders * price - rent, unit: USD/month}
"""
AT_A_PEAK = "the run rate takes Oct 2027 for a whole year, and the season of Orders is at 1.15 times its average then"


@pytest.mark.parametrize("basis", ["horizon", "pv"])
def test_a_run_rate_beside_other_amounts_says_its_season_as_well(basis: Basis) -> None:
    """What it rests on counts, and not what is shown beside it."""
    shop = it.loads(SEASONAL)
    worth, asked = shop.worth("price", "+10%", basis=basis), shop.what_if({"price": "+10%"}, basis=basis)
    for answer in (worth, asked):
        assert answer.run_rate == pytest.approx(12 * 1_150)
        assert answer.warnings == (AT_A_PEAK,)
    board = shop.diagram(("price", "+10%"), cut="board", basis=basis).drawn
    assert f"Note: {AT_A_PEAK}." in board.notes
    assert AT_A_PEAK in worth.slides()[0].notes


def test_where_no_run_rate_is_printed_nothing_is_said_of_its_season() -> None:
    shop = it.loads(SEASONAL)
    assert not shop.worth("price", "+10%", horizon=10).warnings  # Aug 2027 is as the average
    assert not shop.worth("price", "+10%", on="tickets").warnings[1:]  # no path, and a level has no run rate
    assert not shop.worth("orders", "+10%", on="tickets").warnings
    assert not shop.worth("price", "+10% from month 40").warnings[1:]  # it has not begun
    assert not shop.what_if({}).warnings
    assert not shop.compare({"dearer": {"price": "+10%"}})["dearer"].warnings
    assert not any("season" in note for note in shop.diagram(("price", "+10%")).drawn.notes)


def test_a_run_rate_beside_discounted_amounts_is_said_to_be_undiscounted() -> None:
    shop = it.loads(SEASONAL)
    for basis, told in (("horizon", ""), ("pv", " (undiscounted)")):
        worth = shop.worth("price", "+10%", basis=basis)
        assert f"run rate   +$13.8k a year by Oct 2027{told}   " in str(worth)
        figures = worth.slides()[0].parts[0].picture
        (tile,) = (one for one in figures.panels if one.head == "Run rate")
        assert tile.detail == f"a year, by Oct 2027{told}"
        assert f"Run rate of profit: +$13.8k a year by Oct 2027{told}" in str(
            shop.what_if({"price": "+10%"}, basis=basis)
        )
        board = shop.diagram(("price", "+10%"), cut="board", basis=basis).drawn
        assert f"run rate +$13.8k a year{told}" in board.panels[0].detail
