"""Cash flows against plain arithmetic, closed forms of annuities and perpetuities, and spreadsheets' examples."""

from __future__ import annotations

import datetime
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

import impacttree as it
from impacttree.analyses.cash_flow import CashFlow
from impacttree.errors import QuestionError
from impacttree.views import Cell
from tests.strategies import examples

SMALL = """
horizon: 24
FINANCE
metrics:
  sold: {value: 50 orders/month, kind: product}
  paid: {label: Operating profit, formula: sold * price, unit: USD/month, kind: financial}
  price: {value: $2/order}
"""
GROWING = """
name: Northwind
horizon: 36
outcome: ebitda
finance:
  discount_rate: 12%/year
  tax_rate: 25%
  cash: {profit: ebitda, receivables: {of: revenue, days: 73}, deferred_revenue: deferred,
         capex: {of: capex, life: 6 months}}
metrics:
  visits: {value: 10k visits/month (8k to 12k), kind: product}
  conversion: {value: 2%, kind: product}
  customers: {start: 1000 customers, formula: prev(customers) * 0.97 + visits * conversion, unit: customers}
  price: {value: $20/customer/month}
  ahead: {value: 2 months}
  revenue: {formula: customers * price, unit: USD/month, kind: financial}
  ebitda: {label: EBITDA, formula: revenue * 0.3, kind: financial}
  capex: {formula: revenue * 0.05, kind: financial, better: lower}
  deferred: {formula: revenue * ahead, unit: USD, aggregate: last, kind: financial}
"""


def small(finance: str = "{discount_rate: 12%/year, cash: paid}", text: str = SMALL) -> it.ImpactTree:
    return it.loads(text.replace("FINANCE", f"finance: {finance}"))


def present(amounts: Sequence[float], rate: float = 0.12, per_year: float = 12) -> float:
    return math.fsum(amount / (1 + rate) ** (t / per_year) for t, amount in enumerate(amounts))


def customers(conversion: float, months: int) -> list[float]:
    found = [1000.0]
    for _ in range(months):
        found.append(found[-1] * 0.97 + 10_000 * conversion)
    return found


# ---- net present value


def test_npv_is_the_annuity_less_the_outlay() -> None:
    annuity = (1 - 1.12 ** (-24 / 12)) / (1.12 ** (1 / 12) - 1)
    answer = small().cash_flow({"sold": "+100%"}, cost="$1000")
    assert answer.npv == pytest.approx(100 * annuity - 1000, rel=1e-12)
    assert answer.npv == pytest.approx(present([-1000] + [100] * 24), rel=1e-12)
    assert answer.profitability_index == pytest.approx(100 * annuity / 1000, rel=1e-12)
    assert (answer.payback, answer.first_spend) == (10, 0)
    assert answer.discounted_payback == next(t for t in range(25) if present([-1000] + [100] * t) >= 0)


def test_npv_and_irr_are_those_of_pyxirr() -> None:
    answer = small().cash_flow({"sold": "+100%"}, cost=["$1000", "$300 in month 4"])
    amounts = [-1000.0, 100, 100, 100, -200, *[100.0] * 20]
    assert answer.net == pytest.approx(amounts)
    monthly = 1.12 ** (1 / 12) - 1
    assert answer.npv == pytest.approx(pyxirr.npv(monthly, amounts, start_from_zero=True), rel=1e-10)
    assert answer.irr == pytest.approx((1 + pyxirr.irr(amounts)) ** 12 - 1, rel=1e-9)


def test_halfway_amounts_count_half_a_period_earlier() -> None:
    end, mid = (small(f"{{discount_rate: 12%, cash: paid, timing: {timing}}}") for timing in ("end", "mid"))
    pairs = [tree.cash_flow({"sold": "+100%"}, cost="$1000") for tree in (end, mid)]
    assert pairs[1].npv + 1000 == pytest.approx((pairs[0].npv + 1000) * 1.12 ** (1 / 24), rel=1e-12)
    rate = pairs[1].irr
    assert rate is not None
    assert math.fsum(100 / (1 + rate) ** ((t - 0.5) / 12) for t in range(1, 25)) == pytest.approx(1000, rel=1e-9)


