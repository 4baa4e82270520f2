"""Chapters on a Dask cluster: real schedulers, real workers."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import dask
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from booktools.run import cache, execute, remote
from booktools.run.cluster import _pass_on, cluster
from booktools.run.job import Job, Part
from booktools.run.limits import Limits
from tests.books import CASES, Book, write_book
from tests.tools.test_execute import (
    HOSTILE,
    LEAVE,
    check_hostile,
    printed,
    still_running,
)

pytestmark = pytest.mark.slow

BOOK = CASES / "books" / "places"


def wait_until(what, seconds=90):
    """Wait for a condition; return what it is then."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


class Cluster:
    """A scheduler and workers, each in a folder of its own."""

    def __init__(self, folder: Path, inside: list[str], **environment: str):
        self.folder = folder
        self.address = ""
        self.workers: list[subprocess.Popen[bytes]] = []
        # Short enough for sockets.
        self.temporary = Path(tempfile.mkdtemp(prefix="c-", dir="/tmp"))
        self.environment = environment
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler",
            [*inside, "--port", "0", "--scheduler-file", file],
        )

        def address() -> str:
            text = file.read_text() if file.exists() else ""
            return text.partition('"address": "')[2].partition('"')[0]

        self.address = wait_until(address)

    def _start(self, what, options, within=(), **environment):
        command = f"distributed.cli.dask_{what}"
        name = f"{what}-{len(self.workers)}"
        folder = self.folder / name
        folder.mkdir()
        (self.temporary / name).mkdir()
        own = {"TMPDIR": str(self.temporary / name)}
        own |= {"MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", "/tmp/c-mpl")}
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [
                    *(*within, sys.executable, "-m", command),
                    *("--no-dashboard", *options),
                ],
                cwd=folder,
                # Nothing of this repository is there.
                env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
                | own
                | self.environment
                | environment,
                stdout=log,
                stderr=log,
            )

    def add(self, name="", within=(), options=(), **environment):
        """Start a worker, and wait until the scheduler knows it."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        name = name or f"w{len(self.workers)}"
        options = ["--no-nanny", "--nthreads", "1", "--name", name, *options]
        worker = self._start(
            "worker", [self.address, *options], within, **environment
        )
        self.workers.append(worker)
        wait_until(lambda: b"Registered to" in log.read_bytes())
        return worker

    def left(self):
        """Return what is left of jobs: temporary files, processes."""
        files = [
            path
            for name in self.temporary.iterdir()
            for path in name.iterdir()
            if path.name != "dask-scratch-space"
        ]
        return files + [p for w in self.workers for p in children(w)]

    def close(self):
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()
        shutil.rmtree(self.temporary)


def children(worker):
    """Return the living processes that a worker has started."""
    try:
        return psutil.Process(worker.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@contextmanager
def open_cluster(folder, inside=("--host", "127.0.0.1"), **environment):
    made = Cluster(folder, [*inside], **environment)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Start a scheduler and two workers, which no test may end."""
    with open_cluster(tmp_path_factory.mktemp("cluster")) as two:
        two.add()
        two.add()
        yield two


