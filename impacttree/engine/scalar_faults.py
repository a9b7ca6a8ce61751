"""Find out which operation of which metric has no finite real value, and say so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from impacttree.engine.codegen import Intervened
from impacttree.engine.program import Effects, Program, Row
from impacttree.engine.tape import COMPARISONS, Block, Body, Instruction, Select
from impacttree.errors import EvaluationError, Problem
from impacttree.formula import FUNCTIONS, unparse
from impacttree.formula.ast import Expr
from impacttree.graph.model import Graph

__all__ = ["Fault", "Missing", "Naming", "interpret", "redo", "too_large", "unknown_today"]


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a metric has no value in a period."""

    reason: str
    """``division by zero in month 1``, ``first known in month 1``"""
    problem: Problem
    """Of the metric where it began, which may be another."""


class MissingError(ArithmeticError):
    """A value that has none is read: which load of the block."""

    def __init__(self, temporary: int) -> None:
        super().__init__()
        self.temporary = temporary


class Fault(ArithmeticError):
    """An operation without a finite real result: which, and why."""

    def __init__(self, reason: str, span: tuple[int, int]) -> None:
        super().__init__(reason)
        self.reason, self.span = reason, span


def interpret(block: Block, v: Row, b: Row, p: Sequence[float], past: Mapping[int, Row]) -> float:
    """Compute a block one operation at a time; slow, plain, and independent of the generated code.

    Parameters
    ----------
    v, b, p
        Values of this period, at t = 0 of the base case, and parameters.
    past
        Rows by lag.

    Raises
    ------
    Fault
        At the first operation without a finite real result.
    MissingError
        Where a value is needed that has none (NaN).
    """
    values: dict[int, float] = dict(block.constants)
    values |= {temporary: p[position] for temporary, position in block.parameters.items()}
    for temporary, load in block.loads.items():
        row = {"now": v, "baseline": b}.get(load.timing) or past[load.lag]
        values[temporary] = row[load.slot]
    pending: list[Instruction | Select | tuple[int, int]] = list(reversed(block.body.instructions))
    while pending:
        step = pending.pop()
        if isinstance(step, tuple):
            values[step[0]] = _known(values, step[1])
        elif isinstance(step, Select):
            left, right = _known(values, step.left), _known(values, step.right)
            side: Body = step.then if COMPARISONS[step.op](left, right) else step.otherwise
            pending.append((step.out, side.result))
            pending.extend(reversed(side.instructions))
        else:
            values[step.out] = _operate(step, [_known(values, arg) for arg in step.args])
    return _known(values, block.body.result)


def _known(values: Mapping[int, float], temporary: int) -> float:
    if math.isnan(values[temporary]):
        raise MissingError(temporary)
    return values[temporary]


def _operate(step: Instruction, args: Sequence[float]) -> float:
    try:
        result = _result(step, args)
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        raise Fault(_reason(step, args, error), step.span) from None
    if not math.isfinite(result):
        raise Fault("the result is too large for a number", step.span)
    return result


def _result(step: Instruction, args: Sequence[float]) -> float:
    match step.operation:
        case "neg":
            return -args[0]
        case "add":
            return args[0] + args[1]
        case "sub":
            return args[0] - args[1]
        case "mul":
            return args[0] * args[1]
        case "div":
            return args[0] / args[1]
        case "pow":
            return math.pow(args[0], args[1])
    return float(getattr(math, step.function)(*args))


def _reason(step: Instruction, args: Sequence[float], error: Exception) -> str:
    if step.operation == "div":
        return "division by zero"
    if step.operation == "pow" and not isinstance(error, OverflowError):
        return f"{args[0]:g} to the power {args[1]:g} is not a real number"
    if isinstance(error, OverflowError):
        return "the result is too large for a number"
    return f"{FUNCTIONS[step.function].name} of {args[0]:g} is not a real number"


@dataclass(frozen=True, slots=True)
class Naming:
    """What turns slots back into the user's metrics."""

    graph: Graph
    owners: Sequence[int]


