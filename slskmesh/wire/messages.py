"""The overlay's control messages: what peers say to each other beside raw chunk data.

Rules:
- Each message is a msgpack array [tag, field, ...] in the order written here; tags are never reused.
- Every field is bounded (`wire/limits.py`); a message outside its bounds is the sender's fault (PeerError).
- Streams are directional and opened by the side that wants data: `stream` is a u32 the opener chose, unique in
  its session and direction of opening. Raw chunk bytes travel in data frames (`wire/frames.py`), not here.
- Fields are only ever added at the end with a default, so that version 1 peers go on understanding each other.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from slskmesh.wire import limits as lim

U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]
U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
U63 = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF_FFFF_FFFF)]
Size = Annotated[int, Meta(ge=0, le=lim.FILE_MAX)]
Hash = Annotated[bytes, Meta(min_length=lim.HASH_BYTES, max_length=lim.HASH_BYTES)]
ChunkIndex = Annotated[int, Meta(ge=0, lt=lim.CHUNKS_MAX)]
ChunkSize = Annotated[int, Meta(ge=lim.CHUNK_MIN, le=lim.CHUNK_MAX)]
Reason = Annotated[str, Meta(max_length=lim.REASON_MAX)]
Tag = Annotated[str, Meta(max_length=lim.TAG_MAX)]
Mbid = Annotated[bytes, Meta(min_length=lim.MBID_BYTES, max_length=lim.MBID_BYTES)]
MaybeMbid = Annotated[
    bytes, Meta(max_length=lim.MBID_BYTES)
]  # empty or 16 bytes; another length is refused where read
Chunks = Annotated[tuple[ChunkIndex, ...], Meta(min_length=1, max_length=lim.WANT_MAX)]


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all control messages."""


# -- session ---------------------------------------------------------------------------------------------------


class Hello(Message, frozen=True, tag=1):
    """First frame of each side. The dialler counts the session as up only after the listener's Hello."""

    version: U16
    clock: U63  # sender's wall clock, Unix seconds
    port: U16  # where the sender listens, 0 if it does not
    agent: Annotated[str, Meta(max_length=lim.AGENT_MAX)]
    name: Annotated[str, Meta(max_length=lim.NAME_MAX)] = (
        ""  # free text chosen by the peer; hostile until sanitised
    )
    features: Annotated[
        tuple[Annotated[str, Meta(max_length=lim.FEATURE_MAX)], ...], Meta(max_length=lim.FEATURES_MAX)
    ] = ()
    dht: U16 = 0  # UDP port of the sender's node of the table, 0 if it has none that others can reach


class Ping(Message, frozen=True, tag=2):
    """Asks for a Pong with the same token; measures the round trip and keeps the line alive."""

    token: U63


class Pong(Message, frozen=True, tag=3):
    """Answer to Ping."""

    token: U63


class Bye(Message, frozen=True, tag=4):
    """The sender is about to close, and why (a `PeerError.code` or "shutdown", "duplicate", "blocked", "full")."""

    code: Annotated[str, Meta(max_length=32)]
    reason: Reason = ""


# -- text search over connected neighbours ---------------------------------------------------------------------


class Search(Message, frozen=True, tag=16):
    """Asks a neighbour what it shares under these words. Never forwarded."""

    query: U32  # chosen by the asker, unique in its session
    text: Annotated[str, Meta(min_length=1, max_length=lim.QUERY_MAX)]
    limit: Annotated[int, Meta(ge=1, le=lim.HITS_PER_QUERY)] = 100


class Hit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One shared file. Zero or empty means unknown. Durations in milliseconds, bit rate in bit/s."""

    content: Hash
    size: Size
    domain: Annotated[int, Meta(ge=1, le=2)]  # 1 Music, 2 GenericFile
    name: Annotated[str, Meta(min_length=1, max_length=lim.FILE_NAME_MAX)]
    folder: Annotated[str, Meta(max_length=lim.FOLDER_MAX)] = ""
    format: Annotated[str, Meta(max_length=16)] = ""
    artist: Tag = ""
    album: Tag = ""
    title: Tag = ""
    track: U16 = 0
    disc: U16 = 0
    year: U16 = 0
    duration: U32 = 0
    bitrate: U32 = 0
    sample_rate: U32 = 0
    bit_depth: U16 = 0
    channels: U16 = 0
    recording: MaybeMbid = b""
    release: MaybeMbid = b""


class Hits(Message, frozen=True, tag=17):
    """A part of the answer to a Search; the last part says `done`. `dropped` counts hits left out by a limit."""

    query: U32
    hits: Annotated[tuple[Hit, ...], Meta(max_length=lim.HITS_PER_MESSAGE)]
    done: bool
    dropped: U32 = 0


class SearchRefused(Message, frozen=True, tag=18):
    """The neighbour will not answer now (rate limit, nothing shared)."""

    query: U32
    reason: Reason
    retry_ms: U32 = 0


class SearchCancel(Message, frozen=True, tag=19):
    """The asker no longer wants more hits for this query."""

    query: U32


# -- swarm: the side that wants data opens the stream ----------------------------------------------------------


class Join(Message, frozen=True, tag=32):
    """Opens a stream for one content: "what do you have of this, and may I fetch it?"."""

    stream: U32
    content: Hash


class Joined(Message, frozen=True, tag=33):
    """The content is (at least partly) here. `bitfield` is empty where the sender has every chunk.

    Bit i of the bitfield is chunk i, most significant bit first, length exactly ceil(chunks / 8), spare bits zero.
    """

    stream: U32
    size: Size
    chunk_size: ChunkSize
    sha256: Hash  # of the whole file
    bitfield: Annotated[bytes, Meta(max_length=lim.BITFIELD_MAX)] = b""


class Gone(Message, frozen=True, tag=34):
    """The sender does not have the content, or no longer has it; the stream is closed by this message."""

    stream: U32
    code: Annotated[
        str, Meta(max_length=32)
    ]  # "unknown", "vanished", "changed", "unreadable", "stopped", "limit"
    reason: Reason = ""


class WantManifest(Message, frozen=True, tag=35):
    """Asks for the chunk hashes of the stream's content, from hash `first` on, all of the rest."""

    stream: U32
    first: ChunkIndex = 0


