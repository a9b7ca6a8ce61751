"""The sheets of what is stated: each number in one cell, with where it comes from; and series, a row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

from impacttree.answers.guardrail_checks import Limit, guarded
from impacttree.answers.number_names import label_of
from impacttree.answers.outlays import Outlay
from impacttree.answers.words import Words
from impacttree.export.workbook.columns import TODAY, PeriodColumns, number_format
from impacttree.export.workbook.rows import KINDS
from impacttree.export.workbook.sheets import Sheet, column, relative
from impacttree.formula.core import Parameter, lowered, walk
from impacttree.graph.model import Influence, Metric
from impacttree.quantity import Count, Relative, Schedule, Season, Unit, ValueSeries, parse_change
from impacttree.records import dataclass
from impacttree.spec import Driver
from impacttree.spec.address import Address
from impacttree.spec.finance import Finance
from impacttree.spec.forms.table import DOUBLES

__all__ = ["InputSheets"]

HEAD = (
    "Number", "What it says", "Value", "Unit", "As stated", "Evidence", "Source", "Owner", "As of", "Address",
    "As exported", "Edited",
)  # fmt: skip
VALUE, EXPORTED, EDITED = 2, 10, 11
PEOPLE = (6, 7)
"""Columns that are left out where people are."""
LONGEST_NAME = 60
ASSUMED = "Assumed effects"
SMALL = 1e-4
"""Below this effects are written with a power of ten."""


@dataclass()
class InputSheets:
    """What is stated, and where formulas find it.

    Parameters
    ----------
    words
        The vocabulary of the tree.
    columns
        Of the sheet of series.
    today
        Returns the cell with the value of a metric at t = 0.
    known
        By slot, these values: beside them effects were stated.
    people
        Whether sources and owners are told.
    """

    words: Words
    columns: PeriodColumns
    today: Callable[[int], str]
    known: Sequence[float]
    people: bool
    sheet: Sheet = field(default_factory=lambda: Sheet("Inputs", rows=4, columns=1))
    by_period: Sheet = field(default_factory=lambda: Sheet("Inputs by period"))
    names: dict[str, str] = field(default_factory=dict)
    """The names of cells, and the cells."""
    taken: set[str] = field(default_factory=set)
    """The same names in small letters, which Excel does not tell from capitals."""
    places: dict[str, str] = field(default_factory=dict)
    """By address, how formulas write the one number that is the same in every period."""
    series: dict[str, int] = field(default_factory=dict)
    """By address, the row of a number that differs by period."""
    limits: dict[tuple[str, str], str] = field(default_factory=dict)
    """By metric and side, the cell of a guardrail's limit."""
    row: int = 4

    def fill(self) -> None:
        """Write all that metrics state."""
        graph = self.words.graph
        self.sheet.say(0, "Inputs", 6, "title")
        note = "Every number that the model states, in one cell each. Change a blue cell and the workbook follows."
        self.sheet.say(1, note, 6)
        for col, text in enumerate(HEAD):
            if self.people or col not in PEOPLE:
                self.sheet.put(3, col, text, "head")
        self.sheet.widths |= {
            0: 34.0,
            1: 42.0,
            4: 28.0,
            5: 22.0,
            **(dict.fromkeys(PEOPLE, 30.0) if self.people else {}),
        }
        for kind, title in KINDS.items():
            metrics = [metric for metric in graph.metrics if metric.spec.kind == kind]
            numbers = [(metric, one) for metric in metrics for one in self._stated(metric)]
            if numbers:
                self.section(title)
            for metric, parameter in numbers:
                self._number(metric, parameter)
        effects = [(metric, one) for metric in graph.metrics for one in self._effects(metric)]
        if effects:
            self.section(ASSUMED)
        for metric, parameter in effects:
            self._effect(metric, parameter)
        limits = guarded(graph)
        if limits:
            self.section("Guardrails")
        for limit in limits:
            self._limit(limit)
        self._fill_series()

    def section(self, title: str) -> None:
        """Begin a group of numbers."""
        for col in range(len(HEAD)):
            if self.people or col not in PEOPLE:
                self.sheet.put(self.row, col, title if col == 0 else "", "section")
        self.row += 1

    def add(
        self, label: str, told: str, value: float | str, unit: str, form: str, name: str = "", stated: str = "",
        evidence: str = "", source: str = "", owner: str = "", as_of: str = "", address: str = "",
    ) -> str:  # fmt: skip
        """Put one number that can be changed; return how formulas write it."""
        sheet, row = self.sheet, self.row
        sheet.put(row, 0, label, "label")
        sheet.put(row, 1, told, "text")
        sheet.put(row, VALUE, value, "input", form)
        texts = {3: unit, 4: stated, 5: evidence, 6: source, 7: owner, 8: as_of, 9: address}
        for col, text in texts.items():
            if text and (self.people or col not in PEOPLE):
                sheet.put(row, col, text, "text")
        sheet.put(row, EXPORTED, value, "stated", form)
        same = f"{relative(row, VALUE)}={relative(row, EXPORTED)}"
        sheet.compute(row, EDITED, f'IF({same},"","edited")', "", "status")
        sheet.warned.append((row, EDITED))
        self.row += 1
        place = sheet.at(row, VALUE)
        return self.name(name, place) if name else place

    def name(self, name: str, place: str) -> str:
        """Give a cell a name that no spreadsheet takes for a cell or a constant; return how formulas write it."""
        if len(name) > LONGEST_NAME:
            return place
        free, number = name, 2
        while free.lower() in self.taken:
            free, number = f"{name}_{number}", number + 1
        self.taken.add(free.lower())
        self.names[free] = place
        return free

    @property
    def edited(self) -> str:
        """Return the formula of how many numbers were changed."""
        cells = f"'{self.sheet.name}'!${column(EDITED)}$5:${column(EDITED)}${max(self.row, 5)}"
        return f'COUNTIF({cells},"edited")'

    # -- numbers of metrics -------------------------------------------------------------------------------------

    def _read(self, metric: Metric) -> Iterator[Parameter]:
        cores = [metric.core] if metric.start is None else [lowered(metric.start), metric.core]
        seen = set[str]()
        for core in cores:
            for node in walk(core):
                if isinstance(node, Parameter) and node.address not in seen:
                    seen.add(node.address)
                    yield node

    def _stated(self, metric: Metric) -> Iterator[Parameter]:
        schedules = self.words.graph.schedules
        for node in self._read(metric):
            if Address.parse(node.address).source is None and node.address not in schedules:
                yield node

    def _effects(self, metric: Metric) -> Iterator[Parameter]:
        return (node for node in self._read(metric) if Address.parse(node.address).source is not None)

    def _number(self, metric: Metric, parameter: Parameter) -> None:
        spec, address = metric.spec, Address.parse(parameter.address)
        stated = spec.start if address.key == "start" else spec.level
        self.places[parameter.address] = self.add(
            label_of(self.words.graph, parameter.address),
            spec.description or "",
            parameter.value,
            str(metric.unit),
            number_format(metric.unit, self.words.currency, [parameter.value]),
            name=parameter.address.replace(".", "_"),
            stated="" if stated is None else stated.text,
            evidence="placeholder" if spec.placeholder else "",
            source=spec.source or "",
            owner=spec.owner or "",
            as_of="" if spec.as_of is None else f"{spec.as_of:%Y-%m-%d}",
            address=parameter.address,
        )

    def _effect(self, metric: Metric, parameter: Parameter) -> None:
        graph, address = self.words.graph, Address.parse(parameter.address)
        influence = next(one for one in metric.influences if one.source == address.source)
        driver = next(one for one in metric.spec.drivers if one.source == address.source)
        evidence, name = influence.evidence, parameter.address.replace(".", "_")
        grade = f"{evidence.grade.replace('_', '-')}{f', {evidence.date:%b %Y}' if evidence.date else ''}"
        source, is_anchored = graph[address.source or ""], _is_anchored(driver, influence)
        told, today = influence.words, self.known[source.index]
        place = self.add(
            label_of(graph, parameter.address),
            f"{told} (as stated at {self.words.value(source.name, today)})" if is_anchored else told,
            parameter.value,
            _per(metric, source, address.key),
            _effect_format(parameter.value),
            name=f"{name}_stated" if is_anchored else name,
            stated=_range(driver),
            evidence=f"{grade}, placeholder" if influence.placeholder else grade,
            source=evidence.source or "",
            owner=metric.spec.owner or "",
            address=parameter.address,
        )
        if is_anchored:
            self.sheet.put(self.row, 0, f"{label_of(graph, parameter.address)}, in force", "label")
            self.sheet.put(self.row, 1, f"Of a relative move of {source.label} from where it is today", "text")
            formula = f"{place}*{today!r}/{self.today(source.index)}"
            self.sheet.compute(self.row, VALUE, formula, parameter.value, form=_effect_format(parameter.value))
            place = self.name(name, self.sheet.at(self.row, VALUE))
            self.row += 1
        self.places[parameter.address] = place

    def _limit(self, limit: Limit) -> None:
        metric, word = limit.metric, "at least" if limit.side == "floor" else "at most"
        self.limits[metric.name, limit.side] = self.add(
            f"{metric.label}, {limit.side}",
            f"The guardrail: {word} this in every {self.words.period}",
            limit.value,
            str(metric.unit),
            number_format(metric.unit, self.words.currency, [limit.value]),
        )

    # -- series -------------------------------------------------------------------------------------------------

    def _fill_series(self) -> None:
        sheet, columns, schedules = self.by_period, self.columns, self.words.graph.schedules
        if not any(not isinstance(one, Count) for one in schedules.values()):
            return
        columns.head(sheet, "Inputs by period", "Series and seasons; blue cells can be changed.", totals=False)
        row = columns.first_row
        for address, schedule in schedules.items():
            if isinstance(schedule, Count):
                continue
            self.series[address] = row
            self._label(row, address, schedule)
            self._fill(row, schedule, address)
            row += 1

    def _label(self, row: int, address: str, schedule: Schedule) -> None:
        sheet = self.by_period
        if address.endswith("()"):
            sheet.put(row, 0, "Month of the year", "label")
            sheet.put(row, 2, "1 for January; a fact of the calendar", "text")
            return
        metric = self.words.graph[Address.parse(address).metric]
        is_season = isinstance(schedule, Season)
        sheet.put(row, 0, f"{metric.label}, season" if is_season else metric.label, "label")
        sheet.put(row, 1, "x" if is_season else str(metric.unit), "text")
        spec = metric.spec
        what = "Factors that come again every year" if is_season else "" if spec.values is None else spec.values.text
        then = f"; then {spec.then}" if not is_season and spec.then is not None else ""
        sheet.put(row, 2, f"{what}{then}", "text")

    def _fill(self, row: int, schedule: Schedule, address: str) -> None:
        """Write a series; beyond its end, and where a season comes again, formulas."""
        columns, last = self.columns, self.columns.periods
        values = [schedule.at(t) for t in range(1, last + 1)]
        if isinstance(schedule, Season):
            form = "0.000"
        elif isinstance(schedule, ValueSeries):
            form = number_format(self.words.unit(Address.parse(address).metric), self.words.currency, values)
        else:
            form = "0"
        first: dict[int, int] = {}
        for t, value in enumerate(values, 1):
            follows = self._following(schedule, t, row, first)
            if follows:
                self.by_period.compute(row, columns.of(t), follows, value, "value", form)
            else:
                self.by_period.put(row, columns.of(t), value, "input" if not address.endswith("()") else "value", form)
        if isinstance(schedule, ValueSeries):
            self.by_period.compute(row, TODAY, relative(row, columns.of(1)), schedule.today, "value", form)
        else:
            self.by_period.put(row, TODAY, schedule.today, "value", form)

    def _following(self, schedule: Schedule, t: int, row: int, first: dict[int, int]) -> str:
        """Return the formula of a number that follows from earlier ones of its row; empty where it is stated."""
        if isinstance(schedule, ValueSeries) and t > len(schedule.values):
            if schedule.then == "repeat":
                return relative(row, self.columns.of(t - len(schedule.values)))
            before = relative(row, self.columns.of(t - 1))
            return f"{before}*(1+{schedule.growth!r})" if schedule.then == "grow" else before
        if isinstance(schedule, Season):
            place = schedule.place(t)
            if place in first:
                return relative(row, self.columns.of(first[place]))
            first[place] = t
        return ""

    # -- finance ------------------------------------------------------------------------------------------------

    def finance(self, finance: Finance) -> dict[str, str]:
        """Write what discounting, tax and working capital rest on; return the cells."""
        self.section("Finance")
        found = {
            "rate": self.add("Discount rate", "Effective rate of a year", finance.rate, "%/year", "0.0#%",
                             name="discount_rate", stated=finance.discount_rate.text)
        }  # fmt: skip
        if finance.tax_rate is not None:
            told = "of a taxable profit; losses " + ("lower it" if finance.losses == "refund" else "are lost")
            found["tax"] = self.add("Tax rate", f"Share {told}", finance.tax or 0.0, "%", "0.0#%", name="tax_rate")
        if finance.bridge is not None and finance.bridge.receivables is not None:
            days = float(finance.bridge.receivables.days)
            found["days"] = self.add(
                "Receivables", "Days that are outstanding", days, "days", "0", name="receivable_days"
            )
        terminal = finance.terminal
        if terminal is not None and terminal.perpetuity is not None:
            growth = terminal.perpetuity.rate
            told = "Cash after the last period grows by this a year, for ever"
            found["growth"] = self.add("Terminal growth", told, growth, "%/year", "0.0#%", name="terminal_growth")
        if terminal is not None and terminal.multiple is not None:
            told = f"Times {self.words.label(terminal.multiple.of)} of a year"
            factor = terminal.multiple.factor
            found["multiple"] = self.add("Terminal multiple", told, factor, "x", '0.0"x"', name="terminal_multiple")
        return found

    def outlays(self, outlays: tuple[Outlay, ...], unit: str, form: str) -> list[str]:
        """Write what is paid; return the cells."""
        return [
            self.add(f"Cost {number}" if len(outlays) > 1 else "Cost", one.told(self.words), one.amount, unit, form,
                     name=f"cost_{number}", stated=one.text)
            for number, one in enumerate(outlays, 1)
        ]  # fmt: skip


def _is_anchored(driver: Driver, influence: Influence) -> bool:
    """Return whether a slope follows from a relative move of its source: of today's value, so that it moves with it."""
    if influence.form != "slope":
        return False
    if driver.treatment is not None:
        return isinstance(driver.treatment.effects("USD")[0][0], Relative)
    return driver.when not in (None, DOUBLES) and isinstance(parse_change(driver.when or ""), Relative)


def _range(driver: Driver) -> str:
    stated = driver.spread
    if isinstance(stated, Mapping):
        stated = ", ".join(f"{key} {number}" for key, number in stated.items())
    return "" if stated is None else f"range {stated}"


def _effect_format(value: float) -> str:
    return number_format(Unit(), "", [value]) if not value or abs(value) >= SMALL else "0.00E+00"


def _per(metric: Metric, source: Metric, key: str) -> str:
    if key == "slope":
        return f"{metric.unit or '1'} per {source.unit or '1'}"
    return {"elasticity": "% per %", "semi_elasticity": f"per {source.unit or '1'}"}.get(key, "")
