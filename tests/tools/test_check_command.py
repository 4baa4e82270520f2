"""`booktools check`: a good course passes; each fault is found at its line."""

import os
import random
import re
import shutil
import struct
import zlib

import pytest

import booktools
from booktools.publish.age import find_newer, is_current
from tests.books import CASES, ROOT, Book, write_book


def noise(width, height):
    """Return a picture, PNG, that no compression makes smaller."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    rows = random.Random(0).randbytes((3 * width + 1) * height)
    lines = [b"\0" + rows[3 * width * i :][: 3 * width] for i in range(height)]
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(lines))
    parts = (b"IHDR", size), (b"IDAT", data), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


CONFIG = """\
title: Faults
execute: {execute_notebooks: cache}
parse: {myst_enable_extensions: [dollarmath]}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: en}
"""
TEXT = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
(sec-faults)=
# Faults

<p style="color: #ccc">Too pale to be read.</p>

A <a href="nowhere.html">link</a>, and <a href="fine.html#no">another</a>.

<div>One pays $5$ as in $x$; this is raw: <b>&#36;x^2&#36;</b>.</div>

<div style="width: 900px">As wide as no phone.</div>

![noise.png](noise.png)

(sec-faults-code)=
## Code

```{code-cell}
import random
print("first", random.random())
```
"""
HELPER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
(sec-helper)=
# A helper

```{code-cell}
import halves
print(halves.half(4))

def twice(x):  #@save
    'Return double.'
    return 2 * x
```
"""
# Nothing is wrong with it: readers get what it reads.
READS = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
data: [numbers.csv, ../data/some.bin]
---
(sec-reads)=
# What is in files

```{code-cell}
print(open("numbers.csv").read(), open("../data/some.bin", "rb").read())
```
"""
FINE = """\
(sec-fine)=
# Fine

Nothing is wrong here.
"""
FAULTS = {
    "_config.yml": CONFIG,
    "chapters/faults.md": TEXT,
    "chapters/fine.md": FINE,
    "chapters/helper.md": HELPER,
    "chapters/reads.md": READS,
    "chapters/numbers.csv": "1,2\n3,4\n",
    "chapters/halves.py": "def half(x):\n    return x / 2\n",
    "requirements.txt": "# What chapters import\nnumpy==2.4.6\n",
}


@pytest.fixture(scope="module")
def faulty(builder, tmp_path_factory):
    root = tmp_path_factory.mktemp("faulty") / "book"
    write_book(root, FAULTS)
    (root / "chapters" / "noise.png").write_bytes(noise(500, 400))
    (root / "data").mkdir()
    (root / "data" / "some.bin").write_bytes(b"\0\xff\r\n")
    book = Book(root, builder)
    book.extract()
    book.succeed()
    return book


def check(book, *options):
    return book._builder.tools(book.root, "check", *options)


@pytest.mark.browser
def test_a_good_course_passes(course, tmp_path):
    """Whatever the author has for tests of another kind."""
    shutil.copytree(course.root, tmp_path / "book", symlinks=True)
    book = Book(tmp_path / "book", course._builder)
    book.write("conftest.py", "raise SystemExit('conftest')")
    book.write("pytest.ini", "[pytest]\naddopts = --no-such-option")
    os.utime(book.html / "index.html")
    variables = {"PYTEST_ADDOPTS": "--no-such-option"}
    result = book._builder.tools(book.root, "check", **variables)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Checking the site in _build/html\n")
    assert result.stdout.endswith(": 0 problems\n")


@pytest.mark.parametrize("size", ["-3", "0", "much", "0.5"])
def test_a_size_that_is_none(size, make_book, run):
    make_book({"chapters/a.md": "# A\n"})
    options = (f"--heaviest={size}", "--book", "book")
    done = run("-m", "booktools", "check", *options)
    assert done.returncode == 2
    said = f"argument --heaviest: {size!r} is no number of KB, such as 500\n"
    assert done.stderr.endswith(said)


@pytest.mark.browser
def test_each_fault_is_found(faulty, expect):
    result = check(faulty)
    assert result.returncode == 1
    # What is random there.
    said = re.sub(r"0\.\d+", "0.…", result.stderr)
    # What pages weigh changes with each line of a stylesheet.
    said = re.sub(r"\b\d+ KB|(?<=heaviest=)\d+", "N", said)
    expect(CASES / "check" / "faults.txt", said)
    last = result.stdout.splitlines()[-1]
    found = result.stderr.count(": error: ")
    assert last.endswith(f": {found} problems")
    assert not [*faulty.root.glob("**/.pytest_cache")]


