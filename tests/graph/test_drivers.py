"""Driver forms: the rule against direct arithmetic in Python, the words, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree.errors import ModelError
from impacttree.formula import unparse
from impacttree.graph import Graph, Influence, build
from impacttree.quantity.ratio_interval import Estimate, ratio_interval
from impacttree.quantity.spread_checks import Z_P90, Z_P97_5
from impacttree.spec import Driver, MetricSpec, TreeSpec


class Reading(float):
    """A metric's value in some period, with the ones before and at t = 0: what a rule reads."""

    past: float
    base: float

    def __new__(cls, now: float, past: float, base: float) -> Reading:
        reading = super().__new__(cls, now)
        reading.past, reading.base = past, base
        return reading


def lines(x: float, *points: float) -> float:
    xs, ys = points[::2], points[1::2]
    at = next((i for i in range(1, len(xs) - 1) if x <= xs[i]), len(xs) - 1)
    return ys[at - 1] + (ys[at] - ys[at - 1]) * (x - xs[at - 1]) / (xs[at] - xs[at - 1])


FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "log": math.log,
    "lag": lambda reading, periods: reading.past,
    "baseline": lambda reading: reading.base,
    "saturate": lambda x, ceiling, half, shape: ceiling * x**shape / (x**shape + half**shape),
    "logistic": lambda x, floor, ceiling, middle, steepness: (
        floor + (ceiling - floor) / (1 + math.exp(-steepness * (x - middle)))
    ),
    "interpolate": lines,
}


def rule_value(graph: Graph, name: str, **readings: Reading) -> float:
    return float(eval(unparse(graph[name].rule), dict(FUNCTIONS), dict(readings)))


def tree(*metrics: MetricSpec, outcome: str = "m") -> Graph:
    return build(TreeSpec(metrics=list(metrics), outcome=outcome))


def one(source: MetricSpec, target_value: object, **keys: object) -> Graph:
    return tree(source, MetricSpec("m", value=target_value, drivers=[Driver(source.name, **keys)]))


def influence_of(graph: Graph) -> Influence:
    return graph["m"].influences[0]


def treated(on_source: str, on_target: str) -> dict[str, object]:
    return {"treatment": {"on_source": on_source, "on_target": on_target}}


def ends_of(influence: Influence) -> tuple[float, float] | None:
    return influence.spread.low_high() if influence.spread else None


moves = st.floats(0.2, 3).map(lambda value: round(value, 4))
sizes = st.floats(-2, 2).map(lambda value: round(value, 4))
anchors = st.floats(0.5, 50).map(lambda value: round(value, 3))


@given(anchors, anchors, anchors, anchors, sizes, sizes, sizes, moves, moves, moves)
def test_combined_rule(
    value: float, a0: float, b0: float, c0: float, slope: float, e: float, k: float, fa: float, fb: float, fc: float
) -> None:
    graph = tree(
        MetricSpec("a", value=a0),
        MetricSpec("b", value=b0),
        MetricSpec("c", value=c0),
        MetricSpec("d", value=a0),
        MetricSpec("m", value=value, drivers=[
            Driver("a", slope=slope),
            Driver("b", elasticity=e),
            Driver("c", semi_elasticity=k / 50, lag=2),
            Driver("d", saturating={"ceiling": 7, "half": 3, "shape": 1.5}),
        ]),
    )  # fmt: skip
    now = {name: Reading(base * f, base * f, base) for name, base, f in (("a", a0, fa), ("b", b0, fb), ("c", c0, fc))}
    now["d"] = Reading(a0 * fb, a0, a0)

    def hill(x: float) -> float:
        return 7 * x**1.5 / (x**1.5 + 3**1.5)

    expected = (value + slope * (a0 * fa - a0)) * fb**e * math.exp(k / 50 * (c0 * fc - c0)) * hill(a0 * fb) / hill(a0)
    assert rule_value(graph, "m", **now) == pytest.approx(expected, rel=1e-12, abs=1e-12 * value)
    at_start = {name: Reading(reading.base, reading.base, reading.base) for name, reading in now.items()}
    assert rule_value(graph, "m", **at_start) == pytest.approx(value, rel=1e-15)


@given(anchors, anchors, st.floats(-0.5, 2), st.floats(-0.9, 2))
def test_relative_when_and_then_give_the_elasticity_that_passes_through_them(
    x0: float, m0: float, when: float, then: float
) -> None:
    when, then = round(when, 3), round(then, 3)
    assume(when != 0)
    graph = one(MetricSpec("x", value=x0), m0, when=f"{when:+.3%}", then=f"{then:+.3%}")
    assert influence_of(graph).form == "elasticity"
    moved = Reading(x0 * (1 + when), x0, x0)
    assert rule_value(graph, "m", x=moved) == pytest.approx(m0 * (1 + then), rel=1e-12)


