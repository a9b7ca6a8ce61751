"""Write blocks as Python source: values, local derivatives, the reverse sweep and branch decisions.

All four are emitted from the same tape, so they cannot disagree. The source holds temporaries with generated names,
subscripts, float literals and the spellings of the function registry; nothing a user wrote ever reaches it.

Names in the generated functions: ``v`` values of this period by slot, ``b`` values at t = 0 of the base case, ``p``
parameters, ``h`` past values (one row for each lag in use), ``c`` what a change does to a slot; ``g`` adjoints of this
period, ``k`` adjoints of the past rows, ``d`` local derivatives by edge, ``s`` branch decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

from impacttree.engine.tape import Block, Body, Instruction, Load, Select
from impacttree.formula import FUNCTIONS

__all__ = ["Intervened", "Spelling", "edge_loads", "write_branches", "write_partials", "write_reverse", "write_values"]

Intervened = Mapping[int, Literal["wrap", "fix"]]
"""What a change does to a slot: ``wrap`` scales and shifts what the rule gives, ``fix`` replaces it."""
Spelling = Literal["real", "complex", "array"]
"""``array`` computes many rows at once: both sides of a branch, of which ``select`` takes one in each row."""

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def edge_loads(block: Block) -> tuple[Load, ...]:
    """Return the loads through which other values move this block: all but those held at t = 0."""
    return tuple(load for load in block.loads.values() if load.timing != "baseline")


def write_values(
    blocks: Sequence[Block], lags: Sequence[int], intervened: Intervened, spelling: Spelling = "real"
) -> list[str]:
    """Return the lines that compute the slots of `blocks`, in order, into ``v``."""
    lines: list[str] = []
    here: set[int] = set()
    hidden: list[str] = []
    for block in blocks:
        kind = intervened.get(block.slot)
        target = f"v{block.slot} = v[{block.slot}]"
        if kind == "fix":
            lines.append(f"{target} = c[{block.slot}]")
        else:
            writer = _Forward(block, lags, here, spelling)
            lines += writer.body(block.body, "")
            hidden += writer.hidden
            result = writer.text(block.body.result)
            if kind == "wrap":
                result = f"{result} * c[{block.slot}][0] + c[{block.slot}][1]"
            lines.append(f"{target} = {result}")
        here.add(block.slot)
    if hidden and spelling == "real":
        lines.append(f"check({', '.join(hidden)})")
    return lines


def write_partials(block: Block, first_edge: int, lags: Sequence[int]) -> list[str]:
    """Return the lines that write the local derivative of `block` along each edge into ``d``, from `first_edge` on."""
    edges = edge_loads(block)
    numbers = {load: first_edge + position for position, load in enumerate(edges)}
    return _reverse(block, lags, "1.0", lambda load, value: f"d[{numbers[load]}] = {value}", edges)


def write_reverse(blocks: Sequence[Block], lags: Sequence[int], intervened: Intervened) -> list[str]:
    """Return the lines that carry adjoints from the slots of `blocks` to what they load, last block first."""
    lines: list[str] = []

    def sink(load: Load, value: str) -> str:
        row = "g" if load.timing == "now" else f"k[{lags.index(load.lag)}]"
        return f"{row}[{load.slot}] += {value}"

    for block in reversed(blocks):
        kind = intervened.get(block.slot)
        if kind == "fix" or not edge_loads(block):
            continue
        scale = f" * c[{block.slot}][0]" if kind == "wrap" else ""
        lines += [f"y = g[{block.slot}]{scale}", "if y:"]
        lines += [f" {line}" for line in _reverse(block, lags, "y", sink, ())]
    return lines


def write_branches(blocks: Sequence[Block], lags: Sequence[int], spelling: Spelling = "real") -> list[str]:
    """Return the lines that record the branches reached: the side taken, or for ``complex`` left minus right."""
    lines: list[str] = []
    for block in blocks:
        writer = _Forward(block, lags, frozenset(), spelling, record=True)
        lines += writer.body(block.body, "")
    return lines


class _Forward:
    """The values of one block as text. Operations used once and not too deep are written in place."""

    deepest = 12

    def __init__(
        self,
        block: Block,
        lags: Sequence[int],
        here: Collection[int],
        spelling: Spelling,
        *,
        record: bool = False,
        keep: bool = False,
    ) -> None:
        self.block, self.spelling, self.record = block, spelling, record
        self.texts = {temporary: _load_text(load, lags, here) for temporary, load in block.loads.items()}
        self.texts |= {temporary: f"p[{position}]" for temporary, position in block.parameters.items()}
        self.texts |= {temporary: _literal(value, spelling) for temporary, value in block.constants.items()}
        self.depths: dict[int, int] = {}
        self.uses = {} if keep else _uses(block.body)
        self.hidden: list[str] = []

    def text(self, temporary: int) -> str:
        return self.texts[temporary]

    def body(self, body: Body, indent: str) -> list[str]:
        lines: list[str] = []
        for step in body.instructions:
            if isinstance(step, Select):
                lines += self.select(step, indent)
            else:
                lines += self.instruction(step, indent)
        return lines

    def instruction(self, step: Instruction, indent: str) -> list[str]:
        args = [self.text(arg) for arg in step.args]
        expression = _spell(step, args, self.spelling)
        depth = 1 + max((self.depths.get(arg, 0) for arg in step.args), default=0)
        lines = self.guard(_hiders(step), indent)
        if self.uses.get(step.out, 2) == 1 and depth < self.deepest:
            self.texts[step.out], self.depths[step.out] = expression, depth
            return lines
        self.texts[step.out], self.depths[step.out] = f"t{self.block.slot}_{step.out}", 1
        return [*lines, f"{indent}{self.texts[step.out]} = {expression}"]

    def guard(self, temporaries: Sequence[int], indent: str) -> list[str]:
        """See to it that an overflow is noticed before an operation that could hide it (1 / inf is 0)."""
        if self.spelling != "real":
            return []
        computed = [self.text(temporary) for temporary in temporaries if temporary in self.depths]
        if indent:
            return [f"{indent}check({text})" for text in computed]
        self.hidden += computed
        return []

    def select(self, step: Select, indent: str) -> list[str]:
        out = f"t{self.block.slot}_{step.out}"
        flag = f"q{self.block.slot}_{step.out}"
        left, right = self.text(step.left), self.text(step.right)
        margin = f"{left} - {right}"
        if self.spelling == "complex":
            left, right = f"real({left})", f"real({right})"
        lines = self.guard((step.left, step.right), indent)
        lines.append(f"{indent}{flag} = {left} {step.op} {right}")
        if self.record:
            lines.append(f"{indent}s[{self.block.slot}, {step.out}] = {margin if self.spelling == 'complex' else flag}")
        if self.spelling == "array":
            lines += [*self.body(step.then, indent), *self.body(step.otherwise, indent)]
            lines.append(
                f"{indent}{out} = select({flag}, {self.text(step.then.result)}, {self.text(step.otherwise.result)})"
            )
        else:
            for word, side in ((f"if {flag}:", step.then), ("else:", step.otherwise)):
                lines.append(f"{indent}{word}")
                lines += self.body(side, indent + " ")
                lines.append(f"{indent} {out} = {self.text(side.result)}")
        self.texts[step.out], self.depths[step.out] = out, 1
        return lines


def _reverse(
    block: Block, lags: Sequence[int], seed: str, sink: Callable[[Load, str], str], zeroed: Sequence[Load]
) -> list[str]:
    """Return lines for one block's values and then its adjoints, `seed` being the adjoint of its result.

    Sides of a branch that were not taken are skipped, not multiplied by zero; an operation whose adjoint may be zero
    because of that is skipped as well, so that a singular slope which does not count is never computed.
    """
    forward = _Forward(block, lags, frozenset(), "real", keep=True)
    value_lines = forward.body(block.body, "")
    backward = _Backward(block, forward)
    backward.add(block.body.result, seed, "")
    backward.body(block.body, "")
    lines = backward.lines
    written: set[Load] = set()
    for temporary, load in block.loads.items():
        if load.timing != "baseline" and temporary in backward.adjoints:
            lines.append(sink(load, backward.adjoints[temporary]))
            written.add(load)
    lines += [sink(load, "0.0") for load in zeroed if load not in written]
    return [*_needed(value_lines, lines), *lines]


class _Backward:
    """Adjoints of one block as text, operations last to first."""

    def __init__(self, block: Block, forward: _Forward) -> None:
        self.block, self.forward = block, forward
        self.adjoints: dict[int, str] = {}
        self.maybe_zero: set[int] = set()
        self.lines: list[str] = []
        self.steady = {*block.constants, *block.parameters} | {
            temporary for temporary, load in block.loads.items() if load.timing == "baseline"
        }

    def add(self, temporary: int, contribution: str, indent: str) -> None:
        if temporary in self.steady:
            return
        name = f"a{temporary}"
        if temporary not in self.adjoints:
            self.adjoints[temporary] = name
            self.lines.append(f"{indent}{name} = {contribution}")
        else:
            self.lines.append(f"{indent}{name} += {contribution}")

    def body(self, body: Body, indent: str) -> None:
        for step in reversed(body.instructions):
            if step.out not in self.adjoints:
                continue
            adjoint, inner = self.adjoints[step.out], indent
            if step.out in self.maybe_zero:
                self.declare([arg for arg in _arguments(step) if arg not in self.steady], indent)
                self.lines.append(f"{indent}if {adjoint}:")
                inner, mark = indent + " ", len(self.lines)
            if isinstance(step, Select):
                self.select(step, adjoint, inner)
            else:
                for arg, contribution in self.contributions(step, adjoint):
                    self.add(arg, contribution, inner)
            if step.out in self.maybe_zero and len(self.lines) == mark:
                self.lines.append(f"{inner}pass")

    def declare(self, temporaries: Sequence[int], indent: str) -> None:
        """Give each adjoint that a branch may or may not touch its zero before the branch."""
        for temporary in temporaries:
            if temporary not in self.adjoints:
                self.adjoints[temporary] = f"a{temporary}"
                self.lines.append(f"{indent}a{temporary} = 0.0")
            self.maybe_zero.add(temporary)

    def select(self, step: Select, adjoint: str, indent: str) -> None:
        outside = [temporary for temporary in _arguments(step) if temporary not in self.steady]
        self.declare(outside, indent)
        flag = f"q{self.block.slot}_{step.out}"
        for word, side in ((f"if {flag}:", step.then), ("else:", step.otherwise)):
            self.lines.append(f"{indent}{word}")
            mark = len(self.lines)
            self.add(side.result, adjoint, indent + " ")
            self.body(side, indent + " ")
            if len(self.lines) == mark:
                self.lines.append(f"{indent} pass")

    def contributions(self, step: Instruction, g: str) -> list[tuple[int, str]]:
        args = [self.forward.text(arg) for arg in step.args]
        y = self.forward.text(step.out)
        match step.operation:
            case "neg":
                return [(step.args[0], f"-{g}")]
            case "add":
                return [(arg, g) for arg in step.args]
            case "sub":
                return [(step.args[0], g), (step.args[1], f"-{g}")]
            case "mul":
                return [(step.args[0], f"{g} * {args[1]}"), (step.args[1], f"{g} * {args[0]}")]
            case "div":
                return [(step.args[0], f"{g} / {args[1]}"), (step.args[1], f"-{g} * {y} / {args[1]}")]
            case "pow":
                return [
                    (step.args[0], f"{g} * {self.power_slope(step, args)}"),
                    (step.args[1], f"{g} * slope_of_exponent({args[0]}, {y})"),
                ]
        names = dict(zip(FUNCTIONS[step.function].parameters, args, strict=False)) | {"y": y}
        partials = FUNCTIONS[step.function].partials
        return [(arg, f"{g} * ({p.format(**names)})") for arg, p in zip(step.args, partials, strict=False)]

    def power_slope(self, step: Instruction, args: Sequence[str]) -> str:
        exponent = self.block.constants.get(step.args[1])
        if exponent == 2.0:
            return f"2.0 * {args[0]}"
        return f"slope_of_base({args[0]}, {args[1]})"


def _hiders(step: Instruction) -> tuple[int, ...]:
    """Return the arguments whose overflow the operation could turn into a finite result."""
    match step.operation:
        case "div":
            return step.args[1:]
        case "pow" | "call":
            return step.args
        case _:
            return ()


def _arguments(step: Instruction | Select) -> list[int]:
    """Return the temporaries from outside that `step` may pass adjoints to."""
    if isinstance(step, Instruction):
        return list(step.args)
    inside: set[int] = set()
    reached: list[int] = []
    bodies = [step.then, step.otherwise]
    while bodies:
        body = bodies.pop()
        reached.append(body.result)
        for inner in body.instructions:
            inside.add(inner.out)
            if isinstance(inner, Select):
                bodies += [inner.then, inner.otherwise]
            else:
                reached += inner.args
    return sorted({temporary for temporary in reached if temporary not in inside})


def _uses(body: Body) -> dict[int, int]:
    """Count how often each temporary is read; what a branch reads from outside counts twice: it is computed before."""
    counts: dict[int, int] = {}

    def read(temporary: int, times: int) -> None:
        counts[temporary] = counts.get(temporary, 0) + times

    stack: list[tuple[Body, bool]] = [(body, True)]
    while stack:
        current, top = stack.pop()
        own = {step.out for step in current.instructions}
        read(current.result, 1 if top or current.result in own else 2)
        for step in current.instructions:
            if isinstance(step, Select):
                read(step.left, 2)
                read(step.right, 2)
                stack += [(step.then, False), (step.otherwise, False)]
            else:
                for arg in step.args:
                    read(arg, 1 if arg in own else 2)
                for arg in _hiders(step):
                    read(arg, 1)
    return counts


def _needed(values: Sequence[str], consumers: Sequence[str]) -> list[str]:
    """Return the value lines that `consumers` read, directly or through other value lines."""
    if not values:
        return []
    if any(line.startswith(("if ", " ")) for line in values):
        return list(values)
    wanted = _words(consumers)
    kept: list[str] = []
    for line in reversed(values):
        target, _, expression = line.partition(" = ")
        if target in wanted:
            kept.append(line)
            wanted |= _words([expression])
    return kept[::-1]


def _words(lines: Sequence[str]) -> set[str]:
    text = " ".join(lines)
    for mark in "()[],*/+-":
        text = text.replace(mark, " ")
    return set(text.split())


def _load_text(load: Load, lags: Sequence[int], here: Collection[int]) -> str:
    match load.timing:
        case "now":
            return f"v{load.slot}" if load.slot in here else f"v[{load.slot}]"
        case "prev":
            return f"h[{lags.index(load.lag)}][{load.slot}]"
        case "baseline":
            return f"b[{load.slot}]"


def _literal(value: float, spelling: Spelling) -> str:
    if spelling == "array":
        return f"number({value!r})"
    return f"({value!r})" if value < 0 else repr(value)


def _spell(step: Instruction, args: Sequence[str], spelling: Spelling) -> str:
    match step.operation:
        case "neg":
            return f"(-{args[0]})"
        case "pow":
            return f"({args[0]} ** {args[1]})" if spelling == "array" else f"pow({args[0]}, {args[1]})"
        case "call":
            function = FUNCTIONS[step.function]
            text = function.numpy if spelling == "array" else function.python
            return text.format(**dict(zip(function.parameters, args, strict=False)))
        case operation:
            return f"({args[0]} {_INFIX[operation]} {args[1]})"
