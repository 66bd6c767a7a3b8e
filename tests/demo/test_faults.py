"""The demo's bad sources: exactly every K-th chunk is false by one byte, and the rate is kept in virtual time."""

from __future__ import annotations

import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo.faults import Faults, FaultySender, faulty_session
from slskmesh.overlay.session import PeerSession


@given(st.integers(1, 7), st.lists(st.binary(min_size=1, max_size=50), max_size=30))
def test_every_kth_chunk_is_false_by_one_byte(every: int, chunks: list[bytes]) -> None:
    async def send() -> list[bytes]:
        sender = FaultySender(Faults(lie_every=every))
        return [bytes(await sender.prepare(memoryview(chunk))) for chunk in chunks]

    sent = trio.run(send)
    for index, (true, out) in enumerate(zip(chunks, sent, strict=True), start=1):
        wrong = sum(a != b for a, b in zip(true, out, strict=True))
        assert wrong == (1 if index % every == 0 else 0)


async def test_the_slow_peer_keeps_its_rate_over_all_sessions(autojump_clock: trio.testing.MockClock) -> None:
    sender = FaultySender(Faults(rate=1000))
    started = trio.current_time()

    async def one() -> None:
        assert bytes(await sender.prepare(memoryview(b"x" * 500))) == b"x" * 500

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(one)
    assert trio.current_time() - started == 4.0


async def test_without_faults_data_goes_out_as_it_is() -> None:
    data = memoryview(b"abc")
    assert await FaultySender(Faults()).prepare(data) is data


def test_a_faulty_session_is_the_engines_session_but_for_its_chunks() -> None:
    kind = faulty_session(Faults(lie_every=1))
    assert issubclass(kind, PeerSession)
    assert [name for name in vars(kind) if not name.startswith("__")] == ["send_chunk"]
