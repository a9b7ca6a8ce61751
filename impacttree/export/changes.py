"""What is done to metrics as plain data, and when: as the script of the page takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from impacttree.answers.asked import Asked
from impacttree.answers.cautions import lateness
from impacttree.answers.words import Words
from impacttree.engine.simulation import DrawnChange
from impacttree.quantity import Change, Intervention, Points, Recipe, Relative, Weights, number_of

__all__ = ["changes_data", "drawn_data", "timings_data"]


def changes_data(asked: Asked) -> list[list[Any]]:
    """Return what is done, by slot: how, by how much, and the words that say when where there are any.

    Examples
    --------
    >>> import impacttree as it
    >>> [[_, lifted]] = changes_data(it.template("saas")._subject.changes({"arpu": "+$2 from 2027-04"}))
    >>> lifted
    {'kind': 'wrap', 'scale': 1.0, 'shift': 2.0, 'when': 'from 2027-04'}
    """
    return [[slot, _joined(map(_written(recipe), recipe.intervention().steps))] for slot, recipe in asked.recipes]


def drawn_data(change: DrawnChange, places: Mapping[str, int]) -> Mapping[str, Any]:
    """Return what is done to a metric where some of it is drawn; `places` are those of the addresses among the draws.

    A step that is drawn says which of its numbers is, from what, and how: an offset, and a factor.
    """
    recipe = change.recipe
    steps, write = [], _written(recipe)
    for place, stage in recipe.stages([number_of(one) for one in recipe.changes]):
        address = change.addresses[place]
        drawn = {} if address is None else {"drawn": _drawn(recipe.changes[place], places[address])}
        steps.append(write(stage) | drawn)
    return _joined(steps)


def timings_data(asked: Iterable[Asked], words: Words, horizons: Sequence[int]) -> Mapping[str, Any]:
    """Return, by the words that say when a change is in force, how much of it is in each period, and how that is told.

    Without weights all of it is in force in every period. What of it falls outside a horizon is told by horizon.
    """
    found: dict[str, Any] = {}
    for recipe in (recipe for one in asked for _, recipe in one.recipes):
        for change, weights in zip(recipe.changes, _weights(recipe), strict=True):
            if change.timing is not None:
                each = {} if weights is None else {"weights": [weights.at(t) for t in range(1, max(horizons) + 1)]}
                late = {str(count): text for count in horizons if (text := lateness(words, weights, count))}
                found[str(change.timing)] = {
                    "told": words.in_force(weights),
                    **each,
                    **({"late": late} if late else {}),
                }
    return found


def _weights(recipe: Recipe) -> Sequence[Weights | None]:
    return recipe.weights or (None,) * len(recipe.changes)


def _written(recipe: Recipe) -> Callable[[Intervention], dict[str, Any]]:
    """Return how a step of a recipe is told: that of a single change with the words that it was stated with."""
    said = zip(recipe.changes, _weights(recipe), strict=True)
    texts = {weights: str(one.timing) for one, weights in said if one.timing is not None}
    if len(recipe.changes) > 1:
        texts.pop(None, None)

    def write(step: Intervention) -> dict[str, Any]:
        when = {"when": texts[step.weights]} if step.weights in texts else {}
        return {"kind": step.kind, "scale": step.scale, "shift": step.shift, **when}

    return write


def _joined(steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    *before, last = steps
    return {**last, **({"before": before} if before else {})}


def _drawn(change: Change, place: int) -> list[Any]:
    """Return which number of a step is drawn, as what, and the offset and the factor that make it of that."""
    match change:
        case Relative():
            return ["scale", place, 1, 1]
        case Points():
            return ["shift", place, 0, 0.01]
    return ["shift", place, 0, 1]
