"""Formulas with rates as finance and product people write them: unit, number, and how each is taken over the horizon.

The number is that of the same formula in plain numbers, computed by Python; whether a metric is summed is stated by
hand. Both say nothing of the checker's rules.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import loads
from impacttree.errors import ModelError
from impacttree.graph import Graph, build
from impacttree.quantity import Unit, parse_quantity
from impacttree.spec import load_text
from tests.strategies import examples

INPUTS = {
    "customers": "1000 customers", "arpu": "$30/customer/month", "margin": "80%", "churn": "3%/month",
    "ret": "97%/month", "growth": "5%/month", "new": "40 customers/month", "lost": "30 customers/month",
    "mrr": "$30_000/month", "expansion": "$900/month", "contraction": "$300/month", "cac": "$300/customer",
    "life": "20 months", "n": "12", "months": "12 months", "years": "3 years", "inflation": "3%/year",
    "monthly_inflation": "0.3%/month", "ygrowth": "30%/year", "rate": "8%/year", "price": "$100", "cash": "$500_000",
    "burn": "$50_000/month", "qchurn": "5%/quarter", "spend": "$12_000/month", "visits": "5000 visits/month",
    "conv": "2%", "users": "1000 users", "quarterly_sales": "$90_000/quarter", "ytd": "$1M/year", "disc": "1%/month",
    "share_kept": "97%", "yret": "80%/year", "yearly_value": "$100/customer/year", "interest": "10%/year",
    "f0": "-$200", "f1": "$110", "f2": "$121", "down": "3 hours/month", "total": "730 hours/month", "h": "730 hours",
    "elasticity": "-1.2", "price_change": "5%", "season": "1.1", "hours": "120 hours/month", "cap": "160 hours/month",
    "orders": "300 orders/month", "begin_arr": "$1M", "end_arr": "$3M", "assets": "$225_000", "equity": "$150_000",
    "income": "$10_000/year", "sales": "$120_000/year", "cogs": "$70_000/year", "inventory": "$14_000",
    "receivables": "$20_000", "deploys": "4/month", "n_years": "3", "ebitda": "20%", "downgrade": "1%/month",
    "balance": "$2500", "apr": "8.24%/year", "principal": "$200_000", "payment": "$1_500/month",
    "loan": "0.5%/month", "staff": "12 people", "hours_each": "144 hours/person/month",
    "impressions": "2M impressions/month",
    "cpm": "$5/1000 impressions", "tokens": "960B tokens/month", "token_price": "$2/1M tokens",
    "storage": "500 GB", "storage_price": "$0.02/GB-month", "uptime": "99.9%", "minutes": "43_800 minutes/month",
    "wacc": "0.7%/month", "members": "1000 members", "weekly": "1%/week", "seats": "400 seats", "used": "320 seats",
    "list_price": "$36/customer/month", "discount": "10%", "gmv": "$2M/month", "take": "1.9% of gmv",
    "tax": "25%", "fixed": "$20_000/month", "unit_price": "$50/order", "unit_cost": "$20/order", "referral": "2%/month",
    "doubling": "8 months", "half": "6 months", "vat": "19%", "wage": "$60/hour",
    "work": "12 person-days",
    "day_rate": "$600/person-day", "tickets": "800 tickets/month",
    "handling": "15 minutes/ticket", "payback_target": "12 months", "rent": "$500/month",
}  # fmt: skip
"""Illustrative figures."""


class Case(NamedTuple):
    formula: str
    unit: str
    """Of the result; a share may be shown in % or not."""
    summed: bool = False
    declared: str = ""
    period: str = "month"


CASES = [
    # what stays, goes and comes
    Case("customers * (1 - churn)", "customers"),
    Case("customers * (1 - churn) * arpu", "USD/month", True),
    Case("customers * (1 - churn) * arpu", "USD/month", True, "USD/month"),
    Case("1 - churn", "%"),
    Case("1 - churn", "%", False, "%"),
    Case("1 - churn", "%/month", False, "%/month"),
    Case("100% - churn", "%"),
    Case("1 - ret", "%/month", False, "%/month"),
    Case("customers * (1 - ret)", "customers/month", True, "customers/month"),
    Case("customers * (1 - ret)", "customers/month", True),
    Case("(1 - churn)**12", "%", False, "%"),
    Case("users * ret**12", "users"),
    Case("1 - (1 - churn)**12", "%/year", False, "%/year"),
    Case("1 - (1 - churn)**12", "%"),
    Case("lost / customers", "%/month"),
    Case("lost / customers", "%", False, "%"),
    Case("lost / customers * 100%", "%/month"),
    Case("1 / churn", "months"),
    Case("1 / (1 - ret)", "months", False, "months"),
    Case("customers * (1 - 1 / life)**n", "customers"),
    Case("customers * (1 - churn)**months", "customers"),
    Case("customers * exp(-churn)", "customers"),
    Case("log(0.5) / log(1 - churn)", "months", False, "months"),
    Case("log(2) / doubling", "%/month"),
    Case("2**(1 / doubling) - 1", "%/month"),
    Case("1 - 0.5**(1 / half)", "%/month"),
    Case("customers * (1 + growth - churn)", "customers"),
    Case("customers * (growth - churn + 1)", "customers", False, "customers"),
    Case("customers * (1 - 0.02 + growth)", "customers"),
    Case("customers * (1 - churn - downgrade + referral)", "customers"),
    Case("churn - expansion / mrr", "%/month", False, "%/month"),
    Case("1 - churn + expansion / mrr", "%", False, "%"),
    Case("1 + expansion / mrr - churn", "%", False, "%"),
    Case("expansion / mrr - churn + 1", "%"),
    Case("(mrr + expansion - contraction) / mrr", "%", False, "%"),
    Case("(1 - churn + expansion / mrr)**12", "%", False, "%"),
    Case("mrr * (1 - churn + expansion / mrr)", "USD/month", True),
    Case("new / (1 - churn)", "customers/month", True),
    Case("customers / (1 - churn)", "customers", False, "customers"),
    Case("customers * (1 - churn / 2)", "customers"),
    Case("customers * max(0, 1 - churn)", "customers"),
    Case("customers * clip(1 - churn, 0, 1)", "customers"),
    Case("customers * (1 - churn) * (1 + growth)", "customers"),
    Case("customers * (1 - churn) + new", "customers"),
    Case("customers + new - lost", "ERR"),
    Case("members * (1 - qchurn)", "members", False, "", "quarter"),
    Case("1 - (1 - weekly)**52", "%/year", False, "%/year"),
    Case("decay_per_year(churn)", "%/year"),
    Case("customers * decay_per_month(qchurn)", "customers/month", True),
    Case("customers * (1 - decay_per_month(qchurn))", "customers"),
    # lifetime value
    Case("arpu * margin / churn", "USD/customer"),
    Case("arpu * margin / churn", "USD/customer", False, "USD/customer"),
    Case("arpu * margin / (1 - ret)", "USD/customer"),
    Case("arpu * margin / (1 - ret)", "USD/customer", False, "USD/customer"),
    Case("arpu * margin / (1 - ret) / cac", ""),
    Case("arpu * margin / (churn + disc)", "USD/customer", False, "USD/customer"),
    Case("yearly_value * margin / (1 + interest - yret)", "USD/customer", False, "USD/customer", "year"),
    Case("yearly_value * margin * yret / (1 + interest - yret)", "USD/customer", False, "USD/customer", "year"),
    Case("arpu * (1 - (1 - churn)**12) / churn", "USD/customer", False, "USD/customer"),
    Case("arpu * margin / (churn - downgrade)", "USD/customer", False, "USD/customer"),
    Case("arpu * margin / churn - cac", "USD/customer"),
    Case("arpu * margin / churn / cac", ""),
    Case("cac / (arpu * margin)", "months", False, "months"),
    Case("cac / (arpu * margin) / payback_target", ""),
    Case("arpu * margin * life", "USD/customer"),
    # growth, prices, interest
    Case("(end_arr / begin_arr)**(1 / n_years) - 1", "%", False, "%", "year"),
    Case("(end_arr / begin_arr)**(1 / n_years) - 1", "%/year", False, "%/year", "year"),
    Case("(end_arr / begin_arr)**(1 / years) - 1", "%/year"),
    Case("log(end_arr / begin_arr) / years", "1/year", False, "%/year"),
    Case("price * (1 + inflation)", "USD", False, "", "year"),
    Case("price * (1 + monthly_inflation)**n_years", "USD", False, "USD"),
    Case("price * (1 + monthly_inflation)**12", "USD"),
    Case("price / (1 + rate)", "USD", False, "", "year"),
    Case("ytd / (1 + rate)", "USD/year", True, "USD/year", "year"),
    Case("(1 + rate) / (1 + inflation) - 1", "%/year", False, "%/year", "year"),
    Case("(1 + rate) / (1 + inflation) - 1", "%/year", False, "", "year"),
    Case("price * (1 + ygrowth) / (1 + inflation)", "USD", False, "", "year"),
    Case("ytd * (1 + inflation) / (rate - inflation)", "USD", False, "USD", "year"),
    Case("ytd * (1 - (1 + rate)**-3) / rate", "USD", False, "USD", "year"),
    Case("burn * ((1 + disc)**12 - 1) / disc", "USD", False, "USD"),
    Case("(1 + growth)**12 - 1", "%/year", False, "%/year"),
    Case("growth_per_year(growth)", "%/year"),
    Case("users * (1 + growth)**12", "users"),
    Case("(1 + ygrowth)**(1/12) - 1", "%/month", False, "%/month"),
    Case("(1 + ygrowth)**(1/12) - 1", "%/month"),
    Case("users * ((1 + ygrowth)**(1/12) - 1)", "users/month", True),
    Case("price * (1 + rate / 12)**12", "USD"),
    Case("mrr * (1 + ygrowth)", "USD/month", True, "USD/month"),
    Case("f0 + f1 / (1 + rate) + f2 / (1 + rate)**2", "USD", False, "USD", "year"),
    Case("f1 / (1 + wacc)**12 + f2 / (1 + wacc)**24", "USD"),
    Case("1 / (1 + rate)", "", False, "", "year"),
    Case("balance * apr", "USD/year", True, "", "year"),
    Case("balance * nominal_per_month(apr)", "USD/month", True),
    Case("balance * (1 + nominal_per_month(apr))", "USD"),
    Case("principal * loan / (1 - (1 + loan)**-360)", "USD/month", True),
    Case("payment * (1 - (1 + loan)**-360) / loan", "USD"),
    Case("payment - principal * loan", "USD/month", True),
    Case("ytd / rate", "USD", False, "USD", "year"),
    Case("list_price * (1 - discount)", "USD/customer/month"),
    Case("price * (1 + vat)", "USD"),
    Case("ytd * (1 - tax)", "USD/year", True, "", "year"),
    # finance
    Case("ygrowth + ebitda", "%", False, "%", "year"),
    Case("(quarterly_sales - quarterly_sales * 0.9) * 4 / quarterly_sales", "", False, "", "quarter"),
    Case("burn / (expansion + spend)", ""),
    Case("cash / burn", "months"),
    Case("(expansion + spend) / contraction", ""),
    Case("per_month(quarterly_sales)", "USD/month", True),
    Case("income / assets", "%", False, "%", "year"),
    Case("income / equity", "%/year", False, "", "year"),
    Case("sales / assets", "x", False, "x", "year"),
    Case("cogs / inventory", "%/year", False, "", "year"),
    Case("cogs / inventory", "x", False, "x", "year"),
    Case("inventory / cogs", "years", False, "", "year"),
    Case("inventory / per_day(cogs)", "days", False, "days", "year"),
    Case("receivables / per_day(sales)", "days", False, "days", "year"),
    Case("fixed / (unit_price - unit_cost)", "orders/month", True, "orders/month"),
    Case("orders * (unit_price - unit_cost) - fixed", "USD/month", True),
    Case("gmv * take", "USD/month", True),
    Case("per_year(mrr) * (1 - qchurn)", "USD/year", False, "", "quarter"),
    # work, use, things
    Case("1 - down / total", "%", False, "%"),
    Case("1 - down / h", "%", False, "%"),
    Case("hours / cap", "%", False, "%"),
    Case("used / seats", "%", False, "%"),
    Case("mrr * season", "USD/month", True, "USD/month"),
    Case("orders * (1 + elasticity * price_change)", "orders/month", True),
    Case("orders * (price / baseline(price))**elasticity", "orders/month", True),
    Case("orders / users", "orders/user/month", False, "orders/user/month"),
    Case("orders / users", "orders/user/month"),
    Case("visits * conv", "visits/month", True),
    Case("deploys + 1", "1/month", True),
    Case("deploys * 3", "1/month", True),
    Case("staff * hours_each", "hours/month", True),
    Case("work * day_rate", "USD"),
    Case("impressions * cpm", "USD/month", True),
    Case("spend / impressions", "USD/impression"),
    Case("tokens * token_price", "USD/month", True),
    Case("storage * storage_price", "USD/month", True),
    Case("(1 - uptime) * minutes", "minutes/month", True),
    Case("tickets * in_hours(handling) * wage", "USD/month", True),
    Case("spend / new", "USD/customer"),
    Case("customers * arpu - rent", "USD/month", True),
    # refused
    Case("customers * (1 - churn + inflation)", "ERR"),
    Case("arpu * margin / yret", "ERR"),
    Case("price * (1 + growth)", "ERR", False, "USD/month"),
    Case("mrr * (1 - churn)", "ERR", False, "USD"),
    Case("users * conv", "ERR", False, "users/month"),
    Case("margin + churn", "ERR"),
    Case("mrr * 12", "ERR", False, "USD/year"),
    Case("customers * arpu * 12", "ERR", False, "USD/year"),
    Case("customers", "ERR", False, "customers/month"),
    Case("arpu * margin / (1 - share_kept)", "ERR", False, "USD/customer"),
    Case("(1 - churn)**years", "ERR"),
    Case("per_month(rate)", "ERR"),
    Case("burn + ytd", "ERR"),
]  # fmt: skip

FACTORS = {"day": 365, "week": 365 / 7, "month": 12, "quarter": 4, "year": 1}


def inputs_of(case: Case) -> dict[str, str]:
    return {name: INPUTS[name] for name in re.findall(r"[a-z_][a-z_0-9]*", case.formula) if name in INPUTS}


def model_of(case: Case) -> str:
    metrics: dict[str, Any] = {name: {"value": text} for name, text in inputs_of(case).items()}
    metrics["other"] = {"value": "1"}
    metrics["m"] = {"formula": case.formula} | ({"unit": case.declared} if case.declared else {})
    return json.dumps({"period": case.period, "outcome": "other", "metrics": metrics})


def graph_of(case: Case) -> Graph:
    return build(load_text(model_of(case)))


def in_plain_numbers(case: Case) -> float:
    """Return the formula's value, computed by Python from the numbers alone."""
    quantities = {name: parse_quantity(text) for name, text in inputs_of(case).items()}

    def converted(name: str) -> Any:
        kind, _, target = name.rpartition("per_")
        found = re.search(rf"{name}\((\w+)\)", case.formula)
        if found is None:
            return None
        unit = quantities[found[1]].unit
        assert unit is not None
        ratio = FACTORS[unit.calendar[0][0]] / FACTORS[target]
        return {
            "": lambda x: x * ratio,
            "nominal_": lambda x: x * ratio,
            "decay_": lambda x: 1 - (1 - x) ** ratio,
            "growth_": lambda x: (1 + x) ** ratio - 1,
        }[kind]

    names: dict[str, Any] = {name: quantity.central() for name, quantity in quantities.items()}
    names |= {name: converted(name) for name in re.findall(r"\w*per_\w+(?=\()", case.formula)}
    names |= {"exp": math.exp, "log": math.log, "max": max, "baseline": lambda x: x, "in_hours": lambda x: x / 60}
    names |= {"clip": lambda x, low, high: min(max(x, low), high)}
    text = re.sub(r"(\d+)%", r"(\1/100)", case.formula)
    return float(eval(text, {"__builtins__": {}}, names))


