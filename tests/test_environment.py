"""`.venv` is made by the real script, from tiny requirement files."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
SCRIPT = Path("booktools/environment.py")


def make_wheel(folder, name, version):
    """Write the smallest wheel that pip installs."""
    info = f"{name}-{version}.dist-info"
    head = "Metadata-Version: 2.1\n"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(
        folder / f"{name}-{version}-py3-none-any.whl", "w"
    ) as wheel:
        wheel.writestr(
            f"{info}/METADATA", f"{head}Name: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")


class Book:
    """A folder with nothing but the script and its requirement files."""

    def __init__(self, folder):
        self.folder = folder
        self.venv = folder / ".venv"
        self.stamp = self.venv / "book-stamp.txt"
        (folder / "booktools").mkdir()
        (folder / "constraints.txt").write_text("")
        (folder / "index").mkdir()
        shutil.copy(ROOT / SCRIPT, folder / SCRIPT)
        self.require("alpha==1")
        self.environ = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PIP_", "BOOK_"))
        } | {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": (folder / "index").as_uri(),
            "PIP_FIND_LINKS": (folder / "wheels").as_uri(),
            "PIP_RETRIES": "1",
        }
        for version in (1, 2):
            make_wheel(folder / "wheels", "alpha", version)

    def require(self, *lines):
        text = "".join(line + "\n" for line in lines)
        (self.folder / "requirements.txt").write_text(text)
        dev = "-r requirements.txt\n"
        (self.folder / "requirements-dev.txt").write_text(dev)

    def require_project(self, backend):
        """Require a project whose build runs this code."""
        project = self.folder / "project"
        project.mkdir(exist_ok=True)
        (project / "pyproject.toml").write_text(
            "[build-system]\n"
            "requires = []\n"
            "build-backend = 'backend'\n"
            "backend-path = ['.']\n"
        )
        (project / "backend.py").write_text(
            f"def get_requires_for_build_wheel(settings=None):\n    {backend}"
        )
        self.require(f"project @ {project.as_uri()}")

    def set_up(self, *prefix, **environ):
        return subprocess.run(
            [*(prefix or [sys.executable]), SCRIPT],
            cwd=self.folder,
            env=self.environ | environ,
            capture_output=True,
            text=True,
        )

    def installed(self, name):
        (info,) = self.venv.glob(f"lib/*/site-packages/{name}-*.dist-info")
        return info.name.removesuffix(".dist-info").partition("-")[2]


def fails_with(done, sentence):
    """Say whether a run ended with this one sentence and no traceback."""
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1, done.stderr
    assert last.startswith("error: ")
    assert "Traceback" not in done.stderr.partition("error: ")[0]
    return sentence in last


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """Make one environment for all tests: making them is what takes time."""
    folder = tmp_path_factory.mktemp("books") / "my book 微积分"
    folder.mkdir()
    book = Book(folder)
    done = book.set_up()
    assert done.returncode == 0, done.stderr
    return book, book.stamp.read_text("utf-8")


@pytest.fixture
def book(ready):
    """Return a book with a good environment, whatever was done to it."""
    book, stamp = ready
    book.require("alpha==1")
    book.stamp.write_text(stamp, "utf-8")
    return book


@pytest.fixture
def empty(tmp_path):
    return Book(tmp_path)


def test_the_second_call_does_nothing(book):
    before = {path: path.stat().st_mtime_ns for path in book.venv.rglob("*")}
    done = book.set_up(PIP_INDEX_URL="http://127.0.0.1:9/", PIP_FIND_LINKS="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    after = {path: path.stat().st_mtime_ns for path in book.venv.rglob("*")}
    assert after == before


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "constraints.txt"]
)
def test_a_changed_requirement_file_is_an_update(book, name):
    other = book.venv / "kept"
    other.touch()
    with (book.folder / name).open("a") as file:
        file.write("# changed\n")
    done = book.set_up()
    assert done.returncode == 0, done.stderr
    assert "updating" in done.stdout
    assert other.exists()
    assert book.set_up().stdout == ""


def test_an_update_brings_the_new_version(book):
    book.require("alpha==2")
    assert book.set_up().returncode == 0
    assert book.installed("alpha") == "2"


def lose_base_python(book):
    python = book.venv / "bin" / "python"
    python.unlink()
    python.symlink_to(book.folder / "uninstalled")


def move(book):
    _, _, rest = book.stamp.read_text("utf-8").partition("\n")
    book.stamp.write_text("3.11 /another/place\n" + rest, "utf-8")


def interrupt(book):
    """Send Ctrl-C while pip is at work."""
    book.require_project("import time; open('started', 'w'); time.sleep(600)")
    started = book.folder / "project" / "started"
    with subprocess.Popen(
        [sys.executable, SCRIPT],
        cwd=book.folder,
        env=book.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while not started.exists() and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith("interrupted; ")
    book.require("alpha==1")


@pytest.mark.parametrize(
    ("damage", "python"),
    [
        (lose_base_python, sys.executable),
        (interrupt, sys.executable),
        # As the Makefile does, which prefers the Python in .venv.
        (move, ".venv/bin/python"),
    ],
)
def test_a_damaged_environment_is_made_anew(book, damage, python):
    rubbish = book.venv / "rubbish"
    rubbish.touch()
    damage(book)
    done = book.set_up(python)
    assert done.returncode == 0, done.stderr
    assert "Setting up" in done.stdout
    assert not rubbish.exists()
    assert book.installed("alpha") == "1"
    assert book.set_up(python).stdout == ""


def test_linux_takes_the_cpu_build_of_pytorch(book):
    cpu, default = book.folder / "cpu", book.folder / "index"
    make_wheel(cpu / "torch", "torch", "1.0+cpu")
    make_wheel(default / "torch", "torch", "1.0")
    for folder in (cpu / "torch", default / "torch"):
        (wheel,) = folder.glob("*.whl")
        (folder / "index.html").write_text(f"<a href='{wheel.name}'>w</a>")
    book.require("torch==1.0  # pinned", "alpha==1")
    done = book.set_up(BOOK_TORCH_INDEX=cpu.as_uri())
    assert done.returncode == 0, done.stderr
    # Elsewhere the default index has no other build.
    expected = "1.0+cpu" if sys.platform == "linux" else "1.0"
    assert book.installed("torch") == expected

    # The next update leaves it alone.
    book.require("torch==1.0", "alpha==2")
    done = book.set_up(BOOK_TORCH_INDEX=cpu.as_uri())
    assert done.returncode == 0, done.stderr
    assert "CPU build" not in done.stdout
    assert book.installed("torch") == expected


def test_without_the_cpu_index_pytorch_comes_from_the_default_one(book):
    default = book.folder / "index" / "torch"
    make_wheel(default, "torch", "2.0")
    (default / "index.html").write_text(
        "<a href='torch-2.0-py3-none-any.whl'>w</a>"
    )
    book.require("torch==2.0")
    done = book.set_up(BOOK_TORCH_INDEX="http://127.0.0.1:9/")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert book.installed("torch") == "2.0"


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 15, 0)])
def test_unsuitable_python(empty, version):
    done = empty.set_up(
        sys.executable,
        "-c",
        f"import runpy, sys; sys.version_info = {version};"
        "runpy.run_path(sys.argv[1], run_name='__main__')",
    )
    said = f"is Python 3.{version[1]}, and the book needs Python 3.11 to 3.14"
    assert fails_with(done, said)
    assert not empty.venv.exists()


def test_an_old_python_can_read_the_script():
    source = (ROOT / SCRIPT).read_text("utf-8")
    ast.parse(source, feature_version=(3, 6))


def test_no_venv_module(empty):
    done = empty.set_up(
        sys.executable,
        "-c",
        "import runpy, sys; sys.modules['ensurepip'] = None;"
        "runpy.run_path(sys.argv[1], run_name='__main__')",
    )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert fails_with(done, f"sudo apt install python{version}-venv")


def test_no_network(book):
    book.require("beta==1")
    done = book.set_up(PIP_INDEX_URL="http://127.0.0.1:9/")
    assert fails_with(done, "no network")
    assert not book.stamp.exists()


def test_no_such_package(book):
    book.require("beta==1")
    done = book.set_up()
    assert fails_with(done, "lacks the package above")
    assert "beta==1" in done.stderr


def test_disk_full(book):
    book.require_project(
        "import errno, os; raise OSError(errno.ENOSPC, os.strerror(28))"
    )
    assert fails_with(book.set_up(), "the disk is full")


def test_no_permission(empty):
    # Root may write everywhere, so this gives up that right first.
    drop = (
        "import ctypes, os, sys\n"
        "if os.geteuid() == 0: ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    empty.folder.chmod(0o555)
    try:
        done = empty.set_up(sys.executable, "-c", drop)
    finally:
        empty.folder.chmod(0o755)
    assert fails_with(done, "no permission to write")
    assert str(empty.venv) in done.stderr


def test_any_other_failure(book):
    book.require_project("raise RuntimeError('a bug')")
    done = book.set_up()
    assert fails_with(done, "the lines above say why")
    assert "a bug" in done.stderr


def pins(name):
    """Return a requirement file's names with their exact versions."""
    found = {}
    for line in (ROOT / name).read_text("utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text and not text.startswith("-"):
            requirement = Requirement(text)
            (only,) = requirement.specifier
            assert only.operator == "==", line
            found.setdefault(canonicalize_name(requirement.name), set()).add(
                only.version
            )
    return found


def test_all_requirements_are_exact_and_locked():
    locked = pins("constraints.txt")
    for name in ("requirements.txt", "requirements-dev.txt"):
        for package, versions in pins(name).items():
            assert versions <= locked[package], package
    assert "://" not in (ROOT / "constraints.txt").read_text("utf-8")


def test_what_the_tools_import_is_required_by_name():
    required = pins("requirements.txt")
    distributions = packages_distributions()
    for path in sorted((ROOT / "booktools").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            for module in {name.partition(".")[0] for name in names}:
                if module in sys.stdlib_module_names | {"booktools"}:
                    continue
                packages = map(canonicalize_name, distributions[module])
                assert any(name in required for name in packages), (
                    f"{path}: {module} is not in requirements.txt"
                )
