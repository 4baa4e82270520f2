"""Shares of a book's jobs, for several machines that know nothing of another.

All of them work out the same shares, from the chapters and from what the
outputs of an earlier build say about their time.
"""

import heapq
import os
import sys
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from booktools.run.job import Job


class Shard(NamedTuple):
    """One of so many shares; the first has number 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def wanted_shard() -> Shard | None:
    """Return the shard that variable ``BOOK_SHARD`` names, if it is set."""
    wish = os.environ.get("BOOK_SHARD", "")
    if not wish:
        return None
    number, _, count = wish.partition("/")
    if number.isdecimal() and count.isdecimal():
        shard = Shard(int(number), int(count))
        if 1 <= shard.number <= shard.of:
            return shard
    print(
        "error: a share is k/n, the first of four is 1/4 (SHARD, BOOK_SHARD);"
        f" not {wish!r}",
        file=sys.stderr,
    )
    raise SystemExit(2)


def share(
    jobs: Sequence[Job],
    shard: Shard,
    seconds: Mapping[tuple[str, bool], float],
) -> list[Job]:
    """Return the jobs of a shard: the longest first, to whoever has least.

    Parameters
    ----------
    jobs : sequence of Job
        All that have to run.
    shard : Shard
        Which of them to return.
    seconds : mapping of (str, bool) to float
        How long the notebook of a path took before, and whether it is that
        of its checks.  Any other takes as long as all take on average.
    """
    known = [seconds[job.key] for job in jobs if job.key in seconds]
    usual = fmean(known) if known else 1.0
    times = [(-seconds.get(job.key, usual), *job.key) for job in jobs]
    loads = [(0.0, number) for number in range(1, shard.of + 1)]
    mine = []
    for time, job in sorted(zip(times, jobs, strict=True), key=lambda p: p[0]):
        load, number = heapq.heappop(loads)
        heapq.heappush(loads, (load - time[0], number))
        if number == shard.number:
            mine.append(job)
    return mine