class ManifestPart(Message, frozen=True, tag=36):
    """SHA-256 hashes of chunks first, first+1, ... concatenated: a multiple of 32 bytes."""

    stream: U32
    first: ChunkIndex
    hashes: Annotated[
        bytes, Meta(min_length=lim.HASH_BYTES, max_length=lim.MANIFEST_PART_HASHES * lim.HASH_BYTES)
    ]


class Have(Message, frozen=True, tag=37):
    """The uploader of this stream verified more chunks (it is still downloading itself)."""

    stream: U32
    chunks: Annotated[tuple[ChunkIndex, ...], Meta(min_length=1, max_length=lim.HAVE_MAX)]


class Want(Message, frozen=True, tag=38):
    """Requests chunks, answered in this order by data frames. Asked while choked, they are Refused."""

    stream: U32
    chunks: Chunks


class Cancel(Message, frozen=True, tag=39):
    """Takes requests back; the uploader drops what it has not yet begun to send and answers nothing for it."""

    stream: U32
    chunks: Chunks


class Choke(Message, frozen=True, tag=40):
    """No upload slot now. `place` is the place in the uploader's queue, 1 = next, 0 = unknown. Requests are dropped."""

    stream: U32
    place: U16 = 0


class Unchoke(Message, frozen=True, tag=41):
    """An upload slot is yours: requests are served."""

    stream: U32


class Refused(Message, frozen=True, tag=42):
    """These chunks cannot be served: "choked", "unreadable", "absent", "limit"."""

    stream: U32
    chunks: Chunks
    code: Annotated[str, Meta(max_length=32)]


class Leave(Message, frozen=True, tag=43):
    """The opener wants nothing more from this stream."""

    stream: U32


# -- fabric: calls by service name (slskmesh/fabric) ---------------------------------------------------------------


class Call(Message, frozen=True, tag=48):
    """Asks a service of the peer. `call` is the correlation id, unique in the caller's session while it is open."""

    call: U32
    service: Annotated[str, Meta(min_length=1, max_length=lim.SERVICE_NAME_MAX)]
    method: Annotated[str, Meta(min_length=1, max_length=lim.METHOD_NAME_MAX)]
    deadline: Annotated[int, Meta(ge=1, le=lim.DEADLINE_MAX)]  # ms from its arrival; then the callee gives up
    payload: Annotated[bytes, Meta(max_length=lim.CALL_MAX)] = b""


class CallReply(Message, frozen=True, tag=49):
    """One part of the answer. `more`: further parts follow. `status` is of `fabric.status`; not OK ends the call."""

    call: U32
    status: Annotated[int, Meta(ge=0, le=15)]
    payload: Annotated[bytes, Meta(max_length=lim.REPLY_MAX)] = b""
    more: bool = False
    error: Reason = ""


class CallCancel(Message, frozen=True, tag=50):
    """The caller wants no (more) answer."""

    call: U32


# -- jobs: who else works on the same release (000 section 5.4, mesh_cache_job) --------------------------------------


class CacheItem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One content of the sender's job: its place in the release (from 1 over all media), and whether it is whole."""

    content: Hash
    track: U16
    done: bool


class CacheJob(Message, frozen=True, tag=64):
    """The sender works on a release (or stopped: not `open`): what it fetches and has. Replaces its earlier word."""

    job: Annotated[
        bytes, Meta(min_length=lim.JOB_ID_BYTES, max_length=lim.JOB_ID_BYTES)
    ]  # random, new each run
    release: Mbid
    open: bool
    items: Annotated[tuple[CacheItem, ...], Meta(max_length=lim.CACHE_ITEMS_MAX)] = ()


AnyMessage = (
    Hello
    | Ping
    | Pong
    | Bye
    | Search
    | Hits
    | SearchRefused
    | SearchCancel
    | Join
    | Joined
    | Gone
    | WantManifest
    | ManifestPart
    | Have
    | Want
    | Cancel
    | Choke
    | Unchoke
    | Refused
    | Leave
    | Call
    | CallReply
    | CallCancel
    | CacheJob
)

MESSAGE_TYPES: Final[tuple[type[Message], ...]] = AnyMessage.__args__
