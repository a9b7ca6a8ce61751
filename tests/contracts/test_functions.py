"""What holds for every registered function: one entry of the registry reaches every evaluator, and they agree."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from impacttree import Formula, ImpactTree, loads
from impacttree.engine.derivative_checks import complex_steps
from impacttree.engine.program import array_function
from impacttree.engine.vector import evaluate_many
from impacttree.errors import ModelError
from impacttree.formula import EXAMPLE_METRICS, FUNCTIONS, Function
from impacttree.formula.functions import _REGISTERED, _one
from tests.strategies import examples

MATH = {name: function for name, function in FUNCTIONS.items() if function.kind == "math"}
OTHERS = {name: function for name, function in FUNCTIONS.items() if function.kind != "math"}
EXAMPLES = [(name, text, value) for name, function in FUNCTIONS.items() for text, value in function.examples]
each_math = pytest.mark.parametrize("name", sorted(MATH))

KNOTS = "-2, 1, 0.5, 3, 2, -1, 9, 2"
"""Points of a polyline, which must be constants."""
EXACT: Mapping[str, Any] = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "log10": lambda x: mpmath.log(x, 10),
    "sqrt": mpmath.sqrt,
    "abs": abs,
    "min": min,
    "max": max,
    "clip": lambda x, low, high: min(max(x, low), high),
    "saturate": lambda x, ceiling, half, shape=1: ceiling * x**shape / (x**shape + half**shape),
    "logistic": lambda x, floor, ceiling, middle, steepness: (
        floor + (ceiling - floor) / (1 + mpmath.exp(-steepness * (x - middle)))
    ),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "round": lambda x, digits=0: mpmath.floor(x * 10**digits + mpmath.mpf("0.5")) / 10**digits,
    "interpolate": lambda x: _polyline(x, [(-2, 1), (0.5, 3), (2, -1), (9, 2)]),
}
"""Each function as the documentation defines it, written again by hand; one without an entry here fails."""


def _polyline(x: Any, points: list[tuple[float, float]]) -> Any:
    (x0, y0), (x1, y1) = next((pair for pair in pairwise(points) if x <= pair[1][0]), (points[-2], points[-1]))
    return y0 + mpmath.mpf(y1 - y0) / (x1 - x0) * (x - x0)


def counts(function: Function) -> list[int]:
    """Return the numbers of arguments to try: the least, the most, and one more where it takes any number."""
    if function.name in ("interpolate", "round"):
        return [1]
    most = len(function.parameters) + (function.max_args > len(function.parameters))
    return sorted({function.min_args, most})


def call(name: str, count: int) -> str:
    names = ", ".join("abcde"[:count])
    more = {"interpolate": f", {KNOTS}", "round": ", 0"}.get(name, "")
    return f"{name}({names}{more})"


def tree_of(formula: str, values: list[float]) -> ImpactTree:
    metrics: dict[str, Any] = {"abcde"[k]: {"value": repr(value)} for k, value in enumerate(values)}
    return loads(json.dumps({"outcome": "y", "metrics": metrics | {"y": {"formula": formula, "aggregate": "last"}}}))


POSITIVE = st.integers(5, 300).map(lambda k: k / 100)


def test_every_function_is_written_again_here() -> None:
    assert set(EXACT) == set(MATH)


@each_math
@examples(20)
@given(data=st.data())
def test_every_evaluator_computes_it(name: str, data: st.DataObject) -> None:
    for count in counts(MATH[name]):
        values = data.draw(st.lists(POSITIVE, min_size=count, max_size=count))
        with mpmath.workdps(30):
            exact = float(EXACT[name](*map(mpmath.mpf, values)))
        tree = tree_of(call(name, count), values)
        model = tree._subject.model
        run = model.run(12)
        arguments = dict(zip("abcde", values, strict=False))
        assert run.at(1)[count] == pytest.approx(exact, rel=1e-13, abs=1e-14)
        assert run.initial[count] == run.at(1)[count]
        assert Formula(call(name, count)).evaluate(**arguments) == run.at(1)[count]
        symbols = {sympy.Symbol(k, real=True): sympy.Float(v, 30) for k, v in arguments.items()}
        assert float(tree.expression("y").xreplace(symbols)) == pytest.approx(exact, rel=1e-12, abs=1e-13)
        rows = {f"{letter}.value": np.full(2, value) for letter, value in arguments.items()}
        for parameters in ({}, rows):
            found = evaluate_many(model, 1, parameters=parameters, count=2, totals=[count]).totals[count]
            assert list(found) == pytest.approx([exact, exact], rel=1e-13, abs=1e-14)
        if MATH[name].is_primitive and count == len(MATH[name].parameters):
            vector = array_function(name)(*(np.array([value, value]) for value in values))
            assert list(vector) == pytest.approx([exact, exact], rel=1e-13, abs=1e-14)


@each_math
@examples(20)
@given(data=st.data())
def test_every_derivative_of_it_agrees(name: str, data: st.DataObject) -> None:
    for count in counts(MATH[name]):
        values = data.draw(st.lists(POSITIVE, min_size=count, max_size=count, unique=True))
        assume(name not in ("clip",) or values[1] < values[2])
        assume(name != "interpolate" or values[0] not in (0.5, 2.0))
        assume(not MATH[name].steps or values[0] % 0.5)
        tree = tree_of(call(name, count), values)
        model = tree._subject.model
        run = model.run(12)
        gradient = model.gradient(run, count)
        symbols = {sympy.Symbol("abcde"[k], real=True): sympy.Float(v, 30) for k, v in enumerate(values)}
        for position in range(count):
            with mpmath.workdps(40):
                exact = float(slope(EXACT[name], values, position))
            near = pytest.approx(exact, rel=1e-11, abs=1e-13)
            assert gradient[position] == near
            assert complex_steps(model, run, [position], count) == [near]
            assert float(tree.derivative("y", "abcde"[position]).xreplace(symbols)) == near
        assert tree.verify().agrees


def slope(function: Any, values: list[float], position: int) -> Any:
    """Return a derivative by a difference quotient far finer than any kink is near."""
    step, ends = mpmath.mpf(10) ** -15, []
    for sign in (1, -1):
        moved = [mpmath.mpf(value) for value in values]
        moved[position] += sign * step
        ends.append(function(*moved))
    return (ends[0] - ends[1]) / (2 * step)


@pytest.mark.parametrize(("name", "text", "value"), EXAMPLES, ids=[text for _, text, _ in EXAMPLES])
def test_examples_hold_in_a_tree(name: str, text: str, value: float) -> None:
    """Every example goes through the loader, the unit rules and the engine, in its units and over time."""
    reads = [metric for metric in EXAMPLE_METRICS if metric in Formula(f"{text} + 0 * x").names]
    metrics: dict[str, Any] = {"one": {"value": "1"}}
    for metric in dict.fromkeys((*reads, "x")):
        unit, (start, first, second) = EXAMPLE_METRICS[metric]
        curve = f"interpolate(cumulative(one), 0, {start}, 1, {first}, 2, {second})"
        metrics[f"unit_of_{metric}"] = {"value": f"1 {unit}".strip(), "unit": unit} if unit else {"value": "1"}
        metrics[metric] = {"formula": f"{curve} * unit_of_{metric}"}
    constant = not any(metric in Formula(f"{text} + 0 * x").names for metric in EXAMPLE_METRICS if metric != "x")
    formula = f"{text} + 0 * x" if constant else text
    metrics["y"] = {"formula": formula}
    tree = loads(json.dumps({"horizon": 2, "start_date": "2027-01-01", "outcome": "x", "metrics": metrics}))
    assert tree.project(2)["y"][2] == pytest.approx(value, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_wrong_number_of_arguments_is_a_problem_with_the_signature(name: str) -> None:
    function = FUNCTIONS[name]
    wrong = [function.min_args - 1] if function.min_args > 1 else []
    wrong += [function.max_args + 1] if function.max_args < 20 else []
    for count in wrong:
        arguments = ["x > 1" if name == "if" else "x", *["x"] * (count - 1)]
        with pytest.raises(ModelError) as raised:
            loads(json.dumps({"metrics": {"x": {"value": "2"}, "y": {"formula": f"{name}({', '.join(arguments)})"}}}))
        assert name in str(raised.value)
        assert raised.value.problems[0].metric == "y"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_metric_may_bear_the_name_of_a_function(name: str) -> None:
    tree = loads(f"{{outcome: y, metrics: {{{name}: {{value: 3}}, y: {{formula: {name} * 2}}}}}}")
    assert tree.values()["y"] == 6
    assert tree.worth(name, "+1").total == 2


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_has_latex(name: str) -> None:
    for text, _ in FUNCTIONS[name].examples:
        assert Formula(f"{text} + 0 * x").latex()


@pytest.fixture
def tanh(monkeypatch: pytest.MonkeyPatch) -> Function:
    """A function that the language does not have, registered by one entry."""
    entry = _one("tanh", "hyperbolic tangent", "pure", "1.0 - {y} * {y}", ("tanh(0)", 0.0))
    monkeypatch.setitem(_REGISTERED, "tanh", entry)
    return entry


def test_one_entry_reaches_every_backend(tanh: Function) -> None:
    tree = tree_of("tanh(a * b) + min(tanh(b), 2)", [0.4, 1.2])
    model = tree._subject.model
    run = model.run(12)
    with mpmath.workdps(30):
        exact = mpmath.tanh(mpmath.mpf("0.4") * mpmath.mpf("1.2")) + mpmath.tanh(mpmath.mpf("1.2"))
        slope = mpmath.mpf("1.2") * mpmath.sech(mpmath.mpf("0.48")) ** 2
    assert tree.values()["y"] == pytest.approx(float(exact), rel=1e-15)
    assert Formula("tanh(a * b) + min(tanh(b), 2)").evaluate(a=0.4, b=1.2) == tree.values()["y"]
    assert model.gradient(run, 2)[0] == pytest.approx(float(slope), rel=1e-14)
    assert complex_steps(model, run, [0], 2) == pytest.approx([float(slope)], rel=1e-14)
    rows = {"a.value": np.full(2, 0.4), "b.value": np.full(2, 1.2)}
    found = evaluate_many(model, 1, parameters=rows, totals=[2]).totals[2]
    assert list(found) == pytest.approx([float(exact)] * 2, rel=1e-15)
    assert "tanh" in str(tree.derivative("y", "a"))
    assert tree.verify().agrees
    assert r"\tanh" in Formula("tanh(a)").latex()
    assert tree.worth("a", "+10%").total == pytest.approx(float(mpmath.tanh(0.528) - mpmath.tanh(0.48)), rel=1e-12)
    assert tree.simulate(16, seed=1).samples("y")[0] == pytest.approx(float(exact), rel=1e-15)
    words = [spelling.format(x="A1") for spelling in (tanh.excel, tanh.javascript, tanh.sql)]
    assert words == ["TANH(A1)", "Math.tanh(A1)", "TANH(A1)"]


POINTS = (0.3, 0.5, 1.0, 1.5, 2.675, 12.25, 1234.5678)
SPELLED = sorted(name for name, function in MATH.items() if function.is_primitive)


def in_words(language: str) -> list[tuple[str, float, str]]:
    """Return each primitive at each point: what Python computes, and how the language writes it."""
    found = []
    for name in SPELLED:
        for x in POINTS if name != "exp" else POINTS[:-1]:
            for signed in (x, -x) if name in ("sin", "cos", "floor", "ceil", "round") else (x,):
                arguments = (signed, 2) if name == "round" else (signed,)
                function = MATH[name]
                assert function.python is not None
                texts = [f"({argument!r})" for argument in arguments]
                spelling: str = getattr(function, language)
                words = spelling.format(**dict(zip(function.parameters, texts, strict=True)))
                found.append((name, float(function.python(*arguments)), words))
    return found


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_spellings_agree_in_javascript() -> None:
    cases = in_words("javascript")
    script = f"console.log(JSON.stringify([{', '.join(words for *_, words in cases)}]))"
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    for (name, value, words), found in zip(cases, json.loads(done.stdout), strict=True):
        assert found == pytest.approx(value, rel=1e-15, abs=1e-300), (name, words)


def test_spellings_agree_in_sql() -> None:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("SELECT LN(1.0)")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no mathematical functions")
    for name, value, words in in_words("sql"):
        (found,) = connection.execute(f"SELECT {words}").fetchone()
        assert found == pytest.approx(value, rel=1e-15, abs=1e-300), (name, words)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_spellings_agree_in_a_spreadsheet(tmp_path: Path) -> None:
    cases = in_words("excel")
    sheet = tmp_path / "words.csv"
    sheet.write_text("".join(f'"={words}"\n' for *_, words in cases), encoding="utf-8")
    read = ["--infilter=CSV:44,34,76,1,,1033,false,true,false,false,false,-1,true"]
    out = [
        "--convert-to",
        "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false",
        "--outdir",
        str(tmp_path / "out"),
    ]
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    subprocess.run(["soffice", home, "--headless", *read, *out, str(sheet)], capture_output=True, check=True)
    lines = (tmp_path / "out" / "words.csv").read_text(encoding="utf-8").split()
    for (name, value, words), found in zip(cases, lines, strict=True):
        assert float(found) == pytest.approx(value, rel=1e-12, abs=1e-14), (name, words)
