"""False records of the table, one of each kind that a reader and a holder must refuse. Pure; only the demo makes them.

Rules:
- Each is false in exactly one way and otherwise as good as it can be: a checker that looks at all but that one thing
  would take it.
- All carry the highest sequence number there is: whoever took one for its publisher's would drop the true record.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from slskmesh.dht.record import KEY, PAYLOAD_MAX, Record, encode, make, node_id
from slskmesh.identity import signing
from slskmesh.identity.key import Identity
from slskmesh.identity.signing import Domain

_SEQ: Final = 2**63 - 1
_HOUR: Final = 3600
_NEAR_BITS: Final = 8
_TRIES_MAX: Final = 20_000


class Forgery(NamedTuple):
    """One false record: what is false about it, and its bytes on the wire."""

    kind: str
    data: bytes


def forgeries(me: Identity, victim: bytes, key: bytes, now: float) -> tuple[Forgery, ...]:
    """One of each kind under `key` at wall time `now`; `victim` is the publisher it speaks for where it can."""
    life = int(now) + _HOUR
    true = make(me, key, _SEQ, life, b"a claim")
    elsewhere = make(me, bytes(reversed(key)), _SEQ, life, b"a claim")
    records = (
        ("wrong signature", msgspec.structs.replace(true, signature=_flipped(true.signature))),
        ("another's key", msgspec.structs.replace(true, publisher=victim)),
        ("changed", msgspec.structs.replace(true, payload=b"a c1aim")),
        ("prolonged", msgspec.structs.replace(true, expiry=life + _HOUR)),
        ("moved from another topic", elsewhere),
        ("expired", make(me, key, _SEQ, int(now) - 60, b"a claim")),
        ("immortal", make(me, key, _SEQ, int(now) + 3650 * 24 * _HOUR, b"a claim")),
        ("oversized", _oversized(me, key, life)),
    )
    return tuple(Forgery(kind, encode(record)) for kind, record in records)


def near(key: bytes, entropy: Callable[[int], bytes] = os.urandom) -> Identity:
    """An identity whose node stands near `key`, found by trying: what an attacker does who wants to be asked."""
    target, best, nearest = int.from_bytes(key, "big"), b"", 1 << (8 * KEY)
    for _ in range(_TRIES_MAX):
        seed = entropy(signing.SEED_BYTES)
        distance = int.from_bytes(node_id(signing.public_key(seed)), "big") ^ target
        if distance < nearest:
            best, nearest = seed, distance
        if nearest >> (8 * KEY - _NEAR_BITS) == 0:
            break
    return Identity(signing.public_key(best), best, Path(os.devnull))


def _oversized(me: Identity, key: bytes, expiry: int) -> Record:
    """Properly signed, but with more payload than a record may have (and still small enough for a datagram)."""
    payload = bytes(PAYLOAD_MAX + 8)
    numbers = _SEQ.to_bytes(8, "big") + expiry.to_bytes(8, "big") + len(payload).to_bytes(2, "big")
    signature = me.sign(Domain.DHT_RECORD, key + me.peer + numbers + payload)
    return Record(me.peer, _SEQ, expiry, payload, signature)


def _flipped(signature: bytes) -> bytes:
    return bytes((signature[0] ^ 1,)) + signature[1:]
