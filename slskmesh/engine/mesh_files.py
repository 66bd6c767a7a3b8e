"""A peer's file as rooms that know the Soulseek network's form take it. Pure."""

from __future__ import annotations

from slskmesh.soulseek.values import Attributes, RemoteFile
from slskmesh.wire.messages import Hit


def as_remote(hit: Hit) -> RemoteFile:
    """Paths with backslashes, seconds and kbit/s; what the hit does not tell is unknown."""
    said = Attributes(
        bitrate=hit.bitrate // 1000 or None,
        duration=round(hit.duration / 1000) or None,
        sample_rate=hit.sample_rate or None,
        bit_depth=hit.bit_depth or None,
    )
    return RemoteFile(f"{hit.folder}/{hit.name}".replace("/", "\\"), hit.size, said)
