"""The tree as sheets of live formulas: a row a metric, a column a period; one sheet for each run that is needed.

A change on a metric that feeds back on itself through time multiplies the path that the metric has without it. That
path is a sheet of its own: the tree with all other changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial

from impacttree.answers.asked import Asked
from impacttree.answers.case import Case
from impacttree.engine.held import local_effects
from impacttree.export.workbook.changes import ChangesSheet, MetricEffect
from impacttree.export.workbook.columns import TODAY, PeriodColumns, RunFigures, figures, number_format
from impacttree.export.workbook.inputs import InputSheets
from impacttree.export.workbook.rows import FormulaPart, SheetRows
from impacttree.export.workbook.sheets import Sheet, column, relative
from impacttree.export.workbook.spelling import HelperRow, Spelled
from impacttree.formula import Fault, evaluate
from impacttree.formula.core import Clock, Core, Name, Parameter, Timed
from impacttree.formula.evaluation import Leaf
from impacttree.graph.model import Metric
from impacttree.quantity import Recipe
from impacttree.records import dataclass

__all__ = ["ModelSheet", "ModelSheets"]

Done = tuple[tuple[int, Recipe], ...]
"""By slot, what is done to it."""


@dataclass(frozen=True, eq=False)
class ModelSheet:
    """One run: its sheet, and the library's values of it."""

    sheet: Sheet
    figures: RunFigures


@dataclass()
class ModelSheets:
    """The sheets of a workbook that compute the tree.

    Parameters
    ----------
    case
        What is asked.
    columns, rows
        Of all of them.
    inputs, changes
        The sheets that they read.
    base
        The name of the one without what is asked.
    """

    case: Case
    columns: PeriodColumns
    rows: SheetRows
    inputs: InputSheets
    changes: ChangesSheet
    base: str
    made: dict[Done, ModelSheet] = field(default_factory=dict)
    paths: list[ModelSheet] = field(default_factory=list)
    """Those that only others read."""

    def of(self, asked: Asked, name: str, note: str) -> ModelSheet:
        """Return the sheet of the tree with some changes."""
        return self._made(asked.recipes, name, note)

    def _made(self, done: Done, name: str, note: str) -> ModelSheet:
        key = tuple(sorted(done, key=lambda pair: pair[0]))
        if key in self.made:
            return self.made[key]
        interventions = {slot: recipe.intervention() for slot, recipe in done}
        found = figures(self.case, self.columns, interventions)
        made = self.made[key] = ModelSheet(Sheet(name), found)
        effects = {slot: self.changes.applied(slot, recipe) for slot, recipe in done}
        _, loops = local_effects(self.rows.graph, interventions, self.case.subject.model.counted)
        local = tuple(pair for pair in done if pair[0] not in loops)
        paths: dict[int, Sheet] = {}
        for place, slot in enumerate(loops):
            before = (*local, *(pair for one in loops[:place] for pair in done if pair[0] == one))
            paths[slot] = self._path(slot, before)
        _Filling(self, made, effects, paths).fill(note)
        return made

    def _path(self, slot: int, done: Done) -> Sheet:
        """Return the sheet with the path that a metric has without its own change."""
        key = tuple(sorted(done, key=lambda pair: pair[0]))
        if key in self.made:
            return self.made[key].sheet
        label = self.rows.graph.metrics[slot].label
        name = f"Path {len(self.paths) + 1}"
        note = f"The tree with all changes but that of {label}, which multiplies the path that it has here."
        made = self._made(done, name, note)
        self.paths.append(made)
        return made.sheet


