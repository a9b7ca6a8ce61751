"""Lower a rule to straight-line primitive operations: the one thing that every numeric evaluator reads.

A `Block` computes one metric. Its temporaries are numbered; the first ones are what it loads (metrics and parameters)
and its constants. Common subexpressions are shared within a block, never across metrics: each metric owns a slot, so a
lift on one never moves another that happens to have the same formula. Branches stay lazy: a `Select` holds the
operations of each side.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, TypeVar

from impacttree.formula import FUNCTIONS
from impacttree.formula.ast import Span
from impacttree.formula.core import (
    Binary,
    Clock,
    Compare,
    ComparisonSign,
    Core,
    If,
    Logic,
    Name,
    Negate,
    Number,
    Parameter,
    Primitive,
    Timed,
    children,
)
from impacttree.records import dataclass

__all__ = [
    "ARITHMETIC",
    "Block",
    "Body",
    "Instruction",
    "Load",
    "Operation",
    "Select",
    "load_of",
    "lower",
    "row_of",
    "total_of",
]

Operation = Literal["neg", "add", "sub", "mul", "div", "pow", "call"]
_BINARY: Mapping[str, Operation] = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow"}
ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}
"""What operations do to what they are given: numbers or arrays."""
_FOLDED: frozenset[Operation] = frozenset({"neg", "sub", "div"})
"""Operations on constants that are done at once: the slopes of a polyline."""
RowType = TypeVar("RowType")


@dataclass(frozen=True, slots=True)
class Load:
    """A value read from outside the block: a metric's slot, now or `lag` periods ago, or at t = 0 (``baseline``)."""

    slot: int
    timing: Literal["now", "prev", "baseline"] = "now"
    lag: int = 0


def load_of(leaf: Name | Timed, slot_of: Mapping[str, int]) -> Load:
    """Return where the value of a leaf stands; `slot_of` knows metrics, and running totals as `total_of` calls them."""
    if isinstance(leaf, Name):
        return Load(slot_of[leaf.name])
    if leaf.timing == "cumulative":
        return Load(slot_of[total_of(leaf.name)])
    return Load(slot_of[leaf.name], leaf.timing, leaf.lag)


def total_of(name: str) -> str:
    """Return what the running total of a metric is called, which no metric can be."""
    return f"cumulative({name})"


def row_of(load: Load, now: RowType, base: RowType, past: Mapping[int, RowType]) -> RowType:
    """Return the row of values that a load reads from: of this period, of t = 0, or of an earlier period by lag."""
    match load.timing:
        case "now":
            return now
        case "baseline":
            return base
        case "prev":
            return past[load.lag]


@dataclass(frozen=True, slots=True)
class Instruction:
    """``out = operation(args)``; `function` names the registered function of a ``call``."""

    operation: Operation
    out: int
    args: tuple[int, ...]
    span: Span
    function: str = ""

    @property
    def may_jump(self) -> bool:
        """Whether the result jumps as its first argument moves, and stays the same between jumps."""
        return self.operation == "call" and FUNCTIONS[self.function].steps


@dataclass(frozen=True, slots=True)
class Body:
    """Operations in order, and the temporary that holds the result."""

    instructions: tuple[Instruction | Select, ...]
    result: int


@dataclass(frozen=True, slots=True)
class Select:
    """``out = then if left op right else otherwise``; only the side taken is evaluated.

    `source` is the function that the user wrote (``if min max abs clip interpolate``). Sides of an ``if`` may differ
    at the switch (a jump); those of the others meet there (a kink).
    """

    out: int
    op: ComparisonSign
    left: int
    right: int
    then: Body
    otherwise: Body
    source: str
    span: Span
    operands: tuple[str, str]
    """Names of the metrics on either side, empty where a side is more than a metric: what a bottleneck is called."""

    @property
    def may_jump(self) -> bool:
        """Whether the sides may differ at the switch."""
        return self.source == "if"


