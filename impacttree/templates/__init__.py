"""Model files that come with the package: ``saas``, ``internal`` and ``duolingo``.

Beside each stands what it says as JSON, so that nobody waits for YAML to be parsed. ``tools/prepare_templates.py``
writes it, and a test holds it against the text.
"""

from __future__ import annotations

import re
from typing import Any

from impacttree.errors import Problem, QuestionError, nearest, printable
from impacttree.patterns import pattern

__all__ = ["instantiate", "names", "parsed", "text"]

_NAMES = ("saas", "internal", "duolingo")
_STATED = pattern(r"^    (?:value|start): [-$\d].*\n", re.MULTILINE)
"""A number that is stated: a start may be a formula."""
_EVIDENCE = pattern(r"^        evidence: .*\n", re.MULTILINE)
_ILLUSTRATIVE = "illustrative: true\n"


def names() -> tuple[str, ...]:
    """Return the names of the templates.

    Examples
    --------
    >>> names()
    ('saas', 'internal', 'duolingo')
    """
    return _NAMES


def text(name: str) -> str:
    """Return the model file called `name`, as it stands in the package.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    QuestionError
        There is no such template; the message lists those there are.

    Examples
    --------
    >>> text("saas").splitlines()[2]
    'name: Northwind CRM'
    """
    return _content(name, "yaml")


def parsed(name: str) -> dict[str, Any]:
    """Return what the model file called `name` says: mappings, lists and texts, parsed when the package was made.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    QuestionError
        There is no such template; the message lists those there are.

    Examples
    --------
    >>> parsed("saas")["metrics"]["engagement"]["value"]
    '42% (40% to 45%)'
    """
    import json

    data: dict[str, Any] = json.loads(_content(name, "json"))
    return data


def _content(name: str, suffix: str) -> str:
    """Return the text of a file of the template called `name`."""
    from pkgutil import get_data

    if not isinstance(name, str):
        raise QuestionError(f"a template is named by text, not {type(name).__name__}: one of {', '.join(_NAMES)}")
    if name not in _NAMES:
        raise QuestionError(
            Problem(
                reason=f"there is no template '{printable(name)}'{nearest(name, _NAMES)}",
                fix=f"the templates are {', '.join(_NAMES)}; a file is named by its path (./{printable(name)}.yaml)",
            )
        )
    content = get_data(__name__, f"{name}.{suffix}")
    assert content is not None
    return content.decode()


def instantiate(name: str) -> str:
    r"""Return the template as a new model file, each stated value and assumed effect marked ``placeholder: true``.

    Comments and layout stay. The evidence of effects is left out: whoever states an effect says how it is known. So an
    effect that counted in part, as a correlation does, counts in full until then. Whoever replaces a value or an effect
    removes its mark; until then answers begin with "Illustrative:" and say how many of their inputs are template
    values.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    QuestionError
        There is no such template.

    Examples
    --------
    >>> text("saas").count("placeholder"), instantiate("saas").count("value: 42% (40% to 45%)\n    placeholder: true")
    (0, 1)
    """
    marked = _STATED.sub(lambda line: f"{line[0]}    placeholder: true\n", text(name))
    return _EVIDENCE.sub("        placeholder: true\n", marked).replace(_ILLUSTRATIVE, "", 1)
