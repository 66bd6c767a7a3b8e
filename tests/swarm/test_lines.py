"""Streams of sessions: numbers given out once, late data told apart from data nobody asked for."""

from __future__ import annotations

from typing import Any

import pytest

from slskmesh.errors import PeerError
from slskmesh.swarm.lines import Lines
from slskmesh.wire.limits import STREAMS_MAX

ONE: Any = object()  # sessions and downloads are only keys here
TWO: Any = object()
DOWNLOAD: Any = object()


def lines(*sessions: Any) -> Lines:
    made = Lines()
    for session in sessions:
        made.up(session)
    return made


def test_numbers_are_never_used_twice_and_belong_to_one_session() -> None:
    book = lines(ONE, TWO)
    numbers = []
    for _ in range(5):
        source = book.open(ONE, DOWNLOAD, 1.0)
        assert source is not None and source.asked_at == 1.0
        numbers.append(source.stream)
        book.close(source)
    assert numbers == [1, 2, 3, 4, 5]
    other = book.open(TWO, DOWNLOAD, 2.0)
    assert other is not None and other.stream == 1
    assert book.find(TWO, 1) == (DOWNLOAD, other)
    assert book.find(ONE, 1) is None, "closed by us: late messages are not a fault"
    for never in (0, 6, -1):
        with pytest.raises(PeerError) as caught:
            book.find(ONE, never)
        assert caught.value.code == "unknown-stream"


def test_a_session_has_room_for_so_many_streams() -> None:
    book = lines(ONE)
    opened = [book.open(ONE, DOWNLOAD, 0.0) for _ in range(STREAMS_MAX)]
    assert all(opened) and book.open(ONE, DOWNLOAD, 0.0) is None
    assert opened[0] is not None
    book.close(opened[0])
    assert book.open(ONE, DOWNLOAD, 0.0) is not None


def test_what_was_asked_on_a_closed_stream_may_still_come_and_no_more() -> None:
    book = lines(ONE)
    source = book.open(ONE, DOWNLOAD, 0.0)
    assert source is not None
    source.credit = 1000
    book.close(source)
    book.close(source)  # a second time changes nothing
    book.stray(ONE, 600)
    book.stray(ONE, 400)
    for length in (1, 0):
        with pytest.raises(PeerError) as caught:
            book.stray(ONE, length)
        assert caught.value.code == "unasked-data"


def test_a_session_that_is_down_takes_and_gives_nothing() -> None:
    book = lines(ONE, TWO)
    source = book.open(ONE, DOWNLOAD, 0.0)
    assert source is not None
    book.filling(ONE, (DOWNLOAD, source))
    assert book.filled(ONE) == (DOWNLOAD, source)
    assert book.down(ONE) == [(DOWNLOAD, source)] and book.down(ONE) == []
    assert book.sessions() == [TWO]
    assert book.open(ONE, DOWNLOAD, 0.0) is None
    assert book.find(ONE, 99) is None and book.filled(ONE) is None
    book.stray(ONE, 10)
    book.close(source)
