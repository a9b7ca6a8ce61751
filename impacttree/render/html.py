"""Any view as HTML: a fragment for notebooks and mails, a page for files; everything from the model is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from impacttree.render.characters import clean
from impacttree.views import Cell, Chart, Column, Diagram, Fact, Headline, Table, View

__all__ = ["to_html", "to_page"]

# Colors are half transparent or the reader's own, so that light and dark notebooks both work.
RULE = "1px solid rgba(128,128,128,.4)"
QUIET = "opacity:.75"
TABLE = "border-collapse:collapse;border:none;margin:0"
CELL = "padding:.2em .9em .2em 0;border:none;vertical-align:top;background:none"
PILLS: Final = {
    "favourable": "background:#00795a;border:1.5px solid #00795a;color:#fff",
    "adverse": "border:1.5px solid #d55e00",
}
PILL = "border-radius:.9em;padding:0 .5em;white-space:nowrap"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:"/>
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 Arial, 'Liberation Sans', Helvetica, sans-serif; margin: 2rem auto; max-width: 84rem;
  padding: 0 1.5rem }}
svg {{ max-width: 100%; height: auto }}
pre {{ font-family: ui-monospace, Menlo, Consolas, monospace; overflow-x: auto }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def to_html(view: View) -> str:
    """Return `view` as an HTML fragment without scripts, styled inline; a picture is inline SVG and its text form.

    Examples
    --------
    >>> to_html(Headline("R&D adds $17k"))
    '<div><p style="font-weight:600;margin:0 0 .5em">R&amp;D adds $17k</p></div>'
    """
    match view:
        case Headline():
            return _headline(view)
        case Table():
            return _table(view)
        case _:
            return _picture(view)


def to_page(view: View) -> str:
    """Return `view` as a whole HTML document that loads nothing and runs nothing."""
    return PAGE.format(title=_text(view.title), body=to_html(view))


def _text(text: str) -> str:
    return escape(clean(text), quote=True)


def _title(text: str) -> str:
    return f'<p style="font-weight:600;margin:0 0 .5em">{_text(text)}</p>' if text else ""


def _headline(view: Headline) -> str:
    columns = max([1, *(len(row) for fact in view.facts if len(fact.rows) > 1 for row in fact.rows)])
    facts = (*view.facts, *(Fact("warning", ((warning,),)) for warning in view.warnings))
    rows = "".join(row for fact in facts for row in _fact(fact, columns))
    table = f'<table style="{TABLE}">{rows}</table>' if rows else ""
    return f"<div>{_title(view.title)}{table}</div>"


def _fact(fact: Fact, columns: int) -> Iterator[str]:
    """Yield a table row for each row of the fact; the label names the first, cells of a single row run on."""
    for number, row in enumerate(fact.rows or ((),)):
        label = _text(fact.label) if not number else ""
        head = f'<th style="{CELL};text-align:left;font-weight:normal;{QUIET};white-space:nowrap">{label}</th>'
        if len(fact.rows) > 1:
            cells = "".join(
                f'<td style="{CELL};text-align:{"right" if index else "left"}">{_text(cell)}</td>'
                for index, cell in enumerate(row)
            )
        else:
            cells = f'<td colspan="{columns}" style="{CELL};text-align:left">{_run_on(row)}</td>'
        yield f"<tr>{head}{cells}</tr>"


def _run_on(row: Iterable[str]) -> str:
    """Join a value and the pairs of a name and a value that follow it."""
    parts = []
    for index, cell in enumerate(row):
        quiet = f' style="{QUIET};margin-left:1.5em"' if index % 2 else ""
        parts.append(f"<span{quiet}>{_text(cell)}</span>")
    return " ".join(parts)


def _table(view: Table) -> str:
    head = f"{CELL};border-bottom:{RULE};vertical-align:bottom"
    heads = "".join(
        f'<th style="{head};text-align:{column.align}">{_text(column.label)}</th>' for column in view.columns
    )
    rows = "".join(f"<tr>{''.join(map(_cell, row, view.columns))}</tr>" for row in view.rows)
    table = f'<table style="{TABLE}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div>{_title(view.title)}<div style="overflow-x:auto">{table}</div>{_notes(view.notes)}</div>'


def _cell(cell: Cell, column: Column) -> str:
    text = _text(cell.text)
    if cell.tone in PILLS and text:
        text = f'<span style="{PILL};{PILLS[cell.tone]}">{text}</span>'
    return f'<td style="{CELL};text-align:{column.align}">{text}</td>'


def _notes(notes: Iterable[str]) -> str:
    return "".join(f'<p style="font-size:.85em;margin:.4em 0 0;{QUIET}">{_text(note)}</p>' for note in notes)


def _picture(view: Chart | Diagram) -> str:
    from impacttree.render.drawing import draw_svg
    from impacttree.render.text import to_text
    from impacttree.render.themes import CLASS, themed_style

    svg = draw_svg(view).decode()
    svg = svg[svg.index("<svg") :].rstrip()
    words = "\n".join(_text(line) for line in to_text(view).splitlines())
    text = f'<pre style="overflow-x:auto">{words}</pre>'
    details = f'<details style="margin-top:.5em"><summary>As text</summary>{text}</details>'
    return f'<figure class="{CLASS}" style="margin:0"><style>{themed_style()}</style>{svg}{details}</figure>'
