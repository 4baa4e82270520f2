"""Real builds of small books, with the command that authors type."""

import os
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from booktools.run.errors import shorten
from booktools.source.rules import RULES
from tests.books import CASES, ROOT, Book, Builder, write_book

BOOKS = CASES / "books"
FAILING = sorted((BOOKS / "failing").glob("*.md"))


class Traced(Book):
    """A copy of a small book, and what its chapters say when they run."""

    def __init__(self, root: Path, source: Path, builder: Builder):
        self.trace = root.parent / f"{root.name}.trace"
        write_book(root, source)
        super().__init__(root, builder, TRACE=str(self.trace))

    def build(self, *options, **environment):
        self.trace.unlink(missing_ok=True)
        return super().build(*options, **environment)

    def ran(self) -> list[str]:
        """Return which chapters and checks the last build has run."""
        if not self.trace.exists():
            return []
        return sorted(self.trace.read_text().split())


@pytest.fixture(scope="module")
def built(tmp_path_factory, builder) -> Traced:
    """Return a small book, built once: five jobs, so on forked kernels."""
    folder = tmp_path_factory.mktemp("built")
    book = Traced(folder / "book", BOOKS / "small", builder)
    book.extract()
    book.succeed()
    return book


@pytest.fixture
def copy(built, tmp_path, builder) -> Traced:
    """Return a copy of the small book, built as well."""
    return Traced(tmp_path / "book", built.root, builder)


def test_pages(built):
    site = built.site()
    page = site["chapters/direct.html"].decode()
    assert page.count('src="../_images/') == 1
    images = [name for name in site if name.startswith("_images/")]
    # A preload that is wrong gives no figures, and no error.
    assert [Path(name).suffix for name in images] == [".svg"] * 3
    page = site["chapters/indirect.html"].decode()
    assert "✓ Checked by code</summary>" in page
    assert '<span class="k">assert</span> tex' in page
    assert "12" in page
    page = site["chapters/other.html"].decode()
    assert "ZeroDivisionError" in page
    # In one piece, whatever the pieces in which it arrived.
    assert "!\n!\n!\n" in page
    assert "static/book.css" in page


def test_two_builds_are_equal(built, tmp_path, builder):
    """Elsewhere, one at a time, on kernels that are no forks."""
    root = tmp_path / "[ab]* it's #1" / '极 "图"'
    book = Traced(root, BOOKS / "small", builder)
    book.extract()
    book.environment |= {"BOOK_JOBS": "1", "BOOK_FORK": "0"}
    book.environment |= {"PYTHONHASHSEED": "7"}
    assert book.start().communicate()[1] == ""
    assert book.ran() == ["check", "direct", "indirect", "library", "other"]
    assert book.site() == built.site()


def test_only_what_changed_runs(copy, built):
    def edit(old: str, new: str) -> list[str]:
        copy.replace("chapters/library.md", old, new)
        copy.extract()
        result = copy.build()
        assert result.stderr == ""
        assert result.returncode == 0
        return copy.ran()

    # All results are in the cache that was copied with the book.
    assert edit("later chapters", "following chapters") == []
    users = ["check", "direct", "indirect", "library"]
    assert edit("return 2 * x", "return x * 2 + 1") == users
    page = copy.site()["chapters/indirect.html"].decode()
    assert "13" in page
    assert edit(
        "def unused(x):  #@save\n", "# Not used.\n\n#@save\ndef unused(x):\n"
    ) == ["library"]
    assert edit("    return x\n", "    return -x\n") == ["library"]
    # Back as it was.
    shutil.copytree(
        built.root / "chapters", copy.root / "chapters", dirs_exist_ok=True
    )
    copy.extract()
    assert copy.build().returncode == 0
    assert copy.ran() == []
    site = copy.site()
    for name, page in built.site().items():
        # Sphinx updates its search index in another order than it makes it.
        assert name == "searchindex.js" or site[name] == page
    result = copy.build()
    assert "nothing has changed" in result.stdout


def test_stale_package(copy):
    copy.replace("chapters/library.md", "return 2 * x", "return x + x")
    before = copy.site()
    for _ in range(2):
        result = copy.build()
        assert result.returncode == 1
        assert result.stderr.endswith(
            "tools/library.py:1: error: this file is not what the chapters"
            " save [stale-package]\n    hint: python -m booktools extract\n"
        )
        assert copy.ran() == []
    assert copy.site() == before


def test_other_builder(copy):
    result = copy.build("--builder", "custom", "--custom-builder", "text")
    assert result.returncode == 0
    text = copy.root / "_build" / "text" / "chapters" / "indirect.txt"
    assert "assert" not in text.read_text("utf-8")


