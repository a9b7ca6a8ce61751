from __future__ import annotations

import dataclasses
import io
import pickle
import sys
import threading
from base64 import b64decode
from itertools import combinations, pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from impacttree.errors import MissingDependency, OutputError
from impacttree.render import to_figure, to_png, to_svg
from impacttree.render.charts.distribution import ADVERSE_CENTRAL, TAIL, _apart
from impacttree.render.charts.draw import draw_chart
from impacttree.render.charts.lines import PITCH, TINTS, _spread
from impacttree.render.layout.style import ACCENT_TINT, PRODUCT
from impacttree.views import Band, Bar, Bars, Chart, Distribution, Lines, Mark, Series, Step, Waterfall
from tests.render.views import (
    BRIDGE,
    BRIDGE_WITH_RANGE,
    CEILING,
    DISTRIBUTION,
    FAN,
    LINES,
    LONG_WATERFALL,
    LOSS,
    LOSS_WITH_RANGE,
    ONE_SIDED,
    RISKY,
    SHARES,
    SPIDER,
    TORNADO,
    VIEWS,
    WATERFALL,
    WITH_RANGE,
    below,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CHARTS = {name: view for name, view in VIEWS.items() if isinstance(view, Chart)}


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return every text with the box that its letters fill, in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    shown = [text for text in texts if text.axes is None or text not in _hidden(text)]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in shown]


def _hidden(text: Text) -> set[Text]:
    """Return the texts of the axes' own ticks and labels, which are switched off."""
    axes = text.axes
    assert axes is not None
    return set(axes.findobj(Text)) - set(axes.texts)


