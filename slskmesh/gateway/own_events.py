"""Server-sent events: a search with what it finds, and what happens in the engine.

Rules:
- A search begins with the event `started`, goes on with `hits` and ends with `end`; when its reader goes away it is
  stopped. Its hits can be fetched for as long as the engine remembers the query (commands GetHits, GetFolder).
- `/events` tells notices, changes of mode and the like under their own names, and as `views` the names of views that
  changed, at most twice a second.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

import trio
from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.commands import Search, StopSearch
from slskmesh.engine.events import EngineEnded, Event, Found, SearchEnded
from slskmesh.engine.visitor import Stream, Visitor
from slskmesh.gateway.answers import Snake
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import done
from slskmesh.gateway.own_streams import EVENTS, KEEPALIVE, SILENCE, Told, check_whole, event, last_word
from slskmesh.gateway.rights import Right, Routes

routes = Routes("/api/slskmesh", "events")
_BEAT: Final = 0.5


class SearchAsked(Snake, frozen=True, kw_only=True):
    """What is searched for; fields as the command Search has them. `limit` is for each network."""

    text: str
    limit: int = 500
    where: str = "all"
    user: str = ""
    room: str = ""
    quiet: float = 0.0


class Started(Snake, frozen=True, kw_only=True):
    """A search is on its way; `query` names it in commands."""

    query: int


class Changed(Snake, frozen=True, kw_only=True):
    """Names of views that changed; GET views/{name} shows them."""

    views: list[str]


@routes.get("/search", stream=True, right=Right.WRITE, also={429: "Too many searches or streams"})
async def search(
    gate: GateDep, text: str, limit: int = 500, where: str = "all", user: str = "", room: str = ""
) -> Response:
    """Searches the networks that the mode allows: events `started`, `hits` (a list each), `end`."""
    return _searching(gate, SearchAsked(text=text, limit=limit, where=where, user=user, room=room))


@routes.post("/search", takes=SearchAsked, stream=True, also={429: "Too many searches or streams"})
async def post_search(request: Request, gate: GateDep) -> Response:
    """The same with what is searched for in the body."""
    return _searching(gate, await read_body(request, SearchAsked))


def _searching(gate: Gate, wanted: SearchAsked) -> Response:
    return Told(gate.streams, EVENTS, _search(gate, wanted))


async def _search(gate: Gate, wanted: SearchAsked) -> AsyncGenerator[bytes, None]:
    engine = gate.engine
    number, ended = engine.number(), False
    command = Search(
        wanted.text, wanted.limit, wanted.where, wanted.user, wanted.room, wanted.quiet, program=True
    )
    async with engine.stream(lambda one: _is_of(one, number)) as stream:
        try:
            await done(gate, command, number=number)
            yield event("started", Started(query=number))
            while not ended:
                check_whole(stream)
                told = await _next(stream, KEEPALIVE)
                if isinstance(told, Found):
                    yield event("hits", told.hits)
                elif isinstance(told, SearchEnded):
                    ended = True
                    yield event("end", told)
                else:
                    yield SILENCE
        finally:
            if not ended:
                await last_word(engine, StopSearch(number))


@routes.get("/events", stream=True, also={429: "Too many streams"})
async def happenings(gate: GateDep) -> Response:
    """What happens in the engine, until the reader goes away."""
    return Told(gate.streams, EVENTS, _happenings(gate.engine))


async def _happenings(engine: Visitor) -> AsyncGenerator[bytes, None]:
    seen, said = engine.views(), trio.current_time()
    async with engine.stream(lambda one: getattr(one, "query", None) is None) as stream:
        yield SILENCE
        while True:
            check_whole(stream)
            told = await _next(stream, _BEAT)
            pieces = [] if told is None else [event(type(told).__name__, told)]
            views = engine.views()
            changed = sorted(kind.__name__ for kind, view in views.items() if seen.get(kind) is not view)
            if changed and told is None:  # once a beat, or when there is nothing else to say
                seen = views
                pieces.append(event("views", Changed(views=changed)))
            if not pieces and trio.current_time() - said >= KEEPALIVE:
                pieces.append(SILENCE)
            for piece in pieces:
                said = trio.current_time()
                yield piece
            if isinstance(told, EngineEnded):
                return


async def _next(stream: Stream, seconds: float) -> Event | None:
    """The next event, None if there is none for so long."""
    with trio.move_on_after(seconds):
        return await stream.next()
    return None


def _is_of(one: Event, number: int) -> bool:
    return isinstance(one, Found | SearchEnded) and one.query == number
