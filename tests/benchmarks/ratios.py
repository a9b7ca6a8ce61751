"""Timings of one process set against each other; a ratio says something on a busy machine where seconds do not."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from statistics import median

__all__ = ["RECORDED", "crossings", "medians", "process", "report"]

Work = Callable[[], object]
RECORDED: list[tuple[str, float, str, tuple[float, ...]]] = []
"""All that was reported in this process: what, ratio, target, seconds."""
SAMPLE = 5e-3
"""Seconds that one sample lasts at least: quick work is repeated within it."""


def medians(*works: Work, repetitions: int = 15) -> tuple[float, ...]:
    """Return the median seconds of each piece of work, their repetitions taking turns; each is run once before."""
    counts = [_count(work) for work in works]
    samples: list[list[float]] = [[] for _ in works]
    for _ in range(repetitions):
        for work, count, own in zip(works, counts, samples, strict=True):
            started = time.perf_counter()
            for _ in range(count):
                work()
            own.append((time.perf_counter() - started) / count)
    return tuple(median(own) for own in samples)


def _count(work: Work) -> int:
    work()
    started = time.perf_counter()
    work()
    return max(1, int(SAMPLE / max(time.perf_counter() - started, 1e-7)))


def crossings() -> int:
    """Return how often 250 lines cross, each pair looked at: the same work in every version."""
    lines = [(7 * number % 251, 13 * number % 257) for number in range(250)]
    return sum((one[0] - two[0]) * (one[1] - two[1]) < 0 for one, two in combinations(lines, 2))


def process(*arguments: str) -> Work:
    """Return the work of running Python in a process of its own."""
    command = [sys.executable, *arguments]

    def run() -> None:
        subprocess.run(command, check=True, capture_output=True)

    return run


def report(what: str, ratio: float, target: str, seconds: Sequence[float]) -> None:
    """Print a ratio beside its target (``<= 6``, ``>= 50``, or empty where none is set)."""
    RECORDED.append((what, ratio, target, tuple(seconds)))
    met = ""
    if target:
        sign, bound = target.split()
        met = "met" if (ratio <= float(bound) if sign == "<=" else ratio >= float(bound)) else "MISSED"
    timings = " : ".join(f"{value * 1e3:.3g} ms" for value in seconds)
    print(f"\n{what:<78} {ratio:>8.3g}x  {target:>8} {met:<6}  ({timings})", end="", flush=True)
