"""A network for tests of legacy downloads: users with files, behind the calls of port.Client, sending what a test lets
them send. It keeps the adapter's promises: keys that grow, one transfer a user and path, partial files gone on with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import trio

from slskmesh.errors import PeerError
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.values import (
    LegacyEvent,
    Listing,
    Outcome,
    RemoteFile,
    ServerChanged,
    TransferChanged,
    TransferNews,
    TransferPhase,
    UserChanged,
    UserState,
)
from slskmesh.work import LocalBudget


@dataclass
class Transfer:
    key: int
    user: str
    path: str
    size: int
    local: Path
    phase: TransferPhase = TransferPhase.QUEUED


def length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@dataclass
class Network:
    """The client of one person, and everybody else."""

    online: bool = True
    data: dict[tuple[str, str], bytes] = field(default_factory=dict)
    transfers: dict[int, Transfer] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    watched: set[str] = field(default_factory=set)
    places: list[int] = field(default_factory=list)
    listing: Listing | None = None
    asked_at: list[float] = field(default_factory=list)
    last: int = 0
    hear: Callable[[LegacyEvent], None] = lambda event: None

    # -- port.Client -------------------------------------------------------------------------------------------

    async def download(self, user: str, file: RemoteFile, local: Path, budget: LocalBudget) -> int:
        if not self.online:
            raise Offline("there is no session")
        for transfer in self.transfers.values():
            if (transfer.user, transfer.path) == (user, file.path):
                return transfer.key
        self.last += 1
        transfer = Transfer(self.last, user, file.path, file.size, local)
        self.transfers[self.last] = transfer
        self.asked.append((user, file.path))
        self.asked_at.append(trio.current_time())
        assert length(local) < file.size, "a whole file must not be asked for"
        self._tell(transfer, TransferPhase.REQUESTED)
        return self.last

    async def abort(self, key: int) -> None:
        if (transfer := self.transfers.pop(key, None)) is not None:
            self._tell(transfer, TransferPhase.PAUSED)
            self._tell(transfer, TransferPhase.ABORTED)

    async def pause(self, key: int) -> None:
        self._tell(self.transfers[key], TransferPhase.PAUSED)

    async def place(self, key: int, budget: LocalBudget) -> int | None:
        self.places.append(key)
        return 7

    async def watch(self, user: str, on: bool) -> None:
        (self.watched.add if on else self.watched.discard)(user)

    async def folder(self, user: str, folder: str, budget: LocalBudget) -> Listing:
        if self.listing is None:
            raise PeerError("unreachable", "the folder: the user cannot be reached", blame=False)
        return self.listing

    # -- what others do ----------------------------------------------------------------------------------------

    def of(self, user: str, path: str) -> Transfer:
        """The transfer under way for a file."""
        [found] = [one for one in self.transfers.values() if (one.user, one.path) == (user, path)]
        return found

    def send(self, user: str, path: str, upto: int | None = None) -> None:
        """He sends the file up to a byte, all of it by default."""
        transfer, data = self.of(user, path), self.data[user, path]
        transfer.local.parent.mkdir(parents=True, exist_ok=True)
        there = length(transfer.local)
        self._tell(transfer, TransferPhase.CONNECTING)
        self._tell(transfer, TransferPhase.ACTIVE)
        with open(transfer.local, "ab") as file:
            file.write(data[there:upto])
        if upto is None:
            del self.transfers[transfer.key]
            self._tell(transfer, TransferPhase.DONE)
        else:
            self._tell(transfer, TransferPhase.ACTIVE)

    def fail(self, user: str, path: str, reason: str) -> None:
        """It ends with these words."""
        transfer = self.of(user, path)
        del self.transfers[transfer.key]
        self._tell(transfer, TransferPhase.FAILED, reason)

    def server(self, outcome: Outcome) -> None:
        """The line to the server."""
        self.online = outcome is Outcome.ONLINE
        self.hear(ServerChanged(outcome))

    def user(self, user: str, state: UserState) -> None:
        """The server says where somebody is."""
        self.hear(UserChanged(user, state))

    def _tell(self, transfer: Transfer, phase: TransferPhase, reason: str = "") -> None:
        transfer.phase = phase
        done = length(transfer.local)
        news = TransferNews(
            transfer.key, transfer.user, transfer.path, False, phase, transfer.size, done,
            reason=reason, local=str(transfer.local),
        )  # fmt: skip
        self.hear(TransferChanged(news))
