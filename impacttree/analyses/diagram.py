"""The tree as a picture, with what a lift carries along each edge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from impacttree.analyses.worth import Worth, worth
from impacttree.answers.asked import Basis
from impacttree.answers.case import Case
from impacttree.answers.grounds import UNSTATED
from impacttree.answers.guardrail_checks import GuardrailCheck
from impacttree.answers.left_out import left_out_note, left_out_texts
from impacttree.answers.local import local
from impacttree.answers.outlays import Costs
from impacttree.answers.placeholders import ILLUSTRATIVE, placeholder_note, placeholders
from impacttree.answers.ranges import range_text
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.verdict import net_text, payback_text
from impacttree.answers.words import Words, is_still, joined, lowered, noted, undefined
from impacttree.errors import Problem, QuestionError
from impacttree.graph.model import Metric
from impacttree.quantity import Change, shown_levels, unit_words
from impacttree.records import dataclass
from impacttree.views import Aside, Callout, Card, Diagram, Link, Panel

if TYPE_CHECKING:
    from impacttree.render.layout import Size

__all__ = ["Cut", "Picture", "changed_diagram", "diagram", "lifted_diagram"]

Cut = Literal["full", "board"]
SAID = 2
"""Broken guardrails that the subtitle names."""


@dataclass(frozen=True, repr=False)
class Picture(Result):
    """The tree as a diagram; save it by suffix (``.svg .png .pdf .dot .mmd``), or show it in a notebook."""

    drawn: Diagram

    def view(self) -> Diagram:
        return self.drawn

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "source": link.source,
                "target": link.target,
                "assumed": link.assumed,
                "delay": link.delay,
                "elasticity": link.elasticity,
                "amount": link.money,
            }
            for link in self.drawn.links
        ]


@local
def diagram(
    subject: Subject,
    lift: tuple[str, str | Change] | None = None,
    on: str | None = None,
    cut: Cut = "full",
    size: Size = "slide",
    *,
    cost: Costs | None = None,
    horizon: Horizon = None,
    over: Over = None,
    scenario: str | None = None,
    basis: Basis = "horizon",
) -> Picture:
    """Draw the tree; with `lift`, the money that it carries along each edge.

    Parameters
    ----------
    subject
        The tree.
    lift
        A metric and its change, whose money is drawn along the edges.
    on
        The outcome; by default the tree's.
    cut
        ``full`` shows every metric, ``board`` at most six along the main path.
    size
        ``slide`` (16:9) shows up to 40 metrics, 60 where the lift changes more than 40, and 400 lines; ``poster`` 400
        metrics and 2,000 lines. A larger tree is folded from its far ends inwards, and the picture says what it leaves
        out.
    cost
        What the lift costs, as `worth` takes it: the picture then shows the net at one, two and three horizons
        and when it has paid back.
    horizon
        Periods over which the lift is worth what is drawn, as a number or ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``, ``"FY27 Q2"``, ``"2027-04 to 2027-09"``.
    scenario
        A scenario of the model file, held without and with the lift.
    basis
        How amounts count: as they come, with ``"run_rate"`` as the last period annualised, or with ``"pv"`` discounted
        to today as the model's ``finance`` says.
    """
    subject = subject.over(over, horizon).on_basis(basis)
    if cut not in ("full", "board"):
        raise QuestionError(f"cut is {cut!r}; use 'full' or 'board'")
    if size not in ("slide", "poster"):
        raise QuestionError(f"size is {size!r}; use 'slide' or 'poster'")
    if lift is None:
        if cost is not None:
            raise QuestionError(Problem(reason="a cost is that of a lift, and there is none", fix="name a lift, too"))
        plain = _plain(Case.of(subject, None, horizon, scenario), subject.outcome(on))
        return Picture(subject.provenance("values at t = 0"), replace(plain, cut=cut, size=size))
    if not isinstance(lift, tuple | list) or len(lift) != 2:
        raise QuestionError("lift is a pair of a metric and its change, as ('engagement', '+1%')")
    answer = worth(subject, lift[0], lift[1], on, cost=cost, horizon=horizon, scenario=scenario, basis=basis)
    return Picture(answer.provenance, replace(lifted_diagram(answer, cut), size=size))


def _plain(case: Case, outcome: Metric) -> Diagram:
    subject, words = case.subject, case.words
    elasticities = _elasticities(case)
    breached = {check.metric for check in case.guardrails if not check.holds}
    cards = tuple(
        _card(words, metric, _today(subject, metric), metric.name in breached) for metric in subject.graph.metrics
    )
    links = _links(subject, elasticities)
    figures = f"Figures on arrows: {_elasticity(words)}." if any(link.elasticity_text for link in links) else ""
    illustrative = f"{ILLUSTRATIVE.capitalize()}." if subject.graph.spec.illustrative else ""
    return Diagram(
        title=words.headed(subject.graph.spec.name),
        subtitle=f"What drives {words.label(outcome.name)}: {len(cards)} metric{'s' * (len(cards) != 1)}, values today",
        cards=cards,
        links=links,
        outcome=outcome.name,
        path=_strongest(subject, outcome, elasticities),
        notes=tuple(note for note in (figures, illustrative, _template_note(subject), *noted(case.warnings())) if note),
        period=words.period,
    )


def changed_diagram(case: Case, outcome: Metric) -> Diagram:
    """Return the picture of where several changes lead: every metric after them, without the money along edges."""
    if not case.asked.recipes:
        return _plain(case, outcome)
    words, slot = case.words, outcome.index
    breached = {check.metric for check in case.guardrails if not check.holds}
    effect = words.effect(outcome.name, case.before[slot], case.after[slot], plural=len(case.moves) > 1)
    return replace(
        _plain(case, outcome),
        title=words.headed(f"{joined([move.text for move in case.moves])} {effect}", outcome.name),
        subtitle=f"{words.label(outcome.name)} {words.over(outcome.name, case.periods)}",
        cards=tuple(_card(words, m, _moved(case, m), m.name in breached) for m in case.subject.graph.metrics),
        notes=(*noted(case.warnings()), f"Basis: {words.marked(words.basis(outcome.name, lifted=False))}."),
    )


def lifted_diagram(answer: Worth, cut: Cut) -> Diagram:
    """Return the picture of what a lift carries, of an answer that is there already."""
    case, words, metric = answer.case, answer.words, answer.metric
    subject = case.subject
    through = _through(answer)
    breached = {check.metric for check in answer.guardrails if not check.holds}
    cards = tuple(
        _card(words, m, _moved(case, m), m.name in breached, through.get(m.name, 0.0)) for m in subject.graph.metrics
    )
    main = [path for path in answer.paths if path.amount * answer.total > 0]
    board = cut == "board"
    links = _links(subject, _elasticities(case), answer)
    lift = case.moves[0].text.replace("->", "→") if board else words.changed(metric, answer.change)
    drawn = Diagram(
        title=words.headed(
            answer.provenance.told(f"{lift} {answer.verdict or answer.claim}"),
            answer.outcome,
        ),
        subtitle=_subtitle(answer),
        cards=cards,
        links=links,
        outcome=answer.outcome,
        path=main[0].metrics if main else (metric,),
        lifted=metric,
        callout=_callout(answer),
        panels=_panels(subject, answer) if board else (),
        period=words.period,
        cut=cut,
    )
    drawn = _footed(drawn, answer) if board else drawn
    return replace(drawn, notes=_notes(answer, drawn))


def _footed(drawn: Diagram, answer: Worth) -> Diagram:
    """Return a board on which the flow into a box, and what joins or leaves the path there, make the flow out of it."""
    from impacttree.render.layout.cut import board, cleaned

    words, shown = answer.words, board(cleaned(drawn)).diagram
    arrows = {(link.source, link.target): link.money for link in shown.links}
    place = {name: position for position, name in enumerate(drawn.path)}
    flows: list[_Flow] = []
    levels, ends = [answer.total], []
    for number, name in enumerate(shown.path):
        before = place[shown.path[number - 1]] + 1 if number else 0
        after = place[shown.path[number + 1]] if number + 1 < len(shown.path) else len(drawn.path)
        out = arrows.get((name, shown.path[number + 1]), 0.0) if number + 1 < len(shown.path) else answer.total
        parts = _parts(drawn, name, drawn.path[before:after], out - levels[-1], answer.total)
        for part in parts:
            levels.append(levels[-1] + part.amount)
        flows += parts
        ends.append(len(levels))
        levels.append(out)
    texts, steps = shown_levels(levels, words.unit(answer.outcome), currency=words.currency)
    written: dict[tuple[str, str], str] = {}
    for (first, last), end in zip(pairwise(shown.path), ends, strict=False):
        stretch = pairwise(drawn.path[place[first] : place[last] + 1])
        written |= dict.fromkeys(stretch, texts[end])
    links = (
        replace(link, money_text=written[pair])
        if (pair := (link.source, link.target)) in written and link.money in arrows.values() and link.money_text
        else link
        for link in drawn.links
    )
    sums = iter(text for number, text in enumerate(steps) if number + 1 not in ends)
    cards = {card.id: card for card in drawn.cards}
    asides = [
        Aside(flow.at, flow.carried, text if flow.joins else _turned(text), cards[flow.card], flow.joins)
        for flow, text in zip(flows, sums, strict=True)
        if text != words.signed(answer.outcome, 0.0)
    ]
    return replace(drawn, links=tuple(links), asides=_rooted(drawn, asides))


@dataclass(frozen=True, slots=True)
class _Flow:
    """What joins the path at a card (above zero), or leaves it there, by the card next to it."""

    at: str
    card: str
    amount: float
    joins: bool

    @property
    def carried(self) -> float:
        return self.amount if self.joins else -self.amount


SMALL_PART = 0.01
"""Of the worth: flows below this are told with the largest beside them."""


def _parts(drawn: Diagram, at: str, around: Sequence[str], whole: float, total: float) -> list[_Flow]:
    """Return what joins the path at some of its cards, and leaves it there, so that it adds up to `whole`."""
    steps = set(pairwise(drawn.path))
    amounts: dict[str, float] = {}
    feeding: set[str] = set()
    fed: set[str] = set()
    for link in drawn.links:
        if (link.source, link.target) in steps and not link.back:
            continue
        if link.target in around and link.source not in around:
            amounts[link.source] = amounts.get(link.source, 0.0) + link.money
            feeding.add(link.source)
        if link.source in around and link.target not in around:
            amounts[link.target] = amounts.get(link.target, 0.0) - link.money
            fed.add(link.target)
    # what goes to a card and comes back from it is told as what is left of both
    found = [
        _Flow(at, card, amount, card in feeding and (card not in fed or amount * total > 0))
        for card, amount in amounts.items()
        if amount
    ]
    if not found or not whole:
        return []
    found.sort(key=lambda flow: -abs(flow.amount))
    large = [flow for flow in found if abs(flow.amount) > SMALL_PART * abs(total)] or found[:1]
    rest = whole - math.fsum(flow.amount for flow in large)
    return [replace(large[0], amount=large[0].amount + rest), *large[1:]]


def _turned(text: str) -> str:
    """Return an amount with the other sign."""
    return {"+": "-", "-": "+"}.get(text[:1], text[:1]) + text[1:]


def _rooted(drawn: Diagram, asides: Sequence[Aside]) -> tuple[Aside, ...]:
    """Return the asides, those that join the path with the card by which they have left it."""
    onward: dict[str, list[str]] = {}
    on_path = set(drawn.path)
    for link in drawn.links:
        if link.money and link.source not in on_path and link.target not in on_path:
            onward.setdefault(link.source, []).append(link.target)
    roots: dict[str, str] = {}
    for one in asides:
        pending = [one.card.id] if not one.joins else []
        while pending:
            card = pending.pop()
            if card not in roots:
                roots[card] = one.card.id
                pending += onward.get(card, ())
    return tuple(replace(one, root=roots.get(one.card.id, "")) if one.joins else one for one in asides)


@dataclass(frozen=True, slots=True)
class _Shown:
    value: str
    unit: str
    change: str = ""
    amount: float = 0.0
    missing: bool = False


def _today(subject: Subject, metric: Metric) -> _Shown:
    missing = subject.missing_today(metric)
    if missing:
        return _missing(missing)
    value, word = _split(subject.words.value(metric.name, subject.today[metric.index]))
    return _Shown(value, word or _unit(subject.words, metric))


def _missing(reason: str) -> _Shown:
    """Return what a card shows of a metric without a value: ``undefined`` and, where its unit stands, why."""
    value, _, why = reason.partition(": ")
    return _Shown(value, why, missing=True) if why else _Shown("–", reason, missing=True)


def _split(shown: str) -> tuple[str, str]:
    """Return a value and its word apart, as a card shows them: ``38 points`` -> ``38``, ``points``."""
    value, _, word = shown.partition(" ")
    return value, word


def _moved(case: Case, metric: Metric) -> _Shown:
    whole = case.marked
    words, before, after = case.words, whole.before[metric.index], whole.after[metric.index]
    if math.isnan(before) or math.isnan(after):
        run = whole.base if math.isnan(before) else whole.run
        return _missing(undefined(run.why(metric.index)))
    change, moves = after - before, not is_still(before, after)
    relative = words.percent(before, change) or words.signed(metric.name, change)
    pill = relative if moves else ""
    value, word = _split(words.value(metric.name, after))
    return _Shown(value, word or _unit(words, metric, case.periods), pill, change if moves else 0.0)


def _unit(words: Words, metric: Metric, periods: int = 0) -> str:
    """Return what stands beside a card's value: ``per month``, ``in 12 months``, ``customers``."""
    if periods and metric.aggregation == "sum":
        return words.spanning(periods)
    text = unit_words(metric.unit)
    if text:
        return text
    if _remembers(metric):
        return "stock"
    nouns = str(metric.unit) if metric.unit.nouns and not metric.unit.is_money else ""
    return "" if nouns and nouns in metric.label.lower() else nouns