ACCEPTED = [case for case in CASES if case.unit != "ERR"]


@pytest.mark.parametrize(
    "case", ACCEPTED, ids=lambda case: f"{case.formula} in {case.declared or '?'} by {case.period}"
)
def test_unit_number_and_horizon(case: Case) -> None:
    metric = graph_of(case)["m"]
    wanted = Unit.parse(case.unit) if case.unit else Unit()
    assert metric.unit.hard() == wanted.hard(), f"{metric.unit} for {case.unit}"
    assert (metric.aggregation == "sum") == case.summed, metric.aggregation_reason
    values = loads(model_of(case)).values()
    assert values["m"] == pytest.approx(in_plain_numbers(case), rel=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if case.unit == "ERR"], ids=lambda case: case.formula)
def test_refused(case: Case) -> None:
    with pytest.raises(ModelError) as caught:
        graph_of(case)
    assert all(problem.fix for problem in caught.value.problems)


# ---- a formula with rates equals the same tree in plain numbers

PERIODS = tuple(FACTORS)
Numbers = dict[str, float]


class Factor(NamedTuple):
    """What goes on by one period, as a formula and as Python computes it from the rates of that period."""

    text: str
    value: Callable[[Numbers], float]


SPELLINGS = (
    Factor("(1 - r)", lambda x: 1 - x["r"]),
    Factor("(1 + g)", lambda x: 1 + x["g"]),
    Factor("(1 - r + g)", lambda x: 1 - x["r"] + x["g"]),
    Factor("(g - r + 1)", lambda x: 1 - x["r"] + x["g"]),
    Factor("(100% + g - 0.01 - r)", lambda x: 0.99 - x["r"] + x["g"]),
    Factor("exp(-r)", lambda x: math.exp(-x["r"])),
    Factor("exp(g - r)", lambda x: math.exp(x["g"] - x["r"])),
    Factor("max(0, 1 - r)", lambda x: 1 - x["r"]),
    Factor("(1 - r) * (1 + g)", lambda x: (1 - x["r"]) * (1 + x["g"])),
    Factor("(1 - r) / (1 + g)", lambda x: (1 - x["r"]) / (1 + x["g"])),
    Factor("kept", lambda x: 1 - x["r"]),
    Factor("kept * grown", lambda x: (1 - x["r"]) * (1 + x["g"])),
    Factor("(1 - (1 - kept))", lambda x: 1 - x["r"]),
    Factor("(kept + share - r / 2)", lambda x: 1 - 1.5 * x["r"] + 0.02),
    Factor("(1 - 1 / life)", lambda x: 1 - 1 / 25),
)


