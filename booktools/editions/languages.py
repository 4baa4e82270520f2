"""`_config.yml` -> the editions of a book in other languages.

    sphinx:
      config:
        booktools_editions:
          en:
            title: Calculus, by Code
            author: The authors of d2lmini
            toc: {Kapitel: Chapters, Anhang: Appendices}

The language is also the folder: `en/chapters/x.md` is `chapters/x.md`.  What
is not there is shown as it is in the source.
"""

import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from booktools.language import is_language
from booktools.problem import BookError, Problem
from booktools.source.config import CONFIG, read_language
from booktools.source.text import line_at, load_yaml, mapping, read_setup
from booktools.source.toc import TOC

RULE = "bad-edition"
SETTING = ("sphinx", "config", "booktools_editions")
_KEYS = ("author", "title", "toc")
# The texts in a table of contents.
_TOC_TEXTS = ("caption", "title")


@dataclass(frozen=True)
class Edition:
    """A book in another language: its title, author, texts of `_toc.yml`.

    ``language`` is written as Sphinx does, such as ``en`` or ``pt_BR``; its
    files are in the folder of that name.  ``author`` is empty where it is
    that of the book.
    """

    language: str
    title: str
    author: str = ""
    toc: dict[str, str] = field(default_factory=dict)

    def path(self, source: str) -> str:
        """Return where a file of the book has its edition."""
        return f"{self.language}/{source}"

    def translate_toc(self, toc: Any) -> Any:
        """Return a table of contents with its captions in this language."""
        translated = copy.deepcopy(toc)
        for entry in _toc_entries(translated):
            for key in _TOC_TEXTS:
                if key in entry:
                    entry[key] = self.toc.get(entry[key], entry[key])
        return translated


def read_editions(root: Path) -> list[Edition]:
    """Return the editions of a book, in the order of its settings.

    Raises
    ------
    BookError
        With every problem in what is set about them.
    """
    text = read_setup(root, CONFIG)
    value: Any = load_yaml(text, CONFIG)
    for name in SETTING:
        value = mapping(value).get(name)
    problems: list[Problem] = []

    def report(what: str, hint: str, *place: str) -> None:
        line = line_at(text, (*SETTING, *place))
        problems.append(Problem(CONFIG, line, RULE, what, hint))

    if value is not None and not isinstance(value, dict):
        what = f"editions are settings by language, not {str(value)[:40]!r}"
        report(what, "write below it, say, en: {title: …}")
    toc = load_yaml(read_setup(root, TOC), TOC)
    editions = []
    by_language: dict[Any, Any] = mapping(value)
    for language, settings in by_language.items():
        if language is False:
            what = "no is a truth value in YAML unless it is in quotes"
            report(what, 'write "no": {title: …}', "no")
            continue
        language = str(language)
        if misfit := _find_misfit(root, language):
            report(*misfit, language)
        if not isinstance(settings, dict):
            what = f"the edition {language} has no settings, such as its title"
            report(what, f"write {language}: {{title: …}}", language)
            continue
        for what, hint, *place in _find_misfits(settings, toc):
            report(what, hint, language, *place)
        texts = mapping(settings.get("toc"))
        editions.append(
            Edition(
                language,
                str(settings.get("title", "")),
                str(settings.get("author", "")),
                {str(key): str(text) for key, text in texts.items()},
            )
        )
    if problems:
        raise BookError(problems)
    return editions


def _find_misfit(root: Path, language: str) -> tuple[str, str] | None:
    """Return what is wrong with the name of an edition, and a hint."""
    if not is_language(language):
        hint = "write, say, en, de or pt_BR"
        if is_language(near := language.replace("-", "_")):
            hint = f"write {near}"
        return f"{language!r} is no language", hint
    if language == read_language(root, []):
        what = f"{language} is the language of the book itself"
        return what, "name the language that it is translated to"
    if not (root / language).is_dir():
        what = f"there is no folder {language}, so nothing of this edition"
        return what, f"create {language}/index.md, or remove this edition"
    return None


def _find_misfits(
    settings: dict[Any, Any], toc: Any
) -> Iterator[tuple[str, ...]]:
    """Yield what is wrong with an edition's settings, a hint, where it is."""
    for key, value in settings.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, 1)
            hint = f"did you mean {near[0]}?" if near else ""
            hint = hint or f"there are {', '.join(_KEYS)}"
            yield f"an edition has no setting {key!r}", hint, str(key)
        elif key == "toc" and not isinstance(value, dict):
            what = "toc is a text of _toc.yml, a colon, its translation"
            yield what, "toc: {TEXT: TRANSLATION}", "toc"
        elif key != "toc" and not (isinstance(value, str) and value.strip()):
            yield f"{key} should be text, not {value!r}", "", str(key)
    if "title" not in settings:
        yield "this edition has no title", "add title: …"
    given = mapping(settings.get("toc"))
    texts = {
        str(entry[key]): None
        for entry in _toc_entries(toc)
        for key in _TOC_TEXTS
        if key in entry
    }
    for text in texts:
        translated = given.get(text)
        place = ("toc",) if "toc" in settings else ()
        if not translated or not str(translated).strip():
            what = f"{text!r} of {TOC} has no translation"
            yield what, f"add toc: {{{text}: …}}", *place
        elif not isinstance(translated, str):
            what = f"the translation of {text!r} should be text, not "
            yield f"{what}{translated!r}", "", *place
    for text in given:
        if text not in texts:
            yield f"{TOC} has no caption or title {text!r}", "", "toc"


def _toc_entries(toc: Any) -> Iterator[dict[str, Any]]:
    """Yield each mapping in a table of contents."""
    if isinstance(toc, dict):
        yield toc
        toc = list(toc.values())
    for inner in toc if isinstance(toc, list) else []:
        yield from _toc_entries(inner)
