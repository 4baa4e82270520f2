"""MyST as others write it -> MyST as this dialect does."""

import itertools
import re

from markdown_it import MarkdownIt

from booktools.importing.draft import Block, Draft, Line, listed
from booktools.problem import BookError
from booktools.source.options import plain_options, split_options
from booktools.source.text import load_yaml, mapping

FRONT_MATTER = [
    "---",
    "file_format: mystnb",
    "kernelspec: {name: python3, display_name: Python 3}",
    "---",
]
# What front matter says in any file, and what is written anew.
_OF_NOTEBOOKS = {"jupytext", "kernelspec", "file_format"}
# Directives that are left out: for other programs, or for Sphinx' own index.
_DROPPED = {"raw", "index", "contents", "tableofcontents", "toctree"}
# Those that a book built with these tools knows.
_KNOWN = {
    *("admonition", "attention", "caution", "danger", "error", "hint"),
    *("important", "note", "seealso", "tip", "warning", "epigraph", "figure"),
    *("image", "table", "list-table", "csv-table", "math", "code", "include"),
    *("code-block", "code-cell", "raw-cell", "literalinclude", "glossary"),
    *("margin", "sidebar", "dropdown", "card", "grid", "tab-set", "tab-item"),
    *("exercise", "exercise-start", "exercise-end", "solution", "check"),
    *("solution-start", "solution-end", "guess", "touch", "rubric", "topic"),
    *("versionadded", "bibliography", "pull-quote", "highlights", "centered"),
    *("compound", "container", "parsed-literal", "only", "deprecated"),
    *("eval-rst", "div", "glue:figure", "glue:math", "sourcecode", "glue"),
    *("grid-item", "grid-item-card", "card-carousel", "card-header"),
    *("card-footer", "button-link", "button-ref", "article-info", "accordion"),
    *("tab-set-code", "steps", "step", "toggle", "figure-md", "hlist"),
    *("versionchanged", "versionremoved", "cssclass", "rst-class"),
    *("line-block", "highlight", "productionlist", "confval", "describe"),
}
_EXERCISES = ("exercises", "exercise", "练习", "习题")
_TARGET = re.compile(r"\([^()\s]+\)=")
_CJK = re.compile(r"[\u2e80-\u9fff\u3000-\u303f\uff00-\uffef]")


def convert(draft: Draft) -> None:
    """Turn MyST into the dialect; labels stay as they are."""
    _drop_front_matter(draft)
    for change in (
        _rewrite_fences,
        _rewrite_formulas,
        _write_exercises,
        _join_lines,
        _mend_levels,
        _label_headings,
    ):
        change(draft)
    if any(line.text.startswith("```{code-cell}") for line in draft.lines):
        draft.put(0, 0, FRONT_MATTER)


def note_kernel(draft: Draft, name: str) -> None:
    """Note if a chapter ran in another language, perhaps."""
    if name not in ("python3", "python"):
        what = f"this ran with the kernel {name!r}"
        draft.note(1, "kernel", what, "here, chapters run with python3")


def _drop_front_matter(draft: Draft) -> None:
    for block in draft.blocks():
        if block.kind == "front_matter":
            try:
                matter = mapping(load_yaml(block.token.content, draft.path))
            except BookError:
                matter = {}
            kernel = mapping(matter.get("kernelspec"))
            note_kernel(draft, str(kernel.get("name", "python3")))
            if others := sorted(map(str, matter.keys() - _OF_NOTEBOOKS)):
                what = f"front matter is left out: {', '.join(others)}"
                draft.note(1, "front-matter", what)
            draft.put(block.start, block.end, [])


def _rewrite_fences(draft: Draft) -> None:
    """Write directives in the way of this dialect, or leave them out."""
    dropped: list[tuple[int, str]] = []
    for depth in range(draft.deepest, -1, -1):
        for block in draft.blocks(depth):
            line = draft.lines[block.start].number
            name, argument = block.directive
            # In a card, it begins the last line.
            if block.kind == "myst_block_break" and not depth:
                draft.put(block.start, block.end, [])
            elif name == "code-cell" and block.kind == "fence":
                head = f"{block.token.markup}{{code-cell}}"
                draft.lines[block.start] = Line(line, head)
            elif name in _DROPPED:
                draft.put(block.start, block.end, [""])
                dropped.append((line, name))
            elif name == "math":
                _rewrite_math(draft, block, argument)
            elif name.startswith("prf:"):
                _rewrite_proof(draft, block, name, argument)
            elif name and name not in _KNOWN:
                what = f"no tool here knows the directive {{{name}}}"
                hint = "write it in another way, or add its extension"
                draft.note(line, "unknown-directive", what, hint)
            elif name == "figure" and ":alt:" not in block.token.content:
                what = "this picture has no alt text"
                hint = "say what is to be seen: :alt: TEXT"
                draft.note(line, "alt-text", what, hint)
    for name in sorted({name for _, name in dropped}):
        lines = sorted(line for line, other in dropped if other == name)
        more = f", also in lines {listed(lines[1:])}" if lines[1:] else ""
        what = f"directive {{{name}}} is left out{more}"
        draft.note(lines[0], "not-imported", what)


