"""Tornado, waterfall, lines and distribution drawn by matplotlib (extra ``plot``), the same bytes every time."""

from impacttree.render.charts.draw import draw_chart, to_figure

__all__ = ["draw_chart", "to_figure"]
