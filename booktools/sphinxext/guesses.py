"""`{guess}`: a question; what a cell shows stays covered until it is answered.

    ```{guess}
    What does the next cell show?

    - [ ] A natural guess
      Why it is natural, and where it fails.
    - [x] What it does show
      Why.
    ```

Covered is the output of the next code cell of the section, or of those that
the option `cells` names: by the label above a cell, or the name of its figure.
So is the paragraph right below an output, with the formulas that end it, since
that is where a text says what came out.

A notebook has the question and its choices, and, folded below the cell, what
there is to say about each: whoever reads from top to bottom meets it after
the output.  So has everything that is made of a page, but for the page itself:
there each choice unfolds what there is to say about it, and a cover lies on
the output, where scripts run (assets/guesses.js, guesses.css).
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from docutils.parsers.rst import directives  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from booktools.problem import Problem, count
from booktools.sphinxext import features
from booktools.sphinxext.folds import fold, summary
from booktools.sphinxext.markdown import is_cell
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.problems import directive, report
from booktools.sphinxext.state import has_run
from booktools.sphinxext.texts import _

# How an author says which choice is right.
MARKS = {"[x] ": True, "[X] ": True, "[ ] ": False}
# What MyST makes of that where lists of tasks are turned on.
TASK, CHECKED = "task-list-item-checkbox", "checked="

BOX, CHOICES, ANSWERED = "guess", "guess-choices", "guess-answers"


class Guess(SphinxDirective):
    """The directive."""

    has_content = True
    option_spec = {"cells": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return a box with the question, its choices, and the answers."""
        box = nodes.admonition("", classes=[BOX, "tip"])
        self.set_source_info(box)
        box["cells"] = self.options.get("cells", "").replace(",", " ").split()
        text = "\n".join(self.content)
        box["digest"] = hashlib.sha256(text.encode()).hexdigest()[:8]
        body = self.parse_content_to_nodes()
        title = nodes.title("", _("Guess, then run"))
        box += [title, *body]
        lists = [n for n in body if isinstance(n, nodes.Sequential)]
        if not body or body[0] in lists:
            what = "this guess asks nothing"
            self._refuse(box, box, what, "begin with a question")
        elif lists and lists != body[-1:]:
            what = "in a guess, a list has its choices, and nothing is below"
            self._refuse(
                box, lists[0], what, "write one list, as the last thing"
            )
        elif lists:
            box.replace(lists[0], self._choices(box, lists[0]))
        return [box]

    def _choices(self, box: Any, marked: Any) -> list[nodes.Element]:
        """Return the choices of a marked list, and a fold of the answers."""
        choices = nodes.bullet_list("", classes=[CHOICES])
        answers = nodes.bullet_list("")
        for number, item in enumerate(marked):
            if not (parts := _split(item)):
                what = "this choice is marked neither as right nor as wrong"
                hint = "begin it with [x] if it is right, with [ ] if not"
                self._refuse(box, item, what, hint)
                return []
            is_right, choice, answer = parts
            if not (choice.astext().strip() and answer):
                what = "a choice is one line; below it, why it is right or not"
                hint = "write what is true of it there, indented"
                self._refuse(box, item, what, hint)
            name = nodes.Text(chr(ord("A") + number) + ". ")
            verdict = nodes.Text(_("Right. ") if is_right else _("Wrong. "))
            choice.insert(0, name)
            if not (answer and isinstance(answer[0], nodes.paragraph)):
                answer.insert(0, nodes.paragraph())
            answer[0][:0] = [name.copy(), verdict]
            choices += nodes.list_item("", choice, right=is_right)
            answers += nodes.list_item("", *answer)
        right = sum(choice["right"] for choice in choices)
        if right != 1 or len(choices) < 2:
            what = f"of {count(len(choices), 'choice')}, {right} are right"
            hint = "write two or more, one of them with [x]"
            self._refuse(box, marked, what, hint)
        title = nodes.title("", _("Check: is each answer right?"))
        folded = nodes.admonition("", title, answers)
        folded["classes"] = ["dropdown", ANSWERED]
        return [choices, folded]

    def _refuse(self, box: Any, node: Any, what: str, hint: str) -> None:
        below = (node.line or box.line) - box.line
        _report(self.env.app, box, what, hint, below)


