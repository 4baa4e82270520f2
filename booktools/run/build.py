"""A book -> its package and its site, in one step."""

import subprocess
import sysconfig
from argparse import Namespace
from pathlib import Path

from booktools.problem import BookError, Problem
from booktools.source.chapter import Book
from booktools.source.config import CONFIG
from booktools.source.package import (
    read_version,
    render_package,
    stale_files,
    write_files,
)
from booktools.source.text import line_at, load_yaml, mapping, read_setup

_EXTENSION = "booktools.sphinxext"
_PLACE = ("sphinx", "extra_extensions")


def main(book: Book, arguments: Namespace) -> int:
    """Write what chapters save, then build the site.

    Jupyter Book reads `_config.yml` and `_toc.yml` before any extension does,
    and ends with a traceback where it cannot; here the book has been read.
    """
    _require_extension(book.root)
    files = render_package(book, read_version(book.root))
    write_files(book.root, stale_files(book.root, book.package, files))
    command = Path(sysconfig.get_path("scripts"), "jupyter-book")
    return subprocess.run([command, "build", "."], cwd=book.root).returncode


def _require_extension(root: Path) -> None:
    """Refuse a book whose site stock Jupyter Book would make, and replace."""
    text = read_setup(root, CONFIG)
    above, name = _PLACE
    settings = mapping(mapping(load_yaml(text, CONFIG)).get(above))
    if _EXTENSION not in (settings.get(name) or []):
        what = f"{name} does not name {_EXTENSION}, so these tools would not"
        what += " make the site"
        hint = f"write {above}: {{{name}: [{_EXTENSION}]}}"
        problem = Problem(
            CONFIG, line_at(text, _PLACE), "missing-extension", what, hint
        )
        raise BookError([problem])
