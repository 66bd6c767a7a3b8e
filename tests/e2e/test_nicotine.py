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
    """A server and somebody who shares, on it for all tests of this file; `digest` of the file at PATH."""

    server: ServerProcess
    sharer: Nicotine
    digest: str


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("nicotine")
    album = folder / "share" / "Slow Ferries"
    album.mkdir(parents=True)
    data = random.Random(4).randbytes(SIZE)
    (album / "01 Tide Table.flac").write_bytes(data)
    (album / "02 Weather Ship.flac").write_bytes(data[:70_000])
    with ServerProcess(folder) as server:
        with Nicotine(folder, server.address, "sharer", share=folder / "share", slots=1) as sharer:
            sharer.online()
            yield Place(server, sharer, hashlib.sha256(data).hexdigest())


@pytest.fixture
def place(grounds: Place) -> Place:
    grounds.sharer.do("limit", upload=0, slots=1)
    return grounds


@pytest.fixture
def leecher(place: Place, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Nicotine]:
    """Somebody new, of the test's name."""
    with Nicotine(tmp_path, place.server.address, request.node.name.removeprefix("test_")[:30]) as one:
        one.online()
        yield one


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_search_browse_and_download(place: Place, leecher: Nicotine) -> None:
    (answer,) = leecher.search("tide table", 1)
    assert answer.user == "sharer" and answer.free
    assert [(file["path"], file["size"]) for file in answer.files] == [(PATH, SIZE)]
    folders = leecher.browse("sharer")
    assert folders["Music\\Slow Ferries"] == [("01 Tide Table.flac", SIZE), ("02 Weather Ship.flac", 70_000)]
    leecher.download("sharer", PATH, SIZE)
    leecher.finished("sharer", PATH)
    assert digest(leecher.downloads / "01 Tide Table.flac") == place.digest
    place.sharer.finished(leecher.name, PATH, kind="upload")


def test_a_killed_download_is_taken_up_again(place: Place, leecher: Nicotine) -> None:
    place.sharer.do("limit", upload=1500, slots=1)
    leecher.download("sharer", PATH, SIZE)
    leecher.progress("sharer", PATH, 700_000)
    leecher.kill()
    (partial,) = (leecher.home / "incomplete").iterdir()
    had = partial.stat().st_size
    assert 0 < had < SIZE
    place.sharer.do("limit", upload=0, slots=1)
    leecher.start()
    leecher.online()
    leecher.download("sharer", PATH, SIZE)
    assert leecher.finished("sharer", PATH).moved == SIZE - had
    assert digest(leecher.downloads / "01 Tide Table.flac") == place.digest


def test_room_and_private_message(place: Place, leecher: Nicotine) -> None:
    assert place.sharer.join("harbour") == ["sharer"]
    assert set(leecher.join("harbour")) == {leecher.name, "sharer"}
    leecher.say("harbour", "good evening")
    assert place.sharer.wait("said", user=leecher.name)["text"] == "good evening"
    assert leecher.wait("said", user=leecher.name)["room"] == "harbour"
    place.sharer.whisper(leecher.name, "hello there")
    whispered = leecher.wait("whispered", user="sharer")
    assert (whispered["text"], whispered["new"]) == ("hello there", True)
    leecher.say("harbour", "I have to go")  # its echo comes after the server has the acknowledgement
    leecher.wait("said", text="I have to go")
    leecher.end()
    place.sharer.whisper(leecher.name, "while you were away")
    leecher.start()
    leecher.online()
    whispered = leecher.wait("whispered", user="sharer")
    assert (whispered["text"], whispered["new"]) == ("while you were away", False)


def test_place_in_the_queue(place: Place, leecher: Nicotine, tmp_path: Path) -> None:
    place.sharer.do("limit", upload=200, slots=1)
    leecher.download("sharer", PATH, SIZE)
    leecher.reach("sharer", PATH, TRANSFERRING)
    with Nicotine(tmp_path, place.server.address, "third") as third:
        third.online()
        other = "Music\\Slow Ferries\\02 Weather Ship.flac"
        third.download("sharer", other, 70_000)
        place.sharer.reach("third", other, "Queued", kind="upload")
        assert third.place("sharer", other) == 2  # the upload that runs is the first
        (answer,) = third.search("tide table", 1)
        assert (answer.free, answer.queue) == (False, 1)
        place.sharer.do("limit", upload=0, slots=1)
        third.finished("sharer", other)


def test_with_a_legacy_user_both_ways(place: Place, leecher: Nicotine, tmp_path: Path) -> None:
    album = tmp_path / "old" / "Rooms Above the Sea"
    album.mkdir(parents=True)
    (album / "03 Tide Table.flac").write_bytes(random.Random(5).randbytes(400_000))
    args = ("--share", str(tmp_path / "old"), "--downloads", str(tmp_path / "got"), "--join", "quay")
    with LegacyUser(tmp_path, place.server.address, "old", *args) as old:
        old.online()
        answers = {answer.user: answer.files for answer in leecher.search("tide table", 2)}
        ((path, size),) = [(file["path"], file["size"]) for file in answers["old"]]
        leecher.download("old", path, size)
        old.tell(download=PATH, from_="sharer")
        leecher.finished("old", path)
        assert digest(leecher.downloads / "03 Tide Table.flac") == digest(album / "03 Tide Table.flac")
        old.wait("download", state="COMPLETE")
        assert digest(tmp_path / "got" / "01 Tide Table.flac") == place.digest
        assert sum(map(len, leecher.browse("old").values())) == 1
        assert set(leecher.join("quay")) == {leecher.name, "old"}
        old.tell(say="good evening", room="quay")
        assert leecher.wait("said", user="old")["text"] == "good evening"
        leecher.whisper("old", "hello")
        assert old.wait("whispered", user=leecher.name)["whispered"] == "hello"


def test_a_whole_folder(place: Place, leecher: Nicotine) -> None:
    leecher.download_folder("sharer", "Music\\Slow Ferries")
    for name in ("01 Tide Table.flac", "02 Weather Ship.flac"):
        leecher.finished("sharer", f"Music\\Slow Ferries\\{name}")
    assert digest(leecher.downloads / "Slow Ferries" / "01 Tide Table.flac") == place.digest


def test_a_banned_user_finds_and_gets_nothing(place: Place, leecher: Nicotine) -> None:
    place.sharer.do("ban", user=leecher.name)
    leecher.search("tide table", 0)
    leecher.download("sharer", PATH, SIZE)
    leecher.reach("sharer", PATH, "Banned")
    assert [heard for heard in leecher.heard if heard["event"] == "answer"] == []
    place.sharer.do("unban", user=leecher.name)
    leecher.retry("sharer", PATH)
    leecher.finished("sharer", PATH)


def test_a_wrong_password_is_told(place: Place, tmp_path: Path) -> None:
    with Nicotine(tmp_path, place.server.address, "sharer", password="wrong") as wrong:
        assert wrong.login() == "INVALIDPASS"
    assert place.server.order(status=True)["users"] == ["sharer"]
