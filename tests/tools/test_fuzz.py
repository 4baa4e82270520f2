"""Whatever stands in a book's files ends in success or in problems.

Thousands of books are made by changing a good one at random, always the same
ones.  To look longer: `FUZZ=100000 make nightly`; what is found belongs into
`problems/`, too.
"""

import os
import random
import re

import pytest
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbformat.v4 import new_code_cell, new_notebook

from booktools.problem import BookError
from booktools.render.script import find_unscriptable, to_script
from booktools.render.takeaway import first_cell
from booktools.source.chapter import read_book
from booktools.source.data import read_data
from booktools.source.deps import Library, chapter_digest
from booktools.source.package import render_package
from booktools.source.text import read_text

COUNT = int(os.environ.get("FUZZ", "4000"))
EXTENSIONS = {"colon_fence", "deflist", "dollarmath"}

BOOK = {
    "_config.yml": """\
title: A book
execute: {execute_notebooks: cache, timeout: 60}
parse: {myst_enable_extensions: [colon_fence, deflist, dollarmath]}
sphinx:
  config: {booktools_package: mine, language: zh_CN}
""",
    "_toc.yml": """\
format: jb-book
root: index
parts:
- caption: One
  chapters:
  - file: chapters/a
    sections:
    - file: chapters/b.md
- chapters:
  - url: https://example.org
""",
    "index.md": "# 书\n",
    "part.md": "Included *text*.\n\n$$ x $$\n",
    "chapters/a.md": """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
mystnb: {execution_mode: cache, execution_timeout: 9}
date: 2024-01-02
data: [a.md]
---
(sec-a)=
# 导数

```{code-cell}
:tags: [hide-input, remove-cell]
import numpy as np

def area(r):  #@save
    return np.pi * r ** 2
```

$$
a = b
$$ (eq-a)

```{check} eq-a
assert tex
```

:::{note}
- $$ c = d $$ (eq-c)

  ```{check} eq-c
  assert tex
  ```
:::

Term
: Text
""",
    "chapters/b.md": """\
---
jupytext: {text_representation: {format_name: myst}}
---
(sec-b)=
# B

```{math}
:label: eq-m
x
```

~~~{check} eq-m
assert tex
~~~

+++ {"tags": ["a"]}

```{include} ../part.md
:start-after: In
```

```{code-cell} ipython3
---
tags: [raises-exception]
mystnb: {figure: {caption: 图}}
---
%%time
x = !ls
y = await mine.area(1)
```
""",
}

PIECES = r"""
---
...
+++
```
~~~
:::
````
::::
```{code-cell}
~~~{code-cell} ipython3
:::{code-cell}
``` {Code-Cell}
```{raw-cell}
```{check} eq-a
```{check}
```{CHECK} eq-m x
```{math} x
```{include} ../part.md
```{include} a.md
```{include} /
```{eval-rst}
:::{tip}
````{exercise}
:label: eq-a
:tags: [a, a]
:tags: {a: 1}
:tags: a
:mystnb: 3
:start-line: x
:end-line: -1
:name:
$$
$$ (eq-a)
$$ x $$ (eq-z)
\begin{align}
\end{align}
- file: chapters/a
  - glob: "*"
- file: ../x
root: [a]
# Heading
#@save
def f(x): return g(x)
%%time
%%capture x
%time x = 1
!ls
x = !ls
?x
>>> 1
return 1
await x
from __future__ import annotations
'''
(
date: 2024-13-45
when: 10:99:99
file_format: mystnb
file_format: [mystnb]
kernelspec: foo
kernelspec: {name: 3}
mystnb: [1]
mystnb: {execution_mode: force}
jupytext:
data: {a: 1}
data: [/, "\0", ..]
title: 3
authors: me
? [1]
: 2
1: 2
x: &a [*a]
x: *b
x: !!binary x
x: !!python/object:os.system {}
x: .nan
x: {2024-01-01: 1}
- 1
<<: 3
sphinx: 3
execute: {timeout: abc}
: x
   :   x
[^1]: x
> x
- x
  ```
{{ x }}
<div>
|a|b|
"""
CHARACTERS = (
    "\0\x07\x0b\x0c\r\x1b\x85\xa0\u2028\ufeff\t `~:{}[]$%#!&*\"'\\-中😀"
)


