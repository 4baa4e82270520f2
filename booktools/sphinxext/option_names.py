"""Options of directives that are taken for text: ``name: x``, not ``:name:``.

Which options a directive has, only Sphinx knows.
"""

import re
from collections.abc import Iterator, Set
from typing import Any

from docutils.parsers.rst import (  # type: ignore[import-untyped]
    directives,
    languages,
)
from docutils.utils import new_document  # type: ignore[import-untyped]
from sphinx.application import Sphinx

from booktools.problem import Problem
from booktools.source.options import split_options
from booktools.source.parts import Directive
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.problems import report
from booktools.sphinxext.state import build

_OPTION = re.compile(r"(?P<colon>:?)(?P<name>[a-z][a-z-]*):(?=\s|$)")


def setup(app: Sphinx) -> None:
    """Look at all directives when all pages are read."""
    connect(app, Stage.CHECKED, _check)


def _check(app: Sphinx, _: object) -> None:
    known: dict[str, Set[str]] = {}
    for chapter in build(app).book.chapters:
        if "directive-option" in chapter.rules:
            for each in chapter.directives:
                if each.name not in known:
                    known[each.name] = _options(app, each.name)
                for problem in _find_text(each, known[each.name]):
                    report(app, problem)


def _options(app: Sphinx, name: str) -> Set[str]:
    """Return the options of a directive; none where it is unknown."""
    domains: Any = app.env.domains
    kind: Any = domains["std"].directives.get(name)
    if kind is None:
        language = languages.get_language("en")
        kind, _ = directives.directive(name, language, new_document(""))
    return {*(getattr(kind, "option_spec", None) or {})}


def _find_text(each: Directive, options: Set[str]) -> Iterator[Problem]:
    """Yield the lines at the head of a text that are meant as options."""
    _, above = split_options(list(each.lines))
    is_first = True
    for number, line in enumerate(each.lines[above:], above + 1):
        if line.lstrip().startswith(("```", "~~~", ":::")):
            return  # what is below belongs to a directive inside
        match = _OPTION.match(line)
        if not match or match["name"] not in options:
            # Below a text, only a line with both colons is meant as one.
            if not line.strip() or not is_first:
                return
            is_first = False
            continue
        if not is_first and not match["colon"]:
            return
        name, line_number = match["name"], each.line + number
        what = f"this is text of {{{each.name}}}, not its option {name!r}"
        hint = f"write :{name}: and its value right below the fence"
        yield Problem(each.path, line_number, "directive-option", what, hint)
