"""What something costs and when: amounts that are paid today or in a later period, expensed or written off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from impacttree.answers.case import Case
from impacttree.answers.cost import COST, check_net, uncertain_cost
from impacttree.answers.words import Words, counted, joined
from impacttree.errors import Problem, QuantityError, QuestionError, printable
from impacttree.graph.model import Metric, UncertainNumber
from impacttree.patterns import pattern
from impacttree.quantity import Quantity, RawQuantity, misfit, parse_quantity
from impacttree.records import dataclass
from impacttree.spec import leaves
from impacttree.spec.finance import LONGEST_LIFE

if TYPE_CHECKING:
    from impacttree.engine.simulation import Job

__all__ = ["AT_START", "Costs", "Outlay", "parts", "payments", "read_outlays", "resized", "terms", "terms_of"]

Costs = RawQuantity | Sequence[RawQuantity]
"""What is paid: ``"$250k"``, ``"$20k in month 3"``, ``"$100k over 36 months"``; a list, or with ``;`` between them."""

MOST = 60
_AMOUNT, _PAID, _LIFE = r"(?P<amount>.+?)", r"\s+in\s+(?P<when>[^$]+?)", r"\s+over\s+(?P<life>\d+\s+[A-Za-z]+)"
_WHEN = pattern(rf"^{_AMOUNT}(?:{_PAID})?(?:{_LIFE})?\s*$")
_LIFE_FIRST = pattern(rf"^{_AMOUNT}{_LIFE}{_PAID}\s*$")
_COMMA = pattern(r",\s+(?=\S*\d)")


@dataclass(frozen=True, slots=True)
class Outlay:
    """An amount that is paid once.

    Parameters
    ----------
    cost
        The amount; it may have a range.
    period
        When it is paid: 0 is today, at the start of period 1.
    life
        Over how many periods it is written off, beginning with the one in which it is paid, which bears on tax alone;
        None where it is an expense at once.
    text
        As it was written.
    address
        Under which it is drawn.
    """

    cost: Quantity
    period: int
    life: int | None
    text: str
    address: str

    @property
    def amount(self) -> float:
        """What is paid, at its stated point."""
        return self.cost.central()

    def told(self, words: Words) -> str:
        """Write what is paid, and in which period: ``$20k in Jan 2027, written off over 36 months``."""
        life = "" if self.life is None else f", written off over {words.periods(self.life)}"
        return f"{self.cost.text} {words.placed('in', max(self.period, 1))}{life}"

    def uncertain(self, outcome: Metric) -> tuple[UncertainNumber, ...]:
        """Return the amount as a number to draw; nothing where it is certain."""
        return uncertain_cost(outcome, self.cost, self.address)

    def drawn(self, job: Job, count: int) -> Any:
        """Return what is paid in each of the first samples of a job; one number where it is certain."""
        if self.cost.spread is None:
            return self.amount
        return job.sampler.draw(0, count, only=(self.address,))[self.address]


AT_START = Outlay(Quantity(0.0, None, None, "0"), 0, None, "0", COST)
"""How an amount is paid of which nothing else is said: today, at once."""


def read_outlays(
    case: Case, outcome: Metric, raw: Costs | None, step: int | None = None, *, address: str = COST
) -> tuple[Outlay, ...]:
    """Return what is paid, as it was understood.

    Parameters
    ----------
    case
        What is paid for, over all periods that are looked ahead.
    outcome
        In whose unit amounts are.
    raw
        As they were written.
    step
        Periods of one horizon, over which messages tell the outcome; all of them unless given.
    address
        Under which the first one is drawn; those of others follow from it.

    Raises
    ------
    QuestionError
        With every problem: an amount that is not in the outcome's unit or below zero, a period that the case does not
        reach, a life that is not in periods of the tree.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.loads("metrics: {paid: {value: $30/month}}")
    >>> found = read_outlays(Case.of(tree._subject), tree._graph["paid"], "$250; $90 in month 3 over 36 months")
    >>> [(outlay.amount, outlay.period, outlay.life) for outlay in found]
    [(250.0, 0, None), (90.0, 3, 36)]
    """
    if raw is None:
        return ()
    given: list[RawQuantity] = list(raw) if isinstance(raw, list | tuple) else [cast("RawQuantity", raw)]
    several = [part for one in given for part in (one.split(";") if isinstance(one, str) else [one])]
    if len(several) > MOST:
        reason = f"{counted(len(several), 'cost')} are more than {MOST}"
        raise QuestionError(Problem(reason=reason, fix="add up some of them"))
    found: list[Outlay] = []
    problems: list[Problem] = []
    for number, one in enumerate(several, 1):
        try:
            own = address if number == 1 else f"{address}_{number}"
            found.append(_read(case, case.over(step or case.periods), outcome, one, own))
        except QuestionError as error:
            problems += error.problems
    if problems:
        raise QuestionError(*problems)
    return tuple(found)


def terms(case: Case, outlays: Sequence[Outlay]) -> str:
    """Write what is paid and when: ``$250k, paid once in month 1``, ``$90k, paid in month 1 and $20k in month 3``."""
    return joined([f"{one.cost.text}{when}" for one, when in zip(outlays, terms_of(case, outlays), strict=True)])


def terms_of(case: Case, outlays: Sequence[Outlay]) -> Sequence[str]:
    """Return when each outlay is paid, as it is told after its amount: ``, paid once in month 1``, `` in month 3``."""
    words = case.words
    if len(outlays) == 1 and not outlays[0].period:
        return [f", paid once {words.at_start}"]
    return [f" {words.placed('in', one.period)}" if one.period else f", paid {words.at_start}" for one in outlays]


def parts(outlays: Sequence[Outlay]) -> Sequence[float]:
    """Return the share that each outlay has in all that is paid."""
    total = math.fsum(one.amount for one in outlays)
    return [one.amount / total if total else 1 / len(outlays) for one in outlays]


def resized(outlays: Sequence[Outlay], total: float) -> tuple[Outlay, ...]:
    """Return outlays that come to another total, in the same parts at the same times; they are certain.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.loads("metrics: {paid: {value: $30/month}}")
    >>> found = read_outlays(Case.of(tree._subject), tree._graph["paid"], "$250; $750 in month 3")
    >>> [(outlay.amount, outlay.period) for outlay in resized(found, 2_000)]
    [(500.0, 0), (1500.0, 3)]
    """
    amounts = [total * share for share in parts(outlays)]
    return tuple(
        replace(one, cost=Quantity(amount, one.cost.unit, None, f"{amount:g}"))
        for one, amount in zip(outlays, amounts, strict=True)
    )


def payments(case: Case, outlays: Sequence[Outlay], amounts: Sequence[Any]) -> list[Any]:
    """Return what is paid in each period where outlays are such amounts, as it counts on the basis of the case.

    All of an outlay is paid at once, also where it is written off over a life: only money that has come back is back.
    """
    paid: list[Any] = [0.0] * case.periods
    for one, amount in zip(outlays, amounts, strict=True):
        place = max(one.period, 1) - 1
        paid[place] = paid[place] + amount * case.subject.counts(one.period)
    return paid


def _read(case: Case, told: Case, outcome: Metric, raw: RawQuantity, address: str) -> Outlay:
    if isinstance(raw, str) and _COMMA.search(raw):
        reason = f"the cost: '{printable(raw.strip(), 60)}' lists several, and `;` stands between costs"
        raise QuestionError(Problem(reason=reason, fix=f"write '{printable(_COMMA.sub('; ', raw.strip()), 60)}'"))
    text = raw.strip() if isinstance(raw, str) else ""
    found = _LIFE_FIRST.match(text) or _WHEN.match(text)
    if found is None or not (found["when"] or found["life"]):
        cost = _amount(told, outcome, raw)
        return Outlay(cost, 0, None, cost.text, address)
    cost = _amount(told, outcome, found["amount"])
    period = 0 if found["when"] in (None, "today") else _period(case, found["when"])
    life = None if found["life"] is None else _life(case, found["life"])
    return Outlay(cost, period, life, str(raw).strip(), address)


def _amount(case: Case, outcome: Metric, raw: RawQuantity) -> Quantity:
    """Return an amount that is paid, as it was understood.

    Raises
    ------
    QuestionError
        When it is not a quantity in the outcome's unit, or below zero.
    """
    from impacttree.engine.distributions import distribution_of

    words = case.words
    check_net(case)
    unit = words.total_unit(outcome.name)
    try:
        cost = parse_quantity(raw, currency=words.currency)
        if cost.spread is not None:
            distribution_of(cost)
    except QuantityError as error:
        raise QuestionError(*(replace(p, reason=f"the cost: {p.reason}") for p in error.problems)) from None
    shown = printable(cost.text, 80)
    wrong = misfit(cost.unit, unit)
    if wrong is not None:
        when = words.over(outcome.name, case.periods)
        own = f"{outcome.label} {when} is in {str(unit) or 'plain numbers'}"
        raise QuestionError(Problem(reason=f"the cost is {shown}, and {own}: {wrong[0]}", fix=wrong[1]))
    low = cost.spread.ends()[0] if cost.spread is not None and cost.spread.kind != "normal" else 0.0
    if min(cost.central(), low) < 0:
        fix = "write what it takes to do it, zero or more; what it brings belongs in the tree"
        raise QuestionError(Problem(reason=f"the cost is {shown}, which is below zero", fix=fix))
    return cost


def _period(case: Case, text: str) -> int:
    named = case.subject.over(text)
    if named.since != named.until:
        reason = f"the cost: '{printable(text, 40)}' names more than one {case.words.period}"
        raise QuestionError(Problem(reason=reason, fix=f"name one, e.g. {case.words.period} 3"))
    if named.since > case.periods:
        reason = f"the cost is paid {case.words.placed('in', named.since)}, {case.words.through('after', case.periods)}"
        raise QuestionError(Problem(reason=reason, fix="look further ahead, or pay earlier"))
    return named.since


def _life(case: Case, text: str) -> int:
    try:
        life = leaves.periods(1, LONGEST_LIFE)(text)
    except leaves.Wrong as error:
        problem = error.findings[0].problem
        raise QuestionError(Problem(reason=f"the life of the cost: {problem.reason}", fix=problem.fix)) from None
    if life.period not in ("", case.words.period):
        reason, fix = leaves.other_periods(life, case.subject.graph.spec.period)
        raise QuestionError(Problem(reason=f"the life of the cost: {reason}", fix=fix))
    return int(life)
