"""A build after an edit gives what a build from nothing gives.

One book is edited again and again and built each time, with all that earlier
builds have left.  A copy of it is built from nothing, elsewhere.  Exit codes,
problems and every byte of the two sites must be equal, and a build that fails
leaves the site as it was.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.books import CASES, Book, copy_tools, write_book

A, B = "chapters/first.md", "chapters/second.md"
NOTES, WORDS = "chapters/notes.md", "chapters/words.md"
CONFIG, TOC = "_config.yml", "_toc.yml"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="20">'
    '<rect width="10" height="10"/></svg>\n'
)
CELL = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# More

```{code-cell}
print("more")
```
"""


class Edited(Book):
    """The book that is edited."""

    def set(self, name, value):
        self.environment[name] = value

    def age(self, name):
        """Let a file seem to be older than all that was built."""
        os.utime(self.root / name, (1e9, 1e9))

    def move(self, old, new):
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / old).rename(self.root / new)


# Each edit is a list of steps; the book stays as they leave it.  Names that
# begin with "bad" must fail, all others must not.
EDITS = {
    "nothing": [],
    "prose": [("replace", A, "is used later", "counts later")],
    "prose in an older file": [
        ("replace", A, "counts later", "matters later"),
        ("age", A),
    ],
    "only touched": [("add", B, "")],
    "title of a chapter": [("replace", A, "The first", "The very first")],
    "title of a section": [("replace", A, "## A formula", "## Formulas")],
    "formula in a title": [("replace", A, "## Formulas", "## A $c^2$")],
    "label with its references": [
        ("replace", A, "sec-first-formula", "sec-formula"),
        ("replace", B, "sec-first-formula", "sec-formula"),
    ],
    "bad: label without its references": [
        ("replace", A, "(sec-formula)", "(sec-forms)")
    ],
    "label back": [("replace", A, "(sec-forms)", "(sec-formula)")],
    "bad: a label twice": [("add", WORDS, "\n(sec-notes)=\n## Again\n")],
    "bad: a label twice, the other way": [
        ("replace", WORDS, "\n(sec-notes)=\n## Again\n", ""),
        ("replace", A, "(sec-first)=", "(sec-words)="),
    ],
    "labels once": [("replace", A, "(sec-words)=", "(sec-first)=")],
    "a numbered formula above": [
        (
            "replace",
            A,
            "## Some code",
            "## Some code\n\n$$\n1 + 1 = 2\n$$ (eq-two)\n\n"
            "```{check} eq-two\nassert 1 + 1 == 2\n```",
        )
    ],
    "order of formulas": [
        ("replace", B, "(eq-pythagoras)\n", "(eq-theorem)\n"),
        ("replace", B, "{check} eq-pythagoras", "{check} eq-theorem"),
        ("replace", B, "{eq}`eq-pythagoras`", "{eq}`eq-theorem`"),
    ],
    "a figure above": [
        (
            "replace",
            B,
            "(sec-second-part)=",
            "```{figure} parts/circle.svg\n:name: fig-again\n:alt: Again\n\n"
            "Again.\n```\n\n(sec-second-part)=",
        )
    ],
    "a caption": [("replace", NOTES, "A circle.", "A round circle.")],
    "an alternative text": [("replace", NOTES, ":alt: A", ":alt: One")],
    "an image with the same name, on an earlier page": [
        ("write", "chapters/img/circle.svg", SVG.format(40)),
        ("add", A, "\n![One](img/circle.svg)\n"),
    ],
    "an image that is older": [
        ("write", "chapters/parts/circle.svg", SVG.format(50)),
        ("age", "chapters/parts/circle.svg"),
    ],
    "an image less": [
        ("replace", A, "\n![One](img/circle.svg)\n", ""),
        ("remove", "chapters/img/circle.svg"),
    ],
    "an included text": [("write", "chapters/parts/hello.txt", "Hi.\n")],
    "an included label": [
        ("write", "chapters/parts/hello.txt", "(sec-hi)=\n## Hi\n")
    ],
    "an included listing": [("write", "chapters/parts/listing.py", "x = 2")],
    "a file to download, and data": [("write", "data/numbers.csv", "3,4\n")],
    "a download renamed": [
        ("write", "data/others.csv", "5\n"),
        ("replace", NOTES, "numbers.csv", "others.csv"),
    ],
    "a term more": [
        ("add", WORDS, "\n```{glossary}\nangle\n  A corner.\n```")
    ],
    "bad: a term renamed": [("replace", WORDS, "slope\n", "steepness\n")],
    "a term renamed where it is used": [
        ("replace", A, "{term}`slope`", "{term}`steepness`")
    ],
    "bad: a term twice": [
        ("add", NOTES, "\n```{glossary}\nangle\n  Again.\n```\n")
    ],
    "a term once": [
        ("replace", NOTES, "\n```{glossary}\nangle\n  Again.\n```\n", "")
    ],
    "a footnote": [("replace", NOTES, "A footnote.", "Another footnote.")],
    "no footnote": [
        ("replace", NOTES, "[^one]: Another footnote.", ""),
        ("replace", NOTES, "[^one]", "It"),
    ],
    "a cited work": [("replace", "references.bib", "1843", "1844")],
    "a cited work in an older file": [
        ("replace", "references.bib", "1844", "1845"),
        ("age", "references.bib"),
    ],
    "a citation more": [
        (
            "add",
            "references.bib",
            "@book{bob, author={Bob Babbage}, title={More}, year={1850},"
            " publisher={Taylor}}\n",
        ),
        ("add", A, "\nAs {cite:t}`bob` says.\n"),
    ],
    "title of an exercise": [("replace", A, "A small one", "A tiny one")],
    "an exercise above": [
        (
            "replace",
            A,
            "```{exercise} A tiny",
            "```{exercise} New\n:label: ex-new\n\nNew.\n```\n\n"
            "```{exercise} A tiny",
        )
    ],
    "a solution less": [
        (
            "replace",
            A,
            "```{solution} ex-small\n:class: dropdown\n\nIt is 6, see"
            " {eq}`eq-square`.\n```\n",
            "",
        )
    ],
    "a comment in a cell": [
        ("replace", B, "import tools\n", "import tools  # ours\n")
    ],
    "what a cell prints": [("replace", B, "double(5)", "double(6)")],
    "a figure drawn by code": [
        (
            "add",
            B,
            "\n```{code-cell}\n:mystnb: {figure: {name: fig-line, caption: A"
            " line}, image: {alt: A line}}\nimport matplotlib.pyplot as plt\n"
            "from matplotlib_inline.backend_inline import"
            " set_matplotlib_formats\n\nset_matplotlib_formats('svg')\n"
            "plt.plot([0, 1])\nplt.show()\n```\n",
        )
    ],
    "another figure drawn": [("replace", B, "plot([0, 1])", "plot([1, 0])")],
    "a hidden cell": [
        (
            "replace",
            B,
            "{code-cell}\nimport",
            "{code-cell}\n:tags: [hide-input]\n\nimport",
        )
    ],
    "a helper": [("replace", A, "return 2 * x", "return x + x")],
    "its docstring": [("replace", A, "Double a number.", "Give two of it.")],
    "a helper renamed": [
        ("replace", A, "double", "twice"),
        ("replace", B, "tools.double", "tools.twice"),
    ],
    "a helper more": [
        (
            "replace",
            A,
            "```{code-cell}\nprint(",
            "```{code-cell}\nhalf = 0.5  #@save\n```\n\n"
            "```{code-cell}\nprint(",
        )
    ],
    "a check": [("replace", B, "5**2 ==", "5 * 5 ==")],
    "bad: code": [("replace", B, "tools.twice(6)", "tools.twice(6) / 0")],
    "code that runs": [("replace", B, "tools.twice(6) / 0", "tools.twice(7)")],
    "bad: TeX": [("replace", NOTES, "# Notes", "# Notes\n\n$\\frac{1$\n")],
    "TeX": [("replace", NOTES, "$\\frac{1$", "$\\frac{1}{2}$")],
    "a chapter more": [
        ("write", "chapters/more.md", CELL),
        (
            "replace",
            TOC,
            "chapters/second\n",
            "chapters/second\n  - file: chapters/more\n",
        ),
    ],
    "a chapter without code": [("write", "chapters/more.md", "# More\n")],
    "a chapter with code again": [("write", "chapters/more.md", CELL)],
    "a chapter below another": [
        (
            "replace",
            TOC,
            "  - file: chapters/more\n",
            "    sections:\n    - file: chapters/more\n",
        )
    ],
    "a chapter renamed": [
        ("move", "chapters/more.md", "chapters/less.md"),
        ("replace", TOC, "chapters/more", "chapters/less"),
    ],
    "order of chapters": [
        (
            "replace",
            TOC,
            "  - file: chapters/notes\n  - file: chapters/words\n",
            "  - file: chapters/words\n  - file: chapters/notes\n",
        )
    ],
    "a title in the contents": [
        (
            "replace",
            TOC,
            "chapters/words\n",
            "chapters/words\n    title: Terms\n",
        )
    ],
    "a caption in the contents": [("replace", TOC, "Appendix", "The rest")],
    "numbers of chapters": [
        (
            "replace",
            TOC,
            "- caption: Main\n",
            "- caption: Main\n  numbered: true\n",
        )
    ],
    "a chapter less": [
        ("replace", TOC, "    sections:\n    - file: chapters/less\n", ""),
        ("remove", "chapters/less.md"),
    ],
    "title of the book": [("replace", CONFIG, "that changes", "that moves")],
    "an author": [("replace", CONFIG, "Ada", "Bob")],
    "language": [("replace", CONFIG, "language: en", "language: zh_CN")],
    "an option of the theme": [
        (
            "add",
            CONFIG,
            "    html_theme_options: {use_fullscreen_button: false}\n",
        )
    ],
    "an extension": [("replace", CONFIG, "deflist, ", "deflist, tasklist, ")],
    "a style": [
        ("write", "_static/own.css", "p { color: red }\n"),
        ("write", "_static/a+b c@2x.png", "no picture\n"),
        (
            "add",
            CONFIG,
            "    html_static_path: [_static]\n    html_css_files: [own.css]\n",
        ),
    ],
    "another style": [("write", "_static/own.css", "p { color: blue }\n")],
    "a static file less": [("remove", "_static/a+b c@2x.png")],
    "a template": [
        ("write", "_templates/page.html", '{% extends "!page.html" %}\n'),
        ("add", CONFIG, "    templates_path: [_templates]\n"),
    ],
    "an extra file": [
        ("write", "extra/hello.txt", "Hello\n"),
        ("add", CONFIG, "    html_extra_path: [extra]\n"),
    ],
    "another extra file": [("move", "extra/hello.txt", "extra/good-bye.txt")],
    "a licence": [("write", "LICENSE", "Free for all.\n")],
    "a domain": [("write", "CNAME", "example.org\n")],
    "a repository": [("set", "GITHUB_REPOSITORY", "ada/book")],
    "an address": [("set", "BOOK_URL", "https://example.com/book/")],
    "a printed book": [("set", "BOOK_PDF", "1")],
    "a commit": [("set", "GITHUB_SHA", "1" * 40)],
    "no repository": [
        ("set", "GITHUB_REPOSITORY", ""),
        ("set", "GITHUB_SHA", ""),
        ("set", "BOOK_URL", ""),
    ],
    "a setting of figures": [
        ("add", "booktools/run/matplotlibrc", "lines.solid_capstyle: butt\n")
    ],
    "a style of the tools": [
        ("add", "booktools/sphinxext/assets/page.css", "p { margin: 0 }\n")
    ],
    "a word of the tools": [
        ("replace", "booktools/sphinxext/checks.py", "Checked by", "By")
    ],
    "a version": [("write", "pyproject.toml", '[project]\nversion = "1.0"\n')],
    "a newer dependency": [
        ("write", "newer-2.dist-info/METADATA", "Name: newer\nVersion: 2\n")
    ],
}


