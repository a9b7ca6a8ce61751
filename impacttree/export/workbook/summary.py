"""The first sheet: the answer in a sentence, outcomes and guardrails as live numbers, and what to know of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from importlib.metadata import version

from impacttree.analyses.what_if import WhatIf
from impacttree.answers.case import Case
from impacttree.answers.guardrail_checks import Limit, guarded, sized
from impacttree.answers.words import sentence
from impacttree.export.workbook.cash import CashFigure
from impacttree.export.workbook.check import AGREED, STATUS
from impacttree.export.workbook.columns import PeriodColumns, number_format
from impacttree.export.workbook.inputs import InputSheets
from impacttree.export.workbook.model_sheets import ModelSheet
from impacttree.export.workbook.rows import SheetRows
from impacttree.export.workbook.sheets import Sheet, relative
from impacttree.graph.model import Metric
from impacttree.records import dataclass

__all__ = ["SummarySheet"]

WIDE = 8
"""Columns that a sentence goes over."""
LEGEND = (
    "Blue on yellow: a number that is stated; change it here. Black: a formula. Grey italics: part of a long formula.",
    "Nothing but formulas is computed in this file: it has no macros and no links to other files.",
    "Ranges are not recomputed here: all numbers are at their stated points.",
    "An error in grey means that there is no value: a division by zero, or what the model calls not meaningful.",
)


@dataclass()
class SummarySheet:
    """What is told first.

    Parameters
    ----------
    case
        What is asked.
    columns, rows, inputs
        Of the workbook.
    before, after
        The sheets without and with what is asked: the same where nothing is.
    answer
        The library's answer; None of a tree without an outcome.
    shown
        The outcomes.
    """

    case: Case
    columns: PeriodColumns
    rows: SheetRows
    inputs: InputSheets
    before: ModelSheet
    after: ModelSheet
    answer: WhatIf | None
    shown: Sequence[Metric]
    check: Sheet
    cash: Sequence[CashFigure] = ()
    """What the sheet of cash comes to."""
    no_cash: str = ""
    """Why there is no such sheet, of a tree that could be discounted."""
    sheet: Sheet = field(default_factory=lambda: Sheet("Summary"))

    @property
    def is_changed(self) -> bool:
        return self.before is not self.after

    def fill(self) -> None:
        spec, sheet, answer = self.case.words.graph.spec, self.sheet, self.answer
        row = sheet.say(0, spec.name, WIDE, "title")
        if answer is not None:
            row = sheet.say(row, answer.title, WIDE, "label")
        row = sheet.say(row, spec.description or "", WIDE) if spec.description else row
        row = self._outcomes(row + 1)
        row = self._cash(row + 1) if self.cash else row
        row = self._guardrails(row + 1) if guarded(self.case.words.graph) else row
        row = self._checked(row + 1)
        self._notes(row + 1)
        sheet.widths |= {0: 40.0, 1: 26.0}

    def _outcomes(self, row: int) -> int:
        sheet, words, columns = self.sheet, self.case.words, self.columns
        names = [columns.named(window) for window in range(len(columns.windows))]
        heads = ["Outcome", "Over the periods"]
        heads += ["Without", "With", "Change", "Change, %"] if self.is_changed else ["Value"]
        years = [f"{'Change, ' if self.is_changed else ''}{name}" for name in names[1:]]
        for col, text in enumerate((*heads, *years)):
            sheet.put(row, col, text, "head")
        for metric in self.shown:
            row += 1
            sheet.put(row, 0, words.label(metric.name), "label")
            sheet.put(row, 1, words.formed(metric.name, columns.periods), "text")
            for col, (formula, value, form) in enumerate(self._figures(metric, row), 2):
                sheet.compute(row, col, formula, value, "total", form)
        return row + 1

    def _figures(self, metric: Metric, row: int) -> Iterator[tuple[str, float | None, str]]:
        words, place = self.case.words, self.rows.metrics[metric.index]
        for window in range(len(self.columns.windows)):
            col = self.columns.total(window)
            cells = [one.sheet.at(place, col) for one in (self.before, self.after)]
            before, after = (one.figures.total(metric.index, window) for one in (self.before, self.after))
            known = [value for value in (before, after) if value is not None]
            form = number_format(metric.unit, words.currency, known)
            if not self.is_changed:
                yield cells[0], before, form
                continue
            change = after - before if before is not None and after is not None else None
            apart = number_format(metric.unit, words.currency, [change or 0.0])
            if window == 0:
                yield cells[0], before, form
                yield cells[1], after, form
                yield f"{relative(row, 3)}-{relative(row, 2)}", change, apart
                share = None if not before or change is None else change / abs(before)
                yield f"{relative(row, 4)}/ABS({relative(row, 2)})", share, "0.00%"
            else:
                yield f"{cells[1]}-{cells[0]}", change, apart

    def _cash(self, row: int) -> int:
        self.sheet.put(row, 0, "From the sheet Cash", "head")
        for col in range(1, 3):
            self.sheet.put(row, col, "", "head")
        for one in self.cash:
            row += 1
            self.sheet.put(row, 0, one.label, "label")
            self.sheet.compute(row, 2, one.cell, one.value, "total", one.format)
        return row + 1

    def _guardrails(self, row: int) -> int:
        sheet, words = self.sheet, self.case.words
        tightest = ("Tightest without", "Tightest with") if self.is_changed else ("Tightest",)
        verdicts = ("Without", "With") if self.is_changed else ("Verdict",)
        for col, text in enumerate(("Guardrail", "Limit in every period", "Limit", *tightest, *verdicts)):
            sheet.put(row, col, text, "head")
        for limit in sized(guarded(words.graph), self.before.figures.sizes):
            row += 1
            sheet.put(row, 0, limit.metric.label, "label")
            sheet.put(row, 1, "floor: at least" if limit.side == "floor" else "cap: at most", "text")
            place = self.inputs.limits[limit.metric.name, limit.side]
            sides = (self.before, self.after) if self.is_changed else (self.after,)
            values = (abs(value) for one in sides for value in one.figures.path(limit.metric.index))
            form = number_format(limit.metric.unit, words.currency, [min(values, default=0.0), limit.value])
            sheet.compute(row, 2, place, limit.value, "value", form)
            for number, one in enumerate(sides):
                self._verdict(row, 3 + number, 3 + len(sides) + number, limit, one, form)
        return row + 1

    def _verdict(self, row: int, col: int, verdict: int, limit: Limit, one: ModelSheet, form: str) -> None:
        slot, columns = limit.metric.index, self.columns
        values = [one.figures.at(slot, t) for t in range(1, columns.periods + 1)]
        known = [value for value in values if value is not None]
        function, sign = ("MIN", "-") if limit.side == "floor" else ("MAX", "+")
        worst = (min if limit.side == "floor" else max)(known) if len(known) == len(values) else None
        cells = one.sheet.along(self.rows.metrics[slot], columns.of(1), columns.of(columns.periods))
        self.sheet.compute(row, col, f"{function}({cells})", worst, "value", form)
        held = worst is None or limit.room(worst) >= -limit.slack
        edge = f"{relative(row, 2)}{sign}{limit.slack!r}"
        test = f"{relative(row, col)}{'>=' if limit.side == 'floor' else '<='}{edge}"
        told = "no value" if worst is None else "holds" if held else "BROKEN"
        formula = f'IF(ISERROR({relative(row, col)}),"no value",IF({test},"holds","BROKEN"))'
        self.sheet.compute(row, verdict, formula, told, "status")
        self.sheet.warned.append((row, verdict))

    def _checked(self, row: int) -> int:
        self.sheet.put(row, 0, "Beside the library's own values", "head")
        self.sheet.put(row, 1, "", "head")
        self.sheet.compute(row + 1, 0, self.check.at(*STATUS), AGREED, "status")
        self.sheet.warned.append((row + 1, 0))
        return row + 2

    def _notes(self, row: int) -> None:
        sheet, told = self.sheet, self.case.words
        notes: list[str] = []
        if self.answer is not None:
            notes += [sentence(f"with {move.text}") for move in self.answer.moves]
            notes += map(sentence, self.answer.warnings)
            notes += [sentence(check.text) for check in self.answer.guardrails]
            notes.append(f"Basis: {self.answer.provenance.basis}.")
        if self.no_cash:
            notes.append(f"There is no sheet of cash: {self.no_cash}.")
        if self.case.scenario:
            notes.insert(0, f"The scenario {self.case.scenario} is held in all figures.")
        sheet.put(row, 0, "What the library said at export", "head")
        sheet.put(row, 1, "", "head")
        for note in notes:
            row = sheet.say(row + 1, note, WIDE) - 1
        row += 2
        sheet.put(row, 0, "About this workbook", "head")
        sheet.put(row, 1, "", "head")
        for note in (*LEGEND, told.marked("") or "", self.case.provenance("").origin, _version()):
            if note:
                row = sheet.say(row + 1, note, WIDE) - 1


def _version() -> str:
    return f"Written by impacttree {version('impacttree')}."
