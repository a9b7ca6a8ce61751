"""Rules over many rows as Python functions, whose operations write where an earlier result is not read any more.

Memory that was written a moment ago is still in the processor's cache, new memory is not. So each function works in a
few registers, arrays that its caller keeps; what is read later on has an array of its own. What does not vary between
rows stays one number: for each set of what varies, operations are chosen that give an array or a number.

Names in the generated functions are those of `codegen`, and ``r`` registers, ``s`` their arrays, ``o`` operations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

from impacttree.engine.codegen import load_text
from impacttree.engine.program import Heeding, Program, array_function, compiled_function
from impacttree.engine.tape import ARITHMETIC, Block, Body, Instruction, Select
from impacttree.formula.evaluation import COMPARISONS
from impacttree.graph.reach import reached
from impacttree.records import dataclass

__all__ = ["RowFunction", "RowProgram", "Varying", "varying", "write_rows"]

RowFunction = Callable[..., None]
"""Computes one period from what `Forward` takes, and the arrays of the registers by number."""


class Varying(NamedTuple):
    """What differs between rows."""

    parameters: frozenset[int]
    slots: frozenset[int]


def varying(blocks: Iterable[Block], parameters: frozenset[int], changed: Collection[int]) -> Varying:
    """Return what differs between rows where these parameters, and what is done to these slots, may differ.

    Parameters
    ----------
    blocks
        All that are computed, at any time.
    """
    moved, readers = set(changed), dict[int, list[int]]()
    for block in blocks:
        if not parameters.isdisjoint(block.parameters.values()):
            moved.add(block.slot)
        for load in block.loads.values():
            if load.timing != "baseline":
                readers.setdefault(load.slot, []).append(block.slot)
    return Varying(parameters, reached(moved, lambda slot: readers.get(slot, ())))


class Outside(NamedTuple):
    """What a step reads from outside its function."""

    text: str
    parameter: int = -1
    slot: int = -1


Operand = int | Outside
"""The number of a step, or what comes from elsewhere."""


@dataclass(slots=True)
class RowStep:
    """One operation of a function; ``show`` is what a slot shows, its rule's result or what a change makes of it."""

    sign: str
    args: tuple[Operand, ...]
    last: int = -1
    """The last step that reads the result."""
    is_kept: bool = False
    """Whether it is read after the function, and so has an array of its own."""


class _Rule(NamedTuple):
    """The steps of one block, from the first until before the last, and what its slot shows."""

    slot: int
    first: int
    last: int
    result: Operand


class RowProgram:
    """Blocks in one order of evaluation, over many rows.

    Parameters
    ----------
    blocks
        In order of evaluation.
    lags
        Distinct lags in use; position k of ``h`` holds the values `lags[k]` periods ago.
    stored
        The slots that are read by others than these blocks.
    """

    def __init__(self, blocks: Sequence[Block], lags: Sequence[int], stored: Set[int]) -> None:
        self.blocks, self.lags = tuple(blocks), tuple(lags)
        self.slots = frozenset(block.slot for block in blocks)
        self.stored = tuple(block.slot for block in blocks if block.slot in stored)
        self._heeding = {
            first: Heeding(block.slot for block in self.blocks[first : first + Program.size])
            for first in range(0, len(self.blocks), Program.size)
        }
        self._compiled: dict[tuple[int, frozenset[int]], tuple[RowFunction, Sequence[RowStep]]] = {}
        self._bound = lru_cache(16)(self._bind)

    def functions(self, changed: Collection[int], differing: Varying) -> tuple[RowFunction, ...]:
        """Return the functions that compute one period.

        Parameters
        ----------
        changed
            Slots to which ``c`` does something.
        differing
            What differs between rows.
        """
        return self._bound(self.slots.intersection(changed), differing)

    def _bind(self, changed: frozenset[int], differing: Varying) -> tuple[RowFunction, ...]:
        functions = []
        for first, heeding in self._heeding.items():
            function, steps = self._function(first, heeding.slots_for(changed))
            functions.append(partial(function, _operations(steps, differing)))
        return tuple(functions)

    def _function(self, first: int, heeding: frozenset[int]) -> tuple[RowFunction, Sequence[RowStep]]:
        import numpy as np

        if (first, heeding) not in self._compiled:
            later = self.blocks[first + Program.size :]
            stored = {*self.stored, *(load.slot for block in later for load in block.loads.values())}
            lines, steps = write_rows(self.blocks[first : first + Program.size], self.lags, stored, heeding)
            names = {"tuple": tuple, "number": np.float64}
            self._compiled[first, heeding] = compiled_function("o, v, b, p, h, c, s", lines, names), steps
        return self._compiled[first, heeding]