def test_xnpv_and_xirr_by_the_days_of_the_calendar() -> None:
    tree = it.loads(SMALL.replace("FINANCE", "start_date: 2027-01-01\nfinance: {discount_rate: 12%, cash: paid}"))
    answer = tree.cash_flow({"sold": "+100%"}, cost="$1000")
    calendar = tree.spec.calendar
    assert calendar is not None
    assert str(calendar.last_day(0)) == "2026-12-31"  # today is where period 1 begins
    days = [calendar.last_day(t) for t in range(25)]
    assert answer.xirr == pytest.approx(pyxirr.xirr(days, answer.net), rel=1e-9)
    assert "XIRR" in str(answer)
    assert small().cash_flow({"sold": "+100%"}, cost="$1000").xirr is None


# ---- published examples of spreadsheets, asked as questions of a tree


def yearly(values: Sequence[str], rate: str, **keys: Any) -> it.ImpactTree:
    return it.ImpactTree(
        period="year",
        horizon=len(values),
        finance={"discount_rate": rate, "cash": "paid", **keys},
        outcome="paid",
        metrics={"paid": {"values": list(values), "unit": "USD/year"}},
    )


def test_the_example_of_npv() -> None:
    """What is paid comes at the end of the first year there, and counts less than today."""
    answer = yearly(["$0", "$3000", "$4200", "$6800"], "10%").cash_flow(cost="$10k in year 1")
    assert answer.npv == pytest.approx(1188.44, abs=0.005)


def test_the_example_of_npv_with_what_is_paid_today() -> None:
    tree = yearly(["$8000", "$9200", "$10k", "$12k", "$14500"], "8%")
    assert tree.cash_flow(cost="$40k").npv == pytest.approx(1922.06, abs=0.005)
    longer = yearly(["$8000", "$9200", "$10k", "$12k", "$14500", "$0"], "8%")
    assert longer.cash_flow(cost="$40k; $9000 in year 6").npv == pytest.approx(-3749.47, abs=0.005)


def test_the_example_of_irr() -> None:
    answer = yearly(["$12k", "$15k", "$18k", "$21k", "$26k"], "10%").cash_flow(cost="$70k")
    assert answer.irr == pytest.approx(0.0866, abs=5e-5)
    four = yearly(["$12k", "$15k", "$18k", "$21k"], "10%").cash_flow(cost="$70k")
    assert four.irr == pytest.approx(-0.0212, abs=5e-5)


def test_the_example_of_xnpv_and_xirr() -> None:
    """Amounts on given days: in a tree that steps by day, a year having 365."""
    today = datetime.date(2008, 1, 1)
    paid = {"2008-03-01": 2750, "2008-10-30": 4250, "2009-02-15": 3250, "2009-04-01": 2750}
    days = [today + datetime.timedelta(days=t) for t in range(1, 457)]
    tree = it.ImpactTree(
        period="day",
        start_date=days[0],
        horizon=len(days),
        finance={"discount_rate": "9%/year", "cash": "paid"},
        outcome="paid",
        metrics={"paid": {"values": {str(day): f"${paid.get(str(day), 0)}" for day in days}, "unit": "USD/day"}},
    )
    answer = tree.cash_flow(cost="$10k")
    assert answer.npv == pytest.approx(2086.65, abs=0.005)
    assert answer.xirr == pytest.approx(0.37336, abs=5e-6)
    assert answer.irr == pytest.approx(0.37336, abs=5e-6)


@pytest.mark.parametrize(("timing", "value"), [("end", 1129.15), ("mid", 1134.50)])
def test_a_hundred_a_month_for_a_year(timing: str, value: float) -> None:
    tree = small(f"{{discount_rate: 12%, cash: paid, timing: {timing}}}")
    assert tree.cash_flow({"sold": "+100%"}, horizon=12).npv == pytest.approx(value, abs=0.005)
    assert tree.worth("sold", "+100%", horizon=12, basis="pv").total == pytest.approx(value, abs=0.005)


@pytest.mark.parametrize("cash", ["cash", "{profit: cash, receivables: {of: cash, days: 30}}"])
def test_cash_is_computed_where_another_metric_has_no_value(cash: str) -> None:
    """The outcome does not rest on cash, and a metric that nobody asks about stops no answer."""
    more = "  cash: {formula: paid * 2, unit: USD/month, kind: financial}\n  never: {formula: 1 / 0 * sold}\n"
    finance = f"{{discount_rate: 12%, cash: {cash}}}"
    answers = [
        small(finance, "outcome: paid\n" + SMALL + lines).cash_flow() for lines in (more.partition("  never")[0], more)
    ]
    assert answers[0].npv == answers[1].npv > 0


