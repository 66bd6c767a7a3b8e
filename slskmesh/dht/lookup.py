"""The crawl: ask the nearest known, learn nearer ones, until the k nearest have answered.

Rules:
- No lockstep: `alpha` calls are in the air, and a slow one stops counting after `slow` seconds; the next farther node
  is asked in its stead, and if it answers after all it counts again.
- Who is `silent` already, and would be among the nearest, is asked when nobody else is left to be, and then only
  where the caller has not `enough`.
- At most two nodes of a network among the nearest; a bounded number is asked; hints never enter the table here.
- The crawl does not stop at the first value: its caller unions what all the nearest hold.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final

import trio
from kademlia.node import Node, NodeHeap

from slskmesh.dht.table import Contact, NetworkRule

ASKED_MAX: Final = 96
_KNOWN_MAX: Final = 600

Ask = Callable[[Contact], Awaitable[list[Contact] | None]]


class Shortlist(NodeHeap):  # type: ignore[misc]  # the package has no types
    """The k nearest to a target that have not failed, obeying the network rule; bounded."""

    def __init__(
        self,
        target: bytes,
        k: int,
        rule: NetworkRule,
        is_silent: Callable[[Contact], bool] = lambda _: False,
    ) -> None:
        super().__init__(Node(target), k)
        self._rule, self._is_silent = rule, is_silent
        self._last: dict[bytes, Contact] = {}  # silent before, not asked
        self.doubted: set[bytes] = set()  # silent before, asked
        self.late: set[bytes] = set()  # asked, silent so far, passed over
        self._gone: dict[bytes, Contact] = {}

    def offer(self, contacts: Iterable[Contact]) -> None:
        """Takes contacts that have not failed before."""
        for contact in contacts:
            known = contact.id in self._gone or contact.id in self.contacted
            if known or len(self.heap) + len(self._last) >= _KNOWN_MAX:
                continue
            if self._is_silent(contact):
                self._last.setdefault(contact.id, contact)
            else:
                self.push(contact)

    def fail(self, contact: Contact) -> None:
        """Drops a contact that did not answer, for good."""
        self._gone[contact.id] = contact
        self.remove([contact.id])

    def silent(self, nearest: list[Contact]) -> list[Contact]:
        """Those that did not answer and would be among the k `nearest` that did, nearest first; at most k."""
        return self._within(self._gone.values(), nearest)

    def last(self) -> list[Contact]:
        """Those silent before that would be among the k nearest that answered, nearest first; at most k."""
        return self._within(self._last.values(), [one for one in self if one.id in self.contacted])

    def begin(self, contact: Contact, late: bool) -> None:
        """Notes that `contact` is asked now; a `late` one counts only once it answers."""
        self.mark_contacted(contact)
        self._last.pop(contact.id, None)
        if late:
            self.doubted.add(contact.id)
            self.late.add(contact.id)
            self.push(contact)

    def _within(self, contacts: Iterable[Contact], nearest: list[Contact]) -> list[Contact]:
        def distance(contact: Contact) -> int:
            return int(contact.long_id ^ self.node.long_id)

        bound = distance(nearest[-1]) if len(nearest) >= self.maxsize else 2**160
        ordered = sorted((one for one in contacts if distance(one) < bound), key=distance)
        return self._rule.nearest(ordered, self.maxsize)

    def __iter__(self) -> Iterator[Contact]:
        ordered = (
            contact
            for _, contact in sorted(self.heap, key=lambda pair: pair[0])
            if contact.id not in self.late
        )
        return iter(self._rule.nearest(ordered, self.maxsize))


async def crawl(
    shortlist: Shortlist,
    ask: Ask,
    alpha: int,
    slow: float,
    enough: Callable[[], bool] = lambda: False,
) -> list[Contact]:
    """The k nearest that answered, nearest first. `ask` gives a node's hints, or None when it did not answer."""
    flying: dict[bytes, float] = {}
    changed = trio.Event()

    async def one(contact: Contact) -> None:
        hints = await ask(contact)
        shortlist.late.discard(contact.id)
        if hints is None:
            shortlist.fail(contact)
        else:
            shortlist.offer(hints)
        del flying[contact.id]
        changed.set()

    def begin(contact: Contact, late: bool) -> None:
        shortlist.begin(contact, late)
        flying[contact.id] = trio.current_time() - slow * late
        nursery.start_soon(one, contact)

    async with trio.open_nursery() as nursery:
        while True:
            now = trio.current_time()
            shortlist.late.update(node for node, at in flying.items() if at + slow <= now)
            waiting = shortlist.get_uncontacted() if len(shortlist.contacted) < ASKED_MAX else []
            ripe = [at + slow for at in flying.values() if at + slow > now]
            for contact in waiting[: max(0, alpha - len(ripe))]:
                begin(contact, late=False)
                ripe.append(now + slow)
            if not waiting and not ripe and len(shortlist.contacted) < ASKED_MAX and not enough():
                for contact in shortlist.last():
                    begin(contact, late=True)
            if not flying:
                break
            changed = trio.Event()
            with trio.move_on_at(min(ripe, default=math.inf)):
                await changed.wait()
    return [contact for contact in shortlist if contact.id in shortlist.contacted]
