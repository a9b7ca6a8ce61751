"""What the pages of the reference say is what the program does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted((DOCS / "reference").glob("*.md"))
ARCHITECTURE = DOCS / "explanation" / "architecture.md"


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", [*PAGES, ARCHITECTURE], ids=lambda page: page.stem)
def test_tables_are_up_to_date(page: Path, tables: ModuleType) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == tables.renewed(text), "run: ./dev python docs/tables.py"


def test_every_table_is_plain_markdown(tables: ModuleType) -> None:
    """Nothing of the reference is seen only once Sphinx has run: no hidden cells, and a table above each list."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert "remove-input" not in text
        assert text.count("autosummary::") == text.count("<!-- generated: names -->")
    blocks = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for known in ("functions", "limits", "commands", "keys of model", "keys of driver", "keys of quantity"):
        assert f"<!-- generated: {known} -->" in blocks


def test_a_stale_table_is_noticed(tables: ModuleType) -> None:
    page = (DOCS / "reference" / "formulas.md").read_text(encoding="utf-8")
    assert tables.renewed(page.replace("| `exp(x)` |", "| `expo(x)` |")) == page


def test_every_module_stands_in_the_map_of_the_architecture() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    shown = text.partition("## Map of the modules")[2]
    for path in (DOCS.parent / "impacttree").rglob("*.py"):
        inner = path.relative_to(DOCS.parent / "impacttree").parts
        heading = f"### {inner[0] if len(inner) > 1 else 'impacttree'}\n"
        section = shown.partition(heading)[2].partition("\n### ")[0]
        assert f"| `{'/'.join(inner[1:] or inner)}` |" in section, path


def test_the_architecture_names_modules_that_are_there() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8").partition("## Map of the modules")[0]
    named = re.findall(r"`([a-z_/]+/[a-z_]*(?:\.py)?)`", text)
    assert len(named) > 15
    assert not [name for name in named if not (DOCS.parent / "impacttree" / name).exists()]
