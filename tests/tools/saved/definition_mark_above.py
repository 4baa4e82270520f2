# Generated from chapters/definition_mark_above.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/definition_mark_above.md."""

__all__ = ["double", "Point", "wait"]


# chapters/definition_mark_above.md, "A chapter"
def double(x):
    """Return twice a number."""
    return 2 * x


# chapters/definition_mark_above.md, "A chapter"
class Point:
    """A point in the plane."""

    def __init__(self, x, y):
        self.x, self.y = x, y


# chapters/definition_mark_above.md, "A chapter"
async def wait():
    """Do nothing, later."""
