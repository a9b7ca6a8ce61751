"""The core of a formula as a spreadsheet writes it: text, with places for what it reads and rows for long parts.

Spreadsheets read ``-x^2`` as ``(-x)^2`` and powers from left to right, compute both sides of ``AND``, and take formulas
of 8,192 characters and 64 levels. So signs and powers stand in parentheses, conditions are nested branches, which leave
undone what is not needed, and what is long, deep or needed several times gets a row of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from impacttree.formula import FUNCTIONS
from impacttree.formula.core import (
    Binary,
    Clock,
    Compare,
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
    walk,
)
from impacttree.formula.evaluation import Leaf
from impacttree.records import dataclass

__all__ = ["FormulaPiece", "HelperRow", "Spelled", "SpelledFormula", "number", "spell"]

_ADD, _MULTIPLY, _POWER, _ATOM = range(4)
"""How tightly a text holds together."""
LONG, SHARED, REPEATED, DEEP = 3_000, 160, 24, 40
"""Characters of a formula, of what stands in it twice, and of what a function spells several times; and levels, beyond
which a part gets a row of its own."""
REFERENCE = 20
"""Characters that are taken for what is read."""
_PARAMETER = re.compile(r"\{(\w+)\}")
_SIGNS = {"==": "=", "!=": "<>"}


@dataclass(frozen=True, slots=True)
class HelperRow:
    """What stands in the helper row with this number."""

    number: int


FormulaPiece = str | Leaf | HelperRow


@dataclass(frozen=True, slots=True)
class Spelled:
    """A part of a formula: texts and what is read between them."""

    pieces: tuple[FormulaPiece, ...]
    level: int = _ATOM
    depth: int = 0

    @property
    def size(self) -> int:
        return sum(len(piece) if isinstance(piece, str) else REFERENCE for piece in self.pieces)

    @property
    def is_leaf(self) -> bool:
        return len(self.pieces) == 1

    def written(self, read: Callable[[Leaf | HelperRow], str]) -> str:
        """Return the text, without ``=``; `read` says where a value stands."""
        return "".join(piece if isinstance(piece, str) else read(piece) for piece in self.pieces)

    def within(self, level: int) -> Spelled:
        """Return the part in parentheses, if it holds together less tightly than `level`."""
        return self if self.level >= level else _call("", (self,))


@dataclass(frozen=True, slots=True)
class SpelledFormula:
    """A formula, and the parts of it that stand in rows of their own, those first that later ones read."""

    whole: Spelled
    helpers: tuple[tuple[Core, Spelled], ...]


def number(value: float) -> str:
    """Write a number; a negative one in parentheses.

    Examples
    --------
    >>> number(12.0), number(-0.5), number(1e-7)
    ('12', '(-0.5)', '1E-07')
    """
    text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value).upper()
    return f"({text})" if text.startswith("-") else text


def spell(core: Core) -> SpelledFormula:
    """Return a formula as a spreadsheet writes it.

    Examples
    --------
    >>> from impacttree.formula import lowered, parse
    >>> spelled = spell(lowered(parse("if(a > 0 and b > 1, -a**2, min(a, b, 3)) - (a - b)")))
    >>> spelled.whole.written(lambda leaf: leaf.name)
    'IF(IF(a>0,b>1,FALSE),(-(a^2)),MIN(a,b,3))-(a-b)'
    """
    return _Writer(core).spelling()


@dataclass()
class _Writer:
    """One formula being written."""

    root: Core
    values: dict[int, Spelled] = field(default_factory=dict)
    helpers: list[tuple[Core, Spelled]] = field(default_factory=list)

    def spelling(self) -> SpelledFormula:
        uses = Counter(id(child) for node in walk(self.root) for child in self._written_children(node))
        for node in walk(self.root):
            made = self._spelled(node)
            is_shared = uses[id(node)] > 1 and made.size > SHARED
            if not isinstance(node, Compare | Logic) and (is_shared or made.depth > DEEP):
                made = self._in_a_row(node, made)
            self.values[id(node)] = made
        return SpelledFormula(self.values[id(self.root)], tuple(self.helpers))

    @staticmethod
    def _written_children(node: Core) -> Sequence[Core]:
        """Return what is written of a node: of a minimum its operands, not the comparisons that define it."""
        if isinstance(node, If):
            if node.is_extremum:
                return node.operands
            if node.is_size:
                return (node.then,)
        return children(node)

    def _in_a_row(self, node: Core, made: Spelled) -> Spelled:
        if made.is_leaf:
            return made
        self.helpers.append((node, made))
        return Spelled((HelperRow(len(self.helpers) - 1),))

    def _operands(self, node: Core) -> list[Spelled]:
        """Return what a node is written from; the longest of it in rows of their own, where that is too long."""
        nodes = self._written_children(node)
        parts = [self.values[id(child)] for child in nodes]
        for place in sorted(range(len(parts)), key=lambda place: -parts[place].size):
            if sum(part.size for part in parts) <= LONG:
                break
            if not isinstance(nodes[place], Compare | Logic):
                parts[place] = self._moved(nodes[place], parts[place])
        return parts

    def _moved(self, node: Core, part: Spelled) -> Spelled:
        """Return a part moved to a row of its own, wherever it is written from now on."""
        self.values[id(node)] = self._in_a_row(node, part)
        return self.values[id(node)]

    def _spelled(self, node: Core) -> Spelled:
        match node:
            case Number():
                return Spelled((number(node.value),))
            case Name() | Parameter() | Timed() | Clock():
                return Spelled((node,))
            case Negate():
                (operand,) = self._operands(node)
                return _call("", (_joined("-", operand.within(_ATOM)),))
            case Binary():
                return self._binary(node)
            case Compare():
                left, right = self._operands(node)
                return _joined(left, _SIGNS.get(node.op, node.op), right)
            case Logic():
                return _logic(node.op, self._operands(node))
            case If():
                if node.is_extremum:
                    return _call(node.is_extremum.upper(), self._operands(node))
                if node.is_size:
                    return _call("ABS", self._operands(node))
                return _call("IF", self._operands(node))
            case Primitive():
                return self._primitive(node)

    def _binary(self, node: Binary) -> Spelled:
        left, right = self._operands(node)
        match node.op:
            case "+" | "-":
                return _joined(left, node.op, right.within(_MULTIPLY), level=_ADD)
            case "*" | "/":
                return _joined(left.within(_MULTIPLY), node.op, right.within(_POWER), level=_MULTIPLY)
        exponent = right.within(_ATOM)
        power = _joined(left.within(_ATOM), "^", exponent, level=_POWER)
        if isinstance(node.right, Number):
            return Spelled(("1",)) if node.right.value == 0 else power
        if not right.is_leaf:
            exponent = self._moved(node.right, right)
            power = _joined(left.within(_ATOM), "^", exponent, level=_POWER)
        return _call("IF", (_joined(exponent, "=0"), Spelled(("1",)), power))  # 0^0 is an error there

    def _primitive(self, node: Primitive) -> Spelled:
        function = FUNCTIONS[node.function]
        given = dict(zip(function.parameters, zip(node.arguments, self._operands(node), strict=True), strict=True))
        times = Counter(_PARAMETER.findall(function.excel))
        parts: Mapping[str, Spelled] = {
            name: self._moved(argument, part) if times[name] > 1 and part.size > REPEATED else part
            for name, (argument, part) in given.items()
        }
        return _filled(function.excel, parts)


def _joined(*parts: Spelled | str, level: int = _ADD) -> Spelled:
    pieces: list[FormulaPiece] = []
    for part in parts:
        for piece in (part,) if isinstance(part, str) else part.pieces:
            if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
                pieces[-1] += piece
            else:
                pieces.append(piece)
    depth = max((part.depth for part in parts if isinstance(part, Spelled)), default=0)
    return Spelled(tuple(pieces), level, depth)


def _call(function: str, arguments: Sequence[Spelled]) -> Spelled:
    """Return a call; without a function, an expression in parentheses."""
    parts: list[Spelled | str] = [f"{function}("]
    for argument in arguments:
        parts += [argument, ","]
    made = _joined(*parts[:-1], ")")
    return Spelled(made.pieces, _ATOM, made.depth + 1)


def _logic(op: str, operands: Sequence[Spelled]) -> Spelled:
    if op == "not":
        return _call("NOT", operands)
    first, second = operands
    yes, no = Spelled(("TRUE",)), Spelled(("FALSE",))
    return _call("IF", (first, second, no) if op == "and" else (first, yes, second))


def _filled(template: str, given: Mapping[str, Spelled]) -> Spelled:
    """Return the spelling of a function with its parameters replaced; all but one plain call in parentheses."""
    parts: list[Spelled | str] = []
    for place, text in enumerate(_PARAMETER.split(template)):
        is_argument = bool(parts) and isinstance(parts[-1], str) and parts[-1].endswith("(")
        parts.append(text if place % 2 == 0 else given[text].within(_ADD if is_argument else _ATOM))
    made = _joined(*parts)
    depth = made.depth + 3
    if re.fullmatch(r"[A-Z0-9]+\(\{\w+\}\)", template):
        return Spelled(made.pieces, _ATOM, made.depth + 1)
    return Spelled(_call("", (made,)).pieces, _ATOM, depth)
