"""How far may a metric move the wrong way before a guardrail is breached?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal

from impacttree.answers.case import Case
from impacttree.answers.guardrail_checks import Limit, guarded, sized
from impacttree.answers.levers import is_level, lever_of, moved_to, plausible_of, stands_at
from impacttree.answers.local import local
from impacttree.answers.result import Result, Scalar
from impacttree.answers.subject import Horizon, Over, Subject
from impacttree.answers.words import Words, is_still, sentence
from impacttree.graph.model import Metric
from impacttree.graph.seen import Seen
from impacttree.records import dataclass
from impacttree.views import Cell, Column, Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from impacttree.engine.first_crossing import Crossing, Lever
    from impacttree.engine.vector import Batch

__all__ = ["Headroom", "Room", "headroom"]

Until = Literal["bounds", "search", "values"]


@dataclass(frozen=True, slots=True)
class Room:
    """How far one metric may move to one side, all others at their stated points."""

    metric: str
    label: str
    effect: Literal["breaks", "restores", "none"]
    """What happens at `at`: a limit that holds is broken, one that is broken holds again, or nothing in range."""
    guardrail: str | None
    """The metric whose limit it is; None where nothing happens."""
    side: Literal["floor", "cap"] | None
    limit: float | None
    held: Literal["value", "change"]
    """Held from period 1: one value, or, of a metric that moves over time, one relative change (or amount)."""
    today: float
    """Without the change: today's value, or, of a metric that moves over time, its value over the horizon."""
    at: float | None
    """With the largest change under which the limit holds, or the smallest under which it holds again."""
    change: float | None
    """From `today` to `at`."""
    relative: float | None
    """The same as a share of the size of `today`; None where that is zero."""
    direction: Literal["adverse", "favourable", "both"]
    """Whether the move is against what is better for the metric; both where nothing happens to either side."""
    period: int | None
    """The first period in which the limit is broken; None unless one breaks."""
    plausible: tuple[float, float] | None
    """What the model says is plausible for the metric, else the range of its value."""
    within_plausible: bool | None
    """Whether `at` lies in it; None where nothing is stated or nothing happens."""
    plausible_moves: float | None
    """The change in plausible moves: 1 at the end of what is plausible to that side."""
    extrapolated: bool
    """Whether an assumed effect leaves the range in which it was seen."""
    searched: tuple[float, float]
    """Values of the metric up to which nothing happens to either side, or nothing but what is told here."""
    until: Until
    """What ends that: the metric's bounds, how far was searched, or a value that is missing (a zero denominator)."""
    rank: int | None
    """Of moves: those that restore, then those within what is plausible, then the rest; None where nothing happens."""


