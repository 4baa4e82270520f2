"""Names of the package on pages: links, badges, and the page of reference."""

import shutil

import pytest
from bs4 import BeautifulSoup

from booktools.source.chapter import read_book
from tests.books import ROOT

BOOK = read_book(ROOT)

CONFIG = """\
title: A small book
only_build_toc_files: true
execute: {execute_notebooks: "off"}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: zh_CN, booktools_package: tools}
"""
HEAD = "---\nfile_format: mystnb\n---\n"
GROW = '''\
#@save
def grow(x):
    """Grow `shrink` by ``1``.

    Parameters
    ----------
    x : int
        Any <number> of *steps.

    Returns
    -------
    int
    """
    return "a < b", x'''
SHRINK = """\
#@save
def shrink(x):
    return x if x < 1 else "grow"
"""
FIRST = f"""\
# First

```{{code-cell}}
{GROW}
```

```{{code-cell}}
grow(1)
```
"""
OTHER = f"""\
# Other

```{{code-cell}}
{SHRINK}
```
"""
SECOND = """\
# Second

```{code-cell}
import tools

tools.grow(1) < tools.shrink(2) and tools.first.grow("tools.grow")
```
"""
REFERENCE = "# Reference\n\n```{saved-names}\n```\n"


def parse(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser").article


@pytest.fixture
def book(new_book):
    files = {
        "_config.yml": CONFIG,
        "chapters/first.md": HEAD + FIRST,
        "chapters/other.md": HEAD + OTHER,
        "chapters/second.md": HEAD + SECOND,
        "chapters/reference.md": REFERENCE,
    }
    return new_book(files)


def chapters(book):
    """Build a book; return the articles of its chapters."""
    book.extract()
    book.succeed()
    pages = book.html.glob("chapters/*.html")
    return {p.stem: book.article(f"chapters/{p.stem}") for p in pages}


def links(page):
    return [(a.text, a["href"]) for a in page.select("a.saved")]


def test_links_stay_right_when_some_pages_change(book):
    pages = chapters(book)
    assert links(pages["first"]) == [("grow", "#save-grow")]
    grow = "grow", "first.html#save-grow"
    shrink = "shrink", "other.html#save-shrink"
    assert links(pages["second"]) == [grow, shrink, grow]
    # The code is what it was, and can be copied.
    cells = [block.text.strip("\n") for block in pages["first"].select("pre")]
    assert cells == [GROW, "grow(1)"]
    (badge,) = pages["first"].select(".saved-badge a")
    assert badge.text == "已存入 tools.grow"
    assert badge["href"] == "reference.html#api-grow"
    entry = pages["reference"].find(id="api-grow")
    assert entry.pre.text == "grow(x)\n"
    assert entry.find("a", href="#api-shrink").code.text == "shrink"
    assert [t.text for t in entry.find_all("dt")] == ["x : int", "int"]
    assert entry.dd.text.strip() == "Any <number> of *steps."
    origin = "定义于 First；用于 First、Second"
    assert entry.select_one(".saved-origin").text == origin

    # The reference has not changed itself: one user less, other words.
    book.replace("chapters/first.md", "```{code-cell}\ngrow(1)\n```\n", "")
    entry = chapters(book)["reference"].find(id="api-grow")
    origin = entry.select_one(".saved-origin").text
    assert origin == "定义于 First；用于 Second"
    book.replace("chapters/first.md", "Any <number>", "A number")
    entry = chapters(book)["reference"].find(id="api-grow")
    assert entry.dd.text.strip() == "A number of *steps."

    # The page with the links has not changed itself.
    book.replace("chapters/other.md", OTHER, "# Other\n")
    book.replace(
        "chapters/first.md", "# First\n", OTHER.replace("Other", "First")
    )
    pages = chapters(book)
    shrink = "shrink", "first.html#save-shrink"
    assert links(pages["second"]) == [grow, shrink, grow]

    shutil.rmtree(book.root / "_build")
    assert chapters(book) == pages
