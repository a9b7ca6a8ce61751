from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from impacttree.render import to_rich, to_text
from impacttree.views import Headline, View
from tests.render.views import HOSTILE_TEXTS, TABLE, VIEWS, hostile

STYLE_CODE = re.compile(r"\x1b\[[\d;]*m")


def printed(view: View, columns: int, color: bool) -> str:
    stream = io.StringIO()
    system = "standard" if color else None
    console = Console(file=stream, width=columns, force_terminal=color, color_system=system, legacy_windows=False)
    console.print(to_rich(view))
    return stream.getvalue()


def stripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip("\n").split("\n")]


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("columns", [80, 130])
def test_the_terminal_shows_the_plain_text_with_colors_only(name: str, columns: int) -> None:
    view = VIEWS[name]
    assert stripped(printed(view, columns, color=False)) == to_text(view, columns).split("\n")
    colored = printed(view, columns, color=True)
    assert stripped(STYLE_CODE.sub("", colored)) == to_text(view, columns).split("\n")


def test_tones_have_colors() -> None:
    colored = printed(TABLE, 120, color=True)
    assert re.search(r"\x1b\[32m\s*\+\$217k", colored)
    assert re.search(r"\x1b\[31m\s*-\$29k", colored)


def test_markup_in_text_is_text() -> None:
    assert "[red]evil[/red] :smile:" in printed(Headline("[red]evil[/red] :smile:"), 80, color=True)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_sends_no_codes_of_its_own(text: str) -> None:
    for name in ("headline", "table", "tornado", "diagram"):
        output = STYLE_CODE.sub("", printed(hostile(VIEWS[name], text), 100, color=True))
        assert all(line.isprintable() for line in output.split("\n"))
