"""How numbers by period are read: a list, a mapping of periods, or a file beside the model; and seasons."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from numbers import Real
from pathlib import Path
from typing import Any, cast

from impacttree.errors import ModelError, Problem, printable
from impacttree.files import decode, read_regular
from impacttree.quantity import Quantity, Then
from impacttree.quantity.dates import MONTHS, month_number
from impacttree.records import dataclass
from impacttree.spec import leaves
from impacttree.spec.leaves import MAX_HORIZON, Context, Finding, Wrong, wrong
from impacttree.spec.yaml_events import BROKEN

__all__ = [
    "Beyond",
    "Seasonality",
    "SeriesFile",
    "StatedSeries",
    "read_beyond",
    "read_seasonality",
    "read_series",
    "read_series_files",
]

MOST_BYTES = 1_000_000
"""Largest file of values that is read."""
MOST_FILES = 50
"""Different files that one model reads."""
MOST_COLUMNS = 1_000
SUFFIXES = (".csv", ".tsv")
EXAMPLE = "[100, 110, 120]"
_LISTED = 8
_RANGED = (
    "write one number for each period; how sure all of them are is a metric that multiplies them in a formula, "
    "e.g. {value: 100% (90% to 110%)}"
)


@dataclass(frozen=True, slots=True)
class StatedSeries:
    """The numbers of a metric by period, as stated.

    Parameters
    ----------
    entries
        The period as it is written (empty in a list, where the first number is that of period 1), and the number.
    file
        The file that they come from; empty where they stand in the model.
    """

    entries: tuple[tuple[str, Quantity], ...]
    file: str = field(default="", compare=False)

    @property
    def first(self) -> Quantity:
        """The first number as it is written."""
        return self.entries[0][1]

    @property
    def text(self) -> str:
        """The series in a few words: ``12 values, from $29 to $40``."""
        if len(self.entries) == 1:
            return self.first.text
        source = f" in {self.file}" if self.file else ""
        return f"{len(self.entries)} values{source}, from {self.first.text} to {self.entries[-1][1].text}"

    def written(self) -> Any:
        """Return the series as it stands in a model."""
        numbers = [leaves.written(number) for _, number in self.entries]
        labels = [label for label, _ in self.entries]
        return dict(zip(labels, numbers, strict=True)) if labels[0] else numbers


class SeriesFile(str):
    """The name of a file of values, with what stands in it."""

    rows: Sequence[tuple[str, Any]]

    __slots__ = ("rows",)

    def __new__(cls, name: str, rows: Sequence[tuple[str, Any]]) -> SeriesFile:
        """Make the name; `rows` holds the period and the number of each row, as written."""
        made = super().__new__(cls, name)
        made.rows = rows
        return made


@dataclass(frozen=True, slots=True)
class Beyond:
    """What holds beyond the end of a series: hold, grow by a share per period, or repeat."""

    then: Then
    growth: float = 0.0
    period: str = ""
    """The period that was written beside the growth; empty where none was."""
    text: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Seasonality:
    """Factors by month or by quarter of the year."""

    factors: tuple[float, ...]
    names: tuple[str, ...] = ()
    """As they are written; nothing where they are a list."""
    texts: tuple[str, ...] = ()

    def written(self) -> Any:
        return dict(zip(self.names, self.texts, strict=True)) if self.names else list(self.texts)


# ---- reading


def read_series(raw: object, context: Context) -> StatedSeries:
    """Read numbers by period; `context` takes what is wrong with single ones, and their periods are checked as well.

    Raises
    ------
    Wrong
        When these are not numbers by period at all, or none of them is one.
    """
    if isinstance(leaves.stated(raw), StatedSeries):
        return cast("StatedSeries", raw)
    file = ""
    if isinstance(raw, SeriesFile):
        file, pairs = str(raw), list(raw.rows)
    elif isinstance(raw, str):
        if raw.strip() and not raw.strip().lower().endswith(SUFFIXES):
            reason = f"'{printable(raw.strip(), 60)}' is neither a list of values nor a .csv file"
            raise wrong(reason, _one_number(raw, context))
        reason = f"'{printable(raw.strip(), 60)}' names a file of values, which is read beside a model file alone"
        raise wrong(reason, f"load the model from its file, or write the numbers here: {EXAMPLE}")
    elif isinstance(raw, Mapping) or callable(getattr(raw, "items", None)):
        pairs = [(_label(key), value) for key, value in cast("Mapping[Any, Any]", raw).items()]
    else:
        pairs = [("", value) for _, value in leaves.items(_listed(raw), "values", EXAMPLE)]
    if not pairs:
        raise wrong("the list is empty", f"write e.g. {EXAMPLE}")
    if len(pairs) > MAX_HORIZON:
        raise wrong(f"has {len(pairs):,} values; at most {MAX_HORIZON:,} are read", "leave out what is not used")
    entries = _entries(pairs, bool(file), context)
    known = next((number for _, number in entries if number is not None), None)
    if known is None:
        found = tuple(context.findings)
        context.findings.clear()
        raise Wrong(*found)
    return StatedSeries(tuple((label, number or known) for label, number in entries), file)  # any, where one is wrong


def _one_number(raw: str, context: Context) -> str:
    """Return what to write in place of a text that should be several numbers."""
    try:
        leaves.quantity(raw, context.currency)
    except Wrong:
        return f"write the numbers: {EXAMPLE}; or the name of a .csv file beside the model"
    return f"one number for all periods is `value: {printable(raw.strip(), 60)}`; several are a list: {EXAMPLE}"


def _listed(raw: object) -> object:
    """Return an array or a column of numbers as a list."""
    to_list = getattr(raw, "tolist", None)
    return to_list() if callable(to_list) else raw


def _label(key: object) -> str:
    day = getattr(key, "strftime", None)
    return str(day("%Y-%m-%d")) if callable(day) else str(key).strip()


def _is_number(value: Any) -> bool:
    """Return whether a value is a Python number, also one of numpy's."""
    return not isinstance(value, bool | str) and isinstance(value, Real)


