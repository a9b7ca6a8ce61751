"""Formulas as a spreadsheet writes them: what is in parentheses, what stands in rows of its own."""

from __future__ import annotations

from typing import Any

import pytest

from impacttree.export.workbook.spelling import DEEP, LONG, HelperRow, spell
from impacttree.formula import lowered, parse

MOST = 8_192
"""Characters of a formula that Excel takes."""


def written(text: str) -> tuple[str, list[str]]:
    """Return a formula and its parts, names standing for themselves."""

    def read(leaf: Any) -> str:
        return f"part{leaf.number}" if isinstance(leaf, HelperRow) else str(leaf.name)

    spelled = spell(lowered(parse(text)))
    return spelled.whole.written(read), [part.written(read) for _, part in spelled.helpers]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x**2", "(-(x^2))"),
        ("(-x)**2", "(-x)^2"),
        ("x**3**2", "IF((3^2)=0,1,x^(3^2))"),
        ("(a**2)**3", "(a^2)^3"),
        ("a - (b - c) - d", "a-(b-c)-d"),
        ("a / (b * c) / d", "a/(b*c)/d"),
        ("a * (b / c)", "a*(b/c)"),
        ("a * -b", "a*(-b)"),
        ("a**b", "IF(b=0,1,a^b)"),
        ("a**0", "1"),
        ("log(a) + log10(b)", "LN(a)+LOG10(b)"),
        ("min(a, b, 3) + max(a, 2)", "MIN(a,b,3)+MAX(a,2)"),
        ("clip(a, 0, 1)", "MIN(MAX(a,0),1)"),
        ("abs(a - b)", "ABS(a-b)"),
        ("ceil(a)", "(-INT(-a))"),
        ("if(a != 0 and not b <= 1, 1, 0)", "IF(IF(a<>0,NOT(b<=1),FALSE),1,0)"),
        ("if(a > 0 or b > 0, a, b)", "IF(IF(a>0,TRUE,b>0),a,b)"),
    ],
)
def test_what_spreadsheets_read_otherwise_stands_in_parentheses(text: str, expected: str) -> None:
    assert written(text) == (expected, [])


def test_what_a_function_spells_several_times_has_a_row_of_its_own() -> None:
    whole, parts = written("round(a * b + c, 2)")
    assert parts == ["a*b+c"]
    assert whole.count("part0") == 4
    assert "a*b" not in whole


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["alpha * beta"] * 600),
        f"min({', '.join(['alpha * beta + 1'] * 99)})",
        "exp(" * 90 + "alpha" + ")" * 90,
        "a" + " ** (b + 1)" * 30,
        "round(" * 20 + "a / b" + ", 3)" * 20,
        f"interpolate(exp(alpha + beta), {', '.join(f'{n}, {n * n}' for n in range(49))})",
    ],
)
def test_no_formula_is_too_long_or_too_deep(text: str) -> None:
    whole, parts = written(text)
    assert parts
    for formula in (whole, *parts):
        assert len(formula) < min(2 * LONG, MOST)
        depth = deepest = 0
        for sign in formula:
            depth += {"(": 1, ")": -1}.get(sign, 0)
            deepest = max(deepest, depth)
        assert deepest <= DEEP + 4
