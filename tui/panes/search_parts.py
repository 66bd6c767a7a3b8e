"""What the results of a search are made with: the queue of hits that wait to be taken, and the filter that is on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from slskmesh.engine.commands import SetSetting
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.views import HitView, SettingsView
from slskmesh.filters import Filter, FilterError

if TYPE_CHECKING:
    from tui.app import MeshApp

SAVED = "soulseek.search_filter"


class Incoming:
    """Hits that came and are not taken yet, at most `most`; they are taken in parts."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: deque[tuple[HitView, ...]] = deque()
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def add(self, hits: tuple[HitView, ...]) -> int:
        """More hits; returns how many had no room."""
        room = max(0, self._most - self._waiting)
        if room:
            self._parts.append(hits[:room])
        self._waiting += min(room, len(hits))
        return max(0, len(hits) - room)

    def take(self, most: int) -> list[HitView]:
        """The next at most `most` of them, in the order they came."""
        taken: list[HitView] = []
        while self._parts and len(taken) < most:
            part = self._parts.popleft()
            room = most - len(taken)
            if len(part) > room:
                self._parts.appendleft(part[room:])
            taken += part[:room]
        self._waiting -= len(taken)
        return taken

    def clear(self) -> None:
        """They are not wanted any more."""
        self._parts.clear()
        self._waiting = 0


class HitFilter:
    """The filter of the results: as typed, as saved, and what is wrong with it. One with an error hides nothing."""

    def __init__(self) -> None:
        self.text = ""
        self.saved = ""  # what this search began with
        self.problem = ""

    def load(self, view: SettingsView | None) -> Filter:
        """The saved one is on from now."""
        rows = view.settings if view is not None else ()
        self.saved = next((row.value for row in rows if row.key == SAVED), "")
        return self.set(self.saved)

    def set(self, text: str) -> Filter:
        """Another one is on."""
        self.text = text
        try:
            self.problem = ""
            return Filter.parse(text)
        except FilterError as error:
            self.problem = str(error).removeprefix("filter, ")
            return Filter()

    def save(self, desk: MeshApp, then: Callable[[], None]) -> None:
        """Lets every search begin with the one that is on."""
        if self.problem:
            desk.say(f"not saved: {self.problem}", Level.WARN)
            return
        text = self.text.strip()

        def saved(reply: Reply) -> None:
            if not reply.ok:
                desk.say(str(reply.text), Level.ERROR)
                return
            self.saved = text
            told = f"every search begins with: {text}" if text else "no search begins with a filter any more"
            desk.say(told, Level.GOOD)
            then()

        desk.ask(SetSetting(SAVED, text), saved)
