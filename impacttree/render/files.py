"""Writing views to files: by suffix, all or nothing."""

from __future__ import annotations

import os
from pathlib import Path

from impacttree.files import replace_file, written_name
from impacttree.render.registry import find, format_for_suffix
from impacttree.views import View

__all__ = ["save"]


def save(view: View, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Draw `view` in the format that the suffix of `path` names, and write it there.

    The file is replaced in one step: a failure, also a full disk, leaves an old file as it was.

    Parameters
    ----------
    overwrite
        False refuses to replace a file.

    Raises
    ------
    OutputError
        For an unknown suffix, a format that this view has not, or a place that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from impacttree.views import Headline
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Headline("+1% engagement adds $17k"), f"{folder}/worth.txt")
    ...     print(Path(f"{folder}/worth.txt").read_text(encoding="utf-8").strip())
    +1% engagement adds $17k
    """
    name = written_name(path)
    renderer = find(view, format_for_suffix(Path(name).suffix))
    replace_file(name, renderer.draw(view), overwrite)
