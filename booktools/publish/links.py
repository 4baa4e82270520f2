"""The texts of a built site -> their links to other sites that are dead."""

import time
from argparse import Namespace
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from itertools import groupby
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urldefrag, urlsplit
from urllib.request import Request, urlopen

from bs4 import BeautifulSoup

from booktools.problem import BookError, Problem, not_built
from booktools.source.chapter import Book

# Seconds before an address that did not answer is asked again.
PAUSES = (5.0, 20.0)

# Some sites turn programs away: then there is something to turn them from.
_TURNED_AWAY = (401, 403, 405, 406, 418, 429, 451, 999)


def find_dead_links(
    root: Path, html: Path, pauses: Iterable[float] = PAUSES
) -> list[Problem]:
    """Ask for every address that a text links to, each of them once.

    Buttons and menus are left out: `doctor` knows what launch links need.

    Parameters
    ----------
    root : Path
        Folder of the book.
    html : Path
        The built site.
    pauses : iterable of float
        Seconds before each further attempt.
    """
    sources: dict[str, Path] = {}
    for page in sorted(html.rglob("*.html")):
        soup = BeautifulSoup(page.read_bytes(), "html.parser")
        source = page.relative_to(html).with_suffix(".md")
        for link in soup.select('article a[href^="http"]'):
            sources.setdefault(urldefrag(str(link["href"])).url, source)
    # Sites are asked side by side, but no site two things at a time.
    urls = sorted(sources, key=lambda url: urlsplit(url).netloc)
    groups = groupby(urls, lambda url: urlsplit(url).netloc)
    pauses = tuple(pauses)

    def ask(urls: list[str]) -> list[tuple[str, str]]:
        return [(url, _fault(url, pauses)) for url in urls]

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(ask, [list(group) for _, group in groups])
        faults = {url: fault for group in answers for url, fault in group}
    return sorted(
        Problem(
            sources[url].as_posix(),
            _line(root / sources[url], url),
            "dead-link",
            f"{url} {fault}",
        )
        for url, fault in faults.items()
        if fault
    )


def _fault(url: str, pauses: tuple[float, ...]) -> str:
    """Return what is wrong with an address; nothing if all is well."""
    request = Request(
        quote(url, safe="%/:=&?~#+!$,;'@()*[]"),
        headers={"User-Agent": "Mozilla/5.0 (compatible; booktools)"},
    )
    fault = ""
    for pause in (0.0, *pauses):
        time.sleep(pause)
        try:
            with urlopen(request, timeout=30):
                return ""
        except HTTPError as error:
            error.close()
            if error.code in _TURNED_AWAY:
                return ""
            fault = f"answers {error.code}"
            if error.code < 500:
                break
        except (OSError, HTTPException, ValueError) as error:
            fault = f"does not answer: {error}"
    return fault


def _line(source: Path, url: str) -> int:
    """Return the first line of a page's source that has the address."""
    text = source.read_text("utf-8") if source.is_file() else ""
    return text.partition(url)[0].count("\n") + 1 if url in text else 1


def main(book: Book, arguments: Namespace) -> int:
    """Ask for every address that the built site links to."""
    html = book.root / "_build" / "html"
    if not (html / "index.html").is_file():
        place = "_build/html/index.html"
        raise BookError([not_built(place, "there is no site")])
    if problems := find_dead_links(book.root, html):
        raise BookError(problems)
    print("every link to another site answers")
    return 0