def _remembers(metric: Metric) -> bool:
    return any(ref.source == metric.name and ref.lag for ref in metric.references)


def _card(words: Words, metric: Metric, shown: _Shown, breached: bool, money: float = 0.0) -> Card:
    spec = metric.spec
    limits = []
    if spec.guardrail is not None:
        for word, limit in (("floor", spec.guardrail.min), ("cap", spec.guardrail.max)):
            if limit is not None:
                each = f" a {words.period}" if metric.aggregation == "sum" else ""
                limits.append(f"{word} {words.value(metric.name, limit.central())}{each}")
    return Card(
        id=metric.name,
        kind=spec.kind,
        label=metric.label,
        value=shown.value,
        unit=shown.unit,
        owner=spec.owner or "",
        change=shown.change,
        tone=words.tone(metric.name, shown.amount),
        guardrail=", ".join(limits),
        breached=breached,
        memory=_remembers(metric),
        missing=shown.missing,
        money=money,
    )


def _elasticity(words: Words) -> str:
    """Return what the figure on an arrow is, without a lift."""
    over = {"horizon": "over the horizon", "run_rate": "at the run rate", "pv": "over the horizon, discounted"}
    return f"elasticity of the target to the source {over[words.on_basis]} (% per %)"


def _elasticities(case: Case) -> Mapping[tuple[str, str, int], float]:
    """Return % change of the target over the horizon per % change of the source held from period 1, edge by edge.

    Only the edge itself counts, and what the target remembers of its own past.
    """
    model, run, metrics = case.base.model, case.base, case.subject.graph.metrics
    window = model.window(run.periods)
    partials, horizon = model.partials(run, run.held)
    totals, owners = case.before, model.owners
    memory = {slot: edge for edge, (slot, load) in enumerate(model.step.edges) if load.slot == slot and load.lag == 1}
    found: dict[tuple[str, str, int], float] = {}

    def add(source: int, target: int, lag: int, move: float) -> None:
        if totals[target] and owners[source] != owners[target]:
            key = (metrics[owners[source]].name, metrics[owners[target]].name, lag)
            found[key] = found.get(key, 0.0) + move / totals[target]

    for edge, (slot, load) in enumerate(model.step.edges):
        moves: list[float] = []
        for position, row in enumerate(partials):
            past = position - load.lag
            direct = row[edge] * run.rows[past][load.slot] if past >= 0 else 0.0
            kept = row[memory[slot]] * moves[-1] if slot in memory and moves else 0.0
            moves.append(direct + kept)
        if not model.recomputes(slot):
            add(load.slot, slot, load.lag, model.tangent(slot, moves, window))
    for edge, (slot, load) in enumerate(model.recomputed.edges):
        add(load.slot, slot, 0, horizon[edge] * totals[load.slot])
    return found


