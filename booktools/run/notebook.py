"""Runs one notebook, in a kernel of its own."""

import ast
import asyncio
import base64
import logging
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import zmq
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionComplete,
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat import NotebookNode

from booktools.problem import Problem
from booktools.run.assertions import CHECK
from booktools.run.errors import describe, shorten
from booktools.run.job import Job, Outcome
from booktools.run.kernels import ForkedKernel, ForkServer, Kernel, is_slow
from booktools.run.limits import count
from booktools.run.outputs import (
    ANSI,
    drop_unshown,
    find_leaks,
    merge_streams,
)

# No word about encryption or Ctrl-C, no file of all that was ever typed; a
# line `!command` that fails is an error, as in %%bash.
ARGUMENTS = [
    *("--log-level=ERROR", "--HistoryManager.hist_file=:memory:"),
    "--InteractiveShell.system_raise_on_error=True",
]

_SILENT = logging.Logger("nbclient", logging.CRITICAL + 1)

# What a kernel says if it cannot answer any more: a cell has changed
# something that it needs itself.
_BROKEN = re.compile(
    "^.*(Exception in message handler|Uncaught exception in ZMQStream).*"
    r"(\n[ ^].*|\nTraceback.*)*\n(?P<error>.+)",
    re.MULTILINE,
)

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


class _Client(NotebookClient):
    """A client that lets a run look at each message of a cell's outputs."""

    run: "NotebookRun"

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


class NotebookRun:
    """A job that runs once, in this thread."""

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

    def run(self) -> Outcome:
        """Start a kernel, run the cells, end the kernel."""
        start = time.monotonic()
        traceback = ""
        try:
            # The one kind of loop that waits for sockets on every system.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as it:
                it.run(self._execute())
        except CellExecutionError as error:
            part = self._job.parts[self._cell or 0]
            is_check = self._job.is_check
            self._fail(*describe(error, part, self._line, is_check))
            if not is_check:  # where all that it would show is our own code
                traceback = (
                    f"{self._problems[-1]}\n{shorten(error.traceback)}\n"
                )
        except CellTimeoutError:
            most = self._job.timeout
            why = f"TimeoutError: still running after {most} seconds, the"
            why += " limit (_config.yml can raise it: execute: {timeout:"
            why += f" {2 * most}}}; or does it never end?)"
            self._fail("timeout", self._why or why)
        except DeadKernelError:
            why = f"DeadKernelError: {self._end()}"
            self._fail("dead-kernel", self._why or why)
        except Exception as error:  # whatever a cell does to the libraries
            why = f"{type(error).__name__}: {error}".partition("\n")[0]
            self._fail("no-kernel", self._why or why)
        else:
            for cell in self._job.notebook.cells:
                cell.outputs = merge_streams(cell.outputs)
                drop_unshown(cell, self._job.root)
            self._problems += find_leaks(self._job)
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
        # What needs no slow import need not wait for them.
        worth = self._server and (
            self._server.done() or is_slow(self._job.code)
        )
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
            log=_SILENT,  # the problem says it
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
                extra_arguments=ARGUMENTS if manager.ipykernel else [],
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
        self._notice_break()
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
            trace = ANSI.sub("", "\n".join(error["traceback"]))
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
        self._counts += count(content)
        if self._job.limits.exceeded(self._counts):
            # Perhaps it cleared what it had shown before.
            self._counts = sum(map(count, outputs), Counter[str]())
            self.end(self._job.limits.exceeded(self._counts))

    async def _watch(self) -> None:
        """End a kernel that takes too much, or that does not answer."""
        while True:
            await asyncio.sleep(1)
            if self.kernel:
                memory = {"memory": self.kernel.memory // 1_000_000}
                self.end(self._job.limits.exceeded(memory))
            self._notice_break()
            await self._notice_loss()

    def _notice_break(self) -> None:
        """End a kernel that has lost an answer, or an output."""
        said = self.kernel.said if self.kernel else ""
        if broken := _BROKEN.search(said):
            self.end(f"the kernel cannot go on: {broken['error']}")

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

    def _fail(self, rule: str, what: str, hint: str = "") -> None:
        cell = self._cell or 0
        problem = self._job.problem(cell, rule, what, self._line, hint)
        self._problems.append(problem)

    def _end(self) -> str:
        """Return how the kernel ended."""
        status = self.kernel.status if self.kernel else None
        if status is None or status >= 0:
            return f"the kernel has ended, with exit status {status}"
        names = {number.value: number.name for number in signal.Signals}
        name = names.get(-status, f"signal {-status}")
        hint = ", perhaps out of memory" if name == "SIGKILL" else ""
        return f"the kernel was ended by {name}{hint}"
