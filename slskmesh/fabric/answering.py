"""The callee's side: which calls are let in, answering them, and their end.

Rules:
- A service that is not on the allowlist answers exactly as one that does not exist.
- Checked in this order, before any work: the id is free, rates (`rates.py`), service, method, payload.
- The deadline of the call ends its handler here too; so do CallCancel and the end of the session, without an answer.
- A handler answers with a status by raising CallFailed; other PeerErrors, UserError, StorageError and BudgetSpent
  become one. Words that may hold paths or others' addresses do not leave. Whatever else it raises is our own fault.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any, Final

import msgspec
import trio

from slskmesh.errors import PeerError, StorageError, UserError
from slskmesh.fabric.line import Line
from slskmesh.fabric.payload import decode, encode
from slskmesh.fabric.port import Caller, Method, Service
from slskmesh.fabric.rates import Bounds, CallRates
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.fabric.workers import Workers
from slskmesh.governance.violations import Kind
from slskmesh.text import sanitize
from slskmesh.wire import limits
from slskmesh.wire.messages import Call, CallReply
from slskmesh.work import BudgetSpent

SERVICE_NAME: Final = re.compile(rf"[a-z][a-z0-9-]{{0,{limits.SERVICE_NAME_MAX - 1}}}")
METHOD_NAME: Final = re.compile(rf"[A-Za-z][A-Za-z0-9]{{0,{limits.METHOD_NAME_MAX - 1}}}")
_NO_SERVICE: Final = "no such service"


class Answer:
    """One call to be answered; `dropped` when nobody waits for it any more. `scope` is there while it is worked on."""

    __slots__ = ("deadline", "dropped", "line", "method", "number", "request", "scope")

    def __init__(
        self, line: Line, number: int, method: Method[Any, Any], request: msgspec.Struct, deadline: float
    ) -> None:
        self.line = line
        self.number = number
        self.method = method
        self.request = request
        self.deadline = deadline
        self.scope: trio.CancelScope | None = None
        self.dropped = False

    def drop(self) -> None:
        """Stops the handler; nothing is answered."""
        self.dropped = True
        if self.scope is not None:
            self.scope.cancel()


class Answering:
    """All calls of peers."""

    def __init__(
        self,
        bounds: Bounds,
        *,
        allow: Callable[[], Collection[str]],
        note: Callable[[Line, Kind], None],
        clock: Callable[[], float],
    ) -> None:
        self._allow = allow
        self._note = note
        self._clock = clock
        self._services: dict[str, Service] = {}
        self._methods: dict[str, dict[str, Method[Any, Any]]] = {}
        self._workers: Workers[Answer] | None = None
        self.rates = CallRates(bounds, clock)
        self.answered = 0  # calls answered with OK since the start

    def offer(self, service: Service) -> None:
        """Adds a service; it is exposed while its name is on the allowlist. ValueError: it is not well formed."""
        methods = dict(service.methods())
        if not SERVICE_NAME.fullmatch(service.name) or service.name in self._services:
            raise ValueError(f"{service.name!r} is no name for a service, or is taken")
        for name, method in methods.items():
            if not METHOD_NAME.fullmatch(name) or (method.handler is None) == (method.stream is None):
                raise ValueError(f"{service.name}.{name} is not named or answered as a method is")
        self._services[service.name] = service
        self._methods[service.name] = methods

    def offered(self) -> dict[str, Service]:
        """Every service there is, exposed or not, by name."""
        return dict(self._services)

    def exposed(self) -> tuple[Service, ...]:
        """What peers may call now, by name."""
        allowed = self._allow()
        return tuple(self._services[name] for name in sorted(self._services) if name in allowed)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Owns the handlers, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._workers = Workers(nursery, self._answer)
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._workers = None

    # -- what arrives --------------------------------------------------------------------------------------------

    def called(self, line: Line, message: Call) -> None:
        """A call came. PeerError for an id in use, or where it was one breach too many."""
        if message.call in line.answering:
            self._note(line, "protocol")
            raise PeerError("duplicate-call", "one call id used twice")
        name = message.service
        known = name in self._services and name in self._allow()
        refusal = self.rates.enter(line.peer, name if known else "", self._clock())
        if refusal is not None:
            _refuse(line, message.call, refusal.status, refusal.words)
            if refusal.abuse:
                self._note(line, "rate")
            return
        try:
            method, request = self._understand(name if known else "", message)
        except CallFailed as error:
            self.rates.leave(line.peer)
            _refuse(line, message.call, error.status, str(error))
            if error.status is Status.INVALID_PAYLOAD:
                self._note(line, "bad-payload")
            return
        self._begin(line, message, method, request)

    def cancelled(self, line: Line, number: int) -> None:
        """The caller wants no answer; one that just left needs nothing."""
        answer = line.answering.get(number)
        if answer is not None:
            answer.drop()
            self._leave(line, number)  # at once: the caller may use the place in its next message

    def closed(self, line: Line) -> None:
        """The session is over."""
        for number, answer in list(line.answering.items()):
            answer.drop()
            self._leave(line, number)

    def _leave(self, line: Line, number: int) -> None:
        del line.answering[number]
        self.rates.leave(line.peer)

    def _understand(self, service: str, message: Call) -> tuple[Method[Any, Any], msgspec.Struct]:
        methods = self._methods.get(service)
        if methods is None or self._workers is None:
            raise CallFailed(Status.SERVICE_NOT_FOUND, _NO_SERVICE)
        method = methods.get(message.method)
        if method is None:
            raise CallFailed(Status.METHOD_NOT_FOUND, "the service has no such method")
        try:
            return method, decode(message.payload, method.request)
        except PeerError as error:
            raise CallFailed(Status.INVALID_PAYLOAD, str(error)) from error

    # -- answering -----------------------------------------------------------------------------------------------

    def _begin(self, line: Line, message: Call, method: Method[Any, Any], request: msgspec.Struct) -> None:
        assert self._workers is not None
        number = message.call
        deadline = trio.current_time() + message.deadline / 1000
        answer = line.answering[number] = Answer(line, number, method, request, deadline)
        self._workers.put(answer)

    async def _answer(self, answer: Answer, scope: trio.CancelScope) -> None:
        if answer.dropped:
            return
        line, number = answer.line, answer.number
        answer.scope = scope
        scope.deadline = answer.deadline
        failure: CallFailed | None = None
        try:
            failure = await _outcome(answer, Caller(line.peer, self.rates.budget(line.peer)))
        except trio.Cancelled:
            if scope.cancel_called and not answer.dropped:
                _refuse(line, number, Status.TIMEOUT, "the call's time is over")
            raise
        finally:
            answer.scope = None  # the next job's from here on
            if not answer.dropped:
                self._leave(line, number)
        if answer.dropped:
            return
        if failure is not None:
            _refuse(line, number, failure.status, str(failure))
        else:
            self.answered += 1


async def _outcome(answer: Answer, caller: Caller) -> CallFailed | None:
    """Runs the handler and sends what it answers; its failure as a status."""
    line, number, method, request = answer.line, answer.number, answer.method, answer.request
    try:
        if method.handler is not None:
            payload = _fitting(await method.handler(caller, request))
            if line.full():
                await line.room()
            line.reply(CallReply(number, Status.OK, payload))
        elif method.stream is not None:
            await _send_parts(line, number, method.stream(caller, request))
    except CallFailed as error:
        return error
    except BudgetSpent as error:
        return CallFailed(Status.UNAVAILABLE, str(error))
    except UserError as error:
        return CallFailed(Status.INVALID_PAYLOAD, str(error))
    except StorageError:
        return CallFailed(Status.UNKNOWN, "the service's storage failed")
    except PeerError:
        return CallFailed(Status.UNAVAILABLE, "another peer that this needs failed")
    return None


async def _send_parts(line: Line, number: int, parts: AsyncIterator[Any]) -> None:
    async with contextlib.AsyncExitStack() as stack:
        if hasattr(parts, "aclose"):
            stack.push_async_callback(parts.aclose)
        count = 0
        async for part in parts:
            if count == limits.REPLY_PARTS_MAX:
                raise CallFailed(Status.PAYLOAD_TOO_LARGE, f"the answer has more than {count} parts")
            payload = _fitting(part)
            await line.room()
            line.reply(CallReply(number, Status.OK, payload, more=True))
            count += 1
            await trio.lowlevel.checkpoint()
    line.reply(CallReply(number, Status.OK))


def _fitting(value: msgspec.Struct) -> bytes:
    payload = encode(value)
    if len(payload) > limits.REPLY_MAX:
        raise CallFailed(Status.PAYLOAD_TOO_LARGE, f"the answer has {len(payload)} bytes")
    return payload


def _refuse(line: Line, number: int, status: Status, words: str) -> None:
    line.reply(CallReply(number, status, error=sanitize(words, limits.REASON_MAX)))
