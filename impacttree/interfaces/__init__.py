"""Ways in from outside Python: the command line."""
