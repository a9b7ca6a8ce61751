"""Sheets as an Excel file: the one place that knows XlsxWriter, and the house style of a workbook."""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from impacttree.errors import MissingDependency, Problem
from impacttree.export.workbook.sheets import CellKind, CellStyle, Sheet, SheetCell, absolute
from impacttree.render.characters import clean, width, wrap

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["to_xlsx"]

INK, GREY, BLUE, PALE, LINE = "#16243d", "#5b6470", "#0000c8", "#fdf6e3", "#b4bcc8"
_STYLES: Mapping[CellKind, Mapping[str, Any]] = {
    "title": {"bold": True, "font_size": 14, "font_color": INK},
    "note": {"font_color": GREY, "text_wrap": True, "valign": "top"},
    "head": {"bold": True, "font_color": "#ffffff", "bg_color": INK, "text_wrap": True, "valign": "vcenter"},
    "section": {"bold": True, "font_color": INK, "bg_color": "#eef2f6"},
    "label": {"font_color": INK, "text_wrap": True, "valign": "top"},
    "text": {"font_color": GREY, "text_wrap": True, "valign": "top", "align": "left", "indent": 1},
    "input": {"font_color": BLUE, "bg_color": PALE, "border": 1, "border_color": LINE, "valign": "top"},
    "value": {"font_color": "#000000", "valign": "top"},
    "part": {"font_color": GREY, "italic": True, "valign": "top"},
    "total": {"bold": True, "font_color": "#000000", "top": 1, "top_color": LINE, "valign": "top"},
    "status": {"bold": True, "font_color": "#00664c", "valign": "top", "align": "left", "indent": 1},
    "stated": {"font_color": GREY, "valign": "top"},
}
"""Inputs are blue on pale yellow, formulas black, as in financial models; every text has a contrast of 4.5 or more."""
FONT = {"font_name": "Arial", "font_size": 10}
LEAST, MOST = 9.0, 60.0
"""Characters of the narrowest and of the widest column."""
MOST_TEXT = 32_000
"""Characters of one cell; Excel takes 32,767."""
HIGHEST = 400.0
"""Points of the highest row; Excel takes 409."""
LINE_HEIGHT = 13.5
NARROW = 0.88
"""How wide letters are beside the digits that columns are measured in."""


def to_xlsx(sheets: Sequence[Sheet], names: Mapping[str, str], title: str) -> bytes:
    """Return the file; the same sheets give the same bytes.

    Parameters
    ----------
    sheets
        In order.
    names
        Names that formulas use, and the cells that they stand for.
    title
        Of the document.

    Raises
    ------
    MissingDependency
        Without XlsxWriter (the extra ``excel``).
    """
    try:
        from xlsxwriter import Workbook
    except ImportError as error:
        raise MissingDependency(
            Problem(reason="an Excel workbook needs the package 'XlsxWriter'", fix="pip install 'impacttree[excel]'")
        ) from error
    written = io.BytesIO()
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with Workbook(written, {"in_memory": True, **plain}) as book:
        book.set_properties({"title": _shown(title)[:250], "created": datetime.datetime(2000, 1, 1)})  # noqa: DTZ001 - XlsxWriter takes no zones
        book.set_calc_mode("auto")
        formats = _Formats(book)
        for sheet in sheets:
            _write(book.add_worksheet(sheet.name), sheet, formats)
        for name, place in names.items():
            book.define_name(name, f"={place}")
    return written.getvalue()


class _Formats:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self.of = cache(self._made)
        self.warning = book.add_format({"font_color": "#a33c00", "bold": True})
        self.error = book.add_format({"font_color": GREY})

    def _made(self, style: CellStyle, over_numbers: bool) -> Any:
        keys = {**FONT, **_STYLES[style.kind]}
        if style.kind == "head":
            keys |= {"align": "right"} if over_numbers else {"align": "left"}
        return self._book.add_format({**keys, "num_format": style.format})


def _write(page: Worksheet, sheet: Sheet, formats: _Formats) -> None:
    numeric = _heads_of_numbers(sheet)
    for (row, col), cell in sheet.cells.items():
        form = formats.of(cell.style, (row, col) in numeric)
        if cell.formula:
            page.write_formula(row, col, f"={cell.formula}", form, "#DIV/0!" if cell.value is None else cell.value)
        elif isinstance(cell.value, str):
            page.write_string(row, col, _shown(cell.value), form)
        else:
            page.write_number(row, col, cell.value, form)
    widths = _widths(sheet)
    for col, size in widths.items():
        page.set_column(col, col, size)
    for row, lines in _lines(sheet, widths).items():
        if lines > 1:
            page.set_row(row, min(HIGHEST, LINE_HEIGHT * lines + 1.5))
    for row, columns in sheet.across.items():
        _spread(page, sheet, row, columns, widths, formats)
    _set_up(page, sheet, formats)


