import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.wire import frames, limits
from slskmesh.wire.codec import decode
from slskmesh.wire.messages import Ping

U32 = st.integers(0, 2**32 - 1)


def test_a_control_frame_reads_back() -> None:
    frame = frames.control_frame(Ping(5))
    kind, rest = frames.parse_header(frame[: limits.FRAME_HEADER])
    assert (kind, rest) == (frames.CONTROL, len(frame) - limits.FRAME_HEADER)
    assert decode(frame[limits.FRAME_HEADER :]) == Ping(5)


@given(U32, st.integers(0, limits.CHUNKS_MAX - 1), U32, st.integers(1, limits.DATA_FRAME_MAX))
def test_a_data_header_reads_back(stream: int, chunk: int, offset: int, length: int) -> None:
    head = frames.data_frame_header(stream, chunk, offset, length)
    assert len(head) == limits.FRAME_HEADER + limits.DATA_HEADER
    assert frames.parse_header(head[:5]) == (frames.DATA, limits.DATA_HEADER + length)
    assert frames.parse_data_header(memoryview(head)[5:]) == (stream, chunk, offset)


@given(st.binary(min_size=5, max_size=5))
def test_any_header_gives_a_bounded_length_or_a_peer_error(header: bytes) -> None:
    try:
        kind, rest = frames.parse_header(header)
    except PeerError as error:
        assert error.code in {"frame-too-long", "bad-frame"}
        return
    assert kind in {frames.CONTROL, frames.DATA}
    assert 0 < rest <= max(limits.CONTROL_FRAME_MAX, limits.DATA_HEADER + limits.DATA_FRAME_MAX)


@pytest.mark.parametrize(
    ("length", "kind", "code"),
    [
        (0xFFFF_FFFF, 0, "frame-too-long"),
        (limits.CONTROL_FRAME_MAX + 2, 0, "frame-too-long"),
        (limits.DATA_FRAME_MAX + 14, 1, "frame-too-long"),
        (0, 0, "bad-frame"),
        (1, 0, "bad-frame"),
        (13, 1, "bad-frame"),
        (20, 2, "bad-frame"),
        (0xFFFF_FFFF, 255, "bad-frame"),
    ],
)
def test_headers_out_of_bounds(length: int, kind: int, code: str) -> None:
    with pytest.raises(PeerError) as caught:
        frames.parse_header(struct.pack(">IB", length, kind))
    assert caught.value.code == code


def test_the_longest_frames_pass() -> None:
    assert (
        frames.parse_header(struct.pack(">IB", limits.CONTROL_FRAME_MAX + 1, 0))[1]
        == limits.CONTROL_FRAME_MAX
    )
    assert frames.parse_header(struct.pack(">IB", limits.DATA_FRAME_MAX + 13, 1))[0] == frames.DATA


def test_data_of_an_impossible_chunk_is_refused() -> None:
    with pytest.raises(PeerError, match="no file has"):
        frames.parse_data_header(struct.pack(">III", 1, limits.CHUNKS_MAX, 0))


def test_we_never_build_a_frame_out_of_bounds() -> None:
    for length in (0, limits.DATA_FRAME_MAX + 1):
        with pytest.raises(ValueError, match="data frame"):
            frames.data_frame_header(1, 1, 0, length)
