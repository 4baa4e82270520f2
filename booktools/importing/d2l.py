"""The dialect of D2L's books -> MyST: cells, tabs, labels, marks of slides."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from booktools.importing.draft import Draft, Line
from booktools.importing.tabs import select

# Code without a tab is for this one where other cells have tabs: `#@tab x`.
_FIRST_TAB = "mxnet"
_TAB = re.compile(r"\s*(?:%%tab|#@tab)\s+(.+)")
_MARK = re.compile(
    r":(label|eqlabel|width|height|begin_tab|end_tab):(?:`(.*?)`)?"
)
_IMAGE = re.compile(r"!\[(.*)\]\((\S+?)\)\s*", re.DOTALL)
_ROLE = re.compile(r":(numref|ref|eqref|cite|citet|citep):(`+)([^`]*)\2")
_SHOWN = re.compile(r"[\[(]\*\*|\*\*[\])]")
_HIDDEN = re.compile(r"[\[(]~~.*?~~[\])]")
_KINDS = {
    **dict.fromkeys(("sec", "subsec", "chap", "chapter", "appendix"), "sec"),
    **dict.fromkeys(("fig", "img", "figure"), "fig"),
    **dict.fromkeys(("eq", "equ", "eqn"), "eq"),
    **dict.fromkeys(("tab", "table"), "tab"),
}
# What D2L calls functions of all frameworks, by what PyTorch calls them.
_SAME_NAME = (
    "abs arange argmax cos cosh exp eye float32 int32 int64 linspace log"
    " matmul meshgrid normal ones ones_like rand randn reshape sigmoid sin"
    " sinh stack swapaxes tanh tensor zeros zeros_like"
)
_ALIASES = {name: name for name in _SAME_NAME.split()} | {
    **{"batch_matmul": "bmm", "concat": "cat", "expand_dims": "unsqueeze"},
    **{"nn_Module": "nn.Module", "reduce_mean": "mean", "reduce_sum": "sum"},
    **{"size": "numel", "transpose": "t"},
}
_ALIAS = re.compile(rf"\bd2l\.({'|'.join(_ALIASES)})\b")
_METHOD = re.compile(r"\bd2l\.(?:astype|numpy|to)\b(?=\()")
# What `d2lbook` writes lists of chapters with, and the like.
_DROPPED = {"toc": "a table of contents", "eval_rst": "text in reST"}


def is_d2l(text: str) -> bool:
    """Say whether a text is written in D2L's dialect."""
    return "```{.python .input" in text or bool(
        re.search(
            r"^:(?:(label|eqlabel|begin_tab):`|end_tab:)", text, re.MULTILINE
        )
    )


def label_of(old: str, kind: str) -> str:
    """Return a label in this dialect: eq-linreg for eq_linreg."""
    head, _, rest = (
        re.sub(r"[^a-zA-Z0-9]+", "-", old).strip("-").partition("-")
    )
    known = head.lower() in _KINDS and rest
    return f"{kind}-{rest if known else f'{head}-{rest}'.strip('-')}".lower()


def convert(draft: Draft, tab: str) -> None:
    """Turn D2L's dialect into MyST, with the code of one framework.

    References become roles ``{d2l}`` with D2L's labels: what they refer to
    may be in another file.
    """
    _Converter(draft, tab).convert()


