"""Which saved code a chapter uses, and what changes its digest."""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from booktools.problem import BookError
from booktools.source import installed
from booktools.source.chapter import Book, Chapter, read_chapter
from booktools.source.deps import (
    Library,
    chapter_digest,
    chapter_files,
    describe,
)
from booktools.source.magics import python_source
from booktools.source.package import render_package

MODULES = {
    "calculus": '''
"""Saved code of a chapter."""
import numpy as np
from matplotlib import pyplot as plt

__all__ = ["fmt", "plot", "area", "unused", "EPS", "plt"]


def fmt(x):
    return str(np.round(x, 3))


def plot(x):
    """Draw x."""
    # The label comes first.
    label = fmt(x)
    return plt.plot(x, label=label)


def area(h, w):
    return h * w


def unused():
    return 1


EPS = 1e-8
''',
    "training": """
import d2lmini as d2l


class Module:
    def fit(self, x):
        return d2l.plot(x)


class Net(Module):
    width = 4


def evaluate(net, eps=d2l.EPS):
    from d2lmini.calculus import area as measure
    return measure(net, eps)
""",
    "__init__": """
if TYPE_CHECKING:
    from d2lmini.calculus import plot
_MODULES = {"plot": "calculus"}
__version__ = "1.0"
""",
}

PLOT = {
    "import as": "import d2lmini as d2l\nd2l.plot(1)",
    "torch as": "from d2lmini import torch as d2l\nd2l.plot(1)",
    "torch module": "import d2lmini.torch as d2l\nd2l.plot(1)",
    "package": "import d2lmini\nd2lmini.plot(1)",
    "torch of package": "import d2lmini\nd2lmini.torch.plot(1)",
    "module": "import d2lmini.calculus\nd2lmini.calculus.plot(1)",
    "other module": "import d2lmini.training\nd2lmini.plot(1)",
    "module as": "import d2lmini.calculus as c\nc.plot(1)",
    "module from": "from d2lmini import calculus\ncalculus.plot(1)",
    "name": "from d2lmini import plot\nplot(1)",
    "name from torch": "from d2lmini.torch import plot\nplot(1)",
    "name as": "from d2lmini.calculus import plot as p\np(1)",
    "within": "def f():\n    import d2lmini as d2l\n    d2l.plot(1)",
    "cells": ["d2l.plot.__doc__", "import d2lmini as d2l"],
    "twice": ["from x import plot", "plot(1)", "from d2lmini import plot"],
    "method": "import d2lmini as d2l\nd2l.Module().fit(1)",
    "subclass": "from d2lmini import Net\nNet().fit(1)",
    "derived": "import d2lmini as d2l\nclass A(d2l.Net): pass",
    "decorated": "import d2lmini as d2l\n@d2l.plot\ndef f(): pass",
    "f-string": "import d2lmini as d2l\nprint(f'{d2l.plot(1)}')",
    "changed": "import d2lmini as d2l\nd2l.plot.cache = {}",
    "magic and name": "from d2lmini import plot as p\nx = %timeit -o p(1)",
    "other magic": "%matplotlib inline\nimport d2lmini as d2l\nd2l.plot(1)",
}
OTHERS = {
    "nothing": "import numpy as np\nnp.eye(2)",
    "own plot": "def plot(x): pass\nplot(1)",
    "imports only": "import d2lmini as d2l",
    "area": "import d2lmini as d2l\nd2l.area(1, 2)",
    "constant": "import d2lmini as d2l\nx = d2l.EPS",
    "from": "from d2lmini import evaluate",
    "saved import": "import d2lmini as d2l\nd2l.plt.show()",
    "evaluate": "from d2lmini import evaluate\nevaluate(1)",
    "version": "import d2lmini as d2l\nd2l.__version__",
    "docstring": "import numpy\ndef f():\n    'As in d2lmini.'",
    "eval method": "import torch\nnet.eval()",
}
EVERYTHING = {
    "new": "import d2lmini as d2l\nd2l.new(1)",
    "via module": "import d2lmini.training as t\nt.d2l.plot(1)",
    "module star": "from d2lmini.calculus import *\nplot(1)",
    "star": "from d2lmini import *\nplot(1)",
    "getattr": "import d2lmini as d2l\ngetattr(d2l, name)",
    "rebound": "import d2lmini as d2l\nother = d2l",
    "passed on": "import d2lmini as d2l\nprint(dir(d2l))",
    "module object": "from d2lmini import training\nvars_of(training)",
    "dict": "import d2lmini as d2l\nd2l.__dict__[name]",
    "dict of module": "import d2lmini.training as t\nt.__dict__[name]",
    "importlib": "import importlib\nm = importlib.import_module(name)",
    "import from": "from importlib import import_module as im\nim(name)",
    "importlib as": "import importlib as il\nil.import_module(name)",
    "__import__": "m = __import__(name)",
    "exec": "exec(text)",
    "eval": "import d2lmini as d2l\neval('d2' + 'l.plot(1)')",
    "globals": "from d2lmini import plot\nglobals()[name](1)",
    "string": "run('from d2lmini import plot')",
    "command": "!python -m d2lmini.calculus",
    "magic": "import d2lmini as d2l\n%timeit d2l.plot(1)",
    "cell magic": ["import d2lmini as d2l", "%%time\nd2l.plot(1)"],
    "unparsable": ["import d2lmini as d2l", "x = = 1"],
}
STYLES: Mapping[str, str | list[str]] = PLOT | OTHERS | EVERYTHING
DRAWN = {*PLOT, *EVERYTHING}

