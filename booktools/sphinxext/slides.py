"""Figures that move: sliders on a page, chosen frames where nothing moves.

While the book is built, a helper of a chapter (`slide`) shows the frame to
start with like any other picture, and puts all frames into what Jupyter calls
the metadata of that output, under ``slide``::

    {"parameters": [{"name": "h", "labels": ["1", "0.1"]}],  # one or two
     "frames": [{"svg": "<svg …", "text": "slope = 5"}, …],
     "start": 0, "static": [0, 1], "play": False}

Of two parameters, the second one changes from frame to frame.

The frames of a figure become one file beside the pages: a script, since a page
that is opened from a folder may load nothing else.  It is loaded when the
figure comes near the view (assets/slides.js).
"""

import hashlib
import json
import os
import unicodedata
from functools import reduce
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx

from booktools.run.cache import with_outputs
from booktools.sphinxext.markdown import is_cell
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.texts import _

# Where in the metadata of an output the frames are.
KEY = "slide"


def setup(app: Sphinx) -> None:
    """Find frames when a page is read; add sliders to the page."""
    connect(app, Stage.PARSED, _add_frames)
    connect(app, Stage.LAID_OUT, _add_controls)
    connect(app, Stage.CONTEXT, _add_script)
    app.add_css_file("slides.css")


def _add_frames(app: Sphinx, doctree: nodes.document) -> None:
    """Put below each figure that moves what there is to see of it."""
    cells = [n for n in doctree.findall(nodes.container) if is_cell(n)]
    if not cells:
        return
    env: Any = app.env
    config = env.mystnb_config
    folder = Path(config.output_folder)
    # What MyST-NB has just read; of its outputs it keeps only what it shows.
    read = nbformat.read(folder / f"{env.docname}.ipynb", 4)
    notebook = with_outputs(Path(config.execution_cache_path), read)
    for cell in cells:
        outputs = notebook.cells[cell["cell_index"]].outputs
        for metadata in (output.get("metadata", {}) for output in outputs):
            slide = metadata.get(KEY)
            if slide and (bundle := _find_start(app, cell, slide)):
                place = bundle.parent
                below = _slide(app, folder, bundle, slide)
                place.insert(place.index(bundle) + 1, below)


def _find_start(app: Sphinx, cell: nodes.Element, slide: Any) -> Any:
    """Return the node of the frame that a cell shows; None if it is hidden."""
    svg = slide["frames"][slide["start"]]["svg"].splitlines()
    for bundle in cell.findall(_is_bundle):
        below = bundle.next_node(descend=False, siblings=True)
        if isinstance(below, nodes.container) and KEY in below:
            continue  # another one that begins with the same frame
        for image in bundle.findall(nodes.image):
            path = Path(app.env.relfn2path(image["uri"])[1])
            if path.suffix != ".svg":
                continue
            if path.read_text("utf-8").splitlines() == svg:
                return bundle
    return None


def _is_bundle(node: nodes.Node) -> bool:
    """Say if a node is what MyST-NB makes of an output, in several forms."""
    is_container = isinstance(node, nodes.container)
    return is_container and node.get("nb_element") == "mime_bundle"


def _slide(
    app: Sphinx, folder: Path, bundle: nodes.Element, slide: Any
) -> nodes.container:
    """Return what stands below the first frame."""
    frames = slide["frames"]
    data = json.dumps({KEY: _pack(slide)}, ensure_ascii=False, sort_keys=True)
    script = f"Object.assign(document.currentScript, {data});\n"
    # Sphinx copies to the site what a page offers as a download.
    file = addnodes.download_reference(
        reftarget=_write(app, folder, script, ".js")
    )
    chosen = nodes.container(classes=["slide-static"])
    alt = next((i.get("alt", "") for i in bundle.findall(nodes.image)), "")
    for index in slide["static"]:
        label = _label(slide["parameters"], index)
        text = "\n".join(filter(None, [label, frames[index]["text"]]))
        image = nodes.image(
            uri=_write(app, folder, frames[index]["svg"], ".svg"),
            alt=alt + _(" ({label})").format(label=label) if alt else label,
            loading="lazy",
        )
        chosen += nodes.container("", image, nodes.paragraph(text, text))
    return nodes.container(
        "", file, chosen, classes=["slide", "page-only"], slide=_shown(slide)
    )


