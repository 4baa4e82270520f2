# Generated from chapters/several_on_a_line.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/several_on_a_line.md."""

__all__ = ["a", "b", "c", "d", "x", "y"]


# chapters/several_on_a_line.md, "A chapter"
a = 1; b = a + 1
c = 2; d = 3
x = 4; y = (
    5)
