"""What every answer looks like in a notebook: it fits into 1,000 px and can be read in light and in dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impacttree import template
from impacttree.answers.result import Result
from tests.contracts.test_analyses import QUESTIONS, arguments, tree_of

pytestmark = pytest.mark.slow
WIDTH = 1000
THEMES = {
    "jupyter, light": ("light", '<body data-jp-theme-light="true">', "#ffffff", "rgba(0,0,0,.87)"),
    "jupyter, dark": ("light", '<body data-jp-theme-light="false">', "#111111", "#ffffff"),
    "jupyter, light on a dark system": ("dark", '<body data-jp-theme-light="true">', "#ffffff", "rgba(0,0,0,.87)"),
    "a page, light": ("light", "<body>", "#ffffff", "#1b2430"),
    "a page, dark": ("dark", "<body>", "#11171e", "#eef2f6"),
}

SEEN = (Path(__file__).parent / "seen.js").read_text(encoding="utf-8")


def answers(name: str) -> dict[str, Result]:
    tree = tree_of(name)
    found = {
        question: function(tree._subject, **arguments(function, name, every=False))
        for question, function in QUESTIONS.items()
    }
    if name == "saas":
        simulated = tree.simulate(samples=2_048)
        found |= {
            "diagram of a lift": tree.diagram(("engagement", "+5%")),
            "diagram of a loss": tree.diagram(("engagement", "-5%"), cut="board"),
            "histogram": simulated.histogram("profit"),
            "fan": simulated.fan("profit"),
        }
    return found


def check(browser: Any, html: dict[str, str]) -> dict[str, Any]:
    """Return what is too wide or too faint, by theme and answer."""
    wrong = {}
    for theme, (system, body, back, ink) in THEMES.items():
        tab = browser.new_page(viewport={"width": WIDTH, "height": 800}, color_scheme=system)
        for name, text in html.items():
            style = f"margin:0;background:{back};color:{ink};font:14px/1.5 Arial,sans-serif"
            tab.set_content(f"<!DOCTYPE html><html>{body[:-1]} style='{style}'>{text}</body></html>")
            seen = tab.evaluate(SEEN, [tab.evaluate("getComputedStyle(document.body).backgroundColor")])
            if seen["wide"] or seen["faint"]:
                wrong[theme, name] = {kind: found[:4] for kind, found in seen.items() if found}
        tab.close()
    return wrong


@pytest.mark.parametrize("name", ["saas", "internal", "duolingo"])
def test_every_answer_fits_and_can_be_read(browser: Any, name: str) -> None:
    html = {question: answer._repr_html_() for question, answer in answers(name).items()}
    assert None not in html.values()
    wrong = check(browser, {question: text or "" for question, text in html.items()})
    assert not wrong, "\n".join(map(str, wrong.items()))


@pytest.mark.parametrize("name", ["saas", "internal", "duolingo"])
def test_the_tree_itself_fits_and_can_be_read(browser: Any, name: str) -> None:
    assert check(browser, {name: template(name)._repr_mimebundle_()["text/html"]}) == {}
