# Generated from chapters/not_a_mark.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/not_a_mark.md."""

__all__ = ["A"]


# chapters/not_a_mark.md, "A chapter"
A = 1
