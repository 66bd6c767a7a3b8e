"""Signatures that third parties check: Ed25519 by PyNaCl, each kind of text under its own domain.

A signature covers the domain's bytes, then the body: one made for one purpose never passes for another.
Sessions need none of this: TLS itself proves the peer (`identity/certificate.py`).
"""

from __future__ import annotations

import enum
from typing import Final

import nacl.bindings
import nacl.exceptions
import nacl.signing

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import KEY_BYTES, PeerId

SIGNATURE_BYTES: Final = 64
SEED_BYTES: Final = 32


class Domain(enum.Enum):
    """What a signature is for."""

    INVITE = b"slskmesh/invite/1\0"
    DHT_RECORD = b"slskmesh/dht-record/1\0"
    DHT_HELLO = b"slskmesh/dht-hello/1\0"


def public_key(seed: bytes) -> PeerId:
    """The peer that a 32-byte secret seed makes."""
    return PeerId(bytes(nacl.signing.SigningKey(seed).verify_key))


def sign(seed: bytes, domain: Domain, body: bytes) -> bytes:
    """64 bytes of signature over `body` under `domain`."""
    return nacl.signing.SigningKey(seed).sign(domain.value + body).signature


def verify(peer: PeerId, domain: Domain, body: bytes, signature: bytes) -> None:
    """PeerError("bad-signature") unless `peer` signed `body` under `domain`."""
    if len(signature) == SIGNATURE_BYTES and is_key(peer):
        try:
            nacl.signing.VerifyKey(peer).verify(domain.value + body, signature)
            return
        except nacl.exceptions.BadSignatureError:
            pass
    raise PeerError("bad-signature", "the signature does not fit its text and its peer")


def is_key(key: bytes) -> bool:
    """Whether `key` is a point somebody can own: canonical, of the prime-order group (no small order)."""
    return len(key) == KEY_BYTES and nacl.bindings.crypto_core_ed25519_is_valid_point(key)