def check_texts(figure: Figure) -> None:
    """Every text lies on the page, and no two touch."""
    page = figure.bbox
    found = boxes(figure)
    for text, box in found:
        assert box.x0 >= page.x0 - 1, text
        assert box.x1 <= page.x1 + 1, text
        assert box.y0 >= page.y0 - 1, text
        assert box.y1 <= page.y1 + 1, text
    for (first, one), (second, other) in combinations(found, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert wide <= 1 or high <= 3, f"{first!r} over {second!r} by {wide:.1f} x {high:.1f}"


@pytest.mark.parametrize("name", CHARTS)
def test_no_label_overlaps_another_or_leaves_the_page(name: str) -> None:
    check_texts(to_figure(CHARTS[name]))


def test_the_text_of_a_base_at_the_edge_stays_on_the_page() -> None:
    bar = Bar("Price", 80.0, 90.0, "$80k", "$90k", "adverse", "adverse")
    check_texts(to_figure(Bars("", "", 100.0, "base, before any of these changes: $100k", (bar,))))


labels = st.text(st.sampled_from("abc XYZ $%-+0123"), min_size=1, max_size=60)
amounts = st.floats(-1e6, 1e6).map(lambda value: round(value, 2))
tones = st.sampled_from(["favourable", "adverse", "neutral"])


@st.composite
def tornados(draw: st.DrawFn) -> Bars:
    def bar() -> Bar:
        low, high = draw(amounts), draw(amounts)
        note = draw(st.sampled_from(["", "3%", "100%"]))
        return Bar(draw(labels), low, high, f"${low:,.0f}", f"${high:,.0f}", draw(tones), draw(tones), note)

    bars = tuple(bar() for _ in range(draw(st.integers(0, 12))))
    base = draw(amounts)
    return Bars(
        draw(labels),
        draw(labels),
        base,
        f"base ${base:,.0f}",
        bars,
        (draw(labels),),
        draw(st.sampled_from(["", "share of spread"])),
    )


@st.composite
def waterfalls(draw: st.DrawFn) -> Waterfall:
    def step() -> Step:
        amount = draw(amounts)
        role = draw(st.sampled_from(["total", "change"]))
        low, high = draw(st.tuples(st.none(), st.none()) | st.tuples(amounts, amounts))
        words = "" if low is None or high is None else f"{low:,.0f} to {high:,.0f}"
        return Step(draw(labels), amount, f"{amount:+,.0f}", role, draw(tones), low, high, words)

    steps = tuple(step() for _ in range(draw(st.integers(0, 14))))
    return Waterfall(draw(labels), draw(labels), steps, (draw(labels),))


@st.composite
def lines(draw: st.DrawFn) -> Lines:
    periods = draw(st.integers(0, 40))
    values = st.lists(amounts, min_size=periods, max_size=periods).map(tuple)
    count = draw(st.integers(0, 15))
    series = tuple(Series(draw(labels), draw(values), "$1.2M", draw(st.booleans())) for _ in range(count))
    levels = tuple((level, f"${level:,.0f}") for level in draw(st.lists(amounts, max_size=6)))
    band = st.builds(Band, values, values, labels, st.sampled_from(["", "P10 $9k"]), st.sampled_from(["", "P90 $26k"]))
    bands = tuple(draw(st.lists(band, max_size=3)))
    return Lines(draw(labels), draw(labels), tuple(f"month {i}" for i in range(periods)), series, levels, (), bands)


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    count = draw(st.integers(0, 80))
    low, width = draw(amounts), draw(st.floats(0.0, 1e4))
    edges = tuple(low + width * number for number in range(count + 1)) if count else ()
    shares = tuple(draw(st.lists(st.floats(0.0, 1.0), min_size=count, max_size=count)))
    places = st.floats(low - width * count, low + 2 * width * count) if count else amounts
    marks = tuple(
        Mark(draw(places), draw(labels), draw(labels), draw(st.booleans())) for _ in range(draw(st.integers(0, 9)))
    )
    return Distribution(
        draw(labels), draw(labels), edges, shares,
        curve=((low, 0.0), (low + width, 1.0)) if draw(st.booleans()) else (),
        marks=marks,
        levels=tuple((level, f"${level:,.0f}") for level in draw(st.lists(places, max_size=9))),
        central=draw(st.none() | st.tuples(places, places)),
        central_text=draw(labels),
        threshold=draw(st.none() | places),
        threshold_text=draw(labels),
        adverse=draw(st.sampled_from(["below", "above"])),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.one_of(tornados(), waterfalls(), lines(), distributions()))
def test_no_label_overlaps_whatever_is_drawn(view: Chart) -> None:
    check_texts(to_figure(view))


@given(st.lists(st.floats(0, 5), max_size=20))
def test_names_at_line_ends_keep_their_distance_and_order(heights: list[float]) -> None:
    bottom, top = 0.0, max(5.0, PITCH * len(heights))
    places = _spread(sorted(heights), bottom, top)
    assert all(upper - lower >= PITCH - 1e-9 for lower, upper in pairwise(places))
    assert all(bottom - 1e-9 <= place <= top + 1e-9 for place in places)
    far_apart = all(b - a >= PITCH for a, b in pairwise(sorted(heights)))
    if far_apart:
        assert places == pytest.approx(sorted(heights))


def test_bars_are_as_long_as_their_amounts_and_filled_by_tone() -> None:
    patches = to_figure(TORNADO).axes[0].patches
    assert len(patches) == 2 * len(TORNADO.bars)
    for patch in patches:
        tone = "favourable" if patch.get_width() > 0 else "adverse"
        light = sum(patch.get_facecolor()[:3]) > 2.5
        assert light == (tone == "adverse")
    lengths = sorted(abs(patch.get_width()) for patch in patches)
    assert lengths == sorted(abs(end - TORNADO.base) for bar in TORNADO.bars for end in (bar.low, bar.high))


@pytest.mark.parametrize(
    ("view", "columns"), [(WATERFALL, True), (BRIDGE, True), (LOSS, True), (LONG_WATERFALL, False)]
)
def test_changes_hang_between_what_was_and_what_is(view: Waterfall, columns: bool) -> None:
    axes = to_figure(view).axes[0]
    bars = [patch for patch in axes.patches if isinstance(patch, matplotlib.patches.Rectangle)]
    level = 0.0
    for step, patch in zip(view.steps, bars, strict=True):
        start, size = (patch.get_y(), patch.get_height()) if columns else (patch.get_x(), patch.get_width())
        if step.role == "total":
            level = step.amount
        else:
            assert start == pytest.approx(min(level, level + step.amount))
            assert size == pytest.approx(abs(step.amount))
            level += step.amount
        assert start + size == pytest.approx(level) or start == pytest.approx(level)


def test_a_bar_on_one_side_leaves_the_base_alone() -> None:
    price, _, _ = to_figure(ONE_SIDED).axes[0].patches
    assert {price.get_x(), price.get_x() + price.get_width()} == {91.0, 96.0}


def test_notes_of_bars_stand_in_one_column() -> None:
    found = boxes(to_figure(SHARES))
    notes = [box for text, box in found if text == "share of spread" or (text.endswith("%") and len(text) < 4)]
    assert len(notes) == 1 + len(SHARES.bars)
    assert max(box.x1 for box in notes) - min(box.x1 for box in notes) < 2.0


@pytest.mark.parametrize("view", [WITH_RANGE, BRIDGE_WITH_RANGE, LOSS_WITH_RANGE])
def test_a_whisker_reaches_from_low_to_high(view: Waterfall) -> None:
    lines = to_figure(view).axes[0].get_lines()
    last = len(view.steps) - 1
    levels = [y for line in lines if set(line.get_xdata()) == {last} for y in line.get_ydata()]
    assert (min(levels), max(levels)) == (view.steps[-1].low, view.steps[-1].high)


def test_bands_are_painted_under_the_lines_the_widest_first() -> None:
    axes = to_figure(FAN).axes[0]
    outer, inner = axes.collections
    assert [matplotlib.colors.to_hex(band.get_facecolor()[0]) for band in (outer, inner)] == list(TINTS[:2])
    assert max(band.get_zorder() for band in (outer, inner)) < min(line.get_zorder() for line in axes.get_lines())
    for drawn, band in ((outer, FAN.bands[1]), (inner, FAN.bands[0])):
        corners = {(float(x), float(y)) for x, y in drawn.get_paths()[0].vertices}
        assert corners >= {*enumerate(band.low), *enumerate(band.high)}


def test_lines_pass_through_their_values() -> None:
    drawn = [line.get_ydata() for line in to_figure(SPIDER).axes[0].get_lines() if len(line.get_ydata()) == 3]
    assert [tuple(values) for values in drawn] == [series.values for series in SPIDER.series]


def areas(view: Distribution) -> dict[str, float]:
    """Return the area that is filled in each colour."""
    found: dict[str, float] = {}
    for patch in to_figure(view).axes[0].patches:
        assert isinstance(patch, matplotlib.patches.StepPatch)
        values, edges, _ = patch.get_data()
        area = sum(value * (right - left) for value, (left, right) in zip(values, pairwise(edges), strict=True))
        color = matplotlib.colors.to_hex(patch.get_facecolor())
        found[color] = found.get(color, 0.0) + float(area)
    return found


def test_the_central_range_is_filled_as_far_as_it_reaches() -> None:
    filled = areas(DISTRIBUTION)
    assert set(filled) == {PRODUCT, TAIL}
    assert filled[PRODUCT] == pytest.approx(0.8, abs=0.002)
    assert filled[TAIL] == pytest.approx(0.19, abs=0.002)


def test_what_lies_beyond_the_threshold_is_outlined() -> None:
    view = dataclasses.replace(RISKY, threshold=12.3)
    width = RISKY.edges[1] - RISKY.edges[0]
    beyond = sum(areas(view)[color] for color in (ACCENT_TINT, ADVERSE_CENTRAL)) / width
    assert beyond == pytest.approx(below(12.3, 40.0, 60.0) - below(-120.0, 40.0, 60.0), abs=1e-3)
    outlined = {
        matplotlib.colors.to_hex(patch.get_facecolor())
        for patch in to_figure(view).axes[0].patches
        if patch.get_linewidth() > 0
    }
    assert outlined == {ACCENT_TINT, ADVERSE_CENTRAL}
    above = dataclasses.replace(view, adverse="above")
    assert sum(areas(above)[color] for color in (ACCENT_TINT, ADVERSE_CENTRAL)) / width + beyond == pytest.approx(
        sum(view.shares)
    )


def test_the_curve_shares_the_axis_of_the_histogram() -> None:
    histogram, curve = to_figure(DISTRIBUTION).axes
    assert histogram.get_xlim() == curve.get_xlim()
    drawn = [line for line in curve.get_lines() if len(line.get_xdata()) > 2]
    assert [tuple(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in drawn] == [DISTRIBUTION.curve]
    assert len(to_figure(CEILING).axes) == 1


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 0.9)), max_size=10))
def test_names_of_marks_keep_their_order_and_stay_on_the_page(names: list[tuple[float, float]]) -> None:
    wanted, widths = [place for place, _ in sorted(names)], [width for _, width in sorted(names)]
    places = _apart(wanted, widths, 0.0, 9.0)
    ends = [(place - width / 2, place + width / 2) for place, width in zip(places, widths, strict=True)]
    assert all(right <= left + 1e-9 for (_, right), (left, _) in pairwise(ends))
    assert all(left >= -1e-9 and right <= 9.0 + 1e-9 for left, right in ends)