def _pack(slide: Any) -> dict[str, Any]:
    """Return a slide in which each line of its frames stands only once.

    Frames share nearly all of their lines, but are too long for gzip to see
    it.  Here the SVG of a frame is a list of numbers of lines.
    """
    lines: dict[str, int] = {}
    frames = [
        {
            "svg": [
                lines.setdefault(line, len(lines))
                for line in frame["svg"].split("\n")
            ],
            "text": frame["text"],
        }
        for frame in slide["frames"]
    ]
    return {**slide, "frames": frames, "lines": list(lines)}


def _shown(slide: Any) -> dict[str, Any]:
    """Return what of a slide stands on its page before it is loaded."""
    values = _values(slide["parameters"], slide["start"])
    texts = [frame["text"] for frame in slide["frames"]]
    return {
        "parameters": [
            {**parameter, "value": value}
            for parameter, value in zip(
                slide["parameters"], values, strict=True
            )
        ],
        "text": texts[slide["start"]],
        "longest": max(texts, key=_width),
        "play": slide["play"],
    }


def _values(parameters: Any, index: int) -> list[int]:
    """Return which value of each parameter a frame has."""
    values: list[int] = []
    for parameter in reversed(parameters):
        index, value = divmod(index, len(parameter["labels"]))
        values.insert(0, value)
    return values


def _label(parameters: Any, index: int) -> str:
    """Return what a frame is called: ``h = 0.1``."""
    values = zip(parameters, _values(parameters, index), strict=True)
    texts = [f"{p['name']} = {p['labels'][i]}" for p, i in values]
    return reduce(lambda a, b: _("{0}, {1}").format(a, b), texts)


def _width(text: str) -> int:
    """Return about how wide a text is; Chinese takes twice the space."""
    return sum(1 + (unicodedata.east_asian_width(c) in "FW") for c in text)


def _write(app: Sphinx, folder: Path, text: str, ending: str) -> str:
    """Write a file that is named by its content; return where it is."""
    name = hashlib.sha256(text.encode()).hexdigest()[:20] + ending
    path = folder / name
    path.write_text(text, "utf-8", newline="\n")
    relative = os.path.relpath(path.resolve(), app.srcdir)
    return "/" + Path(relative).as_posix()


def _add_controls(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replace files of frames by what shows them."""
    depth = app.builder.get_target_uri(docname).count("/")
    for slide in _slides(doctree):
        file = slide.pop(0)
        path = f"{'../' * depth}_downloads/{quote(file['filename'])}"
        html = _controls(path, **slide["slide"])
        slide.insert(0, nodes.raw("", html, format="html"))


def _controls(
    path: str, parameters: Any, text: str, longest: str, play: bool
) -> str:
    """Return sliders and the like, in the state in which they begin."""
    rows = [f'<div class="slide-controls pst-js-only" data-frames="{path}">']
    for parameter in parameters:
        labels, value = parameter["labels"], parameter["value"]
        rows += [
            f"<label><span>{escape(parameter['name'])}</span>",
            f'<input type="range" min="0" max="{len(labels) - 1}"'
            f' value="{value}" aria-valuetext="{escape(labels[value])}"'
            ' autocomplete="off">',
            # A screen reader reads it with the slider.
            '<span class="slide-value" aria-hidden="true">'
            f"{_in_place(labels[value], max(labels, key=_width))}</span>",
            "</label>",
        ]
    if play:
        name = _("Play")
        rows.append(f'<button type="button">{name}</button>')
    if longest:
        rows.append(f'<p aria-live="polite">{_in_place(text, longest)}</p>')
    return "\n".join([*rows, "</div>\n"])


def _in_place(text: str, longest: str) -> str:
    """Return a text with room for the longest that takes its place."""
    return (
        f'<span class="slide-text">{escape(text)}</span>'
        f'<span class="slide-room" aria-hidden="true">{escape(longest)}</span>'
    )


def _slides(doctree: nodes.document) -> list[nodes.container]:
    return [n for n in doctree.findall(nodes.container) if KEY in n]


def _add_script(
    app: Sphinx, page: str, __: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load the script on pages that have such figures."""
    if doctree and _slides(doctree):
        app.add_js_file("slides.js", loading_method="defer")
