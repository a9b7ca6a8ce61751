import pytest

import impacttree as it
from impacttree.answers.number_names import label_of


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("arpu.value", "ARPU"),
        ("customers.start", "Customers, at the start"),
        ("churn.engagement.slope", "Monthly churn <- Weekly engagement, slope"),
        ("conversion.activation.elasticity", "Trial to paid <- Activation, elasticity"),
    ],
)
def test_a_number_is_called_by_the_labels_of_its_metrics(address, label):
    assert label_of(it.template("saas")._subject.graph, address) == label


def test_words_of_a_parameter_are_hyphenated():
    text = "metrics: {a: {value: 2}, b: {value: 3, drivers: {a: {semi_elasticity: 0.1, evidence: judgement}}}}"
    assert label_of(it.loads(text)._subject.graph, "b.a.semi_elasticity") == "B <- A, semi-elasticity"
