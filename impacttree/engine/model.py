"""A compiled tree: values period by period, over the horizon, and their derivatives.

A *slot* is a place in a row of values: one for each metric in file order, then one for each running total that a
``cumulative`` needs. Off time all periods are alike, so a static tree is stepped once and the period counted `repeats`
times.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import field, replace
from functools import cached_property
from typing import Any, NamedTuple

from impacttree.engine.codegen import Intervened
from impacttree.engine.compiled import CompiledChanges, CompiledPair, CompiledProgram, Stepped, Work, compiled_program
from impacttree.engine.held import NOTHING_HELD, Held, local_effects
from impacttree.engine.horizon import HORIZON, HORIZONS, HorizonRule, Window, counted
from impacttree.engine.program import Effects, Program, Row
from impacttree.engine.row_program import RowProgram
from impacttree.engine.scalar_faults import Missing, Naming, PeriodState, redo, too_large
from impacttree.engine.stages import PeriodStage, stages_of
from impacttree.engine.tape import Block, lower, total_of
from impacttree.engine.witnesses import witnesses
from impacttree.errors import EvaluationError, Problem, QuestionError
from impacttree.formula.core import Binary, Core, Name, Number, Timed, lowered
from impacttree.graph.model import Aggregation, Graph
from impacttree.graph.reach import reached
from impacttree.quantity import Intervention, Schedule
from impacttree.records import dataclass

__all__ = ["Adjoints", "Model", "Part", "Run"]

_NOTHING_SAID = Problem(reason="")
"""Of what is marked and not raised."""
MOST_TOGETHER = 256
"""Changes whose rows are held at once."""
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
        """Return the derivative with respect to an amount added to `slot` in every period, and to its horizon value."""
        return _total([row[slot] for row in self.rows]) + self.horizon[slot]

    def all_held(self) -> Row:
        """Return what `held` gives, for every slot."""
        sums = self.rows[0] if len(self.rows) == 1 else map(_total, zip(*self.rows, strict=True))
        return list(map(operator.add, sums, self.horizon))


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
    missing
        Why slots have no value (NaN) in a period from t = 1, by period and slot; nothing where that is an error.
    """

    model: Model
    initial: Row
    rows: tuple[Row, ...]
    repeats: int
    held: Held
    missing: Mapping[int, Mapping[int, Missing]] = field(default_factory=dict)
    stepped: Stepped | None = None
    """The rows as the compiled evaluator made them, if it did."""

    def why(self, slot: int, t: int | None = None) -> str:
        """Return why a slot has no value at period t, or over the horizon: ``division by zero in month 1``."""
        if t is not None:
            return self._why(slot, t).reason
        reasons = (found[slot].reason for found in self.missing.values() if slot in found)
        return next(reasons, "what it reads has no value")

    def _why(self, slot: int, t: int) -> Missing:
        return self.model.missing_today[slot] if t == 0 else self.missing[1 if self.repeats > 1 else t][slot]

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
        return replace(self, rows=self.rows[:periods], stepped=None)


@dataclass(frozen=True, eq=False)
class Part:
    """The programs of what some slots rest on."""

    initial: Program
    step: Program
    recomputed: Program
    addresses: frozenset[str]
    """Of the parameters that are read, and are the same in every period."""
    read_today: frozenset[int]
    """The slots that are read at t = 0: there, of the base case or from later periods."""
    read_later: frozenset[int]
    """Those that are read from later periods."""
    started: frozenset[int]
    """The slots with another rule at t = 0."""
    scheduled: frozenset[int]
    """The parameters, by position, that have a number of their own in each period."""
    size: int
    """Of a row of values."""

    @cached_property
    def _stages(self) -> dict[frozenset[int], tuple[PeriodStage, ...]]:
        return {}

    def stages(self, wanted: Collection[int]) -> tuple[PeriodStage, ...]:
        """Return the rules of a period from t = 1, by when they settle; the values of `wanted` are kept."""
        kept = frozenset(wanted)
        if kept not in self._stages:
            self._stages[kept] = stages_of(self.step.blocks, self.size, kept, self.started, self.scheduled)
        return self._stages[kept]

    @cached_property
    def _beginnings(self) -> dict[frozenset[int], Beginning]:
        return {}

    def beginning(self, wanted: Collection[int]) -> Beginning:
        """Return the rules at t = 0 of `wanted` and of what later periods read there."""
        kept = self.read_later.union(wanted)
        if kept not in self._beginnings:
            needed = _rests_on(kept, self.initial.blocks)
            blocks = [block for block in self.initial.blocks if block.slot in needed]
            named, shown = witnesses(blocks, {place for block in blocks for place in block.parameters.values()})
            self._beginnings[kept] = Beginning(RowProgram(blocks, self.initial.lags, kept.union(named)), named, shown)
        return self._beginnings[kept]

    @cached_property
    def over_horizon(self) -> RowProgram:
        """The rules of what is recomputed from totals, over many rows."""
        blocks = self.recomputed.blocks
        return RowProgram(blocks, (), frozenset(block.slot for block in blocks))


