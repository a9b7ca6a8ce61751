"""Tables of contents: what the type checker sees is what users get, whatever was imported before."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import impacttree
from impacttree.contents import contents

HERE = Path(impacttree.__file__).parent
PACKAGES = sorted(
    path.parent.name for path in HERE.glob("*/__init__.py") if "= contents(" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_type_checker_sees_what_users_get(package: str) -> None:
    tree = ast.parse((HERE / package / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    module = import_module(f"impacttree.{package}")
    seen = set()
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        source = import_module(statement.module or "")
        for alias in statement.names:
            seen.add(alias.name)
            assert getattr(module, alias.name) is getattr(source, alias.name)
    assert seen == set(module.__all__) == set(module._HOME)
    assert seen <= set(dir(module))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_is_that_of_a_module(package: str) -> None:
    """Python puts an imported module in the place of its name, over what a table of contents would give."""
    module = import_module(f"impacttree.{package}")
    files = {path.stem for path in (HERE / package).glob("*")}
    assert not files & set(module.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    get, names = contents("impacttree.formula", {"parse": "parser"})
    assert "parse" in names()
    with pytest.raises(AttributeError, match=r"module 'impacttree\.formula' has no attribute 'parser_of'"):
        get("parser_of")
