"""What a page may hold: nothing from elsewhere, no secret, no way out.

A file outside the book's folder is not published.  What the policy of pages
(``csp``) would block silently, in texts or in outputs of cells, is a problem
that names its line.
"""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import tinycss2
from docutils import nodes  # type: ignore[import-untyped]
from myst_nb.core.render import get_mime_priority
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from booktools.problem import Problem
from booktools.source.config import CONFIG
from booktools.source.toc import TOC
from booktools.sphinxext.inlines import above
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.problems import place, relative, report
from booktools.sphinxext.state import build

# What no page shows, whatever is in it.
BLOCKED = {"applet", "embed", "frame", "frameset", "object", "portal"}
# The attributes whose address a browser loads, and where the data may stand in
# the address itself.
LOADED = {"background", "data", "href", "poster", "src", "srcset"}
INLINE = {"audio", "feimage", "image", "img", "input", "source", "track"}
INLINE |= {"video"}
# What takes all that is below it for its own, until it ends.
TAKING = {"noembed", "noframes", "style", "textarea", "title", "xmp"}
# What loads a file in a style.
LOADING = {"-webkit-image-set", "image-set", "src", "url"}
# Here an address is one to go to.
LINKS = {"a", "area"}
RUNS = {"data", "javascript", "vbscript"}

TO_FILE = "put the file into the book and show it with {figure} or {image}"
TO_STATIC = "put the file into the folder _static and name it from there"
TO_SCRIPT = "put the script into the folder _static: each page loads it"
TO_LINK = "write a link to it"
TO_REMOVE = "remove it"
# Instead of these, where a cell has made the HTML.
TO_PICTURE = (
    "show a picture, or give the cell the tag remove-output; in the notebook"
    " it works"
)


@dataclass(frozen=True)
class _Fault:
    """What is wrong, and the text in which it stands."""

    rule: str
    message: str
    hint: str
    text: str = ""


def setup(app: Sphinx) -> None:
    """Look at pages when they are read, and stop before any is written."""
    connect(app, Stage.READ, _examine)
    connect(app, Stage.CHECKED, _report)


def _report(app: Sphinx, env: BuildEnvironment) -> None:
    for problem in [*_outside(app, env), *_around(app)]:
        report(app, problem)


def _around(app: Sphinx) -> Iterator[Problem]:
    """Yield what is wrong with the settings that stand on every page."""
    for name in ("announcement", "extra_footer"):
        text = str(app.config.html_theme_options.get(name) or "")
        line = _line_of(Path(app.srcdir, CONFIG), name)
        faults = _html_faults(app, app.config.root_doc, text)
        if text.startswith("http"):
            faults = _foreign("announcement", text, text)
        for fault in faults:
            message = f"{name} has {fault.message}"
            yield Problem(CONFIG, line, fault.rule, message, fault.hint)


def _html_faults(app: Sphinx, page: str, text: str) -> list[_Fault]:
    finder = _Finder(Path(app.srcdir), app.builder.get_target_uri(page))
    finder.feed(text)
    finder.close()
    return finder.faults


# Files


def _outside(app: Sphinx, env: BuildEnvironment) -> Iterator[Problem]:
    """Yield a problem for each file that is not the book's own."""
    # What cells draw lies where the build puts it.
    made = Path(env.mystnb_config.output_folder)  # type: ignore[attr-defined]
    own = (Path(app.srcdir).resolve(), made.resolve())

    def is_own(name: str) -> bool:
        path = Path(app.srcdir, name).resolve()
        return any(path.is_relative_to(folder) for folder in own)

    what = "{!r} lies outside of the book's folder, and would be published"
    hint = "copy it into the book's folder"
    for page in sorted(env.found_docs):
        file = os.path.relpath(env.doc2path(page), app.srcdir)
        if not is_own(file):
            line = _line_of(Path(app.srcdir, TOC), page)
            yield Problem(TOC, line, "outside", what.format(file), hint)
            continue
        used = {os.path.normpath(name) for name in env.dependencies[page]}
        texts = [file, *sorted(name for name in used if is_own(name))]
        for name in sorted(used):
            if not is_own(name):
                path, line = _mention(Path(app.srcdir), texts, name)
                name = Path(name).as_posix()
                yield Problem(path, line, "outside", what.format(name), hint)
    for folder in app.config.html_static_path + app.config.html_extra_path:
        for file in _links(Path(app.srcdir), folder):
            if not is_own(file):
                yield Problem(file, 1, "outside", what.format(file), hint)


