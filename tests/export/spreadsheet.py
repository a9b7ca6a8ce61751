"""Workbooks computed a second way: by LibreOffice, from formulas alone."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["OFFICE", "poisoned", "read", "recalculated"]

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
_CACHED = re.compile(r'(<c r="[A-Z]+\d+"[^>]*?)(?: t="(?:str|e|b)")?(><f>[^<]*</f>)<v>[^<]*</v>')
_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""Settings by which formulas are computed when a file is opened, whatever values stand beside them."""


def poisoned(content: bytes) -> bytes:
    """Return a workbook in which every formula has a wrong value beside it."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            text = source.read(name)
            if name.startswith("xl/worksheets/"):
                text = _CACHED.sub(r"\1\2<v>-987654321</v>", text.decode()).encode()
            target.writestr(name, text)
    return written.getvalue()


def recalculated(books: Mapping[str, bytes], folder: Path) -> dict[str, Any]:
    """Return workbooks as LibreOffice computes them, by name, as openpyxl reads them."""
    from openpyxl import load_workbook

    settings = folder / "profile" / "user"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "registrymodifications.xcu").write_text(_ALWAYS, encoding="utf-8")
    given, found = folder / "given", folder / "found"
    given.mkdir(exist_ok=True)
    for name, content in books.items():
        (given / f"{name}.xlsx").write_bytes(poisoned(content))
    command = [
        str(OFFICE), f"-env:UserInstallation=file://{folder / 'profile'}", "--headless", "--convert-to", "xlsx",
        "--outdir", str(found), *(str(given / f"{name}.xlsx") for name in books),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return {name: load_workbook(found / f"{name}.xlsx", data_only=True) for name in books}


def read(content: bytes, *, values: bool = False) -> Any:
    """Return a workbook as openpyxl reads it: formulas, or the values beside them."""
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(content), data_only=values)
