"""A real browser for whatever has to see pages as readers do: Chromium.

Playwright's own if it is there, else one that the system has.  Where there
is none, it gets one: Playwright's own, else Debian's.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserType,
    Error,
    ViewportSize,
    sync_playwright,
)

# The browser reads a book: it neither asks for news of its own nor fetches
# anything from another machine.
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

# How to get one, the seconds that it may take.
_INSTALL = ["-m", "playwright", "install", "--only-shell", "chromium"]
_WAYS = (
    ([sys.executable, *_INSTALL], 180),
    (["apt-get", "update", "-qq"], 60),
    (
        ["apt-get", "install", "-qq", "--no-install-recommends", "chromium"],
        600,
    ),
)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Start Chromium, and end it.

    Raises
    ------
    FileNotFoundError
        When there is no browser and none can be had.
    """
    with sync_playwright() as playwright:
        browser = _find(playwright.chromium)
        for command, seconds in _WAYS:
            if browser:
                break
            with suppress(OSError, subprocess.SubprocessError):
                subprocess.run(command, capture_output=True, timeout=seconds)
            browser = _find(playwright.chromium)
        if not browser:
            hint = "run: python -m playwright install --with-deps chromium"
            raise FileNotFoundError(
                0, f"there is no such browser; {hint}", "Chromium"
            )
        yield browser
        browser.close()


def take_picture(address: str, target: Path) -> None:
    """Write what a window shows of a page as a PNG file."""
    with open_chromium() as browser:
        size: ViewportSize = {"width": 1280, "height": 800}
        page = browser.new_page(
            viewport=size, color_scheme="light", reduced_motion="reduce"
        )
        page.goto(address, wait_until="networkidle")
        page.screenshot(path=target)


def _find(chromium: BrowserType) -> Browser | None:
    """Return the first browser that starts."""
    places: list[dict[str, Any]] = [{}, {"channel": "chrome"}]
    names = ("chromium", "chromium-browser")
    places += [{"executable_path": shutil.which(name)} for name in names]
    places += [{"channel": "msedge"}]
    for place in places:
        with suppress(Error):
            return chromium.launch(args=ARGUMENTS, **place)
    return None
