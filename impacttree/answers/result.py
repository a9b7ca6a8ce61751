"""What every answer can do: show itself, hand out its data, and say how it was computed."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from impacttree.answers.placeholders import ILLUSTRATIVE
from impacttree.errors import MissingDependency, OutputError, Problem
from impacttree.records import dataclass
from impacttree.views import Bars, Cell, Column, Table, View

if TYPE_CHECKING:
    import pandas

    from impacttree.views.slides import Slide, SlidePart

__all__ = ["BASE", "ChartResult", "Provenance", "Result", "Scalar"]

BASE = "base"
"""What stands in the column ``scenario`` of rows that hold in none."""
Scalar = float | int | str | bool | None
"""What a row of a result holds."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How an answer came about, so that it can be checked and had again."""

    method: str
    basis: str
    """What every money figure of the answer means; empty where there is none."""
    fingerprint: str
    """Of the tree that was asked: equal trees have equal fingerprints."""
    samples: int | None = None
    """How many samples were drawn; None where nothing was."""
    seed: int | None = None
    """Of the draws: the same seed gives the same samples."""
    source: str = ""
    """Where its numbers stand: the tree, by its name."""
    as_of: str = ""
    """The day that the newest of them stands for."""
    illustrative: bool = False
    """Whether the tree says of itself that they are invented."""
    scenario: str = ""
    """What is held in every run of the answer; empty for the tree as stated."""
    window: str = ""
    """Which periods its figures are over, where they begin after the first: ``FY28, months 4 to 15``."""

    @property
    def origin(self) -> str:
        """Where the numbers come from, in sentences: source, day and version."""
        parts = (
            f"Source: {self.source}." if self.source else "",
            "Illustrative data." if self.illustrative else "",
            f"As of {self.as_of}." if self.as_of else "",
            f"Version {self.fingerprint}.",
        )
        return " ".join(filter(None, parts))

    def told(self, sentence: str) -> str:
        """Return the sentence of an answer with the scenario that it holds in: ``Downturn: +1% ... adds $9k``."""
        return f"{self.scenario}: {sentence}" if self.scenario else sentence


