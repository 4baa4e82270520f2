"""The command ``check``: builds the site if that is due, and checks it."""

import os
import subprocess
import sysconfig
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from importlib import import_module
from pathlib import Path

import pytest

from booktools.check.screen import Screen
from booktools.problem import BookError, Problem
from booktools.publish.age import is_current
from booktools.source.chapter import Book

# KB that a page may weigh: ten seconds on a slow line.
HEAVIEST = 500
# What checks import later: without it, the command says what to install.
for _name in ("playwright", "pypdf", "xdist"):
    import_module(_name)


def check(root: Path, heaviest: int = HEAVIEST) -> int:
    """Check the site of a book, and print what is wrong with it.

    Parameters
    ----------
    root : Path
        Folder of the book.
    heaviest : int
        How many KB a page may weigh.

    Returns
    -------
    int
        0 if all is well.

    Raises
    ------
    BookError
        When the book cannot be built.
    """
    if not is_current(root):
        _build(root)
    # The checks are the only tests; nothing of the author's has a say.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    here = Path(__file__).parent
    screen = Screen()
    print("Checking the site in _build/html", flush=True)
    pytest.main(
        [
            *("-c", str(here / "pytest.ini"), f"--rootdir={here}"),
            *("-p", "no:cacheprovider", "-p", "no:terminal"),
            *("-p", "booktools.check.plugin", "-p", "xdist.plugin"),
            *("-n", "logical", "--maxprocesses=4", "--dist=worksteal"),
            *(f"--book={root.resolve()}", f"--heaviest={heaviest}"),
            str(here),
        ],
        plugins=[screen],
    )
    return screen.show()


def _build(root: Path) -> None:
    """Build a book as the author would."""
    command = Path(sysconfig.get_path("scripts"), "jupyter-book")
    print(
        "The site is missing, or older than the book: building it", flush=True
    )
    done = subprocess.run(
        [command, "build", "."], cwd=root, stdout=subprocess.DEVNULL
    )
    if done.returncode:
        what = "the book cannot be built; the lines above say why"
        hint = "correct that, and run this again"
        path = "_build/html"
        raise BookError([Problem(path, 1, "not-built", what, hint)])


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``check`` takes."""
    parser.add_argument(
        "--heaviest",
        type=_size,
        default=HEAVIEST,
        metavar="KB",
        help=f"how much a page may weigh (default: {HEAVIEST})",
    )


def _size(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is no number of KB, such as 500")
    return int(text)


def main(book: Book, arguments: Namespace) -> int:
    """Check a book."""
    return check(book.root, arguments.heaviest)
