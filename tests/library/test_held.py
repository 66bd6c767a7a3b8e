"""Music by MusicBrainz id: only what is offered, one file a content, in order, in pages."""

from __future__ import annotations

from pathlib import Path

import mutagen.id3
import pytest

from slskmesh.library import held
from slskmesh.library.library import Library
from slskmesh.library.manifest import ContentId
from slskmesh.library.variant import AudioVariant
from slskmesh.store.database import Store
from tests.library.conftest import encode, manifest_of, quiet

RELEASE = "{:08x}-0000-4000-8000-000000000000"
RECORDING = "{:08x}-1111-4000-8000-000000000000"


def song(path: Path, release: int, recording: int, track: int = 1, *, title: str = "x") -> bytes:
    """Writes a short MP3 that names a release and a recording; returns its content id."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tags = mutagen.id3.ID3()
    tags.add(mutagen.id3.TIT2(encoding=3, text=title))
    tags.add(mutagen.id3.TRCK(encoding=3, text=str(track)))
    tags.add(mutagen.id3.TXXX(encoding=3, desc="MusicBrainz Album Id", text=RELEASE.format(release)))
    tags.add(mutagen.id3.UFID(owner="http://musicbrainz.org", data=RECORDING.format(recording).encode()))
    path.write_bytes(encode("mp3", 0.1))
    tags.save(path)
    return manifest_of(path.read_bytes()).content_id()


async def test_tracks_of_a_release_come_in_order_and_once_a_content(library: Library, share: Path) -> None:
    contents = [song(share / f"{track}.mp3", 1, track, track) for track in (2, 1, 3)]
    (share / "copy of 2.mp3").write_bytes((share / "2.mp3").read_bytes())
    song(share / "other.mp3", 2, 3)
    (share / "untagged.txt").write_bytes(b"words")
    await library.scan([share], quiet)
    found = await library.by_release(RELEASE.format(1))
    assert [track.file.track for track in found] == [1, 2, 3]
    assert {track.file.content for track in found} == set(contents)
    assert all(track.variant is None for track in found)
    assert {t.file.mb_release for t in await library.by_recording(RECORDING.format(3))} == {
        RELEASE.format(1),
        RELEASE.format(2),
    }
    assert await library.by_release(RELEASE.format(9)) == []
    assert await library.by_release("") == [] and await library.by_recording("") == []
    assert await library.counts() == (2, 3)


async def test_releases_and_recordings_come_in_pages(library: Library, share: Path) -> None:
    for number in range(7):
        song(share / f"{number}.mp3", number // 2, number, title=str(number))
    await library.scan([share], quiet)
    for ask, all_of in (
        (library.releases, [RELEASE.format(n) for n in range(4)]),
        (library.recordings, [RECORDING.format(n) for n in range(7)]),
    ):
        got: list[str] = []
        while page := await ask(got[-1] if got else "", 2):
            assert len(page) <= 2
            got += page
        assert got == all_of
        assert await ask("", 0) == [] and await ask("", -1) == []


async def test_what_is_not_offered_is_not_told(library: Library, share: Path, tmp_path: Path) -> None:
    other = tmp_path / "Other"
    song(share / "a.mp3", 1, 1, title="a")
    song(other / "b.mp3", 2, 2, title="b")
    await library.scan([share, other], quiet)
    assert await library.counts() == (2, 2)
    await library.scan([share], quiet)  # the other share is not listed any more
    assert await library.counts() == (1, 1)
    assert await library.by_release(RELEASE.format(2)) == []
    assert await library.releases("", 10) == [RELEASE.format(1)]
    content = (await library.by_release(RELEASE.format(1)))[0].file.content
    (share / "a.mp3").write_bytes(b"something else")
    assert await library.find(content) is None
    assert await library.by_recording(RECORDING.format(1)) == []
    assert await library.counts() == (0, 0)


def variant(content: bytes, size: int, **fields: object) -> AudioVariant:
    return AudioVariant(
        ContentId(content), size, "MP3", "MPEG", False, 48_000, 0, 2, 100, 128_000, b"\1" * 32, 0.5,
        ("one reason", "another"), **fields,  # type: ignore[arg-type]
    )  # fmt: skip


async def test_a_variant_comes_back_and_goes_with_its_content(
    library: Library, store: Store, share: Path
) -> None:
    content = song(share / "a.mp3", 1, 1)
    await library.scan([share], quiet)
    [waiting] = await store.run(held.waiting, 0, 10)
    assert waiting.holder.shared.content == content
    assert await store.run(held.left, 0) == 1 and await store.run(held.left, waiting.id) == 0
    made = variant(content, (share / "a.mp3").stat().st_size)
    await store.run(held.put_variant, waiting.id, made)
    assert await library.variant(content) == made
    assert [track.variant for track in await library.by_release(RELEASE.format(1))] == [made]
    assert await store.run(held.waiting, 0, 10) == []
    (share / "a.mp3").unlink()
    await library.scan([share], quiet)
    assert await library.variant(content) is None
    await store.run(held.put_variant, waiting.id, made)  # the content went while it was analysed
    assert await library.variant(content) is None


async def test_the_indexes_are_used(store: Store) -> None:
    def plan(query: str) -> str:
        rows = held.connection().execute("EXPLAIN QUERY PLAN " + query, ("x",) * query.count("?"))
        return " ".join(row[3] for row in rows)

    by_release = await store.run(plan, held._HELD.format(column="mb_release"))
    assert "shared_file_release" in by_release
    assert "shared_file_recording" in await store.run(plan, held._HELD.format(column="mb_recording"))
    for of in ("release", "recording"):
        listing = await store.run(plan, f"SELECT DISTINCT file.mb_{of} {held._NAMED.format(of=of)}")
        assert "USING COVERING INDEX shared_file_" in listing and "TEMP" not in listing
    waiting = await store.run(plan, f"SELECT content.id {held._WAITING} GROUP BY content.id LIMIT 5")
    assert "content_to_analyse" in waiting


@pytest.mark.parametrize("content", [b"", bytes(32)])
async def test_no_such_variant(library: Library, content: bytes) -> None:
    assert await library.variant(content) is None
