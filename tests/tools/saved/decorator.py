# Generated from chapters/decorator.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/decorator.md."""

import functools
from contextlib import contextmanager

__all__ = ["cached", "managed", "both"]


# chapters/decorator.md, "A chapter"
@functools.lru_cache(maxsize=None)
def cached(n):
    """Return a number."""
    return n


# chapters/decorator.md, "A chapter"
@contextmanager
def managed():
    """Do nothing."""
    yield


# chapters/decorator.md, "A chapter"
@contextmanager
@(lambda function: function)
def both():
    """Do nothing, twice."""
    yield
