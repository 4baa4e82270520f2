"""What to expect of more than one machine: a simulation, and its tables.

    python benchmarks/simulate.py            the tables of CONTRIBUTING.md
    python benchmarks/simulate.py --all      10 to 10,000 chapters, 1 to 256
    python benchmarks/simulate.py --cache _build/.jupyter_cache

Workers take the next chapter when they are done with one (list scheduling);
what nobody can share is added: to start, to hand out chapters, to make pages.
"""

import argparse
import heapq
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_cache import get_cache

CHAPTERS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
# What the tables of CONTRIBUTING.md show.
FEW_CHAPTERS, FEW_WORKERS = (10, 100, 1_000), (1, 2, 4, 8)

# Seconds that the ten chapters of `make bench` take, each with three figures,
# every other one with PyTorch: one at a time, in kernels that are not forked.
# The machine had other work; these are seconds of its processors.
RECORDED = (1.16, 4.04, 1.93, 4.27, 1.17, 4.20, 1.13, 5.57, 1.29, 4.94)


@dataclass(frozen=True)
class Costs:
    """Seconds that are needed besides what chapters take.

    Parameters
    ----------
    start : float
        Once, before the first chapter: imports, the book, the connection.
    submit : float
        For each chapter, one after another: to pack it, to hand it out.
    begin : float
        For each chapter, where it runs: a process for it, the tools.
    page : float
        For each chapter, one after another: its page, notebook, formulas.
    """

    start: float
    submit: float
    begin: float
    page: float


# Of those ten chapters, and of forty like them, in seconds of processors.
CLUSTER = Costs(start=4, submit=0.005, begin=0.4, page=0.23)
SHARDS = Costs(start=2.2, submit=0, begin=0, page=0.23)

# Assumed of machines that GitHub lends: their cores, and the seconds until
# one has the environment; that which builds begins when shares are done.
CORES, SET_UP = 4, 120


def makespan(times: Iterable[float], workers: int, submit: float = 0) -> float:
    """Return when the last of these jobs is done.

    Parameters
    ----------
    times : iterable of float
        How long each takes, in the order in which they are handed out.
    workers : int
        How many run at a time.
    submit : float
        How long it takes to hand out one.
    """
    free = [0.0] * workers  # when each of them is
    for i, seconds in enumerate(times, 1):
        start = max(heapq.heappop(free), i * submit)
        heapq.heappush(free, start + seconds)
    return max(free)


def on_cluster(times: Sequence[float], workers: int) -> float:
    """Return how long a build from nothing takes on a cluster."""
    whole = [CLUSTER.begin + seconds for seconds in times]
    ready = makespan(whole, workers, CLUSTER.submit)
    return CLUSTER.start + ready + CLUSTER.page * len(times)


def in_shares(times: Sequence[float], machines: int) -> float:
    """Return how long it takes if so many machines run shares before it."""
    shares: list[list[float]] = [[] for _ in range(machines)]
    loads = [(0.0, i) for i in range(machines)]
    for seconds in sorted(times, reverse=True):
        load, i = heapq.heappop(loads)
        heapq.heappush(loads, (load + seconds, i))
        shares[i].append(seconds)
    ready = SHARDS.start + max(makespan(part, CORES) for part in shares)
    more = SET_UP + SHARDS.start if machines > 1 else 0
    return SET_UP + ready + more + SHARDS.page * len(times)


def course(number: int, recorded: Sequence[float]) -> list[float]:
    """Return the times of a book with so many chapters like those recorded."""
    times = list(itertools.islice(itertools.cycle(recorded), number))
    random.Random(number).shuffle(times)
    return times


def table(
    what: str,
    build: Callable[[Sequence[float], int], float],
    recorded: Sequence[float],
    chapters: Sequence[int],
    numbers: Sequence[int],
) -> list[str]:
    """Return a table in Markdown: how long builds take."""
    lines = [
        f"| {what} | {' | '.join(f'{n:,}' for n in numbers)} |",
        f"|---:|{'---:|' * len(numbers)}",
    ]
    for number in chapters:
        times = course(number, recorded)
        cells = [_clock(build(times, n)) for n in numbers]
        lines.append(f"| {number:,} chapters | {' | '.join(cells)} |")
    return lines


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--all", action="store_true", help="a large table")
    parser.add_argument(
        "--cache", type=Path, help="take the times of this book's last run"
    )
    arguments = parser.parse_args()
    recorded: Sequence[float] = RECORDED
    if arguments.cache:
        records = get_cache(arguments.cache).list_cache_records()
        recorded = [r.data["execution_seconds"] for r in records]
        if not recorded:
            parser.error(f"{arguments.cache} has no records")
    chapters = CHAPTERS if arguments.all else FEW_CHAPTERS
    workers = WORKERS if arguments.all else FEW_WORKERS
    rest = (recorded, chapters, workers)
    print(*table("Dask, workers", on_cluster, *rest), "", sep="\n")
    print(*table("shares, machines", in_shares, *rest), sep="\n")


if __name__ == "__main__":
    main()
