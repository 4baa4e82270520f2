"""Notebooks -> executed notebooks: in parallel, from a cache, or problems.

Knows nothing of Sphinx: what it runs are the code cells of a chapter, or the
checks of its formulas.
"""

import ast
import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.db import NbCacheRecord
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat import NotebookNode
from sqlalchemy.exc import SQLAlchemyError

from booktools.kernels import (
    ForkedKernel,
    ForkServer,
    Kernel,
    is_slow,
    kernel_environment,
)
from booktools.problem import Problem

# What this module and `sphinxext` rely on, as far as anybody has tried.
SUITABLE = {
    "myst-nb": "1.",
    "jupyter-cache": "1.",
    "jupyter_client": "8.",
    "nbclient": "0.",
}

# Of Matplotlib, in every kernel; a change of them is one of every figure.
SETTINGS = Path(__file__).with_name("matplotlibrc")

# No word about encryption or Ctrl-C, no file of all that was ever typed.
QUIET = ["--log-level=CRITICAL", "--HistoryManager.hist_file=:memory:"]

# What the code of a check is called; the cell around it is ours.
CHECK = "<check>"

# Evaluated in a kernel after an error: where it happened.
_WHERE = """(
    [
        (f.f_code.co_filename, line, f.f_globals is get_ipython().user_ns)
        for f, line in __import__("traceback").walk_tb(
            __import__("sys").last_traceback
        )
    ][:50],
    getattr(__import__("sys").last_value, "filename", None),
    getattr(__import__("sys").last_value, "lineno", None),
)"""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# What Python appends to the message of a syntax error: our own line is better.
_SYNTAX = re.compile(r" \(\S+, line \d+\)$")
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")


@dataclass(frozen=True)
class Part:
    """What a cell of a job is in its chapter.

    Parameters
    ----------
    place : str
        What problems call it: ``code cell 3``.
    line : int
        Where its source begins, counted from 1.
    source : str
        The author's code.
    """

    place: str
    line: int
    source: str


@dataclass(frozen=True)
class Job:
    """A notebook to run.

    Parameters
    ----------
    path : str
        The chapter it comes from, as problems name it.
    notebook : NotebookNode
        Code cells only; the run fills in their outputs.
    parts : tuple of Part
        One for each cell.
    root, cwd : Path
        The book's folder; the folder to run in.
    timeout : int
        Seconds that a cell may take; 0 or less: no limit.
    """

    path: str
    notebook: NotebookNode
    parts: tuple[Part, ...]
    root: Path
    cwd: Path
    timeout: int

    def problem(
        self, cell: int, rule: str, what: str, line: int = 1
    ) -> Problem:
        """Return a problem at a line of a cell, both as its author counts."""
        part = self.parts[cell]
        line += part.line - 1
        return Problem(self.path, line, rule, what, place=part.place)


@dataclass(frozen=True)
class Outcome:
    """What came of a job; only without problems does it have outputs."""

    job: Job
    seconds: float
    problems: tuple[Problem, ...]
    traceback: str = ""


def unsuitable_version() -> str:
    """Return a sentence about a version that does not suit, or nothing."""
    for name, start in SUITABLE.items():
        version = metadata.version(name)
        if not version.startswith(start):
            return (
                f"{name} {version} is installed, but this book needs {name} "
                f"{start}x: python -m pip install -r requirements.txt"
            )
    return ""


def run(
    jobs: Iterable[Job],
    workers: int,
    fork: bool,
    report: Callable[[Outcome], None],
) -> list[Outcome]:
    """Run notebooks, all of them, whatever fails.

    Parameters
    ----------
    jobs : iterable of Job
        All of one book.
    workers : int
        How many run at a time.
    fork : bool
        Whether to fork kernels where that is possible and worth it.
    report : callable
        Called in this thread with each outcome, in the order they come.
    """
    jobs = list(jobs)
    outcomes: list[Outcome] = []
    if not jobs:
        return outcomes
    # One or two notebooks are done sooner than a server has imported all.
    # Elsewhere than on Linux, libraries do not survive a fork.
    fork = fork and len(jobs) > 2 and sys.platform == "linux"
    with kernel_environment(jobs[0].root) as env:
        parts = [part.source for job in jobs for part in job.parts]
        _find_fonts()
        server = _prepare_server(env, "\n".join(parts)) if fork else None
        runs = [_Run(job, env, server) for job in jobs]
        with ThreadPoolExecutor(workers) as pool:
            waiting = {pool.submit(run) for run in runs}
            try:
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        outcomes.append(future.result())
                        report(outcomes[-1])
            except BaseException:
                for future in waiting:
                    future.cancel()
                # Again and again: one may be about to start.
                while wait(waiting, timeout=0.2).not_done:
                    for each in runs:
                        if each.kernel:
                            each.kernel.end()
                raise
    return outcomes