def _rewrite_math(draft: Draft, block: Block, argument: str) -> None:
    """Write a formula between $$ and $$."""
    lines = block.token.content.splitlines()
    options, above = split_options(lines)
    named = plain_options(options)
    label = named.get("label", named.get("name", ""))
    tex = [t for t in (argument, *lines[above:]) if t.strip()]
    end = f"$$ ({label})" if label else "$$"
    margin = draft.margin(block.start)
    texts = [margin + text for text in ("$$", *tex, end)]
    draft.put(block.start, block.end, ["", *texts, ""])


def _rewrite_proof(draft: Draft, block: Block, name: str, title: str) -> None:
    """Write a theorem as a box, which needs no extension."""
    kind = name.partition(":")[2].capitalize()
    head = f"{kind}: {title}" if title else kind
    margin, fence = draft.margin(block.start), block.token.markup
    for i in range(block.start + 1, block.end):
        number, text = draft.lines[i]
        if not text.strip().startswith(":"):
            break
        label = text.partition(":label:")[2].strip()
        text = text.replace(":label:", ":name:")
        # It may have that label above, too.
        is_there = label and f"({label})=" in draft.text
        draft.lines[i] = Line(number, ":class: tip" if is_there else text)
    number = draft.lines[block.start].number
    new = Line(number, f"{margin}{fence}{{admonition}} {head}")
    draft.lines[block.start] = new


def _rewrite_formulas(draft: Draft) -> None:
    """Put $$ on lines of their own, and take away numbers without labels."""
    verbatim = draft.code()
    lists = draft.lines_of("bullet_list_open", "ordered_list_open")
    new: list[Line] = []
    inside = False
    for i, (number, text) in enumerate(draft.lines):
        if i in verbatim or "$$" not in text:
            text = _inside(text) if inside else text
            new.append(Line(number, text))
            continue
        margin = draft.margin(i) if i in lists else ""
        # Only what stands between two is a formula.
        for part in re.split(r"(\$\$(?: *\([^()\s]+\))?)", text):
            if part.startswith("$$"):
                inside = not inside
                gap = ["", margin + "$$"] if inside else [margin + part, ""]
                if inside and part != "$$":
                    gap.append(margin + part[2:])
                new += [Line(number, t) for t in gap]
            elif part.strip(" .,;") or (inside and part.strip()):
                part = _inside(part) if inside else part
                new.append(Line(number, margin + part.strip()))
    draft.lines = new
    # Only now: inside of $$, the parser might take one for a block.
    for block in draft.blocks():
        if block.kind == "amsmath":
            _rewrite_environment(draft, block)


def _rewrite_environment(draft: Draft, block: Block) -> None:
    r"""Write \begin{align} between $$ and $$."""
    # The parser does not always count the last line.
    name = block.token.meta["environment"]
    end = block.end
    while f"\\end{{{name}" not in "".join(draft.texts(block.start, end)):
        end += 1
    whole = "\n".join(draft.texts(block.start, end))
    labels = re.findall(r"\\label\{([^{}]+)\}", whole)
    whole = re.sub(r"\\label\{[^{}]+\}|\\(?:nonumber|notag)\b", "", whole)
    if len(labels) > 1:
        number = draft.lines[block.start].number
        what = f"several numbers in one formula: {listed(labels)}"
        hint = "it has the first of them now; write several formulas instead"
        draft.note(number, "not-imported", what, hint)
    tex = [t for t in _inside(whole).split("\n") if t.strip()]
    last = f"$$ ({labels[0]})" if labels else "$$"
    draft.put(block.start, end, ["", "$$", *tex, last, ""])


def _inside(tex: str) -> str:
    r"""Write a formula as it is between $$ and $$: \begin{aligned}."""
    tex = re.sub(r"\\(begin|end)\{(?:equation|displaymath)\*?\}", "", tex)
    old = r"\\(begin|end)\{(?:align|eqnarray|flalign)\*?\}"
    tex = re.sub(old, r"\\\1{aligned}", tex)
    old = r"\\(begin|end)\{(?:gather|multline)\*?\}"
    return re.sub(old, r"\\\1{gathered}", tex)


