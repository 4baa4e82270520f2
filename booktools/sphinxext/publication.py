"""Only a build without problems replaces the site that readers have.

Pages are written into a folder beside it, which is kept from build to build.
At the end all of its files are copied and take the place of the site in one
step.  Two builds of one book take turns.
"""

import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from booktools.output import forget_unfinished, lock, replace_files

LOGGER = logging.getLogger(__name__)

WAITING = "another build of this book is running; waiting for its end"


def setup(app: Sphinx) -> dict[str, Any]:
    """Write pages elsewhere, and publish them when all is well."""
    publication = _Publication(app)
    # Before features that look where pages are written.
    app.connect("builder-inited", publication.begin, priority=0)
    app.connect("write-started", publication.note_pages)
    # After features have written the last of their files, and after it is
    # known whether there were warnings.
    app.connect("build-finished", publication.publish, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class _Publication:
    """The site of one build."""

    def __init__(self, app: Sphinx):
        self._site = Path(app.outdir)
        self._writes = False
        # What is built is read as soon as features are set up.
        try:
            self._lock = lock(self._site.parent, lambda: LOGGER.info(WAITING))
            forget_unfinished(self._site)
        except OSError as error:
            raise _stop(error) from None

    def begin(self, app: Sphinx) -> None:
        """Let pages be written beside the site."""
        if app.builder.format != "html":
            return
        draft = self._site.with_name(f".{self._site.name}.draft")
        draft.mkdir(exist_ok=True)
        app.outdir = app.builder.outdir = type(app.outdir)(draft)

    def note_pages(self, *_: Any) -> None:
        """Remember that this build writes pages."""
        self._writes = True

    def publish(self, app: Sphinx, exception: Exception | None) -> None:
        """Replace the site by what was written, if there were no problems."""
        if app.builder.format != "html":
            return
        cause = getattr(exception, "orig_exc", exception)
        if isinstance(cause, OSError):  # a full disk, say
            raise _stop(cause)
        draft = Path(app.outdir)
        app.outdir = type(app.outdir)(self._site)  # Sphinx says where it is
        if exception is None and app.statuscode == 0:
            self._replace(draft, Path(app.doctreedir, "site.json"))
        self._lock.release()

    def _replace(self, draft: Path, memory: Path) -> None:
        files: dict[str, int] = {}
        if not self._writes and memory.exists():
            files = json.loads(memory.read_text("utf-8"))
            if all(_size(self._site / n) == s for n, s in files.items()):
                return  # nothing is new, and nothing was lost
        files = files or {
            path.relative_to(draft).as_posix(): path.stat().st_size
            for path in sorted(draft.rglob("*"))
            if path.is_file()
        }
        try:
            replace_files(self._site, draft, files)
            memory.write_text(json.dumps(files), "utf-8")
        except OSError as error:
            raise _stop(error) from None


def _stop(error: OSError) -> SystemExit:
    """Return what ends a build that cannot write, or cannot read."""
    what = f"{error.filename or 'a file'}: {error.strerror or error}"
    return SystemExit(f"error: {what}; the site is as it was")


def _size(path: Path) -> int:
    """Return the size of a file, -1 if there is none."""
    return path.stat().st_size if path.is_file() else -1
