"""Problems that nothing can go on with end a build, and are its last words."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NoReturn

from booktools.editions.standalone import Locator
from booktools.problem import BookError, Problem

# In an edition, the one function that says where a line is from.
LOCATORS: list[Locator] = []


def stop(problems: Iterable[Problem]) -> NoReturn:
    """End the build without a traceback, the problems its last words."""
    error = BookError(map(located, problems))
    count = len(error.problems)
    total = f"{count} problem{'s' * (count > 1)}, no page written:"
    raise SystemExit(f"\n{total}\n{error}")


def located(problem: Problem) -> Problem:
    """Return a problem where an author can fix it."""
    for locate in LOCATORS:
        path, line = locate(problem.path, problem.line)
        problem = replace(problem, path=path, line=line)
    return problem
