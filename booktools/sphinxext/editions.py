"""Editions in other languages are built beside their book.

They are published with it.  Each is written as a book of its own
(`editions/standalone.py`), and a process of its own builds it while pages of
this book are read and written.  It waits until all code has run, since outputs
are the same in all languages.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from booktools.editions.languages import Edition, read_editions
from booktools.editions.remember import Remembered
from booktools.editions.standalone import write_edition
from booktools.editions.translate import find_outdated
from booktools.editions.whole import fill_book
from booktools.problem import BookError, Problem
from booktools.run.beside import Beside
from booktools.run.shards import wanted_shard
from booktools.source.installed import installed
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build
from booktools.sphinxext.stopping import stop

LOGGER = logging.getLogger(__name__)

# Where editions are written as books.
FOLDER = ".editions"


def setup(app: Sphinx) -> None:
    """Build the editions of a book, if it has any."""
    if app.config.booktools_editions:
        editions = _Editions()
        connect(app, Stage.SETTINGS, editions.start)
        connect(app, Stage.BUILDER, editions.prepare)
        connect(app, Stage.READING, editions.begin)
        connect(app, Stage.JUDGED, editions.judge)
        connect(app, Stage.END, editions.warn)


# What is known of the texts of an edition.
KNOWN = "texts.pickle"
# The page for addresses that do not exist, and where its text is.
MISSING, _START, _END = "404.html", "<main ", "</main>\n"


class _Part:
    """An edition in one build: its folder, and the process that builds it."""

    def __init__(self, edition: Edition, folder: Path):
        self.language = edition.language
        self.edition = edition
        self.folder = folder / edition.language
        self.html = self.folder / "_build" / "html"
        self.beside: Beside | None = None
        self.inputs = ""
        self._record = self.folder / "_build" / "made-from"

    def start(self, app: Sphinx) -> None:
        """Start what will build it, if that has not been done."""
        if not self.beside:
            is_fresh = "--all" in sys.argv
            self.beside = Beside(self.folder, [*app.extensions], is_fresh)

    def end(self) -> None:
        """End what would build it."""
        if self.beside:
            self.beside.end()
        self.beside = None

    def is_current(self) -> bool:
        """Say whether its site is that of the texts that it has now."""
        if "--all" in sys.argv or not self._record.is_file():
            return False
        known = self._record.read_text("utf-8")
        return known == self.inputs + _state(self.html)

    def forget(self) -> None:
        """Forget what its site was made from."""
        self._record.unlink(missing_ok=True)

    def remember(self) -> None:
        """Remember what its site was made from."""
        self._record.write_text(self.inputs + _state(self.html), "utf-8")


class _Editions:
    """The editions of one build."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._warnings: list[Problem] = []
        self._outdated: dict[str, int] = {}

    def start(self, app: Sphinx, config: Config) -> None:
        """Start what will build new editions: it takes a while."""
        if wanted_shard():
            return
        try:
            editions = read_editions(Path(app.srcdir))
        except BookError as error:
            stop(error.problems)
        folder = Path(app.doctreedir).parent.absolute() / FOLDER
        self._parts = [_Part(edition, folder) for edition in editions]
        for part in self._parts:
            if not part.html.exists():
                part.start(app)

    def prepare(self, app: Sphinx) -> None:
        """Write the editions as books."""
        if app.builder.format != "html":
            for part in self._parts:
                part.end()
            self._parts.clear()
        if not self._parts:
            return
        problems: list[Problem] = []
        for part in self._parts:
            try:
                self._write(app, part)
            except BookError as error:
                problems += error.problems
        if problems:
            stop(problems)
        for part in self._parts:
            build(app).parts[f"{part.language}/"] = part.html
            if part.is_current():
                part.end()
            else:
                part.forget()
                part.start(app)
        languages = {part.language for part in self._parts}
        for path in self._parts[0].folder.parent.iterdir():
            # A system may have put files of its own there.
            if path.is_dir() and path.name not in languages:
                shutil.rmtree(path)

    def _write(self, app: Sphinx, part: _Part) -> None:
        """Write an edition as a book."""
        book = build(app).book
        env: Any = app.env
        cache = Path(env.mystnb_config.execution_cache_path)
        version = app.config.booktools_version
        known = Remembered(part.folder / "_build" / KNOWN, version)
        filled = fill_book(book, part.edition, known.call)
        outdated = find_outdated(book, part.edition, known.call)
        known.save()
        self._warnings += filled.warnings
        self._outdated[part.language] = len(outdated)
        digest = write_edition(book, filled, part.folder, cache)
        # Whatever else decides what pages are like.
        more = (installed(), sorted(os.environ.items()), build(app).site)
        text = repr((digest, version, sys.path, more))
        part.inputs = hashlib.sha256(text.encode()).hexdigest()

    def begin(self, *_: Any) -> None:
        """Let the editions be built: all code has run."""
        for part in self._parts:
            if part.beside:
                part.beside.begin()

    def judge(self, app: Sphinx, exception: Exception | None) -> None:
        """Wait for the editions; what is wrong with one is wrong with all."""
        for part in self._parts:
            if exception or not part.beside:
                part.end()
                continue
            status, said = part.beside.wait()
            sys.stderr.write(said)
            if status:
                app.statuscode = 1
            else:
                part.remember()
                LOGGER.info(f"edition {part.language}: built")
        if self._parts and not exception and not app.statuscode:
            _join_missing(
                Path(app.outdir), [part.html for part in self._parts]
            )

    def warn(self, app: Sphinx, exception: Exception | None) -> None:
        """Say what may be wrong with editions, and what is outdated."""
        if exception or app.statuscode:
            return
        for problem in self._warnings:
            print(problem, file=sys.stderr)
        for language, number in self._outdated.items():
            if number:
                what = f"what to translate, or to compare: {number}"
                hint = f"translate status --language {language}"
                print(
                    f"{language}: warning: {what}\n"
                    f"    hint: python -m booktools {hint}",
                    file=sys.stderr,
                )


def _join_missing(site: Path, parts: list[Path]) -> None:
    """Put the texts for addresses that do not exist into one page.

    A server has one page for all of them; a script shows one of the texts.
    """
    if not (site / MISSING).is_file():
        return
    texts = [
        (folder / MISSING).read_text("utf-8") for folder in [site, *parts]
    ]
    mains = [_START + _between(text) + _END for text in texts]
    head, _, rest = texts[0].partition(_START)
    tail = rest.rpartition(_END)[2]
    joined = "".join([head, *mains, tail])
    if joined != texts[0]:
        (site / MISSING).write_text(joined, "utf-8", newline="\n")


def _state(folder: Path) -> str:
    """Return a digest of the files of a folder, by their sizes and times."""
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found = path.stat()
            lines.append(f"{path} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _between(text: str) -> str:
    """Return the text that is the page's own: the first one."""
    return text.partition(_START)[2].partition(_END)[0]