def _plain(value: Any) -> float:
    """Return a number as it would be written: a whole one without its point."""
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _entries(pairs: Sequence[tuple[str, Any]], from_file: bool, context: Context) -> list[tuple[str, Quantity | None]]:
    """Return the number of each period, None where what is written is not one; `context` takes what is wrong."""
    entries: list[tuple[str, Quantity | None]] = []
    blank: list[str] = []
    ranges: list[str] = []
    unread = 0
    for position, (label, value) in enumerate(pairs):
        number: Quantity | None = None
        if from_file and not value:
            blank.append(label)
        else:
            try:
                number = leaves.quantity(_plain(value) if _is_number(value) else value, context.currency)
            except Wrong as error:
                unread += 1
                if unread <= _LISTED:
                    context.findings += _of_entry(error, label, position, from_file)
        if number is not None and (number.value is None or number.spread is not None):
            ranges.append(f"{printable(number.text, 40)} ({label or f'value {position + 1}'})")
            number = None
        entries.append((label, number))
    if unread > _LISTED:
        reason = f"{unread - _LISTED} more of these cannot be read"
        context.findings.append(Finding((), Problem(reason=reason, fix="correct the others first")))
    if blank:
        fix = "state one for each period, or end the series before"
        context.findings.append(Finding((), Problem(reason=f"the file has no value for {_shown(blank)}", fix=fix)))
    if ranges:
        context.findings.append(Finding((), Problem(reason=f"these are not one number: {_shown(ranges)}", fix=_RANGED)))
    return entries


def _of_entry(error: Wrong, label: str, position: int, from_file: bool) -> Iterator[Finding]:
    """Yield what is wrong with the number of a period: at its place in the model, or with its name in a file."""
    for finding in error.findings:
        problem = finding.problem
        if from_file:
            yield Finding(finding.path, Problem(reason=f"{label}: {problem.reason}", fix=problem.fix))
        else:
            yield Finding((label or position, *finding.path), problem)


