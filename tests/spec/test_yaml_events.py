"""YAML text to plain data: nothing coerced, nothing lost, nothing expanded."""

from __future__ import annotations

from itertools import pairwise

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from impacttree.spec import yaml_events
from impacttree.spec.yaml_events import BROKEN, MAX_DEPTH, read_yaml
from tests.work import calls, growth

texts = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
data = st.recursive(
    texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def reasons(text: str) -> list[str]:
    return [problem.reason for problem in read_yaml(text).problems]


@given(data=data, flow=st.booleans())
def test_reads_what_another_yaml_library_wrote(data, flow):
    quoted = yaml.dump(data, default_style='"', default_flow_style=flow, allow_unicode=True, sort_keys=False)
    document = read_yaml(quoted.replace("!!null ", ""))
    assert document.problems == ()
    assert document.data == data


@pytest.mark.parametrize(
    "text", ["no", "on", "1e3", "0123", "1:30", "0x1F", "1_000", ".5", "2026-03-01", "true", "=45%"]
)
def test_scalars_stay_the_text_that_was_written(text):
    assert read_yaml(f"value: {text}").data == {"value": text}


@pytest.mark.parametrize("nothing", ["", " ~", " null", " NULL", " Null"])
def test_nothing_is_none_and_quoted_nothing_is_text(nothing):
    assert read_yaml(f"a:{nothing}\nb: 1").data == {"a": None, "b": "1"}
    assert read_yaml(f'a: "{nothing.strip()}"').data == {"a": nothing.strip()}


def test_every_key_and_value_has_its_place():
    text = "metrics:\n  churn: {value: 2%,\n    label:   'a b'}\n  nps:\n    points: [[1, 2],\n      [3, 4]]\n"
    root = read_yaml(text).root
    assert root is not None
    lines = text.split("\n")

    def check(place, key):
        if isinstance(key, str):
            assert lines[place.key_line - 1][place.key_column - 1 :].startswith(key)
            assert text[place.key_start :].startswith(key)
        for below, inner in (place.children or {}).items():
            check(inner, below)

    check(root, 0)
    label = root.children["metrics"].children["churn"].children["label"]
    assert (label.line, label.column, text[label.start : label.end]) == (3, 14, "'a b'")
    four = root.children["metrics"].children["nps"].children["points"].children[1].children[1]
    assert (four.line, four.column) == (6, 11)


def test_wide_characters_count_once():
    place = read_yaml("ключ: 𝒙y\nb: {é: ü}\n").root.children["b"].children["é"]
    assert (place.line, place.column, place.start) == (2, 8, 16)


# ---- what YAML would lose


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("max(a, b)", "max(a, b)"),
        ("if(b == 0, 0, 0, a / b)", "if(b == 0, 0, 0, a / b)"),
        ("max(a,\n  b)", "max(a, b)"),
        ("1,200", "1200"),
        ("$1,200,000/month", "$1200000/month"),
        ("Sales, general", "Sales, general"),
    ],
)
def test_text_cut_at_a_comma_is_reported_once_and_put_together(written, meant):
    for text in (
        f"{{value: {written}}}",
        f"a: {{value: {written}, b: c}}",
        f"{{x: y, value: {written} , z: {{q: 1}}}}",
    ):
        document = read_yaml(text)
        inner = document.data.get("a", document.data)
        assert inner["value"] == meant
        assert "cut at the comma" in document.problems[0].reason
        assert len(document.problems) == 1
        assert meant in document.problems[0].fix


def test_a_key_without_a_colon_in_braces_is_reported():
    assert reasons("{a, b: 1}") == ["'a' has no value"]
    assert "space after the colon" in read_yaml("a: {value:42%, b: 1}").problems[0].fix
    assert reasons("{a: , b: 1}") == []
    assert read_yaml("{a: 'x', b}").data == {"a": "x"}


@pytest.mark.parametrize("cut", ["a: Plan #1", "a: x * b #c", "{a: x #y\n}", "- a #b", "a: x\n  y #z", "a: x ##y"])
def test_text_cut_at_a_hash_is_reported(cut):
    assert any("` #` starts a comment" in reason for reason in reasons(cut))


@pytest.mark.parametrize(
    "kept", ["a: x # note", "a: x #", "a: x#1", 'a: "x #1" # y', "#c\na: b", "a: |\n  x #y", "a: x ## y"]
)
def test_comments_and_quoted_hashes_pass(kept):
    assert reasons(kept) == []


