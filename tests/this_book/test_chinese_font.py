"""`use_chinese_font`, on a machine with any fonts or none."""

import io

import matplotlib
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.figure import Figure

import d2lmini as d2l

TEXT = "切线"


@pytest.fixture
def no_fonts(monkeypatch):
    """Let only the fonts that come with Matplotlib be there."""
    own = [
        font
        for font in font_manager.fontManager.ttflist
        if font.fname.startswith(matplotlib.get_data_path())
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield
    font_manager.fontManager._findfont_cached.cache_clear()


@pytest.fixture
def font_file(tmp_path):
    """Make a font that has nothing but the characters of TEXT: no minus."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 700))
    pen.lineTo((700, 0))
    pen.closePath()
    names = [".notdef", *(f"glyph{i}" for i in range(len(TEXT)))]
    font = FontBuilder(1000)
    font.setupGlyphOrder(names)
    font.setupCharacterMap(dict(zip(map(ord, TEXT), names[1:], strict=True)))
    font.setupGlyf(dict.fromkeys(names, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Tiny Han", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    path = tmp_path / "tiny.ttf"
    font.save(path)
    return str(path)


def draw():
    """Draw Chinese text and an axis with negative numbers."""
    figure = Figure()
    figure.suptitle(TEXT + "abc")
    figure.gca().plot([-1, 1], [-1, 1])
    figure.savefig(io.BytesIO())


def test_without_a_font_one_sentence_and_no_change(no_fonts, capsys):
    before = list(matplotlib.rcParams["font.family"])
    assert d2l.use_chinese_font() is None
    assert capsys.readouterr().out.count("\n") == 1
    assert matplotlib.rcParams["font.family"] == before
    with pytest.warns(UserWarning, match="missing from font"):
        draw()


def test_font_file(no_fonts, font_file, capsys):
    assert d2l.use_chinese_font("No Such Font", font_file) == "Tiny Han"
    assert d2l.use_chinese_font("Tiny Han") == "Tiny Han"
    families = matplotlib.rcParams["font.family"]
    assert families == ["Tiny Han", "sans-serif", "DejaVu Sans"]
    assert capsys.readouterr().out == ""
    draw()  # a missing glyph, the minus sign too, would be a warning


def test_a_file_after_the_first_that_is_there_is_not_read(
    no_fonts, tmp_path, font_file, capsys
):
    bad = tmp_path / "bad.ttf"
    bad.write_text("no font")
    assert d2l.use_chinese_font("DejaVu Sans", str(bad)) == "DejaVu Sans"
    # Of fonts that are not there, the file that is none is one more.
    assert d2l.use_chinese_font(bad, font_file) == "Tiny Han"
    assert capsys.readouterr().out == ""
    before = list(matplotlib.rcParams["font.family"])
    for name in (str(bad), str(tmp_path), "", "\0", "x" * 5000):
        assert d2l.use_chinese_font(name) is None
    assert capsys.readouterr().out.count("no Chinese font found") == 5
    assert matplotlib.rcParams["font.family"] == before


def test_a_file_is_listed_once(no_fonts, font_file):
    for _ in range(3):
        assert d2l.use_chinese_font(font_file) == "Tiny Han"
    listed = font_manager.fontManager.ttflist
    assert [font.name for font in listed].count("Tiny Han") == 1


def test_what_is_no_name_is_said(no_fonts):
    for wrong in (3, None, ["Tiny Han"], b"Tiny Han"):
        with pytest.raises(TypeError, match="a font is a name or a path, got"):
            d2l.use_chinese_font("DejaVu Sans", wrong)


def test_font_installed_after_the_list_was_made(
    no_fonts, font_file, monkeypatch
):
    bad = font_file.replace("tiny", "bad")
    with open(bad, "w") as file:
        file.write("no font")
    monkeypatch.setattr(
        font_manager, "findSystemFonts", lambda: [bad, font_file]
    )
    assert d2l.use_chinese_font("Tiny Han") == "Tiny Han"
    draw()
