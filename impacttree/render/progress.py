"""A progress bar for work that lasts: in terminals and notebooks, gone when the work is done, silent anywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from html import escape
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from impacttree.render.characters import clean

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["progress"]

PAUSE = 0.1
"""Least seconds from one drawing to the next."""


@contextmanager
def progress(
    text: str, delay: float = 1.0, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int], None]]:
    """Show how far a piece of work is, once it has lasted for `delay` seconds.

    The bar stands on standard error if that is a terminal, in the output of the cell if a notebook's kernel runs this,
    and nowhere else. Any thread may report; a bar that cannot be drawn never disturbs the work.

    Parameters
    ----------
    text
        What is being done: ``simulating operating profit``.
    clock
        Seconds from any fixed moment.

    Examples
    --------
    >>> with progress("simulating operating profit") as report:
    ...     for done in range(1, 4):
    ...         report(done, 3)
    """
    meter = _Meter(_display(clean(text)), delay, clock)
    try:
        yield meter.report
    finally:
        meter.close()


class _Display(Protocol):
    """Where a bar is drawn; the first `show` makes it appear."""

    def show(self, done: int, total: int) -> None: ...

    def close(self) -> None: ...


class _Meter:
    """Decides when to draw: not before the delay, not too often, not after the end."""

    def __init__(self, display: _Display | None, delay: float, clock: Callable[[], float]) -> None:
        self.display, self.clock = display, clock
        self.due = clock() + delay
        self.shown = False
        self.lock = Lock()

    def report(self, done: int, total: int) -> None:
        with self.lock, suppress(Exception):
            now = self.clock()
            if self.display is None or total <= 0 or now < self.due or (done >= total and not self.shown):
                return
            self.due, self.shown = now + PAUSE, True
            self.display.show(max(0, min(done, total)), total)

    def close(self) -> None:
        with self.lock, suppress(Exception):
            display, self.display = self.display, None
            if display and self.shown:
                display.close()


def _display(text: str) -> _Display | None:
    with suppress(Exception):
        if _in_kernel():
            return _Notebook(text)
        if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):  # a bar is drawn by terminal codes
            return _Terminal(text)
    return None


def _in_kernel() -> bool:
    """Return whether a notebook's kernel runs this; IPython is asked only if somebody else has loaded it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


class _Terminal:
    """A bar on standard error; what the work prints on standard output stays untouched."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bar: Progress | None = None

    def show(self, done: int, total: int) -> None:
        if self.bar:
            self.bar.update(self.bar.task_ids[0], completed=done, total=total, refresh=True)
        else:
            self._start(done, total)

    def _start(self, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self.bar = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(),
            console=Console(stderr=True), transient=True, auto_refresh=False,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self.bar.add_task(self.text, completed=done, total=total)
        self.bar.start()

    def close(self) -> None:
        if self.bar:
            self.bar.stop()


class _Notebook:
    """A bar in the output of the cell, without widgets; emptied at the end, since a kernel cannot take output back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.handle: Any = None

    def show(self, done: int, total: int) -> None:
        words = f"{self.text} {done / total:.0%}"
        bar = f'<progress value="{done}" max="{total}" style="vertical-align:middle"></progress>'
        self._put({"text/html": f"<div>{bar} {escape(words)}</div>", "text/plain": words})

    def close(self) -> None:
        self._put({"text/html": "", "text/plain": ""})

    def _put(self, bundle: dict[str, str]) -> None:
        if self.handle is None:
            from IPython import display

            put: Any = display.display
            self.handle = put(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)