def _prepare_server(env: dict[str, str], code: str) -> Future[ForkServer]:
    """Prepare a fork server while others already work."""
    server: Future[ForkServer] = Future()

    def prepare() -> None:
        try:
            server.set_result(ForkServer(env, code))
        except Exception as error:
            server.set_exception(error)

    # A thread that no interrupted build waits for.
    threading.Thread(target=prepare, daemon=True).start()
    return server


def open_cache(path: Path) -> JupyterCacheBase:
    """Open a cache, without what a killed build has left half done in it."""
    cache = JupyterCacheBase(path)
    try:
        records = cache.list_cache_records()
        cache.list_project_records()
        cache.get_cache_limit()
    except (RuntimeError, SQLAlchemyError):
        cache.clear_cache()
        return cache
    for record in records:
        if not (_folder(cache, record) / "base.ipynb").is_file():
            _forget(cache, record)
    return cache


def is_cached(cache: JupyterCacheBase, notebook: NotebookNode) -> bool:
    """Tell whether a cache has the outputs of a notebook."""
    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    try:
        cache.get_cache_bundle(record.pk)
    except ValueError:  # half a notebook
        _forget(cache, record)
        return False
    return True


def store(cache: JupyterCacheBase, outcome: Outcome) -> None:
    """Put the outputs of a job that went well into a cache."""
    job = outcome.job
    data = {"execution_seconds": outcome.seconds}
    bundle = CacheBundleIn(job.notebook, job.path, data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _folder(cache: JupyterCacheBase, record: NbCacheRecord) -> Path:
    """Return where a cache keeps the notebook of a record."""
    return Path(cache.path, "executed", record.hashkey)


def _forget(cache: JupyterCacheBase, record: NbCacheRecord) -> None:
    """Remove a record whose notebook is missing or damaged."""
    # In this order: a folder without a record would be in the way for ever.
    shutil.rmtree(_folder(cache, record), ignore_errors=True)
    NbCacheRecord.remove_record(record.pk, cache.db)


def _find_fonts() -> None:
    """Let Matplotlib search for fonts, once on each machine.

    It says so while it does, and that must not get onto a page.
    """
    if find_spec("matplotlib") is None:
        return
    import matplotlib

    if not any(Path(matplotlib.get_cachedir()).glob("fontlist-*.json")):
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(command, capture_output=True, check=False)


class _Run:
    """A job to run: call it."""

    def __init__(
        self,
        job: Job,
        env: dict[str, str],
        server: Future[ForkServer] | None,
    ):
        self.kernel: Kernel | None = None
        self._job = job
        self._env = env
        self._server = server
        self._cell: int | None = None  # the one that runs
        self._line = 1  # in its source, of the error
        self._problems: list[Problem] = []

    def __call__(self) -> Outcome:
        start = time.monotonic()
        traceback = ""
        try:
            # The one kind of loop that waits for sockets on every system.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as it:
                it.run(self._execute())
        except CellExecutionError as error:
            self._fail("failing-cell", self._say(error))
            traceback = f"{self._problems[-1]}\n{error.traceback}\n"
        except CellTimeoutError:
            limit = f"still running after {self._job.timeout} seconds"
            self._fail("timeout", f"TimeoutError: {limit}, the limit")
        except DeadKernelError:
            self._fail("dead-kernel", f"DeadKernelError: {self._end()}")
        except (NoSuchKernel, RuntimeError, OSError) as error:
            if self._cell is not None:
                raise
            self._fail("no-kernel", f"{type(error).__name__}: {error}")
        else:
            for cell in self._job.notebook.cells:
                cell.outputs = _merge_streams(cell.outputs)
            self._problems += _find_leaks(self._job)
        seconds = time.monotonic() - start
        return Outcome(self._job, seconds, tuple(self._problems), traceback)

    async def _execute(self) -> None:
        notebook = self._job.notebook
        manager = AsyncKernelManager(
            kernel_name=notebook.metadata.kernelspec.name
        )
        if os.name == "posix":
            # Files of its own, instead of ports that others may have taken
            # by the time the kernel wants them.
            manager.transport = "ipc"
            manager.ip = f"{self._env['IPYTHONDIR']}/{id(self)}"
        spec = manager.kernel_spec
        # Another program's kernel is no fork of ours.
        code = "\n".join(part.source for part in self._job.parts)
        # What needs no slow import need not wait for them.
        worth = self._server and (self._server.done() or is_slow(code))
        if self._server and worth and manager.ipykernel:
            self.kernel = ForkedKernel(kernel_spec=spec, parent=manager)
            self.kernel.server = self._server.result()
        else:
            self.kernel = Kernel(kernel_spec=spec, parent=manager)
        manager.provisioner = self.kernel
        self._client = NotebookClient(
            notebook,
            km=manager,
            timeout=self._job.timeout,
            record_timing=False,
            shell_timeout_interval=1,  # to notice soon that a kernel is dead
            allow_errors=True,  # `_check_reply` decides
            on_cell_executed=self._check_reply,
        )
        # Not `async_execute`: it trips over a kernel that does not start.
        try:
            await manager.start_kernel(
                cwd=str(self._job.cwd),
                env=self._env,
                extra_arguments=QUIET if manager.ipykernel else [],
            )
            kernel = self._client.kc = manager.client()
            kernel.start_channels()
            await kernel.wait_for_ready(timeout=60)
            info = await self._reply(kernel.kernel_info())
            notebook.metadata.language_info = info["language_info"]
            for i, cell in enumerate(notebook.cells):
                self._cell = i
                await self._client.async_execute_cell(cell, i, i + 1)
        finally:
            await manager.shutdown_kernel(now=True)
            if self._client.kc:
                self._client.kc.stop_channels()

    async def _check_reply(
        self, cell: NotebookNode, cell_index: int, execute_reply: Any
    ) -> None:
        """Stop at a cell that fails; complain of one that should, but not."""
        reply = execute_reply["content"]
        must_fail = "raises-exception" in cell.metadata.get("tags", [])
        if reply["status"] != "ok" and not must_fail:
            self._line = await self._find_line(cell.source)
            trace = _ANSI.sub("", "\n".join(reply["traceback"]))
            raise CellExecutionError(trace, reply["ename"], reply["evalue"])
        if reply["status"] == "ok" and must_fail:
            what = "it is tagged raises-exception, but raises none"
            self._fail("did-not-fail", what)

    async def _reply(self, request: str) -> Any:
        """Return what a kernel replies to a request."""
        reply: Any = await self._client.async_wait_for_reply(request)
        return reply["content"]

    async def _find_line(self, source: str) -> int:
        """Ask the kernel where in its source a cell has failed."""
        kernel: Any = self._client.kc
        request = kernel.execute(
            "", silent=True, user_expressions={"where": _WHERE}
        )
        reply = await self._reply(request)
        answer = reply["user_expressions"]["where"]
        if answer["status"] != "ok":
            return 1
        frames, file, line = ast.literal_eval(answer["data"]["text/plain"])
        in_check = [line for name, line, _ in frames if name == CHECK]
        if file == CHECK:  # it cannot be compiled
            return int(line or 1)
        if in_check:
            return int(in_check[-1])
        # IPython runs a cell without the blank lines at its head.
        head = source[: len(source) - len(source.lstrip())]
        # The kernel's name for a cell is that of the first frame in which
        # global names are those of the notebook.
        own = next((name for name, _, is_own in frames if is_own), None)
        if own:
            line = [line for name, line, _ in frames if name == own][-1]
        return int(line or 1) + head.count("\n")

    def _fail(self, rule: str, what: str) -> None:
        cell = self._cell or 0
        self._problems.append(self._job.problem(cell, rule, what, self._line))

    def _say(self, error: CellExecutionError) -> str:
        """Return in one line what an error says."""
        text = _SYNTAX.sub("", str(error.evalue).strip())
        if not text:  # a bare `assert`: better its source than nothing
            source = self._job.parts[self._cell or 0].source.splitlines()
            text = source[self._line - 1].strip()
        return f"{error.ename}: {text.splitlines()[0]}"

    def _end(self) -> str:
        """Return how the kernel ended."""
        status = self.kernel.status if self.kernel else None
        if status is None or status >= 0:
            return f"the kernel has ended, with exit status {status}"
        name = signal.Signals(-status).name
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"the kernel was ended by {name}{hint}"


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what was printed: into which pieces it falls is up to chance.

    Between two other outputs, all of stdout comes before all of stderr.
    """
    merged: list[NotebookNode] = []
    for is_stream, group in groupby(
        outputs, lambda output: output.output_type == "stream"
    ):
        if not is_stream:
            merged += group
            continue
        streams: dict[str, NotebookNode] = {}
        for output in group:
            if output.name in streams:
                streams[output.name].text += output.text
            else:
                streams[output.name] = output
        merged += [streams[name] for name in sorted(streams, reverse=True)]
    return merged


def _find_leaks(job: Job) -> Iterator[Problem]:
    """Find what would be different in another build, or elsewhere."""
    folders = {job.root, Path.home(), Path(tempfile.gettempdir())}
    folders |= {Path(sys.prefix), Path(sys.base_prefix)}
    paths = [str(folder) + os.sep for folder in folders if folder.name]
    paths.append(f"File ~{os.sep}")  # the home folder in a traceback
    for i, cell in enumerate(job.notebook.cells):
        text = "\n".join(_texts(cell))
        if _ADDRESS.search(text):
            what = "its output has a memory address, new in every run: at 0x"
            yield job.problem(i, "memory-address", what)
        if path := max((p for p in paths if p in text), key=len, default=""):
            what = f"its output has a path of this machine: {path}"
            yield job.problem(i, "machine-path", what)


def _texts(cell: NotebookNode) -> Iterator[str]:
    """Return the outputs of a cell that are text."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield _ANSI.sub("", "\n".join(output.traceback))
        else:
            for kind, data in output.data.items():
                if kind.startswith("text/") or kind == "image/svg+xml":
                    yield data