@dataclass(frozen=True, slots=True)
class Block:
    """How one slot is computed."""

    slot: int
    rule: Core
    """What it was lowered from."""
    loads: Mapping[int, Load]
    parameters: Mapping[int, int]
    """Temporary -> position in the vector of parameters."""
    constants: Mapping[int, float]
    body: Body

    @property
    def branches(self) -> tuple[Select | Instruction, ...]:
        """Every place where the value can switch: branches, and operations that step."""
        return tuple(step for step in self.steps if isinstance(step, Select) or step.may_jump)

    @property
    def selects(self) -> tuple[Select, ...]:
        """Every branch of the block, outer before inner."""
        return tuple(sorted((step for step in self.steps if isinstance(step, Select)), key=lambda step: step.out))

    @property
    def steps(self) -> tuple[Instruction | Select, ...]:
        """Every operation, those inside branches too."""
        found: list[Instruction | Select] = []
        stack = list(self.body.instructions)
        while stack:
            step = stack.pop()
            found.append(step)
            if isinstance(step, Select):
                stack += [*step.then.instructions, *step.otherwise.instructions]
        return tuple(found)


def lower(slot: int, rule: Core, slot_of: Mapping[str, int], parameter_of: Callable[[str, float], int]) -> Block:
    """Lower `rule` to the block of `slot`.

    Parameters
    ----------
    slot_of
        Slot of each metric, and of each running total by the name that `total_of` gives it.
    parameter_of
        Registers a parameter (address, central value) and returns its position.
    """
    return _Lowering(slot_of, parameter_of).block(slot, rule)


@dataclass(slots=True)
class _Scope:
    """The instructions of the body being written, and what is already known in it (value numbering)."""

    instructions: list[Instruction | Select] = field(default_factory=list)
    known: dict[tuple[object, ...], int] = field(default_factory=dict)


Task = Literal["visit", "open", "close", "apply"]
_ONE, _ZERO = Number(1.0, ""), Number(0.0, "")


