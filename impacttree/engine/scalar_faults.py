"""Find out which operation of which metric has no finite real value, and say so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import NoReturn

from impacttree.engine.codegen import Intervened
from impacttree.engine.program import Effects, Program, Row
from impacttree.engine.tape import Block, Load, load_of, row_of
from impacttree.errors import EvaluationError, Problem
from impacttree.formula import NOT_MEANINGFUL, Fault, evaluate, unparse
from impacttree.formula.ast import Expr, Parameter
from impacttree.formula.core import Clock
from impacttree.formula.evaluation import Leaf
from impacttree.graph.model import Graph
from impacttree.records import dataclass
from impacttree.spec.places import NOWHERE, Places

__all__ = ["Missing", "Naming", "PeriodState", "redo", "too_large"]


_TO_CORRECT = "correct the values, or say with if(condition, a, b) what holds then"
_AS_WRITTEN = "its formula divides by 0 there to say so; ask about another metric, or of other values"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a metric has no value in a period."""

    reason: str
    """``division by zero in month 1``"""
    told: Problem
    """Of the metric where it began, which may be another; where it stands in a file is looked up when it is read."""
    places: Places = field(default=NOWHERE, compare=False)

    def problem(self) -> Problem:
        """Return what is told, with its place in the file."""
        line, column = self.places.find("metrics", self.told.metric, "formula")
        return replace(self.told, file=self.places.file, line=line, column=column)


class MissingError(ArithmeticError):
    """A value is read that there is not."""

    def __init__(self, load: Load) -> None:
        super().__init__()
        self.load = load


@dataclass(frozen=True, slots=True)
class Naming:
    """What turns slots and positions back into the user's metrics and parameters."""

    graph: Graph
    owners: Sequence[int]
    slot_of: Mapping[str, int]
    position_of: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PeriodState:
    """One evaluation of a program: what it reads, what changes do, and when it is.

    Parameters
    ----------
    now, base, past
        Values of this period, at t = 0 of the base case, and of earlier periods by lag.
    t
        The period; -1 over the horizon.
    """

    program: Program
    now: Row
    base: Row
    past: Mapping[int, Row]
    parameters: Sequence[float]
    kinds: Intervened
    effects: Effects
    t: int


def redo(naming: Naming, period: PeriodState, known: Callable[[int, int], Missing]) -> dict[int, Missing]:
    """Redo a period one metric at a time, with NaN for what has no value, and return why that is, by slot.

    Parameters
    ----------
    known
        Gives why a slot has no value at an earlier t.
    """
    now, found = period.now, dict[int, Missing]()
    for block in period.program.blocks:
        slot = block.slot
        if period.kinds.get(slot) == "fix":
            now[slot] = period.effects[slot]
            continue
        scale, shift = period.effects[slot] if slot in period.kinds else (1.0, 0.0)
        try:
            now[slot] = evaluate(block.rule, _Reading(naming, period)) * scale + shift
            if not math.isfinite(now[slot]):
                raise Fault("the result is too large for a number", (0, 0))
        except Fault as fault:
            found[slot] = _missing(naming, block, fault, period)
        except MissingError as missing:
            load = missing.load
            t = {"now": period.t, "prev": max(0, period.t - load.lag)}.get(load.timing, 0)
            found[slot] = found[load.slot] if t == period.t and load.slot in found else known(load.slot, t)
        if slot in found:
            now[slot] = math.nan
    return found


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a leaf of a formula stands for in a period."""

    naming: Naming
    period: PeriodState

    def __call__(self, leaf: Leaf) -> float:
        period = self.period
        if isinstance(leaf, Parameter | Clock):
            return period.parameters[self.naming.position_of[leaf.address]]
        load = load_of(leaf, self.naming.slot_of)
        value = row_of(load, period.now, period.base, period.past)[load.slot]
        if math.isnan(value):
            raise MissingError(load)
        return value


def too_large(naming: Naming, row: Row) -> NoReturn:
    """Raise the `EvaluationError` that names the metric whose values add up to more than a number can hold."""
    slot = next(slot for slot, value in enumerate(row) if not math.isfinite(value))
    metric = naming.graph.metrics[naming.owners[slot]]
    places = naming.graph.spec.places
    line, column = places.find("metrics", metric.name)
    raise EvaluationError(
        Problem(
            reason="the sum over the horizon is too large for a number",
            fix="correct the values, or state another `aggregate`",
            file=places.file,
            line=line,
            column=column,
            metric=metric.name,
        )
    )


def _missing(naming: Naming, block: Block, fault: Fault, period: PeriodState) -> Missing:
    graph, owners = naming.graph, naming.owners
    metric = graph.metrics[owners[block.slot]]
    operands = []
    for load in block.loads.values():
        row = row_of(load, period.now, period.base, period.past)
        when = {"now": "", "baseline": " at t = 0", "prev": f" {load.lag} earlier"}[load.timing]
        operands.append(f"{graph.metrics[owners[load.slot]].name}{when} = {row[load.slot]:g}")
    in_it = graph.spec.placed("in", period.t) if period.t > 0 else ""
    when = {0: "at t = 0", -1: "over the horizon"}.get(period.t, in_it)
    listed = ", ".join(operands[:8]) + (" ..." if len(operands) > 8 else "")
    text, span = _formula(metric.spec.formula, metric.rule, fault)
    problem = Problem(
        reason=f"{fault.reason} {when}" + (f" ({listed})" if listed else ""),
        fix=_AS_WRITTEN if fault.reason == NOT_MEANINGFUL else _TO_CORRECT,
        metric=metric.name,
        key="formula" if metric.origin == "formula" else metric.origin,
        formula=text,
        span=span,
    )
    told = {0: "today", -1: "over the horizon"}.get(period.t, in_it)
    return Missing(f"{fault.reason} {told}", problem, graph.spec.places)


def _formula(written: str | None, rule: Expr, fault: Fault) -> tuple[str, tuple[int, int]]:
    text = written if written is not None else unparse(rule)
    return text, fault.span if written is not None and fault.span != (0, 0) else (0, len(text))
