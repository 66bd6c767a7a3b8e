"""What a person with curl asks for most, under plain addresses. All of it is there as views and commands as well."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine import commands as cmd
from slskmesh.engine.legacy_views import ModeView
from slskmesh.engine.show_commands import MapShown, ShowMap
from slskmesh.engine.views import ChunkMapView, DoorView, PeersView, SettingsView, StatusView, TransfersView
from slskmesh.gateway.answers import JSON, GatewayError, Snake, answer
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import GateDep
from slskmesh.gateway.legacy_asking import asked, done
from slskmesh.gateway.own_commands import Done, carry_out, check_numbers
from slskmesh.gateway.own_streams import written
from slskmesh.gateway.own_views import shown
from slskmesh.gateway.rights import Routes

routes = Routes("/api/slskmesh", "own")
_NO_TRANSFER: Final = {404: "There is no such transfer"}


class Standing(Snake, frozen=True, kw_only=True):
    """How it all stands."""

    status: StatusView
    mode: ModeView
    door: DoorView


class Invitation(Snake, frozen=True, kw_only=True):
    """Whom to connect to: an invite, or host:port."""

    invite: str


class InviteAsked(Snake, frozen=True, kw_only=True):
    """For how long an invite holds."""

    valid_hours: int = 24 * 7


class Invite(Snake, frozen=True, kw_only=True):
    """An invite, and what it names in words."""

    invite: str
    text: str


class ChunkMap(Snake, frozen=True, kw_only=True):
    """`states`: one digit a chunk (0 missing, 1 queued, 2 in flight, 3 received, 4 verified, 5 bad), empty: no map now.

    `owners`: who sends or sent it, 1 and up in the transfer's sources, 0 nobody. `copies`: sources that offer it.
    """

    transfer: str
    states: str
    owners: list[int]
    copies: list[int]


class SettingValue(Snake, frozen=True, kw_only=True):
    """A setting's value, as text like in config.toml."""

    value: str


class SettingDone(Snake, frozen=True, kw_only=True):
    """A setting was written. `restart`: it takes effect at the next start."""

    text: str
    restart: bool


@routes.get("/status", gives=Standing)
async def status(gate: GateDep) -> Response:
    """Status, modes, and where this gateway listens."""
    engine = gate.engine
    standing = Standing(
        status=await engine.view(StatusView),
        mode=await engine.view(ModeView),
        door=await engine.view(DoorView),
    )
    return Response(written(standing), media_type=JSON)


@routes.get("/peers", gives=PeersView)
async def peers(gate: GateDep) -> Response:
    """All known peers."""
    return await shown(gate, PeersView)


@routes.post("/peers", takes=Invitation, gives=Done)
async def connect(request: Request, gate: GateDep) -> Response:
    """Connects to a peer."""
    return await carry_out(gate, cmd.Connect((await read_body(request, Invitation)).invite))


@routes.delete("/peers/{peer}", gives=Done)
async def disconnect(gate: GateDep, peer: str) -> Response:
    """Closes the session with a peer."""
    return await carry_out(gate, cmd.Disconnect(peer))


@routes.post("/invites", takes=InviteAsked, gives=Invite, optional=True)
async def invite(request: Request, gate: GateDep) -> Response:
    """Makes an invite to this peer."""
    wanted = await read_body(request, InviteAsked, {})
    check_numbers(wanted)
    reply = await done(gate, cmd.MakeInvite(wanted.valid_hours))
    return answer(Invite(invite=reply.value, text=str(reply.text)))


@routes.get("/transfers", gives=TransfersView)
async def transfers(gate: GateDep) -> Response:
    """Downloads from peers with their sources, in queue order."""
    return await shown(gate, TransfersView)


@routes.get("/transfers/{transfer}/map", gives=ChunkMap, also=_NO_TRANSFER)
async def chunk_map(gate: GateDep, transfer: str) -> Response:
    """The chunk map of a download as it stands."""
    told = await asked(gate, ShowMap(transfer), MapShown, 404)
    return answer(map_shape(transfer, told.map))


@routes.get("/settings", gives=SettingsView)
async def settings(gate: GateDep) -> Response:
    """All settings, with what they mean and where they come from."""
    return await shown(gate, SettingsView)


@routes.put("/settings/{key}", takes=SettingValue, gives=SettingDone)
async def put_setting(request: Request, gate: GateDep, key: str) -> Response:
    """Sets one setting and writes config.toml."""
    value = (await read_body(request, SettingValue)).value
    view = await gate.engine.view(SettingsView)
    known = next((one for one in view.settings if one.key == key), None)
    if known is None:
        raise GatewayError(404, "there is no such setting")
    reply = await done(gate, cmd.SetSetting(key, value))
    return answer(SettingDone(text=str(reply.text), restart=known.restart))


def map_shape(transfer: str, view: ChunkMapView | None) -> ChunkMap:
    """A chunk map for people."""
    if view is None:
        return ChunkMap(transfer=transfer, states="", owners=[], copies=[])
    digits = "".join(map(str, view.states))
    return ChunkMap(transfer=transfer, states=digits, owners=list(view.owners), copies=list(view.copies))
