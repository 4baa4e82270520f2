"""The fonts that the book is printed with: the same ones on every computer.

Chinese letters and emoji come from npm, in the versions that `npm/fonts` pins,
the others come with Matplotlib.  What the system has is not used: it may be
nothing, and then Chromium would print nothing at all.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import matplotlib

from booktools.render import node

NPM = node.ROOT / "npm" / "fonts"

_NOTO = "@expo-google-fonts/noto-"
# Family, weight, file.  In this order each letter is looked for.
_FONTS = (
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


def font_files() -> dict[str, Path]:
    """Return the fonts, name of a file -> where it is; install if needed.

    Raises
    ------
    BookError
        If they cannot be installed.
    """
    packages = node.require_packages(NPM)
    own = Path(matplotlib.get_data_path(), "fonts", "ttf")
    files = [
        (packages if name.startswith("@") else own) / f"{name}.ttf"
        for _, _, name in _FONTS
    ]
    return {file.name: file for file in files}


def font_faces(folder: str) -> str:
    """Return the rules of CSS by which a page finds the fonts in a folder."""
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight};'
        f" src: url({folder}{Path(name).name}.ttf) }}"
        for family, weight, name in _FONTS
    )


@contextmanager
def only_these_fonts() -> Iterator[dict[str, str]]:
    """Give environment variables by which Linux has no other fonts."""
    if sys.platform != "linux":
        yield {}
        return
    with TemporaryDirectory(prefix="fonts-") as name:
        fonts = Path(name, "fonts")
        fonts.mkdir()
        for file in font_files().values():
            (fonts / file.name).symlink_to(file)
        configuration = Path(name, "fonts.conf")
        text = _CONFIGURATION.format(folder=escape(name))
        configuration.write_text(text, "utf-8")
        yield {"FONTCONFIG_FILE": str(configuration)}
