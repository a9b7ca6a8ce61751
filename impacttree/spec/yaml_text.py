"""Plain data as YAML text: which scalars need quotes, the style with braces, and the lines of a model file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from impacttree.patterns import pattern

__all__ = ["entry_lines", "flow_text", "scalar_text"]

WIDTH = 110
"""Mappings go into braces up to this width."""

_SAFE = pattern(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`].*|-[0-9.$€£¥].*")
_BREAKS = pattern(r": | #|:$|^(?:---|\.\.\.)")
_OTHER_MEANING = pattern(r"(?i:~|null|true|false|yes|no|on|off|y|n|<<|=)|[0-9]+:[0-9:.]+")
_IN_BRACES = pattern(r"[,?\[\]{}]|:(?=[,\[\]{}])")


def scalar_text(text: str, *, in_braces: bool = False) -> str:
    """Return `text` as one YAML scalar of one line, in quotes where YAML (of any version) would read something else.

    Examples
    --------
    >>> scalar_text("42% (40% to 45%)"), scalar_text("no"), scalar_text("max(a, b)", in_braces=True)
    ('42% (40% to 45%)', '"no"', '"max(a, b)"')
    """
    plain = text.isprintable() and _SAFE.fullmatch(text) and not text.endswith(" ")
    if plain and not (
        _BREAKS.search(text) or _OTHER_MEANING.fullmatch(text) or (in_braces and _IN_BRACES.search(text))
    ):
        return text
    import json

    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(map(_escaped, quoted))


def _escaped(character: str) -> str:
    return character if character.isprintable() else f"\\U{ord(character):08x}"


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
    if isinstance(value, str) and "\n" in value and value.replace("\n", " ").isprintable():
        inner = " " * (indent + 2)
        return [f"{head} |-", *(f"{inner}{line}" if line else "" for line in value.split("\n"))]
    if isinstance(value, str) and len(head) + len(value) > WIDTH and value.isprintable() and "  " not in value:
        return [f"{head} >-", *_folded(value, indent + 2)]
    if isinstance(value, Mapping) and not _in_braces(path, value, len(head)):
        return [head, *(line for key, item in value.items() for line in entry_lines((*path, key), item, indent + 2))]
    if isinstance(value, list) and len(head) + 1 + len(flow_text(value)) > WIDTH:
        return [head, *(f"{' ' * (indent + 2)}- {flow_text(item)}" for item in value)]
    return [f"{head} {flow_text(value) if not isinstance(value, str) else scalar_text(value)}"]


def _in_braces(path: tuple[str, ...], value: Mapping[str, Any], used: int) -> bool:
    spread = path in (("metrics",), ("scenarios",)) or (
        path[0] == "metrics" and (len(path) == 2 or path[2:] == ("drivers",))
    )
    text = flow_text(value)
    return not spread and used + 1 + len(text) <= WIDTH and "\\n" not in text


def _folded(text: str, indent: int) -> list[str]:
    """Break a text at spaces into lines that YAML joins with spaces again."""
    lines, margin = [""], " " * indent
    for word in text.split(" "):
        if lines[-1] and indent + len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return [margin + line for line in lines]
