"""The checked, immutable graph: what the engine compiles and the analyses read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import field
from typing import Literal

from impacttree.formula.ast import Expr, Parameter
from impacttree.formula.core import Clock, Core, walk
from impacttree.formula.printer import names
from impacttree.quantity import Bounds, Quantity, Schedule, Spread, Unit
from impacttree.records import dataclass
from impacttree.spec import Evidence, MetricSpec, TreeSpec

__all__ = [
    "Aggregation",
    "Correlated",
    "Graph",
    "Influence",
    "Metric",
    "Origin",
    "Reference",
    "Timing",
    "UncertainNumber",
]

Aggregation = Literal["sum", "mean", "last", "recompute"]
Timing = Literal["now", "prev", "cumulative", "baseline"]
Origin = Literal["value", "formula", "drivers"]


@dataclass(frozen=True, slots=True)
class Reference:
    """One metric read by another's rule: which, and when.

    `lag` is 0 for ``now``, ``cumulative`` and ``baseline``, the number of periods for ``prev`` (1) and ``lag(x, n)``
    (timing ``prev`` too).
    """

    source: str
    timing: Timing
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Influence:
    """An assumed effect of `source` on a metric, as the outputs name it."""

    source: str
    form: str
    """The form whose curve it follows: ``slope``, ``elasticity``, ``points`` and so on."""
    words: str
    """The curve in words, as stated: ``-0.03pp of Monthly churn per +1pp of Weekly engagement, from 42.0%``; of a
    correlation with ``counted at 50%``."""
    parameters: tuple[tuple[str, float], ...]
    """Stable addresses (``churn.engagement.slope``) and central values, as they count."""
    lag: int
    evidence: Evidence
    observed: tuple[float, float] | None
    """Range of the source within which the effect was seen, of a curve the reach of its points; outside, outputs say
    "extrapolated"."""
    spread: Spread | None = None
    """What is stated of the one parameter beyond its value, in its own unit and as it counts."""
    counted: float = 1.0
    """Share of the stated effect that counts: all of it, of a correlation the causal share."""
    placeholder: bool = False
    """Whether it only stands in until a real one is known."""


@dataclass(frozen=True, slots=True)
class UncertainNumber:
    """A number of the tree that is not known for certain."""

    address: str
    """``arpu.value``, ``customers.start``, ``churn.nps.slope``"""
    metric: str
    """The metric that it belongs to."""
    quantity: Quantity
    """What is known of it, in its own base unit: a value if one is stated, and a range or distribution."""
    bounds: Bounds | None
    """Where it can be at all; with the range they decide the shape of its distribution."""
    stated: bool
    """False where the range follows from an evidence grade alone."""


@dataclass(frozen=True, slots=True)
class Correlated:
    """Uncertain numbers that hang together by correlations which can hold together."""

    members: tuple[str, ...]
    """Their addresses, sorted."""
    pairs: tuple[tuple[str, str, float], ...]
    """Two addresses, in order, and the correlation of their normal scores; other pairs have none."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A node, checked: its rule is one expression, whatever way it was written.

    A stated value becomes ``Parameter("arpu.value", 29.0)``. Drivers become the expression of DESIGN section 4 over
    `Parameter`s, names, ``lag`` and ``baseline`` calls. `start`, when there is one, is the value at t = 0.
    """

    index: int
    """Position in file order; the engine's slot."""
    name: str
    spec: MetricSpec
    unit: Unit
    origin: Origin
    rule: Expr
    """As written, conversions multiplied out; for reading."""
    core: Core
    """What `rule` comes to; for computing, and for writing the model in other languages."""
    start: Expr | None
    """``Parameter("customers.start", 65800.0)``, a formula over stated metrics, or None."""
    references: tuple[Reference, ...]
    """Each pair of source and timing once, in reading order."""
    influences: tuple[Influence, ...]
    aggregation: Aggregation
    aggregation_reason: str
    """Why this rule: ``flow per month: summed``."""
    on_loop: bool
    """True when the metric can reach itself through time (``prev``, ``lag``, ``cumulative``, lagged drivers)."""
    loop: int
    """Number shared by the metrics of one time loop; -1 off loops."""

    @property
    def label(self) -> str:
        return self.spec.title

    @property
    def starts_from(self) -> tuple[str, ...]:
        """The metrics that the formula of its start reads: they bear on it at t = 0 alone."""
        return names(self.start) if self.start is not None else ()


@dataclass(frozen=True, slots=True)
class Graph:
    """All metrics of a checked tree.

    `metrics` is in file order; `order` and `initial_order` are positions into it: the order of evaluation within a
    period t >= 1, and at t = 0 (where ``prev``, ``lag`` and ``baseline`` read t = 0 itself unless the metric has a
    `start`, and ``cumulative`` is 0).
    """

    spec: TreeSpec
    metrics: tuple[Metric, ...]
    by_name: Mapping[str, int]
    order: tuple[int, ...]
    initial_order: tuple[int, ...]
    notes: tuple[str, ...]
    """What the checks noticed and let pass (a dropped ratio of nouns, an unused metric)."""
    outcome: str = ""
    """The metric that questions are asked about by default: the stated one, else the only financial sink."""
    uncertain: tuple[UncertainNumber, ...] = ()
    """All that is not known for certain, sorted by address; each can be drawn."""
    correlations: tuple[Correlated, ...] = ()
    """The groups of uncertain numbers that are not independent."""
    unknown_today: frozenset[str] = frozenset()
    """Metrics without a value at t = 0: they compare a metric with its own past, or read one that does."""

    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    """The numbers that have a value for each period, by address (``arpu.value``, ``arpu.seasonality``)."""

    @property
    def is_static(self) -> bool:
        """True when every period 1..n is alike: no metric reads another one, and no number differs by period."""
        if self.differing:
            return False
        return not any(ref.timing in ("prev", "cumulative") for metric in self.metrics for ref in metric.references)

    @property
    def differing(self) -> tuple[int, ...]:
        """The metrics whose rule reads a number that differs by period: a series, a season, a clock."""
        return self._reading({address for address, schedule in self.schedules.items() if not schedule.is_steady})

    @property
    def recurring(self) -> tuple[int, ...]:
        """The metrics whose rule reads a number that comes again: a season, the month, a series that repeats."""
        return self._reading({address for address, schedule in self.schedules.items() if schedule.recurs})

    def _reading(self, addresses: Set[str]) -> tuple[int, ...]:
        """Return the metrics whose rule reads one of some numbers."""
        return tuple(metric.index for metric in self.metrics if addresses and addresses & set(_addresses(metric.core)))

    @property
    def doubts(self) -> tuple[object, ...]:
        """All that decides the draws of this tree, as plain data that is the same however it was written."""
        numbers = tuple(
            (number.address, number.quantity.value, number.quantity.spread, number.bounds) for number in self.uncertain
        )
        return numbers, self.correlations

    def __getitem__(self, name: str) -> Metric:
        return self.metrics[self.by_name[name]]


def _addresses(core: Core) -> Iterator[str]:
    """Yield the addresses of the numbers that a rule reads."""
    return (node.address for node in walk(core) if isinstance(node, Parameter | Clock))
