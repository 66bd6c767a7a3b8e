"""Synthetic, playable, tagged music for the demo network.

Rules:
- The bytes depend on the plan and the seed only: Ogg's random stream numbers are rewritten from the seed.
- Music is rendered and written a bar at a time, so a long mix needs no more memory than a short track.
- Foreign errors (soundfile, mutagen) become StorageError here; nothing else in the demo imports them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import mutagen
import numpy as np
import numpy.typing as npt
import soundfile
from mutagen.ogg import OggPage

from slskmesh.demo.catalogue import LABEL, Track
from slskmesh.errors import StorageError

Samples = npt.NDArray[np.float32]

BAR_SECONDS: Final = 2.0
_RATE: Final = {"flac": 44_100, "mix": 48_000, "mp3": 44_100, "ogg": 44_100, "opus": 48_000}
_FORMAT: Final = {
    "flac": ("FLAC", "PCM_16", 0.2),
    "mix": ("FLAC", "PCM_24", 0.2),
    "mp3": ("MP3", "MPEG_LAYER_III", 0.0),
    "ogg": ("OGG", "VORBIS", 0.3),
    "opus": ("OGG", "OPUS", 0.5),
}
_CHORDS: Final = (
    (0, 3, 7, 10),
    (5, 8, 12, 15),
    (-2, 2, 5, 9),
    (3, 7, 10, 14),
    (-4, 0, 3, 7),
    (7, 10, 14, 17),
)


class Band:
    """Plays bars at one sample rate: chords, a bass, a tick, and tape noise that never repeats."""

    def __init__(self, rate: int, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._frames = int(rate * BAR_SECONDS)
        self._noise = self._rng.standard_normal(self._frames * 8).astype(np.float32)
        root = 110.0 * 2 ** (self._rng.integers(0, 12) / 12)
        self._bars = [self._bar(rate, root, chord) for chord in _CHORDS]

    def _bar(self, rate: int, root: float, chord: Sequence[int]) -> Samples:
        t = np.arange(self._frames, dtype=np.float32) / rate
        voices = np.zeros((self._frames, 2), dtype=np.float32)
        for place, step in enumerate(chord):
            pitch = root * 2 ** (step / 12)
            tone = np.sin(2 * np.pi * pitch * t) + 0.3 * np.sin(4 * np.pi * pitch * t + place)
            pan = 0.25 + 0.5 * place / max(1, len(chord) - 1)
            voices += np.stack([tone * (1 - pan), tone * pan], axis=1).astype(np.float32) * 0.09
        beat = np.exp(-8 * (t % 0.5)) * np.sin(2 * np.pi * root / 2 * t) * 0.3
        tick = np.exp(-60 * ((t + 0.25) % 0.5)) * self._noise[: self._frames] * 0.05
        voices += (beat + tick).astype(np.float32)[:, None]
        edge = np.minimum(1, np.minimum(t, t[::-1]) * 40).astype(np.float32)
        voices *= edge[:, None]
        return voices

    def play(self, seconds: float, rate: int, noise: float) -> Iterator[Samples]:
        """Bars of stereo samples, `seconds` in all; `noise` is the tape noise's level (0..1)."""
        left = max(1, int(seconds * rate))
        while left > 0:
            bar = self._bars[int(self._rng.integers(len(self._bars)))]
            gain = float(self._rng.uniform(0.7, 1.0))
            start = self._rng.integers(0, self._noise.size - 2 * self._frames)
            hiss = self._noise[start : start + 2 * self._frames].reshape(self._frames, 2)
            block: Samples = bar * np.float32(gain) + hiss * np.float32(noise * gain)
            yield block[:left]
            left -= self._frames


def render(
    tracks: Sequence[Track], folder: Path, seed: int, report: Callable[[int, int], None] | None = None
) -> tuple[Path, ...]:
    """Writes the tracks below `folder`; returns their paths in the same order.

    `report(done, total)` is told the tracks written so far. StorageError if the disk or an encoder fails.
    """
    bands: dict[int, Band] = {}
    paths = []
    for index, track in enumerate(tracks):
        rate = _RATE[track.kind]
        band = bands.get(rate) or bands.setdefault(rate, Band(rate, seed + rate))
        path = folder.joinpath(*track.parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, track, band)
            _tag(path, track)
            if track.kind in ("ogg", "opus"):
                _renumber(path, zlib.crc32(f"{seed} {path.name}".encode()))
        except (OSError, soundfile.LibsndfileError, mutagen.MutagenError) as error:
            raise StorageError(f"{path}: cannot write demo music: {error}") from error
        paths.append(path)
        if report is not None:
            report(index + 1, len(tracks))
    return tuple(paths)


def _write(path: Path, track: Track, band: Band) -> None:
    form, subtype, level = _FORMAT[track.kind]
    rate = _RATE[track.kind]
    noise = 0.02 if track.kind in ("flac", "mix") else 0.004
    with soundfile.SoundFile(
        path, "w", samplerate=rate, channels=2, format=form, subtype=subtype, compression_level=level
    ) as out:
        for bar in band.play(track.seconds, rate, noise):
            out.write(bar)


def _tag(path: Path, track: Track) -> None:
    audio: Any = mutagen.File(path, easy=True)
    if audio.tags is None:
        audio.add_tags()
    audio["artist"] = track.artist
    audio["album"] = track.album
    audio["title"] = track.title
    audio["tracknumber"] = f"{track.number}/{track.of}"
    audio["date"] = str(track.year)
    audio["organization"] = LABEL
    audio["musicbrainz_trackid"] = str(track.recording_id)
    audio["musicbrainz_albumid"] = str(track.release_id)
    audio["musicbrainz_releasegroupid"] = str(track.group_id)
    audio["musicbrainz_artistid"] = str(track.artist_id)
    audio.save()


def _renumber(path: Path, serial: int) -> None:
    """Gives an Ogg file's one stream a stream number that is not random."""
    with path.open("r+b") as file:
        pages = []
        try:
            while True:
                pages.append(OggPage(file))
        except EOFError:
            pass
        file.seek(0)
        for page in pages:
            page.serial = serial
            file.write(page.write())
        file.truncate()
