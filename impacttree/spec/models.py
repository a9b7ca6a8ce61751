"""What the user wrote, as frozen models that mirror the model file one to one."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Never, Self, cast

from pydantic import Field, PrivateAttr

from impacttree.errors import printable
from impacttree.quantity import Period, Quantity, Unit, format_value, misfit
from impacttree.quantity.acronyms import in_words
from impacttree.quantity.calendar import FIRST_YEAR, LAST_YEAR, Calendar, period_name, placed
from impacttree.records import dataclass
from impacttree.spec import leaves
from impacttree.spec.base import As, Entry, read_many
from impacttree.spec.effects import Driver, EvidenceDefaults
from impacttree.spec.fields import (
    Amount,
    AmountField,
    Day,
    DayField,
    LineField,
    NameField,
    ProseField,
    SpanField,
    StartField,
    ValueField,
    as_,
    as_amount,
    as_choice,
    as_entry,
    comparable,
    is_above,
    mistake,
)
from impacttree.spec.finance import Finance
from impacttree.spec.fiscal import FiscalCalendar
from impacttree.spec.leaves import MAX_HORIZON, Context, Finding, Periods, Wrong, wrong
from impacttree.spec.places import NOWHERE, Key, Places
from impacttree.spec.series import (
    Beyond,
    Seasonality,
    StatedSeries,
    read_beyond,
    read_seasonality,
    read_series,
)
from impacttree.spec.yaml_events import MAX_PROBLEMS

__all__ = [
    "Aggregate",
    "Agreed",
    "Better",
    "Correlation",
    "Guardrail",
    "InTree",
    "Kind",
    "MetricSpec",
    "Scenario",
    "TreeSpec",
]

Kind = Literal["product", "driver", "financial"]
Better = Literal["higher", "lower"]
Aggregate = Literal["sum", "mean", "last", "recompute"]
Correlation = tuple[str, str, Quantity]
"""The addresses of two numbers (``churn.nps.slope``, ``arpu.value``), and their correlation."""

MOST_SHOWN = 200
"""Characters of one line of a metric's description."""

PERIODS_IN_A_YEAR: Mapping[Period, int] = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}


# ---- how fields are read


def _read_drivers(raw: object, context: Context) -> tuple[Driver, ...]:
    return read_many(Driver, raw, context, whole=True)


def _read_metrics(raw: object, context: Context) -> tuple[MetricSpec, ...]:
    known = len(context.findings)
    metrics = read_many(MetricSpec, raw, context, whole=False)
    if not metrics and len(context.findings) == known:
        raise wrong("a tree has at least one metric", f"write e.g. revenue: {MetricSpec.example}")
    return metrics


def _read_scenarios(raw: object, context: Context) -> tuple[Scenario, ...]:
    return read_many(Scenario, raw, context, whole=False)


def _read_changes(raw: object, context: Context) -> tuple[tuple[str, str], ...]:
    found: list[Finding] = []
    changes: list[tuple[str, str]] = []
    given = dict(raw) if isinstance(raw, tuple) else raw
    for key, text in leaves.pairs(given, Scenario.noun, Scenario.example):
        if len(found) >= MAX_PROBLEMS:
            break
        if key in ("label", "description") and isinstance(text, str) and not _is_change(text, context.currency):
            found.append(mistake(f"a scenario with a {key} writes its changes below it", _LABELLED).below(key))
            continue
        try:
            changes.append((leaves.name(key), leaves.change(text, context.currency)))
        except Wrong as error:
            found += [finding.below(key) for finding in error.findings]
    if not changes and not found:
        raise wrong("a scenario changes something", f"write e.g. {Scenario.example}, or leave it out")
    context.findings += found
    return tuple(changes)


_LABELLED = "write e.g. {label: Weak demand, changes: {new_customers: -20%}}"


def _is_change(text: str, currency: str) -> bool:
    try:
        leaves.change(text, currency)
    except Wrong:
        return False
    return True


def _read_not_modelled(raw: object, context: Context) -> tuple[tuple[str, str], ...]:
    found: list[Finding] = []
    notes: list[tuple[str, str]] = []
    given = dict(raw) if isinstance(raw, tuple) else raw
    for key, text in leaves.pairs(given, "not_modelled", _NOT_MODELLED):
        if len(found) >= MAX_PROBLEMS:
            break
        try:
            notes.append((leaves.name(key), leaves.line(text)))
        except Wrong as error:
            found += [finding.below(key) for finding in error.findings]
    if not notes and not found:
        raise wrong("no metric is named", f"write e.g. {_NOT_MODELLED}, or leave it out")
    context.findings += found
    return tuple(notes)


