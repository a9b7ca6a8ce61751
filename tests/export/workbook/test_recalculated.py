"""Every number of a workbook, computed a second time by LibreOffice from the formulas alone."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from impacttree import ImpactTree, load, loads, template
from impacttree.errors import ChangeError
from impacttree.export.workbook import workbook
from impacttree.formula import FUNCTIONS
from impacttree.quantity import Add, Relative, Set, timing_of
from tests.export.spreadsheet import OFFICE, poisoned, read, recalculated
from tests.strategies import changes, trees

pytestmark = [pytest.mark.slow, pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")]

RANDOM = 30
TIMINGS = (None, {"start": 2, "ramp": 2}, {"start": 2, "until": 3}, {"ramp": 3, "shape": "s", "decay": "10%"})
CASH = "{profit: profit, receivables: {of: revenue, days: 45}, deferred_revenue: ahead, capex: {of: capex, life: 7}}"
POINTS = (-3.5, -2.675, -2.5, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.005, 1.5, 2.345, 2.5, 2.675, 7.0, 40.0, 700.0)
"""Where each function is computed: both sides of its domain, halves, and what looks like one."""
CALLS = {
    "exp": "exp(x)", "log": "log(x)", "log10": "log10(x)", "sqrt": "sqrt(x)", "sin": "sin(x)", "cos": "cos(x)",
    "floor": "floor(x)", "ceil": "ceil(x)", "round": "round(x, 2) + 10 * round(x)",
}  # fmt: skip
OTHERS = (
    "abs(x) - abs(-x * 2)", "min(x, 1, 2 - x)", "max(x, 1, -x)", "clip(x, -1, 2)", "-x**2", "(-x)**3", "2**-x",
    "x**0 + 0**0", "1 / x", "x / (1 - x) / 2", "1 - (2 - x) - 3", "saturate(x, 100, 3)", "logistic(x, 2, 6, 1, 0.5)",
    "interpolate(x, 0, 0, 1, 5, 2, 6)", "if(x == 0, 0, 1 / x)", "if(x > 0 and log(x) > 0, log(x), 0)",
    "if(x < 0 or sqrt(x) < 1, 1, 2)", "if(not x > 1, 1, 0)", "if(x <= 1, 0, 1 / 0)", "round(x * x + x / 3, 3)",
)  # fmt: skip


def finance(timing: str, terminal: str, cash: str, losses: str) -> ImpactTree:
    parts = [f"discount_rate: 12%/year, timing: {timing}, tax_rate: 25%, losses: {losses}"]
    parts += [f"cash: {cash}"] if cash else []
    parts += [f"terminal: {terminal}"] if terminal else []
    return loads(f"""
start_date: 2027-01-01
horizon: 15
outcome: profit
finance: {{{", ".join(parts)}}}
metrics:
  sold: {{value: 50 orders/month, seasonality: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.8, 1.2]}}
  price: {{value: $20/order}}
  waiting: {{value: 2 months}}
  costs: {{value: $300/month, kind: financial, better: lower}}
  revenue: {{formula: sold * price, kind: financial}}
  capex: {{formula: 0.1 * revenue, kind: financial}}
  ahead: {{formula: waiting * sold * price, unit: USD, aggregate: last}}
  profit: {{formula: revenue - costs, kind: financial}}
""")


def functions() -> ImpactTree:
    """A tree whose metrics are all functions of one series."""
    assert CALLS.keys() == {function.name for function in FUNCTIONS.values() if function.is_primitive}
    formulas = [*CALLS.values(), *OTHERS]
    lines = [f"  f{number}: {{formula: '{text}'}}" for number, text in enumerate(formulas)]
    values = ", ".join(map(repr, POINTS))
    return loads(f"horizon: {len(POINTS)}\noutcome: x\nmetrics:\n  x: {{values: [{values}]}}\n" + "\n".join(lines))


def odd_names() -> ImpactTree:
    """A tree whose names a spreadsheet takes for cells, constants and functions; one differs by a capital alone."""
    names = ("LTV1", "ltv1", "Q4", "R", "C", "TRUE", "A1", "R1C1", "E", "pi", "SUM", "x" * 60)
    lines = "\n".join(f"  {name}: {{value: {number}}}" for number, name in enumerate(names, 2))
    return loads(f"outcome: total\nmetrics:\n{lines}\n  total: {{formula: {' + '.join(names)}}}\n")


def loops() -> ImpactTree:
    """A tree with two time loops, the first of which feeds the second, and a scenario that changes both."""
    return loads("""
