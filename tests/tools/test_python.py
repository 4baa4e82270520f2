"""What the code of cells says: names, imports, what runs at once."""

import ast

import pytest

from booktools.source import deps, package, python
from booktools.source.chapter import read_book
from booktools.source.python import read_code

CELL = """
import a.b
import a.b as c
from x.y import z as w
from . import near

def f():
    import inner
    return c.d.e(w)[0].g

x.y.z = w
"""


def test_imports_say_what_their_names_stand_for():
    found = [each[:4] for each in read_code(CELL).imports]
    assert found == [
        ("a", "a.b", "a", "import a.b"),
        ("c", "a.b", "a.b", "import a.b as c"),
        ("w", "x.y.z", "x.y.z", "from x.y import z as w"),
        ("near", "near", "", "import near"),
        ("inner", "inner", "inner", "import inner"),
    ]
    assert [each.line for each in read_code(CELL).imports] == [2, 3, 4, 5, 8]


def test_chains_are_names_with_their_attributes():
    chains = [
        (type(node.ctx).__name__, ".".join(names))
        for node, names in read_code(CELL).chains
    ]
    assert sorted(chains) == [
        *(("Load", "c.d.e"), ("Load", "w"), ("Load", "w")),
        ("Store", "x.y.z"),
    ]


@pytest.mark.parametrize(
    ("source", "names", "changed"),
    [
        ("a, (b, *c) = d", ["a", "b", "c"], []),
        ("a = b.c = d[0] = 1", ["a"], ["b.c", "d[0]"]),
        ("a: int = 1", ["a"], []),
        ("a: int", [], []),
        ("a += 1", ["a"], ["a"]),
        ("@d2l.add_to_class(A)\ndef f(self): pass", [], ["A"]),
        ("@cache\ndef f(): a = 1", ["f"], []),
        ("import a.b, c as d", ["a", "d"], []),
        ("from .a import b", [], []),
        ("print(a)", [], []),
    ],
)
def test_what_a_statement_binds_and_changes(source, names, changed):
    (statement,) = read_code(source).statements
    bound, mutated = statement.bound_and_mutated
    assert bound == names
    assert list(dict.fromkeys(map(ast.unparse, mutated))) == changed


def test_reads_have_places_and_times():
    source = "y = [é.a for i in x]; x = 1\ndef f(): return y + len(x)"
    reads = {tuple(read) for read in read_code(source).reads}
    # Columns count bytes; the loop's own variable is nobody's global name.
    assert reads == {
        ("x", 1, 19, True, True),
        ("é", 1, 5, True, True),
        ("y", 2, 16, True, False),
        ("len", 2, 20, True, False),
        ("x", 2, 24, True, False),
    }
    assert read_code(source).binds == {"y", "x", "f"}
    (read,) = read_code("a = 1; a").reads
    assert not read.is_free


def test_an_await_may_stand_anywhere():
    assert read_code("x = await y").awaits
    assert not read_code("async def f(): await y").awaits


def test_cells_are_parsed_once(make_book, monkeypatch):
    text = "---\nfile_format: mystnb\n---\n# A\n\n"
    text += "```{code-cell}\ndef f():  #@save\n    return 1\n```\n\n"
    text += "```{code-cell}\nf()\n```\n"
    sources = []
    parse = ast.parse

    def count(source, *arguments):
        sources.append(source)
        return parse(source, *arguments)

    monkeypatch.setattr(ast, "parse", count)
    python.read_code.cache_clear()
    book = read_book(make_book({"chapters/a.md": text}))
    files = package.render_package(book, "1")
    library = deps.Library.from_files(files, book.package)
    deps.chapter_digest(library, book.chapters[1], book.root)
    assert {"def f():  #@save\n    return 1", "f()"} < {*sources}
    assert len(sources) == len({*sources})
