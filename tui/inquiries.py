"""Questions whose answer is an event of its own: what MusicBrainz knows, who has a release, what a user shares.

Rules: each is answered once, by the event or by the reason why there is none; what is told before (`Resolving`) goes
only to who still waits; at most WAITING_MAX wait, one more drops the oldest, whose answer is then ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from slskmesh.engine.commands import Command, LookUp, Resolve
from slskmesh.engine.events import LookedUp, Reply, Resolved, Resolving
from slskmesh.engine.legacy_events import (
    FilesShown,
    FoldersShown,
    OffersShown,
    PublishedShown,
    RoomsShown,
    UserShown,
)

if TYPE_CHECKING:
    from tui.desk import Desk

WAITING_MAX = 64
Shown = FilesShown | FoldersShown | OffersShown | PublishedShown | RoomsShown | UserShown
Answer = TypeVar("Answer", LookedUp, Resolved | Resolving, Shown)


class Inquiries:
    """The questions that wait, by request number."""

    def __init__(self) -> None:
        self._look_ups: dict[int, Callable[[LookedUp], None]] = {}
        self._resolves: dict[int, Callable[[Resolved | Resolving], None]] = {}
        self._showings: dict[int, Callable[[Shown], None]] = {}

    def look_up(
        self, desk: Desk, command: LookUp, then: Callable[[LookedUp], None], failed: Callable[[str], None]
    ) -> None:
        """Asks what a text or id is."""
        self._ask(desk, command, self._look_ups, then, failed)

    def resolve(
        self,
        desk: Desk,
        command: Resolve,
        then: Callable[[Resolved | Resolving], None],
        failed: Callable[[str], None],
    ) -> None:
        """Asks who has a release; `then` hears how it goes, and the answer last."""
        self._ask(desk, command, self._resolves, then, failed)

    def show(
        self, desk: Desk, command: Command, then: Callable[[Shown], None], failed: Callable[[str], None]
    ) -> None:
        """Asks what the Soulseek plane answers with one event: rooms, a user, folders, files, offers, records."""
        self._ask(desk, command, self._showings, then, failed)

    def _ask(
        self,
        desk: Desk,
        command: Command,
        waiting: dict[int, Callable[[Answer], None]],
        then: Callable[[Answer], None],
        failed: Callable[[str], None],
    ) -> None:
        def sent(request: int) -> None:
            if len(waiting) >= WAITING_MAX:
                del waiting[next(iter(waiting))]
            waiting[request] = then

        def answered(reply: Reply) -> None:
            if not reply.ok and waiting.pop(reply.request, None) is not None:
                failed(str(reply.text) or "that did not work")

        desk.ask(command, answered, sent)

    def take(self, event: LookedUp | Resolved | Resolving | Shown) -> None:
        """An answer came, or how far it is; one that nobody waits for any more is dropped."""
        if isinstance(event, Shown):
            showing = self._showings.pop(event.query, None)
            if showing is not None:
                showing(event)
            return
        if isinstance(event, LookedUp):
            then = self._look_ups.pop(event.query, None)
            if then is not None:
                then(event)
            return
        told = self._resolves.get(event.query)
        if isinstance(event, Resolved):
            self._resolves.pop(event.query, None)
        if told is not None:
            told(event)
