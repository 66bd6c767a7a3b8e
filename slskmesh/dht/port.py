"""The table as the rooms above see it: signed records under topics, published and read.

Rules:
- What `fetch` returns is verified, unexpired and one a publisher; it is still only what its publisher claims.
- Publishing needs no budget of a caller: it is this machine's own, bounded work. Reading costs `work.DHT_READ`.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from slskmesh.dht.record import Record
from slskmesh.work import Budget


class TableStatus(msgspec.Struct, frozen=True):
    """How this node stands. Addresses are "host:port"; counts are since the start."""

    listening: tuple[str, ...] = ()
    external: str = ""  # where others see us, by vote; empty unknown
    closed: bool = False  # nobody reaches our UDP port: we read and publish but hold nothing for others
    nodes: int = 0  # contacts in the table
    keys: int = 0  # topics held for others
    records: int = 0
    published: int = 0  # our own records in force
    refused: int = 0  # records refused because they were forged, moved, malformed or lived too long
    limited: int = 0  # datagrams over somebody's rate
    skew: float = 0.0  # seconds our clock is ahead of what peers say (median), 0 unknown
    lan: bool = False  # LAN discovery is on


class Index(Protocol):
    """The table's use."""

    async def publish(self, key: bytes, payload: bytes, ttl: float) -> int:
        """Publishes our record under `key`, again and again until `withdraw`; how many nodes hold it."""

    async def withdraw(self, key: bytes) -> int:
        """Replaces our record by an empty one; how many took it."""

    async def fetch(self, key: bytes, budget: Budget) -> list[Record]:
        """Every valid record under `key`. BudgetSpent."""

    def status(self) -> TableStatus:
        """How the node stands now."""
