"""Compile blocks to functions, a hundred or so at a time, when first used."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, Protocol

from impacttree.engine import codegen
from impacttree.engine.codegen import Spelling
from impacttree.engine.tape import Block, Instruction, Load
from impacttree.formula import FUNCTIONS

__all__ = [
    "Branches",
    "Forward",
    "Heeding",
    "Partials",
    "Program",
    "Reverse",
    "Row",
    "array_function",
    "compiled_function",
]

Row = list[float]
"""Values of one period, by slot."""
Effects = Mapping[int, Any]
"""What a change does in one period: ``(scale, shift)`` for a wrapped slot, the value for a fixed one."""


class Forward(Protocol):
    def __call__(self, v: Row, b: Row, p: Sequence[float], h: Sequence[Row], c: Effects) -> None: ...


class Partials(Protocol):
    def __call__(self, v: Row, b: Row, p: Sequence[float], h: Sequence[Row], d: Row) -> None: ...


class Reverse(Protocol):
    def __call__(
        self, v: Row, b: Row, p: Sequence[float], h: Sequence[Row], c: Effects, g: Row, k: Sequence[Row]
    ) -> None: ...


class Branches(Protocol):
    def __call__(
        self, v: Row, b: Row, p: Sequence[float], h: Sequence[Row], s: dict[tuple[int, int], float]
    ) -> None: ...


def _check(*values: float) -> None:
    for value in values:
        if value - value != 0.0:
            raise OverflowError


def _slope_of_base(base: float, exponent: float) -> float:
    try:
        return exponent * math.pow(base, exponent - 1.0) if exponent else 0.0
    except (OverflowError, ValueError):
        return math.inf


def _slope_of_exponent(base: float, power: float) -> float:
    if base == 0.0 and power == 0.0:
        return 0.0
    return power * math.log(base) if base > 0.0 else math.nan


def _real(value: complex) -> float:
    return value.real


def _complex_power(base: complex, exponent: complex) -> complex:
    return 0j if base == 0 and exponent.real > 0 else base**exponent


def _names(spelling: Spelling) -> Mapping[str, Callable[..., Any]]:
    """Return what the words of generated code mean."""
    primitives = [function for function in FUNCTIONS.values() if function.is_primitive]
    match spelling:
        case "real":
            slopes: Mapping[str, Callable[..., Any]] = {
                "slope_of_base": _slope_of_base,
                "slope_of_exponent": _slope_of_exponent,
            }
            words = {f.name: f.python for f in primitives if f.python}
            return {**words, "pow": math.pow, "check": _check, **slopes}
        case "complex":
            others: Mapping[str, Callable[..., Any]] = {"pow": _complex_power, "real": _real}
            return {**{f.name: f.complex for f in primitives if f.complex}, **others}


def array_function(name: str) -> Callable[..., Any]:
    """Return a registered function as computed on arrays."""
    import numpy as np

    found = FUNCTIONS[name].numpy
    assert found is not None
    return found(np)


class Heeding:
    """Which slots of a function heed changes: those that the first changes are of, and all for any others.

    So a single question, which changes the same slots throughout, compiles short functions, and many compile two.

    >>> heeding = Heeding([3, 4, 5])
    >>> [sorted(heeding.slots_for(changed)) for changed in ([1], [4, 9], [4], [5], [4])]
    [[], [4], [4], [3, 4, 5], [4]]
    """

    def __init__(self, slots: Iterable[int]) -> None:
        self.slots = frozenset(slots)
        self._first: frozenset[int] | None = None

    def slots_for(self, changed: Iterable[int]) -> frozenset[int]:
        """Return the slots that heed changes, where these are changed."""
        here = self.slots.intersection(changed)
        if here and self._first is None:
            self._first = here
        return here if not here or here == self._first else self.slots


class Program:
    """The blocks of a tree in one order of evaluation.

    Parameters
    ----------
    blocks
        In order of evaluation.
    lags
        Distinct lags in use; position k of ``h`` holds the values `lags[k]` periods ago.
    size
        Number of blocks to a function: Python compiles many small functions in linear time and little memory.
    """

    size = 128

    def __init__(self, blocks: Sequence[Block], lags: Sequence[int]) -> None:
        self.blocks, self.lags = tuple(blocks), tuple(lags)
        self.chunks = tuple(self.blocks[i : i + self.size] for i in range(0, len(self.blocks), self.size))
        self._heeding = [Heeding(block.slot for block in chunk) for chunk in self.chunks]
        self._values: dict[tuple[int, Spelling, frozenset[int]], Forward] = {}
        self._reverse: dict[tuple[int, bool], Reverse] = {}
        self._partials: dict[tuple[int, frozenset[int]], Partials] = {}
        self._recorders: dict[tuple[Spelling, frozenset[int]], Any] = {}

    @cached_property
    def edges(self) -> tuple[tuple[int, Load], ...]:
        """Each (slot moved, load that moves it), numbered by position: the index of ``d``."""
        return tuple((block.slot, load) for block in self.blocks for load in codegen.edge_loads(block))

    @cached_property
    def _first_edges(self) -> Sequence[int]:
        """The number of the first edge into each function's slots."""
        counts = (sum(len(codegen.edge_loads(block)) for block in chunk) for chunk in self.chunks)
        return tuple(accumulate(counts, initial=0))

    @cached_property
    def branching(self) -> tuple[Block, ...]:
        """The blocks whose value can switch."""
        return tuple(block for block in self.blocks if block.branches)

    @cached_property
    def adding(self) -> tuple[tuple[Block, bool], ...]:
        """The blocks that add, each with whether it makes larger numbers than it reads in other ways as well."""
        found = []
        for block in self.blocks:
            operations = {step.operation for step in block.steps if isinstance(step, Instruction)}
            if operations & {"add", "sub"}:
                found.append((block, bool(operations & {"mul", "div", "pow", "call"})))
        return tuple(found)

    @cached_property
    def chunk_of(self) -> Mapping[int, int]:
        """Slot -> number of the function that computes it."""
        return {block.slot: number for number, chunk in enumerate(self.chunks) for block in chunk}

    def values(self, intervened: Collection[int], spelling: Spelling = "real") -> tuple[Forward, ...]:
        """Return the functions that compute one period."""
        return tuple(
            self._chunk_values(number, spelling, heeding.slots_for(intervened))
            for number, heeding in enumerate(self._heeding)
        )

    def reverse(self, intervened: Collection[int]) -> tuple[Reverse, ...]:
        """Return the functions of the reverse sweep over one period, in the order to call them."""
        changed = self._changed(intervened)
        return tuple(self._chunk_reverse(number, number in changed) for number in reversed(range(len(self.chunks))))

    @cached_property
    def edges_into(self) -> Mapping[int, Sequence[int]]:
        """Slot -> the numbers of the edges that move it."""
        found: dict[int, list[int]] = {}
        for edge, (slot, _) in enumerate(self.edges):
            found.setdefault(slot, []).append(edge)
        return found

    def partials(self, fixed: Collection[int] = ()) -> tuple[Partials, ...]:
        """Return functions that write the local derivative along every edge, but those into what is fixed.

        The rule of a fixed metric counts for nothing, and may have no value.
        """
        moved = {slot for slot in fixed if slot in self.edges_into}
        return tuple(
            self._chunk_partials(number, frozenset(slot for slot in moved if self.chunk_of[slot] == number))
            for number in range(len(self.chunks))
        )

    def branches(self, fixed: Collection[int] = ()) -> Branches:
        """Return the function that records every decision of a period, but those of fixed metrics."""
        function: Branches = self._recording("real", fixed)
        return function

    def margins(self, fixed: Collection[int] = ()) -> Any:
        """Return the function that records left minus right of every condition reached, on complex values."""
        return self._recording("complex", fixed)

    def _chunk_partials(self, number: int, fixed: frozenset[int]) -> Partials:
        if (number, fixed) not in self._partials:
            first = self._first_edges[number]
            lines: list[str] = []
            for block in self.chunks[number]:
                edges = len(codegen.edge_loads(block))
                lines += codegen.write_partials(block, first, self.lags) if edges and block.slot not in fixed else []
                first += edges
            self._partials[number, fixed] = compiled_function("v, b, p, h, d", lines, _names("real"))
        return self._partials[number, fixed]

    def _recording(self, spelling: Spelling, fixed: Collection[int]) -> Any:
        key = (spelling, frozenset(block.slot for block in self.branching if block.slot in fixed))
        if key not in self._recorders:
            lines = codegen.write_branches([b for b in self.branching if b.slot not in key[1]], self.lags, spelling)
            self._recorders[key] = compiled_function("v, b, p, h, s", lines, _names(spelling))
        return self._recorders[key]

    def _chunk_values(self, number: int, spelling: Spelling, heeding: frozenset[int]) -> Forward:
        key = (number, spelling, heeding)
        if key not in self._values:
            lines = codegen.write_values(self.chunks[number], self.lags, spelling, heeding=heeding)
            self._values[key] = compiled_function("v, b, p, h, c", lines, _names(spelling))
        return self._values[key]

    def _chunk_reverse(self, number: int, changed: bool) -> Reverse:
        key = (number, changed)
        if key not in self._reverse:
            lines = codegen.write_reverse(self.chunks[number], self.lags, changed=changed)
            self._reverse[key] = compiled_function("v, b, p, h, c, g, k", lines, _names("real"))
        return self._reverse[key]

    def _changed(self, intervened: Collection[int]) -> set[int]:
        return {self.chunk_of[slot] for slot in intervened if slot in self.chunk_of}


def compiled_function(arguments: str, lines: Sequence[str], names: Mapping[str, Callable[..., object]]) -> Any:
    """Compile lines of our own making; they hold no text of the user's (see `codegen`)."""
    source = f"def f({arguments}):\n " + "\n ".join(lines or ["pass"])
    namespace: dict[str, Any] = {"__builtins__": {}, "tuple": tuple, **names}
    exec(compile(source, "<impacttree>", "exec"), namespace)  # noqa: S102 - generated from the tape alone, see codegen
    return namespace["f"]