# What is edited, and which styles then have another digest.
EDITS = {
    "plot": ("calculus", "label=label", "label='x'", DRAWN),
    "docstring": ("calculus", "Draw x.", "Draw all x.", DRAWN),
    "called by plot": ("calculus", "round(x, 3)", "round(x, 4)", DRAWN),
    "import": (
        "calculus",
        "import pyplot as plt",
        "import pylab as plt",
        {*DRAWN, "saved import"},
    ),
    "import of called": ("calculus", "numpy as", "jax.numpy as", DRAWN),
    "area": (
        "calculus",
        "h * w",
        "w * h",
        {"area", "evaluate", "from", *EVERYTHING},
    ),
    "constant": (
        "calculus",
        "1e-8",
        "1e-9",
        {"constant", "evaluate", "from", *EVERYTHING},
    ),
    "unused": ("calculus", "return 1", "return 2", {*EVERYTHING}),
    "method": (
        "training",
        "return d2l.plot(x)",
        "return d2l.plot(x, 1)",
        {"method", "subclass", "derived", *EVERYTHING},
    ),
    "class constant": (
        "training",
        "width = 4",
        "width = 5",
        {"subclass", "derived", *EVERYTHING},
    ),
    "new name": (
        "training",
        "\n\nclass Net",
        "\ndef new(x):\n    pass\n\n\nclass Net",
        {*EVERYTHING},
    ),
    "new version": ("__init__", "1.0", "1.1", {"version", *EVERYTHING}),
    "new table": ("__init__", '{"plot"', '{"x": "y", "plot"', set()),
    "comment": ("calculus", "comes first", "is made first", set()),
    "format": (
        "calculus",
        "plt.plot(x, label=label)",
        "plt.plot(\n        x,\n        label=(label),\n    )",
        set(),
    ),
    "lines": ("calculus", "EPS =", "\n\n\n# Small.\nEPS =", set()),
    "__all__": ("calculus", '["fmt",', '[\n    "fmt",\n   ', set()),
}


def digests(
    modules: Mapping[str, str], styles: Mapping[str, str | list[str]] = STYLES
) -> dict[str, str]:
    library = Library("d2lmini", modules)
    found = {}
    for style, code in styles.items():
        cells = [code] if isinstance(code, str) else code
        uses = library.uses(map(python_source, cells))
        found[style] = library.digest(uses)
    return found


def edited(
    modules: Mapping[str, str], module: str, old: str, new: str
) -> dict[str, str]:
    assert modules[module].count(old) == 1
    return {**modules, module: modules[module].replace(old, new)}


def changed(
    before: Mapping[str, str], after: Mapping[str, str]
) -> Iterable[str]:
    return {style for style in before if before[style] != after[style]}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_reaches_exactly_its_users(edit: str) -> None:
    module, old, new, users = EDITS[edit]
    before = digests(MODULES)
    after = edited(MODULES, module, old, new)
    assert changed(before, digests(after)) == users
    assert digests(edited(after, module, new, old)) == before


def names(library: Library, *cells: str) -> set[str]:
    """Return the saved names that cells use, without the modules."""
    return library.uses(cells) & library.homes.keys()


