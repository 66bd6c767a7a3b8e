"""The network that both tables of the DHT bench run over: how long datagrams take, what each address sent and got.

Each pair of addresses has one round trip time, drawn evenly from 20 to 200 ms. Nothing is lost here but what goes to
the dead. A task costs what went from or to the address that does it, until SETTLE seconds after its answer: hellos,
pings and copies it set off count, other nodes' housekeeping does not.
"""

from __future__ import annotations

import random
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

Address = tuple[str, int]

SETTLE = 4.0
RTT = (0.020, 0.200)
PAYLOAD = 100
KEYS = 20
WRITERS = 10
READERS = 5
DEAD = 0.4


class Sums(NamedTuple):
    """Counts of one address; hellos are among the datagrams."""

    datagrams: int
    bytes: int
    hellos: int = 0


class Links:
    """Delays and counts of one network."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._datagrams: Counter[Address] = Counter()
        self._bytes: Counter[Address] = Counter()
        self._hellos: Counter[Address] = Counter()
        self.datagrams = 0

    def delay(self, one: Address, other: Address) -> float:
        """Seconds of one way: half the pair's round trip time."""
        pair = repr((self._seed, *sorted((one, other)))).encode()
        return (RTT[0] + (RTT[1] - RTT[0]) * zlib.crc32(pair) / 2**32) / 2

    def note(self, source: Address, to: Address, size: int, hello: bool = False) -> None:
        """Counts one datagram; `hello` is one that only gets to know."""
        self.datagrams += 1
        for end in (source, to):
            self._datagrams[end] += 1
            self._bytes[end] += size
            self._hellos[end] += hello

    def of(self, address: Address) -> Sums:
        """What went from and to an address so far."""
        return Sums(self._datagrams[address], self._bytes[address], self._hellos[address])


@dataclass(slots=True)
class Costs:
    """What tasks of one kind took: virtual milliseconds, datagrams, bytes, hellos, and whether each succeeded."""

    ms: list[float] = field(default_factory=list)
    datagrams: list[int] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    hellos: list[int] = field(default_factory=list)
    good: list[float] = field(default_factory=list)

    def add(self, seconds: float, before: Sums, after: Sums, good: float) -> None:
        """Notes one task; `good` is the share of what it should have reached."""
        self.ms.append(seconds * 1000)
        self.datagrams.append(after.datagrams - before.datagrams)
        self.bytes.append(after.bytes - before.bytes)
        self.hellos.append(after.hellos - before.hellos)
        self.good.append(good)

    def extend(self, other: Costs) -> None:
        """Takes the tasks of another seed."""
        self.ms += other.ms
        self.datagrams += other.datagrams
        self.bytes += other.bytes
        self.hellos += other.hellos
        self.good += other.good


@dataclass(slots=True)
class Measured:
    """One contender's tasks on one network, by name, and counts that are no task's."""

    costs: dict[str, Costs] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def of(self, task: str) -> Costs:
        """The tasks of a name."""
        return self.costs.setdefault(task, Costs())

    def extend(self, other: Measured) -> None:
        """Takes another seed's."""
        for task, costs in other.costs.items():
            self.of(task).extend(costs)
        self.counts.update(other.counts)


def payload(rng: random.Random, writer: int) -> bytes:
    """What a writer says: PAYLOAD bytes that name it."""
    return writer.to_bytes(2, "big") + rng.randbytes(PAYLOAD - 2)
