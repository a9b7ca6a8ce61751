import math
from decimal import ROUND_HALF_UP, Decimal

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from impacttree.formula import EXAMPLE_METRICS, FUNCTIONS, Call, infer_unit, names, parse_expression, walk
from impacttree.quantity import Unit

PRIMITIVE = sorted(name for name, function in FUNCTIONS.items() if function.is_primitive)
SMOOTH = [name for name in PRIMITIVE if not FUNCTIONS[name].steps]
DEFINED = sorted(name for name, function in FUNCTIONS.items() if function.definition)
EXAMPLES = [(text, value) for function in FUNCTIONS.values() for text, value in function.examples]
SERIES = {name: values for name, (_, values) in EXAMPLE_METRICS.items()}
WORDS = {name: FUNCTIONS[name].python for name in PRIMITIVE} | {"slope_of_base": lambda x, e: e * math.pow(x, e - 1)}


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


def test_a_primitive_has_a_word_in_every_backend():
    for name in PRIMITIVE:
        function = FUNCTIONS[name]
        assert function.complex
        assert function.numpy
        assert function.sympy
        for spelling in (function.excel, function.javascript, function.sql):
            assert spelling.format(**dict.fromkeys(function.parameters, "1"))
            assert all(f"{{{parameter}}}" in spelling for parameter in function.parameters)
        assert len(function.partials) == len(function.parameters)
    assert not set(PRIMITIVE) & set(DEFINED)


def arguments_of(name, x):
    return (x, 2) if name == "round" else (x,)


@pytest.mark.parametrize("name", PRIMITIVE)
@given(x=st.floats(0.001, 50))
def test_words_compute_the_function(name, evaluate, x):
    function = FUNCTIONS[name]
    arguments = arguments_of(name, x)
    called = f"{name}(x, 2)" if name == "round" else f"{name}(x)"
    exact = float(evaluate(parse_expression(called), {"x": (x, x, x)}))
    computed = function.python(*arguments)
    near = 4 * math.ulp(max(abs(exact), 1e-300))
    if name == "round":  # a half in decimals need not be one in double precision
        assert abs(computed - exact) <= 0.01 + near
        exact = computed
    vector = function.numpy(np)(np.array([x, x]), *arguments[1:])
    for value in (computed, function.complex(*arguments).real, *vector):
        assert abs(value - exact) <= near
    symbolic = float(function.sympy(sympy)(sympy.Float(x, 30), *arguments[1:]))
    assert abs(symbolic - exact) <= near + (0.01 if name == "round" else 0.0)


@pytest.mark.parametrize("name", SMOOTH)
@given(x=st.floats(0.001, 50))
def test_partials_are_the_derivatives_of_the_symbolic_form(name, x):
    function = FUNCTIONS[name]
    symbol = sympy.Symbol("x", real=True)
    form = function.sympy(sympy)(symbol)
    for partial in function.partials:
        expected = float(sympy.diff(form, symbol).subs({symbol: sympy.Float(x, 30)}))
        text = partial.format(x="x", y="y")
        found = eval(text, {"__builtins__": {}, **WORDS}, {"x": x, "y": function.python(x)})
        assert found == pytest.approx(expected, rel=1e-13, abs=1e-15)


@given(st.one_of(st.floats(-1e6, 1e6), st.integers(-10_000, 10_000).map(lambda k: k / 2)), st.integers(0, 6))
def test_rounding_takes_the_nearest_and_of_two_the_one_further_from_zero(x, digits):
    scaled = Decimal(abs(x) * 10.0**digits)
    nearest = scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    rounded = FUNCTIONS["round"]
    assert rounded.python(x, digits) == math.copysign(float(nearest) / 10.0**digits, x)
    assert rounded.numpy(np)(np.array([x]), digits)[0] == rounded.python(x, digits)


@pytest.mark.parametrize(
    ("x", "wanted"), [(0.49999999999999994, 0.0), (2.5, 3.0), (-2.5, -3.0), (2.0**53 + 2, 2.0**53 + 2)]
)
def test_rounding_is_exact_where_adding_a_half_is_not(x, wanted):
    assert FUNCTIONS["round"].python(x, 0) == wanted


@pytest.mark.parametrize("name", DEFINED)
def test_a_definition_reads_in_a_condition_what_its_branches_read(name):
    """Else an argument could be computed once for each side, and nested calls would grow without bound."""
    for node in walk(parse_expression(FUNCTIONS[name].definition)):
        if isinstance(node, Call) and node.function == "if":
            condition, *sides = node.arguments
            assert {name for side in sides for name in names(side)} <= set(names(condition))


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
