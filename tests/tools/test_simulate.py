"""The simulation of more than one machine, and what is said of it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booktools.run import cache
from booktools.run.job import Outcome
from tests.tools.test_shards import make_job

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import simulate  # noqa: E402

sys.path.pop(0)

TIMES = st.lists(st.floats(0.01, 100), min_size=1, max_size=60)


def simulated(*arguments):
    return subprocess.run(
        [sys.executable, "benchmarks/simulate.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@given(TIMES, st.integers(1, 40), st.floats(0, 1))
def test_makespan(times, workers, submit):
    span = simulate.makespan(times, workers)
    nearly = pytest.approx(sum(times) / workers)
    assert span >= max(times)
    assert span > sum(times) / workers or span == nearly
    # Graham: no list scheduling does worse.
    assert span <= sum(times) / workers + max(times) + 1e-6
    assert simulate.makespan(times, 1) == pytest.approx(sum(times))
    assert simulate.makespan(times, workers + 1) <= span + 1e-6
    late = simulate.makespan(times, workers, submit)
    assert span <= late + 1e-6
    assert late <= span + submit * len(times) + 1e-6
    assert simulate.makespan(times, workers + 1, submit) <= late + 1e-6


@given(TIMES, st.integers(1, 40))
def test_builds(times, number):
    pages = simulate.CLUSTER.page * len(times)
    assert simulate.on_cluster(times, number) > pages + max(times)
    more = simulate.on_cluster(times, number + 1)
    assert more <= simulate.on_cluster(times, number) + 1e-6
    alone = simulate.in_shares(times, 1)
    span = simulate.makespan(sorted(times, reverse=True), simulate.CORES)
    set_up = simulate.SET_UP + simulate.SHARDS.start
    assert alone == pytest.approx(set_up + span + pages)
    # What shares can save is no more than what chapters take.
    assert simulate.in_shares(times, number) >= alone - span


def test_tables_are_those_of_the_text():
    done = simulated()
    assert (done.returncode, done.stderr) == (0, "")
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for table in done.stdout.split("\n\n"):
        assert table.count("\n") >= 4
        assert table.strip() in text


def test_all_sizes():
    lines = simulated("--all").stdout.splitlines()
    assert len(lines) == 2 * (2 + len(simulate.CHAPTERS)) + 1
    assert {line.count("|") for line in lines if line} == {11}


def test_times_of_a_book(tmp_path):
    there = cache.open_cache(tmp_path / "cache")
    cache.store(there, Outcome(make_job("a.md"), 3600, ()))
    lines = simulated("--cache", tmp_path / "cache").stdout.splitlines()
    assert lines[2].startswith("| 10 chapters | 600:")
