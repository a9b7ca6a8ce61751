import math

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from impacttree.formula import EXAMPLE_METRICS, FUNCTIONS, infer_unit, names, parse_expression
from impacttree.quantity import Unit

SPELLED = sorted(name for name, function in FUNCTIONS.items() if function.python)
DEFINED = sorted(name for name, function in FUNCTIONS.items() if function.definition)
EXAMPLES = [(text, value) for function in FUNCTIONS.values() for text, value in function.examples]
SERIES = {name: values for name, (_, values) in EXAMPLE_METRICS.items()}
NUMPY = {"exp": np.exp, "log": np.log, "log10": np.log10, "sqrt": np.sqrt}


def spelled(template, names, **arguments):
    text = template.format(**{name: name for name in arguments})
    return eval(text, {"__builtins__": {}, **names}, arguments)


@pytest.mark.parametrize(("text", "value"), EXAMPLES, ids=[text for text, _ in EXAMPLES])
def test_examples(evaluate, text, value):
    units = {name: Unit.parse(unit) for name, (unit, _) in EXAMPLE_METRICS.items()}
    expr = infer_unit(parse_expression(text), units.__getitem__, period="month").expr
    assert float(evaluate(expr, SERIES)) == pytest.approx(value, rel=1e-15, abs=1e-16)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_every_function_calls_itself_in_its_examples(function):
    assert function.examples
    assert all(f"{function.name}(" in text for text, _ in function.examples)
    assert FUNCTIONS[function.name] is function


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_parameters_agree_with_the_number_of_arguments(function):
    assert len(set(function.parameters)) == len(function.parameters)
    assert function.min_args <= len(function.parameters) <= function.max_args
    assert tuple(function.defaults) == function.parameters[function.min_args :]
    assert all(name in function.signature for name in function.parameters)


def test_spellings_come_together():
    for name in SPELLED:
        function = FUNCTIONS[name]
        assert function.numpy
        assert function.sympy
        assert len(function.partials) == len(function.parameters)
    assert not set(SPELLED) & set(DEFINED)


@pytest.mark.parametrize("name", SPELLED)
@given(x=st.floats(0.001, 50))
def test_spellings_compute_the_function(name, evaluate, x):
    function = FUNCTIONS[name]
    exact = evaluate(parse_expression(f"{name}(x)"), {"x": (x, x, x)})
    scale = max(abs(float(exact)), 1e-300)
    python = spelled(function.python, vars(math), x=x)
    vector = spelled(function.numpy, NUMPY, x=np.array([x, x]))
    symbolic = spelled(function.sympy, vars(sympy), x=sympy.Float(x, 30))
    for value in (python, *vector, float(symbolic)):
        assert abs(value - float(exact)) <= 4 * math.ulp(scale)


@pytest.mark.parametrize("name", SPELLED)
@given(x=st.floats(0.001, 50))
def test_partials_are_the_derivatives_of_the_symbolic_form(name, x):
    function = FUNCTIONS[name]
    symbol = sympy.Symbol("x", real=True)
    form = spelled(function.sympy, vars(sympy), x=symbol)
    y = spelled(function.python, vars(math), x=x)
    for parameter, partial in zip(function.parameters, function.partials, strict=True):
        derivative = sympy.diff(form, sympy.Symbol(parameter, real=True))
        expected = float(derivative.subs({symbol: sympy.Float(x, 30)}))
        assert spelled(partial, vars(math), x=x, y=y) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", DEFINED)
@given(data=st.data())
def test_definitions_compute_the_function(name, evaluate, data):
    function = FUNCTIONS[name]
    numbers = st.integers(1, 400).map(lambda count: count / 8)
    arguments = {parameter: data.draw(numbers, label=parameter) for parameter in function.parameters}
    if name == "clip":
        arguments["low"], arguments["high"] = sorted((arguments["low"], arguments["high"]))
    series = {parameter: (value,) * 3 for parameter, value in arguments.items()}
    definition = parse_expression(function.definition)
    assert set(names(definition)) == set(function.parameters)
    with mpmath.workdps(400):
        called = evaluate(parse_expression(f"{name}({', '.join(function.parameters)})"), series)
        inlined = evaluate(definition, series)
        assert mpmath.almosteq(called, inlined, rel_eps=mpmath.mpf("1e-30"))


@pytest.mark.parametrize("x", [-3.0, -0.0, 0.0, 2.5])
def test_absolute_value(evaluate, x):
    assert evaluate(parse_expression(FUNCTIONS["abs"].definition), {"x": (x, x, x)}) == abs(x)


def test_the_half_point_and_ceiling_of_a_saturation(evaluate):
    definition = parse_expression(FUNCTIONS["saturate"].definition)
    values = {"ceiling": (80,) * 3, "half": (5,) * 3, "shape": (2,) * 3}
    assert evaluate(definition, values | {"x": (5,) * 3}) == 40
    assert evaluate(definition, values | {"x": (1e9,) * 3}) == pytest.approx(80)


def test_smoothness_is_declared_for_what_has_kinks():
    assert {name for name, function in FUNCTIONS.items() if not function.smooth} == {
        "abs", "min", "max", "clip", "interpolate", "if",
    }  # fmt: skip
