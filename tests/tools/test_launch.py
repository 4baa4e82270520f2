"""Every button of every page leads to what is there."""

import os
import subprocess
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from booktools.publish.branches import notebook_files
from booktools.source.chapter import read_book
from booktools.sphinxext.launch import launch_links
from tests.books import ROOT

SERVICES = ["Colab", "Binder", "Kaggle"]


def target(url):
    """Return owner, repository, branch and path that a launch URL opens."""
    parts = urlsplit(url)
    query = {name: value for name, (value,) in parse_qs(parts.query).items()}
    if parts.netloc == "colab.research.google.com":
        return opened(parts.path.removeprefix("/github/"))
    if parts.netloc == "kaggle.com":
        assert parts.path == "/kernels/welcome"
        return opened(query["src"].removeprefix("https://github.com/"))
    assert parts.netloc == "mybinder.org"
    *repository, branch = map(unquote, parts.path.split("/")[3:])
    assert parts.path.startswith("/v2/gh/")
    assert branch == "binder"
    pull = urlsplit(query["urlpath"])
    query = {name: value for name, (value,) in parse_qs(pull.query).items()}
    assert pull.path == "git-pull"
    address = query["repo"].removeprefix("https://github.com/")
    assert [*map(unquote, address.split("/"))] == repository
    # The folder of a clone, by git's habit and nbgitpuller's.
    folder, _, path = query["urlpath"].removeprefix("lab/tree/").partition("/")
    assert unquote(folder) == repository[1]
    return [*repository, query["branch"], unquote(path)]


def opened(path):
    owner, name, blob, branch, path = path.split("/", 4)
    assert blob == "blob"
    return [*map(unquote, (owner, name, branch, path))]


def buttons(page, group):
    """Return the links of one group of buttons on a page, name -> address."""
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    groups = soup.select(f".dropdown-{group}-buttons")
    assert len(groups) <= 1
    links = [link for found in groups for link in found.select("a")]
    assert all(link["title"] for link in links)
    return {link.get_text(strip=True): link["href"] for link in links}


def check_page(page, repository, published):
    """Check the buttons of a page with a notebook; return its path."""
    launch = buttons(page, "launch")
    assert list(launch) == (SERVICES if repository else [])
    for url in launch.values():
        *names, branch, path = target(url)
        assert ("/".join(names), branch) == (repository, "notebooks")
        assert path in published
    downloads = buttons(page, "download")
    suffixes = [text.split()[-1] for text in downloads]
    assert suffixes == [".ipynb", ".py", ".zip", ".md"]
    for suffix, url in zip(suffixes, downloads.values(), strict=True):
        file = page.parent / unquote(url)
        assert file.is_file()
        assert file.suffix == suffix


def check_page_without_notebook(page):
    assert buttons(page, "launch") == {}
    downloads = buttons(page, "download")
    assert [text.split()[-1] for text in downloads] == [".zip", ".md"]
    for url in downloads.values():
        assert (page.parent / unquote(url)).is_file()


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


CHAPTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# A chapter

```{code-cell}
1 + 1
```
"""
CONFIG = """\
title: A small book
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx:
  local_extensions: {booktools.sphinxext: .}
"""


def test_wherever_the_book_is_published(new_book):
    book = new_book(
        {
            "_config.yml": CONFIG,
            "chapters/code.md": CHAPTER,
            "chapters/plain.md": "# No code\n",
        }
    )
    html = book.html

    def build(**settings):
        unset = {name: None for name in os.environ if "GITHUB" in name}
        book.succeed(**unset | settings)

    def git(*arguments):
        subprocess.run(["git", "-C", book.root, *arguments], check=True)

    def check(repository):
        published = notebook_files(html)
        check_page(html / "chapters/code.html", repository, published)
        check_page_without_notebook(html / "chapters/plain.html")
        check_page_without_notebook(html / "index.html")

    git("init", "-q")
    build()
    check("")
    git("remote", "add", "origin", "https://github.com/Ada/first.git")
    build()
    check("Ada/first")
    git("remote", "set-url", "origin", "git@github.com:ada/second.x.git")
    build()
    check("ada/second.x")
    # A book that is also printed, before it is.
    build(BOOK_PDF="1")
    url = buttons(html / "chapters/plain.html", "download")["全书 .pdf"]
    assert url == "https://ada.github.io/second.x/_pdf/d2lmini.pdf"
    # What earlier builds have left there is no reason for a button.
    book.write("chapters/code.md", "# No code any more\n")
    build()
    check_page_without_notebook(html / "chapters/code.html")


@pytest.mark.parametrize("names", ["a/b", "a&b c/%2F#?x+y", "作者/书"])
@pytest.mark.parametrize("docname", ["chapters/x", "en/a b/c%20&+#?"])
def test_names_survive_all_quoting(names, docname):
    links = launch_links(names, docname)
    assert [link.text for link in links] == SERVICES
    for link in links:
        *found, branch, path = target(link.url)
        assert ("/".join(found), branch) == (names, "notebooks")
        assert path == f"{docname}.ipynb"
