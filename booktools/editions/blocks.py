"""The MyST text of a file -> what an edition in another language shares.

These are its blocks, in order: headings, code cells, formulas, directives,
pictures.  Beside them stand the references in it, and its prose by lines.
Unlike `myst`, which reads chapters, this reports nothing: what it cannot read
is a problem there.
"""

import functools
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from textwrap import dedent

import yaml
from markdown_it.token import Token

from booktools.editions.captions import (
    TEXTS,
    is_blank,
    is_text,
    scalars_of,
)
from booktools.editions.outline import Include, Outline, Prose
from booktools.editions.sentences import SentenceReader
from booktools.editions.tables import read_csv, read_list, read_pipes
from booktools.source.markdown import parser
from booktools.source.myst import NO_TEXT, VERBATIM
from booktools.source.options import plain_options, split_options
from booktools.source.text import mapping

# Directives whose argument is a name or a path; that of others is a title.
_NAMED = {
    *("bibliography", "container", "figure", "grid", "image", "include"),
    *("literalinclude", "raw", "saved-names", "solution", "solution-end"),
    *("solution-start", "touch"),
}
_LISTINGS = {"code", "code-block", "sourcecode"}
# Settings in front matter, or in its ``myst``, that become text of the page.
_TEXTUAL = {"html_meta", "substitutions"}
# How an author says which answer of a guess is right.
_ANSWERS = ("[x]", "[X]", "[ ]")


# Who compares texts reads them again and again.
@functools.lru_cache(maxsize=200)
def read_outline(text: str) -> Outline:
    """Read what a file consists of."""
    reader = _Reader()
    reader.read(text, 0)
    outline = reader.outline
    outline.blocks.sort(key=lambda block: block.line)
    return outline


