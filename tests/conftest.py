"""How much Hypothesis tries: ``--hypothesis-profile=thorough`` tries ten times as much, CI always the same examples."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("moderate", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("thorough", deadline=None, max_examples=10 * settings.get_profile("moderate").max_examples)
settings.load_profile("moderate")
