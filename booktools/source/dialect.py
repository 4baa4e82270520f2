"""What a chapter consists of -> what the dialect asks for besides.

Each rule that a book can switch off is in ``rules``.
"""

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

from booktools.problem import BookError, Problem
from booktools.source.markdown import is_blank
from booktools.source.marks import find_mistyped
from booktools.source.options import (
    find_odd_options,
    find_odd_tags,
    is_notebook,
    plain_options,
    split_options,
)
from booktools.source.parts import Cell, Directive, Footnote, Section
from booktools.source.text import load_yaml, mapping, meant, read_text

# Directives of sphinx-exercise that begin what another one ends.
_GATES = ("exercise-start", "solution-start")
_EXERCISES = ("exercise", "exercise-start")
_SOLUTIONS = ("solution", "solution-start")

# What the dialect has of directives: so many of the letters may differ that a
# misspelt one is still known.
_OWN = (
    *("check", "code-cell"),
    *("exercise", "exercise-start", "exercise-end"),
    *("solution", "solution-start", "solution-end"),
)
_ALIKE = 0.85

# A line that is no code: `tags: [x]` at the head of it, or `:tags: [x]`.
_CELL_OPTION = re.compile(r"(?P<colon>:?)(?P<key>tags|mystnb):(?=\s|$)")

# This has one heading, and Sphinx writes the page.
_WITHOUT_LABELS = ("genindex.md",)


def find_breaches(
    path: str,
    text: str,
    sections: Sequence[Section],
    cells: Sequence[Cell],
    footnotes: Sequence[Footnote],
    directives: Sequence[Directive],
    headings: Sequence[int],
    rules: Set[str],
) -> Iterator[Problem]:
    """Yield what in a chapter breaks rules, and what ends nowhere."""
    if "directive-option" in rules:
        for cell in cells:
            yield from _find_odd_options(path, text, cell)
    for cell in cells:
        yield from _find_blank_texts(path, text, cell, rules)
    if "lost-mark" in rules:
        yield from _find_mistyped_marks(path, cells)
    if "heading-label" in rules and path not in _WITHOUT_LABELS:
        yield from _find_unlabelled(path, sections)
    yield from _find_lone_footnotes(footnotes, rules)
    own = [d for d in directives if d.path == path]
    yield from _find_open_gates(own, headings)


def find_misspelt(directives: Iterable[Directive]) -> Iterator[Problem]:
    """Yield directives whose names are nearly those of the dialect.

    Nothing else about a chapter is right then: a solution has no end, a
    formula no check, and code does not run.
    """
    for each in directives:
        # Of {code-cell python}, nothing but the first word is a name.
        near = get_close_matches(each.name.split(" ")[0], _OWN, 1, _ALIKE)
        if near and each.name not in _OWN:
            what = f"there is no directive {{{each.name}}}"
            hint = f"did you mean {{{near[0]}}}?"
            rule = "unknown-directive"
            yield Problem(each.path, each.line, rule, what, hint)


def _find_odd_options(path: str, text: str, cell: Cell) -> Iterator[Problem]:
    """Yield options of a cell that do nothing, or stand in its code."""
    rule = "directive-option"
    odd = [("option", *each) for each in find_odd_options(cell.options)]
    odd += [("tag", *each) for each in find_odd_tags(cell.tags)]
    for kind, key, hint in odd:
        above = text.split("\n")[: cell.line - 1]
        lines = (n for n in range(len(above), 0, -1) if key in above[n - 1])
        line = next(lines, cell.line)
        what = f"the {kind} {key!r} of this cell does nothing"
        yield Problem(path, line, rule, what, hint)
    for number, line_of_code in enumerate(cell.source.split("\n")):
        match = _CELL_OPTION.match(line_of_code)
        if match and not (number and match["colon"] == ""):
            what = f"{match['key']!r} is an option, but stands in the code"
            hint = (
                f"write :{match['key']}: and its value right below the fence"
            )
            yield Problem(path, cell.line + number, rule, what, hint)


