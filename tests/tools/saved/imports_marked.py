# Generated from chapters/imports_marked.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/imports_marked.md."""

__all__ = ["collections", "maths", "path", "sep", "Fraction", "area"]


# chapters/imports_marked.md, "A chapter"
import collections
import math as maths
from os import path, sep  # where files are
# numbers
from fractions import (
    Fraction,
)


# chapters/imports_marked.md, "A chapter"
def area(r):
    """Return the area of a circle."""
    return maths.pi * Fraction(r) ** 2, collections, path, sep
