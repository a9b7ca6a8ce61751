"""Evaluate a compiled tree over many rows at once: scenarios, samples, grids of lifts.

Rows are worked in blocks that fit the processor's cache, by numpy code generated from the same tape as the scalar
evaluator. A metric that does not vary stays one number. An operation without a finite real value does not stop the
batch: the block concerned is redone one operation at a time (see `vector_faults`), the row becomes NaN in the metrics
that the fault reaches, and faults are counted by metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from impacttree.engine.arrays import Array
from impacttree.engine.codegen import Intervened
from impacttree.engine.held import Held, local_effects
from impacttree.engine.model import Model, Part
from impacttree.engine.program import Effects, Program
from impacttree.engine.tape import Block, Instruction
from impacttree.engine.vector_faults import Observe, are_finite, compute, finite
from impacttree.errors import Problem, QuestionError, nearest
from impacttree.quantity import Intervention

__all__ = ["Batch", "FloatOrArray", "evaluate_many"]

FloatOrArray = float | Array
"""One number for all rows, or one for each."""
ArrayRow = list[Any]
"""Values of one period by slot, each a number or an array."""

BLOCK = 16_384
MEMORY = 128 * 2**20
"""Bytes that the rows of one block may take; a tree of thousands of metrics works in shorter blocks."""
SMALLEST_BLOCK = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The values of many rows; NaN where a fault reached.

    Parameters
    ----------
    count
        Number of rows.
    paths
        Slot -> values at t = 0 and in periods 1..n: an array of (n + 1) by `count`.
    totals
        Slot -> values over the horizon by the aggregation rule: an array of `count`.
    lows, highs
        Slot -> the least and the greatest value in periods 1..n: an array of `count`.
    faults
        Slot -> number of rows in which the metric's own rule had no finite real value, in any period or over the
        horizon; at t = 0 as well where time goes on from there. Metrics that merely read it are not counted; those
        without a fault are left out.
    """

    count: int
    paths: Mapping[int, Array]
    totals: Mapping[int, Array]
    lows: Mapping[int, Array]
    highs: Mapping[int, Array]
    faults: Mapping[int, int]