@st.composite
def rates(draw: Any, period: str) -> tuple[str, str, float]:
    """Draw a rate: its statement, how a formula brings it to the tree's period, and what it is there."""
    stated = draw(st.sampled_from(PERIODS))
    value = draw(st.integers(1, 30)) / (1000 if FACTORS[stated] > 12 else 100)
    ratio = FACTORS[stated] / FACTORS[period]
    kind = draw(st.sampled_from(("decay", "growth", "nominal")))
    power = f"**{ratio:g}" if ratio in (3, 4, 7, 12) else f"**(1 / {1 / ratio:g})"
    spelled = {
        "decay": (f"1 - (1 - {{}}){power}", 1 - (1 - value) ** ratio),
        "growth": (f"(1 + {{}}){power} - 1", (1 + value) ** ratio - 1),
        "nominal": (f"nominal_per_{period}({{}})", value * ratio),
    }
    text, number = spelled[kind]
    by_hand = kind != "nominal" and round(ratio if ratio > 1 else 1 / ratio, 9) in (3, 4, 7, 12) and draw(st.booleans())
    if not by_hand:
        text = "{}" if stated == period else f"{kind}_per_{period}({{}})"
    number = value if stated == period else number
    return f"{value * 100:g}%/{stated}", text, number


@st.composite
def trees_of_rates(draw: Any) -> tuple[str, dict[str, Any], Numbers, Factor, Factor, int]:
    period = draw(st.sampled_from(PERIODS))
    numbers: Numbers = {}
    metrics: dict[str, Any] = {}
    for name in ("r", "g"):
        statement, text, number = draw(rates(period))
        assumed = min(number, 0.4) if number < 0.4 else None
        if assumed is None:
            statement, text, number = f"7%/{period}", "{}", 0.07
        metrics[f"{name}_stated"] = {"value": statement}
        metrics[name] = {"formula": text.format(f"{name}_stated")}
        if draw(st.booleans()):
            metrics[name]["unit"] = f"%/{period}"
        numbers[name] = number
    declared = draw(st.sampled_from((None, "%", f"%/{period}")))
    metrics["kept"] = {"formula": "1 - r"} | ({"unit": declared} if declared else {})
    metrics["grown"] = {"formula": "1 + g"}
    metrics["share"] = {"value": "2%"}
    metrics["life"] = {"value": f"25 {period}s"}
    first, second = draw(st.sampled_from(SPELLINGS)), draw(st.sampled_from(SPELLINGS))
    metrics["inflow"] = {"value": f"40 members/{period}"}
    metrics["fee"] = {"value": f"$3/member/{period}"}
    metrics["stock"] = {"start": "1000 members", "formula": f"prev(stock) * {first.text} + inflow"}
    metrics["lost"] = {"formula": "prev(stock) * r"}
    metrics["lost_share"] = {"formula": "lost / prev(stock)"}
    metrics["later"] = {"formula": f"stock * {second.text}"}
    metrics["gone"] = {"formula": "stock * r"}
    metrics["revenue"] = {"formula": f"stock * {second.text} * fee"}
    metrics["value"] = {"formula": f"fee / r * {second.text}"}
    return period, metrics, numbers, first, second, draw(st.integers(1, 9))


