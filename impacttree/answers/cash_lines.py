"""From a profit to cash, line by line: outlays, tax, working capital, and what comes after the end.

Amounts are numbers or arrays of samples: the same lines are computed of both. A line has an amount for today (t = 0)
and for each period; what is paid stands below zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any, Literal

from impacttree.engine.horizon import Discounted
from impacttree.records import dataclass
from impacttree.spec.finance import Finance

__all__ = ["CashLine", "CashLines", "Flows", "Paid", "cash_lines"]

LineKey = Literal[
    "flow", "opex", "written_off", "taxable", "tax", "not_cash", "capex", "receivables", "deferred", "net"
]
Amounts = tuple[Any, ...]

DAYS_IN_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class Paid:
    """An outlay: how much, when (0 is today), and over how many periods it is written off; None for at once."""

    amount: Any
    period: int
    life: int | None


@dataclass(frozen=True, slots=True)
class Flows:
    """What cash is made of, at t = 0 and in each period.

    Parameters
    ----------
    flow
        The amounts that are weighed: cash, or a profit; that of t = 0 is not counted.
    is_cash
        Whether these are cash after tax already.
    billed, deferred, capex
        Of the way from a profit to cash: what is billed, the balance of what is paid ahead, and what is spent; nothing
        where not stated. At t = 0 they say what was before, which went on without change.
    ends_at
        What a multiple is taken of, at the end; None without one.
    cycle
        How many of the last periods stand for what comes after: one, or where cash has a season those of a year.
    """

    flow: Amounts
    is_cash: bool
    billed: Amounts = ()
    deferred: Amounts = ()
    capex: Amounts = ()
    ends_at: Any = None
    cycle: int = 1


@dataclass(frozen=True, slots=True)
class CashLine:
    """One line: what it is, and its amount today and in each period."""

    key: LineKey
    amounts: Amounts
    is_subtotal: bool = False


@dataclass(frozen=True, slots=True)
class CashLines:
    """The lines, and what they come to.

    Parameters
    ----------
    lines
        From the top; the last one is the net.
    terminal
        What comes after the last period is worth at its end; 0 without a terminal value.
    terminal_present
        The same today.
    present
        Net amounts as they count today, at t = 0 and in each period, without the terminal value.
    left
        What is still to be written off after the last period; of what is spent until then.
    left_saves
        The tax that this saves, as it counts today. Only a perpetuity counts it, within the terminal value.
    later
        The lines of the periods after the last one that a perpetuity lays out before it goes on for ever.
    """

    lines: tuple[CashLine, ...]
    terminal: Any
    terminal_present: Any
    present: Amounts
    left: Any
    left_saves: Any
    later: tuple[CashLine, ...] = ()

    @property
    def net(self) -> Amounts:
        """The net amounts, without the terminal value."""
        return self.lines[-1].amounts

    @property
    def value(self) -> Any:
        """What all of them come to today."""
        return sum(self.present) + self.terminal_present


def cash_lines(
    finance: Finance,
    per_year: float,
    flows: Flows,
    outlays: Sequence[Paid],
    *,
    taxed: bool,
    since: int = 0,
) -> CashLines:
    """Return the lines from what is weighed to what is left.

    Parameters
    ----------
    finance
        Discount rate, timing, tax and terminal value.
    per_year
        Periods in a year.
    flows, outlays
        What comes in, and what is paid for it.
    taxed
        Whether profits, or with cash that is after tax the outlays, are taxed.
    since
        The first period that is counted; amounts before it are left out.
    """
    lines = tuple(
        replace(line, amounts=(*[0.0] * since, *line.amounts[since:]))
        for line in _lines(finance, per_year, flows, outlays, taxed)
    )
    rule = Discounted(finance.rate, per_year, finance.timing)
    net = lines[-1].amounts
    present = tuple(amount * rule.factor(t) for t, amount in enumerate(net))
    later = _later(finance, per_year, flows, outlays, taxed)
    terminal, factor = _terminal(finance, per_year, flows, later)
    left = _left(finance, flows, outlays) if taxed else ()
    saves = (finance.tax or 0.0) * sum(amount * rule.factor(t) for t, amount in enumerate(left, len(flows.flow)))
    return CashLines(lines, terminal, terminal * factor, present, sum(left), saves, later)


def _lines(finance: Finance, per_year: float, flows: Flows, outlays: Sequence[Paid], taxed: bool) -> list[CashLine]:
    count = len(flows.flow)
    rate = finance.tax or 0.0
    opex = _paid(outlays, count, lambda one: one.life is None)
    capex = _paid(outlays, count, lambda one: one.life is not None)
    written = _add(_written_off(outlays, count), _spread(flows.capex, _life(finance), count))
    has_life = bool(flows.capex) or any(one.life is not None for one in outlays)
    lines = [CashLine("flow", (0.0, *flows.flow[1:]))]
    if any(one.life is None for one in outlays):
        lines.append(CashLine("opex", _minus(opex)))
    if taxed:
        own = _zeros(count) if flows.is_cash else lines[0].amounts
        expensed = (0.0, opex[0] + opex[1], *opex[2:]) if count > 1 else opex  # what is paid today is of period 1
        taxable = _add(own, _minus(expensed), _minus(written))
        if has_life:
            lines.append(CashLine("written_off", _minus(written)))
        if not flows.is_cash:
            shown = _add(own, _minus(opex), _minus(written))  # where it is paid, so that each column adds up
            lines.append(CashLine("taxable", shown, is_subtotal=True))
        lines.append(CashLine("tax", tuple(-rate * _taxed(finance, amount) for amount in taxable)))
        if has_life:
            lines.append(CashLine("not_cash", written))
    if has_life:
        spent = (0.0, *flows.capex[1:]) if flows.capex else _zeros(count)
        lines.append(CashLine("capex", _minus(_add(capex, spent))))
    if flows.billed and finance.bridge is not None and finance.bridge.receivables is not None:
        share = finance.bridge.receivables.days * per_year / DAYS_IN_YEAR
        lines.append(CashLine("receivables", _minus(_moves([share * amount for amount in flows.billed]))))
    if flows.deferred:
        lines.append(CashLine("deferred", _moves(flows.deferred)))
    net = _add(*(line.amounts for line in lines if not line.is_subtotal))
    return [*lines, CashLine("net", net, is_subtotal=True)]


def _later(
    finance: Finance, per_year: float, flows: Flows, outlays: Sequence[Paid], taxed: bool
) -> tuple[CashLine, ...]:
    """Return the lines after the last period until all that was spent is written off; nothing without a perpetuity."""
    if finance.terminal is None or finance.terminal.perpetuity is None:
        return ()
    grown = (1.0 + finance.terminal.perpetuity.rate) ** (1.0 / per_year)
    ahead = (_until_written_off(finance, flows, outlays) if taxed else 1) + flows.cycle - 1
    lines = _lines(finance, per_year, _going_on(flows, ahead, grown), outlays, taxed)
    return tuple(replace(line, amounts=line.amounts[len(flows.flow) :]) for line in lines)


def _terminal(finance: Finance, per_year: float, flows: Flows, later: Sequence[CashLine]) -> tuple[Any, float]:
    """Return what comes after the last period is worth at its end, and what an amount of then counts today."""
    last, rule = len(flows.flow) - 1, Discounted(finance.rate, per_year, finance.timing)
    if finance.terminal is None:
        return 0.0, 0.0
    if finance.terminal.multiple is not None:
        return flows.ends_at * finance.terminal.multiple.factor, replace(rule, timing="end").factor(last)
    assert finance.terminal.perpetuity is not None
    grown = (1.0 + finance.terminal.perpetuity.rate) ** (1.0 / per_year)
    each = (1.0 + finance.rate) ** (1.0 / per_year)
    worth = [amount * each**-k for k, amount in enumerate(later[-1].amounts, 1)]
    again = (grown / each) ** flows.cycle  # by which what comes again in each cycle is worth less
    return sum(worth) + sum(worth[-flows.cycle :]) * (again / (1.0 - again)), rule.factor(last)


def _going_on(flows: Flows, ahead: int, grown: float) -> Flows:
    """Return flows with further periods, in which those of the last cycle grow; balances change by what grows."""

    def more(amounts: Sequence[Any]) -> Amounts:
        found = list(amounts)
        for _ in range(ahead if found else 0):
            found.append(found[-flows.cycle] * grown**flows.cycle)
        return tuple(found)

    def moved(balances: Amounts) -> Amounts:
        steps = more([after - before for before, after in pairwise(balances)])[len(balances) - 1 :]
        return (*balances[:-1], *accumulate(steps, initial=balances[-1])) if balances else ()

    return replace(
        flows,
        flow=more(flows.flow),
        billed=moved(flows.billed),
        deferred=moved(flows.deferred),
        capex=more(flows.capex),
    )


def _until_written_off(finance: Finance, flows: Flows, outlays: Sequence[Paid]) -> int:
    """Return how many periods after the last one all that was spent until then is written off; 1 at the least."""
    last = len(flows.flow) - 1
    ends = [max(one.period, 1) + one.life - last for one in outlays if one.life is not None]
    return max(1, *ends, _life(finance) if flows.capex else 1)


def _left(finance: Finance, flows: Flows, outlays: Sequence[Paid]) -> Amounts:
    """Return what is written off in each period after the last one of what is spent until then."""
    ahead, count = _until_written_off(finance, flows, outlays), len(flows.flow)
    spent = (*flows.capex, *[0.0] * ahead) if flows.capex else ()
    both = _add(_written_off(outlays, count + ahead), _spread(spent, _life(finance), count + ahead))
    return both[count:]


def _taxed(finance: Finance, amount: Any) -> Any:
    """Return what is taxed of a profit: of a loss nothing, unless it lowers the company's tax."""
    return amount if finance.losses == "refund" else (amount + abs(amount)) / 2.0


