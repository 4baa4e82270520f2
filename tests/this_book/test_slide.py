"""The helper `slide`: its frames in a book, a notebook and a script."""

import json
import os
import re
import shutil
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

mpl.use("agg")

import d2lmini as d2l
from booktools.check.readers import Reader
from booktools.run.kernels import VARIABLES
from booktools.source.chapter import read_book
from tests.books import ROOT, Book, write_book
from tests.tools.test_slides import unpacked

CONFIG = """\
title: A small book
execute: {execute_notebooks: cache}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: zh_CN}
"""
CHAPTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# Moving

```{code-cell}
import numpy as np
import helpers as d2l

def draw(h):
    d2l.plot([0, 1], [[0, h], [h, 1]], 'x', 'a label' if h > 50 else None)
    return f'the square is {h * h}'
```

```{code-cell}
d2l.slide(draw, h=np.arange(1, 99, 7), start=8, static=[1, 92])
```

```{code-cell}
def draw_text(word, place):
    d2l.plt.text(0.5, 0.5, word)
    d2l.plt.gca().set_title(str(place))

d2l.slide(draw_text, word=['one', 'two'], place=[(0, 1), None, 2], play=True,
          start=('two', None))
```

```{code-cell}
def draw_panels(n):
    figure, panels = d2l.plt.subplots(1, 2, figsize=(4, 2))
    for panel in panels:
        d2l.plot(range(n), axes=panel)

d2l.slide(draw_panels, n=[2])
```
"""


def drawn(h):
    d2l.plot([0, 1], [h, h])
    return f"it is {h}"


@pytest.fixture(autouse=True)
def no_figures():
    d2l.plt.close("all")
    yield
    d2l.plt.close("all")


def copy_package(root, name="helpers"):
    """Copy what the book saves; another book must save what d2lmini has."""
    shutil.copytree(
        ROOT / "d2lmini",
        root / name,
        ignore=shutil.ignore_patterns("__pycache__"),
    )


@pytest.fixture(scope="module")
def book(builder, tmp_path_factory):
    root = tmp_path_factory.mktemp("slide") / "book"
    write_book(root, {"_config.yml": CONFIG, "chapters/moving.md": CHAPTER})
    copy_package(root)
    book = Book(root, builder)
    book.succeed()
    return book


def slides_of(html, name):
    """Return what a page has of each figure that moves."""
    page = BeautifulSoup((html / name).read_text("utf-8"), "html.parser")
    found = []
    for tag in page.select(".slide-controls"):
        path = (html / name).parent / tag["data-frames"]
        text = path.read_text("utf-8")
        data = json.loads(text[text.index("{") : text.rindex("}") + 1])
        found.append(unpacked(data["slide"]))
    return found


@pytest.fixture(scope="module")
def slides(book):
    return slides_of(book.html, "chapters/moving.html")


def sizes(slide):
    """Return the sizes of the frames of a figure, as their SVG says."""
    texts = (frame["svg"] for frame in slide["frames"])
    return {re.search('viewBox="([^"]+)"', text)[1] for text in texts}


# In a book


def test_frames_and_their_numbers_are_pythons(slides):
    one, two, three = slides
    values = [*range(1, 99, 7)]
    assert one["parameters"] == [{"name": "h", "labels": [*map(str, values)]}]
    texts = [frame["text"] for frame in one["frames"]]
    assert texts == [f"the square is {h * h}" for h in values]
    assert (one["start"], one["static"], one["play"]) == (1, [0, 13], False)
    assert len({frame["svg"] for frame in one["frames"]}) == len(values)
    assert [p["labels"] for p in two["parameters"]] == [
        ["one", "two"],
        ["(0, 1)", "None", "2"],
    ]
    assert (two["start"], two["play"]) == (4, True)
    # The first, a middle and the last of both.
    assert two["static"] == [0, 4, 5]
    assert [frame["text"] for frame in two["frames"]] == [""] * 6
    assert len(three["frames"]) == 1


def test_frames_have_one_size(slides):
    assert [len(sizes(slide)) for slide in slides] == [1, 1, 1]


def test_the_page_shows_each_figure_once(book):
    article = book.article("chapters/moving")
    assert len(article.select("img")) == 3 + 2 + 3 + 1
    assert article.find_all(class_="stderr") == []


def test_two_builds_are_equal(book, builder, tmp_path):
    source = {"_config.yml": CONFIG, "chapters/moving.md": CHAPTER}
    other = Book(write_book(tmp_path / "other", source), builder)
    copy_package(other.root)
    other.succeed(BOOK_FORK="0")
    one, two = book.site(), other.site()
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_errors_name_their_lines(new_book):
    book = new_book({"_config.yml": CONFIG})
    copy_package(book.root)
    start = CHAPTER[: CHAPTER.index("```{code-cell}\ndef draw_text")]
    cell = (
        "\n```{{code-cell}}\ndef fail(h):\n    {}\n\n"
        "d2l.slide(fail, h=[0, 1])\n```\n"
    )
    line = (start + cell).partition("fail(h)")[0].count("\n") + 1
    for name, code in (("divides", "draw(1 // h)"), ("empty", "pass")):
        book.write(f"chapters/{name}.md", start + cell.format(code))
    toc = "- file: chapters/divides\n- file: chapters/empty\n"
    book.write("_toc.yml", f"format: jb-book\nroot: index\nchapters:\n{toc}")
    said = book.build().stderr
    where = f"chapters/divides.md:{line + 1} (code cell 3): "
    assert f"{where}ZeroDivisionError: " in said
    where = f"chapters/empty.md:{line + 3} (code cell 3): "
    assert f"{where}ValueError: draw has drawn nothing for {{'h': 0}}" in said


# Mistakes

MISTAKES = [
    ({}, TypeError, "one parameter or two"),
    ({"a": [1], "b": [1], "c": [1]}, TypeError, "one parameter or two"),
    ({"h": []}, ValueError, "h has no values"),
    ({"h": "text"}, ValueError, "h needs a list, got 'text'"),
    ({"h": 3}, ValueError, "h needs a list, got 3"),
    ({"h": range(301)}, ValueError, "more than 300 frames"),
    ({"a": range(20), "b": range(20)}, ValueError, "more than 300 frames"),
    ({"h": [0.1, 0.1000000001]}, ValueError, "have the same text"),
    ({"h": ["a" * 41]}, ValueError, "a short text"),
    ({"h": [""]}, ValueError, "a short text"),
    ({"h": [1, 2], "start": 3}, ValueError, "no frame for 3"),
    ({"h": [1, 2], "static": [1, 3]}, ValueError, "no frame for 3"),
    ({"a": [1], "b": [2], "start": 1}, ValueError, "no frame for 1"),
]


@pytest.mark.parametrize(("values", "kind", "what"), MISTAKES)
def test_mistakes(values, kind, what):
    with pytest.raises(kind, match=what):
        d2l.slide(lambda **_: pytest.fail("it draws"), **values)
    assert d2l.plt.get_fignums() == []


@pytest.mark.parametrize(
    "draw",
    [
        lambda h: None,
        lambda h: d2l.plt.gca(),
        lambda h: d2l.plt.subplots(1, 2),
        lambda h: [d2l.plot([1, 2]), d2l.plt.close()],
        lambda h: [d2l.plt.figure(1), d2l.plot([1, 2])],
    ],
)
def test_a_frame_that_shows_nothing(draw):
    figure = d2l.plt.figure(1)
    with pytest.raises(ValueError, match="draw has drawn nothing"):
        d2l.slide(draw, h=[1, 2])
    assert d2l.plt.get_fignums() == [figure.number]


def test_short_texts():
    values = [0.1 + 0.2, np.float32(0.1), 1e-16, 10**9, 1.0, True, None, "三"]
    texts = ["0.3", "0.1", "1e-16", "1000000000", "1", "True", "None", "三"]
    assert [d2l.short_text(value) for value in values] == texts


# Where no book is built


def test_a_script_has_a_figure_for_each_of_some_values():
    d2l.slide(drawn, h=[10.0**-k for k in range(17)])
    figures = [*map(d2l.plt.figure, d2l.plt.get_fignums())]
    assert [figure.get_suptitle() for figure in figures] == [
        f"h = {label}\nit is {h}"
        for label, h in (("1", 1.0), ("1e-08", 1e-8), ("1e-16", 1e-16))
    ]
    for figure in figures:
        figure.draw_without_rendering()


def test_a_script_has_the_values_that_it_is_told():
    d2l.slide(
        lambda a, b: d2l.plot([a, len(b)]) or None,
        a=[1, 2],
        b=["x", "y"],
        static=[(2, "x"), (1, "y"), (2, "x")],
    )
    figures = [*map(d2l.plt.figure, d2l.plt.get_fignums())]
    titles = [figure.get_suptitle() for figure in figures]
    assert titles == ["a = 2, b = x", "a = 1, b = y"]


NOTEBOOK = [
    "import d2lmini as d2l",
    "def draw(h):\n    d2l.plot([0, h])\n    return f'it is {h}'",
    "d2l.slide(draw, h=range(9), start=3, play=True)",
]


def outputs_of(reader, here):
    cells = map(new_code_cell, NOTEBOOK)
    notebook = new_notebook(cells=[*cells])
    copy_package(here, "d2lmini")
    reader.run_notebook(notebook, here)
    return notebook.cells[-1].outputs


def test_a_notebook_without_widgets_has_some_frames(jupyter, here):
    outputs = outputs_of(jupyter, here)
    kinds = ["image/svg+xml" in output.data for output in outputs]
    assert kinds == [True] * 3
    assert not any(output.metadata.get("slide") for output in outputs)


def test_a_notebook_with_widgets_has_a_slider(tmp_path, here):
    packages = ("numpy", "matplotlib", "ipykernel", "ipywidgets")
    reader = Reader(tmp_path / "reader", *packages)
    [output] = outputs_of(reader, here)
    assert "application/vnd.jupyter.widget-view+json" in output.data


# This book's own

# Runs a chapter as plain Python, and draws what moves the other way round.
DRAW_AGAIN = """
import itertools, json, sys
from pathlib import Path
from types import SimpleNamespace
import matplotlib
matplotlib.use("agg")
from booktools.source.chapter import read_book
from booktools.source.magics import executed_python
import d2lmini as d2l

