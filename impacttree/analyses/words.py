"""How answers speak: labels, periods, amounts and the sentence with the money, the same in every output."""

from __future__ import annotations

from impacttree.graph.model import Graph, Metric
from impacttree.quantity import (
    NUMBER,
    PERIODS_PER_YEAR,
    Unit,
    format_percent_change,
    format_signed,
    format_value,
)
from impacttree.views import Tone

__all__ = ["Words", "joined", "lowered"]


class Words:
    """The vocabulary of one tree.

    Parameters
    ----------
    graph
        The checked graph, for labels, units, currency and period.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.currency = graph.spec.currency
        self.period: str = graph.spec.period

    def label(self, name: str) -> str:
        return self.graph[name].label

    def value(self, name: str, value: float) -> str:
        """Write a value of a metric, without its denominators."""
        return format_value(value, self.graph[name].unit, currency=self.currency)

    def signed(self, name: str, value: float) -> str:
        """Write a difference of a metric with its sign; of shares in percentage points."""
        return format_signed(value, self.graph[name].unit, currency=self.currency)

    def unsigned(self, name: str, value: float) -> str:
        return self.signed(name, abs(value)).removeprefix("+")

    def percent(self, before: float, change: float) -> str:
        """Write a change relative to the size of what it started from; empty when that was zero."""
        return format_percent_change(change / abs(before)) if before else ""

    def move(self, name: str, before: float, after: float) -> str:
        """Write ``42.0% -> 42.4%, +0.4pp``: from, to and, for shares, the points."""
        text = f"{self.value(name, before)} -> {self.value(name, after)}"
        if not self.graph[name].unit.is_share:
            return text
        size = abs(after - before) * 100
        digits = len(f"{size:.0f}") + (size >= 1) if size >= 0.1 else None  # to 0.1 pp, as the values beside it
        return f"{text}, {format_signed(after - before, self.graph[name].unit, digits=digits)}"

    def tone(self, name: str, change: float) -> Tone:
        """Return whether a change of a metric is good for the business."""
        if change == 0:
            return "neutral"
        return "favourable" if (change > 0) == (self.graph[name].spec.better == "higher") else "adverse"

    def verb(self, name: str, change: float) -> str:
        """Return ``adds``, ``saves``, ``costs`` or ``takes``, before an amount without sign."""
        lower = self.graph[name].spec.better == "lower"
        if lower:
            return "saves" if change <= 0 else "costs"
        return "adds" if change >= 0 else "costs"

    def amount_of(self, name: str, change: float) -> str:
        """Write ``$17k operating profit``."""
        return f"{self.unsigned(name, change)} {lowered(self.label(name))}"

    def periods(self, count: int) -> str:
        """Write ``12 months``."""
        return f"{count} {self.period}{'' if count == 1 else 's'}"

    def first(self, count: int) -> str:
        """Write ``first 12 months``."""
        return f"first {self.period}" if count == 1 else f"first {self.periods(count)}"

    def over(self, name: str, count: int) -> str:
        """Write when an amount of a metric arises, by its aggregation: ``in the first 12 months``."""
        match self.graph[name].aggregation:
            case "sum":
                return f"in the {self.first(count)}"
            case "last":
                return f"by {self.period} {count}"
            case "mean":
                return f"on average over the {self.first(count)}"
            case "recompute":
                return f"over the {self.first(count)}"

    def annual(self, metric: Metric) -> float | None:
        """Return how many periods a year has, for a metric whose run rate is annualised; None for the others."""
        if metric.aggregation == "sum" or metric.unit.per(self.period):
            return PERIODS_PER_YEAR[self.graph.spec.period]
        return None

    def basis(self, outcome: str, lifted: bool = True) -> str:
        """Return what the figures of an answer on `outcome` mean."""
        unit = self.graph[outcome].unit
        parts = ["accrual, pre-tax, undiscounted, " if unit.is_money else "", "before the cost of achieving it"]
        held = f"; lift held from {self.period} 1" if lifted else f"; changes held from {self.period} 1"
        return "".join(parts) + held

    def horizon(self, outcome: str, count: int) -> str:
        """Return how the outcome's figure over the horizon is formed: ``first 12 months, flow per month: summed``."""
        return f"{self.first(count)}, {self.graph[outcome].aggregation_reason}"

    def multiple(self, value: float) -> str:
        return format_value(value, NUMBER)

    def unit(self, name: str) -> Unit:
        return self.graph[name].unit


def lowered(label: str) -> str:
    """Return a label for the middle of a sentence: ``Operating profit`` -> ``operating profit``, ``LTV/CAC`` as it is.

    Examples
    --------
    >>> lowered("Operating profit"), lowered("LTV/CAC"), lowered("G&A")
    ('operating profit', 'LTV/CAC', 'G&A')
    """
    second = label[1:2]
    return label[:1].lower() + label[1:] if second.islower() or second in (" ", "") else label


def joined(items: list[str] | tuple[str, ...]) -> str:
    """Write ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
