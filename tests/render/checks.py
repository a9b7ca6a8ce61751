"""What must hold of every laid out tree, read from the scene alone: lists of what is wrong, empty when all is well."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from impacttree.render.layout import style
from impacttree.render.scene import Box, Curve, Group, Scene, Text

Rect = tuple[float, float, float, float]
Point = tuple[float, float]
TOLERANCE = 1e-6


def groups(scene: Scene, role: str) -> list[Group]:
    return [group for group in scene.groups if group.role == role]


def frame(group: Group) -> Rect:
    """The outline of a card, callout or panel: its largest box with its border."""
    box = max((s for s in group.shapes if isinstance(s, Box)), key=lambda s: s.width * s.height)
    half = box.weight / 144
    return box.x - half, box.y - half, box.x + box.width + half, box.y + box.height + half


def text_rect(text: Text) -> Rect:
    """The letters from cap height to descender."""
    em = text.size / 72
    return text.left, text.y - 0.72 * em, text.left + text.width, text.y + 0.2 * em


def overlap(one: Rect, two: Rect, gap: float = 0.0) -> bool:
    return (
        one[0] < two[2] + gap - TOLERANCE
        and two[0] < one[2] + gap - TOLERANCE
        and one[1] < two[3] + gap - TOLERANCE
        and two[1] < one[3] + gap - TOLERANCE
    )


def label_rect(group: Group) -> Rect:
    rects = [text_rect(s) for s in group.shapes if isinstance(s, Text)]
    return min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects)


def line(group: Group) -> Curve:
    return next(s for s in group.shapes if isinstance(s, Curve))


def is_ribbon(curve: Curve) -> bool:
    return bool(curve.fill)


def samples(curve: Curve) -> Iterator[Point]:
    """Points along a curve, at most 0.02 in apart on straight parts."""
    at = (0.0, 0.0)
    for step in curve.steps:
        if step[0] == "Z":
            continue
        if step[0] == "C":
            (x0, y0), (x1, y1, x2, y2, x3, y3) = at, step[1:]
            for part in range(61):
                t = part / 60
                a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
                yield a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3
            at = (x3, y3)
            continue
        if step[0] == "L":
            number = max(1, int((abs(step[1] - at[0]) + abs(step[2] - at[1])) / 0.02))
            for part in range(1, number + 1):
                yield at[0] + (step[1] - at[0]) * part / number, at[1] + (step[2] - at[1]) * part / number
        at = (step[1], step[2])
        yield at


def reach(curve: Curve) -> float:
    return 0.0 if is_ribbon(curve) else curve.weight / 144


def idle(curve: Curve) -> bool:
    """Carries nothing: labels may cut it with a halo."""
    return style.DEAD in (curve.stroke, curve.fill) or style.PLAIN in (curve.stroke, curve.fill)


def halo(group: Group) -> bool:
    return any(isinstance(shape, Text) and shape.halo for shape in group.shapes)


def inside(point: Point, rect: Rect, by: float) -> bool:
    return rect[0] - by < point[0] < rect[2] + by and rect[1] - by < point[1] < rect[3] + by


def hard(scene: Scene) -> list[str]:
    found: list[str] = []
    cards = {group.id: frame(group) for group in groups(scene, "card")}
    for (one, a), (two, b) in combinations(cards.items(), 2):
        if overlap(a, b, style.CARD_GAP):
            found.append(f"cards {one} and {two} are closer than {style.CARD_GAP} in")
    boxes = [frame(group) for group in groups(scene, "callout")]
    found += [f"card {name} meets the callout" for name, card in cards.items() for box in boxes if overlap(card, box)]
    found += _panels(scene, list(cards.values()))
    found += _labels(scene, [*cards.values(), *boxes])
    found += _lines(scene, cards, boxes)
    found += _frame(scene, [*cards.values(), *boxes])
    found += _texts(scene)
    return found


def _panels(scene: Scene, cards: list[Rect]) -> Iterator[str]:
    texts = [(group.role, text_rect(s)) for role in ("legend", "footer", "label") for group in groups(scene, role)
             for s in group.shapes if isinstance(s, Text)]  # fmt: skip
    for panel in groups(scene, "panel"):
        box = frame(panel)
        if any(overlap(box, card) for card in cards):
            yield f"panel {panel.alt} meets a card"
        yield from (f"panel {panel.alt} meets the {role}" for role, rect in texts if overlap(box, rect))


def _labels(scene: Scene, solid: list[Rect]) -> Iterator[str]:
    labels = [(group, label_rect(group)) for group in groups(scene, "label")]
    for (one, a), (two, b) in combinations(labels, 2):
        if overlap(a, b):
            yield f"labels {one.id} and {two.id} overlap"
    for group, rect in labels:
        if any(overlap(rect, box) for box in solid):
            yield f"label {group.id} lies on a card or the callout"
        for connector in groups(scene, "connector"):
            if connector.id == group.id and halo(group) and line(connector).weight <= 3:
                continue
            curves = [s for s in connector.shapes if isinstance(s, Curve) and not idle(s)]
            if any(inside(point, rect, reach(curve)) for curve in curves for point in samples(curve)):
                yield f"label {group.id} lies on the line {connector.id}"


def _lines(scene: Scene, cards: dict[str, Rect], boxes: list[Rect]) -> Iterator[str]:
    for connector in groups(scene, "connector"):
        for curve in connector.shapes:
            if not isinstance(curve, Curve):
                continue
            points = list(samples(curve))
            for name, card in [*cards.items(), *(("callout", box) for box in boxes)]:
                by = -0.01 if name in (connector.source, connector.target) else reach(curve) - 0.001
                if any(inside(point, card, by) for point in points):
                    yield f"line {connector.id} crosses {name}"


def _frame(scene: Scene, solid: list[Rect]) -> Iterator[str]:
    page = scene.width / style.PAGE_WIDTH
    floor = scene.height - 0.70 * page
    head = max(
        (text.y for group in groups(scene, "head") for text in group.shapes if isinstance(text, Text)), default=0
    )
    rects = [("a card or callout", rect) for rect in solid]
    rects += [(f"label {group.id}", label_rect(group)) for group in groups(scene, "label")]
    for group in groups(scene, "connector"):
        points = list(samples(line(group)))
        ys, xs = [y for _, y in points], [x for x, _ in points]
        rects.append((f"line {group.id}", (min(xs), min(ys), max(xs), max(ys))))
    for name, rect in rects:
        if rect[3] > floor:
            yield f"{name} reaches below the tree's part of the page"
        if rect[1] < head:
            yield f"{name} reaches into the heads"
        if rect[0] < 0 or rect[2] > scene.width:
            yield f"{name} leaves the page"
    for group in scene.groups:
        for shape in group.shapes:
            if isinstance(shape, Text) and not (shape.left >= 0 and shape.left + shape.width <= scene.width):
                yield f"the text {shape.text!r} leaves the page"
            if isinstance(shape, Text) and shape.y > scene.height - 0.04:
                yield f"the text {shape.text!r} leaves the page below"


def _texts(scene: Scene) -> Iterator[str]:
    for group in scene.groups:
        texts = [shape for shape in group.shapes if isinstance(shape, Text)]
        for text in texts:
            if text.size < style.LEAST - TOLERANCE:
                yield f"{text.text!r} is set in {text.size} pt"
            if not text.text.strip():
                yield f"an empty text in {group.role} {group.id}"
        for one, two in combinations(texts, 2):
            if overlap(text_rect(one), text_rect(two)):
                yield f"in {group.role} {group.id} {one.text!r} overlaps {two.text!r}"
        if group.role in ("card", "callout", "panel"):
            yield from _boxed(group, texts)


def _boxed(group: Group, texts: list[Text]) -> Iterator[str]:
    outer = frame(group)
    pills = [s for s in group.shapes if isinstance(s, Box) and 0.1 < s.height < 0.4 and s.radius > 0.05]
    for text in texts:
        rect = text_rect(text)
        if rect[0] < outer[0] + 0.02 or rect[2] > outer[2] - 0.02 or rect[1] < outer[1] or rect[3] > outer[3] + 0.01:
            yield f"in {group.role} {group.id} {text.text!r} leaves its box"
        for pill in pills:
            shape = (pill.x, pill.y, pill.x + pill.width, pill.y + pill.height)
            if overlap(rect, shape) and not inside(((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2), shape, 0):
                yield f"in {group.role} {group.id} {text.text!r} meets the pill"
    if group.role == "card":
        names = [text for text in texts if text.bold and text.size >= style.NAME - TOLERANCE]
        if not names:
            yield f"card {group.id} shows no name of {style.NAME} pt or more"


def crossings(scene: Scene) -> tuple[int, int]:
    """How often two lines cross, and how often two that carry money do (both inner parts, shared ends apart)."""
    lines = [
        (group, [*samples(line(group))][:: (1 if is_ribbon(line(group)) else 4)])
        for group in groups(scene, "connector")
    ]
    total = live = 0
    for (one, a), (two, b) in combinations(lines, 2):
        if {one.source, one.target} & {two.source, two.target} and (
            one.source == two.source or one.target == two.target
        ):
            continue
        hits = _meet(a, b)
        total += hits
        if not idle(line(one)) and not idle(line(two)):
            live += hits
    return total, live


def _meet(a: list[Point], b: list[Point]) -> int:
    hits = 0
    for p, q in pairwise(a):
        for r, s in pairwise(b):
            if max(p[0], q[0]) < min(r[0], s[0]) or max(r[0], s[0]) < min(p[0], q[0]):
                continue
            if max(p[1], q[1]) < min(r[1], s[1]) or max(r[1], s[1]) < min(p[1], q[1]):
                continue
            d1 = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
            d2 = (q[0] - p[0]) * (s[1] - p[1]) - (q[1] - p[1]) * (s[0] - p[0])
            d3 = (s[0] - r[0]) * (p[1] - r[1]) - (s[1] - r[1]) * (p[0] - r[0])
            d4 = (s[0] - r[0]) * (q[1] - r[1]) - (s[1] - r[1]) * (q[0] - r[0])
            hits += d1 * d2 < 0 and d3 * d4 < 0
    return hits
