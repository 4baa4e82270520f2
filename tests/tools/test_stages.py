"""The steps that publish, as the workflow orders them, with a fault in each.

Whatever fails, what was published before stays as it was.
"""

import os
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.books import (
    CASES,
    COMMAND,
    ROOT,
    copy_tools,
    git,
    read_site,
    relax,
)
from tests.tools.test_make import write_command

pytestmark = pytest.mark.build

# Steps that have tests of their own: shares, tests, the PDF, the doctor.
SHARES = ("make execute", "make merge")
ELSEWHERE = (*SHARES, "make test-site", "make pdf", "make doctor")

NOTEBOOKS, MIRROR = "make publish-notebooks", "make mirror"

BROKEN = """
```{code-cell}
1 / 0
```
"""


def steps():
    """Return the commands of the workflow that publishes, in order."""
    path = ROOT / ".github" / "workflows" / "publish.yml"
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"].values()
    commands = [s["run"] for job in jobs for s in job["steps"] if "run" in s]
    return [command for command in commands if command not in ELSEWHERE]


def site_of(root):
    return read_site(root / "_build" / "html")


class Course:
    """A book in a clone, its repository, and a mirror."""

    def __init__(self, folder):
        self.folder = folder
        self.root = folder / "book"
        self.remote = folder / "remote.git"
        self.mirror = folder / "mirror.git"
        self.environ = {
            "TRACE": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "BOOK_MIRROR": str(self.mirror),
        }

    def publish(self, *wanted, full="", **environ):
        """Run steps, by default all; return those before one that fails.

        The step `full` finds a full disk: no file gets larger than some.
        """
        done = []
        for command in wanted or steps():
            limit = (
                "ulimit -f 120; "
                if command == "make book"
                else "ulimit -f 0; "
            )
            result = subprocess.run(
                (limit if command == full else "") + f"exec {command}",
                shell=True,
                cwd=self.root,
                env=os.environ | self.environ | environ,
                capture_output=True,
                text=True,
            )
            if result.returncode:
                self.said = result.stdout + result.stderr
                break
            done.append(command)
        return done

    def write(self, name, text):
        with (self.root / "chapters" / name).open(
            "a", encoding="utf-8"
        ) as file:
            file.write(text)

    def published(self):
        return git(self.remote, "for-each-ref"), git(
            self.mirror, "for-each-ref"
        )


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Publish a course for the first time."""
    course = Course(tmp_path_factory.mktemp("course"))
    root = course.root
    shutil.copytree(CASES / "books" / "small", root)
    config = root / "_config.yml"
    config.write_bytes(relax(config.read_bytes()))
    shutil.copy(ROOT / "Makefile", root)
    (root / "requirements.txt").write_text("# What chapters import\na==1\n")
    (root / ".gitignore").write_text("_build\n.venv\nnode_modules\n")
    # The environment that runs this test stands for the book's own.
    copy_tools(root)
    script = root / "booktools" / "environment.py"
    main = '\nif __name__ == "__main__":\n    main(sys.argv[1:])\n'
    text = script.read_text("utf-8")
    assert main in text
    script.write_text(text.replace(main, ""), "utf-8")
    bin = root / ".venv" / "bin"
    runner = "#!/bin/sh\nexec '%s' \"$@\"\n"
    write_command(bin / "python", runner % sys.executable)
    write_command(bin / "jupyter-book", runner % COMMAND[0])
    # An author commits the package with the chapters.
    extract = (sys.executable, "-m", "booktools", "extract", "--book", root)
    subprocess.run(extract, cwd=ROOT, check=True, capture_output=True)
    for repository in (course.remote, course.mirror):
        git(root.parent, "init", "-q", "--bare", "-b", "main", repository)
    git(root, "init", "-q", "-b", "main")
    git(root, "remote", "add", "origin", course.remote)
    git(root, "add", "-A")
    name = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git(root, *name, "commit", "-q", "-m", "first")
    assert course.publish() == steps(), course.said
    return course


def copy_of(course, folder):
    copy = Course(folder)
    shutil.copytree(course.folder, folder, dirs_exist_ok=True, symlinks=True)
    git(copy.root, "remote", "set-url", "origin", copy.remote)
    return copy


@pytest.fixture
def course(first, tmp_path):
    """Return a course that was published, and then changed."""
    course = copy_of(first, tmp_path)
    course.write("direct.md", "\n```{code-cell}\nprint('new')\n```\n")
    return course


@pytest.fixture(scope="module")
def rebuilt(first, tmp_path_factory):
    """Build a changed course, but do not publish it."""
    course = copy_of(first, tmp_path_factory.mktemp("rebuilt"))
    course.write("direct.md", "\n```{code-cell}\nprint('new')\n```\n")
    assert course.publish("make book"), course.said
    return course


@pytest.fixture
def built(rebuilt, tmp_path):
    """Return a course that was published, changed, and built again."""
    return copy_of(rebuilt, tmp_path)


def test_the_steps():
    assert steps() == ["make saved", "make book", NOTEBOOKS, MIRROR]


def test_a_change_is_published(built):
    before = built.published()
    assert built.publish(NOTEBOOKS, MIRROR) == [NOTEBOOKS, MIRROR], built.said
    after = built.published()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_chapter_fails(course):
    before, site = course.published(), site_of(course.root)
    course.write("other.md", BROKEN)
    assert course.publish() == ["make saved"]
    assert "ZeroDivisionError" in course.said
    assert course.published() == before
    assert site_of(course.root) == site


def test_a_full_disk_while_building(course):
    before = course.published()
    assert course.publish(full="make book") == ["make saved"]
    assert course.published() == before
    # No page, and no part of the search, stays half-written.
    assert course.publish("make book"), course.said
    mended = site_of(course.root)
    shutil.rmtree(course.root / "_build")
    assert course.publish("make book"), course.said
    assert site_of(course.root) == mended


@pytest.mark.parametrize("step", [NOTEBOOKS, MIRROR])
def test_a_full_disk_while_publishing(built, step):
    before = built.published()
    assert built.publish(step, full=step) == []
    assert built.published() == before


def test_the_repository_cannot_be_reached(built):
    before = built.published()
    git(built.root, "remote", "set-url", "origin", built.folder / "no.git")
    assert built.publish(NOTEBOOKS, MIRROR) == []
    assert "git ls-remote failed" in built.said
    assert built.published() == before


def test_the_mirror_cannot_be_reached(built):
    before = built.published()
    there = {"BOOK_MIRROR": str(built.folder / "no.git")}
    assert built.publish(MIRROR, **there) == []
    assert "git ls-remote failed" in built.said
    assert built.published() == before
