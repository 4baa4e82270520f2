"""Chapters of others become chapters of this dialect.

A case is a file, `imports/NAME.md` or `.ipynb`; `NAME.txt` is what is said,
and what is written.
"""

import base64
import json
import shutil

import pytest

from booktools.importing import command, d2l
from booktools.importing.draft import Draft
from booktools.source.chapter import read_chapter
from tests.books import CASES

FOLDER = CASES / "imports"
FILES = sorted(p for p in FOLDER.iterdir() if p.suffix in (".md", ".ipynb"))


@pytest.fixture
def imports(tmp_path, run):
    """Import copies of files; return what is said."""
    shutil.copytree(FOLDER, tmp_path / "old/chapters")
    shutil.copytree(FOLDER / "img", tmp_path / "old/img")

    def imports(*arguments, **environment):
        names = [
            f"old/chapters/{a}" if a.endswith((".md", ".ipynb")) else a
            for a in arguments
        ]
        command = ["-m", "booktools", "import", *names, "--book", "book"]
        return run(*command, **environment)

    return imports


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.stem)
def test_cases(case, imports, tmp_path, expect):
    result = imports(case.name, "--to", "new")
    assert (result.returncode, result.stderr) == (0, "")
    written = tmp_path / f"new/{case.stem}.md"
    text = written.read_text("utf-8")
    expect(case.with_suffix(".txt"), f"{result.stdout}\n{text}")
    # What the tools have to say about it has been said.
    assert read_chapter(written.name, text.encode())


def test_files_that_refer_to_each_other(imports, tmp_path):
    result = imports("d2l_area.md", "d2l_tabs.md", "--to", "new")
    assert "'sec_areas' is in none" not in result.stdout
    assert "'sec_elsewhere' is in none of these files" in result.stdout
    assert "见 {ref}`sec-areas`。" in (tmp_path / "new/d2l_tabs.md").read_text(
        "utf-8"
    )


def test_another_tab(imports, tmp_path):
    imports("d2l_area.md", "--tab", "mxnet", "--to", "new")
    text = (tmp_path / "new/d2l_area.md").read_text("utf-8")
    assert "For the other framework." in text
    assert "For this one." not in text
    assert "return a * np.ones(1)" in text
    assert "torch" not in text


def test_into_a_book(imports, make_book):
    """What the book has counts: its package, its labels, its bibliography."""
    config = (
        "sphinx: {config: {booktools_package: mine,"
        " bibtex_bibfiles: [references.bib]}}\n"
    )
    other = "(sec-elsewhere)=\n# Else\n\n(other)=\n## Other\n"
    root = make_book({"_config.yml": config, "chapters/else.md": other})
    result = imports("d2l_area.md", "myst_stock.md")
    assert result.returncode == 0
    assert "no-bibliography" not in result.stdout
    text = (root / "chapters/d2l_area.md").read_text("utf-8")
    assert "import mine as d2l" in text
    assert "{cite}`Euclid.300`" in text
    text = (root / "chapters/myst_stock.md").read_text("utf-8")
    assert "{ref}`a section <other>`" in text


def test_into_a_book_with_problems(imports, make_book):
    """Its package is known all the same."""
    config = "sphinx: {config: {booktools_package: mine}}\n"
    root = make_book({"_config.yml": config, "chapters/else.md": "No title\n"})
    assert imports("d2l_area.md").returncode == 0
    text = (root / "chapters/d2l_area.md").read_text("utf-8")
    assert "import mine as d2l" in text


