"""Every bound of the overlay's wire format, in one place.

A field that is not bounded here does not go on the wire. Sizes are bytes unless the name says otherwise.
Sources: research of the documents' limits (000 section 9, 003 "security model"); libtorrent's piece-size table.
"""

from __future__ import annotations

from typing import Final

PROTOCOL_VERSION: Final = 1

# Frames
FRAME_HEADER: Final = 5  # u32 length of what follows the length field, u8 kind
CONTROL_FRAME_MAX: Final = 64 * 1024
DATA_HEADER: Final = 12  # u32 stream, u32 chunk, u32 offset inside the chunk
DATA_FRAME_MAX: Final = 256 * 1024  # payload bytes of one data frame
DATA_FRAME_MIN: Final = 2 * 1024  # a slow link never goes below this, 16 KiB is where a link starts
DATA_FRAME_START: Final = 16 * 1024

# Content
KEY_BYTES: Final = 32
HASH_BYTES: Final = 32
CHUNK_MIN: Final = 16 * 1024
CHUNK_MAX: Final = 1024 * 1024
CHUNKS_MAX: Final = 65_536
FILE_MAX: Final = CHUNKS_MAX * CHUNK_MAX  # 64 GiB
MANIFEST_PART_HASHES: Final = 1024  # hashes in one ManifestPart: 32 KiB, so a slow link is not blocked by it
BITFIELD_MAX: Final = CHUNKS_MAX // 8
WANT_MAX: Final = 64  # chunks named in one Want or Cancel
HAVE_MAX: Final = 256  # chunks named in one Have
STREAMS_MAX: Final = 256  # streams one peer may hold open on one session

# Text
AGENT_MAX: Final = 64
NAME_MAX: Final = 64
REASON_MAX: Final = 200
QUERY_MAX: Final = 256
FILE_NAME_MAX: Final = 255
FOLDER_MAX: Final = 1024
TAG_MAX: Final = 200
FEATURE_MAX: Final = 32
FEATURES_MAX: Final = 32

# Search
HITS_PER_MESSAGE: Final = 40
HITS_PER_QUERY: Final = 500

# MusicBrainz ids
MBID_BYTES: Final = 16

# Fabric (003 part 1; research features 2.2)
SERVICE_NAME_MAX: Final = 32
METHOD_NAME_MAX: Final = 32
CALL_MAX: Final = 16 * 1024  # bytes of one call's payload
REPLY_MAX: Final = 48 * 1024  # bytes of one part of a reply
REPLY_PARTS_MAX: Final = 64  # parts of a streamed reply
DEADLINE_MAX: Final = 60_000  # ms a call may take

# Jobs shared with peers
JOB_ID_BYTES: Final = 8
CACHE_ITEMS_MAX: Final = 256
