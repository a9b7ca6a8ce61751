from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import Formula
from impacttree.errors import EvaluationError, FormulaError, QuestionError
from tests.strategies import Sketch, examples, trees


@pytest.mark.slow
@examples(40)
@given(trees(stepped=False, kinks=True))
def test_a_formula_by_itself_has_the_value_that_it_has_in_its_tree(sketch: Sketch) -> None:
    values = sketch.tree().values()
    for name, keys in sketch.metrics.items():
        if "formula" in keys and "per_" not in keys["formula"] and "in_" not in keys["formula"]:
            formula = Formula(keys["formula"])
            assert formula.evaluate(**{read: values[read] for read in formula.names}) == values[name]


@examples(30)
@given(st.floats(-1e6, 1e6), st.integers(1, 99))
def test_time_functions_read_the_value_given(x: float, lag: int) -> None:
    assert Formula(f"lag(x, {lag}) + prev(x)").evaluate(x=x) == x + x
    assert Formula("baseline(x) - cumulative(x)").evaluate(x=x) == 0


def test_names_are_listed_once_in_reading_order() -> None:
    assert Formula("b + prev(a) * b / if(c > 0, d, a)").names == ("b", "a", "c", "d")


def test_names_of_functions_and_constants_are_ordinary() -> None:
    assert Formula("max(max, pi) + E").evaluate(max=1.0, pi=2.0, E=3.0) == 5.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": 1}, r"'a / b' needs a value of 'b'; pass b="),
        ({"a": 1, "b": 2, "bb": 3}, r"'a / b' does not read 'bb' \(did you mean 'b'\?\)"),
        ({"a": 1, "b": math.nan}, "b is nan; give a finite number"),
        ({"a": 1, "b": math.inf}, "b is inf; give a finite number"),
        ({"a": 1, "b": True}, "b is True; give a finite number"),
        ({"a": 1, "b": "2"}, "b is '2'; give a finite number"),
        ({"a": 1, "b": None}, "b is None; give a finite number"),
    ],
)
def test_values_that_do_not_fit_are_named(values: dict[str, float], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        Formula("a / b").evaluate(**values)


def test_a_fault_shows_formula_operands_and_place() -> None:
    with pytest.raises(EvaluationError) as raised:
        Formula("2 + a / b").evaluate(a=3, b=0)
    assert str(raised.value).splitlines() == [
        "division by zero (a = 3, b = 0): guard it with if(condition, a, b), or give other values",
        "    2 + a / b",
        "        ^^^^^",
    ]


def test_a_conversion_needs_the_units_of_a_tree() -> None:
    with pytest.raises(QuestionError, match=r"per_month\(\) in 'per_month\(pay\) \* 2' depends on units"):
        Formula("per_month(pay) * 2").evaluate(pay=12.0)


def test_a_huge_integer_is_refused_in_a_sentence() -> None:
    with pytest.raises(QuestionError, match="give a finite number"):
        Formula("a * 2").evaluate(a=10**400)


def test_formulas_compare_by_their_text_and_refuse_nonsense() -> None:
    assert Formula("a * b") == Formula("a * b")
    assert hash(Formula("a * b")) == hash(Formula("a * b"))
    with pytest.raises(FormulaError):
        Formula("a ^ b")


def test_a_clock_needs_a_tree() -> None:
    with pytest.raises(QuestionError, match=r"month_of_year\(\) .* depends on the period"):
        Formula("x * month_of_year()").evaluate(x=1.0)