@given(anchors, anchors, sizes, moves)
def test_each_doubling_adds_the_same(x0: float, m0: float, amount: float, move: float) -> None:
    for keys in ({"per_doubling": f"{amount:+.4f}"}, {"when": "doubles", "then": f"{amount:+.4f}"}):
        graph = one(MetricSpec("x", value=x0), m0, **keys)
        assert influence_of(graph).form == "per_doubling"
        assert influence_of(graph).parameters == (("m.x.per_doubling", pytest.approx(amount)),)
        expected = m0 + amount * math.log2(move)
        assert rule_value(graph, "m", x=Reading(x0 * move, x0, x0)) == pytest.approx(expected, rel=1e-12, abs=1e-12)
        fourfold = rule_value(graph, "m", x=Reading(4 * x0, x0, x0))
        assert fourfold == pytest.approx(m0 + 2 * amount, rel=1e-12, abs=1e-12)


def test_an_effect_per_doubling_in_words_and_with_what_is_known_of_it() -> None:
    def influence(**keys: object) -> Influence:
        spend = MetricSpec("spend", value="$20k/month", label="Ad spend")
        return influence_of(one(spend, "1200 orders/month", **keys))

    plain = influence(per_doubling="+150 orders/month")
    assert plain.words == "+150 of M per doubling of Ad spend, from $20k"
    assert ends_of(plain) is None
    assert influence(when="doubles", then="+150 orders/month").words == plain.words
    for stated in (
        influence(per_doubling="+150 orders/month (100 to 200 orders/month)"),
        influence(per_doubling="+150 orders/month", range="100 to 200 orders/month"),
        influence(when="doubles", then="+150 orders/month", range="100 to 200 orders/month"),
    ):
        assert ends_of(stated) == (100, 200)
    counted = influence(per_doubling="+150 orders/month (100 to 200)", evidence="correlation")
    assert counted.parameters == (("m.spend.per_doubling", 75.0),)
    assert ends_of(counted) == (50, 100)
    assert counted.words == f"{plain.words}, counted at 50%"


def test_a_relative_effect_of_a_doubling_is_an_elasticity() -> None:
    influence = influence_of(one(MetricSpec("x", value=3), 8, when="doubles", then="+20%"))
    assert influence.parameters == (("m.x.elasticity", pytest.approx(math.log2(1.2))),)


def test_an_effect_per_doubling_has_the_range_of_its_grade() -> None:
    graph = one(MetricSpec("x", value=3), 8, per_doubling=0.6, evidence="judgement")
    (number,) = graph.uncertain
    assert (number.address, number.quantity.spread.numbers) == ("m.x.per_doubling", pytest.approx((0.2, 1.8)))


@given(anchors, anchors, sizes, st.floats(-0.9, 2).map(lambda value: round(value, 3)))
def test_absolute_when_and_relative_then_give_the_semi_elasticity(
    x0: float, m0: float, when: float, then: float
) -> None:
    assume(when != 0)
    graph = one(MetricSpec("x", value=x0), m0, when=f"{when:+.4f}", then=f"{then:+.3%}")
    assert influence_of(graph).form == "semi_elasticity"
    assert rule_value(graph, "m", x=Reading(x0 + when, x0, x0)) == pytest.approx(m0 * (1 + then), rel=1e-9)


@given(anchors, sizes, sizes, st.booleans())
def test_absolute_then_gives_the_slope(x0: float, when: float, then: float, relative: bool) -> None:
    assume(when != 0)
    stated = f"{when:+.2%}" if relative else f"{when:+.4f}"
    graph = one(MetricSpec("x", value=x0), 5, when=stated, then=f"{then:+.4f}")
    step = x0 * round(when, 4) if relative else when
    assert influence_of(graph).form == "slope"
    assert rule_value(graph, "m", x=Reading(x0 + step, x0, x0)) == pytest.approx(5 + then, rel=1e-9, abs=1e-9)
    assert influence_of(graph).parameters == (("m.x.slope", pytest.approx(then / step)),)


def test_relative_when_is_converted_at_the_computed_value_of_today() -> None:
    graph = tree(
        MetricSpec("dau", value=300),
        MetricSpec("mau", value=750),
        MetricSpec("stickiness", formula="dau / mau", unit="%"),
        MetricSpec("m", value="2.5%", drivers=[Driver("stickiness", when="+10% relative", then="-0.3pp")]),
    )
    assert influence_of(graph).parameters[0][1] == pytest.approx(-0.003 / 0.04)
    assert influence_of(graph).words == "-0.075pp of M per +1pp of Stickiness, from 40.0%"


