"""A tree as a file that others can use without the library."""
