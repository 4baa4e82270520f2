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
_CJK = ("CJK",)
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
# Where both are written with the same letters: from so many words on, or
# Chinese characters, a text is not equal by chance.
_MANY, _MANY_CHARACTERS = 4, 12
# What is written with these only: radicals, punctuation, bopomofo, strokes,
# signs in circles, vertical and small forms, wide and narrow letters.  Quotes
# and dashes are those of other languages, too.
_CJK_BLOCKS = (
    *(range(0x2E80, 0x3040), range(0x3100, 0x3130), range(0x3190, 0x31F0)),
    *(range(0x3200, 0x3400), range(0xFE30, 0xFE70), range(0xFF00, 0xFFF0)),
)
_NO_CJK = ("HIRAGANA", "KATAKANA", "HANGUL")
_SHOWN = 20
# Around names of books: double and single angles, corners, black lenses.
_LEFT, _RIGHT = (
    "\u300a\u3008\u300c\u300e\u3010",
    "\u300b\u3009\u300d\u300f\u3011",
)
_BRACKETS = [*zip(_LEFT, _RIGHT, strict=True)]
_PUNCTUATION = ".,:;!?()\"'“”‘’„‚«»"


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
    foreign = _foreign(languages)
    texts = list(source)
    terms = {prose.text for prose in texts if prose.is_term}
    long = {p.text for p in texts if _is_long(p.text)}
    for prose in edition:
        text = prose.text
        words = [*kept, *(terms if prose.is_term else ())]
        # Of words that contain others, no part may be left, and of names of
        # books no bracket.
        for word in sorted(words, key=len, reverse=True):
            for left, right in _BRACKETS:
                text = text.replace(f"{left}{word}{right}", "")
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


def is_left(text: str, source: str, languages: tuple[str, str]) -> bool:
    """Say if a short text, such as a title, is still that of the source."""
    return text == source and bool(_find_foreign(text, _foreign(languages)))


def _foreign(languages: tuple[str, str]) -> tuple[str, ...]:
    """Return how characters are named that only the source's language has."""
    here, there = (
        _SCRIPTS.get(language[:2].lower(), ()) for language in languages
    )
    return tuple(name for name in there if name not in here)


def _find_foreign(text: str, scripts: tuple[str, ...]) -> str:
    """Return the text from its first foreign character on, shortened."""
    if not scripts or text.isascii():
        return ""
    for i, character in enumerate(text):
        if _name(character).startswith(scripts):
            return text[i : i + _SHOWN]
    return ""


def _is_long(text: str) -> bool:
    words = [word.strip(_PUNCTUATION) for word in text.split()]
    many = [word for word in words if len(word) > 2 and word.isalpha()]
    characters = [c for c in text if unicodedata.name(c, "").startswith("CJK")]
    return len(many) >= _MANY or len(characters) >= _MANY_CHARACTERS


def _name(character: str) -> str:
    """Return the name of a character, which begins with that of a script."""
    name = unicodedata.name(character, "")
    if any(ord(character) in block for block in _CJK_BLOCKS):
        found = (script for script in _NO_CJK if script in name)
        return next(found, "CJK")
    return name
