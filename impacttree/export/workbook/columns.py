"""What the sheets of a workbook share: which column is which period, how numbers look, and the case behind them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cached_property

from impacttree.answers.case import Case
from impacttree.answers.words import Words
from impacttree.engine.program import Row
from impacttree.engine.rounding import Settled, settled, sizes
from impacttree.export.workbook.sheets import Sheet, column, relative
from impacttree.quantity import Intervention, Unit
from impacttree.quantity.formatting import style_of
from impacttree.records import dataclass
from impacttree.spec.models import PERIODS_IN_A_YEAR

__all__ = ["TODAY", "PeriodColumns", "RunFigures", "figures", "number_format"]

LEAD = ("Metric", "Unit", "How it is computed", "Over the periods")
TODAY = len(LEAD)
"""The column of t = 0; those of the periods follow."""
PAGE = 12
"""Periods on a printed page."""


@dataclass(frozen=True, eq=False)
class PeriodColumns:
    """The columns of all sheets that go by period, which are the same on each.

    Parameters
    ----------
    words
        What periods are called.
    periods
        How many there are.
    """

    words: Words
    periods: int

    @cached_property
    def windows(self) -> tuple[range, ...]:
        """What values are taken over: all periods, and beside that each year, where there are several."""
        whole = range(1, self.periods + 1)
        calendar, year = self.words.calendar, PERIODS_IN_A_YEAR[self.words.graph.spec.period]
        if calendar is not None:
            years = calendar.parts(1, self.periods, "year")
        else:
            years = tuple(whole[first : first + year] for first in range(0, self.periods, year))
        return (whole, *years) if len(years) > 1 and year > 1 else (whole,)

    def of(self, t: int) -> int:
        """Return the column of a period; of t = 0 that of today."""
        return TODAY + t

    def total(self, window: int) -> int:
        """Return the column of what values come to over a window."""
        return TODAY + self.periods + 2 + window

    @property
    def count(self) -> int:
        return self.total(len(self.windows))

    def named(self, window: int) -> str:
        """Return what a window is called at the head of its column."""
        if window == 0:
            first = self.words.first(self.periods)
            return f"All: {first}" if len(self.windows) > 1 else first[:1].upper() + first[1:]
        name = self.words.called(self.windows[window])
        return name[:1].upper() + name[1:]

    @cached_property
    def has_quarters(self) -> bool:
        return bool(self.words.quarter(1))

    @property
    def number_row(self) -> int:
        """The row with the numbers of the periods."""
        return 6 if self.has_quarters else 4

    @property
    def first_row(self) -> int:
        return self.number_row + 1

    def within(self, row: int, window: int) -> str:
        """Return the cells of a row over a window, on the same sheet: ``F12:Q12``."""
        periods = self.windows[window]
        return f"{relative(row, self.of(periods[0]))}:{relative(row, self.of(periods[-1]))}"

    def number(self, t: int) -> str:
        """Return the cell with the number of a period, on the same sheet."""
        return f"{column(self.of(t))}${self.number_row + 1}"

    def head(self, sheet: Sheet, title: str, note: str, *, totals: bool = True) -> None:
        """Write the head of a sheet, which stays in sight."""
        sheet.rows, sheet.columns = self.first_row, 2
        sheet.say(0, title, 6, "title")
        sheet.say(1, note, 6)
        label = self.number_row - 1
        for row in range(3, self.first_row):
            for col in range(self.count if totals else self.of(self.periods) + 1):
                sheet.put(row, col, "", "head")
        for col, text in enumerate(LEAD):
            sheet.put(label, col, text, "head")
        sheet.put(self.number_row, 0, f"Number of the {self.words.period}", "head")
        for t in range(self.periods + 1):
            if t and self.has_quarters:
                year, _, quarter = self.words.quarter(t).rpartition(" ")
                sheet.put(3, self.of(t), year, "head")
                sheet.put(4, self.of(t), quarter, "head")
            name = self.words.at(t) if t else "Today"
            sheet.put(label, self.of(t), name[:1].upper() + name[1:], "head")
            sheet.put(self.number_row, self.of(t), float(t), "head", "0")
        for window in range(len(self.windows) if totals else 0):
            sheet.put(label, self.total(window), self.named(window), "head")
        sheet.widths |= {0: 28.0, 1: 20.0, 2: 38.0, 3: 16.0}
        sheet.pages = 1 + (self.periods - 1) // PAGE


@dataclass(frozen=True, eq=False)
class RunFigures:
    """The library's values of one run, by period and over each window; what has none is None.

    Parameters
    ----------
    run
        Values by period, as they are told.
    totals
        By window, as they are told.
    sizes
        By slot, the size beside which rounding is to be seen; where some value is missing, that of the largest one.
    """

    run: Settled
    totals: tuple[Row, ...]
    sizes: Row

    def at(self, slot: int, t: int) -> float | None:
        return _known(self.run.at(t)[slot])

    def total(self, slot: int, window: int) -> float | None:
        return _known(self.totals[window][slot])

    def path(self, slot: int) -> list[float]:
        """Return the values that are known, today's included."""
        values = (self.at(slot, t) for t in range(self.run.periods + 1))
        return [value for value in values if value is not None]


def figures(case: Case, columns: PeriodColumns, changes: Mapping[int, Intervention]) -> RunFigures:
    """Return the values of the tree with some changes, as the engine computes them."""
    marked = case.subject.marked
    run = marked.model.run(columns.periods, changes)
    totals = []
    for window in columns.windows:
        model = marked.counting(window).model
        totals.append(settled(model.run(window[-1], changes)).horizon())
    told = settled(run)
    largest = [max(map(abs, filter(math.isfinite, path)), default=0.0) for path in zip(*told.rows, strict=True)]
    known = (size if math.isfinite(size) else large for size, large in zip(sizes(run), largest, strict=True))
    return RunFigures(told, tuple(totals), list(known))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def number_format(unit: Unit, currency: str, values: Iterable[float]) -> str:
    """Return how a spreadsheet shows values of a unit: with three digits at least, shares in %, money with its sign.

    Examples
    --------
    >>> [number_format(Unit.parse(text), "USD", [value]) for text, value in (("%", 0.025), ("USD", 1200.0), ("x", 4.5))]
    ['0.00%', '"$"#,##0', '0.00"x"']
    """
    known = [abs(value) for value in values if math.isfinite(value)]
    size, style = max(known, default=0.0), style_of(unit, currency=currency)
    place = math.floor(math.log10(size)) if size else 0
    wanted = min(max(0, 2 - place), 6)
    if style["shift"]:
        return f"0.{'0' * min(max(1, wanted - 2), 4)}%"
    if style["after"]:
        return f'0.{"0" * max(1, min(wanted, 3))}"{style["after"]}"'
    if style["cents"]:
        wanted = 0 if place >= 3 else max(2, wanted)
    elif all(value.is_integer() for value in known):
        wanted = 0
    before = f'"{style["before"]}"' if style["before"] else ""
    return f"{before}#,##0{'.' if wanted else ''}{'0' * wanted}"
