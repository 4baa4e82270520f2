"""The command line."""

import os

import pytest

SAVED = """\
---
file_format: mystnb
---
# 一章

```{code-cell}
A = 1  #@save
```
"""


@pytest.fixture
def extract(run):
    return lambda *options, **variables: run(
        "-m", "booktools", "extract", "--book", "book", *options, **variables
    )


def test_extract_writes_once(make_book, extract):
    root = make_book({"chapters/a.md": SAVED})
    result = extract()
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "wrote d2lmini/__init__.py\nwrote d2lmini/a.py\n"
    times = [p.stat().st_mtime_ns for p in (root / "d2lmini").iterdir()]
    result = extract()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert times == [
        p.stat().st_mtime_ns for p in (root / "d2lmini").iterdir()
    ]
    assert len(times) == 2


def test_extract_rewrites_what_changed_and_deletes_orphans(make_book, extract):
    root = make_book(
        {"chapters/a.md": SAVED, "chapters/b.md": SAVED.replace("A", "B")}
    )
    extract()
    (root / "chapters/b.md").unlink()
    (root / "_toc.yml").unlink()
    make_book({"chapters/c.md": SAVED.replace("A", "C")})
    result = extract()
    assert result.returncode == 0
    assert result.stdout == (
        "wrote d2lmini/__init__.py\ndeleted d2lmini/b.py\nwrote d2lmini/c.py\n"
    )


def test_check_shows_what_would_change(make_book, extract):
    root = make_book({"chapters/a.md": SAVED, "chapters/b.md": "# B\n"})
    extract()
    assert extract("--check").returncode == 0
    make_book(
        {
            "chapters/a.md": SAVED.replace("A = 1", "A = '乙'"),
            "d2lmini/old.py": "# Generated from x\n",
        }
    )
    before = (root / "d2lmini/a.py").read_bytes()
    result = extract("--check")
    assert result.returncode == 1
    assert result.stderr == ""
    assert result.stdout.split("\n") == [
        "--- a/d2lmini/a.py",
        "+++ b/d2lmini/a.py",
        "@@ -5,4 +5,4 @@",
        " ",
        " ",
        ' # chapters/a.md, "一章"',
        "-A = 1",
        "+A = '乙'",
        "--- a/d2lmini/old.py",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-# Generated from x",
        "2 stale files; run: python -m booktools extract --book book",
        "",
    ]
    assert (root / "d2lmini/a.py").read_bytes() == before
    assert (root / "d2lmini/old.py").exists()


def test_check_before_the_first_extract(make_book, extract):
    root = make_book({"chapters/a.md": SAVED})
    result = extract("--check")
    assert result.returncode == 1
    assert "--- /dev/null\n+++ b/d2lmini/a.py\n" in result.stdout
    assert not (root / "d2lmini").exists()


def test_line_endings_are_part_of_a_file(make_book, extract):
    root = make_book({"chapters/a.md": SAVED})
    extract()
    file = root / "d2lmini/a.py"
    text = file.read_bytes()
    file.write_bytes(text.replace(b"\n", b"\r\n"))
    assert extract("--check").returncode == 1
    extract()
    assert file.read_bytes() == text


def test_a_book_that_saves_nothing_has_no_package(make_book, extract):
    root = make_book({"chapters/a.md": "# A\n"})
    result = extract()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert not (root / "d2lmini").exists()


def test_a_book_that_saves_nothing_any_more(make_book, extract):
    root = make_book({"chapters/a.md": SAVED})
    extract()
    make_book({"chapters/a.md": "# A\n", "d2lmini/hand.py": "x = 1\n"})
    assert extract().returncode == 0
    assert [p.name for p in (root / "d2lmini").glob("*.py")] == ["hand.py"]


def test_this_folder_is_the_default_book(make_book, run):
    make_book({"chapters/a.md": SAVED})
    code = (
        "import os, runpy, sys; os.chdir('book');"
        "sys.argv[1:] = ['extract', '--check'];"
        "runpy.run_module('booktools', run_name='__main__')"
    )
    result = run("-c", code)
    assert result.returncode == 1
    assert result.stdout.endswith(": python -m booktools extract\n")


