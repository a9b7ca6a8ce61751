"""Run flat streams of operations: compiled once for all models by numba, and cached on disk.

Nothing here knows a model: what it runs is numbers (see `flat`). Operations are those of the pure evaluator, one by
one, without reordering or contraction, so that results are the same bits. What has no finite real value becomes
infinite or NaN, which is looked for after each period.
"""

from __future__ import annotations

import math
from typing import Any
from zlib import crc32

import numpy as np
from numba import njit

from impacttree.engine.flat import CODES, HEADER

__all__ = ["carry_back", "change", "change_each", "differentiate", "evaluate", "local_slopes", "replay", "step_through"]

OPERATIONS = 0xB90B8484
"""A checksum of the names of operations. Their numbers are part of what numba keeps on disk, and that is renewed when
this file changes, not when theirs does."""
if crc32(" ".join(CODES).encode()) != OPERATIONS:
    raise ImportError("the operations of flat.py have changed: write their checksum to OPERATIONS in interpreter.py")

(
    MOVE, NEG, ADD, SUB, MUL, DIV, POW, MULADD, MULSUB, SUBMUL,
    GAIN, LOSE, GAIN_MUL, GAIN_DIV, GAIN_IF, NEG_MUL_DIV, GAIN_NEG_MUL_DIV, JUMP, JUMP_IF_ZERO,
    LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, UNEQUAL, CHOOSE,
    EXP, LOG, LOG10, SQRT, SIN, COS, FLOOR, CEIL, ROUND, SLOPE_OF_BASE, SLOPE_OF_EXPONENT,
) = CODES.values()  # fmt: skip
ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT = (np.uintp(number) for number in range(1, 9))
MAGNITUDE, INFINITE = np.int64((1 << 63) - 1), np.int64(0x7FF << 52)
FIXED = np.int64(1)
BEGIN = np.uintp(HEADER)
END, SLOTS, FIRST, LAST, BACK, BACK_END = range(HEADER)

compiled: Any = njit(error_model="numpy", nogil=True)
CODE, NUMBERS, ROWS, WHOLE, TABLE, FLAG = "u4[::1]", "f8[::1]", "f8[:,::1]", "i8[::1]", "i8[:,::1]", "b1"
PLACES = (WHOLE, WHOLE, WHOLE)
"""Where each block begins, where it ends, and its slot."""
OUTSIDE = (TABLE, NUMBERS, WHOLE, ROWS)
"""What is read of other periods and where it is read before the first, parameters that differ by period and theirs."""
CHANGES = (WHOLE, WHOLE, ROWS, ROWS)
"""Blocks, kinds, scales and values."""


DISPATCHERS: list[Any] = []
"""What numba keeps of each function that Python calls."""


def cached(result: str, *arguments: str) -> Any:
    """Return a decorator that compiles for these arguments alone, or loads what was compiled before.

    Python calls the compiled function itself, not what would look for one that fits the arguments, which takes as long
    as evaluating a small tree: so no type, shape or order of an array is looked at here (see `compiled`).
    """

    def entry(function: Any) -> Any:
        signature = f"{result}({', '.join(arguments)})"
        dispatcher: Any = njit(signature, cache=True, error_model="numpy", nogil=True)(function)
        DISPATCHERS.append(dispatcher)
        (only,) = dispatcher.overloads.values()
        return only.entry_point

    return entry


@compiled
def rounded(x, digits):
    scale = math.pow(10.0, digits)
    scaled = abs(x) * scale
    if not math.isfinite(scaled):
        return x
    below = np.floor(scaled)
    nearest = below + (1.0 if scaled - below >= 0.5 else 0.0)
    return math.copysign(nearest, x) / scale


@compiled
def slope_of_base(base, exponent):
    if exponent == 0.0:
        return 0.0
    power = math.pow(base, exponent - 1.0)
    return exponent * power if math.isfinite(power) else math.inf


@compiled
def slope_of_exponent(base, power):
    if base == 0.0 and power == 0.0:
        return 0.0
    return power * math.log(base) if base > 0.0 else math.nan


@compiled
def compare(code, left, right):
    if code == LESS:
        return left < right
    if code == LESS_EQUAL:
        return left <= right
    if code == GREATER:
        return left > right
    if code == GREATER_EQUAL:
        return left >= right
    if code == EQUAL:
        return left == right
    return left != right


