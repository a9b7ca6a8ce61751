"""Random valid trees: the one Hypothesis strategy that all tests share.

A `Sketch` is a model as plain data, before any of the library has seen it: its `text` goes through the real loader, and
the oracles of ``tests/oracles`` read the data. Formulas are built together with the span of values that each can take
(under any change that `changes` draws, and over the horizon), so that every tree has finite values by construction, and
denominators and factors keep away from zero: what is left of a difference of two drawn numbers never decides a slope.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st

from impacttree import ImpactTree, loads
from impacttree.quantity import Intervention, Weights

__all__ = ["Change", "Sketch", "Span", "changes", "examples", "names", "timed", "trees", "weightings", "with_series"]

Draw = Callable[[st.SearchStrategy[Any]], Any]
Change = tuple[Literal["wrap", "fix"], float, float]
"""What is done to a metric: ``(wrap, scale, shift)`` or ``(fix, 1.0, value)``."""

FLOWS = ("1/year", "1/quarter", "1/week", "1/day")
CLOCKS = ("hours", "minutes")
LARGEST, NARROWEST = 100.0, 0.05


@dataclass(frozen=True)
class Span:
    """Where a number stays."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def doublings(self) -> float:
        """How often the low end doubles up to the high one, at least half of once."""
        return max(math.log2(self.high / self.low), 0.5)

    @property
    def size(self) -> float:
        return max(abs(self.low), abs(self.high))

    @property
    def least(self) -> float:
        """The least distance from zero; 0 when zero is within."""
        return max(self.low, -self.high, 0.0)

    def hull(self, other: Span) -> Span:
        return Span(min(self.low, other.low), max(self.high, other.high))

    def map(self, function: Callable[..., float], *others: Span) -> Span:
        """Return the span of a function that is monotone in each argument."""
        corners = [function(*values) for values in product(*((s.low, s.high) for s in (self, *others)))]
        return Span(min(corners), max(corners))

    def widened(self) -> Span:
        """Return the span under any change that `changes` draws."""
        if not self.least:
            return Span(self.low - 0.4 * self.width, self.high + 0.4 * self.width)
        return Span(*sorted((self.least * 0.7, self.size * 1.4))) if self.low > 0 else (-self).widened().__neg__()

    def __neg__(self) -> Span:
        return Span(-self.high, -self.low)


@dataclass(frozen=True)
class Term:
    """A part of a formula: its text, its span in a period, and the one at horizon values."""

    text: str
    now: Span
    over: Span
    timeless: bool = True

    @property
    def spans(self) -> tuple[Span, Span]:
        return self.now, self.over

    @property
    def least(self) -> float:
        return min(span.least for span in self.spans)

    @property
    def is_positive(self) -> bool:
        return all(span.low > 0 for span in self.spans)

    @property
    def both(self) -> Span:
        return self.now.hull(self.over)


@dataclass(frozen=True)
class Sketch:
    """A valid model as plain data.

    Attributes
    ----------
    metrics
        What the file says of each metric, in file order.
    spans
        Where each metric stays as long as it is not changed itself.
    """

    metrics: Mapping[str, Mapping[str, Any]]
    outcome: str
    horizon: int
    spans: Mapping[str, Span]

    @property
    def text(self) -> str:
        """The model file (JSON is YAML)."""
        return json.dumps({"horizon": self.horizon, "outcome": self.outcome, "metrics": self.metrics}, indent=1)

    def tree(self) -> ImpactTree:
        return loads(self.text)

    def reordered(self, order: Sequence[str]) -> Sketch:
        return replace(self, metrics={name: self.metrics[name] for name in order})

    def renamed(self, new: Mapping[str, str]) -> Sketch:
        """Return the same model under other names."""
        return replace(
            self,
            metrics={new[name]: _renamed(keys, new) for name, keys in self.metrics.items()},
            outcome=new[self.outcome],
            spans={new[name]: span for name, span in self.spans.items()},
        )


