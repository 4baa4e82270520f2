"""The whole book on paper, read as a PDF viewer reads it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from booktools.source.chapter import read_book
from tests.languages import EDITIONS

ROOT = Path(__file__).parents[2]
BOOK = read_book(ROOT)
# Neither the home page, of which the cover is made, nor a list of links.
CHAPTERS = [
    chapter
    for chapter in BOOK.chapters
    if chapter.name not in ("index", "genindex")
]


@pytest.fixture(scope="module")
def prints(whole_site, tmp_path_factory) -> dict[str, Path]:
    """Print a copy of the book with the command; return the files."""
    root = tmp_path_factory.mktemp("print") / "book"
    ignore = shutil.ignore_patterns(".jupyter_cache", ".doctrees", "_pdf")
    shutil.copytree(whole_site.parents[1], root, ignore=ignore)
    command = [sys.executable, "-m", "booktools", "pdf", "--book", root]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"GITHUB_REPOSITORY": "a/b"},
        capture_output=True,
        text=True,
    )
    html = root / "_build" / "html"
    paths = {
        e.prefix: html / e.prefix / "_pdf" / f"{e.name}.pdf" for e in EDITIONS
    }
    said = "".join(f"wrote {path}\n" for path in paths.values())
    assert (result.returncode, result.stdout) == (0, said)
    for path in paths.values():
        assert [file.name for file in path.parent.iterdir()] == [path.name]
    return paths


@pytest.fixture(scope="module")
def printed(prints, edition) -> PdfReader:
    """Return what was printed of an edition."""
    return PdfReader(prints[edition.prefix])


@pytest.fixture(scope="module")
def texts(printed) -> list[str]:
    """Return the text of each page, without blanks."""
    return ["".join(page.extract_text().split()) for page in printed.pages]


def soup(site, name):
    page = (site / name).read_text("utf-8")
    return BeautifulSoup(page, "html.parser")


def squeeze(tag):
    for link in tag.select(".headerlink"):
        link.decompose()
    return "".join(tag.get_text().split())


def bookmarks(reader, level=0, outline=None):
    """List the bookmarks: level, title, number of the page from 0."""
    for item in reader.outline if outline is None else outline:
        if isinstance(item, list):
            yield from bookmarks(reader, level + 1, item)
        else:
            title = "".join(item.title.split())
            yield level, title, reader.get_destination_page_number(item)


def test_bookmarks_are_the_table_of_contents(site, printed, texts, gettext):
    marks = list(bookmarks(printed))
    titles = [title for level, title, _ in marks if level == 0]
    headings = [
        squeeze(soup(site, f"{chapter.docname}.html").select_one("article h1"))
        for chapter in CHAPTERS
    ]
    assert titles == [gettext("Contents"), *headings]
    starts = [page for level, _, page in marks if level == 0]
    assert starts == sorted(set(starts))
    for heading, start in zip(headings, starts[1:], strict=True):
        # The running title and the page's number come first.
        assert texts[start].startswith(f"{heading}{start + 1}{heading}")


def test_contents_tell_the_printed_page_numbers(printed, texts):
    marks = list(bookmarks(printed))
    first = marks[1][2]
    contents = "".join(texts[1:first])
    for level, title, page in marks[1:]:
        assert level > 1 or f"{title}{page + 1}" in contents


def test_text_can_be_copied_as_it_was_written(site, texts):
    written = set(soup(site, CHAPTERS[0].docname + ".html").get_text())
    # Radicals, and ligatures such as ﬁ.
    codes = *range(0x2E80, 0x2FE0), *range(0xFB00, 0xFB07)
    lookalikes = {chr(code) for code in codes}
    assert set("".join(texts)) & lookalikes == written & lookalikes


def test_no_page_is_blank(texts, edition):
    assert texts[0].startswith("".join(edition.title.split()))
    assert [i for i, text in enumerate(texts, 1) if len(text) < 20] == []


def test_solutions_stand_at_the_end_of_their_chapter(
    site, printed, texts, gettext
):
    marks = list(bookmarks(printed))
    starts = [page for level, _, page in marks if level == 0][1:]
    ends = [*starts[1:], len(texts)]
    for chapter, start, end in zip(CHAPTERS, starts, ends, strict=True):
        page = soup(site, f"{chapter.docname}.html")
        exercises = page.select(".exercise .admonition-title")
        solutions = [
            number
            for level, title, number in marks
            if level == 1
            and title == gettext("Solutions")
            and start <= number < end
        ]
        assert len(solutions) == bool(exercises)
        for exercise in exercises:
            name = squeeze(exercise)
            where = [
                number
                for number in range(start, end)
                if re.search(rf"(：|to){re.escape(name)}", texts[number])
            ]
            assert len(where) == 1
            assert where[0] >= solutions[0]
            told = gettext("The solution is on page {page}")
            told = "".join(told.format(page=where[0] + 1).split())
            assert any(told in text for text in texts[start:end])


def test_every_link_leads_somewhere(site, printed):
    targets = {unquote(name) for name in printed.named_destinations}
    inside = outside = 0
    for page in printed.pages:
        for annotation in page.get("/Annots", []):
            link = annotation.get_object()
            if "/Dest" in link:
                inside += 1
                assert unquote(link["/Dest"]) in targets
            else:
                outside += 1
                url = link["/A"]["/URI"]
                assert url.startswith(("https://", "http://"))
                assert "book.invalid" not in url
    articles = [soup(site, f"{c.docname}.html").article for c in CHAPTERS]
    links = [a for article in articles for a in article.select("a[href]")]
    foreign = [a for a in links if "://" in a["href"]]
    assert outside >= len(foreign)
    # Those of headings are for pages only; those of contents come on top.
    own = [a for a in links if a.get("class", []) == ["reference", "internal"]]
    assert inside >= len(own)


def test_it_says_what_it_is_and_nothing_of_the_time(printed, edition):
    assert printed.metadata.title == edition.title
    assert printed.metadata.creation_date is None
    assert printed.metadata.modification_date is None


def test_hidden_cells_are_printed_without_a_button(texts, gettext):
    book = "".join(texts)
    for chapter in CHAPTERS:
        for cell in chapter.cells:
            if {"hide-input", "hide-cell"} & set(cell.tags):
                first, *_ = cell.source.split("\n")
                assert "".join(first.split()) in book
    for button in ("Show code cell {type}", "Hide code cell {type}"):
        text = gettext(button).format(type=gettext("source"))
        assert "".join(text.split()) not in book
