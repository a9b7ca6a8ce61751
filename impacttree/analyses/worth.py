"""What is a lift of a metric worth, through which paths, resting on what?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from impacttree.answers.case import Case, OutcomeChange
from impacttree.answers.corners import kinks
from impacttree.answers.guardrail_checks import GuardrailCheck, guardrail_row
from impacttree.answers.left_out import LeftOut, left_out, left_out_row, left_out_texts
from impacttree.answers.local import local
from impacttree.answers.net_over_time import Returns, returns
from impacttree.answers.outlays import Costs
from impacttree.answers.placeholders import placeholder_note, placeholders
from impacttree.answers.ranges import UNSAMPLED, range_cells
from impacttree.answers.result import Result, Scalar
from impacttree.answers.samples import Range
from impacttree.answers.subject import Basis, Horizon, Over, Subject
from impacttree.answers.verdict import payback_text, stage_rows, verdict
from impacttree.answers.words import Words, is_still, joined, lowered
from impacttree.engine.flows import Lift
from impacttree.engine.paths import MOST_CANDIDATES, Paths
from impacttree.errors import ChangeError, EvaluationError
from impacttree.graph.model import Graph, Influence, Metric
from impacttree.quantity import Change, shown_shares
from impacttree.views import Fact, Headline, Panel, Step, Waterfall
from impacttree.views.slides import Figures, ShareOfBar, Shares, Slide, SlidePart

__all__ = ["Edge", "Grounds", "Path", "Route", "Worth", "worth"]

TEMPLATE = "template values"
"""What is said of effects that only stand in until a real one is known, whatever their grade."""
GRADES = ("experiment", "quasi_experiment", "correlation", "benchmark", "judgement", TEMPLATE)
"""Strongest first; a path counts under its weakest."""


@dataclass(frozen=True, slots=True)
class Path:
    """One chain of metrics from the lifted one to the outcome."""

    metrics: tuple[str, ...]
    labels: tuple[str, ...]
    amount: float
    share: float
    """Of the total; shares of paths that pull the other way are negative."""
    grade: str | None
    """Weakest evidence along the path; None when no assumed effect is on it: exact formulas are not evidence."""


@dataclass(frozen=True, slots=True)
class Route:
    """The paths that rest on the same assumed effects: where formulas part and join again after these is one way.

    Paths by formulas alone are one where they begin with the same step.
    """

    labels: tuple[str, ...]
    """What its paths have in common before they part, between the lifted metric and the outcome."""
    amount: float
    share: float
    """Of the total; negative where it pulls the other way."""
    paths: tuple[Path, ...]
    parts: tuple[tuple[str, float], ...]
    """Where its paths part, the label of what each goes through last before they join, and what comes through it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What one metric passes on to another in this lift."""

    source: str
    target: str
    lag: int
    """Periods it takes; 0 within a period."""
    amount: float
    assumed: bool
    """True for an assumed effect, False for an exact formula."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a share of the worth rests on."""

    grade: str
    share: float
    """Of the sum of absolute path amounts."""
    effects: tuple[str, ...]
    """The assumed effects that carry it: ``churn <- engagement: experiment, 2026-03``."""


