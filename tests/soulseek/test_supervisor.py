"""The supervisor's task in virtual time, with a client that does what the test says and counts what is asked of it."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import msgspec
import pytest
import trio
import trio.testing

from slskmesh.errors import SlskmeshError, UserError
from slskmesh.soulseek.port import Client, Line, Offline
from slskmesh.soulseek.supervisor import CONNECT_MOST, LOOK_EVERY, Supervisor
from slskmesh.soulseek.values import Outcome, ServerChanged
from slskmesh.soulseek.watch import MIN_GAP, Phase, Standing

LINE = Line("server:2242", "somebody", "secret", "127.0.0.1:0")


class Door:
    """The part of a client that the supervisor uses."""

    def __init__(self) -> None:
        self.answer: Outcome | SlskmeshError | Callable[[], Awaitable[Outcome]] = Outcome.ONLINE
        self.online = False
        self.brief = False  # the server closes a session before anybody could look
        self.busy = 0
        self.connects: list[tuple[float, Line]] = []
        self.leaves: list[float] = []

    async def connect(self, line: Line) -> Outcome:
        assert not self.online and not self.busy, "never two at once"
        self.connects.append((trio.current_time(), line))
        self.busy += 1
        try:
            await trio.sleep(0.2)
            answer = self.answer
            outcome = await answer() if callable(answer) else answer
            if isinstance(outcome, SlskmeshError):
                raise outcome
            self.online = outcome is Outcome.ONLINE and not self.brief
            return outcome
        finally:
            self.busy -= 1

    async def disconnect(self) -> None:
        self.leaves.append(trio.current_time())
        if not self.online:
            raise Offline("not online")
        await trio.sleep(0.1)
        self.online = False


class Room:
    """A supervisor with its door; `told` holds what it told."""

    def __init__(self) -> None:
        self.door = Door()
        self.line: Line | UserError | None = LINE
        self.told: list[Standing] = []
        self.supervisor = Supervisor(
            cast(Client, self.door), self._line, on_change=self.told.append, rng=random.Random(3)
        )
        self.supervisor.set_wanted(True)

    def _line(self) -> Line | None:
        if isinstance(self.line, UserError):
            raise self.line
        return self.line

    @property
    def phase(self) -> Phase:
        return self.supervisor.standing.phase

    def drop(self, outcome: Outcome = Outcome.LOST) -> None:
        """The server closes the line."""
        self.door.online = False
        self.supervisor.server_changed(ServerChanged(outcome))


@asynccontextmanager
async def running(room: Room) -> AsyncIterator[Room]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.supervisor.run)
        yield room
        nursery.cancel_scope.cancel()


async def test_it_goes_online_tells_and_leaves_at_the_end(autojump_clock: trio.testing.MockClock) -> None:
    async with running(Room()) as room:
        await trio.sleep(1)
        assert room.door.online and room.phase is Phase.ONLINE
        await trio.sleep(3600)
        assert len(room.door.connects) == 1 and room.door.leaves == []
    assert not room.door.online and len(room.door.leaves) == 1
    assert [standing.phase for standing in room.told] == [
        Phase.WAITING,
        Phase.CONNECTING,
        Phase.ONLINE,
    ]


async def test_a_lost_line_is_taken_up_again_and_a_longer_silence_tried_less(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running(Room()) as room:
        await trio.sleep(100)
        room.door.answer = Outcome.UNREACHABLE
        room.drop()
        await trio.sleep(3600)
        times = [at for at, _ in room.door.connects[1:]]
        pauses = [round(two - one, 3) for one, two in itertools.pairwise(times)]
        assert 5 <= times[0] - 100 <= 15 and pauses[-1] == pytest.approx(300.2)
        assert pauses == sorted(pauses) and 14 <= len(times) <= 18
        room.door.answer = Outcome.ONLINE
        await trio.sleep(301)
        assert room.phase is Phase.ONLINE and room.door.leaves == []


async def test_being_thrown_out_by_another_login_is_not_fought(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running(Room()) as room:
        await trio.sleep(100)
        room.drop(Outcome.KICKED)
        room.drop(Outcome.LOST)
        await trio.sleep(86400)
        assert len(room.door.connects) == 1 and room.phase is Phase.STOPPED
        assert room.supervisor.retry_now() is None
        assert room.supervisor.retake()
        await trio.sleep(1)
        assert room.phase is Phase.ONLINE


async def test_a_refused_password_waits_for_another_line(autojump_clock: trio.testing.MockClock) -> None:
    room = Room()
    room.door.answer = Outcome.WRONG_PASSWORD
    async with running(room):
        await trio.sleep(86400)
        assert len(room.door.connects) == 1 and room.phase is Phase.STOPPED
        room.door.answer = Outcome.ONLINE
        room.line = msgspec.structs.replace(LINE, password="right")
        room.supervisor.line_changed()
        await trio.sleep(1)
        assert room.phase is Phase.ONLINE and room.door.connects[1][1].password == "right"


async def test_a_change_nobody_told_of_is_seen_by_itself(autojump_clock: trio.testing.MockClock) -> None:
    room = Room()
    room.line = None
    async with running(room):
        await trio.sleep(100)
        assert room.phase is Phase.NO_LINE and room.door.connects == []
        room.line = LINE
        await trio.sleep(LOOK_EVERY + 1)
        assert room.phase is Phase.ONLINE


async def test_another_line_is_taken_after_the_old_one_is_left(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running(Room()) as room:
        await trio.sleep(100)
        room.line = msgspec.structs.replace(LINE, server="elsewhere:2242")
        room.supervisor.line_changed()
        await trio.sleep(MIN_GAP + 1)
        assert room.door.leaves == [100] and room.phase is Phase.ONLINE
        assert [line.server for _, line in room.door.connects] == ["server:2242", "elsewhere:2242"]


async def test_switching_off_breaks_off_a_try_and_leaves(autojump_clock: trio.testing.MockClock) -> None:
    room = Room()
    room.door.answer = _for_ever
    async with running(room):
        await trio.sleep(1)
        room.supervisor.set_wanted(False)
        await trio.sleep(1)
        assert room.door.busy == 0 and room.phase is Phase.OFF and len(room.door.leaves) == 1
        room.door.answer = Outcome.ONLINE
        room.supervisor.set_wanted(True)
        await trio.sleep(MIN_GAP)
        assert room.phase is Phase.ONLINE
        room.supervisor.set_wanted(False)
        await trio.sleep(1)
        assert not room.door.online
        await trio.sleep(86400)
        assert len(room.door.connects) == 2


async def test_off_and_on_within_a_moment_never_connects_twice(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running(Room()) as room:
        for number in range(200):
            room.supervisor.set_wanted(number % 2 == 1)
            await trio.sleep(0.07 * (number % 5))
        await trio.sleep(MIN_GAP + 1)
        assert room.phase is Phase.ONLINE
        times = [at for at, _ in room.door.connects]
        assert all(two - one >= MIN_GAP for one, two in itertools.pairwise(times))


async def test_a_client_that_hangs_is_given_up_as_no_answer(autojump_clock: trio.testing.MockClock) -> None:
    room = Room()
    room.door.answer = _for_ever
    async with running(room):
        await trio.sleep(CONNECT_MOST + 1)
        assert room.supervisor.standing.outcome is Outcome.NO_ANSWER and room.phase is Phase.WAITING
        assert len(room.door.leaves) == 1
        await trio.sleep(3600)
        assert room.supervisor.standing.ban_suspected


async def test_a_session_that_went_without_a_word_is_noticed(autojump_clock: trio.testing.MockClock) -> None:
    async with running(Room()) as room:
        await trio.sleep(100)
        room.door.online = False
        await trio.sleep(LOOK_EVERY + 20)
        assert room.phase is Phase.ONLINE and len(room.door.connects) == 2


async def test_a_session_that_is_over_before_it_is_seen_counts_as_lost(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room()
    room.door.brief = True
    async with running(room):
        await trio.sleep(1)
        assert (room.phase, room.supervisor.standing.outcome) == (Phase.WAITING, Outcome.LOST)
        room.door.brief = False
        await trio.sleep(15)
        assert room.phase is Phase.ONLINE


async def test_errors_of_the_client_are_told_and_not_raised(autojump_clock: trio.testing.MockClock) -> None:
    room = Room()
    room.door.answer = UserError("overlay: no such address to listen on")
    async with running(room):
        await trio.sleep(130)
        assert room.phase is Phase.WAITING and "no such address" in room.supervisor.standing.what
        assert len(room.door.connects) == 3
        room.door.answer = SlskmeshError("the port is taken")
        room.supervisor.retry_now()
        await trio.sleep(1)
        standing = room.supervisor.standing
        assert standing.outcome is Outcome.UNREACHABLE and "(the port is taken)" in standing.what
        room.door.answer = Outcome.ONLINE
        await trio.sleep(16)
        assert room.phase is Phase.ONLINE


async def test_a_line_that_cannot_be_read_is_told_and_waited_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room()
    room.line = UserError("soulseek.password_file: cannot be read")
    async with running(room):
        await trio.sleep(1)
        assert room.phase is Phase.NO_LINE and "cannot be read" in room.supervisor.standing.what
        room.line = LINE
        room.supervisor.line_changed()
        await trio.sleep(1)
        assert room.phase is Phase.ONLINE


async def _for_ever() -> Outcome:
    await trio.sleep_forever()
    raise AssertionError
