"""Running notebooks, without Sphinx."""

import ast
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from booktools import execute
from booktools.execute import Job, Outcome, Part

ROOT = Path(__file__).parent.parent

both = pytest.mark.parametrize("fork", [False, True], ids=["start", "fork"])


@pytest.fixture
def make_job(tmp_path):
    """Make a job from the code of its cells."""

    def make_job(*sources: str, kernel: str = "python3", **spec: str) -> Job:
        spec = {"name": kernel, "display_name": "Python 3", **spec}
        return Job(
            "chapters/a.md",
            new_notebook(
                metadata={"kernelspec": spec},
                cells=[new_code_cell(source) for source in sources],
            ),
            tuple(
                Part(f"code cell {i}", 10 * i, source)
                for i, source in enumerate(sources, 1)
            ),
            root=tmp_path,
            cwd=tmp_path,
            timeout=30,
        )

    return make_job


def run(*jobs: Job, fork: bool = False) -> list[Outcome]:
    """Run jobs; a server only forks for three or more."""
    outcomes = execute.run(jobs, 2, fork, lambda outcome: None)
    found = {id(outcome.job): outcome for outcome in outcomes}
    return [found[id(job)] for job in jobs]


def printed(outcome: Outcome) -> str:
    """Return all that a job has printed."""
    assert outcome.problems == ()
    outputs = [o for c in outcome.job.notebook.cells for o in c.outputs]
    return "".join(output.get("text", "") for output in outputs)


STATE = """
import os
import sys

print({
    "cwd": os.getcwd() == %r,
    "path": sys.path,
    "program": os.path.basename(sys.argv[0]),
    "leads its session": os.getsid(0) == os.getpid(),
    "memory": open("/proc/self/oom_score_adj").read(),
    "main": sorted(vars(sys.modules["__main__"])),
    "environment": {
        name: value for name, value in os.environ.items()
        if not name.startswith(("IPYTHONDIR", "JPY_", "PYDEVD_"))
    },
})
"""


def test_state(make_job, tmp_path, monkeypatch):
    """A forked kernel finds what one that was started finds."""
    # Its paths are what this is about.
    monkeypatch.setattr(execute, "_find_leaks", lambda job: [])
    source = STATE % str(tmp_path)
    started = run(make_job(source))[0]
    forked = run(make_job(source), make_job("1"), make_job("2"), fork=True)[0]
    state = ast.literal_eval(printed(forked))
    assert ast.literal_eval(printed(started)) == state
    assert state["cwd"]
    assert state["leads its session"]
    assert state["memory"] == "800\n"
    assert state["path"][0] == str(tmp_path)
    assert state["environment"]["OMP_NUM_THREADS"] == "1"
    assert state["environment"]["PYTHONHASHSEED"] == "0"
    # And this process is as it was.
    assert "PYTHONHASHSEED" not in os.environ


def test_forks_draw_different_numbers(make_job):
    source = "import random, numpy, torch\nprint(random.random(), {}, {})"
    source = source.format("numpy.random.rand()", "torch.rand(1).item()")
    outcomes = run(*[make_job(source) for _ in range(3)], fork=True)
    numbers = [n for o in outcomes for n in printed(o).split()]
    assert len(set(numbers)) == 9


def test_forks_may_start_processes(make_job):
    source = """
import multiprocessing

process = multiprocessing.get_context("fork").Process()
process.start()
process.join()
print(process.exitcode)
"""
    jobs = [make_job(source), make_job("1"), make_job("2")]
    assert printed(run(*jobs, fork=True)[0]) == "0\n"


