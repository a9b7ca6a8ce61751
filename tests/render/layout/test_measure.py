from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.render import fonts
from impacttree.render.layout.measure import balanced, clean, fit, is_covered, text_width, uncovered, wrap

WORDS = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize(("bold", "style"), [(False, "Regular"), (True, "Bold")])
def test_the_width_table_is_the_fonts_own(bold: bool, style: str) -> None:
    ttlib = pytest.importorskip("fontTools.ttLib")
    font = ttlib.TTFont(Path(fonts.__file__).parent / f"ImpacttreeSans-{style}.ttf")
    for code, glyph in font.getBestCmap().items():
        assert text_width(chr(code), 72.0, bold) == pytest.approx(font["hmtx"][glyph][0] / 2048)


def test_the_font_was_renamed_as_its_licence_asks() -> None:
    ttlib = pytest.importorskip("fontTools.ttLib")
    folder = Path(fonts.__file__).parent
    for path in folder.glob("*.ttf"):
        names = ttlib.TTFont(path)["name"]
        assert "Liberation" not in f"{names.getDebugName(1)}{names.getDebugName(4)}{names.getDebugName(6)}"
        assert "Open Font License" in names.getDebugName(13)
    assert "Reserved Font Name Liberation" in (folder / "OFL.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text", ["Revenue $1.2M", "Größe Ąę", "Выручка", "Έσοδα", "שיעור", "−0.64% → €5", "Ngày hoạt động"]
)
def test_these_scripts_are_covered(text: str) -> None:
    assert is_covered(text)


def test_what_the_font_lacks_is_named() -> None:
    assert uncovered("a日b日€本") == "日本"


@pytest.mark.parametrize(
    ("raw", "drawn"),
    [
        ("-0.64%", "−0.64%"),
        ("-$40k", "−$40k"),
        ("- item", "- item"),
        ("well-known", "well-known"),
        ("a\tb\n c", "a b c"),
        ("bell\x07", "bell□"),
        ("\u202egnp.exe\u202c", "□gnp.exe□"),
        ("\ud800", "□"),
        ("", ""),
    ],
)
def test_text_is_cleaned(raw: str, drawn: str) -> None:
    assert clean(raw) == drawn


@given(WORDS)
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    assert clean(clean(raw)) == clean(raw)


@given(WORDS, st.floats(0.05, 4.0), st.booleans())
def test_what_fits_is_no_wider_than_the_room(raw: str, room: float, bold: bool) -> None:
    text = clean(raw)
    shown = fit(text, 10.0, room, bold)
    assert text_width(shown, 10.0, bold) <= room + 1e-9
    assert shown in (text, "") or (shown.endswith("…") and text.startswith(shown[:-1]))


@given(WORDS, st.floats(0.4, 3.0), st.integers(1, 3))
def test_lines_fit_and_keep_the_text_in_order(raw: str, room: float, lines: int) -> None:
    text = clean(raw)
    rows = wrap(text, 10.0, room, lines)
    assert len(rows) <= lines
    assert all(text_width(row, 10.0) <= room + 0.1 for row in rows)
    kept = "".join(rows).replace(" ", "").replace("-", "").replace("…", "")
    assert text.replace(" ", "").replace("-", "").replace("…", "").startswith(kept)


def test_long_words_break_with_a_hyphen() -> None:
    assert wrap("Donaudampfschifffahrt", 10.0, 1.0, 2)[0].endswith("-")


def test_wide_letters_break_anywhere() -> None:
    assert wrap("週次エンゲージメント率", 10.0, 0.85, 2) == ("週次エンゲー", "ジメント率")


def test_two_lines_are_balanced() -> None:
    assert balanced("P10 to P90 $82k to $164k", 8.0, 1.0) == ("P10 to P90", "$82k to $164k")
    title = "+1% Engagement segment 11 (41.0% → 41.4%, +0.4pp) adds $5.65k profit"
    first, second = balanced(title, 8.0, 3.0)
    assert first.count("(") == first.count(")")
    assert f"{first} {second}" == title
    assert balanced("short", 8.0, 1.0) == ("short",)
    assert balanced("", 8.0, 1.0) == ()
