"""How much the code of a chapter may show and take, and how much it does."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# What it means that a limit is exceeded.
_SENTENCES = {
    "lines": "it shows more than {} lines of text",
    "kilobytes": "it shows more than {} KB",
    "images": "it shows more than {} pictures",
    "memory": "the chapter takes more than {} MB of memory",
}


@dataclass(frozen=True)
class Limits:
    """How much the code of a chapter may give and take.

    Parameters
    ----------
    lines, kilobytes, images : int
        What one cell may show: lines of text, all data, pictures.
    memory : int
        What the kernel and all that it starts may take, in MB.
    """

    lines: int = 1_000
    kilobytes: int = 500
    images: int = 50
    memory: int = 4_000

    def exceeded(self, counts: Mapping[str, int]) -> str:
        """Return a sentence about the first limit that is exceeded, or ""."""
        for name, limit in asdict(self).items():
            if counts.get(name, 0) > limit:
                what = _SENTENCES[name].format(f"{limit:,}")
                return (
                    f"{what}, the limit (the front matter can raise it: "
                    f"limits: {{{name}: {2 * limit}}})"
                )
        return ""


def count(output: Mapping[str, Any]) -> Counter[str]:
    """Return what of an output there are limits for."""
    data = output.get("data") or {}
    text = str(output.get("text") or "")
    texts = [text, str(data.get("text/plain") or "")]
    size = len(text) + sum(len(str(value)) for value in data.values())
    # Here the frames of a figure that moves are; it counts as one picture.
    size += len(str(output.get("metadata") or ""))
    size += len("".join(map(str, output.get("traceback") or [])))
    counts = Counter[str]()
    counts["lines"] = sum(text.count("\n") for text in texts)
    # What is around a piece of an output takes space, too.
    counts["bytes"] = size + 200
    counts["kilobytes"] = counts["bytes"] // 1000
    counts["images"] = any(kind.startswith("image/") for kind in data)
    return counts
