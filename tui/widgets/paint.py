"""Roles to styles, lines to strips: the only place that knows colours.

Rules: with an ansi theme only terminal colours and attributes are used, so that 16 colours and none at all read the
same; every state that a role tells is also told by a word or a sign; a line is made inert before it is painted.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.strip import Strip

from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line, Span, inert

_ANSI = {
    "text": "",
    "dim": "dim",
    "faint": "dim",
    "bold": "bold",
    "title": "bold",
    "head": "dim underline",
    "key": "bold",
    "accent": "cyan",
    "good": "green",
    "warn": "yellow",
    "bad": "bold red",
    "frame": "dim",
    "frame-focus": "bold",
    "tab": "",
    "tab-on": "reverse bold",
    "field": "underline",
    "caret": "reverse",
    "hint-key": "bold",
    "mark": "bold yellow",
    "map-cursor": "reverse bold",
    "thumb": "",
    "toast": "reverse",
    "toast-warn": "reverse yellow",
    "toast-bad": "reverse bold red",
    "banner-starting": "",
    "banner-hybrid": "green",
    "banner-degraded": "underline yellow",
    "banner-disaster": "reverse bold red",
    "banner-mesh": "reverse magenta",
    "banner-legacy": "dim bright_blue",
    "banner-isolated": "reverse yellow",
    "banner-stopped": "reverse bold red",
    "chunk-verified": "green",
    "chunk-received": "cyan",
    "chunk-flight": "bold yellow",
    "chunk-queued": "blue",
    "chunk-missing": "dim",
    "chunk-bad": "reverse bold red",
    "age-new": "bold",
    "age-young": "cyan",
    "age-mid": "green",
    "age-old": "dim",
    "src0": "green",
    "src1": "cyan",
    "src2": "yellow",
    "src3": "magenta",
    "src4": "blue",
    "src5": "bright_red",
    "src6": "bright_cyan",
    "src7": "bright_white",
}

_SOURCES = ("#7fbf8f", "#6fb7d6", "#dcb36a", "#b79ae0", "#e08a6f", "#7f9bd9", "#cf86b5", "#a9b665")


class Palette:
    """Role name to Rich style, for one theme. Unknown roles are plain text: a typing error cannot stop the screen."""

    def __init__(self, variables: Mapping[str, str], *, ansi: bool, dark: bool = True) -> None:
        self.ansi = ansi
        self._styles = self._ansi_styles() if ansi else self._theme_styles(variables, dark)
        self._over: dict[tuple[str, str], Style] = {}
        self.base = self._styles["text"]

    @staticmethod
    def _ansi_styles() -> dict[str, Style]:
        styles = {role: Style.parse(text) if text else Style.null() for role, text in _ANSI.items()}
        styles["over-cursor"] = Style(reverse=True)
        styles["over-rest"] = Style(bold=True)
        return styles | _since_styles(styles)

    @staticmethod
    def _theme_styles(variables: Mapping[str, str], dark: bool) -> dict[str, Style]:
        def colour(name: str, otherwise: str) -> Color:
            try:
                return Color.parse(variables.get(name, otherwise))
            except ColorParseError:
                return Color.parse(otherwise)

        back = colour("background", "#12161b")
        fore = colour("foreground", "#d3d9e0")
        accent, primary = colour("accent", "#6fc3b2"), colour("primary", "#7aa2c8")
        good, warn, bad = (
            colour("success", "#8fbf7f"),
            colour("warning", "#dcb36a"),
            colour("error", "#e07a72"),
        )
        panel, surface = colour("panel", "#242c35"), colour("surface", "#1a2027")

        def style(fg: Color, bg: Color = back, *, bold: bool | None = None) -> Style:
            return Style(color=fg.rich_color, bgcolor=bg.rich_color, bold=bold)

        dim, faint = fore.blend(back, 0.42), fore.blend(back, 0.62)
        line = fore.blend(back, 0.74)
        styles = {
            "text": style(fore),
            "dim": style(dim),
            "faint": style(faint),
            "bold": style(fore, bold=True),
            "title": style(primary, bold=True),
            "head": style(dim),
            "key": style(accent, bold=True),
            "accent": style(accent),
            "good": style(good),
            "warn": style(warn),
            "bad": style(bad),
            "frame": style(line),
            "frame-focus": style(accent),
            "tab": style(dim),
            "tab-on": style(back, accent, bold=True),
            "field": style(fore, surface),
            "caret": style(back, fore),
            "hint-key": style(primary, bold=True),
            "mark": style(warn, bold=True),
            "map-cursor": style(back, fore, bold=True),
            "thumb": style(dim),
        }
        styles |= _banner_styles(back, surface, dim, dark, (good, warn, bad, primary))
        styles |= _since_styles(styles)
        styles |= _map_styles(back, fore, accent, primary, good, warn, bad)
        styles |= _toast_styles(panel, fore, warn, bad)
        for number, text in enumerate(_SOURCES):
            source = Color.parse(text)
            styles[f"src{number}"] = style(source if dark else source.darken(0.25))
        styles["over-cursor"] = Style(bgcolor=accent.blend(back, 0.72).rich_color, bold=True)
        styles["over-rest"] = Style(bgcolor=panel.rich_color)
        return styles

    def style(self, role: str, over: str = "") -> Style:
        """The style of a role, with a row's overlay ("cursor", "rest") on top."""
        base = self._styles.get(role, self.base)
        if not over:
            return base
        key = (role, over)
        found = self._over.get(key)
        if found is None:
            found = base + self._styles.get(f"over-{over}", Style.null())
            self._over[key] = found
        return found


