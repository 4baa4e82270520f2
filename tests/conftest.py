"""What several tests share."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.copies import link_packages

pytest_plugins = ["tests.browser"]

ROOT = Path(__file__).parent.parent

# What a book is built from.
SOURCES = (
    "booktools chapters d2lmini _config.yml _toc.yml index.md genindex.md "
    "pyproject.toml LICENSE"
)


# Fixtures of the whole book, which needs PyTorch, and the tests of what it
# saves.
NEED_TORCH = {"site", "address"}
TESTS_OF_TORCH = ("check_gradient", "d2lmini", "helpers")


def pytest_addoption(parser):
    parser.addoption(
        "--update-cases",
        action="store_true",
        help="rewrite the expected results of case files; review the diff",
    )
    parser.addoption(
        "--without-torch",
        action="store_true",
        help="leave out the tests that need PyTorch: see make pythons",
    )


def pytest_ignore_collect(collection_path, config):
    """Do not even read tests that import PyTorch where there is none."""
    names = {f"test_{name}.py" for name in TESTS_OF_TORCH}
    if config.getoption("--without-torch") and collection_path.name in names:
        return True
    return None


def pytest_collection_modifyitems(config, items):
    """Leave out the tests of what is not there.

    Who makes another course from this one deletes the folder `this_book`.
    """

    def is_here(item):
        if item.get_closest_marker("this_book") and not has_chapters:
            return False
        needs_torch = item.get_closest_marker("torch") or (
            NEED_TORCH & set(item.fixturenames)
        )
        return not (without_torch and needs_torch)

    has_chapters = (ROOT / "tests" / "this_book").exists()
    without_torch = config.getoption("--without-torch")
    left_out = [item for item in items if not is_here(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if is_here(item)]


@pytest.fixture
def expect(request) -> Callable[[Path, str], None]:
    """Compare a text with a file of expectations, or rewrite that file."""

    def expect(file: Path, text: str) -> None:
        if request.config.getoption("--update-cases"):
            file.write_text(text, "utf-8", newline="\n")
        assert file.exists(), "run pytest --update-cases, review the diff"
        assert text == file.read_text("utf-8")

    return expect


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """Build this book, from a copy, as the repository a/b would publish it.

    Tests may read the folder but not write to it.
    """
    root = tmp_path_factory.mktemp("somewhere") / "book"
    root.mkdir()
    for name in SOURCES.split():
        if name == "d2lmini" and not (ROOT / name).exists():
            continue  # a course of one's own that saves nothing
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, root / name)
    link_packages(root)
    command = [Path(sysconfig.get_path("scripts"), "jupyter-book")]
    result = subprocess.run(
        [*command, "build", "."],
        cwd=root,
        env=os.environ
        | {"GITHUB_REPOSITORY": "a/b", "GITHUB_REF_NAME": "main"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    return root / "_build" / "html"


@pytest.fixture
def make_book(tmp_path) -> Callable[..., Path]:
    """Make the folder `book` of a book from texts, or from a folder.

    What is not given is filled in: a title, a start page, and a table of
    contents with every chapter, sorted by name.
    """

    def make_book(source: Path | Mapping[str, str]) -> Path:
        root = tmp_path / "book"
        if isinstance(source, Path):
            shutil.copytree(source, root, dirs_exist_ok=True)
        else:
            for name, text in source.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, "utf-8", newline="\n")
        chapters = sorted(path.stem for path in root.glob("chapters/*.md"))
        toc = "format: jb-book\nroot: index\n"
        toc += "chapters:\n" if chapters else ""
        toc += "".join(f"  - file: chapters/{name}\n" for name in chapters)
        defaults = {
            "_config.yml": "title: A small book\n",
            "_toc.yml": toc,
            "index.md": "# A small book\n",
        }
        for name, text in defaults.items():
            if not (root / name).exists():
                (root / name).write_text(text, "utf-8", newline="\n")
        return root

    return make_book


@pytest.fixture
def run(tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run this Python with arguments, in the folder above the book."""

    def run(*arguments: str, **environment: str):
        path = [str(tmp_path / "book"), str(ROOT)]
        variables = {
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=os.environ | variables | environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    return run
