"""`{touch} NAME`: a figure that follows a finger, by `chapters/touch/NAME.js`.

    ```{touch} direction
    :label: direction

    Drag the tip of the arrow.
    ```

It stands below the code cell that draws the figure.  While the book is built,
a helper of a chapter (`touch`) shows the figure like any other picture, and
puts into what Jupyter calls the metadata of that output, under ``touch``::

    {"text": "…",    # what belongs to the figure as it is drawn
     "data": {…},    # what the module needs
     "drawing": {"background": "<svg …", "size": [324, 252],
                 "axes": [{"box": [40, 10, 270, 200],  # in the drawing
                           "x": [-2, 2], "y": [-2, 2]}],
                 "colors": ["#1f77b4", …]}}

``background`` is the figure without what moves.  All figures of a page are one
script, loaded when the first one comes near the view (assets/touch.js).  Only
the page has them: paper, a notebook, a page without JavaScript have the figure
as it was drawn, and not what the directive holds.
"""

import hashlib
import os
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from docutils import nodes  # type: ignore[import-untyped]
from docutils.parsers.rst import directives  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from booktools.problem import BookError, Problem
from booktools.render.touch import (
    MOST_BYTES,
    RULE,
    bundle,
    module_path,
    weight,
)
from booktools.run.cache import with_outputs
from booktools.sphinxext import features
from booktools.sphinxext.markdown import is_cell
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.problems import directive, report
from booktools.sphinxext.state import has_run

# Where in the metadata of an output the data is.
KEY = "touch"
PARTS = {"text", "data", "drawing"}


