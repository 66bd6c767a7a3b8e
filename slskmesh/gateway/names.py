"""Names under which programs know what the engine names otherwise: ids of transfers, users, remote files. Pure.

Rules:
- A transfer's id is its key written as a UUID: of a content id the first half, which is what a UUID holds.
- A peer's user name is "mesh:" and the first 8 characters of its text form. It names nobody for certain: two peers may
  share it, and a Soulseek user may call himself so. What a program was shown of a file decides, not the name alone.
- A remote file's parts are parted by backslashes, whichever network it is of.
"""

from __future__ import annotations

import re
from typing import Final

from slskmesh.engine.hit_facts import remote_path
from slskmesh.engine.views import HitView
from slskmesh.gateway.answers import GatewayError

MESH: Final = "mesh:"
_PEER_CHARS: Final = 8
_KEY: Final = re.compile(r"[0-9a-f]{32}(?:[0-9a-f]{32})?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")


def uuid_of_key(key: str) -> str:
    """The id of a transfer, given the 32 hexadecimal digits of its key or the 64 of its content id. Else ValueError."""
    if not _KEY.fullmatch(key):
        raise ValueError("a key is 32 or 64 hexadecimal digits")
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:32]}"


def key_of_uuid(text: str) -> str:
    """The 32 hexadecimal digits of an id, in small letters, dashes or not. GatewayError 400: it is none."""
    lower = text.lower()
    if not _UUID.fullmatch(lower):
        raise GatewayError(400, "this is no id: a UUID has 32 hexadecimal digits")
    return lower.replace("-", "")


def mesh_user(peer: str) -> str:
    """The user name of a peer, given its text form."""
    return MESH + peer[:_PEER_CHARS]


def is_mesh_user(name: str) -> bool:
    """Whether a user name looks like a peer's."""
    return name.startswith(MESH) and len(name) == len(MESH) + _PEER_CHARS


def remote_name(hit: HitView) -> str:
    """The whole remote path of a hit of either network."""
    return remote_path(hit)
