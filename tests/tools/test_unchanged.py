"""A build after which nothing has changed does nothing; any change counts."""

import os
import shutil

import pytest

from tests.books import Book, write_book

CONFIG = """\
title: A book
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: en}
"""
CHAPTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# First

```{code-cell}
:mystnb: {image: {alt: A line}}
import matplotlib.pyplot as plt

plt.plot([1, 2])
plt.show()
```
"""
FIRST, PAGE = "chapters/first.md", "_build/html/chapters/first.html"
AT_ONCE = "nothing has changed since the last build"


@pytest.fixture(scope="module")
def built(builder, tmp_path_factory):
    root = tmp_path_factory.mktemp("unchanged") / "book"
    second = {"chapters/second.md": "# Second\n"}
    write_book(root, {"_config.yml": CONFIG, FIRST: CHAPTER} | second)
    book = Book(root, builder)
    book.succeed()
    return book


def states(book):
    """Return what every file of a book is, also those of its builds."""
    return {p: p.stat().st_mtime_ns for p in book.root.rglob("*")}


def test_without_changes_nothing_is_done(built):
    before = states(built)
    for _ in range(2):
        said = built.succeed().stdout
        assert AT_ONCE in said
        assert str(built.html / "index.html") in said
        assert "reading sources" not in said
    assert states(built) == before


def rewrite_page(book):
    """Change a page, but not its size."""
    page = book.read(PAGE)
    book.write(PAGE, page.replace("First", "Worst"))


CHANGES = {
    "a text": lambda book: book.add(FIRST, "\nMore.\n"),
    "only its time": lambda book: os.utime(book.root / FIRST, (2e9, 2e9)),
    "a new file": lambda book: book.write("data/new.csv", "1\n"),
    "a file less": lambda book: book.remove("data/new.csv"),
    "a setting": lambda book: book.add("_config.yml", "author: Ada\n"),
    "a page less": lambda book: book.remove(PAGE),
    "a page of the site": rewrite_page,
    "a file in the site": lambda book: book.write("_build/html/x.txt", "x"),
    "a picture less": lambda book: shutil.rmtree(
        book.root / "_build" / "jupyter_execute"
    ),
    "what Sphinx remembers": lambda book: shutil.rmtree(
        book.root / "_build" / ".doctrees"
    ),
    "a package": lambda book: book.write("new-1.dist-info/METADATA", ""),
    "the environment": lambda book: book.environment.update(BOOK_JOBS="1"),
    "the repository": lambda book: book.environment.update(
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="remote.origin.url",
        GIT_CONFIG_VALUE_0="https://github.com/ada/book",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_seen(built, change):
    assert AT_ONCE in built.succeed().stdout
    CHANGES[change](built)
    assert AT_ONCE not in built.succeed().stdout
    assert AT_ONCE in built.succeed().stdout
    page = built.page("chapters/first")
    assert page.h1.text.startswith("First")
    picture = page.article.select_one(".cell_output img")
    assert (built.html / "chapters" / picture["src"]).is_file()


def test_a_build_with_options_is_another_one(built):
    for _ in range(2):
        assert "3 added" in built.succeed("--all").stdout
    built.succeed()


def test_a_build_that_fails_is_no_last_build(built):
    text = built.read(FIRST)
    state = (built.root / FIRST).stat()
    built.write(FIRST, text.replace("[1, 2]", "[1, 1 / 0]"))
    for _ in range(2):
        assert built.build().returncode == 1
    built.write(FIRST, text)
    times = state.st_atime_ns, state.st_mtime_ns
    os.utime(built.root / FIRST, ns=times)
    assert AT_ONCE not in built.succeed().stdout
    # A warning is a failure, too.
    built.add(FIRST, "\n{ref}`sec-nowhere`\n")
    for _ in range(2):
        assert built.build().returncode == 1
    built.write(FIRST, text)
    built.succeed()


def test_nobody_knows_what_is_behind_a_link_to_a_folder(built, tmp_path):
    (tmp_path / "data.csv").write_text("1\n")
    (built.root / "linked").symlink_to(tmp_path)
    for _ in range(2):
        assert AT_ONCE not in built.succeed().stdout
    (built.root / "linked").unlink()


def test_a_change_while_a_build_runs_is_not_lost(built):
    # The code of a chapter changes a file that no page depends on.
    writes = 'open("../notes.txt", "a").write("x")'
    built.write(FIRST, f"{CHAPTER}\n```{{code-cell}}\n{writes};\n```\n")
    assert AT_ONCE not in built.succeed().stdout
    assert AT_ONCE not in built.succeed().stdout
    assert AT_ONCE in built.succeed().stdout


# Saves a page, and a file that it includes, just after they have been read.
SAVER = """\
import pathlib

def save(app, tree):
    if app.env.docname == "chapters/late" and tree.astext().count("early"):
        for name in ("late.md", "part.txt"):
            path = pathlib.Path(app.srcdir, "chapters", name)
            path.write_text(path.read_text().replace("early", "new"))

def setup(app):
    app.connect("doctree-read", save)
"""
LATE = """\
# Late

Text: early.

```{include} part.txt
```
"""


def test_a_page_that_is_saved_while_it_is_read_is_read_again(
    builder, tmp_path
):
    files = {
        "_config.yml": f"{CONFIG}  local_extensions: {{saver: .}}\n",
        "saver.py": SAVER,
        "chapters/late.md": LATE,
    }
    book = Book(write_book(tmp_path / "book", files), builder)
    book.write("chapters/part.txt", "Part: early.")
    book.succeed()
    book.succeed()
    text = book.article("chapters/late").get_text()
    assert "Text: new." in text
    assert "Part: new." in text
    assert "reading sources" not in book.succeed().stdout


def test_figures_that_a_build_has_written_are_no_change(builder, tmp_path):
    other = "chapters/other.md"
    files = {"_config.yml": CONFIG, FIRST: CHAPTER, other: "# Other\n"}
    book = Book(write_book(tmp_path / "book", files), builder)
    book.succeed()
    book.add(other, "\nMore.\n")
    assert "0 added, 1 changed, 0 removed" in book.succeed().stdout


def test_a_folder_that_cannot_be_made_is_one_sentence(builder, tmp_path):
    """Not what happens to be the first to need it."""
    root = write_book(tmp_path / "book", {"_config.yml": CONFIG})
    (root / "_build").touch()
    result = Book(root, builder).build()
    assert result.returncode == 1
    assert result.stderr.endswith("exists; the site is as it was\n")
