import ast
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import FormulaError
from impacttree.formula import (
    FUNCTIONS,
    Binary,
    Call,
    Compare,
    Logic,
    Name,
    Negate,
    Number,
    fold,
    parse,
    parse_condition,
    parse_expression,
    same,
    unparse,
    walk,
)
from impacttree.formula.parser import MAX_ARGUMENTS, MAX_CHARACTERS, MAX_DEPTH, MAX_IF_DEPTH
from tests.work import calls, growth

FORMULAS = (
    "prev(customers) * (1 - churn) + new_customers",
    "if(nps >= 40, arpu * 1.2M / 3k, max(a, -b, 5%)) - lag(x, 3)**2",
    "saturate(spend, 1_000, 50%) + logistic(x, 0, 1, 2, 3) - interpolate(y, 0, 1, 2, 3)",
    "per_month(salaries) + in_hours(wait) * cumulative(z) / baseline(z)",
)
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.And: "and", ast.Or: "or"}
OPERATORS |= {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def problem(text):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    (found,) = caught.value.problems
    assert found.formula == text
    return found


def problems_of(text):
    try:
        parse(text)
    except FormulaError as error:
        return error.problems
    return ()


def ours(expr):
    def visit(node, below):
        match node:
            case Name():
                return node.name
            case Number():
                return node.value
            case Negate():
                return ("-", *below)
            case Binary():
                return (node.op, *below)
            case Compare():
                return (node.op, *below)
            case Logic():
                return (node.op, *below)
            case Call():
                return (node.function, *below)

    return fold(expr, visit)


def python(node):
    """What Python's own grammar reads, in the same shape."""
    match node:
        case ast.Name():
            return node.id
        case ast.Constant():
            return node.value
        case ast.UnaryOp(op=ast.USub()):
            return ("-", python(node.operand))
        case ast.UnaryOp(op=ast.Not()):
            return ("not", python(node.operand))
        case ast.UnaryOp():
            return python(node.operand)
        case ast.BinOp():
            return (OPERATORS[type(node.op)], python(node.left), python(node.right))
        case ast.Call():
            return (node.func.id, *map(python, node.args))
        case ast.Compare():
            return (OPERATORS[type(node.ops[0])], python(node.left), python(node.comparators[0]))
        case ast.BoolOp():
            joined = python(node.values[0])
            for value in node.values[1:]:
                joined = (OPERATORS[type(node.op)], joined, python(value))
            return joined


operands = st.sampled_from(["a", "E", "pi", "max", "lambda_", "1.5", "2", "1e3", "1_000"])
signs = st.sampled_from(["", "", "", "-", "+", "--"])
texts = st.recursive(
    st.builds("{}{}".format, signs, operands),
    lambda below: st.one_of(
        st.builds("{} {} {}".format, below, st.sampled_from(["+", "-", "*", "/", "**"]), below),
        st.builds("{}({})".format, signs, below),
        st.builds("max({}, {})".format, below, below),
        st.builds("exp( {} )".format, below),
    ),
    max_leaves=12,
)


values = st.sampled_from(["a", "b + 1", "c", "(a + b) * 2", "max(a, 3)"])
compared = st.builds("{} {} {}".format, values, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), values)
conditions = st.recursive(
    compared,
    lambda below: st.one_of(
        st.builds("{} {} {}".format, below, st.sampled_from(["and", "or"]), below),
        st.builds("not {}".format, below),
        st.builds("({})".format, below),
    ),
    max_leaves=8,
)


@given(conditions)
def test_conditions_have_the_structure_of_python(text):
    read = parse_condition(text)
    assert ours(read) == python(ast.parse(text, mode="eval").body)
    assert same(parse_condition(unparse(read)), read)


@given(texts)
def test_structure_is_that_of_python(text):
    assert ours(parse_expression(text)) == python(ast.parse(text, mode="eval").body)


@given(texts)
def test_spans_hold_the_text_of_each_part(text):
    for node in walk(parse_expression(text)):
        start, end = node.span
        assert ours(parse_expression(text[start:end])) == ours(node)


@pytest.mark.parametrize(
    ("text", "structure"),
    [
        ("-x**2", ("-", ("**", "x", 2.0))),
        ("2**-x", ("**", 2.0, ("-", "x"))),
        ("2**-1*x", ("*", ("**", 2.0, ("-", 1.0)), "x")),
        ("a**b**c", ("**", "a", ("**", "b", "c"))),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("a / b * c", ("*", ("/", "a", "b"), "c")),
        ("-a * b", ("*", ("-", "a"), "b")),
        ("max + min * E", ("+", "max", ("*", "min", "E"))),
        ("max (max, 1)", ("max", "max", 1.0)),
        ("if + and * lambda", ("+", "if", ("*", "and", "lambda"))),
        ("a\n  + b\t", ("+", "a", "b")),
    ],
)
def test_precedence_and_names(text, structure):
    assert ours(parse(text)) == structure


