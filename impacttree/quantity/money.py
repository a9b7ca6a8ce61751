"""Currencies: the ISO 4217 codes and the signs that people write for them."""

from __future__ import annotations

__all__ = ["MONEY", "SIGNS", "code_of", "sign_of"]

MONEY = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND
    VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a list literal would take one line per code
)
"""Active ISO 4217 codes of money in circulation."""

SIGNS = {
    "$": "USD", "US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD",
    "S$": "SGD", "SG$": "SGD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL", "€": "EUR", "£": "GBP", "¥": "JPY",
    "₹": "INR", "₩": "KRW", "₪": "ILS", "₫": "VND", "₱": "PHP", "₺": "TRY", "₽": "RUB", "₴": "UAH", "₦": "NGN",
    "฿": "THB",
}  # fmt: skip
"""Signs before an amount; ``$`` and ``¥`` yield to a tree's own currency, see `code_of`."""

_WRITTEN_WITH_DOLLAR_SIGN = frozenset(
    """
    USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD UYU XCD
    """.split()  # noqa: SIM905 - a list literal would take one line per code
)
_OTHER_SIGNS = {"USD": "US$", "EUR": "€", "GBP": "£", "INR": "₹"}


def code_of(sign: str, currency: str) -> str:
    """Return the ISO code that `sign` means in a tree of that currency.

    Examples
    --------
    >>> code_of("$", "USD"), code_of("$", "CAD"), code_of("$", "EUR"), code_of("US$", "CAD")
    ('USD', 'CAD', 'USD', 'USD')
    """
    if sign == "$" and currency in _WRITTEN_WITH_DOLLAR_SIGN:
        return currency
    if sign == "¥" and currency == "CNY":
        return currency
    return SIGNS[sign]


def sign_of(code: str, currency: str) -> str:
    """Return what to print before an amount of money, such that `code_of` reads it back.

    Examples
    --------
    >>> sign_of("USD", "USD"), sign_of("USD", "EUR"), sign_of("USD", "CAD"), sign_of("CHF", "EUR")
    ('$', '$', 'US$', 'CHF ')
    """
    for sign in ("$", "¥"):
        if code_of(sign, currency) == code:
            return sign
    return _OTHER_SIGNS.get(code, f"{code} ")
