"""What several tests share."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from booktools.editions.languages import read_editions
from booktools.render.browser import NO_BROWSER, fetchable, find_version
from tests.books import (
    COMMAND,
    ROOT,
    Book,
    Builder,
    environ,
    open_builder,
    write_book,
)

pytest_plugins = ["booktools.check.browser", "booktools.check.readers"]

# What a book is built from.
SOURCES = (
    "chapters d2lmini _config.yml _toc.yml index.md genindex.md "
    "pyproject.toml LICENSE"
)


# Fixtures that build books, start a browser, or take long without either:
# a print, kernels, environments.
BUILD = {"builder", "whole_site"}
BROWSER = {"browser"}
SLOW = {"print_book", "hostile", "ready", "reader", "jupyter", "beginner"}
# Fixtures of the whole book, which needs PyTorch, and the tests of what it
# saves.
NEED_TORCH = {"whole_site"}
TESTS_OF_TORCH = (
    "build_autograd",
    "check_gradient",
    "d2lmini",
    "generalization",
    "gradient_descent",
    "helpers",
    "linear_regression",
)


def pytest_collection_finish(session):
    """Say at once what these tests lack, not after all the others."""
    if (
        any("browser" in item.fixturenames for item in session.items)
        and not fetchable()
        and not find_version()
    ):
        pytest.exit(str(NO_BROWSER), returncode=1)


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


# First: the markers decide what -m leaves out.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark tests by the fixtures that they use; leave out what cannot run.

    Who makes another course from this one deletes the folder `this_book`.
    """
    here = Path(__file__).parent
    left_out = []
    for item in items:
        used = set(item.fixturenames)
        room = item.path.relative_to(here).parts[0]
        marks = [room] if room in ("site", "tools", "this_book") else []
        marks += ["build"] if used & BUILD else []
        marks += ["browser"] if used & BROWSER else []
        marks += ["slow"] if used & SLOW else []
        marks += ["torch"] if used & NEED_TORCH else []
        for name in marks:
            item.add_marker(name)
        of_chapters = item.get_closest_marker("this_book")
        needs_torch = item.get_closest_marker("torch")
        if (of_chapters and not (here / "this_book").exists()) or (
            needs_torch and config.getoption("--without-torch")
        ):
            left_out.append(item)
    config.hook.pytest_deselected(items=left_out)
    # The files that take longest come first, so that all cores end together.
    long = Counter(i.path for i in items if _takes_long(i))
    items[:] = sorted(
        (item for item in items if item not in left_out),
        key=lambda item: (-long[item.path], str(item.path)),
    )


def _takes_long(item):
    return item.get_closest_marker("build") or item.get_closest_marker("slow")


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
def builder() -> Iterator[Builder]:
    """Build small books."""
    with open_builder() as builder:
        yield builder


@pytest.fixture(scope="session")
def site(whole_site) -> Path:
    """Return the site of this book, in the language of its source."""
    return whole_site


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory) -> Path:
    """Build this book, from a copy, as the repository a/b would publish it.

    Tests may read the folder but not write to it.  All processes that run
    tests share it.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    root = folder / "this" / "book"
    with FileLock(folder / "this.lock"):
        if not root.exists():
            root.mkdir(parents=True)
            editions = [edition.language for edition in read_editions(ROOT)]
            for name in [*SOURCES.split(), *editions]:
                if name == "d2lmini" and not (ROOT / name).exists():
                    continue  # a course of one's own that saves nothing
                copy = (
                    shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                )
                copy(ROOT / name, root / name)
            result = subprocess.run(
                COMMAND,
                cwd=root,
                env=environ(GITHUB_REPOSITORY="a/b", GITHUB_REF_NAME="main"),
                capture_output=True,
                text=True,
            )
            assert (result.returncode, result.stderr) == (0, "")
    assert (root / "_build" / "html").is_dir(), "see the first of the errors"
    return root / "_build" / "html"


@pytest.fixture(scope="session")
def top_address(whole_site) -> Iterator[str]:
    """Serve this book, in all languages; return where."""
    # Not before pytest has loaded it, as a plugin.
    from booktools.check.browser import serve

    with serve(whole_site) as address:
        yield address


@pytest.fixture(scope="session")
def address(top_address) -> str:
    """Return where this book is in the language of its source."""
    return top_address


@pytest.fixture(scope="session")
def language() -> str:
    """Return the language of readers."""
    return "zh-CN"


@pytest.fixture(scope="session")
def packages() -> tuple[str, ...]:
    """Return what readers have installed."""
    return ("numpy", "matplotlib", "torch")


@pytest.fixture
def make_book(tmp_path) -> Callable[..., Path]:
    """Make the folder `book` of a book: see write_book."""
    return lambda source: write_book(tmp_path / "book", source)


@pytest.fixture
def new_book(make_book, builder) -> Callable[..., Book]:
    """Make a book like make_book, with all that builds it."""
    return lambda source, **environment: Book(
        make_book(source), builder, **environment
    )


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
