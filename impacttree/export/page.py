"""One HTML file in which a tree is moved: sliders, money along edges, guardrails, target, cost.

Python lays the tree out and says everything in words that does not move; the script of the page computes the rest by
the same rules (`impacttree.export.script`). The file loads nothing, and its security policy names its one script and
its one style sheet by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, reduce
from importlib.resources import files
from typing import Any

from impacttree.analyses.diagram import diagram, lifted_diagram
from impacttree.analyses.worth import worth
from impacttree.answers.asked import NOTHING, Asked, Basis
from impacttree.answers.case import Case
from impacttree.answers.cost import has_net
from impacttree.answers.guardrail_checks import Limit, guarded, sized
from impacttree.answers.left_out import left_out_texts
from impacttree.answers.levers import plausible_of
from impacttree.answers.local import known
from impacttree.answers.number_names import label_of
from impacttree.answers.outlays import AT_START, Costs, Outlay, parts, read_outlays, terms_of
from impacttree.answers.placeholders import ILLUSTRATIVE, placeholder_note, placeholders
from impacttree.answers.ranges import sample_count
from impacttree.answers.subject import Subject
from impacttree.answers.words import EACH, IN_FULL, THE_COST, lowered
from impacttree.engine.simulation import DrawnChange, Job, Wanted
from impacttree.errors import EvaluationError, ImpactTreeError, Problem, QuestionError
from impacttree.export.cautions import cautions_data
from impacttree.export.changes import changes_data, drawn_data, timings_data
from impacttree.export.draws import draws_data
from impacttree.export.script import ENGINE, called, model_data, packed, script
from impacttree.formula import unparse
from impacttree.graph.model import Metric
from impacttree.quantity import Change, Unit, unit_words
from impacttree.quantity.calendar import ending
from impacttree.quantity.formatting import style_of
from impacttree.render.characters import clean
from impacttree.render.layout import layout
from impacttree.render.scene import Box, Curve, Group, Scene, Text
from impacttree.render.svg import escape
from impacttree.spec.leaves import MAX_HORIZON
from impacttree.views import Diagram

__all__ = ["body", "modules", "page", "page_contents", "page_data"]

MODULES = (*ENGINE, "words.js", "state.js", "samples.js", "cautions.js", "answers.js", "draw.js", "page.js")
BETA = "beta.js"
"""Its functions are needed where something is drawn from a beta distribution."""
SHORT = 8
"""Letters of a name of the periods that fits beside an amount on a card, as FY27."""
LONG = (3, 2)
"""Horizons that the longer view has: as many as the tree has values for."""
COMMON = ("kind", "rule", "better", "isAmount", "isShare", "count", "unit", "about", "formula", "moves")
"""What is told once of all metrics that have it in common with most, and of each of the others."""
RATIO = {"kind": "ratio", "base": 0.0, "least": -0.5, "most": 0.5, "bounds": [-1.0, None]}
"""How far a metric is moved that has no value of its own, or one in each period: by a share of what it is."""
MOST_UNCERTAIN = 400
"""Uncertain numbers that the page knows of; of a tree with more it says no ranges but that of the case as written."""
TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '{script_hash}'; \
style-src '{style_hash}'; img-src data: blob:; base-uri 'none'; form-action 'none'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def page(
    subject: Subject,
    lift: tuple[str, str | Change] | None = None,
    on: str | None = None,
    *,
    cost: Costs | None = None,
    people: bool = True,
    basis: Basis = "horizon",
) -> str:
    """Return the page of a tree as HTML text.

    Parameters
    ----------
    subject
        The tree.
    lift
        A metric and its change, with which the page opens; without it, it opens as stated.
    on
        The outcome; by default the tree's.
    cost
        What the change costs, as in every question: ``"$250k"`` today, ``"$20k in month 3"``, or a list of these; it
        may be a range. The page shows what they come to; who types another total there pays it in the same parts.
    people
        Whether owners, sources and notes are in the file.
    basis
        How amounts count: as they come, as the last period annualised, or discounted to today.

    Raises
    ------
    QuestionError
        When the tree cannot be asked that, or `cost` is not an amount of the outcome of zero or more.

    Examples
    --------
    >>> import impacttree as it
    >>> text = page(it.template("saas")._subject, ("engagement", "+5%"))
    >>> text.startswith("<!DOCTYPE html>"), "http" in text.split("</style>")[0]
    (True, True)
    """
    folder = files("impacttree.export") / "page"
    style = (folder / "page.css").read_text(encoding="utf-8")
    data = page_data(subject, lift, on, cost=cost, people=people, basis=basis)
    joined = script(modules(data), called(data["model"]))
    code = f"(() => {{\n'use strict';\n{joined}start();\n}})();"
    return TEMPLATE.format(
        title=escape(clean(subject.graph.spec.name)),
        body=body(),
        style=style,
        style_hash=_hash(style),
        data=packed(data),
        script=code,
        script_hash=_hash(code),
    )


def modules(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts of the script that a page with these data needs."""
    drawn = {one["curve"][0] for one in data["draws"]["inputs"]}
    return (BETA, *MODULES) if "beta" in drawn else MODULES


