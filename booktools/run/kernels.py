"""Kernels that run notebooks: how they start, and that they end.

A kernel is started like any other program, or forked from a server that has
the slow imports behind it.  Both see the same environment.
"""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from multiprocessing.util import get_temp_dir
from pathlib import Path
from typing import Any, NoReturn

import psutil  # type: ignore[import-untyped]
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from booktools.run import guard, launcher

# Of Matplotlib, in every kernel; a change of them is one of every figure.
SETTINGS = Path(__file__).with_name("matplotlibrc")

# The longest name of a temporary folder that leaves room for a socket's name,
# which has 107 bytes at most.
_LONGEST = 50

# What a fork server imports, if a word is somewhere in the code to run: all
# that a kernel imports in any case, and what makes chapters wait.
PRELOAD = {
    __name__: "",
    "ipykernel.kernelapp": "",
    "ipykernel.ipkernel": "",
    "ipykernel.debugger": "",
    "IPython.core.completerlib": "",
    "IPython.extensions.storemagic": "",
    "pydoc": "",
    "tornado.platform.asyncio": "",
    "numpy.random": "",
    # Not the inline backend: its import looks for a shell to hook into.
    "matplotlib.pyplot": "",
    "matplotlib.backends.backend_svg": "",
    "matplotlib.backends.backend_agg": "",
    "sympy": "sympy",
    "sympy.parsing.latex._parse_latex_antlr": "parse_latex",
    "torch": "torch",
    "torch._dynamo": "optim",
    "booktools.run.freeze": "",  # the last one, which nothing else imports
}


