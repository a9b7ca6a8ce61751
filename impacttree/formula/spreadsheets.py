"""Functions of spreadsheets and other languages, and how a formula says the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from impacttree.formula.functions import FUNCTIONS

__all__ = ["NO_FUNCTION", "other_name", "spelled_out"]

_OTHER_NAMES = {"ln": "log", "fabs": "abs", "minimum": "min", "maximum": "max", "iff": "if", "iif": "if"}

_SPELLED: dict[str, Callable[[Sequence[str]], str]] = {
    "sum": lambda parts: f"({' + '.join(parts)})",
    "average": lambda parts: f"(({' + '.join(parts)}) / {len(parts)})",
    "product": lambda parts: f"({' * '.join(f'({part})' for part in parts)})",
    "pow": lambda parts: f"(({parts[0]}) ** ({parts[1]}))" if len(parts) == 2 else "",
    "divide": lambda parts: f"(({parts[0]}) / ({parts[1]}))" if len(parts) == 2 else "",
}
_SPELLED |= {
    "and": lambda parts: f"({' and '.join(parts)})",
    "or": lambda parts: f"({' or '.join(parts)})",
    "not": lambda parts: f"(not ({parts[0]}))" if len(parts) == 1 else "",
    "add": _SPELLED["sum"],
    "avg": _SPELLED["average"],
    "mean": _SPELLED["average"],
    "power": _SPELLED["pow"],
}

_ROUNDED = "write floor(x), ceil(x) or round(x, 2)"
NO_FUNCTION = {
    **dict.fromkeys(("ceiling", "int", "trunc", "roundup", "rounddown", "mround"), _ROUNDED),
    **dict.fromkeys(("iferror", "ifna", "coalesce", "safe_divide"), "guard a denominator: if(b == 0, 0, a / b)"),
    **dict.fromkeys(("sumproduct", "npv", "irr", "pmt", "fv"), "write the sum out, or step it through time: prev(x)"),
    "exponent": "powers are written '**': x**2",
    "mod": "there is no remainder function",
}
"""What to do about functions that a formula has not and cannot say."""


def other_name(name: str) -> str:
    """Return the function that is called `name` elsewhere; empty where there is none that takes the same arguments.

    Examples
    --------
    >>> other_name("IF"), other_name("Ln"), other_name("LOG"), other_name("tan")
    ('if', 'log', 'log10', '')
    """
    if name == "LOG":  # of base 10 in spreadsheets
        return "log10"
    plain = name.lower()
    known = _OTHER_NAMES.get(plain, plain)
    return known if known in FUNCTIONS else ""


def spelled_out(name: str, arguments: Sequence[str]) -> str:
    """Return what a call of a function that the language has not says in signs; empty where that is not known.

    Examples
    --------
    >>> spelled_out("SUM", ["a", "b"]), spelled_out("average", ["a", "b"]), spelled_out("pow", ["a", "2"])
    ('(a + b)', '((a + b) / 2)', '((a) ** (2))')
    """
    spell = _SPELLED.get(name.lower())
    return spell(arguments) if spell and arguments and all(arguments) else ""
