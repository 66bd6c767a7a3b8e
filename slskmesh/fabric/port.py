"""The fabric as the rooms above see it: calling services of peers, and being one.

Rules:
- A service is one class with a `name`, a `version` and a table of methods; discovery, rates, allowlist, budget,
  deadline and streaming are the fabric's.
- Requests and replies are msgspec structs, encoded as msgpack arrays; what does not decode is INVALID_PAYLOAD.
- A handler that raises PeerError or BudgetSpent or UserError answers with a status; anything else it raises is our own
  fault and ends the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from slskmesh.identity.peerid import PeerId
from slskmesh.work import Budget, RemoteBudget

Q = TypeVar("Q", bound=msgspec.Struct)
R = TypeVar("R", bound=msgspec.Struct)


class Caller(msgspec.Struct, frozen=True):
    """Who asks: a peer proven by TLS, and what its call may cost."""

    peer: PeerId
    budget: RemoteBudget


class Method(msgspec.Struct, Generic[Q, R], frozen=True):
    """One method: what it takes, what it answers (in one or several parts), and who answers.

    `handler` answers one reply; `stream` yields any number. Exactly one of them is set. `reply` is what callers decode.
    """

    request: type[Q]
    reply: type[R]
    handler: Callable[[Caller, Q], Awaitable[R]] | None = None
    stream: Callable[[Caller, Q], AsyncIterator[R]] | None = None


class Service(Protocol):
    """What one service offers."""

    name: ClassVar[str]  # "shadow-index": lower case, digits, hyphens
    version: ClassVar[int]

    def methods(self) -> Mapping[str, Method[Any, Any]]:
        """By name, as callers write them ("QueryByMbid")."""


class Calls(Protocol):
    """Calling peers we have a session with."""

    async def call(
        self,
        peer: PeerId,
        service: str,
        method: str,
        request: msgspec.Struct,
        reply: type[R],
        budget: Budget,
        *,
        timeout: float = 10.0,
    ) -> R:
        """One reply. CallFailed, BudgetSpent; PeerError "bad-reply" (blamed) where the answer does not decode."""

    def stream(
        self,
        peer: PeerId,
        service: str,
        method: str,
        request: msgspec.Struct,
        reply: type[R],
        budget: Budget,
        *,
        timeout: float = 30.0,
    ) -> AsyncIterator[R]:
        """Parts as they come; leaving the loop early cancels the call at the peer."""
