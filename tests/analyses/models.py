"""Small models as files, and the same models as plain arithmetic: no line of the library computes what is expected."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from impacttree import relative
from impacttree.quantity import add, to
from tests.strategies import Change, Sketch

SHOP = """
name: Shop
outcome: profit
outcomes: [revenue, profit, basket]
metrics:
  speed: {label: Page speed, value: 80 points, plausible: 75 to 92 points, kind: product}
  visits: {label: Visits, value: 90_000 visits/month (80_000 to 100_000), kind: product}
  conversion:
    label: Conversion
    value: 2%
    bounds: 0% to 100%
    kind: product
    drivers:
      speed:
        slope: 0.02pp per point
        observed: 70 to 85 points
        evidence: {grade: experiment, date: 2026-03-01}
  basket:
    label: Basket
    value: $40/order
    drivers: {speed: {slope: $0.1 per point, evidence: judgement}}
  orders: {label: Orders, formula: visits * conversion, unit: orders/month}
  revenue: {label: Revenue, formula: orders * basket, unit: USD/month, kind: financial}
  margin: {label: Gross margin, value: 30%, bounds: 0% to 100%}
  fixed: {label: Fixed cost, value: $10k/month, plausible: $9k to $12k, better: lower}
  profit: {label: Operating profit, formula: revenue * margin - fixed, unit: USD/month, kind: financial}
  profit_share:
    label: Profit share
    formula: profit / revenue
    unit: "%"
    kind: financial
    guardrail: {min: 15%, max: 40%}
scenarios:
  fast: {speed: +10 points}
  lean: {fixed: -$1k/month, margin: +1pp}
"""


GROWS = """
horizon: 4
outcome: paid
metrics:
  push: {value: 0 units}
  level: {start: 10 units, formula: prev(level) + push}
  price: {value: $1/unit/month}
  paid: {formula: level * price, unit: USD/month}
"""
"""A push of 1 unit raises what is paid by $1, $2, $3 ...: $10 in 4 months, $36 in 8, $78 in 12."""


def shop(
    *, speed: float = 80.0, visits: float = 90e3, conversion: float = 0.0, basket: float = 0.0, fixed: float = 10e3,
    margin: float = 0.3, months: int = 12,
) -> dict[str, float]:  # fmt: skip
    """Every metric of `SHOP` over the horizon; `conversion` and `basket` are added to what speed makes of them."""
    share = 0.02 + 0.0002 * (speed - 80) + conversion
    each = 40 + 0.1 * (speed - 80) + basket
    revenue = visits * share * each * months
    profit = revenue * margin - fixed * months
    return {
        "speed": speed,
        "visits": visits * months,
        "conversion": share,
        "basket": each,
        "orders": visits * share * months,
        "revenue": revenue,
        "margin": margin,
        "fixed": fixed * months,
        "profit": profit,
        "profit_share": profit / revenue,
    }


CLUB = """
name: Club
currency: EUR
period: quarter
horizon: 6
outcome: result
outcomes: [result, reserve, members, mean_members]
metrics:
  spirit: {label: Team spirit, value: 40%, bounds: 0% to 100%, plausible: 35% to 50%, kind: product}
  churn:
    label: Churn
    value: 5%/quarter
    bounds: 0%/quarter to 100%/quarter
    better: lower
    drivers: {spirit: {when: +5pp, then: -1pp, lag: 1, evidence: quasi_experiment}}
  joins: {label: Joins, value: 400 members/quarter, kind: product}
  members: {label: Members, start: 10_000 members, formula: prev(members) * (1 - churn) + joins}
  mean_members: {label: Members in the mean, formula: members, unit: members, aggregate: mean}
  fee: {label: Fee, value: €50/member/quarter}
  fees: {label: Fees, formula: members * fee, unit: EUR/quarter, kind: financial}
  staff: {label: Staff, value: €490k/quarter, better: lower}
  result: {label: Result, formula: fees - staff, unit: EUR/quarter, kind: financial}
  reserve:
    label: Reserve
    start: €100k
    formula: prev(reserve) + result
    unit: EUR
    aggregate: last
    kind: financial
    guardrail: {min: €95k}