def _split(item: Any) -> tuple[bool, nodes.Element, list[nodes.Node]] | None:
    """Return if a choice is right, the choice, and what is said about it."""
    if not (len(item) and isinstance(item[0], nodes.paragraph)):
        return None
    mark, *line = item[0].children
    text = mark.astext()
    if isinstance(mark, nodes.raw) and TASK in text:
        is_right = CHECKED in text
        line[0] = nodes.Text(str(line[0]).lstrip())
    elif (start := f"{text} "[:4]) in MARKS:
        is_right = MARKS[start]
        line.insert(0, nodes.Text(text[4:]))
    else:
        return None
    breaks = [child == "\n" for child in line]
    end = breaks.index(True) if True in breaks else len(line)
    choice = nodes.paragraph("", "", *line[:end])
    rest = line[end + 1 :]
    answer = [nodes.paragraph("", "", *rest)] if rest else []
    return is_right, choice, [*answer, *item[1:]]


def setup(app: Sphinx) -> None:
    """Add the directive, and change pages before they are written."""
    app.setup_extension("booktools.sphinxext.folds")
    app.add_directive("guess", Guess)
    app.add_css_file("guesses.css")
    connect(app, Stage.READ, _find_outputs)
    connect(app, Stage.LAID_OUT, _lay_out)
    connect(app, Stage.CONTEXT, _add_script)


def setup_off(app: Sphinx) -> None:
    """Refuse the directive."""
    features.refuse(app, "guess", "guesses")


def _find_outputs(app: Sphinx, doctree: nodes.document) -> None:
    """Name each guess, and note at cells which one covers what they show."""
    named: set[str] = set()
    for box in _boxes(doctree):
        # What readers have guessed is remembered as long as it is the same.
        name = f"guess-{box['digest']}"
        while name in named:
            name += "-again"
        named.add(name)
        box["ids"].insert(0, name)
        covered = []
        for cell in _cells(app, doctree, box):
            if problem := _misfit(app, cell):
                _report(app, box, *problem)
            else:
                cell["guess"] = name
                cell["has_choices"] = any(_parts(box, CHOICES))
                covered.append(cell)
        for answers in list(_parts(box, ANSWERED)):
            answers["guess"] = name
            # Not before the last output.
            for cell in list(doctree.findall(is_cell))[::-1]:
                if cell in covered:
                    box.remove(answers)
                    place = cell.parent.index(cell) + 1
                    cell.parent.insert(place, answers)
                    break


def _boxes(doctree: nodes.document) -> list[Any]:
    """Return all guesses of a page, in order."""
    return [
        node
        for node in doctree.findall(nodes.admonition)
        if BOX in node["classes"]
    ]


def _parts(box: nodes.Element, name: str) -> Iterator[Any]:
    return (node for node in box if name in node["classes"])


def _cells(app: Sphinx, doctree: nodes.document, box: Any) -> Iterator[Any]:
    """Yield the cells whose output a guess covers."""
    below = False
    cells = {}
    for node in doctree.findall(nodes.Element):
        below = below or node is box
        if below and not box["cells"]:
            if is_cell(node):
                yield node
                return
            if isinstance(node, nodes.section):
                break
        elif is_cell(node):
            for part in node.findall(nodes.Element):
                cells.update(dict.fromkeys(part["names"], (node, below)))
    if not box["cells"]:
        what = "no code cell is below this guess, in its section"
        hint = "write it above the cell; or name others: :cells: NAME"
        _report(app, box, what, hint)
    for name in box["cells"]:
        cell, follows = cells.get(nodes.fully_normalize_name(name), (None, 0))
        if follows:
            yield cell
            continue
        what = f"there is no code cell {name!r} on this page"
        hint = "write (NAME)= above the cell, or name its figure"
        if cell is not None:
            what = f"the code cell {name!r} is above this guess"
            hint = "move the guess up"
        _report(app, box, what, hint)


def _misfit(app: Sphinx, cell: Any) -> tuple[str, str] | None:
    """Return why what a cell shows cannot be covered, and a hint."""
    line = directive(app, cell, "{code-cell}")[1]
    outputs = [n for n in cell if n.get("nb_element") == "cell_code_output"]
    if "guess" in cell:
        what = f"the code cell of line {line} has a guess already"
        return what, "write one guess for each cell"
    if {"tag_hide-output", "tag_hide-cell"} & {*cell["classes"]}:
        what = f"the code cell of line {line} hides its output anyway"
        return what, "take its tag away"
    if not outputs and has_run(app):
        what = f"the code cell of line {line} shows nothing"
        return what, "let it print something, or name another: :cells: NAME"
    return None


