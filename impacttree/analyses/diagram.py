"""The tree as a picture, with what a lift carries along each edge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from impacttree.analyses.worth import Worth, worth
from impacttree.answers.case import Case
from impacttree.answers.local import local
from impacttree.answers.placeholders import placeholder_note, placeholders
from impacttree.answers.ranges import range_text
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Subject
from impacttree.answers.words import Words, is_still, joined, lowered, noted
from impacttree.errors import QuestionError
from impacttree.graph.model import Metric
from impacttree.quantity import Change, unit_words
from impacttree.views import Callout, Card, Diagram, Link, Panel

__all__ = ["Cut", "Picture", "Size", "diagram"]

Cut = Literal["full", "board"]
Size = Literal["slide", "poster"]


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
) -> Picture:
    """Draw the tree.

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
        ``slide`` (16:9) folds what a large tree has beyond some forty cards into what it feeds; ``poster`` shows all.
    """
    if cut not in ("full", "board"):
        raise QuestionError(f"cut is {cut!r}; use 'full' or 'board'")
    if size not in ("slide", "poster"):
        raise QuestionError(f"size is {size!r}; use 'slide' or 'poster'")
    if lift is None:
        plain = _plain(Case.of(subject), subject.outcome(on))
        return Picture(subject.provenance("values at t = 0"), replace(plain, cut=cut, size=size))
    if not isinstance(lift, tuple | list) or len(lift) != 2:
        raise QuestionError("lift is a pair of a metric and its change, as ('engagement', '+1%')")
    answer = worth(subject, lift[0], lift[1], on)
    return Picture(answer.provenance, replace(_lifted(answer, cut), cut=cut, size=size))


def _plain(case: Case, outcome: Metric) -> Diagram:
    subject, words = case.subject, case.words
    elasticities = _elasticities(case)
    breached = {check.metric for check in case.guardrails if not check.holds}
    cards = tuple(
        _card(words, metric, _today(subject, metric), metric.name in breached) for metric in subject.graph.metrics
    )
    return Diagram(
        title=subject.graph.spec.name,
        subtitle=f"What drives {words.label(outcome.name)}: {len(cards)} metric{'s' * (len(cards) != 1)}, values today",
        cards=cards,
        links=_links(subject, elasticities),
        outcome=outcome.name,
        path=_strongest(subject, outcome, elasticities),
        notes=tuple(note for note in (_template_note(subject), *noted(case.warnings())) if note),
        period=words.period,
    )


def _lifted(answer: Worth, cut: Cut) -> Diagram:
    case, words, metric = answer.case, answer.words, answer.metric
    subject = case.subject
    through = _through(answer)
    breached = {check.metric for check in answer.guardrails if not check.holds}
    cards = tuple(
        _card(words, m, _moved(case, m), m.name in breached, through.get(m.name, 0.0)) for m in subject.graph.metrics
    )
    main = [path for path in answer.paths if path.amount * answer.total > 0]
    board = cut == "board"
    during = words.during(metric, answer.horizon, answer.metric_before)
    moved = words.move(metric, answer.metric_before, answer.metric_after, during).replace("->", "→")
    stated = f" ({moved})" if board else ""
    return Diagram(
        title=f"{answer.change} {words.label(metric)}{stated} {answer.claim}",
        subtitle=_subtitle(answer),
        cards=cards,
        links=_links(subject, _elasticities(case), answer),
        outcome=answer.outcome,
        path=main[0].metrics if main else (metric,),
        lifted=metric,
        callout=_callout(answer),
        panels=_panels(subject, answer) if board else (),
        notes=_notes(subject, answer, cut),
        period=words.period,
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    value: str
    unit: str
    change: str = ""
    amount: float = 0.0


def _today(subject: Subject, metric: Metric) -> _Shown:
    missing = subject.missing_today(metric)
    if missing:
        return _missing(missing)
    value, word = _split(subject.words.value(metric.name, subject.model.base[metric.index]))
    return _Shown(value, word or _unit(subject.words, metric))


def _missing(reason: str) -> _Shown:
    """Return what a card shows of a metric without a value: ``undefined`` and, where its unit stands, why."""
    value, _, why = reason.partition(": ")
    return _Shown(value, why) if why else _Shown("–", reason)


def _split(shown: str) -> tuple[str, str]:
    """Return a value and its word apart, as a card shows them: ``38 points`` -> ``38``, ``points``."""
    value, _, word = shown.partition(" ")
    return value, word


def _moved(case: Case, metric: Metric) -> _Shown:
    whole = case.marked
    words, before, after = case.words, whole.before[metric.index], whole.after[metric.index]
    if math.isnan(before) or math.isnan(after):
        run = whole.base if math.isnan(before) else whole.run
        return _missing(f"undefined: {run.why(metric.index)}")
    change, moves = after - before, not is_still(before, after)
    relative = words.percent(before, change) or words.signed(metric.name, change)
    pill = relative if moves else ""
    value, word = _split(words.value(metric.name, after))
    return _Shown(value, word or _unit(words, metric, case.periods), pill, change if moves else 0.0)


def _unit(words: Words, metric: Metric, periods: int = 0) -> str:
    """Return what stands beside a card's value: ``per month``, ``in 12 months``, ``customers``."""
    if periods and metric.aggregation == "sum":
        return words.during(metric.name, periods).strip()
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
        money=money,
    )