def _find_blank_texts(
    path: str, text: str, cell: Cell, rules: Set[str]
) -> Iterator[Problem]:
    """Yield a caption and an alt text of a cell in which nothing stands.

    Where it has no alt text at all, only a page shows if it has a picture.
    """
    mystnb = mapping(cell.options.get("mystnb"))
    figure, image = mapping(mystnb.get("figure")), mapping(mystnb.get("image"))

    def line_of(name: str) -> int:
        above = text.split("\n")[: cell.line - 1]
        key = re.compile(rf"\b{name}['\"]?\s*:")
        lines = (
            n for n in range(len(above), 0, -1) if key.search(above[n - 1])
        )
        return next(lines, cell.line)

    # Of such a caption MyST-NB would take the first paragraph.
    if "caption" in figure and is_blank(figure["caption"]):
        what, hint = "this caption is empty", "write it, or take out caption:"
        yield Problem(path, line_of("caption"), "no-caption", what, hint)
    is_given = "alt" in image and "alt-text" in rules
    if is_given and not str(image["alt"] or "").strip():
        what = "this picture has no text for who cannot see it"
        hint = "write it behind alt:"
        yield Problem(path, line_of("alt"), "alt-text", what, hint)


def _find_mistyped_marks(
    path: str, cells: Sequence[Cell]
) -> Iterator[Problem]:
    """Yield comments that were meant as marks."""
    for cell in cells:
        for line, text in find_mistyped(cell.source):
            what = f"this saves nothing: {text[:40]!r} is no mark"
            hint = "write #@save; if this is a comment, say more in it"
            line += cell.line - 1
            yield Problem(path, line, "lost-mark", what, hint)


def _find_unlabelled(
    path: str, sections: Sequence[Section]
) -> Iterator[Problem]:
    """Yield headings whose addresses would follow from their words."""
    stem = PurePosixPath(path).stem.replace("_", "-")
    for section in sections:
        if not section.label:
            what = f"the heading {section.title[:40]!r} has no label"
            name = f"sec-{stem}" if section.level == 1 else "sec-NAME"
            hint = f"write ({name})= on the line above it"
            yield Problem(path, section.line, "heading-label", what, hint)


def find_second_titles(
    titles: Sequence[tuple[str, int]],
) -> Iterator[Problem]:
    """Yield all titles of a page but the first: sections count from each."""
    for path, line in titles[1:]:
        first, number = titles[0]
        what = f"this is a second title: {first}:{number} has the first"
        hint = "write ## for a section; another chapter is another file"
        yield Problem(path, line, "second-title", what, hint)


def _find_lone_footnotes(
    footnotes: Sequence[Footnote], rules: Set[str]
) -> Iterator[Problem]:
    """Yield marks without a text, and texts without a mark."""
    texts = {note.name for note in footnotes if note.is_text}
    marks = {note.name for note in footnotes if not note.is_text}
    for note in footnotes:
        mark, wanted = f"[^{note.name}]", marks if note.is_text else texts
        rule = "unused-footnote" if note.is_text else "undefined-footnote"
        if note.name in wanted or rule not in rules:
            continue
        what = f"the footnote {mark} has no text"
        hint = f"write {mark}: TEXT below, on a line of its own"
        if note.is_text:
            what = f"no {mark} leads to this footnote, so no page shows it"
            hint = f"write {mark} where it belongs, or remove it"
        # A letter or two are close to anything.
        close = get_close_matches(note.name, wanted, 1, 0.75)
        if close and len(note.name) > 2:
            hint = f"did you mean [^{close[0]}]?"
        yield Problem(note.path, note.line, rule, what, hint)


def _find_open_gates(
    directives: Sequence[Directive], headings: Sequence[int]
) -> Iterator[Problem]:
    """Yield what begins and does not end, or the other way round.

    Between the two is no heading: it would end what it stands in.
    """
    begun: Directive | None = None
    rule = "unclosed-directive"
    for each in sorted(directives, key=lambda d: d.line):
        kind, _, side = each.name.rpartition("-")
        if f"{kind}-start" not in _GATES or side not in ("start", "end"):
            continue
        if side == "start":
            if begun:
                yield _unclosed(begun)
            begun = each
        elif begun and begun.name == f"{kind}-start":
            if begun.depth != each.depth:
                what = f"this {{{each.name}}} is not where line {begun.line}"
                what += f" began {{{begun.name}}}: it is inside of another"
                hint = "write both inside of the same, or of nothing"
                yield Problem(each.path, each.line, rule, what, hint)
            for line in headings:
                if begun.line < line < each.line and begun.depth == 0:
                    what = f"a heading cannot stand inside of the {kind} that"
                    what += f" begins on line {begun.line}"
                    hint = "write it as bold text: **TEXT**"
                    yield Problem(
                        each.path, line, "heading-inside", what, hint
                    )
            begun = None
        else:
            what = f"this {{{each.name}}} ends nothing"
            hint = f"begin with ```{{{kind}-start}}, or remove it"
            yield Problem(each.path, each.line, rule, what, hint)
    if begun:
        yield _unclosed(begun)


