"""What cells put out: in which order, and what another build would change."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from nbformat import NotebookNode

from booktools.problem import Problem
from booktools.run.job import Job

ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")
_LAST_LINE = re.compile(r"\n(\w+(?:\.\w+)*(?:Error|Exception|Interrupt): .*)")
_WARNING = re.compile(r":\d+: (\w*Warning: .*)")

# Of an output that is given in several ways, a page shows the first.
_KINDS = (
    *("application/vnd.jupyter.widget-view+json", "application/javascript"),
    *("text/html", "image/svg+xml", "image/png", "image/jpeg"),
    *("text/markdown", "text/latex", "text/plain"),
)


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what was printed: into which pieces it falls is up to chance.

    Between two other outputs, all of stdout comes before all of stderr.
    """
    merged: list[NotebookNode] = []
    for is_stream, group in groupby(
        outputs, lambda output: output.output_type == "stream"
    ):
        if not is_stream:
            merged += group
            continue
        streams: dict[str, NotebookNode] = {}
        for output in group:
            if output.name in streams:
                streams[output.name].text += output.text
            else:
                streams[output.name] = output
        merged += [streams[name] for name in sorted(streams, reverse=True)]
    return merged


def drop_unshown(cell: NotebookNode, root: Path) -> None:
    """Drop what no page shows and another build would have differently."""
    tags = {tag.replace("_", "-") for tag in cell.metadata.get("tags", [])}
    kept = []
    for output in cell.outputs:
        data = output.get("data", {})
        shown = next((kind for kind in _KINDS if kind in data), "")
        for kind in {*data} - {shown}:
            if any(_leaks(str(data[kind]), root)):
                del data[kind]
        removed = {"remove-cell", "remove-output"}
        removed.add(f"remove-{output.get('name')}")
        # Other cells, and prose, may show what is glued.
        glued = "scrapbook" in output.get("metadata", {})
        if glued or not (tags & removed and any(_leaks(_text(output), root))):
            kept.append(output)
    cell.outputs = kept


def find_leaks(job: Job) -> Iterator[Problem]:
    """Find what would be different in another build, or elsewhere."""
    for i, cell in enumerate(job.notebook.cells):
        text = "\n".join(map(_text, cell.outputs))
        value = any(o.output_type == "execute_result" for o in cell.outputs)
        for rule, what in _leaks(text, job.root):
            if value and rule == "memory-address":
                what += "; end its last line with ;"
            yield job.problem(i, rule, what)


def _text(output: NotebookNode) -> str:
    """Return an output as far as it is text."""
    if output.output_type == "stream":
        return str(output.text)
    if output.output_type == "error":
        return ANSI.sub("", "\n".join(output.traceback))
    texts = [
        str(data)
        for kind, data in output.data.items()
        if kind.startswith("text/") or kind == "image/svg+xml"
    ]
    # What features of pages read: the frames of a figure that moves.
    return "\n".join([*texts, str(output.metadata or "")])


def _leaks(text: str, root: Path) -> Iterator[tuple[str, str]]:
    """Find what of a text is new in another build, or elsewhere."""
    if found := _ADDRESS.search(text):
        quote = _ADDRESS.sub("at 0x…", _line_around(text, found.start()))
        what = f"its output has a memory address, new in every run: {quote}"
        yield "memory-address", what
    folders = {root, Path.home(), Path(tempfile.gettempdir())}
    folders |= {Path(sys.prefix), Path(sys.base_prefix)}
    paths = [str(folder) + os.sep for folder in folders if folder.name]
    paths.append(f"File ~{os.sep}")  # the home folder in a traceback
    if path := max((p for p in paths if p in text), key=len, default=""):
        quote = _line_around(text, text.index(path))
        what = "its output has a path of this machine"
        if warning := _WARNING.search(quote):
            quote = f"{warning[1]} (heed it, or filter it)"
            what = "it warns, and so " + what
        elif error := _LAST_LINE.search(text, text.index(path)):
            quote = f"the traceback of {error[1]}"
        yield "machine-path", f"{what}: {quote}"


def _line_around(text: str, at: int) -> str:
    """Return the line of a text around an index, or most of it."""
    start = max(text.rfind("\n", 0, at) + 1, at - 60)
    return text[start : at + 200].partition("\n")[0].strip()