def test_uses_are_names_and_the_modules_that_they_need() -> None:
    library = Library("d2lmini", MODULES)
    assert library.uses(["from d2lmini import evaluate\nevaluate(1)"]) == {
        *("training", "evaluate"),
        *("calculus", "EPS", "area"),
    }


def test_the_package_has_the_name_it_is_given() -> None:
    library = Library("mybook", {"one": "def f(): pass"})
    assert names(library, "import mybook as b\nb.f()") == {"f"}
    assert names(library, "import d2lmini as b\nb.f()") == set()


def test_no_saved_code_is_no_problem() -> None:
    library = Library("d2lmini", {})
    assert library.uses(["import d2lmini as d2l\nprint(d2l)"]) == set()
    assert library.digest([]) == Library("other", {}).digest([])


EFFECTS = {
    "registry": """
import functools

LIMITS = {"low": 1}
TABLE = make_table()


def make_table():
    return {"a": 1}


def register(function):
    LIMITS[function.__name__] = function
    return function


@register
def square(x):
    return x * x


@functools.cache
def cube(x):
    return x ** 3


LIMITS["high"] = 2
inner = lambda x: float(x)


class Shape:
    @register
    def name(self):
        return "shape"


def set_method(cls):
    return lambda method: setattr(cls, method.__name__, method)


@set_method(Shape)
def size(self):
    return 7


Shape.colour = "red"


def plain():
    return 0
""",
    "first": """
from d2lmini.registry import plain


def early():
    return 1
""",
    "second": """
import d2lmini as d2l


def late(start=d2l.plain):
    return 1


class Late:
    pass
""",
    "third": """
import d2lmini as d2l


def last():
    return 3


class Last(d2l.Late):
    pass
""",
    "fourth": """
def other():
    return 1
""",
    "fifth": """
import d2lmini as d2l


def lazy():
    return 1


def calls():
    return d2l.plain()
""",
}
LOADING = {
    "plain": "import d2lmini as d2l\nd2l.plain()",
    "import": "import d2lmini.registry",
    "import as": "import d2lmini.registry as r",
    "from": "from d2lmini import registry",
    "star": "from d2lmini import *",
    "module star": "from d2lmini.registry import *",
    "header": "import d2lmini as d2l\nd2l.early()",
    "default": "import d2lmini as d2l\nd2l.late()",
    "base": "import d2lmini as d2l\nd2l.last()",
    "body": "import d2lmini as d2l\nd2l.calls()",
    # Its module may import what anything in it refers to.
    "lazy": "import d2lmini as d2l\nd2l.lazy()",
}
NOT_LOADING = {
    "package": "import d2lmini as d2l",
    "other": "import d2lmini as d2l\nd2l.other()",
    "own name": "def plain(): pass\nplain()",
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TABLE = make", "TABLE = 1 + make"),
        ('{"a": 1}', '{"a": 2}'),
        ("LIMITS[function.__name__] =", "LIMITS[function] ="),
        ("x * x", "x ** 2"),
        ('["high"] = 2', '["high"] = 3'),
        ('{"low": 1}', '{"low": 0}'),
        ('"shape"', '"Shape"'),
        ("return 7", "return 8"),
        ('"red"', '"blue"'),
        ("x ** 3", "x * x * x"),
    ],
)
def test_what_importing_runs_reaches_all_who_import(
    old: str, new: str
) -> None:
    styles = LOADING | NOT_LOADING
    before = digests(EFFECTS, styles)
    after = digests(edited(EFFECTS, "registry", old, new), styles)
    assert changed(before, after) == set(LOADING)


def test_plain_definitions_reach_only_their_users() -> None:
    styles = LOADING | NOT_LOADING
    before = digests(EFFECTS, styles)
    after = edited(EFFECTS, "registry", "float(x)", "int(x)")
    assert changed(before, digests(after, styles)) == {"star", "module star"}
    after = edited(EFFECTS, "registry", "return 0", "return 4")
    users = {"star", "module star", "plain", "default", "body"}
    assert changed(before, digests(after, styles)) == users


