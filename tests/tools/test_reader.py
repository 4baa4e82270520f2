"""What authors write in other ways than this book, in real builds."""

import nbformat
import pytest
from bs4 import Tag

from tests.books import Book

MYSTNB = "---\nfile_format: mystnb\n---\n"
CONFIG = """\
title: A small book
only_build_toc_files: true
execute: {execute_notebooks: cache}
parse: {myst_enable_extensions: [colon_fence, deflist, dollarmath]}
sphinx:
  extra_extensions: [sphinx_exercise, booktools.sphinxext]
  config:
    language: zh_CN
    suppress_warnings: [myst.header]
    booktools_rules: {alt-text: false, heading-label: false}
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'

NESTED = """\
# Formulas anywhere

:::{note}
$$1 = 1$$ (eq-note)

```{check} eq-note
open("../ran", "a").write("note ")
```
:::

1. Text

   $$
   2 = 2
   $$ (eq-list)

   ```{CHECK} eq-list
   open("../ran", "a").write("list ")
   ```

````{exercise}
:label: ex-a

```{math}
:label: eq-exercise
3 = 3
```
````

~~~{solution} ex-a
> ```{check} eq-exercise
>
> open("../ran", "a").write("exercise " + tex.strip())
> ```
~~~
"""

GOOD = {
    "chapters/nested.md": NESTED,
    "chapters/off.md": """\
---
file_format: mystnb
mystnb: {execution_mode: "off"}
---
# Not run

$$1 = 2$$ (eq-off)

```{check} eq-off
assert False
```

```{code-cell}
1 / 0
```
""",
    "chapters/bom.md": f"\ufeff{MYSTNB}# 题\n\n```{{code-cell}}\n6 * 7\n```\n",
    "chapters/macintosh.md": f"{MYSTNB}# A\n\n```{{code-cell}}\n8 * 8\n```\n",
    "chapters/windows.md": f"{MYSTNB}# A\n\n```{{code-cell}}\n9 * 9\n```\n",
    "chapters/jupytext.md": """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
date: 2024-01-02
when: {at: 2024-01-02 10:00:00, who: !!set {x}, much: .nan}
---
# Dates

~~~~{code-cell} ipython3 and more
---
tags: [hide-input]
---
%time print("ran")
~~~~
""",
    "chapters/dated.md": f"{MYSTNB[:-4]}date: 2024-01-02\n---\n# No code\n",
    "chapters/above.md": f"{MYSTNB[:-4]}rules: {{second-title: false}}\n---\n"
    """\
Term
: Definition

```{code-cell}
print("above")
```

# Title

```{code-cell}
print("below")
```

# Another title
""",
    "chapters/图.md": f"""{MYSTNB}\
# 图

![one](图.svg) ![two](<a b.svg>) ![three](a%20b.svg) ![four](100%.svg)

```{{figure}} %E5%9B%BE.svg
五
```

```{{image}} ../x#y.svg
```

```{{code-cell}}
1
```
""",
    "chapters/图.svg": SVG,
    "chapters/a b.svg": SVG,
    "chapters/100%.svg": SVG,
    "x#y.svg": SVG,
}


@pytest.fixture(scope="module")
def good(tmp_path_factory, builder) -> Book:
    """Return a book of pages that are unusual but right, built."""
    root = tmp_path_factory.mktemp("good") / "book"
    names = sorted(name[:-3] for name in GOOD if name.endswith(".md"))
    toc = "format: jb-book\nroot: index\nchapters:\n"
    toc += "".join(f"- file: {name}\n" for name in names)
    files = {"_config.yml": "\ufeff" + CONFIG, "_toc.yml": "\ufeff" + toc}
    for name, text in {**GOOD, **files, "index.md": "\ufeff# Start\n"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        newline = {
            "chapters/macintosh.md": "\r",
            "chapters/windows.md": "\r\n",
        }
        end = newline.get(name, "\n")
        (root / name).write_text(text, "utf-8", newline=end)
    book = Book(root, builder)
    book.succeed()
    return book


def page(book: Book, name: str) -> Tag:
    return book.article(f"chapters/{name}")


def test_checks_run_wherever_they_stand(good):
    assert good.read("ran") == "note list exercise 3 = 3"
    summaries = page(good, "nested").select("details.check > summary")
    assert [s.text for s in summaries] == ["✓ 已用代码检验"] * 3


def test_checks_that_did_not_run_say_so(good):
    (summary,) = page(good, "off").select("details.check > summary")
    assert summary.text == "检验用的代码（没有运行）"


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("bom", "42"),
        ("macintosh", "64"),
        ("windows", "81"),
        ("jupytext", "ran"),
    ],
)
def test_every_way_to_write_a_notebook(good, name, output):
    texts = [o.get_text() for o in page(good, name).select(".cell_output")]
    assert len(texts) == 1
    assert output in texts[0]


def test_what_stands_above_the_title(good):
    file = good.html / "_notebooks/chapters/above.ipynb"
    cells = nbformat.read(file, 4).cells
    sources = [cell.source.split("\n")[-1] for cell in cells]
    assert sources == [
        *("  Definition", 'print("above")', "# Title"),
        *('print("below")', "# Another title"),
    ]


def test_pictures_with_any_name(good):
    addresses = [img["src"] for img in page(good, "图").find_all("img")]
    assert addresses == [
        f"../_images/{name}"
        for name in (
            *("%E5%9B%BE.svg", "a%20b.svg", "a%20b.svg", "100%25.svg"),
            *("%E5%9B%BE.svg", "x%23y.svg"),
        )
    ]
    images = {path.name for path in (good.html / "_images").iterdir()}
    assert images >= {"图.svg", "a b.svg", "100%.svg", "x#y.svg"}
    file = good.html / "_notebooks/chapters/图.ipynb"
    assert file.read_text("utf-8").count("data:image/svg+xml;base64") == 6
    assert file.with_suffix(".py").exists()


BAD = {
    "chapters/hidden.md": """\
---
myst:
  enable_extensions: [substitution, dollarmath]
  substitutions:
    text: |
      ```{check} eq-a
      assert False
      ```
---
# Checks that the reader cannot see

{{ text }}

```{eval-rst}
.. check:: eq-b

   assert False

.. math:: 1 = 2
   :label: eq-b
```
""",
    "chapters/pictures.md": """\
# Pictures

Text
![one](没有.svg)

```{figure} missing*.png
```

```{image} /chapters
```
""",
}


def test_what_was_not_read_stops_the_build(new_book):
    book = new_book({"_config.yml": CONFIG, **BAD})
    result = book.build()
    assert result.returncode == 1
    assert "Traceback" not in result.stdout + result.stderr
    lines = [t for t in result.stderr.split("\n") if ": error: " in t]
    assert [line.split(" error: ")[0] for line in lines] == [
        "chapters/hidden.md:13:",
        "chapters/hidden.md:15:",
        "chapters/hidden.md:19:",
        "chapters/pictures.md:4:",
        "chapters/pictures.md:6:",
        "chapters/pictures.md:9:",
    ]
    rules = [line.split("[")[-1] for line in lines]
    assert rules == ["not-read]"] * 3 + ["missing-picture]"] * 3
    assert not (book.html / "index.html").exists()


def test_the_unforeseen_ends_in_a_sentence(new_book):
    config = f"{CONFIG}    numfig_format: 3\n"
    book = new_book({"_config.yml": config})
    result = book.build()
    assert result.returncode == 1
    last = result.stderr.rstrip().split("\n")[-1]
    assert last.startswith("error: the build stopped: TypeError: 'int' ")
    assert "Traceback" not in result.stdout + result.stderr
