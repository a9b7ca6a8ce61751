"""Write the checked graph of each template beside its text, for loading: ``python tools/prepare_templates.py``.

Run after a template's YAML or a class of the graph has changed; tests/templates/test_prepared.py fails until then.
"""

from __future__ import annotations

import os
import pickle
import sys
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

from impacttree.graph import Graph, build
from impacttree.spec import Places, load_text
from impacttree.templates import PLACES, names, read_only, text

FOLDER = Path(__file__).parents[1] / "impacttree/templates"


class Preparing(pickle.Pickler):
    """Writes a graph as it is; elsewhere one is pickled as what was written, and checked again where it arrives."""

    def persistent_id(self, value: Any) -> str | None:
        return PLACES if isinstance(value, Places) else None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Graph):
            return object.__reduce_ex__(value, 5)
        return (read_only, (dict(value),)) if isinstance(value, MappingProxyType) else NotImplemented


def checked(name: str) -> Graph:
    """Return the graph of what the template says."""
    return build(load_text(text(name), f"{name}.yaml"))


def prepared(name: str) -> bytes:
    """Return the graph of a template as it is kept."""
    content = BytesIO()
    Preparing(content, 5).dump(checked(name))
    return content.getvalue()


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # else sets, and with them the bytes, have another order each time
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606 - this script again
    for each in names():
        (FOLDER / f"{each}.pickle").write_bytes(prepared(each))
