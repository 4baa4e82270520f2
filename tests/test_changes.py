"""What a commit changes, as a reviewer is told it."""

import os
import subprocess

import pytest
from bs4 import BeautifulSoup

CHAPTER = "# 标题 <{name}>\n\n![a picture](img/{name}.svg)\n"


@pytest.fixture
def root(make_book, tmp_path, monkeypatch):
    """Return a book of two chapters, committed, in a part of a clone."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    names = ("a", "b")
    texts = {f"chapters/{n}.md": CHAPTER.format(name=n) for n in names}
    pictures = {f"chapters/img/{n}.svg": "<svg/>" for n in names}
    root = make_book({**texts, **pictures, "README.md": "Hello\n"})
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return root


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True)


def commit(folder):
    git(folder, "add", "-A")
    name = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git(folder, *name, "commit", "-q", "--allow-empty", "-m", "a")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chapters/a.md", ["a"]),
        ("chapters/img/b.svg", ["b"]),
        ("README.md", []),
    ],
)
def test_changes(root, run, tmp_path, name, expected):
    (root / name).write_text((root / name).read_text("utf-8") + "\n", "utf-8")
    commit(root)
    summary = tmp_path / "summary.md"
    command = ("-m", "booktools", "changes", "--book", "book")
    done = run(*command, GITHUB_STEP_SUMMARY=str(summary))
    assert (done.returncode, done.stderr) == (0, "")
    assert summary.read_text("utf-8") == done.stdout
    listed = [t for t in done.stdout.splitlines() if t.startswith("* ")]
    assert listed == [
        f"* 标题 <{n}>: `html/chapters/{n}.html`" for n in expected
    ]
    page = (root / "_build" / "changed.html").read_bytes()
    links = BeautifulSoup(page, "html.parser").select("li > a")
    assert [(a["href"], a.get_text()) for a in links] == [
        (f"html/chapters/{n}.html", f"标题 <{n}>") for n in expected
    ]


def test_since_another_commit(root, run):
    (root / "chapters" / "a.md").write_text("# A\n")
    commit(root)
    commit(root)
    command = ("-m", "booktools", "changes", "--book", "book")
    assert "No chapter has changed." in run(*command).stdout
    assert "chapters/a.html" in run(*command, "--since", "HEAD~2").stdout


def test_a_commit_is_no_option(root, run, tmp_path):
    trace = tmp_path / "trace"
    command = ("-m", "booktools", "changes", "--book", "book")
    done = run(*command, f"--since=--output={trace}")
    assert done.returncode == 0
    assert "No chapter has changed" in done.stdout
    assert not trace.exists()