@dataclass(frozen=True, repr=False)
class Worth(Result):
    """What a lift is worth on one outcome.

    Attributes
    ----------
    total : float
        Change of the outcome over the first `horizon` periods, by its aggregation rule, with every number at its
        stated point.
    range : Range or None
        P10, P50, P90 and mean of the total over many samples; None where nothing that it rests on is uncertain.
    by_period : tuple of float
        Change of the outcome in each period.
    run_rate : float or None
        Change in the last period, annualised; None for outcomes that are not rates.
    run_rate_range : Range or None
        Of the run rate.
    long : tuple of float
        The total over one, two and three horizons; shorter when the tree has no value that far.
    by_year : tuple of (str, float)
        Where the tree states a fiscal calendar, what the lift is worth in each fiscal year within three horizons, and
        in what comes before the first whole one.
    before, after : float
        The outcome over the horizon without and with the lift.
    relative : float or None
        `total` relative to the size of `before`; None when that is zero.
    metric_before, metric_after : float
        The lifted metric over the horizon, by its aggregation rule.
    outcomes : tuple of OutcomeChange
        The tree's outcomes shown together.
    paths : tuple of Path
        Largest first; with `rest` they add up to `total`.
    rest : float
        What comes through paths that are not listed.
    edges : tuple of Edge
        The amount each edge carries; they add up over any cut (edges that lead back count negative).
    rests_on : tuple of Grounds
        Shares of the worth by evidence grade, strongest first.
    by_formulas : float
        The share that comes through exact formulas alone, for which no evidence is stated: of the sum of absolute path
        amounts, as those of `rests_on`.
    not_modelled : tuple of LeftOut
        What the lifted metric states as left out of the tree, and how far it may move before the gain is gone, at one
        and three horizons.
    placeholders : tuple of int and int
        N of M inputs are still a template's values.
    guardrails : tuple of GuardrailCheck
        With the lift, at their tightest period.
    kinks : tuple of str
        Where a limit binds or a branch switches along the lift.
    warnings : tuple of str
        What a reader should know before using the figure.
    case : Case
        The tree without and with the lift, from which the figures come.
    pays : Returns or None
        What it returns against its cost: net at one, two and three horizons, and payback; None where no cost is stated.
    """

    metric: str
    change: str
    outcome: str
    horizon: int
    total: float
    range: Range | None
    by_period: tuple[float, ...]
    run_rate: float | None
    run_rate_range: Range | None
    long: tuple[float, ...]
    by_year: tuple[tuple[str, float], ...]
    before: float
    after: float
    relative: float | None
    metric_before: float
    metric_after: float
    one_point: float | None
    """For a metric shown in %: what +1pp would be worth."""
    outcomes: tuple[OutcomeChange, ...]
    paths: tuple[Path, ...]
    rest: float
    edges: tuple[Edge, ...]
    rests_on: tuple[Grounds, ...]
    by_formulas: float
    not_modelled: tuple[LeftOut, ...]
    placeholders: tuple[int, int]
    guardrails: tuple[GuardrailCheck, ...]
    kinks: tuple[str, ...]
    warnings: tuple[str, ...]
    case: Case = field(compare=False)
    pays: Returns | None = None

    @property
    def cost(self) -> float | None:
        """What it costs, at its stated point; None where no cost is stated."""
        return None if self.pays is None else self.pays.cost

    @property
    def net(self) -> float | None:
        """Worth over the horizon less the cost: above zero it pays; None where no cost is stated."""
        return None if self.pays is None else self.pays.stages[0].net

    @property
    def payback(self) -> int | None:
        """The first period up to which the change of the outcome covers the cost; None where none does."""
        return None if self.pays is None else self.pays.payback

    @property
    def words(self) -> Words:
        return self.case.words

    @property
    def note(self) -> str:
        """What the lifted metric says that a reader should know."""
        return " ".join((self.words.graph[self.metric].spec.notes or "").split())

    @property
    def basis(self) -> str:
        """What the figures mean."""
        return self.provenance.basis

    @property
    def title(self) -> str:
        """The sentence with the money."""
        words, metric = self.words, self.metric
        during = words.during(metric, self.horizon, self.metric_before)
        moved = words.move(metric, self.metric_before, self.metric_after, during)
        still = is_still(self.before, self.after)
        relative = "" if still or not self.before else f" ({words.percent(self.before, self.total)})"
        lift = self.provenance.told(f"{words.changed(metric, self.change)} ({moved})")
        if self.pays is None:
            return words.headed(f"{lift} {self.claim}{relative}", self.outcome)
        return words.headed(f"{lift} {self.verdict}", self.outcome)

    @property
    def verdict(self) -> str:
        """``for $250k does not pay back within 12 months (-$164k) but does within 36 (+$499k), in month 21``.

        Empty where no cost is stated.
        """
        if self.pays is None:
            return ""
        return f"for {self.pays.text} {verdict(self.words, self.outcome, self.pays)}"

    @property
    def claim(self) -> str:
        """``adds $17k operating profit in the first 12 months``."""
        when = self.words.over(self.outcome, self.horizon)
        return f"{self.words.effect(self.outcome, self.before, self.after)} {when}"

    def view(self) -> Headline:
        facts = [
            Fact("not modelled", tuple((text,) for text in self._left_out())),
            Fact(
                self.words.net(self.outcome),
                tuple(stage_rows(self.words, self.outcome, self.pays)) if self.pays else (),
            ),
            Fact("payback", ((payback_text(self.words, self.pays),),) if self.pays and self.pays.cost else ()),
            *self._before_cost(),
            *self._through(),
            Fact("rests on", tuple((text,) for text in self._rests_on())),
            Fact("guardrails", tuple((check.text,) for check in self.guardrails)),
            Fact("limits", tuple((kink,) for kink in self.kinks)),
            Fact("note", ((self.note,),) if self.note else ()),
            Fact("basis", ((self.basis,),)),
        ]
        return Headline(self.title, tuple(fact for fact in facts if any(row for row in fact.rows)), self.warnings)

    def _by_year(self) -> tuple[str, ...]:
        return tuple(f"{year} {self.words.figure(self.outcome, amount)}" for year, amount in self.by_year)

    def _before_cost(self) -> list[Fact]:
        """Return the facts on what the lift brings: under a cost, with a head that says it is not off."""
        spread, also = range_cells(self.words, self.outcome, self.total, self.range), tuple(self._also())
        name, amounts = self._amounts()
        if self.pays is None:
            years = Fact("by year", (self._by_year(),))
            return [years, Fact("range", (spread,)), Fact(name, (amounts,)), Fact("also", (also,))]
        words = self.words
        total = f"{words.figure(self.outcome, self.total)} {words.over(self.outcome, self.horizon)}"
        rows = [
            ", ".join([total, *spread]),
            ", ".join(self._by_year()),
            ", ".join(amounts),
            f"also {'; '.join(also)}" if also else "",
        ]
        return [Fact("before cost", tuple((row,) for row in rows if row))]

    def _amounts(self) -> tuple[str, tuple[str, ...]]:
        """Return what is said of the run rate and of three horizons, and the label of it."""
        words, name = self.words, self.outcome
        if not any(self.long) and not self.run_rate:
            return "run rate", ()
        later = words.over(name, self._furthest)
        longest = self.long[-1]
        figure = words.figure(name, 0.0 if is_still(self.before, self.before + longest) else longest)
        if self.run_rate is None:
            return "later", (f"{figure} {later}",)
        rate = f"{words.figure(name, self.run_rate)} a year {words.by(self.horizon)}"
        return "run rate", (rate, f"{figure} {later}")

    @property
    def _furthest(self) -> int:
        """The last period of the longest horizon in `long`."""
        return self.words.end(self.horizon, len(self.long))

    def _also(self) -> list[str]:
        main = self.words.over(self.outcome, self.horizon)
        groups: dict[str, list[str]] = {}
        for outcome in self.outcomes:
            if outcome.name != self.outcome:
                groups.setdefault(self.words.over(outcome.name, self.horizon), []).append(outcome.text)
        others = [", ".join(texts) + ("" if when == main else f" {when}") for when, texts in groups.items()]
        cells = ["; ".join(others)] if others else []
        if self.one_point and self.change != "+1pp":
            cells.append(f"+1pp {self.words.would(self.outcome, self.one_point)}")
        return cells

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """The paths, put together where only formulas part them; largest first, and with `rest` they add up."""
        together: dict[tuple[str, ...], list[Path]] = {}
        for path in self.paths:
            together.setdefault(path.metrics[: _assumed(self.words.graph, path) + 1], []).append(path)
        routes = [_route(paths, self.total) for paths in together.values()]
        return tuple(sorted(routes, key=lambda route: -abs(route.amount)))

    def _through(self) -> list[Fact]:
        if not self.paths and not self.rest:
            return []
        shown = self.routes if len(self.routes) <= SHOWN_ROUTES + 1 else self.routes[:SHOWN_ROUTES]
        left = sum(len(route.paths) for route in self.routes[len(shown) :])
        amounts = [route.amount for route in shown]
        names = [_shortened(route) for route in shown]
        if left or self.rest:
            amounts.append(math.fsum(route.amount for route in self.routes[len(shown) :]) + self.rest)
            names.append(f"{left} more path{'s' * (left != 1)}" if left else "other paths")
        texts = [self.words.signed(self.outcome, amount) for amount in amounts]
        offset = not self.total or any(amount * self.total < 0 for amount in amounts)
        shares = [""] * len(amounts) if offset else shown_shares([amount / self.total for amount in amounts])
        rows = list(zip(names, texts, shares, strict=True))
        if len(rows) > 1:
            whole = self.words.signed(self.outcome, self.total)
            rows.append((f"= {lowered(self.words.titled(self.outcome))}", whole, "" if offset else "100%"))
        parts = ", ".join(self._parts(shown[0])) if shown else ""
        rows[1:1] = [(f"of which {parts}", "", "")] if parts else []
        return [Fact("through", tuple(rows))]

    def _parts(self, route: Route) -> Iterator[str]:
        """Yield ``revenue +$97k``, ``COGS -$18.1k``: what comes through each part, the least of many together."""
        shown = route.parts if len(route.parts) <= SHOWN_PARTS + 1 else route.parts[:SHOWN_PARTS]
        for label, amount in shown:
            yield f"{lowered(label)} {self.words.signed(self.outcome, amount)}"
        if len(shown) < len(route.parts):
            others = math.fsum(amount for _, amount in route.parts[len(shown) :])
            yield f"{len(route.parts) - len(shown)} more {self.words.signed(self.outcome, others)}"

    def _left_out(self) -> list[str]:
        return left_out_texts(self.words, self.not_modelled)

    def _rests_on(self) -> list[str]:
        if not self.rests_on and not self.by_formulas:
            return []
        *shares, by_formulas = self._shares
        parts = [
            f"{', '.join(grounds.effects)} ({share})" for grounds, share in zip(self.rests_on, shares, strict=True)
        ]
        if not parts:
            parts = [f"formulas alone: {UNSTATED}"]
        elif self.by_formulas:
            parts.append(f"the rest by formulas alone, {UNSTATED} ({by_formulas})")
        note = placeholder_note(self.placeholders)
        return [" · ".join(parts), *([note] if note else [])]

    @property
    def _shares(self) -> tuple[str, ...]:
        """The shares of `rests_on`, and that of formulas alone, as they are shown."""
        return shown_shares([*(grounds.share for grounds in self.rests_on), self.by_formulas])

    @property
    def evidence_mix(self) -> tuple[str, ...]:
        """What it rests on, in a few words: ``("92% experiment", "8% judgement")``."""
        pairs = zip(self.rests_on, self._shares, strict=False)
        return tuple(f"{share} {grounds.grade.replace('_', '-')}" for grounds, share in pairs)

    @property
    def evidence_shares(self) -> tuple[ShareOfBar, ...]:
        """What it rests on as shares of one bar: each grade of evidence, and what formulas alone carry."""
        mix = zip(self.evidence_mix, self.rests_on, strict=True)
        graded = [ShareOfBar(text, grounds.share) for text, grounds in mix]
        if not graded:
            return (ShareOfBar("formulas alone, no evidence stated", 1.0),)
        formulas = [ShareOfBar(f"{self._shares[-1]} formulas", self.by_formulas)] if self.by_formulas else []
        return (*graded, *formulas)

    def waterfall(self) -> Waterfall:
        """Return the worth as steps from the outcome without the lift to the outcome with it, path by path."""
        words, name = self.words, self.outcome
        shown = self.paths[:MOST_STEPS]
        others = math.fsum(path.amount for path in self.paths[MOST_STEPS:]) + self.rest
        names = told_apart(shown)
        parts = [(name, path.amount) for name, path in zip(names, shown, strict=True)]
        if others:
            parts.append(("Other paths", others))
        steps = [
            Step(label, amount, words.signed(name, amount), "change", words.tone(name, amount))
            for label, amount in parts
        ]
        whole = self._whole()
        subtitle = f"Paths from {words.label(self.metric)} to {words.titled(name)}"
        return Waterfall(self.title.replace("->", "→"), subtitle, (*steps, whole), (f"Basis: {self.basis}.",))

    def _whole(self) -> Step:
        words, name = self.words, self.outcome
        text, tone = words.signed(name, self.total), words.tone(name, self.total)
        if self.range is None or self.range.is_point:
            return Step("Worth", self.total, text, "total", tone)
        ends = words.span(name, self.range.p10, self.range.p90)
        return Step("Worth", self.total, text, "total", tone, self.range.p10, self.range.p90, ends)

    def picture(self) -> Waterfall:
        return self.waterfall()

    def slides(self) -> tuple[Slide, ...]:
        words, name = self.words, self.outcome
        lift = words.changed(self.metric, self.change)
        spread = "" if self.range is None or self.range.is_point else words.span(name, self.range.p10, self.range.p90)
        title = self.provenance.told(f"{lift} {self.claim}{f' ({spread})' if spread else ''}")
        drawn = self.waterfall()
        bare = tuple(replace(step, range_text="") for step in drawn.steps)
        steps = replace(drawn, title="The paths that it takes", subtitle="", steps=bare, notes=())
        parts = [SlidePart(Figures(tuple(self._tiles(spread))), bottom=0.28)]
        parts.append(SlidePart(steps, columns=8 if self.rests_on else 12, top=0.33))
        if self.rests_on:
            told = (joined(self.evidence_mix), *(text for grounds in self.rests_on for text in grounds.effects[:2]))
            parts.append(SlidePart(Shares("How good is the evidence", self.evidence_shares, told), 8, 4, 0.33))
        moved = words.move(self.metric, self.metric_before, self.metric_after)
        notes = (self.title, *self.warnings, *(check.text for check in self.guardrails))
        subtitle = f"{lift} {self.verdict}" if self.pays else f"{words.label(self.metric)} {moved}"
        return (Slide(title, tuple(parts), subtitle, notes, self.footer),)

    def _tiles(self, spread: str) -> Iterator[Panel]:
        words, name = self.words, self.outcome
        when = words.heading(name, self.horizon)
        yield Panel(when, words.signed(name, self.total), f"P10 to P90: {spread}" if spread else "", accent=True)
        if len(self.long) > 1:
            yield Panel(words.heading(name, self._furthest), words.signed(name, self.long[-1]), "")
        if self.run_rate is not None:
            yield Panel("Run rate", words.signed(name, self.run_rate), f"a year, {words.by(self.horizon)}")
        if self.pays is not None:
            yield Panel("Cost", self.pays.text, f"payback {payback_text(words, self.pays, spread=False)}")

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "path": " > ".join(path.metrics),
                "labels": " > ".join(path.labels),
                "amount": path.amount,
                "unit": str(self.words.total_unit(self.outcome)),
                "share": path.share,
                "grade": path.grade,
            }
            for path in self.paths
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "metric": self.metric,
            "change": self.change,
            "outcome": self.outcome,
            "unit": str(self.words.total_unit(self.outcome)),
            "over": self.words.formed(self.outcome, self.horizon),
            "horizon": self.horizon,
            "total": self.total,
            "range": self.range and self.range.as_dict(),
            "run_rate": self.run_rate,
            "run_rate_range": self.run_rate_range and self.run_rate_range.as_dict(),
            "long": list(self.long),
            "by_year": dict(self.by_year),
            **(self.pays.as_dict() if self.pays else {}),
            "before": self.before,
            "after": self.after,
            "relative": self.relative,
            "metric_before": self.metric_before,
            "metric_after": self.metric_after,
            "by_period": list(self.by_period),
            "outcomes": {outcome.name: outcome.change for outcome in self.outcomes},
            "rest": self.rest,
            "rests_on": {grounds.grade: grounds.share for grounds in self.rests_on},
            "by_formulas": self.by_formulas,
            "not_modelled": [left_out_row(one) for one in self.not_modelled],
            "placeholders": list(self.placeholders),
            "guardrails": [guardrail_row(check) for check in self.guardrails],
            "limits": list(self.kinks),
            "warnings": list(self.warnings),
            "sentence": self.title,
        }