def test_without_a_cost_it_is_a_present_value_and_without_cash_neither() -> None:
    assert small().cash_flow({"sold": "+100%"}).title.startswith("+100% Sold")
    assert "present value +$2.14k" in small().cash_flow({"sold": "+100%"}).title
    told = str(small("{discount_rate: 12%}").cash_flow({"sold": "+100%"}, cost="$1000"))
    assert "discounted operating profit less the cost +$1.14k" in told
    assert "NPV" not in told
    assert "present value" not in told.lower()
    assert "NPV +$1.14k" in small().cash_flow({"sold": "+100%"}, cost="$1000").title


def test_the_tree_as_it_is_has_a_cash_flow() -> None:
    answer = small().cash_flow()
    assert answer.npv == pytest.approx(present([0.0] + [100.0] * 24), rel=1e-12)
    assert (answer.payback, answer.profitability_index, answer.irr) == (None, None, None)


def test_a_saving_counts_as_what_comes_in() -> None:
    text = SMALL.replace("kind: financial}", "kind: financial, better: lower}")
    answer = small(text=text).cash_flow({"sold": "-50%"}, cost="$200")
    assert answer.npv == pytest.approx(present([-200.0] + [50.0] * 24), rel=1e-12)


@given(st.floats(0, 2), st.floats(1, 500), st.integers(1, 24))
@examples(25)
def test_at_no_discount_npv_is_the_sum(lift: float, paid: float, when: int) -> None:
    tree = small("{discount_rate: 0%, cash: paid}")
    answer = tree.cash_flow({"sold": it.relative(lift)}, cost=f"${paid:.2f} in month {when}", samples=64)
    assert answer.npv == pytest.approx(24 * 100 * lift - round(paid, 2), rel=1e-9, abs=1e-6)
    assert answer.npv == pytest.approx(math.fsum(answer.net), rel=1e-9, abs=1e-6)


# ---- several internal rates, or none


def test_several_internal_rates_are_said() -> None:
    tree = it.ImpactTree(
        period="year",
        horizon=2,
        finance={"discount_rate": "12%", "cash": "paid"},
        metrics={"sold": {"value": "230/year"}, "paid": {"formula": "sold * each"}, "each": {"value": "$1"}},
    )
    answer = tree.cash_flow(None, cost=["$100", "$362 in year 2"])
    assert answer.irrs == pytest.approx([0.1, 0.2], rel=1e-9)
    assert answer.irr is None
    assert "amounts change sign 2 times, 10.0% and 20.0% each make them worth nothing" in str(answer)


def test_no_internal_rate_is_said() -> None:
    answer = small().cash_flow({"sold": "-50%"}, cost="$100")
    assert (answer.irr, answer.payback) == (None, None)
    assert "IRR: none; no rate makes these amounts worth nothing today" in str(answer)


def test_without_pyxirr_all_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyxirr", None)
    answer = small().cash_flow({"sold": "+100%"}, cost="$1000")
    assert "pip install 'impacttree[finance]'" in str(answer)
    assert "irr" not in answer.summary()
    assert answer.npv > 0


# ---- tax, capital expenditure, working capital


def numbers(cells: Sequence[Cell]) -> list[float]:
    """Return the amounts in cells of a table, all of which hold one."""
    assert all(isinstance(cell.value, int | float) for cell in cells)
    return [float(cell.value or 0) for cell in cells]


def lines(answer: CashFlow) -> dict[str, list[float]]:
    return {line.line: list(line.amounts) for line in answer.lines}


def test_tax_is_on_the_change_of_profit_and_losses_refund() -> None:
    tree = small("{discount_rate: 12%, tax_rate: 25%}")
    answer = tree.cash_flow({"sold": "+100%"}, cost="$1000", after_tax=True)
    by_hand = [-1000.0, 100 - 0.25 * (100 - 1000), *[75.0] * 23]
    assert answer.net == pytest.approx(by_hand)
    assert answer.npv == pytest.approx(present(by_hand), rel=1e-12)
    before = tree.cash_flow({"sold": "+100%"}, cost="$1000")
    assert before.net == pytest.approx([-1000.0, *[100.0] * 24])


def test_losses_may_be_lost() -> None:
    tree = small("{discount_rate: 12%, tax_rate: 25%, losses: lost}")
    answer = tree.cash_flow({"sold": "+100%"}, cost="$1000", after_tax=True)
    assert answer.net == pytest.approx([-1000.0, 100.0, *[75.0] * 23])


