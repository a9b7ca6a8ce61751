from __future__ import annotations

import pytest

import impacttree as it


def notes(metrics: str, head: str = "") -> tuple[str, ...]:
    return it.loads(f"{head}outcome: y\nmetrics:\n{metrics}").notes


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ("  y: {value: 42%, plausible: 50% to 60%}", "y: plausible is 50% to 60%, which leaves out today's 42.0%"),
        (
            "  a: {value: 42%}\n  y: {formula: a * 2, plausible: 50% to 60%}",
            "y: plausible is 50% to 60%, which leaves out today's 84.0%",
        ),
        (
            "  a: {value: 42%}\n  y: {value: 3, drivers: {a: {slope: 3 per pp, observed: 50% to 60%}}}",
            "y: the effect of a was observed from 50.0% to 60.0%, which leaves out today's 42.0%",
        ),
        (
            "  a: {value: 30 users}\n  y: {formula: 'interpolate(a, 0, 1, 20, 5)'}",
            "y: points for a go from 0 to 20, which leaves out today's 30",
        ),
        (
            "  a: {value: 1}\n  y: {formula: 'lag(a, 13)'}",
            "y: reads a 13 months before, further back than the horizon of 12: today's value throughout",
        ),
        (
            "  a: {value: 1}\n  y: {formula: 'clip(a, 5, 1)'}",
            "y: clip(a, 5, 1) has its lower limit above its upper one: it is always 1",
        ),
        (
            "  a: {value: 1}\n  y: {formula: '2 * clip(a, 5, -1)'}",
            "y: clip(a, 5, -1) has its lower limit above its upper one: it is always -1",
        ),
        (
            "  Revenue: {value: 1}\n  revenue: {value: 2}\n  y: {formula: Revenue + revenue}",
            "revenue: another metric is called `Revenue`: only the case of letters tells them apart",
        ),
    ],
)
def test_what_is_rarely_meant_is_noted(metrics: str, said: str) -> None:
    assert notes(metrics) == (said,)


@pytest.mark.parametrize(
    "metrics",
    [
        "  y: {value: 42%, plausible: 42% to 60%}",
        "  a: {value: 50%}\n  y: {value: 3, drivers: {a: {slope: 3 per pp, observed: 50% to 60%}}}",
        "  a: {value: 1}\n  y: {formula: 'lag(a, 12)'}",
        "  a: {value: 20}\n  y: {formula: 'interpolate(a, 0, 1, 20, 5)'}",
        "  a: {value: 1}\n  y: {formula: 'clip(a, 1, 5)'}",
        "  a: {value: 1}\n  b: {value: 9}\n  y: {formula: 'clip(a, b, 5)'}",
    ],
)
def test_what_is_meant_is_not_noted(metrics: str) -> None:
    assert notes(metrics) == ()