@np.errstate(all="ignore")  # what is looked for is looked for in the values, or raised where it is told to be
def evaluate_many(
    model: Model,
    periods: int,
    *,
    count: int | None = None,
    parameters: Mapping[str, FloatOrArray] | None = None,
    interventions: Mapping[int, Intervention] | None = None,
    paths: Sequence[int] = (),
    totals: Sequence[int] = (),
    extremes: Sequence[int] = (),
    observe: Callable[[Block, Instruction, Any, Sequence[Any], Any, slice], None] | None = None,
) -> Batch:
    """Return the values of chosen metrics in many rows, each with parameters and changes of its own.

    Only what these metrics rest on is computed, and only its faults are counted. What ``baseline`` reads stays at the
    central values, whatever the parameters of a row.

    Parameters
    ----------
    count
        Number of rows; not needed where an array says it.
    parameters
        Address (``churn.nps.slope``) -> value; what is not given keeps its central value.
    interventions
        Slot -> what a change does to it, from period 1.
    paths
        Slots whose values are wanted period by period.
    totals
        Slots whose values over the horizon are wanted.
    extremes
        Slots whose least and greatest values over all periods are wanted.
    observe
        Told of every operation from t = 1, with its block, result, operands, the rows in which its branch is taken, and
        which rows these are. Each is then worked by itself, which is slow.

    Raises
    ------
    QuestionError
        When an address is unknown, a number is not finite, or arrays differ in length.

    Examples
    --------
    Revenue at three prices:

    >>> import numpy as np
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text("metrics: {price: {value: 30}, sold: {value: 50}, paid: {formula: price * sold}}"))
    >>> paid = graph.by_name["paid"]
    >>> batch = evaluate_many(Model(graph), 1, parameters={"price.value": np.array([29.0, 30.0, 31.0])}, totals=[paid])
    >>> batch.totals[paid]
    array([1450., 1500., 1550.])
    """
    model = model.beside(interventions or {})
    vector, effects, lengths = _read(model, parameters or {}, interventions or {})
    count = _agreed(lengths if count is None else {count: "count", **lengths})
    kept_paths = {slot: np.empty((model.steps(periods) + 1, count)) for slot in paths}
    kept_totals = {slot: np.empty(count) for slot in totals}
    kept_lows, kept_highs = ({slot: np.empty(count) for slot in extremes} for _ in range(2))
    faults: dict[int, int] = {}
    room = _Room(model, model.part({*paths, *totals, *extremes, *effects}))
    for first in range(0, count, room.block):
        rows = slice(first, min(first + room.block, count))
        parameters_here = [_part(value, rows, name) for value, name in zip(vector, model.addresses, strict=True)]
        block = _Block(room, periods, parameters_here, rows.stop - first)
        block.observe = None if observe is None else partial(_told, observe, rows)
        parts = {slot: partial(_part, rows=rows, name=_change_of(model, slot)) for slot in effects}
        held = block.hold({slot: effect.mapped(parts[slot]) for slot, effect in effects.items()})
        found = block.simulate(held, paths, totals, extremes)
        for slot, path in found.paths.items():
            for t, values in enumerate(path):
                kept_paths[slot][t, rows] = values
        for kept, values_of in ((kept_totals, found.totals), (kept_lows, found.lows), (kept_highs, found.highs)):
            for slot, values in values_of.items():
                kept[slot][rows] = values
        for slot, here in block.faults.items():
            faults[slot] = faults.get(slot, 0) + int(here.sum())
    whole = {slot: _all_periods(model, path, periods) for slot, path in kept_paths.items()}
    for values in (*whole.values(), *kept_totals.values(), *kept_lows.values(), *kept_highs.values()):
        values.flags.writeable = False
    return Batch(count, whole, kept_totals, kept_lows, kept_highs, dict(sorted(faults.items())))


class _Room:
    """Rows of values that are used again: storing into one frees an array, which the allocator hands out next."""

    def __init__(self, model: Model, part: Part) -> None:
        self.model, self.part = model, part
        self.initial: ArrayRow = [0.0] * model.size
        self.ring: list[ArrayRow] = [[0.0] * model.size for _ in range(max(model.lags, default=0) + 1)]
        fitting = MEMORY // (8 * model.size * (len(self.ring) + 1))
        self.block = min(BLOCK, max(SMALLEST_BLOCK, fitting))
        self.base: ArrayRow = [np.float64(value) for value in model.base]


class _Found(NamedTuple):
    """What one run of a block has found, by slot."""

    paths: dict[int, list[Any]]
    totals: dict[int, Any]
    lows: dict[int, Any]
    highs: dict[int, Any]


