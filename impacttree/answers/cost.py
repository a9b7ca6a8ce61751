"""What something costs that is decided about: its address, and against what it may be set."""

from __future__ import annotations

from impacttree.answers.case import Case
from impacttree.answers.words import Words
from impacttree.errors import Problem, QuestionError
from impacttree.graph.model import Metric, UncertainNumber
from impacttree.quantity import Quantity
from impacttree.spec.address import Address

__all__ = ["COST", "check_net", "cost_address", "has_net", "is_cost", "pays", "uncertain_cost"]

COST = str(Address("decision", key="cost"))
"""The address of what is decided about costs."""


def cost_address(number: int) -> str:
    """Return the address of what one of several acts costs, counted from 1."""
    return COST if number == 1 else str(Address("decision", key=f"cost{number}"))


def is_cost(address: str) -> bool:
    """Return whether an address is that of something that is paid.

    Examples
    --------
    >>> is_cost("decision.cost"), is_cost("decision.cost_2"), is_cost("arpu.value")
    (True, True, False)
    """
    return address.startswith(COST)


def uncertain_cost(outcome: Metric, cost: Quantity | None, address: str = COST) -> tuple[UncertainNumber, ...]:
    """Return a cost as a number to draw; nothing where it is certain."""
    if cost is None or cost.spread is None:
        return ()
    return (UncertainNumber(address, outcome.name, cost, None, True),)


def pays(net: float) -> bool:
    """Return whether what is left of a worth after its cost is a gain: the one rule behind every verdict."""
    return net > 0


def has_net(words: Words, outcome: Metric) -> bool:
    """Return whether changes of an outcome add up over time, so that they can be set against a cost."""
    return outcome.aggregation == "sum" and not words.is_run_rate


def check_net(case: Case) -> None:
    """Refuse to set a cost, which is paid once, against run rates, and against a window that begins after period 1.

    Raises
    ------
    QuestionError
        When the case counts the last period alone, or from a later one on.
    """
    words = case.words
    if words.is_run_rate:
        reason = (
            f"a run rate is what a year comes to at the pace of the last {words.period}, while net and payback set "
            f"a cost, which is paid once, against what each {words.period} brings"
        )
        fix = "leave the basis out, or ask `worth` or `what_if` for run rates before any cost"
        raise QuestionError(Problem(reason=reason, fix=fix))
    if words.since > 1:
        window = words.window(case.subject.until or case.periods)
        reason = f"the cost is paid {words.placed('in', 1)}, and {window} begins later"
        raise QuestionError(Problem(reason=reason, fix=f"leave the cost out, or ask {words.placed('from', 1)} on"))
