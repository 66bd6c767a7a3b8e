"""Two clients of ours over real sockets and a small server: the whole of port.Client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from slskmesh.errors import PeerError, UserError
from slskmesh.soulseek.client import LegacyClient
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.values import (
    Answered,
    LegacyEvent,
    Member,
    Outcome,
    RemoteFile,
    RoomJoined,
    RoomLeft,
    RoomSaid,
    RoomsListed,
    RoomTicker,
    RoomUser,
    ServerChanged,
    TransferChanged,
    TransferPhase,
    UserChanged,
    UserState,
    Whispered,
)
from slskmesh.work import LocalBudget

from .scripted import STATUS, Person, Rule, ScriptedServer, exactly, framed, message, text, u32

BYTES = os.urandom(700_000)
SONG = "music\\Kim Boo\\First Light\\01 Dawn.flac"


@pytest.fixture
async def server(nursery: trio.Nursery) -> ScriptedServer:
    there = ScriptedServer()
    await nursery.start(there.serve)
    return there


async def enter(nursery: trio.Nursery, server: ScriptedServer, person: Person) -> Person:
    await nursery.start(person.client.run)
    assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
    return person


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "dawn.flac"
    path.write_bytes(BYTES)
    return path


@pytest.fixture
async def pair(
    nursery: trio.Nursery, server: ScriptedServer, song: Path
) -> AsyncIterator[tuple[Person, Person]]:
    anna = await enter(nursery, server, Person("anna"))
    ben = await enter(nursery, server, Person("ben", {SONG: song}))
    yield anna, ben
    nursery.cancel_scope.cancel()


def phase(wanted: TransferPhase, *, upload: bool = False) -> object:
    def is_it(event: LegacyEvent) -> bool:
        return (
            isinstance(event, TransferChanged) and event.news.phase is wanted and event.news.upload is upload
        )

    return is_it


async def test_search_browse_folder_and_info(pair: tuple[Person, Person]) -> None:
    anna, _ = pair
    token = await anna.client.search("dawn kim", LocalBudget())
    event = await anna.hears(lambda event: isinstance(event, Answered))
    assert isinstance(event, Answered)
    assert (event.answer.token, event.answer.user, event.answer.free_slot) == (token, "ben", True)
    assert [(file.path, file.size) for file in event.answer.files] == [(SONG, 700_000)]
    portions = [portion async for portion in anna.client.browse("ben", LocalBudget())]
    assert portions[-1].done
    assert 0 < portions[0].received <= portions[0].of == portions[-1].received == portions[-1].of
    found = [file for portion in portions for _, files in portion.folders for file in files]
    assert [(file.path, file.size) for file in found] == [(SONG, 700_000)]
    listing = await anna.client.folder("ben", "music\\Kim Boo", LocalBudget())
    assert listing.user == "ben"
    assert [file.path for _, files in listing.folders for file in files] == [SONG]
    info = await anna.client.user_info("ben", LocalBudget())
    assert (info.text, info.slots, info.queue, info.free_slot) == ("a person of a test", 2, 0, True)


async def test_download_whole_and_resumed(pair: tuple[Person, Person], tmp_path: Path) -> None:
    anna, ben = pair
    whole = tmp_path / "in" / "whole.part"
    key = await anna.client.download("ben", RemoteFile(SONG, 700_000), whole, LocalBudget())
    event = await anna.hears(phase(TransferPhase.DONE))
    assert isinstance(event, TransferChanged)
    assert (event.news.key, event.news.done, event.news.size) == (key, 700_000, 700_000)
    assert whole.read_bytes() == BYTES
    sent = await ben.hears(phase(TransferPhase.DONE, upload=True))
    assert isinstance(sent, TransferChanged)
    assert (sent.news.user, sent.news.path) == ("anna", SONG)

    part = tmp_path / "part.part"
    part.write_bytes(BYTES[:300_000])
    anna.events.clear()
    await anna.client.download("ben", RemoteFile(SONG, 700_000), part, LocalBudget())
    active = await anna.hears(phase(TransferPhase.ACTIVE))
    assert isinstance(active, TransferChanged)
    assert active.news.done >= 300_000
    await anna.hears(phase(TransferPhase.DONE))
    assert part.read_bytes() == BYTES


async def test_a_whole_file_is_not_asked_for(pair: tuple[Person, Person], tmp_path: Path) -> None:
    anna, ben = pair
    there = tmp_path / "there"
    there.write_bytes(BYTES)
    await anna.client.download("ben", RemoteFile(SONG, 700_000), there, LocalBudget())
    await anna.hears(phase(TransferPhase.DONE))
    await anna.client.download("ben", RemoteFile("music\\empty", 0), tmp_path / "empty", LocalBudget())
    assert (tmp_path / "empty").read_bytes() == b""
    with pytest.raises(UserError, match="another version"):
        await anna.client.download("ben", RemoteFile("music\\x", 5), there, LocalBudget())
    assert not [event for event in ben.events if isinstance(event, TransferChanged)]


async def test_pause_resume_and_abort_keep_the_partial_file(
    pair: tuple[Person, Person], tmp_path: Path
) -> None:
    anna, _ = pair
    local = tmp_path / "slow.part"
    anna.client.limit(0, 200 * 1024)
    key = await anna.client.download("ben", RemoteFile(SONG, 700_000), local, LocalBudget())
    await anna.hears(lambda event: isinstance(event, TransferChanged) and event.news.done > 0)
    await anna.client.pause(key)
    await anna.hears(phase(TransferPhase.PAUSED))
    had = local.read_bytes()
    assert 0 < len(had) < 700_000
    assert BYTES.startswith(had)

    anna.events.clear()
    assert await anna.client.download("ben", RemoteFile(SONG, 700_000), local, LocalBudget()) == key
    await anna.hears(
        lambda event: (
            isinstance(event, TransferChanged)
            and event.news.phase is TransferPhase.ACTIVE
            and event.news.done > len(had)
        )
    )
    await anna.client.abort(key)
    await anna.hears(phase(TransferPhase.ABORTED))
    assert BYTES.startswith(local.read_bytes())
    assert local.stat().st_size >= len(had)

    anna.client.limit(0, 0)
    anna.events.clear()
    await anna.client.download("ben", RemoteFile(SONG, 700_000), local, LocalBudget())
    await anna.hears(phase(TransferPhase.DONE))
    assert local.read_bytes() == BYTES


async def test_uploads_follow_the_rule(pair: tuple[Person, Person], tmp_path: Path) -> None:
    anna, ben = pair
    ben.rule.refused["anna"] = "Too many files"
    await anna.client.download("ben", RemoteFile(SONG, 700_000), tmp_path / "no", LocalBudget())
    failed = await anna.hears(phase(TransferPhase.FAILED))
    assert isinstance(failed, TransferChanged)
    assert failed.news.reason == "Too many files"
    ben.rule.refused.clear()
    anna.events.clear()
    await anna.client.download("ben", RemoteFile("music\\none.mp3", 5), tmp_path / "no", LocalBudget())
    failed = await anna.hears(phase(TransferPhase.FAILED))
    assert isinstance(failed, TransferChanged)
    assert failed.news.reason == "File not shared."
    ben.rule.open = 0
    anna.events.clear()
    key = await anna.client.download("ben", RemoteFile(SONG, 700_000), tmp_path / "later", LocalBudget())
    await anna.hears(phase(TransferPhase.REQUESTED))
    await ben.hears(phase(TransferPhase.QUEUED, upload=True))
    assert await anna.client.place(key, LocalBudget()) == 1
    info = await anna.client.user_info("ben", LocalBudget())
    assert (info.queue, info.free_slot) == (1, False)


async def test_a_file_of_another_size_is_not_mixed_in(pair: tuple[Person, Person], tmp_path: Path) -> None:
    anna, _ = pair
    part = tmp_path / "part"
    part.write_bytes(b"x" * 100)
    await anna.client.download("ben", RemoteFile(SONG, 650_000), part, LocalBudget())
    failed = await anna.hears(phase(TransferPhase.FAILED))
    assert isinstance(failed, TransferChanged)
    assert "700000 bytes there now" in failed.news.reason
    assert part.read_bytes() == b"x" * 100


HERE = Member(UserState.ONLINE, 0, 0, 0, 0, 1, "SE")  # as the scripted server tells of everybody in a room


async def test_rooms_tickers_and_messages(
    pair: tuple[Person, Person], nursery: trio.Nursery, server: ScriptedServer
) -> None:
    anna, ben = pair
    await anna.client.rooms(LocalBudget())
    listed = await anna.hears(lambda event: isinstance(event, RoomsListed))
    assert isinstance(listed, RoomsListed)
    assert [(room.name, room.users) for room in listed.rooms] == [("jazz", 30), ("dub", 4)]
    await anna.client.join("jazz", LocalBudget())
    await anna.hears(lambda event: event == RoomJoined("jazz", ("anna",), members=(HERE,)))
    await anna.hears(lambda event: event == RoomTicker("jazz", "kim", "hej"))
    await ben.client.join("jazz", LocalBudget())
    await anna.hears(lambda event: event == RoomUser("jazz", "ben", True, HERE))
    await ben.client.say("jazz", "hello there", LocalBudget())
    said = await anna.hears(lambda event: isinstance(event, RoomSaid))
    assert isinstance(said, RoomSaid)
    assert (said.room, said.user, said.text) == ("jazz", "ben", "hello there")
    await ben.client.ticker("jazz", "digging", LocalBudget())
    await anna.hears(lambda event: event == RoomTicker("jazz", "ben", "digging"))
    await ben.client.leave("jazz")
    await ben.hears(lambda event: event == RoomLeft("jazz"))
    await anna.hears(lambda event: event == RoomUser("jazz", "ben", False))
    with pytest.raises(UserError, match="does not let us"):
        await anna.client.join("closed", LocalBudget())
    for bad in ("", "two\nlines", "x" * 3000):
        with pytest.raises(UserError):
            await anna.client.say("jazz", bad, LocalBudget())
    await anna.client.whisper("ben", "psst", LocalBudget())
    assert await ben.hears(lambda event: event == Whispered("anna", "psst", 1000.0, True, 7))
    await anna.client.whisper("cleo", "later", LocalBudget())
    cleo = await enter(nursery, server, Person("cleo"))
    assert await cleo.hears(lambda event: event == Whispered("anna", "later", 1000.0, False, 7))


async def test_watched_users(pair: tuple[Person, Person], server: ScriptedServer) -> None:
    anna, _ = pair
    await anna.client.watch("ben", True)
    await anna.hears(lambda event: event == UserChanged("ben", UserState.ONLINE))
    await anna.client.watch("nobody", True)
    await anna.hears(lambda event: event == UserChanged("nobody", UserState.OFFLINE, False))
    await anna.client.watch("nobody", False)


async def test_nobody_there(pair: tuple[Person, Person], tmp_path: Path) -> None:
    anna, _ = pair
    with pytest.raises(PeerError, match="the user is offline") as caught:
        await anna.client.user_info("nobody", LocalBudget())
    assert not caught.value.blame
    with pytest.raises(PeerError, match="the user is offline"):
        [portion async for portion in anna.client.browse("nobody", LocalBudget())]


async def test_offline_says_so(pair: tuple[Person, Person], tmp_path: Path) -> None:
    anna, _ = pair
    await anna.client.disconnect()
    assert not anna.client.online
    for call in (
        anna.client.search("words", LocalBudget()),
        anna.client.user_info("ben", LocalBudget()),
        anna.client.download("ben", RemoteFile("a", 1), tmp_path / "a", LocalBudget()),
        anna.client.say("jazz", "hello", LocalBudget()),
    ):
        with pytest.raises(Offline, match="connect first"):
            await call
    assert [event for event in anna.events if isinstance(event, ServerChanged)] == [
        ServerChanged(Outcome.ONLINE, "hello")
    ]


async def test_a_download_waits_for_a_user_who_is_offline(
    pair: tuple[Person, Person], nursery: trio.Nursery, server: ScriptedServer, song: Path, tmp_path: Path
) -> None:
    anna, _ = pair
    local = tmp_path / "later"
    await anna.client.download("dora", RemoteFile(SONG, 700_000), local, LocalBudget())
    waits = await anna.hears(
        lambda event: isinstance(event, TransferChanged) and event.news.reason == "User offline"
    )
    assert isinstance(waits, TransferChanged)
    assert waits.news.phase is TransferPhase.QUEUED
    await enter(nursery, server, Person("dora", {SONG: song}))
    await server.tell("anna", framed(STATUS, text("dora") + u32(2) + b"\x00"))
    await anna.hears(phase(TransferPhase.DONE))
    assert local.read_bytes() == BYTES


async def test_transfers_outlive_the_session(
    pair: tuple[Person, Person], server: ScriptedServer, tmp_path: Path
) -> None:
    anna, ben = pair
    local = tmp_path / "slow.part"
    anna.client.limit(0, 400 * 1024)
    await anna.client.download("ben", RemoteFile(SONG, 700_000), local, LocalBudget())
    await anna.hears(lambda event: isinstance(event, TransferChanged) and event.news.done > 0)
    await anna.client.disconnect()
    await ben.client.disconnect()
    await anna.hears(phase(TransferPhase.DONE))
    assert local.read_bytes() == BYTES


async def test_a_waiting_download_is_asked_for_again_in_the_next_session(
    pair: tuple[Person, Person], server: ScriptedServer, tmp_path: Path
) -> None:
    anna, ben = pair
    ben.rule.open = 0
    local = tmp_path / "waiting"
    await anna.client.download("ben", RemoteFile(SONG, 700_000), local, LocalBudget())
    await anna.hears(phase(TransferPhase.REQUESTED))
    await ben.hears(phase(TransferPhase.QUEUED, upload=True))
    await anna.client.disconnect()
    anna.events.clear()
    ben.rule.open = 2
    assert await anna.client.connect(anna.line(server.port)) is Outcome.ONLINE
    await ben.client.connect(ben.line(server.port))
    await anna.hears(phase(TransferPhase.DONE))
    assert local.read_bytes() == BYTES


async def test_a_cancelled_call_leaves_nothing(
    pair: tuple[Person, Person], server: ScriptedServer, nursery: trio.Nursery, tmp_path: Path
) -> None:
    """Each call to a user who takes lines and says nothing, cancelled."""
    anna, _ = pair
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    line = await trio.open_tcp_stream("127.0.0.1", server.port)
    await line.send_all(framed(1, text("mute") + text("word") + u32(1) + text("") + u32(1)))
    await exactly(line, 8)
    server.ports["mute"] = listeners[0].socket.getsockname()[1]
    asked = trio.Event()

    async def mute(stream: trio.SocketStream) -> None:
        async with stream:
            await message(stream)
            await message(stream)
            asked.set()
            await trio.sleep_forever()

    nursery.start_soon(trio.serve_listeners, mute, listeners)

    async def browse() -> None:
        async for _ in anna.client.browse("mute", LocalBudget()):
            pass

    async def info() -> None:
        await anna.client.user_info("mute", LocalBudget())

    async def folder() -> None:
        await anna.client.folder("mute", "a", LocalBudget())

    async def join() -> None:
        await anna.client.join("a room", LocalBudget())

    calls = anna.client._calls
    assert calls is not None and calls._aio is not None
    network = calls._aio.network

    async def swallow(name: str, code: int, body: bytes) -> None:
        asked.set()

    for call in (browse, info, folder, join):
        asked = trio.Event()
        if call is join:
            server._relay = swallow  # type: ignore[method-assign]
        async with trio.open_nursery() as inner:
            inner.start_soon(call)
            with trio.fail_after(60):
                await asked.wait()
            inner.cancel_scope.cancel()
        await anna.client.watch("x", False)  # a round trip: what was posted has run
        assert not calls._browses and not calls._folders and not calls._asked and not network.sinks
        assert not network._expected_response_futures
        for stale in list(network.peer_connections):
            assert stale.username == "mute"
            anna.client._thread.post(stale._writer.close)  # type: ignore[union-attr]
    await line.aclose()


async def test_two_users_may_use_the_same_ticket(
    pair: tuple[Person, Person], nursery: trio.Nursery, server: ScriptedServer, tmp_path: Path
) -> None:
    anna, ben = pair
    other = os.urandom(600_000)
    second = tmp_path / "other.flac"
    second.write_bytes(other)
    cleo = await enter(nursery, server, Person("cleo", {"c\\other.flac": second}))
    for person in (ben, cleo):
        calls = person.client._calls
        assert calls is not None and calls._aio is not None
        calls._aio.transfers._ticket_generator = iter(range(7, 100))
    await anna.client.download("ben", RemoteFile(SONG, 700_000), tmp_path / "one", LocalBudget())
    await anna.client.download("cleo", RemoteFile("c\\other.flac", 600_000), tmp_path / "two", LocalBudget())
    for path in (SONG, "c\\other.flac"):
        await anna.hears(
            lambda event, path=path: (
                isinstance(event, TransferChanged)
                and event.news.phase is TransferPhase.DONE
                and event.news.path == path
            )
        )
    assert (tmp_path / "one").read_bytes() == BYTES
    assert (tmp_path / "two").read_bytes() == other


async def test_a_fault_of_our_rule_is_not_lost(server: ScriptedServer, song: Path, tmp_path: Path) -> None:
    class Broken(Rule):
        def next(self, waiting: list[tuple[int, str]], active: list[tuple[int, str]]) -> list[int]:
            raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError):
        async with trio.open_nursery() as nursery:
            anna = await enter(nursery, server, Person("anna"))
            ben = Person("ben", {SONG: song})
            ben.client = LegacyClient(ben.shelf, Broken())
            await enter(nursery, server, ben)
            await anna.client.download("ben", RemoteFile(SONG, 700_000), tmp_path / "x", LocalBudget())
            with trio.fail_after(60):
                await trio.sleep_forever()


def test_the_library_is_loaded_at_the_first_connect_only() -> None:
    code = "import slskmesh.soulseek.client, sys; print(*(name for name in sys.modules if 'aioslsk' in name))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
