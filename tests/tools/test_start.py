"""`booktools start` writes a course that builds, passes and publishes."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from html import escape
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from packaging.requirements import Requirement

from booktools.environment import CPU_INDEX, OLDEST
from booktools.problem import BookError
from booktools.publish.branches import chapter_pins
from booktools.source.chapter import read_book
from booktools.source.origin import EXTRAS, Origin
from booktools.source.start import Course, start
from tests.books import ROOT, git

ORIGIN = Origin(f"booktools{EXTRAS}==0.1.0")
NAMES = {
    ".github/dependabot.yml",
    ".github/requirements-newest.txt",
    ".github/workflows/ci.yml",
    ".github/workflows/publish.yml",
    ".github/workflows/weekly.yml",
    ".gitignore",
    "LICENSE",
    "Makefile",
    "README.md",
    "_config.yml",
    "_toc.yml",
    "chapters/first_steps.md",
    "constraints.txt",
    "index.md",
    "pyproject.toml",
    "requirements-tools.txt",
    "requirements.txt",
}


def texts(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_text() for p in files}


def test_the_files_of_a_course(tmp_path):
    course = Course("Integrals", "Ada")
    names = start(tmp_path / "a" / "course", course, ORIGIN)
    written = texts(tmp_path / "a" / "course")
    assert set(names) == set(written) == NAMES
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["course"]
    # Nothing is left to be filled in.
    for name, text in written.items():
        assert not re.search(r"@\w+@", text), name
    assert written["constraints.txt"] == (ROOT / "constraints.txt").read_text()
    assert "Integrals" in written["README.md"]
    assert " Ada" in written["LICENSE"]
    assert f">={OLDEST[0]}.{OLDEST[1]}" in written["pyproject.toml"]
    assert written["requirements-tools.txt"].endswith(f"\n{ORIGIN.line}\n")
    assert written["Makefile"].count("\n") <= 11
    # Nothing of this book.
    assert "d2lmini" not in "".join(written.values())
    assert "torch" not in written["requirements.txt"]


@pytest.mark.parametrize(
    ("title", "name", "folder", "package"),
    [
        ("Integrals by hand", "", "x", "integrals_by_hand"),
        ('Über-Kurs: "1"', "", "x", "uber_kurs_1"),
        ("积分", "", "integrals", "integrals"),
        ("积分", "", "积分", "course"),
        ("积分", "jifen", "x", "jifen"),
        ("1, 2, 3", "", "x", "x"),
        # A course of that name would hide what its chapters import.
        ("NumPy", "", "my course", "my_course"),
        ("Statistics", "", "JSON", "course"),
        ("# @name@ *and* [more]", "", "x", "name_and_more"),
    ],
)
def test_names(tmp_path, title, name, folder, package):
    root = tmp_path / folder
    start(root, Course(title, "A: 'b' \"c\" \\ #d", name), ORIGIN)
    book = read_book(root)
    assert book.package == package
    assert book.title == title
    config = yaml.safe_load((root / "_config.yml").read_text())
    assert config["author"] == "A: 'b' \"c\" \\ #d"


def test_titles_are_text(tmp_path):
    """Nothing in them is Markdown."""
    title = "*x* [z](w) $a$ `b` <i> #1 &amp; _c_"
    start(tmp_path / "x", Course(title, name="limits"), ORIGIN)
    for name in ("README.md", "index.md"):
        html = MarkdownIt().render((tmp_path / "x" / name).read_text("utf-8"))
        assert f"<h1>{escape(title)}</h1>" in html
        assert "$" not in (tmp_path / "x" / name).read_text().replace(
            r"\$", ""
        )


@pytest.mark.parametrize("language", ["en", "de", "zh_CN", "pt_BR"])
def test_languages(tmp_path, language):
    root = tmp_path / "course"
    start(root, Course("A title", language=language), ORIGIN)
    config = yaml.safe_load((root / "_config.yml").read_text())
    assert config["sphinx"]["config"]["language"] == language
    is_chinese = re.search("[\u4e00-\u9fff]", (root / "index.md").read_text())
    assert bool(is_chinese) == language.startswith("zh")


def test_pytorch_is_there_if_wanted(tmp_path):
    start(tmp_path / "x", Course("Tensors", extra=("torch",)), ORIGIN)
    names = [Requirement(pin).name for pin in chapter_pins(tmp_path / "x")]
    assert names == ["numpy", "matplotlib", "torch"]
    newest = tmp_path / "x" / ".github" / "requirements-newest.txt"
    assert newest.read_text().split("\n")[-2] == "torch"
    for file in (newest, tmp_path / "x" / "requirements.txt"):
        assert f"\n--extra-index-url {CPU_INDEX}\n" in file.read_text()


def leave(folder):
    (folder / "notes.txt").write_text("mine")


@pytest.mark.parametrize(
    ("course", "before", "rules"),
    [
        (Course("A"), leave, ["folder-exists"]),
        (Course(" "), None, ["no-title"]),
        (Course("A", name="a-b"), None, ["bad-package-name"]),
        (Course("A", name="numpy"), None, ["bad-package-name"]),
        (Course("A", name="积分"), None, ["bad-package-name"]),
        (Course("A", language="English"), None, ["bad-language"]),
        (Course("A", language="xx"), None, ["bad-language"]),
        (
            Course("", name="class", language=""),
            leave,
            ["bad-language", "bad-package-name", "folder-exists", "no-title"],
        ),
    ],
)
def test_what_cannot_be_started(tmp_path, course, before, rules):
    folder = tmp_path / "x"
    if before:
        folder.mkdir()
        before(folder)
    there = texts(tmp_path)
    with pytest.raises(BookError) as caught:
        start(folder, course, ORIGIN)
    assert sorted(p.rule for p in caught.value.problems) == rules
    assert all(problem.hint for problem in caught.value.problems)
    assert texts(tmp_path) == there


def test_a_link_and_a_file_are_no_folders(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(BookError, match="folder-exists"):
            start(tmp_path / name, Course("A"), ORIGIN)
    assert [*(tmp_path / "elsewhere").iterdir()] == []


def test_empty_folders_are_taken(tmp_path, monkeypatch):
    (tmp_path / "x").mkdir()
    git(tmp_path / "x", "init", "-q")
    monkeypatch.chdir(tmp_path / "x")
    start(Path(), Course("A"), ORIGIN)
    assert (tmp_path / "x" / "_toc.yml").is_file()
    assert (tmp_path / "x" / ".git").is_dir()


# Where tools come from: as pip notes it -> the line that a course has.
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "https://example.org/a/b"
LINES = [
    ({}, f"booktools{EXTRAS}==9.9"),
    (
        {"url": "https://example.org/t.whl", "archive_info": {}},
        f"booktools{EXTRAS} @ https://example.org/t.whl",
    ),
    (
        {
            "url": REPOSITORY,
            "vcs_info": {"vcs": "git", "commit_id": COMMIT},
            "subdirectory": "booktools",
        },
        f"booktools{EXTRAS} @ git+{REPOSITORY}@{COMMIT}"
        "#subdirectory=booktools",
    ),
    (
        {"url": "file:///FOLDER/a%20b.whl", "archive_info": {}},
        f"./wheels/a b.whl{EXTRAS}",
    ),
    ({"url": "file:///FOLDER/none.whl", "archive_info": {}}, "--tools"),
    (
        {"url": "file:///FOLDER/checkout/booktools", "dir_info": {}},
        f"./wheels/booktools-2.whl{EXTRAS}",
    ),
    ({"url": "file:///FOLDER/x/booktools", "dir_info": {}}, "make wheel"),
]
FIND = """
import sys
from booktools.problem import BookError
from booktools.source.origin import find_origin
try:
    print(find_origin().line)
