"""Search that finds Chinese, too: Pagefind, behind the theme's own fields.

Every place that a reader may look for (a section, an exercise, a term)
becomes a small file when its page is written.  When any of the files has
changed, Pagefind makes an index of them all, which ``search.js`` asks.
The files are made from the document and not from its page, so what is found
is what the author wrote, and no button.

Chinese has no spaces, and what a dictionary says are words is not what people
look for.  So each character counts as a word, and what is typed as a phrase:
any part of any sentence is found.  In a language with spaces between words,
Pagefind compares the stems of words, where it knows how: who looks for
"tangents" finds "tangent".
"""

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from functools import reduce
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes  # type: ignore[import-untyped]
from pagefind.service import get_executable
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from booktools.sphinxext import features
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build, memory
from booktools.sphinxext.texts import _

# Around the letters that stand for a symbol such as ∂, which Pagefind would
# leave out: the digits of its number, from g on.
OPEN, CLOSE, ZERO = "\u01c0", "\u01c1", "g"
# Signs that mean something in code, and signs that mean something only where
# they are not within a word, as in and/or.
SIGNS, OUTER_SIGNS = "@#%&*^\\", "-/"
# What stands for the author's own spaces and underlines, which Pagefind would
# take for the ends and for parts of words; and for the end of the text.
SPACE, UNDERLINE, END = "\ue000", "\ue001", "\ue002"
# Around a name; after the Chinese for a term.  Letters, but nobody types them.
NAME, INTRODUCED = "\u01c2", "\u01c3"
# In exercises and solutions, which come after what explains.
EXERCISE = INTRODUCED + NAME
CHINESE = "\u3400-\u9fff"
# A symbol, a character, or a run of letters and digits: `plt.plot` is two
# words.
WORD = re.compile(
    rf"{OPEN}[a-z]+{CLOSE}|[{CHINESE}]|[^\W_{CHINESE}{OPEN}{CLOSE}]+"
)
# The same for search.js, which reads it as rules.json beside the index; there,
# symbols are still as they are typed.
_LETTER, _SIGNS = r"[\p{L}\p{N}]", SIGNS.replace("\\", r"\\")
_SYMBOL = (
    rf"[\p{{Sm}}\p{{So}}\p{{Sc}}{_SIGNS}]"
    rf"|(?<!{_LETTER})[{OUTER_SIGNS}]|[{OUTER_SIGNS}](?!{_LETTER})"
)
RULES = {
    **{"open": OPEN, "close": CLOSE, "zero": ZERO, "space": SPACE},
    **{"underline": UNDERLINE, "end": END},
    **{"name": NAME, "introduced": INTRODUCED, "exercise": EXERCISE},
    "symbol": _SYMBOL,
    "word": rf"[{CHINESE}]|(?:(?![{CHINESE}]){_LETTER})+|{_SYMBOL}",
}
# How a chapter in Chinese introduces a term: 极限（limit）.
TERM = re.compile(r"([\u3400-\u9fff]+)（([A-Za-z][A-Za-z –-]*)）")

# A check is folded, and says what its formula says.
SKIPPED = ("check", "math_block", "raw")

PLACE = """\
<!DOCTYPE html>
<html lang="{language}"><meta charset="utf-8"><body>
<h1 data-address="{address}" data-page="{page}" data-title="{title}"
 data-pagefind-meta="address[data-address], page[data-page], title[data-title]"
>{heading}</h1>
<p>{text} {end} {names} {formulas} {kind}</p>
"""

DEFAULT_FIELD = "Search this book..."

# Files that Pagefind makes for pages which want its look.
UNUSED = ("*ui.js", "*ui.css", "pagefind-highlight.js")


def setup(app: Sphinx) -> None:
    """Make the index of a site, and the page that shows hits."""
    connect(app, Stage.SETTINGS, _name_field)
    connect(app, Stage.BUILDER, _replace_search)
    connect(app, Stage.FORGOTTEN, _forget_places)
    app.add_css_file("search.css")
    app.add_js_file("search.js", loading_method="defer")


def _name_field(app: Sphinx, config: Config) -> None:
    options = config.html_theme_options
    # Jupyter Book's own, where no other is set.
    if options.get("search_bar_text", DEFAULT_FIELD) == DEFAULT_FIELD:
        options["search_bar_text"] = _("Search this book")


def _replace_search(app: Sphinx) -> None:
    """Leave out Sphinx's own index, which has no Chinese words."""
    if isinstance(app.builder, StandaloneHTMLBuilder):
        app.builder.search = False
        connect(app, Stage.FILLED_IN, _write_places)
        connect(app, Stage.MORE_PAGES, _search_page)
        connect(app, Stage.WRITTEN, _make_index)


