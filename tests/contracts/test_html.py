"""What every answer looks like in a notebook: it fits into 1,000 px and can be read in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from impacttree import template
from impacttree.answers.result import Result
from tests.contracts.test_analyses import QUESTIONS, arguments, tree_of
from tests.export.javascript import CHROMIUM, CHROMIUM_FLAGS

pytestmark = pytest.mark.slow
WIDTH = 1000
THEMES = {
    "jupyter, light": ("light", '<body data-jp-theme-light="true">', "#ffffff", "rgba(0,0,0,.87)"),
    "jupyter, dark": ("light", '<body data-jp-theme-light="false">', "#111111", "#ffffff"),
    "jupyter, light on a dark system": ("dark", '<body data-jp-theme-light="true">', "#ffffff", "rgba(0,0,0,.87)"),
    "a page, light": ("light", "<body>", "#ffffff", "#1b2430"),
    "a page, dark": ("dark", "<body>", "#11171e", "#eef2f6"),
}

SEEN = """([back]) => {
  const number = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((one, k) => a * one + (1 - a) * below[k]);
  const light = (rgb) => rgb.map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, k) => sum + one * [0.2126, 0.7152, 0.0722][k], 0);
  const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
  const paint = (node) => (node instanceof SVGElement ? getComputedStyle(node).fill : getComputedStyle(node).backgroundColor);
  const ground = (node, x, y) => {
    let found = number(back);
    for (const one of document.elementsFromPoint(x, y).reverse()) {
      if (one.tagName === "text" || one.tagName === "tspan" || one.tagName === "svg" || one.tagName === "g") continue;
      const color = number(paint(one));
      if (color.length >= 3 && getComputedStyle(one).fill !== "none") found = over(color, found);
    }
    return found;
  };
  const wide = [], faint = [];
  for (const node of document.body.querySelectorAll("*")) {
    const box = node.getBoundingClientRect();
    if (box.right > innerWidth + 0.5 && box.width && node.closest("details:not([open]) > :not(summary)") === null) wide.push(`${node.tagName} to ${box.right}`);
    if (node.closest("details:not([open]) > :not(summary)") === null && node.scrollWidth > node.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(node).overflowX) && node.clientWidth) wide.push(`${node.tagName} scrolls`);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement, isDrawn = node instanceof SVGElement;
    if (!texts.currentNode.data.trim() || ["STYLE", "title", "desc"].includes(node.tagName) || node.closest("details:not([open]) > :not(summary)")) continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    scrollTo(0, box.top + scrollY - 200);
    const now = range.getBoundingClientRect(), style = getComputedStyle(node);
    let opacity = 1;
    for (let one = node; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
    const below = ground(node, now.left + now.width / 2, now.top + now.height / 2);
    const [r, g, b, a = 1] = number(isDrawn ? style.fill : style.color), found = ratio(over([r, g, b, a * opacity], below), below);
    const size = parseFloat(style.fontSize) * (isDrawn ? node.getScreenCTM().a : 1), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 600);
    if (found < (isLarge ? 3 : 4.5)) faint.push(`${texts.currentNode.data.trim().slice(0, 30)}: ${found.toFixed(2)} (${r},${g},${b} on ${below.map(Math.round)})`);
  }
  return { wide, faint };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS))
        yield started
        started.close()


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
