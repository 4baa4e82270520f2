"""A new chapter is one that builds, and a line of the table of contents."""

import re
from pathlib import Path

import pytest
import yaml

from booktools.source.chapter import read_book
from booktools.source.new import write_chapter
from tests import books
from tests.books import ROOT

CASES = sorted((books.CASES / "tocs").glob("*.yml"))
CODE = "---\nfile_format: mystnb\n---\n(sec-a)=\n# A\n\n```{code-cell}\n"

# The settings that this book has, without its editions.
SETTINGS = re.sub(
    "    booktools_editions:\n(      .*\n)+",
    "",
    (ROOT / "_config.yml").read_text("utf-8"),
)


@pytest.fixture
def new(run):
    return lambda *arguments: run(
        "-m", "booktools", "new", *arguments, "--book", "book"
    )


def contents(root):
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("language", "word"),
    [("zh_CN", "先猜，再运行"), ("en", "First guess"), ("de", "First guess")],
)
def test_a_new_chapter_builds_as_it_is(new_book, new, language, word):
    book = new_book({"index.md": "(sec-home)=\n# Home\n"})
    root = book.root
    # The settings that this book has, so that what they ask for is met.
    book.write("_config.yml", SETTINGS)
    book.replace("_config.yml", "language: zh_CN", f"language: {language}")
    result = new("mean_value", "--title", "中值定理: 一个 @label@")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "wrote chapters/mean_value.md\nwrote _toc.yml\n"
    (chapter,) = read_book(root).chapters[1:]
    assert chapter.title == "中值定理: 一个 @label@"
    assert all(section.label for section in chapter.sections)
    assert word in (root / chapter.path).read_text("utf-8")
    assert "@" not in (root / chapter.path).read_text("utf-8").replace(
        "#@save", ""
    ).replace(chapter.title, "")
    assert new("second").returncode == 0
    # What the chapter says about saving is true.
    file = root / chapter.path
    text = file.read_text("utf-8")
    marked = '  #@save\n    """Return the area of a square."""\n'
    text = text.replace("def area(x):\n", f"def area(x):{marked}")
    file.write_text(text, "utf-8")
    second = root / "chapters/second.md"
    with second.open("a", encoding="utf-8") as add:
        add.write(
            "\n```{code-cell}\nimport d2lmini as d2l\n\nd2l.area(3)\n```\n"
        )
    book.extract()
    book.succeed()
    page = (root / "_build/html/chapters/mean_value.html").read_text("utf-8")
    assert page.count('<details class="check">') == 1
    assert 'id="fig-mean-value-area"' in page
    images = [path.suffix for path in (root / "_build/html/_images").iterdir()]
    assert set(images) == {".svg"}
    assert ">2.25\n" in page
    assert "9" in (root / "_build/html/chapters/second.html").read_text()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_book_with_slide_gets_a_figure_that_moves(new_book, new, language):
    code = (
        "from matplotlib import pyplot as plt\n\n"
        "def slide(draw, **values):  #@save\n"
        '    """Draw the last value."""\n'
        "    plt.title(draw(values['h'][-1]))\n"
        "    plt.show()\n"
    )
    chapter = CODE.replace("{code-cell}\n", "{code-cell}\n" + code) + "```\n"
    book = new_book({"index.md": "# Home\n", "chapters/a.md": chapter})
    book.write("_config.yml", SETTINGS)
    book.replace("_config.yml", "language: zh_CN", f"language: {language}")
    assert new("limits").returncode == 0
    book.extract()
    book.succeed()
    page = book.html / "chapters/limits.html"
    text = page.read_text("utf-8")
    assert 'id="fig-limits-frame"' in text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_tables_of_contents(case, make_book, new, expect):
    """A case is a table; `NAME.txt` is what it becomes, or what is said."""
    before = case.read_bytes()
    names = ("chapters/a.md", "chapters/b.md", "genindex.md")
    root = make_book(dict.fromkeys(names, "# A page\n"))
    (root / "_toc.yml").write_bytes(before)
    result = new("limits")
    after = (root / "_toc.yml").read_bytes()
    if result.returncode:
        assert after == before
        assert not (root / "chapters/limits.md").exists()
    text = result.stderr or after.decode()
    expect(case.with_suffix(".txt"), text.replace("\r\n", "<CR>\n"))
    if not result.returncode:
        data = yaml.safe_load(after)
        listed = data["parts"][0] if "parts" in data else data
        assert listed["chapters"][-1] == {"file": "chapters/limits"}
        assert read_book(root)
        # Nothing is taken away, and one line is new but for a list's head.
        old, lines = before.splitlines(), after.splitlines()
        assert [line for line in lines if line in old] == old
        assert len(lines) - len(old) == (1 if len(old) > 2 else 2)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        *(("Limits", "limits"), ("a-b", "a_b"), ("My Chapter", "my_chapter")),
        *(("chapters/sums.md", "sums"), ("9_lives", "limits"), ("", "limits")),
    ],
)
def test_a_bad_name_is_followed_by_one_that_would_do(
    name, near, make_book, new
):
    make_book({"chapters/a.md": "# A\n"})
    said = new(name).stderr
    assert f": python -m booktools new {near}\n" in said


