"""`{check} LABEL`: code that tests the formula above it, one line on a page.

It has run before the page is read (see ``execution``).  What Sphinx sees on a
page and `booktools.source.chapter` did not, has not run: that stops the build.
"""

from collections import Counter
from collections.abc import Iterator

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from booktools.problem import Problem
from booktools.source.chapter import Chapter
from booktools.sphinxext.markdown import is_cell
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.problems import place, relative, report
from booktools.sphinxext.state import Part, build, memory

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


def setup(app: Sphinx) -> None:
    """Add the directive."""
    app.add_node(check, html=(_open, _close))
    app.add_directive("check", Check)
    app.add_css_file("checks.css")
    connect(app, Stage.READ, _collect)
    connect(app, Stage.CHECKED, _compare)
    connect(app, Stage.RESOLVED, _drop)


def _drop(app: Sphinx, doctree: nodes.document, _: str) -> None:
    """Leave checks out of everything that cannot fold them."""
    if app.builder.format != "html":
        for node in list(doctree.findall(check)):
            node.parent.remove(node)


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
        source, line = place(app, node)
        parts.append(Part(*part, relative(app, source), line))
    if parts:
        memory(app.env).parts[app.env.docname] = parts


def _compare(app: Sphinx, env: BuildEnvironment) -> None:
    """Report if a page shows as checked what has not been."""
    for docname, parts in memory(env).parts.items():
        for problem in _find_unread(parts, build(app).chapters.get(docname)):
            report(app, problem)


def _find_unread(
    parts: list[Part], chapter: Chapter | None
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
    page = self.builder.current_docname
    has_run = page in memory(self.builder.env).checked
    text = SUMMARY if has_run else NOT_RUN
    self.body.append(f'<details class="check"><summary>{text}</summary>\n')


def _close(self: HTML5Translator, node: check) -> None:
    self.body.append("</details>\n")