@dataclass(frozen=True, repr=False)
class Result(ABC):
    """An answer: frozen data, and the same ways out for every question.

    A subclass gives its data as fields, the rows of its table, and the view that shows it. It is a dataclass with
    ``repr=False``, so that a Python prompt shows the answer as it prints.
    """

    provenance: Provenance

    @abstractmethod
    def view(self) -> View:
        """Return the answer as a plain picture: what text, notebooks and files are made from."""

    @abstractmethod
    def to_dicts(self) -> list[dict[str, Scalar]]:
        """Return the answer's rows as plain dictionaries, numbers in base units (0.42 for 42 %)."""

    def picture(self) -> View:
        """Return the view that is drawn by `plot`; the same as `view` unless there is a chart of it."""
        return self.view()

    def to_frame(self) -> pandas.DataFrame:
        """Return the rows as a pandas data frame.

        Raises
        ------
        MissingDependency
            When pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependency(
                Problem(reason="a data frame needs pandas, which is not installed", fix="run: pip install pandas")
            ) from error
        return pd.DataFrame(self.to_dicts())

    def to_json(self) -> str:
        """Return the answer as JSON: what was asked, how it was computed, and the rows."""
        import json

        return json.dumps(self.summary() | {"rows": self.to_dicts()}, indent=2, ensure_ascii=False, allow_nan=False)

    def slides(self) -> tuple[Slide, ...]:
        """Return the answer as slides: a title with its number, what shows it, notes and footer.

        Unless a question says otherwise these are its picture, and the table behind it. Long tables go on over several
        slides.
        """
        picture, view = self.picture(), self.view()
        behind = self.slide(view) if isinstance(view, Table) and picture != view else ()
        drawn = () if isinstance(picture, Bars) and not picture.bars else self.slide(picture)
        return (*drawn, *behind)

    def slide(
        self, shown: View, title: str = "", subtitle: str = "", beside: Sequence[SlidePart] = (), columns: int = 12
    ) -> tuple[Slide, ...]:
        """Return the slides of one of the answer's views, with the answer's footer.

        Parameters
        ----------
        shown
            A picture, which makes one slide, or a table, which goes on over several where it is long.
        title, subtitle
            By default those of the view.
        beside
            What stands beside it, on the first slide.
        columns
            Of twelve, those that the view takes up.
        """
        from impacttree.views.slides import one_slide, paged

        slide = one_slide(shown, self.footer)
        (part,) = slide.parts
        slide = replace(
            slide,
            title=title or slide.title,
            subtitle=subtitle or slide.subtitle,
            parts=(replace(part, columns=columns), *beside),
        )
        return paged(slide)

    @property
    def footer(self) -> tuple[str, ...]:
        """What stands below a slide of the answer: source, day and version of the tree, and the basis."""
        provenance = self.provenance
        within = f" In the scenario {provenance.scenario}." if provenance.scenario else ""
        basis = provenance.basis.removesuffix(f"; {ILLUSTRATIVE}") if provenance.illustrative else provenance.basis
        return provenance.origin + within, f"Basis: {basis}." if basis else f"Method: {provenance.method}."

    def summary(self) -> dict[str, Any]:
        """Return what stands above the rows in `to_json`."""
        provenance = self.provenance
        drawn = {} if provenance.samples is None else {"samples": provenance.samples, "seed": provenance.seed}
        within = {"scenario": provenance.scenario} if provenance.scenario else {}
        within |= {"window": provenance.window} if provenance.window else {}
        return {
            "question": re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower(),
            "method": provenance.method,
            "basis": provenance.basis,
            "fingerprint": provenance.fingerprint,
            **drawn,
            **within,
        }

    def plot(self) -> Any:
        """Return the answer drawn as a matplotlib figure.

        Raises
        ------
        MissingDependency
            When matplotlib (the extra ``plot``) is not installed.
        OutputError
            When this answer has no chart.
        """
        from impacttree.render import to_figure
        from impacttree.views import Chart

        picture = self.picture()
        if not isinstance(picture, Chart):
            raise OutputError(f"a {type(self).__name__} has no chart; print it, or use to_frame()")
        return to_figure(picture)

    def save(self, path: str | PathLike[str], overwrite: bool = True) -> None:
        """Write the answer to a file whose suffix says how; the old file stays as it was if that fails.

        Text, pages and tables (``.txt .md .html .csv``) are written from `view`, pictures (``.svg .png .pdf``) from
        `picture`, ``.json`` as `to_json` returns it. Where the view is not a table, ``.csv`` holds the rows of
        `to_dicts`.
        """
        from pathlib import Path

        from impacttree.files import replace_file, written_name
        from impacttree.render import save
        from impacttree.render.registry import format_for_suffix, formats_of

        name = written_name(path)
        suffix = Path(name).suffix.lower()
        if suffix == ".json":
            replace_file(name, f"{self.to_json()}\n".encode(), overwrite)
            return
        view, form = self.view(), format_for_suffix(suffix)
        if form not in formats_of(view):
            view = _table_of(self.to_dicts()) if form == "csv" else self.picture()
        save(view, name, overwrite=overwrite)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        from impacttree.render import to_text

        return to_text(self.view())

    def _repr_html_(self) -> str | None:
        return self._repr_mimebundle_().get("text/html")

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        from impacttree.render import mimebundle

        return mimebundle(self.view())


def _table_of(rows: Sequence[Mapping[str, Scalar]]) -> Table:
    """Return rows as a table of their values, under their keys."""
    columns = tuple(Column(key) for key in (rows[0] if rows else ()))
    return Table("", columns, tuple(tuple(map(_cell, row.values())) for row in rows))


def _cell(value: Scalar) -> Cell:
    if value is None or isinstance(value, bool):
        return Cell("" if value is None else str(value).lower())
    return Cell(str(value), value)


@dataclass(frozen=True, repr=False)
class ChartResult(Result):
    """One picture of an answer, with the numbers that it is drawn from.

    Attributes
    ----------
    drawn : View
        The picture.
    columns : tuple of str
        Names of the numbers.
    rows : tuple of tuple
        The numbers, a tuple for each row.
    """

    drawn: View
    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]

    def view(self) -> View:
        return self.drawn

    def to_dicts(self) -> list[dict[str, Scalar]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]
