"""Builds a book again and again, without the time that imports take.

``jupyter-book build`` needs seconds for its imports, and then once more as
long for what Python and its libraries keep once they have made it: regular
expressions, locales, parsers of all kinds.  `ForkingBuilder` starts a process
that has all of that behind it, and forks for each build.  Where libraries do
not survive a fork, a `Builder` starts each build like any other program.
"""

import copy
import ctypes
import gc
import os
import pkgutil
import runpy
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, NoReturn, cast

TOOLS = Path(__file__).parents[1]

# Of prctl.
_DIE_WITH_PARENT = 1

# What a build that was asked to end may take to tidy up, in seconds.
_PATIENCE = 10

# Where a small book is built to get caches filled, beside the real one.
_REHEARSAL = Path("_build", ".rehearsal")

_PROGRAM = (
    "import sys; sys.path[0] = {tools!r}; "
    "from booktools.run import builder; sys.exit(builder.{call})"
)


class Builder:
    """Builds a book, one build at a time.

    Parameters
    ----------
    root : Path
        The folder of the book, absolute.
    log : file
        Gets what the last build that was started has said on stderr.
    """

    _call = "build_once()"
    _pipe: int | None = None

    def __init__(self, root: Path, log: IO[bytes]):
        self._root = root
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a build; one that still runs is ended before."""
        self.close()
        self._start_process()

    def poll(self) -> int | None:
        """Return the exit status of the build, None as long as it runs."""
        return self._process.poll() if self._process else None

    def close(self) -> None:
        """End a build that runs, and all that this builder has started."""
        if not self._process:
            return
        self._process.terminate()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _start_process(self) -> None:
        self._log.seek(0)
        self._log.truncate()
        # A book may have its own copy of the tools.
        own = self._root / TOOLS.name
        tools = str(self._root if own.is_dir() else TOOLS.parent)
        code = _PROGRAM.format(tools=tools, call=self._call)
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=self._root,
            stdin=self._pipe or subprocess.DEVNULL,
            stdout=self._pipe or subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is for who started this
        )


class ForkingBuilder(Builder):
    """Builds a book in forks of a process that is prepared for it.

    That process ends with the one that made it, whatever ends that one.
    """

    _call = "serve()"
    _pipe = subprocess.PIPE

    def __init__(self, root: Path, log: IO[bytes]):
        super().__init__(root, log)
        self._number = 0  # of the last build; a byte
        self._tries = 0

    def start(self) -> None:
        """Start a build; one that still runs is ended before."""
        self._number = self._number % 255 + 1
        self._tries = 2
        self._ask()

    def poll(self) -> int | None:
        """Return the exit status of the build, None as long as it runs."""
        process = self._process
        if not process:
            return None
        pipe = cast(IO[bytes], process.stdout).fileno()
        while select.select([pipe], [], [], 0)[0]:
            answer = os.read(pipe, 2)
            if not answer:  # the tools have changed, or somebody killed it
                self.close()
                if not self._tries:
                    return 1
                self._ask()
                return None
            if answer[0] == self._number:
                self._tries = 2
                return answer[1]
        return None

    def _ask(self) -> None:
        self._tries -= 1
        if not self._process:
            self._start_process()
        process = cast(subprocess.Popen[bytes], self._process)
        with suppress(BrokenPipeError):  # `poll` will see that
            os.write(
                cast(IO[bytes], process.stdin).fileno(), bytes([self._number])
            )


def make_builder(root: Path, log: IO[bytes]) -> Builder:
    """Return the builder that suits this system; see `Builder`."""
    can_fork = sys.platform == "linux" and os.environ.get("BOOK_FORK") != "0"
    return (ForkingBuilder if can_fork else Builder)(root, log)


def build_once() -> int:
    """Extract and build in this process; return the exit status."""
    # Or the program would end without tidying up.
    for name in {"SIGTERM", "SIGHUP"} & {*dir(signal)}:
        signal.signal(signal.Signals[name], lambda *_: sys.exit(1))
    cast(IO[str], sys.stderr).reconfigure(  # type: ignore[attr-defined]
        encoding="utf-8", errors="backslashreplace"
    )
    extract = partial(runpy.run_module, "booktools", run_name="__main__")
    return run_program(extract, "booktools", "extract") or run_program(
        import_module("jupyter_book.cli.main").main,
        *("jupyter-book", "build", "."),
    )


def run_program(program: object, *arguments: str) -> int:
    """Run a program in this process; return its exit status."""
    sys.argv[:] = arguments
    try:
        program()  # type: ignore[operator]
    except SystemExit as end:
        if not isinstance(end.code, str):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except Exception:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def serve() -> NoReturn:
    """Build in a fork whenever a byte comes; answer with it and a status.

    A build that still runs is ended before.  When nothing more can come, this
    process ends.
    """
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    tools = _state_of_tools()
    _import_all()
    build: _Fork | None = None
    number = b""
    is_ready = False
    try:
        while True:
            pipes = [0, build.pipe] if build else [0]
            ready = select.select(pipes, [], [])[0]
            if 0 in ready:
                if build:
                    build.end()
                    build = None
                number = os.read(0, 1)
                if not number or _state_of_tools() != tools:
                    sys.exit()
                os.lseek(2, 0, os.SEEK_SET)
                os.ftruncate(2, 0)  # what the last build has said
                build = _Fork(nothing, answers)
            elif build:
                status = build.wait()
                build = None
                os.write(answers, number + bytes([status & 0xFF]))
                # Not before: somebody waits for the first build.
                if not is_ready:
                    _rehearse()
                    is_ready = True
    finally:
        if build:
            build.end()


class _Fork:
    """A build in a fork of this process.

    ``pipe`` has an end when the build has one.
    """

    def __init__(self, nothing: int, answers: int):
        self.pipe, end = os.pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid:
            os.close(end)
            return
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM, 0, 0, 0)
        os.dup2(nothing, 0)
        os.close(answers)  # or nobody would notice that the parent is gone
        status = 1
        try:
            if os.getppid() == parent:
                status = build_once()
        finally:
            _leave(status)

    def wait(self) -> int:
        """Wait for the end of the build; return its exit status."""
        os.close(self.pipe)
        status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        if status < 0:
            name = signal.Signals(-status).name
            print(f"error: the build was ended by {name}", file=sys.stderr)
        return status

    def end(self) -> None:
        """End the build."""
        os.kill(self._pid, signal.SIGTERM)
        if not select.select([self.pipe], [], [], _PATIENCE)[0]:
            os.kill(self._pid, signal.SIGKILL)
        os.close(self.pipe)
        os.waitpid(self._pid, 0)


def _leave(status: int) -> NoReturn:
    """End this process, without taking apart all that it has imported."""
    from multiprocessing import util

    with suppress(BaseException):
        util._exit_function()  # type: ignore[attr-defined]
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(status & 0xFF)


def _state_of_tools() -> dict[Path, int]:
    """Return when what this process has imported was last changed."""
    # What npm has installed is no part of this process.
    rooms = [path for path in TOOLS.iterdir() if path.name != "npm"]
    files = (p for room in rooms for p in [room, *room.rglob("*.*")])
    paths = [p for p in files if p.is_file() and p.suffix != ".pyc"]
    paths += [Path(sysconfig.get_path("purelib"))]
    state = {}
    for path in paths:
        with suppress(OSError):  # just deleted
            state[path] = path.stat().st_mtime_ns
    return state


def _import_all() -> None:
    """Import what every build imports."""
    names = [*import_module("sphinx.application").builtin_extensions]
    for module in pkgutil.walk_packages([str(TOOLS)], f"{TOOLS.name}."):
        if not module.name.endswith("__main__"):
            names.append(module.name)
    for name in names:
        with suppress(Exception):  # a build will say what is wrong
            import_module(name)
    gc.freeze()  # or a collection would copy what forks share


@contextmanager
def _quiet() -> Iterator[None]:
    """Say nothing on stderr for a while."""
    saved, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)


def _rehearse() -> None:
    """Build a small book in this process, which runs no code."""
    from booktools.source.chapter import read_book
    from booktools.source.new import write_chapter

    # Extensions change the lists that are the defaults of Sphinx's settings.
    settings = import_module("sphinx.config").Config.config_values
    saved = copy.deepcopy(settings)
    here = Path.cwd()
    folder = here / _REHEARSAL
    shutil.rmtree(folder, ignore_errors=True)
    files = {
        "_config.yml": "execute: {execute_notebooks: 'off'}\nsphinx:\n"
        "  extra_extensions: [booktools.sphinxext]\n"
        "  config: {language: zh_CN}\n",
        "_toc.yml": "format: jb-book\nroot: index\n",
        "index.md": "# Rehearsal\n",
    }
    try:
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        write_chapter(read_book(folder), "chapter", "")
        os.chdir(folder)
        with _quiet():
            main = import_module("jupyter_book.cli.main").main
            run_program(main, "jupyter-book", "build", ".")
    except OSError:  # a full disk, say: builds will only take longer
        pass
    finally:
        os.chdir(here)
        shutil.rmtree(folder, ignore_errors=True)
        settings.update(saved)
        # The book may have another language.
        import_module("sphinx.locale").translators.clear()
    gc.collect()
    gc.freeze()
