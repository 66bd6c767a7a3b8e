"""Private messages, below /api/v0 as slskd has them.

Rules:
- A message written without a session is kept and sent with the next login (`delivery` tells), so it is 201 as well.
- Acknowledging one message acknowledges those before it, too: the engine counts what is new from the end.
- Closing a conversation drops what was said in it. There are no inactive ones.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.legacy_commands import ForgetConversation, MarkRead, ShowChat, Whisper
from slskmesh.engine.legacy_events import ChatShown
from slskmesh.engine.legacy_views import ChatsView
from slskmesh.gateway import social_shapes as shapes
from slskmesh.gateway.answers import GatewayError, answer, nothing
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import asked, done, shown
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.social_shapes import Conversation, PrivateMessage

routes = Routes("/api/v0", "conversations")
_NONE = {404: "There are no messages with this user"}
_DIGITS = 18  # of a number of a message


@routes.get("/conversations", gives=list[Conversation])
async def conversations(
    gate: GateDep, includeInactive: bool = False, unAcknowledgedOnly: bool = False
) -> Response:
    """All conversations without their messages, the latest first."""
    chats = await gate.engine.view(ChatsView)
    found = [talk for talk in chats.conversations if talk.unread or not unAcknowledgedOnly]
    return answer([shapes.conversation(talk) for talk in found])


@routes.get("/conversations/{username:path}/messages", gives=list[PrivateMessage], also=_NONE)
async def messages(username: str, gate: GateDep, unAcknowledgedOnly: bool = False) -> Response:
    """The messages with a user, oldest first, at most 1,000."""
    found = shapes.messages(await _chat(gate, username))
    return answer([one for one in found if not (unAcknowledgedOnly and one.is_acknowledged)])


@routes.get("/conversations/{username:path}", gives=Conversation, also=_NONE)
async def show(username: str, gate: GateDep, includeMessages: bool = True) -> Response:
    """The conversation with a user."""
    return answer(shapes.whole_conversation(await _chat(gate, username), includeMessages))


@routes.post("/conversations/{username:path}", takes=str, status=201)
async def send(username: str, request: Request, gate: GateDep) -> Response:
    """Writes to a user."""
    await done(gate, Whisper(username, await read_body(request, str)))
    return nothing(201)


@routes.put("/conversations/{username:path}/{id}", also={404: "There is no such message"})
async def acknowledge(username: str, id: str, gate: GateDep) -> Response:
    """Acknowledges a message and those before it."""
    if not (id.isascii() and id.isdecimal()):
        return await acknowledge_all(f"{username}/{id}", gate)  # a name with a stroke in it
    chat = await _chat(gate, username)
    if len(id) > _DIGITS or all(line.number != int(id) for line in chat.lines):
        raise GatewayError(404, f"there is no message {id[:_DIGITS]} with {chat.name}")
    await done(gate, MarkRead(username, room=False, upto=int(id)))
    return nothing(200)


@routes.put("/conversations/{username:path}", also=_NONE)
async def acknowledge_all(username: str, gate: GateDep) -> Response:
    """Acknowledges all messages of a user."""
    await _check(gate, username)
    await done(gate, MarkRead(username, room=False))
    return nothing(200)


@routes.delete("/conversations/{username:path}", status=204, also=_NONE)
async def close(username: str, gate: GateDep) -> Response:
    """Drops a conversation with all that was said and waits in it."""
    await _check(gate, username)
    await done(gate, ForgetConversation(username))
    return nothing()


async def _chat(gate: Gate, user: str) -> ChatShown:
    return await asked(gate, ShowChat(user, room=False), ChatShown, 404)


async def _check(gate: Gate, user: str) -> None:
    """GatewayError 404: there are no messages with this user."""
    chats = await gate.engine.view(ChatsView)
    if all(talk.user != shown(user) for talk in chats.conversations):
        await _chat(gate, user)  # one that began since the list was shown