again = []

def draw_again(draw, start=None, static=None, play=False,
               figsize=(3.5, 2.5), **values):
    rows = list(itertools.product(*values.values()))
    drawn = []
    for row in reversed(rows):
        frame = dict(zip(values, row))
        figure, text = d2l.draw_frame(draw, frame, figsize)
        d2l.plt.close(figure)
        drawn.append((figure, text))
    figures, texts = zip(*reversed(drawn))
    again.append(list(zip(texts, d2l.to_svg(figures))))

d2l.slide = draw_again
# Settings of Jupyter mean nothing here.
shell = SimpleNamespace(run_line_magic=lambda *_: None)
names = {"__name__": "__main__", "get_ipython": lambda: shell}
[chapter] = (c for c in read_book(Path(sys.argv[1])).chapters
             if c.docname == sys.argv[2])
for cell in chapter.cells:
    try:
        exec(executed_python(cell.source), names)
    except Exception:
        if "raises-exception" not in cell.tags:
            raise
    if "slide" in names:
        names["slide"] = draw_again
    d2l.plt.close("all")
print(json.dumps(again), file=sys.stderr)
"""
MOVING = [
    chapter.docname
    for chapter in read_book(ROOT).chapters
    if any("slide(" in cell.source for cell in chapter.cells)
]


@pytest.mark.parametrize("name", MOVING)
def test_frames_are_what_python_draws_again(site, name):
    result = subprocess.run(
        [sys.executable, "-c", DRAW_AGAIN, ROOT, name],
        env=os.environ | VARIABLES | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT / "chapters",
        capture_output=True,
        text=True,
        check=True,
    )
    again = json.loads(result.stderr.splitlines()[-1])
    slides = slides_of(site, f"{name}.html")
    assert len(slides) == len(again) > 0
    for slide, frames in zip(slides, again, strict=True):
        for frame, (text, svg) in zip(slide["frames"], frames, strict=True):
            assert frame["text"] == text
            assert frame["svg"] == svg


def test_the_secant_becomes_the_tangent_and_falls_apart(site):
    slide = slides_of(site, "chapters/calculus.html")[0]

    def f(x):
        return 3 * x**2 - 4 * x

    steps = [10.0**-k for k in range(17)]
    assert [frame["text"] for frame in slide["frames"]] == [
        f"slope = {(f(1 + h) - f(1)) / h:.8f}" for h in steps
    ]
