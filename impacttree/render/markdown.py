"""Any view as Markdown for wikis, pull requests and mails; everything from the model is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from impacttree.render.characters import clean
from impacttree.views import Chart, Diagram, Fact, Headline, Table, View

__all__ = ["to_markdown"]

CHART_COLUMNS = 100
MEANS_SOMETHING = re.compile(r"([\\`*_{}\[\]|~$])")
BEGINS_A_BLOCK = re.compile(r"^(\s*)(#{1,6}(?=\s|$)|[-+](?=\s|$)|=+\s*$|-+\s*$|>)")
BEGINS_A_NUMBER = re.compile(r"^(\s*\d+)([.)])(?=\s|$)")


def to_markdown(view: View) -> str:
    r"""Return `view` as Markdown: a chart as its text form, a diagram as a Mermaid flowchart above its outline.

    Examples
    --------
    >>> from impacttree.views import Fact
    >>> print(to_markdown(Headline("+1% engagement adds $17k", (Fact("range (P10 to P90)", (("$9k to $26k",),)),))))
    # +1% engagement adds \$17k
    <BLANKLINE>
    - **range (P10 to P90)**: \$9k to \$26k
    """
    return "\n\n".join(block for block in _blocks(view) if block)


def _blocks(view: View) -> Iterator[str]:
    yield _heading(view.title)
    match view:
        case Headline():
            yield "\n".join(line for fact in _facts(view) for line in _fact(fact))
        case Table():
            yield from (_grid(view), *map(_text, view.notes))
        case Diagram():
            yield from _diagram(view)
        case _:
            yield from _chart(view)


def _heading(title: str) -> str:
    return f"# {_text(title)}" if title else ""


def _text(text: str) -> str:
    """Return text in which nothing has a meaning."""
    shown = MEANS_SOMETHING.sub(r"\\\1", clean(text).replace("&", "&amp;").replace("<", "&lt;"))
    shown = BEGINS_A_BLOCK.sub(r"\1\\\2", shown)
    return BEGINS_A_NUMBER.sub(r"\1\\\2", shown)


def _facts(view: Headline) -> Iterator[Fact]:
    yield from view.facts
    yield from (Fact("warning", ((warning,),)) for warning in view.warnings)


def _fact(fact: Fact) -> Iterator[str]:
    rows = [_run_on(row) for row in fact.rows]
    if len(rows) == 1:
        yield f"- **{_text(fact.label)}**: {rows[0]}"
    else:
        yield from (f"- **{_text(fact.label)}**:", *(f"  - {row}" for row in rows))


def _run_on(row: Iterable[str]) -> str:
    """Join a value and the pairs of a name and a value that follow it."""
    first, *others = map(_text, row)
    return "".join((first, *(f" · {cell}" if index % 2 == 0 else f" {cell}" for index, cell in enumerate(others))))


def _grid(view: Table) -> str:
    heads = [_text(column.label) for column in view.columns] if view.rows else []
    rules = ["---:" if column.align == "right" else "---" for column in view.columns]
    rows = [[_cell(cell.text) for cell in row] for row in view.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows)) if heads else ""


def _cell(text: str) -> str:
    """Keep the indentation of an outline, which Markdown would drop."""
    bare = text.lstrip(" ")
    return "&nbsp;" * (len(text) - len(bare)) + _text(bare)


def _chart(view: Chart) -> Iterator[str]:
    from impacttree.render.text import to_text

    yield _text(view.subtitle)
    yield _fenced(to_text(replace(view, title="", subtitle="", notes=()), CHART_COLUMNS), "text")
    yield from map(_text, view.notes)


def _diagram(view: Diagram) -> Iterator[str]:
    from impacttree.render.mermaid import to_mermaid
    from impacttree.render.outline import outline

    table = outline(view)
    yield _text(view.subtitle)
    yield _fenced(to_mermaid(replace(view, title="", subtitle="", callout=None, notes=())).rstrip(), "mermaid")
    yield from (_grid(table), *map(_text, table.notes))


def _fenced(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
