"""Being on the server as a state: wanted or not, on or not, when to try next and what to say of it. Pure.

Rules:
- Time is the engine's monotonic clock, handed in; a wall clock that is set changes nothing.
- Between the end of one try (or of a time on the server) and the next lie at least MIN_GAP seconds, whoever asks, and
  what login.py says unless the person or another line shortens it. Waits go on counting while nothing is wanted, so
  that switching off and on is no way round them.
- A try by hand during a suspected ban comes at most every BY_HAND seconds. Another login (KICKED) is answered by
  `retake` alone.
- A ban of the address and a full server are the server's: another name or password does not shorten them.
- Settings that cannot be read for a while do not end a session; an account taken out of them does.
"""

from __future__ import annotations

import enum
import math
import random
from typing import Final

import msgspec

from slskmesh.soulseek.login import Tries, words
from slskmesh.soulseek.port import Line
from slskmesh.soulseek.values import Outcome
from slskmesh.text import SafeStr, sanitize

MIN_GAP: Final = 5.0  # seconds
BY_HAND: Final = 300.0
UNUSABLE: Final = 60.0  # between tries that end before they reach the server
STABLE: Final = 60.0  # on the server, after which tries in vain are forgotten

_OF_THE_SERVER: Final = frozenset({Outcome.ADDRESS_BAN, Outcome.FULL})


class Phase(enum.Enum):
    """Where being online stands."""

    OFF = "off"  # not wanted
    NO_LINE = "no account"  # nothing to log in with
    CONNECTING = "connecting"
    ONLINE = "online"
    WAITING = "waiting"  # for the next try
    STOPPED = "stopped"  # until the person does something


class Standing(msgspec.Struct, frozen=True):
    """How it stands, for the screen. Times are of the engine's monotonic clock, in seconds."""

    phase: Phase
    what: SafeStr  # in words: what is, and why
    todo: SafeStr  # what the person can do; empty: nothing
    since: float  # on, or not on, the server since then (tries in between do not count)
    next_at: float | None  # when it is tried next
    outcome: Outcome | None = None  # how the last try or time on the server ended; ONLINE while there
    tries: int = 0  # in vain since the last time on the server
    ban_suspected: bool = False


