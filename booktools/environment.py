"""Makes `.venv`, the environment in which everything about the book runs.

Every command of the Makefile runs this first; where there is no make, run it
by hand: ``python booktools/environment.py``.  When nothing has changed since
the last time, it does nothing and says nothing.

`.venv` belongs to this module: when it was left half-made, moved, or made with
another Python, it is made anew.  Variable ``BOOK_TORCH_INDEX`` names another
index of PyTorch's CPU builds, such as a mirror nearby.

This file uses the standard library only, since nothing is installed yet, and
no syntax newer than Python 3.6, so that an old Python can say that it is old.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

# The Pythons that the pinned PyTorch has builds for.
OLDEST, NEWEST = (3, 11), (3, 14)

# Without the gigabytes of GPU libraries that the default index adds on Linux.
CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# What pip writes when something went wrong, and what that means.  Numbers
# rather than words where the system speaks: it may speak Chinese.
CAUSES = (
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


def main() -> None:
    """Make or update `.venv`; exit with one sentence where that fails."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(
            f"error: {sys.executable} is Python {_dotted(sys.version_info)},"
            f" and the book needs Python {_dotted(OLDEST)} to"
            f" {_dotted(NEWEST)}; install one from"
            " https://www.python.org/downloads/, or name one that you have:"
            " make PYTHON=python3.13"
        )
    try:
        set_up(Path(__file__).resolve().parent.parent)
    except SetupError as error:
        sys.exit(f"error: {_cause(str(error))}")
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(f"error: {_cause(str(error))}")
    except KeyboardInterrupt:
        sys.exit("interrupted; the next command sets up from the beginning")


def set_up(root: Path) -> None:
    """Make the folder's `.venv` match its requirement files.

    Raises
    ------
    SetupError, OSError
        When that fails; the next call then starts from the beginning.
    """
    venv = root / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = venv / "book-stamp.txt"
    # A moved `.venv` has scripts that start with a path of the past.
    base = f"{_dotted(sys.version_info)} {venv}\n"
    wanted = base + _digest(root)
    found = stamp.read_text("utf-8") if stamp.is_file() else ""
    if found == wanted and python.exists():
        return
    if found.startswith(base) and python.exists():
        _say("The requirements have changed: updating .venv")
        # Without its stamp, an interrupted update is begun from nothing.
        stamp.unlink()
    else:
        _say("Setting up .venv (once; takes some minutes)")
        _make_venv(venv, python)
    _install(root, venv, python)
    stamp.write_text(wanted, "utf-8")
    _say("The environment is ready.")


def _make_venv(venv: Path, python: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(
            "error: this Python cannot make environments, for it has no module"
            " ensurepip; on Debian and Ubuntu run: sudo apt install"
            f" python{_dotted(sys.version_info)}-venv"
        )
    # In two steps, for venv hides what ensurepip says when it fails.
    _run(sys.executable, "-Im", "venv", "--clear", "--without-pip", str(venv))
    _run(str(python), "-Im", "ensurepip", "--default-pip")


def _install(root: Path, venv: Path, python: Path) -> None:
    pip = (str(python), "-Im", "pip", "--disable-pip-version-check", "install")
    torch = _torch_pin(root)
    there = venv.glob(f"lib/*/*/{torch.replace('==', '-')}*.dist-info")
    if torch and sys.platform == "linux" and not any(there):
        index = os.environ.get("BOOK_TORCH_INDEX", CPU_INDEX)
        _say(f"Trying PyTorch's CPU build from {index}")
        once = ("--no-deps", "--retries", "0", "--timeout", "10")
        try:
            _run(*pip, *once, "--index-url", index, torch, quiet=True)
        except SetupError:
            _say("It cannot be had there; the default index has one, too.")
    _run(*pip, "-r", str(root / "requirements-dev.txt"))


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


def _torch_pin(root: Path) -> str:
    """Return ``torch==VERSION`` as `requirements.txt` pins it, or nothing."""
    lines = (root / "requirements.txt").read_text("utf-8").splitlines()
    pins = [line.split()[0] for line in lines if line.startswith("torch==")]
    return pins[0] if pins else ""


def _digest(root: Path) -> str:
    """Return a digest of all that decides what `.venv` holds."""
    files = sorted(root.glob("requirements*.txt"))
    digest = hashlib.sha256()
    for file in [*files, root / "constraints.txt", Path(__file__)]:
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def _dotted(version: "tuple[object, ...]") -> str:
    return f"{version[0]}.{version[1]}"


def _say(text: str) -> None:
    # Flushed, or it would come after the lines of the programs run here.
    print(text, flush=True)


if __name__ == "__main__":
    main()
