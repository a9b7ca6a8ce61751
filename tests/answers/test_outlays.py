"""Costs that are paid later, or written off over a life, against plain arithmetic in every question of costs."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import impacttree as it
from impacttree.answers.case import Case
from impacttree.answers.outlays import Outlay, read_outlays, resized
from impacttree.errors import QuestionError
from impacttree.quantity import Quantity

FINANCE = "finance: {discount_rate: 12%, cash: cash}\n"
SHOP = """
horizon: 12
outcome: profit
metrics:
  sold: {value: 50 orders/month (40 to 60), kind: product}
  price: {value: $2/order}
  profit: {formula: sold * price, kind: financial}
  cash: {formula: profit * 0.75, kind: financial}
"""


def shop() -> it.ImpactTree:
    return it.loads(FINANCE + SHOP)


def factor(t: int) -> float:
    return float(1.12 ** (-t / 12))


def test_what_is_paid_later_is_taken_off_from_then_on() -> None:
    answer = shop().worth("sold", "+100%", cost="$150; $400 in month 4; $90 in month 20")
    assert answer.pays is not None
    assert answer.pays.net[:5] == pytest.approx([100 - 150, 200 - 150, 300 - 150, 400 - 550, 500 - 550])
    assert [stage.net for stage in answer.pays.stages] == pytest.approx([1200 - 550, 2400 - 640, 3600 - 640])
    assert answer.payback == 2
    assert "net is after a cost of $150, paid in month 1, $400 in month 4 and $90 in month 20" in answer.basis


def test_payback_is_looked_for_from_the_first_payment_on() -> None:
    answer = shop().worth("sold", "+100%", cost="$800 in month 4")
    assert answer.payback == 8
    assert answer.pays is not None
    assert answer.pays.payback_low is not None
    assert answer.pays.payback_low >= 4


@pytest.mark.parametrize(("on", "each"), [("profit", 100), ("cash", 75)])
def test_what_has_a_life_is_paid_at_once_and_only_money_that_came_back_is_back(on: str, each: int) -> None:
    lasting, expensed = (shop().worth("sold", "+100%", on=on, cost=cost) for cost in ("$240 over 24 months", "$240"))
    assert lasting.pays is not None
    assert expensed.pays is not None
    assert lasting.pays.net[:3] == pytest.approx([each - 240, 2 * each - 240, 3 * each - 240])
    assert lasting.pays.net == expensed.pays.net
    assert lasting.payback == expensed.payback == math.ceil(240 / each)
    assert lasting.basis == expensed.basis


def test_an_act_is_not_better_for_being_written_off() -> None:
    acts = [it.Act("sold", "+100%", cost=cost, label=cost) for cost in ("$300 over 120 months", "$150")]
    decided = shop().decide(it.Decision(acts))
    assert decided.best == "$150"
    assert decided.acts[0].returns.stages[0].net == pytest.approx(1200 - 300)


@pytest.mark.parametrize("cost", ["$90 in month 3 over 36 months", "$90 over 36 months in month 3"])
def test_when_and_life_stand_in_either_order(cost: str) -> None:
    case = Case.of(shop()._subject, {"sold": "+100%"})
    ((amount, period, life),) = [
        (one.amount, one.period, one.life) for one in read_outlays(case, shop()._graph["profit"], cost)
    ]
    assert (amount, period, life) == (90.0, 3, 36)


@pytest.mark.parametrize("cost", ["$150", "$150; $400 in month 4", "$400 in month 4 over 24 months"])
def test_on_present_values_payments_are_discounted_as_what_comes_in(cost: str) -> None:
    """Worth, decisions, and the cash flow, which takes another way, tell one NPV of cash."""
    npv = shop().cash_flow({"sold": "+100%"}, cost=cost, samples=512, seed=3)
    worth = shop().worth("sold", "+100%", on="cash", cost=cost, basis="pv", samples=512, seed=3)
    decision = it.Decision([it.Act("sold", "+100%", cost=cost)], on="cash")
    decided = shop().decide(decision, basis="pv", samples=512, seed=3)
    assert worth.net == pytest.approx(npv.npv, rel=1e-12)
    stage = decided.acts[0].returns.stages[0]
    assert stage.net == pytest.approx(npv.npv, rel=1e-12)
    assert stage.range is not None
    assert npv.npv_range is not None
    assert (stage.range.p10, stage.range.p90) == pytest.approx((npv.npv_range.p10, npv.npv_range.p90), rel=1e-9)
    assert stage.loss == npv.probability_of_loss
    annuity = math.fsum(75 * factor(t) for t in range(1, 13))
    paid = {"$150": 150, "$150; $400 in month 4": 150 + 400 * factor(4)}.get(cost, 400 * factor(4))
    assert npv.npv == pytest.approx(annuity - paid, rel=1e-12)
    assert "NPV" in str(decided)
    assert "probability_of_loss" in decided.to_dicts()[0]


def test_what_knowing_is_worth_takes_the_same_costs() -> None:
    sure, later = (
        shop().value_of_information(it.Decision("sold", "+100%", cost=cost, on="cash"), 1024, basis="pv")
        for cost in (f"${700 * factor(6):.6f}", "$700 in month 6")
    )
    assert later.median == pytest.approx(sure.median, rel=1e-6)
    assert later.evpi == pytest.approx(sure.evpi, rel=1e-4)
    drawn = it.Decision("sold", "+100%", cost="$600 ($500 to $700); $100 to $200 in month 6", on="cash")
    answer = shop().value_of_information(drawn, 1024)
    assert {row.address for row in answer.rows} == {"sold.value", "decision.cost", "decision.cost_2"}


def test_costs_with_ranges_are_drawn_each_by_itself() -> None:
    case = Case.of(shop()._subject, {"sold": "+100%"})
    found = read_outlays(case, shop()._graph["profit"], ["$100 to $200", "$50 to $90 in month 2 over 6 months"])
    assert [one.address for one in found] == ["decision.cost", "decision.cost_2"]
    assert [(one.period, one.life) for one in found] == [(0, None), (2, 6)]


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ("$5 in month 40", "after the first 36 months"),
        ("$5 in months 2 to 3", "more than one month"),
        ("$5 over 2 years", "write 24 months"),
        (["$5"] * 61, "61 costs are more than 60"),
        ("$5;", "the cost"),
        (
            "$50 in month 3, $20 over 36 months",
            r"(?s)`;` stands between costs.*write .\$50 in month 3; \$20 over",
        ),
    ],
)
def test_what_cannot_be_paid_is_one_error(cost: str | list[str], said: str) -> None:
    with pytest.raises(QuestionError, match=said) as raised:
        shop().worth("sold", "+1%", cost=cost)
    assert len(raised.value.problems) == 1


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=8), st.floats(0, 1e9))
def test_another_total_is_paid_in_the_same_parts(amounts: list[float], total: float) -> None:
    outlays = [Outlay(Quantity(one, None, None, ""), t, None, "", f"cost{t}") for t, one in enumerate(amounts)]
    found = resized(outlays, total)
    assert math.fsum(one.amount for one in found) == pytest.approx(total)
    assert [one.period for one in found] == [one.period for one in outlays]
    for first, second in pairwise(zip(outlays, found, strict=True)):
        was, other = (second[0].amount, second[1].amount), (first[0].amount, first[1].amount)
        if any(amounts):
            assert was[0] * other[1] == pytest.approx(was[1] * other[0])
