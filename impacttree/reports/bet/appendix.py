"""What stands behind the six slides: how sure, which paths, scenarios, assumptions, definitions, the whole tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from impacttree.analyses.diagram import diagram, lifted_diagram
from impacttree.analyses.worth import Worth
from impacttree.answers.axis import round_ticks
from impacttree.answers.pictures import BINS, binned
from impacttree.answers.samples import percentage
from impacttree.answers.words import counted, joined, lowered
from impacttree.graph.reach import upstream
from impacttree.quantity.dates import day_text
from impacttree.reports.bet.bet import Bet
from impacttree.reports.bet.branches import branches
from impacttree.reports.bet.cash import cash_today
from impacttree.views import Cell, Column, Distribution, Mark, Table
from impacttree.views.slides import Slide, SlidePart, paged

__all__ = ["appendix"]

MOST_DEFINED = 54
HEADS = 3
"""Metrics that the title of a part of the tree names."""


def appendix(bet: Bet, lanes: int, *, whole: bool, alone: bool = True) -> Iterator[Slide]:
    """Yield the slides behind a bet; scenarios, definitions and the tree, in so many lanes, only where `whole`.

    Where the bet is not `alone`, the tree stands without what its lift carries.
    """
    answer = bet.worth
    slides = [*cash_today(bet), *_how_sure(bet), _paths(bet), *_assumptions(answer)]
    if whole:
        slides += [*_scenarios(bet), *_definitions(answer), *_tree(bet, lanes, alone=alone)]
    for slide in slides:
        title = slide.title[:1].upper() + slide.title[1:]
        subtitle = f"Appendix. {slide.subtitle}" if slide.subtitle else ""
        yield replace(slide, title=title, subtitle=subtitle, footer=slide.footer or bet.footer)


def _how_sure(bet: Bet) -> Iterator[Slide]:
    answer, found = bet.worth, bet.returns
    if found.samples is None:
        return
    words, name = answer.words, answer.outcome
    bins = binned(found.samples.present, BINS)
    edges = bins.edges
    p10, p50, p90 = found.samples.quantiles((0.1, 0.5, 0.9))
    marks = tuple(
        Mark(at, label, words.signed(name, at), accent=label == "P50")
        for label, at in (("P10", p10), ("P50", p50), ("P90", p90))
    )
    loss = found.loss or 0.0
    what = words.net(name) if found.cost else "worth"
    picture = Distribution(
        title="",
        subtitle="",
        edges=edges,
        shares=bins.shares,
        marks=marks,
        levels=tuple((level, words.signed(name, level)) for level in round_ticks(edges[0], edges[-1])),
        central=(p10, p90),
        central_text="P10 to P90",
        threshold=0.0 if edges[0] < 0 < edges[-1] else None,
        threshold_text=f"below zero: {percentage(loss)}" if edges[0] < 0 < edges[-1] else "",
    )
    pays = (
        f"it pays in {percentage(1 - loss)} of {len(found.samples):,} samples"
        if found.cost
        else "so in eight cases of ten"
    )
    title = f"the {what} {bet.end} lies between {words.signed(name, p10)} and {words.signed(name, p90)}; {pays}"
    yield Slide(
        title, (SlidePart(picture),), f"Share of samples by {what}, {lowered(words.titled(name))}, P10 to P90 dark"
    )


def _paths(bet: Bet) -> Slide:
    answer = bet.worth
    drawn = answer.waterfall()
    steps = tuple(replace(step, range_text="") for step in drawn.steps)
    picture = replace(drawn, title="", subtitle="", steps=steps, notes=())
    words = answer.words
    whole = f"{words.signed(answer.outcome, answer.total)}{bet.way}"
    title = f"the paths from {lowered(words.label(answer.metric))} add up to {whole}"
    subtitle = (
        f"{words.titled(answer.outcome)} by path, {words.first(answer.horizon)}; paths told apart by where they part"
    )
    return Slide(title, (SlidePart(picture),), subtitle)


def _pages(title: str, table: Table, subtitle: str = "") -> tuple[Slide, ...]:
    shown = replace(table, title="", notes=())
    return paged(Slide(title, (SlidePart(shown),), subtitle, table.notes))


def _scenarios(bet: Bet) -> Iterator[Slide]:
    if not bet.subject.graph.spec.scenarios:
        return
    answer, found = bet.worth, bet.compared
    table = found.view()
    (_, worst), called = min(zip(found.scenarios, found.titles, strict=True), key=lambda pair: pair[0][1].total)
    change = found.words.signed(answer.outcome, worst.total)
    outcome = lowered(found.words.label(worst.outcome))
    title = f"the scenario {lowered(called)} moves {outcome} by {change}"
    when = answer.words.through("over", answer.horizon)
    yield from _pages(title, table, f"Scenarios of the model {when}, without the bet")


def _assumptions(answer: Worth) -> Iterator[Slide]:
    """Yield the assumed effects that the worth rests on, with their evidence, and the stated numbers."""
    graph, words = answer.case.subject.graph, answer.words
    on_paths = list(dict.fromkeys(pair for path in answer.paths for pair in pairwise(path.metrics)))
    rows = []
    for source, target in on_paths:
        for effect in graph[target].influences:
            if effect.source == source:
                evidence = effect.evidence
                day = day_text(evidence.date, short=True) if evidence.date else ""
                texts = (effect.words, evidence.grade.replace("_", "-"), evidence.source or "", day)
                rows.append(tuple(map(Cell, texts)))
    if not rows:
        return
    columns = (Column("Assumed effect"), Column("Evidence"), Column("Source"), Column("Date"))
    count = f"{len(rows)} assumed effect" + ("s" if len(rows) > 1 else "")
    mix = ", ".join(answer.evidence_mix)
    title = f"the {words.signed(answer.outcome, answer.total)} rests on {count}: {mix}"
    yield from _pages(title, Table("", columns, tuple(rows)), "Each effect as stated in the model, with its evidence")


def _definitions(answer: Worth) -> Iterator[Slide]:
    """Yield what every metric is that the outcome rests on."""
    subject = answer.case.subject
    graph, words = subject.graph, answer.words
    used = upstream(graph, [graph[name].index for name in answer.case.beside(graph[answer.outcome])])
    used |= {graph[check.metric].index for check in answer.guardrails}
    rows = []
    for metric in [graph.metrics[index] for index in sorted(used)][:MOST_DEFINED]:
        said = " ".join((metric.spec.description or metric.spec.formula or "stated").split())
        as_of = day_text(metric.spec.as_of, short=True) if metric.spec.as_of else ""
        today = "" if subject.missing_today(metric) else words.value(metric.name, subject.today[metric.index])
        rows.append((Cell(metric.label), Cell(said), Cell(today), Cell(as_of)))
    columns = (Column("Metric"), Column("Definition"), Column("Today", "right"), Column("As of"))
    more = f", the first {MOST_DEFINED}" if len(used) > MOST_DEFINED else ""
    title = f"what the {len(used)} metrics behind {lowered(words.label(answer.outcome))} are{more}"
    yield from _pages(title, Table("", columns, tuple(rows)), "Definitions and values of today, as stated in the model")


def _tree(bet: Bet, lanes: int, *, alone: bool) -> Iterator[Slide]:
    """Yield the tree in parts that can be read; with what the lift carries, where the deck tells of it alone."""
    drawn = lifted_diagram(bet.worth, "full") if alone else diagram(bet.subject, on=bet.on, scenario=bet.scenario).drawn
    parts, missing = branches(drawn, lanes)
    count = len(drawn.cards)
    carried = f", with the amounts that {bet.lift} carries" if alone else ""
    for number, part in enumerate(parts, 1):
        of = f", part {number} of {len(parts)}" if len(parts) > 1 else ""
        title = f"Appendix. The tree of {count:,} metrics{of}: what leads to {_few(part.heads)}"
        title += f"; {counted(part.left, 'more input')} not shown" if part.left else ""
        if number == len(parts) and missing:
            title += f"; {counted(len(missing), 'further metric')} not shown, see the model file"
        yield Slide(title + (carried if number == 1 else ""), (SlidePart(part.diagram),), notes=drawn.notes)


def _few(labels: Sequence[str]) -> str:
    shown = [lowered(label) for label in labels[:HEADS]]
    return joined(shown) if len(labels) <= HEADS else f"{', '.join(shown)} and {len(labels) - HEADS} more"
