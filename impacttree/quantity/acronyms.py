"""What a name is called in words: ``new_arr`` is New ARR."""

from __future__ import annotations

__all__ = ["in_words"]

_LISTED = """
acv ai aov api apac arpa arppu arpu arr asp b2b b2c cac capm cltv clv cogs cpa cpc cpi cpl cpm cpu crm crr csat ctr
cvr dach dau ebit ebita ebitda emea eps erp eu eur fcf fte fx gbp gmv gpu gpv grr hr irr jpy kpi latam llm ltv mau
moic mql mrr mtbf mttr ndr noi nopat npv nps nrr oee okr p50 p90 p95 p99 pnl qa roa roas roce roe roi roic rpo rps
saas sdk sem seo sku sla slo sms smb sql tam tco tcv tpv ttv ui uk url usa usd ux vat wacc wau
"""
_ACRONYMS = frozenset(_LISTED.split())
_SPELLED = {"saas": "SaaS", "pnl": "P&L"}


def in_words(name: str) -> str:
    """Return the label that a name stands for, with the acronyms of product analytics and finance in capitals.

    Examples
    --------
    >>> in_words("new_mrr"), in_words("ltv_to_cac"), in_words("paid_skus"), in_words("operating_profit")
    ('New MRR', 'LTV to CAC', 'Paid SKUs', 'Operating profit')
    >>> in_words("revenue_DE"), in_words("_2nd_order")
    ('Revenue DE', '2nd order')
    """
    text = " ".join(_word(word) for word in name.split("_") if word) or name
    return text[:1].upper() + text[1:]


def _word(word: str) -> str:
    if word in _ACRONYMS:
        return _SPELLED.get(word, word.upper())
    return f"{word[:-1].upper()}s" if word.endswith("s") and word[:-1] in _ACRONYMS else word
