"""The invented catalogue of the demo network: which recordings exist and how long they are.

Rules:
- Every artist, label and title here is made up. Pure data and arithmetic: no file is touched.
- The same size and seed always give the same plan; another seed gives other names in another order.
- All four formats appear, and one file is big (the mix), so that its chunk map is worth looking at.
- Each recording, release, release group, artist and the label has a MusicBrainz id of its own making: a UUID of its
  names, so that it is the same in every demo and can be no id of the real MusicBrainz.
- The album of four FLACs (`album`) is what the demo's job fetches; its artist has an EP too, and the label has all.
- The tapes (`tapes`) are a release that legacy users of Soulseek have: one track of it peers have as well. Their sizes
  are their own, whatever size the rest has, for they are there to be slow.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from slskmesh.mbid import Mbid

LABEL: Final = "Tin Moth Recordings"
COUNTRY: Final = "XW"  # MusicBrainz's code for worldwide
_NAMESPACE: Final = uuid.UUID("6a3a7d0e-52c5-4f0e-9d1c-7b1c0c3f2a91")
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
TAPES: Final = "Harbour Tapes"
_TAPES: Final = (  # title, bytes
    ("Slipway", 600_000),
    ("Long Crossing", 2_400_000),
    ("Night Mooring", 500_000),
)


def _mbid(*names: str) -> Mbid:
    return Mbid(str(uuid.uuid5(_NAMESPACE, "\n".join(names))))


LABEL_ID: Final = _mbid("label", LABEL)


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

    @property
    def length(self) -> int:
        """Milliseconds."""
        return round(self.seconds * 1000)

    @property
    def recording_id(self) -> Mbid:
        """MusicBrainz id of the recording."""
        return _mbid("recording", self.artist, self.album, self.title)

    @property
    def release_id(self) -> Mbid:
        """MusicBrainz id of the release it is on."""
        return _mbid("release", self.artist, self.album)

    @property
    def group_id(self) -> Mbid:
        """MusicBrainz id of the release group."""
        return _mbid("release-group", self.artist, self.album)

    @property
    def artist_id(self) -> Mbid:
        """MusicBrainz id of the artist."""
        return _mbid("artist", self.artist)


class DemoRelease(msgspec.Struct, frozen=True):
    """One release of the label: its tracks in order, at least one. `kind` is "Album", "EP" or "Single"."""

    tracks: tuple[Track, ...]
    kind: str
    number: str  # the label's catalogue number

    @property
    def title(self) -> str:
        """What it is called."""
        return self.tracks[0].album

    @property
    def artist(self) -> str:
        """Whose it is."""
        return self.tracks[0].artist

    @property
    def year(self) -> int:
        """When it came out."""
        return self.tracks[0].year

    @property
    def mbid(self) -> Mbid:
        """MusicBrainz id of the release."""
        return self.tracks[0].release_id

    @property
    def group_id(self) -> Mbid:
        """MusicBrainz id of the release group."""
        return self.tracks[0].group_id

    @property
    def artist_id(self) -> Mbid:
        """MusicBrainz id of the artist."""
        return self.tracks[0].artist_id


def releases(tracks: Sequence[Track]) -> tuple[DemoRelease, ...]:
    """The releases that these tracks make up, in the order of their first tracks."""
    found: dict[Mbid, list[Track]] = {}
    for track in tracks:
        found.setdefault(track.release_id, []).append(track)
    kinds = {1: "Single", 2: "EP"}
    return tuple(
        DemoRelease(
            tuple(sorted(mine, key=lambda track: track.number)),
            kinds.get(len(mine), "Album"),
            f"TIN {place:03d}",
        )
        for place, mine in enumerate(found.values(), 1)
    )


def album(tracks: Sequence[Track]) -> DemoRelease:
    """The album of a plan: what the demo's job fetches."""
    return next(release for release in releases(tracks) if release.kind == "Album")


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
        Track("mp3", artists[1], albums[1], titles[4 + i], i + 1, 2, year + 1, lossy["mp3"]) for i in range(2)
    ]
    tracks.append(Track("ogg", artists[3], singles[0], singles[0], 1, 1, year + 2, lossy["ogg"]))
    tracks.append(Track("opus", artists[4], singles[1], singles[1], 1, 1, year + 2, lossy["opus"]))
    rest = total - sum(track.seconds * _RATES[track.kind] for track in tracks)
    mix = Track(
        "mix", artists[0], singles[2], f"{singles[2]} (long mix)", 1, 1, year + 3, rest / _RATES["mix"]
    )
    return (mix, *tracks)


def tapes(seed: int) -> tuple[Track, ...]:
    """Three recordings of one release: of the fifth artist that `plan` draws and does not use.

    Peers and a slow legacy user have the first; the others only a legacy user has.
    """
    rng = random.Random(seed)
    artist = rng.sample(_ARTISTS, 5)[2]
    year = 1980 + seed % 10
    return tuple(
        Track("flac", artist, TAPES, title, place, len(_TAPES), year, size / _RATES["flac"])
        for place, (title, size) in enumerate(_TAPES, 1)
    )
