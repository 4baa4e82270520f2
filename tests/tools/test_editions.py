"""An edition in another language gets its code from its source.

A mistake is `editions/mistakes/NAME.yml`: what is changed in the book
`editions/book`; `NAME.txt` is what is reported.  `editions/settings` has
settings of editions that are wrong.
"""

import json
import random
import re
import shutil
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from booktools.editions import standalone
from booktools.editions.blocks import read_outline
from booktools.editions.comparison import compare
from booktools.editions.edition import File, fill
from booktools.editions.languages import Edition, read_editions
from booktools.editions.sections import Side
from booktools.editions.standalone import COPIED, write_edition
from booktools.editions.untranslated import find_untranslated
from booktools.editions.whole import fill_book
from booktools.problem import BookError, Problem
from booktools.source.chapter import read_book, read_chapter
from tests.books import CASES
from tests.editions import without_code

FOLDER = CASES / "editions"
MISTAKES = sorted((FOLDER / "mistakes").glob("*.yml"))
SETTINGS = sorted((FOLDER / "settings").glob("*.yml"))
LIMITS = "chapters/limits.md"
SAME = ("zh_CN", "zh_CN")


@pytest.fixture
def book(make_book) -> Path:
    """Make a book with an English edition."""
    return make_book(FOLDER / "book")


@pytest.fixture
def translate(run):
    """Run the command of translators."""
    return lambda *words: run(
        "-m", "booktools", "translate", *words, "--book", "book"
    )


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{path}: {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new), "utf-8", newline="\n")


def fill_all(root: Path):
    return fill_book(read_book(root), read_editions(root)[0])


@pytest.mark.parametrize("case", MISTAKES, ids=[c.stem for c in MISTAKES])
def test_mistake(case, book, translate, expect):
    for change in yaml.safe_load(case.read_text("utf-8")):
        edit(book / change["file"], change["old"], change["new"])
    result = translate("check")
    expect(case.with_suffix(".txt"), result.stderr)
    assert not result.stdout
    assert result.returncode == int(": error: " in result.stderr)


@pytest.mark.parametrize("case", SETTINGS, ids=[c.stem for c in SETTINGS])
def test_settings(case, book, translate, expect):
    (book / "_config.yml").write_bytes(case.read_bytes())
    result = translate("status")
    expect(case.with_suffix(".txt"), result.stderr)
    assert (result.stdout, result.returncode) == ("", 1)


def test_every_case_is_expected():
    for cases in (MISTAKES, SETTINGS):
        expected = {path.stem for path in cases[0].parent.glob("*.txt")}
        assert expected == {case.stem for case in cases}


def test_filled_chapter(book, expect):
    chapter = fill_all(book).chapters[LIMITS]
    lines = chapter.text.split("\n")
    shown = [
        f"{path}:{line}: {text}".rstrip()
        for (path, line), text in zip(chapter.places, lines, strict=True)
    ]
    expect(FOLDER / "filled.txt", "\n".join(shown) + "\n")


def test_code_is_that_of_the_source(book):
    source = read_book(book).chapters[1]
    text = fill_all(book).chapters[LIMITS].text
    filled = read_chapter(LIMITS, text.encode(), book)
    assert [c.source for c in filled.cells] == [c.source for c in source.cells]
    assert [c.tags for c in filled.cells] == [c.tags for c in source.cells]
    for checks in zip(filled.checks, source.checks, strict=True):
        assert checks[0].source == checks[1].source
    figure = filled.cells[0].options["mystnb"]["figure"]
    assert figure == {
        "name": "fig-square",
        "caption": "It's the parabola $y=x^2$",
    }


def test_what_is_not_translated_is_missing(book):
    filled = fill_all(book)
    assert filled.missing == ("chapters/later.md",)
    assert [*filled.chapters] == ["index.md", LIMITS, "chapters/glossary.md"]


def test_problems_are_where_an_author_can_fix_them(book):
    filled = fill_all(book)
    lines = filled.chapters[LIMITS].text.split("\n")
    source = (book / LIMITS).read_text("utf-8").split("\n")
    edition = (book / "en" / LIMITS).read_text("utf-8").split("\n")

    def locate(text: str) -> Problem:
        problem = Problem(LIMITS, lines.index(text) + 1, "rule", "what")
        return filled.locate(problem)

    code, prose = "    return x ** 3", "Sums have no number:"
    expected = Problem(LIMITS, source.index(code) + 1, "rule", "what")
    assert locate(code) == expected
    line = edition.index(prose) + 1
    expected = Problem(f"en/{LIMITS}", line, "rule", "what")
    assert locate(prose) == expected
    elsewhere = Problem("chapters/later.md", 2, "rule", "what")
    assert filled.locate(elsewhere) == elsewhere


def test_a_problem_of_the_whole_chapter_is_at_its_line(book):
    # An edition's own file is not looked through for these.
    edit(book / "en" / LIMITS, "Here it is:", "Here it is:\n\x0b")
    with pytest.raises(BookError) as error:
        fill_all(book)
    [problem] = error.value.problems
    assert problem.rule == "control-character"
    text = (book / "en" / LIMITS).read_text("utf-8")
    line = text.split("\n").index("\x0b") + 1
    assert (problem.path, problem.line) == (f"en/{LIMITS}", line)


