"""`{check} LABEL`: code that tests the formula above it, one line on a page.

It has run before the page is read (see ``execution``).  What Sphinx sees on a
page and `booktools.source.chapter` did not, has not run: that stops the build.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import get_node_line, get_node_source
from sphinx.writers.html5 import HTML5Translator

from booktools.problem import Problem
from booktools.source.chapter import Chapter, read_book
from booktools.sphinxext.markdown import is_cell
from booktools.sphinxext.problems import report

SUMMARY = "✓ 已用代码检验"
NOT_RUN = "检验用的代码（没有运行）"


class check(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """The code of a check."""


class Check(SphinxDirective):
    """The directive."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the code, folded."""
        source = "\n".join(self.content)
        code = nodes.literal_block(source, source, language="python")
        node = check("", code, label=self.arguments[0])
        self.set_source_info(node)
        self.set_source_info(code)
        return [node]


class _Part(NamedTuple):
    """What stands on a page and has to be read before: where it stands."""

    kind: str
    text: str  # that tells it from others of its kind
    path: str
    line: int


class DropChecks(SphinxPostTransform):
    """Leaves checks out of everything that cannot fold them."""

    default_priority = 0

    def run(self, **_: Any) -> None:
        """Remove the nodes."""
        if self.app.builder.format != "html":
            for node in list(self.document.findall(check)):
                node.parent.remove(node)


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_node(check, html=(_open, _close))
    app.add_directive("check", Check)
    app.add_post_transform(DropChecks)
    app.add_css_file("checks.css")
    app.connect("doctree-read", _collect)
    app.connect("env-purge-doc", _forget)
    app.connect("env-updated", _compare, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _parts(env: Any) -> dict[str, list[_Part]]:
    if not hasattr(env, "booktools_parts"):
        env.booktools_parts = {}
    parts: dict[str, list[_Part]] = env.booktools_parts
    return parts


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _parts(env).pop(docname, None)


def _collect(app: Sphinx, doctree: nodes.document) -> None:
    """Note what Sphinx sees on a page: checks, numbered formulas, cells."""
    parts = []
    for node in doctree.findall(nodes.Element):
        if isinstance(node, check):
            part = "check", f"{node['label']}\n{node.astext()}"
        elif isinstance(node, nodes.math_block) and node.get("label"):
            part = "formula", node["label"]
        elif is_cell(node):
            part = "code cell", ""
        else:
            continue
        source = Path(get_node_source(node) or app.env.docname)
        if source.is_relative_to(app.srcdir):
            source = source.relative_to(app.srcdir)
        line = get_node_line(node) or 1
        parts.append(_Part(*part, source.as_posix(), line))
    if parts:
        _parts(app.env)[app.env.docname] = parts


def _compare(app: Sphinx, env: BuildEnvironment) -> None:
    """Report if a page shows as checked what has not been."""
    book = read_book(Path(app.srcdir))
    chapters = {chapter.docname: chapter for chapter in book.chapters}
    for docname, parts in _parts(env).items():
        for problem in _find_unread(parts, chapters.get(docname)):
            report(app, problem)


def _find_unread(
    parts: list[_Part], chapter: Chapter | None
) -> Iterator[Problem]:
    """Find what on a page its chapter does not have."""
    known: Counter[tuple[str, str]] = Counter()
    if chapter:
        known.update(
            ("check", f"{each.label}\n{each.source}")
            for each in chapter.checks
        )
        known.update(("formula", each.label) for each in chapter.formulas)
        known["code cell", ""] = len(chapter.cells)
    for part in parts:
        known[part.kind, part.text] -= 1
        if known[part.kind, part.text] >= 0:
            continue
        name = f"{part.kind} {part.text.splitlines()[0]!r}"
        if part.kind == "code cell":
            name = "this code cell"
        what = f"{name} is on a page, but was not read as part of a chapter"
        hint = "write it in Markdown, in a chapter that _toc.yml lists"
        yield Problem(part.path, part.line, "not-read", what, hint)


def _open(self: HTML5Translator, node: check) -> None:
    env: Any = self.builder.env
    has_run = self.builder.current_docname in env.booktools_checked
    text = SUMMARY if has_run else NOT_RUN
    self.body.append(f'<details class="check"><summary>{text}</summary>\n')


def _close(self: HTML5Translator, node: check) -> None:
    self.body.append("</details>\n")
