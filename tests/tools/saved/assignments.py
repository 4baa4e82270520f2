# Generated from chapters/assignments.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/assignments.md."""

__all__ = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "Box"]


# chapters/assignments.md, "A chapter"
A = 1


# chapters/assignments.md, "A chapter"
B = [
    A,  # of those
    2,
]
C, (D, *E) = 1, (2, 3)
F: int = 3
G = (1 +
     2)
H = \
    2
I = J = {}
I["x"] = (
    "#@save",
    1)
I["y"] = J['z'] = 3
B[0] += 1
A += 1


# chapters/assignments.md, "A chapter"
class Box:
    """Holds a value."""


# chapters/assignments.md, "A chapter"
Box.value = 1
