"""What numbers can hold together, and the deviations of spreads, against scipy."""

from __future__ import annotations

import pytest
from scipy import stats

from impacttree.quantity import Bounds, Spread, parse_quantity
from impacttree.quantity.spread_checks import Z_P90, Z_P97_5, deviation, impossible

SHARE = (0.0, 1.0)


def test_normal_scores_are_those_of_the_quantiles() -> None:
    assert pytest.approx(stats.norm.ppf([0.9, 0.975]), rel=1e-15) == [Z_P90, Z_P97_5]


@pytest.mark.parametrize(
    ("raw", "bounds"),
    [
        ("42%", SHARE),
        ("42% (40% to 45%)", SHARE),
        ("40% to 45%", None),
        ({"value": "42%", "ci95": "40% to 45%"}, SHARE),
        ({"p10": 1, "p50": 2, "p90": 9}, None),
        ({"normal": ["2%", "2%"]}, SHARE),
        ({"lognormal": [0.5, 3]}, SHARE),
        ({"uniform": "0% to 100%"}, SHARE),
        ({"value": 12.01, "normal": [12, 2]}, None),
        ({"value": 75, "discrete": [[0, 0.25], [100, 0.75]]}, (0.0, 100.0)),
    ],
    ids=str,
)
def test_what_can_hold_is_let_pass(raw: object, bounds: Bounds | None) -> None:
    assert impossible(parse_quantity(raw), bounds) is None  # type: ignore[arg-type]


def test_the_fix_of_a_range_that_touches_its_bound_works() -> None:
    touching = parse_quantity("99% to 100%")
    reason, fix = impossible(touching, SHARE) or ("", "")
    assert "P90 stands on a bound" in reason
    assert "uniform" in fix
    assert impossible(parse_quantity({"uniform": "99% to 100%"}), SHARE) is None


@pytest.mark.parametrize(
    ("spread", "expected"),
    [
        (Spread("normal", (3.0, 2.0)), 2.0),
        (Spread("lognormal", (3.0, 2.0)), 2.0),
        (Spread("beta", (2.0, 6.0)), stats.beta(2, 6).std()),
        (Spread("triangular", (1.0, 2.0, 5.0)), stats.triang(0.25, 1, 4).std()),
        (Spread("uniform", (1.0, 5.0)), stats.uniform(1, 4).std()),
        (Spread("discrete", (1.0, 0.25, 5.0, 0.75)), stats.bernoulli(0.75).std() * 4),
        (Spread("p10_p90", (-Z_P90, Z_P90)), 1.0),
        (Spread("ci95", (0.0, 2 * Z_P97_5)), 1.0),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_deviation(spread: Spread, expected: float) -> None:
    assert deviation(spread) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("raw", "bounds"),
    [
        ("1e-160 to 1e160", None),
        ("1e-100 to 1e100", None),
        ("-1e100 to -1e-100", None),
        ({"value": 1e-3, "ci95": "1e-100 to 1"}, None),
        ({"normal": [0, 1e200]}, None),
        ({"lognormal": [1e-100, 1e149]}, None),
    ],
    ids=str,
)
def test_a_range_without_a_finite_variance_is_refused(raw: object, bounds: Bounds | None) -> None:
    reason, fix = impossible(parse_quantity(raw), bounds) or ("", "")  # type: ignore[arg-type]
    assert "too wide" in reason
    assert fix


@pytest.mark.parametrize("raw", ["1e-5 to 1e5", "-1e100 to 1e100", "1e140 to 1e141", {"lognormal": [1, 1e6]}], ids=str)
def test_a_wide_range_with_a_variance_is_let_pass(raw: object) -> None:
    assert impossible(parse_quantity(raw)) is None  # type: ignore[arg-type]
