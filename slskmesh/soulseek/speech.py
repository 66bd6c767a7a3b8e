"""What we may say on the Soulseek network: forms of lines and names, and a guard against our own floods. Pure.

Rules:
- A line is one line of 1 to 2,048 bytes, a ticker of at most 1,024; the server drops others without a word, so they are
  refused here with words. Nothing is cut or mended silently.
- At most 5 lines in 10 s and 30 in 2 minutes, rooms and messages together; the same words at most twice a minute to
  one place and to at most 3 places: the server bans for half an hour who does more (research features 4.3).
- What the network says is kept as it came, but bounded (`bounded`); whoever shows it sanitises.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from slskmesh.errors import SlskmeshError, UserError

LINE_BYTES: Final = 2048
TICKER_BYTES: Final = 1024
ROOM_LETTERS: Final = 24
NAME_LETTERS: Final = 30
SERVER: Final = "server"  # whose private messages are the server's own words

LIMITS: Final = ((5, 10.0), (30, 120.0))  # lines, seconds
REPEATS: Final = 2
PLACES: Final = 3
REPEAT_SECONDS: Final = 60.0


class SayingRefused(SlskmeshError):
    """This may not be said now. `retry_after`: whole seconds until it may."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _Said(NamedTuple):
    at: float
    place: str
    words: str


class FloodGuard:
    """What was said lately, over reconnects. A place is any text that stands for one room or user."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said: deque[_Said] = deque(maxlen=max(lines for lines, _ in LIMITS))

    def take(self, place: str, text: str) -> None:
        """Counts one line that is said now. SayingRefused: then nothing is counted."""
        wait, why = self._wait(place, text)
        if wait > 0:
            seconds = max(1, math.ceil(wait))
            raise SayingRefused(f"{why}; the server bans who does more: again in {seconds} s", seconds)
        self._said.append(_Said(self._clock(), place, _words(text)))

    def wait(self, place: str, text: str) -> float:
        """Seconds until `take` lets this through; 0: now."""
        return self._wait(place, text)[0]

    def _wait(self, place: str, text: str) -> tuple[float, str]:
        now, words = self._clock(), _words(text)
        wait, why = 0.0, ""
        for most, span in LIMITS:
            if len(self._said) >= most and (left := self._said[-most].at + span - now) > wait:
                wait, why = left, f"{most} lines were said in {span:.0f} s"
        same = [said for said in self._said if said.words == words and said.at + REPEAT_SECONDS > now]
        here = [said.at for said in same if said.place == place]
        if len(here) >= REPEATS and (left := here[-REPEATS] + REPEAT_SECONDS - now) > wait:
            wait, why = left, "the same was said here twice within a minute"
        elsewhere: dict[str, float] = {said.place: said.at for said in same if said.place != place}
        if not here and len(elsewhere) >= PLACES:
            left = sorted(elsewhere.values())[-PLACES] + REPEAT_SECONDS - now
            if left > wait:
                wait, why = left, f"the same was said in {PLACES} places within a minute"
        return wait, why


def _words(text: str) -> str:
    return " ".join(text.casefold().split())


def line(text: str, most: int = LINE_BYTES) -> str:
    """`text`, if the server passes it on; UserError says why it would not."""
    if not text.strip():
        raise UserError("there is nothing to say: the line is empty")
    if "\n" in text or "\r" in text:
        raise UserError("a line ends within this text; the server drops such: say it line by line")
    _fits(text, most)
    return text


def ticker(text: str) -> str:
    """A ticker; empty takes it away. UserError."""
    return line(text, TICKER_BYTES) if text else ""


def _fits(text: str, most: int) -> None:
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise UserError("this text has characters that cannot be sent; take them out") from None
    if length > most:
        raise UserError(f"this is {length:,} bytes long and the server takes {most:,}; make it shorter")


def room_name(name: str) -> str:
    """A name of a room as servers allow them; UserError."""
    if not name or len(name) > ROOM_LETTERS:
        raise UserError(f"a room's name has 1 to {ROOM_LETTERS} letters, this one {len(name)}")
    if name != name.strip(" ") or "  " in name:
        raise UserError("a room's name has no spaces at its ends and no two in a row")
    if not _plain(name):
        raise UserError("a room's name has only letters, digits and signs of ASCII")
    return name


def user_name(name: str) -> str:
    """A name of a user as servers allow them; UserError."""
    if not name or len(name) > NAME_LETTERS:
        raise UserError(f"a user's name has 1 to {NAME_LETTERS} letters, this one {len(name)}")
    if name != name.strip(" ") or not _plain(name):
        raise UserError("a user's name has only signs of ASCII and no spaces at its ends")
    return name


def _plain(name: str) -> bool:
    return all(" " <= letter <= "~" for letter in name)


def bounded(text: str, most: int = LINE_BYTES) -> str:
    """The first `most` code points of foreign text, fit to be stored."""
    return text[:most].encode("utf-8", "replace").decode()
