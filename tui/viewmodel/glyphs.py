"""The signs the screen is drawn with, in two charsets, and the decision which one a terminal gets.

Rules: every sign is one cell wide; nothing outside this file names a non-ASCII drawing character; the ASCII set
carries the same meaning, so no state is told by a sign that only one charset has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from rich.cells import cell_len


@dataclass(frozen=True, slots=True)
class Frame:
    """The signs of a box: corners, horizontal, vertical."""

    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    across: str
    down: str


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One charset. `chunks` is indexed by the chunk states of `engine.views` (MISSING..BAD)."""

    ascii: bool
    frame: Frame
    focus: Frame
    ellipsis: str
    cursor: str
    marked: str
    thumb: str
    bar_full: str
    bar_head: str
    bar_empty: str
    ramp: str
    chunks: str
    rule: str
    up: str
    down: str
    caret: str
    dot: str
    on: str
    off: str
    folded: str
    opened: str

    def plain(self, text: str) -> str:
        """`text` in signs this charset has: in ASCII, accents are dropped and the rest becomes `?`, width kept."""
        if not self.ascii or text.isascii():
            return text
        return "".join(_plain_char(char) for char in text)


def _plain_char(char: str) -> str:
    if char.isascii():
        return char
    base = unicodedata.normalize("NFKD", char)[0]
    width = cell_len(char)
    return base if base.isascii() and width == 1 else "?" * width


UTF8 = Glyphs(
    ascii=False,
    frame=Frame("╭", "╮", "╰", "╯", "─", "│"),
    focus=Frame("┏", "┓", "┗", "┛", "━", "┃"),
    ellipsis="…",
    cursor="›",
    marked="*",
    thumb="█",
    bar_full="━",
    bar_head="╸",
    bar_empty="─",
    ramp=" ▁▂▃▄▅▆▇█",
    chunks="·░A▓█!",
    rule="─",
    up="↑",
    down="↓",
    caret="█",
    dot="·",
    on="[x]",
    off="[ ]",
    folded="▸",
    opened="▾",
)

ASCII = Glyphs(
    ascii=True,
    frame=Frame("+", "+", "+", "+", "-", "|"),
    focus=Frame("+", "+", "+", "+", "=", "|"),
    ellipsis="~",
    cursor=">",
    marked="*",
    thumb="#",
    bar_full="#",
    bar_head=">",
    bar_empty=".",
    ramp=" .:-=+*#%@",
    chunks=".:A=#!",
    rule="-",
    up="^",
    down="v",
    caret="_",
    dot="-",
    on="[x]",
    off="[ ]",
    folded="+",
    opened="-",
)


def choose(charset: str, env: Mapping[str, str]) -> Glyphs:
    """The signs for setting `ui.charset` ("auto", "utf8", "ascii") in this environment.

    "auto" is UTF-8 where the locale says so and the terminal is not the bare console or a dumb one.
    """
    if charset == "ascii":
        return ASCII
    if charset == "utf8":
        return UTF8
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    if env.get("TERM", "") in {"linux", "dumb", "vt100", "vt220"}:
        return ASCII
    return UTF8 if "utf" in locale.lower() else ASCII
