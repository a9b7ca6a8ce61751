"""Moves of sliders, written as the changes that people write: ``+5.1%``, ``+0.4pp``, ``=$32``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import NamedTuple

from impacttree.answers.asked import Changes
from impacttree.answers.subject import Subject
from impacttree.errors import ChangeError, Problem
from impacttree.graph.model import Metric
from impacttree.quantity import Add, Change, Intervention, Points, Relative, Set
from impacttree.quantity.timing import InForce

__all__ = ["Moved", "Texts", "texts_of", "written"]

Texts = dict[str, str | list[str]]
"""Metric -> what is done to it; a list where that is several changes."""


class Moved(NamedTuple):
    """One thing that is done to a metric, and when it is in force; None for every period."""

    done: Intervention
    timing: InForce | None = None


EXACT = 1e-12
"""Share of a number that a text may be off by: no more than rounding."""
DIGITS = 17


def written(subject: Subject, moves: Mapping[int, Sequence[Moved]], rough: Mapping[int, float], known: Texts) -> Texts:
    """Return moves as changes in words.

    Parameters
    ----------
    subject
        The tree.
    moves
        What is done, by slot, one after the other.
    rough
        How far the value of a metric may be off, in its unit: of one that is dragged, which stands for all values near.
    known
        Changes in words that stand already; each is kept if it does what the move does.

    Examples
    --------
    >>> import impacttree as it
    >>> subject = it.template("saas")._subject
    >>> slot = subject.metric("engagement").index
    >>> moves = {slot: [Moved(Intervention("wrap", 1.0510714))]}
    >>> written(subject, moves, {slot: 0.0001}, {}), written(subject, moves, {}, {})
    ({'engagement': '+5.1%'}, {'engagement': '+5.10714%'})
    """
    done = subject.changes(known).interventions
    found: Texts = {}
    for slot, steps in moves.items():
        metric = subject.graph.metrics[slot]
        move = reduce(Intervention.then, (_timed(subject, step) for step in steps))
        if slot in done and metric.name in known and _alike(done[slot], move):
            found[metric.name] = known[metric.name]
        else:
            texts = [text for step in steps for text in _in_words(subject, metric, step, rough.get(slot, 0.0))]
            found[metric.name] = texts[0] if len(texts) == 1 else texts
    return found


def _timed(subject: Subject, step: Moved) -> Intervention:
    """Return what a step does in each period of the tree."""
    if step.timing is None:
        return step.done
    spec = subject.graph.spec
    weights = step.timing.weights(spec.period, spec.calendar)
    return step.done if weights.is_steady else replace(step.done, weights=weights)


def texts_of(subject: Subject, changes: Changes) -> Texts:
    """Return changes as text, those in typed form as they are printed.

    Raises
    ------
    ChangeError
        When a change is wrong, or a typed form has no text that says the same.

    Examples
    --------
    >>> import impacttree as it
    >>> texts_of(it.template("saas")._subject, {"engagement": it.add(0.02), "arpu": [it.relative(0.1), "-$1"]})
    {'engagement': '+2pp', 'arpu': ['+10%', '-$1']}
    """
    meant = subject.changes(changes).interventions
    texts: Texts = {}
    for name, given in changes.items():
        metric = subject.metric(name)
        written = [_text_of(metric, one) for one in (given if isinstance(given, list | tuple) else (given,))]
        texts[name] = written if isinstance(given, list | tuple) else written[0]
    found = subject.changes(texts).interventions
    for slot, move in meant.items():
        if not _alike(found[slot], move):
            reason, fix = "this typed form has no text that says the same", "write the change as text, as '+2pp'"
            raise ChangeError(Problem(metric=subject.graph.metrics[slot].name, reason=reason, fix=fix))
    return texts


def _text_of(metric: Metric, one: str | Change) -> str:
    match one:
        case Add(amount, typed=True, spread=None) if metric.unit.is_share:
            return str(Points(_shortest(100 * amount, 0.0), timing=one.timing))
        case Add(typed=True) | Set(typed=True):
            return str(replace(one, unit=metric.unit))
    return str(one)


def _alike(one: Intervention, other: Intervention) -> bool:
    steps = zip(one.steps, other.steps, strict=False)
    return len(one.steps) == len(other.steps) and all(_same(*pair) for pair in steps)


def _same(one: Intervention, other: Intervention) -> bool:
    pairs = ((one.scale, other.scale), (one.shift, other.shift))
    is_alike = (one.kind, one.weights) == (other.kind, other.weights)
    return is_alike and all(math.isclose(*pair, rel_tol=EXACT) for pair in pairs)


def _in_words(subject: Subject, metric: Metric, step: Moved, rough: float) -> Sequence[str]:
    move = step.done
    if move.kind == "fix" or (step.timing is not None and not move.scale):
        return [str(Set(_shortest(move.shift, rough), metric.unit, timing=step.timing))]
    parts: list[Change] = []
    if move.scale != 1:
        base = abs(subject.first_known(metric)) or 1.0
        parts.append(Relative(_shortest(move.scale - 1, max(rough / base, EXACT * abs(move.scale)))))
    if move.shift or not parts:
        shift = _shortest(move.shift, rough)
        parts.append(Points(_shortest(100 * shift, 0.0)) if metric.unit.is_share else Add(shift, metric.unit))
    return [str(replace(part, timing=step.timing)) for part in parts]


def _shortest(number: float, off: float) -> float:
    """Return the number of fewest digits within a distance."""
    off = max(off, EXACT * abs(number))
    return next(
        short for digits in range(1, DIGITS + 1) if abs((short := float(f"{number:.{digits}g}")) - number) <= off
    )