def _links(
    subject: Subject,
    elasticities: Mapping[tuple[str, str, int], float],
    answer: Worth | None = None,
) -> tuple[Link, ...]:
    amounts = {(e.source, e.target, e.lag): e.amount for e in answer.edges} if answer else {}
    links = []
    for target in subject.graph.metrics:
        assumed = {influence.source for influence in target.influences}
        merged: dict[tuple[str, bool], list[int]] = {}
        for ref in target.references:
            if ref.source != target.name and ref.timing != "baseline":
                source = subject.graph[ref.source]
                back = ref.lag > 0 and source.loop == target.loop and target.on_loop
                merged.setdefault((ref.source, back), []).append(ref.lag)
        for (name, back), lags in merged.items():
            amount = math.fsum(amounts.get((name, target.name, lag), 0.0) for lag in dict.fromkeys(lags))
            elasticity = math.fsum(elasticities.get((name, target.name, lag), 0.0) for lag in dict.fromkeys(lags))
            carried = answer is not None and abs(amount) > 1e-9 * abs(answer.total)
            links.append(
                Link(
                    source=name,
                    target=target.name,
                    assumed=name in assumed,
                    back=back,
                    delay=_delay(subject.words, min(lags)),
                    money=amount if carried else 0.0,
                    money_text=subject.words.signed(answer.outcome, amount) if answer and carried else "",
                    elasticity=elasticity,
                    elasticity_text=f"{elasticity:+.2f}" if abs(elasticity) >= 0.005 else "",
                )
            )
    acting = {link.source for link in links}
    for (
        target
    ) in subject.graph.metrics:  # what acts in no period would stand alone, though it decides where this starts
        idle = (name for name in target.starts_from if name not in acting)
        links += [Link(name, target.name, assumed=False, back=False, delay="at the start") for name in idle]
    return tuple(links)


