"""A compiled tree: values period by period, over the horizon, and their derivatives.

A *slot* is a place in a row of values: one for each metric in file order, then one for each running total that a
``cumulative`` needs. Off time all periods are alike, so a static tree is stepped once and the period counted `repeats`
times.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

from impacttree.engine.codegen import Intervened
from impacttree.engine.program import Effects, Program, Row
from impacttree.engine.scalar_faults import Naming, explain, too_large
from impacttree.engine.tape import Block, Load, lower
from impacttree.formula.ast import Binary, Expr, Name, Number
from impacttree.graph.cycles import components
from impacttree.graph.model import Aggregation, Graph
from impacttree.graph.reach import reached
from impacttree.quantity import Intervention

__all__ = ["Adjoints", "AnyIntervention", "Held", "Model", "Part", "Run", "local_effects"]

_FAULTS = (ZeroDivisionError, OverflowError, ValueError)


@dataclass(frozen=True, slots=True)
class Adjoints:
    """Derivatives of one outcome over the horizon with respect to what every slot shows.

    Parameters
    ----------
    rows
        One row for each distinct period 1..n (a single one for a static tree, counting all its periods).
    horizon
        With respect to the horizon values that are recomputed from others.
    """

    rows: tuple[Row, ...]
    horizon: Row

    def held(self, slot: int) -> float:
        """Derivative with respect to an amount added to `slot` in every period, and to its horizon value."""
        return _total([row[slot] for row in self.rows]) + self.horizon[slot]

    def all_held(self) -> Row:
        """Return what `held` gives, for every slot."""
        sums = self.rows[0] if len(self.rows) == 1 else map(_total, zip(*self.rows, strict=True))
        return list(map(operator.add, sums, self.horizon))


@dataclass(frozen=True, slots=True)
class Held:
    """What changes do: which slots, and with what effect in each period (and over the horizon, for n periods)."""

    kinds: Intervened = field(default_factory=dict)
    steady: Effects = field(default_factory=dict)
    """Effects that are the same in every period."""
    paths: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    """Fixed slots: the value in each distinct period."""
    horizons: Mapping[int, Callable[[int], Any]] = field(default_factory=dict)
    """Fixed slots: the value over the first n periods."""

    def effects(self, position: int) -> Effects:
        if not self.paths:
            return self.steady
        return {**self.steady, **{slot: path[position] for slot, path in self.paths.items()}}

    def over(self, periods: int) -> Effects:
        return {**self.steady, **{slot: value(periods) for slot, value in self.horizons.items()}}

    def fixed(self, slot: int, path: Sequence[Any], over: Callable[[int], Any]) -> Held:
        """Return a copy that also fixes `slot` to a path, and to its value over the first n periods."""
        kinds: Intervened = {**self.kinds, slot: "fix"}
        return Held(kinds, self.steady, {**self.paths, slot: path}, {**self.horizons, slot: over})


NOTHING_HELD = Held()


class AnyIntervention(Protocol):
    """What is done to a metric: an `Intervention`, or the like with a number for each of many rows."""

    @property
    def kind(self) -> Literal["wrap", "fix"]: ...
    @property
    def scale(self) -> Any: ...
    @property
    def shift(self) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The values of every slot at t = 0 and in each period.

    Parameters
    ----------
    initial
        Values at t = 0.
    rows
        Values in each distinct period from t = 1.
    repeats
        How often each row counts: the number of periods for a static tree, else 1.
    held
        The changes it was run with.
    """

    model: Model
    initial: Row
    rows: tuple[Row, ...]
    repeats: int
    held: Held

    @property
    def periods(self) -> int:
        return len(self.rows) * self.repeats

    def at(self, t: int) -> Row:
        """Return the values at period t, 0 included."""
        return self.initial if t == 0 else self.rows[0 if self.repeats > 1 else t - 1]

    def periods_of(self) -> Iterator[Row]:
        """Yield the values of periods 1..n."""
        return (self.at(t) for t in range(1, self.periods + 1))

    def past(self, position: int) -> list[Row]:
        """Return the rows that the period at `position` reads, one for each lag in use."""
        return [self.rows[position - lag] if position >= lag else self.initial for lag in self.model.lags]

    def horizon(self, periods: int | None = None) -> Row:
        """Return each slot's value over the first `periods` by its aggregation rule."""
        return self.model.horizon(self, self.periods if periods is None else periods)

    def first(self, periods: int) -> Run:
        """Return the run's first `periods` periods."""
        if self.repeats > 1 or self.model.is_static:
            return replace(self, repeats=periods)
        return replace(self, rows=self.rows[:periods])


