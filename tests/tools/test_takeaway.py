"""Notebooks and scripts for readers who have nothing else of this book."""

import ast
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from booktools.render.script import find_unscriptable, to_script
from booktools.render.takeaway import first_cell, quote
from booktools.source.chapter import Book, read_book, read_chapter
from booktools.source.deps import Library
from booktools.source.package import render_package

ROOT = Path(__file__).parents[2]


BOOK = {
    "chapters/a_basics.md": r'''---
file_format: mystnb
---
# Basics

```{code-cell}
import numpy as np

def area(r):  #@save
    """Return $\pi r^2$, \n and no $name or ${name}; 中文."""
    return np.pi * r ** 2

def text():  #@save
    return """a "b" \''' 'c' \\ """
```
''',
    "chapters/b_more.md": """---
file_format: mystnb
---
# More

```{code-cell}
import d2lmini as d2l

def code():  #@save
    return \'\'\'one \\n
two\'\'\'

def double(r):  #@save
    return 2 * d2l.area(r)

def learn():  #@save
    import torch
```
""",
    "chapters/c_torch.md": """---
file_format: mystnb
---
# Torch

```{code-cell}
import torch

def zeros():  #@save
    return torch.zeros(1)
```
""",
    "chapters/d_reader.md": """---
file_format: mystnb
---
# Reader

```{code-cell}
import d2lmini as d2l
print(d2l.area(1))
```
""",
    "chapters/e_reader.md": """---
file_format: mystnb
---
# Reader of more

```{code-cell}
import os.path
from d2lmini import double
from yaml import safe_load

try:
    import IPython
except ImportError:
    pass
print(double(1))
```
""",
    "chapters/f_anything.md": """---
file_format: mystnb
---
# Anything

```{code-cell}
print("import d2lmini as d2l")
```
""",
    "chapters/g_nothing.md": """---
file_format: mystnb
---
# Nothing

```{code-cell}
import math
```
```{code-cell}
:tags: [raises-exception]
print 'no Python'
```
""",
}


def cell_of(book: Book, name: str, files: dict[str, str]) -> str:
    chapter = next(c for c in book.chapters if c.name == name)
    return first_cell(Library.from_files(files, book.package), files, chapter)


@pytest.fixture
def cells(make_book):
    """Return the first cells of a small book, by chapter, and its files."""
    book = read_book(make_book(BOOK))
    files = render_package(book, "1")
    names = [chapter.name for chapter in book.chapters]
    return {name: cell_of(book, name, files) for name in names}, files


def packages(cell: str) -> str:
    """Return what a first cell asks the reader to install."""
    lines = cell.split("\n")
    calls = [line for line in lines if line.startswith("_check_packages(")]
    return "".join(calls)[len("_check_packages(") : -1]


def modules(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "d2lmini").glob("*.py")}


def test_it_asks_for_what_the_chapter_surely_needs(cells):
    found = {name: packages(cell) for name, cell in cells[0].items()}
    assert found == {
        "index": "",
        "a_basics": 'numpy="numpy"',
        "b_more": 'numpy="numpy"',
        "c_torch": 'torch="torch"',
        "d_reader": 'numpy="numpy"',
        "e_reader": 'numpy="numpy", yaml="PyYAML"',
        "f_anything": "",
        "g_nothing": "",
    }
    assert (cells[0]["index"], cells[0]["g_nothing"]) == ("", "")


@pytest.mark.torch
def test_it_writes_exactly_what_the_chapter_uses(cells, reader, here):
    found = {}
    for name, cell in cells[0].items():
        folder = here / name
        folder.mkdir()
        (folder / "x.py").write_text(cell.replace("yaml=", "json="), "utf-8")
        result = reader.run("x.py", cwd=folder)
        assert (result.returncode, result.stderr, result.stdout) == (0, "", "")
        for path in (folder / "d2lmini").glob("*.py"):
            text = cells[1][f"d2lmini/{path.name}"]
            assert path.read_bytes() == text.encode()
        found[name] = modules(folder)
    everything = {"__init__", "a_basics", "b_more", "c_torch"}
    assert found == {
        "index": set(),
        "a_basics": set(),
        "b_more": {"__init__", "a_basics"},
        "c_torch": set(),
        "d_reader": {"__init__", "a_basics"},
        "e_reader": {"__init__", "a_basics", "b_more"},
        "f_anything": everything,
        "g_nothing": set(),
    }


EXAMPLE = '''"""A module.

>>> area(1)
... 1
"""

def area(r):
    """Return it.

    >>> area(1)
    1
    """
    return r
'''


