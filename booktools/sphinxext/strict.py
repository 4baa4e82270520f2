"""A warning fails the build: the first time, and as long as it is there."""

import logging
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.logging import NAMESPACE, is_suppressed_warning

from booktools.sphinxext.order import Stage, connect


def setup(app: Sphinx) -> None:
    """Count warnings, and remember builds that did not end well."""
    # With -W, Sphinx would stop at the first one and show no other.
    app.warningiserror = False
    watch = _Watch(app)
    logger = logging.getLogger(NAMESPACE)
    for handler in logger.handlers:
        # Before the filter that counts warnings.
        handler.filters.insert(0, watch.is_due)
    logger.addHandler(watch)
    connect(app, Stage.SETTINGS, watch.forget_unfinished)
    connect(app, Stage.READING, watch.begin)
    connect(app, Stage.ALL_READ, watch.read_again)
    connect(app, Stage.JUDGED, watch.judge)
    connect(app, Stage.END, watch.finish)


class _Watch(logging.Handler):
    """Sees every warning.

    Sphinx remembers which pages it has read and written, not which of them
    deserved a warning.  So a mark stays beside that memory from the first page
    that is read to the end of a build without warnings; a build that finds the
    mark forgets the memory, and reads and writes every page.
    """

    def __init__(self, app: Sphinx):
        super().__init__(logging.WARNING)
        self._app = app
        self._seen: list[logging.LogRecord] = []
        self._old: list[logging.LogRecord] = []
        self._mark = Path(app.doctreedir, "unfinished")

    def emit(self, record: logging.LogRecord) -> None:
        suppressed = is_suppressed_warning(
            getattr(record, "type", ""),
            getattr(record, "subtype", ""),
            self._app.config.suppress_warnings,
        )
        if not suppressed and self.is_due(record):
            self._seen.append(record)

    def is_due(self, record: logging.LogRecord) -> bool:
        """Say whether a message still counts."""
        return not any(record is old for old in self._old)

    def forget_unfinished(self, app: Sphinx, _: Any) -> None:
        if self._mark.exists():
            # What features remember of their files lies beside it.
            for file in Path(app.doctreedir).iterdir():
                if file.is_file() and file != self._mark:
                    file.unlink()

    def begin(self, app: Sphinx, env: BuildEnvironment, _: list[str]) -> None:
        self._mark.touch()
        self._before = len(self._seen)
        self._has_memory = bool(env.all_docs)

    def read_again(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Read all pages if one that was read deserves a warning.

        Of two pages with the same label, the one that is read last gets the
        warning.  Which one that is must not depend on earlier builds.
        """
        warnings = self._seen[self._before :]
        if not warnings or not self._has_memory:
            return []
        self._old += warnings
        del self._seen[self._before :]
        names = sorted(env.found_docs)
        for name in sorted(env.all_docs):
            app.emit("env-purge-doc", env, name)
            env.clear_doc(name)
        for name in names:
            app.builder.read_doc(name)
        return names

    def judge(self, app: Sphinx, exception: Exception | None) -> None:
        """Let the build fail if there was a warning."""
        if self._seen:
            app.statuscode = 1

    def finish(self, app: Sphinx, exception: Exception | None) -> None:
        """Remember that all is well; an edition has a memory of its own."""
        if exception is None and not self._seen:
            self._mark.unlink(missing_ok=True)
