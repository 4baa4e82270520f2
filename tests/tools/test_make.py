"""The commands: the real Makefile, in a folder with a difficult name."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from markdown_it import MarkdownIt

from booktools import environment

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make")
PYTEST = "python -m pytest -n logical --dist loadfile --no-loadscope-reorder"

# A Python that runs scripts, and writes down the modules that it should run.
RECORDER = f"""#!/bin/sh
case "$1" in -m) ;; *) exec '{sys.executable}' "$@" ;; esac
echo "python $*" >> log
case "$*" in *"${{FAIL:-nothing}}"*) exit 3 ;; esac
"""
TOOL = """#!/bin/sh
echo "{name} $*" >> log
case "{name} $*" in *"${{FAIL:-nothing}}"*) exit 3 ;; esac
"""
TOOLS = ("jupyter-book", "lint-imports", "zizmor", "check-jsonschema")


def write_command(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)


class Checkout:
    """A folder with our Makefile and stand-ins for what it runs."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "log"
        folder.mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        (folder / "tests").mkdir()
        shutil.copy(ROOT / "tests" / "size.py", folder / "tests")
        (folder / "d2lmini").mkdir()
        (folder / "booktools").mkdir()
        (folder / "booktools" / "environment.py").write_text(
            "import os, sys\nprint('set up by', os.environ.get('ME', 'venv'))"
        )
        write_command(folder / ".venv" / "bin" / "python", RECORDER)
        for name in TOOLS:
            text = TOOL.format(name=name)
            write_command(folder / ".venv" / "bin" / name, text)

    def environ(self, **environ):
        outer = ("MAKE", "PYTHON", "MFLAGS")  # of the make that runs us
        kept = {k: v for k, v in os.environ.items() if not k.startswith(outer)}
        return kept | environ

    def make(self, *arguments, **environ):
        return subprocess.run(
            [MAKE, *arguments],
            cwd=self.folder,
            env=self.environ(**environ),
            capture_output=True,
            text=True,
            timeout=60,  # a served page would keep it running
        )

    def ran(self):
        return self.log.read_text("utf-8").splitlines()


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "my book 微积分")


def targets():
    """Return the commands: all that the Makefile calls phony but one."""
    text = (ROOT / "Makefile").read_text("utf-8")
    (line,) = (t for t in text.splitlines() if t.startswith(".PHONY: "))
    return set(line.split()[1:]) - {"environment"}


