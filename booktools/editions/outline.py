"""What a file consists of that an edition in another language shares."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Block:
    """Something that an edition has in the same place.

    ``kind`` is what an author calls it, ``name`` what it is called in every
    language, empty if it has no name.  It begins and ends on lines of its
    file.  ``facts`` are the same in every language; ``texts`` are not, but are
    there: what each is, and its line; in those of ``blank``, nothing stands.
    ``code`` begins on ``code_line``.  ``answers`` are those of a guess.
    """

    kind: str
    name: str
    line: int
    end: int
    facts: dict[str, str] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    blank: dict[str, int] = field(default_factory=dict)
    code: str = ""
    code_line: int = 0
    fence: str = ""
    terms: frozenset[str] = frozenset()
    answers: tuple["Prose", ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}" if self.name else self.kind


class Reference(NamedTuple):
    """A role, or a link within the book: what it names, its line."""

    role: str
    target: str
    line: int


class Include(NamedTuple):
    """A file whose text stands in the place of a directive."""

    target: str
    options: dict[str, str]
    line: int


class Prose(NamedTuple):
    """A piece of text, without the code in it; where it stands."""

    text: str
    line: int
    is_term: bool = False


@dataclass
class Outline:
    """What a file consists of; ``front_matter`` with its last line.

    ``formulas`` are those within sentences; ``settings`` are those that
    each edition has of its own, by name.
    """

    blocks: list[Block] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    prose: list[Prose] = field(default_factory=list)
    formulas: list[Prose] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    settings: dict[str, Prose] = field(default_factory=dict)
    front_matter: dict[str, Any] = field(default_factory=dict)
    above: int = 0
