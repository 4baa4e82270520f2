"""Running notebooks, without Sphinx."""

import ast
import os
import shutil
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

from booktools.run import cache, execute, kernels, notebook, outputs
from booktools.run.job import Job, Outcome, Part
from booktools.run.limits import Limits
from booktools.run.local import Queue, this_machine

ROOT = Path(__file__).parents[2]

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
    outcomes = execute.run(
        jobs, this_machine(jobs, 2, fork), lambda outcome: None
    )
    found = {id(outcome.job): outcome for outcome in outcomes}
    return [found[id(job)] for job in jobs]


def printed(outcome: Outcome) -> str:
    """Return all that a job has printed."""
    assert outcome.problems == ()
    outputs = [o for c in outcome.job.notebook.cells for o in c.outputs]
    return "".join(output.get("text", "") for output in outputs)


STATE = """
# The word sympy makes it wait for the fork server.
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
    monkeypatch.setattr(notebook, "find_leaks", lambda job: [])
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


def test_forks_share_the_memory_of_their_server(
    make_job, tmp_path, monkeypatch
):
    """No search for garbage touches it, wherever the tools are."""
    monkeypatch.chdir(tmp_path)
    source = "import gc\nprint(gc.get_freeze_count())  # sympy"
    jobs = [make_job(source), make_job("1"), make_job("2")]
    assert int(printed(run(*jobs, fork=True)[0])) > 50_000


def test_the_order_in_which_workers_wait_little(make_job):
    sources = ["1", "2", "import torch", "3", "import torch, sympy", "4"]
    queue = Queue([make_job(source) for source in sources])
    ready = [False, False, False, True, True, True]
    taken = [queue.take(is_ready).code for is_ready in ready]
    slow = ["import torch", "import torch, sympy"]
    # One job waits for the server meanwhile; nothing is taken twice.
    assert taken == [slow[0], "1", "2", slow[1], "3", "4"]


# Ways to leave a process behind, each with its pid in a file.
LEAVE = """
# The word sympy makes it wait for the fork server.
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
RULES = [[], ["failing-cell"], ["dead-kernel"], ["timeout"]]


@pytest.mark.slow
@both
def test_processes_left_behind(fork, make_job, tmp_path):
    jobs = []
    for i, end in enumerate(ENDS):
        (tmp_path / str(i)).mkdir()
        source = LEAVE.format(folder=tmp_path / str(i)) + end
        jobs.append(replace(make_job(source), timeout=4 + 60 * (i < 3)))
    outcomes = run(*jobs, fork=fork)
    rules = [[p.rule for p in outcome.problems] for outcome in outcomes]
    assert rules == RULES
    for i in range(len(ENDS)):
        assert still_running(tmp_path / str(i)) == []


BUILD = """
import os
import sys
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

from booktools.run import execute
from booktools.run.job import Job, Part
from booktools.run.local import this_machine

def job(source):
    notebook = new_notebook(cells=[new_code_cell(source)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "P"}
    part = Part("code cell 1", 1, source)
    return Job("a.md", notebook, (part,), Path(), Path(), 60)

def report(outcome):
    print(len(outcome.job.notebook.cells[0].outputs))

if __name__ == "__main__":
    os.environ["BUILD"] = str(os.getpid())
    jobs = [job(source) for source in sys.argv[2:]]
    execute.run(jobs, this_machine(jobs, 2, sys.argv[1] == "fork"), report)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fork", "number"),
    [(0, "SIGINT"), (1, "SIGTERM"), (0, "SIGKILL"), (1, "SIGKILL")],
)
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
            *(source, "1", "1"),
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


PLOT = "import matplotlib.pyplot as plt\n"
RICH = """
class A:
    def _repr_html_(self):
        {}
