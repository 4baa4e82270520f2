"""Where these tools come from -> how another course gets the same ones."""

import json
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from booktools.problem import BookError, Problem

NAME = "booktools"
# What a course that does all that a new one can needs of them.
EXTRAS = "[check,checks,pdf]"
# Where a course keeps a wheel that nobody else offers.
WHEELS = "wheels"

_TOOLS = Path(__file__).resolve().parents[1]


class Origin(NamedTuple):
    """How to install the tools: a line of `requirements.txt`.

    Where that names a file, ``wheel`` is the one to put into ``WHEELS``.
    """

    line: str
    wheel: Path | None = None


def find_origin(wish: str = "") -> Origin:
    """Find out where the tools come from, as pip has noted it.

    Parameters
    ----------
    wish : str
        A wheel, or an address, that is to be named instead.

    Raises
    ------
    BookError
        When another computer could not have them from there.
    """
    if wish:
        return _from_url(wish) if "://" in wish else _from_file(Path(wish))
    if (_TOOLS / "pyproject.toml").is_file():
        return _from_checkout(_TOOLS.parent)
    tools = metadata.distribution(NAME)
    noted: dict[str, Any] = json.loads(
        tools.read_text("direct_url.json") or "{}"
    )
    url = noted.get("url", "")
    if not url:
        return Origin(f"{NAME}{EXTRAS}=={tools.version}")
    if urlsplit(url).scheme == "file":
        path = Path(url2pathname(urlsplit(url).path))
        if "archive_info" in noted:
            return _from_file(path)
        return _from_checkout(path.parent)
    if git := noted.get("vcs_info"):
        url = f"{git['vcs']}+{url}@{git['commit_id']}"
    if folder := noted.get("subdirectory"):
        url = f"{url}#subdirectory={folder}"
    return _from_url(url)


def _from_url(url: str) -> Origin:
    return Origin(f"{NAME}{EXTRAS} @ {url}")


def _from_file(wheel: Path) -> Origin:
    if not (wheel.is_file() and wheel.suffix == ".whl"):
        what = f"there is no wheel {wheel}, from which these tools came"
        hint = "name one, or an address, with --tools"
        raise BookError([Problem(wheel.name, 1, "no-wheel", what, hint)])
    return Origin(f"./{WHEELS}/{wheel.name}{EXTRAS}", wheel)


def _from_checkout(root: Path) -> Origin:
    """Return the newest wheel that was built in a checkout of the tools."""
    wheels = [*(root / "dist").glob(f"{NAME}-*.whl")]
    if not wheels:
        what = (
            f"these tools are a checkout, {root}, which no other computer has"
        )
        hint = (
            "build a wheel there first, make wheel; or name a wheel or an"
            " address with --tools"
        )
        raise BookError([Problem(NAME, 1, "no-wheel", what, hint)])
    return _from_file(max(wheels, key=lambda path: path.stat().st_mtime))
