"""Removing downloads with ten seconds to take it back, and many commands for one key press. See viewmodel/removals.py.

Rules: a crowd of commands goes to the engine a few at a time, and what fails of it is told once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Level, Reply
from tui.viewmodel.formats import plural
from tui.viewmodel.removals import SECONDS, Going, Removal

if TYPE_CHECKING:
    from tui.desk import Desk

AT_ONCE = 100  # commands under way


def _no_end() -> None:
    return None


def ask_all(desk: Desk, commands: Sequence[Command], then: Callable[[], None] = _no_end) -> None:
    """Sends all of them, in order; `then` is called after the last answer, at once where there are none."""
    waiting, failed, left = deque(commands), list[str](), len(commands)

    def answered(reply: Reply) -> None:
        nonlocal left
        left -= 1
        if not reply.ok:
            failed.append(str(reply.text) or "that did not work")
        if waiting:
            desk.ask(waiting.popleft(), answered)
        elif not left:
            if failed:
                more = f" ({len(failed)} of {len(commands)})" if len(commands) > 1 else ""
                desk.say(f"{failed[0]}{more}", Level.ERROR)
            then()

    if not commands:
        then()
    for _ in range(min(AT_ONCE, len(commands))):
        desk.ask(waiting.popleft(), answered)


def remove(desk: Desk, name: str, going: Iterable[Going]) -> None:
    """Takes downloads off the list in ten seconds; what runs is stopped at once."""
    removal = desk.removals.add(name, going, desk.monotonic())
    if removal.going:
        ask_all(desk, removal.pausing())
        desk.say(f"{name} goes in {SECONDS:.0f} seconds; U keeps it")
        desk.pane.second()


def undo(desk: Desk) -> None:
    """Keeps what was removed last; what ran goes on."""
    removal = desk.removals.undo()
    if removal is None:
        return
    ask_all(desk, removal.keeping())
    desk.say(f"{removal.name} stays", Level.GOOD)
    desk.pane.touch_boxes()


def carry_out(desk: Desk, removals: Iterable[Removal], then: Callable[[], None] = _no_end) -> None:
    """Asks the engine to remove what waited long enough."""
    ask_all(desk, [command for removal in removals for command in removal.removing()], then)


def told(names: Sequence[str]) -> str:
    """Several downloads in a few words."""
    return names[0] if len(names) == 1 else plural(len(names), "download")
