"""The desk for music by its ids over doubles of planner and catalogue: how a search for holders is told meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import trio
import trio.testing

from slskmesh.acquire.backends import Progress, Tally
from slskmesh.acquire.domains import Intent, Music
from slskmesh.acquire.plan import Plan, Planned
from slskmesh.catalogue.objects import Answer, Medium, Release, Track
from slskmesh.engine import commands as cmd
from slskmesh.engine.events import Event, Resolved, Resolving
from slskmesh.engine.job_desk import JobDesk
from slskmesh.engine.mailbox import Mailbox
from slskmesh.errors import PeerError
from slskmesh.mbid import Mbid
from slskmesh.text import sanitize
from slskmesh.work import Budget

ID = Mbid("b84ee12a-09ef-421b-82de-0441a926375b")
WORD = sanitize("Lights")
RELEASE = Release(ID, WORD, WORD, (Medium(1, WORD, WORD, (Track(ID, WORD, WORD, 1, 1),)),))
Asking = Callable[[Progress], Awaitable[None]]


class Shelf:
    """A catalogue that knows one release, and a library that has nothing."""

    async def release(self, mbid: str, budget: Budget) -> Answer[Release]:
        return Answer(RELEASE, 0.0, True)

    async def by_release(self, mbid: str) -> list[object]:
        return []


class Asker:
    """A planner whose search goes as the test says."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def plan_release(
        self, release: Release, wants: Sequence[Intent[Music]], budget: Budget, progress: Progress
    ) -> Plan[Music]:
        await self._asking(progress)
        return Plan(tuple(Planned(want, (), (), "nobody") for want in wants), 2, 3, 4, ())


def desk_of(asking: Asking) -> tuple[JobDesk, Mailbox]:
    mailbox = Mailbox()
    plane = SimpleNamespace(catalogue=Shelf(), planner=Asker(asking))
    engine: Any = SimpleNamespace(hub=mailbox, plane=plane, library=Shelf())
    return JobDesk(engine), mailbox


async def resolve(asking: Asking) -> tuple[Event, ...]:
    desk, mailbox = desk_of(asking)
    await desk.table[cmd.Resolve](7, cmd.Resolve(ID))
    return mailbox.drain().events


async def test_holders_are_told_as_they_come_and_the_plan_last(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def asking(progress: Progress) -> None:
        for holders in range(3):
            await trio.sleep(1)
            progress(Tally(holders, 3, 4))
        await trio.sleep(1)

    told = await resolve(asking)
    assert told[:-1] == (Resolving(7), *(Resolving(7, holders, 3, 4) for holders in range(3)))
    assert isinstance(told[-1], Resolved) and told[-1].plan is not None and told[-1].plan.holders == 2


async def test_many_at_once_are_told_four_times_a_second_and_the_newest_is_not_lost(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def asking(progress: Progress) -> None:
        for holders in range(400):
            await trio.sleep(0.01)
            progress(Tally(holders, 400, 0))
        await trio.sleep(1)

    *told, last = await resolve(asking)
    assert 14 <= len(told) <= 18 and told[-1] == Resolving(7, 399, 400, 0)
    assert isinstance(last, Resolved)


async def test_a_search_that_fails_says_why_in_one_sentence(autojump_clock: trio.testing.MockClock) -> None:
    async def asking(progress: Progress) -> None:
        await trio.sleep(1)
        raise PeerError("none", "nobody is left to ask")

    *told, last = await resolve(asking)
    assert told == [Resolving(7)]
    assert isinstance(last, Resolved) and last.plan is None and "nobody is left to ask" in last.note


async def test_a_search_that_is_cancelled_tells_no_more(autojump_clock: trio.testing.MockClock) -> None:
    async def asking(progress: Progress) -> None:
        await trio.sleep(60)

    desk, mailbox = desk_of(asking)
    with trio.move_on_after(1) as scope:
        await desk.table[cmd.Resolve](7, cmd.Resolve(ID))
    assert scope.cancelled_caught and mailbox.drain().events == (Resolving(7),)
    await trio.sleep(60)
    assert mailbox.drain().events == ()
