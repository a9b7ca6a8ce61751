from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import ChangeError
from impacttree.quantity import (
    PP,
    Add,
    Change,
    Intervention,
    Relative,
    Set,
    Unit,
    add,
    at,
    misfit,
    number_of,
    parse_change,
    recipe,
    to,
)

written_changes = st.sampled_from(["+10% (5% to 15%)", "-3% to +9%", "+2", "=8 (6 to 10)", "+4 to +9", "-5%", "=7"])


def resolve(changes: Sequence[Change], **fitting: Any) -> Intervention:
    """Return what changes that fit a metric do together, each at its P50."""
    return recipe(changes, **fitting).intervention()


@given(st.lists(written_changes, max_size=5).filter(lambda texts: sum("=" in text for text in texts) < 2), st.data())
def test_a_recipe_of_draws_is_the_resolved_change_of_each_draw(texts: list[str], data: st.DataObject) -> None:
    changes = [parse_change(text) for text in texts]
    combined = recipe(changes, name="m", unit=Unit(), base=7.0)
    draws = [
        [data.draw(st.floats(0.01, 9)) if change.spread else number_of(change) for change in changes] for _ in range(3)
    ]
    each = [
        resolve([at(change, number) for change, number in zip(changes, draw, strict=True)], name="m", unit=Unit(),
                base=7.0)
        for draw in draws
    ]  # fmt: skip
    scale, shift = combined.effect(np.array(draws).reshape(3, -1).T)
    assert all(intervention.kind == combined.kind for intervention in each)
    np.testing.assert_allclose(np.broadcast_to(scale, 3), [intervention.scale for intervention in each], rtol=1e-14)
    np.testing.assert_allclose(
        np.broadcast_to(shift, 3), [intervention.shift for intervention in each], rtol=1e-13, atol=1e-13
    )
    central = resolve(changes, name="m", unit=Unit(), base=7.0)
    assert central == combined.intervention() == Intervention(
        combined.kind, *combined.effect([number_of(change) for change in changes])
    )  # fmt: skip


def resolved(
    changes: str, unit: str, base: float, bounds: tuple[float, float] | None = None, in_file: bool = False
) -> Intervention:
    parsed = [parse_change(text) for text in changes.split("; ") if text]
    return resolve(parsed, name="m", unit=Unit.parse(unit), base=base, bounds=bounds, in_file=in_file)


@pytest.mark.parametrize(
    ("changes", "unit", "base", "intervention"),
    [
        ("", "USD", 29.0, Intervention("wrap", 1.0, 0.0)),
        ("+1%", "%", 0.42, Intervention("wrap", 1.01, 0.0)),
        ("+2pp", "%/month", 0.42, Intervention("wrap", 1.0, 0.02)),
        ("+0.5pp/month", "%/month", 0.02, Intervention("wrap", 1.0, 0.005)),
        ("+$3", "USD/user/month", 29.0, Intervention("wrap", 1.0, 3.0)),
        ("+$3/user", "USD/user/month", 29.0, Intervention("wrap", 1.0, 3.0)),
        ("+$3/user/month", "USD/user/month", 29.0, Intervention("wrap", 1.0, 3.0)),
        ("+500", "customers/month", 5.0, Intervention("wrap", 1.0, 500.0)),
        ("+500 customers/month", "customers/month", 5.0, Intervention("wrap", 1.0, 500.0)),
        ("+5", "points", -5.0, Intervention("wrap", 1.0, 5.0)),
        ("+5 points", "points", -5.0, Intervention("wrap", 1.0, 5.0)),
        ("=45%", "%/month", 0.29, Intervention("fix", 1.0, 0.45)),
        ("=3x", "", 3.0, Intervention("fix", 1.0, 3.0)),
        ("=3", "x", 3.0, Intervention("fix", 1.0, 3.0)),
        ("=50%", "", 3.0, Intervention("fix", 1.0, 0.5)),
        ("+$1; +100%; +50%; -$3", "USD", 10.0, Intervention("wrap", 3.0, -2.0)),
        ("+$1; =$8; +100%", "USD", 10.0, Intervention("fix", 1.0, 17.0)),
        ("=$8; +100%", "USD", -10.0, Intervention("fix", 1.0, 16.0)),
    ],
)
def test_set_then_products_then_sums(changes: str, unit: str, base: float, intervention: Intervention) -> None:
    assert resolved(changes, unit, base) == intervention


