"""Expressions of numbers alone, worked out."""

from __future__ import annotations

from impacttree.formula.ast import Binary, Expr, Negate, Number
from impacttree.quantity.numbers import exact, plain

__all__ = ["worked_out"]

DIGITS = 15


def worked_out(expression: Expr) -> str:
    """Return the number that a calculation gives, as it is written; empty where it is not one of plain numbers.

    Examples
    --------
    >>> two = Number(2.0, "2")
    >>> worked_out(Binary("*", two, Number(21.0, "21"))), worked_out(Binary("/", two, Number(0.0, "0")))
    ('42', '')
    """
    values: list[float] = []
    pending: list[Expr | str] = [expression]
    try:
        while pending:
            node = pending.pop()
            match node:
                case Number():
                    values.append(node.value)
                case Negate():
                    pending += ["negate", node.operand]
                case Binary():
                    pending += [node.op, node.left, node.right]
                case "negate":
                    values.append(-values.pop())
                case str():
                    values.append(_apply(node, values.pop(), values.pop()))
                case _:
                    return ""
        return plain(exact(float(f"{values[0]:.{DIGITS}g}")))
    except (ArithmeticError, ValueError, TypeError):
        return ""


def _apply(operator: str, left: float, right: float) -> float:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
    return float(left**right)
