"""Where the outputs of chapters are kept between builds (jupyter-cache)."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_cache.base import CacheBundleIn, CacheBundleOut
from jupyter_cache.cache.db import NbCacheRecord
from jupyter_cache.cache.main import JupyterCacheBase
from nbformat import NotebookNode
from sqlalchemy.exc import SQLAlchemyError

from booktools.problem import BookError, Problem
from booktools.run.job import Job, Outcome


def open_cache(path: Path) -> JupyterCacheBase:
    """Open a cache, without what a killed build has left half done in it."""
    cache = JupyterCacheBase(path)
    try:
        try:
            records = cache.list_cache_records()
            cache.list_project_records()
            cache.get_cache_limit()
        except (RuntimeError, SQLAlchemyError):
            cache.clear_cache()
            records = cache.list_cache_records()
    except (OSError, SQLAlchemyError) as error:
        why = "a folder's name with % or ?, or that may not be written to?"
        what = f"{getattr(error, 'orig', error)} ({why})"
        raise SystemExit(f"the cache {path} cannot be used: {what}") from None
    for record in records:
        if not (_folder(cache, record) / "base.ipynb").is_file():
            _forget(cache, record)
    return cache


def check_cache(path: Path, jobs: Iterable[Job]) -> None:
    """End the build if outputs are not in its cache, or MyST-NB runs code."""
    cache = open_cache(path)
    for job in jobs:
        if not is_cached(cache, job.notebook):
            what = f"the outputs of {job.path} have been lost from {path}"
            why = "the disk is full, or code deletes its own build"
            raise SystemExit(f"{what}: {why}")


def is_cached(cache: JupyterCacheBase, notebook: NotebookNode) -> bool:
    """Tell whether a cache has the outputs of a notebook."""
    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    try:
        cache.get_cache_bundle(record.pk)
    except ValueError:  # half a notebook
        _forget(cache, record)
        return False
    return True


def with_outputs(path: Path, notebook: NotebookNode) -> NotebookNode:
    """Return a notebook with the outputs that the cache has, if it has any."""
    try:
        found = JupyterCacheBase(path).merge_match_into_notebook(notebook)
    except KeyError:  # it does not run
        return notebook
    merged: NotebookNode = found[1]
    return merged


def store(cache: JupyterCacheBase, outcome: Outcome) -> None:
    """Put the outputs of a job that went well into a cache, if possible."""
    job = outcome.job
    data = {"execution_seconds": outcome.seconds, "is_check": job.is_check}
    bundle = CacheBundleIn(job.notebook, job.path, data=data)
    with suppress(OSError, RuntimeError, SQLAlchemyError):  # see `check_cache`
        cache.cache_notebook_bundle(
            bundle, check_validity=False, overwrite=True
        )


def copy_outputs(
    source: JupyterCacheBase,
    original: NotebookNode,
    target: JupyterCacheBase,
    job: Job,
) -> None:
    """Give a job the outputs of a notebook with the same code.

    Parameters
    ----------
    source : JupyterCacheBase
        The cache that has the notebook.
    original : NotebookNode
        The notebook; its cells may have other metadata.
    target : JupyterCacheBase
        The cache that is to have the outputs of the job.
    job : Job
        What does not run.
    """
    try:
        bundle = source.get_cache_bundle(
            source.match_cache_notebook(original).pk
        )
    except (KeyError, ValueError):  # `check_cache` will say it
        return
    for cell, ran in zip(job.notebook.cells, bundle.nb.cells, strict=True):
        cell.outputs = ran.outputs
        cell.execution_count = ran.execution_count
    for name, value in bundle.nb.metadata.items():
        job.notebook.metadata.setdefault(name, value)
    copy = CacheBundleIn(job.notebook, job.path, data=bundle.record.data)
    with suppress(OSError, RuntimeError, SQLAlchemyError):
        target.cache_notebook_bundle(copy, check_validity=False)


def make_room(cache: JupyterCacheBase, notebooks: int) -> None:
    """Let a cache hold so many notebooks: it drops others beyond 1,000."""
    if cache.get_cache_limit() < notebooks:
        cache.change_cache_limit(notebooks)


def known_seconds(cache: JupyterCacheBase) -> dict[tuple[str, bool], float]:
    """Return how long jobs took when they last ran, by their keys."""
    return {
        (record.uri, data.get("is_check", False)): data["execution_seconds"]
        for record in cache.list_cache_records()
        if "execution_seconds" in (data := record.data or {})
    }


def read_bundles(path: Path) -> list[CacheBundleOut]:
    """Return what another cache has, but for what a killed build left.

    Raises
    ------
    BookError
        If there is no cache.
    """
    if not (path / "global.db").is_file():
        raise BookError([_no_cache(path, "it has no global.db")])
    bundles = []
    # jupyter-cache writes into what it reads.
    with TemporaryDirectory(prefix="cache-") as folder:
        copy = JupyterCacheBase(shutil.copytree(path, Path(folder, "copy")))
        try:
            for record in copy.list_cache_records():
                with suppress(KeyError, ValueError):
                    bundles.append(copy.get_cache_bundle(record.pk))
        except (RuntimeError, SQLAlchemyError) as error:
            why = getattr(error, "orig", error)
            raise BookError([_no_cache(path, why)]) from None
    return bundles


def _no_cache(path: Path, why: object) -> Problem:
    what = f"this is no cache of outputs: {why}"
    hint = "name a folder that a build has made: _build/.jupyter_cache"
    return Problem(path.as_posix(), 1, "not-a-cache", what, hint)


def add(cache: JupyterCacheBase, bundle: CacheBundleOut) -> bool:
    """Put a notebook of another cache into one; not if it is there."""
    if is_cached(cache, bundle.nb):
        return False
    record = bundle.record
    copy = CacheBundleIn(bundle.nb, record.uri, data=record.data)
    cache.cache_notebook_bundle(copy, check_validity=False)
    return True


def _folder(cache: JupyterCacheBase, record: NbCacheRecord) -> Path:
    """Return where a cache keeps the notebook of a record."""
    return Path(cache.path, "executed", record.hashkey)


def _forget(cache: JupyterCacheBase, record: NbCacheRecord) -> None:
    """Remove a record whose notebook is missing or damaged."""
    # In this order: a folder without a record would be in the way for ever.
    shutil.rmtree(_folder(cache, record), ignore_errors=True)
    NbCacheRecord.remove_record(record.pk, cache.db)
