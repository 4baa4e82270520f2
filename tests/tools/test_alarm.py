"""A scheduled workflow has one open issue while something is wrong."""

import json
import os

import pytest

# Stands for GitHub: keeps issues in a file, as `gh` would see them.
GH = """\
#!{python}
import json, pathlib, sys
file = pathlib.Path({file!r})
issues = json.loads(file.read_text())
kind, action, *rest = sys.argv[1:]
assert kind == "issue"
if action == "list":
    assert rest == ["--app", "github-actions", "--json", "number,title",
                    "--limit", "100"]
    print(json.dumps([i for i in issues if i["open"]]))
elif action == "create":
    title, body = rest[1], sys.stdin.read()
    assert rest == ["--title", title, "--body-file", "-"]
    issues.append(
        dict(number=len(issues) + 1, title=title, body=body, open=True)
    )
elif action == "edit":
    assert rest[1:] == ["--body-file", "-"]
    issues[int(rest[0]) - 1]["body"] = sys.stdin.read()
elif action == "close":
    assert rest[1] == "--comment"
    issues[int(rest[0]) - 1].update(open=False, comment=rest[2])
else:
    sys.exit(f"no such command: {{action}}")
file.write_text(json.dumps(issues))
"""

RUN = {
    "GITHUB_WORKFLOW": "canary",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "Ada/book",
    "GITHUB_RUN_ID": "7",
}
LINK = "https://github.com/Ada/book/actions/runs/7"


@pytest.fixture
def report(tmp_path, run, monkeypatch):
    """Report how jobs ended; return what is said, and all issues."""
    file = tmp_path / "issues.json"
    other = {"number": 1, "title": "Weekly: links", "body": "", "open": True}
    file.write_text(json.dumps([other]))
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH.format(python="/usr/bin/env python3", file=str(file)))
    gh.chmod(0o755)
    path = f"{gh.parent}{os.pathsep}{os.environ['PATH']}"

    def report(**ends):
        needs = {job: {"result": e, "outputs": {}} for job, e in ends.items()}
        command = ("-S", "-m", "booktools", "alarm")
        done = run(*command, PATH=path, NEEDS=json.dumps(needs), **RUN)
        assert (done.returncode, done.stderr) == (0, "")
        first, *issues = json.loads(file.read_text())
        assert first == other
        return done.stdout.strip(), issues

    return report


def test_a_year_of_weeks(report):
    assert report(newest="success", plain="success") == ("all is well", [])
    said, (issue,) = report(newest="failure", plain="success")
    assert said == "opened an issue"
    assert issue["title"] == "Scheduled: canary"
    assert issue["body"] == f"* `newest`: failure\n\n{LINK}"
    said, (issue,) = report(newest="failure", plain="cancelled")
    assert said == "issue 2 says what is wrong now"
    assert "* `plain`: cancelled\n" in issue["body"]
    said, (issue,) = report(newest="success", plain="success")
    assert said == "closed issue 2"
    assert not issue["open"]
    assert issue["comment"] == f"All is well again: {LINK}"
    assert report(newest="success")[0] == "all is well"
    said, (_, second) = report(newest="failure")
    assert second["open"]


def test_outside_of_a_workflow(run):
    done = run("-m", "booktools", "alarm", NEEDS="", **RUN)
    assert done.returncode == 2
    assert done.stderr == "error: not set: NEEDS\n"


def test_what_gh_says_is_no_traceback(run, tmp_path):
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text("#!/bin/sh\necho no issues here >&2; exit 4\n")
    gh.chmod(0o755)
    path = f"{gh.parent}{os.pathsep}{os.environ['PATH']}"
    done = run("-m", "booktools", "alarm", NEEDS="{}", PATH=path, **RUN)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "no issues here"
    assert second.startswith("error: Command ")
