"""What the user wrote, as frozen models that mirror the model file one to one."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Never, Self, cast, get_args

from pydantic import Field, PrivateAttr

from impacttree.errors import Problem, QuantityError, printable
from impacttree.quantity import (
    Add,
    Change,
    Period,
    Points,
    Quantity,
    RawQuantity,
    Relative,
    Set,
    Unit,
    parse_change,
    parse_quantity,
    parse_slope_spread,
    parse_spread,
)
from impacttree.quantity.possible import Z_P90, Z_P97_5
from impacttree.spec import leaves
from impacttree.spec.base import As, Model, read_many, read_one
from impacttree.spec.leaves import MAX_HORIZON, Context, Finding, Wrong, wrong
from impacttree.spec.places import NOWHERE, Key, Places
from impacttree.spec.yaml_events import MAX_PROBLEMS

__all__ = [
    "Aggregate",
    "Agreed",
    "Better",
    "Correlation",
    "Driver",
    "Evidence",
    "EvidenceDefaults",
    "Form",
    "Grade",
    "Guardrail",
    "Kind",
    "MetricSpec",
    "Parameters",
    "Scenario",
    "Treatment",
    "TreeSpec",
]

Kind = Literal["product", "driver", "financial"]
Better = Literal["higher", "lower"]
Aggregate = Literal["sum", "mean", "last", "recompute"]
Grade = Literal["experiment", "quasi_experiment", "correlation", "benchmark", "judgement"]
Form = Literal[
    "when", "slope", "elasticity", "semi_elasticity", "points", "groups", "treatment", "saturating", "logistic"
]
Parameters = tuple[tuple[str, Quantity], ...]
"""Named quantities, as pairs."""
Measured = str | tuple[tuple[str, str], ...]
"""A change with its range, or pairs of `value` and `ci95`."""
Correlation = tuple[str, str, Quantity]
"""The addresses of two numbers (``churn.nps.slope``, ``arpu.value``), and their correlation."""

Amount = RawQuantity | Quantity
Day = str | datetime.date
"""What Python callers may give: see the fields for what is meant."""

MAX_POINTS = 100
"""Most points of one driver's curve."""

WIDEST = 1_000
"""Largest factor that an evidence grade stands for."""

FORMS: tuple[Form, ...] = get_args(Form)
PERIODS_IN_A_YEAR: Mapping[Period, int] = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}


# ---- how fields are read


def _as(read: Callable[[object], Any], **schema: Any) -> As:
    return As(lambda raw, _: read(raw), schema)


def _as_amount(read: Callable[[object, str], Any], **schema: Any) -> As:
    return As(lambda raw, context: read(raw, context.currency), schema)


def _as_choice(closed: Any) -> As:
    return _as(leaves.choice(closed), enum=list(get_args(closed)))


def _as_parameters(*required: str, optional: tuple[str, ...] = ()) -> As:
    return _as_amount(
        leaves.quantities(required, optional),
        type="object",
        properties={key: {"$ref": "#/$defs/quantity"} for key in required + optional},
        required=list(required),
        additionalProperties=False,
    )


def _read_evidence(raw: object, context: Context) -> Evidence:
    return read_one(Evidence, raw, context)


def _read_treatment(raw: object, context: Context) -> Treatment:
    return read_one(Treatment, raw, context)


def _read_measured(raw: object, currency: str) -> Measured:
    given = dict(raw) if isinstance(raw, tuple) else raw
    if not isinstance(given, Mapping):
        text = leaves.change(raw, currency)
        _check_measured(parse_change(text, currency=currency), text)
        return text
    if set(given) != {"value", "ci95"} or not all(isinstance(text, str) for text in given.values()):
        raise wrong("a measured effect has a `value` and its `ci95`", f"write {_MEASURED_95}")
    measured = tuple((key, given[key].strip()) for key in ("value", "ci95"))
    text = leaves.change(_text_of_measured(measured), currency)
    _check_measured(parse_change(text, currency=currency), text)
    return measured


def _text_of_measured(measured: Measured) -> str:
    return measured if isinstance(measured, str) else "{} ({})".format(*(text for _, text in measured))


