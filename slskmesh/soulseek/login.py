"""What follows each way of not being on the server: how long to wait, and in what words. Pure.

| outcome | what happens |
|---|---|
| WRONG_PASSWORD, BAD_NAME, BAD_VERSION | nothing more until the line changes: the same login is refused again |
| KICKED | final until the person takes the name back: two clients of one name would throw each other out for ever |
| FULL | again after 1 min, twice as long each time, 15 min at most |
| ADDRESS_BAN | again after 30 min, doubling, 6 h at most: connecting during a ban makes it longer |
| NO_ANSWER | again after 30 s, then 1 min; from the third in a row on a silent ban is suspected: as ADDRESS_BAN |
| UNREACHABLE, LOST | again after 5 to 15 s by lot, doubling, 5 min at most (Nicotine+'s rule) |

Counts are kept for each class until there was a stable minute on the server or the line changed. Waits are lengthened
by lot, never shortened, so that those thrown out together do not come back together.
"""

from __future__ import annotations

import random
from typing import Final

from slskmesh.soulseek.values import Outcome
from slskmesh.text import sanitize

FINAL: Final = frozenset({Outcome.WRONG_PASSWORD, Outcome.BAD_NAME, Outcome.BAD_VERSION, Outcome.KICKED})

# Seconds
LINK_FIRST: Final = (5.0, 15.0)
LINK_MOST: Final = 300.0
FULL_FIRST: Final = 60.0
FULL_MOST: Final = 900.0
SILENT_FIRST: Final = 30.0
BAN_FIRST: Final = 1800.0
BAN_MOST: Final = 6 * 3600.0
JITTER: Final = 0.1  # of a wait, added
SILENT_BAN: Final = 3  # logins without an answer, in a row
_SERVER_TEXT: Final = 120

_LINK: Final = frozenset({Outcome.UNREACHABLE, Outcome.LOST})

_WORDS: Final = {
    Outcome.ONLINE: ("on the Soulseek server", ""),
    Outcome.WRONG_PASSWORD: (
        "the Soulseek server refused the password",
        "give the right one with :account; a name somebody else has taken looks the same: "
        "then choose another soulseek.username",
    ),
    Outcome.BAD_NAME: (
        "the Soulseek server refused the name",
        "choose another soulseek.username: 1 to 30 plain letters, digits and signs, no space at either end",
    ),
    Outcome.BAD_VERSION: (
        "the Soulseek server refused this version of the client",
        "look for a newer slskmesh, or check soulseek.server",
    ),
    Outcome.KICKED: (
        "this name logged in from somewhere else, so the server closed this connection",
        "leave the other client, then take the name back",
    ),
    Outcome.FULL: ("the Soulseek server is full", "nothing to do: it is tried again"),
    Outcome.ADDRESS_BAN: (
        "the Soulseek server closes the connection at once; a ban of this address is suspected",
        "wait: each try during a ban can make it longer; the mesh goes on working",
    ),
    Outcome.NO_ANSWER: (
        "the Soulseek server does not answer the login",
        "nothing to do: it is tried again",
    ),
    Outcome.UNREACHABLE: (
        "the Soulseek server cannot be reached",
        "check the network and soulseek.server; it is tried again",
    ),
    Outcome.LOST: ("the connection to the Soulseek server was lost", "nothing to do: it is tried again"),
}
_SILENT_BAN_WORDS: Final = (
    "the Soulseek server leaves every login unanswered; a silent ban of this name is suspected",
    "wait: more tries can make a ban longer; the mesh goes on working",
)


class Tries:
    """Tries in vain of one line, by class; says how long to wait after each."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.calm()

    def calm(self) -> None:
        """Forgets: there was a stable minute."""
        self._link = self._full = self._ban = self._silent = 0
        self._link_first = self._rng.uniform(*LINK_FIRST)

    @property
    def silent_ban(self) -> bool:
        """Whether a silent ban is suspected."""
        return self._silent >= SILENT_BAN

    def answered(self) -> None:
        """The server answered a login: no silence any more."""
        self._silent = 0

    def after(self, outcome: Outcome) -> float | None:
        """Counts one end that was not wanted; seconds to wait after it, None: only the person can help."""
        if outcome is Outcome.NO_ANSWER:
            self._silent += 1
            if self.silent_ban:
                return self._longer(_doubled(BAN_FIRST, self._silent - SILENT_BAN, BAN_MOST))
            return self._longer(_doubled(SILENT_FIRST, self._silent - 1, BAN_MOST))
        if outcome is not Outcome.UNREACHABLE:  # which says nothing of the name, either way
            self._silent = 0
        if outcome in FINAL:
            return None
        if outcome in _LINK:
            self._link += 1
            return _doubled(self._link_first, self._link - 1, LINK_MOST)
        if outcome is Outcome.FULL:
            self._full += 1
            return self._longer(_doubled(FULL_FIRST, self._full - 1, FULL_MOST))
        self._ban += 1
        return self._longer(_doubled(BAN_FIRST, self._ban - 1, BAN_MOST))

    def _longer(self, delay: float) -> float:
        return delay * (1 + JITTER * self._rng.random())


def _doubled(first: float, times: int, most: float) -> float:
    return min(most, first * 2.0 ** min(times, 32))


def words(outcome: Outcome, text: str = "", *, silent_ban: bool = False) -> tuple[str, str]:
    """What it is and what the person can do, both plain text. `text`: the server's own words, hostile."""
    if outcome is Outcome.NO_ANSWER and silent_ban:
        return _SILENT_BAN_WORDS
    what, todo = _WORDS[outcome]
    said = sanitize(text, _SERVER_TEXT).strip()
    told = said and not said.isupper()  # INVALIDPASS and the like say nothing more
    return (f"{what} ({said})" if told else what), todo
