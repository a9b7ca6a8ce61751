"""Assumed effects as stated: what people call the grades of their evidence."""

import pytest

from impacttree.errors import ModelError
from impacttree.spec import Evidence


@pytest.mark.parametrize(("said", "grade"), [("A/B test", "experiment"), ("guess", "judgement"), ("RCT", "experiment")])
def test_what_people_call_a_grade_suggests_it(said, grade):
    with pytest.raises(ModelError, match=f"did you mean '{grade}'"):
        Evidence(said)
