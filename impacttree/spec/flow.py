"""Plain data as YAML text: which scalars need quotes, and the style with braces."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["flow_text", "scalar_text"]

_SAFE = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`][^\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]*")
_SIGNED = re.compile(r"-[0-9.$€£¥]")
_BREAKS = re.compile(r": | #|:$|^(?:---|\.\.\.)")
_OTHER_MEANING = re.compile(r"(?i:~|null|true|false|yes|no|on|off|y|n|<<|=)|[0-9]+:[0-9:.]+")
_IN_BRACES = re.compile(r"[,\[\]{}]|:(?=[,\[\]{}])")


def scalar_text(text: str, in_braces: bool = False) -> str:
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
        return "{" + ", ".join(f"{scalar_text(str(key), True)}: {flow_text(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(flow_text(item) for item in data) + "]"
    return scalar_text(data, True)