def read_beyond(raw: object) -> Beyond:
    """Read what holds beyond the end of a series: ``hold``, ``repeat`` or ``grow 1%/month``."""
    if isinstance(raw, Beyond):
        return raw
    fix = "write hold, repeat, or e.g. grow 1%/month"
    text = leaves.text_of(raw, "this", "hold")
    word, _, rest = text.partition(" ")
    if word in ("hold", "repeat") and not rest:
        return Beyond(cast("Then", word), text=text)
    if word != "grow" or not rest.strip():
        raise wrong(f"'{printable(text, 40)}' does not say what comes after the last value", fix)
    rate = leaves.quantity(rest.strip(), "USD")
    period = "" if rate.unit is None or not rate.unit.calendar else rate.unit.calendar[0][0]
    is_share = rate.unit is not None and rate.unit.display == "%" and len(rate.unit.factors) == (1 if period else 0)
    if rate.value is None or rate.spread is not None or not is_share or rate.value <= -1.0:
        raise wrong(f"'{printable(rest.strip(), 40)}' is not a growth per period", fix)
    return Beyond("grow", rate.value, period, text)


def read_seasonality(raw: object) -> Seasonality:
    """Read factors by month or quarter of the year, which average to one."""
    if isinstance(leaves.stated(raw), Seasonality):
        return cast("Seasonality", raw)
    example = "{Q1: 0.9, Q2: 1, Q3: 1, Q4: 1.1}"
    if isinstance(raw, Mapping):
        names, texts = zip(*raw.items(), strict=True) if raw else ((), ())
        places = _places([str(name) for name in names], example)
    else:
        names, texts = (), tuple(value for _, value in leaves.items(_listed(raw), "seasonality", example))
        places = list(range(len(texts)))
        if len(texts) not in (4, 12):
            reason = f"has {len(texts)} factors; a year has twelve months or four quarters"
            raise wrong(reason, f"write e.g. {example}")
    factors = [0.0] * len(places)
    for name, place, text in zip(names or map(str, range(len(places))), places, texts, strict=True):
        number = leaves.quantity(text, "USD")
        if number.value is None or number.spread is not None or not (number.unit is None or number.unit.is_pure):
            raise wrong(f"'{printable(number.text, 40)}' is not a factor", "write a plain number: 0.9", str(name))
        if number.value < 0:
            raise wrong(f"{number.text} is below zero", "a factor multiplies: write e.g. 0.9", str(name))
        factors[place] = number.value
    mean = math.fsum(factors) / len(factors)
    if abs(mean - 1.0) > 1e-9:
        scaled = ", ".join(f"{factor / mean:.6g}" for factor in factors) if mean else "1, 1, 1, 1"
        raise wrong(f"the factors average to {mean:.6g}, not to 1", f"scaled, they are [{scaled}]")
    return Seasonality(tuple(factors), tuple(str(name) for name in names), tuple(str(text) for text in texts))


def _places(names: Sequence[str], example: str) -> list[int]:
    """Return which month, or quarter, each name is, counted from 0."""
    quarters = [name.strip().upper() in ("Q1", "Q2", "Q3", "Q4") for name in names]
    places = [int(name.strip()[1]) - 1 if is_quarter else (month_number(name) or 0) - 1
              for name, is_quarter in zip(names, quarters, strict=True)]  # fmt: skip
    unknown = [name for name, place in zip(names, places, strict=True) if place < 0]
    if unknown or len(set(quarters)) > 1:
        reason = f"{_shown(unknown)} is not a month or quarter" if unknown else "has months and quarters"
        raise wrong(reason, f"name all twelve months, or all four quarters: {example}")
    wanted = [f"Q{n}" for n in range(1, 5)] if quarters and quarters[0] else list(MONTHS)
    twice = sorted({wanted[place] for place in places if places.count(place) > 1}, key=wanted.index)
    if twice:
        raise wrong(f"{_shown(twice)} is stated twice", "keep one of them")
    missing = [name for place, name in enumerate(wanted) if place not in places]
    if missing:
        raise wrong(f"has no factor for {_shown(missing)}", "state all of them: 1 for an average one")
    return places


