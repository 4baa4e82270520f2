# Generated from chapters/crlf.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/crlf.md."""

__all__ = ["A", "f"]


# chapters/crlf.md, "A chapter"
A = 1


# chapters/crlf.md, "A chapter"
def f():
    """Return a number."""
    return A
