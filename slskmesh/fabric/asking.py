"""The caller's side: calls that are open to peers, their parts as they come, their end.

Rules:
- At most 16 calls are open to one peer; more wait their turn, inside their own deadline. 1,000 open or waiting in all.
- A call ends by its last part, a status, its deadline, the end of the session, or by being given up; the peer is told
  of the last two kinds that it can hear of (CallCancel), and parts still under way then are ignored.
- A reply to a call that was never made, or parts after the last one, break the protocol.
- Parts nobody took yet are bounded: 64 a call by the protocol, and in bytes over all calls.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final

import trio

from slskmesh.errors import PeerError
from slskmesh.fabric.line import Line
from slskmesh.fabric.rates import Bounds
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.governance.violations import Kind
from slskmesh.overlay.port import Priority
from slskmesh.text import sanitize
from slskmesh.wire import limits
from slskmesh.wire.messages import Call, CallCancel, CallReply

_GIVEN_UP_MAX: Final = 1024  # cancelled calls a session remembers
_STATUSES: Final = {int(status): status for status in Status}

Ended = Callable[["OpenCall", PeerError | None], None]


class OpenCall:
    """One call on its way. One task waits for its parts."""

    __slots__ = (
        *("_more", "deadline", "failure", "latency", "line", "number", "over"),
        *("parts", "received", "service", "since", "stream"),
    )

    def __init__(self, line: Line, number: int, service: str, stream: bool, since: float) -> None:
        self.line = line
        self.number = number
        self.service = service
        self.stream = stream
        self.since = since
        self.parts: deque[bytes] = deque()
        self.received = 0
        self.deadline = math.inf
        self.latency = 0.0  # seconds to the first part or the status
        self.over = False
        self.failure: PeerError | None = None
        self._more: trio.Event | None = None

    def wake(self) -> None:
        """Something changed."""
        if self._more is not None:
            self._more.set()

    async def wait(self) -> None:
        """Returns when there is a part or the end."""
        self._more = trio.Event()
        await self._more.wait()
        self._more = None


class Asking:
    """All calls we made. `ended` hears once of each that was answered or failed; `note` of breaches."""

    def __init__(self, bounds: Bounds, *, ended: Ended, note: Callable[[Line, Kind], None]) -> None:
        self._bounds = bounds
        self._ended = ended
        self._note = note
        self.open = 0  # made or waiting for their turn
        self.buffered = 0  # bytes of parts that nobody took yet
        self._waiting: dict[OpenCall, None] = {}
        self._alarm: trio.CancelScope | None = None  # its deadline is the earliest of those that wait

    async def watch(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Ends calls whose time is over; one task for all, since a scope for each call costs as much as the call."""
        alarm = self._alarm = trio.CancelScope()
        task_status.started()
        try:
            while True:
                with alarm:
                    await trio.sleep_forever()
                now = trio.current_time()
                for call in [one for one in self._waiting if one.deadline <= now]:
                    self.give_up(call, CallFailed(Status.TIMEOUT, "the peer did not answer in time"))
                    del self._waiting[call]
                earliest = min((call.deadline for call in self._waiting), default=math.inf)
                alarm = self._alarm = trio.CancelScope(deadline=earliest)
        finally:
            self._alarm = None
            for call in list(self._waiting):
                self.give_up(call, CallFailed(Status.UNAVAILABLE, "this side is stopping"))

    async def begin(
        self, line: Line, service: str, method: str, payload: bytes, deadline: float, *, stream: bool
    ) -> OpenCall:
        """Sends the call when its turn comes. CallFailed."""
        if len(payload) > limits.CALL_MAX:
            raise CallFailed(Status.PAYLOAD_TOO_LARGE, f"the request has {len(payload)} bytes")
        if self.open >= self._bounds.asking:
            raise CallFailed(Status.UNAVAILABLE, "too many calls are open on this side")
        self.open += 1
        try:
            line.turns.acquire_nowait()
        except trio.WouldBlock:
            await self._turn(line, deadline)
        now = trio.current_time()
        call = OpenCall(line, line.number(), service, stream, now)
        line.asked[call.number] = call
        left = min(max(1.0, (deadline - now) * 1000), limits.DEADLINE_MAX)
        line.session.send(Call(call.number, service, method, int(left), payload), Priority.NORMAL)
        return call

    async def _turn(self, line: Line, deadline: float) -> None:
        """Waits for a place among the calls open to the peer."""
        failure = CallFailed(Status.TIMEOUT, "other calls to this peer took all the time")
        taken = False
        try:
            with trio.CancelScope(deadline=deadline):
                await line.turns.acquire()
                taken = True
                failure = CallFailed(Status.UNAVAILABLE, "the peer is gone")
        finally:
            if not taken or line.gone:
                self.open -= 1
        if not taken or line.gone:
            if taken:
                line.turns.release()
            raise failure

    async def part(self, call: OpenCall, deadline: float) -> bytes | None:
        """The next part, None after the last. CallFailed, PeerError; if cancelled, so is the call."""
        try:
            while not call.parts:
                if call.failure is not None:
                    raise call.failure
                if call.over:
                    return None
                await self._wait(call, deadline)
        except trio.Cancelled:
            self.give_up(call)
            raise
        part = call.parts.popleft()
        self.buffered -= len(part)
        return part

    async def _wait(self, call: OpenCall, deadline: float) -> None:
        if self._alarm is None:
            self.give_up(call, CallFailed(Status.UNAVAILABLE, "calls are not running on this side"))
            return
        call.deadline = deadline
        self._waiting[call] = None
        if deadline < self._alarm.deadline:
            self._alarm.deadline = deadline
        try:
            await call.wait()
        finally:
            self._waiting.pop(call, None)

    def give_up(self, call: OpenCall, failure: PeerError | None = None) -> None:
        """Ends a call from this side and tells the peer; nothing if it is over."""
        self._drop_parts(call)
        if call.over:
            return
        line = call.line
        line.session.send(CallCancel(call.number), Priority.NORMAL)
        line.given_up[call.number] = limits.REPLY_PARTS_MAX + 1 - call.received
        if len(line.given_up) > _GIVEN_UP_MAX:
            del line.given_up[next(iter(line.given_up))]
        self._end(call, failure, told=failure is not None)

    def replied(self, line: Line, message: CallReply) -> None:
        """A part came. PeerError where nobody asked for it."""
        call = line.asked.get(message.call)
        if call is None:
            self._late(line, message)
            return
        if not call.latency:
            call.latency = trio.current_time() - call.since
        if message.status:
            status = _STATUSES.get(message.status, Status.UNKNOWN)
            words = sanitize(message.error, limits.REASON_MAX)
            self._end(call, CallFailed(status, words or f"the peer answered {status.name.lower()}"))
        elif not call.stream:
            self._single(call, message)
        else:
            self._streamed(call, message)

    def _single(self, call: OpenCall, message: CallReply) -> None:
        if message.more:
            self.give_up(call, PeerError("bad-reply", "the peer streams where one answer was asked for"))
            return
        call.parts.append(message.payload)
        self.buffered += len(message.payload)
        self._end(call, None)

    def _streamed(self, call: OpenCall, message: CallReply) -> None:
        if message.payload:
            call.received += 1
            if call.received > limits.REPLY_PARTS_MAX:
                self._breach(call.line, f"more than {limits.REPLY_PARTS_MAX} parts of one answer")
            call.parts.append(message.payload)
            self.buffered += len(message.payload)
        elif message.more:
            self._breach(call.line, "an empty part of an answer")
        if not message.more:
            self._end(call, None)
        elif self.buffered > self._bounds.buffered:
            self.give_up(
                call, CallFailed(Status.UNAVAILABLE, "too many answers wait to be read on this side")
            )
        else:
            call.wake()

    def _late(self, line: Line, message: CallReply) -> None:
        left = line.given_up.get(message.call)
        if not left:
            self._breach(line, "an answer to a call that was not made")
        elif message.status or not message.more:
            del line.given_up[message.call]
        else:
            line.given_up[message.call] = left - 1

    def _breach(self, line: Line, words: str) -> None:
        self._note(line, "unasked")
        raise PeerError("unasked-reply", words)

    def closed(self, line: Line) -> None:
        """The session is over, and all calls to it."""
        line.gone = True
        for call in list(line.asked.values()):
            self._end(call, CallFailed(Status.UNAVAILABLE, "the peer went away during the call"))

    def _end(self, call: OpenCall, failure: PeerError | None, *, told: bool = True) -> None:
        call.over = True
        call.failure = failure
        del call.line.asked[call.number]
        call.line.turns.release()
        self.open -= 1
        if told:
            self._ended(call, failure)
        call.wake()

    def _drop_parts(self, call: OpenCall) -> None:
        self.buffered -= sum(map(len, call.parts))
        call.parts.clear()