def test_what_has_a_life_is_cash_at_once_and_lowers_taxes_later() -> None:
    tree = small("{discount_rate: 12%, tax_rate: 25%}")
    answer = tree.cash_flow({"sold": "+100%"}, cost="$1000 in month 2 over 10 months", after_tax=True)
    by_hand = [0.0] + [75.0 + (25.0 if 2 <= t < 12 else 0.0) - (1000 if t == 2 else 0) for t in range(1, 25)]
    assert answer.net == pytest.approx(by_hand)
    assert lines(answer)["written_off"][1:13] == pytest.approx([0.0] + [-100.0] * 10 + [0.0])
    assert lines(answer)["taxable"][2] == pytest.approx(0.0)
    untaxed = tree.cash_flow({"sold": "+100%"}, cost="$1000 in month 2 over 10 months")
    assert untaxed.net == pytest.approx([0.0] + [100.0 - (1000 if t == 2 else 0) for t in range(1, 25)])


def test_cash_that_is_after_tax_is_not_taxed_again() -> None:
    tree = small("{discount_rate: 12%, tax_rate: 25%, cash: paid}")
    answer = tree.cash_flow({"sold": "+100%"}, cost="$1000", after_tax=True)
    assert answer.net == pytest.approx([-1000.0, 100.0 + 250, *[100.0] * 23])


@pytest.mark.parametrize("changes", [None, {"conversion": "+10%"}])
@pytest.mark.parametrize("taxed", [True, False])
def test_the_way_from_profit_to_cash(changes: dict[str, str] | None, taxed: bool) -> None:
    """Straight from what each line is: what is billed, paid ahead, spent and written off, period by period."""
    base, moved = customers(0.02, 36), customers(0.022, 36)
    moves = [b - a for a, b in zip(base, moved, strict=True)] if changes else base
    revenue = [20 * each for each in moves]
    spent = [0.05 * each for each in revenue]
    off = [0.0] + [sum(spent[max(s, 0)] for s in range(t - 5, t + 1)) / 6 for t in range(1, 37)]
    by_hand = [0.0]
    for t in range(1, 37):
        profit = 0.3 * revenue[t]
        tax = 0.25 * (profit - off[t]) if taxed else 0.0
        owed = 73 * 12 / 365 * (revenue[t] - revenue[t - 1])
        by_hand.append(profit - tax - spent[t] - owed + 2 * (revenue[t] - revenue[t - 1]))
    answer = it.loads(GROWING).cash_flow(changes, after_tax=taxed, samples=64)
    assert answer.net == pytest.approx(by_hand, rel=1e-9, abs=1e-9)
    assert answer.npv == pytest.approx(present(by_hand), rel=1e-9)
    own = [line for line in answer.lines if not line.is_subtotal]
    assert [math.fsum(column) for column in zip(*(line.amounts for line in own), strict=True)] == pytest.approx(
        answer.lines[-1].amounts, rel=1e-9, abs=1e-9
    )


# ---- what comes after


def test_a_perpetuity_is_its_closed_form() -> None:
    """100 a month for ever, growing 2 % a year from month 24 on."""
    tree = small("{discount_rate: 12%, cash: paid, terminal: {perpetuity: {growth: 2%/year}}}")
    answer = tree.cash_flow({"sold": "+100%"}, cost="$1000")
    by_hand = present([0.0] + [100.0] * 24 + [100 * 1.02 ** (t / 12) for t in range(1, 12 * 300)])
    assert answer.npv == pytest.approx(by_hand - 1000, rel=1e-9)
    share = answer.terminal_share
    assert share is not None
    assert share == pytest.approx(1 - present([0.0] + [100.0] * 24) / by_hand, rel=1e-9)
    assert "83% of the value comes after that" in answer.title
    assert answer.net[-1] == pytest.approx(100 + answer.terminal)


def test_cash_that_does_not_grow_goes_on_as_it_was() -> None:
    near, far = (
        it.loads(SMALL.replace("FINANCE", "finance: {discount_rate: 12%, cash: paid, timing: mid, terminal: "
                               "{perpetuity: {growth: 0%}}}")).cash_flow(None, horizon=months)
        for months in (3, 60)
    )  # fmt: skip
    assert near.npv == pytest.approx(far.npv, rel=1e-12)


