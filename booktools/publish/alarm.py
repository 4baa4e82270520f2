"""How jobs of a scheduled workflow ended -> at most one open issue on GitHub.

This needs GitHub's ``gh`` and the standard library: the job that may write
issues installs nothing and runs nothing else.
"""

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path


def report(title: str, results: Mapping[str, str], link: str) -> str:
    """Open, renew or close the issue that has this title.

    Only issues that a workflow has opened count, whoever else uses the title.

    Parameters
    ----------
    title : str
        What the issue is called.
    results : mapping of str to str
        Job -> ``success``, ``failure``, ``cancelled`` or ``skipped``.
    link : str
        Address of this run.

    Returns
    -------
    str
        What was done.

    Raises
    ------
    subprocess.CalledProcessError
        When ``gh`` fails, which has said why on stderr.
    """
    fields = ("--json", "number,title", "--limit", "100")
    listed = _gh("issue", "list", "--app", "github-actions", *fields)
    found = [i["number"] for i in json.loads(listed) if i["title"] == title]
    number = str(found[0]) if found else ""
    bad = [
        f"* `{job}`: {end}" for job, end in results.items() if end != "success"
    ]
    body = "\n".join([*bad, "", f"{link}"])
    if bad and number:
        _gh("issue", "edit", number, "--body-file", "-", stdin=body)
        return f"issue {number} says what is wrong now"
    if bad:
        _gh(
            "issue", "create", "--title", title, "--body-file", "-", stdin=body
        )
        return "opened an issue"
    if number:
        comment = f"All is well again: {link}"
        _gh("issue", "close", number, "--comment", comment)
        return f"closed issue {number}"
    return "all is well"


def _gh(*arguments: str, stdin: str = "") -> str:
    return subprocess.run(
        ["gh", *arguments],
        input=stdin,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout


def main(root: Path, arguments: Namespace) -> int:
    """Report the run of a workflow that the environment names."""
    github = ("WORKFLOW", "SERVER_URL", "REPOSITORY", "RUN_ID")
    names = ["NEEDS", *(f"GITHUB_{name}" for name in github)]
    if missing := [name for name in names if not os.environ.get(name)]:
        print("error: not set:", *missing, file=sys.stderr)
        return 2
    needs, workflow, *address, run = (os.environ[name] for name in names)
    results = {job: end["result"] for job, end in json.loads(needs).items()}
    link = "/".join([*address, "actions", "runs", run])
    print(report(f"Scheduled: {workflow}", results, link))
    return 0
