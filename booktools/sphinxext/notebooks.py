"""Each chapter with code, also as a notebook and as a script; all in a zip.

They lie under `_notebooks` in the folder of the site, beside the pages they
are made from: the same text, numbers and links, and no MyST.
"""

import base64
import hashlib
import mimetypes
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import nbformat
from docutils import nodes  # type: ignore[import-untyped]
from myst_nb.core.read import create_nb_reader
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.application import Sphinx

from booktools.publish.archive import write_zip
from booktools.publish.layout import NOTEBOOKS, READMES
from booktools.render.script import to_script
from booktools.render.takeaway import first_cell
from booktools.source.data import find_heavy, read_data
from booktools.source.text import read_text
from booktools.sphinxext.inlines import above, is_a, show_image
from booktools.sphinxext.markdown import ANSWERS, Block, Writer, is_cell
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import HAS_CODE, build, memory, pages_with_code
from booktools.sphinxext.stopping import stop
from booktools.sphinxext.texts import _

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
HIDDEN = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
# What JupyterLab and Colab call a cell that shows no code.
FOLDED: dict[str, Any] = {
    "jupyter": {"source_hidden": True},
    "cellView": "form",
}


def setup(app: Sphinx) -> None:
    """Write notebooks while pages are written."""
    connect(app, Stage.READ, _note_code)
    connect(app, Stage.BUILDER, _begin)


def _note_code(app: Sphinx, doctree: Any) -> None:
    """Remember which pages have code cells, until they are read again."""
    if any(doctree.findall(is_cell)):
        app.env.metadata[app.env.docname][HAS_CODE] = True


def _begin(app: Sphinx) -> None:
    if app.builder.format == "html":
        this = build(app)
        chapters = [c for c in this.book.chapters if c.cells]
        problems = [find_heavy(c, this.book.root) for c in chapters]
        if any(problems):
            stop(chain(*problems))
        notebooks = _Notebooks(app)
        connect(app, Stage.RIGHT, notebooks.find_stale)
        # Before features that make HTML of what is in a page.
        connect(app, Stage.RESOLVED, notebooks.write)
        connect(app, Stage.WRITTEN, notebooks.finish)


class _NotebookWriter(Writer):
    """Embeds images: Colab and Kaggle load none from beside a notebook."""

    warns = True

    def image(self, node: Any) -> str:
        if any(map(is_cell, above(node))):
            return ""  # drawn when the cell runs
        if urlsplit(node["uri"]).scheme:
            return super().image(node)
        file = Path(self.app.srcdir, node["uri"])
        kind, _ = mimetypes.guess_type(file.name)
        data = base64.b64encode(file.read_bytes()).decode()
        return show_image(node, f"data:{kind};base64,{data}")


