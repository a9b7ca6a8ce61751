"""How far rounding may have moved the values of a run: what is left of a cancellation is not a quantity.

``c - a - b`` of 0.3, 0.1 and 0.2 is not zero in floating point. Running error analysis (N. J. Higham, "Accuracy and
Stability of Numerical Algorithms", section 3.3) carries a bound along with every value: with u = 2**-53, operands a and
b known to within ea and eb, and the result r,

- a sum: ``ea + eb + u|r|``; a product: ``|a| eb + |b| ea + u|r|``; a quotient: ``(ea + |r| eb) / |b| + u|r|``,
- a function: ``|f'| ea + 2 u|r|``, libraries being right to a unit in the last place,
- a stated number that is not whole: ``u`` times it, because a decimal fraction has no exact double.

A value within its bound of zero is zero, one within its bound of a limit is at the limit. That takes several times as
long as the evaluation, so that it is done only where some value is far smaller than what it is made of: than the
largest number that it adds up, or, where it multiplies as well, than what is made of it by an error of a billionth in
all that it reads. Conditions in formulas compare plain numbers, so that every evaluator takes the same branch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from impacttree.engine.held import Held
from impacttree.engine.horizon import Last
from impacttree.engine.model import Model, Run
from impacttree.engine.program import Program, Row
from impacttree.engine.tape import Block, Body, Instruction, Load, Select, row_of
from impacttree.formula import FUNCTIONS
from impacttree.formula.evaluation import COMPARISONS
from impacttree.formula.functions import Function

__all__ = ["Rounding", "Settled", "settled", "settled_today", "sizes"]

UNIT = 2.0**-53
STEP = 1e-40
"""Imaginary, so small that nothing but the slope is left of it."""
CLOSE = 1e-9
"""Relative to the largest operand: a value closer to zero, or to a limit, may be there but for rounding."""


class Settled:
    """The values of a run as they are told: zero where only rounding is left.

    Parameters
    ----------
    run
        As the model computed it.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._rounding = Rounding(run) if _is_suspicious(run) else None
        self.initial = self._clean(run.initial, self._rounding.initial if self._rounding else None)
        bounds = self._rounding.rows if self._rounding else [None] * len(run.rows)
        self.rows = tuple(map(self._clean, run.rows, bounds))
        self.periods = run.periods

    @staticmethod
    def _clean(row: Row, bounds: Row | None) -> Row:
        if bounds is None:
            return row
        return [0.0 if abs(value) <= bound else value for value, bound in zip(row, bounds, strict=True)]

    def at(self, t: int) -> Row:
        """Return the values at period t, 0 included."""
        return self.initial if t == 0 else self.rows[0 if self.run.repeats > 1 else t - 1]

    def periods_of(self) -> Iterator[Row]:
        """Yield the values of periods 1..n."""
        return (self.at(t) for t in range(1, self.periods + 1))

    def horizon(self, periods: int | None = None) -> Row:
        """Return each slot's value over the first `periods` by its aggregation rule."""
        count = self.periods if periods is None else periods
        row = self.run.horizon(count)
        return row if self._rounding is None else self._clean(row, self._rounding.horizon(count))

    def is_at(self, slot: int, t: int, limit: float) -> bool:
        """Return whether a value at period t is at a limit but for rounding."""
        return abs(self.at(t)[slot] - limit) <= self.bound(slot, t)

    def bound(self, slot: int, t: int) -> float:
        """Return how far rounding may have moved a value at period t."""
        if self._rounding is None:
            self._rounding = Rounding(self.run)
        return self._rounding.at(t)[slot]


def settled(run: Run) -> Settled:
    """Return the values of a run as they are told.

    Examples
    --------
    >>> from impacttree.engine.model import Model
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> text = "metrics: {a: {value: 0.1}, b: {value: 0.2}, c: {value: 0.3}, left: {formula: c - a - b}}"
    >>> run = Model(build(load_text(text))).run(1)
    >>> run.at(1)[3], settled(run).at(1)[3]
    (-2.7755575615628914e-17, 0.0)
    """
    return Settled(run)


def settled_today(model: Model) -> Row:
    """Return the values at t = 0 of the base case as they are told."""
    return Settled(Run(model, model.base, (), 1, Held())).initial


