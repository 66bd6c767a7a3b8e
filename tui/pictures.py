"""Pictures of the real app on a real network, by a script of plain rows; the demo writes the script.

A row is (until, keys, name): wait for the condition `until` (a word of the tour's, "halfway", "job-shown", or "" for
none), press `keys`, and where `name` is not empty write `name-COLUMNSxROWS.svg` in each size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.pilot import Pilot

from slskmesh.engine.client import EngineClient
from slskmesh.errors import SlskmeshError
from tui.app import MeshApp
from tui.export import export
from tui.touring import facts
from tui.viewmodel.look import look
from tui.viewmodel.tour import UNTIL, Facts, tour_of

if TYPE_CHECKING:
    from slskmesh.settings import Settings

SIZES: Final = ((120, 36), (80, 24))
_TERMINAL: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
_PATIENCE: Final = 60.0  # seconds for one condition
_LOOK_EVERY: Final = 0.1


def _halfway(facts: Facts) -> bool:
    """Some download has half of its bytes."""
    return any(transfer.done * 2 >= transfer.size > 0 for transfer in facts.state.transfers)


def _job_shown(facts: Facts) -> bool:
    """The watched job shows a track that is done."""
    job = facts.state.job
    return job is not None and any(track.phase == "done" for track in job.tracks)


def _in_room(facts: Facts) -> bool:
    """Some room is joined."""
    return facts.state.chats is not None and any(room.joined for room in facts.state.chats.rooms)


def _said(facts: Facts) -> bool:
    """A room has a line and its people are known."""
    return facts.state.chat is not None and len(facts.state.chat.users) > 1


CONDITIONS: Final = {
    **UNTIL,
    "halfway": _halfway,
    "job-shown": _job_shown,
    "in-room": _in_room,
    "said": _said,
    "three-found": lambda facts: facts.results >= 3,
}

Row = tuple[str, Sequence[str], str]
Command = tuple[str, str, tuple[str, ...], Callable[[str], str]]


def take_pictures(
    client: EngineClient,
    *,
    settings: Settings,
    script: Sequence[Row],
    folder: Path,
    commands: Sequence[Command] = (),
) -> tuple[Path, ...]:
    """Plays the script and returns the files written; `commands` are those that `tour_of` takes.

    SlskmeshError names a condition that did not come true.
    """
    try:
        app = MeshApp(client, look(settings, _TERMINAL), tour=tour_of((), commands))
        return asyncio.run(_play(app, script, folder))
    finally:
        client.stop()


async def _play(app: MeshApp, script: Sequence[Row], folder: Path) -> tuple[Path, ...]:
    taken: list[Path] = []
    async with app.run_test(size=SIZES[0], notifications=True) as pilot:
        for until, keys, name in script:
            await _wait(app, pilot, until)
            await pilot.press(*keys)
            if name:
                taken += await _shoot(app, pilot, folder, name)
        app.bridge.close()
    return tuple(taken)


async def _wait(app: MeshApp, pilot: Pilot[int], until: str) -> None:
    reached = CONDITIONS[until]
    if reached is None:
        return
    try:
        async with asyncio.timeout(_PATIENCE):
            while not reached(facts(app)):
                await pilot.pause(_LOOK_EVERY)
    except TimeoutError:
        raise SlskmeshError(f"waited {_PATIENCE:.0f} s for “{until}” to take its picture") from None


async def _shoot(app: MeshApp, pilot: Pilot[int], folder: Path, name: str) -> list[Path]:
    paths = []
    for columns, rows in SIZES:
        await pilot.resize_terminal(columns, rows)
        await pilot.pause()
        paths.append(folder / f"{name}-{columns}x{rows}.svg")
        await export(app, paths[-1])
    await pilot.resize_terminal(*SIZES[0])
    return paths
