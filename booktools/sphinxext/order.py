"""The stages of a build, in order, which features hook into by name.

Sphinx calls what is connected to an event by a number, small ones first, and
equal ones in the order in which they were connected: other extensions first
(nearly all use 500), then features in the order of ``FEATURES``.  All numbers
are here; what has happened before a stage is beside it.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from sphinx.application import Sphinx

from booktools.problem import BookError
from booktools.sphinxext.stopping import stop


class Stage(Enum):
    """An event of Sphinx, and when among the others it is called."""

    # The settings are known, and no feature has changed them.
    WRITTEN_SETTINGS = "config-inited", 50
    # They are right; extensions and features add what they need.
    SETTINGS = "config-inited", 500

    # There is a builder, and nobody has looked at its folders.
    NEW_BUILDER = "builder-inited", 0
    # Its folders are set; features begin their work.
    BUILDER = "builder-inited", 500

    # Sphinx knows which files are new; features add pages to read again.
    OUTDATED = "env-get-outdated", 500
    # It is known which pages will be read; nothing has run.
    BEFORE_READING = "env-before-read-docs", 500
    # All code has run; from here on the memory of pages changes.
    READING = "env-before-read-docs", 999

    # A page is about to be read again, or is gone.
    FORGOTTEN = "env-purge-doc", 500
    # The text of a page is read from its file.
    SOURCE = "source-read", 500
    # It is parsed; Sphinx has collected no title, label or picture from it.
    PARSED = "doctree-read", 100
    # Sphinx has collected all of that.
    READ = "doctree-read", 500

    # All pages are read; there may have been warnings.
    ALL_READ = "env-updated", 0
    # All pages are read for good; features report problems.
    CHECKED = "env-updated", 100
    # All problems are reported.
    PROBLEMS = "env-updated", 400
    # There is none; features name pages to write again.
    RIGHT = "env-updated", 500
    # All that is numbered has its number.
    NUMBERED = "env-get-updated", 500

    # It is known which pages will be written; there is at least one.
    WRITING = "write-started", 500
    # A reference of a page leads to nothing.
    UNKNOWN = "missing-reference", 500
    # The references of a page lead to their pages.
    RESOLVED = "doctree-resolved", 400
    # Notebooks are made; what depends on other pages is filled in.
    FILLED_IN = "doctree-resolved", 500
    # All text is there, as it can be read anywhere.  From here on only pages
    # of a site are made.
    COMPLETE = "doctree-resolved", 600
    # All that is made from texts is made; changes are for the page alone.
    LAID_OUT = "doctree-resolved", 950
    # Nothing moves any more: what stands beside what is known.
    TYPESET = "doctree-resolved", 990

    # Sphinx asks for pages without a file, when all others are written.
    MORE_PAGES = "html-collect-pages", 500
    # A page has its text as HTML, and no buttons.
    CONTEXT = "html-page-context", 500
    # The theme has added its buttons.
    BUTTONS = "html-page-context", 600
    # It is known which styles and scripts the page asks for.
    LOADED = "html-page-context", 990

    # All pages are written, unless there was an error.
    WRITTEN = "build-finished", 500
    # Extensions and features have written all their files.
    ALL_WRITTEN = "build-finished", 900
    # The site is as it will be; whether it may be published is decided.
    JUDGED = "build-finished", 990
    # That is decided.
    PUBLISHED = "build-finished", 999
    # The site is published, if it may be.
    END = "build-finished", 1000


def connect(app: Sphinx, stage: Stage, handler: Callable[..., Any]) -> None:
    """Call a function in each build, or for each page, at a stage.

    A `BookError` that it raises stops the build.
    """
    event, priority = stage.value
    of_site = stage in (Stage.COMPLETE, Stage.LAID_OUT, Stage.TYPESET)

    def handle(app: Sphinx, *arguments: Any) -> Any:
        if of_site and app.builder.format != "html":
            return None
        try:
            return handler(app, *arguments)
        except BookError as error:  # of which Sphinx would name the function
            stop(error.problems)

    app.connect(event, handle, priority=priority)
