"""What checks get from pytest: the site, its pages, its chapters."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from booktools.check.browser import serve
from booktools.check.built import BuiltSite
from booktools.check.findings import Findings
from booktools.check.readers import reader_packages
from booktools.check.screen import Outcome
from booktools.source.chapter import read_book

pytest_plugins = ["booktools.check.browser", "booktools.check.readers"]

_SITE = pytest.StashKey[BuiltSite]()


def pytest_addoption(parser: Any) -> None:
    """Add what the command hands on."""
    parser.addoption("--book", type=Path)
    parser.addoption("--heaviest", type=int)


def pytest_configure(config: Any) -> None:
    """Read the book, in each process that runs checks."""
    config.stash[_SITE] = BuiltSite(read_book(config.getoption("--book")))
    config.pluginmanager.register(Outcome())


def pytest_generate_tests(metafunc: Any) -> None:
    """Run a check for each page, or for each chapter with code."""
    site = metafunc.config.stash[_SITE]
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", site.pages)
    if "chapter" in metafunc.fixturenames:
        names = [chapter.docname for chapter in site.with_code]
        metafunc.parametrize("chapter", site.with_code, ids=names)


@pytest.fixture(scope="session")
def site(pytestconfig: Any) -> BuiltSite:
    """Return the site that is checked."""
    built: BuiltSite = pytestconfig.stash[_SITE]
    return built


@pytest.fixture
def findings(site: BuiltSite) -> Findings:
    """Return what takes the problems of a check."""
    return Findings(site)


@pytest.fixture(scope="session")
def address(site: BuiltSite) -> Iterator[str]:
    """Serve the site; return where."""
    with serve(site.html) as address:
        yield address


@pytest.fixture(scope="session")
def language(site: BuiltSite) -> str:
    """Return the language of those who read the site."""
    return site.language


@pytest.fixture(scope="session")
def heaviest(pytestconfig: Any) -> int:
    """Return how many KB a page may weigh."""
    limit: int = pytestconfig.getoption("--heaviest")
    return limit


@pytest.fixture(scope="session")
def packages(site: BuiltSite) -> tuple[str, ...]:
    """Return what readers have installed."""
    return reader_packages(site.book)
