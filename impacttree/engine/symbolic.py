"""Closed forms by sympy: expressions, derivatives and elasticities in the user's names.

sympy only ever receives objects built here from our syntax tree, never text, and values never come from it: it cancels
``a / b * b`` and drops ``0 * a``. Whole trees are not substituted into one expression without a limit, because the
result can be exponentially large; derivatives chain the partial derivatives of single formulas instead.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache, cached_property, partial
from typing import Any

import sympy

from impacttree.errors import QuestionError
from impacttree.formula import FUNCTIONS, lowered
from impacttree.formula.ast import Expr
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
    fold,
    walk,
)
from impacttree.formula.evaluation import Leaf
from impacttree.graph.model import Graph, Metric, Reference
from impacttree.graph.references import reference
from impacttree.records import dataclass

__all__ = ["Closed", "Condition", "Conditions", "latex", "scheduled", "to_sympy"]

MOST_OPERATIONS = 5_000
MOST_CONDITIONS = 16
"""That sympy puts into one another within seconds."""
_COMPARE: Mapping[str, Callable[..., Any]] = {
    "<": sympy.Lt,
    "<=": sympy.Le,
    ">": sympy.Gt,
    ">=": sympy.Ge,
    "==": sympy.Eq,
    "!=": sympy.Ne,
}
_LATEX = {"<": "<", "<=": r"\leq", ">": ">", ">=": r"\geq", "==": "=", "!=": r"\neq"}
_FUNCTION: Mapping[str, Callable[..., Any]] = {"min": sympy.Min, "max": sympy.Max, "abs": sympy.Abs}
_LOGIC: Mapping[str, Callable[..., Any]] = {"and": sympy.And, "or": sympy.Or, "not": sympy.Not}


@dataclass(frozen=True, slots=True)
class Condition:
    """``left op right`` of a branch, and the symbol that stands for it."""

    symbol: Any
    op: str
    left: Any
    right: Any


class Conditions:
    """Conditions met while formulas become expressions.

    In the expressions a symbol stands for each, because sympy folds a branch within a condition into the branch around
    it, and does not always end.
    """

    def __init__(self) -> None:
        self.listed: list[Condition] = []
        self._unbranched: dict[Any, Any] = {}
        """Branches that are `Min`, `Max` or `Abs` of something, as such."""

    def symbol(self, op: str, left: Any, right: Any) -> Any:
        """Return what stands for ``left op right``."""
        symbol = sympy.Symbol(f"_c{len(self.listed)}")
        self.listed.append(Condition(symbol, op, left, right))
        return symbol

    def branch(self, condition: Any, then: Any, otherwise: Any, kind: str) -> Any:
        """Return ``then if condition else otherwise`` as an expression; `kind` says whether it is a min, max or abs."""
        result = sympy.Piecewise((then, condition), (otherwise, True))
        if kind and isinstance(result, sympy.Piecewise):
            operands = (then,) if kind == "abs" else (then, otherwise)
            self._unbranched[result] = _FUNCTION[kind](*map(self._plain, operands), evaluate=False)
        return result

    def _plain(self, operand: Any) -> Any:
        return operand.xreplace(self._unbranched)

    def written_out(self, expression: Any, symbols: Mapping[Any, Any]) -> Any:
        """Return an expression with `symbols` replaced, and its conditions in place of what stands for them.

        Raises
        ------
        QuestionError
            When a condition compares what is itself an ``if`` or a polyline, or there are more than `MOST_CONDITIONS`.
        """
        met = [condition for condition in self.listed if condition.symbol in expression.free_symbols]
        if len(met) > MOST_CONDITIONS:
            raise QuestionError(
                f"the closed form has more than {MOST_CONDITIONS} conditions; use sensitivity() for its value"
            )
        relations = {}
        for condition in met:
            sides = [self._plain(side).xreplace(symbols) for side in (condition.left, condition.right)]
            if any(side.has(sympy.Piecewise) for side in sides):
                raise QuestionError(
                    "there is no closed form: a condition compares what is itself decided by a condition; "
                    "make that part a metric of its own and ask for the derivative by it"
                )
            relations[condition.symbol] = _COMPARE[condition.op](*sides)
        return expression.xreplace({**symbols, **relations})


def to_sympy(core: Core, leaf: Callable[[Leaf], Any], conditions: Conditions, *, display: bool = False) -> Any:
    """Return a formula as a sympy expression.

    Parameters
    ----------
    leaf
        Gives the object that stands for a metric, a metric in another period or a parameter.
    conditions
        Takes the conditions of branches, for which symbols stand in the expression.
    display
        Keep ``min max abs`` as such, for reading; otherwise they become branches whose derivative is the one of the
        side taken (sympy's own derivative of ``Max(x, 0)`` at 0 is one half).
    """
    known: dict[int, Any] = {}

    def visit(node: Core, operands: Sequence[Any]) -> Any:
        match node:
            case Name() | Parameter() | Timed() | Clock():
                result = leaf(node)
            case Compare():
                result = conditions.symbol(node.op, operands[0], operands[1])
            case If() if display and node.is_extremum:
                result = _FUNCTION[node.is_extremum](*(known[id(one)] for one in node.operands), evaluate=False)
            case If() if display and node.is_size:
                result = sympy.Abs(operands[1], evaluate=False)
            case If():
                result = conditions.branch(operands[0], operands[1], operands[2], _kind(node))
            case _:
                result = _computed(node, operands)
        known[id(node)] = result
        return result

    return fold(core, visit)


def _computed(node: Number | Negate | Binary | Logic | Primitive, operands: Sequence[Any]) -> Any:
    match node:
        case Number():
            return _number(node.value)
        case Negate():
            return -operands[0]
        case Binary():
            return _binary(node.op, operands[0], operands[1])
        case Logic():
            return _LOGIC[node.op](*operands)
        case Primitive():
            return _primitive(node.function, operands)


def _kind(node: If) -> str:
    return "abs" if node.is_size else node.is_extremum


def _number(value: float) -> Any:
    return sympy.Integer(int(value)) if value == int(value) else sympy.Rational(repr(value))


def _binary(op: str, left: Any, right: Any) -> Any:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case _:
            return left**right


def _primitive(name: str, operands: Sequence[Any]) -> Any:
    function = FUNCTIONS[name]
    if function.sympy is None:
        return sympy.Function(rf"\operatorname{{{_escaped(name)}}}")(*operands)
    return _stepping(name)(*operands) if function.steps else function.sympy(sympy)(*operands)


@cache
def _stepping(name: str) -> Any:
    """Return a function whose derivative is 0, which that of sympy's own rounding functions is not."""

    def value(_cls: Any, *arguments: Any) -> Any:
        return _form(*arguments) if all(argument.is_number for argument in arguments) else None

    def _form(*arguments: Any) -> Any:
        form = FUNCTIONS[name].sympy
        assert form is not None
        return form(sympy)(*arguments)

    return type(
        name,
        (sympy.Function,),
        {
            "eval": classmethod(value),
            "fdiff": lambda _self, _position=1: sympy.Integer(0),
            "_latex": lambda self, printer, exp="": _word(name, self.args, printer, exp),
            "_eval_is_real": lambda _self: True,
        },
    )


def _word(name: str, arguments: Sequence[Any], printer: Any, exponent: str) -> str:
    shown = ", ".join(printer.doprint(argument) for argument in arguments if argument != 0)
    power = f"^{{{exponent}}}" if exponent else ""
    return rf"\operatorname{{{name}}}{power}\left({shown}\right)"


def latex(expr: Expr) -> str:
    """Return a formula as LaTeX, names upright and escaped."""
    symbols: dict[str, Any] = {}

    def leaf(read: Leaf) -> Any:
        match read:
            case Name():
                text = read.name
            case Timed():
                word, periods = (read.timing, "") if read.lag < 2 else ("lag", f", {read.lag}")
                text = rf"\operatorname{{{word}}}({_upright(read.name)}{periods})"
            case Clock():
                text = rf"\operatorname{{{_escaped(read.function)}}}()"
            case Parameter():
                return _number(read.value)
        return symbols.setdefault(text, sympy.Symbol(f"_m{len(symbols)}", real=True))

    conditions = Conditions()
    expression = to_sympy(lowered(expr), leaf, conditions, display=True)
    names = {symbol: text if "\\" in text else _upright(text) for text, symbol in symbols.items()}
    for condition in conditions.listed:
        sides = (sympy.latex(side, symbol_names=names) for side in (condition.left, condition.right))
        names[condition.symbol] = f" {_LATEX[condition.op]} ".join(sides)
    return str(sympy.latex(expression, symbol_names=names))


def _upright(name: str) -> str:
    return rf"\mathrm{{{_escaped(name)}}}"


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")


def _readable(expression: Any) -> Any:
    """Return an expression whose long fractions (exact forms of stated decimals) are written as decimals."""
    long = [number for number in expression.atoms(sympy.Rational) if number.q > 1000]
    return expression.xreplace({number: sympy.Float(number, 15) for number in long})


def _too_large(outcome: str, metric: str) -> QuestionError:
    return QuestionError(
        f"the closed form of d {outcome} / d {metric} has more than {MOST_OPERATIONS} operations; "
        "use sensitivity() for its value"
    )


def scheduled(graph: Graph, metric: Metric) -> tuple[Reference, ...]:
    """Return the numbers of a metric's rule that differ by period, as what it reads besides metrics."""
    if not graph.schedules:
        return ()
    leaves = (node for node in walk(metric.core) if isinstance(node, Parameter | Clock))
    addresses = dict.fromkeys(leaf.address for leaf in leaves if leaf.address in graph.schedules)
    return tuple(Reference(address, "now") for address in addresses)


class Closed:
    """Closed forms of one tree.

    On a tree without time a metric is ``Symbol("arpu")``; on a stepped one ``arpu(3)`` is its value in period 3.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.static = graph.is_static
        self._conditions: dict[str, Conditions] = {}

    def symbol(self, name: str, t: int) -> Any:
        """Return what stands for a metric at period t (0 and before: t = 0)."""
        if self.static:
            return sympy.Symbol(name, real=True)
        return sympy.Function(name, real=True)(sympy.Integer(max(t, 0)))

    def _baseline(self, name: str) -> Any:
        """Return what stands for a metric at t = 0 of the base case."""
        return sympy.Function(name, real=True)(sympy.Integer(0))

    @cached_property
    def _partials(self) -> dict[str, tuple[tuple[Reference, Any, Mapping[Reference, Any]], ...]]:
        return {}

    @cached_property
    def _derived(self) -> dict[Hashable, tuple[Sequence[Any], Conditions]]:
        """The slopes of rules that are alike but for what they read, each by what is read first, second and so on."""
        return {}

    def partials(self, metric: Metric) -> tuple[tuple[Reference, Any, Mapping[Reference, Any]], ...]:
        """Return (reference, partial derivative, symbol of every reference) of a metric's rule, baselines held.

        Symbols have generated names; see `conditions` for those that stand for conditions.
        """
        if metric.name not in self._partials:
            read = (*metric.references, *scheduled(self.graph, metric))
            symbols = {ref: sympy.Symbol(f"_m{k}", real=True) for k, ref in enumerate(read)}
            moving = [ref for ref in metric.references if ref.timing != "baseline"]
            form = (tuple(map(read.index, moving)), self._form(metric.core, read))
            if form not in self._derived:
                conditions = Conditions()
                expression = to_sympy(metric.core, lambda node: self._generated(node, symbols), conditions)
                self._derived[form] = [sympy.diff(expression, symbols[ref]) for ref in moving], conditions
            slopes, self._conditions[metric.name] = self._derived[form]
            self._partials[metric.name] = tuple(
                (ref, slope, symbols) for ref, slope in zip(moving, slopes, strict=True)
            )
        return self._partials[metric.name]

    def _form(self, core: Core, read: Sequence[Reference]) -> Hashable:
        """Return what rules have in common that become the same expression: their nodes, without names."""
        places: dict[int, int] = {}
        nodes: list[Hashable] = []
        numbers = {ref: number for number, ref in enumerate(read)}
        for node in walk(core):
            below = tuple(places[id(child)] for child in children(node))
            places[id(node)] = len(nodes)
            nodes.append((type(node), self._told(node, numbers), below))
        return tuple(nodes)

    def _told(self, node: Core, numbers: Mapping[Reference, int]) -> Hashable:
        """Return what a node says besides what it is computed from."""
        match node:
            case Name() | Timed():
                return numbers[reference(node)]
            case Parameter() | Clock():
                number = numbers.get(Reference(node.address, "now"))
                return self._stated(node) if number is None else number
            case Number():
                return node.value
            case Binary() | Compare() | Logic():
                return node.op
            case Primitive():
                return node.function
            case If():
                return _kind(node)
            case Negate():
                return ""

    def conditions(self, metric: Metric) -> tuple[Condition, ...]:
        """Return the conditions of a metric's rule; each rests on earlier ones alone."""
        self.partials(metric)
        return tuple(self._conditions[metric.name].listed)

    def _generated(self, leaf: Leaf, symbols: Mapping[Reference, Any]) -> Any:
        if isinstance(leaf, Parameter | Clock):
            return symbols.get(Reference(leaf.address, "now")) or self._stated(leaf)
        return symbols[reference(leaf)]

    def _stated(self, leaf: Parameter | Clock, t: int = 1) -> Any:
        """Return the number of a leaf in period `t`."""
        schedule = self.graph.schedules.get(leaf.address)
        if schedule is not None:
            return _number(schedule.at(t))
        assert isinstance(leaf, Parameter)
        return _number(leaf.value)

    def expression(self, name: str, t: int | None = None) -> Any:
        """Return a metric as an expression of the tree's inputs.

        Raises
        ------
        QuestionError
            When the expression would have more than `MOST_OPERATIONS` operations.
        """
        conditions = Conditions()
        value = self._value(name, 1 if t is None else t, conditions)
        return _readable(conditions.written_out(value, {}))

    def _value(self, name: str, t: int, conditions: Conditions) -> Any:
        """Evaluate symbolically, in order, every metric and period that `name` at t rests on."""
        graph, known, sizes = self.graph, dict[tuple[str, int], Any](), dict[tuple[str, int], int]()
        pending = [(name, t)]
        while pending:
            key = pending[-1]
            if key in known:
                pending.pop()
                continue
            metric, needs = graph[key[0]], self._needs(key)
            missing = [need for need in needs if need not in known]
            if missing:
                pending += missing
                continue
            pending.pop()
            sizes[key] = 1 + sum(sizes[need] for need in needs) + len(needs)
            if sizes[key] > MOST_OPERATIONS:
                raise QuestionError(
                    f"{name}: its closed form has more than {MOST_OPERATIONS} operations; "
                    "ask for derivative() or for a metric nearer to the inputs"
                )
            if metric.origin == "value" or (key[1] == 0 and metric.start is not None):
                known[key] = self.symbol(*key)
            else:
                leaf = partial(self._substituted, t=key[1], known=known)
                known[key] = to_sympy(metric.core, leaf, conditions)
        return known[name, t]

    def _needs(self, key: tuple[str, int]) -> list[tuple[str, int]]:
        metric, t = self.graph[key[0]], key[1]
        if metric.origin == "value" or (t == 0 and metric.start is not None):
            return []
        needs: list[tuple[str, int]] = []
        for ref in metric.references:
            match ref.timing:
                case "now":
                    needs.append((ref.source, t))
                case "prev":
                    needs.append((ref.source, max(t - ref.lag, 0)))
                case "cumulative":
                    needs += [(ref.source, k) for k in range(1, t + 1)]
        return needs

    def _substituted(self, leaf: Leaf, t: int, known: Mapping[tuple[str, int], Any]) -> Any:
        if isinstance(leaf, Parameter | Clock):
            return self._stated(leaf, t)
        ref = reference(leaf)
        match ref.timing:
            case "now":
                return known[ref.source, t]
            case "prev":
                return known[ref.source, max(t - ref.lag, 0)]
            case "baseline":
                return self._baseline(ref.source)
            case _:
                return sum((known[ref.source, k] for k in range(1, t + 1)), sympy.Integer(0))

    def derivative(self, outcome: str, metric: str, t: int | None = None) -> Any:
        """Return d outcome(t) / d (amount added to `metric` in every period), as an expression of metrics' values.

        Parameters
        ----------
        t
            Period; by default the first where the derivative is not identically zero (1 on a tree without time).
        """
        horizon = self.graph.spec.horizon_periods
        if t is not None or self.static:
            return _readable(self._moves(outcome, metric, t or 1)[outcome, t or 1])
        for period in range(1, horizon + 1):
            found = self._moves(outcome, metric, period)[outcome, period]
            if found != 0:
                return _readable(found)
        return sympy.Integer(0)

    def elasticity(self, outcome: str, metric: str, t: int | None = None) -> Any:
        """Return the derivative times the metric over the outcome, both in the period of the derivative."""
        if t is None and not self.static:
            horizon = self.graph.spec.horizon_periods
            t = next((k for k in range(1, horizon + 1) if self.derivative(outcome, metric, k) != 0), 1)
        slope, period = self.derivative(outcome, metric, t), t or 1
        return slope * self.symbol(metric, period) / self.symbol(outcome, period)

    def _check_size(self, outcome: str, metric: str, last: int) -> None:
        """Refuse what is too large by its walks alone, before anything is built."""
        sizes: dict[tuple[str, int], int] = {}
        for t in range(1, last + 1):
            for current in (self.graph.metrics[index] for index in self.graph.order):
                refs = [ref for ref in current.references if ref.timing != "baseline"]
                walks = (sizes.get(source, 0) for ref in refs for source in self._sources(ref, t))
                walked = min(sum(1 + size for size in walks if size), MOST_OPERATIONS + 1)
                sizes[current.name, t] = 1 if current.name == metric else walked
        if sizes[outcome, last] > MOST_OPERATIONS:
            raise _too_large(outcome, metric)

    def _moves(self, outcome: str, metric: str, last: int) -> dict[tuple[str, int], Any]:
        self._check_size(outcome, metric, last)
        graph = self.graph
        moves: dict[tuple[str, int], Any] = {}
        sizes: dict[tuple[str, int], int] = {}
        for t in range(1, last + 1):
            for index in graph.order:
                current = graph.metrics[index]
                key = (current.name, t)
                if current.name == metric:
                    moves[key], sizes[key] = sympy.Integer(1), 1
                    continue
                terms: list[Any] = []
                sizes[key] = 0
                for ref, slope, symbols in self.partials(current):
                    sources = self._sources(ref, t)
                    moved = sum((moves.get(source, 0) for source in sources), sympy.Integer(0))
                    if moved != 0:
                        named = {symbol: self._at(read, t) for read, symbol in symbols.items()}
                        terms.append(self._conditions[current.name].written_out(slope, named) * moved)
                        sizes[key] += 1 + len(slope.free_symbols) + sum(sizes.get(source, 0) for source in sources)
                if sizes[key] > MOST_OPERATIONS and current.name == outcome:
                    raise _too_large(outcome, metric)
                moves[key] = sum(terms, sympy.Integer(0)) if sizes[key] <= 4 * MOST_OPERATIONS else sympy.nan
        return moves

    def _sources(self, ref: Reference, t: int) -> list[tuple[str, int]]:
        match ref.timing:
            case "cumulative":
                return [(ref.source, k) for k in range(1, t + 1)]
            case "prev":
                return [(ref.source, t - ref.lag)] if t > ref.lag else []
            case _:
                return [(ref.source, t)]

    def _at(self, ref: Reference, t: int) -> Any:
        if ref.source in self.graph.schedules:
            return _number(self.graph.schedules[ref.source].at(t))
        match ref.timing:
            case "now":
                return self.symbol(ref.source, t)
            case "prev":
                return self.symbol(ref.source, t - ref.lag)
            case "baseline":
                return self._baseline(ref.source)
            case _:
                return sum((self.symbol(ref.source, k) for k in range(1, t + 1)), sympy.Integer(0))
