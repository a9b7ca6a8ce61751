"""How uncertain an assumed effect is: its stated range, or the one that follows from its evidence grade.

The numbers are conventions, argued in ``docs/decisions/0005-evidence-grades-as-ranges.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from impacttree.graph.model import Influence, Metric
from impacttree.quantity import Quantity, Spread
from impacttree.quantity.possible import Z_P90, deviation
from impacttree.spec import Driver, Grade

__all__ = ["DEFAULTS", "EvidenceDefaults", "UncertainEffect", "uncertain_effects"]

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class EvidenceDefaults:
    """What an evidence grade stands for where an effect has no range of its own.

    Parameters
    ----------
    experiment, quasi_experiment, correlation, benchmark, judgement
        The factor k: P10 and P90 of an effect e are e / k and e * k.
    causal_share
        The share of a correlation that counts as effect.
    """

    experiment: float = 1.3
    quasi_experiment: float = 1.6
    correlation: float = 2.0
    benchmark: float = 2.5
    judgement: float = 3.0
    causal_share: float = 0.5

    def factor(self, grade: Grade) -> float:
        """Return k of a grade."""
        factors: Mapping[Grade, float] = {
            "experiment": self.experiment,
            "quasi_experiment": self.quasi_experiment,
            "correlation": self.correlation,
            "benchmark": self.benchmark,
            "judgement": self.judgement,
        }
        return factors[grade]

    def counted(self, grade: Grade) -> float:
        """Return the share of a stated effect that counts: all of it, of a correlation the causal share."""
        return self.causal_share if grade == "correlation" else 1.0

    def range_of(self, grade: Grade, effect: float) -> Range | None:
        """Return P10 and P90 of an effect, None of no effect.

        The sign is kept. A correlation may be no effect at all, so that its range reaches zero.

        Parameters
        ----------
        effect
            The P50: what counts of the stated effect.

        Examples
        --------
        >>> DEFAULTS.range_of("benchmark", -0.5)
        (-1.25, -0.2)
        >>> DEFAULTS.range_of("correlation", 0.4)
        (0.0, 0.8)
        """
        if effect == 0:
            return None
        factor = self.factor(grade)
        near = 0.0 if grade == "correlation" else effect / factor
        far = effect * factor
        return (near, far) if effect > 0 else (far, near)


DEFAULTS = EvidenceDefaults()


@dataclass(frozen=True, slots=True)
class UncertainEffect:
    """One parameter of an assumed effect, with what is known of it."""

    address: str
    """``churn.engagement.slope``"""
    quantity: Quantity
    """Its value today and its range or distribution, in the parameter's own unit."""
    stated: bool
    """False where the range follows from the evidence grade alone."""


def uncertain_effects(metric: Metric, defaults: EvidenceDefaults = DEFAULTS) -> tuple[UncertainEffect, ...]:
    """Return the parameters of a metric's drivers that are not known for certain.

    An effect of one parameter has its stated range or distribution, or else that of its grade. The numbers of a curve
    (``saturating``, ``logistic``) have what is stated of each, and no default: a curve through other numbers may turn
    an effect round.

    Examples
    --------
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text('''
    ... metrics:
    ...   nps: {value: 38 points}
    ...   churn: {value: 2.5%, drivers: {nps: {slope: -0.01pp per point, evidence: judgement}}}
    ... '''))
    >>> [(effect.address, effect.quantity.text) for effect in uncertain_effects(graph["churn"])]
    [('churn.nps.slope', 'the range of a judgement')]
    """
    drivers = {driver.source: driver for driver in metric.spec.drivers}
    effects: list[UncertainEffect] = []
    for influence in metric.influences:
        driver = drivers[influence.source]
        if influence.form in ("slope", "elasticity", "semi_elasticity"):
            effects += _effect(influence, driver, defaults)
        else:
            effects += _curve(influence, driver)
    return tuple(effects)


def _effect(influence: Influence, driver: Driver, defaults: EvidenceDefaults) -> Iterator[UncertainEffect]:
    ((address, effect),) = influence.parameters
    grade = influence.evidence.grade
    default = defaults.range_of(grade, effect)
    if influence.range is not None:
        text = driver.range or (driver.elasticity.text if driver.elasticity else "the ratio of two measured effects")
        yield UncertainEffect(address, _ranged(effect, influence.range, text), True)
    elif driver.elasticity is not None and driver.elasticity.spread is not None:
        yield UncertainEffect(address, driver.elasticity, True)
    elif default is not None:
        groups = dict(driver.groups or ())
        ends = _hull(default, _difference(groups["with"], groups["without"], effect)) if groups else default
        yield UncertainEffect(address, _ranged(effect, ends, f"the range of {_GRADES[grade]}"), False)


_GRADES: Mapping[Grade, str] = {
    "experiment": "an experiment",
    "quasi_experiment": "a quasi-experiment",
    "correlation": "a correlation",
    "benchmark": "a benchmark",
    "judgement": "a judgement",
}


def _ranged(effect: float, ends: Range, text: str) -> Quantity:
    return Quantity(effect, None, Spread("p10_p90", ends), text)


def _curve(influence: Influence, driver: Driver) -> Iterator[UncertainEffect]:
    stated = dict(driver.saturating or driver.logistic or ())
    for address, _ in influence.parameters:
        quantity = stated.get(address.rpartition(".")[2])
        if quantity is not None and quantity.spread is not None:
            yield UncertainEffect(address, quantity, True)


def _difference(one: Quantity, other: Quantity, difference: float) -> Range:
    """Return P10 and P90 of a difference of two groups that vary apart: their half widths add as squares."""
    one_low, one_high = _half_widths(one)
    other_low, other_high = _half_widths(other)
    return difference - math.hypot(one_low, other_high), difference + math.hypot(one_high, other_low)


def _half_widths(quantity: Quantity) -> Range:
    """Return how far P10 and P90 are from the middle; of what is no range, those of a normal as wide."""
    spread = quantity.spread
    if spread is None:
        return 0.0, 0.0
    ends = spread.low_high()
    if ends is None:
        half = Z_P90 * deviation(spread)
        return half, half
    middle = quantity.central()
    return middle - ends[0], ends[1] - middle


def _hull(one: Range, other: Range) -> Range:
    return min(one[0], other[0]), max(one[1], other[1])
