"""Collecting a manifest: in order, exactly the promised size, proved by somebody else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.library.manifest import chunk_size_for
from slskmesh.swarm.manifest_fetch import ManifestFetch, check_head
from slskmesh.wire.messages import Joined, ManifestPart
from tests.swarm.memory import manifest_of

MANIFEST = manifest_of(random.Random(3).randbytes(300_000))
HEAD = Joined(1, MANIFEST.size, MANIFEST.chunk_size, MANIFEST.sha256, b"")


@given(st.lists(st.integers(1, 5), min_size=1))
def test_parts_of_any_length_make_the_manifest(lengths: list[int]) -> None:
    fetch, at = ManifestFetch(HEAD), 0
    for length in lengths + [1] * MANIFEST.chunks:
        part = MANIFEST.hashes[at * 32 : (at + length) * 32]
        if not part:
            break
        assert not fetch.whole
        fetch.take(ManifestPart(1, at, part))
        at += len(part) // 32
    assert fetch.whole and fetch.news.is_set()
    assert fetch.manifest().prove(MANIFEST.content_id()) == MANIFEST


@pytest.mark.parametrize(
    ("first", "hashes"),
    [
        (1, MANIFEST.hashes[32:64]),  # a gap
        (0, MANIFEST.hashes + bytes(32)),  # more than was promised
        (0, MANIFEST.hashes[:33]),  # half a hash
    ],
)
def test_a_part_that_does_not_follow_is_the_peers_fault(first: int, hashes: bytes) -> None:
    fetch = ManifestFetch(HEAD)
    with pytest.raises(PeerError) as caught:
        fetch.take(ManifestPart(1, first, hashes))
    assert caught.value.code == "bad-manifest-part" and caught.value.blame
    fetch.take(ManifestPart(1, 0, MANIFEST.hashes))
    with pytest.raises(PeerError):
        fetch.take(ManifestPart(1, 0, MANIFEST.hashes[:32]))  # a second time


def test_a_size_and_a_chunk_size_must_fit_each_other() -> None:
    assert check_head(HEAD) == MANIFEST.chunks
    assert check_head(Joined(1, 0, chunk_size_for(0), bytes(32), b"")) == 0
    for size, chunk_size in ((300_000, MANIFEST.chunk_size * 2), (2**40, 1 << 20), (2**40, 16_384)):
        with pytest.raises(PeerError) as caught:
            check_head(Joined(1, size, chunk_size, bytes(32), b""))
        assert caught.value.code == "bad-joined"