def test_pages_are_16_by_9_and_grow_only_for_more_rows() -> None:
    for view in (TORNADO, WATERFALL, BRIDGE, LINES, DISTRIBUTION):
        assert tuple(to_figure(view).get_size_inches()) == (10.0, 5.625)
    assert to_figure(VIEWS["many-bars"]).get_size_inches()[1] > 9
    assert to_figure(VIEWS["one-sided"]).get_size_inches()[1] < 4


def test_dollar_signs_are_no_mathematics() -> None:
    svg = to_svg(Lines("$100k-$201k", "x_1^2 \\frac{1}{2}", ("$a$", "$b$"), (), ()))
    for text in ("$100k-$201k", "x_1^2 \\frac{1}{2}", "$a$"):
        assert f">{text}</text>" in svg


@pytest.mark.parametrize("name", ["tornado", "bridge", "lines", "distribution"])
@pytest.mark.parametrize("file_format", ["svg", "png", "pdf"])
def test_the_users_settings_change_nothing_and_stay(name: str, file_format: str) -> None:
    expected = draw_chart(CHARTS[name], file_format)
    with matplotlib.style.context(["dark_background", "ggplot"]):
        matplotlib.rcParams["lines.marker"] = "x"
        matplotlib.rcParams["figure.constrained_layout.use"] = True
        before = dict(matplotlib.rcParams)
        assert draw_chart(CHARTS[name], file_format) == expected
        assert dict(matplotlib.rcParams) == before


