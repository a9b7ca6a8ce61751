"""What Hypothesis tries: the same examples always; ``--hypothesis-profile=random`` new ones, ``thorough`` many."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None, database=None, print_blob=True)
settings.register_profile(
    "thorough", settings.get_profile("random"), max_examples=10 * settings.get_profile("fixed").max_examples
)
settings.load_profile("fixed")
