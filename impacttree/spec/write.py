"""A `TreeSpec` back to YAML: canonical, or into an existing file with its comments, order and layout."""

from __future__ import annotations

import os
from pathlib import Path

from impacttree.errors import ModelError, OutputError, Problem, printable
from impacttree.files import MODEL_SUFFIXES, decode, read_regular, replace_file, written_name
from impacttree.spec.edit import edited
from impacttree.spec.load import read_text
from impacttree.spec.models import TreeSpec
from impacttree.spec.yaml_text import entry_lines

__all__ = ["save", "to_yaml"]


def to_yaml(spec: TreeSpec) -> str:
    """Return the model file of `spec`: what was stated and no more, quantities as they were written.

    Examples
    --------
    >>> from impacttree.spec import Driver, MetricSpec
    >>> nps, churn = MetricSpec("nps", value=38), MetricSpec("churn", value="2.5%/month", better="lower")
    >>> print(to_yaml(TreeSpec(name="Northwind", metrics=[nps, churn])), end="")
    name: Northwind
    metrics:
      nps:
        value: 38
      churn:
        value: 2.5%/month
        better: lower
    """
    lines = [line for key, value in spec.written().items() for line in entry_lines((key,), value, 0)]
    return "\n".join([*lines, ""])


def save(spec: TreeSpec, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write `spec` to a model file, whole or not at all.

    An existing model file keeps its comments, order and layout; only what differs changes.

    Raises
    ------
    OutputError
        If the name does not end in .yaml or .yml, or the file exists and `overwrite` is False, or is not a model file,
        or cannot be written. It then stays as it was.
    """
    name = written_name(path)
    if Path(name).suffix.lower() not in MODEL_SUFFIXES:
        reason = f"the name of a model file ends in .yaml, '{printable(Path(name).name, 80)}' does not"
        raise OutputError(Problem(reason=reason, fix="to save a picture, save an answer: tree.diagram().save(...)"))
    text = _kept(spec, name) if overwrite and os.path.lexists(name) else to_yaml(spec)
    replace_file(name, text.encode("utf-8"), overwrite)


def _kept(spec: TreeSpec, path: str | os.PathLike[str]) -> str:
    """Return the text of the existing file, changed so that it states `spec`."""
    try:
        content = read_regular(path)
        if not content.strip():
            return to_yaml(spec)
        text = decode(content, os.fspath(path))
        old = read_text(content, os.fspath(path), path).checked()
    except ModelError as error:
        first = error.problems[0]
        reason = f"is there already, but is not a model that can be read, so it is not replaced ({first.reason})"
        fix = "correct or remove it, or choose another name"
        raise OutputError(Problem(reason=reason, fix=fix, file=os.fspath(path), line=first.line)) from None
    if old == spec:
        return text
    new = edited(text, old.written(), spec.written())
    return new if read_text(new, path=path).spec == spec else to_yaml(spec)
