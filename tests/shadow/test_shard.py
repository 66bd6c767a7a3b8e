"""Shards: one spelling, bounds, and a size that always fits a record."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.dht.record import PAYLOAD_MAX
from slskmesh.errors import PeerError
from slskmesh.shadow import shard as shards
from slskmesh.shadow.shard import Hint, Shard

hints = st.builds(
    Hint,
    st.text("ABCXYZabcxyz019+.-", max_size=shards.CODEC_MAX),
    st.integers(0, 255),
    st.binary(min_size=8, max_size=8),
    st.integers(0, 0xFFFF),
)


@st.composite
def legal(draw: st.DrawFn) -> Shard:
    places = draw(st.sets(st.integers(1, 256), max_size=256))
    held = draw(st.integers(max(1, len(places)), 0xFFFF))
    return Shard(
        draw(st.integers(0, 1)),
        held,
        draw(st.just(0) | st.integers(held, 0xFFFF)),
        draw(st.integers(0, 0xFFFF)),
        shards.bitmap(places),
        tuple(sorted(draw(st.sets(hints, max_size=shards.HINTS_MAX)))),
        draw(st.binary(min_size=64, max_size=64)),
    )


@given(legal())
def test_what_is_written_is_read_back_and_always_fits(shard: Shard) -> None:
    payload = shards.encode(shard)
    assert len(payload) <= shards.SHARD_MAX == PAYLOAD_MAX
    assert shards.decode(payload) == shard
    assert shards.bitmap(shards.places_of(shard)) == shard.places


def test_the_longest_legal_shard_fits() -> None:
    full = tuple(Hint("A" * shards.CODEC_MAX, 255, b"\xff" * 8, 0xFFFF - n) for n in range(shards.HINTS_MAX))
    shard = Shard(1, 0xFFFF, 0xFFFF, 0xFFFF, b"\xff" * shards.BITMAP_MAX, tuple(sorted(full)), b"\xff" * 64)
    assert len(shards.encode(shard)) == 287


@given(legal(), st.data())
def test_changed_bytes_are_read_as_something_else_or_refused(shard: Shard, data: st.DataObject) -> None:
    payload = bytearray(shards.encode(shard))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    try:
        other = shards.decode(bytes(payload))
    except PeerError as error:
        assert error.code == "bad-shard"
    else:
        assert other is None or (other != shard and shards.encode(other) == bytes(payload))


@given(st.binary(max_size=600))
def test_rubbish_is_the_publishers_fault(payload: bytes) -> None:
    try:
        shards.decode(payload)
    except PeerError as error:
        assert error.code == "bad-shard"


def test_a_newer_version_is_passed_over_and_an_older_one_refused() -> None:
    payload = shards.encode(Shard(0, 1, 0, 1))
    assert shards.decode(bytes([2]) + payload[1:]) is None
    assert shards.decode(b"\xff what ever comes") is None
    with pytest.raises(PeerError):
        shards.decode(b"")


@pytest.mark.parametrize(
    "shard",
    [
        Shard(0, 2, 1, 1),
        Shard(0, 1, 0, 1, b"\xc0"),
        Shard(0, 1, 0, 1, b"\x80\x00"),
        Shard(0, 1, 0, 1, b"\x00"),
        Shard(0, 1, 0, 1, b"", (Hint("B", 0, bytes(8), 1), Hint("A", 0, bytes(8), 1))),
        Shard(0, 1, 0, 1, b"", (Hint("A", 0, bytes(8), 1), Hint("A", 0, bytes(8), 1))),
    ],
)
def test_a_shard_that_contradicts_itself_is_neither_written_nor_read(shard: Shard) -> None:
    with pytest.raises(ValueError, match="shard"):
        shards.encode(shard)
    with pytest.raises(PeerError):
        shards.decode(bytes([1]) + msgspec.msgpack.encode(shard))


@pytest.mark.parametrize(
    "fields",
    [
        [2, 1, 0, 1, b"", [], bytes(64)],  # level
        [0, 0, 0, 1, b"", [], bytes(64)],  # nothing held
        [0, 1, 0, 70_000, b"", [], bytes(64)],  # day
        [0, 1, 0, 1, bytes([255]) * 33, [], bytes(64)],  # places
        [0, 1, 0, 1, b"", [], bytes(63)],  # sketch
        [0, 1, 0, 1, b"", [["/home/x", 0, bytes(8), 1]], bytes(64)],  # no path is a codec
        [0, 1, 0, 1, b"", [["A", 0, bytes(7), 1]], bytes(64)],
        [0, 1, 0, 1, b"", [["A", 0, bytes(8), 1]] * 7, bytes(64)],
        [0, 1, 0, 1, b"", [], bytes(64), "a later field"],  # another spelling
        [0, 1, 0, 1],
    ],
)
def test_fields_out_of_bounds_are_refused(fields: list[object]) -> None:
    with pytest.raises(PeerError, match="shard"):
        shards.decode(bytes([1]) + msgspec.msgpack.encode(fields))
