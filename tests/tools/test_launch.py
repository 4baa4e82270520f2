"""Every button of every page leads to what is there."""

import os
import subprocess

import pytest

from booktools.publish.branches import notebook_files
from booktools.sphinxext.launch import launch_links
from tests.buttons import (
    SERVICES,
    buttons,
    check_page,
    check_page_without_notebook,
    target,
)

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
  extra_extensions: [booktools.sphinxext]
"""


def test_wherever_the_book_is_published(new_book):
    book = new_book(
        {
            "_config.yml": CONFIG,
            "chapters/codes.md": CHAPTER,
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
        check_page(html / "chapters/codes.html", repository, published)
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
    url = buttons(html / "chapters/plain.html", "download")["Whole book .pdf"]
    assert url == "https://ada.github.io/second.x/_pdf/d2lmini.pdf"
    # What earlier builds have left there is no reason for a button.
    book.write("chapters/codes.md", "# No code any more\n")
    build()
    check_page_without_notebook(html / "chapters/codes.html")


@pytest.mark.parametrize("names", ["a/b", "a&b c/%2F#?x+y", "作者/书"])
@pytest.mark.parametrize("docname", ["chapters/x", "en/a b/c%20&+#?"])
def test_names_survive_all_quoting(names, docname):
    links = launch_links(names, docname)
    assert [link.text for link in links] == SERVICES
    for link in links:
        *found, branch, path = target(link.url)
        assert ("/".join(found), branch) == (names, "notebooks")
        assert path == f"{docname}.ipynb"
