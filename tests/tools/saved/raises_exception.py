# Generated from chapters/raises_exception.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/raises_exception.md."""

__all__ = ["A"]


# chapters/raises_exception.md, "A chapter"
A = 1
