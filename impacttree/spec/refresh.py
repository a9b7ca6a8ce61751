"""Changed copies of a specification: refreshed values, a metric added or replaced."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any, Protocol

from impacttree.errors import Problem, QuestionError, nearest, printable
from impacttree.quantity import NUMBER, Quantity, Set, misfit
from impacttree.quantity.quantities import QUANTITY_KEYS
from impacttree.spec.address import Address
from impacttree.spec.models import MetricSpec, TreeSpec

__all__ = ["NewValues", "with_metric", "with_values"]


class _Series(Protocol):
    """What a pandas Series shares with other labelled columns."""

    def items(self) -> Iterable[tuple[Hashable, Any]]: ...


NewValue = str | float | Sequence[str | float] | Mapping[Any, str | float]
NewValues = Mapping[str, NewValue] | _Series
"""New values by metric."""


def with_values(spec: TreeSpec, values: NewValues) -> TreeSpec:
    """Return `spec` with newly stated values, in the units that the metrics have.

    A number is in base units: a share of 43 % is 0.43, money is not in thousands; one above 1 for a metric in % without
    bounds is refused. Text states its unit; money and shares may leave denominators out. A Series has the metrics
    as its index. A metric with a formula takes the value as its `start`. A list, an array, or a mapping by period is a
    series, and takes the place of what was stated; a number takes that of a series. What is replaced is no longer a
    template's placeholder, and what is now certain is no longer correlated.

    Raises
    ------
    QuestionError
        When a metric does not exist, has a formula and no start, or has another unit; and for a number that is more
        likely to be a percentage than a share.

    Examples
    --------
    >>> from impacttree.spec import load_text
    >>> spec = load_text("metrics: {arpu: {value: $29/customer/month}}")
    >>> with_values(spec, {"arpu": "$31 ($30 to $32)"}).metrics[0].unit == spec.metrics[0].value.unit
    True
    """
    given = _by_name(values)
    known = {metric.name: metric for metric in spec.metrics}
    for name in given:
        if name not in known:
            shown = f"'{printable(str(name), 80)}'{nearest(str(name), known)}"
            raise QuestionError(Problem(reason=f"there is no metric {shown}", fix="nothing was changed"))
        if known[name].formula is not None and known[name].start is None:
            reason, fix = "is computed by a formula", "refresh the metrics that it reads instead"
            raise QuestionError(Problem(metric=name, reason=reason, fix=fix))
    changed = tuple(_refreshed(m, given[m.name], spec.currency) if m.name in given else m for m in spec.metrics)
    certain = {address for metric in changed if metric.name in given for address in _certain(metric)}
    correlations = [entry for entry in spec.correlations if certain.isdisjoint(entry[:2])]
    return spec.with_keys(metrics=changed, correlations=correlations or None)


def _by_name(values: object) -> dict[Any, Any]:
    pairs: Any = getattr(values, "items", None)
    if isinstance(values, type) or not callable(pairs):
        reason = f"values are a mapping by metric or a pandas Series, not {type(values).__name__}"
        raise QuestionError(Problem(reason=reason, fix="write {'arpu': '$31'}"))
    given: dict[Any, Any] = {}
    for name, value in pairs():
        if name in given:
            raise QuestionError(Problem(metric=str(name), reason="is given twice", fix="keep one of its values"))
        given[name] = value
    return given


def _certain(metric: MetricSpec) -> Iterator[str]:
    for key, quantity in (("value", metric.level), ("start", metric.start)):
        if quantity is not None and quantity.spread is None:
            yield str(Address(metric.name, key=key))


def _refreshed(metric: MetricSpec, given: Any, currency: str) -> MetricSpec:
    """Return a metric with a new value, a new series, or a new start where it is computed by a formula."""
    if metric.formula is None and _is_series(given):
        return _with_series(metric, given, currency)
    key = "value" if metric.formula is None else "start"
    old = metric.level if metric.formula is None else metric.start
    assert old is not None
    keys = _restated(metric, given, key, old, currency)
    if metric.values is not None and key == "value":
        keys |= {"values": None, "then": None} | ({} if metric.drivers else {"start": None})
    return metric.with_keys(**keys)


def _restated(metric: MetricSpec, given: Any, key: str, old: Quantity, currency: str) -> dict[str, Any]:
    """Return the keys that state a new number of a metric, in the unit that it has."""
    unit = metric.unit or old.unit
    is_number = isinstance(given, Real) and not isinstance(given, bool)
    if not isinstance(given, str | Mapping) and not (is_number and math.isfinite(given)):
        reason = f"cannot take {printable(repr(given), 40)}"
        raise QuestionError(Problem(metric=metric.name, reason=reason, fix="write e.g. '43%' or 0.43"))
    if is_number:
        given = float(given)  # numpy's numbers too
    if unit is None:
        return {key: given, "placeholder": None}
    if is_number:
        if unit.is_share and given > 1 and metric.bounds is None:
            reason = f"cannot take {given:g}: numbers are in base units, where 1 is 100%"
            fix = f"write '{given:g}%' or {given / 100:g}; for {100 * given:g}%, write '{100 * given:g}%'"
            raise QuestionError(Problem(metric=metric.name, reason=reason, fix=fix))
        stated = str(Set(given, None if unit == NUMBER else unit))
        return {key: stated.removeprefix("="), "placeholder": None}
    alone = MetricSpec(metric.name, value=given) if key == "value" else metric.with_keys(start=given, unit=None)
    new: Quantity = getattr(alone.in_currency(currency), key)
    wrong = misfit(new.unit, unit)
    if wrong:
        raise QuestionError(Problem(metric=metric.name, reason=f"cannot take {new.text}: {wrong[0]}", fix=wrong[1]))
    keep = {} if new.unit == unit else {"unit": unit}
    return {key: given, "placeholder": None, **keep}


def _in_unit(metric: MetricSpec, given: Any, old: Quantity, currency: str) -> str:
    """Return a number of a series as it is written in the metric's own unit."""
    written = MetricSpec(metric.name, value=_restated(metric, given, "value", old, currency)["value"])
    number = written.in_currency(currency).value
    if number is None or number.value is None or number.spread is not None:
        reason = f"cannot take {printable(repr(given), 40)} in a series"
        raise QuestionError(Problem(metric=metric.name, reason=reason, fix="give one number for each period"))
    unit = metric.unit or old.unit
    return str(Set(number.value, None if unit == NUMBER else unit)).removeprefix("=")


