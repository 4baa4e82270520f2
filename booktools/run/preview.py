"""Serves a site that is being built again and again, to this machine only.

Each page gets a script that reloads it when there is a new site, or shows what
keeps the book from being built.  It learns that from an event stream.
"""

import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from booktools.language import Language, translate_script

SCRIPT = Path(__file__).with_name("assets") / "preview.js"

# Served besides the site.
SCRIPT_ADDRESS = "/_preview/preview.js"
EVENTS_ADDRESS = "/_preview/events"

# A page of another host, whose name leads to this machine, shall get nothing.
HOSTS = ("127.0.0.1", "localhost")

# After so many seconds something is sent, to notice who has gone.
_SILENCE = 5

_PAGE = (
    "<!DOCTYPE html><html lang={lang}><meta charset=utf-8>"
    "<meta name=color-scheme content='light dark'>"
    "<meta name=viewport content='width=device-width'>"
    "<title>{title}</title><body><h1>{title}</h1><p>{text}</p>"
)


def _first_page(language: Language) -> str:
    """Return what shows before there is a site."""
    _ = language.gettext
    return _PAGE.format(
        lang=language.tag,
        title=_("The first build"),
        text=_(
            "Every chapter runs, which may take minutes."
            " Then this page becomes the book, by itself."
        ),
    )


def _missing_page(language: Language) -> str:
    """Return what shows instead of a page that is not in the book."""
    _ = language.gettext
    text = _("Perhaps it has another name now, or was deleted.")
    link = _("To the start of the book")
    return _PAGE.format(
        lang=language.tag,
        title=_("The book has no such page"),
        text=f"{text} <a href=/>{link}</a>",
    )


class State:
    """What pages are told: how the last build goes, and its problems."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._news: dict[str, str] = {}
        self._number = 0

    def tell(self, build: str, problems: str = "") -> None:
        """Tell all pages that are open.

        Parameters
        ----------
        build : str
            ``running``, ``failed`` or ``done``.
        problems : str
            What the build has said.
        """
        with self._changed:
            self._news = {"build": build, "problems": problems}
            self._number += 1
            self._changed.notify_all()

    def follow(self) -> Iterator[dict[str, str]]:
        """Yield what pages are told, now and whenever it changes."""
        seen = 0
        while True:
            with self._changed:
                if self._number == seen:
                    self._changed.wait(_SILENCE)
                seen, news = self._number, self._news
            yield news


class _Handler(SimpleHTTPRequestHandler):
    """Serves what is there at the moment."""

    protocol_version = "HTTP/1.1"
    # Python knows these only if the system does.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".svg": "image/svg+xml",
        ".woff2": "font/woff2",
        ".wasm": "application/wasm",
    }

    def __init__(
        self, *arguments: Any, state: State, site: Path, language: Language
    ):
        self._state = state
        self._site = site
        self._language = language
        super().__init__(*arguments, directory=str(site))

    def do_GET(self) -> None:
        """Answer a browser; when it has gone, nobody minds."""
        with suppress(ConnectionError):
            if self._path() == EVENTS_ADDRESS and self._is_asked_here():
                self._send_events()
            else:
                super().do_GET()

    def send_head(self) -> Any:
        """Send the head of an answer; return the rest."""
        if not self._is_asked_here():
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        if self._path() == SCRIPT_ADDRESS:
            text = SCRIPT.read_text("utf-8")
            text = translate_script(text, self._language.gettext)
            return self._head(text.encode(), "text/javascript")
        file = Path(self.translate_path(self.path))
        if file.is_dir():
            file /= "index.html"
        # Before the page: if the site is replaced now, it is reloaded.
        site = _version(self._site)
        status = HTTPStatus.OK
        try:
            data = file.read_bytes()
        except OSError:
            if file.suffix not in ("", ".html"):
                self.send_error(HTTPStatus.NOT_FOUND)
                return None
            status = HTTPStatus.NOT_FOUND
            write = _missing_page if site else _first_page
            data = write(self._language).encode()
            file = file.with_suffix(".html")
        kind = self.guess_type(str(file))
        if kind == "text/html":
            kind += "; charset=utf-8"
            data += (
                f'<script src="{SCRIPT_ADDRESS}" data-site="{site}" defer>'
                "</script>"
            ).encode()
        return self._head(data, kind, status)

    def _path(self) -> str:
        return urlsplit(self.path).path

    def _is_asked_here(self) -> bool:
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        return host in HOSTS

    def _head(
        self, data: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK
    ) -> io.BytesIO:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        return io.BytesIO(data)

    def _send_events(self) -> None:
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        for news in self._state.follow():
            text = json.dumps(news | {"site": _version(self._site)})
            self.wfile.write(f"data: {text}\n\n".encode())
            self.wfile.flush()

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


def _version(site: Path) -> str:
    """Return another text for each site that takes the place of another."""
    try:
        found = site.stat()
    except OSError:
        return ""
    return f"{found.st_ino}-{found.st_mtime_ns}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # they end with the program
    # On Windows, two programs would share a port.
    allow_reuse_address = os.name == "posix"

    def handle_error(self, *arguments: object) -> None:
        """Keep quiet: a browser that goes away is no error."""


@contextmanager
def serve(
    site: Path, state: State, port: int, language: Language
) -> Iterator[str]:
    """Serve the folder of a site, also one that is not there yet.

    Parameters
    ----------
    site : Path
        The folder.
    state : State
        What pages are told.
    port : int
        Where to serve it; 0 for any free port.
    language : Language
        What is said besides the site, is said in it.

    Yields
    ------
    str
        Its address.

    Raises
    ------
    OSError
        When somebody else has that port.
    """
    handler = partial(_Handler, state=state, site=site, language=language)
    with _Server((HOSTS[0], port), handler) as server:
        thread = threading.Thread(
            target=partial(server.serve_forever, poll_interval=0.1),
            daemon=True,
        )
        thread.start()
        try:
            yield f"http://{HOSTS[0]}:{server.server_port}/"
        finally:
            server.shutdown()
