"""Ranges of assumed effects: as stated, or by evidence grade."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from impacttree.graph import Graph, build
from impacttree.graph.evidence import DEFAULTS, EvidenceDefaults, UncertainEffect, uncertain_effects
from impacttree.quantity import Spread
from impacttree.spec import Driver, Grade, MetricSpec, TreeSpec

GRADES: tuple[Grade, ...] = get_args(Grade)
FACTORS = {"experiment": 1.3, "quasi_experiment": 1.6, "correlation": 2.0, "benchmark": 2.5, "judgement": 3.0}


def tree(**keys: object) -> Graph:
    source = MetricSpec("x", value="40%")
    return build(TreeSpec(metrics=[source, MetricSpec("m", value="2%", drivers=[Driver("x", **keys)])], outcome="m"))


def effects(**keys: object) -> tuple[UncertainEffect, ...]:
    return uncertain_effects(tree(**keys)["m"])


def test_every_grade_has_its_factor_and_weaker_ones_wider_ranges() -> None:
    assert {grade: DEFAULTS.factor(grade) for grade in GRADES} == FACTORS
    assert sorted(FACTORS.values()) == [FACTORS[grade] for grade in GRADES]


@given(st.sampled_from(GRADES), st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6))
def test_a_default_range_keeps_the_sign_and_holds_the_effect(grade: Grade, effect: float) -> None:
    low, high = DEFAULTS.range_of(grade, effect) or (math.nan, math.nan)
    assert low < effect < high
    near, far = sorted((low, high), key=abs)
    assert far == pytest.approx(effect * FACTORS[grade])
    assert near == (0.0 if grade == "correlation" else pytest.approx(effect / FACTORS[grade]))
    mirrored = DEFAULTS.range_of(grade, -effect)
    assert mirrored == (-high, -low)


def test_no_effect_has_no_range() -> None:
    assert DEFAULTS.range_of("judgement", 0.0) is None
    assert effects(slope="0pp per pp") == ()


def test_only_a_correlation_counts_in_part() -> None:
    halved = EvidenceDefaults(causal_share=0.3)
    assert {grade: halved.counted(grade) for grade in GRADES} == dict.fromkeys(GRADES, 1.0) | {"correlation": 0.3}


@pytest.mark.parametrize("grade", [grade for grade in GRADES if grade != "correlation"])
@pytest.mark.parametrize(
    ("keys", "effect", "address"),
    [
        ({"slope": "-0.1pp per pp"}, -0.1, "m.x.slope"),
        ({"elasticity": 0.8}, 0.8, "m.x.elasticity"),
        ({"semi_elasticity": "-0.02 per pp"}, -2.0, "m.x.semi_elasticity"),
        ({"when": "+10% relative", "then": "-0.3pp"}, -0.003 / 0.04, "m.x.slope"),
        ({"when": "+10% relative", "then": "-3% relative"}, math.log(0.97) / math.log(1.1), "m.x.elasticity"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_effect_without_a_range_has_that_of_its_grade(
    grade: Grade, keys: dict[str, object], effect: float, address: str
) -> None:
    (found,) = effects(**keys, evidence=grade)
    k = FACTORS[grade]
    assert (found.address, found.stated) == (address, False)
    assert found.quantity.value == pytest.approx(effect)
    assert found.quantity.spread is not None
    assert found.quantity.spread.numbers == pytest.approx(sorted((effect / k, effect * k)))
    assert grade.replace("_", "-") in found.quantity.text


def test_an_effect_without_a_grade_is_a_judgement_and_groups_are_a_correlation() -> None:
    assert effects(slope="2pp per pp")[0].quantity.spread == Spread("p10_p90", (2 / 3, 6.0))
    (groups,) = effects(groups={"with": "1.9%", "without": "3.4%"})
    assert groups.quantity.spread == Spread("p10_p90", (pytest.approx(-0.03), 0.0))


@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        ({"slope": "-0.1pp per pp", "range": "-0.2pp to -0.05pp per pp"}, (-0.2, -0.05)),
        ({"elasticity": 0.8, "range": "0.4 to 1.0"}, (0.4, 1.0)),
        ({"elasticity": "0.8 (0.4 to 1.0)"}, (0.4, 1.0)),
        ({"when": "+10% relative", "then": "-0.3pp", "range": "-0.5pp to -0.1pp"}, (-0.125, -0.025)),
        ({"groups": {"with": "1.9%", "without": "3.4%"}, "range": "-2pp to -1pp"}, (-0.02, -0.01)),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_stated_range_stands_whatever_the_grade(keys: dict[str, object], ends: tuple[float, float]) -> None:
    (found,) = effects(**keys)
    assert found.stated
    assert found.quantity.spread is not None
    assert (found.quantity.spread.kind, found.quantity.spread.numbers) == ("p10_p90", pytest.approx(ends))


def test_an_elasticity_may_be_a_distribution() -> None:
    (found,) = effects(elasticity={"normal": [0.5, 0.2]}, evidence="experiment")
    assert found == UncertainEffect(
        "m.x.elasticity", tree(elasticity={"normal": [0.5, 0.2]})["m"].spec.drivers[0].elasticity, True
    )
    assert found.quantity.central() == 0.5


def test_groups_known_too_loosely_widen_the_range_of_the_correlation() -> None:
    (found,) = effects(groups={"with": {"beta": [4, 96]}, "without": "3.4% (1.4% to 9.4%)"})
    low, high = (
        stats.beta(4, 96).mean() - 0.034 + end
        for end in (
            -math.hypot(1.2815515655446004 * stats.beta(4, 96).std(), 0.06),
            math.hypot(1.2815515655446004 * stats.beta(4, 96).std(), 0.02),
        )
    )
    assert found.quantity.spread is not None
    assert found.quantity.spread.numbers == pytest.approx((low, high), rel=1e-9)
    assert not found.stated


def test_a_curve_has_the_ranges_of_its_numbers_and_no_other() -> None:
    found = effects(saturating={"ceiling": "3%", "half": "30% (20% to 40%)", "shape": 1.5}, evidence="experiment")
    assert [(effect.address, effect.stated) for effect in found] == [("m.x.half", True)]
    assert found[0].quantity.low_high() == (0.2, 0.4)
    logistic = {"floor": "1%", "ceiling": "3% (2% to 5%)", "middle": "30%", "steepness": {"uniform": [5, 9]}}
    assert [effect.address for effect in effects(logistic=logistic)] == ["m.x.ceiling", "m.x.steepness"]
    assert effects(points=[["38%", "2.8%"], ["46%", "2.3%"]]) == ()


def test_defaults_can_be_others() -> None:
    defaults = EvidenceDefaults(judgement=5.0)
    (found,) = uncertain_effects(tree(slope="2pp per pp")["m"], defaults)
    assert found.quantity.spread == Spread("p10_p90", (0.4, 10.0))


def test_a_formula_has_no_effects() -> None:
    graph = build(TreeSpec(metrics=[MetricSpec("a", value=1), MetricSpec("b", formula="2 * a")]))
    assert uncertain_effects(graph["b"]) == ()