METHOD = "two exact evaluations; split by Gauss-Legendre integration of local flows, loops of a path erased"
SHOWN_ROUTES = 2
SHOWN_PARTS = 2
SHOWN_STEPS = 4
MOST_STEPS = 5
UNSTATED = "no evidence stated for how people react"
"""What is said of exact formulas: they carry a lift on, and know nothing of what it does to anybody."""


def _assumed(graph: Graph, path: Path) -> int:
    """Return the position on a path that its last assumed effect leads to; 1 on a path by formulas alone."""
    on_it = [graph[name] for name in path.metrics]
    steps = [any(i.source == a.name for i in b.influences) for a, b in pairwise(on_it)]
    return max((position for position, assumed in enumerate(steps, 1) if assumed), default=1)


def _route(paths: Sequence[Path], total: float) -> Route:
    """Put paths together that begin alike."""
    least = min(len(path.metrics) for path in paths) - 1
    ahead = _alike([path.metrics[:least] for path in paths])
    behind = _alike([path.metrics[: ahead - 1 : -1][: least + 1 - ahead] for path in paths])
    parts: dict[str, list[float]] = {}
    for path in paths if len(paths) > 1 else ():
        last = len(path.metrics) - behind - 1
        parts.setdefault(path.labels[last] if last >= ahead else "directly", []).append(path.amount)
    amount = math.fsum(path.amount for path in paths)
    sums = sorted(((label, math.fsum(part)) for label, part in parts.items()), key=lambda part: -abs(part[1]))
    labels = paths[0].labels[1:ahead]
    return Route(labels, amount, amount / total if total else 0.0, tuple(paths), tuple(sums))


