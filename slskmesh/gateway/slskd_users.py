"""Users of the Soulseek network, below /api/v0 as slskd has them: what they say, how they are, what they share.

Rules:
- A list of shares is fetched anew with each request and sent piece by piece out of the engine's database, so that a
  million files are never in memory. Where a user is away what is kept of him is sent, with a note.
- A peer of the mesh is a user by the name that searches show him under (`mesh_users`).
- Where he is, is not told: nothing here needs it. Nobody asks him for what the server knows.
"""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from slskmesh.engine.console import Refused
from slskmesh.engine.events import Event
from slskmesh.engine.legacy_commands import AskPresence, AskUser, BrowseUser, ShowBrowse
from slskmesh.engine.legacy_events import BrowseProgress, BrowseStanding, PresenceShown, UserShown
from slskmesh.gateway import social_shapes as shapes
from slskmesh.gateway.answers import JSON, GatewayError, answer
from slskmesh.gateway.browse_stream import first_piece, whole_list
from slskmesh.gateway.file_shapes import BrowseResponse
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import OFFLINE, asked, check_online, shown
from slskmesh.gateway.mesh_users import is_peer, peer_list, peer_status
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.social_shapes import BrowseStatus, UserInfo, UserStatus

routes = Routes("/api/v0", "users")
_AWAY = {404: "The user is offline", 409: OFFLINE, 504: "The user, or the server, does not answer"}
_STOPPED = "stopped"
_LONGEST_NAME = 30


@routes.get("/users/{username:path}/info", gives=UserInfo, also=_AWAY)
async def info(username: str, gate: GateDep) -> Response:
    """Asks a user what he says of himself."""
    _check_name(username)
    if await is_peer(gate, username):
        raise GatewayError(404, "peers of the mesh say nothing of themselves")
    await check_online(gate)
    told = await asked(gate, AskUser(username), UserShown)
    if told.note:
        raise GatewayError(await _why(gate, username, told.note), told.note)
    return answer(shapes.user_info(told))


@routes.get("/users/{username:path}/browse/status", gives=BrowseStatus, also={404: "No list is on its way"})
async def browse_status(username: str, gate: GateDep) -> Response:
    """How far a user's list of shares is, while it is on its way."""
    standing = await _standing(gate, username)
    if standing is None or not standing.coming:
        raise GatewayError(404, f"no list of {shown(username)} is on its way")
    return answer(shapes.browse_status(standing))


@routes.get("/users/{username:path}/status", gives=UserStatus, also=_AWAY | {404: "Nobody is called so"})
async def status(username: str, gate: GateDep) -> Response:
    """Asks the server how a user is; who is unknown to it is offline."""
    _check_name(username)
    if await is_peer(gate, username):
        return answer(await peer_status(gate, username))
    await check_online(gate)
    return answer(shapes.user_status(await asked(gate, AskPresence(username), PresenceShown, 504)))


@routes.get("/users/{username:path}/browse", gives=BrowseResponse, also=_AWAY)
async def browse(username: str, gate: GateDep) -> Response:
    """All that a user shares; the answer begins when the list is there, which takes minutes for a large one."""
    _check_name(username)
    if await is_peer(gate, username):
        return answer(peer_list(gate, username))
    end = await _fetched(gate, username)
    if end.note and not end.folders:
        raise GatewayError(await _why(gate, username, end.note), end.note)
    first = await first_piece(gate, username)
    return StreamingResponse(whole_list(gate, username, first, end.note), media_type=JSON)


async def _fetched(gate: Gate, username: str) -> BrowseProgress:
    """How a user's list ended, which is fetched or on its way already."""

    def over(event: Event) -> bool:
        return isinstance(event, BrowseProgress) and event.done and event.user == shown(username)

    async with gate.engine.stream(over) as ends:
        try:
            await gate.engine.ask(BrowseUser(username))
        except Refused as error:
            if await _standing(gate, username) is None:  # else somebody had begun before
                raise GatewayError(409, str(error)) from error
        end = await ends.next()
    assert isinstance(end, BrowseProgress)
    return end


async def _standing(gate: Gate, username: str) -> BrowseStanding | None:
    try:
        return await gate.engine.asked(ShowBrowse(username), BrowseStanding)
    except Refused:
        return None


async def _why(gate: Gate, username: str, note: str) -> int:
    """The status for what did not come of a user."""
    if note == _STOPPED:
        return 409
    try:
        return (
            404 if (await gate.engine.asked(AskPresence(username), PresenceShown)).state == "offline" else 504
        )
    except Refused:
        return 504


def _check_name(username: str) -> None:
    """GatewayError 404: servers give nobody such a name, so nobody needs to be asked."""
    plain = username.isascii() and username.isprintable() and username == username.strip()
    if not plain or not 0 < len(username) <= _LONGEST_NAME:
        raise GatewayError(404, f"nobody is called so: a name has 1 to {_LONGEST_NAME} signs of ASCII")
