from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.render import to_text
from impacttree.render.characters import width
from impacttree.views import Cell, Column, Fact, Headline, Table
from tests.render.views import HEADLINE, HEADLINE_TEXT, TABLE, VIEWS, WIDE_TABLE


def test_the_sample_of_the_design_prints_exactly() -> None:
    assert to_text(HEADLINE) == HEADLINE_TEXT


def test_the_sample_wraps_to_a_terminal_of_80_columns() -> None:
    assert to_text(HEADLINE, width=80) == (
        "+1% Weekly engagement (42.0% -> 42.4%, +0.4pp) adds $17k operating profit in\n"
        "  the first 12 months (+0.2%)\n"
        "  range (P10 to P90)   $9k to $26k   run rate by month 12   $33k a year\n"
        "                       first 36 months   $131k\n"
        "  also                 revenue +$21k, gross profit +$17k, contribution +$17k\n"
        "                       +1pp would be $41k\n"
        "  through              Monthly churn > Customers > Revenue > Gross   +$16k   92%\n"
        "                         profit\n"
        "                       NPS > Monthly churn > Customers > Revenue >    +$1k    5%\n"
        "                         Gross profit\n"
        "                       2 more paths                                   +$1k    3%\n"
        "  rests on             churn <- engagement: experiment, 2026-03 (92%) · nps <-\n"
        "                       engagement, churn <- nps: judgement (8%)\n"
        "  guardrails           LTV/CAC 4.5x, floor 3.0x: holds\n"
        "  basis                accrual, pre-tax, undiscounted, before the cost of\n"
        "                       achieving it; lift held from month 1"
    )


def test_warnings_stand_below_the_facts() -> None:
    headline = Headline("Adds $17k", (Fact("basis", (("accrual",),)),), ("extrapolated", "loop cut"))
    assert to_text(headline).splitlines() == [
        "Adds $17k",
        "  basis     accrual",
        "  warning   extrapolated",
        "  warning   loop cut",
    ]


def test_a_headline_without_facts_is_its_sentence() -> None:
    assert to_text(Headline("Adds $17k")) == "Adds $17k"


def test_long_labels_move_above_their_text() -> None:
    headline = Headline("Adds $17k", (Fact("a label that takes all the room there is", (("text",),)),))
    assert to_text(headline, 40).splitlines()[1:] == [
        "  a label that takes all the room there",
        "  is",
        "    text",
    ]


def test_a_table_aligns_its_columns_under_a_rule() -> None:
    table = Table(
        "Worth, first 12 months",
        (Column("Metric"), Column("Worth", "right")),
        ((Cell("ARPU"), Cell("+$217k")), (Cell("解約率"), Cell("-$5k"))),
        ("basis: accrual",),
    )
    assert to_text(table) == (
        "Worth, first 12 months\nMetric    Worth\n───────────────\nARPU     +$217k\n解約率     -$5k\nbasis: accrual"
    )


def test_a_wide_table_repeats_its_first_column_instead_of_breaking_numbers() -> None:
    text = to_text(WIDE_TABLE, 80)
    assert text.count("Metric") == 2
    assert text.count("Revenue") == 2
    for row in WIDE_TABLE.rows:
        for cell in row[1:]:
            assert cell.text in text


@pytest.mark.parametrize("columns", [60, 80, 100, 140])
def test_tables_and_headlines_keep_within_the_width(columns: int) -> None:
    for view in (TABLE, WIDE_TABLE, HEADLINE):
        assert max(width(line) for line in to_text(view, columns).splitlines()) <= columns


cells = st.text(st.characters(categories=["L", "N", "P", "Zs", "Cc"]), max_size=25)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    count = draw(st.integers(1, 5))
    columns = tuple(Column(draw(cells), draw(st.sampled_from(["left", "right"]))) for _ in range(count))
    rows = draw(st.lists(st.tuples(*[cells.map(Cell)] * count), max_size=5))
    return Table(draw(cells), columns, tuple(rows), tuple(draw(st.lists(cells, max_size=2))))


@given(tables(), st.one_of(st.none(), st.integers(40, 120)))
def test_any_table_prints_on_a_grid(table: Table, columns: int | None) -> None:
    text = to_text(table, columns)
    assert all(line.isprintable() for line in text.split("\n"))
    left = [cell.text for row in table.rows for cell in row]
    heads = [c.label for c in table.columns] if table.rows else []
    letters = sorted("".join([*left, *heads, table.title, *table.notes]))
    shown = set(text)
    assert all(ch in shown for ch in letters if ch.isprintable() and not ch.isspace())


@given(tables(), st.integers(40, 120))
def test_left_columns_wrap_within_the_width(table: Table, columns: int) -> None:
    narrow = Table(table.title, tuple(Column(c.label) for c in table.columns), table.rows, table.notes)
    assert all(width(line) <= columns for line in to_text(narrow, columns).split("\n"))


def test_a_megabyte_in_one_cell_is_wrapped_at_once() -> None:
    table = Table("", (Column("a"), Column("b")), ((Cell("word " * 200_000), Cell("x")),))
    assert all(len(line) <= 80 for line in to_text(table, 80).split("\n"))


@pytest.mark.parametrize("columns", [1, 20, 23, 40, 79])
@pytest.mark.parametrize("name", VIEWS)
def test_no_line_is_longer_than_the_width_and_nothing_is_lost(name: str, columns: int) -> None:
    view = VIEWS[name]
    drawn = to_text(view, columns).splitlines()
    assert max(map(width, drawn)) <= max(columns, 20)
    letters = re.sub(r"[\W_]", "", "".join(drawn))
    title = re.sub(r"[\W_]", "", view.title)
    assert title in letters