ODD = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
# 没有标签

1. > $$
   > a = b
   > $$ (eq-a)
   >
   > ```{check} eq-a
   > assert tex == 1
   >
   > assert tex == 2
   > ```

   ~~~~{check} eq-c
   assert tex != '''
   ```
   ~~~
   '''
   ~~~~

````{note}
$$ c = d $$ (eq-c)

```{math}
:label: eq-d

d
```

```{check} eq-d

assert tex == 3
```
````

````{code-cell} ipython3
:tags: [hide-input]
:mystnb:
:  figure:
:    caption: 一
:      二
:    name: fig-a
:  image: {alt: '三'}

print('''
```
''')
````

  ```{code-cell}
  ---
  mystnb:
    code_prompt_show: "看"
    figure:
      caption: >-
        四,
        五
    image: {alt: '{}'}
  ---

  x = 1
  ```

```{code-cell}
```

## 也没有

```{code-cell}
:tags: []
```
"""


@pytest.mark.parametrize("name", ["odd", "index", "limits", "glossary"])
def test_a_copy_without_code_gives_the_source(name, book):
    text = ODD
    if name != "odd":
        folder = book if name == "index" else book / "chapters"
        text = (folder / f"{name}.md").read_text("utf-8")
    copy = without_code(text)
    assert name in ("index", "glossary") or len(copy) < len(text)
    source, edition = File("a.md", text), File("en/a.md", copy)
    assert fill(source, edition, SAME).text == text


def test_fences_are_as_long_as_the_code_needs():
    copy = without_code(ODD).replace("~~~~", "```").replace("````{c", "```{c")
    copy = copy.replace("{code-cell} ipython3", "{code-cell}")
    copy = copy.replace("'三'}\n\n````", "'三'}\n\n```")
    assert copy.count("~~~") == 0
    filled = fill(File("a.md", ODD), File("en/a.md", copy), SAME).text
    ours, theirs = (read_chapter("a.md", t.encode()) for t in (ODD, filled))
    assert ours == theirs


@pytest.mark.parametrize("margin", ["", "  "])
@pytest.mark.parametrize(
    "caption",
    [
        *("A: b, c # d", "It's {a}", "'", '"', r"\frac{1}{2}", "- a", "@a"),
        *("two\nlines", "tab\there", "é “quoted”", "1", "null", "x: [", "%"),
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        ":mystnb: {figure: {name: fig-a, caption: 'o'}, image: {alt: o}}",
        ':mystnb: {figure: {caption: o, name: fig-a}, image: {alt: "o"}}',
        "---\nmystnb:\n  image:\n    alt: >\n      o\n      o\n"
        "  figure:\n    caption: |\n      o\n\n      o\n    name: fig-a\n---",
        ":mystnb:\n:  figure:\n:    caption: o\n:      o\n:    name: fig-a\n"
        ":  image:\n:    alt: o",
    ],
)
def test_any_text_fits_into_any_options(options, caption, margin):
    head = "---\nfile_format: mystnb\n---\n# A\n\n"
    code = f"```{{code-cell}}\n{options}\nx = 1\n```\n"
    code = head + textwrap.indent(code, margin)
    own = {"figure": {"caption": caption}, "image": {"alt": f"{caption} too"}}
    line = yaml.safe_dump({"mystnb": own}, allow_unicode=True)
    here = f"{head}```{{code-cell}}\n---\n{line}---\n```\n"
    filled = fill(File("a.md", code), File("en/a.md", here), SAME)
    [cell] = read_chapter("a.md", filled.text.encode()).cells
    assert cell.source == "x = 1"
    own["figure"]["name"] = "fig-a"
    assert cell.options == {"mystnb": own}


def test_nothing_is_lost_in_silence(book):
    """Take out each block; say so, once, unless it is a paragraph."""
    source, text = (
        (book / path).read_text("utf-8") for path in (LIMITS, f"en/{LIMITS}")
    )
    silent = []
    for block in read_outline(text).blocks:
        lines = text.split("\n")
        del lines[block.line - 1 : block.end]
        edition = File(f"en/{LIMITS}", "\n".join(lines))
        try:
            filled = fill(File(LIMITS, source), edition, ("en", "zh_CN"))
            found = filled.warnings
        except BookError as error:
            found = error.problems
        if not found:
            silent.append(block.kind)
        assert all(p.line <= len(lines) for p in found)
    assert {*silent} == {"paragraph"}


def test_a_section_with_a_footnote_is_missing_as_a_whole():
    note = "\nText[^n]\n\n[^n]: Note\n"
    source = f"# A\n\n(sec-b)=\n## B\n\n![b](b.png)\n{note}"
    with pytest.raises(BookError) as error:
        fill(File("a.md", source), File("en/a.md", f"# A\n{note}"), SAME)
    [problem] = error.value.problems
    assert problem.message == "heading 'sec-b' of a.md:4 is missing below"


@pytest.mark.parametrize(
    "options", [":align: left\n:alt: Here", "---\nalt: Here\n---"]
)
def test_the_line_of_a_text_in_options(options):
    text = f"# A\n\n```{{figure}} a.png\n{options}\n```\n"
    found = [
        prose.line
        for prose in read_outline(text).prose
        if prose.text == "Here"
    ]
    assert found == [5]
    assert read_outline(text).blocks[-1].texts == {"alt text": 5}


def test_any_other_text_ends_in_problems(book):
    """No file is so strange that it ends in a traceback."""
    source, text = (
        (book / path).read_text("utf-8") for path in (LIMITS, f"en/{LIMITS}")
    )
    chance = random.Random(1)
    lines = text.split("\n")
    for _ in range(100):
        changed = list(lines)
        at, to = (chance.randrange(len(lines)) for _ in range(2))
        match chance.randrange(4):
            case 0:
                del changed[at:to]
            case 1:
                changed[at:at] = changed[to : to + 5]
            case 2:
                changed[at], changed[to] = changed[to], changed[at]
            case 3:
                changed[at] = changed[at][2:] + chance.choice("`$[]{}()!:|-")
        edition = File(f"en/{LIMITS}", "\n".join(changed))
        with suppress(BookError):
            fill(File(LIMITS, source), edition, ("en", "zh_CN"))


def test_front_matter_comes_from_the_source(book):
    path = book / "en" / LIMITS
    text = path.read_text("utf-8").replace("数学", "so")
    text = text[text.index("(sec-limits)=") :]
    path.write_text(text, "utf-8", newline="\n")
    source = (book / LIMITS).read_text("utf-8")
    matter = source[: source.index("(sec-limits)=")]
    assert fill_all(book).chapters[LIMITS].text.startswith(matter + text[:20])


@pytest.mark.parametrize(
    "matter",
    [
        "{file_format: mystnb, untranslated: [学, 数学]}",
        "# of ours\n{\n  untranslated: [学, 数学],\n}",
        "  file_format: mystnb\n  untranslated: [学, 数学]",
        "# nothing of ours but words that stay: 学, 数学",
    ],
)
def test_front_matter_in_another_form(matter, book):
    """Settings of the source are added in that form."""
    limits = 'limits: {lines: 2000}\nhtml_meta:\n  about: "a: b\\n\\nc"\n'
    edit(book / LIMITS, "limits: {lines: 2000}\n", limits)
    path = book / "en" / LIMITS
    text = path.read_text("utf-8")
    text = text[text.index("\n---\n") :]
    if "untranslated:" not in matter:
        text = text.replace("数学", "so")
    path.write_text(f"---\n{matter}{text}", "utf-8", newline="\n")
    chapter = fill_all(book).chapters[LIMITS]
    found, expected = (
        yaml.safe_load(text.split("\n---\n")[0])
        for text in (chapter.text, (book / LIMITS).read_text("utf-8"))
    )
    found.pop("untranslated", None)
    assert found == expected
    assert len(chapter.places) == chapter.text.count("\n") + 1


def test_a_chapter_of_the_edition_without_source(book, translate):
    (book / "en" / "chapters" / "old.md").write_text("# Old\n", "utf-8")
    (book / "en" / ".cache").mkdir()
    (book / "en" / ".cache" / "a.md").write_text("# Hidden\n", "utf-8")
    result = translate("check")
    assert result.stderr.startswith(
        "en/chapters/old.md:1: error: the book has no chapters/old.md"
    )
    assert result.stderr.endswith("1 problem in 4 chapters\n")
    assert translate("check", "en/chapters/old.md").stderr == result.stderr


PICTURE, INCLUDED = "chapters/img/square.svg", "chapters/parts/hint.md"


@pytest.mark.parametrize(
    ("path", "what", "hint"),
    [
        # Where it should be, nothing is.
        ("en/later.md", "the book has no later.md", "move it to"),
        ("en/chapters/Later.md", "the book has no", "move it to"),
        ("en/chapters/later_.md", "the book has no", "move it to"),
        ("en/chapters/later.ipynb", "chapters/later.md is Markdown", "turn"),
        ("en/chapters/later.markdown", "chapters/later.md is", "turn it"),
        ("en/chapters/later.txt", "chapters/later.md is Markdown", "turn it"),
        # Where it should be, there is one.
        ("en/chapters/limits.ipynb", "the book has no", "remove this file,"),
        ("en/index.txt", "the book has no index.txt", "remove this file,"),
        # The book has it, and it is no chapter.
        (f"en/{INCLUDED}", f"_toc.yml does not name {INCLUDED}", "only chap"),
        (f"en/{PICTURE}", f"{PICTURE} is no chapter", "only chapters have"),
        ("en/_toc.yml", "_toc.yml is no chapter", "what it says in this"),
        ("en/_config.yml", "_config.yml is no chapter", "what it says in"),
    ],
)
def test_a_file_that_nobody_would_read(path, what, hint, book, translate):
    for name in (PICTURE, INCLUDED):
        (book / name).parent.mkdir(exist_ok=True)
        (book / name).write_text("here", "utf-8")
    (book / path).parent.mkdir(exist_ok=True, parents=True)
    (book / path).write_text("there", "utf-8")
    result = translate("check")
    assert result.stderr.startswith(f"{path}:1: error: {what}")
    assert f"\n    hint: {hint}" in result.stderr
    assert "[edition-extra]" in result.stderr
    assert result.returncode == 1
    if hint == "move it to":
        assert "hint: move it to en/chapters/later.md" in result.stderr


def test_other_files_may_lie_there(book, translate):
    for name in (
        "notes.txt",
        ".DS_Store",
        "chapters/words.csv",
        "_build/a.md",
    ):
        path = book / "en" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("there", "utf-8")
    assert translate("check").returncode == 0


def test_front_matter_that_does_not_end(book, translate):
    edit(book / "en" / LIMITS, "]\n---\n", "]\n")
    result = translate("check")
    assert result.stderr.startswith(
        f"en/{LIMITS}:1: error: this front matter does not end [front-matter]"
    )


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        *(("{a: b}", False), ("[{a: b}]", False), ("[[a]]", False)),
        *(("true", False), ("2024", True), ("[数学, 1]", True)),
        *(("数学", True), ("", True), ("''", True)),
    ],
)
def test_words_that_stay_are_words(value, is_right, book, translate):
    path = book / "en" / "index.md"
    text = path.read_text("utf-8")
    path.write_text(f"---\nuntranslated: {value}\n---\n{text}", "utf-8")
    result = translate("check")
    assert result.returncode == int(not is_right)
    assert is_right or result.stderr.startswith(
        "en/index.md:2: error: untranslated lists words, not "
    )


def test_between_languages_with_the_same_letters():
    text = "(sec-a)=\n# A\n\nThe limit of difference quotients exists.\n"
    more = "\n```{code-cell}\n```\n"
    head = "---\nfile_format: mystnb\n---\n"
    source, same = File("a.md", head + text + more), head + text + more
    languages = ("de", "en")
    with pytest.raises(BookError, match=r"de/a\.md:7: .*\[untranslated\]"):
        fill(source, File("de/a.md", same), languages)
    own = same.replace("The limit of", "Grenzwerte sind")
    assert fill(source, File("de/a.md", own), languages).text == own


@pytest.mark.parametrize(
    ("languages", "text", "is_left"),
    [
        (("de", "en"), "However, this is wrong: why, then, not?", True),
        (("de", "en"), "See `limits` and $x \\frac a b$, 17.", False),
        (("zh_TW", "zh_CN"), "它有多快，要看前面走了多少步。", True),
        (("ja", "zh_CN"), "它有多快，要看前面走了多少步。", True),
        (("ja", "zh_CN"), "微分、積分。", False),
    ],
)
def test_what_is_equal_in_both(languages, text, is_left):
    [line] = read_outline(f"{text}\n").prose
    found = [*find_untranslated("a.md", [line], [line], languages, [])]
    assert bool(found) == is_left


def test_settings_that_nobody_has_translated(book, translate):
    config = book / "_config.yml"
    title = yaml.safe_load(config.read_text("utf-8"))["title"]
    edit(config, "{正文: Main part}", "{正文: 正文}")
    edit(config, "        title: Limits\n", f"        title: {title}\n")
    result = translate("check")
    lines = config.read_text("utf-8").split("\n")
    places = [
        i for i, line in enumerate(lines, 1) if line.startswith("        t")
    ]
    said = re.findall(r"^_config.yml:(\d+): error: (.*)", result.stderr, re.M)
    rest = "is not in the language of this edition [untranslated]"
    assert said == [
        (str(places[0]), f"{title!r} {rest}"),
        (str(places[1]), f"'正文' {rest}"),
    ]


@pytest.mark.parametrize(
    ("languages", "text", "is_left"),
    [
        (("en", "ru"), "Предел", True),
        (("en", "ru"), "`Предел` and $a$", False),
        (("ja", "zh_CN"), "極限はひらがな", False),
        (("zh_TW", "ja"), "ひらがな", True),
        (("en", "de"), "größer", False),
        (("fr", "el"), "le nombre π", True),
        (("zh_CN", "en"), "limit 极限", False),
    ],
)
def test_what_is_left_of_another_language(languages, text, is_left):
    source, edition = "# A\n\nSource\n", f"# A\n\n{text}\n"
    try:
        fill(File("a.md", source), File("x/a.md", edition), languages)
        found = False
    except BookError as error:
        found = [p.rule for p in error.problems] == ["untranslated"]
    assert found == is_left


@pytest.mark.parametrize(
    ("text", "is_left"),
    [
        ("{guilabel}`保存`", True),
        ("{abbr}`TeX (排版)`", True),
        (r"{math}`x \text{当} y`", True),
        ("{ref}`保存 <sec-a>`", True),
        ("{code}`保存`", False),
        ("{cite:t}`保存`", False),
        ("{ref}`保存`", False),
        ("{term}`保存`", True),
        ("{term}`save <保存>`", False),
        ("{math}`a < b`", False),
    ],
)
def test_text_in_roles(text, is_left):
    outline = read_outline(f"# A\n\nSee {text}.\n")
    languages = ("en", "zh_CN")
    found = [*find_untranslated("a.md", outline.prose, [], languages, [])]
    assert bool(found) == is_left


@pytest.mark.parametrize(
    ("ours", "theirs", "is_warned"),
    [
        (r"$\beta$", r"$\eta$", True),
        (r"$\Delta x$", r"$\partial x$", True),
        (r"$\nabla f$", "$f$", True),
        ("$f'(1) = 2$", "$f(1) = 2$", True),
        (r"$\lim_{h \to 0} h$", r"$\lim_{h \to \infty} h$", True),
        ("$-1 + 2h$", "$1 - 2h$", True),
        ("$10^{-6}$", "$10^{6}$", True),
        ("$x > 0$", "$x < 0$", True),
        ("$y=2x-3$，$y=2x-3$", "$y=2x-5$, and again $y=2x-3$", True),
        # What is written in another way says the same.
        (r"$a \le b$", r"$a\leq b.$", False),
        (r"$\frac12\,x$", r"$\dfrac{1}{2} x$", False),
        (r"$\left(a\right) \to b$", r"$(a) \rightarrow b$", False),
        (r"$x \text{ 当 } y$", r"$x \text{ if } y$", False),
        ("$a$ 和 $b$", "$b$ and $a$, and $a$, and $a+b$", False),
        ("$a$，$a$", "$a$", False),
    ],
)
def test_formulas_in_sentences(ours, theirs, is_warned):
    source = Side("a.md", read_outline(f"# A\n\n关于 {ours}。\n"))
    edition = Side("en/a.md", read_outline(f"# A\n\nOn {theirs}.\n"))
    result = compare(source, edition)
    assert not result.problems
    said = [(w.path, w.line, w.rule) for w in result.warnings]
    assert said == [("en/a.md", 3, "edition-differs")] * is_warned


@pytest.mark.parametrize(
    ("ours", "theirs", "lines"),
    [
        (["$0$", "$2$"], ["$2$", "$0$"], [5, 6]),
        (["6", "9"], ["9", "6"], [5, 6]),
        (["-1。", "1。"], ["1.", "1."], [5]),
        (["`a`", "一个词"], ["`b`", "a word"], [5]),
        (["2 次", "$2x$"], ["once", "$2 x$."], []),
        (["零", "0"], ["$0$", "0"], []),
    ],
)
def test_answers_without_words(ours, theirs, lines):
    outlines = [
        read_outline(
            "# A\n\n```{guess}\n"
            f"{question}\n- [x] {answers[0]}\n- [ ] {answers[1]}\n```\n"
        )
        for question, answers in (("多少？", ours), ("How much?", theirs))
    ]
    result = compare(Side("a.md", outlines[0]), Side("en/a.md", outlines[1]))
    assert [p.line for p in result.problems] == lines


def find_problems(
    source: str, edition: str, languages: tuple[str, str] = ("en", "zh_CN")
) -> list[str]:
    """Fill a file; return what is wrong with it, without hints."""
    try:
        fill(File("a.md", source), File("en/a.md", edition), languages)
    except BookError as error:
        return [str(problem).split("\n")[0] for problem in error.problems]
    return []


PIPES = "| a | b |\n| --- | --- |\n| c | d |\n"
LIST = """\
```{list-table} t
:header-rows: 1

- - a
  - b
- - c
  - d
```
"""
CSV = """\
```{csv-table} t
:header: '"a, b", c'

d, "e

f"
g, h
```
"""
CELL = """\
```{code-cell}
:tags: [hide-input]
:mystnb:
:  figure:
:    caption: a
:  image:
:    alt: b
```
"""


@pytest.mark.parametrize(
    ("source", "old", "new", "said"),
    [
        # What is left empty is told at its line.
        (CELL, "caption: a", "caption: ' '", "8: this code cell has no capt"),
        (CELL, "caption: a", "caption:", "8: this code cell has no caption"),
        (CELL, "alt: b", "alt: ''", "10: this code cell has no alt text"),
        (CELL, "alt: b", "alt:", "10: this code cell has no alt text"),
        (CELL, "alt: b", "alt: ~", "10: this code cell has no alt text"),
        (
            *("```{figure} a.png\n:width: 9px\n:alt: a\n```\n", ":alt: a"),
            *(":alt:", "6: this {figure} has no alt text"),
        ),
        (
            *("```{image} a.png\n:alt: a\n```\n", ":alt: a"),
            *(":alt: ''", "5: this {image} has no alt text"),
        ),
        ("[^n]\n\n[^n]: a\n", ": a", ":", "6: this footnote has no text"),
        ("## a\n", "## a", "##", "4: this heading has no title"),
        (
            *("```{glossary}\na\n  b\n```\n", "a\n  b", "a"),
            "5: this term has no explanation",
        ),
        # Cells of tables, their rows and columns.
        (PIPES, "| d", "|", "6: this table has no text in row 2, column 2"),
        (PIPES, "| a", "|", "4: this table has no text in row 1, column 1"),
        (PIPES, "\n| c | d |", "", "4: size of this table: 1 row, 2 columns "),
        (LIST, "- d", "-", "10: this {list-table} has no text in row 2, col"),
        (LIST, "- - c", "- -", "9: this {list-table} has no text in row 2"),
        (LIST, "- - c\n  - d\n", "", "4: size of this {list-table}: 1 row, "),
        (LIST, "  - b\n- - c\n  - d\n", "- - c\n", "4: size of this {list-"),
        (CSV, "g, h", "g,", "10: this {csv-table} has no text in row 2, col"),
        (CSV, "d, ", '"", ', "7: this {csv-table} has no text in row 1, col"),
        (CSV, "g, h\n", "", "4: size of this {csv-table}: 1 row, 2 columns "),
        (CSV, "g, h", "g", "10: this {csv-table} has no text in row 2, colu"),
        (CSV, 'b", c', 'b"', "4: header of this {csv-table}: 1 column here"),
        # These are no different.
        (CSV, "d, ", '"d, D", ', ""),
        (LIST, "- d", "- $d$", ""),
        (LIST, "- d", "- d\n\n    and more", ""),
        ("| | b |\n| --- | --- |\n| c | d |\n", "| | b", "| a | b", ""),
    ],
)
def test_what_is_left_out(source, old, new, said):
    head = "---\nfile_format: mystnb\n---\n"
    source = head + source
    assert source.count(old) == 1
    edition = source.replace(old, new)
    found = find_problems(source, edition, SAME)
    expected = said.partition(": ")
    assert len(found) == bool(said)
    for problem in found:
        line, _, text = expected
        assert problem.startswith(f"en/a.md:{line}: error: {text}")


LEFT = "'中文' is not in the language of this edition"


@pytest.mark.parametrize(
    ("source", "old", "line", "said"),
    [
        ('[a](b.md "中文")\n', "中文", 4, LEFT),
        ('[a]\n\n[a]: b.md "中文"\n', "中文", 4, LEFT),
        ('![a](b.png "中文")\n', "中文", 4, LEFT),
        *(
            (f"```{{{name}}} x\n:{option}: 中文\n\ny\n```\n", "中文", 5, LEFT)
            for name, options in {
                "code-block": ["caption"],
                "sourcecode": ["caption"],
                "literalinclude": ["caption"],
                "table": ["caption"],
                "list-table": ["caption"],
                "figure": ["alt"],
                "csv-table": ["header"],
                "card": ["header", "footer", "link-alt", "img-alt"],
                "grid-item-card": ["header", "footer", "link-alt", "img-alt"],
                "article-info": ["avatar-alt", "author", "date", "read-time"],
                "button-ref": ["tooltip"],
                "sidebar": ["subtitle"],
                "toctree": ["caption"],
            }.items()
            for option in options
        ),
        *(
            (f"{mark}\n", mark, 4, f"{mark!r} is not in")
            for mark in [
                "《",
                "》",
                "「",
                "』",
                "【",
                "〖",
                "〈",
                "〜",
                "々",
                "〇",
            ]
        ),
        *(
            (f"a{mark}\n", mark, 4, f"{mark!r} is not in")
            for mark in ["，", "｢", "｡", "︵", "㈠", "㊀", "㎏"]
        ),
    ],
)
def test_where_text_is_left(source, old, line, said):
    source = f"---\nfile_format: mystnb\n---\n{source}"
    assert find_problems(source, source.replace(old, "b")) == []
    [found] = find_problems(source, source)
    assert found.startswith(f"en/a.md:{line}: error: {said}")


@pytest.mark.parametrize(
    "text", ["“so” ‘so’ … —", "⟨x⟩", "10 m² ½ ①", "α → β", "été ß œ", "😀"]
)
def test_signs_that_all_languages_have(text):
    assert find_problems("中文\n", f"{text}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "[a](b.md)",
        "```{code-block} text\n:caption: a\n:name: b\n\nc\n```",
        "```{literalinclude} b\n:caption: a\n```",
        "```{card} b\n:link-alt: a\n```",
    ],
)
def test_a_text_of_an_option_is_lost(text):
    lost = "\n".join(t for t in text.split("\n") if not t.endswith(": a"))
    found = find_problems(text, lost, SAME)
    assert len(found) == (lost != text)
    for problem in found:
        assert problem.startswith("en/a.md:1: error: this ")
        assert " has no " in problem


@pytest.mark.parametrize(
    ("there", "here", "is_same"),
    [
        *(
            (rf"x \{name}{{若 {{b}}}} y", rf"x \{name}{{if}} y", True)
            for name in [
                *("text", "textnormal", "textrm", "textsf", "texttt"),
                *("textbf", "textit", "textmd", "textsc", "textsl", "textup"),
                *("emph", "mbox", "hbox", "tag", "tag*", "operatorname"),
                *("operatorname*", "mathrm", "mathbf", "mathit", "mathsf"),
            ]
        ),
        (r"\mathrm{损失}(x)", r"\mathrm{loss}(x)", True),
        (r"\mathrm {损失}(x)", r"\mathrm{loss}(x)", True),
        (r"\mathrm{损失}(x)", r"\mathrm{loss}(y)", False),
        (r"\mathrm{损失}(x)", r"\mathrm{loss}", False),
        (r"\mathrm{损失}(x)", r"\mathbf{loss}(x)", False),
        # Names that both languages can write are the same.
        (r"\operatorname{argmax} x", r"\operatorname{argmin} x", False),
        (r"\mathrm{d}x", r"\mathrm{e}x", False),
        (r"\mathrm d x", r"\mathrm{d}x", False),
        (r"x \tag{1}", r"x \tag{2}", False),
    ],
)
def test_words_in_formulas(there, here, is_same):
    tex = "$$\n{}\n$$ (eq-a)\n\n```{{check}} eq-a\n```\n\nAnd ${}$.\n"
    source, edition = tex.format(there, there), tex.format(here, here)
    try:
        filled = fill(File("a.md", source), File("b.md", edition), SAME)
        found = [str(problem) for problem in filled.warnings]
    except BookError as error:
        found = [str(problem) for problem in error.problems]
    assert bool(found) == (not is_same)
    left = [*find_problems(source, source)]
    assert bool(left) == (not there.isascii())


def test_a_flag_is_set_or_not():
    text = "```{{dropdown}} a\n{}\n\nb\n```\n"
    one, other = (text.format(flag) for flag in (":open:", ":color: info"))
    here, there = (
        "\n".join(find_problems(*texts, SAME))
        for texts in ((one, other), (other, one))
    )
    assert "open of this {dropdown}: not set here, set in a.md:1 [" in here
    assert "open of this {dropdown}: set here, not set in a.md:1 [" in there


@pytest.mark.parametrize("above", ["\n", "\n  \n", "<!-- mine -->\n"])
def test_front_matter_below_the_first_line(above, book, translate):
    path = book / "en" / LIMITS
    text = path.read_text("utf-8")
    path.write_text(above + text, "utf-8", newline="\n")
    lines = translate("check").stderr.split("\n")
    line = above.count("\n") + 1
    assert lines[0] == (
        f"en/{LIMITS}:{line}: error: front matter begins on line 1, and"
        " nowhere else [front-matter]"
    )
    assert lines[1].strip() == "hint: remove what stands above it"
    assert lines[2] == "1 problem in 4 chapters"


def test_a_rule_above_a_heading_is_no_front_matter():
    text = "\n---\n\n## a\n\n---\n\nname: b\n\n---\n"
    assert find_problems(text, text, SAME) == []


@pytest.mark.parametrize(
    ("here", "rest", "said"),
    [
        # Without one of its own, an edition gets that of the source.
        ("", "", "1: error: front matter has no {}.description, but that of "),
        ("robots: index", "", "1: error: front matter has no {}.description"),
        ("robots: b, description: 中文", "", f"3: error: {LEFT}"),
        ("robots: b, description: a", "", ""),
        ("robots: b, description: 中文", "untranslated: 中文\n", ""),
        # What it has of its own takes the place of all that is there.
        ("description: a", "", "1: error: front matter has no {}.robots, but"),
        ("", "untranslated: 中文\n", ""),
    ],
)
@pytest.mark.parametrize(
    "place",
    # MyST takes them without `myst`, too.
    ["myst.html_meta", "myst.substitutions", "html_meta", "substitutions"],
)
def test_texts_of_front_matter(place, here, rest, said):
    def text(settings: str, rest: str) -> str:
        for name in reversed(place.split(".") if settings else ""):
            settings = f"{name}: {{{settings}}}"
        return f"---\nfile_format: mystnb\n{settings}\n{rest}---\na\n"

    there = text("robots: noindex, description: 中文", "")
    found = find_problems(there, text(here, rest))
    assert len(found) == bool(said)
    start = f"en/a.md:{said.format(place)}"
    assert "".join(found).startswith(start if said else "")


def test_other_settings_of_myst():
    head = "---\nmyst: {title_to_header: true, html_meta: {about: %s}}\n---\n"
    there, here = head % "中文", head % "a"
    assert find_problems(there, here) == []
    [found] = find_problems(there, here.replace("title_to_header: true, ", ""))
    assert "front matter has no myst.title_to_header, but" in found


def test_texts_of_front_matter_with_the_same_letters():
    head = "---\nmyst: {html_meta: {description: %s, robots: index}}\n---\na\n"
    there = head % "The limit of difference quotients"
    languages = ("de", "en")
    for here in ("a\n", there):
        [found] = find_problems(there, here, languages)
        assert "edition-missing" in found or "untranslated" in found
    assert not find_problems(there, head % "Grenzwerte", languages)


def test_brackets_around_what_stays():
    head = "---\nuntranslated: [中文]\n---\n"
    assert find_problems("a\n", f"{head}《中文》, 「中文」, 中文\n") == []
    [found] = find_problems("a\n", f"{head}中文 《b》\n")
    assert "'《b》' is not in" in found


PART = ":end-before: 这\n```\n"
INCLUDE = "```{include} ../parts/NAME.md\n```\n"
NOT_TRANSLATED = "{}:3, included here: '这一段也要' is not in the language"


@pytest.mark.parametrize(
    ("here", "said"),
    [
        # As in the source; in a file that includes that; a part of it.
        (
            INCLUDE.replace("NAME", "much"),
            NOT_TRANSLATED.format("parts/much.md"),
        ),
        (
            INCLUDE.replace("NAME", "again"),
            NOT_TRANSLATED.format("parts/much.md"),
        ),
        (INCLUDE.replace("NAME", "much").replace("```\n", PART), ""),
        # What an author can do.
        ("A text that the source has in another file.\n", ""),
        (INCLUDE.replace("NAME", "much.en"), ""),
        ("```{include} ../parts/much.md\n:literal:\n```\n", "is not in"),
        # Nothing in its place.
        ("", "warning: the text of ../parts/much.md, which chapters/limits"),
    ],
)
def test_included_texts(here, said, book, translate):
    (book / "parts").mkdir()
    for name, text in {
        "much": "Fine\n\n这一段也要\n",
        "again": "```{include} much.md\n```\n",
        "much.en": "This one is translated.\n",
    }.items():
        (book / f"parts/{name}.md").write_text(text, "utf-8")
    there = "先看一个{term}`极限`。[^history]\n"
    include = INCLUDE.replace("NAME", "much")
    edit(book / LIMITS, there, f"{there}\n{include}")
    first = "in Chinese, mathematics is 数学.[^history]\n"
    edit(book / "en" / LIMITS, first, f"{first}\n{here}")
    result = translate("check")
    assert said in result.stderr
    assert bool(said) == bool(result.stderr)
    if here and said:
        assert result.stderr.startswith(f"en/{LIMITS}:13: error: ")
        assert result.returncode == 1


def test_a_section_whose_only_text_is_included(book, translate):
    (book / "parts").mkdir()
    (book / "parts/more.md").write_text("还有一段。\n", "utf-8")
    more = "(sec-more)=\n## {}\n\n{}"
    include = INCLUDE.replace("NAME", "more")
    with (book / LIMITS).open("a", encoding="utf-8") as file:
        file.write("\n" + more.format("还有", include))
    with (book / "en" / LIMITS).open("a", encoding="utf-8") as file:
        file.write("\n" + more.format("More", ""))
    assert "section 'sec-more' has no text" in translate("check").stderr


def test_a_folder_takes_the_place_of_a_file(book, tmp_path):
    """And a file that of a folder."""
    folder = tmp_path / "en"
    for names in (("data", "words/a.csv"), ("data/a.csv", "words")):
        (book / "data").unlink(missing_ok=True)
        shutil.rmtree(book / "words", ignore_errors=True)
        for name in names:
            (book / name).parent.mkdir(exist_ok=True)
            (book / name).write_text(name, "utf-8")
        write_edition(read_book(book), fill_all(book), folder, tmp_path)
        for name in names:
            assert (folder / name).read_text("utf-8") == name


def test_a_file_that_is_gone_when_it_is_copied(book, tmp_path, monkeypatch):
    folder = tmp_path / "en"
    found = {"gone.txt": book / "gone.txt", "index.md": book / "index.md"}
    monkeypatch.setattr(standalone, "_others", lambda *_: found.items())
    monkeypatch.setattr(standalone, "_chapters", lambda *_: ({}, {}))
    write_edition(read_book(book), fill_all(book), folder, tmp_path)
    assert not (folder / "gone.txt").exists()
    assert (folder / "index.md").read_bytes() == found["index.md"].read_bytes()


def test_a_record_of_copies_that_was_written_half(book, tmp_path):
    folder = tmp_path / "en"
    write_edition(read_book(book), fill_all(book), folder, tmp_path)
    (folder / COPIED).write_text("{", "utf-8")
    write_edition(read_book(book), fill_all(book), folder, tmp_path)
    assert "pyproject.toml" in json.loads((folder / COPIED).read_text("utf-8"))


def test_editions(book):
    [edition] = read_editions(book)
    toc = {"正文": "Main part"}
    assert edition == Edition("en", "Limits", "The authors", toc)
    assert edition.path(LIMITS) == f"en/{LIMITS}"
    table = yaml.safe_load((book / "_toc.yml").read_text("utf-8"))
    translated = edition.translate_toc(table)
    assert translated["parts"][0]["caption"] == "Main part"
    translated["parts"][0]["caption"] = "正文"
    assert translated == table
