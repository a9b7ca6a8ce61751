"""English plurals, as far as units of a business need them."""

from __future__ import annotations

__all__ = ["COUNTED", "plural", "singular"]

_COUNTED = (
    "account call character click contact credit customer download email event hit image impression install item job "
    "lead member message minute order page page_view pageview parameter person query record request row seat session "
    "subscriber task ticket token transaction trial unit user view visit visitor word"
)
COUNTED = frozenset(_COUNTED.split())
"""Things that are counted in thousands and millions: a ``k`` or ``M`` before one of these is a multiple, no letter."""

_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth",
    "analyses": "analysis", "bases": "basis", "crises": "crisis", "diagnoses": "diagnosis", "hypotheses": "hypothesis",
    "criteria": "criterion", "indices": "index", "matrices": "matrix", "vertices": "vertex", "quizzes": "quiz",
    "caches": "cache", "niches": "niche", "aches": "ache", "headaches": "headache", "excuses": "excuse", "uses": "use",
    "movies": "movie", "cookies": "cookie", "calories": "calorie", "selfies": "selfie", "heroes": "hero",
    "echoes": "echo", "vetoes": "veto", "potatoes": "potato", "tomatoes": "tomato", "lives": "life", "wives": "wife",
    "knives": "knife", "leaves": "leaf", "halves": "half", "shelves": "shelf", "lenses": "lens", "gases": "gas",
}  # fmt: skip
_PLURALS = {one: many for many, one in _IRREGULAR.items()}
_UNCHANGED = frozenset(
    (
        "series",
        "species",
        "news",
        "sms",
        "saas",
        "lens",
        "gas",
        "pos",
        "os",
        "mms",
        "gps",
        "dns",
        "nps",
        "kb",
        "mb",
        "gb",
        "tb",
    )
)


def singular(noun: str) -> str:
    """Fold a lower-case noun to its singular; only the last part of ``paying_customers`` counts.

    Examples
    --------
    >>> [singular(noun) for noun in ("customers", "people", "churches", "companies", "businesses", "status")]
    ['customer', 'person', 'church', 'company', 'business', 'status']
    """
    at = max(noun.rfind("_"), noun.rfind("-")) + 1
    return noun[:at] + _singular_word(noun[at:])


def _singular_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not word.endswith("s") or len(word) < 3 or word in _UNCHANGED or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("uses") and word[-5:-4] not in "aeou":
        return word[:-2]
    return word[:-1]


def plural(noun: str) -> str:
    """Return the plural of a singular noun, or the noun itself where the plural would not fold back.

    Examples
    --------
    >>> [plural(noun) for noun in ("customer", "person", "church", "company", "business", "series")]
    ['customers', 'people', 'churches', 'companies', 'businesses', 'series']
    """
    at = max(noun.rfind("_"), noun.rfind("-")) + 1
    many = noun[:at] + _plural_word(noun[at:])
    return many if singular(many) == noun else noun


def _plural_word(word: str) -> str:
    if word in _PLURALS:
        return _PLURALS[word]
    if word in _UNCHANGED:
        return word
    if word.endswith(("ch", "sh", "ss", "x", "us")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeou":
        return word[:-1] + "ies"
    return word + "s"
