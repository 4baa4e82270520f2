"""Rules that a book, or a chapter, can switch off."""

import pytest

from booktools.problem import BookError
from booktools.source.chapter import read_book
from booktools.source.package import render_package
from booktools.source.rules import RULES
from tests.books import ROOT

HEAD = "---\nfile_format: mystnb\n---\n(sec-a)=\n# A\n\n"
CELL = "```{code-cell}\nimport d2lmini\n\nd2lmini.later\n```\n"
SAVE = "\n```{code-cell}\nlater = 1  #@save\n```\n"

# What breaks a rule.  Of these, Sphinx has to see the page.
ON_PAGES = {"alt-text", "directive-option"}
BREACHES = {
    "unlisted-chapter": {"chapters/b.md": "(sec-b)=\n# B\n"},
    "helper-order": {"chapters/a.md": HEAD + CELL + SAVE},
    "unsaved-helper": {
        "chapters/a.md": HEAD + CELL + SAVE.replace("  #@save", "")
    },
    "second-title": {"chapters/a.md": HEAD + "(sec-b)=\n# B\n"},
    "lost-table": {"chapters/a.md": HEAD + "| a | b |\n|---|\n"},
    "heading-label": {"chapters/a.md": HEAD + "## B\n"},
    "undefined-footnote": {"chapters/a.md": HEAD + "Text[^1].\n"},
    "unused-footnote": {"chapters/a.md": HEAD + "[^1]: Text.\n"},
    "unchecked-formula": {"chapters/a.md": HEAD + "$$\n1\n$$ (eq-a)\n"},
    "lost-markup": {"chapters/a.md": HEAD + "A **word.\n"},
    "empty-block": {"chapters/a.md": HEAD + "$$\n$$\n"},
    "lost-mark": {"chapters/a.md": HEAD + SAVE.replace("@save", "@saved")},
}
TOC = "format: jb-book\nroot: index\nchapters:\n  - file: chapters/a\n"


def find_rules(root) -> set[str]:
    """Return the rules that a book breaks."""
    try:
        render_package(read_book(root), "0")
    except BookError as error:
        return {problem.rule for problem in error.problems}
    return set()


def test_each_rule_has_a_case():
    assert BREACHES.keys() | ON_PAGES == RULES.keys()


@pytest.mark.parametrize("rule", BREACHES)
def test_a_rule_is_switched_off(rule, make_book):
    config = "title: A\nsphinx: {{config: {{booktools_rules: {{{}}}}}}}\n"
    files = {"_toc.yml": TOC, "chapters/a.md": HEAD} | BREACHES[rule]
    files["_config.yml"] = config.format("")
    assert find_rules(make_book(files)) == {rule}
    files["_config.yml"] = config.format(f"{rule}: false")
    assert find_rules(make_book(files)) == set()
    # A chapter that is not listed has nothing to say about it.
    if rule != "unlisted-chapter":
        text = files["chapters/a.md"]
        for front, broken in [
            ("true", {rule}),
            ("false", set()),
        ]:
            new = f"mystnb\nrules: {{{rule}: {front}}}"
            files["chapters/a.md"] = text.replace("mystnb", new, 1)
            assert find_rules(make_book(files)) == broken


def test_the_table_is_that_of_the_code():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = [
        f"| `{name}` | {rule.what} | {'on' if rule.default else 'off'} |"
        for name, rule in RULES.items()
    ]
    head = "| rule | what it asks for | default |\n|---|---|---|\n"
    assert head + "\n".join(rows) + "\n\n" in text
