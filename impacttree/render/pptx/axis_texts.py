"""The numbers of an axis in one unit: as Excel's number format, and as texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from impacttree.records import dataclass

__all__ = ["in_one_unit", "number_format"]

_WRITTEN = re.compile(r"^(?P<sign>[+−-]?)(?P<head>[^\d+−-]*)(?P<number>[\d,]*\.?\d+)(?P<tail>\D*)$")
_SCALES = {"k": (1e3, ","), "M": (1e6, ",,"), "B": (1e9, ",,,"), "%": (0.01, "")}
_WIDEST = 10_000.0
"""Numbers in the unit of the smallest level stay below this; else the unit is that of the largest."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What stands before and after the numbers of an axis, and how they are scaled."""

    head: str
    tail: str
    scale: float
    commas: str
    decimals: int
    signed: bool


def _unit_of(levels: Sequence[tuple[float, str]]) -> _Unit | None:
    """Return the unit in which all levels read well; None where their texts are not numbers in one."""
    found = [(match, value) for value, text in levels if value and (match := _WRITTEN.match(text))]
    if not found:
        return None
    smallest, largest = (pick(found, key=lambda one: abs(one[1])) for pick in (min, max))
    match, value = smallest
    if abs(largest[1]) >= _WIDEST * _SCALES.get(match["tail"][:1], (1.0, ""))[0]:
        match, value = largest
    scale, commas = _SCALES.get(match["tail"][:1], (1.0, ""))
    if abs(abs(value) - float(match["number"].replace(",", "")) * scale) > 0.06 * abs(value):
        return None
    decimals = _decimals([level / scale for level, _ in levels])
    signed = any(text.startswith("+") for _, text in levels)
    return _Unit(match["head"], match["tail"], scale, commas, decimals, signed)


def number_format(levels: Sequence[tuple[float, str]]) -> str:
    """Return the number format of Excel that writes an axis as its texts do, in one unit.

    >>> number_format([(0.0, "$0"), (200_000.0, "$200k"), (1_200_000.0, "$1.2M")])
    '"$"#,##0,"k"'
    >>> number_format([(0.0, "0%"), (0.05, "5%")])
    '0%'
    """
    unit = _unit_of(levels)
    if unit is None:
        return "General"
    is_share = unit.tail[:1] == "%"
    digits = ("0" if is_share else "#,##0") + ("." + "0" * unit.decimals if unit.decimals else "")
    quoted = f'"{unit.head}"' if unit.head else ""
    if is_share:
        return f"{quoted}{digits}%"
    after = f'"{unit.tail}"' if unit.tail else ""
    body = f"{quoted}{digits}{unit.commas}{after}"
    return f"+{body};−{body};{quoted}0" if unit.signed else body


def in_one_unit(levels: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the levels of an axis, their texts in one unit.

    >>> in_one_unit([(0.0, "$0"), (500_000.0, "$500k"), (1_000_000.0, "$1M")])
    [(0.0, '$0'), (500000.0, '$500k'), (1000000.0, '$1,000k')]
    """
    unit = _unit_of(levels)
    if unit is None or unit.tail[:1] == "%":
        return list(levels)
    written = []
    for level, _ in levels:
        sign = "−" if level < 0 else "+" if unit.signed and level > 0 else ""
        number = f"{abs(level) / unit.scale:,.{unit.decimals}f}"
        written.append((level, f"{sign}{unit.head}{number}{unit.tail}" if level else f"{unit.head}0"))
    return written


def _decimals(numbers: Iterable[float]) -> int:
    """Return how many decimals tell all of these apart from their roundings, at most three."""
    listed = list(numbers)
    return next((d for d in range(3) if all(abs(n - round(n, d)) <= 1e-9 * max(1.0, abs(n)) for n in listed)), 3)
