"""The sheet of cash: from what the tree brings to what is left, period by period, and what all of it is worth today.

The lines are those of `impacttree.answers.cash_lines`. When something is paid, and over how many periods it is written
off, is fixed here; amounts, rates and days are cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from itertools import accumulate

from impacttree.analyses.cash_flow import CashFlow
from impacttree.answers.case import Case
from impacttree.answers.cash_lines import DAYS_IN_YEAR
from impacttree.answers.outlays import Outlay
from impacttree.engine.horizon import Discounted
from impacttree.errors import MissingDependency
from impacttree.export.workbook.columns import TODAY, PeriodColumns, number_format
from impacttree.export.workbook.inputs import InputSheets
from impacttree.export.workbook.model_sheets import ModelSheet
from impacttree.export.workbook.rows import SheetRows
from impacttree.export.workbook.sheets import CellKind, Sheet, absolute, column, relative
from impacttree.graph.model import Metric
from impacttree.quantity import PERIODS_PER_YEAR
from impacttree.records import dataclass
from impacttree.spec.finance import Finance

__all__ = ["CashFigure", "CashSheet"]


TOLD = {
    "flow": "from the tree",
    "opex": "what is paid and expensed",
    "written_off": "lowers what is taxed",
    "taxable": "the profit less what is expensed and written off",
    "tax": "the tax rate times what is taxed; what is paid today is of the first period",
    "not_cash": "added back: nothing is paid",
    "capex": "paid when it is spent",
    "receivables": "what customers owe more than a period ago",
    "deferred": "what customers have paid ahead, more than a period ago",
    "net": "all lines that are not subtotals",
}
"""How each line is computed."""


@dataclass(frozen=True, slots=True)
class CashFigure:
    """What the sheet comes to: what it is called, its cell, the library's value, how it is shown, and of which size."""

    label: str
    cell: str
    value: float | str | None
    format: str
    size: float = 0.0
    """Beside which rounding is to be seen; 0 for what is not compared."""


