"""What a peer says of a service it offers: the payload of its record under the service's topic. Pure.

Rules:
- The record's signature is the descriptor's: it binds publisher, topic, expiry and payload (`dht/record.py`).
- Nothing personal: a name, a version, names of methods. Where to find the peer is another record of its own.
- Whatever a record claims is checked again on reading: one encoding, the name that was looked up, bounds, and at
  most an hour of life, so that nobody is remembered who is no longer there.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from slskmesh.dht.record import PAYLOAD_MAX, SKEW, Record
from slskmesh.errors import PeerError
from slskmesh.fabric.answering import METHOD_NAME, SERVICE_NAME
from slskmesh.fabric.payload import decode, encode
from slskmesh.fabric.port import Service
from slskmesh.identity.peerid import PeerId
from slskmesh.wire import limits

TTL: Final = 3600
METHODS_MAX: Final = 16
_FORMAT: Final = 1


class _Payload(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    format: Annotated[int, Meta(ge=_FORMAT, le=_FORMAT)]
    name: Annotated[str, Meta(min_length=1, max_length=limits.SERVICE_NAME_MAX)]
    version: Annotated[int, Meta(ge=1, le=0xFFFF)]
    methods: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=limits.METHOD_NAME_MAX)], ...],
        Meta(max_length=METHODS_MAX),
    ]


class Descriptor(msgspec.Struct, frozen=True):
    """One peer's offer. `methods` empty: not told. `expiry` in Unix seconds."""

    peer: PeerId
    name: str
    version: int
    methods: tuple[str, ...]
    expiry: int


def describe(service: Service) -> bytes:
    """The payload for a service, at most 512 bytes; methods are left out where they do not fit."""
    methods = tuple(sorted(service.methods()))[: METHODS_MAX + 1]
    data = encode(_Payload(_FORMAT, service.name, service.version, methods))
    if len(methods) > METHODS_MAX or len(data) > PAYLOAD_MAX:
        data = encode(_Payload(_FORMAT, service.name, service.version, ()))
    return data


def read(record: Record, name: str, now: float) -> Descriptor:
    """The descriptor of service `name` in a record that the table verified under that service's topic.

    PeerError: "expired", "too-long", "bad-descriptor".
    """
    if record.expiry <= now:
        raise PeerError("expired", "a service's record that is no longer valid", blame=False)
    if record.expiry > now + TTL + SKEW:
        raise PeerError("too-long", "a service's record that claims to live too long")
    try:
        payload = decode(record.payload, _Payload)
    except PeerError as error:
        raise PeerError("bad-descriptor", "a service's record that cannot be read") from error
    names_fit = payload.name == name and SERVICE_NAME.fullmatch(name) is not None
    if not names_fit or not all(map(METHOD_NAME.fullmatch, payload.methods)):
        raise PeerError("bad-descriptor", "a record that is not of this service")
    if list(payload.methods) != sorted(set(payload.methods)) or encode(payload) != record.payload:
        raise PeerError("bad-descriptor", "a service's record in another spelling than its own")
    return Descriptor(PeerId(record.publisher), name, payload.version, payload.methods, record.expiry)