# What is written after an edit that changes few pages; Sphinx always writes
# the first one, and what it collects from all of them.
ALWAYS = {"the site", "index", "genindex", "search", "404"}
FEW = {
    "nothing": set(),
    "prose": {"first", *ALWAYS},
    "an included text": {"notes", *ALWAYS},
    "a footnote": {"notes", *ALWAYS},
    "another figure drawn": {"second", *ALWAYS},
}

# After these the copy runs all code anew, or outputs that should have changed
# and did not would be in both sites.
RUN_ALL = {
    "a file to download, and data",
    "what a cell prints",
    "another figure drawn",
    "a helper",
    "a helper renamed",
    "a check",
    "a setting of figures",
    "a newer dependency",
}


@pytest.fixture(scope="module")
def book(builder, tmp_path_factory):
    """Return the book, built once."""
    root = tmp_path_factory.mktemp("warm") / "book"
    write_book(root, CASES / "books" / "warm")
    copy_tools(root)
    # Not the path of the book: its copy has tools of its own.
    book = Edited(root, builder, PYTHONPATH=".")
    book.extract()
    book.succeed()
    return book


def written(root):
    """Return when each page was written, and the folder of the site made."""
    html = root / "_build" / "html"
    pages = html.with_name(".html.draft").rglob("*.html")
    times = {page.stem: page.stat().st_mtime_ns for page in pages}
    return times | {"the site": html.stat().st_ino}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit(edit, book, builder, tmp_path):
    before, times = book.site(), written(book.root)
    for step, *arguments in EDITS[edit]:
        getattr(book, step)(*arguments)
    book.extract()
    clean = Book(tmp_path / "clean" / "book", builder)
    shutil.copytree(
        book.root,
        clean.root,
        symlinks=True,
        ignore=shutil.ignore_patterns("_build"),
    )
    cache = Path("_build", ".jupyter_cache")
    if edit not in RUN_ALL:
        shutil.copytree(book.root / cache, clean.root / cache)
    one, two = builder.build_all(book.root, clean.root, **book.environment)
    said = one.stderr.replace(str(book.root), "")
    assert said == two.stderr.replace(str(clean.root), "")
    assert one.returncode == two.returncode
    assert bool(one.returncode) == edit.startswith("bad"), said
    new = written(book.root)
    if edit in FEW:
        assert {name for name in new if new[name] != times[name]} == FEW[edit]
    site, other = book.site(), clean.site()
    if one.returncode:
        assert site == before
        assert not other
        return
    assert site.keys() == other.keys()
    for name in site:  # file by file, for a report that can be read
        assert site[name] == other[name], name
