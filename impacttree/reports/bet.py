"""The deck of one bet: six slides that ask for a decision, and an appendix that answers what will be asked."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from impacttree.analyses.break_even import BreakEven, SwitchingValue, break_even
from impacttree.analyses.diagram import lifted_diagram
from impacttree.analyses.pnl import Pnl, pnl
from impacttree.analyses.sensitivity import sensitivity
from impacttree.analyses.uncertainty import uncertainty
from impacttree.analyses.value_of_information import Decision, value_of_information
from impacttree.analyses.worth import Worth, worth
from impacttree.answers.asked import NOTHING
from impacttree.answers.axis import round_step
from impacttree.answers.case import Case
from impacttree.answers.cost import COST
from impacttree.answers.guardrail_checks import GuardrailCheck
from impacttree.answers.local import local
from impacttree.answers.net_over_time import Returns, returns
from impacttree.answers.samples import percentage
from impacttree.answers.subject import Subject
from impacttree.answers.words import Words, is_still, joined, lowered
from impacttree.errors import Problem, QuestionError
from impacttree.graph.model import Influence, Metric
from impacttree.quantity import Change, RawQuantity, to
from impacttree.reports.appendix import appendix
from impacttree.reports.deck import Deck, read_template
from impacttree.reports.phrases import MONTHS, day_text, is_illustrative, latest_day, period_end, period_name, typeset
from impacttree.spec.address import Address
from impacttree.views import Band, Bar, Bars, Cell, Column, Diagram, Lines, Panel, Series, Table
from impacttree.views.slides import (
    Event,
    Figures,
    Gauge,
    Gauges,
    Passage,
    Prose,
    RangeBar,
    ShareOfBar,
    Shares,
    Signatures,
    Slide,
    SlidePart,
    Spans,
    Timeline,
)

__all__ = ["bet_deck"]

MOST_ROWS = 6
"""Switching values on a slide."""
MOST_BARS = 8
MOST_BETS = 10


@dataclass(frozen=True, eq=False)
class Bet:
    """One change and its cost, and every answer that its slides show."""

    subject: Subject
    metric: str
    change: str | Change
    on: str | None
    scenario: str | None
    cost: RawQuantity | None
    people: bool

    @cached_property
    def worth(self) -> Worth:
        case = Case.of(self.subject, {self.metric: self.change}, None, self.scenario).furthest
        return worth(self.subject, self.metric, self.change, self.on, horizon=case.periods, scenario=self.scenario)

    @property
    def case(self) -> Case:
        return self.worth.case

    @cached_property
    def outcome(self) -> Metric:
        return self.subject.outcome(self.on)

    @cached_property
    def returns(self) -> Returns:
        outcome = self.outcome
        if outcome.aggregation != "sum":
            reason = f"{outcome.label} does not add up over time ({outcome.aggregation_reason})"
            raise QuestionError(Problem(metric=outcome.name, reason=reason, fix="ask about an amount per period"))
        return returns(self.case, outcome, self.cost)

    @cached_property
    def pnl(self) -> Pnl | None:
        """The statement; None where the tree has none that ends in the outcome."""
        try:
            found = pnl(self.subject, {self.metric: self.change}, horizon=self.horizon, scenario=self.scenario)
        except QuestionError:
            return None
        return found if found.lines[-1].metric == self.outcome.name else None

    @cached_property
    def break_even(self) -> BreakEven:
        return break_even(self.subject, self.metric, self.change, self.on, cost=self.cost, horizon=self.horizon)

    @property
    def switching(self) -> tuple[SwitchingValue, ...]:
        try:
            return self.break_even.rows
        except QuestionError:
            return ()

    @cached_property
    def before(self) -> tuple[GuardrailCheck, ...]:
        """The guardrails without the bet."""
        case = replace(self.case, asked=NOTHING)
        return case.risks.beside(case.guardrails) if case.risks is not None else case.guardrails

    @property
    def words(self) -> Words:
        return self.subject.words

    @property
    def horizon(self) -> int:
        return self.worth.horizon

    @property
    def stages(self) -> tuple[int, ...]:
        """The ends of the tree's horizons: months 12, 24 and 36."""
        step = self.subject.periods()
        return tuple(range(step, self.horizon + 1, step)) or (self.horizon,)

    def by(self, period: int) -> str:
        return f"by {self.words.period} {period}"

    @property
    def end(self) -> str:
        return self.by(self.horizon)

    def signed(self, amount: float) -> str:
        return self.words.signed(self.outcome.name, amount)

    def amount(self, amount: float) -> str:
        return self.words.unsigned(self.outcome.name, amount)

    def span(self, low: float, high: float, *, signed: bool) -> str:
        """Write P10 to P90 of what is returned."""
        write = self.signed if signed or low < 0 else self.amount
        return f"{write(low)} to {write(high)}"

    @property
    def asked(self) -> str:
        """What is asked for, as it was written: ``$250k``."""
        return self.amount(self.returns.cost)

    @property
    def lift(self) -> str:
        """``+5% weekly engagement``, ``deploy time at 12 minutes``."""
        label, change = lowered(self.words.label(self.metric)), self.worth.change
        return f"{label} at {change[1:]}" if change.startswith("=") else f"{change} {label}"

    @property
    def run_rate(self) -> float | None:
        """What is returned in the last period, annualised."""
        rate = self.worth.run_rate
        return None if rate is None else rate if self.outcome.spec.better == "higher" else -rate

    @property
    def footer(self) -> tuple[str, str]:
        spec = self.subject.graph.spec
        parts = [f"Source: {spec.name} tree."]
        parts += ["Illustrative data."] if is_illustrative(spec) else []
        day = latest_day(spec)
        parts += [f"As of {day_text(day)}."] if day else []
        parts.append(f"Version {self.subject.fingerprint}.")
        basis = self.words.basis(self.outcome.name, costed=False).partition(", before the cost")[0]
        held = f"lift held from {self.words.period} 1"
        start = period_name(spec, 1)
        held += f" ({start})" if start else ""
        paid = f"; {self.asked} paid once in {self.words.period} 1" if self.cost is not None else "; before any cost"
        within = f"; in the scenario {self.case.scenario}" if self.scenario else ""
        return " ".join(parts), f"Basis: {basis}; {held}{paid}{within}."


