"""Problems that features find while pages are read stop the build together.

What nobody has foreseen ends in one sentence as well.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from sphinx.application import Sphinx
from sphinx.util.nodes import get_node_line, get_node_source

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


def place(app: Sphinx, node: Any) -> tuple[Path, int]:
    """Return the file that a node of a page stands in, and its line.

    What is part of a text of several lines knows only where that begins.
    """
    source = Path(get_node_source(node) or "")
    if not source.is_file():
        source = Path(app.env.doc2path(app.env.docname))
    return source, get_node_line(node) or 1


def directive(app: Sphinx, node: Any, text: str) -> tuple[str, int]:
    """Return the file of a directive, and the line where it begins.

    MyST-NB counts one line too many, or too few where there are blank ones;
    ``text`` is what the line has in it.
    """
    source, near = place(app, node)
    lines = enumerate(source.read_text("utf-8-sig").split("\n"), 1)
    found = (number for number, line in lines if text in line)
    line = min(found, key=lambda number: abs(number - near), default=near)
    return relative(app, source), line


def relative(app: Sphinx, path: Path) -> str:
    """Return a path as problems name it."""
    return Path(os.path.relpath(path, app.srcdir)).as_posix()


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
