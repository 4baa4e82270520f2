"""An edition is stale when the text of its source has changed."""

import os
import re
import subprocess
import sys

import pytest

from booktools.editions.edition import File
from booktools.editions.languages import read_editions
from booktools.editions.translate import accept, find_outdated, read_sections
from booktools.source.chapter import read_book
from tests.books import CASES, ROOT
from tests.tools.test_editions import LIMITS, edit

LATER = "en/chapters/later.md"


@pytest.fixture
def book(make_book):
    """Make a book whose English edition was compared with its source."""
    root = make_book(CASES / "editions" / "book")
    accept(read_book(root), read_editions(root)[0], [])
    return root


@pytest.fixture
def translate(run):
    """Run the command of translators."""
    return lambda *words, **environment: run(
        *("-m", "booktools", "translate", *words, "--book", "book"),
        **environment,
    )


def outdated(root):
    """Return what is to do: rule, path, line; but for what nobody began."""
    found = find_outdated(read_book(root), read_editions(root)[0])
    assert [p.path for p in found if p.path == LATER] == [LATER]
    assert {p.severity for p in found} == {"warning"}
    return [(p.rule, p.path, p.line) for p in found if p.path != LATER]


def line_of(root, path, text):
    lines = (root / path).read_text("utf-8").split("\n")
    return lines.index(text) + 1


@pytest.mark.parametrize(
    ("old", "new", "heading"),
    [
        ("先看一个", "先看看这个", "# Limits"),
        ("[^history]: 牛顿", "[^history]: 莱布尼茨", "## Exercises"),
        ("抛物线 $y=x^2$", "抛物线", "## Squares"),
        ("alt: '一条抛物线'", "alt: '抛物线'", "## Squares"),
        ("  那是三的两倍。", "  三加三。", "## Squares"),
        (r"f(x) = x^2 \quad", r"f(x) = x^2, \quad", "## Squares"),
        ("## 平方", "## 自乘", "## Squares"),
        ("x = 1  # 一个数", "x = 1  # 数", "### More"),
        ("| 数 | 多少 |", "| 数 | 几个 |", "### More"),
        (":label: 点", ":label: 圆点", "### More"),
        ("写出立方。", "写出 $x^3$。", "## Exercises"),
        ("      更陡的曲线", "      陡的曲线", "## Exercises"),
    ],
)
def test_text_that_changes_makes_its_section_stale(old, new, heading, book):
    assert outdated(book) == []
    edit(book / LIMITS, old, new)
    line = line_of(book, f"en/{LIMITS}", heading)
    assert outdated(book) == [("translation-stale", f"en/{LIMITS}", line)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    return x ** 2", "    return x * x"),
        ("assert 3**2 == 9", "assert 4**2 == 16"),
        (":tags: [hide-input]\n", ""),
        ("name: fig-square, caption", "name: fig-squares, caption"),
        ("square(4)\n", "square(5)\n"),
        ("(cell-square)=", "(cell-squares)="),
        ("limits: {lines: 2000}", "limits: {lines: 3000}"),
        ("求和不带编号：\n", "求和不带编号：  \n\n"),
    ],
)
def test_code_is_no_text(old, new, book):
    edit(book / LIMITS, old, new)
    assert outdated(book) == []


@pytest.mark.parametrize(
    ("old", "new", "is_stale"),
    [
        ("一句话。", "另一句话。", True),
        ("里面的话。", "别的话。", True),
        ("前面的话。", "没有显示的话。", False),
    ],
)
def test_text_of_an_included_file(old, new, is_stale, book):
    parts = {
        "parts/a.md": "前面的话。\n\nHERE\n\n一句话。\n\n"
        "```{include} b.md\n```\n",
        "parts/b.md": "里面的话。\n",
    }
    (book / "parts").mkdir()
    for path, text in parts.items():
        (book / path).write_text(text, "utf-8")
    include = "```{include} ../parts/a.md\n:start-after: HERE\n```\n"
    edit(book / LIMITS, "(sec-more)=\n", f"{include}\n(sec-more)=\n")
    accept(read_book(book), read_editions(book)[0], [])
    assert outdated(book) == []
    [path] = [path for path, text in parts.items() if old in text]
    edit(book / path, old, new)
    line = line_of(book, f"en/{LIMITS}", "## Squares")
    stale = [("translation-stale", f"en/{LIMITS}", line)] if is_stale else []
    assert outdated(book) == stale