@given(st.floats(0.2, 0.6))
def test_points_are_straight_lines_used_as_differences(x: float) -> None:
    graph = one(MetricSpec("x", value="42%"), "2.5%", points=[["38%", "2.8%"], ["46%", "2.3%"], ["50%", "2.2%"]])

    def curve(x: float) -> float:
        if x <= 0.46:
            return 0.028 - 0.005 * (x - 0.38) / 0.08
        return 0.023 - 0.001 * (x - 0.46) / 0.04

    expected = 0.025 + curve(x) - curve(0.42)
    assert rule_value(graph, "m", x=Reading(x, 0.42, 0.42)) == pytest.approx(expected, abs=1e-15)
    assert influence_of(graph).form == "points"


@given(st.floats(0.5, 40))
def test_logistic_multiplies_by_the_ratio_to_today(x: float) -> None:
    graph = one(
        MetricSpec("x", value=10), 8, logistic={"floor": 2, "ceiling": 6, "middle": 12, "steepness": 0.5}
    )  # fmt: skip

    def curve(x: float) -> float:
        return 2 + 4 / (1 + math.exp(-0.5 * (x - 12)))

    assert rule_value(graph, "m", x=Reading(x, 10, 10)) == pytest.approx(8 * curve(x) / curve(10), rel=1e-13)
    assert [address for address, _ in influence_of(graph).parameters] == [
        "m.x.floor",
        "m.x.ceiling",
        "m.x.middle",
        "m.x.steepness",
    ]


@pytest.mark.parametrize(
    ("stated", "grade", "counted"),
    [
        ("experiment", "experiment", 1.0),
        ("quasi_experiment", "quasi_experiment", 1.0),
        ("judgement", "judgement", 1.0),
        (None, "correlation", 0.5),
    ],
)
def test_groups_are_a_slope_and_a_correlation_unless_graded(stated: str | None, grade: str, counted: float) -> None:
    groups = {"with": "1.9%", "without": "3.4%"}
    graph = one(MetricSpec("x", value="30%"), "2.95%", groups=groups, evidence=stated, range="-2pp to -1pp")
    influence = influence_of(graph)
    assert influence.form == "slope"
    assert influence.parameters[0][1] == pytest.approx(-0.015 * counted)
    assert (influence.evidence.grade, influence.counted) == (grade, counted)
    assert ends_of(influence) == pytest.approx((-0.02 * counted, -0.01 * counted))
    assert rule_value(graph, "m", x=Reading(1.0, 0.3, 0.3)) == pytest.approx(0.0295 - 0.7 * 0.015 * counted)


@pytest.mark.parametrize(
    ("source", "keys", "expected"),
    [
        ("42%", {"when": "-10% relative", "then": "+0.3pp", "range": "0.1pp to 0.5pp"},
         (-0.005 / 0.042, -0.001 / 0.042)),
        ("42%", {"when": "+5pp", "then": "-10% relative", "range": "-20% to -5%"},
         (math.log(0.8) / 0.05, math.log(0.95) / 0.05)),
        ("42%", {"when": "+10% relative", "then": "-10% relative", "range": "-20% to -5%"},
         (math.log(0.8) / math.log(1.1), math.log(0.95) / math.log(1.1))),
        ("38 points", {"slope": "-0.01pp per point", "range": "-0.02pp to 0pp per point"}, (-0.0002, 0.0)),
        ("42%", {"elasticity": "0.4 (0.2 to 0.5)"}, (0.2, 0.5)),
        ("42%", {"elasticity": 0.4, "range": "0.1 to 0.6"}, (0.1, 0.6)),
        ("38 points", {"semi_elasticity": "-0.02 per point", "range": "-0.03 to -0.01 per point"}, (-0.03, -0.01)),
        ("42%", {"elasticity": 0.4}, None),
    ],
)  # fmt: skip
def test_range_is_that_of_the_parameter(
    source: str, keys: dict[str, object], expected: tuple[float, float] | None
) -> None:
    influence = influence_of(one(MetricSpec("x", value=source), "2.5%/month", **keys))
    assert ends_of(influence) == (expected if expected is None else pytest.approx(expected))
    low, high = ends_of(influence) or (-math.inf, math.inf)
    assert low <= influence.parameters[0][1] <= high


def estimate(value: float, low: float, high: float, score: float = Z_P90) -> Estimate:
    return Estimate(value, (high - low) / 2 / score)


