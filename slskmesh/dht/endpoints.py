"""The payload of an endpoints record: where a peer's overlay listens. Pure.

A payload is `u8 version 1`, then for each address its length (6 or 18) and its bytes as in `networks.pack`. Unknown
versions and broken lists are the publisher's fault; single addresses nobody can answer at are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from slskmesh.dht import networks
from slskmesh.dht.networks import Address
from slskmesh.errors import PeerError

ENDPOINTS_MAX: Final = 8
_VERSION: Final = 1


def encode_endpoints(addresses: Iterable[Address]) -> bytes:
    """The payload that names the first ENDPOINTS_MAX of `addresses`, each once. ValueError: a host is not numeric."""
    packed = list(dict.fromkeys(networks.pack(address) for address in addresses))[:ENDPOINTS_MAX]
    return bytes((_VERSION,)) + b"".join(bytes((len(one),)) + one for one in packed)


def decode_endpoints(payload: bytes) -> list[Address]:
    """The addresses of a payload. PeerError("bad-endpoint"): it is not one."""
    if payload[:1] != bytes((_VERSION,)):
        raise PeerError("bad-endpoint", "endpoints in a form this version does not know")
    found: list[Address] = []
    at = 1
    while at < len(payload):
        size = payload[at]
        packed = payload[at + 1 : at + 1 + size]
        if (
            size not in networks.PACKED
            or len(packed) != size
            or at > ENDPOINTS_MAX * (networks.PACKED[-1] + 1)
        ):
            raise PeerError("bad-endpoint", "a list of endpoints that ends badly")
        at += 1 + size
        try:
            found.append(networks.unpack(packed))
        except PeerError:
            continue
    return list(dict.fromkeys(found))
