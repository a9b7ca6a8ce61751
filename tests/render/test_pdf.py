from __future__ import annotations

import random
import re

import pytest

from impacttree.render import to_pdf
from impacttree.render.pdf import ordered
from tests.render.views import DIAGRAM

OBJECTS = {
    "catalog": b"<<\n  /Pages {pages}\n>>",
    "pages": b"<<\n  /Kids [{page}]\n>>",
    "page": b"<<\n  /Font <<\n    /fo0 {bold}\n    /fo1 {plain}\n  >>\n  /Contents {data}\n  /Parent {pages}\n>>",
    "bold": b"<<\n  /BaseFont /Bold\n>>",
    "plain": b"<<\n  /BaseFont /Plain\n>>",
    "data": b"<<\n  /Length 30\n>>\nstream\n7 0 obj 1 0 R endobj \x00\xffbinary..\nendstream",
    "info": b"<<\n  /Producer (x)\n>>",
}


def written(seed: int) -> bytes:
    """Return one document, its objects numbered and placed by chance, and its fonts listed by chance."""
    chance = random.Random(seed)
    names = list(OBJECTS)
    chance.shuffle(names)
    numbers = {name: number for number, name in enumerate(names, start=1)}
    chance.shuffle(names)
    content, places = b"%PDF-1.7\n%\x80\x80\x80\x80\n\n", {}
    for name in names:
        body = OBJECTS[name]
        if name == "page" and chance.random() < 0.5:
            body = re.sub(rb"(    /fo0.*\n)(    /fo1.*\n)", rb"\2\1", body)
        for other, number in numbers.items():
            body = body.replace(b"{%s}" % other.encode(), b"%d 0 R" % number)
        places[numbers[name]] = len(content)
        content += b"%d 0 obj\n%s\nendobj\n\n" % (numbers[name], body)
    table = b"".join(b"%010d 00000 n\r\n" % places[number] for number in sorted(places))
    head = b"xref\n0 %d\n0000000000 65535 f\r\n" % (len(places) + 1)
    ends = (len(places) + 1, numbers["catalog"], numbers["info"], len(content))
    return (
        content
        + head
        + table
        + b"trailer\n<<\n  /Size %d\n  /Root %d 0 R\n  /Info %d 0 R\n>>\nstartxref\n%d\n%%%%EOF" % ends
    )


def check_table(pdf: bytes) -> int:
    """Every entry of the table points at the object of its number; return how many there are."""
    start = int(pdf.rsplit(b"startxref\n")[1].split()[0])
    assert pdf[start : start + 5] == b"xref\n"
    lines = pdf[start:].split(b"trailer")[0].splitlines()[2:]
    for number, line in enumerate(lines):
        if number:
            assert pdf[int(line.split()[0]) :].startswith(b"%d 0 obj\n" % number)
    assert b"/Size %d\n" % len(lines) in pdf
    return len(lines) - 1


def test_any_numbering_becomes_the_same_file() -> None:
    files = {written(seed) for seed in range(40)}
    assert len(files) > 20
    (only,) = {ordered(pdf) for pdf in files}
    assert check_table(only) == len(OBJECTS)
    assert OBJECTS["data"] in only
    assert ordered(only) == only


@pytest.mark.parametrize("seed", range(5))
def test_references_keep_their_targets(seed: int) -> None:
    pdf = ordered(written(seed))
    page = re.search(rb"/fo0 (\d+) 0 R\n    /fo1 (\d+) 0 R", pdf)
    assert page
    assert b"%b 0 obj\n<<\n  /BaseFont /Bold" % page[1] in pdf
    assert b"%b 0 obj\n<<\n  /BaseFont /Plain" % page[2] in pdf


def test_the_diagrams_file_is_sound() -> None:
    pdf = to_pdf(DIAGRAM)
    assert check_table(pdf) > 8
    assert b"ImpacttreeSans-Bold" in pdf
    assert ordered(pdf) == pdf
