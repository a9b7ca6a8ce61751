"""How arrows look: the main path's ribbon, live lines, dashed lines that carry nothing, return arrows."""

from __future__ import annotations

from impacttree.render.layout.cards import polygon
from impacttree.render.layout.network import Network
from impacttree.render.layout.ports import head_length, head_width
from impacttree.render.layout.routes import ArrowRoute
from impacttree.render.layout.style import ACCENT, DASH, DASH_DOT, DEAD, LIVE, PLAIN, POINT, RETURN, WHITE
from impacttree.render.scene import Curve, Disc, Group, Segment, Shape

__all__ = ["connector", "describe", "line_color", "paint_order"]


def line_color(net: Network, route: ArrowRoute) -> str:
    """Return the colour of an arrow; the accent is the main path's alone."""
    arrow = route.arrow
    if arrow.on_path:
        return ACCENT if net.lifted else LIVE
    if arrow.returns:
        return RETURN
    if not net.lifted:
        return PLAIN
    return LIVE if arrow.live else DEAD


def paint_order(drawn: tuple[ArrowRoute, ...]) -> list[ArrowRoute]:
    """Return the routes in drawing order: idle lines first, the main path last."""

    def rank(route: ArrowRoute) -> tuple[bool, bool, float, int]:
        arrow = route.arrow
        return arrow.on_path, arrow.live, -arrow.share, arrow.index

    return sorted(drawn, key=rank)


def connector(net: Network, route: ArrowRoute, text_scale: float) -> Group:
    """Draw an arrow: its line, its head, and a ring at the start of an assumed effect."""
    arrow = route.arrow
    color = line_color(net, route)
    shapes: list[Shape] = []
    dash: tuple[float, ...] = ()
    if arrow.returns:
        dash = DASH_DOT
    elif net.lifted and not arrow.live and not arrow.on_path:
        dash = DASH
    if arrow.on_path and route.straight:
        shapes.append(_ribbon(route, color))
    else:
        shapes.append(Curve(route.steps, stroke=color, weight=route.width / POINT, dash=dash))
        if route.head:
            shapes.append(_head(route, color))
    if arrow.link.assumed and not route.branches:
        shapes.append(_ring(route, color, text_scale))
    cards = net.cards
    source, target = cards[arrow.source], cards[arrow.target]
    return Group(
        "connector",
        tuple(shapes),
        id=f"{source.id}>{target.id}",
        alt=describe(net, route),
        source=source.id,
        target=target.id,
        line=Curve(_to_tip(route), stroke=color, weight=route.width / POINT, dash=dash),
        headed=route.head,
    )


def _to_tip(route: ArrowRoute) -> tuple[Segment, ...]:
    """Return the steps of an edge's line as far as the point of its head, whose last part is straight."""
    if not route.head:
        return route.steps
    *before, last = route.steps
    return (*before, ("L", *route.tip)) if last[0] == "L" else (*route.steps, ("L", *route.tip))


def describe(net: Network, route: ArrowRoute) -> str:
    """Return an arrow in words, with every figure it carries, whether or not a label found room."""
    link = route.arrow.link
    source, target = net.cards[route.arrow.source].label, net.cards[route.arrow.target].label
    parts = [f"{source} to {target}", "assumed effect" if link.assumed else "exact formula"]
    if link.elasticity_text:
        parts.append(f"elasticity {link.elasticity_text}")
    if link.money_text:
        parts.append(f"carries {link.money_text}")
    if link.delay:
        parts.append(link.delay)
    return "; ".join(parts)


def _ribbon(route: ArrowRoute, color: str) -> Curve:
    x0, y = route.start
    x1 = route.tip[0]
    neck = x1 - head_length(route.width)
    half, wing = route.width / 2, head_width(route.width) / 2
    return polygon(
        (
            (x0, y - half), (neck, y - half), (neck, y - wing), (x1, y), (neck, y + wing), (neck, y + half),
            (x0, y + half),
        ),
        color,
    )  # fmt: skip


def _head(route: ArrowRoute, color: str) -> Curve:
    (x, y), (along_x, along_y) = route.tip, route.heading
    length, wing = head_length(route.width), head_width(route.width) / 2
    base_x, base_y = x - along_x * length, y - along_y * length
    return polygon(
        (
            (x, y),
            (base_x - along_y * wing, base_y + along_x * wing),
            (base_x + along_y * wing, base_y - along_x * wing),
        ),
        color,
    )


def _ring(route: ArrowRoute, color: str, text_scale: float) -> Disc:
    radius = max(0.027, min(0.052, 0.6 * route.width)) * min(text_scale, 1.3)
    x, y = route.start
    if route.upright:
        y += radius if route.tip[1] > y else -radius
    else:
        x += radius
    return Disc(x, y, radius, WHITE, color, 1.5 if route.width > 2.5 * POINT else 1.0)