def body() -> str:
    """Return the elements of the page, in which the script finds its places."""
    text = (files("impacttree.export") / "page" / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\n\s*", "\n", text)


def page_data(
    subject: Subject,
    lift: tuple[str, str | Change] | None = None,
    on: str | None = None,
    *,
    cost: Costs | None = None,
    people: bool = True,
    basis: Basis = "horizon",
) -> Mapping[str, Any]:
    """Return all that the script of a page reads, as plain data; arguments are those of `page`."""
    return page_contents(subject, lift, on, cost=cost, people=people, basis=basis)[0]


def page_contents(
    subject: Subject,
    lift: tuple[str, str | Change] | None = None,
    on: str | None = None,
    *,
    cost: Costs | None = None,
    people: bool = True,
    basis: Basis = "horizon",
) -> tuple[Mapping[str, Any], tuple[Outlay, ...]]:
    """Return the same, and what is paid as it was understood."""
    made = _Contents(subject, lift, on, cost, people, basis)
    return made.data, made.outlays


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


class _Contents:
    """All that the page's script reads, in the making."""

    def __init__(
        self,
        subject: Subject,
        lift: tuple[str, str | Change] | None,
        on: str | None,
        cost: Costs | None,
        people: bool,
        basis: Basis,
    ) -> None:
        subject = subject.on_basis(basis)
        self.whole, self.words, self.people = subject.marked, subject.words, people
        self.graph, self.periods = subject.graph, subject.periods(None)
        self.outcome = subject.outcome(on)
        self.subject, self.lift = subject, lift
        longer = (self.words.end(self.periods, count) for count in LONG)
        self.horizons = [self.periods, *([last for last in longer if self._reaches(last)][:1])]
        self.cost, self.outlays = cost, self._outlays(cost)
        self.answer = worth(subject, *lift, on, cost=cost, basis=basis) if lift is not None else None
        answer = self.answer
        self.drawn = diagram(subject, on=on, basis=basis).drawn if answer is None else lifted_diagram(answer, "full")
        self.asked = NOTHING if self.answer is None else self.answer.case.asked
        self.styles: list[Mapping[str, Any]] = []

    def _outlays(self, cost: Costs | None) -> tuple[Outlay, ...]:
        """Return what is paid, as it was understood; without a cost, how one is paid that is typed.

        Raises
        ------
        QuestionError
            When it is not in amounts of the outcome, or that does not add up to one.
        """
        if cost is None:
            return (AT_START,)
        outcome = self.outcome
        if outcome.aggregation != "sum":
            reason = (
                f"{outcome.label} does not add up over time ({outcome.aggregation_reason}), so that nothing pays back"
            )
            raise QuestionError(Problem(metric=outcome.name, reason=reason, fix="leave the cost out"))
        return read_outlays(self._base, outcome, cost, self.periods)

    @property
    def _base(self) -> Case:
        """The tree as stated, over the longest horizon."""
        return Case.of(self.whole, None, self.horizons[-1])

    @property
    def data(self) -> Mapping[str, Any]:
        spec, outcome = self.graph.spec, self.outcome
        horizons = self.horizons
        told = [self._metric(metric) for metric in self.graph.metrics]
        usual = _usual(told)
        draws = self._draws()
        return {
            "name": spec.name,
            "period": spec.period,
            "currency": spec.currency,
            "horizons": horizons,
            "names": self._names(horizons[-1]),
            "windows": {str(count): self._window(count) for count in horizons},
            "outcome": outcome.index,
            "basis": {
                "meant": self.words.meant(outcome.name),
                "before": f"before {THE_COST}",
                "after": self.words.after_cost(outcome.name, ""),
                "held": self.words.in_force(None),
                "each": EACH,
                "full": IN_FULL,
                "net": self.words.net(outcome.name),
                "marked": ILLUSTRATIVE if spec.illustrative else "",
            },
            "version": self.subject.provenance("").fingerprint,
            "asOf": self._as_of(),
            "notes": list(filter(None, [placeholder_note(placeholders(self.graph))])),
            "made": [] if self.answer is None else left_out_texts(self.words, self.answer.not_modelled),
            "cautions": cautions_data(self._base, self.outcome, self._movable(), horizons),
            "cost": None if self.cost is None else math.fsum(one.amount for one in self.outlays),
            "paid": list(self._paid(draws.pop("paid"))),
            "canCost": has_net(self.words, outcome),
            "range": self._range(),
            "changes": changes_data(self.asked),
            "focus": self._focus(),
            "scenarios": [dict(one) for one, _ in self.scenarios],
            "usual": usual,
            "metrics": [_without(one, usual) for one in told],
            "styles": [_without(one, style_of(Unit.parse(""))) for one in self.styles],
            "guardrails": list(self._guardrails()),
            "draws": draws,
            "views": self._views(),
            "model": self._model(horizons),
        }

    def _model(self, horizons: Sequence[int]) -> Mapping[str, Any]:
        """Return what runs: with a row for each period where something that is done here differs by period."""
        done = (self.asked, *(asked for _, asked in self.scenarios))
        timings = timings_data(done, self.words, horizons)
        each = dict(enumerate(one for asked in done for one in asked.interventions.values()))
        model = model_data(self.whole.model.beside(each), horizons)
        return {**model, "timings": timings} if timings else model

    def _window(self, count: int) -> Mapping[str, str]:
        """Return what the first periods are called: by themselves, beside an amount on a card, and by rule."""
        words, named = self.words, {"all": self.words.lasting(count)}
        match words.on_basis:
            case "horizon":
                months = f"{count} {'mo.' if words.period == 'month' else f'{words.period}s'}"
                is_short = words.calendar is not None and len(words.first(count)) <= SHORT
                named["card"] = words.first(count) if is_short else months
            case "pv":
                named |= {"card": "discounted", "brief": "disc."}
            case "run_rate":
                named |= {"choice": words.by(count), "card": "a year", "brief": "/yr"}
        rules = dict.fromkeys(metric.aggregation for metric in self.graph.metrics)
        return {**named, **{rule: words.taken(rule, count) for rule in rules}}

    def _names(self, last: int) -> Mapping[str, list[str]] | None:
        """Return what periods are called, in full, below an axis, and after a preposition that is not just put before.

        None where they go by their numbers.
        """
        if self.words.calendar is None:
            return None
        names = {"full": [self.words.at(t) for t in range(1, last + 1)], "short": list(self.words.ticks(1, last))}
        for preposition in ("in", "by", "from", "to", "after"):
            said = [self.words.placed(preposition, t) for t in range(1, last + 1)]
            if said != [f"{preposition} {name}" for name in names["full"]]:
                names[preposition] = said
        ends = [ending(name) for name in names["full"]]
        return names if ends == names["full"] else names | {"end": ends}

    def _reaches(self, periods: int) -> bool:
        if periods > MAX_HORIZON or (self.whole.model.is_static and self.outcome.aggregation != "sum"):
            return False
        try:
            return math.isfinite(self.whole.model.run(periods).horizon()[self.outcome.index])
        except EvaluationError:  # a series ends before
            return False

    def _as_of(self) -> str:
        dates = [metric.spec.as_of for metric in self.graph.metrics if metric.spec.as_of is not None]
        return f"{max(dates).day} {max(dates):%b %Y}" if dates else ""

    def _paid(self, places: Sequence[int | None]) -> Iterator[list[Any]]:
        """Yield each part of a cost: its share, when it is paid and what counts then, and the words for both."""
        outlays, case = self.outlays, self._base
        each = zip(outlays, parts(outlays), places, terms_of(case, outlays), strict=True)
        for one, share, place, when in each:
            yield [share, max(one.period, 1), self.subject.counts(one.period), place, one.cost.text, when]

    def _movable(self) -> Sequence[int]:
        """Return the metrics that may be changed here: by a slider, or as the page was made, or in a scenario."""
        done = {slot for asked in (self.asked, *(asked for _, asked in self.scenarios)) for slot in asked.slots}
        return [m.index for m in self.graph.metrics if m.spec.level is not None or m.spec.values or m.index in done]

    def _range(self) -> tuple[float, float] | None:
        found = self.answer.range if self.answer is not None else None
        return None if found is None or found.is_point else (found.p10, found.p90)

    def _focus(self) -> int:
        """Return the metric that the page is about: the lifted one, else the first input of the strongest path."""
        by_name = self.graph.by_name
        if self.asked.slots:
            return self.asked.slots[0]
        inputs = [name for name in self.drawn.path if self.graph[name].spec.level is not None]
        others = [metric.name for metric in self.graph.metrics if metric.spec.level is not None]
        return by_name[(inputs or others or [self.outcome.name])[0]]

    @cached_property
    def scenarios(self) -> Sequence[tuple[Mapping[str, Any], Asked]]:
        """The scenarios that can be computed: what is told of each, and what it changes."""
        return list(self._scenarios())

    def _scenarios(self) -> Iterator[tuple[Mapping[str, Any], Asked]]:
        for scenario in self.graph.spec.scenarios:
            try:
                case = Case.of(self.whole, dict(scenario.changes))
                worth = case.change(self.outcome)
            except ImpactTreeError:
                continue
            changes = changes_data(case.asked)
            told = {"name": scenario.name, "label": scenario.title, "changes": changes, "worth": known(worth)}
            yield told, case.asked

    # -- metrics ------------------------------------------------------------------------------------------------

    def _metric(self, metric: Metric) -> Mapping[str, Any]:
        words, spec, name, currency = self.words, metric.spec, metric.name, self.words.currency
        people = {"owner": spec.owner, "source": spec.source, "notes": spec.notes} if self.people else {}
        told = {
            "name": name,
            "label": metric.label,
            "low": lowered(words.titled(name) if metric is self.outcome else metric.label),
            "kind": spec.kind,
            "rule": metric.aggregation,
            "better": spec.better,
            "isAmount": words.is_amount(name),
            "isShare": metric.unit.is_share,
            "count": words.count(name, metric.unit),
            "unit": unit_words(metric.unit)
            or ("" if metric.unit.display or metric.unit.is_money else str(metric.unit)),
            "style": self._style(style_of(metric.unit, currency=currency)),
            "signed": self._style(style_of(metric.unit, currency=currency, difference=True)),
            "input": self._input(metric),
            "about": spec.description or "",
            "formula": spec.formula or ("" if not metric.influences else unparse(metric.rule)),
            "moves": [{"words": one.words, "evidence": self._evidence(one.evidence)} for one in metric.influences],
            **people,
        }
        plain = name[:1].upper() + name[1:].replace("_", " ")
        derived = {"label": plain, "low": metric.label[:1].lower() + metric.label[1:], "signed": told["style"]}
        return _without({key: value for key, value in told.items() if value is not None}, derived)

    def _style(self, style: Mapping[str, Any]) -> int:
        """Return the place of a way of writing numbers among those of the page."""
        if style not in self.styles:
            self.styles.append(style)
        return self.styles.index(style)

    def _evidence(self, evidence: Any) -> str:
        parts = [evidence.grade.replace("_", "-")]
        if self.people and evidence.source:
            parts.append(evidence.source)
        if evidence.date:
            parts.append(f"{evidence.date:%b %Y}")
        return ", ".join(parts)

    def _input(self, metric: Metric) -> Mapping[str, Any] | None:
        """Return how far an input is moved: within its bounds, and somewhat beyond what is stated as plausible."""
        spec = metric.spec
        if spec.value is None:
            is_lifted = metric.index in self.asked.slots and self.asked.recipes[0][1].kind == "wrap"
            return RATIO if is_lifted or spec.values is not None else None
        base = spec.value.central()
        bounds = (spec.bounds and spec.bounds.low_high()) or (-math.inf, math.inf)
        stated = plausible_of(metric)
        reach = 0.25 * (abs(base) or 1.0)
        low, high = stated or (base - reach, base + reach)
        room = max(high - low, 1e-9 * abs(base)) * 0.75
        least, most = max(min(low, base) - room, bounds[0]), min(max(high, base) + room, bounds[1])
        for slot, change in self.asked.interventions.items():
            if slot == metric.index:
                full = reduce(lambda value, step: step.apply(value), change.steps, base)
                least, most = min(least, full), max(most, full)
        return {
            "kind": "value" if metric.origin == "value" else "shift",
            "base": base,
            "least": least,
            "most": most,
            **({"plausible": stated} if stated else {}),
            "bounds": [end if math.isfinite(end) else None for end in bounds],
        }

    # -- how sure -----------------------------------------------------------------------------------------------

    def _draws(self) -> dict[str, Any]:
        """Return what the page draws to say how sure its figures are: the library's own draws, as many of them."""
        slots = (self.outcome.index, *(limit.metric.index for limit in guarded(self.graph)))
        wanted = Wanted(totals=(slots[0],), spans=tuple(limit.span for limit in self._limits()))
        runs = (self.asked.drawn(self.graph),)
        costs = (number for one in self.outlays for number in one.uncertain(self.outcome))
        extra = (*self.asked.uncertain(self.graph), *costs)
        job = Job.of(self.whole.model, self.periods, wanted, runs=runs, extra=extra)
        first = dict.fromkeys((*(number.address for number in extra), *job.drawn))  # what is done here counts first
        chosen = tuple(first)[:MOST_UNCERTAIN]
        drawn = draws_data(job.sampler, chosen, sample_count(self.whole, wanted, self.periods))
        if len(job.drawn) > MOST_UNCERTAIN:
            drawn["count"] = 0
        parameters = {address: place for place, address in enumerate(self.whole.model.addresses)}
        places = {one["address"]: place for place, one in enumerate(drawn["inputs"])}
        for one in drawn["inputs"]:
            address = one.pop("address")
            one |= {
                "parameter": parameters.get(address),
                "label": self._named(address) if address in parameters else "",
            }
        lifts = [
            (slot, drawn_data(change, places)) for slot, change in runs[0].items() if isinstance(change, DrawnChange)
        ]
        paid = [places.get(one.address) for one in self.outlays]
        return {**drawn, "lifts": lifts, "paid": paid, "size": self.whole.sizes(self.periods)[slots[0]]}

    def _limits(self) -> Sequence[Limit]:
        return sized(guarded(self.graph), self.whole.sizes(self.periods))

    def _named(self, address: str) -> str:
        label = label_of(self.graph, address).rpartition(", ")[0] or label_of(self.graph, address)
        target, _, source = label.partition(" <- ")
        return f"{target} per {lowered(source)}" if source else label

    def _guardrails(self) -> Iterator[Mapping[str, Any]]:
        """Yield each limit, how far beyond it is rounding, and whether anything uncertain moves it."""
        for limit in self._limits():
            rests = self.whole.model.part((limit.metric.index,)).addresses
            is_sure = rests.isdisjoint(number.address for number in self.graph.uncertain)
            moved = not self.whole.upstream(limit.metric).isdisjoint(self.asked.slots)
            is_drawn = bool(self.asked.uncertain(self.graph)) and moved
            yield {
                "index": limit.metric.index,
                "side": limit.side,
                "limit": limit.value,
                "slack": limit.slack,
                "isSure": is_sure and not is_drawn,
            }

    # -- the tree -----------------------------------------------------------------------------------------------

    def _views(self) -> list[Mapping[str, Any]]:
        """Return the part that the lift touches, and the whole tree, as places of cards and lines."""
        drawn = replace(self.drawn, cut="full", size="poster", notes=(), callout=None)
        everything = frozenset(card.id for card in drawn.cards)
        carrying = [link for link in drawn.links if link.money_text]
        touched = {*drawn.path, *(link.source for link in carrying), *(link.target for link in carrying)}
        parts = [frozenset(touched & everything)] if self.lift is not None else []
        if everything not in parts:
            parts.append(everything)
        return [self._view(drawn, keep) for keep in parts]

    def _view(self, drawn: Diagram, keep: frozenset[str]) -> Mapping[str, Any]:
        cards = tuple(card for card in drawn.cards if card.id in keep)
        links = (link for link in drawn.links if link.source in keep and link.target in keep)
        thin = tuple(replace(link, elasticity_text="") for link in links)
        scene = layout(replace(drawn, cards=cards, links=thin, path=tuple(name for name in drawn.path if name in keep)))
        return _places(scene, self.graph.by_name, {(link.source, link.target): link.back for link in thin}, drawn)


def _usual(metrics: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return, of what all metrics have, what most of them have."""
    usual: dict[str, Any] = {}
    for key in COMMON:
        counts = Counter(json.dumps({key: metric[key]}) for metric in metrics)
        usual |= json.loads(counts.most_common(1)[0][0])
    return usual


def _without(metric: Mapping[str, Any], usual: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in metric.items() if key not in usual or value != usual[key]}


def _places(
    scene: Scene, by_name: Mapping[str, int], back: Mapping[tuple[str, str], bool], drawn: Diagram
) -> Mapping[str, Any]:
    """Return a laid out tree as places in points: cards, lines and their labels, heads of lanes."""
    assumed = {(link.source, link.target) for link in drawn.links if link.assumed}
    delays = {(link.source, link.target): link.delay for link in drawn.links}
    cards, lines, heads = [], [], []
    labels: dict[tuple[str, str], tuple[float | str, ...]] = {}
    for group in scene.groups:
        if group.role == "label" and group.source:
            text = next(shape for shape in group.shapes if isinstance(shape, Text))
            place = (round(72 * text.x), round(72 * text.y))
            labels[group.source, group.target] = place if text.anchor == "middle" else (*place, text.anchor)
    for group in scene.groups:
        if group.role == "card" and group.id in by_name:
            box = max((s for s in group.shapes if isinstance(s, Box)), key=lambda s: s.width * s.height)
            cards.append([by_name[group.id], *map(_points, (box.x, box.y, box.width, box.height))])
        elif group.role == "connector" and group.source in by_name and group.target in by_name:
            ends = (group.source, group.target)
            more = {
                "back": back.get(ends, False),
                "assumed": ends in assumed,
                "delay": delays.get(ends, ""),
            }
            said = {key: value for key, value in more.items() if value}
            line = (by_name[ends[0]], by_name[ends[1]], _centre(group), labels.get(ends), said)
            lines.append(line if said else line[: 4 if ends in labels else 3])
        elif group.role == "head":
            text = next(shape for shape in group.shapes if isinstance(shape, Text))
            right = max(
                (s.steps[-1][1] for s in group.shapes if isinstance(s, Curve) and len(s.steps[-1]) > 1), default=0
            )
            heads.append([text.text, *map(_points, (text.x, text.y, right))])
    return {"cards": cards, "lines": lines, "heads": heads, "path": [by_name[name] for name in drawn.path]}


def _points(inches: float) -> float:
    return round(inches * 72, 1)


def _centre(group: Group) -> str:
    """Return the middle line of a connector: of a ribbon the way from its foot to its tip."""
    curves = [shape for shape in group.shapes if isinstance(shape, Curve)]
    line = next((curve for curve in curves if curve.stroke and not curve.fill), None)
    if line is None:
        corners = [step[-2:] for step in curves[0].steps if len(step) > 1]
        tip = max(corners, key=lambda corner: corner[0])
        foot = min(corner[0] for corner in corners)
        return _relative([("M", foot, tip[1]), ("L", *tip)])
    head = next((curve for curve in curves if curve.fill and curve is not line), None)
    steps: list[Sequence[Any]] = [*line.steps]
    if head is not None and len(head.steps[0]) > 1:
        steps.append(("L", *head.steps[0][1:3]))
    return _relative(steps)


def _relative(steps: Sequence[Sequence[Any]]) -> str:
    """Return a way in tenths of a point, each place as it lies from the end of the step before.

    A level line is told by how far it goes, and a curve that begins and ends level, its handles half way, by its end.
    """
    x = y = 0
    parts = []
    for kind, *places in steps:
        tenths = [round(720 * place) for place in places]
        away = [at - (y if k % 2 else x) for k, at in enumerate(tenths)]
        if kind == "L" and away[1] == 0:
            away.pop()
        level = kind == "C" and away[1] == 0 and away[3] == away[5]
        if level and all(abs(2 * away[k] - away[4]) <= 2 for k in (0, 2)):
            parts.append(f"s{away[4]} {away[5]}")
        else:
            parts.append(kind.lower() + " ".join(map(str, away)))
        x, y = tenths[-2:] if tenths else (x, y)
    return "".join(parts).replace(" -", "-")