def test_repeated_keys_are_reported_and_the_first_is_kept():
    document = read_yaml("a: 1\nb: {c: 1, c: 2}\na: {d: 1}\n")
    assert document.data == {"a": "1", "b": {"c": "1"}}
    assert [problem.line for problem in document.problems] == [2, 3]
    assert "first in line 1" in document.problems[1].reason


def test_anchors_aliases_merges_and_tags_are_refused():
    document = read_yaml("a: &x 1\nb: *x\n<<: {c: 1}\nd: !!int 3\ne: !python/object:os.system x\n*x : 1\n")
    assert document.data == {"a": "1", "b": BROKEN, "d": "3", "e": "x"}
    assert [problem.line for problem in document.problems] == [1, 2, 3, 4, 5, 6]
    assert reasons("%TAG ! tag:x,2000:\n---\na: 1") == ["%TAG directives are not read"]


def test_keys_must_be_text():
    for text in ("? [a]\n: b\nc: d", "{{a: b}: x, c: d}", "? {a: 1}\n: {b: 2}\nc: d"):
        document = read_yaml(text)
        assert document.data == {"c": "d"}
        assert len(document.problems) == 1
    assert reasons("? \n: x") == ["a key is missing before the colon"]


def test_one_document_only():
    assert "second document" in reasons("a: 1\n---\nb: 1")[0]
    assert read_yaml("---\na: 1\n...\n").data == {"a": "1"}


# ---- not YAML at all


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: b: c", 1, "`: `"),
        ("a: {b: 1\n\n\n", 1, "braces"),
        ("a: [1\nb: 2", 1, "brackets"),
        ("a: 'b\n\nc: d", 1, "quoted"),
        ("a:\n\tb: 1", 2, "tab"),
        ("a: @x", 1, "`@`"),
        ("a: 1\nb\nc: 2", 2, "key: value"),
        ('a: "\\q"', 1, "escape"),
        ("a: - b", 1, "list item"),
        ("a: }", 1, "value is missing"),
        ("a:\n  b: 1\n c: 2", 3, "indentation"),
        ("a: b\nc: \x01", 2, "U+0001"),
    ],
)
def test_syntax_errors_are_said_in_plain_words(text, line, word):
    document = read_yaml(text)
    assert not document.complete
    problem = document.problems[-1]
    assert word in problem.reason + problem.fix
    assert problem.line == line
    assert problem.fix


def test_both_yaml_parsers_agree(monkeypatch):
    texts = ["a: {b: max(a, b)}\nc: x #1\n", "a: 'b", "a: \x01", "a: [1", "a: 1\na: 2", "- {x: }\n- y", "a: b: c"]
    fast = [read_yaml(text) for text in texts]
    monkeypatch.delattr(yaml, "CSafeLoader")
    slow = [read_yaml(text) for text in texts]
    assert [document.data for document in fast] == [document.data for document in slow]
    for one, other in zip(fast, slow, strict=True):
        assert len(one.problems) == len(other.problems)
        assert one.complete == other.complete


# ---- limits


def test_depth_is_limited():
    assert read_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH).complete
    for bomb in ("[" * 100_000, "- " * 100_000, "{a: " * 100_000, "? " * 100_000):
        document = read_yaml(bomb)
        assert not document.complete
        assert {"deep", "depth"} & set(document.problems[-1].reason.split())  # newer parsers stop before us


def test_nodes_are_limited(monkeypatch):
    monkeypatch.setattr(yaml_events, "MAX_NODES", 100)
    assert "keys and values" in reasons("[" + "a, " * 200 + "]")[-1]
    assert reasons("[" + "a, " * 90 + "]") == []


def test_problems_are_limited():
    document = read_yaml("a: 1\n" * 50_000)
    assert len(document.problems) <= yaml_events.MAX_PROBLEMS + 1
    assert not document.complete
    assert growth(lambda keys: read_yaml("a: 1\n" * keys), 5_000, 4) < 1.1  # the rest is not read


def test_a_bomb_of_aliases_is_not_expanded():
    pairs = pairwise("abcdefghijklmn")
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairs)
    assert len(read_yaml(bomb).problems) > 20
    assert calls(lambda: read_yaml(bomb)) < 100_000
