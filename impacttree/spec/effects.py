"""Assumed effects as stated: drivers in all their forms, their evidence, and what evidence stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Never, cast

from pydantic import Field

from impacttree.errors import QuantityError
from impacttree.quantity import Quantity, parse_quantity
from impacttree.spec import leaves
from impacttree.spec.base import As, Entry, read_one
from impacttree.spec.fields import (
    Amount,
    Day,
    DayField,
    LineField,
    NameField,
    ProseField,
    SpanField,
    as_,
    as_choice,
    mistake,
)
from impacttree.spec.forms import FORMS, KEYS, Form, Grade, Parameters
from impacttree.spec.leaves import MAX_HORIZON, Finding
from impacttree.spec.places import Key
from impacttree.spec.treatments import Treatment

__all__ = ["Driver", "Evidence", "EvidenceDefaults"]

SAID = {
    **dict.fromkeys(("a/b test", "ab test", "a/b", "ab", "rct", "holdout", "randomised", "randomized"), "experiment"),
    **dict.fromkeys(("natural experiment", "diff-in-diff", "before/after", "before and after"), "quasi_experiment"),
    **dict.fromkeys(("regression", "observational", "correlated"), "correlation"),
    **dict.fromkeys(("industry", "published", "literature"), "benchmark"),
    **dict.fromkeys(("guess", "assumption", "opinion", "estimate", "expert"), "judgement"),
}
"""What people call a grade, and which one it is."""
WIDEST = 1_000
"""Largest factor that an evidence grade stands for."""


_Factor = Annotated[Quantity, as_(leaves.factor(WIDEST), type=["string", "number"])]
_Share = Annotated[Quantity, as_(leaves.share, type=["string", "number"])]


class Evidence(Entry):
    """How much is known about an assumed effect.

    Examples
    --------
    >>> Evidence("experiment", source="Onboarding holdout", date="2026-03-01").grade
    'experiment'
    """

    noun: ClassVar[str] = "evidence"
    example: ClassVar[str] = "{grade: experiment, source: Onboarding holdout, date: 2026-03-01}"
    short: ClassVar[str] = "grade"

    grade: Annotated[Grade, as_choice(Grade, SAID)] = Field(
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


class EvidenceDefaults(Entry):
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
    section: ClassVar[tuple[Key, ...]] = ("evidence_defaults",)

    experiment: _Factor = Field(
        default_factory=partial(parse_quantity, "1.3"),
        description="An experiment's factor k: P10 and P90 of an effect e are e / k and e * k; 1.3.",
    )
    quasi_experiment: _Factor = Field(
        default_factory=partial(parse_quantity, "1.6"),
        description="The factor of a quasi-experiment; 1.6.",
    )
    correlation: _Factor = Field(
        default_factory=partial(parse_quantity, "2"),
        description="The factor of a correlation: from no effect to k times what is counted; 2.",
    )
    benchmark: _Factor = Field(
        default_factory=partial(parse_quantity, "2.5"),
        description="The factor of a benchmark; 2.5.",
    )
    judgement: _Factor = Field(
        default_factory=partial(parse_quantity, "3"),
        description="The factor of a judgement; 3.",
    )
    causal_share: _Share = Field(
        default_factory=partial(parse_quantity, "50%"),
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


def _key(name: str) -> Any:
    return Field(None, description=KEYS[name].description)


class Driver(Entry):
    """An assumed effect of another metric, `source`, on the metric that holds it.

    Exactly one form says how strong it is; `impacttree.spec.forms` lists them, and says of each how it is read.

    Examples
    --------
    >>> driver = Driver("engagement", when="+10% relative", then="-0.3pp", lag=1, evidence="experiment")
    >>> driver.form.name, driver.evidence.grade
    ('when', 'experiment')
    """

    noun: ClassVar[str] = "a driver"
    example: ClassVar[str] = "{when: +10% relative, then: -0.3pp}"
    identity: ClassVar[str] = "source"
    section: ClassVar[tuple[Key, ...]] = ("drivers",)
    hints: ClassVar[Mapping[str, str]] = {
        "source": "put where the effect comes from into evidence: {grade: ..., source: ...}",
        "notes": "write `note`",
    }

    source: NameField = Field(description="Metric that acts.")
    when: Annotated[str | None, KEYS["when"].read] = _key("when")
    then: Annotated[str | None, KEYS["then"].read] = _key("then")
    slope: Annotated[str | None, KEYS["slope"].read] = _key("slope")
    elasticity: Annotated[Quantity | None, KEYS["elasticity"].read] = _key("elasticity")
    semi_elasticity: Annotated[str | None, KEYS["semi_elasticity"].read] = _key("semi_elasticity")
    per_doubling: Annotated[Quantity | None, KEYS["per_doubling"].read] = _key("per_doubling")
    points: Annotated[tuple[tuple[Quantity, Quantity], ...] | None, KEYS["points"].read] = _key("points")
    groups: Annotated[Parameters | None, KEYS["groups"].read] = _key("groups")
    treatment: Annotated[Treatment | None, KEYS["treatment"].read] = _key("treatment")
    saturating: Annotated[Parameters | None, KEYS["saturating"].read] = _key("saturating")
    logistic: Annotated[Parameters | None, KEYS["logistic"].read] = _key("logistic")
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
        Evidence, As(partial(read_one, Evidence), {"anyOf": [{"$ref": "#/$defs/grade"}, {"$ref": "#/$defs/evidence"}]})
    ] = Field(
        cast("Evidence", None),
        description="How the effect is known: a grade, or a mapping. Not stated: judgement "
        "(groups: correlation, treatment: quasi_experiment).",
    )
    note: ProseField = Field(None, description="What else a reader should know.")
    placeholder: Annotated[bool, as_(leaves.flag, type="boolean")] = Field(
        False, description="True while the effect only stands in until a real one is known."
    )

    def __init__(
        self,
        source: str,
        *,
        when: str | None = None,
        then: str | None = None,
        slope: str | float | None = None,
        elasticity: Amount | None = None,
        semi_elasticity: str | float | None = None,
        per_doubling: Amount | None = None,
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
        placeholder: bool | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @property
    def form(self) -> Form:
        """The form that says how strong the effect is."""
        return next(form for name, form in FORMS.items() if getattr(self, name) is not None)

    @property
    def stated(self) -> tuple[Any, ...]:
        """What the keys of the form hold."""
        return tuple(getattr(self, key) for key in self.form.keys)

    @property
    def spread(self) -> Any:
        """What `range` states: text, or a mapping."""
        return leaves.text_or_mapping(self.range) if self.range is not None else None

    def plain(self, key: str) -> Any:
        return self.spread if key == "range" else super().plain(key)

    @classmethod
    def unstated(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        if "evidence" in values:
            return {}
        form = next((form for name, form in FORMS.items() if name in values), FORMS["slope"])
        return {"evidence": Evidence(form.grade(None))}

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:
        stated = [form for form in FORMS if form in keys]
        if len(stated) > 1:
            yield mistake(f"states the effect in more than one way: {', '.join(stated)}", "keep one of them")
        if ("when" in keys) != ("then" in keys):
            missing = "then" if "when" in keys else "when"
            yield mistake(f"`{missing}` is missing", f"write both, e.g. {cls.example}")
        elif not stated:
            fix = f"write e.g. {cls.example}, or {', '.join(list(FORMS)[1:])}"
            yield mistake("does not say how strong the effect is", fix)
        if "range" in keys and stated and (fix := FORMS[stated[0]].no_range):
            yield mistake(f"`range` does not go with `{stated[0]}`", fix, "range", at_key=True)

    def wrong_values(self, currency: str) -> Iterator[Finding]:
        for name, form in FORMS.items():
            if getattr(self, name) is None:
                continue
            stated = [getattr(self, key) for key in form.keys]
            if None not in stated:
                yield from form.check(*stated, currency)
            if self.range is not None:
                yield from self._wrong_range(form, stated[0], currency)

    def _wrong_range(self, form: Form, stated: Any, currency: str) -> Iterator[Finding]:
        if form.has_range(stated):
            yield mistake("the range is stated twice: here, and beside the effect itself", "keep one", "range")
            return
        try:
            form.parse_range(self.spread, *self.stated, currency=currency)
        except QuantityError as error:
            yield from (Finding(("range",), problem) for problem in error.problems)
