"""How amounts of later periods are weighed, as stated: the discount rate, when money comes in, what is cash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Never

from pydantic import Field

from impacttree.errors import printable
from impacttree.quantity import PERCENT, Quantity, RawQuantity, Unit
from impacttree.spec import leaves
from impacttree.spec.base import Entry
from impacttree.spec.fields import as_, as_choice
from impacttree.spec.leaves import wrong
from impacttree.spec.places import Key

__all__ = ["Finance", "Timing"]

Timing = Literal["end", "mid"]
"""When the amounts of a period come in: at its end, or on average in its middle."""
YEARLY = Unit.parse("%/year")
MOST = 10.0
"""The highest rate a year: 1,000 %."""


def _yearly(what: str, example: str, lowest: float, *, or_equal: bool) -> Callable[[object], Quantity]:
    """Return the reader of rates of a year within limits."""

    def read(raw: object) -> Quantity:
        found = leaves.quantity(raw, "USD")
        shown = printable(found.text, 40)
        if found.value is None or found.spread is not None:
            raise wrong(f"{what} is one number, not '{shown}'", f"write e.g. {example}")
        if found.unit is not None and found.unit != PERCENT:
            if found.unit != YEARLY:
                raise wrong(f"{what} is a share of a year, not '{shown}'", f"write e.g. {example}")
        elif found.unit is None:
            raise wrong(f"'{shown}' does not say that it is a share", f"write it in %, e.g. {example}")
        above = found.value >= lowest if or_equal else found.value > lowest
        if not above or found.value > MOST:
            least = "at least" if or_equal else "above"
            reason = f"{what} is {least} {100 * lowest:.0f}% and at most {100 * MOST:,.0f}% a year, not {shown}"
            raise wrong(reason, f"write e.g. {example}")
        return found

    return read


class Finance(Entry):
    """The rate that amounts are discounted with, when they come in, and which metric is cash.

    Examples
    --------
    >>> Finance(discount_rate="12%/year", cash="free_cash_flow").timing
    'end'
    """

    noun: ClassVar[str] = "finance"
    example: ClassVar[str] = "{discount_rate: 12%/year}"

    discount_rate: Annotated[
        Quantity,
        as_(_yearly("the discount rate", "12%/year", 0.0, or_equal=True), **{"$ref": "#/$defs/quantity"}),
    ] = Field(description="Effective rate of a year that amounts are discounted with, as `12%/year`.")
    timing: Annotated[Timing, as_choice(Timing)] = Field(
        "end", description="Whether the amounts of a period come in at its end, or on average in its middle."
    )
    cash: Annotated[str | None, as_(leaves.name, **{"$ref": "#/$defs/name"})] = Field(
        None,
        description=(
            "Metric that is cash, after tax. What is discounted of it is called present value; of any other amount it "
            "is called discounted."
        ),
    )

    def __init__(
        self,
        *,
        discount_rate: RawQuantity | None = None,
        timing: Timing | None = None,
        cash: str | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def path_of(cls, keys: Mapping[str, Any]) -> tuple[Key, ...]:  # noqa: ARG003 - the base's signature
        return ("finance",)

    @property
    def rate(self) -> float:
        """The discount rate of a year."""
        return self.discount_rate.central()
