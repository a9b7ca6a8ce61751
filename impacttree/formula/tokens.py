"""Text of a formula -> tokens with spans; refuses every character that the language does not have, with the fix."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, NoReturn

from impacttree.errors import FormulaError, Problem

__all__ = ["MAX_CHARACTERS", "MAX_NUMBER_CHARACTERS", "MAX_TOKENS", "Token", "refuse", "tokenize"]

MAX_CHARACTERS = 200_000
"""Longest formula; a sum of 10,000 names fits."""
MAX_TOKENS = 50_000
MAX_NUMBER_CHARACTERS = 60


class Token(NamedTuple):
    """A word of the language and where it stands; `value` is 0.0 for all but numbers."""

    kind: Literal["number", "name", "symbol", "end"]
    text: str
    start: int
    end: int
    value: float = 0.0


_WORDS = re.compile(
    r"""
    (?P<space>   [ \t\r\n]+)
  | (?P<name>    [A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>  \.?[0-9] (?: [eE][+-](?=[0-9]) | [A-Za-z0-9_.] )* %?)
  | (?P<refused> // | && | \|\| | :=)
  | (?P<symbol>  \*\* | <= | >= | == | != | [-+*/(),<>])
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(
    r"(?P<digits>(?:(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]+(?:_[0-9]+)*)?)|\.[0-9]+(?:_[0-9]+)*)"
    r"(?:(?P<exponent>[eE][+-]?[0-9]+)|(?P<suffix>[kKMBT%]))?"
)
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9_])")
_SCALES = {"k": "e3", "K": "e3", "M": "e6", "B": "e9", "T": "e12", "%": "e-2"}

_CONDITION = "conditions are nested: if(a > 0, if(b > 0, x, y), y)"
_REFUSED = {
    "^": ("powers are not written '^'", "powers are written '**': x**2"),
    "//": ("there is no whole-number division '//'", "write '/' to divide"),
    "%": ("there is no remainder '%'", "a percentage is written without a space, 5%; there is no remainder function"),
    ".": ("a name has no parts", "write the name of one metric; letters, digits and '_' make a name"),
    '"': ("a formula holds no text", "write names without quotes; display text goes to 'label:'"),
    "'": ("a formula holds no text", "write names without quotes; display text goes to 'label:'"),
    "`": ("a formula holds no text", "write names without quotes; display text goes to 'label:'"),
    "[": ("there is no indexing", "earlier periods are prev(x) and lag(x, 2); groups are written with ( and )"),
    "]": ("there is no indexing", "earlier periods are prev(x) and lag(x, 2); groups are written with ( and )"),
    "{": ("braces have no meaning", "groups are written with ( and )"),
    "}": ("braces have no meaning", "groups are written with ( and )"),
    "#": ("a formula holds no comment", "move the text to 'notes:'"),
    "=": ("a formula assigns nothing", "leave 'name =' out; to compare in a condition write '=='"),
    ":=": ("a formula assigns nothing", "give the part a metric of its own and use its name"),
    ":": ("':' has no meaning", "conditions are written if(a > 0, x, y)"),
    "?": ("'?' has no meaning", "conditions are written if(a > 0, x, y)"),
    ";": ("a formula is one expression", "separate arguments with ','"),
    "!": ("there is no 'not'", "write the opposite comparison, or swap the branches of if"),
    "&": ("there is no 'and'", _CONDITION),
    "&&": ("there is no 'and'", _CONDITION),
    "|": ("there is no 'or'", _CONDITION),
    "||": ("there is no 'or'", _CONDITION),
    "~": ("'~' has no meaning", "write the opposite comparison, or swap the branches of if"),
    "@": ("'@' has no meaning", "write '*' to multiply"),
    "\\": ("'\\' has no meaning", "a formula may go over several lines as it is"),
    "$": ("a formula holds no currency signs", "write the number alone, and the currency in 'unit:'"),
    "€": ("a formula holds no currency signs", "write the number alone, and the currency in 'unit:'"),
    "£": ("a formula holds no currency signs", "write the number alone, and the currency in 'unit:'"),
    "¥": ("a formula holds no currency signs", "write the number alone, and the currency in 'unit:'"),
    "×": ("'×' is not a plain '*'", "write '*' to multiply"),
    "·": ("'·' is not a plain '*'", "write '*' to multiply"),
    "÷": ("'÷' is not a plain '/'", "write '/' to divide"),
    "−": ("'−' is not a plain '-'", "write '-' to subtract"),
    "–": ("'–' is not a plain '-'", "write '-' to subtract"),
    "—": ("'—' is not a plain '-'", "write '-' to subtract"),
    "≤": ("'≤' is not written in a formula", "write '<='"),
    "≥": ("'≥' is not written in a formula", "write '>='"),
    "≠": ("'≠' is not written in a formula", "write '!='"),
    "²": ("'²' is not written in a formula", "write '**2'"),
    "³": ("'³' is not written in a formula", "write '**3'"),
    "√": ("'√' is not written in a formula", "write sqrt(x)"),
}
_LOOK_ALIKES = str.maketrans(
    "аАеЕоОрРсСуУхХіІјЈѕЅкКМНТВΑΒΕΖΗΙΚΜΝΟΡΤΥΧονı", "aAeEoOpPcCyYxXiIjJsSkKMHTBABEZHIKMNOPTYXovi"
)


