"""Ranges of assumed effects: as stated, or by evidence grade."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from impacttree.engine.model import Model
from impacttree.errors import ModelError
from impacttree.graph import Graph, UncertainNumber, build
from impacttree.quantity import Intervention, Spread
from impacttree.spec import Driver, EvidenceDefaults, Grade, MetricSpec, TreeSpec, load_text

GRADES: tuple[Grade, ...] = get_args(Grade)
FACTORS = {"experiment": 1.3, "quasi_experiment": 1.6, "correlation": 2.0, "benchmark": 2.5, "judgement": 3.0}


DEFAULTS = EvidenceDefaults()


def tree(defaults: EvidenceDefaults = DEFAULTS, **keys: object) -> Graph:
    metrics = [MetricSpec("x", value="40%"), MetricSpec("m", value="2%", drivers=[Driver("x", **keys)])]
    return build(TreeSpec(metrics=metrics, outcome="m", evidence_defaults=defaults))


def effects(**keys: object) -> tuple[UncertainNumber, ...]:
    return tree(**keys).uncertain


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


FORMS: dict[str, dict[str, object]] = {
    "slope": {"slope": "-0.1pp per pp"},
    "elasticity": {"elasticity": 0.8},
    "semi_elasticity": {"semi_elasticity": "-0.02 per pp"},
    "absolute when": {"when": "+10% relative", "then": "-0.3pp"},
    "relative when": {"when": "+10% relative", "then": "-3% relative"},
    "points": {"points": [["38%", "3%"], ["46%", "2%"]]},
    "groups": {"groups": {"with": "1.9%", "without": "3.4%"}},
    "treatment": {"treatment": {"on_source": "+2pp (1.2pp to 2.8pp)", "on_target": "-0.3pp (-0.5pp to -0.1pp)"}},
    "saturating": {"saturating": {"ceiling": "8%", "half": "60%"}},
    "logistic": {"logistic": {"floor": "1%", "ceiling": "5%", "middle": "45%", "steepness": 9}},
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=10)
@given(step=st.floats(-0.3, 0.5).filter(lambda step: abs(step) > 1e-3), share=st.integers(1, 99))
def test_a_stronger_grade_never_counts_less_in_any_form(form: str, step: float, share: int) -> None:
    moved = {}
    for grade in GRADES:
        graph = tree(EvidenceDefaults(causal_share=share / 100), **FORMS[form], evidence=grade)
        change = Intervention("wrap", 1.0, step)
        model = Model(graph)
        slot = graph.by_name["m"]
        moved[grade] = abs(model.run(1, {graph.by_name["x"]: change}).at(1)[slot] - model.base[slot])
    for strong in ("experiment", "quasi_experiment"):
        assert all(moved[strong] >= other * (1 - 1e-12) for other in moved.values()), moved
    assert moved["correlation"] < moved["experiment"]


def test_an_effect_without_a_grade_is_a_judgement_and_groups_are_a_correlation() -> None:
    assert effects(slope="2pp per pp")[0].quantity.spread == Spread("p10_p90", (2 / 3, 6.0))
    (groups,) = effects(groups={"with": "1.9%", "without": "3.4%"})
    assert groups.quantity.value == pytest.approx(-0.0075)
    assert groups.quantity.spread == Spread("p10_p90", (pytest.approx(-0.015), 0.0))


@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        ({"slope": "-0.1pp per pp", "range": "-0.2pp to -0.05pp per pp"}, (-0.2, -0.05)),
        ({"elasticity": 0.8, "range": "0.4 to 1.0"}, (0.4, 1.0)),
        ({"elasticity": "0.8 (0.4 to 1.0)"}, (0.4, 1.0)),
        ({"when": "+10% relative", "then": "-0.3pp", "range": "-0.5pp to -0.1pp"}, (-0.125, -0.025)),
        (
            {"treatment": {"on_source": "+2pp (1.9999999pp to 2.0000001pp)", "on_target": "-0.3pp (-0.5pp to -0.1pp)"}},
            (-0.25, -0.05),
        ),
        ({"slope": "-0.1pp per pp (-0.2pp to -0.05pp)"}, (-0.2, -0.05)),
        ({"groups": {"with": "1.9%", "without": "3.4%"}, "range": "-2pp to -1pp"}, (-0.01, -0.005)),
        ({"elasticity": 0.8, "range": "0.4 to 1.0", "evidence": "correlation"}, (0.2, 0.5)),
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
    assert (found.address, found.metric, found.bounds, found.stated) == ("m.x.elasticity", "m", None, True)
    assert (found.quantity.value, found.quantity.spread) == (0.5, Spread("normal", (0.5, 0.2)))
    (half,) = effects(elasticity={"normal": [0.5, 0.2]}, evidence="correlation")
    assert (half.quantity.value, half.quantity.spread) == (0.25, Spread("normal", (0.25, 0.1)))


def test_groups_known_too_loosely_widen_the_range_of_the_correlation() -> None:
    (found,) = effects(groups={"with": {"beta": [4, 96]}, "without": "3.4% (1.4% to 9.4%)"})
    low, high = (
        (stats.beta(4, 96).mean() - 0.034 + end) / 2
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
    (found,) = effects(defaults=EvidenceDefaults(judgement=5), slope="2pp per pp")
    assert found.quantity.spread == Spread("p10_p90", (0.4, 10.0))


def test_a_formula_has_no_effects() -> None:
    assert build(TreeSpec(metrics=[MetricSpec("a", value=1), MetricSpec("b", formula="2 * a")])).uncertain == ()


def test_all_that_is_uncertain_is_listed_by_address_with_bounds_and_base_units() -> None:
    graph = build(
        load_text("""
