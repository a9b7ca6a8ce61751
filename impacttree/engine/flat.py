"""Write blocks as one flat stream of numbers: what the compiled evaluator runs (see `interpreter`).

All values stand in one array of *registers*: the slots, their adjoints, parameters, what is read of other periods,
constants, temporaries. An operation is its code and the registers it works on. The reverse sweep is a stream for the
same interpreter; it follows `codegen` operation by operation, so that both give the same bits.
"""

from __future__ import annotations

import ast
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from impacttree.engine.codegen import arguments, edge_loads
from impacttree.engine.program import Program
from impacttree.engine.tape import Block, Body, Instruction, Load, Select
from impacttree.formula import FUNCTIONS
from impacttree.records import dataclass

__all__ = ["CODES", "HEADER", "Flat", "FlatChoice", "UnsupportedError", "flatten"]

_NAMES = (
    "move", "neg", "add", "sub", "mul", "div", "pow", "muladd", "mulsub", "submul",
    "gain", "lose", "gain_mul", "gain_div", "gain_if", "neg_mul_div", "gain_neg_mul_div", "jump", "jump_if_zero",
    "<", "<=", ">", ">=", "==", "!=", "choose",
    "exp", "log", "log10", "sqrt", "sin", "cos", "floor", "ceil", "round", "slope_of_base", "slope_of_exponent",
)  # fmt: skip
CODES: Mapping[str, int] = {name: number for number, name in enumerate(_NAMES)}
"""Number of each operation; ``choose`` goes before a comparison that takes one of two values without a jump."""


HEADER = 6
"""Words before the first operation: where the values end, the number of slots, first and last temporary, where the
reverse sweep begins, and where it ends."""
AHEAD = 2
"""Words that are read with an operation whether it has them or not."""


class UnsupportedError(ValueError):
    """A function that the interpreter has no operation for."""


class FlatChoice(NamedTuple):
    """A branch, or an operation that steps: where the decision stands, and the branches it stands in."""

    slot: int
    out: int
    register: int
    within: tuple[tuple[int, bool], ...]
    """Registers of the branches around it, and the side on which it stands."""


@dataclass(frozen=True, slots=True)
class Flat:
    """A program as numbers.

    Parameters
    ----------
    code
        The stream: values, and then the reverse sweep, which goes through the blocks from last to first.
    starts, ends, back_starts, back_ends
        Where each block begins and ends in it.
    constants
        Register -> what it holds from the beginning.
    base, past
        Register of each slot that is read at t = 0, and of each (lag, slot) that is read of an earlier period.
    past_adjoints
        Registers of the adjoints of `past`, in the same order.
    edges
        Register of the adjoint of each edge's source, in the order of `Program.edges`.
    size
        Number of registers; the first ones are the slots, then their adjoints, then the parameters.
    """

    code: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    back_starts: Sequence[int]
    back_ends: Sequence[int]
    constants: Mapping[int, float]
    base: Mapping[int, int]
    past: Mapping[tuple[int, int], int]
    past_adjoints: Sequence[int]
    edges: Sequence[int]
    choices: Sequence[FlatChoice]
    size: int


def flatten(program: Program, slots: int, parameters: int) -> Flat:
    """Return a program of so many slots and parameters as numbers.

    Raises
    ------
    UnsupportedError
        When a function is used that the interpreter has no operation for.
    """
    return _Flattening(slots, parameters).flat(program)


