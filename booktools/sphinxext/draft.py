"""Only a build without problems replaces the site that readers have.

Pages are written into a folder beside it, which is kept from build to build.
At the end all of its files are copied and take the place of the site in one
step.  Two builds of one book take turns.  An edition is published with its
source, which has a folder for it.
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from booktools.publish.layout import PDF
from booktools.render.atomic import forget_unfinished, lock, replace_files
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import build

LOGGER = logging.getLogger(__name__)

WAITING = "another build of this book is running; waiting for its end"


def setup(app: Sphinx) -> None:
    """Write pages elsewhere, and publish them when all is well."""
    publication = _Publication(app)
    connect(app, Stage.NEW_BUILDER, publication.begin)
    connect(app, Stage.WRITING, publication.note_pages)
    connect(app, Stage.PUBLISHED, publication.publish)


class _Publication:
    """The site of one build."""

    def __init__(self, app: Sphinx):
        self._site = Path(app.outdir)
        self._is_part = build(app).origin is not None
        # What is built is read as soon as features are set up.
        try:
            self._lock = lock(self._site.parent, lambda: LOGGER.info(WAITING))
            forget_unfinished(self._site)
        except OSError as error:
            raise _stop(error) from None

    def begin(self, app: Sphinx) -> None:
        """Let pages be written beside the site."""
        if app.builder.format != "html" or self._is_part:
            return
        draft = self._site.with_name(f".{self._site.name}.draft")
        if not draft.is_dir():
            draft.unlink(missing_ok=True)
            draft.mkdir()
        app.outdir = app.builder.outdir = type(app.outdir)(draft)

    def note_pages(self, *_: Any) -> None:
        """Remember that pages were written, until they are published."""
        _mark(self._site).touch()

    def publish(self, app: Sphinx, exception: Exception | None) -> None:
        """Replace the site by what was written, if there were no problems."""
        if app.builder.format != "html" or self._is_part:
            return
        cause = getattr(exception, "orig_exc", exception)
        if isinstance(cause, OSError):  # a full disk, say
            raise _stop(cause)
        draft = Path(app.outdir)
        app.outdir = type(app.outdir)(self._site)  # Sphinx says where it is
        if exception is None and app.statuscode == 0:
            try:
                self._replace(draft, build(app).parts)
            except OSError as error:
                raise _stop(error) from None
        self._lock.release()

    def _replace(self, draft: Path, parts: Mapping[str, Path]) -> None:
        memory = self._site.with_name(f".{self._site.name}.json")
        known: dict[str, int] = {}
        with suppress(FileNotFoundError, TypeError, ValueError):
            known = dict(json.loads(memory.read_text("utf-8")))
        marks = [_mark(folder) for folder in (self._site, *parts.values())]
        is_new = not known or any(mark.exists() for mark in marks)
        if not is_new and known.items() <= _sizes(self._site).items():
            return  # nothing is new, and nothing was lost
        new = {
            f"{prefix}{path.relative_to(folder).as_posix()}": path
            for prefix, folder in {"": draft, **parts}.items()
            for path in _files(folder)
        }
        if not is_new:  # Sphinx has put there what it publishes with pages
            new = {name: new[name] for name in new.keys() & known.keys()}
        files = {name: path.stat().st_size for name, path in new.items()}
        others = {
            name: self._site / name
            for name in self._others(known, parts)
            if name not in files
        }
        # All of these are ours, whatever interrupts what comes now.
        memory.write_text(json.dumps(known | files), "utf-8")
        replace_files(self._site, new | others)
        memory.write_text(json.dumps(files), "utf-8")
        for mark in marks:
            mark.unlink(missing_ok=True)

    def _others(
        self, known: Container[str], parts: Iterable[str]
    ) -> list[str]:
        """Return what somebody else has put into the folder of the site.

        The PDF is not among them: it was printed from the former pages.
        Where it is not known what an earlier build has made, but there was
        one, all is from it.
        """
        there = _sizes(self._site)
        if not known and ".buildinfo" in there:
            return []
        folders = tuple(f"{prefix}{PDF}/" for prefix in ("", *parts))
        own = {name for name in there if name.startswith(folders)}
        return [n for n in there if n not in known and n not in own]


def _mark(site: Path) -> Path:
    """Return the file that says that a site has pages to be published."""
    return site.with_name(f".{site.name}.unpublished")


def _sizes(folder: Path) -> dict[str, int]:
    """Return the files below a folder, each with its size."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in _files(folder)
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _stop(error: OSError) -> SystemExit:
    """Return what ends a build that cannot write, or cannot read."""
    what = f"{error.filename or 'a file'}: {error.strerror or error}"
    return SystemExit(f"error: {what}; the site is as it was")
