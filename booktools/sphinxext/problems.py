"""Problems that features find while pages are read stop the build together.

What nobody has foreseen ends in one sentence as well.
"""

import sys
from collections.abc import Iterable
from types import TracebackType
from typing import NoReturn

from sphinx.application import Sphinx

from booktools.problem import BookError, Problem
from booktools.sphinxext.order import Stage, connect

# An event of our own: a feature has found a problem.
FOUND = "problem-found"


def setup(app: Sphinx) -> None:
    """Stop before any page is written, and before Sphinx remembers pages."""
    found: list[Problem] = []
    app.add_event(FOUND)
    app.connect(FOUND, lambda _, problem: found.append(problem))
    connect(app, Stage.PROBLEMS, lambda *_: found and stop(found))
    sys.excepthook = _report_unforeseen


def report(app: Sphinx, problem: Problem) -> None:
    """Add a problem to those that stop the build."""
    app.emit(FOUND, problem)


def stop(problems: Iterable[Problem]) -> NoReturn:
    """End the build without a traceback, the problems its last words."""
    error = BookError(problems)
    count = len(error.problems)
    total = f"{count} problem{'s' * (count > 1)}, no page written:"
    raise SystemExit(f"\n{total}\n{error}")


def _report_unforeseen(
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Write in one sentence what ended the program.

    Sphinx has written the traceback to a file, and named it.
    """
    if not isinstance(error, Exception):  # such as Ctrl-C
        sys.__excepthook__(kind, error, traceback)
        return
    while error.__cause__:
        error = error.__cause__
    text = " ".join(str(error).split())
    name = type(error).__name__
    print(f"error: the build stopped: {name}: {text}", file=sys.stderr)
