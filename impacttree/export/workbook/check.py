"""The sheet that compares the workbook with the library: the values at export, the live ones, and the difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from impacttree.answers.case import Case
from impacttree.export.workbook.cash import CashFigure
from impacttree.export.workbook.columns import PeriodColumns, RunFigures, number_format
from impacttree.export.workbook.inputs import InputSheets
from impacttree.export.workbook.model_sheets import ModelSheet
from impacttree.export.workbook.rows import SheetRows
from impacttree.export.workbook.sheets import Sheet, column, relative
from impacttree.graph.model import Metric

__all__ = ["TOLERANCE", "check_sheet"]

TOLERANCE = 1e-9
"""Of the size of the numbers that a value is made of."""
AGREED = "all within 1e-9"
HEAD = ("Metric", "Sheet", "Over", "Live", "Library at export", "Difference", "Size", "Within")
STATUS = (4, 0)
"""The cell that says whether all agree."""


def check_sheet(
    case: Case,
    columns: PeriodColumns,
    rows: SheetRows,
    inputs: InputSheets,
    sheets: Sequence[ModelSheet],
    shown: Sequence[Metric],
    cash: Sequence[CashFigure] = (),
) -> Sheet:
    """Return the sheet, with the status at its head.

    Parameters
    ----------
    sheets
        Those with the runs that are asked about.
    shown
        The outcomes, whose every period is compared.
    cash
        What the sheet of cash comes to.
    """
    sheet = Sheet("Check", rows=7, columns=1)
    sheet.say(0, "Check", 6, "title")
    note = (
        "The library's own values at the time of export beside what this workbook computes now. An edited input makes "
        "them differ; until then each agrees to a billionth of the size of the numbers that it is made of."
    )
    sheet.say(1, note, 6)
    for col, text in enumerate(HEAD):
        sheet.put(6, col, text, "head")
    sheet.widths |= {0: 40.0, 2: 24.0}
    row = 7
    for one, metric, over, col in _compared(columns, sheets, rows, shown):
        live = one.sheet.at(rows.metrics[metric.index], col)
        _line(sheet, row, case, one.figures, metric, (one.sheet.name, over, live), col, columns)
        row += 1
    for figure in cash:
        if figure.size and isinstance(figure.value, float):
            _texts(sheet, row, figure.label, "Cash", "")
            _compare(sheet, row, figure.cell, figure.value, figure.size, figure.format)
            row += 1
    within = f"${column(7)}$8:${column(7)}${row}"
    off, edited = f'COUNTIF({within},"no")', inputs.edited
    formula = f'IF(AND({off}=0,{edited}=0),"{AGREED}","changed: "&{edited}&" inputs edited, "&{off}&" values differ")'
    sheet.compute(*STATUS, formula, AGREED, "status")
    sheet.warned.append(STATUS)
    return sheet


def _compared(
    columns: PeriodColumns, sheets: Sequence[ModelSheet], rows: SheetRows, shown: Sequence[Metric]
) -> Iterator[tuple[ModelSheet, Metric, str, int]]:
    for one in sheets:
        for _, metrics in rows.sections:
            for metric in metrics:
                for window in range(len(columns.windows)):
                    yield one, metric, columns.named(window), columns.total(window)
        for metric in shown:
            for t in range(columns.periods + 1):
                yield one, metric, columns.words.at(t) if t else "Today", columns.of(t)


def _line(
    sheet: Sheet, row: int, case: Case, found: RunFigures, metric: Metric, texts: tuple[str, str, str], col: int,
    columns: PeriodColumns,
) -> None:  # fmt: skip
    name, over, live = texts
    slot, totals = metric.index, columns.total(0)
    value = found.total(slot, col - totals) if col >= totals else found.at(slot, col - columns.of(0))
    size = max(found.sizes[slot], abs(value or 0.0))
    form = number_format(metric.unit, case.words.currency, [value or 0.0])
    _texts(sheet, row, metric.label, name, over)
    _compare(sheet, row, live, value, size, form)


def _texts(sheet: Sheet, row: int, label: str, name: str, over: str) -> None:
    sheet.put(row, 0, label, "label")
    sheet.put(row, 1, name, "text")
    sheet.put(row, 2, over, "text")


def _compare(sheet: Sheet, row: int, live: str, value: float | None, size: float, form: str) -> None:
    sheet.compute(row, 3, live, value, "value", form)
    cell, was, off = (relative(row, place) for place in (3, 4, 5))
    if value is None:
        sheet.put(row, 4, "no value", "stated")
        sheet.compute(row, 7, f'IF(ISERROR({cell}),"yes","no")', "yes", "value")
        return
    sheet.put(row, 4, value, "stated", form)
    sheet.compute(row, 5, f"{cell}-{was}", 0.0, "value", "0.0E+00")
    sheet.put(row, 6, size, "stated", "0.0E+00")
    formula = f'IF(ISERROR({off}),"no",IF(ABS({off})<={TOLERANCE!r}*{relative(row, 6)},"yes","no"))'
    sheet.compute(row, 7, formula, "yes", "value")
