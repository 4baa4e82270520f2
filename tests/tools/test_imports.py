"""Who may import whom is checked, and the check notices what it shall."""

import ast
import shutil
import subprocess
import sys
import tomllib

import pytest

from tests.books import ROOT, own_modules

COMMAND = (
    *(sys.executable, "-c"),
    "from importlinter.cli import lint_imports_command as run; run()",
    "--no-cache",
)


def lint(folder):
    return subprocess.run(COMMAND, cwd=folder, capture_output=True, text=True)


def test_all_imports_are_allowed():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        # The core knows nothing of Sphinx, at whatever depth it asks.
        ("render/pdf", "from sphinx.util import logging"),
        ("source/chapter", "def f():\n    import docutils.nodes"),
        ("source/new", "from booktools.sphinxext import csp"),
        # Rooms use those before them, and so do their modules.
        ("source/chapter", "from booktools.run import execute"),
        ("source/chapter", "from booktools.source.saved import Mark"),
        ("source/saved", "import booktools.source.deps"),
        ("source/new", "from booktools.render import pdf"),
        ("source/chapter", "from booktools.editions import languages"),
        ("source/start", "from booktools.importing import command"),
        ("importing/draft", "from booktools.editions import blocks"),
        ("importing/draft", "from booktools.importing import stock"),
        ("editions/blocks", "from booktools.editions import whole"),
        ("editions/blocks", "from booktools.run import execute"),
        ("run/execute", "import booktools.render.node"),
        ("publish/release", "from booktools.render import pdf"),
        ("render/katex", "from booktools.render import pdf"),
        ("problem", "from booktools import __main__"),
        # What publishes runs where nothing is installed.
        ("publish/branches", "import yaml"),
        ("publish/repository", "import requests, bs4"),
        ("environment", "from packaging import version"),
        ("publish/alarm", "from booktools.source import chapter"),
        # Features can be removed one by one.
        ("sphinxext/page", "from booktools.sphinxext import launch"),
        ("run/kernels", "import d2lmini"),
        # Whoever adds a module says where it stands.
        ("brand_new", "import os"),
        ("source/brand_new", "import os"),
        ("editions/brand_new", "import os"),
        ("importing/brand_new", "import os"),
    ],
)
def test_what_is_not_allowed_is_noticed(tmp_path, module, line):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignore = shutil.ignore_patterns("__pycache__", "assets", "npm")
    shutil.copytree(ROOT / "booktools", tmp_path / "booktools", ignore=ignore)
    with (tmp_path / "booktools" / f"{module}.py").open("a") as file:
        file.write(f"\n\n{line}\n")
    assert lint(tmp_path).returncode == 1


def test_all_packages_are_forbidden_to_what_publishes():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    *_, contract = settings["tool"]["importlinter"]["contracts"]
    imported = set()
    for path in own_modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
    names = {name.partition(".")[0] for name in imported}
    names -= sys.stdlib_module_names | {"booktools"}
    assert names <= set(contract["forbidden_modules"])
