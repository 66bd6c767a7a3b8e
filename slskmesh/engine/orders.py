"""The orders of programs: who knows which transfer under which names, kept over restarts.

Rules:
- An order is there for as long as its transfer is: what somebody else took off the list is found out by looking at a
  few orders at a time. Never more than ORDERS_MAX and BATCHES_MAX, the oldest go.
- Who watches is shown all of it whenever it changed, at once, and nobody else is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from slskmesh.engine import order_rows
from slskmesh.engine.events import Level
from slskmesh.engine.order_commands import BatchView, OrdersView, OrderView
from slskmesh.errors import StorageError

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

ORDERS_MAX: Final = 20_000
BATCHES_MAX: Final = 1_000
LEGACY_DIGITS: Final = 32  # of the key of a download from a Soulseek user; a content id has twice as many
_LOOK_EVERY: Final = 1.0  # seconds
_LOOKED_AT: Final = 100  # orders at a time


class Orders:
    """Of one engine."""

    def __init__(self, engine: Engine, kept: OrdersView) -> None:
        self._engine = engine
        self._orders = {one.transfer: one for one in kept.orders}
        self._batches = {one.batch: one for one in kept.batches}
        self._watchers: set[int] = set()
        self._any = trio.Event()

    async def run(self) -> None:
        """Lets go of orders whose transfers are gone, until cancelled."""
        place = 0
        while True:
            if not self._orders:
                self._any = trio.Event()
                await self._any.wait()
            await trio.sleep(_LOOK_EVERY)
            place = 0 if place >= len(self._orders) else place
            some = list(itertools.islice(self._orders, place, place + _LOOKED_AT))
            gone = [transfer for transfer in some if not self._is_there(transfer)]
            place += len(some) - len(gone)
            try:
                await self.drop(gone)
            except StorageError as error:
                self._engine.notice(Level.ERROR, f"orders of programs: {error}")

    def _is_there(self, transfer: str) -> bool:
        key = bytes.fromhex(transfer)
        if len(transfer) == LEGACY_DIGITS:
            return self._engine.legacy.downloads.state(key) is not None
        return self._engine.downloads.state(key) is not None

    def find(self, transfer: str) -> OrderView | None:
        """The order of a transfer; None: no program ordered it."""
        return self._orders.get(transfer)

    def has_batch(self, batch: str) -> bool:
        """Whether this name of a batch is taken."""
        return batch in self._batches

    async def put(self, orders: Sequence[OrderView], batch: BatchView | None = None) -> None:
        """Keeps these, in the place of earlier ones of the same transfers. StorageError: none of it is kept."""
        batches = [batch] if batch is not None else []
        await self._engine.store.run(order_rows.save, orders, batches)
        for one in orders:
            self._orders.pop(one.transfer, None)  # to the end: it is the newest
            self._orders[one.transfer] = one
        self._batches.update((one.batch, one) for one in batches)
        old = list(itertools.islice(self._orders, max(0, len(self._orders) - ORDERS_MAX)))
        old_batches = list(itertools.islice(self._batches, max(0, len(self._batches) - BATCHES_MAX)))
        await self._forget(old, old_batches)
        self._any.set()
        self._show()

    async def mark(self, order: OrderView, cancelled: bool) -> None:
        """Keeps an order with this mark."""
        await self.put([msgspec.structs.replace(order, cancelled=cancelled)])

    async def drop(self, transfers: Iterable[str]) -> None:
        """These transfers are gone."""
        known = [transfer for transfer in transfers if transfer in self._orders]
        if known:
            await self._forget(known, [])
            self._show()

    async def _forget(self, transfers: Sequence[str], batches: Sequence[str]) -> None:
        if transfers or batches:
            await self._engine.store.run(order_rows.delete, transfers, batches)
        for transfer in transfers:
            self._orders.pop(transfer, None)
        for batch in batches:
            self._batches.pop(batch, None)

    # -- who is shown it -----------------------------------------------------------------------------------------

    def watch(self, viewer: int, on: bool) -> None:
        """Shows a front end all of it from now on, or no longer."""
        if on:
            self._watchers.add(viewer)
            self._engine.hub.tell(viewer, self._view())
        else:
            self._watchers.discard(viewer)

    def _view(self) -> OrdersView:
        return OrdersView(tuple(self._orders.values()), tuple(self._batches.values()))

    def _show(self) -> None:
        if self._watchers:
            view = self._view()
            for viewer in self._watchers:
                self._engine.hub.tell(viewer, view)
