"""The Scenes pane on a headless screen: a room with twenty lines, a clock of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event
from slskmesh.engine.views import View
from tests.tui.fake_scenes import (
    lines,
    people_in,
    talking,
)
from tests.tui.stage import Stage, stage
from tui.panes.scenes import ScenesPane
from tui.viewmodel.chat import Place

AMBIENT, KESSEL, SHADOW = Place(True, "ambient"), Place(False, "kessel"), Place(False, "dj shadow")


def pane(st: Stage) -> ScenesPane:
    found = st.app.panes["scenes"]
    assert isinstance(found, ScenesPane)
    return found


def asked(st: Stage, kind: type[Command]) -> list[Command]:
    return st.client.sent(kind)


@asynccontextmanager
async def scenes(*more: View | Event, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Stage]:
    """The pane with the room "ambient" open: twenty lines, the last three unread."""
    async with stage(*talking(), size=size) as st:
        now = [100.0]
        st.app.monotonic = lambda: now[0]
        st.clock = now  # type: ignore[attr-defined]
        await st.press("2")
        await st.push(people_in(), lines(20), *more)
        yield st


async def wait(st: Stage, seconds: float) -> None:
    st.clock[0] += seconds  # type: ignore[attr-defined]
    st.app.second()
    await st.settle()