# Ways to leave a process behind, each with its pid in a file.
LEAVE = """
import os, subprocess, sys, time

sleep = "echo $$ >> {folder}/pids; trap '' INT TERM HUP; exec sleep 1000"
subprocess.Popen(["sh", "-c", sleep])
subprocess.Popen(["sh", "-c", sleep], start_new_session=True)
subprocess.Popen(["sh", "-c", sleep], env=dict(), start_new_session=True)
subprocess.run(["sh", "-c", f"nohup sh -c '{{sleep}}' >/dev/null 2>&1 &"])
subprocess.run(["sh", "-c", f'setsid sh -c "({{sleep}}) &" &'])
daemon = (
    "import os\\n"
    "os.fork() and os._exit(0)\\n"
    "os.setsid()\\n"
    "os.fork() and os._exit(0)\\n"
    f"os.execl('/bin/sh', 'sh', '-c', {{sleep!r}})"
)
subprocess.run([sys.executable, "-c", daemon])
while open("{folder}/pids").read().count("\\n") < 6:
    time.sleep(0.01)
open("{folder}/ready", "w").close()
"""


def still_running(folder: Path) -> list[int]:
    pids = [int(line) for line in (folder / "pids").read_text().split()]
    assert len(pids) == 6
    running = [pid for pid in pids if psutil.pid_exists(pid)]
    # Nobody may have asked yet how they have ended.
    zombie = psutil.STATUS_ZOMBIE
    return [pid for pid in running if psutil.Process(pid).status() != zombie]


ENDS = ["pass", "1 / 0", "os._exit(1)", "time.sleep(60)"]


@both
def test_processes_left_behind(fork, make_job, tmp_path):
    jobs = []
    for i, end in enumerate(ENDS):
        (tmp_path / str(i)).mkdir()
        source = LEAVE.format(folder=tmp_path / str(i)) + end
        jobs.append(replace(make_job(source), timeout=4 + 60 * (i < 3)))
    outcomes = run(*jobs, fork=fork)
    rules = [[p.rule for p in outcome.problems] for outcome in outcomes]
    assert rules == [[], ["failing-cell"], ["dead-kernel"], ["timeout"]]
    for i in range(len(ENDS)):
        assert still_running(tmp_path / str(i)) == []


BUILD = """
import sys
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

from booktools import execute

def job(source):
    notebook = new_notebook(cells=[new_code_cell(source)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "P"}
    part = execute.Part("code cell 1", 1, source)
    return execute.Job("a.md", notebook, (part,), Path(), Path(), 60)

if __name__ == "__main__":
    jobs = [job(source) for source in sys.argv[2:]]
    execute.run(jobs, 2, sys.argv[1] == "fork", print)
"""


@both
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_nothing_is_left_of_an_interrupted_build(fork, number, tmp_path):
    folders = [tmp_path / name for name in ("temporary", "jupyter", "cwd")]
    for folder in folders:
        folder.mkdir()
    # Short enough for sockets.
    temporary = Path(tempfile.mkdtemp(dir="/tmp"))
    (tmp_path / "build.py").write_text(BUILD)
    source = LEAVE.format(folder=tmp_path) + "time.sleep(60)"
    process = subprocess.Popen(
        [
            *(sys.executable, tmp_path / "build.py", "fork" if fork else ""),
            *(source, "import sympy", "import sympy"),
        ],
        cwd=folders[2],
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(temporary),
            "JUPYTER_RUNTIME_DIR": str(folders[1]),
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "ready").exists():
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(getattr(signal, number))
    process.communicate(timeout=30)
    assert process.returncode
    deadline = time.monotonic() + 10
    while still_running(tmp_path) or list(temporary.iterdir()):
        assert time.monotonic() < deadline, list(temporary.iterdir())
        time.sleep(0.05)
    assert list(folders[1].iterdir()) == []
    temporary.rmdir()


