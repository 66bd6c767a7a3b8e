"""How many searches may still be sent: the server bans for half an hour who sends too many, or the same again. Pure.

Rules:
- At most 34 in any 220 s and 10 in any 60 s, all together (research features 4.3): counted from the searches sent, not
  from fillings of a bucket, so no window whatever holds more.
- The person comes first: programs on the API leave some of both limits to the person, wishes and automation leave more.
- The same words to the same place again within a minute are refused: their answers are still coming.
- Nothing waits here. What is refused says for how many seconds, in words and as a number.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from slskmesh.errors import SlskmeshError
from slskmesh.text import sanitize
from slskmesh.work import LocalBudget, Origin

WINDOW: Final = 220.0  # seconds
IN_WINDOW: Final = 34
MINUTE: Final = 60.0
IN_MINUTE: Final = 10
REPEAT: Final = 60.0  # seconds until the same words may be sent again; at most WINDOW

# Searches that must be left to those who come first: (of the window, of the minute)
_LEFT_TO_OTHERS: Final = {
    Origin.USER: (0, 0),
    Origin.GATEWAY: (8, 2),
    Origin.AUTOMATION: (16, 5),
}


class SearchRefused(SlskmeshError):
    """A search may not be sent now. `retry_after`: whole seconds until the same call would be let through."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SearchesLeft(msgspec.Struct, frozen=True):
    """What is left for one origin."""

    left: int  # that could be sent at once
    of: int  # at most, with nothing sent before
    next_in: float  # seconds until one may be sent; 0: now
    all_in: float  # seconds until all are there again


class _Sent(NamedTuple):
    at: float
    place: tuple[str, str, str]


class SearchBudget:
    """The searches of one address on the server. It outlives sessions: the server counts on over reconnects."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sent: deque[_Sent] = deque(maxlen=IN_WINDOW)

    def take(self, text: str, budget: LocalBudget, *, room: str = "", user: str = "") -> None:
        """Counts one search that is sent now. SearchRefused: then nothing is counted."""
        now = self._tidy()
        place = _place(text, room, user)
        self._refuse_repeat(text, place, now)
        if wait := self._wait(budget.origin, now):
            seconds = _whole(wait)
            raise SearchRefused(f"{_why(budget.origin)}; the next one can go out in {seconds} s", seconds)
        self._sent.append(_Sent(now, place))

    def withdraw(self, text: str, *, room: str = "", user: str = "") -> None:
        """The newest such search was not sent after all: it counts no longer."""
        place = _place(text, room, user)
        for sent in reversed(self._sent):
            if sent.place == place:
                self._sent.remove(sent)
                return

    def status(self, origin: Origin = Origin.USER) -> SearchesLeft:
        """For the screen; the sums are of at most 34 searches."""
        now = self._tidy()
        window, minute = _limits(origin)
        in_minute = sum(now < sent.at + MINUTE for sent in self._sent)
        left = max(0, min(window - len(self._sent), minute - in_minute))
        all_in = self._sent[-1].at + WINDOW - now if self._sent else 0.0
        return SearchesLeft(left, min(window, minute), self._wait(origin, now), all_in)

    def _tidy(self) -> float:
        now = self._clock()
        while self._sent and now >= self._sent[0].at + WINDOW:
            self._sent.popleft()
        return now

    def _wait(self, origin: Origin, now: float) -> float:
        """Seconds until one more keeps both limits."""
        wait = 0.0
        for most, span in zip(_limits(origin), (WINDOW, MINUTE), strict=True):
            if len(self._sent) >= most:
                wait = max(wait, self._sent[-most].at + span - now)
        return wait

    def _refuse_repeat(self, text: str, place: tuple[str, str, str], now: float) -> None:
        for sent in reversed(self._sent):
            if sent.place == place and now < sent.at + REPEAT:
                seconds = _whole(sent.at + REPEAT - now)
                raise SearchRefused(
                    f"“{sanitize(text, 60)}” was searched {now - sent.at:.0f} s ago and answers still come; the "
                    f"server bans who repeats himself: again in {seconds} s",
                    seconds,
                )


def _place(text: str, room: str, user: str) -> tuple[str, str, str]:
    """Words and whom they go to; capitals and spaces make no other search of it."""
    return " ".join(text.casefold().split()), room, user


def _limits(origin: Origin) -> tuple[int, int]:
    window, minute = _LEFT_TO_OTHERS[origin]
    return IN_WINDOW - window, IN_MINUTE - minute


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds))


def _why(origin: Origin) -> str:
    if origin is Origin.USER:
        return (
            f"the server allows about {IN_WINDOW} searches in {WINDOW:.0f} s and bans who sends more, "
            "so this one is held back"
        )
    return "searches are short on the server, and what is left of them is kept for the person at the keyboard"