def test_conditions():
    choice = parse("if(a + 1 <= -b * 2, max(a, 1), if(a == b, 2, c))")
    assert isinstance(choice, Call)
    condition, _, inner = choice.arguments
    assert isinstance(condition, Compare)
    assert (condition.op, ours(condition.left), ours(condition.right)) == (
        "<=",
        ("+", "a", 1.0),
        ("*", ("-", "b"), 2.0),
    )
    assert isinstance(inner, Call)
    assert inner.arguments[0].op == "=="


@pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "==", "!="])
def test_every_comparison(op):
    assert parse(f"if(a{op}b, 1, 2)").arguments[0].op == op


@pytest.mark.parametrize(
    ("text", "marked", "reason", "fix"),
    [
        ("", "", "empty", "value:"),
        ("  \n", " ", "empty", "value:"),
        ("5", "5", "reads no metric", "'value: 5'"),
        ("exp(1) + 2", "exp(1) + 2", "reads no metric", "value:"),
        ("a +", "", r"ends after '\+'", "add"),
        ("* a", "*", "starts with", "before"),
        ("a * / b", "* /", "missing between", "add"),
        ("a b", "a b", "operator is missing", r"a \* b to multiply, or a_b"),
        ("2(a)", "2(", "operator is missing", r"2 \* \(...\)"),
        ("(a)(b)", ")(", "operator is missing", "multiply"),
        ("5%a", "5%a", "operator is missing", "remainder"),
        ("a and b", "and", "only in a condition", r"if\(a > 0 and b > 0"),
        ("not a", "not", "only in a condition", r"if\(not a > 0"),
        ("a if b else c", "if", "not a word", r"if\(condition"),
        ("a per b", "per", "not a word", "'/'"),
        ("(a", "(", "never closed", r"'\)'"),
        ("exp (a", "(", "never closed", r"'\)'"),
        ("a)", ")", "never opened", "delete"),
        ("()", "()", "empty", "delete"),
        ("a, b", ",", "outside a function", "arguments"),
        ("1,5 * a", ",", "outside a function", "1.5"),
        ("(a, b)", ",", "outside a function", "arguments"),
        ("foo(a)", "foo", "no function 'foo'", r"foo \* \("),
        ("lgo(a)", "lgo", "did you mean 'log'", "the functions are"),
        ("exp()", "exp()", "takes 1 argument, not 0", r"exp\(x\)"),
        ("exp(a, b)", "exp(a, b)", "takes 1 argument, not 2", r"exp\(x\)"),
        ("min(a)", "min(a)", "2 or more arguments, not 1", r"min\(a, b, ...\)"),
        ("saturate(a, 1)", "saturate(a, 1)", "3 to 4 arguments", "shape=1"),
        ("max(a,)", ",)", "missing", "add"),
        ("max(,a)", "(,", "missing", "add"),
        ("a < b", "<", "only in a condition", r"if\(a > b"),
        ("max((a < b), 1, 2)", "<", "only in a condition", r"if\(a > b"),
        ("if(a, b < c, 2)", "<", "only in a condition", r"if\(a > b"),
        ("if(a < b, (b < c), 2)", "<", "only in a condition", r"if\(a > b"),
        ("if(a < b, a or b, 2)", "or", "only in a condition", "a > 0 or b > 0"),
        ("if(max(a > b, c) > 1, 2, 3)", ">", "only in a condition", r"if\(a > b"),
        ("if(a AND b > 1, 2, 3)", "AND", "not a word", "small letters"),
        ("if(a and b > 1, 2, 3)", "a", "joins comparisons", "a > 0"),
        ("if(a > 1 or b, 2, 3)", "b", "joins comparisons", "b > 0"),
        ("if(not (a + b), 2, 3)", "a + b", "joins comparisons", "a \\+ b > 0"),
        ("if((a > b) + 1 > 1, 2, 3)", "a > b", "not a number", "1, 0"),
        ("if(-(a > b) > 1, 2, 3)", "a > b", "not a number", "1, 0"),
        ("if(a > not b > 1, 2, 3)", "not b > 1", "not a number", "1, 0"),
        ("if(a > 1 and 2 > 1, 2, 3)", "2 > 1", "always the same", "compare a metric"),
        ("round(a, b)", "b", "whole number from 0 to 15", r"round\(x, 2"),
        ("round(a, -3)", "-3", "whole number from 0 to 15", "thousands"),
        ("round(a, 1.5)", "1.5", "whole number from 0 to 15", r"round\(x, 2"),
        ("if(a < b < c, 1, 2)", "<", "chained", "a < b and b < c"),
        ("if(a, 1, 2)", "a", "not a comparison", "a != 0"),
        ("if(1, a, b)", "1", "not a comparison", r"if\(a > b"),
        ("if(1 < 2, a, b)", "1 < 2", "always the same", "compare a metric"),
        ("prev(a + b)", "a + b", "name of a metric", "metric of its own"),
        ("prev(prev(a))", "prev(a)", "name of a metric", r"lag\(x, 2\)"),
        ("baseline(2)", "2", "name of a metric", "its name"),
        ("lag(a, 0)", "0", "whole number of periods", "write a alone"),
        ("lag(a, 1.5)", "1.5", "whole number of periods", r"lag\(a, 2\)"),
        ("lag(a, -1)", "-1", "whole number of periods", r"lag\(a, 2\)"),
        ("lag(a, n)", "n", "whole number of periods", r"lag\(a, 2\)"),
        ("interpolate(a, 1, 2, 3, 4, 5)", "interpolate(a, 1, 2, 3, 4, 5)", "without its y", "x2, y2"),
        ("interpolate(a, 1, b, 3, 4)", "b", "are numbers", "interpolate"),
        ("interpolate(a, 1, 2, 1, 4)", "1", "left to right", "order of x"),
        ("interpolate(a, -1, 2, -2, 4)", "-2", "left to right", "order of x"),
    ],
)
def test_refusals(text, marked, reason, fix):
    found = problem(text)
    start, end = found.span
    assert text[start:end] == marked
    assert re.search(reason, found.reason)
    assert re.search(fix, found.fix)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    for found in problems_of(text):
        assert found.reason
        assert found.fix
        assert str(found)


