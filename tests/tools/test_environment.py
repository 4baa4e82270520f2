"""`.venv` is made by the real script, from tiny requirement files."""

import ast
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from booktools.environment import tools_requirements
from tests.books import own_modules

ROOT = Path(__file__).parents[2]
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


def with_hashes(lines, *folders):
    """Return what a lock has for requirements: the hashes of their files."""
    locked = []
    for line in lines:
        requirement = Requirement(line.partition("#")[0])
        (pin,) = requirement.specifier
        files = [
            path
            for folder in folders
            for path in folder.glob(f"{requirement.name}-{pin.version}[-.+]*")
        ]
        sums = [
            hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        ]
        hashes = "".join(f" --hash=sha256:{s}" for s in sums or ["0" * 64])
        locked.append(f"{requirement.name}{pin}{hashes}\n")
    return "".join(locked)


TOOLS = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "booktools"
version = "1"
dependencies = []
optional-dependencies = {}
"""
# Without what builds the real ones.
BACKEND = """\
import pathlib, zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "booktools-1-py3-none-any.whl"
    texts = {
        "METADATA": "Metadata-Version: 2.1\\nName: booktools\\nVersion: 1\\n",
        "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
        "Tag: py3-none-any\\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        for file, text in texts.items():
            wheel.writestr(f"booktools-1.dist-info/{file}", text)
        wheel.writestr("tools.pth", str(pathlib.Path.cwd().parent))
    return name
"""


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
        (folder / "booktools" / "pyproject.toml").write_text(TOOLS)
        (folder / "booktools" / "backend.py").write_text(BACKEND)
        for version in (1, 2):
            make_wheel(folder / "wheels", "alpha", version)
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

    def require(self, *lines):
        text = "".join(line + "\n" for line in lines)
        (self.folder / "requirements.txt").write_text(text)
        dev = "-r requirements.txt\n"
        (self.folder / "requirements-dev.txt").write_text(dev)
        self.lock(*lines)

    def tools_require(self, line, extra=""):
        """Let the tools require something, or an extra of theirs."""
        new = f"dependencies = ['{line}']"
        old = "dependencies = []"
        if extra:
            old = "optional-dependencies = {}"
            new = f"optional-dependencies = {{ {extra} = ['{line}'] }}"
        text = TOOLS.replace(f"\n{old}", f"\n{new}")
        (self.folder / "booktools" / "pyproject.toml").write_text(text)

    def lock(self, *lines):
        index = self.folder / "index"
        text = with_hashes(lines, self.folder / "wheels", index / "torch")
        (self.folder / "requirements-lock.txt").write_text(text)

    def require_project(self, backend):
        """Require a project whose build runs this code."""
        files = {
            "PKG-INFO": "Metadata-Version: 2.1\nName: project\nVersion: 1\n",
            "pyproject.toml": "[build-system]\n"
            "requires = []\n"
            "build-backend = 'backend'\n"
            "backend-path = ['.']\n",
            "backend.py": "def get_requires_for_build_wheel(settings=None):\n"
            f"    {backend}",
        }
        name = self.folder / "wheels" / "project-1.tar.gz"
        with tarfile.open(name, "w:gz") as archive:
            for file, text in files.items():
                info = tarfile.TarInfo(f"project-1/{file}")
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
        self.require("project==1")

    def require_cpu(self, line, folder):
        """Let Linux try another build of PyTorch first."""
        text = with_hashes([line], folder)
        (self.folder / "requirements-torch.txt").write_text(text)

    def set_up(self, *prefix, arguments=(), **environ):
        return subprocess.run(
            [*(prefix or [sys.executable]), SCRIPT, *arguments],
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
    last = (done.stderr.strip().splitlines() or [""])[-1]
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
    (book.folder / "booktools" / "pyproject.toml").write_text(TOOLS)
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
    "name",
    [
        *("requirements.txt", "requirements-dev.txt", "constraints.txt"),
        "booktools/pyproject.toml",
    ],
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
    started = book.folder / "started"
    started.unlink(missing_ok=True)
    book.require_project(
        f"import time; open({str(started)!r}, 'w'); time.sleep(600)"
    )
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
    book.require_cpu("torch==1.0", cpu / "torch")
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
    book.require_cpu("torch==2.0", default)
    book.require("torch==2.0")
    done = book.set_up(BOOK_TORCH_INDEX="http://127.0.0.1:9/")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert book.installed("torch") == "2.0"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux asks for it")
def test_another_cpu_build_than_the_known_one_is_not_taken(book):
    cpu, default = book.folder / "bad cpu", book.folder / "index"
    make_wheel(cpu / "torch", "torch", "3.0+cpu")
    make_wheel(default / "torch", "torch", "3.0")
    for folder in (cpu / "torch", default / "torch"):
        (wheel,) = folder.glob("torch-3*.whl")
        (folder / "index.html").write_text(f"<a href='{wheel.name}'>w</a>")
    book.require_cpu("torch==3.0", book.folder / "nowhere")
    book.require("torch==3.0")
    done = book.set_up(BOOK_TORCH_INDEX=cpu.as_uri())
    assert done.returncode == 0, done.stderr
    assert "not what requirements-torch.txt knows by its hash" in done.stdout
    assert book.installed("torch") == "3.0"


def test_a_changed_package_is_not_installed(book):
    make_wheel(book.folder / "wheels", "delta", 1)
    book.require("delta==1")
    make_wheel(book.folder / "wheels", "delta", "1 ")  # other bytes
    (book.folder / "wheels" / "delta-1 -py3-none-any.whl").replace(
        book.folder / "wheels" / "delta-1-py3-none-any.whl"
    )
    done = book.set_up()
    assert fails_with(done, "is not the file that requirements-lock.txt knows")
    assert not list(book.venv.glob("lib/*/site-packages/delta*"))


def test_a_package_below_that_has_no_hash_is_not_installed(book):
    with (book.folder / "requirements-lock.txt").open("a") as file:
        file.write("gamma==1\n")
    make_wheel(book.folder / "wheels", "gamma", 1)
    assert fails_with(book.set_up(), "lines above say why")


@pytest.mark.parametrize(
    "line", ["alpha==2", "beta==1", "alpha", "Al.pha==1", "alpha >= 1"]
)
def test_what_is_not_locked_is_named_before_anything_is_done(book, line):
    before = book.stamp.read_text("utf-8")
    book.require(line) if "==" in line else book.require("alpha==1")
    (book.folder / "requirements.txt").write_text(f"{line}  # why\n")
    book.lock("alpha==1")
    done = book.set_up()
    name = line.replace(" ", "").replace("Al.pha", "al-pha")
    assert fails_with(done, f"requirements.txt asks for {name}, which")
    assert done.stderr.endswith("; run: make lock\n")
    assert book.stamp.read_text("utf-8") == before


@pytest.mark.parametrize("extra", ["", "pdf"])
def test_what_the_tools_require_is_locked_too(book, extra):
    book.tools_require("epsilon==1", extra)
    done = book.set_up()
    assert fails_with(
        done, "booktools/pyproject.toml asks for epsilon==1, which"
    )
    make_wheel(book.folder / "wheels", "epsilon", 1)
    book.lock("alpha==1", "epsilon==1")
    assert book.set_up().returncode == 0
    assert book.installed("epsilon") == "1"


def test_the_tools_are_installed_in_place(book):
    assert book.installed("booktools") == "1"
    code = "import booktools; print(*booktools.__path__)"
    python = book.venv / "bin" / "python"
    done = subprocess.run(
        [python, "-c", code],
        cwd=book.venv,
        env={"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{book.folder / 'booktools'}\n", done.stderr


def test_what_is_locked_however_it_is_written(book):
    lines = ["ALPHA == 1", "alpha[extra]==1 ; python_version > '3'"]
    lines += ["alpha==1#", "alpha==1 \\", "--no-index", "-c constraints.txt"]
    for line in lines:
        with (book.folder / "requirements.txt").open("a") as file:
            file.write(line + "\n")
    assert book.set_up().returncode == 0


FOREIGN = {
    "conda": ["conda-meta/history", "bin/python"],
    "uv": ["pyvenv.cfg", "lib/python3.11/site-packages/mine.py"],
    "data": ["notes.txt"],
    "hidden": [".keep"],
    "half": ["bin/python", "pyvenv.cfg"],
}


def state(folder):
    """Return everything in a folder, with what files hold and links name."""
    return {
        path: os.readlink(path)
        if path.is_symlink()
        else path.is_file() and path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def make_foreign(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    return folder


@pytest.mark.parametrize("name", FOREIGN)
def test_what_others_made_is_refused(empty, name):
    make_foreign(empty.venv, FOREIGN[name])
    before = state(empty.folder)
    done = empty.set_up()
    assert fails_with(done, "was made by something else")
    assert "move it away, or remove it" in done.stderr
    assert state(empty.folder) == before


@pytest.mark.parametrize(
    "target", ["elsewhere", "ours", "file", "nowhere", ".venv"]
)
def test_a_link_is_refused(empty, target):
    make_foreign(empty.folder / "elsewhere", FOREIGN["data"])
    make_foreign(empty.folder / "ours", ["book-stamp.txt", "bin/python"])
    (empty.folder / "file").write_text("mine")
    empty.venv.symlink_to(target)
    before = state(empty.folder)
    assert fails_with(empty.set_up(), "is a link, or lies behind one")
    assert state(empty.folder) == before


def test_a_file_is_refused(empty):
    empty.venv.write_text("/home/ada/.virtualenvs/book")  # as pipenv reads it
    before = state(empty.folder)
    assert fails_with(empty.set_up(), ".venv is no folder")
    assert state(empty.folder) == before


def test_an_environment_beside_it_is_made_anew_each_time(book):
    (book.folder / "more.txt").write_text("alpha==2\n")
    folder = book.folder / "_build" / "newest"
    before = state(book.venv)
    for _ in range(2):
        done = book.set_up(arguments=("_build/newest", "more.txt"))
        assert done.returncode == 0, done.stderr
        (info,) = folder.glob("lib/*/site-packages/alpha-*.dist-info")
        assert info.name == "alpha-2.dist-info"
        assert not (folder / "rubbish").exists()
        (folder / "rubbish").touch()
    assert state(book.venv) == before


@pytest.mark.parametrize("link", ["_build", "_build/newest"])
@pytest.mark.parametrize("inside", ["newest/notes.txt", "notes.txt"])
def test_no_environment_is_made_behind_a_link(empty, link, inside):
    make_foreign(empty.folder / "elsewhere", [inside])
    (empty.folder / link).parent.mkdir(exist_ok=True)
    (empty.folder / link).symlink_to(empty.folder / "elsewhere")
    before = state(empty.folder)
    done = empty.set_up(arguments=("_build/newest", "requirements.txt"))
    assert fails_with(done, "is a link, or lies behind one")
    assert state(empty.folder) == before


def test_what_others_put_in_its_place_is_refused(empty):
    make_foreign(empty.folder / "_build" / "newest", FOREIGN["data"])
    before = state(empty.folder)
    done = empty.set_up(arguments=("_build/newest", "requirements.txt"))
    assert fails_with(done, "was made by something else")
    assert state(empty.folder) == before


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 15, 0)])
def test_unsuitable_python(empty, version):
    done = empty.set_up(
        sys.executable,
        "-c",
        f"import runpy, sys; sys.version_info = {version};"
        "runpy.run_path(sys.argv.pop(1), run_name='__main__')",
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
        "runpy.run_path(sys.argv.pop(1), run_name='__main__')",
    )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert fails_with(done, f"apt install python{version}-venv")
    assert not empty.venv.exists()


def test_no_network(book):
    book.require("beta==1")
    done = book.set_up(PIP_INDEX_URL="http://127.0.0.1:9/")
    assert fails_with(done, "no network")
    assert book.stamp.read_text("utf-8") == "unfinished\n"


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


@pytest.mark.parametrize("there", [False, True])
def test_no_permission(empty, there):
    # Root may write everywhere, so this gives up that right first.
    drop = (
        "import ctypes, os, sys\n"
        "if os.geteuid() == 0: ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    if there:
        make_foreign(empty.venv, ["book-stamp.txt", "lib/module.py"])
        empty.stamp.chmod(0o444)
        empty.venv.chmod(0o555)
    before = state(empty.folder)
    empty.folder.chmod(0o555)
    try:
        done = empty.set_up(sys.executable, "-c", drop)
    finally:
        empty.folder.chmod(0o755)
    assert fails_with(done, "no permission to write")
    assert str(empty.venv) in done.stderr
    assert state(empty.folder) == before


def test_any_other_failure(book):
    book.require_project("raise RuntimeError('a bug')")
    done = book.set_up()
    assert fails_with(done, "the lines above say why")
    assert "a bug" in done.stderr


def pins(name):
    """Return the names that a file requires, with their exact versions.

    ``booktools`` stands for what the tools require.
    """
    found = {}
    lines = tools_requirements()
    if name != "booktools":
        lines = (ROOT / name).read_text("utf-8").splitlines()
    for line in lines:
        text = line.partition("#")[0].strip()
        if text and not text.startswith("-"):
            requirement = Requirement(text)
            (only,) = requirement.specifier
            assert only.operator == "==", line
            found.setdefault(canonicalize_name(requirement.name), set()).add(
                only.version
            )
    return found


def locked_hashes():
    """Return the lines of the lock without hashes -> how many they have."""
    text = (ROOT / "requirements-lock.txt").read_text("utf-8")
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        pin, *hashes = line.split("--hash=sha256:")
        if hashes:
            assert {len(text.strip()) for text in hashes} == {64}
            found[pin.strip()] = len(hashes)
    return found


def test_all_requirements_are_exact_and_locked():
    locked = pins("constraints.txt")
    for name in ("requirements.txt", "requirements-dev.txt", "booktools"):
        for package, versions in pins(name).items():
            assert versions <= locked[package], package
    for name in ("constraints.txt", "requirements-lock.txt"):
        assert "://" not in (ROOT / name).read_text("utf-8")
    # The same pins without hashes: written from the lock.
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if line[0] != "#"] == [*locked_hashes()]
    torch = (ROOT / "requirements-torch.txt").read_text("utf-8")
    (version,) = pins("requirements.txt")["torch"]
    assert f"\ntorch=={version} \\\n" in torch
    assert torch.count("--hash=sha256:") == 8  # four Pythons, two machines


def test_nothing_is_built_that_has_no_hash():
    # What builds a package comes from the index without any hash.
    lines = (ROOT / "requirements-lock.txt").read_text("utf-8").splitlines()
    assert "--only-binary :all:" in lines


def test_what_the_tools_import_is_required_by_name():
    required = pins("booktools")
    distributions = packages_distributions()
    for path in own_modules():
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
                    f"{path}: {module} is not in booktools/pyproject.toml"
                )


@pytest.mark.slow
def test_two_at_once_take_turns(empty):
    def start():
        return subprocess.Popen(
            [sys.executable, SCRIPT],
            cwd=empty.folder,
            env=empty.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    both = [start(), start()]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    first, second = sorted(said, key=len, reverse=True)
    assert "Setting up .venv" in first
    # It waited, then found all done.
    assert second == (
        "Another command sets up the environment; waiting for it.\n"
    )
