"""Invites: a signed line of text that names a peer and where it listens, for pasting into any chat.

Text = "slskmesh:" + base64url(msgpack [version 1, key 32, addresses, expires] + signature 64), no padding.
The signature (domain "slskmesh/invite/1") keeps a forwarder from redirecting it; the key it names is then proven by
TLS itself. White space, line breaks, quotes and angle brackets that chats add are forgiven.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated

import msgspec
from msgspec import Meta

from slskmesh.errors import PeerError, UserError
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import PeerId
from slskmesh.identity.signing import Domain, verify
from slskmesh.overlay.address import split_address

PREFIX = "slskmesh:"
ADDRESSES_MAX = 8
_TEXT_MAX = 2048
_SIGNATURE = 64


class _Body(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1, le=1)]
    key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    addresses: Annotated[
        tuple[Annotated[str, Meta(min_length=3, max_length=255)], ...],
        Meta(min_length=1, max_length=ADDRESSES_MAX),
    ]
    expires: Annotated[int, Meta(ge=0, lt=1 << 62)]


class Invite(msgspec.Struct, frozen=True):
    """Who to dial, where ("host:port"), and until when (Unix seconds) the invite holds."""

    peer: PeerId
    addresses: tuple[str, ...]
    expires: int


def make_invite(identity: Identity, addresses: list[str], expires: float) -> str:
    """Signed invite text for these addresses."""
    body = msgspec.msgpack.encode(
        _Body(1, identity.peer, tuple(addresses[:ADDRESSES_MAX]), int(expires)),
    )
    raw = body + identity.sign(Domain.INVITE, body)
    return PREFIX + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_invite(text: str, now: float) -> Invite:
    """Reads what `make_invite` wrote; UserError says what is wrong with it."""
    cleaned = re.sub(r"[\s<>\"'`]+", "", text[: _TEXT_MAX + 1])
    if len(cleaned) > _TEXT_MAX:
        raise UserError("this is too long for an invite")
    if not cleaned.lower().startswith(PREFIX):
        raise UserError(f"an invite begins with “{PREFIX}”")
    encoded = cleaned[len(PREFIX) :]
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        body = msgspec.msgpack.decode(raw[:-_SIGNATURE], type=_Body)
        verify(PeerId(body.key), Domain.INVITE, raw[:-_SIGNATURE], raw[-_SIGNATURE:])
    except (binascii.Error, msgspec.DecodeError, PeerError, ValueError) as error:
        raise UserError("the invite is damaged: a part is missing or changed; ask for it again") from error
    if body.expires < now:
        raise UserError("the invite has expired; ask for a new one")
    for address in body.addresses:
        split_address(address)
    return Invite(PeerId(body.key), body.addresses, body.expires)
