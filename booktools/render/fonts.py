"""The fonts that the book is printed with: the same ones on every computer.

Chinese letters and emoji come from npm, in the versions that `npm/fonts`
locks, for a book that has such letters; the others come with Matplotlib.
What the system has is not used: it may be nothing, and then Chromium would
print nothing at all.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import matplotlib

from booktools.render import node
from booktools.render.glyphs import characters, is_drawn

_NOTO = "@expo-google-fonts/noto-"
# Family, weight, file.  In this order each letter is looked for.
Font = tuple[str, int, str]
_FONTS: tuple[Font, ...] = (
    ("Noto Sans SC", 400, f"{_NOTO}sans-sc/400Regular/NotoSansSC_400Regular"),
    ("Noto Sans SC", 700, f"{_NOTO}sans-sc/700Bold/NotoSansSC_700Bold"),
    ("DejaVu Sans", 400, "DejaVuSans"),
    ("DejaVu Sans", 700, "DejaVuSans-Bold"),
    ("DejaVu Sans Mono", 400, "DejaVuSansMono"),
    ("DejaVu Sans Mono", 700, "DejaVuSansMono-Bold"),
    ("STIXGeneral", 400, "STIXGeneral"),
    ("Noto Emoji", 400, f"{_NOTO}emoji/400Regular/NotoEmoji_400Regular"),
)

# For the programs that ask fontconfig, as Chromium does on Linux.
_CONFIGURATION = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <cachedir>{folder}/cache</cachedir>
  <alias><family>sans-serif</family>
    <prefer><family>Noto Sans SC</family></prefer></alias>
  <alias><family>serif</family>
    <prefer><family>Noto Sans SC</family></prefer></alias>
  <alias><family>monospace</family>
    <prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


def choose_fonts(text: str, is_cjk: bool) -> tuple[Font, ...]:
    """Return the fonts that a book is printed with, best first.

    Parameters
    ----------
    text : str
        All letters of the book that no font of formulas has.
    is_cjk : bool
        Whether it is in Chinese, Japanese or Korean.
    """
    if is_cjk:
        return _FONTS
    own = tuple(font for font in _FONTS if not font[2].startswith("@"))
    letters = {letter for letter in text if is_drawn(letter)}
    if letters <= characters(font_files(own).values()):
        return own
    return (*own, *(font for font in _FONTS if font not in own))


def font_files(fonts: Iterable[Font] = _FONTS) -> dict[str, Path]:
    """Return fonts, name of a file -> where it is; install if needed.

    Raises
    ------
    BookError
        If they cannot be installed.
    """
    own = Path(matplotlib.get_data_path(), "fonts", "ttf")
    folders = {False: own}
    names = [name for _, _, name in fonts]
    if any(name.startswith("@") for name in names):
        folders[True] = node.require_packages("fonts")
    files = [folders[name.startswith("@")] / f"{name}.ttf" for name in names]
    return {file.name: file for file in files}


def font_families(fonts: Iterable[Font]) -> str:
    """Return the families of fonts for text, as CSS lists them."""
    names = (family for family, _, _ in fonts if "Mono" not in family)
    return ", ".join(f'"{name}"' for name in dict.fromkeys(names))


def font_faces(folder: str, fonts: Iterable[Font]) -> str:
    """Return the rules of CSS by which a page finds fonts in a folder."""
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight};'
        f" src: url({folder}{Path(name).name}.ttf) }}"
        for family, weight, name in fonts
    )


@contextmanager
def only_these_fonts(
    files: Iterable[Path] | None,
) -> Iterator[dict[str, str]]:
    """Give environment variables by which Linux has no other fonts.

    Parameters
    ----------
    files : iterable of Path, optional
        Files of fonts; by default, of all that there are.
    """
    if sys.platform != "linux":
        yield {}
        return
    with TemporaryDirectory(prefix="fonts-") as name:
        fonts = Path(name, "fonts")
        fonts.mkdir()
        for file in font_files().values() if files is None else files:
            (fonts / file.name).symlink_to(file)
        configuration = Path(name, "fonts.conf")
        text = _CONFIGURATION.format(folder=escape(name))
        configuration.write_text(text, "utf-8")
        yield {"FONTCONFIG_FILE": str(configuration)}
