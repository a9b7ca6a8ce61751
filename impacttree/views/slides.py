"""A slide, and the pictures that stand on slides beside tables, charts and the diagram.

A slide says where its parts stand on a grid of twelve columns; how they are drawn is the renderer's work.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from impacttree.records import dataclass
from impacttree.views import (
    Bars,
    Cell,
    Chart,
    Column,
    Diagram,
    Distribution,
    Headline,
    Lines,
    Panel,
    Table,
    View,
    Waterfall,
)

__all__ = [
    "COLUMNS",
    "Course",
    "Event",
    "Figures",
    "Gauge",
    "Gauges",
    "Milestone",
    "Passage",
    "Prose",
    "RangeBar",
    "ShareOfBar",
    "Shares",
    "Signatures",
    "Slide",
    "SlidePart",
    "SlidePicture",
    "Spans",
    "Timeline",
    "one_slide",
    "paged",
    "title_with_number",
]

COLUMNS = 12
PAGE = 10
"""Rows of a table on one slide, at most."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Large figures side by side: tiles, or an equation where `signs` stand between them.

    Examples
    --------
    >>> Figures((Panel("Returns", "+$706k", "by month 36"), Panel("We ask", "$250k", "once"))).panels[0].body
    '+$706k'
    """

    panels: tuple[Panel, ...]
    signs: tuple[str, ...] = ()
    """``-`` or ``=`` between neighbours; none, or one fewer than there are panels."""
    upright: bool = False
    """Whether the tiles stand below each other."""


@dataclass(frozen=True, slots=True)
class RangeBar:
    """One range of a `Spans`: its ends and its point, each a number and its text."""

    label: str
    low: float
    point: float
    high: float
    low_text: str
    point_text: str
    high_text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Spans:
    """Ranges on one axis against a threshold: what a bet returns by three horizons, and what it costs."""

    title: str
    spans: tuple[RangeBar, ...]
    levels: tuple[tuple[float, str], ...]
    threshold: float | None = None
    threshold_text: str = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A metric against its guardrail, as shares of the gauge's length."""

    label: str
    value_text: str
    value: float
    limit: float
    limit_text: str
    note: str
    breached: bool = False


@dataclass(frozen=True, slots=True)
class Gauges:
    title: str
    gauges: tuple[Gauge, ...]


