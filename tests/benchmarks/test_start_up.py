"""Whole processes: import, and the first answer from a shell."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.ratios import medians, process, report

LIGHT = "import impacttree; impacttree.ImpactTree"
HEAVY = ("sympy", "networkx", "numpy", "pandas", "matplotlib", "scipy")


def test_import() -> None:
    ours, theirs = medians(process("-c", LIGHT), process("-c", "from pydantic import BaseModel"), repetitions=15)
    report("import impacttree; impacttree.ImpactTree to pydantic's BaseModel", ours / theirs, "<= 1.5", (ours, theirs))
    empty = medians(process("-c", "pass"), repetitions=15)[0]
    report(
        "  the same without what an empty process takes",
        (ours - empty) / (theirs - empty),
        "",
        (ours - empty, theirs - empty),
    )


def test_the_first_tree() -> None:
    ours, theirs = medians(
        process("-c", "import impacttree; impacttree.template('saas')"),
        process("-c", "from pydantic import BaseModel"),
        repetitions=15,
    )
    report("impacttree.template('saas') to import of BaseModel", ours / theirs, "<= 2", (ours, theirs))


def test_import_loads_nothing_heavy() -> None:
    code = f"{LIGHT}; import sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_the_first_answer_from_a_shell() -> None:
    command = "import sys; from impacttree.interfaces.cli import main; sys.argv[1:] = {}; main()"
    worth = process("-c", command.format(["worth", "saas", "engagement", "+1%", "--no-range"]))
    plain = process("-c", "import numpy, yaml; from pydantic import BaseModel")
    ours, theirs = medians(worth, plain, repetitions=15)
    what = "impacttree worth saas engagement +1% --no-range to import of numpy, yaml and BaseModel"
    report(what, ours / theirs, "<= 1.6", (ours, theirs))