@pytest.mark.parametrize(
    "name",
    [
        *("", "Limits", "9_lives", "a-b", "../x", "a/b", "os", "for", "极限"),
        *("polars", "d2lmini"),
    ],
)
def test_bad_names(name, make_book, new):
    code = f"{CODE}import polars, d2lmini\n```\n"
    root = make_book({"chapters/a.md": code})
    before = contents(root)
    result = new(name)
    assert result.returncode == 1
    assert f"{name!r} [bad-chapter-name]\n    hint: use " in result.stderr
    assert contents(root) == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a", "there is chapters/a.md already [file-exists]"),
        ("b", "there is chapters/b.md already [file-exists]"),
        ("c", "there is part/c.md already [file-exists]"),
        ("d", "chapters/a.md saves 'd' [reserved-name]"),
        ("e", "part/c.md has label 'sec-e' already [label-exists]"),
    ],
)
def test_names_that_are_taken(name, message, make_book, new):
    root = make_book(
        {
            "_toc.yml": "format: jb-book\nroot: index\nchapters:\n"
            "- file: chapters/a\n- file: part/c\n",
            "chapters/a.md": f"{CODE}d = 1  #@save\n```\n",
            "chapters/b.md": "# Not in the book\n",
            "part/c.md": "(sec-e)=\n# C\n",
        }
    )
    before = contents(root)
    result = new(name)
    assert result.returncode == 1
    expected = f"chapters/{name}.md:1: error: {message}\n    hint: choose"
    assert result.stderr.startswith(expected)
    assert contents(root) == before


@pytest.mark.parametrize("step", ["write_bytes", "write_text", "replace"])
def test_nothing_is_left_where_writing_fails(step, make_book, monkeypatch):
    root = make_book({"chapters/a.md": "# A\n"})
    before = contents(root)
    real = getattr(Path, step)

    def fail(path, *arguments, **options):
        if step != "replace":  # a disk that gets full on the way
            real(path, *arguments, **options)
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, step, fail)
    with pytest.raises(OSError, match="No space"):
        write_chapter(read_book(root), "limits", "")
    monkeypatch.undo()
    assert contents(root) == before


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "import d2lmini\n\nd2lmini.area(3)\n"),
        (["import d2lmini"], "import d2lmini\n\nd2lmini.area(3)\n"),
        (
            ["import d2lmini as d2l", "import numpy as np"],
            "import d2lmini as d2l\n\nd2l.area(3)\n",
        ),
    ],
)
def test_the_package_is_called_as_other_chapters_call_it(
    make_book, new, lines, expected
):
    code = "\n".join(lines) + "\n1\n```\n"
    root = make_book({"chapters/a.md": CODE + code})
    assert new("b").returncode == 0
    assert expected in (root / "chapters/b.md").read_text("utf-8")
