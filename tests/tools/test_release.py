"""The files of a release: all of them, the same each time, or none."""

import hashlib
import shutil
from zipfile import ZipFile

import pytest

from booktools.problem import BookError
from booktools.publish import release
from booktools.publish.release import write_release
from booktools.publish.wheel import build_tools
from booktools.source.chapter import read_book

PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "tools"
version = "1.2"
requires-python = ">=3.11"

[tool.hatch.build.targets.wheel]
packages = ["tools"]
"""
NAMES = [
    "SHA256SUMS",
    "tools-1.2-book.pdf",
    "tools-1.2-notebooks.zip",
    "tools-1.2-py3-none-any.whl",
    "tools-1.2-site.zip",
]


@pytest.fixture
def book(make_book):
    root = make_book(
        {
            "_config.yml": "sphinx: {config: {booktools_package: tools}}\n",
            "pyproject.toml": PROJECT,
            "tools/__init__.py": "a = 1\n",
            "_build/html/index.html": "<p>Hello",
            "_build/html/_static/book.css": "p {}",
            "_build/html/_notebooks/tools.zip": "a zip",
            "_build/html/_pdf/tools.pdf": "a PDF",
        }
    )
    return read_book(root)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files(book):
    dist = book.root / "dist"
    assert sorted(write_release(book, {})) == [f"dist/{n}" for n in NAMES]
    first = contents(dist)
    assert sorted(first) == NAMES
    for line in first.pop("SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(first.pop(name)).hexdigest() == digest
    assert not first
    assert (dist / "tools-1.2-book.pdf").read_text() == "a PDF"
    assert (dist / "tools-1.2-notebooks.zip").read_text() == "a zip"
    with ZipFile(dist / "tools-1.2-site.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("tools-1.2/index.html") == b"<p>Hello"
        assert "tools-1.2/_static/book.css" in archive.namelist()
    with ZipFile(dist / "tools-1.2-py3-none-any.whl") as archive:
        assert archive.read("tools/__init__.py") == b"a = 1\n"


def test_the_tools_of_the_book_are_among_its_files(book, monkeypatch):
    # As if this book's repository had them.
    project = book.root / "booktools" / "pyproject.toml"
    monkeypatch.setattr(release, "TOOLS", project.parent)
    write_release(book, {})
    (wheel,) = (book.root / "dist").glob("booktools-*.whl")
    sums = (book.root / "dist" / "SHA256SUMS").read_text("utf-8")
    assert f"  {wheel.name}\n" in sums
    # What is built alone is no reason to refuse the next release.
    shutil.rmtree(book.root / "dist")
    build_tools(book.root / "dist")
    write_release(book, {})
    assert sorted(contents(book.root / "dist")) == sorted([*NAMES, wheel.name])


def test_the_same_each_time_and_nothing_of_before(book):
    write_release(book, {})
    first = contents(book.root / "dist")
    project = book.root / "pyproject.toml"
    project.write_text(PROJECT.replace("1.2", "1.3"))
    write_release(book, {})
    assert not {*first} - {"SHA256SUMS"} & {*contents(book.root / "dist")}
    project.write_text(PROJECT)
    write_release(book, {})
    assert contents(book.root / "dist") == first
    assert not list(book.root.glob(".dist*"))


def put_file(dist):
    (dist / "notes.txt").write_text("mine")


def put_only_file(dist):
    shutil.rmtree(dist)
    dist.mkdir()
    put_file(dist)


def put_folder(dist):
    (dist / "more").mkdir()
    put_file(dist / "more")


def put_link(dist):
    dist.rename(dist.with_name("elsewhere"))
    dist.symlink_to("elsewhere")


def put_dead_link(dist):
    shutil.rmtree(dist)
    dist.symlink_to("nowhere")


def put_file_in_its_place(dist):
    shutil.rmtree(dist)
    dist.write_text("mine")


@pytest.mark.parametrize(
    "change",
    [
        put_file,
        put_only_file,
        put_folder,
        put_link,
        put_dead_link,
        put_file_in_its_place,
    ],
)
def test_what_others_put_there_stays(book, change):
    write_release(book, {})
    change(book.root / "dist")
    before = sorted(p.lstat().st_mtime_ns for p in book.root.rglob("*"))
    with pytest.raises(BookError) as caught:
        write_release(book, {})
    (problem,) = caught.value.problems
    assert (problem.path, problem.rule) == ("dist", "not-ours")
    after = sorted(p.lstat().st_mtime_ns for p in book.root.rglob("*"))
    assert after == before


@pytest.mark.parametrize(
    ("missing", "cure"),
    [
        ("index.html", "python -m booktools build"),
        ("_notebooks/tools.zip", "python -m booktools build"),
        ("_pdf/tools.pdf", "python -m booktools pdf"),
    ],
)
def test_what_is_not_built(book, missing, cure):
    (book.root / "_build" / "html" / missing).unlink()
    with pytest.raises(BookError) as caught:
        write_release(book, {})
    (problem,) = caught.value.problems
    assert problem.path.endswith(missing)
    assert problem.hint == f"make it first: {cure}"
    assert not (book.root / "dist").exists()


def test_a_tag_of_another_version(book):
    on = {"GITHUB_REF_TYPE": "tag"}
    with pytest.raises(BookError, match=r"tag is 'v1\.3'"):
        write_release(book, on | {"GITHUB_REF_NAME": "v1.3"})
    assert not (book.root / "dist").exists()
    assert write_release(book, on | {"GITHUB_REF_NAME": "v1.2"})


def test_a_full_disk(book, run):
    write_release(book, {})
    first = contents(book.root / "dist")
    (book.root / "_build" / "html" / "big").write_bytes(bytes(1 << 20))
    code = (
        "import resource, runpy, sys;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900));"
        "sys.argv[1:] = ['release', '--book', 'book'];"
        "runpy.run_module('booktools', run_name='__main__')"
    )
    done = run("-c", code)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert contents(book.root / "dist") == first
    assert not list(book.root.glob(".dist*"))
