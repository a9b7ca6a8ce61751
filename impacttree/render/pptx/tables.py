"""Tables as native tables: columns as wide as their texts, totals ruled off, the row to read first tinted."""

from __future__ import annotations

from collections.abc import Sequence

from impacttree.render.layout.measure import clean, text_width
from impacttree.render.layout.style import ACCENT, ACCENT_DARK, ACCENT_TINT, INK
from impacttree.render.pptx import markup
from impacttree.render.pptx.blocks import GREY, RULE, heading, label
from impacttree.render.pptx.grid import Frame
from impacttree.render.pptx.markup import Ids, Paragraph
from impacttree.render.pptx.texts import height_of, lines_in
from impacttree.render.scene import Anchor, Box
from impacttree.views import Cell, Table

__all__ = ["draw_table", "stands_whole"]

SIZE = 12.0
_ROOM = (0.05, 0.12)
"""Between text and the left and right of its cell."""
_TALLEST = 0.46
_HEAD_LINES = 2
_LINES = (3, 2, 1)
"""Of a row at most: as many as all rows have room for."""
_INDENT = 0.14
"""By which a line of a statement stands in from the subtotal that it leads to."""
_WIDE = 1.35
"""A column of numbers has at most this many times the room that it needs."""
_BAR = 0.05


def draw_table(ids: Ids, frame: Frame, table: Table) -> str:
    """Return a native table under its title; rows without room are counted below."""
    head, inner = heading(ids, frame, table.title)
    widths, top, heights, most = _measured(table, inner)
    count = _fitting(heights, inner.height - top)
    more = len(table.rows) - count
    if more:
        count = _fitting(heights, inner.height - top - 0.3)
        more = len(table.rows) - count
    spare = inner.height - top - sum(heights[:count]) - (0.3 if more else 0.0)
    stretch = max(0.0, min(_TALLEST - min(heights[:count], default=_TALLEST), spare / max(1, count)))
    rows = [_row(_heads(table), table, widths, top, _HEAD_LINES, None)]
    rows += [_row(table.rows[k], table, widths, heights[k] + stretch, most, k) for k in range(count)]
    high = top + sum(heights[:count]) + count * stretch
    drawn = head + _frame(ids, inner, high, widths, rows, table)
    if table.accent is not None and table.accent < count:
        above = inner.top + top + sum(heights[: table.accent]) + table.accent * stretch
        bar = Box(inner.left - _BAR, above, _BAR, heights[table.accent] + stretch, fill=ACCENT)
        drawn += markup.box(ids, bar, "Accent")
    if more:
        below = Frame(inner.left, inner.top + high + 0.06, inner.width, 0.24)
        drawn += label(ids, below, f"{more} more {'row' if more == 1 else 'rows'}", SIZE, GREY)
    return drawn


def stands_whole(frame: Frame, table: Table) -> bool:
    """Return whether a table without a title has room for all of its rows with no text cut."""
    widths, top, heights, most = _measured(table, frame)
    if _fitting(heights, frame.height - top) < len(heights):
        return False
    rooms = _rooms(table, widths)
    rows = [(_heads(table), _HEAD_LINES), *((row, most) for row in table.rows)]
    return all(
        " ".join(_lines(cell.text, room, lines, bold=True)) == " ".join(clean(cell.text).split())
        for row, lines in rows
        for cell, room in zip(row, rooms, strict=True)
    )


def _measured(table: Table, frame: Frame) -> tuple[list[float], float, list[float], int]:
    """Return the columns' widths, the heights of the head and of the rows, and how many lines a row has at most."""
    widths = _widths(table, frame.width)
    rooms = _rooms(table, widths)
    top = _height(_heads(table), rooms, _HEAD_LINES, bold=True)
    for most in _LINES:
        heights = [_height(row, rooms, most) for row in table.rows]
        if _fitting(heights, frame.height - top) == len(heights):
            break
    return widths, top, heights, most


def _heads(table: Table) -> list[Cell]:
    return [Cell(column.label) for column in table.columns]


def _rooms(table: Table, widths: Sequence[float]) -> list[float]:
    return [widths[0] - _inset(table), *widths[1:]]


def _widths(table: Table, width: float) -> list[float]:
    """Return the columns' widths: each as wide as its texts; where that is too wide figures whole, words shared out."""
    natural, least = [], []
    for number, column in enumerate(table.columns):
        texts = [clean(row[number].text) for row in table.rows]
        heads = [_in_two(clean(column.label))]
        words = texts if column.align == "right" else [word for text in texts for word in text.split()]
        natural.append(_wanted([*texts, clean(column.label)]))
        least.append(_wanted([*words, *heads]))
    natural[0] += _inset(table)
    least[0] += _inset(table)
    whole = sum(natural)
    if whole <= width:
        is_named = table.columns[0].align == "left"
        numbers = [k for k, column in enumerate(table.columns) if column.align == "right" and k] if is_named else []
        spare = min((width - whole) * 0.6, (_WIDE - 1.0) * sum(natural[k] for k in numbers))
        for k in numbers:
            natural[k] += spare / len(numbers)
        evenly = (width - sum(natural)) / len(natural) if not numbers else 0.0
        natural = [wide + evenly for wide in natural]
        natural[0] += width - sum(natural)
        return natural
    if sum(least) > width:
        return _shared_out(natural, width)
    more = _shared_out([wide - own for wide, own in zip(natural, least, strict=True)], width - sum(least))
    return [own + extra for own, extra in zip(least, more, strict=True)]