def _links(root: Path, folder: str) -> Iterator[str]:
    """Yield the links, as paths, in a folder of the book."""
    if Path(folder).is_absolute():  # made by a feature
        return
    for path in [root / folder, *(root / folder).rglob("*")]:
        if path.is_symlink():
            yield path.relative_to(root).as_posix()


def _mention(root: Path, texts: Iterable[str], name: str) -> tuple[str, int]:
    """Return where one of some texts mentions a file."""
    first = ""
    for text in texts:
        path = Path(text).as_posix()
        first = first or path
        if line := _line_of(root / text, Path(name).name, 0):
            return path, line
    return first, 1


def _line_of(path: Path, word: str, missing: int = 1) -> int:
    """Return the first line of a file that has a word in it."""
    lines = path.read_bytes().splitlines()
    found = (n for n, line in enumerate(lines, 1) if word.encode() in line)
    return next(found, missing)


# What pages hold


def _examine(app: Sphinx, doctree: nodes.document) -> None:
    """Find what the browser would not show, or what leaves the page."""
    for node in doctree.findall(nodes.Element):
        for fault in _faults(app, node):
            if _is_shown(app, node):
                report(app, _problem(app, node, fault))


def _faults(app: Sphinx, node: Any) -> Iterable[_Fault]:
    match node:
        case nodes.raw() if "html" in node["format"].split():
            text = node.astext()
            if isinstance(node.parent, nodes.TextElement):
                # A tag within a line, which ends in that line.
                text += "".join(f"</{tag}>" for tag in TAKING)
            return _html_faults(app, app.env.docname, text)
        case nodes.image():
            return _foreign("img", node["uri"], node["uri"])
        case nodes.reference():
            return _running(node.get("refuri", ""), node.get("refuri", ""))
        case nodes.meta() if "http-equiv" in node:
            return [_leaving(node["http-equiv"], node["http-equiv"])]
    return []


def _is_shown(app: Sphinx, node: Any) -> bool:
    """Say if a page shows a node; of an output's forms it shows the best."""
    overrides = app.config.nb_mime_priority_overrides
    for form in (n for n in [node, *above(node)] if "mime_type" in n):
        ranks = get_mime_priority(app.builder.name, overrides)
        forms = [other["mime_type"] for other in form.parent]
        best = next((rank for rank in ranks if rank in forms), None)
        if form["mime_type"] != best:
            return False
    return True


def _problem(app: Sphinx, node: Any, fault: _Fault) -> Problem:
    """Say where in which file a fault is."""
    source, line = place(app, node)
    message, hint = fault.message, fault.hint
    if any("mime_type" in n for n in above(node)):
        message = f"an output of this cell has {message}"
        chapter = build(app).chapters.get(app.env.docname)
        cells = chapter.cells if chapter else ()
        line = min((c.line for c in cells if c.line > line), default=line)
        if hint in (TO_SCRIPT, TO_STATIC, TO_LINK, TO_REMOVE):
            hint = TO_PICTURE
    else:
        message = f"this page has {message}"
        start = fault.text.partition("\n")[0]
        lines = source.read_text("utf-8-sig", "replace").splitlines()
        below = range(line, len(lines) + 1)
        line = next((n for n in below if start in lines[n - 1]), line)
        # MyST counts some things from the line below them.
        while line > 1 and not "".join(lines[line - 1 : line]).strip():
            line -= 1
    return Problem(relative(app, source), line, fault.rule, message, hint)