def test_make_alone_lists_every_command(checkout):
    done = checkout.make()
    listed = {
        line.split()[1]
        for line in done.stdout.splitlines()
        if line.startswith("  make ")
    }
    assert listed == targets()
    assert done.returncode == 0
    assert not checkout.log.exists()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("extract", ["python -m booktools extract"]),
        ("quick", [f"{PYTEST} -m not (build or browser or slow or nightly)"]),
        ("test", [f"{PYTEST} --durations=10"]),
        ("test-site", ["python -m booktools check"]),
        ("nightly", [f"{PYTEST} -m nightly --durations=10"]),
        ("doctor", ["python -m booktools doctor"]),
        ("new", ["python -m booktools new  --title="]),
        ("book", ["python -m booktools extract", "jupyter-book build ."]),
    ],
)
def test_what_a_command_runs(checkout, command, expected):
    done = checkout.make(command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("set up by venv\n")
    assert checkout.ran() == expected


@pytest.mark.parametrize("command", ["publish-notebooks", "mirror", "alarm"])
def test_publishing_sets_up_nothing(checkout, tmp_path, command):
    expected = [f"python -m booktools {command}"]
    done = checkout.make(command)
    assert (done.stdout, checkout.ran()) == ("", expected)
    shutil.rmtree(checkout.folder / ".venv")
    write_command(tmp_path / "path" / "python3", RECORDER)
    done = checkout.make(command, PATH=str(tmp_path / "path"))
    assert (done.stdout, checkout.ran()) == ("", expected * 2)


def test_new_takes_any_title(checkout):
    title = 'L\'Hôpital: "0/0" `x` 极限'
    done = checkout.make("new", "NAME=limits", f"TITLE={title}")
    assert done.returncode == 0, done.stderr
    command = f"python -m booktools new limits --title={title}"
    assert checkout.ran() == [command]


def test_a_release_gets_all_files_and_the_name_of_its_tag(checkout, tmp_path):
    tool = TOOL.format(name="gh")
    write_command(tmp_path / "path" / "gh", tool)
    (checkout.folder / "dist").mkdir()
    for name in ("a.whl", "SHA256SUMS"):
        (checkout.folder / "dist" / name).touch()
    path = f"{tmp_path / 'path'}{os.pathsep}{os.environ['PATH']}"
    tag = "--notes-file=v1 $(touch hacked)"
    done = checkout.make("publish-release", PATH=path, GITHUB_REF_NAME=tag)
    assert done.returncode == 0, done.stderr
    (line,) = checkout.ran()
    start = f"gh release create --verify-tag --generate-notes -- {tag} "
    assert line.startswith(start)
    files = line.removeprefix(start).split()
    assert sorted(files) == ["dist/SHA256SUMS", "dist/a.whl"]
    assert not (checkout.folder / "hacked").exists()


@pytest.mark.parametrize(
    ("command", "folder", "requirements", "then"),
    [
        ("newest", "newest", "newest", "jupyter-book build ."),
        ("plain", "plain", "plain", "jupyter execute"),
        ("publish-pypi", "uv", "uv", "uv publish"),
    ],
)
def test_environments_of_their_own(
    checkout, tmp_path, command, folder, requirements, then
):
    # A python3 whose environments hold nothing but what writes down commands.
    log = f"{checkout.folder}/log"
    lines = ["#!/bin/sh", f'echo "python3 $*" >> "{log}"']
    lines += ['mkdir -p "$2/bin"']
    for name in ("jupyter", "jupyter-book", "uv"):
        text = f'echo \\"{name} \\$*\\" >> \\"{log}\\"'
        lines += [f'printf "%s\\n" "#!/bin/sh" "{text}" > "$2/bin/{name}"']
        lines += [f'chmod +x "$2/bin/{name}"']
    write_command(tmp_path / "path" / "python3", "\n".join(lines) + "\n")
    notebooks = checkout.folder / "_build" / "html" / "_notebooks" / "chapters"
    notebooks.mkdir(parents=True)
    (notebooks.parents[1] / "index.html").touch()
    for name in ("a.ipynb", "b.ipynb"):
        (notebooks / name).touch()
    (checkout.folder / "dist").mkdir()
    for name in ("mine-1-py3-none-any.whl", "booktools-1-py3-none-any.whl"):
        (checkout.folder / "dist" / name).touch()
    path = f"{tmp_path / 'path'}{os.pathsep}{os.environ['PATH']}"
    done = checkout.make(command, PATH=path)
    assert done.returncode == 0, done.stderr
    ran = checkout.ran()
    assert ran[0] == (
        f"python3 booktools/environment.py _build/{folder}"
        f" .github/requirements-{requirements}.txt"
    )
    assert ran[1].startswith(then)
    assert len(ran) == 2
    if command == "plain":
        assert ran[-1].endswith("a.ipynb b.ipynb")
    if command == "publish-pypi":  # the tools have an owner of their own
        assert ran[-1].endswith(" dist/mine-1-py3-none-any.whl")


def test_book_ends_by_saying_where_it_is(checkout):
    last = checkout.make("book").stdout.strip().splitlines()[-2:]
    assert "_build/html/index.html" in last[0]
    assert "make serve" in last[1]


STEPS = [
    ("book", "booktools extract"),
    ("book", "build ."),
    ("test", "pytest"),
    ("check", "ruff format"),
    ("check", "ruff check ."),
    ("check", "d2lmini"),
    ("check", "mypy"),
    ("check", "lint-imports"),
    ("check", "extract --check"),
    ("check", "zizmor"),
    ("check", "check-jsonschema --builtin-schema vendor.github-workflows"),
    ("check", "check-jsonschema --builtin-schema vendor.dependabot"),
    ("check", "check-jsonschema --builtin-schema vendor.github-issue-forms"),
    ("check", "check-jsonschema --builtin-schema vendor.github-issue-config"),
]


@pytest.mark.parametrize(("command", "step"), STEPS)
def test_a_failing_step_is_the_last_one(checkout, command, step):
    done = checkout.make(command, FAIL=step)
    assert done.returncode != 0
    assert step in checkout.ran()[-1]
    assert "ready" not in done.stdout


def test_check_counts_lines_of_code(checkout):
    # environment.py has two lines of code, and here is more that is none.
    text = '"""About\nit."""\n\n# Why\n' + "x = 1  # so\n" * 7
    (checkout.folder / "booktools" / "new.py").write_text(text)
    done = checkout.make("check")
    assert done.returncode == 0
    assert "booktools: 9 lines of code" in done.stdout


def test_serve_without_a_book(checkout):
    done = checkout.make("serve")
    assert done.returncode != 0
    assert done.stderr.startswith("error: there is no book yet; ")
    assert "make book" in done.stderr


def test_serve(checkout):
    site = checkout.folder / "_build" / "html"
    site.mkdir(parents=True)
    (site / "index.html").write_text("hello")
    with subprocess.Popen(
        [MAKE, "serve"],
        cwd=checkout.folder,
        env=checkout.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        address = ""
        while "http" not in address and process.poll() is None:
            address = process.stdout.readline()
        try:
            with urlopen(address.partition("(")[2].partition(")")[0]) as page:
                assert page.read() == b"hello"
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate()


def test_clean_leaves_the_environment(checkout):
    (checkout.folder / "_build" / "html").mkdir(parents=True)
    done = checkout.make("clean")
    assert done.returncode == 0
    assert not (checkout.folder / "_build").exists()
    assert (checkout.folder / ".venv").exists()


def test_clean_leaves_what_is_behind_a_link(checkout, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "notes.txt").touch()
    (checkout.folder / "_build").symlink_to(tmp_path / "elsewhere")
    done = checkout.make("clean")
    assert done.returncode != 0
    assert "error: _build is a link" in done.stderr
    assert (checkout.folder / "_build").is_symlink()
    assert (tmp_path / "elsewhere" / "notes.txt").exists()


@pytest.fixture
def bare(checkout, tmp_path):
    """Return a checkout without .venv, and an empty PATH."""
    shutil.rmtree(checkout.folder / ".venv")
    path = tmp_path / "path"
    path.mkdir()
    old = tmp_path / "old"
    old.mkdir()
    (old / "sitecustomize.py").write_text(
        "import sys\nsys.version_info = (3, 10, 13)"
    )
    return checkout, path, old


GOOD = "#!/bin/sh\nME=$0 exec '{python}' \"$@\""
OLD = "#!/bin/sh\nME=$0 PYTHONPATH={old} exec '{python}' \"$@\""
BROKEN = "#!/bin/sh\necho 'no such version' >&2; exit 127"


def give_python(path, old, name, text):
    text = text.format(python=sys.executable, old=old)
    write_command(path / name, text)


@pytest.mark.parametrize("shims", [[], ["python3", "python"]])
def test_no_python_at_all(bare, shims):
    checkout, path, old = bare
    for name in shims:
        give_python(path, old, name, BROKEN)
    done = checkout.make("test", PATH=str(path))
    assert done.returncode != 0
    assert done.stderr.startswith("error: found no Python 3 ")
    assert not checkout.log.exists()


def test_only_an_old_python(bare):
    checkout, path, old = bare
    shutil.copy(
        environment.__file__, checkout.folder / "booktools" / "environment.py"
    )
    give_python(path, old, "python3", OLD)
    done = checkout.make("test", PATH=str(path))
    assert done.returncode != 0
    assert "is Python 3.10, and the book needs" in done.stderr
    assert not (checkout.folder / ".venv").exists()


def test_the_first_suitable_python_is_taken(bare):
    checkout, path, old = bare
    give_python(path, old, "python3", OLD)
    give_python(path, old, "python", BROKEN)
    give_python(path, old, "python3.12", GOOD)
    done = checkout.make("environment", PATH=str(path))
    assert done.stdout == f"set up by {path / 'python3.12'}\n"


def test_a_python_can_be_named(bare):
    checkout, path, old = bare
    mine = path / "my python"
    give_python(path, old, "python3", GOOD)
    give_python(path, old, mine, GOOD)
    done = checkout.make("environment", f"PYTHON={mine}", PATH=str(path))
    assert done.stdout == f"set up by {mine}\n"


def test_makefile_and_script_agree_on_suitable_pythons():
    oldest, (major, minor) = environment.OLDEST, environment.NEWEST
    text = (ROOT / "Makefile").read_text("utf-8")
    assert f"{oldest} <= v < {(major, minor + 1)}" in text
    assert f'requires-python = ">={oldest[0]}.{oldest[1]}"' in (
        ROOT / "pyproject.toml"
    ).read_text("utf-8")


@pytest.mark.parametrize(
    "name", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"]
)
def test_commands_that_readers_are_told_exist(name):
    text = (ROOT / name).read_text("utf-8")
    told = set()
    for token in MarkdownIt().parse(text):
        for part in [token, *(token.children or [])]:
            if part.type in ("fence", "code_block", "code_inline"):
                for line in part.content.splitlines():
                    first, *words = line.partition("#")[0].split() or [""]
                    if first == "make":
                        told.update(w for w in words if "=" not in w)
    assert told
    assert told <= targets()
