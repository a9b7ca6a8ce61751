"""Which letters the fonts of this machine have: asked only for letters that the vendored font lacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from struct import error, unpack_from

from impacttree.render.fonts.truetype import glyphs_by_letter, table_places

__all__ = ["absent"]

LONGEST_TABLE = 4_000_000
"""A longer table of letters belongs to no font that one meets."""


@lru_cache(maxsize=64)
def absent(letters: str) -> str:
    """Return those of `letters` that no installed font has."""
    wanted = {ord(letter) for letter in letters}
    for path in _font_files():
        if not wanted:
            break
        try:
            wanted -= _has(path, wanted)
        except (OSError, error, ValueError):
            continue  # not a font that can be read: it shows nothing
    return "".join(letter for letter in letters if ord(letter) in wanted)


def _folders() -> Iterator[Path]:
    home = Path.home()
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"
        yield home / "AppData/Local/Microsoft/Windows/Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    else:
        yield from (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
        yield from (home / ".fonts", home / ".local/share/fonts")


def _font_files() -> Iterator[Path]:
    for folder in _folders():
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                if name.lower().endswith((".ttf", ".otf", ".ttc", ".otc")):
                    yield Path(place) / name


def _has(path: Path, wanted: set[int]) -> set[int]:
    """Return which of the code points the font has, the first one of a collection; only its table is read."""
    with path.open("rb") as file:
        head = file.read(65_536)
        start = unpack_from(">I", head, 12)[0] if head[:4] == b"ttcf" else 0
        offset, length = table_places(head, start).get("cmap", (0, 0))
        if not 0 < length <= LONGEST_TABLE:
            return set()
        file.seek(offset)
        glyphs = glyphs_by_letter(file.read(length))
    return {code for code in wanted if glyphs.get(code)}
