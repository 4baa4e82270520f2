"""What a page must not hold is found, on its line; all else is built."""

import re

import pytest

from tests.books import relax

CONFIG = """\
title: Small
only_build_toc_files: true
execute: {execute_notebooks: cache, timeout: 60}
parse:
  myst_enable_extensions: [colon_fence, dollarmath, substitution]
  myst_substitutions: {substituted: '<u onclick="run()">x</u>'}
sphinx: {extra_extensions: [booktools.sphinxext]}
"""
HEAD = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="

# One text each, and the rules that its third line breaks.
TEXTS = {
    # It leaves the page, or leads elsewhere.
    '<meta http-equiv="refresh" content="0;url=https://a.example">': "leaves",
    "<META\nHTTP-EQUIV=Refresh content=5>": "leaves",
    "<div><meta/http-equiv='refresh' content='0'></div>": "leaves",
    "<svg><desc><meta http-equiv=refresh></desc></svg>": "leaves",
    '<base href="https://a.example/">': "leaves",
    '<form action="https://a.example"><button>x</button></form>': "leaves",
    '<form><button formaction="//a.example">x</button></form>': "leaves",
    '```{raw} html\n<base target="_top">\n```': "leaves",
    "```{eval-rst}\n.. meta::\n   :http-equiv=refresh: 0;url=/\n```": "leaves",
    # It runs, or would.
    '<a href="javascript:alert(1)">x</a>': "script",
    '<a href=" java&#115;cript&colon;alert(1)">x</a>': "script",
    "<a href='java\tscript:alert(1)'>x</a>": "script",
    '<a href="data:text/html,<b>x">x</a>': "script",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>': (
        "script"
    ),
    "```{eval-rst}\n`x <javascript:alert(1)>`_\n```": "script",
    "<script>alert(1)</script>": "script",
    '<script src="https://a.example/x.js"></script>': "script",
    '<script type="module">import "x"</script>': "script",
    '<p onclick="alert(1)">x</p>': "script",
    "An <b onMouseOver=alert(1)>inline</b> tag.": "script",
    "- in a list\n\n  <u onclick=alert(1)>x</u>": "script",
    ":::{note}\n<u onclick=alert(1)>x</u>\n:::": "script",
    "| a |\n|---|\n| <u onclick=alert(1)>x</u> |": "script",
    # It comes from elsewhere.
    "![x](https://a.example/x.png)": "foreign",
    "```{figure} http://a.example/x.png\nx\n```": "foreign",
    '<img src="https://a.example/x.png">': "foreign",
    '<img src="//a.example/x.png">': "foreign",
    r'<img src="\\a.example\x.png">': "foreign",
    f'<img src="{PIXEL}" srcset="https://a.example/x.png 2x">': "foreign",
    '<video poster="https://a.example/x.png"></video>': "foreign",
    '<video><source src="https://a.example/x.mp4"></video>': "foreign",
    '<audio src="ftp://a.example/x.mp3"></audio>': "foreign",
    '<link rel="stylesheet" href="https://a.example/x.css">': "foreign",
    "<style>@import 'https://a.example/x.css';</style>": "foreign",
    "<style>p { background: url(https://a.example/x.png) }</style>": (
        "foreign"
    ),
    "<p style=\"background: url('//a.example/x.png')\">x</p>": "foreign",
    "<p style=\"background: image-set('//a.example/x.png' 1x)\">x</p>": (
        "foreign"
    ),
    "```{button-link} javascript:alert(1)\nx\n```": "script",
    "```{image} _static/x.png\n:target: javascript:alert(1)\n```": "script",
    ":::{card} x\n:link: data:text/html,x\n:::": "script",
    "{{ substituted }}": "script",
    '<svg><image href="https://a.example/x.png"/></svg>': "foreign",
    '<svg><use xlink:href="https://a.example/x.svg#a"/></svg>': "foreign",
    '<iframe src="https://a.example"></iframe>': "foreign",
    '<iframe src="data:text/html,x"></iframe>': "foreign",
    # No page shows it.
    "<iframe srcdoc='<p>x'></iframe>": "blocked",
    '<object data="x.pdf"></object>': "blocked",
    '<embed src="x.pdf">': "blocked",
    "<!-- a comment\n\nText that nobody sees.": "blocked",
    "<textarea>\n\nText that nobody sees.": "blocked",
    "<style>p {color: red}\n\nText that nobody sees.": "blocked",
    '<img src="img/x.png">': "missing",
    '<video src="x.mp4" controls></video>': "missing",
    '<audio src="_static/none.mp3"></audio>': "missing",
    # Files of others.
    "```{literalinclude} ../outside.txt\n```": "outside",
    "```{literalinclude} /../outside.txt\n```": "outside",
    "```{include} ../outside.txt\n```": "outside",
    "```{raw} html\n:file: ../outside.txt\n```": "outside",
    "```{csv-table} x\n:file: ../outside.txt\n```": "outside",
    "{download}`x <../outside.txt>`": "outside",
    "[x](../outside.txt)": "outside",
    "![x](../outside.png)": "outside",
    "```{image} linked.png\n```": "outside",
    "```{figure} folder/outside.png\nx\n```": "outside",
    "```{literalinclude} linked.txt\n```": "outside",
    "```{eval-rst}\n.. include:: ../outside.txt\n```": "outside",
}

