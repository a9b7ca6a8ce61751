import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impacttree.errors import FormulaError
from impacttree.formula.tokens import MAX_CHARACTERS, MAX_TOKENS, tokenize

SCALES = {"": 0, "k": 3, "K": 3, "M": 6, "B": 9, "T": 12, "%": -2}


def problem(text):
    with pytest.raises(FormulaError) as caught:
        tokenize(text)
    (found,) = caught.value.problems
    return found


@given(st.decimals(0, 10**9, places=4), st.sampled_from(sorted(SCALES)))
def test_numbers_are_the_nearest_floats_of_what_is_written(number, suffix):
    written = f"{number:f}"
    token = tokenize(written + suffix)[0]
    assert token.value == float(Decimal(written).scaleb(SCALES[suffix]))
    assert token.text == written + suffix


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000.0),
        ("1.5e3", 1500.0),
        ("2E-2", 0.02),
        (".5", 0.5),
        ("0", 0.0),
        ("0.0%", 0.0),
        ("1.1M", 1.1e6),
        ("57%", 0.57),
    ],
)
def test_number_forms(text, value):
    assert tokenize(text)[0].value == value


@given(st.lists(st.sampled_from(["revenue", "E", "_x1", "1_000", "5%", "**", "*", "<=", "(", ",", ")"]), max_size=30))
def test_tokens_are_the_words_between_the_spaces(words):
    text = " ".join(words)
    tokens = tokenize(text)
    assert [token.text for token in tokens[:-1]] == words
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert tokens[-1].kind == "end"
    assert tokens[-1].start == len(text)


@given(st.text())
def test_every_character_is_in_a_token_or_refused_with_its_position(text):
    try:
        tokens = tokenize(text)
    except FormulaError as error:
        (found,) = error.problems
        start, end = found.span
        assert 0 <= start < end <= len(text)
        assert found.formula == text
        assert found.reason
        assert found.fix
    else:
        assert "".join(token.text for token in tokens) == re.sub(r"[ \t\r\n]", "", text)


@pytest.mark.parametrize(
    ("text", "marked", "reason", "fix"),
    [
        ("x ^ 2", "^", "powers", r"x\*\*2"),
        ("a // b", "//", "whole-number division", "write '/'"),
        ("a % b", "%", "remainder", "5%"),
        ("tree.x", ".", "no parts", "one metric"),
        ("'x'", "'", "no text", "without quotes"),
        ('"x"', '"', "no text", "without quotes"),
        ("x[1]", "[", "indexing", "prev"),
        ("x # note", "#", "comment", "notes:"),
        ("y = x", "=", "assigns", "leave the '='"),
        ("if(a = 1, 2, 3)", "=", "comparison", "=="),
        ("y := x", ":=", "assigns", "metric of its own"),
        ("a && b", "&&", "not joined", "'and'"),
        ("a | b", "|", "not joined", "'or'"),
        ("!a", "!", "no meaning", "'not'"),
        ("a ? b : c", "?", "no meaning", r"if\("),
        ("$5", "$", "money", "metric of its own"),
        ("a × b", "×", "plain", r"'\*'"),
        ("a − b", "−", "plain", "'-'"),
        ("a ≤ b", "≤", "written", "'<='"),
        ("x²", "²", "written", r"\*\*2"),
        ("\uff41 + 1", "\uff41", "U\\+FF41 FULLWIDTH LATIN SMALL LETTER A only looks like 'a'", "plain 'a'"),
        ("ch\u0443rn", "\u0443", "U\\+0443 CYRILLIC SMALL LETTER U only looks like 'y'", "plain 'y'"),
        ("caf\u00e9", "\u00e9", "U\\+00E9", "label:"),
        ("a\u00a0+ b", "\u00a0", "U\\+00A0", "plain space"),
        ("a\u200b", "\u200b", "U\\+200B ZERO WIDTH SPACE", "delete"),
        ("a \u202e b", "\u202e", "U\\+202E", "delete"),
        ("a \x00 b", "\x00", "U\\+0000", "delete"),
        ("1,200 * a", "1,200", "one number or several", "1_200"),
        ("max(a, 1,200,000)", "1,200,000", "one number or several", "1_200_000 for one number, or 1, 200, 000"),
        ("0123", "0123", "zero", "write 123"),
        ("1__0", "1__0", "'_'", "1_0"),
        ("1_ + a", "1_", "'_'", "write 1"),
        ("1.2.3", "1.2.3", "point", "1.5"),
        ("1e", "1e", "neither", r"1 \* e"),
        ("2x", "2x", "neither", r"write 2 \* x"),
        ("1.5m", "1.5m", "suffix", "M"),
        ("1e3k", "1e3k", "twice", "1.5k"),
        ("5k%", "5k%", "twice", "1.5%"),
        ("1e999", "1e999", "range", "ordinary"),
        ("1e-999", "1e-999", "range", "ordinary"),
        ("1" * 61, "1" * 61, "60 characters", "round"),
    ],
)  # fmt: skip
def test_refusals(text, marked, reason, fix):
    found = problem(text)
    start, end = found.span
    assert text[start:end] == marked
    assert re.search(reason, found.reason)
    assert re.search(fix, found.fix)


def test_a_comma_between_numbers_is_read_where_it_cannot_be_a_thousand():
    assert [token.text for token in tokenize("clip(x,0,100)")[4:7]] == ["0", ",", "100"]
    assert [token.text for token in tokenize("max(1, 200)")[2:5]] == ["1", ",", "200"]
    assert [token.text for token in tokenize("max(1,2000)")[2:5]] == ["1", ",", "2000"]


def test_limits():
    assert "characters" in problem("a" * (MAX_CHARACTERS + 1)).reason
    assert len(tokenize("-" * MAX_TOKENS)) == MAX_TOKENS + 1
    assert "words" in problem("-" * (MAX_TOKENS + 1)).reason
