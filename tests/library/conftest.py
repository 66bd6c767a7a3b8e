"""Real shares on a real disk: folders, encoded audio with tags, a store, a library."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import mutagen
import mutagen.id3
import numpy as np
import pytest
import soundfile

from slskmesh.library.library import Library
from slskmesh.library.manifest import Manifest, chunk_size_for
from slskmesh.library.progress import ScanProgress
from slskmesh.settings import LibrarySettings, Settings
from slskmesh.store.database import Store, open_store

# suffix: (libsndfile container, coding, format as shown)
WRITTEN = {
    "flac": ("FLAC", "PCM_16", "FLAC"),
    "ogg": ("OGG", "VORBIS", "Vorbis"),
    "opus": ("OGG", "OPUS", "Opus"),
    "mp3": ("MP3", "MPEG_LAYER_III", "MP3"),
    "wav": ("WAV", "PCM_16", "WAV"),
    "aiff": ("AIFF", "PCM_16", "AIFF"),
}
MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"


def manifest_of(data: bytes) -> Manifest:
    """The manifest by its definition."""
    size = chunk_size_for(len(data))
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    hashes = b"".join(hashlib.sha256(b"\0" + part).digest() for part in parts)
    return Manifest(len(data), size, hashlib.sha256(data).digest(), hashes)


def encode(suffix: str, seconds: float = 0.4) -> bytes:
    """A short stereo tone at 48 kHz."""
    container, coding, _ = WRITTEN[suffix]
    wave = np.sin(np.arange(int(48_000 * seconds)) * 0.05)[:, None].repeat(2, axis=1) * 0.3
    file = io.BytesIO()
    soundfile.write(file, wave.astype(np.float32), 48_000, format=container, subtype=coding)
    return file.getvalue()


def tagged(suffix: str, **texts: str) -> bytes:
    """A short tone with tags as other programs write them: artist, album, title, tracknumber, date, recording."""
    file = io.BytesIO(encode(suffix))
    audio = mutagen.File(file)
    recording = texts.pop("recording", None)
    if suffix in ("mp3", "wav", "aiff"):
        audio.add_tags()
        frames = {"artist": "TPE1", "album": "TALB", "title": "TIT2", "tracknumber": "TRCK", "date": "TDRC"}
        for key, text in texts.items():
            audio.tags.add(getattr(mutagen.id3, frames[key])(encoding=3, text=text))
        if recording:
            audio.tags.add(mutagen.id3.UFID(owner="http://musicbrainz.org", data=recording.encode()))
    else:
        audio.update(texts)
        if recording:
            audio["MUSICBRAINZ_TRACKID"] = recording
    file.seek(0)
    audio.save(file)
    return file.getvalue()


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """An empty share called Music, below a folder whose name must not be seen by others."""
    folder = tmp_path / "private" / "Music"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store."""
    async with open_store(tmp_path / "slskmesh.sqlite") as opened:
        yield opened


@pytest.fixture
def library(store: Store) -> Library:
    """A library over `store` with default settings."""
    return Library(store, Settings())


@pytest.fixture
def make_library(store: Store) -> Callable[..., Library]:
    """Makes a library over `store` with these fields of the library's settings."""
    return lambda **fields: Library(store, Settings(library=LibrarySettings(**fields)))


def quiet(progress: ScanProgress) -> None:
    """A report that nobody reads."""
