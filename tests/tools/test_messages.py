"""Each warning says file, line and rule, and what may have been meant."""

import re
from unittest.mock import Mock

import pytest

from booktools.problem import BookError, Problem
from booktools.sphinxext import order

CONFIG = """\
title: A small book
only_build_toc_files: true
execute: {execute_notebooks: cache}
bibtex_bibfiles: [references.bib]
parse: {myst_enable_extensions: [colon_fence, deflist, dollarmath]}
sphinx:
  extra_extensions: [sphinx_exercise]
  local_extensions: {booktools.sphinxext: .}
  config: {language: zh_CN, booktools_rules: {unchecked-formula: false}}
"""
FRONT = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
"""
START = "(sec-top)=\n# A chapter\n\nText.\n\n"
# What there is, to lead to.
OTHER = """\
(sec-limits)=
# Limits

$$
1
$$ (eq-series)

```{figure} img/square.svg
:name: fig-square
:alt: A square

A square
```

```{glossary}
derivative
  A slope.
```

(part)=
A paragraph.

```{figure} img/square.svg
:name: fig-plain
:alt: A square
```
"""
BIB = "@book{newton1687, title = {Principia}, author = {Newton, Isaac},\n"
BIB += " year = 1687, publisher = {Streater}}\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'

# A text, on which of its lines what is wrong, the rule, what was meant.
CASES: dict[str, tuple[str, int, str, str]] = {
    "label": ("See {ref}`sec-limit`.", 1, "ref.ref", "sec-limits"),
    "second line": ("See\n{ref}`it <sec-limit>`.", 2, "ref.ref", "sec-limits"),
    "numref": ("{numref}`fig-sqare`", 1, "ref.numref", "fig-square"),
    "eq": ("- {eq}`eq-serie`", 1, "ref.eq", "eq-series"),
    "term": ("{term}`derivatve`", 1, "ref.term", "derivative"),
    "term, of a text": (
        "{term}`slope <derivatives>`",
        *(1, "ref.term", "derivative"),
    ),
    "a figure without a number": (
        "{numref}`fig-plain`",
        *(1, "sphinx", "give it a caption, or write {ref}`text <fig-plain>`"),
    ),
    "a section has no number": (
        "{numref}`sec-limits`",
        *(1, "sphinx", "it has no number: write {ref}`sec-limits`"),
    ),
    "a paragraph has no title": (
        "{ref}`part`",
        *(1, "ref.ref", "it has no title: write {ref}`text <part>`"),
    ),
    "a paragraph has no number": (
        "{numref}`part`",
        *(1, "ref.numref", "or write {ref}`text <part>`"),
    ),
    "a paragraph, as a link": (
        "[](#part)",
        *(1, "myst.xref_missing", "it has no title: write [text](#part)"),
    ),
    "formula": ("{ref}`eq-series`", 1, "ref.ref", "write {eq}`eq-series`"),
    "number of a formula": (
        "{numref}`it <eq-series>`",
        *(1, "ref.numref", "write {eq}`eq-series`"),
    ),
    "no formula": ("{eq}`sec-limits`", 1, "ref.eq", "{ref}`sec-limits`"),
    "as LaTeX does": (
        "{eqref}`eq-series`",
        *(1, "myst.role_unknown", "did you mean 'eq'?"),
    ),
    "label behind a page": (
        "[it](limits.md#sec-limits)",
        *(1, "myst.xref_missing", "write [text](#sec-limits)"),
    ),
    "label behind a page, misspelt": (
        "[it](limits.md#sec-limit)",
        *(1, "myst.xref_missing", "did you mean 'sec-limits'?"),
    ),
    "doc": ("{doc}`limit`", 1, "ref.doc", "chapters/limits"),
    "link to a page": ("[x](limts.md)", 1, "myst.xref_missing", "limits.md"),
    "link to a label": ("[x](#sec-limit)", 1, "myst.xref_missing", "sec-limi"),
    "download": (
        *("{download}`x <data.cvs>`", 1),
        *("download.not_readable", "data.csv"),
    ),
    "role": ("A {nmref}`fig-square`.", 1, "myst.role_unknown", "numref"),
    "role of ours": ("> {trem}`a`", 1, "myst.role_unknown", "term"),
    "directive": ("```{nte}\nX\n```", 1, "myst.directive_unknown", "note"),
    "directive of ours": (
        "```{gess}\nWhy?\n```",
        *(1, "myst.directive_unknown", "guess"),
    ),
    "directive, colons": (
        ":::{glosary}\nX\n:::",
        *(1, "myst.directive_unknown", "glossary"),
    ),
    "option": (
        "```{note}\n:clas: x\nX\n```",
        *(2, "myst.directive_option", "class"),
    ),
    "option of a figure": (
        "```{figure} img/square.svg\n:alt: A\n:wdth: 3px\n\nX\n```",
        *(3, "myst.directive_option", "width"),
    ),
    "citation": ("{cite}`newton1678`", 1, "bibtex.key_not_found", "newton168"),
    "level": ("(sec-x)=\n### Three", 2, "myst.header", ""),
    "twice": ("(sec-top)=\n## Again", 1, "docutils", ""),
    "no argument": ("```{figure}\n:alt: x\n```", 1, "docutils", ""),
    # Found by features and readers of ours.
    "text of a figure": (
        "```{figure} img/square.svg\nname: fig-x\n:alt: A square\n\nX\n```",
        *(2, "directive-option", ":name:"),
    ),
    "text of an exercise": (
        "```{exercise} One\nlabel: ex-one\n\nDo it.\n```",
        *(2, "directive-option", ":label:"),
    ),
    "text of a note": (
        "```{note}\nThis.\n:class: tip\n```",
        *(3, "directive-option", ":class:"),
    ),
    "text of an image": (
        "```{image} img/square.svg\n:alt: A\nwidth: 3px\n```",
        *(3, "directive-option", ":width:"),
    ),
    "picture": ("![](img/square.svg)", 1, "alt-text", ""),
    "figure": (
        "```{figure} img/square.svg\nA square\n```",
        *(1, "alt-text", ":alt:"),
    ),
    "image": ("```{image} img/square.svg\n```", 1, "alt-text", ":alt:"),
    "empty": (
        "```{figure} img/square.svg\n:alt:\n\nA square\n```",
        *(1, "alt-text", ":alt:"),
    ),
    "no picture": ("![a](img/sqare.svg)", 1, "missing-picture", "square.svg"),
}
BELOW = {
    "at the top": START,
    "notebook": FRONT + START,
    "below a cell": (
        FRONT + START + "```{code-cell}\n1\n```\n\n\n\nText.\n\n"
    ),
    "below cells": FRONT
    + START
    + "```{code-cell}\n1\n```\n+++\n\n```{code-cell}\n"
    + "---\ntags: [hide-input]\n---\n1\n```\n",
}


@pytest.mark.parametrize("place", BELOW)
def test_warnings(place, new_book):
    """Each chapter has one mistake; all are found in one or two builds."""
    above = BELOW[place]
    toc = (
        "format: jb-book\nroot: index\nchapters:\n  - file: chapters/limits\n"
    )
    files = {
        "_config.yml": CONFIG,
        "references.bib": BIB,
        "chapters/limits.md": OTHER,
        "chapters/data.csv": "1\n",
        "chapters/img/square.svg": SVG,
    }
    first = above.count("\n")
    expected = set()
    for number, (text, line, rule, _) in enumerate(CASES.values()):
        name = f"chapters/case{number}"
        unlike = above.replace("sec-top", f"sec-top{number}")
        text = text.replace("sec-top", f"sec-top{number}")
        files[f"{name}.md"] = f"{unlike}{text}\n"
        toc += f"  - file: {name}\n"
        expected.add((f"{name}.md", first + line, rule))
    book = new_book(files | {"_toc.yml": toc})
    result = book.build()
    said = result.stderr
    assert "ParserConfig(" not in result.stdout
    # The first one stops before references are followed.
    lines = re.findall(r"^(\S+):(\d+): error: .* \[(.*)\]$", said, re.M)
    for number, (_, _, rule, _) in enumerate(CASES.values()):
        if rule in ("alt-text", "directive-option", "missing-picture"):
            unlike = above.replace("sec-top", f"sec-top{number}")
            book.write(f"chapters/case{number}.md", unlike)
    said += book.build().stderr
    lines += re.findall(r"^(\S+):(\d+): error: .* \[(.*)\]$", said, re.M)
    found = {(path, int(n), rule) for path, n, rule in lines}
    assert sorted(expected - found) == []
    # A line that is taken for text may break another rule, too.
    texts = [n for n, each in enumerate(CASES.values()) if "di" in each[2][:2]]
    others = {f"chapters/case{number}.md" for number in texts}
    assert {
        each for each in found - expected if each[0] not in others
    } == set()
    assert str(book.root) not in said
    assert "Traceback" not in said
    for number, (_, _, rule, meant) in enumerate(CASES.values()):
        message = rf"^chapters/case{number}\.md:.*\[{rule}\]\n    hint: (.*)$"
        found = re.search(message, said, re.M)
        assert meant in (found[1] if found else ""), (number, said)


SETTINGS = {
    "unknown setting": (
        ("language: zh_CN", "language: zh_CN, html_them_options: {a: 1}"),
        "_config.yml:9: error: unknown config value 'html_them_options' in"
        " override, ignoring [sphinx]\n"
        "    hint: did you mean 'html_theme_options'?\n",
    ),
    "unknown extension of MyST": (
        ("deflist", "defflist"),
        "_config.yml:5: error: myst configuration invalid:"
        " 'enable_extensions' items not recognised: {'defflist'}"
        " [myst-parser]\n",
    ),
    "text for editions": (
        ("language: zh_CN", "language: zh_CN, booktools_editions: fr"),
        "\n1 problem, no page written:\n_config.yml:9: error: editions are"
        " settings by language, not 'fr' [bad-edition]\n",
    ),
    "text for rules": (
        ("{unchecked-formula: false}", "none"),
        "\n1 problem, no page written:\n_config.yml:9: error: rules are lines"
        " NAME: VALUE, not 'none' [bad-config]\n",
    ),
    "text for features": (
        ("language: zh_CN", "language: zh_CN, booktools_features: search"),
        "\n1 problem, no page written:\n_config.yml:9: error:"
        " booktools_features should be lines NAME: false [setting]\n",
    ),
    "text for macros": (
        (
            "language: zh_CN",
            "language: zh_CN, mathjax3_config: {tex: {macros: R}}",
        ),
        "\n1 problem, no page written:\n_config.yml:9: error: macros are lines"
        " NAME: TEX, not 'R' [setting]\n",
    ),
    "no options of the theme": (
        ("language: zh_CN", "language: zh_CN, html_theme_options: false"),
        "\n1 problem, no page written:\n_config.yml:9: error:"
        " sphinx.config.html_theme_options should be lines NAME: VALUE, not"
        " 'False' [bad-config]\n",
    ),
    "text for a mapping of Sphinx": (
        ("language: zh_CN", "language: zh_CN, numfig_format: x"),
        "_config.yml:9: error: 'numfig_format' should be lines NAME: VALUE"
        " [sphinx]\n",
    ),
    "text for a number": (
        ("execute: {", "execute: {timeout: long, "),
        "_config.yml:3: error: execute.timeout should be a number, not 'long'"
        " [bad-config]\n",
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_have_their_line(case, new_book):
    (old, new), message = SETTINGS[case]
    files = {"references.bib": BIB, "_config.yml": CONFIG.replace(old, new)}
    assert message in new_book(files).build().stderr


PLOT = "from matplotlib import pyplot as plt\nplt.plot([1, 2]);\n```\n"


def test_figures_of_cells_have_a_text(new_book):
    """What they lack is named where the cell begins."""
    cells = [
        "```{code-cell}\n:tags: [hide-input]\n:mystnb: {image: {alt: Up}}\n",
        "```{code-cell}\n:mystnb: {figure: {name: fig-a, caption: Up}}\n",
    ]
    text = FRONT + START + "\n\n".join(cell + PLOT for cell in cells)
    book = new_book(
        {"_config.yml": CONFIG, "references.bib": BIB, "chapters/a.md": text}
    )
    fences = [n for n, t in enumerate(text.split("\n"), 1) if "{code-" in t]
    found = re.findall(
        r"a.md:(\d+): .* \[alt-text\]$", book.build().stderr, re.M
    )
    assert [int(line) for line in found] == fences[1:2]


CAPTION = "{figure: {name: fig-a, caption: Up}, image: {alt: Up}}"
# The option of a cell, its code, and what is said of it.
CAPTIONS = [
    (f":mystnb: {CAPTION}\n", "print(1)", "a caption"),
    (":mystnb: {figure: {caption: Up}}\n", "x = 1", "a caption"),
    (":mystnb: {figure: {name: fig-a}}\n", "x = 1", "the name of a figure"),
    (f":tags: [hide-input]\n:mystnb: {CAPTION}\n", "print(1)", "a caption"),
    (f":tags: [remove-output]\n:mystnb: {CAPTION}\n", PLOT, "a caption"),
    (f"---\nmystnb: {CAPTION}\n---\n", "print(1)", "a caption"),
    (f":mystnb: {CAPTION}\n", PLOT, ""),
    (f":tags: [hide-output]\n:mystnb: {CAPTION}\n", f"print(1)\n{PLOT}", ""),
    # What is below it need not be drawn.
    (f":mystnb: {CAPTION}\n", "'a value'", ""),
    (":mystnb: {figure: {align: left}}\n", "print(1)", ""),
]


def test_captions_without_a_picture(new_book):
    """They would be lost."""
    text, expected = FRONT + START, []
    for number, (option, source, what) in enumerate(CAPTIONS):
        if what:
            place = f"chapters/a.md:{text.count(chr(10)) + 1}"
            what = f"this cell has {what}, but shows no picture"
            expected.append(f"{place}: error: {what} [lost-caption]")
        option = option.replace("fig-a", f"fig-{number}")
        source = source.removesuffix("```\n").rstrip()
        text += f"```{{code-cell}}\n{option}{source}\n```\n\n"
        text += "Some text.\n\n" * (number % 2)
    files = {"_config.yml": CONFIG, "references.bib": BIB}
    book = new_book(files | {"chapters/a.md": text})
    result = book.build()
    assert [t for t in result.stderr.split("\n") if "a.md" in t] == expected
    # Where nothing runs, nothing is shown.
    book.replace(
        "chapters/a.md",
        "---\nfile",
        "---\nmystnb: {execution_mode: 'off'}\nfile",
    )
    assert "lost-caption" not in book.build().stderr


@pytest.mark.parametrize("stage", order.Stage, ids=lambda stage: stage.name)
def test_problems_at_any_stage_are_the_last_words(stage):
    """Not those of Sphinx, which would name the function."""
    app = Mock()
    app.builder.format = "html"

    def fail(*arguments):
        raise BookError([Problem("a.md", 2, "rule", "it is wrong", "do it")])

    order.connect(app, stage, fail)
    [call] = app.connect.mock_calls
    with pytest.raises(SystemExit) as caught:
        call.args[1](app)
    assert str(caught.value) == (
        "\n1 problem, no page written:\n"
        "a.md:2: error: it is wrong [rule]\n    hint: do it"
    )


def test_both_places_of_what_is_there_twice(new_book):
    glossary = "```{glossary}\nalpha\n  A.\n\nbeta\n  B.\n\nalpha\n  C.\n```\n"
    files = {
        "a": FRONT + START + glossary + "\n(sec-x)=\n## X\n",
        "b": "(sec-b)=\n# B\n\nAs (sec-x).\n\n(sec-x)=\n## X\n\n"
        "```{glossary}\nbeta\n  B.\n```\n\n$$\n1\n$$ (eq-one)\n",
        "c": "(sec-c)=\n# C\n\n$$\n1\n$$ (eq-one)\n",
    }
    texts = {f"chapters/{name}.md": text for name, text in files.items()}
    book = new_book({"_config.yml": CONFIG, "references.bib": BIB, **texts})
    said = book.build().stderr
    pattern = r"^chapters/(\S+): error: (dupl.*) \[sphinx\]$"
    found = re.findall(pattern, said, re.M)
    other = "other instance in chapters"
    assert sorted(found) == [
        ("a.md:17", f"duplicate term description of alpha, {other}/a.md:11"),
        ("b.md:10", f"duplicate term description of beta, {other}/a.md:14"),
        ("b.md:6", f"duplicate label sec-x, {other}/a.md:21"),
        ("c.md:6", f"duplicate label of equation eq-one, {other}/b.md:16"),
    ]
