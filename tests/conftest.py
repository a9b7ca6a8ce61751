"""What Hypothesis tries, and the browser of the tests that need one.

Hypothesis tries the same examples always; with ``--hypothesis-profile=random`` new ones, with ``thorough`` many.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None, database=None, print_blob=True)
settings.register_profile(
    "thorough", settings.get_profile("random"), max_examples=10 * settings.get_profile("fixed").max_examples
)
settings.load_profile("fixed")


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over what collecting the tests made: it stays, and looking at it takes long."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window, one for the tests of a file."""
    from tests.export.javascript import chromium

    with chromium() as started:
        yield started
