"""The author's own TeX commands: on pages, in notebooks, in checks."""

import json

import pytest

from booktools.render import katex
from booktools.source.macros import expand, is_macro

MACROS = {
    "RR": r"\mathbb{R}",
    "eps": r"\varepsilon",
    "norm": [r"\lVert #1 \rVert", 1],
    "d": [r"\frac{\mathrm d #1}{\mathrm d #2}", 2],
    "dd": [r"\mathrm d#1", 1],
    "arg": r"\operatorname*{arg\,max}",
    "deep": [r"\norm{#1}_\RR", 1],
    "bo": [r"\alpha#1\beta", 1],
    "me": r"\me x",
    "more": r"\more\more",
    "?": r"\overset{?}{=}",
    "frac": [r"\dfrac{#1}{#2}", 2],
}


@pytest.mark.parametrize(
    ("tex", "expanded"),
    [
        (r"x \in \RR", r"x \in \mathbb{R}"),
        (r"\RR^n, \RRx", r"\mathbb{R}^n, \RRx"),
        (r"\\RR", r"\\RR"),
        (r"2^\RR", r"2^{\mathbb{R}}"),
        (r"x_ \RR", r"x_ {\mathbb{R}}"),
        (r"\hat\eps x", r"\hat{\varepsilon} x"),
        (r"\sqrt\RR", r"\sqrt{\mathbb{R}}"),
        (r"\norm{x}", r"\lVert x \rVert"),
        (r"\norm x y", r"\lVert x \rVert y"),
        (r"\norm {a{b}c}", r"\lVert a{b}c \rVert"),
        (r"\norm\eps", r"\lVert \varepsilon \rVert"),
        (r"\norm{\norm{x}}", r"\lVert \lVert x \rVert \rVert"),
        (r"\d{y}{x}", r"\dfrac{\mathrm d y}{\mathrm d x}"),
        (r"\d y x", r"\dfrac{\mathrm d y}{\mathrm d x}"),
        (r"\dd{x}", r"\mathrm dx"),
        (r"\arg_x", r"\operatorname*{arg\,max}_x"),
        (r"\deep{x}", r"\lVert x \rVert_{\mathbb{R}}"),
        (r"\bo{x}y", r"\alpha x\beta y"),
        (r"a \? b", r"a \overset{?}{=} b"),
        (r"\frac 1 2", r"\dfrac{1}{2}"),
        ("a % \\RR\n b", "a % \\RR\n b"),
        (r"\norm", r"\lVert  \rVert"),
        (r"\text{in \RR}", r"\text{in \mathbb{R}}"),
        ("\\", "\\"),
        ("", ""),
    ],
)
def test_expand(tex, expanded):
    assert expand(tex, MACROS) == expanded


def test_what_stands_for_itself_ends():
    for tex in (r"\me", r"\more"):
        assert len(expand(tex, MACROS)) < 20_000
        [answer] = katex.render([(expand(tex, MACROS), False)])
        assert answer.error.startswith("Undefined control sequence")


def test_macros_are_what_mathjax_takes():
    for name, value in MACROS.items():
        assert is_macro(name, value)
    for name, value in [
        ("R1", "x"),
        ("a b", "x"),
        ("", "x"),
        ("x", 1),
        ("x", None),
        ("x", ["a"]),
        ("x", ["#1 #2", 2, "default"]),
        ("x", ["a", "1"]),
        ("x", ["a", 10]),
        ("x", {}),
    ]:
        assert not is_macro(name, value)


CONFIG = r"""
title: A small book
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config:
    language: en
    mathjax3_config:
      tex:
        macros:
          RR: '\mathbb{R}'
          norm: ['\lVert #1 \rVert', 1]
          half: '\frac{1}{2}'
"""
CHAPTER = r"""---
file_format: mystnb
kernelspec: {name: python3}
---
# Norms in $\RR$

Let $x \in \RR$.

$$
\norm{x} = 2 \half \sqrt{x^2}
$$ (eq-norm)

```{check} eq-norm
assert r"\lVert x \rVert = 2 \frac{1}{2} \sqrt{x^2}" == tex, tex
```

```{code-cell}
1 + 1
```
"""
WRONG = r"""# Definitions

$$
x = y \\
\newcommand{\NN}{\mathbb{N}}
\NN
$$

And $\NN$, $\def\a{b}\a$,
$\let\b=c\b$.

$$\norm{x} \NN$$
"""


def test_macros_work_wherever_formulas_are_shown(new_book):
    book = new_book({"_config.yml": CONFIG, "chapters/a.md": CHAPTER})
    book.succeed()
    html = book.html
    page = (html / "chapters" / "a.html").read_text("utf-8")
    assert r"x \in \mathbb{R}" in page  # for screen readers, to copy
    notebook = json.loads((html / "_notebooks/chapters/a.ipynb").read_text())
    texts = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert r"# Norms in $\mathbb{R}$" in texts
    assert r"\lVert x \rVert = 2 \frac{1}{2}" in texts
    for file in [*html.rglob("*.html"), *html.rglob("*.json")]:
        assert r"\RR" not in file.read_text("utf-8"), file
    # Another macro is another page, and another check.
    config = CONFIG.replace(r"\mathbb{R}", r"\mathbf{R}")
    book.write("_config.yml", config)
    book.succeed()
    page = (html / "chapters" / "a.html").read_text("utf-8")
    assert r"x \in \mathbf{R}" in page


def test_definitions_in_formulas_are_refused(new_book):
    book = new_book({"_config.yml": CONFIG, "chapters/a.md": WRONG})
    result = book.build()
    assert result.returncode == 1
    for line, what in [
        (5, r"\newcommand would be known in this formula only"),
        (9, r"Undefined control sequence: \NN, in: \NN"),
        (9, r"\def would be known in this formula only"),
        (10, r"\let would be known in this formula only"),
        (12, r"Undefined control sequence: \NN, in: \norm{x} \NN"),
    ]:
        assert f"chapters/a.md:{line}: error: {what}" in result.stderr
    assert result.stderr.count("hint: name a command in _config.yml") == 5
    wrong = CONFIG.replace(r"'\frac{1}{2}'", "['#1', 1, x]")
    book.write("_config.yml", wrong)
    result = book.build()
    assert result.returncode == 1
    place = "_config.yml:13: error: "
    assert f"{place}this is no macro: ['#1', 1, 'x']" in result.stderr
