"""Saved code becomes a package that works.

A case is a chapter `saved/NAME.md` and its module `saved/NAME.py`.
"""

import ast
import textwrap
from pathlib import Path

import pytest

from booktools.problem import BookError
from booktools.source.chapter import read_book
from booktools.source.package import (
    read_version,
    render_package,
    stale_files,
    write_files,
)
from booktools.source.python import read_code
from booktools.source.saved import read_saved

FOLDER = Path(__file__).parent / "saved"
CASES = sorted(FOLDER.glob("*.md"))


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_module(case, make_book, expect):
    text = case.read_text("utf-8")
    book = read_book(make_book({f"chapters/{case.name}": text}))
    files = render_package(book, "1.0")
    expect(case.with_suffix(".py"), files[f"d2lmini/{case.stem}.py"])


def chapter(*cells):
    head = "---\nfile_format: mystnb\n---\n# A chapter\n"
    fences = [f"\n```{{code-cell}}\n{cell}\n```\n" for cell in cells]
    return head + "".join(fences)


@pytest.fixture
def package(make_book):
    """Make a book of three chapters, with its package."""
    first = chapter(
        "import math\n\nSCALE = 2  #@save\n_hidden = 3  #@save",
        'class Point:  #@save\n    """A point."""\n\n'
        "    def __eq__(self, other):\n        return True\n",
        "def plot(x):  #@save\n"
        '    """Plot a number."""\n'
        "    return math.floor(x) * SCALE * _hidden",
    )
    hidden = chapter("_more_hidden = 1  #@save")
    second = chapter(
        "from d2lmini import torch as d2l\nfrom d2lmini import plot as draw",
        "#@save\nclass Line(d2l.Point):\n"
        '    """A line."""\n\n    length = draw(1.5)\n'
        "    bits = d2l.plot(d2l.plot(1)).bit_length()\n",
    )
    third = chapter(
        "import d2lmini\nimport numpy as np\nimport missing_module",
        'def area():  #@save\n    """Use NumPy."""\n'
        "    return np.array([d2lmini.Line.length])",
        'def other():  #@save\n    """Use a module that is not there."""\n'
        "    return missing_module",
    )
    files = {"first": first, "hidden": hidden, "second": second}
    files |= {"third": third}
    files = {f"chapters/{name}.md": text for name, text in files.items()}
    toc = "format: jb-book\nroot: index\nchapters:\n"
    toc += "".join(f"- file: {name}\n" for name in files)
    project = '[project]\nname = "d2lmini"\nversion = "1.2.3"\n'
    root = make_book(files | {"_toc.yml": toc, "pyproject.toml": project})
    book = read_book(root)
    write_files(
        root,
        stale_files(root, "d2lmini", render_package(book, read_version(root))),
    )
    return root


ALL_NAMES = ["SCALE", "Point", "plot", "Line", "area", "other"]

PROGRAMS = {
    "light": """
        import d2lmini, sys
        assert not {"numpy", "torch", "d2lmini.first"} & {*sys.modules}
        assert d2lmini.__version__ == "1.2.3"
        public = [name for name in vars(d2lmini) if name[0] != "_"]
        assert public == ["torch"], public
        assert dir(d2lmini) == sorted(d2lmini.__all__)
        d2lmini.plot(1)
        assert "numpy" not in sys.modules
        assert "d2lmini.second" not in sys.modules
        assert vars(d2lmini)["plot"] is d2lmini.plot
    """,
    "import as": "import d2lmini as d2l; assert d2l.plot(1.5) == 6",
    "torch": "from d2lmini import torch as d2l; assert d2l.plot(1.5) == 6",
    "module torch": "import d2lmini.torch as d2l; assert d2l.plot(1.5) == 6",
    "import torch": """
        import d2lmini.torch
        assert d2lmini.torch is d2lmini
        assert d2lmini.torch.plot(1.5) == 6
    """,
    "name": "from d2lmini import plot; assert plot(1.5) == 6",
    "name of torch": "from d2lmini.torch import plot; assert plot(1) == 6",
    "private name": "from d2lmini import _hidden; assert _hidden == 3",
    "module": "from d2lmini.second import Line; assert Line.length == 6",
    "module as attribute": """
        import d2lmini
        assert d2lmini.second.Line is d2lmini.Line
    """,
    "pickle": """
        import pickle, d2lmini as d2l
        for thing in d2l.Point, d2l.Point(), d2l.plot, d2l.Line():
            assert pickle.loads(pickle.dumps(thing)) == thing
    """,
    "twice": """
        import importlib, d2lmini
        assert importlib.reload(d2lmini) is d2lmini
        assert d2lmini.torch.plot(1) == 6
    """,
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_use_of_the_package(program, package, run):
    result = run("-W", "error", "-c", textwrap.dedent(PROGRAMS[program]))
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    "names", [["first"], ["second"], ["second", "first"]], ids=str
)
def test_modules_alone_and_in_reverse_order(names, package, run):
    lines = [f"import d2lmini.{name}" for name in names]
    result = run("-c", "\n".join(lines))
    assert (result.returncode, result.stderr) == (0, "")


