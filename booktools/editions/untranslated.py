"""What in an edition is still in the language of its source."""

import unicodedata
from collections.abc import Collection, Iterable, Iterator

from booktools.editions.outline import Prose
from booktools.problem import Problem

RULE = "untranslated"
# Where an edition's front matter lists what may stay: names of books, say.
KEPT = "untranslated"

# Languages that are not written with Latin letters: how the names of their
# characters begin in Unicode.
_CJK = ("CJK", "IDEOGRAPHIC", "FULLWIDTH")
_CYRILLIC, _ARABIC = ("CYRILLIC",), ("ARABIC",)
_SCRIPTS: dict[str, tuple[str, ...]] = {
    "zh": _CJK,
    "ja": (*_CJK, "HIRAGANA", "KATAKANA"),
    "ko": (*_CJK, "HANGUL"),
    **dict.fromkeys(["be", "bg", "mk", "ru", "sr", "uk"], _CYRILLIC),
    **dict.fromkeys(["ar", "fa", "ur"], _ARABIC),
    **{"el": ("GREEK",), "he": ("HEBREW",), "th": ("THAI",)},
    **{"hi": ("DEVANAGARI",), "bn": ("BENGALI",), "ta": ("TAMIL",)},
}
# Where both are written with the same letters: from so many words on, a text
# is not equal by chance.
_MANY = 4
_SHOWN = 20


def find_untranslated(
    path: str,
    edition: Iterable[Prose],
    source: Iterable[Prose],
    languages: tuple[str, str],
    kept: Collection[str],
) -> Iterator[Problem]:
    """Yield a problem for each line of text that nobody has translated.

    Parameters
    ----------
    path : str
        The file of the edition.
    edition, source : iterable of Prose
        What is said in it, and in its source.
    languages : tuple of str
        The language of the edition, and that of the source.
    kept : collection of str
        What may stay as it is.  The source's terms may in a glossary.
    """
    if languages[0] == languages[1]:
        return
    here, there = (
        _SCRIPTS.get(language[:2].lower(), ()) for language in languages
    )
    foreign = tuple(name for name in there if name not in here)
    texts = list(source)
    terms = {prose.text for prose in texts if prose.is_term}
    long = {p.text for p in texts if len(_words(p.text)) >= _MANY}
    for prose in edition:
        text = prose.text
        words = [*kept, *(terms if prose.is_term else ())]
        # Of words that contain others, no part may be left.
        for word in sorted(words, key=len, reverse=True):
            text = text.replace(word, "")
        if left := _find_foreign(text, foreign):
            what = f"{left!r} is not in the language of this edition"
        elif not foreign and text in long:
            what = f"{text[:_SHOWN]!r} is what stands in the source"
        else:
            continue
        hint = "translate it, or let it stay: in front matter, "
        hint += f"{KEPT}: [WORDS]"
        yield Problem(path, prose.line, RULE, what, hint)


def _find_foreign(text: str, scripts: tuple[str, ...]) -> str:
    """Return the text from its first foreign character on, shortened."""
    if not scripts or text.isascii():
        return ""
    for i, character in enumerate(text):
        if unicodedata.name(character, "").startswith(scripts):
            return text[i : i + _SHOWN]
    return ""


def _words(text: str) -> list[str]:
    return [word for word in text.split() if len(word) > 2 and word.isalpha()]
