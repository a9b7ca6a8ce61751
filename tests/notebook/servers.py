"""Notebook servers of a test's own, on a free port, with settings and files in a new folder."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 120
"""Seconds that a server may take to begin; it is stopped after that."""
TRIES = 3


def notebook(*cells: str) -> str:
    """Return a notebook file with these cells, none of them run."""
    code = [
        {"cell_type": "code", "id": f"c{k}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for k, text in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps({"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


def asked(address: str) -> Any:
    """Return what a server answers, as data."""
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        return json.load(answer)


@contextmanager
def jupyter(program: str, folder: Path, settings: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Start JupyterLab (`lab`) or Notebook (`notebook`) in a folder; yield its address and its token."""
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyter", program, "--no-browser", "--allow-root", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", *settings]
    with running(lambda port: [*command, f"--ServerApp.port={port}"], folder, f"/api/status?token={token}") as address:
        yield address, token


@contextmanager
def running(command: Callable[[int], Sequence[str]], folder: Path, answers: str) -> Iterator[str]:
    """Run a server until the block ends, having waited until a path answers; yield its address.

    A port that is free when it is chosen may be taken when the server begins: then another one is tried.
    """
    own = {
        name: str(folder / ".own" / name.lower())
        for name in (
            "HOME",
            "IPYTHONDIR",
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "XDG_CACHE_HOME",
        )
    }
    for place in own.values():
        Path(place).mkdir(parents=True, exist_ok=True)
    log = folder / ".own" / "log"
    for _ in range(TRIES):
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        with log.open("w", encoding="utf-8") as output:
            server = subprocess.Popen(
                command(port), cwd=folder, env={**os.environ, **own}, stdout=output, stderr=output
            )
            try:
                if _begins(server, f"{address}{answers}"):
                    yield address
                    return
                if server.poll() is None:
                    break
            finally:
                server.terminate()
                try:
                    server.wait(20)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait()
    told = re.sub(r"token=\w+", "token=...", log.read_text(encoding="utf-8"))
    raise AssertionError(f"the server did not begin:\n{told[-3000:]}")


def _begins(server: subprocess.Popen[bytes], address: str) -> bool:
    """Wait until an address answers; return whether it did before the server ended, and before patience did."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
        else:
            return True
    return False


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
