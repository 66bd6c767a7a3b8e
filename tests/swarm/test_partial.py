"""The partial file on a real file system."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest

from slskmesh.errors import StorageError, UserError
from slskmesh.library.manifest import Manifest
from slskmesh.swarm.partial import Part, delete_partial, load_map, numbered, part_paths
from tests.swarm.memory import manifest_of

DATA = random.Random(5).randbytes(400_000)  # 25 chunks of 16 KiB, the last one short
STEP = 16 << 10


def part_of(root: Path, name: str = "x.ogg", folder: str = "", manifest: Manifest | None = None) -> Part:
    manifest = manifest or manifest_of(DATA)
    return Part(root, manifest.content_id(), manifest, name, folder)


def chunk(index: int) -> memoryview:
    return memoryview(DATA)[index * STEP : (index + 1) * STEP]


def fill(part: Part) -> None:
    order = list(range(25))
    random.Random(1).shuffle(order)
    for index in order:
        assert part.accept(index, chunk(index))


def finish(part: Part) -> bool:
    while (right := part.whole()) is None:
        pass
    return right


def test_a_sparse_file_that_takes_only_true_chunks(tmp_path: Path) -> None:
    part = part_of(tmp_path)
    assert part.path.stat().st_size == len(DATA)
    assert not part.accept(3, chunk(4))
    assert not part.accept(24, memoryview(bytes(len(DATA) - 24 * STEP)))
    assert part.path.stat().st_blocks == 0
    assert part.accept(24, chunk(24))
    assert part.path.read_bytes()[24 * STEP :] == DATA[24 * STEP :]
    part.close()


def test_map_round_trip_and_what_lies_in_the_file_but_not_in_the_map(tmp_path: Path) -> None:
    part = part_of(tmp_path, "a b", "c/d")
    for index in (0, 7, 24):
        part.accept(index, chunk(index))
    part.save_map(part.space.of([0, 5]))  # 5 is a lie, 7 and 24 came after the map
    part.close()
    record, trouble = load_map(tmp_path, part.content)
    assert record is not None and not trouble
    assert (record.name, record.folder, record.manifest) == ("a b", "c/d", part.manifest)
    again = part_of(tmp_path)
    found = again.found(record.bits)
    assert {0, 5, 7, 24} <= set(found)
    assert again.check(found) == again.space.of([0, 7, 24])
    again.close()


def test_a_map_of_another_content_or_a_cut_one_is_not_believed(tmp_path: Path) -> None:
    part = part_of(tmp_path)
    part.save_map(part.space.full)
    part.close()
    other = manifest_of(DATA[:-1]).content_id()
    os.rename(part.map_path, part_paths(tmp_path, other)[1])
    assert load_map(tmp_path, other)[0] is None
    assert "another" in load_map(tmp_path, other)[1]
    assert load_map(tmp_path, part.content) == (None, "")


def test_following_the_prefix_gives_the_whole_hash(tmp_path: Path) -> None:
    part = part_of(tmp_path)
    assert part.follow() is False
    fill(part)
    assert part.follow() is True
    assert finish(part) is True
    path = part.place()
    part.close()
    assert path == tmp_path / "x.ogg" and path.read_bytes() == DATA
    assert list((tmp_path / ".incomplete").iterdir()) == []


def test_bytes_that_changed_on_disk_after_they_were_verified_are_caught(tmp_path: Path) -> None:
    part = part_of(tmp_path)
    fill(part)
    with open(part.path, "r+b") as file:
        file.seek(100_000)
        file.write(b"rot")
    assert finish(part) is False
    bad = part.quarantine()
    part.close()
    assert bad.suffix == ".bad" and bad.exists()
    assert not part.path.exists() and not part.map_path.exists()


def test_no_file_is_ever_replaced_also_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*args: object, **options: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    (tmp_path / "x.ogg").write_bytes(b"mine")
    part = part_of(tmp_path)
    fill(part)
    assert finish(part)
    path = part.place()
    part.close()
    assert path.name == "x (2).ogg" and path.read_bytes() == DATA
    assert (tmp_path / "x.ogg").read_bytes() == b"mine"


def test_a_folder_that_is_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    downloads = tmp_path / "downloads"
    outside.mkdir()
    downloads.mkdir()
    (downloads / "album").symlink_to(outside)
    part = part_of(downloads, folder="album")
    fill(part)
    assert finish(part)
    with pytest.raises(UserError, match="leaves"):
        part.place()
    part.close()
    assert list(outside.iterdir()) == []
    assert part.path.exists()


def test_a_file_cut_short_by_others_is_told_of(tmp_path: Path) -> None:
    part = part_of(tmp_path)
    fill(part)
    os.truncate(part.path, 1000)
    with pytest.raises(StorageError, match="cut short"):
        finish(part)
    part.close()


def test_a_link_in_place_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    path, _ = part_paths(tmp_path, manifest_of(DATA).content_id())
    path.parent.mkdir()
    path.symlink_to(victim)
    with pytest.raises(StorageError):
        part_of(tmp_path)
    assert victim.read_bytes() == b"precious"


def test_delete_partial_takes_what_is_there(tmp_path: Path) -> None:
    part = part_of(tmp_path)
    part.close()
    delete_partial(tmp_path, part.content)
    delete_partial(tmp_path, part.content)
    assert not part.path.exists()


def test_numbered_names_stay_short_and_keep_their_extension() -> None:
    assert numbered("a.flac", 1) == "a.flac"
    assert numbered("a.flac", 2) == "a (2).flac"
    assert numbered("noext", 3) == "noext (3)"
    long = numbered("ä" * 125 + ".flac", 12)
    assert len(long.encode()) <= 255 and long.endswith(" (12).flac")
