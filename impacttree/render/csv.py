"""A table as comma-separated values: what sorts and exports, with text that a spreadsheet would run made inert."""

from __future__ import annotations

import csv
import io
import math
import re

from impacttree.views import Cell, Table

__all__ = ["to_csv"]

RUNS = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")
"""Beginnings that make a spreadsheet read a cell as a formula or a command."""
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")
"""Signed numbers, which begin like a formula and are not formulas."""


def to_csv(table: Table) -> bytes:
    r"""Return `table` as UTF-8 bytes: a row of heads and a row for each row.

    A cell exports its value, in full precision where that is a number, and its text where it has none. Title and notes
    stay out: every row is data. A byte-order mark is written when a character is not ASCII, because spreadsheets need
    it to read UTF-8. Text that a spreadsheet would take for a formula gets a leading apostrophe.

    Examples
    --------
    >>> from impacttree.views import Column
    >>> table = Table("Worth", (Column("Metric"), Column("Worth of 1%")), ((Cell("=churn"), Cell("-$29k", -29000.0)),))
    >>> to_csv(table)
    b"Metric,Worth of 1%\r\n'=churn,-29000.0\r\n"
    """
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([_inert(column.label) for column in table.columns])
    writer.writerows([_field(cell) for cell in row] for row in table.rows)
    text = stream.getvalue()
    return text.encode("ascii" if text.isascii() else "utf-8-sig", errors="backslashreplace")


def _field(cell: Cell) -> str:
    if isinstance(cell.value, int | float):
        return repr(float(cell.value)) if math.isfinite(cell.value) else ""
    return _inert(cell.text if cell.value is None else cell.value)


def _inert(text: str) -> str:
    text = text.replace("\0", "\\0")
    return f"'{text}" if RUNS.match(text) and not NUMBER.fullmatch(text) else text