def files(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_nothing_is_overwritten(imports, make_book):
    root = make_book({"chapters/d2l_tabs.md": "# Mine\n"})
    before = files(root)
    result = imports("d2l_area.md", "d2l_tabs.md")
    assert result.returncode == 1
    assert result.stderr.startswith(
        "book/chapters/d2l_tabs.md:1: error: this file is there already, and"
        " stays as it is [file-exists]\n    hint: "
    )
    assert files(root) == before


def test_pictures_are_not_overwritten(imports, make_book):
    root = make_book({"chapters/img/square.svg": "<svg>mine</svg>"})
    before = files(root)
    result = imports("d2l_area.md")
    assert "img/square.svg:1: error: this file is there" in result.stderr
    assert files(root) == before


def test_what_cannot_be_saved_is_said_below_options_too(tmp_path, run):
    code = "@d2l.add_to_class(A)  #@save\ndef f(self):\n    return 1\n"
    text = f"# A\n\n```{{code-cell}}\n:tags: [hide-input]\n\n{code}```\n"
    (tmp_path / "a.md").write_text(text)
    result = run("-m", "booktools", "import", "a.md", "--to", "new")
    assert "a.md:6: `add_to_class` changes a class" in result.stdout
    assert "#@save" not in (tmp_path / "new/a.md").read_text()


def test_different_pictures_with_the_same_name(tmp_path, run):
    """One of them would take the place of the other."""
    for name, data in (("one", "1"), ("two", "2"), ("three", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_text(data)
    figure = ":::{figure} two/a.png\n:alt: Two\n:::\n"
    text = f"# B\n\n![One](one/a.png)\n\n{figure}\n![1](three/a.png)\n"
    (tmp_path / "b.md").write_text(text)
    result = run("-m", "booktools", "import", "b.md")
    said = "b.md:5: another picture is called 'a.png', too [same-picture]"
    assert result.stdout.count("[same-picture]") == 1
    assert said in result.stdout
    written = (tmp_path / "chapters/b.md").read_text()
    assert written.count("img/a.png") == 3
    assert (tmp_path / "chapters/img/a.png").read_text() == "1"


def test_pictures_in_code_are_text(tmp_path, run):
    code = 'print("![A](a.png)")\n'
    cell = f"```{{code-cell}}\n{code}```\n"
    listing = "````\n```{figure} a.png\n```\n````\n"
    inside = f":::{{note}}\n{cell.replace('{code-cell}', 'python')}:::\n"
    table = "```{list-table}\n* - ![A](a.png)\n```\n"
    image = "```{image} a.png\n:alt: A\n```\n"
    written_so = "Write `![A](a.png)` for it, ``![`](a.png)`` not.\n"
    named = "Here ![the `x` of `f`](a.png) is one.\n"
    text = "\n".join(
        ["# B\n", cell, listing, inside, table, image, written_so, named]
    )
    (tmp_path / "b.md").write_text(text)
    (tmp_path / "a.png").touch()
    run("-m", "booktools", "import", "b.md")
    written = (tmp_path / "chapters/b.md").read_text()
    assert written.count(code) == 2
    assert listing in written
    assert written.count("(img/a.png)") == 2
    assert written_so in written
    assert named.replace("a.png", "img/a.png") in written
    assert "{image} img/a.png" in written


def test_a_book_without_a_package(tmp_path, run, make_book):
    make_book({"_config.yml": "title: 没有名字\n", "pyproject.toml": ""})
    line = "from d2l import torch as d2l"
    (tmp_path / "b.md").write_text(f"# B\n\n```{{code-cell}}\n{line}\n```\n")
    result = run("-m", "booktools", "import", "b.md", "--book", "book")
    assert "b.md:4: this book has no package that could be" in result.stdout
    assert line in (tmp_path / "book/chapters/b.md").read_text()


def test_nothing_is_written_half(tmp_path, monkeypatch):
    (tmp_path / "one").write_text("there")
    real = command.Path.write_bytes

    def fail(path, data):
        real(path, data[:1])
        if path.name == "three":
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(command.Path, "write_bytes", fail)
    new = {tmp_path / "new" / name: b"text" for name in ("two", "three")}
    with pytest.raises(OSError, match="No space"):
        command.write(new)
    assert list(files(tmp_path)) == ["one"]


BAD = [
    ("a.md", b"\xff", "this is not UTF-8 text [encoding]"),
    ("a.ipynb", b"{", "this is not a notebook: "),
    ("a.rst", b"A\n=\n", ".rst is not imported"),
    ("os.md", b"# OS\n", "'os' [bad-chapter-name]"),
    ("none.md", None, "cannot read this file: No such file"),
]


@pytest.mark.parametrize(("name", "data", "said"), BAD)
def test_what_cannot_be_read(name, data, said, tmp_path, run):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    (tmp_path / "good.md").write_text("# Good\n")
    result = run("-m", "booktools", "import", "good.md", name, "--to", "new")
    assert result.returncode == 1
    assert said in result.stderr
    assert result.stderr.startswith(f"{name}:1: error: ")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("to", "file"),
    [("_toc.yml", "_toc.yml"), ("a/b/c", "a"), ("new", "new/img")],
)
def test_a_file_where_a_folder_would_be(to, file, tmp_path, run):
    (tmp_path / "a.png").touch()
    (tmp_path / "good.md").write_text("# Good\n\n![A](a.png)\n")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("")
    result = run("-m", "booktools", "import", "good.md", "--to", to)
    assert result.returncode == 1
    assert result.stderr.startswith(f"{file}:1: error: this is a file, ")
    assert not [*tmp_path.rglob("*/good.md")]


def test_equal_names(tmp_path, run):
    for name in ("a-b.md", "a_b.md"):
        (tmp_path / name).write_text("# A\n")
    result = run("-m", "booktools", "import", "a-b.md", "a_b.md")
    assert "a-b.md would get the same name, a_b" in result.stderr
    assert not (tmp_path / "chapters").exists()


def test_a_notebook_of_d2l(tmp_path, run):
    """Its dialect is in notebooks, too, and old ones are read."""
    source = ["# A\n", ":label:`sec_a`\n", "\n", "See :numref:`sec_a`."]
    cells = [{"cell_type": "markdown", "metadata": {}, "source": source}]
    notebook = {"nbformat": 4, "nbformat_minor": 2, "metadata": {}}
    text = json.dumps(notebook | {"cells": cells})
    (tmp_path / "a.ipynb").write_text(text)
    run("-m", "booktools", "import", "a.ipynb")
    written = (tmp_path / "chapters/a.md").read_text()
    assert written == "(sec-a)=\n# A\n\nSee {ref}`sec-a`.\n"


@pytest.mark.parametrize(
    ("tags", "written"),
    [
        ([1, None, "a", "a", "two words"], ":tags: [a]\n"),
        (["a]", "no", "x"], ":tags: ['a]', 'no', x]\n"),
        ("hidden", "code-cell}\nx = 1"),
        (3, "code-cell}\nx = 1"),
    ],
)
def test_tags_of_a_notebook(tags, written, tmp_path, run):
    cell = {"cell_type": "code", "metadata": {"tags": tags}, "outputs": []}
    cell |= {"source": "x = 1", "execution_count": None}
    notebook = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}}
    text = json.dumps(notebook | {"cells": [cell]})
    (tmp_path / "a.ipynb").write_text(text)
    result = run("-m", "booktools", "import", "a.ipynb")
    assert result.stderr == ""
    assert written in (tmp_path / "chapters/a.md").read_text()


