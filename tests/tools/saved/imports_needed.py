# Generated from chapters/imports_needed.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/imports_needed.md."""

import numpy as np
import os.path
import statistics
import xml.dom
import xml.sax
from math import pi
from math import tau as turn
from xml import sax

__all__ = ["area", "Angle"]


# chapters/imports_needed.md, "A chapter"
def area(r):
    """Return the area of a circle."""
    return pi * np.asarray(r) ** 2


# chapters/imports_needed.md, "A chapter"
class Angle:
    """An angle in turns."""

    full = turn

    def mean(self, path=os.path.sep):
        """Return the mean of nothing."""
        sin = xml.sax
        return statistics.mean([sin for cos in path]), sax
