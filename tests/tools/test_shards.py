"""Shares of a book on machines that know nothing of each other."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_notebook, new_output

from booktools.run import cache
from booktools.run.job import Job, Outcome, Part
from booktools.run.shards import Shard, share, wanted_shard
from tests.books import CASES, COMMAND, ROOT
from tests.tools.test_make import MAKE, write_command

CONFIG = (CASES / "books" / "places" / "_config.yml").read_text("utf-8")
CHAPTER = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---
# A chapter

```{code-cell}
%s
```
"""


def make_job(path: str, *, is_check: bool = False) -> Job:
    spec = {"name": "python3", "display_name": "Python 3", "booktools": path}
    cell = new_code_cell(path + " check" * is_check)
    cell.outputs = [new_output("stream", name="stdout", text=path)]
    notebook = new_notebook(metadata={"kernelspec": spec}, cells=[cell])
    part = Part("check eq-x" if is_check else "code cell 1", 1, "1")
    return Job(path, notebook, (part,), Path(), Path(), 30)


@pytest.mark.parametrize(
    "wish", ["0/3", "4/3", "x", "1", "/", "1/", "-1/2", "1/2/3", "1 /2", "²/3"]
)
def test_what_is_no_share(wish, monkeypatch, capsys):
    monkeypatch.setenv("BOOK_SHARD", wish)
    with pytest.raises(SystemExit) as error:
        wanted_shard()
    assert error.value.code == 2
    assert capsys.readouterr().err == (
        "error: a share is k/n, the first of four is 1/4 (SHARD, BOOK_SHARD);"
        f" not {wish!r}\n"
    )


def test_what_is_a_share(monkeypatch):
    monkeypatch.setenv("BOOK_SHARD", "")
    assert wanted_shard() is None
    monkeypatch.setenv("BOOK_SHARD", "2/3")
    assert wanted_shard() == Shard(2, 3)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 40])
def test_shares_are_the_whole_and_balanced(count):
    chance = random.Random(count)
    jobs = [
        make_job(f"{i}.md", is_check=check)
        for i in range(15)
        for check in (False, True)
    ]
    seconds = {job.key: chance.uniform(1, 60) for job in jobs[:20]}
    shares = [
        share(jobs, Shard(k, count), seconds) for k in range(1, count + 1)
    ]
    assert sorted(job.key for part in shares for job in part) == sorted(
        job.key for job in jobs
    )
    usual = sum(seconds.values()) / len(seconds)
    times = {job.key: seconds.get(job.key, usual) for job in jobs}
    loads = [sum(times[job.key] for job in part) for part in shares]
    # No better than this by more than a third, as Graham has shown.
    best = max(max(times.values()), sum(times.values()) / count)
    assert max(loads) <= best * 4 / 3
    # Whatever order the jobs are in.
    chance.shuffle(jobs)
    for k, part in enumerate(shares, 1):
        assert share(jobs, Shard(k, count), seconds) == part


def test_without_times_shares_have_the_same_size():
    jobs = [make_job(f"{i}.md") for i in range(10)]
    sizes = [len(share(jobs, Shard(k, 3), {})) for k in (1, 2, 3)]
    assert sorted(sizes) == [3, 3, 4]


def fill(folder, *jobs, seconds=1.0):
    there = cache.open_cache(folder)
    for job in jobs:
        cache.store(there, Outcome(job, seconds, ()))
    return there


def test_times_are_those_of_the_last_run(tmp_path):
    job, check = make_job("a.md"), make_job("a.md", is_check=True)
    there = fill(tmp_path / "cache", job, check, seconds=2)
    changed = make_job("a.md")
    changed.notebook.cells[0].source = "other code"
    fill(tmp_path / "cache", changed, seconds=3)
    times = cache.known_seconds(there)
    assert times == {("a.md", False): 3, ("a.md", True): 2}


def outputs(folder):
    """Return what a cache has: key -> whose, and its outputs."""
    there = get_cache(folder)
    return {
        record.hashkey: (
            record.uri,
            record.data,
            there.get_cache_bundle(record.pk).nb.cells[0].outputs,
        )
        for record in there.list_cache_records()
    }


def test_merge(tmp_path, builder):
    own = tmp_path / "_build" / ".jupyter_cache"
    kept, other = make_job("kept.md"), make_job("kept.md")
    other.notebook.cells[0].outputs = []
    fill(own, kept)
    before = outputs(own)
    one, two = tmp_path / "one", tmp_path / "two"
    fill(one, other, make_job("a.md"), make_job("b.md"))
    fill(two, make_job("b.md"), make_job("b.md", is_check=True))
    # A build that was killed there has left half a notebook.
    half = fill(two, make_job("half.md")).list_cache_records()[-1]
    damaged = two / "executed" / half.hashkey / "base.ipynb"
    damaged.write_text("{")
    done = builder.tools(tmp_path, "merge", "one", "two")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "_build/.jupyter_cache: 3 notebooks copied from 2 caches, "
        "2 there already\n"
    )
    damaged.unlink()
    cache.open_cache(two)  # which forgets it
    merged = outputs(own)
    assert merged == outputs(two) | outputs(one) | before
    names = {uri for uri, _, _ in merged.values()}
    assert names == {"kept.md", "a.md", "b.md"}
    # Again, and nothing happens.
    done = builder.tools(tmp_path, "merge", "one", "two")
    assert " 0 notebooks copied" in done.stdout
    assert outputs(own) == merged