@local
def bet_deck(
    subject: Subject,
    metric: str | Sequence[tuple[str, str | Change]] | None = None,
    change: str | Change | None = None,
    on: str | None = None,
    *,
    scenario: str | None = None,
    cost: RawQuantity | None = None,
    template: str | os.PathLike[str] | bytes | None = None,
    people: bool = True,
) -> Deck:
    """Make the deck of a bet: six slides for the people who decide, and an appendix.

    The decision in one sentence, how it makes money, when it comes back, what must be true, the profit and loss
    statement with the guardrails, and what happens next; behind them how sure it is, the paths, scenarios, assumptions,
    definitions and the whole tree. It looks three horizons of the tree ahead. Without a cost nothing is asked for.

    Parameters
    ----------
    subject
        The tree.
    metric, change
        What is done, from period 1; without them the lever with the most to gain from its plausible move. Several bets
        as a list of pairs: the six slides of each.
    on
        The outcome that it is done for, an amount per period; by default the tree's.
    scenario
        A scenario of the model file, held with and without the change.
    cost
        What is asked for, paid once in period 1, in the outcome's unit.
    template
        A company's presentation (``.pptx``), whose fonts, theme colors, logo, layouts and size are kept.
    people
        Whether owners are named.

    Returns
    -------
    Deck
        `slides` as plain data, `save` writes ``.pptx``.

    Raises
    ------
    QuestionError
        When the outcome does not add up over time, or a metric does not exist.

    Examples
    --------
    >>> import impacttree as it
    >>> made = it.template("saas").deck("engagement", "+5%", cost="$250k")
    >>> print(made.slides[0].title)
    We ask $250k: +5% weekly engagement returns $706k by month 36 ($369k to $1.11M) and pays back in month 21
    """
    pairs = _pairs(subject, metric, change, on)
    slides: list[Slide] = []
    for name, done in pairs:
        bet = Bet(subject, name, done, on, scenario, cost, people)
        slides += [*_six(bet), *appendix(bet.worth, bet.returns, bet.footer, whole=(name, done) == pairs[-1])]
    shown = slides if people else [_without_people(slide) for slide in slides]
    return Deck(tuple(map(typeset, shown)), read_template(template))


Acts = list[tuple[str, str | Change]]


def _pairs(subject: Subject, metric: object, change: str | Change | None, on: str | None) -> Acts:
    if metric is None:
        return [_best(subject, on)]
    if isinstance(metric, str):
        if change is None:
            raise QuestionError(Problem(metric=metric, reason="no change is given", fix="write e.g. '+1%'"))
        return [(metric, change)]
    pairs = list(metric) if isinstance(metric, Sequence) else []
    if not pairs or len(pairs) > MOST_BETS or any(not isinstance(p, tuple | list) or len(p) != 2 for p in pairs):
        fix = f"write [('engagement', '+5%'), ('arpu', '+$1')], at most {MOST_BETS}"
        raise QuestionError(Problem(reason="bets are a list of pairs of metric and change", fix=fix))
    return [(name, done) for name, done in pairs]


def _best(subject: Subject, on: str | None) -> tuple[str, Change]:
    """Return the lever whose plausible move gains most, and that move."""
    found = sensitivity(subject, on)
    best = next((row for row in found.rows if row.rank is not None and row.plausible is not None), None)
    if best is None or best.plausible is None:
        fix = "name a metric and a change, or state `plausible` for some metrics"
        raise QuestionError(Problem(reason="no metric states how far it may plausibly move", fix=fix))
    return best.metric, to(best.plausible[1])


def _six(bet: Bet) -> Iterator[Slide]:
    for make in (_decision, _how, _when, _must_hold, _statement, _next):
        slide = make(bet)
        if slide is not None:
            title = slide.title[:1].upper() + slide.title[1:]
            yield replace(slide, title=title, footer=bet.footer, notes=(*slide.notes, *bet.worth.warnings))


