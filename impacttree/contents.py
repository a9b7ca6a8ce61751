"""Tables of contents whose names are imported from their modules when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["contents"]


def contents(package: str, home: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that has its names from modules inside it.

    Parameters
    ----------
    package
        The package, as ``impacttree.formula``.
    home
        The module of each name; with ``module:other``, the name has another one there.

    Examples
    --------
    >>> get, names = contents("impacttree.formula", {"parse": "parser"})
    >>> get("parse").__module__
    'impacttree.formula.parser'
    """

    def get(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, inner = home[name].partition(":")
        value: object = getattr(import_module(f"{package}.{module}"), inner or name)
        vars(sys.modules[package])[name] = value
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *home})
