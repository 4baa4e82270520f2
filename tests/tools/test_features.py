"""A book does without any of the features that its settings switch off."""

import json

import pytest

from booktools.source.chapter import read_book
from booktools.source.text import load_yaml
from booktools.sphinxext import FEATURES
from booktools.sphinxext.features import OPTIONAL, find_misfits
from tests.books import CASES, ROOT, Book, write_book

# By what in the chapter one sees that a feature is on.
ON_PAGE = {
    "checks": 'class="check"',
    "copying": "book-sections",
    "formulas": 'class="katex',
    "tooltips": "tooltips.js",
    "saved_names": "saved-badge",
    "exercises": 'id="solution-ex-one"',
    "slides": "slides.js",
    "figures": 'decoding="async"',
    "progress": "book-chapters",
    "launch": "colab.svg",
    "filters": "filters.js",
    "csp": "Content-Security-Policy",
    "page_weight": "_static/book.css",
}
# The same, by which files there are.
ON_SITE = {
    "notebooks": "_notebooks/chapters/all.ipynb",
    "search": "pagefind/pagefind.js",
    "previews": "404.html",
}
# What has no mark, or one that others have, too.
UNMARKED = {"highlighting", "guesses", "touch", "boundaries"}
# What has nothing to show without another.
FOLLOWS = {"notebooks": {"launch"}}

DIRECTIVES = {"guesses": "guess", "saved_names": "saved-names"}
DIRECTIVES["touch"] = "touch"


def with_those_that_need(name):
    """Return a feature, and those that have to be off where it is."""
    off = {name}
    for other, needs in OPTIONAL.items():
        if off.intersection(needs):
            off.add(other)
    return off


def write(root, off):
    write_book(root, CASES / "books" / "features")
    config = root / "_config.yml"
    features = json.dumps(dict.fromkeys(sorted(off), False))
    old = "booktools_package: tools"
    text = config.read_text("utf-8")
    assert old in text
    new = f"{old}, booktools_features: {features}"
    config.write_text(text.replace(old, new), "utf-8")
    return root


def found(book):
    """Return the features that one sees."""
    page = (book.html / "chapters" / "all.html").read_text("utf-8")
    files = book.site()
    return {name for name, mark in ON_PAGE.items() if mark in page} | {
        name for name, file in ON_SITE.items() if file in files
    }


def build(root, builder, off, **environment):
    book = Book(write(root, off), builder, GITHUB_REPOSITORY="a/b")
    book.extract()
    book.succeed(**environment)
    return book


def test_all_of_them_are_known():
    assert [*OPTIONAL] == [name for name in FEATURES if name in OPTIONAL]
    assert OPTIONAL.keys() == {*ON_PAGE, *ON_SITE, *UNMARKED}
    for needs in OPTIONAL.values():
        assert OPTIONAL.keys() >= {*needs}