@given(
    st.lists(st.floats(-0.9, 2.0).map(lambda ratio: Relative(ratio, stated=True)), max_size=4),
    st.lists(st.floats(-100, 100).map(add), max_size=4),
    st.none() | st.floats(0.1, 100).map(to),
    st.randoms(),
)
def test_order_of_writing_does_not_matter(
    products: list[Change], sums: list[Change], level: Set | None, random: object
) -> None:
    base = 7.0
    changes = [*products, *sums, *([level] if level else [])]
    random.shuffle(changes)  # type: ignore[attr-defined]  # what st.randoms() draws
    intervention = resolve(changes, name="m", unit=Unit(), base=base)
    expected = level.value if level else base
    for change in products:
        assert isinstance(change, Relative)
        expected *= 1 + change.ratio
    for change in sums:
        assert isinstance(change, Add)
        expected += change.amount
    shown = intervention.shift if intervention.kind == "fix" else base * intervention.scale + intervention.shift
    assert shown == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "unit", "base", "words"),
    [
        ("+1%", "points", 0.0, "0 points.*zero.*points"),
        ("+1%", "USD", -5.0, r"-\$5.*\+\$3"),
        ("+1%", "%", 0.0, r"\+2pp"),
        ("=0; +1%", "", 5.0, "zero"),
        ("+2pp", "USD", 29.0, r"not shown in %.*\+\$3"),
        ("+2pp", "", 29.0, r"not shown in %"),
        ("+3", "USD/user/month", 29.0, "currency: USD"),
        ("=32", "USD", 29.0, "currency: USD"),
        ("+3", "%", 0.29, "unit: %"),
        ("=0.45", "%/month", 0.29, "unit: %/month"),
        ("+$3/year", "USD/month", 29.0, "USD/month"),
        ("+$3/order", "USD/user", 29.0, "USD/user"),
        ("+€3", "USD", 29.0, "EUR does not fit"),
        ("+$3 ", "customers", 29.0, "USD does not fit"),
        ("=45%/year", "%/month", 0.29, "%/month"),
        ("+0.5pp/year", "%/month", 0.29, "pp/year"),
        ("+0.5pp/month", "1/month", 0.29, "pp/month"),
        ("+500 users", "customers", 5.0, "users does not fit a metric in customers"),
        ("+500 customers", "customers/month", 5.0, "customers/month"),
        ("+5 customers", "", 5.0, "plain number"),
        ("+5 points", "customers", 5.0, "points does not fit"),
        ("=3x", "points", 5.0, "points"),
        ("=3%", "USD", 5.0, "does not fit"),
        ("=1; =2", "", 5.0, "set twice"),
        ("=1 (0.5 to 2); =2", "", 5.0, r"set twice \(=1 \(0.5 to 2\) and =2\)"),
        ("+3 (2 to 4)", "USD", 29.0, r"cannot take \+3 \(\+2 to \+4\): .* which money"),
        ("+2pp (1pp to 3pp)", "USD", 29.0, "not shown in %"),
        ("+1% (0.5% to 2%)", "", 0.0, "zero"),
    ],
)
def test_refusals_name_the_form_that_fits(changes: str, unit: str, base: float, words: str) -> None:
    with pytest.raises(ChangeError, match=words):
        resolved(changes, unit, base)