@pytest.fixture(scope="module")
def failures(tmp_path_factory, builder):
    """Build a book twice in which everything fails, after it was good."""
    root = tmp_path_factory.mktemp("failures") / "book"
    book = Traced(root, BOOKS / "failing", builder)
    toc = "format: jb-book\nroot: index\nchapters:\n  - file: chapters/good\n"
    book.write("_toc.yml", toc)
    config = (BOOKS / "small" / "_config.yml").read_text("utf-8")
    rules = ", ".join(f"{rule}: false" for rule in RULES)
    rules = f"config: {{booktools_rules: {{{rules}}}, "
    book.write("_config.yml", config.replace("config: {", rules))
    book.write("index.md", "# A book\n")
    (root / "chapters").mkdir()
    for file in FAILING:
        shutil.move(root / file.name, root / "chapters" / file.name)
    book.write("chapters/good.md", "# Good\n")
    assert book.build().returncode == 0
    before = book.site()
    names = "".join(f"  - file: chapters/{file.stem}\n" for file in FAILING)
    book.write("_toc.yml", toc + names)
    results = [book.build(), book.build(BOOK_FORK="0")]
    return book, before, results


@pytest.mark.parametrize("case", FAILING, ids=lambda file: file.stem)
def test_failure(case, failures):
    book, _, results = failures
    expected = case.with_suffix(".txt").read_text("utf-8")
    expected = expected.format(root=book.root)
    for result in results:
        assert result.returncode == 1
        # The last lines, one for each failure.
        last = result.stderr.splitlines()[-len(FAILING) :]
        assert [line for line in last if f"/{case.name}" in line] == [
            expected.strip()
        ]


def test_no_code_of_ours_is_shown(failures):
    """What runs a check is long, and says nothing to an author."""
    for result in failures[2]:
        assert "<checks>" not in result.stderr
        assert max(map(len, result.stderr.splitlines())) < 2_000


def test_tracebacks_say_once_what_repeats(failures):
    for result in failures[2]:
        assert "[Previous frame repeated " in result.stderr
        assert result.stderr.count("in <lambda>(n)\n") < 4


def test_long_tracebacks():
    frames = [f"line {n}\n  code" for n in range(200)]
    lines = shorten("\n\n".join(frames)).split("\n")
    assert len(lines) < 100
    assert (lines[0], lines[-2]) == ("line 0", "line 199")
    assert "[519 more lines]" in lines
    text = "\n\n".join(["first", *["again"] * 9, "last"])
    again = "[Previous frame repeated 8 more times]"
    assert shorten(text) == f"first\n\nagain\n\n{again}\n\nlast"
    assert len(shorten("ValueError: " + "x" * 10_000)) < 1000
    for text in ("", "\n\n\n\n\n\n\n\n", "a\n\nb\n\nb\n\nb\n\nc"):
        assert shorten(text) == text


def test_site_of_before(failures):
    book, before, results = failures
    assert book.site() == before
    for result in results:
        assert (
            f"\n{len(FAILING)} problems, no page written:\n" in result.stderr
        )


WARNINGS = {
    "read": ("An {unknown}`role`.", 'Unknown interpreted text role "unknown"'),
    "write": ("See {ref}`sec-nowhere`.", "undefined label: 'sec-nowhere'"),
}


def test_warnings(copy):
    for old, new in [("library", "read"), ("other", "write")]:
        text = copy.root.joinpath(f"chapters/{old}.md").read_text("utf-8")
        copy.write(f"chapters/{old}.md", f"{text}\n{WARNINGS[new][0]}\n")
    for options in ([], [], ["-W"], ["-W", "--keep-going"]):
        result = copy.build(*options)
        assert result.returncode == 1
        for _, message in WARNINGS.values():
            assert message in result.stderr
        assert copy.ran() == []
    # Those that the author does not want to see do not count.
    copy.replace(
        "_config.yml",
        "  config: {",
        "  config: {suppress_warnings: [myst.role_unknown, ref.ref], ",
    )
    copy.replace("chapters/library.md", WARNINGS["read"][0], "")
    result = copy.build()
    assert result.stderr == ""
    assert result.returncode == 0


def test_bad_input(copy):
    result = copy.build(BOOK_JOBS="many")
    assert result.returncode == 1
    sentence = "BOOK_JOBS must be a number above 0, not 'many'\n"
    assert result.stderr == sentence
    copy.write("chapters/library.md", "---\nfile_format: [\n---\n")
    result = copy.build()
    assert result.returncode == 1
    *_, header, problem = result.stderr.splitlines()
    assert header == "1 problem, no page written:"
    assert problem.startswith("chapters/library.md:3: error: ")