@dataclass(frozen=True, repr=False)
class Headroom(Result):
    """How far metrics may move, each alone, before a guardrail is breached.

    Attributes
    ----------
    metric : str or None
        The metric that was asked about; None for all that have a stated value.
    rows : tuple of Room
        The nearest first: what restores a limit that is broken already, then moves the wrong way, then moves the better
        way, then metrics that break nothing.
    broken : tuple of str
        Limits that are broken without any move, in words.
    guardrails : int
        How many limits the tree has.
    warnings : tuple of str
        Of the base case: extrapolated effects, and values outside bounds.
    """

    metric: str | None
    rows: tuple[Room, ...]
    broken: tuple[str, ...]
    guardrails: int
    horizon: int
    warnings: tuple[str, ...]
    words: Words = field(compare=False)

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [
            {
                "metric": row.metric,
                "label": row.label,
                "unit": str(self.words.unit(row.metric)),
                "effect": row.effect,
                "guardrail": row.guardrail,
                "side": row.side,
                "limit": row.limit,
                "held": row.held,
                "today": row.today,
                "at": row.at,
                "change": row.change,
                "relative": row.relative,
                "direction": row.direction,
                "period": row.period,
                "plausible_low": row.plausible[0] if row.plausible else None,
                "plausible_high": row.plausible[1] if row.plausible else None,
                "within_plausible": row.within_plausible,
                "plausible_moves": row.plausible_moves,
                "extrapolated": row.extrapolated,
                "searched_from": row.searched[0],
                "searched_to": row.searched[1],
                "until": row.until,
                "rank": row.rank,
            }
            for row in self.rows
        ]

    def summary(self) -> dict[str, Any]:
        return super().summary() | {
            "headline": self.headline,
            "broken": list(self.broken),
            "metric": self.metric,
            "warnings": list(self.warnings),
        }

    @property
    def headline(self) -> str:
        """The sentence about the nearest move."""
        if not self.guardrails:
            return "How far metrics may move before a guardrail is breached"
        if not self.rows and not self.broken:
            who = self.words.label(self.metric) if self.metric else "No metric with a stated value"
            return f"{who} moves {'no' if self.metric else 'a'} guarded metric"
        if self.rows and self.rows[0].effect != "none":
            return self._sentence(self.rows[0])
        who = f"No move of {self.words.label(self.metric)}" if self.metric else "No move of a single metric"
        return f"{who} breaks {'or restores ' if self.broken else ''}a guardrail, as far as was searched"

    def _sentence(self, row: Room) -> str:
        words, guardrail = self.words, row.guardrail or ""
        to = f"to {self._at(row)}{words.each(row.metric)} ({self._change(row)})"
        if row.held == "change":
            to = f"by {self._change(row).lstrip('+-')}, to {self._at(row)}{self._over(row)},"
        limit = f"its {row.side} of {self._limit(row)}"
        rises = (row.change or 0.0) > 0
        if row.effect == "restores":
            moves = f"{'rises' if rises else 'falls'} {to.rstrip(',')}"
            return f"{words.label(guardrail)} breaks {limit} already, but holds once {row.label} {moves}"
        whose = "it" if guardrail == row.metric else words.label(guardrail)
        if row.change == 0:
            return f"{row.label} has no room: {words.label(guardrail)} is at {limit}{self._when(row)}"
        return f"{row.label} may {'rise' if rises else 'fall'} {to} before {whose} breaks {limit}{self._when(row)}"

    def view(self) -> Table:
        columns = (
            Column("Metric"),
            Column("Today", "right"),
            Column("To" if self.broken else "May go to", "right"),
            Column("Change", "right"),
            Column("Guardrail" if self.broken else "Before it breaks"),
            Column("Plausible"),
        )
        return Table(
            self.words.headed(self.headline), columns, tuple(map(self._cells, self.rows)), tuple(self._notes())
        )

    def _cells(self, row: Room) -> tuple[Cell, ...]:
        words, over = self.words, self._over(row)
        alarms = row.effect == "breaks" and row.within_plausible
        return (
            Cell(row.label, row.metric),
            Cell(f"{words.value(row.metric, row.today)}{over}", row.today),
            Cell("" if row.at is None else f"{self._at(row)}{over}{' *' if row.extrapolated else ''}", row.at),
            Cell("" if row.at is None else self._change(row), row.change),
            Cell(self._what(row), row.limit),
            Cell(self._plausible(row), row.plausible_moves, "adverse" if alarms else "neutral"),
        )

    def _at(self, row: Room) -> str:
        """Write where a metric may go: shares with three digits, and apart from today's value."""
        at = row.today if row.at is None else row.at
        shown, _ = self.words.apart(row.metric, at, row.today)
        precise = self.words.value(row.metric, at, 3)
        return precise if self.words.unit(row.metric).is_share and len(precise) > len(shown) else shown

    def _over(self, row: Room) -> str:
        """Write over what a value stands that moves over time."""
        return f" ({self.words.formed(row.metric, self.horizon)})" if row.held == "change" else ""

    def _change(self, row: Room) -> str:
        """Write a change: of shares in points, of others relative to today unless that takes them past zero."""
        if row.change == 0:
            return "none"
        points = self.words.unit(row.metric).is_share and row.held == "value"
        if points or row.relative is None or row.relative < -1:
            return self.words.signed(row.metric, row.change or 0.0)
        return self.words.percent(1.0, row.relative)

    def _limit(self, row: Room) -> str:
        guardrail = row.guardrail or ""
        return f"{self.words.value(guardrail, row.limit or 0.0)}{self.words.each(guardrail)}"

    def _when(self, row: Room) -> str:
        return f" {self.words.placed('in', row.period or 1)}" if (row.period or 1) > 1 else ""

    def _what(self, row: Room) -> str:
        """Write which limit is broken or restored, or how far none is."""
        whose = f"{self.words.label(row.guardrail)} {row.side} {self._limit(row)}" if row.guardrail else ""
        if row.effect == "restores":
            return f"restores {whose}"
        if row.effect == "breaks":
            better = ", moving the better way" if row.direction == "favourable" else ""
            return f"{'breaks ' if self.broken else ''}{whose}{self._when(row)}{better}"
        none = f"{whose}: no breach" if whose else "no breach"
        if row.until == "bounds":
            return f"{none} within its bounds"
        low, high = (self.words.value(row.metric, end) for end in row.searched)
        return f"{none} from {low} to {high}{', where values end' if row.until == 'values' else ''}"

    def _plausible(self, row: Room) -> str:
        if row.plausible is None:
            return "not stated"
        low, high = (self.words.value(row.metric, end) for end in row.plausible)
        if row.at is None:
            return f"{low} to {high}"
        if row.within_plausible:
            return f"{'WITHIN' if row.effect == 'breaks' else 'within'} {low} to {high}"
        return f"beyond {high if (row.change or 0.0) > 0 else low}"

    def _notes(self) -> Iterator[str]:
        words = self.words
        if not self.guardrails:
            yield "The tree has no guardrails."
            return
        yield from (f"Broken already: {text}." for text in self.broken)
        yield from map(sentence, self.warnings)
        if not self.rows:
            return
        count = words.periods(self.horizon)
        held = f"{words.placed('from', 1)} over {count}" if self.horizon > 1 else f"for {count}"
        yield f"Each metric is moved alone and held {held}, all other numbers at their stated points."
        moves = [row for row in self.rows if row.effect != "none"]
        if len(moves) > 1:
            last = "; where none is stated, last, by the relative change" if any(not r.plausible for r in moves) else ""
            yield f"Nearest first, by how much of the plausible move to that side it takes{last}."
        if {row.effect for row in moves} == {"restores", "breaks"}:
            yield "What restores a limit comes before what breaks one."
        if any(row.direction == "favourable" and row.effect == "breaks" for row in moves):
            yield "Of what is plausible, and of the rest, moves the wrong way come before moves the better way."
        if any(row.held == "change" for row in self.rows):
            yield f"A metric that moves over time is changed by the same share, or amount, in every {words.period}."
        if any(row.extrapolated for row in self.rows):
            yield "* extrapolated: there, an assumed effect or a formula leaves the range in which it was seen."
        yield "Searched within bounds, else from zero to eleven times today's value."
        yield "How likely a breach is, the guardrails say: check_guardrails(), or `impacttree guardrails`."


