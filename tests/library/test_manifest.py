"""Manifests: what they prove, and that nothing else passes for it."""

from __future__ import annotations

import hashlib
import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.library.manifest import (
    Manifest,
    chunk_count,
    chunk_size_for,
    leaf_hash,
    merkle_root,
)
from slskmesh.wire import limits
from tests.library.conftest import manifest_of

contents = st.builds(
    lambda seed, size: (seed * (size // len(seed) + 1))[:size],
    st.binary(min_size=1, max_size=97),
    st.integers(1, 200_000),
)


@given(contents)
@settings(deadline=None, max_examples=60)
def test_every_chunk_matches_itself_and_the_whole_is_proved(data: bytes) -> None:
    manifest = manifest_of(data)
    assert sum(manifest.chunk_length(i) for i in range(manifest.chunks)) == len(data)
    for index in range(manifest.chunks):
        at = index * manifest.chunk_size
        assert manifest.matches(index, data[at : at + manifest.chunk_length(index)])
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(manifest), type=Manifest)
    assert again.prove(manifest.content_id()) == manifest


@given(contents, st.data())
@settings(deadline=None, max_examples=60)
def test_a_flipped_bit_never_matches(data: bytes, draw: st.DataObject) -> None:
    manifest = manifest_of(data)
    index = draw.draw(st.integers(0, manifest.chunks - 1))
    start = index * manifest.chunk_size
    chunk = bytearray(data[start : start + manifest.chunk_length(index)])
    bit = draw.draw(st.integers(0, len(chunk) * 8 - 1))
    chunk[bit // 8] ^= 1 << bit % 8
    assert not manifest.matches(index, chunk)
    assert not manifest.matches(index, chunk[:-1])


@given(contents, st.data())
@settings(deadline=None, max_examples=60)
def test_no_altered_field_is_proved(data: bytes, draw: st.DataObject) -> None:
    manifest = manifest_of(data)
    content = manifest.content_id()

    def altered(raw: bytes) -> bytes:
        at = draw.draw(st.integers(0, len(raw) - 1))
        return raw[:at] + bytes([raw[at] ^ draw.draw(st.integers(1, 255))]) + raw[at + 1 :]

    for lie in (
        msgspec.structs.replace(manifest, size=manifest.size + 1),
        msgspec.structs.replace(manifest, size=-manifest.size),
        msgspec.structs.replace(manifest, size=limits.FILE_MAX + 1),
        msgspec.structs.replace(manifest, chunk_size=manifest.chunk_size * 2),
        msgspec.structs.replace(manifest, sha256=altered(manifest.sha256)),
        msgspec.structs.replace(manifest, sha256=manifest.sha256[:-1]),
        msgspec.structs.replace(manifest, hashes=altered(manifest.hashes)),
        msgspec.structs.replace(manifest, hashes=manifest.hashes + bytes(32)),
        msgspec.structs.replace(manifest, hashes=manifest.hashes[:-32]),
    ):
        with pytest.raises(PeerError) as raised:
            lie.prove(content)
        assert raised.value.code == "false-manifest"
    with pytest.raises(PeerError):
        manifest.prove(altered(content))


def test_an_inner_node_is_no_leaf_and_order_counts() -> None:
    leaves = [leaf_hash(bytes([i])) for i in range(5)]
    inner = [hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest(), leaves[2]]
    assert merkle_root(leaves[:3]) == merkle_root(inner)  # the tree is that of the definition
    assert merkle_root([leaf_hash(leaves[0] + leaves[1])]) != merkle_root(leaves[:2])
    roots = {merkle_root(order) for order in itertools.permutations(leaves)}
    assert len(roots) == 120
    assert merkle_root([]) == hashlib.sha256(b"\0").digest()


@given(st.integers(1, limits.FILE_MAX))
@settings(deadline=None)
def test_every_size_has_a_chunking_within_the_wires_limits(size: int) -> None:
    chunk = chunk_size_for(size)
    assert limits.CHUNK_MIN <= chunk <= limits.CHUNK_MAX
    assert limits.CHUNK_MAX % chunk == 0
    assert 1 <= chunk_count(size, chunk) <= limits.CHUNKS_MAX


def test_known_answer() -> None:
    """The id of a fixed content must never change: peers would no longer find each other's files."""
    content = manifest_of(bytes(range(256)) * 300).content_id()
    assert content.hex() == "e98a5c218e6026d0a21002e42f83962ff0755c7eabdcaca665c186d2b5ba1e5c"
