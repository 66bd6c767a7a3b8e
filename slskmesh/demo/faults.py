"""Two ways for a demo peer to be a bad source: too slow, or lying. Never part of the product's daemon.

Rules:
- A fault changes only what a peer sends as chunk data; its key, its shares and all its words stay honest.
- The liar has the true file and flips one byte of each `lie_every`-th chunk on its way out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import trio

from slskmesh.overlay.session import PeerSession


class Faults(msgspec.Struct, frozen=True):
    """`rate` in bytes per second over all sessions, 0 unlimited; `lie_every` 0 never lies."""

    rate: int = 0
    lie_every: int = 0


class FaultySender:
    """What happens to each chunk of all sessions of a peer before it goes out."""

    def __init__(
        self,
        faults: Faults,
        clock: Callable[[], float] = trio.current_time,
        sleep_until: Callable[[float], Awaitable[None]] = trio.sleep_until,
    ) -> None:
        self._faults = faults
        self._clock = clock
        self._sleep_until = sleep_until
        self._free_at = 0.0
        self._sent = 0

    async def prepare(self, data: memoryview) -> memoryview:
        """What goes out instead of `data`, after the wait that the rate asks for."""
        if self._faults.rate:
            start = max(self._free_at, self._clock())
            self._free_at = start + len(data) / self._faults.rate
            await self._sleep_until(self._free_at)
        self._sent += 1
        if self._faults.lie_every and self._sent % self._faults.lie_every == 0:
            false = bytearray(data)
            false[len(false) // 2] ^= 0xFF
            return memoryview(false)
        return data


def faulty_session(faults: Faults) -> type[PeerSession]:
    """The engine's session class, with these faults in what it sends as chunk data."""
    sender = FaultySender(faults)

    class FaultySession(PeerSession):
        async def send_chunk(self, stream: int, chunk: int, data: memoryview) -> None:
            await super().send_chunk(stream, chunk, await sender.prepare(data))

    return FaultySession
