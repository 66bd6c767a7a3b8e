"""Questions that the engine answers by an event of its own: what is known of a text, and who has a release."""

from __future__ import annotations

from typing import Final

from slskmesh.engine.commands import LookUp, Resolve
from slskmesh.engine.console import Console, Refused
from slskmesh.engine.events import Event, LookedUp, Reply, Resolved

ANSWER_TIMEOUT: Final = 120.0  # seconds; the engine gives up sooner and says why


class Answers:
    """The answers to one command's questions; `event` is to be a console's `on_event`."""

    def __init__(self) -> None:
        self._found: dict[int, LookedUp | Resolved] = {}
        self._refused: dict[int, str] = {}

    def event(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, LookedUp | Resolved):
            self._found[event.query] = event
        elif isinstance(event, Reply) and not event.ok:
            self._refused[event.request] = str(event.text)

    def look_up(self, console: Console, question: LookUp) -> LookedUp:
        """What is known under a text. Refused with the engine's words; TimedOut."""
        answer = self._answer(console, console.post(question), "MusicBrainz to answer")
        assert isinstance(answer, LookedUp)  # the kind of event that answers this command
        return answer

    def resolve(self, console: Console, release: str) -> Resolved:
        """Who has a release. Refused with the engine's words; TimedOut."""
        answer = self._answer(console, console.post(Resolve(release)), "the holders to answer")
        assert isinstance(answer, Resolved)  # as above
        return answer

    def _answer(self, console: Console, query: int, what: str) -> LookedUp | Resolved:
        console.wait_for(lambda: query in self._found or query in self._refused, ANSWER_TIMEOUT, what)
        if query in self._refused:
            raise Refused(self._refused.pop(query) or "the engine would not answer")
        return self._found.pop(query)
