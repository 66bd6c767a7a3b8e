"""Facets: switches that narrow the results beyond the filter's words.

Rules: switched-on formats are alternatives (FLAC or MP3), every other switched-on facet must hold; none on shows all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slskmesh.engine.views import HitView
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line, width

LOSSLESS = frozenset({"FLAC", "ALAC", "WAV", "AIFF", "APE", "WV"})


@dataclass(frozen=True, slots=True)
class Facet:
    """One switch: the key that flips it in its menu, its short name, what it means."""

    key: str
    name: str
    title: str
    holds: Callable[[HitView], bool]
    format: bool = False
    line: bool = True  # stands in the query line while it is off, too


FACETS = (
    Facet("l", "lossless", "any lossless format", lambda hit: hit.format.upper() in LOSSLESS, True),
    Facet("f", "FLAC", "FLAC", lambda hit: hit.format.upper() == "FLAC", True),
    Facet("m", "MP3", "MP3", lambda hit: hit.format.upper() == "MP3", True, False),
    Facet(
        "o",
        "Ogg",
        "Ogg Vorbis or Opus",
        lambda hit: hit.format.upper() in {"OGG", "OPUS", "VORBIS"},
        True,
        False,
    ),
    Facet("c", "MBID", "its tags carry a MusicBrainz id", lambda hit: bool(hit.recording or hit.release)),
    Facet("t", "trusted", "a trusted peer has it", lambda hit: hit.trusted),
    Facet("n", "not here", "not here yet", lambda hit: not hit.have),
)
NAMES = tuple(facet.name for facet in FACETS)


def passes(hit: HitView, on: frozenset[str]) -> bool:
    """Whether a hit is shown with these facets on."""
    formats = [facet for facet in FACETS if facet.format and facet.name in on]
    if formats and not any(facet.holds(hit) for facet in formats):
        return False
    return all(facet.holds(hit) for facet in FACETS if not facet.format and facet.name in on)


def held_facets(hit: HitView) -> list[str]:
    """The facets a hit passes."""
    return [facet.name for facet in FACETS if facet.holds(hit)]


def switches(on: frozenset[str], counts: Mapping[str, int], cells: int, glyphs: Glyphs) -> Line:
    """The switches in one line, with how many rows each would show: the usual ones and those that are on where they fit
    `cells`, else without the numbers, else only those that are on, else nothing."""
    tail: Line = [(" f", "hint-key"), (" facets ", "dim")]
    usual = tuple(facet.name for facet in FACETS if facet.line or facet.name in on)
    some = tuple(name for name in NAMES if name in on)
    for names, told in ((usual, bool(counts)), (usual, False), (some, bool(counts)), (some, False)):
        line: Line = []
        for name in names:
            role = "accent" if name in on else "dim"
            line.append((f" {glyphs.on if name in on else glyphs.off}{name}", role))
            if told:
                line.append((f" {short(counts.get(name, 0))}", "faint"))
        if (line or not on) and width(line) + width(tail) <= cells:
            return [*line, *tail]
    return []


def short(number: int) -> str:
    """A count in at most four cells: "812", "14k"."""
    return str(number) if number < 10_000 else f"{number // 1000}k"
