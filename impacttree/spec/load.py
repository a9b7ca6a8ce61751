"""Model files and texts to a `TreeSpec`, with every problem and its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from impacttree.errors import ModelError, Problem
from impacttree.files import MAX_BYTES, decode, read_regular
from impacttree.records import dataclass
from impacttree.spec.base import problem_of, read
from impacttree.spec.leaves import Finding
from impacttree.spec.models import TreeSpec
from impacttree.spec.places import Key, Place, Places
from impacttree.spec.series import read_series_files
from impacttree.spec.yaml_events import Document, read_yaml

__all__ = ["Reading", "load_file", "load_text", "places_in", "read_file", "read_text"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be understood, and everything that could not.

    `spec` leaves out what the problems are about: a metric whose value is wrong has no value here. It is None when
    nothing was understood.
    """

    spec: TreeSpec | None
    problems: tuple[Problem, ...]

    def checked(self) -> TreeSpec:
        """Return the spec, or raise a `ModelError` with all problems."""
        if self.problems or self.spec is None:
            raise ModelError(*self.problems)
        return self.spec


def read_text(text: str | bytes, file: str = "<text>", path: str | os.PathLike[str] | None = None) -> Reading:
    """Read a model text as far as it can be understood; files of values are looked for beside `path`, if given."""
    try:
        content = text.encode("utf-8") if isinstance(text, str) else text
    except UnicodeEncodeError:
        return Reading(None, (Problem(reason="holds half a surrogate pair, which is not a character", file=file),))
    if len(content) > MAX_BYTES:
        reason = f"has {len(content):,} bytes; at most {MAX_BYTES:,} are read"
        return Reading(None, (Problem(reason=reason, fix="split the model", file=file),))
    try:
        decoded = decode(content, file)
    except ModelError as error:
        return Reading(None, error.problems)
    return _understand(read_yaml(decoded), file, decoded, path)


def _understand(document: Document, file: str, text: str, path: str | os.PathLike[str] | None) -> Reading:
    problems = [replace(problem, file=file) for problem in document.problems]
    if not document.complete:
        return Reading(None, tuple(problems))
    return _meaning(document.data, Places(file, _root_of(document), text), problems, path)


def places_in(text: str) -> Mapping[Key, Place]:
    """Return where the keys and values of a text stand."""
    return _root_of(read_yaml(text))


def _root_of(document: Document) -> Mapping[Key, Place]:
    return (document.root.children if document.root else None) or {}


def _meaning(data: Any, places: Places, problems: list[Problem], path: str | os.PathLike[str] | None) -> Reading:
    """Return what the plain data of a file say, and what is wrong with them."""
    if not isinstance(data, Mapping) or not data:
        reason = "the file is empty" if data in (None, {}) else "a model file maps keys to values"
        problems.append(Problem(reason=reason, fix=f"write e.g. {TreeSpec.example}", file=places.file))
        return Reading(None, tuple(problems))
    unread: list[Finding] = []
    if path is not None:
        metrics, unread = read_series_files(data.get("metrics"), path)
        data = {**data, "metrics": metrics} if "metrics" in data else data
    spec, findings = read(TreeSpec, data, TreeSpec.currency_of(data))
    findings = [*unread, *findings]
    problems += [problem_of(finding, places) for finding in findings]
    problems.sort(key=lambda problem: (problem.line, problem.column))
    return Reading(spec.at(places) if spec else None, tuple(problems))


def read_file(path: str | os.PathLike[str]) -> Reading:
    """Read a model file as far as it can be understood.

    Raises
    ------
    ModelError
        If the file cannot be read at all.
    """
    return read_text(read_regular(path), os.fspath(path), path)


def load_text(text: str | bytes, file: str = "<text>") -> TreeSpec:
    """Read a model text.

    Parameters
    ----------
    text
        YAML, as text or as utf-8 bytes.
    file
        Name for messages.

    Raises
    ------
    ModelError
        If anything is wrong; lists every independent problem with its place.

    Examples
    --------
    >>> load_text("metrics: {engagement: {value: 42%}}").metrics[0].value.value
    0.42
    >>> load_text("metrics: {engagement: {valeu: 42%, value: 43}}")
    Traceback (most recent call last):
    impacttree.errors.ModelError: <text>:1: engagement.valeu: 'valeu' is not known in a metric (did you mean 'value'?)
    """
    return read_text(text, file).checked()


def load_file(path: str | os.PathLike[str]) -> TreeSpec:
    """Read a model file: a regular file (or a link to one) of at most 10 MB in UTF-8.

    Raises
    ------
    ModelError
        If the file cannot be read or anything in it is wrong; lists every independent problem with its place.
    """
    return read_file(path).checked()
