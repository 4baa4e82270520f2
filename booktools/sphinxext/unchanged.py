"""A build ends at once if nothing has changed since the last good one.

Otherwise a build without changes would take as long as it takes to read what
is known.  What a build may depend on is the state of each file in the book's
folder and in its site, the settings, the environment, and what is installed.
(A page that depends on a file outside of that folder is refused.)
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from myst_nb.sphinx_ext import OUTPUT_FOLDER
from sphinx.application import Sphinx
from sphinx.util import logging

from booktools.problem import BookError
from booktools.publish.repository import find_site
from booktools.source.installed import installed
from booktools.sphinxext.order import Stage, connect

LOGGER = logging.getLogger(__name__)

# Folders without a file that a book is made from.
_NOT_OF_THE_BOOK = {"_build", "node_modules", "__pycache__", ".git"}


class _UnknownError(Exception):
    """Nobody can say what a build depends on."""


def setup(app: Sphinx) -> None:
    """End the build, or remember at its end what it was made from."""
    root, site = Path(app.srcdir), Path(app.outdir)
    record = site.with_name(f".{site.name}.made-from")
    # From before the build: what changes while it runs is a change.
    inputs = ""
    with suppress(_UnknownError, BookError, OSError):
        inputs = _digest(_inputs(app, root))
        if record.read_text("utf-8") == inputs + _digest(_results(app)):
            start = site / "index.html"
            LOGGER.info(f"nothing has changed since the last build: {start}")
            raise SystemExit
    # Where it cannot be removed, nothing can be built, as `draft` will say.
    with suppress(OSError):
        record.unlink(missing_ok=True)

    def remember(app: Sphinx, exception: Exception | None) -> None:
        is_good = exception is None and not app.statuscode
        if not inputs or not is_good or app.builder.format != "html":
            return
        with suppress(_UnknownError, OSError):
            record.write_text(inputs + _digest(_results(app)), "utf-8")

    connect(app, Stage.END, remember)


def _inputs(app: Sphinx, root: Path) -> Iterator[str]:
    """Yield all that a build may depend on."""
    # What they mean is not known here: with --all, say, pages are made anew.
    if any(word.startswith("-") for word in sys.argv[1:]):
        raise _UnknownError
    yield repr((sys.argv, sys.path, installed(), sorted(os.environ.items())))
    yield repr((app.confdir, app.outdir, app.doctreedir))
    yield repr((app.config.booktools_version, app.config.overrides))
    yield repr(find_site(root, os.environ))
    yield from _states(root)


def _results(app: Sphinx) -> Iterator[str]:
    """Yield what a build makes, and the next one goes by."""
    yield _state(Path(app.doctreedir, "environment.pickle"))
    yield from _states(app.outdir)
    # Pictures that code has drawn.
    yield from _states(Path(app.outdir).with_name(OUTPUT_FOLDER))


def _states(folder: str | Path) -> Iterator[str]:
    """Yield the state of each file below a folder."""
    if not os.path.isdir(folder):
        return
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return  # an environment of Python
    for entry in entries:
        if not entry.is_dir():
            yield _state(entry.path)
        elif entry.name not in _NOT_OF_THE_BOOK:
            if entry.is_symlink():  # whose files may be anywhere
                raise _UnknownError
            yield from _states(entry.path)


def _state(path: str | Path) -> str:
    """Return what a file is, as far as one can say without reading it."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return f"{path} is missing"
    times = f"{found.st_mtime_ns} {found.st_ctime_ns}"
    return f"{path} {found.st_size} {times}"


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
