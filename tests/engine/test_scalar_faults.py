from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import loads
from impacttree.engine.model import Model
from impacttree.errors import EvaluationError
from impacttree.formula import Core, Fault, evaluate, lowered, parse
from impacttree.quantity import Intervention
from tests.engine.support import lift_of, model_of
from tests.strategies import examples


def model(formula: str, **inputs: float) -> Model:
    metrics = {name: {"value": repr(value)} for name, value in inputs.items()}
    return model_of(json.dumps({"outcome": "y", "metrics": metrics | {"y": {"formula": formula}}}))


@pytest.mark.parametrize(
    ("formula", "inputs", "marked", "reason"),
    [
        ("2 + a / b", {"a": 3, "b": 0}, "a / b", "division by zero in month 1 (a = 3, b = 0)"),
        ("log(a)", {"a": 0}, "log(a)", "log of 0 is not a real number in month 1 (a = 0)"),
        ("1 + log(a)", {"a": -2}, "log(a)", "log of -2 is not a real number"),
        ("log10(a - 3)", {"a": 3}, "log10(a - 3)", "log10 of 0 is not a real number"),
        ("sqrt(a)", {"a": -4}, "sqrt(a)", "sqrt of -4 is not a real number"),
        ("a ** 0.5", {"a": -4}, "a ** 0.5", "-4 to the power 0.5 is not a real number"),
        ("a ** -1", {"a": 0}, "a ** -1", "0 to the power -1 is not a real number"),
        ("exp(a)", {"a": 1000}, "exp(a)", "the result is too large for a number"),
        ("a * a", {"a": 1e200}, "a * a", "the result is too large for a number"),
        ("a + a", {"a": 1e308}, "a + a", "the result is too large for a number"),
        ("a ** 9", {"a": 1e100}, "a ** 9", "the result is too large for a number"),
        ("1 / (a * a)", {"a": 1e200}, "a * a", "the result is too large for a number"),
        ("exp(-(a * a))", {"a": 1e200}, "a * a", "the result is too large for a number"),
        ("if(a * a > 1, 1, 2)", {"a": 1e200}, "a * a", "the result is too large for a number"),
        ("min(a * a, 5)", {"a": 1e200}, "a * a", "the result is too large for a number"),
        ("clip(exp(a), 0, 1)", {"a": 1e4}, "exp(a)", "the result is too large for a number"),
        ("(a * a) ** 0", {"a": 1e200}, "a * a", "the result is too large for a number"),
        ("if(a > 0, 1 / (a * a), 0)", {"a": 1e200}, "a * a", "the result is too large for a number"),
        ("saturate(a, 1, 1, 2)", {"a": 1e200}, "saturate(a, 1, 1, 2)", "the result is too large for a number"),
        ("a * a - a * a", {"a": 1e200}, "a * a", "the result is too large for a number"),
        ("a / b * b", {"a": 1, "b": 0}, "a / b", "division by zero"),
        ("0 * (a / b)", {"a": 1, "b": 0}, "a / b", "division by zero"),
        ("if(a > b, a / b, a / 0)", {"a": 1, "b": 2}, "a / 0", "not meaningful in month 1 (a = 1, b = 2)"),
    ],
)
def test_every_fault_names_metric_formula_and_operands(
    formula: str, inputs: dict[str, float], marked: str, reason: str
) -> None:
    with pytest.raises(EvaluationError) as raised:
        model(formula, **inputs).run(12)
    (problem,) = raised.value.problems
    start, end = problem.span
    assert problem.metric == "y"
    assert problem.formula == formula
    assert problem.formula[start:end].strip("()") == marked.strip("()") or marked in problem.formula[start:end]
    assert problem.reason.startswith(reason)
    for name, value in inputs.items():
        assert f"{name} = {value:g}" in problem.reason
    assert problem.fix
    assert problem.key == "formula"


def test_the_message_shows_the_place_the_formula_and_the_operation() -> None:
    text = "outcome: y\nmetrics:\n  a: {value: 3}\n  b: {value: 0}\n  y: {formula: 2 + a / b}\n"
    with pytest.raises(EvaluationError) as raised:
        loads(text, "plan.yaml").worth("a", "+1%")
    assert str(raised.value).splitlines() == [
        "plan.yaml:5: y.formula: division by zero in month 1 (a = 3, b = 0): "
        "correct the values, or say with if(condition, a, b) what holds then",
        "    2 + a / b",
        "        ^^^^^",
    ]