def refuse(text: str, span: tuple[int, int], reason: str, fix: str = "") -> NoReturn:
    """Raise the `FormulaError` that marks `span` of the formula `text`."""
    raise FormulaError(Problem(reason=reason, fix=fix, formula=text, span=span))


def tokenize(text: str) -> list[Token]:
    """Split a formula into tokens; the last one has kind ``end``.

    Raises
    ------
    FormulaError
        At the first character or number that the language does not have.

    Examples
    --------
    >>> [token.text for token in tokenize("arpu * 1.2M")]
    ['arpu', '*', '1.2M', '']
    >>> tokenize("5%")[0].value
    0.05
    """
    if len(text) > MAX_CHARACTERS:
        refuse(text, (0, 1), f"the formula has {len(text):,} characters, more than {MAX_CHARACTERS:,}", "split it")
    tokens: list[Token] = []
    match_at = _WORDS.match
    position, end = 0, len(text)
    while position < end:
        match = match_at(text, position)
        if match is None:
            _refuse_character(text, position)
        start, position = position, match.end()
        kind = match.lastgroup
        if kind == "space":
            continue
        if kind == "number":
            tokens.append(_number(text, start, position))
        elif kind == "refused":
            refuse(text, (start, position), *_REFUSED[match.group()])
        else:
            tokens.append(Token(kind, match.group(), start, position))  # type: ignore[arg-type]
        if len(tokens) > MAX_TOKENS:
            refuse(text, (start, position), f"the formula has more than {MAX_TOKENS:,} words and signs", "split it")
    tokens.append(Token("end", "", end, end))
    return tokens


def _number(text: str, start: int, end: int) -> Token:
    written = text[start:end]
    if end - start > MAX_NUMBER_CHARACTERS:
        refuse(text, (start, end), f"a number has more than {MAX_NUMBER_CHARACTERS} characters", "round it")
    match = _NUMBER.fullmatch(written)
    if match is None:
        refuse(text, (start, end), *_number_advice(written))
    thousands = _THOUSANDS.match(text, start)
    if thousands:
        joined, apart = thousands.group().replace(",", "_"), thousands.group().replace(",", ", ")
        reason = f"'{thousands.group()}' can be one number or several"
        refuse(text, thousands.span(), reason, f"write {joined} for one number, or {apart} for several")
    digits = match["digits"].replace("_", "")
    value = float(digits + (match["exponent"] or _SCALES.get(match["suffix"] or "", "")))
    if value == float("inf") or (value == 0.0 and digits.strip("0.")):
        refuse(text, (start, end), f"'{written}' is out of the range of numbers", "use a number of ordinary size")
    return Token("number", written, start, end, value)


def _number_advice(written: str) -> tuple[str, str]:
    """Why `written`, which starts like a number, is none, and what to write."""
    if re.fullmatch(r"0[0-9_]+.*", written):
        return f"'{written}' starts with a zero", f"write {written.lstrip('0_') or '0'}"
    if "__" in written or re.search(r"_(?![0-9])|\._", written):
        return f"'{written}' has a '_' that does not stand between two digits", "write 1_000"
    if written.count(".") > 1:
        return f"'{written}' has more than one decimal point", "write 1.5 or 1_000"
    if re.fullmatch(r"[0-9._]+(?:m|mn|mm|MM|bn|b|G|t|tn)%?", written):
        return f"'{written}' has an unknown suffix", "the suffixes are k, M (million), B (billion), T and %"
    if re.fullmatch(r"[0-9._]+[eE][+-]?[0-9]+[kKMBT%]", written) or re.fullmatch(r"[0-9._]+[kKMBT]%", written):
        return f"'{written}' scales a number twice", "write one of 1.5e3, 1.5k, 1.5%"
    head = re.match(r"[0-9._]*(?:[eE][+-]?[0-9]+)?[kKMBT%]?(?=[A-Za-z_])|[0-9._]*", written)
    number = head.group() if head else ""
    rest = written[len(number) :]
    if number and rest and (rest[0].isalpha() or rest[0] == "_"):
        fix = f"write {number} * {rest}; names start with a letter or '_'"
        return f"'{written}' is neither a number nor a name", fix
    return f"'{written}' is not a number", "numbers are written 1_000, 1.5e3, 1.2M, 3k, 5%"


def _refuse_character(text: str, position: int) -> NoReturn:
    character = text[position]
    span = (position, position + 1)
    if character in _REFUSED:
        refuse(text, span, *_REFUSED[character])
    import unicodedata  # only for messages

    code = f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
    plain = unicodedata.normalize("NFKC", character.translate(_LOOK_ALIKES))
    if plain != character and plain.isascii() and plain.strip() and plain.isprintable():
        refuse(text, span, f"{code} only looks like '{plain}'", f"type a plain '{plain}'")
    if character.isspace() or unicodedata.category(character) in ("Cf", "Zs"):
        refuse(text, span, f"{code} is not a plain space", "delete it, or type a plain space")
    if character.isalnum():
        fix = "names are made of the letters A to Z and a to z, digits and '_'; display text goes to 'label:'"
        refuse(text, span, f"{code} cannot stand in a name", fix)
    refuse(text, span, f"{code} has no meaning in a formula", "delete it")
