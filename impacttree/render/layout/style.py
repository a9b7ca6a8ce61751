"""Colours, sizes and distances of the card picture; inches and points."""

from __future__ import annotations

from typing import Final

INK: Final = "#1b2430"
MUTED: Final = "#5b6470"
WHITE: Final = "#ffffff"
ACCENT: Final = "#d55e00"
ACCENT_DARK: Final = "#9a4300"
ACCENT_TINT: Final = "#fdf1e8"
ON_TINT: Final = "#6b4a33"
GOOD: Final = "#00795a"
NAVY: Final = "#16263f"
ON_NAVY: Final = "#c3cbd6"
NAVY_GLYPH: Final = "#8fb4e8"
PRODUCT: Final = "#0072b2"
DRIVER: Final = "#5f6b7a"
GUARDRAIL: Final = "#8a4fa3"
RETURN: Final = "#2c6489"
LIVE: Final = "#8792a0"
PLAIN: Final = "#a3acb8"
DEAD: Final = "#c6cdd5"
RULE: Final = "#d6dbe1"
CARD_LINE: Final = "#c9d0d8"
PANEL: Final = "#f4f5f7"

PAGE_WIDTH: Final = 40 / 3
PAGE_HEIGHT: Final = 7.5
PART_LANE: Final = 9.5 / 4
PART_HEIGHT: Final = 5.1
"""Of the page for a part of a tree: a slide takes what stands on it half as large again."""
MARGIN: Final = 0.45
CARD_GAP: Final = 0.19
"""Least clear space between two cards."""
TRACK: Final = 0.075
POINT: Final = 1 / 72

NAME: Final = 10.5
KIND: Final = 7.0
VALUE: Final = 15.0
VALUE_LEAST: Final = 9.0
FOOT: Final = 7.5
PILL: Final = 8.0
LABEL: Final = 8.0
LEAST: Final = 7.0
"""No text is smaller than this many points."""

DASH: Final = (4.0, 3.0)
DASH_DOT: Final = (7.0, 2.5, 1.5, 2.5)
DASH_RAIL: Final = (5.0, 3.0)