@compiled
def execute(code, r, pc, stop):  # noqa: C901, PLR0915 - one loop over all operations is what an interpreter is
    """Run the operations from `pc` until `stop` on the registers `r`."""
    while pc < stop:
        op = code[pc]
        out = code[pc + ONE]
        a = code[pc + TWO]
        if op == MULADD:
            r[out] = r[a] * r[code[pc + THREE]] + r[code[pc + FOUR]]
            pc += FIVE
        elif op == MUL:
            r[out] = r[a] * r[code[pc + THREE]]
            pc += FOUR
        elif op == GAIN_MUL:
            r[out] += r[a] * r[code[pc + THREE]]
            pc += FOUR
        elif op == GAIN:
            r[out] += r[a]
            pc += THREE
        elif op == ADD:
            r[out] = r[a] + r[code[pc + THREE]]
            pc += FOUR
        elif op == SUB:
            r[out] = r[a] - r[code[pc + THREE]]
            pc += FOUR
        elif op == DIV:
            r[out] = r[a] / r[code[pc + THREE]]
            pc += FOUR
        elif op == MOVE:
            r[out] = r[a]
            pc += THREE
        elif op == NEG:
            r[out] = -r[a]
            pc += THREE
        elif op == MULSUB:
            r[out] = r[a] * r[code[pc + THREE]] - r[code[pc + FOUR]]
            pc += FIVE
        elif op == SUBMUL:
            r[out] = r[code[pc + FOUR]] - r[a] * r[code[pc + THREE]]
            pc += FIVE
        elif op == NEG_MUL_DIV:
            r[out] = -r[a] * r[code[pc + THREE]] / r[code[pc + FOUR]]
            pc += FIVE
        elif op == GAIN_NEG_MUL_DIV:
            r[out] += -r[a] * r[code[pc + THREE]] / r[code[pc + FOUR]]
            pc += FIVE
        elif op == LOSE:
            r[out] -= r[a]
            pc += THREE
        elif op == GAIN_DIV:
            r[out] += r[a] / r[code[pc + THREE]]
            pc += FOUR
        elif op == GAIN_IF:
            if r[out] != 0.0:
                r[a] += r[code[pc + FOUR]]
            else:
                r[code[pc + THREE]] += r[code[pc + FOUR]]
            pc += FIVE
        elif op == CHOOSE:  # the code of the comparison stands in place of `out`, the flag of `a`
            taken = compare(out, r[code[pc + THREE]], r[code[pc + FOUR]])
            r[a] = 1.0 if taken else 0.0
            r[code[pc + FIVE]] = r[code[pc + SIX]] if taken else r[code[pc + SEVEN]]
            pc += EIGHT
        elif op == JUMP:
            pc = np.uintp(out)
        elif op == JUMP_IF_ZERO:
            if r[out] == 0.0:
                pc = np.uintp(a)
            else:
                pc += THREE
        elif op == POW:
            r[out] = math.pow(r[a], r[code[pc + THREE]])
            pc += FOUR
        elif op == EXP:
            r[out] = math.exp(r[a])
            pc += THREE
        elif op == LOG:
            r[out] = math.log(r[a])
            pc += THREE
        elif op == SQRT:
            r[out] = math.sqrt(r[a])
            pc += THREE
        elif op == SLOPE_OF_BASE:
            r[out] = slope_of_base(r[a], r[code[pc + THREE]])
            pc += FOUR
        elif op == SLOPE_OF_EXPONENT:
            r[out] = slope_of_exponent(r[a], r[code[pc + THREE]])
            pc += FOUR
        elif op == LOG10:
            r[out] = math.log10(r[a])
            pc += THREE
        elif op == SIN:
            r[out] = math.sin(r[a])
            pc += THREE
        elif op == COS:
            r[out] = math.cos(r[a])
            pc += THREE
        elif op == FLOOR:
            r[out] = np.floor(r[a])
            pc += THREE
        elif op == CEIL:
            r[out] = np.ceil(r[a])
            pc += THREE
        elif op == ROUND:
            r[out] = rounded(r[a], r[code[pc + THREE]])
            pc += FOUR
        else:
            r[out] = 1.0 if compare(op, r[a], r[code[pc + THREE]]) else 0.0
            pc += FOUR


@compiled
def largest(numbers):
    """Return the largest absolute value, as its bits: without their signs, bits of numbers are in the order of these.

    Those of NaN come after those of infinity. The loop is one that is compiled for several numbers at once.
    """
    bits = numbers.view(np.int64)
    found = np.int64(0)
    for position in range(len(bits)):
        found = max(found, bits[position] & MAGNITUDE)
    return found


@compiled
def are_finite(code, r):
    """Return whether slots and temporaries hold finite numbers."""
    return largest(r[: code[SLOTS]]) < INFINITE and largest(r[code[FIRST] : code[LAST]]) < INFINITE


