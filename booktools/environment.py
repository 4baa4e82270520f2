"""Makes `.venv`, the environment in which everything about the book runs.

Every command of the Makefile runs this first; where there is no make, run it
by hand: ``python booktools/environment.py``.  When nothing has changed since
the last time, it does nothing and says nothing.  Given a folder and a
requirement file, it makes that folder into an environment, always anew.

When `.venv` was left half-made, moved, or made with another Python, it is made
anew.  A folder that this module did not make, or one behind a link, is refused
and stays as it is.  Every package is known by the hash that
`requirements-lock.txt` has for it (PyTorch's CPU build: by that in
`requirements-torch.txt`); the tools themselves are those in `booktools/`,
installed in place.  Variable ``BOOK_TORCH_INDEX`` names another index
of PyTorch's CPU builds, such as a mirror nearby.

This file uses the standard library only, since nothing is installed yet, and
no syntax newer than Python 3.6, so that an old Python can say that it is old.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# The Pythons that the pinned PyTorch has builds for.
OLDEST, NEWEST = (3, 11), (3, 14)

# Without the gigabytes of GPU libraries that the default index adds on Linux.
CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# An environment of ours has this file from the first moment on.  Until it is
# ready, the file says so.
STAMP = "book-stamp.txt"
UNFINISHED = "unfinished\n"

# What is required, and by whom; there may be fewer files.
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
TOOLS = "booktools/pyproject.toml"
LOCK = "requirements-lock.txt"
CPU_TORCH = "requirements-torch.txt"

# What pip writes when something went wrong, and what that means.  Numbers
# rather than words where the system speaks: it may speak Chinese.
CAUSES = (
    (
        ("DO NOT MATCH THE HASHES",),
        "a package above is not the file that requirements-lock.txt knows by"
        " its hash: pip's package index, or something on the way, has changed"
        " it; nothing of it was installed; try another index",
    ),
    (
        ("[Errno 28]", "[Errno 122]", "[WinError 112]"),
        "the disk is full (the environment takes 2 GB); make room, also in"
        " the folder for temporary files, and run the command again",
    ),
    (
        ("connection broken", "Max retries exceeded", "ReadTimeoutError"),
        "no network: pip could not reach its package index; connect, or set"
        " a proxy or a mirror for pip, and run the command again",
    ),
    (
        ("[Errno 1]", "[Errno 13]", "[Errno 30]", "[WinError 5]"),
        "no permission to write; the lines above name the file; give"
        " yourself the right to write there and run the command again",
    ),
    (
        ("No matching distribution found",),
        "pip's package index cannot be reached or lacks the package above"
        " for this computer (PyTorch needs 64-bit Linux or Windows, or macOS"
        " 14 on Apple silicon; a mirror may lag behind: try another one)",
    ),
)


class SetupError(Exception):
    """The environment could not be made; the text is what was printed."""


class RefusalError(Exception):
    """The environment may not be made; the text says why."""


def main(arguments: "list[str]") -> None:
    """Make or update an environment; exit with one sentence if that fails."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(
            f"error: {sys.executable} is Python {_dotted(sys.version_info)},"
            f" and the book needs Python {_dotted(OLDEST)} to"
            f" {_dotted(NEWEST)}; install one from"
            " https://www.python.org/downloads/, or name one that you have:"
            " make PYTHON=python3.13"
        )
    root = Path(__file__).resolve().parent.parent
    try:
        with _taking_turns():
            if arguments:
                folder, requirements = (root / name for name in arguments)
                make_environment(folder)
                _run(*_pip(folder), "-r", str(requirements))
            else:
                set_up(root)
    except RefusalError as error:
        sys.exit(f"error: {error}")
    except SetupError as error:
        sys.exit(f"error: {_cause(str(error))}")
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(f"error: {_cause(str(error))}")
    except KeyboardInterrupt:
        sys.exit("interrupted; the next command sets up from the beginning")


@contextmanager
def _taking_turns() -> "Iterator[None]":
    """Wait until no other command makes an environment of this book.

    On Windows nobody waits.
    """
    with open(__file__, encoding="utf-8") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another command sets up the environment; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        except (ImportError, OSError):
            pass  # no Unix, or a file system without locks
        yield


def set_up(root: Path) -> None:
    """Make the folder's `.venv` match its requirement files.

    Raises
    ------
    RefusalError
        When `.venv` is not ours, or something required is not in the lock.
    SetupError, OSError
        When that fails; the next call then starts from the beginning.
    """
    venv = root / ".venv"
    stamp = venv / STAMP
    _require_ours(venv)
    # A moved `.venv` has scripts that start with a path of the past.
    base = f"{_dotted(sys.version_info)} {venv}\n"
    wanted = base + _digest(root)
    found = stamp.read_text("utf-8") if stamp.is_file() else ""
    if found == wanted and _python(venv).exists():
        return
    _require_locked(root)
    if found.startswith(base) and _python(venv).exists():
        _say("The requirements have changed: updating .venv")
        # An interrupted update is begun from nothing.
        stamp.write_text(UNFINISHED, "utf-8")
    else:
        _say("Setting up .venv (once; takes some minutes)")
        make_environment(venv)
    _install(root, venv)
    stamp.write_text(wanted, "utf-8")
    _say("The environment is ready.")


