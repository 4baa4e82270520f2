"""Solutions are folded, and linked with their exercises.

Only on pages: this changes them after everybody else has seen them.
"""

from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.locale import admonitionlabels
from sphinx_exercise.nodes import (
    exercise_enumerable_node,
    exercise_node,
    solution_node,
)

from booktools.sphinxext.folds import fold, summary
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.texts import _


def setup(app: Sphinx) -> None:
    """Change pages before they are written."""
    app.setup_extension("sphinx_exercise")
    connect(app, Stage.FORGOTTEN, _forget_gates)
    app.setup_extension("booktools.sphinxext.folds")
    connect(app, Stage.LAID_OUT, _link)
    connect(app, Stage.LAID_OUT, _fold)
    connect(app, Stage.CONTEXT, _add_script)
    app.add_css_file("exercises.css")


def _forget_gates(app: Sphinx, env: Any, docname: str) -> None:
    """Forget what begins and ends solutions on a page that is read again.

    sphinx-exercise does not, and would count all of them twice.
    """
    getattr(env, "sphinx_exercise_gated_registry", {}).pop(docname, None)


def _link(app: Sphinx, doctree: nodes.document, __: str) -> None:
    """Link exercises with their solutions, and fix what both look like."""
    exercises = {}
    for kind in (exercise_enumerable_node, exercise_node):
        for node in list(doctree.findall(kind)):
            exercises[node["label"]] = node
            _fix(node, node[0])
    for node in list(doctree.findall(solution_node)):
        title = node[0]
        label = node["target_label"]
        for link in list(title.findall(nodes.reference)):
            # Who clicks on the title wants to unfold it.
            _fix(node, link)
            # What precedes it is "Solution to", or what that is elsewhere.
            text = _(" {exercise}").format(exercise=link[0].lstrip())
            link[0] = nodes.Text(text)
            title.replace(link, link.children)
        if exercise := exercises.get(label):
            # Unlike its first id, this does not count solutions.
            name = f"solution-{label}"
            node["ids"].insert(0, name)
            exercise += _reference(_("To the solution"), name)
            node += _reference(_("Back to the exercise"), exercise["ids"][0])


def _fix(node: nodes.Element, title: nodes.Element) -> None:
    """Write "· title", not " (title)"; drop a section of an id that repeats.

    Every exercise of sphinx-exercise has a section `exercise-content`.
    """
    if " (" in title.children:
        start = title.children.index(" (")
        title[start] = nodes.Text(" · " if start else "· ")
        title.pop()  # the closing parenthesis
    for section in list(node.findall(nodes.section)):
        section.parent.replace(section, section.children)


def _reference(text: str, name: str) -> nodes.paragraph:
    link = nodes.reference("", text, internal=True, refid=name)
    return nodes.paragraph("", "", link, classes=["there-and-back"])


def _fold(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Fold solutions and whatever else is marked to be folded."""
    for node in list(doctree.findall(nodes.Admonition)):
        if "dropdown" not in node["classes"]:
            continue
        text = admonitionlabels.get(node.tagname, "")
        line = summary("", text)
        if isinstance(node[0], nodes.title):
            line = summary("", "", *node.pop(0).children)
        if isinstance(node, exercise_enumerable_node):
            # sphinx-exercise adds it only where it writes the node.
            numbers = app.env.toc_fignumbers.get(docname, {}).get("exercise")
            number = ".".join(
                map(str, (numbers or {}).get(node["ids"][0], ()))
            )
            form = app.config.numfig_format["exercise"]
            line.insert(0, nodes.Text(f"{form % number} "))
        classes = [c for c in node["classes"] if c != "dropdown"]
        folded = fold(ids=node["ids"], classes=["fold", *classes])
        folded += [line, *node.children]
        # Unlike `replace_self`, this hands on no classes.
        node.parent.replace(node, folded)


def _add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], __: Any
) -> None:
    if "<details" in context.get("body", ""):
        app.add_js_file("folds.js", loading_method="defer")
