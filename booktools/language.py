"""The language of a book -> what its readers see in that language.

Texts in code are English.  What translates them is in the folder `locale`, of
the tools and then of the book: `zh_CN.po` has short texts, the folder `zh_CN`
whole files.  What nobody has translated stays English.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.core import Locale, parse_locale
from babel.localedata import exists
from babel.messages.pofile import PoFileError, read_po

from booktools.problem import BookError, Problem

LOCALE = "locale"
ENGLISH = "en"
# Written without spaces between words, and read character by character.
_CHARACTERS = ("ja", "zh")
# Written, among others, with characters from China.
_CJK = (*_CHARACTERS, "ko")

# A text to translate, in code of any language: _("text"), or in JavaScript
# _(`text with ${name}`), or several of these with + between.
_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
_CALL = re.compile(
    rf"(?<![\w.$])_\(\s*((?:{_LITERAL.pattern})"
    rf"(?:\s*\+\s*(?:{_LITERAL.pattern}))*)\s*\)"
)
_ESCAPE = re.compile(r"\\(.)")

# Lines of a file of gettext: what is left of them is not in quotes.
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINE = re.compile(
    rf"\s*(?:#.*|(?:(?:msg[a-z_]+(?:\[\d+\])?)?\s*{_QUOTED}\s*)?)"
)
_MSGID = re.compile(rf"^msgid((?:\s*{_QUOTED})+)", re.MULTILINE)


@dataclass(frozen=True)
class Language:
    """A language, and what is translated into it.

    Parameters
    ----------
    code : str
        As in `_config.yml`: ``en``, ``zh_CN``.
    texts : mapping of str to str
        English text -> its translation.
    folders : tuple of Path
        Where whole files are, best first.
    """

    code: str = ENGLISH
    texts: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = (Path(__file__).with_name(LOCALE),)

    @property
    def tag(self) -> str:
        """The language as HTML calls it: ``zh-CN``."""
        return self.code.replace("_", "-")

    @property
    def has_words(self) -> bool:
        """Whether spaces stand between words."""
        return self.code.partition("_")[0] not in _CHARACTERS

    @property
    def is_cjk(self) -> bool:
        """Whether it is Chinese, Japanese or Korean."""
        return self.code.partition("_")[0] in _CJK

    def gettext(self, text: str) -> str:
        """Return the translation of a text; if there is none, the text."""
        return self.texts.get(text, text)

    def read(self, name: str) -> str:
        """Return a whole file, as `new_chapter.md`, in this language."""
        for code in (*_codes(self.code), ENGLISH):
            for folder in self.folders:
                file = folder / code / name
                if file.is_file():
                    return file.read_text("utf-8-sig")
        raise FileNotFoundError(name)


def load_language(code: str, root: Path) -> Language:
    """Return a language, with the translations of the tools and of a book.

    Parameters
    ----------
    code : str
        As in `_config.yml`.
    root : Path
        The folder of the book.

    Raises
    ------
    BookError
        With every problem of the book's own translations.
    """
    own = root / LOCALE
    folders = (own, *Language().folders)
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    # The nearest come last: the book's after the tools', de_AT after de.
    for folder in reversed(folders):
        for name in reversed(_codes(code)):
            file = folder / f"{name}.po"
            if file.is_file():
                path = f"{LOCALE}/{file.name}"
                texts |= _read_texts(file.read_bytes(), path, problems)
    if problems:
        raise BookError(problems)
    return Language(code, texts, folders)


def is_language(code: str) -> bool:
    """Tell whether a code is one of a language, written as gettext does."""
    code = code.partition("@")[0]  # as in sr@latin
    try:
        parts = parse_locale(code)
    except ValueError:
        return False
    language, territory, script, *_ = parts
    normal = "_".join(filter(None, (language, script, territory)))
    return exists(language) and code == normal


def language_name(code: str, all_codes: Iterable[str] = ()) -> str:
    """Return what the speakers of a language call it.

    Where several codes are of one language, its territory is part of that.
    """
    locale = Locale.parse(code)
    same = [c for c in all_codes if c.partition("_")[0] == locale.language]
    if len(same) > 1:
        name = locale.get_display_name()
    else:
        name = locale.get_language_name()
    name = name or code
    return name[:1].upper() + name[1:]


def _codes(code: str) -> list[str]:
    """Return the codes that a language may have, the most exact first."""
    parts = code.split("_")
    return ["_".join(parts[:end]) for end in range(len(parts), 0, -1)]


def _read_texts(
    data: bytes, path: str, problems: list[Problem]
) -> Iterator[tuple[str, str]]:
    """Yield the texts of a file of gettext, and their translations."""

    def report(line: int | None, what: str, hint: str = "") -> None:
        rule = "bad-translation"
        problems.append(Problem(path, line or 1, rule, what, hint))

    if wrong := list(_find_wrong_lines(data.decode("utf-8-sig", "replace"))):
        for line, what, hint in wrong:
            report(line, what, hint)
        return
    try:
        catalog = read_po(BytesIO(data), abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        what = f"this is no file of gettext: {error}"
        report(getattr(error, "lineno", 1), what)
        return
    for message in catalog:
        text, translated = message.id, message.string
        if not (isinstance(text, str) and isinstance(translated, str)):
            continue  # a plural, which no text of the tools has
        if not text or not translated or message.fuzzy:
            continue
        if _fields(text) != _fields(translated):
            names = " ".join(f"{{{name}}}" for name in _fields(text) or ())
            what = f"{translated!r} has other names in braces than {text!r}"
            hint = f"keep all of them: {names}" if names else "use no braces"
            report(message.lineno, what, hint)
        # A book may have texts of its own, but none that is nearly a tool's.
        if text not in (known := _known_texts()):
            for close in get_close_matches(text, known, 1, 0.85):
                what = f"no page has the text {text!r}"
                report(message.lineno, what, f"did you mean {close!r}?")
        yield text, translated


def _find_wrong_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield lines that babel would skip: their number, what, and a hint."""
    for number, line in enumerate(text.splitlines(), 1):
        if not _LINE.fullmatch(line):
            what = f"this is no file of gettext: {line!r} is not in quotes"
            hint = 'write msgid "…" or msgstr "…", and \\" for a " inside'
            yield number, what, hint
    places: dict[str, int] = {}
    for match in _MSGID.finditer(text):
        msgid = "".join(part[1:-1] for part in re.findall(_QUOTED, match[1]))
        number = text.count("\n", 0, match.start()) + 1
        first = places.setdefault(msgid, number)
        if first != number:
            what = f"{msgid!r} stands twice, see line {first}"
            yield number, what, "take one of them out"