def _check_measured(change: Change, text: str) -> None:
    if isinstance(change, Set):
        raise wrong("`=` sets a value; here a change is meant", f"write e.g. {_MEASURED}")
    if change.spread is None or change.spread.kind != "p10_p50_p90":
        reason = f"'{text}' is not an effect with its range"
        raise wrong(reason, f"write the effect, P10 and P90: {_MEASURED}; or {_MEASURED_95}")


def _read_guardrail(raw: object, context: Context) -> Guardrail:
    return read_one(Guardrail, raw, context)


def _read_defaults(raw: object, context: Context) -> EvidenceDefaults:
    return read_one(EvidenceDefaults, raw, context)


def _read_agreed(raw: object, context: Context) -> Agreed:
    return read_one(Agreed, raw, context)


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
        try:
            changes.append((leaves.name(key), leaves.change(text, context.currency)))
        except Wrong as error:
            found += [finding.below(key) for finding in error.findings]
    if not changes and not found:
        raise wrong("a scenario changes something", f"write e.g. {Scenario.example}, or leave it out")
    context.findings += found
    return tuple(changes)


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


def _read_points(raw: object, currency: str) -> tuple[tuple[Quantity, Quantity], ...]:
    points: list[tuple[Quantity, Quantity]] = []
    for position, pair in leaves.items(raw, "points", _POINTS):
        point = tuple(leaves.quantity(item, currency) for _, item in leaves.items(pair, "a point", "[38%, 2.8%]"))
        if len(point) != 2 or any(number.value is None or number.spread for number in point):
            fix = f"write {_POINTS}; in brackets 1,200 is two numbers: write 1200"
            raise wrong("a point is two numbers, the driver's value and the metric's", fix, position)
        if points and cast("float", point[0].value) <= cast("float", points[-1][0].value):
            raise wrong("points go from left to right, each x once", "sort them", position)
        if len(points) == MAX_POINTS:
            raise wrong(f"more than {MAX_POINTS} points", "keep those that show the shape", position)
        points.append(point)
    if len(points) < 2:
        raise wrong("fewer than two points give no curve", f"write e.g. {_POINTS}")
    return tuple(points)


_POINTS = "[[38%, 2.8%], [46%, 2.3%]]"
_POINT_SCHEMA = {"type": "array", "items": {"$ref": "#/$defs/quantity"}, "minItems": 2, "maxItems": 2}

_MEASURED = "+2pp (1.2pp to 2.8pp)"
_MEASURED_95 = "{value: +2pp, ci95: 0.8pp to 3.2pp}"
_MEASURED_SCHEMA = [
    {"$ref": "#/$defs/change"},
    {
        "type": "object",
        "properties": {"value": {"$ref": "#/$defs/change"}, "ci95": {"$ref": "#/$defs/range"}},
        "required": ["value", "ci95"],
        "additionalProperties": False,
    },
]

_Line = Annotated[str | None, _as(leaves.line, type="string")]
_Prose = Annotated[str | None, _as(leaves.prose, type="string")]
_Name = Annotated[str, _as(leaves.name, type="string", pattern=f"^{leaves.NAME.pattern}$")]
_Day = Annotated[datetime.date | None, _as(leaves.day, type="string", format="date")]
_Amount = Annotated[Quantity | None, _as_amount(leaves.quantity, **{"$ref": "#/$defs/quantity"})]
_Span = Annotated[Quantity | None, _as_amount(leaves.span, **{"$ref": "#/$defs/range"})]
_Change = Annotated[str | None, _as_amount(leaves.change, **{"$ref": "#/$defs/change"})]
_Measured = Annotated[Measured, _as_amount(_read_measured, anyOf=_MEASURED_SCHEMA)]
_Factor = Annotated[Quantity, _as(leaves.factor(WIDEST), type=["string", "number"])]
_Share = Annotated[Quantity, _as(leaves.share, type=["string", "number"])]
_Slope = Annotated[str | None, _as_amount(leaves.slope, **{"$ref": "#/$defs/slope"})]


# ---- the models