def _report(
    app: Sphinx, box: Any, what: str, hint: str, below: int = 0
) -> None:
    """Report a problem of a guess, some lines below where it begins."""
    source, line = directive(app, box, "{guess}")
    problem = Problem(source, line + below, "guess", what, hint)
    report(app, problem)


def _lay_out(app: Sphinx, doctree: nodes.document, __: str) -> None:
    """Let choices unfold their answers; cover outputs."""
    answers = {}
    for node in list(doctree.findall(nodes.admonition)):
        if ANSWERED in node["classes"]:
            answers[node["guess"]] = node[1]
            node.parent.remove(node)
    for box in _boxes(doctree):
        for choices in list(_parts(box, CHOICES)):
            box.replace(choices, _folds(choices, answers[box["ids"][0]]))
        box += nodes.raw("", _tools(), format="html")
    for cell in list(doctree.findall(is_cell)):
        if "guess" in cell:
            _cover(cell)
    if answers:
        doctree += nodes.raw("", _review(), format="html")


def _cover(cell: Any) -> None:
    """Cover what a cell shows, and what the text says of it."""
    html = _cover_html(cell["guess"], cell["has_choices"])
    cover = nodes.raw("", html, format="html")
    covered = nodes.container("", cover, classes=["guessed"])
    for output in list(cell):
        if output.get("nb_element") == "cell_code_output":
            cell.remove(output)
            covered += output
    if len(covered) > 1:
        for node in _below(cell):
            node.parent.remove(node)
            covered += node
        cell += covered


def _below(cell: Any) -> list[Any]:
    """Return the paragraph right below, with the formulas that end it."""
    found = []
    labels = []
    wanted = ["paragraph"]
    for node in cell.parent[cell.parent.index(cell) + 1 :]:
        if isinstance(node, nodes.Invisible):
            labels.append(node)
        elif node.tagname in wanted:
            found += [*labels, node]
            labels = []
            wanted = ["math_block", "check"]
        else:
            break
    return found


def _cover_html(guess: str, has_choices: bool) -> str:
    """Return what lies on an output, closed and open.

    It is beside what it covers and not around it: so it can lie on it, and
    the page has the same height with it and without.
    """
    closed = _("Make your guess, then <b>show the result</b>")
    if has_choices:
        closed = _("Choose an answer above, or <b>just look</b>")
    opened = _("Cover again")
    return (
        f'<details class="guess-cover" data-guess="{guess}"><summary>'
        f'<span class="guess-closed">{closed}</span>'
        f'<span class="guess-open">{opened}</span>'
        "</summary></details>"
    )


def _tools() -> str:
    """Return the buttons below a question, for guesses.js."""
    again, show_all = _("Guess again"), _("Stop covering results")
    return (
        '<p class="guess-tools pst-js-only"><span class="guess-result"></span>'
        f'<button type="button" class="guess-again" hidden>{again}</button>'
        '<button type="button" class="guess-all" aria-pressed="false">'
        f"{show_all}</button></p>"
    )


def _review() -> str:
    """Return what guesses.js fills in at the end of a chapter."""
    forget = _("Forget the guesses of this chapter")
    return (
        '<div class="guess-review" hidden><p class="guess-count"></p><ul></ul>'
        f'<button type="button" class="guess-forget">{forget}</button></div>'
    )


def _folds(choices: Any, answers: Any) -> nodes.container:
    """Return choices that unfold what is to be said about them."""
    folds = nodes.container("", classes=[CHOICES])
    for choice, answer in zip(choices, answers, strict=True):
        classes = ["guess-choice", *["is-right"] * choice["right"]]
        name, *line = _plain(choice[0])
        letter = nodes.inline("", name.astext()[0], classes=["guess-letter"])
        del answer[0][0]
        head = summary("", "", letter, nodes.Text(" "), *line)
        folds += fold("", head, *answer.children, classes=classes)
    return folds


def _plain(line: nodes.Element) -> list[nodes.Node]:
    """Return what is in a line without links: a click on it means it."""
    copy = line.deepcopy()
    for link in list(copy.findall(nodes.reference)):
        link.parent.replace(link, link.children)
    for node in copy.findall(nodes.Element):
        node["ids"] = []
    return list(copy.children)


def _add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], _: Any
) -> None:
    if 'class="guess-tools' in context.get("body", ""):
        app.add_js_file("guesses.js", loading_method="defer")
