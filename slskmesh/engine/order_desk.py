"""The desk for orders of programs. Rules as in `engine/desk.py`.

- Ordering again what is on its way changes nothing; what failed, was paused or cancelled goes on.
- What is cancelled is stopped and stays in the list with what came of it. A rescue is given up first: else its peers
  would go on, and wake the transfer again.
- Of a rescued transfer both halves leave the list together, unless a program ordered the peers' half by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence, Set
from typing import TYPE_CHECKING, Any, Final

import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine import order_commands as order
from slskmesh.engine.hub import viewer_of
from slskmesh.engine.legacy_desk import Went, check_configured, content_in, count_of, get_file, key_in
from slskmesh.engine.legacy_snapshots import shown
from slskmesh.engine.orders import LEGACY_DIGITS, Orders
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.soulseek.results import Source
from slskmesh.soulseek.values import RemoteFile, TransferPhase, UserState
from slskmesh.swarm.state import Phase
from slskmesh.text import sanitize
from slskmesh.wire.limits import FILE_MAX

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

FILES_MAX: Final = 5_000  # in one order
_NAME_MAX: Final = 6_000  # characters of a remote path; the network's own bound is shorter
_STATE_SECONDS: Final = 4.0  # for the server to say whether a user is there
_YIELD_SECONDS: Final = 20.0  # for a rescue to be given up
_AT_ONCE: Final = 50

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class OrderDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[cmd.Command], Handler] = {
            order.WatchOrders: self._watch,
            order.OrderFiles: self._order,
            order.CancelOrder: self._cancel,
            order.RemoveOrders: self._remove,
        }

    @property
    def _orders(self) -> Orders:
        return self._engine.orders

    async def _watch(self, request: int, command: order.WatchOrders) -> str:
        self._orders.watch(viewer_of(request), True)
        return ""

    # -- ordering ------------------------------------------------------------------------------------------------

    async def _order(self, request: int, command: order.OrderFiles) -> str:
        check_configured(self._engine)
        self._check(command)
        if await self._is_away(request, command):
            self._engine.hub.put_event(order.Ordered(request, offline=True))
            return f"{shown(command.user)} is offline"
        transfers, why, lively = [], [], set()
        for wanted in command.files:
            try:
                goes = self._goes(command.user, wanted)
                transfers.append(await self._one(command.user, wanted))
                why.append(sanitize(""))
                lively |= {transfers[-1]} if goes else set()
            except SlskmeshError as error:
                transfers.append("")
                why.append(sanitize(str(error), 400))
        await self._orders.put(self._made(command, transfers, lively), command.batch)
        self._engine.hub.put_event(order.Ordered(request, tuple(transfers), tuple(why)))
        done = sum(map(bool, transfers))
        return f"{count_of(done, 'file')} ordered, {len(transfers) - done} not"

    def _goes(self, user: str, wanted: order.Wanted) -> bool:
        """Whether a file is on its way, or here."""
        if wanted.content:
            there = self._engine.downloads.state(content_in(wanted.content))
            return there is not None and there.phase not in (Phase.PAUSED, Phase.FAILED)
        legacy, key = self._engine.legacy, self._known(self._source(user, wanted))
        state = legacy.downloads.state(key) if key is not None else None
        if key is None or state is None:
            return False
        stopped = state.phase in (TransferPhase.PAUSED, TransferPhase.FAILED)
        return not stopped or legacy.rescue.content_of(key) is not None

    def _made(
        self, command: order.OrderFiles, transfers: Sequence[str], lively: Set[str]
    ) -> list[order.OrderView]:
        """Orders of what could be had; one of a file that was `lively` already keeps its time."""
        user, batch = sanitize(command.user), command.batch.batch if command.batch else ""
        made = {}
        for transfer, wanted in zip(transfers, command.files, strict=True):
            if transfer:
                known = self._orders.find(transfer)
                at = known.at if known is not None and transfer in lively else self._engine.clock()
                name = sanitize(wanted.file, _NAME_MAX)
                of = batch or (known.batch if known is not None else "")
                made[transfer] = order.OrderView(transfer, user, name, wanted.size, of, at)
        return list(made.values())

    def _check(self, command: order.OrderFiles) -> None:
        least = 0 if command.batch is not None else 1  # of a batch nothing may be left
        if not least <= len(command.files) <= FILES_MAX:
            raise UserError(
                f"from 1 to {FILES_MAX:,} files are taken by one order, not {len(command.files):,}"
            )
        if command.batch is not None and self._orders.has_batch(command.batch.batch):
            raise UserError("there is a batch of this name already")
        for wanted in command.files:
            for word in (wanted.file, wanted.folder):
                if not _is_text(word) or len(word) > _NAME_MAX:
                    raise UserError("a file's name is too long, or no text")
            if not 0 <= wanted.size <= FILE_MAX:
                raise UserError(f"a file has from 0 to {FILE_MAX} bytes, not {wanted.size}")

    async def _is_away(self, request: int, command: order.OrderFiles) -> bool:
        """Whether the server says that a Soulseek user is not there, and something new is wanted of him."""
        legacy = self._engine.legacy
        sources = [self._source(command.user, one) for one in command.files if not one.content]
        if not sources or not legacy.client.online or all(self._known(one) is not None for one in sources):
            return False
        user, watches = sources[0].user, legacy.social.watches
        whose = f"order {request}"  # several may ask for one user at once
        try:
            await watches.on(user, whose)
        except SlskmeshError:
            return False  # too many are watched, or the session has just ended
        try:
            with trio.move_on_after(_STATE_SECONDS):
                state, _ = await watches.told(user)
                return state in (UserState.OFFLINE, UserState.UNKNOWN) and legacy.client.online
        finally:
            with trio.CancelScope(shield=True):
                await watches.off(user, whose)
        return False

    async def _one(self, user: str, wanted: order.Wanted) -> str:
        """Has one file fetched; its transfer. SlskmeshError: it cannot be."""
        if wanted.content:
            return await self._of_peers(wanted)
        source = self._source(user, wanted)
        went = Went()
        try:
            key = await get_file(self._engine, source, wanted.folder, False, went)
        except UserError:
            if (known := self._known(source)) is None:
                raise
            key = known
        downloads = self._engine.legacy.downloads
        if downloads.state(key) is None and (known := self._known(source)) is not None:
            key = known  # it came into the list by another name, from another user
        state = downloads.state(key)
        rests = self._engine.legacy.rescue.content_of(key) is not None  # while peers bring it
        if state is not None and state.phase is TransferPhase.PAUSED and not rests:
            await downloads.resume(key)
        return key.hex()

    def _source(self, user: str, wanted: order.Wanted) -> Source:
        """Whom to ask for what, in the network's own words as far as they are known."""
        legacy = self._engine.legacy
        if (source := legacy.queries.source(wanted.query, wanted.hit)) is not None:
            return source
        raw_user, raw_path = legacy.told_names.raw(user, wanted.file)
        return Source(raw_user, RemoteFile(raw_path, wanted.size), False, 0, 0)

    def _known(self, source: Source) -> bytes | None:
        """The key of the download of this very file, if it is in the list."""
        return self._engine.legacy.downloads.key_of_source(source.user, source.file)

    async def _of_peers(self, wanted: order.Wanted) -> str:
        downloads, content = self._engine.downloads, content_in(wanted.content)
        known = downloads.state(content)
        name = wanted.file.replace("/", "\\").rpartition("\\")[2]
        try:
            await downloads.add(content, wanted.size, name, wanted.folder)
        except UserError:
            if known is None:
                raise
        return content.hex()

    # -- cancelling and removing ---------------------------------------------------------------------------------

    async def _cancel(self, request: int, command: order.CancelOrder) -> str:
        transfer = _transfer(command.transfer)
        if len(transfer) == LEGACY_DIGITS:
            stopped = await self._stop(bytes.fromhex(transfer))
        else:
            stopped = await self._stop_content(bytes.fromhex(transfer))
        if not stopped:
            return "it is over already"
        made = order.OrderView(
            transfer,
            sanitize(command.user),
            sanitize(command.file, _NAME_MAX),
            command.size,
            "",
            self._engine.clock(),
        )
        await self._orders.mark(self._orders.find(transfer) or made, True)
        return "cancelled"

    async def _stop(self, key: bytes) -> bool:
        """False: there is nothing to stop."""
        legacy = self._engine.legacy
        await self._give_up_rescue(key)
        state = legacy.downloads.state(key)
        if state is None:
            raise UserError("there is no such download")
        if state.phase in (TransferPhase.DONE, TransferPhase.FAILED):
            return False
        await legacy.downloads.pause(key)
        return True

    async def _give_up_rescue(self, key: bytes) -> None:
        rescue = self._engine.legacy.rescue
        content = rescue.content_of(key)
        if content is None or self._orders.find(content.hex()) is not None:
            return
        await self._remove_content(content)
        with trio.move_on_after(_YIELD_SECONDS):
            await rescue.given_up(key)

    async def _stop_content(self, content: bytes) -> bool:
        downloads = self._engine.downloads
        state = downloads.state(content)
        if state is None:
            raise UserError("there is no such download")
        if state.phase in (Phase.DONE, Phase.FAILED):
            return False
        await downloads.pause(content)
        return True

    async def _remove(self, request: int, command: order.RemoveOrders) -> str:
        transfers = [_transfer(one) for one in dict.fromkeys(command.transfers)]
        twins = self._twins(transfers)
        limit, went = trio.CapacityLimiter(_AT_ONCE), Went()

        async def one(transfer: str) -> None:
            async with limit:
                try:
                    await self._remove_one(transfer, twins.get(transfer))
                    went.done += 1
                except SlskmeshError as error:
                    went.fail(str(error))

        async with trio.open_nursery() as nursery:
            for transfer in transfers:
                nursery.start_soon(one, transfer)
        await self._orders.drop(transfers)
        return went.words("removed", "transfer")

    async def _remove_one(self, transfer: str, twin: bytes | None) -> None:
        if len(transfer) != LEGACY_DIGITS:
            await self._engine.downloads.remove(bytes.fromhex(transfer))
            return
        key = bytes.fromhex(transfer)
        await self._give_up_rescue(key)
        await self._engine.legacy.downloads.remove(key)
        if twin is not None:
            await self._remove_content(twin)

    def _twins(self, transfers: Sequence[str]) -> dict[str, bytes]:
        """Contents by which peers finished some of these downloads from Soulseek users."""
        legacy = self._engine.legacy.downloads
        paths = {
            state.local: transfer
            for transfer in transfers
            if len(transfer) == LEGACY_DIGITS
            and (state := legacy.state(bytes.fromhex(transfer))) is not None
            and state.phase is TransferPhase.DONE
        }
        return {
            paths[state.path]: state.content
            for state in (self._engine.downloads.views() if paths else ())
            if state.path and state.path in paths and self._orders.find(state.content.hex()) is None
        }

    async def _remove_content(self, content: bytes) -> None:
        if self._engine.downloads.state(content) is not None:
            await self._engine.downloads.remove(content)


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _transfer(text: str) -> str:
    """The name of a transfer. UserError: it is none."""
    return (content_in(text) if len(text) > LEGACY_DIGITS else key_in(text)).hex()
