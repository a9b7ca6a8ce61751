from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy.core.function import AppliedUndef

from impacttree import Formula, loads
from impacttree.engine.symbolic import Closed, latex
from impacttree.errors import QuestionError
from impacttree.formula import parse
from tests.engine.support import ANY_TREE, Compiled
from tests.oracles.unrolled import DIGITS, MP, World, mpf
from tests.strategies import Sketch, examples, trees
from tests.work import calls


def valued(expression: Any, world: World) -> float:
    """Return a closed form at the values of a world: ``arpu(3)`` in period 3, ``arpu`` on a tree without time."""
    atoms = expression.atoms(AppliedUndef) | {s for s in expression.free_symbols if isinstance(s, sympy.Symbol)}
    values = {}
    for atom in atoms:
        name, t = (str(atom.func), int(atom.args[0])) if isinstance(atom, AppliedUndef) else (atom.name, 1)
        values[atom] = sympy.Float(MP.nstr(world.value(name, t), DIGITS), DIGITS)
    return float(expression.xreplace(values).evalf(30))


@examples(25)
@given(st.one_of(trees(most=6, horizon=3), trees(most=6, horizon=3, kinks=True, jumps=True)), st.data())
def test_the_closed_form_of_a_metric_has_its_value(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    world = compiled.oracle.world()
    name = data.draw(st.sampled_from(list(sketch.metrics)))
    t = data.draw(st.integers(1, sketch.horizon))
    try:
        expression = compiled.tree.expression(name, t)
    except QuestionError:
        return
    exact = world.value(name, t)
    assert abs(valued(expression, world) - exact) <= 1e-10 * max(1, abs(exact))
    inputs = {metric for metric, keys in sketch.metrics.items() if "formula" not in keys}
    stocks = {metric for metric, keys in sketch.metrics.items() if "start" in keys}
    anchors = {source for keys in sketch.metrics.values() for source in keys.get("drivers", ())}
    formulas = " ".join(keys.get("formula", "") for keys in sketch.metrics.values())
    anchors |= {metric for metric in sketch.metrics if f"baseline({metric})" in formulas}
    named = {str(a.func) for a in expression.atoms(AppliedUndef)} | {s.name for s in expression.free_symbols}
    assert named <= inputs | stocks | anchors


@pytest.mark.slow
@examples(25)
@given(st.one_of(trees(most=6, horizon=3), trees(most=6, horizon=3, kinks=True, jumps=True)), st.data())
def test_the_derivative_is_that_of_a_lift_held_from_period_1(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    oracle = compiled.oracle
    world, frozen = oracle.world(), oracle.frozen()
    outcome, metric = (data.draw(st.sampled_from(list(sketch.metrics))) for _ in range(2))
    t = data.draw(st.integers(1, sketch.horizon))
    try:
        derivative = compiled.tree.derivative(outcome, metric, t)
        elasticity = compiled.tree.elasticity(outcome, metric, t)
    except QuestionError:
        return
    step = mpf(10) ** -17
    ends = [oracle.world({metric: ("wrap", mpf(1), h)}, decisions=frozen).value(outcome, t) for h in (step, -step)]
    exact = (ends[0] - ends[1]) / (2 * step)
    size = max(1, abs(exact)) * 1e-9
    assert abs(valued(derivative, world) - exact) <= size
    if abs(world.value(outcome, t)) < 1e-3:
        return
    expected = exact * world.value(metric, t) / world.value(outcome, t)
    assert abs(valued(elasticity, world) - expected) <= 1e-9 * max(1, abs(expected))


@examples(15)
@given(trees(stepped=True, most=6, horizon=4), st.data())
def test_the_period_asked_about_is_the_first_that_a_lift_moves(sketch: Sketch, data: st.DataObject) -> None:
    compiled = Compiled(sketch)
    metric = data.draw(st.sampled_from(list(sketch.metrics)))
    try:
        derivatives = [compiled.tree.derivative(sketch.outcome, metric, t) for t in range(1, sketch.horizon + 1)]
        found = compiled.tree.derivative(sketch.outcome, metric)
    except QuestionError:
        return
    if compiled.model.is_static:
        assert found == derivatives[0]
    else:
        assert found == next((derivative for derivative in derivatives if derivative != 0), 0)


def test_names_that_mean_something_to_sympy_are_ordinary() -> None:
    inputs = ("E", "pi", "I", "N", "S", "beta", "gamma", "lambda", "oo", "zoo", "Q", "True", "None", "Symbol")
    metrics = "".join(f"  {name}: {{value: {k + 2}}}\n" for k, name in enumerate(inputs))
    tree = loads(f"outcome: y\nmetrics:\n{metrics}  y: {{formula: {' * '.join(inputs)}}}\n")
    expression = tree.expression("y")
    assert {symbol.name for symbol in expression.free_symbols} == set(inputs)
    for name in inputs:
        derivative = tree.derivative("y", name)
        assert {symbol.name for symbol in derivative.free_symbols} == set(inputs) - {name}
    assert tree.elasticity("y", "E").xreplace({sympy.Symbol("y", real=True): expression}) == 1


def test_a_kink_differentiates_to_the_branch_taken() -> None:
    tree = loads('{outcome: y, metrics: {a: {value: 0}, b: {value: 0}, y: {formula: "max(a, b) + abs(a)"}}}')
    at_tie = dict.fromkeys(tree.expression("y").free_symbols, 0)
    assert tree.derivative("y", "a").xreplace(at_tie) == 2
    assert tree.derivative("y", "b").xreplace(at_tie) == 0


@pytest.mark.parametrize(
    "formula",
    [
        "abs(max(a, b) - min(c, a, 3))",
        "clip(abs(clip(a, 0, 1) - b), 0, c)",
        "max(a, b, c) * min(c, b, a) + interpolate(max(a, b), 0, 1, 1, 2, 5, 3, 9, 1)",
        "if(max(a, b) > abs(c - 4), min(a, 7) * 2, b)",
    ],
)
def test_branches_in_conditions_have_a_closed_form(formula: str) -> None:
    tree = loads(
        f'{{outcome: y, metrics: {{a: {{value: 2}}, b: {{value: 3}}, c: {{value: 5}}, y: {{formula: "{formula}"}}}}}}'
    )
    at = {sympy.Symbol(name, real=True): value for name, value in {"a": 2, "b": 3, "c": 5}.items()}
    model = tree._subject.model
    gradient = model.gradient(model.run(12), 3)
    assert float(tree.expression("y").xreplace(at)) == model.base[3]
    for slot, name in enumerate("abc"):
        assert float(tree.derivative("y", name).xreplace(at)) == gradient[slot]
    assert tree.verify().agrees


def test_conditions_that_sympy_would_fold_without_end_are_refused_but_verified() -> None:
    nested = "if(if(a > 1, b, 2) > if(b > 1, a, 3), a * b, b)"
    wide = f"max({', '.join(['a', 'b', *(f'a * {k}' for k in range(2, 40))])})"
    for formula in (nested, wide):
        tree = loads(f'{{outcome: y, metrics: {{a: {{value: 2}}, b: {{value: 3}}, y: {{formula: "{formula}"}}}}}}')
        with pytest.raises(QuestionError, match="closed form"):
            tree.derivative("y", "b" if formula is nested else "a")
        with pytest.raises(QuestionError, match="closed form"):
            tree.expression("y")
        assert tree.verify().agrees


def test_values_are_not_simplified_away() -> None:
    tree = loads("{outcome: y, metrics: {a: {value: 2}, b: {value: 3}, c: {formula: a / b}, y: {formula: c * b}}}")
    assert tree.derivative("y", "c") == sympy.Symbol("b", real=True)
    assert tree.derivative("c", "a").free_symbols == {sympy.Symbol("b", real=True)}


def test_too_large_a_closed_form_is_refused_before_it_is_written_out() -> None:
    lines = ["outcome: y", "metrics:", "  d0: {value: 2}"]
    for k in range(1, 65):
        lines += [
            f"  u{k}: {{formula: d{k - 1} ** 2}}",
            f"  d{k}: {{formula: u{k} / (1 + d{k - 1}) + u{k} * d{k - 1}}}",
        ]
    tree = loads("\n".join([*lines, "  y: {formula: d64 * 3 - d64 * 2}"]))

    def refused(ask: Any) -> None:
        with pytest.raises(QuestionError, match="more than 5000 operations"):
            ask()

    for ask in (lambda: tree.expression("y"), lambda: tree.derivative("y", "d0"), lambda: tree.elasticity("y", "d0")):
        assert calls(partial(refused, ask)) < 1_000_000
    assert tree.derivative("y", "u64") != 0


@pytest.mark.slow
def test_long_chains_need_no_recursion() -> None:
    links = "".join(f"  m{k}: {{formula: m{k - 1} + {k}}}\n" for k in range(1, 1_500))
    tree = loads(f"outcome: m1499\nmetrics:\n  m0: {{value: 2}}\n{links}")
    assert tree.derivative("m1499", "m0") == 1
    assert tree.expression("m1499") == sympy.Symbol("m0", real=True) + 1499 * 1500 // 2


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("a / b", r"\frac{\mathrm{a}}{\mathrm{b}}"),
        ("customers_now * 2", r"2 \mathrm{customers\_now}"),
        ("sqrt(E) * pi", r"\sqrt{\mathrm{E}} \mathrm{pi}"),
        ("prev(x) + lag(x, 3)", r"\operatorname{prev}(\mathrm{x}) + \operatorname{lag}(\mathrm{x}, 3)"),
        ("max(a, b)", r"\max\left(\mathrm{a}, \mathrm{b}\right)"),
        ("abs(x)", r"\left|{\mathrm{x}}\right|"),
        ("per_month(pay)", r"\operatorname{per\_month}{\left(\mathrm{pay} \right)}"),
        (
            "if(if(a > b, 1, 0) >= c, a, max(b, 2))",
            r"\begin{cases} \mathrm{a} & \text{for}\: \begin{cases} 1 & \text{for}\: \mathrm{a} > \mathrm{b} \\"
            r"0 & \text{otherwise} \end{cases} \geq \mathrm{c} \\"
            r"\max\left(2, \mathrm{b}\right) & \text{otherwise} \end{cases}",
        ),
    ],
)
def test_latex_shows_the_users_names_upright(formula: str, expected: str) -> None:
    assert latex(parse(formula)) == expected
    assert Formula(formula).latex() == expected


