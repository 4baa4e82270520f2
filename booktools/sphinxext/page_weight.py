"""What pages load: one stylesheet, with the rules and icons they use.

The theme's own styles and icons would be three times as large as a chapter.
"""

import hashlib
import logging
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tinycss2
from sphinx.application import Sphinx
from tinycss2.ast import Node

from booktools.sphinxext import features
from booktools.sphinxext.order import Stage, connect

STYLES = "book.css"
# Stylesheets that are on no list of Sphinx, since the theme's own template
# links them, before all others.  It links `theme.css`, which does nothing but
# import `basic.css`.
THEME_STYLES = ("basic.css", "styles/pydata-sphinx-theme.css")
# They do what this book does not need, or does in its own way.
UNUSED_SCRIPTS = {
    "sphinx-thebe.js",
    "togglebutton.js",
    "translations.js",
    "sphinx_highlight.js",
    "doctools.js",
}
# A class that is in no file: Bootstrap puts its name together.
DYNAMIC_NAMES = {"bs-tooltip-auto"}
ICONS = "/fontawesome/"

# It logs each table of each font.
logging.getLogger("fontTools").setLevel(logging.WARNING)


# The theme's script, and what it does not do here: it measures every listing
# of a page, one after the other, before the page can be used.  What of it is
# needed does assets/scrolling.js.  In another version of the script, the same
# letters may mean something else.
THEME_SCRIPT = "scripts/pydata-sphinx-theme.js"
KNOWN = "f264bd85cd58f330ce33afffc7839c247a93498680ab7968d7d2d1ddecf955fe"
MEASURING = (
    '"complete"===document.readyState?O():window.addEventListener("load",O)'
)


def setup(app: Sphinx) -> None:
    """Choose what pages load, then make that small."""
    app.add_js_file("scrolling.js", loading_method="defer")
    weight = _Weight()
    connect(app, Stage.BUILDER, weight.begin)
    connect(app, Stage.LOADED, weight.choose)
    connect(app, Stage.ALL_WRITTEN, weight.reduce)


class _Weight:
    """The styles of one build, in the order in which pages load them."""

    def __init__(self) -> None:
        self._styles: dict[str, None] = {}
        self._before: set[Path] = set()  # files that the site had

    def begin(self, app: Sphinx) -> None:
        """Look at what is there, reduced by an earlier build."""
        self._before = set(Path(app.outdir, "_static").rglob("*"))

    def choose(
        self, app: Sphinx, page: str, _: str, context: dict[str, Any], __: Any
    ) -> None:
        """Load one stylesheet; leave scripts out that do nothing."""
        for style in context["css_files"]:
            path = urlsplit(str(style.filename)).path
            self._styles[path.removeprefix("_static/")] = None
        context["book_styles"] = f"_static/{STYLES}"
        body = context.get("body", "")
        # Without its policy, a page may load what it likes; without Pagefind,
        # the page of hits needs what the theme has for it.
        is_allowed = not features.is_on(app, "csp")
        is_allowed |= page == "search" and not features.is_on(app, "search")
        context["script_files"] = [
            script
            for script in context["script_files"]
            if is_allowed or _is_needed(script.filename, body)
        ]

    def reduce(self, app: Sphinx, exception: Exception | None) -> None:
        """Write the stylesheet; delete files that no page needs."""
        static = Path(app.outdir, "_static")
        if exception:
            return
        # Sphinx copies the theme's styles only when it writes pages, but some
        # extensions copy theirs in each build.
        if not self._styles:
            kept = self._before | {static / name for name in _own_files(app)}
            for path in static.rglob("*"):
                if path.is_file() and path not in kept:
                    path.unlink()
            return
        script = static / THEME_SCRIPT
        text = script.read_text("utf-8")
        if hashlib.sha256(text.encode()).hexdigest() != KNOWN:
            raise SystemExit(
                f"error: _static/{THEME_SCRIPT} is not the file that"
                " booktools/sphinxext/page_weight.py changes; install the"
                " pydata-sphinx-theme that constraints.txt names, or adapt"
                " that module to the new file"
            )
        text = text.replace(MEASURING, "0")
        script.write_text(text, "utf-8", newline="\n")
        words = set(DYNAMIC_NAMES)
        for page in Path(app.outdir).rglob("*.html"):
            if static not in page.parents:
                words |= _words(page.read_text("utf-8"))
        # Adds the words of scripts, which make elements, too.
        _mentioned(static, words)
        paths = dict.fromkeys([*THEME_STYLES, *self._styles])
        texts = {
            path: (static / path).read_text("utf-8")
            for path in paths
            if (static / path).is_file()
        }
        target = static / STYLES
        old = target.read_text("utf-8") if target.exists() else ""
        known = sorted(words & _words("".join(texts.values())))
        key = hashlib.sha256(repr((texts, known)).encode()).hexdigest()
        if not old.startswith(f"/* {key} "):
            old = f"/* {key} */\n" + _reduced_styles(static, texts, words)
            target.write_text(old, "utf-8", newline="\n")
        needed = _mentioned(static, words | _words(old)) | {target}
        needed |= {static / name for name in _own_files(app)}
        for path in static.rglob("*"):
            if path.is_file() and path not in needed:
                path.unlink()


def _own_files(app: Sphinx) -> Iterator[str]:
    """Yield the files that the author gave to the site, used or not."""
    # An environment is often in the book's folder.
    tools = Path(__file__).parent, Path(app.doctreedir), Path(sys.prefix)
    for entry in app.config.html_static_path:
        source = Path(app.confdir, entry)
        own = source.is_relative_to(app.srcdir)
        if own and not any(map(source.is_relative_to, tools)):
            if source.is_file():
                yield source.name
            for path in source.rglob("*"):
                yield path.relative_to(source).as_posix()
    for entry in (app.config.html_logo, app.config.html_favicon):
        if entry:
            yield Path(entry).name


