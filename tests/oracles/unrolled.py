"""A second engine, slow and plain, written from DESIGN section 4 ("Drivers", "Interventions", "Time").

It reads the plain data of a `Sketch`, never the library's graph or tape; of the library it uses the parser alone.
Numbers are mpmath's, with digits to spare, so that a difference quotient is a derivative to twenty digits. The tree is
unrolled: a node is a metric in a period, or a metric over the horizon, and what it reads are edges between nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from mpmath import MPContext

from impacttree import ImpactTree
from impacttree.formula import parse
from impacttree.formula.ast import Binary, Call, Compare, Expr, Name, Negate, Number
from tests.strategies import IN, PER, Change, Sketch

__all__ = ["OVER", "Edge", "Node", "Oracle", "World", "absolute_slope", "erased", "oracle_of"]

OVER = "over"
Node = tuple[str, int | str]
"""A metric in a period, or over the horizon."""
Timing = Literal["now", "prev", "cumulative", "baseline"]
DIGITS = 50
MP = MPContext()
MP.dps = DIGITS
mpf = MP.mpf
COUNTED = mpf("0.5")
"""The share of a correlation that counts; what groups show is one."""


@dataclass(frozen=True)
class Read:
    """One place in a rule that reads a metric; two mentions of one metric are two."""

    place: object
    source: str
    timing: Timing
    lag: int = 0


@dataclass(frozen=True)
class Edge:
    """How a node moves with what it reads."""

    sources: tuple[Node, ...]
    target: Node
    slope: Any


class Oracle:
    """A model as the design describes it.

    Parameters
    ----------
    sketch
        The model.
    aggregations
        Rule over the horizon of each metric (what the graph chose where none is stated).
    """

    def __init__(self, sketch: Sketch, aggregations: Mapping[str, str]) -> None:
        self.sketch, self.aggregations, self.periods = sketch, aggregations, sketch.horizon
        self.formulas = {n: parse(keys["formula"]) for n, keys in sketch.metrics.items() if "formula" in keys}
        self.units = {name: keys.get("unit", "") for name, keys in sketch.metrics.items()}
        self.decisions: dict[object, int] = {}
        """Branches taken in the base case; derivatives are those of these branches."""

    def world(
        self,
        changes: Mapping[str, Change] | None = None,
        paths: Mapping[str, tuple[Sequence[Any], Any]] | None = None,
        decisions: Mapping[object, int] | None = None,
        periods: int | None = None,
    ) -> World:
        """Return the values under changes, or under stated paths (by period, and over the horizon)."""
        return World(self, dict(changes or {}), dict(paths or {}), decisions, periods or self.periods)

    def frozen(self) -> dict[object, int]:
        """Return the branches that the base case takes."""
        world = self.world()
        for name in self.sketch.metrics:
            world.over(name)
        return world.taken

    def slope(self, outcome: str, metric: str, *, relative: bool = False) -> Any:
        """Return d outcome / d (amount or share added to `metric` in every period), by a difference quotient."""
        frozen = self.frozen()
        step = mpf(10) ** (-DIGITS // 3)

        def at(amount: Any) -> Any:
            change = ("wrap", 1 + amount, mpf(0)) if relative else ("wrap", mpf(1), amount)
            return self.world({metric: change}, decisions=frozen).over(outcome)

        return (at(step) - at(-step)) / (2 * step)

    def reads(self, name: str) -> tuple[Read, ...]:
        """Return every place where the rule of `name` reads a metric."""
        return tuple(_reads(self.formulas[name])) if name in self.formulas else tuple(self._driver_reads(name))

    def _driver_reads(self, name: str) -> Iterator[Read]:
        for source, driver in self.sketch.metrics[name].get("drivers", {}).items():
            lag = driver.get("lag", 0)
            yield Read((source, "x"), source, "prev" if lag else "now", lag)
            yield Read((source, "x0"), source, "baseline")

    def stated(self, name: str, t: int | str) -> Any:
        """Return the number that is stated of a metric in a period: of a series at t = 0 the first one."""
        keys = self.sketch.metrics[name]
        if "values" not in keys:
            return mpf(float(keys["value"]))
        values, beyond = keys["values"], keys.get("then", "")
        position = max(int(t), 1) - 1
        if position < len(values):
            return mpf(float(values[position]))
        if beyond == "repeat":
            return mpf(float(values[position % len(values)]))
        last, growth = mpf(float(values[-1])), beyond.removeprefix("grow ").removesuffix("%/month")
        return last if beyond == "hold" else last * (1 + mpf(float(growth)) / 100) ** (position - len(values) + 1)

    def rule(self, name: str, t: int | str, read: Callable[[Read], Any], choose: Callable[..., int]) -> Any:
        """Compute the rule of `name` at t from what it reads."""
        keys = self.sketch.metrics[name]
        if name in self.formulas:
            return _formula(self.formulas[name], read, choose, self.units)
        value = self.stated(name, t)
        factor = mpf(1)
        reads = {spot.place: spot for spot in self.reads(name)}
        for source, driver in keys.get("drivers", {}).items():
            x, x0 = read(reads[source, "x"]), read(reads[source, "x0"])
            added, times = _effect(driver, x, x0, lambda options, s=source: choose((s, "segment"), options))
            value, factor = value + added, factor * times
        return value * factor


class World:
    """The values of one model under some changes."""

    def __init__(
        self,
        oracle: Oracle,
        changes: Mapping[str, Change],
        paths: Mapping[str, tuple[Sequence[Any], Any]],
        decisions: Mapping[object, int] | None,
        periods: int,
    ) -> None:
        self.oracle, self.changes, self.paths, self.periods = oracle, changes, paths, periods
        self.decisions = decisions
        self.taken: dict[object, int] = {}
        self.known: dict[Node, Any] = {}
        self.others: dict[str, World] = {}

    def without(self, name: str) -> World:
        """Return the world with all other changes but the one on `name`."""
        if name not in self.others:
            rest = {other: change for other, change in self.changes.items() if other != name}
            self.others[name] = World(self.oracle, rest, self.paths, self.decisions, self.periods)
        return self.others[name]

    def value(self, name: str, t: int) -> Any:
        return self.at((name, max(t, 0)))

    def over(self, name: str) -> Any:
        """Return the value over the horizon, by the metric's aggregation rule."""
        return self.at((name, OVER))

    def at(self, node: Node) -> Any:
        if node not in self.known:
            self.known[node] = self._compute(*node)
        return self.known[node]

    def _compute(self, name: str, t: int | str) -> Any:
        keys = self.oracle.sketch.metrics[name]
        if t == 0:
            return mpf(float(keys["start"])) if "start" in keys else self._rule(name, t)
        rule = self.oracle.aggregations[name]
        if t == OVER and rule != "recompute":
            values = [self.value(name, k) for k in range(1, self.periods + 1)]
            return {"sum": MP.fsum(values), "mean": MP.fsum(values) / len(values), "last": values[-1]}[rule]
        if name in self.paths:
            path, over = self.paths[name]
            return over if t == OVER else path[int(t) - 1]
        if name in self.changes:
            kind, scale, shift, *shares = self.changes[name]
            if not shares:
                return shift if kind == "fix" else self.without(name).at((name, t)) * scale + shift
            share = MP.fsum(shares) / self.periods if t == OVER else shares[int(t) - 1]
            before = self.without(name).at((name, t))
            return (
                before + (shift - before) * share
                if kind == "fix"
                else before * (1 + (scale - 1) * share) + shift * share
            )
        return self._rule(name, t)

    def _rule(self, name: str, t: int | str) -> Any:
        return self.rule(name, t, lambda spot: self.read(spot, t))

    def rule(self, name: str, t: int | str, read: Callable[[Read], Any]) -> Any:
        def choose(place: object, options: Callable[[], int]) -> int:
            key = (name, t, place)
            taken = options() if self.decisions is None else self.decisions.get(key, -1)
            self.taken[key] = options() if taken < 0 else taken
            return self.taken[key]

        return self.oracle.rule(name, t, read, choose)

    def read(self, spot: Read, t: int | str) -> Any:
        """Return what one place of a rule reads at t; history before t = 0 is flat."""
        match spot.timing:
            case "baseline" if t == OVER:
                repeats = self.periods if self.oracle.aggregations[spot.source] == "sum" else 1
                return self.value(spot.source, 0) * repeats
            case "baseline":
                return self.value(spot.source, 0)
            case "now":
                return self.at((spot.source, t))
            case "prev":
                return self.value(spot.source, int(t) - spot.lag)
            case _:
                return MP.fsum(self.value(spot.source, k) for k in range(1, int(t) + 1))

    # -- the unrolled graph

    def edges(self, node: Node) -> tuple[Edge, ...]:
        """Return how `node` moves with earlier nodes; none for what is changed, stated or at t = 0."""
        name, t = node
        rule = self.oracle.aggregations[name]
        if t == OVER and rule != "recompute":
            weight = mpf(1) / self.periods if rule == "mean" else mpf(1)
            periods = range(1, self.periods + 1) if rule != "last" else (self.periods,)
            return tuple(Edge(((name, k),), node, weight) for k in periods)
        if name in self.paths or name in self.changes:
            return ()
        return tuple(self._edges(name, t))

    def _edges(self, name: str, t: int | str) -> Iterator[Edge]:
        for spot in self.oracle.reads(name):
            sources = self._sources(spot, t)
            if sources:
                yield Edge(sources, (name, t), self._slope(name, t, spot))

    def _sources(self, spot: Read, t: int | str) -> tuple[Node, ...]:
        match spot.timing:
            case "baseline":
                return ()
            case "now":
                return ((spot.source, t),)
            case "prev":
                return ((spot.source, int(t) - spot.lag),) if int(t) > spot.lag else ()
            case _:
                return tuple((spot.source, k) for k in range(1, int(t) + 1))

    def _slope(self, name: str, t: int | str, moved: Read) -> Any:
        step = mpf(10) ** (-DIGITS // 3)
        frozen = World(self.oracle, self.changes, self.paths, self.taken, self.periods)
        self.at((name, t))
        frozen.known = self.known

        def at(amount: Any) -> Any:
            return frozen.rule(name, t, lambda spot: self.read(spot, t) + (amount if spot == moved else 0))

        return (at(step) - at(-step)) / (2 * step)

    def order(self, outcome: str) -> list[Node]:
        """Return the nodes that the outcome over the horizon rests on, each after all it reads."""
        done: dict[Node, None] = {}
        pending: list[tuple[Node, bool]] = [((outcome, OVER), False)]
        while pending:
            node, ready = pending.pop()
            if ready:
                done[node] = None
            elif node not in done:
                pending.append((node, True))
                pending += [(source, False) for edge in self.edges(node) for source in edge.sources]
        return list(done)


def oracle_of(sketch: Sketch, tree: ImpactTree) -> Oracle:
    """Return the oracle of a model; only the rule over the horizon, where none is stated, is what the tree chose."""
    return Oracle(sketch, {name: tree[name].aggregation for name in sketch.metrics})


def absolute_slope(oracle: Oracle, outcome: str, metric: str) -> Any:
    """Return the sum of the absolute contributions of all paths from `metric` to the outcome, through any mention."""
    base = oracle.world()
    values = {name: ([base.value(name, t) for t in range(1, base.periods + 1)], base.over(name)) for name in [metric]}
    held = oracle.world(paths=values, decisions=oracle.frozen())
    sizes: dict[Node, Any] = {}
    for node in held.order(outcome):
        own = node[0] == metric and (node[1] != OVER or oracle.aggregations[metric] == "recompute")
        carried = [abs(edge.slope) * sizes[source] for edge in held.edges(node) for source in edge.sources]
        sizes[node] = mpf(1) if own else MP.fsum(carried)
    return sizes[outcome, OVER]


def erased(walk: Sequence[str]) -> tuple[str, ...]:
    """Return a walk with its loops erased in the order in which they close."""
    path: list[str] = []
    for name in walk:
        if name in path:
            del path[path.index(name) + 1 :]
        else:
            path.append(name)
    return tuple(path)


# ---- formulas and effects


def _reads(expr: Expr) -> Iterator[Read]:
    match expr:
        case Name():
            yield Read(expr, expr.name, "now")
        case Call(function="prev", arguments=(Name(name=name),)):
            yield Read(expr, name, "prev", 1)
        case Call(function="lag", arguments=(Name(name=name), Number(value=count))):
            yield Read(expr, name, "prev", int(count))
        case Call(function="cumulative", arguments=(Name(name=name),)):
            yield Read(expr, name, "cumulative")
        case Call(function="baseline", arguments=(Name(name=name),)):
            yield Read(expr, name, "baseline")
        case Binary() | Compare():
            yield from _reads(expr.left)
            yield from _reads(expr.right)
        case Negate():
            yield from _reads(expr.operand)
        case Call():
            for argument in expr.arguments:
                yield from _reads(argument)


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _formula(expr: Expr, read: Callable[[Read], Any], choose: Callable[..., int], units: Mapping[str, str]) -> Any:
    def value(node: Expr) -> Any:
        return _formula(node, read, choose, units)

    own = next(iter(_reads(expr)), None)
    if own is not None and own.place is expr:
        return read(own)
    match expr:
        case Number():
            return mpf(expr.value)
        case Negate():
            return -value(expr.operand)
        case Binary(op=op, left=left, right=right):
            return _binary(op, value(left), value(right))
        case Call(function="if", arguments=(Compare() as condition, then, otherwise)):
            holds = COMPARISONS[condition.op]
            side = choose(expr, lambda: int(holds(value(condition.left), value(condition.right))))
            return value(then if side else otherwise)
        case Call(function=name, arguments=arguments) if name in PER or name in IN:
            (argument,) = arguments
            assert isinstance(argument, Name)
            return value(argument) * mpf((PER | IN)[name](units[argument.name]))  # type: ignore[operator]
        case Call(function=name, arguments=arguments):
            return _function(name, [value(argument) for argument in arguments], lambda pick: choose(expr, pick))
    raise AssertionError(expr)


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
    return left**right


def _function(name: str, args: Sequence[Any], choose: Callable[[Callable[[], int]], int]) -> Any:
    match name:
        case "exp" | "log" | "log10" | "sqrt":
            return getattr(MP, name)(args[0])
        case "min":
            return args[choose(lambda: args.index(min(args)))]
        case "max":
            return args[choose(lambda: args.index(max(args)))]
        case "abs":
            return args[0] if choose(lambda: int(args[0] >= 0)) else -args[0]
        case "clip":
            x, low, high = args
            return (low, x, high)[choose(lambda: 0 if x < low else 1 if x <= high else 2)]
        case "saturate":
            return _hill(*args)
        case "logistic":
            return _sigmoid(*args)
        case "interpolate":
            points = list(zip(args[1::2], args[2::2], strict=True))
            return _polyline(points, args[0], choose)
    raise AssertionError(name)


def _hill(x: Any, ceiling: Any, half: Any, shape: Any = 1) -> Any:
    return ceiling * x**shape / (x**shape + half**shape)


def _sigmoid(x: Any, floor: Any, ceiling: Any, middle: Any, steepness: Any) -> Any:
    return floor + (ceiling - floor) / (1 + MP.exp(-steepness * (x - middle)))


def _polyline(points: Sequence[tuple[Any, Any]], x: Any, choose: Callable[[Callable[[], int]], int]) -> Any:
    def segment() -> int:
        return next((k for k in range(len(points) - 2) if x <= points[k + 1][0]), len(points) - 2)

    (x0, y0), (x1, y1) = points[(k := choose(segment))], points[k + 1]
    return y0 + (y1 - y0) / (x1 - x0) * (x - x0)


def _effect(driver: Mapping[str, Any], x: Any, x0: Any, choose: Callable[..., int]) -> tuple[Any, Any]:
    """Return what an assumed effect adds to the stated value, and what it multiplies that by."""
    if "slope" in driver:
        return mpf(float(driver["slope"])) * (x - x0), mpf(1)
    if "groups" in driver:
        difference = _number(driver["groups"]["with"]) - _number(driver["groups"]["without"])
        return COUNTED * difference * (x - x0), mpf(1)
    if "per_doubling" in driver:
        return _number(driver["per_doubling"]) * MP.log(x / x0, 2), mpf(1)
    if driver.get("when") == "doubles":
        return _number(driver["then"]) * MP.log(x / x0, 2), mpf(1)
    if "elasticity" in driver:
        return mpf(0), (x / x0) ** _number(driver["elasticity"])
    if "semi_elasticity" in driver:
        return mpf(0), MP.exp(_number(driver["semi_elasticity"]) * (x - x0))
    if "points" in driver:
        points = [(_number(a), _number(b)) for a, b in driver["points"]]
        return _polyline(points, x, choose) - _polyline(points, x0, lambda pick: pick()), mpf(1)
    if "saturating" in driver:
        given = [_number(driver["saturating"][key]) for key in ("ceiling", "half", "shape")]
        return mpf(0), _hill(x, *given) / _hill(x0, *given)
    if "logistic" in driver:
        given = [_number(driver["logistic"][key]) for key in ("floor", "ceiling", "middle", "steepness")]
        return mpf(0), _sigmoid(x, *given) / _sigmoid(x0, *given)
    return _observed(driver["when"], driver["then"], x, x0)


def _observed(when: str, then: str, x: Any, x0: Any) -> tuple[Any, Any]:
    """Return the effect of ``{when:, then:}``: relative or absolute on either side."""
    relative = when.endswith("% relative")
    step = _number(when.removesuffix("% relative")) / 100 if relative else _number(when)
    if then.endswith("%"):
        growth = MP.log(1 + _number(then.removesuffix("%")) / 100)
        return mpf(0), (x / x0) ** (growth / MP.log(1 + step)) if relative else MP.exp(growth / step * (x - x0))
    return _number(then) / (step * x0 if relative else step) * (x - x0), mpf(1)


@cache
def _number(text: str) -> Any:
    return mpf(float(text))
