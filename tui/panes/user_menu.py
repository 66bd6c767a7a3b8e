"""What can be done with a Soulseek user whose name stands in a list: browse, write, buddy, ban.

Rules: a ban is asked for, with what it ends; what the engine answers is shown as with every command.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.legacy_commands import AddBuddy, AddRule, CancelUploads, Whisper
from tui.widgets.overlay import Entry, Menu
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

BROWSE = "browse"  # the command that opens a user's shares
EVERYTHING = ("results", "chat", "transfers")


def browse(desk: MeshApp, user: str) -> None:
    """Opens what he shares."""
    from tui.everywhere import run_command

    run_command(desk, f"{BROWSE} {user}")


def message(desk: MeshApp, user: str) -> None:
    """Asks for a line and sends it to him, now or with the next login."""

    def send(text: str) -> str | None:
        if not text.strip():
            return "nothing to send yet; esc leaves it"
        desk.ask(Whisper(user, text.strip()))
        return None

    desk.question(
        Question(f"to {user}:", send, help="a private message; it waits while he or the server is away")
    )


def add_buddy(desk: MeshApp, user: str) -> None:
    """Puts him on the list of buddies."""
    desk.ask(AddBuddy(user))


def no_buddy(desk: MeshApp, user: str) -> str | None:
    """Why he cannot be put there."""
    people = desk.state.people
    there = people is not None and any(buddy.name == user for buddy in people.buddies)
    return f"{user} is on the list of buddies" if there else None


def ban(desk: MeshApp, user: str) -> None:
    """Asks, then bans him from results, chat and transfers."""

    def sure(answer: str) -> None:
        desk.ask(AddRule(user, EVERYTHING))

    desk.question(
        Question(f"Ban {user}: no uploads to him, nothing of his in results and chat?", sure, confirm=True)
    )


def no_ban(desk: MeshApp, user: str) -> str | None:
    """Why he cannot be banned."""
    people = desk.state.people
    there = people is not None and any(
        rule.target == user and not rule.address and set(EVERYTHING) <= set(rule.scope)
        for rule in people.rules
    )
    return f"{user} is banned already" if there else None


def cancel_all(desk: MeshApp, user: str) -> None:
    """Asks, then ends all uploads to him."""

    def sure(answer: str) -> None:
        desk.ask(CancelUploads(user))

    desk.question(Question(f"Cancel all uploads to {user}?", sure, confirm=True))


def show(desk: MeshApp, user: str) -> None:
    """The menu."""

    def entry(key: str, title: str, run: Callable[[MeshApp, str], None], off: str | None = None) -> Entry:
        return Entry(key, title, partial(run, desk, user), off or "", "", (key,))

    entries = [
        entry("m", "write a private message", message),
        entry("a", "add to the buddies", add_buddy, no_buddy(desk, user)),
        entry("D", "cancel all uploads to him", cancel_all),
        entry("B", "ban (asks)", ban, no_ban(desk, user)),
    ]
    if desk.registry.command(BROWSE) is not None:
        entries.insert(0, entry("o", "browse his shares", browse))
    desk.open(Menu(user, entries))
