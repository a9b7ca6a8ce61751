from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from impacttree.render import to_html, to_page
from impacttree.render.characters import clean
from impacttree.views import Headline, View
from tests.render.views import DIAGRAM, HEADLINE, HOSTILE_TEXTS, TABLE, TORNADO, VIEWS, hostile


class Structure(HTMLParser):
    """What a browser sees: tags with their attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text: list[str] = []
        self.comments: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
@pytest.mark.parametrize("view", [HEADLINE, TABLE], ids=["headline", "table"])
def test_hostile_text_changes_no_tag_and_no_attribute(view: View, text: str) -> None:
    harmless = Structure(to_page(hostile(view, "harmless")))
    shown = Structure(to_page(hostile(view, text)))
    assert shown.tags == harmless.tags
    assert shown.comments == []
    assert [part.replace(clean(text), "harmless") for part in shown.text] == harmless.text


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
@pytest.mark.parametrize("view", [TORNADO, DIAGRAM], ids=["tornado", "diagram"])
def test_hostile_text_in_a_picture_adds_no_kind_of_tag_or_attribute(view: View, text: str) -> None:
    harmless = Structure(to_page(hostile(view, "harmless text")))
    shown = Structure(to_page(hostile(view, text)))
    assert {tag for tag, _ in shown.tags} <= {tag for tag, _ in harmless.tags}
    names = {name for _, attributes in shown.tags for name in attributes}
    assert names <= {name for _, attributes in harmless.tags for name in attributes}


@pytest.mark.parametrize("name", VIEWS)
def test_pages_are_well_formed_and_load_nothing(name: str) -> None:
    page = to_page(VIEWS[name])
    root = ElementTree.fromstring(page)
    assert root.tag == "html"
    tags = {tag for tag, _ in Structure(page).tags}
    assert not tags & {"script", "link", "iframe", "img", "object", "embed", "image", "a", "foreignobject"}
    for _, attributes in Structure(page).tags:
        assert not any(name.startswith("on") for name in attributes)


def test_a_table_says_what_it_says() -> None:
    text = "".join(Structure(to_html(TABLE)).text)
    for row in TABLE.rows:
        for cell in row:
            assert cell.text in text
    assert all(note in text for note in TABLE.notes)
    assert all(column.label in text for column in TABLE.columns)


def test_adverse_is_outlined_and_favourable_filled() -> None:
    html = to_html(TABLE)
    assert 'background:#00795a;border:1.5px solid #00795a;color:#fff">+$217k' in html
    assert 'border:1.5px solid #d55e00">-$29k' in html


def test_a_picture_brings_its_words() -> None:
    html = to_html(TORNADO)
    assert html.index("<svg") < html.index("<details")
    assert "█ better" in html


def test_an_untitled_view_has_no_empty_title() -> None:
    assert to_html(Headline("")) == "<div></div>"