@dataclass()
class CashSheet:
    """The sheet of one answer.

    Parameters
    ----------
    case
        What is asked.
    answer
        The library's own.
    outlays
        What is paid.
    columns, rows, inputs
        Of the workbook.
    before, after
        The sheets without and with what is asked: the same where nothing is.
    """

    case: Case
    answer: CashFlow
    outlays: tuple[Outlay, ...]
    columns: PeriodColumns
    rows: SheetRows
    inputs: InputSheets
    before: ModelSheet
    after: ModelSheet
    sheet: Sheet = field(default_factory=lambda: Sheet("Cash"))
    figures: list[CashFigure] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    """The rows of lines and of what they are made of, by key."""
    row: int = 0
    terminal_row: int = 0

    @property
    def finance(self) -> Finance:
        finance = self.case.words.graph.spec.finance
        assert finance is not None
        return finance

    @property
    def per_year(self) -> float:
        return PERIODS_PER_YEAR[self.case.words.graph.spec.period]

    @cached_property
    def cells(self) -> Mapping[str, str]:
        """The cells of the rates."""
        return self.inputs.finance(self.finance)

    @cached_property
    def costs(self) -> Sequence[str]:
        if not self.outlays:
            return ()
        return self.inputs.outlays(self.outlays, str(self.case.words.total_unit(self.answer.metric)), self.form)

    @cached_property
    def form(self) -> str:
        amounts = [amount for line in self.answer.lines for amount in line.amounts]
        return number_format(self.metric.unit, self.case.words.currency, amounts)

    @property
    def metric(self) -> Metric:
        return self.case.words.graph[self.answer.metric]

    @property
    def last(self) -> int:
        return self.columns.periods

    @property
    def ahead(self) -> int:
        """How many periods after the last one are laid out, for a perpetuity."""
        return len(self.answer.later[0].amounts) if self.answer.later else 0

    def col(self, t: int) -> int:
        """Return the column of a period; those after the last one stand beside the totals."""
        return self.columns.of(t) if t <= self.last else self.columns.total(0) + 1 + t - self.last

    def cell(self, key: str, t: int) -> str:
        return relative(self.places[key], self.col(t))

    # -- the lines ----------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Write the sheet."""
        self._head()
        self._sources()
        self._lines()
        self._discounted()
        self._values()

    def _head(self) -> None:
        columns, sheet = self.columns, self.sheet
        t = "t" if self.finance.timing == "end" else "(t - 0.5)"
        note = (
            f"Basis: {self.answer.provenance.basis}. The amount of period t counts (1 + rate) ^ -({t} / "
            f"{self.per_year:g}) today; what is paid today counts in full."
        )
        columns.head(sheet, "Cash", note, totals=False)
        for row in range(3, columns.first_row):
            for col in (columns.total(0), *(self.col(self.last + k) for k in range(1, self.ahead + 1))):
                sheet.put(row, col, "", "head")
        label = columns.number_row - 1
        sheet.put(label, columns.total(0), "Total", "head")
        for k in range(1, self.ahead + 1):
            sheet.put(label, self.col(self.last + k), f"{k} after", "head")
            sheet.put(columns.number_row, self.col(self.last + k), float(self.last + k), "head", "0")
        self.row = columns.first_row

    @property
    def _grown(self) -> str:
        """By what an amount grows until the next cycle after the end."""
        return f"(1+{self.cells['growth']})^({self.answer.cycle}/{self.per_year!r})"

    def _sources(self) -> None:
        """Write what the lines read of the tree: the change of it where something is asked."""
        bridge = self.finance.bridge
        named = {"source": self.answer.metric}
        if bridge is not None:
            named |= {"billed": bridge.receivables.of} if bridge.receivables is not None else {}
            named |= {"balance": bridge.deferred_revenue} if bridge.deferred_revenue else {}
            named |= {"spent": bridge.capex.of} if bridge.capex is not None else {}
        if self.finance.terminal is not None and self.finance.terminal.multiple is not None:
            named["ends"] = self.finance.terminal.multiple.of
        self._title("From the tree" if self.before is self.after else "Change of the tree")
        for key, name in named.items():
            self._source(key, self.case.words.graph[name])

    def _source(self, key: str, metric: Metric) -> None:
        self.places[key], row = self.row, self.row
        self._lead(metric.label, str(metric.unit))
        for t in range(self.last + 1):
            place = (self.rows.metrics[metric.index], self.columns.of(t))
            after, formula = self.after.figures.at(metric.index, t) or 0.0, self.after.sheet.at(*place)
            if self.before is not self.after:
                after -= self.before.figures.at(metric.index, t) or 0.0
                formula = f"{formula}-{self.before.sheet.at(*place)}"
            self.sheet.compute(row, self.col(t), formula, after, "value", self.form)
        values = {t: float(self.sheet.cells[row, self.col(t)].value or 0.0) for t in range(self.last + 1)}
        perpetuity = self.finance.terminal and self.finance.terminal.perpetuity
        growth = perpetuity.rate if perpetuity else 0.0
        grown, cycle = (1.0 + growth) ** (self.answer.cycle / self.per_year), self.answer.cycle
        for t in range(self.last + 1, self.last + self.ahead + 1):
            if key in ("billed", "balance"):
                step = f"({self.cell(key, t - cycle)}-{self.cell(key, t - cycle - 1)})"
                formula = f"{self.cell(key, t - 1)}+{step}*{self._grown}"
                values[t] = values[t - 1] + (values[t - cycle] - values[t - cycle - 1]) * grown
            else:
                formula = f"{self.cell(key, t - cycle)}*{self._grown}"
                values[t] = values[t - cycle] * grown
            self.sheet.compute(row, self.col(t), formula, values[t], "value", self.form)
        self.row += 1

    def _lines(self) -> None:
        formulas: Mapping[str, Callable[[int], str]] = {
            "flow": self._flow,
            "opex": lambda t: self._minus(self._paid(t, expensed=True)),
            "written_off": lambda t: f"-{self.cell('written', t)}",
            "taxable": self._taxable,
            "tax": self._tax,
            "not_cash": lambda t: self.cell("written", t),
            "capex": self._capex,
            "receivables": self._receivables,
            "deferred": lambda t: f"{self.cell('balance', t)}-{self.cell('balance', t - 1)}" if t else "0",
        }
        keys = {line.line for line in self.answer.lines}
        if keys & {"written_off", "not_cash"}:
            self._written_off()
        self._title("To what is left")
        added: list[str] = []
        for number, line in enumerate(self.answer.lines):
            later = self.answer.later[number].amounts if self.answer.later else ()
            self.places[line.line] = self.row
            self._lead(line.label, self._unit, TOLD[line.line])
            for t, amount in enumerate((*line.amounts, *later)):
                formula = "+".join(self.cell(key, t) for key in added) if line.line == "net" else formulas[line.line](t)
                kind: CellKind = "total" if line.is_subtotal else "value"
                self.sheet.compute(self.row, self.col(t), formula, amount, kind, self.form)
            self._total(line.total)
            added += [] if line.is_subtotal else [line.line]
            self.row += 1

    @property
    def _unit(self) -> str:
        return str(self.case.words.total_unit(self.answer.metric))

    def _flow(self, t: int) -> str:
        if not t:
            return "0"
        sign = "" if self.metric.spec.better == "higher" else "-"
        return f"{sign}{self.cell('source', t)}"

    @staticmethod
    def _minus(amount: str) -> str:
        return "0" if amount == "0" else f"-({amount})"

    def _paid(self, t: int, *, expensed: bool, today_later: bool = False) -> str:
        """Return what is paid in a period; what is paid today is in tax of period 1."""
        found = []
        for place, one in zip(self.costs, self.outlays, strict=True):
            when = max(one.period, 1) if today_later else one.period
            if (one.life is None) is expensed and when == t:
                found.append(place)
        return "+".join(found) or "0"

    def _written_off(self) -> None:
        """Write what is written off in each period of outlays with a life and of capital expenditure."""
        self.places["written"] = self.row
        self._lead("Written off, as a positive amount", self._unit)
        lines = (*self.answer.lines, *self.answer.later)
        known = [amount for line in lines if line.line == "not_cash" for amount in line.amounts]
        life = self.finance.bridge.capex.life if self.finance.bridge and self.finance.bridge.capex else None
        if life is not None:
            self.row += 1
            self.places["held"] = self.row
            self._lead(f"of capital expenditure, over {self.case.words.periods(int(life))}", self._unit)
        for t, value in enumerate(known):
            parts, own = [], 0.0
            for place, one in zip(self.costs, self.outlays, strict=True):
                first = max(one.period, 1)
                if one.life is not None and first <= t < first + one.life:
                    parts.append(f"{place}/{one.life}")
                    own += one.amount / one.life
            if life is not None:
                self._held(t, int(life), value - own)
                parts += [self.cell("held", t)] if t else []
            self.sheet.compute(self.places["written"], self.col(t), "+".join(parts) or "0", value, "value", self.form)
        self.row += 1

    def _held(self, t: int, life: int, value: float) -> None:
        if not t:
            first = float(self.sheet.cells[self.places["spent"], self.col(0)].value or 0.0)
            self.sheet.compute(self.places["held"], self.col(0), self.cell("spent", 0), first, "value", self.form)
            return
        gone = self.cell("spent", max(t - life, 0))
        formula = f"{self.cell('held', t - 1)}+({self.cell('spent', t)}-{gone})/{life}"
        self.sheet.compute(self.places["held"], self.col(t), formula, value, "value", self.form)

    def _taxable(self, t: int, *, today_later: bool = False) -> str:
        own = "0" if self.finance.cash_metric is not None else self.cell("flow", t)
        parts = [own]
        if any(one.life is None for one in self.outlays):
            expensed = self._paid(t, expensed=True, today_later=today_later)
            parts += [f"-({expensed})"] if expensed != "0" else []
        if "written" in self.places:
            parts.append(f"-{self.cell('written', t)}")
        return "".join(parts)

    def _tax(self, t: int) -> str:
        shown, taxed = self._taxable(t), self._taxable(t, today_later=self.last > 0)
        profit = self.cell("taxable", t) if "taxable" in self.places and taxed == shown else f"({taxed})"
        counted = profit if self.finance.losses == "refund" else f"MAX({profit},0)"
        return f"-{self.cells['tax']}*{counted}"

    def _capex(self, t: int) -> str:
        paid = self._paid(t, expensed=False)
        parts = ([] if paid == "0" else [paid]) + ([self.cell("spent", t)] if t and "spent" in self.places else [])
        return self._minus("+".join(parts) or "0")

    def _receivables(self, t: int) -> str:
        share = f"{self.cells['days']}*{self.per_year!r}/{DAYS_IN_YEAR!r}"
        return f"-{share}*({self.cell('billed', t)}-{self.cell('billed', t - 1)})" if t else "0"

    # -- what they are worth ------------------------------------------------------------------------------------

    def _discounted(self) -> None:
        rule = Discounted(self.finance.rate, self.per_year, self.finance.timing)
        self._title("What it is worth today")
        self.places["factor"] = self.row
        self._lead("Counts today", "x")
        early = "-0.5" if self.finance.timing == "mid" else ""
        for t in range(self.last + 1):
            number = relative(self.columns.number_row, self.col(t))
            formula = f"(1+{self.cells['rate']})^(-({number}{early})/{self.per_year!r})" if t else "1"
            self.sheet.compute(self.row, self.col(t), formula, rule.factor(t), "value", "0.0000")
        self.row += 1
        self._line(
            "present",
            "Discounted to today",
            self.answer.present,
            lambda t: f"{self.cell('net', t)}*{self.cell('factor', t)}",
        )
        self._total(float(sum(self.answer.present)), self.places["present"])
        for key, label, amounts in (
            ("net", "Net, added up", self.answer.lines[-1].amounts),
            ("present", "Discounted, added up", self.answer.present),
        ):
            own = f"{key}_sum"

            def summed(t: int, own: str = own, key: str = key) -> str:
                return f"{self.cell(own, t - 1)}+{self.cell(key, t)}" if t else self.cell(key, 0)

            self._line(own, label, tuple(accumulate(amounts)), summed)

    def _line(
        self, key: str, label: str, amounts: Sequence[float], formula: Callable[[int], str], form: str = ""
    ) -> None:
        self.places[key] = self.row
        self._lead(label, "" if form else self._unit)
        for t, amount in enumerate(amounts):
            self.sheet.compute(self.row, self.col(t), formula(t), amount, "value", form or self.form)
        self.row += 1

    def _values(self) -> None:
        """Write what all of it comes to."""
        answer, size = self.answer, sum(map(abs, self.answer.present)) + abs(self.answer.terminal_present)
        self._title("Figures")
        present = self._range("present")
        terminal = ""
        if self.finance.terminal is not None:
            worth = self._figure("Terminal value, at the end", self._terminal(), answer.terminal, self.form, size)
            rule = "" if self.finance.terminal.multiple is not None or self.finance.timing == "end" else "-0.5"
            factor = f"(1+{self.cells['rate']})^(-({self.last}{rule})/{self.per_year!r})"
            terminal = self._figure(
                "Terminal value, today", f"{worth}*{factor}", answer.terminal_present, self.form, size
            )
        name = answer.value_name
        value = self._figure(
            name[:1].upper() + name[1:],
            f"SUM({present}){f'+{terminal}' if terminal else ''}",
            answer.npv,
            self.form,
            size,
        )
        if self.outlays:
            self._rates(value)

    def _rates(self, value: str) -> None:
        answer = self.answer
        spent = "+".join(
            f"{place}*{self.cell('factor', one.period)}" for place, one in zip(self.costs, self.outlays, strict=True)
        )
        paid = self._figure("Paid, as it counts today", spent, answer.spent, self.form, answer.spent)
        self._figure("Profitability index", f"({value}+{paid})/{paid}", answer.profitability_index, "0.00", 1.0)
        for key, label, found in (
            ("net", "Payback", answer.payback),
            ("present", "Payback, discounted", answer.discounted_payback),
        ):
            self._payback(key, label, found)
        self._internal_rate()

    def _payback(self, key: str, label: str, found: int | None) -> None:
        """Write after how many periods from the first payment amounts add up to zero or more."""
        first, flags = self.answer.first_spend or 0, f"{key}_back"
        sums = [
            float(self.sheet.cells[self.places[f"{key}_sum"], self.col(t)].value or 0.0) for t in range(self.last + 1)
        ]
        back = tuple(1.0 if t >= first and sums[t] >= 0 else 0.0 for t in range(self.last + 1))

        def is_back(t: int) -> str:
            return f"IF({self.cell(f'{key}_sum', t)}>=0,1,0)" if t >= first else "0"

        self._line(flags, f"{label}: 1 where it is paid back", back, is_back, "0")
        cells = f"{self.cell(flags, 0)}:{self.cell(flags, self.last)}"
        never = f"not within {self.case.words.periods(self.last)}"
        formula = f'IFERROR(MATCH(1,{cells},0)-1-{first},"{never}")'
        told = f"{label}, {self.case.words.period}s from the first payment"
        self._figure(told, formula, never if found is None else float(found), "0", 0.0)

    def _internal_rate(self) -> None:
        """Write the internal rate by the spreadsheet's own function, where the library finds exactly one."""
        try:
            rate = self.answer.irr
        except MissingDependency:
            rate = None
        words, why = self.answer.irr_words
        if rate is None:
            self.sheet.put(self.row, 0, "IRR", "label")
            self.sheet.put(self.row, TODAY, f"{words}: {why}", "text")
            self.row += 1
            return
        steps, self.places["steps"] = (1 if self.finance.timing == "end" else 2), self.row
        self._lead(
            "Net, with the terminal value" if steps == 1 else "Net by half periods, with the terminal value", self._unit
        )
        if steps > 1:
            told = f"cell by cell: today, the middle of the first {self.case.words.period}, its end, and so on"
            self.sheet.put(self.row, 2, told, "text")
        for t, amount in enumerate(self.answer.net):
            is_end = t == self.last and self.finance.terminal is not None
            formula = self.cell("net", t) + (f"+{absolute(self.terminal_row, TODAY)}" if is_end else "")
            place = t if steps == 1 or not t else 2 * t - 1
            self.sheet.compute(self.row, TODAY + place, formula, amount, "value", self.form)
            if steps > 1 and 0 < t < self.last:
                self.sheet.put(self.row, TODAY + place + 1, 0.0, "value", self.form)
        end = TODAY + (self.last if steps == 1 else 2 * self.last - 1)
        cells, year = f"{relative(self.row, TODAY)}:{relative(self.row, end)}", steps * self.per_year
        guess = (1.0 + rate) ** (1.0 / year) - 1.0
        self.row += 1
        self._figure(f"IRR, {why}", f"(1+IRR({cells},{guess!r}))^{year!r}-1", rate, "0.0%", max(1.0, abs(rate)))

    def _terminal(self) -> str:
        """Return what comes after the last period is worth at its end."""
        terminal, cycle = self.finance.terminal, self.answer.cycle
        assert terminal is not None
        self.terminal_row = self.row
        if terminal.multiple is not None:
            metric = self.case.words.graph[terminal.multiple.of]
            cells = f"{self.cell('ends', self.last - cycle + 1)}:{self.cell('ends', self.last)}"
            if metric.aggregation == "sum":
                a_year = f"SUM({cells})*{self.per_year / cycle!r}"
            else:
                yearly = self.per_year if metric.unit.per(self.case.words.period) and not metric.unit.is_share else 1.0
                a_year = f"{self.cell('ends', self.last)}*{yearly!r}"
            return f"{a_year}*{self.cells['multiple']}"
        step = f"(1+{self.cells['rate']})^(1/{self.per_year!r})"
        worth = [f"{self.cell('net', self.last + k)}*{step}^(-{k})" for k in range(1, self.ahead + 1)]
        again = f"((1+{self.cells['growth']})/(1+{self.cells['rate']}))^({cycle}/{self.per_year!r})"
        self._worth(worth)
        first, repeated = self.cell("later", self.last + 1), self.cell("later", self.last + self.ahead - cycle + 1)
        end = self.cell("later", self.last + self.ahead)
        return f"SUM({first}:{end})+SUM({repeated}:{end})*{again}/(1-{again})"

    def _worth(self, formulas: Sequence[str]) -> None:
        """Write what the net of each period after the last one is worth at its end."""
        each = (1.0 + self.finance.rate) ** (1.0 / self.per_year)
        net = self.answer.later[-1].amounts
        self.places["later"] = self.row
        self._lead("Net after the last period, at its end", self._unit)
        for k, formula in enumerate(formulas, 1):
            self.sheet.compute(self.row, self.col(self.last + k), formula, net[k - 1] * each**-k, "value", self.form)
        self.row += 1
        self.terminal_row = self.row

    # -- parts of the sheet -------------------------------------------------------------------------------------

    def _figure(self, label: str, formula: str, value: float | str | None, form: str, size: float) -> str:
        """Write a figure; return its cell."""
        self.sheet.put(self.row, 0, label, "label")
        self.sheet.compute(self.row, TODAY, formula, value, "total", form)
        self.figures.append(CashFigure(label, self.sheet.at(self.row, TODAY), value, form, size))
        self.row += 1
        return absolute(self.row - 1, TODAY)

    def _title(self, text: str) -> None:
        for col in range(self.columns.of(self.last) + 1):
            self.sheet.put(self.row, col, text if col == 0 else "", "section")
        self.row += 1

    def _lead(self, label: str, unit: str, told: str = "") -> None:
        self.sheet.put(self.row, 0, label, "label")
        self.sheet.put(self.row, 1, unit, "text")
        self.sheet.put(self.row, 2, told, "text")

    def _total(self, value: float, row: int | None = None) -> None:
        place = self.row if row is None else row
        cells = f"{relative(place, TODAY)}:{relative(place, self.columns.of(self.last))}"
        self.sheet.compute(place, self.columns.total(0), f"SUM({cells})", value, "total", self.form)

    def _range(self, key: str) -> str:
        row = self.places[key]
        return f"${column(TODAY)}${row + 1}:${column(self.columns.of(self.last))}${row + 1}"