@pytest.mark.parametrize(
    "statement",
    [
        "x = make()",
        "x: int = make()",
        "x = [make() for _ in 'ab']",
        "x, y = make(), 1",
        "x['a'] = 1",
        "x.a = 1",
        "x.a['a'].b = 1",
        "(x.a, *x.b) = 1, 2",
        "y, x.a = 1, 2",
        "if limit:\n    x = 1",
        "from __future__ import annotations",
        "@use\ndef x(): pass",
        "@use.twice(1)\ndef x(): pass",
        "@partial(use, 1)\ndef x(): pass",
        "@d2l.__dict__['use']\ndef x(): pass",
        "class x:\n    @use\n    def method(self): pass",
        "class x:\n    y = use()",
        "def x(y=use()): pass",
        "def x(y: use()): pass",
        "def x() -> use(): pass",
        "def x(y=make()): pass",
        "@functools.cache\ndef x(): pass",
        "class x:\n    @property\n    @use\n    def method(self): pass",
        "class Base:\n    def __init_subclass__(cls): use(cls)",
        "class x(metaclass=Meta): pass",
        "x = lambda y=make(): y",
    ],
)
def test_statements_that_act_when_they_are_imported(statement: str) -> None:
    assert digest_with(statement) != digest_with("")


@pytest.mark.parametrize(
    "statement",
    [
        "x = 1",
        "x = LIMITS['a'].b",
        "x = {'a': [1, 2]}",
        "x = lambda y: make(y)",
        "def x(y=LIMITS): return make(y)",
        "x = 1\nx += 1",
        "class x(use): pass",
        "class x:\n    def method(self): return use()",
        "class x:\n    @property\n    def method(self): return use()",
        "import math as x",
        "from math import cos as x",
        "'A text.'",
    ],
)
def test_statements_that_only_bind_a_name(statement: str) -> None:
    assert digest_with(statement) == digest_with("")


@pytest.mark.parametrize(
    "statement",
    [
        "x = 1",
        "x: int = 1",
        "y = x = 1",
        "y, x = 1, 2",
        "(y, *x), z = [1, 2], 3",
        "def x(): pass",
        "async def x(): pass",
        "class x: pass",
        "import math as x\n__all__ = ['x']",
        "from math import cos as x\n__all__ = ['x']",
    ],
)
def test_statements_bind_names(statement: str) -> None:
    library = Library("d2lmini", {"one": statement})
    assert "x" in library.uses(["from d2lmini import x"])
    assert library.homes["x"] == "one"


@pytest.mark.parametrize(
    "statement", ["x['a'] = 1", "x.a.b = 1", "x += 1", "x['a'] += 1"]
)
def test_statements_change_what_a_name_is(statement: str) -> None:
    code = ["from d2lmini import x"]
    before = Library("d2lmini", {"one": "x = A"})
    after = Library("d2lmini", {"one": f"x = A\n{statement}"})
    assert before.digest(before.uses(code)) != after.digest(after.uses(code))


def digest_with(statement: str) -> str:
    """Return what a user of `use` gets if its module has a statement."""
    source = "import functools\nimport d2lmini as d2l\ndef use(): pass\n"
    library = Library("d2lmini", {"one": f"{source}{statement}"})
    return library.digest(library.uses(["from d2lmini import use"]))


@pytest.mark.parametrize(
    "saved",
    [
        "def f(name):\n    return getattr(d2l, name)",
        "def f(text):\n    return eval(text)",
        "def f():\n    return run('import d2lmini')",
    ],
)
def test_saved_code_that_hides_its_uses_uses_everything(saved: str) -> None:
    library = Library(
        "d2lmini",
        {"one": "def g(): pass", "two": f"import d2lmini as d2l\n{saved}"},
    )
    assert names(library, "from d2lmini import f") == {"f", "g"}


def test_other_code_in_its_module_still_tells_what_it_uses() -> None:
    library = Library(
        "d2lmini",
        {"one": "def g(): pass", "two": "def f(): eval('1')\ndef h(): pass"},
    )
    assert names(library, "from d2lmini import h") == {"h"}


def test_methods_added_to_classes_may_have_equal_names() -> None:
    added = "class {0}: pass\n@add_to_class({0})\ndef m(self): return {1}()\n"
    modules = {
        "one": added.format("A", "f") + "def f(): return 1",
        "two": added.format("B", "g") + "def g(): return 2\ndef m2(): pass",
    }
    users = {"A": "from d2lmini import A", "B": "from d2lmini import B"}
    before = digests(modules, users)
    for module, old, user in (
        ("one", "return 1", "A"),
        ("two", "return 2", "B"),
    ):
        after = edited(modules, module, old, "return 3")
        assert changed(before, digests(after, users)) == {user}


