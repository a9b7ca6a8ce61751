"""How amounts of later periods are weighed, as stated: discount rate, tax, what is cash, what comes after the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Never

from pydantic import Field

from impacttree.errors import printable
from impacttree.quantity import PERCENT, Period, Quantity, RawQuantity, Unit
from impacttree.spec import leaves
from impacttree.spec.base import As, Entry, read_one
from impacttree.spec.fields import as_, as_choice, as_entry, mistake
from impacttree.spec.leaves import Context, Finding, Periods, wrong
from impacttree.spec.places import Key

__all__ = [
    "CashBridge",
    "Finance",
    "Losses",
    "Multiple",
    "PaymentTiming",
    "Perpetuity",
    "Receivables",
    "Spend",
    "Terminal",
]

PaymentTiming = Literal["end", "mid"]
"""When the amounts of a period come in: at its end, or on average in its middle."""
Losses = Literal["refund", "lost"]
"""What a taxable loss does: it lowers the tax of the company in that period, or nothing."""

NamedKind = Literal["flow", "balance", "either"]
"""What a metric that is named here must be: money of a period, money at one time, or any money."""

MOST = 10.0
"""The highest rate a year: 1,000 %."""
MOST_DAYS = 365
LONGEST_LIFE = 600


def _yearly(what: str, example: str, lowest: float, *, or_equal: bool) -> Callable[[object], Quantity]:
    """Return the reader of rates of a year within limits."""

    def read(raw: object) -> Quantity:
        found = leaves.quantity(raw, "USD")
        shown, fix = printable(found.text, 40), f"write e.g. {example}"
        if found.value is None or found.spread is not None:
            raise wrong(f"{what} is one number, not '{shown}'", fix)
        if found.unit is None:
            raise wrong(f"'{shown}' does not say that it is a share", f"write it in %, e.g. {example}")
        if found.unit not in (PERCENT, Unit.parse("%/year")):
            raise wrong(f"{what} is a share of a year, not '{shown}'", fix)
        above = found.value >= lowest if or_equal else found.value > lowest
        if not above or found.value > MOST:
            least = "at least" if or_equal else "above"
            limits = f"{least} {100 * lowest:.0f}% and at most {100 * MOST:,.0f}% a year"
            raise wrong(f"{what} is {limits}, not {shown}", fix)
        return found

    return read


def _tax(raw: object) -> Quantity:
    found = leaves.share(raw)
    if found.value == 1:
        raise wrong("a tax rate of 100% leaves nothing", "write e.g. 25%")
    return found


def _factor(raw: object) -> Quantity:
    found = leaves.quantity(raw, "USD")
    if found.value is None or found.spread is not None or (found.unit is not None and str(found.unit) != "x"):
        raise wrong(f"'{printable(found.text, 40)}' is not a multiple", "write a plain number, e.g. 8")
    if not 0 < found.value <= 1_000:
        raise wrong(f"a multiple is above 0 and at most 1,000, not {printable(found.text, 40)}", "write e.g. 8")
    return found


_RATE = {"$ref": "#/$defs/quantity"}
_NAME = {"$ref": "#/$defs/name"}
_LIFE = as_(
    leaves.periods(1, LONGEST_LIFE), type=["integer", "string"], minimum=1, maximum=LONGEST_LIFE
)  # periods of the tree


class Perpetuity(Entry):
    """Cash goes on for ever after the last period, growing at one rate.

    Examples
    --------
    >>> Perpetuity(growth="2%/year").rate
    0.02
    """

    noun: ClassVar[str] = "a perpetuity"
    example: ClassVar[str] = "{growth: 2%/year}"

    growth: Annotated[Quantity, as_(_yearly("growth", "2%/year", -1.0, or_equal=False), **_RATE)] = Field(
        description="Growth of a year, below the discount rate."
    )

    def __init__(self, *, growth: RawQuantity | None = None, **unknown: Never) -> None:
        self.set_keys(locals())

    @property
    def rate(self) -> float:
        return self.growth.central()


class Multiple(Entry):
    """After the last period all is worth a multiple of a metric, of a year.

    Examples
    --------
    >>> Multiple(of="ebitda", x=8).factor
    8.0
    """

    noun: ClassVar[str] = "a multiple"
    example: ClassVar[str] = "{of: ebitda, x: 8}"

    of: Annotated[str, as_(leaves.name, **_NAME)] = Field(
        description="Metric in money: the amount of a year at the pace of the last period, or its level then."
    )
    x: Annotated[Quantity, as_(_factor, **_RATE)] = Field(description="How many times that.")

    def __init__(self, *, of: str | None = None, x: RawQuantity | None = None, **unknown: Never) -> None:
        self.set_keys(locals())

    @property
    def factor(self) -> float:
        return self.x.central()


class Terminal(Entry):
    """What cash is worth that comes after the last period: by a perpetuity or by a multiple.

    Examples
    --------
    >>> Terminal(perpetuity={"growth": "2%/year"}).perpetuity.rate
    0.02
    """

    noun: ClassVar[str] = "terminal"
    example: ClassVar[str] = "{perpetuity: {growth: 2%/year}}"

    perpetuity: Annotated[Perpetuity | None, as_entry(Perpetuity, "perpetuity")] = Field(
        None, description=f"Cash of the last period goes on for ever and grows: `{Perpetuity.example}`."
    )
    multiple: Annotated[Multiple | None, as_entry(Multiple, "multiple")] = Field(
        None, description=f"A multiple of a metric: `{Multiple.example}`."
    )

    def __init__(
        self,
        *,
        perpetuity: Perpetuity | Mapping[str, RawQuantity] | None = None,
        multiple: Multiple | Mapping[str, Any] | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:
        if len(keys) != 1 and keys.keys() <= cls.model_fields.keys():
            yield mistake("a terminal value is a perpetuity or a multiple", f"write {cls.example}, or leave it out")


def _read_terminal(raw: object, context: Context) -> Terminal | None:
    if isinstance(raw, str) and raw.strip() == "none":
        return None
    return read_one(Terminal, raw, context)


class Receivables(Entry):
    """Customers pay later than they are billed: so many days of an amount are outstanding.

    Examples
    --------
    >>> Receivables(of="revenue", days=45).days
    45
    """

    noun: ClassVar[str] = "receivables"
    example: ClassVar[str] = "{of: revenue, days: 45}"

    of: Annotated[str, as_(leaves.name, **_NAME)] = Field(description="Metric that is billed, as revenue.")
    days: Annotated[int, as_(leaves.whole(1, MOST_DAYS), type="integer", minimum=1, maximum=MOST_DAYS)] = Field(
        description="Days of it that are outstanding."
    )

    def __init__(self, *, of: str | None = None, days: int | None = None, **unknown: Never) -> None:
        self.set_keys(locals())


class Spend(Entry):
    """Capital expenditure: cash when it is spent, written off over its life in equal parts.

    Examples
    --------
    >>> Spend(of="capex", life="36 months").life
    36
    """

    noun: ClassVar[str] = "capex"
    example: ClassVar[str] = "{of: capex, life: 36 months}"

    of: Annotated[str, as_(leaves.name, **_NAME)] = Field(description="Metric that is spent and not in the profit.")
    life: Annotated[Periods, _LIFE] = Field(description="Periods over which it is written off, as `36 months`.")

    def __init__(self, *, of: str | None = None, life: int | str | None = None, **unknown: Never) -> None:
        self.set_keys(locals())


class CashBridge(Entry):
    """The way from a profit to cash, where no metric of the tree is cash.

    Examples
    --------
    >>> CashBridge(profit="ebitda", receivables={"of": "revenue", "days": 45}).receivables.days
    45
    """

    noun: ClassVar[str] = "cash"
    example: ClassVar[str] = "{profit: ebitda, receivables: {of: revenue, days: 45}}"

    profit: Annotated[str, as_(leaves.name, **_NAME)] = Field(
        description="Metric that it begins with: profit before tax and before what is written off of `capex`."
    )
    receivables: Annotated[Receivables | None, as_entry(Receivables, "receivables")] = Field(
        None, description=f"Customers pay later: `{Receivables.example}`."
    )
    deferred_revenue: Annotated[str | None, as_(leaves.name, **_NAME)] = Field(
        None, description="Metric that is the balance of what customers have paid ahead."
    )
    capex: Annotated[Spend | None, as_entry(Spend, "capex")] = Field(
        None, description=f"What is spent and written off over its life: `{Spend.example}`."
    )

    def __init__(
        self,
        *,
        profit: str | None = None,
        receivables: Receivables | Mapping[str, Any] | None = None,
        deferred_revenue: str | None = None,
        capex: Spend | Mapping[str, Any] | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())


def _read_cash(raw: object, context: Context) -> str | CashBridge:
    if isinstance(raw, str):
        return leaves.name(raw)
    return read_one(CashBridge, raw, context)


class Finance(Entry):
    """The rate that amounts are discounted with, when they come in, what is taxed, and what is cash.

    Examples
    --------
    >>> Finance(discount_rate="12%/year", cash="free_cash_flow").timing
    'end'
    """

    noun: ClassVar[str] = "finance"
    example: ClassVar[str] = "{discount_rate: 12%/year}"
    section: ClassVar[tuple[Key, ...]] = ("finance",)

    discount_rate: Annotated[Quantity, as_(_yearly("the discount rate", "12%/year", 0.0, or_equal=True), **_RATE)] = (
        Field(description="Effective rate of a year that amounts are discounted with, as `12%/year`.")
    )
    timing: Annotated[PaymentTiming, as_choice(PaymentTiming)] = Field(
        "end", description="Whether the amounts of a period come in at its end, or on average in its middle."
    )
    tax_rate: Annotated[Quantity | None, as_(_tax, **_RATE)] = Field(
        None, description="Share of a taxable profit that is paid in the same period, as `25%`."
    )
    losses: Annotated[Losses, as_choice(Losses)] = Field(
        "refund", description="Whether a taxable loss lowers the company's tax in the same period, or is lost."
    )
    cash: Annotated[
        str | CashBridge | None, As(_read_cash, {"anyOf": [{"$ref": "#/$defs/name"}, {"$ref": "#/$defs/cash"}]})
    ] = Field(
        None,
        description=(
            "Metric that is cash, after tax; or the way to it from a profit: "
            f"`{CashBridge.example}`. What is discounted of cash is called present value; any other amount is called "
            "discounted."
        ),
    )
    terminal: Annotated[
        Terminal | None, As(_read_terminal, {"anyOf": [{"const": "none"}, {"$ref": "#/$defs/terminal"}]})
    ] = Field(
        None,
        description=(
            f"What cash after the last period is worth: `{Terminal.example}`, `{{multiple: {Multiple.example}}}`, "
            "or `none`."
        ),
    )

    def __init__(
        self,
        *,
        discount_rate: RawQuantity | None = None,
        timing: PaymentTiming | None = None,
        tax_rate: RawQuantity | None = None,
        losses: Losses | None = None,
        cash: str | CashBridge | Mapping[str, Any] | None = None,
        terminal: Terminal | Mapping[str, Any] | str | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002 - the base's signature
        if self.terminal is not None and self.terminal.perpetuity is not None:
            growth = self.terminal.perpetuity
            if growth.rate >= self.rate:
                reason = f"cash that grows by {growth.growth.text} for ever has no value at {self.discount_rate.text}"
                fix = "state a growth below the discount rate"
                yield mistake(reason, fix, "terminal", "perpetuity", "growth")
        if self.tax_rate is None and "losses" in self.stated_keys():
            yield mistake("losses are about tax, and no tax_rate is stated", "add tax_rate: 25%", "losses")

    def wrong_periods(self, period: Period) -> Iterator[Finding]:
        """Yield what is wrong with periods that are not those of the tree."""
        life = self.bridge.capex.life if self.bridge is not None and self.bridge.capex is not None else None
        if life is not None and life.period not in ("", period):
            yield mistake(*leaves.other_periods(life, period), "cash", "capex", "life")

    @property
    def rate(self) -> float:
        """The discount rate of a year."""
        return self.discount_rate.central()

    @property
    def tax(self) -> float | None:
        """The share that is taxed; None where it is not stated."""
        return None if self.tax_rate is None else self.tax_rate.central()

    @property
    def bridge(self) -> CashBridge | None:
        """The way from a profit to cash, where it is stated."""
        return self.cash if isinstance(self.cash, CashBridge) else None

    def named(self) -> Iterator[tuple[tuple[str, ...], str, str, NamedKind]]:
        """Yield under which keys metrics are named, their names, what they are, and of which kind."""
        if self.cash_metric is not None:
            yield ("cash",), self.cash_metric, "cash", "flow"
        bridge = self.bridge
        if bridge is not None:
            yield ("cash", "profit"), bridge.profit, "profit", "flow"
            if bridge.receivables is not None:
                yield ("cash", "receivables", "of"), bridge.receivables.of, "what is billed", "flow"
            if bridge.deferred_revenue is not None:
                yield ("cash", "deferred_revenue"), bridge.deferred_revenue, "deferred revenue", "balance"
            if bridge.capex is not None:
                yield ("cash", "capex", "of"), bridge.capex.of, "capital expenditure", "flow"
        if self.terminal is not None and self.terminal.multiple is not None:
            yield ("terminal", "multiple", "of"), self.terminal.multiple.of, "a multiple", "either"

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are named, in whatever part."""
        return tuple(name for _, name, _, _ in self.named())

    def within(self, kept: Collection[str]) -> Finance:
        """Return what holds in a part of the tree: what is cash, and comes after the end, if all its metrics are kept.

        Examples
        --------
        >>> Finance(discount_rate="12%/year", cash="free_cash_flow").within({"revenue"}).cash is None
        True
        """
        lost = {below[0] for below, name, _, _ in self.named() if name not in kept}
        if "cash" in lost:
            lost.add("terminal")
        return self.with_keys(**dict.fromkeys(lost)) if lost else self

    @property
    def cash_metric(self) -> str | None:
        """The metric that is cash, where one is."""
        return self.cash if isinstance(self.cash, str) else None