horizon: 6
outcome: sales
scenarios: {slow: {visitors: -10%, members: -5 from 2}}
metrics:
  spread: {value: 0.3}
  visitors: {start: 100, formula: prev(visitors) * 0.8 + spread * 60}
  members: {start: 50, formula: prev(members) * 0.9 + 0.1 * visitors}
  price: {value: $4/month}
  sales: {formula: members * price, unit: USD/month, kind: financial}
""")


def random_books() -> dict[str, bytes]:
    """Return workbooks of random trees with random changes, in force at random times."""
    books: dict[str, bytes] = {}

    @seed(5)
    @settings(
        max_examples=RANDOM, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        sketch = data.draw(trees(kinks=True, jumps=True, horizon=6))
        tree, done = sketch.tree(), {}
        for name, (kind, scale, shift) in data.draw(changes(sketch, most=2)).items():
            timing = data.draw(st.sampled_from(TIMINGS))
            when = None if timing is None else timing_of(**timing)
            if kind == "fix":
                done[name] = [Set(shift, typed=True, timing=when)]
            else:
                positive = tree._subject.first_known(tree._graph[name]) > 0
                done[name] = [Add(shift, typed=True)]
                done[name] += [Relative(scale - 1, stated=True, timing=when)] if positive else []
        try:
            books[f"random{len(books)}"] = workbook(tree._subject, done)
        except ChangeError:  # two changes in one time loop
            books[f"random{len(books)}"] = workbook(tree._subject)

    draw()
    return books


def edited(content: bytes, changes: Mapping[str, float]) -> bytes:
    """Return a workbook in which someone has typed other numbers, by address, or by metric and head on ``Changes``."""
    book = read(content)
    for place, value in changes.items():
        if ": " in place:
            metric, head = place.split(": ")
            sheet = book["Changes"]
            heads = next(row for row in sheet.iter_rows() if row[4].value == "Size")
            (column,) = (cell.column for cell in heads if cell.value == head)
            row = next(row for row in sheet.iter_rows(min_row=heads[0].row + 1) if row[0].value == metric)
            sheet.cell(row[0].row, column).value = value
        else:
            (row,) = (row for row in book["Inputs"].iter_rows() if row[9].value == place)
            row[2].value = value
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def books() -> dict[str, bytes]:
    saas, duolingo, internal = (template(name) for name in ("saas", "duolingo", "internal"))
    northwind = load(Path(__file__).parents[3] / "docs" / "examples" / "northwind.yaml")
    timed = {"engagement": "+5%", "arpu": ["+2%", "+$1 from 2027-02 over 3 months shape s"]}
    found = {
        "saas": workbook(saas._subject),
        "saas_timed": workbook(saas._subject, timed, cost="$250k; $90k in month 3 over 36 months", after_tax=True),
        "saas_long": workbook(saas._subject, {"churn": "=2% from 2027-01 until 2027-05"}, horizon=30),
        "saas_loop": workbook(saas._subject, {"customers": "+3%", "arpu": "+$1"}),
        "duolingo": workbook(duolingo._subject),
        "internal": workbook(internal._subject),
        "northwind": workbook(northwind._subject, horizon=36),
        "functions": workbook(functions()._subject),
        "loops": workbook(loops()._subject, {"visitors": "+10%", "members": "+5% from 2 over 3", "spread": "+1%"}),
        "loops_held": workbook(loops()._subject, {"visitors": "+10% from 3", "spread": "=0.4"}, scenario="slow"),
        "odd_names": workbook(odd_names()._subject, {"LTV1": "+1%", "R": "=7"}),
        "edited_input": edited(workbook(saas._subject), {"engagement.value": 0.5, "arpu.value": 31.0}),
        "edited_change": edited(workbook(saas._subject, timed), {"Weekly engagement: Size": 0.07}),
        "edited_time": edited(workbook(saas._subject, timed), {"Weekly engagement: From": 4.0}),
    }
    for tree, name in ((saas, "saas"), (duolingo, "duolingo"), (internal, "internal"), (northwind, "northwind")):
        for scenario in tree.spec.scenarios:
            found[f"{name}_{scenario.name}"] = workbook(tree._subject, scenario=scenario.name)
    growth, multiple = "{perpetuity: {growth: 2%/year}}", "{multiple: {of: profit, x: 8}}"
    for number, (timing, terminal, cash, losses) in enumerate(
        (
            ("end", "", CASH, "refund"),
            ("mid", growth, CASH, "refund"),
            ("end", growth, CASH, "lost"),
            ("mid", multiple, CASH, "lost"),
            ("end", multiple, "profit", "refund"),
            ("mid", growth, "profit", "refund"),
            ("mid", "", "", "lost"),
        )
    ):
        tree = finance(timing, terminal, cash, losses)
        found[f"finance{number}"] = workbook(
            tree._subject, {"sold": "+10%"}, cost="$500; $90 in month 3 over 5 months", after_tax=True
        )
        found[f"finance{number}_base"] = workbook(tree._subject)
    return found | random_books()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The workbooks as we wrote them, and as LibreOffice computes them."""
    ours = books()
    return ours, recalculated(ours, tmp_path_factory.mktemp("office"))


