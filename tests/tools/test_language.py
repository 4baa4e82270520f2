"""Texts in the language of a book; that none of them is without translation.

Which pages have them: test_languages.
"""

import importlib
import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from booktools.language import (
    ENGLISH,
    LOCALE,
    Language,
    find_texts,
    is_language,
    load_language,
    translate_python,
    translate_script,
)
from booktools.problem import BookError
from tests.books import ROOT

TOOLS = ROOT / "booktools"
CATALOGS = sorted((TOOLS / LOCALE).glob("*.po"))
# What else has texts that our catalogs translate.
OTHERS = (
    *("sphinx", "pydata_sphinx_theme", "sphinx_book_theme", "myst_nb"),
    *("sphinx_exercise", "sphinx_togglebutton"),
)


def extracted(method: str, *files: Path) -> set[str]:
    """Return the texts to translate in files, as babel finds them."""
    return {
        text
        for file in files
        for _, text, _, _ in extract(
            method,
            BytesIO(file.read_bytes()),
            options={"parse_template_string": "true", "encoding": "utf-8"},
        )
    }


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """Return all texts to translate."""
    found = extracted("python", *TOOLS.rglob("*.py"))
    found |= extracted("jinja2", *TOOLS.rglob("templates/*.html"))
    scripts = [*TOOLS.rglob("assets/*.js")]
    in_scripts = extracted("javascript", *scripts)
    found |= {text.replace("${", "{") for text in in_scripts}
    assert in_scripts
    for file in [*scripts, *TOOLS.rglob("assets/*.txt")]:
        found |= {*find_texts(file.read_text("utf-8"))}
    return found


def read_catalog(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    return {m.id: m.string for m in catalog if m.id}


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.stem)
def test_every_text_is_translated(path, texts):
    catalog = read_catalog(path)
    assert not sorted(texts - catalog.keys())
    assert not [text for text in catalog if not catalog[text]]


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.stem)
def test_every_translation_is_used(path, texts):
    rest = read_catalog(path).keys() - texts
    for name in OTHERS:
        folder = Path(importlib.import_module(name).__file__).parent
        for file in folder.rglob("*"):
            if file.suffix in (".py", ".html", ".js", ".pot"):
                source = file.read_text("utf-8", "replace")
                rest -= {text for text in rest if text in source}
    assert not sorted(rest)


def test_our_scripts_say_what_babel_finds(texts):
    """What is replaced is what translators are asked for."""
    for file in TOOLS.rglob("assets/*.js"):
        source = file.read_text("utf-8")
        found = {t.replace("${", "{") for t in extracted("javascript", file)}
        assert found == {*find_texts(source)}
        done = translate_script(source, str)
        assert not re.search(r"(?<![\w.$])_\(", done)


def test_whole_files_are_translated():
    english, *others = (
        {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}
        for folder in [TOOLS / LOCALE / ENGLISH]
        + [path.with_suffix("") for path in CATALOGS]
    )
    assert others
    assert all(files == english for files in others)


def test_no_code_has_texts_of_its_own():
    """What is not English is in the folder of translations."""
    chinese = re.compile("[\u2e80-\u2fff\u3000-\u9fff\uff00-\uffef]")
    allowed = {
        # Characters that code looks for.
        "booktools/render/printed.py": "radicals, ligatures",
        "booktools/sphinxext/formulas.py": "punctuation",
        "booktools/sphinxext/search.py": "terms of Chinese books",
        "booktools/publish/doctor.py": "a letter of a font",
        "booktools/render/assets/figure.js": "separator of labels",
        "booktools/editions/blocks.py": "brackets of terms",
        "booktools/importing/stock.py": "headings of exercises",
        "booktools/check/readers.py": "a reader's folder",
    }
    for file in TOOLS.rglob("*.*"):
        name = file.relative_to(ROOT).as_posix()
        if (
            file.suffix in (".py", ".js", ".html", ".css", ".txt", ".md")
            and LOCALE not in file.relative_to(TOOLS).parts
            and "node_modules" not in file.parts
            and name not in allowed
        ):
            lines = file.read_text("utf-8").splitlines()
            assert not [line for line in lines if chinese.search(line)], name


def book(tmp_path, **files: str) -> Path:
    folder = tmp_path / LOCALE
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.po").write_text(text, "utf-8")
    return tmp_path


def po(**pairs: str) -> str:
    return "".join(
        f'msgid "{text}"\nmsgstr "{translated}"\n\n'
        for text, translated in pairs.items()
    )


def test_a_book_adds_and_replaces_texts(tmp_path):
    root = book(
        tmp_path,
        zh_CN=po(Play="放", More="更多"),
        de=po(Play="Abspielen", Pause="Pause (de)"),
        de_AT=po(Play="Spielen"),
    )
    assert load_language("zh_CN", root).gettext("Play") == "放"
    assert load_language("zh_CN", root).gettext("More") == "更多"
    assert load_language("zh_CN", root).gettext("Pause") == "暂停"
    assert load_language("de", root).gettext("Play") == "Abspielen"
    assert load_language("de_AT", root).gettext("Play") == "Spielen"
    assert load_language("de_AT", root).gettext("Pause") == "Pause (de)"
    assert load_language("fr", root).gettext("Play") == "Play"
    assert load_language("en", root) == Language(
        "en", {}, (root / LOCALE, TOOLS / LOCALE)
    )