class _Converter:
    def __init__(self, draft: Draft, tab: str):
        self._draft = draft
        self._tab = tab
        self._old = draft.lines
        self._new: list[Line] = []
        tokens = MarkdownIt("commonmark").parse(
            "\n".join(line.text for line in draft.lines)
        )
        self._fences = {
            token.map[0]: token
            for token in tokens
            if token.type == "fence" and token.level == 0 and token.map
        }
        heads = [t.content.lstrip() for t in self._fences.values()]
        self._is_in_tab = False
        self._has_tabs = any(head.startswith("#@tab") for head in heads)

    def convert(self) -> None:
        """Go through all lines, once."""
        i = 0
        while i < len(self._old):
            number, text = self._old[i]
            mark = _MARK.match(text.strip())
            if token := self._fences.get(i):
                self._fence(token, number)
                i = (token.map or [0, i + 1])[1]
            elif mark:
                i = self._mark(mark, i)
            elif text.startswith("!["):
                i = self._image(i)
            else:
                self._new.append(Line(number, _prose(text)))
                i += 1
        self._draft.lines = self._new

    def _say(self, line: int, what: str, hint: str = "") -> None:
        self._draft.note(line, "not-imported", what, hint)

    def _emit(self, number: int, *texts: str) -> None:
        self._new += [Line(number, text) for text in texts]

    def _fence(self, token: Token, number: int) -> None:
        """Write a cell, if it is for this tab, or a listing."""
        info = token.info.strip()
        word = info.partition(" ")[0]
        if word in _DROPPED:
            self._say(number, f"{_DROPPED[word]} is left out", "see _toc.yml")
            return
        if ".input" not in info:
            fence = token.markup
            self._emit(number, f"{fence}{info}", *token.content.splitlines())
            self._emit(number, fence)
            return
        lines = token.content.strip("\n").splitlines()
        tabs = _TAB.fullmatch(lines[0]) if lines else None
        if tabs:
            names = {name.strip() for name in tabs[1].split(",")}
            if not names & {self._tab, "all"}:
                return
            lines = lines[1:]
        elif self._has_tabs and self._tab != _FIRST_TAB:
            return
        written = token.content.splitlines()
        source = "\n".join(
            t for t in lines if not t.startswith("tab.interact")
        )
        source = source.replace("%load_ext d2lbook.tab", "").strip("\n")
        if not source.strip():
            return
        source = select(source, self._tab)
        if self._tab == "pytorch":
            source = _ALIAS.sub(lambda m: f"torch.{_ALIASES[m[1]]}", source)
            for name in sorted(set(_METHOD.findall(source))):
                hint = "write it as a method of the tensor"
                self._say(number, f"PyTorch has no function {name!r}", hint)
        if "tab.selected" in source:
            what = "this cell asks which tab is selected"
            self._say(number, what, f"keep only the code for {self._tab}")
        for other in {"mxnet", "tensorflow", "paddle", "jax"} - {self._tab}:
            if re.search(
                rf"^\s*(import|from) {other}\b", source, re.MULTILINE
            ):
                what = f"this cell imports {other}"
                self._say(number, what, f"rewrite it for {self._tab}")
        self._emit(number, f"{token.markup}{{code-cell}}")
        at = 0  # where in the old cell this line was, as far as it is there
        for text in source.splitlines():
            at = written.index(text, at) if text in written[at:] else at
            self._emit(number + 1 + at, text)
        self._emit(number, token.markup)

    def _mark(self, mark: re.Match[str], i: int) -> int:
        """Take a line that says something about what is above it."""
        kind, value = mark[1], mark[2] or ""
        number, text = self._old[i]
        if kind == "begin_tab":
            names = {name.strip() for name in value.split(",")}
            end = self._end_of_tab(i)
            if end is None:
                what = f"the tab of {value!r} never ends: all text is kept"
                hint = "write :end_tab: below it"
                self._say(number, what, hint)
                return i + 1
            self._is_in_tab = bool(names & {self._tab, "all"})
            return i + 1 if self._is_in_tab else end + 1
        if kind == "end_tab":
            if not self._is_in_tab:
                self._say(number, "this :end_tab: ends nothing", "remove it")
            self._is_in_tab = False
        elif kind == "eqlabel":
            self._label_formula(value, number)
        elif kind == "label":
            self._label(value, number)
        else:
            self._say(number, f"{text.strip()} belongs to no picture")
        if rest := text.strip()[mark.end() :].strip():
            self._emit(number, rest)
        return i + 1

    def _end_of_tab(self, start: int) -> int | None:
        """Return the line that ends a tab, if any does before the next one."""
        i = start + 1
        while i < len(self._old):
            if token := self._fences.get(i):
                i = (token.map or [0, i + 1])[1]
                continue
            mark = _MARK.match(self._old[i].text.strip())
            if mark and mark[1].endswith("_tab"):
                return i if mark[1] == "end_tab" else None
            i += 1
        return None

    def _label(self, old: str, number: int) -> None:
        """Label the heading or the table above."""
        at = len(self._new) - 1
        while at >= 0 and not self._new[at].text.strip():
            at -= 1
        above = self._new[at].text if at >= 0 else ""
        if above.startswith("#"):
            label = self._draft.labels[old] = label_of(old, "sec")
            self._new.insert(at, Line(number, f"({label})="))
            return
        label = self._draft.labels[old] = label_of(old, "tab")
        start = at
        while start > 0 and self._new[start - 1].text.strip():
            start -= 1
        # A caption may stand above, with a blank line below it.
        if start > 1 and self._new[start - 2].text[:1] == ":":
            start -= 2
        rows = [row for row in self._new[start : at + 1] if row.text.strip()]
        caption = [r.text.lstrip(": ") for r in rows if r.text[:1] == ":"]
        rows = [row for row in rows if row.text[:1] != ":"]
        if not any(row.text.lstrip().startswith("|") for row in rows):
            del self._draft.labels[old]
            what = f"label {old!r} belongs to no heading, picture or table"
            self._say(number, what)
            return
        if not caption:
            what = "this table has a label, but no caption"
            self._say(number, what, "write one behind {table}")
        head = f"```{{table}} {' '.join(caption)}".rstrip()
        self._new[start:] = [
            Line(number, text)
            for text in (head, f":name: {label}", "", *(r.text for r in rows))
        ]
        self._emit(number, "```")

    def _label_formula(self, old: str, number: int) -> None:
        at = len(self._new) - 1
        while at >= 0 and not self._new[at].text.strip():
            at -= 1
        text = self._new[at].text.rstrip() if at >= 0 else ""
        if not text.endswith("$$"):
            self._say(number, f"label {old!r} belongs to no formula")
            return
        label = self._draft.labels[old] = label_of(old, "eq")
        self._new[at] = Line(self._new[at].number, f"{text} ({label})")

    def _image(self, i: int) -> int:
        """Write a picture with what is said about it below."""
        end = i + 1
        number = self._old[i].number
        text = self._old[i].text
        while not (match := _IMAGE.fullmatch(text.strip())):
            if end == len(self._old) or not self._old[end].text.strip():
                self._emit(number, _prose(self._old[i].text))
                return i + 1
            text += f" {self._old[end].text}"
            end += 1
        options = {}
        while end < len(self._old) and (
            mark := _MARK.fullmatch(self._old[end].text.strip())
        ):
            options[mark[1]] = mark[2]
            end += 1
        caption = _prose(" ".join(match[1].split()))
        if "label" not in options:
            self._emit(number, f"![{caption}]({match[2]})")
            return end
        old = options["label"]
        label = self._draft.labels[old] = label_of(old, "fig")
        alt = re.sub(r"\{\w+\}|[*`$]", "", caption).strip()
        self._emit(number, f"```{{figure}} {match[2]}", f":name: {label}")
        self._emit(number, f":alt: {alt}")
        for name in ("width", "height"):
            if name in options:
                self._emit(number, f":{name}: {options[name]}")
        self._emit(number, "", caption, "```", "")
        hint = "say in :alt: what is to be seen, for those who cannot see it"
        self._draft.note(number, "alt-text", "this picture's alt text is its"
                         " caption", hint)  # fmt: skip
        return end


def _prose(text: str) -> str:
    """Write roles as MyST does; drop the marks that make slides."""
    text = _SHOWN.sub("", _HIDDEN.sub("", text))
    return _ROLE.sub(_role, text)


def _role(match: re.Match[str]) -> str:
    name, value = match[1], match[3]
    if name.startswith("cite"):
        kind = {"citet": "cite:t", "citep": "cite:p"}.get(name, "cite")
        return f"{{{kind}}}`{value}`"
    return f"{{d2l}}`{value}`"