except BookError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return a folder in which these tools are as pip installs them."""
    folder = tmp_path_factory.mktemp("installed")
    ignore = shutil.ignore_patterns("__pycache__", "npm", "pyproject.toml")
    shutil.copytree(ROOT / "booktools", folder / "booktools", ignore=ignore)
    info = folder / "booktools-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: booktools\nVersion: 9.9\n")
    (folder / "a b.whl").touch()
    dist = folder / "checkout" / "dist"
    dist.mkdir(parents=True)
    for name, time in (("booktools-1.whl", 1), ("booktools-2.whl", 2)):
        (dist / name).touch()
        os.utime(dist / name, (time, time))
    return folder


@pytest.mark.parametrize(("noted", "line"), LINES)
def test_where_tools_come_from(installed, noted, line):
    file = installed / "booktools-9.9.dist-info" / "direct_url.json"
    place = installed.as_posix().lstrip("/")
    file.write_text(json.dumps(noted).replace("FOLDER", place))
    done = subprocess.run(
        [sys.executable, "-c", FIND],
        env=os.environ | {"PYTHONPATH": str(installed)},
        cwd=installed,
        capture_output=True,
        text=True,
    )
    assert line in done.stdout
    if "booktools" in line or "wheels" in line:
        assert done.stdout.rstrip() == line


# Workflows


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("workflows") / "course"
    start(root, Course("Integrals"), ORIGIN)
    return root


def flows(root):
    paths = sorted((root / ".github" / "workflows").glob("*.yml"))
    return {path.stem: yaml.safe_load(path.read_text()) for path in paths}


def test_workflows_are_in_form_and_safe(course):
    tool = Path(sysconfig.get_path("scripts"))
    schema = [tool / "check-jsonschema", "--builtin-schema"]
    files = sorted((course / ".github" / "workflows").glob("*.yml"))
    for command in (
        [
            *(tool / "zizmor", "--offline", "--quiet"),
            "--persona=pedantic",
            ".",
        ],
        [*schema, "vendor.github-workflows", *files],
        [*schema, "vendor.dependabot", course / ".github" / "dependabot.yml"],
    ):
        done = subprocess.run(
            command, cwd=course, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_those_of_this_book(course):
    def pins(root):
        return {
            step["uses"]
            for flow in flows(root).values()
            for job in flow["jobs"].values()
            for step in job["steps"]
            if "uses" in step
        }

    assert pins(course) <= pins(ROOT)


ALONE = "python -m pip install --no-deps -r requirements-tools.txt"
# What a job may run that can write somewhere, or has a secret.
TRUSTED = {
    ALONE,
    "python -m booktools publish-notebooks",
    "python -m booktools mirror",
    "python -m booktools alarm",
}


def test_who_may_write_runs_nothing_of_the_course(course):
    for flow in flows(course).values():
        assert flow["permissions"] == {"contents": "read"}
        for job in flow["jobs"].values():
            runs = {s["run"] for s in job["steps"] if "run" in s}
            text = yaml.safe_dump(job)
            if "write" in job.get("permissions", {}).values() or (
                "secrets." in text
            ):
                assert runs <= TRUSTED
                assert "refs/heads/main" in job["if"]
            for step in job["steps"]:
                assert "${{" not in step.get("run", "")


def test_nothing_is_published_before_all_is_well(course):
    jobs = flows(course)["publish"]["jobs"]
    runs = [s["run"] for s in jobs["course"]["steps"] if "run" in s]
    assert runs == [
        "python -m pip install -r requirements.txt",
        "jupyter-book build .",
        "python -m booktools check",
        "python -m booktools pdf",
        "python -m booktools doctor",
    ]
    for name, job in jobs.items():
        assert name == "course" or "course" in job["needs"]


def test_commands_that_a_course_names_exist(course):
    text = "".join(texts(course).values())
    named = set(re.findall(r"-m booktools ([a-z-]+)", text))
    done = subprocess.run(
        [sys.executable, "-m", "booktools", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert named
    assert named <= set(re.findall(r"^ +([a-z-]+)\s", done.stdout, re.M))
