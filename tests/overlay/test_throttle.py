"""The upload limit: kept, smooth, and shared among sessions."""

from __future__ import annotations

import itertools
from pathlib import Path

import trio
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.overlay.port import DataHeader, Session
from slskmesh.overlay.throttle import Turn, UploadLimit
from slskmesh.wire.limits import DATA_FRAME_MIN
from slskmesh.wire.messages import Gone, Join
from tests.overlay.nodes import Node


def play(rate: int, sessions: int, seconds: float) -> list[list[tuple[float, int]]]:
    """What each of the sessions sends, always having more, when the line itself takes no time: (time, bytes)."""
    limit = UploadLimit()
    limit.set(rate)
    turns = [Turn(limit) for _ in range(sessions)]
    sent: list[list[tuple[float, int]]] = [[] for _ in turns]
    now = 0.0
    while now < seconds:
        ready = [number for number, turn in enumerate(turns) if not turn.wait(now)]
        for number in ready:
            size = turns[number].portion(256 * 1024)
            sent[number].append((now, size))
            turns[number].sent(now, size)
        now += max(min(turn.wait(now) for turn in turns), 1e-6)
    return sent


@given(st.integers(1000, 10_000_000), st.integers(1, 20))
def test_all_together_keep_the_rate_and_each_gets_its_share(rate: int, sessions: int) -> None:
    seconds = max(5.0, sessions * DATA_FRAME_MIN * 8 / rate)
    sent = play(rate, sessions, seconds)
    totals = [sum(size for _, size in mine) for mine in sent]
    portion = max(size for mine in sent for _, size in mine)
    assert sum(totals) <= rate * seconds + max(rate / 10, DATA_FRAME_MIN) + 2 * sessions * portion
    assert sum(totals) >= rate * seconds * 0.8 - portion
    assert max(totals) - min(totals) <= 2 * portion
    for mine in sent:  # no gusts: whoever has something to send does so every few turns
        gaps = [later - before for (before, _), (later, _) in itertools.pairwise(mine)]
        assert max(gaps, default=0) <= 2.5 * sessions * portion / rate + 0.01


def test_a_limit_taken_away_or_changed_lets_everybody_go_at_once() -> None:
    limit = UploadLimit()
    turn = Turn(limit)
    assert turn.portion(100_000) == 100_000
    limit.set(1000)
    for _ in range(10):
        turn.sent(0.0, 2048)
    assert turn.wait(0.0) == 1.0, "it looks again soon"
    limit.set(1000)
    assert turn.wait(0.0) == 1.0
    limit.set(0)
    assert turn.wait(0.0) == 0.0 and turn.portion(100_000) == 100_000


class Meter:
    """Takes chunk data and notes when how much of each stream came."""

    def __init__(self, total: int) -> None:
        self.frames: list[tuple[float, int, int]] = []
        self.left = total
        self.done = trio.Event()
        self._buffer = bytearray(256 * 1024)

    def data_begin(self, session: Session, head: DataHeader) -> memoryview | None:
        return memoryview(self._buffer)[: head.length]

    def data_end(self, session: Session, head: DataHeader) -> None:
        self.frames.append((trio.current_time(), head.stream, head.length))
        self.left -= head.length
        if not self.left:
            self.done.set()


async def test_two_peers_get_a_tight_limit_smoothly_and_messages_pass_it(tmp_path: Path) -> None:
    size, rate = 120_000, 200_000
    async with trio.open_nursery() as nursery:
        server = await Node(tmp_path, "server").start(nursery)
        meter, echoes = Meter(2 * size), []
        server.router.on(Join, lambda session, message: session.send(Gone(message.stream, "unknown")))
        server.overlay.limit_uploads(rate)
        for number in (1, 2):
            client = Node(tmp_path, f"c{number}")
            client.router.set_sink(meter)
            client.router.on(Gone, lambda session, message: echoes.append(trio.current_time()))
            await client.start(nursery, listen=False)
            line = await client.overlay.connect(server.peer, [server.address])
            await server.until_open(client.peer)
        began = trio.current_time()
        for number, session in enumerate(server.overlay.sessions.values(), 1):
            nursery.start_soon(session.send_chunk, number, 0, memoryview(bytes(size)))
        line.send(Join(9, bytes(32)))
        with trio.fail_after(20):
            await meter.done.wait()
        assert trio.current_time() - began >= (2 * size - rate / 10 - 2 * rate / 20) / rate * 0.9
        assert max(length for _, _, length in meter.frames) <= rate / 20
        half = meter.frames[: len(meter.frames) // 2]
        ones = sum(length for _, stream, length in half if stream == 1)
        assert 0.35 < ones / sum(length for _, _, length in half) < 0.65
        assert echoes[0] - began < 0.5 < meter.frames[-1][0] - began, "a message does not wait for the data"
        nursery.cancel_scope.cancel()
