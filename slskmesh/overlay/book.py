"""The peer book: who we know, where they listen, when to try again. Pure; time and chance come in as arguments.

Rules:
- A peer we were invited to, or that the person chose, is dialled again by ourselves until the person says otherwise.
- A peer that found us, or that a plan found in the table, is dialled again a few times after its line broke, then left
  alone: a mesh in which everybody redials whomever it ever met would be all dials.
- Failures back off: 5 s doubling to 15 min, each 20 % earlier or later by chance, so that nobody is hammered and
  nobody is dialled by all at once.
- The book is bounded; the longest unseen peers that nobody invited go first.
"""

from __future__ import annotations

import random

import msgspec

from slskmesh.identity.peerid import PeerId

BOOK_MAX = 2000
ADDRESSES_MAX = 8
FIRST_WAIT = 5.0
LONGEST_WAIT = 900.0
FOUND_FAILS = 6  # dials of a found peer that may fail in a row: about five minutes


class Entry(msgspec.Struct):
    """One known peer. `addresses` best first; times are Unix seconds."""

    peer: PeerId
    name: str = ""
    addresses: list[str] = []
    dial: bool = False
    fails: int = 0
    next_try: float = 0.0
    last_seen: float = 0.0
    error: str = ""  # why the last try failed; not kept over a restart
    found: bool = False  # nobody asked for it by name: met by itself or through the table


class PeerBook:
    """Entries by key. `changed` and `removed` name what is to be written to disk since the last `flushed`."""

    def __init__(self, rng: random.Random, entries: list[Entry] | None = None) -> None:
        self._rng = rng
        self.entries: dict[PeerId, Entry] = {entry.peer: entry for entry in entries or []}
        self.changed: set[PeerId] = set()
        self.removed: set[PeerId] = set()

    def get(self, peer: PeerId) -> Entry:
        """The entry of a peer, made if need be."""
        entry = self.entries.get(peer)
        if entry is None:
            self._make_room()
            entry = self.entries[peer] = Entry(peer)
            self.removed.discard(peer)
        self.changed.add(peer)
        return entry

    def invited(self, peer: PeerId, addresses: tuple[str, ...] | list[str]) -> Entry:
        """We hold an invite: dial it, from its addresses first."""
        entry = self.get(peer)
        _prefer(entry, list(addresses))
        entry.dial, entry.fails, entry.next_try, entry.found = True, 0, 0.0, False
        return entry

    def keep(self, peer: PeerId) -> None:
        """The person wants this peer: it is dialled for as long as it takes."""
        self.get(peer).found = False

    def met(self, peer: PeerId, name: str, address: str | None, now: float) -> Entry:
        """A session is up; `address` is where it listens, if known."""
        new = peer not in self.entries
        entry = self.get(peer)
        entry.found = entry.found or new
        if address:
            _prefer(entry, [address])
        entry.name, entry.last_seen = name, now
        entry.dial, entry.fails, entry.error = True, 0, ""
        return entry

    def lost(self, peer: PeerId, now: float, reason: str) -> None:
        """A session ended: try again soon, but not at once, as the other side may do the same."""
        entry = self.get(peer)
        entry.last_seen, entry.error = now, reason
        entry.next_try = now + FIRST_WAIT * self._rng.uniform(0.4, 1.2)

    def failed(self, peer: PeerId, now: float, reason: str) -> float:
        """A dial failed; returns when to try again."""
        entry = self.get(peer)
        entry.error = reason
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(entry.fails, 20))
        entry.fails += 1
        entry.next_try = now + wait * self._rng.uniform(0.8, 1.2)
        if entry.found and entry.fails >= FOUND_FAILS:
            entry.dial = False
        return entry.next_try

    def leave_alone(self, peer: PeerId) -> None:
        """Not dialled any more until met or invited again."""
        self.get(peer).dial = False

    def forget(self, peer: PeerId) -> None:
        """Takes the entry out."""
        if self.entries.pop(peer, None) is not None:
            self.changed.discard(peer)
            self.removed.add(peer)

    def due(self, now: float) -> list[Entry]:
        """Entries to dial now."""
        return [e for e in self.entries.values() if e.dial and e.addresses and e.next_try <= now]

    def take_changes(self) -> tuple[list[Entry], list[PeerId]]:
        """What is to be written and removed since the last call."""
        changed = [msgspec.structs.replace(self.entries[p]) for p in self.changed if p in self.entries]
        removed = list(self.removed)
        self.changed.clear()
        self.removed.clear()
        return changed, removed

    def put_back(self, changed: list[Entry], removed: list[PeerId]) -> None:
        """What `take_changes` gave could not be written: it is to be written still."""
        self.changed.update(entry.peer for entry in changed if entry.peer in self.entries)
        self.removed.update(peer for peer in removed if peer not in self.entries)

    def _make_room(self) -> None:
        if len(self.entries) >= BOOK_MAX:
            oldest = min(self.entries.values(), key=lambda e: (e.last_seen, e.fails * -1))
            self.forget(oldest.peer)


def _prefer(entry: Entry, addresses: list[str]) -> None:
    fresh = [a for a in addresses if a]
    entry.addresses = (fresh + [a for a in entry.addresses if a not in fresh])[:ADDRESSES_MAX]
