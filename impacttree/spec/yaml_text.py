"""Plain data as YAML text: which scalars need quotes, the style with braces, and the lines of a model file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["entry_lines", "flow_text", "scalar_text"]

WIDTH = 110
"""Mappings go into braces up to this width."""

_SAFE = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`][^\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]*")
_SIGNED = re.compile(r"-[0-9.$€£¥]")
_BREAKS = re.compile(r": | #|:$|^(?:---|\.\.\.)")
_OTHER_MEANING = re.compile(r"(?i:~|null|true|false|yes|no|on|off|y|n|<<|=)|[0-9]+:[0-9:.]+")
_IN_BRACES = re.compile(r"[,\[\]{}]|:(?=[,\[\]{}])")
_UNFIT_FOR_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def scalar_text(text: str, *, in_braces: bool = False) -> str:
    """Return `text` as one YAML scalar of one line, in quotes where YAML (of any version) would read something else.

    Examples
    --------
    >>> scalar_text("42% (40% to 45%)"), scalar_text("no"), scalar_text("max(a, b)", in_braces=True)
    ('42% (40% to 45%)', '"no"', '"max(a, b)"')
    """
    plain = _SAFE.fullmatch(text) or (_SIGNED.match(text) and _SAFE.fullmatch(f"0{text}"))
    unsafe = not plain or text[-1].isspace() or _BREAKS.search(text) or _OTHER_MEANING.fullmatch(text)
    if not unsafe and not (in_braces and _IN_BRACES.search(text)):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub("[\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]", lambda at: f"\\u{ord(at[0]):04x}", quoted)


def flow_text(data: Any) -> str:
    """Return mappings, lists and texts in one line.

    Examples
    --------
    >>> flow_text({"slope": "-0.01pp per point", "evidence": {"grade": "judgement"}})
    '{slope: -0.01pp per point, evidence: {grade: judgement}}'
    """
    if isinstance(data, Mapping):
        pairs = (f"{_key_text(str(key))}: {flow_text(value)}" for key, value in data.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(flow_text(item) for item in data) + "]"
    return scalar_text(data, in_braces=True)


def _key_text(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else scalar_text(key, in_braces=True)


def entry_lines(path: tuple[str, ...], value: Any, indent: int) -> list[str]:
    """Return the lines of one entry of a model file; `path` says which, `indent` is its number of spaces.

    Examples
    --------
    >>> entry_lines(("metrics", "churn"), {"value": "2.5%/month", "agreed": {"by": "CFO", "on": "2026-10-31"}}, 2)
    ['  churn:', '    value: 2.5%/month', '    agreed: {by: CFO, on: 2026-10-31}']
    """
    head = f"{' ' * indent}{_key_text(path[-1])}:"
    if isinstance(value, str) and "\n" in value and not _UNFIT_FOR_LINES.search(value):
        inner = " " * (indent + 2)
        return [f"{head} |-", *(f"{inner}{line}" if line else "" for line in value.split("\n"))]
    if isinstance(value, Mapping) and not _in_braces(path, value, len(head)):
        return [head, *(line for key, item in value.items() for line in entry_lines((*path, key), item, indent + 2))]
    return [f"{head} {flow_text(value) if not isinstance(value, str) else scalar_text(value)}"]


def _in_braces(path: tuple[str, ...], value: Mapping[str, Any], used: int) -> bool:
    spread = path in (("metrics",), ("scenarios",)) or (
        path[0] == "metrics" and (len(path) == 2 or path[2:] == ("drivers",))
    )
    text = flow_text(value)
    return not spread and used + 1 + len(text) <= WIDTH and "\\n" not in text
