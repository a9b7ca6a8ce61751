"""What a picture may take: counted in steps and in calls, never in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from types import FrameType

import pytest

import impacttree.render.layout as layout_module
from impacttree.render.layout import LABEL_STEPS, SEARCH_STEPS, layout
from impacttree.render.layout.budget import Budget
from impacttree.render.layout.cut import POSTER, SLIDE
from impacttree.render.scene import Scene
from impacttree.views import Card, Diagram, Link
from tests.render import diagrams
from tests.render.checks import groups, hard


def tree(count: int, pairs: list[tuple[int, int]], path: list[int]) -> Diagram:
    cards = tuple(Card(f"m{number:05d}", "driver", f"Metric {number}", "1.0", "per month") for number in range(count))
    links = tuple(
        Link(f"m{source:05d}", f"m{target:05d}", False, False, elasticity=1 / (1 + target), elasticity_text="+0.10")
        for source, target in pairs
    )
    return Diagram("A tree", "", cards, links, f"m{path[-1]:05d}", tuple(f"m{number:05d}" for number in path))


def dense(count: int) -> Diagram:
    pairs = [(source, target) for target in range(count) for source in range(target)]
    return tree(count, pairs, list(range(count)))


def chain(count: int) -> Diagram:
    return tree(count, list(pairwise(range(count))), list(range(count)))


def star(count: int) -> Diagram:
    return tree(count, [(number, count - 1) for number in range(count - 1)], [0, count - 1])


def layered(count: int, each: int = 4) -> Diagram:
    pairs = [(target - 7 * step, target) for target in range(28, count) for step in range(1, each + 1)]
    return tree(count, pairs, [count - 8, count - 1])


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[Budget]:
    """Every budget that a picture was given."""
    made: list[Budget] = []

    def kept(steps: int) -> Budget:
        made.append(Budget(steps))
        return made[-1]

    monkeypatch.setattr(layout_module, "Budget", kept)
    return made


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, Python's and C's."""
    number = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return number


def shown(scene: Scene) -> tuple[int, int]:
    return len(groups(scene, "card")), len(groups(scene, "connector"))


@pytest.mark.parametrize("count", [12, *(pytest.param(count, marks=pytest.mark.slow) for count in (20, 40, 300))])
def test_a_dense_tree_stays_within_its_steps(count: int, budgets: list[Budget]) -> None:
    scene = layout(dense(count))
    cards, lines = shown(scene)
    assert cards <= SLIDE.cards
    assert lines <= SLIDE.lines
    assert lines == min(SLIDE.lines, cards * (cards - 1) // 2)
    for budget, steps in zip(budgets, (SEARCH_STEPS, LABEL_STEPS), strict=True):
        assert budget.left > -0.25 * steps  # what is begun is finished
    assert not [fault for fault in hard(scene) if fault.startswith(("cards", "card", "line"))]


@pytest.mark.slow
def test_a_large_poster_stays_within_its_steps(budgets: list[Budget]) -> None:
    scene = layout(layered(400), size="poster")
    assert shown(scene) == (400, 4 * 372)
    assert all(budget.left > -0.25 * SEARCH_STEPS for budget in budgets)
    assert shown(layout(dense(120), size="poster")) == (120, POSTER.lines)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [chain, star])
def test_work_grows_with_the_number_of_metrics_and_no_faster(shape: Callable[[int], Diagram]) -> None:
    small, large = (shape(count) for count in (1000, 4000))
    layout(small)
    assert calls(lambda: layout(large)) < 4.2 * calls(lambda: layout(small))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [chain, star])
def test_twenty_thousand_metrics_are_a_summary_that_says_so(shape: Callable[[int], Diagram]) -> None:
    scene = layout(shape(20_000))
    cards, _ = shown(scene)
    assert cards <= SLIDE.cards
    notes = " ".join(group.alt for group in groups(scene, "footer"))
    assert f"{20_000 - cards:,} metrics are folded" in notes
    assert hard(scene) == []


@pytest.mark.slow
def test_lines_that_are_left_out_are_counted() -> None:
    notes = " ".join(group.alt for group in groups(layout(dense(40)), "footer"))
    assert f"{40 * 39 // 2 - SLIDE.lines} lines that carry least not shown" in notes


def test_a_search_without_steps_still_gives_a_whole_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_module, "SEARCH_STEPS", 0)
    monkeypatch.setattr(layout_module, "LABEL_STEPS", 0)
    diagram = diagrams.sample18()
    scene = layout(diagram)
    assert shown(scene) == (len(diagram.cards), len(diagram.links))
    assert hard(scene) == []
    assert not groups(scene, "label")
    assert any("no room for the figures" in warning for warning in scene.warnings)


def test_the_steps_of_a_picture_are_always_the_same(budgets: list[Budget]) -> None:
    layout(diagrams.saas25())
    first = [budget.left for budget in budgets]
    budgets.clear()
    layout(diagrams.saas25())
    assert [budget.left for budget in budgets] == first
    assert all(left > 0.8 * steps for left, steps in zip(first, (SEARCH_STEPS, LABEL_STEPS), strict=True))
