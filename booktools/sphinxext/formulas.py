"""Formulas become HTML while the book is built; a TeX error stops it.

All formulas that are new go to KaTeX at once, after pages were read and before
any is written.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from booktools.problem import BookError, Problem
from booktools.render import katex
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.problems import report, source_of, true_line
from booktools.sphinxext.state import Formula, memory

# Where, in the site's _static, KaTeX's style and fonts are.
FONTS = "katex"

# Fonts that almost every formula uses: fetched before the style asks for them.
PRELOADED = ("KaTeX_Main-Regular", "KaTeX_Math-Italic")

# What must not end a line, or begin one.  Browsers break lines around every
# formula, so a short one is kept together with what is beside it.
OPENING = "（【《“‘("
CLOSING = "，。、；：？！）】》”’,.;:?!)"
SHORT = 15  # characters

# What gives a name to a command within a formula: on a page, it would be known
# nowhere else, and in a notebook in all formulas below.
DEFINES = re.compile(
    r"\\(?:(?:re|provide)?newcommand|providecommand|[egx]?def|(?:future)?let"
    r"|global|long|newenvironment|DeclareMathOperator)(?![a-zA-Z])"
)
_DIRECTIVE = re.compile(r"[\s>]*(?:`{3,}|:{3,})\{")
MACROS = (
    "name a command in _config.yml: sphinx: {config: {mathjax3_config: {tex:"
    " {macros: {RR: '\\mathbb{R}'}}}}}"
)


def setup(app: Sphinx) -> None:
    """Let KaTeX render what MathJax would render in the browser."""
    app.add_html_math_renderer(
        "katex", (_add_inline, None), (_add_display, None)
    )
    connect(app, Stage.SETTINGS, _configure)
    connect(app, Stage.BUILDER, _add_folder)
    connect(app, Stage.READ, _collect)
    connect(app, Stage.CHECKED, _render)
    connect(app, Stage.TYPESET, _keep_punctuation)
    connect(app, Stage.CONTEXT, _add_style)
    connect(app, Stage.WRITTEN, _remove_old_fonts)


def _configure(app: Sphinx, config: Config) -> None:
    config.html_math_renderer = "katex"


def _folder(app: Sphinx) -> Path:
    """Return the folder from which Sphinx copies onto the site."""
    return Path(app.doctreedir, "formulas")


def _add_folder(app: Sphinx) -> None:
    folder = _folder(app)
    (folder / FONTS).mkdir(parents=True, exist_ok=True)
    app.config.html_static_path.append(str(folder))


def _collect(app: Sphinx, doctree: nodes.document) -> None:
    formulas = []
    for node in doctree.findall(_is_formula):
        path, line = source_of(app, node)
        path = path or Path(app.env.doc2path(app.env.docname))
        tex, display = node.astext(), isinstance(node, nodes.math_block)
        written = node.get("written", tex)
        formulas.append(Formula(tex, display, str(path), line, written))
    if formulas:
        memory(app.env).formulas[app.env.docname] = formulas


def _is_formula(node: nodes.Node) -> bool:
    return isinstance(node, nodes.math | nodes.math_block)


def _render(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Render what is new; return the pages that this changes."""
    known = memory(env)
    formulas = [f for _, page in sorted(known.formulas.items()) for f in page]
    version = katex.version() if formulas else ""
    old = known.answers if known.katex == version else {}
    keys = dict.fromkeys((f.tex, f.display) for f in formulas)
    new = [key for key in keys if key not in old]
    fonts, characters = known.fonts, known.characters
    try:
        made = dict(zip(new, katex.render(new), strict=True)) if new else {}
        known.answers = {key: (old | made)[key] for key in keys}
        known.characters = katex.characters(known.answers.values())
        if (characters, version) != (known.characters, known.katex):
            known.fonts = katex.style(known.characters) if formulas else {}
    except BookError as error:
        for problem in error.problems:
            report(app, problem)
        return []
    known.katex = version
    wrong = [
        f._replace(line=true_line(app, Path(f.source), f.line))
        for f in formulas
        if known.answers[f.tex, f.display].error or DEFINES.search(f.written)
    ]
    for formula, start in _starts(wrong):
        answer = known.answers[formula.tex, formula.display]
        report(app, _problem(app, formula, answer, start))
    _write_files(_folder(app) / FONTS, known.fonts)
    # Pages name style and fonts with their checksums.
    return [] if known.fonts == fonts else list(env.all_docs)