def _shown(names: Sequence[str]) -> str:
    listed = ", ".join(printable(name, 40) for name in names[:_LISTED])
    return listed + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")


# ---- files of values


def read_series_files(metrics: object, model: str | os.PathLike[str]) -> tuple[Any, list[Finding]]:
    """Return what a model states of its metrics, with what stands in the files of values that it names.

    A file stands in the folder of the model or below it, whatever links lead there; it is a regular one.

    Parameters
    ----------
    metrics
        The body of `metrics` as read from the file.
    model
        The path of the model file.
    """
    if not isinstance(metrics, Mapping):
        return metrics, []
    folder, tables, findings = Path(model).parent, dict[str, list[list[str]]](), list[Finding]()
    found: dict[Any, Any] = {}
    for name, body in metrics.items():
        said = body.get("values") if isinstance(body, Mapping) else None
        found[name] = body
        file = said.strip() if isinstance(said, str) and not isinstance(said, SeriesFile) else ""
        if not file.lower().endswith(SUFFIXES):
            continue
        try:
            if file not in tables:
                if len(tables) >= MOST_FILES:
                    raise wrong(f"a model reads at most {MOST_FILES} files of values", "put several columns into one")
                tables[file] = _table(folder, file)
            found[name] = {**body, "values": SeriesFile(file, _column(tables[file], str(name)))}
        except Wrong as error:
            findings += [finding.below("metrics", name, "values") for finding in error.findings]
            found[name] = {**body, "values": BROKEN}
    return found, findings


def _text(folder: Path, file: str, shown: str) -> str:
    """Return what stands in a file of the folder."""
    try:
        path, home = (folder / file).resolve(), folder.resolve()
    except (OSError, RuntimeError, ValueError):
        raise wrong(f"{shown} cannot be read", "check the path") from None
    if not path.is_relative_to(home):
        raise wrong(f"{shown} leads out of the folder of the model", "put the file itself there, not a link")
    try:
        return decode(read_regular(path, MOST_BYTES), file)
    except ModelError as error:
        problem = error.problems[0]
        raise wrong(f"{shown} {problem.reason}", problem.fix) from None


def _table(folder: Path, file: str) -> list[list[str]]:
    import csv

    shown = f"'{printable(file, 60)}'"
    if "\\" in file or "\x00" in file or Path(file).is_absolute() or ".." in Path(file).parts:
        raise wrong(f"{shown} is not beside the model", "name a file in the folder of the model, or below it")
    text = _text(folder, file, shown)
    head = text.partition("\n")[0]
    delimiter = next((sign for sign in ("\t", ";", ",") if sign in head), ",")
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise wrong(f"{shown} is not a table: {error}", "save it as CSV, a row for each period") from None
    if len(rows) < 2 or len(rows[0]) < 2:
        raise wrong(f"{shown} has no values", "write a head (period, arpu) and a row for each period")
    if len(rows[0]) > MOST_COLUMNS:
        raise wrong(f"{shown} has {len(rows[0]):,} columns; at most {MOST_COLUMNS:,} are read", "leave some out")
    return rows


def _column(rows: Sequence[Sequence[str]], name: str) -> list[tuple[str, str]]:
    head = [cell.strip() for cell in rows[0]]
    at = [place for place, cell in enumerate(head) if place and cell == name]
    if len(at) != 1 and len(head) == 2:
        at = [1]
    if len(at) != 1:
        what = "has no column" if not at else "has several columns"
        raise wrong(f"the file {what} '{name}'", f"its columns are {_shown(head[1:])}")
    return [(row[0].strip(), row[at[0]].strip() if len(row) > at[0] else "") for row in rows[1:]]