# ---- finding it

SLACK = 1e-9
"""So far beyond the end of what is plausible, relative to it, still counts as within it."""


@local
def headroom(subject: Subject, metric: str | None = None, *, horizon: Horizon = None, over: Over = None) -> Headroom:
    """Find how far each metric may move, to either side, before a guardrail is breached in some period.

    Parameters
    ----------
    subject
        The tree.
    metric
        The one to move, which may have a formula, against each guardrail by itself; by default all that have a stated
        value, each against the guardrail that it breaks first.
    horizon
        Periods, or text such as ``"36 months"``; by default the tree's.
    over
        Periods by name in place of a horizon: ``"FY27"``. What moves over time is told over these; guardrails are
        looked at from period 1 to the last of them, since a move is held from period 1.

    Examples
    --------
    >>> import impacttree as it
    >>> nearest = it.template("saas").headroom("churn").rows[0]
    >>> nearest.guardrail, nearest.side, round(nearest.at, 4)
    ('ltv_to_cac', 'floor', 0.0373)
    """
    from impacttree.engine.first_crossing import grid_steps

    asked = None if metric is None else subject.metric(metric)
    subject = subject.over(over, horizon)
    case = Case.of(subject, None, horizon)
    limits = sized(guarded(subject.graph), case.sizes)
    checks = case.guardrails
    broken = [limit for limit, check in zip(limits, checks, strict=True) if not check.holds]
    intact = [limit for limit in limits if limit not in broken]
    upstream = frozenset[int]().union(*(subject.upstream(limit.metric) for limit in limits))
    levers = [asked] if asked else [one for one in subject.graph.metrics if one.origin in ("value", "drivers")]
    levers = [metric for metric in levers if metric.index in upstream]
    steps = grid_steps(len(upstream), case.periods, len(levers))
    hunts = [_Hunt(case, levers, together, False, steps) for together in _alone(intact, asked)]
    hunts += [_Hunt(case, levers, [limit], True, steps) for limit in broken]
    method = f"first breach on a grid of {steps} steps to each side of today, closed in on to rounding"
    return Headroom(
        provenance=subject.provenance(method, f"changes held {subject.words.placed('from', 1)}"),
        metric=metric,
        rows=_ranked([room for hunt in hunts for room in hunt.rooms()]),
        broken=tuple(check.text for check in checks if not check.holds),
        guardrails=len(limits),
        horizon=case.periods,
        warnings=case.warnings(shown=[limit.metric for limit in limits]),
        words=subject.words,
    )


