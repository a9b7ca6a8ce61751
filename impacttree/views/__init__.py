"""Plain pictures: what an answer shows, as frozen data, before anyone draws it.

Every number is already text in the reader's units and rounding; where a renderer needs a length it is given a float
beside the text. Views hold no model, compute nothing and import nothing of the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Align",
    "Bar",
    "Bars",
    "Callout",
    "Card",
    "Cell",
    "Column",
    "Diagram",
    "Fact",
    "Headline",
    "Lines",
    "Link",
    "Panel",
    "Series",
    "Step",
    "Table",
    "Tone",
    "View",
    "Waterfall",
]

Tone = Literal["favourable", "adverse", "neutral"]
"""Good or bad for the business; never high or low."""
Align = Literal["left", "right"]
Glyph = Literal["product", "driver", "financial", "guardrail"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line of a headline: ``through`` and its rows of text, each a tuple of cells."""

    label: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence with the money, and the facts that stand under it."""

    title: str
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Cell:
    """`text` is shown; `value` is what sorts and exports (number, text or nothing)."""

    text: str
    value: float | str | None = None
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    """Basis, method, warnings: printed below."""


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


@dataclass(frozen=True, slots=True)
class Bars:
    """A tornado: bars in the order given (widest first), around `base`, coloured by tone."""

    title: str
    subtitle: str
    base: float
    base_text: str
    bars: tuple[Bar, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One column of a waterfall; a ``total`` stands on the axis, a ``change`` on what came before."""

    label: str
    amount: float
    text: str
    role: Literal["total", "change"]
    tone: Tone


@dataclass(frozen=True, slots=True)
class Waterfall:
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
class Lines:
    """Series over periods; `ticks` labels the x axis, `levels` pairs of y value and text for the y axis."""

    title: str
    subtitle: str
    ticks: tuple[str, ...]
    series: tuple[Series, ...]
    levels: tuple[tuple[float, str], ...]
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
class Diagram:
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
    size: Literal["slide", "poster"] = "slide"
    """A slide folds what a large tree has beyond some forty cards; a poster shows all."""
    callout: Callout | None = None
    panels: tuple[Panel, ...] = ()
    notes: tuple[str, ...] = ()
    """Basis, warnings, what was left out: the footer."""
    period: str = "month"


View = Headline | Table | Bars | Waterfall | Lines | Diagram
