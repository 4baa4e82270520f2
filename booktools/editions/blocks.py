"""The MyST text of a file -> what an edition in another language shares.

These are its blocks, in order: headings, code cells, formulas, directives,
pictures.  Beside them stand the references in it, and its prose by lines.
Unlike `myst`, which reads chapters, this reports nothing: what it cannot read
is a problem there.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from textwrap import dedent
from typing import Any

import yaml
from markdown_it.token import Token

from booktools.editions.captions import TEXTS, is_text, scalars_of
from booktools.editions.outline import (
    Block,
    Include,
    Outline,
    Prose,
    Reference,
)
from booktools.editions.roles import read_role
from booktools.problem import count
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


class _Reader:
    """Walks over the tokens of a file."""

    def __init__(self) -> None:
        self.outline = Outline()

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
                self._add(
                    *("heading", label, line, last),
                    facts={"level": "#" * int(token.tag[1:])},
                )
            if token.nesting >= 0:
                for label, place in labels:
                    self._add("label", label, place, place)
                labels.clear()
            self._read_token(token, line, last, tokens[i:])
        for label, place in labels:
            self._add("label", label, place, place)

    def _read_token(
        self, token: Token, line: int, last: int, rest: list[Token]
    ) -> None:
        match token.type:
            case "front_matter":
                self.outline.above = last
                with suppress(yaml.YAMLError):
                    matter = yaml.safe_load(token.content)
                    self.outline.front_matter = mapping(matter)
            case "inline":
                self._read_inline(token, line)
            case "paragraph_open":
                self._add("paragraph", "", line, last)
            case "html_block":
                self._say(token.content.splitlines(), line)
            case "math_block" | "math_block_label" | "amsmath":
                shift = token.content.startswith("\n")
                self._add_formula(
                    token.info.strip(), token.content, line, last, line + shift
                )
            case "table_open":
                end = [t.type for t in rest].index("table_close")
                rows, columns = (
                    sum(t.type == kind for t in rest[:end])
                    for kind in ("tr_open", "th_open")
                )
                size = f"{count(rows, 'row')}, {count(columns, 'column')}"
                self._add("table", "", line, last, facts={"size": size})
            case "dt_open":
                parts = rest[1].children or []
                codes = (p.content for p in parts if p.type == "code_inline")
                name = " ".join(codes)
                self._add("definition", name, line, line)
            case "footnote_reference_open":
                self._add("footnote", token.meta["label"], line, line)
            case "fence" | "colon_fence":
                self._read_fence(token, line, last)
            case "code_block":
                self._add("listing", "", line, last, code=token.content)

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
                self._add("listing", info, line, last, code=token.content)
            case "code-cell":
                self._add_cell(lines, line, last, fence)
            case "check":
                self._add(
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
                self._add("listing", argument, line, last, code=body)
            case "include" if not NO_TEXT & options.keys():
                # An edition may have the text itself in this place.
                include = Include(argument, options, line)
                self.outline.includes.append(include)
            case "glossary":
                self._read_glossary(lines[above:], below)
            case _:
                self._add_directive(name, argument, lines, line, last)
                if name == "figure" and body.strip():
                    self.outline.blocks[-1].texts["caption"] = below + 1
                if name == "guess":
                    self._note_answers(body, below)
                if name == "raw":
                    self._say(lines[above:], below + 1)
                elif name not in VERBATIM:
                    self.read(body, below)

    def _add_directive(
        self, name: str, argument: str, lines: list[str], line: int, last: int
    ) -> None:
        options = plain_options(split_options(lines)[0])
        first = line + _above_options(lines) + 1
        facts, texts = {}, {}
        label = ""
        if name in _NAMED:
            label = argument
        elif argument:
            texts["title"] = line
            self._read_text(argument, line)
        for i, (key, value) in enumerate(options.items(), first):
            is_label = key == "label" and name == "touch"
            if key in TEXTS or is_label:
                texts[TEXTS.get(key, key)] = i
                self._read_text(value, i)
            elif key in ("label", "name"):
                if label:
                    facts["argument"] = label
                label = value
            else:
                facts[key] = value
        self._add(f"{{{name}}}", label, line, last, facts=facts, texts=texts)

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
        facts, texts = {}, {}
        for path, node in scalars_of("\n".join(block)):
            key = path[-1]
            where = first + node.start_mark.line
            if is_text(path):
                texts[TEXTS.get(key, key)] = where
                self._read_text(node.value, where)
            else:
                facts[".".join(path)] = node.value
        self._add(
            *("code cell", "", line, last),
            facts=facts,
            texts=texts,
            code="\n".join(lines[above:]),
            code_line=line + above + 1,
            fence=fence,
        )

    def _add_formula(
        self, label: str, tex: str, line: int, last: int, first: int
    ) -> None:
        kind = "formula" if label else "display formula"
        tex = tex.strip()
        self._add(kind, label, line, last, code=tex, code_line=first)
        self._say(tex.split("\n"), first)

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
            self._add("term", terms[0], line, last, terms=names)
            self.read(dedent("\n".join(below)), last)

    def _read_text(self, text: str, line: int) -> None:
        """Read a title or a caption."""
        for token in parser(inline=True).parse(" ".join(text.split())):
            if token.type == "inline":
                self._read_inline(token, line)

    def _read_inline(self, token: Token, line: int) -> None:
        """Read what is in a paragraph or the like."""
        found: list[tuple[str, int]] = []
        for child in token.children or []:
            match child.type:
                case "softbreak" | "hardbreak":
                    line += 1
                case "text" | "html_inline":
                    found.append((child.content, line))
                case "math_inline" | "math_inline_double":
                    found.append(self._read_formula(child.content, line))
                case "myst_role":
                    found += self._read_role(child, line)
                case "image":
                    self._read_image(child, line)
                case "link_open":
                    target = str(child.attrs.get("href", ""))
                    if ":" not in target:
                        self._refer("link", target, line)
                case "footnote_ref":
                    self._refer("footnote", child.meta["label"], line)
        for place in sorted({place for _, place in found}):
            text = "".join(text for text, at in found if at == place)
            self.outline.prose.append(Prose(text, place))

    def _read_formula(self, tex: str, line: int) -> tuple[str, int]:
        self.outline.formulas.append(Prose(tex, line))
        return f"${tex}$", line

    def _read_role(self, token: Token, line: int) -> list[tuple[str, int]]:
        role, text = token.meta["name"], token.content
        if role == "math":
            return [self._read_formula(text, line)]
        shown, target = read_role(role, text)
        if target:
            self._refer(role, target, line)
        return [(shown, line)]

    def _read_image(self, token: Token, line: int) -> None:
        texts = {"alt text": line} if token.content.strip() else {}
        source = str(token.attrs.get("src", ""))
        self._add("picture", source, line, line, texts=texts)
        self._read_text(token.content, line)

    def _refer(self, role: str, target: str, line: int) -> None:
        self.outline.references.append(Reference(role, target, line))

    def _say(self, lines: Iterable[str], line: int) -> None:
        prose = (Prose(text, i) for i, text in enumerate(lines, line))
        self.outline.prose += prose

    def _add(
        self, kind: str, name: str, line: int, end: int, **more: Any
    ) -> None:
        self.outline.blocks.append(Block(kind, name, line, end, **more))


def _above_options(lines: list[str]) -> int:
    """Return how many lines of a directive are above its options: ``---``."""
    return int(bool(lines) and lines[0].startswith("---"))


def _names(term: str) -> Iterator[str]:
    """Yield a term, and what it is called besides, in brackets."""
    yield term
    yield from filter(None, map(str.strip, re.split("[()（）]", term)))
