"""The supervisor with the real client over real sockets: refused, thrown out, left alone, taken up again.

Waits are passed by a clock of the test's own, so that no second is spent on them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
import trio

from slskmesh.soulseek.port import Line
from slskmesh.soulseek.supervisor import Supervisor
from slskmesh.soulseek.values import LegacyEvent, Outcome, ServerChanged
from slskmesh.soulseek.watch import Phase, Standing

from .scripted import KICK, Person, ScriptedServer, framed, message, refusal


class Evening:
    """One person under a supervisor, and a server that is told how to behave."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.now = 0.0
        self.person = Person("anna")
        self.line: Line = self.person.line(server.port)
        self.supervisor = Supervisor(
            self.person.client, lambda: self.line, on_change=self._told, clock=lambda: self.now
        )
        self.person.client.on_event(self._event)
        self._changed = trio.Event()

    def _event(self, event: LegacyEvent) -> None:
        if isinstance(event, ServerChanged):
            self.supervisor.server_changed(event)

    def _told(self, standing: Standing) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def until(self, phase: Phase, outcome: Outcome | None = None) -> Standing:
        with trio.fail_after(60):
            while True:
                standing = self.supervisor.standing
                if standing.phase is phase and outcome in (None, standing.outcome):
                    return standing
                await self._changed.wait()

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.supervisor.line_changed()


@pytest.fixture
async def evening(nursery: trio.Nursery) -> AsyncIterator[Evening]:
    server = ScriptedServer()
    await nursery.start(server.serve)
    there = Evening(server)
    await nursery.start(there.person.client.run)
    nursery.start_soon(there.supervisor.run)
    yield there
    nursery.cancel_scope.cancel()


def refuses(reason: str, detail: str = "") -> Callable[[trio.SocketStream], Awaitable[bool]]:
    async def answer(stream: trio.SocketStream) -> bool:
        await message(stream)
        await stream.send_all(refusal(reason, detail))
        return False

    return answer


async def test_online_lost_online_again(evening: Evening, monkeypatch: pytest.MonkeyPatch) -> None:
    evening.supervisor.set_wanted(True)
    await evening.until(Phase.ONLINE)
    evening.now += 100
    await evening.server.lines["anna"].aclose()
    standing = await evening.until(Phase.WAITING, Outcome.LOST)
    assert standing.since == 100 and standing.next_at is not None and 105 <= standing.next_at <= 115
    evening.later(15)
    await evening.until(Phase.ONLINE)
    left, leave = trio.Event(), evening.person.client.disconnect

    async def leave_and_tell() -> None:
        await leave()
        left.set()

    monkeypatch.setattr(evening.person.client, "disconnect", leave_and_tell)
    evening.supervisor.set_wanted(False)
    await evening.until(Phase.OFF)
    with trio.fail_after(60):
        await left.wait()
    assert not evening.person.client.online


async def test_thrown_out_by_another_login_and_taken_back(evening: Evening) -> None:
    evening.supervisor.set_wanted(True)
    await evening.until(Phase.ONLINE)
    await evening.server.tell("anna", framed(KICK))
    standing = await evening.until(Phase.STOPPED, Outcome.KICKED)
    assert "take the name back" in standing.todo
    evening.later(86400)
    assert evening.supervisor.standing.phase is Phase.STOPPED
    assert evening.supervisor.retake()
    await evening.until(Phase.ONLINE)


async def test_refused_in_the_servers_words_until_the_name_changes(evening: Evening) -> None:
    evening.server.on_login = refuses("INVALIDUSERNAME", "Nick too long.")
    evening.supervisor.set_wanted(True)
    standing = await evening.until(Phase.STOPPED, Outcome.BAD_NAME)
    while "(Nick too long.)" not in standing.what:  # the words come as an event of their own
        with trio.fail_after(60):
            await evening._changed.wait()
        standing = evening.supervisor.standing
    evening.server.on_login = None
    evening.line = msgspec.structs.replace(evening.line, username="ann")
    evening.later(10)
    await evening.until(Phase.ONLINE)
    assert "ann" in evening.server.lines


async def test_nobody_listens_there(evening: Evening) -> None:
    good = evening.line
    evening.line = msgspec.structs.replace(good, server="127.0.0.1:1")
    evening.supervisor.set_wanted(True)
    standing = await evening.until(Phase.WAITING, Outcome.UNREACHABLE)
    assert standing.next_at is not None and 5 <= standing.next_at - evening.now <= 15
    evening.line = good
    evening.later(6)
    await evening.until(Phase.ONLINE)


async def test_closed_at_once_is_left_alone_for_half_an_hour(evening: Evening) -> None:
    async def closes(stream: trio.SocketStream) -> bool:
        return False

    evening.server.on_login = closes
    evening.supervisor.set_wanted(True)
    standing = await evening.until(Phase.WAITING, Outcome.ADDRESS_BAN)
    assert standing.ban_suspected and standing.next_at is not None and standing.next_at >= 1800
    evening.server.on_login = None
    evening.later(1799)
    assert evening.supervisor.standing.phase is Phase.WAITING
    evening.later(200)
    await evening.until(Phase.ONLINE)


async def test_a_listening_address_that_is_taken_is_told(evening: Evening) -> None:
    with trio.socket.socket() as taken:
        await taken.bind(("127.0.0.1", 0))
        taken.listen()
        evening.line = msgspec.structs.replace(evening.line, listen=f"127.0.0.1:{taken.getsockname()[1]}")
        evening.supervisor.set_wanted(True)
        standing = await evening.until(Phase.WAITING)
        while standing.what.startswith("connecting"):
            with trio.fail_after(60):
                await evening._changed.wait()
            standing = evening.supervisor.standing
        assert standing.outcome is None and standing.todo and "anna" not in evening.server.lines
    evening.later(61)
    await evening.until(Phase.ONLINE)
