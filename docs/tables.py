"""The tables of the documentation, written into its pages as plain Markdown, to be read in the repository as well.

Run ``./dev python docs/tables.py`` after a change of what they are made from; a test compares. A table stands between
``<!-- generated: name -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PAGES = (*sorted((DOCS / "reference").glob("*.md")), DOCS / "explanation" / "architecture.md")
PACKAGE = DOCS.parent / "impacttree"
BLOCK = re.compile(r"<!-- generated: (?P<name>[a-z_ -]+?) -->\n.*?<!-- end -->", re.DOTALL)
SUMMARY = re.compile(r"\.\. autosummary::\n(?P<options>(?:   :.*\n)*)\n(?P<names>(?:   .*\n)+)")
MODULE = re.compile(r"\.\. currentmodule:: (\S+)")


def grid(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def functions() -> str:
    from impacttree.formula import FUNCTIONS

    def examples(function: Any) -> str:
        return "<br>".join(f"`{text}` = {value:.6g}" for text, value in function.examples)

    rows = ((f"`{f.signature}`", f.summary, examples(f)) for f in FUNCTIONS.values())
    return grid(("function", "meaning", "examples"), rows)


def limits() -> str:
    from impacttree.formula import functions as registry
    from impacttree.formula import parser, tokens

    names = vars(registry) | vars(tokens) | vars(parser)
    found = sorted((name, value) for name, value in names.items() if name.startswith("MAX_"))
    return grid(("limit", "at most"), ((name[4:].lower().replace("_", " "), f"{value:,}") for name, value in found))


def keys(part: str) -> str:
    from impacttree.spec import json_schema

    schema = json_schema()
    described: Mapping[str, Any] = schema if part == "model" else schema["$defs"][part]
    if part == "quantity":
        (described,) = (form for form in described["anyOf"] if "properties" in form)
    rows = ((f"`{key}`", value.get("description", "")) for key, value in described["properties"].items())
    return grid(("key", "meaning"), rows)


def commands() -> str:
    from click.testing import CliRunner

    from impacttree.interfaces.cli import main

    def helped(*names: str) -> str:
        arguments = [*names, "--help"]
        shown = CliRunner().invoke(main, arguments, prog_name="impacttree", terminal_width=100, color=False)
        return f"```text\n{shown.stdout.rstrip()}\n```"

    parts = [helped(), *(f"## {name}\n\n{helped(name)}" for name in sorted(main.commands))]
    return "\n\n".join(parts)


def objects(module: str, names: Iterable[str]) -> str:
    """Return the public names of a page, each with the first sentence of its docstring."""

    def row(name: str) -> tuple[str, str]:
        *inner, last = name.split(".")
        found = getattr(import_module(".".join([module, *inner])), last)
        text = " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split())
        return f"`{last}`", text

    return grid(("name", "is"), map(row, names))


def forms() -> str:
    from impacttree.spec.forms import FORMS

    return "\n".join(f"- `{form.example}`" for form in FORMS.values())


def modules() -> str:
    """Return the first line of every module, by package, from what users touch down to the numbers."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = re.findall(r"\w+", " ".join(next(one["layers"] for one in contracts if one["id"] == "layers")))
    packages = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    packages.sort(key=lambda name: layers.index(name) if name in layers else len(layers))
    parts = []
    for package in (".", *packages):
        folder = PACKAGE / package
        paths = sorted(folder.glob("*.py") if package == "." else folder.rglob("*.py"))
        rows = [(f"`{path.relative_to(folder).as_posix()}`", _first_line(path)) for path in paths]
        parts.append(f"### {folder.name}\n\n{grid(('module', 'is'), rows)}")
    return "\n\n".join(parts)


def _first_line(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


TABLES: Mapping[str, Callable[[], str]] = {
    "functions": functions,
    "limits": limits,
    "commands": commands,
    "forms": forms,
    "modules": modules,
}


def renewed(page: str) -> str:
    """Return the text of a page with its tables made anew."""
    found: Iterator[str] = (_named(match, page) for match in SUMMARY.finditer(page))

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        if name == "names":
            table = next(found)
        elif name.startswith("keys of "):
            table = keys(name.removeprefix("keys of "))
        else:
            table = TABLES[name]()
        return f"<!-- generated: {name} -->\n{table}\n<!-- end -->"

    return BLOCK.sub(block, page)


def _named(match: re.Match[str], page: str) -> str:
    module = MODULE.findall(page, 0, match.start())[-1]
    return objects(module, match["names"].split())


def main() -> None:
    """Write every page whose tables have changed."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        path.write_text(renewed(text), encoding="utf-8")


if __name__ == "__main__":
    main()
