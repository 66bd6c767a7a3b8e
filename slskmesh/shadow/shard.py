"""Shards: what one peer says of one release or recording in the table, lossy and at most 512 bytes. Pure.

A payload is one byte of version and a msgpack array. The record around it (`dht.record`) is what signs it.

Rules:
- Never a name, a title, a path or an address. A variant is told by codec, grade and eight bytes of a hash.
- One shard has one encoding; any other spelling, and whatever is out of bounds, is its publisher's fault.
- A version newer than ours is no fault: it is passed over.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from slskmesh.errors import PeerError
from slskmesh.shadow.sketch import EMPTY, SKETCH_BYTES

VERSION: Final = 1
SHARD_MAX: Final = 512
HINTS_MAX: Final = 6
CODEC_MAX: Final = 12
PREFIX_BYTES: Final = 8
BITMAP_MAX: Final = 32  # places 1 to 256
TTL: Final = 6 * 3600.0

TAGS: Final = 0  # what the files' tags say
CHECKED: Final = 1  # recordings and lengths held against the catalogue

_U8 = Annotated[int, Meta(ge=0, le=255)]
_U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]


class Hint(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One variant of what is held: so many tracks of one codec and grade (`holdings.grade`).

    `prefix` is the beginning of a hash over the audio of those tracks, sorted: two who hold the same have the same.
    """

    codec: Annotated[str, Meta(max_length=CODEC_MAX, pattern=r"\A[A-Za-z0-9+.-]*\Z")]
    grade: _U8
    prefix: Annotated[bytes, Meta(min_length=PREFIX_BYTES, max_length=PREFIX_BYTES)]
    tracks: _U16


class Shard(msgspec.Struct, frozen=True, array_like=True):
    """`held` tracks of `total` (0 unknown); bit i of `places`, most significant first, is place i+1 in the release.

    `day` counts days from 1970: when the publisher last made sure. `sketch` is of the peers it knows to hold it.
    """

    level: Annotated[int, Meta(ge=TAGS, le=CHECKED)]
    held: Annotated[int, Meta(ge=1, le=0xFFFF)]
    total: _U16
    day: Annotated[int, Meta(ge=0, le=0xFFFF)]
    places: Annotated[bytes, Meta(max_length=BITMAP_MAX)] = b""
    hints: Annotated[tuple[Hint, ...], Meta(max_length=HINTS_MAX)] = ()
    sketch: Annotated[bytes, Meta(min_length=SKETCH_BYTES, max_length=SKETCH_BYTES)] = EMPTY


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Shard)


def encode(shard: Shard) -> bytes:
    """The one encoding, at most SHARD_MAX bytes. ValueError: the shard contradicts itself."""
    if wrong := _contradiction(shard):
        raise ValueError(wrong)
    return bytes([VERSION]) + _encoder.encode(shard)


def decode(payload: bytes) -> Shard | None:
    """The shard in `payload`; None for a newer version. PeerError("bad-shard")."""
    if not payload or len(payload) > SHARD_MAX:
        raise PeerError("bad-shard", f"a shard of {len(payload)} bytes")
    if payload[0] > VERSION:
        return None
    try:
        shard = _decoder.decode(payload[1:])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise PeerError("bad-shard", f"a shard that cannot be read: {error}") from error
    wrong = _contradiction(shard)
    if wrong or bytes([VERSION]) + _encoder.encode(shard) != payload:
        raise PeerError("bad-shard", wrong or "a shard in another spelling than its own")
    return shard


def bitmap(places: set[int]) -> bytes:
    """`Shard.places` of places from 1; those beyond 256 are left out."""
    bits = bytearray(BITMAP_MAX)
    for place in places:
        if 1 <= place <= 8 * BITMAP_MAX:
            bits[(place - 1) // 8] |= 0x80 >> (place - 1) % 8
    return bytes(bits).rstrip(b"\0")


def places_of(shard: Shard) -> set[int]:
    """Places from 1 that the shard says are held; empty where it does not tell."""
    number, width = int.from_bytes(shard.places, "big"), 8 * len(shard.places)
    return {i + 1 for i in range(width) if number >> (width - 1 - i) & 1}


def _contradiction(shard: Shard) -> str:
    marked = shard.places.hex() and int.from_bytes(shard.places, "big").bit_count()
    if marked and (shard.places[-1] == 0 or marked > shard.held):
        return "a shard whose places and count contradict each other"
    if shard.places and not marked:
        return "a shard whose places are empty"
    if shard.total and shard.held > shard.total:
        return "a shard of more tracks than there are"
    if list(shard.hints) != sorted(set(shard.hints)):
        return "a shard whose hints are not in order"
    return ""
