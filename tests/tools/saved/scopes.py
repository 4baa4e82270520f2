# Generated from chapters/scopes.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/scopes.md."""

import itertools
from functools import reduce

__all__ = ["outer", "Scope", "later"]


# chapters/scopes.md, "A chapter"
def outer(values):
    """Use names of many scopes."""
    unsaved = [unsaved for unsaved in values]
    total: int = 0

    def inner():
        nonlocal total
        total += len(unsaved)
        return lambda math: math, total

    import math
    try:
        operator = math
    except NameError as error:
        print(error)
    with open(__file__) as file:
        return inner, operator, file, {k: v for k, v in values}


# chapters/scopes.md, "A chapter"
class Scope:
    """Names of a class are not global, but may be read before."""

    unsaved = 2
    twice = unsaved * 2
    reduce = reduce
    squares = [i for i in range(unsaved)]

    def method(self):
        """Return a name of this class."""
        return __class__, self.unsaved, super().__init__, itertools.count

    def again(self, other: "Scope" = None):
        """Return a class that is defined by now."""
        return Scope, later


# chapters/scopes.md, "A chapter"
later = [n for n in range(3) if (m := n)]
