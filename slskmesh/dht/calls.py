"""Questions to other nodes and the answers waited for: by call id and address, with tries and a time limit.

Rules: an answer counts only from the address that was asked, once, and only of the kind that was asked for; a
cancelled or late call leaves nothing behind. The `Datagrams` port is all this room knows of sockets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

import trio

from slskmesh.dht import wire
from slskmesh.dht.networks import Address
from slskmesh.errors import PeerError

_A = TypeVar("_A", wire.HelloAnswer, wire.Nodes, wire.Values, wire.Stored, wire.Probed)
WAITING_MAX: Final = 512
_LOSSY: Final = 0.05
_WEIGHT: Final = 1 / 16  # of the newest answer


class Datagrams(Protocol):
    """Sends and receives datagrams. Lost ones are normal; errors of the network are not raised."""

    def reaches(self, address: Address) -> bool:
        """Whether datagrams to an address of this family can be sent at all."""
        ...

    async def send(self, data: bytes, address: Address) -> None:
        """Hands one datagram to the network."""
        ...

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram and where it says it came from."""
        ...


@dataclass(slots=True)
class _Waiting:
    address: Address
    answered: trio.Event = field(default_factory=trio.Event)
    answer: wire.Answer | None = None


class Calls:
    """Calls under way. `entropy` gives call ids that cannot be guessed."""

    def __init__(self, port: Datagrams, entropy: Callable[[int], bytes], timeout: float, tries: int) -> None:
        self._port, self._entropy = port, entropy
        self._timeout, self._tries = timeout, tries
        self._room = trio.Semaphore(WAITING_MAX)
        self._waiting: dict[bytes, _Waiting] = {}
        self.sent = 0
        self._repeated = 0.5  # share of the answers that took more than one try; nothing is known at first

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def lossy(self) -> bool:
        """Whether answers lately took a second try more often than once in twenty."""
        return self._repeated > _LOSSY

    async def call(
        self,
        address: Address,
        body: wire.Request,
        kind: type[_A],
        *,
        tries: int | None = None,
        timeout: float | None = None,
        may: Callable[[int], bool] = lambda _: True,
    ) -> _A | None:
        """The answer of this `kind` from `address`, or None when there was none after all tries of `timeout` seconds.

        `may` is asked with the bytes of each datagram before it is sent; its no ends the call.
        """
        if not self._port.reaches(address):
            return None
        async with self._room:
            for number in range(tries or self._tries):
                call = self._entropy(wire.CALL)
                data = wire.encode(call, body)
                if not may(len(data)):
                    return None
                answer = await self._once(call, data, address, timeout or self._timeout)
                if answer is not None:
                    self._repeated += ((number > 0) - self._repeated) * _WEIGHT
                    return answer if isinstance(answer, kind) else None
        return None

    async def _once(self, call: bytes, data: bytes, address: Address, timeout: float) -> wire.Answer | None:
        waiting = self._waiting[call] = _Waiting(address)
        try:
            self.sent += 1
            await self._port.send(data, address)
            with trio.move_on_after(timeout):
                await waiting.answered.wait()
            return waiting.answer
        finally:
            del self._waiting[call]

    def take(self, data: bytes, address: Address) -> bool:
        """Gives an answer to whoever waits for it; False if `data` belongs to no call to this address."""
        waiting = self._waiting.get(data[1 : wire.HEADER])
        if waiting is None or waiting.address != address or waiting.answer is not None:
            return False
        try:
            _, body = wire.decode(data)
        except PeerError:
            return True
        if isinstance(body, wire.ANSWERS):
            waiting.answer = body
            waiting.answered.set()
        return True