def _delay(words: Words, lag: int) -> str:
    if not lag:
        return ""
    return f"next {words.period}" if lag == 1 else f"after {words.periods(lag)}"


def _through(answer: Worth) -> dict[str, float]:
    """Return the absolute amount that passes through each metric."""
    passed: dict[str, float] = {answer.metric: abs(answer.total)}
    for edge in answer.edges:
        passed[edge.target] = passed.get(edge.target, 0.0) + abs(edge.amount)
    return passed


def _strongest(
    subject: Subject, outcome: Metric, elasticities: Mapping[tuple[str, str, int], float]
) -> tuple[str, ...]:
    """Return the chain into the outcome with the largest product of elasticities, within a period's order."""
    best: dict[str, tuple[float, int, str]] = {}
    """Of the strongest chain into each metric: its strength, its length, and the metric before."""
    for metric in (subject.graph.metrics[index] for index in subject.graph.order):
        chains = [(1.0, 1, "")] if metric.origin == "value" else []
        for ref in metric.references:
            known = best.get(ref.source)
            if known and ref.source != metric.name:
                pull = abs(elasticities.get((ref.source, metric.name, ref.lag), 0.0))
                chains.append((known[0] * pull, known[1] + 1, ref.source))
        best[metric.name] = max(chains, key=lambda chain: chain[:2], default=(1.0, 1, ""))
    chain = [outcome.name]
    while before := best[chain[-1]][2]:
        chain.append(before)
    return tuple(reversed(chain))


