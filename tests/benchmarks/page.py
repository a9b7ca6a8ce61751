"""Run the benchmarks and write what they found as a page: ``python -m tests.benchmarks.page [tests ...]``."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tests.benchmarks.ratios import RECORDED

__all__ = ["main"]

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks.md"
PEERS = ("numpy", "numba", "casadi", "modelx", "mcerp", "SALib", "pydantic", "sympy")
INTRODUCTION = """# Benchmarks

How long things take beside what else one could use. Each line is a ratio of two median times, measured in one process,
the two taking turns. A ratio of ours to another below 1 is where this package is ahead, above 1 where it is behind; of
another to ours it is the other way round. Lines without a target are there to be read. Each script is in
`tests/benchmarks`, and this page is written by

```sh
./dev python -m tests.benchmarks.page
```
"""


def main(tests: list[str]) -> int:
    """Run the benchmarks, all unless named, and write the page."""
    code = pytest.main(["-s", "-q", "-p", "no:cacheprovider", *(tests or [str(Path(__file__).parent)])])
    PAGE.write_text("\n".join(_lines()) + "\n", encoding="utf-8")
    return int(code)


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    yield f"Measured on {datetime.now(UTC):%d %B %Y}: {_machine()}.\n"
    yield f"Versions: Python {platform.python_version()}, {', '.join(_versions())}.\n"
    yield "| What | Ratio | Target | Times |"
    yield "|:--|--:|:--|:--|"
    for what, ratio, target, seconds in RECORDED:
        yield f"| {what.strip()} | {ratio:.3g} | {_told(ratio, target)} | {' : '.join(map(_time, seconds))} |"


def _told(ratio: float, target: str) -> str:
    if not target:
        return ""
    sign, bound = target.split()
    is_met = ratio <= float(bound) if sign == "<=" else ratio >= float(bound)
    return f"{'at most' if sign == '<=' else 'at least'} {bound}: {'met' if is_met else '**missed**'}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} µs" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms"


def _machine() -> str:
    """Return the processor, how many of it there are, and how busy they were."""
    names = [line.split(":")[1].strip() for line in _processors() if line.startswith("model name")]
    load = os.getloadavg()[0]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the end"


def _processors() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _versions() -> Iterator[str]:
    for name in PEERS:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
