"""A file on its way in: what came is on the disk, whatever ends it, and nothing else is."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from slskmesh.soulseek import receiving
from slskmesh.soulseek.values import LegacyEvent, Outcome, RemoteFile, TransferChanged, TransferPhase
from slskmesh.work import LocalBudget

from .scripted import Person, ScriptedServer, exactly
from .test_offered_anew import BYTES, PATH, PATIENCE, Kim


@pytest.fixture
async def anna(nursery: trio.Nursery) -> AsyncIterator[tuple[Person, Kim]]:
    server = ScriptedServer()
    await nursery.start(server.serve)
    person = Person("anna")
    await nursery.start(person.client.run)
    assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
    kim = Kim(server, person)
    await nursery.start(kim.live)
    yield person, kim
    nursery.cancel_scope.cancel()


async def begin(anna: Person, kim: Kim, local: Path) -> trio.SocketStream:
    """The line on which the file is to come, from the offset that was asked for."""
    await anna.client.download("kim", RemoteFile(PATH, len(BYTES)), local, LocalBudget())
    assert await kim.offer(5)
    line = await kim.file_line(5)
    with trio.fail_after(PATIENCE):
        assert await exactly(line, 8) == bytes(8)
    return line


async def failed(person: Person) -> str:
    def is_it(event: LegacyEvent) -> bool:
        return isinstance(event, TransferChanged) and event.news.phase is TransferPhase.FAILED

    event = await person.hears(is_it, PATIENCE)
    assert isinstance(event, TransferChanged)
    return event.news.reason


@pytest.mark.parametrize("sent", [1, 70_000, len(BYTES) - 1])
async def test_a_line_that_breaks_leaves_all_that_came(
    anna: tuple[Person, Kim], tmp_path: Path, sent: int
) -> None:
    person, kim = anna
    line = await begin(person, kim, tmp_path / "part")
    await line.send_all(BYTES[:sent])
    await line.aclose()
    assert await failed(person) == receiving.LOST
    assert await trio.Path(tmp_path / "part").read_bytes() == BYTES[:sent]


async def test_a_full_disk_is_told_and_leaves_what_was_written(
    anna: tuple[Person, Kim], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writev, room = os.writev, 100_000

    def full(handle: int, pieces: list[memoryview]) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = writev(handle, [b"".join(pieces)[:room]])
        room -= written
        return written

    monkeypatch.setattr(os, "writev", full)
    person, kim = anna
    line = await begin(person, kim, tmp_path / "part")
    await line.send_all(BYTES)
    assert await failed(person) == "Disk: No space left on device"
    assert await trio.Path(tmp_path / "part").read_bytes() == BYTES[:100_000]
    await line.aclose()


async def test_nothing_beyond_the_end_is_taken(anna: tuple[Person, Kim], tmp_path: Path) -> None:
    person, kim = anna
    line = await begin(person, kim, tmp_path / "whole")
    await line.send_all(BYTES + b"more")
    await person.hears(
        lambda event: isinstance(event, TransferChanged) and event.news.phase is TransferPhase.DONE, PATIENCE
    )
    assert await trio.Path(tmp_path / "whole").read_bytes() == BYTES
    await line.aclose()


def test_a_write_that_takes_only_some_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writev = os.writev
    monkeypatch.setattr(os, "writev", lambda handle, pieces: writev(handle, [b"".join(pieces)[:3]]))
    with (tmp_path / "file").open("wb") as file:
        receiving._append(file.fileno(), [b"ab", b"cdef", b"g", b"hijklm"])
    assert (tmp_path / "file").read_bytes() == b"abcdefghijklm"
