"""Pages are light, closed and Chinese, and others can read what they are."""

import hashlib
import shutil
from importlib.resources import files

import pytest

# What templates and styles in booktools/sphinxext replace.  When a digest
# changes, compare the two, and see what ours has to take over.
REPLACED = {
    "sphinx_book_theme/theme/sphinx_book_theme/layout.html": "2cd2fbbe2cae",
    "pydata_sphinx_theme/theme/pydata_sphinx_theme/"
    "layout.html": "e48ac98a1905",
    "pydata_sphinx_theme/theme/pydata_sphinx_theme/static/"
    "webpack-macros.html": "cb9fcc2bb186",
    "pydata_sphinx_theme/theme/pydata_sphinx_theme/static/scripts/"
    "pydata-sphinx-theme.js": "f264bd85cd58",
    "pydata_sphinx_theme/theme/pydata_sphinx_theme/static/styles/"
    "theme.css": "c5ad46e4d126",
}


@pytest.mark.parametrize("name", REPLACED, ids=lambda n: n.split("/")[-1])
def test_what_is_replaced_in_the_theme_has_not_changed(name):
    package, _, path = name.partition("/")
    text = files(package).joinpath(path).read_text("utf-8")
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == REPLACED[name]


SMALL = {
    "_config.yml": "title: 一本小书\n"
    "execute: {execute_notebooks: cache}\n"
    "sphinx: {extra_extensions: [booktools.sphinxext],"
    " config: {language: zh_CN}}\n",
    "index.md": "# 一本小书\n\n开始。\n",
    "chapters/a.md": "# 甲\n\n甲说：\n",
    "chapters/b.md": "# 乙\n\n乙说：\n\n```python\nx = 1\n```\n",
}
MORE = '<i class="fa-solid fa-rocket"></i>\n\n| a |\n|---|\n| 1 |\n'


def pages_of(book, **environment):
    """Build a book; return what concerns its pages."""
    unset = {"GITHUB_REPOSITORY": None, "BOOK_URL": None}
    book.succeed(**unset | environment)
    site = book.site()
    return {name: site[name] for name in site if not name.endswith(".inv")}


def test_a_build_after_an_edit_gives_what_a_build_from_nothing_does(new_book):
    book = new_book(SMALL)
    there = {"GITHUB_REPOSITORY": "a/b"}
    first = pages_of(book, **there)
    book.add("chapters/a.md", MORE)
    edited = pages_of(book, **there)
    assert b"fa-rocket" not in first["_static/book.css"]
    assert b"fa-rocket" in edited["_static/book.css"]
    assert len(edited["sitemap.xml"]) == len(first["sitemap.xml"])
    shutil.rmtree(book.root / "_build")
    new = pages_of(book, **there)
    assert edited.keys() == new.keys()
    assert [name for name in new if edited[name] != new[name]] == []


def test_a_book_without_a_site_has_no_addresses(new_book):
    site = pages_of(new_book(SMALL))
    assert "sitemap.xml" not in site
    assert "robots.txt" not in site
    page = site["index.html"].decode()
    assert "canonical" not in page
    assert "og:url" not in page
    assert 'property="og:title"' in page
    assert 'href="/index.html"' in site["404.html"].decode()
