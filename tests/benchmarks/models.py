"""Model files of any size, much alike in their mix of inputs, formulas and assumed effects."""

from __future__ import annotations

import random

__all__ = ["outcome", "text"]

SHAPES = (
    "{a} * 0.5 + {b} * 0.3 + {c} * 0.1",
    "({a} + {c}) / (1 + {b} / ({b} + {a}))",
    "sqrt({a} * {b}) * 0.4 + {c} * {share}",
    "max({a}, {c}) * {share} + {b} * 0.2",
)
SHARE = 2
"""Of five inputs, this one is a share."""


def outcome(count: int) -> str:
    return f"m{count - 1}"


def text(count: int, seed: int = 1, *, money: bool = True) -> str:
    """Return a file off time with `count` metrics: two fifths inputs, the rest formulas and assumed effects.

    Each formula reads the one before it, so that all of them lead to the outcome, the last metric. With `money`, the
    metrics are flows that are summed over the horizon; without, pure numbers that are recomputed.
    """
    rng = random.Random(seed)
    per_month, money_sign = ("/month", "$") if money else ("", "")
    lines = ["name: Generated", "currency: USD", "period: month", f"outcome: {outcome(count)}", "metrics:"]
    inputs = count * 2 // 5
    for number in range(count):
        lines.append(f"  m{number}:")
        value = f"{money_sign}{rng.uniform(1, 9):.4f}{per_month}"
        if number < inputs and number % 5 == SHARE:
            lines += _input(number, f"{rng.uniform(20, 60):.1f}% (15% to 70%)")
        elif number < inputs:
            lines += _input(number, f"{value} ({money_sign}0.50{per_month} to {money_sign}9.50{per_month})")
        elif number % 10 == 0 and number > inputs:
            lines += _effect(rng, number, value)
        else:
            lines += _formula(rng, number, inputs)
    return "\n".join(lines) + "\n"


def _input(number: int, value: str) -> list[str]:
    return [
        f"    label: Input number {number}",
        "    kind: product",
        f"    value: {value}",
        f"    owner: Team {number % 7}",
        "    source: Product analytics",
    ]


def _effect(rng: random.Random, number: int, value: str) -> list[str]:
    elasticity = f"elasticity: {rng.uniform(0.1, 0.6):.2f}, range: 0.05 to 0.8"
    return [
        f"    label: Driven metric {number}",
        f"    value: {value}",
        "    drivers:",
        f"      m{number - 1}: {{{elasticity}, evidence: {{grade: experiment, source: Test {number}}}}}",
    ]


def _formula(rng: random.Random, number: int, inputs: int) -> list[str]:
    first = number - inputs if number < 2 * inputs else number - 3
    near = rng.randrange(max(0, number - 60), number)
    a, b, c = (_flow(read, inputs) for read in (first, near, number - 1))
    share = rng.randrange(SHARE, inputs, 5)
    formula = rng.choice(SHAPES).format(a=f"m{a}", b=f"m{b}", c=f"m{c}", share=f"m{share}")
    return [f"    label: Formula number {number}", f"    formula: '{formula}'"]


def _flow(number: int, inputs: int) -> int:
    """Return the metric before one of the shares among the inputs, else the metric itself."""
    return number - 1 if number < inputs and number % 5 == SHARE else number