def test_a_fault_names_the_period() -> None:
    text = """
    outcome: y
    horizon: 12
    metrics:
      left: {start: 3, formula: prev(left) - 1}
      y: {formula: 1 / left}
    """
    with pytest.raises(EvaluationError, match=r"y\.formula: division by zero in month 3 \(left = 0\)"):
        model_of(text).run(12)
    with pytest.raises(EvaluationError, match="division by zero in quarter 3"):
        model_of(text.replace("horizon: 12", "horizon: 12\n    period: quarter")).run(12)


def test_a_fault_names_what_was_read_and_when() -> None:
    text = """
    outcome: y
    metrics:
      x: {value: 2}
      y: {formula: "x / (prev(x) - lag(x, 3) + cumulative(x) * 0 + baseline(x) - 2)"}
    """
    with pytest.raises(EvaluationError) as raised:
        model_of(text).run(12)
    reason = raised.value.problems[0].reason
    for part in ("x = 2", "x 1 earlier = 2", "x 3 earlier = 2", "x at t = 0 = 2"):
        assert part in reason


def test_a_fault_over_the_horizon_says_so() -> None:
    text = """
    outcome: y
    horizon: 12
    metrics:
      x: {value: 2, aggregate: sum}
      y: {formula: 1 / (x - 24), aggregate: recompute}
    """
    with pytest.raises(EvaluationError, match=r"y\.formula: division by zero over the horizon \(x = 24\)"):
        model_of(text).run(12).horizon()


def test_a_fault_of_an_assumed_effect_shows_its_rule() -> None:
    text = """
    outcome: y
    metrics:
      x: {value: 2}
      y: {value: 5, drivers: {x: {elasticity: 0.5}}}
    """
    compiled = model_of(text)
    with pytest.raises(EvaluationError) as raised:
        compiled.run(12, {0: Intervention("fix", shift=-1.0)})
    (problem,) = raised.value.problems
    assert (problem.metric, problem.key) == ("y", "drivers")
    assert "x" in problem.formula
    assert "-0.5 to the power 0.5 is not a real number in month 1" in problem.reason


def test_a_change_that_makes_too_large_a_number_is_a_fault_of_the_metric() -> None:
    compiled = model("x * 1e308", x=1.0)
    with pytest.raises(EvaluationError, match="too large"):
        compiled.run(12, {1: Intervention("wrap", 10.0)})


def test_a_fault_in_a_branch_that_is_not_taken_does_not_count() -> None:
    assert model("if(b == 0, 0, a / b)", a=1.0, b=0.0).run(12).at(1)[2] == 0
    assert model("max(a, b) + if(a > 5, log(b), 1)", a=1.0, b=-1.0).run(12).at(1)[2] == 2


def test_long_lists_of_operands_are_cut() -> None:
    names = [f"x{k}" for k in range(20)]
    with pytest.raises(EvaluationError) as raised:
        model(f"1 / ({' + '.join(names)})", **dict.fromkeys(names, 0.0)).run(12)
    reason = raised.value.problems[0].reason
    assert reason.count(" = ") == 8
    assert reason.endswith("...)")


