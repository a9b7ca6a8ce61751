"""Write blocks as Python source: values, local derivatives, the reverse sweep and branch decisions.

All four are emitted from the same tape, so they cannot disagree. The source holds temporaries with generated names,
subscripts, float literals, and names and derivatives of the function registry; nothing a user wrote ever reaches it.

Names in the generated functions: ``v`` values of this period by slot, ``b`` values at t = 0 of the base case, ``p``
parameters, ``h`` past values (one row for each lag in use), ``c`` what a change does to a slot; ``g`` adjoints of this
period, ``k`` adjoints of the past rows, ``d`` local derivatives by edge, ``s`` branch decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

from impacttree.engine.tape import Block, Body, Instruction, Load, Select
from impacttree.formula import FUNCTIONS

__all__ = [
    "Intervened",
    "Spelling",
    "arguments",
    "edge_loads",
    "load_text",
    "write_branches",
    "write_partials",
    "write_reverse",
    "write_values",
]

Intervened = Mapping[int, Literal["wrap", "fix"]]
"""What a change does to a slot: ``wrap`` scales and shifts what the rule gives, ``fix`` replaces it."""
Spelling = Literal["real", "complex"]

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def edge_loads(block: Block) -> tuple[Load, ...]:
    """Return the loads through which other values move this block: all but those held at t = 0."""
    return tuple(load for load in block.loads.values() if load.timing != "baseline")


def write_values(
    blocks: Sequence[Block],
    lags: Sequence[int],
    spelling: Spelling = "real",
    *,
    heeding: Collection[int] = (),
) -> list[str]:
    """Return the lines that compute the slots of `blocks`, in order, into ``v``.

    Parameters
    ----------
    heeding
        Slots that heed what ``c`` holds.
    """
    lines: list[str] = []
    here: set[int] = set()
    hidden: list[str] = []
    for block in blocks:
        writer = _Forward(block, lags, here, spelling)
        heeds = block.slot in heeding
        body = writer.body(block.body, " " if heeds else "")
        hidden += writer.hidden
        lines += _shown(block.slot, body, writer.text(block.body.result), heeds)
        here.add(block.slot)
    if hidden and spelling == "real":
        lines.append(f"check({', '.join(hidden)})")
    return lines


def _shown(slot: int, body: Sequence[str], result: str, heeds: bool) -> list[str]:
    """Return the lines that store what a slot shows: its rule's result, wrapped or replaced if ``c`` says so."""
    if not heeds:
        return [*body, f"v{slot} = v[{slot}] = {result}"]
    return [
        f"e = c.get({slot})",
        "if e is None or e.__class__ is tuple:",
        *body,
        f" v{slot} = {result}",
        " if e is not None:",
        f"  v{slot} = v{slot} * e[0] + e[1]",
        "else:",
        f" v{slot} = e",
        f"v[{slot}] = v{slot}",
    ]


def write_partials(block: Block, first_edge: int, lags: Sequence[int]) -> list[str]:
    """Return the lines that write the local derivative of `block` along each edge into ``d``, from `first_edge` on."""
    edges = edge_loads(block)
    numbers = {load: first_edge + position for position, load in enumerate(edges)}
    return _reverse(block, lags, "1.0", lambda load, value: f"d[{numbers[load]}] = {value}", zeroed=edges)


def write_reverse(blocks: Sequence[Block], lags: Sequence[int], *, changed: bool = False) -> list[str]:
    """Return the lines that carry adjoints from the slots of `blocks` to what they load, last block first."""
    lines: list[str] = []

    def sink(load: Load, value: str) -> str:
        row = "g" if load.timing == "now" else f"k[{lags.index(load.lag)}]"
        return f"{row}[{load.slot}] += {value}"

    for block in reversed(blocks):
        if not edge_loads(block):
            continue
        slot = block.slot
        if changed:
            moved = f"g[{slot}] * e[0] if e.__class__ is tuple else 0.0"
            lines += [f"e = c.get({slot})", f"y = g[{slot}] if e is None else {moved}", "if y:"]
        else:
            lines += [f"y = g[{slot}]", "if y:"]
        carried = _reverse(block, lags, "y", sink, known="" if changed else f"v[{slot}]")
        lines += [f" {line}" for line in carried or ["pass"]]
    return lines