def _subtitle(answer: Worth) -> str:
    parts = [_main_route(answer), _guardrail_words(answer)]
    return "; ".join(part for part in parts if part)


def _main_route(answer: Worth) -> str:
    """Return ``92% through lower monthly churn``: the share of the first step that carries most."""
    if not answer.total or all(len(path.metrics) < 3 for path in answer.paths):
        return ""
    shares: dict[str, float] = {}
    for path in answer.paths:
        shares[path.metrics[1]] = shares.get(path.metrics[1], 0.0) + path.share
    offset = answer.rest * answer.total < 0 or any(share < 0 for share in shares.values())
    shares.pop(answer.outcome, None)
    name = max(shares, key=lambda n: shares[n])
    direction = "lower" if answer.case.change(answer.words.graph[name]) < 0 else "higher"
    share = "" if offset else f"{shares[name]:.0%} "
    return f"{share}through {direction} {lowered(answer.words.label(name))}"


def _guardrail_words(answer: Worth) -> str:
    """Return what is said of guardrails that are broken, else of the one at most risk, as everywhere."""
    broken = [check.text for check in answer.guardrails if not check.holds]
    if broken:
        left = len(broken) - SAID
        return "; ".join([*broken[:SAID], *([f"{left} more guardrail{'s' * (left > 1)} broken"] if left > 0 else [])])
    moved = [check for check in answer.guardrails if answer.case.change(answer.words.graph[check.metric])]
    nearest = sorted(moved or answer.guardrails, key=lambda c: (-(c.risk or 0.0), _distance(c)))
    return nearest[0].text if nearest else ""


def _distance(check: GuardrailCheck) -> float:
    return abs(check.value - check.limit) / (abs(check.limit) or 1.0)


def _when(answer: Worth) -> str:
    """Return what time the worth is of, and whether a cost is yet to come off: ``first 12 months, before cost``."""
    return answer.words.when(answer.outcome, answer.horizon) + (", before cost" if answer.pays else "")


