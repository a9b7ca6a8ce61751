from __future__ import annotations

import re
from unittest.mock import patch

from impacttree.patterns import pattern


def test_a_pattern_is_compiled_once_and_when_first_used() -> None:
    with patch("re.compile", wraps=re.compile) as compiled:
        word = pattern(r"[a-z]+", re.IGNORECASE)
        assert not compiled.called
        assert [word.fullmatch(text) is not None for text in ("Ab", "a1", "")] == [True, False, False]
        compiled.assert_called_once_with(r"[a-z]+", re.IGNORECASE)


def test_it_is_what_re_compiles() -> None:
    ours, theirs = pattern(r"(?P<digit>\d)|x"), re.compile(r"(?P<digit>\d)|x")
    assert ours.sub("-", "1x2") == theirs.sub("-", "1x2")
    assert (ours.pattern, ours.groups, ours.groupindex) == (theirs.pattern, theirs.groups, theirs.groupindex)
