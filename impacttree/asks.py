"""One line binds a question to a class: ``worth = asks(lambda: questions.worth)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

if TYPE_CHECKING:
    from impacttree.answers.subject import Subject

__all__ = ["BoundQuestion", "asks"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


class _Asking(Protocol):
    """What can be asked: a tree."""

    @property
    def _subject(self) -> Subject: ...


class BoundQuestion(Generic[P, R_co]):
    """A question bound to a class: a method with the question's own signature, defaults and documentation.

    The question is looked up when the method is first used, and the method then takes the place of this object.
    """

    def __init__(self, find: Callable[[], Callable[Concatenate[Subject, P], R_co]]) -> None:
        self._find = find

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    @overload
    def __get__(self, tree: None, owner: type[T]) -> Callable[Concatenate[T, P], R_co]: ...
    @overload
    def __get__(self, tree: _Asking, owner: type) -> Callable[P, R_co]: ...
    def __get__(self, tree: _Asking | None, owner: type) -> Callable[..., R_co]:
        method = self._method()
        setattr(self._owner, self._name, method)
        return method if tree is None else cast("Callable[P, R_co]", method.__get__(tree, owner))

    def _method(self) -> Any:
        question = self._find()

        @wraps(question)
        def method(self: _Asking, *args: P.args, **kwargs: P.kwargs) -> R_co:
            return question(self._subject, *args, **kwargs)

        own = inspect.signature(question)
        _, *others = own.parameters.values()
        tree = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        vars(method)["__signature__"] = own.replace(parameters=[tree, *others])
        method.__name__, method.__qualname__ = self._name, f"{self._owner.__qualname__}.{self._name}"
        method.__module__ = self._owner.__module__
        method.__doc__ = inspect.cleandoc(question.__doc__ or "").replace("subject\n    The tree.\n", "")
        return method


def asks(find: Callable[[], Callable[Concatenate[Subject, P], R_co]]) -> BoundQuestion[P, R_co]:
    """Return the method that asks a question of a tree; `find` looks the question up, when it is first asked."""
    return BoundQuestion(find)
