"""An evaluator of formulas that shares nothing with the package but the syntax tree: mpmath, one node at a time."""

from collections.abc import Callable, Mapping, Sequence

import mpmath
import pytest

from impacttree.formula import Binary, Call, Compare, Expr, Logic, Name, Negate, Number, Parameter, fold

OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def interpolate(x, *points):
    """Find the segment that holds x (the end ones continue) and go along it by its share."""
    xs, ys = points[::2], points[1::2]
    at = max(1, min(len(xs) - 1, sum(x > position for position in xs)))
    share = (x - xs[at - 1]) / (xs[at] - xs[at - 1])
    return ys[at - 1] * (1 - share) + ys[at] * share


MATH = {
    "exp": mpmath.exp,
    "log": mpmath.ln,
    "log10": lambda x: mpmath.log(x, 10),
    "sqrt": mpmath.sqrt,
    "abs": mpmath.fabs,
    "min": min,
    "max": max,
    "clip": lambda x, low, high: sorted((x, low, high))[1],
    "saturate": lambda x, ceiling, half, shape=1: ceiling / (1 + (half / x) ** shape) if x else mpmath.mpf(0),
    "logistic": lambda x, floor, ceiling, middle, steepness: (
        (floor + ceiling) / 2 + (ceiling - floor) / 2 * mpmath.tanh(steepness * (x - middle) / 2)
    ),
    "interpolate": interpolate,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "round": lambda x, digits=0: mpmath.sign(x) * mpmath.floor(abs(x) * 10**digits + mpmath.mpf("0.5")) / 10**digits,
    "if": lambda condition, a, b: a if condition else b,
}


def in_time(call, series):
    values = series[call.arguments[0].name]
    match call.function:
        case "prev":
            return mpmath.mpf(values[1])
        case "lag":
            return mpmath.mpf(values[max(0, 2 - int(call.arguments[1].value))])
        case "cumulative":
            return mpmath.fsum(values[1:])
        case "baseline":
            return mpmath.mpf(values[0])


@pytest.fixture(scope="session")
def evaluate() -> Callable[[Expr, Mapping[str, Sequence[float]]], mpmath.mpf]:
    """Return the value of an expression at t = 2, given each name's values at t = 0, 1, 2."""

    def value(expr, series):
        def visit(node, below):
            match node:
                case Name():
                    return mpmath.mpf(series[node.name][2])
                case Number() | Parameter():
                    return mpmath.mpf(node.value)
                case Negate():
                    return -below[0]
                case Binary() | Compare():
                    return OPERATORS[node.op](*below)
                case Logic():
                    return {"and": all, "or": any, "not": lambda one: not one[0]}[node.op](below)
                case Call(function="prev" | "lag" | "cumulative" | "baseline"):
                    return in_time(node, series)
                case Call(function="period_number" | "month_of_year"):
                    return mpmath.mpf(2)  # period 2 of a tree that starts in January
                case Call():
                    return MATH[node.function](*below)

        return fold(expr, visit)

    return value