class Touch(SphinxDirective):
    """The directive."""

    required_arguments = 1
    has_content = True
    option_spec = {"label": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return what the page says about the figure."""
        name = self.arguments[0]
        box = nodes.container(classes=["touch", "page-only"], touch=name)
        self.set_source_info(box)
        box["label"] = self.options.get("label", "")
        help_ = nodes.container(classes=["touch-help", "pst-js-only"])
        help_ += self.parse_content_to_nodes()
        box += help_
        return [box]


def setup(app: Sphinx) -> None:
    """Add the directive; find its data when a page is read."""
    app.add_directive("touch", Touch)
    app.add_css_file("touch.css")
    connect(app, Stage.PARSED, _find_figures)
    connect(app, Stage.LAID_OUT, _add_script)
    connect(app, Stage.CONTEXT, _add_loader)


def setup_off(app: Sphinx) -> None:
    """Refuse the directive."""
    features.refuse(app, "touch", "touch")


def _find_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Put what belongs to a figure below it; make the script of the page."""
    boxes = _boxes(doctree)
    if not has_run(app):
        for box in boxes:
            box.parent.remove(box)
        return
    data = _read_data(app, doctree)
    figures: list[Any] = []
    for box in boxes:
        cell = _cell_above(doctree, box)
        box.parent.remove(box)
        if problem := _misfit(app, box, cell, data):
            _report(app, box, "{touch}", *problem)
            data.pop(cell, None)
            continue
        figure, shown = data.pop(cell)
        shown.parent.insert(shown.parent.index(shown) + 1, box)
        box["figure"], box["text"] = len(figures), figure["text"]
        figures.append({**figure, "module": box[KEY]})
    for cell in data:
        what = "a page gets data from this cell, but no {touch} is below it"
        hint = "write below it ```{touch} NAME"
        _report(app, cell, "{code-cell}", what, hint)
    if figures:
        _make_script(app, doctree, figures)


def _boxes(doctree: nodes.document) -> list[Any]:
    return [n for n in doctree.findall(nodes.container) if KEY in n]


def _cell_above(doctree: nodes.document, box: Any) -> Any:
    """Return the code cell above a node, in its section; None if none is."""
    above = None
    for node in doctree.findall(nodes.Element):
        if node is box:
            break
        if is_cell(node):
            above = node
        elif isinstance(node, nodes.section):
            above = None
    return above


def _read_data(app: Sphinx, doctree: nodes.document) -> dict[Any, Any]:
    """Return what cells hand to the page: cell -> data, and the figure."""
    cells = [n for n in doctree.findall(nodes.container) if is_cell(n)]
    if not cells:
        return {}
    env: Any = app.env
    config = env.mystnb_config
    # What MyST-NB has just read; of its outputs it keeps only what it shows.
    path = Path(config.output_folder, f"{env.docname}.ipynb")
    read = nbformat.read(path, 4)
    notebook = with_outputs(Path(config.execution_cache_path), read)
    found = {}
    for cell in cells:
        for output in notebook.cells[cell["cell_index"]].outputs:
            if figure := output.get("metadata", {}).get(KEY):
                svg = output.data.get("image/svg+xml", "")
                found[cell] = figure, _find_bundle(app, cell, svg)
    return found


def _find_bundle(app: Sphinx, cell: nodes.Element, svg: str) -> Any:
    """Return the node of a drawing that a cell shows; None if it is hidden."""
    for output in cell.findall(nodes.container):
        if output.get("nb_element") != "mime_bundle":
            continue
        for image in output.findall(nodes.image):
            path = Path(app.env.relfn2path(image["uri"])[1])
            if path.suffix != ".svg":
                continue
            if path.read_text("utf-8").splitlines() == svg.splitlines():
                return output
    return None


def _misfit(
    app: Sphinx, box: Any, cell: Any, data: dict[Any, Any]
) -> tuple[str, str] | None:
    """Return why there cannot be a figure, and a hint."""
    path = module_path(box[KEY])
    if not box[KEY].isidentifier():
        return f"{box[KEY]!r} is no name of a module", "write {touch} NAME"
    if not Path(app.srcdir, path).is_file():
        return f"there is no module {path}", "write one: CONTRIBUTING.md"
    if not box["label"]:
        what = "what can be moved has no name, which screen readers say"
        return what, "write below {touch}, say, :label: arrow"
    hint = "let the code cell above end with a call of touch"
    if cell is None:
        return "no code cell is above this figure, in its section", hint
    if cell not in data:
        return "the code cell above hands no data to the page", hint
    figure, shown = data[cell]
    if not (isinstance(figure, dict) and figure.keys() == PARTS):
        return f"the data of the code cell above is not {sorted(PARTS)}", hint
    if shown is None:
        return "the code cell above hides its figure", "take its tag away"
    return None


def _make_script(
    app: Sphinx, doctree: nodes.document, figures: list[Any]
) -> None:
    """Write the script of a page where Sphinx finds it, if it can be made."""
    try:
        script = bundle(Path(app.srcdir), figures)
    except BookError as error:
        for problem in error.problems:
            report(app, problem)
        return
    for path in script.files:
        app.env.note_dependency(str(path))
    boxes = _boxes(doctree)
    if (size := weight(script)) > MOST_BYTES:
        what = f"the figures of this page weigh {size:,} bytes, compressed,"
        what += f" more than {MOST_BYTES:,}"
        _report(app, boxes[0], "{touch}", what, "import less")
    name = hashlib.sha256(script.text.encode()).hexdigest()[:20]
    env: Any = app.env
    file = Path(env.mystnb_config.output_folder, f"{name}.js")
    file.write_text(script.text, "utf-8", newline="\n")
    relative_path = Path(os.path.relpath(file.resolve(), app.srcdir))
    for box in boxes:
        # Sphinx copies to the site what a page offers as a download.
        box.insert(
            0,
            addnodes.download_reference(
                reftarget=f"/{relative_path.as_posix()}"
            ),
        )


def _report(app: Sphinx, node: Any, text: str, what: str, hint: str) -> None:
    """Report a problem of a directive, where it begins."""
    source, line = directive(app, node, text)
    report(app, Problem(source, line, RULE, what, hint))


def _add_script(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Name the script at each figure; show the text that it begins with."""
    depth = app.builder.get_target_uri(docname).count("/")
    for box in _boxes(doctree):
        file = box.pop(0)
        path = f"{'../' * depth}_downloads/{quote(file['filename'])}"
        text = escape(box["text"])
        html = (
            f'<p class="touch-text" data-script="{path}"'
            f' data-figure="{box["figure"]}"'
            f' data-label="{escape(box["label"])}">'
            f'<span class="touch-static">{text}</span>'
            '<span class="touch-now pst-js-only" aria-live="polite">'
            f"{text}</span></p>\n"
        )
        box.insert(0, nodes.raw("", html, format="html"))


def _add_loader(
    app: Sphinx, page: str, _: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load what loads the script, on pages that have such figures."""
    if doctree and _boxes(doctree):
        app.add_js_file("touch.js", loading_method="defer")