_NOT_MODELLED = "{churn: no price test yet}"


def _read_outcomes(raw: object) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for position, item in leaves.items(raw, "outcomes", "[revenue, gross_profit]"):
        try:
            name = leaves.name(item)
        except Wrong as error:
            raise Wrong(*(finding.below(position) for finding in error.findings)) from None
        if name in names:
            raise wrong(f"'{name}' is listed twice", "list each metric once", position)
        names[name] = None
    if not names:
        raise wrong("the list is empty", "list a metric, or leave the key out")
    return tuple(names)


def _read_statement(raw: object) -> tuple[str, ...]:
    """Read the lines of a statement: names, each with the sign that it counts with, or ``=`` of a subtotal."""
    lines: dict[str, str] = {}
    for position, item in leaves.items(raw, "a statement", STATEMENT):
        text = leaves.line(item)
        sign, name = (text[0], text[1:].strip()) if text[0] in "+-=" else ("", text)
        try:
            name = leaves.name(name)
        except Wrong as error:
            raise Wrong(*(finding.below(position) for finding in error.findings)) from None
        if name in lines:
            raise wrong(f"'{name}' stands in the statement twice", "list each metric once", position)
        if not lines and sign == "=":
            raise wrong("a statement begins with what is added up", f"write e.g. {STATEMENT}", position)
        lines[name] = "" if sign == "+" else sign
    if not lines:
        raise wrong("the list is empty", f"write e.g. {STATEMENT}, or leave the key out")
    return tuple(f"{sign}{name}" for name, sign in lines.items())


STATEMENT = "[revenue, -cogs, =gross_profit]"


def _read_correlations(raw: object, context: Context) -> tuple[Correlation, ...]:
    """Read the triples that can be understood; the others leave a finding at their position."""
    found: list[Finding] = []
    triples: list[Correlation] = []
    for position, item in leaves.items(raw, "correlations", f"[{_CORRELATION}]"):
        if len(found) >= MAX_PROBLEMS:
            break
        try:
            triples.append(_correlation(item))
        except Wrong as error:
            found += [finding.below(position) for finding in error.findings]
    if not triples and not found:
        raise wrong("the list is empty", "list two numbers and their correlation, or leave the key out")
    context.findings += found
    return tuple(triples)


def _correlation(raw: object) -> Correlation:
    parts = [part for _, part in leaves.items(raw, "a correlation", _CORRELATION)]
    if len(parts) != 3:
        raise wrong("a correlation is two numbers of the tree and how they go together", f"write {_CORRELATION}")
    first, second = (leaves.line(part) for part in parts[:2])
    value = leaves.quantity(parts[2], "USD")
    if value.value is None or value.spread is not None or value.unit is not None:
        raise wrong(f"'{printable(value.text, 40)}' is not a correlation", f"write a plain number: {_CORRELATION}", 2)
    return first, second, value


_CORRELATION = "[churn.nps.slope, arpu.value, 0.3]"
_CORRELATION_SCHEMA = {
    "type": "array",
    "prefixItems": [{"type": "string"}, {"type": "string"}, {"type": ["string", "number"]}],
    "minItems": 3,
    "maxItems": 3,
}


# ---- the models