class _Flattening:
    """The registers of a program, given out as they are needed."""

    def __init__(self, slots: int, parameters: int) -> None:
        self.slots = slots
        self.parameters = 2 * slots
        self.count = 2 * slots + parameters
        self.constants: dict[bytes, tuple[int, float]] = {}
        self.base: dict[int, int] = {}
        self.past: dict[tuple[int, int], int] = {}
        self.past_adjoints: dict[tuple[int, int], int] = {}
        self.nowhere = self.fresh()
        """Takes what moves nothing."""
        self.scratch: list[int] = []
        """What the reverse sweep of a block needs for itself; all blocks use the same few, which stay in the cache."""

    def flat(self, program: Program) -> Flat:
        for block in program.blocks:
            self.leaves(block)
        first = self.count
        forward = [_Forward(self, block) for block in program.blocks]
        last = self.count
        backward = [_Backward(self, one) for one in forward]
        code = [0] * HEADER
        starts, ends = _joined(forward, code)
        middle = len(code)
        back_starts, back_ends = _joined(backward[::-1], code)
        code = [middle, self.slots, first, last, middle, len(code), *code[HEADER:], *[0] * AHEAD]
        edges = [self.adjoint(load) for block in program.blocks for load in edge_loads(block)]
        choices = [choice for one in forward for choice in one.choices]
        constants = dict(self.constants.values())
        back_starts, back_ends = back_starts[::-1], back_ends[::-1]
        past_adjoints = [self.past_adjoints[key] for key in self.past]
        return Flat(
            code, starts, ends, back_starts, back_ends, constants, self.base, self.past, past_adjoints,
            edges, choices, self.count,
        )  # fmt: skip

    def leaves(self, block: Block) -> None:
        """Give a register to all that a block reads."""
        for value in block.constants.values():
            self.constant(value)
        for load in block.loads.values():
            self.load(load)

    def fresh(self) -> int:
        self.count += 1
        return self.count - 1

    def constant(self, value: float) -> int:
        key = struct.pack("d", value)  # 0.0 and -0.0 are equal, and are not the same
        if key not in self.constants:
            self.constants[key] = self.fresh(), value
        return self.constants[key][0]

    def load(self, load: Load) -> int:
        if load.timing == "now":
            return load.slot
        if load.timing == "baseline":
            if load.slot not in self.base:
                self.base[load.slot] = self.fresh()
            return self.base[load.slot]
        key = load.lag, load.slot
        if key not in self.past:
            self.past[key], self.past_adjoints[key] = self.fresh(), self.fresh()
        return self.past[key]

    def adjoint(self, load: Load) -> int:
        """Return the register of the adjoint of what is loaded."""
        return self.slots + load.slot if load.timing == "now" else self.past_adjoints[load.lag, load.slot]


class _Writer:
    """A stream being written for one block; jumps are counted from its beginning."""

    def __init__(self, room: _Flattening, block: Block) -> None:
        self.room, self.block = room, block
        self.code: list[int] = []
        self.jumps: list[int] = []

    def emit(self, name: str, *operands: int) -> None:
        self.code += (CODES[name], *operands)

    def jump(self, name: str, *operands: int) -> int:
        """Write a jump to a place that is not known yet; return where that is to be written."""
        self.emit(name, *operands, 0)
        return len(self.code) - 1

    def land(self, jump: int) -> None:
        """Let a jump come out here."""
        self.code[jump] = len(self.code)


class _Forward(_Writer):
    """The values of one block."""

    def __init__(self, room: _Flattening, block: Block) -> None:
        super().__init__(room, block)
        self.registers = {temporary: room.load(load) for temporary, load in block.loads.items()}
        self.registers |= {temporary: room.parameters + place for temporary, place in block.parameters.items()}
        self.registers |= {temporary: room.constant(value) for temporary, value in block.constants.items()}
        self.flags: dict[int, int] = {}
        self.choices: list[FlatChoice] = []
        self.uses = _uses(block)
        self.products: dict[int, Instruction] = {}
        """Products that are read once, by a sum: both are one operation."""
        self.body(block.body, block.slot, ())

    def body(self, body: Body, result: int, within: tuple[tuple[int, bool], ...]) -> None:
        """Write a body whose result goes to a register."""
        if any(step.out == body.result for step in body.instructions):
            self.registers[body.result] = result
        for step in self.fused(body):
            out = self.registers.setdefault(step.out, -1)
            if out < 0:
                out = self.registers[step.out] = self.room.fresh()
            if isinstance(step, Select):
                self.select(step, out, within)
            else:
                self.instruction(step, out)
                if step.may_jump:
                    self.choices.append(FlatChoice(self.block.slot, step.out, out, within))
        if self.registers[body.result] != result:
            self.emit("move", result, self.registers[body.result])

    def fused(self, body: Body) -> list[Instruction | Select]:
        """Return the steps of a body without the products that a sum takes up."""
        products = {
            step.out: step
            for step in body.instructions
            if isinstance(step, Instruction) and step.operation == "mul" and self.uses[step.out] == 1
        }
        taken = set[int]()
        for step in body.instructions:
            if isinstance(step, Instruction) and step.operation in ("add", "sub"):
                found = next((arg for arg in reversed(step.args) if arg in products), None)
                if found is not None and step.args[0] != step.args[1]:
                    taken.add(found)
                    self.products[found] = products[found]
        return [step for step in body.instructions if step.out not in taken]

    def instruction(self, step: Instruction, out: int) -> None:
        name = step.function if step.operation == "call" else step.operation
        _check(name)
        if step.operation in ("add", "sub"):
            left, right = step.args
            if right in self.products:
                product = self.products[right]
                name = "muladd" if step.operation == "add" else "submul"
                self.emit(name, out, *self.read(product.args), self.registers[left])
                return
            if left in self.products:
                product = self.products[left]
                name = "muladd" if step.operation == "add" else "mulsub"
                self.emit(name, out, *self.read(product.args), self.registers[right])
                return
        self.emit(name, out, *self.read(step.args))

    def read(self, temporaries: Sequence[int]) -> list[int]:
        return [self.registers[one] for one in temporaries]

    def select(self, step: Select, out: int, within: tuple[tuple[int, bool], ...]) -> None:
        flag = self.flags[step.out] = self.room.fresh()
        self.choices.append(FlatChoice(self.block.slot, step.out, flag, within))
        left, right = self.read((step.left, step.right))
        if not step.then.instructions and not step.otherwise.instructions:
            sides = self.read((step.then.result, step.otherwise.result))
            self.emit("choose", CODES[step.op], flag, left, right, out, *sides)
            return
        self.emit(step.op, flag, left, right)
        otherwise = self.jump("jump_if_zero", flag)
        self.body(step.then, out, (*within, (flag, True)))
        end = self.jump("jump")
        self.land(otherwise)
        self.jumps += [otherwise, end]
        self.body(step.otherwise, out, (*within, (flag, False)))
        self.land(end)


