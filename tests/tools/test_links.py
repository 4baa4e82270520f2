"""Links to other sites: which are dead, and how they are asked for."""

import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from booktools.publish.links import find_dead_links

QUICK = (0.0, 0.0)


@pytest.fixture
def other():
    """Serve a site that answers with the number in the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            site.asked[self.path] += 1
            site.busy.append(1)
            site.most = max(site.most, len(site.busy))
            time.sleep(0.01)
            # Before the answer: whoever has it may ask for the next thing.
            site.busy.pop()
            first, _, then = self.path.strip("/").partition("/")
            code = first if site.asked[self.path] == 1 or not then else then
            self.send_response(int(code) if code.isdigit() else 200)
            if code == "302":
                self.send_header("Location", "/404")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        site.asked, site.busy, site.most = Counter(), [], 0
        threading.Thread(target=site.serve_forever, daemon=True).start()
        site.url = f"http://127.0.0.1:{site.server_port}"
        yield site
        site.shutdown()


def write_pages(root, **pages):
    for name, urls in pages.items():
        (root / f"{name}.md").write_text("# A\n\n" + "\n".join(urls), "utf-8")
        links = "".join(f'<a href="{url}">a</a>' for url in urls)
        text = '<nav><a href="http://localhost:1/">x</a></nav>'
        text += f"<article>{links}</article>"
        (root / f"{name}.html").write_text(text, "utf-8")


def dead(root):
    return [
        (p.path, p.line, p.message.partition(" ")[2])
        for p in find_dead_links(root, root, QUICK)
    ]


@pytest.mark.parametrize(
    ("path", "times", "fault"),
    [
        ("/200", 1, ""),
        ("/404", 1, "answers 404"),
        ("/410", 1, "answers 410"),
        ("/302", 1, "answers 404"),
        ("/403", 1, ""),  # turned away, as programs often are
        ("/429", 1, ""),
        ("/500", 3, "answers 500"),
        ("/503/200", 2, ""),
        ("/503/404", 2, "answers 404"),
        ("/导数?q=极限", 1, ""),
    ],
)
def test_answers(tmp_path, other, path, times, fault):
    write_pages(tmp_path, a=[other.url + path])
    assert dead(tmp_path) == ([("a.md", 3, fault)] if fault else [])
    assert next(iter(other.asked.values())) == times


def test_each_address_is_asked_once_and_one_at_a_time(tmp_path, other):
    many = [f"{other.url}/404#{n}" for n in range(3)]
    many += [f"{other.url}/200?{n}" for n in range(9)]
    write_pages(tmp_path, b=["#here", "b.html", *many], a=many)
    assert dead(tmp_path) == [("a.md", 3, "answers 404")]
    assert set(other.asked.values()) == {1}
    assert other.most == 1


def test_who_does_not_answer(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    write_pages(tmp_path, a=["fine", f"http://127.0.0.1:{port}/"])
    ((path, line, fault),) = dead(tmp_path)
    assert (path, line) == ("a.md", 4)
    assert fault.startswith("does not answer: ")


def test_command(make_book, run, other):
    root = make_book({"chapters/a.md": f"# A\n\n{other.url}/404\n"})
    html = root / "_build" / "html" / "chapters"
    html.mkdir(parents=True)
    page = f'<article><a href="{other.url}/404">a</a></article>'
    (html / "a.html").write_text(page)
    command = ("-m", "booktools", "links", "--book", "book")
    done = run(*command)
    assert (done.returncode, done.stdout) == (1, "")
    said = "_build/html/index.html:1: error: there is no site [not-built]\n"
    assert done.stderr.startswith(said)
    (html.parent / "index.html").write_text("<h1>A</h1>")
    done = run(*command)
    assert done.returncode == 1
    problem = f"chapters/a.md:3: error: {other.url}/404 answers 404"
    assert done.stderr.startswith(f"{problem} [dead-link]\n")
    (html / "a.html").write_text(page.replace("/404", "/200"))
    done = run(*command)
    assert (done.returncode, done.stderr) == (0, "")