def test_percent_in_a_file_must_say_which() -> None:
    with pytest.raises(ChangeError, match=r"'\+1% relative' or '\+1pp'"):
        resolved("+1%", "%", 0.42, in_file=True)
    assert resolved("+1% relative", "%", 0.42, in_file=True) == Intervention("wrap", 1.01, 0.0)
    with pytest.raises(ChangeError, match=r"'\+1% \(\+0.5% to \+2%\) relative' or '\+1pp \(\+0.5pp to \+2pp\)'"):
        resolved("+1% (0.5% to 2%)", "%", 0.42, in_file=True)
    assert resolved("+1% (+0.5% to +2%) relative", "%", 0.42, in_file=True) == Intervention("wrap", 1.01, 0.0)
    assert resolved("+1%", "USD", 29.0, in_file=True) == Intervention("wrap", 1.01, 0.0)


def test_bounds_refuse_and_never_clamp() -> None:
    share = (0.0, 1.0)
    assert resolved("+50pp (10pp to 90pp)", "%", 0.42, share).shift == pytest.approx(0.5)
    assert resolved("=95% (90% to 99%)", "%", 0.42, share).shift == 0.95
    with pytest.raises(ChangeError, match=r"cannot be =95% .90% to 105%.: the range lies outside the bounds"):
        resolved("=95% (90% to 105%)", "%", 0.42, share)
    with pytest.raises(ChangeError, match=r"102\.0% with \+60pp \(\+50pp to \+90pp\)"):
        resolved("+60pp (50pp to 90pp)", "%", 0.42, share)
    for changes in ("=120%", "+60pp", "+200%", "=-1%", "=90%; +20pp"):
        with pytest.raises(ChangeError, match=r"outside its bounds 0\.0% to 100\.0%"):
            resolved(changes, "%", 0.42, share)
    assert resolved("=100%", "%", 0.42, share).shift == 1.0
    assert resolved("+58pp", "%", 0.42, share).shift == pytest.approx(0.58)
    assert resolved("+10pp; +10pp; +10pp", "%", 0.7, share).shift == pytest.approx(0.3)
    assert resolved("+20pp", "%", 0.1, (0.0, 0.3)).shift == pytest.approx(0.2)
    assert resolved("+10pp", "%", 1.2, share).shift == pytest.approx(0.1)
    with pytest.raises(ChangeError, match="bounds"):
        resolved("=130%", "%", 1.2, share)


def test_overflow_is_refused() -> None:
    with pytest.raises(ChangeError, match="too large"):
        resolved("+1e308%; +1e308%", "", 1e10)


def test_typed_forms_take_the_unit_of_the_metric() -> None:
    for unit in ("%", "USD/user", "customers", "x"):
        own = Unit.parse(unit)
        assert resolve([to(0.45)], name="m", unit=own, base=0.4) == Intervention("fix", 1.0, 0.45)
        assert resolve([add(0.05)], name="m", unit=own, base=0.4) == Intervention("wrap", 1.0, 0.05)


@given(
    st.sampled_from(
        ("%", "%/month", "USD", "USD/user/month", "customers", "customers/month", "x", "points", "", "hours")
    )
)
def test_a_unit_always_fits_itself(text: str) -> None:
    own = Unit.parse(text)
    assert misfit(own, own) is None
    assert (misfit(PP, own) is None) == own.is_share


def test_a_level_that_is_a_range_has_its_middle_within_the_bounds():
    """On the logit scale of 0% to 100%: the odds of the middle are the geometric mean of the odds at both ends."""
    odds = math.sqrt(0.9 / 0.1 * 0.99 / 0.01)
    found = recipe([parse_change("=90% to 99%")], name="x", unit=Unit.parse("%"), base=0.5, bounds=(0.0, 1.0))
    assert found.intervention().shift == pytest.approx(odds / (1 + odds))
    free = recipe([parse_change("=90% to 99%")], name="x", unit=Unit.parse("%"), base=0.5)
    assert free.intervention().shift == pytest.approx(math.sqrt(0.9 * 0.99))
