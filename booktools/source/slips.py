"""What stands in the text of a chapter and was meant as something else."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from markdown_it.token import Token

from booktools.source.markdown import inline_parser
from booktools.source.marks import MARK
from booktools.source.options import split_options

# Listings of these languages may have been meant as cells.
_PYTHON = {"ipython", "ipython3", "py", "python", "python3"}
_LISTINGS = ("{code}", "{code-block}", "{sourcecode}")

# What stands, in a flat text, for code, formulas, and what is escaped.
_CODE, _OTHER = "\ue000", "\ue001"
_BRACKETS = {
    r"\[": "\ue002",
    r"\]": "\ue003",
    r"\(": "\ue004",
    r"\)": "\ue005",
}
_IN_BRACKETS = "[^\ue002\ue003]*"

_ROLE = (
    r"(?P<role>abbr|any|cite(?::[pt])?|code|doc|download|eq|eqref|kbd|math"
    r"|numref|ref|term)"
)
_FILE = r"[^()<>\n]*\.(?:gif|html|ipynb|jpe?g|md|pdf|png|svg|webp)"
# Both of these are powers, or arguments: 2**3, a ** b, **kwargs.
_STARS = (
    r"(?<!\*)(?!(?<=[A-Za-z0-9_)\]])\*\*\S|(?<!\S)\*\*\s)\*\*(?!\*|kw)(?s:.*)"
)
# Not money, and no variable of a shell.
_DOLLAR = (
    r"(?<![A-Za-z0-9$])\$"
    r"(?=[A-Za-z](?![A-Za-z0-9])|\\[A-Za-z]|[a-z]+ *[-=+^<>\\])[^$]*\Z"
)

# What is surely no text, what it was meant as, and how to write that.
_LOST = [
    (rf":{_ROLE}:{_CODE}", "a role", "write {ROLE}`…`"),
    (
        rf"\{{{_ROLE}\}}[ \t]+{_CODE}",
        "a role",
        "write {ROLE}`…` without the space",
    ),
    (rf"\{{{_ROLE}\}}['\"‘’“”´]", "a role", "write {ROLE}`…`"),
    (rf"\ue002\s{_IN_BRACKETS}\s\ue003", "a formula", "write $…$"),
    (
        rf"\ue002{_IN_BRACKETS}[=^\\]{_IN_BRACKETS}\ue003(?![(:])",
        *("a formula", "write $…$"),
    ),
    ("(?<!])\ue004[^\ue004\ue005]+\ue005", "a formula", "write $…$"),
    (
        rf"\[(?!\^)[^][]+\] \((?:{_FILE}|https?://[^()\s]+)\)",
        *("a link", "write no space between ] and ("),
    ),
    (
        rf"\[[^][]*\]\({_FILE}(?: \"[^\"]*\")?\)",
        *("a link", "write <…> around a path with spaces, or rename the file"),
    ),
    (_DOLLAR, "a formula", "end it with $; a $ that is one is written \\$"),
    (_STARS, "bold text", "write ** at both ends, not beside punctuation"),
    (r"(?<![`A-Za-z0-9])`(?=[^`\s])", "code", "end it with `"),
]

# Most texts have none of this outside of code; to read them takes time.
_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_MAYBE = re.compile(
    rf":{_ROLE}:`|\{{{_ROLE.replace('role', 'also')}\}}(?:[ \t]+`|['\"‘’“”´])"
    rf"|\\[\[(]|\] \(|\]\({_FILE}|\*\*"
)

# Directives that nobody leaves empty; the first two have gates, too.
_FILLED = ("exercise", "solution", "math")
_NO_TEX = re.compile(r"\s*(\\begin\{[^}]*\}\s*\\end\{[^}]*\})?\s*")

_HOW_MARKS_STAND = "write #@save in a ```{code-cell}; elsewhere, leave it out"


def find_slips(tokens: Sequence[Token]) -> Iterator[tuple[int, str, str, str]]:
    """Yield what is wrong in a text of blocks.

    That is how many lines are above it, the rule, the problem, and a hint.
    """
    for token in tokens:
        above = token.map[0] if token.map else 0
        if token.type in ("fence", "colon_fence"):
            yield from _find_marks_in_listing(token, above)
        elif token.type == "inline":
            yield from _find_lost(token.content, above)
    tokens = [t for t in tokens if t.type != "myst_line_comment"]
    for token, after in zip_longest(tokens, tokens[1:]):
        if what := _find_emptiness(token, after):
            above = token.map[0] if token.map else 0
            hint = "write what belongs there, or remove it"
            yield above, "empty-block", what, hint


def _find_emptiness(token: Token, after: Token | None) -> str:
    """Say what is empty: a label, a formula or the like; or nothing."""
    ends = after is None or after.nesting < 0
    match token.type:
        case "myst_target" if ends:
            return f"nothing is below the label {token.content!r}"
        case "footnote_reference_open" if ends:
            return f"the footnote [^{token.meta['label']}] has no text"
        case "math_block" | "math_block_label" | "amsmath":
            return "this formula is empty" * bool(
                _NO_TEX.fullmatch(token.content)
            )
        case "fence" | "colon_fence" if token.info.startswith("{"):
            name, _, argument = token.info[1:].partition("}")
            gate = name.removesuffix("-start")
            lines = token.content.splitlines()
            lines = lines[split_options(lines)[1] :]
            lines += [argument] * (name == "math")
            closed = after and after.info.startswith(f"{{{gate}-end}}")
            if (
                gate in _FILLED
                and (closed or gate == name)
                and not any(map(str.strip, lines))
            ):
                return f"this {{{name}}} is empty"
    return ""


def _find_marks_in_listing(
    token: Token, above: int
) -> Iterator[tuple[int, str, str, str]]:
    """Yield marks in Python that is shown and does not run."""
    name, *arguments = token.info.lower().split() or [""]
    language = arguments[:1] if name in _LISTINGS else [name]
    if not _PYTHON.isdisjoint(language):
        for number, line in enumerate(token.content.split("\n"), 1):
            if MARK.search(line):
                what = "this #@save saves nothing: the code does not run"
                yield above + number, "lost-mark", what, _HOW_MARKS_STAND


def _find_lost(text: str, above: int) -> Iterator[tuple[int, str, str, str]]:
    """Yield what is shown as text, and was meant as something else."""
    rest = _SPAN.sub("", text).replace(r"\$", "")
    if not (_MAYBE.search(text) or "`" in rest or rest.count("$") % 2):
        return
    flat = _flatten(text)
    for pattern, kind, hint in _LOST:
        for match in re.finditer(pattern, flat):
            more = flat.count("\n", 0, match.start())
            seen = flat[match.start() :].partition("\n")[0][:30]
            for sign, letter in {
                **_BRACKETS,
                "`…`": _CODE,
                "…": _OTHER,
            }.items():
                seen = seen.replace(letter, sign)
            what = f"'{seen}' is shown as text; was {kind} meant?"
            role = match.groupdict().get("role")
            how = hint.replace("ROLE", str(role))
            yield above + more, "lost-markup", what, how


def _flatten(text: str) -> str:
    """Return a text, with a letter for each part of it that is no text."""
    flat, end = "", 0
    for token in inline_parser().parseInline(text)[0].children or []:
        match token.type:
            case "text":
                flat += token.content
            case "softbreak" | "hardbreak":
                flat += "\n"
            case "code_inline":
                code = re.escape(token.content).replace(r"\ ", r"\s")
                if found := re.compile(code).search(text, end):
                    flat += "\n" * found[0].count("\n")
                    end = found.end()
                flat += _CODE
            case "math_inline":
                flat += _OTHER + "\n" * token.content.count("\n")
            case "text_special":
                flat += _BRACKETS.get(token.markup, _OTHER)
    return flat
