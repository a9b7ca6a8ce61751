"""The second slide: how the bet makes money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from impacttree.analyses.diagram import lifted_diagram
from impacttree.answers.words import is_still, lowered
from impacttree.quantity import shown_levels
from impacttree.reports.bet.bet import Bet
from impacttree.views import Card, Panel
from impacttree.views.slides import Figures, Slide, SlidePart

__all__ = ["how_it_makes_money"]


def how_it_makes_money(bet: Bet) -> Slide:
    """Return the board cut, with what offsets it, above the equation from revenue to the net."""
    board = lifted_diagram(bet.worth, "board")
    cards = tuple(map(_shorter, board.cards))
    asides = tuple(replace(one, card=_shorter(one.card)) for one in board.asides)
    board = replace(board, cards=cards, asides=asides, panels=(), callout=None, title="", subtitle="", notes=())
    equation = _equation(bet)
    parts = [SlidePart(board, 0, 12, 0.0, 0.7 if equation else 1.0)]
    parts += [SlidePart(equation, 0, 12, 0.76, 1.0)] if equation else []
    words, when = bet.words, bet.words.periods(bet.horizon)
    subtitle = (
        f"{words.titled(bet.outcome.name)} carried on each arrow, {when}; open dot: assumed effect, no dot: formula"
    )
    subtitle += "; totals in boxes discounted" if words.is_discounted else ""
    return Slide(_how_title(bet), tuple(parts), subtitle)


def _shorter(card: Card) -> Card:
    """Return a card without the word that its total is discounted, which the subtitle says of all of them."""
    return replace(card, unit=card.unit.removesuffix(", discounted"))


def _how_title(bet: Bet) -> str:
    words, answer = bet.words, bet.worth
    label = words.label(bet.metric)
    if not answer.paths or not answer.total:
        return f"{label} does not move {lowered(bet.outcome.label)}"
    amounts = bet.carried_first
    name = max(amounts, key=lambda one: amounts[one] * answer.total)
    through = "directly" if name == bet.outcome.name else f"through {lowered(words.label(name))}"
    said = f"{label} pays {through}"
    share = amounts[name] / answer.total
    if share > 1.005:
        return f"{said}: {bet.amount(amounts[name])}, of which other ways take back all but {bet.amount(answer.total)}"
    said += f": {bet.amount(amounts[name])}" + (f" of the {bet.amount(answer.total)}" if share < 0.995 else "")
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
    unit = bet.words.unit(bet.outcome.name)
    asked = [-bet.sign * bet.spent] if bet.cost is not None else []
    levels = [0.0, *accumulate([*(line.change for line in moved), *asked])]
    (_, *texts), (_, *steps) = shown_levels([least_told(levels), *levels], unit, currency=bet.words.currency)
    panels, signs = [], []
    for number, (line, step) in enumerate(zip(moved, steps, strict=False)):
        panels.append(Panel(line.label, step.lstrip("+-") if number else step, when))
        signs += [("−" if line.change < 0 else "+")] if number else []
    told = "discounted" if bet.words.is_discounted else "before the ask" if bet.cost else when
    panels.append(Panel(bet.outcome.label, texts[len(moved)], told, accent=bet.cost is None))
    signs.append("=")
    if bet.cost is not None:
        name, detail = (
            ("The ask", bet.briefly_paid) if bet.counts_in_full else ("Paid, discounted", f"of {bet.asked} asked")
        )
        panels.append(Panel(name, steps[-1].lstrip("+-"), detail))
        net = bet.headed("Net") if bet.sign > 0 else "After the ask"
        panels.append(Panel(net, texts[-1], bet.by_shortly(bet.horizon), accent=True))
        signs += ["−" if bet.sign > 0 else "+", "="]
    return Figures(tuple(panels), tuple(signs))


def least_told(levels: Sequence[float]) -> float:
    """Return a number whose third digit is the last that is written, so that two digits of the smallest level are.

    Examples
    --------
    >>> least_told([0.0, 1_011_000.0, 313_000.0, 13_500.0]), least_told([0.0, 301_000.0, 240_000.0])
    (135000.0, 301000.0)
    """
    largest = max(map(abs, levels))
    told = (abs(level) for level in levels if not is_still(largest + level, largest))
    return min(10.0 * min(told, default=0.0), largest)