def _without_people(slide: Slide) -> Slide:
    def bare(part: SlidePart) -> SlidePart:
        picture = part.picture
        if isinstance(picture, Diagram):
            picture = replace(picture, cards=tuple(replace(card, owner="") for card in picture.cards))
        return replace(part, picture=picture)

    return replace(slide, parts=tuple(map(bare, slide.parts)))


# ---- 1 the decision


def _decision(bet: Bet) -> Slide:
    found, stages = bet.returns, bet.stages
    parts = [SlidePart(Figures(tuple(_tiles(bet))), 0, 12, 0.0, 0.28)]
    parts.append(SlidePart(_spans(bet, stages), 0, 8, 0.34, 1.0))
    parts.append(SlidePart(_evidence(bet), 8, 4, 0.34, 0.68))
    parts.append(SlidePart(Signatures("Sign-off", _signing(bet)), 8, 4, 0.72, 1.0))
    title = _claim(bet)
    if bet.cost is not None:
        back = f"pays back in {bet.words.period} {found.payback}" if found.payback else f"does not pay back {bet.end}"
        title = f"We ask {bet.asked}: {title} and {back}"
    return Slide(title, tuple(parts), _subtitle(bet))


def _claim(bet: Bet) -> str:
    """``+5% weekly engagement returns $706k by month 36 ($369k to $1.11M)``."""
    low, point, high = bet.returns.after(bet.horizon)
    verb = "loses" if point < 0 else "returns" if bet.outcome.spec.better == "higher" else "saves"
    said = f"{bet.lift} {verb} {bet.amount(point)} {bet.end}"
    return said if low == high else f"{said} ({bet.span(low, high, signed=False)})"


def _subtitle(bet: Bet) -> str:
    answer, words = bet.worth, bet.words
    moved = " to ".join(words.apart(bet.metric, answer.metric_before, answer.metric_after))
    said = f"{words.label(bet.metric)} from {moved}"
    first = _first_step(bet)
    if first is None:
        return said
    name, share = first
    slot = bet.subject.graph.by_name[name]
    way = "lower" if bet.case.after[slot] < bet.case.before[slot] else "higher"
    return f"{said}; {share:.0%} of the effect comes through {way} {lowered(words.label(name))}"


def _first_step(bet: Bet) -> tuple[str, float] | None:
    """Return the metric through which most of the effect leaves the one that is changed, and its share."""
    amounts: dict[str, float] = {}
    for edge in bet.worth.edges:
        if edge.source == bet.metric:
            amounts[edge.target] = amounts.get(edge.target, 0.0) + edge.amount
    if not amounts or not bet.worth.total:
        return None
    name = max(amounts, key=lambda one: amounts[one] / bet.worth.total)
    share = amounts[name] / bet.worth.total
    return (name, share) if 0.5 <= share <= 1.0 + 1e-9 else None


def _tiles(bet: Bet) -> Iterator[Panel]:
    found, words = bet.returns, bet.words
    low, point, high = found.after(bet.horizon)
    spread = f"P10 to P90: {bet.span(low, high, signed=False)}" if low != high else lowered(bet.outcome.label)
    if bet.cost is None:
        for period in bet.stages[:-1]:
            ends = found.after(period)
            small = f"P10 to P90: {bet.span(ends[0], ends[2], signed=False)}" if ends[0] != ends[2] else ""
            yield Panel(f"Worth {bet.by(period)}", bet.signed(ends[1]), small)
        yield Panel(f"Worth {bet.end}", bet.signed(point), spread, accent=True)
        yield Panel("Run rate", bet.signed(bet.run_rate or 0.0), f"a year, {bet.end}")
        return
    yield Panel("We ask", bet.asked, f"once, in {words.period} 1")
    yield Panel(f"Returns {bet.end}", bet.signed(point), spread, accent=True)
    net = (
        f"P10 to P90: {bet.span(low - found.cost, high - found.cost, signed=True)}" if low != high else "after the cost"
    )
    yield Panel(f"Net {bet.end}", bet.signed(found.net[-1]), net)
    yield Panel("Pays back in", *_payback(bet))


def _payback(bet: Bet) -> tuple[str, str]:
    """Return the period of payback in large letters, and its date and range below."""
    found, period = bet.returns, bet.words.period
    if found.payback is None:
        return "not yet", f"not within {bet.words.periods(bet.horizon)}"
    when = period_name(bet.subject.graph.spec, found.payback)
    late = str(found.payback_high) if found.payback_high else f"after {bet.horizon}"
    ends = f"P10 to P90: {found.payback_low} to {late}" if found.payback_low != found.payback_high else ""
    return f"{period} {found.payback}", "; ".join(text for text in (when, ends) if text)