class Beginning(NamedTuple):
    """The rules at t = 0 of what is read there.

    Parameters
    ----------
    program
        The rules.
    witnesses
        Slots that are finite only where the parameters `shown` are.
    """

    program: RowProgram
    witnesses: tuple[int, ...]
    shown: frozenset[int]


class Model:
    """The compiled form of a checked graph.

    Parameters
    ----------
    graph
        As `impacttree.graph.build` returns it.
    horizons
        How a metric is taken over the horizon, by its rule.
    """

    def __init__(self, graph: Graph, horizons: Mapping[Aggregation, HorizonRule] = HORIZONS) -> None:
        self.graph = graph
        self.is_static = self.is_timeless = graph.is_static
        """Whether one row of values stands for all periods; and whether the rules read no other period."""
        self.addresses: list[str] = []
        self.parameters: list[float] = []
        """The numbers that rules read, at t = 0."""
        self.schedules: dict[int, Schedule] = {}
        """The parameters, by position, that have a number of their own in each period."""
        metrics = graph.metrics
        totalled = sorted({graph.by_name[r.source] for m in metrics for r in m.references if r.timing == "cumulative"})
        self.accumulator = {source: len(metrics) + k for k, source in enumerate(totalled)}
        self.owners = (*range(len(metrics)), *totalled)
        self.size = len(self.owners)
        self._positions: dict[str, int] = {}
        totals = {total_of(metrics[source].name): slot for source, slot in self.accumulator.items()}
        self.slot_of = {**{metric.name: metric.index for metric in metrics}, **totals}
        self.naming = Naming(graph, self.owners, self.slot_of, self._positions)
        self.blocks = tuple(self._lower(metric.index, metric.core) for metric in metrics)
        self.starts = {m.index: self._lower(m.index, lowered(m.start)) for m in metrics if m.start is not None}
        self.lags = self._lags()
        rules: list[Aggregation] = [metric.aggregation for metric in metrics]
        rules += ["last"] * len(totalled)
        self.aggregations = tuple(rules)
        self.rules = horizons
        self.horizons = tuple(horizons.get(rule) for rule in rules)
        """How each slot is taken over the horizon; None where it is recomputed from others, or has no value there."""
        self._on_loops = tuple(metric.index for metric in metrics if metric.on_loop)
        self.since = 1
        """The first period of what counts as the horizon; those before it are run, and not counted."""
        self._marks = False
        """Whether what has no value from t = 1 on is marked as NaN, and not an error."""
        self._work = Work()

    def _lags(self) -> tuple[int, ...]:
        """Return the distinct lags in use; a running total reads its own previous value."""
        lags = {load.lag for block in self.blocks for load in block.loads.values()} | {1 if self.accumulator else 0}
        return tuple(sorted(lags - {0}))

    def _lower(self, slot: int, rule: Core) -> Block:
        return lower(slot, rule, self.slot_of, self._register)

    def _register(self, address: str, value: float) -> int:
        if address not in self._positions:
            self._positions[address] = len(self.parameters)
            schedule = self.graph.schedules.get(address)
            if schedule is not None and not schedule.is_steady:
                self.schedules[len(self.parameters)] = schedule
            self.addresses.append(address)
            self.parameters.append(value if schedule is None else schedule.today)
        return self._positions[address]

    def _total(self, source: int) -> Block:
        """Return the running total of a metric: its own previous value plus this period's."""
        name = self.graph.metrics[source].name
        so_far = Timed(total_of(name), "prev", 1, (0, 0))
        return self._lower(self.accumulator[source], Binary("+", so_far, Name(name), (0, 0)))

    @cached_property
    def initial(self) -> Program:
        """The program of t = 0."""
        totals = [self._lower(slot, Number(0.0, "0")) for slot in self.accumulator.values()]
        blocks = [self.starts.get(slot) or self.blocks[slot] for slot in self.graph.initial_order]
        return Program([*totals, *blocks], self.lags)

    @cached_property
    def step(self) -> Program:
        """The program of every period from t = 1; for a static tree the same as at t = 0."""
        if self.is_timeless and not self.starts:
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
        return Program([self.blocks[slot] for slot in self.graph.order if self.recomputes(slot)], ())

    def recomputes(self, slot: int) -> bool:
        """Return whether the horizon value of `slot` is a formula over those of others."""
        return self.aggregations[slot] == "recompute" and slot not in self._valueless

    @cached_property
    def _valueless(self) -> frozenset[int]:
        """Slots without a value over the horizon: by their rule, or because they are recomputed from such ones."""
        found = {
            slot for slot, way in enumerate(self.horizons) if way is None and self.aggregations[slot] != "recompute"
        }
        for slot in self.graph.order:
            read = {load.slot for load in self.blocks[slot].loads.values()}
            if self.aggregations[slot] == "recompute" and read & found:
                found.add(slot)
        return frozenset(found)

    def check_horizon(self, slot: int) -> None:
        """Refuse a question about the horizon value of a slot that has none.

        Raises
        ------
        QuestionError
            Which names the metrics whose rule decides it.
        """
        if slot in self._valueless:
            metric = self.graph.metrics[self.owners[slot]]
            read = sorted({load.slot for load in self.blocks[metric.index].loads.values()} & self._valueless)
            names = [metric] if self.aggregations[slot] != "recompute" else [self.graph.metrics[s] for s in read]
            rules = ", ".join(f"{one.name} is taken by '{one.aggregation}'" for one in names)
            reason = f"{metric.name} has no value over this horizon: {rules}"
            raise QuestionError(Problem(reason=reason, fix="ask about a metric that is summed over the periods"))

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
            over_horizon = _rests_on(wanted, self.recomputed.blocks).intersection(self.recomputed.chunk_of)
            if (needed, over_horizon) not in self._shared:
                self._shared[needed, over_horizon] = self._cut_down(needed, over_horizon)
            self._parts[wanted] = self._shared[needed, over_horizon]
        return self._parts[wanted]

    def _cut_down(self, needed: frozenset[int], over_horizon: frozenset[int]) -> Part:
        initial = _cut(self.initial, needed)
        step = initial if self.step is self.initial else _cut(self.step, needed)
        blocks = (*initial.blocks, *step.blocks)
        read = {place for block in blocks for place in block.parameters.values()} - self.schedules.keys()
        addresses = frozenset(self.addresses[place] for place in read)
        later = frozenset().union(*(_read_before(step, lag) for lag in (0, *self.lags)))
        there = frozenset(load.slot for block in initial.blocks for load in block.loads.values())
        return Part(
            initial,
            step,
            _cut(self.recomputed, over_horizon),
            addresses,
            there | later,
            later,
            started=frozenset(self.starts),
            scheduled=frozenset(self.schedules),
            size=self.size,
        )

    def numbers(self, t: int) -> Sequence[float]:
        """Return the parameters in period `t`.

        Raises
        ------
        EvaluationError
            When a series has no number for it.
        """
        if not self.schedules or t < 1:
            return self.parameters
        if t not in self._numbers:
            row = list(self.parameters)
            for position, schedule in self.schedules.items():
                row[position] = schedule.at(t)
            self._numbers[t] = row
        return self._numbers[t]

    @cached_property
    def _numbers(self) -> dict[int, list[float]]:
        return {}

    def beside(self, interventions: Mapping[int, Intervention]) -> Model:
        """Return the model for runs that stand beside one with these interventions.

        It is this one; but where all periods are alike and the interventions are not, each period has its own row.
        """
        if not self.is_static or not any(one.varies for one in interventions.values()):
            return self
        return self._by_period

    def _with(self, *forgotten: str, **known: Any) -> Model:
        """Return a copy that knows other things, and computes anew what is forgotten."""
        model = copy(self)
        for name in ("_by_period", "plans", *forgotten):
            vars(model).pop(name, None)
        vars(model).update(known)
        return model

    @cached_property
    def plans(self) -> dict[Hashable, Any]:
        """How many rows are worked at once, by what is asked of them: kept here by `vector`."""
        return {}

    @cached_property
    def _by_period(self) -> Model:
        return self._with("_pair", is_static=False)

    def marking(self) -> Model:
        """Return the same model, in whose runs NaN marks what has no value: for views of the whole tree."""
        return self._with(_marks=True)

    def counting(self, since: int) -> Model:
        """Return the same model, whose horizon begins with period `since`: the same runs, other totals."""
        return self._with("_bases", "_weights_of", since=since)

    def taking(self, horizons: Mapping[Aggregation, HorizonRule]) -> Model:
        """Return the same model, whose metrics are taken over the horizon by other rules: the same runs again."""
        ways = tuple(horizons.get(rule) for rule in self.aggregations)
        return self._with("_valueless", "_totalled", "_bases", "_weights_of", rules=horizons, horizons=ways)

    def cut(self, slots: Collection[int]) -> Model:
        """Return the model of what `slots` rest on alone: from t = 1 on the rest is not computed, and stands at 0."""
        part, today = self.part(slots), self._today
        return self._with(
            "_read_at", "_pair", "_parts", "_shared", step=part.step, recomputed=part.recomputed, _today=today
        )

    @cached_property
    def base(self) -> Row:
        """Values at t = 0 of the base case, which ``baseline`` reads; NaN where there is none."""
        return self._today[0]

    @cached_property
    def missing_today(self) -> Mapping[int, Missing]:
        """Why slots have no value at t = 0."""
        return self._today[1]

    @cached_property
    def _today(self) -> tuple[Row, Mapping[int, Missing]]:
        row, missing = [0.0] * self.size, dict[int, Missing]()
        past = [row] * len(self.lags)
        try:
            for function in self.initial.values({}):
                function(row, row, self.parameters, past, {})
            if not _are_finite(row):
                raise OverflowError
        except _FAULTS:
            kinds = NOTHING_HELD.kinds
            missing = self._redo(self.initial, row, row, past, kinds, {}, 0, lambda slot, _: missing[slot])
        return row, missing

    @cached_property
    def _read_at(self) -> Mapping[int, frozenset[int]]:
        """The slots that a period reads of earlier ones, by lag; of t = 0 of the base case at lag 0."""
        return {lag: _read_before(self.step, lag) for lag in (0, *self.lags)}

    def run(self, periods: int, interventions: Mapping[int, Intervention] | None = None) -> Run:
        """Return the values of t = 0 and `periods` periods under `interventions` (by slot), acting from period 1.

        On a time loop a changed metric wraps the path it has without its own change, so one more run is made for each.
        """
        if not interventions:
            return self.simulate(periods)
        given, model = interventions, self.beside(interventions)
        held, loops = local_effects(self.graph, given, self.counted)
        for slot in loops:
            held = self._on_loop(slot, given[slot], model.simulate(periods, held), held)
        return model.simulate(periods, held)

    def _on_loop(self, slot: int, change: Intervention, without: Run, held: Held) -> Held:
        path = [row[slot] for row in without.rows]
        return held.along(slot, path, lambda periods: without.horizon(periods)[slot], change, self.counted)

    def expect(self, evaluations: int, periods: int) -> None:
        """Say how often the tree is about to be evaluated, for compiled code to be loaded where that repays it."""
        self._work.metrics += evaluations * self.steps(periods) * len(self.step.blocks)

    def _scheduled(self, count: int) -> Sequence[Sequence[float]]:
        """Return the numbers of the parameters that have one in each period, a row for each of so many."""
        if not self.schedules:
            return ()
        return [[row[position] for position in self.schedules] for row in map(self.numbers, range(1, count + 1))]

    def _compiled(self) -> CompiledPair | None:
        """Return the compiled programs once they repay it; None before, and where they do not do for this tree."""
        if "_pair" not in vars(self) and not self._work.repays(len(self.step.blocks)):
            return None
        return self._pair

    @cached_property
    def _pair(self) -> CompiledPair | None:
        if self.missing_today:
            return None
        step = compiled_program(self.step, self.size, self.parameters, self.base, tuple(self.schedules))
        recomputed = compiled_program(self.recomputed, self.size, self.parameters, self.base)
        return None if step is None or recomputed is None else CompiledPair(step, recomputed)

    def _stepped(self, periods: int, held: Held) -> Stepped | None:
        """Return a run by the compiled evaluator; None where it is not to be had, or finds a fault."""
        count = self.steps(periods)
        pair = self._compiled()
        if pair is None:
            self._work.metrics += count * len(self.step.blocks)
            return None
        return pair.step.run(count, self._scheduled(count), _changes(pair.step, count, held))

    def total(self, periods: int, interventions: Mapping[int, Intervention], slot: int) -> float | None:
        """Return a slot's value over the horizon under interventions, quickly.

        None where only a run can tell: without the compiled evaluator, on a time loop, and where something has no
        value.
        """
        model = self.beside(interventions)
        if model is not self:
            return model.total(periods, interventions, slot)
        held, loops = local_effects(self.graph, interventions, self.counted)
        pair = self._compiled()
        if loops or slot in self._valueless or pair is None:
            return None
        found = self._stepped(periods, held)
        return None if found is None else self._total_of(pair, found.rows, periods, held, slot)

    def _total_of(self, pair: CompiledPair, rows: Any, periods: int, held: Held, slot: int) -> float | None:
        window = self.window(periods)
        rows = rows[window.before :]
        if not math.isfinite(abs(rows).sum() * window.repeats):  # some total may be too large for a number
            return None
        if self.recomputed.blocks:
            effects = held.over(periods, self.recomputed.chunk_of)
            changes = pair.recomputed.changes(held.kinds, [effects])
            found = pair.recomputed.totals(self._read_totals(rows, window), self.horizon_base(periods), changes)
            if found is None or self.recomputes(slot):
                return None if found is None else float(found.rows[0, slot])
        return self._over(rows[:, slot].tolist(), slot, window)

    def totals(
        self, ends: Sequence[int], changes: Sequence[Mapping[int, Intervention]], slot: int
    ) -> list[tuple[float, ...] | None]:
        """Return what `total` gives under each of several changes, up to each of several last periods.

        None where only `total` or a run can tell; of all of them where periods differ.
        """
        pair = self._compiled()
        differ = not self.is_static or any(one.varies for given in changes for one in given.values())
        if pair is None or differ or not pair.step.is_timeless or slot in self._valueless:
            return [None] * len(changes)
        found: list[tuple[float, ...] | None] = []
        for first in range(0, len(changes), MOST_TOGETHER):
            found += self._totals(pair, ends, changes[first : first + MOST_TOGETHER], slot)
        return found

    def _totals(
        self, pair: CompiledPair, ends: Sequence[int], changes: Sequence[Mapping[int, Intervention]], slot: int
    ) -> Iterator[tuple[float, ...] | None]:
        rows, sizes = pair.step.each(changes)
        columns, finite = [], sizes < math.inf
        for periods in ends:
            window = self.window(periods)
            weights = self._weights(window)
            finite &= sizes * (self.size * window.repeats) < math.inf  # some total may be too large for a number
            if self.recomputed.blocks:
                totals, largest = pair.recomputed.each(changes, rows * weights, self.horizon_base(periods))
                finite &= largest < math.inf
                columns.append(totals[:, slot].tolist())
            else:
                columns.append((rows[:, slot] * weights[slot]).tolist())
        found = zip(zip(*columns, strict=True), finite.tolist(), strict=True)
        return (totals if is_known else None for totals, is_known in found)

    def _read_totals(self, rows: Any, window: Window) -> Any:
        """Return a row with the totals that others are recomputed from."""
        row = rows[0].copy()
        if window.distinct == 1:
            return row * self._weights(window)
        for slot in self._totalled:
            row[slot] = self._over(rows[:, slot].tolist(), slot, window)
        return row

    def _over(self, path: Sequence[float], slot: int, window: Window) -> float:
        way = self.horizons[slot]
        return 0.0 if way is None else way.forward(path, window)

    @cached_property
    def _totalled(self) -> tuple[int, ...]:
        """The slots whose totals are read to recompute others."""
        read = {load.slot for block in self.recomputed.blocks for load in block.loads.values()}
        return tuple(sorted(slot for slot in read if self.horizons[slot] is not None))

    def simulate(self, periods: int, held: Held = NOTHING_HELD) -> Run:
        """Step through the periods with `held` in force."""
        count = self.steps(periods)
        repeats = periods if self.is_static else 1
        stepped = self._stepped(periods, held)
        if stepped is not None:
            return Run(self, self.base, tuple(stepped.rows.tolist()), repeats, held, stepped=stepped)
        functions = self.step.values(held.kinds)
        rows: list[Row] = []
        missing: dict[int, dict[int, Missing]] = {}
        for position in range(count):
            row = [0.0] * self.size
            past = [rows[position - lag] if position >= lag else self.base for lag in self.lags]
            effects = held.effects(position)
            try:
                if self._reads_missing(position, missing):
                    raise ValueError
                for function in functions:
                    function(row, self.base, self.numbers(position + 1), past, effects)
                if not _are_finite(row):
                    raise OverflowError
            except _FAULTS:
                found = self._redo(
                    self.step, row, self.base, past, held.kinds, effects, position + 1,
                    lambda slot, t: missing[t][slot] if t > 0 else self.missing_today[slot],
                )  # fmt: skip
                self._refuse(found)
                missing[position + 1] = found
            rows.append(row)
        missing = {t: found for t, found in missing.items() if found}
        return Run(self, self.base, tuple(rows), repeats, held, missing)

    def _reads_missing(self, position: int, missing: Mapping[int, Collection[int]]) -> bool:
        """Return whether a period reads an earlier value that has none."""
        today = self.missing_today
        if not today and not missing:
            return False
        return any(
            not slots.isdisjoint(missing.get(position + 1 - lag, ()) if lag and position >= lag else today)
            for lag, slots in self._read_at.items()
        )

    def _redo(
        self,
        program: Program,
        row: Row,
        base: Row,
        past: Sequence[Row],
        kinds: Intervened,
        effects: Effects,
        t: int,
        known: Callable[[int, int], Missing],
    ) -> dict[int, Missing]:
        """Compute a period once more, with care; return why slots have no value in it."""
        rows = dict(zip(program.lags, past, strict=True))
        return redo(self.naming, PeriodState(program, row, base, rows, self.numbers(t), kinds, effects, t), known)

    def _refuse(self, found: Mapping[int, Missing]) -> None:
        """Raise the first thing that has no value, unless that is to be marked."""
        if found and not self._marks:
            raise EvaluationError(next(iter(found.values())).problem) from None

    def horizon(self, run: Run, periods: int) -> Row:
        """Return each slot's value over the horizon, up to period `periods` of `run`, by its aggregation rule."""
        self._check(run)
        window = self.window(periods)
        rows = run.rows if self.is_static else run.rows[window.before : periods]
        if window.distinct == 1:
            row = list(map(operator.mul, rows[0], self._weights(window)))
        else:
            row = [
                0.0 if way is None else way.forward(path, window)
                for way, path in zip(self.horizons, zip(*rows, strict=True), strict=True)
            ]
        if not _are_finite(row) and any(map(math.isinf, row)):
            too_large(self.naming, row)
        base, effects = self.horizon_base(periods), self._held_over(run, periods)
        try:
            if run.missing or not self._read_at[0].isdisjoint(self.missing_today):
                raise ValueError
            for function in self.recomputed.values(run.held.kinds):
                function(row, base, self.parameters, (), effects)
            if not _are_finite(row):
                raise OverflowError
        except _FAULTS:
            found = self._redo(
                self.recomputed, row, base, (), run.held.kinds, effects, -1,
                lambda slot, t: self.missing_today[slot] if t == 0 else Missing(run.why(slot), _NOTHING_SAID),
            )  # fmt: skip
            self._refuse(found)
        for slot in self._valueless:
            row[slot] = math.nan
        return row

    def _held_over(self, run: Run, periods: int) -> Effects:
        return run.held.over(periods, self.recomputed.chunk_of)

    def horizon_base(self, periods: int) -> Row:
        """Return what ``baseline`` reads among horizon values: of a sum of flows every period counts."""
        if periods not in self._bases:
            window = self.window(periods)
            ways = zip(self.horizons, self.base, strict=True)
            self._bases[periods] = [value if way is None else way.held(value, window) for way, value in ways]
        return self._bases[periods]

    @cached_property
    def _bases(self) -> dict[int, Row]:
        return {}

    def _weights(self, window: Window) -> Sequence[float]:
        """Return what the one distinct period counts in the horizon value of each slot."""
        if window.periods not in self._weights_of:
            self._weights_of[window.periods] = [
                1.0 if way is None else way.adjoint(1.0, window)[0] for way in self.horizons
            ]
        return self._weights_of[window.periods]

    @cached_property
    def _weights_of(self) -> dict[int, Sequence[float]]:
        return {}

    def steps(self, periods: int) -> int:
        """Return how many rows of values stand for the first periods: one where all are alike, else one for each.

        Raises
        ------
        EvaluationError
            When a series ends before.
        """
        for schedule in self._ending:
            schedule.at(periods)
        return 1 if self.is_static else periods

    @cached_property
    def _ending(self) -> tuple[Schedule, ...]:
        """The schedules that have a last period."""
        return tuple(schedule for schedule in self.graph.schedules.values() if schedule.last is not None)

    def _check(self, run: Run) -> None:
        """Refuse a run that has a row for each period where the model has one for all, or the other way round.

        Raises
        ------
        ValueError
            Which says whom to ask.
        """
        if len(run.rows) != self.steps(run.periods):
            raise ValueError(f"the run has {len(run.rows)} rows of values, and the model others: ask `run.model`")

    def window(self, periods: int) -> Window:
        """Return the periods that count, up to period `periods`, as a window."""
        those = self.counted(periods)
        if self.is_static:
            return Window(len(those), 1, since=those.start)
        return Window(len(those), len(those), those.start - 1, those.start)

    def counted(self, periods: int) -> range:
        """Return which of the first periods count in what is taken over them."""
        return counted(self.rules, self.since, periods)

    def tangent(self, slot: int, moves: Sequence[float], window: Window) -> float:
        """Return how a slot's horizon value moves when its periods move so; 0 where it is recomputed from others."""
        way = self.horizons[slot]
        return 0.0 if way is None else way.tangent(moves[window.before :], window)

    def partials(self, run: Run, held: Held) -> tuple[tuple[Row, ...], Row]:
        """Return the local derivative along every edge, in each distinct period and over the horizon.

        Into a metric that `held` changes an edge carries what the change makes of it: nothing where it is fixed.
        """
        self._check(run)
        rows, horizon = self._quick_partials(run) or self._own_partials(run, held.fixed_slots)
        if held.kinds:
            for position, row in enumerate(rows):
                _as_changed(self.step, row, held.effects(position))
            _as_changed(self.recomputed, horizon, held.over(run.periods, self.recomputed.chunk_of))
        return rows, horizon

    def _own_partials(self, run: Run, fixed: Collection[int]) -> tuple[tuple[Row, ...], Row]:
        """Return the derivatives of the rules themselves."""
        rows, functions = [], self.step.partials(fixed)
        for position, row in enumerate(run.rows):
            partials = [0.0] * len(self.step.edges)
            for function in functions:
                function(row, self.base, self.numbers(position + 1), run.past(position), partials)
            rows.append(partials)
        horizon = [0.0] * len(self.recomputed.edges)
        totals, base = run.horizon(), self.horizon_base(run.periods)
        for function in self.recomputed.partials(fixed):
            function(totals, base, self.parameters, (), horizon)
        return tuple(rows), horizon

    def _quick_partials(self, run: Run) -> tuple[tuple[Row, ...], Row] | None:
        """Return the same by the compiled evaluator; None without it, or where one is not finite."""
        pair = self._compiled()
        if pair is None or run.missing:
            self._work.metrics += len(run.rows) * len(self.step.blocks)
            return None
        rows = pair.step.local_slopes(pair.step.rows(run.rows), self._scheduled(len(run.rows)))
        totals = pair.recomputed.rows([run.horizon()])
        horizon = pair.recomputed.local_slopes(totals, (), self.horizon_base(run.periods))
        if not all((abs(slopes) < math.inf).all() for slopes in (rows, horizon)):
            return None
        return tuple(rows.tolist()), horizon[0].tolist()

    def decisions(self, run: Run) -> Iterator[tuple[int, Mapping[tuple[int, int], float]]]:
        """Yield, by position, the side taken at every branch that is reached and where each step stands.

        The rule of a fixed metric is not followed.
        """
        self._check(run)
        pair, fixed = None if run.missing else self._compiled(), run.held.fixed_slots
        totals, base = run.horizon(), self.horizon_base(run.periods)
        if pair is not None:
            rows, numbers = pair.step.rows(run.rows), self._scheduled(len(run.rows))
            for position in range(len(rows)):
                yield position, _but(pair.step.decisions(rows, numbers, position), fixed)
            yield HORIZON, _but(pair.recomputed.decisions(pair.recomputed.rows([totals]), (), 0, base), fixed)
            return
        self._work.metrics += len(run.rows) * len(self.step.blocks)
        branches = self.step.branches(fixed)
        for position, row in enumerate(run.rows):
            taken: dict[tuple[int, int], float] = {}
            branches(row, self.base, self.numbers(position + 1), run.past(position), taken)
            yield position, taken
        taken = {}
        self.recomputed.branches(fixed)(totals, base, self.parameters, (), taken)
        yield HORIZON, taken

    def adjoints(self, run: Run, outcome: int) -> Adjoints:
        """Return the derivatives of the outcome's horizon value by one reverse pass through time."""
        self._check(run)
        horizon = [0.0] * self.size
        horizon[outcome] = 1.0
        recomputed = [0.0] * self.size
        self.check_horizon(outcome)
        pair = None if run.missing else self._compiled()
        if pair is not None:
            return self._quick_adjoints(pair, run, outcome)
        self._work.metrics += len(run.rows) * len(self.step.blocks)
        if self.recomputes(outcome):
            totals, base, effects = (
                run.horizon(),
                self.horizon_base(run.periods),
                self._held_over(run, run.periods),
            )
            for function in self.recomputed.reverse(run.held.kinds):
                function(totals, base, self.parameters, (), effects, horizon, ())
            for block in self.recomputed.blocks:
                recomputed[block.slot] = horizon[block.slot]
        rows = self.seeds(self.window(run.periods), horizon)
        before = [0.0] * self.size
        functions = self.step.reverse(run.held.kinds)
        for position in range(len(rows) - 1, -1, -1):
            past = run.past(position)
            into = [rows[position - lag] if position >= lag else before for lag in self.lags]
            numbers, effects = self.numbers(position + 1), run.held.effects(position)
            for function in functions:
                function(run.rows[position], self.base, numbers, past, effects, rows[position], into)
        return Adjoints(tuple(rows), recomputed)

    def _quick_adjoints(self, pair: CompiledPair, run: Run, outcome: int) -> Adjoints:
        horizon, recomputed = [0.0] * self.size, [0.0] * self.size
        horizon[outcome] = 1.0
        if self.recomputes(outcome):
            base, effects = self.horizon_base(run.periods), self._held_over(run, run.periods)
            totals = pair.recomputed.given(pair.recomputed.rows([run.horizon()]), base)
            moved = pair.recomputed.rows([horizon])
            pair.recomputed.carry_back(totals, (), moved, pair.recomputed.changes(run.held.kinds, [effects]))
            horizon = moved[0].tolist()
            for block in self.recomputed.blocks:
                recomputed[block.slot] = horizon[block.slot]
        rows = pair.step.rows(self.seeds(self.window(run.periods), horizon))
        stepped = run.stepped
        if stepped is None or stepped.program is not pair.step:
            stepped = pair.step.given(pair.step.rows(run.rows))
        numbers = self._scheduled(len(run.rows))
        pair.step.carry_back(stepped, numbers, rows, _changes(pair.step, len(run.rows), run.held))
        return Adjoints(tuple(rows.tolist()), recomputed)

    def seeds(self, window: Window, horizon: Row) -> list[Row]:
        """Pass the adjoints of horizon values on to the periods they aggregate."""
        before = [[0.0] * self.size for _ in range(window.before)]
        if window.distinct == 1:
            row = list(map(operator.mul, horizon, self._weights(window)))
            for block in self.recomputed.blocks:
                row[block.slot] = 0.0
            return [*before, row]
        rows = [[0.0] * self.size for _ in range(window.distinct)]
        for slot, (way, weight) in enumerate(zip(self.horizons, horizon, strict=True)):
            if way is not None and weight:
                for row, part in zip(rows, way.adjoint(weight, window), strict=True):
                    row[slot] = part
        return [*before, *rows]

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


