"""The widget where people meet it: JupyterLab, Notebook 7, marimo, and a page made of a notebook without a kernel."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import impacttree as it
from tests.export.javascript import until
from tests.notebook.servers import asked, jupyter, notebook, running

pytestmark = pytest.mark.slow
pytest.importorskip("anywidget")
BEGIN = 'import impacttree as it\ntree = it.template("saas")\nsliders = tree.explore(("engagement", "+5%"))\nsliders'
READ = 'print("HAS", sliders.changes, round(sliders.worth.total), sliders.values["engagement"])'
ASSIGN = 'sliders.changes = {"arpu": "=$32"}'
WRONG = 'sliders.changes = {"engagement": "5%"}'
SLOW = 60_000
"""Milliseconds that a step in a browser may take before the test fails."""
NUMBER = re.compile(r"\[\d+\]")
"""Beside a cell that has run."""
NO_NEWS = "--LabApp.news_url=None"


class Opened:
    """A notebook in a tab, whose cells can be run; errors of the widget's script are kept."""

    def __init__(self, browser: Any, address: str) -> None:
        self.tab = browser.new_page(viewport={"width": 1600, "height": 1100})
        self.tab.set_default_timeout(SLOW)
        self.wrong: list[str] = []
        self.tab.on("pageerror", lambda error: self.wrong.append(error.stack) if "blob:" in error.stack else None)
        self.tab.goto(address)
        self.tab.wait_for_selector(".jp-Notebook .jp-CodeCell")

    def connected(self, address: str, token: str) -> None:
        """Wait until the notebook is connected to its kernel, and that rests: what is run before may be lost."""
        until(self.tab, lambda: any(kernel_rests(one) for one in asked(f"{address}/api/kernels?token={token}")))

    def run(self, number: int) -> Any:
        """Run a cell to its end; return what stands below it."""
        cell = self.tab.locator(".jp-CodeCell").nth(number)
        cell.locator(".cm-content").click()
        self.tab.keyboard.press("Control+Enter")
        cell.locator(".jp-InputPrompt", has_text=NUMBER).wait_for()
        return cell.locator(".jp-OutputArea").first

    def says(self, text: str) -> None:
        """Wait until the sentence of the sliders has a text."""
        self.tab.locator("#sentence", has_text=text).wait_for()

    def ranged(self) -> str:
        """Return what stands below the sentence once Python has told the range."""
        below = self.tab.locator("#sub", has_text="(P10 to P90)")
        below.wait_for()
        text: str = below.inner_text()
        return text


def kernel_rests(kernel: dict[str, Any]) -> bool:
    return kernel["connections"] > 0 and kernel["execution_state"] == "idle"


def _claim(tree: it.ImpactTree, change: str) -> str:
    return tree.worth("engagement", change, range=False).claim


def _first(tree: it.ImpactTree) -> str:
    return f"#v-{tree._graph.by_name['engagement']}"


def test_in_jupyterlab_a_slider_moves_python_and_python_moves_the_slider(browser: Any, tmp_path: Path) -> None:
    tree = it.template("saas")
    (tmp_path / "sliders.ipynb").write_text(notebook(BEGIN, READ, ASSIGN, READ, WRONG, READ), encoding="utf-8")
    with jupyter("lab", tmp_path, [NO_NEWS, "--LabApp.expose_app_in_browser=True"]) as (address, token):
        lab = Opened(browser, f"{address}/lab/tree/sliders.ipynb?token={token}")
        tab = lab.tab
        lab.connected(address, token)
        lab.run(0)
        lab.says(f"+5% Weekly engagement {_claim(tree, '+5%')}")
        assert lab.ranged().endswith("through lower monthly churn.")

        tab.locator(f"{_first(tree)}-range").focus()
        for _ in range(8):
            tab.keyboard.press("ArrowRight")
        lab.ranged()
        shown = tab.input_value(_first(tree))
        assert shown != "44.1%"
        told = lab.run(1).locator("text=HAS").inner_text()
        change = told.split("'")[3]
        worth = tree.worth("engagement", change)
        assert f"HAS {{'engagement': '{change}'}} {round(worth.total)} " in told
        assert shown == f"{100 * worth.metric_after:.1f}%"
        assert worth.claim in tab.inner_text("#sentence")

        lab.run(2)
        lab.says("ARPU adds")
        assert tab.input_value(f"#v-{tree._graph.by_name['arpu']}") == "$32"
        assert tab.input_value(_first(tree)) == "42.0%"
        priced = f"HAS {{'arpu': '=$32'}} {round(tree.what_if({'arpu': '=$32'}).total)} 0.42"
        assert priced in lab.run(3).inner_text()
        assert "ChangeError" in lab.run(4).inner_text()
        assert priced in lab.run(5).inner_text()

        # A move that Python refuses is told in the widget, which goes back to the state that stands.
        tab.evaluate(
            "() => { const page = document.querySelector('[data-impacttree] > div').explorer;"
            " page.state.set(0, 5); page.changed(); }"
        )
        tab.locator(".wrong", has_text="outside its bounds").wait_for()
        assert tab.input_value(_first(tree)) == "42.0%"

        assert tab.locator("[data-impacttree] > div").get_attribute("data-theme") == "light"
        tab.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
        tab.wait_for_selector("[data-impacttree] > div[data-theme=dark]", state="attached")
        assert tab.evaluate("getComputedStyle(document.querySelector('[id^=impacttree-]')).display") == "none"
        assert lab.wrong == []
        tab.close()


