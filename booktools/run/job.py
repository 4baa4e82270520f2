"""A notebook to run, and what came of it."""

from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from booktools.problem import Problem
from booktools.run.checks import imports_of
from booktools.run.limits import Limits


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
        The author's code; empty if a formula is tested by itself.
    tex : str
        The formula of a check.
    """

    place: str
    line: int
    source: str
    tex: str = ""


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
    limits: Limits = field(default_factory=Limits)

    @property
    def code(self) -> str:
        """The author's code, of all cells, or what stands for it."""
        sources = [part.source for part in self.parts]
        if self.is_check:
            sources = [imports_of(source) for source in sources]
        return "\n".join(sources)

    @property
    def is_check(self) -> bool:
        """Whether it runs checks of a chapter, not its cells."""
        return self.parts[0].place.startswith("check")

    @property
    def key(self) -> tuple[str, bool]:
        """What no other job of the book has."""
        return self.path, self.is_check

    def problem(
        self, cell: int, rule: str, what: str, line: int = 1, hint: str = ""
    ) -> Problem:
        """Return a problem at a line of a cell, both as its author counts."""
        part = self.parts[cell]
        line += part.line - 1
        return Problem(self.path, line, rule, what, hint, part.place)


@dataclass(frozen=True)
class Outcome:
    """What came of a job; only without problems does it have outputs."""

    job: Job
    seconds: float
    problems: tuple[Problem, ...]
    traceback: str = ""
