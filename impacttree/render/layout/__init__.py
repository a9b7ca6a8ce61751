"""Where everything of the card picture goes: `layout` turns a diagram into a scene, step by step, one file a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from impacttree.render.layout import cards, connectors, frame
from impacttree.render.layout.board import board_groups
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.cut import POSTER, SLIDE, Excerpt, board, cleaned, collapsed
from impacttree.render.layout.labels import Label, Rect, place_labels
from impacttree.render.layout.lanes import assign_lanes
from impacttree.render.layout.measure import uncovered
from impacttree.render.layout.network import Network, network
from impacttree.render.layout.placement import Grid
from impacttree.render.layout.ports import assign_ports
from impacttree.render.layout.routes import ArrowRoute, routes
from impacttree.render.layout.rows import RowSearch, Sweeps
from impacttree.render.layout.sizes import Geometry, discomfort, place
from impacttree.render.layout.style import MARGIN, PAGE_HEIGHT, PAGE_WIDTH, POINT, WHITE
from impacttree.render.layout.tracks import Tracks, assign_tracks
from impacttree.render.scene import Group, Scene, Text
from impacttree.views import Diagram

__all__ = ["Size", "layout"]

Size = Literal["slide", "poster"]
STRETCHES = (1.0, 1.2, 1.42)
ROW_KICKS, PART_KICKS = 10, 2
PROMISING = 3
"""So many arrangements, the most comfortable ones, are searched on."""
SEARCH_STEPS = 3_000_000
LABEL_STEPS = 3_000_000
"""What a picture may take at most; where it is spent, cards stay where they are and labels are left out."""


def layout(diagram: Diagram, size: Size | None = None) -> Scene:
    """Place everything `diagram` shows.

    A slide (16:9, larger than 13.33 x 7.5 in when the cards need it) shows at most 40 cards and folds the rest into
    what they feed; a poster shows 400 (`SLIDE` and `POSTER` list all limits). `size` overrules the diagram's own. The
    search for good places stops after so many steps, and says less about lines where labels would take more.

    >>> from impacttree.views import Card, Diagram
    >>> card = Card(id="revenue", kind="financial", label="Revenue", value="$1.2M", unit="per month")
    >>> scene = layout(Diagram("Revenue today", "", (card,), (), "revenue", ("revenue",)))
    >>> round(scene.width, 2), scene.height, [group.id for group in scene.groups if group.role == "card"]
    (13.33, 7.5, ['revenue'])
    """
    shape = size or diagram.size
    poster = shape == "poster"
    diagram = cleaned(diagram)
    if not diagram.cards:
        return _empty(diagram)
    if diagram.cut == "board":
        return _board(board(diagram))
    excerpt = collapsed(diagram, POSTER if poster else SLIDE)
    return _tree(excerpt, poster=poster, part_lanes=diagram.lanes if shape == "part" else 0)


def _empty(diagram: Diagram) -> Scene:
    headings = frame.headings(diagram, PAGE_WIDTH - 2 * MARGIN)
    return Scene(PAGE_WIDTH, PAGE_HEIGHT, diagram.title, "A tree without metrics.", headings.group(1.0))


def _board(excerpt: Excerpt) -> Scene:
    diagram = excerpt.diagram
    net = network(excerpt)
    headings = frame.headings(diagram, PAGE_WIDTH - 2 * MARGIN)
    groups = [
        *headings.group(1.0),
        *board_groups(net, excerpt, headings),
        frame.legend(net, 1.0, PAGE_WIDTH, PAGE_HEIGHT),
    ]
    foot = frame.footer(_notes(excerpt), 1.0, PAGE_WIDTH, PAGE_HEIGHT)
    if foot:
        groups.append(foot)
    return Scene(
        PAGE_WIDTH, PAGE_HEIGHT, diagram.title, _description(net, diagram), tuple(groups), _warnings(net, (), groups)
    )


def _tree(excerpt: Excerpt, *, poster: bool, part_lanes: int) -> Scene:
    diagram = excerpt.diagram
    net = network(excerpt)
    headings = frame.headings(diagram, PAGE_WIDTH - 2 * MARGIN)
    grid, tracks = _arranged(net, headings.height, Budget(SEARCH_STEPS), poster=poster, part_lanes=part_lanes)
    budget = Budget(LABEL_STEPS)
    tries = []
    for stretch in STRETCHES:
        geometry = place(net, grid, tracks, title_height=headings.height, stretch=stretch, part_lanes=part_lanes)
        forbidden = _forbidden(net, grid, geometry)
        drawn = routes(net, grid, tracks, geometry, assign_ports(net, grid, tracks, geometry))
        labels, lost = place_labels(net, geometry, drawn, forbidden, _good_sign(net, diagram), budget)
        important = sum(1 for route in lost if route.arrow.live or route.arrow.on_path)
        tries.append((important, stretch, geometry, drawn, labels, lost))
        if poster or not important or budget.spent:
            break
    _, _, geometry, drawn, labels, lost = min(tries, key=lambda found: found[:2])
    groups = [
        *headings.group(geometry.scale),
        *frame.heads(net, grid, geometry),
        *_connectors(net, drawn, geometry),
        *_cards(net, grid, geometry),
        *_callout(diagram, geometry),
        *(_label(net, label) for label in labels),
        frame.legend(net, geometry.scale, geometry.width, geometry.height),
    ]
    foot = frame.footer(_notes(excerpt), geometry.scale, geometry.width, geometry.height)
    return Scene(
        geometry.width,
        geometry.height,
        diagram.title,
        _description(net, diagram),
        (*groups, foot) if foot else tuple(groups),
        _warnings(net, lost, groups),
    )


def _arranged(
    net: Network, title_height: float, budget: Budget, *, poster: bool, part_lanes: int
) -> tuple[Grid, Tracks]:
    """Return the most comfortable of the arrangements for different numbers of lanes."""
    size = len(net.cards)
    kicks = 0 if size > 60 else PART_KICKS if part_lanes else ROW_KICKS if size <= 28 else ROW_KICKS // 2
    found: list[_Arrangement] = []
    swept: Sweeps = {}
    for lanes in assign_lanes(net, budget, poster=poster, part_lanes=part_lanes):
        if not found or not budget.spent:
            search = RowSearch(net, lanes, budget, swept)
            search.improve(sweeps=3 if size > 60 else 10)
            found.append(_arrangement(net, search, title_height, budget, part_lanes=part_lanes))
    found.sort(key=_cost)
    best = found[:PROMISING]
    for number, (_, search, *_) in enumerate(best):
        if kicks and not budget.spent:
            search.kick(kicks)
            best[number] = _arrangement(net, search, title_height, budget, part_lanes=part_lanes)
    _, _, grid, tracks = min(best, key=_cost)
    return grid, tracks


_Arrangement = tuple[float, RowSearch, Grid, Tracks]


def _arrangement(
    net: Network, search: RowSearch, title_height: float, budget: Budget, *, part_lanes: int
) -> _Arrangement:
    grid = search.placement.grid()
    tracks = assign_tracks(net, grid, budget)
    cost = grid.cost + discomfort(net, place(net, grid, tracks, title_height=title_height, part_lanes=part_lanes))
    return cost, search, grid, tracks


def _cost(arrangement: _Arrangement) -> float:
    return arrangement[0]


def _connectors(net: Network, drawn: tuple[ArrowRoute, ...], geometry: Geometry) -> list[Group]:
    return [connectors.connector(net, route, geometry.text_scale) for route in connectors.paint_order(drawn)]


def _cards(net: Network, grid: Grid, geometry: Geometry) -> list[Group]:
    on_path = set(net.path)
    return [
        cards.card(
            item,
            geometry.card(grid.lane[number], grid.row[number]),
            geometry.text_scale,
            main=number in on_path,
            lifted=net.lifted,
            folded=net.folded[number],
        )
        for number, item in enumerate(net.cards)
    ]


def _callout(diagram: Diagram, geometry: Geometry) -> list[Group]:
    if diagram.callout is None or geometry.callout is None:
        return []
    return [cards.callout(diagram.callout, geometry.callout, min(geometry.text_scale, 1.35))]


def _forbidden(net: Network, grid: Grid, geometry: Geometry) -> list[Rect]:
    """Return where no label may stand: cards, callout, heads, and the foot of the page."""
    boxes = [geometry.card(grid.lane[card], grid.row[card]) for card in range(len(net.cards))]
    if geometry.callout:
        boxes.append(geometry.callout)
    rects: list[Rect] = [
        (box.x - 0.015, box.y - 0.015, box.x + box.width + 0.015, box.y + box.height + 0.015) for box in boxes
    ]
    rects.append((0.0, 0.0, geometry.width, geometry.top - 0.12))
    rects.append((0.0, geometry.bottom + 0.08, geometry.width, geometry.height))
    return rects


def _good_sign(net: Network, diagram: Diagram) -> float:
    """Return the sign of the amounts that are good for the business."""
    total = sum(arrow.link.money for arrow in net.arrows if arrow.on_path)
    adverse = diagram.callout is not None and diagram.callout.tone == "adverse"
    return (-1.0 if total < 0 else 1.0) * (-1.0 if adverse else 1.0)


def _label(net: Network, label: Label) -> Group:
    left, top, right, _ = label.box
    middle = (left + right) / 2
    arrow = label.route.arrow
    source, target = net.cards[arrow.source].id, net.cards[arrow.target].id
    lines = tuple(
        cards.text(
            middle,
            top + (number + 0.82) * label.size * POINT * 1.2,
            line.text,
            label.size,
            line.color,
            bold=line.bold,
            anchor="middle",
            halo=WHITE if label.halo else "",
        )
        for number, line in enumerate(label.lines)
    )
    return Group("label", lines, id=f"{source}>{target}", source=source, target=target)


def _notes(excerpt: Excerpt) -> tuple[str, ...]:
    label = {card.id: card.label for card in excerpt.diagram.cards}
    runs = tuple(
        f"{label[first]} to {label[last]} runs via {_listed(names)}."
        for (first, last), names in excerpt.skipped.items()
        if len(names) > 1
    )
    return (*excerpt.diagram.notes, *runs, *_left_out(excerpt))


def _left_out(excerpt: Excerpt) -> Iterator[str]:
    """Yield what the picture does not show, in words."""
    number = len(excerpt.folded)
    if number:
        yield f"{number:,} metric{'s are' if number > 1 else ' is'} folded into the first one shown that they feed."
    if excerpt.lent:
        yield "A line from a card with '+n more' may be that of a metric folded into it."
    if excerpt.apart:
        yield f"{excerpt.apart:,} metric{'s' if excerpt.apart > 1 else ''} without a link to these not shown."
    if excerpt.thinned:
        yield f"{excerpt.thinned:,} line{'s that carry' if excerpt.thinned > 1 else ' that carries'} least not shown."


def _listed(names: tuple[str, ...]) -> str:
    """Return names, or the first of very many and how many more there are."""
    most = 12
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def _description(net: Network, diagram: Diagram) -> str:
    parts = [diagram.subtitle] if diagram.subtitle else []
    if diagram.callout:
        callout = diagram.callout
        parts.append(" ".join(part for part in (callout.head, callout.amount, callout.what, callout.range) if part))
    if len(net.path) > 1:
        chain = " > ".join(net.cards[card].label for card in net.path)
        parts.append(f"{'Main path' if net.lifted else 'Strongest chain'}: {chain}")
    parts += [
        cards.describe(card, folded, lifted=net.lifted) for card, folded in zip(net.cards, net.folded, strict=True)
    ]
    return ". ".join(parts) + "."


def _warnings(net: Network, lost: tuple[ArrowRoute, ...], groups: list[Group]) -> tuple[str, ...]:
    warnings = []
    lost = tuple(route for route in lost if route.arrow.live)
    if lost:
        names = ", ".join(
            f"{net.cards[route.arrow.source].label} to {net.cards[route.arrow.target].label}" for route in lost[:5]
        )
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        warnings.append(f"no room for the figures of: {names}{more}; they are in the picture's description")
    words = "".join(shape.text for group in groups for shape in group.shapes if isinstance(shape, Text))
    missing = uncovered(words)
    if missing:
        warnings.append(f"the built-in font lacks {len(missing)} letter(s): {missing[:20]}")
    return tuple(warnings)
