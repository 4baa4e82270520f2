"""A built book gets onto its branches, in real repositories."""

import base64
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from booktools.language import Language
from booktools.problem import BookError
from booktools.publish.branches import (
    environment_files,
    publish,
)
from booktools.publish.layout import READMES
from booktools.publish.mirror import mirror
from tests.books import git

ROOT = Path(__file__).parents[2]

# A machine without a name and with a habit of changing line ends.
SETTINGS = "[user]\nuseConfigOnly = true\n[core]\nautocrlf = true\n"

REQUIREMENTS = """\
builder==1.0

# What chapters import
numpy==2.0
torch==2.1  # calculates gradients

ipykernel==7.0
"""


@pytest.fixture(autouse=True)
def bare_git(monkeypatch, tmp_path):
    """Keep the developer's git settings and checkouts out of the tests."""
    (tmp_path / "settings").write_text(SETTINGS)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def commit(folder, text):
    (folder / "source.txt").write_text(text)
    git(folder, "add", "-A")
    name = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git(folder, *name, "commit", "-q", "-m", text)


def write_site(root, **chapters):
    """Write the zip of a built site, with these chapters."""
    html = root / "_build" / "html"
    (html / "_notebooks").mkdir(parents=True, exist_ok=True)
    with ZipFile(html / "_notebooks" / "tools.zip", "w") as archive:
        archive.mkdir("tools")
        archive.writestr("tools/LICENSE", "Free")
        archive.writestr("tools/tools/__init__.py", "a = 1\r\n")
        for name, text in chapters.items():
            archive.writestr(f"tools/chapters/{name}.ipynb", text)
    write_readmes(html, "en")
    return html


def write_readmes(html, language):
    """Write what a build writes for branches, in the language of its book."""
    for branch, name in READMES.items():
        (html / name).parent.mkdir(exist_ok=True)
        text = Language(language).read(f"{branch}_readme.md")
        (html / name).write_text(text, "utf-8")


@pytest.fixture
def remote(tmp_path):
    """Return a bare repository, as it is on a server."""
    folder = tmp_path / "remote.git"
    folder.mkdir()
    git(folder, "init", "-q", "--bare", "-b", "main")
    return folder


@pytest.fixture
def root(tmp_path, remote):
    """Return a book in a clone of that repository, and built."""
    root = tmp_path / "book"
    git(tmp_path, "clone", "-q", remote.as_uri(), root)
    (root / "requirements.txt").write_text(REQUIREMENTS)
    (root / ".gitignore").write_text("_build")
    commit(root, "first")
    git(root, "push", "-q", "origin", "HEAD:main")
    write_site(root, a="1", b="2")
    return root


def publish_book(root, environ=(), remote="origin"):
    return publish(root, root / "_build" / "html", remote, dict(environ))


def files(remote, branch):
    return git(remote, "ls-tree", "-r", "--name-only", branch).split("\n")


def test_the_first_time(root, remote):
    commits = publish_book(root)
    for branch, new in commits.items():
        assert git(remote, "rev-parse", branch) == new
        assert git(remote, "rev-list", "--count", branch) == "1"
    environment = [
        ".binder/apt.txt",
        ".binder/requirements.txt",
        ".binder/runtime.txt",
    ]
    assert files(remote, "binder") == [*environment, "README.md"]
    assert files(remote, "notebooks") == [
        *environment,
        "LICENSE",
        "README.md",
        "chapters/a.ipynb",
        "chapters/b.ipynb",
        "tools/__init__.py",
    ]
    # To the byte, whatever git is set to do with line ends.
    show = ["git", "-C", remote, "show", "notebooks:tools/__init__.py"]
    assert subprocess.check_output(show) == b"a = 1\r\n"
    message = git(remote, "log", "-1", "--format=%s", "notebooks")
    assert message == "Publish " + git(root, "rev-parse", "HEAD")


def test_the_clone_stays_as_it_was(root):
    (root / "staged.txt").write_text("by the author")
    git(root, "add", "staged.txt")

    def state():
        return git(root, "status", "--porcelain"), git(root, "branch")

    before = state()
    publish_book(root)
    assert state() == before


def test_nothing_new_is_not_published(root):
    publish_book(root)
    commit(root, "a word in another place")
    assert publish_book(root) == {"binder": "", "notebooks": ""}


def test_what_is_new_is_appended(root, remote):
    first = publish_book(root)
    write_site(root, a="1", c="3")
    second = publish_book(root)
    assert second["binder"] == ""
    parent = git(remote, "rev-parse", "notebooks^")
    assert parent == first["notebooks"]
    names = [name for name in files(remote, "notebooks") if "chapters" in name]
    assert names == ["chapters/a.ipynb", "chapters/c.ipynb"]
    text = REQUIREMENTS.replace("2.0", "2.5")
    (root / "requirements.txt").write_text(text)
    third = publish_book(root)
    assert all(third.values())
    assert git(remote, "rev-parse", "binder^") == first["binder"]
    # The author has not committed that change.
    message = git(remote, "log", "-1", "--format=%s", "binder")
    assert message.endswith("-dirty")


