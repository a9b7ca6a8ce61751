"""Evaluate a compiled tree over many rows at once: scenarios, samples, grids of lifts.

Rows are worked in blocks that fit the processor's cache, by numpy code generated from the same tape as the scalar
evaluator. A metric that does not vary stays one number. An operation without a finite real value does not stop the
batch: the block concerned is redone one operation at a time (see `vector_faults`), the row becomes NaN in the metrics
that the fault reaches, and faults are counted by metric.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from impacttree.engine.arrays import Array
from impacttree.engine.codegen import Intervened
from impacttree.engine.held import NOTHING_HELD, Held, local_effects
from impacttree.engine.model import Model
from impacttree.engine.program import Effects, Program
from impacttree.engine.row_program import RowFunction, RowProgram, varying
from impacttree.engine.stages import PeriodStage
from impacttree.engine.tape import Block, Instruction
from impacttree.engine.vector_faults import Observe, are_finite, compute, finite
from impacttree.errors import Problem, QuestionError, nearest
from impacttree.quantity import Intervention
from impacttree.records import dataclass

__all__ = ["Batch", "FloatOrArray", "evaluate_many"]

FloatOrArray = float | Array
"""One number for all rows, or one for each."""
ArrayRow = list[Any]
"""Values of one period by slot, each a number or an array."""

BLOCK = 32_768
"""Rows that are worked together: the quickest of the powers of two from 4,096 to 65,536, beside a cache of 512 kB.