def _write_exercises(draft: Draft) -> None:
    """Turn the list below a heading "Exercises" into exercises."""
    blocks = draft.blocks()[::-1]
    heads = [b for b in blocks if b.kind == "heading_open"]
    written = [b for b in blocks if b.directive[0].startswith("exercise")]
    for block in reversed(blocks):
        above = [head for head in heads if head.start < block.start]
        if block.kind != "ordered_list_open" or not above:
            continue
        title = draft.lines[above[-1].start].text.strip("# ").casefold()
        if title not in _EXERCISES or any(
            above[-1].start < exercise.start for exercise in written
        ):
            continue
        draft.put(block.start, block.end, _exercises(draft, block))
        what = "these exercises have no solutions"
        hint = "write {solution-start} LABEL below each, or leave it"
        draft.note(
            draft.lines[above[-1].start].number, "no-solutions", what, hint
        )


def _exercises(draft: Draft, block: Block) -> list[str]:
    """Return the items of a list as exercises."""
    texts = draft.texts(block.start, block.end)
    tokens = MarkdownIt("commonmark").parse("\n".join(texts))
    result: list[str] = []
    items = [t for t in tokens if t.type == "list_item_open" and t.level == 1]
    stem = draft.name.replace("_", "-")
    numbers = (
        i for i in itertools.count(1) if f"ex-{stem}-{i}\n" not in draft.text
    )
    for i, item in zip(numbers, items, strict=False):
        first, last = item.map or (0, 0)
        lines = texts[first:last]
        marker = re.match(r"\s*\d+[.)]\s*", lines[0])
        width = marker.end() if marker else 0
        body = [lines[0][width:]]
        body += [t[min(width, len(t) - len(t.lstrip())) :] for t in lines[1:]]
        fence = "````" if any("```" in t for t in body) else "```"
        result += [f"{fence}{{exercise}}", f":label: ex-{stem}-{i}", ""]
        result += "\n".join(body).strip().split("\n")
        result += [fence, ""]
    return result


def _join_lines(draft: Draft) -> None:
    """Write each paragraph on one line."""
    for depth in range(draft.deepest, -1, -1):
        for block in draft.blocks(depth):
            texts = draft.texts(block.start, block.end)
            # Three of these stand below the head of a card.
            ends = ("  ", "\\", "^^^")
            is_broken = any(t.endswith(ends) for t in texts)
            if block.kind == "paragraph_open" and not is_broken:
                draft.put(block.start, block.end, [_joined(texts)])


def _joined(texts: list[str]) -> str:
    line = texts[0].rstrip()
    for text in map(str.strip, texts[1:]):
        is_chinese = all(map(_CJK.match, (line[-1:], text[:1])))
        line += ("" if is_chinese else " ") + text
    return line


def _mend_levels(draft: Draft) -> None:
    """Let no heading be more than one level below the one above it."""
    heads = [b for b in draft.blocks()[::-1] if b.kind == "heading_open"]
    level, titles = 0, 0
    for head in heads:
        own = int(head.token.tag[1:])
        number, text = draft.lines[head.start]
        titles += own == 1
        if own == 1 and titles == 2:
            what = "this is the second heading of level 1"
            hint = "a chapter has one title: write ## here, or two chapters"
            draft.note(number, "second-title", what, hint)
        level = min(own, level + 1)
        if level < own and text.startswith("#"):
            new = f"{'#' * level} {text.lstrip('# ')}"
            draft.lines[head.start] = Line(number, new)


def _label_headings(draft: Draft) -> None:
    """Give each heading a label of its own, right above it."""
    stem = draft.name.replace("_", "-")
    blocks = draft.blocks()
    used = {t.token.content for t in blocks if t.kind == "myst_target"}
    heads = [b for b in blocks if b.kind == "heading_open"]
    for place, head in enumerate(heads):
        above = head.start - 1
        while above >= 0 and not draft.lines[above].text.strip():
            above -= 1
        target = draft.lines[above].text.strip() if above >= 0 else ""
        if _TARGET.fullmatch(target):
            draft.put(above, head.start, ["", target])
            continue
        title = draft.lines[head.start].text.lower()
        slug = "-".join(re.findall(r"[a-z0-9]+", title))
        label = f"sec-{stem}-{slug or len(heads) - 1 - place}"
        if head is heads[-1]:
            label = f"sec-{stem}"
        while label in used:
            label += "-again"
        used.add(label)
        draft.put(head.start, head.start, ["", f"({label})="])
