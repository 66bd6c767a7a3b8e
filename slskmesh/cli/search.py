"""`slskmesh search`: hits as they come, of connected peers and of Soulseek users.

JSON: a line a hit with the fields of `hit_fields`, then {"ended": true, "hits", "shown", "asked", "answered",
"refused", "dropped", "users", "note"}. `hits` came, `shown` of them passed the filter; `users` are Soulseek users who
answered; `note` says why a network was not asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from slskmesh.cli.engine_run import running, wait_for_peers, wait_for_some, wait_online
from slskmesh.cli.output import Output, size_text
from slskmesh.engine.commands import Search, StopSearch
from slskmesh.engine.console import Console, Refused, TimedOut
from slskmesh.engine.events import Event, Found, Reply, SearchEnded
from slskmesh.engine.hit_facts import facts_of, path_of
from slskmesh.engine.views import HitView
from slskmesh.errors import UserError
from slskmesh.filters import Filter, Verdict
from slskmesh.wire.limits import QUERY_MAX

SEARCH_TIMEOUT: Final = 150.0  # seconds; the engine ends any search sooner


class Hits:
    """Collects one search's answers from a console's events."""

    def __init__(self, on_hit: Callable[[HitView], None] | None = None) -> None:
        self.found: list[HitView] = []
        self.ended: SearchEnded | None = None
        self.query = 0
        self._on_hit = on_hit
        self._refused: str | None = None

    def event(self, event: Event) -> None:
        """Takes one event; those of other queries are nothing to it."""
        if isinstance(event, Found) and event.query == self.query:
            self.found.extend(event.hits)
            for hit in event.hits if self._on_hit is not None else ():
                self._on_hit(hit)  # type: ignore[misc]
        elif isinstance(event, SearchEnded) and event.query == self.query:
            self.ended = event
        elif isinstance(event, Reply) and event.request == self.query and not event.ok:
            self._refused = str(event.text)

    def ask(
        self,
        console: Console,
        question: Search,
        enough: Callable[[], bool] = lambda: False,
        seconds: float | None = None,
    ) -> SearchEnded:
        """Searches and waits until the search is over; it is stopped when there is `enough` or after `seconds`.

        Refused with the engine's words where nobody can be asked.
        """
        self.query = console.post(question)

        def over() -> bool:
            if self._refused is not None:
                raise Refused(self._refused or "the engine would not search")
            return self.ended is not None

        with contextlib.suppress(TimedOut):
            console.wait_for(lambda: over() or enough(), seconds or SEARCH_TIMEOUT, "the search")
        if self.ended is None:
            console.post(StopSearch(self.query))
        console.wait_for(over, SEARCH_TIMEOUT, "the search to end")
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


def question_of(text: str, limit: int, where: str, user: str, room: str) -> Search:
    """The search that these options ask for. UserError: they do not go together."""
    if user and room:
        raise UserError("--user and --room do not go together")
    if (user or room) and where == "mesh":
        raise UserError("--user and --room are of the Soulseek network, so --where cannot be mesh")
    return Search(check_query(text), limit, "soulseek" if user or room else where, user, room)


def wait_for_network(home: Path, console: Console, where: str, patience: float) -> None:
    """Waits for whom a search `where` asks. SlskmeshError: nobody of them is there after `patience` seconds."""
    if where == "mesh":
        wait_for_peers(console, patience)
    elif where == "soulseek":
        wait_online(home, console, patience)
    else:
        wait_for_some(home, console, patience)


def hit_fields(hit: HitView) -> dict[str, Any]:
    """A hit as JSON. Durations in seconds, sizes in bytes, bit rate in bit/s, speed in bytes/s; 0 or "" is unknown,
    null of a legacy user's own words. `via` is "mesh" or "soulseek", whose hits have `user` and `path`.
    """
    names = (
        "content size name folder peer peer_name music format artist album title track disc year duration "
        "bitrate sample_rate bit_depth channels trusted have via user vbr free_slot speed queue locked"
    )
    return {**{name: getattr(hit, name) for name in names.split()}, "path": path_of(hit)}


def hit_text(hit: HitView) -> str:
    """A hit as lines for people."""
    title = " - ".join(part for part in (hit.artist, hit.title) if part) or hit.name
    minutes = f"{int(hit.duration) // 60}:{int(hit.duration) % 60:02d}" if hit.duration else ""
    facts = "  ".join(part for part in (hit.format, minutes, size_text(hit.size)) if part)
    if hit.via == "soulseek":
        slot = (
            "" if hit.free_slot is None else "  free slot" if hit.free_slot else f"  queue {hit.queue or 0}"
        )
        return f"{title}  [{facts}]  Soulseek: {hit.user}{slot}\n  {path_of(hit)}"
    return f"{title}  [{facts}]  {hit.peer_name or hit.short}\n  {hit.content}  {hit.folder}/{hit.name}"


def run_search(
    home: Path, question: Search, sieve: str, patience: float, seconds: float | None, out: Output
) -> int:
    """Prints the hits that pass the filter `sieve`; returns 1 if there are none. `seconds`: for answers at most."""
    wanted = Filter.parse(sieve)
    shown = 0

    def show(hit: HitView) -> None:
        nonlocal shown
        if wanted.matches(facts_of(hit)) is not Verdict.NO:
            shown += 1
            out.row(hit_fields(hit), hit_text(hit))

    hits = Hits(show)
    with running(home, hits.event) as console:
        wait_for_network(home, console, question.where, patience)
        end = hits.ask(console, question, seconds=seconds)
    if out.as_json:
        fields = {name: getattr(end, name) for name in ("asked", "answered", "refused", "dropped", "users")}
        counts = {"hits": len(hits.found), "shown": shown}
        out.row({"ended": True, **counts, **fields, "note": end.reason}, "")
    out.say(_end_text(shown, len(hits.found), end))
    return 0 if shown else 1


def _end_text(shown: int, found: int, end: SearchEnded) -> str:
    left = f" ({found - shown} more do not pass the filter)" if found > shown else ""
    users = f", {end.users} Soulseek users" if end.users else ""
    peers = f"; {end.answered} of {end.asked} peers{users} answered"
    return f"{shown} hits{left}{peers}" + (f"; {end.reason}" if end.reason else "")
