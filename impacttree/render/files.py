"""Writing files: by suffix, all or nothing."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from impacttree.errors import OutputError, Problem
from impacttree.render.registry import find, format_for_suffix
from impacttree.views import View

__all__ = ["save", "write_file"]


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
    target = Path(path)
    renderer = find(view, format_for_suffix(target.suffix))
    write_file(target, renderer.draw(view), overwrite)


def write_file(path: str | os.PathLike[str], content: bytes, overwrite: bool = True) -> None:
    """Write `content` to `path` in one step: readers see the old file or the whole new one.

    Raises
    ------
    OutputError
        When there is a file and `overwrite` is False, or the system refuses.
    """
    try:
        target = Path(os.path.realpath(path))
        reserved = _reserve(target, overwrite)
        try:
            _replace(target, content)
        except BaseException:
            if reserved:
                target.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise OutputError(Problem(reason=f"{path} exists", fix="allow overwriting, or choose another name")) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fix = "close it in other programs, or choose another name" if isinstance(error, PermissionError) else ""
        raise OutputError(Problem(reason=f"{path} cannot be written: {reason}", fix=fix)) from error


def _reserve(target: Path, overwrite: bool) -> bool:
    """Claim the name when nothing may be overwritten; return whether an empty file now holds it."""
    if overwrite:
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            raise IsADirectoryError(0, "it is not a regular file")
        return False
    target.open("xb").close()
    return True


def _replace(target: Path, content: bytes) -> None:
    draft = target.with_name(f".impacttree-{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists() and target.stat().st_size:
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
