"""Evaluate a model with the compiled interpreter, where numba is installed and the work repays it.

The pure evaluator (`program`) is the reference, and is asked again wherever a value is not finite: it says what is at
fault. Here nothing raises; what cannot be computed is given back as None.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from impacttree.engine.codegen import Intervened, edge_loads
from impacttree.engine.flat import UnsupportedError, flatten
from impacttree.engine.program import Effects, Program, Row
from impacttree.files import alone
from impacttree.quantity import Intervention
from impacttree.records import dataclass

if TYPE_CHECKING:
    from impacttree.engine.arrays import Array

__all__ = ["CompiledChanges", "CompiledPair", "CompiledProgram", "Stepped", "Work", "compiled_program", "interpreter"]

LOADING = 6_000_000
"""Metrics that the pure evaluator computes in the time that numba and the compiled code take to load."""
LONGEST_WAIT = 180.0
"""Seconds for another process that compiles."""
FLATTENING = 40
"""Evaluations of a tree by the pure evaluator in the time that its flat stream takes to write."""


@dataclass(slots=True)
class Work:
    """How many metrics have been computed so far, and are about to be: what decides whether compiled code repays."""

    metrics: int = 0

    def repays(self, blocks: int) -> bool:
        """Return whether what was computed, or is about to be, is as much work as making ready for compiled code."""
        loading = 0 if "impacttree.engine.interpreter" in sys.modules else LOADING
        return self.metrics > loading + FLATTENING * blocks and find_spec("numba") is not None


class CompiledChanges(NamedTuple):
    """What a run changes, in the order of the blocks: arrays over changes, and numbers by period and change."""

    blocks: Any
    kinds: Any
    scales: Any
    values: Any


Scheduled = Sequence[Sequence[float]]
"""The numbers of the parameters that differ by period, a row for each period; nothing where none does."""


class Stepped(NamedTuple):
    """The values of a run, one row a period, and the registers as the last period has left them."""

    program: CompiledProgram
    """Whose registers they are: to another program they mean nothing."""
    rows: Array
    registers: Array
    is_fresh: bool = True
    """Whether the registers hold the last period."""


class CompiledPair(NamedTuple):
    """The programs of a model: of a period, and of the horizon values that are recomputed from others."""

    step: CompiledProgram
    recomputed: CompiledProgram


def compiled_program(
    program: Program, slots: int, parameters: Sequence[float], base: Row, scheduled: Sequence[int] = ()
) -> CompiledProgram | None:
    """Return a program for the interpreter; None where there is none, or it lacks a function that is used."""
    found = interpreter()
    try:
        return None if found is None else CompiledProgram(found, program, slots, parameters, base, scheduled)
    except UnsupportedError:
        return None


@cache
def interpreter() -> ModuleType | None:
    """Return the module of the interpreter, compiled; None where numba has nowhere to keep what it compiles.

    Of several processes one compiles, and the others wait for it. What numba keeps is an index and numbered files: if
    some processes had read the source before a change and some after, the index of one might lead to code of another.
    """
    with alone(Path(__file__).with_name("interpreter.py"), LONGEST_WAIT):
        try:
            return import_module("impacttree.engine.interpreter")
        except RuntimeError:
            return None


class CompiledProgram:
    """A program as arrays, and the registers that it runs on.

    Parameters
    ----------
    interpreter
        The compiled module.
    slots
        How many there are.
    base
        What ``baseline`` reads.
    scheduled
        Positions of the parameters that have a number of their own in each period.
    """

    def __init__(
        self,
        interpreter: ModuleType,
        program: Program,
        slots: int,
        parameters: Sequence[float],
        base: Row,
        scheduled: Sequence[int] = (),
    ) -> None:
        import numpy as np

        self.np, self.interpreter = np, interpreter
        flat = flatten(program, slots, len(parameters))
        self.flat, self.slots = flat, slots
        self.block_of = {block.slot: number for number, block in enumerate(program.blocks)}
        self.code = np.array(flat.code, dtype=np.uint32)
        self.starts, self.ends, self.back_starts, self.back_ends = (
            np.array(places, dtype=np.int64)
            for places in (flat.starts, flat.ends, flat.back_starts, flat.back_ends)
        )  # fmt: skip
        self.own = np.array([block.slot for block in program.blocks], dtype=np.int64)
        keys = zip(flat.past.items(), flat.past_adjoints, strict=True)
        rows = [(register, lag, slot, adjoint) for ((lag, slot), register), adjoint in keys]
        self.past = np.array(rows, dtype=np.int64).reshape(len(rows), 4)
        self.scheduled = np.array([2 * slots + position for position in scheduled], dtype=np.int64)
        self.is_timeless = not rows and not scheduled
        """Whether a period is computed from its own values alone, in every period alike."""
        self.edges = np.array(flat.edges, dtype=np.int64)
        owners = [number for number, block in enumerate(program.blocks) for _ in edge_loads(block)]
        self.owners = np.array(owners, dtype=np.int64)
        self._registers = np.zeros(flat.size + slots)
        self._registers[2 * slots : 2 * slots + len(parameters)] = parameters
        self._registers[list(flat.constants)] = list(flat.constants.values())
        self._base = np.array(base)
        self._readers = np.array(self._first_readers(program), dtype=np.int64)
        self._today: Stepped | None = None
        """The one period without changes, of a program that reads no other."""
        none = np.empty((1, 0))
        self._unchanged = CompiledChanges(np.empty(0, np.int64), np.empty(0, np.int64), none, none)
        self._read, self._held = (np.array(list(part), dtype=np.int64) for part in (flat.base, flat.base.values()))
        self._registers[self._held] = self._base[self._read]

    def _first_readers(self, program: Program) -> list[int]:
        """Return, for each block, where the first one begins that reads it in the same period; else where all end."""
        first: dict[int, int] = {}
        for start, block in zip(self.flat.starts, program.blocks, strict=True):
            for load in block.loads.values():
                if load.timing == "now":
                    first.setdefault(load.slot, start)
        return [first.get(block.slot, self.flat.code[0]) for block in program.blocks]

    def registers(self, base: Row | None = None) -> Any:
        """Return registers to run on, with what ``baseline`` reads, that of the model unless given."""
        found = self._registers.copy()
        if base is not None and len(self._read):
            found[self._held] = self.np.array(base)[self._read]
        return found

    def changes(self, kinds: Intervened, effects: Sequence[Effects]) -> CompiledChanges:
        """Return what is changed, from the effects of each period."""
        np = self.np
        known = sorted((self.block_of[slot], slot) for slot in kinds if slot in self.block_of)
        if not known:
            none = np.empty((len(effects), 0))
            return self._unchanged._replace(scales=none, values=none)
        blocks = np.array([block for block, _ in known], dtype=np.int64)
        fixed = [kinds[slot] == "fix" for _, slot in known]
        pairs = [
            [(1.0, here[slot]) if is_fixed else here[slot] for is_fixed, (_, slot) in zip(fixed, known, strict=True)]
            for here in effects
        ]
        numbers = np.array(pairs, dtype=np.float64).reshape(len(effects), len(known), 2)
        scales, values = (np.ascontiguousarray(numbers[:, :, part]) for part in (0, 1))
        return CompiledChanges(blocks, np.array(fixed, dtype=np.int64), scales, values)

    def _numbers(self, rows: Array, scheduled: Scheduled, *others: tuple[Array, int]) -> Any:
        """Return the numbers of parameters that differ by period as an array, a row for each of `rows`.

        Parameters
        ----------
        others
            What has a row for each of them as well, with how wide it is.

        Raises
        ------
        ValueError
            Where one has not.
        """
        np = self.np
        numbers = np.array(scheduled, dtype=np.float64) if len(scheduled) else np.empty((len(rows), 0))
        for array, width in ((rows, self.slots), (numbers, len(self.scheduled)), *others):
            _check(array, len(rows), width)
        return numbers

    def run(self, count: int, scheduled: Scheduled, changes: CompiledChanges) -> Stepped | None:
        """Return the values of so many periods; None where one is not finite."""
        if count > 1 or not self.is_timeless:
            return self._stepped(self.np.empty((count, self.slots)), self.registers(), scheduled, changes)
        if self._today is None:
            self._today = self._stepped(self.np.empty((1, self.slots)), self.registers(), (), self._unchanged)
        if self._today is None or not len(changes.blocks):
            return self._today
        registers = self._today.registers.copy()
        places = self.starts, self.ends, self.own, self._readers
        is_done = self.interpreter.change(self.code, *places, registers, *changes)
        return Stepped(self, registers[None, : self.slots].copy(), registers) if is_done else None

    def totals(self, row: Array, base: Row, changes: CompiledChanges) -> Stepped | None:
        """Return a row in which the slots of this program are computed from the others; None where one is not finite.

        Of a program that reads no other period.
        """
        registers = self.registers(base)
        registers[: self.slots] = row
        return self._stepped(self.np.empty((1, self.slots)), registers, (), changes)

    def each(
        self, sets: Sequence[Mapping[int, Intervention]], given: Array | None = None, base: Row | None = None
    ) -> tuple[Array, Array]:
        """Return one row for each set of changes, which do not vary, and the largest value of each row.

        That is infinite where a value is not finite; then the row says nothing.

        Parameters
        ----------
        given
            Rows that hold what each is computed from; else the one period without changes is computed anew, from the
            first change on.
        base
            What ``baseline`` reads, if that is not what the model has.
        """
        np = self.np
        sizes = np.full(len(sets), math.inf)
        rows = np.empty((len(sets), self.slots)) if given is None else given.copy()
        _check(rows, len(sets), self.slots)
        start = self.run(1, (), self._unchanged) if given is None else None
        if given is None and start is None:
            return rows, sizes
        known = [
            sorted((self.block_of[slot], one) for slot, one in changes.items() if slot in self.block_of)
            for changes in sets
        ]
        done = [one for changes in known for one in changes]
        blocks = np.array([block for block, _ in done], dtype=np.int64)
        fixed = np.array([one.kind == "fix" for _, one in done], dtype=np.int64)
        scales = np.array([one.scale for _, one in done], dtype=np.float64)
        shifts = np.array([one.shift for _, one in done], dtype=np.float64)
        counts = np.array([len(changes) for changes in known], dtype=np.int64)
        begins = np.full(len(sets), len(self.code))
        np.minimum.at(begins, np.repeat(np.arange(len(sets)), counts), self._readers[blocks])
        self.interpreter.change_each(
            self.code, self.starts, self.ends, self.own, self._readers,
            self.registers(base) if start is None else start.registers.copy(), start is None,
            np.argsort(-begins, kind="stable"), np.append(0, counts.cumsum()), blocks, fixed, scales, shifts,
            rows, sizes,
        )  # fmt: skip
        return rows, sizes

    def _stepped(self, rows: Array, registers: Any, scheduled: Scheduled, changes: CompiledChanges) -> Stepped | None:
        if len(rows) == 1 and self.is_timeless and not len(changes.blocks):
            is_done = self.interpreter.evaluate(self.code, registers)
            return Stepped(self, registers[None, : self.slots].copy(), registers) if is_done else None
        width = len(changes.blocks)
        numbers = self._numbers(rows, scheduled, (changes.scales, width), (changes.values, width))
        is_done = self.interpreter.step_through(
            self.code, self.starts, self.ends, self.own, registers, self.past, self._base, self.scheduled,
            numbers, rows, *changes,
        )  # fmt: skip
        return Stepped(self, rows, registers) if is_done else None

    def rows(self, rows: Sequence[Row]) -> Any:
        """Return rows of numbers as one array."""
        return self.np.array(rows)

    def given(self, rows: Array, base: Row | None = None) -> Stepped:
        """Return a run whose values are known; of what this program does not compute, the first row is read."""
        registers = self.registers(base)
        registers[: self.slots] = rows[0]
        return Stepped(self, rows, registers, is_fresh=False)

    def carry_back(self, run: Stepped, scheduled: Scheduled, adjoints: Array, changes: CompiledChanges) -> None:
        """Carry adjoints, one row a period, from the last period back to the first; `adjoints` is changed."""
        if run.program is not self:
            raise ValueError("the registers are those of another program")
        width = len(changes.blocks)
        numbers = self._numbers(
            run.rows, scheduled, (adjoints, self.slots), (changes.scales, width), (changes.values, width)
        )
        is_fresh = run.is_fresh and not len(changes.blocks)
        if len(run.rows) == 1 and self.is_timeless and not len(changes.blocks):
            registers = run.registers.copy()
            registers[-self.slots :] = adjoints[0]
            self.interpreter.differentiate(self.code, registers, is_fresh)
            adjoints[0] = registers[self.slots : 2 * self.slots]
            return
        self.interpreter.carry_back(
            self.code, self.starts, self.ends, self.back_starts, self.back_ends, self.own,
            run.registers.copy(), self.past, self._base, self.scheduled, numbers, run.rows,
            adjoints, is_fresh, *changes,
        )  # fmt: skip

    def local_slopes(self, rows: Array, scheduled: Scheduled, base: Row | None = None) -> Array:
        """Return the local derivative along every edge, one row a period."""
        found = self.np.empty((len(rows), len(self.edges)))
        self.interpreter.local_slopes(
            self.code, self.starts, self.ends, self.back_starts, self.back_ends, self.own,
            self.registers(base), self.past, self._base, self.scheduled, self._numbers(rows, scheduled), rows,
            self.edges, self.owners, found,
        )  # fmt: skip
        return found

    def decisions(
        self, rows: Array, scheduled: Scheduled, t: int, base: Row | None = None
    ) -> dict[tuple[int, int], float]:
        """Return every branch reached in a period with the side taken, and every step with where it stands."""
        registers = self.registers(base)
        self.interpreter.replay(
            self.code, self.starts, self.ends, self.own, registers, self.past, self._base, self.scheduled,
            self._numbers(rows, scheduled), rows, t,
        )  # fmt: skip
        return {
            (choice.slot, choice.out): float(registers[choice.register])
            for choice in self.flat.choices
            if all((registers[flag] != 0.0) == side for flag, side in choice.within)
        }


def _check(array: Array, rows: int, width: int) -> None:
    """Refuse what is not rows of floats of this shape: compiled code does not look, and would read beyond their end."""
    if array.shape != (rows, width) or array.dtype != float or not array.flags.c_contiguous:
        raise ValueError(f"an array is {array.dtype} {array.shape}, and rows of floats, {(rows, width)}, are needed")
