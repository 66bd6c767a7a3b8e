"""Whom a download asks, when it asks again, and whom it leaves alone. In virtual time."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from slskmesh.errors import PeerError
from slskmesh.identity.peerid import PeerId
from slskmesh.swarm.lines import Lines
from slskmesh.swarm.roster import JOIN_AGAIN, JOIN_FIRST, Roster
from slskmesh.swarm.source import Source
from slskmesh.wire.messages import Join, Joined, Leave, Message

CONTENT = b"\x07" * 32
HEAD = Joined(1, 300_000, 16 * 1024, bytes(32), b"")


class Line:
    """A session that only keeps what is sent."""

    def __init__(self, number: int) -> None:
        self.peer = PeerId(bytes([number]) * 32)
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def joins(self) -> int:
        return sum(isinstance(message, Join) for message in self.sent)


class Judge:
    def __init__(self) -> None:
        self.blocked: set[PeerId] = set()
        self.silenced: set[PeerId] = set()

    def is_blocked(self, peer: PeerId) -> bool:
        return peer in self.blocked

    def may_send(self, peer: PeerId) -> bool:
        return peer not in self.silenced


class Ground:
    """One roster with its sessions and a clock."""

    def __init__(self, count: int) -> None:
        self.now = 100.0
        self.lines = Lines()
        self.judge = Judge()
        self.sessions: list[Any] = [Line(number) for number in range(1, count + 1)]
        for session in self.sessions:
            self.lines.up(session)
        download: Any = object()
        self.roster = Roster(download, CONTENT, self.lines, self.judge, lambda: self.now)  # type: ignore[arg-type]
        self.roster.offer_all()

    def source(self, number: int) -> Source:
        return self.roster.sources[self.sessions[number]]


def test_a_peer_without_the_file_is_asked_again_ever_more_seldom() -> None:
    ground, asked = Ground(1), []
    line = ground.sessions[0]
    for _ in range(3000):
        if ground.roster.sources:
            asked.append(ground.now)
            ground.roster.part(ground.source(0), "unknown", leave=False)
        ground.now += 0.1
        ground.roster.offer_all()
    pauses = [round(later - before, 0) for before, later in itertools.pairwise(asked)]
    assert pauses[:5] == [JOIN_FIRST, 4, 8, 16, JOIN_AGAIN] and set(pauses[5:]) == {JOIN_AGAIN}
    assert all(message == Join(number, CONTENT) for number, message in enumerate(line.sent, 1))


def test_a_peer_that_never_answers_is_told_we_left_and_asked_again_later() -> None:
    ground = Ground(1)
    line = ground.sessions[0]
    ground.now += JOIN_AGAIN + 1
    ground.roster.offer_all()
    assert line.sent == [Join(1, CONTENT), Leave(1)]
    ground.now += JOIN_FIRST + 0.1
    ground.roster.offer_all()
    assert line.sent[-1] == Join(2, CONTENT)


def test_a_row_outlives_its_streams_and_says_why_it_went() -> None:
    ground = Ground(2)
    first = ground.roster.admit(ground.source(0), HEAD)
    second = ground.roster.admit(ground.source(1), HEAD)
    assert [row.letter for row in ground.roster.rows] == ["A", "B"]
    ground.roster.part(ground.source(0), "gone: vanished")
    assert first.gone == "gone: vanished"
    assert [source.row for source in ground.roster.joined()] == [second]
    assert ground.sessions[0].sent[-1] == Leave(1)
    ground.now += JOIN_AGAIN - 1
    ground.roster.offer_all()
    assert ground.sessions[0].joins() == 1, "one that served us and stopped is asked again after a while only"
    ground.now += 2
    ground.roster.offer_all()
    assert ground.roster.admit(ground.source(0), HEAD) is first and first.gone == ""


def test_who_may_not_send_and_who_lied_is_not_asked() -> None:
    ground = Ground(4)
    blocked, silenced, _, false_chunk = ground.sessions
    rows = {number: ground.roster.admit(ground.source(number), HEAD) for number in range(4)}
    for number in range(4):
        ground.roster.part(ground.source(number), "over")
    ground.judge.blocked.add(blocked.peer)
    ground.judge.silenced.add(silenced.peer)
    rows[2].lied = True
    rows[3].bad = 1
    ground.now += 2 * JOIN_AGAIN
    ground.roster.offer_all()
    assert [line.joins() for line in ground.sessions] == [1, 1, 1, 2], (
        "a false chunk is borne while nobody else has it"
    )
    ground.roster.part(ground.source(3), "over")
    ground.judge.silenced.clear()
    ground.now += 2 * JOIN_AGAIN
    ground.roster.offer(silenced)
    ground.roster.admit(ground.source(1), HEAD)
    ground.roster.offer(false_chunk)
    assert (silenced.joins(), false_chunk.joins()) == (2, 2)


def test_what_a_joined_says_must_be_possible_and_said_once() -> None:
    ground = Ground(2)
    with pytest.raises(PeerError, match="do not come in chunks"):
        ground.roster.admit(ground.source(0), Joined(1, 300_000, 32_768, bytes(32), b""))
    with pytest.raises(PeerError):
        ground.roster.admit(ground.source(0), Joined(1, 300_000, 16_384, bytes(32), b"\xff"))
    assert not ground.roster.rows and not ground.roster.joined()
    ground.roster.admit(ground.source(1), Joined(1, 300_000, 16_384, bytes(32), b"\x80\x00\x00"))
    assert ground.source(1).bits.bit_count() == 1
    with pytest.raises(PeerError) as caught:
        ground.roster.admit(ground.source(1), HEAD)
    assert caught.value.code == "joined-twice"


def test_what_is_remembered_of_sessions_does_not_grow_with_them() -> None:
    ground = Ground(1)
    for number in range(500):
        line: Any = Line(number % 250)
        ground.lines.up(line)
        ground.roster.offer(line)
        ground.lines.down(line)
        ground.roster.part(ground.roster.sources[line], "gone", leave=False)
        ground.now += 1
        ground.roster.offer_all()
    assert len(ground.roster._again) <= 3 and len(ground.roster._waited) <= 3