class Evidence(Model):
    """How much is known about an assumed effect.

    Examples
    --------
    >>> Evidence("experiment", source="Onboarding holdout", date="2026-03-01").grade
    'experiment'
    """

    noun: ClassVar[str] = "evidence"
    example: ClassVar[str] = "{grade: experiment, source: Onboarding holdout, date: 2026-03-01}"
    short: ClassVar[str] = "grade"

    grade: Annotated[Grade, _as_choice(Grade)] = Field(
        "judgement",
        description=(
            "How strong the evidence is; `experiment` says that the driving metric itself was randomised. Weaker "
            "grades weigh less, and of a `correlation` a part is counted."
        ),
    )
    randomised: Annotated[str | None, _as(leaves.name, **{"$ref": "#/$defs/name"})] = Field(
        None, description="Metric that the experiment randomised; not stated: the driving metric, by the grade's claim."
    )
    source: _Line = Field(None, description="Study, document or person that the effect comes from.")
    date: _Day = Field(None, description="Day of the study or estimate, as 2026-03-01.")
    note: _Prose = Field(None, description="What else a reader should know.")

    def __init__(
        self,
        grade: Grade | None = None,
        *,
        randomised: str | None = None,
        source: str | None = None,
        date: Day | None = None,
        note: str | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())


