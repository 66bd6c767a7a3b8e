"""What the owner of the server may ask of it, one JSON object a line. No I/O.

{"kick": name, "seconds": 120} closes and keeps out for a while · {"ban": name} · {"unban": name} · {"kickall": true} ·
{"ban_address": host} · {"unban_address": host} · {"announce": text} · {"exclude": [phrases]} · {"wishlist": seconds} ·
{"full": bool} · {"private": bool} · {"status": true} tells who is here · {"stop": true} ends the server.

Rules:
- Each line has exactly one of these and gets exactly one answer, {"ok": true, …} or {"ok": false, "error": text}.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from slskmesh.demo.soulseek import rooms
from slskmesh.demo.soulseek.accounts import KICK_SECONDS
from slskmesh.demo.soulseek.hub import Hub
from slskmesh.errors import UserError

PHRASES_MAX: Final = 1000


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """One line, as it comes."""

    kick: str | None = None
    ban: str | None = None
    unban: str | None = None
    ban_address: str | None = None
    unban_address: str | None = None
    announce: str | None = None
    exclude: list[str] | None = None
    wishlist: int | None = None
    full: bool | None = None
    private: bool | None = None
    kickall: bool = False
    status: bool = False
    stop: bool = False
    seconds: float | None = None


def obey(hub: Hub, line: str) -> tuple[dict[str, Any], bool]:
    """Does what a line asks for. Returns the answer, and whether the server is to stop."""
    try:
        order = msgspec.json.decode(line, type=Order)
        asked = [key for key, value in msgspec.structs.asdict(order).items() if value not in (None, False)]
        asked += [key for key in ("full", "private") if getattr(order, key) is False]
        if len([key for key in asked if key != "seconds"]) != 1:
            raise UserError("ask for one thing a line")
        return {"ok": True, **_do(hub, order)}, order.stop
    except (msgspec.MsgspecError, UserError) as error:
        return {"ok": False, "error": str(error)}, False


def _do(hub: Hub, order: Order) -> dict[str, Any]:
    if order.kick is not None:
        hub.accounts.ban(order.kick, KICK_SECONDS if order.seconds is None else order.seconds)
        return {"was_here": hub.kick(order.kick)}
    if order.ban is not None:
        hub.accounts.ban(order.ban, order.seconds)
        return {"was_here": hub.kick(order.ban)}
    if order.kickall:
        return {"kicked": sum([hub.kick(name) for name in list(hub.online)])}
    if order.status:
        return {"users": sorted(hub.online), "rooms": hub.rooms.counts(), "searches": hub.searches}
    _set(hub, order)
    return {}


def _set(hub: Hub, order: Order) -> None:
    if order.unban is not None:
        hub.accounts.unban(order.unban)
    if order.ban_address is not None:
        hub.accounts.ban_address(order.ban_address)
    if order.unban_address is not None:
        hub.accounts.unban_address(order.unban_address)
    if order.full is not None:
        hub.accounts.full = order.full
    if order.private is not None:
        hub.accounts.private = order.private
    if order.announce is not None:
        if not rooms.text_fits(order.announce):
            raise UserError("an announcement is one line of at most 2048 bytes")
        hub.announce(order.announce)
    if order.exclude is not None:
        if len(order.exclude) > PHRASES_MAX or not all(map(rooms.text_fits, order.exclude)):
            raise UserError(f"at most {PHRASES_MAX} phrases, none of them empty")
        hub.exclude(order.exclude)
    if order.wishlist is not None:
        hub.set_wish_seconds(order.wishlist)
