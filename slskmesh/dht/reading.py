"""Reading all that is published under a key, and mending the holders that lack some of it.

Rules:
- A read asks the k nearest, verifies each record, unions them, pages only holders whose digest differs from the
  union, and mends at most two lacking holders with at most twelve records each.
- Unless most holders agree already, nearer ones that did not answer are asked once more before the read ends, and
  with patience where datagrams are lost, unless they were silent before it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import trio

from slskmesh.dht import records_union
from slskmesh.dht.asking import Asker
from slskmesh.dht.lookup import crawl
from slskmesh.dht.node import Config, Responder
from slskmesh.dht.record import Record
from slskmesh.dht.records_union import PUBLISHERS_MAX, Holder, Union
from slskmesh.dht.table import Contact

_MEND_HOLDERS: Final = 2
_AGREEING: Final = 3


class Reader:
    """Reads by `asker`; forgeries met are counted with `responder`."""

    def __init__(self, asker: Asker, responder: Responder, config: Config) -> None:
        self._asker, self._responder, self._config = asker, responder, config
        self._wall = responder.clocks.wall

    async def fetch(self, key: bytes) -> list[Record]:
        """Every valid record that the nearest nodes hold under `key`, by publisher; withdrawn ones are left out."""
        union = Union(key, self._responder.store.records(key, self._wall()))
        try:
            nearest = await self._ask_nearest(union)
            await self._page_all(union)
        finally:
            self._responder.counts["refused"] += union.refused
        wanting = union.lacking({one.id for one in nearest}, _MEND_HOLDERS)
        await _together([partial(self._give, key, holder.contact, missing) for holder, missing in wanting])
        return [one for one in union.records(self._wall()) if one.payload]

    async def _ask_nearest(self, union: Union) -> list[Contact]:
        async def ask(contact: Contact, patient: bool = False) -> list[Contact] | None:
            answer = await self._asker.values(contact, union.key, patient=patient)
            if answer is None:
                return None
            union.answered(contact, answer, self._wall())
            return self._asker.hints(contact, answer.hints)

        shortlist = self._asker.shortlist(union.key)
        settled = partial(union.is_settled, _AGREEING)
        nearest = await crawl(shortlist, ask, self._config.alpha, self._config.slow, settled)
        silent = shortlist.silent(nearest)
        if not silent or settled():
            return nearest

        async def ask_again(contact: Contact) -> None:
            patient = self._asker.calls.lossy and contact.id not in shortlist.doubted
            if await ask(contact, patient) is not None:
                nearest.append(contact)

        await _together([partial(ask_again, contact) for contact in silent])
        return nearest

    async def _page_all(self, union: Union) -> None:
        for holder in union.differing()[:1]:  # alone: those that agree with it afterwards cost nothing
            await self._page(union, holder)
        await _together([partial(self._page, union, holder) for holder in union.differing()])

    async def _page(self, union: Union, holder: Holder) -> None:
        while union.wants_page(holder):
            answer = await self._asker.values(holder.contact, union.key, holder.last)
            if answer is None:
                union.silent(holder)
            else:
                union.paged(holder, answer, self._wall())

    async def _give(self, key: bytes, to: Contact, missing: list[Record]) -> None:
        for batch in records_union.batches(missing):
            await self._asker.store(to, key, batch)

    async def pass_on(self, contact: Contact, key: bytes) -> bool:
        """Gives `contact` what it lacks of our records under `key`; False if it did not answer."""
        own = self._responder.store.records(key, self._wall())
        answer = await self._asker.values(contact, key)
        if answer is None or not own:
            return answer is not None
        union = Union(key, own)
        union.answered(contact, answer, self._wall())
        await self._page_all(union)
        self._responder.counts["refused"] += union.refused
        for _, missing in union.lacking({contact.id}, 1, PUBLISHERS_MAX):
            await self._give(key, contact, missing)
        return True


async def _together(calls: list[Callable[[], Awaitable[None]]]) -> None:
    async with trio.open_nursery() as nursery:
        for call in calls:
            nursery.start_soon(call)