def test_a_notebook_writes_examples_as_they_are(make_book, jupyter, here):
    """IPython takes prompts away from lines of code."""
    book = read_book(make_book(BOOK))
    files = {"d2lmini/__init__.py": "", "d2lmini/a_basics.py": EXAMPLE}
    cell = new_code_cell(cell_of(book, "f_anything", files))
    jupyter.run_notebook(new_notebook(cells=[cell]), here)
    found = (here / "d2lmini" / "a_basics.py").read_text("utf-8")
    assert found == EXAMPLE


def test_it_shows_the_code_as_it_is(cells):
    # Escapes only where the quotes of the literal stand in the code.
    text = cells[1]["d2lmini/a_basics.py"]
    assert text not in cells[0]["d_reader"]


def test_it_leaves_no_name_behind(cells, here, monkeypatch):
    monkeypatch.chdir(here)
    monkeypatch.setattr(sys, "path", [*sys.path])
    names = {"__name__": "__main__"}
    before = {*names, "__builtins__"}
    exec(cells[0]["d_reader"], names)
    assert names.keys() == before


def test_missing_packages(cells, beginner, here):
    source = cells[0]["c_torch"] + "\nprint('not reached')\n"
    (here / "x.py").write_text(source, "utf-8")
    result = beginner.run("x.py", cwd=here)
    command = f"{beginner.python} -m pip install torch"
    assert (result.returncode, result.stdout) == (1, "")
    expected = (
        f"Missing: torch. In a terminal, first run {command} "
        "and then run this again.\n"
    )
    assert result.stderr == expected

    sources = cells[0]["e_reader"], "print('not reached')"
    notebook = new_notebook(cells=list(map(new_code_cell, sources)))
    with pytest.raises(CellExecutionError):
        beginner.run_notebook(notebook, here)
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs[-1:]] == ["error"]
    assert [output for output in outputs if "exit" in str(output)] == []
    assert "-m pip install numpy PyYAML" in outputs[-1].evalue
    assert "outputs" not in notebook.cells[1] or not notebook.cells[1].outputs
    assert modules(here) == set()


@pytest.mark.torch
@pytest.mark.parametrize("above", [0, 1, 2])
def test_a_package_above_is_taken(above, cells, reader, here):
    """As in the archive of the whole book."""
    top = [here, *here.parents][above]
    for name, text in cells[1].items():
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_text(text, "utf-8")
    source = cells[0]["d_reader"] + "\nimport d2lmini\nprint(d2lmini.area(0))"
    (here / "x.py").write_text(source, "utf-8")
    result = reader.run("-P", "x.py", cwd=here)
    assert (result.stdout, result.stderr) == ("0.0\n", "")
    assert (here / "d2lmini").exists() is (above == 0)
    assert not (top / "d2lmini" / "README.txt").exists()


def test_a_second_chapter_adds_what_it_lacks(cells, reader, here):
    for name, expected in (
        ("d_reader", {"__init__", "a_basics"}),
        ("e_reader", {"__init__", "a_basics", "b_more"}),
        ("d_reader", {"__init__", "a_basics", "b_more"}),
    ):
        times = {p: p.stat().st_mtime_ns for p in here.glob("d2lmini/*")}
        cell = cells[0][name].replace("yaml=", "json=")
        (here / f"{name}.py").write_text(cell, "utf-8")
        result = reader.run(f"{name}.py", cwd=here)
        assert (result.stdout, result.stderr) == ("", "")
        assert modules(here) == expected
        assert {p: p.stat().st_mtime_ns for p in times} == times


def test_an_older_folder_is_left_and_named(cells, reader, here):
    (here / "x.py").write_text(cells[0]["d_reader"], "utf-8")
    reader.run("x.py", cwd=here)
    old = here / "d2lmini" / "a_basics.py"
    old.write_text("area = 1\n")
    cell = cells[0]["e_reader"].replace("yaml=", "json=")
    (here / "x.py").write_text(cell + "\nprint('goes on')", "utf-8")
    result = reader.run("x.py", cwd=here)
    assert result.stdout == "goes on\n"
    assert result.stderr.count("\n") == 1
    assert f"in folder {old.parent} is not" in result.stderr
    assert old.read_text() == "area = 1\n"
    assert modules(here) == {"__init__", "a_basics"}


