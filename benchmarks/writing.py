"""How soon a page that is open shows what its author has saved."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

# What is edited, from what to what, a number.
EDITS = {
    "make write: prose edit, s": ("导数告诉", "第 {} 次：导数告诉"),
    "make write: one-cell edit, NumPy, s": ("= 1.0", "= 1.{}"),
}


def measure(
    root: Path, tools: Path, rounds: int, add: Callable[[str, float], None]
) -> None:
    """Edit a chapter of a book while `make write` shows it.

    Parameters
    ----------
    root : Path
        A book of `make_book.write_course`.
    tools : Path
        The folder with `booktools`.
    rounds : int
        How often.
    add : callable
        Called with what was measured, and the seconds from the end of saving
        until pages are told that there is a new site.
    """
    path = root / "chapters" / "chapter_2.md"
    text = path.read_text("utf-8")
    with _write(root, tools) as news:
        shown = _next_site(news, "")
        # The first round waits for what is prepared after the first build.
        for number in range(rounds + 1):
            for what, (old, new) in EDITS.items():
                edited = text.replace(old, new.format(number + 1), 1)
                path.write_text(edited, "utf-8")
                start = time.time()
                shown = _next_site(news, shown)
                if number:
                    add(what, time.time() - start)


@contextmanager
def _write(root: Path, tools: Path) -> Iterator[Iterator[dict[str, str]]]:
    """Start `make write`; yield what it tells pages."""
    process = subprocess.Popen(
        [sys.executable, "-m", "booktools", "write", "--port=0"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(tools)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        address = re.search(r"http\S+", line)[0]
        with urlopen(f"{address}_preview/events") as events:
            lines = (line.decode().partition("data: ")[2] for line in events)
            yield map(json.loads, filter(None, lines))
    finally:
        process.terminate()
        process.communicate()


def _next_site(news: Iterator[dict[str, str]], shown: str) -> str:
    """Wait for a site that is not the one that is shown."""
    for now in news:
        if now["build"] == "failed":
            raise SystemExit(f"error: a build has failed: {now['problems']}")
        if now["build"] == "done" and now["site"] != shown:
            return now["site"]
    raise SystemExit("error: make write has ended")