Fewer rows wait for Python between operations (4,096 take 1.3 times as long), more leave the cache.
"""
MEMORY = 128 * 2**20
"""Bytes that the rows of one block may take; a tree of thousands of metrics works in shorter blocks."""
SMALLEST_BLOCK = 1_024
PLANS = 32
"""How many ways to ask a model remembers."""


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


@np.errstate(all="ignore")  # what is looked for is looked for in the values, or noticed by an alarm
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
    places = frozenset(place for place, value in enumerate(vector) if isinstance(value, np.ndarray))
    wanted = frozenset((*paths, *totals, *extremes))
    room = _Room(_planned(model, periods, wanted, frozenset(paths), frozenset(effects), places))
    with np.errstate(divide="call", over="call", invalid="call", call=room.alarm):
        for first in range(0, count, room.plan.block):
            rows = slice(first, min(first + room.plan.block, count))
            parameters_here = [value[rows] if place in places else value for place, value in enumerate(vector)]
            block = _Block(room, parameters_here, rows.stop - first)
            if not all(map(are_finite, block.telling)):
                for place in sorted(places):
                    _part(vector[place], rows, model.addresses[place])
            block.observe = None if observe is None else partial(_told, observe, rows)
            parts = {slot: partial(_part, rows=rows, name=_change_of(model, slot)) for slot in effects}
            held = block.hold({slot: effect.mapped(parts[slot]) for slot, effect in effects.items()})
            into = {slot: kept[rows] for slot, kept in kept_totals.items()}
            found = block.simulate(held, paths, into, extremes)
            for slot, path in found.paths.items():
                for t, values in enumerate(path):
                    kept_paths[slot][t, rows] = values
            for slot, values in found.totals.items():
                if values is not into[slot]:
                    into[slot][:] = values
            for kept, values_of in ((kept_lows, found.lows), (kept_highs, found.highs)):
                for slot, values in values_of.items():
                    kept[slot][rows] = values
            for slot, here in block.faults.items():
                faults[slot] = faults.get(slot, 0) + int(here.sum())
    whole = {slot: _all_periods(model, path, periods) for slot, path in kept_paths.items()}
    for values in (*whole.values(), *kept_totals.values(), *kept_lows.values(), *kept_highs.values()):
        values.flags.writeable = False
    return Batch(count, whole, kept_totals, kept_lows, kept_highs, dict(sorted(faults.items())))


def _planned(model: Model, *asked: Any) -> _Plan:
    """Return the plan of runs that ask the same, made when it is first asked for."""
    if asked not in model.plans:
        if len(model.plans) >= PLANS:
            model.plans.clear()
        model.plans[asked] = _Plan(model, *asked)
    plan: _Plan = model.plans[asked]
    return plan


class _Stretch(NamedTuple):
    """How some periods in a row are computed."""

    functions: Sequence[RowFunction]
    kept: Sequence[int]
    """Slots that have the value of the period before; later on it stands in every row."""


class _Plan:
    """What runs that ask the same of a tree share: rules in stages, and what counts in totals."""

    def __init__(
        self,
        model: Model,
        periods: int,
        wanted: frozenset[int],
        paths: frozenset[int],
        effects: frozenset[int],
        places: frozenset[int],
    ) -> None:
        part = model.part(wanted.union(effects))
        self.model, self.part, self.periods = model, part, periods
        looped = {metric.index for metric in model.graph.metrics if metric.on_loop}
        self.window = model.window(periods)
        self._courses: dict[Any, Mapping[int, _Stretch]] = {}
        self._weights: dict[frozenset[int], Mapping[int, tuple[Sequence[float], float]]] = {}
        self.recomputed = {load.slot for block in part.recomputed.blocks for load in block.loads.values()}
        self.stages = part.stages({*wanted, *self.recomputed, *(() if looped.isdisjoint(effects) else looped)})
        self.settling = {slot for stage in self.stages if stage.until < math.inf for slot in stage.program.slots}
        today = {slot for stage in self.stages if not stage.until for slot in stage.program.stored}
        self.beginning = part.beginning(today.union(paths))
        self.unshown = places - self.beginning.shown
        staged = (block for stage in self.stages for block in stage.program.blocks)
        self.varying = varying((*part.initial.blocks, *staged, *part.recomputed.blocks), places, effects)
        self.lags = self.stages[0].program.lags if self.stages else ()
        self.ring = 1 + max(self.lags, default=0)
        self.size = max(model.size, *(1 + max(stage.program.slots) for stage in self.stages), 0)
        fitting = MEMORY // (8 * model.size * (self.ring + 1))
        self.block = min(BLOCK, max(SMALLEST_BLOCK, fitting))
        self.base: ArrayRow = [np.float64(value) for value in model.base]

    def functions(self, programs: Iterable[RowProgram], kinds: Intervened) -> list[RowFunction]:
        """Return the functions that compute a period by these programs."""
        return [function for program in programs for function in program.functions(kinds, self.varying)]

    def course(self, kinds: Intervened, settling: bool) -> Mapping[int, _Stretch]:
        """Return how periods are computed, by the position from which on they are.

        Parameters
        ----------
        settling
            Whether what stays the same from some period on is computed until then only.
        """
        key = (frozenset(kinds.items()), settling)
        if key not in self._courses:
            untils = {stage: stage.until_changed if kinds else stage.until for stage in self.stages}
            if not settling:
                untils = dict.fromkeys(self.stages, math.inf)
            turns = {0, *(until + more for until in untils.values() for more in (0, self.ring))} - {math.inf}
            self._courses[key] = {int(turn): self._stretch(int(turn), untils, kinds) for turn in turns}
        return self._courses[key]

    def _stretch(self, position: int, untils: Mapping[PeriodStage, float], kinds: Intervened) -> _Stretch:
        running = [stage.program for stage, until in untils.items() if position < until]
        ended = [stage for stage, until in untils.items() if until <= position < until + self.ring]
        return _Stretch(self.functions(running, kinds), [slot for stage in ended for slot in stage.program.stored])

    def weights(self, wanted: Collection[int]) -> Mapping[int, tuple[Sequence[float], float]]:
        """Return what each period counts in the totals, and what their sum is multiplied by, by slot."""
        key = frozenset(wanted)
        if key not in self._weights:
            for slot in wanted:
                self.model.check_horizon(slot)
            ways = {slot: self.model.horizons[slot] for slot in sorted({*wanted, *(self.recomputed if wanted else ())})}
            self._weights[key] = {slot: _even(way.adjoint(1.0, self.window)) for slot, way in ways.items() if way}
        return self._weights[key]

    @cached_property
    def base_over_horizon(self) -> ArrayRow:
        return [np.float64(value) for value in self.model.horizon_base(self.periods)]


class _Room:
    """What blocks work in, one after the other: rows of values, registers, and who notices faults."""

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan
        self.initial, *self.ring = ([0.0] * plan.size for _ in range(1 + plan.ring))
        self.space = _Space(plan.block)
        self.alarm = _Alarm()

    def space_of(self, count: int) -> _Space:
        """Return registers of so many rows."""
        if count != self.space.count:
            self.space = _Space(count)
        return self.space


class _Space(dict[int, Array]):
    """The arrays of registers, made when they are first written."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def __missing__(self, register: int) -> Array:
        self[register] = array = np.empty(self.count)
        return array


