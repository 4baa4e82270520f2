"""Chapters are read as MyST-NB reads them, at their true lines."""

import pytest

from booktools.problem import BookError
from booktools.source.chapter import read_book, read_chapter
from booktools.source.magics import python_source
from booktools.source.parts import Section

CHAPTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
data: [points.csv]
---
(sec-a)=
# 导数 $f'$

Text with `code` and $a$.

```{code-cell}
:tags: [hide-input, raises-exception]
:mystnb: {figure: {name: fig-a, caption: 曲线}}

x = 1

y = 2
```

## No label

```{code-cell} ipython3
---
tags: [hide-output]
---
z = 3
```

$$
a = b
$$ (eq-a)

$$ c = d $$ (eq-c)

```{check} eq-a
assert tex == 1
```

(sec-b)=
### Below

```python
not a cell
```

```{check}   eq-c

assert tex == 2
```

````{code-cell}

print('''
```
''')
````
"""


@pytest.fixture
def chapter():
    return read_chapter("chapters/a.md", CHAPTER.encode())


def line_of(text):
    return CHAPTER.split("\n").index(text) + 1


def test_names(chapter):
    assert chapter.name == "a"
    assert chapter.docname == "chapters/a"
    assert chapter.title == "导数 $f'$"
    assert chapter.front_matter["data"] == ["points.csv"]


def test_sections(chapter):
    assert chapter.sections == (
        Section("sec-a", "导数 $f'$", 1, line_of("# 导数 $f'$")),
        Section("", "No label", 2, line_of("## No label")),
        Section("sec-b", "Below", 3, line_of("### Below")),
    )


def test_cells(chapter):
    first, second, third = chapter.cells
    assert [cell.number for cell in chapter.cells] == [1, 2, 3]
    assert first.source == "x = 1\n\ny = 2"
    assert first.line == line_of("x = 1")
    assert first.tags == ("hide-input", "raises-exception")
    assert first.options["mystnb"]["figure"]["caption"] == "曲线"
    assert first.section == chapter.sections[0]
    assert second.source == "z = 3"
    assert second.line == line_of("z = 3")
    assert second.tags == ("hide-output",)
    assert third.tags == ()
    assert second.section == chapter.sections[1]
    assert third.source == "print('''\n```\n''')"
    assert third.line == line_of("print('''")
    assert third.options == {}
    assert third.section == chapter.sections[2]


def test_formulas_and_checks(chapter):
    formulas = [(f.label, f.tex, f.line) for f in chapter.formulas]
    assert formulas == [
        ("eq-a", "a = b", line_of("a = b")),
        ("eq-c", "c = d", line_of("$$ c = d $$ (eq-c)")),
    ]
    checks = [(c.label, c.source, c.line) for c in chapter.checks]
    assert checks == [
        ("eq-a", "assert tex == 1", line_of("assert tex == 1")),
        ("eq-c", "assert tex == 2", line_of("assert tex == 2")),
    ]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_text_of_windows_and_macintosh(chapter, end):
    data = b"\xef\xbb\xbf" + CHAPTER.replace("\n", end).encode()
    assert read_chapter("chapters/a.md", data) == chapter


NESTED = """\
# A

::::{note} Title
:class: tip

:::{tab-item} B
## No section

$$ a $$ (eq-a)
:::
::::

1. > ```{check} eq-a
   > assert tex == 1
   > ```

   ```{math} b
   :name: eq-b

   c
   ```

~~~{Exercise}
---
label: ex
---
- ```{CHECK} eq-b

  assert tex == 2
  ```
~~~

```{code-block} md
$$ c $$ (eq-c)
```
"""


def test_formulas_and_checks_anywhere():
    chapter = read_chapter("a.md", NESTED.encode())
    lines = NESTED.split("\n")
    formulas = [(f.label, f.tex, lines[f.line - 1]) for f in chapter.formulas]
    assert formulas == [
        ("eq-a", "a", "$$ a $$ (eq-a)"),
        ("eq-b", "b\nc", "   ```{math} b"),
    ]
    checks = [(c.label, c.source, lines[c.line - 1]) for c in chapter.checks]
    assert checks == [
        ("eq-a", "assert tex == 1", "   > assert tex == 1"),
        ("eq-b", "assert tex == 2", "  assert tex == 2"),
    ]
    assert [section.title for section in chapter.sections] == ["A"]


def test_directives_inside_one_another_without_end():
    text = "".join(f"{':' * i}{{note}}\n" for i in range(90, 3, -1))
    text += "".join(f"{':' * i}\n" for i in range(4, 91))
    with pytest.raises(BookError, match="more than 50 directives"):
        read_chapter("a.md", text.encode())


def test_book(make_book):
    toc = """\
