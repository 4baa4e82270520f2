"""`make write`: the open page follows what is saved, and nothing is left."""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Error, expect

from tests.books import COMMAND, environ, read_site, write_book

pytestmark = pytest.mark.slow

CONFIG = """\
title: A small book
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: zh_CN}
"""

MATTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
"""

TEXT = "\n\n".join(
    ["导数说明函数变化得多快，所以训练模型时要用到它。" * 4] * 12
)

CHAPTER = """\
(sec-@)=
# 第 @ 章

第一段。

```{{code-cell}}
from pathlib import Path

with Path({log!r}).open("a") as file:
    file.write("@ ")
print("@: the cell says", 1)
```

{text}

(sec-@-more)=
## 更多

{text}

(sec-@-end)=
## 结尾

{text}
"""

# As long as anything may take on a busy machine.
LONG = 40


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


class Writer:
    """`make write` on a book of two chapters."""

    def __init__(self, folder: Path, **variables: str):
        self.root = folder / "book"
        self.html = self.root / "_build" / "html"
        self.log = folder / "ran"
        self.started = folder / "started"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        text = MATTER + CHAPTER.format(log=str(self.log), text=TEXT)
        write_book(
            self.root,
            {"_config.yml": CONFIG}
            | {
                f"chapters/{name}.md": text.replace("@", name)
                for name in ("one", "two")
            },
        )
        names = ("_toc.yml", "chapters/one.md", "chapters/two.md")
        paths = [self.root / name for name in names]
        self.files = {path: path.read_text("utf-8") for path in paths}
        self._mark = str(uuid.uuid4())
        self.environment = environ(
            TEST_OF_WRITE=self._mark, TMPDIR=str(self.temporary), **variables
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "booktools", "write", "--port=0"],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.said: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.address = re.search(r"http\S+/", self.wait("The book is"))[0]

    def _listen(self):
        for line in self.process.stdout:
            self.said.put(line)

    def wait(self, text: str) -> str:
        """Wait until it says something; return all that it says till then."""
        said = ""
        while text not in said:
            said += self.said.get(timeout=LONG)
        return said

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def ran(self) -> str:
        """Return which chapters have run since this was asked."""
        text = self.log.read_text()
        self.log.write_text("")
        return "".join(sorted(text))

    def processes(self) -> list[psutil.Process]:
        """Return what it has started and still runs, itself among it."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TEST_OF_WRITE") == self._mark:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def builder(self) -> psutil.Process:
        [builder] = [
            child
            for child in psutil.Process(self.process.pid).children()
            if "builder.serve" in " ".join(child.cmdline())
        ]
        return builder

    def leaves_nothing(self) -> None:
        """Wait until no process is left, and see that no file is, either."""
        wait_for(lambda: not self.processes())
        assert [*self.temporary.iterdir()] == []
        assert not (self.root / "_build" / ".rehearsal").exists()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let a chapter run that does not end by itself."""
        path = self.root / "chapters" / "one.md"
        text = path.read_text("utf-8")
        slow = (
            "import subprocess, time\nsubprocess.Popen(['sleep', '1000'])\n"
            f"open({str(self.started)!r}, 'w')\ntime.sleep(1000)\n"
        )
        self.started.unlink(missing_ok=True)
        path.write_text(text.replace("print(", slow + "print("), "utf-8")
        wait_for(self.started.exists)
        yield
        path.write_text(text, "utf-8")

    def end(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)
        assert self.process.wait(LONG) == 0
        assert self.process.stderr.read() == ""
        self.leaves_nothing()


def make_folder() -> Path:
    # Short, since sockets have their names in it.
    return Path(tempfile.mkdtemp(prefix="w"))


@contextmanager
def open_writer(**variables: str) -> Iterator[Writer]:
    folder = make_folder()
    writer = Writer(folder, **variables)
    try:
        writer.wait("built")
        yield writer
    finally:
        for process in writer.processes():
            process.kill()
        writer.process.wait()
        writer.process.stdout.close()
        writer.process.stderr.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shared() -> Iterator[Writer]:
    with open_writer() as writer:
        yield writer
        writer.end()


@pytest.fixture
def writer(shared) -> Writer:
    """Put back the book that all tests of pages begin with."""
    for path in shared.root.glob("chapters/*"):
        if path not in shared.files:
            path.unlink()
    for path, text in shared.files.items():
        path.write_text(text, "utf-8")
    # When this is in the site, all of that is.
    word = str(uuid.uuid4())
    (shared.root / "index.md").write_text(f"# A small book\n\n{word}\n")
    wait_for(lambda: word in get(shared.address)[1])
    shared.wait("built")
    while not shared.said.empty():
        shared.said.get()
    shared.ran()
    return shared


@pytest.fixture(scope="module")
def open_context(browser):
    return lambda: browser.new_context(
        locale="zh-CN", viewport={"width": 1200, "height": 800}
    )


@pytest.fixture
def page(open_context, writer):
    context = open_context()
    page = context.new_page()
    page.set_default_timeout(LONG * 1000)
    expect.set_options(timeout=LONG * 1000)
    page.goto(writer.address + "chapters/one.html")
    yield page
    # Closed in the middle of a reload, it may never be said to be closed; and
    # a reload may come between once.
    for _ in range(2):
        with suppress(Error):
            page.goto("about:blank")
    context.close()


def get(address: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_pages_follow_what_is_saved(writer, page):
    other = page.context.new_page()
    other.goto(writer.address)
    writer.edit("chapters/one.md", "第一段。", "另一段。")
    writer.edit("index.md", "A small book", "Another small book")
    expect(page.get_by_text("另一段。")).to_be_visible()
    expect(page.get_by_text("第一段。")).to_have_count(0)
    expect(
        other.get_by_role("heading", name="Another small book")
    ).to_be_visible()
    writer.wait("built")


def test_only_what_changed_runs_again(writer, page):
    writer.ran()
    writer.edit("chapters/one.md", "says", "prints")
    expect(page.get_by_text("one: the cell prints 1")).to_be_visible()
    assert writer.ran() == " eno"
    writer.wait("built")


def test_code_that_writes_another_file_each_time(writer):
    # It is begun again before it ends.
    writes = "import time\nopen(f'{time.time()}.txt', 'w').close()\n"
    writes += "time.sleep(2)\nprint("
    writer.edit("chapters/one.md", "print(", writes)
    said = writer.wait("written-by-code")
    assert said.count("building") <= 5
    assert re.search(r"^chapters/\d+\.\d+\.txt:1: error: ", said, re.M)
    # It ends, and follows what an author saves.
    writer.wait("built")
    with pytest.raises(queue.Empty):
        writer.said.get(timeout=3)
    writer.edit("chapters/one.md", writes, "print('now', ")
    wait_for(
        lambda: "now one: the" in get(f"{writer.address}chapters/one.html")[1]
    )
    writer.wait("built")


def heading(page, name):
    return page.locator(f"#{name}").evaluate(
        "element => element.getBoundingClientRect().top"
    )


def test_the_reader_stays_where_he_is(writer, page):
    for _ in range(2):  # then all sections have their heights
        page.locator("#sec-one-end").evaluate(
            "element => scrollTo({behavior: 'instant',"
            " top: element.getBoundingClientRect().top + scrollY - 150})"
        )
        page.wait_for_timeout(1000)
    before = heading(page, "sec-one-end")
    assert 140 < before < 160
    writer.edit("chapters/one.md", "第一段。", "新的一段。\n\n" * 30)
    expect(page.get_by_text("新的一段。")).to_have_count(30)
    page.wait_for_load_state("load")
    assert abs(heading(page, "sec-one-end") - before) < 2
    writer.wait("built")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("第一段。", "{ref}`sec-x`", "chapters/one.md:8: error: undefined"),
        ("print(", "a b  #@save\nprint(", "chapters/one.md:15: error: "),
        ("print(", "int('<b>')\nprint(", "chapters/one.md:15 (code cell 1): "),
    ],
)
def test_a_problem_shows_in_the_page_until_it_is_fixed(
    writer, page, old, new, problem
):
    site = read_site(writer.html)
    good = (writer.root / "chapters/one.md").read_text("utf-8")
    writer.edit("chapters/one.md", old, new)
    box = page.get_by_role("alert")
    expect(box).to_contain_text(problem)
    # The page is the last good one, and can be read to its end.
    expect(page.get_by_text("one: the cell says 1")).to_have_count(1)
    assert read_site(writer.html) == site
    page.keyboard.press("End")
    last = page.locator("article p").last
    expect(last).to_be_in_viewport()
    assert (
        last.bounding_box()["y"] + last.bounding_box()["height"]
        <= box.bounding_box()["y"]
    )
    # A page that is opened now says it too; it can be closed.
    page.goto(writer.address + "chapters/two.html")
    expect(box).to_contain_text(problem)
    page.get_by_role("button", name="关闭").click()
    expect(box).to_have_count(0)
    page.reload()
    expect(box).to_contain_text(problem)
    (writer.root / "chapters/one.md").write_text(good, "utf-8")
    expect(box).to_have_count(0)
    writer.wait("built")


def test_a_chapter_comes_and_goes(writer, page):
    path = writer.root / "chapters" / "three.md"
    path.write_text("(sec-three)=\n# 第三章\n\n新的。\n", "utf-8")
    with (writer.root / "_toc.yml").open("a") as file:
        file.write("  - file: chapters/three\n")
    link = page.get_by_role("navigation").get_by_role("link", name="第三章")
    expect(link.first).to_be_visible()
    page.goto(writer.address + "chapters/three.html")
    expect(page.get_by_text("新的。")).to_be_visible()
    writer.edit("_toc.yml", "  - file: chapters/three\n", "")
    path.unlink()
    title = page.get_by_role("heading", name="书里没有这一页")
    expect(title).to_be_visible()
    page.get_by_role("link", name="首页").click()
    expect(page).to_have_url(writer.address)


def test_many_changes_at_once_end_with_the_last(writer, page):
    for i in range(40):
        path = writer.root / "chapters" / f"{'one' if i % 2 else 'two'}.md"
        text = path.read_text("utf-8")
        path.write_text(re.sub("第.*段。", f"第 {i} 段。", text), "utf-8")
        (writer.root / "chapters" / f".one.md.{i}.swp").touch()
        (writer.root / "chapters" / "4913").touch()
        (writer.root / "chapters" / "4913").unlink()
        time.sleep(0.02)
    expect(page.get_by_text("第 39 段。")).to_be_visible()
    page.goto(writer.address + "chapters/two.html")
    expect(page.get_by_text("第 38 段。")).to_be_visible()


def test_what_is_not_the_book_starts_nothing(writer):
    """Files of editors, and files that are written again as they were."""
    folder = writer.root / "chapters"
    (folder / "data.csv").write_text("1")
    writer.wait("built")
    for name in (".one.md.swp", "#one.md#", "one.md~", "one.md___jb_tmp___"):
        (folder / name).write_text("x")
    (folder / "data.csv").write_text("1")
    (writer.root / "_build" / "x").touch()
    (writer.root / "index.md").write_text("# The last\n")
    writer.wait("built")
    assert "The last" in get(writer.address)[1]
    assert writer.said.empty()


def test_only_this_machine_gets_the_book(writer):
    port = writer.address.rpartition(":")[2].rstrip("/")
    assert get(writer.address, Host=f"localhost:{port}")[0] == 200
    for path in ("", "_preview/events", "_preview/preview.js", "x.html"):
        status, text = get(writer.address + path, Host=f"evil.example:{port}")
        assert (status, "small book" in text) == (403, False)
    [used] = {
        connection.laddr.ip
        for connection in psutil.Process(writer.process.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert used == "127.0.0.1"
    assert get(writer.address + "../../_config.yml")[0] == 404


def test_the_site_is_that_of_make_book(writer, tmp_path):
    """After all edits above."""
    root = tmp_path / "book"
    ignore = shutil.ignore_patterns("_build")
    shutil.copytree(writer.root, root, ignore=ignore)
    subprocess.run(COMMAND, cwd=root, env=environ(), check=True)
    assert read_site(root / "_build" / "html") == read_site(writer.html)


@pytest.fixture
def fresh() -> Iterator[Writer]:
    with open_writer() as writer:
        yield writer


def test_code_that_runs_for_ever_can_be_corrected(fresh):
    with fresh.running():
        pass
    fresh.wait("building again: code has changed")
    fresh.wait("built")
    fresh.end(signal.SIGTERM)


def test_a_killed_build_is_a_problem(fresh):
    site = read_site(fresh.html)
    with fresh.running():
        [build] = fresh.builder().children()
        build.kill()
        assert "error: the build was ended by SIGKILL\n" in fresh.wait(
            "SIGKILL"
        )
    fresh.wait("built")
    assert read_site(fresh.html) == site
    fresh.end()


def test_a_killed_builder_is_replaced(fresh):
    site = read_site(fresh.html)
    with fresh.running():
        before = fresh.builder()
        fresh.started.unlink()
        before.kill()
        wait_for(fresh.started.exists)
        assert fresh.builder() != before
        assert read_site(fresh.html) == site
    fresh.wait("built")
    fresh.end()


def test_killed_while_code_runs_it_leaves_nothing(fresh):
    site = read_site(fresh.html)
    with fresh.running():
        fresh.process.kill()
        fresh.process.wait()
        fresh.leaves_nothing()
    assert read_site(fresh.html) == site


def test_it_ends_with_the_shell(fresh):
    with fresh.running():
        fresh.end(signal.SIGHUP)


def test_it_ends_when_its_terminal_is_gone_without_a_signal(make_book):
    root = make_book({"_config.yml": CONFIG})
    ours, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "booktools", "write", "--port=0"],
        cwd=root,
        env=environ(),
        stdout=terminal,
    ) as process:
        os.close(terminal)
        said = b""
        while not said.endswith(b" s\r\n"):  # built in ...
            said += os.read(ours, 1000)
        children = psutil.Process(process.pid).children()
        os.close(ours)
        assert process.wait(LONG) == 0
    assert psutil.wait_procs(children, LONG)[1] == []


def test_without_forks():
    with open_writer(BOOK_FORK="0") as writer:
        writer.edit("chapters/one.md", "第一段。", "另一段。")
        writer.wait("built")
        assert "另一段。" in get(writer.address + "chapters/one.html")[1]
        with writer.running():
            pass
        writer.wait("built")
        writer.edit("chapters/two.md", "print(", "1 / 0; print(")
        assert "chapters/two.md:15 (" in writer.wait("ZeroDivisionError")
        with writer.running():
            writer.end()


def test_a_port_that_is_taken(make_book, run):
    root = make_book({"index.md": "# A book\n"})
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = ("-m", "booktools", "write", "--book", root, "--port")
        done = run(*command, str(port))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"error: port {port}: ")
        assert done.stderr.count("\n") == 1
    done = run(*command, "99999")
    assert done.stderr == "error: there is no port 99999\n"
    assert not (root / "_build").exists()


def test_a_folder_that_is_no_book(tmp_path, run):
    done = run("-m", "booktools", "write", "--book", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "so this is no book [not-a-book]" in done.stderr
