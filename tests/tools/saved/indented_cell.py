# Generated from chapters/indented_cell.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/indented_cell.md."""

__all__ = ["A", "double"]


# chapters/indented_cell.md, "A chapter"
A = 1


# chapters/indented_cell.md, "A chapter"
def double(x):
    """Return twice a number."""
    return 2 * x
