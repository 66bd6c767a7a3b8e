"""`slskmesh users list|info|buddy|unbuddy|ban|ignore|unban|import|export`: people of the Soulseek network.

JSON:
- list: {"type": "buddy", "name", "state", "note", "trusted", "notify", "last_seen"}, then {"type": "rule", "target",
  "address", "scope", "note", "added"};
- info: {"user", "text", "slots", "queue", "free_slot", "picture", "state", "received", "sent", "note"}; bytes;
- the others {"user", "did", "text"}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from slskmesh.cli.answers import Answers
from slskmesh.cli.engine_run import running, wait_online
from slskmesh.cli.output import Output, size_text
from slskmesh.engine.commands import Command
from slskmesh.engine.legacy_commands import AskUser
from slskmesh.engine.legacy_events import UserShown
from slskmesh.engine.legacy_views import PeopleView

LOOK_TIMEOUT: Final = 15.0  # seconds for the engine to show its lists


def list_people(home: Path, out: Output) -> None:
    """Prints buddies and rules."""
    with running(home) as console:
        view = console.wait_view(PeopleView, lambda view: True, LOOK_TIMEOUT, "the lists of people")
    for buddy in view.buddies:
        marks = [word for word, on in (("trusted", buddy.trusted), ("notify", buddy.notify)) if on]
        facts = "  ".join((buddy.state, *marks, buddy.note))
        out.row({"type": "buddy", **_fields(buddy)}, f"buddy  {buddy.name}  {facts}".rstrip())
    for rule in view.rules:
        kind = "ban   " if "transfers" in rule.scope else "ignore"
        what = f"address {rule.target}" if rule.address else rule.target
        out.row(
            {"type": "rule", **_fields(rule)}, f"{kind} {what}  {', '.join(rule.scope)}  {rule.note}".rstrip()
        )
    if not view.buddies and not view.rules:
        out.say("no buddies, nobody banned or ignored")


def show_user(home: Path, user: str, patience: float, out: Output) -> int:
    """Prints what a user says of himself; returns 1 if he says nothing."""
    answers = Answers()
    with running(home, answers.event) as console:
        wait_online(home, console, patience)
        said = answers.ask(console, AskUser(user), UserShown, f"{user} to answer")
    fields = _fields(said)
    del fields["query"]
    slots = f"{said.slots} slots, {'one free' if said.free_slot else 'none free'}, {said.queue} waiting"
    lines = [
        f"{said.user}  ({said.state})",
        *([slots] if said.slots or said.queue else []),
        *([str(said.text)] if said.text else []),
        f"received of him {size_text(said.received)}, sent to him {size_text(said.sent)}",
        *([str(said.note)] if said.note else []),
    ]
    out.row(fields, "\n".join(lines))
    return 1 if said.note and not said.text and not said.slots else 0


def tell_people(home: Path, user: str, did: str, command: Command, out: Output) -> None:
    """Has the engine change the lists. Refused with the engine's words."""
    with running(home) as console:
        text = str(console.ask(command).text)
    out.row({"user": user, "did": did, "text": text}, text or f"{user}: {did}")


def _fields(view: msgspec.Struct) -> dict[str, Any]:
    fields = msgspec.to_builtins(view)
    assert isinstance(fields, dict)
    return fields
