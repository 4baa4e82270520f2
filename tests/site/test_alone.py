"""Notebooks and scripts run where there is nothing else of this book."""

from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache

from booktools.source.chapter import Chapter, read_book
from tests.books import ROOT, answers

CHAPTERS = [c for c in read_book(ROOT).chapters if c.cells]

each_chapter = pytest.mark.parametrize(
    "chapter", CHAPTERS, ids=lambda c: c.name
)

# Whatever the first cell has written can be imported, used or not.
IMPORT_ALL = """
import importlib as _importlib, pathlib as _pathlib
for _file in _pathlib.Path("d2lmini").glob("*.py"):
    _importlib.import_module(f"d2lmini.{_file.stem}")
"""


def outputs_of(site: Path, chapter: Chapter) -> list[nbformat.NotebookNode]:
    """Return the outputs that a chapter's page shows outside of answers."""
    inside = {cell.number for cell in answers(chapter)}
    sources = [cell.source for cell in chapter.cells]
    cache = get_cache(site.parent / ".jupyter_cache")
    for record in cache.list_cache_records():
        cells = cache.get_cache_bundle(record.pk).nb.cells
        if [cell.source for cell in cells] == sources:
            return [
                output
                for number, cell in enumerate(cells, 1)
                if number not in inside
                for output in cell.outputs
            ]
    raise LookupError(chapter.path)


def count_figures(outputs: list[nbformat.NotebookNode]) -> int:
    """Count figures; of one that moves on its page, those that stand still."""
    figures = (o for o in outputs if "image/svg+xml" in o.get("data", {}))
    slides = (figure.metadata.get("slide") for figure in figures)
    return sum(len(slide["static"]) if slide else 1 for slide in slides)


@each_chapter
def test_scripts(site, chapter, reader, here):
    downloaded = site / "_notebooks" / f"{chapter.docname}.py"
    script = downloaded.read_text("utf-8")
    (here / downloaded.name).write_text(script + IMPORT_ALL, "utf-8")
    expected = outputs_of(site, chapter)
    figures = here / "figures"
    figures.touch()
    result = reader.run(
        downloaded.name,
        cwd=here,
        FIGURES=str(figures),
        DISPLAY=":99",
        MPLBACKEND="module://window",
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert len(figures.read_text()) == count_figures(expected)
    printed = [
        output.get("text", "") or output.data.get("text/plain", "") + "\n"
        for output in expected
        if "image/svg+xml" not in output.get("data", {})
    ]
    assert result.stdout == "".join(printed)


@each_chapter
def test_notebooks(site, chapter, jupyter, here):
    downloaded = site / "_notebooks" / f"{chapter.docname}.ipynb"
    notebook = nbformat.read(downloaded, 4)
    jupyter.run_notebook(notebook, here)
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    expected = outputs_of(site, chapter)
    assert count_figures(outputs) == count_figures(expected)
    assert [o for o in outputs if o.get("name") == "stderr"] == []
