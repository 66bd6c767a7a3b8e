"""Nicotine+ with the demo's Soulseek server between two of them: what our own client is later put in the place of."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.e2e.nicotine import MISSING, TRANSFERRING, Nicotine

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

SIZE = 5_000_000
PATH = "Music\\Slow Ferries\\01 Tide Table.flac"


class Place(NamedTuple):
    """A server, a sharer and a leecher, both logged in; `digest` of the file at PATH."""

    server: ServerProcess
    sharer: Nicotine
    leecher: Nicotine
    digest: str


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    album = tmp_path / "share" / "Slow Ferries"
    album.mkdir(parents=True)
    data = random.Random(4).randbytes(SIZE)
    (album / "01 Tide Table.flac").write_bytes(data)
    (album / "02 Weather Ship.flac").write_bytes(data[:70_000])
    with ServerProcess(tmp_path) as server:
        with Nicotine(tmp_path, server.address, "sharer", share=tmp_path / "share", slots=1) as sharer:
            with Nicotine(tmp_path, server.address, "leecher") as leecher:
                sharer.online()
                leecher.online()
                yield Place(server, sharer, leecher, hashlib.sha256(data).hexdigest())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_search_browse_and_download(place: Place) -> None:
    (answer,) = place.leecher.search("tide table", 1)
    assert answer.user == "sharer" and answer.free
    assert [(file["path"], file["size"]) for file in answer.files] == [(PATH, SIZE)]
    folders = place.leecher.browse("sharer")
    assert folders["Music\\Slow Ferries"] == [("01 Tide Table.flac", SIZE), ("02 Weather Ship.flac", 70_000)]
    place.leecher.download("sharer", PATH, SIZE)
    place.leecher.finished("sharer", PATH)
    assert digest(place.leecher.downloads / "01 Tide Table.flac") == place.digest
    place.sharer.finished("leecher", PATH, kind="upload")


def test_a_killed_download_is_taken_up_again(place: Place) -> None:
    place.sharer.do("limit", upload=1500, slots=1)
    place.leecher.download("sharer", PATH, SIZE)
    place.leecher.progress("sharer", PATH, 700_000)
    place.leecher.kill()
    (partial,) = (place.leecher.home / "incomplete").iterdir()
    had = partial.stat().st_size
    assert 0 < had < SIZE
    place.sharer.do("limit", upload=0, slots=1)
    place.leecher.start()
    place.leecher.online()
    place.leecher.download("sharer", PATH, SIZE)
    assert place.leecher.finished("sharer", PATH).moved == SIZE - had
    assert digest(place.leecher.downloads / "01 Tide Table.flac") == place.digest


def test_room_and_private_message(place: Place) -> None:
    assert place.sharer.join("harbour") == ["sharer"]
    assert sorted(place.leecher.join("harbour")) == ["leecher", "sharer"]
    place.leecher.say("harbour", "good evening")
    assert place.sharer.wait("said", user="leecher")["text"] == "good evening"
    assert place.leecher.wait("said", user="leecher")["room"] == "harbour"
    place.sharer.whisper("leecher", "hello there")
    whispered = place.leecher.wait("whispered", user="sharer")
    assert (whispered["text"], whispered["new"]) == ("hello there", True)
    place.leecher.say("harbour", "I have to go")  # its echo comes after the server has the acknowledgement
    place.leecher.wait("said", text="I have to go")
    place.leecher.end()
    place.sharer.whisper("leecher", "while you were away")
    place.leecher.start()
    place.leecher.online()
    whispered = place.leecher.wait("whispered", user="sharer")
    assert (whispered["text"], whispered["new"]) == ("while you were away", False)


def test_place_in_the_queue(place: Place, tmp_path: Path) -> None:
    place.sharer.do("limit", upload=200, slots=1)
    place.leecher.download("sharer", PATH, SIZE)
    place.leecher.reach("sharer", PATH, TRANSFERRING)
    with Nicotine(tmp_path, place.server.address, "third") as third:
        third.online()
        other = "Music\\Slow Ferries\\02 Weather Ship.flac"
        third.download("sharer", other, 70_000)
        place.sharer.reach("third", other, "Queued", kind="upload")
        (answer,) = third.search("tide table", 1)
        assert (answer.free, answer.queue) == (False, 1)
        place.sharer.do("limit", upload=0, slots=1)
        third.finished("sharer", other)


def test_with_a_legacy_user_both_ways(place: Place, tmp_path: Path) -> None:
    album = tmp_path / "old" / "Rooms Above the Sea"
    album.mkdir(parents=True)
    (album / "03 Tide Table.flac").write_bytes(random.Random(5).randbytes(400_000))
    args = ("--share", str(tmp_path / "old"), "--downloads", str(tmp_path / "got"), "--join", "harbour")
    with LegacyUser(tmp_path, place.server.address, "old", *args) as old:
        old.online()
        answers = {answer.user: answer.files for answer in place.leecher.search("tide table", 2)}
        ((path, size),) = [(file["path"], file["size"]) for file in answers["old"]]
        place.leecher.download("old", path, size)
        old.tell(download=PATH, from_="sharer")
        place.leecher.finished("old", path)
        assert digest(place.leecher.downloads / "03 Tide Table.flac") == digest(album / "03 Tide Table.flac")
        old.wait("download", state="COMPLETE")
        assert digest(tmp_path / "got" / "01 Tide Table.flac") == place.digest
        assert sum(map(len, place.leecher.browse("old").values())) == 1
        assert sorted(place.leecher.join("harbour")) == ["leecher", "old"]
        old.tell(say="good evening", room="harbour")
        assert place.leecher.wait("said", user="old")["text"] == "good evening"
        place.leecher.whisper("old", "hello")
        assert old.wait("whispered", user="leecher")["whispered"] == "hello"


def test_a_whole_folder(place: Place) -> None:
    place.leecher.download_folder("sharer", "Music\\Slow Ferries")
    for name in ("01 Tide Table.flac", "02 Weather Ship.flac"):
        place.leecher.finished("sharer", f"Music\\Slow Ferries\\{name}")
    assert digest(place.leecher.downloads / "Slow Ferries" / "01 Tide Table.flac") == place.digest


def test_a_wrong_password_is_told(place: Place, tmp_path: Path) -> None:
    with Nicotine(tmp_path / "other", place.server.address, "sharer", password="wrong") as wrong:
        assert wrong.login() == "INVALIDPASS"
    assert place.server.order(status=True)["users"] == ["leecher", "sharer"]
