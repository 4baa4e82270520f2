"""Files that chapters read: named in front matter, and taken along."""

import pytest

from booktools.problem import BookError
from booktools.source.chapter import read_chapter
from booktools.source.data import find_heavy, read_data
from tests.books import CASES, code, read, relax
from tests.editions import make_bilingual

HEAD = """\
---
title: a.csv
file_format: mystnb
data: {}
kernelspec: {{name: python3, display_name: Python 3}}
---
# What is in files

```{{code-cell}}
print(open("a.csv").read())
```
"""


@pytest.fixture
def chapters(tmp_path):
    """Return the folder of a book's chapters, and a file outside."""
    (tmp_path / "secret.csv").write_text("1")
    folder = tmp_path / "book" / "chapters"
    folder.mkdir(parents=True)
    return folder


def chapter(folder, names):
    text = HEAD.format(names)
    (folder / "x.md").write_text(text, "utf-8")
    return read_chapter("chapters/x.md", text.encode())


def said(folder, names):
    """Return what is wrong with the files of a chapter."""
    with pytest.raises(BookError) as caught:
        read_data(chapter(folder, names), folder.parent)
    return [str(problem) for problem in caught.value.problems]


def test_files_by_name(chapters):
    (chapters / "a.csv").write_bytes(b"1")
    (chapters.parent / "b.bin").write_bytes(b"\0\r\n")
    both = chapter(chapters, "[a.csv, ../b.bin]")
    expected = {"a.csv": b"1", "../b.bin": b"\0\r\n"}
    assert read_data(both, chapters.parent) == expected
    one = chapter(chapters, "a.csv")
    assert read_data(one, chapters.parent) == {"a.csv": b"1"}
    assert read_data(chapter(chapters, "[]"), chapters.parent) == {}


def test_files_that_are_not_there(chapters):
    (chapters / "numbers.csv").write_text("1")
    begin = "chapters/x.md:4: error:"
    hint = "\n    hint: name it as seen from the chapter's folder"
    # Not where the same words stand above.
    assert said(chapters, "[a.csv]") == [
        f"{begin} there is no data file 'a.csv' [missing-data]{hint}"
    ]
    assert said(chapters, "[number.csv]") == [
        f"{begin} there is no data file 'number.csv' [missing-data]"
        "\n    hint: did you mean numbers.csv?"
    ]


def test_files_that_are_not_the_book_s(chapters):
    begin = "chapters/x.md:4: error:"
    outside = "lies outside of the book's folder [outside]"
    hint = "\n    hint: copy it into the book's folder"
    name = "../../secret.csv"
    assert said(chapters, f"[{name}]") == [f"{begin} {name!r} {outside}{hint}"]
    (chapters / "a.csv").symlink_to(chapters / name)
    assert said(chapters, "a.csv") == [f"{begin} 'a.csv' {outside}{hint}"]
    own = str(chapters / "b.csv")
    (chapters / "b.csv").write_text("1")
    hint = "\n    hint: name it as seen from the chapter's folder"
    assert said(chapters, own) == [
        f"{begin} {own!r} is a file of this computer only [machine-path]{hint}"
    ]


def test_how_large_they_may_be(chapters):
    (chapters / "a.csv").write_bytes(bytes(120_000))
    (chapters / "b.csv").write_bytes(bytes(80_000))
    both = chapter(chapters, "[a.csv, b.csv]")
    assert find_heavy(both, chapters.parent) == []
    (chapters / "b.csv").write_bytes(bytes(80_600))
    [problem] = find_heavy(both, chapters.parent)
    assert str(problem) == (
        "chapters/x.md:4: error: the chapter's data are 201 KB; its notebook"
        " can bring along 200 KB [heavy-data]\n"
        "    hint: make them smaller, or let the code make or load them"
    )


CONFIG = (CASES / "books" / "small" / "_config.yml").read_text("utf-8")


def test_problems_of_a_build(make_book, builder):
    """They are said once, those of all chapters together."""
    book = make_book(
        {
            "_config.yml": CONFIG,
            "chapters/one.md": HEAD.format("[a.csv]"),
            "chapters/two.md": HEAD.format("[a.csv, ../c.csv]"),
            "chapters/b.csv": "1\n",
        }
    )
    result = builder.build(book)
    hint = "    hint: name it as seen from the chapter's folder\n"
    assert result.returncode == 1
    assert result.stderr == (
        "\n3 problems, no page written:\n"
        "chapters/one.md:4: error: there is no data file 'a.csv'"
        f" [missing-data]\n{hint}"
        "chapters/two.md:4: error: there is no data file '../c.csv'"
        f" [missing-data]\n{hint}"
        "chapters/two.md:4: error: there is no data file 'a.csv'"
        f" [missing-data]\n{hint}"
    )


def test_more_than_a_notebook_can_carry(make_book, builder):
    book = make_book(
        {
            "_config.yml": CONFIG,
            "chapters/one.md": HEAD.format("[a.csv]").replace(".read()", ""),
            "chapters/a.csv": "1\n" * 150_000,
        }
    )
    result = builder.build(book)
    assert result.returncode == 1
    begin = "\n1 problem, no page written:\nchapters/one.md:4: error: the"
    assert result.stderr.startswith(f"{begin} chapter's data are 300 KB")
    # Without notebooks nobody has to carry it.
    old, off = "{language: en,", "booktools_features: {notebooks: false}"
    assert old in CONFIG
    config = relax(CONFIG.replace(old, f"{old} {off},").encode())
    (book / "_config.yml").write_bytes(config)
    result = builder.build(book)
    assert (result.returncode, result.stderr) == (0, "")


def test_an_edition_takes_them_along(tmp_path, builder):
    book = make_bilingual(tmp_path, builder)
    book.write("chapters/numbers.txt", "1 2\n")
    book.succeed()
    for folder in ("_notebooks", "en/_notebooks"):
        notebook = read(book.html / folder, "chapters/first")
        assert "'numbers.txt': r'''1 2\n'''," in code(notebook)[0].source
        script = book.html / folder / "chapters" / "first.py"
        assert "'numbers.txt': r'''1 2\n'''," in script.read_text("utf-8")
    book.write("chapters/numbers.txt", "1 3\n")
    book.succeed()
    notebook = read(book.html / "en" / "_notebooks", "chapters/first")
    assert "'numbers.txt': r'''1 3\n'''," in code(notebook)[0].source
