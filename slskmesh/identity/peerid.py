"""Peer ids: a peer is its Ed25519 public key and nothing else (design.md 2.4).

Text form: "sm1" + 56 base32 characters (lower case) of the 32 key bytes and 3 checksum bytes, the first of
SHA-256("slskmesh/peer/1" 0x00 key). When it is read, case, spaces and dashes do not count: people copy groups.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final, NewType

from slskmesh.errors import UserError

PeerId = NewType("PeerId", bytes)

KEY_BYTES: Final = 32
PREFIX: Final = "sm1"
_TEXT_CHARS: Final = 59
_ALPHABET: Final = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def _checksum(key: bytes) -> bytes:
    return hashlib.sha256(b"slskmesh/peer/1\0" + key).digest()[:3]


def peer_text(peer: PeerId) -> str:
    """Full text form, 59 characters."""
    return PREFIX + base64.b32encode(peer + _checksum(peer)).decode("ascii").lower()


def peer_short(peer: PeerId) -> str:
    """Short form for lists, "k:7f3a..9c". It names nobody for certain: two peers may share it."""
    return f"k:{peer[:2].hex()}..{peer[-1:].hex()}"


def parse_peer(text: str) -> PeerId:
    """The peer of a full text form; UserError says what is wrong with it."""
    word = "".join(text.split()).replace("-", "").lower()
    if not word.startswith(PREFIX):
        raise UserError(f'a peer id begins with "{PREFIX}", this begins with {word[:8]!r}')
    if len(word) != _TEXT_CHARS:
        raise UserError(f"a peer id has {_TEXT_CHARS} characters, this has {len(word)}")
    if wrong := sorted(set(word[len(PREFIX) :]) - _ALPHABET):
        raise UserError(f"a peer id holds only the letters a-z and the digits 2-7, this holds {wrong[0]!r}")
    raw = base64.b32decode(word[len(PREFIX) :].upper())
    key = raw[:KEY_BYTES]
    if raw[KEY_BYTES:] != _checksum(key):
        raise UserError("the peer id's checksum does not fit: a character was mistyped or left out")
    return PeerId(key)
