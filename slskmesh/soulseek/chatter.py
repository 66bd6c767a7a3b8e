"""One room as we know it: who is there, what hangs on its wall, what was said, what of it was not read. Pure.

Rules:
- The last 1,000 lines are in memory and the last 200 of them on disk; lines are numbered, so that writing is resumed
  where it stopped.
- Our own line is in the room when the server gives it back. Lines that it did not give back before the line to it was
  lost are kept, as not delivered.
- People and tickers are known while we are in the room only.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

import msgspec

from slskmesh.soulseek.speech import SERVER, TICKER_BYTES, bounded
from slskmesh.soulseek.values import Member, UserState

LINES_MAX: Final = 1000
LINES_KEPT: Final = 200  # on disk
USERS_MAX: Final = 20_000
TICKERS_MAX: Final = 2_000
UNANSWERED_MAX: Final = 30  # own lines on their way; the flood guard lets no more out
NAME_MAX: Final = 64  # letters of a foreign name
COUNTRY_MAX: Final = 2


class Kind(enum.Enum):
    """What a line is."""

    SAID = "said"
    MENTION = "mention"  # said, with our name in it
    OWN = "own"
    UNSENT = "unsent"  # ours, not known to have been delivered
    FAULT = "fault"  # the server's words on why something cannot be


class RoomLine(msgspec.Struct, frozen=True):
    """One line, as the network gave it. `at` is Unix seconds."""

    number: int
    at: float
    user: str
    text: str
    kind: Kind


class KeptRoom(msgspec.Struct, frozen=True):
    """A room as it is stored; of changes `lines` has the new ones only."""

    name: str
    wanted: bool = True
    private: bool = False
    unread: int = 0
    mentions: int = 0
    added: float = 0.0
    lines: tuple[RoomLine, ...] = ()


class RoomStanding(msgspec.Struct, frozen=True):
    """A room for a list. `fault` is the server's last words on why we are not in it."""

    name: str
    wanted: bool
    joined: bool
    private: bool
    users: int
    tickers: int
    unread: int
    mentions: int
    fault: str


class Room:
    """See the head of this file."""

    def __init__(self, kept: KeptRoom) -> None:
        self.name = kept.name
        self.wanted = kept.wanted
        self.private = kept.private
        self.added = kept.added
        self.unread = kept.unread
        self.mentions = kept.mentions
        self.joined = False
        self.fault = ""
        self.users: dict[str, Member | None] = {}  # in the order they came, with what is told of them
        self.tickers: dict[str, str] = {}
        self.lines: deque[RoomLine] = deque(kept.lines, LINES_MAX)
        self._written = kept.lines[-1].number if kept.lines else 0
        self._number = self._written
        self._unanswered: deque[tuple[str, float]] = deque(maxlen=UNANSWERED_MAX)

    # -- what the server says ----------------------------------------------------------------------------------

    def entered(
        self, users: Iterable[str], tickers: Iterable[tuple[str, str]], members: Sequence[Member] = ()
    ) -> None:
        """We are in it."""
        self.joined, self.fault = True, ""
        self.users.clear()
        self.tickers.clear()
        for user, member in zip_longest(users, members[:USERS_MAX]):
            if user is not None:
                self.came(user, member)
        for user, text in tickers:
            self.hung(user, text)

    def ended(self) -> None:
        """We are not in it, or no longer; own lines that were not given back count as not delivered."""
        self.joined = False
        self.users.clear()
        self.tickers.clear()
        while self._unanswered:
            text, at = self._unanswered.popleft()
            self._add(at, "", text, Kind.UNSENT)

    def came(self, user: str, member: Member | None = None) -> None:
        """Somebody is in it."""
        if member is not None and len(member.country) > COUNTRY_MAX:
            member = msgspec.structs.replace(member, country=bounded(member.country, COUNTRY_MAX))
        if len(self.users) < USERS_MAX:
            self.users[bounded(user, NAME_MAX)] = member

    def is_now(self, user: str, state: UserState) -> bool:
        """Somebody's state; False: nothing is told of him here."""
        member = self.users.get(bounded(user, NAME_MAX))
        if member is None or member.state is state:
            return False
        self.users[bounded(user, NAME_MAX)] = msgspec.structs.replace(member, state=state)
        return True

    def went(self, user: str) -> None:
        """Somebody is not in it any more; his ticker stays."""
        self.users.pop(bounded(user, NAME_MAX), None)

    def hung(self, user: str, text: str) -> None:
        """A ticker, or none."""
        user = bounded(user, NAME_MAX)
        if not text:
            self.tickers.pop(user, None)
        elif user in self.tickers or len(self.tickers) < TICKERS_MAX:
            self.tickers[user] = bounded(text, TICKER_BYTES)

    def said(self, user: str, text: str, at: float, me: str) -> RoomLine:
        """A line; its kind says whether it is ours and whether it names us (`me`, empty: unknown)."""
        text = bounded(text)
        if me and user == me:
            self._answered(text)
            return self._add(at, user, text, Kind.OWN)
        kind = Kind.MENTION if mentions(text, me) else Kind.SAID
        self.unread += 1
        self.mentions += kind is Kind.MENTION
        return self._add(at, bounded(user, NAME_MAX), text, kind)

    def failed(self, text: str, at: float) -> RoomLine:
        """The server's words on why something cannot be."""
        self.fault = bounded(text)
        return self._add(at, SERVER, self.fault, Kind.FAULT)

    # -- what we do --------------------------------------------------------------------------------------------

    def sent(self, text: str, at: float) -> None:
        """Our line is on its way."""
        self._unanswered.append((text, at))

    def unsent(self, text: str) -> None:
        """It did not get as far as that."""
        self._answered(text)

    def read(self) -> bool:
        """The person saw it; False: there was nothing new."""
        fresh = bool(self.unread or self.mentions)
        self.unread = self.mentions = 0
        return fresh

    # -- how it stands -----------------------------------------------------------------------------------------

    def standing(self) -> RoomStanding:
        """For a list."""
        return RoomStanding(
            name=self.name,
            wanted=self.wanted,
            joined=self.joined,
            private=self.private,
            users=len(self.users),
            tickers=len(self.tickers),
            unread=self.unread,
            mentions=self.mentions,
            fault=self.fault,
        )

    def take(self) -> KeptRoom:
        """What is to be written: all of it, with the lines since the last call."""
        fresh: list[RoomLine] = []
        for said in reversed(self.lines):
            if said.number <= self._written or len(fresh) == LINES_KEPT:
                break
            fresh.append(said)
        self._written = self._number
        return KeptRoom(
            self.name,
            self.wanted,
            self.private,
            self.unread,
            self.mentions,
            self.added,
            tuple(reversed(fresh)),
        )

    def put_back(self, kept: KeptRoom) -> None:
        """What `take` gave could not be written."""
        if kept.lines:
            self._written = min(self._written, kept.lines[0].number - 1)

    def _answered(self, text: str) -> None:
        for waiting in self._unanswered:
            if waiting[0] == text:
                self._unanswered.remove(waiting)
                return

    def _add(self, at: float, user: str, text: str, kind: Kind) -> RoomLine:
        self._number += 1
        said = RoomLine(self._number, at, user, text, kind)
        self.lines.append(said)
        return said


def mentions(text: str, name: str) -> bool:
    """Whether `name` is in the text as a word of its own, in whatever case."""
    if not name or len(name) > len(text):
        return False
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
