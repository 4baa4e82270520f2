"""Notebooks -> executed notebooks: in parallel, from a cache, or problems.

Knows nothing of Sphinx: what it runs are the code cells of a chapter, or the
checks of its formulas.
"""

import ast
import asyncio
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import zmq
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.db import NbCacheRecord
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionComplete,
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat import NotebookNode
from sqlalchemy.exc import SQLAlchemyError

from booktools.problem import Problem
from booktools.run.kernels import (
    ForkedKernel,
    ForkServer,
    Kernel,
    has_long_names,
    is_slow,
    kernel_environment,
)

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
QUIET = ["--log-level=ERROR", "--HistoryManager.hist_file=:memory:"]

# What a kernel says if it cannot answer any more: a cell has changed
# something that it needs itself.
_BROKEN = re.compile(
    "^.*(Exception in message handler|Uncaught exception in ZMQStream).*"
    r"(\n[ ^].*|\nTraceback.*)*\n(?P<error>.+)",
    re.MULTILINE,
)

# What the code of a check is called; the cell around it is ours.
CHECK = "<check>"

# Evaluated in a kernel after an error: what it was, where it happened.
_WHERE = """(
    __import__("sys").last_type.__name__,
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
_LAST_LINE = re.compile(r"\n(\w+(?:\.\w+)*(?:Error|Exception|Interrupt): .*)")
_WARNING = re.compile(r":\d+: (\w*Warning: .*)")

# Of an output that is given in several ways, a page shows the first.
_KINDS = (
    *("application/vnd.jupyter.widget-view+json", "application/javascript"),
    *("text/html", "image/svg+xml", "image/png", "image/jpeg"),
    *("text/markdown", "text/latex", "text/plain"),
)

# What it means that a limit is exceeded.
_SENTENCES = {
    "lines": "it shows more than {} lines of text",
    "kilobytes": "it shows more than {} KB",
    "images": "it shows more than {} pictures",
    "memory": "the chapter takes more than {} MB of memory",
}


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
class Limits:
    """How much the code of a chapter may give and take.

    Parameters
    ----------
    lines, kilobytes, images : int
        What one cell may show: lines of text, all data, pictures.
    memory : int
        What the kernel and all that it starts may take, in MB.
    """

    lines: int = 1_000
    kilobytes: int = 5_000
    images: int = 50
    memory: int = 4_000

    def exceeded(self, counts: Mapping[str, int]) -> str:
        """Return a sentence about the first limit that is exceeded, or ""."""
        for name, limit in asdict(self).items():
            if counts.get(name, 0) > limit:
                what = _SENTENCES[name].format(f"{limit:,}")
                return (
                    f"{what}, the limit (the front matter can raise it: "
                    f"limits: {{{name}: {2 * limit}}})"
                )
        return ""


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
    limits : Limits
        What else it may take.
    """

    path: str
    notebook: NotebookNode
    parts: tuple[Part, ...]
    root: Path
    cwd: Path
    timeout: int
    limits: Limits = Limits()

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
    if os.pathsep in str(jobs[0].root.absolute()):
        raise SystemExit(
            f"no code finds the book's package in {jobs[0].root}: rename the "
            f"folder with {os.pathsep!r}"
        )
    # One or two notebooks are done sooner than a server has imported all.
    # Elsewhere than on Linux, libraries do not survive a fork.
    fork = fork and len(jobs) > 2 and sys.platform == "linux"
    # Its socket is where temporary files are.
    fork = fork and not has_long_names()
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
        try:
            records = cache.list_cache_records()
            cache.list_project_records()
            cache.get_cache_limit()
        except (RuntimeError, SQLAlchemyError):
            cache.clear_cache()
            records = cache.list_cache_records()
    except (OSError, SQLAlchemyError) as error:
        why = "a folder's name with % or ?, or that may not be written to?"
        what = f"{getattr(error, 'orig', error)} ({why})"
        raise SystemExit(f"the cache {path} cannot be used: {what}") from None
    for record in records:
        if not (_folder(cache, record) / "base.ipynb").is_file():
            _forget(cache, record)
    return cache


