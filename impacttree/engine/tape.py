"""Lower a rule to straight-line primitive operations: the one thing that every evaluator reads.

A `Block` computes one metric. Its temporaries are numbered; the first ones are what it loads (metrics and parameters)
and its constants. Common subexpressions are shared within a block, never across metrics: each metric owns a slot, so a
lift on one never moves another that happens to have the same formula. Branches stay lazy: a `Select` holds the
operations of each side.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from impacttree.formula import FUNCTIONS, parse
from impacttree.formula.ast import Binary, Call, Compare, Expr, Name, Negate, Number, Parameter, Span, children

__all__ = [
    "COMPARISONS",
    "Block",
    "Body",
    "Comparison",
    "Instruction",
    "Load",
    "Operation",
    "Select",
    "instructions",
    "lower",
]

Operation = Literal["neg", "add", "sub", "mul", "div", "pow", "call"]
Comparison = Literal["<", "<=", ">", ">=", "==", "!="]
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_BINARY: Mapping[str, Operation] = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow"}


@dataclass(frozen=True, slots=True)
class Load:
    """A value read from outside the block: a metric's slot, now or `lag` periods ago, or at t = 0 (``baseline``)."""

    slot: int
    timing: Literal["now", "prev", "baseline"] = "now"
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Instruction:
    """``out = operation(args)``; `function` names the registered function of a ``call``."""

    operation: Operation
    out: int
    args: tuple[int, ...]
    span: Span
    function: str = ""


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
    op: Comparison
    left: int
    right: int
    then: Body
    otherwise: Body
    source: str
    span: Span
    operands: tuple[str, str]
    """Names of the metrics on either side, empty where a side is more than a metric: what a bottleneck is called."""


@dataclass(frozen=True, slots=True)
class Block:
    """How one slot is computed."""

    slot: int
    loads: Mapping[int, Load]
    parameters: Mapping[int, int]
    """Temporary -> position in the vector of parameters."""
    constants: Mapping[int, float]
    body: Body

    @property
    def selects(self) -> tuple[Select, ...]:
        """Every branch of the block, outer before inner."""
        found: list[Select] = []
        stack = list(self.body.instructions)
        while stack:
            step = stack.pop()
            if isinstance(step, Select):
                found.append(step)
                stack += [*step.then.instructions, *step.otherwise.instructions]
        return tuple(sorted(found, key=lambda select: select.out))


def instructions(body: Body) -> Iterator[Instruction]:
    """Yield the operations of a body and of all sides of its branches, in no order."""
    pending = list(body.instructions)
    while pending:
        step = pending.pop()
        if isinstance(step, Instruction):
            yield step
        else:
            pending += [*step.then.instructions, *step.otherwise.instructions]


def lower(
    slot: int,
    rule: Expr,
    slot_of: Mapping[str, int],
    accumulator_of: Mapping[str, int],
    parameter_of: Callable[[str, float], int],
) -> Block:
    """Lower `rule` to the block of `slot`.

    Parameters
    ----------
    slot_of
        Slot of each metric name.
    accumulator_of
        Slot of the running total of a metric, for ``cumulative``.
    parameter_of
        Registers a parameter (address, central value) and returns its position.
    """
    return _Lowering(slot_of, accumulator_of, parameter_of).block(slot, rule)


@dataclass(slots=True)
class _Scope:
    """The instructions of the body being written, and what is already known in it (value numbering)."""

    instructions: list[Instruction | Select] = field(default_factory=list)
    known: dict[tuple[object, ...], int] = field(default_factory=dict)


Step = Literal["visit", "open", "close", "apply"]
_TIME = frozenset({"prev", "lag", "baseline", "cumulative"})


