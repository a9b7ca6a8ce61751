"""The sheet of what is done: the size of each change, when it is in force, and what that makes of its metric by period.

A changed metric shows ``value * factor + addition``; the rows of factors and additions follow from the sizes and shares
above them by the rule of `Recipe`: what is set comes first, then products, then sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from impacttree.answers.asked import Asked
from impacttree.answers.words import Words
from impacttree.export.workbook.columns import TODAY, PeriodColumns, number_format
from impacttree.export.workbook.sheets import Sheet, absolute, relative
from impacttree.graph.model import Metric
from impacttree.quantity import Add, Change, Intervention, Points, Recipe, Relative, Set, Weights, number_of
from impacttree.records import dataclass

__all__ = ["ChangesSheet", "MetricEffect"]

SIZE = 4
SIZES = ("Size", "From", "Over", "Shape", "Until", "Decay")
"""The head of what says how large a change is, and when it is in force, in the words in which changes are written."""
ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class MetricEffect:
    """What all changes of one metric do: the rows of its factors and its additions.

    `factor` is None where the metric is set, so that its own formula counts for nothing.
    """

    factor: int | None
    addition: int


@dataclass(frozen=True, slots=True)
class _Step:
    """One change: its cells, and in which rows its size and its shares stand."""

    change: Change
    weights: Weights | None
    row: int
    shares: int | None = None
    """None where all of it is in force whatever happens: of what is set for good."""

    @property
    def is_for_good(self) -> bool:
        """Whether it sets the metric in every period, so that there is nothing to move in time."""
        return isinstance(self.change, Set) and self.weights is None


@dataclass()
class ChangesSheet:
    """The changes of a workbook.

    Parameters
    ----------
    words, columns
        Of the tree.
    held, together
        What a scenario does, and what it does together with what is asked.
    scenario
        What the scenario is called.
    """

    words: Words
    columns: PeriodColumns
    held: Asked
    together: Asked
    scenario: str
    sheet: Sheet = field(default_factory=lambda: Sheet("Changes"))
    steps: dict[tuple[int, int], _Step] = field(default_factory=dict)
    """By slot and place among the changes of it."""
    effects: dict[tuple[int, int], MetricEffect] = field(default_factory=dict)
    """By slot and how many of its changes are in force: those of the scenario come first."""

    def fill(self) -> None:
        columns, sheet = self.columns, self.sheet
        note = (
            "Change a size, or when a change is in force (from which period, over how many, until which): blue cells. "
            "A metric shows its value times the factor plus the addition of the period."
        )
        columns.head(sheet, "Changes", note)
        row = columns.first_row
        for place, text in enumerate(("Change of", "Unit", "As stated", "Of", *SIZES)):
            sheet.put(row, place, text, "section")
        row += 1
        counts = {slot: len(recipe.changes) for slot, recipe in self.held.recipes}
        for slot, recipe in self.together.recipes:
            for place, (change, weights) in enumerate(_timed(recipe)):
                of = self.scenario if place < counts.get(slot, 0) else "what is asked"
                self._change(row, slot, place, change, weights, of)
                row += 1
        row = self._shares(row + 1)
        self._all_effects(row + 1)

    def _change(self, row: int, slot: int, place: int, change: Change, weights: Weights | None, of: str) -> None:
        metric, sheet = self.words.graph.metrics[slot], self.sheet
        sheet.put(row, 0, metric.label, "label")
        sheet.put(row, 1, _unit(change, metric), "text")
        sheet.put(row, 2, self.words.change(metric.name, change), "text")
        sheet.put(row, 3, of, "text")
        sheet.put(row, SIZE, number_of(change), "input", _format(change, metric, self.words.currency))
        step = self.steps[slot, place] = _Step(change, weights, row)
        when = weights or Weights()
        if step.is_for_good:
            sheet.put(row, SIZE + 1, ALWAYS, "text")
        else:
            sheet.put(row, SIZE + 1, float(when.start), "input", "0")
            sheet.put(row, SIZE + 2, float(when.ramp), "input", "0")
            sheet.put(row, SIZE + 3, when.shape, "input")
            sheet.put(row, SIZE + 4, "no end" if when.until is None else float(when.until), "input", "0")
            sheet.put(row, SIZE + 5, when.decay, "input", "0.0#%")

    def _shares(self, row: int) -> int:
        """Write how much of each change is in force in each period; return the next row."""
        self.sheet.put(row, 0, "How much of it is in force", "section")
        row += 1
        for key, step in self.steps.items():
            if step.is_for_good:
                continue
            metric = self.words.graph.metrics[key[0]]
            self.sheet.put(row, 0, metric.label, "label")
            self.sheet.put(row, 2, self.words.change(metric.name, step.change), "text")
            self.sheet.put(row, TODAY, 0.0, "value", "0.0%")
            weights = step.weights or Weights()
            for t in range(1, self.columns.periods + 1):
                formula = _share(step.row, self.columns.number(t))
                self.sheet.compute(row, self.columns.of(t), formula, weights.at(t), form="0.0%")
            self.steps[key] = replace(step, shares=row)
            row += 1
        return row

    def _all_effects(self, row: int) -> None:
        self.sheet.put(row, 0, "What that makes of the metric", "section")
        row += 1
        for asked in (self.held, self.together):
            for slot, recipe in asked.recipes:
                count = len(recipe.changes)
                if (slot, count) not in self.effects:
                    self.effects[slot, count] = self._effect(row, slot, recipe)
                    row += 2

    def _effect(self, row: int, slot: int, recipe: Recipe) -> MetricEffect:
        metric, done = self.words.graph.metrics[slot], recipe.intervention()
        steps = [self.steps[slot, place] for place, _ in recipe.stages([number_of(one) for one in recipe.changes])]
        is_set = done.kind == "fix"
        of = "" if recipe is dict(self.together.recipes)[slot] else f", {self.scenario}"
        form = number_format(metric.unit, self.words.currency, [done.at(t).shift for t in self.columns.windows[0]])
        if not is_set:
            self._line(row, f"{metric.label}, factor{of}", "", done, steps, "0.0000##", is_factor=True)
        label = f"{metric.label}, {'value that is set' if is_set else 'addition'}{of}"
        self._line(row + 1, label, str(metric.unit), done, steps, form, is_factor=False)
        return MetricEffect(None if is_set else row, row + 1)

    def _line(
        self, row: int, label: str, unit: str, done: Intervention, steps: Sequence[_Step], form: str, *, is_factor: bool
    ) -> None:
        sheet, columns = self.sheet, self.columns
        sheet.put(row, 0, label, "label")
        sheet.put(row, 1, unit, "text")
        sheet.put(row, 3, "Average", "text")
        for t in range(1, columns.periods + 1):
            col = columns.of(t)
            formula = "*".join(_factors(steps, col)) or "1" if is_factor else _addition(steps, col)
            now = done.at(t)
            sheet.compute(row, col, formula, now.scale if is_factor else now.shift, form=form)
        for window, periods in enumerate(columns.windows):
            over = done.over(periods)
            value = over.scale if is_factor else over.shift
            sheet.compute(row, columns.total(window), f"AVERAGE({columns.within(row, window)})", value, "total", form)

    def applied(self, slot: int, recipe: Recipe) -> MetricEffect:
        """Return what all changes of a recipe do to its metric."""
        return self.effects[slot, len(recipe.changes)]


def _timed(recipe: Recipe) -> Iterator[tuple[Change, Weights | None]]:
    yield from zip(recipe.changes, recipe.weights or (None,) * len(recipe.changes), strict=True)


def _share(row: int, period: str) -> str:
    """Return the formula of `Weights.at`."""
    start, ramp, shape, until, decay = (absolute(row, SIZE + place) for place in range(1, 6))
    part = f"(({period}-{start}+1)/{ramp})"
    risen = f'IF({shape}="s",{part}*{part}*(3-2*{part}),{part})'
    lasting = f"IF({period}<={start}+{ramp}-1,{risen},(1-{decay})^({period}-{start}-{ramp}+1))"
    return f"IF(OR({period}<{start},IF(ISNUMBER({until}),{period}>{until},FALSE)),0,{lasting})"


def _size(step: _Step) -> str:
    size = absolute(step.row, SIZE)
    return f"{size}/100" if isinstance(step.change, Points) else size


def _factors(steps: Sequence[_Step], col: int) -> list[str]:
    """Return by what the value of a period is multiplied, one after the other."""
    found = []
    for step in steps:
        if isinstance(step.change, Set) and step.shares is not None:
            found.append(f"(1-{relative(step.shares, col)})")
        elif isinstance(step.change, Relative) and step.shares is not None:
            found.append(f"(1+{_size(step)}*{relative(step.shares, col)})")
    return found


def _addition(steps: Sequence[_Step], col: int) -> str:
    """Return what is added in a period: what is set, with what multiplies it, and sums."""
    products = _factors([step for step in steps if isinstance(step.change, Relative)], col)
    terms = []
    for step in steps:
        if isinstance(step.change, Relative):
            continue
        share = "" if step.shares is None else f"*{relative(step.shares, col)}"
        further = "".join(f"*{factor}" for factor in products) if isinstance(step.change, Set) else ""
        terms.append(f"{_size(step)}{share}{further}")
    return "+".join(terms) or "0"


def _unit(change: Change, metric: Metric) -> str:
    match change:
        case Relative():
            return "% of it"
        case Points():
            return "pp"
    return str(metric.unit)


def _format(change: Change, metric: Metric, currency: str) -> str:
    match change:
        case Relative():
            return "0.0###%"
        case Points():
            return "0.0###"
        case Add() | Set():
            return number_format(metric.unit, currency, [number_of(change)])
