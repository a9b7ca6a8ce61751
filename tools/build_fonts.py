"""How the vendored font was made: a subset of Liberation Sans 2, renamed as its licence asks, and its width table.

Run by hand with fontTools installed: ``python tools/build_fonts.py <folder of LiberationSans-*.ttf>``. It writes into
``impacttree/render/fonts``, where the licence is kept beside the fonts.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "impacttree/render/fonts"
FAMILY = "Impacttree Sans"
DIGIT, CAP = 1139, 1409
"""Width of a digit and height of a capital, of 2048."""
BLOCKS = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x192, 0x192), (0x218, 0x21B), (0x2C6, 0x2DD),  # Latin, Latin-1, Extended-A
    (0x370, 0x3FF), (0x400, 0x45F), (0x490, 0x491), (0x5D0, 0x5EA),  # Greek, Cyrillic, Hebrew
    (0x1E80, 0x1E85), (0x1E9E, 0x1E9E), (0x1EA0, 0x1EF9),  # Welsh, German, Vietnamese
    (0x2010, 0x2027), (0x2030, 0x203A), (0x2044, 0x2044), (0x2070, 0x208E),  # punctuation, super- and subscripts
    (0x20A0, 0x20BF), (0x2100, 0x2126), (0x2150, 0x215E), (0x2190, 0x2195),  # currency, letterlike, fractions, arrows
    (0x2202, 0x2265), (0x25A0, 0x25CF),  # mathematics, shapes
)  # fmt: skip


def main(source: Path) -> None:
    """Write the two subset fonts and ``widths.py``."""
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    unicodes = [code for first, last in BLOCKS for code in range(first, last + 1)]
    tables = {}
    for style in ("Regular", "Bold"):
        options = subset.Options(
            hinting=False, layout_features=["kern", "mark", "mkmk"], notdef_outline=True, name_IDs=["*"]
        )
        options.drop_tables += ["DSIG", "FFTM", "kern"]
        font: TTFont = subset.load_font(str(source / f"LiberationSans-{style}.ttf"), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=unicodes)
        subsetter.subset(font)
        _add_money(font, 136 if style == "Regular" else 236)
        _rename(font, style)
        font["head"].modified = font["head"].created
        font.recalcTimestamp = False
        font.save(FOLDER / f"ImpacttreeSans-{style}.ttf")
        tables[style.upper()] = _widths(font)
    (FOLDER / "widths.py").write_text(_module(tables), encoding="utf-8")


def _add_money(font: Any, stroke: int) -> None:
    """Signs that the original lacks, drawn plainly from bars and bowls, as wide as a digit."""
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]

    glyphs = font["glyf"]
    for code, name, draw in ((0x20B9, "rupee", _rupee), (0x20BD, "rouble", _rouble), (0x20BA, "lira", _lira)):
        pen = TTGlyphPen(None)
        draw(pen, stroke)
        glyphs[name] = pen.glyph()
        glyphs[name].recalcBounds(glyphs)
        font["hmtx"][name] = (DIGIT, glyphs[name].xMin)
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[code] = name


def _rupee(pen: Any, stroke: int) -> None:
    _bar(pen, 90, 1049, CAP, stroke)
    _bar(pen, 90, 1049, 1100, stroke)
    _bowl(pen, 460, 850, CAP, 681, stroke)
    _bar(pen, 90, 460, 681 + stroke, stroke)
    _polygon(pen, (130, 721), (180 + stroke, 721), (770 + stroke, 0), (720, 0))


def _rouble(pen: Any, stroke: int) -> None:
    _polygon(pen, (270, CAP), (270 + stroke, CAP), (270 + stroke, 0), (270, 0))
    _bar(pen, 270, 620, CAP, stroke)
    _bowl(pen, 620, 1060, CAP, 600, stroke)
    _bar(pen, 100, 620, 600 + stroke, stroke)
    _bar(pen, 100, 800, 380, stroke)


def _lira(pen: Any, stroke: int) -> None:
    _polygon(pen, (330, CAP), (330 + stroke, CAP), (330 + stroke, 0), (330, 0))
    for rise in (0, 250):
        _polygon(pen, (110, 610 + rise), (760, 800 + rise), (760, 800 + rise - stroke), (110, 610 + rise - stroke))
    pen.moveTo((330, stroke))
    pen.lineTo((430, stroke))
    pen.qCurveTo((1040 - stroke, stroke), (1040 - stroke, 600))
    pen.lineTo((1040, 600))
    pen.qCurveTo((1040, 0), (430, 0))
    pen.lineTo((330, 0))
    pen.closePath()


def _polygon(pen: Any, *points: tuple[int, int]) -> None:
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()


def _bar(pen: Any, left: int, right: int, top: int, stroke: int) -> None:
    _polygon(pen, (left, top), (right, top), (right, top - stroke), (left, top - stroke))


def _bowl(pen: Any, left: int, right: int, top: int, low: int, stroke: int) -> None:
    middle, inner = (top + low) // 2, right - int(stroke * 1.15)
    pen.moveTo((left, top))
    pen.qCurveTo((right, top), (right, middle))
    pen.qCurveTo((right, low), (left, low))
    pen.lineTo((left, low + stroke))
    pen.qCurveTo((inner, low + stroke), (inner, middle))
    pen.qCurveTo((inner, top - stroke), (left, top - stroke))
    pen.closePath()


def _rename(font: Any, style: str) -> None:
    names = font["name"]
    postscript = f"{FAMILY.replace(' ', '')}-{style}"
    for name_id, text in ((1, FAMILY), (2, style), (3, postscript), (4, f"{FAMILY} {style}"), (6, postscript)):
        names.setName(text, name_id, 3, 1, 0x409)
    kept = (0, 1, 2, 3, 4, 5, 6, 13, 14)
    names.names = [record for record in names.names if record.nameID in kept and record.platformID == 3]


def _widths(font: Any) -> dict[int, str]:
    groups: dict[int, str] = {}
    for code, glyph in sorted(font.getBestCmap().items()):
        advance = font["hmtx"][glyph][0]
        groups[advance] = groups.get(advance, "") + chr(code)
    return dict(sorted(groups.items()))


def _module(tables: dict[str, dict[int, str]]) -> str:
    made = "generated by tools/build_fonts.py, not edited"
    lines = [f'"""Advance widths of the vendored font in units of 1/2048 em: {made}."""', ""]
    for name, groups in tables.items():
        lines.append(f"{name} = {{")
        lines += [f"    {width}: {text!a}," for width, text in groups.items()]
        lines += ["}", ""]
    return "# ruff: noqa: E501\n" + "\n".join(lines[:-1]) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