class _Notebooks:
    """The notebooks of one build."""

    def __init__(self, app: Sphinx):
        self._app = app
        self._folder = Path(app.outdir, NOTEBOOKS)
        self._build = build(app)

    def find_stale(self, app: Sphinx, env: Any) -> list[str]:
        """Return pages whose notebooks are not what they should be.

        Of changed helpers, what readers see of them may have changed and not
        what they do: then no chapter is read again.
        """
        package = repr(self._build.package).encode()
        known, digest = memory(env), hashlib.sha256(package).hexdigest()
        old, known.helpers = known.helpers, digest
        return [
            name
            for name in pages_with_code(env)
            if digest != old or not self._path(name, ".ipynb").exists()
        ]

    def write(self, app: Sphinx, doctree: Any, docname: str) -> None:
        """Write the notebook and the script of a page."""
        paths = self._path(docname, ".ipynb"), self._path(docname, ".py")
        pages = pages_with_code(app.env)
        if docname not in pages:
            for path in paths:
                path.unlink(missing_ok=True)
            return
        writer = _NotebookWriter(app, docname, doctree, pages)
        cells: list[NotebookNode] = []
        shown: set[str] = set()
        drawn: set[str] = set()
        for cell, node in self._cells(writer, docname, doctree):
            name = f"{docname}-{len(cells)}"
            cell.id = hashlib.sha1(name.encode()).hexdigest()[:8]
            cells.append(cell)
            if node is not None and any(map(_is_value, node.findall())):
                shown.add(cell.id)
            if node is not None and any(node.findall(nodes.image)):
                drawn.add(cell.id)
        notebook = new_notebook(
            cells=cells,
            metadata={"kernelspec": KERNEL, "language_info": LANGUAGE},
        )
        _write(paths[0], nbformat.writes(notebook) + "\n")
        _write(paths[1], to_script(notebook, shown, drawn, _))

    def finish(self, app: Sphinx, exception: Exception | None) -> None:
        """Pack all of them; pages link to that, even where there are none."""
        if exception:
            return
        self._folder.mkdir(exist_ok=True)
        # Who publishes the branches installs nothing that could translate.
        readmes = {} if self._build.origin else READMES
        for branch, file in readmes.items():
            text = self._build.book.language.read(f"{branch}_readme.md")
            _write(Path(app.outdir, file), text)
        package = self._build.package
        contents = {name: text.encode() for name, text in package.items()}
        for path in self._folder.rglob("*"):
            if path.suffix in (".ipynb", ".py"):
                name = path.relative_to(self._folder).as_posix()
                contents[name] = path.read_bytes()
        if (licence := Path(app.srcdir, "LICENSE")).exists():
            contents["LICENSE"] = licence.read_bytes()
        name = self._build.name
        # Not named as the package, or Python would take it for that.
        members = {f"{name}-book/{n}": contents[n] for n in sorted(contents)}
        _pack(self._folder / f"{name}.zip", members)

    def _cells(
        self, writer: Writer, docname: str, doctree: Any
    ) -> Iterator[tuple[NotebookNode, Any]]:
        """Yield the cells of a notebook, each with its node if it has one."""
        blocks = writer.blocks(doctree)
        # Something else may stand above the title, or there is none.
        head = [blocks.pop(0).text] if blocks and blocks[0].heading else []
        if writer.site:
            text = _("Read this chapter online")
            head.append(f"[{text}]({writer.site}{writer.page})")
        if head:
            yield new_markdown_cell("\n\n".join(head)), None
        this = self._build
        chapter = this.chapters.get(docname)
        setup = ""
        if chapter:
            data = read_data(chapter, this.book.root)
            setup = first_cell(this.library, this.package, chapter, _, data)
        if setup:
            metadata = {"tags": ["setup"], **FOLDED}
            yield new_code_cell(setup, metadata=metadata), None
        sources = self._sources(docname)
        for index in _find_answers(doctree):
            sources[index].cell_type = "answer"
        done = 0
        texts: list[str] = []
        for block in [*blocks, Block("", heading=True)]:
            if texts and (block.heading or block.cell is not None):
                yield new_markdown_cell("\n\n".join(texts)), None
                texts = []
            if block.cell is None:
                texts.append(block.text)
                continue
            # What the page hides runs before what it shows next.
            index = block.cell["cell_index"]
            yield from _hidden(sources[done:index])
            yield _code(sources[index], block.folded), block.cell
            done = index + 1
        yield from _hidden(sources[done:])

    def _sources(self, docname: str) -> list[NotebookNode]:
        """Return the cells of a page as MyST-NB counts them."""
        env: Any = self._app.env
        path = Path(env.doc2path(docname))
        text = read_text(path)
        reader: Any = create_nb_reader(
            str(path), env.myst_config, env.mystnb_config, text
        )
        cells: list[NotebookNode] = reader.read(text).cells
        return cells

    def _path(self, docname: str, ending: str) -> Path:
        return self._folder / (docname + ending)


def _is_value(node: Any) -> bool:
    """Say whether a node is what Jupyter shows of a cell's last line."""
    return isinstance(node, nodes.Element) and any(
        name.startswith("text_") for name in node["classes"]
    )


def _code(source: NotebookNode, folded: bool = False) -> NotebookNode:
    tags = source.metadata.get("tags") or []
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    if folded or HIDDEN & set(tags):
        metadata |= FOLDED
    cell: NotebookNode = new_code_cell(source.source, metadata=metadata)
    return cell


def _find_answers(doctree: Any) -> Iterator[int]:
    """Yield the indexes of the cells that are within answers."""
    for answer in doctree.findall(lambda node: is_a(node, ANSWERS)):
        cells = [node["cell_index"] for node in answer.findall(is_cell)]
        if cells:
            yield from range(cells[0], cells[-1] + 1)


def _hidden(
    cells: list[NotebookNode],
) -> Iterator[tuple[NotebookNode, None]]:
    """Yield code cells that have no node."""
    return ((_code(cell), None) for cell in cells if cell.cell_type == "code")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")


def _pack(path: Path, contents: dict[str, bytes]) -> None:
    """Write a zip, always the same of the same, if it is not there."""
    if path.exists():
        with zipfile.ZipFile(path) as archive:
            old = {info.filename: info.CRC for info in archive.infolist()}
        if old == {name: crc32(data) for name, data in contents.items()}:
            return
    write_zip(path, contents)
