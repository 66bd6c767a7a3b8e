"""Questions that the engine answers by an event of its own: what is known of a text, who has a release, which rooms."""

from __future__ import annotations

from typing import Final, TypeVar

from slskmesh.engine.commands import Command, LookUp, Resolve
from slskmesh.engine.console import Console, Refused
from slskmesh.engine.events import Event, LookedUp, Reply, Resolved
from slskmesh.engine.legacy_events import (
    FilesShown,
    FoldersShown,
    OffersShown,
    PublishedShown,
    RoomsShown,
    UserShown,
)

ANSWER_TIMEOUT: Final = 120.0  # seconds; the engine gives up sooner and says why

Answer = (
    LookedUp | Resolved | RoomsShown | UserShown | FoldersShown | FilesShown | OffersShown | PublishedShown
)
A = TypeVar("A", bound=Answer)


class Answers:
    """The answers to one command's questions; `event` is to be a console's `on_event`."""

    def __init__(self) -> None:
        self._found: dict[int, Answer] = {}
        self._refused: dict[int, str] = {}

    def event(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, Answer):
            self._found[event.query] = event
        elif isinstance(event, Reply) and not event.ok:
            self._refused[event.request] = str(event.text)

    def look_up(self, console: Console, question: LookUp) -> LookedUp:
        """What is known under a text. Refused with the engine's words; TimedOut."""
        return self.ask(console, question, LookedUp, "MusicBrainz to answer")

    def resolve(self, console: Console, release: str) -> Resolved:
        """Who has a release. Refused with the engine's words; TimedOut."""
        return self.ask(console, Resolve(release), Resolved, "the holders to answer")

    def ask(self, console: Console, question: Command, kind: type[A], what: str) -> A:
        """The event of `kind` that answers a question. Refused with the engine's words; TimedOut names `what`."""
        query = console.post(question)
        console.wait_for(lambda: query in self._found or query in self._refused, ANSWER_TIMEOUT, what)
        if query in self._refused:
            raise Refused(self._refused.pop(query) or "the engine would not answer")
        answer = self._found.pop(query)
        assert isinstance(answer, kind)  # the kind of event that answers this command
        return answer