def _callout(answer: Worth) -> Callout:
    words, name = answer.words, answer.outcome
    when = _when(answer)
    tone = words.tone(name, answer.total)
    amount = words.signed(name, answer.total)
    span = range_text(words, name, answer.range)
    return Callout(when[:1].upper() + when[1:], amount, lowered(words.titled(name)), span, tone)


def _panels(subject: Subject, answer: Worth) -> tuple[Panel, ...]:
    """Return the boxes under the board cut: the worth, what it rests on, the guardrails, and what is asked for."""
    words, name = subject.words, answer.outcome
    callout = _callout(answer)
    later = ""
    if answer.run_rate is not None and not words.is_run_rate:
        later = f"run rate {words.figure(name, answer.run_rate)} a year{words.undiscounted}"
    verb, _, amount = words.figure(name, answer.total).partition(" ")
    head, worth_of = (verb.capitalize(), amount) if verb in ("saves", "costs") else ("Worth", callout.amount)
    when = f"{head}, {_when(answer)}"
    mix = (*answer.evidence_mix, *([f"of the rest {UNSTATED}"] if answer.evidence_mix and answer.by_formulas else []))
    first, *others = mix or (("none stated", UNSTATED) if answer.by_formulas else ("none",))
    dates = [m.spec.as_of for m in subject.graph.metrics if m.spec.as_of is not None]
    dated = f"oldest input of {min(dates):%d %b %Y}".replace(" 0", " ") if dates else "inputs carry no date"
    panels = [
        Panel(when, worth_of, _line(callout.what, callout.range, later), True),
        Panel("Evidence", first, left_out_note(words, answer.not_modelled) or _line(joined(others), dated)),
    ]
    if answer.guardrails:
        broken = sum(not check.holds for check in answer.guardrails)
        verdict = f"{broken} of {len(answer.guardrails)} broken" if broken else "all hold as stated"
        panels.append(Panel("Guardrails", verdict, _guardrail_words(answer)))
    if answer.pays is not None:
        net = words.signed(name, answer.pays.stages[0].net)
        head = f"Net of {answer.pays.text} after {words.periods(answer.horizon)}"
        panels.append(Panel(head, net, _returns_words(answer, 1, payback_text(words, answer.pays, spread=False))))
    elif callout.tone == "favourable":
        lifted = words.changed(answer.metric, answer.change)
        panels.append(Panel("The ask", "Decide", f"whether to fund what achieves {lifted}"))
    return tuple(panels)


def _returns_words(answer: Worth, first: int, back: str) -> str:
    """Write ``+$79.2k after 24 months, +$456k after 36; paid back in month 21``, from one of the horizons on."""
    assert answer.pays is not None
    later = answer.pays.stages[first:]
    nets = net_text(answer.words, answer.outcome, later) if later else ""
    return _line(nets, f"paid back {back}" if answer.pays.cost else "")


def _line(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _notes(answer: Worth, drawn: Diagram) -> tuple[str, ...]:
    """Return basis, what figures and marks mean as far as there are any, and warnings."""
    full = drawn.cut == "full"
    figures = []
    if any(link.money_text for link in drawn.links):
        figures.append("amount carried; amounts add up over any cut")
    if full and any(link.elasticity_text for link in drawn.links):
        figures.insert(0, _elasticity(answer.words))
    explained = [f"Figures on arrows: {', and '.join(figures)}."] if figures else []
    if drawn.asides:
        explained.append("Below the path: what leaves it and joins it, so that all that enters a box leaves it.")
    told = dict.fromkeys((*answer.warnings, *(answer.case.warnings() if full else ())))
    is_rated = drawn.cut == "board"  # which alone shows the run rate
    unshown = () if is_rated else answer.case.run_rate_warnings(answer.words.graph[answer.outcome])
    warnings = tuple(warning for warning in told if warning not in unshown)
    left_out = [f"Not modelled: {text}." for text in left_out_texts(answer.words, answer.not_modelled)]
    net = []
    if answer.pays is not None:
        back = payback_text(answer.words, answer.pays)
        net.append(f"Net of {answer.pays.text}: {_returns_words(answer, 0, back)}.")
    notes = [
        *left_out,
        *net,
        f"Basis: {answer.basis}.",
        *explained,
        _template_note(answer.case.subject),
        *noted(warnings),
    ]
    return tuple(note for note in notes if note)


def _template_note(subject: Subject) -> str:
    note = placeholder_note(placeholders(subject.graph))
    return f"{note}." if note else ""
