"""What something costs and when: amounts that are paid today or in a later period, expensed or written off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from impacttree.answers.case import Case
from impacttree.answers.cost import read_cost
from impacttree.answers.words import counted
from impacttree.errors import Problem, QuestionError, printable
from impacttree.graph.model import Metric, UncertainNumber
from impacttree.quantity import Quantity, RawQuantity
from impacttree.spec import leaves
from impacttree.spec.address import Address
from impacttree.spec.finance import LONGEST_LIFE

__all__ = ["Costs", "Outlay", "read_outlays"]

Costs = RawQuantity | Sequence[RawQuantity]
"""One amount or several: ``"$250k"``, ``"$20k in month 3"``, ``"$100k over 36 months"``."""

MOST = 60
_WHEN = re.compile(r"^(?P<amount>.+?)(?:\s+in\s+(?P<when>[^$]+?))?(?:\s+over\s+(?P<life>\d+\s+[A-Za-z]+))?\s*$")


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
        Over how many periods it is written off, beginning with the one in which it is paid; None where it is an
        expense at once.
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

    def uncertain(self, outcome: Metric) -> tuple[UncertainNumber, ...]:
        """Return the amount as a number to draw; nothing where it is certain."""
        return () if self.cost.spread is None else (UncertainNumber(self.address, outcome.name, self.cost, None, True),)


def read_outlays(case: Case, outcome: Metric, raw: Costs | None) -> tuple[Outlay, ...]:
    """Return what is paid, as it was understood.

    Raises
    ------
    QuestionError
        With every problem: an amount that is not in the outcome's unit or below zero, a period that the case does not
        reach, a life that is not in periods of the tree.

    Examples
    --------
    >>> import impacttree as it
    >>> tree = it.loads("metrics: {paid: {value: $30/month}}")
    >>> found = read_outlays(Case.of(tree._subject), tree._graph["paid"], ["$250", "$90 in month 3 over 36 months"])
    >>> [(outlay.amount, outlay.period, outlay.life) for outlay in found]
    [(250.0, 0, None), (90.0, 3, 36)]
    """
    if raw is None:
        return ()
    several: list[RawQuantity] = list(raw) if isinstance(raw, list | tuple) else [cast("RawQuantity", raw)]
    if len(several) > MOST:
        reason = f"{counted(len(several), 'cost')} are more than {MOST}"
        raise QuestionError(Problem(reason=reason, fix="add up some of them"))
    found: list[Outlay] = []
    problems: list[Problem] = []
    for number, one in enumerate(several, 1):
        try:
            found.append(_read(case, outcome, one, number))
        except QuestionError as error:
            problems += error.problems
    if problems:
        raise QuestionError(*problems)
    return tuple(found)


def _read(case: Case, outcome: Metric, raw: RawQuantity, number: int) -> Outlay:
    address = str(Address("decision", key="cost" if number == 1 else f"cost{number}"))
    parts = _WHEN.match(raw.strip()) if isinstance(raw, str) else None
    if parts is None or not (parts["when"] or parts["life"]):
        cost = read_cost(case, outcome, raw)
        return Outlay(cost, 0, None, cost.text, address)
    cost = read_cost(case, outcome, parts["amount"])
    period = 0 if parts["when"] in (None, "today") else _period(case, parts["when"])
    life = None if parts["life"] is None else _life(case, parts["life"])
    return Outlay(cost, period, life, str(raw).strip(), address)


def _period(case: Case, text: str) -> int:
    named = case.subject.over(text)
    if named.since != named.until:
        reason = f"the cost: '{printable(text, 40)}' names more than one {case.words.period}"
        raise QuestionError(Problem(reason=reason, fix=f"name one, e.g. {case.words.period} 3"))
    if named.since > case.periods:
        reason = f"the cost is paid in {case.words.at(named.since)}, after the {case.words.first(case.periods)}"
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
