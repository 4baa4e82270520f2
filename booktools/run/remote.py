"""What a worker of a cluster does with a job.

A worker needs what `requirements.txt` names, and Dask; it has neither the
book nor these tools.  Both travel with each job, and live in a temporary
folder, in a process of their own, as long as the job runs.

This module is sent as text, so that a worker of another Python, too, can say
which it is.  Until `main`, in that process, it has the standard library only.
"""

import os
import pickle
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

# The folders of the book and of the tools, and the job, in what is sent.
BOOK, TOOLS, JOB = "book", "tools", "job"

# Takes what is sent from stdin, and goes on in `main`.  Its folder is removed
# when it ends, and by the guard of its kernel when it is killed.
_START = f"""
import io, sys, zipfile
from multiprocessing.util import get_temp_dir

folder = get_temp_dir()
data = sys.stdin.buffer.read(int(sys.stdin.buffer.readline()))
zipfile.ZipFile(io.BytesIO(data)).extractall(folder)
sys.path.insert(0, folder + "/{TOOLS}")
from booktools.run.remote import main
main(folder)
"""


def versions() -> dict[str, str]:
    """Return the versions of all that may change what chapters put out."""
    found = {}
    for folder in reversed(sys.path):  # the first that has a package counts
        for path in Path(folder or os.curdir).glob("*.*-info"):
            name, _, version = path.stem.partition("-")
            found[re.sub(r"[-_.]+", "-", name).lower()] = version
    found["Python"] = platform.python_version()
    found["system"] = f"{platform.system()} {platform.machine()}"
    return found


def difference(wanted: Mapping[str, str]) -> str:
    """Return what is other here than it should be, or nothing."""
    found = versions()
    others = [
        f"{name} {found[name]} instead of {version}"
        if name in found
        else f"no {name} {version}"
        for name, version in wanted.items()
        if found.get(name) != version
    ]
    more = [f"{len(others) - 3} more such"] if len(others) > 3 else []
    return ", ".join(others[:3] + more)


def work(archive: bytes, wanted: Mapping[str, str]) -> bytes:
    """Run a job, in a process that ends when nobody waits for it any more.

    Parameters
    ----------
    archive : bytes
        A zip file with the job, the book's files that it needs, the tools.
    wanted : mapping of str to str
        The versions that it must be run with.

    Returns
    -------
    bytes
        What `main` answers.

    Raises
    ------
    RuntimeError
        If there is no answer; says why.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    if other := difference(wanted):
        raise RuntimeError(f"the worker {worker.address} has {other}")
    with (
        tempfile.TemporaryFile() as answer,
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=errors,
        ) as process,
    ):
        assert process.stdin
        with suppress(BrokenPipeError):  # it says why
            process.stdin.write(b"%d\n%s" % (len(archive), archive))
            process.stdin.flush()
        while process.poll() is None:
            task = worker.state.tasks.get(key)
            leaves = worker.status.name in ("closing", "closed")
            if leaves or task is None or task.state == "cancelled":
                with suppress(BrokenPipeError):
                    process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
        answer.seek(0)
        errors.seek(0)
        if process.returncode == 0:
            return answer.read()
        said = errors.read().decode("utf-8", "replace").strip() or "nothing"
        raise RuntimeError(
            f"the worker {worker.address} ended with status "
            f"{process.returncode}, and said: {said.splitlines()[-1]}"
        )


def main(folder: str) -> None:
    """Run the job in a folder; write the notebook, and all else of it."""
    from booktools.run.execute import run
    from booktools.run.local import this_machine

    signal.signal(signal.SIGTERM, _end)
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)  # for whatever else writes there
        threading.Thread(target=_watch, daemon=True).start()
        job = pickle.loads(Path(folder, JOB).read_bytes())
        root = Path(folder, BOOK)
        job = replace(job, root=root, cwd=root / job.cwd)
        job.cwd.mkdir(parents=True, exist_ok=True)
        place = this_machine([job], workers=1, fork=False)
        [outcome] = run([job], place, lambda _: None)
        whole = (outcome.seconds, outcome.problems, outcome.traceback)
        pickle.dump((job.notebook, *whole), answer)


def _watch() -> None:
    """Wait until the worker closes stdin, or is gone; then end this process.

    Nothing is read: whoever needs a lock for that could not end.
    """
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(1)
