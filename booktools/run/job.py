"""A notebook to run, its limits, and what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from nbformat import NotebookNode

from booktools.problem import Problem

# What the code of a check is called; the cell around it is ours.
CHECK = "<check>"

# What it means that a limit is exceeded.
_SENTENCES = {
    "lines": "it shows more than {} lines of text",
    "kilobytes": "it shows more than {} KB",
    "images": "it shows more than {} pictures",
    "memory": "the chapter takes more than {} MB of memory",
}


@dataclass(frozen=True)
class Part:
    """What a cell of a job is in its chapter.

    Parameters
    ----------
    place : str
        What problems call it: ``code cell 3``.
    line : int
        Where its source begins, counted from 1.
    source : str
        The author's code.
    """

    place: str
    line: int
    source: str


@dataclass(frozen=True)
class Limits:
    """How much the code of a chapter may give and take.

    Parameters
    ----------
    lines, kilobytes, images : int
        What one cell may show: lines of text, all data, pictures.
    memory : int
        What the kernel and all that it starts may take, in MB.
    """

    lines: int = 1_000
    kilobytes: int = 5_000
    images: int = 50
    memory: int = 4_000

    def exceeded(self, counts: Mapping[str, int]) -> str:
        """Return a sentence about the first limit that is exceeded, or ""."""
        for name, limit in asdict(self).items():
            if counts.get(name, 0) > limit:
                what = _SENTENCES[name].format(f"{limit:,}")
                return (
                    f"{what}, the limit (the front matter can raise it: "
                    f"limits: {{{name}: {2 * limit}}})"
                )
        return ""


@dataclass(frozen=True)
class Job:
    """A notebook to run.

    Parameters
    ----------
    path : str
        The chapter it comes from, as problems name it.
    notebook : NotebookNode
        Code cells only; the run fills in their outputs.
    parts : tuple of Part
        One for each cell.
    root, cwd : Path
        The book's folder; the folder to run in.
    timeout : int
        Seconds that a cell may take; 0 or less: no limit.
    limits : Limits
        What else it may take.
    """

    path: str
    notebook: NotebookNode
    parts: tuple[Part, ...]
    root: Path
    cwd: Path
    timeout: int
    limits: Limits = Limits()

    def problem(
        self, cell: int, rule: str, what: str, line: int = 1
    ) -> Problem:
        """Return a problem at a line of a cell, both as its author counts."""
        part = self.parts[cell]
        line += part.line - 1
        return Problem(self.path, line, rule, what, place=part.place)


@dataclass(frozen=True)
class Outcome:
    """What came of a job; only without problems does it have outputs."""

    job: Job
    seconds: float
    problems: tuple[Problem, ...]
    traceback: str = ""
