"""Builds a book beside the build of another one, in a process of its own.

The process is started early and imports what it needs, while the other build
does something else; then it waits until it may begin.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from multiprocessing.util import Finalize
from pathlib import Path
from typing import IO, Any, cast

from booktools.run.builder import run_program
from booktools.source.config import CONFIG
from booktools.source.toc import TOC

# What is imported before the build may begin, besides the extensions.
_IMPORTS = ("jupyter_book.sphinx", "sphinx.builders.html", "sphinx.registry")

_PROGRAM = (
    "import sys; from booktools.run import beside; sys.exit(beside.main())"
)


class Beside:
    """A build beside this one.

    Parameters
    ----------
    folder : Path
        The book to build, absolute.
    extensions : iterable of str
        The extensions of Sphinx that it needs.
    is_fresh : bool
        Whether nothing counts that is known from earlier builds.
    """

    def __init__(
        self, folder: Path, extensions: Iterable[str], is_fresh: bool
    ):
        logs = folder / "_build"
        logs.mkdir(parents=True, exist_ok=True)
        self._said = logs / "problems.log"
        # Modules are found where this process finds them.
        path = os.pathsep.join(os.path.abspath(place) for place in sys.path)
        options = ["--all"] * is_fresh
        with (
            (logs / "build.log").open("wb") as log,
            self._said.open("wb") as said,
        ):
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, *options],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=said,
            )
        self._say(json.dumps([*extensions]))
        # Where forks end without Python's own end, this is done, too.
        self._finalizer = Finalize(None, self.end, exitpriority=1)

    def begin(self) -> None:
        """Let it build."""
        self._say("build")

    def wait(self) -> tuple[int, str]:
        """Wait for the end of the build; return its status, what it said."""
        self._process.communicate()  # closes its input
        self._finalizer.cancel()
        status = self._process.returncode
        return status, self._said.read_text("utf-8", "replace")

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.terminate()
        self._process.communicate()
        self._finalizer.cancel()

    def _say(self, line: str) -> None:
        pipe = cast(IO[bytes], self._process.stdin)
        with suppress(BrokenPipeError):  # its status says what was wrong
            pipe.write(line.encode() + b"\n")
            pipe.flush()


def main() -> int:
    """Build the book in this folder when somebody says so."""
    names = [*_IMPORTS, *json.loads(sys.stdin.readline() or "[]")]
    for name in names:
        with suppress(Exception):  # the build will say what is wrong
            import_module(name)
    if not sys.stdin.readline():
        return 0  # nobody wants it any more
    root = Path.cwd()
    settings = {
        "external_toc_path": (root / TOC).as_posix(),
        "latex_individualpages": False,
    }

    def build() -> None:
        status: Any = import_module("jupyter_book.sphinx").build_sphinx(
            root,
            root / "_build" / "html",
            noconfig=True,
            path_config=root / CONFIG,
            confoverrides=settings,
            freshenv="--all" in sys.argv,
        )
        # An exception, of which Sphinx has said all, or a number.
        sys.exit(status if isinstance(status, int) else 1)

    return run_program(build, "jupyter-book", *sys.argv[1:])