def test_an_installed_package_is_never_changed(cells, reader, here):
    installed = here / "site" / "d2lmini"
    installed.mkdir(parents=True)
    for name in ("__init__.py", "a_basics.py"):
        text = cells[1][f"d2lmini/{name}"]
        (installed / name).write_text(text, "utf-8")
    for name, lacks in (("d_reader", False), ("e_reader", True)):
        cell = cells[0][name].replace("yaml=", "json=")
        (here / "x.py").write_text(cell, "utf-8")
        result = reader.run("x.py", cwd=here, PYTHONPATH=str(here / "site"))
        assert bool(result.stderr) is lacks
        assert len(list(installed.iterdir())) == 2 + len(
            list(installed.glob("__pycache__"))
        )
        assert not (here / "d2lmini").exists()


USE = """
import sys, d2lmini, subprocess
print(d2lmini.area(0))
print(d2lmini.__file__)
"""


@pytest.mark.torch
def test_where_nothing_can_be_written(cells, reader, here):
    # Not even by root.
    source = cells[0]["d_reader"] + USE
    result = reader.run("-c", source, cwd=Path("/proc/self"))
    zero, file = result.stdout.split()
    assert (zero, result.stderr) == ("0.0", "")
    assert not Path(file).exists()


@pytest.mark.torch
def test_another_folder_has_the_name(cells, reader, here):
    """As where the book's repository was cloned to."""
    (here / "d2lmini" / "chapters").mkdir(parents=True)
    (here / "x.py").write_text(cells[0]["d_reader"] + USE, "utf-8")
    result = reader.run("x.py", cwd=here)
    zero, file = result.stdout.split()
    assert (zero, result.stderr) == ("0.0", "")
    assert not Path(file).exists()
    assert [p.name for p in (here / "d2lmini").iterdir()] == ["chapters"]


def test_an_interrupted_start_is_finished(cells, reader, here):
    (here / "x.py").write_text(cells[0]["d_reader"], "utf-8")
    reader.run("x.py", cwd=here)
    (here / "d2lmini" / "__init__.py").unlink()
    reader.run("x.py", cwd=here)
    assert modules(here) == {"__init__", "a_basics"}


def test_what_is_not_whole_is_no_package(cells, reader, here):
    (here / "x.py").write_text(cells[0]["f_anything"], "utf-8")
    full_disk = "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    source = f"import resource, runpy; {full_disk}; runpy.run_path('x.py')"
    result = reader.run("-c", source, cwd=here)
    assert "OSError" in result.stderr
    assert modules(here) == {"a_basics"}


# What a chapter may read: text in which a literal might end, lines that mean
# something in a script or a notebook, and what is no text.
DATA = {
    "numbers.csv": b"1,2\n3,4\n",
    "empty.txt": b"",
    "deep/er/a 'b' \"c\".txt": "求\u3000导 $x ${y} {z} \\n\n".encode(),
    "quotes.txt": b"a 'b'",
    "three.txt": b"'''\n\\'''\"\"\"''",
    "backslash.txt": b"a\\",
    "windows.csv": b"1;2\r\n3;4\r\n",
    "lines.txt": b"\n\n# %%\n%time\n!ls\n?x\n```\n# +\n\n\ta\t\n",
    "blanks.txt": b"a\n  \nb",
    "prompts.txt": b"a\n  >>> x\n  1\n",
    "marks.txt": "\ufeffa\x0cb\x1cc\x85d\u2028e\0".encode(),
    "latin.txt": "é".encode("latin-1"),
    "../data/all.bin": bytes(range(256)) * 8,
}


@pytest.fixture
def data_cell(make_book):
    """Return the first cell of a chapter that only reads files."""
    book = read_book(make_book(BOOK))
    chapter = next(c for c in book.chapters if c.name == "g_nothing")
    return first_cell(Library("d2lmini", {}), {}, chapter, data=DATA)


def test_it_writes_the_files_that_the_chapter_reads(
    data_cell, reader, jupyter, here
):
    setup = new_code_cell(data_cell, metadata={"tags": ["setup"]})
    notebook = new_notebook(cells=[setup])
    (here / "x.py").write_text(to_script(notebook, (), ()), "utf-8")
    result = reader.run("x.py", cwd=here)
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")
    assert {name: (here / name).read_bytes() for name in DATA} == DATA
    # Text can be read.
    assert data_cell.count("b'''") == 5
    assert "r'''1,2\n3,4\n'''" in data_cell

    other = here.parent.parent / "c" / "d"
    other.mkdir(parents=True)
    notebook.cells.append(new_code_cell("dir()"))
    jupyter.run_notebook(notebook, other)
    assert {name: (other / name).read_bytes() for name in DATA} == DATA
    assert notebook.cells[0].outputs == []
    assert "_write_files" not in str(notebook.cells[1].outputs)


