from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import threading
from contextlib import redirect_stderr
from types import SimpleNamespace
from typing import Any

import pytest

from impacttree.render.progress import progress


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Handle:
    def __init__(self, shown: list[dict[str, str]]) -> None:
        self.shown = shown

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(bundle)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """A loaded IPython whose shell has a kernel; returns what it is given to display."""
    shown: list[dict[str, str]] = []

    def display(bundle: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        shown.append(bundle)
        return Handle(shown)

    module: Any = SimpleNamespace(display=display)
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=module))  # type: ignore[arg-type]
    return shown


def run(clock: Clock, steps: int = 10, each: float = 1.0, text: str = "simulating profit") -> None:
    with progress(text, clock=clock) as report:
        for done in range(1, steps + 1):
            clock.now += each
            report(done, steps)


def test_a_terminal_shows_a_bar_and_gets_its_line_back(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with redirect_stderr(terminal):
        run(Clock())
    output = terminal.getvalue()
    words = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", output)
    assert "simulating profit" in words
    assert "10%" in words
    assert "100%" in words
    assert output.rstrip("\r").endswith("\x1b[2K")
    assert output.count("\x1b[?25l") == output.count("\x1b[?25h") == 1
    assert capsys.readouterr().out == ""


def test_nothing_shows_before_the_delay(terminal: Terminal, kernel: list[dict[str, str]]) -> None:
    run(Clock(), each=0.09)
    assert kernel == []
    sys.modules.pop("IPython")
    with redirect_stderr(terminal):
        run(Clock(), each=0.09)
    assert terminal.getvalue() == ""


def test_work_that_ends_as_the_delay_does_shows_nothing(terminal: Terminal) -> None:
    with redirect_stderr(terminal):
        run(Clock(), steps=1, each=5.0)
    assert terminal.getvalue() == ""


def test_elsewhere_it_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    run(Clock())
    with redirect_stderr(None):
        run(Clock())
    assert capfd.readouterr() == ("", "")


def test_ipython_without_a_kernel_is_a_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=SimpleNamespace))  # type: ignore[arg-type]
    with redirect_stderr(terminal):
        run(Clock())
    assert "simulating profit" in terminal.getvalue()


def test_a_notebook_shows_one_bar_that_is_emptied(kernel: list[dict[str, str]]) -> None:
    run(Clock())
    first, *_, last = kernel
    assert first["text/plain"] == "simulating profit 10%"
    assert '<progress value="1" max="10"' in first["text/html"]
    assert last == {"text/html": "", "text/plain": ""}


def test_a_notebook_is_updated_ten_times_a_second_at_most(kernel: list[dict[str, str]]) -> None:
    run(Clock(), steps=3000, each=0.001)
    assert 15 <= len(kernel) - 1 <= 21


def test_text_is_text(kernel: list[dict[str, str]]) -> None:
    run(Clock(), text="<script>alert(1)</script>\x1b[31m & [red]")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m &amp; [red]" in kernel[0]["text/html"]
    assert "<script>" not in kernel[0]["text/html"]


def test_markup_is_shown_as_it_is(terminal: Terminal) -> None:
    with redirect_stderr(terminal):
        run(Clock(), text="[red]evil[/red] \x1b[31m")
    assert "[red]evil[/red] \\x1b" in terminal.getvalue()


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_a_failure_goes_on_and_leaves_no_bar(error: type[BaseException], kernel: list[dict[str, str]]) -> None:
    clock = Clock()
    with pytest.raises(error), progress("simulating", clock=clock) as report:  # noqa: PT012 - the bar must be up
        clock.now += 2.0
        report(1, 3)
        raise error
    assert kernel[-1] == {"text/html": "", "text/plain": ""}


@pytest.mark.parametrize(("done", "total"), [(1, 0), (0, -1), (-5, 10), (50, 10)])
def test_odd_counts_do_no_harm(done: int, total: int, terminal: Terminal) -> None:
    clock = Clock()
    with redirect_stderr(terminal), progress("simulating", clock=clock) as report:
        clock.now += 2.0
        report(1, 10)
        clock.now += 2.0
        report(done, total)
    assert terminal.getvalue().endswith("\x1b[2K")


def test_a_display_that_fails_does_not_disturb_the_work(kernel: list[dict[str, str]]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the connection is gone")

    sys.modules["IPython"].display.display = fail  # type: ignore[attr-defined]
    run(Clock())


def test_reports_come_from_any_thread_and_after_the_end(kernel: list[dict[str, str]]) -> None:
    clock = Clock()
    with progress("simulating", clock=clock) as report:
        clock.now += 2.0

        def work() -> None:
            for done in range(200):
                clock.now += 0.01
                report(done, 200)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    shown = len(kernel)
    clock.now += 5.0
    report(1, 200)
    assert len(kernel) == shown > 2


SCRIPT = """
import sys
from impacttree.render.progress import progress
with progress("simulating profit", delay=0.0) as report:
    for done in range(1, 6):
        report(done, 6)
assert "IPython" not in sys.modules
print("done")
"""


def test_a_real_terminal_ends_as_it_began() -> None:
    parent, child = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=env | {"TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        stderr=child,
        check=True,
    )
    os.close(child)
    output = os.read(parent, 65536).decode()
    os.close(parent)
    assert done.stdout == b"done\n"
    assert "simulating profit" in output
    assert output.rstrip("\r").endswith("\x1b[2K")