def test_saved_code_may_call_itself_and_each_other() -> None:
    library = Library(
        "d2lmini",
        {"one": "def f():\n    return g()\ndef g():\n    return f()"},
    )
    assert names(library, "from d2lmini import g") == {"f", "g"}


def test_code_gives_no_warnings(tmp_path: Path) -> None:
    saved = "def f(x):\n    return x is '\\d'"
    cells = "from d2lmini import f", "f('\\d')", "%matplotlib inline\n'\\d'"
    # An error would do for a warning, were it not taken for one of syntax.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        library = Library("d2lmini", {"one": saved})
        chapter_digest(library, chapter("x", *cells), tmp_path)
        assert names(library, *cells[:2]) == {"f"}
    assert caught == []


def test_moving_a_name_changes_the_digest() -> None:
    code = ["from d2lmini import f"]
    one = Library("d2lmini", {"one": "def f(): pass", "two": ""})
    two = Library("d2lmini", {"two": "def f(): pass", "one": ""})
    assert one.digest(one.uses(code)) != two.digest(two.uses(code))


def test_a_change_of_a_version_changes_every_digest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def digest() -> str:
        installed.installed.cache_clear()
        return Library("d2lmini", {}).digest([])

    old = digest()
    with monkeypatch.context() as patch:
        patch.setattr(installed.platform, "python_version", lambda: "9.9.9")
        assert digest() != old
        patch.undo()
        # Whatever a chapter imports, and what that needs.
        patch.syspath_prepend(tmp_path)
        found = {old}
        for name in ("pandas-9.9", "pandas-9.10", "of_pandas-1.0"):
            (tmp_path / f"{name}.dist-info").mkdir()
            found.add(digest())
        assert len(found) == 4
    assert digest() == old


