"""Every command of the façade as one operation, made from its struct: what the terminal can do, programs can.

Rules:
- The body is the command; what answers it is its `Reply`, or the event that the command names.
- Only what merely shows what is here is for the read-only key. What asks others, or marks things as seen, is not.
- `ELSEWHERE` names the commands that have no operation here, each with the reason; a test sees that none is forgotten.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine import (
    album_commands,
    events,
    legacy_events,
    order_commands,
    service_commands,
    show_commands,
)
from slskmesh.engine.attach_wire import COMMANDS
from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event
from slskmesh.gateway import kept
from slskmesh.gateway.answers import JSON, GatewayError, Snake, answer
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import asked, done
from slskmesh.gateway.own_streams import written
from slskmesh.gateway.rights import Right, Routes

routes = Routes("/api/slskmesh/commands", "commands")
LARGEST: Final = (1 << 63) - 1

ELSEWHERE: Final = {
    "Search": "GET /api/slskmesh/search streams what is found",
    "StopSearch": "a search ends when its reader goes away",
    "CallService": "/mesh/http bounds which services may be called, and streams the answer",
    "StopCall": "a call ends when its reader goes away",
    "Watch": "ShowMap shows it once: programs share one front end, so a watch of one would end another's",
    "WatchJob": "ShowJob shows it once",
    "WatchLegacy": "ShowLegacy shows it once",
    "WatchChat": "ShowChat shows it once",
    **kept.COMMANDS,
    "WatchOrders": "the gateway watches orders for all programs; GET views/OrdersView",
}
ANSWERS: Final[dict[str, type[Event]]] = {
    "AskPresence": legacy_events.PresenceShown,
    "AskUser": legacy_events.UserShown,
    "BrowseFiles": legacy_events.FilesShown,
    "BrowseFolders": legacy_events.FoldersShown,
    "BrowseListing": legacy_events.ListingShown,
    "Earlier": legacy_events.ChatLines,
    "ListDownloads": events.DownloadsListed,
    "ListRooms": legacy_events.RoomsShown,
    "LookUp": events.LookedUp,
    "OrderFiles": order_commands.Ordered,
    "Resolve": events.Resolved,
    "ShowAlbums": album_commands.AlbumsShown,
    "ShowBrowse": legacy_events.BrowseStanding,
    "ShowChat": legacy_events.ChatShown,
    "ShowFolder": legacy_events.FolderTold,
    "ShowJob": show_commands.JobShown,
    "ShowLegacy": show_commands.LegacyShown,
    "ShowLibrary": events.LibraryShown,
    "ShowMap": show_commands.MapShown,
    "ShowOffers": legacy_events.OffersShown,
    "ShowPublished": legacy_events.PublishedShown,
    "ShowServices": service_commands.ServicesShown,
    "ShowShares": events.SharesShown,
    "ShowSpecs": events.SpecsShown,
}
READS: Final = frozenset(
    name
    for name in ANSWERS
    if name.startswith("Show") and name not in ("ShowOffers", "ShowFolder")  # marks as seen; asks a user
) | {"BrowseFiles", "BrowseFolders", "BrowseListing", "Earlier", "ListDownloads"}


class Done(Snake, frozen=True, kw_only=True):
    """A command was carried out. `text` is for people, `value` as the command says."""

    text: str = ""
    value: str = ""


async def carry_out(gate: Gate, command: Command) -> Response:
    """Has a command carried out and answers with what answers it. GatewayError: it was refused."""
    kind = ANSWERS.get(type(command).__name__)
    if kind is not None:
        return Response(written(await asked(gate, command, kind)), media_type=JSON)
    reply = await done(gate, command)
    return answer(Done(text=str(reply.text), value=reply.value))


def _add(name: str, kind: type[Command]) -> None:
    """Adds the operation of one command. Its body has a name of its own: others have a shape named as some commands."""
    body = msgspec.defstruct(
        f"{name}Command", [], bases=(kind,), frozen=True, module=__name__, namespace={"__doc__": kind.__doc__}
    )
    fields = kind.__struct_fields__

    async def handler(request: Request, gate: GateDep) -> Response:
        given: Any = await read_body(request, body, {})
        check_numbers(given)
        return await carry_out(gate, kind(**{field: getattr(given, field) for field in fields}))

    handler.__name__ = name
    handler.__doc__ = kind.__doc__
    right = Right.READ if name in READS else Right.WRITE
    needs = any(field.required for field in msgspec.structs.fields(kind))
    routes.post(f"/{name}", takes=body, gives=ANSWERS.get(name, Done), optional=not needs, right=right)(
        handler
    )


def check_numbers(value: Any) -> None:
    """GatewayError 400: a number is too far out, which neither the database nor another front end's line could hold."""
    if isinstance(value, msgspec.Struct):
        value = tuple(getattr(value, field) for field in value.__struct_fields__)
    if isinstance(value, tuple):
        for one in value:
            check_numbers(one)
    elif isinstance(value, int) and not -LARGEST - 1 <= value <= LARGEST:
        raise GatewayError(400, "a number is too far out")


for _name, _kind in sorted(COMMANDS.items()):
    if _name not in ELSEWHERE:
        _add(_name, _kind)
