"""The fabric's shell: calls to peers and from them, over the sessions that are open.

Rules:
- It never dials: a call goes to a peer we have a session with, or fails as UNAVAILABLE (`directory.py` reaches more).
- Every call spends a work unit of its budget before it works.
- Breaches are noted by key and address (`governance/violations.py`); the one that makes a ban ends the session, and a
  session with somebody banned is closed as it opens.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Collection
from typing import TypeVar

import msgspec
import trio

from slskmesh.errors import PeerError
from slskmesh.fabric.answering import Answering
from slskmesh.fabric.asking import Asking, OpenCall
from slskmesh.fabric.line import Line
from slskmesh.fabric.parts import Parts
from slskmesh.fabric.payload import decode, encode
from slskmesh.fabric.port import Service
from slskmesh.fabric.rates import Bounds
from slskmesh.fabric.scores import PEERS_FAULT, Scores
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.governance.violations import Kind, Violations
from slskmesh.identity.peerid import PeerId, peer_short
from slskmesh.overlay.port import Router, Session
from slskmesh.wire.messages import Call, CallCancel, CallReply
from slskmesh.work import MESH_CALL, Budget

R = TypeVar("R", bound=msgspec.Struct)


class Fabric:
    """Both ends of calls for one node; see `fabric/port.py` for `Calls`, which it is."""

    def __init__(
        self,
        router: Router,
        *,
        allow: Callable[[], Collection[str]],
        violations: Violations,
        clock: Callable[[], float] = trio.current_time,
        rng: random.Random | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        self._violations = violations
        self._lines: dict[PeerId, Line] = {}
        self._asking = Asking(self._bounds, ended=self._ended, note=self._note)
        self._answering = Answering(self._bounds, allow=allow, note=self._note, clock=clock)
        self.scores = Scores(rng or random.Random())
        router.on(Call, self._called)
        router.on(CallReply, self._replied)
        router.on(CallCancel, self._cancelled)
        router.on_open(self._opened)
        router.on_close(self._closed)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Answers calls, and watches the time of ours, until cancelled. Nothing can be called before it."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._asking.watch)
            await self._answering.run(task_status)

    # -- being a service -------------------------------------------------------------------------------------------

    def offer(self, service: Service) -> None:
        """Adds a service; peers may call it while its name is on the allowlist. ValueError: it is not well formed."""
        self._answering.offer(service)

    def offered(self) -> dict[str, Service]:
        """Every service of this node, exposed or not, by name: their methods are known here."""
        return self._answering.offered()

    def exposed(self) -> tuple[Service, ...]:
        """What peers may call now."""
        return self._answering.exposed()

    @property
    def answered(self) -> int:
        """Calls of peers answered well since the start."""
        return self._answering.answered

    # -- calling ---------------------------------------------------------------------------------------------------

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
        budget.spend(MESH_CALL)
        deadline = trio.current_time() + timeout
        line = self._line(peer)
        call = await self._asking.begin(line, service, method, encode(request), deadline, stream=False)
        payload = await self._asking.part(call, deadline)
        return self._read(line, payload or b"", reply)

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
        """Parts as they come; leaving the loop early, or `aclose`, cancels the call at the peer.

        The time runs from the first part that is asked for to the last. Errors as those of `call`.
        """
        budget.spend(MESH_CALL)
        payload = encode(request)

        async def begin() -> tuple[OpenCall, float]:
            deadline = trio.current_time() + timeout
            line = self._line(peer)
            call = await self._asking.begin(line, service, method, payload, deadline, stream=True)
            return call, deadline

        return Parts(self._asking, begin, lambda line, data: self._read(line, data, reply))

    def _line(self, peer: PeerId) -> Line:
        line = self._lines.get(peer)
        if line is None:
            raise CallFailed(Status.UNAVAILABLE, f"no session with {peer_short(peer)}")
        return line

    def _read(self, line: Line, payload: bytes, reply: type[R]) -> R:
        try:
            return decode(payload, reply)
        except PeerError as error:
            try:
                self._note(line, "bad-payload")
            except PeerError as ban:
                line.session.close(ban.code, str(ban))
            raise PeerError("bad-reply", f"the peer's answer cannot be read: {error}") from error

    def _ended(self, call: OpenCall, failure: PeerError | None) -> None:
        if failure is None:
            self.scores.worked(call.line.peer, call.service, call.latency)
        elif not isinstance(failure, CallFailed) or failure.status in PEERS_FAULT:
            self.scores.failed(call.line.peer, call.service)

    # -- what arrives ----------------------------------------------------------------------------------------------

    def _opened(self, session: Session) -> None:
        self._lines[session.peer] = Line(session, self._bounds.open_peer)
        if self._violations.is_banned(session.peer, session.address):
            session.close("banned", "banned for a while for breaking the rules of calls")

    def _closed(self, session: Session, reason: str) -> None:
        line = self._lines.get(session.peer)
        if line is not None and line.session is session:
            del self._lines[session.peer]
            self._asking.closed(line)
            self._answering.closed(line)

    def _called(self, session: Session, message: Call) -> None:
        self._answering.called(self._lines[session.peer], message)

    def _replied(self, session: Session, message: CallReply) -> None:
        self._asking.replied(self._lines[session.peer], message)

    def _cancelled(self, session: Session, message: CallCancel) -> None:
        self._answering.cancelled(self._lines[session.peer], message.call)

    def _note(self, line: Line, kind: Kind) -> None:
        """PeerError "banned" where this was one breach too many."""
        if self._violations.note(line.peer, line.session.address, kind):
            raise PeerError("banned", "broke the rules of calls too often", blame=False)