def _elasticities(case: Case) -> Mapping[tuple[str, str, int], float]:
    """Return % change of the target over the horizon per % change of the source held from period 1, edge by edge.

    Only the edge itself counts, and what the target remembers of its own past.
    """
    model, run, metrics = case.subject.model, case.base, case.subject.graph.metrics
    partials, horizon = model.partials(run)
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
        if model.aggregations[slot] != "recompute":
            add(load.slot, slot, load.lag, model.aggregate(slot, moves, run.repeats))
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
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    order = [subject.graph.metrics[index] for index in subject.graph.order]
    for metric in order:
        chains: list[tuple[float, tuple[str, ...]]] = [(1.0, (metric.name,))] if metric.origin == "value" else []
        for ref in metric.references:
            known = best.get(ref.source)
            if known and ref.source != metric.name and metric.name not in known[1]:
                pull = abs(elasticities.get((ref.source, metric.name, ref.lag), 0.0))
                chains.append((known[0] * pull, (*known[1], metric.name)))
        best[metric.name] = max(chains, key=lambda chain: (chain[0], len(chain[1])), default=(1.0, (metric.name,)))
    return best[outcome.name][1]


def _subtitle(answer: Worth) -> str:
    parts = [_main_route(answer), _guardrail_words(answer)]
    return "; ".join(part for part in parts if part)


def _main_route(answer: Worth) -> str:
    """Return ``92% through lower monthly churn``: the share of the first step that carries most."""
    if not answer.total or all(len(path.metrics) < 3 for path in answer.paths):
        return ""
    shares: dict[str, float] = {}
    for path in answer.paths:
        if len(path.metrics) > 2:
            shares[path.metrics[1]] = shares.get(path.metrics[1], 0.0) + path.share
    name = max(shares, key=lambda n: shares[n])
    direction = "lower" if answer.case.change(answer.words.graph[name]) < 0 else "higher"
    offset = answer.rest * answer.total < 0 or any(path.share < 0 for path in answer.paths)
    share = "" if offset else f"{shares[name]:.0%} "
    return f"{share}through {direction} {lowered(answer.words.label(name))}"


def _guardrail_words(answer: Worth) -> str:
    """Return what the tightest guardrail does, or which ones are breached."""
    words = answer.words
    breached = [check for check in answer.guardrails if not check.holds]
    if breached:
        limits = [f"the {words.value(c.metric, c.limit)} {c.side} of {c.label}" for c in breached]
        text = f"{joined(limits)} {'is' if len(limits) == 1 else 'are'} broken"
        return text[:1].upper() + text[1:]
    if not answer.guardrails:
        return ""
    moved = [check for check in answer.guardrails if answer.case.change(words.graph[check.metric])]
    check = min(moved or answer.guardrails, key=lambda c: abs(c.value - c.limit) / (abs(c.limit) or 1.0))
    side = "above" if check.side == "floor" else "below"
    return f"{check.label} stays {side} its {words.value(check.metric, check.limit)} {check.side}"


def _callout(answer: Worth) -> Callout:
    words, name = answer.words, answer.outcome
    when = words.over(name, answer.horizon).removeprefix("in the ").removeprefix("over the ")
    tone = words.tone(name, answer.total)
    amount = words.signed(name, answer.total)
    span = range_text(words, name, answer.range)
    return Callout(when[:1].upper() + when[1:], amount, lowered(words.label(name)), span, tone)


def _panels(subject: Subject, answer: Worth) -> tuple[Panel, ...]:
    """Return the four boxes under the board cut; what the model does not state is said to be missing."""
    words, name = subject.words, answer.outcome
    callout = _callout(answer)
    later = f"run rate {words.figure(name, answer.run_rate)} a year" if answer.run_rate is not None else ""
    verb, _, amount = words.figure(name, answer.total).partition(" ")
    head, worth_of = (verb.capitalize(), amount) if verb in ("saves", "costs") else ("Worth", callout.amount)
    first, *others = answer.evidence_mix or ("none",)
    dates = [m.spec.as_of for m in subject.graph.metrics if m.spec.as_of is not None]
    dated = f"oldest input of {min(dates):%d %b %Y}".replace(" 0", " ") if dates else "inputs carry no date"
    detail = _line(joined(others), dated)
    lifted = f"{answer.change} {words.label(answer.metric)}"
    return (
        Panel(
            f"{head}, {callout.head[:1].lower()}{callout.head[1:]}",
            worth_of,
            _line(callout.what, callout.range, later),
            True,
        ),
        Panel("Cost to achieve", "not stated", "net worth and payback need a cost"),
        Panel("Evidence", first, detail),
        Panel("The ask", "Decide", f"whether to fund what achieves {lifted}"),
    )


def _line(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _notes(subject: Subject, answer: Worth, cut: Cut) -> tuple[str, ...]:
    elasticity = "elasticity of the target to the source over the horizon, and " if cut == "full" else ""
    figures = f"Figures on arrows: {elasticity}amount carried; amounts add up over any cut."
    basis = f"Basis: {answer.basis}."
    shown = answer.case.warnings() if cut == "full" else ()
    warnings = tuple(dict.fromkeys((*answer.warnings, *shown)))
    notes = [basis, figures, _template_note(subject), *noted(warnings)]
    return tuple(note for note in notes if note)


def _template_note(subject: Subject) -> str:
    note = placeholder_note(placeholders(subject.graph))
    return f"{note}." if note else ""
