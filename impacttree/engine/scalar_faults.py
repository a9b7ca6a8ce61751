"""Find out which operation of which metric has no finite real value, and say so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from impacttree.engine.codegen import Intervened
from impacttree.engine.program import Effects, Program, Row
from impacttree.engine.tape import Block, load_of, row_of
from impacttree.errors import EvaluationError, Problem
from impacttree.formula import Fault, evaluate, unparse
from impacttree.formula.ast import Expr, Parameter
from impacttree.formula.evaluate import Leaf
from impacttree.graph.model import Graph

__all__ = ["Naming", "Period", "explain", "too_large"]


@dataclass(frozen=True, slots=True)
class Naming:
    """What turns slots and positions back into the user's metrics and parameters."""

    graph: Graph
    owners: Sequence[int]
    slot_of: Mapping[str, int]
    position_of: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Period:
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


def explain(naming: Naming, period: Period) -> NoReturn:
    """Redo a period that failed, one metric at a time, and raise the `EvaluationError` that names the operation."""
    now = period.now
    for block in period.program.blocks:
        if period.kinds.get(block.slot) == "fix":
            now[block.slot] = period.effects[block.slot]
            continue
        try:
            value = evaluate(block.rule, _Reading(naming, period))
        except Fault as fault:
            raise _error(naming, block, fault, period) from None
        scale, shift = period.effects[block.slot] if block.slot in period.kinds else (1.0, 0.0)
        now[block.slot] = value * scale + shift
        if not math.isfinite(now[block.slot]):
            raise _error(naming, block, Fault("the result is too large for a number", (0, 0)), period)
    raise AssertionError("a period failed in generated code, but not one operation at a time")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a leaf of a formula stands for in a period."""

    naming: Naming
    period: Period

    def __call__(self, leaf: Leaf) -> float:
        period = self.period
        if isinstance(leaf, Parameter):
            return period.parameters[self.naming.position_of[leaf.address]]
        load = load_of(leaf, self.naming.slot_of)
        return row_of(load, period.now, period.base, period.past)[load.slot]


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


def _error(naming: Naming, block: Block, fault: Fault, period: Period) -> EvaluationError:
    graph, owners = naming.graph, naming.owners
    metric = graph.metrics[owners[block.slot]]
    operands = []
    for load in block.loads.values():
        row = row_of(load, period.now, period.base, period.past)
        when = {"now": "", "baseline": " at t = 0", "prev": f" {load.lag} earlier"}[load.timing]
        operands.append(f"{graph.metrics[owners[load.slot]].name}{when} = {row[load.slot]:g}")
    when = {0: "at t = 0", -1: "over the horizon"}.get(period.t, f"in {graph.spec.period} {period.t}")
    listed = ", ".join(operands[:8]) + (" ..." if len(operands) > 8 else "")
    text, span = _formula(metric.spec.formula, metric.rule, fault)
    line, column = graph.spec.places.find("metrics", metric.name, "formula")
    problem = Problem(
        reason=f"{fault.reason} {when}" + (f" ({listed})" if listed else ""),
        fix="guard it with if(condition, a, b), or correct the values",
        file=graph.spec.places.file,
        line=line,
        column=column,
        metric=metric.name,
        key="formula" if metric.origin == "formula" else metric.origin,
        formula=text,
        span=span,
    )
    return EvaluationError(problem)


def _formula(written: str | None, rule: Expr, fault: Fault) -> tuple[str, tuple[int, int]]:
    text = written if written is not None else unparse(rule)
    return text, fault.span if written is not None and fault.span != (0, 0) else (0, len(text))