def test_new_missing_and_removed_sections(book):
    text = "(sec-new)=\n## 新的\n\n新的。\n\n(sec-exercises)=\n## 练习\n"
    edit(book / LIMITS, "(sec-exercises)=\n## 练习\n", text)
    edit(book / LIMITS, "(sec-more)=\n### 更多\n", "")
    path = f"en/{LIMITS}"
    above = line_of(book, path, "## Squares")
    removed = line_of(book, path, "### More")
    assert outdated(book) == [
        # What stood in the section that is gone, is now part of another one.
        ("translation-missing", path, above),
        ("translation-stale", path, above),
        ("translation-removed", path, removed),
    ]
    edit(book / path, "(sec-more)=\n### More\n", "")
    new = "(sec-new)=\n## New\n\nNew.\n\n(sec-exercises)="
    edit(book / path, "(sec-exercises)=", new)
    line = line_of(book, path, "## New")
    assert ("translation-new", path, line) in outdated(book)
    accept(read_book(book), read_editions(book)[0], [])
    assert outdated(book) == []
    assert "sec-more" not in (book / "en/accepted.toml").read_text("utf-8")


def test_a_section_that_is_gone_from_both(book):
    for path in (LIMITS, f"en/{LIMITS}"):
        text = (book / path).read_text("utf-8")
        text = text.replace("(sec-more)=", "")
        (book / path).write_text(text, "utf-8")
    found = find_outdated(read_book(book), read_editions(book)[0])
    [gone] = [p for p in found if p.rule == "translation-removed"]
    assert (gone.path, gone.line) == ("en/accepted.toml", 1)
    hint = f"python -m booktools translate accept en/{LIMITS}"
    assert gone.hint == hint


def test_a_file_that_is_gone(book):
    toc = book / "_toc.yml"
    edit(toc, "  - file: chapters/glossary\n", "")
    found = outdated(book)
    assert found == [("translation-removed", "en/accepted.toml", 1)]


def test_status(book, translate, expect):
    edit(book / LIMITS, "先看一个", "先看看这个")
    result = translate("status")
    expect(CASES / "editions" / "status.txt", result.stderr)
    assert (result.stdout, result.returncode) == ("", 1)
    (book / LATER).write_text("(sec-later)=\n# Later\n", "utf-8")
    result = translate("accept")
    assert (result.stdout, result.stderr, result.returncode) == (
        *("en: 2 sections accepted\n", "", 0),
    )
    result = translate("status", "--language", "en")
    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)


def test_only_named_files(book, translate):
    edit(book / LIMITS, "先看一个", "先看看这个")
    edit(book / "index.md", "开始读", "开始")
    result = translate("status", "en/index.md")
    assert re.findall(r"^\S+:\d+", result.stderr, re.M) == ["en/index.md:2"]
    assert not translate("status", "chapters/glossary.md").returncode
    for words in (
        ("status", "--language", "en", "en/index.md"),
        ("status", "chapters/glossary.md", "--language", "en", "index.md"),
        ("--language", "en", "status", "en/index.md"),
    ):
        assert translate(*words).stderr == result.stderr
    wrong = translate("status", "--lang", "en", "index.md", "--all")
    assert "unrecognized arguments: --all" in wrong.stderr
    assert wrong.returncode == 2


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ([LIMITS], ["en/index.md"]),
        ([f"en/{LIMITS}"], ["en/index.md"]),
        ([f"./{LIMITS}", "index.md"], []),
        ([f"{LIMITS}#sec-square"], [f"en/{LIMITS}", "en/index.md"]),
        (
            [f"{LIMITS}#sec-square", f"en/{LIMITS}#sec-limits"],
            ["en/index.md"],
        ),
    ],
)
def test_accept_some(names, left, book):
    edit(book / LIMITS, "先看一个", "先看看这个")
    edit(book / LIMITS, "## 平方", "## 自乘")
    edit(book / "index.md", "开始读", "开始")
    accept(read_book(book), read_editions(book)[0], names)
    assert [path for _, path, _ in outdated(book)] == left


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chapters/limit.md", f"did you mean '{LIMITS}'?"),
        (f"{LIMITS}#sec-squares", "did you mean 'sec-square'?"),
        ("chapters/later.md", "has no file 'chapters/later.md'"),
    ],
)
def test_accept_what_is_not_there(name, message, book, translate):
    edit(book / LIMITS, "先看一个", "先看看这个")
    before = (book / "en/accepted.toml").read_bytes()
    result = translate("accept", LIMITS, name)
    assert message in result.stderr
    assert (result.stdout, result.returncode) == ("", 1)
    assert (book / "en/accepted.toml").read_bytes() == before


