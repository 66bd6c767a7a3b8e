"""Requests and replies as bytes: msgpack of the structs that a service names. The fabric's only decoder. Pure.

Rules:
- Strict: a wrong type, an unknown shape, bytes after the end are PeerErrors; numbers are never read out of text.
- What arrives is decoded into the one type that was expected, so a payload can never choose what it becomes.
"""

from __future__ import annotations

import functools
from typing import Any, TypeVar

import msgspec

from slskmesh.errors import PeerError

S = TypeVar("S", bound=msgspec.Struct)
_encoder = msgspec.msgpack.Encoder()


def encode(value: msgspec.Struct) -> bytes:
    """The payload for `value`."""
    return _encoder.encode(value)


def decode(data: bytes, kind: type[S]) -> S:
    """The `kind` in `data`. PeerError "bad-payload", blamed."""
    try:
        value: S = _decoder(kind).decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MemoryError, OverflowError) as error:
        raise PeerError("bad-payload", f"a payload that is no {kind.__name__}: {error}") from error
    return value


@functools.lru_cache(256)
def _decoder(kind: type[Any]) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)
