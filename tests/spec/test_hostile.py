"""Whatever a file holds, the work of reading it is bounded, and it ends in a spec or in this package's errors."""

from __future__ import annotations

import os
import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from impacttree.errors import ImpactTreeError, ModelError
from impacttree.spec import TreeSpec, load_file, load_text, read_text, to_yaml
from impacttree.spec.yaml_events import MAX_NODES, MAX_PROBLEMS
from tests.work import calls

VALID = b"""\
name: Northwind CRM
currency: USD
outcomes: [revenue, churn]
metrics:
  engagement: {label: E, value: 42% (40% to 45%), bounds: 0% to 100%, as_of: 2026-10-31}
  churn:
    value: 2.5%/month
    drivers:
      engagement: {when: +10% relative, then: -0.3pp, lag: 1, evidence: {grade: experiment, source: Holdout}}
      nps: {points: [[38, 2.8%], [46, 2.3%]], evidence: judgement}
    notes: |
      two
      lines
  revenue: {formula: "max(customers * arpu, 0)", guardrail: {min: $3}, agreed: {by: CFO, on: 2026-01-01}}
scenarios:
  low: {churn: +1pp}
start_date: 2027-02-01
fiscal_calendar: {start: February, named_after: start}
finance: {discount_rate: 12%/year, tax_rate: 25%, cash: {profit: revenue, receivables: {of: revenue, days: 45}}}
evidence_defaults: {judgement: 4, causal_share: 30%}
correlations: [[engagement.value, churn.engagement.slope, 0.3], [arpu.value, customers.start, -0.2]]
"""


def understood(content: bytes | str) -> None:
    """Read; a spec that comes out clean must survive the round trip, a problem must say something."""
    reading = read_text(content, "m.yaml")
    for problem in reading.problems:
        assert problem.reason
        assert str(problem).isprintable() or problem.formula
        assert problem.file == "m.yaml"
    assert reading.problems or isinstance(reading.spec, TreeSpec)
    if not reading.problems:
        assert load_text(to_yaml(reading.checked())) == reading.spec


@given(st.binary(max_size=300))
def test_random_bytes(content):
    understood(content)


@given(st.text(max_size=300))
def test_random_text(text):
    understood(text)


@given(st.text(alphabet=" \n\t:-?[]{},#&*!|>'\"%@`~=<ab1", max_size=120))
def test_random_punctuation(text):
    understood(text)


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_mutated_models(rng: random.Random):
    content = bytearray(VALID)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(content))
        match rng.randrange(4):
            case 0:
                content[at] = rng.randrange(256)
            case 1:
                del content[at : at + rng.randint(1, 20)]
            case 2:
                content[at:at] = bytes(rng.choices(b"{}[]:,#-|>'\"&*!?% \n\t0aZ\x00\xff\xe2", k=rng.randint(1, 4)))
            case _:
                start = rng.randrange(len(content))
                content[at:at] = content[start : start + rng.randint(1, 60)]
        content = content or bytearray(b"a")
    understood(bytes(content))


words = """value formula drivers start unit bounds plausible guardrail agreed by on min max label as_of evidence grade
    points slope when then groups with without range lag observed p10 p90 normal discrete metrics scenarios outcomes
    currency name start_date fiscal_calendar pattern year_end named_after finance discount_rate tax_rate losses
    timing cash terminal perpetuity growth multiple of x profit receivables days capex life evidence_defaults
    judgement causal_share correlations ci95 randomised"""
keys = st.sampled_from(words.split())
texts = st.sampled_from(["42%", "+1%", "a", "1 to 2", "judgement", "1,2", "2026-01-01", "$"])
values = st.recursive(
    st.none() | st.text(max_size=8) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=200)
@given(metric=st.dictionaries(keys, values, max_size=6), top=st.dictionaries(keys, values, max_size=3))
def test_known_keys_with_any_values(metric, top):
    understood(
        yaml.dump({"metrics": {"a": metric}} | top, allow_unicode=True, default_style='"').replace("!!null ", "")
    )


BOMBS = {
    "deep braces": "{a: " * 300_000,
    "deep brackets": "metrics: " + "[" * 1_000_000,
    "deep dashes": "- " * 500_000,
    "deep questions": "? " * 500_000,
    "deep lines": "\n".join(" " * level + "a:" for level in range(2_000)),
    "long key": "a" * 9_000_000 + ": 1",
    "long value": "metrics: {a: {value: " + "9" * 9_000_000 + "}}",
    "long quoted value": 'metrics: {a: {value: "' + "\\n" * 4_000_000 + '"}}',
    "long unit": "metrics: {a: {unit: " + "a/" * 4_000_000 + "}}",
    "many keys": "".join(f"k{number}: 1\n" for number in range(600_000)),
    "many equal keys": "k: 1\n" * 1_500_000,
    "many metrics": "metrics:\n" + "".join(f" m{number}: x\n" for number in range(50_000)),
    "many wrong keys": "metrics:\n a: {" + "".join(f"k{number}: 1, " for number in range(50_000)) + "}",
    "many drivers": "metrics:\n a:\n  value: 1\n  drivers:\n"
    + "".join(f"   d{number}: x\n" for number in range(50_000)),
    "many changes": "metrics: {a: {value: 1}}\nscenarios:\n s:\n"
    + "".join(f"  d{number}: x\n" for number in range(50_000)),
    "many outcomes": "metrics: {a: {value: 1}}\noutcomes: ["
    + ", ".join(f"d{number}" for number in range(50_000))
    + ", d0]",
    "many points": "metrics: {a: {value: 1, drivers: {b: {points: ["
    + ", ".join(f"[{n}, 1]" for n in range(50_000))
    + "]}}}}",
    "many cut commas": "{a: x" + ", x" * 200_000 + "}",
    "many comments": "#\n" * 4_000_000,
    "many spaces": " " * 9_000_000 + "a",
    "many documents": "---\n" * 2_000_000,
    "many anchors": "a: [" + "&a x, *a, " * 500_000,
    "many tags": "a: [" + "!!int 1, " * 500_000,
    "many quotes": '"' * 9_000_000,
    "binary": "\x01" * 9_000_000,
    "wide letters": "ａ" * 3_000_000,
    "lines without a key": "a\n" * 4_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_the_work_for_bombs_is_bounded(name):
    found = []
    assert calls(lambda: found.extend(read_text(BOMBS[name]).problems)) < 20 * MAX_NODES
    assert found
    assert len(found) <= 2 * MAX_PROBLEMS + 10
    assert len(str(ModelError(*found))) < 100_000


def test_a_bomb_of_merges_ends_at_once():
    bomb = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 20)
    )
    assert len(read_text(bomb).problems) > 50
    assert calls(lambda: read_text(bomb)) < 100_000


def test_files_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(100_000_000)
    for path in (tmp_path / "pipe.yaml", tmp_path / "huge.yaml", tmp_path, "/dev/zero", "/dev/stdin", "\x00", ""):
        with pytest.raises(ImpactTreeError):
            load_file(path)


def test_no_code_runs_and_no_file_is_touched(tmp_path):
    target = tmp_path / "touched"
    for text in (
        f"metrics: {{a: {{value: !!python/object/apply:os.mkdir ['{target}']}}}}",
        f"metrics: {{a: {{formula: \"__import__('os').mkdir('{target}')\"}}}}",
        f"metrics: !include {target}",
    ):
        read_text(text)
    assert not target.exists()
