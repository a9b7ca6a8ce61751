"""Plain pictures: what an answer shows, as frozen data, before anyone draws it.

Every number is already text in the reader's units and rounding; where a renderer needs a length it is given a float
beside the text. Views hold no model, compute nothing and import nothing of the package.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

from impacttree.records import dataclass

__all__ = [
    "Align",
    "Aside",
    "Band",
    "Bar",
    "Bars",
    "Callout",
    "Card",
    "Cell",
    "Chart",
    "Column",
    "Diagram",
    "Distribution",
    "Fact",
    "Headline",
    "Lines",
    "Link",
    "Mark",
    "Panel",
    "Series",
    "Shown",
    "Step",
    "Table",
    "Tone",
    "View",
    "Waterfall",
]

Tone = Literal["favourable", "adverse", "neutral"]
"""Good or bad for the business; never high or low."""
Align = Literal["left", "right"]


class Shown:
    """Shows itself in notebooks and by `print`, and saves itself; what every view can do.

    The renderers are looked up by name when that happens, as they look up those of other packages: a view is plain data
    and knows no pen.
    """

    __slots__ = ()

    def save(self, path: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the view to a file whose suffix says how; an old file stays as it was if that fails."""
        import_module("impacttree.render").save(self, path, overwrite)

    def __str__(self) -> str:
        text: str = import_module("impacttree.render").to_text(self)
        return text

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        bundle: Mapping[str, str] = import_module("impacttree.render").mimebundle(self)
        return bundle


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line of a headline: ``through`` and its rows of text, each a tuple of cells."""

    label: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Headline(Shown):
    """The sentence with the money, and the facts that stand under it."""

    title: str
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column, and on which side its cells stand."""

    label: str
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Cell:
    """`text` is shown; `value` is what sorts and exports (number, text or nothing)."""

    text: str
    value: float | str | None = None
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Table(Shown):
    """Rows of texts below the heads of their columns."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    """Basis, method, warnings: printed below."""
    totals: frozenset[int] = frozenset()
    """Rows that add up others: subtotals of a statement."""
    accent: int | None = None
    """The row to read first."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a tornado: two ends around the base line; `low_text` is printed at the low end."""

    label: str
    low: float
    high: float
    low_text: str
    high_text: str
    low_tone: Tone
    high_tone: Tone
    note: str = ""
    """A further figure of the row, printed in a column at the right: ``62%``."""


@dataclass(frozen=True, slots=True)
class Bars(Shown):
    """A tornado: bars in the order given (widest first), around `base`, coloured by tone."""

    title: str
    subtitle: str
    base: float
    base_text: str
    bars: tuple[Bar, ...]
    notes: tuple[str, ...] = ()
    note_head: str = ""
    """What the notes of the bars are: ``share of spread``."""


@dataclass(frozen=True, slots=True)
class Step:
    """One column of a waterfall; a ``total`` stands on the axis, a ``change`` on what came before."""

    label: str
    amount: float
    text: str
    role: Literal["total", "change"]
    tone: Tone
    low: float | None = None
    high: float | None = None
    """Ends of the range of the level that the step reaches, drawn as a whisker when both are given."""
    range_text: str = ""
    """``$9k to $26k``, printed beside the amount."""


@dataclass(frozen=True, slots=True)
class Waterfall(Shown):
    """Steps from one amount to another."""

    title: str
    subtitle: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One line; `last_text` is printed at its end."""

    label: str
    values: tuple[float, ...]
    last_text: str
    accent: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A range in each period, painted below the lines; its texts (``P10 $9k``) are printed at its right end."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    label: str
    """What the range is: ``P10 to P90``."""
    low_text: str = ""
    high_text: str = ""


@dataclass(frozen=True, slots=True)
class Lines(Shown):
    """Series over periods; `ticks` labels the x axis, `levels` pairs of y value and text for the y axis."""

    title: str
    subtitle: str
    ticks: tuple[str, ...]
    series: tuple[Series, ...]
    levels: tuple[tuple[float, str], ...]
    notes: tuple[str, ...] = ()
    bands: tuple[Band, ...] = ()
    """In any order; the widest is painted first."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A value named on the axis of a distribution: ``P50`` and ``$17k``; the accented one stands out."""

    at: float
    label: str
    text: str
    accent: bool = False