def _alike(rows: Sequence[Sequence[str]]) -> int:
    """Return how many items rows have in common from the first on."""
    return next((n for n, items in enumerate(zip(*rows, strict=False)) if len(set(items)) > 1), min(map(len, rows)))


def _shortened(route: Route) -> str:
    """Write ``Monthly churn > Customers > …``: what a route begins with, all of it where that is short."""
    if len(route.labels) > SHOWN_STEPS:
        return " > ".join([*route.labels[: SHOWN_STEPS - 1], "…"])
    return " > ".join([*route.labels, *(["…"] if len(route.paths) > 1 else [])]) or "directly"


def told_apart(paths: Sequence[Path]) -> tuple[str, ...]:
    """Name paths that begin together by where they part: at each parting the metric that a path takes.

    Examples
    --------
    >>> paths = [Path((*names, "profit"), (*names, "profit"), 1.0, 0.5, "exact") for names in ("abcd", "abed", "afd")]
    >>> told_apart(paths)
    ('b > c', 'b > e', 'f')
    """
    after: dict[tuple[str, ...], dict[str, str]] = {}
    for path in paths:
        for position in range(1, len(path.metrics)):
            after.setdefault(path.metrics[:position], {})[path.metrics[position]] = path.labels[position]
    return tuple(_by_partings(path, after) for path in paths)