outcome: stock
metrics:
  rate: {value: 3% (2% to 5%), bounds: 0% to 100%}
  stock: {start: 100 (90 to 110), formula: 'prev(stock) * (1 + rate)'}
  basket: {value: 2, drivers: {rate: {elasticity: 0.4}}}
""")
    )
    assert [(n.address, n.metric, n.stated, n.bounds) for n in graph.uncertain] == [
        ("basket.rate.elasticity", "basket", False, None),
        ("rate.value", "rate", True, (0.0, 1.0)),
        ("stock.start", "stock", True, None),
    ]
    assert graph.uncertain[1].quantity.spread == Spread("p10_p90", (0.02, 0.05))


def test_doubts_are_the_same_however_they_are_written() -> None:
    one, other = (
        effects_of.doubts
        for effects_of in (tree(elasticity="0.5 (0.4 to 0.8)"), tree(elasticity=0.5, range="0.40 to 0.80"))
    )
    assert repr(one) == repr(other)
    for changed in (
        tree(elasticity=0.5, range="0.4 to 0.9"),
        tree(elasticity=0.5),
        tree(elasticity=0.5, evidence="experiment"),
        tree(elasticity=0.5, defaults=EvidenceDefaults(judgement=4)),
    ):
        assert repr(changed.doubts) != repr(one)


# ---- what no distribution can have is refused when the file is loaded

TEXT = """
outcome: m
metrics:
  x: {value: 40%}
  m:
    value: VALUE
    bounds: 0% to 100%
    drivers:
      x: DRIVER
"""


@pytest.mark.parametrize(
    ("value", "driver", "line", "key", "reason"),
    [
        ("2% (2% to 3%)", "{elasticity: 1}", 6, "value", "must lie between P10 and P90"),
        ("2% (0% to 3%)", "{elasticity: 1}", 6, "value", "P10 stands on a bound"),
        ("{value: 2%, ci95: -1% to 3%}", "{elasticity: 1}", 6, "value", "outside the bounds"),
        ("{value: 2%, normal: [3%, 1%]}", "{elasticity: 1}", 6, "value", "not the P50 of its distribution, 3%"),
        ("{value: 2%, beta: [3, 97]}", "{elasticity: 1}", 6, "value", "not the mean of its distribution, 3%"),
        ("{uniform: -1% to 3%}", "{elasticity: 1}", 6, "value", "outside the bounds"),
        ("2%", "{elasticity: 1, range: 1 to 2}", 9, "drivers.x.range", "must lie between P10 and P90"),
        ("2%", "{elasticity: 1 (1 to 2)}", 9, "drivers.x.elasticity", "must lie between P10 and P90"),
        ("2%", "{slope: 1pp per pp (1pp to 2pp)}", 9, "drivers.x.slope", "must lie between P10 and P90"),
        ("2%", "{elasticity: 1, range: {normal: [2, 1]}}", 9, "drivers.x.range", "not the P50 of its distribution, 2"),
        ("2%", "{elasticity: 1, range: 1e-200 to 1e100}", 9, "drivers.x.range", "too wide"),
        ("2%", "{saturating: {ceiling: 3%, half: 30% (30% to 40%)}}", 9, "drivers.x.saturating.half", "P10 and P90"),
        ("2%", "{elasticity: 1e150}", 9, "drivers.x", "the range of a judgement: the range is too wide"),
    ],
)  # fmt: skip
def test_what_cannot_hold_is_one_problem_with_its_place(
    value: str, driver: str, line: int, key: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        build(load_text(TEXT.replace("VALUE", value).replace("DRIVER", driver), "m.yaml"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.metric, problem.key) == ("m.yaml", line, "m", key)
    assert problem.fix
