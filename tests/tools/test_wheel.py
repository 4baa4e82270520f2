"""The tools as a package: with nothing else, they build any book."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from booktools.check.readers import Reader
from booktools.environment import tools_requirements
from booktools.publish.wheel import build_tools
from tests.books import ROOT, git

pytestmark = pytest.mark.slow

BUILD = "import jupyter_book.cli.main as cli; cli.main()"
CONFIG = """\
title: Plain
sphinx: {extra_extensions: [booktools.sphinxext]}
"""
TOC = "format: jb-book\nroot: index\nchapters:\n- file: one\n- file: two\n"
MATTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
"""
PLAIN = {
    "_config.yml": CONFIG,
    "_toc.yml": TOC,
    "index.md": "# Plain\n\nBegin with {doc}`one`.\n",
    "one.md": "# One\n\nText, $x^2$ and no label.\n\n$$\na = b\n$$\n",
    "two.md": MATTER + "# Two\n\n```{code-cell}\nprint(1 + 1)\n```\n",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_tools(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def author(wheel, tmp_path_factory):
    """Return a Python that has only the wheel, and no network."""
    needed = [line for line in tools_requirements() if "extra" not in line]
    names = {Requirement(line).name for line in needed}
    names |= {"pagefind-bin-extended"}
    author = Reader(tmp_path_factory.mktemp("author"), *sorted(names))
    assert not (author.library / "booktools").exists()
    pip = [sys.executable, "-m", "pip", "--python", author.python, "install"]
    options = ["--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*pip, *options, wheel], check=True, capture_output=True)
    author.env |= {
        "XDG_CACHE_HOME": str(author.folder / "cache"),
        # No Node.js but the one that comes with the tools.
        "PATH": str(author.folder / "bin"),
    }
    author.prefix[:1] = [shutil.which(name) for name in author.prefix[:1]]
    return author


@pytest.fixture
def write(tmp_path):
    def write(**files):
        root = tmp_path / "a book"
        root.mkdir()
        changed = {f"{name}.md": text for name, text in files.items()}
        for name, text in (PLAIN | changed).items():
            (root / name).write_text(text, "utf-8")
        return root

    return write


def test_what_is_in_the_wheel(wheel):
    with ZipFile(wheel) as archive:
        names = {Path(name) for name in archive.namelist()}
    assert wheel.stat().st_size < 2_000_000
    tracked = git(ROOT, "ls-files", "booktools").split("\n")
    own = {Path(name) for name in tracked}
    left_out = {
        name
        for name in own - names
        if name.parent != Path("booktools/npm/lint")
    }
    tops = ("pyproject.toml", "README.md", "LICENSE")
    assert left_out == {Path("booktools", name) for name in tops}
    axe = Path("booktools/npm/axe/node_modules/axe-core/axe.min.js")
    assert axe in names
    added = {name.parts[2:5] for name in names - own if len(name.parts) > 4}
    assert added == {
        ("axe", "node_modules", ".package-lock.json"),
        ("axe", "node_modules", "axe-core"),
        ("katex", "node_modules", ".package-lock.json"),
        ("katex", "node_modules", "katex"),
    }
    others = {name.parts[0] for name in names - own}
    assert others == {"booktools", "booktools-0.1.0.dist-info"}


def test_a_plain_book(author, write):
    root = write()
    result = author.run("-c", BUILD, "build", ".", cwd=root)
    assert (result.returncode, result.stderr) == (0, "")
    html = root / "_build" / "html"
    assert 'class="katex' in (html / "one.html").read_text("utf-8")
    assert ">2\n</pre>" in (html / "two.html").read_text("utf-8")
    assert (html / "pagefind" / "pagefind.js").is_file()
    assert (html / "_notebooks" / "plain.zip").is_file()
    assert not (author.folder / "cache" / "booktools").exists()


def test_what_an_extra_has_is_asked_for_where_it_is_needed(author, write):
    formula = "\n$$\nx\n$$ (eq-x)\n\n"
    check = "```{check} eq-x\nimport sympy\nassert sympy\n```\n"
    root = write(two=PLAIN["two.md"] + formula + check)
    result = author.run("-c", BUILD, "build", ".", cwd=root)
    assert result.returncode == 1
    assert (
        "two.md:16 (check eq-x): ModuleNotFoundError: No module named 'sympy';"
        " the formula: x\n    hint: install what checks need: python -m pip"
        ' install "booktools[checks]"\n'
    ) in result.stderr
    for command in ("pdf", "check"):
        result = author.run("-m", "booktools", command, cwd=root)
        assert result.returncode == 1
        assert result.stderr.startswith(f"error: {command} needs ")
        end = f' -m pip install "booktools[{command}]"\n'
        assert result.stderr.endswith(end)
        assert result.stderr.count("\n") == 1


def test_an_installed_wheel_builds_no_other(author, tmp_path):
    result = author.run("-m", "booktools", "wheel", cwd=tmp_path)
    assert result.returncode == 1
    assert "these tools are installed: there is nothing to build" in (
        result.stderr
    )
    assert not (tmp_path / "dist").exists()