class Treatment(Model):
    """What a randomised feature did to two metrics at once; the driving metric itself was not randomised.

    Examples
    --------
    >>> onboarding = Treatment("+2pp (1.2pp to 2.8pp)", {"value": "-0.3pp", "ci95": "-0.6pp to 0pp"})
    >>> [str(change) for change, _ in onboarding.effects("USD")]
    ['+2pp (+1.2pp to +2.8pp)', '-0.3pp (-0.6pp to +0pp)']
    """

    noun: ClassVar[str] = "a treatment"
    example: ClassVar[str] = "{on_source: +2pp (1.2pp to 2.8pp), on_target: -0.3pp (-0.5pp to -0.1pp)}"

    what: _Line = Field(None, description="The feature that was randomised.")
    on_source: _Measured = Field(
        description=f"What it did to the driving metric, with P10 and P90: `{_MEASURED}`; or `{_MEASURED_95}`."
    )
    on_target: _Measured = Field(description="What it did to this metric, written likewise.")
    correlation: _Amount = Field(None, description="Correlation of the two estimates; not stated: 0.")

    def __init__(
        self,
        on_source: str | Mapping[str, str] | None = None,
        on_target: str | Mapping[str, str] | None = None,
        *,
        what: str | None = None,
        correlation: Amount | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    def effects(self, currency: str) -> tuple[tuple[Change, float], tuple[Change, float]]:
        """Return the effects on the source and on the target, with the normal score that their ranges reach to."""
        return self._effect(self.on_source, currency), self._effect(self.on_target, currency)

    @staticmethod
    def _effect(measured: Measured, currency: str) -> tuple[Change, float]:
        score = Z_P90 if isinstance(measured, str) else Z_P97_5
        return parse_change(_text_of_measured(measured), currency=currency), score

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002 - drivers need it
        stated = self.correlation
        if stated is None:
            return
        if stated.spread is not None or stated.unit is not None or not -1 < stated.central() < 1:
            yield _finding("a correlation is one number between -1 and 1", "write e.g. 0.2", "correlation")


class EvidenceDefaults(Model):
    """What evidence grades stand for where an effect has no range of its own.

    A factor k says that P10 and P90 of an effect e are e / k and e * k. Of a correlation a share counts as effect. The
    numbers are conventions, argued in ``docs/decisions/0005-evidence-grades-as-ranges.md``.

    Examples
    --------
    >>> defaults = EvidenceDefaults(judgement=4)
    >>> defaults.factor("judgement"), defaults.factor("experiment"), defaults.counted("correlation")
    (4.0, 1.3, 0.5)
    """

    noun: ClassVar[str] = "evidence_defaults"
    example: ClassVar[str] = "{judgement: 4, causal_share: 50%}"

    experiment: _Factor = Field(
        parse_quantity("1.3"),
        description="An experiment's factor k: P10 and P90 of an effect e are e / k and e * k; 1.3.",
    )
    quasi_experiment: _Factor = Field(parse_quantity("1.6"), description="The factor of a quasi-experiment; 1.6.")
    correlation: _Factor = Field(
        parse_quantity("2"), description="The factor of a correlation: from no effect to k times what is counted; 2."
    )
    benchmark: _Factor = Field(parse_quantity("2.5"), description="The factor of a benchmark; 2.5.")
    judgement: _Factor = Field(parse_quantity("3"), description="The factor of a judgement; 3.")
    causal_share: _Share = Field(
        parse_quantity("50%"),
        description="How much of a correlation is counted as effect, its stated range alike; 50%.",
    )

    def __init__(
        self,
        *,
        experiment: Amount | None = None,
        quasi_experiment: Amount | None = None,
        correlation: Amount | None = None,
        benchmark: Amount | None = None,
        judgement: Amount | None = None,
        causal_share: Amount | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def path_of(cls, keys: Mapping[str, Any]) -> tuple[Key, ...]:  # noqa: ARG003
        return ("evidence_defaults",)

    def factor(self, grade: Grade) -> float:
        """Return k of a grade."""
        stated: Quantity = getattr(self, grade)
        return stated.central()

    def counted(self, grade: Grade) -> float:
        """Return the share of a stated effect that counts: all of it, of a correlation the causal share."""
        return self.causal_share.central() if grade == "correlation" else 1.0

    def range_of(self, grade: Grade, effect: float) -> tuple[float, float] | None:
        """Return P10 and P90 of an effect, None of no effect.

        The sign is kept. A correlation may be no effect at all, so that its range reaches zero.

        Parameters
        ----------
        grade
            How the effect is known.
        effect
            The P50: what counts of the stated effect.

        Examples
        --------
        >>> EvidenceDefaults().range_of("benchmark", -0.5)
        (-1.25, -0.2)
        >>> EvidenceDefaults().range_of("correlation", 0.4)
        (0.0, 0.8)
        """
        if effect == 0:
            return None
        factor = self.factor(grade)
        near = 0.0 if grade == "correlation" else effect / factor
        far = effect * factor
        return (near, far) if effect > 0 else (far, near)


class Guardrail(Model):
    """Limits that the metric must keep in every period, whatever else improves.

    Examples
    --------
    >>> Guardrail(min=3).min.value
    3.0
    """

    noun: ClassVar[str] = "a guardrail"
    example: ClassVar[str] = "{min: 3}"

    min: _Amount = Field(None, description="Lowest value that is acceptable.")
    max: _Amount = Field(None, description="Highest value that is acceptable.")

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
            yield _finding("a guardrail has a min, a max, or both", f"write e.g. {cls.example}")

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002 - drivers need it
        for key in ("min", "max"):
            limit: Quantity | None = getattr(self, key)
            if limit and (limit.value is None or limit.spread):
                yield _finding("a limit is one number, not a range", f"write e.g. {self.example}", key)
        if self.min and self.max and _is_above(self.min.value, self.max.value) and _comparable(self.min, self.max):
            reason = f"no value can be at least {self.min.text} and at most {self.max.text}"
            yield _finding(reason, "exchange min and max")


class Agreed(Model):
    """Who signed the number off, and when.

    Examples
    --------
    >>> Agreed(by="CFO", on="2026-10-31").on
    datetime.date(2026, 10, 31)
    """

    noun: ClassVar[str] = "an agreement"
    example: ClassVar[str] = "{by: CFO, on: 2026-10-31}"

    by: Annotated[str, _as(leaves.line, type="string")] = Field(description="Who agreed to the number.")
    on: Annotated[datetime.date, _as(leaves.day, type="string", format="date")] = Field(
        description="The day, as 2026-10-31."
    )

    def __init__(self, by: str | None = None, on: Day | None = None, **unknown: Never) -> None:
        self.set_keys(locals())


class Driver(Model):
    """An assumed effect of another metric, `source`, on the metric that holds it.

    Exactly one form says how strong it is: ``when`` and ``then``, ``slope``, ``elasticity``, ``semi_elasticity``,
    ``points``, ``groups``, ``treatment``, ``saturating`` or ``logistic``.

    Examples
    --------
    >>> driver = Driver("engagement", when="+10% relative", then="-0.3pp", lag=1, evidence="experiment")
    >>> driver.form, driver.evidence.grade
    ('when', 'experiment')
    """

    noun: ClassVar[str] = "a driver"
    example: ClassVar[str] = "{when: +10% relative, then: -0.3pp}"
    identity: ClassVar[str] = "source"
    hints: ClassVar[Mapping[str, str]] = {
        "source": "put where the effect comes from into evidence: {grade: ..., source: ...}",
        "notes": "write `note`",
    }

    source: _Name = Field(description="Metric that acts.")
    when: _Change = Field(None, description="A change of the driving metric: `+10% relative`, `+2pp`, `+5 points`.")
    then: _Change = Field(None, description="What the change in `when` does to this metric, as `-0.3pp` or `-3%`.")
    slope: _Slope = Field(None, description="Change of this metric per unit of the driving one: `-0.01pp per point`.")
    elasticity: _Amount = Field(None, description="Percent change of this metric per percent of the driving one.")
    semi_elasticity: _Slope = Field(
        None,
        description="Relative change of this metric, as a fraction, per unit of the driving one: `-0.02 per point`.",
    )
    points: Annotated[
        tuple[tuple[Quantity, Quantity], ...] | None,
        _as_amount(_read_points, type="array", items=_POINT_SCHEMA, minItems=2),
    ] = Field(None, description=f"Known points of the curve, driver first, from left to right: `{_POINTS}`.")
    groups: Annotated[Parameters | None, _as_parameters("with", "without")] = Field(
        None, description="This metric in the group with and the group without; the driving metric is the share with."
    )
    treatment: Annotated[Treatment | None, As(_read_treatment, {"$ref": "#/$defs/treatment"})] = Field(
        None,
        description="What a randomised feature did to the driving metric and to this one: the effect is the ratio.",
    )
    saturating: Annotated[Parameters | None, _as_parameters("ceiling", "half", optional=("shape",))] = Field(
        None, description="A curve with diminishing returns (Hill): its `ceiling`, `half` way point and `shape`."
    )
    logistic: Annotated[Parameters | None, _as_parameters("floor", "ceiling", "middle", "steepness")] = Field(
        None, description="An S-shaped curve: its `floor`, `ceiling`, `middle` and `steepness`."
    )
    range: Annotated[str | None, _as(leaves.spread, **{"$ref": "#/$defs/spread"})] = Field(
        None,
        description=(
            "P10 to P90 of the effect, written like it (`groups`: of with - without): `-0.5pp to -0.1pp`; or what else "
            "is known of it: `{ci95: -0.6pp to 0pp}`."
        ),
    )
    lag: Annotated[int, _as(leaves.whole(0, MAX_HORIZON), type=["integer", "string"], minimum=0)] = Field(
        0, description="Periods until the effect shows; 0 is at once."
    )
    observed: _Span = Field(
        None, description="Range of the driving metric in which the effect was seen; beyond it is extrapolation."
    )
    evidence: Annotated[
        Evidence, As(_read_evidence, {"anyOf": [{"$ref": "#/$defs/grade"}, {"$ref": "#/$defs/evidence"}]})
    ] = Field(
        cast("Evidence", None),
        description="How the effect is known: a grade, or a mapping. Not stated: judgement "
        "(groups: correlation, treatment: quasi_experiment).",
    )
    note: _Prose = Field(None, description="What else a reader should know.")

    def __init__(
        self,
        source: str,
        *,
        when: str | None = None,
        then: str | None = None,
        slope: str | float | None = None,
        elasticity: Amount | None = None,
        semi_elasticity: str | float | None = None,
        points: Sequence[Sequence[Amount]] | None = None,
        groups: Mapping[str, Amount] | None = None,
        treatment: Mapping[str, Any] | Treatment | None = None,
        saturating: Mapping[str, Amount] | None = None,
        logistic: Mapping[str, Amount] | None = None,
        range: str | Mapping[str, Any] | None = None,  # noqa: A002 - the file's word
        lag: int | None = None,
        observed: str | Quantity | None = None,
        evidence: Grade | Mapping[str, Any] | Evidence | None = None,
        note: str | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @property
    def form(self) -> Form:
        """The form that says how strong the effect is."""
        return next(form for form in FORMS if getattr(self, form) is not None)

    @property
    def spread(self) -> Any:
        """What `range` states: text, or a mapping."""
        return leaves.text_or_mapping(self.range) if self.range is not None else None

    def plain(self, key: str) -> Any:
        return self.spread if key == "range" else super().plain(key)

    @classmethod
    def path_of(cls, keys: Mapping[str, Any]) -> tuple[Key, ...]:
        return ("drivers", str(keys.get("source", "")))

    @classmethod
    def unstated(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        if "evidence" in values:
            return {}
        grades: Mapping[str, Grade] = {"groups": "correlation", "treatment": "quasi_experiment"}
        return {"evidence": Evidence(next((grades[form] for form in grades if form in values), "judgement"))}

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:
        stated = [form for form in FORMS if form in keys]
        if len(stated) > 1:
            yield _finding(f"states the effect in more than one way: {', '.join(stated)}", "keep one of them")
        if ("when" in keys) != ("then" in keys):
            missing = "then" if "when" in keys else "when"
            yield _finding(f"`{missing}` is missing", f"write both, e.g. {cls.example}")
        elif not stated:
            fix = f"write e.g. {cls.example}, or {', '.join(FORMS[1:])}"
            yield _finding("does not say how strong the effect is", fix)
        if "range" in keys and stated and stated[0] in ("points", "treatment", "saturating", "logistic"):
            fixes = {"points": "leave it out", "treatment": "leave it out: it follows from those of both effects"}
            fix = fixes.get(stated[0], "give the numbers of the curve their own ranges")
            yield _finding(f"`range` does not go with `{stated[0]}`", fix, "range", at_key=True)

    def wrong_values(self, currency: str) -> Iterator[Finding]:
        for key in ("when", "then"):
            yield from self._wrong_change(key, currency)
        if self.elasticity is not None and not (self.elasticity.unit is None or self.elasticity.unit.is_pure):
            yield _finding("an elasticity has no unit", "write a plain number, e.g. -0.4", "elasticity")
        for form, keys in (("saturating", ("half", "shape")), ("logistic", ("steepness",))):
            for key, quantity in getattr(self, form) or ():
                if key in keys and quantity.central() <= 0:
                    yield _finding(f"`{key}` must be above zero", "", form, key)
        if self.range is not None:
            yield from self._wrong_range(currency)

    def _wrong_change(self, key: str, currency: str) -> Iterator[Finding]:
        text = getattr(self, key)
        if text is None:
            return
        change = parse_change(text, currency=currency)
        match change:
            case Relative():
                size = change.ratio
            case Points():
                size = change.points
            case Add():
                size = change.amount
            case _:
                yield _finding("`=` sets a value; here a change is meant", "write e.g. +10% relative or +2pp", key)
                return
        if change.spread is not None:
            fix = "give the P10 and P90 of the effect as `range`" if key == "then" else "write the change that was seen"
            yield _finding(f"`{key}` is one amount, not a range", fix, key)
        elif key == "when" and size == 0:
            yield _finding("a change of zero says nothing about the effect", "write the change that was seen", key)

    def _wrong_range(self, currency: str) -> Iterator[Finding]:
        slope = self.slope or self.semi_elasticity
        if (slope and "(" in slope) or (self.elasticity and self.elasticity.spread):
            yield _finding("the range is stated twice: here, and beside the effect itself", "keep one", "range")
            return
        try:
            (parse_slope_spread if slope else parse_spread)(self.spread, currency=currency)
        except QuantityError as error:
            yield from (Finding(("range",), problem) for problem in error.problems)


class _Aside(str):
    """Text that goes along without telling two models apart."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Aside)

    def __hash__(self) -> int:
        return 0


class MetricSpec(Model):
    """A metric as stated: a `value`, a `formula`, or a `value` with `drivers`; a stock adds `start`.

    In Python ``it.Metric``. Every key is as in the model file; numbers may be Python numbers.

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
    """

    noun: ClassVar[str] = "a metric"
    example: ClassVar[str] = "{formula: customers * arpu}"
    identity: ClassVar[str] = "name"
    hints: ClassVar[Mapping[str, str]] = {
        "name": "the name is the key above; a name for readers is `label`",
        "evidence": "evidence is for assumed effects: put it into the driver; a number has a `source`",
        "note": "write `notes`",
    }

    _unit_text: _Aside = PrivateAttr(default=_Aside())

    name: _Name = Field(description="Name in formulas.")
    label: _Line = Field(None, description="Name that readers see; not stated: the name with spaces.")
    description: _Prose = Field(None, description="What is counted, and how.")
    kind: Annotated[Kind, _as_choice(Kind)] = Field("driver", description="Where the metric stands in the tree.")
    value: _Amount = Field(
        None, description="Today's value with its unit and, if known, its range: `42% (40% to 45%)`."
    )
    formula: Annotated[str | None, _as(leaves.formula, type="string")] = Field(
        None, description="Exact formula over other metrics: `prev(customers) * (1 - churn) + new_customers`."
    )
    drivers: Annotated[
        tuple[Driver, ...], As(_read_drivers, {"type": "object", "additionalProperties": {"$ref": "#/$defs/driver"}})
    ] = Field((), description="Assumed effects of other metrics on this one, by the name of the metric that acts.")
    start: _Amount = Field(None, description="Value before the first period, for a formula that reads its own past.")
    unit: Annotated[Unit | None, _as_amount(leaves.unit_of, type="string")] = Field(
        None, description="Unit such as `USD/month`, `customers`, `%`, `points` or `x`; not stated: as in `value`."
    )
    bounds: _Span = Field(None, description="What is possible at all, as `0% to 100%`; never clamps a value.")
    plausible: _Span = Field(None, description="What was ever reached or planned: `40% to 46%`; ranks levers fairly.")
    better: Annotated[Better, _as_choice(Better)] = Field("higher", description="Which way is good for the business.")
    guardrail: Annotated[Guardrail | None, As(_read_guardrail, {"$ref": "#/$defs/guardrail"})] = Field(
        None, description="Limits that must hold in every period."
    )
    aggregate: Annotated[Aggregate | None, _as_choice(Aggregate)] = Field(
        None, description="How periods become one number over the horizon; not stated: by the unit."
    )
    owner: _Line = Field(None, description="Person or team that answers for the metric.")
    source: _Line = Field(None, description="Where the number comes from.")
    as_of: _Day = Field(None, description="Day that the number stands for, as 2026-10-31.")
    agreed: Annotated[Agreed | None, As(_read_agreed, {"$ref": "#/$defs/agreed"})] = Field(
        None, description="Who signed the number off, and when."
    )
    notes: _Prose = Field(None, description="What else a reader should know.")
    placeholder: Annotated[bool, _as(leaves.flag, type="boolean")] = Field(
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
        notes: str | None = None,
        placeholder: bool | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def path_of(cls, keys: Mapping[str, Any]) -> tuple[Key, ...]:
        return ("metrics", str(keys.get("name", "")))

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:
        has_value, has_formula, has_drivers = "value" in keys, "formula" in keys, bool(keys.get("drivers"))
        if has_formula and has_value:
            yield _finding("has both a value and a formula", "keep one; the t = 0 value of a stock is `start`", "value")
        if has_formula and has_drivers:
            reason = "has both a formula and drivers; drivers are anchored at a stated value"
            yield _finding(reason, "put the drivers on an input of the formula", "drivers")
        if not has_formula and not has_value:
            what = "has drivers but no value" if has_drivers else "has neither a value nor a formula"
            fix = "state today's value" if has_drivers else f"write value: 42%, or {cls.example[1:-1]}"
            yield _finding(what, fix)
        elif "start" in keys and not has_formula and not has_drivers:
            yield _finding("`start` goes with a formula or drivers; this is a plain value", "leave it out", "start")

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002 - drivers need it
        if self.bounds is None:
            return
        floor, ceiling = cast("tuple[float, float]", self.bounds.low_high())
        for key in ("value", "start", "plausible"):
            quantity: Quantity | None = getattr(self, key)
            if quantity is None or not _comparable(quantity, self.bounds):
                continue
            numbers = [quantity.value] if quantity.value is not None else []
            if any(number < floor or number > ceiling for number in [*numbers, *(quantity.low_high() or ())]):
                reason = f"{quantity.text} lies outside the bounds {self.bounds.text}"
                yield _finding(reason, "mend the number or the bounds", key)

    def with_keys(self, **keys: Any) -> Self:
        copy = super().with_keys(**keys)
        if "unit" not in keys:
            copy._unit_text = self._unit_text  # noqa: SLF001 - its own
        return copy

    def remember(self, keys: Mapping[str, Any]) -> None:
        text = keys.get("unit")
        if isinstance(text, str):
            self._unit_text = _Aside(text.strip())

    def plain(self, key: str) -> Any:
        if key == "unit" and self._unit_text and leaves.means_unit(str(self._unit_text), self.unit):
            return str(self._unit_text)
        return super().plain(key)


class Scenario(Model):
    """Named changes that hold together, each written as text.

    Examples
    --------
    >>> Scenario("downturn", {"new_customers": "-20%", "churn": "+0.5pp"}).changes
    (('new_customers', '-20%'), ('churn', '+0.5pp'))
    """

    noun: ClassVar[str] = "a scenario"
    example: ClassVar[str] = "{new_customers: -20%, churn: +0.5pp}"
    identity: ClassVar[str] = "name"
    body: ClassVar[str] = "changes"

    name: _Name = Field(description="Name of the scenario.")
    changes: Annotated[
        tuple[tuple[str, str], ...],
        As(_read_changes, {"type": "object", "additionalProperties": {"$ref": "#/$defs/change"}, "minProperties": 1}),
    ] = Field(description="Changes by metric: `{new_customers: -20%, churn: +0.5pp}`.")

    def __init__(self, name: str, changes: Mapping[str, str] | None = None, **unknown: Never) -> None:
        self.set_keys(locals())

    @classmethod
    def path_of(cls, keys: Mapping[str, Any]) -> tuple[Key, ...]:
        return ("scenarios", str(keys.get("name", "")))


class TreeSpec(Model):
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

    name: Annotated[str, _as(leaves.line, type="string")] = Field("Untitled", description="Name of the model.")
    description: _Prose = Field(None, description="What the model is about.")
    currency: Annotated[str, _as(leaves.code, type="string", pattern="^[A-Z]{3}$")] = Field(
        "USD", description="ISO 4217 code of the money that `$` and outputs use."
    )
    period: Annotated[Period, _as_choice(Period)] = Field("month", description="The time step.")
    horizon: Annotated[
        int | None, _as(leaves.whole(1, MAX_HORIZON), type=["integer", "string"], minimum=1, maximum=MAX_HORIZON)
    ] = Field(None, description="Periods that are looked ahead; not stated: one year.")
    start_date: _Day = Field(None, description="First day of period 1, as 2026-11-01.")
    outcome: Annotated[str | None, _as(leaves.name, **{"$ref": "#/$defs/name"})] = Field(
        None, description="Metric that questions are asked about by default."
    )
    outcomes: Annotated[
        tuple[str, ...],
        _as(_read_outcomes, type="array", items={"$ref": "#/$defs/name"}, minItems=1, uniqueItems=True),
    ] = Field((), description="The few outcomes that are shown together.")
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
    ] = Field((), description="Named changes that hold together.")
    evidence_defaults: Annotated[EvidenceDefaults, As(_read_defaults, {"$ref": "#/$defs/evidence_defaults"})] = Field(
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
        horizon: int | None = None,
        start_date: Day | None = None,
        outcome: str | None = None,
        outcomes: Sequence[str] | None = None,
        scenarios: Iterable[Scenario] | Mapping[str, Mapping[str, str]] | None = None,
        evidence_defaults: EvidenceDefaults | Mapping[str, Amount] | None = None,
        correlations: Sequence[tuple[str, str, Amount]] | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def unstated(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        return {} if "evidence_defaults" in values else {"evidence_defaults": EvidenceDefaults()}

    @property
    def horizon_periods(self) -> int:
        """Periods that are looked ahead: as stated, else one year."""
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


# ---- small helpers


def _finding(reason: str, fix: str, *path: Key, at_key: bool = False) -> Finding:
    return Finding(path, Problem(reason=reason, fix=fix), at_key)


def _is_above(left: float | None, right: float | None) -> bool:
    return left is not None and right is not None and left > right


def _comparable(left: Quantity, right: Quantity) -> bool:
    """Whether the numbers may be compared as they are; other units are for the unit rules to judge."""
    if left.unit is None or right.unit is None:
        return True
    return (left.unit.money, left.unit.is_share) == (right.unit.money, right.unit.is_share)