def test_a_module_that_is_not_installed(package, run):
    for code in (
        "import d2lmini; d2lmini.area()",
        "from d2lmini import area",
        "from d2lmini import *",
        "import d2lmini; hasattr(d2lmini, 'other')",
    ):
        result = run("-c", code)
        last = result.stderr.rstrip("\n").split("\n")[-1]
        assert last == "ModuleNotFoundError: No module named 'missing_module'"


def test_star_import(package, run):
    (package / "missing_module.py").write_text("")
    code = "from d2lmini import *; print([*dir()])"
    result = run("-c", code + "; import d2lmini; print(d2lmini.__all__)")
    imported, listed = result.stdout.split("\n")[:2]
    public = [n for n in ast.literal_eval(imported) if n[0] != "_"]
    assert public == sorted(ALL_NAMES)
    assert ast.literal_eval(listed) == ALL_NAMES


def test_an_unknown_name_is_explained(package, run):
    result = run("-c", "import d2lmini; d2lmini.plott")
    last = result.stderr.rstrip("\n").split("\n")[-1]
    assert last.startswith("AttributeError: d2lmini has no 'plott'")
    assert last.count("Did you mean") == 1
    assert "Did you mean 'plot'?" in last
    assert "#@save in a notebook or script of your own" in last
    result = run("-c", "import d2lmini; d2lmini.my_function")
    assert "mean" not in result.stderr


def test_generated_files_are_clean(package, run):
    rules = ["--select", "F,D", "--config"]
    rules += ["lint.pydocstyle.convention='numpy'"]
    command = ["-m", "ruff", "check", "--isolated", *rules, "book/d2lmini"]
    result = run(*command, "--ignore", "D105")
    assert result.returncode == 0, result.stdout
    command = ["-m", "ruff", "format", "--isolated", "--line-length=79"]
    result = run(*command, "--check", "book/d2lmini")
    assert result.returncode == 0, result.stdout
    # As PyCharm does, mypy sees the names without running anything.
    code = "import d2lmini as d2l\nreveal_type(d2l.SCALE)\n"
    result = run("-m", "mypy", "-c", code, MYPYPATH="book")
    assert 'Revealed type is "int"' in result.stdout.replace("builtins.", "")


def test_a_package_of_another_name(make_book, run):
    config = "title: B\nsphinx: {config: {booktools_package: mine}}\n"
    text = chapter("from mine import torch as d2l", "A = 1  #@save")
    other = chapter("import mine.a as a", "B = a.A  #@save")
    root = make_book(
        {
            "chapters/a.md": text,
            "chapters/b.md": other,
            "_config.yml": config,
        }
    )
    book = read_book(root)
    files = render_package(book, "0")
    assert set(files) == {"mine/__init__.py", "mine/a.py", "mine/b.py"}
    write_files(root, stale_files(root, "mine", files))
    result = run("-c", "import mine.torch as m; print(m.B, m.a.A)")
    assert result.stdout == "1 1\n"


def test_rendering_is_repeatable(package, run):
    code = (
        "import pathlib; from booktools.source.chapter import read_book;"
        "from booktools.source.package import render_package;"
        "print(render_package(read_book(pathlib.Path('book')), '1'))"
    )
    results = {run("-c", code, PYTHONHASHSEED=s).stdout for s in "123"}
    assert len(results) == 1


def test_what_a_statement_saves(make_book):
    """Later steps show where a name comes from."""
    text = chapter("# why\n@staticmethod\ndef f():  #@save\n    pass")
    (module,) = read_saved(read_book(make_book({"chapters/a.md": text})))
    (statement,) = module.statements
    assert module.names == ["f"] == [*statement.names]
    lines = text.split("\n")
    assert lines[statement.line - 1] == "@staticmethod"
    assert lines[statement.line] == "def f():  #@save"
    assert statement.cell.section.title == "A chapter"


def test_global_uses():
    source = (
        "import numpy as np\n"
        "def f(x=a.b.c, *, y: note = 1):\n"
        "    return x.z + d2l.torch.plot(y) + len(f.g)\n"
        "class C(base):\n"
        "    size = size\n"
        "    size\n"
        "value = [m.pi for i in f if (j := i)] or (lambda: late)\n"
    )
    uses = {
        (read.name, read.line, read.at_import)
        for read in read_code(source).reads
        if read.is_free and read.name != "__name__"
    }
    assert uses == {
        ("a", 2, True),
        ("note", 2, True),
        ("d2l", 3, False),
        ("len", 3, False),
        ("f", 3, False),
        ("base", 4, True),
        ("size", 5, True),
        ("m", 7, True),
        ("late", 7, False),
    }


def test_warnings_of_chapters_are_not_ours(make_book, recwarn):
    text = chapter("x = '\\d'\ny = x is 1", "A = 1  #@save")
    read_saved(read_book(make_book({"chapters/a.md": text})))
    assert not recwarn.list


def test_foreign_files_stop_everything(make_book):
    root = make_book({"d2lmini/hand.py": "x = 1\n"})
    files = {"d2lmini/__init__.py": "# Generated from x\n"}
    with pytest.raises(BookError, match="foreign-file"):
        stale_files(root, "d2lmini", files)
    assert stale_files(root, "d2lmini", {}) == {}
