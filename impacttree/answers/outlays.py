"""What something costs and when: amounts that are paid today or in a later period, expensed or written off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from impacttree.answers.case import Case
from impacttree.answers.cost import COST, read_cost, uncertain_cost
from impacttree.answers.words import Words, counted, joined
from impacttree.errors import Problem, QuestionError, printable
from impacttree.graph.model import Metric, UncertainNumber
from impacttree.patterns import pattern
from impacttree.quantity import Quantity, RawQuantity
from impacttree.spec import leaves
from impacttree.spec.finance import LONGEST_LIFE

if TYPE_CHECKING:
    from impacttree.engine.simulation import Job

__all__ = ["Costs", "Outlay", "payments", "read_outlays", "terms"]

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
    """Write what is paid and when: ``$250k, paid once in month 1``, ``$90k, paid in month 1, and $20k in month 3``."""
    words = case.words
    if len(outlays) == 1 and not outlays[0].period:
        return f"{outlays[0].cost.text}, paid once {words.at_start}"
    when = [f" {words.placed('in', one.period)}" if one.period else f", paid {words.at_start}" for one in outlays]
    return joined([f"{one.cost.text}{said}" for one, said in zip(outlays, when, strict=True)])


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
    parts = _LIFE_FIRST.match(text) or _WHEN.match(text)
    if parts is None or not (parts["when"] or parts["life"]):
        cost = read_cost(told, outcome, raw)
        return Outlay(cost, 0, None, cost.text, address)
    cost = read_cost(told, outcome, parts["amount"])
    period = 0 if parts["when"] in (None, "today") else _period(case, parts["when"])
    life = None if parts["life"] is None else _life(case, parts["life"])
    return Outlay(cost, period, life, str(raw).strip(), address)


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