LINES = PIECES.strip("\n").split("\n")


def mutate(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice([1, 1, 2, 3, 5])):
        lines = text.split("\n")
        at = rng.randrange(len(lines))
        match rng.randrange(8):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, rng.choice(LINES))
            case 2:
                lines[at] = rng.choice(LINES)
            case 3:
                lines[at] = " " * rng.randrange(1, 5) + lines[at]
            case 4:
                lines.insert(at, rng.choice(lines))
            case 5:
                end = at + rng.randrange(4)
                mark = rng.choice(["> ", "- ", "  ", "    ", "1. "])
                lines[at:end] = [mark + line for line in lines[at:end]]
            case 6:
                line = lines[at]
                i = rng.randrange(len(line) + 1)
                character = rng.choice(CHARACTERS)
                lines[at] = (
                    line[:i] + character + line[i + rng.choice([0, 1]) :]
                )
            case 7:
                values = re.split(r"(\w+)", lines[at])
                new = rng.choice(["3", "null", "[]", "{}", "abc", "''", "off"])
                values[rng.randrange(len(values))] = new
                lines[at] = "".join(values)
        text = "\n".join(lines) or "\n"
    return text


def encode(text: str, rng: random.Random) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    match rng.randrange(40):
        case 0:
            return b"\xef\xbb\xbf" + data
        case 1:
            return data.replace(b"\n", b"\r\n")
        case 2:
            return data.replace(b"\n", b"\r")
        case 3:
            return text.encode("utf-16", "surrogatepass")
        case 4:
            i = rng.randrange(len(data) + 1)
            return data[:i] + bytes([rng.randrange(256)]) + data[i:]
        case 5:
            return data[: rng.randrange(len(data) + 1)]
    return data


@pytest.mark.slow
@pytest.mark.parametrize(
    "count", [100, pytest.param(COUNT, marks=pytest.mark.nightly)]
)
def test_random_books(tmp_path, count):
    root = tmp_path / "book"
    (root / "chapters").mkdir(parents=True)
    good = 0
    changed = list(BOOK)
    for seed in range(count):
        for name in changed:
            (root / name).write_text(BOOK[name], "utf-8")
        rng = random.Random(seed)
        changed = rng.sample(sorted(BOOK), rng.choice([1, 1, 1, 2]))
        for name in changed:
            data = encode(mutate(BOOK[name], rng), rng)
            (root / name).write_bytes(data)
        try:
            read_all(root, changed)
            good += 1
        except BookError as error:
            for problem in error.problems:
                assert problem.line > 0
                assert "\n" not in problem.message
                assert (root / problem.path).exists()
        except Exception as error:
            error.add_note(f"seed {seed}: {changed}")
            raise
    assert 0.1 < good / count < 0.9


def read_all(root, changed):
    """Do all that is done before a chapter runs."""
    book = read_book(root)
    files = render_package(book, "1")
    library = Library.from_files(files, book.package)
    for chapter in book.chapters:
        if chapter.path not in changed:
            continue
        chapter_digest(library, chapter, root)
        first_cell(library, files, chapter, data=read_data(chapter, root))
        cells = [
            new_code_cell(cell.source, metadata={"tags": list(cell.tags)})
            for cell in chapter.cells
        ]
        if not find_unscriptable(chapter) and cells:
            shown = {cell.id for cell in cells}
            script = to_script(new_notebook(cells=cells), shown, shown)
            compile(script, "script", "exec")
        if cells:
            assert cells_of_myst_nb(root / chapter.path) == [
                cell.source for cell in chapter.cells
            ]


def cells_of_myst_nb(path):
    config = MdParserConfig(enable_extensions=EXTENSIONS)
    notebook = read_myst_markdown_notebook(read_text(path), config)
    return [c.source for c in notebook.cells if c.cell_type == "code"]