def sizes(run: Run) -> Row:
    """Return, by slot, the size of the numbers whose rounding a metric's values hold, over time and over the horizon.

    Beside it rounding is to be seen: of a small difference of large numbers it is that of the large ones.
    """
    rounding = Rounding(run)
    return [max(bounds) / UNIT for bounds in zip(*rounding.rows, rounding.horizon(run.periods), strict=True)]


def _loaded(run: Run, load: Load, row: Row, position: int) -> float:
    match load.timing:
        case "now":
            return row[load.slot]
        case "baseline":
            return run.model.base[load.slot]
        case _:
            past = position - load.lag
            return run.rows[past][load.slot] if past >= 0 else run.initial[load.slot]


def _is_suspicious(run: Run) -> bool:
    """Return whether some sum or difference is far smaller than the largest number that it is made of."""
    start, step = run.model.initial.adding, run.model.step.adding
    for position, row in enumerate((run.initial, *run.rows), -1):
        numbers = run.model.numbers(position + 1)
        for block, multiplies in start if position < 0 else step:
            value = abs(row[block.slot])
            if value == 0.0:
                continue
            sizes = [abs(_loaded(run, load, row, position)) for load in block.loads.values()]
            sizes += map(abs, block.constants.values())
            sizes += [abs(numbers[number]) for number in block.parameters.values()]
            largest = math.prod(max(size, 1.0) for size in sizes) if multiplies else max(sizes)
            if value <= CLOSE * largest and not (multiplies and _is_far(run, block, row, position)):
                return True
    return False


def _is_far(run: Run, block: Block, row: Row, position: int) -> bool:
    """Return whether a value is further from zero than errors of `CLOSE` in each value that it reads can move it."""
    if block.slot in run.held.kinds:
        return False
    read = {temporary: _loaded(run, load, row, position) for temporary, load in block.loads.items()}
    loaded = {temporary: (value, CLOSE * abs(value)) for temporary, value in read.items()}
    value, bound = _worked(block, run.model.numbers(position + 1), loaded)
    return abs(value) > bound


