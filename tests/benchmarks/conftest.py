"""Benchmarks run on a quiet machine and beside a busy process: what waits for its threads shows there alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

SPINNING = "while True: pass"


@pytest.fixture(params=["quiet", "busy"])
def beside(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield what else runs on the machine: nothing of ours, or one process that never waits."""
    if request.param == "quiet":
        yield "quiet"
        return
    with subprocess.Popen([sys.executable, "-c", SPINNING]) as spinning:
        try:
            yield "busy"
        finally:
            spinning.kill()
