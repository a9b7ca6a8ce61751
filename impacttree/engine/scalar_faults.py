"""Find out which operation of which metric has no finite real value, and say so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from impacttree.engine.codegen import Intervened
from impacttree.engine.program import Effects, Program, Row
from impacttree.engine.tape import COMPARISONS, Block, Body, Instruction, Select
from impacttree.errors import EvaluationError, Problem
from impacttree.formula import FUNCTIONS, unparse
from impacttree.formula.ast import Expr
from impacttree.graph.model import Graph

__all__ = ["Fault", "Naming", "explain", "interpret", "too_large"]


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
            values[step[0]] = values[step[1]]
        elif isinstance(step, Select):
            side: Body = step.then if COMPARISONS[step.op](values[step.left], values[step.right]) else step.otherwise
            pending.append((step.out, side.result))
            pending.extend(reversed(side.instructions))
        else:
            values[step.out] = _operate(step, [values[arg] for arg in step.args])
    return values[block.body.result]


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


def explain(
    naming: Naming,
    parameters: Sequence[float],
    program: Program,
    v: Row,
    b: Row,
    past: Sequence[Row],
    kinds: Intervened,
    effects: Effects,
    t: int,
) -> NoReturn:
    """Redo a period that failed, one metric at a time, and raise the `EvaluationError` that names the operation."""
    rows = dict(zip(program.lags, past, strict=True))
    for block in program.blocks:
        if kinds.get(block.slot) == "fix":
            v[block.slot] = effects[block.slot]
            continue
        try:
            value = interpret(block, v, b, parameters, rows)
        except Fault as fault:
            raise _error(naming, block, fault, v, b, rows, t) from None
        scale, shift = effects[block.slot] if block.slot in kinds else (1.0, 0.0)
        v[block.slot] = value * scale + shift
        if not math.isfinite(v[block.slot]):
            raise _error(naming, block, Fault("the result is too large for a number", (0, 0)), v, b, rows, t)
    raise AssertionError("a period failed in generated code, but not one operation at a time")


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


def _error(
    naming: Naming, block: Block, fault: Fault, v: Row, b: Row, past: Mapping[int, Row], t: int
) -> EvaluationError:
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
