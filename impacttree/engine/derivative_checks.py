"""Two more ways to a derivative, independent of the generated reverse sweep: complex step, and sympy's partials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from functools import cache
from typing import Any

import mpmath
import numpy as np
import sympy

from impacttree.engine.complex_columns import compute_columns
from impacttree.engine.model import Model, Run
from impacttree.engine.program import Row
from impacttree.engine.symbolic import Closed, scheduled
from impacttree.engine.tape import Block, row_of
from impacttree.formula import FUNCTIONS
from impacttree.formula.evaluation import COMPARISONS
from impacttree.graph.model import Metric, Reference

__all__ = ["complex_steps", "symbolic_chain"]

STEP = 1e-40
MOST_COLUMNS = 512
"""Complex points that are evaluated together: what they hold stays in the cache of the processor."""
MOST_NUMBERS = 4_000_000
"""Held at once, of which a large tree over many periods has many at each point."""
DIGITS = 30
Slopes = Mapping[tuple[int, int], Sequence[tuple[Reference, Decimal]]]
"""(metric, position) -> partial derivatives of its rule; position -1 is the horizon."""
Contributions = dict[int, tuple[Decimal, Decimal]]
"""Sums of contributions by slot, signed and absolute side by side."""
Evaluated = Callable[..., Any]
ZERO, ONE = Decimal(0), Decimal(1)


def complex_steps(model: Model, run: Run, slots: Sequence[int], outcome: int) -> list[float]:
    """Return d outcome / d (amount added to a slot in every period), for each slot by evaluating at a complex point.

    The slot is fixed to its path plus an imaginary step, so its own feedback is cut. Points are columns of arrays.
    """
    width = max(1, min(MOST_COLUMNS, MOST_NUMBERS // (model.size * len(run.rows))))
    parts = (slots[first : first + width] for first in range(0, len(slots), width))
    with np.errstate(all="ignore"):  # the side of a branch that is not taken may have no value
        return [slope for part in parts for slope in _stepped(model, run, part, outcome)]


def _stepped(model: Model, run: Run, slots: Sequence[int], outcome: int) -> list[float]:
    rows: list[list[Any]] = []
    initial, base = list(np.array(run.initial)), list(np.array(model.base))
    for position, real in enumerate(run.rows):
        past = {lag: rows[position - lag] if position >= lag else initial for lag in model.lags}
        rows.append(list(np.array(real)))
        _move(rows[-1], model.step.blocks, base, model.numbers(position + 1), past, _fixed(slots, real))
    if not model.recomputes(outcome):
        return _slopes_of(_total(model, run, rows, outcome), len(slots))
    real = run.horizon()
    totals = list(np.array(real))
    for index in {load.slot for block in model.recomputed.blocks for load in block.loads.values()}:
        if not model.recomputes(index):
            totals[index] = _total(model, run, rows, index)
    base = list(np.array(model.horizon_base(run.periods)))
    _move(totals, model.recomputed.blocks, base, model.parameters, {}, _fixed(slots, real))
    return _slopes_of(totals[outcome], len(slots))


def _move(
    row: list[Any],
    blocks: Sequence[Block],
    base: Sequence[Any],
    parameters: Sequence[float],
    past: Mapping[int, Sequence[Any]],
    fixed: Mapping[int, tuple[Any, Any]],
) -> None:
    """Compute anew, in a row of values, what reads columns; put in its place what is fixed in some of them."""
    numbers = list(np.array(parameters))
    for block in blocks:
        read = [row_of(load, row, base, past)[load.slot] for load in block.loads.values()]
        if any(isinstance(value, np.ndarray) for value in read):
            row[block.slot] = compute_columns(block, read, numbers)
        if block.slot in fixed:
            free, step = fixed[block.slot]
            row[block.slot] = row[block.slot] * free + step


def _fixed(slots: Sequence[int], real: Row) -> Mapping[int, tuple[Any, Any]]:
    """Return, of each slot, where it is free, and what it is in its own column: its value plus an imaginary step."""
    free = 1.0 - np.eye(len(slots))
    fixed = np.diag([real[slot] + STEP * 1j for slot in slots])
    return {slot: (free[column], fixed[column]) for column, slot in enumerate(slots)}


def _slopes_of(values: Any, count: int) -> list[float]:
    slopes: list[float] = np.broadcast_to(np.imag(values) / STEP, count).tolist()
    return slopes


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


def symbolic_chain(closed: Closed, model: Model, run: Run, outcome: int) -> tuple[tuple[float, float], ...]:
    """Return, for each metric, the derivative by the chain rule over sympy's partials, and its absolute size.

    Partials are evaluated with 30 digits by mpmath and chained with as many. The second number is the sum of the
    absolute contributions of all paths: what an error has to be compared with.
    """
    totals, metrics = run.horizon(), model.graph.metrics
    with mpmath.workdps(DIGITS), localcontext(Context(prec=DIGITS, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])):
        rules = [_Rule(closed, metric) for metric in metrics]
        slopes = {
            (metric.index, position): rules[metric.index].slopes(model, run, totals, position)
            for metric in metrics
            for position in range(len(run.rows))
        }
        slopes |= {(b.slot, -1): rules[b.slot].slopes(model, run, totals, -1) for b in model.recomputed.blocks}
        whole = _swept(model, run, slopes, outcome, None)
        return tuple(
            _swept(model, run, slopes, outcome, metric.index)[metric.index] if metric.on_loop else whole[metric.index]
            for metric in metrics
        )


def _add(sums: Contributions, key: int, signed: Decimal, absolute: Decimal) -> None:
    before = sums.get(key)
    sums[key] = (signed, absolute) if before is None else (before[0] + signed, before[1] + absolute)


def _swept(model: Model, run: Run, slopes: Slopes, outcome: int, cut: int | None) -> list[tuple[float, float]]:
    """Carry the outcome's derivative back through the horizon and every period; the rule of `cut` passes nothing on."""
    by_name, repeats = model.graph.by_name, run.repeats
    horizon: Contributions = {outcome: (ONE, ONE)}
    rows: list[Contributions] = [{} for _ in run.rows]
    nothing = ZERO, ZERO
    for block in reversed(model.recomputed.blocks):
        signed, absolute = horizon.get(block.slot, nothing)
        for ref, slope in slopes[block.slot, -1] if block.slot != cut and absolute else ():
            _add(horizon, by_name[ref.source], slope * signed, abs(slope) * absolute)
    for slot, (signed, absolute) in horizon.items():
        for position, weight in _weights(model.aggregations[slot], len(rows), repeats):
            _add(rows[position], slot, signed * weight, absolute * weight)
    for position in range(len(rows) - 1, -1, -1):
        for slot in reversed(model.graph.order):
            signed, absolute = rows[position].get(slot, nothing)
            if not absolute or slot == cut:
                continue
            for ref, slope in slopes[slot, position]:
                for past in _read_at(ref, position):
                    _add(rows[past], by_name[ref.source], slope * signed, abs(slope) * absolute)
    sums = []
    for slot, rule in enumerate(model.aggregations[: len(model.graph.metrics)]):
        parts = [row[slot] for row in rows if slot in row]
        if rule == "recompute" and slot in horizon:
            parts.append(horizon[slot])
        sums.append((float(sum((part[0] for part in parts), ZERO)), float(sum((part[1] for part in parts), ZERO))))
    return sums


