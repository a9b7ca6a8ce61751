from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impacttree.render import fonts
from impacttree.render.fonts import installed
from impacttree.render.fonts.truetype import glyphs_by_letter, subset, table_places

ttlib = pytest.importorskip("fontTools.ttLib")
FOLDER = Path(fonts.__file__).parent
DATA = {style: (FOLDER / f"ImpacttreeSans-{style}.ttf").read_bytes() for style in ("Regular", "Bold")}
WHOLE = {style: ttlib.TTFont(io.BytesIO(data)) for style, data in DATA.items()}


def outline(font: Any, letter: str) -> list[Any]:
    """What is drawn for a letter, parts of composite glyphs included."""
    from fontTools.pens.recordingPen import DecomposingRecordingPen

    glyphs = font.getGlyphSet()
    pen = DecomposingRecordingPen(glyphs)
    glyphs[font.getBestCmap()[ord(letter)]].draw(pen)
    return list(pen.value)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(DATA)), st.text(st.sampled_from("aZ09 éżỹ½€₹→−ЖΩש日"), min_size=1, max_size=20))
def test_a_smaller_font_draws_its_letters_as_the_whole_one_does(style: str, letters: str) -> None:
    small, whole = ttlib.TTFont(io.BytesIO(subset(DATA[style], letters)), checkChecksums=2), WHOLE[style]
    kept = {letter for letter in letters if ord(letter) in whole.getBestCmap()}
    assert set(map(chr, small.getBestCmap())) == kept
    for letter in kept:
        assert outline(small, letter) == outline(whole, letter)
        names = small.getBestCmap()[ord(letter)], whole.getBestCmap()[ord(letter)]
        assert small["hmtx"][names[0]] == whole["hmtx"][names[1]]
    assert small["name"].getDebugName(13) == whole["name"].getDebugName(13)


@pytest.mark.parametrize("style", sorted(DATA))
def test_letters_and_glyphs_are_read_as_another_library_reads_them(style: str) -> None:
    offset, length = table_places(DATA[style])["cmap"]
    whole = WHOLE[style]
    expected = {code: whole.getGlyphID(name) for code, name in whole.getBestCmap().items()}
    assert glyphs_by_letter(DATA[style][offset : offset + length]) == expected


def test_long_and_short_tables_of_letters_say_the_same() -> None:
    """The smaller font has one of format 12, the whole one of format 4."""
    small = subset(DATA["Regular"], "abcxyzé")
    offset, length = table_places(small)["cmap"]
    assert sorted(map(chr, glyphs_by_letter(small[offset : offset + length]))) == sorted("abcxyzé")


def test_installed_fonts_are_asked_for_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.ttf").write_bytes(subset(DATA["Regular"], "aé"))
    (tmp_path / "broken.ttf").write_bytes(b"\x00\x01\x00\x00\x00\x09 not a font")
    (tmp_path / "notes.txt").write_text("b")
    monkeypatch.setattr(installed, "_folders", lambda: [tmp_path, tmp_path / "nowhere"])
    installed.absent.cache_clear()
    try:
        assert installed.absent("aéb日") == "b日"
        assert installed.absent("") == ""
    finally:
        installed.absent.cache_clear()
