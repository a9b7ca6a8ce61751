"""Numbers as text, in both directions, exactly: what is read and rounded is the decimal that was written."""

from __future__ import annotations

import math

from impacttree.patterns import pattern

__all__ = [
    "NUMBER_PATTERN",
    "SUFFIXES",
    "Decimal",
    "exact",
    "exact_text",
    "leading_place",
    "literal",
    "plain",
    "round_to",
    "round_to_digits",
    "scientific",
]

Decimal = tuple[int, int]
"""An integer and a power of ten: ``(42, -2)`` is 0.42."""

SUFFIXES = {"k": 3, "M": 6, "B": 9, "T": 12}
NUMBER_PATTERN = r"(?P<digits>\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE](?P<exponent>[+-]?\d{1,4}))?"
"""ASCII digits with optional single underscores between them, a decimal point and an exponent; no sign."""

_REPR = pattern(r"(\d+)(?:\.(\d+))?(?:e([+-]\d+))?")


def literal(digits: str, exponent: int) -> float:
    """Return ``digits * 10**exponent``, rounded once, so that 1.1M is 1100000.0 and 57% is 0.57.

    Raises
    ------
    OverflowError
        If the value is too large for a float, or so small that it would become zero.
    """
    value = float(f"{digits}e{exponent}")
    if math.isinf(value) or (value == 0.0 and digits.strip("0._")):
        raise OverflowError
    return value


def exact(value: float) -> Decimal:
    """Return the shortest decimal that reads back as `value`.

    Examples
    --------
    >>> exact(0.42), exact(-1.2e6)
    ((42, -2), (-12000000, -1))
    """
    match = _REPR.fullmatch(repr(abs(float(value))))
    if match is None:
        raise ValueError(f"{value!r} is not a finite number")
    whole, fraction, exponent = match.groups(default="")
    coefficient = int(whole + fraction)
    return (-coefficient if value < 0 else coefficient), int(exponent or 0) - len(fraction)


def round_to(number: Decimal, place: int) -> int:
    """Round to a whole number of ``10**place``, half away from zero.

    Examples
    --------
    >>> round_to(exact(2.675), -2), round_to(exact(-0.5), 0), round_to(exact(0.49), 0)
    (268, -1, 0)
    """
    coefficient, exponent = number
    if exponent >= place:
        return coefficient * int(10 ** (exponent - place))
    step = int(10 ** (place - exponent))
    magnitude = (2 * abs(coefficient) + step) // (2 * step)
    return -magnitude if coefficient < 0 else magnitude


def leading_place(number: Decimal) -> int:
    """Return the power of ten of the first digit: 2 for 987, -2 for 0.042 (0 for zero)."""
    coefficient, exponent = number
    return len(str(abs(coefficient))) - 1 + exponent if coefficient else 0


def round_to_digits(number: Decimal, digits: int, coarsest: int | None = None) -> Decimal:
    """Round to significant digits; `coarsest` keeps at least the places down to that power of ten.

    Examples
    --------
    >>> round_to_digits(exact(999.6), 3), round_to_digits(exact(123.456), 3, -1)
    ((1000, 0), (1235, -1))
    """
    place = leading_place(number) - digits + 1
    if coarsest is not None:
        place = min(place, coarsest)
    return round_to(number, place), place


def plain(number: Decimal, decimals: int = 0) -> str:
    """Write a decimal without exponent and without trailing zeros, but with at least `decimals` places.

    Examples
    --------
    >>> plain((17000, -3)), plain((42, 0), 1), plain((-5, -1))
    ('17', '42.0', '-0.5')
    """
    coefficient, exponent = number
    digits = str(abs(coefficient))
    if exponent >= 0:
        whole, fraction = (digits + "0" * exponent if coefficient else "0"), ""
    else:
        digits = digits.rjust(1 - exponent, "0")
        whole, fraction = digits[:exponent], digits[exponent:].rstrip("0")
    fraction = fraction.ljust(decimals, "0")
    sign = "-" if coefficient < 0 else ""
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole


def scientific(number: Decimal) -> str:
    """Write a nonzero decimal as ``1.23e-9``."""
    coefficient, exponent = number
    place = leading_place(number)
    return f"{plain((coefficient, exponent - place))}e{place}"


def exact_text(number: Decimal) -> str:
    """Write every digit of a decimal, with a suffix where that is shorter.

    Examples
    --------
    >>> exact_text((500, 0)), exact_text((1_200_000, 0)), exact_text((65_432, 0)), exact_text((1, -9))
    ('500', '1.2M', '65432', '1e-9')
    """
    place = leading_place(number)
    if number[0] and not -7 < place < 15:
        return scientific(number)
    coefficient, exponent = number
    fitting = ((letter, power) for letter, power in SUFFIXES.items() if place >= power)
    shortened = (f"{plain((coefficient, exponent - power))}{letter}" for letter, power in fitting)
    return min((plain(number), *shortened), key=len)
