"""Pictures have a size before they are loaded, and load when needed.

A picture that is not there stops the build, one without a text for who cannot
see it, and a caption without a picture.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util.images import get_image_size
from sphinx.writers.html5 import HTML5Translator

from booktools.problem import Problem
from booktools.source.text import mapping, meant_file
from booktools.sphinxext.markdown import is_cell
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.problems import place, relative, report
from booktools.sphinxext.state import build, has_run


def setup(app: Sphinx) -> None:
    """Add to how pictures are written, and a style."""
    app.add_node(nodes.image, override=True, html=(_visit, _depart))
    app.add_css_file("figures.css")
    connect(app, Stage.PARSED, _find_pictures)
    connect(app, Stage.PARSED, _find_lost_captions)


def _find_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Take pictures by the names that their files have; report others.

    MyST writes what is no ASCII in an address as a browser does, `%E5...`,
    and Sphinx would look for a file of that name.
    """
    chapter = build(app).chapters.get(app.env.docname)
    for node in list(doctree.findall(nodes.image)):
        if chapter and "alt-text" in chapter.rules:
            _find_text(app, node)
        name: str = node["uri"]
        # Which of several files, only the writer of a page decides.
        if urlsplit(name).scheme or name.endswith(".*"):
            continue
        for spelling in (name, unquote(name)):
            if Path(app.env.relfn2path(spelling)[1]).is_file():
                node["uri"] = spelling
                break
        else:
            report(app, _missing(app, node, unquote(name)))
            node.parent.remove(node)  # Sphinx would complain again


def _find_lost_captions(app: Sphinx, doctree: nodes.document) -> None:
    """Report cells with a caption that show nothing to put it below.

    MyST-NB makes a figure of each output but text that is printed.
    """
    if not has_run(app):
        return
    for cell in doctree.findall(is_cell):
        options = mapping(mapping(cell["cell_metadata"]).get("mystnb"))
        figure = mapping(options.get("figure"))
        said = {"caption": "a caption", "name": "the name of a figure"}
        has = next((said[key] for key in said if figure.get(key)), "")
        if has and not any(cell.findall(nodes.figure)):
            source, line = place(app, cell)
            what = f"this cell has {has}, but shows no picture"
            hint = "let it show one, as plt.show() does, or take that away"
            path = relative(app, source)
            report(app, Problem(path, line, "lost-caption", what, hint))


def _find_text(app: Sphinx, node: nodes.image) -> None:
    """Report a picture without a text that says what it shows."""
    if node.get("alt", "").strip():
        return
    source, line = place(app, node)
    hint = "write it between the brackets: ![TEXT](FILE)"
    what = "this picture has no text for who cannot see it"
    if any("mime_type" in each for each in _above(node)):
        hint = "write :mystnb: {image: {alt: TEXT}} at the head of the cell"
    else:
        line, text = _first(source, line, unquote(node["uri"]))
        if any(f"{{{name}}}" in text for name in ("figure", "image")):
            hint = "write :alt: TEXT below the first line"
    path = relative(app, source)
    report(app, Problem(path, line, "alt-text", what, hint))


def _above(node: Any) -> Iterable[Any]:
    while node := node.parent:
        yield node


def _first(source: Path, line: int, name: str) -> tuple[int, str]:
    """Return the first line with a name, from one on, and its text."""
    text = source.read_text("utf-8-sig").split("\n")
    below = enumerate(text[line - 1 :], line)
    found = ((i, t) for i, t in below if name in unquote(t))
    return next(found, (line, ""))


def _missing(app: Sphinx, node: nodes.image, name: str) -> Problem:
    source, line = place(app, node)
    line, _ = _first(source, line, name)
    path = relative(app, source)
    what = f"there is no picture {name!r}"
    hint = "name its file as seen from the chapter's folder, a space as %20"
    hint = meant_file(source.parent, name, hint)
    return Problem(path, line, "missing-picture", what, hint)


def _visit(self: HTML5Translator, node: nodes.image) -> None:
    path = Path(self.builder.srcdir, node["uri"])
    attributes = 'decoding="async"'
    # Nobody waits for a picture below the first heading inside a page.
    parent = node.parent
    while not isinstance(parent, nodes.section | nodes.document):
        parent = parent.parent
    if isinstance(parent.parent, nodes.section) and "loading" not in node:
        attributes += ' loading="lazy"'
    # The style may make it smaller, but not before it knows how high it is.
    if path.is_file() and (size := get_image_size(str(path))):
        attributes += f' width="{size[0]}" height="{size[1]}"'
    start = len(self.body)
    type(self).visit_image(self, node)
    tag = self.body[start]
    self.body[start] = tag.replace("<img ", f"<img {attributes} ", 1)


def _depart(self: HTML5Translator, node: nodes.image) -> None:
    type(self).depart_image(self, node)
