"""Which page the READMEs' picture is of, and links of the printed cover."""

import pytest
from bs4 import BeautifulSoup

from booktools.problem import BookError
from booktools.render.picture import find_page
from booktools.render.volume import Volume
from booktools.source.chapter import Book, read_book


@pytest.fixture
def book(make_book):
    files = {"chapters/limits.md": "# Limits\n", "chapters/series.md": "# S\n"}
    return read_book(make_book(files))


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", ""),
        ("chapters/series.html", ""),
        ("chapters/limits.html#fig-limit", ""),
        ("chapters/calculus.html#fig-secant", "picture chapters/limits.html"),
        ("chapters/limit.html", "picture chapters/limits.html"),
        ("chapters/limits.html#fig-limits", "has no label 'fig-limits'"),
    ],
)
def test_page_of_a_picture(address, problem, book, make_book):
    for name in ("limits", "series"):
        page = {f"_build/html/chapters/{name}.html": '<p id="fig-limit">'}
        make_book(page)
    if problem:
        with pytest.raises(BookError, match=problem):
            find_page(book, address)
    else:
        page, _ = find_page(book, address)
        expected = address.partition("#")[0] or "chapters/limits.html"
        assert page == book.root / "_build" / "html" / expected


def test_a_page_of_an_edition(book, make_book):
    editions = "booktools_editions: {en: {title: Limits}}"
    make_book(
        {
            "_config.yml": f"sphinx: {{config: {{language: de, {editions}}}}}",
            "en/index.md": "# Limits\n",
            "_build/html/en/chapters/series.html": "<p>",
        }
    )
    page, _ = find_page(book, "en/chapters/series.html")
    assert page.parts[-3:] == ("en", "chapters", "series.html")


def test_a_page_that_is_not_built(book):
    with pytest.raises(BookError, match="python -m booktools build"):
        find_page(book, "chapters/series.html")


HOME = """\
<html lang="en"><meta name="author" content="Ada">
<nav class="bd-links"><ul>
<li class="toctree-l1"><a href="chapters/taylor.html">Taylor</a></li>
</ul></nav>
<article class="bd-article"><h1>Home</h1>
<p>See <a href="chapters/taylor.html#sec-one">this</a>, <a
href="chapters/taylor.html">that</a>, <a href="search.html">a search</a>, and
<a href="https://a.example/">others</a>.</p></article></html>
"""
PAGE = """\
<html><article class="bd-article"><section id="taylor"><h1>Taylor</h1>
<section id="sec-one"><h2>One</h2></section></section></article></html>
"""


@pytest.mark.parametrize("address", ["", "https://b.example/book/"])
def test_links_of_the_cover(address, tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "index.html").write_text(HOME)
    (tmp_path / "chapters" / "taylor.html").write_text(PAGE)
    book = Book(tmp_path, "A book", "a_book", ())
    volume = Volume(book, tmp_path, address)
    page = BeautifulSoup(volume.html(), "html.parser")
    ids = {tag["id"] for tag in page.select("[id]")}
    links = page.select(".cover p a")
    places = [str(link.get("href", "")) for link in links]
    assert [place.removeprefix("#") in ids for place in places[:2]] == [
        *(True, True)
    ]
    elsewhere = f"{address}search.html" if address else ""
    assert places[2:] == [elsewhere, "https://a.example/"]
