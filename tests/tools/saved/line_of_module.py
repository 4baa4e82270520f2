# Generated from chapters/line_of_module.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/line_of_module.md."""

__all__ = ["A"]


# chapters/line_of_module.md, "Title with """quotes""" and \alpha"
A = 1
