"""A built site on a server of its own, and a browser to look at it."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
)

from booktools.render import node
from booktools.render.browser import open_chromium

# How readers look at the book.
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {
        "viewport": {"width": 1280, "height": 900},
        "color_scheme": "dark",
    },
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    "plain": {
        "viewport": {"width": 1280, "height": 900},
        "java_script_enabled": False,
    },
}


class _Server(ThreadingHTTPServer):
    """Serves a folder below /a/b/, compressed, as GitHub Pages would."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: a browser that goes away is no error."""


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Python knows these only if the system does.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".svg": "image/svg+xml",
        ".woff2": "font/woff2",
        ".wasm": "application/wasm",
    }
    compressed = (".html", ".js", ".css", ".svg", ".json", ".txt", ".xml")

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        file = Path(self.translate_path(path.removeprefix("/a/b")))
        if path.endswith("/"):
            file /= "index.html"
        status = 200
        if not path.startswith("/a/b/") or not file.is_file():
            status, file = 404, Path(self.directory, "404.html")
        data = file.read_bytes() if file.is_file() else b"not found"
        self.send_response(status)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Cache-Control", "max-age=600")
        if file.suffix in self.compressed:
            data = gzip.compress(data, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        """Keep quiet."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a site; return where."""
    with _Server(
        ("127.0.0.1", 0), partial(_Handler, directory=folder)
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a/b/"
        server.shutdown()
        thread.join()


# Not for longer: Playwright runs an event loop, and other tests run theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser."""
    with open_chromium() as browser:
        yield browser


def load(window: Page, address: str) -> dict[str, int]:
    """Open a page; return the bytes that came over the network, by file."""
    client = window.context.new_cdp_session(window)
    files: dict[str, str] = {}
    sizes: dict[str, int] = {}
    client.on(
        "Network.requestWillBeSent",
        lambda event: files.update(
            {event["requestId"]: event["request"]["url"]}
        ),
    )
    client.on(
        "Network.loadingFinished",
        lambda event: sizes.update(
            {files[event["requestId"]]: event["encodedDataLength"]}
        ),
    )
    client.send("Network.enable")
    window.goto(address, wait_until="networkidle")
    client.detach()
    return sizes


def complains(message: ConsoleMessage) -> bool:
    """Say if a browser found something wrong with a page.

    That a font came seconds after the page says how slow the machine is.
    """
    is_late = "preload but not used within a few seconds" in message.text
    return message.type in ("error", "warning") and not is_late


class Visit:
    """A page that has been opened, and all that went wrong with it."""

    def __init__(self, page: Page, address: str):
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []

        def on_request(request: Request) -> None:
            parts = urlsplit(request.url)
            network = parts.scheme not in ("data", "blob")
            if network and not request.url.startswith(address):
                self.foreign.append(request.url)

        def on_response(response: Response) -> None:
            if response.status >= 400:
                self.errors.append(f"{response.status} {response.url}")

        def on_console(message: ConsoleMessage) -> None:
            if complains(message):
                self.errors.append(f"{message.type}: {message.text}")

        page.on("request", on_request)
        page.on("response", on_response)
        page.on("console", on_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "requestfailed",
            lambda request: self.errors.append(f"failed: {request.url}"),
        )


@pytest.fixture(scope="module")
def contexts(
    browser: Browser, language: str
) -> Iterator[Callable[[str], BrowserContext]]:
    """Open windows, one for each view."""
    opened: list[BrowserContext] = []

    @cache
    def open_context(view: str) -> BrowserContext:
        opened.append(browser.new_context(locale=language, **VIEWS[view]))
        return opened[-1]

    yield open_context
    for context in opened:
        context.close()


@pytest.fixture
def visit(
    contexts: Callable[[str], BrowserContext], address: str
) -> Iterator[Callable[[str, str], Visit]]:
    """Open a page of the site in one of the views."""
    pages: list[Page] = []

    def visit(name: str, view: str) -> Visit:
        pages.append(contexts(view).new_page())
        visit = Visit(pages[-1], address)
        pages[-1].goto(address + name)
        return visit

    yield visit
    for page in pages:
        page.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the source of axe, which looks for what shuts people out."""
    folder = node.require_packages("axe") / "axe-core"
    return (folder / "axe.min.js").read_text("utf-8")
