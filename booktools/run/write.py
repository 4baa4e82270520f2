"""Shows the book while it is written: it follows each change.

A build that fails shows its problems in the page, which stays as it was.
"""

import hashlib
import os
import re
import signal
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import IO

from watchfiles import Change, watch

from booktools.language import Language, load_language
from booktools.problem import BookError, Problem
from booktools.run.builder import Builder, make_builder
from booktools.run.preview import State, serve
from booktools.source.chapter import read_chapter
from booktools.source.config import CONFIG, read_language
from booktools.source.files import MADE, find_folders
from booktools.source.package import is_generated
from booktools.source.text import read_setup

# Where it is served, if nobody else is there: a page that is open comes back
# to life when this program is started again.
PORT = 8000

# What is saved within so many milliseconds belongs together.
_PAUSE = 30
_LONGEST_PAUSE = 300

# What is new while code runs, or so many seconds later, may be its own, unless
# an author writes such files; so many builds in a row may come of that.
_ECHO = 1.0
_SOURCES = {
    *(".bib", ".css", ".js", ".md", ".po", ".py", ".rst", ".toml"),
    *(".yaml", ".yml"),
}
_MOST_ECHOES = 3

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

Changes = set[tuple[Change, str]]


class Watcher:
    """Finds out what an author has changed.

    Parameters
    ----------
    root : Path
        The folder of the book, absolute.
    """

    def __init__(self, root: Path):
        self._root = root
        # Path -> text of a chapter, digest of another file; None: no file.
        self._known: dict[str, bytes | None] = {}

    def changes(self) -> Iterator[Changes]:
        """Yield what has changed, soon after it has; else, now and then, {}.

        Folders are watched one by one, or the system would have to watch all
        that is in environments and in what is built.
        """
        while self._root.is_dir():
            with suppress(FileNotFoundError):  # a folder that was there
                folders = [*map(str, find_folders(self._root))]
                for changes in watch(
                    *folders,
                    watch_filter=self._may_matter,
                    recursive=False,
                    step=_PAUSE,
                    debounce=_LONGEST_PAUSE,
                    rust_timeout=_PAUSE,
                    yield_on_timeout=True,
                    ignore_permission_denied=True,
                ):
                    yield changes
                    paths = {path for _, path in changes}
                    if paths & {*folders} or any(map(os.path.isdir, paths)):
                        break

    def _may_matter(self, change: Change, path: str) -> bool:
        """Tell whether a file may be one of the book's."""
        name = os.path.basename(path)
        temporary = (
            name.startswith((".", "#"))
            or name.endswith("~")
            or "___jb_" in name  # PyCharm's
        )
        return not (temporary or name in MADE or is_generated(Path(path)))

    def sort(self, changes: Changes) -> tuple[set[str], bool]:
        """Return the paths of what is new, and whether it is new code.

        What has been written again as it was is not new: code writes files,
        too.  Nor is what has come and gone.
        """
        new: set[str] = set()
        is_code = False
        for path in {path for _, path in changes}:
            came = (Change.added, path) in changes
            old = self._known.get(path, None if came else b"")
            now = self._known[path] = _content(Path(path))
            if old != now:
                new.add(path)
                is_code |= _code(path, old) != _code(path, now)
        return new, is_code


def _content(path: Path) -> bytes | None:
    """Return the text of a chapter, a digest of anything else."""
    try:
        if path.is_dir():
            return b"folder"
        data = path.read_bytes()
    except OSError:
        return None
    return data if path.suffix == ".md" else hashlib.sha256(data).digest()


def _code(path: str, data: bytes | None) -> object:
    """Return the code of a chapter; all of what is no chapter."""
    if not data or not path.endswith(".md"):
        return data
    try:
        chapter = read_chapter(path, data)
    except BookError:
        return data
    cells = [cell.source for cell in chapter.cells]
    return cells, [check.source for check in chapter.checks]


