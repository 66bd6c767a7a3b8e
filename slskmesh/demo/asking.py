"""How the headless demo's user asks the engine: through the same commands, views and events as the terminal app.

Rules:
- Every wait has a bound and a name; what came in from outside meanwhile (`obey`) is done in the waiting thread.
- A search is waited for until it showed what is wanted of it, or ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from slskmesh.engine.client import EngineClient
from slskmesh.engine.commands import LookUp, Resolve, Search
from slskmesh.engine.console import Console
from slskmesh.engine.events import Event, Found, LookedUp, Reply, Resolved, SearchEnded
from slskmesh.engine.legacy_events import ModeChanged
from slskmesh.engine.views import HitView, View
from slskmesh.errors import SlskmeshError

STEP_TIMEOUT: Final = 60.0  # seconds for peers to connect, questions to be answered, searches to end
V = TypeVar("V", bound=View)


class Asking:
    """One engine and what it answers. `on_view` sees each view; `obey` is called whenever something may have come."""

    def __init__(
        self,
        client: EngineClient,
        *,
        on_view: Callable[[View], None],
        obey: Callable[[], None] = lambda: None,
    ) -> None:
        self.console = Console(client, self._event, on_view)
        self.changes: list[ModeChanged] = []  # of mode and health, in order
        self._obey = obey
        self._hits: dict[int, dict[int, HitView]] = {}
        self._ended: set[int] = set()
        self._refused: dict[int, str] = {}  # searches
        self._answers: dict[int, LookedUp | Resolved] = {}

    def until(self, reached: Callable[[], object], what: str, timeout: float | None = STEP_TIMEOUT) -> None:
        """Waits until `reached()` is something. TimedOut names `what`; None: for as long as it takes."""

        def both() -> bool:
            self._obey()
            return bool(reached())

        self.console.wait_for(both, timeout, what)

    def latest(self, kind: type[V], what: str) -> V:
        """The newest view of a kind, waited for where there is none yet."""
        self.until(lambda: self.console.latest(kind) is not None, what)
        view = self.console.latest(kind)
        assert view is not None  # as waited for
        return view

    # -- questions ---------------------------------------------------------------------------------------------

    def search(
        self, text: str, wanted: Callable[[list[HitView]], bool] = lambda hits: False, where: str = "all"
    ) -> tuple[int, list[HitView]]:
        """Searches until the hits are as `wanted`, or the search is over. Its number and what it found.

        SlskmeshError: nobody can be asked.
        """
        query = self.console.post(Search(text, where=where))
        self._hits[query] = {}

        def enough() -> bool:
            if query in self._refused:
                raise SlskmeshError(f"the search for {text}: {self._refused[query]}")
            return query in self._ended or wanted(list(self._hits[query].values()))

        self.until(enough, f"the search for {text}")
        return query, list(self._hits[query].values())

    def look_up(self, text: str) -> str:
        """The release that these words name. SlskmeshError: MusicBrainz knows none."""
        query = self.console.post(LookUp(text, "release"))
        self.until(lambda: query in self._answers, f"MusicBrainz to tell of {text}")
        answer = self._answers.pop(query)
        assert isinstance(answer, LookedUp)  # the kind of event that answers this command
        if not answer.entities:
            raise SlskmeshError(f"MusicBrainz knows no release {text}: {answer.note}")
        return answer.entities[0].mbid

    def resolve(self, release: str) -> Resolved:
        """Who has a release."""
        query = self.console.post(Resolve(release))
        self.until(lambda: query in self._answers, "the holders to answer")
        answer = self._answers.pop(query)
        assert isinstance(answer, Resolved)  # as above
        return answer

    def _event(self, event: Event) -> None:
        if isinstance(event, Found):
            hits = self._hits.get(event.query)
            if hits is not None:
                hits.update({hit.key: hit for hit in event.hits})
        elif isinstance(event, SearchEnded):
            self._ended.add(event.query)
        elif isinstance(event, Reply) and event.request in self._hits and not event.ok:
            self._refused[event.request] = str(event.text)
        elif isinstance(event, LookedUp | Resolved):
            self._answers[event.query] = event
        elif isinstance(event, ModeChanged):
            self.changes.append(event)
