"""The workbook as a file: its sheets, labels, inputs, names, texts and bytes. Its numbers: ``test_recalculated.py``."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from impacttree import ImpactTree, loads, template
from impacttree.errors import EvaluationError, OutputError, QuestionError
from impacttree.export.workbook import book as module
from impacttree.export.workbook import workbook
from impacttree.export.workbook.columns import number_format
from impacttree.export.workbook.sheets import absolute
from impacttree.quantity import Unit
from tests.export.spreadsheet import read

INPUT = "FF0000C8"
FISCAL = """
start_date: 2026-11-01
fiscal_calendar: {start: February}
horizon: 6
outcome: paid
metrics:
  sold: {values: [50, 51, 52], then: grow 2%/month, unit: orders/month}
  price: {value: $30/order, seasonality: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.9, 1.1]}
  paid: {formula: sold * price, kind: financial, guardrail: {min: $1000/month}}
"""
ODD = ("LTV1", "Q4", "R", "C", "TRUE", "A1", "R1C1", "XFD1048576", "E", "pi", "SUM")
"""Names that a spreadsheet takes for cells, constants and functions."""


@pytest.fixture(scope="module")
def saas() -> ImpactTree:
    return template("saas")


@pytest.fixture(scope="module")
def changed(saas: ImpactTree) -> bytes:
    return workbook(saas._subject, {"engagement": "+5%", "customers": "+1%"}, cost="$250k")


@pytest.fixture(scope="module")
def book(changed: bytes) -> Any:
    return read(changed)


@pytest.fixture(scope="module")
def kept(changed: bytes) -> Any:
    """The values that stand beside formulas."""
    return read(changed, values=True)


@pytest.fixture(scope="module")
def fiscal() -> Any:
    return read(workbook(loads(FISCAL)._subject))


def texts(book: Any) -> list[str]:
    return [
        str(cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None and cell.data_type != "f"
    ]


def cell_of(sheet: Any, label: str, column: int) -> Any:
    return next(row[column] for row in sheet.iter_rows() if row[0].value == label)


def test_the_sheets_are_in_the_order_in_which_they_are_read(book: Any, fiscal: Any) -> None:
    assert book.sheetnames == ["Summary", "Inputs", "Changes", "Without", "With", "Path 1", "Cash", "Check"]
    assert fiscal.sheetnames == ["Summary", "Inputs", "Inputs by period", "Model", "Check"]


def test_a_workbook_has_no_macros_and_no_links(changed: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(changed)) as file:
        names = file.namelist()
        assert not [name for name in names if re.search("vba|external|embed|hyperlink", name, re.IGNORECASE)]
        assert not [name for name in names if name.endswith(".rels") and b"External" in file.read(name)]


def test_periods_and_fiscal_years_stand_above_the_numbers(fiscal: Any) -> None:
    heads = [[cell.value for cell in row] for row in fiscal["Model"].iter_rows(min_row=4, max_row=7)]
    assert heads[0][5:11] == ["FY27", "FY27", "FY27", "FY28", "FY28", "FY28"]
    assert heads[1][5:11] == ["Q4", "Q4", "Q4", "Q1", "Q1", "Q1"]
    assert heads[2][4:11] == ["Today", "Nov 2026", "Dec 2026", "Jan 2027", "Feb 2027", "Mar 2027", "Apr 2027"]
    assert heads[2][12:] == ["All: Nov 2026 to Apr 2027", "FY27 Q4", "FY28 Q1"]
    assert heads[3][4:11] == [0, 1, 2, 3, 4, 5, 6]


def test_every_stated_number_is_one_blue_cell(book: Any, saas: ImpactTree) -> None:
    sheet = book["Inputs"]
    found = {row[9].value: row[2] for row in sheet.iter_rows() if row[9].value}
    graph = saas._graph
    stated = {f"{metric.name}.value" for metric in graph.metrics if metric.spec.value is not None}
    effects = {address for metric in graph.metrics for one in metric.influences for address, _ in one.parameters}
    assert stated | effects <= found.keys()
    for address, cell in found.items():
        assert cell.data_type == "n" or address == "Address", address
        assert cell.font.color.rgb == INPUT or address == "Address"
    assert found["churn.value"].value == 0.025
    assert (cell_of(sheet, "Cost", 2).value, cell_of(sheet, "Discount rate", 2).value) == (250_000, 0.12)
    assert cell_of(sheet, "Monthly churn", 7).value == "Retention PM"


def test_series_and_seasons_are_rows_that_go_on_by_formulas(fiscal: Any) -> None:
    rows = {row[0].value: [cell.value for cell in row] for row in fiscal["Inputs by period"].iter_rows(min_row=8)}
    assert rows["Sold"][5:8] == [50, 51, 52]
    assert rows["Sold"][8] == "=H8*(1+0.02)"
    season = rows["Price, season"]
    assert (season[4], season[5:8]) == (1, [0.9, 1.1, 1])


def test_scalar_inputs_have_names_that_formulas_use(book: Any) -> None:
    names = {name.lower(): place.attr_text for name, place in book.defined_names.items()}
    assert names["arpu_value"].startswith("'Inputs'!$C$") or names["arpu_value"].startswith("Inputs!$C$")
    assert cell_of(book["Without"], "ARPU", 5).value == "=arpu_value"
    places = (
        cell_of(book["Without"], label, 5).coordinate for label in ("Site traffic", "Visit to trial", "Trial to paid")
    )
    assert cell_of(book["Without"], "New customers", 5).value == f"={'*'.join(places)}"


def test_names_that_look_like_cells_and_constants_are_repaired() -> None:
    lines = "\n".join(f"  {name}: {{value: {number}}}" for number, name in enumerate(ODD, 2))
    tree = loads(f"outcome: total\nmetrics:\n{lines}\n  total: {{formula: {' + '.join(ODD)}}}\n")
    book = read(workbook(tree._subject))
    assert not {name.upper() for name in book.defined_names} & {name.upper() for name in ODD}
    assert cell_of(book["Model"], "Q4", 5).value == "=Q4_value"


def test_a_changed_metric_shows_its_value_times_the_factor_plus_the_addition(book: Any) -> None:
    assert re.fullmatch(
        r"=IF\('Changes'!F\$\d+=0,0,\(engagement_value\)\*'Changes'!F\$\d+\)\+'Changes'!F\$\d+",
        cell_of(book["With"], "Weekly engagement", 5).value,
    )
    assert "'Path 1'!" in cell_of(book["With"], "Customers", 5).value
    assert cell_of(book["With"], "ARPU", 4).value == "='Without'!" + cell_of(book["Without"], "ARPU", 4).coordinate


def test_the_summary_has_the_sentence_and_live_figures(book: Any, kept: Any, saas: ImpactTree) -> None:
    done = {"engagement": "+5%", "customers": "+1%"}
    answer, cash = saas.what_if(done, range=False), saas.cash_flow(done, cost="$250k", samples=16)
    assert answer.title in texts(book)
    assert cell_of(book["Summary"], "Operating profit", 4).value.startswith("=")
    assert cell_of(kept["Summary"], "Operating profit", 4).value == pytest.approx(answer.total, rel=1e-12)
    assert cell_of(kept["Summary"], "LTV/CAC", 5).value == "holds"
    assert cell_of(kept["Summary"], "NPV", 2).value == pytest.approx(cash.npv, rel=1e-12)


def test_what_is_not_cash_has_no_npv() -> None:
    text = (
        "finance: {discount_rate: 12%/year}\noutcome: paid\nmetrics:\n"
        "  sold: {value: 5 orders/month}\n  price: {value: $2/order}\n  paid: {formula: sold * price}\n"
    )
    found = texts(read(workbook(loads(text)._subject, {"sold": "+1"}, cost="$9")))
    assert "Discounted paid less the cost" in found
    assert not [one for one in found if one.startswith(("NPV", "Present value"))]


def test_a_tree_that_cannot_be_discounted_says_so_instead_of_a_sheet() -> None:
    tree = loads("finance: {discount_rate: 12%/year}\noutcome: level\nmetrics: {level: {value: 5 orders}}")
    book = read(workbook(tree._subject))
    assert "Cash" not in book.sheetnames
    assert [one for one in texts(book) if one.startswith("There is no sheet of cash: level is a level")]
    with pytest.raises(QuestionError, match="a level has no present value"):
        workbook(tree._subject, cost="$9")


def test_a_cost_needs_a_discount_rate() -> None:
    with pytest.raises(QuestionError, match="discount rate"):
        workbook(loads("metrics: {paid: {value: $30/month}}\noutcome: paid")._subject, cost="$9")


@pytest.mark.parametrize(
    "text",
    [
        "metrics: {a: {value: 2}, b: {formula: a * 3}}",
        "metrics: {a: {value: 2}}\nhorizon: 1\noutcome: a",
        "metrics: {a: {value: 2}, b: {formula: a * 3}, c: {formula: 1 / (b - 6)}}\noutcome: b",
        "metrics: {a: {start: 3, formula: prev(a) + 1}}",
    ],
)
def test_small_trees_have_workbooks(text: str) -> None:
    assert "Check" in read(workbook(loads(text)._subject)).sheetnames


def test_what_has_no_value_is_an_error_in_its_cell_alone() -> None:
    tree = loads("metrics: {a: {value: 2}, b: {formula: a * 3}, c: {formula: 1 / (b - 6)}}\noutcome: b")
    book = read(workbook(tree._subject), values=True)
    assert cell_of(book["Model"], "C", 5).value == "#DIV/0!"
    assert cell_of(book["Model"], "B", 5).value == 6
    with pytest.raises(EvaluationError, match="division by zero"):
        workbook(loads("metrics: {a: {value: 0}, c: {formula: 1 / a}}\noutcome: c")._subject)


def test_people_can_be_left_out() -> None:
    tree = loads("metrics: {a: {value: 2, owner: Retention PM, source: Billing}}\noutcome: a")
    assert {"Retention PM", "Billing"} <= set(texts(read(workbook(tree._subject))))
    assert not {"Retention PM", "Billing"} & set(texts(read(workbook(tree._subject, people=False))))


def test_labels_of_ten_thousand_characters_work() -> None:
    tree = loads(f"metrics: {{a: {{value: 2, label: {'x' * 10_000}}}}}\noutcome: a")
    assert "x" * 10_000 in texts(read(workbook(tree._subject)))


def test_no_sheet_is_printed_small_beyond_reading_nor_without_its_heads(book: Any) -> None:
    for sheet in book.worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        if sheet.title != "Summary":
            assert sheet.freeze_panes
            assert sheet.print_title_rows
            heads = int(sheet.print_title_rows.rpartition("$")[2])
            filled = max(cell.column for row in sheet.iter_rows(max_row=heads) for cell in row if cell.value)
            printed = absolute(sheet.max_row - 1, filled - 1)
            assert sheet.print_area.endswith(f"!$A$1:{printed}"), "what stands beyond the heads helps a formula"


# ---- limits and files


def test_what_is_too_large_is_refused_before_anything_is_written(
    saas: ImpactTree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "MOST_CELLS", 100)
    with pytest.raises(OutputError, match="100 cells"):
        saas.to_excel(tmp_path / "saas.xlsx")
    monkeypatch.setattr(module, "MOST_PERIODS", 10)
    with pytest.raises(OutputError, match="10 columns"):
        saas.to_excel(tmp_path / "saas.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_file_is_named_as_excel_names_it_and_replaced_only_where_that_is_meant(tmp_path: Path) -> None:
    tree, path = loads("metrics: {a: {value: 2}}\noutcome: a"), tmp_path / "tree.xlsx"
    with pytest.raises(OutputError, match=r"tree\.csv is not"):
        tree.to_excel(tmp_path / "tree.csv")
    tree.to_excel(path)
    assert path.read_bytes() == workbook(tree._subject)
    with pytest.raises(OutputError):
        tree.to_excel(path, overwrite=False)


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("%", 0.42, "0.0%"), ("%", 0.025, "0.00%"), ("USD/month", 1_234.5, '"$"#,##0'), ("USD", 29.0, '"$"#,##0.00'),
        ("EUR", 1_234.5, '"€"#,##0'), ("x", 4.47, '0.00"x"'), ("customers", 65_800.0, "#,##0"),
        ("days", 6.25, "#,##0.00"),
        ("", 0.0, "#,##0"),
    ],
)  # fmt: skip
def test_numbers_look_like_their_units(unit: str, value: float, expected: str) -> None:
    assert number_format(Unit.parse(unit) if unit else Unit(), "USD", [value]) == expected


def test_cells_are_written_as_excel_counts_them() -> None:
    assert [absolute(0, 0), absolute(9, 26)] == ["$A$1", "$AA$10"]
