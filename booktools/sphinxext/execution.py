"""Code runs before pages are read; what fails stops the build.

MyST-NB looks for outputs in a cache, by a key made of a notebook's code cells
and ``kernelspec``.  So what outputs depend on goes into a digest, the digest
goes into the ``kernelspec``, and what the cache does not have is run and put
there first.  When MyST-NB looks, it only ever finds.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from myst_nb.core.read import create_nb_reader
from nbformat.v4 import new_code_cell, new_notebook
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from booktools.problem import BookError, Problem
from booktools.render.script import find_unscriptable
from booktools.run import cache, checks, execute
from booktools.run.cluster import cluster
from booktools.run.front_matter import (
    kernelspec,
    read_limits,
    with_front_matter,
)
from booktools.run.job import Job, Outcome, Part
from booktools.run.kernels import SETTINGS
from booktools.run.limits import Limits
from booktools.run.local import prepare, this_machine
from booktools.run.shards import Shard, share, wanted_shard
from booktools.source.chapter import Chapter, read_chapter
from booktools.source.config import CONFIG
from booktools.source.deps import chapter_digest, chapter_files
from booktools.source.macros import expand
from booktools.source.options import is_notebook
from booktools.source.parts import Cell
from booktools.source.text import read_text
from booktools.sphinxext.order import Stage, connect
from booktools.sphinxext.state import Build, Tested, build, memory
from booktools.sphinxext.stopping import stop

LOGGER = logging.getLogger(__name__)

# How a line of a list begins that shows boxes to tick.
_TASK = re.compile(r"\s*([-+*]|\d+[.)]) \[[ xX]\] ")


def setup(app: Sphinx) -> None:
    """Run code between finding out what has changed and reading it."""
    app.setup_extension("myst_nb")
    execution = _Execution()
    connect(app, Stage.SETTINGS, _run_what_is_new)
    connect(app, Stage.BUILDER, execution.read_chapters)
    connect(app, Stage.OUTDATED, execution.find_outdated)
    connect(app, Stage.BEFORE_READING, execution.run)
    connect(app, Stage.SOURCE, execution.add_digest)


def _run_what_is_new(app: Sphinx, config: Config) -> None:
    # Jupyter Book's default: what has no outputs runs.
    if config.nb_execution_mode == "auto":
        config.nb_execution_mode = "cache"


class _Code(NamedTuple):
    """A chapter with code, its limits, digests of what it depends on."""

    chapter: Chapter
    limits: Limits
    digests: tuple[str, str]  # for cells, for checks


class _Execution:
    """The code of one build."""

    _codes: dict[str, _Code]  # by docname
    _shard: Shard | None  # all that this build is for

    def read_chapters(self, app: Sphinx) -> None:
        """Read the book, and find out what the outputs in it depend on."""
        self._shard = wanted_shard()
        mode = app.config.nb_execution_mode
        if mode not in ("cache", "off"):
            what = f"execute_notebooks is {mode!r}"
            hint = "execute: {execute_notebooks: cache}"
            stop([Problem(CONFIG, 1, "execution-mode", what, hint)])
        this = build(app)
        chapters = this.book.chapters
        env: Any = app.env
        cached = Path(env.mystnb_config.execution_cache_path).exists()
        # Where all code is new, imports need not wait for what comes first.
        runs = mode == "cache" and not this.origin
        if runs and not cached and _forks():
            codes = ["\n".join(x.source for x in c.cells) for c in chapters]
            codes += [
                "\n".join(
                    checks.imports_of(check.source) for check in c.checks
                )
                for c in chapters
            ]
            prepare(this.book.root, list(filter(None, codes)))
        if problems := [p for c in chapters for p in find_unscriptable(c)]:
            stop(problems)
        self._codes = {}
        problems = []
        for chapter in chapters:
            if chapter.cells or chapter.checks:
                try:
                    self._codes[chapter.docname] = _read_code(this, chapter)
                except BookError as error:
                    problems += error.problems
        if problems:
            stop(problems)

    def find_outdated(self, app: Sphinx, env: Any, *_: object) -> list[str]:
        """Return the chapters whose outputs are not what they were."""
        old = memory(env).outputs
        return [n for n, c in self._codes.items() if old.get(n) != c.digests]

    def run(self, app: Sphinx, env: Any, docnames: list[str]) -> None:
        """Run what the cache does not have."""
        path = Path(env.mystnb_config.execution_cache_path)
        codes = [self._codes[name] for name in docnames if name in self._codes]
        if build(app).origin:
            jobs = self._copy_outputs(app, env, codes)
            self._remember(env, docnames, jobs, build(app).cache)
            return
        root = Path(env.srcdir)
        jobs = [job for code in codes for job in _jobs(code, env, root)]
        store = cache.open_cache(path)
        new = [j for j in jobs if not cache.is_cached(store, j.notebook)]
        cache.make_room(store, 4 * len(self._codes))  # two builds' worth
        # Of one build for all, too, the longest come first.
        seconds = cache.known_seconds(store) if new else {}
        new = share(new, self._shard or Shard(1, 1), seconds)
        if self._shard:
            jobs = new
        done: list[Outcome] = []
        before = _build_files(env)

        def report(outcome: Outcome) -> None:
            done.append(outcome)
            if not outcome.problems:
                cache.store(store, outcome)
            if sys.stdout.isatty():
                LOGGER.info(f"[{len(done)}/{len(new)}] {_timing(outcome)}")

        execute.run(new, _place(new, build(app)), report)
        if problems := [p for outcome in done for p in outcome.problems]:
            for outcome in sorted(done, key=lambda o: o.job.path):
                sys.stderr.write(outcome.traceback)
            stop(problems)
        if new:
            cache.check_cache(path, jobs)
            for name, state in _build_files(env).items():
                if state != before[name]:
                    raise SystemExit(f"code has changed {name} while it ran")
        slowest = sorted(done, key=lambda o: o.seconds, reverse=True)[:3]
        counts = f"{len(done)} executed, {len(jobs) - len(done)} from cache"
        LOGGER.info("; ".join(["code: " + counts, *map(_timing, slowest)]))
        if self._shard:
            LOGGER.info(f"share {self._shard} is in the cache; no page made")
            raise SystemExit(0)
        self._remember(env, docnames, jobs, path)

    def _copy_outputs(
        self, app: Sphinx, env: Any, codes: list[_Code]
    ) -> list[Job]:
        """Give the cells of an edition the outputs of their source.

        The texts in the options of cells are part of the key in the cache.
        Returns the jobs of the source.
        """
        this, root = build(app), Path(env.srcdir)
        path = Path(env.mystnb_config.execution_cache_path)
        store, known = cache.open_cache(path), cache.open_cache(this.cache)
        cache.make_room(store, 4 * len(self._codes))
        originals = []
        for code in codes:
            there = _jobs(_original(code, this), env, this.source_root)
            for original, job in zip(
                there, _jobs(code, env, root), strict=True
            ):
                originals.append(original)
                if not job.is_check and not cache.is_cached(
                    store, job.notebook
                ):
                    cache.copy_outputs(known, original.notebook, store, job)
        cache.check_cache(this.cache, originals)
        return originals

    def _remember(
        self, env: Any, docnames: list[str], jobs: list[Job], path: Path
    ) -> None:
        """Remember what pages show outputs of, and what was tested."""
        known = memory(env)
        known.outputs = {n: code.digests for n, code in self._codes.items()}
        # On all other pages it says that checks have not run.
        checks = [job for job in jobs if job.is_check]
        known.checked = known.checked.difference(docnames) | {
            job.path.removesuffix(".md") for job in checks
        }
        known.tested = {
            key: done
            for key, done in known.tested.items()
            if key[0] not in docnames
        }
        for job in checks:
            known.tested |= _read_tests(path, job)

    def add_digest(self, app: Sphinx, docname: str, source: list[str]) -> None:
        """Put the digest of a chapter into what MyST-NB reads."""
        code = self._codes.get(docname)
        if code and code.chapter.cells:
            source[0] = _with_digest(source[0], code)
            return
        chapter = build(app).chapters.get(docname)
        if chapter and is_notebook(matter := chapter.front_matter):
            # There is nothing to run, but MyST-NB would start a kernel.
            options = (matter.get("mystnb") or {}) | {"execution_mode": "off"}
            matter = matter | {"mystnb": options}
            source[0] = with_front_matter(source[0], matter)


def _original(code: _Code, this: Build) -> _Code:
    """Return, of the code of an edition, that of its source."""
    root, path = this.source_root, code.chapter.path
    chapter = read_chapter(path, (root / path).read_bytes(), root)
    return code._replace(chapter=chapter)


def _build_files(env: Any) -> dict[str, object]:
    """Return the state of files that the rest of the build goes by."""
    paths = [Path(env.doc2path(name)) for name in sorted(env.found_docs)]
    states = {str(p): p.is_file() and p.read_bytes() for p in paths}
    return states | {str(env.doctreedir): Path(env.doctreedir).is_dir()}


def _read_code(this: Build, chapter: Chapter) -> _Code:
    """Find out what the outputs of a chapter depend on.

    Raises
    ------
    BookError
        If its front matter names limits, or files, that there are not.
    """
    root = this.book.root
    limits = read_limits(root, chapter)
    tests = tuple(
        Cell(number, check.line, checks.imports_of(check.source), {}, None)
        for number, check in enumerate(chapter.checks)
    )

    def digest(cells: tuple[Cell, ...]) -> str:
        parts = [
            chapter_digest(this.library, replace(chapter, cells=cells), root),
            chapter.path.rpartition("/")[0],  # where it runs
            SETTINGS.read_text("utf-8"),
            str(limits),
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    return _Code(chapter, limits, (digest(chapter.cells), digest(tests)))


def _jobs(code: _Code, env: Any, root: Path) -> Iterator[Job]:
    """Return what there is to run in a chapter: its cells, its checks."""
    chapter = code.chapter
    config = env.mystnb_config
    options = chapter.front_matter.get("mystnb") or {}
    if options.get("execution_mode", config.execution_mode) == "off":
        return
    timeout = int(options.get("execution_timeout", config.execution_timeout))
    path = root / chapter.path
    if chapter.cells:
        text = _with_digest(read_text(path), code)
        # What MyST-NB makes of the chapter, or it would not be found.
        reader: Any = create_nb_reader(
            str(path), env.myst_config, config, text
        )
        try:
            notebook = reader.read(text)
        except IndexError:
            stop([_task_list(chapter, text)])
        notebook.cells = [c for c in notebook.cells if c.cell_type == "code"]
        parts = tuple(
            Part(f"code cell {cell.number}", cell.line, cell.source)
            for cell in chapter.cells
        )
        yield Job(
            *(chapter.path, notebook, parts, root, path.parent, timeout),
            code.limits,
        )
    if chapter.checks:
        spec = kernelspec(chapter, code.digests[1])
        macros = env.config.booktools_macros
        formulas = {f.label: f for f in chapter.formulas}
        notebook = new_notebook(metadata={"kernelspec": spec})
        parts = ()
        for check in chapter.checks:
            formula = formulas[check.label]
            tex = expand(formula.tex, macros)
            notebook.cells.append(
                new_code_cell(checks.cell(check.source, tex))
            )
            # By itself, a formula is tested where it stands.
            line = check.line if check.source else formula.line
            place = f"check {check.label}"
            parts += (Part(place, line, check.source, tex),)
        yield Job(
            *(chapter.path, notebook, parts, root, path.parent, timeout),
            code.limits,
        )


def _read_tests(path: Path, job: Job) -> dict[tuple[str, str], Tested]:
    """Return what was done where formulas were tested by themselves."""
    if all(part.source for part in job.parts):
        return {}
    cells = cache.with_outputs(path, job.notebook).cells
    docname = job.path.removesuffix(".md")
    return {
        (docname, part.place.removeprefix("check ")): Tested(
            **json.loads(cell.outputs[0].text)
        )
        for part, cell in zip(job.parts, cells, strict=True)
        if not part.source
    }


def _task_list(chapter: Chapter, text: str) -> Problem:
    """Return what makes MyST-NB fail: the extension `tasklist` on a list."""
    lines = enumerate(text.splitlines(), 1)
    line = next((i for i, t in lines if _TASK.match(t)), 1)
    what = "a chapter with code cannot have a list of tasks"
    hint = "write an ordinary list; or take tasklist out of _config.yml"
    return Problem(chapter.path, line, "task-list", what, hint)


def _with_digest(text: str, code: _Code) -> str:
    """Return the text of a chapter with a digest in its front matter."""
    matter = dict(code.chapter.front_matter)
    matter["kernelspec"] = kernelspec(code.chapter, code.digests[0])
    return with_front_matter(text, matter)


def _place(
    jobs: list[Job], this: Build
) -> AbstractContextManager[execute.Place]:
    """Return where jobs run."""
    scheduler = os.environ.get("BOOK_DASK")
    if not scheduler:
        return this_machine(jobs, _workers(), _forks())
    root, package = this.book.root, this.book.package

    def files(job: Job) -> list[Path]:
        chapter = this.chapters[job.path.removesuffix(".md")]
        sources = [part.source for part in job.parts]
        return chapter_files(chapter, sources, package, root)

    return cluster(scheduler, root, files)


def _forks() -> bool:
    """Tell whether kernels on this machine may be forks."""
    there = os.environ.get("BOOK_DASK")
    return not there and os.environ.get("BOOK_FORK") != "0"


def _workers() -> int:
    """Return how many notebooks run at a time."""
    wish = os.environ.get("BOOK_JOBS") or str(os.cpu_count() or 1)
    if not wish.isdecimal() or not int(wish):
        raise SystemExit(f"BOOK_JOBS must be a number above 0, not {wish!r}")
    return int(wish)


def _timing(outcome: Outcome) -> str:
    job = outcome.job
    what = " (checks)" * job.is_check
    return f"{job.path}{what} {outcome.seconds:.1f} s"
