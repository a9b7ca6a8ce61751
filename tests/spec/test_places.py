"""Where keys and values stand."""

from __future__ import annotations

from impacttree.spec import load_text
from impacttree.spec.places import NOWHERE, Places

TEXT = """\
metrics:
  churn:
    value: 2%
    drivers:
      nps: {slope: -0.01pp per point}
    notes: |
      one
      two
scenarios: {low: {churn: +1pp}}
"""


def test_find_returns_the_value_or_the_key_of_what_is_nested():
    places = load_text(TEXT, "m.yaml").places
    assert places.file == "m.yaml"
    assert places.find("metrics", "churn", "value") == (3, 12)
    assert places.find_key("metrics", "churn", "value") == (3, 5)
    assert places.find("metrics", "churn") == places.find_key("metrics", "churn") == (2, 3)
    assert places.find("metrics", "churn", "drivers", "nps", "slope") == (5, 20)
    assert places.find("metrics", "churn", "notes") == (6, 5)
    assert places.find("scenarios", "low", "churn") == (9, 26)


def test_find_falls_back_to_what_is_known_above():
    places = load_text(TEXT).places
    assert places.find("metrics", "churn", "drivers", "nps", "lag") == (5, 7)
    assert places.find("metrics", "nothing", "value") == (1, 1)
    assert places.find("nothing") == places.find() == (0, 0)


def test_places_never_tell_models_apart():
    here, there = load_text(TEXT), load_text("# moved\n" + TEXT, "other.yaml")
    assert here.places.find("metrics") != there.places.find("metrics")
    assert here == there
    assert hash(here) == hash(there)
    assert NOWHERE == Places("a.yaml") != 0
    assert hash(NOWHERE) == hash(Places("a.yaml"))
