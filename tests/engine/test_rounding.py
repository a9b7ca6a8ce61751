"""Bounds of rounding errors against exact fractions; what is left of a cancellation is zero, what is not stays."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import impacttree as it
from impacttree.engine.model import Run
from impacttree.engine.rounding import Rounding, settled, sizes
from impacttree.formula import FUNCTIONS
from impacttree.quantity import Intervention


def run_of(formula: str, periods: int = 1, **values: str) -> Run:
    listed = "\n".join(f"  {name}: {value}" for name, value in values.items())
    text = f"period: month\noutcome: y\nmetrics:\n{listed}\n  y: {{formula: '{formula}', aggregate: sum}}\n"
    return it.loads(text)._subject.model.run(periods)


def value(number: str) -> str:
    return f"{{value: {number}}}"


decimals = st.builds(
    lambda digits, places: f"{digits / 10**places:.{places}f}", st.integers(1, 10**9), st.integers(0, 6)
)


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> tuple[str, Fraction]:
    """Return a formula of stated numbers, and its exact value."""
    if depth == 0 or draw(st.booleans()):
        text = draw(decimals)
        return text, Fraction(text)
    left, a = draw(expressions(depth - 1))
    right, b = draw(expressions(depth - 1))
    op = draw(st.sampled_from("+-*/"))
    assume(op != "/" or b != 0)
    exact = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[op]()
    return f"({left} {op} {right})", exact


@given(expressions())
def test_the_exact_value_lies_within_the_bound(expression: tuple[str, Fraction]) -> None:
    text, exact = expression
    assume(abs(exact) < 1e200)
    try:
        run = run_of(f"z * ({text})", z=value("1"))
    except (it.ModelError, it.EvaluationError):
        assume(False)
    found, bound = run.at(1)[1], Rounding(run).at(1)[1]
    assert abs(Fraction(found) - exact) <= Fraction(bound) * (1 + Fraction(1, 2**30)) + Fraction(1, 2**1060)


@given(expressions())
def test_what_may_be_rounding_alone_is_looked_at(expression: tuple[str, Fraction]) -> None:
    """Whether bounds are worked out at all is decided by less than they are, and nothing is missed by it."""
    text, exact = expression
    assume(1e-200 < abs(exact) < 1e200)
    run = run_of(f"z * ({text}) - c", z=value("1"), c=value(f"{float(exact):.17g}"))
    bounds = Rounding(run)
    for t in (0, 1):
        assert settled(run).at(t)[2] == (0.0 if abs(run.at(t)[2]) <= bounds.at(t)[2] else run.at(t)[2])


RESIDUES = {
    "thirds of a dime": ("c - a - b", {"a": "0.10", "b": "0.20", "c": "0.30"}),
    "millions": ("a - b - c - d", {"a": "8_000_000.3", "b": "5_000_000.1", "c": "2_000_000.1", "d": "1_000_000.1"}),
    "a product": ("a * b - c", {"a": "1.1", "b": "1.1", "c": "1.21"}),
    "large products": ("a * b - b * c", {"a": "12345678.9", "b": "98765432.1", "c": "12345678.9"}),
    "a quotient": ("(c - a - b) / c", {"a": "0.10", "b": "0.20", "c": "0.30"}),
    "a root": ("sqrt(a) * sqrt(a) - a", {"a": "2"}),
    "a logarithm": ("log(exp(a)) - a", {"a": "0.7"}),
}  # fmt: skip


@pytest.mark.parametrize("case", RESIDUES)
def test_what_is_left_of_a_cancellation_is_zero(case: str) -> None:
    formula, numbers = RESIDUES[case]
    run = run_of(formula, 12, **{name: value(number) for name, number in numbers.items()})
    slot = len(numbers)
    told = settled(run)
    assert [told.at(t)[slot] for t in range(13)] == [0.0] * 13
    assert told.horizon()[slot] == 0.0
    assert told.at(1)[:slot] == run.at(1)[:slot]


@given(st.floats(1e-6, 1e6), st.floats(2.0**-40, 1.0))
def test_a_small_difference_that_is_meant_stays(level: float, share: float) -> None:
    step = level * share
    run = run_of("a - b", a=value(repr(level + step)), b=value(repr(level)))
    assert settled(run).at(1)[2] == run.at(1)[2] != 0.0


def test_rounding_is_carried_through_time() -> None:
    stock = "{start: 0.3, formula: prev(left) - take}"
    run = run_of("left", 3, take=value("0.1"), left=stock)
    assert 0.0 < abs(run.at(3)[1]) < 1e-15
    assert [settled(run).at(t)[1] for t in (1, 2, 3)] == [run.at(1)[1], run.at(2)[1], 0.0]
    steady = run_of("left - 0.3", 3, take=value("0"), left=stock)
    assert settled(steady).at(3)[2] == 0.0


def test_a_change_is_rounded_as_well() -> None:
    run = run_of("a - b", a=value("0.1"), b=value("0.11"))
    changed = run.model.run(1, {0: Intervention("wrap", 1.1, 0.0)})
    assert changed.at(1)[2] != 0.0
    assert settled(changed).at(1)[2] == 0.0


def test_a_run_without_cancellation_is_told_as_it_is() -> None:
    tree = it.template("saas").subtree("profit", "rule_of_40", "magic_number", "ltv_to_cac")
    run = tree._subject.base(12)
    told = settled(run)
    assert told.rows == run.rows
    assert told.horizon() == run.horizon()
    assert all(a is b for a, b in zip(told.rows, run.rows, strict=True))


def test_a_value_at_a_limit_is_within_its_bound_of_it() -> None:
    run = run_of("a - b", a=value("1_073_741_825.1"), b=value("1_073_741_822.1"))
    told = settled(run)
    assert told.at(1)[2] == run.at(1)[2]
    assert 0.0 < abs(run.at(1)[2] - 3.0) <= told.bound(2, 1) < 1e-6


def test_a_size_is_that_of_the_numbers_whose_rounding_is_held() -> None:
    small = run_of("a / b", 12, a=value("60.1"), b=value("30_000_000"))
    assert sizes(small)[2] < 10 * small.horizon()[2]
    left = run_of("a - b", a=value("50_000_000.1"), b=value("50_000_000"))
    assert 5e7 <= sizes(left)[2] < 5e8


def test_every_function_of_the_language_has_its_error() -> None:
    for name, function in FUNCTIONS.items():
        if function.is_primitive:
            run = run_of(f"{name}(a / 3)", a=value("2"))
            assert run.at(1)[1] == pytest.approx(function.python(2 / 3))
            assert (Rounding(run).at(1)[1] > 0.0) is not function.steps
            assert Rounding(run).at(1)[1] < 1e-14
