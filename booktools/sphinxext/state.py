"""What features know together: the book of a build, the memory of builds.

Both have one owner.  The book and its package are read once in a build, when
a feature first asks for them.  What has to be known in the next build is in
the environment that Sphinx keeps, in one attribute; what is known of a page
is forgotten when Sphinx forgets the page.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sphinx.application import Sphinx

from booktools.editions.languages import read_editions
from booktools.editions.standalone import EDITION
from booktools.problem import BookError, Problem
from booktools.publish.layout import file_name
from booktools.publish.repository import Site, find_site
from booktools.render.katex import Answer
from booktools.source.chapter import Book, Chapter, read_book
from booktools.source.config import read_language
from booktools.source.deps import Library
from booktools.source.mentions import SavedName, read_saved_names
from booktools.source.package import read_version, render_package, stale_files
from booktools.source.text import read_text
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.stopping import stop

# In the metadata of a page, which Sphinx forgets with it.
HAS_CODE = "booktools_has_code"


class Build:
    """The book, as it is in this build.

    Where it has problems, to ask for it ends the build.
    """

    before_reading = 0  # when it was, in nanoseconds since 1970

    def __init__(self, root: Path, edition: Mapping[str, Any]):
        self._root = root
        # Of an edition: the folder of the book that it is an edition of, and
        # the pages that are as they are there.
        self.origin = (root / edition["book"]).resolve() if edition else None
        self.untranslated = {*edition.get("missing", ())}
        # The outputs of that book.
        self.cache = root / edition.get("cache", "")
        # Sites of editions that are published with this one, by their paths.
        self.parts: dict[str, Path] = {}

    @cached_property
    def book(self) -> Book:
        """The book, with its chapters."""
        try:
            book = read_book(self._root)
        except BookError as error:
            stop(error.problems)
        if book.unlisted:
            stop(book.unlisted)
        return book

    @cached_property
    def site(self) -> Site | None:
        """Who publishes the book, and where; None if nobody does."""
        try:
            site = find_site(self._root, os.environ)
        except BookError as error:
            raise SystemExit(str(error)) from None
        if site and self.origin:
            site = replace(site, url=f"{site.url}{self.prefix}")
        return site

    @property
    def source_root(self) -> Path:
        """The folder of the book; of an edition, that of its source."""
        return self.origin or self._root

    @property
    def prefix(self) -> str:
        """Where an edition is in the site: ``en/``; nothing if at the top."""
        return f"{self.book.language.code}/" if self.origin else ""

    @property
    def name(self) -> str:
        """What files for readers are called: as the package, ``x-en``."""
        language = self.book.language.code if self.origin else ""
        return file_name(self.book.package, language)

    @cached_property
    def languages(self) -> dict[str, str]:
        """The languages of the book, and where they are in its site."""
        root = self.source_root
        try:
            editions = read_editions(root)
        except BookError as error:
            stop(error.problems)
        source = {read_language(root, []): ""}
        return source | {e.language: f"{e.language}/" for e in editions}

    @property
    def has_editions(self) -> bool:
        """Whether this is a book with editions, and none of them."""
        return not self.origin and len(self.languages) > 1

    def is_translated(self, language: str, page: str) -> bool:
        """Say whether a page of the book is there in a language."""
        folder = self.source_root / self.languages[language]
        return (folder / f"{page}.md").is_file()

    @cached_property
    def chapters(self) -> dict[str, Chapter]:
        """The chapters, by docname."""
        return {chapter.docname: chapter for chapter in self.book.chapters}

    @cached_property
    def package(self) -> dict[str, str]:
        """The files of the package: path -> text, as it is on the disk.

        Where chapters save nothing, somebody may have written one by hand.
        """
        book = self.book
        files: dict[str, str] = {}
        stale: dict[str, tuple[str, str | None]] = {}
        try:
            if not self.origin:  # which has compared them
                files = render_package(book, read_version(book.root))
                stale = stale_files(book.root, book.package, files)
        except BookError as error:
            stop(error.problems)
        what = "this file is not what the chapters save"
        hint = "python -m booktools extract"
        if stale:
            stop(Problem(n, 1, "stale-package", what, hint) for n in stale)
        if not files:
            paths = (book.root / book.package).glob("*.py")
            files = {f"{book.package}/{p.name}": read_text(p) for p in paths}
        return dict(sorted(files.items()))

    @cached_property
    def library(self) -> Library:
        """What the package's code depends on."""
        return Library.from_files(self.package, self.book.package)

    @cached_property
    def modules(self) -> dict[str, str]:
        """The texts of the package's modules, by name, in the book's order."""
        texts = {Path(path).stem: text for path, text in self.package.items()}
        names = [chapter.name for chapter in self.book.chapters]
        return {name: texts[name] for name in names if name in texts}

    @cached_property
    def saved(self) -> dict[str, SavedName]:
        """What chapters save, by name."""
        return read_saved_names(self.modules)

    def addresses(self, page: str, file: str) -> dict[str, str]:
        """Return the addresses of a page: language, as HTML calls it -> URL.

        Without a site there are none; ``file`` is what the page is there.
        """
        if not self.site:
            return {}
        home = self.site.url.removesuffix(self.prefix)
        return {
            code.replace("_", "-"): f"{home}{prefix}{file}"
            for code, prefix in self.languages.items()
            if self.is_translated(code, page)
        }