def _is_needed(file: Any, body: str) -> bool:
    """Say if a script does something; the policy lets no foreign one run."""
    address = urlsplit(str(file or ""))
    name = posixpath.basename(address.path)
    if not name or address.netloc or name in UNUSED_SCRIPTS:
        return False
    return name != "design-tabs.js" or "sd-tab" in body


def _words(text: str) -> set[str]:
    """Return all that may be the name of a class, an element or a file.

    That finds more names than are in use, and misses none: a script may have
    them in a string, which no parser would take for a name.
    """
    words = set(re.findall(r"[\w.-]+", text))
    return words.union(*(word.split(".") for word in words if "." in word))


def _mentioned(static: Path, words: set[str]) -> set[Path]:
    """Return the files that words name, adding the words of scripts."""
    files = {p for p in static.rglob("*.*") if p.suffix != ".map"}
    found: set[Path] = set()
    while new := {p for p in files if p.name in words} - found:
        found |= new
        for path in new:
            if path.suffix == ".js":
                words |= _words(path.read_text("utf-8"))
    return found


def _reduced_styles(
    static: Path, texts: dict[str, str], words: set[str]
) -> str:
    """Return the rules in use, of all styles; write the icons in use."""
    rules: list[Node] = []
    for path, text in texts.items():
        parsed = tinycss2.parse_stylesheet(text, skip_whitespace=True)
        kept = list(_used_rules(parsed, words))
        for node in _below(kept):
            _move_address(node, posixpath.dirname(path))
        rules += kept
    # Without the fonts that no rule names.
    rest = tinycss2.serialize([r for r in rules if not _is_font(r)])
    rules = [r for r in rules if not _is_font(r) or _family(r) in rest]
    icons = {
        ord(char)
        for node in _below(rules)
        if node.type == "string"
        for char in node.value
        if "\ue000" <= char <= "\uf8ff"
    }
    # Takes longer than all styles, and a build without new pages has no use
    # for it.
    from fontTools import subset

    # Not the compressed ones, which take longer to read than to reduce.
    for font in static.glob("**/webfonts/*.ttf"):
        options = subset.Options(flavor="woff2", layout_features=[])
        reduced = subset.load_font(str(font), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=icons)
        subsetter.subset(reduced)
        target = static / f"icons-{font.stem}.woff2"
        subset.save_font(reduced, str(target), options)
    reduced_text: str = tinycss2.serialize(rules)
    return reduced_text


def _used_rules(rules: Iterable[Node], words: set[str]) -> Iterator[Node]:
    """Yield rules for elements that there may be, without the others."""
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = _split(rule.prelude)
            used = [part for part in selectors if _names(part) <= words]
            comma = tinycss2.parse_one_component_value(",")
            rule.prelude = [n for part in used for n in [comma, *part]][1:]
            if not used:
                continue
        elif rule.type == "at-rule":
            if rule.lower_at_keyword in ("media", "supports"):
                inner = tinycss2.parse_rule_list(rule.content, True, True)
                rule.content = list(_used_rules(inner, words))
                if not rule.content:
                    continue
            elif _is_font(rule):
                _drop_old_formats(rule)
            elif rule.lower_at_keyword == "charset":
                continue
        elif not rule.value.startswith("!"):  # no licence
            continue
        yield rule


def _is_font(rule: Node) -> bool:
    return bool(
        rule.type == "at-rule" and rule.lower_at_keyword == "font-face"
    )


def _family(rule: Node) -> str:
    """Return the name of the font that a rule is about."""
    found = re.search(
        "font-family: *[\"']?([^\"';]+)", tinycss2.serialize(rule.content)
    )
    return found[1] if found else ""


def _drop_old_formats(rule: Node) -> None:
    """Leave TrueType out of a font: what draws pages reads WOFF2."""
    declarations = tinycss2.parse_declaration_list(rule.content, True, True)
    rule.content = []
    for declaration in declarations:
        if declaration.lower_name == "src":
            fonts = [
                part
                for part in _split(declaration.value)
                if "truetype" not in tinycss2.serialize(part)
            ]
            comma = tinycss2.parse_one_component_value(",")
            declaration.value = [n for p in fonts for n in [comma, *p]][1:]
        rule.content += [
            declaration,
            *tinycss2.parse_component_value_list(";"),
        ]


def _split(nodes: Iterable[Node]) -> list[list[Node]]:
    """Return what is between commas."""
    parts: list[list[Node]] = [[]]
    for node in nodes:
        if node == ",":
            parts.append([])
        else:
            parts[-1].append(node)
    return parts


def _names(selector: list[Node]) -> set[str]:
    """Return the names of elements, classes and so on in a selector."""
    return {
        node.value
        for before, node in zip([None, *selector], selector, strict=False)
        if node.type in ("ident", "hash") and before != ":"
    }


def _below(nodes: Iterable[Any]) -> Iterator[Node]:
    """Yield nodes, and those in them."""
    for node in nodes:
        yield node
        for name in ("prelude", "content", "value", "arguments"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                yield from _below(inner)


def _move_address(node: Node, folder: str) -> None:
    """Make an address right that is moved from a folder to the one above."""
    if node.type == "url":
        string = node
    elif node.type == "function" and node.lower_name == "url":
        string = node.arguments[0]
    else:
        return
    address = string.value
    if urlsplit(address).scheme or address.startswith("#"):
        return
    moved = posixpath.normpath(posixpath.join(folder, address))
    if ICONS in moved:
        moved = f"icons-{posixpath.basename(moved)}"
    string.value = moved
    string.representation = (
        f'url("{moved}")' if node is string else f'"{moved}"'
    )