FINE_PAGE, END = "chapters/fine.html", "</article>"
# What no author can do; but what tools do wrong is found, too.
AFTERWARDS = {
    "broken-picture": ("_images/noise.png", "", "no picture"),
    "from-elsewhere": (
        FINE_PAGE,
        END,
        f'<img src="https://example.org/x.png" alt="x">{END}',
    ),
    "traceback": (
        FINE_PAGE,
        END,
        f"<p>Traceback (most recent call last)</p>{END}",
    ),
    "formula-font": (
        FINE_PAGE,
        END,
        '<span class="katex-html" style="font-family: KaTeX_Main">'
        f"<span>☃</span></span>{END}",
    ),
    "one-title": (FINE_PAGE, END, f"<h1>B</h1>{END}"),
    "jumps": (
        "index.html",
        "<article",
        "<script>setTimeout(() => { document.body.style.paddingTop = '400px' }"
        ", 400)</script><article",
    ),
    "myst-in-notebook": (
        "_notebooks/chapters/helper.ipynb",
        "# A helper",
        "# {math}`x` here",
    ),
}


@pytest.mark.browser
def test_what_tools_do_wrong_is_found(faulty, tmp_path):
    shutil.copytree(faulty.root, tmp_path / "book", symlinks=True)
    root = tmp_path / "book"
    for name, old, new in AFTERWARDS.values():
        file = root / "_build" / "html" / name
        text = file.read_text("utf-8") if old else ""
        assert old in text
        # Without the policy, which would keep browsers from all of that.
        text = text.replace("Content-Security-Policy", "none")
        file.write_text(text.replace(old, new, 1), "utf-8")
    package = root / "d2lmini" / "helper.py"
    package.write_text(package.read_text() + "x = 1\n")
    os.utime(root / "_build" / "html" / "index.html")
    result = faulty._builder.tools(root, "check", "--heaviest=1000")
    found = set(re.findall(r"\[([a-z-]+)\]$", result.stderr, re.MULTILINE))
    assert {*AFTERWARDS, "stale-package"} - found == set()
    # The author has said how much may be.
    assert "heavy-page" not in found


@pytest.mark.browser
def test_a_book_that_cannot_be_built(faulty, tmp_path):
    shutil.copytree(faulty.root, tmp_path / "book", symlinks=True)
    book = Book(tmp_path / "book", faulty._builder)
    book.add("chapters/fine.md", "\n[](#nowhere)\n")
    result = check(book)
    assert result.returncode == 1
    assert "nowhere" in result.stderr
    assert result.stderr.splitlines()[-3].endswith("[not-built]")


@pytest.mark.parametrize("name", ["index.md", "_config.yml", "data/new.csv"])
def test_when_a_site_is_built_again(tmp_path, name):
    root = write_book(tmp_path / "book", {"index.md": "# A book\n"})
    assert not is_current(root)
    html = root / "_build" / "html"
    html.mkdir(parents=True)
    (html / "index.html").touch()
    assert is_current(root)
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("new")
    later = (html / "index.html").stat().st_mtime + 10
    os.utime(root / name, (later, later))
    assert not is_current(root)


def test_folders_that_make_no_site_older(tmp_path):
    root = write_book(tmp_path / "book", {"index.md": "# A book\n"})
    html = root / "_build" / "html"
    html.mkdir(parents=True)
    (html / "index.html").touch()
    later = (html / "index.html").stat().st_mtime + 10
    for name in ("_build/x", ".venv/x", "env/pyvenv.cfg", "env/lib/x.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
        os.utime(root / name, (later, later))
    assert is_current(root)


def test_links_to_nothing_make_no_site_older(tmp_path, monkeypatch):
    """Emacs locks a file with one."""
    root = write_book(tmp_path / "book", {"index.md": "# A book\n"})
    html = root / "_build" / "html"
    html.mkdir(parents=True)
    (html / "index.html").touch()
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setattr(booktools, "__path__", [str(tools)])
    for path in (tools / ".#x.py", root / "x.md", root / "up"):
        path.symlink_to("somebody@somewhere.1:2")
    assert is_current(root)
    (tools / "x.py").touch()
    later = (html / "index.html").stat().st_mtime + 10
    os.utime(tools / "x.py", (later, later))
    assert not is_current(root)


def test_no_page_makes_its_site_older(tmp_path):
    root = write_book(tmp_path / "book", {"index.md": "# A book\n"})
    html = root / "public"
    html.mkdir()
    (html / "index.html").touch()
    later = (html / "index.html").stat().st_mtime + 10
    (html / "page.html").touch()
    os.utime(html / "page.html", (later, later))
    assert find_newer(root, html) is None
    os.utime(root / "index.md", (later, later))
    assert find_newer(root, html) == root / "index.md"


def test_each_rule_is_explained():
    sources = (ROOT / "booktools" / "check").glob("test_*.py")
    used = {
        rule
        for path in sources
        for rule in re.findall(
            r'"([a-z]+(?:-[a-z]+)+|accessibility|jumps|'
            r'traceback)", what',
            path.read_text("utf-8"),
        )
    }
    text = (ROOT / "booktools" / "README.md").read_text("utf-8")
    section = text.partition("## Checks")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert set(re.findall(r"`([a-z-]+)`", " ".join(rows))) == used