A()
"""
SEND = "from IPython.display import display\ndisplay({}, raw=True)"

# Cells, and what the first problem says; "" if there is none.
HOSTILE = {
    # An error is one wherever it comes from.
    "minimal": ("%xmode Minimal\n1 / 0", "11 ZeroDivisionError: division"),
    "drawing": (PLOT + "plt.xlabel(r'$\\frac{$');", "10 ValueError: \\frac{"),
    "html": (RICH.format("1 / 0"), "13 ZeroDivisionError: division by zero"),
    "repr": ("class A:\n    __repr__ = lambda self: 1 / 0\nA()", "11 Zero"),
    "shown": (
        "try:\n    1 / 0\nexcept Exception:\n"
        "    get_ipython().showtraceback()",
        "11 ZeroDivisionError: division by zero",
    ),
    "sent": (
        "k = get_ipython().kernel\ncontent = dict.fromkeys("
        "['ename', 'evalue'], '') | {'traceback': []}\n"
        "k.send_response(k.iopub_socket, 'error', content)",
        "10 : k = get_ipython().kernel",
    ),
    "lines of a name": (
        "raise type('A\\nB', (Exception,), {})('x\\ny')",
        "10 A B: x",
    ),
    "callback": (
        "def f():\n    1 / 0\n"
        "get_ipython().events.register('post_execute', f)",
        "11 ZeroDivisionError: division by zero",
    ),
    "script": ("%%bash\nfalse", "10 CalledProcessError: Command"),
    "shell": (
        "\nx = 1\n!ls\n!cat nothing\n!true",
        "13 CalledProcessError: Command 'cat nothing' returned non-zero exit"
        " status 1.\n    hint: if it may fail, write || true behind it",
    ),
    "shell function": (
        "def f(name):\n    !{name}\n\nf('true')\nf('false')",
        "11 CalledProcessError: Command",
    ),
    "shell output": ("x = !nosuchcommand", "10 CalledProcessError: Command"),
    "shell fine": (
        "x = !echo a; echo b >&2; exit 0\nassert len(x) == 2\n!false || true",
        "",
    ),
    "input": ("x = input()", "10 StdinNotImplementedError"),
    # Output without end, or too much of it.
    "print": ("print('x' * 30_000_000)", "10 it shows more than 500 KB"),
    "value": ("'x' * 600_000", "10 it shows more than 500 KB"),
    "lines": ("while True: print(1)", "10 it shows more than 1,000 lines"),
    "dots": ("while True: print('.' * 1000, end='')", "10 it shows more than"),
    "yes": ("!yes", "10 it shows more than 1,000 lines"),
    "pictures": (
        PLOT + "for _ in range(60):\n    plt.figure(figsize=(1, 1))\n"
        "    plt.plot([1])\n    plt.show()",
        "10 it shows more than 50 pictures, the limit (the front matter can "
        "raise it: limits: {images: 100})",
    ),
    "updates": (
        SEND.format("{'text/plain': 'a'}, display_id='a'")
        + "\nfor _ in range(3):\n    display({'text/plain': 'x' * 300_000},"
        " raw=True, display_id='a', update=True)",
        "",
    ),
    "cleared": (
        "from IPython.display import clear_output\nfor i in range(1500):\n"
        "    clear_output(wait=True)\n    print(i)",
        "",
    ),
    "message": ("raise ValueError('x' * 30_000_000)", "10 it shows more than"),
    # No less, and no more, than all of what is shown.
    "all": (
        "from IPython.display import display\nfor i in range(3000):\n"
        "    display({'text/plain': str(i)}, raw=True)",
        "",
    ),
    # What a kernel needs itself.
    "none": (
        "import sys\nsys.stdout = None\n0",
        "10 AttributeError: 'NoneType' object has no attribute 'flush'",
    ),
    "stdout": (
        "import sys\nsys.stdout = object()",
        "10 the kernel cannot go on: AttributeError: 'object' object has no",
    ),
    "closed": ("import os\nos.closerange(0, 99)", "10 DeadKernelError: the "),
    "one": ("import os\nos.close(1)\nos.close(2)\nprint(1)", ""),
    "kill": (
        "import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(9)",
        "10 DeadKernelError: the kernel was ended by SIGKILL",
    ),
    "library": (
        "import json\njson.dumps = json.loads = None",
        "10 the kernel cannot go on: TypeError: 'NoneType' object is not",
    ),
    "signal": (
        "import os\nos.kill(os.getpid(), 40)",
        "10 DeadKernelError: the kernel was ended by signal 40",
    ),
    "frozen": (
        "import os\nos.kill(os.getpid(), __import__('signal').SIGSTOP)",
        "10 TimeoutError: still running after 8 seconds, the limit",
    ),
    "gone": (
        "import os\nos.mkdir('x')\nos.chdir('x')\nos.rmdir('../x')\n1",
        "",
    ),
    "builtins": (
        "import builtins\nbuiltins.len = None",
        "10 DeadKernelError: the kernel has ended, with exit status 1",
    ),
    # What is no text, and what is no output.
    "half": (
        "print('\\ud800')",
        "10 the kernel cannot go on: UnicodeEncodeError: 'utf-8' codec can't",
    ),
    "bytes": ("!printf '\\377x'", ""),
    "number": (SEND.format("{'text/plain': 5}"), "10 what it shows is not an"),
    "picture": (
        SEND.format("{'image/png': 'x'}"),
        "10 what it shows is not an output: Invalid base64",
    ),
    # Warnings speak for themselves, and a value that nobody wants to see.
    "warning": (
        "import warnings\nwarnings.warn('Take care.')",
        "10 it warns, and so its output has a path of this machine: "
        "UserWarning: Take care. (heed it, or filter it)",
    ),
    "thread": (
        "import threading\nt = threading.Thread(target=lambda: 1 / 0)\n"
        "t.start()\nt.join()",
        "10 its output has a path of this machine: the traceback of "
        "ZeroDivisionError: division by zero",
    ),
    "line": (
        PLOT + "plt.plot([1])",
        "10 its output has a memory address, new in every run: "
        "[<matplotlib.lines.Line2D at 0x…>]; end its last line with ;",
    ),
    "svg": (RICH.replace("html", "svg").format("return '<svg></svg>'"), ""),
    "rich": (RICH.format("return '<b>x</b>'"), ""),
    "rich leak": (RICH.format("return repr(self)"), "10 its output has a mem"),
}

# The same, for cells with a tag.
TAGGED = {
    "html": ("raises-exception", "10 its output has a memory address"),
    "shown": ("raises-exception", ""),
    "minimal": ("raises-exception", ""),
    "one": ("raises-exception", "10 it is tagged raises-exception, but rai"),
    "warning": ("remove-stderr", ""),
    "line": ("remove-output", ""),
    "thread": ("remove_cell", ""),
    "rich leak": ("hide-output", "10 its output has a memory address"),
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Run all hostile cells, some of them in kernels that are no forks."""
    names = [*((name, "") for name in HOSTILE)]
    names += [(name, tag) for name, (tag, _) in TAGGED.items()]
    jobs = []
    for name, tag in names:
        root = tmp_path_factory.mktemp("hostile")
        source = HOSTILE[name][0]
        cell = new_code_cell(source, metadata={"tags": [tag]} if tag else {})
        notebook = new_notebook(cells=[cell])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "P"}
        part = Part("code cell 1", 10, source)
        wait = 8 if name == "frozen" else 60
        path = f"{name} {tag}".strip()
        jobs.append(Job(path, notebook, (part,), root, root, wait))
    started = jobs[::8]
    forked = [job for job in jobs if job not in started]
    outcomes = [*run(*started), *run(*forked, fork=True)]
    return {outcome.job.path: outcome for outcome in outcomes}