def _spans(bet: Bet, stages: Sequence[int]) -> Spans:
    rows = []
    for period in stages:
        low, point, high = bet.returns.after(period)
        texts = (bet.amount(low) if low >= 0 else bet.signed(low), bet.amount(point), bet.amount(high))
        texts = texts if point >= 0 else (bet.signed(low), bet.signed(point), bet.signed(high))
        rows.append(RangeBar(f"By {bet.words.period} {period}", low, point, high, *texts, strong=period == stages[-1]))
    ends = [0.0, *(row.low for row in rows), *(row.high for row in rows)]
    ends += [bet.returns.cost] if bet.cost is not None else []
    levels = tuple((level, _level(bet, level)) for level in _levels(min(ends), max(ends)))
    title = "What it returns against what it costs" if bet.cost is not None else "What it returns"
    ask = (bet.returns.cost, f"ask {bet.asked}") if bet.cost is not None else (None, "")
    return Spans(f"{title}, {lowered(bet.outcome.label)}", tuple(rows), levels, *ask)


def _levels(low: float, high: float) -> list[float]:
    """Return round numbers that span two values, in six steps or fewer."""
    step = round_step(high - low or 1.0, 6)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, last + 1)]


def _level(bet: Bet, level: float) -> str:
    return bet.words.value(bet.outcome.name, level)


def _evidence(bet: Bet) -> Shares:
    answer = bet.worth
    shares = tuple(
        ShareOfBar(text, grounds.share) for text, grounds in zip(answer.evidence_mix, answer.rests_on, strict=True)
    )
    notes: list[str] = []
    if len(answer.evidence_mix) > 1:
        notes.append(f"{joined(answer.evidence_mix[1:])}.")
    source = next((one for one in _influences(bet) if one.evidence.source), None)
    if source is not None:
        dated = source.evidence.date
        when = f", {MONTHS[dated.month - 1]} {dated.year}" if dated else ""
        notes = [" ".join([*notes, f"{source.evidence.source}{when}."])]
    if bet.returns.loss is not None and bet.cost is not None:
        notes.append(f"Chance that it loses money {bet.end}: {percentage(bet.returns.loss)}")
    if not shares:
        return Shares(
            "How good is the evidence", (ShareOfBar("formulas alone, no evidence stated", 1.0),), tuple(notes)
        )
    return Shares("How good is the evidence", shares, tuple(notes))


def _influences(bet: Bet) -> list[Influence]:
    """Return the assumed effects that the worth rests on, along its largest paths first."""
    graph = bet.subject.graph
    found: dict[tuple[str, str], Influence] = {}
    for path in bet.worth.paths:
        for source, target in zip(path.metrics, path.metrics[1:], strict=False):
            for influence in graph[target].influences:
                if influence.source == source:
                    found.setdefault((source, target), influence)
    return list(found.values())


def _owner(bet: Bet, name: str) -> str:
    return (bet.subject.graph[name].spec.owner or "") if bet.people else ""


def _signing(bet: Bet) -> tuple[tuple[str, str], ...]:
    return (("Owner", _owner(bet, bet.metric)), ("Approves", _owner(bet, bet.outcome.name)))


# ---- 2 how it makes money


def _how(bet: Bet) -> Slide:
    board = replace(lifted_diagram(bet.worth, "board"), panels=(), callout=None, title="", subtitle="", notes=())
    equation = _equation(bet)
    parts = [SlidePart(board, 0, 12, 0.0, 0.7 if equation else 1.0)]
    parts += [SlidePart(equation, 0, 12, 0.76, 1.0)] if equation else []
    words, when = bet.words, bet.words.periods(bet.horizon)
    subtitle = (
        f"{words.label(bet.outcome.name)} carried on each arrow, {when}; open dot: assumed effect, no dot: formula"
    )
    return Slide(_how_title(bet), tuple(parts), subtitle)


def _how_title(bet: Bet) -> str:
    words, answer = bet.words, bet.worth
    label = words.label(bet.metric)
    if not answer.paths or not answer.total:
        return f"{label} does not move {lowered(bet.outcome.label)}"
    amounts: dict[str, float] = {}
    for edge in answer.edges:
        if edge.source == bet.metric:
            amounts[edge.target] = amounts.get(edge.target, 0.0) + edge.amount
    name = max(amounts, key=lambda one: amounts[one] * answer.total)
    through = "directly" if name == bet.outcome.name else f"through {lowered(words.label(name))}"
    said = f"{label} pays {through}"
    if 0 < amounts[name] / answer.total < 0.995:
        said += f": {bet.amount(amounts[name])} of the {bet.amount(answer.total)}"
    back = _takes_back(bet)
    return f"{said}, and {back}" if back else said


def _takes_back(bet: Bet) -> str:
    """``COGS takes back $165k of $871k revenue``."""
    if bet.pnl is None:
        return ""
    moved = [line for line in bet.pnl.lines if line.role != "=" and not is_still(line.before, line.after)]
    gains, costs = [line for line in moved if line.change > 0], [line for line in moved if line.change < 0]
    if len(gains) != 1 or not costs:
        return ""
    cost = min(costs, key=lambda line: line.change)
    return (
        f"{cost.label} takes back {bet.amount(cost.change)} of {bet.amount(gains[0].change)} {lowered(gains[0].label)}"
    )


