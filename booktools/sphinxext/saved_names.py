"""Saved names in code link to where they are defined; a reference of them.

They are found while a page is read, and kept with its code cells.  Links are
made while pages are written, when it is known where all definitions are.
"""

import textwrap
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from booktools.source.docstring import LISTS, read_docstring, read_items
from booktools.source.mentions import Reader, SavedName, signature
from booktools.sphinxext import features
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import Names, build, memory
from booktools.sphinxext.texts import _


class origin(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """Where a name is defined and used, known when all pages are read."""


def setup(app: Sphinx) -> None:
    """Find names, link them, and add a directive that lists them."""
    feature = _SavedNames()
    app.add_node(nodes.literal_block, override=True, html=(_visit, _depart))
    app.add_directive("saved-names", Reference)
    connect(app, Stage.OUTDATED, feature.find_outdated)
    connect(app, Stage.READ, feature.find_names)
    connect(app, Stage.RIGHT, feature.find_stale)
    connect(app, Stage.FILLED_IN, feature.add_origins)
    connect(app, Stage.LAID_OUT, _add_badges)
    app.add_css_file("saved_names.css")


def setup_off(app: Sphinx) -> None:
    """Refuse the directive."""
    features.refuse(app, "saved-names", "saved_names")


class _SavedNames:
    """What is known of saved names during one build."""

    def find_outdated(self, app: Sphinx, env: Any, *__: object) -> list[str]:
        """Return the pages on which other names, or other texts, are due."""
        this, known = build(app), memory(env)
        self._before = dict(known.names)
        homes = [(name, saved.module) for name, saved in this.saved.items()]
        titles = [chapter.title for chapter in this.book.chapters]
        texts = [*titles, *this.modules.values()]
        old = known.homes, known.texts
        known.homes, known.texts = homes, texts
        if old[0] != homes:
            return list(env.found_docs)
        return _references(env) if old[1] != texts else []

    def find_names(self, app: Sphinx, doctree: nodes.document) -> None:
        """Find the saved names in the code cells of a page."""
        this, page = build(app), app.env.docname
        home = this.chapters[page].name if page in this.chapters else ""
        reader = Reader(this.book.package, this.saved, home)
        found = []
        for block in doctree.findall(nodes.literal_block):
            if block.parent.get("nb_element") == "cell_code_source":
                block["booktools_names"] = reader.read(block.astext())
                found += block["booktools_names"]
        memory(app.env).names[page] = Names(
            tuple(dict.fromkeys(m.name for m in found if m.defines)),
            tuple(dict.fromkeys(m.name for m in found if not m.defines)),
            any(True for __ in doctree.findall(origin)),
        )

    def find_stale(self, app: Sphinx, env: Any) -> list[str]:
        """Return the pages with links that would now be wrong."""
        old, new = self._before, memory(env).names
        if old == new:
            return []
        homes = [
            {doc: (page.defines, page.is_reference) for doc, page in p.items()}
            for p in (old, new)
        ]
        return _references(env) if homes[0] == homes[1] else list(new)

    def add_origins(
        self, app: Sphinx, doctree: nodes.document, here: str
    ) -> None:
        """Say where names are defined and used."""
        env, names = app.env, memory(app.env).names
        homes = _homes(env)

        def link(page: str, anchor: str = "") -> nodes.reference:
            uri = app.builder.get_relative_uri(here, page) + anchor
            title = env.titles[page].astext()
            return nodes.reference("", title, internal=True, refuri=uri)

        for node in list(doctree.findall(origin)):
            name = node["name"]
            line = nodes.paragraph(classes=["saved-origin"])
            if name in homes:
                line += [
                    nodes.Text(_("Defined in ")),
                    link(homes[name], f"#save-{name}"),
                ]
            pages = [
                page
                for page in build(app).chapters
                if page in names and name in names[page].uses
            ]
            for page in pages:
                start = _("; used in ") if page == pages[0] else _(", ")
                line += [nodes.Text(start), link(page)]
            node.replace_self(line)


class Reference(SphinxDirective):
    """The directive: every saved name, chapter by chapter."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each chapter, with one for each name."""
        this = build(self.env.app)
        book, saved = this.book, this.saved
        sections = []
        for chapter in book.chapters:
            names = [s for s in saved.values() if s.module == chapter.name]
            if not names:
                continue
            section = nodes.section(ids=[f"module-{chapter.name}"])
            section += nodes.title("", chapter.title)
            sections.append(section)
            for name in names:
                section += self._describe(book.package, name, saved)
        return sections

    def _describe(
        self, package: str, name: SavedName, saved: Iterable[str]
    ) -> nodes.section:
        anchor = f"api-{name.name}"
        section = nodes.section(ids=[anchor], names=[anchor])
        self.state.document.note_explicit_target(section)
        title = nodes.title("", "", nodes.literal("", name.name))
        entry = ("single", f"{package}.{name.name}", anchor, "", None)
        code = textwrap.fill(
            signature(name),
            72,
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
        section += [
            title,
            addnodes.index(entries=[entry]),
            nodes.literal_block(code, code, language="python"),
        ]
        for heading, text in read_docstring(name.code.node):
            section += _section(heading, text, saved)
        section += origin(name=name.name)
        return section


def _titles() -> dict[str, str]:
    """Return what the sections of docstrings are called on pages."""
    return {
        "Attributes": _("Attributes"),
        "Examples": _("Examples"),
        "Notes": _("Notes"),
        "Parameters": _("Parameters"),
        "Raises": _("Raises"),
        "References": _("References"),
        "Returns": _("Returns"),
        "See Also": _("See also"),
        "Yields": _("Yields"),
    }


def _section(
    heading: str, text: str, saved: Iterable[str]
) -> Iterator[nodes.Element]:
    """Make nodes of a section of a docstring."""
    if heading:
        yield nodes.rubric("", _titles().get(heading, heading))
    if heading in LISTS:
        rows = nodes.definition_list(classes=["parameters"])
        for term, meaning in read_items(text):
            body = nodes.definition()
            if meaning:
                body += nodes.paragraph("", "", *_words(meaning, saved))
            row = nodes.term("", "", *_words(term, saved))
            rows += nodes.definition_list_item("", row, body)
        yield rows
        return
    for part in filter(None, text.split("\n\n")):
        if part.startswith((">>>", " ")):
            yield nodes.literal_block(part, part, language="pycon")
        else:
            yield nodes.paragraph("", "", *_words(part, saved))


def _words(text: str, saved: Iterable[str]) -> Iterator[nodes.Node]:
    """Make nodes of a text in which backticks stand around code."""
    for i, part in enumerate(text.replace("``", "`").split("`")):
        code = nodes.literal("", part)
        if i % 2 == 0:
            yield nodes.Text(part)
        elif part in saved:
            yield nodes.reference("", "", code, refid=f"api-{part}")
        else:
            yield code


def _homes(env: Any) -> dict[str, str]:
    """Return where names are defined: name -> page."""
    pages = memory(env).names.items()
    return {name: doc for doc, page in pages for name in page.defines}


def _references(env: Any) -> list[str]:
    pages = memory(env).names.items()
    return sorted(doc for doc, page in pages if page.is_reference)


def _add_badges(app: Sphinx, doctree: nodes.document, here: str) -> None:
    """Say below a cell what of it is saved."""
    package = app.config.booktools_package
    to = [app.builder.get_relative_uri(here, d) for d in _references(app.env)]
    for block in list(doctree.findall(nodes.literal_block)):
        names = [
            mention.name
            for mention in block.get("booktools_names", [])
            if mention.defines
        ]
        if not names:
            continue
        badge = nodes.paragraph(classes=["saved-badge"])
        before, _name, behind = _("Saved as {name}").partition("{name}")
        for name in names:
            code = nodes.literal("", f"{package}.{name}")
            words = nodes.inline("", before, code)
            if behind:
                words += nodes.Text(behind)
            if to:
                uri = f"{to[0]}#api-{name}"
                words = nodes.reference("", "", *words, refuri=uri)
            badge += words
        # Not in the box of the code.
        cell = block.parent.parent
        if isinstance(cell, HideCodeCellNode):
            # Who reads for the first time can pass by.
            line = _("{show}: {names} (may be skipped)")
            cell["prompt_show"] = line.format(
                show=cell["prompt_show"], names=_(", ").join(names)
            )
        cell.insert(cell.index(block.parent) + 1, badge)


def _visit(self: HTML5Translator, node: nodes.literal_block) -> None:
    start = len(self.body)
    try:
        type(self).visit_literal_block(self, node)
    finally:  # it says by an exception that it is done
        if names := node.get("booktools_names"):
            builder: Any = self.builder
            page = builder.current_docname
            tags = {}
            homes = _homes(builder.env)
            for place, name, defines in names:
                if defines:
                    tags[place] = name, f'<span id="save-{name}">', "</span>"
                elif name in homes:
                    uri = builder.get_relative_uri(page, homes[name])
                    link = f'<a class="saved" href="{uri}#save-{name}">'
                    tags[place] = name, link, "</a>"
            linker = _Linker(tags)
            linker.feed("".join(self.body[start:]))
            linker.close()
            self.body[start:] = linker.parts


def _depart(self: HTML5Translator, node: nodes.literal_block) -> None:
    type(self).depart_literal_block(self, node)


class _Linker(HTMLParser):
    """Puts tags around words of highlighted code.

    Parameters
    ----------
    tags : dict of int to (str, str, str)
        Place in the code -> the word there, what goes before and behind it.
    """

    def __init__(self, tags: dict[int, tuple[str, str, str]]):
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._tags = tags
        self._place = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(f"</{tag}>")

    def handle_entityref(self, name: str) -> None:
        self._place += 1
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._place += 1
        self.parts.append(f"&#{name};")

    def handle_data(self, data: str) -> None:
        end = 0
        for i in range(len(data)):
            word, before, behind = self._tags.get(
                self._place + i, ("", "", "")
            )
            if word and data.startswith(word, i):
                self.parts += [data[end:i], before, word, behind]
                end = i + len(word)
        self.parts.append(data[end:])
        self._place += len(data)