# Files beside a chapter (in b), in the book's folder, and a changed one.
FILES = {
    "b/used.py": "import deeper\nx = open('script.py')",
    "b/deeper.py": "from package.inner import x",
    "b/package/inner.py": "x = 1",
    "b/script.py": "1",
    "b/my script.py": "1",
    "other.py": "from b import used",
    "b/unused.py": "1",
    "b/written.py": "1",
    "d2lmini/a.py": "def f(): pass  #@save",
}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import used", "used deeper inner script"),
        ("from used import x as y", "used deeper inner script"),
        ("import package", "inner"),
        ("from b.package.inner import x", "all"),
        ("import other", "all"),
        ("%run script.py", "script"),
        ("%run -i script", "script"),
        ("%load script.py", "script"),
        ("%run 'my script.py'", "my-script"),
        ("x = 1\n!python3 -u script.py 2>&1", "script"),
        ("exec(open('script.py').read())", "script"),
        ("%%writefile written.py\n1", ""),
        ("import numpy, d2lmini", ""),
        ("used", ""),
        ("x = (", ""),
        ("%run ../b/script.py", "script"),
    ],
)
def test_python_files_that_a_chapter_uses(
    code: str, expected: str, tmp_path: Path
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    user = replace(chapter("a", code), path="b/a.md")
    library = Library("d2lmini", {})

    def digest() -> str:
        return chapter_digest(library, user, tmp_path)

    old = digest()
    found = set()
    for name in FILES:
        path = tmp_path / name
        path.write_text(path.read_text() + "\n2")
        if digest() != old:
            found.add(path.stem.replace(" ", "-"))
        path.write_text(FILES[name])
        assert digest() == old
    # What counts is what another machine gets.
    sources = [cell.source for cell in user.cells]
    sent = chapter_files(user, sources, "d2lmini", tmp_path)
    others = [path for path in sent if path.parent.name != "d2lmini"]
    assert {path.stem.replace(" ", "-") for path in others} == found
    if expected != "all":
        assert found == set(expected.split())
    else:
        assert {"used", "deeper", "inner", "script"} <= found


PRINT_DIGESTS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tests.tools.test_deps import EFFECTS, LOADING, MODULES, digests
def show(modules, effects):
    print(json.dumps([digests(modules), digests(effects, LOADING)]))
def turned(items):
    return dict(reversed(items.items()))
show(MODULES, EFFECTS)
show(turned(MODULES), turned(EFFECTS))
"""


def test_digests_do_not_depend_on_hashes_order_or_place(
    tmp_path: Path,
) -> None:
    here = str(Path(__file__).parents[2])
    expected = [digests(MODULES), digests(EFFECTS, LOADING)]
    for seed in ("0", "1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", PRINT_DIGESTS, here],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        for line in ran.stdout.splitlines():
            assert json.loads(line) == expected


def chapter(name: str, *cells: str, data: str = "") -> Chapter:
    head = f"---\nfile_format: mystnb\n{data}---\n"
    body = "".join(f"\n```{{code-cell}}\n{cell}\n```\n" for cell in cells)
    return read_chapter(f"chapters/{name}.md", (head + body).encode())


def test_data_files_count(tmp_path: Path) -> None:
    library = Library("d2lmini", MODULES)
    (tmp_path / "chapters").mkdir()
    prices = tmp_path / "chapters" / "prices.csv"
    (tmp_path / "ages.csv").write_bytes(b"1")

    def digest(data: str) -> str:
        return chapter_digest(library, chapter("x", data=data), tmp_path)

    both = "data: [prices.csv, ../ages.csv]\n"
    prices.write_bytes(b"1")
    first = digest(both)
    prices.write_bytes(b"2")
    assert digest(both) != first
    prices.write_bytes(b"1")
    assert digest(both) == first
    assert len({first, digest("data: prices.csv\n"), digest("")}) == 3
    (tmp_path / "chapters" / "other.csv").write_bytes(b"1")
    assert digest("data: other.csv\n") != digest("data: prices.csv\n")
    assert digest("") == digest("data:\n") == digest("data: []\n")


def test_missing_data_files_are_problems(tmp_path: Path) -> None:
    head = "---\nfile_format: mystnb\ndata:\n- one.csv\n- chapters\n---\n"
    path = "chapters/x.md"
    (tmp_path / "chapters" / "chapters").mkdir(parents=True)
    (tmp_path / path).write_text(head, "utf-8")
    library = Library("d2lmini", {})
    with pytest.raises(BookError) as caught:
        chapter_digest(library, read_chapter(path, head.encode()), tmp_path)
    hint = "    hint: name it as seen from the chapter's folder"
    assert str(caught.value).splitlines() == [
        "chapters/x.md:4: error: there is no data file 'one.csv'"
        " [missing-data]",
        hint,
        "chapters/x.md:5: error: there is no data file 'chapters'"
        " [missing-data]",
        hint,
    ]


def test_the_digest_of_a_chapter_is_that_of_its_cells(tmp_path: Path) -> None:
    cells = "import d2lmini as d2l", "%matplotlib inline\nd2l.plot(1)"
    users = chapter("x", *cells)
    other = chapter("x", "import d2lmini as d2l")
    after = edited(MODULES, *EDITS["plot"][:3])

    def digest(one: Chapter, modules: Mapping[str, str]) -> str:
        return chapter_digest(Library("d2lmini", modules), one, tmp_path)

    assert digest(users, MODULES) != digest(users, after)
    assert digest(other, MODULES) == digest(other, after)


SAVED = """
import numpy as np  # for everybody
from matplotlib import pyplot as plt
#@save
def fmt(x):
    return str(np.round(x, 3))

def plot(x):  #@save
    \"""Draw x.\"""
    # Labelled.
    return plt.plot(x, label=fmt(x))

RULES = {'a': 1}  #@save
RULES['b'] = 2  #@save

def unused():  #@save
    pass
"""
NET = """
from d2lmini import torch as d2l
class Net:  #@save
    def show(self, x):
        return d2l.plot(x)
"""


def test_edits_of_chapters_reach_users_through_the_package(
    tmp_path: Path,
) -> None:
    def digests_of_book(saved: str, *first: Chapter) -> list[str]:
        chapters = (
            *first,
            chapter("calculus", saved),
            chapter("networks", NET),
            chapter("cnn", "import d2lmini as d2l", "d2l.Net().show(1)"),
            chapter("formats", "from d2lmini import fmt"),
            chapter("other", "import d2lmini as d2l"),
        )
        book = Book(tmp_path, "", "d2lmini", chapters)
        files = render_package(book, "1.0")
        library = Library.from_files(files, "d2lmini")
        return [
            chapter_digest(library, each, tmp_path)
            for each in chapters[len(first) :]
        ]

    def reached(old: str, new: str) -> str:
        assert SAVED.count(old) == 1
        after = digests_of_book(SAVED.replace(old, new))
        return "".join(
            "-" if one == two else name
            for name, one, two in zip("12345", before, after, strict=True)
        )

    before = digests_of_book(SAVED)
    assert reached("label=fmt(x)", "text=fmt(x)") == "-23--"
    assert reached("round(x, 3)", "round(x, 4)") == "-234-"
    assert reached("numpy as np", "jax.numpy as np") == "-234-"
    assert reached("['b'] = 2", "['b'] = 3") == "-234-"
    assert reached("    pass", "    return 1") == "-----"
    assert reached("# Labelled.", "# With a label.\n") == "-----"
    assert reached("#@save\ndef fmt", "\n#@save\n# Round.\ndef fmt") == "-----"
    assert reached("  # for everybody", "") == "-----"
    assert reached("def unused():  #@save", "def unused():") == "-----"
    new = chapter("new", "import math\nTURN = 2 * math.pi  #@save")
    assert digests_of_book(SAVED, new) == before


@pytest.fixture
def book(tmp_path: Path) -> Book:
    use = "import d2lmini as d2l\n"
    check = (
        "```{check} eq-a\nfrom d2lmini import evaluate\nevaluate(tex)\n```\n"
    )
    return Book(
        tmp_path,
        "",
        "d2lmini",
        (
            chapter("calculus", "def plot(x): pass"),
            chapter("training", use + "d2l.plot(1)"),
            chapter("cnn", use + "d2l.Net()", "d2l.evaluate(1)"),
            chapter("rnn", use + "getattr(d2l, name)"),
            read_chapter("a.md", f"$$\na\n$$ (eq-a)\n\n{check}".encode()),
        ),
    )


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("calculus", ["chapters/calculus.md: uses nothing"]),
        (
            "chapters/training.md",
            ["chapters/training.md: uses plot, and with it fmt, plt"],
        ),
        (
            "chapters/cnn",
            [
                "chapters/cnn.md: uses Net, evaluate, and with it EPS,"
                " Module, area, fmt, plot, plt",
            ],
        ),
        (
            "rnn",
            ["chapters/rnn.md: uses anything, its code does not show which"],
        ),
        (
            "a",
            [
                "a.md: uses nothing",
                "a.md (checks): uses evaluate, and with it EPS, area",
            ],
        ),
        (
            "plot",
            [
                "plot: saved by chapters/calculus.md",
                "  used by chapters/training.md",
                "  used indirectly by chapters/cnn.md",
                "  used indirectly by chapters/rnn.md",
            ],
        ),
    ],
)
def test_who_uses_what(book: Book, target: str, lines: list[str]) -> None:
    assert describe(book, Library("d2lmini", MODULES), target) == lines