@pytest.fixture
def alone(tmp_path):
    """Start a scheduler without workers."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    variable = "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT"
    with open_cluster(folder, **{variable: "3s"}) as alone:
        yield alone


def make_job(root: Path, source: str, **changes) -> Job:
    spec = {"name": "python3", "display_name": "Python 3"}
    notebook = new_notebook(
        metadata={"kernelspec": spec}, cells=[new_code_cell(source)]
    )
    part = Part("code cell 1", 10, source)
    job = Job("a.md", notebook, (part,), root, root, 60)
    return replace(job, **changes)


def run(address, *jobs, files=lambda job: ()):
    """Run jobs on a cluster."""
    where = cluster(address, jobs[0].root, files)
    outcomes = execute.run(jobs, where, lambda outcome: None)
    found = {id(outcome.job): outcome for outcome in outcomes}
    return [found[id(job)] for job in jobs]


@pytest.fixture
def hurry():
    """Wait for workers two seconds only."""
    with dask.config.set({"distributed.comm.timeouts.connect": "2s"}):
        yield


@pytest.fixture
def place_book(tmp_path, builder):
    """Make copies of a small book."""

    def place_book(name: str, **environment: str) -> Book:
        root = write_book(tmp_path / name, BOOK)
        book = Book(root, builder, **environment)
        book.extract()
        return book

    return place_book


def test_pages_are_equal_wherever_chapters_run(two, place_book, builder):
    sites = {}
    for name, environment in {
        "forked": {},
        "not forked": {"BOOK_FORK": "0", "BOOK_JOBS": "1"},
        "cluster": {"BOOK_DASK": two.address, "BOOK_JOBS": "none"},
    }.items():
        book = place_book(name, **environment)
        assert "code: 4 executed" in book.succeed().stdout
        sites[name] = book.site()
    shares = [place_book(f"share {i}") for i in (1, 2)]
    for i, book in enumerate(shares, 1):
        assert "code: 2 executed" in book.succeed(BOOK_SHARD=f"{i}/2").stdout
        assert not book.site()
    book = place_book("merged")
    caches = [str(b.root / "_build" / ".jupyter_cache") for b in shares]
    done = builder.tools(book.root, "merge", *caches)
    assert (done.returncode, done.stderr) == (0, "")
    assert "code: 0 executed, 4 from cache" in book.succeed().stdout
    sites["merged"] = book.site()
    # What fails, fails in the same words, and the site stays.
    book.replace("chapters/reads.md", "(numbers)\n```", "(unknown)\n```")
    results = book.build(), book.build(BOOK_DASK=two.address)
    assert [result.returncode for result in results] == [1, 1]
    here, there = (result.stderr.splitlines()[-2:] for result in results)
    assert here == there
    what = "25 (code cell 1): NameError: name 'unknown' is not defined"
    assert here == [
        "1 problem, no page written:",
        f"chapters/reads.md:{what}",
    ]
    assert book.site() == sites["merged"]
    first = sites.pop("forked")
    assert len(first) > 50
    for site in sites.values():
        assert site == first
    assert two.left() == []


# Of what is tested here, what has to do with how kernels start and end.
SOME = ("kill", "frozen", "pictures", "half")


def test_hostile_cells(two, tmp_path):
    """What ends a chapter here ends it there, in the same words."""
    jobs = []
    for name in SOME:
        wait = 8 if name == "frozen" else 60
        source = HOSTILE[name][0]
        jobs.append(make_job(tmp_path, source, path=name, timeout=wait))
    for outcome in run(two.address, *jobs):
        check_hostile(outcome, HOSTILE[outcome.job.path][1])
    assert two.left() == []


def test_limits_and_processes_left_behind(two, tmp_path):
    source = LEAVE.format(folder=tmp_path) + "time.sleep(60)"
    endless = "blocks = []\nwhile True:\n    blocks.append(b'x' * 10_000_000)"
    late, large = run(
        two.address,
        make_job(tmp_path, source, timeout=4),
        make_job(tmp_path, endless, limits=Limits(memory=300)),
    )
    assert [problem.rule for problem in late.problems] == ["timeout"]
    assert "takes more than 300 MB of memory" in large.problems[0].message
    assert still_running(tmp_path) == []
    assert two.left() == []


def test_no_path_of_any_machine_gets_onto_a_page(two, tmp_path):
    jobs = [
        make_job(tmp_path, f"import os\nprint({path})")
        for path in ("os.getcwd() + '/x'", repr(f"{tmp_path}/x"))
    ]
    for outcome in run(two.address, *jobs):
        [problem] = outcome.problems
        assert problem.rule == "machine-path"


def test_only_files_of_the_book_are_sent(two, tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "secret").write_text("")
    job = make_job(tmp_path / "book", "1")
    with pytest.raises(SystemExit, match=r"a.md reads \.\./secret, which is"):
        run(two.address, job, files=lambda job: [tmp_path / "secret"])


FIRST = """
import os, time
from pathlib import Path
marker = Path({folder!r}, "began")
if not marker.exists():
    marker.write_text("")
    time.sleep(100)