@functools.cache
def _known_texts() -> Set[str]:
    """Return the texts of the tools: some language has all of them."""
    file = Path(__file__).with_name(LOCALE) / "zh_CN.po"
    return {str(message.id) for message in read_po(BytesIO(file.read_bytes()))}


def _fields(text: str) -> set[str] | None:
    """Return the names in braces of a text; None if braces are wrong."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name}
    except ValueError:
        return None


def find_texts(code: str) -> list[str]:
    """Return the texts to translate in code that is no Python."""
    return [_text(call) for call in _CALL.finditer(code)]


def translate_script(code: str, gettext: Callable[[str], str]) -> str:
    """Translate JavaScript: a call of `_` becomes the translated literal.

    Names within the text, as ``${name}``, are those of the script.
    """

    def literal(call: re.Match[str]) -> str:
        text = gettext(_text(call))
        if "`" not in call[1]:
            return '"' + _escape(text, '"') + '"'
        return "`" + _escape(text, "`").replace("{", "${") + "`"

    return _CALL.sub(literal, code)


def translate_python(code: str, gettext: Callable[[str], str]) -> str:
    """Translate Python as `translate_script` does.

    Names within a text, as ``{name}``, are those of the code.  A comment that
    is such a call becomes a comment with the text.  Where the text has line
    breaks, comment and literal go on in a new line, and a literal is still
    one line of text.
    """
    lines = []
    for line in code.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        is_comment = line.lstrip().startswith("#")

        def write(
            call: re.Match[str],
            indent: str = indent,
            is_comment: bool = is_comment,
        ) -> str:
            parts = gettext(_text(call)).split("\n")
            if is_comment:
                return f"\n{indent}# ".join(parts)
            return f"\n{indent}".join(
                "f" * ("{" in part) + '"' + _escape(part, '"') + '"'
                for part in parts
            )

        lines.append(_CALL.sub(write, line))
    return "\n".join(lines)


def _text(call: re.Match[str]) -> str:
    """Return the text of a call, with names as Python writes them."""
    parts = (
        plain or template.replace("${", "{")
        for plain, template in _LITERAL.findall(call[1])
    )
    return _ESCAPE.sub(
        lambda found: {"n": "\n"}.get(found[1], found[1]), "".join(parts)
    )


def _escape(text: str, quote: str) -> str:
    for character in ("\\", quote):
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", "\\n")