def test_front_matter_for_running(copy):
    """Errors cannot be allowed as such; limits are numbers."""
    front = "mystnb: {execution_allow_errors: true}\nlimits: {pages: 3}\n---\n"
    copy.replace("chapters/other.md", "---\n# Other", front + "# Other")
    result = copy.build()
    assert result.returncode == 1
    assert result.stderr.endswith(
        "2 problems, no page written:\n"
        "chapters/other.md:4: error: execution_allow_errors would hide every "
        "error [front-matter]\n"
        "    hint: tag each cell that should fail: raises-exception\n"
        "chapters/other.md:5: error: these are no limits: {'pages': 3} "
        "[front-matter]\n"
        "    hint: limits: {lines: 2000}; there are lines, kilobytes, images, "
        "memory\n"
    )
    copy.replace("chapters/other.md", front, "limits: {lines: 1}\n---\n")
    copy.replace(
        "_config.yml", "timeout: 30", "timeout: 30, allow_errors: true"
    )
    result = copy.build()
    assert result.returncode == 1
    assert result.stderr.endswith(
        "_config.yml:3: error: execute.allow_errors has no effect [setting]\n"
        "    hint: give the cell that is meant to fail the tag"
        " raises-exception\n"
    )
    # A limit counts for what is in the cache, too.
    copy.replace("_config.yml", ", allow_errors: true", "")
    result = copy.build()
    assert "chapters/other.md:11 (code cell 1): it shows more" in result.stderr
    assert copy.ran() == ["other"]


def test_code_that_changes_the_build(copy):
    copy.write("chapters/other.md", "---\nfile_format: mystnb\n---\n# A\n")
    code = "open('direct.md', 'a').write('More.');"
    text = (copy.root / "chapters" / "other.md").read_text("utf-8")
    copy.write("chapters/other.md", f"{text}\n```{{code-cell}}\n{code}\n```\n")
    result = copy.build()
    assert result.returncode == 1
    assert result.stderr.startswith("code has changed ")
    assert result.stderr.endswith("chapters/direct.md while it ran\n")


NO_SYMPY = """
from importlib import metadata
real = metadata.version
def version(name):
    if name in ("sympy", "antlr4-python3-runtime"):
        raise metadata.PackageNotFoundError(name)
    return real(name)
metadata.version = version
"""


def test_without_sympy(copy):
    """It is only for checks, and not for all of them."""
    copy.write("sitecustomize.py", NO_SYMPY)
    copy.write("sympy.py", "raise ModuleNotFoundError('no sympy here')\n")
    path = os.pathsep.join([str(copy.root), str(ROOT)])
    result = copy.build(PYTHONPATH=path)
    assert result.stderr == ""
    copy.replace("chapters/indirect.md", "import tools\n\n", "import sympy\n")
    result = copy.build(PYTHONPATH=path)
    assert result.returncode == 1
    assert result.stderr.endswith(
        "chapters/indirect.md:14 (check eq-double): "
        "ModuleNotFoundError: no sympy here; the formula: x + x\n"
        "    hint: install what checks need: python -m pip install"
        ' "booktools[checks]"\n'
    )


def test_execution_mode(copy):
    copy.replace("_config.yml", "notebooks: cache", "notebooks: force")
    result = copy.build()
    assert result.returncode == 1
    assert result.stderr.endswith(
        "_config.yml:1: error: execute_notebooks is 'force' [execution-mode]\n"
        "    hint: execute: {execute_notebooks: cache}\n"
    )
    copy.replace("_config.yml", "notebooks: force", "notebooks: 'off'")
    shutil.rmtree(copy.root / "_build")
    assert copy.build().returncode == 0
    assert copy.ran() == []


def at_first_cell(book: Traced) -> bool:
    return book.trace.exists()


def at_first_result(book: Traced) -> bool:
    executed = book.root / "_build" / ".jupyter_cache" / "executed"
    return any(executed.glob("*"))


def at_pickle(book: Traced) -> bool:
    return (book.root / "_build/.doctrees/environment.pickle").exists()


def at_first_page(book: Traced) -> bool:
    return (book.html / "chapters").exists()


nightly = partial(pytest.param, marks=pytest.mark.nightly)


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        ("SIGINT", at_first_cell),
        ("SIGKILL", at_first_page),
        nightly("SIGINT", at_first_page),
        nightly("SIGTERM", at_first_cell),
        nightly("SIGKILL", at_first_cell),
        nightly("SIGKILL", at_first_result),
        nightly("SIGKILL", at_pickle),
    ],
)
def test_killed_build(number, moment, built, tmp_path, builder):
    book = Traced(tmp_path / "book", BOOKS / "small", builder)
    book.extract()
    process = book.start(stdout=subprocess.DEVNULL)
    while not moment(book):
        time.sleep(0.001)
        assert process.poll() is None
    process.send_signal(getattr(signal, number))
    # Every process of the build has an end of this pipe: all have ended.
    _, errors = process.communicate(timeout=60)
    assert process.returncode
    assert "Traceback" not in errors
    result = book.build()
    assert result.stderr == ""
    assert result.returncode == 0
    assert book.site() == built.site()


def test_terminal(copy):
    """Where somebody looks on, each chapter is reported."""
    import pty

    leader, follower = pty.openpty()
    shutil.rmtree(copy.root / "_build")
    process = copy.start(stdout=follower, stderr=None)
    os.close(follower)
    lines = b""
    while process.poll() is None or lines[-1:] != b"\n":
        try:
            lines += os.read(leader, 1024)
        except OSError:
            break
    assert process.wait() == 0
    assert b"[5/5] chapters/" in lines
