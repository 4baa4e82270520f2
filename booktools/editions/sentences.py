"""The text of a paragraph, or a title -> what is said, shown, referred to."""

from collections.abc import Iterable
from typing import Any

from markdown_it.token import Token

from booktools.editions.outline import Block, Outline, Prose, Reference
from booktools.editions.roles import read_role
from booktools.source.markdown import parser


class SentenceReader:
    """Adds to an outline what is in the text of blocks."""

    def __init__(self) -> None:
        self.outline = Outline()

    def read_text(self, text: str, line: int) -> None:
        """Read a title or a caption."""
        for token in parser(inline=True).parse(" ".join(text.split())):
            if token.type == "inline":
                self.read_inline(token, line)

    def read_inline(self, token: Token, line: int) -> None:
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
                    if title := str(child.attrs.get("title", "")):
                        self.say([title], line)
                    target = str(child.attrs.get("href", ""))
                    if ":" not in target:
                        self.refer("link", target, line)
                case "footnote_ref":
                    self.refer("footnote", child.meta["label"], line)
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
            self.refer(role, target, line)
        return [(shown, line)]

    def _read_image(self, token: Token, line: int) -> None:
        texts = {"alt text": line} if token.content.strip() else {}
        if title := str(token.attrs.get("title", "")).strip():
            texts["title"] = line
            self.say([title], line)
        source = str(token.attrs.get("src", ""))
        self.add("picture", source, line, line, texts=texts)
        self.read_text(token.content, line)

    def refer(self, role: str, target: str, line: int) -> None:
        """Add what is referred to."""
        self.outline.references.append(Reference(role, target, line))

    def say(self, lines: Iterable[str], line: int) -> None:
        """Add lines of text, the first one with its number."""
        prose = (Prose(text, i) for i, text in enumerate(lines, line))
        self.outline.prose += prose

    def add(
        self, kind: str, name: str, line: int, end: int, **more: Any
    ) -> None:
        """Add a block."""
        self.outline.blocks.append(Block(kind, name, line, end, **more))
