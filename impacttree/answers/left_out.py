"""What a lift is known to leave out: metrics that may respond to it, and how far they may before its gain is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from impacttree.answers.case import Case
from impacttree.answers.levers import lever_of, moved_to, stands_at
from impacttree.answers.words import Words, is_still, lowered
from impacttree.errors import EvaluationError
from impacttree.graph.model import Metric
from impacttree.quantity import Intervention
from impacttree.records import dataclass
from impacttree.spec.leaves import MAX_HORIZON

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.arrays import Array
    from impacttree.engine.first_crossing import Lever

__all__ = ["HORIZONS", "LeftOut", "left_out", "left_out_note", "left_out_row", "left_out_texts"]

HORIZONS = (1, 3)
"""Over how many horizons each is told how far it may move."""
SHOWN = 2
"""Metrics that have a line of their own."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A metric that may respond to a lift, of which the tree knows no effect, and how far it may move over a horizon.

    Parameters
    ----------
    metric, label
        What is left out.
    by
        The lifted metric that states so.
    note
        Why, as stated.
    horizon
        Periods over which the worth is taken.
    stands
        Where the metric stands without the lift: today, or over the horizon where it moves over time.
    at
        Held from period 1, the nearest value at which the gain is zero; None where none was found, or there is none.
    gain
        What the lift is worth over the horizon, less its cost, when the metric stays where it is; a loss is below zero.
    """

    metric: str
    label: str
    by: str
    note: str
    horizon: int
    stands: float
    at: float | None
    gain: float

    @property
    def move(self) -> float | None:
        """From where it stands to `at`."""
        return None if self.at is None else self.at - self.stands


def left_out(case: Case, outcome: Metric, cost: float = 0.0) -> tuple[LeftOut, ...]:
    """Return what the lifted metrics state as not modelled, at one and three horizons, in the order of the file.

    The gain is the worth less the `cost`, which is paid once.

    What the question itself moves, or what reads the lifted metric by now, is not left out; neither is what cannot
    move the outcome.
    """
    pairs = list(_stated(case, outcome))
    if not pairs:
        return ()
    found = {}
    for count in HORIZONS:
        longer = case if count == 1 else case.over(case.words.end(case.periods, count))
        if longer.periods > MAX_HORIZON:
            continue
        try:
            gain = _better(outcome) * longer.change(outcome) - cost
            ends = _undone(longer, outcome, [other for _, other, _ in pairs], cost)
        except EvaluationError:
            continue  # the tree has no value that far
        for number, ((by, other, note), at) in enumerate(zip(pairs, ends, strict=True)):
            stands = stands_at(longer.plain, other)
            found[number, count] = LeftOut(other.name, other.label, by.name, note, longer.periods, stands, at, gain)
    return tuple(found[key] for key in sorted(found))


def _better(outcome: Metric) -> float:
    return 1.0 if outcome.spec.better == "higher" else -1.0


def _stated(case: Case, outcome: Metric) -> Iterator[tuple[Metric, Metric, str]]:
    graph, moving = case.subject.graph, case.subject.upstream(outcome)
    for slot in case.asked.slots:
        by = graph.metrics[slot]
        for name, note in by.spec.not_modelled:
            other = graph[name]
            is_read = any(ref.source == by.name and ref.timing != "baseline" for ref in other.references)
            if not is_read and other.index in moving and other.index not in case.asked.slots:
                yield by, other, note


def _undone(case: Case, outcome: Metric, others: Sequence[Metric], cost: float) -> list[float | None]:
    """Return to where each metric may move, alone beside what is asked, until the gain over the horizon is gone."""
    from impacttree.engine.first_crossing import grid_steps, lever_groups

    before, after = case.before[outcome.index], case.after[outcome.index]
    loops = {case.subject.graph.metrics[slot].loop for slot in case.together.interventions} - {-1}
    levers = [lever_of(case, other) for other in others if other.loop not in loops]  # two moves in a loop mean nothing
    gain = _better(outcome) * (after - before) - cost
    if (is_still(before, after) and not cost) or not levers:
        return [None] * len(others)
    steps = grid_steps(len(case.subject.upstream(outcome)), case.periods, len(levers))
    found: dict[int, float] = {}
    for group in lever_groups(case.subject.model, levers):
        found |= _Search(case, outcome, group, cost, 1.0 if gain > 0 else -1.0).nearest(steps)
    return [found.get(other.index) for other in others]


@dataclass(frozen=True, slots=True)
class _Search:
    """What is asked beside a move of one of some levers, two rows for each: downwards and upwards."""

    case: Case
    outcome: Metric
    levers: Sequence[Lever]
    cost: float
    sign: float

    def nearest(self, steps: int) -> dict[int, float]:
        """Return, by slot, the nearest value at which nothing is left, of the levers that have one."""
        import numpy as np

        from impacttree.engine.first_crossing import first_steps

        ends = np.array([end for lever in self.levers for end in lever.ends])
        happens, step = first_steps(ends, steps, self.margins)
        amounts: dict[Lever, list[float]] = {}
        for row, near, margin in zip(np.flatnonzero(happens), step.near, step.far_margin, strict=True):
            if not np.isnan(margin):
                amounts.setdefault(self.levers[int(row) // 2], []).append(float(near))
        metrics, plain = self.case.subject.graph.metrics, self.case.plain
        return {
            lever.slot: moved_to(plain, lever, stands_at(plain, metrics[lever.slot]), min(found, key=abs))
            for lever, found in amounts.items()
        }

    def margins(self, rows: npt.NDArray[np.int_], amounts: Array) -> Array:
        """Return what is left of the gain, or of the loss, in numbered rows, an array of amounts for each."""
        import numpy as np

        from impacttree.engine.vector import evaluate_many

        who, moves = np.repeat(rows // 2, amounts.shape[1]), amounts.ravel()
        done = self.case.together.interventions
        effects = dict(done)
        for number, lever in enumerate(self.levers):
            here = np.where(who == number, moves, 0.0)
            multiplies = lever.kind == "multiply"
            by = Intervention("wrap", 1.0 + here) if multiplies else Intervention("wrap", shift=here)
            effects[lever.slot] = effects[lever.slot].then(by) if lever.slot in effects else by
        batch = evaluate_many(
            self.case.subject.model,
            self.case.periods,
            count=len(who),
            interventions=effects,
            totals=[self.outcome.index],
        )
        change = batch.totals[self.outcome.index] - self.case.before[self.outcome.index]
        left: Array = self.sign * (_better(self.outcome) * change - self.cost)
        return left.reshape(amounts.shape)


# ---- in words


def left_out_texts(words: Words, found: Sequence[LeftOut]) -> list[str]:
    """Write a line for each metric, the first few in full.

    ``Monthly churn (no price test yet): the gain is gone if it goes from 2.5% to 3.11% (12 months)``
    """
    lines: list[str] = []
    names: list[str] = []
    for entries in _by_metric(found):
        said = f"{entries[0].label} ({entries[0].note})"
        if len(lines) < SHOWN:
            undone = _undone_text(words, entries)
            lines.append(f"{said}: {undone}" if undone else said)
        else:
            names.append(said)
    return [*lines, *([f"nor {'; '.join(names)}"] if names else [])]


def left_out_note(words: Words, found: Sequence[LeftOut]) -> str:
    """Write the same in a few words, for a box on a slide; empty when nothing is left out."""
    parts = []
    for number, entries in enumerate(_by_metric(found)):
        ends = [(_shown(words, one)[1], words.reaching(one.horizon)) for one in entries if one.at is not None]
        texts = [end if number or not place else f"{end} {when}" for place, (end, when) in enumerate(ends)]
        gone = "" if number or not ends else f"{_lost(entries[0])} at "
        parts.append(lowered(entries[0].label) + (f" ({gone}{', '.join(texts)})" if texts else ""))
    return f"not in the model: {'; '.join(parts)}" if parts else ""


def _by_metric(found: Sequence[LeftOut]) -> list[tuple[LeftOut, ...]]:
    return [tuple(entries) for _, entries in groupby(found, key=lambda one: (one.by, one.metric))]


def _shown(words: Words, one: LeftOut) -> tuple[str, str]:
    """Write where a metric stands and where the gain is gone."""
    assert one.at is not None
    return words.apart(one.metric, one.stands, one.at)


def _lost(one: LeftOut) -> str:
    return "gain is gone" if one.gain > 0 else "loss is made up"


def _undone_text(words: Words, entries: Sequence[LeftOut]) -> str:
    """Write ``the gain is gone if it goes from 2.5% to 3.11% (12 months), to 2.75% (36 months)``."""
    parts, last = [], ""
    for one in entries:
        lost, when = _lost(one), words.reaching(one.horizon)
        if one.at is not None:
            stands, at = _shown(words, one)
            said = f"to {at} ({when.removeprefix('over ')})"
            parts.append(said if lost == last else f"the {lost} if it goes from {stands} {said}")
            last = lost
        elif one.gain:
            parts.append(f"{when} no move that was searched undoes the {lost.split()[0]}")
            last = ""
    return ", ".join(parts)


def left_out_row(one: LeftOut) -> dict[str, float | int | str | None]:
    """Return what is left out as it stands in the head of an answer's JSON."""
    return {
        "metric": one.metric,
        "by": one.by,
        "note": one.note,
        "horizon": one.horizon,
        "stands": one.stands,
        "at": one.at,
        "move": one.move,
    }