class _Alarm:
    """Rings where an operation has no finite real value: numpy calls it, which costs less than to catch an error."""

    def __init__(self) -> None:
        self.rings = False

    def __call__(self, *_: object) -> None:
        self.rings = True


class _Found(NamedTuple):
    """What one run of a block has found, by slot."""

    paths: dict[int, list[Any]]
    totals: dict[int, Any]
    lows: dict[int, Any]
    highs: dict[int, Any]


class _Block:
    """Some of the rows, through all periods."""

    def __init__(self, room: _Room, parameters: ArrayRow, count: int) -> None:
        self.room, self.plan, self.count = room, room.plan, count
        self.model, self.part, self.periods = room.plan.model, room.plan.part, room.plan.periods
        self.parameters = parameters
        self.faults: dict[int, npt.NDArray[np.bool_]] = {}
        self.observe: Observe | None = None
        self.is_careful = not self.part.read_today.isdisjoint(self.model.missing_today)
        """Whether a value may be read that the base case has not: then each metric is computed with care."""
        initial = room.initial
        self.settles = True
        """Whether what stays the same from some period on is computed until then only."""
        self.space = room.space_of(count)
        functions = room.plan.functions([room.plan.beginning.program], {})
        lags = room.plan.beginning.program.lags
        self.period(functions, self.part.initial, {}, initial, dict.fromkeys(lags, initial), room.plan.base, {})
        if self.faults:
            self.settles = False  # they are looked for from t = 1 on
        if self.part.read_later.isdisjoint((*self.model.missing_today, *self.faults)):
            self.faults.clear()  # what has no value at t = 0 and is not read there is not missed
            self.is_careful = False

    @property
    def telling(self) -> Iterator[Any]:
        """The values that are finite only where all parameters are."""
        yield from (self.parameters[place] for place in self.plan.unshown)
        yield from (self.room.initial[slot] for slot in self.plan.beginning.witnesses)

    def hold(self, given: Mapping[int, Intervention]) -> Held:
        """Return what changes do; one on a loop wraps the path of a run without it, as `Model.run` has it."""
        if not given:
            return NOTHING_HELD
        if self.model.is_timeless:
            self.faults.clear()  # changes act from period 1, which off time does not go on from t = 0
        held, loops = local_effects(self.model.graph, given, self.model.counted)
        for slot in loops:
            into = {slot: np.empty(self.count)} if self.model.recomputes(slot) else {}
            found = self.simulate(held, [slot], into)
            over = partial(_found, found.totals.get(slot))
            held = held.along(
                slot, found.paths[slot][1:], over, given[slot], self.model.counted, partial(self.moved, slot)
            )
        return held

    def simulate(
        self, held: Held, paths: Sequence[int], totals: Mapping[int, Array], extremes: Sequence[int] = ()
    ) -> _Found:
        """Step through the periods; return what was found on the way and over the horizon, that in arrays of `totals`.

        Where a total does not differ between rows, or has faults, it is elsewhere.
        """
        lags, ring, initial = self.plan.lags, self.room.ring, self.room.initial
        found = _Found({slot: [initial[slot]] for slot in paths}, {}, {}, {})
        sums, latest = _Totals(self.plan, totals, self.space), dict[int, Any]()
        settling = self.settles and self.observe is None and held.paths.keys().isdisjoint(self.plan.settling)
        course = {0: _Stretch((), ())} if self.observe else self.plan.course(held.kinds, settling)
        stretch, row = course[0], initial
        for position in range(self.model.steps(self.periods)):
            for place, schedule in self.model.schedules.items():
                self.parameters[place] = np.float64(schedule.at(position + 1))
            if settling and not self.settles:
                settling, course = False, self.plan.course(held.kinds, False)
                stretch = course[0]
            stretch = course.get(position, stretch)
            before, row = row, ring[position % len(ring)]
            for slot in stretch.kept:
                row[slot] = before[slot]
            past = {lag: ring[(position - lag) % len(ring)] if position >= lag else initial for lag in lags}
            effects = held.effects(position)
            self.period(stretch.functions, self.part.step, held.kinds, row, past, self.plan.base, effects)
            for slot in paths:
                found.paths[slot].append(row[slot])
            for slot in extremes:
                values = row[slot]
                if slot not in latest:
                    found.lows[slot] = found.highs[slot] = values
                elif values is not latest[slot]:
                    found.lows[slot] = np.minimum(found.lows[slot], values)
                    found.highs[slot] = np.maximum(found.highs[slot], values)
                latest[slot] = values
            sums.add(row, position)
        found.totals.update(self.horizon(held, sums, totals))
        return found

    def horizon(self, held: Held, sums: _Totals, totals: Collection[int]) -> dict[int, Any]:
        if not totals or not self.part.recomputed.blocks:
            return {slot: self.settle(slot, values) for slot, values in sums.finished().items()}
        row: ArrayRow = [np.float64(0.0)] * self.model.size
        for slot, values in sums.finished().items():
            row[slot] = self.settle(slot, values)
        recomputed = self.part.recomputed
        effects = held.over(self.periods, recomputed.chunk_of)
        functions = () if self.observe else self.plan.functions([self.part.over_horizon], held.kinds)
        self.period(functions, recomputed, held.kinds, row, {}, self.plan.base_over_horizon, effects)
        return {slot: row[slot] for slot in totals}

    def period(
        self,
        functions: Sequence[RowFunction],
        whole: Program,
        kinds: Intervened,
        row: ArrayRow,
        past: Mapping[int, ArrayRow],
        base: ArrayRow,
        effects: Effects,
    ) -> None:
        """Compute one period by functions; if that meets a fault, by `whole` with care, as all that comes after."""
        if not self.faults and not self.is_careful and self.observe is None:
            alarm, rows = self.room.alarm, list(past.values())
            alarm.rings = False
            for function in functions:
                function(row, base, self.parameters, rows, effects, self.space)
            if not alarm.rings:
                return
            self.settles = False  # what follows leaves no values of the rules that are parts of others
        for block in whole.blocks:
            if kinds.get(block.slot) == "fix":
                row[block.slot] = effects[block.slot]
                continue
            row[block.slot], own = compute(block, row, base, self.parameters, past, self.observe)
            self.note(block.slot, own)
            if block.slot in kinds:
                scale, shift = effects[block.slot]
                row[block.slot] = self.settle(block.slot, row[block.slot] * scale + shift)

    def moved(self, slot: int, change: Intervention, values: Any) -> Any:
        return self.settle(slot, change.apply(values))

    def settle(self, slot: int, values: Any) -> Any:
        """Return `values` with NaN for infinity, which is noted as a fault of `slot`."""
        settled, overflow = finite(values)
        self.note(slot, overflow)
        return settled

    def note(self, slot: int, faulty: Any) -> None:
        if faulty is not False and np.any(faulty):
            owner = self.model.owners[slot]
            known = self.faults.get(owner)
            mask = np.broadcast_to(np.asarray(faulty, dtype=np.bool_), self.count)
            self.faults[owner] = mask if known is None else known | mask


