from __future__ import annotations

import subprocess
import sys

from impacttree import quantity

HEAVY = ("numpy", "pydantic", "sympy", "scipy", "decimal", "fractions", "yaml", "networkx", "asyncio")


def test_each_export_is_listed_once_and_there() -> None:
    assert len(quantity.__all__) == len(set(quantity.__all__))
    assert all(hasattr(quantity, name) for name in quantity.__all__)


def modules_after_import() -> set[str]:
    code = "import sys, impacttree.quantity; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_quantities_stays_light() -> None:
    assert not modules_after_import() & set(HEAVY)


def test_quantities_know_no_other_package() -> None:
    own = {name for name in modules_after_import() if name.startswith("impacttree.")}
    assert "impacttree.quantity.units" in own
    leaves = ("impacttree.contents", "impacttree.errors", "impacttree.patterns", "impacttree.records")
    assert all(name.startswith(("impacttree.quantity", *leaves)) for name in own)