def _equation(bet: Bet) -> Figures | None:
    """Return what moves in the statement as an equation: revenue less costs is the outcome, less the ask is the net."""
    if bet.pnl is None:
        return None
    moved = [line for line in bet.pnl.lines if line.role != "=" and not is_still(line.before, line.after)]
    if not 1 <= len(moved) <= 3:
        return None
    when = f"in {bet.words.periods(bet.horizon)}"
    panels, signs = [], []
    for number, line in enumerate(moved):
        minus = line.change < 0 and number > 0
        panels.append(Panel(line.label, bet.amount(line.change) if minus else bet.signed(line.change), when))
        signs += [("−" if minus else "+")] if number else []
    panels.append(Panel(bet.outcome.label, bet.signed(bet.worth.total), "before the ask" if bet.cost else when,
                        accent=bet.cost is None))  # fmt: skip
    signs.append("=")
    if bet.cost is not None:
        panels.append(Panel("The ask", bet.asked, f"once, in {bet.words.period} 1"))
        panels.append(Panel("Net", bet.signed(bet.returns.net[-1]), bet.end, accent=True))
        signs += ["−", "="]
    return Figures(tuple(panels), tuple(signs))


# ---- 3 when it comes back


def _when(bet: Bet) -> Slide:
    found, words = bet.returns, bet.words
    ticks = tuple(str(t) for t in range(1, bet.horizon + 1))
    last = bet.signed(found.net[-1])
    bands: tuple[Band, ...] = ()
    ends = [0.0, min(found.net), max(found.net)]
    if found.low is not None and found.high is not None and found.low != found.high:
        texts = (f"P10 {bet.signed(found.low[-1])}", f"P90 {bet.signed(found.high[-1])}")
        bands = (Band(found.low, found.high, "P10 to P90", *texts),)
        ends += [min(found.low), max(found.high)]
    levels = tuple((level, bet.signed(level)) for level in _levels(min(ends), max(ends)))
    lines = Lines("", "", ticks, (Series("Net", found.net, last, accent=True),), levels, (), bands)
    what = "Cumulative net effect" if bet.cost is not None else "Cumulative effect"
    subtitle = f"{what} on {lowered(bet.outcome.label)} by {words.period}; line as stated"
    subtitle += ", band P10 to P90" if bands else ""
    parts = (SlidePart(lines, 0, 9), SlidePart(Figures(tuple(_stations(bet)), upright=True), 9, 3))
    return Slide(_when_title(bet), parts, subtitle)


def _when_title(bet: Bet) -> str:
    found, period = bet.returns, bet.words.period
    net = bet.signed(found.net[-1])
    if bet.cost is None:
        rate = bet.run_rate
        tail = f", at a run rate of {bet.signed(rate)} a year" if rate is not None else ""
        return f"{bet.lift} stands at {net} {bet.end}{tail}"
    if found.payback is None:
        return f"The {bet.asked} is not back {bet.end}: the net stands at {net}"
    return f"The {bet.asked} is back by {period} {found.payback} and stands at {net} {bet.end}"


def _stations(bet: Bet) -> Iterator[Panel]:
    found, words = bet.returns, bet.words
    rate = f"run rate {bet.signed(bet.run_rate)} a year" if bet.run_rate is not None else ""
    spread = ""
    if found.low is not None and found.high is not None:
        spread = f"{bet.span(found.low[-1], found.high[-1], signed=True)} (P10 to P90)"
    detail = "; ".join(text for text in (spread, rate) if text)
    if bet.cost is None:
        for period in bet.stages[:-1]:
            low, point, high = found.after(period)
            small = f"{bet.span(low, high, signed=True)} (P10 to P90)" if low != high else ""
            yield Panel(f"Worth {bet.by(period)}", bet.signed(point), small)
        yield Panel(f"Worth {bet.end}", bet.signed(found.net[-1]), detail, accent=True)
        return
    period, amount = found.deepest
    yield Panel("Deepest outlay", bet.signed(amount), f"after {words.period} {period}")
    large, small = _payback(bet)
    yield Panel("Payback", large, small)
    yield Panel(f"Net {bet.end}", bet.signed(found.net[-1]), detail, accent=True)


# ---- 4 what must be true