@pytest.mark.parametrize(
    ("keys", "form", "above", "below"),
    [
        ({"on_source": "+2pp (1.2pp to 2.8pp)", "on_target": "-0.3pp (-0.5pp to -0.1pp)"}, "slope",
         estimate(-0.003, -0.005, -0.001), estimate(0.02, 0.012, 0.028)),
        ({"on_source": "-2pp (1.2pp to 2.9pp)", "on_target": {"value": "+0.3pp", "ci95": "0.1pp to 0.5pp"}}, "slope",
         estimate(0.003, 0.001, 0.005, Z_P97_5), estimate(-0.02, -0.029, -0.012)),
        ({"on_source": "+5% relative (3% to 7%)", "on_target": "-0.3pp (-0.5pp to -0.1pp)"}, "slope",
         estimate(-0.003, -0.005, -0.001), estimate(0.05 * 0.4, 0.03 * 0.4, 0.07 * 0.4)),
        ({"on_source": "+2pp (1.2pp to 2.8pp)", "on_target": "-5% relative (-8% to -2%)"}, "semi_elasticity",
         estimate(math.log(0.95), math.log(0.92), math.log(0.98)), estimate(0.02, 0.012, 0.028)),
        ({"on_source": "+5% relative (3% to 7%)", "on_target": "-5% relative (-8% to -2%)"}, "elasticity",
         estimate(math.log(0.95), math.log(0.92), math.log(0.98)),
         estimate(math.log(1.05), math.log(1.03), math.log(1.07))),
    ],
)  # fmt: skip
@pytest.mark.parametrize("correlation", [None, -0.5])
def test_a_treatment_is_the_ratio_of_its_two_effects(
    keys: dict[str, object], form: str, above: Estimate, below: Estimate, correlation: float | None
) -> None:
    stated = keys if correlation is None else {**keys, "correlation": correlation}
    influence = influence_of(one(MetricSpec("x", value="40%"), "2.5%/month", treatment=stated))
    assert influence.form == form
    assert influence.parameters == ((f"m.x.{form}", pytest.approx(above.value / below.value)),)
    assert ends_of(influence) == pytest.approx(ratio_interval(above, below, Z_P90, correlation or 0.0))
    assert influence.words.endswith("from 40.0%, ratio of two measured effects (Fieller interval)")


def test_a_treatment_says_what_was_randomised() -> None:
    treatment = {"what": "New onboarding", "on_source": "+2pp (1pp to 3pp)", "on_target": "-0.3pp (-0.5pp to -0.1pp)"}
    influence = influence_of(one(MetricSpec("x", value="40%"), "2.5%", treatment=treatment))
    assert influence.words == (
        "-0.15pp of M per +1pp of X, from 40.0%, ratio of two measured effects (Fieller interval) of New onboarding"
    )


@pytest.mark.parametrize(
    ("evidence", "grade"),
    [
        (None, "quasi_experiment"),
        ({"source": "Holdout"}, "quasi_experiment"),
        ("experiment", "quasi_experiment"),
        ("quasi_experiment", "quasi_experiment"),
        ("judgement", "judgement"),
    ],
)
def test_a_treatment_is_at_most_a_quasi_experiment(evidence: object, grade: str) -> None:
    treatment = {"on_source": "+2pp (1pp to 3pp)", "on_target": "-0.3pp (-0.5pp to -0.1pp)"}
    influence = influence_of(one(MetricSpec("x", value="40%"), "2.5%", treatment=treatment, evidence=evidence))
    assert influence.evidence.grade == grade


@pytest.mark.parametrize(
    ("keys", "kind", "numbers"),
    [
        ({"when": "-10% relative", "then": "+0.3pp", "range": {"ci95": "0.1pp to 0.5pp"}},
         "ci95", (-0.005 / 0.042, -0.001 / 0.042)),
        ({"when": "-10% relative", "then": "+0.3pp", "range": {"normal": ["0.3pp", "0.1pp"]}},
         "normal", (-0.003 / 0.042, 0.001 / 0.042)),
        ({"when": "+5pp", "then": "+2pp", "range": {"triangular": ["0pp", "2pp", "4pp"]}},
         "triangular", (0.0, 0.4, 0.8)),
        ({"when": "-5pp", "then": "+2pp", "range": {"triangular": ["0pp", "2pp", "4pp"]}},
         "triangular", (-0.8, -0.4, 0.0)),
        ({"when": "+5pp", "then": "+2pp", "range": {"uniform": "0pp to 4pp"}}, "uniform", (0.0, 0.8)),
        ({"when": "+5pp", "then": "+2pp", "range": {"discrete": [["0pp", "50%"], ["4pp", 0.5]]}},
         "discrete", (0.0, 0.5, 0.8, 0.5)),
        ({"when": "+5pp", "then": "+2pp", "range": {"lognormal": ["2.5pp", "1.875pp"]}}, "lognormal", (0.5, 0.375)),
        ({"when": "+5pp", "then": "+2pp", "range": {"p10": "1pp", "p50": "2pp", "p90": "5pp"}},
         "p10_p50_p90", (0.2, 0.4, 1.0)),
        ({"when": "+10% relative", "then": "-10% relative", "range": {"ci95": "-20% to -5%"}},
         "ci95", (math.log(0.8) / math.log(1.1), math.log(0.95) / math.log(1.1))),
        ({"when": "-5pp", "then": "-10% relative", "range": {"p10": "-20%", "p90": "-5%"}},
         "p10_p90", (math.log(0.95) / -0.05, math.log(0.8) / -0.05)),
        ({"slope": "2pp per pp", "range": {"ci95": "1pp to 4pp per pp"}}, "ci95", (1.0, 4.0)),
        ({"slope": "2pp per pp (1pp to 4pp per pp)"}, "p10_p90", (1.0, 4.0)),
        ({"semi_elasticity": "0.02 per pp (0.01 to 0.03 per pp)"}, "p10_p90", (1.0, 3.0)),
        ({"semi_elasticity": "0.02 per pp", "range": {"uniform": "0.01 to 0.03 per pp"}}, "uniform", (1.0, 3.0)),
        ({"elasticity": 0.5, "range": {"p10": 0.2, "p90": 0.9}}, "p10_p90", (0.2, 0.9)),
        ({"elasticity": 0.5, "range": {"normal": [0.5, 0.1]}}, "normal", (0.5, 0.1)),
        ({"elasticity": {"beta": [2, 2]}}, "beta", (2.0, 2.0)),
        ({"groups": {"with": "3%", "without": "1%"}, "range": {"ci95": "1pp to 3pp"}}, "ci95", (0.005, 0.015)),
    ],
)  # fmt: skip
def test_a_range_may_be_whatever_is_known(keys: dict[str, object], kind: str, numbers: tuple[float, ...]) -> None:
    influence = influence_of(one(MetricSpec("x", value="42%"), "2.5%/month", **keys))
    assert influence.spread is not None
    assert (influence.spread.kind, influence.spread.numbers) == (kind, pytest.approx(numbers))


