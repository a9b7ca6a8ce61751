"""Whether changes fit the metric that they are made to, and what they do to it together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, assert_never

from impacttree.errors import ChangeError, Problem, printable
from impacttree.quantity.calendar import Calendar
from impacttree.quantity.changes import Add, Change, Points, Relative, Set, quantity_of
from impacttree.quantity.formatting import format_value
from impacttree.quantity.interventions import Recipe
from impacttree.quantity.money import sign_of
from impacttree.quantity.spread_checks import impossible
from impacttree.quantity.spreads import Bounds
from impacttree.quantity.timing import Weights
from impacttree.quantity.units import NUMBER, POINTS, Period, Unit

__all__ = ["misfit", "recipe"]


def misfit(written: Unit | None, own: Unit) -> tuple[str, str] | None:
    """Return the reason and the fix if a number written in one unit does not fit a metric's own, else None.

    A bare number (None) takes the metric's unit, but not on money and shares, where it could mean two things. Money and
    shares may leave denominators out. What is written must match.

    Examples
    --------
    >>> misfit(Unit.parse("$"), Unit.parse("USD/user/month")) is None
    True
    >>> misfit(None, Unit.parse("%"))
    ('a bare number could mean a fraction or a percentage', 'write it with its unit: %')
    """
    if written is None or written == NUMBER:
        return _bare(own)
    fix = f"write it in {own}" if str(own) else "write a plain number"
    if own.in_multiples:
        fix += ", or as it is stated, with the multiple: $3/1M tokens"
    if not _same_display(written, own):
        return f"{written} does not fit a metric in {str(own) or 'plain numbers'}", fix
    loose = (own.is_money or own.is_share) and not own.in_multiples
    missing = [factor for factor in own.factors if factor not in written.factors]
    extra = any(factor not in own.factors for factor in written.factors)
    if extra or any(power > 0 or not loose for _, power in missing):
        return f"{written} does not fit a metric in {str(own) or 'plain numbers'}", fix
    return None


def _bare(own: Unit) -> tuple[str, str] | None:
    if own.is_share:
        return "a bare number could mean a fraction or a percentage", f"write it with its unit: {own}"
    if own.is_money:
        return "a bare number does not say which money", f"write it with its currency: {own.money}"
    return None


def _same_display(written: Unit, own: Unit) -> bool:
    if own.is_share:
        return written.is_share
    return written.display in ("", own.display) if own.display else written.display != "pp"


def _weights(
    metric: _Metric, changes: Sequence[Change], period: Period, calendar: Calendar | None
) -> tuple[Weights | None, ...]:
    """Return how much of each change is in force in each period; nothing where each is in force in all of them."""
    try:
        found = [None if change.timing is None else change.timing.weights(period, calendar) for change in changes]
    except ChangeError as error:
        raise ChangeError(*(problem.at(metric=metric.name) for problem in error.problems)) from None
    varying = tuple(None if one is None or one.is_steady else one for one in found)
    return varying if any(varying) else ()


def recipe(
    changes: Sequence[Change],
    *,
    name: str,
    unit: Unit,
    base: float,
    bounds: Bounds | None = None,
    in_file: bool = False,
    period: Period = "month",
    calendar: Calendar | None = None,
) -> Recipe:
    """Check that all changes on one metric fit it, and return what they do together.

    Parameters
    ----------
    changes
        What is done to the metric; at most one `Set`.
    name, unit, base, bounds
        The metric: its name, unit, value today, and bounds if it has any. Each change with its P50 must keep them, and
        a `Set` with its whole range, as any value of the metric; what moves the metric may reach beyond.
    in_file
        True for a scenario in a model file, where ``%`` on a metric shown in % must say ``relative`` or be ``pp``.
    period, calendar
        The tree's time step and its calendar, if it has one: they tell the periods of a change that is not in force in
        all of them.

    Raises
    ------
    ChangeError
        If a change does not fit the metric; the message names the form that does.

    Examples
    --------
    >>> from impacttree.quantity import parse_change
    >>> raised = recipe([parse_change("+10% (5% to 15%)")], name="arpu", unit=Unit.parse("USD"), base=29.0)
    >>> raised.effect([0.05]), raised.intervention()
    ((1.05, 0.0), Intervention(kind='wrap', scale=1.1, shift=0.0, weights=None, before=()))
    """
    metric = _Metric(name, unit, base, bounds, in_file)
    changes = [_centred(change, bounds) for change in changes]
    sets = [change for change in changes if isinstance(change, Set)]
    if len(sets) > 1:
        raise metric.error(f"is set twice ({sets[0]} and {sets[1]})", "keep one")
    for change in changes:
        metric.check(change, start=sets[0].value if sets else base)
    combined = Recipe(tuple(changes), _weights(metric, changes, period, calendar))
    shown = Recipe(combined.changes).intervention().apply(base)
    if not math.isfinite(shown):
        raise metric.error("becomes too large", "use a smaller change")
    metric.check_bounds(shown, changes)
    return combined


def _centred(change: Change, bounds: Bounds | None) -> Change:
    """Return a change that sets a range alone with the P50 that the range has within the bounds of the metric."""
    if not isinstance(change, Set) or change.spread is None or change.spread.kind != "p10_p90":
        return change
    return replace(change, value=change.spread.central(bounds))


class _Metric(NamedTuple):
    """The metric that is changed, and what can be refused about it."""

    name: str
    unit: Unit
    base: float
    bounds: Bounds | None
    in_file: bool

    def error(self, reason: str, fix: str) -> ChangeError:
        return ChangeError(Problem(reason=f"'{printable(self.name, 80)}' {reason}", fix=fix))

    def check(self, change: Change, start: float) -> None:
        """Refuse a change that does not fit; products apply to `start`."""
        match change:
            case Relative():
                self._check_relative(change, start)
            case Points():
                self._check_points(change)
            case Add():
                self._check_unit(change)
            case Set():
                self._check_unit(change)
                self._check_range(change)
            case _:
                assert_never(change)

    def _check_range(self, change: Set) -> None:
        wrong = impossible(quantity_of(change), self.bounds)
        if wrong is not None:
            raise self.error(f"cannot be {change}: {wrong[0]}", wrong[1])

    def _check_relative(self, change: Relative, start: float) -> None:
        if start <= 0:
            raise self.error(
                f"is {self._shown(start)}, and a relative change ({change}) means nothing at or below zero",
                f"write an absolute change: {self._absolute_form()}",
            )
        if self.in_file and self.unit.is_share and not change.stated:
            body, when = str(replace(change, timing=None)), "" if change.timing is None else f" {change.timing}"
            raise self.error(
                f"is shown in %, so {change} could mean a ratio or points",
                f"write '{body} relative{when}' or '{body.replace('%', 'pp')}{when}'",
            )

    def _check_points(self, change: Points) -> None:
        if not self.unit.is_share:
            raise self.error(
                f"is not shown in %, so {change} has no meaning for it", f"write e.g. {self._absolute_form()} or +1%"
            )

    def _check_unit(self, change: Add | Set) -> None:
        if change.typed:
            return
        wrong = misfit(change.unit, self.unit)
        if wrong is not None:
            raise self.error(f"cannot take {change}: {wrong[0]}", wrong[1])

    def check_bounds(self, shown: float, changes: Sequence[Change]) -> None:
        if self.bounds is None or not changes:
            return
        low, high = self.bounds
        slack = 1e-12 * (high - low)
        already_outside = not low <= self.base <= high and not any(isinstance(change, Set) for change in changes)
        if already_outside or low - slack <= shown <= high + slack:
            return
        written = ", ".join(str(change) for change in changes)
        limits = f"{self._shown(low)} to {self._shown(high)}"
        raise self.error(
            f"would be {self._shown(shown)} with {written}, outside its bounds {limits}",
            "use a smaller change or widen the bounds",
        )

    def _shown(self, value: float) -> str:
        return format_value(value, self.unit)

    def _absolute_form(self) -> str:
        if self.unit.is_share:
            return "+2pp"
        if self.unit.is_money:
            return f"+{sign_of(self.unit.money or '', 'USD')}3"
        return "+5 points" if self.unit == POINTS else "+5"