print("done")
"""


def busy(workers):
    """Return the worker that runs a kernel."""
    return next((w for w in workers if len(children(w)) > 2), None)


def test_a_worker_killed_in_mid_chapter(alone, tmp_path, monkeypatch):
    workers = [alone.add(), alone.add()]
    began = tmp_path / "began"

    def kill():
        wait_until(began.exists)
        worker = busy(workers)
        lost = children(worker)
        worker.kill()
        worker.wait()
        return lost

    lost = []
    where = cluster(alone.address, tmp_path, lambda job: ())
    with where as place:
        job = make_job(tmp_path, FIRST.format(folder=str(tmp_path)))
        future = place.submit(job)
        lost = kill()
        assert printed(future.result(60)) == "done\n"
    assert len(lost) > 2
    wait_until(lambda: not any(p.is_running() for p in lost))
    wait_until(lambda: alone.left() == [])


def ip(*arguments):
    command = ["ip", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True)


class Machines:
    """Two network namespaces: machines that only a cable joins to this."""

    def __init__(self):
        pid = os.getpid()
        self.names = [f"book{pid}-{i}" for i in (1, 2)]
        self.cables = [f"b{pid}-{i}" for i in (1, 2)]
        # Ours, and theirs.
        self.ends = [
            [f"10.{100 + pid % 100}.{i}.{end}" for end in (1, 2)]
            for i in (1, 2)
        ]

    def __enter__(self):
        try:
            for name, cable, (ours, theirs) in zip(
                self.names, self.cables, self.ends, strict=True
            ):
                ip("netns", "add", name)
                peer = ("peer", "name", "cable", "netns", name)
                ip("link", "add", cable, "type", "veth", *peer)
                ip("address", "add", f"{ours}/24", "dev", cable)
                ip("link", "set", cable, "up")
                there = ("-n", name)
                ip(*there, "address", "add", f"{theirs}/24", "dev", "cable")
                ip(*there, "link", "set", "cable", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:  # their cables go with them
            subprocess.run(["ip", "netns", "delete", name], check=False)


def has_namespaces():
    try:
        with Machines():
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


# What a machine does that falls silent: lose its cable, where the system lets
# us make networks; else freeze.
SILENCE = ["cable" if has_namespaces() else "freeze"]


@pytest.mark.parametrize("how", SILENCE)
def test_a_machine_that_falls_silent_in_mid_chapter(how, tmp_path):
    # It is believed to live for that long.
    patience = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s"}
    inside = ["--host", "127.0.0.1" if how == "freeze" else "tcp://0.0.0.0"]
    with (
        Machines() if how == "cable" else nullcontext() as machines,
        open_cluster(tmp_path, inside, **patience) as made,
    ):
        port = made.address.rpartition(":")[2]
        for i in range(2):
            within, options = [], []
            if machines:
                ours, theirs = machines.ends[i]
                made.address = f"tcp://{ours}:{port}"
                within = ["ip", "netns", "exec", machines.names[i]]
                options = ["--host", theirs]
            made.add(within=within, options=options)
        with cluster(made.address, tmp_path, lambda job: ()) as place:
            job = make_job(tmp_path, FIRST.format(folder=str(tmp_path)))
            future = place.submit(job)
            wait_until((tmp_path / "began").exists)
            worker = busy(made.workers)
            if machines:
                cable = machines.cables[made.workers.index(worker)]
                ip("link", "set", cable, "down")
            else:
                worker.send_signal(signal.SIGSTOP)
            assert printed(future.result(60)) == "done\n"


def test_a_chapter_that_takes_every_worker_with_it(tmp_path, hurry):
    with open_cluster(
        tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0"
    ) as made:
        worker = made.add()
        with cluster(made.address, tmp_path, lambda job: ()) as place:
            source = FIRST.format(folder=str(tmp_path))
            future = place.submit(make_job(tmp_path, source))
            wait_until((tmp_path / "began").exists)
            worker.kill()
            outcome = future.result(60)
            assert [str(problem) for problem in outcome.problems] == [
                "a.md:10 (code cell 1): each worker that ran it was lost: is "
                "there memory enough?"
            ]
            # Nobody is left for this one.
            with pytest.raises(SystemExit, match="has no worker any more; o"):
                place.submit(make_job(tmp_path, "2")).result(60)


def test_no_worker_and_workers_with_other_versions(
    alone, tmp_path, hurry, capfd
):
    job = make_job(tmp_path, "print('done')")
    with pytest.raises(SystemExit) as error:
        run(alone.address, job)
    assert str(error.value) == (
        f"{alone.address} (BOOK_DASK) has no worker: start one with: "
        f"dask worker {alone.address}"
    )
    other = tmp_path / "other"
    (other / "numpy-1.0.dist-info").mkdir(parents=True)
    # As if it were another machine with another Python.
    (other / "sitecustomize.py").write_text(
        "import platform\nplatform.python_version = lambda: '3.10.1'\n"
        "platform.machine = lambda: 'abacus'\n"
    )
    alone.add(name="old", PYTHONPATH=str(other))
    with pytest.raises(SystemExit, match="no worker with the versions of"):
        run(alone.address, job)
    line = r"the worker old (tcp://127.0.0.1:"
    said = capfd.readouterr().err
    assert said.startswith(line)
    own = remote.versions()
    end = (
        f") gets no job, for it has Python 3.10.1 instead of {own['Python']}, "
        f"numpy 1.0 instead of {own['numpy']}, system Linux abacus instead of "
        f"{own['system']}\n"
    )
    assert said.endswith(end)
    # The others do it all.
    alone.add(name="new")
    jobs = [make_job(tmp_path, f"print({i})") for i in range(2)]
    outcomes = run(alone.address, *jobs)
    assert [printed(outcome) for outcome in outcomes] == ["0\n", "1\n"]
    assert capfd.readouterr().err.startswith(line)


def test_a_worker_that_comes_later_with_other_versions(alone, tmp_path, hurry):
    other = tmp_path / "other"
    (other / "numpy-1.0.dist-info").mkdir(parents=True)
    good = alone.add()
    with cluster(alone.address, tmp_path, lambda job: ()) as place:
        good.kill()
        alone.add(PYTHONPATH=str(other))
        outcome = place.submit(make_job(tmp_path, "1")).result(60)
    [problem] = outcome.problems
    assert " has numpy 1.0 instead of " in problem.message


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "nonsense://x:1", "tcp://x", ""]
)
def test_no_scheduler(address, tmp_path, hurry):
    with pytest.raises(SystemExit, match=r"^no scheduler answers at "):
        run(address, make_job(tmp_path, "1"))


def test_an_answer_that_nobody_can_read_ends_the_build(tmp_path):
    there, here = Future(), Future()
    there.set_result(b"x")
    _pass_on(make_job(tmp_path, "1"), "tcp://x:1", there, here)
    assert isinstance(here.exception(), pickle.UnpicklingError)


def test_dask_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SystemExit) as error:
        run("tcp://127.0.0.1:1", make_job(Path(), "1"))
    assert str(error.value) == (
        "BOOK_DASK is set, but distributed is not installed: python -m pip "
        'install "booktools[cluster]"'
    )


CHAPTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# A chapter

```{code-cell}
import time
open(%r, "w").close()
time.sleep(%d)
```
"""


