"""Whether a built site is older than its book.

What is said of a site is true of the pages that it was built with; who prints
or publishes an older one should know.
"""

import sys
from pathlib import Path

from booktools.problem import Problem
from booktools.source.files import find_files


def is_current(root: Path) -> bool:
    """Say whether the site is newer than all that it is made from."""
    html = root / "_build" / "html"
    tools = Path(sys.modules["booktools"].__path__[0])
    if not (html / "index.html").is_file():
        return False
    latest = max(map(_time, tools.rglob("*.py")), default=0)
    return latest <= _time_of_site(html) and not find_newer(root, html)


def find_newer(root: Path, html: Path) -> Path | None:
    """Return a file of a book that is newer than its site, if there is one."""
    built = _time_of_site(html)
    return next(
        (p for p in find_files(root, [html]) if _time(p) > built), None
    )


def warn_if_older(root: Path, html: Path) -> None:
    """Say that a site is older than its book, where that is so.

    A site of which only notebooks are there, as from another machine, has
    nothing that says when it was built.
    """
    if not (html / "index.html").is_file():
        return
    if newer := find_newer(root, html):
        what = f"this site is older than {newer.relative_to(root).as_posix()}"
        hint = "to have what the book says now: python -m booktools build"
        start = html / "index.html"
        if start.is_relative_to(root):
            start = start.relative_to(root)
        path = start.as_posix()
        problem = Problem(path, 1, "old-site", what, hint, severity="warning")
        print(problem, file=sys.stderr)


def _time(path: Path) -> float:
    """Return when a file was written; 0 for none, as a link to nothing."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0


def _time_of_site(html: Path) -> float:
    built = html / "index.html", html.with_name(f".{html.name}.made-from")
    return max(map(_time, built))
