"""A book, built twice from nothing -> what is not equal in the two builds."""

import os
import shutil
import subprocess
import sysconfig
from argparse import Namespace
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_cache import get_cache
from nbformat import NotebookNode

from booktools.problem import BookError, Problem
from booktools.run.checks import MARK
from booktools.source.chapter import Book

# Two folders, two ways to run chapters.
_BUILDS: dict[str, dict[str, str]] = {
    "one": {},
    "another/folder": {"BOOK_JOBS": "1", "BOOK_FORK": "0"},
}

# Why it is that, nearly always.
_CAUSE = "(numbers at random need a seed: random.seed(0), np.random.seed(0),"
_CAUSE += " torch.manual_seed(0); times differ anyway)"


def find_differences(book: Book) -> list[Problem]:
    """Build copies of a book; compare outputs, and pages byte for byte.

    Raises
    ------
    subprocess.CalledProcessError
        If a build fails, which has said why on stderr.
    """
    command = Path(sysconfig.get_path("scripts"), "jupyter-book")
    with TemporaryDirectory(prefix="repeat-") as folder:
        copies = [Path(folder, name) for name in _BUILDS]
        for copy, settings in zip(copies, _BUILDS.values(), strict=True):
            shutil.copytree(book.root, copy, symlinks=True, ignore=_made)
            subprocess.run(
                [command, "build", "."],
                cwd=copy,
                env=os.environ | settings,
                stdout=subprocess.DEVNULL,
                check=True,
            )
        return [*_compare_outputs(book, copies), *_compare_sites(copies)]


def _made(folder: str, names: list[str]) -> list[str]:
    """Return what in a folder is no source of the book."""
    paths = (Path(folder, name) for name in names)
    return [
        path.name
        for path in paths
        if path.name.startswith((".", "_build", "__pycache__", "node_modules"))
        or (path / "pyvenv.cfg").exists()
    ]


def _compare_outputs(book: Book, copies: list[Path]) -> Iterator[Problem]:
    """Compare what cells and checks have put out."""
    chapters = {chapter.path: chapter for chapter in book.chapters}
    one, two = map(_executed, copies)
    for key, (path, notebook) in one.items():
        cells = zip(notebook.cells, two[key][1].cells, strict=True)
        for i, (cell, other) in enumerate(cells):
            if cell.outputs == other.outputs:
                continue
            if MARK in cell.source:
                check = chapters[path].checks[i]
                line, place = check.line, f"check {check.label}"
            else:
                line = chapters[path].cells[i].line
                place = f"code cell {i + 1}"
            _, quote = _first_difference(_text(cell), _text(other))
            what = f"its output differs from run to run: {quote} {_CAUSE}"
            yield Problem(path, line, "not-repeatable", what, place=place)


def _executed(copy: Path) -> dict[str, tuple[str, NotebookNode]]:
    """Return what a build has run: key -> chapter and notebook."""
    cache = get_cache(copy / "_build" / ".jupyter_cache")
    return {
        record.hashkey: (record.uri, cache.get_cache_bundle(record.pk).nb)
        for record in cache.list_cache_records()
    }


def _text(cell: NotebookNode) -> str:
    parts = (output.get("data", output).values() for output in cell.outputs)
    return "\n".join(str(value) for part in parts for value in part)


def _compare_sites(copies: list[Path]) -> Iterator[Problem]:
    """Compare all files that readers get."""
    one, two = (_files(copy / "_build" / "html") for copy in copies)
    for name in sorted(one.keys() | two.keys()):
        line, what = 1, "two builds make it differently"
        if name not in one or name not in two:
            what = "only one of two builds makes it"
        elif one[name] == two[name]:
            continue
        elif name.endswith(".html"):
            pages = one[name].decode(), two[name].decode()
            line, quote = _first_difference(*pages)
            what += f": {quote}"
        yield Problem(f"_build/html/{name}", line, "not-repeatable", what)


def _files(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def _first_difference(one: str, two: str) -> tuple[int, str]:
    """Return the line where two texts begin to differ, and quote both."""
    pairs = enumerate(zip_longest(one, two))
    start = next((i for i, (a, b) in pairs if a != b), 0)
    head = max(one.rfind("\n", 0, start) + 1, start - 30)
    quotes = (repr(t[head : start + 30].split("\n")[0]) for t in (one, two))
    return one.count("\n", 0, start) + 1, ", then ".join(quotes)


def main(book: Book, arguments: Namespace) -> int:
    """Build twice."""
    if problems := find_differences(book):
        raise BookError(problems)
    print("two builds from nothing are equal, byte for byte")
    return 0
