"""Assumed effects as stated: drivers in all their forms, their evidence, and what evidence stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Never, cast, get_args

from pydantic import Field

from impacttree.errors import QuantityError
from impacttree.quantity import (
    Add,
    Change,
    Points,
    Quantity,
    Relative,
    Set,
    parse_change,
    parse_quantity,
    parse_slope,
    parse_slope_spread,
    parse_spread,
)
from impacttree.quantity.spread_checks import Z_P90, Z_P97_5
from impacttree.spec import leaves
from impacttree.spec.base import As, Model, read_one
from impacttree.spec.fields import (
    Amount,
    AmountField,
    ChangeField,
    Day,
    DayField,
    LineField,
    NameField,
    ProseField,
    SemiElasticityField,
    SlopeField,
    SpanField,
    as_,
    as_amount,
    as_choice,
    as_parameters,
    mistake,
)
from impacttree.spec.leaves import MAX_HORIZON, Context, Finding, wrong
from impacttree.spec.places import Key

__all__ = ["FORMS", "Driver", "Evidence", "EvidenceDefaults", "Form", "Grade", "Parameters", "Treatment"]

Grade = Literal["experiment", "quasi_experiment", "correlation", "benchmark", "judgement"]
Form = Literal[
    "when", "slope", "elasticity", "semi_elasticity", "points", "groups", "treatment", "saturating", "logistic"
]
Parameters = tuple[tuple[str, Quantity], ...]
"""Named quantities, as pairs."""
Measured = str | tuple[tuple[str, str], ...]
"""A change with its range, or pairs of `value` and `ci95`."""

MAX_POINTS = 100
"""Most points of one driver's curve."""

WIDEST = 1_000
"""Largest factor that an evidence grade stands for."""

FORMS: tuple[Form, ...] = get_args(Form)


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