class _Lowering:
    """One block being written.

    An explicit stack of tasks walks the core (formulas may be deep), because each branch needs a scope of its own: what
    a guarded side computes must not be shared with, or hoisted to, a place that the guard does not protect.
    """

    def __init__(self, slot_of: Mapping[str, int], parameter_of: Callable[[str, float], int]) -> None:
        self.slot_of, self.parameter_of = slot_of, parameter_of
        self.loads: dict[int, Load] = {}
        self.parameters: dict[int, int] = {}
        self.constants: dict[int, float] = {}
        self.leaves: dict[object, int] = {}
        self.names: dict[int, str] = {}
        self.scopes = [_Scope()]
        self.values: list[int] = []
        self.bodies: list[Body] = []
        self.tests: list[Core] = []
        """What is made here in place of conditions; kept, since nodes are known by their identity."""
        self.count = 0

    def block(self, slot: int, rule: Core) -> Block:
        tasks: list[tuple[Task, Core]] = [("visit", rule)]
        while tasks:
            task, node = tasks.pop()
            if task == "visit":
                known = self.scopes[-1].known.get((id(node),))
                if known is None:
                    tasks.extend(reversed(self.plan(node)))
                else:
                    self.values.append(known)
            elif task == "open":
                self.scopes.append(_Scope(known=dict(self.scopes[-1].known)))
            elif task == "close":
                self.bodies.append(Body(tuple(self.scopes.pop().instructions), self.values.pop()))
            else:
                out = self.apply(node)
                self.scopes[-1].known[id(node),] = out
                self.values.append(out)
        body = Body(tuple(self.scopes[0].instructions), self.values.pop())
        return Block(slot, rule, self.loads, self.parameters, self.constants, body)

    def plan(self, node: Core) -> list[tuple[Task, Core]]:
        """Return the tasks that compute `node`, in order."""
        if not isinstance(node, If):
            return [*(("visit", child) for child in children(node)), ("apply", node)]
        test = node.condition
        if isinstance(test, Compare):
            tested = [test.left, test.right]
        else:
            tested = [_holds(test)]
            self.tests += tested
        return [
            *(("visit", part) for part in tested),
            ("open", node),
            ("visit", node.then),
            ("close", node),
            ("open", node),
            ("visit", node.otherwise),
            ("close", node),
            ("apply", node),
        ]

    def apply(self, node: Core) -> int:
        """Return the temporary of `node`, its operands being on the stack of values."""
        match node:
            case Number():
                return self.constant(node.value)
            case Parameter():
                return self.parameter(node.address, node.value)
            case Clock():
                return self.parameter(node.address, 0.0)
            case Name():
                temporary = self.load(load_of(node, self.slot_of))
                self.names[temporary] = node.name
                return temporary
            case Timed():
                return self.load(load_of(node, self.slot_of))
            case If():
                otherwise, then = self.bodies.pop(), self.bodies.pop()
                return self.select(node, then, otherwise)
            case Negate():
                return self.emit("neg", self.pop(1), node.span)
            case Binary():
                return self.emit(_BINARY[node.op], self.pop(2), node.span)
            case Primitive():
                return self.emit("call", self.pop(len(node.arguments)), node.span, node.function)
        raise AssertionError(f"{type(node).__name__} is part of a condition")

    def select(self, node: If, then: Body, otherwise: Body) -> int:
        """Write a branch; whether several comparisons hold together is a number that was computed before."""
        test = node.condition
        if isinstance(test, Compare):
            (left, right), op = self.pop(2), test.op
        else:
            (left,), right, op = self.pop(1), self.constant(1.0), "=="
        out = self.fresh()
        operands = (self.names.get(left, ""), self.names.get(right, ""))
        select = Select(out, op, left, right, then, otherwise, node.source, test.span, operands)
        self.scopes[-1].instructions.append(select)
        return out

    def emit(self, operation: Operation, args: Sequence[int], span: Span, function: str = "") -> int:
        if all(arg in self.constants for arg in args) and operation in _FOLDED:
            known = _folded(operation, [self.constants[arg] for arg in args])
            if known is not None:
                return self.constant(known)
        scope = self.scopes[-1]
        key = (operation, function, *args)
        if key not in scope.known:
            scope.known[key] = self.fresh()
            scope.instructions.append(Instruction(operation, scope.known[key], tuple(args), span, function))
        return scope.known[key]

    def load(self, load: Load) -> int:
        temporary = self.leaf(load)
        self.loads[temporary] = load
        return temporary

    def parameter(self, address: str, value: float) -> int:
        position = self.parameter_of(address, value)
        temporary = self.leaf(("parameter", position))
        self.parameters[temporary] = position
        return temporary

    def constant(self, value: float) -> int:
        temporary = self.leaf(("constant", value))
        self.constants[temporary] = value
        return temporary

    def leaf(self, key: object) -> int:
        if key not in self.leaves:
            self.leaves[key] = self.fresh()
        return self.leaves[key]

    def fresh(self) -> int:
        self.count += 1
        return self.count - 1

    def pop(self, count: int) -> list[int]:
        taken = self.values[len(self.values) - count :]
        del self.values[len(self.values) - count :]
        return taken


def _folded(operation: Operation, args: Sequence[float]) -> float | None:
    """Return what an operation on constants gives; None where that is a fault, which counts only where it is met."""
    try:
        result = ARITHMETIC[operation](*args)
    except ZeroDivisionError:
        return None
    return result if math.isfinite(result) else None


def _holds(test: Core) -> Core:
    """Return 1 where a condition holds, else 0, written by branches on single comparisons."""
    if not isinstance(test, Logic):
        return If(test, _ONE, _ZERO, "if", test.span)
    match test.op, test.operands:
        case "not", (one,):
            return If(one, _ZERO, _ONE, "if", test.span)
        case "and", (first, second):
            return If(first, _holds(second), _ZERO, "if", test.span)
        case _, (first, second):
            return If(first, _ONE, _holds(second), "if", test.span)
    raise AssertionError(f"{test.op} of {len(test.operands)} conditions")