def _weights(rule: str, count: int, repeats: int) -> list[tuple[int, Decimal]]:
    """Return the positions that a horizon value is made of, each with its weight."""
    match rule:
        case "sum":
            return [(position, Decimal(repeats)) for position in range(count)]
        case "mean":
            return [(position, ONE / count) for position in range(count)]
        case "last":
            return [(count - 1, ONE)]
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


class _Rule:
    """The partial derivatives of one metric's rule, to be evaluated in each period."""

    def __init__(self, closed: Closed, metric: Metric) -> None:
        self.read = (*metric.references, *scheduled(closed.graph, metric))
        partials = closed.partials(metric)
        names: list[Any] = list(partials[0][2].values()) if partials else []
        self.conditions: list[tuple[Callable[..., bool], Evaluated, Evaluated]] = []
        for condition in closed.conditions(metric) if partials else ():
            left, right = (_evaluated(side, tuple(names)) for side in (condition.left, condition.right))
            self.conditions.append((COMPARISONS[condition.op], left, right))
            names.append(condition.symbol)
        self.partials = [(ref, _evaluated(slope, tuple(names))) for ref, slope, _ in partials]
        self.known: dict[tuple[float, ...], list[tuple[Reference, Decimal]]] = {}
        """Derivatives by what the rule reads, which many periods have in common."""

    def slopes(self, model: Model, run: Run, totals: Row, position: int) -> list[tuple[Reference, Decimal]]:
        """Return the derivatives at a period's values (-1: at the horizon's), without those that are zero."""
        if not self.partials:
            return []
        read = tuple(_value(model, run, totals, ref, position) for ref in self.read)
        if read not in self.known:
            self.known[read] = self._slopes_at(read)
        return self.known[read]

    def _slopes_at(self, read: Sequence[float]) -> list[tuple[Reference, Decimal]]:
        at = list(map(mpmath.mpf, read))
        for compare, left, right in self.conditions:
            at.append(compare(left(*at), right(*at)))
        found = ((ref, _decimal(slope(*at))) for ref, slope in self.partials)
        return [(ref, slope) for ref, slope in found if slope]


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


@cache
def _evaluated(expression: Any, names: tuple[Any, ...]) -> Evaluated:
    """Return a function of numbers in the order of `names`, infinite where the expression divides by zero.

    The symbols of an expression have generated names, so nothing of the user's is executed.
    """
    if expression.is_number:
        known = mpmath.mpf(str(sympy.N(expression, DIGITS)))
        return lambda *_: known
    steps = {function.name: function.python for function in FUNCTIONS.values() if function.steps}
    function = sympy.lambdify(names, expression, modules=[steps, "mpmath"])

    def evaluated(*numbers: Any) -> Any:
        try:
            return function(*numbers)
        except ZeroDivisionError:
            return mpmath.inf

    return evaluated


def _decimal(number: Any) -> Decimal:
    """Return a number of mpmath as a decimal, which adds and multiplies many times faster."""
    exact = mpmath.mpf(number)
    if not mpmath.isfinite(exact):
        return Decimal(float(exact))
    mantissa, exponent = exact.man_exp
    return Decimal(int(mantissa)) * _power_of_two(exponent) * (-1 if exact < 0 < mantissa else 1)


@cache
def _power_of_two(exponent: int) -> Decimal:
    return Decimal(2) ** exponent
