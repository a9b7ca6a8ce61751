"""Values at t = 0 against Python's own arithmetic and the registry's examples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.engine.model import Model
from impacttree.formula import EXAMPLE_METRICS, FUNCTIONS, Core, lowered, parse_expression
from impacttree.graph import build
from impacttree.graph.central_values import Today, evaluate
from impacttree.spec import load_text
from impacttree.templates import names as template_names
from impacttree.templates import text as template_text


def core(text: str) -> Core:
    return lowered(parse_expression(text))


numbers = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


@given(
    st.recursive(
        st.sampled_from("abc"),
        lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        max_leaves=8,
    ),
    numbers,
    numbers,
    numbers,
)
def test_arithmetic_is_that_of_python(text: str, a: float, b: float, c: float) -> None:
    expected = eval(text, {"a": a, "b": b, "c": c})
    value = Today({"m": core(text)}, {"a": a, "b": b, "c": c})["m"]
    assert value == (expected if math.isfinite(expected) else None)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (formula, value)
        for function in FUNCTIONS.values()
        if function.kind in ("math", "condition")
        for formula, value in function.examples
    ],
)
def test_examples_of_the_registry(formula: str, expected: float) -> None:
    last = {name: values[-1] for name, (_, values) in EXAMPLE_METRICS.items()}
    value = evaluate(parse_expression(formula), last.get)
    assert value == pytest.approx(expected, rel=1e-14)


@given(st.floats(-50, 50))
def test_interpolation_is_that_of_numpy_between_the_end_points(x: float) -> None:
    value = evaluate(parse_expression("interpolate(x, -10, 3, 0, 5, 20, -1)"), {"x": x}.get)
    inside = float(np.interp(x, [-10, 0, 20], [3, 5, -1]))
    assert value is not None
    if -10 <= x <= 20:
        assert value == pytest.approx(inside, abs=1e-12)
    else:
        slope = 0.2 if x < -10 else -0.3
        assert value == pytest.approx(inside + slope * (x - (-10 if x < -10 else 20)), abs=1e-12)


@pytest.mark.parametrize(
    "text", ["1 / x", "log(x)", "sqrt(x - 1)", "(x - 8) ** 0.5", "10 ** (x + 400)", "exp(1000 - x)"]
)
def test_what_has_no_finite_value_is_none(text: str) -> None:
    assert evaluate(parse_expression(text), {"x": 0.0}.get) is None


def test_time_functions_read_the_start() -> None:
    formulas = {
        "a": core("prev(s) + lag(s, 3) + baseline(s) + cumulative(s)"),
        "s": core("prev(s) + 1"),
    }
    assert Today(formulas, {"s": 7.0})["a"] == 21.0


def test_circles_and_unknown_names_have_no_value() -> None:
    formulas = {"a": core("b + 1"), "b": core("a * 2"), "c": core("nowhere + 1")}
    today = Today(formulas, {})
    assert [today[name] for name in ("a", "b", "c", "nowhere")] == [None] * 4


def test_a_chain_of_ten_thousand_needs_no_recursion() -> None:
    formulas = {f"m{i}": core(f"m{i - 1} + 1") for i in range(1, 10_001)}
    assert Today(formulas, {"m0": 0.0})["m10000"] == 10_000.0


def test_a_conversion_that_was_refused_has_no_value() -> None:
    assert evaluate(parse_expression("in_hours(x) + 1"), {"x": 3.0}.get) is None


@pytest.mark.parametrize("name", template_names())
def test_the_engine_starts_from_the_same_values(name: str) -> None:
    graph = build(load_text(template_text(name)))
    formulas = {m.name: m.core for m in graph.metrics if m.origin == "formula" and m.start is None}
    begun = {m.name: m.spec.start or m.spec.value for m in graph.metrics if m.name not in formulas}
    stated = {name: begin.central() for name, begin in begun.items() if not begin.is_formula}
    stated |= {
        name: evaluate(parse_expression(begin.text), stated.get) for name, begin in begun.items() if begin.is_formula
    }
    clocks = {address: schedule.today for address, schedule in graph.schedules.items()}
    today = Today(formulas, stated | clocks)
    found = [math.nan if today[m.name] is None else today[m.name] for m in graph.metrics]
    assert found == pytest.approx(Model(graph).base[: len(graph.metrics)], rel=1e-13, nan_ok=True)
