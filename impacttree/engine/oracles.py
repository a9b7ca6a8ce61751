"""Two more ways to a derivative, independent of the generated reverse sweep: complex step, and sympy's partials."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import mpmath
import sympy

from impacttree.engine.model import Model, Run
from impacttree.engine.symbolic import Closed
from impacttree.graph.model import Reference

__all__ = ["complex_step", "symbolic_chain"]

STEP = 1e-40
Slopes = Mapping[tuple[int, int], list[tuple[Reference, Any]]]
"""(metric, position) -> partial derivatives of its rule; position -1 is the horizon."""


def complex_step(model: Model, run: Run, slot: int, outcome: int) -> float:
    """Return d outcome / d (amount added to `slot` in every period) by evaluating at a complex point.

    The slot is fixed to its path plus an imaginary step, so its own feedback is cut.
    """
    rows: list[list[Any]] = []
    initial: list[Any] = list(run.initial)
    functions = model.step.values({slot: "fix"}, "complex")
    for position, real in enumerate(run.rows):
        row: list[Any] = [0.0] * model.size
        past = [rows[position - lag] if position >= lag else initial for lag in model.lags]
        for function in functions:
            function(row, model.base, model.parameters, past, {slot: real[slot] + STEP * 1j})
        rows.append(row)
    totals: list[Any] = [0.0] * model.size
    for index, rule in enumerate(model.aggregations):
        column = [row[index] for row in rows]
        totals[index] = {
            "sum": sum(column) * run.repeats,
            "mean": sum(column) / len(column),
            "last": column[-1],
            "recompute": 0.0,
        }[rule]
    fixed = {slot: run.horizon()[slot] + STEP * 1j}
    base = model.horizon_base(run.periods)
    for function in model.recomputed.values({slot: "fix"}, "complex"):
        function(totals, base, model.parameters, (), fixed)
    return float(complex(totals[outcome]).imag / STEP)


def symbolic_chain(model: Model, run: Run, outcome: int) -> tuple[tuple[float, float], ...]:
    """Return, for each metric, the derivative by the chain rule over sympy's partials, and its absolute size.

    Partials are evaluated and chained with 30 digits by mpmath. The second number is the sum of the absolute
    contributions of all paths: what an error has to be compared with.
    """
    closed = Closed(model.graph)
    with mpmath.workdps(30):
        slopes = {
            (metric.index, position): _slopes(model, closed, run, metric.index, position)
            for metric in model.graph.metrics
            for position in range(len(run.rows))
        }
        slopes |= {(b.slot, -1): _slopes(model, closed, run, b.slot, -1) for b in model.recomputed.blocks}
        return tuple(_chained(model, run, slopes, metric.index, outcome) for metric in model.graph.metrics)


def _chained(model: Model, run: Run, slopes: Slopes, slot: int, outcome: int) -> tuple[float, float]:
    """Carry a unit move of `slot` forward through every period, signed and absolute side by side."""
    graph = model.graph
    count = len(graph.metrics)
    moves: list[list[tuple[Any, Any]]] = []
    for position in range(len(run.rows)):
        row = [(mpmath.mpf(0), mpmath.mpf(0))] * count
        moves.append(row)
        for index in graph.order:
            if index == slot:
                row[index] = (mpmath.mpf(1), mpmath.mpf(1))
                continue
            signed = absolute = mpmath.mpf(0)
            for ref, slope in slopes[index, position]:
                move = _move(moves, graph.by_name[ref.source], ref, position)
                signed, absolute = signed + slope * move[0], absolute + abs(slope) * move[1]
            row[index] = (signed, absolute)
    totals = [_total(model, run, moves, index) for index in range(count)]
    for block in model.recomputed.blocks:
        if block.slot == slot:
            totals[slot] = (mpmath.mpf(1), mpmath.mpf(1))
            continue
        named = [(slope, totals[graph.by_name[ref.source]]) for ref, slope in slopes[block.slot, -1]]
        totals[block.slot] = (sum(s * m[0] for s, m in named), sum(abs(s) * m[1] for s, m in named))
    return float(totals[outcome][0]), float(totals[outcome][1])


def _move(moves: list[list[tuple[Any, Any]]], source: int, ref: Reference, position: int) -> tuple[Any, Any]:
    match ref.timing:
        case "prev":
            past = position - ref.lag
            return moves[past][source] if past >= 0 else (mpmath.mpf(0), mpmath.mpf(0))
        case "cumulative":
            through = [row[source] for row in moves[: position + 1]]
            return sum(m[0] for m in through), sum(m[1] for m in through)
        case _:
            return moves[position][source]


def _total(model: Model, run: Run, moves: list[list[tuple[Any, Any]]], index: int) -> tuple[Any, Any]:
    column = [row[index] for row in moves]
    match model.aggregations[index]:
        case "sum":
            return sum(m[0] for m in column) * run.repeats, sum(m[1] for m in column) * run.repeats
        case "mean":
            return sum(m[0] for m in column) / len(column), sum(m[1] for m in column) / len(column)
        case _:
            return column[-1]


def _slopes(model: Model, closed: Closed, run: Run, index: int, position: int) -> list[tuple[Reference, Any]]:
    """Return the partial derivatives of one metric's rule at a period's values (-1: at the horizon's)."""
    metric = model.graph.metrics[index]
    values = {ref: _value(model, run, ref, position) for ref in metric.references}
    return [(ref, _evaluate(partial, symbols, values)) for ref, partial, symbols in closed.partials(metric)]


def _value(model: Model, run: Run, ref: Reference, position: int) -> float:
    slot = model.graph.by_name[ref.source]
    if position < 0:
        base = model.horizon_base(run.periods)
        return base[slot] if ref.timing == "baseline" else run.horizon()[slot]
    match ref.timing:
        case "baseline":
            return model.base[slot]
        case "cumulative":
            return run.rows[position][model.accumulator[slot]]
        case "prev":
            past = position - ref.lag
            return run.rows[past][slot] if past >= 0 else run.initial[slot]
        case _:
            return run.rows[position][slot]


def _evaluate(partial: Any, symbols: Mapping[Reference, Any], values: Mapping[Reference, float]) -> Any:
    if partial.is_number:
        return mpmath.mpf(str(sympy.N(partial, 30)))
    names = tuple(symbols.values())
    return _compiled(partial, names)(*(mpmath.mpf(values[ref]) for ref in symbols))


@cache
def _compiled(partial: Any, names: tuple[Any, ...]) -> Any:
    """Compile one partial derivative; its symbols have generated names, so nothing of the user's is executed."""
    return sympy.lambdify(names, partial, modules="mpmath")
