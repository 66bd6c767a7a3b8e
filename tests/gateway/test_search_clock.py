"""How searches of programs begin and end, in virtual time; somebody else in the engine's place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing

from slskmesh.engine import commands as cmd
from slskmesh.engine.events import Found, SearchEnded
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.search_memory import Record
from slskmesh.gateway.search_shapes import (
    CANCELLED,
    ERRORED,
    FILES_REACHED,
    IN_PROGRESS,
    RESPONSES_REACHED,
    TIMED_OUT,
    SearchRequest,
)
from slskmesh.gateway.searches import RUNNING_MAX, Searches
from tests.engine.test_visitor import Desk, visit
from tests.gateway.test_search_finds import hit

Clock = trio.testing.MockClock
ID = "0123abcd-0000-4000-8000-00000000000{}"


class Stand(Desk):
    """In the engine's place: agrees to searches (`says` otherwise), ends one when it is stopped (`ends`)."""

    def __init__(self) -> None:
        super().__init__(self._carry_out)
        self.says: dict[str, Any] | None = {}  # None: nothing yet
        self.ends = True
        self.stopped: list[float] = []

    def _carry_out(self, request: int, command: cmd.Command) -> None:
        if isinstance(command, cmd.StopSearch):
            self.stopped.append(trio.current_time())
            self.reply(request)
            if self.ends:
                self.end(command.query)
        elif self.says is not None:
            self.reply(request, **self.says)

    @property
    def searches(self) -> list[tuple[int, cmd.Search]]:
        return [(number, one) for number, one in self.asked if isinstance(one, cmd.Search)]

    def found(self, *users: str, query: int | None = None) -> None:
        number = self.searches[-1][0] if query is None else query
        self.hub.put_event(Found(number, tuple(hit(user) for user in users)))

    def end(self, query: int | None = None) -> None:
        self.hub.put_event(SearchEnded(self.searches[-1][0] if query is None else query, 0, 0, 0, 0))


@asynccontextmanager
async def stand() -> AsyncIterator[tuple[Stand, Searches]]:
    desk = Stand()
    async with trio.open_nursery() as nursery:
        yield desk, Searches(visit(desk), nursery)
        nursery.cancel_scope.cancel()


def wish(text: str = "dawn", **more: Any) -> SearchRequest:
    return SearchRequest(search_text=text, **more)


async def ended(mine: Searches, one: Record) -> float:
    """Waits for its end; when that was."""
    await mine.over(one)
    assert not one.runs
    return trio.current_time()


