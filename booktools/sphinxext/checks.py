"""`{check} LABEL`: code that tests the formula above it, one line on a page.

It has run before the page is read (see ``execution``).  What Sphinx sees on a
page and `booktools.source.chapter` did not, has not run: that stops the build.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from unicodedata import lookup

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
from booktools.sphinxext.state import Part, Tested, build, memory
from booktools.sphinxext.texts import _


class check(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """The code of a check."""


class Check(SphinxDirective):
    """The directive."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the code, folded."""
        source = "\n".join(self.content)
        if not source.strip():  # `_open` says what was done
            node = check("", label=self.arguments[0])
            self.set_source_info(node)
            return [node]
        code = nodes.literal_block(source, source, language="python")
        node = check("", code, label=self.arguments[0])
        self.set_source_info(node)
        self.set_source_info(code)
        return [node]


class NoCheck(SphinxDirective):
    """The directive where checks are off: nothing."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return nothing."""
        return []


def setup(app: Sphinx) -> None:
    """Add the directive."""
    app.add_node(check, html=(_open, _close))
    app.add_directive("check", Check)
    app.add_css_file("checks.css")
    connect(app, Stage.READ, _collect)
    connect(app, Stage.CHECKED, _compare)
    connect(app, Stage.RESOLVED, _drop)


def setup_off(app: Sphinx) -> None:
    """Leave checks out, and look at the rest of what a page has."""
    app.add_directive("check", NoCheck)
    connect(app, Stage.READ, _collect)
    connect(app, Stage.CHECKED, _compare)


def _drop(app: Sphinx, doctree: nodes.document, __: str) -> None:
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
    done = memory(self.builder.env).tested.get((page, node["label"]))
    if has_run:
        text = _("✓ Checked by code")
    elif node.children:
        text = _("Code for a check (not run)")
    else:
        text = _("Both sides of the equation (not compared)")
    self.body.append(f'<details class="check"><summary>{text}</summary>\n')
    if has_run and done:
        self.body.append(f"<p>{self.encode(_sentences(done))}</p>\n")


def _sentences(done: Tested) -> str:
    """Say what was done to test a formula by itself."""
    text = _("The two sides are equal.")
    if done.points > 1:
        text = _("The two sides are equal at each of {count} random points.")
        text = text.format(count=done.points)
    # Where one sentence ends, the next one begins with what is between them.
    for sentence, names in (
        (_(" Random numbers: {names}."), done.numbers),
        (_(" Random positive whole numbers: {names}."), done.whole),
        (_(" Random smooth functions: {names}."), done.functions),
        (_(" Defined by this formula, not checked: {names}."), done.defined),
    ):
        if names:
            shown = _(", ").join(map(_readable, names))
            text += sentence.format(names=shown)
    return text


def _readable(name: str) -> str:
    """Return SymPy's name of a letter as text: x_1, not x_{1}; λ."""
    base, _, index = name.partition("_")
    with suppress(KeyError):
        size = "CAPITAL" if base[:1].isupper() else "SMALL"
        # As Unicode spells it.
        word = base.upper().replace("LAMBDA", "LAMDA")
        base = (
            base if len(base) == 1 else lookup(f"GREEK {size} LETTER {word}")
        )
    index = index.strip("{}")
    return f"{base}_{index}" if index else base


def _close(self: HTML5Translator, node: check) -> None:
    self.body.append("</details>\n")
