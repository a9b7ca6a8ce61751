import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import QuestionError
from impacttree.interfaces.argument_types import NEGATIVE, is_path, metric_and_change, open_tree


@pytest.mark.parametrize(
    "text", ["-1%", "-0.2pp", "-$3", "-€3", "-.5", "-USD 3", "-USD3", "-5 points", "-", "-1e3", "-%"]
)
def test_negative_changes_are_no_options(text):
    assert NEGATIVE.match(text)


@pytest.mark.parametrize("text", ["--json", "--on", "--on=3", "-x", "-json", "--periods=24", "--1", "+1%", "=4"])
def test_options_are_no_negative_changes(text):
    assert not NEGATIVE.match(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("saas", False), ("a.yaml", True), ("a.YML", True), ("./a", True), ("a/b", True), ("a.json", False), ("", False)],
)
def test_paths_are_told_from_templates(name, expected):
    assert is_path(name) == expected


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
texts = st.builds("{}{}".format, st.sampled_from("+-="), st.text("0123456789.%=$ apUSD", min_size=1).filter(str.strip))


@given(names, texts.filter(lambda text: text.strip() not in "+-="))
def test_a_metric_and_its_change_part_at_the_first_equals_sign(name, text):
    assert metric_and_change(None, None, (f"{name}={text}",)) == ((name, text.strip()),)


@given(st.text(max_size=30))
def test_names_of_trees_open_or_are_refused(name):
    if is_path(name):
        return
    with pytest.raises(QuestionError):
        open_tree(f"{name}no")
