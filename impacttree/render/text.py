"""Any view as plain text for terminals, logs and mails.

One layout serves two pens: `lines` returns pieces of text with the role that each plays; `to_text` joins them, and
`impacttree.render.terminal` colors them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from impacttree.render.characters import clean, pad, width, wrap
from impacttree.render.pieces import Line, Piece, Role, folded, head_lines, wrapped
from impacttree.views import Bars, Cell, Column, Diagram, Distribution, Fact, Headline, Lines, Table, View, Waterfall

__all__ = ["lines", "to_text"]

UNLIMITED = 10_000
NARROWEST = 20
PAIR_GAP = 3
"""Columns between a name and its value."""
GROUP_GAP = 8
"""Columns between one value and the next name."""
NARROWEST_LABEL = 12
"""A text column is not squeezed below this; columns then move to a second block."""


def to_text(view: View, width: int | None = None) -> str:
    """Return `view` as plain text, without color or any other terminal code.

    Parameters
    ----------
    width
        Columns to keep within; without it, lines are as long as they need to be.

    Examples
    --------
    >>> from impacttree.views import Fact, Headline
    >>> headline = Headline("+1% engagement adds $17k profit", (Fact("range (P10 to P90)", (("$9k to $26k",),)),))
    >>> print(to_text(headline))
    +1% engagement adds $17k profit
      range (P10 to P90)   $9k to $26k
    """
    drawn = lines(view, UNLIMITED if width is None else width)
    return "\n".join("".join(text for text, _ in line).rstrip() for line in drawn)


def lines(view: View, width: int) -> tuple[Line, ...]:
    """Lay `view` out in lines of at most `width` columns, or of 20 where that is less."""
    width = max(width, NARROWEST)
    return tuple(part for line in _laid_out(view, width) for part in folded(line, width))


def _laid_out(view: View, width: int) -> tuple[Line, ...]:
    match view:
        case Headline():
            return _headline(view, width)
        case Table():
            return _table(view, width)
        case Diagram():
            from impacttree.render.outline import outline

            return (*head_lines(view.title, view.subtitle, width), *_table(outline(view), width))
        case Bars() | Waterfall() | Lines() | Distribution():
            from impacttree.render.textchart import chart_lines

            return chart_lines(view, width)


def _headline(view: Headline, width: int) -> tuple[Line, ...]:
    facts = [*view.facts, *(Fact("warning", ((warning,),)) for warning in view.warnings)]
    drawn = wrapped(view.title, width, "title", indent="  ")
    if not facts:
        return tuple(drawn)
    left = 2 + max(map(_label_width, facts)) + PAIR_GAP
    if left > width // 2:
        return (*drawn, *(line for fact in facts for line in _stacked(fact, width)))
    stops: set[int] = set()
    for fact in facts:
        body = _fact_body(fact, left, width, stops)
        labels = [f"  {clean(fact.label)}"] + [""] * (len(body) - 1)
        role: Role = "adverse" if fact.label == "warning" else "plain"
        drawn += [((pad(label, left), "label"), (text, role)) for label, text in zip(labels, body, strict=True)]
    return tuple(drawn)


def _label_width(fact: Fact) -> int:
    return width(clean(fact.label))


def _stacked(fact: Fact, width: int) -> list[Line]:
    body = (text for row in fact.rows for text in _fill([clean(cell) for cell in row], width - 4))
    return [*wrapped(fact.label, width, "label", start="  "), *(((f"    {text}", "plain"),) for text in body)]


def _fact_body(fact: Fact, left: int, width: int, stops: set[int]) -> list[str]:
    """Lay the rows of a fact out right of its label: on the common grid if they fit, else as tightly as needed.

    The label names the first cell of a row; after it, cells come in pairs of a name and its value, so a value is
    followed by a wide gap and a name by a narrow one. A column starts at a stop of an earlier fact when one is near.
    """
    rows = [[clean(cell) for cell in row] for row in fact.rows] or [[""]]
    widths = _column_widths(rows)
    starts = _starts(widths, left, stops)
    columns = zip_longest(*rows, fillvalue="")
    right = [len(rows) > 1 and _is_numeric(column) for column in columns]
    if starts[-1] + widths[-1] <= width:
        stops.update(starts)
        return [_on_grid(row, starts, widths, right, left) for row in rows]
    if len(rows) > 1:
        return _squeezed(rows, widths, right, width - left)
    return _fill(rows[0], width - left)


def _column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(width, column)) for column in zip_longest(*rows, fillvalue="")] or [0]


def _starts(widths: Sequence[int], left: int, stops: Iterable[int]) -> list[int]:
    starts = [left]
    for index, size in enumerate(widths[:-1]):
        end = starts[-1] + size
        near = [stop for stop in stops if end + PAIR_GAP <= stop <= end + GROUP_GAP]
        starts.append(end + PAIR_GAP if index % 2 else min(near, default=end + GROUP_GAP))
    return starts


def _is_numeric(cells: Iterable[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(re.match(r"[^\w\s]{0,3}\d", cell) for cell in filled)


def _on_grid(row: Sequence[str], starts: Sequence[int], widths: Sequence[int], right: Sequence[bool], left: int) -> str:
    text = ""
    for cell, start, size, align in zip(row, starts, widths, right, strict=False):
        text = pad(text, start - left) + pad(cell, size, right=align)
    return text


def _squeezed(rows: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[bool], space: int) -> list[str]:
    """Wrap the first column so that the others stay in line; below each other where even that does not fit."""
    first = space - sum(widths[1:]) - PAIR_GAP * len(widths[1:])
    if first < NARROWEST_LABEL:
        return [line for row in rows for line in _fill(row, space)]
    starts = [0]
    for size in (first, *widths[1:-1]):
        starts.append(starts[-1] + size + PAIR_GAP)
    drawn = []
    for row in rows:
        head, *more = wrap(row[0] if row else "", first)
        drawn += [_on_grid((head, *row[1:]), starts, (first, *widths[1:]), right, 0), *(f"  {line}" for line in more)]
    return drawn


def _fill(row: Sequence[str], space: int) -> list[str]:
    """Put a row's groups one after another, and on the next line what no longer fits."""
    gap = " " * PAIR_GAP
    groups = [*row[:1], *(gap.join(row[index : index + 2]) for index in range(1, len(row), 2))]
    drawn: list[str] = []
    for group in groups:
        if drawn and width(drawn[-1]) + PAIR_GAP + width(group) <= space:
            drawn[-1] += gap + group
        else:
            drawn += wrap(group, space)
    return drawn or [""]