def test_who_uses_what_runs_on_import(book: Book) -> None:
    acting = "@functools.cache\ndef plot(x): pass\ndef other(): pass"
    library = Library("d2lmini", {"calculus": acting})
    user = chapter("user", "from d2lmini import other")
    lines = describe(replace(book, chapters=(user,)), library, "plot")
    assert lines == ["  used indirectly by chapters/user.md"]


COMMAND_BOOK = {
    "chapters/one.md": """\
---
file_format: mystnb
---
# One

```{code-cell}
def plot(x):  #@save
    pass
```
""",
    "chapters/two.md": """\
---
file_format: mystnb
---
# Two

```{code-cell}
from d2lmini import plot
```
""",
}


@pytest.mark.parametrize(
    ("target", "status", "out", "err"),
    [
        (
            [],
            0,
            "index.md: uses nothing\n"
            "chapters/one.md: uses nothing\n"
            "chapters/two.md: uses plot\n",
            "",
        ),
        (["two"], 0, "chapters/two.md: uses plot\n", ""),
        (
            ["plot"],
            0,
            "plot: saved by chapters/one.md\n  used by chapters/two.md\n",
            "",
        ),
        (
            ["plt"],
            2,
            "",
            "error: no chapter or saved name is 'plt'; did you mean 'plot'?\n",
        ),
        (["?"], 2, "", "error: no chapter or saved name is '?'\n"),
    ],
)
def test_the_command(
    make_book: Callable[..., Path],
    run: Callable[..., subprocess.CompletedProcess[str]],
    target: list[str],
    status: int,
    out: str,
    err: str,
) -> None:
    root = make_book(COMMAND_BOOK)
    ran = run("-m", "booktools", "deps", "--book", str(root), *target)
    assert (ran.returncode, ran.stdout, ran.stderr) == (status, out, err)
    assert not (root / "d2lmini").exists()
