# Generated from chapters/nearest_import.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/nearest_import.md."""

import fractions as number
import math

__all__ = ["half"]


# chapters/nearest_import.md, "A chapter"
def half():
    """Use the import above, not those before or behind it."""
    return math.floor(number.Fraction(1, 2))