def check_cache(path: Path, jobs: Iterable[Job]) -> None:
    """End the build if outputs are not in its cache, or MyST-NB runs code."""
    cache = open_cache(path)
    for job in jobs:
        if not is_cached(cache, job.notebook):
            what = f"the outputs of {job.path} have been lost from {path}"
            why = "the disk is full, or code deletes its own build"
            raise SystemExit(f"{what}: {why}")


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
    """Put the outputs of a job that went well into a cache, if possible."""
    job = outcome.job
    data = {"execution_seconds": outcome.seconds}
    bundle = CacheBundleIn(job.notebook, job.path, data=data)
    with suppress(OSError, RuntimeError, SQLAlchemyError):  # see `check_cache`
        cache.cache_notebook_bundle(
            bundle, check_validity=False, overwrite=True
        )


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


class _Client(NotebookClient):
    """A client that lets a run look at each message of a cell's outputs."""

    run: "_Run"

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Process a message."""
        try:
            output = super().process_message(msg, cell, cell_index)
            self.run.look(msg, cell.outputs)
        except CellExecutionComplete:
            raise
        except Exception as error:  # a cell may send anything
            what = str(error).partition("\n")[0]
            self.run.end(f"what it shows is not an output: {what}")
            return None
        return output


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
        self._errors: list[Mapping[str, Any]] = []  # of that cell
        self._counts = Counter[str]()  # of its outputs, or more
        self._losses: Any = None  # tells when the connection is lost
        self._why = ""  # why the kernel was ended
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
            why = f"TimeoutError: {limit}, the limit"
            self._fail("timeout", self._why or why)
        except DeadKernelError:
            why = f"DeadKernelError: {self._end()}"
            self._fail("dead-kernel", self._why or why)
        except Exception as error:  # whatever a cell does to the libraries
            why = f"{type(error).__name__}: {error}".partition("\n")[0]
            self._fail("no-kernel", self._why or why)
        else:
            for cell in self._job.notebook.cells:
                cell.outputs = _merge_streams(cell.outputs)
                _drop_unshown(cell, self._job.root)
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
            manager.connection_file = f"{manager.ip}.json"
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
        self._client = _Client(
            notebook,
            km=manager,
            timeout=self._job.timeout,
            record_timing=False,
            shell_timeout_interval=1,  # to notice soon that a kernel is dead
            iopub_timeout=60,
            raise_on_iopub_timeout=True,  # some output has not come
            allow_errors=True,  # `_check_reply` decides
            on_cell_executed=self._check_reply,
        )
        self._client.run = self
        # Not `async_execute`: it trips over a kernel that does not start.
        try:
            watch = asyncio.create_task(self._watch())
            await manager.start_kernel(
                cwd=str(self._job.cwd),
                env=self._env,
                extra_arguments=QUIET if manager.ipykernel else [],
            )
            kernel = self._client.kc = manager.client()
            # No message is lost because many wait; one that is larger than
            # all that a cell may show does not even get into memory.
            kernel.context.setsockopt(zmq.RCVHWM, 0)
            largest = 1_000_000 + 2000 * self._job.limits.kilobytes
            kernel.context.setsockopt(zmq.MAXMSGSIZE, largest)
            kernel.start_channels(stdin=False)  # nobody answers
            socket = kernel.iopub_channel.socket
            self._losses = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            await kernel.wait_for_ready(timeout=60)
            info = await kernel.kernel_info(reply=True, timeout=15)
            language = info["content"]["language_info"]
            notebook.metadata.language_info = language
            for i, cell in enumerate(notebook.cells):
                self._cell, self._line = i, 1
                self._errors.clear()
                self._counts.clear()
                await self._client.async_execute_cell(cell, i, i + 1)
        finally:
            for task in {watch, *asyncio.all_tasks()} - {
                asyncio.current_task()
            }:
                task.cancel()  # or it waits for what is closed now
            await manager.shutdown_kernel(now=True)
            if self._client.kc:
                self._client.kc.stop_channels()

    async def _check_reply(
        self, cell: NotebookNode, cell_index: int, execute_reply: Any
    ) -> None:
        """Stop at a cell that fails; complain of one that should, but not."""
        await self._notice_loss()
        if self._why:
            raise DeadKernelError(self._why)
        reply = execute_reply["content"]
        # What is drawn or shown after the code has run can fail, too.
        replies = [reply] * (reply["status"] != "ok")
        error = next(reversed([*replies, *self._errors]), None)
        must_fail = "raises-exception" in cell.metadata.get("tags", [])
        if error and not must_fail:
            self._line = await self._find_line(cell.source, error["ename"])
            trace = _ANSI.sub("", "\n".join(error["traceback"]))
            raise CellExecutionError(trace, error["ename"], error["evalue"])
        if must_fail and not error:
            what = "it is tagged raises-exception, but raises none"
            self._fail("did-not-fail", what)

    def look(
        self, message: Mapping[str, Any], outputs: list[NotebookNode]
    ) -> None:
        """Note an error, and end a kernel that gives too much."""
        content = message["content"]
        for kind, data in content.get("data", {}).items():
            if kind in ("image/png", "image/jpeg", "image/gif"):
                base64.b64decode(data)
        if message["msg_type"] == "error":
            self._errors.append(content)
        self._counts += _count(content)
        if self._job.limits.exceeded(self._counts):
            # Perhaps it cleared what it had shown before.
            self._counts = sum(map(_count, outputs), Counter[str]())
            self.end(self._job.limits.exceeded(self._counts))

    async def _watch(self) -> None:
        """End a kernel that takes too much, or that does not answer."""
        while True:
            await asyncio.sleep(1)
            if self.kernel:
                memory = {"memory": self.kernel.memory // 1_000_000}
                self.end(self._job.limits.exceeded(memory))
                if broken := _BROKEN.search(self.kernel.said):
                    self.end(f"the kernel cannot go on: {broken['error']}")
            await self._notice_loss()

    async def _notice_loss(self) -> None:
        """End a kernel that lives on although the connection is lost."""
        if self.kernel and self._losses and await self._losses.poll(0):
            await asyncio.sleep(1)
            if await self.kernel.poll() is None:
                limit = self._job.limits.exceeded({"kilobytes": sys.maxsize})
                self.end(f"{limit}, or it has closed the kernel's files")

    def end(self, why: str) -> None:
        """End the kernel if there is a reason."""
        self._why = self._why or why
        if self._why and self.kernel:
            self.kernel.end()

    async def _find_line(self, source: str, name: str) -> int:
        """Ask the kernel where in its source a cell has failed."""
        kernel: Any = self._client.kc
        expressions = {"where": _WHERE}
        try:
            reply = await kernel.execute(
                "",
                silent=True,
                user_expressions=expressions,
                reply=True,
                timeout=5,
            )
            answer = reply["content"]["user_expressions"]["where"]["data"]
            what = ast.literal_eval(answer["text/plain"])
            last, frames, file, line = what
        except (LookupError, TimeoutError, TypeError, ValueError, SyntaxError):
            return 1  # the cell has changed the kernel itself, or ended it
        if last != name:  # it was another error
            return 1
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
        elif not file:
            return 1
        return int(line or 1) + head.count("\n")

    def _fail(self, rule: str, what: str) -> None:
        cell = self._cell or 0
        self._problems.append(self._job.problem(cell, rule, what, self._line))

    def _say(self, error: CellExecutionError) -> str:
        """Return in one line what an error says."""
        text = _SYNTAX.sub("", str(error.evalue).strip())
        if not text:  # a bare `assert`: better its source than nothing
            source = self._job.parts[self._cell or 0].source.splitlines()
            text = "".join(source[self._line - 1 : self._line]).strip()
        name = str(error.ename).replace("\n", " ")
        return f"{name}: {text.partition(chr(10))[0]}"

    def _end(self) -> str:
        """Return how the kernel ended."""
        status = self.kernel.status if self.kernel else None
        if status is None or status >= 0:
            return f"the kernel has ended, with exit status {status}"
        names = {number.value: number.name for number in signal.Signals}
        name = names.get(-status, f"signal {-status}")
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


def _count(output: Mapping[str, Any]) -> Counter[str]:
    """Return what of an output there are limits for."""
    data = output.get("data") or {}
    text = str(output.get("text") or "")
    texts = [text, str(data.get("text/plain") or "")]
    size = len(text) + sum(len(str(value)) for value in data.values())
    size += len("".join(map(str, output.get("traceback") or [])))
    counts = Counter[str]()
    counts["lines"] = sum(text.count("\n") for text in texts)
    # What is around a piece of an output takes space, too.
    counts["bytes"] = size + 200
    counts["kilobytes"] = counts["bytes"] // 1000
    counts["images"] = any(kind.startswith("image/") for kind in data)
    return counts


def _drop_unshown(cell: NotebookNode, root: Path) -> None:
    """Drop what no page shows and another build would have differently."""
    tags = {tag.replace("_", "-") for tag in cell.metadata.get("tags", [])}
    kept = []
    for output in cell.outputs:
        data = output.get("data", {})
        shown = next((kind for kind in _KINDS if kind in data), "")
        for kind in {*data} - {shown}:
            if any(_leaks(str(data[kind]), root)):
                del data[kind]
        removed = {"remove-cell", "remove-output"}
        removed.add(f"remove-{output.get('name')}")
        # Other cells, and prose, may show what is glued.
        glued = "scrapbook" in output.get("metadata", {})
        if glued or not (tags & removed and any(_leaks(_text(output), root))):
            kept.append(output)
    cell.outputs = kept


def _find_leaks(job: Job) -> Iterator[Problem]:
    """Find what would be different in another build, or elsewhere."""
    for i, cell in enumerate(job.notebook.cells):
        text = "\n".join(map(_text, cell.outputs))
        value = any(o.output_type == "execute_result" for o in cell.outputs)
        for rule, what in _leaks(text, job.root):
            if value and rule == "memory-address":
                what += "; end its last line with ;"
            yield job.problem(i, rule, what)


def _text(output: NotebookNode) -> str:
    """Return an output as far as it is text."""
    if output.output_type == "stream":
        return str(output.text)
    if output.output_type == "error":
        return _ANSI.sub("", "\n".join(output.traceback))
    return "\n".join(
        str(data)
        for kind, data in output.data.items()
        if kind.startswith("text/") or kind == "image/svg+xml"
    )


def _leaks(text: str, root: Path) -> Iterator[tuple[str, str]]:
    """Find what of a text is new in another build, or elsewhere."""
    if found := _ADDRESS.search(text):
        quote = _ADDRESS.sub("at 0x…", _line_around(text, found.start()))
        what = f"its output has a memory address, new in every run: {quote}"
        yield "memory-address", what
    folders = {root, Path.home(), Path(tempfile.gettempdir())}
    folders |= {Path(sys.prefix), Path(sys.base_prefix)}
    paths = [str(folder) + os.sep for folder in folders if folder.name]
    paths.append(f"File ~{os.sep}")  # the home folder in a traceback
    if path := max((p for p in paths if p in text), key=len, default=""):
        quote = _line_around(text, text.index(path))
        what = "its output has a path of this machine"
        if warning := _WARNING.search(quote):
            quote = f"{warning[1]} (heed it, or filter it)"
            what = "it warns, and so " + what
        elif error := _LAST_LINE.search(text, text.index(path)):
            quote = f"the traceback of {error[1]}"
        yield "machine-path", f"{what}: {quote}"


def _line_around(text: str, at: int) -> str:
    """Return the line of a text around an index, or most of it."""
    start = max(text.rfind("\n", 0, at) + 1, at - 60)
    return text[start : at + 200].partition("\n")[0].strip()
