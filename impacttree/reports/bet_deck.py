"""The deck of a bet: six slides that ask for a decision, and an appendix that answers what will be asked."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from impacttree.analyses.sensitivity import sensitivity
from impacttree.answers.asked import Basis
from impacttree.answers.decision import Act
from impacttree.answers.local import local
from impacttree.answers.outlays import Costs
from impacttree.answers.subject import Subject
from impacttree.errors import Problem, QuestionError
from impacttree.quantity import Change, to
from impacttree.reports.bet.appendix import appendix
from impacttree.reports.bet.assumptions import what_must_hold
from impacttree.reports.bet.bet import Bet
from impacttree.reports.bet.branches import lanes_on
from impacttree.reports.bet.decision import decision
from impacttree.reports.bet.money import how_it_makes_money
from impacttree.reports.bet.next_steps import what_happens_next
from impacttree.reports.bet.payback import when_it_comes_back
from impacttree.reports.bet.statement import statement_and_guardrails
from impacttree.reports.bet.which import which_bet
from impacttree.reports.deck import Deck, page_width, read_template
from impacttree.reports.phrases import typeset
from impacttree.views import Card, Diagram
from impacttree.views.slides import Slide, SlidePart

__all__ = ["bet_deck"]

MOST_BETS = 10


@local
def bet_deck(
    subject: Subject,
    metric: str | Sequence[tuple[str, str | Change] | Act] | None = None,
    change: str | Change | None = None,
    on: str | None = None,
    *,
    scenario: str | None = None,
    cost: Costs | None = None,
    basis: Basis = "horizon",
    template: str | os.PathLike[str] | bytes | None = None,
    people: bool = True,
) -> Deck:
    """Make the deck of a bet: six slides for the people who decide, and an appendix.

    The decision in one sentence, how it makes money, when it comes back, what must be true, the profit and loss
    statement with the guardrails, and what happens next; behind them the cash with its NPV where the model says what
    cash is, how sure it is, the paths, scenarios, assumptions, definitions and the whole tree. It looks three horizons
    of the tree ahead. Without a cost nothing is asked for. Several bets that each have a cost are first weighed against
    each other. Where the tree states fiscal years, slides speak of them.

    Parameters
    ----------
    subject
        The tree.
    metric, change
        What is done, from period 1; without them the lever with the most to gain from its plausible move. Several bets
        as a list of pairs, or of `Act` with one change and its own cost each: the six slides of each.
    on
        The outcome that it is done for, an amount per period; by default the tree's.
    scenario
        A scenario of the model file, held with and without the change.
    cost
        What is asked for, in the outcome's unit: ``"$250k"`` in period 1, ``"$20k in month 3 over 36 months"``, or a
        list of these. Of a list of pairs each costs as much.
    basis
        How amounts count: as they come, or with ``"pv"`` discounted to today as the model's ``finance`` says. The
        profit and loss statement is never discounted.
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
        When the outcome does not add up over time, a metric does not exist, or a cost cannot be read.

    Examples
    --------
    >>> import impacttree as it
    >>> made = it.template("saas").deck("engagement", "+5%", cost="$250k")
    >>> print(made.slides[2].title)
    The $250k does not pay back within 12 months but does within 36, in Jul 2028; the net stands at +$499k by Oct 2029
    """
    content = read_template(template)
    lanes = lanes_on(page_width(content))
    subject = subject.on_basis(basis)
    asked = [Bet(subject, *_best(subject, on), cost)] if metric is None else _asked(subject, metric, change, cost)
    bets = [replace(one, on=on, scenario=scenario, people=people) for one in asked]
    slides: list[Slide] = list(which_bet(bets))
    for bet in bets:
        slides += [*_six(bet), *appendix(bet, lanes, whole=bet is bets[-1], alone=len(bets) == 1)]
    owners = frozenset(metric.spec.owner for metric in subject.graph.metrics)
    shown = slides if people else [_without_people(slide, owners) for slide in slides]
    return Deck(tuple(map(typeset, shown)), content)


def _asked(subject: Subject, metric: object, change: str | Change | None, cost: Costs | None) -> list[Bet]:
    """Return the bets that are asked about."""
    if isinstance(metric, str):
        if change is None:
            raise QuestionError(Problem(metric=metric, reason="no change is given", fix="write e.g. '+1%'"))
        return [Bet(subject, metric, change, cost)]
    given = list(metric) if isinstance(metric, Sequence) else []
    if not given or len(given) > MOST_BETS:
        raise _no_bets()
    if any(isinstance(one, Act) for one in given) and cost is not None:
        raise QuestionError(Problem(reason="acts have their own costs", fix="leave out `cost`"))
    return [_bet(subject, one, cost) for one in given]


def _bet(subject: Subject, given: object, cost: Costs | None) -> Bet:
    if isinstance(given, Act):
        (name, done), *others = given.changes
        if others or not isinstance(done, str | Change):
            reason = "a slide tells of one change, and an act has several"
            raise QuestionError(Problem(reason=reason, fix="give an act for each, or weigh them with tree.decide(...)"))
        return Bet(subject, name, done, given.cost, label=given.label)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise _no_bets()
    return Bet(subject, given[0], given[1], cost)


def _no_bets() -> QuestionError:
    fix = f"write [('engagement', '+5%'), ('arpu', '+$1')] or a list of it.Act, at most {MOST_BETS}"
    return QuestionError(Problem(reason="bets are a list of pairs of metric and change, or of acts", fix=fix))


def _best(subject: Subject, on: str | None) -> tuple[str, Change]:
    """Return the lever whose plausible move gains most, and that move."""
    found = sensitivity(subject, on, basis=subject.basis)
    best = next((row for row in found.rows if row.rank is not None and row.plausible is not None), None)
    if best is None or best.plausible is None:
        fix = "name a metric and a change, or state `plausible` for some metrics"
        raise QuestionError(Problem(reason="no metric states how far it may plausibly move", fix=fix))
    return best.metric, to(best.plausible[1])


SIX = (
    decision,
    how_it_makes_money,
    when_it_comes_back,
    what_must_hold,
    statement_and_guardrails,
    what_happens_next,
)


def _six(bet: Bet) -> Iterator[Slide]:
    for make in SIX:
        slide = make(bet)
        if slide is not None:
            title = slide.title[:1].upper() + slide.title[1:]
            footer = slide.footer or bet.footer
            yield replace(slide, title=title, footer=footer, notes=(*slide.notes, *bet.worth.warnings))


def _without_people(slide: Slide, owners: Collection[str | None]) -> Slide:
    def bare(part: SlidePart) -> SlidePart:
        picture = part.picture
        if isinstance(picture, Diagram):
            cards = tuple(map(_bare, picture.cards))
            asides = tuple(replace(one, card=_bare(one.card)) for one in picture.asides)
            picture = replace(picture, cards=cards, asides=asides)
        return replace(part, picture=picture)

    def _bare(card: Card) -> Card:
        return replace(card, owner="") if card.owner in owners else card

    return replace(slide, parts=tuple(map(bare, slide.parts)))
