"""The book itself, built as readers get it, from a copy of its sources."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from booktools.source.chapter import read_book

ROOT = Path(__file__).parents[2]
BOOK = read_book(ROOT)


def page(site, chapter):
    return (site / f"{chapter.docname}.html").read_text("utf-8")


@pytest.mark.parametrize("chapter", BOOK.chapters, ids=lambda c: c.name)
def test_page_has_all_that_its_chapter_has(site, chapter):
    html = page(site, chapter)
    figures = [
        cell.options["mystnb"]["figure"]["name"]
        for cell in chapter.cells
        if "figure" in cell.options.get("mystnb", {})
    ]
    for name in figures:
        figure = re.search(
            rf'<figure [^>]*id="{name}".*?</figure>', html, re.DOTALL
        )
        image = re.search(
            r'<img [^>]*alt="([^"]+)"[^>]*src="([^"]+)"', figure[0]
        )
        # A text of its own, not the name of a file.
        assert not image[1].endswith((".svg", ".png"))
        file = site / "chapters" / image[2]
        assert "<svg" in file.read_text("utf-8")
    # What code draws is named by a digest.
    images = re.findall(r'<img [^>]*src="[^"]*_images/[0-9a-f]{64}', html)
    assert len(images) == len(figures)
    assert html.count('<details class="check">') == len(chapter.checks)
    for formula in chapter.formulas:
        assert f'id="equation-{formula.label}"' in html


def test_no_page_shows_a_traceback_or_this_machine(site):
    machine = {str(ROOT), str(Path.home()), str(site), sys.prefix}
    for path in site.rglob("*.html"):
        html = path.read_text("utf-8")
        assert "Traceback (most recent call last)" not in html
        assert [name for name in machine if name + os.sep in html] == []


def test_every_exercise_has_a_folded_solution(site):
    for chapter in BOOK.chapters:
        html = page(site, chapter)
        exercises = len(re.findall(r'class="[^"]*\bexercise\b', html))
        solutions = re.findall(r'<(\w+) class="[^"]*\bsolution\b', html)
        assert solutions == ["details"] * exercises


@pytest.mark.this_book
def test_there_is_enough_to_do(site):
    for chapter in BOOK.chapters:
        html = page(site, chapter)
        exercises = len(re.findall(r'class="[^"]*\bexercise\b', html))
        assert exercises >= 8 or not chapter.cells


def test_saved_code_is_what_the_chapters_say():
    command = [sys.executable, "-m", "booktools", "extract", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
