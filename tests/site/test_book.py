"""The book itself, built as readers get it, from a copy of its sources."""

import re

import pytest
from bs4 import BeautifulSoup

from booktools.render import katex
from booktools.source.chapter import read_book
from tests.books import ROOT

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


def test_every_exercise_has_a_folded_solution(site):
    for chapter in BOOK.chapters:
        html = page(site, chapter)
        exercises = len(re.findall(r'class="[^"]*\bexercise\b', html))
        solutions = re.findall(r'<(\w+) class="[^"]*\bsolution\b', html)
        assert solutions == ["details"] * exercises


def test_every_formula_is_on_its_page(site):
    fonts = site / "_static" / katex.STYLE.removesuffix(".css")
    assert {p.suffix for p in fonts.iterdir()} == {".woff2"}
    for chapter in BOOK.chapters:
        html = (site / f"{chapter.docname}.html").read_text("utf-8")
        soup = BeautifulSoup(html, "html.parser")
        formulas = soup.select(".math")
        assert all(formula.select_one(".katex") for formula in formulas)
        assert not soup.select(".katex-error")
        assert not soup.select("script[src*=athjax], script[src*=athJax]")
        for formula in chapter.formulas:
            block = soup.find(id=f"equation-{formula.label}")
            number = block.select_one(".eqno").contents[0]
            assert re.fullmatch(r"\((\d+\.)?\d+\)", number)
            # What a reference to it shows.
            links = soup.select(f'a[href$="#equation-{formula.label}"]')
            texts = {link.text for link in links} - {"#"}
            assert texts <= {number}
        for link in soup.select("link[as=font][href*=KaTeX]"):
            assert (
                (site / chapter.path / ".." / link["href"]).resolve().exists()
            )


def parse(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def words(element):
    return " ".join(element.get_text().split())


@pytest.mark.parametrize("name", [c.docname for c in BOOK.chapters])
def test_exercises_and_solutions_lead_to_each_other(site, name):
    page = parse(site / f"{name}.html")
    ids = [element["id"] for element in page.find_all(id=True)]
    assert sorted(set(ids)) == sorted(ids)
    for solution in page.select("details.solution"):
        back = solution.select(".there-and-back a")[-1]
        exercise = page.find(id=back["href"][1:])
        title = words(exercise.select_one(".admonition-title"))
        start = words(solution.summary).removesuffix(title)
        assert start not in ("", words(solution.summary))
        assert exercise.select_one(f'a[href="#{solution["id"]}"]')
    # The script comes only where something is folded.
    script = page.select('script[src*="folds.js"]')
    assert bool(script) == bool(page.article.find("details"))
    assert all(tag.has_attr("defer") for tag in script)