class Watch:
    """The state of one client's line. The shell tells it what happens and asks `due`."""

    def __init__(self, rng: random.Random, now: float) -> None:
        self._rng = rng
        self._tries = Tries(rng)
        self._wanted = False
        self._line: Line | None = None  # None: there is none now
        self._last: Line | None = None  # the newest there was
        self._trouble = ""
        self._link = Phase.OFF  # OFF, CONNECTING or ONLINE
        self._since = now
        self._online_at = now
        self._ended_at = -math.inf
        self._not_before = now  # inf: stopped
        self._outcome: Outcome | None = None
        self._text = ""
        self._in_vain = 0
        self._heard: tuple[Outcome, str] | None = None

    # -- what is wanted ----------------------------------------------------------------------------------------

    def want(self, wanted: bool, now: float) -> None:
        """Whether to be online."""
        self._wanted = wanted
        if not wanted:
            self._break_off(now)

    def line_is(self, line: Line | None, now: float, trouble: str = "") -> None:
        """The line as it is set now; None with `trouble`: why there is none. A changed one is tried afresh."""
        self._trouble = trouble
        if line is None:
            if not (trouble and self._link is not Phase.OFF):
                self._line = None
                self._break_off(now)
            return
        last, self._line, self._last = self._last, line, line
        if last is not None and _login(line) == _login(last):
            return
        self._break_off(now)
        if last is not None and line.server == last.server and self._outcome in _OF_THE_SERVER:
            return
        self._tries = Tries(self._rng)
        self._outcome, self._text, self._in_vain = None, "", 0
        self._not_before = self._soon(now)

    def retake(self, now: float) -> bool:
        """Takes the name back from another login; False: nobody has it."""
        if self._outcome is not Outcome.KICKED or self._link is not Phase.OFF:
            return False
        self._not_before = self._soon(now)
        return True

    def retry_now(self, now: float) -> float | None:
        """The person does not want to wait. Seconds until the try; None: there is nothing to be tried."""
        if self.phase not in (Phase.WAITING, Phase.STOPPED) or self._outcome is Outcome.KICKED:
            return None
        self._not_before = min(self._not_before, self._soon(now))
        return max(0.0, self._not_before - now)

    def _soon(self, now: float) -> float:
        """The earliest moment for a try that somebody asked for."""
        return max(now, self._ended_at + (BY_HAND if self._ban_suspected else MIN_GAP))

    # -- what happens ------------------------------------------------------------------------------------------

    def due(self, now: float) -> bool:
        """Whether to try now."""
        return self.phase is Phase.WAITING and now >= self._not_before

    def begin(self) -> Line:
        """A try begins; what to log in with."""
        if self.phase is not Phase.WAITING or self._line is None:
            raise ValueError(f"no try can begin while {self.phase.value}")
        self._link, self._heard = Phase.CONNECTING, None
        return self._line

    def ended(self, outcome: Outcome, now: float, text: str = "", *, alive: bool = True) -> None:
        """The try's outcome. `alive`: whether there still is a session by now."""
        if self._link is not Phase.CONNECTING:
            return
        if outcome is Outcome.ONLINE and not alive:
            self._tries.answered()
            outcome, text = self._heard or (Outcome.LOST, "")
        elif self._heard is not None and self._heard[0] is outcome:
            text = text or self._heard[1]
        if outcome is not Outcome.ONLINE:
            self._down(outcome, now, text)
            return
        self._tries.answered()
        self._link, self._outcome, self._text = Phase.ONLINE, outcome, text
        self._since = self._online_at = now
        self._in_vain = 0

    def unusable(self, why: str, now: float) -> None:
        """The try could not begin for what is set, as an address that is taken; the server saw nothing of it."""
        if self._link is Phase.CONNECTING:
            self._link, self._ended_at, self._not_before = Phase.OFF, now, now + UNUSABLE
            self._outcome, self._text = None, why

    def heard(self, outcome: Outcome, now: float, text: str = "") -> None:
        """The client says that the line went down, or in the server's words how a try ended; order does not matter."""
        if outcome is Outcome.ONLINE:
            return
        if self._link is Phase.ONLINE:
            self._down(outcome, now, text)
        elif self._link is Phase.CONNECTING:
            self._heard = (outcome, text)
        elif outcome is Outcome.KICKED and self._outcome is Outcome.LOST:
            self._outcome, self._text, self._not_before = outcome, text, math.inf
        elif outcome is self._outcome:
            self._text = self._text or text

    def _down(self, outcome: Outcome, now: float, text: str) -> None:
        if self._link is Phase.ONLINE:
            self._left(now)
        self._link = Phase.OFF
        self._outcome, self._text, self._ended_at = outcome, text, now
        self._in_vain += 1
        wait = self._tries.after(outcome)
        self._not_before = math.inf if wait is None else now + wait

    def _break_off(self, now: float) -> None:
        """We end it ourselves; nothing failed."""
        if self._link is Phase.OFF:
            return
        if self._link is Phase.ONLINE:
            self._left(now)
            self._outcome, self._text = None, ""
        self._link, self._ended_at = Phase.OFF, now
        self._not_before = self._soon(now)

    def _left(self, now: float) -> None:
        self._since = now
        if now - self._online_at >= STABLE:
            self._tries.calm()

    # -- how it stands -----------------------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        if not self._wanted:
            return Phase.OFF
        if self._line is None:
            return Phase.NO_LINE
        if self._link is not Phase.OFF:
            return self._link
        return Phase.STOPPED if self._not_before == math.inf else Phase.WAITING

    @property
    def next_at(self) -> float | None:
        """When it is tried next; None: not by itself."""
        return self._not_before if self.phase is Phase.WAITING else None

    @property
    def _ban_suspected(self) -> bool:
        if self._outcome is Outcome.NO_ANSWER:
            return self._tries.silent_ban
        return self._outcome is Outcome.ADDRESS_BAN

    def standing(self) -> Standing:
        """All of it, in words."""
        what, todo = self._words()
        return Standing(
            phase=self.phase,
            what=sanitize(what, 300),
            todo=sanitize(todo, 300),
            since=self._since,
            next_at=self.next_at,
            outcome=self._outcome,
            tries=self._in_vain,
            ban_suspected=self._ban_suspected,
        )

    def _words(self) -> tuple[str, str]:
        phase = self.phase
        if phase is Phase.OFF:
            return "the Soulseek connection is switched off", "switch it on to use the server"
        if phase is Phase.NO_LINE:
            if self._trouble:
                return self._trouble, "mend that setting; it is tried as soon as it is right"
            return "no Soulseek account is set", "set one with :account"
        if self._outcome is None:
            if self._text and phase is Phase.WAITING:
                return self._text, "mend what it says; it is tried again"
            return "connecting to the Soulseek server", ""
        what, todo = words(self._outcome, self._text, silent_ban=self._ban_suspected)
        return (f"trying again; {what}", todo) if phase is Phase.CONNECTING else (what, todo)


def _login(line: Line) -> tuple[str, str, str, str, bool]:
    """What a session hangs on; the rest of a line is taken at the next login."""
    return (line.server, line.username, line.password, line.listen, line.upnp)
