"""Records are what the standard decorator makes: the same constructor, values, texts and refusals, at less cost."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import sys
from dataclasses import field
from functools import cached_property
from typing import Any

import pytest

import impacttree
from impacttree import records

SKIPPED = {"impacttree.engine.interpreter", "impacttree.notebook.explorer"}
"""Modules of an extra that may not be installed."""


def classes() -> list[type]:
    """Return every data class of the package."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(impacttree.__path__, "impacttree."):
        if module.name not in SKIPPED:
            for value in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(value) and dataclasses.is_dataclass(value) and value.__module__ == module.name:
                    found[f"{module.name}.{value.__qualname__}"] = value
    return list(found.values())


def standard(cls: type) -> type:
    """Return a class with the same fields, made by the standard decorator."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": cls.__module__}
    for each in dataclasses.fields(cls):
        body["__annotations__"][each.name] = each.type
        body[each.name] = field(
            default=each.default,
            default_factory=each.default_factory,
            init=each.init,
            repr=each.repr,
            hash=each.hash,
            compare=each.compare,
            kw_only=each.kw_only,
        )
    return dataclasses.dataclass(frozen=True, slots=True)(type(cls.__name__, (), body))


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}")
def test_every_data_class_is_made_as_the_standard_one(cls: type) -> None:
    theirs = standard(cls)
    own_constructor = "__init__" in inspect.getsource(cls)
    assert own_constructor or str(inspect.signature(cls)) == str(inspect.signature(theirs))
    assert cls.__match_args__ == theirs.__match_args__
    assert [each.name for each in dataclasses.fields(cls)] == [each.name for each in dataclasses.fields(theirs)]


def test_the_package_takes_its_data_classes_from_records() -> None:
    for cls in classes():
        taken = vars(sys.modules[cls.__module__])["dataclass"]
        assert taken is records.dataclass, f"{cls.__module__}: from impacttree.records import dataclass"


@records.dataclass(frozen=True, slots=True)
class Ours:
    """A record with every kind of field."""

    name: str
    number: float = 1.0
    parts: dict[str, int] = field(default_factory=dict)
    aside: str = field(default="", compare=False)
    hidden: str = field(default="h", repr=False)
    kept: list[int] = field(init=False, default_factory=list)
    fixed: int = field(init=False, default=7)
    only: str = field(default="k", kw_only=True)


Theirs = standard(Ours)

ARGUMENTS: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    (("a",), {}),
    (("a", 2.0), {}),
    (("a", float("nan")), {}),
    (("a", 2.0, {"x": 1}, "aside", "hidden"), {"only": "me"}),
    ((), {"name": "a", "aside": "other"}),
)


@pytest.mark.parametrize(("given", "named"), ARGUMENTS)
def test_a_record_holds_and_says_what_the_standard_one_does(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours, theirs = Ours(*given, **named), Theirs(*given, **named)
    assert [getattr(ours, each.name) for each in dataclasses.fields(ours)] == [
        getattr(theirs, each.name) for each in dataclasses.fields(Theirs)
    ]
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    for twin in (copy.copy(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)), dataclasses.replace(ours)):
        assert twin is not ours
        assert repr(twin) == repr(ours)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)


NUMBERS = [one for one in ARGUMENTS if "nan" not in repr(one)]


@pytest.mark.parametrize("left", NUMBERS)
@pytest.mark.parametrize("right", NUMBERS)
def test_records_are_equal_where_standard_ones_are(left: Any, right: Any) -> None:
    ours = Ours(*left[0], **left[1]) == Ours(*right[0], **right[1])
    assert ours == (Theirs(*left[0], **left[1]) == Theirs(*right[0], **right[1]))
    assert Ours(*left[0], **left[1]) != Theirs(*left[0], **left[1])


def test_the_same_missing_number_is_equal_to_itself() -> None:
    """As in tuples, and in standard data classes until Python 3.13, which compares field by field."""
    missing = float("nan")
    assert Ours("a", missing) == Ours("a", missing)
    assert Ours("a", missing) != Ours("a", -missing)


def test_a_default_made_anew_is_not_shared() -> None:
    assert Ours("a").parts is not Ours("b").parts
    assert Ours("a").kept is not Ours("b").kept


@pytest.mark.parametrize(("given", "named"), [((), {}), (("a", 1.0, {}, "", "", "k"), {}), (("a",), {"fixed": 3})])
def test_wrong_arguments_are_refused_in_the_same_words(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    said = []
    for cls in (Ours, Theirs):
        with pytest.raises(TypeError) as caught:
            cls(*given, **named)
        said.append(str(caught.value).replace("Theirs", "Ours"))
    assert said[0] == said[1]


def test_nothing_is_set_or_deleted() -> None:
    ours = Ours("a")
    for change in (lambda: setattr(ours, "name", "b"), lambda: delattr(ours, "name"), lambda: setattr(ours, "new", 1)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()


@records.dataclass(frozen=True, slots=True)
class Single:
    """A record with one field, whose hash a set tells from that of the bare value."""

    value: float


@records.dataclass(frozen=True, slots=True, eq=False)
class Same:
    """A record that equals itself alone."""

    value: float


@records.dataclass(frozen=True)
class Later:  # noqa: PLW1641 - the hash that it is given is what is tested
    """A record that keeps what it works out, and says so in its own words."""

    value: float

    @cached_property
    def double(self) -> float:
        return 2 * self.value

    def __repr__(self) -> str:
        return f"later {self.value}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Later)


@records.dataclass(frozen=True)
class Below(Later):
    """A record of a record."""

    more: int = 0

    def __post_init__(self) -> None:
        if self.more < 0:
            raise ValueError("less than nothing")


def test_hashes_follow_equality() -> None:
    assert hash(Single(2.0)) == hash(standard(Single)(2.0)) == hash((2.0,))
    assert Single(2.0) == Single(2)
    assert len({Same(1.0), Same(1.0)}) == 2
    assert hash(Later(1.0)) == hash((1.0,))


def test_methods_of_the_class_itself_stay() -> None:
    assert repr(Later(1.0)) == "later 1.0"
    assert Later(1.0) == Later(2.0)
    assert Later(3.0).double == 6.0
    assert Below(3.0, 2).double == 6.0
    assert (Below(3.0).more, repr(Below(3.0))) == (0, "Below(value=3.0, more=0)")
    with pytest.raises(ValueError, match="less than nothing"):
        Below(1.0, -1)


def test_a_class_that_may_change_is_left_to_the_standard() -> None:
    @records.dataclass(slots=True)
    class Changing:
        value: int

    changing = Changing(1)
    changing.value = 2
    assert changing == Changing(2)


def test_constructors_are_compiled_when_they_are_first_used() -> None:
    @records.dataclass(frozen=True, slots=True)
    class New:
        """A record that nobody has made yet."""

        value: int

    before = vars(New)["__init__"]
    assert not inspect.isfunction(before)
    assert New(1).value == 1
    assert inspect.isfunction(vars(New)["__init__"])
