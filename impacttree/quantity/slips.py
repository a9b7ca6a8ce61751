"""What people write in place of a number, and the spelling that is read: one for one, or nothing."""

from __future__ import annotations

import re

from impacttree.patterns import pattern

__all__ = ["correction", "leading_zeros"]

_HEAD = r"(?P<head>[+-]?\s*(?:[A-Z]{0,2}\$|[€£¥]|[A-Z]{3}(?=\s*\d))?\s*)"
_REST = r"(?P<rest>(?:%|[kKMBT](?![A-Za-z]))?(?:\s*[A-Za-z%/$€£¥].*)?)"
_WHOLE = r"(?P<whole>\d{1,3}(?:(?P<mark>[.,])\d{3})+)"
_BOTH_MARKS = pattern(rf"{_HEAD}{_WHOLE}(?!(?P=mark))[.,](?P<part>\d+){_REST}")
_ONE_MARK = pattern(rf"{_HEAD}{_WHOLE}(?P=mark)(?P<part>\d+){_REST}")
_SPACED = pattern(rf"{_HEAD}(?P<whole>\d{{1,3}}(?:[ '’\u00a0\u202f]\d{{3}})+){_REST}")
_SCALES = {"thousand": "k", "million": "M", "mn": "M", "mm": "M", "billion": "B", "bn": "B", "trillion": "T", "tn": "T"}
_SCALE = rf"\s?(?P<scale>{'|'.join(_SCALES)})(?![A-Za-z])"
_SCALED = pattern(rf"{_HEAD}(?P<number>\d[\d_]*(?:\.\d+)?){_SCALE}(?P<rest>.*)", re.IGNORECASE)
_LEADING_ZERO = pattern(rf"{_HEAD}(?P<zeros>0[0_]*)(?=[1-9_])", re.ASCII)
_ENDS = pattern(r"(?P<low>\S(?:.*?[\w%])??)\s*(?:-{1,2}|[–—‐‑‒~…]|\.{2,3})\s*(?P<high>[+$€£¥\d.].*)")


def correction(text: str) -> tuple[str, str]:
    """Return the reason why `text` is not read and how it is written; both empty where that is not certain.

    Examples
    --------
    >>> correction("€1.127,54/order")
    ('a comma in a number is ambiguous', '€1_127.54/order')
    >>> correction("1.127.54")[1], correction("1 200 users")[1], correction("5-6 %")[1], correction("=5")[1]
    ('1_127.54', '1_200 users', '5 to 6 %', '5')
    >>> correction("120,000"), correction("about 5")
    (('', ''), ('', ''))
    """
    text = text.strip()
    if match := _BOTH_MARKS.fullmatch(text):
        reason = "a comma in a number is ambiguous"
        return reason, f"{match['head']}{_grouped(match['whole'])}.{match['part']}{match['rest']}"
    if match := _ONE_MARK.fullmatch(text):
        name = "decimal point" if match["mark"] == "." else "comma"
        whole, part = _grouped(match["whole"]), match["part"]
        if len(part) == 3:  # all of them group thousands
            return f"a number has at most one {name}", f"{match['head']}{whole}_{part}{match['rest']}"
        return f"a number has at most one {name}", f"{match['head']}{whole}.{part}{match['rest']}"
    if match := _SPACED.fullmatch(text):
        return "digits are not grouped so", f"{match['head']}{_grouped(match['whole'])}{match['rest']}"
    if match := _SCALED.fullmatch(text):
        scaled = f"{match['head']}{match['number']}{_SCALES[match['scale'].lower()]}{match['rest']}"
        return f"`{match['scale']}` is not how numbers are shortened", scaled
    if text.startswith("=") and text[1:].strip():
        return "a number starts without `=`", text[1:].strip()
    if match := _ENDS.fullmatch(text):
        return "a range is written with `to`", f"{match['low']} to {match['high']}"
    return "", ""


def leading_zeros(text: str) -> tuple[int, int]:
    """Return the extent of zeros before a whole number (``010``), which some read as octal; (0, 0) if there are none.

    Examples
    --------
    >>> leading_zeros("010%"), leading_zeros("-$007"), leading_zeros("0.5"), leading_zeros("0")
    ((0, 1), (2, 4), (0, 0), (0, 0))
    """
    match = _LEADING_ZERO.match(text)
    return match.span("zeros") if match else (0, 0)


def _grouped(text: str) -> str:
    return re.sub(r"\D", "_", text)
