"""Text of a formula -> tokens with spans; refuses every character that the language does not have, with the fix."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, NoReturn

from impacttree.errors import Edit, FormulaError, Problem
from impacttree.patterns import pattern
from impacttree.quantity.slips import correction

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


_WORDS = pattern(
    r"""
    (?P<space>   [ \t\r\n]+)
  | (?P<name>    [A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>  \.?[0-9] (?: [eE][+-](?=[0-9]) | [A-Za-z0-9_.] )* %?)
  | (?P<refused> // | && | \|\| | :=)
  | (?P<symbol>  \*\* | <= | >= | == | != | [-+*/(),<>])
    """,
    re.VERBOSE,
)
_NUMBER = pattern(
    r"(?P<digits>(?:(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?)|\.[0-9]+(?:_[0-9]+)*)"
    r"(?:(?P<exponent>[eE][+-]?[0-9]+)|(?P<suffix>[kKMBT%]))?"
)
_THOUSANDS = pattern(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9_])")
_SCALES = {"k": "e3", "K": "e3", "M": "e6", "B": "e9", "T": "e12", "%": "e-2"}

_REFUSED: dict[str, tuple[str, str] | tuple[str, str, str]] = {
    "^": ("powers are not written '^'", "powers are written '**': x**2", "**"),
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
    "!": ("'!' has no meaning", "write 'not'", " not "),
    "&": ("comparisons are not joined with '&'", "write 'and'", " and "),
    "&&": ("comparisons are not joined with '&&'", "write 'and'", " and "),
    "|": ("comparisons are not joined with '|'", "write 'or'", " or "),
    "||": ("comparisons are not joined with '||'", "write 'or'", " or "),
    "~": ("'~' has no meaning", "write the opposite comparison, or swap the branches of if"),
    "@": ("'@' has no meaning", "write '*' to multiply", "*"),
    "\\": ("'\\' has no meaning", "a formula may go over several lines as it is", ""),
    **dict.fromkeys(
        "$€£¥",
        (
            "a formula holds no amounts of money",
            "give the amount a metric of its own, e.g. `fee: {value: $5}`, and use its name",
        ),
    ),
    "×": ("'×' is not a plain '*'", "write '*' to multiply", "*"),
    "·": ("'·' is not a plain '*'", "write '*' to multiply", "*"),
    "÷": ("'÷' is not a plain '/'", "write '/' to divide", "/"),
    "−": ("'−' is not a plain '-'", "write '-' to subtract", "-"),
    "–": ("'–' is not a plain '-'", "write '-' to subtract", "-"),
    "—": ("'—' is not a plain '-'", "write '-' to subtract", "-"),
    "≤": ("'≤' is not written in a formula", "write '<='", "<="),
    "≥": ("'≥' is not written in a formula", "write '>='", ">="),
    "≠": ("'≠' is not written in a formula", "write '!='", "!="),
    "²": ("'²' is not written in a formula", "write '**2'", "**2"),
    "³": ("'³' is not written in a formula", "write '**3'", "**3"),
    "√": ("'√' is not written in a formula", "write sqrt(x)"),
}
"""Signs that people write: why each is refused, what to write, and what replaces it where that is one thing."""
_LOOK_ALIKES = str.maketrans(
    "аАеЕоОрРсСуУхХіІјЈѕЅкКМНТВΑΒΕΖΗΙΚΜΝΟΡΤΥΧονı", "aAeEoOpPcCyYxXiIjJsSkKMHTBABEZHIKMNOPTYXovi"
)


def refuse(text: str, span: tuple[int, int], reason: str, fix: str = "", new: str | Edit | None = None) -> NoReturn:
    """Raise the `FormulaError` that marks `span` of the formula `text`; `new` corrects it, in place of the span."""
    edit = Edit(*span, new) if isinstance(new, str) else new
    raise FormulaError(Problem(reason=reason, fix=fix, edit=edit, formula=text, span=span))


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


_SUFFIXES = {"mn": "M", "mm": "M", "MM": "M", "bn": "B", "b": "B", "G": "B", "t": "T", "tn": "T"}


def _number_advice(written: str) -> tuple[str, str, str | None]:
    """Return why `written` is not the number it starts like, what to write, and what replaces it if it is one thing."""
    if re.fullmatch(r"0[0-9_]+.*", written):
        plain = re.sub(r"^[0_]+(?=[0-9])", "", written)
        return f"'{written}' starts with a zero", f"write {plain}", plain
    if "__" in written or re.search(r"_(?![0-9])|\._", written):
        plain = re.sub(r"_+", "_", re.sub(r"_+(?![0-9_])|(?<=\.)_+", "", written))
        return f"'{written}' has a '_' that does not stand between two digits", f"write {plain}", plain
    if written.count(".") > 1:
        _, plain = correction(written)
        fix = f"write {plain}" if plain else "write one number, e.g. 1.5 or 1_500"
        return f"'{written}' has more than one decimal point", fix, plain or None
    if match := re.fullmatch(r"([0-9._]+)(m|mn|mm|MM|bn|b|G|t|tn)", written):
        likely = match[1] + _SUFFIXES[match[2]] if match[2] in _SUFFIXES else None
        fix = f"write {likely}" if likely else "the suffixes are k, M (million), B (billion), T and %"
        return f"'{written}' has an unknown suffix", fix, likely
    if re.fullmatch(r"[0-9._]+[eE][+-]?[0-9]+[kKMBT%]", written) or re.fullmatch(r"[0-9._]+[kKMBT]%", written):
        return f"'{written}' scales a number twice", "write one of 1.5e3, 1.5k, 1.5%", None
    head = re.match(r"[0-9._]*(?:[eE][+-]?[0-9]+)?[kKMBT%]?(?=[A-Za-z_])|[0-9._]*", written)
    number = head.group() if head else ""
    rest = written[len(number) :]
    if number and rest and (rest[0].isalpha() or rest[0] == "_"):
        fix = f"write {number} * {rest}; names start with a letter or '_'"
        return f"'{written}' is neither a number nor a name", fix, f"{number} * {rest}"
    return f"'{written}' is not a number", "numbers are written 1_000, 1.5e3, 1.2M, 3k, 5%", None


_SPACED_PERCENT = pattern(r"([0-9][0-9._]*)([ \t]+%)$")
_ENDS_OPERAND = pattern(r"\s*(?:$|[-+*/),<>=!])")
_NAMED = pattern(r"\s*(?:[A-Za-z_][A-Za-z0-9_]*\s*)?=\s*")
_EARLIER = pattern(r"([A-Za-z_][A-Za-z0-9_]*)\s*[\[(]\s*t\s*-\s*([1-9][0-9]*)\s*[\])]")


def refuse_earlier(text: str, position: int) -> None:
    """Refuse ``x[t-1]`` and ``x(t-1)`` with the bracket at `position`, if that is what stands there."""
    start = re.search(r"[A-Za-z0-9_]*\s*$", text[max(0, position - 200) : position])
    assert start is not None
    match = _EARLIER.match(text, position - len(start[0]))
    if match:
        new = f"prev({match[1]})" if match[2] == "1" else f"lag({match[1]}, {match[2]})"
        refuse(text, match.span(), "earlier periods are not written with t", f"write {new}", new)


def _refuse_equals(text: str, position: int) -> None:
    """Refuse a ``=`` that stands for ``==``, or before the formula."""
    span = (position, position + 1)
    head = _NAMED.match(text)
    if head and head.start() <= position < head.end():
        fix = "leave the '=' and what stands before it out"
        refuse(text, span, "a formula assigns nothing", fix, Edit(*head.span(), ""))
    if text.count("(", 0, position) > text.count(")", 0, position):
        refuse(text, span, "a comparison is not written '='", "write '=='", "==")


def _refuse_character(text: str, position: int) -> NoReturn:
    character = text[position]
    span = (position, position + 1)
    spaced = _SPACED_PERCENT.search(text, max(0, position - 80), position + 1) if character == "%" else None
    if spaced and _ENDS_OPERAND.match(text, position + 1):
        edit = Edit(*spaced.span(2), "%")
        refuse(text, span, "a percentage is written without a space", f"write {spaced[1]}%", edit)
    if character == "=":
        _refuse_equals(text, position)
    if character == ";" and "(" in text[:position]:
        edit = Edit(0, len(text), text.replace(";", ","))
        refuse(text, span, "arguments are not separated by ';'", "separate arguments with ','", edit)
    if character == "[":
        refuse_earlier(text, position)
    if character in _REFUSED:
        refuse(text, span, *_REFUSED[character])
    import unicodedata  # only for messages

    code = f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
    plain = unicodedata.normalize("NFKC", character.translate(_LOOK_ALIKES))
    if plain != character and plain.isascii() and plain.strip() and plain.isprintable():
        refuse(text, span, f"{code} only looks like '{plain}'", f"type a plain '{plain}'", plain)
    if character.isspace() or unicodedata.category(character) in ("Cf", "Zs"):
        new = " " if character.isspace() else ""
        refuse(text, span, f"{code} is not a plain space", "delete it, or type a plain space", new)
    if character.isalnum():
        fix = "names are made of the letters A to Z and a to z, digits and '_'; display text goes to 'label:'"
        refuse(text, span, f"{code} cannot stand in a name", fix)
    refuse(text, span, f"{code} has no meaning in a formula", "delete it")