@pytest.mark.parametrize("action", ["status", "check", "accept"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chapters/limit.md", f"did you mean '{LIMITS}'?"),
        (f"{LIMITS}#sec-squares", "did you mean 'sec-square'?"),
        (f"{LIMITS}#", f"nothing is above the labels of {LIMITS}"),
        ("en", "the edition has no file 'en'"),
        ("#sec-square", f"write {LIMITS}#sec-square"),
        ("", "write a file, such as index.md"),
    ],
)
def test_no_name_of_nothing_passes(action, name, message, book, translate):
    result = translate(action, name)
    assert message in result.stderr
    assert re.match(r"\S+:1: error: ", result.stderr)
    assert (result.stdout, result.returncode) == ("", 1)


def test_what_is_not_translated_cannot_be_accepted(book, translate):
    assert translate("status", "chapters/later.md").returncode == 1
    assert translate("check", "chapters/later.md").returncode == 0
    result = translate("accept", "chapters/later.md")
    assert "hint: translate it first: en/chapters/later.md" in result.stderr


@pytest.mark.parametrize(
    "name", ["en\\{}", "{}", ".\\{}", "chapters/../{}", "/{}", "/en/{}"]
)
def test_a_path_as_other_programs_write_it(name, book, translate):
    edit(book / LIMITS, "先看一个", "先看看这个")
    path = LIMITS.replace("/", "\\") if "\\" in name else LIMITS
    name = name.format(path)
    if name.startswith("/"):
        name = f"{book}{name}"
    assert LIMITS in translate("status", name).stderr
    assert translate("accept", name).returncode == 0
    assert outdated(book) == []


@pytest.fixture
def trilingual(book):
    """Let the book have a German edition, of the home page alone."""
    toc = "        toc: {正文: Main part}\n"
    more = "      de: {title: Grenzwerte, toc: {正文: Hauptteil}}\n"
    edit(book / "_config.yml", toc, toc + more)
    (book / "de").mkdir()
    text = (book / "en" / "index.md").read_text("utf-8")
    (book / "de" / "index.md").write_text(text, "utf-8")
    return book


def test_a_name_of_one_of_several_editions(trilingual, translate):
    edit(trilingual / LIMITS, "先看一个", "先看看这个")
    assert "en/chapters" in translate("status", LIMITS).stderr
    assert "de/" not in translate("status", f"en/{LIMITS}").stderr
    result = translate("accept", f"en/{LIMITS}")
    assert (result.stdout, result.stderr, result.returncode) == (
        *("en: 1 section accepted\n", "", 0),
    )
    assert not (trilingual / "de" / "accepted.toml").exists()
    # Only the English one has this; the German one is no mistake.
    assert translate("accept", LIMITS).returncode == 0
    result = translate("accept", "de/index.md")
    assert result.stdout == "de: 1 section accepted\n"