def test_in_notebook_7_a_slider_moves_python(browser: Any, tmp_path: Path) -> None:
    tree = it.template("saas")
    (tmp_path / "sliders.ipynb").write_text(notebook(BEGIN, READ), encoding="utf-8")
    with jupyter("notebook", tmp_path) as (address, token):
        opened = Opened(browser, f"{address}/notebooks/sliders.ipynb?token={token}")
        opened.connected(address, token)
        opened.run(0)
        opened.says(f"+5% Weekly engagement {_claim(tree, '+5%')}")
        opened.tab.fill(_first(tree), "45%")
        opened.says("+7.14% Weekly engagement")
        opened.ranged()
        assert " 0.45" in opened.run(1).locator("text=HAS").inner_text()
        assert opened.wrong == []
        opened.tab.close()


MARIMO = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    import impacttree as it
    sliders = mo.ui.anywidget(it.template("saas").explore(("engagement", "+5%")))
    sliders
    return mo, sliders

@app.cell
def _(mo, sliders):
    sliders.value
    mo.md(f"HAS {sliders.widget.changes} {round(sliders.widget.worth.total)}")
    return
"""


def test_in_marimo_a_slider_moves_what_follows(browser: Any, tmp_path: Path) -> None:
    pytest.importorskip("marimo")
    tree = it.template("saas")
    (tmp_path / "sliders.py").write_text(MARIMO, encoding="utf-8")
    command = [sys.executable, "-m", "marimo", "run", "sliders.py", "--headless", "--no-token", "--port"]
    with running(lambda port: [*command, str(port)], tmp_path, "/health") as address:
        tab = browser.new_page(viewport={"width": 1300, "height": 1000})
        tab.set_default_timeout(SLOW)
        tab.goto(address)
        tab.locator("#sentence", has_text=f"+5% Weekly engagement {_claim(tree, '+5%')}").wait_for()
        tab.locator(f"text=HAS {{'engagement': '+5%'}} {round(tree.worth('engagement', '+5%').total)}").wait_for()
        tab.fill(_first(tree), "45%")
        tab.locator("#sentence", has_text="+7.14% Weekly engagement").wait_for()
        tab.locator("text=/HAS .*'\\+7.14/").wait_for()
        tab.close()


def test_a_page_made_of_a_notebook_shows_the_last_state(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "sliders.ipynb").write_text(notebook(BEGIN, ASSIGN), encoding="utf-8")
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--execute", "--to", "html", "sliders.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr[-3000:]
    context = browser.new_context(viewport={"width": 1000, "height": 900}, offline=True)
    tab = context.new_page()
    tab.goto(f"file://{tmp_path}/sliders.html", wait_until="domcontentloaded")
    picture = tab.locator("img[id^=impacttree-]")
    picture.wait_for()
    box = picture.bounding_box()
    assert box["width"] > 600
    assert box["x"] + box["width"] <= 1000
    svg = tab.evaluate("picture => fetch(picture.src).then((found) => found.text())", picture.element_handle())
    assert "ARPU" in svg.split("</title>")[0]
    context.close()


def test_other_formats_get_the_picture_too(tmp_path: Path) -> None:
    (tmp_path / "sliders.ipynb").write_text(notebook(BEGIN, ASSIGN), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "nbconvert",
        "--execute",
        "--to",
        "notebook",
        "--inplace",
        "sliders.ipynb",
    ]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    cells = json.loads((tmp_path / "sliders.ipynb").read_text(encoding="utf-8"))["cells"]
    widget, picture = (output["data"] for output in cells[0]["outputs"])
    assert "application/vnd.jupyter.widget-view+json" in widget
    assert {"image/svg+xml", "text/html", "text/plain"} <= set(picture)
    assert "ARPU" in "".join(picture["image/svg+xml"]).split("</title>")[0]