def test_files_that_are_there_stay(data_cell, reader, here):
    (here / "x.py").write_text(data_cell + "\nprint('goes on')", "utf-8")
    (here / "numbers.csv").write_bytes(b"5,6\n")
    (here / "empty.txt").write_bytes(b"")
    times = {p: p.stat().st_mtime_ns for p in here.glob("*.*")}
    for _ in range(2):
        result = reader.run("x.py", cwd=here)
        assert (result.returncode, result.stdout) == (0, "goes on\n")
        assert result.stderr.count("\n") == 1
        assert "the file numbers.csv is not" in result.stderr
        assert {p: p.stat().st_mtime_ns for p in times} == times
    assert (here / "quotes.txt").read_bytes() == DATA["quotes.txt"]


@pytest.mark.parametrize("text", ["a'", "''", "a\\", "\\'", "'''", "'\r''"])
def test_a_literal_is_its_text(text):
    assert ast.literal_eval(quote(text)) == text


SCRIPT = {
    "magics": "%matplotlib inline\nx = 1\nif x:\n    %time x\n!ls\n",
    "text": "s = '''\n%time\n!ls\n'''\nlen(s)",
    "shown": "y = '求'; (y +\n     '导')  # a comment",
    "pair": "1, y",
    "pairs": "(1, y)",
    "hidden": "len(s);",
    "fails": "w = 1\n1 / 0",
    "fails-in-string": "raise ValueError('''a\nb''')",
    "no-python": "print 'x'",
    "modulo": "n = 4\n(7\n%n)",
    "shows": "from matplotlib import pyplot as plt\nplt.plot([1])\nplt.show()",
    "draws": "plt.plot([1, 2]);",
    "last": "plt.get_fignums(), w",
}


def test_script(reader, here):
    picture = "data:image/png;base64,iVBO/+w0KGgo="
    source = f"# 题\n\n![a]({picture})\n\n[b]: {picture}\n\n%no magic"
    setup = new_code_cell("ready = 1", metadata={"tags": ["setup"]})
    title = new_markdown_cell(source, id="md")
    notebook = new_notebook(cells=[title, setup])
    for name, code in SCRIPT.items():
        tags = {"tags": ["raises-exception"]}
        fails = name[:2] in ("fa", "no")
        cell = new_code_cell(code, id=name, metadata=tags if fails else {})
        notebook.cells.append(cell)
    before = nbformat.writes(notebook)
    shown = {"text", "shown", "pair", "pairs", "modulo", "last"}
    script = to_script(notebook, shown, {"draws", "shows"})
    assert nbformat.writes(notebook) == before

    assert script.startswith(
        "# %% [markdown]\n# # 题\n#\n# ![a](picture: see the page)"
    )
    assert "# notebook only: !ls\n" in script
    assert "if x:\n    x\n" in script
    assert "base64" not in script
    assert "\n%matplotlib" not in script
    # Everything as PyCharm and VS Code split it.
    cells = script.count("\n# %%\n")
    assert cells == len(SCRIPT) + 2
    assert script.index("ready = 1") < script.index("def show_figures")

    (here / "x.py").write_text(script, "utf-8")
    figures = here / "figures"
    printed = [
        *("11", "求导", "(1, '求')", "(1, '求')"),
        "ZeroDivisionError: division by zero",
        *("ValueError: a", "b"),
        "SyntaxError: Missing parentheses in call to 'print'. "
        "Did you mean print(...)? (<string>, line 1)",
        *("3", "([], 1)", ""),
    ]
    for backend in ("module://window", "agg"):
        variables = {"MPLBACKEND": backend, "FIGURES": str(figures)}
        result = reader.run("x.py", cwd=here, DISPLAY=":99", **variables)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.split("\n") == printed
    assert figures.read_text() == "xx"
    assert script.count("\nshow_figures()") == 1


