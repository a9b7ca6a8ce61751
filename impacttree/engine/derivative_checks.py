"""Two more ways to a derivative, independent of the generated reverse sweep: complex step, and sympy's partials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import mpmath
import sympy

from impacttree.engine.model import Model, Run
from impacttree.engine.program import Row
from impacttree.engine.symbolic import Closed, scheduled
from impacttree.formula import FUNCTIONS
from impacttree.formula.evaluate import COMPARISONS
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
            function(row, model.base, model.numbers(position + 1), past, {slot: real[slot] + STEP * 1j})
        rows.append(row)
    if not model.recomputes(outcome):
        return float(complex(_total(model, run, rows, outcome)).imag / STEP)
    totals: list[Any] = [0.0] * model.size
    for index in {load.slot for block in model.recomputed.blocks for load in block.loads.values()}:
        totals[index] = _total(model, run, rows, index)
    fixed = {slot: run.horizon()[slot] + STEP * 1j}
    base = model.horizon_base(run.periods)
    for function in model.recomputed.values({slot: "fix"}, "complex"):
        function(totals, base, model.parameters, (), fixed)
    return float(complex(totals[outcome]).imag / STEP)


def _total(model: Model, run: Run, rows: Sequence[Sequence[Any]], slot: int) -> Any:
    """Return the value over the horizon of a metric that is not recomputed from others."""
    column = [row[slot] for row in rows]
    match model.aggregations[slot]:
        case "sum":
            return sum(column) * run.repeats
        case "mean":
            return sum(column) / len(column)
        case "last":
            return column[-1]
        case _:
            return 0.0


def symbolic_chain(model: Model, run: Run, outcome: int) -> tuple[tuple[float, float], ...]:
    """Return, for each metric, the derivative by the chain rule over sympy's partials, and its absolute size.

    Partials are evaluated and chained with 30 digits by mpmath. The second number is the sum of the absolute
    contributions of all paths: what an error has to be compared with.
    """
    closed, totals = Closed(model.graph), run.horizon()
    with mpmath.workdps(30):
        slopes = {
            (metric.index, position): _slopes(model, closed, run, totals, metric.index, position)
            for metric in model.graph.metrics
            for position in range(len(run.rows))
        }
        slopes |= {(b.slot, -1): _slopes(model, closed, run, totals, b.slot, -1) for b in model.recomputed.blocks}
        whole = _swept(model, run, slopes, outcome, None)
        return tuple(
            _swept(model, run, slopes, outcome, metric.index)[metric.index] if metric.on_loop else whole[metric.index]
            for metric in model.graph.metrics
        )


class _Pairs:
    """Sums of contributions by key, signed and absolute side by side."""

    def __init__(self) -> None:
        self.sums: dict[int, tuple[Any, Any]] = {}

    def add(self, key: int, signed: Any, absolute: Any) -> None:
        before = self.sums.get(key, (0, 0))
        self.sums[key] = (before[0] + signed, before[1] + absolute)

    def __getitem__(self, key: int) -> tuple[Any, Any]:
        return self.sums.get(key, (mpmath.mpf(0), mpmath.mpf(0)))


def _swept(model: Model, run: Run, slopes: Slopes, outcome: int, cut: int | None) -> list[tuple[float, float]]:
    """Carry the outcome's derivative back through the horizon and every period; the rule of `cut` passes nothing on."""
    by_name, repeats = model.graph.by_name, run.repeats
    horizon, rows = _Pairs(), [_Pairs() for _ in run.rows]
    horizon.add(outcome, mpmath.mpf(1), mpmath.mpf(1))
    for block in reversed(model.recomputed.blocks):
        signed, absolute = horizon[block.slot]
        for ref, slope in slopes[block.slot, -1] if block.slot != cut and absolute else ():
            if slope:
                horizon.add(by_name[ref.source], slope * signed, abs(slope) * absolute)
    for slot, (signed, absolute) in horizon.sums.items():
        for position, weight in _weights(model.aggregations[slot], len(rows), repeats):
            rows[position].add(slot, signed * weight, absolute * weight)
    for position in range(len(rows) - 1, -1, -1):
        for slot in reversed(model.graph.order):
            signed, absolute = rows[position][slot]
            if not absolute or slot == cut:
                continue
            for ref, slope in slopes[slot, position]:
                for past in _read_at(ref, position) if slope else ():
                    rows[past].add(by_name[ref.source], slope * signed, abs(slope) * absolute)
    sums = []
    for slot, rule in enumerate(model.aggregations[: len(model.graph.metrics)]):
        parts = [row[slot] for row in rows] + ([horizon[slot]] if rule == "recompute" else [])
        sums.append((float(sum(part[0] for part in parts)), float(sum(part[1] for part in parts))))
    return sums


def _weights(rule: str, count: int, repeats: int) -> list[tuple[int, Any]]:
    """Return the positions that a horizon value is made of, each with its weight."""
    match rule:
        case "sum":
            return [(position, mpmath.mpf(repeats)) for position in range(count)]
        case "mean":
            return [(position, mpmath.mpf(1) / count) for position in range(count)]
        case "last":
            return [(count - 1, mpmath.mpf(1))]
        case _:
            return []


def _read_at(ref: Reference, position: int) -> range:
    """Return the positions whose values a reference reads; t = 0 and before do not move."""
    match ref.timing:
        case "prev":
            return range(max(position - ref.lag, 0), position - ref.lag + 1)
        case "cumulative":
            return range(position + 1)
        case _:
            return range(position, position + 1)


def _slopes(
    model: Model, closed: Closed, run: Run, totals: Row, index: int, position: int
) -> list[tuple[Reference, Any]]:
    """Return the partial derivatives of one metric's rule at a period's values (-1: at the horizon's)."""
    metric = model.graph.metrics[index]
    read = (*metric.references, *scheduled(model.graph, metric))
    values = {ref: _value(model, run, totals, ref, position) for ref in read}
    slopes = closed.partials(metric)
    if not slopes:
        return []
    at = {symbol: mpmath.mpf(values[ref]) for ref, symbol in slopes[0][2].items()}
    for condition in closed.conditions(metric):
        sides = _evaluate(condition.left, at), _evaluate(condition.right, at)
        at[condition.symbol] = COMPARISONS[condition.op](*sides)
    return [(ref, _evaluate(slope, at)) for ref, slope, _ in slopes]


def _value(model: Model, run: Run, totals: Row, ref: Reference, position: int) -> float:
    if ref.source in model.graph.schedules:
        return model.graph.schedules[ref.source].at(position + 1)
    slot = model.graph.by_name[ref.source]
    if position < 0:
        return (model.horizon_base(run.periods) if ref.timing == "baseline" else totals)[slot]
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


def _evaluate(expression: Any, at: Mapping[Any, Any]) -> Any:
    if expression.is_number:
        return mpmath.mpf(str(sympy.N(expression, 30)))
    try:
        return _compiled(expression, tuple(at))(*at.values())
    except ZeroDivisionError:
        return mpmath.inf


@cache
def _compiled(expression: Any, names: tuple[Any, ...]) -> Any:
    """Compile one expression; its symbols have generated names, so nothing of the user's is executed."""
    steps = {function.name: function.python for function in FUNCTIONS.values() if function.steps}
    return sympy.lambdify(names, expression, modules=[steps, "mpmath"])
