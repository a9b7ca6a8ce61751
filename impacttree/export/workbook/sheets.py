"""A workbook as plain data: sheets of cells, each a text, a number or a formula with the value that it has."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, NamedTuple

from impacttree.records import dataclass

__all__ = ["CellKind", "CellStyle", "Sheet", "SheetCell", "absolute", "column", "relative"]

CellKind = Literal[
    "title", "note", "head", "section", "label", "text", "input", "value", "part", "total", "status", "stated"
]
"""What a cell is: inputs are blue, what is computed black, parts of long formulas and what was stated grey."""


class CellStyle(NamedTuple):
    """What a cell is, and how its number is shown."""

    kind: CellKind
    format: str = "General"


class SheetCell(NamedTuple):
    """A cell; with a formula, `value` is what it comes to: None for an error."""

    value: float | str | None
    style: CellStyle
    formula: str = ""


@dataclass()
class Sheet:
    """One sheet being filled; rows and columns are counted from 0.

    Parameters
    ----------
    name
        One of ours: no text of a model.
    rows, columns
        Of the head, which stays in sight and stands on every printed page.
    """

    name: str
    rows: int = 0
    columns: int = 0
    cells: dict[tuple[int, int], SheetCell] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    """Of columns whose texts are wrapped, in characters; others are as wide as what they hold."""
    across: dict[int, int] = field(default_factory=dict)
    """Rows whose first cell goes over several columns, and over how many."""
    pages: int = 1
    """How many pages it is wide in print; one without a head is also one page high."""
    warned: list[tuple[int, int]] = field(default_factory=list)
    """Cells that stand out where they say that something does not hold."""

    def put(self, row: int, col: int, value: float | str, kind: CellKind, form: str = "General") -> None:
        """Put a text or a number."""
        self.cells[row, col] = SheetCell(value, CellStyle(kind, form))

    def compute(
        self,
        row: int,
        col: int,
        formula: str,
        value: float | str | None,
        kind: CellKind = "value",
        form: str = "General",
    ) -> None:
        """Put a formula, without ``=``, and what it comes to."""
        self.cells[row, col] = SheetCell(value, CellStyle(kind, form), formula)

    def say(self, row: int, text: str, columns: int, kind: CellKind = "note") -> int:
        """Put a text over several columns; return the next row."""
        self.put(row, 0, text, kind)
        self.across[row] = columns
        return row + 1

    def at(self, row: int, col: int) -> str:
        """Return where a cell stands, as other sheets write it: ``'With'!$F$12``."""
        return f"'{self.name}'!{absolute(row, col)}"

    def beside(self, row: int, col: int) -> str:
        """Return the same where the column goes along with that of the formula: ``'With'!F$12``."""
        return f"'{self.name}'!{column(col)}${row + 1}"

    def along(self, row: int, first: int, last: int) -> str:
        """Return part of a row: ``'With'!$F$12:$Q$12``."""
        return f"'{self.name}'!{absolute(row, first)}:{absolute(row, last)}"


def column(number: int) -> str:
    """Return what a column is called.

    Examples
    --------
    >>> column(0), column(25), column(26), column(701), column(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    name, left = "", number + 1
    while left:
        left, letter = divmod(left - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def absolute(row: int, col: int) -> str:
    """Return a cell that stays the same wherever the formula is copied: ``$F$12``."""
    return f"${column(col)}${row + 1}"


def relative(row: int, col: int) -> str:
    """Return a cell that goes along when the formula is copied: ``F12``."""
    return f"{column(col)}{row + 1}"