def _rests_on(slots: Collection[int], blocks: Sequence[Block]) -> frozenset[int]:
    """Return slots with all that they read through the given blocks, directly or not."""
    sources: dict[int, set[int]] = {}
    for block in blocks:
        read = {load.slot for load in block.loads.values() if load.timing != "baseline"}
        sources.setdefault(block.slot, set()).update(read)
    return reached(slots, lambda slot: sources.get(slot, set()))


def _read_before(program: Program, lag: int) -> frozenset[int]:
    """Return the slots that a program reads at a lag; at lag 0, of t = 0 of the base case."""
    loads = (load for block in program.blocks for load in block.loads.values())
    return frozenset(load.slot for load in loads if load.timing != "now" and load.lag == lag)


def _cut(program: Program, slots: Collection[int]) -> Program:
    return Program([block for block in program.blocks if block.slot in slots], program.lags)


def _are_finite(row: Row) -> bool:
    return math.isfinite(sum(row)) or all(map(math.isfinite, row))


def _total(slopes: Sequence[float]) -> float:
    """Return the exactly rounded sum; not finite where a slope is not."""
    try:
        return math.fsum(slopes)
    except (OverflowError, ValueError):
        return math.nan


def _changes(program: CompiledProgram, count: int, held: Held) -> CompiledChanges:
    return program.changes(held.kinds, [held.effects(position) for position in range(count)])


def _as_changed(program: Program, slopes: Row, effects: Effects) -> None:
    """Give the edges into changed metrics the slopes that they have with the change."""
    for slot, effect in effects.items():
        scale = effect[0] if isinstance(effect, tuple) else 0.0
        for edge in program.edges_into.get(slot, ()):
            slopes[edge] = slopes[edge] * scale if scale else 0.0


def _but(decisions: Mapping[tuple[int, int], float], fixed: Collection[int]) -> Mapping[tuple[int, int], float]:
    """Return the decisions of metrics that are not fixed."""
    return {key: side for key, side in decisions.items() if key[0] not in fixed} if fixed else decisions