def test_the_table_in_the_readme():
    text = (ROOT / "booktools" / "README.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.count("|") == 6]
    rows = [[part.strip() for part in row[2:].split("|")] for row in lines]
    rows = [row[:5] for row in rows if row[0].startswith("`")]
    assert [name for name, *_ in rows] == [f"`{name}`" for name in OPTIONAL]
    for (_, default, does, needs, without), wanted in zip(
        rows, OPTIONAL.values(), strict=True
    ):
        assert default == "on"
        assert does
        assert without
        assert {name for name in OPTIONAL if f"`{name}`" in needs} == {*wanted}


def test_all_of_them_are_there(builder, tmp_path):
    assert found(build(tmp_path / "book", builder, ())) == {*ON_PAGE, *ON_SITE}


def test_none_of_them_is_there(builder, tmp_path):
    # There is no Node.js, which only formulas and modules of figures need.
    path = tmp_path / "bin"
    path.mkdir()
    book = build(tmp_path / "book", builder, OPTIONAL, PATH=str(path))
    assert found(book) == set()
    # Instead there is what the theme has.
    assert "searchindex.js" in book.site()
    page = book.read("_build/html/chapters/all.html")
    assert "MathJax" in page
    assert "1 + 1 = 2" in page
    assert "assert" not in page
    # Once more on, it is as if they had never been off.
    (book.root / "_config.yml").unlink()
    write(book.root, ())
    book.succeed()
    clean = build(tmp_path / "clean" / "book", builder, ())
    assert book.site() == clean.site()


@pytest.mark.nightly
@pytest.mark.parametrize("name", OPTIONAL)
def test_one_of_them_is_off(name, builder, tmp_path):
    off = with_those_that_need(name)
    there = found(build(tmp_path / "book", builder, off))
    expected = {*ON_PAGE, *ON_SITE} - off - FOLLOWS.get(name, set())
    assert there == expected


@pytest.mark.parametrize("feature", DIRECTIVES)
def test_a_directive_of_one_that_is_off(feature, builder, tmp_path):
    book = Book(write(tmp_path / "book", {feature}), builder)
    name = DIRECTIVES[feature]
    book.add("chapters/all.md", f"\n```{{{name}}}\nWhat?\n```\n")
    line = book.read("chapters/all.md").count("\n") - 2
    book.extract()
    result = book.build()
    assert result.returncode == 1
    assert (
        f"chapters/all.md:{line}: error: {{{name}}} is of the feature"
        f" {feature}, which is off [feature]\n"
        f"    hint: take it out, or {feature}: false out of _config.yml"
    ) in result.stderr


def test_formulas_need_no_check_where_checks_are_off(tmp_path):
    root = write(tmp_path / "book", {"checks"})
    chapter = root / "chapters" / "all.md"
    text = chapter.read_text("utf-8") + "\n$$\nx\n$$ (eq-unchecked)\n"
    chapter.write_text(text, "utf-8")
    (read,) = (c for c in read_book(root).chapters if c.name == "all")
    assert [formula.label for formula in read.formulas] == [
        *("eq-sum", "eq-unchecked")
    ]
    assert read.checks == ()


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ("{serch: false}", "no feature 'serch' to switch off|search?"),
        ("{csp: no, boundaries: no, page: no}", "no feature 'page' to|page_"),
        ("{zzz: false}", "no feature 'zzz' to switch off|there are checks, "),
        ("{1: false}", "no feature 1 to switch off|there are checks, "),
        ("{search: maybe}", "true or false, not 'maybe'|search: false"),
        ("{search: }", "true or false, not 'None'|search: false"),
        ("[search]", "should be lines NAME: false|search: false"),
        ("search", "should be lines NAME: false|search: false"),
        ("{csp: false}", "boundaries needs csp, which is off|boundaries: f"),
        ("{search: false}", ""),
        ("{search: true}", ""),
        ("{}", ""),
        ("", ""),
        ("{formulas: no, csp: no, boundaries: no}", ""),
    ],
)
def test_what_is_wrong_with_the_setting(features, said):
    text = f"sphinx:\n  config:\n    booktools_features: {features}\n"
    problems = list(find_misfits(text, load_yaml(text, "_config.yml")))
    what, _, hint = said.partition("|")
    assert len(problems) == bool(said), problems
    for problem in problems:
        assert (problem.path, problem.line) == ("_config.yml", 3)
        assert what in problem.message
        assert hint in problem.hint


def test_all_that_needs_what_is_off_is_named():
    text = "sphinx:\n config:\n  booktools_features:\n   formulas: false\n"
    said = [p.message for p in find_misfits(text, load_yaml(text, ""))]
    assert said == [
        "csp needs formulas, which is off",
        "boundaries needs csp, which is off, too, then",
    ]


@pytest.mark.parametrize(
    ("setting", "feature"),
    [
        ("mathjax3_config: {options: {a: 1}}", "formulas"),
        ("html_search_options: {dict: a}", "search"),
        ("thebe_config: {a: 1}", "csp"),
    ],
)
def test_a_setting_has_its_effect_where_a_feature_is_off(
    setting, feature, builder, tmp_path
):
    off = with_those_that_need(feature)
    for features, status in (((), 1), (off, 0)):
        root = write(tmp_path / str(status) / "book", features)
        book = Book(root, builder)
        old = "language: en"
        book.replace("_config.yml", old, f"{old}, {setting}")
        book.extract()
        result = book.build()
        assert result.returncode == status, result.stderr
        assert ("has no effect [setting]" in result.stderr) == bool(status)
