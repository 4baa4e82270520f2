"""A book -> its package and its site, in one step."""

import subprocess
import sysconfig
from argparse import Namespace
from pathlib import Path

from booktools.source.chapter import Book
from booktools.source.package import (
    read_version,
    render_package,
    stale_files,
    write_files,
)


def main(book: Book, arguments: Namespace) -> int:
    """Write what chapters save, then build the site.

    Jupyter Book reads `_config.yml` and `_toc.yml` before any extension does,
    and ends with a traceback where it cannot; here the book has been read.
    """
    files = render_package(book, read_version(book.root))
    write_files(book.root, stale_files(book.root, book.package, files))
    command = Path(sysconfig.get_path("scripts"), "jupyter-book")
    return subprocess.run([command, "build", "."], cwd=book.root).returncode
