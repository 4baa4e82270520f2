"""What authors show, and readers find, print and take away, in one book."""

import json
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from booktools.render.browser import open_chromium
from tests.books import ROOT, Book, write_book

CONFIG = """\
title: A small book
bibtex_bibfiles: [references.bib]
parse: {myst_enable_extensions: [colon_fence, dollarmath, fieldlist]}
execute: {execute_notebooks: cache, timeout: 60}
sphinx:
  extra_extensions: [booktools.sphinxext]
  config: {language: zh_CN}
"""
BIBLIOGRAPHY = """\
@book{peano1889, author = {Peano, Giuseppe}, title = {Principia},
publisher = {Bocca}, year = {1889}}
"""
PARTS = """\
:::{card} A **bold** title
:link: https://example.org
Text of the card.
:::

::::{grid} 2
:::{grid-item-card} Another title
:img-top: x.png
More text.
:::
:::{grid-item}
An item.
:::
::::

{fas}`rocket` {octicon}`report` {material-regular}`edit` {bdg-primary}`badge`

```{button-link} https://example.org
A button
```

::::{tab-set}
:::{tab-item} First
one tab
:::
:::{tab-item} Second
another tab
:::
::::

:::{dropdown} To unfold
unfolded
:::

:::{article-info}
:author: Somebody
:read-time: 5 min
:::

::::{card-carousel} 2
:::{card} c1
x
:::
::::

::::{steps}
:::{step} A step
to do
:::
::::

:::{aside} Beside
an aside
:::

:field: its value

```{hlist}
- a
- b
```

```{centered} In the middle
```

```{py:function} f(x)
:no-index:
A function.
```

| a |
|---|
| {fas}`star` cell |
"""
CODE = f"""\
---
file_format: mystnb
kernelspec: {{name: python3}}
---
# Parts

```{{code-cell}}
:tags: [hide-output]
1 + 1
```

```{{code-cell}}
:tags: [hide-input]
1 + 1
```

```{{code-cell}}
:tags: [hide-cell]
1 + 1
```

```{{code-cell}}
from IPython.display import Audio
Audio([0, 1, 0, -1] * 100, rate=8000)
```

It is cited{{footcite:p}}`peano1889`.

{PARTS}

```{{footbibliography}}
```
"""
SYMBOLS = r"""# Symbols

## Partial

The formula $\frac{\partial f}{\partial x} \approx \alpha$ is here.

## Gradient

$$
\nabla f(x) = \sum_i x_i \to 0
$$

## Code

Write `a += 1`, `x ** 2` and `A @ B`, never `C:\temp`, and vector-Jacobian.

## Text

Here stand ∂ and 1 ≤ 2 → 3, 50% and ✓.

## Nothing

Plain words and/or others.
"""


@pytest.fixture(scope="module")
def html(tmp_path_factory, builder):
    files = {
        "_config.yml": CONFIG,
        "_toc.yml": "format: jb-book\nroot: index\nchapters:\n"
        "- file: codes\n- file: plain\n- file: symbols\n",
        "index.md": "# Start\n",
        "references.bib": BIBLIOGRAPHY,
        "codes.md": CODE,
        "plain.md": f"# Without code\n\n{PARTS}",
        "symbols.md": SYMBOLS,
    }
    folder = tmp_path_factory.mktemp("components")
    book = Book(write_book(folder / "book", files), builder)
    picture = ROOT / "booktools/sphinxext/assets/preview.png"
    (book.root / "x.png").write_bytes(picture.read_bytes())
    book.succeed()
    return book.html


@pytest.fixture(scope="module")
def page(html):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = partial(Quiet, directory=html)
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        open_chromium() as browser,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.set_default_timeout(10_000)
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        yield page
        server.shutdown()


def test_notebooks_have_all_that_has_a_text(html):
    notebook = json.loads((html / "_notebooks/codes.ipynb").read_text("utf-8"))
    cells = notebook["cells"]
    text = "\n\n".join(
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "markdown"
    )
    for part in [
        "**A bold title**",
        "Text of the card.",
        "(https://example.org)",
        "**Another title**",
        "An item.",
        "badge",
        "[A button](https://example.org)",
        "**First**",
        "another tab",
        "<summary>To unfold</summary>",
        "Somebody",
        "**c1**",
        "1. **A step**",
        "**Beside**",
        "- **field**\n\n  its value",
        "**In the middle**",
        "| cell |",
        r"It is cited<sup>[\[1\]](#footcite-peano1889)</sup>",
        r"\[1\] Giuseppe Peano.",
    ]:
        assert part in text, part
    # No line above footnotes that are not there.
    assert not text.rstrip().endswith("---")


def test_hidden_parts_of_cells_say_what_they_are(html):
    text = (html / "codes.html").read_text("utf-8")
    lines = re.findall(
        r"<summary>\n<p [^>]*>(.*)</p>\n<p [^>]*>(.*)</p>", text
    )
    assert lines == [
        (f"显示{part}", f"收起{part}")
        for part in ("输出", "代码", "代码和输出")
    ]
    assert "Toggle hidden" not in text
    assert 'placeholder="搜索本书"' in text


def test_all_tabs_are_printed(page):
    page.goto(page.url.rpartition("/")[0] + "/codes.html")
    tabs = page.locator(".sd-tab-content")
    assert [tab.is_visible() for tab in tabs.all()] == [True, False]
    page.emulate_media(media="print")
    assert [tab.is_visible() for tab in tabs.all()] == [True, True]
    places = [
        page.get_by_text(text, exact=True).bounding_box()["y"]
        for text in ("First", "one tab", "Second", "another tab")
    ]
    assert places == sorted(places)
    page.emulate_media(media="screen")


def test_a_sound_that_a_cell_makes_can_be_played(page):
    page.goto(page.url.rpartition("/")[0] + "/codes.html")
    # Its length is known as soon as it is loaded: no policy forbids it.
    page.wait_for_function("document.querySelector('audio').duration > 0")


@pytest.mark.parametrize(
    ("query", "sections"),
    [
        ("∂", {"partial", "text"}),
        ("∂f", {"partial"}),
        ("∇", {"gradient"}),
        ("∇f", {"gradient"}),
        ("∑", {"gradient"}),
        ("→", {"gradient", "text"}),
        ("≈", {"partial"}),
        ("≤", {"text"}),
        ("α", {"partial"}),
        ("+=", {"code"}),
        ("**", {"code"}),
        ("@", {"code"}),
        ("A @ B", {"code"}),
        ("\\temp", {"code"}),
        ("50%", {"text"}),
        ("✓", {"text"}),
        ("1 ≤ 2", {"text"}),
        ("vector-Jacobian", {"code"}),
        ("vector jacobian", {"code"}),
        ("and/or", {"nothing"}),
        ("∫", set()),
        ("???", set()),
    ],
)
def test_symbols_are_found(page, query, sections):
    page.goto(page.url.rpartition("/")[0] + "/search.html")
    page.locator("main input").fill(query)
    page.locator("main .search-status:not(:empty)").wait_for()
    links = page.locator("main .search-hits a")
    found = {link.get_attribute("href") for link in links.all()}
    assert {link.partition("#")[2] for link in found} == sections
    for text in links.all_inner_texts():
        assert not set(text) & set("\u01c0\u01c1\ue000\ue001\ue002")
    if query in ("+=", "**", "\\temp"):
        assert links.first.locator("mark").first.inner_text() == query