class Formula(NamedTuple):
    """A formula, and where the block that it is part of begins.

    ``written`` is what stands there: macros and all.
    """

    tex: str
    display: bool
    source: str
    line: int
    written: str


class Names(NamedTuple):
    """The saved names that a page defines, and uses; if it explains them."""

    defines: tuple[str, ...]
    uses: tuple[str, ...]
    is_reference: bool


class Tested(NamedTuple):
    """What was done to test a formula by itself, as `run.equation` says.

    At how many points; which numbers, whole numbers and functions were
    random; which names the formula defines.
    """

    points: int
    numbers: list[str]
    whole: list[str]
    functions: list[str]
    defined: list[str]


class Part(NamedTuple):
    """What stands on a page and has to be read before: where it stands."""

    kind: str
    text: str  # which one it is of its kind
    path: str
    line: int


class FileState(NamedTuple):
    """Size and times of a file, which no program can set all of; digest."""

    size: int
    modified: int
    changed: int
    digest: str


@dataclass
class Memory:
    """What is known from build to build."""

    version: str  # of the tools that know it

    # Of pages, by docname.
    formulas: dict[str, list[Formula]] = field(default_factory=dict)
    minutes: dict[str, int] = field(default_factory=dict)
    names: dict[str, Names] = field(default_factory=dict)
    parts: dict[str, list[Part]] = field(default_factory=dict)

    # What pages were made from.
    outputs: dict[str, tuple[str, str]] = field(default_factory=dict)
    files: dict[str, dict[str, FileState]] = field(default_factory=dict)
    homes: list[tuple[str, str]] | None = None
    texts: list[str] = field(default_factory=list)
    helpers: str = ""
    shared: str = ""
    # The pages whose checks have run, and files beside the pages; what was
    # done where formulas were tested by themselves, by page and label.
    checked: set[str] = field(default_factory=set)
    tested: dict[tuple[str, str], Tested] = field(default_factory=dict)
    copies: set[str] = field(default_factory=set)

    # What KaTeX made, of which version, from TeX and whether it is displayed.
    katex: str = ""
    answers: dict[tuple[str, bool], Answer] = field(default_factory=dict)
    characters: dict[str, str] = field(default_factory=dict)
    fonts: dict[str, bytes] = field(default_factory=dict)

    def forget(self, page: str) -> None:
        """Forget what is known of a page."""
        for known in (self.formulas, self.minutes, self.names, self.parts):
            known.pop(page, None)


def setup(app: Sphinx) -> None:
    """Forget what is known of a page when it is read again."""
    connect(
        app, Stage.FORGOTTEN, lambda _, env, page: memory(env).forget(page)
    )


def build(app: Any) -> Build:
    """Return what is known of the book in this build."""
    if not hasattr(app, "booktools"):
        edition = getattr(app.config, EDITION)
        app.booktools = Build(Path(app.srcdir), edition)
    known: Build = app.booktools
    return known


def has_run(app: Any) -> bool:
    """Say whether cells of the page that is read have run."""
    chapter = build(app).chapters.get(app.env.docname)
    options = chapter.front_matter.get("mystnb") if chapter else None
    default = app.config.nb_execution_mode
    mode: str = (options or {}).get("execution_mode", default)
    return mode != "off"


def memory(env: Any) -> Memory:
    """Return what is known from earlier builds; nothing, if tools changed.

    Then Sphinx reads all pages again.
    """
    version = env.config.booktools_version
    if getattr(env, "booktools", None) is None or (
        env.booktools.version != version
    ):
        env.booktools = Memory(version)
    known: Memory = env.booktools
    return known


def pages_with_code(env: Any) -> set[str]:
    """Return the pages that have code cells, and so notebooks."""
    return {name for name, data in env.metadata.items() if HAS_CODE in data}