def _starts(formulas: Iterable[Formula]) -> Iterator[tuple[Formula, int]]:
    """Yield formulas, and where in its file each of them begins.

    docutils knows where about the paragraph begins that a formula is part of,
    not on which of its lines the formula is.
    """
    equal: dict[tuple[str, str], list[Formula]] = {}
    for formula in sorted(formulas, key=lambda f: f.line):
        key = (formula.source, formula.written)
        equal.setdefault(key, []).append(formula)
    for (source, written), group in equal.items():
        text = Path(source).read_text("utf-8-sig")
        tex = r"\s[\s>]*".join(map(re.escape, written.split()))
        tex = tex.replace(r"\|", r"\\?\|")  # as tables write it
        # Not in a listing such as `$x$`.
        marked = rf"(?<!`)[$`]\s*(?={tex}\s*[$`](?!`))"
        found = [match.end() for match in re.finditer(marked, text)]
        if len(found) == len(group):
            yield from zip(group, found, strict=True)
            continue
        found = found or [match.start() for match in re.finditer(tex, text)]
        last = -1
        for formula in group:
            above = text.splitlines(True)[: formula.line - 1]
            if above and _DIRECTIVE.match(above[-1]):
                above.pop()  # its title has the number of the line below
            block = sum(map(len, above))
            # Of equal ones in a paragraph, each is behind the one before it.
            below = (each for each in found if each >= block and each > last)
            last = next(below, block)
            yield formula, last


def _problem(
    app: Sphinx, formula: Formula, answer: katex.Answer, start: int
) -> Problem:
    """Say what is wrong with a formula, and on which line of its file."""
    tex, error = formula.written, answer.error
    # A position in what macros stand for is none in what is written.
    position = answer.position if tex == formula.tex else 0
    hint = MACROS if error.startswith("Undefined control") else ""
    if definition := DEFINES.search(tex):
        error = f"{definition[0]} would be known in this formula only"
        position, hint = definition.start(), MACROS
    position = min(position, len(tex.rstrip()))
    source = Path(formula.source)
    text = source.read_text("utf-8-sig")
    blank = len(tex) - len(tex.lstrip())
    line = text.count("\n", 0, start + max(position - blank, 0)) + 1
    before = tex[:position].split("\n")
    quote = tex.split("\n")[len(before) - 1].strip()
    what = f"{error}, in: {quote}"
    path = source.relative_to(app.srcdir).as_posix()
    return Problem(path, line, "tex", what, hint)


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Make a folder hold some files, and no others."""
    old = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in old.keys() - files.keys():
        (folder / name).unlink()
    for name, data in files.items():
        if old.get(name) != data:
            (folder / name).write_bytes(data)


def _keep_punctuation(
    app: Sphinx, doctree: nodes.document, docname: str
) -> None:
    """Give to formulas the punctuation around them."""
    for formula in doctree.findall(nodes.math):
        answer = memory(app.env).answers[formula.astext(), False]
        if len(answer.math + answer.bold + answer.other) > SHORT:
            continue
        parent = formula.parent
        i = parent.index(formula)
        if i and isinstance(text := parent[i - 1], nodes.Text):
            rest = text.rstrip(OPENING)
            formula["before"] = text[len(rest) :]
            parent[i - 1] = nodes.Text(rest)
        if isinstance(text := (*parent, None)[i + 1], nodes.Text):
            rest = text.lstrip(CLOSING)
            formula["after"] = text[: len(text) - len(rest)]
            parent[i + 1] = nodes.Text(rest)


def _add_style(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], __: Any
) -> None:
    known = memory(app.env)
    if not known.fonts:
        return
    # On every page: the list of chapters may show a title with a formula.
    app.add_css_file(f"{FONTS}/{katex.STYLE}")
    app.add_css_file("formulas.css")
    if pagename in known.formulas:
        fonts = " ".join(
            context["pathto"](f"_static/{FONTS}/{file}", 1)
            for file in known.fonts
            if file.startswith(PRELOADED)
        )
        # The first script of a page loads these early: see assets/mode.js.
        context["metatags"] += f'<meta name="book-fonts" content="{fonts}">\n'


def _remove_old_fonts(app: Sphinx, exception: Exception | None) -> None:
    for path in Path(app.outdir, "_static", FONTS).glob("*"):
        if exception is None and path.name not in memory(app.env).fonts:
            path.unlink()


def _html(self: HTML5Translator, node: nodes.Element, display: bool) -> str:
    key = (node.astext(), display)
    return memory(self.builder.env).answers[key].html


def _add_inline(self: HTML5Translator, node: nodes.math) -> None:
    start = self.starttag(
        node, "span", "", CLASS="math notranslate nohighlight"
    )
    html = f"{start}{_html(self, node, False)}</span>"
    before, after = node.get("before", ""), node.get("after", "")
    if before or after:
        html = self.encode(before) + html + self.encode(after)
        html = f'<span class="unbroken">{html}</span>'
    self.body.append(html)
    raise nodes.SkipNode


def _add_display(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(
        self.starttag(node, "div", CLASS="math notranslate nohighlight")
    )
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(_html(self, node, True) + "</div>\n")
    raise nodes.SkipNode