def _by_partings(path: Path, after: Mapping[tuple[str, ...], Mapping[str, str]]) -> str:
    """Name a path by what it takes at each parting; a metric's label, with its name where another there is alike."""
    taken = []
    for position in range(1, len(path.metrics)):
        there = after[path.metrics[:position]]
        if len(there) > 1:
            name, label = path.metrics[position], path.labels[position]
            alike = list(there.values()).count(label) > 1
            is_last = position == len(path.metrics) - 1
            taken.append("directly" if is_last else f"{label} ({name})" if alike else label)
    return " > ".join(taken) or path.labels[min(1, len(path.labels) - 1)]


@local
def worth(
    subject: Subject,
    metric: str,
    change: str | Change,
    on: str | None = None,
    range: bool = True,  # noqa: A002 - the word that users know
    *,
    cost: Costs | None = None,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
    samples: int | None = None,
    seed: int = 0,
) -> Worth:
    """Compute what a lift of one metric is worth.

    The total is the difference of two exact evaluations over the horizon. It is split over edges and paths by the
    integral of local flows along the lift (Aumann and Shapley, "Values of Non-Atomic Games", 1974; Sundararajan and
    others, "Axiomatic Attribution for Deep Networks", 2017), so that the parts add up to it.

    Parameters
    ----------
    subject
        The tree.
    metric
        What is lifted.
    change
        ``"+1%"``, ``"+2pp"``, ``"-$3"``, ``"=45%"``, one that is not certain as ``"+1% (0.5% to 2%)"``, or a typed
        change.
    on
        The outcome; by default the tree's.
    range
        Whether to draw samples of what is uncertain, for the range of the worth and the risk of guardrails. They are
        the same draws without and with the lift, so what does not move the worth does not widen it.
    cost
        What it costs, in the outcome's unit: any form of a quantity, so it may have a range, paid today, or as
        ``"$20k in month 3"`` or ``"$100k over 36 months"``, or a list of these. With it the answer says whether it
        pays, at one, two and three horizons, and when it has paid back.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held without and with the lift.
    basis
        How amounts count: as they come, or with ``"pv"`` discounted to today as the model's ``finance`` says.
    samples
        How many are drawn; as many as there is time for unless given.
    seed
        The same seed gives the same samples.

    Raises
    ------
    QuestionError
        When a metric does not exist.
    ChangeError
        When the change is written wrongly or does not fit the metric.

    Examples
    --------
    >>> import impacttree as it
    >>> worth = it.template("saas").worth("engagement", "+1%")
    >>> worth.change, worth.outcome, worth.guardrails[0].holds
    ('+1%', 'profit', True)
    """
    subject = subject.over(over, horizon).on_basis(basis)
    lifted, outcome = subject.metric(metric), subject.outcome(on)
    case = Case.of(subject, {metric: change}, horizon, scenario, samples, seed)
    lift = Lift(case.base, case.run, lifted.index, outcome.index)
    total, slot = case.change(outcome), outcome.index
    paths, rest = _paths(subject, lift, total)
    annual = case.words.annual(outcome)
    ranges = case.ranges(outcome) if range else UNSAMPLED
    pays = None if cost is None else returns(case.furthest, outcome, cost, case.periods, sampled=range)
    spent = "" if pays is None else pays.terms
    meant = case.words.basis(outcome.name, cost=spent, in_full=case.asked.in_full, weights=case.asked.weights)
    return Worth(
        provenance=case.sampled(METHOD, meant, ranges),
        metric=metric,
        change=case.asked.texts[0][1],
        outcome=outcome.name,
        horizon=case.periods,
        total=total,
        range=ranges.of(outcome.name),
        by_period=case.by_period(outcome),
        run_rate=case.run_rate(outcome),
        run_rate_range=ranges.last.times(annual) if ranges.last and annual is not None else None,
        long=_long(case, outcome),
        by_year=case.by_year(outcome),
        before=case.before[slot],
        after=case.after[slot],
        relative=total / abs(case.before[slot]) if case.before[slot] else None,
        metric_before=case.undiscounted.before[lifted.index],
        metric_after=case.undiscounted.after[lifted.index],
        one_point=_one_point(case, lifted, outcome),
        outcomes=case.outcomes(outcome, ranges),
        paths=paths,
        rest=rest,
        edges=_edges(subject, lift),
        rests_on=_grounds(subject, paths),
        by_formulas=_by_formulas(paths),
        not_modelled=left_out(case, outcome, 0.0 if pays is None else pays.cost),
        placeholders=placeholders(subject.graph),
        guardrails=ranges.beside(case.guardrails),
        kinks=kinks(subject, lift),
        warnings=(*case.warnings(outcome), *_unclosed(case, lift, outcome), *ranges.notes),
        case=case,
        pays=pays,
    )


