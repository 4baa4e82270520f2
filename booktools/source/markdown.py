"""The parsers of chapters; fences inside of fences; marks of footnotes.

Where no footnote of its name is, MyST takes a mark `[^name]` for plain text.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.field_list import fieldlist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

from booktools.source.tables import find_lost_tables

# How Git begins what it could not merge.
_CONFLICT = "<<<<<<< "
# A heading but for the blank behind its marks.
_LOST_HEADING = re.compile(r"(#{2,6})[^#\s]")
_MARK = re.compile(r"\[\^([^\s\]]+)\]")


def find_marks(text: str) -> Iterator[tuple[str, int]]:
    """Yield the name of each mark, and how many lines are above it.

    In code, in formulas, and behind a backslash there is none.
    """
    if "[^" not in text:
        return
    for token in inline_parser().parseInline(text)[0].children or []:
        for match in _MARK.finditer(token.content):
            # What is not text, such as code, is no mark.
            if token.type == "text":
                yield match[1], _lines_above(text, match[0])


def find_lost(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield what in a text looks like a heading or the like, and is none.

    That is how many lines are above it, the rule, the problem, and a hint.
    """
    for above in _find_lost_fences(text):
        what = "this fence is none: behind ``` there are more backticks"
        hint = "write it with colons: :::{NAME} …, and ::: below"
        yield above, "lost-fence", what, hint
    for above, line in enumerate(text.split("\n")):
        if match := _LOST_HEADING.match(line):
            what = f"this is no heading: no space is behind {match[1]}"
            hint = f"write {match[1]} TITLE"
            yield above, "lost-heading", what, hint
        if line.startswith(_CONFLICT):
            what = "Git could not merge two versions of this text"
            hint = "decide, and remove its lines <<<<<<<, ======= and >>>>>>>"
            yield above, "merge-conflict", what, hint
    if lost := _find_lost_formula(text):
        what = "this $$ does not begin a formula"
        hint = "write $$, on a line of its own, above and below the formula"
        if "\n" in lost:
            what += ": text is above it"
            hint = "leave a blank line above it"
        yield lost.count("\n"), "formula-in-text", what, hint
    yield from find_lost_tables(text)


def _find_lost_fences(text: str) -> Iterator[int]:
    """Yield how many lines are above each line that begins a directive.

    In text there is one only where its line has more backticks, which is no
    beginning of a fence.  What ends on that line, too, is code in a line.
    """
    for number, line in enumerate(text.split("\n")):
        start, fence, rest = line.partition("```{")
        if fence and not start.strip() and "```" not in rest:
            yield number


def _find_lost_formula(text: str) -> str:
    """Return a text up to the first `$$` that begins no formula, or nothing.

    In text there is one only where other text is beside it.
    """
    if "$$" not in text:
        return ""
    code = re.compile("(`+).*?\\1", re.DOTALL)
    text = code.sub(lambda m: "\n" * m[0].count("\n"), text)
    match = re.search(r"^ *\$\$|\$\$ *\([^)\n]+\)", text, re.M)
    return text[: match.end()].strip() if match else ""


def find_fence(lines: list[str], markup: str) -> int:
    """Return which line in a fence begins another as long, or 0.

    It cannot be inside: its end would end the fence around it.
    """
    for number, line in enumerate(lines, 1):
        text = line.lstrip()
        rest = text.lstrip(markup[0])
        if len(text) - len(rest) >= len(markup) and rest[:1] not in ("", " "):
            return number
    return 0


def _lines_above(text: str, mark: str) -> int:
    return text[: max(text.find(mark), 0)].count("\n")


def is_blank(value: Any) -> bool:
    """Say if an option that is a text shows nothing.

    The address of a link, on a line of its own, is text and shows nothing.
    """
    return not value or not parser().parse(str(value))


@functools.cache
def parser(*, inline: bool = False) -> MarkdownIt:
    """Return the parser: the block syntax that MyST-NB reads cells with.

    Parameters
    ----------
    inline : bool
        Whether it looks into the text of blocks, too: for roles, pictures.
    """
    blocks = (
        MarkdownIt("commonmark")
        .enable("table")
        .use(front_matter_plugin)
        .use(myst_block_plugin)
        .use(dollarmath_plugin, allow_labels=True)
        .use(colon_fence_plugin)
        .use(amsmath_plugin)
        .use(deflist_plugin)
        .use(fieldlist_plugin)
        .use(footnote_plugin)
        .use(myst_role_plugin)
        .disable(["footnote_inline", "footnote_tail", "inline"])
    )
    return blocks.enable("inline") if inline else blocks


@functools.cache
def inline_parser() -> MarkdownIt:
    """Return a parser that keeps apart what is text and what is escaped."""
    return MarkdownIt("commonmark").use(dollarmath_plugin).disable("text_join")