@pytest.mark.parametrize(
    ("keys", "stated", "counted"),
    [
        ({"slope": "2pp per pp"}, 2.0, "+2.0pp of M per +1pp of X, from 42.0%, counted at 50%"),
        ({"elasticity": 0.8}, 0.8, "+0.8% of M per +1% of X, from 42.0%, counted at 50%"),
        ({"semi_elasticity": "0.02 per pp"}, 2.0, "+2.0% of M per +1pp of X, from 42.0%, counted at 50%"),
        (
            {"when": "+10% relative", "then": "+21% relative"},
            2.0,
            "+2.0% of M per +1% of X, from 42.0%, counted at 50%",
        ),
    ],
)
def test_a_correlation_counts_in_part(keys: dict[str, object], stated: float, counted: str) -> None:
    half = influence_of(one(MetricSpec("x", value="42%"), "2.5%/month", **keys, evidence="correlation"))
    whole = influence_of(one(MetricSpec("x", value="42%"), "2.5%/month", **keys, evidence="quasi_experiment"))
    assert whole.parameters[0][1] == pytest.approx(stated)
    assert half.parameters[0][1] == pytest.approx(stated / 2)
    assert (whole.counted, half.counted) == (1.0, 0.5)
    assert half.words == f"{whole.words}, counted at 50%"


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_curve_that_is_a_correlation_counts_in_part(share: float) -> None:
    def rule(x: float, **form: object) -> float:
        driver = Driver("x", **form, evidence="correlation")
        metrics = [MetricSpec("x", value=10), MetricSpec("m", value=8, drivers=[driver])]
        graph = build(TreeSpec(metrics=metrics, outcome="m", evidence_defaults={"causal_share": share}))
        assert (", counted at 25%" in influence_of(graph).words) is (share == 0.25)
        assert rule_value(graph, "m", x=Reading(10.0, 10.0, 10.0)) == pytest.approx(8, rel=1e-15)
        return rule_value(graph, "m", x=Reading(x, 10.0, 10.0))

    for x in (4.0, 13.0):
        curve = 2 + 4 / (1 + math.exp(-0.5 * (x - 12))), 2 + 4 / (1 + math.exp(-0.5 * (10 - 12)))
        found = rule(x, logistic={"floor": 2, "ceiling": 6, "middle": 12, "steepness": 0.5})
        assert found == pytest.approx(8 * (1 + share * (curve[0] / curve[1] - 1)))
        hill = x / (x + 5), 10 / 15
        assert rule(x, saturating={"ceiling": 3, "half": 5}) == pytest.approx(8 * (1 + share * (hill[0] / hill[1] - 1)))
        assert rule(x, points=[[0, 0], [20, 10]]) == pytest.approx(8 + share * (x - 10) / 2)