class _Backward(_Writer):
    """The adjoints of one block, operations last to first, as `codegen` writes them."""

    def __init__(self, room: _Flattening, forward: _Forward) -> None:
        super().__init__(room, forward.block)
        self.registers, self.flags = forward.registers, forward.flags
        block = forward.block
        self.steady = {*block.constants, *block.parameters} | {
            temporary for temporary, load in block.loads.items() if load.timing == "baseline"
        }
        counts = _contributions(block)
        self.direct = {
            temporary: room.adjoint(load)
            for temporary, load in block.loads.items()
            if load.timing != "baseline" and counts[temporary] == 1
        }
        """Loads that get one contribution, which is added where it belongs at once."""
        self.adjoints: dict[int, int] = {}
        self.shared: set[int] = set()
        """Adjoints that stand in the register of another one."""
        self.maybe_zero: set[int] = set()
        self.used = 0
        """How much of the scratch space this block has taken."""
        self.write()

    def write(self) -> None:
        block, room = self.block, self.room
        if not edge_loads(block):
            return
        seed = room.slots + block.slot
        risky = any(isinstance(step, Instruction) and step.operation in ("pow", "call") for step in block.steps)
        skip = self.skip_if_zero(seed) if risky else None
        self.add(block.body.result, "move", seed)
        self.body(block.body)
        for temporary, load in block.loads.items():
            if load.timing != "baseline" and temporary in self.adjoints:
                self.emit("gain", room.adjoint(load), self.adjoints[temporary])
        if skip is not None:
            self.land(skip)

    def skip_if_zero(self, register: int) -> int:
        jump = self.jump("jump_if_zero", register)
        self.jumps.append(jump)
        return jump

    def add(self, temporary: int, name: str, *operands: int) -> None:
        """Add ``move x``, ``neg x``, ``mul x y``, ``div x y`` or ``neg_mul_div x y z`` to an adjoint."""
        if temporary in self.steady:
            return
        if temporary in self.direct:
            self.gain(self.direct[temporary], name, *operands)
        elif temporary not in self.adjoints:
            if name == "move":
                self.adjoints[temporary] = operands[0]
                self.shared.add(temporary)
            else:
                self.adjoints[temporary] = self.computed(name, *operands)
        else:
            self.settle(temporary)
            self.gain(self.adjoints[temporary], name, *operands)

    def gain(self, register: int, name: str, *operands: int) -> None:
        self.emit({"move": "gain", "neg": "lose"}.get(name, f"gain_{name}"), register, *operands)

    def computed(self, name: str, *operands: int) -> int:
        _check(name)
        if self.used == len(self.room.scratch):
            self.room.scratch.append(self.room.fresh())
        register = self.room.scratch[self.used]
        self.used += 1
        self.emit(name, register, *operands)
        return register

    def settle(self, temporary: int) -> None:
        """Give an adjoint a register of its own."""
        if temporary in self.shared:
            self.shared.discard(temporary)
            self.adjoints[temporary] = self.computed("move", self.adjoints[temporary])

    def declare(self, temporaries: Sequence[int]) -> None:
        """Give each adjoint that a branch may or may not touch a register before the branch."""
        for temporary in temporaries:
            if temporary in self.steady or temporary in self.direct:
                continue
            if temporary not in self.adjoints:
                self.adjoints[temporary] = self.computed("move", self.room.constant(0.0))
            self.settle(temporary)
            self.maybe_zero.add(temporary)

    def body(self, body: Body) -> None:
        for step in reversed(body.instructions):
            if step.out not in self.adjoints:
                continue
            skip = None
            if step.out in self.maybe_zero:
                self.declare(arguments(step))
                skip = self.skip_if_zero(self.adjoints[step.out])
            if isinstance(step, Select):
                self.select(step)
            elif not step.may_jump:
                for position, arg in enumerate(step.args):
                    if arg not in self.steady:
                        self.contribute(step, position, arg)
            if skip is not None:
                self.land(skip)

    def select(self, step: Select) -> None:
        self.declare(arguments(step))
        adjoint, flag = self.adjoints[step.out], self.flags[step.out]
        if not step.then.instructions and not step.otherwise.instructions:
            sides = [self.target(side.result) for side in (step.then, step.otherwise)]
            self.emit("gain_if", flag, *sides, adjoint)
            return
        otherwise = self.skip_if_zero(flag)
        self.side(step.then, adjoint)
        end = self.jump("jump")
        self.jumps.append(end)
        self.land(otherwise)
        self.side(step.otherwise, adjoint)
        self.land(end)

    def side(self, side: Body, adjoint: int) -> None:
        self.add(side.result, "move", adjoint)
        self.body(side)

    def target(self, temporary: int) -> int:
        if temporary in self.steady:
            return self.room.nowhere
        return self.direct[temporary] if temporary in self.direct else self.adjoints[temporary]

    def contribute(self, step: Instruction, position: int, arg: int) -> None:
        """Add what the operation's adjoint contributes to that of one operand."""
        g, read = self.adjoints[step.out], self.registers
        match step.operation, position:
            case ("neg", _) | ("sub", 1):
                self.add(arg, "neg", g)
            case ("add" | "sub", _):
                self.add(arg, "move", g)
            case ("mul", _):
                self.add(arg, "mul", g, read[step.args[1 - position]])
            case ("div", 0):
                self.add(arg, "div", g, read[step.args[1]])
            case ("div", _):
                self.add(arg, "neg_mul_div", g, read[step.out], read[step.args[1]])
            case ("pow", 0) if self.block.constants.get(step.args[1]) == 2.0:
                self.add(arg, "mul", self.computed("mul", g, self.room.constant(2.0)), read[step.args[0]])
            case ("pow", 0):
                self.add(arg, "mul", g, self.computed("slope_of_base", *(read[one] for one in step.args)))
            case ("pow", _):
                slope = self.computed("slope_of_exponent", read[step.args[0]], read[step.out])
                self.add(arg, "mul", g, slope)
            case _:
                self.add(arg, "mul", g, self.partial(step, position))

    def partial(self, step: Instruction, position: int) -> int:
        """Return the register of a function's derivative, as its entry in the registry writes it."""
        function = FUNCTIONS[step.function]
        names = dict(zip((*function.parameters, "y"), (*step.args, step.out), strict=True))
        known = {name: self.registers[temporary] for name, temporary in names.items()}
        return self.expression(_parsed(function.partials[position]), known)

    def expression(self, node: ast.expr, known: Mapping[str, int]) -> int:
        match node:
            case ast.Set(elts=[ast.Name(id=name)]):
                return known[name]
            case ast.Constant(value=float() as value):
                return self.room.constant(value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.computed("neg", self.expression(operand, known))
            case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.Add() | ast.Sub() as sign, right=right):
                name = {ast.Mult: "mul", ast.Div: "div", ast.Add: "add", ast.Sub: "sub"}[type(sign)]
                return self.computed(name, self.expression(left, known), self.expression(right, known))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.computed(name, *(self.expression(arg, known) for arg in args))
        raise UnsupportedError(ast.unparse(node))


