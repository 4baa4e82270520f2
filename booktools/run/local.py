"""The place where notebooks run by default: this machine, by threads."""

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from booktools.run.execute import Place
from booktools.run.job import Job, Outcome
from booktools.run.kernels import (
    ForkServer,
    has_long_names,
    is_slow,
    kernel_environment,
    start_server,
)
from booktools.run.notebook import NotebookRun


@contextmanager
def this_machine(
    jobs: Sequence[Job], workers: int, fork: bool
) -> Iterator[Place]:
    """Prepare this machine for jobs.

    Parameters
    ----------
    jobs : sequence of Job
        All of one book; at least one.
    workers : int
        How many run at a time.
    fork : bool
        Whether to fork kernels where that is possible and worth it.
    """
    if os.pathsep in str(jobs[0].root.absolute()):
        raise SystemExit(
            f"no code finds the book's package in {jobs[0].root}: rename the "
            f"folder with {os.pathsep!r}"
        )
    fork = fork and _can_fork(len(jobs))
    runs: list[NotebookRun] = []
    queue = Queue(jobs)

    with kernel_environment(jobs[0].root) as env:
        code = "\n".join(job.code for job in jobs)
        _find_fonts()
        server = _prepare_server(env, code) if fork else None

        def work(_: Job) -> Outcome:
            job = queue.take(server is None or server.done())
            run = NotebookRun(job, env, server)
            runs.append(run)
            return run.run()

        def stop() -> None:
            for run in runs:
                if run.kernel:
                    run.kernel.end()

        with ThreadPoolExecutor(workers) as pool:
            yield Place(lambda job: pool.submit(work, job), stop)


def prepare(root: Path, codes: Sequence[str]) -> None:
    """Let imports begin, before it is known what exactly has to run.

    Parameters
    ----------
    root : Path
        The book's folder.
    codes : sequence of str
        The code of each job, as far as anybody knows.
    """
    if _can_fork(len(codes)):
        start_server(root, "\n".join(codes))


def _can_fork(jobs: int) -> bool:
    """Tell whether kernels can be forked, and it is worth it."""
    # One or two notebooks are done sooner than a server has imported all.
    # Elsewhere than on Linux, libraries do not survive a fork.  The server's
    # socket is where temporary files are.
    return jobs > 2 and sys.platform == "linux" and not has_long_names()


class Queue:
    """Jobs, in an order in which workers wait little.

    While the fork server imports, one job waits for it, and others run that
    need no slow import.  Then come those that do: they often take longest,
    and short ones at the end keep all workers busy.
    """

    def __init__(self, jobs: Sequence[Job]):
        self._lock = threading.Lock()
        self._slow = deque(job for job in jobs if is_slow(job.code))
        self._quick = deque(job for job in jobs if not is_slow(job.code))
        self._waits = False

    def take(self, is_ready: bool) -> Job:
        """Return the next job, given whether the server is ready."""
        with self._lock:
            slow_first = is_ready or not self._waits
            self._waits = True
            first, second = self._slow, self._quick
            if not slow_first:
                first, second = second, first
            return (first or second).popleft()


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


def _find_fonts() -> None:
    """Let Matplotlib search for fonts, once on each machine.

    It says so while it does, and that must not get onto a page.
    """
    # As `matplotlib.get_cachedir` says; to import it takes longer than to
    # start a kernel.
    linux = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    usual = (
        Path(linux, "matplotlib")
        if sys.platform == "linux"
        else Path.home() / ".matplotlib"
    )
    cache = Path(os.environ.get("MPLCONFIGDIR") or usual)
    if find_spec("matplotlib") and not any(cache.glob("fontlist-*.json")):
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(command, capture_output=True, check=False)