def test_links_between_notebooks(imports, tmp_path):
    imports("a_notebook.ipynb", "myst_stock.md", "--to", "new")
    text = (tmp_path / "new/a_notebook.md").read_text("utf-8")
    assert "[another](myst_stock.md), no other." in text


OURS, OTHER = "tab.selected('pytorch')", "tab.selected('mxnet')"


@pytest.mark.parametrize(
    ("code", "left"),
    [
        (f"if {OURS}: x = 1", "x = 1"),
        (f"if {OTHER}: x = 1\nelse: x = (2,\n 3)", "x = (2,\n3)"),
        (f"if {OURS}:\n    @a\n    def f(): b", "@a\ndef f(): b"),
        (f"if {OURS}:\n    a = '''\nbcd'''", "a = '''\nbcd'''"),
        (f"if {OTHER}:\n    a\n    # A.\nelif b:\n    c", "if b:\n    c"),
        (f"if a:\n    b\nelif {OURS}:\n    c", "if a:\n    b\nelse:\n    c"),
        (f"if a:\n    b\nelif {OTHER}:\n    c", "if a:\n    b"),
        (
            f"if a:\n    b\nelif {OTHER}:\n    c\nelif d:\n    e",
            "if a:\n    b\nelif d:\n    e",
        ),
    ],
)
def test_the_branch_of_a_tab(code, left):
    draft = Draft.from_text("a.md", "a", f"```{{.python .input}}\n{code}\n```")
    d2l.convert(draft, "pytorch")
    assert draft.text == f"```{{code-cell}}\n{left}\n```\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "# T\n\n:begin_tab:`mxnet`\nText one.\n\n## N\n\nText two.\n",
            "a.md:3: the tab of 'mxnet' never ends",
        ),
        (
            "# T\n\n:begin_tab:`pytorch`\nText one.\n\n## N\n\nText two.\n",
            "a.md:3: the tab of 'pytorch' never ends",
        ),
        (
            "# T\n\n:begin_tab:`mxnet`\nText one.\n\n:begin_tab:`jax`\n"
            "Left out.\n:end_tab:\n\nText two.\n",
            "a.md:3: the tab of 'mxnet' never ends",
        ),
        (
            "# T\n\n:begin_tab:`jax`\n```\n:end_tab:\n```\nLeft out.\n"
            ":end_tab:\nText one.\n\n:end_tab:\n\nText two.\n",
            "a.md:11: this :end_tab: ends nothing",
        ),
        (
            "# T\n\nText one.\n\n:end_tab:\n\nText two.\n",
            "a.md:5: this :end_tab: ends nothing",
        ),
    ],
)
def test_tabs_that_do_not_end(text, said, tmp_path, run):
    """What follows is not lost."""
    (tmp_path / "a.md").write_text(text)
    result = run("-m", "booktools", "import", "a.md")
    assert said in result.stdout
    assert "1 thing to look at" in result.stdout
    written = (tmp_path / "chapters/a.md").read_text()
    assert "Text one." in written
    assert "Text two." in written
    assert "Left out" not in written