def test_a_language_has_whole_files(tmp_path):
    root = book(tmp_path)
    (root / LOCALE / "de").mkdir()
    (root / LOCALE / "de" / "new_chapter.md").write_text("# Neu\n", "utf-8")
    english = load_language("en", root).read("new_chapter.md")
    assert load_language("de_AT", root).read("new_chapter.md") == "# Neu\n"
    assert load_language("fr", root).read("new_chapter.md") == english
    assert load_language("zh_CN", root).read("new_chapter.md") != english


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            '\nmsgid "List {a}"\nmsgstr "Liste"\n',
            2,
            "'Liste' has other names in braces than 'List {a}'",
        ),
        (
            'msgid "List"\nmsgstr "Liste {a}"\n',
            1,
            "'Liste {a}' has other names in braces than 'List'",
        ),
        (
            'msgid "List {a}"\nmsgstr "Liste {a"\n',
            1,
            "'Liste {a' has other names in braces than 'List {a}'",
        ),
        ("msgid Play\n", 1, "this is no file of gettext: "),
        (
            'msgid "a"\nmsgstr "b\n\nmsgid "c"\nmsgstr "d"\n',
            2,
            "this is no file of gettext: 'msgstr \"b' is not in quotes",
        ),
        (
            'msgid ""\n"a \\"b"c"\nmsgstr "b"\n',
            2,
            "this is no file of gettext: ",
        ),
        (
            'msgid "a"\nmsgstr "b"\n\nmsgid ""\n"a"\nmsgstr "c"\n',
            4,
            "'a' stands twice, see line 1",
        ),
        (
            'msgid "a"\nmsgstr "b"\n\nmsgid "Guess then run"\nmsgstr "c"\n',
            4,
            "no page has the text 'Guess then run'",
        ),
    ],
)
def test_wrong_translations_are_problems(tmp_path, text, line, message):
    root = book(tmp_path, de=text)
    with pytest.raises(BookError) as caught:
        load_language("de", root)
    [problem] = caught.value.problems
    assert (problem.path, problem.rule) == ("locale/de.po", "bad-translation")
    assert problem.line == line
    assert problem.message.startswith(message)


def test_what_is_not_ready_stays_english(tmp_path):
    text = '#, fuzzy\nmsgid "Play"\nmsgstr "?"\n\nmsgid "Pause"\nmsgstr ""\n'
    plural = '\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "d"\n'
    language = load_language("de", book(tmp_path, de=text + plural))
    assert [*map(language.gettext, ("Play", "Pause", "a"))] == [
        *("Play", "Pause", "a"),
    ]


@pytest.mark.parametrize(
    "code", ["en", "de", "zh_CN", "zh_Hant_TW", "pt_BR", "sr@latin"]
)
def test_codes_of_languages(code):
    assert is_language(code)


@pytest.mark.parametrize(
    "code", ["", "English", "zh-CN", "zh_cn", "ZH", "xx_YY", "../x", "d e"]
)
def test_no_codes_of_languages(code):
    assert not is_language(code)


@pytest.mark.parametrize(
    ("code", "tag", "has_words", "is_cjk"),
    [
        ("en", "en", True, False),
        ("zh_TW", "zh-TW", False, True),
        ("ja", "ja", False, True),
        ("ko", "ko", True, True),
        ("de_AT", "de-AT", True, False),
    ],
)
def test_what_languages_are_like(code, tag, has_words, is_cjk):
    language = Language(code)
    assert (language.tag, language.has_words) == (tag, has_words)
    assert language.is_cjk == is_cjk


GERMAN = {
    "Play": 'Los "jetzt" `\\',
    "Of {all} {count}": "{count} von `{all}`",
    "One\nTwo": "Eins\nZwei\nDrei",
    "In {folder}: \nit": "Es: \nin {folder}",
    "ab": "AB",
}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('x = _("Play");', r'x = "Los \"jetzt\" `\\";'),
        ("_(`Of ${all} ${count}`)", r"`${count} von \`${all}\``"),
        ('_("a" +\n  "b")', '"AB"'),
        ("_(`a` + `b`)", "`AB`"),
        ('_( "Other" )', '"Other"'),
        ('_("say \\"a\\"")', '"say \\"a\\""'),
        ('_("One\\nTwo")', '"Eins\\nZwei\\nDrei"'),
        ('a_("Play") + b._("Play")', 'a_("Play") + b._("Play")'),
        ("_(name)", "_(name)"),
    ],
)
def test_scripts_are_translated(code, expected):
    assert translate_script(code, lambda t: GERMAN.get(t, t)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('  # _("One\\nTwo")\nx', "  # Eins\n  # Zwei\n  # Drei\nx"),
        ('x = _("Play")', 'x = "Los \\"jetzt\\" `\\\\"'),
        (
            '    _("In {folder}: \\nit"),',
            '    "Es: "\n    f"in {folder}",',
        ),
        ('f(_("ab") + "c")', 'f("AB" + "c")'),
    ],
)
def test_python_is_translated(code, expected):
    assert translate_python(code, lambda t: GERMAN.get(t, t)) == expected


def test_a_book_has_a_language_or_a_problem(make_book, run):
    config = "title: A\nsphinx:\n  config:\n    language: {}\n"
    root = make_book({"chapters/a.md": "# A\n"})
    for code, line in {"zh-CN": 4, "7": 4, "[de]": 4}.items():
        (root / "_config.yml").write_text(config.format(code), "utf-8")
        result = run("-m", "booktools", "deps", "--book", "book")
        assert result.returncode == 1
        assert f"_config.yml:{line}: error: language " in result.stderr
        assert "[bad-language]" in result.stderr
        assert "Traceback" not in result.stderr