async def test_it_is_over_when_nobody_answered_for_its_time(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        one = await mine.begin(wish(search_timeout=4_000))
        assert (one.state, one.runs) == (IN_PROGRESS, True)
        [(_, asked)] = desk.searches
        assert (asked.quiet, asked.program, asked.where) == (4.0, True, "all")
        for _ in range(5):
            await trio.sleep(3)
            desk.found("ann")
        assert one.runs and not desk.stopped
        assert await ended(mine, one) == pytest.approx(19, abs=0.1)
        assert one.state == TIMED_OUT and len(desk.stopped) == 1


async def test_it_is_over_when_the_networks_are_done(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        one = await mine.begin(wish())
        desk.found("ann", "bob")
        desk.end()
        assert await ended(mine, one) < 1 and not desk.stopped
        assert (one.state, one.finds.responses) == (TIMED_OUT, 2)


@pytest.mark.parametrize(
    ("limit", "state"), [({"response_limit": 2}, RESPONSES_REACHED), ({"file_limit": 2}, FILES_REACHED)]
)
async def test_it_is_stopped_when_there_is_enough(
    autojump_clock: Clock, limit: dict[str, Any], state: str
) -> None:
    async with stand() as (desk, mine):
        one = await mine.begin(wish(**limit))
        desk.found("ann")
        await trio.sleep(1)
        assert one.runs and not desk.stopped
        desk.ends = False
        desk.found("bob", "cid")
        await trio.sleep(1)
        assert len(desk.stopped) == 1
        desk.found("dora")
        desk.end()
        await mine.over(one)
        assert one.state == state and [*one.finds.users] == ["ann", "bob"]


async def test_stopping_returns_when_it_is_over_and_keeps_the_last_word(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        one = await mine.begin(wish())
        desk.ends = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(mine.stop, one)
            await trio.sleep(1)
            assert one.runs
            desk.found("ann")
            desk.end()
        assert (one.state, one.finds.responses, one.runs) == (CANCELLED, 1, False)
        asked = len(desk.asked)
        await mine.stop(one)
        assert one.state == CANCELLED and len(desk.asked) == asked


async def test_deleting_stops_it(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        one = await mine.begin(wish())
        desk.found("ann")
        await mine.delete(one)
        assert not one.runs and mine.all() == [] and len(desk.stopped) == 1
        with pytest.raises(GatewayError) as refused:
            mine.get(one.id)
        assert refused.value.status == 404
        assert mine.find("ann", "@@x\\Kim Boo\\First Light\\01 Dawn.flac")


async def test_one_whose_end_never_comes_ends_with_an_error(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        desk.ends = False
        one = await mine.begin(wish())
        await mine.over(one)
        assert one.state == ERRORED and one.ended is not None


async def test_one_is_begun_at_a_time(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        desk.says = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(mine.begin, wish())
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(GatewayError) as refused:
                await mine.begin(wish("dusk"))
            assert (refused.value.status, refused.value.retry) == (429, 1.0)
            desk.reply(desk.searches[-1][0])
        desk.says = {}
        await mine.begin(wish("dusk"))
        assert [str(one.text) for one in mine.all()] == ["dawn", "dusk"]


async def test_who_hangs_up_before_it_begins_hinders_nobody(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        desk.says = None
        with trio.move_on_after(1):
            await mine.begin(wish(id=ID.format(1)))
        assert mine.all() == []
        desk.says = {}
        one = await mine.begin(wish(id=ID.format(1)))
        desk.found("ann", query=desk.searches[0][0])
        desk.end()
        await mine.over(one)
        assert not one.finds.users, "the answers to another one are not its"


async def test_a_refusal_is_told_with_its_time(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        for says, status, retry in (
            ({"ok": False, "text": "searches are short", "value": "23"}, 429, 23.0),
            ({"ok": False, "text": "nobody can be asked now"}, 409, None),
        ):
            desk.says = says
            with pytest.raises(GatewayError) as refused:
                await mine.begin(wish(id=ID.format(1)))
            assert (refused.value.status, refused.value.retry) == (status, retry)
            assert str(refused.value) == says["text"] and mine.all() == []
        desk.says = {}
        assert (await mine.begin(wish(id=ID.format(1)))).id == ID.format(1)


async def test_ids_are_the_programs_and_taken_once(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        one = await mine.begin(wish(id=ID.format(1).upper()))
        assert one.id == ID.format(1) and mine.get(ID.format(1).replace("-", "")) is one
        with pytest.raises(GatewayError) as refused:
            await mine.begin(wish("dusk", id=ID.format(1)))
        assert refused.value.status == 409 and len(desk.searches) == 1
        await mine.delete(one)
        assert (await mine.begin(wish("dusk", id=ID.format(1)))).id == ID.format(1)


@pytest.mark.parametrize(
    "wanted",
    [
        {"search_text": ""},
        {"search_text": " \u200b\n"},
        {"search_text": "x" * 257},
        {"search_text": "x", "id": "7"},
    ],
)
async def test_what_makes_no_search_is_refused(autojump_clock: Clock, wanted: dict[str, str]) -> None:
    async with stand() as (desk, mine):
        with pytest.raises(GatewayError) as refused:
            await mine.begin(SearchRequest(**wanted))  # type: ignore[arg-type]
        assert refused.value.status == 400 and not desk.asked


async def test_only_so_many_run(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        for number in range(RUNNING_MAX):
            await mine.begin(wish(f"dawn {number}"))
        with pytest.raises(GatewayError) as refused:
            await mine.begin(wish())
        assert refused.value.status == 429 and refused.value.retry
        desk.end()
        await trio.sleep(0.1)
        await mine.begin(wish())


async def test_what_is_over_is_forgotten_after_a_while(autojump_clock: Clock) -> None:
    async with stand() as (desk, mine):
        one = await mine.begin(wish())
        desk.end()
        await trio.sleep(3_590)
        assert mine.get(one.id) is one
        await trio.sleep(20)
        assert mine.all() == []