def _must_hold(bet: Bet) -> Slide | None:
    try:
        found = bet.break_even
    except QuestionError:
        return None
    table = found.view()
    rows = [_short(bet, row) for row in table.rows[:MOST_ROWS]]
    condition = table.columns[2].label
    columns = (Column("What must hold"), Column("We assume"), Column(condition), Column("P10 to P90"), Column(""))
    head = "Where it would stop paying, one at a time" if bet.cost is not None else "Where it would turn around"
    left = Table(head, columns, tuple(rows), accent=table.accent)
    said = "The check mark: it holds over the whole range, P10 to P90."
    if bet.returns.loss is not None and bet.cost is not None:
        said += f" At {bet.worth.change}, {percentage(1 - bet.returns.loss)} of all samples pay."
    tornado = _tornado(bet)
    wide = 7 if tornado else 12
    parts = [SlidePart(left, 0, wide, 0.0, 0.8), SlidePart(Prose("", (Passage(said),)), 0, wide, 0.83, 1.0)]
    parts += [SlidePart(tornado, 7, 5)] if tornado else []
    until = f"the net {bet.end} is zero" if bet.cost is not None else f"the effect {bet.end} changes sign"
    subtitle = f"Each assumption moved alone until {until}"
    subtitle += " (left) and across its range (right)" if tornado else ""
    return Slide(_must_title(bet, found, rows), tuple(parts), subtitle, notes=table.notes)


def _must_title(bet: Bet, found: BreakEven, rows: Sequence[tuple[Cell, ...]]) -> str:
    if table_lift := next((row for row in rows if row[0].value == f"{bet.metric}.lift"), None):
        needs = table_lift[2].text
        would = "pays" if found.pays else "would pay"
        label = lowered(bet.words.label(bet.metric))
        size, _, side = needs.partition(" or ")
        bare, assumed = size.lstrip("+-"), table_lift[1].text.lstrip("+-")
        if size[:1] not in "+-" or size[:1] != table_lift[1].text[:1]:
            return f"It {would} if {label} moves by {needs}; we assume {table_lift[1].text}"
        way = "rises" if size.startswith("+") else "falls"
        most = "at least" if (side == "more") == (way == "rises") else "at most"
        return f"It {would} if {label} {way} {most} {bare}; we assume {assumed}"
    return found.title