def write_branches(blocks: Sequence[Block], lags: Sequence[int], spelling: Spelling = "real") -> list[str]:
    """Return the lines that record the branches reached and the steps stood on.

    That is the side taken and the value of the step; or for ``complex`` what decides these: left minus right, and the
    argument.
    """
    lines: list[str] = []
    for block in blocks:
        writer = _Forward(block, lags, frozenset(), spelling, record=True)
        lines += writer.body(block.body, "")
    return lines


class _Forward:
    """The values of one block as text. Operations used once and not too deep are written in place.

    Parameters
    ----------
    uses
        How often each temporary is read; what is not in it is left out. By default what the result needs, which is
        guarded against hidden overflows.
    """

    deepest = 12

    def __init__(
        self,
        block: Block,
        lags: Sequence[int],
        here: Collection[int],
        spelling: Spelling,
        *,
        record: bool = False,
        uses: Mapping[int, int] | None = None,
    ) -> None:
        self.block, self.spelling, self.record = block, spelling, record
        self.texts = {temporary: load_text(load, lags, here) for temporary, load in block.loads.items()}
        self.texts |= {temporary: f"p[{position}]" for temporary, position in block.parameters.items()}
        self.texts |= {temporary: _literal(value) for temporary, value in block.constants.items()}
        self.depths: dict[int, int] = {}
        self.uses = _uses(block.body, {block.body.result: 1}, ()) if uses is None else uses
        self.guarded = spelling == "real" and uses is None
        self.hidden: list[str] = []

    def text(self, temporary: int) -> str:
        return self.texts[temporary]

    def body(self, body: Body, indent: str) -> list[str]:
        lines: list[str] = []
        for step in body.instructions:
            if step.out not in self.uses:
                continue
            if isinstance(step, Select):
                lines += self.select(step, indent)
            else:
                lines += self.instruction(step, indent)
                if self.record and step.may_jump:
                    lines += self.stepping(step, indent)
        return lines

    def instruction(self, step: Instruction, indent: str) -> list[str]:
        args = [self.text(arg) for arg in step.args]
        expression = _spell(step, args)
        depth = 1 + max((self.depths.get(arg, 0) for arg in step.args), default=0)
        lines = self.guard(_hiders(step), indent)
        if self.uses[step.out] == 1 and depth < self.deepest:
            self.texts[step.out], self.depths[step.out] = expression, depth
            return lines
        self.texts[step.out], self.depths[step.out] = f"t{self.block.slot}_{step.out}", 1
        return [*lines, f"{indent}{self.texts[step.out]} = {expression}"]

    def stepping(self, step: Instruction, indent: str) -> list[str]:
        """Return the line that records on which step an operation stands, or for ``complex`` what decides it."""
        told = self.text(step.args[0] if self.spelling == "complex" else step.out)
        return [f"{indent}s[{self.block.slot}, {step.out}] = {told}"]

    def guard(self, temporaries: Sequence[int], indent: str) -> list[str]:
        """See to it that an overflow is noticed before an operation that could hide it (1 / inf is 0)."""
        if not self.guarded:
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
        if self.spelling != "real":
            left, right = f"real({left})", f"real({right})"
        lines = self.guard((step.left, step.right), indent)
        lines.append(f"{indent}{flag} = {left} {step.op} {right}")
        if self.record:
            lines.append(f"{indent}s[{self.block.slot}, {step.out}] = {margin if self.spelling == 'complex' else flag}")
        lines += self.sides(step, flag, out, indent)
        self.texts[step.out], self.depths[step.out] = out, 1
        return lines

    def sides(self, step: Select, flag: str, out: str, indent: str) -> list[str]:
        """Return the two sides of a branch, as far as anything is read from them."""
        written = []
        for side in (step.then, step.otherwise):
            lines = self.body(side, indent + " ")
            if self.uses[step.out]:
                lines.append(f"{indent} {out} = {self.text(side.result)}")
            written.append(lines)
        if not any(written):
            return []
        empty = [f"{indent} pass"]
        return [f"{indent}if {flag}:", *(written[0] or empty), f"{indent}else:", *(written[1] or empty)]