@pytest.mark.parametrize(
    "folder", ["book/chapters", "nowhere", "book/index.md"]
)
def test_no_book(folder, make_book, run):
    make_book({"chapters/a.md": SAVED})
    result = run("-m", "booktools", "extract", "--book", folder)
    assert result.returncode == 1
    assert result.stderr == (
        f"_config.yml:1: error: there is no _config.yml in {folder}, "
        "so this is no book [not-a-book]\n"
        "    hint: name its folder: --book DIR\n"
        "1 problem\n"
    )


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["extract", "--x"]])
def test_wrong_usage(arguments, run):
    result = run("-m", "booktools", *arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("usage: python -m booktools")


def test_one_command_makes_package_and_site(new_book):
    config = """\
title: A book
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {booktools_package: d2lmini}
"""
    book = new_book({"_config.yml": config, "chapters/a.md": SAVED})
    result = book._builder.tools(book.root, "build", **book.environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert (book.root / "d2lmini" / "a.py").is_file()
    assert (book.root / "_build" / "html" / "chapters" / "a.html").is_file()


@pytest.mark.parametrize(
    ("extensions", "line"),
    [("\n  extra_extensions: []", 3), ("\n  config: {}", 2), (" {}", 2)],
)
def test_no_build_without_the_extension(extensions, line, new_book):
    """Or a site of stock Jupyter Book would replace the good one."""
    config = f"title: A book\nsphinx:{extensions}\n"
    files = {"_config.yml": config, "_build/html/index.html": "Good."}
    book = new_book(files)
    result = book._builder.tools(book.root, "build", **book.environment)
    assert result.returncode == 1
    assert result.stderr.startswith(
        f"_config.yml:{line}: error: extra_extensions does not name"
        " booktools.sphinxext, so these tools would not make the site"
        " [missing-extension]\n    hint: write"
    )
    site = book.root / "_build" / "html"
    assert [p.name for p in site.iterdir()] == ["index.html"]


def test_help_names_the_commands(run):
    result = run("-m", "booktools", "--help")
    assert result.returncode == 0
    assert "extract" in result.stdout


def test_a_folder_that_cannot_be_written(make_book, extract):
    root = make_book({"chapters/a.md": SAVED})
    (root / "d2lmini").write_text("I am a file")
    result = extract()
    assert result.returncode == 1
    what = "error: there is a file d2lmini, where the package would be"
    assert result.stderr.startswith(f"_config.yml:1: {what}")


def test_a_console_without_chinese(make_book, extract):
    make_book({"chapters/a.md": SAVED + SAVED.split("# 一章")[1]})
    result = extract(PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert result.returncode == 1
    assert "[duplicate-name]" in result.stderr
    make_book({"chapters/a.md": SAVED})
    result = extract("--check", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert result.returncode == 1
    assert r'+# chapters/a.md, "\u4e00\u7ae0"' in result.stdout


FULL_DISK = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
runpy.run_module("booktools", run_name="__main__")
"""


@pytest.mark.parametrize("command", [["extract"], ["new", "limits"]])
def test_a_full_disk(command, make_book, run):
    root = make_book({"chapters/a.md": SAVED})
    before = {path: path.stat().st_size for path in root.rglob("*")}
    result = run("-c", FULL_DISK, *command, "--book", "book")
    assert (result.returncode, result.stderr) == (1, "error: File too large\n")
    assert {path.name for path in root.rglob("*")} - {"d2lmini"} == {
        path.name for path in before
    }
    assert all(path.stat().st_size == size for path, size in before.items())


@pytest.mark.parametrize("name", ["_config.yml", "_toc.yml", "chapters/a.md"])
def test_what_is_not_a_file(name, make_book, extract):
    """A pipe would make it wait for ever."""
    root = make_book({"chapters/a.md": SAVED})
    (root / name).unlink()
    os.mkfifo(root / name)
    result = extract()
    assert result.returncode == 1
    assert result.stderr.count(": error: ") == 1
    assert not (root / "d2lmini").exists()
