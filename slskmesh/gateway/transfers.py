"""Transfers of programs: looked at, ordered, cancelled through the engine. One for each gateway.

Rules:
- What a program names is looked for in what its searches found, so that the network is asked by its own words and a
  peer's file by its content; then among earlier orders; a Soulseek user is asked for anything else as it is named.
- At most ORDERS_AT_ONCE orders are worked on at a time; who comes then is told when to come again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

import trio

from slskmesh.engine.legacy_views import LegacyDownloadsView, LegacyUploadsView, ModeView
from slskmesh.engine.order_commands import BatchView, Ordered, OrderFiles, OrdersView, Wanted, WatchOrders
from slskmesh.engine.views import HitView, TransfersView, UploadsView
from slskmesh.engine.visitor import Visitor
from slskmesh.gateway import orders, transfer_shapes
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.names import is_mesh_user
from slskmesh.gateway.transfer_list import DownloadRows, UploadRows
from slskmesh.gateway.transfer_shapes import Facts, Transfer
from slskmesh.text import sanitize

ORDERS_AT_ONCE: Final = 2
_RETRY: Final = 1.0  # seconds
_NAME: Final = 6_000


class Remembered(Protocol):
    """What the gateway remembers of its searches."""

    def find(self, username: str, filename: str) -> tuple[int, HitView] | None:
        """The query and the hit of a file, by the names it was shown under; None: it was not."""


class File(NamedTuple):
    """A file as a program names it."""

    name: str
    size: int


class Failure(NamedTuple):
    """A file that could not be ordered, and why."""

    file: File
    why: str


class Outcome(NamedTuple):
    """How an order went."""

    enqueued: list[Transfer]
    failed: list[Failure]


class Transfers:
    """See the head of this file."""

    def __init__(self, engine: Visitor) -> None:
        self._engine = engine
        self._downloads = DownloadRows()
        self._uploads = UploadRows()
        self._ordering = 0
        self._watching = False
        self._looking = trio.Lock()

    # -- looking -------------------------------------------------------------------------------------------------

    async def downloads(self) -> DownloadRows:
        """All downloads as they stand."""
        engine = self._engine
        if not self._watching:
            await engine.ask(WatchOrders())
            self._watching = True
        async with self._looking:
            legacy = (await engine.view(LegacyDownloadsView)).downloads
            mesh = (await engine.view(TransfersView)).transfers
            kept = await engine.view(OrdersView)
            why = waits(engine.latest(ModeView))
            for _ in self._downloads.look(legacy, mesh, kept, why, time.time()):
                await trio.lowlevel.checkpoint()
        return self._downloads

    async def uploads(self) -> UploadRows:
        """All uploads as they stand."""
        legacy = (await self._engine.view(LegacyUploadsView)).uploads
        mesh = (await self._engine.view(UploadsView)).uploads
        self._uploads.look(legacy, mesh, time.time())
        return self._uploads

    async def batches(self) -> tuple[BatchView, ...]:
        """All batches that are kept, the oldest first."""
        await self.downloads()
        return (await self._engine.view(OrdersView)).batches

    # -- ordering ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """For as long as an order is worked on. GatewayError 429: there are enough."""
        if self._ordering >= ORDERS_AT_ONCE:
            raise GatewayError(429, f"{ORDERS_AT_ONCE} orders are worked on at once; come again", _RETRY)
        self._ordering += 1
        try:
            yield
        finally:
            self._ordering -= 1

    async def order(
        self,
        searches: Remembered,
        user: str,
        files: Sequence[File],
        destination: str = "",
        batch: BatchView | None = None,
    ) -> Outcome:
        """Orders files. GatewayError 404: the server says that the user is offline. Refused: none can be ordered."""
        rows, failed = await self.downloads(), []
        wanted: list[Wanted] = []
        for file in {file.name: file for file in files}.values():
            found = wanted_of(searches, rows, user, file, destination)
            if isinstance(found, Wanted):
                wanted.append(found)
            else:
                failed.append(Failure(file, found))
        if not wanted and batch is None:
            return Outcome([], failed)
        told = await self._engine.asked(OrderFiles(user, tuple(wanted), batch), Ordered)
        if told.offline:
            raise GatewayError(404, f"{sanitize(user, 40)} is offline")
        rows, enqueued = await self.downloads(), []
        for one, transfer, why in zip(wanted, told.transfers, told.why, strict=True):
            row = rows.find(transfer[:32])
            if row is not None:
                enqueued.append(row.shape)
            else:
                failed.append(
                    Failure(File(one.file, one.size), str(why) or "it was taken off the list at once")
                )
        return Outcome(enqueued, failed)


def wanted_of(
    searches: Remembered, rows: DownloadRows, user: str, file: File, destination: str
) -> Wanted | str:
    """What is to be asked of whom; or why nobody can be asked."""
    folder = destination or orders.folder_of(file.name)
    found = searches.find(user, file.name)
    if found is not None:
        query, hit = found
        if hit.content:
            return Wanted(file.name, hit.size, folder, content=hit.content)
        if hit.size == file.size:
            return Wanted(file.name, hit.size, folder, query=query, hit=hit.key)
    if not is_mesh_user(user):
        return Wanted(file.name, file.size, folder)
    content = rows.content_of(user, file.name)
    if not content:
        return "no search of late found this file at this peer; search again"
    return Wanted(file.name, file.size, folder, content=content)


def waits(mode: ModeView | None) -> str:
    """Why Soulseek users are not asked for anything now; empty: they are."""
    if mode is None or (mode.phase == "online" and mode.legacy_sources):
        return ""
    return "; ".join(str(words) for words in (mode.what, mode.transfers) if words)


def failed_transfer(user: str, failure: Failure, now: float) -> Transfer:
    """A file that could not be ordered, as clients are told of it."""
    file = failure.file
    name, who = str(sanitize(file.name, _NAME)), str(sanitize(user))
    key = transfer_shapes.failed_key(user, file.name, file.size)
    facts = Facts(key, who, name, file.size, 0, transfer_shapes.ERRORED, now, ended=now, reason=failure.why)
    return transfer_shapes.transfer(facts, now)
