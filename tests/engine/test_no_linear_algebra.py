"""No linear algebra library where samples are worked: its threads wait for each other on a busy machine."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import impacttree

WAKING = {"dot", "vdot", "inner", "matmul", "tensordot", "einsum", "linalg", "cov", "corrcoef", "polyfit", "lstsq"}
PACKAGE = Path(impacttree.__file__).parent
FILES = sorted(path for part in ("engine", "answers", "analyses") for path in (PACKAGE / part).glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_matrix_is_multiplied(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.MatMult), path.name
        if isinstance(node, ast.Attribute):
            called = ast.unparse(node)
            assert not (called.startswith("np.") and WAKING & set(called.split("."))), f"{path.name}: {called}"