def _reverse(
    block: Block,
    lags: Sequence[int],
    seed: str,
    sink: Callable[[Load, str], str],
    *,
    zeroed: Sequence[Load] = (),
    known: str = "",
) -> list[str]:
    """Return lines for the values that one block's adjoints need, and then for these.

    `seed` is the adjoint of the block's result, `known` where that result can be read if it can.

    Sides of a branch that were not taken are skipped, not multiplied by zero; an operation whose adjoint may be zero
    because of that is skipped as well, so that a singular slope which does not count is never computed.
    """
    backward = _Backward(block, lags, known)
    backward.add(block.body.result, seed, "")
    backward.body(block.body, "")
    sinks: list[str] = []
    written: set[Load] = set()
    for temporary, load in block.loads.items():
        if load.timing != "baseline" and temporary in backward.adjoints:
            sinks.append(sink(load, backward.adjoints[temporary]))
            written.add(load)
    sinks += [sink(load, "0.0") for load in zeroed if load not in written]
    uses = _uses(block.body, dict.fromkeys(backward.wanted, 2), backward.flags)
    values = _Forward(block, lags, frozenset(), "real", uses=uses).body(block.body, "")
    return [*values, *backward.lines, *sinks]


class _Backward:
    """Adjoints of one block as text, operations last to first.

    An adjoint to which only one operation contributes is written in place where it is read once.
    """

    deepest = 12

    def __init__(self, block: Block, lags: Sequence[int], known: str) -> None:
        self.block = block
        self.texts = {temporary: load_text(load, lags) for temporary, load in block.loads.items()}
        self.texts |= {temporary: f"p[{position}]" for temporary, position in block.parameters.items()}
        self.texts |= {temporary: _literal(value) for temporary, value in block.constants.items()}
        self.steady = {*block.constants, *block.parameters} | {
            temporary for temporary, load in block.loads.items() if load.timing == "baseline"
        }
        if known:
            self.texts.setdefault(block.body.result, known)
        self.adjoints: dict[int, str] = {}
        self.loose: dict[int, int] = {}
        """Adjoints that are an expression so far, not a variable, and how deep it is."""
        self.maybe_zero: set[int] = set()
        self.wanted: set[int] = set()
        """Temporaries whose values the adjoints read."""
        self.flags: set[int] = set()
        """Branches that the adjoints take again."""
        self.lines: list[str] = []

    def text(self, temporary: int) -> str:
        if temporary in self.texts:
            return self.texts[temporary]
        self.wanted.add(temporary)
        return f"t{self.block.slot}_{temporary}"

    def add(self, temporary: int, contribution: str, indent: str, depth: int = 0) -> None:
        if temporary in self.steady:
            return
        if temporary not in self.adjoints:
            self.adjoints[temporary], self.loose[temporary] = contribution, depth
        elif temporary in self.loose:
            self.settle(temporary, indent, f" + {contribution}")
        else:
            self.lines.append(f"{indent}{self.adjoints[temporary]} += {contribution}")

    def settle(self, temporary: int, indent: str, more: str = "") -> None:
        """Make a variable of an adjoint that is an expression so far."""
        if self.loose.pop(temporary, None) is not None:
            self.lines.append(f"{indent}a{temporary} = {self.adjoints[temporary]}{more}")
            self.adjoints[temporary] = f"a{temporary}"

    def body(self, body: Body, indent: str) -> None:
        for step in reversed(body.instructions):
            if step.out not in self.adjoints:
                continue
            inner = indent
            if step.out in self.maybe_zero:
                self.declare([arg for arg in arguments(step) if arg not in self.steady], indent)
                self.lines.append(f"{indent}if {self.adjoints[step.out]}:")
                inner, mark = indent + " ", len(self.lines)
            if isinstance(step, Select):
                self.select(step, inner)
            else:
                self.instruction(step, inner)
            if step.out in self.maybe_zero and len(self.lines) == mark:
                self.lines.append(f"{inner}pass")

    def instruction(self, step: Instruction, indent: str) -> None:
        moving = [arg for arg in step.args if arg not in self.steady]
        depth = self.loose.get(step.out, 0)
        if (len(moving) > 1 and not self.adjoints[step.out].isidentifier()) or depth >= self.deepest:
            self.settle(step.out, indent)
            depth = 0
        for position, arg in enumerate(step.args):
            if arg not in self.steady and not step.may_jump:
                self.add(arg, self.contribution(step, position, self.adjoints[step.out]), indent, depth + 1)

    def declare(self, temporaries: Sequence[int], indent: str) -> None:
        """Give each adjoint that a branch may or may not touch a variable before the branch."""
        for temporary in temporaries:
            if temporary not in self.adjoints:
                self.adjoints[temporary], self.loose[temporary] = "0.0", 0
            self.settle(temporary, indent)
            self.maybe_zero.add(temporary)

    def select(self, step: Select, indent: str) -> None:
        outside = [temporary for temporary in arguments(step) if temporary not in self.steady]
        self.settle(step.out, indent)
        self.declare(outside, indent)
        self.flags.add(step.out)
        flag = f"q{self.block.slot}_{step.out}"
        for word, side in ((f"if {flag}:", step.then), ("else:", step.otherwise)):
            self.lines.append(f"{indent}{word}")
            mark = len(self.lines)
            self.add(side.result, self.adjoints[step.out], indent + " ")
            self.body(side, indent + " ")
            if len(self.lines) == mark:
                self.lines.append(f"{indent} pass")

    def contribution(self, step: Instruction, position: int, g: str) -> str:
        """Return what the operation's adjoint `g`, a name or a product, adds to that of one operand."""
        match step.operation, position:
            case ("neg", _) | ("sub", 1):
                return f"-{g}"
            case ("add" | "sub", _):
                return g
            case ("mul", _):
                return f"{g} * {self.text(step.args[1 - position])}"
            case ("div", 0):
                return f"{g} / {self.text(step.args[1])}"
            case ("div", _):
                return f"-{g} * {self.text(step.out)} / {self.text(step.args[1])}"
            case ("pow", 0):
                return f"{g} * {self.power_slope(step)}"
            case ("pow", _):
                return f"{g} * slope_of_exponent({self.text(step.args[0])}, {self.text(step.out)})"
        function = FUNCTIONS[step.function]
        partial = function.partials[position]
        told = (*zip(function.parameters, step.args, strict=True), ("y", step.out))
        names = {name: self.text(temporary) for name, temporary in told if f"{{{name}}}" in partial}
        return f"{g} * ({partial.format(**names)})"

    def power_slope(self, step: Instruction) -> str:
        base = self.text(step.args[0])
        if self.block.constants.get(step.args[1]) == 2.0:
            return f"2.0 * {base}"
        return f"slope_of_base({base}, {self.text(step.args[1])})"


