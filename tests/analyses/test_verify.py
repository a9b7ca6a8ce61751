from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import impacttree as it
from tests.analyses.models import CLUB, SHOP, club, over, shop
from tests.strategies import Sketch, examples, trees


@pytest.mark.parametrize("name", ["saas", "internal", "duolingo"])
def test_the_templates_agree_on_every_outcome(name):
    tree = it.template(name)
    for outcome in (tree.outcome, *tree.spec.outcomes[:1]):
        verification = tree.verify(outcome)
        assert verification.agrees
        assert verification.worst < 1e-12
        assert [m.metric for m in verification.metrics] == list(tree)


def test_derivatives_of_a_tree_without_time():
    found = {m.metric: m for m in it.loads(SHOP).verify().metrics}
    expected = {
        "visits": 0.02 * 40 * 0.3 * 12,
        "conversion": 90e3 * 40 * 0.3 * 12,
        "basket": 1_800 * 0.3 * 12,
        "margin": shop()["revenue"],
        "fixed": -12.0,
        "speed": (90e3 * 0.0002 * 40 + 1_800 * 0.1) * 0.3 * 12,
        "profit": 12.0,
        "profit_share": 0.0,
    }
    for way in ("reverse", "complex_step", "symbolic"):
        assert {name: getattr(found[name], way) for name in expected} == pytest.approx(expected, rel=1e-12)


def test_derivatives_through_time_against_differences():
    found = {m.metric: m.reverse for m in it.loads(CLUB).verify().metrics}

    def slope(name, value, step):
        up, down = (over(club(**{name: value + sign * step}))["result"] for sign in (1, -1))
        return (up - down) / (2 * step)

    expected = {
        "spirit": slope("spirit", 0.4, 1e-5),
        "churn": slope("churn", 0, 1e-6),
        "joins": slope("joins", 400, 1e-2),
        "fee": slope("fee", 50, 1e-3),
        "staff": slope("staff", 490e3, 10),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-6)


def test_disagreement_is_said(monkeypatch):
    module = "impacttree.engine.derivative_checks"
    monkeypatch.setattr(f"{module}.complex_steps", lambda _, __, slots, ___: [1.0] * len(slots))
    verification = it.loads(SHOP).verify()
    assert not verification.agrees
    assert "DISAGREE" in str(verification)
    assert json.loads(verification.to_json())["agrees"] is False


def test_the_table_and_the_rows():
    verification = it.loads(SHOP).verify(on="orders")
    assert str(verification).startswith("Derivatives of orders agree: largest difference ")
    row = next(row for row in verification.to_dicts() if row["metric"] == "visits")
    assert row["symbolic"] == pytest.approx(0.02 * 12)
    assert json.loads(verification.to_json())["outcome"] == "orders"


@pytest.mark.slow
@examples(15)
@given(st.one_of(trees(stepped=False), trees(stepped=True, most=6)))
def test_every_smooth_tree_agrees(sketch: Sketch) -> None:
    assert sketch.tree().verify().agrees


def test_with_nothing_to_compare_it_does_not_agree():
    found = it.loads("metrics: {a: {value: 0}, b: {formula: sqrt(a)}}").verify("b")
    known = it.loads("metrics: {a: {value: 1}}").verify("a")
    assert known.agrees
    nothing = replace(found, metrics=())
    assert not nothing.agrees
    assert str(nothing).startswith("Derivatives of b: nothing to compare, no metric has a finite derivative")
    assert json.loads(nothing.to_json())["agrees"] is False