def _life(finance: Finance) -> int:
    bridge = finance.bridge
    return int(bridge.capex.life) if bridge is not None and bridge.capex is not None else 1


def _paid(outlays: Sequence[Paid], count: int, which: Callable[[Paid], bool]) -> Amounts:
    amounts = list(_zeros(count))
    for one in outlays:
        if which(one):
            amounts[one.period] = amounts[one.period] + one.amount
    return tuple(amounts)


def _written_off(outlays: Sequence[Paid], count: int) -> Amounts:
    """Return what is written off of outlays, in equal parts from the period in which they are paid."""
    amounts = list(_zeros(count))
    for one in outlays:
        first = max(one.period, 1)
        for t in range(first, min(first + (one.life or 0), count)):
            amounts[t] = amounts[t] + one.amount / one.life
    return tuple(amounts)


def _spread(spent: Amounts, life: int, count: int) -> Amounts:
    """Return what is written off of what is spent in each period, that of t = 0 having been spent in all before."""
    if not spent:
        return _zeros(count)
    held = spent[0] * life
    amounts = [0.0]
    for t in range(1, count):
        held = held + spent[t] - spent[max(t - life, 0)]
        amounts.append(held / life)
    return tuple(amounts)


def _moves(balances: Sequence[Any]) -> Amounts:
    return (0.0, *(after - before for before, after in pairwise(balances)))


def _zeros(count: int) -> Amounts:
    return (0.0,) * count


def _minus(amounts: Sequence[Any]) -> Amounts:
    return tuple(0.0 - amount for amount in amounts)


def _add(*columns: Sequence[Any]) -> Amounts:
    return tuple(sum(amounts[1:], start=amounts[0]) for amounts in zip(*columns, strict=True))
