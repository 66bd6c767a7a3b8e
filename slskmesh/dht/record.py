"""One signed record: what a publisher says under a key until a time. Pure.

Rules:
- The signature binds key, publisher, sequence number, expiry and payload: a record can be neither moved to another
  key, nor changed, nor prolonged by whoever holds it. The publisher's higher sequence number replaces the lower.
- One record has one encoding (canonical msgpack array); any other spelling is refused.
- Expiry is absolute wall time in seconds, at most 24 h ahead (and 5 min for clocks that differ). Expired means gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from slskmesh.errors import PeerError
from slskmesh.identity import signing
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import KEY_BYTES, PeerId
from slskmesh.identity.signing import SIGNATURE_BYTES, Domain

KEY: Final = 20  # bytes of a topic's key and of a node's id
PAYLOAD_MAX: Final = 512
RECORD_MAX: Final = 640  # bytes of the longest encoding
TTL_MAX: Final = 24 * 3600
SKEW: Final = 300
DIGEST: Final = 8
_SEQ_MAX: Final = 2**63 - 1

_U63 = Annotated[int, msgspec.Meta(ge=0, le=_SEQ_MAX)]


class Record(msgspec.Struct, frozen=True, array_like=True):
    """`seq` orders one publisher's records, `expiry` is Unix seconds; an empty payload withdraws the former one."""

    publisher: Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    seq: _U63
    expiry: _U63
    payload: Annotated[bytes, msgspec.Meta(max_length=PAYLOAD_MAX)]
    signature: Annotated[bytes, msgspec.Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)


def _body(key: bytes, publisher: bytes, seq: int, expiry: int, payload: bytes) -> bytes:
    numbers = seq.to_bytes(8, "big") + expiry.to_bytes(8, "big") + len(payload).to_bytes(2, "big")
    return key + publisher + numbers + payload


def make(identity: Identity, key: bytes, seq: int, expiry: int, payload: bytes) -> Record:
    """A record signed by `identity`. ValueError: a field is out of its bounds."""
    if (
        len(key) != KEY
        or len(payload) > PAYLOAD_MAX
        or not (0 <= seq <= _SEQ_MAX and 0 <= expiry <= _SEQ_MAX)
    ):
        raise ValueError("a record's key, payload or numbers are out of bounds")
    body = _body(key, identity.peer, seq, expiry, payload)
    return Record(identity.peer, seq, expiry, payload, identity.sign(Domain.DHT_RECORD, body))


def encode(record: Record) -> bytes:
    """The one encoding of `record`, at most RECORD_MAX bytes."""
    return _encoder.encode(record)


def decode(data: bytes) -> Record:
    """The record in `data`, not yet verified. PeerError("bad-record") for anything but its one encoding."""
    try:
        record = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise PeerError("bad-record", f"a record that cannot be read: {error}") from error
    if _encoder.encode(record) != data:
        raise PeerError("bad-record", "a record in another spelling than its own")
    return record


def check_time(record: Record, now: float) -> None:
    """PeerError: "expired", or "too-long" where it claims more life than any record may have."""
    if record.expiry <= now:
        raise PeerError("expired", "a record that is no longer valid", blame=False)
    if record.expiry > now + TTL_MAX + SKEW:
        raise PeerError("too-long", "a record that claims to live too long")


def verify(record: Record, key: bytes, now: float) -> None:
    """PeerError unless `record` is valid under `key` at wall time `now`: "expired", "too-long", "bad-signature"."""
    check_time(record, now)
    body = _body(key, record.publisher, record.seq, record.expiry, record.payload)
    signing.verify(PeerId(record.publisher), Domain.DHT_RECORD, body, record.signature)


def digest(records: Iterable[Record]) -> bytes:
    """8 bytes that tell whether two holders have the same set of (publisher, seq). No proof against liars."""
    total = 0
    for record in records:
        text = record.publisher + record.seq.to_bytes(8, "big")
        total ^= int.from_bytes(hashlib.blake2b(text, digest_size=DIGEST).digest(), "big")
    return total.to_bytes(DIGEST, "big")


def node_id(peer: bytes) -> bytes:
    """The place of `peer` in the key space: the first 20 bytes of SHA-256 of its key."""
    return hashlib.sha256(peer).digest()[:KEY]