STEADY = """
outcome: profit
period: year
horizon: 3
finance:
  discount_rate: 9%/year
  tax_rate: 30%
  timing: TIMING
  losses: LOSSES
  cash: {profit: profit, receivables: {of: sales, days: 60}, deferred_revenue: ahead, capex: {of: spent, life: 7 years}}
  terminal: {perpetuity: {growth: GROWTH/year}}
metrics:
  plants: {value: 1 plant}
  each: {values: [100/year], then: grow GROWTH/year}
  sales: {formula: plants * each * price, unit: USD/year, kind: financial}
  price: {value: $2/plant}
  profit: {formula: sales * 0.4, kind: financial}
  spent: {formula: sales * 0.1, kind: financial, better: lower}
  months: {value: 0.25 years}
  ahead: {formula: sales * months, unit: USD, aggregate: last, kind: financial}
"""


@pytest.mark.parametrize("growth", ["0%", "4%", "-3%"])
@pytest.mark.parametrize("timing", ["end", "mid"])
@pytest.mark.parametrize("losses", ["refund", "lost"])
def test_a_perpetuity_is_worth_the_same_wherever_it_begins(growth: str, timing: str, losses: str) -> None:
    """Cash that grows evenly anyway: what is spent goes on being written off, and saves tax, after the last period."""
    text = STEADY.replace("GROWTH", growth).replace("TIMING", timing).replace("LOSSES", losses)
    near, far = (
        it.loads(text).cash_flow(
            {"plants": "+100%"}, cost="$90; $400 in year 2 over 11 years", after_tax=True, horizon=years
        )
        for years in (3, 40)
    )
    assert near.npv == pytest.approx(far.npv, rel=1e-12)
    assert near.left > 0
    assert "the terminal value counts the tax that this saves" in str(near)
    first = it.loads(text).cash_flow({"plants": "+100%"}, cost="$400 over 11 years", after_tax=True, horizon=2)
    assert first.npv == pytest.approx(
        it.loads(text).cash_flow({"plants": "+100%"}, cost="$400 over 11 years", after_tax=True, horizon=60).npv
    )


SEASONS = {
    "a season": "{value: 50 orders/month, seasonality: {Q1: 0.8, Q2: 0.9, Q3: 1, Q4: 1.3}}",
    "a series that repeats": "{values: [40, 60, 50, 20, 90, 70], then: repeat, unit: orders/month}",
    "the month": '{formula: "40 * if(month_of_year() > 10, 2, 1)", unit: orders/month}',
}


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("terminal", ["{perpetuity: {growth: 0%}}", "{multiple: {of: paid, x: 9}}"])
def test_a_season_is_that_of_the_last_year_for_ever(season: str, terminal: str) -> None:
    """A single month would stand for all: December's for ever."""
    text = SMALL.replace("{value: 50 orders/month, kind: product}", SEASONS[season])
    finance = f"finance: {{discount_rate: 12%, tax_rate: 25%, cash: {{profit: paid}}, terminal: {terminal}}}"
    tree = it.loads(text.replace("FINANCE", f"start_date: 2027-01-01\n{finance}"))
    answers = [
        tree.cash_flow({"price": "+10%"}, cost="$200 over 30 months", after_tax=True, horizon=months)
        for months in (12, 15, 24, 41)
    ]
    if "perpetuity" in terminal:
        assert [answer.npv for answer in answers] == pytest.approx([answers[-1].npv] * 4, rel=1e-12)
        assert "cash of the last 12 months goes on for ever" in str(answers[0])
    else:
        assert [answer.terminal for answer in answers] == pytest.approx([answers[-1].terminal] * 4, rel=1e-12)
        year = tree.worth("price", "+10%", range=False, horizon=12).total
        assert answers[0].terminal == pytest.approx(9 * year, rel=1e-12)
    with pytest.raises(QuestionError, match="cash has a season, so that a terminal value takes a whole year"):
        tree.cash_flow(horizon=6)
    assert small(f"{{discount_rate: 12%, cash: paid, terminal: {terminal}}}").cash_flow(horizon=6).cycle == 1


