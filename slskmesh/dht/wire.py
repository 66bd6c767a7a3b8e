"""Datagrams: u8 version, 16 bytes call id, one msgpack body. Typed, every field bounded, at most 1200 bytes.

Rules:
- Whatever arrives gives a datagram inside its bounds or PeerError("bad-datagram"); nothing else escapes.
- A request names the id it expects at the address (`to`): a false hint about an honest node's address leads nowhere.
- Answers are matched by call id and address; they carry records (which prove themselves) and hints (which do not).
- `closed` in a request is only a word: it saves the asked node a hello, or makes it ask again whom it knows.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from slskmesh.dht.record import DIGEST, KEY, RECORD_MAX
from slskmesh.dht.tokens import TOKEN
from slskmesh.errors import PeerError
from slskmesh.identity.peerid import KEY_BYTES
from slskmesh.identity.signing import SIGNATURE_BYTES

VERSION: Final = 1
CALL: Final = 16
HEADER: Final = 1 + CALL
DATAGRAM_MAX: Final = 1200
NONCE: Final = 16
HINTS_MAX: Final = 8
STORE_MAX: Final = 12  # records in one Store
AMPLIFICATION: Final = 3  # all we send to an unproven host is at most this many times what came from it
HELLO_PAD: Final = 112  # bytes of a hello; what is kept of the above for the hello we may send back
ASK_PAD: Final = 160  # bytes of a question to a node that gave no token yet and may not exist
READ_PAD: Final = 430  # bytes of a read from a node that has answered before but gave no token lately
V4: Final = 1  # families an asker can send to, as a sum
V6: Final = 2

_Id = Annotated[bytes, msgspec.Meta(min_length=KEY, max_length=KEY)]
_Key = Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
_Endpoint = Annotated[bytes, msgspec.Meta(min_length=6, max_length=18)]
_Token = Annotated[bytes, msgspec.Meta(max_length=TOKEN)]
_Record = Annotated[bytes, msgspec.Meta(max_length=RECORD_MAX)]
_Pad = Annotated[bytes, msgspec.Meta(max_length=DATAGRAM_MAX)]
_Families = Annotated[int, msgspec.Meta(ge=1, le=V4 | V6)]


class Hint(msgspec.Struct, frozen=True, array_like=True):
    """A node somebody mentions: nothing is proven about it."""

    node: _Id
    endpoint: _Endpoint


_Hints = Annotated[list[Hint], msgspec.Meta(max_length=HINTS_MAX)]


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """Asks who is at this address."""

    sender: _Id
    nonce: Annotated[bytes, msgspec.Meta(min_length=NONCE, max_length=NONCE)]
    closed: bool = False
    pad: _Pad = b""


class FindNode(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """Asks for the nodes nearest to `target`; `token` proves the address, else `pad` pays for the answer."""

    sender: _Id
    to: _Id
    target: _Id
    token: _Token = b""
    families: _Families = V4 | V6
    closed: bool = False
    pad: _Pad = b""


class FindValue(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Asks for records under `key` of publishers beyond `after` (b"" from the first)."""

    sender: _Id
    to: _Id
    key: _Id
    after: Annotated[bytes, msgspec.Meta(max_length=KEY_BYTES)] = b""
    token: _Token = b""
    families: _Families = V4 | V6
    closed: bool = False
    pad: _Pad = b""


class Store(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """Offers records under `key`; nothing is taken without a valid token."""

    sender: _Id
    to: _Id
    key: _Id
    token: _Token
    records: Annotated[list[_Record], msgspec.Meta(max_length=STORE_MAX)]


class HelloAnswer(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """The answerer's key, where it saw the asker, whether it cannot be asked by strangers, and its signature."""

    peer: _Key
    seen: _Endpoint
    closed: bool
    signature: Annotated[bytes, msgspec.Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class Nodes(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """Answer to FindNode."""

    token: _Token
    hints: _Hints


class Values(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """Answer to FindValue: a page of records, digest and count of all the holder has under the key."""

    token: _Token
    hints: _Hints
    records: Annotated[list[_Record], msgspec.Meta(max_length=64)]
    digest: Annotated[bytes, msgspec.Meta(min_length=DIGEST, max_length=DIGEST)]
    count: Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Stored(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """Answer to Store: for each record, whether it (or a newer one) is held now."""

    held: Annotated[list[bool], msgspec.Meta(max_length=STORE_MAX)]


class Probe(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """Asks that another node greet the asker at the address this comes from: can strangers reach it?"""

    sender: _Id
    to: _Id
    token: _Token


class Knock(msgspec.Struct, frozen=True, array_like=True, tag=9):
    """Asks to greet `node` at `endpoint`, once, for its `Probe`."""

    sender: _Id
    to: _Id
    token: _Token
    node: _Id
    endpoint: _Endpoint


class Probed(msgspec.Struct, frozen=True, array_like=True, tag=10):
    """Answer to Probe: where the node is that will be asked to greet; to Knock: who will be greeted; b"" nobody."""

    endpoint: Annotated[bytes, msgspec.Meta(max_length=18)]


Request = Hello | FindNode | FindValue | Store | Probe | Knock
Answer = HelloAnswer | Nodes | Values | Stored | Probed
ANSWERS: Final = (HelloAnswer, Nodes, Values, Stored, Probed)
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Request | Answer] = msgspec.msgpack.Decoder(Request | Answer)


def encode(call: bytes, body: Request | Answer) -> bytes:
    """The datagram. ValueError if it is longer than DATAGRAM_MAX: whoever fills it counts."""
    data = bytes((VERSION,)) + call + _encoder.encode(body)
    if len(data) > DATAGRAM_MAX:
        raise ValueError(f"{type(body).__name__} of {len(data)} bytes does not fit a datagram")
    return data


def decode(data: bytes) -> tuple[bytes, Request | Answer]:
    """(call id, body) of a datagram; PeerError("bad-datagram")."""
    if not HEADER < len(data) <= DATAGRAM_MAX or data[0] != VERSION:
        raise PeerError("bad-datagram", f"a datagram of {len(data)} bytes that is none of ours")
    try:
        return data[1:HEADER], _decoder.decode(data[HEADER:])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise PeerError("bad-datagram", f"a datagram that cannot be read: {error}") from error


def padded(body: Request, size: int) -> Request:
    """`body` filled up so that its datagram has about `size` bytes."""
    short = size - HEADER - len(_encoder.encode(body)) - 2
    if short <= 0 or not isinstance(body, Hello | FindNode | FindValue):
        return body
    return msgspec.structs.replace(body, pad=bytes(short))


def size_of(body: Request | Answer) -> int:
    """Bytes of the datagram `body` makes."""
    return HEADER + len(_encoder.encode(body))
