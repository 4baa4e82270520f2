"""What functions of texts have returned, remembered from build to build."""

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

# A function, and what it is called with -> what it returns.
Call = Callable[..., Any]


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function, and remember nothing."""
    return function(*arguments)


class Remembered:
    """Calls functions, but only where nobody knows what they return.

    Parameters
    ----------
    path : Path
        The file in which it is kept.
    version : str
        Of the functions: what others have returned does not count.
    """

    def __init__(self, path: Path, version: str):
        self._path = path
        self._version = version
        self._old: dict[str, Any] = {}
        self._new: dict[str, Any] = {}
        with suppress(Exception):  # no such file, or half of one
            known = pickle.loads(path.read_bytes())
            if known["version"] == version:
                self._old = known["results"]

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function of plain arguments returns."""
        text = repr((function.__qualname__, arguments))
        key = hashlib.sha256(text.encode()).hexdigest()
        if key not in self._new:
            if key not in self._old:
                self._old[key] = function(*arguments)
            self._new[key] = self._old[key]
        return self._new[key]

    def save(self) -> None:
        """Keep what was asked for since this was made, and nothing else."""
        known = {"version": self._version, "results": self._new}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_bytes(pickle.dumps(known))
