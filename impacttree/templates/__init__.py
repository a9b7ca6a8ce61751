"""Model files that come with the package: ``saas``, ``internal`` and ``duolingo``.

Beside each stands its checked graph, pickled, so that nobody waits while a text that never changes is read and checked
again. ``tools/prepare_templates.py`` writes it, and a test holds it against the text.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from impacttree.errors import Problem, QuestionError, nearest, printable
from impacttree.patterns import pattern

if TYPE_CHECKING:
    from impacttree.graph import Graph
    from impacttree.spec.places import Key, Place

__all__ = ["graph", "instantiate", "names", "read_only", "text"]

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
    return _content(name, "yaml").decode()


def graph(name: str) -> Graph:
    """Return the checked graph of the model file called `name`, as it was when the package was made.

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
    >>> graph("saas").outcome
    'profit'
    """
    found: Graph = _Prepared(name, _content(name, "pickle")).load()
    return found


class _Prepared(pickle.Unpickler):  # noqa: S301 - reads what the package itself brings, and no class from elsewhere
    """Reads a graph that the package brings: values of its own classes, and dates. Places are those of the text."""

    def __init__(self, name: str, content: bytes) -> None:
        from io import BytesIO

        super().__init__(BytesIO(content))
        self._name = name

    def find_class(self, module: str, name: str) -> Any:
        if not module.startswith("impacttree.") and (module, name) != ("datetime", "date"):
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a template")
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Any:
        from impacttree.spec.places import Places

        assert pid == PLACES
        return Places(f"{self._name}.yaml", _places, text(self._name))


PLACES = "places"
"""Stands in a prepared graph for the places of its text."""


def _places(content: str) -> Mapping[Key, Place]:
    from impacttree.spec.load import places_in

    return places_in(content)


def read_only(items: dict[Any, Any]) -> Mapping[Any, Any]:
    """Return a mapping that cannot be changed: those of a graph are pickled as a call of this."""
    return MappingProxyType(items)


def _content(name: str, suffix: str) -> bytes:
    """Return what is in a file of the template called `name`."""
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
    return content


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