class Rounding:
    """Bounds of the rounding errors of a run, in rows as its values are.

    Parameters
    ----------
    run
        As the model computed it.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        model = run.model
        self.initial: Row = [0.0] * model.size
        past = [self.initial] * len(model.lags)
        values_past = [run.initial] * len(model.lags)
        self._step(0, model.initial, run.initial, self.initial, values_past, past, {}, {})
        self.rows: list[Row] = []
        for position, row in enumerate(run.rows):
            bounds: Row = [0.0] * model.size
            past = [self.rows[position - lag] if position >= lag else self.initial for lag in model.lags]
            effects = run.held.effects(position)
            self._step(position + 1, model.step, row, bounds, run.past(position), past, run.held.kinds, effects)
            self.rows.append(bounds)

    def at(self, t: int) -> Row:
        """Return the bounds at period t, 0 included."""
        return self.initial if t == 0 else self.rows[0 if self.run.repeats > 1 else t - 1]

    def horizon(self, periods: int) -> Row:
        """Return the bounds of the values over the first `periods`."""
        run, model = self.run, self.run.model
        values, window = run.horizon(periods), model.window(periods)
        rows = self.rows if model.is_static else self.rows[window.before : periods]
        ways = zip(model.horizons, zip(*rows, strict=True), values, strict=True)
        bounds = [
            0.0 if way is None else way.forward(path, window) + (0.0 if isinstance(way, Last) else UNIT * abs(value))
            for way, path, value in ways
        ]
        origin = (
            model.horizon_base(periods),
            [
                bound if way is None else way.held(bound, window)
                for way, bound in zip(model.horizons, self.initial, strict=True)
            ],
        )
        effects = run.held.over(periods, model.recomputed.chunk_of)
        self._step(-1, model.recomputed, values, bounds, (), (), run.held.kinds, effects, *origin)
        return bounds

    def _step(
        self,
        t: int,
        program: Program,
        values: Row,
        bounds: Row,
        values_past: Sequence[Row],
        bounds_past: Sequence[Row],
        kinds: Mapping[int, str],
        effects: Mapping[int, Any],
        base: Row | None = None,
        base_bounds: Row | None = None,
    ) -> None:
        """Fill in the bounds of period `t`, or over the horizon (-1)."""
        past = dict(zip(program.lags, zip(values_past, bounds_past, strict=True), strict=True))
        origin = (self.run.model.base if base is None else base, self.initial if base_bounds is None else base_bounds)
        for block in program.blocks:
            slot = block.slot
            if math.isnan(values[slot]):
                bounds[slot] = math.nan
                continue
            if kinds.get(slot) == "fix":
                bounds[slot] = _stated(values[slot])
                continue
            loaded = {}
            for temporary, load in block.loads.items():
                row, row_bounds = row_of(load, (values, bounds), origin, past)
                loaded[temporary] = (row[load.slot], row_bounds[load.slot])
            value, bound = _worked(block, self.run.model.numbers(t), loaded)
            if slot in kinds:
                scale, shift = effects[slot]
                bound = abs(scale) * bound + abs(value) * _stated(scale) + UNIT * abs(value * scale)
                bound += _stated(shift) + UNIT * abs(values[slot])
            bounds[slot] = bound


def _stated(number: float) -> float:
    """Return how far a stated number may be from its double: whole ones are exact."""
    return 0.0 if float(number).is_integer() else UNIT * abs(number)


WithBound = tuple[float, float]
"""A value, and how far it may be off."""


def _worked(block: Block, parameters: Sequence[float], loaded: Mapping[int, WithBound]) -> WithBound:
    """Return the value of a block with its bound, one operation at a time."""
    known: dict[int, WithBound] = {temporary: (value, _stated(value)) for temporary, value in block.constants.items()}
    for temporary, position in block.parameters.items():
        known[temporary] = (parameters[position], _stated(parameters[position]))
    known.update(loaded)
    pending: list[Instruction | Select | tuple[int, int]] = list(reversed(block.body.instructions))
    while pending:
        step = pending.pop()
        if isinstance(step, tuple):
            known[step[0]] = known[step[1]]
        elif isinstance(step, Select):
            taken = COMPARISONS[step.op](known[step.left][0], known[step.right][0])
            side: Body = step.then if taken else step.otherwise
            pending.append((step.out, side.result))
            pending.extend(reversed(side.instructions))
        else:
            known[step.out] = _operated(step, [known[arg] for arg in step.args])
    return known[block.body.result]


def _operated(step: Instruction, args: Sequence[WithBound]) -> WithBound:
    (a, ea), (b, eb) = args[0], args[-1]
    match step.operation:
        case "neg":
            return -a, ea
        case "add":
            return a + b, ea + eb + UNIT * abs(a + b)
        case "sub":
            return a - b, ea + eb + UNIT * abs(a - b)
        case "mul":
            return a * b, abs(a) * eb + abs(b) * ea + UNIT * abs(a * b)
        case "div":
            r = a / b
            return r, (ea + abs(r) * eb) / abs(b) + UNIT * abs(r)
        case "pow":
            r = math.pow(a, b)
            return r, _power(a, ea, b, eb, r) + 2.0 * UNIT * abs(r)
        case "call":
            return _called(FUNCTIONS[step.function], args)


def _power(a: float, ea: float, b: float, eb: float, r: float) -> float:
    """Return how far errors of base and exponent move a power; of a base at zero, what its own error reaches."""
    if a == 0.0:
        return math.pow(ea, b) if ea and b > 0 else 0.0
    return abs(r) * (abs(b / a) * ea + (abs(math.log(abs(a))) * eb if eb else 0.0))


def _called(function: Function, args: Sequence[WithBound]) -> WithBound:
    """Return the value of a function with its bound; slopes are those of the function continued to complex numbers."""
    assert function.python is not None
    values = [value for value, _ in args]
    r = function.python(*values)
    if function.steps:
        return r, _stated(r)
    bound = 2.0 * UNIT * abs(r)
    for position, (value, error) in enumerate(args):
        if error and value == r == 0.0:  # a root, say, which has no slope there
            bound += abs(function.python(*values[:position], error, *values[position + 1 :]))
        elif error:
            assert function.complex is not None
            moved = function.complex(*values[:position], complex(value, STEP), *values[position + 1 :])
            bound += abs(moved.imag / STEP) * error
    return r, bound
