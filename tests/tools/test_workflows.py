"""Workflows call what is tested here, and may do no more than they need."""

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement

from booktools.environment import CPU_INDEX, tools_requirements
from tests.tools.test_make import MAKE, targets

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
PATHS = sorted((GITHUB / "workflows").glob("*.yml"))
WORKFLOWS = {path.stem: yaml.safe_load(path.read_bytes()) for path in PATHS}
JOBS = [(w, job) for w, flow in WORKFLOWS.items() for job in flow["jobs"]]

# What may write somewhere runs one of these, and nothing of the book.
PUBLISHING = {
    "make publish-notebooks",
    "make publish-release",
    "make publish-pypi",
    "make mirror",
    "make alarm",
}
# What readers without make are told to type.
BY_HAND = {"pip install -r requirements.txt", "jupyter-book build ."}


def job_of(workflow, job):
    return WORKFLOWS[workflow]["jobs"][job]


def runs(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def uses(job, action):
    """Return what the steps with an action give it."""
    return [
        step["with"]
        for step in job["steps"]
        if step.get("uses", "").startswith(f"{action}@")
    ]


def rights(job):
    return {
        r for r, kind in job.get("permissions", {}).items() if kind == "write"
    }


# What a plain command of git does needs no command of the book.
LIST_OF_CHANGES = (
    "git diff --name-only HEAD^ -- '*.md' | sed 's/^/* /'"
    ' >> "$GITHUB_STEP_SUMMARY"'
)


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_steps_are_commands_that_are_tested(workflow, job):
    commands = {f"make {target}" for target in targets()} | {".ci/run"}
    if (workflow, job) == ("tools", "systems"):
        commands = BY_HAND
    if (workflow, job) == ("ci", "book"):
        commands.add(LIST_OF_CHANGES)
    assert set(runs(job_of(workflow, job))) <= commands
    for step in job_of(workflow, job)["steps"]:
        assert "shell" not in step


@pytest.mark.this_book
def test_what_readers_type_is_what_other_systems_run():
    readme = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert set(readme) >= BY_HAND
    systems = job_of("tools", "systems")
    assert set(runs(systems)) == BY_HAND
    matrix = systems["strategy"]["matrix"]["system"]
    assert {name.partition("-")[0] for name in matrix} == {"windows", "macos"}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_actions_are_pinned(path):
    text = path.read_text("utf-8")
    for line in text.splitlines():
        _, used, action = line.partition("uses: ")
        if used:
            name, _, pin = action.partition("@")
            commit, _, version = pin.partition(" # ")
            assert name.startswith("actions/"), line
            assert len(commit) == 40, line
            assert set(commit) <= set("0123456789abcdef"), line
            assert version.startswith("v"), line
    steps = [
        s for j in WORKFLOWS[path.stem]["jobs"].values() for s in j["steps"]
    ]
    # However it is written, nothing has escaped the loop above.
    assert text.count("uses: ") == sum("uses" in step for step in steps)


def test_one_commit_of_each_action():
    pins = {
        tuple(step["uses"].split("@"))
        for workflow, job in JOBS
        for step in job_of(workflow, job)["steps"]
        if "uses" in step
    }
    assert len(pins) == len({name for name, _ in pins})


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_nobody_has_rights_by_default(workflow):
    flow = WORKFLOWS[workflow]
    assert flow["permissions"] == {"contents": "read"}
    assert flow["concurrency"]
    # YAML reads "on" as a truth.
    assert set(flow[True]) <= {
        "pull_request",
        "push",
        "schedule",
        "workflow_dispatch",
    }


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_who_may_write_runs_nothing_of_the_book(workflow, job):
    wanted = job_of(workflow, job)
    assert wanted["timeout-minutes"] <= 60
    trusted = set(runs(wanted)) <= PUBLISHING
    text = yaml.safe_dump(wanted)
    assert trusted or not rights(wanted)
    assert trusted or "secrets." not in text
    for step in wanted["steps"]:
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            pushes = "make publish-notebooks" in runs(wanted)
            assert step["with"]["persist-credentials"] is pushes


def test_pull_requests_see_no_secret_and_save_nothing():
    found = {w for w in WORKFLOWS if "pull_request" in WORKFLOWS[w][True]}
    assert found == {"ci", "tools"}
    for name in found:
        text = yaml.safe_dump(WORKFLOWS[name])
        assert "secrets" not in text
        assert "token" not in text
        assert "write" not in text
    assert "actions/cache@" not in text


def test_only_what_chapters_put_out_is_cached():
    folders = [
        step["with"]["path"]
        for workflow, job in JOBS
        for step in job_of(workflow, job)["steps"]
        if step.get("uses", "").startswith("actions/cache")
    ]
    assert set(folders) == {"_build/.jupyter_cache"}


@pytest.mark.parametrize(
    ("workflow", "first", "tests"),
    [
        # The tools were tested when they changed.
        ("publish", "book", {"make saved", "make test-site"}),
        ("release", "dist", {".ci/run"}),
    ],
)
def test_nothing_is_published_before_all_is_built(workflow, first, tests):
    jobs = dict(WORKFLOWS[workflow]["jobs"])
    for name in [*jobs[first].get("needs", "").split()]:
        del jobs[name]  # it publishes nothing: see the next test
    assert {"make book", "make pdf"} | tests <= set(runs(jobs[first]))
    for name, job in jobs.items():
        if name != first:
            assert first in job["needs"]
            # Without a function like always(), all of them must have done.
            assert "(" not in job["if"]
            for step in job["steps"]:
                assert "if" not in step
    # The last of all steps that may fail: the one that says why.
    optional = [
        s for s in jobs[first]["steps"] if "if" in s and s["if"] != IF_SHARED
    ]
    assert [s["run"] for s in optional] in ([], ["make doctor"])


IF_SHARED = "vars.BOOK_SHARDS != ''"


def shards(expression, wish):
    """Work out a matrix as GitHub does, where and and or are as in Python."""
    text = expression.removeprefix("${{ ").removesuffix(" }}")
    text = text.replace("&&", "and").replace("||", "or")
    names = {"vars": SimpleNamespace(BOOK_SHARDS=wish), "fromJSON": json.loads}
    return eval(text, names)


def test_shares_of_the_chapters_are_run_elsewhere_if_wanted():
    share, book = job_of("publish", "execute"), job_of("publish", "book")
    # Never skipped, or whoever needs the job that needs it would be, too.
    assert "if" not in share
    assert book["needs"] == "execute"
    assert not rights(share)
    assert {step["if"] for step in share["steps"]} == {IF_SHARED}
    expression = share["strategy"]["matrix"]["shard"]
    for count in range(2, 9):
        assert shards(expression, str(count)) == [*range(1, count + 1)]
    for wish in ("", "1", "9", "x"):
        assert shards(expression, wish) == [1]
    (run,) = (step for step in share["steps"] if "run" in step)
    assert run["run"] == "make execute"
    # What is put away is what is found, where it is looked for.
    (put,) = uses(share, "actions/upload-artifact")
    (get,) = uses(book, "actions/download-artifact")
    (merge,) = (s for s in book["steps"] if s.get("run") == "make merge")
    assert put["path"] == "_build/.jupyter_cache"
    assert put["include-hidden-files"] is True
    assert put["name"] == "execution-${{ matrix.shard }}"
    assert get["pattern"] == "execution-*"
    assert merge["env"] == {"CACHES": get["path"] + "/*"}
    # All begin with one cache; only the build puts one away.
    assert uses(share, "actions/cache/restore") == uses(book, "actions/cache")
    assert uses(share, "actions/cache") == []


def test_links_lead_to_notebooks_before_the_site_is_there():
    jobs = WORKFLOWS["publish"]["jobs"]
    assert "notebooks" in jobs["pages"]["needs"]
    assert "pages" in jobs["mirror"]["needs"]


@pytest.mark.parametrize("workflow", ["canary", "links", "nightly"])
def test_scheduled_workflows_report_however_they_end(workflow):
    jobs = dict(WORKFLOWS[workflow]["jobs"])
    report = jobs.pop("report")
    assert set(report["needs"]) == set(jobs)
    assert report["if"] == "always() && github.ref == 'refs/heads/main'"
    assert rights(report) == {"issues"}
    assert runs(report) == ["make alarm"]


def test_what_is_off_until_a_variable_is_set():
    mirror, pypi = job_of("publish", "mirror"), job_of("release", "pypi")
    assert mirror["if"].endswith("&& vars.BOOK_MIRROR != ''")
    assert pypi["if"].endswith("&& vars.BOOK_PYPI == 'true'")


def events(workflow):
    return WORKFLOWS[workflow][True]  # YAML reads "on" as a truth


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_who_may_write_runs_what_was_merged_or_tagged(workflow, job):
    wanted = job_of(workflow, job)
    text = yaml.safe_dump(wanted)
    if not rights(wanted) and "secrets." not in text:
        return
    # Whoever may start a workflow by hand chooses the branch, and with it
    # the commands that this job runs.
    first = wanted["if"].removeprefix("always() && ").split(" && ")[0]
    if (
        set(events(workflow)) == {"push"}
        and "tags" in events(workflow)["push"]
    ):
        assert first == "github.ref_type == 'tag'"
    else:
        assert first == "github.ref == 'refs/heads/main'"
    assert "||" not in wanted["if"]


def requirements(path):
    lines = (line.partition(" #")[0] for line in path.read_text().splitlines())
    lines = [line for line in lines if line.strip() and line[0] not in "#-"]
    return {Requirement(line).name: Requirement(line) for line in lines}


def test_what_is_held_back_is_held_back_everywhere():
    pinned = requirements(ROOT / "requirements.txt")
    tools = map(Requirement, tools_requirements())
    # Dask is for more than one machine, and runs none of the book's code;
    # what runs checks makes no page.
    others = ('extra == "cluster"', 'extra == "check"')
    pinned |= {r.name: r for r in tools if not str(r).endswith(others)}
    newest = requirements(GITHUB / "requirements-newest.txt")
    assert newest.keys() == pinned.keys()
    held = {name: req for name, req in newest.items() if req.specifier}
    assert held.keys() >= {"jupyter-book", "sphinx-book-theme"}
    (pip,) = (
        update
        for update in yaml.safe_load(
            (GITHUB / "dependabot.yml").read_text("utf-8")
        )["updates"]
        if update["package-ecosystem"] == "pip"
    )
    ignored = {i["dependency-name"]: i["versions"] for i in pip["ignore"]}
    for name, requirement in held.items():
        bound = str(requirement.specifier).replace("<", ">=")
        assert ignored[name] == [bound]
    for name in ("newest", "plain"):
        path = GITHUB / f"requirements-{name}.txt"
        assert f"--extra-index-url {CPU_INDEX}\n" in path.read_text()


def check_commands():
    """Return how `make check` looks at the workflows."""
    done = subprocess.run(
        [MAKE, "-n", "check"], cwd=ROOT, capture_output=True, text=True
    )
    lines = done.stdout.replace("\\\n", "").splitlines()
    scripts = sysconfig.get_path("scripts")
    return [
        line.replace(".venv/bin", scripts)
        for line in lines
        if "zizmor" in line or "check-jsonschema" in line
    ]


def failures(folder):
    """Return the commands that fail on a folder's workflows."""
    return [
        command
        for command in check_commands()
        if subprocess.run(
            command, shell=True, cwd=folder, capture_output=True
        ).returncode
    ]


def test_workflows_are_in_form_and_safe():
    assert len(check_commands()) == 5
    assert failures(ROOT) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "notices"),
    [
        (
            "workflows/ci.yml",
            "run: make book",
            "run: echo '${{ github.head_ref }}'",
            "zizmor",
        ),
        (
            "workflows/links.yml",
            "        with:\n          persist-credentials: false\n",
            "",
            "zizmor",
        ),
        ("workflows/links.yml", "runs-on", "run-on", "github-workflows"),
        ("dependabot.yml", "weekly", "sometimes", "dependabot"),
        ("ISSUE_TEMPLATE/text_mistake.yml", "body", "text", "issue-forms"),
        ("ISSUE_TEMPLATE/config.yml", "true", "perhaps", "issue-config"),
    ],
)
def test_what_is_wrong_is_noticed(tmp_path, name, old, new, notices):
    shutil.copytree(GITHUB, tmp_path / ".github")
    path = tmp_path / ".github" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    failed = failures(tmp_path)
    assert any(notices in command for command in failed)
