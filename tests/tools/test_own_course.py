"""A course of one's own, as README.md says: both ways, step by step."""

import os
import shlex
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest
import yaml

from booktools.publish.wheel import build_tools
from booktools.render import node
from tests.books import ROOT, git

pytestmark = pytest.mark.nightly

README = (ROOT / "README.md").read_text("utf-8")
# Chapters of two take less than three minutes to be checked.
LONGEST = 180
WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


class Author:
    """Types what the README says, in an environment of their own."""

    def __init__(self, folder: Path, python: Path, **variables: str):
        self.folder = folder
        self.scripts = python.parent
        own = ("GITHUB_", "PYTHON", "PYTEST_", "BOOK_", "VIRTUAL_ENV")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        path = os.pathsep.join([str(self.scripts), os.environ["PATH"]])
        self.env = kept | {"PATH": path, "PYTHONUTF8": "1"} | variables

    def type(self, command: str, told: str = "") -> str:
        """Run a command that the README tells; return what it prints."""
        assert (told or command) in README
        done = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(autouse=True)
def bare_git(monkeypatch, tmp_path):
    """Keep the developer's git settings out of the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


def publish(author, remote, chapters):
    """Commit a course, push it, publish it; look at what came there."""
    root = author.folder
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    git(root.parent, "init", "-q", "--bare", "-b", "main", remote)
    git(root, "add", "-A")
    git(root, *WHO, "commit", "-q", "-m", "My course")
    git(root, "remote", "add", "mine", remote.as_uri())
    git(root, "push", "-q", "mine", "HEAD:main")
    for command, *variables in (
        ("publish-notebooks", "--remote=mine"),
        ("mirror",),
    ):
        subprocess.run(
            [
                author.scripts / "python",
                "-m",
                "booktools",
                command,
                *variables,
            ],
            cwd=root,
            env=author.env | {"BOOK_MIRROR": remote.as_uri()},
            check=True,
        )
    there = git(remote, "ls-tree", "-r", "--name-only", "notebooks")
    assert {f"chapters/{c}.ipynb" for c in chapters} <= {*there.split("\n")}
    there = git(remote, "ls-tree", "-r", "--name-only", "pages").split("\n")
    assert {f"chapters/{name}.html" for name in chapters} <= {*there}
    git(root, "diff", "--exit-code")


def check(author, command):
    start = time.monotonic()
    said = author.type(command)
    assert said.endswith(": 0 problems\n")
    assert time.monotonic() - start < LONGEST


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Return the Python of somebody who has installed the wheel alone."""
    folder = tmp_path_factory.mktemp("author")
    wheel = build_tools(folder)
    venv.create(folder / ".venv", with_pip=True)
    author = Author(folder, folder / ".venv" / "bin" / "python")
    author.type(f"python -m pip install -q {wheel}", "pip install WHEEL")
    return author


@pytest.mark.parametrize(
    ("title", "options"),
    [
        ("Integrals by hand", ""),
        ("积分", " --language zh_CN --name jifen"),
    ],
)
def test_a_new_course(environment, tmp_path, title, options):
    author = Author(tmp_path, environment.scripts / "python")
    start = "python -m booktools start my-course --title"
    author.type(f'{start} "{title}" --author "Ada"{options}', start)
    author.folder = tmp_path / "my-course"
    author.type("python -m pip install -r requirements.txt")
    author.type('python -m booktools new limits --title "Limits"')
    check(author, "python -m booktools check")
    author.type("python -m booktools pdf", "python -m booktools check")
    publish(author, tmp_path / "remote.git", ["first_steps", "limits"])
    # Nothing of this checkout was used.
    tools = environment.scripts.parent / "lib"
    assert [*tools.glob("python*/site-packages/booktools/npm/katex")]


def test_a_fork(tmp_path):
    root = tmp_path / "fork"
    git(tmp_path, "clone", "-q", ROOT.as_uri(), root)
    for name in ("katex", "axe"):
        packages = node.require_packages(name)
        (root / packages.relative_to(ROOT)).symlink_to(packages)
    author = Author(root, Path(sys.executable), PYTHONPATH=str(root))
    author.type(
        "python -m booktools new limits --title Limits",
        "`make new NAME=limits",
    )
    # The figure that moves, whose helper goes.
    chapter = root / "chapters" / "limits.md"
    blocks = chapter.read_text("utf-8").split("\n\n")
    at = next(i for i, text in enumerate(blocks) if "import d2lmini" in text)
    end = next(i for i, text in enumerate(blocks) if "d2l.slide(" in text)
    assert "delete the figure that moves" in README
    chapter.write_text("\n\n".join(blocks[: at - 1] + blocks[end + 1 :]))
    author.type(
        "git rm -q -r chapters en tests/this_book", "git rm -r chapters en"
    )
    assert "delete `booktools_editions`" in README
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    del config["sphinx"]["config"]["booktools_editions"]
    dumped = yaml.safe_dump(config, allow_unicode=True)
    (root / "_config.yml").write_text(dumped, "utf-8")
    author.type("git restore -SW chapters/reference.md")
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    for part in toc["parts"]:
        part["chapters"] = [
            entry
            for entry in part["chapters"]
            if (root / f"{entry['file']}.md").exists()
        ]
    (root / "_toc.yml").write_text(yaml.safe_dump(toc), "utf-8")
    (root / "index.md").write_text("(sec-home)=\n# 极限\n\n新的一门课。\n")
    author.type("python -m booktools extract", "`make book`")
    author.type("jupyter-book build .")
    check(author, "python -m booktools check")
    publish(author, tmp_path / "remote.git", ["limits"])
    assert shutil.which("jupyter-book", path=author.env["PATH"])
