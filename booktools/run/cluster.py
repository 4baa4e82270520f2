"""Another place where notebooks run: a Dask cluster."""

import io
import logging
import os
import pickle
import sys
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from booktools.run import remote
from booktools.run.execute import SUITABLE, Place
from booktools.run.job import Job, Outcome
from booktools.run.outputs import drop_unshown, find_leaks

INSTALL = 'python -m pip install "booktools[cluster]"'

# What chapters and checks run on, as far as it is installed, besides what
# `requirements.txt` names.
_BASE = (
    *(*SUITABLE, "ipykernel", "ipython", "matplotlib", "numpy", "torch"),
    *("antlr4-python3-runtime", "sympy"),
)


@contextmanager
def cluster(
    address: str, root: Path, files: Callable[[Job], Iterable[Path]]
) -> Iterator[Place]:
    """Connect to a cluster.

    Workers with other versions get no job; if there is no worker within the
    time that Dask takes to connect (its setting ``comm.timeouts.connect``),
    or none any more for that long, the build ends.

    Parameters
    ----------
    address : str
        Of its scheduler: ``tcp://host:8786``.
    root : Path
        The book's folder.
    files : callable
        The files of the book that the code of a job may read.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise SystemExit(
            f"BOOK_DASK is set, but {error.name} is not installed: {INSTALL}"
        ) from None
    # What matters is said here, in a sentence.
    for name in [*logging.root.manager.loggerDict]:
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    patience = dask.utils.parse_timedelta(
        dask.config.get("distributed.comm.timeouts.connect")
    )
    connect: Any = Client  # it has no types
    try:
        with warnings.catch_warnings(action="ignore"):
            client = connect(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SystemExit(
            f"no scheduler answers at {address} (BOOK_DASK): {error}"
        ) from None
    try:
        yield from _use(client, address, root, files, patience)
    finally:
        client.close(timeout=5)


def _use(
    client: Any,
    address: str,
    root: Path,
    files: Callable[[Job], Iterable[Path]],
    patience: float,
) -> Iterator[Place]:
    """Give jobs to the workers that suit, as long as there are any."""
    wanted = _wanted_versions(root)
    chosen, refused = _choose_workers(client, address, wanted, patience)
    # Without this, a worker that is started anew, elsewhere, gets nothing.
    where = {"workers": chosen} if refused else {}
    executor = client.get_executor(pure=False, **where)
    waiting: dict[Future[Outcome], Future[bytes]] = {}

    work = _Sent("work")

    def submit(job: Job) -> Future[Outcome]:
        archive = _pack(job, root, files(job))
        there = executor.submit(work, archive, wanted)
        here: Future[Outcome] = Future()
        waiting[here] = there
        here.add_done_callback(forget)
        there.add_done_callback(lambda _: _pass_on(job, address, there, here))
        return here

    def forget(here: Future[Outcome]) -> None:
        """Let the cluster forget a job, too, that nobody waits for."""
        waiting.pop(here).cancel()
        if here.cancelled():
            here.set_running_or_notify_cancel()

    def watch() -> None:
        """Do not wait for ever for workers that have gone."""
        last = time.monotonic()
        while not over.wait(1):
            try:
                workers = client.scheduler_info()["workers"]
            except Exception:  # then Dask has given up all jobs
                return
            if workers.keys() & chosen if refused else workers:
                last = time.monotonic()
            elif time.monotonic() - last > patience:
                _give_up([*waiting], f"{address} has no worker any more")

    over = threading.Event()
    threading.Thread(target=watch, daemon=True).start()
    try:
        # A worker ends the process of a job that is cancelled.
        yield Place(submit, stop=lambda: None)
    finally:
        over.set()


def _wanted_versions(root: Path) -> dict[str, str]:
    """Return the versions of all that a book needs, with what that needs."""
    found = remote.versions()
    todo = [*_BASE]
    file = root / "requirements.txt"
    for line in file.read_text("utf-8").splitlines() if file.is_file() else []:
        try:
            todo.append(Requirement(line.partition(" #")[0]).name)
        except InvalidRequirement:
            continue  # an option, or a comment
    # The tools themselves come with each job.
    names = {"Python", "system", "booktools"}
    while todo:
        name = canonicalize_name(todo.pop())
        if name in names or name not in found:
            continue
        names.add(name)
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": ""}):
                todo.append(requirement.name)
    return {name: found[name] for name in sorted(names)}


def _choose_workers(
    client: Any, address: str, wanted: Mapping[str, str], patience: float
) -> tuple[list[str], bool]:
    """Return the workers that suit, and whether there are others."""
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError:
        raise SystemExit(
            f"{address} (BOOK_DASK) has no worker: start one with: "
            f"dask worker {address}"
        ) from None
    differences = client.run(_Sent("difference"), wanted)
    names = {
        worker: about["name"]
        for worker, about in client.scheduler_info()["workers"].items()
    }
    for worker, other in sorted(differences.items()):
        if other:
            name = names.get(worker, worker)
            where = worker if name == worker else f"{name} ({worker})"
            print(
                f"the worker {where} gets no job, for it has {other}",
                file=sys.stderr,
            )
    chosen = [worker for worker, other in differences.items() if not other]
    if not chosen:
        raise SystemExit(
            f"{address} (BOOK_DASK) has no worker with the versions of this "
            "machine: install there what requirements.txt names"
        )
    return chosen, len(chosen) < len(differences)


def _pack(job: Job, root: Path, files: Iterable[Path]) -> bytes:
    """Return all that a worker needs, as one zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _tools().items():
            archive.writestr(f"{remote.TOOLS}/{name}", content)
        for path in files:
            name = Path(os.path.relpath(path, root)).as_posix()
            if name.startswith("../"):
                raise SystemExit(
                    f"{job.path} reads {name}, which is outside of the book: "
                    "no cluster gets it"
                )
            archive.writestr(f"{remote.BOOK}/{name}", path.read_bytes())
        cwd = Path(os.path.relpath(job.cwd, root))
        sent = replace(job, root=Path(), cwd=cwd)
        archive.writestr(remote.JOB, pickle.dumps(sent))
    return stream.getvalue()


