"""What the worth of a lift rests on: the evidence of the assumed effects along its paths."""

from __future__ import annotations

import math
from collections.abc import Sequence

from impacttree.answers.routes import GRADES, TEMPLATE, Path, effects_along, grade_of
from impacttree.graph.model import Graph, Influence
from impacttree.records import dataclass

__all__ = ["UNSTATED", "Grounds", "grounds_of", "share_by_formulas"]


UNSTATED = "no evidence stated for how people react"
"""What is said of exact formulas: they carry a lift on, and know nothing of what it does to anybody."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a share of the worth rests on."""

    grade: str
    share: float
    """Of the sum of absolute path amounts."""
    effects: tuple[str, ...]
    """The assumed effects that carry it: ``churn <- engagement: experiment, 2026-03``."""


def share_by_formulas(paths: Sequence[Path]) -> float:
    """Return the share of the worth that rests on no assumed effect, of the sum of absolute path amounts."""
    whole = math.fsum(abs(path.amount) for path in paths)
    return math.fsum(abs(path.amount) for path in paths if path.grade is None) / whole if whole else 0.0


def grounds_of(graph: Graph, paths: Sequence[Path]) -> tuple[Grounds, ...]:
    """Share the worth out by the weakest grade of each path, strongest grade first."""
    whole = math.fsum(abs(path.amount) for path in paths)
    grounds = []
    for grade in GRADES:
        under = [path for path in paths if path.grade == grade]
        if not under or not whole:
            continue
        effects = {
            f"{target.name} <- {effect.source}": effect
            for path in under
            for target, effect in effects_along([graph[name] for name in path.metrics])
            if grade_of(effect) == grade
        }
        said = f"{', '.join(effects)}: {_evidence_words(graph, grade, tuple(effects.values()))}"
        grounds.append(Grounds(grade, math.fsum(abs(path.amount) for path in under) / whole, (said,)))
    return tuple(grounds)


def _evidence_words(graph: Graph, grade: str, effects: Sequence[Influence]) -> str:
    """Write ``correlation, counted at 50%, 2026-07``: the grade, what follows from it, and when effects were seen."""
    if grade == TEMPLATE:
        return TEMPLATE
    dates = {effect.evidence.date for effect in effects}
    shares = {effect.counted for effect in effects} - {1.0}
    by_grade = {number.address for number in graph.uncertain if not number.stated}
    words = [grade.replace("_", "-"), *(f"counted at {100 * share:.4g}%" for share in sorted(shares))]
    if any(address in by_grade for effect in effects for address, _ in effect.parameters):
        words.append("range from the grade")
    date = next(iter(dates)) if len(dates) == 1 else None
    return ", ".join([*words, *([f"{date:%Y-%m}"] if date else [])])