def test_a_notebook_shows_a_figure_that_pyplot_does_not_know() -> None:
    from IPython.core.formatters import DisplayFormatter

    for figure in (to_figure(TORNADO), pickle.loads(pickle.dumps(to_figure(TORNADO)))):
        shown, _ = DisplayFormatter().format(figure)
        assert shown["image/png"].startswith(b"\x89PNG")


def test_pyplot_is_left_alone() -> None:
    from matplotlib import pyplot

    draw_chart(TORNADO, "png")
    assert pyplot.get_fignums() == []


def test_threads_draw_the_same() -> None:
    expected = draw_chart(WATERFALL, "svg")
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(draw_chart(WATERFALL, "svg"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_fonts_are_named_for_any_viewer() -> None:
    svg = to_svg(TORNADO)
    assert "font-family: 'Impacttree Sans', Arial, 'Liberation Sans', Helvetica, sans-serif" in svg
    assert "@font-face{font-family:'Impacttree Sans'" in svg
    assert "DejaVu" not in svg


def test_letters_without_a_font_are_boxes_with_a_warning() -> None:
    view = Lines("解約率", "", (), (), ())
    with pytest.warns(UserWarning, match="解約率: no font at hand shows '率約解'; boxes stand in their place"):
        to_png(view)
    assert ">解約率</text>" in to_svg(view)


def test_the_scale_sets_the_pixels() -> None:
    def size(png: bytes) -> tuple[int, int]:
        return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])

    assert size(to_png(TORNADO, scale=1)) == (960, 540)
    assert size(to_png(TORNADO)) == (1920, 1080)
    for scale in (0, -1, float("nan"), 1000):
        with pytest.raises(OutputError, match="times its size"):
            to_png(TORNADO, scale=scale)


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependency, match=r"pip install 'impacttree\[plot\]'"):
        to_svg(TORNADO)


def pixels(figure: Figure, **options: object) -> np.ndarray:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", **options)
    return np.asarray(Image.open(stream).convert("RGB"))


def shows(picture: np.ndarray, plain: np.ndarray) -> bool:
    """Return whether `plain` stands in the middle of `picture`, but for the last step of anti-aliasing."""
    rows, columns, _ = plain.shape
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    inside = (picture[y : y + rows, left : left + columns] for y in (top, top + 1))
    return any(found.shape == plain.shape and np.abs(found.astype(int) - plain).max() <= 2 for found in inside)


@pytest.mark.parametrize("name", CHARTS)
def test_a_tight_box_is_a_margin_around_the_same_picture(name: str) -> None:
    figure = to_figure(CHARTS[name])
    plain = pixels(figure, dpi=100)
    tight = pixels(figure, dpi=100, bbox_inches="tight", pad_inches=0.1, facecolor="#123456")
    assert tight.shape[1] == plain.shape[1] + 20
    assert shows(tight, plain)


@pytest.mark.parametrize(
    "options",
    [
        {"dpi": 60, "bbox_inches": "tight", "pad_inches": 0.05},
        {"dpi": 200, "bbox_inches": "tight", "pad_inches": 0.0},
        {"dpi": 50, "transparent": True},
        {"dpi": 50, "facecolor": "none", "edgecolor": "red"},
    ],
)
def test_no_option_of_savefig_changes_the_picture(options: dict[str, object]) -> None:
    figure = to_figure(FAN)
    assert shows(pixels(figure, **options), pixels(figure, dpi=options["dpi"]))


def test_a_notebook_shows_the_picture_that_is_saved(tmp_path: Path) -> None:
    """Jupyter's inline backend saves with a tight box around all that it finds."""
    script = (
        "import matplotlib\n%matplotlib inline\n"
        "from impacttree.render import to_figure\nfrom tests.render.views import VIEWS\n"
        "print(matplotlib.get_backend())"
    )
    names = ("tornado", "bridge", "fan", "risky")
    cells = [new_code_cell(script), *(new_code_cell(f"to_figure(VIEWS[{name!r}])") for name in names)]
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    assert "inline" in notebook.cells[0].outputs[0].text
    for name, cell in zip(names, notebook.cells[1:], strict=True):
        shown = np.asarray(Image.open(io.BytesIO(b64decode(cell.outputs[0].data["image/png"]))).convert("RGB"))
        assert shows(shown, pixels(to_figure(CHARTS[name]), dpi=100)), name
