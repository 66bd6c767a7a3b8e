"""Topics: what keys of the table stand for. A key is 20 bytes of a hash over kind and name; nothing reads it back."""

from __future__ import annotations

import hashlib

from slskmesh.dht.record import KEY


def _key(kind: str, name: bytes) -> bytes:
    return hashlib.sha256(b"slskmesh/topic/1\0" + kind.encode("ascii") + b"\0" + name).digest()[:KEY]


def peer_endpoints(peer: bytes) -> bytes:
    """Where a peer listens; only records that this peer itself published count."""
    return _key("peer", peer)


def content(content_id: bytes) -> bytes:
    """Who holds the content of this id."""
    return _key("content", content_id)


def mbid(kind: str, identifier: str) -> bytes:
    """Who holds music of a MusicBrainz id; `kind` is "release", "recording" or another of its entities."""
    return _key(f"mbid:{kind}", identifier.lower().encode("ascii"))


def scene(scene_id: str) -> bytes:
    """Who is in a scene."""
    return _key("scene", scene_id.encode())


def service(name: str) -> bytes:
    """Who offers a service; its records are descriptors."""
    return _key("svc", name.encode())


def contribution(peer: bytes) -> bytes:
    """What others say a peer contributed."""
    return _key("contribution", peer)


def soft_ban(peer: bytes) -> bytes:
    """What others say against a peer: hints, never orders."""
    return _key("soft-ban", peer)
