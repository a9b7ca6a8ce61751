"""Frozen data classes that cost little until they are used: `dataclass` comes from here, all else from `dataclasses`.

The standard decorator writes six functions for each class and compiles them, 0.7 ms a class, and most of them are never
called. Here comparing, printing and refusing are shared functions that go by the fields, and the constructor is
compiled when it is first looked up.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass"]

T = TypeVar("T")


class _Unstated:
    """Stands in a signature for a default that is made anew each time."""

    def __repr__(self) -> str:
        return "<factory>"


_UNSTATED = _Unstated()


class _Constructor:
    """Stands for the constructor of a class: compiled when it is first looked up, and then in the place of this."""

    def __init__(self, owner: type) -> None:
        self._owner = owner

    def __get__(self, record: object, owner: type | None = None) -> Callable[..., None]:
        made = _constructor(self._owner)
        type.__setattr__(self._owner, "__init__", made)
        bound: Callable[..., None] = made.__get__(record, owner)
        return bound


def _constructor(cls: type) -> Any:
    """Return the constructor that the standard decorator would write."""
    inner: dict[str, Any] = {"__set__": object.__setattr__, "__unstated__": _UNSTATED}
    plain: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for field in fields(cls):
        name, default = field.name, f"__default_{field.name}__"
        value = name if field.init else default
        text = name
        if field.default_factory is not MISSING:
            inner[default] = field.default_factory
            text = f"{name}=__unstated__"
            value = f"{default}() if {name} is __unstated__ else {name}" if field.init else f"{default}()"
        elif field.default is not MISSING:
            inner[default] = field.default
            text = f"{name}={default}"
        elif not field.init:
            continue
        if field.init:
            (named if field.kw_only else plain).append(text)
        body.append(f"__set__(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    head = ", ".join(["self", *plain, *(["*", *named] if named else [])])
    lines = "\n  ".join(body or ["pass"])
    scope: dict[str, Any] = {}
    source = f"def made({', '.join(inner)}):\n def __init__({head}):\n  {lines}\n return __init__"
    exec(source, vars(sys.modules[cls.__module__]), scope)  # noqa: S102 - names of fields, from our own classes
    made = scope["made"](**inner)
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = {field.name: field.type for field in fields(cls) if field.init} | {"return": None}
    return made


def _values(chosen: Iterable[Field[Any]]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that gives the values of some fields."""
    names = tuple(field.name for field in chosen)
    return attrgetter(*names) if len(names) > 1 else lambda record: tuple(getattr(record, name) for name in names)


def _comparison(cls: type) -> dict[str, Callable[..., Any]]:
    """Return what tells whether two records are equal, and the hash that goes with it."""
    compared = _values(field for field in fields(cls) if field.compare)

    def equals(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(compared(self))

    return {"__eq__": equals, "__hash__": hashed}


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse_setting(self: object, name: str, value: object) -> None:  # noqa: ARG001 - all are refused alike
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: object, name: str) -> None:  # noqa: ARG001 - all are refused alike
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


def _frozen(cls: type[T], options: dict[str, bool]) -> type[T]:
    """Return the class as a frozen data class."""
    own = {name for name, method in vars(cls).items() if method is not None}
    said, cls.__doc__ = cls.__doc__, cls.__doc__ or cls.__name__  # else the signature is worked out to stand there
    made: type[T] = dataclasses.dataclass(**options | {"init": False, "repr": False, "eq": False})(cls)
    made.__doc__ = said
    methods: dict[str, object] = {"__setattr__": _refuse_setting, "__delattr__": _refuse_deleting}
    if options.get("init", True):
        methods["__init__"] = _Constructor(made)
    if options.get("repr", True):
        methods["__repr__"] = _repr
    if options.get("eq", True):
        methods |= _comparison(made)
    if options.get("slots", False):
        methods |= {"__getstate__": _state, "__setstate__": _set_state}
    for name in methods.keys() - own:
        setattr(made, name, methods[name])
    return made


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(**options: bool) -> Callable[[type[T]], type[T]]:
        """Return the decorator that `dataclasses.dataclass` returns, which makes frozen classes at less cost.

        Examples
        --------
        >>> @dataclass(frozen=True, slots=True)
        ... class Point:
        ...     x: float
        ...     y: float = 0.0
        >>> Point(1.0), Point(1.0) == Point(1.0, 0.0)
        (Point(x=1.0, y=0.0), True)
        """
        frozen = options.pop("frozen", False)
        return (lambda cls: _frozen(cls, options)) if frozen else dataclasses.dataclass(**options)