FORMULAS = st.recursive(
    st.sampled_from(["a", "b", "c", "0", "1", "2", "1e300"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["exp", "log", "log10", "sqrt", "abs"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(inner, st.sampled_from(["<", ">=", "=="]), inner, inner, inner).map(
            lambda t: f"if({t[0]} - b {t[1]} {t[2]}, {t[3]}, {t[4]})"
        ),
    ),
    max_leaves=8,
)
EXTREME = st.sampled_from([0.0, 1.0, -1.0, 2.0, -3.0, 0.5, 1e-200, -1e200, 1e200, 1e308, 5e-324])


@pytest.mark.slow
@examples(300)
@given(FORMULAS, EXTREME, EXTREME, EXTREME)
def test_a_value_is_finite_and_right_or_a_fault(formula: str, a: float, b: float, c: float) -> None:
    """No number is silently wrong: at extremes too, generated code gives what plain operations give, or an error."""
    expected = value_or_reason(lowered(parse(f"{formula} + 0 * a")), {"a": a, "b": b, "c": c})
    compiled = model(f"{formula} + 0 * a", a=a, b=b, c=c)
    if isinstance(expected, float):
        assert math.isfinite(expected)
        assert compiled.run(12).at(1)[3] == expected
        return
    with pytest.raises(EvaluationError) as raised:
        compiled.run(12)
    assert raised.value.problems[0].reason.startswith(expected)


def value_or_reason(core: Core, values: dict[str, float]) -> float | str:
    try:
        return evaluate(core, lambda leaf: values[leaf.name])
    except Fault as fault:
        return fault.reason


@pytest.mark.slow
@examples(200)
@given(FORMULAS, EXTREME, EXTREME)
def test_extreme_slopes_never_end_in_a_raw_error(formula: str, a: float, b: float) -> None:
    compiled = model(f"{formula} + 0 * a + 0 * b + 0 * c", a=a, b=b, c=1.0)
    try:
        run = compiled.run(12)
        slopes = compiled.gradient(run, 3) + compiled.relative_gradient(run, 3)
        lift = lift_of(compiled, 0, Intervention("wrap", 1.5, 0.5), 3, 12)
        amounts = [flow.amount for flow in lift.flows]
    except EvaluationError:
        return
    assert len(slopes) == 8
    assert all(map(math.isfinite, amounts))


@pytest.mark.parametrize("formula", ["sqrt(x)", "x ** 0.5", "log(1 + x) + sqrt(x)", "x ** n"])
def test_where_a_slope_is_infinite_only_its_own_entry_is_not_finite(formula: str) -> None:
    text = f"""
    outcome: y
    metrics:
      x: {{value: 0, plausible: 0 to 4}}
      n: {{value: 0.5}}
      other: {{value: 3}}
      y: {{formula: 2 * other + {formula} + n * 0}}
    """
    tree = loads(text)
    compiled = tree._subject.model
    run = compiled.run(12)
    gradient = compiled.gradient(run, 3)
    assert not math.isfinite(gradient[0])
    assert gradient[1:] == [0, 2, 1]
    rows = {row.metric: row for row in tree.sensitivity().rows}
    assert rows["x"].elasticity is None
    assert rows["x"].plausible_worth == pytest.approx(2 + ("log" in formula) * math.log(5))
    assert rows["other"].elasticity == 1
    assert tree.verify().agrees
    assert "x" not in [row.metric for row in tree.verify().metrics]
    assert tree.diagram().drawn.cards
    assert tree.worth("other", "+10%").total == pytest.approx(0.6)


def test_a_square_root_that_stays_at_zero_carries_nothing() -> None:
    text = """
    outcome: y
    metrics:
      x: {value: 1}
      excess: {formula: "max(x - 5, 0)"}
      y: {formula: "sqrt(excess) + x + sqrt(max(x - 9, 0))"}
    """
    tree = loads(text)
    compiled = tree._subject.model
    assert compiled.gradient(compiled.run(12), 2)[0] == 1
    worth = tree.worth("x", "+1")
    assert (worth.total, [path.metrics for path in worth.paths]) == (1, [("x", "y")])
    assert tree.worth("x", "=9").total == pytest.approx(10)
    assert math.fsum(path.amount for path in tree.worth("x", "=9").paths) == pytest.approx(10, rel=1e-6)


def test_a_lift_from_where_the_slope_is_infinite_is_exact() -> None:
    tree = loads('{outcome: y, metrics: {x: {value: 0}, y: {formula: "sqrt(x) * 3"}}}')
    worth = tree.worth("x", "+4")
    assert worth.total == 6
    assert math.fsum(path.amount for path in worth.paths) + worth.rest == pytest.approx(6)


def test_values_near_the_largest_number_are_values() -> None:
    compiled = model("x * 1", x=1.7e308)
    assert compiled.run(12).at(1) == [1.7e308, 1.7e308]


@pytest.mark.parametrize("rule", ["sum", "mean"])
def test_a_sum_over_the_horizon_that_is_too_large_names_its_metric(rule: str) -> None:
    text = f"{{horizon: 4, outcome: y, metrics: {{x: {{value: 1e308, aggregate: {rule}}}, y: {{formula: prev(x)}}}}}}"
    with pytest.raises(EvaluationError, match=r"^<text>:1: x: the sum over the horizon is too large for a number"):
        model_of(text).run(4).horizon()


def test_a_recomputed_value_that_is_too_large_names_its_metric() -> None:
    text = "{outcome: y, metrics: {x: {value: 1e200, aggregate: sum}, y: {formula: x * 1e108, aggregate: recompute}}}"
    with pytest.raises(EvaluationError, match=r"y\.formula: the result is too large for a number over the horizon"):
        model_of(text).run(12).horizon()