@pytest.mark.slow
@given(trees_of_rates())
@examples(300)
def test_rates_equal_plain_numbers(drawn: tuple[str, dict[str, Any], Numbers, Factor, Factor, int]) -> None:
    period, metrics, numbers, first, second, horizon = drawn
    text = json.dumps({"period": period, "horizon": horizon, "outcome": "revenue", "metrics": metrics})
    tree = loads(text)
    graph = build(load_text(text))
    step, scale = first.value(numbers), second.value(numbers)
    stock = np.empty(horizon + 1)
    stock[0] = 1000.0
    for t in range(horizon):
        stock[t + 1] = stock[t] * step + 40.0
    right = {
        "stock": ("last", "members", stock[-1]),
        "later": ("last", "members", stock[-1] * scale),
        "gone": ("sum", f"members/{period}", float(np.sum(stock[1:] * numbers["r"]))),
        "lost": ("sum", f"members/{period}", float(np.sum(stock[:-1] * numbers["r"]))),
        "lost_share": ("last", f"%/{period}", numbers["r"]),
        "revenue": ("sum", f"USD/{period}", float(np.sum(stock[1:] * scale * 3.0))),
        "value": ("last", "USD/member", 3.0 / numbers["r"] * scale),
    }
    paths = tree.project(horizon)
    for name, (taken, unit, expected) in right.items():
        assert graph[name].unit.hard() == Unit.parse(unit).hard(), name
        assert (graph[name].aggregation == "sum") == (taken == "sum"), name
        path = np.asarray(paths[name])
        assert (path[1:].sum() if taken == "sum" else path[-1]) == pytest.approx(expected, rel=1e-9), name
    total = float(np.sum(stock[1:] * scale * 3.0))
    assert tree.worth("fee", "+10%", range=False).total == pytest.approx(0.1 * total, rel=1e-9)


@pytest.mark.slow
@given(trees_of_rates(), st.sampled_from(PERIODS))
@examples(60)
def test_a_rate_of_another_period_never_steps_in_silence(
    drawn: tuple[str, dict[str, Any], Numbers, Factor, Factor, int], other: str
) -> None:
    """A stock that goes on by a rate as it is stated is refused, unless the rate is per the tree's own period."""
    period, metrics, *_ = drawn
    for formula in ("prev(stock) * (1 - raw)", "prev(stock) * between", "prev(stock) * (1 - raw) * 1.02 + inflow"):
        changed = metrics | {
            "raw": {"value": f"3%/{other}"},
            "between": {"formula": "1 - raw"},
            "stock": {"start": "1000 members", "formula": formula},
        }
        text = json.dumps({"period": period, "outcome": "revenue", "metrics": changed})
        if other == period:
            build(load_text(text))
            continue
        with pytest.raises(ModelError) as caught:
            build(load_text(text))
        assert any(f"goes by the {other}" in problem.reason for problem in caught.value.problems)
