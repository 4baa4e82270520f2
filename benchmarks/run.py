"""Measure stock Jupyter Book against ours, on the same chapters.

Two builds are never measured at the same time; the two kinds take turns, and
each number is a median.  Neither kind gets a setting that is not a default.
"""

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import mystmd
import psutil
import yaml
from jupyter_cache import get_cache
from make_book import write_course, write_many
from pages import install, measure, serve
from writing import measure as measure_writing

ROOT = Path(__file__).resolve().parent.parent
EDITION = "en"
STOCK, OURS = KINDS = ("stock", "ours")
PARTS = ("cold", "editions", "edits", "write", "growth", "pages", "mystmd")
VERSIONS = (
    *("jupyter-book", "sphinx", "myst-nb", "jupyter-cache", "nbclient"),
    *("numpy", "matplotlib", "torch"),
)
# What makes a kernel start for a chapter.
RUNS = re.compile(r"^```\{(code-cell|check)\}", re.MULTILINE)
OURS_ONLY = re.compile(
    r"^```\{(check|guess|saved-names|touch)\}.*?^```$\n",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Build:
    """What came of a build."""

    seconds: float
    ready: float  # seconds until the outputs of the last chapter
    executed: set[str]
    figures: int
    memory: int  # bytes, at most


@dataclass
class Table:
    """Measurements: what -> kind -> values; and what to know about them."""

    rows: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add(self, what: str, kind: str, value: float) -> None:
        """Take down a value."""
        self.rows.setdefault(what, {}).setdefault(kind, []).append(value)
        print(f"{what}, {kind}: {value:.2f}", flush=True)

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Note that a build has not done what it is measured for."""
        if found != wanted:
            self.doubts.append(f"{what}: {found}, expected {wanted}")

    def lines(self) -> list[str]:
        """Return the table in Markdown."""
        lines = [
            "| | stock | ours | stock / ours |",
            "|---|---:|---:|---:|",
        ]
        for what, kinds in self.rows.items():
            cells = [_median(kinds[k]) if k in kinds else "" for k in KINDS]
            ratio = ""
            if len(kinds) == len(KINDS):
                one, two = (statistics.median(kinds[k]) for k in KINDS)
                ratio = f"{one / two:.2f}" if two else ""
            lines.append(f"| {what} | {' | '.join(cells)} | {ratio} |")
        return lines


def _median(values: list[float]) -> str:
    text = f"{statistics.median(values):.2f}"
    if len(values) > 1:
        text += f" ({min(values):.2f} to {max(values):.2f})"
    return text


def build(book: Path, kind: str, watch: bool = False) -> Build:
    """Build a book as its author would, and look at what was done.

    Both kinds put the outputs of a chapter into a cache of jupyter-cache as
    soon as they have them, with the time.  So the outputs are ready when the
    last of them gets there, and a chapter was executed if it has got there
    since the build began.
    """
    command = Path(sysconfig.get_path("scripts"), "jupyter-book")
    # Stock kernels find the book's package like that; ours do in any case.
    path = book if kind == STOCK else ROOT
    start = time.time()
    process = subprocess.Popen(
        [command, "build", "."],
        cwd=book,
        env=os.environ | {"PYTHONPATH": str(path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    peak = [0]
    if watch:
        watcher = threading.Thread(target=_watch, args=(process.pid, peak))
        watcher.start()
    _, errors = process.communicate()
    seconds = time.time() - start
    if process.returncode or "WARNING:" in errors:
        raise SystemExit(f"{errors}\nerror: the {kind} build has failed")
    ready, executed = 0.0, set()
    for record in get_cache(
        book / "_build/.jupyter_cache"
    ).list_cache_records():
        created = record.created.replace(tzinfo=UTC).timestamp()
        if created >= start:
            ready = max(ready, created - start)
            executed.add(Path(record.uri).stem)
    figures = len(list(book.glob("_build/html/_images/*.svg")))
    return Build(seconds, ready, executed, figures, peak[0])


def _watch(pid: int, peak: list[int]) -> None:
    """Find out how much memory a process and its children take.

    What they share, such as what a fork has not touched, counts once (where
    the system tells).
    """
    while psutil.pid_exists(pid):
        total = 0
        try:
            parent = psutil.Process(pid)
            if parent.status() == psutil.STATUS_ZOMBIE:
                return
            for process in [parent, *parent.children(recursive=True)]:
                try:
                    memory = process.memory_full_info()
                except psutil.Error:
                    continue
                total += getattr(memory, "pss", memory.rss)
        except psutil.Error:
            return
        peak[0] = max(peak[0], total)
        time.sleep(0.1)


def extract(book: Path) -> float:
    """Write the book's package; return the seconds it took."""
    start = time.time()
    command = [sys.executable, "-m", "booktools", "extract"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(
        [*command, "--book", book],
        env=env,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.time() - start


def write_this_book(root: Path, kind: str, edition: str = "") -> None:
    """Copy this book, with one of its editions or none.

    Stock does without the directives that are ours.
    """
    for pattern in ("*.md", "*.yml", "pyproject.toml"):
        for path in ROOT.glob(pattern):
            shutil.copy(path, root)
    for name in filter(None, ("chapters", "d2lmini", edition)):
        shutil.copytree(ROOT / name, root / name)
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    settings = config["sphinx"]["config"]
    editions = settings.pop("booktools_editions")
    if edition:
        settings["booktools_editions"] = {edition: editions[edition]}
    if kind == STOCK:
        config["sphinx"]["extra_extensions"].remove("booktools.sphinxext")
        del settings["booktools_package"]
    text = yaml.safe_dump(config, allow_unicode=True)
    (root / "_config.yml").write_text(text, "utf-8")
    extract(root)
    if kind == STOCK:
        for path in root.glob("chapters/*.md"):
            text = OURS_ONLY.sub("", path.read_text("utf-8"))
            path.write_text(text, "utf-8")


def measure_cold(
    table: Table, rounds: int, kinds: str, with_this: bool
) -> None:
    """Measure builds from nothing."""

    def write_generated(root: Path, kind: str) -> None:
        write_course(root, ROOT if kind == OURS else None, kinds)
        extract(root)

    books: dict[str, Callable[[Path, str], None]] = {
        f"{len(kinds)} chapters": write_generated,
    }
    if with_this:
        books["this book"] = write_this_book
    for name, write in books.items():
        # The first round is for memory, and warms up the disk for the others:
        # a look at the memory costs time.
        for number in range(rounds + 1):
            for kind in _turns(number):
                with TemporaryDirectory(prefix="bench-") as folder:
                    write(Path(folder), kind)
                    done = build(Path(folder), kind, watch=not number)
                if not number:
                    megabytes = done.memory / 1e6
                    table.add(f"{name}: peak memory, MB", kind, megabytes)
                    continue
                table.add(f"{name}: outputs ready, s", kind, done.ready)
                table.add(f"{name}: cold build, s", kind, done.seconds)
                if write == write_generated:
                    figures = 3 * len(kinds)
                    table.expect(f"{kind}: figures", done.figures, figures)


def measure_editions(table: Table, rounds: int) -> None:
    """Measure what an edition in another language costs this book."""
    names = {"": "alone", EDITION: "and its edition"}
    for number in range(rounds):
        for edition in list(names)[:: -1 if number % 2 else 1]:
            with TemporaryDirectory(prefix="bench-") as folder:
                book = Path(folder)
                write_this_book(book, OURS, edition)
                done = build(book, OURS)
                what = f"this book {names[edition]}: cold build, s"
                table.add(what, OURS, done.seconds)
                chapters = {
                    path.stem
                    for path in book.glob("chapters/*.md")
                    if RUNS.search(path.read_text("utf-8"))
                }
                table.expect(f"{what}: executed", done.executed, chapters)
                if edition:
                    page = book / edition / "chapters" / "calculus.md"
                    text = page.read_text("utf-8")
                    page.write_text(f"{text}\nOne more line.\n", "utf-8")
                    seconds = build(book, OURS).seconds
                    table.add("a paragraph of its edition, s", OURS, seconds)
                    seconds = build(book, OURS).seconds
                    table.add("no-op with its edition, s", OURS, seconds)


def measure_edits(table: Table, rounds: int, kinds: str) -> None:
    """Measure builds after edits, without the extraction before them."""
    # What is edited, where, from what to what, and who is to run again.
    edits: list[tuple[str, int, str, str, set[str]]] = [
        ("no-op", 0, "", "", set()),
        ("prose edit", 1, "导数告诉", "第 {} 次：导数告诉", set()),
        ("one-cell edit, NumPy", 2, "= 1.0", "= 1.{}", {"chapter_2"}),
    ]
    if kinds[3:4] == "t":
        cell = ("= 1.0", "= 1.{}", {"chapter_3"})
        edits += [("one-cell edit, PyTorch", 3, *cell)]
    with TemporaryDirectory(prefix="bench-") as folder:
        books = {kind: Path(folder, kind) for kind in KINDS}
        for kind, book in books.items():
            users = write_course(book, ROOT if kind == OURS else None, kinds)
            extract(book)
            build(book, kind)
        edits += [("helper edit", 0, "grid()", "grid(lw=1.{})", {*users})]
        files = [f"chapters/chapter_{i}.md" for i in range(len(kinds))]
        texts = [(book / name).read_text("utf-8") for name in files]
        for number in range(rounds):
            for what, i, old, new, wanted in edits:
                text = texts[i].replace(old, new.format(number + 1), 1)
                for kind in _turns(number):
                    book = books[kind]
                    if what != "no-op":
                        (book / files[i]).write_text(text, "utf-8")
                        extract(book)
                    done = build(book, kind)
                    table.add(f"{what}, s", kind, done.seconds)
                    if what == "helper edit":
                        count = f"{what}: chapters executed"
                        table.add(count, kind, len(done.executed))
                    # Where others use a helper, stock has stale outputs.
                    if kind == OURS or what != "helper edit":
                        ran = f"{kind}, {what}: executed"
                        table.expect(ran, done.executed, wanted)


def measure_write(table: Table, rounds: int, kinds: str) -> None:
    """Measure how soon an open page shows an edit."""
    with TemporaryDirectory(prefix="bench-") as folder:
        write_course(Path(folder), ROOT, kinds)
        measure_writing(
            *(Path(folder), ROOT, rounds),
            lambda what, seconds: table.add(what, OURS, seconds),
        )


def measure_growth(table: Table, rounds: int, sizes: list[int]) -> None:
    """Measure what every build does, however little was edited."""
    for size in sizes:
        with TemporaryDirectory(prefix="bench-") as folder:
            books = {kind: Path(folder, kind) for kind in KINDS}
            for kind, book in books.items():
                write_many(book, ROOT if kind == OURS else None, size)
                extract(book)
                build(book, kind)
            for number in range(rounds):
                for kind in _turns(number):
                    done = build(books[kind], kind)
                    what = f"{size} small chapters: no-op, s"
                    table.add(what, kind, done.seconds)
            # Not between builds: files that are written again are a change.
            for _ in range(rounds):
                shutil.rmtree(books[OURS] / "d2lmini")
                what = f"{size} small chapters: extraction, s"
                table.add(what, OURS, extract(books[OURS]))


def measure_pages(table: Table, rounds: int) -> None:
    """Measure the same page of both.

    Where a CDN cannot be reached, the formulas of stock are missing, and what
    they weigh.
    """
    if not install():
        raise SystemExit("error: npm could not install Lighthouse")
    with TemporaryDirectory(prefix="bench-") as folder:
        books = {kind: Path(folder, kind) for kind in KINDS}
        for kind, book in books.items():
            book.mkdir()
            write_this_book(book, kind)
            build(book, kind)
        for number in range(rounds):
            for kind in _turns(number):
                with serve(books[kind] / "_build/html") as address:
                    page = measure(address + "chapters/calculus.html")
                for what, value in page.items():
                    table.add(f"calculus page: {what}", kind, value)


def measure_mystmd(table: Table, rounds: int, kinds: str) -> None:
    """Measure Jupyter Book 2, in the place of stock."""
    try:
        mystmd.prepare()
    except mystmd.UnavailableError as error:
        table.notes.append(f"Jupyter Book 2 is not measured: {error}")
        return
    what = f"{len(kinds)} chapters, Jupyter Book 2"
    for number in range(rounds):
        for kind in _turns(number):
            with TemporaryDirectory(prefix="bench-") as folder:
                book = Path(folder)
                write_course(book, ROOT if kind == OURS else None, kinds)
                extract(book)
                if kind == OURS:
                    done = build(book, kind)
                    ready, figures = done.ready, done.figures
                else:
                    ready, figures = mystmd.build(book)
            table.add(f"{what}: outputs ready, s", kind, ready)
            table.expect(f"{what}: figures", figures, 3 * len(kinds))


def _turns(number: int) -> tuple[str, ...]:
    return KINDS[:: -1 if number % 2 else 1]


def report(table: Table, options: str) -> str:
    """Return the results as a page."""
    versions = [f"{name} {metadata.version(name)}" for name in VERSIONS]
    memory = psutil.virtual_memory().total / 2**30
    lines = [
        "# Results of `make bench`",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; {', '.join(versions)}.",
        f"Options: {options or 'none'}.  Medians (least to most).  What is",
        "measured, and how: `run.py` and `make_book.py` beside this file.",
        "In rows of Jupyter Book 2 it stands in the place of stock.",
        "",
        *table.lines(),
        "",
        *(f"{note}\n" for note in table.notes),
        *(f"**In doubt**: {doubt}\n" for doubt in table.doubts),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Measure and write down; return 1 if a build did what it should not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART"
    )
    parser.add_argument(
        "--quick", action="store_true", help="see if it runs: tiny books, once"
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).with_name("results.md")
    )
    arguments = parser.parse_args()
    rounds, kinds, sizes = arguments.rounds, "nt" * 5, [10, 100, 1000]
    if arguments.quick:
        rounds, kinds, sizes = 1, "nnn", [4]
    table = Table()
    if "cold" in arguments.only:
        measure_cold(table, rounds, kinds, not arguments.quick)
    if "editions" in arguments.only and not arguments.quick:
        measure_editions(table, rounds)
    if "edits" in arguments.only:
        measure_edits(table, rounds, kinds)
    if "write" in arguments.only:
        measure_write(table, rounds, kinds)
    if "growth" in arguments.only:
        measure_growth(table, rounds, sizes)
    if "pages" in arguments.only and not arguments.quick:
        measure_pages(table, max(rounds, 5))
    if "mystmd" in arguments.only:
        measure_mystmd(table, rounds, kinds)
    text = report(table, " ".join(sys.argv[1:]))
    arguments.output.write_text(text, "utf-8")
    print(text)
    return 1 if table.doubts else 0


if __name__ == "__main__":
    sys.exit(main())