def test_kernel_that_does_not_start(make_job, tmp_path, monkeypatch):
    folder = tmp_path / "kernels" / "broken"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(
        '{"argv": ["python", "-c", "1", "{connection_file}"],'
        ' "display_name": "Broken", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    [outcome] = run(make_job("1", kernel="broken"))
    assert [str(problem) for problem in outcome.problems] == [
        "chapters/a.md:10 (code cell 1): "
        "RuntimeError: Kernel died before replying to kernel_info"
    ]


def test_streams():
    def stream(name, text):
        return new_output("stream", name=name, text=text)

    def merged(*outputs):
        return [
            (output.get("name"), output.get("text"))
            for output in execute._merge_streams(list(outputs))
        ]

    figure = new_output("display_data", data={})
    err, out = stream("stderr", "!"), stream("stdout", "1")
    assert merged(err, out, stream("stdout", "2"), stream("stderr", "?")) == [
        ("stdout", "12"),
        ("stderr", "!?"),
    ]
    one, two = stream("stdout", "1"), stream("stdout", "2")
    assert merged(one, figure, two) == [
        ("stdout", "1"),
        (None, None),
        ("stdout", "2"),
    ]


@pytest.mark.parametrize(
    ("kind", "data", "rules"),
    [
        ("text/html", "<b>f at 0x7fd04b1c2d</b>", ["memory-address"]),
        ("image/svg+xml", "<path d='{root}/x'>", ["machine-path"]),
        ("text/plain", "{home}/x at 0x7fd04b1c2d", None),
        ("text/plain", "look at 0xff, in /dev/null", []),
        ("image/png", "{home}/x", []),
    ],
)
def test_leaks(kind, data, rules, make_job, tmp_path):
    job = make_job("1", "2")
    data = data.format(root=tmp_path, home=Path.home())
    output = new_output("display_data", data={kind: data})
    job.notebook.cells[1].outputs = [output]
    problems = list(execute._find_leaks(job))
    if rules is None:
        rules = ["memory-address", "machine-path"]
    assert [problem.rule for problem in problems] == rules
    assert all(problem.line == 20 for problem in problems)


def forget_file(folder: Path) -> None:
    next(folder.glob("executed/*/base.ipynb")).unlink()


def forget_folder(folder: Path) -> None:
    forget_file(folder)
    next(folder.glob("executed/*")).rmdir()


def cut_file(folder: Path) -> None:
    file = next(folder.glob("executed/*/base.ipynb"))
    file.write_text(file.read_text()[:100])


def empty_database(folder: Path) -> None:
    (folder / "global.db").write_bytes(b"")


def overwrite_database(folder: Path) -> None:
    (folder / "global.db").write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    "damage",
    [
        forget_file,
        forget_folder,
        cut_file,
        empty_database,
        overwrite_database,
    ],
)
def test_damaged_cache(damage, make_job, tmp_path):
    folder = tmp_path / "cache"
    job = make_job("1 + 1")
    cache = execute.open_cache(folder)
    assert not execute.is_cached(cache, job.notebook)
    execute.store(cache, Outcome(job, 0.1, ()))
    assert execute.is_cached(execute.open_cache(folder), job.notebook)
    damage(folder)
    cache = execute.open_cache(folder)
    assert not execute.is_cached(cache, job.notebook)
    # As if it had never been there.
    assert cache.list_cache_records() == []
    execute.store(cache, Outcome(job, 0.1, ()))
    assert execute.is_cached(execute.open_cache(folder), job.notebook)


def test_key_of_the_cache(make_job, tmp_path):
    """What MyST-NB looks for: code, options, and all of the kernelspec."""
    cache = execute.open_cache(tmp_path / "cache")
    job = make_job("1 + 1", booktools="digest")
    job.notebook.cells[0].outputs = [
        new_output("execute_result", data={"text/plain": "2"})
    ]
    execute.store(cache, Outcome(job, 0.1, ()))
    other = make_job("1 + 1", booktools="another digest")
    assert not execute.is_cached(cache, other.notebook)
    same = make_job("1 + 1", booktools="digest").notebook
    same.metadata.title = "Anything else"
    _, found = cache.merge_match_into_notebook(same)
    assert found.cells[0].outputs == job.notebook.cells[0].outputs


def test_unsuitable_version(monkeypatch):
    assert execute.unsuitable_version() == ""
    monkeypatch.setitem(execute.SUITABLE, "nbclient", "99.")
    assert "but this book needs nbclient 99.x" in execute.unsuitable_version()


def test_fonts_are_found_before_kernels_start(tmp_path):
    """Else Matplotlib says on a page that it searches for them."""
    script = "from booktools import execute; execute._find_fonts()"
    environment = {"PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | environment,
        check=True,
    )
    assert list(tmp_path.glob("fontlist-*.json"))
