# Generated from chapters/run_of_statements.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/run_of_statements.md."""

__all__ = [
    "A",
    "B",
    "C",
    "math",
    "ends_the_run",
    "F",
    "G",
    "H",
    "I",
    "J",
    "stands_alone",
    "K",
]


# chapters/run_of_statements.md, "A chapter"
A = 1
# a comment in between
B = 2
C = 3


# chapters/run_of_statements.md, "A chapter"
import math


# chapters/run_of_statements.md, "A chapter"
def ends_the_run():
    """Return a number."""
    return math.pi


# chapters/run_of_statements.md, "A chapter"
F = 6
G = 7
H = 8


# chapters/run_of_statements.md, "A chapter"
I = 9


# chapters/run_of_statements.md, "A chapter"
J = 11


# chapters/run_of_statements.md, "A chapter"
def stands_alone():
    """Return a number."""
    return J


# chapters/run_of_statements.md, "A chapter"
K = 12
