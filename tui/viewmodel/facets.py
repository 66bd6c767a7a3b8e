"""Facets: switches that narrow the results beyond what `/` takes.

Rules: switched-on formats are alternatives (FLAC or MP3), every other switched-on facet must hold; none on shows all.
A facet is asked of each copy; a file is shown where one copy passes all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from slskmesh.engine.views import HitView
from slskmesh.filters import Facts
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.hits import is_legacy
from tui.viewmodel.spans import Line, width


@dataclass(frozen=True, slots=True)
class Facet:
    """One switch: the key that flips it in its menu, its short name, what it means."""

    key: str
    name: str
    title: str
    holds: Callable[[HitView, Facts], bool]
    format: bool = False
    line: bool = True  # stands in the query line while it is off, too


def _free(hit: HitView, facts: Facts) -> bool:
    """Gives at once: a peer needs no slot."""
    return not hit.locked and (bool(hit.free_slot) or not is_legacy(hit))


def _identified(hit: HitView, facts: Facts) -> bool:
    return bool(hit.recording or hit.release)


_OGG = frozenset({"ogg", "oga", "opus", "vorbis"})
FACETS = (
    Facet("l", "lossless", "any lossless format", lambda hit, facts: bool(facts.lossless), True),
    Facet("f", "FLAC", "FLAC", lambda hit, facts: facts.format == "flac", True),
    Facet("m", "MP3", "MP3", lambda hit, facts: facts.format == "mp3", True, False),
    Facet("o", "Ogg", "Ogg Vorbis or Opus", lambda hit, facts: facts.format in _OGG, True, False),
    Facet("s", "free slot", "somebody gives it at once: a free slot, or a peer", _free),
    Facet("p", "mesh", "a peer has it", lambda hit, facts: not is_legacy(hit)),
    Facet("c", "MBID", "its tags carry a MusicBrainz id", _identified, line=False),
    Facet("t", "trusted", "a trusted peer has it", lambda hit, facts: hit.trusted),
    Facet("n", "not here", "not here yet", lambda hit, facts: not hit.have, line=False),
)
NAMES = tuple(facet.name for facet in FACETS)
_BITS = tuple((1 << at, facet.holds) for at, facet in enumerate(FACETS))
_FORMATS = sum(1 << at for at, facet in enumerate(FACETS) if facet.format)


def held(hit: HitView, facts: Facts) -> int:
    """The facets a copy passes, as bits in the order of NAMES."""
    bits = 0
    for bit, holds in _BITS:
        if holds(hit, facts):
            bits |= bit
    return bits


@lru_cache(maxsize=64)
def bits_of(names: frozenset[str]) -> int:
    """The bits of these facets."""
    return sum(1 << at for at, name in enumerate(NAMES) if name in names)


def names_of(bits: int) -> list[str]:
    """The names behind such bits."""
    return [name for at, name in enumerate(NAMES) if bits >> at & 1]


def passes(bits: int, on: frozenset[str]) -> bool:
    """Whether a copy that holds these facets is shown with those on."""
    wanted = bits_of(on)
    formats, others = wanted & _FORMATS, wanted & ~_FORMATS
    return (not formats or bool(bits & formats)) and bits & others == others


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