@pytest.mark.parametrize("grade", ["experiment", "quasi_experiment", "judgement"])
def test_what_an_experiment_randomised(grade: str) -> None:
    evidence = {"grade": grade, "randomised": "x"}
    assert influence_of(one(MetricSpec("x", value="42%"), "3%", slope=1, evidence=evidence)).counted == 1
    elsewhere = {"slope": 1, "evidence": {"grade": grade, "randomised": "onboarding"}}
    if grade != "experiment":
        one(MetricSpec("x", value="42%"), "3%", **elsewhere)
        return
    with pytest.raises(ModelError) as caught:
        one(MetricSpec("x", value="42%"), "3%", **elsewhere)
    (problem,) = caught.value.problems
    assert problem.key == "drivers.x.evidence.randomised"
    assert problem.reason == "the experiment randomised 'onboarding', not 'x': the effect is of something else"
    assert "treatment" in problem.fix
    assert "quasi_experiment" in problem.fix


def test_influence_carries_lag_evidence_and_what_was_observed() -> None:
    graph = one(
        MetricSpec("x", value="42%", label="Weekly engagement"),
        "2.5%/month",
        when="+10% relative",
        then="-0.3pp",
        lag=3,
        observed="38% to 46%",
        evidence={"grade": "experiment", "source": "Holdout"},
    )
    influence = influence_of(graph)
    assert (influence.source, influence.lag, influence.observed) == ("x", 3, (0.38, 0.46))
    assert (influence.evidence.grade, influence.evidence.source) == ("experiment", "Holdout")
    assert influence.words == "-0.0714pp of M per +1pp of Weekly engagement, from 42.0%"
    assert [(ref.source, ref.timing, ref.lag) for ref in graph["m"].references] == [
        ("x", "prev", 3),
        ("x", "baseline", 0),
    ]
    assert rule_value(graph, "m", x=Reading(9.0, 0.42, 0.42)) == 0.025