"""


def club(
    *, spirit: float = 0.4, churn: float = 0.0, joins: float = 400.0, fee: float = 50.0, staff: float = 490e3,
    quarters: int = 6,
) -> list[dict[str, float]]:  # fmt: skip
    """Every metric of `CLUB` in quarters 1 to `quarters`; `churn` is added to what spirit makes of it."""
    members, reserve, rows = 10_000.0, 100e3, []
    for quarter in range(1, quarters + 1):
        lost = 0.05 - 0.2 * ((spirit if quarter > 1 else 0.4) - 0.4) + churn
        members = members * (1 - lost) + joins
        reserve += members * fee - staff
        row = {"spirit": spirit, "churn": lost, "joins": joins, "members": members, "mean_members": members}
        row |= {"fee": fee, "fees": members * fee, "staff": staff, "result": members * fee - staff, "reserve": reserve}
        rows.append(row)
    return rows


def over(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The metrics of `CLUB` over the horizon: flows summed, levels last, one mean."""
    found = dict(rows[-1])
    for name in ("joins", "fees", "staff", "result"):
        found[name] = sum(row[name] for row in rows)
    found["mean_members"] = sum(row["members"] for row in rows) / len(rows)
    return found


COST = """
name: Support cost
currency: EUR
period: quarter
outcome: cost
outcomes: [cost, hours]
metrics:
  tickets: {label: Tickets, value: 12_000 tickets/quarter, plausible: 9_000 to 14_000 tickets/quarter, better: lower}
  self_service: {label: Self-service share, value: 20%, plausible: 15% to 30%, bounds: 0% to 100%, kind: product}
  minutes: {label: Handling time, value: 15 minutes/ticket, better: lower}
  hours:
    label: Support hours
    formula: in_hours(tickets * (1 - self_service) * minutes)
    unit: hours/quarter
    better: lower
  rate: {label: Hourly rate, value: €32/hour, better: lower}
  cost: {label: Support cost, formula: hours * rate, unit: EUR/quarter, kind: financial, better: lower}
"""


SUFFIXES = {"": 0, "k": 3, "M": 6, "B": 9, "T": 12}
AMOUNT = re.compile(r"([+-]?)[$€£¥]?(\d[\d.]*(?:e[+-]?\d+)?)([kMBT]?)(?![\w.])")


def amounts(text: str) -> list[Decimal]:
    """Return the numbers that a reader finds in a text, exactly as they are printed."""
    return [Decimal(sign + digits).scaleb(SUFFIXES[suffix]) for sign, digits, suffix in AMOUNT.findall(text)]


def amount(text: str) -> Decimal:
    """Return the one number of a text."""
    (found,) = amounts(text)
    return found


def asked(drawn: Mapping[str, Change]) -> dict[str, list[Any]]:
    """Return changes of the strategy as they are given to a question; products only where there are some."""
    given: dict[str, list[Any]] = {}
    for name, (kind, scale, shift) in drawn.items():
        given[name] = [to(shift)] if kind == "fix" else [relative(scale - 1)] * (scale != 1) + [add(shift)]
    return given


def can_be_asked(sketch: Sketch, drawn: Mapping[str, Change], values: Mapping[str, float | None]) -> bool:
    """Whether no product is asked of a value at or below zero, and no two changes stand in one loop."""
    tree = sketch.tree()
    loops = [tree._graph[name].loop for name in drawn if tree._graph[name].on_loop]
    today = {
        name: tree._subject.model.base[tree._graph[name].index] if value is None else value
        for name, value in values.items()
    }
    return len(loops) == len(set(loops)) and all(
        today[name] > 0 or scale == 1 for name, (kind, scale, _) in drawn.items() if kind == "wrap"
    )


def near(first: float, second: float, *sizes: float, tolerance: float = 1e-9) -> bool:
    """Whether two numbers agree to a share of the sizes they were computed from."""
    return abs(first - second) <= tolerance * max(map(abs, (first, second, *sizes)), default=0.0) + 1e-12


def total(values: Iterable[float]) -> float:
    return math.fsum(values)
