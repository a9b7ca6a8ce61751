"""The fiscal calendar as stated: with which month years begin, in what pattern they are divided, where they end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Never

from pydantic import Field

from impacttree.errors import QuantityError, printable
from impacttree.quantity.dates import MONTHS, month_number
from impacttree.quantity.fiscal_years import PATTERNS, FiscalRule, YearName, parse_year_end
from impacttree.spec import leaves
from impacttree.spec.base import Entry
from impacttree.spec.fields import as_, as_choice, mistake
from impacttree.spec.leaves import Finding, wrong
from impacttree.spec.places import Key

__all__ = ["FiscalCalendar"]

Pattern = Literal["months", "4-4-5", "4-5-4", "5-4-4"]


def _month(raw: object) -> str:
    """Read a month by its name."""
    text = leaves.text_of(raw, "a month", "February")
    if text in MONTHS:
        return text
    number = month_number(text) or (int(text) if re.fullmatch(r"0?[1-9]|1[0-2]", text, re.ASCII) else None)
    likely = "" if number is None else MONTHS[number - 1]
    edit = leaves.whole_of(text, likely) if likely else None
    raise wrong(f"'{printable(text, 40)}' is not the name of a month", f"write {likely or 'e.g. February'}", edit=edit)


def _year_end(raw: object) -> str:
    text = leaves.text_of(raw, "the end of a fiscal year", "last Saturday of January")
    try:
        parse_year_end(text)
    except QuantityError as error:
        problem = error.problems[0]
        raise wrong(problem.reason, problem.fix) from None
    return " ".join(text.split())


class FiscalCalendar(Entry):
    """Fiscal years: of months of the calendar, or of whole weeks.

    Examples
    --------
    >>> FiscalCalendar(start="February").rule.start_month
    2
    >>> retail = FiscalCalendar(pattern="4-5-4", year_end="Saturday nearest 31 January", named_after="start")
    >>> retail.rule.weeks, retail.rule.start_month
    ((4, 5, 4), 2)
    """

    noun: ClassVar[str] = "fiscal_calendar"
    example: ClassVar[str] = "{start: February}"
    section: ClassVar[tuple[Key, ...]] = ("fiscal_calendar",)

    start: Annotated[str | None, as_(_month, enum=[*MONTHS])] = Field(
        None, description="Month that fiscal years begin with, as February."
    )
    pattern: Annotated[Pattern, as_choice(Pattern)] = Field(
        "months", description="Months of the calendar, or how many weeks the three months of each quarter have."
    )
    year_end: Annotated[str | None, as_(_year_end, type="string")] = Field(
        None,
        description=(
            "Day on which years of whole weeks end: `last Saturday of January`, or `Saturday nearest 31 January`, "
            "as the National Retail Federation has it."
        ),
    )
    named_after: Annotated[YearName, as_choice(YearName)] = Field(
        "end", description="Whether FY27 is called after the calendar year in which it ends, or in which it starts."
    )

    def __init__(
        self,
        *,
        start: str | None = None,
        pattern: Pattern | None = None,
        year_end: str | None = None,
        named_after: YearName | None = None,
        **unknown: Never,
    ) -> None:
        self.set_keys(locals())

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:
        pattern = keys.get("pattern", "months")
        if pattern == "months":
            if "year_end" in keys:
                fix = "state `pattern: 4-5-4` or the like, or leave year_end out"
                yield mistake("year_end is for years of whole weeks, and the pattern is months", fix, "year_end")
            elif "start" not in keys:
                yield mistake("a fiscal calendar of months states the month that it begins with", "add start: February")
        elif pattern in PATTERNS and "year_end" not in keys:
            fix = "add year_end: last Saturday of January"
            yield mistake(f"a fiscal calendar of {pattern} weeks states on which day its years end", fix)

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002 - the base's signature
        if self.start is None or self.year_end is None:
            return
        follows = MONTHS[parse_year_end(self.year_end).start_month - 1]
        if self.start != follows and self.pattern != "months":
            reason = f"years that end on the {self.year_end} start in {follows}, not in {self.start}"
            yield mistake(reason, f"write {follows}, or another year_end", "start")

    @property
    def rule(self) -> FiscalRule | None:
        """How the stated years are divided; None where that does not follow from what was read."""
        weeks, month = PATTERNS[self.pattern], month_number(self.start or "")
        if weeks is None:
            return None if month is None else FiscalRule(month, named=self.named_after)
        if self.year_end is None:
            return None
        end = parse_year_end(self.year_end)
        return FiscalRule(end.start_month, weeks, end, self.named_after)