def _search_page(app: Sphinx) -> Iterator[tuple[str, dict[str, str], str]]:
    title = _("Search results")
    builder: Any = app.builder
    body = builder.templates.render("search_page.html", {"title": title})
    yield "search", {"title": title, "body": f"{body}\n"}, "page.html"


def _places_folder(app: Sphinx, docname: str = "") -> Path:
    return Path(app.doctreedir, "search", docname)


def _forget_places(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    shutil.rmtree(_places_folder(app, docname), ignore_errors=True)


def _write_places(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Write a file for each place on a page."""
    _forget_places(app, app.env, docname)
    if docname == "genindex":  # has nothing but links to what has
        return
    folder = _places_folder(app, docname)
    folder.mkdir(parents=True)
    places = list(document.findall(_is_place))
    language = _language(app)
    page = _names(app, docname, places[0])[0] if places else ""
    for number, place in enumerate(places):
        names = _names(app, docname, place)
        title = reduce(lambda a, b: _("{0}, {1}").format(a, b), names)
        address = app.builder.get_target_uri(docname) + _anchor(place, title)
        text = " ".join(_texts(place))
        file = PLACE.format(
            language=language,
            address=html.escape(address),
            page=html.escape(page),
            title=html.escape(title),
            heading=html.escape(_spread(title)),
            text=html.escape(_spread(text)),
            end=END,
            names=html.escape(_spread(_introduce(names, text))),
            formulas=html.escape(_spread(" ".join(_formulas(app, place)))),
            kind=EXERCISE if isinstance(place, nodes.Admonition) else "",
        )
        path = folder / f"{number}.html"
        path.write_text(file, "utf-8", newline="\n")


def _language(app: Sphinx) -> str:
    """Return the language whose stems Pagefind compares; "und" for none."""
    language = build(app).book.language
    return language.code.split("_")[0] if language.has_words else "und"


def _is_place(node: nodes.Node) -> bool:
    if isinstance(node, nodes.section):
        return isinstance(next(iter(node), None), nodes.title)
    return isinstance(node, nodes.definition_list_item) or (
        # An exercise or a solution.
        isinstance(node, nodes.Admonition) and "serial_number" in node
    )


def _names(app: Sphinx, page: str, place: nodes.Element) -> list[str]:
    """Return the title of a place, or the terms that it explains."""
    if isinstance(place, nodes.definition_list_item):
        return [_text(node) for node in place if isinstance(node, nodes.term)]
    # The number of an exercise is only written with its page.
    numbers = app.env.toc_fignumbers.get(page, {}).get("exercise", {})
    number = ".".join(map(str, numbers.get(place["ids"][0], ())))
    form: str = app.config.numfig_format["exercise"]
    return [(form % number if number else "") + _text(place[0])]


def _anchor(place: nodes.Element, title: str) -> str:
    """Return where on its page a place is."""
    holder = place if place["ids"] else place[0]
    found = bool(holder["ids"])
    while holder is not None and not holder["ids"]:
        holder = holder.parent
    if holder is None:  # above the page's first heading
        return f"#:~:text={quote(title)}"
    # The author's own label, if there is one, does not change with the title.
    labels = [name for name in holder["names"] if name in holder["ids"]]
    anchor = [*labels, *holder["ids"]][0]
    return f"#{anchor}" + f":~:text={quote(title)}" * (not found)


def _texts(node: nodes.Element) -> Iterator[str]:
    """Return the texts of a place, without its title and inner places."""
    for child in node:
        if isinstance(child, nodes.TextElement):
            if not isinstance(child, (nodes.title, nodes.term)):
                yield _text(child)
        elif not _is_place(child) and not _is_skipped(child):
            yield from _texts(child)


def _text(node: nodes.Node) -> str:
    if isinstance(node, nodes.Text):
        return str(node)
    if isinstance(node, nodes.math):
        # What looks in TeX as on the page may be typed; nobody types TeX.
        return "…" if set(node.astext()) & set(r"\^_{}") else node.astext()
    if _is_skipped(node):
        return ""
    return "".join(map(_text, node.children))


def _formulas(app: Sphinx, place: nodes.Element) -> Iterator[str]:
    """Yield what the formulas of a place look like, without inner places.

    Nobody types TeX, but somebody may look for ∂.
    """
    if not features.is_on(app, "formulas"):
        return
    answers = memory(app.env).answers
    for node in place.children:
        if isinstance(node, nodes.math | nodes.math_block):
            key = (node.astext(), isinstance(node, nodes.math_block))
            shown = answers[key].html.partition("<annotation")[0]
            text = html.unescape(re.sub("<[^>]*>", "", shown))
            yield "".join(c for c in text if unicodedata.category(c) != "Cf")
        elif isinstance(node, nodes.Element) and not (
            _is_place(node) or node.tagname == "check"
        ):
            yield from _formulas(app, node)


def _is_skipped(node: nodes.Node) -> bool:
    return node.tagname in SKIPPED or "toctree-wrapper" in node["classes"]


def _spread(text: str) -> str:
    """Put a space before each word, and only there."""
    text = "".join(
        _name_symbol(char) if _is_symbol(char, before + after) else char
        for before, char, after in zip(
            f" {text}", text, f"{text} "[1:], strict=False
        )
    )
    text = SPACE.join(text.split()).replace("_", UNDERLINE)
    return WORD.sub(lambda word: " " + word[0], text)


def _is_symbol(char: str, around: str) -> bool:
    """Say if a sign, between two others, is one that may be looked for."""
    if char in OUTER_SIGNS:
        return not around.isalnum()
    return char in SIGNS or unicodedata.category(char) in ("Sm", "So", "Sc")


def _name_symbol(char: str) -> str:
    """Return letters that stand for a symbol."""
    digits = (int(digit, 16) for digit in f"{ord(char):x}")
    letters = "".join(chr(ord(ZERO) + digit) for digit in digits)
    return f"{OPEN}{letters}{CLOSE}"


def _introduce(names: list[str], text: str) -> str:
    """Return what brings a place to the top: names, terms of its text.

    Where a term begins is only known to its reader: 这个数叫作极限（limit）.
    """
    terms = TERM.findall(text)
    whole = [*names, *(english for _, english in terms)]
    return " ".join(
        [f"{NAME} {name} {NAME}" for name in whole]
        + [f"{chinese} {INTRODUCED}" for chinese, _ in terms]
    )


def _make_index(app: Sphinx, exception: Exception | None) -> None:
    """Let Pagefind make its index, if a place has changed."""
    if exception:
        return
    # Left by the theme.
    for name in ("searchindex.js", "searchtools.js", "language_data.js"):
        for folder in (app.outdir, Path(app.outdir, "_static")):
            Path(folder, name).unlink(missing_ok=True)
    places = {
        path.relative_to(_places_folder(app)).as_posix(): path
        for path in _places_folder(app).rglob("*.html")
    }
    texts = {name: places[name].read_text("utf-8") for name in sorted(places)}
    state = hashlib.sha256(
        repr((metadata.version("pagefind"), RULES, texts)).encode()
    ).hexdigest()
    known = Path(app.doctreedir, "search.sha256")
    made = Path(app.doctreedir, "pagefind")
    index = Path(app.outdir, "pagefind")
    if not (made.exists() and known.exists() and known.read_text() == state):
        known.unlink(missing_ok=True)
        shutil.rmtree(made, ignore_errors=True)
        try:
            _index(texts, made)
        except (OSError, ValueError) as error:
            raise SystemExit(
                f"error: Pagefind made no index: {error}"
            ) from None
        for pattern in UNUSED:
            for path in made.glob(pattern):
                path.unlink()
        (made / "rules.json").write_text(json.dumps(RULES), "utf-8")
        known.write_text(state)
    elif index.exists():
        return
    shutil.rmtree(index, ignore_errors=True)
    shutil.copytree(made, index)


def _index(texts: Mapping[str, str], folder: Path) -> None:
    """Make an index of texts, by name, in a folder.

    Its files depend on the order of the texts, and a folder that Pagefind
    reads by itself has another order on each file system.  So they are sent
    to it one by one, as Pagefind's own packages do it.

    Raises
    ------
    OSError, ValueError
        When it does not start, or does not do what it is asked.
    """
    pagefind = str(get_executable() or "pagefind")
    with subprocess.Popen(
        [pagefind, "--service"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask(kind: str, **request: object) -> Any:
            message = {"message_id": 1, "payload": {"type": kind, **request}}
            stdin.write(b64encode(json.dumps(message).encode()) + b",")
            stdin.flush()
            reply = bytearray()
            while not reply.endswith(b","):
                part = os.read(stdout.fileno(), 65536)
                if not part:
                    raise ValueError("it has ended early")
                reply += part
            answer = json.loads(b64decode(reply[:-1]))["payload"]
            if answer["type"] == "Error":
                raise ValueError(answer["message"])
            return answer

        try:
            index = ask("NewIndex", config=None)["index_id"]
            for name, text in texts.items():
                ask(
                    "AddFile",
                    index_id=index,
                    file_path=name,
                    url=None,
                    file_contents=text,
                )
            # Not "WriteFiles": it answers before the last file is whole, and
            # on a busy machine ends without it.
            for file in ask("GetFiles", index_id=index)["files"]:
                path = folder / file["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b64decode(file["content"]))
        finally:
            process.kill()
