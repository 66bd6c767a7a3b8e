"""The rooms and conversations of the Scenes pane: their order, numbers, what waits in each, which comes next.

Rules: rooms stand before conversations; each keeps its place while others come and go, so its number stays; what
somebody began to write to and is no conversation yet stands among them; state is told by a sign or word, not by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slskmesh.engine.legacy_views import ChatsView, ConversationView, ModeView, RoomView
from slskmesh.text import sanitize
from tui.viewmodel.chat import ONLINE, Place
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import plural

OPENED_MAX = 50
_SIGNS = {"online": "+", "away": "-"}


@dataclass(frozen=True, slots=True)
class Buffer:
    """One line of the list; `number` 0 is a heading."""

    place: Place
    number: int
    room: RoomView | None = None
    talk: ConversationView | None = None

    @property
    def key(self) -> str:
        """Its name among lines."""
        return key_of(self.place) if self.number else f"heading {self.place.name}"

    @property
    def unread(self) -> int:
        """Lines of others that nobody saw yet."""
        one = self.room or self.talk
        return one.unread if one is not None else 0

    @property
    def loud(self) -> bool:
        """Whether something of it is for the person: a mention, a message."""
        return bool(self.room.mentions) if self.room is not None else bool(self.unread)

    @property
    def waiting(self) -> int:
        """Messages that were not sent yet."""
        return self.talk.waiting if self.talk is not None else 0

    @property
    def sign(self) -> str:
        """In a room `#`, waiting to be in it `~`, left `x`; a user who is there `+`, away `-`."""
        if self.room is not None:
            return "#" if self.room.joined else "~" if self.room.wanted else "x"
        return _SIGNS.get(self.talk.state, " ") if self.talk is not None else " "


def key_of(place: Place) -> str:
    """A place as the name of a line."""
    return f"{'room' if place.room else 'user'} {place.name}"


class Buffers:
    """See the head of this file."""

    def __init__(self) -> None:
        self.rows: list[Buffer] = []
        self._order: dict[Place, None] = {}
        self._opened: dict[str, None] = {}
        self._known: dict[Place, RoomView | ConversationView] = {}

    def open(self, user: str) -> None:
        """A conversation is begun, of which the engine knows nothing yet."""
        self._opened.pop(user, None)
        self._opened[user] = None
        if len(self._opened) > OPENED_MAX:
            del self._opened[next(iter(self._opened))]

    def close(self, user: str) -> None:
        """It is not written to him after all."""
        self._opened.pop(user, None)

    def update(self, chats: ChatsView | None, words: str = "") -> list[Place]:
        """Takes the newest view; returns the places that are gone."""
        view = chats or ChatsView()
        self._known = {Place(True, str(room.name)): room for room in view.rooms}
        self._known |= {Place(False, str(talk.user)): talk for talk in view.conversations}
        for user in [user for user in self._opened if Place(False, user) in self._known]:
            del self._opened[user]
        there = dict.fromkeys([*self._known, *(Place(False, user) for user in self._opened)])
        gone = [place for place in self._order if place not in there]
        for place in gone:
            del self._order[place]
        self._order.update(dict.fromkeys(place for place in there if place not in self._order))
        self.rows = self._lines(words.casefold().split())
        return gone

    def _lines(self, terms: Sequence[str]) -> list[Buffer]:
        out: list[Buffer] = []
        places = sorted(self._order, key=lambda place: not place.room)
        for number, place in enumerate(places, 1):
            if any(term not in place.name.casefold() for term in terms):
                continue
            if not out or out[-1].place.room is not place.room:
                out.append(Buffer(Place(place.room, "rooms" if place.room else "messages"), 0))
            view = self._known.get(place)
            room, talk = (view, None) if isinstance(view, RoomView) else (None, view)
            out.append(Buffer(place, number, room, talk))
        return out

    def find(self, place: Place | None) -> Buffer | None:
        """The line of a place, if it is shown."""
        return next((row for row in self.rows if row.place == place and row.number), None)

    def numbered(self, number: int) -> Place | None:
        """The place of a number."""
        return next((row.place for row in self.rows if row.number == number), None)

    def step(self, place: Place | None, by: int) -> Place | None:
        """The line after or before, round the ends."""
        places = [row.place for row in self.rows if row.number]
        if not places:
            return None
        return places[(places.index(place) + by) % len(places)] if place in places else places[0]

    def active(self, place: Place | None) -> Place | None:
        """The next with something unread, what is for the person first; None where there is nothing."""
        rows = [row for row in self.rows if row.number]
        at = next((at for at, row in enumerate(rows) if row.place == place), -1)
        after = [row for row in [*rows[at + 1 :], *rows[: max(0, at)]] if row.unread]
        return next((row.place for row in sorted(after, key=lambda row: not row.loud)), None)


def columns() -> tuple[Column[Buffer], ...]:
    """The list of rooms and conversations."""
    return (
        Column(
            "", 2, lambda b: Cell(str(b.number) if 0 < b.number < 100 else "", "faint"), right=True, level=20
        ),
        Column("", 1, lambda b: Cell(b.sign if b.number else "", "dim")),
        Column("name", 4, _name, weight=1),
        Column("new", 3, _new, right=True),
    )


def _name(row: Buffer) -> Cell:
    if not row.number:
        return Cell(row.place.name, "title")
    there = row.sign in {"#", "+"}
    return Cell(row.place.name, "bold" if row.loud else "text" if there or row.unread else "dim")


def _new(row: Buffer) -> Cell:
    if not row.unread:
        return Cell(f"{min(99, row.waiting)}w", "warn") if row.waiting else Cell("")
    if row.loud:
        return Cell(f"{min(99, row.room.mentions if row.room is not None else row.unread)}!", "mark")
    return Cell(str(row.unread) if row.unread < 100 else "99+", "accent")


def title(place: Place | None) -> str:
    """The title of the box of lines."""
    if place is None:
        return "nothing open"
    return f"#{place.name}" if place.room else place.name


def standing(row: Buffer) -> str:
    """How it stands, for the border."""
    room, talk = row.room, row.talk
    if room is not None:
        if room.joined:
            return f"{'private, ' if room.private else ''}{plural(room.users, 'user')}"
        return "not in it" if room.wanted else "left"
    if talk is None or talk.state == "unknown":
        return ""
    return talk.state


def trouble(row: Buffer, mode: ModeView | None) -> str:
    """Why nothing can be said or heard there now; empty: it can."""
    room, talk = row.room, row.talk
    if row.place.room:
        if room is not None and room.joined:
            return ""
        if room is not None and room.fault:
            return str(room.fault)
        if room is not None and not room.wanted:
            return "you left this room; /join brings you back"
        return _away(mode) or "joining"
    if _away(mode):
        why = str(mode.what) if mode is not None and mode.what else "the Soulseek server is away"
        return f"{why}; what you write waits to be sent"
    if talk is not None and talk.state == "offline":
        return f"{talk.user} is offline; the server keeps what you write until he comes"
    return ""


def _away(mode: ModeView | None) -> str:
    """Why the server is not there, in the engine's words; empty where it is."""
    if mode is None or mode.phase == ONLINE:
        return ""
    parts = [str(part) for part in (mode.what, mode.chat) if part]
    return "; ".join(parts) or str(sanitize(f"the Soulseek server: {mode.phase}"))