# Source, what the script prints; S: its value is shown, E: it must fail, X: it
# does not run.
MAGICS = [
    ("S", "%%time\nx = 3\nx + 1", "4"),
    ("", "%%capture out\nprint('in', x)\ny = x", ""),
    ("S", "out.stdout, y", "('in 3\\n', 3)"),
    ("", "%%capture\ns = '''a\nb'''\nprint(s)", ""),
    ("S", "out.show(); len(s)", "in 3 3"),
    ("", "def f():\n    return 5\nr = %timeit -o -n 2 -r 2 f()", ""),
    ("S", "r.average > 0, r.best <= r.worst", "(True, True)"),
    ("S", "%time v = f()\nv", "5"),
    ("S", "w = %time f()\nw", "5"),
    ("S", "%time f()", "5"),
    ("S", "files = %sx echo a; echo b\nfiles", "['a', 'b']"),
    ("S", "n = 'q'\nmore = !echo {n}\nmore", "['q']"),
    ("S", "awk = !echo a | awk '{print $1}'\nawk", "['a']"),
    ("", "%timeit f()\n?f\nf??\n!ls\n%ls\n%load_ext a\n!!ls", ""),
    ("", "%%bash\necho hi", ""),
    ("", "%%html\n<b>\n\n'''", ""),
    ("", "%%timeit q = 1\n1 / 0", ""),
    ("S", "%%prun -l 3\nu = 2\nu", "2"),
    ("S", "if x:\n    %time k = 8\n    %timeit f()\n    !ls\nk", "8"),
    ("", "%%writefile some.txt\nhello\n'''", "Writing some.txt"),
    ("S", "open('some.txt').read()[:5]", "hello"),
    ("S", "%env QQ=5\nimport os\nos.environ['QQ']", "env: QQ=5 5"),
    ("", "display(1, 'a')", "1 a"),
    (
        "S",
        "import asyncio\nasync def g(n):\n    await asyncio.sleep(0)\n"
        "    return n\nt = await g(1)\nt",
        "1",
    ),
    ("", "task = asyncio.create_task(g(2))", ""),
    ("S", "await task", "2"),
    (
        "",
        "async def gen():\n    yield 7\n\nasync for i in gen():\n"
        "    print(i)\nL = [k async for k in gen()]\nS = '''p\n  q'''",
        "7",
    ),
    ("S", "i, L, S", "(7, [7], 'p\\n  q')"),
    ("S", "number: int = await g(3)\nnumber", "3"),
    ("S", "%time await g(5)", "5"),
    ("", "%%capture cap\ncc = await g(6)\nprint(cc)", ""),
    ("S", "cap.show(); cc", "6 6"),
    ("E", "await g(1)\n1 / 0", "ZeroDivisionError: division by zero"),
    ("E", "%%time\n1 / 0", "ZeroDivisionError: division by zero"),
    ("E", "raise SystemExit(3)", "SystemExit: 3"),
    (
        "E",
        "return 1",
        "SyntaxError: 'return' outside function (<string>, line 1)",
    ),
    ("X", "import nothing\nwhile True: pass", ""),
    (
        "S",
        "from __future__ import annotations\ndef h(a: Nothing): return a\n"
        "h(2)",
        "2",
    ),
]
TAGS = {"E": "raises-exception", "X": "skip-execution"}


def test_scripts_without_jupyter(reader, here):
    """What only Jupyter can run does not keep the rest from running."""
    notebook = new_notebook()
    for i, (kind, source, _) in enumerate(MAGICS):
        metadata = {"tags": [TAGS[kind]]} if kind in TAGS else {}
        cell = new_code_cell(source, id=f"c{i}", metadata=metadata)
        notebook.cells.append(cell)
    shown = {f"c{i}" for i, (kind, *_) in enumerate(MAGICS) if kind == "S"}
    script = to_script(notebook, shown, ())
    (here / "x.py").write_text(script, "utf-8")
    result = reader.run("x.py", cwd=here)
    assert (result.returncode, result.stderr) == (0, "")
    printed = [text for *_, text in MAGICS if text]
    assert result.stdout.split() == " ".join(printed).split()
    assert "# notebook only: import nothing\n# while True: pass\n" in script


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("%run other.py", [0]),
        ("%pylab\nx = 1", [0]),
        ("x = 1\n\nhome = %who_ls\n!ls", [2]),
        ("%%bash --out lines\nls", [0]),
        ("x = !ls\n%time y = 1\nr = %timeit -o y\n%ls\n?x", []),
        ("%%bash\nls --out x", []),
    ],
)
def test_what_no_script_can_do(source, lines):
    text = "---\nfile_format: mystnb\n---\n# A\n```{code-cell}\n"
    chapter = read_chapter("a.md", f"{text}{source}\n```\n".encode())
    problems = find_unscriptable(chapter)
    assert [problem.line - 6 for problem in problems] == lines
    assert {problem.rule for problem in problems} <= {"script-magic"}
    tag = ":tags: [skip-execution]\n"
    chapter = read_chapter("a.md", f"{text}{tag}{source}\n```\n".encode())
    assert find_unscriptable(chapter) == []