def write_rows(
    blocks: Sequence[Block], lags: Sequence[int], stored: Set[int], heeding: Set[int] = frozenset()
) -> tuple[list[str], list[RowStep]]:
    """Return the lines that compute the slots of `blocks`, and the steps by number.

    Parameters
    ----------
    stored
        The slots that are read later on, and written into ``v``.
    heeding
        Slots that heed what ``c`` holds.
    """
    steps: list[RowStep] = []
    shown: dict[int, Operand] = {}
    rules = []
    for block in blocks:
        first = len(steps)
        result = _flattened(block, lags, shown, steps)
        heeds = block.slot in heeding
        if heeds:
            steps.append(RowStep("show", (result, Outside("", slot=block.slot))))
        shown[block.slot] = len(steps) - 1 if heeds else result
        rules.append(_Rule(block.slot, first, len(steps), shown[block.slot]))
    for rule in rules:
        if rule.slot in stored and isinstance(rule.result, int):
            steps[rule.result].is_kept = True
            steps[rule.result].last = rule.last  # it is stored before that step
    _see_who_reads(steps)
    registers = _registers(steps)
    lines: list[str] = []
    for rule in rules:
        lines += _rule_lines(rule, steps, registers, rule.slot in heeding)
        if rule.slot in stored:
            lines.append(f"v[{rule.slot}] = {_text(rule.result, registers)}")
    return lines, steps


def _flattened(block: Block, lags: Sequence[int], shown: Mapping[int, Operand], steps: list[RowStep]) -> Operand:
    """Add the steps of a block, both sides of a branch; return its result."""
    values: dict[int, Operand] = {
        here: shown[load.slot]
        if load.timing == "now" and load.slot in shown
        else Outside(load_text(load, lags), slot=-1 if load.timing == "baseline" else load.slot)
        for here, load in block.loads.items()
    }
    values |= {here: Outside(f"p[{place}]", parameter=place) for here, place in block.parameters.items()}
    values |= {here: Outside(f"number({value!r})") for here, value in block.constants.items()}

    def add(sign: str, *args: int) -> int:
        steps.append(RowStep(sign, tuple(values[arg] for arg in args)))
        return len(steps) - 1

    def body(inner: Body) -> None:
        for step in inner.instructions:
            if isinstance(step, Instruction):
                values[step.out] = add(step.function or step.operation, *step.args)
            elif extreme := _extreme(step):
                values[step.out] = add(extreme, step.left, step.right)
            else:
                values[-1 - step.out] = add(step.op, step.left, step.right)
                body(step.then)
                body(step.otherwise)
                values[step.out] = add("select", -1 - step.out, step.then.result, step.otherwise.result)

    body(block.body)
    return values[block.body.result]


def _extreme(step: Select) -> str:
    """Return ``larger`` or ``smaller`` where one of what is compared is taken for that, else nothing."""
    if step.then.instructions or step.otherwise.instructions or step.op not in ("<", "<=", ">", ">="):
        return ""
    sides = (step.then.result, step.otherwise.result)
    if sides not in ((step.left, step.right), (step.right, step.left)):
        return ""
    return "larger" if (sides[0] == step.left) == (step.op[0] == ">") else "smaller"


def _see_who_reads(steps: Sequence[RowStep]) -> None:
    """Note of each step which one reads its result last; what a slot shows may be the very array of its rule."""
    for number, step in reversed(list(enumerate(steps))):
        for arg in step.args:
            if isinstance(arg, int):
                steps[arg].last = max(steps[arg].last, number)
                if step.sign == "show":
                    steps[arg].last = max(steps[arg].last, step.last)
                    steps[arg].is_kept |= step.is_kept


