from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impacttree.quantity.money import MONEY, SIGNS, code_of, sign_of

codes = st.sampled_from(sorted(MONEY))


@given(codes, codes)
def test_what_is_shown_reads_back_as_the_same_money(code: str, currency: str) -> None:
    sign = sign_of(code, currency)
    assert sign == f"{code} " or code_of(sign, currency) == code


def test_every_sign_stands_for_a_listed_currency() -> None:
    assert set(SIGNS.values()) <= MONEY
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in MONEY)


def test_own_currency_has_the_short_sign() -> None:
    assert sign_of("CNY", "CNY") == "¥"
    assert sign_of("JPY", "CNY") == "JPY "
    assert sign_of("JPY", "USD") == "¥"
    assert sign_of("AUD", "AUD") == "$"
    assert sign_of("AUD", "USD") == "AUD "
