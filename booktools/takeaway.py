"""A chapter -> what its notebook begins with; a notebook -> a script."""

from collections.abc import Container, Mapping

from nbformat import NotebookNode

from booktools.chapter import Chapter
from booktools.deps import Library


def first_cell(
    library: Library, files: Mapping[str, str], chapter: Chapter
) -> str:
    """Return the code that makes a chapter's notebook stand on its own.

    Parameters
    ----------
    library : Library
        The book's saved code: ``Library.from_files(files, book.package)``.
    files : mapping of str to str
        The package: what `render_package` returned.
    chapter : Chapter
        The chapter.

    Returns
    -------
    str
        Plain Python; empty if the chapter needs nothing.
    """
    raise NotImplementedError


def to_script(
    notebook: NotebookNode, shown: Container[str], drawn: Container[str]
) -> str:
    """Return a notebook as a script for plain Python.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook without outputs; it is left as it is.
    shown, drawn : containers of str
        Ids of the code cells whose last expression the page shows as text,
        and of those below which it shows figures.
    """
    raise NotImplementedError