class Part(NamedTuple):
    """The programs of what some slots rest on."""

    initial: Program
    step: Program
    recomputed: Program
    addresses: frozenset[str]
    """Of the parameters that are read."""


class Model:
    """The compiled form of a checked graph.

    Parameters
    ----------
    graph
        As `impacttree.graph.build` returns it.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.is_static = graph.is_static
        self.addresses: list[str] = []
        self.parameters: list[float] = []
        metrics = graph.metrics
        totalled = sorted({graph.by_name[r.source] for m in metrics for r in m.references if r.timing == "cumulative"})
        self.accumulator = {source: len(metrics) + k for k, source in enumerate(totalled)}
        self.owners = (*range(len(metrics)), *totalled)
        self.size = len(self.owners)
        self.naming = Naming(graph, self.owners)
        self._positions: dict[str, int] = {}
        self._by_name = {metric.name: metric.index for metric in metrics}
        self._accumulator_by_name = {metrics[source].name: slot for source, slot in self.accumulator.items()}
        self.blocks = tuple(self._lower(metric.index, metric.rule) for metric in metrics)
        self.starts = {m.index: self._lower(m.index, m.start) for m in metrics if m.start is not None}
        self.lags = self._lags()
        rules: list[Aggregation] = [metric.aggregation for metric in metrics]
        rules += ["last"] * len(totalled)
        self.aggregations = tuple(rules)
        self._by_rule: dict[Aggregation, list[int]] = {"sum": [], "mean": [], "last": [], "recompute": []}
        for slot, rule in enumerate(self.aggregations):
            self._by_rule[rule].append(slot)
        self._on_loops = tuple(metric.index for metric in metrics if metric.on_loop)

    def _lags(self) -> tuple[int, ...]:
        """Return the distinct lags in use; a running total reads its own previous value."""
        lags = {load.lag for block in self.blocks for load in block.loads.values()} | {1 if self.accumulator else 0}
        return tuple(sorted(lags - {0}))

    def _lower(self, slot: int, rule: Expr) -> Block:
        return lower(slot, rule, self._by_name, self._accumulator_by_name, self._register)

    def _register(self, address: str, value: float) -> int:
        if address not in self._positions:
            self._positions[address] = len(self.parameters)
            self.addresses.append(address)
            self.parameters.append(value)
        return self._positions[address]

    def _total(self, source: int) -> Block:
        """The running total of a metric: its own previous value plus this period's."""
        slot = self.accumulator[source]
        loads = {0: Load(slot, "prev", 1), 1: Load(source)}
        added = lower(0, Binary("+", Name("a"), Name("b")), {"a": 0, "b": 1}, {}, self._register)
        return Block(slot, loads, {}, {}, added.body)

    @cached_property
    def initial(self) -> Program:
        """The program of t = 0."""
        zero = lower(0, Number(0.0, "0"), {}, {}, self._register)
        totals = [replace(zero, slot=slot) for slot in self.accumulator.values()]
        blocks = [self.starts.get(slot) or self.blocks[slot] for slot in self.graph.initial_order]
        return Program([*totals, *blocks], self.lags)

    @cached_property
    def step(self) -> Program:
        """The program of every period from t = 1; for a static tree the same as at t = 0."""
        if self.is_static and not self.starts:
            return self.initial
        blocks: list[Block] = []
        for slot in self.graph.order:
            blocks.append(self.blocks[slot])
            if slot in self.accumulator:
                blocks.append(self._total(slot))
        return Program(blocks, self.lags)

    @cached_property
    def recomputed(self) -> Program:
        """The program of the horizon values that are recomputed from other horizon values."""
        return Program([self.blocks[s] for s in self.graph.order if self.aggregations[s] == "recompute"], ())

    @cached_property
    def _parts(self) -> dict[frozenset[int], Part]:
        return {}

    @cached_property
    def _shared(self) -> dict[tuple[frozenset[int], frozenset[int]], Part]:
        """Parts by what they compute, so that slots which rest on the same are compiled once."""
        return {}

    def part(self, slots: Collection[int]) -> Part:
        """Return the programs cut down to what `slots` rest on, at any time but the t = 0 of ``baseline``."""
        wanted = frozenset(slots)
        if wanted not in self._parts:
            needed = _rests_on(wanted, (*self.initial.blocks, *self.step.blocks))
            over_horizon = _rests_on(wanted, self.recomputed.blocks)
            if (needed, over_horizon) not in self._shared:
                self._shared[needed, over_horizon] = self._cut_down(needed, over_horizon)
            self._parts[wanted] = self._shared[needed, over_horizon]
        return self._parts[wanted]

    def _cut_down(self, needed: frozenset[int], over_horizon: frozenset[int]) -> Part:
        initial = _cut(self.initial, needed)
        step = initial if self.step is self.initial else _cut(self.step, needed)
        blocks = (*initial.blocks, *step.blocks)
        addresses = frozenset(self.addresses[p] for block in blocks for p in block.parameters.values())
        return Part(initial, step, _cut(self.recomputed, over_horizon), addresses)

    @cached_property
    def base(self) -> Row:
        """Values at t = 0 of the base case: what ``baseline`` reads."""
        row = [0.0] * self.size
        past = [row] * len(self.lags)
        try:
            for function in self.initial.values({}):
                function(row, row, self.parameters, past, {})
            if not _are_finite(row):
                raise OverflowError
        except _FAULTS:
            explain(self.naming, self.parameters, self.initial, row, row, past, {}, {}, 0)
        return row

    def run(self, periods: int, interventions: Mapping[int, Intervention] | None = None) -> Run:
        """Return the values of t = 0 and `periods` periods under `interventions` (by slot), acting from period 1.

        On a time loop a changed metric wraps the path it has without its own change, so one more run is made for each.
        """
        given = interventions or {}
        held, loops = local_effects(self.graph, given)
        for slot in loops:
            held = self._on_loop(slot, given[slot], self.simulate(periods, held), held)
        return self.simulate(periods, held)

    def _on_loop(self, slot: int, change: Intervention, without: Run, held: Held) -> Held:
        path = [change.apply(row[slot]) for row in without.rows]

        def over(periods: int) -> float:
            return change.apply(without.horizon(periods)[slot])

        return held.fixed(slot, path, over)

    def simulate(self, periods: int, held: Held = NOTHING_HELD) -> Run:
        """Step through the periods with `held` in force."""
        functions = self.step.values(held.kinds)
        count = 1 if self.is_static else periods
        rows: list[Row] = []
        for position in range(count):
            row = [0.0] * self.size
            past = [rows[position - lag] if position >= lag else self.base for lag in self.lags]
            effects = held.effects(position)
            try:
                for function in functions:
                    function(row, self.base, self.parameters, past, effects)
                if not _are_finite(row):
                    raise OverflowError
            except _FAULTS:
                explain(
                    self.naming, self.parameters, self.step, row, self.base, past, held.kinds, effects, position + 1
                )
            rows.append(row)
        return Run(self, self.base, tuple(rows), periods if self.is_static else 1, held)

    def horizon(self, run: Run, periods: int) -> Row:
        """Return each slot's value over the first `periods` of `run` by its aggregation rule."""
        rows = run.rows if self.is_static else run.rows[:periods]
        repeats = periods if self.is_static else 1
        row = list(rows[-1])
        for slot in self._by_rule["sum"]:
            row[slot] = repeats * (_sum([r[slot] for r in rows]) if len(rows) > 1 else row[slot])
        for slot in self._by_rule["mean"]:
            row[slot] = _sum([r[slot] for r in rows]) / len(rows)
        if not _are_finite(row):
            too_large(self.naming, row)
        base, effects = self.horizon_base(periods), run.held.over(periods)
        try:
            for function in self.recomputed.values(run.held.kinds):
                function(row, base, self.parameters, (), effects)
            if not _are_finite(row):
                raise OverflowError
        except _FAULTS:
            explain(self.naming, self.parameters, self.recomputed, row, base, (), run.held.kinds, effects, -1)
        return row

    def horizon_base(self, periods: int) -> Row:
        """What ``baseline`` reads among horizon values: a sum of flows counts every period."""
        base = list(self.base)
        for slot in self._by_rule["sum"]:
            base[slot] *= periods
        return base

    def aggregate(self, slot: int, moves: Sequence[float], repeats: int) -> float:
        """Return how a slot's horizon value moves when its periods move so; 0 where it is recomputed from others."""
        match self.aggregations[slot]:
            case "sum":
                return sum(moves) * repeats
            case "mean":
                return sum(moves) / len(moves)
            case "last":
                return moves[-1]
            case _:
                return 0.0

    def partials(self, run: Run) -> tuple[tuple[Row, ...], Row]:
        """Return the local derivative along every edge, in each distinct period and over the horizon."""
        rows = []
        for position, row in enumerate(run.rows):
            partials = [0.0] * len(self.step.edges)
            for function in self.step.partials:
                function(row, self.base, self.parameters, run.past(position), partials)
            rows.append(partials)
        horizon = [0.0] * len(self.recomputed.edges)
        totals, base = run.horizon(), self.horizon_base(run.periods)
        for function in self.recomputed.partials:
            function(totals, base, self.parameters, (), horizon)
        return tuple(rows), horizon

    def adjoints(self, run: Run, outcome: int) -> Adjoints:
        """Return the derivatives of the outcome's horizon value by one reverse pass through time."""
        horizon = [0.0] * self.size
        horizon[outcome] = 1.0
        recomputed = [0.0] * self.size
        if self.aggregations[outcome] == "recompute":
            totals, base, effects = run.horizon(), self.horizon_base(run.periods), run.held.over(run.periods)
            for function in self.recomputed.reverse(run.held.kinds):
                function(totals, base, self.parameters, (), effects, horizon, ())
            for slot in self._by_rule["recompute"]:
                recomputed[slot] = horizon[slot]
        rows = self.seeds(run, horizon)
        before = [0.0] * self.size
        functions = self.step.reverse(run.held.kinds)
        for position in range(len(rows) - 1, -1, -1):
            past = run.past(position)
            into = [rows[position - lag] if position >= lag else before for lag in self.lags]
            effects = run.held.effects(position)
            for function in functions:
                function(run.rows[position], self.base, self.parameters, past, effects, rows[position], into)
        return Adjoints(tuple(rows), recomputed)

    def seeds(self, run: Run, horizon: Row) -> list[Row]:
        """Pass the adjoints of horizon values on to the periods they aggregate."""
        rows = [[0.0] * self.size for _ in run.rows]
        for slot in self._by_rule["sum"]:
            for row in rows:
                row[slot] = horizon[slot] * run.repeats
        for slot in self._by_rule["mean"]:
            for row in rows:
                row[slot] = horizon[slot] / len(rows)
        for slot in self._by_rule["last"]:
            rows[-1][slot] = horizon[slot]
        return rows

    def gradient(self, run: Run, outcome: int) -> Row:
        """Return d outcome / d (amount added to a metric in every period), for every metric.

        A metric on a time loop has its own feedback cut, as a lift of it would have; each such metric takes a reverse
        pass of its own. Where there is no finite slope (a square root at zero), the entry is not finite.
        """
        adjoints = self.adjoints(run, outcome)
        slopes = adjoints.all_held()[: len(self.graph.metrics)]
        for slot in self._on_loops:
            slopes[slot] = self._cut(run, outcome, slot, adjoints).held(slot)
        return slopes

    def relative_gradient(self, run: Run, outcome: int) -> Row:
        """Return d outcome / d r, each metric being multiplied by 1 + r in every period; loops as in `gradient`."""
        adjoints = self.adjoints(run, outcome)
        totals = run.horizon()
        slopes = []
        for slot in range(len(self.graph.metrics)):
            own = self._cut(run, outcome, slot, adjoints)
            terms = [row[slot] * values[slot] for row, values in zip(own.rows, run.rows, strict=True)]
            slopes.append(_total(terms) + own.horizon[slot] * totals[slot])
        return slopes

    def _cut(self, run: Run, outcome: int, slot: int, adjoints: Adjoints) -> Adjoints:
        """Return `adjoints`, or ones without the feedback of `slot` on itself when it stands on a loop."""
        moves = adjoints.horizon[slot] or any(row[slot] for row in adjoints.rows)
        if not self.graph.metrics[slot].on_loop or slot in run.held.kinds or not moves:
            return adjoints
        return self.adjoints(replace(run, held=self._on_loop(slot, Intervention("wrap"), run, run.held)), outcome)