@cached(FLAG, CODE, NUMBERS)
def evaluate(code, r):
    """Compute one period without changes; return whether all values are finite."""
    execute(code, r, BEGIN, np.uintp(code[END]))
    return are_finite(code, r)


@cached("void", CODE, NUMBERS, FLAG)
def differentiate(code, r, is_fresh):
    """Carry the adjoints at the end of the registers back through one period without changes, computed unless fresh."""
    if not is_fresh:
        execute(code, r, BEGIN, np.uintp(code[END]))
    size = np.uintp(code[SLOTS])
    given = np.uintp(len(r)) - size
    for slot in range(size):
        r[size + slot] = r[given + slot]
    execute(code, r, np.uintp(code[BACK]), np.uintp(code[BACK_END]))


@compiled
def one_period(code, starts, ends, slots, r, pc, blocks, kinds, scales, values, raw):
    """Compute one period from `pc`; changes come in the order of their blocks, `raw` keeps what their rules give."""
    for change in range(len(blocks)):
        block = blocks[change]
        slot = slots[block]
        if kinds[change] == FIXED:
            execute(code, r, pc, np.uintp(starts[block]))
            r[slot] = values[change]
        else:
            execute(code, r, pc, np.uintp(ends[block]))
            raw[change] = r[slot]
            r[slot] = r[slot] * scales[change] + values[change]
        pc = np.uintp(ends[block])
    execute(code, r, pc, np.uintp(code[END]))


@compiled
def changed_period(code, starts, ends, slots, readers, r, blocks, kinds, scales, values):
    """Compute anew what reads a change, of a period that stands in the registers and reads no other.

    Changes come in the order of their blocks; `readers` says where the first rule begins that reads each block.
    """
    end = np.uintp(code[END])
    pc = end
    for change in range(len(blocks)):
        block = blocks[change]
        slot = slots[block]
        after = np.uintp(ends[block])
        is_moved = pc < after
        if kinds[change] == FIXED:
            if is_moved:
                execute(code, r, pc, np.uintp(starts[block]))
            r[slot] = values[change]
        else:
            if is_moved:
                execute(code, r, pc, after)
            r[slot] = r[slot] * scales[change] + values[change]
        pc = after if is_moved else min(pc, np.uintp(readers[block]))
    execute(code, r, pc, end)


@cached(FLAG, CODE, *PLACES, WHOLE, NUMBERS, *CHANGES)
def change(code, starts, ends, slots, readers, r, blocks, kinds, scales, values):
    """Compute anew, where it reads a change, a period that stands in the registers; return whether all is finite."""
    changed_period(code, starts, ends, slots, readers, r, blocks, kinds, scales[0], values[0])
    return are_finite(code, r)


@cached("void", CODE, *PLACES, WHOLE, NUMBERS, FLAG, WHOLE, WHOLE, WHOLE, WHOLE, NUMBERS, NUMBERS, ROWS, NUMBERS)
def change_each(
    code, starts, ends, slots, readers, r, is_given, order, firsts, blocks, kinds, scales, values, rows, sizes,
):  # fmt: skip
    """Fill `rows` with one period each, under the changes from `firsts` of its own to those of the next.

    Either each period is computed from the values that its row holds (`is_given`); or it stands in the registers, and
    is computed anew where it reads a change, in an `order` in which the first reader of a run never comes before that
    of an earlier one. So what an earlier run has left is computed again, or is what it changed itself, which is put
    back. `sizes` takes the largest value, infinite where one is not finite.
    """
    size = rows.shape[1]
    clean = r.copy()
    raw = np.empty(len(blocks))
    bits = sizes.view(np.int64)
    for run in order:
        own = slice(firsts[run], firsts[run + 1])
        if is_given:
            r[:size] = rows[run]
            one_period(
                code, starts, ends, slots, r, BEGIN, blocks[own], kinds[own], scales[own], values[own], raw,
            )  # fmt: skip
        else:
            changed_period(
                code, starts, ends, slots, readers, r, blocks[own], kinds[own], scales[own], values[own],
            )  # fmt: skip
        bits[run] = largest(r[:size])
        if bits[run] < INFINITE and largest(r[code[FIRST] : code[LAST]]) < INFINITE:
            rows[run] = r[:size]
            for block in blocks[own]:
                r[slots[block]] = clean[slots[block]]
        else:
            sizes[run] = np.inf
            r[:] = clean


@compiled
def read_outside(r, past, rows, initial, scheduled, numbers, t):
    """Fill the registers of what a period reads of other periods, and of the parameters that differ by period."""
    for position in range(len(scheduled)):
        r[scheduled[position]] = numbers[t, position]
    for position in range(past.shape[0]):
        before = t - past[position, 1]
        r[past[position, 0]] = rows[before, past[position, 2]] if before >= 0 else initial[past[position, 2]]


