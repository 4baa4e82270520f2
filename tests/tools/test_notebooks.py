"""Notebooks and the zip, from real builds of this book and a small one."""

import os
import subprocess
import sys
import zipfile

import pytest

from booktools.source.chapter import read_book
from tests.books import CASES, ROOT, Book, code, prose, read, write_book

SMALL = CASES / "books" / "notebooks"


ODD = """\
from docutils import nodes
from docutils.parsers.rst import Directive


class odd(nodes.General, nodes.Element):
    pass


class Odd(Directive):
    has_content = True

    def run(self):
        node = odd()
        self.state.nested_parse(self.content, self.content_offset, node)
        node.line = self.lineno
        return [node]


def nothing(self, node):
    pass


def setup(app):
    app.add_node(odd, html=(nothing, nothing))
    app.add_directive("odd", Odd)
    return {"parallel_read_safe": True}
"""


class Notebooks(Book):
    """A copy of the small book."""

    def __init__(self, root, builder):
        super().__init__(root, builder, GITHUB_REPOSITORY="a/b")
        self.notebooks = self.html / "_notebooks"

    def build(self, *options, **environment):
        self.extract()
        return super().build(*options, **environment)

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.notebooks).as_posix(): path.read_bytes()
            for path in sorted(self.notebooks.rglob("*.*"))
        }


@pytest.fixture(scope="module")
def built(tmp_path_factory, builder) -> Notebooks:
    root = tmp_path_factory.mktemp("built") / "book"
    book = Notebooks(write_book(root, SMALL), builder)
    # Its extension is in its own folder.
    book.environment["PYTHONPATH"] = os.pathsep.join([".", str(ROOT)])
    book.succeed()
    return book


@pytest.fixture
def copy(built, tmp_path, builder) -> Notebooks:
    root = write_book(tmp_path / "elsewhere" / "book", built.root)
    book = Notebooks(root, builder)
    book.environment = built.environment
    return book


def test_every_kind_of_node(built, expect):
    text = (built.notebooks / "chapters/everything.ipynb").read_text("utf-8")
    expect(SMALL / "everything.ipynb", text)


def test_every_kind_of_cell(built):
    notebook = read(built.notebooks, "chapters/hidden")
    cells = code(notebook)
    assert "def twice(x):" in cells[0].source
    assert [cell.source for cell in cells[1:]] == [
        cell.source for cell in read_book(SMALL).chapters[3].cells
    ]
    folded = [cell.metadata.get("jupyter") is not None for cell in cells]
    assert folded == [True, True, True, False, True, False, True, False]
    script = (built.notebooks / "chapters/hidden.py").read_text("utf-8")
    assert "print(a + 1)" in script
    assert "\nd2l.twice(a)" in script  # the page does not show it either


def test_two_builds_are_equal(built, tmp_path, builder):
    root = write_book(tmp_path / "some" / "where", SMALL)
    book = Notebooks(root, builder)
    book.succeed()
    assert book.files() == built.files()


def test_zip(built):
    with zipfile.ZipFile(built.notebooks / "tools.zip") as archive:
        infos = archive.infolist()
        contents = {i.filename: archive.read(i) for i in infos}
    files = built.files()
    del files["tools.zip"]
    for path in sorted((built.root / "tools").glob("*.py")):
        files[f"tools/{path.name}"] = path.read_bytes()
    assert contents == {f"tools-book/{n}": files[n] for n in files}
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}


def test_unpacked_notebook_finds_the_package(built, tmp_path):
    with zipfile.ZipFile(built.notebooks / "tools.zip") as archive:
        archive.extractall(tmp_path)
    script = tmp_path / "tools-book" / "chapters" / "hidden.py"
    before = sorted(tmp_path.rglob("*"))
    command = [sys.executable, "-B", script]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "2"
    assert sorted(tmp_path.rglob("*")) == before


def test_incremental_builds(copy):
    def build():
        copy.succeed()
        return copy.files()

    archive = copy.notebooks / "tools.zip"
    build()  # all pages, since the book is in another folder
    os.utime(archive, (0, 0))
    old = build()
    assert archive.stat().st_mtime == 0  # nothing was packed again

    # What changes in a helper's comments makes no other chapter run again.
    copy.replace("chapters/saved.md", '"""\n', '"""\n    # New.\n')
    (copy.notebooks / "chapters" / "everything.ipynb").unlink()
    new = build()
    assert new["chapters/everything.ipynb"] == old["chapters/everything.ipynb"]
    assert b"# New." in new["chapters/hidden.ipynb"]
    with zipfile.ZipFile(archive) as packed:
        name = "tools-book/chapters/hidden.ipynb"
        assert packed.read(name) == new["chapters/hidden.ipynb"]

    # A page that has no code any more, and a page that is no more.
    text = "(sec-hidden)=\n# Nothing runs\n"
    (copy.root / "chapters/hidden.md").write_text(text)
    copy.replace("_toc.yml", "  - file: chapters/everything\n", "")
    copy.remove("chapters/everything.md")
    assert {name for name in build() if "saved" not in name} == {"tools.zip"}
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
    assert [n for n in names if n.endswith(".ipynb")] == [
        "tools-book/chapters/saved.ipynb"
    ]


def test_unknown_node_and_no_site(copy):
    path = copy.root / "chapters" / "hidden.md"
    (copy.root / "odd.py").write_text(ODD)
    own = "booktools.sphinxext]\n"
    local = "  local_extensions: {odd: .}\n"
    copy.replace("_config.yml", own, own + local)
    copy.replace(
        "chapters/hidden.md",
        "See {ref}",
        "```{odd}\nA *node*.\n```\n\nSee {ref}",
    )
    result = copy.build(GITHUB_REPOSITORY=None)
    assert result.returncode == 1
    line = path.read_text("utf-8").split("\n").index("```{odd}") + 1
    place = f"chapters/hidden.md:{line}: error: "
    assert f"{place}notebooks cannot show a node 'odd'" in result.stderr
    # What was written beside the site, which stays as it was.
    draft = copy.root / "_build" / ".html.draft" / "_notebooks"
    texts = prose(read(draft, "chapters/hidden"))
    assert texts[0].endswith("# Cells of all kinds")
    assert texts[-1] == (
        "A *node*.\n\nSee [Everything: x and code]"
        "(everything.ipynb#sec-everything), [here](#sec-end) and 导数."
    )
