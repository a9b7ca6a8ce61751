from __future__ import annotations

import sys
from pathlib import Path

import pytest

from impacttree.errors import OutputError
from impacttree.render import mimebundle, to_text
from impacttree.views import Headline, Table
from tests.render.views import TORNADO, VIEWS


@pytest.mark.parametrize("name", VIEWS)
def test_all_come_as_html_and_pictures_as_svg_too(name: str) -> None:
    view = VIEWS[name]
    bundle = mimebundle(view)
    picture = not isinstance(view, Headline | Table)
    assert set(bundle) == {"text/plain", "text/html"} | ({"image/svg+xml"} if picture else set())
    assert bundle["text/plain"] == to_text(view)


def test_a_chart_without_matplotlib_comes_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert set(mimebundle(TORNADO)) == {"text/plain"}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shows_and_saves_itself(name: str, tmp_path: Path) -> None:
    view = VIEWS[name]
    assert view._repr_mimebundle_() == mimebundle(view)
    assert str(view) == to_text(view)
    view.save(tmp_path / "view.txt")
    assert (tmp_path / "view.txt").read_text(encoding="utf-8") == f"{view}\n"
    with pytest.raises(OutputError, match="exists already"):
        view.save(tmp_path / "view.txt", overwrite=False)