def _long(case: Case, outcome: Metric) -> tuple[float, ...]:
    """Return the change over one, two and three horizons, as far as the tree has values."""
    far = case.furthest
    return tuple(far.change_over(outcome, end) for end in case.ends)


def _one_point(case: Case, metric: Metric, outcome: Metric) -> float | None:
    """Return what one percentage point, held from period 1, would be worth, where a share has room for it."""
    if not metric.unit.is_share or case.asked.weights:
        return None
    try:
        return case.asking({metric.name: "+1pp"}).change(outcome)
    except (ChangeError, EvaluationError):
        return None


def _unclosed(case: Case, lift: Lift, outcome: Metric) -> Iterator[str]:
    """Yield a warning when paths miss more of the change than rounding explains."""
    if abs(lift.closure) > lift.allowance:
        missing = case.words.signed(outcome.name, lift.closure)
        yield f"{missing} of the change is on no path: no slope along the lift accounts for it"


def _paths(subject: Subject, lift: Lift, total: float) -> tuple[tuple[Path, ...], float]:
    metrics = subject.graph.metrics
    if 0 < max((abs(flow.amount) for flow in lift.flows), default=0.0) <= lift.noise:
        return (), 0.0
    found = []
    for walked in Paths(lift).best(MOST_CANDIDATES):
        on_it = [metrics[index] for index in walked.metrics]
        found.append(
            Path(
                metrics=tuple(metric.name for metric in on_it),
                labels=tuple(metric.label for metric in on_it),
                amount=walked.amount,
                share=walked.amount / total if total else 0.0,
                grade=_weakest([effect for _, effect in _effects(on_it)]),
            )
        )
    rest = total - math.fsum(path.amount for path in found)
    return tuple(found), rest if abs(rest) > lift.allowance else 0.0


