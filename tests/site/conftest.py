"""What readers get is tested in all languages of the book."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.languages import EDITIONS, Edition


@pytest.fixture(scope="session", params=EDITIONS, ids=lambda e: e.language.tag)
def edition(request) -> Edition:
    """Return the book in each of its languages."""
    return request.param


@pytest.fixture(scope="session")
def gettext(edition) -> Callable[[str], str]:
    """Return what translates the texts of the tools."""
    return edition.language.gettext


@pytest.fixture(scope="session")
def language(edition) -> str:
    """Return the language of those who read the edition."""
    return edition.language.tag


@pytest.fixture(scope="session")
def site(whole_site, edition) -> Path:
    """Return the site of an edition."""
    return whole_site / edition.prefix


@pytest.fixture(scope="session")
def address(top_address, edition) -> str:
    """Return where an edition is served."""
    return f"{top_address}{edition.prefix}"
