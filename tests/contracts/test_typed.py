"""A user's script, type-checked under mypy strict against the wheel as it is installed, not against this checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
from typing import assert_type

import impacttree as it
from impacttree.analyses.simulate import Simulation
from impacttree.analyses.worth import Worth

tree = it.ImpactTree(
    metrics=[it.Metric("visits", value="90k visits/month"), it.Metric("orders", formula="visits * 2%")],
    outcome="orders",
    horizon=6,
)
assert_type(tree.worth("visits", "+1%", range=False), Worth)
assert_type(it.ImpactTree.worth(tree, "visits", it.relative(0.01), on="orders"), Worth)
assert_type(tree.simulate(samples=256, seed=7), Simulation)
assert_type(tree.what_if({"visits": "+1%"}).total, float)
assert_type(tree["visits"], it.Metric)
assert_type(tree.metrics, tuple[it.Metric, ...])
assert_type(tree["visits"].today, float | None)
assert_type(tree.with_values({"visits": 95_000}).with_metric(tree["visits"]), it.ImpactTree)
"""
MISTAKES = {
    'tree.worth("visits", "+1%", rang=True)': 'Unexpected keyword argument "rang"',
    "tree.worth()": "argument",
    'tree.worth("visits", 3)': 'type "int"',
    'tree.simulate(samples="many")': 'type "str"',
    "tree.worht": 'has no attribute "worht"',
    'tree["visits"].today = 3.0': "read-only",
    "it.ImpactTree(horizn=3)": "horizn",
    'it.Metric("visits", kind="produkt")': "incompatible type",
    'it.Driver("visits", per_dubling=3)': "per_dubling",
}
"""Lines of the same script, and what mypy says of each."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the packages of this one, but with the wheel in place of this checkout."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    venv.create(place / "venv", with_pip=False)
    site = place / "venv" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    (wheel,) = place.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    (site / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return place / "venv" / "bin" / "python"


@pytest.mark.slow
def test_a_script_of_a_user_type_checks_against_the_wheel(python: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("\n".join([SCRIPT, *MISTAKES]) + "\n", encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), str(script)]
    done = subprocess.run(
        [*mypy, "--config-file=", f"--cache-dir={tmp_path / 'cache'}"],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    errors = [line.partition(": error: ")[::2] for line in done.stdout.splitlines() if ": error: " in line]
    first = SCRIPT.count("\n") + 2
    by_line: dict[int, str] = {}
    for place, message in errors:
        by_line[int(place.rpartition(":")[2])] = message
    assert sorted(by_line) == list(range(first, first + len(MISTAKES))), done.stdout
    for number, message in enumerate(MISTAKES.values(), start=first):
        assert message in by_line[number]