def _unclosed(gate: Directive) -> Problem:
    end = gate.name.replace("-start", "-end")
    what = f"this {{{gate.name}}} is never closed"
    hint = f"end it with ```{{{end}}} and, below, ```"
    rule = "unclosed-directive"
    return Problem(gate.path, gate.line, rule, what, hint)


def find_lone_solutions(directives: Iterable[Directive]) -> Iterator[Problem]:
    """Yield solutions of no exercise of the book, and labels used twice."""
    places: dict[str, str] = {}
    solutions = []
    for each in directives:
        options = plain_options(split_options(list(each.lines))[0])
        label = options.get("label", "")
        is_exercise = each.name in _EXERCISES
        if each.name in _SOLUTIONS and each.argument:
            solutions.append(each)
        if not label or not (is_exercise or each.name in _SOLUTIONS):
            continue
        if label in places:
            what = f"the label {label!r} is taken: see {places[label]}"
            hint = "give one of them another label"
            yield Problem(each.path, each.line, "duplicate-label", what, hint)
        places.setdefault(label, f"{each.path}:{each.line}")
    for each in solutions:
        if each.argument not in places:
            what = f"there is no exercise {each.argument!r}"
            hint = f"write :label: {each.argument} into the exercise"
            hint = meant(each.argument, places, hint)
            yield Problem(each.path, each.line, "no-exercise", what, hint)


def find_unlisted(
    root: Path,
    package: str,
    chapters: Sequence[str],
    named: Set[str],
    patterns: Sequence[Any],
) -> Iterator[Problem]:
    """Yield files that look like chapters and are none.

    That is each Markdown file or notebook in or below a folder of chapters;
    in the book's own folder, where README.md is, those whose code runs.  What
    is ``named``, or fits one of the ``patterns``, is left out on purpose.
    """
    tops = {path.rpartition("/")[0].partition("/")[0] for path in chapters}
    for top in sorted(tops):
        for path in _text_files(root, top):
            excluded = (fnmatch.fnmatch(path, str(each)) for each in patterns)
            if path in named or path in chapters or any(excluded):
                continue
            if top or _runs(root / path):
                yield _unlisted(root, package, path)


def _text_files(root: Path, top: str) -> Iterator[str]:
    """Yield the Markdown files and notebooks in a folder, and below it."""
    for folder, below, names in os.walk(root / top):
        below[:] = sorted(n for n in below if top and n[0] not in "._")
        for name in sorted(names):
            if name.endswith((".md", ".ipynb")) and name[0] not in "._":
                yield (Path(folder, name).relative_to(root)).as_posix()


def _runs(path: Path) -> bool:
    """Say whether a file begins as a chapter with code does."""
    if path.suffix != ".md":
        return False
    try:
        start, *lines = read_text(path).split("\n")
        end = lines.index("---") if start.rstrip() == "---" else 0
        matter: Any = load_yaml("\n".join(lines[:end]), path.name)
    except (BookError, OSError, ValueError):
        return False
    return is_notebook(mapping(matter))


def _unlisted(root: Path, package: str, path: str) -> Problem:
    stem = path.rpartition(".")[0]
    module = f"{package}/{PurePosixPath(path).stem}.py"
    what = "_toc.yml does not name this chapter, so no page shows it"
    if (root / module).is_file():
        what += f", and {module} would be deleted"
    hint = f"add - file: {stem} to _toc.yml; what is no chapter yet is named"
    hint += " in _config.yml: exclude_patterns: [...]"
    if path.endswith(".ipynb"):
        hint = f"turn it into Markdown: jupytext --to md:myst {path}; or"
        hint += " name it in _config.yml: exclude_patterns: [...]"
    return Problem(path, 1, "unlisted-chapter", what, hint)
