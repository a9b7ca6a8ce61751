from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.render import to_csv
from impacttree.views import Cell, Column, Table
from tests.render.views import HOSTILE_TEXTS, TABLE


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def one(cell: Cell) -> str:
    return read(to_csv(Table("", (Column("head"),), ((cell,),))))[1][0]


def test_values_are_exported_in_full_and_text_where_there_is_none() -> None:
    rows = read(to_csv(TABLE))
    assert rows[0] == [column.label for column in TABLE.columns]
    assert rows[1] == ["ARPU", "$29", "2.31", "217000.0", "$29 to $31: +$1.5M", "Pricing"]
    assert len(rows) == 1 + len(TABLE.rows)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_exactly(value: float) -> None:
    assert float(one(Cell("shown", value))) == value


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_empty(value: float) -> None:
    assert one(Cell("n/a", value)) == ""


@pytest.mark.parametrize("text", [*HOSTILE_TEXTS, "=1+1", " =1", "+$17k", "-$3", "\r=1", "＝1", "＠x"])
def test_no_text_begins_like_a_formula(text: str) -> None:
    exported = one(Cell(text))
    assert exported.lstrip()[:1] not in {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"}
    assert exported.removeprefix("'") == text.replace("\0", "\\0")


@pytest.mark.parametrize("text", ["-3", "+1%", "-1,200.5", "42.0%", "churn", "a = b"])
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert one(Cell(text)) == text


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2),
        max_size=4,
    )
)
def test_the_grid_survives_any_text(rows: list[list[str]]) -> None:
    table = Table("", (Column("a"), Column("b")), tuple(tuple(Cell(text) for text in row) for row in rows))
    back = read(to_csv(table))
    assert [len(row) for row in back] == [2] * (len(rows) + 1)
    plain = [[cell.removeprefix("'") for cell in row] for row in back[1:]]
    assert plain == [[text.removeprefix("'") for text in row] for row in rows]


def test_a_mark_tells_spreadsheets_that_it_is_unicode() -> None:
    assert to_csv(Table("", (Column("Umsatz, €"),), ())).startswith(b"\xef\xbb\xbf")
    assert to_csv(Table("", (Column("Revenue"),), ())) == b"Revenue\r\n"


def test_lone_surrogates_are_written_as_codes() -> None:
    assert b"\\ud800" in to_csv(Table("", (Column("\ud800"),), ()))