_Measured = Annotated[Measured, as_amount(_read_measured, anyOf=_MEASURED_SCHEMA)]
_Factor = Annotated[Quantity, as_(leaves.factor(WIDEST), type=["string", "number"])]
_Share = Annotated[Quantity, as_(leaves.share, type=["string", "number"])]


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

    grade: Annotated[Grade, as_choice(Grade)] = Field(
        "judgement",
        description=(
            "How strong the evidence is; `experiment` says that the driving metric itself was randomised. Weaker "
            "grades weigh less, and of a `correlation` a part is counted."
        ),
    )
    randomised: Annotated[str | None, as_(leaves.name, **{"$ref": "#/$defs/name"})] = Field(
        None, description="Metric that the experiment randomised; not stated: the driving metric, by the grade's claim."
    )
    source: LineField = Field(None, description="Study, document or person that the effect comes from.")
    date: DayField = Field(None, description="Day of the study or estimate, as 2026-03-01.")
    note: ProseField = Field(None, description="What else a reader should know.")

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

    what: LineField = Field(None, description="The feature that was randomised.")
    on_source: _Measured = Field(
        description=f"What it did to the driving metric, with P10 and P90: `{_MEASURED}`; or `{_MEASURED_95}`."
    )
    on_target: _Measured = Field(description="What it did to this metric, written likewise.")
    correlation: AmountField = Field(None, description="Correlation of the two estimates; not stated: 0.")

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
            yield mistake("a correlation is one number between -1 and 1", "write e.g. 0.2", "correlation")


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
    def path_of(cls, keys: Mapping[str, Any]) -> tuple[Key, ...]:  # noqa: ARG003 - the base's signature
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

    source: NameField = Field(description="Metric that acts.")
    when: ChangeField = Field(None, description="A change of the driving metric: `+10% relative`, `+2pp`, `+5 points`.")
    then: ChangeField = Field(None, description="What the change in `when` does to this metric, as `-0.3pp` or `-3%`.")
    slope: SlopeField = Field(
        None, description="Change of this metric per unit of the driving one: `-0.01pp per point`."
    )
    elasticity: AmountField = Field(None, description="Percent change of this metric per percent of the driving one.")
    semi_elasticity: SemiElasticityField = Field(
        None,
        description="Relative change of this metric per unit of the driving one: `-2% per point` or `-0.02 per point`.",
    )
    points: Annotated[
        tuple[tuple[Quantity, Quantity], ...] | None,
        as_amount(_read_points, type="array", items=_POINT_SCHEMA, minItems=2),
    ] = Field(None, description=f"Known points of the curve, driver first, from left to right: `{_POINTS}`.")
    groups: Annotated[Parameters | None, as_parameters("with", "without")] = Field(
        None, description="This metric in the group with and the group without; the driving metric is the share with."
    )
    treatment: Annotated[Treatment | None, As(_read_treatment, {"$ref": "#/$defs/treatment"})] = Field(
        None,
        description="What a randomised feature did to the driving metric and to this one: the effect is the ratio.",
    )
    saturating: Annotated[Parameters | None, as_parameters("ceiling", "half", optional=("shape",))] = Field(
        None, description="A curve with diminishing returns (Hill): its `ceiling`, `half` way point and `shape`."
    )
    logistic: Annotated[Parameters | None, as_parameters("floor", "ceiling", "middle", "steepness")] = Field(
        None, description="An S-shaped curve: its `floor`, `ceiling`, `middle` and `steepness`."
    )
    range: Annotated[str | None, as_(leaves.spread, **{"$ref": "#/$defs/spread"})] = Field(
        None,
        description=(
            "P10 to P90 of the effect, written like it (`groups`: of with - without): `-0.5pp to -0.1pp`; or what else "
            "is known of it: `{ci95: -0.6pp to 0pp}`."
        ),
    )
    lag: Annotated[int, as_(leaves.periods(0, MAX_HORIZON), type=["integer", "string"], minimum=0)] = Field(
        0, description="Periods until the effect shows, as `2` or `2 months`; 0 is at once."
    )
    observed: SpanField = Field(
        None, description="Range of the driving metric in which the effect was seen; beyond it is extrapolation."
    )
    evidence: Annotated[
        Evidence, As(_read_evidence, {"anyOf": [{"$ref": "#/$defs/grade"}, {"$ref": "#/$defs/evidence"}]})
    ] = Field(
        cast("Evidence", None),
        description="How the effect is known: a grade, or a mapping. Not stated: judgement "
        "(groups: correlation, treatment: quasi_experiment).",
    )
    note: ProseField = Field(None, description="What else a reader should know.")

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
        lag: int | str | None = None,
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
            yield mistake(f"states the effect in more than one way: {', '.join(stated)}", "keep one of them")
        if ("when" in keys) != ("then" in keys):
            missing = "then" if "when" in keys else "when"
            yield mistake(f"`{missing}` is missing", f"write both, e.g. {cls.example}")
        elif not stated:
            fix = f"write e.g. {cls.example}, or {', '.join(FORMS[1:])}"
            yield mistake("does not say how strong the effect is", fix)
        if "range" in keys and stated and stated[0] in ("points", "treatment", "saturating", "logistic"):
            fixes = {"points": "leave it out", "treatment": "leave it out: it follows from those of both effects"}
            fix = fixes.get(stated[0], "give the numbers of the curve their own ranges")
            yield mistake(f"`range` does not go with `{stated[0]}`", fix, "range", at_key=True)

    def wrong_values(self, currency: str) -> Iterator[Finding]:
        for key in ("when", "then"):
            yield from self._wrong_change(key, currency)
        if self.elasticity is not None and not (self.elasticity.unit is None or self.elasticity.unit.is_pure):
            yield mistake("an elasticity has no unit", "write a plain number, e.g. -0.4", "elasticity")
        for form, keys in (("saturating", ("half", "shape")), ("logistic", ("steepness",))):
            for key, quantity in getattr(self, form) or ():
                if key in keys and quantity.central() <= 0:
                    yield mistake(f"`{key}` must be above zero", "", form, key)
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
                yield mistake("`=` sets a value; here a change is meant", "write e.g. +10% relative or +2pp", key)
                return
        if change.spread is not None:
            fix = "give the P10 and P90 of the effect as `range`" if key == "then" else "write the change that was seen"
            yield mistake(f"`{key}` is one amount, not a range", fix, key)
        elif key == "when" and size == 0:
            yield mistake("a change of zero says nothing about the effect", "write the change that was seen", key)

    def _wrong_range(self, currency: str) -> Iterator[Finding]:
        slope = self.slope or self.semi_elasticity
        if (slope and "(" in slope) or (self.elasticity and self.elasticity.spread):
            yield mistake("the range is stated twice: here, and beside the effect itself", "keep one", "range")
            return
        try:
            if slope:
                like = parse_slope(slope, currency=currency, percent=True)
                parse_slope_spread(self.spread, currency=currency, percent=self.slope is None, like=like)
            else:
                parse_spread(self.spread, currency=currency)
        except QuantityError as error:
            yield from (Finding(("range",), problem) for problem in error.problems)
