from impacttree.interfaces.overview import inspect, outline_of, summary
from impacttree.render import to_text
from impacttree.tree import load, template


def test_every_metric_stands_in_the_outline_with_its_value():
    tree = template("saas")
    table = outline_of(tree)
    shown = {row[0].text.strip(): row[1].text for row in table.rows if row[1].text != "see above"}
    assert set(shown) == {tree[name].title for name in tree}
    assert shown["Weekly engagement"] == "42.0%"


def test_names_are_those_that_commands_take():
    tree = template("internal")
    assert [row[1].text for row in tree.values().view().rows] == list(tree)


def test_a_summary_leaves_out_what_a_tree_does_not_have(tmp_path):
    path = tmp_path / "bare.yaml"
    path.write_text("name: Bare\noutcome: b\nperiod: year\nmetrics: {a: {value: 2}, b: {formula: a * 2}}\n")
    text = to_text(summary(load(path)))
    assert text.splitlines() == ["Bare", "  scope   2 metrics by year, over 1 year; outcome B (b)"]


def test_an_inspection_of_a_wrong_file_has_no_tree(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("metrics: {a: {formula: b}}")
    found = inspect(str(path))
    assert found.tree is None
    assert found.data()["placeholders"] == []
    assert found.problems[0].file == str(path)
