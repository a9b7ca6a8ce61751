"""What a randomised feature did to two metrics at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Never

from pydantic import Field

from impacttree.quantity import Change, Set, parse_change
from impacttree.quantity.spread_checks import Z_P90, Z_P97_5
from impacttree.spec import leaves
from impacttree.spec.base import Entry
from impacttree.spec.fields import Amount, AmountField, LineField, as_amount, as_entry, mistake
from impacttree.spec.leaves import Finding, wrong

__all__ = ["READ_TREATMENT", "Treatment"]

Measured = str | tuple[tuple[str, str], ...]
"""A change with its range, or pairs of `value` and `ci95`."""


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


class Treatment(Entry):
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


READ_TREATMENT = as_entry(Treatment, "treatment")
"""How a field is read that holds a treatment."""
