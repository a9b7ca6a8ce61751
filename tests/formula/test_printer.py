import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import FormulaError
from impacttree.formula import Binary, Call, Compare, Name, Negate, Number, Parameter, names, parse, parse_expression
from impacttree.formula.printer import brief, same, unparse
from tests.work import growth

numbers = st.floats(0, 1e300, allow_subnormal=False).map(lambda value: Number(value, ""))
leaves = st.one_of(st.sampled_from("abcE").map(Name), numbers)
arithmetic = st.sampled_from(["+", "-", "*", "/", "**"])
comparisons = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
trees = st.recursive(
    leaves,
    lambda below: st.one_of(
        st.builds(Binary, arithmetic, below, below),
        st.builds(Negate, below),
        st.builds(lambda *arguments: Call("max", arguments), below, below, below),
        st.builds(
            lambda op, left, right, a, b: Call("if", (Compare(op, left, right), a, b)),
            comparisons, below, below, below, below,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@given(trees)
def test_what_is_printed_reads_back_the_same(tree):
    assert same(parse_expression(unparse(tree)), tree)


@given(trees)
def test_no_pair_of_parentheses_could_be_left_out(tree):
    text = unparse(tree)
    stack = []
    for position, character in enumerate(text):
        if character == "(":
            stack.append(position)
        elif character == ")":
            start = stack.pop()
            if start and text[start - 1].isalpha():
                continue
            without = text[:start] + text[start + 1 : position] + text[position + 1 :]
            assert not same(parse_expression(without), tree)


@given(trees, trees)
def test_same_is_equality_of_text(left, right):
    assert same(left, right) == (unparse(left) == unparse(right))
    assert same(left, left)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("((a)+b)*c", "(a + b) * c"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a**b)**c", "(a**b)**c"),
        ("a**(b**c)", "a**b**c"),
        ("(-a)**2", "(-a)**2"),
        ("2**(-a)", "2**-a"),
        ("2**(a*b)", "2**(a * b)"),
        ("-(a+b)", "-(a + b)"),
        ("- - a", "--a"),
        ("1_000*a + 5%", "1_000 * a + 5%"),
        ("if(a<b,1,lag(c,2))", "if(a < b, 1, lag(c, 2))"),
    ],
)
def test_forms(text, printed):
    assert unparse(parse(text)) == printed


@pytest.mark.parametrize(
    ("value", "printed"), [(29.0, "29"), (-0.3, "-0.3"), (0.025, "0.025"), (1e-7, "1e-07"), (1e300, "1e+300")]
)
def test_parameters_are_printed_as_their_numbers(value, printed):
    assert unparse(Parameter("churn.nps.slope", value)) == printed
    power = Binary("**", Parameter("churn.nps.slope", value), Name("x"))
    assert unparse(power) == (f"({printed})**x" if value < 0 else f"{printed}**x")


def test_parameters_differ_by_address_and_value():
    assert same(Parameter("a.slope", 1.0), Parameter("a.slope", 1.0))
    assert not same(Parameter("a.slope", 1.0), Parameter("b.slope", 1.0))
    assert not same(Parameter("a.slope", 1.0), Parameter("a.slope", 2.0))
    assert not same(Parameter("a.slope", 1.0), Number(1.0, "1"))


def test_names_come_once_in_reading_order():
    assert names(parse("b + if(prev(c) > a, lag(d, 2), b) + cumulative(e)")) == ("b", "c", "a", "d", "e")


@given(trees, st.integers(2, 60))
def test_brief_is_the_start_of_the_text(tree, limit):
    text = unparse(tree)
    assert brief(tree, limit) == (text if len(text) < limit else text[: limit - 1] + "…")


@pytest.mark.slow
def test_long_sums_take_linear_time():
    sums = {terms: parse(" + ".join(["x"] * terms)) for terms in (1_000, 4_000, 20_000)}
    assert len(unparse(sums[20_000])) == 20_000 * 4 - 3
    assert same(sums[20_000], parse(unparse(sums[20_000])))
    assert growth(lambda terms: unparse(sums[terms]), 1_000, 4) < 4.1
    assert growth(lambda terms: brief(Binary("+", Name("y"), sums[terms])), 1_000, 4) < 4.1


def test_deep_trees_made_by_hand_are_printed():
    tree = Name("x")
    for _ in range(5_000):
        tree = Negate(tree)
    assert unparse(tree) == "-" * 5_000 + "x"
    with pytest.raises(FormulaError):
        parse(unparse(tree))