def test_from_a_shallow_clone(root, remote, tmp_path):
    commit(root, "second")
    git(root, "push", "-q", "origin", "HEAD:main")
    for number in range(3):
        shallow = tmp_path / f"shallow{number}"
        git(tmp_path, "clone", "-q", "--depth=1", remote.as_uri(), shallow)
        write_site(shallow, a=str(number))
        assert publish_book(shallow)["notebooks"]
        assert git(shallow, "rev-list", "--count", "HEAD") == "1"
        shown = git(remote, "show", "notebooks:chapters/a.ipynb")
        assert shown == str(number)
    assert git(remote, "rev-list", "--count", "notebooks") == "3"


def test_a_reader_who_has_a_clone_gets_what_is_new(root, remote, tmp_path):
    publish_book(root)
    reader = tmp_path / "reader"
    git(tmp_path, "clone", "-q", "-b", "notebooks", remote.as_uri(), reader)
    (reader / "chapters" / "b.ipynb").write_text("mine")
    write_site(root, a="new", b="2")
    publish_book(root)
    git(reader, "pull", "-q", "--ff-only")
    assert (reader / "chapters" / "a.ipynb").read_text() == "new"
    assert (reader / "chapters" / "b.ipynb").read_text() == "mine"


def refusal(root, **options):
    with pytest.raises(BookError) as caught:
        publish_book(root, **options)
    (problem,) = caught.value.problems
    return problem


def test_a_remote_that_is_not_there(root, tmp_path):
    problem = refusal(root, remote=(tmp_path / "nowhere").as_uri())
    assert problem.rule == "git-failed"
    assert "git ls-remote failed: " in problem.message
    assert "nowhere" in problem.message
    assert "writable" in problem.hint


def write_hook(folder, name, text):
    path = folder / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("refused", ["binder", "notebooks"])
def test_one_may_not_write(root, remote, refused):
    write_hook(remote, "update", f"[ $1 != refs/heads/{refused} ]")
    problem = refusal(root)
    assert problem.rule == "git-failed"
    assert "git push failed: " in problem.message
    # The branches belong together: none is published without the other.
    assert git(remote, "branch", "--format=%(refname:short)") == "main"


@pytest.mark.parametrize("published", [True, False])
def test_somebody_else_publishes_meanwhile(root, remote, tmp_path, published):
    if published:
        publish_book(root)
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", remote.as_uri(), other)
    write_site(other, a="other")
    code = (
        "import sys; from pathlib import Path;"
        "from booktools.publish.branches import publish;"
        f"publish(Path({str(other)!r}),"
        f" Path({str(other)!r}, '_build', 'html'), 'origin', {{}})"
    )
    # At the last moment before git sends anything.
    run = f"PYTHONPATH='{ROOT}' python3 -c \"{code}\""
    write_hook(root / ".git", "pre-push", run)
    write_site(root, a="mine")
    problem = refusal(root)
    assert problem.rule == "moved"
    assert "run the command again" in problem.hint
    assert git(remote, "show", "notebooks:chapters/a.ipynb") == "other"
    (root / ".git" / "hooks" / "pre-push").unlink()
    publish_book(root)
    assert git(remote, "show", "notebooks:chapters/a.ipynb") == "mine"
    assert git(remote, "show", "notebooks^:chapters/a.ipynb") == "other"


def test_a_book_that_is_not_built(root):
    (root / "_build" / "html" / "_notebooks" / "tools.zip").unlink()
    problem = refusal(root)
    assert problem.rule == "not-built"
    assert problem.path.endswith("_build/html/_notebooks")
    assert problem.hint == "build it first: python -m booktools build"


