# Generated from chapters/magics.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/magics.md."""

import math

__all__ = ["A", "C"]


# chapters/magics.md, "A chapter"
A = math.pi


# chapters/magics.md, "A chapter"
C = 3