def _spread(
    page: Worksheet, sheet: Sheet, row: int, columns: int, widths: Mapping[int, float], formats: _Formats
) -> None:
    """Let the first cell of a row go over several columns, in a row that is high enough for its text."""
    cell = sheet.cells[row, 0]
    text, room = _shown(str(cell.value)), sum(widths.get(col, LEAST) for col in range(columns))
    form = formats.of(cell.style, False)
    page.merge_range(row, 0, row, columns - 1, "", form)
    page.write_string(row, 0, text, form)
    lines = sum(max(1, math.ceil(1.1 * width(line) / room)) for line in text.split("\n"))
    page.set_row(row, min(HIGHEST, LINE_HEIGHT * lines * (1.4 if cell.style.kind == "title" else 1.0) + 1.5))


def _heads_of_numbers(sheet: Sheet) -> set[tuple[int, int]]:
    """Return the heads that stand over numbers, as what follows below in their column says."""
    found, below, headed = set[tuple[int, int]](), dict[int, bool](), set[int]()
    for row, col in sorted(sheet.cells, reverse=True):
        cell = sheet.cells[row, col]
        if cell.style.kind == "head":
            headed.add(col)
            if below.get(col, not isinstance(cell.value, str)):
                found.add((row, col))
        elif cell.style.kind != "section":
            below[col] = not isinstance(cell.value, str) or (col not in headed and below.get(col, False))
            headed.discard(col)
    return found


def _lines(sheet: Sheet, widths: Mapping[int, float]) -> dict[int, int]:
    """Return how many lines the wrapped texts of a row take: not every program finds that out by itself."""
    found: dict[int, int] = {}
    for (row, col), cell in sheet.cells.items():
        if isinstance(cell.value, str) and "text_wrap" in _STYLES[cell.style.kind] and row not in sheet.across:
            room = widths.get(col, LEAST) - 1.0
            found[row] = max(found.get(row, 1), len(wrap(_shown(cell.value), int(room / NARROW))))
    return found


def _widths(sheet: Sheet) -> dict[int, float]:
    """Return the width of each column: as stated, or so wide that all of it shows."""
    found: dict[int, float] = {}
    for (row, col), cell in sheet.cells.items():
        if row not in sheet.across:
            found[col] = max(found.get(col, LEAST), min(_length(cell) + 2.0, MOST))
    return found | sheet.widths


def _length(cell: SheetCell) -> float:
    """Return how many characters a cell takes."""
    if cell.style.kind == "head":
        return max((width(word) for word in str(cell.value).split()), default=0) * 1.15
    if isinstance(cell.value, str):
        return width(_shown(cell.value)[:100])
    if cell.value is None or not math.isfinite(cell.value):
        return len("#DIV/0!")
    form = cell.style.format
    if form == "General" or "E" in form:
        return len(f"{cell.value:.6g}") + 1
    decimals, shift = form.partition(".")[2].count("0"), 100.0 if "%" in form else 1.0
    around = len("".join(form.split('"')[1::2])) + form.count("%")
    return len(f"{shift * cell.value:,.{decimals}f}") + around


def _set_up(page: Worksheet, sheet: Sheet, formats: _Formats) -> None:
    page.hide_gridlines(2)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(sheet.pages, int(not sheet.rows))
    page.set_margins(0.5, 0.5, 0.6, 0.6)
    page.set_footer("&L&A&RPage &P of &N")
    if sheet.rows:
        page.freeze_panes(sheet.rows, sheet.columns)
        page.repeat_rows(0, sheet.rows - 1)
        page.repeat_columns(0, sheet.columns - 1)
    last = (max(row for row, _ in sheet.cells), max(col for _, col in sheet.cells))
    area = f"{absolute(0, 0)}:{absolute(*last)}"
    page.conditional_format(area.replace("$", ""), {"type": "errors", "format": formats.error})
    for row, col in sheet.warned:
        told = {"type": "text", "format": formats.warning}
        for word in ("BROKEN", "changed", "edited"):
            page.conditional_format(row, col, row, col, {**told, "criteria": "begins with", "value": word})
    under_heads = max(col for row, col in sheet.cells if row < (sheet.rows or row + 1))
    page.print_area(0, 0, last[0], under_heads)  # what helps a formula and goes on beyond is not for paper


def _shown(text: str) -> str:
    """Return a text with nothing that a program would act on, line by line."""
    return "\n".join(clean(line) for line in text[:MOST_TEXT].split("\n"))[:MOST_TEXT]
