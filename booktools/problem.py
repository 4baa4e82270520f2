"""One form for every complaint to a person."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """Something in the book that its author has to fix.

    Parameters
    ----------
    path : str
        File, relative to the book's folder, with forward slashes.
    line : int
        Line in that file, counted from 1.
    rule : str
        Short name of the broken rule, such as ``duplicate-name``.
    message : str
        What is wrong, with the offending value.
    hint : str
        The one action that fixes it; empty where there is no single one.
    place : str
        Which running part of the book failed, such as ``code cell 2``.  What
        happens while code runs has the interpreter's own wording, so such a
        problem reads ``path:line (place): message``.
    severity : str
        ``error``, or ``warning`` for what stops nothing.
    """

    path: str
    line: int
    rule: str
    message: str
    hint: str = ""
    place: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        text = f"{self.path}:{self.line}: {self.severity}: {self.message}"
        text += f" [{self.rule}]"
        if self.place:
            text = f"{self.path}:{self.line} ({self.place}): {self.message}"
        return f"{text}\n    hint: {self.hint}" if self.hint else text


class BookError(Exception):
    """The book has problems that stop the work at hand.

    Parameters
    ----------
    problems : iterable of Problem
        All that were found; at least one.
    """

    def __init__(self, problems: Iterable[Problem]):
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


def not_built(path: str, what: str = "the book is not built yet") -> Problem:
    """Return the problem of who needs a site that is not there."""
    hint = "build it first: python -m booktools build"
    return Problem(path, 1, "not-built", what, hint)


def count(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 problem``, ``2 problems``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
