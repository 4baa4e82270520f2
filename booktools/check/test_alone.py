"""Notebooks and scripts run where there is nothing else of the book."""

import os
import re
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from booktools.check.built import BuiltSite, answers
from booktools.check.findings import Findings
from booktools.check.readers import Reader
from booktools.problem import Problem
from booktools.run.cache import read_bundles
from booktools.source.chapter import Chapter

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="on Windows, notebooks and scripts alone"
)

# Whatever the first cell has written can be imported, used or not.
IMPORT_ALL = """
import importlib as _importlib, pathlib as _pathlib
for _file in _pathlib.Path("{package}").glob("*.py"):
    _importlib.import_module(f"{package}.{{_file.stem}}")
"""


class Shown(NamedTuple):
    """An output of a page, and the line of the cell that shows it."""

    output: Any
    line: int


def page_outputs(site: BuiltSite, chapter: Chapter) -> list[Shown] | None:
    """Return the outputs that a chapter's page shows outside of answers.

    None if that is not known, for they are not in the book's cache.
    """
    chapter = site.original(chapter)
    inside = {cell.number for cell in answers(site.book.root, chapter)}
    sources = [cell.source for cell in chapter.cells]
    # The newest comes last.
    for bundle in reversed(read_bundles(site.html.parent / ".jupyter_cache")):
        cells = bundle.nb.cells
        if [cell.source for cell in cells] == sources:
            return [
                Shown(output, cell.line)
                for cell, run in zip(chapter.cells, cells, strict=True)
                if cell.number not in inside
                for output in run.outputs
            ]
    return None


def count_figures(outputs: list[Any]) -> int:
    """Count figures; of one that moves on its page, those that stand still."""
    slides = (o.metadata.get("slide") for o in outputs if _is_figure(o))
    return sum(len(slide["static"]) if slide else 1 for slide in slides)


def printed(shown: list[Shown]) -> list[tuple[str, int]] | None:
    """Return what a script prints, by lines, and the lines of the cells.

    None if that is not known.
    """
    lines: list[tuple[str, int]] = []
    rest, line = "", 1
    for output, line in shown:
        data = output.get("data", {})
        if output.output_type == "stream":
            rest += output.text
        elif {*data} == {"text/plain"}:
            rest += data["text/plain"] + "\n"
        elif not _is_figure(output):
            return None
        *whole, rest = rest.split("\n")
        lines += [(text, line) for text in whole]
    return [*lines, (rest, line)]


def _is_figure(output: Any) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def _why(text: str) -> tuple[str, str, str]:
    """Return why something fails, what to do, and what stands there."""
    last = text.strip().split("\n")[-1]
    # The first cell asks for packages; Python for modules.
    lacks = re.search(r"pip install (\S+)|No module named '([\w]+)", last)
    if lacks:
        name = lacks[1] or lacks[2]
        hint = (
            "name its package in requirements.txt, under “What chapters"
            " import”; if it is a file of the book, save what chapters need"
            " of it with #@save"
        )
        return f"there is no {name}", hint, f"import {name}"
    hint = "see what the chapter has that its notebook lacks"
    if "FileNotFoundError" in last:
        hint = "name what it reads in its front matter: data: [FILE]"
    return last, hint, ""


@pytest.fixture
def expected(site: BuiltSite, chapter: Chapter) -> list[Any] | None:
    """Return what a chapter shows on its page, if that is known."""
    if not site.runs(chapter):
        pytest.skip(f"{chapter.path} alone, which is not to be run")
    return page_outputs(site, chapter)


def test_script(
    site: BuiltSite,
    findings: Findings,
    chapter: Chapter,
    expected: list[Shown] | None,
    reader: Reader,
    here: Path,
) -> None:
    """Run a downloaded script; it shows what the page shows."""
    page = f"{chapter.docname}.html"
    script = site.notebook(chapter, ".py").read_text("utf-8")
    name = f"{chapter.name}.py"
    script += IMPORT_ALL.format(package=site.book.package)
    (here / name).write_text(script, "utf-8")
    figures = here.parent / "figures"
    figures.touch()
    done = reader.run(
        name,
        cwd=here,
        FIGURES=str(figures),
        DISPLAY=":99",
        MPLBACKEND="module://window",
    )
    if done.returncode:
        why, hint, near = _why(done.stderr)
        what = f"alone, the script fails: {why}"
        found = re.findall(r"line \d+, in <module>\n +(.*)", done.stderr)
        findings.add(page, "script-alone", what, hint, near, *found[-1:])
        return
    if done.stderr:
        what = f"alone, the script warns: {done.stderr.strip()[:200]}"
        hint = "write the cell so that nothing is to be warned of"
        findings.add(page, "script-alone", what, hint)
    if expected is None:
        return
    wanted = count_figures([shown.output for shown in expected])
    drawn = len(figures.read_text())
    if drawn != wanted:
        what = f"the script shows {drawn} figures, the page {wanted}"
        hint = "show each figure at the end of its cell: plt.show()"
        findings.add(page, "script-alone", what, hint)
    if differs := _first_difference(printed(expected), done.stdout):
        old, new, line = differs
        what = f"the page shows {old[:60]!r}, the script alone {new[:60]!r}"
        hint = "seed what is random; print neither times nor addresses"
        where = site.original(chapter).path, line
        findings.problems.append(Problem(*where, "differs-alone", what, hint))


def _first_difference(
    lines: list[tuple[str, int]] | None, text: str
) -> tuple[str, str, int] | None:
    """Return two lines that should be the same, and where the first is."""
    if lines is None:
        return None
    last = ("", lines[-1][1])
    pairs = zip_longest(lines, text.split("\n"))
    for before, new in pairs:
        old, line = before or last
        if old != (new or ""):
            return old, new or "", line
    return None


def test_notebook(
    site: BuiltSite,
    findings: Findings,
    chapter: Chapter,
    expected: list[Shown] | None,
    jupyter: Reader,
    here: Path,
) -> None:
    """Run a downloaded notebook; it has as many figures as the page."""
    page = f"{chapter.docname}.html"
    notebook = nbformat.read(site.notebook(chapter, ".ipynb"), 4)
    try:
        jupyter.run_notebook(notebook, here)
    except CellExecutionError as error:
        why, hint, near = _why(f"{error.ename}: {error.evalue}")
        what = f"alone, the notebook fails: {why}"
        first = _first_line_of_failed(notebook)
        findings.add(page, "notebook-alone", what, hint, near, first)
        return
    if expected is None:
        return
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    wanted = [shown.output for shown in expected]
    # A figure that moves may be a widget here.
    moves = any(o.get("metadata", {}).get("slide") for o in wanted)
    drawn, there = count_figures(outputs), count_figures(wanted)
    if drawn != there and not moves:
        what = f"the notebook shows {drawn} figures, the page {there}"
        hint = "show each figure at the end of its cell: plt.show()"
        findings.add(page, "notebook-alone", what, hint)
    said = [o.text for o in outputs if o.get("name") == "stderr"]
    if said and not any(o.get("name") == "stderr" for o in wanted):
        what = f"alone, the notebook warns: {said[0].strip()[:200]}"
        hint = "write the cell so that nothing is to be warned of"
        findings.add(page, "notebook-alone", what, hint)


def _first_line_of_failed(notebook: Any) -> str:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            tags = cell.metadata.get("tags", [])
            if (
                output.output_type == "error"
                and "raises-exception" not in tags
            ):
                return str(cell.source.split("\n")[0])
    return ""