def make_environment(folder: Path) -> None:
    """Make a folder into an environment that holds nothing but pip.

    Raises
    ------
    RefusalError
        When the folder is not ours; it stays as it is.
    SetupError, OSError
        When that fails.
    """
    _require_ours(folder)
    if importlib.util.find_spec("ensurepip") is None:
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        install = "apt install" if is_root else "sudo apt install"
        raise RefusalError(
            "this Python cannot make environments, for it has no module"
            f" ensurepip; on Debian and Ubuntu run: {install}"
            f" python{_dotted(sys.version_info)}-venv"
        )
    import venv

    folder.mkdir(parents=True, exist_ok=True)
    (folder / STAMP).write_text(UNFINISHED, "utf-8")
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != STAMP:
            path.unlink()
    venv.EnvBuilder(symlinks=os.name != "nt").create(str(folder))
    # Not by venv, which hides what ensurepip says when it fails.
    _run(str(_python(folder)), "-Im", "ensurepip", "--default-pip")


def _require_ours(folder: Path) -> None:
    """Refuse a folder that this module did not make; nothing is deleted."""
    path = str(folder)
    if folder.is_symlink() or os.path.realpath(path) != path:
        what = "is a link, or lies behind one"
    elif not folder.exists():
        return
    elif not folder.is_dir():
        what = "is no folder"
    elif (folder / STAMP).is_file() or not any(folder.iterdir()):
        return
    else:
        what = "was made by something else than this book's tools"
    raise RefusalError(
        f"{folder} {what}, and stays as it is; move it away, or remove it, and"
        " run the command again"
    )


def _require_locked(root: Path) -> None:
    """Refuse requirements that the lock does not have."""
    locked = _pins((root / LOCK).read_text("utf-8").splitlines())
    asked = {TOOLS: _pins(tools_requirements())}
    for name in REQUIREMENTS:
        if (root / name).is_file():
            asked[name] = _pins((root / name).read_text("utf-8").splitlines())
    for file, pins in asked.items():
        for name, version in pins.items():
            if locked.get(name) != version:
                raise RefusalError(
                    f"{file} asks for {name}{version}, which {LOCK} does"
                    " not have; run: make lock"
                )


def tools_requirements() -> "list[str]":
    """Return what the tools require, a line each as in their metadata.

    Of what only an extra requires, the line says so.
    """
    file = Path(__file__).with_name("pyproject.toml")
    if not file.is_file():
        from importlib import metadata

        return metadata.requires("booktools") or []
    import tomllib

    project = tomllib.loads(file.read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].items()
    return [
        *project["dependencies"],
        *(f'{line}; extra == "{e}"' for e, lines in extras for line in lines),
    ]


def _pins(lines: "list[str]") -> "dict[str, str]":
    """Return what requirements ask for: name -> version."""
    pins = {}
    for line in lines:
        text = re.split(r"[#;\\]| --", line)[0].replace(" ", "")
        found = re.match(r"(\w[\w.-]*)(?:\[.*?\])?(.*)", text)
        if found:
            name = re.sub(r"[-_.]+", "-", found.group(1)).lower()
            pins[name] = found.group(2)
    return pins


def _install(root: Path, venv: Path) -> None:
    pip = (*_pip(venv), "--require-hashes")
    file = root / CPU_TORCH
    if sys.platform == "linux" and file.is_file():
        pins = _pins(file.read_text("utf-8").splitlines())
        name = "torch-" + pins["torch"].lstrip("=")
        index = os.environ.get("BOOK_TORCH_INDEX", CPU_INDEX)
        if not any(venv.glob(f"lib/*/*/{name}*.dist-info")):
            _say(f"Trying PyTorch's CPU build from {index}")
            once = ("--no-deps", "--retries", "0", "--timeout", "10")
            there = ("--index-url", index, "-r", str(file))
            try:
                _run(*pip, *once, *there, quiet=True)
            except SetupError as error:
                _say(_no_cpu_build(str(error)))
    _run(*pip, "-r", str(root / LOCK))
    # Last: what builds them is in the lock.
    alone = ("--no-deps", "--no-build-isolation", "--no-index")
    _run(*_pip(venv), *alone, "-e", str((root / TOOLS).parent))


def _no_cpu_build(output: str) -> str:
    if "DO NOT MATCH THE HASHES" in output:
        return f"What is there is not what {CPU_TORCH} knows by its hash."
    return "It cannot be had there; the default index has one, too."


def _python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _pip(venv: Path) -> "tuple[str, ...]":
    options = ("--disable-pip-version-check", "install")
    return (str(_python(venv)), "-Im", "pip", *options)


def _run(*command: str, quiet: bool = False) -> None:
    """Run a command; its errors go to the screen and into SetupError."""
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if not quiet:
                sys.stderr.write(line)
                sys.stderr.flush()
    if process.returncode:
        raise SetupError("".join(lines))


def _cause(output: str) -> str:
    """Return the sentence that explains what a failed command printed."""
    for marks, sentence in CAUSES:
        if any(mark in output for mark in marks):
            return sentence
    return "the environment could not be made; the lines above say why"


def _digest(root: Path) -> str:
    """Return a digest of all that decides what `.venv` holds."""
    files = sorted(root.glob("requirements*.txt"))
    digest = hashlib.sha256()
    files += [root / "constraints.txt", root / TOOLS]
    for file in [*files, Path(__file__)]:
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def _dotted(version: "tuple[object, ...]") -> str:
    return f"{version[0]}.{version[1]}"


def _say(text: str) -> None:
    # Flushed, or it would come after the lines of the programs run here.
    print(text, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
