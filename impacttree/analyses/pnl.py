"""What does the profit and loss statement look like, before and after?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from itertools import pairwise
from typing import Any, Literal, get_args

from impacttree.answers.asked import Changes
from impacttree.answers.case import Case
from impacttree.answers.local import local
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, is_still, joined, lowered
from impacttree.errors import Problem, QuestionError
from impacttree.graph.model import Metric
from impacttree.graph.statement import StatementLine, derived_statement, stated_line
from impacttree.quantity import PERIODS_PER_YEAR
from impacttree.quantity.calendar import YearPart
from impacttree.quantity.footing import footed
from impacttree.quantity.formatting import format_percent_change
from impacttree.quantity.money import sign_of
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Step, Table, Waterfall
from impacttree.views.slides import Slide

__all__ = ["Pnl", "PnlLine", "pnl"]

CLOSES = 1e-9
"""How far a subtotal may be from its lines, relative to their sizes."""
SCALES = ((9, "billion"), (6, "million"), (3, "thousand"))
FEWEST = 10.0
"""What is shown of the largest change at least, in the unit of the table."""
WIDEST = 1_000.0
"""What is shown of the largest line at least."""


@dataclass(frozen=True, slots=True)
class PnlLine:
    """One line of a statement over the horizon and in each period; what is taken off stands below zero."""

    metric: str
    label: str
    role: Literal["+", "-", "="]
    """Added, taken off, or a subtotal."""
    before: float
    after: float
    change: float
    by_period: tuple[tuple[float, float], ...]
    """Before and after, for each period."""


@dataclass(frozen=True, repr=False)
class Pnl(Result):
    """A profit and loss statement, before and after some changes.

    Attributes
    ----------
    lines : tuple of PnlLine
        From the top.
    changes : tuple of (str, str)
        What was changed, as it is printed, by metric.
    horizon : int
        Over how many periods.
    warnings : tuple of str
        What a reader should know before using the figures.
    """

    lines: tuple[PnlLine, ...]
    changes: tuple[tuple[str, str], ...]
    moves: tuple[str, ...]
    horizon: int
    warnings: tuple[str, ...]
    words: Words = field(compare=False)
    parts: tuple[range, ...] = ()
    """The periods of each column; empty where there are none but the whole."""

    def to_dicts(self) -> list[dict[str, Scalar]]:
        unit = str(self.words.total_unit(self.lines[0].metric))
        flow = str(self.words.unit(self.lines[0].metric))
        rows = [_row(line, line.before, line.after, unit, None) for line in self.lines]
        for part in self.parts:
            rows += [_row(line, *self._over(line, part), unit, self.words.called(part)) for line in self.lines]
        for place, period in enumerate(range(self.words.since, self.horizon + 1) if not self.parts else ()):
            rows += [_row(line, *line.by_period[place], flow, period) for line in self.lines]
        return rows

    def summary(self) -> dict[str, Any]:
        told = {"changes": dict(self.changes), "horizon": self.horizon, "warnings": list(self.warnings)}
        return super().summary() | told | {"sentence": self.title}

    @property
    def title(self) -> str:
        """The sentence about the last line."""
        words, last = self.words, self.lines[-1]
        when, level = words.over(last.metric, self.horizon), words.value(last.metric, last.after)
        if not self.changes:
            said = f"{last.label} is {level} {when}"
        elif is_still(last.before, last.after):
            said = f"{last.label} stays at {level} {when}"
        else:
            verb = "rises" if last.change > 0 else "falls"
            said = f"{last.label} {verb} {words.unsigned(last.metric, last.change)} {when}"
        return self.provenance.told(said)

    @property
    def scale(self) -> tuple[int, str]:
        """The power of ten that the table is written in, and what it is called: ``(3, "$ thousand")``."""
        sizes = [max(abs(line.before), abs(line.after)) for line in self.lines]
        moves = [abs(line.change) for line in self.lines if not is_still(line.before, line.after)]
        unit = self.words.unit(self.lines[0].metric)
        sign = sign_of(unit.money, self.words.currency) if unit.money else str(unit).split("/")[0]
        for power, name in SCALES:
            if max(sizes) >= WIDEST * 10**power and max(moves, default=math.inf) >= FEWEST * 10**power:
                return power, f"{sign} {name}"
        return 0, sign

    def shown(self) -> tuple[tuple[int, int, int], ...]:
        """Return before, after and change of each line in the table's unit, so that rows and columns add up."""
        step = 10.0 ** self.scale[0]
        own = [line for line in self.lines if line.role != "="]
        before, change = footed([line.before / step for line in own], [line.change / step for line in own])
        pairs = iter(zip(before, change, strict=True))
        rows, was, moved = [], 0, 0
        for line in self.lines:
            first, more = (was, moved) if line.role == "=" else next(pairs)
            if line.role != "=":
                was, moved = was + first, moved + more
            rows.append((first, first + more, more))
        return tuple(rows)

    def by(self, part: YearPart) -> Pnl:
        """Return the same with a column for each month, quarter or year.

        Raises
        ------
        QuestionError
            When the tree states no first day, or steps by more than that.
        """
        return replace(self, parts=_parts(self.words, self.horizon, part))

    def _over(self, line: PnlLine, part: range) -> tuple[float, float]:
        """Return what a line comes to over some of the periods, before and after."""
        first = self.words.since
        pairs = line.by_period[part.start - first : part.stop - first]
        return math.fsum(was for was, _ in pairs), math.fsum(now for _, now in pairs)

    def _by_part(self) -> Table:
        """Return the statement with a column for each part of the time: amounts, or what the changes do to them."""
        head = "Change of profit and loss" if self.changes else "Profit and loss"
        labels = [self.words.called(part) for part in self.parts]
        columns = (Column(""), *(Column(label, "right") for label in labels), Column("Total", "right"))
        shown = [[0] * (len(labels) + 1) for _ in self.lines]
        running = [0] * (len(labels) + 1)
        for row, line in zip(shown, self.lines, strict=True):
            if line.role != "=":
                amounts = self._rounded([self._told(*self._over(line, part)) for part in self.parts])
                row[:] = [*amounts, sum(amounts)]
                running = [total + more for total, more in zip(running, row, strict=True)]
            else:
                row[:] = running
        rows = tuple(
            (Cell(line.label, line.metric), *(Cell(f"{amount:,}", float(amount)) for amount in row))
            for line, row in zip(self.lines, shown, strict=True)
        )
        totals = frozenset(k for k, line in enumerate(self.lines) if line.role == "=")
        title = self.provenance.told(f"{head}, {self.words.first(self.horizon)}, {self.scale[1]}")
        return Table(title, columns, rows, self._notes(), totals, len(self.lines) - 1 if self.changes else None)

    def _told(self, before: float, after: float) -> float:
        return (after - before if self.changes else after) / 10.0 ** self.scale[0]

    @staticmethod
    def _rounded(amounts: Sequence[float]) -> list[int]:
        """Round amounts so that they add up to the rounded sum of them."""
        reached = [round(math.fsum(amounts[:count])) for count in range(len(amounts) + 1)]
        return [later - earlier for earlier, later in pairwise(reached)]

    def _notes(self) -> tuple[str, ...]:
        notes = [f"With {move}" for move in self.moves]
        notes += ["What is taken off stands below zero; rounded so that rows and columns add up."]
        return (*notes, *self.warnings, f"Basis: {self.provenance.basis}.")

    def view(self) -> Table:
        if self.parts:
            return self._by_part()
        head = self.provenance.told(f"Profit and loss, {self.words.first(self.horizon)}, {self.scale[1]}")
        numbers = ("Before", "After", "Change", "%") if self.changes else ("Amount",)
        columns = (Column(""), *(Column(text, "right") for text in numbers))
        rows = tuple(self._cells(line, shown) for line, shown in zip(self.lines, self.shown(), strict=True))
        totals = frozenset(k for k, line in enumerate(self.lines) if line.role == "=")
        return Table(head, columns, rows, self._notes(), totals, len(self.lines) - 1 if self.changes else None)

    def slides(self) -> tuple[Slide, ...]:
        table, notes = self.view(), (*self.warnings, *self.moves)
        (steps,) = self.slide(self.picture())
        shown = self.slide(table, self.title, table.title)
        return tuple(replace(slide, notes=(*slide.notes, *notes)) for slide in (*shown, steps))

    def _cells(self, line: PnlLine, shown: tuple[int, int, int]) -> tuple[Cell, ...]:
        before, after, change = shown
        head = Cell(line.label, line.metric)
        if not self.changes:
            return head, Cell(f"{after:,}", line.after)
        still = is_still(line.before, line.after)
        size = line.before if line.role == "-" else abs(line.before)
        relative = "0%" if still else format_percent_change(line.change / size) if size else ""
        moved = Cell(f"{change:+,}" if change else "0", line.change, self._tone(line))
        return head, Cell(f"{before:,}", line.before), Cell(f"{after:,}", line.after), moved, Cell(relative)

    @staticmethod
    def _tone(line: PnlLine) -> Literal["favourable", "adverse", "neutral"]:
        if is_still(line.before, line.after):
            return "neutral"
        return "favourable" if line.change > 0 else "adverse"

    def picture(self) -> Waterfall:
        """Return the statement as columns: what is left, line by line."""
        steps = []
        for number, (line, (_, after, _)) in enumerate(zip(self.lines, self.shown(), strict=True)):
            is_level = number == 0 or line.role == "="
            tone: Literal["neutral", "favourable", "adverse"] = (
                "neutral" if is_level or not line.after else "favourable" if line.after > 0 else "adverse"
            )
            steps.append(Step(line.label, line.after, f"{after:,}", "total" if is_level else "change", tone))
        when = self.words.first(self.horizon)
        subtitle = f"{when[:1].upper()}{when[1:]}, {self.scale[1]}"
        done = f"; with {joined(list(self.moves))}" if self.moves else ""
        return Waterfall(self.title, subtitle + done, tuple(steps), (f"Basis: {self.provenance.basis}.",))