def local_effects(graph: Graph, given: Mapping[int, AnyIntervention]) -> tuple[Held, tuple[int, ...]]:
    """Return what changes do within a period, and the slots that wrap the path they have on a loop, in order."""
    loops = _upstream_first(graph, [s for s in given if graph.metrics[s].on_loop and given[s].kind == "wrap"])
    local = {slot: change for slot, change in given.items() if slot not in loops}
    kinds = {slot: change.kind for slot, change in local.items()}
    return Held(kinds, {slot: _effect(change) for slot, change in local.items()}), loops


def _upstream_first(graph: Graph, slots: Sequence[int]) -> tuple[int, ...]:
    """Return slots of different time loops, each after those that can move it, at whatever lag."""
    if len(slots) < 2:
        return tuple(slots)
    inputs = [
        [graph.by_name[ref.source] for ref in metric.references if ref.timing != "baseline"] for metric in graph.metrics
    ]
    rank = {slot: number for number, members in enumerate(components(inputs)) for slot in members}
    return tuple(sorted(slots, key=rank.__getitem__))


def _rests_on(slots: Collection[int], blocks: Sequence[Block]) -> frozenset[int]:
    """Return slots with all that they read through the given blocks, directly or not."""
    sources: dict[int, set[int]] = {}
    for block in blocks:
        read = {load.slot for load in block.loads.values() if load.timing != "baseline"}
        sources.setdefault(block.slot, set()).update(read)
    return reached(slots, lambda slot: sources.get(slot, set()))


def _cut(program: Program, slots: Collection[int]) -> Program:
    return Program([block for block in program.blocks if block.slot in slots], program.lags)


def _are_finite(row: Row) -> bool:
    return math.isfinite(sum(row)) or all(map(math.isfinite, row))


def _sum(values: Sequence[float]) -> float:
    """Return the exactly rounded sum; infinite where it is too large for a number."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


def _total(slopes: Sequence[float]) -> float:
    """Return the exactly rounded sum; not finite where a slope is not."""
    try:
        return math.fsum(slopes)
    except (OverflowError, ValueError):
        return math.nan


def _effect(change: AnyIntervention) -> object:
    return (change.scale, change.shift) if change.kind == "wrap" else change.shift
