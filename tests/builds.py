"""Builds of small books, each in a process that has the imports behind it.

``jupyter-book build .`` needs a second for its imports.  A worker imports them
once, then forks for each build; what it runs is the same command.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What a book's own copy of the tools must not find imported is left out.
WORKER = """
import gc, json, os, sys, traceback
import jupyter_book.cli.main, myst_nb.sphinx_ext, sphinx_exercise
import sphinx.builders.html, sphinx_book_theme, sphinx_design, tinycss2
import fontTools.subset, jupytext, nbclient, matplotlib, babel.messages.pofile
import sphinxcontrib.bibtex, sphinx_togglebutton, sphinx_copybutton
import sphinx_comments, sphinx_external_toc, sphinx_jupyterbook_latex

def build(root, environment, log):
    os.chdir(root)
    os.environ.update(environment)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file if stream == 2 else os.open(os.devnull, os.O_WRONLY),
                stream)
    try:
        jupyter_book.cli.main.main(["build", "."])
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

gc.freeze()
print("ready", flush=True)
for line in sys.stdin:
    jobs, children = json.loads(line), []
    for job in jobs:
        child = os.fork()
        if child == 0:
            code = build(*job)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code or 0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children]
    print(json.dumps(codes), flush=True)
"""


class Builder:
    """Builds books, several at a time."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    def build(self, *roots: Path, **environment: str) -> list[tuple[int, str]]:
        """Build books; return the exit code and stderr of each."""
        logs = [root.parent / f"{root.name}.log" for root in roots]
        jobs = [
            [str(root), environment, str(log)]
            for root, log in zip(roots, logs, strict=True)
        ]
        self._process.stdin.write(json.dumps(jobs) + "\n")
        self._process.stdin.flush()
        codes = json.loads(self._process.stdout.readline())
        texts = [log.read_text("utf-8") for log in logs]
        return list(zip(codes, texts, strict=True))


@contextmanager
def open_builder() -> Iterator[Builder]:
    """Start a worker, and end it."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield Builder(process)
        process.stdin.close()


def read_site(root: Path) -> dict[str, bytes]:
    """Return all files of a built site, by name."""
    html = root / "_build" / "html"
    files = (path for path in html.rglob("*") if path.is_file())
    return {p.relative_to(html).as_posix(): p.read_bytes() for p in files}
