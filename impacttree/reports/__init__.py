"""Several answers put together: the deck."""
