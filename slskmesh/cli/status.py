"""`slskmesh status` and `slskmesh published`.

JSON: status is one line with the fields of the engine's ModeView: "mode", "health", "since", "reason", "rtt",
"outlook", "next_at", "phase", "what", "todo", …; published is a line a record {"type": "out" or "next", "kind", "name",
"title", "size", "life", "says"}, then {"ended": true, "out", "next", "leaving", "lines"}. Bytes, seconds, Unix seconds.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from slskmesh.cli.answers import Answers
from slskmesh.cli.engine_run import running
from slskmesh.cli.job_words import fields_of
from slskmesh.cli.output import Output
from slskmesh.cli.resolve import wait_for_table
from slskmesh.engine.console import TimedOut
from slskmesh.engine.legacy_commands import ShowPublished
from slskmesh.engine.legacy_events import PublishedShown
from slskmesh.engine.legacy_views import ModeView, ToldView
from slskmesh.errors import SlskmeshError

_SETTLED: Final = ("online", "waiting", "stopped", "no account")


def show_status(home: Path, patience: float, out: Output) -> int:
    """Prints mode, health of the server and session; returns 1 if the mode wants the server and it is not there."""

    def settled(view: ModeView) -> bool:
        return view.phase in _SETTLED or not view.connect

    with running(home) as console:
        with contextlib.suppress(TimedOut):
            console.wait_view(ModeView, settled, patience, "the Soulseek server")
        view = console.latest(ModeView)
    if view is None:
        raise SlskmeshError("the engine does not tell its mode")
    out.row(fields_of(view), _text(view))
    return 0 if view.phase == "online" or not view.connect else 1


def _text(view: ModeView) -> str:
    rows = [
        ("mode", f"{view.mode}, Soulseek server {view.health}: {view.reason}"),
        ("session", f"{view.phase}: {view.what}" + (f"; {view.todo}" if view.todo else "")),
        ("account", f"{view.username} at {view.server}" if view.username else "none"),
        ("comes next", view.outlook),
        ("search", view.search),
        ("jobs", view.jobs),
        ("transfers", view.transfers),
        ("chat", view.chat),
        ("searches left", f"{view.searches_left} of {view.searches_of}" if view.searches_of else ""),
    ]
    return "\n".join(f"{name:14s}{text}" for name, text in rows if text)


def show_published(home: Path, patience: float, out: Output) -> int:
    """Prints every record this peer publishes, and what comes next; returns 1 if that is nothing."""
    answers = Answers()
    with running(home, answers.event) as console:
        wait_for_table(console, patience)
        answer = answers.ask(console, ShowPublished(), PublishedShown, "what is published")
    for kind, records in (("out", answer.out), ("next", answer.next)):
        for record in records:
            out.row({"type": kind, **fields_of(record)}, _record_text(kind, record))
    if out.as_json:
        counts = {"out": len(answer.out), "next": len(answer.next)}
        out.row({"ended": True, **counts, "leaving": list(answer.leaving), "lines": list(answer.lines)}, "")
    else:
        for line in answer.lines:
            out.say(line)
    return 0 if answer.out or answer.next else 1


def _record_text(kind: str, record: ToldView) -> str:
    says = "\n".join(f"        {line}" for line in record.says)
    return f"{kind:5s} {record.kind}  {record.title or record.name}  {record.size} bytes" + (
        f"\n{says}" if says else ""
    )
