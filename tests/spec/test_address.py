"""Address: one parser and one printer that undo each other, and nothing else counts as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree import QuestionError
from impacttree.spec.address import Address
from tests.strategies import examples

WORDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
ADDRESSES = st.builds(Address, WORDS, st.none() | WORDS, WORDS)


@examples(100)
@given(ADDRESSES)
def test_parsing_undoes_printing(address: Address) -> None:
    assert Address.parse(str(address)) == address


@examples(100)
@given(ADDRESSES, ADDRESSES)
def test_different_numbers_have_different_texts(one: Address, other: Address) -> None:
    assert (str(one) == str(other)) == (one == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arpu",
        "a.b.c.d",
        "arpu.",
        ".value",
        "a b.value",
        "\N{LATIN SMALL LETTER A WITH DIAERESIS}.x",
        "a\n.value",
        "1.2",
    ],
)
def test_what_is_not_an_address(text: str) -> None:
    with pytest.raises(QuestionError, match="is not the address of a number: write"):
        Address.parse(text)
