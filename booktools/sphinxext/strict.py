"""A warning fails the build: the first time, and as long as it is there."""

import logging
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.logging import NAMESPACE, is_suppressed_warning


def setup(app: Sphinx) -> dict[str, Any]:
    """Count warnings, and remember builds that did not end well."""
    # With -W, Sphinx would stop at the first one and show no other.
    app.warningiserror = False
    watch = _Watch(app)
    logging.getLogger(NAMESPACE).addHandler(watch)
    app.connect("config-inited", watch.forget_unfinished)
    # After the last handler that may stop the build for another reason.
    app.connect("env-before-read-docs", watch.begin, priority=999)
    app.connect("build-finished", watch.finish, priority=999)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


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
        self._seen = False
        self._mark = Path(app.doctreedir, "unfinished")

    def emit(self, record: logging.LogRecord) -> None:
        self._seen |= not is_suppressed_warning(
            getattr(record, "type", ""),
            getattr(record, "subtype", ""),
            self._app.config.suppress_warnings,
        )

    def forget_unfinished(self, app: Sphinx, _: Any) -> None:
        if self._mark.exists():
            # What features remember of their files lies beside it.
            for file in Path(app.doctreedir).iterdir():
                if file.is_file() and file != self._mark:
                    file.unlink()

    def begin(self, app: Sphinx, env: BuildEnvironment, _: list[str]) -> None:
        self._mark.touch()

    def finish(self, app: Sphinx, exception: Exception | None) -> None:
        if exception is None and not self._seen:
            self._mark.unlink(missing_ok=True)
        elif self._seen:
            app.statuscode = 1
