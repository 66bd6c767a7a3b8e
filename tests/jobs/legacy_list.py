"""The list of downloads from Soulseek users in memory, faithful to `jobs.port.LegacyList`, in virtual time."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import trio

from slskmesh.acquire.plan import Candidate
from slskmesh.errors import UserError
from slskmesh.soulseek.download_entry import LegacyDownload, key_of
from slskmesh.soulseek.release_paths import extension_of
from slskmesh.soulseek.retry import ELSEWHERE, Trouble
from slskmesh.soulseek.values import RemoteFile, TransferPhase

SIZE = 1_000_000
RATE = 100_000


def at_user(number: int, user: str = "ben", *, size: int = SIZE, **fields: Any) -> Candidate:
    """A cheap FLAC of recording `number` in a user's folder."""
    remote = f"music\\Album\\{number} song.flac"
    base = Candidate(
        key_of(user, remote, size),
        size,
        "soulseek",
        codec="FLAC",
        lossless=True,
        sample_rate=44_100,
        bit_depth=16,
        reasons=("cheap from a Soulseek user: a free slot",),
        user=user,
        remote=remote,
        cheap=True,
    )
    return msgspec.structs.replace(base, **fields)


@dataclass
class Row:
    """One download."""

    key: bytes
    user: str
    file: RemoteFile
    folder: str
    name: str
    phase: TransferPhase = TransferPhase.QUEUED
    trouble: Trouble = Trouble.NONE
    reason: str = ""
    done: int = 0
    place: int | None = None
    local: str = ""
    turned: trio.Event = field(default_factory=trio.Event)

    @property
    def called(self) -> str:
        ending = extension_of(self.file.name)
        return f"{self.name}.{ending}" if self.name else self.file.name


class FakeLegacy:
    """`users` says what becomes of a user's files:

    "sends" (one after the other, RATE bytes a second), "queue" (he lets wait), "away", "stalls" (after half of the
    first), "gone", "refuses", "full" (our disk), "says disk" (he says that it is ours). Others send.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.users: dict[str, str] = {}
        self.rows: dict[bytes, Row] = {}
        self.added: list[tuple[str, str]] = []
        self.removed: list[bytes] = []
        self.most = 100

    async def run(self) -> None:
        while True:
            busy: set[str] = set()
            for row in list(self.rows.values()):
                if row.phase not in (TransferPhase.DONE, TransferPhase.PAUSED, TransferPhase.FAILED):
                    self._step(row, busy)
            await trio.sleep(1)

    def _step(self, row: Row, busy: set[str]) -> None:
        what = self.users.get(row.user, "sends")
        row.trouble, row.reason = Trouble.NONE, ""
        if what == "away":
            row.phase, row.trouble = TransferPhase.QUEUED, Trouble.OFFLINE
        elif what == "queue" or row.user in busy:
            row.phase, row.place = TransferPhase.REQUESTED, 7
        elif what in ("sends", "stalls"):
            busy.add(row.user)
            row.phase = TransferPhase.ACTIVE
            most = row.file.size // (2 if what == "stalls" else 1)
            row.done = max(row.done, min(most, row.done + RATE))
            if row.done == row.file.size:
                self.finish(row.key)
        else:
            troubles = {"gone": Trouble.GONE, "refuses": Trouble.REFUSED}
            row.trouble = troubles.get(what, Trouble.DISK)
            row.reason = {
                "full": "disk full: free 9 MB at /music, then resume",
                "says disk": "Disk: \x1b[2Jfull",
            }.get(what, "No\x1b[2J.")
            self._turn(row, TransferPhase.FAILED)

    def finish(self, key: bytes, local: Path | None = None) -> None:
        """It is whole, be it from elsewhere."""
        row = self.rows[key]
        path = local or self.root / row.folder / row.called
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(row.user.encode() + row.file.path.encode())
        row.done, row.local = row.file.size, os.fspath(path)
        self._turn(row, TransferPhase.DONE)

    def _turn(self, row: Row, phase: TransferPhase) -> None:
        row.phase = phase
        row.turned.set()
        row.turned = trio.Event()

    # -- jobs.port.LegacyList ----------------------------------------------------------------------------------

    async def add(
        self, user: str, file: RemoteFile, folder: str = "", *, name: str = "", paused: bool = False
    ) -> bytes:
        await trio.lowlevel.checkpoint()
        key = key_of(user, file.path, file.size)
        row = self.rows.get(key)
        if row is not None and row.phase is TransferPhase.DONE and Path(row.local).exists():  # noqa: ASYNC240
            raise UserError(f"it is here already: {row.local}")
        if row is None or row.phase is TransferPhase.DONE:
            if len(self.rows) >= self.most:
                raise UserError(f"the list holds {self.most} downloads at most; remove some first")
            self.rows[key] = Row(key, user, file, folder, name)
            self.added.append((user, file.path))
        return key

    async def pause(self, key: bytes) -> None:
        await trio.lowlevel.checkpoint()
        row = self._find(key)
        if row.phase in (TransferPhase.DONE, TransferPhase.FAILED):
            raise UserError("it is not running")
        self._turn(row, TransferPhase.PAUSED)

    async def resume(self, key: bytes) -> None:
        await trio.lowlevel.checkpoint()
        row = self._find(key)
        if row.phase is TransferPhase.DONE:
            raise UserError("it is here already")
        row.trouble, row.reason = Trouble.NONE, ""
        self._turn(row, TransferPhase.QUEUED)

    async def remove(self, key: bytes) -> None:
        await trio.lowlevel.checkpoint()
        row = self._find(key)
        del self.rows[key]
        self.removed.append(key)
        row.turned.set()

    def _find(self, key: bytes) -> Row:
        if key not in self.rows:
            raise UserError("there is no such download")
        return self.rows[key]

    def state(self, key: bytes) -> LegacyDownload | None:
        row = self.rows.get(key)
        if row is None:
            return None
        active = row.phase is TransferPhase.ACTIVE
        return LegacyDownload(
            key=key, user=row.user, path=row.file.path, size=row.file.size, done=row.done, phase=row.phase,
            trouble=row.trouble, reason=row.reason, rate=float(RATE) if active else 0.0, eta=None,
            place=row.place if row.phase is TransferPhase.REQUESTED else None, next_try=None,
            elsewhere=row.trouble in ELSEWHERE, tries=0, folder=row.folder, batch="", added=0.0, finished=None,
            local=row.local, name=row.called,
        )  # fmt: skip

    async def settled(self, key: bytes) -> LegacyDownload | None:
        await trio.lowlevel.checkpoint()
        while (row := self.rows.get(key)) is not None:
            if row.phase in (TransferPhase.DONE, TransferPhase.FAILED, TransferPhase.PAUSED):
                return self.state(key)
            await row.turned.wait()
        return None

    def sends(self, user: str) -> bool:
        moving = (TransferPhase.CONNECTING, TransferPhase.ACTIVE)
        return any(row.user == user and row.phase in moving for row in self.rows.values())
