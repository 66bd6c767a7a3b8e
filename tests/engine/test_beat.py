"""The pace of what is published, in virtual time."""

from __future__ import annotations

import trio
import trio.testing

from slskmesh.engine.beat import Beat


async def beats(beat: Beat, times: list[float]) -> None:
    while True:
        times.append(round(trio.current_time() - times[0], 3) if times else trio.current_time())
        await beat.rest()


async def test_it_beats_evenly_where_nobody_waits(autojump_clock: trio.testing.MockClock) -> None:
    times: list[float] = []
    with trio.move_on_after(2.2):
        await beats(Beat(0.5), times)
    assert times[1:] == [0.5, 1.0, 1.5, 2.0]


async def test_who_waits_sees_what_was_so_and_soon(autojump_clock: trio.testing.MockClock) -> None:
    state, shown = 0, -1
    beat = Beat(5.0, least=0.1)

    async def publish() -> None:
        nonlocal shown
        while True:
            shown = state
            await beat.rest()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(publish)
        for pause in (1.0, 0.0, 0.05, 0.1, 0.3, 0.0):
            await trio.sleep(pause)
            state += 1
            began = trio.current_time()
            await beat.hasten().wait()
            assert shown == state and trio.current_time() - began <= 0.1 + 1e-9
        nursery.cancel_scope.cancel()


async def test_many_who_wait_share_a_beat(autojump_clock: trio.testing.MockClock) -> None:
    beat, times = Beat(5.0, least=0.1), list[float]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(beats, beat, times)
        await trio.sleep(1)
        async with trio.open_nursery() as waiting:
            for _ in range(500):
                waiting.start_soon(beat.hasten().wait)
        nursery.cancel_scope.cancel()
    assert len(times) == 2
