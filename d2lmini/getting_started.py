# Generated from chapters/getting_started.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/getting_started.md."""

import os
from contextlib import suppress
from matplotlib import font_manager
from matplotlib import rcParams

__all__ = ["CHINESE_FONTS", "use_chinese_font"]


# chapters/getting_started.md#sec-chinese-labels
CHINESE_FONTS = (
    'Microsoft YaHei', 'SimHei', 'DengXian', 'SimSun',  # Windows
    'PingFang SC', 'Hiragino Sans GB', 'Heiti SC', 'Heiti TC', 'STHeiti',
    'Songti SC', 'Arial Unicode MS',  # macOS
    'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC',
    'Source Han Sans CN', 'WenQuanYi Micro Hei', 'WenQuanYi Zen Hei',
    'Droid Sans Fallback', 'Noto Sans CJK JP', 'Noto Serif CJK SC')  # Linux


# chapters/getting_started.md#sec-chinese-labels
def use_chinese_font(*fonts):
    """Draw text in a Chinese font, and what that lacks in DejaVu Sans.

    Parameters
    ----------
    fonts : str
        Names of fonts, or paths of font files; the first that is there is
        taken. Without any: the usual Chinese fonts of all systems.

    Returns
    -------
    str or None
        The name of the font; None if there is none, which is also printed.

    Raises
    ------
    TypeError
        If a name or path is no text.
    """
    for font in fonts:
        if not isinstance(font, (str, os.PathLike)):
            raise TypeError(f'a font is a name or a path, got {font!r:.60}')
    manager = font_manager.fontManager
    listed = {entry.fname for entry in manager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - listed):
        # Installed since Matplotlib made its list, or nothing it can read.
        with suppress(Exception):
            manager.addfont(path)
    installed = set(manager.get_font_names())
    for name in map(os.fspath, fonts or CHINESE_FONTS):
        if name in installed:
            break
        if os.path.isfile(name):
            # No font that Matplotlib can read is as good as none.
            with suppress(Exception):
                font = font_manager.FontProperties(fname=name).get_name()
                if font not in installed:
                    manager.addfont(name)
                name = font
                break
    else:
        print('no Chinese font found: install one, such as Noto Sans CJK SC, '
              'or pass a file')
        return None
    others = [font for font in rcParams['font.family']
              if font not in (name, 'DejaVu Sans')]
    rcParams['font.family'] = [name, *others, 'DejaVu Sans']
    return name