def _alone(limits: Sequence[Limit], asked: Metric | None) -> list[list[Limit]]:
    """Return limits that are watched together: all, or for one metric each by itself."""
    return [[limit] for limit in limits] if asked else [list(limits)]


class _Hunt:
    """Where some limits, all of which hold, first break; or where one that is broken first holds."""

    def __init__(
        self, case: Case, metrics: Sequence[Metric], limits: Sequence[Limit], restores: bool, steps: int
    ) -> None:
        self.case, self.subject, self.limits, self.restores, self.steps = case, case.subject, limits, restores, steps
        self.upstream = frozenset[int]().union(*(self.subject.upstream(limit.metric) for limit in limits))
        self.metrics = [metric for metric in metrics if metric.index in self.upstream]
        self.guards = sorted({limit.metric.index for limit in limits})
        self.seen = [seen for seen in self.subject.seen if seen.metric.index in self.upstream]

    def rooms(self) -> Iterator[Room]:
        """Yield what happens to each side of each metric; where nothing does to either, that."""
        from impacttree.engine.first_crossing import first_crossings

        levers = {metric.index: lever_of(self.case, metric) for metric in self.metrics}
        sources = {self.subject.graph.by_name[seen.source] for seen in self.seen}
        found = first_crossings(
            self.subject.model,
            self.case.periods,
            list(levers.values()),
            self.margin,
            extremes=self.guards,
            paths=sorted(sources.union(self.guards)),
            steps=self.steps,
        )
        for down in found:
            up = next(found)
            room = self.nothing(down, up)
            sides = [self.room(room, crossing) for crossing in (down, up) if crossing.happens is not None]
            yield from sides
            if not sides and not self.restores:
                yield room

    def margin(self, batch: Batch) -> npt.NDArray[np.float64]:
        """Return the least room of the limits as a share of each: of one to be restored, what it lacks."""
        import numpy as np

        rooms = [
            self.share(limit, batch.lows[limit.metric.index], batch.highs[limit.metric.index]) for limit in self.limits
        ]
        least = reduce(np.fmin, rooms)
        missing = reduce(np.logical_or, [np.isnan(room) for room in rooms])
        return np.where(missing & ~(least < 0), np.nan, least)

    def share(
        self, limit: Limit, lows: npt.NDArray[np.float64], highs: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        room = limit.margins(lows, highs) / (abs(limit.value) or 1.0)
        return -room if self.restores else room

    def nothing(self, down: Crossing, up: Crossing) -> Room:
        """Return the room of a metric that moves as far as it can and nothing happens."""
        subject, lever = self.subject, down.lever
        metric = subject.graph.metrics[lever.slot]
        only = self.limits[0] if len(self.limits) == 1 else None
        today = stands_at(self.case, metric)
        return Room(
            metric=metric.name,
            label=metric.label,
            effect="none",
            guardrail=only.metric.name if only else None,
            side=only.side if only else None,
            limit=only.value if only else None,
            held="value" if is_level(self.case, metric) else "change",
            today=today,
            at=None,
            change=None,
            relative=None,
            direction="both",
            period=None,
            plausible=plausible_of(metric),
            within_plausible=None,
            plausible_moves=None,
            extrapolated=False,
            searched=(moved_to(self.case, lever, today, down.holds), moved_to(self.case, lever, today, up.holds)),
            until="values" if down.is_fault or up.is_fault else "bounds" if metric.spec.bounds else "search",
            rank=None,
        )

    def room(self, room: Room, crossing: Crossing) -> Room:
        """Return what happens to one side."""
        lever = crossing.lever
        metric = self.subject.graph.metrics[lever.slot]
        amount = crossing.happens if self.restores and crossing.happens is not None else crossing.holds
        at = moved_to(self.case, lever, room.today, amount)
        if abs(at - room.today) <= SLACK * abs(room.today):
            at, amount = room.today, 0.0  # at the limit already: what is left is the rounding that it allows for
        limit, period = self.first(crossing)
        ends = _plausible_amounts(self.subject, lever, room.plausible)
        end = ends[crossing.side > 0] if ends else 0.0
        return replace(
            room,
            effect="restores" if self.restores else "breaks",
            guardrail=limit.metric.name,
            side=limit.side,
            limit=limit.value,
            at=at,
            change=at - room.today,
            relative=(at - room.today) / abs(room.today) if room.today else None,
            direction="favourable" if (crossing.side > 0) == (metric.spec.better == "higher") else "adverse",
            period=None if self.restores else period,
            within_plausible=_is_between(amount, ends) if ends else None,
            plausible_moves=amount / end if end * crossing.side > 0 else None,
            extrapolated=any(self.leaves(seen, crossing) for seen in self.seen),
        )

    def first(self, crossing: Crossing) -> tuple[Limit, int]:
        """Return the limit that is broken first, and in which period; the one that is restored."""
        if self.restores:
            return self.limits[0], 1
        found = []
        for position, limit in enumerate(self.limits):
            path = crossing.paths[limit.metric.index]
            margins = self.share(limit, path, path)
            if margins.min() < 0:
                found.append((int((margins < 0).argmax()) + 1, float(margins.min()), position))
        period, _, position = min(found)
        return self.limits[position], period

    def leaves(self, seen: Seen, crossing: Crossing) -> bool:
        """Return whether the source of an effect or a curve is moved out of the range in which it was seen."""
        slot = self.subject.graph.by_name[seen.source]
        path = crossing.paths[slot]
        if seen.low <= path.min() and path.max() <= seen.high:
            return False
        return not all(is_still(row[slot], now) for row, now in zip(self.case.base.periods_of(), path, strict=True))


def _plausible_amounts(
    subject: Subject, lever: Lever, plausible: tuple[float, float] | None
) -> tuple[float, float] | None:
    """Return the ends of what is plausible as changes of today's value."""
    if plausible is None:
        return None
    today = subject.first_known(subject.graph.metrics[lever.slot])
    if lever.kind == "add":
        return plausible[0] - today, plausible[1] - today
    return plausible[0] / today - 1.0, plausible[1] / today - 1.0


def _is_between(amount: float, ends: tuple[float, float]) -> bool:
    slack = SLACK * max(map(abs, ends))
    return ends[0] - slack <= amount <= ends[1] + slack


def _ranked(rooms: Sequence[Room]) -> tuple[Room, ...]:
    """Return what happens, the nearest first, with ranks; then where nothing does, in file order."""
    happening = sorted((room for room in rooms if room.effect != "none"), key=_nearness)
    return (
        *(replace(room, rank=rank) for rank, room in enumerate(happening, 1)),
        *(room for room in rooms if room.effect == "none"),
    )


def _nearness(room: Room) -> tuple[int, int, float]:
    """Return what ranks a move: its kind, then plausible moves where they are stated, then the relative change."""
    kind = -1 if room.effect == "restores" else 2 * (not room.within_plausible) + (room.direction == "favourable")
    if room.plausible_moves is not None:
        return kind, 0, room.plausible_moves
    return kind, 1 if room.plausible is None else 2, math.inf if room.relative is None else abs(room.relative)