def _hiders(step: Instruction) -> tuple[int, ...]:
    """Return the arguments whose overflow the operation could turn into a finite result."""
    match step.operation:
        case "div":
            return step.args[1:]
        case "pow" | "call":
            return step.args
        case _:
            return ()


def arguments(step: Instruction | Select) -> list[int]:
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


def _uses(body: Body, wanted: Mapping[int, int], flags: Collection[int]) -> dict[int, int]:
    """Count how often each temporary is read for the `wanted` ones, and to take the branches of `flags` again.

    What a branch reads from outside counts twice, to be computed before it.
    """
    counts = dict(wanted)
    own = {step.out for step in body.instructions}
    pending = [(step, own) for step in body.instructions]
    while pending:
        step, own = pending.pop()
        if step.out not in counts and step.out not in flags:
            continue
        if isinstance(step, Instruction):
            for arg in (*step.args, *_hiders(step)):
                counts[arg] = counts.get(arg, 0) + (1 if arg in own else 2)
            continue
        read = step.out in counts
        counts.setdefault(step.out, 0)
        for side in (step.then, step.otherwise):
            inside = {inner.out for inner in side.instructions}
            if read:
                counts[side.result] = counts.get(side.result, 0) + (1 if side.result in inside else 2)
            pending += [(inner, inside) for inner in side.instructions]
        for temporary in (step.left, step.right):
            counts[temporary] = counts.get(temporary, 0) + 2
    return counts


def load_text(load: Load, lags: Sequence[int], here: Collection[int] = ()) -> str:
    """Return how a load is read; slots of `here` stand in variables of their own."""
    match load.timing:
        case "now":
            return f"v{load.slot}" if load.slot in here else f"v[{load.slot}]"
        case "prev":
            return f"h[{lags.index(load.lag)}][{load.slot}]"
        case "baseline":
            return f"b[{load.slot}]"


def _literal(value: float) -> str:
    return f"({value!r})" if value < 0 else repr(value)


def _spell(step: Instruction, args: Sequence[str]) -> str:
    match step.operation:
        case "neg":
            return f"(-{args[0]})"
        case "pow":
            return f"pow({args[0]}, {args[1]})"
        case "call":
            return f"{step.function}({', '.join(args)})"
        case operation:
            return f"({args[0]} {_INFIX[operation]} {args[1]})"