def test_the_command_needs_nothing_but_python_and_git(root, remote, run):
    command = ("-S", "-m", "booktools", "publish-notebooks", "--book", "book")
    done = run(*command)
    assert (done.returncode, done.stderr) == (0, "")
    heads = {b: git(remote, "rev-parse", b) for b in ("binder", "notebooks")}
    assert done.stdout == "".join(f"{b}: {c}\n" for b, c in heads.items())
    done = run(*command)
    assert done.stdout == "binder: unchanged\nnotebooks: unchanged\n"
    done = run(*command, "--site", "elsewhere")
    assert done.returncode == 1
    assert "book/elsewhere/_notebooks:1: error: there are 0" in done.stderr
    done = run(*command, "--remote", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "git:1: error: git ls-remote failed: " in done.stderr
    done = run(*command, PATH="")
    assert done.returncode == 1
    assert done.stderr.startswith("error: git: ")


def test_an_older_site_is_published_with_a_warning(root, run):
    command = ("-S", "-m", "booktools", "publish-notebooks", "--book", "book")
    start = root / "_build" / "html" / "index.html"
    start.touch()
    assert run(*command).stderr == ""
    (root / "chapters").mkdir()
    (root / "chapters" / "c.md").write_text("# New")
    later = start.stat().st_mtime + 10
    os.utime(root / "chapters" / "c.md", (later, later))
    done = run(*command)
    assert done.returncode == 0
    assert re.match(
        r"_build/html/index.html:1: warning: this site is older than"
        r" chapters/c.md \[old-site\]\n    hint: .*booktools build\n$",
        done.stderr,
    )
    # A build that changes no page notes what it was made from.
    record = root / "_build" / ".html.made-from"
    record.touch()
    os.utime(record, (later + 1, later + 1))
    assert run(*command).stderr == ""


def test_readmes_say_where_all_this_comes_from(root, remote):
    environ = {"GITHUB_REPOSITORY": "Ada/book", "GITHUB_REF_NAME": "trunk"}
    for language, words in {
        "en": ("do not edit", "* Site: <", "* Source: <"),
        "zh_CN": ("请不要在这里修改", "* 网页：<", "* 源文件：<"),
    }.items():
        write_readmes(root / "_build" / "html", language)
        publish_book(root, environ)
        for branch in ("binder", "notebooks"):
            text = git(remote, "show", f"{branch}:README.md")
            assert "<https://ada.github.io/book/>" in text
            assert "<https://github.com/Ada/book/tree/trunk>" in text
            assert all(part in text for part in words)
            assert "@" not in text


def test_readmes_of_a_book_without_a_site_name_none(root, remote):
    publish_book(root)
    for branch in ("binder", "notebooks"):
        text = git(remote, "show", f"{branch}:README.md")
        assert "do not edit" in text
        assert "<" not in text
        assert "@" not in text


def test_a_book_that_does_not_say_what_chapters_import(root):
    (root / "requirements.txt").write_text("numpy==2.0\n")
    problem = refusal(root)
    assert problem.rule == "no-chapter-pins"
    assert "chapters import" in problem.hint


def test_binder_has_what_chapters_import_and_no_builder():
    files = environment_files(ROOT)
    index, *lines = files[".binder/requirements.txt"].decode().splitlines()
    assert index.startswith("--extra-index-url https://")
    assert index.endswith("/cpu")
    pins = {Requirement(line).name: Requirement(line) for line in lines}
    assert set(pins) >= {"numpy", "matplotlib", "torch", "ipykernel"}
    assert set(pins) >= {"jupyterlab", "nbgitpuller"}
    assert not set(pins) & {"jupyter-book", "sphinx", "myst-nb", "pagefind"}
    assert all(str(pin.specifier).startswith("==") for pin in pins.values())
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        pin = line.partition("#")[0].strip()
        if pin and pin[0] != "-" and Requirement(pin).name in pins:
            assert pin in lines


def mirror_book(root, remote, branch="pages"):
    (root / "_build" / "html" / "index.html").write_text("<p>Hello")
    return mirror(root, root / "_build" / "html", str(remote), branch)


def test_a_mirror_holds_the_site(root, remote, tmp_path):
    folder = root / "_build" / "html" / "_static"
    folder.mkdir()
    (folder / "a.png").write_bytes(bytes(range(256)))
    (root / "_build" / "html" / "_pdf").mkdir()
    (root / "_build" / "html" / "_pdf" / "tools.pdf").write_text("large")
    first = mirror_book(root, remote)
    assert git(remote, "rev-parse", "pages") == first["pages"]
    # Hosts that run Jekyll would leave out what begins with "_".
    names = [
        ".nojekyll",
        *sorted(READMES.values()),
        "_notebooks/tools.zip",
        "_static/a.png",
    ]
    assert files(remote, "pages") == [*names, "index.html"]
    show = ["git", "-C", remote, "show", "pages:_static/a.png"]
    assert subprocess.check_output(show) == bytes(range(256))
    assert mirror_book(root, remote) == {"pages": ""}
    (folder / "a.png").unlink()
    second = mirror_book(root, remote)
    assert git(remote, "rev-parse", "pages^") == first["pages"]
    assert "_static/a.png" not in files(remote, "pages")
    # Nobody but the mirror has it.
    assert git(root, "branch", "-a", "--contains", second["pages"]) == ""


def test_a_mirror_of_what_is_not_built(root, remote):
    with pytest.raises(
        BookError, match="build it first: python -m booktools build"
    ):
        mirror(root, root / "_build" / "html", str(remote), "pages")
    assert git(remote, "branch", "--format=%(refname:short)") == "main"


@pytest.fixture
def forge():
    """Serve a forge that asks for a password, and knows no repository."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            given = self.headers["Authorization"]
            asked.append(given)
            self.send_response(404 if given else 401)
            self.send_header("WWW-Authenticate", "Basic realm=forge")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/ada/book.git", asked
        server.shutdown()


def test_only_the_mirror_sees_the_password(root, run, forge, tmp_path):
    address, asked = forge
    store = tmp_path / "stored"
    helper = f"[credential]\nhelper = store --file={store}\n"
    (tmp_path / "settings").write_text(SETTINGS + helper)
    (root / "_build" / "html" / "index.html").write_text("<p>Hello")
    access = {"BOOK_MIRROR_USER": "ada", "BOOK_MIRROR_TOKEN": "se$(c)ret"}
    command = ("-S", "-m", "booktools", "mirror", "--book", "book")
    done = run(*command, BOOK_MIRROR=address, **access)
    assert done.returncode == 1
    assert "git ls-remote failed: " in done.stderr
    code = base64.b64encode(b"ada:se$(c)ret").decode()
    assert asked == [None, f"Basic {code}"]
    assert "ret" not in done.stdout
    assert "se$(c)ret" not in done.stderr
    assert not store.exists()


def test_the_mirror_s_command(root, run, remote):
    (root / "_build" / "html" / "index.html").write_text("<p>Hello")
    command = ("-S", "-m", "booktools", "mirror", "--book", "book")
    done = run(*command)
    assert done.returncode == 2
    assert done.stderr.startswith("error: set BOOK_MIRROR, ")
    # An unset variable of a workflow is an empty one.
    there = {"BOOK_MIRROR": str(remote), "BOOK_MIRROR_BRANCH": ""}
    done = run(*command, **there)
    assert done.stdout == f"pages: {git(remote, 'rev-parse', 'pages')}\n"
    done = run(*command, **there | {"BOOK_MIRROR_BRANCH": "www"})
    assert done.stdout == f"www: {git(remote, 'rev-parse', 'www')}\n"


ADDRESSES = (
    *("--upload-pack={trap}", "--receive-pack={trap}", "--exec={trap}"),
    *("-u{trap}", "-o{trap}", "ext::{trap} x", "ext::sh -c {trap}", "trap::x"),
    *("ssh://-oProxyCommand={trap}/x", "-oProxyCommand={trap}:x"),
)


def test_no_address_runs_a_command(root, tmp_path, monkeypatch):
    trace, trap = tmp_path / "trace", tmp_path / "git-remote-trap"
    trap.write_text(f"#!/bin/sh\ntouch '{trace}'\n")
    trap.chmod(0o755)
    # However careless the machine's settings are; and git finds a helper.
    with (tmp_path / "settings").open("a") as settings:
        settings.write('[protocol]\nallow = "always"\n')
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    for address in ADDRESSES:
        remote = address.format(trap=trap)
        for publish_to in (mirror_book, publish_book):
            with pytest.raises(BookError, match="git ls-remote failed: "):
                publish_to(root, remote=remote)
            assert not trace.exists(), address


@pytest.mark.parametrize(
    "branch",
    [
        *("--force", "-f", "a:b", ":pages", "pages*", "a b", "@{-1}"),
        *("HEAD", "..", "a.lock", "a~1", "/a", "a\nb"),
    ],
)
def test_a_branch_that_is_none_is_refused(root, remote, branch):
    before = git(remote, "for-each-ref"), git(root, "for-each-ref")
    with pytest.raises(BookError, match=r"is no name of a branch \[bad-"):
        mirror_book(root, remote, branch)
    assert (git(remote, "for-each-ref"), git(root, "for-each-ref")) == before


def test_branches_may_have_any_name_that_git_takes(root, remote):
    for branch in ("网页", "+a", "a/b", "x@y", "refs/heads/z"):
        commits = mirror_book(root, remote, branch)
        head = git(remote, "rev-parse", f"refs/heads/{branch}")
        assert commits == {branch: head}


def test_a_large_site_takes_few_processes(root, remote, tmp_path, monkeypatch):
    for i in range(300):
        (root / "_build" / "html" / f"页 {i}.html").write_text(f"{i}\r\n")
    trace = tmp_path / "commands"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    mirror_book(root, remote)
    monkeypatch.delenv("GIT_TRACE")
    started = [
        line for line in trace.read_text().splitlines() if "built-in" in line
    ]
    assert len(started) < 30
    show = ["git", "-C", remote, "show", "pages:页 7.html"]
    assert subprocess.check_output(show) == b"7\r\n"