def test_pictures_in_a_notebook(tmp_path, run):
    """They have the same names in many cells."""

    def cell(text, **pictures):
        attached = {
            f"{name}.png": {"image/png": base64.b64encode(data).decode()}
            for name, data in pictures.items()
        }
        return {
            "cell_type": "markdown",
            "metadata": {},
            "source": text,
            "attachments": attached,
        }

    # Without ids, of which nbformat warns.
    cells = [
        cell("# A\n\n![A](attachment:image.png)", image=b"one"),
        cell("![B](attachment:image.png)", image=b"two"),
        cell("![C](attachment:my%20own.png)", **{"my own": b"three"}),
        cell("![D](attachment:none.png)"),
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4}
    text = json.dumps(notebook | {"nbformat_minor": 5})
    (tmp_path / "a.ipynb").write_text(text)
    result = run("-m", "booktools", "import", "a.ipynb")
    assert (result.returncode, result.stderr) == (0, "")
    assert "there is no picture 'attachment:none.png'" in result.stdout
    assert "1 thing to look at" in result.stdout
    written = (tmp_path / "chapters/a.md").read_text()
    for name, data in {
        "image.png": b"one",
        "a-2-image.png": b"two",
        "my-own.png": b"three",
    }.items():
        assert f"](img/{name})" in written
        assert (tmp_path / f"chapters/img/{name}").read_bytes() == data


def test_paths_of_windows(tmp_path, run):
    (tmp_path / "img").mkdir()
    (tmp_path / "img/win.png").write_text("1")
    text = "# A\n\n![A](img\\win.png)\n\n![B](img\\none.png)\n"
    (tmp_path / "a.md").write_text(text)
    result = run("-m", "booktools", "import", "a.md")
    assert "put it at img/none.png\n" in result.stdout
    assert (tmp_path / "chapters/img/win.png").exists()
    assert "](img/win.png)" in (tmp_path / "chapters/a.md").read_text()


def test_cards_stay(tmp_path, run):
    grid = (
        "::::{grid} 2\n:::{grid-item-card} Title\nHead\n^^^\nText\n+++\nFoot\n"
        ":::\n::::\n"
    )
    (tmp_path / "a.md").write_text(f"(sec-a)=\n# A\n\n{grid}")
    result = run("-m", "booktools", "import", "a.md")
    assert "0 things to look at" in result.stdout
    assert grid in (tmp_path / "chapters/a.md").read_text()