@dataclass(frozen=True, slots=True)
class Distribution(Shown):
    """How likely the values of an outcome are: shares of the samples in bins of one width, and what matters among them.

    Examples
    --------
    >>> Distribution("Worth", "First 12 months", (0.0, 10.0, 20.0), (0.25, 0.75), marks=(Mark(12.0, "P50", "$12k"),))
    Distribution(title='Worth', subtitle='First 12 months', edges=(0.0, 10.0, 20.0), shares=(0.25, 0.75), ...)
    """

    title: str
    subtitle: str
    edges: tuple[float, ...]
    """Rising; one more than `shares`."""
    shares: tuple[float, ...]
    curve: tuple[tuple[float, float], ...] = ()
    """Points of the cumulative distribution: a value and the share of samples below it; rising in both."""
    marks: tuple[Mark, ...] = ()
    levels: tuple[tuple[float, str], ...] = ()
    """Pairs of value and text for the axis."""
    central: tuple[float, float] | None = None
    """The range that is emphasised: P10 and P90."""
    central_text: str = ""
    """``P10 to P90``."""
    threshold: float | None = None
    """A value beyond which it is adverse: break-even, or the limit of a guardrail."""
    threshold_text: str = ""
    """``loss: 3% of samples``."""
    adverse: Literal["below", "above"] = "below"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A metric in the diagram."""

    id: str
    kind: Literal["product", "driver", "financial"]
    label: str
    value: str
    unit: str
    """``per month``, ``of trials``; empty when the value says it all."""
    owner: str = ""
    change: str = ""
    """Pill text (``+0.64%``); empty means no change under this lift."""
    tone: Tone = "neutral"
    guardrail: str = ""
    """``floor 3.0x``; not empty marks a guardrail card."""
    breached: bool = False
    memory: bool = False
    """A stock: reads its own previous value; shown as a small loop mark, not as an edge."""
    missing: bool = False
    """Has no value; the unit says why."""
    money: float = 0.0
    """Absolute amount that passes through the card, for layout only."""


@dataclass(frozen=True, slots=True)
class Link:
    """An edge of the diagram; `source` acts on `target`."""

    source: str
    target: str
    assumed: bool
    """True for an influence (assumed effect), False for an identity (exact formula)."""
    back: bool
    """True when it acts in a later period: drawn as a return edge."""
    delay: str = ""
    """``next month``, ``after 3 months``; empty when it acts at once."""
    money: float = 0.0
    """Signed amount carried in this lift, for thickness; 0 without a lift."""
    money_text: str = ""
    elasticity: float = 0.0
    """Of the target to the source, at today's values; layout chooses the main path with it."""
    elasticity_text: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """A flow that joins the main path of the board cut at one of its cards, or leaves it there."""

    at: str
    """The card of the path, by its id."""
    amount: float
    """What the flow carries."""
    text: str
    """``+$38k``."""
    card: Card
    """Off the path: where what joins comes from, where what leaves goes to."""
    joins: bool
    root: str = ""
    """The card by which what joins here has left the path, by its id; empty where that is not among the asides."""

    @property
    def words(self) -> str:
        """``+$38k through NPS``, ``+$59k to NPS``."""
        return f"{self.text} {'through' if self.joins else 'to'} {self.card.label}"


@dataclass(frozen=True, slots=True)
class Callout:
    """The box by the outcome: ``First 12 months`` / ``+$122k`` / ``operating profit`` / range."""

    head: str
    amount: str
    what: str
    range: str = ""
    tone: Tone = "favourable"


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the four boxes under the board cut."""

    head: str
    body: str
    detail: str
    accent: bool = False


@dataclass(frozen=True, slots=True)
class Diagram(Shown):
    """The impact tree as a picture: which cards and links, in the model's order; where they go is the renderer's work.

    `path` lists the ids of the main path from the lifted metric to the outcome, in order (without a lift: the
    strongest chain into the outcome; `lifted` is then empty).
    """

    title: str
    subtitle: str
    cards: tuple[Card, ...]
    links: tuple[Link, ...]
    outcome: str
    path: tuple[str, ...]
    lifted: str = ""
    cut: Literal["full", "board"] = "full"
    size: Literal["slide", "poster", "part"] = "slide"
    """A slide folds what a large tree has beyond forty cards or so, a poster what it has beyond four hundred; a part of
    a tree, with few cards, stands on a smaller page, so that its letters are larger once it fills a slide."""
    lanes: int = 4
    """Of a part: for how many lanes side by side its page has room."""
    asides: tuple[Aside, ...] = ()
    """On the board cut: what joins the main path and leaves it, so that all that enters a card leaves it."""
    callout: Callout | None = None
    panels: tuple[Panel, ...] = ()
    notes: tuple[str, ...] = ()
    """Basis, warnings, what was left out: the footer."""
    period: str = "month"


Chart = Bars | Waterfall | Lines | Distribution
View = Headline | Table | Chart | Diagram
