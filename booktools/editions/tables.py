"""Tables, in each way to write them -> their size, and cells without text."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from typing import NamedTuple

import yaml
from markdown_it.token import Token

from booktools.problem import count
from booktools.source.markdown import parser
from booktools.source.options import plain_options

# Texts of a table are those of its cells; this is how they are called.
CELL = "text in row "

_SEPARATORS = {"tab": "\t", "space": " "}


class Cell(NamedTuple):
    """A cell of a table: whether something is in it; its line."""

    is_full: bool
    line: int


class Table(NamedTuple):
    """What editions compare: the size, and cells with and without text."""

    facts: dict[str, str]
    texts: dict[str, int]
    blank: dict[str, int]


def read_pipes(tokens: list[Token], first: int) -> Table:
    """Read a table of Markdown; it begins on a line of a file."""
    above = first - (tokens[0].map or [0])[0]
    rows: list[list[Cell]] = []
    for token in takewhile(lambda t: t.type != "table_close", tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            line = above + (token.map or [0])[0]
            rows[-1].append(Cell(bool(token.content.strip()), line))
    return _table(rows)


def read_list(text: str, above: int) -> Table:
    """Read what is in a ``{list-table}``: a list of rows, lists of cells."""
    rows: list[list[Cell]] = []
    for token in parser().parse(text):
        if token.type == "list_item_open":
            line = above + (token.map or [0])[0] + 1
            if token.level == 1:
                rows.append([])
            elif token.level == 3 and rows:
                rows[-1].append(Cell(False, line))
        elif (token.content + token.info).strip() and rows and rows[-1]:
            rows[-1][-1] = rows[-1][-1]._replace(is_full=True)
    return _table(rows)


def read_csv(block: list[str], text: str, above: int) -> Table:
    """Read what is in a ``{csv-table}``, and how long its header is.

    Parameters
    ----------
    block : list of str
        The lines of its options.
    text : str
        The rest of it, below some lines of a file.
    above : int
        How many.
    """
    options = plain_options(block)
    rows = [
        [Cell(bool(value.strip()), above + line) for value in values]
        for line, values in _csv_rows(text, options)
    ]
    table = _table(rows)
    for line in block:
        name, _, value = line.partition(":")
        if name.strip() == "header" and value.strip():
            with suppress(yaml.YAMLError):  # it may be between quotes
                value = str(yaml.safe_load(value))
            for _, values in _csv_rows(value, options):
                table.facts["header"] = count(len(values), "column")
    return table


def _csv_rows(
    text: str, options: dict[str, str]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line of each row, and what is in it."""
    mark = options.get("delim", "")
    last = 0
    # What cannot be read, docutils reports.
    with suppress(csv.Error, ValueError):
        rows = csv.reader(
            text.splitlines(),
            delimiter=_SEPARATORS.get(mark, mark[:1] or ","),
            quotechar=options.get("quote", "")[:1] or '"',
            escapechar=options.get("escape", "")[:1] or None,
            skipinitialspace=True,
        )
        for values in rows:
            if values:
                yield last + 1, values
            last = rows.line_num


def _table(rows: list[list[Cell]]) -> Table:
    columns = max(map(len, rows), default=0)
    size = f"{count(len(rows), 'row')}, {count(columns, 'column')}"
    table = Table({"size": size}, {}, {})
    for i, row in enumerate(rows, 1):
        # Of a row that is short, docutils adds the rest.
        short = [Cell(False, cell.line) for cell in row[-1:]]
        short *= columns - len(row)
        for k, cell in enumerate([*row, *short], 1):
            places = table.texts if cell.is_full else table.blank
            places[f"{CELL}{i}, column {k}"] = cell.line
    return table