@cached(FLAG, CODE, *PLACES, NUMBERS, *OUTSIDE, ROWS, *CHANGES)
def step_through(
    code,
    starts,
    ends,
    slots,
    r,
    past,
    initial,
    scheduled,
    numbers,
    rows,
    blocks,
    kinds,
    scales,
    values,
):
    """Fill `rows` period by period; return False at the first that has a value which is not finite."""
    size = rows.shape[1]
    raw = np.empty(len(blocks))
    for t in range(rows.shape[0]):
        read_outside(r, past, rows, initial, scheduled, numbers, t)
        one_period(code, starts, ends, slots, r, BEGIN, blocks, kinds, scales[t], values[t], raw)
        if not are_finite(code, r):
            return False
        rows[t] = r[:size]
    return True


@cached("void", CODE, WHOLE, WHOLE, *PLACES, NUMBERS, *OUTSIDE, ROWS, ROWS, FLAG, *CHANGES)
def carry_back(
    code, starts, ends, back_starts, back_ends, slots, r, past, initial, scheduled, numbers, rows, adjoints,
    is_fresh, blocks, kinds, scales, values,
):  # fmt: skip
    """Carry `adjoints`, one row a period, back from the last period to the first and through each period's blocks.

    With `is_fresh` the registers hold the last period as it was computed without changes.
    """
    size = rows.shape[1]
    raw = np.empty(len(blocks))
    for t in range(rows.shape[0] - 1, -1, -1):
        if not is_fresh:
            read_outside(r, past, rows, initial, scheduled, numbers, t)
            one_period(code, starts, ends, slots, r, BEGIN, blocks, kinds, scales[t], values[t], raw)
        is_fresh = False
        r[size : 2 * size] = adjoints[t]
        for position in range(past.shape[0]):
            before = t - past[position, 1]
            r[past[position, 3]] = adjoints[before, past[position, 2]] if before >= 0 else 0.0
        pc = np.uintp(code[BACK])
        for change in range(len(blocks) - 1, -1, -1):
            block = blocks[change]
            slot = slots[block]
            execute(code, r, pc, np.uintp(back_starts[block]))
            if kinds[change] != FIXED:
                shown = r[size + slot]
                r[slot] = raw[change]
                r[size + slot] = shown * scales[t, change]
                execute(code, r, np.uintp(back_starts[block]), np.uintp(back_ends[block]))
                r[size + slot] = shown
            pc = np.uintp(back_ends[block])
        execute(code, r, pc, np.uintp(code[BACK_END]))
        adjoints[t] = r[size : 2 * size]
        for position in range(past.shape[0]):
            before = t - past[position, 1]
            if before >= 0:
                adjoints[before, past[position, 2]] = r[past[position, 3]]


@cached("void", CODE, *PLACES, NUMBERS, *OUTSIDE, ROWS, "i8")
def replay(code, starts, ends, slots, r, past, initial, scheduled, numbers, rows, t):
    """Compute every block of a period once more from what the period shows."""
    size = rows.shape[1]
    r[:size] = rows[t]
    read_outside(r, past, rows, initial, scheduled, numbers, t)
    for block in range(len(slots)):
        execute(code, r, np.uintp(starts[block]), np.uintp(ends[block]))
        r[slots[block]] = rows[t, slots[block]]


@cached("void", CODE, WHOLE, WHOLE, *PLACES, NUMBERS, *OUTSIDE, ROWS, WHOLE, WHOLE, ROWS)
def local_slopes(
    code, starts, ends, back_starts, back_ends, slots, r, past, initial, scheduled, numbers, rows, edges,
    owners, found,
):  # fmt: skip
    """Fill `found`, one row a period, with the local derivative along every edge at what the period shows."""
    size = rows.shape[1]
    for t in range(rows.shape[0]):
        r[:size] = rows[t]
        read_outside(r, past, rows, initial, scheduled, numbers, t)
        edge = 0
        for block in range(len(slots)):
            slot = slots[block]
            first = edge
            while edge < len(edges) and owners[edge] == block:
                r[edges[edge]] = 0.0
                edge += 1
            execute(code, r, np.uintp(starts[block]), np.uintp(ends[block]))
            r[size + slot] = 1.0
            execute(code, r, np.uintp(back_starts[block]), np.uintp(back_ends[block]))
            r[slot] = rows[t, slot]
            for position in range(first, edge):
                found[t, position] = r[edges[position]]