def test_merge_of_more_than_the_cache_holds_by_default(tmp_path):
    """That is 1,000 notebooks; then it drops those not used for longest."""
    there = fill(tmp_path / "cache", make_job("a.md"))
    there.change_cache_limit(2)
    cache.make_room(there, 3)
    fill(tmp_path / "cache", make_job("b.md"), make_job("c.md"))
    assert len(there.list_cache_records()) == 3
    cache.make_room(there, 1)
    assert there.get_cache_limit() == 3


@pytest.mark.parametrize("what", ["nothing", "folder", "file", "other"])
def test_what_is_no_cache_is_refused(what, tmp_path, builder):
    fill(tmp_path / "good", make_job("a.md"))
    path = tmp_path / "bad"
    if what == "file":
        path.write_text("")
    elif what != "nothing":
        path.mkdir()
    if what == "other":
        (path / "global.db").write_bytes(b"no database" * 1000)
    before = sorted(tmp_path.rglob("*"))
    done = builder.tools(tmp_path, "merge", "good", "bad")
    assert done.returncode == 1
    why = (
        "file is not a database" if what == "other" else "it has no global.db"
    )
    said = f"bad:1: error: this is no cache of outputs: {why} [not-a-cache]\n"
    assert done.stderr.startswith(said)
    assert done.stderr.endswith("\n1 problem\n")
    # Not even the good one has got anywhere.
    assert [
        p for p in sorted(tmp_path.rglob("*")) if ".log" not in p.name
    ] == [p for p in before if ".log" not in p.name]


@pytest.fixture
def small(new_book):
    """Make a book of three chapters."""
    chapters = {
        f"chapters/{name}.md": CHAPTER % f"print({name!r})" for name in "abc"
    }
    return new_book({"_config.yml": CONFIG, **chapters})


def test_a_wrong_share_ends_the_build_at_once(small):
    result = small.build(BOOK_SHARD="4/3")
    assert result.returncode == 2
    assert result.stderr.startswith("error: a share is k/n, the first of four")
    assert not (small.root / "_build" / ".jupyter_cache").exists()


def test_shares_of_a_book(small):
    """A failing chapter fails its share; the site stays as it is."""
    small.succeed()
    site = small.site()
    for name in "abc":
        small.add(f"chapters/{name}.md", "\n```{code-cell}\n1\n```\n")
    small.replace("chapters/b.md", "print('b')", "1 / 0")
    before = small.root.with_name("before")
    shutil.copytree(small.root, before)
    results = []
    for k in (1, 2):
        shutil.rmtree(small.root)
        shutil.copytree(before, small.root)
        results.append(small.build(BOOK_SHARD=f"{k}/2"))
        assert small.site() == site
    good, failed = sorted(results, key=lambda result: result.returncode)
    assert (good.returncode, good.stderr) == (0, "")
    assert "is in the cache; no page made" in good.stdout
    assert failed.returncode == 1
    assert failed.stderr.endswith(
        "\n1 problem, no page written:\nchapters/b.md:8 (code cell 1): "
        "ZeroDivisionError: division by zero\n"
    )


def test_what_no_share_has_run_the_build_runs(small):
    small.succeed(BOOK_SHARD="1/4")
    assert "code: 2 executed, 1 from cache" in small.succeed().stdout


def test_the_steps_of_the_workflow(small, tmp_path):
    """What publish.yml runs, with the Makefile itself."""
    folders = [tmp_path / f"machine {i}" for i in (1, 2, 3)]
    for folder in folders:
        shutil.copytree(small.root, folder)
        shutil.copy(ROOT / "Makefile", folder)
        (folder / "booktools").symlink_to(ROOT / "booktools")
        python = '#!/bin/sh\ncase "$1" in *environment.py) exit 0 ;; esac\n'
        python += f"exec '{sys.executable}' \"$@\"\n"
        write_command(folder / ".venv" / "bin" / "python", python)
        (folder / ".venv" / "bin" / "jupyter-book").symlink_to(COMMAND[0])

    def make(folder, target, **variables):
        kept = {k: v for k, v in os.environ.items() if "MAKE" not in k}
        done = subprocess.run(
            [MAKE, target],
            cwd=folder,
            env=kept | {"PYTHONPATH": str(ROOT)} | variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    *runners, builder = folders
    for i, folder in enumerate(runners, 1):
        make(folder, "execute", SHARD=f"{i}/2")
        shutil.copytree(
            folder / "_build" / ".jupyter_cache",
            builder / "_build" / "shards" / f"execution-{i}",
        )
    said = make(builder, "merge", CACHES="_build/shards/*")
    assert "3 notebooks copied from 2 caches" in said
    said = make(builder, "book")
    assert "code: 0 executed, 3 from cache" in said
