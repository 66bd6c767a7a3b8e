"""Where a search goes: everywhere, one network, one user, one room; and why a network is not asked now.

Rules: nothing here decides what the mode allows, it reads `ModeView`; a search is refused only where no network can be
asked, else what is left out is said and the rest is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from slskmesh.engine.legacy_views import ModeView, PeopleView

EVERYWHERE, MESH, SOULSEEK = "all", "mesh", "soulseek"
WHERE = (EVERYWHERE, MESH, SOULSEEK)
LIMIT = 500  # hits wanted of each user and peer
LIMIT_OF_ONE = 10_000  # and where one user alone is asked
_NAMED = re.compile(r'\s*(?:"([^"]+)"|(\S+))\s*(.*)', re.DOTALL)
_LOW_MODES = {
    "disaster": "Soulseek is away (mesh-only mode)",
    "mesh-only": "Soulseek is not used (mesh-only mode)",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """One search as the person meant it. With `user` or `room` only Soulseek is asked."""

    words: str
    where: str = EVERYWHERE
    user: str = ""
    room: str = ""

    @property
    def place(self) -> str:
        """Where it goes, if not everywhere, for the list's title."""
        if self.user:
            return f"of {self.user}"
        if self.room:
            return f"in room {self.room}"
        return "" if self.where == EVERYWHERE else f"{self.where} only"

    @property
    def limit(self) -> int:
        """Hits wanted of each who is asked."""
        return LIMIT_OF_ONE if self.user else LIMIT

    @property
    def to_server(self) -> bool:
        """Whether it goes to Soulseek where that can be asked."""
        return self.where != MESH

    @property
    def to_mesh(self) -> bool:
        """Whether it goes to peers where there are any."""
        return self.where != SOULSEEK and not self.user and not self.room


def named(text: str) -> tuple[str, str]:
    """The name that a line begins with, its first word or what stands between quotation marks, and the rest."""
    match = _NAMED.fullmatch(text)
    return (match[1] or match[2], match[3].strip()) if match is not None else ("", "")


def typed(mode: str, text: str) -> Ask:
    """What the query line means in a mode: in "user" and "room" a name stands before the words."""
    words = " ".join(text.split())
    if mode not in {"user", "room"}:
        return Ask(words)
    name, rest = named(words)
    return Ask(rest, user=name) if mode == "user" else Ask(rest, room=name)


def commanded(text: str) -> Ask:
    """What `:search` means: a network may stand before the words."""
    words = " ".join(text.split())
    first, _, rest = words.partition(" ")
    return Ask(rest, first) if first in WHERE and rest else Ask(words)


def no_server(mode: ModeView | None) -> str:
    """Why Soulseek cannot be asked now; empty: it can."""
    if mode is None:
        return "there is no Soulseek connection"
    if not mode.ask_server:
        return _LOW_MODES.get(mode.mode, "") or str(mode.reason) or "Soulseek is not asked in this mode"
    if mode.phase != "online":
        return f"Soulseek: {mode.what or mode.phase}"
    if mode.searches_of and mode.searches_left <= 0 and mode.searches_next > 0:
        return f"Soulseek takes no more searches now: the next one can go out in {math.ceil(mode.searches_next)} s"
    return ""


def finds_by_ids(mode: ModeView | None, nodes: int | None) -> bool:
    """Whether words are looked for by MusicBrainz ids in the table of peers, so that nobody need be connected: where
    the mode takes peers only."""
    return mode is not None and mode.ask_mesh and not mode.legacy_sources and bool(nodes)


def no_mesh(mode: ModeView | None, nobody: str) -> str:
    """Why peers cannot be asked now; `nobody` says so of those connected."""
    if mode is not None and not mode.ask_mesh:
        return "the mesh is off (Soulseek-only mode)"
    return nobody


def hidden_users(people: PeopleView | None, sources: Iterable[str]) -> frozenset[str]:
    """The Soulseek users among these sources ("slsk:name") of whom rules hide what they have."""
    rules = [rule for rule in (people.rules if people is not None else ()) if "results" in rule.scope]
    names = {str(rule.target) for rule in rules if not rule.address and "*" not in rule.target}
    patterns = [
        re.compile(".*".join(map(re.escape, rule.target.split("*"))))
        for rule in rules
        if not rule.address and "*" in rule.target
    ]
    users = {source.removeprefix("slsk:") for source in sources if source.startswith("slsk:")}
    return frozenset(user for user in users if user in names or any(one.fullmatch(user) for one in patterns))


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a search: `refused` says why it asks nobody, `left_out` what it leaves out."""

    refused: str = ""
    left_out: str = ""


def check(ask: Ask, mode: ModeView | None, nobody: str) -> Answer:
    """Whether it can go out now. `nobody`: why no peer can be asked, empty where there are some."""
    server = no_server(mode) if ask.to_server else "-"
    mesh = no_mesh(mode, nobody) if ask.to_mesh else "-"
    if server and mesh:
        reasons = [reason for reason in (mesh, server) if reason != "-"]
        if mode is None and ask.to_mesh:
            reasons = [mesh]
        return Answer(refused="; ".join(dict.fromkeys(reasons)))
    wanted = mode is not None and mode.connect and ask.to_server
    return Answer(left_out=f"{server}; asking peers only" if server and wanted else "")
