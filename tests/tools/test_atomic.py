"""The folder of a site is replaced in one step, by one build at a time."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

from booktools.render import atomic
from booktools.render.atomic import forget_unfinished, lock, replace_files
from tests.books import ROOT, Book, environ, write_book


@pytest.fixture
def folders(tmp_path):
    """Return a folder to replace, and one with other files."""
    source, target = tmp_path / "source", tmp_path / "target"
    for folder, text in ((source, "new"), (target, "old")):
        (folder / "sub").mkdir(parents=True)
        for name in ("a.html", "sub/b.html"):
            (folder / name).write_text(text)
    (target / "gone.html").write_text("old")
    return source, target


def read(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def pick(folder, *names):
    return {name: folder / name for name in names}


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_replaced(folders, can_exchange, monkeypatch):
    source, target = folders
    if not can_exchange:
        # There, not even the C library can be asked.
        monkeypatch.setattr(atomic.sys, "platform", "win32")
        monkeypatch.setattr(atomic.ctypes, "CDLL", None)
    replace_files(target, pick(source, "a.html", "sub/b.html"))
    assert read(target) == read(source)
    assert {path.name for path in target.parent.iterdir()} == {
        "source",
        "target",
    }


def test_there_need_not_be_a_folder(folders):
    source, target = folders
    replace_files(target.with_name("other"), pick(source, "a.html"))
    assert read(target.with_name("other")) == {"a.html": "new"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is a gap")
def test_a_reader_sees_a_whole_folder(folders):
    source, target = folders
    end = threading.Event()
    seen, missing = set(), []

    def look():
        while not end.is_set():
            try:
                # One file, opened by its name, as a server does it.
                seen.add((target / "sub" / "b.html").read_text())
            except FileNotFoundError as error:
                missing.append(error)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(300):
        (source / "sub" / "b.html").write_text(f"new {number}")
        replace_files(target, pick(source, "a.html", "sub/b.html"))
    end.set()
    reader.join()
    assert not missing
    assert len(seen) > 3
    assert all(text == "old" or text.startswith("new ") for text in seen)


def test_what_cannot_be_copied_changes_nothing(folders):
    source, target = folders
    before = read(target)
    with pytest.raises(FileNotFoundError):
        replace_files(target, pick(source, "a.html", "missing.html"))
    assert read(target) == before
    # On a full disk, some files can still be written.
    (source / "large").write_bytes(bytes(100_000))
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from booktools.render.atomic import replace_files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "names = ['a.html', 'large']\n"
        "files = {name: Path(sys.argv[2], name) for name in names}\n"
        "replace_files(Path(sys.argv[1]), files)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, target, source],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "File too large" in done.stderr
    assert read(target) == before
    replace_files(target, pick(source, "a.html", "large"))
    assert (target / "large").stat().st_size == 100_000


@pytest.mark.parametrize("moment", ["copying", "between", "removing"])
def test_what_was_interrupted_is_cleaned_up(folders, moment):
    source, target = folders
    before = read(target)
    new, old = target.with_name(".target.new"), target.with_name(".target.old")
    if moment == "copying":
        new.mkdir()
        (new / "a.html").write_text("half")
    elif moment == "between":
        target.rename(old)
        source.rename(new)
    else:
        new.mkdir()
        (new / "b.html").write_text("old")
    forget_unfinished(target)
    assert read(target) == before
    assert not new.exists()
    assert not old.exists()


def test_one_at_a_time(tmp_path):
    order = []
    first = lock(tmp_path / "build", lambda: order.append("waits at once"))

    def second():
        with lock(tmp_path / "build", lambda: order.append("waits")):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    while not order:
        time.sleep(0.01)
    order.append("first ends")
    first.release()
    thread.join()
    assert order == ["waits", "first ends", "second"]


CONFIG = """\
title: A book
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: en}
"""
OLD, NEW = "# A book\n\nOld.\n", "# A book\n\nNew.\n"


def new_book(root, builder):
    """Return a book without code, quickly built."""
    write_book(root, {"_config.yml": CONFIG, "index.md": OLD})
    return Book(root, builder)


@pytest.fixture
def book(tmp_path, builder):
    book = new_book(tmp_path / "book", builder)
    book.succeed()
    return book


REASONS = {
    "an undefined label": "{ref}`sec-nowhere`",
    "a missing image": "![x](nowhere.png)",
    "an unknown directive": "```{nonsense}\n```",
    "a bad option": "```{figure} a.svg\n:nonsense: 1\n```",
    "a heading too deep": "#### Deep",
    "TeX": "$\\frac{1$",
}


def test_whatever_fails_leaves_the_site(book):
    before = book.site()
    for reason, text in REASONS.items():
        book.write("index.md", f"{NEW}\n{text}\n")
        result = book.build()
        assert result.returncode == 1, reason
        assert "index.md:" in result.stderr, reason
        assert "Traceback" not in result.stderr, reason
        assert book.site() == before, reason
    book.write("index.md", NEW)
    book.succeed()
    assert b"New." in book.site()["index.html"]


def test_a_full_disk(book):
    before = book.site()
    book.write("index.md", NEW)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    process = book.start(preexec_fn=limit)
    _, error = process.communicate()
    assert process.returncode == 1
    assert "File too large" in error
    assert "Traceback" not in error
    assert book.site() == before
    book.succeed()
    assert b"New." in book.site()["index.html"]


def test_what_is_lost_comes_back(book):
    site = book.site()
    (book.root / "_build" / "html" / "index.html").unlink()
    book.succeed()
    assert book.site() == site
    (book.root / "_build" / "html").rename(book.root / "elsewhere")
    book.succeed()
    assert book.site() == site


def test_what_others_put_there_stays(book):
    html = book.root / "_build" / "html"
    (html / "proof.txt").write_text("of somebody else")
    (html / "_pdf").mkdir()
    (html / "_pdf" / "d2lmini.pdf").write_text("of the former pages")
    book.write("index.md", NEW)
    book.succeed()
    site = book.site()
    assert site["proof.txt"] == b"of somebody else"
    assert "_pdf/d2lmini.pdf" not in site


def test_what_is_there_before_the_first_build_stays(tmp_path, builder):
    book = new_book(tmp_path / "book", builder)
    html = book.root / "_build" / "html"
    html.mkdir(parents=True)
    (html / "thesis.txt").write_text("mine")
    (html / "index.html").write_text("of another program")
    book.succeed()
    site = book.site()
    assert site["thesis.txt"] == b"mine"
    assert b"A book" in site["index.html"]
    # A site without a word about what is in it was built by older tools.
    (book.root / "_build" / ".html.json").write_text("broken")
    (html / "chapters").mkdir(exist_ok=True)
    (html / "chapters" / "removed.html").write_text("of an older build")
    book.write("index.md", NEW)
    book.succeed()
    assert not (html / "chapters" / "removed.html").exists()


def test_nothing_is_written_when_nothing_changed(book):
    def times():
        html = book.root / "_build" / "html"
        return {path: path.stat().st_mtime_ns for path in html.rglob("*")}

    before = times()
    assert "nothing has changed" in book.succeed().stdout
    assert times() == before


def test_two_builds_at_once(book):
    book.write("index.md", NEW)
    folder = book.root / "_build"
    held = lock(folder, lambda: None)
    logs = [book.root / "one.log", book.root / "two.log"]
    both = []
    for log in logs:
        with log.open("w") as file:
            both.append(book.start(stdout=file, stderr=file))
    while not all("another build" in log.read_text() for log in logs):
        assert [process.poll() for process in both] == [None, None]
        time.sleep(0.1)
    held.release()
    assert [process.wait() for process in both] == [0, 0]
    assert b"New." in book.site()["index.html"]


def test_nothing_is_printed_while_a_build_runs(book):
    held = lock(book.root / "_build", lambda: None)
    log = book.root / "pdf.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "booktools", "pdf"],
            cwd=book.root,
            env=environ(),
            stdout=file,
        )
    while "waiting for the end of a build" not in log.read_text():
        assert process.poll() is None
        time.sleep(0.1)
    # Then there is nothing to print.
    (book.root / "_build" / "html" / "index.html").unlink()
    held.release()
    assert process.wait() == 1


@pytest.mark.nightly
def test_killed_at_any_moment(book, tmp_path, builder):
    old = book.site()
    book.write("index.md", NEW)
    other = new_book(tmp_path / "other", builder)
    other.write("index.md", NEW)
    begin = time.monotonic()
    assert other.start().communicate()[1] == ""
    seconds = time.monotonic() - begin
    new = other.site()
    for part in range(1, 6):
        process = book.start(start_new_session=True)
        time.sleep(seconds * part / 6)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert book.site() in (old, new)
    book.succeed()
    assert book.site() == new
    kept = {path.name for path in (book.root / "_build").iterdir()}
    assert not kept & {".html.new", ".html.old"}
