"""PDF files whose objects stand in one order: the converter numbers fonts differently from run to run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

__all__ = ["ordered"]

FONTS = re.compile(rb"(/Font <<\n)((?: */\w+ \d+ 0 R\n)+)")
REFERENCE = re.compile(rb"\b(\d+) 0 R\b")


def ordered(pdf: bytes) -> bytes:
    """Return `pdf` with its objects numbered and written in the order in which they refer to each other.

    Parameters
    ----------
    pdf
        A file with one plain cross-reference table and direct lengths, as the converter writes it.
    """
    table, trailer = pdf.rindex(b"\nxref\n") + 1, pdf.rindex(b"trailer")
    offsets = _offsets(pdf[table:trailer])
    starts = [*sorted(offsets.values()), table]
    ends = dict(pairwise(starts))
    objects = {number: _fonts_sorted(pdf[start : ends[start]]) for number, start in offsets.items()}
    tail = pdf[trailer : pdf.rindex(b"startxref")]
    order = _reached(tail, objects)
    numbers = {old: new for new, old in enumerate(order, start=1)}
    content, places = pdf[: starts[0]], []
    for old in order:
        places.append(len(content))
        content += _renumbered(objects[old], numbers)
    entries = b"".join(b"%010d 00000 n\r\n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f\r\n" % (len(order) + 1)
    size = re.sub(rb"/Size \d+", b"/Size %d" % (len(order) + 1), _renumbered(tail, numbers))
    return content + head + entries + size + b"startxref\n%d\n%%%%EOF" % len(content)


def _fonts_sorted(entry: bytes) -> bytes:
    """List the fonts of a page by their names there."""
    words = _words(entry)
    shown = FONTS.sub(lambda found: found[1] + b"".join(sorted(found[2].splitlines(keepends=True))), words)
    return shown + entry[len(words) :]


def _offsets(table: bytes) -> dict[int, int]:
    entries = (line.split() for line in table.splitlines()[2:])
    return {number: int(entry[0]) for number, entry in enumerate(entries) if entry[2] == b"n"}


def _reached(tail: bytes, objects: Mapping[int, bytes]) -> list[int]:
    """Return the numbers of the objects as they are met from the trailer on; what nothing refers to is left out."""
    order: dict[int, None] = {}
    waiting = _references(tail)[::-1]
    while waiting:
        number = waiting.pop()
        if number not in order:
            order[number] = None
            waiting += _references(_words(objects[number]))[::-1]
    return list(order)


def _references(words: bytes) -> list[int]:
    return [int(number) for number in REFERENCE.findall(words)]


def _words(entry: bytes) -> bytes:
    """Return the part of an object that is not the data of a stream."""
    return entry.partition(b"\nstream\n")[0]


def _renumbered(entry: bytes, numbers: Mapping[int, int]) -> bytes:
    words = _words(entry)
    shown = REFERENCE.sub(lambda found: b"%d 0 R" % numbers[int(found[1])], words)
    return re.sub(rb"^\d+ 0 obj", lambda found: _own(found[0], numbers), shown) + entry[len(words) :]


def _own(head: bytes, numbers: Mapping[int, int]) -> bytes:
    return b"%d 0 obj" % numbers[int(head.split()[0])]
