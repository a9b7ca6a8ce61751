from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.render.characters import clean, pad, width, wrap


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("line\nbreak\r", r"line\nbreak\r"),
        ("\u202eevil", r"\u202eevil"),
        ("non\u00a0breaking", "non breaking"),
        ("\ud800", r"\ud800"),
        ("解約率", "解約率"),
    ],
)
def test_text_is_made_printable_without_losing_any(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text())
def test_clean_text_is_printable_and_stays_so(text: str) -> None:
    assert clean(text).isprintable()
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("解約", 4), ("e\u0301", 1), ("", 0), ("ｆ", 2)])
def test_width_counts_terminal_columns(text: str, columns: int) -> None:
    assert width(text) == columns


words = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=30)


@given(st.lists(words, min_size=1, max_size=8).map(" ".join), st.integers(2, 40))
def test_wrapping_keeps_every_letter_and_the_limit(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width(line) <= columns for line in lines)


@given(st.lists(words, min_size=1, max_size=8).map(" ".join))
def test_words_are_broken_only_when_they_must(text: str) -> None:
    widest = max(width(word) for word in text.split(" "))
    assert " ".join(wrap(text, max(widest, 2))) == text


@given(words, st.integers(0, 10), st.booleans())
def test_padding_reaches_the_width(text: str, more: int, right: bool) -> None:
    columns = width(text) + more
    padded = pad(text, columns, right)
    assert width(padded) == columns
    assert padded.strip() == text.strip()
    assert unicodedata.normalize("NFC", text) == text or text in padded


@pytest.mark.slow
def test_megabytes_are_wrapped_at_once() -> None:
    for text in ("word " * 400_000, "解約 " * 200_000, "x" * 2_000_000):
        assert len(wrap(text, 10_000)) > 50
