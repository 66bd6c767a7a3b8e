"""Rooms of the Soulseek network, below /api/v0 as slskd has them.

Rules:
- A body is a bare JSON string. Rooms are those we are in now; what was said is what the engine keeps in memory of it.
- Joining waits for the server: 201 with the room, 200 where we are in it, 403 where the server does not let us.
- Members of private rooms cannot be added: the engine has no such thing, so there is no such route.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.legacy_commands import JoinRoom, LeaveRoom, ListRooms, Say, SetTicker, ShowChat
from slskmesh.engine.legacy_events import ChatShown, RoomsShown
from slskmesh.engine.legacy_views import ChatsView
from slskmesh.gateway import social_shapes as shapes
from slskmesh.gateway.answers import GatewayError, answer, nothing
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import FLOOD, OFFLINE, asked, check_online, done, me, shown
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.social_shapes import Room, RoomListed, RoomMessage, RoomUser

routes = Routes("/api/v0", "rooms")
_NOT_IN = {404: "We are not in this room"}
_SAYING = {**_NOT_IN, 409: OFFLINE, 429: FLOOD}


@routes.get("/rooms/available", gives=list[RoomListed], also={409: OFFLINE})
async def available(gate: GateDep) -> Response:
    """The server's rooms, the fullest first, at most 2,000."""
    told = await asked(gate, ListRooms(), RoomsShown, 409)
    return answer([shapes.room_listed(room) for room in told.rooms])


@routes.get("/rooms/joined", gives=list[str])
async def joined(gate: GateDep) -> Response:
    """Names of the rooms we are in."""
    chats = await gate.engine.view(ChatsView)
    return answer([room.name for room in chats.rooms if room.joined])


@routes.post(
    "/rooms/joined",
    takes=str,
    gives=Room,
    status=201,
    also={200: "We are in it already", 403: "The server does not let us in", 409: OFFLINE},
)
async def join(request: Request, gate: GateDep) -> Response:
    """Joins a room; it is joined again with each login until it is left."""
    name = await read_body(request, str)
    await check_online(gate)
    there = await _is_in(gate, name)
    if not there:
        await done(gate, JoinRoom(name), 403)
    chat = await asked(gate, ShowChat(name), ChatShown, 403)
    if not chat.joined:
        raise GatewayError(
            409, f"the server did not let us into {chat.name} yet; it is joined as soon as it does"
        )
    return answer(shapes.room(chat, await me(gate)), 200 if there else 201)


@routes.get("/rooms/joined/{room:path}/messages", gives=list[RoomMessage], also=_NOT_IN)
async def messages(room: str, gate: GateDep) -> Response:
    """What was said in a room, oldest first, at most 1,000 lines."""
    return answer(shapes.room_messages(await _chat(gate, room)))


@routes.post("/rooms/joined/{room:path}/messages", takes=str, status=201, also=_SAYING)
async def say(room: str, request: Request, gate: GateDep) -> Response:
    """Says a line in a room."""
    text = await read_body(request, str)
    await _check_in(gate, room)
    await done(gate, Say(room, text))
    return nothing(201)


@routes.post("/rooms/joined/{room:path}/ticker", takes=str, status=201, also=_SAYING)
async def ticker(room: str, request: Request, gate: GateDep) -> Response:
    """Sets our ticker in a room; an empty one takes it away."""
    text = await read_body(request, str)
    await _check_in(gate, room)
    await done(gate, SetTicker(room, text))
    return nothing(201)


@routes.get("/rooms/joined/{room:path}/users", gives=list[RoomUser], also=_NOT_IN)
async def users(room: str, gate: GateDep) -> Response:
    """Who is in a room, in the order they came."""
    name = await me(gate)
    return answer([shapes.room_user(member, name) for member in (await _chat(gate, room)).members])


@routes.get("/rooms/joined/{room:path}", gives=Room, also=_NOT_IN)
async def show(room: str, gate: GateDep) -> Response:
    """A room we are in."""
    return answer(shapes.room(await _chat(gate, room), await me(gate)))


@routes.delete("/rooms/joined/{room:path}", status=204, also=_NOT_IN)
async def leave(room: str, gate: GateDep) -> Response:
    """Leaves a room; one that waits for the next login, too."""
    chats = await gate.engine.view(ChatsView)
    if not any(one.name == shown(room) and (one.joined or one.wanted) for one in chats.rooms):
        raise _not_in(room)
    await done(gate, LeaveRoom(room), 404)
    return nothing()


async def _chat(gate: Gate, room: str) -> ChatShown:
    """The room. GatewayError 404: we are not in it."""
    chat = await asked(gate, ShowChat(room), ChatShown, 404)
    if not chat.joined:
        raise _not_in(room)
    return chat


async def _is_in(gate: Gate, room: str) -> bool:
    chats = await gate.engine.view(ChatsView)
    return any(one.name == shown(room) and one.joined for one in chats.rooms)


async def _check_in(gate: Gate, room: str) -> None:
    """GatewayError: there is no session, or we are not in the room."""
    await check_online(gate)
    if not await _is_in(gate, room):
        raise _not_in(room)


def _not_in(room: str) -> GatewayError:
    return GatewayError(404, f"we are not in the room {shown(room) or 'without a name'}")