def begin(new_book, tmp_path, address):
    """Build a book on a cluster up to the middle of its second chapter."""
    quick, slow = tmp_path / "quick", tmp_path / "slow"
    book = new_book(
        {
            "_config.yml": (BOOK / "_config.yml").read_text("utf-8"),
            "chapters/a.md": CHAPTER % (str(quick), 0),
            "chapters/z.md": CHAPTER % (str(slow), 100),
        },
        BOOK_DASK=address,
    )
    build = book.start(start_new_session=True)
    executed = book.root / "_build" / ".jupyter_cache" / "executed"
    wait_until(slow.exists)
    wait_until(lambda: [*executed.glob("*/base.ipynb")])
    return book, build


def test_a_scheduler_that_goes_away(alone, new_book, tmp_path):
    worker = alone.add()
    book, build = begin(new_book, tmp_path, alone.address)
    alone.scheduler.kill()
    _, said = build.communicate(timeout=60)
    assert build.returncode == 1
    assert said == (
        f"the scheduler {alone.address} is gone; outputs of chapters that "
        "were done before are kept, build again\n"
    )
    assert not book.site()
    book.replace("chapters/z.md", "time.sleep(100)", "1")
    said = book.succeed(BOOK_DASK=None).stdout
    assert "code: 1 executed, 1 from cache" in said
    worker.wait(60)  # it goes, too, but not before its job has
    assert alone.left() == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_an_interrupted_build_leaves_nothing_on_workers(
    name, two, new_book, tmp_path
):
    book, build = begin(new_book, tmp_path, two.address)
    assert two.left() != []
    build.send_signal(signal.Signals[name])
    build.communicate(timeout=60)
    assert build.returncode
    wait_until(lambda: two.left() == [])
    assert not book.site()
    there = cache.open_cache(book.root / "_build" / ".jupyter_cache")
    assert [r.uri for r in there.list_cache_records()] == ["chapters/a.md"]
