"""Answers about numbers that have no mean, that are rare, or that are nothing but rounding."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest

import impacttree as it

RATIO = """
currency: USD
period: month
outcome: ltv
metrics:
  arpu: {value: $30/customer/month}
  churn: {label: Churn, value: CHURN, plausible: 1%/month to 3%/month, better: lower}
  ltv: {label: LTV, formula: arpu / churn, unit: USD/customer}
"""
POLE = "{normal: {mean: 2%/month, sd: 1%/month}}"
WHY = "LTV divides by Churn, which passes through zero"


def ratio(churn: str) -> it.ImpactTree:
    return it.loads(RATIO.replace("CHURN", churn))


def test_a_ratio_that_may_divide_by_zero_is_told_without_a_mean_by_every_answer():
    tree = ratio(POLE)
    worth = tree.worth("arpu", "+$1")
    assert worth.range.mean is None
    assert worth.range.mean_missing.startswith(WHY)
    assert worth.range.p10 < worth.range.p50 < worth.range.p90
    text = " ".join(str(worth).split())
    assert f"no mean: {WHY}" in text
    assert "median of samples +$48" in text
    assert "a loss in 2% of samples" in text
    assert json.loads(worth.to_json())["range"]["mean"] is None
    assert tree.what_if({"arpu": "+$1"}).range.mean is None
    simulated = tree.simulate()
    assert simulated.range().mean is None
    assert math.isfinite(simulated.mean())
    assert f"has no mean: {WHY}" in " ".join(str(simulated).split())
    (row,) = tree.uncertainty().rows
    assert (row.first, row.total) == (None, None)
    assert row.swing > 0


def test_a_decision_without_a_mean_is_told_by_its_median_and_the_probability_of_a_loss():
    for decision in (it.Decision("arpu", "+$1", cost="$20"), it.Decision("churn", "=1%", cost="$20"), None):
        answer = ratio(POLE).value_of_information(decision)
        assert (answer.worth, answer.expected, answer.evpi, answer.evpi_error, answer.rows) == (None,) * 4 + ((),)
        assert answer.mean_missing.startswith(WHY)
        text = " ".join(str(answer).split())
        assert "In the median it raises" in text
        assert "the chance of a loss is" in text
        assert "average" not in text
    answer = ratio(POLE).value_of_information(it.Decision("arpu", "+$1", cost="$20"))
    assert answer.choice == "do it"
    assert answer.median == pytest.approx(30.0, abs=1.5)


@pytest.mark.parametrize("churn", ["2%/month (1%/month to 4%/month)", "{normal: {mean: 2%/month, sd: 0.3%/month}}"])
def test_a_ratio_that_stays_away_from_zero_keeps_its_mean(churn):
    tree = ratio(churn)
    assert tree.worth("arpu", "+$1").range.mean is not None
    assert tree.value_of_information(it.Decision("arpu", "+$1", cost="$20")).evpi is not None
    assert tree.uncertainty().rows[0].first.value == pytest.approx(1.0, abs=0.1)


def test_the_mean_of_a_judged_elasticity_is_that_of_any_seed():
    text = """
name: Promo
currency: EUR
outcome: profit
metrics:
  promo: {value: 350k EUR/month (300k EUR/month to 420k EUR/month)}
  won: {value: 4_000 customers/month, drivers: {promo: {elasticity: 0.6, evidence: judgement}}}
  margin: {value: €120/customer}
  profit: {formula: won * margin - promo, unit: EUR/month}
"""
    tree = it.loads(text)
    found = [tree.simulate(2**13, seed=seed).range() for seed in range(8)]
    assert all(one.mean is not None for one in found)
    spread = max(one.mean for one in found) - min(one.mean for one in found)
    assert spread < 0.01 * (found[0].p90 - found[0].p10)
    assert tree.worth("promo", "+20%").range.mean_error < 0.02 * (found[0].p90 - found[0].p10)


def test_a_rare_event_is_said_by_every_answer():
    text = """
currency: USD
outcome: profit
metrics:
  sales: {value: $10_000/month}
  fine: {value: {discrete: [[$0/month, 95%], [$200_000/month, 5%]]}, better: lower}
  profit: {formula: sales - fine, unit: USD/month, guardrail: {min: $0/month}}
"""
    tree = it.loads(text)
    worth = tree.worth("fine", "=$0/month")
    assert worth.range.mean == pytest.approx(120_000, rel=0.01)
    assert worth.range.mean_error == pytest.approx(12 * 200_000 * math.sqrt(0.05 * 0.95 / 8192), rel=0.05)
    for shown in (worth, tree.what_if({"fine": "=$0/month"}), tree.simulate()):
        text = " ".join(str(shown).split())
        assert "another value in 5% of samples" in text
        assert not any(words in text for words in ("no uncertain number", "nothing uncertain", "no spread"))


def test_a_small_spread_on_a_large_level_shows():
    tree = it.loads("""
outcome: y
metrics:
  a: {value: 50_000_000}
  b: {value: {normal: {mean: 0, sd: 1}}}
  y: {formula: a + b}
""")
    assert "49.999999M to 50.000001M (P10 to P90)" in tree.simulate().title
    assert "+9.99" not in str(tree.worth("a", "+10"))


RESIDUE = """
period: month
currency: USD
outcome: profit
metrics:
  a: {value: $0.10/month}
  b: {value: $0.20/month}
  c: {value: $0.30/month}
  profit: {formula: c - a - b, unit: USD/month, guardrail: {min: $0/month}}
  margin: {formula: profit / c, unit: "%", guardrail: {min: 0%}}
"""


def test_a_residue_is_zero_in_every_answer():
    tree = it.loads(RESIDUE)
    assert tree.values()["profit"] == tree.values()["margin"] == 0.0
    assert set(tree.project(6)["profit"]) == {0.0}
    assert tree.check_guardrails().holds
    worth = tree.worth("c", "+1%")
    assert (worth.before, worth.relative) == (0.0, None)
    assert worth.total == pytest.approx(0.036)
    assert all(row.elasticity is None for row in tree.sensitivity().rows)
    assert "has no room" in tree.headroom().headline
    assert not any(row.change for row in tree.headroom().rows)
    for shown in (tree.values(), tree.headroom(), worth, tree.what_if({"a": "+1%"}), tree.check_guardrails()):
        assert not re.search(r"\de-\d", str(shown))


def test_what_only_rounds_has_no_range_and_no_shares():
    text = """
outcome: left
metrics:
  a: {value: {normal: {mean: 0.1, sd: 0.01}}}
  b: {value: {normal: {mean: 0.1, sd: 0.01}}}
  left: {formula: a - b + 0.3 - 0.1 - 0.2}
correlations:
  - [a.value, b.value, 1]
"""
    tree = it.loads(text)
    assert "nothing uncertain moves it" in tree.simulate().title
    assert all(row.first is None for row in tree.uncertainty().rows)
    assert np.abs(tree.simulate().samples("left")).max() < 1e-9


def test_samples_that_round_at_a_limit_do_not_break_it():
    text = RESIDUE.replace(
        "c: {value: $0.30/month}", "c: {value: {discrete: [[$0.30/month, 60%], [$0.40/month, 40%]]}}"
    )
    tree = it.loads(text)
    assert [check.risk for check in tree.check_guardrails().checks] == [0.0, 0.0]
