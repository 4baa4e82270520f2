"""Runs the notebooks of a book where a place for them is, whatever fails."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import metadata

from booktools.run.job import Job, Outcome

# What this module and `sphinxext` rely on, as far as anybody has tried.
SUITABLE = {
    "myst-nb": "1.",
    "jupyter-cache": "1.",
    "jupyter_client": "8.",
    "nbclient": "0.",
}


@dataclass(frozen=True)
class Place:
    """Where notebooks run: this machine, or a cluster.

    Parameters
    ----------
    submit : callable
        Hands a job to a `concurrent.futures.Executor`.
    stop : callable
        Ends what runs at this moment; called again and again, until nothing
        runs any more, when the build is interrupted.
    """

    submit: Callable[[Job], Future[Outcome]]
    stop: Callable[[], None]


def unsuitable_version() -> str:
    """Return a sentence about a version that does not suit, or nothing."""
    for name, start in SUITABLE.items():
        version = metadata.version(name)
        if not version.startswith(start):
            return (
                f"{name} {version} is installed, but this book needs {name} "
                f"{start}x: python -m pip install booktools"
            )
    return ""


def run(
    jobs: Iterable[Job],
    where: AbstractContextManager[Place],
    report: Callable[[Outcome], None],
) -> list[Outcome]:
    """Run notebooks, all of them, whatever fails.

    Parameters
    ----------
    jobs : iterable of Job
        All of one book.
    where : context manager of Place
        Opened only if there is a job.
    report : callable
        Called in this thread with each outcome, in the order they come.
    """
    jobs = list(jobs)
    outcomes: list[Outcome] = []
    if not jobs:
        return outcomes
    with where as place:
        waiting = {place.submit(job) for job in jobs}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    outcomes.append(future.result())
                    report(outcomes[-1])
        except BaseException:
            for future in waiting:
                future.cancel()
            # A worker may start a kernel after one pass: stop them until all
            # have returned.
            while wait(waiting, timeout=0.2).not_done:
                place.stop()
            raise
    return outcomes
