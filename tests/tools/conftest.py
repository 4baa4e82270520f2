"""What tests of the tools share."""

from collections.abc import Iterator

import pytest

from booktools.check.browser import serve
from tests.books import CASES, Book, write_book
from tests.editions import Bilingual, make_bilingual


@pytest.fixture(scope="session")
def course(builder, tmp_path_factory) -> Book:
    """Build a course of four short chapters, and publish it as a/b.

    Tests may read its folder but not write to it.
    """
    root = tmp_path_factory.mktemp("course") / "book"
    write_book(root, CASES / "books" / "course")
    book = Book(root, builder, GITHUB_REPOSITORY="a/b")
    book.succeed()
    return book


@pytest.fixture(scope="session")
def address(course) -> Iterator[str]:
    """Serve the course; return where."""
    with serve(course.html) as address:
        yield address


@pytest.fixture(scope="session")
def bilingual(builder, tmp_path_factory) -> Bilingual:
    """Build a book with an edition; tests do not change it."""
    book = make_bilingual(tmp_path_factory.mktemp("bilingual"), builder)
    book.succeed()
    return book