format: jb-book
root: index
parts:
- caption: One
  chapters:
  - file: chapters/b.md
    sections:
    - file: more/c
- chapters:
  - url: https://example.org
    title: Elsewhere
  - file: chapters/a
"""
    config = "title: 书\nsphinx: {config: {booktools_package: mine}}\n"
    files = {"chapters/a.md": "# A\n", "more/c.md": "# C\n"}
    files |= {"chapters/b.md": "# B\n", "_toc.yml": toc, "_config.yml": config}
    root = make_book(files)
    book = read_book(root)
    assert (book.root, book.title, book.package) == (root, "书", "mine")
    names = [chapter.docname for chapter in book.chapters]
    assert names == ["index", "chapters/b", "more/c", "chapters/a"]
    assert [c.title for c in book.chapters[1:]] == ["B", "C", "A"]


def test_order_of_a_toc(make_book):
    toc = """\
root: index.md
defaults: {titlesonly: true}
subtrees:
- reversed: true
  numbered: 2
  entries:
  - file: a
    subtrees:
    - entries:
      - file: c.d
  - file: b.md
"""
    files = {f"{name}.md": f"# {name}\n" for name in ("a", "b", "c.d")}
    book = read_book(make_book({"_toc.yml": toc, **files}))
    names = [chapter.docname for chapter in book.chapters]
    assert names == ["index", "b", "a", "c.d"]


def test_defaults_of_a_book(make_book):
    book = read_book(make_book({"_config.yml": "{}", "pyproject.toml": ""}))
    assert (book.title, book.package) == ("", "the-book")
    assert [chapter.docname for chapter in book.chapters] == ["index"]


@pytest.mark.parametrize(
    "source",
    [
        "x = 1 % 2\ny = '''\n%magic\n!ls\n'''",
        "",
        "await f()",
        "x = (1,\n\n\n     2)  # ?",
    ],
)
def test_plain_python_stays_as_it_is(source):
    assert python_source(source) == source


def test_broken_python_stays_as_it_is():
    assert python_source("x = 1\nx = = 2").rstrip("\n") == "x = 1\nx = = 2"


MAGIC = "get_ipython().run_line_magic("


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (
            "%matplotlib inline\nx = 1",
            [MAGIC + "'matplotlib', 'inline')", "x = 1"],
        ),
        (
            "\n\n!ls\nx = 1",
            ["", "", "get_ipython().system('ls')", "x = 1"],
        ),
        (
            "files = !ls\nplot?\nx = 1",
            [
                "files = get_ipython().getoutput('ls')",
                MAGIC + "'pinfo', 'plot')",
                "x = 1",
            ],
        ),
        (
            "x = 1\n!echo \\\n  one \\\n  two\n%pwd\ny = 2",
            [
                "x = 1",
                "get_ipython().system('echo    one    two')",
                "",
                "",
                MAGIC + "'pwd', '')",
                "y = 2",
            ],
        ),
        (
            "if x:\n    %pwd\n    y = 2",
            ["if x:", "    " + MAGIC + "'pwd', '')", "    y = 2"],
        ),
        ("    x = 1\n    y = 2", ["x = 1", "y = 2"]),
        (">>> x = 1\n>>> y = 2", ["x = 1", "y = 2"]),
        (
            "%%time\nx = 1",
            ["get_ipython().run_cell_magic('time', '', 'x = 1\\n')"],
        ),
    ],
)
def test_magics_keep_lines(source, lines):
    assert python_source(source).rstrip("\n").split("\n") == lines


@pytest.mark.parametrize("config", ["{}", "sphinx: {}", "sphinx: {config: }"])
def test_config_without_settings(config, make_book):
    assert read_book(make_book({"_config.yml": config})).package == "d2lmini"


@pytest.mark.parametrize(
    ("title", "project", "package"),
    [
        ("A Course", "", "a_course"),
        ("Über-Kurs 1: Anfänge", "", "uber_kurs_1_anfange"),
        ("微积分", "", "the-book"),
        ("学 Python", "", "the-book"),
        ("3 ways", "", "the-book"),
        ("Statistics", "", "the-book"),  # a module of Python's own
        ("Class", "", "the-book"),
        ("", "", "the-book"),
        ("_", "", "the-book"),
        ("A Course", "[project]\nname = 'my-course'\n", "my_course"),
        ("微积分", "[project]\nname = 'My.Course'\n", "my_course"),
        ("A Course", "[project]\nname = 'import'\n", "a_course"),
        ("A Course", "[project]\nversion = '1'\n", "a_course"),
        ("A Course", "[tool.ruff]\nline-length = 79\n", "a_course"),
    ],
)
def test_a_package_without_a_setting(make_book, title, project, package):
    files = {"_config.yml": f"title: '{title}'\n", "pyproject.toml": project}
    assert read_book(make_book(files)).package == package
