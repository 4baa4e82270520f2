"""Runs the notebooks of a book in parallel, all of them, whatever fails."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ThreadPoolExecutor,
    wait,
)
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from booktools.run.job import Job, Outcome
from booktools.run.kernels import (
    ForkServer,
    has_long_names,
    kernel_environment,
)
from booktools.run.notebook import NotebookRun

# What this module and `sphinxext` rely on, as far as anybody has tried.
SUITABLE = {
    "myst-nb": "1.",
    "jupyter-cache": "1.",
    "jupyter_client": "8.",
    "nbclient": "0.",
}

# Of Matplotlib, in every kernel; a change of them is one of every figure.
SETTINGS = Path(__file__).with_name("matplotlibrc")


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
        runs = [NotebookRun(job, env, server) for job in jobs]
        with ThreadPoolExecutor(workers) as pool:
            waiting = {pool.submit(each.run) for each in runs}
            try:
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        outcomes.append(future.result())
                        report(outcomes[-1])
            except BaseException:
                for future in waiting:
                    future.cancel()
                # A worker may start a kernel after this pass: keep killing
                # until all have returned.
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