def redo(
    naming: Naming,
    parameters: Sequence[float],
    program: Program,
    v: Row,
    b: Row,
    past: Sequence[Row],
    kinds: Intervened,
    effects: Effects,
    t: int,
    known: Callable[[int, int], Missing],
) -> dict[int, Missing]:
    """Redo a period one metric at a time, with NaN for what has no value, and return why that is, by slot.

    Parameters
    ----------
    known
        Gives why a slot has no value in an earlier period.
    """
    rows = dict(zip(program.lags, past, strict=True))
    found: dict[int, Missing] = {}
    for block in program.blocks:
        slot = block.slot
        if kinds.get(slot) == "fix":
            v[slot] = effects[slot]
            continue
        try:
            scale, shift = effects[slot] if slot in kinds else (1.0, 0.0)
            v[slot] = interpret(block, v, b, parameters, rows) * scale + shift
            if not math.isfinite(v[slot]):
                raise Fault("the result is too large for a number", (0, 0))
        except Fault as fault:
            found[slot] = _missing(naming, block, fault, v, b, rows, t)
        except MissingError as missing:
            load = block.loads[missing.temporary]
            if load.timing == "now":
                found[slot] = found.get(load.slot) or known(load.slot, t)
            else:
                found[slot] = known(load.slot, max(0, t - load.lag) if load.timing == "prev" else 0)
        if slot in found:
            v[slot] = math.nan
    return found


def unknown_today(naming: Naming, slot: int) -> Missing:
    """Return why a metric that compares another with its own past has no value at t = 0."""
    metric, spec = naming.graph.metrics[naming.owners[slot]], naming.graph.spec
    line, column = spec.places.find("metrics", metric.name, "formula")
    reason = f"first known in {spec.period} 1"
    problem = Problem(
        reason=f"has no value at t = 0, and it is read there: it compares a metric with its own past, {reason}",
        fix="state its value at t = 0 as `start`",
        file=spec.places.file,
        line=line,
        column=column,
        metric=metric.name,
        key="formula",
    )
    return Missing(reason, problem)


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


def _missing(naming: Naming, block: Block, fault: Fault, v: Row, b: Row, past: Mapping[int, Row], t: int) -> Missing:
    graph, owners = naming.graph, naming.owners
    metric = graph.metrics[owners[block.slot]]
    operands = []
    for load in block.loads.values():
        row = {"now": v, "baseline": b}.get(load.timing) or past[load.lag]
        when = {"now": "", "baseline": " at t = 0"}.get(load.timing, f" {load.lag} earlier")
        operands.append(f"{graph.metrics[owners[load.slot]].name}{when} = {row[load.slot]:g}")
    when = {0: "at t = 0", -1: "over the horizon"}.get(t, f"in {graph.spec.period} {t}")
    listed = ", ".join(operands[:8]) + (" ..." if len(operands) > 8 else "")
    text, span = _formula(metric.spec.formula, metric.rule, fault)
    line, column = graph.spec.places.find("metrics", metric.name, "formula")
    problem = Problem(
        reason=f"{fault.reason} {when}" + (f" ({listed})" if listed else ""),
        fix="correct the values, or say with if(condition, a, b) what holds then",
        file=graph.spec.places.file,
        line=line,
        column=column,
        metric=metric.name,
        key="formula" if metric.origin == "formula" else metric.origin,
        formula=text,
        span=span,
    )
    return Missing(f"{fault.reason} {_when(naming, t)}", problem)


def _when(naming: Naming, t: int) -> str:
    """Write a period as a reader says it: ``today``, ``in month 3``, ``over the horizon``."""
    return {0: "today", -1: "over the horizon"}.get(t, f"in {naming.graph.spec.period} {t}")


def _formula(written: str | None, rule: Expr, fault: Fault) -> tuple[str, tuple[int, int]]:
    text = written if written is not None else unparse(rule)
    return text, fault.span if written is not None and fault.span != (0, 0) else (0, len(text))
