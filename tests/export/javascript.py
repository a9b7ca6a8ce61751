"""Runs the script of the page, in node or in Chromium: what it computes comes back as data."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from impacttree.export.script import as_json, script
from impacttree.quantity import Intervention

CHROMIUM = "/usr/bin/chromium"
ENGINES = ("node", "chromium")
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

DRIVER = """
function answer({model: data, periods, changes, outcome, lift}) {
  const model = new Model(data);
  const given = new Map(changes);
  const run = model.run(periods, given);
  const shown = (row) => Array.from(row, (x) => (Number.isFinite(x) ? x : null));
  const found = { rows: run.rows.map(shown), horizon: shown(model.horizon(run)) };
  if (lift) {
    const split = new Lift(model, periods, given, outcome);
    found.flows = split.flows;
    found.nodes = split.nodes.length;
    found.total = split.total;
  }
  return found;
}
"""


def told(change: Intervention, periods: int, timings: dict[str, Any]) -> dict[str, Any]:
    """Return a change as the script takes it; what its weights are by period goes to the timings."""
    *before, last = (_step(step, periods, timings) for step in change.steps)
    return {**last, **({"before": before} if before else {})}


def _step(step: Intervention, periods: int, timings: dict[str, Any]) -> dict[str, Any]:
    told = {"kind": step.kind, "scale": _plain(step.scale), "shift": _plain(step.shift)}
    if step.weights is None:
        return told
    when = f"time {len(timings)}"
    timings[when] = {"weights": [step.weights.at(t) for t in range(1, periods + 1)]}
    return {**told, "when": when}


def _plain(number: Any) -> Any:
    return number if isinstance(number, float) else number.tolist()


def run_all(engine: str, questions: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Return what the page's script answers to each question; skips where the engine is missing."""
    code = script() + DRIVER
    return in_node(code, questions, folder) if engine == "node" else in_chromium(code, questions)


def in_node(code: str, questions: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    path = folder / "questions.mjs"
    asked = as_json({"asked": questions})
    path.write_text(f"{code}\nconst {{asked}} = {asked};\nconsole.log(JSON.stringify(asked.map(answer)));", "utf-8")
    done = subprocess.run(["node", str(path)], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr[-3000:]
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def in_chromium(code: str, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(f"<script>{code}\nwindow.answer = answer;</script>")
        answers: list[dict[str, Any]] = [page.evaluate("(question) => window.answer(question)", q) for q in questions]
    return answers


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium without a window, and end it; skips where it or Playwright is missing."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


def until(tab: Any, holds: Callable[[], bool]) -> None:
    """Wait for what a page does a moment later, however slow the machine is."""
    for _ in range(600):
        if holds():
            return
        tab.wait_for_timeout(100)
    raise AssertionError("never")