def _row(line: PnlLine, before: float, after: float, unit: str, period: int | str | None) -> dict[str, Scalar]:
    return {
        "line": line.metric,
        "label": line.label,
        "before": before,
        "after": after,
        "change": after - before,
        "unit": unit,
        "period": period,
    }


@local
def pnl(
    subject: Subject,
    changes: Changes | None = None,
    *,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    by: YearPart | None = None,
) -> Pnl:
    """Lay out the profit and loss statement: lines before, after and their change, by period and in total.

    The lines are those of ``statement:`` in the model. Without it they follow the sums and differences down from the
    outcome, so that each cost stands between its subtotals. What is taken off stands below zero, so that columns add
    up; every subtotal is checked against its lines in every period.

    Parameters
    ----------
    subject
        The tree.
    changes
        What is done, by metric, from period 1; without, both columns are alike.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held before and after.
    by
        ``"month"``, ``"quarter"`` or ``"year"``: a column for each, fiscal ones where the tree has a fiscal calendar.

    Returns
    -------
    Pnl
        Rows ``{line, label, before, after, change, unit, period}``: those of the whole horizon first, whose `period`
        is None, then those of each period, or of each column by its name.

    Raises
    ------
    QuestionError
        When the outcome adds nothing up, a line is not an amount that adds up over time, or a subtotal does not foot.

    Examples
    --------
    >>> import impacttree as it
    >>> answer = it.template("saas").pnl({"engagement": "+5%"})
    >>> [line.label for line in answer.lines if line.role == "="]
    ['Gross profit', 'Contribution after S&M', 'EBITDA', 'Operating profit']
    >>> revenue, cogs, gross_profit = answer.shown()[:3]
    >>> revenue[2] + cogs[2] == gross_profit[2]
    True
    """
    subject = subject.over(over, horizon)
    case = Case.of(subject, changes, horizon, scenario)
    lines = tuple(_lines(case, _statement(subject)))
    _check(case, lines)
    words = subject.words
    last = subject.graph[lines[-1].metric]
    basis = (
        words.basis(last.name, lifted=False, weights=case.asked.weights)
        if case.asked.recipes
        else words.accounting(last.name)
    )
    return Pnl(
        provenance=case.provenance("two exact evaluations; subtotals checked in every period", basis),
        lines=lines,
        changes=case.asked.texts,
        moves=tuple(move.text for move in case.moves),
        horizon=case.periods,
        warnings=case.warnings(shown=[subject.graph[line.metric] for line in lines]),
        words=words,
        parts=() if by is None else _parts(words, case.periods, by),
    )


