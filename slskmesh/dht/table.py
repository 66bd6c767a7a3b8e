"""Routing table: the synchronous half of `kademlia` (Node, KBucket, RoutingTable), its faults overridden. Pure.

Overridden: bucket ranges (inclusive, the last id belongs somewhere), the split rule (only the bucket of our own id
splits), the k nearest (exact, not the first k met), replacements (they obey the network rule), and what a full
bucket does: the eldest is handed back to be asked, where the package starts an asyncio task.
Rule: at most 3 contacts of a network in a bucket, at most 2 in any answer or lookup.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from kademlia.node import Node
from kademlia.routing import KBucket, RoutingTable

from slskmesh.dht.networks import Address, is_local, network_of

BUCKET_NETWORK_MAX: Final = 3
NEAREST_NETWORK_MAX: Final = 2
FAILURES_MAX: Final = 2
REPLACEMENTS_WANTED: Final = 2  # of a full bucket; more are not worth a greeting


class Contact(Node):  # type: ignore[misc]  # the package has no types
    """A node with its address. `failures` counts silences in a row, `answered` is the wall time of its last answer."""

    id: bytes
    ip: str
    port: int
    long_id: int

    def __init__(self, node: bytes, address: Address) -> None:
        super().__init__(node, *address)
        self.failures = 0
        self.answered = 0.0

    @property
    def address(self) -> Address:
        """(host, port)."""
        return self.ip, self.port


class NetworkRule:
    """Counts contacts by network; local networks are exempt where `exempt_local` says so."""

    def __init__(self, exempt_local: bool) -> None:
        self._exempt_local = exempt_local

    def limits(self, host: str) -> bool:
        """Whether contacts at `host` are counted at all."""
        return not (self._exempt_local and is_local(host))

    def nearest(self, ordered: Iterable[Contact], k: int) -> list[Contact]:
        """The first `k` of `ordered` with no more than two of a network."""
        chosen: list[Contact] = []
        seen: Counter[bytes] = Counter()
        for contact in ordered:
            network = network_of(contact.ip)
            if self.limits(contact.ip) and seen[network] >= NEAREST_NETWORK_MAX:
                continue
            seen[network] += 1
            chosen.append(contact)
            if len(chosen) == k:
                break
        return chosen

    def fits(self, bucket: KBucket, contact: Contact) -> bool:
        """Whether `bucket` has fewer than three others of the contact's network."""
        network = network_of(contact.ip)
        others = [one for one in bucket.get_nodes() if one.id != contact.id]
        return (
            not self.limits(contact.ip)
            or sum(network_of(one.ip) == network for one in others) < BUCKET_NETWORK_MAX
        )


class Table(RoutingTable):  # type: ignore[misc]
    """Contacts that proved their key (admission is the caller's: `node.py`)."""

    def __init__(self, own: bytes, k: int, rule: NetworkRule) -> None:
        self.rule = rule
        self.changes = 0  # contacts come and gone, so that whoever derives from them knows when to look again
        super().__init__(None, k, Node(own))

    def flush(self) -> None:
        """Forgets every contact."""
        self.buckets = [KBucket(0, 2**160 - 1, self.ksize)]

    def get_bucket_for(self, node: Node) -> int:
        """Index of the bucket whose range holds the node's id."""
        return next(index for index, bucket in enumerate(self.buckets) if node.long_id <= bucket.range[1])

    def get(self, node: bytes) -> Contact | None:
        """The contact of this id."""
        found: Contact | None = self._bucket(Node(node)).nodes.get(node)
        return found

    def _bucket(self, node: Node) -> KBucket:
        return self.buckets[self.get_bucket_for(node)]

    def add_contact(self, contact: Contact) -> Contact | None:
        """Takes a proven contact; where its bucket is full, gives the eldest there, to be asked if it lives."""
        if contact.id == self.node.id:
            return None
        while True:
            bucket = self._bucket(contact)
            if not self.rule.fits(bucket, contact):
                return None
            before = bucket.nodes.get(contact.id)
            if bucket.add_node(contact):
                self.changes += before is None
                return None
            if not bucket.has_in_range(self.node):
                eldest: Contact = bucket.head()
                return eldest
            self.split_bucket(self.get_bucket_for(contact))

    def wants(self, node: bytes) -> bool:
        """Whether a stranger of this id is worth a greeting: its bucket has room, may split, or lacks replacements."""
        bucket = self._bucket(Node(node))
        return (
            len(bucket) < self.ksize
            or bucket.has_in_range(self.node)
            or len(bucket.replacement_nodes) < REPLACEMENTS_WANTED
        )

    def remove_contact(self, contact: Contact) -> None:
        """Forgets a contact; the newest replacement that fits the network rule takes its place."""
        bucket = self._bucket(contact)
        bucket.replacement_nodes.pop(contact.id, None)
        if bucket.nodes.pop(contact.id, None) is None:
            return
        self.changes += 1
        for node in reversed(bucket.replacement_nodes):
            if self.rule.fits(bucket, bucket.replacement_nodes[node]):
                bucket.nodes[node] = bucket.replacement_nodes.pop(node)
                return

    def heard(self, contact: Contact, answered: bool, wall: float = 0.0) -> None:
        """Notes how a call went: an answer makes the contact the youngest, two silences in a row end it."""
        known = self.get(contact.id)
        if known is None or known.address != contact.address:
            return
        known.failures = 0 if answered else known.failures + 1
        if answered:
            known.answered = wall
            self._bucket(known).nodes.move_to_end(known.id)
        elif known.failures >= FAILURES_MAX:
            self.remove_contact(known)

    def contacts(self) -> list[Contact]:
        """Every contact, in no order of importance."""
        return [contact for bucket in self.buckets for contact in bucket.get_nodes()]

    def eldest(self, place: float) -> Contact | None:
        """The contact heard from longest ago in one bucket; `place` in [0, 1) chooses among those that hold any."""
        filled = [bucket for bucket in self.buckets if bucket.nodes]
        return filled[int(place * len(filled))].head() if filled else None

    def find_neighbors(
        self,
        node: Node,
        k: int | None = None,
        exclude: bytes | None = None,
        only: Callable[[Contact], bool] = lambda _: True,
    ) -> list[Contact]:
        """The `k` contacts nearest to `node` that are wanted, nearest first, no more than two of a network."""
        ordered = heapq.nsmallest(
            (k or self.ksize) * 8,
            (contact for contact in self.contacts() if contact.id != exclude and only(contact)),
            key=lambda contact: contact.long_id ^ node.long_id,
        )
        return self.rule.nearest(ordered, k or self.ksize)
