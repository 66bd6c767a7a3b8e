"""The server's public rooms: who is in them and what hangs on their walls. No I/O.

Rules:
- A room is there while somebody is in it; its tickers go with it.
- At most ROOMS_MAX rooms and ROOMS_EACH of them a user; texts over their bounds are not taken.
"""

from __future__ import annotations

from typing import Final

NAME_MAX: Final = 24
TEXT_MAX: Final = 2048  # bytes
TICKER_MAX: Final = 1024  # bytes
ROOMS_MAX: Final = 1000
ROOMS_EACH: Final = 50


def name_fault(name: str) -> str | None:
    """Why there can be no room of this name; None if there can."""
    if not name:
        return "Could not create room. Reason: Room name is empty."
    if len(name) > NAME_MAX:
        return f"Could not create room. Reason: Room name is longer than {NAME_MAX} characters."
    if name != name.strip(" "):
        return "Could not create room. Reason: Room name has a leading or trailing space."
    if "  " in name:
        return "Could not create room. Reason: Room name has two spaces in a row."
    if not all(" " <= letter <= "~" for letter in name):
        return "Could not create room. Reason: Room name has characters that are not ASCII."
    return None


def text_fits(text: str, most: int = TEXT_MAX) -> bool:
    """Whether a line may be said: not empty, one line, within `most` bytes."""
    return (
        bool(text) and "\n" not in text and "\r" not in text and len(text.encode("utf-8", "replace")) <= most
    )


class Room:
    """One room: members in the order they came, tickers in the order they were hung."""

    def __init__(self) -> None:
        self.members: dict[str, None] = {}
        self.tickers: dict[str, str] = {}


class Rooms:
    """All rooms, by name."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def counts(self) -> dict[str, int]:
        """Room -> people in it."""
        return {name: len(room.members) for name, room in sorted(self._rooms.items())}

    def members(self, name: str) -> list[str]:
        """Who is in a room."""
        room = self._rooms.get(name)
        return list(room.members) if room is not None else []

    def tickers(self, name: str) -> list[tuple[str, str]]:
        """User and text of each ticker."""
        room = self._rooms.get(name)
        return list(room.tickers.items()) if room is not None else []

    def of(self, user: str) -> list[str]:
        """The rooms a user is in."""
        return [name for name, room in self._rooms.items() if user in room.members]

    def has(self, name: str, user: str) -> bool:
        """Whether the user is in that room."""
        room = self._rooms.get(name)
        return room is not None and user in room.members

    def join(self, name: str, user: str) -> bool:
        """Puts a user in, making the room; False if he is in already or there is no room for one more."""
        if self.has(name, user) or len(self.of(user)) >= ROOMS_EACH:
            return False
        if name not in self._rooms and len(self._rooms) >= ROOMS_MAX:
            return False
        self._rooms.setdefault(name, Room()).members[user] = None
        return True

    def leave(self, name: str, user: str) -> bool:
        """Takes a user out, and the room away after the last one; False if he was not in."""
        room = self._rooms.get(name)
        if room is None or user not in room.members:
            return False
        del room.members[user]
        if not room.members:
            del self._rooms[name]
        return True

    def hang(self, name: str, user: str, text: str) -> bool:
        """Sets a ticker, or takes it away with an empty text; False if nothing changed."""
        room = self._rooms.get(name)
        if room is None or user not in room.members:
            return False
        had = room.tickers.pop(user, None)
        if text:
            room.tickers[user] = text
        return had != (text or None)