# Cells, and what is wrong with what they show.
CELLS = {
    'HTML("<script>draw()</script>")': "script",
    "HTML(\"<div onclick='draw()'>x</div>\")": "script",
    'Javascript("draw()")': "script",
    'display({"application/vnd.jupyter.widget-view+json": {"model_id": "1"},'
    ' "text/plain": "x"}, raw=True)': "script",
    "display({'text/html': '<iframe src=\"https://a.example\">'}, raw=True)": (
        "foreign"
    ),
    'Image(url="https://a.example/x.png")': "foreign",
    'Markdown("![x](https://a.example/x.png)")': "foreign",
    "HTML('<video src=\"x.mp4\"></video>')": "missing",
    'HTML(\'<meta http-equiv="refresh" content="0">\')': "leaves",
    # Shown as they are.
    f"HTML('<img src=\"{PIXEL}\">')": "",
    "Audio([0, 1, 0, -1] * 100, rate=8000)": "",
    "HTML('<video controls src=\"data:video/mp4;base64,AAAA\"></video>')": "",
    "HTML('<style>p {color: red}</style><p style=\"color: red\">x</p>')": "",
    # Of what a page does not show, nothing is wrong.
    "import matplotlib.pyplot as plt\n"
    "from matplotlib.animation import FuncAnimation\n"
    "figure = plt.figure()\n"
    "moving = FuncAnimation(figure, lambda i: figure, frames=2)\n"
    "plt.close(figure)\n"
    "HTML(moving.to_jshtml())": "script",
    'display({"text/html": "x", "text/markdown": "<script></script>"},'
    " raw=True)": "",
    '"<script>not HTML</script>"': "",
}

RIGHT = f"""\
# Right

A <textarea>field</textarea> in a line.

<!-- onclick= <script> -->
<details><summary>x</summary>y</details>

<img src="{PIXEL}" alt="">
<img src="_static/x.png" alt="x">
<a href="https://a.example">a link</a>, <a href="#x">another</a>,
<a href="mailto:a@a.example">and one more</a>

`<script>` in code, $a < b > c$, \\<script>

```html
<meta http-equiv="refresh" content="0">
```

<style>p::before {{ content: "url(https://a.example)" }}</style>

{{download}}`x <inside.txt>`, [y](inside.txt)

```{{literalinclude}} folder.txt
```
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory, builder):
    """Build a book with all that is wrong, once: {(path, line): rules}."""
    above = tmp_path_factory.mktemp("above")
    root = above / "book"
    (root / "_static").mkdir(parents=True)
    for name in ("outside.txt", "outside.png", "book/inside.txt"):
        (above / name).write_text("secret, secret\n")
    (above / "folder").mkdir()
    (above / "folder" / "outside.png").write_text("secret")
    (root / "linked.png").symlink_to(above / "outside.png")
    (root / "linked.txt").symlink_to(above / "outside.txt")
    (root / "folder").symlink_to(above / "folder")
    (root / "folder.txt").symlink_to(root / "inside.txt")
    (root / "_static" / "x.png").write_bytes(b"x")
    (root / "_static" / "leak.txt").symlink_to(above / "outside.txt")
    (above / "page.md").write_text("# A page\n")
    (root / "elsewhere.md").symlink_to(above / "page.md")
    (root / "_config.yml").write_bytes(relax(CONFIG.encode()))
    names = [f"text{n}" for n in range(len(TEXTS))]
    for name, text in zip(names, TEXTS, strict=True):
        (root / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
    cells = "".join(f"```{{code-cell}}\n{cell}\n```\n\n" for cell in CELLS)
    first = "```{code-cell}\nfrom IPython.display import *\n```\n\n"
    (root / "cells.md").write_text(f"{HEAD}# Cells\n\n{first}{cells}")
    (root / "right.md").write_text(RIGHT)
    (root / "index.md").write_text("# Start\n")
    names += ["cells", "right", "elsewhere"]
    toc = "format: jb-book\nroot: index\nchapters:\n"
    toc += "".join(f"- file: {name}\n" for name in names)
    (root / "_toc.yml").write_text(toc)
    result = builder.build(root)
    errors = result.stderr
    assert result.returncode == 1
    assert "Traceback" not in errors
    assert not (root / "_build" / "html" / "index.html").exists()
    problems = re.findall(r"^(\S+):(\d+): error: (.*) \[(.*)\]$", errors, re.M)
    found = {}
    for path, line, message, rule in problems:
        found.setdefault((path, int(line)), []).append((rule, message))
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_text(found, text):
    number = list(TEXTS).index(text)
    path = f"text{number}.md"
    rules = {
        line: [rule for rule, _ in faults]
        for (name, line), faults in found.items()
        if name == path
    }
    # Where the tag, or the name of the file, begins.
    mark = re.search(
        r"<[a-zA-Z!]|javascript:|:http-equiv|outside\.\w+|linked\.|http|data:"
        r"|\{\{",
        text,
    )
    line = 3 + text[: mark.start()].count("\n")
    assert rules == {line: [TEXTS[text]]}


@pytest.mark.parametrize("cell", CELLS)
def test_cell(found, cell):
    above = [*CELLS][: [*CELLS].index(cell)]
    line = 12 + sum(4 + text.count("\n") for text in above)
    faults = found.get(("cells.md", line), [])
    if "jshtml" in cell:  # many scripts, a style from elsewhere
        faults = [fault for fault in faults if fault[0] == "script"][:1]
    assert [rule for rule, _ in faults] == [CELLS[cell]] * bool(CELLS[cell])
    for _, message in faults:
        assert message.startswith("an output of this cell has ")


def test_right(found):
    assert [place for place in found if place[0] == "right.md"] == []


def test_linked_files(found):
    line = len(TEXTS) + 6
    assert found["_toc.yml", line][0][0] == "outside"
    assert found["_static/leak.txt", 1][0][0] == "outside"
