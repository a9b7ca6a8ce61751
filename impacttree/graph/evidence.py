"""What is uncertain about a metric: its stated numbers, and its assumed effects by their ranges or evidence grades."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from impacttree.graph.checks import bounds_of
from impacttree.graph.model import Influence, UncertainNumber
from impacttree.quantity import Quantity, Spread
from impacttree.quantity.spread_checks import Z_P90, deviation
from impacttree.spec import Driver, EvidenceDefaults, Grade, MetricSpec
from impacttree.spec.address import Address
from impacttree.spec.forms import CURVES

__all__ = ["Found", "uncertain_numbers"]

Ends = tuple[float, float]
"""P10 and P90."""


class Found(NamedTuple):
    """An uncertain number, and the keys below its metric where it is written."""

    keys: tuple[str, ...]
    number: UncertainNumber


def uncertain_numbers(
    metric: MetricSpec, influences: Iterable[Influence], defaults: EvidenceDefaults
) -> Iterator[Found]:
    """Yield the numbers of a metric that are not known for certain.

    An effect of one parameter has its stated range or distribution, or else that of its grade. The numbers of a curve
    (``saturating``, ``logistic``) have what is stated of each, and no default: a curve through other numbers may turn
    an effect round.

    Examples
    --------
    >>> from impacttree.graph import build
    >>> from impacttree.spec import load_text
    >>> graph = build(load_text('''
    ... metrics:
    ...   nps: {value: 38 points (35 to 42)}
    ...   churn: {value: 2.5%, drivers: {nps: {slope: -0.01pp per point, evidence: judgement}}}
    ... '''))
    >>> [(number.address, number.quantity.text) for number in graph.uncertain]
    [('churn.nps.slope', 'the range of a judgement'), ('nps.value', '38 points (35 to 42)')]
    """
    for key, quantity in (("value", metric.value), ("start", metric.start)):
        if quantity is not None and quantity.spread is not None:
            number = UncertainNumber(str(Address(metric.name, key=key)), metric.name, quantity, bounds_of(metric), True)
            yield Found((key,), number)
    if not metric.drivers:
        return
    drivers = {driver.source: driver for driver in metric.drivers}
    for influence in influences:
        driver = drivers[influence.source]
        if influence.form in CURVES:
            found = _effect(influence, driver, defaults)
        else:
            found = _curve(influence, driver)
        for address, keys, quantity, stated in found:
            number = UncertainNumber(address, metric.name, quantity, None, stated)
            yield Found(("drivers", influence.source, *keys), number)


UncertainPart = tuple[str, tuple[str, ...], Quantity, bool]
"""Address, keys below the driver, what is known, and whether that is stated."""


def _effect(influence: Influence, driver: Driver, defaults: EvidenceDefaults) -> Iterator[UncertainPart]:
    ((address, effect),) = influence.parameters
    grade = influence.evidence.grade
    default = defaults.range_of(grade, effect)
    if influence.spread is not None:
        key = "range" if driver.range is not None else driver.form.name
        written = getattr(driver, key)
        text = written.text if isinstance(written, Quantity) else written
        text = "the ratio of two measured effects" if driver.treatment is not None else text
        yield address, (key,), Quantity(effect, None, influence.spread, text), True
    elif default is not None:
        if driver.groups:
            groups = dict(driver.groups)
            default = _hull(default, _difference(groups["with"], groups["without"], effect, influence.counted))
        spread = Spread("p10_p90", default)
        yield address, (), Quantity(effect, None, spread, f"the range of {_GRADES[grade]}"), False


_GRADES: Mapping[Grade, str] = {
    "experiment": "an experiment",
    "quasi_experiment": "a quasi-experiment",
    "correlation": "a correlation",
    "benchmark": "a benchmark",
    "judgement": "a judgement",
}


def _curve(influence: Influence, driver: Driver) -> Iterator[UncertainPart]:
    (stated,) = driver.stated
    numbers = dict(stated)
    for address, _ in influence.parameters:
        key = Address.parse(address).key
        quantity = numbers.get(key)
        if quantity is not None and quantity.spread is not None:
            yield address, (driver.form.name, key), quantity, True


def _difference(one: Quantity, other: Quantity, effect: float, counted: float) -> Ends:
    """Return P10 and P90 of what counts of a difference of two groups that vary apart: half widths add as squares."""
    one_low, one_high = _half_widths(one)
    other_low, other_high = _half_widths(other)
    return effect - counted * math.hypot(one_low, other_high), effect + counted * math.hypot(one_high, other_low)


def _half_widths(quantity: Quantity) -> Ends:
    """Return how far P10 and P90 are from the middle; of what is not a range, those of a normal as wide."""
    spread = quantity.spread
    if spread is None:
        return 0.0, 0.0
    ends = spread.low_high()
    if ends is None:
        half = Z_P90 * deviation(spread)
        return half, half
    middle = quantity.central()
    return middle - ends[0], ends[1] - middle


def _hull(one: Ends, other: Ends) -> Ends:
    return min(one[0], other[0]), max(one[1], other[1])
