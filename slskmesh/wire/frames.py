"""Frames: how messages and chunk data are cut on the wire. Pure: bytes in, numbers out.

    u32be length of what follows | u8 kind | control: one message (wire/codec.py)
                                           | data: u32be stream | u32be chunk | u32be offset in chunk | payload

The bounds of `wire/limits.py` are checked on the five bytes of header, before anything is read or allocated.
"""

from __future__ import annotations

import struct
from typing import Final

from slskmesh.errors import PeerError
from slskmesh.wire.codec import encode
from slskmesh.wire.limits import CHUNKS_MAX, CONTROL_FRAME_MAX, DATA_FRAME_MAX, DATA_HEADER
from slskmesh.wire.messages import Message

CONTROL: Final = 0
DATA: Final = 1

_HEADER = struct.Struct(">IB")
_DATA_HEAD = struct.Struct(">III")
_DATA_FRAME = struct.Struct(">IBIII")


def control_frame(message: Message) -> bytes:
    """A whole control frame."""
    body = encode(message)
    return _HEADER.pack(1 + len(body), CONTROL) + body


def data_frame_header(stream: int, chunk: int, offset: int, length: int) -> bytes:
    """The 17 bytes that go before `length` bytes of payload (1..DATA_FRAME_MAX)."""
    if not 0 < length <= DATA_FRAME_MAX:
        raise ValueError(f"a data frame of {length} bytes")
    return _DATA_FRAME.pack(1 + DATA_HEADER + length, DATA, stream, chunk, offset)


def parse_header(header: bytes | bytearray | memoryview) -> tuple[int, int]:
    """(kind, bytes that follow these five). PeerError: "frame-too-long" or "bad-frame".

    For DATA the bytes that follow are DATA_HEADER bytes for `parse_data_header` and at least one of payload.
    """
    length, kind = _HEADER.unpack(header)
    rest = length - 1
    if kind == CONTROL:
        least, most = 1, CONTROL_FRAME_MAX
    elif kind == DATA:
        least, most = DATA_HEADER + 1, DATA_HEADER + DATA_FRAME_MAX
    else:
        raise PeerError("bad-frame", f"the peer sent a frame of unknown kind {kind}")
    if rest > most:
        raise PeerError("frame-too-long", f"the peer announced a frame of {length} bytes")
    if rest < least:
        raise PeerError("bad-frame", f"the peer announced a frame of only {length} bytes")
    return kind, rest


def parse_data_header(head: bytes | bytearray | memoryview) -> tuple[int, int, int]:
    """(stream, chunk, offset in the chunk in bytes) of a data frame. PeerError: "bad-frame"."""
    stream, chunk, offset = _DATA_HEAD.unpack(head)
    if chunk >= CHUNKS_MAX:
        raise PeerError("bad-frame", f"the peer sent data of chunk {chunk}, which no file has")
    return stream, chunk, offset