def test_what_stands_above_all_labels(book, translate):
    heading = "\n(sec-limits)=\n# 极限\n"
    edit(book / LIMITS, heading, f"\n一句话。\n{heading}")
    heading = "\n(sec-limits)=\n# Limits\n"
    edit(book / "en" / LIMITS, heading, f"\nA sentence.\n{heading}")
    accept(read_book(book), read_editions(book)[0], [])
    edit(book / LIMITS, "一句话。", "另一句话。")
    edit(book / LIMITS, "## 平方", "## 自乘")
    said = translate("status", LIMITS).stderr
    names = re.findall(r"translate accept (\S+)", said)
    assert names == [f"en/{LIMITS}#", f"en/{LIMITS}#sec-square"]
    # Each is accepted by the command that its hint names, and only that.
    for name, left in zip(names, (1, 0), strict=True):
        result = translate("accept", name)
        assert result.stdout == "en: 1 section accepted\n"
        assert len(outdated(book)) == left


def test_a_hint_is_about_one_of_several_editions(trilingual, translate):
    edit(trilingual / "index.md", "开始读", "开始")
    for language in ("en", "de"):
        said = translate("status", f"{language}/index.md").stderr
        [name] = re.findall(r"translate accept (\S+)", said)
        result = translate("accept", name)
        assert result.stdout == f"{language}: 1 section accepted\n"


def test_nothing_is_accepted_if_a_name_is_wrong(trilingual, translate):
    edit(trilingual / LIMITS, "先看一个", "先看看这个")
    before = (trilingual / "en" / "accepted.toml").read_bytes()
    result = translate("accept", f"en/{LIMITS}", f"de/{LIMITS}")
    assert f"translate it first: de/{LIMITS}" in result.stderr
    assert (result.stdout, result.returncode) == ("", 1)
    assert (trilingual / "en" / "accepted.toml").read_bytes() == before


def test_a_full_disk_keeps_what_was_accepted(book):
    edit(book / LIMITS, "先看一个", "先看看这个")
    before = (book / "en" / "accepted.toml").read_bytes()
    command = f"ulimit -f 0; exec {sys.executable} -m booktools translate"
    result = subprocess.run(
        [*("sh", "-c"), f"{command} accept --book {book}"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert result.returncode == 1
    assert (book / "en" / "accepted.toml").read_bytes() == before
    assert {p.name for p in (book / "en").iterdir()} == {
        *("accepted.toml", "index.md", "chapters"),
    }


def test_what_was_accepted_is_the_same_file_each_time(book, translate):
    file = book / "en/accepted.toml"
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert translate("accept", PYTHONHASHSEED="7").returncode == 0
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    os.utime(file, (0, 0))
    file.unlink()
    assert translate("accept", PYTHONHASHSEED="8").returncode == 0
    assert file.read_bytes() == before[0]


@pytest.mark.parametrize("names", [[], ["index.md"]])
def test_versions_that_git_could_not_merge(names, book, translate):
    file = book / "en/accepted.toml"
    text = file.read_text("utf-8").replace("[", "<<<<<<< HEAD\n[", 1)
    file.write_text(text, "utf-8")
    result = translate("status", *names)
    assert result.stderr.startswith("en/accepted.toml:4: error: this is not")
    assert result.returncode == 1


@pytest.mark.parametrize("words", [[], ["stauts"], ["status", "--lang"]])
def test_wrong_use(words, book, translate):
    assert translate(*words).returncode == 2


def test_no_such_edition(book, translate):
    result = translate("status", "--language", "de")
    assert "there is no edition de" in result.stderr
    assert "hint: there is en" in result.stderr
    assert result.returncode == 1


def test_sections_without_labels():
    text = "# A\n\nText\n\n## B\n\n(sec-c)=\n## C\n\n## D\n\nMore\n"
    text += "\n(sec-c)=\n## C again\n"
    sections = read_sections(File("a.md", text))
    assert {label: s.line for label, s in sections.items()} == {
        "": 1,
        "sec-c": 8,
    }
    changed = read_sections(File("a.md", text.replace("More", "Other")))
    assert changed[""] == sections[""]
    assert changed["sec-c"] != sections["sec-c"]