def check_hostile(outcome: Outcome, expected: str) -> None:
    found = [
        str(problem).replace(f"{outcome.job.path}:", "")
        for problem in outcome.problems
    ]
    found = [line.replace("(code cell 1): ", "") for line in found]
    assert found[:1] == found
    assert "".join(found).startswith(expected)
    assert bool(found) == bool(expected)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_cell(name, hostile):
    check_hostile(hostile[name], HOSTILE[name][1])


@pytest.mark.parametrize("name", TAGGED)
def test_hostile_cell_with_a_tag(name, hostile):
    tag, expected = TAGGED[name]
    check_hostile(hostile[f"{name} {tag}"], expected)


def test_no_output_is_lost(hostile):
    [cell] = hostile["all"].job.notebook.cells
    texts = [output.data["text/plain"] for output in cell.outputs]
    assert texts == [str(i) for i in range(3000)]


# Shows more than fits into any buffer while the build cannot take it.
FLOOD = """
import os, signal, time
from IPython.display import display
build = int(os.environ["BUILD"])
os.kill(build, signal.SIGSTOP)
try:
    for i in range(3000):
        display({"text/plain": str(i) * 50}, raw=True)
    time.sleep(1)
finally:
    os.kill(build, signal.SIGCONT)
"""


@pytest.mark.slow
@pytest.mark.parametrize("fork", ["start", "fork"])
def test_no_output_is_lost_while_the_build_is_busy(fork, tmp_path):
    (tmp_path / "build.py").write_text(BUILD)
    others = ["1", "2"] if fork == "fork" else []
    done = subprocess.run(
        [sys.executable, "build.py", fork, FLOOD, *others],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert "3000" in done.stdout.split(), done.stderr


@pytest.mark.parametrize(
    ("options", "kernel"),
    [
        ([], "ipykernel_launcher"),
        (["-Xfrozen_modules=off"], "ipykernel_launcher"),
        (["-X", "utf8", "-I"], "ipykernel_launcher"),
        ([], "xpython"),
    ],
)
def test_how_a_kernel_is_started(options, kernel):
    given = ["python", *options, "-m", kernel, "-f", "x.json"]
    own = kernels._with_own_launcher(given)
    if kernel == "xpython":
        assert own == given
    else:
        file = str(ROOT / "booktools" / "run" / "launcher.py")
        assert own == ["python", *options, file, "-f", "x.json"]


def test_what_no_page_shows_is_not_kept(hostile):
    [output] = hostile["rich"].job.notebook.cells[0].outputs
    assert output.data == {"text/html": "<b>x</b>"}


ENDLESS = "blocks = []\nwhile True:\n    blocks.append(b'x' * 10_000_000)"


@both
def test_memory(fork, make_job):
    """Of a kernel, and of all processes that it starts."""
    child = (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', {!r}])"
    )
    limits = Limits(memory=300)
    jobs = [
        replace(make_job("# sympy"), limits=limits),
        replace(make_job("# sympy\n" + ENDLESS), limits=limits),
        replace(make_job("# sympy\n" + child.format(ENDLESS)), limits=limits),
    ]
    fine, *others = run(*jobs, fork=fork)
    assert fine.problems == ()
    for outcome in others:
        assert [problem.message for problem in outcome.problems] == [
            "the chapter takes more than 300 MB of memory, the limit "
            "(the front matter can raise it: limits: {memory: 600})"
        ]


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

    def merged(*parts):
        return [
            (output.get("name"), output.get("text"))
            for output in outputs.merge_streams(list(parts))
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
    problems = list(outputs.find_leaks(job))
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
    there = cache.open_cache(folder)
    assert not cache.is_cached(there, job.notebook)
    cache.store(there, Outcome(job, 0.1, ()))
    assert cache.is_cached(cache.open_cache(folder), job.notebook)
    damage(folder)
    there = cache.open_cache(folder)
    assert not cache.is_cached(there, job.notebook)
    # As if it had never been there.
    assert there.list_cache_records() == []
    cache.store(there, Outcome(job, 0.1, ()))
    assert cache.is_cached(cache.open_cache(folder), job.notebook)


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "damage", [remove, overwrite_database, empty_database, cut_file]
)
def test_cache_that_is_damaged_while_code_runs(damage, make_job, tmp_path):
    """MyST-NB must not run what it does not find."""
    folder = tmp_path / "cache"
    earlier, job = make_job("1"), make_job("2")
    there = cache.open_cache(folder)
    cache.store(there, Outcome(earlier, 0.1, ()))
    cache.check_cache(folder, [earlier])
    damage(folder)
    cache.store(there, Outcome(job, 0.1, ()))
    with pytest.raises(SystemExit, match=r"have been lost from .*/cache: "):
        cache.check_cache(folder, [earlier, job])


def test_cache_that_cannot_be_opened(tmp_path):
    with pytest.raises(SystemExit, match=r"^the cache .*h%25/cache cannot be"):
        cache.open_cache(tmp_path / "h%25" / "cache")


def test_folder_that_the_search_path_cannot_hold(make_job, tmp_path):
    with pytest.raises(SystemExit, match="rename the folder with ':'"):
        run(replace(make_job("1"), root=tmp_path / "a:b"))


def test_long_name_of_the_temporary_folder(make_job, tmp_path, monkeypatch):
    """No socket's name has more than 107 bytes."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    jobs = [make_job(f"# sympy\n{i}") for i in range(3)]
    for outcome in run(*jobs, fork=True):
        assert outcome.problems == ()
    assert list(folder.glob("kernels-*")) == []


def test_key_of_the_cache(make_job, tmp_path):
    """What MyST-NB looks for: code, options, and all of the kernelspec."""
    there = cache.open_cache(tmp_path / "cache")
    job = make_job("1 + 1", booktools="digest")
    job.notebook.cells[0].outputs = [
        new_output("execute_result", data={"text/plain": "2"})
    ]
    cache.store(there, Outcome(job, 0.1, ()))
    other = make_job("1 + 1", booktools="another digest")
    assert not cache.is_cached(there, other.notebook)
    same = make_job("1 + 1", booktools="digest").notebook
    same.metadata.title = "Anything else"
    _, found = there.merge_match_into_notebook(same)
    assert found.cells[0].outputs == job.notebook.cells[0].outputs


def test_unsuitable_version(monkeypatch):
    assert execute.unsuitable_version() == ""
    monkeypatch.setitem(execute.SUITABLE, "nbclient", "99.")
    assert "but this book needs nbclient 99.x" in execute.unsuitable_version()


def test_fonts_are_found_before_kernels_start(tmp_path):
    """Else Matplotlib says on a page that it searches for them."""
    script = "from booktools.run import local; local._find_fonts()"
    environment = {"PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | environment,
        check=True,
    )
    assert list(tmp_path.glob("fontlist-*.json"))