@examples(20)
@given(ANY_TREE)
def test_every_formula_has_latex_in_its_names_and_balanced_braces(sketch: Sketch) -> None:
    for keys in sketch.metrics.values():
        if "formula" in keys:
            formula = Formula(keys["formula"])
            text = formula.latex()
            assert text.count("{") == text.count("}")
            assert {part.split("}")[0] for part in text.split(r"\mathrm{")[1:]} <= set(formula.names)
            assert not re.search(r"_m\d", text)


@pytest.mark.slow
def test_a_dense_tree_is_refused_before_anything_is_built(monkeypatch):
    """Of 300 metrics that read all before them, the chain rule alone has 2**299 products."""
    lines = [f"  m{n}: {{formula: {' + '.join(f'm{k}' for k in range(n))}}}" for n in range(1, 300)]
    dense = loads("outcome: m299\nmetrics:\n  m0: {value: 1}\n" + "\n".join(lines) + "\n")
    monkeypatch.setattr(Closed, "partials", None)  # calling it would fail
    with pytest.raises(QuestionError, match=r"d m299 / d m0 has more than 5000 operations; use sensitivity\(\)"):
        dense.derivative("m299", "m0")
    with pytest.raises(QuestionError, match="more than 5000 operations"):
        dense.elasticity("m299", "m0")