class _Reader(SentenceReader):
    """Walks over the tokens of a file."""

    def read(self, text: str, above: int) -> None:
        """Read a text below some lines of the file."""
        tokens = parser(inline=True).parse(text)
        labels: list[tuple[str, int]] = []
        for i, token in enumerate(tokens):
            start, end = token.map or (0, 0)
            line, last = above + start + 1, above + end
            if token.type == "myst_target":
                labels.append((token.content, line))
                continue
            if token.type == "heading_open":
                label, _ = labels.pop() if labels else ("", 0)
                self.add(
                    *("heading", label, line, last),
                    facts={"level": "#" * int(token.tag[1:])},
                    texts={"title": line} if tokens[i + 1].content else {},
                )
            if token.nesting >= 0:
                for label, place in labels:
                    self.add("label", label, place, place)
                labels.clear()
            self._read_token(token, line, last, tokens[i:])
        for label, place in labels:
            self.add("label", label, place, place)

    def _read_token(
        self, token: Token, line: int, last: int, rest: list[Token]
    ) -> None:
        match token.type:
            case "front_matter":
                self.outline.above = last
                with suppress(yaml.YAMLError):
                    matter = yaml.safe_load(token.content)
                    self.outline.front_matter = mapping(matter)
                self._read_settings(token.content, line + 1)
            case "inline":
                self.read_inline(token, line)
            case "paragraph_open":
                self.add("paragraph", "", line, last)
            case "html_block":
                self.say(token.content.splitlines(), line)
            case "math_block" | "math_block_label" | "amsmath":
                shift = token.content.startswith("\n")
                self._add_formula(
                    token.info.strip(), token.content, line, last, line + shift
                )
            case "table_open":
                table = read_pipes(rest, line)
                self.add("table", "", line, last, **table._asdict())
            case "dt_open":
                parts = rest[1].children or []
                codes = (p.content for p in parts if p.type == "code_inline")
                name = " ".join(codes)
                self.add("definition", name, line, line)
            case "footnote_reference_open":
                is_empty = rest[1].type == "footnote_reference_close"
                texts = {} if is_empty else {"text": line}
                self.add(
                    *("footnote", token.meta["label"], line, line), texts=texts
                )
            case "fence" | "colon_fence":
                self._read_fence(token, line, last)
            case "code_block":
                self.add("listing", "", line, last, code=token.content)

    def _read_settings(self, text: str, first: int) -> None:
        """Read what each edition has of its own, also as text of the page."""
        for path, node in scalars_of(text):
            names = path[1:] if path[0] == "myst" else path
            is_text = bool(_TEXTUAL.intersection(names[:1]))
            prose = Prose(node.value, first + node.start_mark.line)
            if is_text or path[0] == "myst":
                self.outline.settings[".".join(path)] = prose
            if is_text:
                self.outline.prose.append(prose)

    def _read_fence(self, token: Token, line: int, last: int) -> None:
        info, _, argument = token.info.strip().partition("}")
        name = info[1:].strip().lower() if info[:1] == "{" else ""
        argument = argument.strip()
        lines = token.content.splitlines()
        block, above = split_options(lines)
        options = plain_options(block)
        body = "\n".join(lines[above:])
        below = line + above  # of the fence and its options
        fence = token.markup + token.info
        match name:
            case "":
                self.add("listing", info, line, last, code=token.content)
            case "code-cell":
                self._add_cell(lines, line, last, fence)
            case "check":
                self.add(
                    *(name, argument, line, last),
                    code=token.content,
                    fence=fence,
                )
            case "math":
                label = options.get("label", options.get("name", ""))
                tex = "\n".join([argument, body])
                first = line if argument else below + 1
                self._add_formula(label, tex, line, last, first)
            case _ if name in _LISTINGS:
                self._add_directive(
                    *(name, argument, lines, line, last),
                    kind="listing",
                    code=body,
                )
            case "include" if not NO_TEXT & options.keys():
                # An edition may have the text itself in this place.
                include = Include(argument, options, line)
                self.outline.includes.append(include)
            case "glossary":
                self._read_glossary(lines[above:], below)
            case _:
                self._add_directive(name, argument, lines, line, last)
                if name in ("csv-table", "list-table"):
                    self._note_table(name, block, body, below)
                if name == "figure" and body.strip():
                    self.outline.blocks[-1].texts["caption"] = below + 1
                if name == "guess":
                    self._note_answers(body, below)
                if name == "raw":
                    self.say(lines[above:], below + 1)
                elif name not in VERBATIM:
                    self.read(body, below)

    def _add_directive(
        self,
        name: str,
        argument: str,
        lines: list[str],
        line: int,
        last: int,
        kind: str = "",
        code: str = "",
    ) -> None:
        options = plain_options(split_options(lines)[0])
        first = line + _above_options(lines) + 1
        facts: dict[str, str] = {}
        texts: dict[str, int] = {}
        blank: dict[str, int] = {}
        label = ""
        if kind or name in _NAMED:
            label = argument
        elif argument:
            texts["title"] = line
            self.read_text(argument, line)
        for i, (key, value) in enumerate(options.items(), first):
            is_label = key == "label" and name == "touch"
            if key in TEXTS or is_label:
                (texts if value else blank)[TEXTS.get(key, key)] = i
                self.read_text(value, i)
            elif key in ("label", "name") and not kind:
                if label:
                    facts["argument"] = label
                label = value
            elif not (kind and key == "emphasize-lines"):
                # Which lines of a listing matter may differ, as its text may.
                facts[key] = value
        self.add(
            *(kind or f"{{{name}}}", label, line, last),
            facts=facts,
            texts=texts,
            blank=blank,
            code=code,
        )

    def _note_table(
        self, name: str, options: list[str], body: str, above: int
    ) -> None:
        """Add its size and its cells to the table above."""
        table = read_list(body, above)
        if name == "csv-table":
            table = read_csv(options, body, above)
        block = self.outline.blocks[-1]
        self.outline.blocks[-1] = replace(
            block,
            facts=block.facts | table.facts,
            texts=block.texts | table.texts,
            blank=block.blank | table.blank,
        )

    def _note_answers(self, body: str, above: int) -> None:
        """Add its answers, and which is right, to the guess above."""
        answers = [
            Prose(token.content.partition("\n")[0], above + token.map[0] + 1)
            for token in parser().parse(body)
            if token.type == "inline"
            and token.map
            and token.content.startswith(_ANSWERS)
        ]
        marks = [answer.text[:3].lower() for answer in answers]
        blocks = self.outline.blocks
        facts = blocks[-1].facts | {"answers": " ".join(marks) or "none"}
        blocks[-1] = replace(blocks[-1], facts=facts, answers=tuple(answers))

    def _add_cell(
        self, lines: list[str], line: int, last: int, fence: str
    ) -> None:
        block, above = split_options(lines)
        first = line + _above_options(lines) + 1
        facts: dict[str, str] = {}
        texts: dict[str, int] = {}
        blank: dict[str, int] = {}
        for path, node in scalars_of("\n".join(block)):
            key = path[-1]
            where = first + node.start_mark.line
            if is_text(path):
                places = blank if is_blank(node) else texts
                places[TEXTS.get(key, key)] = where
                self.read_text(node.value, where)
            else:
                facts[".".join(path)] = node.value
        self.add(
            *("code cell", "", line, last),
            facts=facts,
            texts=texts,
            blank=blank,
            code="\n".join(lines[above:]),
            code_line=line + above + 1,
            fence=fence,
        )

    def _add_formula(
        self, label: str, tex: str, line: int, last: int, first: int
    ) -> None:
        kind = "formula" if label else "display formula"
        tex = tex.strip()
        self.add(kind, label, line, last, code=tex, code_line=first)
        self.say(tex.split("\n"), first)

    def _read_glossary(self, lines: list[str], above: int) -> None:
        """Read terms, each on a line of its own, and the texts below them."""
        entries: list[tuple[int, list[str], list[str]]] = []
        for i, text in enumerate(lines, above + 1):
            if not text[:1].strip():
                if entries:
                    entries[-1][2].append(text)
                continue
            if not entries or "".join(entries[-1][2]):
                entries.append((i, [], []))
            term = text.partition(" : ")[0].strip()
            entries[-1][1].append(term)
            self.outline.prose.append(Prose(term, i, True))
        for line, terms, below in entries:
            names = frozenset(name for t in terms for name in _names(t))
            last = line + len(terms) - 1
            text = "".join(below).strip()
            texts = {"explanation": last + 1} if text else {}
            self.add(*("term", terms[0], line, last), terms=names, texts=texts)
            self.read(dedent("\n".join(below)), last)


def _above_options(lines: list[str]) -> int:
    """Return how many lines of a directive are above its options: ``---``."""
    return int(bool(lines) and lines[0].startswith("---"))


def _names(term: str) -> Iterator[str]:
    """Yield a term, and what it is called besides, in brackets."""
    yield term
    yield from filter(None, map(str.strip, re.split("[()（）]", term)))