def differing(ours: Any, theirs: Any) -> list[str]:
    """Return the cells that are not the same to a billionth."""
    found = []
    for sheet in ours.sheetnames:
        for row in ours[sheet].iter_rows():
            for cell in row:
                other = theirs[sheet][cell.coordinate].value
                if not _agree(cell.value, other):
                    found.append(f"{sheet}!{cell.coordinate}: {cell.value!r}, {other!r}")
    return found


def _agree(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(ours, str) and ours.startswith("#"):
        return isinstance(theirs, str) and theirs.startswith("#")
    return (ours or "") == (theirs or "")


def test_libreoffice_computes_what_the_library_wrote(both: Any) -> None:
    ours, theirs = both
    wrong = {}
    for name, content in ours.items():
        if not name.startswith("edited"):
            found = differing(read(content, values=True), theirs[name])
            if found or theirs[name]["Check"]["A5"].value != "all within 1e-9":
                wrong[name] = found[:5]
    assert not wrong
    assert "Path 1" in theirs["saas_loop"].sheetnames


def test_what_stands_beside_formulas_is_not_what_is_read(both: Any) -> None:
    ours, theirs = both
    name = "saas_timed"
    wrong = read(poisoned(ours[name]), values=True)
    formulas = [cell for row in read(ours[name])["With"].iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas
    assert {wrong["With"][cell.coordinate].value for cell in formulas} == {-987654321}
    assert all(theirs[name]["With"][cell.coordinate].value != -987654321 for cell in formulas)


def totals(book: Any, sheet: str) -> dict[str, float]:
    """Return what each metric comes to over all periods, by label."""
    page = book[sheet]
    heads = next(row for row in page.iter_rows() if row[4].value == "Today")
    column = next(cell.column for cell in heads if str(cell.value).startswith("All"))
    rows = [row[0].row for row in page.iter_rows() if row[0].value and isinstance(row[4].value, int | float)]
    return {
        page.cell(row, 1).value: value
        for row in rows
        if isinstance(value := page.cell(row, column).value, int | float) and row > heads[0].row + 1
    }


def assert_totals(book: Any, sheet: str, rows: list[dict[str, Any]], key: str) -> None:
    found = totals(book, sheet)
    known = {row["label"]: row[key] for row in rows if row[key] is not None}
    shared = found.keys() & known.keys()
    assert len(shared) > 30
    for label in shared:
        assert found[label] == pytest.approx(known[label], rel=1e-9, abs=1e-9), label


def test_an_edited_input_is_a_new_value(both: Any) -> None:
    _, theirs = both
    tree = template("saas").with_values({"engagement": 0.5, "arpu": 31.0})
    book = theirs["edited_input"]
    assert book["Check"]["A5"].value.startswith("changed: 2 inputs edited")
    assert_totals(book, "Model", tree.values(horizon=12).to_dicts(), "value")


@pytest.mark.parametrize(("name", "change"), [("edited_change", "+7%"), ("edited_time", "+5% from month 4")])
def test_an_edited_change_is_another_change(both: Any, name: str, change: str) -> None:
    _, theirs = both
    arpu = ["+2%", "+$1 from 2027-02 over 3 months shape s"]
    rows = template("saas").values({"engagement": change, "arpu": arpu}).to_dicts()
    assert_totals(theirs[name], "With", rows, "value")
