# Generated from chapters/signature_over_lines.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/signature_over_lines.md."""

__all__ = ["first", "last", "middle", "Base"]


# chapters/signature_over_lines.md, "A chapter"
def first(a,
          b=(1,
             2)):
    """Marked on the first line."""
    return a, b


# chapters/signature_over_lines.md, "A chapter"
def last(
    a,
    b=None,
):
    """Marked at its end."""
    return a, b


# chapters/signature_over_lines.md, "A chapter"
def middle(a,
           b,
           c: "str" = "#@save"):
    """Marked in between."""
    return a, b, c


# chapters/signature_over_lines.md, "A chapter"
class Base(
    dict,
):
    """Marked behind the bases."""
