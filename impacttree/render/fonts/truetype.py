"""Reads TrueType fonts as far as pictures need it: which letters a font has, and a smaller font of some of them.

Tables and their fields are those of the OpenType specification, version 1.9.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import calcsize, iter_unpack, pack, unpack_from

__all__ = ["glyphs_by_letter", "subset", "table_places"]

KEPT = ("OS/2", "name")
"""Tables that a smaller font takes over as they are; `name` holds the font's licence."""
COMPONENT_MORE, COMPONENT_WORDS = 0x20, 0x01
COMPONENT_SCALES = ((0x08, 2), (0x40, 4), (0x80, 8))
"""Flags of a part of a composite glyph, and how many bytes of scale they add."""


def table_places(head: bytes, start: int = 0) -> dict[str, tuple[int, int]]:
    """Return offset and length of each table, from the font's directory at `start`."""
    count = unpack_from(">H", head, start + 4)[0]
    entries = iter_unpack(">4sIII", head[start + 12 : start + 12 + 16 * count])
    return {tag.decode("latin-1"): (offset, length) for tag, _, offset, length in entries}


def glyphs_by_letter(cmap: bytes) -> dict[int, int]:
    """Return the glyph of each code point, from the table `cmap`: its Unicode subtables of formats 4 and 12."""
    found: dict[int, int] = {}
    count = unpack_from(">H", cmap, 2)[0]
    for platform, _, offset in iter_unpack(">HHI", cmap[4 : 4 + 8 * count]):
        if platform in (0, 3):
            kind = unpack_from(">H", cmap, offset)[0]
            if kind == 4:
                found.update(_segments(cmap, offset))
            elif kind == 12:
                groups = unpack_from(">I", cmap, offset + 12)[0]
                for first, last, glyph in iter_unpack(">III", cmap[offset + 16 : offset + 16 + 12 * groups]):
                    if last < 0x110000:
                        found.update((code, glyph + code - first) for code in range(first, last + 1))
    return found


def _segments(cmap: bytes, offset: int) -> Iterable[tuple[int, int]]:
    """Return code points and glyphs of a subtable of format 4."""
    count = unpack_from(">H", cmap, offset + 6)[0] // 2
    form = f">{count}H"
    ends = unpack_from(form, cmap, offset + 14)
    starts = unpack_from(form, cmap, offset + 16 + 2 * count)
    deltas = unpack_from(form, cmap, offset + 16 + 4 * count)
    ranges_at = offset + 16 + 6 * count
    ranges = unpack_from(form, cmap, ranges_at)
    for number, (first, last, delta, reach) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            if not reach:
                yield code, (code + delta) & 0xFFFF
                continue
            place = ranges_at + 2 * number + reach + 2 * (code - first)
            glyph = unpack_from(">H", cmap, place)[0] if place + 2 <= len(cmap) else 0
            if glyph:
                yield code, (glyph + delta) & 0xFFFF


def subset(font: bytes, letters: str) -> bytes:
    """Return a font with the glyphs of `letters` alone, whose other letters are left to the next font of a list."""
    places = table_places(font)
    tables = {tag: font[offset : offset + length] for tag, (offset, length) in places.items()}
    known = glyphs_by_letter(tables["cmap"])
    wanted = {ord(letter): known[ord(letter)] for letter in letters if ord(letter) in known}
    outlines = _Outlines(tables)
    order = outlines.with_parts({0, *wanted.values()})
    renumbered = {old: new for new, old in enumerate(order)}
    glyf = [outlines.renumbered(old, renumbered) for old in order]
    starts = [0]
    for glyph in glyf:
        starts.append(starts[-1] + len(glyph))
    made = {tag: tables[tag] for tag in KEPT}
    made["cmap"] = _cmap({code: renumbered[glyph] for code, glyph in wanted.items()})
    made["glyf"] = b"".join(glyf)
    made["loca"] = pack(f">{len(starts)}I", *starts)
    made["hmtx"] = b"".join(pack(">Hh", *outlines.metrics(old)) for old in order)
    made["hhea"] = tables["hhea"][:34] + pack(">H", len(order))
    made["maxp"] = tables["maxp"][:4] + pack(">H", len(order)) + tables["maxp"][6:]
    made["head"] = tables["head"][:8] + bytes(4) + tables["head"][12:50] + pack(">h", 1) + tables["head"][52:]
    made["post"] = pack(">I", 0x00030000) + tables["post"][4:32]
    return _file(made)