@pytest.mark.parametrize(
    ("source", "target", "keys", "where", "reason", "fix"),
    [
        ("-3 points", 5, {"elasticity": 1}, "elasticity", "above zero", "use a slope"),
        ("0 points", 5, {"saturating": {"ceiling": 9, "half": "3 points"}}, "saturating", "above zero", "slope"),
        ("-3 points", 5, {"when": "+10%", "then": "+1"}, "when", "at or below zero", "+5 points"),
        ("42%", "3%", {"when": "+10%", "then": "-0.3pp"}, "when", "ratio or points", "relative"),
        ("42%", "3%", {"when": "+10% relative", "then": "-3%"}, "then", "ratio or points", "relative"),
        ("42%", 5, {"when": "+2pp", "then": "-3pp"}, "then", "not shown in %", "write"),
        ("42%", 5, {"when": "-100% relative", "then": "+10%"}, "when", "leaves nothing", "smaller"),
        ("42%", 5, {"when": "+2pp", "then": "-100%"}, "then", "leaves nothing", "smaller"),
        ("42%", "3%", treated("+2pp (0.1pp to 6pp)", "-1pp (-2pp to 0pp)"), "on_source", "did not clearly", "`slope`"),
        ("42%", "3%", treated("+0pp (-1pp to 1pp)", "-1pp (-2pp to 0pp)"), "on_source", "could be anything", "measure"),
        ("42%", "3%", treated("+2% (1% to 3%)", "-1pp (-2pp to 0pp)"), "on_source", "ratio or points", "relative"),
        ("42%", "$3", treated("+2pp (1pp to 3pp)", "-1pp (-2pp to 0pp)"), "on_target", "not shown in %", "write"),
        ("42%", "$3", treated("+2pp (1pp to 3pp)", "-50% (-110% to 5%)"), "on_target", "could mean", "sign"),
        ("42%", "$3", treated("+2pp (1pp to 3pp)", "-50% (-110% to +5%)"), "on_target", "leaves nothing", "smaller"),
        ("42%", "$3", treated("-50% relative (-110% to -1%)", "-50% (-60% to -5%)"), "on_source", "leaves nothing", ""),
        ("-3 points", 5, treated("+2% (1% to 3%)", "+1 (0 to 2)"), "on_source", "at or below zero", "+5 points"),
        ("38 points", "3%", {"slope": "-0.01"}, "slope", "fraction or a percentage", "-0.1pp per point"),
        ("42%", "3%", {"slope": "-0.01pp"}, "slope", "fraction or a percentage", "per pp"),
        ("38 points", "3%", {"slope": "-0.01pp per pp"}, "slope", "pp", "per point"),
        ("38 points", "$3", {"slope": "-0.01 per point"}, "slope", "which money", "USD 2 per point"),
        ("42%", "$3", {"slope": "$2"}, "slope", "fraction or a percentage", "per pp"),
        ("38 points", "$3", {"slope": "€2 per point"}, "slope", "EUR", "USD 2 per point"),
        ("38 points", "3%", {"semi_elasticity": "-0.01pp per point"}, "semi_elasticity", "plain number", "per point"),
        ("38 points", "3%", {"groups": {"with": "1%", "without": "2%"}}, "groups", "not a share", "slope"),
        ("150%", "3%", {"groups": {"with": "1%", "without": "2%"}}, "groups", "not a share", "slope"),
        ("42%", "3%", {"groups": {"with": "1%", "without": 2}}, "groups.without", "fraction", "unit"),
        ("42%", "3%", {"points": [["38%", "2%"], ["46%", "$3"]]}, "points.1", "USD", "write it in %"),
        ("42%", "3%", {"points": [["38", "2%"], ["46", "3%"]]}, "points.0", "fraction", "unit"),
        ("42%", "3%", {"saturating": {"ceiling": "5%", "half": "3 users"}}, "saturating.half", "users", "%"),
        ("42%", 9, {"logistic": {"floor": -5, "ceiling": -1, "middle": "4%", "steepness": 1}}, "logistic", "zero", ""),
        ("42%", "3%", {"when": "+2pp", "then": "-1pp", "range": "-2% to 0%"}, "range", "points or a ratio", "pp"),
        ("42%", "3%", {"when": "+2pp", "then": "-1pp", "range": "-4pp to -2pp"}, "range", "outside its range", "P10"),
        ("42%", "3%", {"when": "+2pp", "then": "-9% relative", "range": "-4pp to -2pp"}, "range", "relative", "-5%"),
        ("38 points", "3%", {"slope": "-1pp per point", "range": "-2 to 0 per point"}, "range", "other units", "one"),
        ("42%", "3%", {"elasticity": 1, "range": "$1 to $2"}, "range", "no unit", "plain"),
        ("42%", "3%", {"when": "+2pp", "then": "-9% relative", "range": {"normal": ["-9%", "1%"]}}, "range",
         "becomes an exponent, and normal does not stay", "quantiles"),
        ("42%", "3%", {"when": "+2pp", "then": "-9% relative", "range": {"ci95": "-120% to 4%"}}, "range",
         "loss of all", "narrow"),
        ("42%", "3%", {"when": "+2pp", "then": "-1pp", "range": {"ci95": "-4pp to -2pp"}}, "range", "outside", "P10"),
        ("42%", "3%", {"when": "+2pp", "then": "+1pp", "range": {"p10": "0pp", "p50": "2pp", "p90": "3pp"}}, "range",
         "not the P50", "p50"),
        ("42%", "3%", {"when": "-2pp", "then": "+1pp", "range": {"lognormal": ["1.1pp", "0.5pp"]}}, "range",
         "the opposite of a lognormal", "p10"),
        ("42%", "3%", {"elasticity": {"beta": [2, 2]}, "evidence": "correlation"}, "elasticity",
         "a part of a beta", "p10"),
        ("42%", "3%", {"when": "+2pp", "then": "-1pp", "range": {"ci95": "-2% to 0%"}}, "range", "points", "pp"),
        ("38 points", "3%", {"slope": "-1pp per point", "range": {"ci95": "-2pp to 0pp per pp"}}, "range",
         "other units", "one"),
        ("42%", "3%", {"when": "+2pp", "then": "-9% relative", "range": "-100% to -5%"}, "range", "loss of all", ""),
        ("42%", "$3", treated("-50% relative (-100% to -1%)", "-50% (-60% to -5%)"), "on_source", "leaves nothing", ""),
        ("5 points", 9, {"logistic": {"floor": 0, "ceiling": 0, "middle": 3, "steepness": 1}}, "logistic", "zero", ""),
        ("5 points", 9, {"saturating": {"ceiling": 0, "half": 3}}, "saturating", "not above zero", "parameters"),
        (1, 1, {"when": "+1e-300", "then": "+1e300"}, "when", "too large for a number", "correct its numbers"),
        (1e-300, 1, {"when": "+1e-20% relative", "then": "+1"}, "when", "too large for a number", ""),
        ("0 points", 5, {"per_doubling": "+1"}, "per_doubling", "above zero", "use a slope"),
        ("0 points", 5, {"when": "doubles", "then": "+1"}, "when", "at or below zero", "+5 points"),
        ("38 points", "3%", {"per_doubling": "+1%"}, "per_doubling", "points or a ratio", "pp"),
        ("38 points", "3%", {"per_doubling": "+1"}, "per_doubling", "fraction or a percentage", "%"),
        ("38 points", "$3", {"per_doubling": "+1pp"}, "per_doubling", "pp", "USD"),
        ("38 points", "3%", {"per_doubling": "+1pp", "range": "2pp to 3pp"}, "range", "outside its range", "P10"),
        ("42%", "3%", {"elasticity": 1, "observed": "1 users to 2 users"}, "observed", "users", "%"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_where_it_stands(
    source: str, target: object, keys: dict[str, object], where: str, reason: str, fix: str
) -> None:
    with pytest.raises(ModelError) as caught:
        one(MetricSpec("x", value=source), target, **keys)
    (problem,) = caught.value.problems
    assert problem.key.endswith(where)
    assert reason in str(problem)
    assert fix in problem.fix


@pytest.mark.parametrize(
    ("source", "target", "slope", "expected"),
    [
        ("38 points", "2.5%/month", "-0.01pp per point", -0.0001),
        ("42%", "2.5%/month", "-0.07pp per pp", -0.0007 / 0.01),
        ("42%", "2.5%/month", -0.07, -0.07),
        ("38 points", "$29/user/month", "$2 per point", 2.0),
        ("42%", "$29/user/month", "$2 per 10pp", 20.0),
        ("$5/month", "$29/month", "0.5", 0.5),
        ("1000 visits", "30 orders", "3 orders per 100 visits", 0.03),
        ("6", "30", "-2", -2.0),
        ("1000 sessions/month", "30 trials/month", "0.03 trials per session", 0.03),
        ("1000 sessions/month", "30 trials/month", "0.03 trials/session", 0.03),
        ("100 trials/month", "15 customers/month", "0.15 customers per trial", 0.15),
        ("38 points", "15 customers/month", "2 customers per point", 2.0),
        ("1000 customers", "$30k/month", "$30/customer-month", 30.0),
        ("2.4 orders/customer/month", "$30/customer/month", "$12 per order", 12.0),
    ],
)
def test_slopes_in_the_units_of_both_metrics(source: str, target: str, slope: object, expected: float) -> None:
    influence = influence_of(one(MetricSpec("x", value=source), target, slope=slope))
    assert influence.parameters == (("m.x.slope", pytest.approx(expected)),)


@pytest.mark.parametrize(
    ("source", "target", "plain", "written"),
    [
        ("38 points", "3%/month", {"slope": "-0.1pp per 10 points"}, ("-0.2 to 0", "-0.02pp to 0pp per point")),
        ("38 points", "3%/month", {"when": "+10 points", "then": "-0.3pp"}, ("-0.5 to -0.1", "-0.5pp to -0.1pp")),
        ("38 points", "$3", {"when": "+10 points", "then": "-3%"}, ("-5 to -1", "-5% to -1%")),
        ("38 points", "9 users/month", {"semi_elasticity": "-2% per point"}, ("-3 to -1", "-0.03 to -0.01 per point")),
        (
            "900 visits/month",
            "9 users/month",
            {"when": "+90 visits", "then": "+3 users"},
            ("2 to 4", "2 users to 4 users"),
        ),
        ("40%", "3%/month", {"groups": {"with": "2%", "without": "4%"}}, ("-3 to -1", "-3pp to -1pp")),
        (
            "38 points",
            "3%/month",
            {"slope": "-1pp per point"},
            ({"ci95": "-2 to 0"}, {"ci95": "-2pp to 0pp per point"}),
        ),
    ],
)
def test_a_range_without_units_is_in_those_of_its_effect(
    source: str, target: str, plain: dict[str, Any], written: tuple[Any, Any]
) -> None:
    bare, full = (influence_of(one(MetricSpec("x", value=source), target, range=text, **plain)) for text in written)
    assert bare.spread is not None
    assert full.spread is not None
    assert bare.spread.kind == full.spread.kind
    assert bare.spread.numbers == pytest.approx(full.spread.numbers, rel=1e-12)


@pytest.mark.parametrize(
    "form",
    [
        {"points": [["500 visits", "5 users"], ["2000 visits", "20 users"]]},
        {"saturating": {"ceiling": "90 users", "half": "1500 visits"}, "observed": "500 visits to 2000 visits"},
        {"logistic": {"floor": "1 users", "ceiling": "90 users", "middle": "900 visits", "steepness": 0.01}},
        {"when": "+90 visits", "then": "+3 users"},
    ],
)
def test_every_form_is_written_as_it_is_said(form: dict[str, Any]) -> None:
    assert one(MetricSpec("x", value="900 visits/month"), "9 users/month", **form)["m"].influences


def test_an_effect_without_a_value_to_start_from_is_reported_once_all_else_is_right() -> None:
    metrics = [
        MetricSpec("zero", value=0),
        MetricSpec("x", formula="1 / zero"),
        MetricSpec("m", value=5, drivers=[Driver("x", elasticity=1)]),
    ]
    with pytest.raises(ModelError, match="'x' has no value today") as caught:
        tree(*metrics)
    assert [problem.key for problem in caught.value.problems] == ["drivers.x"]
    with pytest.raises(ModelError) as caught:
        tree(*metrics, MetricSpec("other", formula="nowhere + 1"))
    assert [problem.metric for problem in caught.value.problems] == ["other"]
