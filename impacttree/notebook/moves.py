"""Moves of sliders, written as the changes that people write: ``+5.1%``, ``+0.4pp``, ``=$32``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from impacttree.answers.subject import Subject
from impacttree.graph.model import Metric
from impacttree.quantity import Add, Change, Intervention, Points, Relative, Set

__all__ = ["Texts", "texts_of", "written"]

Texts = dict[str, str | list[str]]
"""Metric -> what is done to it; a list where that is several changes."""

EXACT = 1e-12
"""Share of a number that a text may be off by: no more than rounding."""
DIGITS = 17


def written(subject: Subject, moves: Mapping[int, Intervention], rough: Mapping[int, float], known: Texts) -> Texts:
    """Return moves as changes in words.

    Parameters
    ----------
    subject
        The tree.
    moves
        What is done, by slot.
    rough
        How far the value of a metric may be off, in its unit: of one that is dragged, which stands for all values near.
    known
        Changes in words that stand already; each is kept if it does what the move does.

    Examples
    --------
    >>> import impacttree as it
    >>> subject = it.template("saas")._subject
    >>> slot = subject.metric("engagement").index
    >>> moves = {slot: Intervention("wrap", 1.0510714)}
    >>> written(subject, moves, {slot: 0.0001}, {}), written(subject, moves, {}, {})
    ({'engagement': '+5.1%'}, {'engagement': '+5.10714%'})
    """
    done = subject.changes(known).interventions
    found: Texts = {}
    for slot, move in moves.items():
        metric = subject.graph.metrics[slot]
        if slot in done and metric.name in known and _alike(done[slot], move):
            found[metric.name] = known[metric.name]
        else:
            found[metric.name] = _in_words(subject, metric, move, rough.get(slot, 0.0))
    return found


def texts_of(changes: Mapping[str, str | Change | Sequence[str | Change]]) -> Texts:
    """Return changes as text, those in typed form as they are printed."""
    return {
        name: [str(one) for one in given] if isinstance(given, list | tuple) else str(given)
        for name, given in changes.items()
    }


def _alike(one: Intervention, other: Intervention) -> bool:
    same = (math.isclose(a, b, rel_tol=EXACT, abs_tol=0) for a, b in ((one.scale, other.scale), (one.shift, other.shift)))
    return one.kind == other.kind and all(same)


def _in_words(subject: Subject, metric: Metric, move: Intervention, rough: float) -> str | list[str]:
    if move.kind == "fix":
        return str(Set(_shortest(move.shift, rough), metric.unit))
    parts: list[Change] = []
    if move.scale != 1:
        base = abs(subject.first_known(metric)) or 1.0
        parts.append(Relative(_shortest(move.scale - 1, max(rough / base, EXACT * abs(move.scale)))))
    if move.shift or not parts:
        shift = _shortest(move.shift, rough)
        parts.append(Points(_shortest(100 * shift, 0.0)) if metric.unit.is_share else Add(shift, metric.unit))
    texts = [str(part) for part in parts]
    return texts[0] if len(texts) == 1 else texts


def _shortest(number: float, off: float) -> float:
    """Return the number with the fewest digits that is no further off."""
    off = max(off, EXACT * abs(number))
    return next(
        short for digits in range(1, DIGITS + 1) if abs((short := float(f"{number:.{digits}g}")) - number) <= off
    )
