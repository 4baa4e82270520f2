"""What an author sees of the checks, instead of pytest's own reports."""

import sys
import time
from typing import Any

import pytest

from booktools.problem import Problem, count

PROBLEM = "problem"  # among the properties of a report


class Screen:
    """Collects what checks report; shows how far they are."""

    def __init__(self) -> None:
        self.problems: set[Problem] = set()
        self.faults: dict[str, str] = {}
        self.left_out: set[str] = set()
        self._begun = time.monotonic()
        self._all = self._done = 0

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Remember how many checks there are; each process knows all."""
        self._all = len(ids)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take in what one check reports."""
        fields = [
            text for name, text in report.user_properties if name == PROBLEM
        ]
        self.problems |= {Problem(*each) for each in fields}
        if report.failed and not fields:
            self.faults[report.nodeid] = str(report.longrepr)
        if report.skipped:
            _, _, reason = report.longrepr
            self.left_out.add(reason.removeprefix("Skipped: "))
        if report.when == "teardown":
            self._done += 1
            if sys.stderr.isatty():
                end = "\n" if self._done == self._all else "\r"
                text = f"checked {self._done} of {self._all}"
                print(text, end=end, file=sys.stderr, flush=True)

    def pytest_collectreport(self, report: Any) -> None:
        """Take in that checks cannot be read."""
        if report.failed:
            self.faults[report.nodeid] = str(report.longrepr)

    def pytest_internalerror(self, excrepr: Any) -> bool:
        """Take in that pytest itself fails."""
        self.faults["pytest"] = str(excrepr)
        return True

    def show(self) -> int:
        """Print all problems and one sentence; return the exit code."""
        print(*sorted(self.problems), sep="\n", end="", file=sys.stderr)
        if self.problems:
            print(file=sys.stderr)
        for name, text in sorted(self.faults.items()):
            print(f"error: the check {name} itself fails:", file=sys.stderr)
            print(text, file=sys.stderr)
        for reason in sorted(self.left_out):
            print(f"not checked: {reason}")
        seconds = round(time.monotonic() - self._begun)
        found = [count(len(self.problems), "problem")]
        if self.faults:
            faults = count(len(self.faults), "fault")
            found.append(f"{faults} of the checks themselves, please report")
        checks = count(self._done, "check")
        print(f"{checks} in {seconds} s: {', '.join(found)}")
        return int(bool(self.problems or self.faults or not self._done))


class Outcome:
    """Turns the problems that a check has found into its failure."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """Hand the problems on, to the process that shows them."""
        report = yield
        problems = list(
            getattr(call.excinfo and call.excinfo.value, "problems", ())
        )
        if call.when == "call" and "findings" in item.funcargs:
            problems += item.funcargs["findings"].problems
        for each in problems:
            fields = (each.path, each.line, each.rule, each.message, each.hint)
            report.user_properties.append((PROBLEM, fields))
        if problems:
            report.outcome = "failed"
        return report
