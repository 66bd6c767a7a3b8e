"""Demo music is real: it decodes, it is tagged, it has the planned size, and the same seed makes the same bytes."""

from __future__ import annotations

from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from slskmesh.demo import audio, catalogue
from slskmesh.errors import StorageError
from slskmesh.library.tags import read_tags

SIZE = 2
SEED = 11


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return audio.render(catalogue.plan(SIZE, SEED), tmp_path_factory.mktemp("music"), SEED)


def test_every_file_decodes_to_sound_of_the_planned_length(music: tuple[Path, ...]) -> None:
    for track, path in zip(catalogue.plan(SIZE, SEED), music, strict=True):
        samples, rate = soundfile.read(path, dtype="float32")
        assert abs(len(samples) / rate - track.seconds) < 0.1, path.name
        assert 0.01 < float(np.abs(samples).mean()) < 0.5, path.name
        assert float(np.abs(samples).max()) <= 1.0


def test_every_file_has_its_tags(music: tuple[Path, ...]) -> None:
    for track, path in zip(catalogue.plan(SIZE, SEED), music, strict=True):
        tags = mutagen.File(path, easy=True)
        found = {key: tags[key][0] for key in ("artist", "album", "title", "tracknumber", "date")}
        assert found == {
            "artist": track.artist,
            "album": track.album,
            "title": track.title,
            "tracknumber": f"{track.number}/{track.of}",
            "date": str(track.year),
        }


def test_the_whole_is_about_as_big_as_asked(music: tuple[Path, ...]) -> None:
    total = sum(path.stat().st_size for path in music)
    assert 0.7 * SIZE <= total / 1e6 <= 1.4 * SIZE


def test_the_same_seed_makes_the_same_bytes_and_another_does_not(
    music: tuple[Path, ...], tmp_path: Path
) -> None:
    tracks = catalogue.plan(SIZE, SEED)
    again = audio.render(tracks, tmp_path / "again", SEED)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in music]
    other = audio.render(tracks[-2:], tmp_path / "other", SEED + 1)
    assert [path.read_bytes() for path in other] != [path.read_bytes() for path in music[-2:]]


def test_no_two_chunks_of_the_mix_are_equal(music: tuple[Path, ...]) -> None:
    data = music[0].read_bytes()
    chunks = [data[i : i + 16384] for i in range(0, len(data), 16384)]
    assert len(set(chunks)) == len(chunks)


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(StorageError, match="cannot write demo music"):
        audio.render(catalogue.plan(SIZE, SEED)[-1:], blocked, SEED)


def test_the_library_reads_the_musicbrainz_ids_back(music: tuple[Path, ...]) -> None:
    kinds = {".flac": "flac", ".mp3": "mp3", ".ogg": "vorbis", ".opus": "opus"}
    for track, path in zip(catalogue.plan(SIZE, SEED), music, strict=True):
        with path.open("rb") as file:
            tags = read_tags(kinds[path.suffix], file, path.stat().st_size)
        assert (tags.mb_recording, tags.mb_release) == (track.recording_id, track.release_id), path.name
        assert abs(tags.duration - track.length) < 200, path.name
