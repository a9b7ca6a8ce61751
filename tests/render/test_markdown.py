from __future__ import annotations

import dataclasses
import re

import pytest
from markdown_it import MarkdownIt

from impacttree.render import to_markdown
from impacttree.render.characters import clean
from impacttree.views import Cell, Column, Headline, Table
from tests.render.views import DIAGRAM, HEADLINE, HOSTILE_TEXTS, TABLE, TORNADO, VIEWS, hostile

READER = MarkdownIt("commonmark").enable("table")
"""A reader of GitHub's dialect, which passes HTML on."""


def html_of(view: object) -> str:
    return READER.render(to_markdown(view))  # type: ignore[arg-type] - any of the views


def words(html: str) -> str:
    text = re.sub(r"<[^>]*>", " ", html)
    for entity, letter in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, letter)
    return " ".join(text.split())


def test_a_headline_is_a_heading_and_a_list() -> None:
    html = html_of(HEADLINE)
    assert html.startswith(f"<h1>{HEADLINE.title.split()[0]}")
    assert html.count("<strong>") == len(HEADLINE.facts) + len(HEADLINE.warnings)
    for fact in HEADLINE.facts:
        assert all(cell in words(html) for row in fact.rows for cell in row)


def test_a_table_is_a_table() -> None:
    html = html_of(TABLE)
    assert html.count("<tr>") == 1 + len(TABLE.rows)
    assert html.count("</th>") == len(TABLE.columns)
    assert all(cell.text in words(html) for row in TABLE.rows for cell in row)
    assert all(note in words(html) for note in TABLE.notes)


def test_a_chart_is_its_text_and_a_diagram_a_flowchart_above_its_outline() -> None:
    assert '<pre><code class="language-text">' in html_of(TORNADO)
    html = html_of(DIAGRAM)
    assert '<pre><code class="language-mermaid">flowchart LR' in html
    assert html.count("<tr>") > len(DIAGRAM.cards)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
@pytest.mark.parametrize("name", ["headline", "table", "tornado", "diagram"])
def test_hostile_text_is_shown_as_it_is_and_nothing_else(name: str, text: str) -> None:
    view = VIEWS[name]
    attacked, plain = html_of(hostile(view, text)), html_of(hostile(view, "x"))
    tags = [re.findall(r"<[a-z0-9/]+", html) for html in (attacked, plain)]
    assert tags[0] == tags[1]
    assert words(clean(text)) in words(attacked) or " ".join(clean(text).split()) in words(attacked)


@pytest.mark.parametrize(
    "text", ["- item", "+ item", "# head", "1. one", "2) two", "> said", "---", "===", "| a | b |"]
)
def test_nothing_begins_a_block(text: str) -> None:
    note = Table("", (Column("a"),), ((Cell("1"),),), notes=(text,))
    last = READER.render(to_markdown(note)).rstrip().splitlines()[-1]
    assert last == f"<p>{text.replace('>', '&gt;')}</p>"
    assert READER.render(to_markdown(Headline(text))).startswith("<h1>")


def test_a_fence_holds_what_looks_like_one() -> None:
    view = dataclasses.replace(TORNADO, base_text="```")
    assert html_of(view).count("<pre>") == 1
