"""Fonts for text that is not the course's own, and what of such a text they can draw."""

from functools import cache

from matplotlib import font_manager

FONTS = ("DejaVu Sans", "Noto Sans CJK KR", "Noto Sans CJK JP", "NanumGothic", "Malgun Gothic")
FONTS += ("Apple SD Gothic Neo", "AppleGothic", "Microsoft YaHei", "Arial Unicode MS")


@cache
def families() -> list[str]:
    """The installed ones of FONTS."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in FONTS if name in installed]


@cache
def letters() -> set[int]:
    """The code points that the fonts can draw."""
    files = [font_manager.findfont(family) for family in families()]
    return {code for file in files for code in font_manager.get_font(file).get_charmap()}


def drawable(text: str) -> str:
    """The text with a box for each letter that no font can draw."""
    return "".join(letter if ord(letter) in letters() else "□" for letter in text)