class _Block:
    """Some of the rows, through all periods."""

    def __init__(self, room: _Room, periods: int, parameters: ArrayRow, count: int) -> None:
        self.room, self.model, self.part, self.periods, self.count = room, room.model, room.part, periods, count
        self.parameters = parameters
        self.faults: dict[int, npt.NDArray[np.bool_]] = {}
        self.observe: Observe | None = None
        self.is_careful = not self.part.read_today.isdisjoint(self.model.missing_today)
        """Whether a value may be read that the base case has not: then each metric is computed with care."""
        initial = room.initial
        self.period(self.part.initial, {}, initial, [initial] * len(self.model.lags), room.base, {})
        if self.part.read_later.isdisjoint((*self.model.missing_today, *self.faults)):
            self.faults.clear()  # what has no value at t = 0 and is not read there is not missed
            self.is_careful = False

    def hold(self, given: Mapping[int, Intervention]) -> Held:
        """Return what changes do; one on a loop wraps the path of a run without it, as `Model.run` has it."""
        if given and self.model.is_timeless:
            self.faults.clear()  # changes act from period 1, which off time does not go on from t = 0
        held, loops = local_effects(self.model.graph, given, self.model.counted)
        for slot in loops:
            found = self.simulate(held, [slot], [slot] if self.model.recomputes(slot) else [])
            over = partial(_found, found.totals.get(slot))
            held = held.along(
                slot, found.paths[slot][1:], over, given[slot], self.model.counted, partial(self.moved, slot)
            )
        return held

    def simulate(self, held: Held, paths: Sequence[int], totals: Sequence[int], extremes: Sequence[int] = ()) -> _Found:
        """Step through the periods; return what was found on the way and over the horizon."""
        lags, ring, initial = self.model.lags, self.room.ring, self.room.initial
        found = _Found({slot: [initial[slot]] for slot in paths}, {}, {}, {})
        sums = _Totals(self.model, self.part, self.periods, totals)
        for position in range(self.model.steps(self.periods)):
            for place, schedule in self.model.schedules.items():
                self.parameters[place] = np.float64(schedule.at(position + 1))
            row = ring[position % len(ring)]
            past = [ring[(position - lag) % len(ring)] if position >= lag else initial for lag in lags]
            if self.part.step is self.part.initial and not held.kinds and self.observe is None:
                row[:] = initial
            else:
                self.period(self.part.step, held.kinds, row, past, self.room.base, held.effects(position))
            for slot in paths:
                found.paths[slot].append(row[slot])
            for slot in extremes:
                found.lows[slot] = np.minimum(found.lows.get(slot, np.inf), row[slot])
                found.highs[slot] = np.maximum(found.highs.get(slot, -np.inf), row[slot])
            sums.add(row, position)
        found.totals.update(self.horizon(held, sums, totals))
        return found

    def horizon(self, held: Held, sums: _Totals, totals: Sequence[int]) -> dict[int, Any]:
        if not totals:
            return {}
        row = sums.row()
        for slot in sums.ways:
            row[slot] = self.settle(slot, row[slot])
        base = [np.float64(value) for value in self.model.horizon_base(self.periods)]
        self.period(
            self.part.recomputed, held.kinds, row, [], base, held.over(self.periods, self.part.recomputed.chunk_of)
        )
        return {slot: row[slot] for slot in totals}

    def period(
        self,
        program: Program,
        kinds: Intervened,
        row: ArrayRow,
        past: Sequence[ArrayRow],
        base: ArrayRow,
        effects: Effects,
    ) -> None:
        """Compute one period; a part of the tree that meets a fault is redone with care, as is all that comes after."""
        rows_by_lag = dict(zip(program.lags, past, strict=True))
        for blocks, function in zip(program.chunks, program.values(kinds, "array"), strict=True):
            if not self.faults and not self.is_careful and self.observe is None:
                try:
                    with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                        function(row, base, self.parameters, past, effects)
                    continue
                except FloatingPointError:
                    pass
            for block in blocks:
                if kinds.get(block.slot) == "fix":
                    row[block.slot] = effects[block.slot]
                    continue
                row[block.slot], own = compute(block, row, base, self.parameters, rows_by_lag, self.observe)
                self.note(block.slot, own)
                if block.slot in kinds:
                    scale, shift = effects[block.slot]
                    with np.errstate(all="ignore"):
                        row[block.slot] = self.settle(block.slot, row[block.slot] * scale + shift)

    def moved(self, slot: int, change: Intervention, values: Any) -> Any:
        with np.errstate(all="ignore"):
            return self.settle(slot, change.apply(values))

    def settle(self, slot: int, values: Any) -> Any:
        """Return `values` with NaN for infinity, which is noted as a fault of `slot`."""
        settled, overflow = finite(values)
        self.note(slot, overflow)
        return settled

    def note(self, slot: int, faulty: Any) -> None:
        if np.any(faulty):
            owner = self.model.owners[slot]
            known = self.faults.get(owner)
            mask = np.broadcast_to(np.asarray(faulty, dtype=np.bool_), self.count)
            self.faults[owner] = mask if known is None else known | mask


