"""The MyST text of a file -> its sections, cells, formulas and checks.

The only reader of chapters.  It sees code cells exactly where MyST-NB sees
them: fences at the top level of a file, with options at their head.  Formulas
and checks it sees wherever MyST does: in lists, quotes and directives, too.
What may not stand where it stands is reported at its line.
"""

from pathlib import Path, PurePosixPath
from typing import Any

from markdown_it.token import Token

from booktools.problem import BookError, Problem
from booktools.source import markdown
from booktools.source.brackets import find_unclosed
from booktools.source.failing import find_emptiness
from booktools.source.options import (
    find_misfits,
    has_clear_ends,
    is_notebook,
    misfit_of_break,
    misfit_of_cell,
    plain_options,
    split_options,
)
from booktools.source.parts import (
    Cell,
    Check,
    Directive,
    Footnote,
    Formula,
    Section,
)
from booktools.source.slips import find_slips
from booktools.source.text import (
    decode,
    included_path,
    lines_of,
    load_yaml,
    mapping,
    meant_file,
    select,
)

# Directives whose content is not Markdown.
VERBATIM = {
    *("code", "code-block", "sourcecode", "literalinclude", "highlight"),
    *("raw", "raw-cell", "math", "eval-rst", "testcode", "doctest", "prompt"),
    *("mermaid", "graphviz", "graph", "digraph", "plantuml", "tikz", "plot"),
}

# Options of an included file that is not read as Markdown.
NO_TEXT = {"literal", "code", "parser"}

# No author writes directives inside so many others.
_DEEPEST = 50


