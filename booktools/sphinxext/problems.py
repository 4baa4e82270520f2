"""Problems that features find while pages are read stop the build together.

What nobody has foreseen ends in one sentence as well.
"""

import functools
import os
import sys
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any

from myst_nb.core.read import (
    is_myst_markdown_notebook,
    read_myst_markdown_notebook,
)
from sphinx.application import Sphinx
from sphinx.util.nodes import get_node_line, get_node_source

from booktools.editions.standalone import EDITION, locator
from booktools.problem import Problem
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.stopping import LOCATORS, stop

# An event of our own: a feature has found a problem.
FOUND = "problem-found"


def setup(app: Sphinx) -> None:
    """Stop before any page is written, and before Sphinx remembers pages."""
    found: list[Problem] = []
    app.add_event(FOUND)
    app.connect(FOUND, lambda _, problem: found.append(problem))
    connect(app, Stage.PROBLEMS, lambda *_: found and stop(found))
    sys.excepthook = _report_unforeseen
    LOCATORS.clear()
    if getattr(app.config, EDITION):
        LOCATORS.append(locator(Path(app.srcdir)))


def report(app: Sphinx, problem: Problem) -> None:
    """Add a problem to those that stop the build."""
    app.emit(FOUND, problem)


def place(app: Sphinx, node: Any) -> tuple[Path, int]:
    """Return the file that a node of a page stands in, and its line.

    What is part of a text of several lines knows only where that begins; an
    output of a cell, where the cell begins.
    """
    source, line = source_of(app, node)
    source = source or Path(app.env.doc2path(app.env.docname))
    return source, true_line(app, source, line) or 1


def source_of(app: Sphinx, node: Any) -> tuple[Path | None, int]:
    """Return what a node says of its file, if it does, and of its line."""
    source, line = None, 0
    with suppress(ValueError):
        line = get_node_line(node)
        source = Path(get_node_source(node))
        # In a file that a page includes, MyST counts one line too many.
        page = node.document and node.document.get("source")
        line -= bool(page) and source != Path(page)
    return (source if source and source.is_file() else None), line


def true_line(app: Sphinx, path: Path, line: int) -> int:
    """Return the line that is meant by one that MyST-NB has counted.

    In a chapter with cells it counts one too many, and leaves out blank lines
    at the head of the text between two cells.
    """
    for start, blank, is_text in reversed(_parts(path.read_text("utf-8-sig"))):
        if line > start + 1:
            return line - 1 + blank if is_text else start
    return line


@functools.lru_cache(32)
def _parts(text: str) -> list[tuple[int, int, bool]]:
    """Return the parts of a chapter with cells, as MyST-NB divides it.

    Of each: how many lines are above it, how many blank ones it begins with,
    and whether it is text.
    """
    if not is_myst_markdown_notebook(text):
        return []
    notebook = read_myst_markdown_notebook(text, add_source_map=True)
    lines = text.splitlines()
    parts = []
    for start, cell in zip(
        notebook.metadata.source_map, notebook.cells, strict=True
    ):
        below = takewhile(lambda line: not line.strip(), lines[start:])
        blank, is_text = len(list(below)), cell.cell_type == "markdown"
        parts.append((start, blank, is_text))
    return parts


def directive(app: Sphinx, node: Any, text: str) -> tuple[str, int]:
    """Return the file of a directive, and the line where it begins.

    ``text`` is what the line has in it; options may stand below it.
    """
    source, near = place(app, node)
    lines = enumerate(source.read_text("utf-8-sig").split("\n"), 1)
    found = (number for number, line in lines if text in line)
    line = min(found, key=lambda number: abs(number - near), default=near)
    return relative(app, source), line


def relative(app: Sphinx, path: Path) -> str:
    """Return a path as problems name it."""
    return Path(os.path.relpath(path, app.srcdir)).as_posix()


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