@cache
def _parsed(partial: str) -> ast.expr:
    """Return a derivative from the registry, in which ``{x}`` reads as a set of one name."""
    return ast.parse(partial, mode="eval").body


def _check(name: str) -> None:
    if name not in CODES:
        raise UnsupportedError(name)


def _uses(block: Block) -> Counter[int]:
    """Count how often each temporary is read."""
    counts = Counter([block.body.result])
    for step in block.steps:
        if isinstance(step, Select):
            counts.update((step.left, step.right, step.then.result, step.otherwise.result))
        else:
            counts.update(step.args)
    return counts


def _contributions(block: Block) -> Counter[int]:
    """Count the places that add to the adjoint of each temporary."""
    counts = Counter([block.body.result])
    for step in block.steps:
        if isinstance(step, Select):
            counts.update((step.then.result, step.otherwise.result))
        elif not step.may_jump:
            counts.update(step.args)
    return counts


def _joined(writers: Sequence[_Writer], code: list[int]) -> tuple[list[int], list[int]]:
    """Add the streams of blocks to a stream; return where each begins and ends."""
    starts, ends = [], []
    for writer in writers:
        offset = len(code)
        for jump in writer.jumps:
            writer.code[jump] += offset
        code += writer.code
        starts.append(offset)
        ends.append(len(code))
    return starts, ends
