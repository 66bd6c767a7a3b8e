"""The real app on a headless screen with a FakeClient: what it shows as text, what it sent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event, Found, SearchEnded
from slskmesh.engine.views import HitView, View
from tests.tui.fake import NOW, FakeClient, everything, hits
from tui.app import MeshApp
from tui.viewmodel.glyphs import UTF8, Glyphs
from tui.viewmodel.look import Look
from tui.viewmodel.tour import Tour

_KEYS = {" ": "space", "/": "slash", ".": "full_stop", "=": "equals_sign", "?": "question_mark"}
_CHARACTERS = {name: char for char, name in _KEYS.items()} | {"colon": ":", "asterisk": "*"}
GOLDENS = Path(__file__).parent / "goldens"
WIDE, NARROW = (120, 36), (80, 24)


class Stage:
    """One running app."""

    def __init__(self, app: MeshApp, pilot: Pilot[int], client: FakeClient) -> None:
        self.app, self.pilot, self.client = app, pilot, client

    async def settle(self) -> None:
        for _ in range(4):
            await self.pilot.pause(0)

    async def press(self, *keys: str) -> None:
        """Key events as the driver makes them; Pilot.press would sleep 20 ms for each."""
        for key in keys:
            char = key if len(key) == 1 else _CHARACTERS.get(key)
            self.app.post_message(events.Key(_KEYS.get(key, key), char))
            await self.settle()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def push(self, *items: View | Event) -> None:
        self.client.push(*items)
        await self.settle()

    async def search(self, text: str = "harbour", found: tuple[HitView, ...] | None = None) -> None:
        """A finished query with these hits."""
        self.app.search.start(text)
        await self.settle()
        number = self.app.search.asked
        await self.push(Found(number, hits(40) if found is None else found), SearchEnded(number, 4, 4, 0, 0))

    def text(self) -> str:
        lines = [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]
        return "\n".join(lines) + "\n"

    def last(self) -> Command:
        return self.client.commands[-1]


def appearance(glyphs: Glyphs = UTF8, theme: str = "slskmesh-dark", *, no_color: bool = False) -> Look:
    return Look(theme, glyphs, 10, False, False, no_color, False, False)


@asynccontextmanager
async def stage(
    *first: View | Event,
    size: tuple[int, int] = WIDE,
    look: Look | None = None,
    tour: Tour | None = None,
    clock: Callable[[], float] = lambda: NOW,
    attached: bool = False,
) -> AsyncIterator[Stage]:
    """The app with these views (default: a busy network), drained at once."""
    client = FakeClient(*(first or everything()))
    client.attached = attached
    app = MeshApp(client, look or appearance(), tour=tour, clock=clock)
    app.bridge.interval = 0
    async with app.run_test(size=size, notifications=True) as pilot:
        await asyncio.wait_for(app.bridge.ready.wait(), 5)
        made = Stage(app, pilot, client)
        await made.settle()
        yield made


def play(scene: Coroutine[Any, Any, None]) -> None:
    """Runs one scene on a loop of its own."""
    asyncio.run(scene)


def golden(name: str, text: str) -> None:
    """Compares with tests/tui/goldens; UPDATE_GOLDENS=1 writes instead."""
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; UPDATE_GOLDENS=1 writes it anew"
