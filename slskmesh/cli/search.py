"""`slskmesh search`: hits as they come.

JSON: a line a hit with the fields of `hit_fields`, then {"ended": true, "hits", "asked", "answered", "refused",
"dropped"}.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from slskmesh.cli.engine_run import running, wait_for_peers
from slskmesh.cli.output import Output, size_text
from slskmesh.engine.commands import Search
from slskmesh.engine.console import Console
from slskmesh.engine.events import Event, Found, SearchEnded
from slskmesh.engine.views import HitView
from slskmesh.errors import UserError
from slskmesh.wire.limits import QUERY_MAX

SEARCH_TIMEOUT = 60.0


class Hits:
    """Collects one search's answers from a console's events."""

    def __init__(self, on_hit: Callable[[HitView], None] | None = None) -> None:
        self.found: list[HitView] = []
        self.ended: SearchEnded | None = None
        self._on_hit = on_hit
        self._query = 0
        self._early: list[Event] = []

    def event(self, event: Event) -> None:
        """Takes one event; those of other queries are nothing to it."""
        if isinstance(event, Found) and event.query == self._query:
            self.found.extend(event.hits)
            for hit in event.hits if self._on_hit is not None else ():
                self._on_hit(hit)  # type: ignore[misc]
        elif isinstance(event, SearchEnded) and event.query == self._query:
            self.ended = event

    def ask(self, console: Console, text: str, limit: int) -> SearchEnded:
        """Searches and waits until the search is over."""
        self._query = console.post(Search(text, limit))
        console.wait_for(lambda: self.ended is not None, SEARCH_TIMEOUT, "the search to end")
        assert self.ended is not None  # as waited for
        return self.ended


def check_query(text: str) -> str:
    """The query without outer white space; UserError if it cannot be sent."""
    text = text.strip()
    if not text:
        raise UserError("the search has no words")
    if len(text) > QUERY_MAX:
        raise UserError(f"the search is too long: {len(text)} characters, at most {QUERY_MAX}")
    return text


def hit_fields(hit: HitView) -> dict[str, Any]:
    """A hit as JSON. Durations in seconds, sizes in bytes, bit rate in bit/s; 0 or "" is unknown."""
    names = (
        "content size name folder peer peer_name music format artist album title track disc year duration "
        "bitrate sample_rate bit_depth channels trusted have"
    )
    return {name: getattr(hit, name) for name in names.split()}


def hit_text(hit: HitView) -> str:
    """A hit as one line for people."""
    title = " - ".join(part for part in (hit.artist, hit.title) if part) or hit.name
    minutes = f"{int(hit.duration) // 60}:{int(hit.duration) % 60:02d}" if hit.duration else ""
    facts = "  ".join(part for part in (hit.format, minutes, size_text(hit.size)) if part)
    return f"{title}  [{facts}]  {hit.peer_name or hit.short}\n  {hit.content}  {hit.folder}/{hit.name}"


def run_search(home: Path, text: str, limit: int, patience: float, out: Output) -> int:
    """Prints the hits; returns 1 if there are none."""
    query = check_query(text)
    hits = Hits(lambda hit: out.row(hit_fields(hit), hit_text(hit)))
    with running(home, hits.event) as console:
        wait_for_peers(console, patience)
        end = hits.ask(console, query, limit)
    count = len(hits.found)
    if out.as_json:
        fields = {name: getattr(end, name) for name in ("asked", "answered", "refused", "dropped")}
        out.row({"ended": True, "hits": count, **fields}, "")
    out.say(
        f"{count} hits; {end.answered} of {end.asked} peers answered"
        + (f"; {end.reason}" if end.reason else "")
    )
    return 0 if count else 1