def _table(view: Table, width: int) -> tuple[Line, ...]:
    drawn = wrapped(view.title, width, "title")
    blocks = _blocks(view, width) if view.rows else []
    for number, (columns, sizes) in enumerate(blocks):
        drawn += [()] if number else []
        drawn += _block(view, columns, sizes, min(3, max(2, _gap(sizes, width))))
    for note in view.notes:
        drawn += wrapped(note, width, "muted", indent="  ")
    return tuple(drawn)


def _gap(sizes: Sequence[int], width: int) -> int:
    return (width - sum(sizes)) // max(1, len(sizes) - 1)


def _blocks(view: Table, columns: int) -> list[tuple[tuple[int, ...], list[int]]]:
    """Return which columns stand side by side, and how wide; each further block starts with the first column again."""
    natural = _natural_widths(view)
    least = [_least_width(view, index, natural[index], columns) for index in range(len(natural))]
    blocks: list[list[int]] = [[]]
    for index, size in enumerate(least):
        used = sum(least[other] + 2 for other in blocks[-1])
        if len(blocks[-1]) > 1 and used + size > columns:
            blocks.append([0])
        blocks[-1].append(index)
    return [(tuple(block), _fit([natural[i] for i in block], [least[i] for i in block], columns)) for block in blocks]


def _least_width(view: Table, index: int, natural: int, columns: int) -> int:
    """Return the least width: numbers never break, words from a third of the room on, an outline from half of it on."""
    texts = [row[index].text for row in view.rows]
    if view.columns[index].align == "right":
        return natural if columns > 2 * NARROWEST else max((width(clean(text)) for text in texts), default=0)
    if any(text.startswith(" ") for text in texts):
        return min(natural, columns // 2)
    longest = max((width(word) for text in texts for word in clean(text).split(" ")), default=0)
    return min(natural, max(min(NARROWEST_LABEL, columns // 2 - 2), min(longest, columns // 3)))


def _natural_widths(view: Table) -> list[int]:
    cells = ([clean(cell.text) for cell in row] for row in view.rows)
    heads = [clean(column.label) for column in view.columns]
    return [max(map(width, column)) for column in zip(heads, *cells, strict=True)]


def _fit(natural: Sequence[int], least: Sequence[int], columns: int) -> list[int]:
    """Narrow the columns with the most to give, step by step, until all stand within `columns`."""
    sizes = [max(low, min(size, columns)) for size, low in zip(natural, least, strict=True)]
    excess = sum(sizes) + 2 * (len(sizes) - 1) - columns
    while excess > 0:
        widest = max(range(len(sizes)), key=lambda index: sizes[index] - least[index])
        if sizes[widest] == least[widest]:
            break
        sizes[widest] -= 1
        excess -= 1
    return sizes


def _block(view: Table, columns: Sequence[int], sizes: Sequence[int], gap: int) -> list[Line]:
    shown = [view.columns[index] for index in columns]
    drawn = _row([Cell(column.label) for column in shown], shown, sizes, gap, "label")
    drawn.append((("─" * (sum(sizes) + gap * (len(sizes) - 1)), "muted"),))
    for row in view.rows:
        drawn += _row([row[index] for index in columns], shown, sizes, gap)
    return drawn


def _row(
    cells: Sequence[Cell], columns: Sequence[Column], sizes: Sequence[int], gap: int, head: Role | None = None
) -> list[Line]:
    broken = [_wrap_cell(clean(cell.text), size) for cell, size in zip(cells, sizes, strict=True)]
    roles = [head or _role(cell) for cell in cells]
    drawn: list[Line] = []
    for texts in zip_longest(*broken, fillvalue=""):
        pieces: list[Piece] = []
        for index, (text, role, column, size) in enumerate(zip(texts, roles, columns, sizes, strict=True)):
            pieces.append((" " * (gap if index else 0) + pad(text, size, right=column.align == "right"), role))
        drawn.append(tuple(pieces))
    return drawn


def _role(cell: Cell) -> Role:
    return "plain" if cell.tone == "neutral" else cell.tone


def _wrap_cell(text: str, size: int) -> tuple[str, ...]:
    """Wrap a cell, keeping its indentation (an outline's branches) on every line."""
    bare = text.lstrip(" ")
    indent = min(len(text) - len(bare), size - NARROWEST_LABEL)
    if indent <= 0 or width(text) <= size:
        return wrap(text, size)
    return tuple(" " * indent + line for line in wrap(bare, size - indent))
