"""What readers download: complete, clean, and where the buttons lead."""

import re

import nbformat
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from booktools.publish.branches import notebook_files
from booktools.source.chapter import read_book
from tests.books import ROOT, answers, code, prose, read
from tests.buttons import check_page, check_page_without_notebook

BOOK = read_book(ROOT)
CHAPTERS = {c.docname: c for c in BOOK.chapters if c.cells}

# As Jupyter reads Markdown.
JUPYTER = (
    MarkdownIt("commonmark")
    .enable(["table", "strikethrough"])
    .use(dollarmath_plugin, allow_space=True, double_inline=True)
)

MYST = {
    "role": r"\{[a-z:]+\}`",
    "directive": r"^[> ]*[`~:]{3,}\s*\{",
    "colon fence": r"^[> ]*:{3,}",
    "label": r"^\([\w-]+\)=",
    "label of a formula": r"\$\$ *\([\w-]+\)",
    "footnote": r"\[\^",
    "option": r"^:\w+:",
    "definition": r"^: ",
    "substitution": r"\{\{",
    "comment": r"^% ",
    "block": r"^\+\+\+",
    "file": r"\]\((?!#|data:|https?:)",
    "outer environment": r"\\begin\{(align|gather|equation|multline)\*?\}",
}


def test_each_chapter_with_code_has_a_notebook_and_a_script(site):
    folder = site / "_notebooks"
    expected = {
        f"{name}{end}" for name in CHAPTERS for end in (".ipynb", ".py")
    }
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*.*")}
    assert files == {*expected, "d2lmini.zip"}


@pytest.mark.parametrize("docname", CHAPTERS)
def test_no_myst_is_left(site, docname):
    notebook = read(site / "_notebooks", docname)
    formulas = 0
    for text in prose(notebook):
        found = {
            what
            for what, pattern in MYST.items()
            if re.search(pattern, re.sub(r"`[^`\n]+`", "", text), re.MULTILINE)
        }
        assert found == set(), text
        for block in JUPYTER.parse(text):
            for token in [block, *(block.children or [])]:
                formulas += token.type.startswith("math")
                if token.type == "text":
                    assert not re.search(r"[$\\]|\*\*", token.content), text
    assert formulas >= len(CHAPTERS[docname].formulas)


@pytest.mark.parametrize("docname", CHAPTERS)
def test_notebook_is_valid_and_clean(site, docname):
    notebook = read(site / "_notebooks", docname)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    for cell in code(notebook):
        assert (cell.outputs, cell.execution_count) == ([], None)
    title = notebook.cells[0]
    address = f"https://a.github.io/b/{docname}.html"
    heading = f"# {CHAPTERS[docname].title}"
    assert title.source.endswith(f"{heading}\n\n[在线阅读本章]({address})")
    # A chapter that needs nothing has none.
    for setup in notebook.cells[1:2]:
        if setup.metadata.get("tags") == ["setup"]:
            assert setup.metadata.jupyter == {"source_hidden": True}


@pytest.mark.parametrize("docname", CHAPTERS)
def test_code_cells_are_those_of_the_chapter_without_answers(site, docname):
    """Or they would be shown when all cells run; they are text instead."""
    notebook = read(site / "_notebooks", docname)
    inside = answers(CHAPTERS[docname])
    texts = "\n".join(prose(notebook))
    assert all(cell.source.rstrip() in texts for cell in inside)
    expected = [c for c in CHAPTERS[docname].cells if c not in inside]
    cells = [
        cell
        for cell in code(notebook)
        if cell.metadata.get("tags") != ["setup"]
    ]
    assert [cell.source for cell in cells] == [c.source for c in expected]
    assert [tuple(cell.metadata.get("tags", ())) for cell in cells] == [
        cell.tags for cell in expected
    ]


@pytest.mark.parametrize("docname", CHAPTERS)
def test_links_within_a_notebook_lead_somewhere(site, docname):
    text = "\n".join(prose(read(site / "_notebooks", docname)))
    anchors = re.findall(r'<a id="([^"]+)"></a>', text)
    links = re.findall(r"\]\(#([^)]+)\)", text)
    assert len(set(anchors)) == len(anchors)
    assert set(links) == set(anchors)


@pytest.mark.parametrize(
    "chapter", read_book(ROOT).chapters, ids=lambda chapter: chapter.name
)
def test_every_page_of_this_book(site, chapter):
    page = site / f"{chapter.docname}.html"
    if chapter.cells:
        check_page(page, "a/b", notebook_files(site))
    elif chapter.name != "genindex":  # which Sphinx makes by itself
        check_page_without_notebook(page)
    # The theme would put raw MyST there.
    assert list((site / "_sources").rglob("*.ipynb")) == []


def test_this_book_publishes_what_it_offers(site):
    names = set(notebook_files(site))
    offered = {
        path.relative_to(site / "_notebooks").as_posix()
        for path in (site / "_notebooks").rglob("*")
        if path.suffix in (".ipynb", ".py")
    }
    assert offered
    # A course that saves nothing has no package.
    package = ROOT / BOOK.package / "__init__.py"
    more = {f"{BOOK.package}/__init__.py"} if package.exists() else set()
    assert names >= offered | more | {"LICENSE"}
