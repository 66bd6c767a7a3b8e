"""The demo's Soulseek: its server goes and comes back at its port, its users have what the plot needs of them."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from slskmesh.demo.child import Child, Said
from slskmesh.demo.legacy import ROOM, SLOW, STEADY, Soulseek, furnish, write_password
from slskmesh.demo.outage import Outage
from slskmesh.errors import SlskmeshError, StorageError
from tests.demo.soulseek_line import LegacyUser, SocketLine

PATIENCE = 30.0


class Place:
    """A folder and the processes started in it; `demo.legacy.Processes`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self.children: list[Child] = []
        self.soulseek = Soulseek(self)

    def spawn(self, name: str, args: Sequence[str]) -> Child:
        self.children.append(Child(name, args, self.root / f"{name}.err", self.inbox))
        return self.children[-1]

    def end_hard(self, child: Child) -> None:
        child.kill()
        self.children.remove(child)

    def until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            self.soulseek.hear(self.inbox.get(timeout=max(0.0, deadline - time.monotonic())))

    def up(self) -> None:
        self.until(lambda: not self.soulseek.missing())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A server with both users on it."""
    one = Place(tmp_path)
    tapes = []
    for name in ("01 One.flac", "02 Two.flac", "03 Three.flac"):
        tapes.append(tmp_path / "music" / "Ann" / "Tapes (1981)" / name)
        tapes[-1].parent.mkdir(parents=True, exist_ok=True)
        tapes[-1].write_bytes(os.urandom(60_000))
    try:
        one.soulseek.start_server()
        one.until(lambda: one.soulseek.running)
        one.soulseek.start_users(tapes)
        one.up()
        yield one
    finally:
        for child in one.children:
            child.end(10)


def test_each_user_has_his_files_and_the_room(place: Place) -> None:
    assert {user.name: user.files for user in place.soulseek.users.values()} == {SLOW: 1, STEADY: 2}
    with LegacyUser(place.root, place.soulseek.address, "bob", "--join", ROOM) as bob:
        bob.online()
        bob.tell(search="tapes one")
        ((path, size),) = bob.wait("answer", user=SLOW)["answer"]
        assert path.endswith("\\Ann\\Tapes (1981)\\01 One.flac") and size == 60_000
        bob.tell(whisper="hello", to=SLOW)
        place.until(lambda: bool(place.soulseek.whispers))
    assert place.soulseek.whispers == [(SLOW, "bob", "hello")]


def test_the_server_is_killed_and_comes_back_where_it_was_with_its_names(place: Place) -> None:
    soulseek, address = place.soulseek, place.soulseek.address
    soulseek.start_server()  # it runs: nothing to do
    soulseek.stop_server()
    soulseek.stop_server()
    assert soulseek.missing() == ["Soulseek server"] and not soulseek.running
    with pytest.raises(ConnectionRefusedError):
        SocketLine(address)
    soulseek.start_server()
    place.up()
    assert soulseek.address == address
    with LegacyUser(place.root, address, SLOW, "--password", "another") as thief:
        assert thief.wait("online", online=False)["reason"] == "INVALIDPASS"


def test_a_process_that_ends_by_itself_is_an_error(place: Place) -> None:
    place.soulseek.order(STEADY, stop=True)
    with pytest.raises(SlskmeshError, match=STEADY):
        place.until(lambda: False)


def test_the_outage_holds_back_what_waits_and_tells_of_the_return_when_all_are_back(place: Place) -> None:
    said: list[str] = []
    outage = Outage(place.soulseek, said.append)
    user = place.spawn("cat", ["tests.demo.echo"])
    heard: list[dict[str, str]] = []

    def step() -> None:
        word = place.inbox.get(timeout=PATIENCE)
        if word.child is user:
            assert word.what is not None, user.last_words()
            heard.append(word.what)
        place.soulseek.hear(word)
        outage.step()

    outage.asked("begin", user)
    while not heard:
        step()
    assert heard == [{"outage": "begin"}] and not place.soulseek.running
    outage.asked("end", user)
    while len(heard) == 1:
        step()
    assert heard[1] == {"outage": "end"} and place.soulseek.missing() == []
    assert not outage.delivered and len(said) == 2
    with pytest.raises(SlskmeshError, match="nonsense"):
        outage.asked("nonsense", user)


def test_a_share_has_the_files_themselves_below_two_folders(tmp_path: Path) -> None:
    original = tmp_path / "music" / "Ann" / "Album" / "x.flac"
    original.parent.mkdir(parents=True)
    original.write_bytes(b"x")
    furnish(tmp_path / "share", [original])
    assert (tmp_path / "share" / "Ann" / "Album" / "x.flac").samefile(original)


def test_the_password_is_the_owners_alone(tmp_path: Path) -> None:
    write_password(tmp_path)
    assert (tmp_path / "soulseek.password").stat().st_mode & 0o777 == 0o600
    with pytest.raises(StorageError):
        write_password(tmp_path)