@dataclass(frozen=True, slots=True)
class ShareOfBar:
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Shares:
    """One bar cut into shares, strongest evidence first, and what is said of them."""

    title: str
    shares: tuple[ShareOfBar, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signatures:
    """Lines to sign on: a role, and who holds it where that is known."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph; a strong one is read first."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Prose:
    """Sentences in a box; the accented one holds what is asked for."""

    title: str
    passages: tuple[Passage, ...]
    accent: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """A point of a timeline: where it stands between 0 and 1, what happens, and when."""

    at: float
    text: str
    when: str
    role: Literal["money", "check", "other"] = "other"


@dataclass(frozen=True, slots=True)
class Timeline:
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point of a line that is named: the deepest outlay, the payback."""

    at: int
    """Position among the values of the line, from 0."""
    value: float
    text: str
    detail: str = ""
    """``month 21``; stands below the text, and not in bold."""
    drops: bool = False
    """Whether a dashed line leads down from it, as where the line crosses zero."""


@dataclass(frozen=True, slots=True)
class Course:
    """A line over periods with points that are named, and what its periods are."""

    lines: Lines
    milestones: tuple[Milestone, ...] = ()
    axis: str = ""
    """``Month``."""
    names: tuple[str, ...] = ()
    """What stands below the axis at each period, empty where nothing does: ``FY27`` at its end; each period if none."""


SlidePicture = Course | Table | Chart | Diagram | Figures | Spans | Gauges | Shares | Signatures | Prose | Timeline


@dataclass(frozen=True, slots=True)
class SlidePart:
    """A picture and its place: first column and number of columns, and from which share of the body to which."""

    picture: SlidePicture
    column: int = 0
    columns: int = COLUMNS
    top: float = 0.0
    bottom: float = 1.0
    narrower: tuple[Table, ...] = ()
    """The same table with fewer columns each: the first one whose texts stand whole is drawn, else the last."""


@dataclass(frozen=True, slots=True)
class Slide:
    """A title that is a sentence with its number, what shows it, and the footer that says what the number rests on.

    Examples
    --------
    >>> ask = Figures((Panel("We ask", "$250k", "once, in month 1"),))
    >>> Slide("We ask $250k", (SlidePart(ask),)).title
    'We ask $250k'
    """

    title: str
    parts: tuple[SlidePart, ...]
    subtitle: str = ""
    notes: tuple[str, ...] = ()
    """What the speaker reads: how the numbers came about, warnings."""
    footer: tuple[str, ...] = ()
    """Source, as-of date and version; basis."""


def title_with_number(view: View) -> str:
    """Return the title of a picture; where it holds no number, with the one that the picture is about.

    Examples
    --------
    >>> from impacttree.views import Series
    >>> line = Series("Operating profit", (1.0, 2.0), "$2M", accent=True)
    >>> title_with_number(Lines("Operating profit", "By month", ("0", "1"), (line,), ()))
    'Operating profit: $2M at 1'
    """
    if any(letter.isdigit() for letter in view.title):
        return view.title
    told = ""
    match view:
        case Lines(series=series, ticks=ticks) if series and ticks:
            first = next((one for one in series if one.accent), series[0])
            told = f"{first.last_text} at {ticks[-1]}"
        case Distribution(marks=marks):
            told = ", ".join(f"{mark.label} {mark.text}".strip() for mark in marks)
        case Bars(bars=bars) if bars:
            ends = [text for text in (bars[0].low_text, bars[0].high_text) if text]
            told = f"{bars[0].label}: {' to '.join(ends)}"
        case Waterfall(steps=steps) if steps:
            told = f"{steps[-1].label} {steps[-1].text}"
        case Diagram(subtitle=subtitle):
            told = subtitle
        case Table(rows=rows):
            told = f"{len(rows)} rows"
    return f"{view.title}: {told}" if told else view.title


def one_slide(view: View, footer: tuple[str, ...] | None = None) -> Slide:
    """Return the slide that a picture makes by itself: its title, itself, and its notes for the speaker.

    Parameters
    ----------
    view
        A headline becomes a table of its facts.
    footer
        Two lines; the first notes of the view if not given.

    Examples
    --------
    >>> one_slide(Headline("+1% engagement adds $17k", ())).title
    '+1% engagement adds $17k'
    """
    if isinstance(view, Headline):
        facts = [(fact.label if not k else "", row) for fact in view.facts for k, row in enumerate(fact.rows)]
        rows = tuple((Cell(head), Cell("   ".join(cell for cell in row if cell))) for head, row in facts)
        table = Table("", (Column(""), Column("")), rows)
        return Slide(title_with_number(view), (SlidePart(table),), notes=view.warnings, footer=footer or ())
    foot = view.notes[:2] if footer is None else footer
    if isinstance(view, Table) and not view.rows:
        said = Prose("", tuple(Passage(note) for note in view.notes))
        return Slide(title_with_number(view), (SlidePart(said),), notes=view.notes, footer=foot)
    subtitle = "" if isinstance(view, Table) else view.subtitle
    shown = (
        replace(view, title="", notes=()) if isinstance(view, Table) else replace(view, title="", subtitle="", notes=())
    )
    title = title_with_number(view)
    return Slide(title, (SlidePart(shown),), subtitle, view.notes, foot)


def paged(slide: Slide) -> tuple[Slide, ...]:
    """Return a slide whose first part is a long table as slides of a few rows each, whose titles count them.

    Examples
    --------
    >>> table = Table("", (Column("n"),), tuple((Cell(str(n)),) for n in range(20)))
    >>> [one.title for one in paged(Slide("Numbers", (SlidePart(table),)))]
    ['Numbers (1 of 2)', 'Numbers (2 of 2)']
    """
    part, *beside = slide.parts
    table = part.picture
    if not isinstance(table, Table) or len(table.rows) <= PAGE:
        return (slide,)
    each = -(-len(table.rows) // -(-len(table.rows) // PAGE))
    starts = range(0, len(table.rows), each)
    slides = []
    for number, start in enumerate(starts, 1):
        within = range(start, min(start + each, len(table.rows)))
        totals = frozenset(row - start for row in table.totals if row in within)
        accent = table.accent - start if table.accent in within and table.accent is not None else None
        page = replace(table, rows=table.rows[start : start + each], totals=totals, accent=accent)
        title = f"{slide.title} ({number} of {len(starts)})"
        shown = replace(part, picture=page)
        slides.append(
            replace(slide, title=title, parts=(shown, *beside) if number == 1 else (replace(shown, columns=COLUMNS),))
        )
    return tuple(slides)
