"""Answers that are quicker than the search's own return, as on one machine: held until the asker knows its token.

Rules: while some search is on its way to the server, answers under a token nobody was given yet are held, at most
HELD_MAX, the oldest goes; they are handed on, in order, once its asker has the token (or none is on its way any more).
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Final

from slskmesh.soulseek.values import Answered, LegacyEvent

HELD_MAX: Final = 500
_NAMED_MAX: Final = 1_000


class Unnamed:
    """The searches of one client that are on their way, and what was answered to them meanwhile."""

    def __init__(self) -> None:
        self._sending = 0
        self._named: OrderedDict[int, None] = OrderedDict()  # tokens that were given out, the latest
        self._held: deque[Answered] = deque(maxlen=HELD_MAX)

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        """While a search is on its way."""
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1

    def name(self, token: int) -> int:
        """Its asker is given this token; returns it."""
        self._named[token] = None
        while len(self._named) > _NAMED_MAX:
            self._named.popitem(last=False)
        return token

    def holds(self, event: LegacyEvent) -> bool:
        """Takes an event that is too early; False: it is none."""
        if not self._sending or not isinstance(event, Answered) or event.answer.token in self._named:
            return False
        self._held.append(event)
        return True

    def release(self) -> list[Answered]:
        """What is held and can be handed on now."""
        if not self._held:
            return []
        held = list(self._held)
        self._held.clear()
        ready = [event for event in held if not self._sending or event.answer.token in self._named]
        self._held.extend(event for event in held if self._sending and event.answer.token not in self._named)
        return ready
