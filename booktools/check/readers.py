"""Readers, who have nothing of this book but what they download."""

import asyncio
import json
import math
import os
import shutil
import subprocess
import venv
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from packaging.requirements import InvalidRequirement, Requirement

from booktools.problem import BookError
from booktools.publish.branches import chapter_pins
from booktools.source.chapter import Book
from booktools.source.magics import executed_python
from booktools.source.python import read_code

# A window that its reader closes at once; the file counts the figures.
WINDOW = """
import os
from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends import backend_agg

class FigureManager(FigureManagerBase):
    def show(self):
        pass

    @classmethod
    def pyplot_show(cls, *, block=None):
        super().pyplot_show(block=False)
        with open(os.environ["FIGURES"], "a") as file:
            file.write("x" * len(Gcf.figs))
        Gcf.destroy_all()

class FigureCanvasAgg(backend_agg.FigureCanvasAgg):
    manager_class = FigureManager

FigureCanvas = FigureCanvasAgg
"""


# What notebooks need and scripts do without.
OF_JUPYTER = {"ipykernel", "ipython", "ipywidgets"}


class _Channel(AsyncZMQSocketChannel):
    """Looks for messages each second: the sign of one may get lost."""

    async def get_msg(  # type: ignore[override]
        self, timeout: float | None = None
    ) -> dict[str, Any]:
        left = math.inf if timeout is None else timeout
        while True:
            step = min(left, 1)
            try:
                return await super().get_msg(step)
            except Empty:
                left -= step
                if left <= 0:
                    raise


class _Client(AsyncKernelClient):
    shell_channel_class = _Channel
    iopub_channel_class = _Channel


class Reader:
    """A Python that has only what a reader has installed, and no network."""

    def __init__(self, folder: Path, *packages: str):
        self.folder = folder
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / "python"
        self.library = next(folder.glob("lib/python*/site-packages"))
        for name in _with_requirements(packages):
            files = metadata.files(name) or []
            for top in {f.parts[0] for f in files} - {"..", "__pycache__"}:
                real = metadata.distribution(name).locate_file(top)
                if not (self.library / top).exists():
                    (self.library / top).symlink_to(str(real))
        # By its whole name, whatever the reader's PATH is.
        unshare = [shutil.which("unshare") or "", "-rn"]
        works = (
            unshare[0]
            and not subprocess.run(
                [*unshare, "true"], capture_output=True, check=False
            ).returncode
        )
        self.prefix = unshare if works else []
        keep = {"PATH", "LANG", "TMPDIR"} & os.environ.keys()
        self.env = {name: os.environ[name] for name in keep} | {
            "HOME": str(folder),
            "PYTHONUTF8": "1",
            "OMP_NUM_THREADS": "1",
            # Nobody listens there, should the network be in reach.
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            # Matplotlib would make its list of fonts for each of them.
            "MPLCONFIGDIR": str(folder / "matplotlib"),
        }

    def run(
        self, *arguments: str | Path, cwd: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run this Python."""
        return subprocess.run(
            [*self.prefix, self.python, *arguments],
            cwd=cwd,
            env=self.env | variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def run_notebook(
        self, notebook: NotebookNode, cwd: Path, timeout: float = 300
    ) -> None:
        """Run all cells; the first that fails ends it."""
        kernels = self.library.parent / "kernels"
        argv = [*self.prefix, str(self.python), "-m", "ipykernel_launcher"]
        spec = {"argv": [*argv, "-f", "{connection_file}"]}
        (kernels / "reader").mkdir(parents=True, exist_ok=True)
        (kernels / "reader" / "kernel.json").write_text(
            json.dumps(spec | {"display_name": "", "language": ""})
        )

        async def execute() -> None:
            # Files instead of ports, which it cannot reach without a network.
            manager = AsyncKernelManager(
                kernel_name="reader",
                transport="ipc",
                ip=str(self.folder / "kernel"),
                kernel_spec_manager=KernelSpecManager(
                    kernel_dirs=[str(kernels)], ensure_native_kernel=False
                ),
                client_factory=_Client,
            )
            client = NotebookClient(notebook, km=manager, timeout=timeout)
            await client.async_execute(
                cleanup_kc=True, cwd=str(cwd), env=self.env
            )

        asyncio.run(execute())


def reader_packages(book: Book) -> tuple[str, ...]:
    """Return the packages that readers are told to install.

    Without a word about that, those that chapters import.
    """
    with suppress(BookError, FileNotFoundError):
        pins = chapter_pins(book.root)
        names = []
        for pin in pins:
            with suppress(InvalidRequirement):  # a file, or an option
                names.append(Requirement(pin).name.lower())
        return tuple(names)
    known = metadata.packages_distributions()
    sources = (cell.source for chap in book.chapters for cell in chap.cells)
    modules = set()
    for source in sources:
        with suppress(SyntaxError):  # no Python, but a magic, say
            imports = read_code(executed_python(source)).imports
            modules |= {one.path.partition(".")[0] for one in imports}
    return tuple({name for top in modules for name in known.get(top, ())})


def _with_requirements(names: tuple[str, ...]) -> set[str]:
    """Return packages with all that they need and that is installed."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system
        found.add(name)
        for text in requirements:
            needed = Requirement(text)
            wanted = needed.marker is None or needed.marker.evaluate()
            if wanted and needed.name not in found:
                todo.append(needed.name)
    return found


@pytest.fixture(scope="module")
def reader(tmp_path_factory: Any, packages: tuple[str, ...]) -> Reader:
    """Return a reader with what chapters import, but no IPython."""
    folder = tmp_path_factory.mktemp("reader")
    reader = Reader(folder, *(p for p in packages if p not in OF_JUPYTER))
    (reader.library / "window.py").write_text(WINDOW)
    return reader


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: Any, packages: tuple[str, ...]) -> Reader:
    """Return a reader who has Jupyter and all these packages."""
    folder = tmp_path_factory.mktemp("jupyter")
    return Reader(folder, *packages, "ipykernel")


@pytest.fixture(scope="module")
def beginner(tmp_path_factory: Any) -> Reader:
    """Return a reader who has Jupyter, and nothing to compute with."""
    return Reader(tmp_path_factory.mktemp("beginner"), "ipykernel")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return the folder of a downloaded notebook or script, empty."""
    folder = tmp_path / "a" / "b" / "下载 1"
    folder.mkdir(parents=True)
    return folder
