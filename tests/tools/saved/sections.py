# Generated from chapters/sections.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/sections.md."""

__all__ = ["A", "B", "C", "D"]


# chapters/sections.md
A = 1


# chapters/sections.md#sec-plots
B = 2


# chapters/sections.md#sec-plots
C = 3


# chapters/sections.md, "没有标签的节"
D = 4
