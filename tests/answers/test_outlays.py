"""Costs that are paid later, or charged over a life, against plain arithmetic in worth, decisions and information."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import impacttree as it
from impacttree.answers.case import Case
from impacttree.answers.outlays import read_outlays
from impacttree.errors import QuestionError

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


def test_what_has_a_life_is_charged_over_it_and_at_once_to_cash() -> None:
    profit, cash = (shop().worth("sold", "+100%", on=on, cost="$240 over 24 months") for on in ("profit", "cash"))
    assert profit.pays is not None
    assert cash.pays is not None
    assert profit.pays.net[:3] == pytest.approx([90, 180, 270])
    assert [stage.net for stage in profit.pays.stages] == pytest.approx([1080, 2160, 3360])
    assert cash.pays.net[:3] == pytest.approx([75 - 240, 150 - 240, 225 - 240])
    assert "charged in equal parts over it" in profit.basis
    assert "charged" not in cash.basis


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
    ],
)
def test_what_cannot_be_paid_is_one_error(cost: str | list[str], said: str) -> None:
    with pytest.raises(QuestionError, match=said) as raised:
        shop().worth("sold", "+1%", cost=cost)
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize("cost", ["$5 in month 2", "$5 over 12 months", "$5; $3"])
def test_where_one_amount_is_weighed_others_are_refused_as_such(cost: str, tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match=r"one amount here, paid at the start, and .* is paid later or in parts"):
        shop().to_html(tmp_path / "page.html", lift=("sold", "+1%"), cost=cost)