class Guardrail(Entry):
    """Limits that the metric must keep in every period, whatever else improves.

    Examples
    --------
    >>> Guardrail(min=3).min.value
    3.0
    """

    noun: ClassVar[str] = "a guardrail"
    example: ClassVar[str] = "{min: 3}"

    min: AmountField = Field(None, description="Lowest value that is acceptable.")
    max: AmountField = Field(None, description="Highest value that is acceptable.")

    def __init__(
        self,
        *,
        min: Amount | None = None,  # noqa: A002 - the file's word
        max: Amount | None = None,  # noqa: A002 - the file's word
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:
        if not keys:
            yield mistake("a guardrail has a min, a max, or both", f"write e.g. {cls.example}")

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002 - drivers need it
        for key in ("min", "max"):
            limit: Quantity | None = getattr(self, key)
            if limit and (limit.value is None or limit.spread):
                yield mistake("a limit is one number, not a range", f"write e.g. {self.example}", key)
        if self.min and self.max and is_above(self.min.value, self.max.value) and comparable(self.min, self.max):
            reason = f"no value can be at least {self.min.text} and at most {self.max.text}"
            yield mistake(reason, "exchange min and max")


class Agreed(Entry):
    """Who signed the number off, and when.

    Examples
    --------
    >>> Agreed(by="CFO", on="2026-10-31").on
    datetime.date(2026, 10, 31)
    """

    noun: ClassVar[str] = "an agreement"
    example: ClassVar[str] = "{by: CFO, on: 2026-10-31}"

    by: Annotated[str, as_(leaves.line, type="string")] = Field(description="Who agreed to the number.")
    on: Annotated[datetime.date, as_(leaves.day, type="string", format="date")] = Field(
        description="The day, as 2026-10-31."
    )

    def __init__(self, by: str | None = None, on: Day | None = None, **unknown: Never) -> None:
        self.set_keys(locals())


class _Aside(str):
    """Text that goes along without telling two models apart."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Aside)

    def __hash__(self) -> int:
        return 0


@dataclass(frozen=True, slots=True, eq=False)
class InTree:
    """What a tree knows of a metric, all unset outside one; metrics that state the same are equal whatever it is."""

    unit: Unit | None = None
    today: float | None = None
    currency: str = "USD"
    aggregation: Aggregate | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    unit_as_written: Unit | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InTree)

    def __hash__(self) -> int:
        return 0


class MetricSpec(Entry):
    """A metric: a `value`, a `formula`, or a `value` with `drivers`; a stock adds `start`.

    In Python ``it.Metric``. Every key is as in the model file; numbers may be Python numbers. A metric that a tree
    gives (``tree["churn"]``, ``tree.metrics``) has the same keys and can be handed back by ``with_metric``. It also
    tells its `unit` as checked, and, read-only:

    today
        Its value at t = 0 in base units (0.42 for 42 %); None if it cannot be computed, and outside a tree.
    aggregation
        How periods become one number over the horizon: ``sum``, ``mean``, ``last`` or ``recompute``.
    inputs, outputs
        Names of the metrics that it reads by its formula or drivers, and of those that read it.

    Raises
    ------
    ModelError
        If keys are misspelt, badly written or do not go together; lists every problem.

    Examples
    --------
    >>> churn = MetricSpec(
    ...     "churn", value="2.5%/month", better="lower", drivers=[Driver("nps", slope="-0.01pp per point")]
    ... )
    >>> churn.value.value, churn.drivers[0].source
    (0.025, 'nps')
    >>> import impacttree as it
    >>> it.template("saas")["nps"]
    Metric('nps', label='NPS', kind='product')
      value        38 points (34 to 42)
      unit         points
      today        38 points
      inputs       engagement
      outputs      churn, referral_rate
      horizon      last
      owner        CX lead
      ...
    """

    noun: ClassVar[str] = "a metric"
    example: ClassVar[str] = "{formula: customers * arpu}"
    identity: ClassVar[str] = "name"
    section: ClassVar[tuple[Key, ...]] = ("metrics",)
    hints: ClassVar[Mapping[str, str]] = {
        "name": "the name is the key above; a name for readers is `label`",
        "evidence": "evidence is for assumed effects: put it into the driver; a number has a `source`",
        "note": "write `notes`",
    }

    _unit_text: _Aside = PrivateAttr(default=_Aside())
    _in_tree: InTree = PrivateAttr(default=InTree())

    name: NameField = Field(description="Name in formulas.")
    label: LineField = Field(None, description="Name that readers see; not stated: the name with spaces.")
    description: ProseField = Field(None, description="What is counted, and how.")
    kind: Annotated[Kind, as_choice(Kind)] = Field("driver", description="Where the metric stands in the tree.")
    value: ValueField = Field(
        None, description="Today's value with its unit and, if known, its range: `42% (40% to 45%)`."
    )
    values: Annotated[
        StatedSeries | None,
        As(
            read_series,
            {
                "anyOf": [
                    {"type": "string", "pattern": "\\.[ct]sv$"},
                    {"type": "array", "items": {"$ref": "#/$defs/quantity"}, "minItems": 1},
                    {"type": "object", "additionalProperties": {"$ref": "#/$defs/quantity"}, "minProperties": 1},
                ]
            },
        ),
    ] = Field(
        None,
        description="The value in each period from the first on, in place of `value`: a list, a mapping by period "
        "(`{2027-01: 100, 2027-02: 110}`), or a CSV file beside the model whose first column is the period.",
    )
    then: Annotated[Beyond | None, as_(read_beyond, type="string", pattern="^(hold|repeat|grow .+)$")] = Field(
        None, description="What holds beyond the last of `values`: `hold`, `repeat` or `grow 1%/month`."
    )
    seasonality: Annotated[
        Seasonality | None,
        as_(
            read_seasonality,
            anyOf=[
                {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 4, "maxItems": 12},
                {"type": "object", "additionalProperties": {"type": ["string", "number"]}, "minProperties": 4},
            ],
        ),
    ] = Field(
        None,
        description="Factors by month or quarter of the year, which average to 1: `{Q1: 0.9, Q2: 1, Q3: 1, Q4: 1.1}`.",
    )
    formula: Annotated[str | None, as_(leaves.formula, type="string")] = Field(
        None, description="Exact formula over other metrics: `prev(customers) * (1 - churn) + new_customers`."
    )
    drivers: Annotated[
        tuple[Driver, ...], As(_read_drivers, {"type": "object", "additionalProperties": {"$ref": "#/$defs/driver"}})
    ] = Field((), description="Assumed effects of other metrics on this one, by the name of the metric that acts.")
    start: StartField = Field(
        None,
        description="Value before the first period, for a formula that reads its own past: `65_800 customers`, or a "
        "formula over stated metrics.",
    )
    unit: Annotated[Unit | None, as_amount(leaves.unit_of, type="string")] = Field(
        None, description="Unit such as `USD/month`, `customers`, `%`, `points` or `x`; not stated: as in `value`."
    )
    bounds: SpanField = Field(None, description="What is possible at all, as `0% to 100%`; never clamps a value.")
    plausible: SpanField = Field(
        None, description="What was ever reached or planned: `40% to 46%`; ranks levers fairly."
    )
    better: Annotated[Better, as_choice(Better)] = Field("higher", description="Which way is good for the business.")
    guardrail: Annotated[Guardrail | None, as_entry(Guardrail, "guardrail")] = Field(
        None, description="Limits that must hold in every period."
    )
    aggregate: Annotated[Aggregate | None, as_choice(Aggregate)] = Field(
        None, description="How periods become one number over the horizon; not stated: by the unit."
    )
    owner: LineField = Field(None, description="Person or team that answers for the metric.")
    source: LineField = Field(None, description="Where the number comes from.")
    as_of: DayField = Field(None, description="Day that the number stands for, as 2026-10-31.")
    agreed: Annotated[Agreed | None, as_entry(Agreed, "agreed")] = Field(
        None, description="Who signed the number off, and when."
    )
    not_modelled: Annotated[
        tuple[tuple[str, str], ...],
        As(
            _read_not_modelled,
            {
                "type": "object",
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"type": "string"},
                "minProperties": 1,
            },
        ),
    ] = Field(
        (),
        description="Metrics that are known or feared to respond to this one and for which no effect is stated, each "
        f"with why: `{_NOT_MODELLED}`. Answers that lift this metric say so.",
    )
    notes: ProseField = Field(None, description="What else a reader should know.")
    placeholder: Annotated[bool, as_(leaves.flag, type="boolean")] = Field(
        False, description="True while the number only stands in until a real one is known."
    )

    def __init__(
        self,
        name: str,
        *,
        label: str | None = None,
        description: str | None = None,
        kind: Kind | None = None,
        value: Amount | None = None,
        values: Sequence[Amount] | Mapping[Any, Amount] | str | None = None,
        then: str | None = None,
        seasonality: Sequence[float] | Mapping[str, float | str] | None = None,
        formula: str | None = None,
        drivers: Iterable[Driver] | Mapping[str, Mapping[str, Any]] | None = None,
        start: Amount | None = None,
        unit: str | Unit | None = None,
        bounds: str | Quantity | None = None,
        plausible: str | Quantity | None = None,
        better: Better | None = None,
        guardrail: Mapping[str, Amount] | Guardrail | None = None,
        aggregate: Aggregate | None = None,
        owner: str | None = None,
        source: str | None = None,
        as_of: Day | None = None,
        agreed: Mapping[str, Day] | Agreed | None = None,
        not_modelled: Mapping[str, str] | None = None,
        notes: str | None = None,
        placeholder: bool | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:
        has_formula, has_drivers = "formula" in keys, bool(keys.get("drivers"))
        has_value = "value" in keys or "values" in keys
        key = "values" if "values" in keys else "value"
        if "value" in keys and "values" in keys:
            fix = "keep one; the value at t = 0, before the first of `values`, is `start`"
            yield mistake("has both a value and values", fix, "values")
        if "then" in keys and "values" not in keys:
            fix = "state `values`, or leave it out"
            yield mistake("`then` says what comes after the last of `values`", fix, "then")
        if "seasonality" in keys and has_formula:
            fix = "put it on an input of the formula"
            yield mistake("a season is one of a stated value, and this is a formula", fix, "seasonality")
        if has_formula and has_value:
            what = "values" if key == "values" else "a value"
            yield mistake(f"has both {what} and a formula", "keep one; the t = 0 value of a stock is `start`", key)
        if has_formula and has_drivers:
            reason = "has both a formula and drivers; drivers are anchored at a stated value"
            yield mistake(reason, "put the drivers on an input of the formula", "drivers")
        if not has_formula and not has_value:
            what = "has drivers but no value" if has_drivers else "has neither a value nor a formula"
            fix = "state today's value" if has_drivers else f"write value: 42%, or {cls.example[1:-1]}"
            yield mistake(what, fix)
        elif "start" in keys and not has_formula and not has_drivers and "values" not in keys:
            yield mistake("`start` goes with a formula or drivers; this is a plain value", "leave it out", "start")

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002 - drivers need it
        yield from self._mixed_units()
        if self.bounds is None:
            return
        floor, ceiling = cast("tuple[float, float]", self.bounds.low_high())
        stated = self.values.entries if self.values else ()
        outside = [text.text for _, text in stated if comparable(text, self.bounds) and not self._holds(text.central())]
        if outside:
            lie = "lies" if len(outside) == 1 else "lie"
            reason = f"{', '.join(outside[:8])} {lie} outside the bounds {self.bounds.text}"
            yield mistake(reason, "correct the numbers or the bounds", "values")
        for key in ("value", "start", "plausible"):
            quantity: Quantity | None = getattr(self, key)
            if quantity is None or not comparable(quantity, self.bounds):
                continue
            numbers = [quantity.value] if quantity.value is not None else []
            if any(number < floor or number > ceiling for number in [*numbers, *(quantity.low_high() or ())]):
                reason = f"{quantity.text} lies outside the bounds {self.bounds.text}"
                yield mistake(reason, "correct the number or the bounds", key)

    def _holds(self, number: float) -> bool:
        """Return whether a number is within the bounds."""
        floor, ceiling = cast("tuple[float, float]", self.bounds.low_high()) if self.bounds else (-math.inf, math.inf)
        return floor <= number <= ceiling

    def _mixed_units(self) -> Iterator[Finding]:
        """Yield what is wrong with the units of a series: all its numbers are in that of the first one."""
        if self.values is None:
            return
        first = self.values.first
        others = [
            f"{printable(number.text, 40)} ({printable(label, 40) or f'value {n}'})"
            for n, (label, number) in enumerate(self.values.entries, 1)
            if (number.unit is not None if first.unit is None else n > 1 and misfit(number.unit, first.unit))
        ]
        if others:
            shown = ", ".join(others[:8]) + (" ..." if len(others) > 8 else "")
            reason = f"the first value is {first.text}, and these have another unit: {shown}"
            yield mistake(reason, "write all of them in one unit, or as plain numbers beside `unit:`", "values")

    @property
    def level(self) -> Quantity | None:
        """What is stated of the metric itself: its value, or the first of its values."""
        return self.value if self.values is None else self.values.first

    @property
    def title(self) -> str:
        """The name that readers see: the label, else the name with spaces."""
        return self.label or in_words(self.name)

    @property
    def today(self) -> float | None:
        """The value at t = 0 in base units; None if it cannot be computed, and outside a tree."""
        return self._in_tree.today

    @property
    def aggregation(self) -> Aggregate | None:
        """How periods become one number over the horizon; None outside a tree."""
        return self._in_tree.aggregation

    @property
    def inputs(self) -> tuple[str, ...]:
        """The metrics that this one reads by its formula or drivers; nothing outside a tree."""
        return self._in_tree.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """The metrics that read this one; nothing outside a tree."""
        return self._in_tree.outputs

    def in_tree(self, known: InTree) -> Self:
        """Return the metric with what a tree knows of it."""
        copy = self.model_copy()
        copy._in_tree = replace(known, unit_as_written=self.unit)  # noqa: SLF001 - its own
        vars(copy)["unit"] = known.unit
        return copy

    def as_stated(self) -> Self:
        if self._in_tree.aggregation is None:
            return self
        copy = self.model_copy()
        copy._in_tree = InTree()  # noqa: SLF001 - its own
        vars(copy)["unit"] = self._in_tree.unit_as_written
        return copy

    def written(self) -> Any:
        return super(MetricSpec, self.as_stated()).written()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MetricSpec):
            return NotImplemented
        return super(MetricSpec, self.as_stated()).__eq__(other.as_stated())

    def __hash__(self) -> int:
        return hash((self.name, self.stated_keys()))

    def __repr__(self) -> str:
        head, lines = self._card()
        return "\n".join([head, *(f"  {term:<12} {text}" for term, text in lines)])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from html import escape

        head, lines = self._card()
        rows = "".join(f"<tr><th>{term}</th><td>{escape(text)}</td></tr>" for term, text in lines)
        return f"<table><caption>{escape(head)}</caption>{rows}</table>"

    def _card(self) -> tuple[str, list[tuple[str, str]]]:
        """Return the metric in a few lines: a head, and terms with their texts."""
        known, today = self._in_tree, self._in_tree.today
        label = f", label={self.label!r}" if self.label else ""
        unit = str(self.unit) if self.unit is not None else ""
        lines = {
            "value": self.value.text if self.value is not None else "",
            "values": self.values.text if self.values is not None else "",
            "then": str(self.then or ""),
            "formula": self.formula or "",
            "start": self.start.text if self.start is not None else "",
            "drivers": ", ".join(driver.source for driver in self.drivers) if known.aggregation is None else "",
            "unit": unit,
            "today": "" if today is None else format_value(today, self.unit or Unit(), currency=known.currency),
            "inputs": ", ".join(known.inputs),
            "outputs": ", ".join(known.outputs),
            "horizon": known.aggregation or "",
            "owner": self.owner or "",
            "source": self.source or "",
        }
        head = f"Metric({self.name!r}{label}, kind={self.kind!r})"
        return head, [(term, printable(text, MOST_SHOWN)) for term, text in lines.items() if text]

    def with_keys(self, **keys: Any) -> Self:
        copy = super(MetricSpec, self.as_stated()).with_keys(**keys)
        if "unit" not in keys:
            copy._unit_text = self._unit_text  # noqa: SLF001 - its own
        return copy

    def remember(self, keys: Mapping[str, Any]) -> None:
        text = keys.get("unit")
        if isinstance(text, str):
            self._unit_text = _Aside(text.strip())

    def plain(self, key: str) -> Any:
        if key in ("values", "seasonality"):
            return getattr(self, key).written()
        if key == "unit" and self._unit_text and leaves.means_unit(str(self._unit_text), self.unit):
            return str(self._unit_text)
        return super().plain(key)


class Scenario(Entry):
    """Named changes that hold together, each written as text.

    In a file they may be all of the body; with a label or a description they stand under `changes`.

    Examples
    --------
    >>> Scenario("downturn", {"new_customers": "-20%", "churn": "+0.5pp"}).changes
    (('new_customers', '-20%'), ('churn', '+0.5pp'))
    >>> Scenario("low", {"new_customers": "-20%"}, label="Weak demand").title
    'Weak demand'
    """

    noun: ClassVar[str] = "a scenario"
    example: ClassVar[str] = "{new_customers: -20%, churn: +0.5pp}"
    identity: ClassVar[str] = "name"
    section: ClassVar[tuple[Key, ...]] = ("scenarios",)
    body: ClassVar[str] = "changes"

    name: NameField = Field(description="Name of the scenario.")
    label: LineField = Field(None, description="Name that readers see; not stated: the name with spaces.")
    description: ProseField = Field(None, description="What happens in it, and why it is looked at.")
    changes: Annotated[
        tuple[tuple[str, str], ...],
        As(_read_changes, {"type": "object", "additionalProperties": {"$ref": "#/$defs/change"}, "minProperties": 1}),
    ] = Field(description="Changes by metric: `{new_customers: -20%, churn: +0.5pp}`.")

    def __init__(
        self,
        name: str,
        changes: Mapping[str, str] | None = None,
        *,
        label: str | None = None,
        description: str | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def is_body(cls, raw: object) -> bool:
        return not (isinstance(raw, Mapping) and isinstance(raw.get("changes"), Mapping))

    @property
    def title(self) -> str:
        """What the scenario is called in answers."""
        if self.label is not None:
            return self.label
        shown = self.name.replace("_", " ")
        return shown[:1].upper() + shown[1:]


class TreeSpec(Entry):
    """A whole model as stated.

    Examples
    --------
    >>> spec = TreeSpec(
    ...     name="Shop",
    ...     outcome="revenue",
    ...     metrics=[
    ...         MetricSpec("orders", value="1200 orders/month"),
    ...         MetricSpec("basket", value="$40/order"),
    ...         MetricSpec("revenue", formula="orders * basket", kind="financial"),
    ...     ],
    ... )
    >>> [metric.name for metric in spec.metrics], spec.horizon_periods
    (['orders', 'basket', 'revenue'], 12)
    """

    noun: ClassVar[str] = "a model"
    example: ClassVar[str] = "metrics: {engagement: {value: 42%}}"

    _places: Places = PrivateAttr(default=NOWHERE)

    name: Annotated[str, as_(leaves.line, type="string")] = Field("Untitled", description="Name of the model.")
    description: ProseField = Field(None, description="What the model is about.")
    currency: Annotated[str, as_(leaves.code, type="string", pattern="^[A-Z]{3}$")] = Field(
        "USD", description="ISO 4217 code of the money that `$` and outputs use."
    )
    period: Annotated[Period, as_choice(Period)] = Field("month", description="The time step.")
    horizon: Annotated[
        int | None, as_(leaves.periods(1, MAX_HORIZON), type=["integer", "string"], minimum=1, maximum=MAX_HORIZON)
    ] = Field(None, description="Periods that are looked ahead, as `18` or `18 months`; not stated: one year.")
    start_date: DayField = Field(None, description="First day of period 1, as 2026-11-01; answers then name periods.")
    fiscal_calendar: Annotated[FiscalCalendar | None, as_entry(FiscalCalendar, "fiscal_calendar")] = Field(
        None, description="How the company divides time into fiscal years, as `{start: February}`."
    )
    finance: Annotated[Finance | None, as_entry(Finance, "finance")] = Field(
        None, description="How amounts of later periods are weighed, as `{discount_rate: 12%/year}`."
    )
    outcome: Annotated[str | None, as_(leaves.name, **{"$ref": "#/$defs/name"})] = Field(
        None, description="Metric that questions are asked about by default."
    )
    outcomes: Annotated[
        tuple[str, ...],
        as_(_read_outcomes, type="array", items={"$ref": "#/$defs/name"}, minItems=1, uniqueItems=True),
    ] = Field((), description="The few outcomes that are shown together.")
    illustrative: Annotated[bool, as_(leaves.flag, type="boolean")] = Field(
        False, description="True of an example whose figures are invented; answers say so beside their basis."
    )
    statement: Annotated[
        tuple[str, ...],
        as_(_read_statement, type="array", items={"type": "string", "pattern": "^[-+=]?"}, minItems=1),
    ] = Field(
        (),
        description=(
            "Lines of the profit and loss statement from the top: what is added, `-` what is taken off, `=` a "
            f"subtotal: `{STATEMENT}`. Not stated: by the sums and differences that lead to the outcome."
        ),
    )
    metrics: Annotated[
        tuple[MetricSpec, ...],
        As(
            _read_metrics,
            {
                "type": "object",
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"$ref": "#/$defs/metric"},
                "minProperties": 1,
            },
        ),
    ] = Field(description="The metrics, by name.")
    scenarios: Annotated[
        tuple[Scenario, ...],
        As(_read_scenarios, {"type": "object", "additionalProperties": {"$ref": "#/$defs/scenario"}}),
    ] = Field(
        (),
        description=(
            "Named changes that hold together: `downturn: {new_customers: -20%}`, or with a label and a description: "
            "`downturn: {label: Weak demand, changes: {new_customers: -20%}}`."
        ),
    )
    evidence_defaults: Annotated[EvidenceDefaults, as_entry(EvidenceDefaults, "evidence_defaults")] = Field(
        cast("EvidenceDefaults", None),
        description="What evidence grades stand for where an effect has no range, and what a correlation counts.",
    )
    correlations: Annotated[
        tuple[Correlation, ...], As(_read_correlations, {"type": "array", "items": _CORRELATION_SCHEMA, "minItems": 1})
    ] = Field(
        (),
        description=(
            "Numbers that are uncertain together, by address (`arpu.value`, `customers.start`, `churn.nps.slope`): "
            f"`[{_CORRELATION}]`. A correlation is that of the normal scores; pairs that are not listed have none."
        ),
    )

    def __init__(
        self,
        *,
        metrics: Iterable[MetricSpec] | Mapping[str, Mapping[str, Any]] | None = None,
        name: str | None = None,
        description: str | None = None,
        currency: str | None = None,
        period: Period | None = None,
        horizon: int | str | None = None,
        start_date: Day | None = None,
        fiscal_calendar: FiscalCalendar | Mapping[str, str] | None = None,
        finance: Finance | Mapping[str, Any] | None = None,
        outcome: str | None = None,
        outcomes: Sequence[str] | None = None,
        illustrative: bool | None = None,
        statement: Sequence[str] | None = None,
        scenarios: Iterable[Scenario] | Mapping[str, Mapping[str, str]] | None = None,
        evidence_defaults: EvidenceDefaults | Mapping[str, Amount] | None = None,
        correlations: Sequence[tuple[str, str, Amount]] | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def unstated(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        return {} if "evidence_defaults" in values else {"evidence_defaults": EvidenceDefaults()}

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:
        if "fiscal_calendar" in keys and "start_date" not in keys:
            reason = "a fiscal calendar needs the first day of period 1"
            yield mistake(reason, "state it beside it: start_date: 2026-11-01", "fiscal_calendar")

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002 - drivers need it
        lags = (
            (driver.lag, ("metrics", metric.name, "drivers", driver.source, "lag"))
            for metric in self.metrics
            for driver in metric.drivers
        )
        for number, path in ((self.horizon, ("horizon",)), *lags):
            if isinstance(number, Periods) and number.period not in ("", self.period):
                yield mistake(*leaves.other_periods(number, self.period), *path)
        for finding in self.finance.wrong_periods(self.period) if self.finance is not None else ():
            yield finding.below("finance")
        yield from self._wrong_dates()

    def _wrong_dates(self) -> Iterator[Finding]:
        if self.start_date is None:
            return
        if not FIRST_YEAR <= self.start_date.year <= LAST_YEAR:
            reason = f"{self.start_date} lies outside the years {FIRST_YEAR} to {LAST_YEAR}"
            yield mistake(reason, "write the first day of period 1, e.g. 2026-11-01", "start_date")
        elif self.calendar is not None and self.calendar.misfit is not None:
            yield mistake(*self.calendar.misfit, "start_date")

    @property
    def calendar(self) -> Calendar | None:
        """Which days the periods are and what they are called; None where no first day is stated."""
        if self.start_date is None:
            return None
        fiscal = self.fiscal_calendar
        return Calendar(self.start_date, self.period, None if fiscal is None else fiscal.rule)

    def named(self, t: int) -> str:
        """Return what a period is called: ``Oct 2027``, without a first day ``month 12``."""
        return period_name(t, self.period, self.calendar)

    def placed(self, preposition: str, t: int) -> str:
        """Write when something is: ``in Oct 2027``, ``on 4 Jan 2027``, ``by the week of 4 Jan 2027``."""
        return placed(preposition, self.named(t), once=True)

    @property
    def horizon_periods(self) -> int:
        """Periods that are looked ahead: as stated, else one year, which is the fiscal one where period 1 begins it."""
        if self.horizon is None and self.fiscal_calendar is not None and self.calendar is not None:
            year = self.calendar.first_fiscal_year
            return len(year) if year[0] == 1 else PERIODS_IN_A_YEAR[self.period]
        return self.horizon or PERIODS_IN_A_YEAR[self.period]

    @property
    def places(self) -> Places:
        """Where each key and value stands in the file; nowhere for a model made in Python."""
        return self._places

    def at(self, places: Places) -> TreeSpec:
        """Return the same model, read from these places."""
        copy = self.model_copy()
        copy._places = places  # noqa: SLF001 - its own
        return copy

    @classmethod
    def currency_of(cls, keys: Mapping[str, Any]) -> str:
        try:
            return leaves.code(keys["currency"])
        except (KeyError, Wrong):
            return "USD"
