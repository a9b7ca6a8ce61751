"""Files, read and replaced with care: regular files only, bounded, utf-8, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from impacttree.errors import ModelError, OutputError, Problem

__all__ = ["MAX_BYTES", "MODEL_SUFFIXES", "alone", "decode", "read_regular", "replace_file", "written_name"]

MAX_BYTES = 10_000_000
"""Largest model file that is read."""
MODEL_SUFFIXES = (".yaml", ".yml")

_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a named pipe"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
    (stat.S_ISSOCK, "is a socket"),
)
_MARKS = ((b"\xff\xfe\x00\x00", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_SUFFIX = ".tmp"
_PATH_FIX = "write e.g. 'northwind.yaml'; os.fsdecode() turns bytes into text"
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def read_regular(path: str | os.PathLike[str], limit: int = MAX_BYTES) -> bytes:
    """Return the bytes of a regular file (or of a link to one); pipes, devices and folders are never opened.

    Raises
    ------
    ModelError
        If the file is missing, cannot be read, is not a regular file or is larger than `limit`.
    """
    try:
        name = _text(path)
    except TypeError as error:
        raise ModelError(Problem(reason=str(error), fix=_PATH_FIX)) from None
    try:
        refusal = _refusal(Path(name).stat(), limit)
        if not refusal:
            with os.fdopen(os.open(name, _READ), "rb") as file:
                refusal = _refusal(os.fstat(file.fileno()), limit)
                if not refusal:
                    return file.read(limit)
    except FileNotFoundError:
        refusal = ("there is no such file", "check the path")
    except (OSError, ValueError) as error:
        refusal = (f"cannot be read: {_why(error)}", "")
    reason, fix = refusal
    raise ModelError(Problem(reason=reason, fix=fix, file=name))


def _refusal(status: os.stat_result, limit: int) -> tuple[str, str] | None:
    for is_kind, words in _KINDS:
        if is_kind(status.st_mode):
            return f"{words}, not a regular file", "give the path of a model file"
    if status.st_size > limit:
        return f"has {status.st_size:,} bytes; at most {limit:,} are read", "split the model, or drop what is not used"
    return None


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__


def decode(content: bytes, file: str) -> str:
    """Return the text of utf-8 bytes, without the byte order mark that some editors put before it.

    Raises
    ------
    ModelError
        If the bytes are anything else; the message says what they look like and how to save them.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            raise _not_text(f"is {encoding} text", content, 0, file)
    if (at := content.find(b"\x00")) >= 0:
        raise _not_text("holds a NUL byte: it is binary, or UTF-16 text", content, at, file)
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 text: byte 0x{content[error.start]:02x}"
        raise _not_text(reason, content, error.start, file) from None


def _not_text(reason: str, content: bytes, at: int, file: str) -> ModelError:
    line, column = content.count(b"\n", 0, at) + 1, at - content.rfind(b"\n", 0, at)
    fix = "save it as UTF-8 text"
    return ModelError(Problem(reason=reason, fix=fix, file=file, line=line, column=column))


def replace_file(path: str | os.PathLike[str], content: bytes, overwrite: bool = True) -> None:
    """Write `content` to `path` whole or not at all: to a temporary file beside it, which then takes its place.

    A link stays a link and its target is replaced; an existing file keeps its permissions. What an earlier run that was
    killed left beside `path` is removed.

    Raises
    ------
    OutputError
        If the file exists and `overwrite` is False, is not a regular file, or cannot be written. What was there stays.
    """
    name = written_name(path)
    try:
        if not overwrite and os.path.lexists(name):
            raise FileExistsError
        target = Path(name).resolve()
        mode = _permissions(target)
        _remove_abandoned(target)
        _put(target, content, mode, overwrite)
    except FileExistsError:
        fix = "choose another name, or allow overwriting"
        raise OutputError(Problem(reason="exists already", fix=fix, file=name)) from None
    except (OSError, ValueError, RuntimeError) as error:
        fix = "close it in other programs, or choose another name" if isinstance(error, PermissionError) else ""
        raise OutputError(Problem(reason=f"cannot be written: {_why(error)}", fix=fix, file=name)) from None


def _put(target: Path, content: bytes, mode: int | None, overwrite: bool) -> None:
    temporary, descriptor = _temporary(target)
    reserved = False
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if mode is not None:
                temporary.chmod(mode)
            if not overwrite:  # somebody else may have been quicker
                target.open("xb").close()
                reserved = True
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        if reserved:
            target.unlink(missing_ok=True)
        raise


def written_name(path: str | os.PathLike[str]) -> str:
    """Return as text the path of a file that is to be written.

    Raises
    ------
    OutputError
        If it is not a path of text.
    """
    try:
        return _text(path)
    except TypeError as error:
        raise OutputError(Problem(reason=str(error), fix=_PATH_FIX)) from None


def _text(path: str | os.PathLike[str]) -> str:
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else path
    if not isinstance(name, str):
        raise TypeError(f"a path is text or a pathlib.Path, not {type(path).__name__}")
    return name


def _temporary(target: Path) -> tuple[Path, int]:
    """Create a file beside `target` that is locked for as long as it is open."""
    while True:
        path = target.with_name(f"{_prefix(target)}{os.urandom(8).hex()}{_SUFFIX}")
        descriptor = os.open(path, _CREATE, 0o666)
        if _locked(descriptor) is not False and path.exists():
            return path, descriptor
        os.close(descriptor)  # the next writer took it for one that was left, and removes it


def _remove_abandoned(target: Path) -> None:
    """Remove temporary files of `target` that nobody holds open: their writers were killed."""
    prefix = _prefix(target)
    for path in target.parent.iterdir() if target.parent.is_dir() else ():
        if not (path.name.startswith(prefix) and path.name.endswith(_SUFFIX)):
            continue
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                if _locked(descriptor):
                    path.unlink()
            finally:
                os.close(descriptor)


def _prefix(target: Path) -> str:
    return f".{target.name[:40]}.impacttree-"


@contextlib.contextmanager
def alone(path: Path, longest: float) -> Iterator[None]:
    """Keep other processes waiting that ask for the same file, for so many seconds; where files cannot be locked, none.

    Examples
    --------
    >>> with alone(Path(__file__), 1.0):
    ...     pass
    """
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        descriptor = -1
    try:
        last = time.monotonic() + longest
        while descriptor >= 0 and _locked(descriptor) is False and time.monotonic() < last:
            time.sleep(0.05)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _locked(descriptor: int) -> bool | None:
    """Lock an open file; return whether that worked, None where files cannot be locked."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


def _permissions(target: Path) -> int | None:
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a regular file")
    return stat.S_IMODE(status.st_mode)
