"""References in chapters that are imported: to where, and what has numbers."""

import posixpath
import re

from booktools.importing.draft import Draft, Line, listed

# Where a label is given: above something, as an option, behind a formula.
_LABELS = re.compile(
    r"^\(([^()\s]+)\)=|^\s*:(?:name|label): *(\S+)|\$\$ \(([^()\s]+)\)$"
    r"|\bname: *([\w-]+)",
    re.MULTILINE,
)
_NUMBERED = re.compile(r"(\s*)\$\$ \(([^()\s]+)\)\s*")
_TO_FORMULA = re.compile(r"\{eq\}`(?:[^`<]*<)?([^`<>]*)>?`")
# Of notebooks: $\eqref{eq-x}$, and links to other notebooks.
_LATEX = re.compile(r"\$?\\(?:eqref|ref)\{([^{}]+)\}\$?")
_LINK = re.compile(
    r"(?<!!)\[([^\[\]]+)\]\(([^():#\s]+)\.(?:ipynb|md|html)(?:#[^()\s]*)?\)"
)
_REFERENCE = re.compile(r"\{([a-z0-9:]+)\}`([^`]*)`")


def resolve(
    drafts: list[Draft], known: set[str], has_bibliography: bool
) -> None:
    """Let references lead somewhere, in all files of an import.

    A reference to what is in none of them becomes its label, as text.
    """
    names: dict[str, str] = {}
    for draft in drafts:
        names |= draft.labels
    labels = known | set(names.values())
    for draft in drafts:
        for match in _LABELS.finditer(draft.text):
            labels.add(match[match.lastindex or 0])
    files = {draft.name for draft in drafts}
    for draft in drafts:
        edit = _References(draft, names, labels, has_bibliography, files)
        draft.edit_prose(edit.change)
        edit.report()
    wanted = {ref for d in drafts for ref in _TO_FORMULA.findall(d.text)}
    for draft in drafts:
        _number_formulas(draft, wanted)


class _References:
    """The references in one file."""

    def __init__(
        self,
        draft: Draft,
        names: dict[str, str],
        labels: set[str],
        has_bibliography: bool,
        files: set[str],
    ):
        self._draft = draft
        self._files = files
        self._names = names
        self._labels = labels
        self._cites = has_bibliography
        self._works: list[str] = []
        self._line = 0

    def change(self, text: str, number: int) -> str:
        """Rewrite the references in a text."""
        self._line = number
        text = _LATEX.sub(r"{eq}`\1`", text)
        return _LINK.sub(self._link, _REFERENCE.sub(self._reference, text))

    def _link(self, match: re.Match[str]) -> str:
        """Lead a link to another chapter to what it is called now."""
        text, path = match.groups()
        name = re.sub(r"\W+", "_", posixpath.basename(path)).lower()
        if name in self._files:
            return f"[{text}]({name}.md)"
        self._say(f"{match[0]} is written as text")
        return text

    def report(self) -> None:
        """Note what stands in no bibliography."""
        if self._works:
            works = ", ".join(dict.fromkeys(self._works))
            what = (
                f"works are only named, for there is no bibliography: {works}"
            )
            hint = "write references.bib; sphinx: bibtex_bibfiles names it"
            self._draft.note(1, "no-bibliography", what, hint)

    def _reference(self, match: re.Match[str]) -> str:
        role, value = match.groups()
        text, _, target = value.rpartition("<")
        target = target.rstrip(">").strip()
        if role == "d2l":
            label = self._names.get(target, "")
            kind = label.partition("-")[0]
            role = {"fig": "numref", "tab": "numref", "eq": "eq"}.get(
                kind, "ref"
            )
            target = label or target
        elif role.startswith("cite"):
            if self._cites:
                return match[0]
            self._works.append(value)
            return f"({value})"
        elif role in ("prf:ref", "numref", "ref", "eq"):
            role = role.removeprefix("prf:")
        elif role == "doc" and target.strip("./") in self._files:
            shown = f"{text.strip()} <{target}>" if text else target
            return f"{{doc}}`{shown}`"
        elif role == "doc":
            self._say(f"{match[0]} is written as text")
            return text.strip() or f"`{value}`"
        else:
            return match[0]
        if target in self._labels:
            shown = f"{text.strip()} <{target}>" if text else target
            return f"{{{role}}}`{shown}`"
        self._say(f"{target!r} is in none of these files")
        return text.strip() or f"`{target}`"

    def _say(self, what: str) -> None:
        hint = "import that chapter, too, or write another reference"
        self._draft.note(self._line, "unknown-label", what, hint)


def _number_formulas(draft: Draft, wanted: set[str]) -> None:
    """Give formulas that are referred to a check; take others' numbers."""
    verbatim = draft.code()
    nested = {
        i
        for depth in range(draft.deepest + 1)
        for block in draft.blocks(depth)
        if block.is_text
        for i in range(block.start, block.end)
    }
    unused: list[tuple[int, str]] = []
    checked: list[tuple[int, str]] = []
    for i in range(len(draft.lines) - 1, -1, -1):
        number, text = draft.lines[i]
        match = _NUMBERED.fullmatch(text)
        if i in verbatim or not match:
            continue
        margin, label = match.groups()
        if label not in wanted:
            draft.lines[i] = Line(number, f"{margin}$$")
            unused.append((number, label))
            continue
        # It must not end the fence around it.
        fence = "~~~" if i in nested else "```"
        check = [f"{margin}{fence}{{check}} {label}", f"{margin}{fence}"]
        draft.put(i + 1, i + 1, ["", *check])
        checked.append((number, label))
    if checked:
        checked.sort()
        what = listed(label for _, label in checked)
        what = f"formulas with an empty check: {what}"
        hint = "build the book: it says which of them that can test"
        draft.note(checked[0][0], "empty-check", what, hint)
    if unused:
        unused.sort()
        what = listed(label for _, label in unused)
        what = f"formulas without a number now, for nothing refers to: {what}"
        draft.note(unused[0][0], "unused-number", what)