def _effects(path: Sequence[Metric]) -> list[tuple[Metric, Influence]]:
    """Return the assumed effects along a path, with the metric each acts on."""
    return [(target, i) for source, target in pairwise(path) for i in target.influences if i.source == source.name]


def _grade(effect: Influence) -> str:
    return TEMPLATE if effect.placeholder else effect.evidence.grade


def _weakest(effects: Sequence[Influence]) -> str | None:
    return max(map(_grade, effects), key=GRADES.index, default=None)


def _by_formulas(paths: Sequence[Path]) -> float:
    whole = math.fsum(abs(path.amount) for path in paths)
    return math.fsum(abs(path.amount) for path in paths if path.grade is None) / whole if whole else 0.0


def _grounds(subject: Subject, paths: Sequence[Path]) -> tuple[Grounds, ...]:
    """Share the worth out by the weakest grade of each path, strongest grade first."""
    whole = math.fsum(abs(path.amount) for path in paths)
    grounds = []
    for grade in GRADES:
        under = [path for path in paths if path.grade == grade]
        if not under or not whole:
            continue
        effects = {
            f"{target.name} <- {effect.source}": effect
            for path in under
            for target, effect in _effects([subject.graph[name] for name in path.metrics])
            if _grade(effect) == grade
        }
        said = f"{', '.join(effects)}: {_evidence_words(subject, grade, tuple(effects.values()))}"
        grounds.append(Grounds(grade, math.fsum(abs(path.amount) for path in under) / whole, (said,)))
    return tuple(grounds)


def _evidence_words(subject: Subject, grade: str, effects: Sequence[Influence]) -> str:
    """Write ``correlation, counted at 50%, 2026-07``: the grade, what follows from it, and when effects were seen."""
    if grade == TEMPLATE:
        return TEMPLATE
    dates = {effect.evidence.date for effect in effects}
    shares = {effect.counted for effect in effects} - {1.0}
    by_grade = {number.address for number in subject.graph.uncertain if not number.stated}
    words = [grade.replace("_", "-"), *(f"counted at {100 * share:.4g}%" for share in sorted(shares))]
    if any(address in by_grade for effect in effects for address, _ in effect.parameters):
        words.append("range from the grade")
    date = next(iter(dates)) if len(dates) == 1 else None
    return ", ".join([*words, *([f"{date:%Y-%m}"] if date else [])])


def _edges(subject: Subject, lift: Lift) -> tuple[Edge, ...]:
    metrics = subject.graph.metrics
    edges = []
    for flow in lift.flows:
        source, target = metrics[flow.source], metrics[flow.target]
        assumed = any(influence.source == source.name for influence in target.influences)
        edges.append(Edge(source.name, target.name, flow.lag, flow.amount, assumed))
    return tuple(edges)
