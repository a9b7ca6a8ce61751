from __future__ import annotations

import sys

import pytest

from impacttree.render import mimebundle, to_text
from impacttree.views import Headline, Table
from tests.render.views import TORNADO, VIEWS


@pytest.mark.parametrize("name", VIEWS)
def test_pictures_come_as_svg_and_tables_as_html(name: str) -> None:
    view = VIEWS[name]
    bundle = mimebundle(view)
    picture = not isinstance(view, Headline | Table)
    assert set(bundle) == {"text/plain", "image/svg+xml" if picture else "text/html"}
    assert bundle["text/plain"] == to_text(view)


def test_a_chart_without_matplotlib_comes_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert set(mimebundle(TORNADO)) == {"text/plain"}