def _short(bet: Bet, row: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return a row in fewer words: what an effect is counted per stands in its name, a unit once in a range."""
    name, *amounts, spread, mark = row
    per = _PER.search(amounts[0].text)
    texts = [_PER.sub("", cell.text) for cell in (*amounts, spread)]
    low, between, high = texts[-1].partition(" to ")
    unit = re.search(r"\D*$", high)
    if between and unit and unit.group() and low.endswith(unit.group()):
        texts[-1] = f"{low.removesuffix(unit.group())}{between}{high}"
    shown = _named(bet, name)
    if per is not None:
        shown = replace(shown, text=shown.text.replace(" per ", f" per {per.group(1)} ", 1))
    cells = (replace(cell, text=text) for cell, text in zip((*amounts, spread), texts, strict=True))
    return (shown, *cells, _mark(mark))


_PER = re.compile(r" per (\+\S+)")


def _named(bet: Bet, cell: Cell) -> Cell:
    """Name a number as people at a table do: ``Monthly churn per weekly engagement``."""
    address, words = Address.parse(str(cell.value)), bet.words
    if address.source is not None:
        return replace(cell, text=f"{words.label(address.metric)} per {lowered(words.label(address.source))}")
    if address.key == "lift":
        return replace(cell, text=f"{words.label(address.metric)}, the lift")
    return replace(cell, text="Cost of the bet") if cell.value == COST else cell


def _mark(cell: Cell) -> Cell:
    return Cell("✓") if cell.text == "over its range" else Cell("not all") if cell.text.startswith("NOT") else Cell("")


def _tornado(bet: Bet) -> Bars | None:
    """Return what the worth rests on: each uncertain number alone from its P10 to its P90."""
    changes = {bet.metric: bet.change}
    found = uncertainty(bet.subject, bet.on, 2**8, changes=changes, horizon=bet.horizon, scenario=bet.scenario)
    name, words = bet.outcome.name, bet.words
    bars = []
    for row in found.rows[:MOST_BARS]:
        if row.outcome_low is not None and row.outcome_high is not None and row.swing:
            ends = (row.outcome_low, row.outcome_high)
            tones = (words.tone(name, ends[0] - found.central), words.tone(name, ends[1] - found.central))
            label = _named(bet, Cell(row.label, row.address)).text
            low_text, high_text = map(bet.signed, ends)
            bars.append(Bar(label, *ends, low_text, high_text, *tones))
    if not bars:
        return None
    title = f"What the {bet.amount(found.central)} rests on, P10 to P90 each"
    return Bars(title, "", found.central, bet.signed(found.central), tuple(bars))


# ---- 5 profit and loss, and guardrails


def _statement(bet: Bet) -> Slide | None:
    checks = bet.worth.guardrails
    if bet.pnl is None and not checks:
        return None
    parts = []
    wide = 8 if checks else 12
    if bet.pnl is not None:
        parts.append(SlidePart(_with_cost(bet, bet.pnl), 0, wide))
    if checks:
        head = f"Guardrails, worst {bet.words.period} of {bet.horizon}"
        gauges = Gauges(head, tuple(_gauge(bet, check) for check in checks[:MOST_GAUGES]))
        parts.append(SlidePart(gauges, 12 - wide + 4 if bet.pnl else 0, 4 if bet.pnl else 12))
    notes = tuple(check.text for check in checks)
    return Slide(_statement_title(bet), tuple(parts), _statement_subtitle(bet), notes=notes)


def _statement_title(bet: Bet) -> str:
    broken = [check.label for check in bet.worth.guardrails if not check.holds]
    likely = max((check.risk or 0.0 for check in bet.worth.guardrails), default=0.0)
    kept = "every guardrail holds" if likely < NOTABLE else "every guardrail holds as stated"
    rails = kept if not broken else f"{joined(broken)} {'breaks' if len(broken) == 1 else 'break'}"
    rails += "" if not broken else " its guardrail" if len(broken) == 1 else " their guardrails"
    if bet.pnl is None:
        return rails[:1].upper() + rails[1:]
    last, words = bet.pnl.lines[-1], bet.words
    if is_still(last.before, last.after):
        said = f"{last.label} does not move over {words.periods(bet.horizon)}"
    else:
        verb = "rises" if last.change > 0 else "falls"
        to_level = words.value(last.metric, last.after)
        said = f"{last.label} {verb} {bet.amount(last.change)} to {to_level} over {words.periods(bet.horizon)}"
    return f"{said}, and {rails}" if bet.worth.guardrails else said


def _statement_subtitle(bet: Bet) -> str:
    """Say which scenario of the file breaks a guardrail, with or without the bet."""
    subject = bet.subject
    for scenario in subject.graph.spec.scenarios:
        case = Case.of(subject, dict(scenario.changes), bet.horizon)
        broken = [check for check in case.guardrails if not check.holds]
        if broken and not bet.scenario:
            check = broken[0]
            value, limit = bet.words.apart(check.metric, check.value, check.limit)
            where = f"In the scenario {lowered(scenario.title)}, without the bet, {check.label} stands at {value}"
            return f"{where}, {'below its floor' if check.side == 'floor' else 'above its cap'} of {limit}"
    return f"Profit and loss over {bet.words.periods(bet.horizon)}, rounded so that rows and columns add up"


def _with_cost(bet: Bet, statement: Pnl) -> Table:
    """Return the statement with the cost of the bet, and what is left after it, below."""
    table = statement.view()
    if bet.cost is None or not statement.changes:
        return replace(table, notes=())
    step = 10.0 ** statement.scale[0]
    before, after, change = statement.shown()[-1]
    net = round((statement.lines[-1].change - bet.returns.cost) / step)
    spent = net - change
    cost = (Cell("Cost of the bet"), Cell(""), Cell(f"{spent:,}"), Cell(f"{spent:,}"), Cell(""))
    last = statement.lines[-1]
    relative = bet.words.percent(last.before, last.change - bet.returns.cost)
    texts = ("After the cost", f"{before:,}", f"{after + spent:,}", f"{net:+,}" if net else "0", relative)
    left = tuple(map(Cell, texts))
    totals = table.totals | {len(table.rows) + 1}
    return replace(table, rows=(*table.rows, cost, left), totals=totals, notes=())


MOST_GAUGES = 3
NOTABLE = 0.05
"""Risk of a breach from which on the title does not call a guardrail safe."""


def _gauge(bet: Bet, check: GuardrailCheck) -> Gauge:
    value, limit = bet.words.apart(check.metric, check.value, check.limit)
    reach = 1.6 * max(abs(check.value), abs(check.limit)) or 1.0
    verdict = "Holds." if check.holds else f"Broken in {bet.words.periods(len(check.breached))} of {bet.horizon}."
    before = {(one.metric, one.side): one.risk for one in bet.before}.get((check.metric, check.side))
    if check.risk is not None and before is not None:
        verdict += f" Risk of breach: {percentage(before)} before, {percentage(check.risk)} after"
    places = (min(1.0, max(0.0, check.value / reach)), min(1.0, max(0.0, check.limit / reach)))
    return Gauge(check.label, value, *places, f"{check.side} {limit}", verdict, breached=not check.holds)


# ---- 6 what happens next


def _next(bet: Bet) -> Slide:
    words, spec = bet.words, bet.subject.graph.spec
    check = max(1, round(bet.subject.periods() / 4))
    day = period_end(spec, check)
    on_day = f"on {day_text(day)}" if day else f"by {words.period} {check}"
    needs = _needs(bet)
    what = lowered(words.label(bet.metric))
    ask = f"Approve {bet.asked}" if bet.cost is not None else f"Decide on {bet.lift}"
    title = f"{ask}; {on_day} {what} must stand at {needs}" if needs else f"{ask}; check {what} {on_day}"
    release = f"Release {bet.asked} for {bet.lift}" if bet.cost is not None else f"Commit to {bet.lift}"
    passages = [Passage(f"{release}, held for {words.periods(bet.horizon)}.", strong=True)]
    passages += [Passage(text) for text in _worth_knowing(bet)]
    rows = [
        ("Owner", _owner(bet, bet.metric), f"delivers {_target(bet)} {what}"),
        ("Approves", _owner(bet, bet.outcome.name), f"answers for {lowered(bet.outcome.label)}"),
    ]
    people = Table("", (Column("Role"), Column("Who"), Column("What")),
                   tuple(tuple(map(Cell, row)) for row in rows))  # fmt: skip
    parts = (
        SlidePart(Prose("Decision requested", tuple(passages), accent=True), 0, 7, 0.0, 0.34),
        SlidePart(people, 0, 7, 0.38, 0.62),
        SlidePart(_numbers(bet, on_day, needs), 7, 5, 0.0, 0.4),
        *([SlidePart(Prose("", (Passage(_or_else(bet, needs)),)), 7, 5, 0.43, 0.62)] if needs else []),
        SlidePart(Timeline(tuple(_events(bet, check))), 0, 12, 0.68, 1.0),
    )
    return Slide(title, parts, "One decision, one owner, one day at which we act if the number is not there")


def _or_else(bet: Bet, needs: str) -> str:
    limit, _, side = needs.partition(" or ")
    beyond = "Below" if side == "more" else "Above"
    who = _owner(bet, bet.metric)
    return f"{beyond} {limit} the {bet.asked} does not come back {bet.end}" + (f": {who} acts." if who else ".")


def _target(bet: Bet) -> str:
    return bet.words.value(bet.metric, bet.worth.metric_after)


def _needs(bet: Bet) -> str:
    """Return the level at which the bet still pays, rounded to the side that does: ``42.8% or more``."""
    if bet.cost is None:
        return ""
    first = next((row for row in bet.switching if row.address == f"{bet.metric}.lift"), None)
    answer = bet.worth
    if first is None or first.at is None or not first.today:
        return ""
    level = answer.metric_before + (answer.metric_after - answer.metric_before) * first.at / first.today
    rising = answer.metric_after > answer.metric_before
    return f"{_rounded_level(bet, level, up=rising)} or {'more' if rising else 'less'}"


def _rounded_level(bet: Bet, level: float, *, up: bool) -> str:
    """Write a level with three digits, rounded to the side that still holds."""
    digits = 2 - math.floor(math.log10(abs(level))) if level else 0
    scaled = level * 10.0**digits
    whole = math.ceil(scaled - 1e-9) if up else math.floor(scaled + 1e-9)
    return bet.words.value(bet.metric, whole / 10.0**digits)


def _worth_knowing(bet: Bet) -> Iterator[str]:
    """Say what it is worth to wait and learn."""
    if bet.cost is None:
        return
    asked = Decision(bet.metric, bet.change, cost=bet.cost, on=bet.on)
    found = value_of_information(bet.subject, asked, 2**12, horizon=bet.horizon, scenario=bet.scenario)
    if not found.evpi:
        yield f"No measurement can change this decision: {found.choice}."
        return
    most = found.evpi + 2.0 * (found.evpi_error or 0.0)
    yield f"Waiting to learn everything first is worth at most {bet.amount(most)}."
    if found.measure is not None:
        number = _named(bet, Cell(found.measure.label, found.measure.address)).text
        yield f"The number to measure next: {lowered(number)}."


def _numbers(bet: Bet, on_day: str, needs: str) -> Table:
    words, case = bet.words, bet.case
    first = _first_step(bet)
    rows = [(words.label(bet.metric), words.value(bet.metric, bet.worth.metric_before), _target(bet),
             needs.removesuffix(" or more").removesuffix(" or less") or "watch")]  # fmt: skip
    if first is not None and first[0] != bet.outcome.name:
        slot = bet.subject.graph.by_name[first[0]]
        rows.append((words.label(first[0]), words.value(first[0], case.before[slot]),
                     words.value(first[0], case.after[slot]), "watch"))  # fmt: skip
    side = "Act below" if bet.worth.metric_after > bet.worth.metric_before else "Act above"
    columns = (Column(""), Column("Today", "right"), Column("Plan", "right"), Column(side if needs else "", "right"))
    when = on_day.removeprefix("on ")
    return Table(f"Next numbers to measure, {when}", columns, tuple(tuple(map(Cell, row)) for row in rows), accent=0)


def _events(bet: Bet, check: int) -> Iterator[Event]:
    words, found, last = bet.words, bet.returns, bet.horizon

    def when(period: int) -> str:
        end = period_end(bet.subject.graph.spec, period)
        name = f"{words.period.capitalize()} {period}"
        return f"{name}, {end.day} {day_text(end).split()[1][:3]} {end.year}" if end else name

    def at(period: int) -> float:
        return (period - 1) / max(1, last - 1)

    events = {1: Event(0.0, f"{bet.asked} paid" if bet.cost is not None else "begin", when(1), "money")}
    events[last] = Event(1.0, f"{'net ' if bet.cost is not None else ''}{bet.signed(found.net[-1])}", when(last))
    if found.payback and found.payback not in events:
        events[found.payback] = Event(at(found.payback), "paid back", when(found.payback))
    events.setdefault(check, Event(at(check), "first check", when(check), "check"))
    one = bet.stages[0]
    events.setdefault(one, Event(at(one), f"{bet.signed(found.after(one)[1])} returned", when(one)))
    yield from (events[period] for period in sorted(events))
