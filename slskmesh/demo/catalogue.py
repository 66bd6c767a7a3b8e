"""The invented catalogue of the demo network: which recordings exist and how long they are.

Rules:
- Every artist, label and title here is made up. Pure data and arithmetic: no file is touched.
- The same size and seed always give the same plan; another seed gives other names in another order.
- All four formats appear, and one file is big (the mix), so that its chunk map is worth looking at.
"""

from __future__ import annotations

import random
from typing import Final

import msgspec

LABEL: Final = "Tin Moth Recordings"
MEGABYTE: Final = 1_000_000
SMALLEST: Final = 2  # MB
LARGEST: Final = 4_000  # MB; beyond this a demo is only a wait

# Bytes a second the encoders give for this kind of music, measured; only used to choose durations.
_RATES: Final = {"flac": 131_000, "mix": 238_500, "mp3": 32_500, "ogg": 28_500, "opus": 33_000}

_ARTISTS: Final = (
    "Harbour Static",
    "Ines Corvo Quartet",
    "The Slow Ferries",
    "Paper Lanterns",
    "Otto Winterhalm",
    "Northern Pylon",
    "Mirela Dusk",
    "Kestrel & Loom",
)
_ALBUMS: Final = (
    "Quiet Machines",
    "Salt Letters",
    "Low Sun, Long Road",
    "Rooms Above the Sea",
    "Glass Orchard",
)
_SINGLES: Final = ("Carbon Copy Moon", "Ferryman's Waltz", "Signal Fires", "Half a Winter", "Two Blue Doors")
_TITLES: Final = (
    "First Light",
    "Copper Wire",
    "Tide Table",
    "The Night Porter",
    "Lanterns",
    "Slow Glass",
    "Weather Ship",
    "Under the Viaduct",
    "Marigold",
    "Last Tram Home",
    "Cinder Path",
    "Pilot Whale",
)


class Track(msgspec.Struct, frozen=True):
    """One recording to be made. `seconds` is its length, `kind` one of flac, mix, mp3, ogg, opus."""

    kind: str
    artist: str
    album: str
    title: str
    number: int
    of: int
    year: int
    seconds: float

    @property
    def suffix(self) -> str:
        """File name extension without the dot."""
        return "flac" if self.kind == "mix" else self.kind

    @property
    def parts(self) -> tuple[str, str, str]:
        """Folder, sub-folder and file name below a share."""
        return (self.artist, f"{self.album} ({self.year})", f"{self.number:02d} {self.title}.{self.suffix}")


def plan(size_mb: int, seed: int) -> tuple[Track, ...]:
    """Nine recordings of about `size_mb` megabytes (10^6 bytes) in all; the mix comes first and is the biggest."""
    total = max(SMALLEST, min(size_mb, LARGEST)) * MEGABYTE
    rng = random.Random(seed)
    artists = rng.sample(_ARTISTS, 5)
    titles = rng.sample(_TITLES, 6)
    albums = rng.sample(_ALBUMS, 2)
    singles = rng.sample(_SINGLES, 3)
    year = rng.randrange(1994, 2024)
    lossy = {kind: min(24.0, max(4.0, total * 0.02 / _RATES[kind])) for kind in ("mp3", "ogg", "opus")}
    tracks = [
        Track("flac", artists[1], albums[0], titles[i], i + 1, 4, year, total * 0.075 / _RATES["flac"])
        for i in range(4)
    ]
    tracks += [
        Track("mp3", artists[2], albums[1], titles[4 + i], i + 1, 2, year + 1, lossy["mp3"]) for i in range(2)
    ]
    tracks.append(Track("ogg", artists[3], singles[0], singles[0], 1, 1, year + 2, lossy["ogg"]))
    tracks.append(Track("opus", artists[4], singles[1], singles[1], 1, 1, year + 2, lossy["opus"]))
    rest = total - sum(track.seconds * _RATES[track.kind] for track in tracks)
    mix = Track(
        "mix", artists[0], singles[2], f"{singles[2]} (long mix)", 1, 1, year + 3, rest / _RATES["mix"]
    )
    return (mix, *tracks)
