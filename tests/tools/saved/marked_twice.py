# Generated from chapters/marked_twice.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/marked_twice.md."""

__all__ = ["double", "triple"]


# chapters/marked_twice.md, "A chapter"
def double(x):
    """Return twice a number."""
    return 2 * x


# chapters/marked_twice.md, "A chapter"
@staticmethod
def triple(x):
    """Return a number three times."""
    return 3 * x
