"""Our client with the demo's server and users who run aioslsk as it comes or Nicotine+: both ways."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from slskmesh.soulseek.values import (
    Answered,
    Outcome,
    RemoteFile,
    RoomJoined,
    RoomSaid,
    ServerChanged,
    ServerSaid,
    TransferChanged,
    TransferPhase,
    Whispered,
)
from slskmesh.work import LocalBudget
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.e2e.nicotine import MISSING, Nicotine

from .scripted import Person

OURS = "music\\Kim Boo\\First Light\\01 Dawn.flac"
SIZE = 400_000


async def waits(whom: LegacyUser, what: str, /, **fields: Any) -> Any:
    return await trio.to_thread.run_sync(partial(whom.wait, what, **fields))


async def both_ways(address: str, bob: LegacyUser, tmp_path: Path, ours: bytes, theirs: bytes) -> None:
    anna = Person("anna", {OURS: tmp_path / "ours.flac"})
    async with trio.open_nursery() as nursery:
        await nursery.start(anna.client.run)
        assert await anna.client.connect(anna.line(int(address.rpartition(":")[2]))) is Outcome.ONLINE

        await anna.client.search("tide table", LocalBudget())
        found = await anna.hears(lambda event: isinstance(event, Answered))
        assert isinstance(found, Answered)
        (file,) = found.answer.files
        assert (found.answer.user, file.size) == ("bob", SIZE)
        portions = [portion async for portion in anna.client.browse("bob", LocalBudget())]
        listed = [each for portion in portions for _, files in portion.folders for each in files]
        assert [(each.path, each.size) for each in listed] == [(file.path, SIZE)]
        listing = await anna.client.folder("bob", file.folder, LocalBudget())
        assert [each.path for _, files in listing.folders for each in files] == [file.path]
        info = await anna.client.user_info("bob", LocalBudget())
        assert (info.slots, info.free_slot) == (2, True)

        part = trio.Path(tmp_path / "in.part")
        await part.write_bytes(theirs[:150_000])
        await anna.client.download("bob", RemoteFile(file.path, SIZE), Path(part), LocalBudget())
        await anna.hears(
            lambda event: isinstance(event, TransferChanged) and event.news.phase is TransferPhase.DONE
        )
        assert await part.read_bytes() == theirs

        bob.tell(search="dawn kim")
        answer = await waits(bob, "answer", user="anna")
        assert answer["answer"] == [[OURS, SIZE]]
        bob.tell(browse="anna")
        assert [name for files in (await waits(bob, "listing"))["listing"].values() for name, _ in files] == [
            "01 Dawn.flac"
        ]
        bob.tell(download=OURS, from_="anna")
        await waits(bob, "download", state="COMPLETE")
        await anna.hears(
            lambda event: (
                isinstance(event, TransferChanged)
                and event.news.upload
                and event.news.phase is TransferPhase.DONE
            )
        )
        (got,) = await trio.to_thread.run_sync(lambda: list((tmp_path / "got").iterdir()))
        assert await trio.Path(got).read_bytes() == ours

        await anna.client.join("harbour", LocalBudget())
        await anna.hears(lambda event: isinstance(event, RoomJoined) and set(event.users) == {"anna", "bob"})
        await anna.client.say("harbour", "good evening", LocalBudget())
        await waits(bob, "said", user="anna")
        bob.tell(say="and to you", room="harbour")
        await anna.hears(lambda event: isinstance(event, RoomSaid) and event.user == "bob")
        await anna.client.whisper("bob", "psst", LocalBudget())
        await waits(bob, "whispered", user="anna")
        bob.tell(whisper="hello", to="anna")
        told = await anna.hears(lambda event: isinstance(event, Whispered))
        assert isinstance(told, Whispered)
        assert (told.user, told.text, told.live) == ("bob", "hello", True)
        nursery.cancel_scope.cancel()


def test_search_browse_files_rooms_and_messages(tmp_path: Path) -> None:
    rng = random.Random(2)
    ours, theirs = rng.randbytes(SIZE), rng.randbytes(SIZE)
    (tmp_path / "ours.flac").write_bytes(ours)
    share = tmp_path / "share" / "Slow Ferries"
    share.mkdir(parents=True)
    (share / "01 Tide Table.flac").write_bytes(theirs)
    shared = ("--share", str(tmp_path / "share"), "--downloads", str(tmp_path / "got"), "--join", "harbour")
    with ServerProcess(tmp_path) as server, LegacyUser(tmp_path, server.address, "bob", *shared) as bob:
        bob.wait("ready")
        bob.online()
        trio.run(both_ways, server.address, bob, tmp_path, ours, theirs)


async def told_apart(server: ServerProcess) -> None:
    port = int(server.address.rpartition(":")[2])
    anna, twin = Person("anna"), Person("anna")

    async def order(**fields: Any) -> None:
        await trio.to_thread.run_sync(partial(server.order, **fields))

    async with trio.open_nursery() as nursery:
        await nursery.start(anna.client.run)
        await nursery.start(twin.client.run)
        assert await anna.client.connect(anna.line(port)) is Outcome.ONLINE
        await order(announce="tea at four")
        await anna.hears(lambda event: event == ServerSaid("tea at four"))
        wrong = await twin.client.connect(
            type(twin.line(port))(f"127.0.0.1:{port}", "anna", "another word", "127.0.0.1:0")
        )
        assert wrong is Outcome.WRONG_PASSWORD
        assert anna.client.online
        assert await twin.client.connect(twin.line(port)) is Outcome.ONLINE
        await anna.hears(lambda event: event == ServerChanged(Outcome.KICKED))
        await order(ban_address="127.0.0.1")
        assert await anna.client.connect(anna.line(port)) is Outcome.ADDRESS_BAN
        await order(unban_address="127.0.0.1")
        await order(full=True)
        nobody = Person("someone else")
        await nursery.start(nobody.client.run)
        assert await nobody.client.connect(nobody.line(port)) is Outcome.FULL
        nursery.cancel_scope.cancel()


def test_logins_are_told_apart(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        trio.run(told_apart, server)


async def with_nicotine(address: str, nic: Nicotine, tmp_path: Path, ours: bytes, theirs: bytes) -> None:
    async def does(fn: Any, /, *args: Any, **more: Any) -> Any:
        return await trio.to_thread.run_sync(partial(fn, *args, **more))

    anna = Person("anna", {OURS: tmp_path / "ours.flac"})
    async with trio.open_nursery() as nursery:
        await nursery.start(anna.client.run)
        assert await anna.client.connect(anna.line(int(address.rpartition(":")[2]))) is Outcome.ONLINE
        await anna.client.search("tide table", LocalBudget())
        found = await anna.hears(lambda event: isinstance(event, Answered))
        assert isinstance(found, Answered)
        (file,) = found.answer.files
        portions = [portion async for portion in anna.client.browse("nic", LocalBudget())]
        listed = [each for portion in portions for _, files in portion.folders for each in files]
        assert [(each.path, each.size) for each in listed] == [(file.path, SIZE)]
        listing = await anna.client.folder("nic", file.folder, LocalBudget())
        assert [each.path for _, files in listing.folders for each in files] == [file.path]
        assert (await anna.client.user_info("nic", LocalBudget())).user == "nic"
        part = trio.Path(tmp_path / "in.part")
        await part.write_bytes(theirs[:150_000])
        await anna.client.download("nic", RemoteFile(file.path, SIZE), Path(part), LocalBudget())
        await anna.hears(
            lambda event: isinstance(event, TransferChanged) and event.news.phase is TransferPhase.DONE
        )
        assert await part.read_bytes() == theirs

        (answer,) = await does(nic.search, "dawn kim", 1)
        assert [(each["path"], each["size"]) for each in answer.files] == [(OURS, SIZE)]
        folder, _, name = OURS.rpartition("\\")
        assert await does(nic.browse, "anna") == {folder: [(name, SIZE)]}
        await does(nic.download, "anna", OURS, SIZE)
        await does(nic.finished, "anna", OURS)
        await anna.client.join("harbour", LocalBudget())
        await does(nic.join, "harbour")
        await anna.client.say("harbour", "good evening", LocalBudget())
        await does(nic.wait, "said", user="anna")
        await does(nic.whisper, "anna", "psst")
        await anna.hears(lambda event: isinstance(event, Whispered) and event.text == "psst")
        nursery.cancel_scope.cancel()


@pytest.mark.skipif(bool(MISSING), reason=MISSING or "it is there")
def test_with_nicotine(tmp_path: Path) -> None:
    rng = random.Random(3)
    ours, theirs = rng.randbytes(SIZE), rng.randbytes(SIZE)
    (tmp_path / "ours.flac").write_bytes(ours)
    share = tmp_path / "share" / "Slow Ferries"
    share.mkdir(parents=True)
    (share / "01 Tide Table.flac").write_bytes(theirs)
    home = tmp_path / "nic"
    home.mkdir()
    with (
        ServerProcess(tmp_path) as server,
        Nicotine(home, server.address, "nic", share=tmp_path / "share") as nic,
    ):
        nic.online()
        trio.run(with_nicotine, server.address, nic, tmp_path, ours, theirs)