@given(st.sampled_from(FORMULAS), st.integers(0), st.lists(st.sampled_from("()+-*/,.%^=<> 0a1_\n\u0430if"), max_size=4))
def test_broken_formulas_are_read_or_refused(formula, seed, characters):
    position = seed % len(formula)
    for text in (
        formula[:position] + "".join(characters) + formula[position:],
        formula[:position] + "".join(characters) + formula[position + len(characters) :],
    ):
        for found in problems_of(text):
            start, end = found.span
            assert 0 <= start <= end <= len(text) + 1


def nested(opening, closing, levels):
    return opening * levels + "x" + closing * levels


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("-", ""), ("exp(", ")"), ("2**", ""), ("max(1, ", ")"), ("2**(-", ")")]
)
def test_depth_limit(opening, closing):
    levels = MAX_DEPTH // sum(opening.count(sign) for sign in ("(", "-", "**"))
    parse(nested(opening, closing, levels))
    parse(f"{nested(opening, closing, levels)} + {nested(opening, closing, levels)}")
    found = problem(nested(opening, closing, levels + 1))
    assert f"deeper than {MAX_DEPTH}" in found.reason


def test_argument_limit():
    assert len(parse(f"max({', '.join(['x'] * MAX_ARGUMENTS)})").arguments) == MAX_ARGUMENTS
    assert f"more than {MAX_ARGUMENTS}" in problem(f"max({', '.join(['x'] * (MAX_ARGUMENTS + 1))})").reason


def test_if_limit():
    parse("if(x > 1, 1, " * MAX_IF_DEPTH + "x" + ")" * MAX_IF_DEPTH)
    parse(" + ".join(["if(x > 1, x, if(x < 0, 0, x))"] * MAX_IF_DEPTH))
    found = problem("if(x > 1, 1, " * (MAX_IF_DEPTH + 1) + "x" + ")" * (MAX_IF_DEPTH + 1))
    assert f"deeper than {MAX_IF_DEPTH}" in found.reason


def test_long_formulas_are_read_in_linear_time():
    def read(count):
        parse(" + ".join(f"metric_{number}" for number in range(count)))

    assert growth(read, 1_000, 4) < 4.1


def hostile():
    source = random.Random(1)
    for piece in ["(", "-", "x", "x+", "if(", "max(x,", "2**", "9", "1.", ",", "prev(", "if(x<", ")", "_", "#", "а"]:
        yield piece * (MAX_CHARACTERS // len(piece))
        yield piece * 10_000 + "x"
    yield "max(" + "x," * 40_000 + "x)"
    yield "(" * 99 + "x+" * 20_000
    for _ in range(20):
        yield "".join(source.choices(["x", "1", "+", "*", "**", "(", ")", ",", "if(", "max(", "<", "-", " "], k=20_000))


@pytest.mark.slow
def test_the_work_for_hostile_formulas_is_in_proportion_to_their_length():
    for text in hostile():
        shown = []
        assert calls(lambda text=text, shown=shown: shown.extend(map(str, problems_of(text)))) < 40 * len(text)
        assert sum(map(len, shown)) < 2_000


def test_no_function_hides_a_metric_of_its_name():
    for name in FUNCTIONS:
        assert ours(parse(f"{name} * 2")) == ("*", name, 2.0)
