"""What a model file says under `finance`, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

import impacttree as it
from impacttree.errors import ModelError
from impacttree.spec import Finance

MODEL = """
horizon: 24
finance: FINANCE
outcome: paid
metrics:
  sold: {value: 50 orders/month, kind: product}
  price: {value: $2/order}
  paid: {formula: sold * price, unit: USD/month, kind: financial}
  customers: {start: 10 users, formula: prev(customers) + sold * each, unit: users}
  each: {value: 1 user/order}
  share: {formula: paid / (paid + sold * price), unit: "%"}
"""


def model(finance: str) -> it.ImpactTree:
    return it.loads(MODEL.replace("FINANCE", finance))


@pytest.mark.parametrize(
    ("finance", "said"),
    [
        ("{discount_rate: 12}", "does not say that it is a share"),
        ("{discount_rate: 1%/month}", "is a share of a year"),
        ("{discount_rate: -1%}", "at least 0% and at most 1,000% a year"),
        ("{discount_rate: 10% (8% to 12%)}", "is one number"),
        ("{timing: end}", "'discount_rate' is missing"),
        ("{discount_rate: 12%, timing: start}", "write one of"),
        ("{discount_rate: 12%, cash: payd}", "did you mean 'paid'"),
        ("{discount_rate: 12%, cash: customers}", "cash is an amount of money per month, and customers is in user"),
        ("{discount_rate: 12%, cash: share}", "which does not add up over time"),
        ("{discount_rate: 12%, rate: 3%}", "'rate' is not known in finance"),
        ("{discount_rate: 12%, terminal: {perpetuity: {growth: 12%}}}", "for ever has no value at 12%"),
        ("{discount_rate: 12%, terminal: {perpetuity: {growth: 15%/year}}}", "below the discount rate"),
        ("{discount_rate: 12%, terminal: {perpetuity: {growth: -100%}}}", "growth is above -100%"),
        ("{discount_rate: 12%, terminal: {}}", "is a perpetuity or a multiple"),
        ("{discount_rate: 12%, terminal: {perpetuity: {growth: 1%}, multiple: {of: paid, x: 2}}}", "or a multiple"),
        ("{discount_rate: 12%, terminal: {multiple: {of: paid, x: -2}}}", "a multiple is above 0"),
        ("{discount_rate: 12%, terminal: {multiple: {of: sold, x: 2}}}", "a multiple is of money"),
        ("{discount_rate: 12%, terminal: {multiple: {of: payd, x: 2}}}", "did you mean 'paid'"),
        ("{discount_rate: 12%, losses: lost}", "no tax_rate is stated"),
        ("{discount_rate: 12%, tax_rate: 100%}", "leaves nothing"),
        ("{discount_rate: 12%, tax_rate: 25}", "is not a share|at most 100%"),
        ("{discount_rate: 12%, cash: {receivables: {of: paid, days: 3}}}", "'profit' is missing"),
        ("{discount_rate: 12%, cash: {profit: paid, receivables: {of: paid, days: 0}}}", "whole number from 1 to 365"),
        ("{discount_rate: 12%, cash: {profit: paid, deferred_revenue: paid}}", "deferred revenue is a balance"),
        ("{discount_rate: 12%, cash: {profit: sold}}", "profit is an amount of money per month"),
        ("{discount_rate: 12%, cash: {profit: paid, capex: {of: paid, life: 2 years}}}", "write 24 months"),
    ],
)
def test_bad_finance_is_one_clear_error(finance: str, said: str) -> None:
    with pytest.raises(ModelError, match=said) as raised:
        model(finance)
    (problem,) = raised.value.problems
    assert problem.line == 3


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ModelError) as raised:
        model(
            "{discount_rate: 12%, cash: {profit: nobody, deferred_revenue: sold}, terminal: {multiple: {of: x, x: 2}}}"
        )
    assert len(raised.value.problems) == 3


def test_finance_is_written_as_it_was_stated() -> None:
    stated: dict[str, Any] = {
        "discount_rate": "12%/year",
        "timing": "mid",
        "tax_rate": "25%",
        "losses": "lost",
        "cash": {
            "profit": "paid",
            "receivables": {"of": "paid", "days": "45"},
            "deferred_revenue": "ahead",
            "capex": {"of": "paid", "life": "36"},
        },
        "terminal": {"perpetuity": {"growth": "2%/year"}},
    }
    assert Finance(**stated).written() == stated
    plain = Finance(discount_rate="8%")
    assert it.ImpactTree(metrics={"a": {"value": "$1/month"}}, finance={"discount_rate": "8%"}).spec.finance == plain
    tree = model("{discount_rate: 12%/year, timing: mid, cash: paid, terminal: {multiple: {of: paid, x: 3}}}")
    assert it.loads(tree.to_yaml()) == tree


def test_metrics_are_named_in_every_part() -> None:
    """What answers keep of a tree that is cut is what is named here."""
    finance = Finance(
        discount_rate="12%",
        cash={"profit": "p", "receivables": {"of": "r", "days": 30}, "deferred_revenue": "d",
              "capex": {"of": "c", "life": 3}},
        terminal={"multiple": {"of": "m", "x": 2}},
    )  # fmt: skip
    assert sorted(finance.metrics) == ["c", "d", "m", "p", "r"]
    assert Finance(discount_rate="12%", cash="fcf").metrics == ("fcf",)