def _banner_styles(
    back: Color, surface: Color, dim: Color, dark: bool, inks: tuple[Color, Color, Color, Color]
) -> dict[str, Style]:
    """The banner's roles. `inks`: good, warn, bad, primary."""
    good, warn, bad, primary = inks
    white = Color.parse("#ffffff")

    def style(fg: Color, bg: Color, *, bold: bool | None = None, underline: bool | None = None) -> Style:
        return Style(color=fg.rich_color, bgcolor=bg.rich_color, bold=bold, underline=underline)

    return {
        "banner-starting": style(dim, surface),
        "banner-hybrid": style(good, surface),
        "banner-degraded": style(warn, surface, underline=True),
        "banner-disaster": style(white, Color.parse("#b3261e"), bold=True),
        "banner-mesh": style(white, Color.parse("#7d6bb0" if dark else "#6a4fb0")),
        "banner-legacy": style(primary.blend(surface, 0.3), surface),
        "banner-isolated": style(Color.parse("#14110a"), warn.blend(back, 0.1)),
        "banner-stopped": style(Color.parse("#160808"), bad.blend(back, 0.15), bold=True),
    }


def _since_styles(styles: Mapping[str, Style]) -> dict[str, Style]:
    """The counter that stands in each banner for the first minute: bold on the banner's own colours."""
    bold = Style(bold=True, dim=False)
    return {f"{role}-since": style + bold for role, style in styles.items() if role.startswith("banner-")}


def _toast_styles(panel: Color, fore: Color, warn: Color, bad: Color) -> dict[str, Style]:
    """The toasts' roles."""
    inks = {"toast": fore, "toast-warn": warn, "toast-bad": bad}
    return {role: Style(color=ink.rich_color, bgcolor=panel.rich_color) for role, ink in inks.items()}


def _map_styles(
    back: Color, fore: Color, accent: Color, primary: Color, good: Color, warn: Color, bad: Color
) -> dict[str, Style]:
    """The chunk map's roles: states and ages."""

    def style(fg: Color, bg: Color = back, *, bold: bool | None = None) -> Style:
        return Style(color=fg.rich_color, bgcolor=bg.rich_color, bold=bold)

    dim, faint = fore.blend(back, 0.42), fore.blend(back, 0.62)
    return {
        "chunk-verified": style(good.blend(back, 0.18)),
        "chunk-received": style(primary),
        "chunk-flight": style(warn, bold=True),
        "chunk-queued": style(primary.blend(back, 0.35)),
        "chunk-missing": style(faint),
        "chunk-bad": style(back, bad, bold=True),
        "age-new": style(fore, bold=True),
        "age-young": style(accent),
        "age-mid": style(primary.blend(back, 0.15)),
        "age-old": style(dim),
    }


def strip(line: Line, over: str, palette: Palette, glyphs: Glyphs) -> Strip:
    """A line as Textual draws it; a span's role may carry its own overlay as "role|overlay"."""
    plain = glyphs.plain if glyphs.ascii else None
    segments = []
    for role, spans in groupby(line, key=_role):
        safe = inert("".join([text for text, _ in spans]))
        name, _, own = role.partition("|")
        segments.append(Segment(plain(safe) if plain else safe, palette.style(name, over or own)))
    return Strip(segments)


def _role(span: Span) -> str:
    return span[1]
