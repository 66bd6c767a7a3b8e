"""The Search pane: a query, what was found as it streams in, and below it more about the row under the cursor.

Modes share the pane: text, user and room ask the networks (search_hits.py), release and mbid ask MusicBrainz and then
the table of peers (releases.py); over both may lie the shares of one user (browse.py). Each keeps what it found.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slskmesh.engine.events import Found, Level, SearchEnded
from slskmesh.engine.legacy_events import BrowseProgress
from slskmesh.engine.legacy_views import ModeView, PeopleView
from slskmesh.engine.views import View
from tui.panes.base import ABSENT, SOUGHT_MAX, Pane
from tui.panes.browse import Browse
from tui.panes.releases import ReleaseSearch
from tui.panes.search_boxes import QueryBox
from tui.panes.search_hits import HitSearch
from tui.panes.search_view import SearchView
from tui.viewmodel.asking import Ask, typed
from tui.viewmodel.lookups import AT_MUSICBRAINZ, MODES, is_pasted
from tui.viewmodel.results import Results
from tui.viewmodel.rows import Row
from tui.widgets.box import Box, TextBox
from tui.widgets.rowsview import RowsBox


class SearchPane(Pane):
    """Search over both networks, and MusicBrainz."""

    NAME, TITLE, DIGIT = "search", "Search", "1"

    def __init__(self) -> None:
        super().__init__()
        self.first = 1
        self.mode = MODES[0]
        self.query_box = QueryBox()
        self.hits = HitSearch(self)
        self.releases = ReleaseSearch(self)
        self.browse = Browse(self)
        self.views: tuple[SearchView, ...] = (self.hits, self.releases, self.browse)
        self.release = TextBox("release", id="release")
        self.sources = TextBox("sources", id="source")

    def make_boxes(self) -> Iterable[Box]:
        lists = (box for view in self.views for box in view.lists)
        return (self.query_box, *lists, self.release, self.sources)

    # Views
    @property
    def view(self) -> SearchView:
        """What is shown."""
        if self.browse.on:
            return self.browse
        return self.releases if self.mode in AT_MUSICBRAINZ else self.hits

    @property
    def front(self) -> RowsBox[Any]:
        """The list that is shown."""
        return self.view.front

    @property
    def place(self) -> str:
        return self.view.place

    @property
    def results(self) -> Results:
        """What the networks found."""
        return self.hits.results

    @property
    def list(self) -> RowsBox[Row]:
        """The results as files."""
        return self.hits.list

    @property
    def asked(self) -> int:
        """The number of the latest query."""
        return self.hits.asked

    @property
    def words(self) -> str:
        """The words of the latest query."""
        return self.hits.query.words

    def set_mode(self, mode: str) -> None:
        """Another mode; what each found stays."""
        self.browse.on = False
        if mode != self.mode:
            self.mode = mode
            if mode in AT_MUSICBRAINZ and not self.releases.lookup.text:
                self.releases.lookup.mode = mode
            self.query_box.show_mode(mode)
        self.lay_out()

    def lay_out(self) -> None:
        """Puts the list of the view into its place."""
        front, focused = self.front, self.box
        for view in self.views:
            for box in view.lists:
                box.set_class(box is not front, ABSENT)
        if focused is not self.query_box and focused is not front and focused.has_class(ABSENT):
            self.focus_box(front)
        self.publish()
        self.show_row()

    def next_box(self, step: int) -> None:
        """Over the lists and boxes; i goes into the query line."""
        super().next_box(step)
        if self.query_box.active:
            super().next_box(step)

    # The query
    @property
    def typing(self) -> bool:  # type: ignore[override]
        """Whether printable keys go into the query."""
        return self.query_box.typing

    def type_query(self, on: bool) -> None:
        """Enters or leaves the query line."""
        self.query_box.typing = on
        self.focus_box(self.query_box if on else self.front)
        self.query_box.touch()
        self.desk.touch("#hints")

    def focus_moved(self) -> None:
        self.query_box.typing = self.query_box.active
        self.desk.touch("#hints")

    def type_key(self, key: str, character: str | None) -> bool:
        edit = self.query_box.edit
        if key == "enter":
            self.start(edit.text)
        elif key in {"escape", "shift+tab"}:
            self.type_query(False)
        elif key == "tab":
            self.next_mode()
        elif key in {"up", "ctrl+p", "down", "ctrl+n"}:
            edit.recall(-1 if key in {"up", "ctrl+p"} else 1)
        elif not edit.key(key, character):
            return False
        self.query_box.touch()
        return True

    def paste(self, text: str) -> None:
        if not self.typing:
            if not is_pasted(text):
                return
            self.query_box.edit.set("")
            self.type_query(True)
        self.query_box.edit.insert(text)
        if self.mode != "mbid" and is_pasted(self.query_box.edit.text):
            self.set_mode("mbid")
        self.query_box.touch()

    def next_mode(self) -> None:
        """The modes, round."""
        self.set_mode(MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def start(self, text: str) -> None:
        """Begins a query of the mode that is on; the one before ends. A pasted id is looked up in any mode."""
        words = " ".join(text.split())
        if not words:
            self.type_query(False)
            return
        if is_pasted(words):
            self.set_mode("mbid")
        self.browse.on = False
        if self.mode in AT_MUSICBRAINZ:
            began = self.releases.start(words, self.mode)
        else:
            began = self._ask(typed(self.mode, words))
        if began:
            self._began(words)

    def begin(self, query: Ask) -> None:
        """Begins a query of mode text that may name a network; an id is looked up."""
        if is_pasted(query.words):
            self.start(query.words)
        elif self._ask(query):
            self._began(query.words)

    def _began(self, text: str) -> None:
        self.query_box.edit.set(text)
        self.query_box.edit.remember()
        self.type_query(False)
        self.lay_out()

    def _ask(self, query: Ask) -> bool:
        """Asks the networks; a user without words is browsed. False where that cannot be."""
        if query.user and not query.words:
            self.browse.open(query.user)
            return True
        if not query.words:
            self.desk.say("search: words are missing behind the room's name", Level.WARN)
            return False
        return self.hits.start(query)

    # What comes in
    def found(self, event: Found) -> None:
        """More hits."""
        self.hits.found(event)

    def ended(self, event: SearchEnded) -> None:
        """A query is over."""
        self.hits.ended(event)

    def browsed(self, event: BrowseProgress) -> None:
        """How far the list of a user's shares is."""
        self.browse.progressed(event)

    def publish(self) -> None:
        """Shows what is known."""
        self.view.show()

    def second(self) -> None:
        for view in self.views:
            view.second()

    def changed(self, types: set[type[View]]) -> None:
        """The mode is told in the list's title; who is ignored is shown no more."""
        if PeopleView in types:
            self.hits.follow_rules()
        if ModeView in types and self.view is self.hits:
            self.publish()

    def show_row(self) -> None:
        """The boxes follow the cursor."""
        self.desk.touch("#hints")
        lines, self.sources.title, more = self.view.boxes()
        self.release.title = self.view.left
        self.release.show(lines)
        self.sources.show(more)

    # Filter
    @property
    def rows_box(self) -> RowsBox[Any]:
        return self.front

    @property
    def filter_text(self) -> str:  # type: ignore[override]
        """The filter of what is shown."""
        return self.view.filter_text

    def words_of(self, row: Any) -> str:
        return self.view.words_of(row)

    def filter(self, text: str) -> None:
        """Another filter; "save", as the command gives it, keeps the one that is on."""
        if text.strip() == "save" and self.view is self.hits and self.desk.prompt.question is None:
            self.hits.save_filter()
            return
        self.sought = text or self.sought
        self.view.filter(text)
        if self.view is self.hits and self.hits.problem and self.desk.prompt.question is None:
            self.desk.say(f"filter: {self.hits.problem}", Level.WARN)

    def seek(self, step: int) -> bool | None:
        if self.filter_text:
            return super().seek(step)
        return self.rows_box.seek(step, self.view.finds(self.sought), SOUGHT_MAX)

    def yanks(self) -> dict[str, str]:
        return self.view.yanks()

    def escape(self) -> bool:
        return self.view.escape() or super().escape() or self.view.leave()
