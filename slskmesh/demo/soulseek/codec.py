"""Bytes of a client's line to the server, to messages and back; the one place here that meets aioslsk's errors.

Rules:
- A message has a length of four bytes, then a code of four; longer than MESSAGE_MAX costs the line.
- Bytes that are no message of their code are a PeerError "bad-message"; an unknown code is None, and ignored.
- What the library would write to a log holds names and texts of users, so `silence` it.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from aioslsk.exceptions import UnknownMessageError
from aioslsk.protocol import messages, primitives

from slskmesh.errors import PeerError

MESSAGE_MAX: Final = 8192
_LENGTH: Final = struct.Struct("<I")


@dataclass(order=True, slots=True)
class Refusal(primitives.MessageDataclass):  # type: ignore[misc]
    """A login that is refused, with the detail a bad name gets; aioslsk's own answer has no such field."""

    MESSAGE_ID: ClassVar[Any] = primitives.uint32(1)
    success: bool = field(metadata={"type": primitives.boolean})
    reason: str = field(metadata={"type": primitives.string})
    detail: str | None = field(default=None, metadata={"type": primitives.string, "optional": True})


def silence() -> None:
    """The library's logs hold names and texts of users: nothing of it is written."""
    logging.getLogger("aioslsk").setLevel(logging.CRITICAL + 1)


async def read_message(reader: asyncio.StreamReader) -> bytes | None:
    """One message with its length in front; None at the line's end. PeerError if it is too long or cut off."""
    try:
        head = await reader.readexactly(_LENGTH.size)
        (length,) = _LENGTH.unpack(head)
        if not 4 <= length <= MESSAGE_MAX:
            raise PeerError("message-length", f"a message of {length} bytes")
        return head + await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        if error.partial or error.expected != _LENGTH.size:
            raise PeerError("cut-off", "the line ended inside a message", blame=False) from error
        return None
    except OSError as error:
        raise PeerError("gone", f"the line broke: {error}", blame=False) from error


def decode(data: bytes) -> Any | None:
    """The request in `data`; None for a code aioslsk does not know as a request."""
    try:
        return messages.ServerMessage.deserialize_request(data)
    except UnknownMessageError:
        return None
    except Exception as error:  # the library raises bare ones for strings that are too short
        raise PeerError("bad-message", f"{len(data)} bytes are no message: {error}") from error


def encode(message: Any) -> bytes:
    """A message with its length in front."""
    return bytes(message.serialize())