VARIABLES = {
    "PYTHONHASHSEED": "0",
    # More threads than that only wait for each other when several kernels
    # run, and make sums depend on their number.
    "OMP_NUM_THREADS": "1",
    # Before pyplot is imported, or no figure ever appears.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MATPLOTLIBRC": str(SETTINGS),
    # The date in an SVG: 1980, the earliest that a zip file can hold.
    "SOURCE_DATE_EPOCH": "315532800",
    # Figures that move hand over all of their frames.
    "BUILDING_BOOK": "1",
    # A debugger's remark that nobody asked for.
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def is_slow(code: str) -> bool:
    """Tell whether code has imports for which it is worth to wait."""
    return any(word and word in code for word in PRELOAD.values())


@contextmanager
def kernel_environment(path: Path) -> Iterator[dict[str, str]]:
    """Set what kernels must find in their environment, for a while.

    It is set in this process too, for what starts kernels.

    Parameters
    ----------
    path : Path
        A folder from which kernels can import.
    """
    saved = dict(os.environ)
    get_temp_dir()  # made here, so that all who remove it know it
    folder = "/tmp" if has_long_names() else None
    with (
        tempfile.TemporaryDirectory(prefix="kernels-", dir=folder) as profile,
        _terminable(),
    ):
        # Not the settings of whoever builds.
        os.environ |= VARIABLES | {
            "PYTHONPATH": str(path),
            "IPYTHONDIR": profile,
        }
        try:
            yield dict(os.environ)
        finally:
            os.environ.clear()
            os.environ.update(saved)


def _folders(env: dict[str, str]) -> tuple[str, str]:
    """Return the temporary folders of the build."""
    return env["IPYTHONDIR"], get_temp_dir()


@contextmanager
def _terminable() -> Iterator[None]:
    """Tidy up when the system ends the build, as when a person does."""

    def end(number: int, frame: object) -> NoReturn:
        raise SystemExit(f"ended by {signal.Signals(number).name}")

    saved = {}
    if threading.current_thread() is threading.main_thread():
        for name in {"SIGTERM", "SIGHUP"} & {*dir(signal)}:
            number = signal.Signals[name]
            saved[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)


def has_long_names() -> bool:
    """Tell whether no socket fits into the folder for temporary files."""
    name = os.fsencode(tempfile.gettempdir())
    return os.name == "posix" and len(name) > _LONGEST


class Kernel(LocalProvisioner):
    """A kernel that takes the processes it started with it when it ends.

    On Linux the `guard` sees to it.  Elsewhere those live on that have left
    the kernel's process group and whose parent has ended.

    ``status`` is its exit status then, negative if a signal ended it.
    """

    status: int | None = None

    @property
    def log(self) -> str:
        """The file with what the kernel says to the terminal."""
        manager: Any = self.parent
        return f"{manager.connection_file}.log"

    @property
    def said(self) -> str:
        """What the kernel has said to the terminal, only known on Linux."""
        with suppress(OSError):
            return Path(self.log).read_text("utf-8", "replace")
        return ""

    @property
    def memory(self) -> int:
        """How many bytes the kernel and all that it started take."""
        total = 0
        if self.pid is None:  # not yet
            return total
        with suppress(psutil.Error):
            kernel = psutil.Process(self.pid)
            for process in [kernel, *kernel.children(recursive=True)]:
                with suppress(psutil.Error):
                    info = process.memory_info()
                    if info.rss > 2**27 and sys.platform == "linux":
                        # Of what forks share, each has a part.
                        total += process.memory_full_info().pss
                    else:
                        total += info.rss
        return total

    def end(self) -> None:
        """Kill the kernel and all that it started."""
        if self.pid is None:
            return
        if sys.platform == "linux":
            with suppress(OSError):
                os.kill(self.pid, signal.SIGTERM)
            return
        processes = []
        with suppress(psutil.Error):
            kernel = psutil.Process(self.pid)
            processes = [*kernel.children(recursive=True), kernel]
        # A group lives on when the kernel is dead and its children are not.
        if hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        for process in processes:
            with suppress(psutil.Error):
                process.kill()

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Start the kernel."""
        cmd = _with_own_launcher(cmd)
        if sys.platform == "linux":
            if not shutil.which(cmd[0], path=kwargs["env"].get("PATH")):
                raise FileNotFoundError(f"there is no program {cmd[0]!r}")
            own = [sys.executable, "-I", "-S", guard.__file__]
            own += [str(os.getpid()), self.log, *_folders(kwargs["env"])]
            cmd = [*own, *cmd]
        return await super().launch_kernel(cmd, **kwargs)

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and all that it started."""
        self.end()
        process: Any = self.process
        process.wait()  # or the manager sleeps, and then looks again

    async def wait(self) -> int | None:
        """Wait for the end of the kernel."""
        self.status = await super().wait()
        return self.status


def _with_own_launcher(cmd: list[str]) -> list[str]:
    """Start ipykernel by `launcher`, whatever options Python is given."""
    name = "ipykernel_launcher"
    if name not in cmd[2:]:
        return cmd  # another kernel
    at = cmd.index(name)
    return [*cmd[: at - 1], launcher.__file__, *cmd[at + 1 :]]


def start_server(path: Path, code: str) -> None:
    """Let the fork server begin with its imports, unless it has begun.

    Parameters
    ----------
    path : Path
        A folder from which kernels can import.
    code : str
        All that its kernels will run.
    """
    multiprocessing.set_forkserver_preload(
        [name for name, word in PRELOAD.items() if word in code]
    )
    # It must find this module, wherever the tools are; kernels get a path of
    # their own.
    tools = str(Path(__file__).parents[2])
    search = os.pathsep.join([str(path), tools])
    variables = VARIABLES | {"PYTHONPATH": search}
    saved = {name: os.environ.get(name) for name in variables}
    os.environ |= variables
    try:
        forkserver.ensure_running()
    finally:
        for name, value in saved.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class ForkServer:
    """A process with the slow imports behind it, from which kernels fork.

    It ends with the process that made it, whatever ends that one.

    Parameters
    ----------
    env : dict of str to str
        What `kernel_environment` gives.
    code : str
        All that its kernels will run.
    """

    def __init__(self, env: dict[str, str], code: str):
        self._context: BaseContext = multiprocessing.get_context("forkserver")
        self._lock = threading.Lock()
        start_server(Path(env["PYTHONPATH"]), code)
        # Where a Python that starts in this environment looks for modules;
        # the kernel itself adds "", the folder that it runs in.
        command = (
            "import json, sys; print(json.dumps([*filter(None, sys.path)]))"
        )
        output = subprocess.check_output(
            [sys.executable, "-c", command], env=env
        )
        self._path = json.loads(output)
        # Wait for the imports, or the first kernels would seem to take long.
        self._start(os.getpid).join()

    def fork(
        self, arguments: list[str], cwd: str, env: dict[str, str], log: str
    ) -> "_ForkedProcess":
        """Fork a kernel."""
        return _ForkedProcess(
            self._start(_be_kernel, arguments, cwd, env, log, self._path)
        )

    def _start(self, target: Callable[..., object], *args: Any) -> Any:
        process = self._context.Process(  # type: ignore[attr-defined]
            target=target, args=args
        )
        with self._lock:
            # The child would run the program that builds the book, up to its
            # `if __name__ == "__main__"`.
            main = sys.modules["__main__"]
            sys.modules["__main__"] = types.ModuleType("__main__")
            try:
                process.start()
            finally:
                sys.modules["__main__"] = main
        return process


class ForkedKernel(Kernel):
    """A kernel forked from a server."""

    server: ForkServer

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Fork the kernel."""
        arguments = cmd[cmd.index("-f") :]
        cwd = os.path.abspath(kwargs["cwd"])
        process: Any = self.server.fork(
            arguments, cwd, kwargs["env"], self.log
        )
        self.process = process
        self.pid = self.pgid = process.pid
        return self.connection_info


class _ForkedProcess:
    """A forked process, as `LocalProvisioner` wants to see it."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any):
        self._process = process
        self.pid: int = process.pid

    def poll(self) -> int | None:
        status: int | None = self._process.exitcode
        return status

    def wait(self) -> int | None:
        self._process.join()
        return self.poll()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _be_kernel(
    arguments: list[str],
    cwd: str,
    env: dict[str, str],
    log: str,
    path: list[str],
) -> None:
    """Turn a process forked from the server into a kernel."""
    build: Any = multiprocessing.parent_process()
    # The server waits for its kernels, so they cannot wait for the server.
    guard.guard(lambda: not build.is_alive(), log, *_folders(env))
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:] = path
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")
    # A fork inherits the random state: without reseeding, a chapter without a
    # seed would look reproducible.  Python's own generator reseeds itself.
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()
    sys.argv = [launcher.__file__, *arguments]
    launcher.launch(arguments)
