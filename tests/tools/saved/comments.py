# Generated from chapters/comments.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/comments.md."""

__all__ = ["double", "A", "B", "C", "text", "D", "E"]


# chapters/comments.md, "A chapter"
# Why this function is here,
# in two lines.
def double(x):  # noqa: D103
    # Inside.
    return 2 * x  # indeed


# chapters/comments.md, "A chapter"
# Above the mark.
# Below the mark.
A = 1  # one


# chapters/comments.md, "A chapter"
# how many there are
B = 2
C = 3  # three
text = """
# no comment
"""
D = 4


# chapters/comments.md, "A chapter"
E = 5
