"""Answers on the basis of present values: what they come to by plain arithmetic, and what they are called."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
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
        it.template("saas").worth("engagement", "+1%", basis="pv")


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
