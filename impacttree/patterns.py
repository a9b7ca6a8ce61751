"""Regular expressions that are compiled when they are first used: most serve what goes wrong, and few answers do."""

from __future__ import annotations

import re
from typing import Any, cast

__all__ = ["pattern"]


class _Pattern:
    """Stands for a pattern: what is asked of it is taken from the compiled one, and kept."""

    def __init__(self, source: str, flags: re.RegexFlag | int) -> None:
        self.pattern = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self.pattern, self._flags), name)
        vars(self)[name] = found
        return found


def pattern(source: str, flags: re.RegexFlag | int = 0) -> re.Pattern[str]:
    """Return the regular expression as `re.compile` does, but compile it when it is first asked for anything.

    Examples
    --------
    >>> pattern("[a-z]+").match("abc1")
    <re.Match object; span=(0, 3), match='abc'>
    """
    return cast("re.Pattern[str]", _Pattern(source, flags))