def _is_series(given: Any) -> bool:
    """Return whether numbers by period are given: a list, an array, a column, or a mapping by period."""
    if isinstance(given, Mapping):
        return not given.keys() <= set(QUANTITY_KEYS)
    return (callable(getattr(given, "tolist", None)) and getattr(given, "ndim", 0) == 1) or isinstance(
        given, list | tuple
    )


def _with_series(metric: MetricSpec, given: Any, currency: str) -> MetricSpec:
    """Return a metric that has other numbers by period; what comes `then` stays as it was."""
    old = metric.level
    assert old is not None
    pairs = getattr(given, "items", None)
    labelled = list(pairs()) if callable(pairs) else []
    is_numbered = bool(labelled) and [label for label, _ in labelled] == list(range(len(labelled)))
    if not labelled or (is_numbered and not isinstance(given, Mapping)):  # a column without labels counts from 0
        items = [value for _, value in labelled] or list(getattr(given, "tolist", lambda: given)())
        values: Any = [_in_unit(metric, item, old, currency) for item in items]
    else:
        values = {label: _in_unit(metric, item, old, currency) for label, item in labelled}
    unit = metric.unit or old.unit
    keep = {"unit": unit} if metric.unit is None and unit is not None else {}
    start = {} if metric.values is not None or metric.drivers else {"start": None}
    return metric.with_keys(value=None, values=values, placeholder=None, **keep, **start)


def with_metric(spec: TreeSpec, metric: MetricSpec) -> TreeSpec:
    """Return `spec` with `metric` in place of the one of that name, or at the end.

    Raises
    ------
    QuestionError
        When `metric` is not a metric.
    """
    if not isinstance(metric, MetricSpec):
        raise QuestionError(f"with_metric() takes an it.Metric(...), not {type(metric).__name__}")
    if any(known.name == metric.name for known in spec.metrics):
        return spec.with_keys(metrics=tuple(metric if known.name == metric.name else known for known in spec.metrics))
    return spec.with_keys(metrics=(*spec.metrics, metric))