class _Finder(HTMLParser):
    """Finds what is wrong in a piece of HTML."""

    def __init__(self, root: Path, page: str):
        super().__init__()
        self.faults: list[_Fault] = []
        self._root = root
        self._folder = posixpath.dirname(page)
        self._text = ""
        self._open: dict[str, str] = {}

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Look at a tag and at each of its attributes."""
        self._text = self.get_starttag_text() or ""
        if tag in TAKING:
            self._open[tag] = self._text
        values = {
            name.removeprefix("xlink:"): value or "" for name, value in attrs
        }
        if tag == "script":
            self._report("script", "a <script>, which no page runs", TO_SCRIPT)
        elif tag in BLOCKED:
            self._report("blocked", f"<{tag}>, which no page shows", TO_LINK)
        elif tag == "iframe" and "srcdoc" in values:
            what = "an <iframe srcdoc>, a page that nobody checks"
            self._report("blocked", what, TO_LINK)
        elif tag == "base":
            what = "a <base>, which would lead each link elsewhere"
            self._report("leaves", what, TO_REMOVE)
        elif tag == "meta" and "http-equiv" in values:
            self.faults.append(_leaving(values["http-equiv"], self._text))
        for name, value in values.items():
            if name.startswith("on"):
                what = f"a script in {name}, which no page runs"
                self._report("script", what, TO_SCRIPT)
            elif name == "style":
                self._style(value)
            elif name in ("action", "formaction"):
                self._form(value)
            elif tag in LINKS:
                if name == "href":
                    self.faults += _running(value, self._text)
            elif name in LOADED and tag not in {"base", "script", *BLOCKED}:
                self._loaded(tag, name, value)

    def handle_endtag(self, tag: str) -> None:
        """Note what has an end."""
        self._open.pop(tag, None)

    def handle_data(self, data: str) -> None:
        """Look at the rules of a style."""
        if self.lasttag == "style":
            self._text = data.strip()
            self._style(data)

    def close(self) -> None:
        """Look at what has no end."""
        if self.rawdata.startswith("<!--"):
            self._text = self.rawdata
            what = "a comment without -->, which hides all that is below it"
            self._report("blocked", what, "end it with -->")
        super().close()
        for tag, text in self._open.items():
            self._text = text
            what = f"<{tag}> without </{tag}>, which hides all that is below"
            self._report("blocked", what, f"end it with </{tag}>")

    def _report(self, rule: str, message: str, hint: str) -> None:
        self.faults.append(_Fault(rule, message, hint, self._text))

    def _form(self, address: str) -> None:
        if _scheme(address):
            what = f"a form that sends to {_short(address)}"
            self._report("leaves", what, TO_LINK)

    def _style(self, text: str) -> None:
        """Look at the addresses of a style."""
        imports = False
        tokens = tinycss2.parse_component_value_list(text)
        for token in _tokens(tokens):
            if token.type in ("url", "string") and (
                token.type == "url" or imports
            ):
                self.faults += _foreign("img", token.value, self._text)
            imports = token.type == "at-keyword" or (
                imports and token.type == "whitespace"
            )
            if token.type == "function" and token.lower_name in LOADING:
                for part in token.arguments:
                    if part.type == "string":
                        self.faults += _foreign("img", part.value, self._text)

    def _loaded(self, tag: str, name: str, value: str) -> None:
        """Look at an address that is loaded with the page."""
        addresses = [value]
        if name == "srcset" and not value.strip().startswith("data:"):
            parts = [part.split() for part in value.split(",")]
            addresses = [part[0] for part in parts if part]
        for address in addresses:
            if found := _foreign(tag, address, self._text):
                self.faults += found
            elif not _scheme(address) and not self._exists(address):
                what = f"{_short(address)}, which is not on the site"
                hint = TO_FILE if tag == "img" else TO_STATIC
                self._report("missing", what, hint)

    def _exists(self, address: str) -> bool:
        """Say if a file will be beside the page."""
        path = unquote(address.partition("#")[0].partition("?")[0]).strip()
        if not path:
            return True
        path = posixpath.normpath(posixpath.join(self._folder, path))
        if path.startswith("_static/"):
            return (self._root / path).is_file()
        # What the page shows in another way, too.
        return path.startswith(("_images/", "_downloads/"))


def _tokens(tokens: Iterable[Any]) -> Iterator[Any]:
    """Yield tokens, and those in blocks."""
    for token in tokens:
        yield token
        for name in ("content", "arguments"):
            yield from _tokens(getattr(token, name, None) or ())


def _scheme(address: str) -> str:
    """Return the scheme of an address, as a browser reads it.

    It is empty for a place on this site, and `//` for one elsewhere.
    """
    text = re.sub(r"[\t\n\r]", "", address)
    text = text.lstrip("".join(map(chr, range(33)))).replace("\\", "/")
    if text.startswith("//"):
        return "//"
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", text)
    return scheme[1].lower() if scheme else ""


def _foreign(tag: str, address: str, text: str) -> list[_Fault]:
    """Return what is wrong with an address that is loaded."""
    scheme = _scheme(address)
    if not scheme or (scheme == "data" and tag in INLINE):
        return []
    what = f"{_short(address)}, which no page loads: it is not of this site"
    hints = {"img": TO_FILE, "iframe": TO_LINK}
    hint = hints.get(tag, TO_STATIC)
    return [_Fault("foreign", what, hint, text)]


def _running(address: str, text: str) -> list[_Fault]:
    """Return what is wrong with the address of a link."""
    if _scheme(address) not in RUNS:
        return []
    what = f"a link to {_short(address)}, which no page follows"
    return [_Fault("script", what, TO_REMOVE, text)]


def _leaving(kind: str, text: str) -> _Fault:
    what = f"<meta http-equiv={kind!r}>, which would change or leave the page"
    return _Fault("leaves", what, TO_REMOVE, text)


def _short(address: str) -> str:
    return repr(address if len(address) < 80 else f"{address[:60]}…")