def _registers(steps: Sequence[RowStep]) -> list[int]:
    """Return the register of each step: the one that was let go last, which is still in the cache."""
    done: dict[int, list[int]] = {}
    for number, step in enumerate(steps):
        done.setdefault(step.last, []).append(number)
    free: list[int] = []
    found: list[int] = []
    taken = 0
    for number, step in enumerate(steps):
        free += [found[read] for read in done.get(number, ())]
        if not free:
            free.append(taken)
            taken += 1
        found.append(free.pop())
        if step.last < 0:
            free.append(found[-1])
    return found


def _rule_lines(rule: _Rule, steps: Sequence[RowStep], registers: Sequence[int], heeds: bool) -> Iterator[str]:
    indent = " " if heeds else ""
    if heeds:
        yield f"e = c.get({rule.slot})"
        yield "if e is None or e.__class__ is tuple:"
    for number in range(rule.first, rule.last - heeds):
        args = [_text(arg, registers) for arg in steps[number].args]
        target = "None" if steps[number].is_kept else f"s[{registers[number]}]"
        yield f"{indent}r{registers[number]} = o[{number}]({', '.join(args)}, {target})"
    if heeds:
        shown, own = _text(rule.result, registers), _text(steps[rule.last - 1].args[0], registers)
        yield f" {shown} = {own} if e is None else {own} * e[0] + e[1]"
        yield "else:"
        yield f" {shown} = e"


def _text(operand: Operand, registers: Sequence[int]) -> str:
    return f"r{registers[operand]}" if isinstance(operand, int) else operand.text


def _operations(steps: Sequence[RowStep], differing: Varying) -> list[Callable[..., Any] | None]:
    """Return what computes each step; it takes the operands, and the array to write into or None for a new one."""
    varies: list[bool] = []

    def differs(operand: Operand) -> bool:
        if isinstance(operand, int):
            return varies[operand]
        return operand.parameter in differing.parameters or operand.slot in differing.slots

    found: list[Callable[..., Any] | None] = []
    for step in steps:
        operands = [differs(operand) for operand in step.args]
        varies.append(any(operands))
        into_array = varies[-1] and (step.sign != "pow" or operands[1])  # numpy knows squares and roots by a number
        words = _into_arrays() if into_array else _on_numbers()
        if step.sign in words:
            found.append(words[step.sign])
        else:
            found.append(None if step.sign == "show" else _call(step.sign, into_array))
    return found


@cache
def _on_numbers() -> Mapping[str, Callable[..., Any]]:
    """Return operations that make what they return."""
    import numpy as np

    def select(taken: Any, then: Any, otherwise: Any) -> Any:
        return then if taken else otherwise

    others: Mapping[str, Callable[..., Any]] = {"larger": np.maximum, "smaller": np.minimum, "select": select}
    return {sign: _making(function) for sign, function in {**ARITHMETIC, **others, **COMPARISONS}.items()}


@cache
def _into_arrays() -> Mapping[str, Callable[..., Any]]:
    import numpy as np

    def larger(x: Any, y: Any, into: Any) -> Any:
        return np.maximum(x, y, out=into)

    def smaller(x: Any, y: Any, into: Any) -> Any:
        return np.minimum(x, y, out=into)

    def select(taken: Any, then: Any, otherwise: Any, into: Any) -> Any:
        if isinstance(taken, np.ndarray):
            return np.where(taken, then, otherwise)
        return np.positive(then if taken else otherwise, into)

    ufuncs = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power}
    comparisons = {sign: _making(function) for sign, function in COMPARISONS.items()}
    return {**ufuncs, **comparisons, "neg": np.negative, "larger": larger, "smaller": smaller, "select": select}


def _call(name: str, into_array: bool) -> Callable[..., Any]:
    """Return a registered function; where it may hand on the array that it is given, its result is copied."""
    import numpy as np

    function = array_function(name)
    if not into_array:
        return _making(function)
    return function if isinstance(function, np.ufunc) else lambda *args: np.positive(function(*args[:-1]), args[-1])


def _making(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that leaves out what it is to write into."""
    return lambda *args: function(*args[:-1])
