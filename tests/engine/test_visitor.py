"""A front end on the engine's own loop: it gets its own answers, and leaves nothing behind when it stops waiting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
import trio.testing

from slskmesh.engine import commands as cmd
from slskmesh.engine import console
from slskmesh.engine.engine import Engine
from slskmesh.engine.events import Event, Level, LookedUp, Notice, Reply
from slskmesh.engine.hub import Hub, viewer_of
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.views import DoorView, LibraryView, ScanPhase
from slskmesh.engine.visitor import Refused, Visitor
from slskmesh.text import SafeStr

VIEWER = 3
Answer = Callable[[int, cmd.Command], None]


class Desk:
    """What a visitor needs of an engine: a hub, and somebody who takes commands. `answer` carries each out."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.hub = Hub(Mailbox())
        self.asked: list[tuple[int, cmd.Command]] = []
        self._answer = answer

    def enqueue(self, request: int, command: cmd.Command) -> None:
        self.asked.append((request, command))
        if self._answer is not None:
            self._answer(request, command)

    def reply(self, request: int, ok: bool = True, text: str = "", value: str = "") -> None:
        self.hub.put_event(Reply(request, ok, SafeStr(text), value))


def visit(desk: Desk) -> Visitor:
    visitor = Visitor(desk, VIEWER)  # type: ignore[arg-type] # of an engine only this much is used
    desk.hub.admit(VIEWER, visitor)
    return visitor


def still(visitor: Visitor) -> bool:
    """Whether nothing is left of any question."""
    return not (visitor._open or visitor._replies or visitor._streams)


def test_the_desk_here_takes_commands_as_an_engine_does() -> None:
    assert Desk.enqueue.__code__.co_varnames[:3] == Engine.enqueue.__code__.co_varnames[:3]


async def test_an_answer_comes_to_its_question(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    visitor = visit(desk)
    got: dict[str, str] = {}

    async def ask(text: str) -> None:
        got[text] = (await visitor.ask(cmd.Resume(text))).value

    async with trio.open_nursery() as nursery:
        for text in ("a", "b", "c"):
            nursery.start_soon(ask, text)
        await trio.testing.wait_all_tasks_blocked()
        for request, command in reversed(desk.asked):
            assert viewer_of(request) == VIEWER and isinstance(command, cmd.Resume)
            desk.reply(request, value=command.transfer.upper())
    assert got == {"a": "A", "b": "B", "c": "C"} and still(visitor)


async def test_an_answer_may_come_at_once() -> None:
    desk = Desk(lambda request, _: desk.reply(request, value="soon"))
    visitor = visit(desk)
    assert (await visitor.ask(cmd.Rescan())).value == "soon" and still(visitor)


async def test_a_refusal_has_the_engines_words() -> None:
    desk = Desk(lambda request, _: desk.reply(request, False, "nothing is shared"))
    visitor = visit(desk)
    with pytest.raises(Refused, match="nothing is shared"):
        await visitor.ask(cmd.Rescan())
    assert Refused is console.Refused and still(visitor)
    silent = Desk(lambda request, _: silent.reply(request, False))
    with pytest.raises(Refused, match="Rescan was refused"):
        await visit(silent).ask(cmd.Rescan())


async def test_who_waits_too_long_gives_up(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    visitor = visit(desk)
    start = trio.current_time()
    with pytest.raises(trio.TooSlowError):
        await visitor.ask(cmd.Rescan())
    assert trio.current_time() - start == pytest.approx(60) and still(visitor)
    desk.reply(desk.asked[0][0])
    assert still(visitor), "an answer nobody waits for is not kept"


async def test_who_goes_away_leaves_nothing(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    visitor = visit(desk)
    with trio.move_on_after(1):
        await visitor.ask(cmd.Rescan())
    with trio.move_on_after(1):
        await visitor.asked(cmd.LookUp("x"), LookedUp)
    with trio.move_on_after(1):
        async with visitor.stream(lambda event: True) as stream:
            await stream.next()
    assert still(visitor) and len(desk.asked) == 2


@pytest.mark.parametrize("event_first", [True, False])
async def test_an_event_comes_with_its_answer(event_first: bool) -> None:
    def answer(request: int, command: cmd.Command) -> None:
        other = LookedUp(request + 1, "release", note=SafeStr("another"))
        for step in [
            lambda: desk.hub.put_event(LookedUp(request, "release", note=SafeStr("ours"))),
            lambda: desk.reply(request),
        ][:: 1 if event_first else -1]:
            desk.hub.put_event(other)
            step()

    desk = Desk(answer)
    visitor = visit(desk)
    assert (await visitor.asked(cmd.LookUp("x"), LookedUp)).note == "ours" and still(visitor)


async def test_a_refused_question_has_no_event() -> None:
    desk = Desk(lambda request, _: desk.reply(request, False, "no"))
    visitor = visit(desk)
    with pytest.raises(Refused):
        await visitor.asked(cmd.LookUp("x"), LookedUp)
    assert still(visitor)


async def test_views_are_the_newest_of_their_kind(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    desk.hub.put_view(DoorView(gateway="before"))
    visitor = visit(desk)
    assert visitor.latest(DoorView) == await visitor.view(DoorView) == DoorView(gateway="before")
    assert visitor.latest(LibraryView) is None
    got: list[LibraryView] = []

    async def wait() -> None:
        got.append(await visitor.view(LibraryView))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        desk.hub.put_view(DoorView(gateway="after"))
        await trio.testing.wait_all_tasks_blocked()
        assert not got
        desk.hub.put_view(LibraryView(ScanPhase.IDLE, files=3))
    assert got == [LibraryView(ScanPhase.IDLE, files=3)]
    assert visitor.views() == {
        DoorView: DoorView(gateway="after"),
        LibraryView: LibraryView(ScanPhase.IDLE, files=3),
    }


async def test_a_stream_holds_so_much_and_counts_the_rest() -> None:
    desk = Desk()
    visitor = visit(desk)

    def notice(number: int) -> Event:
        return Notice(float(number), Level.INFO, SafeStr("x"))

    async with (
        visitor.stream(lambda event: isinstance(event, Notice)) as all_of_them,
        visitor.stream(lambda event: isinstance(event, Notice) and event.when == 7) as one,
    ):
        for number in range(1_500):
            desk.hub.put_event(notice(number))
        assert [await all_of_them.next() for _ in range(1_000)] == [notice(n) for n in range(1_000)]
        assert (all_of_them.dropped, one.dropped) == (500, 0) and await one.next() == notice(7)
        desk.hub.put_event(notice(9))
        assert await all_of_them.next() == notice(9)
    assert still(visitor)