class Reader:
    """Walks over the tokens of one chapter and collects what it holds.

    ``included`` says from where a file is included that is no chapter.
    """

    def __init__(self, path: str, root: Path | None, included: str = ""):
        self.path = path
        self.problems: list[Problem] = []
        self.front_matter: dict[str, Any] = {}
        self.sections: list[Section] = []
        # The lines of headings, also of files that are included there.
        self.headings: list[int] = []
        self.cells: list[Cell] = []
        self.formulas: list[Formula] = []
        self.checks: list[Check] = []
        self.directives: list[Directive] = []
        self.footnotes: list[Footnote] = []
        self.includes: set[str] = set()
        self.titles: list[tuple[str, int]] = []  # also of included files
        self._opens_with_hyphens = False
        self._root = root
        self._included = included

    def read(self, text: str) -> None:
        """Read a chapter's text."""
        self._opens_with_hyphens = text.startswith("---")
        self.read_part(text, 0, 0)

    def read_part(self, text: str, above: int, nested: int) -> None:
        """Read a text below some lines of the file, in so many directives."""
        if nested > _DEEPEST:
            what = f"this is inside more than {_DEEPEST} directives"
            self._report(above + 1, "too-deep", what, "take them apart")
            return
        tokens = markdown.parser().parse(text)
        for more, rule, what, hint in find_slips(tokens):
            self._report(above + 1 + more, rule, what, hint)
        depth = nested
        label = ""
        for i, token in enumerate(tokens):
            depth += token.nesting
            line = above + (token.map[0] + 1 if token.map else 1)
            match token.type:
                case "front_matter" if not nested:
                    self._read_front_matter(token, text)
                case "myst_target":
                    label = token.content
                    continue
                case "heading_open" if not nested:
                    title = tokens[i + 1].content
                    level = int(token.tag[1:])
                    self.sections.append(Section(label, title, level, line))
                    if level == 1 and not token.level:
                        self.titles.append((self.path, line))
                    # In a list or a quotation, none begins a section.
                    self.headings += [line] * (depth == 1)
                case "math_block_label":
                    tex = token.content
                    # The opening $$ may share its line with the formula.
                    line += tex.startswith("\n")
                    self._add_formula(token.info, tex, line)
                case "amsmath" if token.meta.get("numbered") != "*":
                    what = "this formula has a number, but no label"
                    hint = "write it between $$ and $$ (eq-NAME), or with *"
                    self._report(line, "formula-without-label", what, hint)
                case "myst_block_break" if depth == 0:
                    self._read_break(token, line)
                case "footnote_reference_open":
                    name = str(token.meta["label"])
                    self._add_footnote(name, line, True)
                case "inline":
                    self._read_text(token.content, line)
                    for name, more in markdown.find_marks(token.content):
                        self._add_footnote(name, line + more, False)
                case "fence":
                    self._read_fence(token, line, nested, depth == 0)
                case "colon_fence":
                    self._read_fence(token, line, nested, False)
            label = ""

    def _read_front_matter(self, token: Token, text: str) -> None:
        """Read the settings at the head of a file."""
        _, end = token.map or [0, 0]
        if not has_clear_ends(text.split("\n")[:end]):
            what = "front matter begins and ends with a line --- of its own"
            hint = "write three hyphens, and nothing else, on both lines"
            self._report(1, "front-matter", what, hint)
            return
        self.front_matter = self._options(token.content, 2)
        for name, what in find_misfits(self.front_matter):
            line = 1 + lines_of(token.content, name)[0]
            self._report(line, "front-matter", what, "")

    def _read_break(self, token: Token, line: int) -> None:
        """Check what describes the text below a line with +++."""
        if (what := misfit_of_break(token.content)) and is_notebook(
            self.front_matter
        ):
            hint = 'write nothing behind it, or as in +++ {"tags": ["a"]}'
            self._report(line, "block-break", what, hint)

    def _read_text(self, text: str, first: int) -> None:
        """Report what is no fence, formula or heading, but looks like it."""
        for above, rule, what, hint in markdown.find_lost(text):
            self._report(first + above, rule, what, hint)

    def _read_fence(
        self, token: Token, fence: int, nested: int, outside: bool
    ) -> None:
        """Read a directive, perhaps one that is outside of everything."""
        info, _, argument = token.info.strip().partition("}")
        is_directive = info.startswith("{") and argument[:1].strip() == ""
        name = info.strip("{ ").lower() if info.startswith("{") else ""
        if info.lower().startswith(("code-cell", "(code-cell")):
            name = "code-cell"  # no language is called so: braces are missing
        lines = token.content.splitlines()
        if number := markdown.find_fence(lines, token.markup):
            what = f"this {token.markup} is not closed where line"
            what += f" {fence + number} begins another"
            hint = f"end it above with a line {token.markup}; around others,"
            hint += f" write more of these on both lines: {token.markup}"
            hint += token.markup[0]
            self._report(fence, "unclosed-fence", what, hint)
            return
        start, end = token.map or (0, 0)
        if len(lines) >= end - start - 1:
            what = f"this {token.markup} is never closed"
            hint = f"end it with a line {token.markup}"
            self._report(fence, "unclosed-fence", what, hint)
        if is_directive:
            where = (self.path, fence, tuple(lines), nested)
            self.directives.append(Directive(name, argument.strip(), *where))
        if name == "code-cell":
            # As MyST-NB does, which asks for neither the rest nor a space.
            plain = token.info.startswith("{code-cell}")
            self._read_cell(lines, fence, not outside, plain)
        elif name == "check":
            if not is_directive or " " in info:
                what = f"{token.info.strip()!r} is not how a check begins"
                hint = "write ```{check} LABEL"
                self._report(fence, "not-a-check", what, hint)
                return
            blank = int(bool(lines) and not lines[0].strip())
            source = "\n".join(lines[blank:])
            source = source if source.strip() else ""
            line = fence + 1 + blank
            self._add_check(Check(argument.strip(), line, source))
        elif not is_directive and token.type == "fence":
            return  # a listing
        elif name == "raw-cell" and outside:
            self._read_cell_options(lines, fence)
        elif name == "math":
            block, above = split_options(lines)
            options = plain_options(block)
            if label := options.get("label", options.get("name", "")):
                tex = "\n".join([argument, *lines[above:]])
                line = fence if argument else fence + 1 + above
                self._add_formula(label, tex, line)
        elif name == "include":
            self._read_include(argument.strip(), lines, fence, outside)
        elif name not in VERBATIM:
            skip = split_options(lines)[1] if is_directive else 0
            inner = "\n".join(lines[skip:])
            self.read_part(inner, fence + skip, nested + 1)

    def _read_cell(
        self, lines: list[str], fence: int, nested: bool, plain: bool
    ) -> None:
        if self._included:
            self._refuse_included(fence, "a code cell")
            return
        if nested or not plain:
            why = "its first line is not ```{code-cell}"
            if nested:
                why = "it is inside something else, or written with colons"
            what = f"this code cell does not run: {why}"
            hint = "begin a line, outside of everything, with ```{code-cell}"
            self._report(fence, "code-cell-place", what, hint)
            return
        # Front matter that cannot be read is a problem of its own.
        is_read = bool(self.front_matter) or not self.problems
        if is_read and not (self.cells or is_notebook(self.front_matter)):
            what = "this chapter has code cells, but nothing runs them"
            hint = "begin the file with front matter: file_format: mystnb"
            if self._opens_with_hyphens and not self.front_matter:
                hint = "end the front matter with a line ---"
            self._report(fence, "not-executed", what, hint)
        options, above = self._read_cell_options(lines, fence)
        if lines and lines[0].lstrip().startswith((":", "---")):
            # Below options, MyST-NB drops one blank line at the end.
            lines = "\n".join(lines).splitlines()
        source = "\n".join(lines[above:])
        section = self.sections[-1] if self.sections else None
        number = len(self.cells) + 1
        line = fence + 1 + above
        self.cells.append(Cell(number, line, source, options, section))

    def _read_cell_options(
        self, lines: list[str], fence: int
    ) -> tuple[dict[str, Any], int]:
        block, above = split_options(lines)
        first = fence + 1 + lines[0].startswith("---") if lines else fence
        options = self._options("\n".join(block), first)
        if what := misfit_of_cell(options):
            hint = "as in :tags: [hide-input]"
            self._report(fence + 1, "cell-options", what, hint)
        if "load" in options:
            what = f"the code of this cell is elsewhere: {options['load']!r}"
            hint = "write it here; other chapters get it with #@save"
            self._report(fence, "loaded-code", what, hint)
        return options, above

    def _read_include(
        self, name: str, lines: list[str], fence: int, outside: bool
    ) -> None:
        """Look into a file that becomes part of the page."""
        options = plain_options(split_options(lines)[0])
        is_text = not NO_TEXT & options.keys()
        depth = self._included.count("\n")
        # docutils reports a file that includes itself.
        if self._root is None or not is_text or depth > 10:
            return
        path = included_path(self.path, name)
        file = self._root / path
        if not file.is_file():
            what = f"there is no file {name!r}"
            hint = "name it as seen from the folder of this one"
            folder = self._root / PurePosixPath(self.path).parent
            hint = meant_file(folder, name, hint)
            self._report(fence, "missing-file", what, hint)
            return
        try:
            text, above = select(decode(file.read_bytes(), path), options)
        except OSError as error:
            what = f"cannot read {name!r}: {error.strerror}"
            self._report(fence, "unreadable", what, "")
        except BookError as error:
            self.problems += error.problems
        else:
            place = f"{self._included}\n{self.path}:{fence}"
            inner = Reader(path, self._root, place)
            inner.read_part(text, above, 0)
            self.headings += [fence] * (outside and bool(inner.headings))
            self.problems += inner.problems
            if "heading-offset" not in options:
                self.titles += inner.titles
            self.directives += inner.directives
            self.footnotes += inner.footnotes
            self.includes |= {path, *inner.includes}

    def _add_formula(self, label: str, tex: str, line: int) -> None:
        if self._included:
            self._refuse_included(line, f"formula {label!r}")
        tex = tex.strip()
        if unclosed := find_unclosed(tex):
            above, what, hint = unclosed
            self._report(line + above, "unclosed-tex", what, hint)
        self.formulas.append(Formula(label, tex, line))

    def _add_check(self, check: Check) -> None:
        if self._included:
            self._refuse_included(check.line - 1, f"check {check.label!r}")
        elif check.source and (found := find_emptiness(check.source)):
            above, what, hint = found
            what = f"check {check.label!r} {what}"
            self._report(check.line + above, "empty-check", what, hint)
        self.checks.append(check)

    def _add_footnote(self, name: str, line: int, is_text: bool) -> None:
        self.footnotes.append(Footnote(name, self.path, line, is_text))

    def _refuse_included(self, line: int, what: str) -> None:
        place = self._included.strip().split("\n")[-1]
        what = f"{what} does not work in a file that {place} includes"
        hint = "move it into the chapter itself"
        self._report(line, "included", what, hint)

    def _options(self, text: str, line: int) -> dict[str, Any]:
        try:
            value = load_yaml(text, self.path, line)
        except BookError as error:
            self.problems += error.problems
            return {}
        if value is not None and not isinstance(value, dict):
            what = f"these are not settings: {str(value)[:40]!r}"
            hint = "write lines such as NAME: VALUE"
            self._report(line, "bad-yaml", what, hint)
        return mapping(value)

    def _report(self, line: int, rule: str, what: str, hint: str) -> None:
        self.problems.append(Problem(self.path, line, rule, what, hint))