def _renamed(keys: Mapping[str, Any], new: Mapping[str, str]) -> dict[str, Any]:
    changed = dict(keys)
    if "formula" in keys:
        words = _words(keys["formula"])
        changed["formula"] = "".join(
            new.get(word, word) if not after.startswith("(") else word
            for word, after in zip(words, [*words[1:], ""], strict=True)
        )
    if "drivers" in keys:
        changed["drivers"] = {new[source]: driver for source, driver in keys["drivers"].items()}
    return changed


def _words(text: str) -> list[str]:
    """Split a formula into names, numbers and what stands between."""
    found: list[str] = []
    for mark in text:
        kind = mark.isalnum() or mark in "_."
        if found and kind and (found[-1][-1].isalnum() or found[-1][-1] in "_."):
            found[-1] += mark
        else:
            found.append(mark)
    return found


def examples(count: int) -> settings:
    """Return the settings of a property that tries `count` examples, or as many times that as the profile asks for."""
    return settings(max_examples=max(1, count * settings().max_examples // 100))


def names(count: int) -> list[str]:
    """Return plain names of metrics."""
    return [f"m{index}" for index in range(count)]


@st.composite
def trees(
    draw: Draw,
    *,
    stepped: bool | None = None,
    kinks: bool = False,
    jumps: bool = False,
    linear: bool = False,
    most: int = 8,
    horizon: int = 5,
) -> Sketch:
    """Draw a tree.

    Parameters
    ----------
    stepped
        Whether it reads other periods; None for either.
    kinks, jumps
        Whether branches occur whose sides meet (``min max clip abs interpolate``), or may not (``if``).
    linear
        Only rules that are linear in what they read.
    most
        Metrics at most.
    horizon
        Periods at most.
    """
    if stepped is None:
        stepped = draw(st.booleans())
    growing = _Growing(draw, stepped, kinks, jumps, linear, draw(st.integers(1, horizon)))
    return growing.sketch(draw(st.integers(3, most)))


@st.composite
def changes(draw: Draw, sketch: Sketch, among: Sequence[str] | None = None, most: int = 1) -> dict[str, Change]:
    """Draw changes of up to `most` metrics, under which the tree keeps its spans."""
    chosen = draw(st.lists(st.sampled_from(list(among or sketch.metrics)), min_size=1, max_size=most, unique=True))
    return {name: _change(draw, sketch.spans[name]) for name in chosen}


def _change(draw: Draw, span: Span) -> Change:
    if draw(st.integers(0, 3)) == 0:
        return ("fix", 1.0, span.low + span.width * draw(st.integers(0, 20)) / 20)
    room = 0.05 * span.least if span.least else 0.1 * span.width
    return ("wrap", 1 + draw(st.integers(-20, 20)) / 100, room * draw(st.integers(-10, 10)) / 10)


# ---- how a tree grows


SMOOTH = ("add", "subtract", "cancel", "multiply", "divide", "power", "exp", "log", "root", "saturate")
SMOOTH += ("logistic", "ratio")
KINKED = ("least", "most", "clip", "size", "interpolate")
TIMED = ("prev", "lag", "cumulative", "baseline")


class _Growing:
    """A tree being drawn, one metric after the other; each reads earlier ones, or stocks of an earlier period."""

    def __init__(self, draw: Draw, stepped: bool, kinks: bool, jumps: bool, linear: bool, horizon: int) -> None:
        self.draw, self.stepped, self.kinks, self.linear, self.horizon = draw, stepped, kinks, linear, horizon
        self.operations: tuple[str, ...] = ("add", "subtract", "scale") if linear else SMOOTH
        self.operations += (KINKED if kinks else ()) + (("choose",) if jumps else ())
        self.metrics: dict[str, dict[str, Any]] = {}
        self.known: dict[str, Term] = {}
        """What later metrics may read: its span under changes."""
        self.stocks: dict[str, Term] = {}
        self.spans: dict[str, Span] = {}
        self.read: set[str] = set()
        self.units: dict[str, str] = {}

    # -- metrics

    def sketch(self, count: int) -> Sketch:
        all_names = names(count)
        inputs = self.integer(1, max(1, count - 2))
        planned = all_names[inputs:-1] if self.stepped else []
        for name in planned:
            if self.flip(2):
                self.stocks[name] = Term(name, STOCK.widened(), STOCK.widened(), timeless=False)
        for index, name in enumerate(all_names):
            if name in self.stocks:
                self.stock(name)
            elif index < inputs:
                self.value(name)
            elif index < count - 1 and self.flip(3) and not self.linear:
                self.driven(name, self.number(0.5, 3), {})
            else:
                self.formula(name)
        order = self.draw(st.permutations(all_names))
        return Sketch({name: self.metrics[name] for name in order}, all_names[-1], self.horizon, self.spans)

    def settle(self, name: str, keys: dict[str, Any], term: Term, can_recompute: bool) -> None:
        """Take a metric with its aggregation, and what is known of its values."""
        rules = [None, None, "sum", "mean", "last"] + (["recompute"] if can_recompute else [])
        rule = self.draw(st.sampled_from(rules))
        if rule:
            keys["aggregate"] = rule
        over = term.over if can_recompute and rule in (None, "recompute") else term.now
        if rule == "sum":
            over = term.now.map(lambda value, count: value * count, Span(1, self.horizon))
        over = over.hull(term.now)
        self.metrics[name] = keys
        self.spans[name] = term.now
        self.known[name] = Term(name, term.now.widened(), over.widened())

    def value(self, name: str) -> None:
        units = [] if self.linear or not self.metrics else [*FLOWS, *CLOCKS]
        unit = self.draw(st.sampled_from([""] * 6 + units))
        size = self.number(0.5, 3)
        if not unit and self.flip(5):
            size = -size
        keys: dict[str, Any] = {"value": repr(size)}
        if unit:
            keys["unit"] = unit
            self.units[name] = unit
        self.settle(name, keys, Term(name, Span(size, size), Span(size, size)), False)

    def formula(self, name: str) -> None:
        term = self.grow(2, fresh=True)
        if not any(word in self.known or word in self.stocks for word in _words(term.text)):
            term = self.join("*", self.known["m0"], term)
        term = self.calm(term)
        self.settle(name, {"formula": term.text}, term, term.timeless)

    def stock(self, name: str) -> None:
        start = {"start": repr(self.number(1, 5))}
        if not self.linear and self.flip(4):
            self.driven(name, self.number(2, 4), start, lagged=True)
            return
        now = self.stocks.pop(name) if name not in self.known else self.known[name]
        self.stocks[name] = now
        text = self.updated(name)
        term = Term(name, STOCK, STOCK, timeless=False)
        self.settle(name, {"formula": text, **start}, term, False)

    def updated(self, name: str) -> str:
        """Return a formula for a stock that stays within `STOCK`, whatever it reads."""
        if self.linear:
            share, inner = self.number(0.2, 0.7), self.grow(1)
            weight = _rounded(1.2 / inner.both.size)
            return f"prev({name}) * {share} + 1.75 + {weight} * {inner.text}"
        forms = ["keep", "lose", "root", "none"] + (["low", "clip"] if self.kinks else [])
        forms += ["switch"] if "choose" in self.operations else []
        match self.draw(st.sampled_from(forms)):
            case "keep":
                return f"prev({name}) * {self.number(0.2, 0.7)} + {self.between(0.6, 2.2)}"
            case "lose":
                return f"prev({name}) * (1 - {self.between(0.3, 0.6)}) + {self.between(0.6, 2.2)}"
            case "root":
                return f"prev({name})**0.5 * {self.between(1, 2.5)}"
            case "none":
                return self.between(1, 4)
            case "low":
                return f"min(prev({name}) + {self.between(0.6, 1)}, {self.number(3, 9)})"
            case "clip":
                return f"clip(prev({name}) * {self.between(0.8, 1.5)}, 0.7, {self.number(4, 9)})"
            case _:
                limit = self.number(1, 5)
                return f"if(prev({name}) > {limit}, prev({name}) * 0.6, prev({name}) + {self.between(0.5, 1)})"

    def between(self, low: float, high: float) -> str:
        """Return a term that stays between two numbers, whatever it reads."""
        inner = self.grow(1)
        return self.squash(inner, low, high).text

    # -- assumed effects

    def driven(self, name: str, value: float, keys: dict[str, Any], *, lagged: bool = False) -> None:
        factor = Span(1.0, 1.0)
        drivers: dict[str, dict[str, Any]] = {}
        added = 0.0
        sources = [source for source in self.readable() if source != name]
        chosen = st.lists(st.sampled_from(sources), min_size=1, max_size=2, unique=True) if sources else st.just([])
        for source in self.draw(chosen):
            is_stock = source in self.stocks and source not in self.known
            span = (self.stocks | self.known)[source].now
            forms = ["slope", "when_slope", "points"] if span.width > NARROWEST else []
            if span.low > 0:
                forms += ["elasticity", "when_elasticity", "saturating"]
                forms += ["semi_elasticity", "when_semi", "logistic", "when_relative_slope"] if len(forms) > 3 else []
                forms += ["per_doubling", "when_doubles"] if len(forms) > 3 else []
            if 0 <= span.low <= span.high <= 1:
                forms.append("groups")
            if not forms:
                continue
            driver, part = getattr(self, f"by_{self.draw(st.sampled_from(forms))}")(value, span)
            if isinstance(part, float):
                added += part
            else:
                factor = factor.map(lambda a, b: a * b, part)
            least = 1 if is_stock or lagged else 0
            lag = self.integer(least, 3) if self.stepped else 0
            if lag:
                driver["lag"] = lag
            drivers[source] = driver
        span = Span(value * (1 - added), value * (1 + added)).map(lambda a, b: a * b, factor)
        if drivers:
            keys = {"value": repr(value), "drivers": drivers, **keys}
        elif keys:
            keys = {"formula": f"{value} + 0 * prev({name})", **keys}
        else:
            keys = {"value": repr(value)}
        if name in self.stocks:
            span = span.hull(STOCK)
        self.settle(name, keys, Term(name, span, span), False)

    def by_slope(self, value: float, span: Span) -> tuple[dict[str, Any], float]:
        share = self.share(0.3)
        return {"slope": repr(_rounded(share * value / span.width))}, abs(share)

    def by_groups(self, value: float, span: Span) -> tuple[dict[str, Any], float]:
        share = self.share(0.3)
        other = _rounded(value * (1 + share))  # half of it counts: a difference of groups is a correlation
        return {"groups": {"with": repr(other), "without": repr(value)}}, abs(share)

    def by_when_slope(self, value: float, span: Span) -> tuple[dict[str, Any], float]:
        share = self.share(0.3)
        step = _rounded(span.width / 2)
        return {"when": f"+{step}", "then": _signed(share * value / 2)}, abs(share) * 1.1

    def by_when_relative_slope(self, value: float, span: Span) -> tuple[dict[str, Any], float]:
        share = self.share(0.3)
        return {"when": "+10% relative", "then": _signed(share * value * 0.1 * span.low / span.width)}, abs(share) * 1.1

    def by_per_doubling(self, value: float, span: Span) -> tuple[dict[str, Any], float]:
        share = self.share(0.3)
        return {"per_doubling": repr(_rounded(share * value / span.doublings))}, abs(share)

    def by_when_doubles(self, value: float, span: Span) -> tuple[dict[str, Any], float]:
        share = self.share(0.3)
        return {"when": "doubles", "then": _signed(share * value / span.doublings)}, abs(share) * 1.1

    def by_points(self, value: float, span: Span) -> tuple[dict[str, Any], float]:
        count = self.integer(3, 4) if self.kinks else 2
        xs = [_rounded(span.low + span.width * (k + self.share(0.3)) / (count - 1)) for k in range(count)]
        ys = [_rounded(value * (1 + self.share(0.05))) for _ in xs]
        return {"points": [[repr(x), repr(y)] for x, y in zip(xs, ys, strict=True)]}, 0.5

    def by_elasticity(self, value: float, span: Span) -> tuple[dict[str, Any], Span]:
        return {"elasticity": repr(self.exponent(span))}, Span(0.45, 2.2)

    def by_when_elasticity(self, value: float, span: Span) -> tuple[dict[str, Any], Span]:
        percent = 100 * math.expm1(self.exponent(span) * math.log(1.1))
        return {"when": "+10% relative", "then": f"{_signed(percent)}%"}, Span(0.45, 2.2)

    def by_semi_elasticity(self, value: float, span: Span) -> tuple[dict[str, Any], Span]:
        return {"semi_elasticity": repr(_rounded(self.share(0.6) / span.width))}, Span(0.45, 2.2)

    def by_when_semi(self, value: float, span: Span) -> tuple[dict[str, Any], Span]:
        return {"when": f"+{_rounded(span.width)}", "then": f"{_signed(40 * self.share(1))}%"}, Span(0.45, 2.2)

    def by_saturating(self, value: float, span: Span) -> tuple[dict[str, Any], Span]:
        half = _rounded(self.number(0.5, 2) * (span.low + span.high) / 2)
        shape = _rounded(min(2.0, 0.6 / math.log(max(span.high / span.low, 1.05))) * self.number(0.3, 1))
        keys = {"ceiling": repr(self.number(1, 5)), "half": repr(half), "shape": repr(shape)}
        return {"saturating": keys}, Span(0.4, 2.5)

    def by_logistic(self, value: float, span: Span) -> tuple[dict[str, Any], Span]:
        floor = self.number(1, 3)
        keys = {
            "floor": repr(floor),
            "ceiling": repr(_rounded(floor * self.number(1.1, 2))),
            "middle": repr(_rounded(span.low + span.width * self.number(0, 1))),
            "steepness": repr(_rounded(self.number(0.5, 4) / span.width)),
        }
        return {"logistic": keys}, Span(0.45, 2.2)

    def exponent(self, span: Span) -> float:
        return _rounded(self.share(0.7) / math.log(max(span.high / span.low, 1.5)))

    # -- formulas

    def grow(self, depth: int, *, fresh: bool = False) -> Term:
        """Return a part of a formula; a `fresh` one is more than a leaf."""
        if not fresh and (depth == 0 or self.flip(3)):
            return self.leaf()
        name = self.draw(st.sampled_from(self.operations))
        return self.tamed(getattr(self, name)(depth - 1))

    def leaf(self) -> Term:
        sources = self.readable()
        if not sources:
            return self.constant(self.number(0.5, 3))
        unread = [name for name in sources if name not in self.read]
        name = self.draw(st.sampled_from(unread if unread and self.flip(2) else sources))
        self.read.add(name)
        if name not in self.known:
            return self.past(name, self.stocks[name].now)
        term = self.known[name]
        if self.stepped and self.flip(2):
            return self.timed(name, term)
        if self.flip(12):
            return Term(f"baseline({name})", term.now, term.over)
        return term

    def timed(self, name: str, term: Term) -> Term:
        if not self.linear and self.flip(4):
            total = term.now.map(lambda value, count: value * count, Span(0, self.horizon))
            return Term(f"cumulative({name})", total, total, timeless=False)
        return self.past(name, term.now)

    def past(self, name: str, span: Span) -> Term:
        text = f"prev({name})" if self.flip(2) else f"lag({name}, {self.integer(1, 3)})"
        return Term(text, span, span, timeless=False)

    def readable(self) -> list[str]:
        """Return the metrics that a formula may read, now or of an earlier period."""
        found = [name for name in (*self.known, *self.stocks) if not self.units.get(name)]
        return list(dict.fromkeys(found))

    def constant(self, value: float) -> Term:
        value = _rounded(value)
        return Term(f"({value})" if value < 0 else f"{value}", Span(value, value), Span(value, value))

    def add(self, depth: int) -> Term:
        return self.join("+", self.grow(depth), self.grow(depth))

    def subtract(self, depth: int) -> Term:
        return self.join("-", self.grow(depth), self.grow(depth))

    def cancel(self, depth: int) -> Term:
        """Take a part of a term away that leaves its sign."""
        left, right = self.positive(depth), self.positive(depth)
        weight = self.constant(0.5 * min(a.low / b.high for a, b in zip(left.spans, right.spans, strict=True)))
        return self.join("-", left, self.join("*", weight, right))

    def scale(self, depth: int) -> Term:
        weight = self.number(0.2, 2) * self.draw(st.sampled_from([1, 1, -1]))
        return self.join("*", self.constant(weight), self.grow(depth))

    def multiply(self, depth: int) -> Term:
        return self.join("*", self.nonzero(depth), self.nonzero(depth))

    def divide(self, depth: int) -> Term:
        return self.join("/", self.nonzero(depth), self.nonzero(depth))

    def power(self, depth: int) -> Term:
        base = self.positive(depth)
        if self.flip(3):
            exponent = self.squash(self.grow(depth), 0.5, 2)
            return self.apply(lambda x, y: x**y, "{} ** {}", self.squash(base, 1, 2), exponent)
        if self.flip(4):
            return self.apply(lambda x: x**2, "-(-{}) ** 2", base, sign=-1)
        power = self.draw(st.sampled_from([2, 3, 0.5, -1, 1.5, -0.5, 1]))
        return self.apply(lambda x: x**power, f"{{}} ** {power}", base)

    def exp(self, depth: int) -> Term:
        inner = self.grow(depth)
        weight = _rounded(self.share(1.5) / max(inner.both.size, 0.1))
        return self.apply(lambda x: math.exp(weight * x), f"exp({weight} * {{}})", inner)

    def log(self, depth: int) -> Term:
        text = "log({})" if self.flip(2) else "log10({}) / log10(2.718281828459045)"
        return self.apply(math.log, text, self.positive(depth))

    def root(self, depth: int) -> Term:
        return self.apply(math.sqrt, "sqrt({})", self.positive(depth))

    def saturate(self, depth: int) -> Term:
        inner, ceiling, half = self.positive(depth), self.positive(0), self.number(0.5, 3)
        shape = self.draw(st.sampled_from([1, 1, 0.5, 2]))
        text = f"saturate({{}}, {{}}, {half}" + (")" if shape == 1 else f", {shape})")
        return self.apply(lambda x, c: c * x**shape / (x**shape + half**shape), text, inner, ceiling)

    def logistic(self, depth: int) -> Term:
        return self.squash(self.grow(depth), self.number(0.5, 1), self.number(1.5, 3))

    def squash(self, inner: Term, low: float, high: float) -> Term:
        """Return an S-curve of a term, within (low, high)."""
        span = inner.both
        middle = _rounded(span.low + span.width * self.number(0.2, 0.8)) if span.width else _rounded(span.low) + 0.5
        steepness = _rounded(self.number(0.5, 3) / max(span.width, 0.2))

        def curve(x: float) -> float:
            return low + (high - low) / (1 + math.exp(-steepness * (x - middle)))

        return self.apply(curve, f"logistic({{}}, {low}, {high}, {middle}, {steepness})", inner)

    def ratio(self, depth: int) -> Term:
        """Return a pure number made of two flows, or of two durations, of any period."""
        flows = [name for name in self.known if self.units.get(name) in FLOWS]
        clocks = [name for name in self.known if self.units.get(name) in CLOCKS]
        choices = [group for group in (flows, clocks) if group]
        if not choices:
            return self.divide(depth)
        group = self.draw(st.sampled_from(choices))
        functions = PER if group is flows else IN
        function = self.draw(st.sampled_from(sorted(functions)))
        left, right = (self.draw(st.sampled_from(group)) for _ in range(2))
        factor = functions[function](self.units[left]) / functions[function](self.units[right])
        text = f"{function}({{}}) / {function}({{}}) * {_rounded(1 / factor)}"
        return self.apply(lambda x, y: x / y, text, self.known[left], self.known[right])

    def least(self, depth: int) -> Term:
        return self.extreme("min", min, depth)

    def most(self, depth: int) -> Term:
        return self.extreme("max", max, depth)

    def extreme(self, word: str, function: Callable[..., float], depth: int) -> Term:
        terms = [self.grow(depth) for _ in range(self.integer(2, 3))]
        terms[-1] = self.draw(st.sampled_from([terms[-1], self.constant(self.inside(terms[0]))]))
        text = f"{word}({', '.join(['{}'] * len(terms))})"
        return self.apply(function, text, *terms)

    def clip(self, depth: int) -> Term:
        inner = self.grow(depth)
        low = _rounded(self.inside(inner))
        high = _rounded(low + self.number(0.1, 1) * max(inner.now.width, 0.1)) + 0.01
        return self.apply(lambda x: min(max(x, low), high), f"clip({{}}, {_literal(low)}, {_literal(high)})", inner)

    def size(self, depth: int) -> Term:
        inner = self.join("-", self.grow(depth), self.constant(self.inside(self.grow(0))))
        if inner.least:
            return self.apply(abs, "abs({})", inner)
        now, over = (Span(0.0, span.size) for span in inner.spans)
        return Term(f"abs({inner.text})", now, over, inner.timeless)

    def interpolate(self, depth: int) -> Term:
        inner = self.grow(depth)
        span = inner.now
        count = self.integer(2, 4)
        step = max(span.width, 0.4) / count
        xs = [_rounded(span.low + step * (k + 0.2)) for k in range(count)]
        xs = [x + 0.001 * k for k, x in enumerate(xs)]
        ys = [self.number(1, 2) for _ in xs]
        points = ", ".join(f"{_literal(x)}, {y}" for x, y in zip(xs, ys, strict=True))
        lines = list(zip(xs, xs[1:], ys, ys[1:], strict=False))

        def at(x: float) -> float:
            x0, x1, y0, y1 = next((line for line in lines[:-1] if x <= line[1]), lines[-1])
            return y0 + (y1 - y0) / (x1 - x0) * (x - x0)

        spans = [Span(min(at(s.low), at(s.high), *ys), max(at(s.low), at(s.high), *ys)) for s in inner.spans]
        return Term(f"interpolate({inner.text}, {points})", *spans, inner.timeless)

    def choose(self, depth: int) -> Term:
        left, then, otherwise = self.grow(0), self.grow(depth), self.grow(depth)
        right = self.draw(st.sampled_from([self.constant(self.inside(left)), self.grow(0)]))
        operator = self.draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
        text = f"if({left.text} {operator} {right.text}, {then.text}, {otherwise.text})"
        timeless = all(term.timeless for term in (left, right, then, otherwise))
        return Term(text, then.now.hull(otherwise.now), then.over.hull(otherwise.over), timeless)

    # -- keeping values safe

    def positive(self, depth: int) -> Term:
        term = self.grow(depth)
        if term.is_positive:
            return term
        if all(span.high < 0 for span in term.spans):
            return Term(f"(-{term.text})", -term.now, -term.over, term.timeless)
        return self.squash(term, 1, 3)

    def nonzero(self, depth: int) -> Term:
        term = self.grow(depth)
        return term if term.least else self.squash(term, 1, 3)

    def tamed(self, term: Term) -> Term:
        """Return the term, or an S-curve of it where its values would grow or vary too much."""
        wild = term.both.size > LARGEST or 0 < term.least < NARROWEST
        return self.squash(term, 1, 3) if wild and not self.linear else term

    def calm(self, term: Term) -> Term:
        term = self.tamed(term)
        return term if self.linear or not term.least or term.both.size / term.least < 100 else self.squash(term, 1, 3)

    def join(self, operator: str, left: Term, right: Term) -> Term:
        functions: dict[str, Callable[[float, float], float]] = {
            "+": lambda a, b: a + b,
            "-": lambda a, b: a - b,
            "*": lambda a, b: a * b,
            "/": lambda a, b: a / b,
        }
        return self.apply(functions[operator], f"({{}} {operator} {{}})", left, right)

    def apply(self, function: Callable[..., float], text: str, *terms: Term, sign: int = 1) -> Term:
        """Return a function, monotone in each of its arguments, of some terms."""
        spans = []
        for side in ("now", "over"):
            first, *others = (getattr(term, side) for term in terms)
            span = first.map(function, *others)
            spans.append(span if sign > 0 else -span)
        written = text.format(*(term.text for term in terms))
        is_closed = text.startswith("({}") or (text.split("(", maxsplit=1)[0].isidentifier() and text.count(") /") == 0)
        written = written if is_closed else f"({written})"
        return Term(written, *spans, all(term.timeless for term in terms))

    def inside(self, term: Term) -> float:
        """Return a number among the values of a term, so that a branch may go either way."""
        return term.now.low + term.now.width * self.integer(0, 10) / 10

    # -- drawing

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def number(self, low: float, high: float) -> float:
        return self.draw(st.integers(round(low * 100), round(high * 100))) / 100

    def share(self, most: float) -> float:
        """Return a number of either sign and at most `most` in size, never zero."""
        return most * self.draw(st.integers(2, 20)) / 20 * self.draw(st.sampled_from([1, -1]))

    def flip(self, one_in: int) -> bool:
        return self.draw(st.integers(1, one_in)) == one_in


STOCK = Span(0.5, 10.0)
DAYS = {"day": 1.0, "week": 7.0, "month": 365 / 12, "quarter": 365 / 4, "year": 365.0}
PER: Mapping[str, Callable[[str], float]] = {
    f"per_{period}": lambda unit, days=days: days / DAYS[unit.removeprefix("1/")] for period, days in DAYS.items()
}
IN: Mapping[str, Callable[[str], float]] = {
    "in_hours": lambda unit: 1.0 if unit == "hours" else 1 / 60,
    "in_minutes": lambda unit: 60.0 if unit == "hours" else 1.0,
}
"""What a conversion function multiplies a metric of some unit by."""


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _literal(value: float) -> str:
    return f"({value!r})" if value < 0 else repr(value)


def _signed(value: float) -> str:
    return f"{_rounded(value):+}"


@st.composite
def with_series(draw: Draw, sketch: Sketch) -> Sketch:
    """Draw the same tree with some stated values by period, which stay within what the tree was grown for."""
    stated = [name for name, keys in sketch.metrics.items() if "value" in keys and "drivers" not in keys]
    metrics = {name: dict(keys) for name, keys in sketch.metrics.items()}
    for name in draw(st.lists(st.sampled_from(stated), min_size=1, unique=True)) if stated else ():
        keys = metrics[name]
        size, count = float(keys.pop("value")), draw(st.integers(1, sketch.horizon + 1))
        factors = draw(st.lists(st.integers(95, 110), min_size=count, max_size=count))
        keys["values"] = [repr(size * factor / 100) for factor in factors]
        if count < sketch.horizon:
            keys["then"] = draw(st.sampled_from(("hold", "repeat", "grow 0.1%/month")))
    return replace(sketch, metrics=metrics)


@st.composite
def weightings(draw: Draw, periods: int) -> Weights:
    """Draw when a change is in force."""
    start, ramp = draw(st.integers(1, periods + 1)), draw(st.integers(1, periods + 1))
    until = draw(st.one_of(st.none(), st.integers(start, start + periods)))
    shape = draw(st.sampled_from(("linear", "s"))) if ramp > 1 else "linear"
    return Weights(start, ramp, shape, until, draw(st.sampled_from((0.0, 0.05, 0.5, 1.0))))


@st.composite
def timed(draw: Draw, change: Change, periods: int) -> Intervention:
    """Draw a change that is in force in every period, or for some time only, in some cases before another one."""
    kind, scale, shift = change
    done = Intervention(kind, scale, shift)
    if draw(st.booleans()):
        done = Intervention("wrap", 0.0 if kind == "fix" else scale, shift, draw(weightings(periods)))
    return done if draw(st.integers(0, 3)) else done.then(Intervention("wrap", 1.004, 0.0, draw(weightings(periods))))