class _Totals:
    """Totals over the horizon: of the slots wanted, and of those that recomputed ones read."""

    def __init__(self, model: Model, part: Part, periods: int, wanted: Sequence[int]) -> None:
        self.model = model
        read = {load.slot for block in part.recomputed.blocks for load in block.loads.values()} if wanted else set()
        for slot in wanted:
            model.check_horizon(slot)
        ways = {slot: model.horizons[slot] for slot in sorted({*wanted, *read})}
        self.ways = {slot: way for slot, way in ways.items() if way is not None}
        self.window = model.window(periods)
        self.values: dict[int, Any] = {}

    def add(self, row: ArrayRow, position: int) -> None:
        place = position - self.window.before
        with np.errstate(all="ignore"):
            for slot, way in self.ways.items() if place >= 0 else ():
                self.values[slot] = way.added(self.values.get(slot), row[slot], place, self.window)

    def row(self) -> ArrayRow:
        row: ArrayRow = [np.float64(0.0)] * self.model.size
        with np.errstate(all="ignore"):
            for slot, way in self.ways.items():
                row[slot] = way.finished(self.values[slot], self.window)
        return row


def _read(
    model: Model, parameters: Mapping[str, FloatOrArray], interventions: Mapping[int, Intervention]
) -> tuple[list[Any], dict[int, Intervention], dict[int, str]]:
    """Check what is given; return the vector of parameters, the effects, and numbers of rows with who has them."""
    known = {address: place for place, address in enumerate(model.addresses) if place not in model.schedules}
    vector: list[Any] = [np.float64(value) for value in model.parameters]
    lengths: dict[int, str] = {}
    for address, value in parameters.items():
        if address not in known:
            raise QuestionError(Problem(reason=f"no parameter is called {address!r}{nearest(address, known)}"))
        vector[known[address]] = _checked(value, address, lengths)
    effects: dict[int, Intervention] = {}
    for slot, effect in interventions.items():
        effects[slot] = effect.mapped(partial(_checked, name=_change_of(model, slot), lengths=lengths))
    return vector, effects, lengths


def _agreed(lengths: Mapping[int, str]) -> int:
    """Return the one number of rows."""
    if len(lengths) > 1:
        listed = ", ".join(f"{name} has {length}" for length, name in lengths.items())
        raise QuestionError(Problem(reason=f"rows differ in number: {listed}", fix="give each the same number of rows"))
    return next(iter(lengths), 1)


def _checked(value: FloatOrArray, name: str, lengths: dict[int, str]) -> Any:
    array = np.asarray(value, dtype=np.float64)
    if array.ndim > 1:
        raise QuestionError(Problem(reason=f"{name} has {array.ndim} dimensions", fix="give one number for each row"))
    if array.ndim == 0:
        return np.float64(array)
    lengths.setdefault(len(array), name)
    return array


def _found(total: Any, _periods: int) -> Any:
    return total


def _told(
    observe: Callable[..., None],
    rows: slice,
    block: Block,
    step: Instruction,
    result: Any,
    args: Sequence[Any],
    taken: Any,
) -> None:
    observe(block, step, result, args, taken, rows)


def _part(value: Any, rows: slice, name: str) -> Any:
    """Return the rows of a block, checked here, where the processor is about to read them anyway."""
    part = value[rows] if isinstance(value, np.ndarray) else value
    if not are_finite(part):
        raise QuestionError(Problem(reason=f"{name} is not a finite number in every row", fix="leave such rows out"))
    return part


def _change_of(model: Model, slot: int) -> str:
    return f"the change of {model.graph.metrics[slot].name}"


def _all_periods(model: Model, path: Array, periods: int) -> Array:
    """Return a path with a row for every period; off time all are the same one, not copied."""
    if not model.is_static:
        return path
    return np.concatenate([path[:1], np.broadcast_to(path[1], (periods, path.shape[1]))])