class Writing:
    """Builds a book whenever it changes, and tells its pages.

    Parameters
    ----------
    root : Path
        The folder of the book, absolute.
    builder : Builder
        What builds it.
    log : file
        What that says.
    state : State
        What pages are told.
    """

    def __init__(
        self, root: Path, builder: Builder, log: IO[bytes], state: State
    ):
        self._root = root
        self._builder = builder
        self._log = log
        self._state = state
        self._started = self._ended = 0.0
        self._is_running = self._is_due = False
        # How many builds in a row began only because of what code has
        # written; whether the next one will.
        self._echoes = 0
        self._is_echo = False

    def build(self) -> None:
        """Start a build."""
        again = " again: code has changed" if self._is_running else ""
        print(f"{time.strftime('%H:%M:%S')} building{again}", flush=True)
        self._started = time.monotonic()
        self._is_running, self._is_due = True, False
        self._echoes = self._echoes + 1 if self._is_echo else 0
        self._is_echo = False
        self._builder.start()
        self._state.tell("running")

    def follow(self, watcher: Watcher) -> None:
        """Build again after each change, until this is interrupted.

        Or until its terminal is gone: make does not pass on that signal.
        """
        has_terminal = sys.stdout.isatty()
        for changes in watcher.changes():
            if has_terminal and not sys.stdout.isatty():
                return
            new, is_code = watcher.sort(changes)
            is_wanted = bool(new) and self._heed(new)
            self._is_due |= is_wanted
            # Code that nobody wants any more may run for ever.  But a chapter
            # that runs for long is not begun again for each word elsewhere.
            if is_wanted and is_code and self._is_running:
                self.build()
            elif self._is_running:
                self._look()
            elif self._is_due:
                self.build()

    def _heed(self, new: set[str]) -> bool:
        """Tell whether to build because of what is new.

        Code that writes another file each time would have no end of builds.
        """
        ran = self._is_running or time.monotonic() - self._ended < _ECHO
        if not ran or any(Path(path).suffix in _SOURCES for path in new):
            self._echoes, self._is_echo = 0, False
            return True
        if self._echoes < _MOST_ECHOES:
            self._is_echo = not self._is_due or self._is_echo
            return True
        if self._echoes == _MOST_ECHOES:
            self._echoes += 1  # said once
            path = os.path.relpath(min(new), self._root)
            what = "the book is built again and again because its code writes"
            hint = "let it write to a temporary folder (tempfile), or the same"
            hint += " each time; until you save something, I do not build"
            print(
                Problem(path, 1, "written-by-code", f"{what} this file", hint),
                flush=True,
            )
        return False

    def _look(self) -> None:
        """See whether the build has ended."""
        status = self._builder.poll()
        if status is None:
            return
        self._is_running = False
        self._ended = time.monotonic()
        seconds = self._ended - self._started
        if status:
            problems = self._problems()
            print(problems, flush=True)
            self._state.tell("failed", problems)
        else:
            print(f"built in {seconds:.1f} s", flush=True)
            self._state.tell("done")

    def _problems(self) -> str:
        """Return what the build has said."""
        self._log.seek(0)
        text = self._log.read().decode("utf-8", "replace")
        text = _COLOUR.sub("", text).replace(f"{self._root}{os.sep}", "")
        lines = (line for line in text.splitlines() if line.strip(" ="))
        return "\n".join(lines) or "the build has failed"


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command ``write`` takes."""
    parser.add_argument(
        "--port",
        type=int,
        help=f"where to serve (default: {PORT}, or any that is free)",
    )


def main(root: Path, arguments: Namespace) -> int:
    """Serve a book and build it after each change, until Ctrl-C."""
    read_setup(root, CONFIG)  # or this is no book
    root = root.resolve()
    state = State()
    for name in {"SIGTERM", "SIGHUP"} & {*dir(signal)}:
        signal.signal(signal.Signals[name], signal.default_int_handler)
    try:
        with ExitStack() as stack:
            log = stack.enter_context(tempfile.TemporaryFile(buffering=0))
            builder = make_builder(root, log)
            stack.enter_context(closing(builder))
            address = _serve(stack, root, state, arguments.port)
            print(f"The book is at {address}", flush=True)
            print("It follows each change; stop it with Ctrl-C.", flush=True)
            writing = Writing(root, builder, log, state)
            writing.build()
            writing.follow(Watcher(root))
    except KeyboardInterrupt:
        return 0
    return 0


def _language(root: Path) -> Language:
    """Return the language of a book, whatever problems it has."""
    with suppress(BookError):
        return load_language(read_language(root, []), root)
    return Language()


def _serve(
    stack: ExitStack, root: Path, state: State, port: int | None
) -> str:
    """Serve the site of a book; return where."""
    site = root / "_build" / "html"
    language = _language(root)
    for number in [PORT, 0] if port is None else [port]:
        try:
            return stack.enter_context(serve(site, state, number, language))
        except OverflowError:
            sys.exit(f"error: there is no port {number}")
        except OSError as error:
            reason = error.strerror
    sys.exit(f"error: port {number}: {reason}; choose another: --port 8001")