def _wanted(texts: Sequence[str]) -> float:
    """Return the width of a column in which each of these texts is one line."""
    return max((text_width(text, SIZE, True) for text in texts), default=0.0) * 1.04 + sum(_ROOM)


def _in_two(text: str) -> str:
    """Return the longer line of a text that is broken in two where that is the shortest.

    >>> _in_two("FY36, 11 months")
    'FY36, 11'
    """
    words = text.split()
    halves = [(" ".join(words[:k]), " ".join(words[k:])) for k in range(1, len(words))]
    longer = [max(pair, key=lambda half: text_width(half, SIZE, True)) for pair in halves]
    return min(longer, key=lambda half: text_width(half, SIZE, True), default=text)


def _shared_out(natural: Sequence[float], width: float) -> list[float]:
    """Return widths that fill a table: those that want little keep it, the others get the same.

    >>> _shared_out([1.0, 9.0, 2.0, 8.0], 11.0)
    [1.0, 4.0, 2.0, 4.0]
    """
    left, widths = width, list(natural)
    for rank, number in enumerate(sorted(range(len(natural)), key=natural.__getitem__)):
        widths[number] = min(natural[number], left / (len(natural) - rank))
        left -= widths[number]
    return widths


def _inset(table: Table) -> float:
    return _INDENT if table.totals else 0.0


def _lines(text: str, width: float, most: int, *, bold: bool) -> tuple[str, ...]:
    return lines_in(text, SIZE, width - sum(_ROOM), bold=bold, most=most)


def _height(row: Sequence[Cell], widths: Sequence[float], most: int, *, bold: bool = False) -> float:
    lines = max(
        (len(_lines(cell.text, width, most, bold=bold)) for cell, width in zip(row, widths, strict=True)), default=1
    )
    return height_of(max(1, lines), SIZE) + 0.08


def _fitting(heights: Sequence[float], room: float) -> int:
    used, count = 0.0, 0
    for height in heights:
        used += height
        if used > room + 1e-9:
            break
        count += 1
    return count


def _row(
    cells: Sequence[Cell], table: Table, widths: Sequence[float], height: float, most: int, number: int | None
) -> str:
    bold = number is None or number in table.totals or number == table.accent
    is_inner = bool(table.totals) and bool(number) and not bold
    drawn = []
    for cell, column, width in zip(cells, table.columns, widths, strict=True):
        color = GREY if number is None or not (bold or cell is cells[0]) else INK
        if number is not None and number == table.accent and cell is not cells[0] and cell.tone != "neutral":
            color = ACCENT_DARK
        text = " ".join(_lines(cell.text, width - (_inset(table) if cell is cells[0] else 0.0), most, bold=bold))
        anchor: Anchor = "end" if column.align == "right" else "start"
        paragraph = markup.full_paragraph(Paragraph(text, SIZE, color, bold, anchor))
        left = _ROOM[0] + (_INDENT if is_inner and cell is cells[0] else 0.0)
        drawn.append(
            f"<a:tc><a:txBody><a:bodyPr/>{paragraph}</a:txBody>"
            f'<a:tcPr marL="{markup.emu(left)}" marR="{markup.emu(_ROOM[1])}" marT="0" marB="0" anchor="ctr">'
            f"{_borders(number, table)}</a:tcPr></a:tc>"
        )
    return f'<a:tr h="{markup.emu(height)}">{"".join(drawn)}</a:tr>'


def _borders(number: int | None, table: Table) -> str:
    none = "<a:noFill/>"
    above = number is not None and number in table.totals
    below = GREY if number is None else RULE
    lines = {
        "lnL": none,
        "lnR": none,
        "lnT": markup.solid(GREY) if above else none,
        "lnB": markup.solid(below) if number is None or not table.totals else none,
    }
    tint = markup.solid(ACCENT_TINT) if number is not None and number == table.accent else none
    return "".join(f'<a:{side} w="9525">{paint}</a:{side}>' for side, paint in lines.items()) + tint


def _frame(ids: Ids, frame: Frame, height: float, widths: Sequence[float], rows: Sequence[str], table: Table) -> str:
    grid = "".join(f'<a:gridCol w="{markup.emu(width)}"/>' for width in widths)
    place = (
        f'<p:xfrm><a:off x="{markup.emu(frame.left)}" y="{markup.emu(frame.top)}"/>'
        f'<a:ext cx="{markup.emu(sum(widths))}" cy="{markup.emu(height)}"/></p:xfrm>'
    )
    return (
        f"<p:graphicFrame><p:nvGraphicFramePr>{markup.named(ids.take(), 'Table', table.title)}"
        '<p:cNvGraphicFramePr><a:graphicFrameLocks noGrp="1"/></p:cNvGraphicFramePr><p:nvPr/></p:nvGraphicFramePr>'
        f'{place}<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/table">'
        f'<a:tbl><a:tblPr firstRow="1"/><a:tblGrid>{grid}</a:tblGrid>{"".join(rows)}</a:tbl>'
        "</a:graphicData></a:graphic></p:graphicFrame>"
    )
