"""What readers download: complete, clean, and where the buttons lead."""

import nbformat
import pytest

from booktools.check.built import answers
from booktools.publish.branches import notebook_files
from booktools.source.chapter import read_book
from tests.books import ROOT, code, prose, read
from tests.buttons import check_page, check_page_without_notebook

BOOK = read_book(ROOT)
CHAPTERS = {c.docname: c for c in BOOK.chapters if c.cells}


def test_each_chapter_with_code_has_a_notebook_and_a_script(site, edition):
    folder = site / "_notebooks"
    expected = {
        f"{name}{end}" for name in CHAPTERS for end in (".ipynb", ".py")
    }
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*.*")}
    assert files == {*expected, f"{edition.name}.zip"}


@pytest.mark.parametrize("docname", CHAPTERS)
def test_notebook_is_valid_and_clean(site, docname, edition, gettext):
    notebook = read(site / "_notebooks", docname)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    for cell in code(notebook):
        assert (cell.outputs, cell.execution_count) == ([], None)
    title = notebook.cells[0]
    text = gettext("Read this chapter online")
    link = f"[{text}]({edition.home}{docname}.html)"
    heading = f"# {edition.titles[docname]}"
    assert title.source.endswith(f"{heading}\n\n{link}")
    # A chapter that needs nothing has none.
    for setup in notebook.cells[1:2]:
        if setup.metadata.get("tags") == ["setup"]:
            assert setup.metadata.jupyter == {"source_hidden": True}


@pytest.mark.parametrize("docname", CHAPTERS)
def test_code_cells_are_those_of_the_chapter_without_answers(site, docname):
    """Or they would be shown when all cells run; they are text instead."""
    notebook = read(site / "_notebooks", docname)
    inside = answers(ROOT, CHAPTERS[docname])
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


@pytest.mark.parametrize(
    "chapter", read_book(ROOT).chapters, ids=lambda chapter: chapter.name
)
def test_every_page_of_this_book(site, whole_site, chapter):
    page = site / f"{chapter.docname}.html"
    if chapter.cells:
        check_page(page, "a/b", notebook_files(whole_site))
    elif chapter.name != "genindex":  # which Sphinx makes by itself
        check_page_without_notebook(page)
    # The theme would put raw MyST there.
    assert list((site / "_sources").rglob("*.ipynb")) == []


def test_this_book_publishes_what_it_offers(site, whole_site, edition):
    files = notebook_files(whole_site)
    folder = site / "_notebooks"
    offered = {
        f"{edition.prefix}{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.suffix == ".ipynb"
    }
    assert offered
    # A course that saves nothing has no package.
    package = ROOT / BOOK.package / "__init__.py"
    more = {f"{BOOK.package}/__init__.py"} if package.exists() else set()
    assert set(files) >= offered | more | {"LICENSE"}
