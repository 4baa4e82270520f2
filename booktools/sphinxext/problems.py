"""Problems that features find while pages are read stop the build together.

What nobody has foreseen ends in one sentence as well.
"""

import sys
from types import TracebackType
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from booktools.problem import BookError, Problem


def setup(app: Sphinx) -> dict[str, Any]:
    """Stop before any page is written, and before Sphinx remembers pages."""
    app.connect("env-updated", _stop, priority=400)
    sys.excepthook = _say
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def report(app: Sphinx, problem: Problem) -> None:
    """Add a problem to those that stop the build."""
    _problems(app).append(problem)


def _say(
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Say in one sentence what ended the program.

    Sphinx has written the traceback to a file, and said so.
    """
    if not isinstance(error, Exception):  # such as Ctrl-C
        sys.__excepthook__(kind, error, traceback)
        return
    while error.__cause__:
        error = error.__cause__
    text = " ".join(str(error).split())
    name = type(error).__name__
    print(f"error: the build stopped: {name}: {text}", file=sys.stderr)


def _problems(app: Any) -> list[Problem]:
    if not hasattr(app, "booktools_problems"):
        app.booktools_problems = []
    problems: list[Problem] = app.booktools_problems
    return problems


def _stop(app: Sphinx, env: BuildEnvironment) -> None:
    if problems := _problems(app):
        error = BookError(problems)
        count = len(error.problems)
        total = f"{count} problem{'s' * (count > 1)}, no page written:"
        raise SystemExit(f"\n{total}\n{error}")
