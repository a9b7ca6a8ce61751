"""Every replacement that a problem offers is made, and the model then says what was meant."""

from __future__ import annotations

import pytest

import impacttree as it
from impacttree.errors import Problem

MOST_ROUNDS = 6


def corrected(text: str) -> str:
    """Apply the offered replacements, one at a time, until the model loads."""
    for _ in range(MOST_ROUNDS):
        problems = problems_of(text)
        if not problems:
            return text
        edits = [problem.edit for problem in problems]
        assert edits[0] is not None, f"no replacement is offered: {problems[0]}"
        assert edits[0].in_file
        text = edits[0].apply(text)
    raise AssertionError(f"still wrong: {problems_of(text)[0]}\n{text}")


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        it.loads(text)
    except it.ModelError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a ^ 2", 9),
        ("a × b", 6),
        ("a · b", 6),
        ("a ÷ b", 1.5),
        ("a − b", 1),
        ("a – b", 1),
        ("a — b", 1),
        ("a²", 9),
        ("a³", 27),
        ("a @ b", 6),
        ("a x b", 6),
        ("if(a ≥ b, 1, 2)", 1),
        ("if(a ≤ b, 1, 2)", 2),
        ("if(a ≠ b, 1, 2)", 1),
        ("if(a = 3, 1, 2)", 1),
        ("if(a > b; a; b)", 3),
        ("if(a, 1, 2)", 1),
        ("IF(a > b, 1, 2)", 1),
        ("IF(AND(a > b, b > 1), 1, 2)", 1),
        ("if(OR(a < b, b > 1), 1, 2)", 1),
        ("if(NOT(a < b), 1, 2)", 1),
        ("if(a > b && b > 1, 1, 2)", 1),
        ("if(a < b || b > 1, 1, 2)", 1),
        ("if(!(a < b), 1, 2)", 1),
        ("Max(a, b)", 3),
        ("SUM(a, b, 4)", 9),
        ("sum(a, max(a, b))", 6),
        ("AVERAGE(a, b)", 2.5),
        ("avg(a, b) * 2", 5),
        ("mean(a, b)", 2.5),
        ("product(a + 1, b)", 8),
        ("POWER(a, 2)", 9),
        ("pow(a + 1, b)", 16),
        ("divide(a, b)", 1.5),
        ("LN(exp(b))", 2),
        ("LOG(a * 100 / 3)", 2),
        ("maximum(a, b)", 3),
        ("abss(a)", 3),
        ("= a * b", 6),
        ("c = a * b", 6),
        ("2a", 6),
        ("2 a", 6),
        ("2(a + b)", 10),
        ("(a)(b)", 6),
        ("a * 50 %", 1.5),
        ("50% a", 1.5),
        ("a * 010", 30),
        ("a * 1.127.54", 3382.62),
        ("a * 1__000", 3000),
        ("a * 1_", 3),
        ("a * 3bn", 9e9),
        ("a * 3mm", 9e6),
        ("a \\ * b", 6),
        ("a\u00a0* b", 6),
        ("\uff41 * b", 6),
        ("a[t-1] * b", 6),
        ("a(t-1) * b", 6),
        ("a[t - 3] * b", 6),
        ("lag(a, 0) * b", 6),
        ("A * b", 6),
        ("take-rate * a", 12),
        ("takerate * a", 12),
        ("take_rte * a", 12),
    ],
)
@pytest.mark.parametrize("style", ["braces", "plain", "quoted", "folded", "literal"])
def test_formulas(written: str, meant: float, style: str) -> None:
    quoted = '"' + written.replace("\\", "\\\\") + '"'
    lines = {
        "braces": f"c: {{formula: {quoted}}}",
        "plain": f"c:\n    formula: {written}" if written[0] not in "=" else f"c:\n    formula: {quoted}",
        "quoted": f"c:\n    formula: {quoted}  # why",
        "folded": f"c:\n    formula: >-\n      {written}\n    label: Folded",
        "literal": f"c:\n    formula: |\n      {written}\n    label: Literal",
    }
    text = f"outcome: c\nmetrics:\n  a: {{value: 3}}\n  b: {{value: 2}}\n  take_rate: {{value: 4}}\n  {lines[style]}\n"
    assert problems_of(text)
    assert it.loads(corrected(text)).values()["c"] == pytest.approx(meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.127.54", 1127.54),
        ("1.127.540", 1_127_540),
        ('"1,127.54"', 1127.54),
        ('"€1.127,54"', 1127.54),
        ("1 200", 1200),
        ("1'200", 1200),
        ("010", 10),
        ("-007%", -0.07),
        ("'=5'", 5),
        ("8 * 21", 168),
        ("$5 million", 5e6),
        ("5bn users", 5e9),
        ("2.5 thousand", 2500),
        ("(1 + 2%) ** 2", 1.0404),
        ("40%-45%", 0.4242640687),
        ("10k–20k", 14142.135),
        ("10..20", 14.142136),
        ("a + b", 5),
        ("max(a, b) * 2", 6),
    ],
)
def test_values(written: str, meant: float) -> None:
    text = f"outcome: c\nmetrics:\n  a: {{value: 3}}\n  b: {{value: 2}}\n  c:\n    value: {written}\n"
    assert problems_of(text)
    assert it.loads(corrected(text)).values()["c"] == pytest.approx(meant)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("metrics: {c: {valeu: 5}}", 5),
        ("metrics: {c: {value:5}}", 5),
        ("metrics: {c: {value: 120,000}}", 120_000),
        ("outcome: c\nmetrics: {a: {value: 3}, c: {formula: max(a, 5)}}", 5),
        ("outcome: cc\nmetrics: {cc1: {value: 3}, c: {value: 5}}".replace("cc1", "a").replace("cc", "C"), 5),
        ("outcomes: [C]\noutcome: c\nmetrics: {a: {value: 3}, c: {value: 5}}", 5),
        ("metrics: {c: {value: 5, kind: finance}}", 5),
        ("metrics: {c: {value: 5, placeholder: yes}}", 5),
        ("metrics: {c: {value: 5, as_of: 2026/3/1}}", 5),
        ("currency: usd\nmetrics: {c: {value: 5}}", 5),
        ("currency: €\nmetrics: {c: {value: 5}}", 5),
        ("horizon: 012\nmetrics: {c: {value: 5}}", 5),
        ("horizon: 12.0\nmetrics: {c: {value: 5}}", 5),
        ("metrics: {c: {value: 5}}\nscenarios: {promo push: {c: +1%}}", 5),
        ("outcome: c\nmetrics: {take-rate: {value: 5}, c: {formula: take-rate * 1}}", 5),
        ("outcome: c\nmetrics:\n  c: {value: 5}\nscenarios: {low: {C: -20%}}", 5),
        ("outcome: c\nmetrics:\n  usage: {value: 5}\n  c: {value: 5, drivers: {usge: {elasticity: 1}}}", 5),
    ],
)
def test_keys_and_words(text: str, meant: float) -> None:
    assert problems_of(text)
    assert it.loads(corrected(text)).values()["c"] == pytest.approx(meant)


@pytest.mark.parametrize(
    "text",
    [
        "outcome: c\nmetrics:\n  c:\n    start: 120,000\n    formula: prev(c) + 1\n",
        "metrics: {c: {value: sin(3)}}",
        "outcome: c\nmetrics: {basket: {value: 5}, take-rate: {value: 3}, c: {formula: take_rate * basket}}",
        "metrics:\n  a: {value: 1}\n  b: {value: 2}\n  c: {value: a + b}\n",
        "metrics: {c: {value:5, unit: USD}}",
    ],
)
def test_one_fault_is_one_problem(text: str) -> None:
    assert len(problems_of(text)) == 1


@pytest.mark.parametrize("name", ["tan", "avgs", "log2", "foo"])
def test_a_function_of_another_meaning_is_not_suggested(name: str) -> None:
    problem = problems_of(f"outcome: c\nmetrics: {{a: {{value: 3}}, c: {{formula: {name}(a)}}}}")[0]
    assert problem.edit is None
    assert "did you mean" not in problem.reason