def test_tax_that_is_saved_after_the_last_period_is_said_and_not_counted() -> None:
    tree = small("{discount_rate: 12%, tax_rate: 25%}")
    answer = tree.cash_flow({"sold": "+100%"}, cost="$1200 in month 13 over 36 months", after_tax=True)
    saved = [0.25 * 1200 / 36 / 1.12 ** (t / 12) for t in range(25, 49)]
    assert answer.left == pytest.approx(1200 * 24 / 36)
    assert answer.left_saves == pytest.approx(math.fsum(saved), rel=1e-12)
    longer = tree.cash_flow({"sold": "+100%"}, cost="$1200 in month 13 over 36 months", after_tax=True, horizon=48)
    more = math.fsum(75 / 1.12 ** (t / 12) for t in range(25, 49))
    assert longer.npv == pytest.approx(answer.npv + more + answer.left_saves, rel=1e-12)
    assert "Still to be written off after the last month: $800; the tax that this saves, $142 today, is not" in str(
        answer
    )
    assert (longer.left, "written off after" in str(longer)) == (0.0, False)
    assert tree.cash_flow({"sold": "+100%"}, cost="$1200 over 36 months").left == 0.0


def test_a_multiple_is_of_a_year_at_the_pace_of_the_end() -> None:
    tree = small("{discount_rate: 12%, cash: paid, terminal: {multiple: {of: paid, x: 8}}}")
    answer = tree.cash_flow({"sold": "+100%"})
    assert answer.terminal == pytest.approx(8 * 1200)
    assert answer.terminal_present == pytest.approx(8 * 1200 / 1.12**2)
    level = it.loads(GROWING.replace("  tax_rate: 25%", "  terminal: {multiple: {of: deferred, x: 1.5}}"))
    moved = customers(0.022, 36)[-1] - customers(0.02, 36)[-1]
    assert level.cash_flow({"conversion": "+10%"}).terminal == pytest.approx(1.5 * 2 * 20 * moved, rel=1e-9)


def test_no_terminal_value_is_counted_unless_it_is_stated() -> None:
    for finance in ("{discount_rate: 12%, cash: paid}", "{discount_rate: 12%, cash: paid, terminal: none}"):
        answer = small(finance).cash_flow({"sold": "+100%"})
        assert (answer.terminal, answer.terminal_share) == (0.0, None)
        assert "no terminal value is stated" in str(answer)


def test_other_answers_on_present_values_say_that_they_count_no_terminal_value() -> None:
    """Both say NPV; what comes after the horizon is in one of them."""
    tree = small("{discount_rate: 12%, cash: paid, terminal: {perpetuity: {growth: 2%/year}}}")
    worth = tree.worth("sold", "+100%", basis="pv", cost="$1000")
    assert "without the terminal value" in str(worth)
    flow = tree.cash_flow({"sold": "+100%"}, cost="$1000")
    assert flow.npv - flow.terminal_present == pytest.approx(worth.net, rel=1e-12)
    assert "without the terminal value" not in str(flow)
    assert "without the terminal value" not in str(tree.worth("sold", "+100%"))
    assert "without the terminal value" not in str(small().worth("sold", "+100%", basis="pv"))


# ---- how sure


def test_samples_are_of_the_same_arithmetic() -> None:
    tree = it.loads(GROWING)
    with_cost = {
        cost: tree.cash_flow({"conversion": "+10%"}, cost=cost, after_tax=True, samples=256, seed=3)
        for cost in ("$20k", "$20k ($15k to $25k)")
    }
    fixed, wider = with_cost.values()
    free = tree.cash_flow({"conversion": "+10%"}, after_tax=True)
    visits = tree.simulate(256, seed=3, on="visits").samples("visits") / 36 / 10_000
    by_hand = free.npv * visits - (20_000 - 0.25 * 20_000 / 1.12 ** (1 / 12))
    assert fixed.npv_range is not None
    assert wider.npv_range is not None
    ends = np.quantile(by_hand, [0.1, 0.5, 0.9])
    assert [fixed.npv_range.p10, fixed.npv_range.p50, fixed.npv_range.p90] == pytest.approx(ends, rel=1e-3)
    assert fixed.probability_of_loss == pytest.approx((by_hand < 0).mean(), abs=0.01)
    assert wider.npv_range.p90 - wider.npv_range.p10 > fixed.npv_range.p90 - fixed.npv_range.p10
    certain = small().cash_flow({"sold": "+100%"}, cost="$1000")
    assert (certain.npv_range, certain.probability_of_loss) == (None, None)


