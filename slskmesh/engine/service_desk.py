"""The desk for services of peers, called for programs. Rules as in `desk.py`.

Rules of its own:
- At most CALLS_MAX calls at once; each ends by its time, by `StopCall`, or with the front end that made it.
- With no peer named at most TRIES are asked, those the directory names before those that are connected anyway; once a
  part came nobody else is asked.
- How a call ended is told by the fabric's status, never raised: a peer's refusal is an answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
import trio

from slskmesh.engine import service_commands as cmd
from slskmesh.engine.commands import Command
from slskmesh.engine.hub import viewer_of
from slskmesh.engine.service_json import read_request, write_reply
from slskmesh.errors import PeerError, UserError
from slskmesh.fabric.port import Method, Service
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.identity.peerid import PeerId, parse_peer, peer_text
from slskmesh.text import sanitize
from slskmesh.work import BudgetSpent, LocalBudget, Origin

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

CALLS_MAX: Final = 16
TRIES: Final = 3
SECONDS_MAX: Final = 60.0
_ELSEWHERE: Final = frozenset({Status.UNAVAILABLE, Status.RATE_LIMITED, Status.SERVICE_NOT_FOUND})
Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class ServiceDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: dict[int, trio.CancelScope] = {}
        self.table: dict[type[Command], Handler] = {
            cmd.CallService: self._call,
            cmd.StopCall: self._stop,
            cmd.ShowServices: self._services,
        }

    def forget(self, viewer: int) -> None:
        """Ends the calls of a front end that is gone."""
        for request, scope in self._open.items():
            if viewer_of(request) == viewer:
                scope.cancel()

    # -- calls ---------------------------------------------------------------------------------------------------

    async def _call(self, request: int, command: cmd.CallService) -> str:
        if len(self._open) >= CALLS_MAX:
            status, text = Status.RATE_LIMITED, f"{CALLS_MAX} calls are open already"
        else:
            status, text = await self._bounded(request, command)
        self._engine.hub.put_event(cmd.ServiceEnded(request, status, sanitize(text, 400)))
        return ""

    async def _bounded(self, request: int, command: cmd.CallService) -> tuple[Status, str]:
        if not 0 < command.timeout <= SECONDS_MAX:
            return Status.INVALID_PAYLOAD, f"timeout: at most {SECONDS_MAX:.0f} seconds"
        scope = self._open[request] = trio.CancelScope()
        try:
            with scope, trio.move_on_after(command.timeout):
                return await self._told(request, command)
        finally:
            del self._open[request]
        if scope.cancelled_caught:
            return Status.UNAVAILABLE, "the call was taken back"
        return Status.TIMEOUT, "no answer in time"

    async def _told(self, request: int, command: cmd.CallService) -> tuple[Status, str]:
        service = self._offered().get(command.service)
        if service is None:
            return Status.SERVICE_NOT_FOUND, "no service of this name is known here"
        method = service.methods().get(command.method)
        if method is None:
            return Status.METHOD_NOT_FOUND, f"{service.name} has no method of this name"
        try:
            asked = read_request(command.body, method.request)
            return await self._ask(request, command, method, asked)
        except UserError as error:
            return Status.INVALID_PAYLOAD, str(error)
        except CallFailed as error:
            return error.status, str(error)
        except PeerError as error:
            return Status.UNAVAILABLE, str(error)
        except BudgetSpent as error:
            return Status.RATE_LIMITED, str(error)

    async def _ask(
        self, request: int, command: cmd.CallService, method: Method[Any, Any], asked: msgspec.Struct
    ) -> tuple[Status, str]:
        """Asks one peer after the other until one answers. PeerError of the last, BudgetSpent."""
        budget = LocalBudget(Origin.GATEWAY)
        last: PeerError = CallFailed(Status.UNAVAILABLE, "no peer that offers it is known")
        for peer in await self._peers(command, budget):
            begun = False
            try:
                await self._engine.plane.rendezvous.reach(peer, budget)
                async with aclosing(self._parts(peer, command, method, asked, budget)) as parts:
                    async for part in parts:
                        begun = True
                        self._engine.hub.put_event(part_of(request, peer, part, method))
                return Status.OK, ""
            except PeerError as error:
                if begun or (isinstance(error, CallFailed) and error.status not in _ELSEWHERE):
                    raise
                last = error
        raise last

    async def _parts(
        self,
        peer: PeerId,
        command: cmd.CallService,
        method: Method[Any, Any],
        asked: msgspec.Struct,
        budget: LocalBudget,
    ) -> AsyncGenerator[msgspec.Struct, None]:
        fabric, where = self._engine.plane.fabric, (peer, command.service, command.method)
        if method.stream is None:
            yield await fabric.call(*where, asked, method.reply, budget, timeout=command.timeout)
            return
        parts = fabric.stream(*where, asked, method.reply, budget, timeout=command.timeout)
        async with aclosing(cast(Any, parts)) as read:
            async for part in read:
                yield part

    async def _peers(self, command: cmd.CallService, budget: LocalBudget) -> list[PeerId]:
        """Whom to ask, the best first. UserError: the name of a peer is none."""
        engine, plane = self._engine, self._engine.plane
        if command.peer:
            return [parse_peer(command.peer)]
        offers = await plane.directory.find(command.service, budget) if plane.rendezvous.on else []
        found = [one.peer for one in offers if not one.methods or command.method in one.methods]
        near = plane.fabric.scores.order(sorted(engine.overlay.sessions.keys() - set(found)), command.service)
        return [*found, *near][:TRIES]

    async def _stop(self, request: int, command: cmd.StopCall) -> str:
        scope = self._open.get(command.query)
        if scope is None or viewer_of(command.query) != viewer_of(request):
            return "this call is over already"
        scope.cancel()
        return "call stopped"

    # -- looking -------------------------------------------------------------------------------------------------

    def _offered(self) -> dict[str, Service]:
        return self._engine.plane.fabric.offered()

    async def _services(self, request: int, command: cmd.ShowServices) -> str:
        views = tuple(service_view(one) for _, one in sorted(self._offered().items()))
        self._engine.hub.put_event(cmd.ServicesShown(request, views))
        return ""


def part_of(request: int, peer: PeerId, part: msgspec.Struct, method: Method[Any, Any]) -> cmd.ServiceReplied:
    """One part as front ends are told of it."""
    return cmd.ServiceReplied(request, peer_text(peer), write_reply(part), method.stream is not None)


def service_view(service: Service) -> cmd.ServiceView:
    """What can be called."""
    return cmd.ServiceView(
        service.name,
        service.version,
        tuple(
            cmd.ServiceMethodView(
                name,
                method.request.__struct_fields__,
                method.reply.__struct_fields__,
                method.stream is not None,
            )
            for name, method in sorted(service.methods().items())
        ),
    )