def _parts(words: Words, last: int, by: YearPart) -> tuple[range, ...]:
    """Return the periods of each month, quarter or year that is asked about."""
    if by not in get_args(YearPart):
        raise QuestionError(Problem(reason=f"by is {by!r}", fix="write 'month', 'quarter' or 'year'"))
    if words.calendar is None:
        reason = f"the tree states no start_date, so it has no {by}s"
        raise QuestionError(Problem(reason=reason, fix="state `start_date:` in the model, the first day of period 1"))
    if PERIODS_PER_YEAR[words.graph.spec.period] < PERIODS_PER_YEAR[by]:
        reason = f"the tree steps by {words.period}, and a {by} is shorter"
        raise QuestionError(Problem(reason=reason, fix=f"write by='{words.period}', or leave it out"))
    return words.calendar.parts(words.since, last, by)


def _statement(subject: Subject) -> tuple[StatementLine, ...]:
    stated = tuple(map(stated_line, subject.graph.spec.statement))
    if stated:
        return stated
    outcome = subject.outcome()
    lines = derived_statement(subject.graph, outcome)
    if len(lines) == 1:
        reason = f"{lowered(outcome.label)} is not a sum or difference of amounts, so it has no statement to follow"
        fix = "write its lines in the model: `statement: [revenue, -cogs, =gross_profit]`"
        raise QuestionError(Problem(metric=outcome.name, reason=reason, fix=fix))
    return lines


