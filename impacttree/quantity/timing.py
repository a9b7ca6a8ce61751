"""When a change is in force: from which period, how it comes in, until when, and how it fades."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, TypeVar, cast, get_args

from impacttree.errors import ChangeError, Problem, QuantityError, QuestionError, meant, printable
from impacttree.patterns import pattern
from impacttree.quantity.calendar import Calendar, numbered_period, period_name
from impacttree.quantity.quantities import parse_quantity
from impacttree.quantity.units import PERIODS_PER_YEAR, Period, Unit
from impacttree.records import dataclass

__all__ = ["InForce", "RampShape", "Weights", "around", "other_words", "split", "timing_of"]

RampShape = Literal["linear", "s"]
"""How a ramp goes up: by as much in each period, or slowly at both ends."""
PeriodName = str | int | datetime.date
"""A period as people give it: ``"2027-04"``, ``4``, ``"month 4"``."""

T = TypeVar("T")

MOST_PERIODS = 36_500
_CLAUSE = pattern(r"\s+(from|over|shape|until|decay)\s+", re.ASCII | re.IGNORECASE)
_OTHER = pattern(
    r"\s(?:starting|starts?|since|beginning|begins?|after|ramp(?:ing)?|till|through|ending|ends?|for|by|in)(?:\s|$)",
    re.ASCII | re.IGNORECASE,
)
_WRITTEN = "when it is in force is written `+1% from 2027-04 over 3 months until 2027-12 decay 5%/month`"
_LENGTH = pattern(r"([0-9]{1,5})(?:\s+([A-Za-z]+))?", re.ASCII)
_WORDS = {"from": "start", "over": "ramp", "shape": "shape", "until": "until", "decay": "decay"}


@dataclass(frozen=True, slots=True)
class Weights:
    """How much of a change is in force in each period, in numbers of periods.

    Parameters
    ----------
    start
        The first period.
    ramp
        Periods until all of it is in force; 1 for all at once.
    shape
        How it comes in.
    until
        The last period; None for no end.
    decay
        The share of it that is lost in each period after the ramp.

    Examples
    --------
    >>> [round(Weights(start=2, ramp=2, decay=0.1, until=5).at(t), 3) for t in range(1, 7)]
    [0.0, 0.5, 1.0, 0.9, 0.81, 0.0]
    """

    start: int = 1
    ramp: int = 1
    shape: RampShape = "linear"
    until: int | None = None
    decay: float = 0.0

    @property
    def is_steady(self) -> bool:
        """Whether all of the change is in force in every period."""
        return self.start == 1 and self.ramp == 1 and self.until is None and not self.decay

    @property
    def full(self) -> int:
        """The first period in which all of it is in force, if it lasts so long."""
        return self.start + self.ramp - 1

    def at(self, t: int) -> float:
        """Return the share of the change that is in force in period `t`."""
        if t < self.start or (self.until is not None and t > self.until):
            return 0.0
        if t <= self.full:
            share = (t - self.start + 1) / self.ramp
            return share * share * (3.0 - 2.0 * share) if self.shape == "s" else share
        return float((1.0 - self.decay) ** (t - self.full))


@dataclass(frozen=True, slots=True)
class InForce:
    """When a change is in force, as it was said; its periods are found by the calendar of a tree.

    Parameters
    ----------
    start, until
        The first and the last period, as text: ``2027-04``, ``4``, ``month 4``; empty where not said.
    ramp
        Periods until all of it is in force, and the period that was written beside them, if any.
    shape
        How it comes in.
    decay
        The share lost in each period after the ramp, and the period that was written beside it, if any.
    """

    start: str = ""
    ramp: tuple[int, str] = (1, "")
    shape: RampShape = "linear"
    until: str = ""
    decay: tuple[float, str] = (0.0, "")

    def __str__(self) -> str:
        count, period = self.ramp
        lost, per = self.decay
        parts = [f"from {self.start}"] if self.start else []
        if count > 1 or period:
            parts.append(f"over {count} {period}{'s' if period and count != 1 else ''}".rstrip())
        parts += ["shape s"] if self.shape == "s" else []
        parts += [f"until {self.until}"] if self.until else []
        parts += [f"decay {100 * lost:.12g}%{f'/{per}' if per else ''}"] if lost else []
        return " ".join(parts)

    def weights(self, period: Period, calendar: Calendar | None = None) -> Weights:
        """Return the weights in a tree that steps by `period`.

        Parameters
        ----------
        calendar
            Knows dates and labels; without it periods have numbers alone.

        Raises
        ------
        ChangeError
            With all that does not fit the tree.

        Examples
        --------
        >>> timing_of(start="month 4", ramp="3 months").weights("month")
        Weights(start=4, ramp=3, shape='linear', until=None, decay=0.0)
        """
        problems: list[Problem] = []
        found = {"start": 1, "until": 0}
        for key, said in (("start", self.start), ("until", self.until)):
            try:
                found[key] = _number(said, period, calendar, is_end=key == "until") if said else found[key]
            except (ChangeError, QuestionError) as error:
                problems += _of(key, error)
        start, until = found["start"], found["until"] or None
        if not problems and until is not None and until < start:
            begins = self.start or period_name(1, period, calendar)
            reason = f"a lift cannot end ({self.until}) before it starts ({begins})"
            problems.append(Problem(reason=reason, fix="exchange the two, or leave `until` out"))
        for what, per in (("ramp", self.ramp[1]), ("decay", self.decay[1])):
            if per not in ("", period):
                reason = f"the {what} of a lift is stated by {per}, and the tree steps by {period}"
                problems.append(Problem(reason=reason, fix=f"state it by {period}"))
        if problems:
            raise ChangeError(*problems)
        return Weights(start, self.ramp[0], self.shape, until, self.decay[0])


def _of(key: str, error: ChangeError | QuestionError) -> Iterator[Problem]:
    what = "end" if key == "until" else key
    return (replace(problem, reason=f"the {what} of a lift: {problem.reason}") for problem in error.problems)


def _number(text: str, period: Period, calendar: Calendar | None, *, is_end: bool) -> int:
    """Return the number of the period that a text names: ``4``, ``month 4``, or what the calendar knows."""
    found, shown = numbered_period(text, calendar), f"'{printable(text, 40)}'"
    if found is None:
        if calendar is None:
            fix = f"write e.g. {period} 4, or state the tree's `start_date`"
            raise ChangeError(Problem(reason=f"{shown} is not the number of a {period}", fix=fix))
        return calendar.period_until(text) if is_end else calendar.period_from(text)
    number, word = found
    if word not in ("", period):
        reason = f"{shown} is a {word}, and the tree steps by {period}"
        raise ChangeError(Problem(reason=reason, fix=f"write e.g. {period} 4"))
    if not 1 <= number <= MOST_PERIODS:
        where = "before the tree's first" if number < 1 else "beyond any"
        raise ChangeError(Problem(reason=f"{shown} is {where} {period}", fix=f"name a {period} from 1 on"))
    return number


def timing_of(
    *,
    start: PeriodName | None = None,
    ramp: str | int | None = None,
    shape: str = "linear",
    until: PeriodName | None = None,
    decay: str | float | None = None,
) -> InForce | None:
    """Return when a change is in force, read from what people give; None for all of it in every period.

    Raises
    ------
    ChangeError
        With all that is written wrongly.

    Examples
    --------
    >>> str(timing_of(start="2027-04", ramp="3 months", decay="5%/month"))
    'from 2027-04 over 3 months decay 5%/month'
    """
    problems: list[Problem] = []

    def given(key: str, raw: object, read: Callable[[object], T], unsaid: T) -> T:
        try:
            return unsaid if raw is None else read(raw)
        except ChangeError as error:
            problems.extend(_of(key, error))
            return unsaid

    timing = InForce(
        start=given("start", start, _point, ""),
        ramp=given("ramp", ramp, _length, (1, "")),
        shape=given("shape", shape, _shape, "linear"),
        until=given("until", until, _point, ""),
        decay=given("decay", decay, _lost, (0.0, "")),
    )
    if not problems and timing.shape == "s" and timing.ramp[0] == 1:
        problems.append(Problem(reason="a lift that comes in at once has no shape", fix="state its ramp: 3 months"))
    if problems:
        raise ChangeError(*problems)
    return None if timing == InForce() else timing


def split(text: str) -> tuple[str, InForce | None]:
    """Return a change without the words that say when it is in force, and what these say.

    Examples
    --------
    >>> body, timing = split("+1% (+0.5% to +2%) from 2027-04 over 3 months")
    >>> body, str(timing)
    ('+1% (+0.5% to +2%)', 'from 2027-04 over 3 months')
    """
    body, *clauses = _CLAUSE.split(text)
    if not clauses:
        return text, None
    given: dict[str, str] = {}
    for word, said in zip(map(str.lower, clauses[::2]), clauses[1::2], strict=True):
        if _WORDS[word] in given:
            raise ChangeError(Problem(reason=f"'{word}' stands twice in '{printable(text, 80)}'", fix="keep one"))
        given[_WORDS[word]] = said.strip()
    return body, timing_of(**given)


def other_words(text: str) -> str:
    """Return how to write when a change is in force, where a text seems to say so in other words; else nothing.

    Examples
    --------
    >>> other_words("+1% starting 2027-04").partition(" `")[0]
    'when it is in force is written'
    """
    return _WRITTEN if _OTHER.search(text) else ""


def around(change: str, label: str) -> str:
    """Write a change around the label of its metric: what is done before it, and when it is in force after it.

    Examples
    --------
    >>> around("+1% from 2027-04 over 3 months", "Weekly engagement")
    '+1% Weekly engagement from 2027-04 over 3 months'
    """
    when = _CLAUSE.search(change) if " then " not in change else None
    return f"{change} {label}" if when is None else f"{change[: when.start()]} {label}{change[when.start() :]}"


def untimed(change: str) -> str:
    """Return a change without when it is in force.

    Examples
    --------
    >>> untimed("+1% from 2027-04 over 3 months")
    '+1%'
    """
    return around(change, "").rstrip() if " then " in change else _CLAUSE.split(change, 1)[0]


def _point(raw: object) -> str:
    if isinstance(raw, datetime.datetime | datetime.date):
        return raw.strftime("%Y-%m-%d")
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not text or len(text) > 40 or not text.isprintable() or _CLAUSE.search(f" {text} "):
        raise ChangeError(Problem(reason="a period is a date, a label or a number", fix="write e.g. '2027-04' or 4"))
    return text


def _length(raw: object) -> tuple[int, str]:
    match = _LENGTH.fullmatch(str(raw).strip()) if isinstance(raw, str | int) and not isinstance(raw, bool) else None
    word = "" if match is None or match[2] is None else match[2].lower().removesuffix("s")
    if match is None or not int(match[1]) or (word and word not in PERIODS_PER_YEAR):
        shown = printable(str(raw), 40)
        raise ChangeError(Problem(reason=f"'{shown}' is not a number of periods from 1 on", fix="write e.g. 3 months"))
    return int(match[1]), word


def _shape(raw: object) -> RampShape:
    if raw not in get_args(RampShape):
        hint = meant(str(raw), get_args(RampShape))
        fix = f"write {hint}" if hint else "write linear or s"
        raise ChangeError(Problem(reason=f"'{printable(str(raw), 40)}' is not known", fix=fix))
    return cast("RampShape", raw)


def _lost(raw: object) -> tuple[float, str]:
    try:
        quantity = parse_quantity(raw)  # type: ignore[arg-type]  # what it does not take it refuses
    except QuantityError as error:
        raise ChangeError(*error.problems) from None
    unit, value = quantity.unit, quantity.value
    per = "" if unit is None or not unit.calendar else unit.calendar[0][0]
    plain = unit is None or unit.is_pure or unit == Unit.parse(f"%/{per}" if per else "%")
    if value is None or quantity.spread is not None or not plain or not 0.0 <= value <= 1.0:
        shown = printable(quantity.text, 40)
        reason = f"'{shown}' is not a share that is lost in each period"
        raise ChangeError(Problem(reason=reason, fix="write e.g. 5%/month"))
    return value, per
