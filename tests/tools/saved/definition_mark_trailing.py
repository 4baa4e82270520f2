# Generated from chapters/definition_mark_trailing.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/definition_mark_trailing.md."""

__all__ = ["double", "triple", "Point", "wait"]


# chapters/definition_mark_trailing.md, "A chapter"
def double(x):
    """Return twice a number."""
    return 2 * x


# chapters/definition_mark_trailing.md, "A chapter"
def triple(x): return 3 * x


# chapters/definition_mark_trailing.md, "A chapter"
class Point:
    """A point."""
    x = y = 0


# chapters/definition_mark_trailing.md, "A chapter"
async def wait():
    """Do nothing, later."""