def _lines(case: Case, statement: Sequence[StatementLine]) -> Iterator[PnlLine]:
    graph = case.subject.graph
    first = graph[statement[0].metric]
    periods = range(case.words.since, case.periods + 1)
    rows = [(case.told_before.at(t), case.told_after.at(t)) for t in periods]
    for line in statement:
        metric = graph[line.metric]
        _check_kind(case.words, metric, first)
        sign, slot = (-1.0 if line.sign == "-" else 1.0), metric.index
        before, after = sign * case.before[slot], sign * case.after[slot]
        by_period = tuple((sign * was[slot] + 0.0, sign * row[slot] + 0.0) for was, row in rows)
        yield PnlLine(metric.name, metric.label, line.sign, before + 0.0, after + 0.0, after - before, by_period)


def _check_kind(words: Words, metric: Metric, first: Metric) -> None:
    if metric.aggregation != "sum":
        reason = f"{metric.label} does not add up over time ({metric.aggregation_reason}), so it has no line"
        fix = f"put amounts per {words.period} into the statement"
        raise QuestionError(Problem(metric=metric.name, reason=reason, fix=fix))
    if metric.unit.factors != first.unit.factors:
        reason = f"{metric.label} is in {metric.unit}, and {first.label} in {first.unit}"
        raise QuestionError(
            Problem(metric=metric.name, reason=reason, fix="put amounts of one unit into the statement")
        )


def _check(case: Case, lines: Sequence[PnlLine]) -> None:
    """Raise where a subtotal is not what its lines add up to, in some period or over all of them."""
    whole = [(line, [(line.before, line.after), *line.by_period]) for line in lines]
    for column in range(case.words.count_to(case.periods) + 1):
        for side, run in enumerate(("without the changes", "with the changes")):
            reached = size = 0.0
            for line, pairs in whole:
                amount = pairs[column][side]
                if line.role != "=":
                    reached, size = reached + amount, size + abs(amount)
                elif abs(reached - amount) > CLOSES * size:
                    when = (
                        f" {case.words.placed('in', case.words.since - 1 + column)}"
                        if column
                        else f" {case.words.over(line.metric, case.periods)}"
                    )
                    when += f", {run}" if case.asked.recipes else ""
                    raise QuestionError(_unfooted(case.words, line, amount, reached, when))


def _unfooted(words: Words, line: PnlLine, amount: float, reached: float, when: str) -> Problem:
    shown, sum_ = words.apart(line.metric, amount, reached)
    missing = words.unsigned(line.metric, amount - reached)
    which = "missing" if amount > reached else "too much"
    reason = f"{line.label} is {shown}{when}, and the lines above it come to {sum_}: {missing} is {which}"
    fix = "list every line that leads to it under `statement:`, or change a line instead of a subtotal"
    return Problem(metric=line.metric, reason=reason, fix=fix)
