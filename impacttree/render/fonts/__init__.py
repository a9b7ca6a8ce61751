"""The vendored font (see OFL.txt) and its width table."""
