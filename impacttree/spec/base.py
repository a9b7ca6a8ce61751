"""The base of the models: one way to read keys, whether they come from a file or from Python.

Reading never stops at the first problem. Bad keys are left out, the rest is read, and everything found is handed on:
the constructors raise it as one `ModelError`, the loader adds the places in the file. Each field says with `As` how it
is read; pydantic's own validators are not built, which would cost more time than most commands take.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from functools import cache
from typing import Any, ClassVar, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from impacttree.errors import Edit, ModelError, Problem, printable
from impacttree.errors import meant as meant_by
from impacttree.quantity import Quantity, Unit
from impacttree.records import dataclass
from impacttree.spec import leaves
from impacttree.spec.leaves import Context, Finding, Wrong, wrong
from impacttree.spec.places import NOWHERE, Key, Places
from impacttree.spec.placing import put
from impacttree.spec.yaml_events import MAX_PROBLEMS

__all__ = ["As", "Entry", "fields_of", "problem_of", "read", "read_many", "read_one"]

M = TypeVar("M", bound="Entry")


@dataclass(frozen=True, slots=True)
class As:
    """How a field is read from what was written, and the JSON Schema of what may be written."""

    read: Callable[[object, Context], Any]
    schema: Mapping[str, Any] = field(default_factory=dict, compare=False)


class Entry(BaseModel):
    """A frozen part of a model file; equal to another that states the same."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    noun: ClassVar[str]
    example: ClassVar[str]
    """The body as it is written in a file."""
    identity: ClassVar[str] = ""
    """Field that holds the name; in a file it is the key before the body."""
    section: ClassVar[tuple[Key, ...]] = ()
    """Keys of a file below which it stands; empty when that depends on what it is part of."""
    body: ClassVar[str] = ""
    """Field that may be the whole body in a file; empty when the body always maps the other fields."""
    short: ClassVar[str] = ""
    """Field that may stand alone in place of the body."""
    hints: ClassVar[Mapping[str, str]] = {}
    """What to do about keys that people look for here."""

    def with_keys(self, **keys: Any) -> Self:
        """Return a checked copy with some keys changed; None takes a key out.

        Raises
        ------
        ModelError
            If the result would be wrong; lists every problem.
        """
        copy = type(self).__new__(type(self))
        copy.set_keys({key: getattr(self, key) for key in self.stated_keys()} | keys)
        return copy

    def stated_keys(self) -> tuple[str, ...]:
        """Return the names of the fields that were stated, in canonical order; an empty list states nothing."""
        stated = self.model_fields_set
        return tuple(key for key in type(self).model_fields if key in stated and getattr(self, key) != ())

    def written(self) -> Any:
        """Return what was stated, as it stands in a file after the name: texts, dicts and lists."""
        if self.body and set(self.stated_keys()) <= {self.identity, self.body}:
            return _plain(getattr(self, self.body))
        stated = {key: self.plain(key) for key in self.stated_keys() if key != self.identity}
        return stated[self.short] if self.short and stated.keys() == {self.short} else stated

    def as_stated(self) -> Self:
        """Return the entry without what a tree has added to it."""
        return self

    def plain(self, key: str) -> Any:
        """Return what was stated for one key."""
        return _plain(getattr(self, key))

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        return ((key, getattr(self, key)) for key in self.stated_keys())

    def in_currency(self, currency: str) -> Self:
        """Return the same statement, with ``$`` read as the dollar of a tree in that currency."""
        statement = self.written()
        if not any("$" in text for text in _texts(statement)):
            return self
        again, _ = _read_named(type(self), getattr(self, self.identity), statement, currency)
        return self if again is None or again == self else again

    def set_keys(self, keys: Mapping[str, Any]) -> None:
        """Fill in a new object from the locals of its constructor; None means that a key is not stated."""
        given = {key: value for key, value in keys.items() if value is not None and key not in ("self", "unknown")}
        given |= keys.get("unknown", {})
        built, findings = read(type(self), given, self.currency_of(given))
        if findings or built is None:
            path = self.path_of(given)
            raise ModelError(*(problem_of(finding.below(*path)) for finding in findings))
        self.__setstate__(built.__getstate__())

    @classmethod
    def currency_of(cls, keys: Mapping[str, Any]) -> str:  # noqa: ARG003
        """Return the currency that ``$`` is read in."""
        return "USD"

    @classmethod
    def path_of(cls, keys: Mapping[str, Any]) -> tuple[Key, ...]:
        """Return where the object would stand in a file."""
        return (*cls.section, str(keys.get(cls.identity, ""))) if cls.section and cls.identity else cls.section

    @classmethod
    def wrong_keys(cls, keys: Mapping[str, Any]) -> Iterator[Finding]:  # noqa: ARG003
        """Yield what is wrong with the combination of keys."""
        return iter(())

    def wrong_values(self, currency: str) -> Iterator[Finding]:  # noqa: ARG002
        """Yield what is wrong between values that are each well written."""
        return iter(())

    @classmethod
    def is_body(cls, raw: object) -> bool:  # noqa: ARG003 - a kind of its own may have fields beside the body
        """Return whether what is written after the name is the field `body` alone."""
        return bool(cls.body)

    @classmethod
    def unstated(cls, values: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG003
        """Return fields that follow from others when they are not stated."""
        return {}

    def remember(self, keys: Mapping[str, Any]) -> None:
        """Keep what was written and the fields do not tell."""


# ---- reading


@cache
def fields_of(cls: type[Entry]) -> Mapping[str, As]:
    """Return how each field is read."""
    return {key: next(item for item in info.metadata if isinstance(item, As)) for key, info in cls.model_fields.items()}


@cache
def required_of(cls: type[Entry]) -> tuple[str, ...]:
    return tuple(key for key, info in cls.model_fields.items() if info.is_required())


def read(cls: type[M], keys: Mapping[str, Any], currency: str) -> tuple[M | None, list[Finding]]:
    """Make a model of `keys` without what is wrong in them; None if what is left is not enough."""
    fields = fields_of(cls)
    findings: list[Finding] = []
    meant: dict[str, Any] = {}
    if not keys.keys() <= fields.keys():
        unknown = [key for key in keys if key not in fields]
        findings += [_unknown_key(cls, key, meant) for key in unknown[:MAX_PROBLEMS]]
        keys = {key: value for key, value in keys.items() if key in fields}
    findings += cls.wrong_keys(meant | dict(keys) if meant else keys)
    values: dict[str, Any] = {}
    context = Context(currency)
    for key, raw in keys.items():
        try:
            values[key] = fields[key].read(raw, context)
        except Wrong as error:
            findings += [finding.below(key) for finding in error.findings]
        if context.findings:
            findings += [finding.below(key) for finding in context.findings]
            context.findings.clear()
    for key in required_of(cls):
        if key not in keys and key not in meant:
            problem = Problem(reason=f"'{key}' is missing in {cls.noun}", fix=f"write e.g. {cls.example}")
            findings.append(Finding((), problem))
    if not values.keys() >= set(required_of(cls)):
        return None, findings
    instance = cast("M", cls.model_construct(set(values), **cls.unstated(values), **values))
    instance.remember(keys)
    return instance, findings + list(instance.wrong_values(currency))


def _unknown_key(cls: type[Entry], key: str, meant: dict[str, Any]) -> Finding:
    """Return what to say about a key, and note in `meant` which one it stands for, so that it is not missed as well."""
    known = [name for name in cls.model_fields if name != cls.identity]
    likely = "" if key in cls.hints else meant_by(key, known)
    reason = f"'{printable(key, 60)}' is not known in {cls.noun}"
    if not likely:
        fix = cls.hints.get(key, f"known are {', '.join(known)}")
        return Finding((key,), Problem(reason=reason, fix=fix), at_key=True)
    meant[likely] = None
    reason += f" (did you mean '{likely}'?)"
    return Finding((key,), Problem(reason=reason, edit=Edit(0, len(key), likely)), at_key=True)


def read_one(cls: type[M], raw: object, context: Context) -> M:
    """Read a field that holds one nested model."""
    if isinstance(leaves.stated(raw), cls):
        return cast("M", raw)
    if cls.short and isinstance(raw, str):
        raw = {cls.short: raw}
    instance, findings = read(cls, dict(leaves.pairs(raw, cls.noun, cls.example)), context.currency)
    if instance is None:
        raise Wrong(*findings)
    context.findings += findings
    return instance


def read_many(cls: type[M], raw: object, context: Context, *, whole: bool) -> tuple[M, ...]:
    """Read a field that maps names to bodies; in Python it may also be a list of objects.

    A part with a problem is left out if only `whole` ones are of use, else kept without what is wrong in it.
    """
    found: list[Finding] = []
    parts: dict[str, M] = {}
    for name, body in _named(cls, raw):
        if len(found) >= MAX_PROBLEMS:
            reason = f"more than {MAX_PROBLEMS:,} problems; the rest is not checked"
            found.append(Finding((name,), Problem(reason=reason, fix="correct these first"), at_key=True))
            break
        if name in parts:
            found.append(Finding((name,), Problem(reason=f"'{printable(name, 60)}' is stated twice", fix="keep one")))
        elif isinstance(body, cls):
            parts[name] = body.as_stated().in_currency(context.currency)
        else:
            part, findings = _read_named(cls, name, body, context.currency)
            found += [finding.below(name) for finding in findings]
            if part is not None and not (whole and findings):
                parts[name] = part
    context.findings += found
    return tuple(parts.values())


def _named(cls: type[M], raw: object) -> Iterator[tuple[str, object]]:
    if isinstance(leaves.stated(raw), Mapping):
        yield from cast("Mapping[str, object]", raw).items()
        return
    for position, item in leaves.items(raw, f"this maps names to {cls.noun}: it", f"name: {cls.example}"):
        if not isinstance(item, cls):
            raise wrong(f"this is not {cls.noun}", f"give a mapping, or a list of {cls.__name__} objects", position)
        yield getattr(item, cls.identity), item


def _read_named(cls: type[M], name: str, body: object, currency: str) -> tuple[M | None, list[Finding]]:
    """Make a model whose name stands before its body."""
    if cls.is_body(body):
        instance, findings = read(cls, {cls.identity: name, cls.body: body}, currency)
        return instance, [_at_name(cls, _without(cls.body, finding)) for finding in findings]
    try:
        keys = dict(leaves.pairs(body, cls.noun, cls.example))
    except Wrong as error:
        return read(cls, {cls.identity: name}, currency)[0], list(error.findings)
    strays = [_unknown_key(cls, cls.identity, {})] if cls.identity in keys else []
    instance, findings = read(cls, {**keys, cls.identity: name}, currency)
    return instance, strays + [_at_name(cls, finding) for finding in findings]


def _without(key: str, finding: Finding) -> Finding:
    return replace(finding, path=finding.path[1:]) if finding.path[:1] == (key,) else finding


def _at_name(cls: type[Entry], finding: Finding) -> Finding:
    return replace(finding, path=(), at_key=True) if finding.path[:1] == (cls.identity,) else finding


# ---- saying what is wrong, and what was stated


def problem_of(finding: Finding, places: Places = NOWHERE) -> Problem:
    """Return the problem with the metric and key that its path names, and the place in the file."""
    path = finding.path
    in_metric = path[:1] == ("metrics",) and len(path) > 1
    metric, keys = (str(path[1]), path[2:]) if in_metric else ("", path)
    key = ".".join(str(part) for part in keys)
    return put(finding.problem, places, path, at_key=finding.at_key).at(metric=metric, key=key)


def _plain(value: Any) -> Any:
    """Return a field's value as texts, dicts and lists."""
    match value:
        case Quantity():
            return leaves.written(value)
        case Unit():
            return str(value) or "1"
        case bool():
            return "true" if value else "false"
        case datetime.date():
            return value.isoformat()
        case Entry():
            return value.written()
        case tuple():
            return _plain_tuple(value)
        case _:
            return str(value)


def _plain_tuple(items: tuple[Any, ...]) -> Any:
    match items:
        case (Entry(), *_):
            return {getattr(item, item.identity): item.written() for item in items}
        case ((str(), _), *_):
            return {key: _plain(value) for key, value in items}
        case _:
            return [_plain(item) for item in items]


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for item in data:
            yield from _texts(item)
    else:
        yield data