class _Lowering:
    """One block being written.

    An explicit stack of steps walks the tree (formulas may be deep), because each branch needs a scope of its own: what
    a guarded side computes must not be shared with, or hoisted to, a place that the guard does not protect.
    """

    def __init__(
        self,
        slot_of: Mapping[str, int],
        accumulator_of: Mapping[str, int],
        parameter_of: Callable[[str, float], int],
    ) -> None:
        self.slot_of, self.accumulator_of, self.parameter_of = slot_of, accumulator_of, parameter_of
        self.loads: dict[int, Load] = {}
        self.parameters: dict[int, int] = {}
        self.constants: dict[int, float] = {}
        self.leaves: dict[object, int] = {}
        self.names: dict[int, str] = {}
        self.scopes = [_Scope()]
        self.values: list[int] = []
        self.bodies: list[Body] = []
        self.count = 0

    def block(self, slot: int, rule: Expr) -> Block:
        steps: list[tuple[Step, Expr]] = [("visit", rule)]
        while steps:
            step, node = steps.pop()
            if step == "visit":
                steps.extend(reversed(_plan(node)))
            elif step == "open":
                self.scopes.append(_Scope(known=dict(self.scopes[-1].known)))
            elif step == "close":
                self.bodies.append(Body(tuple(self.scopes.pop().instructions), self.values.pop()))
            else:
                self.values.append(self.apply(node))
        body = Body(tuple(self.scopes[0].instructions), self.values.pop())
        return Block(slot, self.loads, self.parameters, self.constants, body)

    def apply(self, node: Expr) -> int:
        """Return the temporary of `node`, its operands being on the stack of values."""
        match node:
            case Number():
                return self.constant(node.value)
            case Parameter():
                return self.parameter(node)
            case Name():
                return self.load(node.name, Load(self.slot_of[node.name]))
            case Call() if node.function in _TIME:
                return self.timed(node)
            case Call(function="if", arguments=(Compare() as condition, _, _)):
                otherwise, then = self.bodies.pop(), self.bodies.pop()
                left, right = self.pop(2)
                return self.select(condition.op, left, right, then, otherwise, "if", condition.span)
            case _:
                return self.operate(node, self.pop(len(children(node))))

    def operate(self, node: Expr, args: Sequence[int]) -> int:
        match node:
            case Negate():
                return self.emit("neg", args, node.span)
            case Binary():
                return self.emit(_BINARY[node.op], args, node.span)
            case Call():
                return self.call(node.function, args, node.span)
        raise AssertionError(f"{type(node).__name__} stands only inside a condition")

    def call(self, name: str, args: Sequence[int], span: Span) -> int:
        match name:
            case "min" | "max":
                chosen = args[0]
                for other in args[1:]:
                    chosen = self.choose("<=" if name == "min" else ">=", chosen, other, name, span)
                return chosen
            case "clip":
                value, low, high = args
                raised = self.choose(">=", value, low, name, span)
                return self.choose("<=", raised, high, name, span)
            case "abs":
                zero = self.constant(0.0)
                self.scopes.append(_Scope())
                negative = self.emit("neg", args, span)
                flipped = Body(tuple(self.scopes.pop().instructions), negative)
                return self.select(">=", args[0], zero, Body((), args[0]), flipped, name, span)
            case "interpolate":
                return self.interpolate(args, span)
        definition = FUNCTIONS[name].definition
        if not definition:
            return self.emit("call", args, span, name)
        function = FUNCTIONS[name]
        given = dict(zip(function.parameters, args, strict=False))
        for parameter, default in function.defaults.items():
            given.setdefault(parameter, self.constant(default))
        return self.inline(_definition(definition), given, span)

    def inline(self, node: Expr, given: Mapping[str, int], span: Span) -> int:
        """Lower a definition of the registry (small, ours) with its parameters bound to temporaries."""
        if isinstance(node, Name):
            return given[node.name]
        if isinstance(node, Number):
            return self.constant(node.value)
        args = [self.inline(child, given, span) for child in children(node)]
        match node:
            case Negate():
                return self.emit("neg", args, span)
            case Binary():
                return self.emit(_BINARY[node.op], args, span)
            case Call():
                return self.call(node.function, args, span)
        raise AssertionError(f"a definition cannot hold {type(node).__name__}")

    def interpolate(self, args: Sequence[int], span: Span) -> int:
        """Piecewise linear through constant points; the end segments go on. Built from the last segment inwards."""
        x, points = args[0], [self.constants[arg] for arg in args[1:]]
        xs, ys = points[::2], points[1::2]
        lines = []
        for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False):
            self.scopes.append(_Scope())
            slope = self.constant((y1 - y0) / (x1 - x0))
            offset = self.emit("sub", (x, self.constant(x0)), span)
            value = self.emit("add", (self.constant(y0), self.emit("mul", (slope, offset), span)), span)
            lines.append(Body(tuple(self.scopes.pop().instructions), value))
        tail = lines[-1]
        for knot, line in zip(reversed(xs[1:-1]), reversed(lines[:-1]), strict=True):
            self.scopes.append(_Scope())
            out = self.select("<=", x, self.constant(knot), line, tail, "interpolate", span)
            tail = Body(tuple(self.scopes.pop().instructions), out)
        self.scopes[-1].instructions.extend(tail.instructions)
        return tail.result

    def choose(self, op: Comparison, left: int, right: int, source: str, span: Span) -> int:
        return self.select(op, left, right, Body((), left), Body((), right), source, span)

    def select(
        self, op: Comparison, left: int, right: int, then: Body, otherwise: Body, source: str, span: Span
    ) -> int:
        out = self.fresh()
        operands = (self.names.get(left, ""), self.names.get(right, ""))
        self.scopes[-1].instructions.append(Select(out, op, left, right, then, otherwise, source, span, operands))
        return out

    def emit(self, operation: Operation, args: Sequence[int], span: Span, function: str = "") -> int:
        if operation == "neg" and args[0] in self.constants:
            return self.constant(-self.constants[args[0]])
        scope = self.scopes[-1]
        key = (operation, function, *args)
        if key not in scope.known:
            scope.known[key] = self.fresh()
            scope.instructions.append(Instruction(operation, scope.known[key], tuple(args), span, function))
        return scope.known[key]

    def timed(self, node: Call) -> int:
        metric = node.arguments[0]
        assert isinstance(metric, Name)
        match node.function:
            case "baseline":
                return self.load("", Load(self.slot_of[metric.name], "baseline"))
            case "cumulative":
                return self.load("", Load(self.accumulator_of[metric.name]))
            case "prev":
                return self.load("", Load(self.slot_of[metric.name], "prev", 1))
        periods = node.arguments[1]
        assert isinstance(periods, Number)
        return self.load("", Load(self.slot_of[metric.name], "prev", int(periods.value)))

    def load(self, name: str, load: Load) -> int:
        temporary = self.leaf(load)
        self.loads[temporary] = load
        if name:
            self.names[temporary] = name
        return temporary

    def parameter(self, node: Parameter) -> int:
        position = self.parameter_of(node.address, node.value)
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


def _plan(node: Expr) -> list[tuple[Step, Expr]]:
    """Return the steps that compute `node`, in order."""
    match node:
        case Call(function="if", arguments=(Compare() as condition, then, otherwise)):
            return [
                ("visit", condition.left),
                ("visit", condition.right),
                ("open", node),
                ("visit", then),
                ("close", node),
                ("open", node),
                ("visit", otherwise),
                ("close", node),
                ("apply", node),
            ]
        case Call() if node.function in _TIME:
            return [("apply", node)]
        case _:
            return [*(("visit", child) for child in children(node)), ("apply", node)]


@cache
def _definition(text: str) -> Expr:
    return parse(text)