class _Totals:
    """Totals over the horizon: of the slots wanted, and of those that recomputed ones read.

    Parameters
    ----------
    into
        The arrays that totals of slots are written into; others get arrays of their own.
    space
        Registers, which are free between periods.
    """

    def __init__(self, plan: _Plan, into: Mapping[int, Array], space: _Space) -> None:
        self.before, self.weights = plan.window.before, plan.weights(into)
        self.sums: dict[int, Any] = {}
        self.into, self.space = dict(into), space

    def add(self, row: ArrayRow, position: int) -> None:
        place = position - self.before
        for slot, (weights, _) in self.weights.items() if place >= 0 else ():
            weight, values, known = weights[place], row[slot], self.sums.get(slot)
            if not weight:
                continue
            if weight != 1.0:
                values = _into(np.multiply, values, weight, self.target(slot) if known is None else self.space[0])
            self.sums[slot] = values if known is None else _into(np.add, known, values, self.target(slot))

    def finished(self) -> dict[int, Any]:
        """Return the values over the horizon."""
        for slot, (_, factor) in self.weights.items():
            if factor != 1.0:
                self.sums[slot] = _into(np.multiply, self.sums[slot], factor, self.target(slot))
        return self.sums

    def target(self, slot: int) -> Array:
        if slot not in self.into:
            self.into[slot] = np.empty(self.space.count)
        return self.into[slot]


def _into(operation: np.ufunc, one: Any, other: Any, target: Array) -> Any:
    """Return the result of an operation: in `target` where it is an array."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return operation(one, other, target)
    return operation(one, other)


def _even(weights: Sequence[float]) -> tuple[Sequence[float], float]:
    """Return weights and a factor; where all are the same, it stands in for them."""
    return ([1.0] * len(weights), weights[0]) if len(set(weights)) == 1 else (weights, 1.0)


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
        return _part(np.float64(array), slice(None), name)
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
    """Return the rows of a block, which must be finite."""
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