class _Outlines:
    """The glyphs of a font by number."""

    def __init__(self, tables: dict[str, bytes]) -> None:
        self.glyf, self.hmtx = tables["glyf"], tables["hmtx"]
        count = unpack_from(">H", tables["maxp"], 4)[0]
        self.measured = unpack_from(">H", tables["hhea"], 34)[0]
        if unpack_from(">h", tables["head"], 50)[0]:
            self.starts = unpack_from(f">{count + 1}I", tables["loca"])
        else:
            self.starts = tuple(2 * half for half in unpack_from(f">{count + 1}H", tables["loca"]))

    def metrics(self, glyph: int) -> tuple[int, int]:
        """Return advance and left side bearing."""
        if glyph < self.measured:
            advance, bearing = unpack_from(">Hh", self.hmtx, 4 * glyph)
        else:
            advance = unpack_from(">H", self.hmtx, 4 * (self.measured - 1))[0]
            bearing = unpack_from(">h", self.hmtx, 4 * self.measured + 2 * (glyph - self.measured))[0]
        return advance, bearing

    def data(self, glyph: int) -> bytes:
        return self.glyf[self.starts[glyph] : self.starts[glyph + 1]]

    def parts(self, glyph: int) -> list[tuple[int, int]]:
        """Return place and number of each glyph that a composite one is made of."""
        data = self.data(glyph)
        if not data or unpack_from(">h", data)[0] >= 0:
            return []
        found, place, flags = [], 10, COMPONENT_MORE
        while flags & COMPONENT_MORE:
            flags, part = unpack_from(">HH", data, place)
            found.append((place + 2, part))
            place += 8 if flags & COMPONENT_WORDS else 6
            place += sum(size for flag, size in COMPONENT_SCALES if flags & flag)
        return found

    def with_parts(self, glyphs: set[int]) -> list[int]:
        found, waiting = set(glyphs), list(glyphs)
        while waiting:
            fresh = {part for _, part in self.parts(waiting.pop())} - found
            found |= fresh
            waiting.extend(fresh)
        return sorted(found)

    def renumbered(self, glyph: int, numbers: dict[int, int]) -> bytes:
        data = bytearray(self.data(glyph))
        for place, part in self.parts(glyph):
            data[place : place + 2] = pack(">H", numbers[part])
        return bytes(data) + bytes(-len(data) % 4)


def _cmap(glyphs: dict[int, int]) -> bytes:
    """Return a table `cmap` with one subtable of format 12."""
    groups: list[list[int]] = []
    for code, glyph in sorted(glyphs.items()):
        if groups and code == groups[-1][1] + 1 and glyph == groups[-1][2] + code - groups[-1][0]:
            groups[-1][1] = code
        else:
            groups.append([code, code, glyph])
    body = b"".join(pack(">III", *group) for group in groups)
    return pack(">HHHHI", 0, 1, 3, 10, 12) + pack(">HHIII", 12, 0, 16 + len(body), 0, len(groups)) + body


def _file(tables: dict[str, bytes]) -> bytes:
    """Return the font file: directory, then tables, each with its checksum."""
    count = len(tables)
    power = count.bit_length() - 1
    head = pack(">IHHHH", 0x00010000, count, 16 << power, power, 16 * count - (16 << power))
    offset = len(head) + count * calcsize(">4sIII")
    directory, body = b"", b""
    for tag, data in sorted(tables.items()):
        directory += pack(">4sIII", tag.encode(), _checksum(data), offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    whole = bytearray(head + directory + body)
    place = table_places(bytes(whole))["head"][0] + 8
    whole[place : place + 4] = pack(">I", (0xB1B0AFBA - _checksum(bytes(whole))) & 0xFFFFFFFF)
    return bytes(whole)


def _checksum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    words: tuple[int, ...] = unpack_from(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