class _Sent:
    """A function of `remote`, for workers, which do not have that module."""

    def __init__(self, name: str):
        source = Path(remote.__file__).read_text("utf-8")
        names = "{'__name__': 'remote'}"
        self._expression = (
            f"(lambda names: exec({source!r}, names) or names[{name!r}])"
            f"({names})"
        )

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return eval, (self._expression,)

    def __call__(self) -> None:
        """Look like a function to Dask; what is called is that on workers."""


@cache
def _tools() -> dict[str, bytes]:
    """Return the files of these tools that run a notebook."""
    top = Path(__file__).parents[1]
    files = [top / "__init__.py", top / "problem.py"]
    files += [p for p in (top / "run").iterdir() if p.is_file()]
    return {
        path.relative_to(top.parent).as_posix(): path.read_bytes()
        for path in sorted(files)
    }


def _pass_on(
    job: Job, address: str, there: Future[bytes], here: Future[Outcome]
) -> None:
    """Turn what a worker answers into the outcome of a job."""
    if there.cancelled():  # by Dask, for nobody here wanted it
        _give_up([here], f"the scheduler {address} is gone")
    elif error := there.exception():
        why = str(error).partition("\n")[0]
        if type(error).__name__ == "KilledWorker":
            why = "each worker that ran it was lost: is there memory enough?"
        problem = job.problem(0, "cluster", why)
        _settle(here, Outcome(job, 0, (problem,)))
    else:
        try:
            _settle(here, _read_answer(job, there.result()))
        except Exception as error:  # or nobody would hear of it
            _settle(here, error)


def _read_answer(job: Job, answer: bytes) -> Outcome:
    """Return an outcome as if the job had run here."""
    notebook: NotebookNode
    notebook, seconds, problems, traceback = pickle.loads(answer)
    # The notebook that the build knows gets the outputs.
    job.notebook.update(notebook)
    if not problems:
        # Nothing of this machine may be on a page, either.
        for cell in job.notebook.cells:
            drop_unshown(cell, job.root)
        problems = tuple(find_leaks(job))
    return Outcome(job, seconds, problems, traceback)


def _give_up(futures: Collection[Future[Outcome]], why: str) -> None:
    """End the build: those who wait for these futures get no outcome."""
    kept = "outputs of chapters that were done before are kept"
    for future in futures:
        _settle(future, SystemExit(f"{why}; {kept}, build again"))


def _settle(future: Future[Outcome], what: Outcome | BaseException) -> None:
    """Give a future its result, unless it has one or was cancelled."""
    with suppress(InvalidStateError):
        if isinstance(what, Outcome):
            future.set_result(what)
        else:
            future.set_exception(what)
