"""A file of ours on its way out: what was announced and no more, and no file left open by who is cancelled."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest
import trio

from slskmesh.soulseek import sending
from slskmesh.soulseek.values import LegacyEvent, Outcome, RemoteFile, TransferChanged, TransferPhase
from slskmesh.work import LocalBudget

from .scripted import Person, ScriptedServer

PATH = "music\\song.mp3"
BYTES = os.urandom(400_000)
PATIENCE = 60


def upload(phase: TransferPhase) -> object:
    def is_it(event: LegacyEvent) -> bool:
        return isinstance(event, TransferChanged) and event.news.upload and event.news.phase is phase

    return is_it


def download(phase: TransferPhase) -> object:
    def is_it(event: LegacyEvent) -> bool:
        return isinstance(event, TransferChanged) and not event.news.upload and event.news.phase is phase

    return is_it


@pytest.mark.parametrize("change", ["grows", "shrinks", "goes", "stays"])
async def test_a_file_that_changes_before_its_turn(
    nursery: trio.Nursery, tmp_path: Path, change: str
) -> None:
    server = ScriptedServer()
    await nursery.start(server.serve)
    shared, local = trio.Path(tmp_path / "shared"), tmp_path / "local"
    await shared.write_bytes(BYTES)
    anna, ben = Person("anna"), Person("ben", {PATH: Path(shared)})
    for person in (anna, ben):
        await nursery.start(person.client.run)
        assert await person.client.connect(person.line(server.port)) is Outcome.ONLINE
    ben.rule.open = 0
    await anna.client.download("ben", RemoteFile(PATH, len(BYTES)), local, LocalBudget())
    await ben.hears(upload(TransferPhase.QUEUED), PATIENCE)
    if change == "grows":
        await shared.write_bytes(BYTES + b"more")
    elif change == "shrinks":
        await shared.write_bytes(BYTES[:300_000])
    elif change == "goes":
        await shared.unlink()
    ben.rule.open = 1
    calls = ben.client._calls
    assert calls is not None and calls._aio is not None and ben.client._thread is not None
    ben.client._thread.post(calls._aio.transfers._again, 1)
    if change in ("grows", "stays"):
        await anna.hears(download(TransferPhase.DONE), PATIENCE)
        await ben.hears(upload(TransferPhase.DONE), PATIENCE)
        assert await trio.Path(local).read_bytes() == BYTES
    else:
        await ben.hears(upload(TransferPhase.FAILED), PATIENCE)
        await anna.hears(download(TransferPhase.FAILED), PATIENCE)
        assert await trio.Path(local).read_bytes() == (BYTES[:300_000] if change == "shrinks" else b"")
    nursery.cancel_scope.cancel()


def test_a_file_that_is_opened_for_who_is_cancelled_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    begun, go_on, opened = threading.Event(), threading.Event(), list[int]()
    real = os.open

    def slow(*args: object) -> int:
        begun.set()
        go_on.wait(PATIENCE)
        opened.append(real(*args))  # type: ignore[arg-type]
        return opened[0]

    async def main() -> None:
        monkeypatch.setattr(os, "open", slow)
        task = asyncio.create_task(sending._open(path))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        monkeypatch.undo()

    asyncio.run(main())
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])
