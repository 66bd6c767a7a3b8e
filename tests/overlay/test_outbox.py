"""Order and bounds of what waits to be sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.overlay.outbox import WAITING_MAX, ChunkSend, Outbox
from slskmesh.overlay.port import Priority
from slskmesh.wire.frames import parse_data_header, parse_header


def _drain(box: Outbox, limit: int) -> list[bytes]:
    out = []
    while buffers := box.next(limit):
        out.append(b"".join(buffers))
    return out


def test_control_goes_first_then_normal_then_data() -> None:
    box = Outbox()
    box.put_chunk(ChunkSend(1, 0, memoryview(b"d" * 10), lambda: None))
    box.put(b"normal", Priority.NORMAL)
    box.put(b"control", Priority.CONTROL)
    first, second, third = _drain(box, 100)
    assert (first, second, third[17:]) == (b"control", b"normal", b"d" * 10)


def test_a_control_message_overtakes_a_chunk_between_frames() -> None:
    box = Outbox()
    box.put_chunk(ChunkSend(1, 0, memoryview(b"d" * 100), lambda: None))
    box.next(40)
    box.put(b"now", Priority.CONTROL)
    assert box.next(40) == [b"now"]


@given(st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=6), st.integers(1, 100))
def test_every_chunk_arrives_whole_whatever_the_frame_size(chunks: list[bytes], limit: int) -> None:
    box, done = Outbox(), []
    for stream, data in enumerate(chunks):
        box.put_chunk(ChunkSend(stream, 5, memoryview(data), lambda stream=stream: done.append(stream)))
    got = {stream: bytearray() for stream in range(len(chunks))}
    while buffers := box.next(limit):
        header, payload = bytes(buffers[0]), bytes(buffers[1])
        _kind, rest = parse_header(header[:5])
        stream, chunk, offset = parse_data_header(header[5:17])
        assert (chunk, offset, rest) == (5, len(got[stream]), 12 + len(payload))
        assert 0 < len(payload) <= limit
        got[stream] += payload
    assert [bytes(got[s]) for s in range(len(chunks))] == chunks
    assert sorted(done) == list(range(len(chunks)))


def test_what_waits_is_bounded() -> None:
    box = Outbox()
    with pytest.raises(PeerError) as caught:
        for _ in range(WAITING_MAX):
            box.put(b"x" * 1024, Priority.NORMAL)
    assert caught.value.code == "slow-reader"
    assert sum(map(len, _drain(box, 1))) <= WAITING_MAX


def test_a_chunk_can_be_taken_back_only_before_it_began() -> None:
    box = Outbox()
    one, two = (ChunkSend(s, 0, memoryview(b"x" * 10), lambda: None) for s in (1, 2))
    box.put_chunk(one)
    box.put_chunk(two)
    box.next(4)
    assert not box.withdraw(one)
    assert box.withdraw(two)
    assert len(_drain(box, 4)) == 2


def test_the_end_of_a_session_tells_everyone_who_waits() -> None:
    box, told = Outbox(), []
    item = ChunkSend(1, 0, memoryview(b"x" * 10), lambda: told.append(1))
    box.put_chunk(item)
    box.next(4)
    box.abandon()
    assert told == [1] and item.offset < len(item.data) and not box