@pytest.mark.parametrize("timing", [{"until": "month 6"}, {"start": "month 2", "decay": "5%/month"}])
def test_a_terminal_value_needs_a_change_that_lasts(timing: dict[str, str]) -> None:
    tree = small("{discount_rate: 12%, cash: paid, terminal: {perpetuity: {growth: 2%/year}}}")
    typed = it.lift("+10%", **timing)  # type: ignore[arg-type]  # keys and texts as the signature has them
    with pytest.raises(QuestionError, match="a change ends or fades"):
        tree.cash_flow({"sold": typed})
    assert small().cash_flow({"sold": typed}).npv > 0
    assert tree.cash_flow({"sold": it.lift("+10%", start="month 2")}).npv > 0


def test_a_lift_in_time_comes_in_when_it_is_in_force() -> None:
    answer = small().cash_flow({"sold": it.lift("+100%", start="month 4", until="month 6")}, cost="$120")
    assert answer.net == pytest.approx([-120.0, 0, 0, 0, 100, 100, 100, *[0.0] * 18])
    assert answer.payback == 5


def test_a_later_window_is_discounted_to_today() -> None:
    answer = small().cash_flow({"sold": "+100%"}, over="months 13 to 24")
    assert answer.npv == pytest.approx(present([0.0] * 13 + [100.0] * 12), rel=1e-12)
    assert math.fsum(numbers(answer.view().rows[0][1:-1])) == pytest.approx(1200)
    with pytest.raises(QuestionError, match="begins later"):
        small().cash_flow({"sold": "+100%"}, over="months 13 to 24", cost="$100")


# ---- what is wrong


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ("$100 in month 25", "after the first 24 months: look"),
        ("$100 over 3 weeks", "write 1 month"),
        ("$100 in months 2 to 3", "names more than one month"),
        ("$100 in 2027-04", "states no start_date"),
        ("$100 over 3 quarters", "the tree steps by month, not by quarter"),
        ("$100 over 9999 months", "the life of the cost"),
        ("-$100", "below zero"),
        ("100 users", "the cost is 100 users"),
        ("$100 in", "the cost"),
    ],
)
def test_a_cost_that_cannot_be_paid_is_one_error(cost: str, said: str) -> None:
    with pytest.raises(QuestionError, match=said) as raised:
        small().cash_flow({"sold": "+100%"}, cost=cost)
    assert len(raised.value.problems) == 1


def test_costs_are_a_list_or_one_text() -> None:
    pair = [small().cash_flow({"sold": "+100%"}, cost=c) for c in (["$90", "$5 in month 2"], "$90; $5 in month 2")]
    assert pair[0].net == pair[1].net


def test_all_wrong_costs_are_listed() -> None:
    with pytest.raises(QuestionError) as raised:
        small().cash_flow({"sold": "+100%"}, cost=["-$100", "$100", "$5 in month 99"])
    assert len(raised.value.problems) == 2


def test_what_finance_must_state() -> None:
    with pytest.raises(QuestionError, match="need a discount rate"):
        it.template("internal").cash_flow()
    with pytest.raises(QuestionError, match="needs a tax rate"):
        small().cash_flow(after_tax=True)
    with pytest.raises(QuestionError, match="a level has no present value"):
        it.loads("finance: {discount_rate: 12%}\nmetrics: {a: {value: 3 users}}").cash_flow()
    with pytest.raises(QuestionError, match="not an amount of money per month"):
        it.loads("finance: {discount_rate: 12%}\nmetrics: {a: {value: 3 users/month}}").cash_flow()


# ---- how it is shown


def test_the_picture_adds_up_what_is_left() -> None:
    answer = small().cash_flow({"sold": "+100%"}, cost="$1000")
    discounted, plain = answer.picture().series
    assert discounted.values[-1] == pytest.approx(answer.npv)
    assert plain.values == pytest.approx([100 * t - 1000 for t in range(25)])
    assert len(answer.picture().ticks) == 25


def test_columns_add_up_to_the_total() -> None:
    table = it.loads(GROWING).cash_flow({"conversion": "+10%"}, cost="$20k", after_tax=True).view()
    assert [column.label for column in table.columns][1:3] == ["Today", "First 12 months"]
    for row in table.rows[:-1]:
        *parts, whole = numbers(row[1:])
        assert math.fsum(parts) == pytest.approx(whole, abs=1e-6)
    named = it.loads("start_date: 2027-01-01\n" + GROWING).cash_flow().view()
    assert [column.label for column in named.columns] == ["", "Today", "2027", "2028", "2029", "Total"]
