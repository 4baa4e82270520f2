"""The chapters that need no PyTorch build also where there is none.

`make pythons` runs this, with the tests of the tools, on Pythons for which
PyTorch's builds are not at hand.
"""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from booktools.source.chapter import read_book
from tests.books import ROOT, copy_tools
from tests.conftest import TESTS_OF_TORCH

pytestmark = pytest.mark.build


def uses_torch(chapter):
    code = [part.source for part in (*chapter.cells, *chapter.checks)]
    return any(re.search(r"^ *(import|from) torch\b", c, re.M) for c in code)


def test_chapters_without_torch(tmp_path):
    root = tmp_path / "book"
    root.mkdir()
    for name in ("chapters", "d2lmini"):
        shutil.copytree(ROOT / name, root / name)
    for name in (
        *("_config.yml", "_toc.yml", "index.md", "genindex.md"),
        *("pyproject.toml", "LICENSE"),
    ):
        shutil.copy(ROOT / name, root)
    copy_tools(root)
    for chapter in read_book(ROOT).chapters:
        if uses_torch(chapter):
            path = root / chapter.path
            head, line, rest = path.read_text("utf-8").partition("mystnb\n")
            off = "mystnb: {execution_mode: 'off'}\n"
            # What does not run shows nothing that a guess could cover.
            rest = re.sub(r"(?m)^:cells: .*\n", "", rest)
            path.write_text(head + line + off + rest, "utf-8")
        else:
            assert chapter.name not in (
                *("linear_algebra", "matrix_calculus", "autograd"),
            )
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    # An edition has the outputs of all chapters, or is none.
    del config["sphinx"]["config"]["booktools_editions"]
    # Figures of the chapters that do not run are not there.
    config["sphinx"]["config"]["suppress_warnings"] = ["ref.*", "myst.*"]
    (root / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
    environment = os.environ | {"PYTHONPATH": str(root)}
    scripts = Path(sysconfig.get_path("scripts"))
    for command in (
        [scripts / "python", "-m", "booktools", "extract"],
        [scripts / "jupyter-book", "build", "."],
    ):
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
    page = root / "_build" / "html" / "chapters" / "calculus.html"
    assert "_images/" in page.read_text("utf-8")


def test_what_needs_torch_is_known():
    """`make pythons` leaves these out, and could not even read the others."""
    files = (ROOT / "tests" / "this_book").glob("test_*.py")
    found = {
        path.stem.removeprefix("test_")
        for path in files
        if re.search(r"(?m)^import torch$", path.read_text("utf-8"))
    }
    assert found == set(TESTS_OF_TORCH)
