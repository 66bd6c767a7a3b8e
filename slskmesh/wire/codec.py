"""Control messages to bytes and back: msgspec's msgpack, typed and bounded. The only decoder of foreign bytes.

Rules:
- Whatever arrives gives a message inside its bounds or a PeerError; nothing else escapes.
- A length that a sender claims is never allocated before it is checked against the bytes that came.
"""

from __future__ import annotations

import msgspec

from slskmesh.errors import PeerError
from slskmesh.wire.limits import CONTROL_FRAME_MAX
from slskmesh.wire.messages import AnyMessage, Message

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(AnyMessage)


def encode(message: Message) -> bytes:
    """Body of a control frame. ValueError if it is longer than CONTROL_FRAME_MAX: the caller splits what can grow."""
    body = _encoder.encode(message)
    if len(body) > CONTROL_FRAME_MAX:
        raise ValueError(f"{type(message).__name__} of {len(body)} bytes does not fit a control frame")
    return body


def decode(data: bytes | bytearray | memoryview) -> Message:
    """The message in a control frame's body. PeerError: "message-too-long" or "bad-message"."""
    if len(data) > CONTROL_FRAME_MAX:
        raise PeerError("message-too-long", f"the peer sent a control message of {len(data)} bytes")
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MemoryError, OverflowError) as error:
        raise PeerError("bad-message", f"the peer sent a message that cannot be read: {error}") from error