@dataclass(frozen=True, eq=False)
class _Filling:
    """One sheet being filled."""

    book: ModelSheets
    made: ModelSheet
    effects: Mapping[int, MetricEffect]
    paths: Mapping[int, Sheet]

    @property
    def sheet(self) -> Sheet:
        return self.made.sheet

    @property
    def columns(self) -> PeriodColumns:
        return self.book.columns

    def fill(self, note: str) -> None:
        words, rows = self.book.case.words, self.book.rows
        self.columns.head(self.sheet, f"{words.graph.spec.name}: {self.sheet.name}", note)
        for title, metrics in rows.sections:
            for col in range(self.columns.count):
                self.sheet.put(rows.titles[title], col, title if col == 0 else "", "section")
            for metric in metrics:
                self._metric(metric)

    def _metric(self, metric: Metric) -> None:
        words, sheet, row = self.book.case.words, self.sheet, self.book.rows.metrics[metric.index]
        form = number_format(metric.unit, words.currency, self.made.figures.path(metric.index))
        sheet.put(row, 0, metric.label, "label")
        sheet.put(row, 1, str(metric.unit), "text")
        sheet.put(row, 2, self._told(metric), "text")
        sheet.put(row, 3, words.formed(metric.name, self.columns.periods), "text")
        self._today(metric, row, form)
        for t in range(1, self.columns.periods + 1):
            value = self.made.figures.at(metric.index, t)
            formula = self._changed(metric, row, self.columns.of(t), partial(self._written, (metric.index, "rule"), t))
            sheet.compute(row, self.columns.of(t), formula, value, "value", form)
        for window in range(len(self.columns.windows)):
            value = self.made.figures.total(metric.index, window)
            form = number_format(metric.unit, words.currency, [value or 0.0])
            sheet.compute(row, self.columns.total(window), self._total(metric, row, window), value, "total", form)

    def _told(self, metric: Metric) -> str:
        """Return how a metric is computed, in the words of the model."""
        spec, start = metric.spec, metric.spec.start
        begun = "" if start is None else f"; at the start {start.text}"
        if spec.formula is not None:
            text = f"= {spec.formula}"
        elif metric.influences:
            text = (
                f"{'' if spec.level is None else spec.level.text}; {'; '.join(one.words for one in metric.influences)}"
            )
        else:
            text = "input" if spec.values is None else f"input: {spec.values.text}"
        where = self.effects.get(metric.index)
        done = "" if where is None else " (changed: see Changes)"
        text = f"{text}{begun}{done}"
        return text if len(text) <= MOST_TOLD else f"{text[:MOST_TOLD]}…"

    # -- formulas -----------------------------------------------------------------------------------------------

    def _today(self, metric: Metric, row: int, form: str) -> None:
        value = self.made.figures.at(metric.index, 0)
        base = self.book.base
        if self.sheet.name != base:
            self.sheet.compute(row, TODAY, f"'{base}'!{relative(row, TODAY)}", value, "value", form)
            return
        part: FormulaPart = (metric.index, "rule" if metric.start is None else "start")
        self.sheet.compute(row, TODAY, self._written(part, 0), value, "value", form)

    def _written(self, part: FormulaPart, t: int) -> str:
        """Return a formula at a period, and write the parts of it that stand in rows of their own."""

        def read(leaf: Leaf | HelperRow) -> str:
            return self._place(part, leaf, t)

        self._parts(part, self.columns.of(t), read, lambda core: self._value(core, t))
        return self.book.rows.formulas[part].whole.written(read)

    def _changed(self, metric: Metric, row: int, col: int, rule: Callable[[], str]) -> str:
        """Return the formula of a metric with what is done to it in the period or the window of a column."""
        effect = self.effects.get(metric.index)
        if effect is None:
            return rule()
        changes = self.book.changes.sheet
        addition = changes.beside(effect.addition, col)
        if effect.factor is None:
            return addition
        path = self.paths.get(metric.index)
        value = f"({rule()})" if path is None else path.beside(row, col)
        factor = changes.beside(effect.factor, col)
        return f"IF({factor}=0,0,{value}*{factor})+{addition}"

    def _total(self, metric: Metric, row: int, window: int) -> str:
        """Return the formula of what a metric comes to over a window, by its rule."""
        cells, col = self.columns.within(row, window), self.columns.total(window)
        match metric.aggregation:
            case "sum":
                return f"SUM({cells})"
            case "mean":
                return f"AVERAGE({cells})"
            case "last":
                return cells.rpartition(":")[2]
        part: FormulaPart = (metric.index, "rule")

        def read(leaf: Leaf | HelperRow) -> str:
            return self._place_over(part, leaf, window)

        def rule() -> str:
            self._parts(part, col, read, lambda core: self._value_over(core, window))
            return self.book.rows.formulas[part].whole.written(read)

        return self._changed(metric, row, col, rule)

    def _parts(
        self,
        part: FormulaPart,
        col: int,
        read: Callable[[Leaf | HelperRow], str],
        value: Callable[[Core], float | None],
    ) -> None:
        rows, label = self.book.rows, self.book.rows.graph.metrics[part[0]].label
        for number, (core, spelled) in enumerate(rows.formulas[part].helpers):
            row = rows.helpers[part, number]
            self._helper(row, col, label, spelled, read, value(core))

    def _helper(
        self, row: int, col: int, label: str, spelled: Spelled, read: Callable[[Leaf | HelperRow], str],
        value: float | None,
    ) -> None:  # fmt: skip
        self.sheet.put(row, 0, f"  part of {label}", "part")
        self.sheet.compute(row, col, spelled.written(read), value, "part", "0.######")

    def _place(self, part: FormulaPart, leaf: Leaf | HelperRow, t: int) -> str:
        """Return where a formula of period t finds what it reads."""
        rows, columns = self.book.rows, self.columns
        match leaf:
            case HelperRow():
                return relative(rows.helpers[part, leaf.number], columns.of(t))
            case Name():
                return relative(self._row(leaf), columns.of(t))
            case Timed(timing="prev"):
                return relative(self._row(leaf), columns.of(max(t - leaf.lag, 0)))
            case Timed(timing="baseline"):
                return f"${column(TODAY)}{self._row(leaf) + 1}"
            case Timed():
                row = self._row(leaf)
                first = f"${column(columns.of(1))}{row + 1}"
                return f"SUM({first}:{relative(row, columns.of(t))})" if t else "0"
            case Clock(function="period_number"):
                return columns.number(t)
        return self._number(leaf.address, columns.of(t))

    def _place_over(self, part: FormulaPart, leaf: Leaf | HelperRow, window: int) -> str:
        """Return where a formula over a window finds what it reads: what others come to over it."""
        rows, col = self.book.rows, self.columns.total(window)
        match leaf:
            case HelperRow():
                return relative(rows.helpers[part, leaf.number], col)
            case Timed(timing="baseline"):
                today = f"${column(TODAY)}{self._row(leaf) + 1}"
                is_sum = rows.graph[leaf.name].aggregation == "sum"
                return f"({today}*{len(self.columns.windows[window])})" if is_sum else today
            case Name() | Timed():
                return relative(self._row(leaf), col)
            case Clock(function="period_number"):
                return self.columns.number(0)
        return self._number(leaf.address, TODAY)

    def _row(self, leaf: Name | Timed) -> int:
        rows = self.book.rows
        return rows.metrics[rows.graph.by_name[leaf.name]]

    def _number(self, address: str, col: int) -> str:
        inputs = self.book.inputs
        if address in inputs.series:
            return inputs.by_period.beside(inputs.series[address], col)
        return inputs.places[address]

    # -- values of parts ----------------------------------------------------------------------------------------

    def _value(self, core: Core, t: int) -> float | None:
        """Return what a part of a formula comes to in a period, from the library's values of what it reads."""
        run, graph = self.made.figures.run, self.book.rows.graph

        def read(leaf: Leaf) -> float:
            match leaf:
                case Name():
                    return run.at(t)[graph.by_name[leaf.name]]
                case Timed(timing="cumulative"):
                    slot = graph.by_name[leaf.name]
                    return sum(run.at(k)[slot] for k in range(1, t + 1))
                case Timed():
                    k = max(t - leaf.lag, 0) if leaf.timing == "prev" else 0
                    return run.at(k)[graph.by_name[leaf.name]]
            return self._stated(leaf, t)

        return _known(core, read)

    def _value_over(self, core: Core, window: int) -> float | None:
        totals, graph = self.made.figures.totals[window], self.book.rows.graph

        def read(leaf: Leaf) -> float:
            match leaf:
                case Timed(timing="baseline"):
                    slot = graph.by_name[leaf.name]
                    count = len(self.columns.windows[window]) if graph.metrics[slot].aggregation == "sum" else 1
                    return self.made.figures.run.initial[slot] * count
                case Name() | Timed():
                    return totals[graph.by_name[leaf.name]]
            return self._stated(leaf, 0)

        return _known(core, read)

    def _stated(self, leaf: Parameter | Clock, t: int) -> float:
        schedule = self.book.rows.graph.schedules.get(leaf.address)
        if schedule is not None:
            return schedule.at(t) if t else schedule.today
        assert isinstance(leaf, Parameter)
        return leaf.value


MOST_TOLD = 600
"""Characters of how a metric is computed that are shown."""


def _known(core: Core, read: Callable[[Leaf], float]) -> float | None:
    try:
        return evaluate(core, read)
    except (Fault, ArithmeticError, ValueError):
        return None
