"""The results of a search in the Search pane: hits of both networks in one list, as files or folded into releases.

Rules:
- What comes is taken in parts of at most TAKEN hits, order and filter change in slices; between them keys are handled.
- The list is published at most twice a second while hits stream in.
- A new search begins with the saved filter (`soulseek.search_filter`); a filter with an error hides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from slskmesh.engine.commands import Search, StopSearch
from slskmesh.engine.events import Found, Level, Reply, SearchEnded
from slskmesh.engine.hit_facts import facts_of
from slskmesh.engine.views import HitView, StatusView
from slskmesh.filters import Filter, FilterError, Verdict
from tui.actions import engine_off
from tui.panes.base import ABSENT
from tui.panes.search_boxes import HeldRows
from tui.panes.search_parts import HitFilter, Incoming
from tui.panes.search_view import SearchView
from tui.viewmodel.asking import Ask, check, finds_by_ids, hidden_users
from tui.viewmodel.banner import MARKERS
from tui.viewmodel.columns import Column, tabbed
from tui.viewmodel.formats import plural
from tui.viewmodel.groups import Groups, Item
from tui.viewmodel.hits import is_legacy
from tui.viewmodel.holdings import Group, Member
from tui.viewmodel.results import HITS_MAX, SLICE, Results
from tui.viewmodel.rows import NONE, Row, Wanted
from tui.viewmodel.search import (
    SOURCES_SHOWN,
    columns,
    empty,
    filter_line,
    folded_columns,
    holding_lines,
    note,
    release_lines,
    source_lines,
)
from tui.viewmodel.spans import Line
from tui.widgets.rowsview import RowsBox

if TYPE_CHECKING:
    from tui.panes.search import SearchPane

REST_SECONDS = 2.0
PUBLISH_SECONDS = 0.5
PAUSE = 0.001
TAKEN = 500  # hits taken at once
FILTER_AT_ONCE = 2_000  # hits that are filtered at each key
FILTER_WAITS = 0.12


class HitSearch(SearchView):
    """One search at a time; another one drops what the one before would have found."""

    def __init__(self, pane: SearchPane) -> None:
        super().__init__(pane)
        self.results = Results()
        self.groups = Groups()
        self.asked = 0  # the query's number
        self.query = Ask("")
        self.last: SearchEnded | None = None
        self.folded = False
        self.moved_at = -REST_SECONDS
        self._filter = HitFilter()
        self._incoming = Incoming(HITS_MAX)
        self._taking = self._publishing = self._folding = False
        self._moved = False  # the person moved in the list
        self._steps: Iterator[None] | None = None
        self._typed = 0  # how often the filter changed
        self.list = HeldRows(self.results, self._columns, "results", self._hold, id="results")
        self.list.empty = empty("", None, False)
        self.fold_list = HeldRows(
            self.groups, self._folded_columns, "releases", self._hold, id="folded", classes=ABSENT
        )
        self.list.on_cursor = self.fold_list.on_cursor = pane.show_row
        self.list.is_marked = lambda key: key in self.results.marked
        self.fold_list.is_marked = lambda key: key.rpartition("\0")[2] in self.results.marked

    @property
    def lists(self) -> tuple[RowsBox[Any], ...]:
        return self.list, self.fold_list

    @property
    def front(self) -> RowsBox[Any]:
        return self.fold_list if self.folded else self.list

    def _columns(self) -> tuple[Column[Row], ...]:
        return columns(self.list.inner[0])

    def _folded_columns(self) -> tuple[Column[Item], ...]:
        return folded_columns(self.groups, self.pane.desk.glyphs, self.fold_list.inner[0])

    def _hold(self) -> None:
        self._moved = True
        self.results.freeze(True)
        self.moved_at = self.pane.desk.monotonic()

    # -- asking ------------------------------------------------------------------------------------------------

    def start(self, query: Ask) -> bool:
        """Begins a search; the one before ends. False where nobody can be asked."""
        desk = self.pane.desk
        reason = engine_off(desk)
        if reason is None:
            mode = desk.state.mode
            by_ids = finds_by_ids(mode, desk.state.status.dht_nodes)
            answer = check(query, mode, "" if by_ids else _nobody(desk.state.status))
            reason = answer.refused or None
            if answer.left_out:
                desk.say(answer.left_out, Level.WARN)
        if reason is not None:
            desk.say(f"search: {reason}", Level.WARN)
            return False
        if self.asked and self.last is None:
            desk.ask(StopSearch(self.asked), lambda reply: None)
        self.query, self.last, self.asked = query, None, 0
        self._begin_anew()
        command = Search(query.words, query.limit, query.where, query.user, query.room)
        desk.ask(command, self._answered, self._sent)
        return True

    def _begin_anew(self) -> None:
        self._incoming.clear()
        self._steps, self._typed, self._moved = None, self._typed + 1, False
        saved = self._filter.load(self.pane.desk.state.settings)
        self.results = Results(replace(self.results.asked, filter=saved, hidden=NONE))
        self.list.source = self.results
        for box in (self.list, self.fold_list):
            box.cursor_key, box.cursor, box.top, box.range_start = "", 0, 0, None

    def _sent(self, request: int) -> None:
        self.asked = request

    def _answered(self, reply: Reply) -> None:
        if not reply.ok and reply.request == self.asked:
            self.last = SearchEnded(self.asked, 0, 0, 0, 0, reply.text)
            self.pane.desk.say(str(reply.text), Level.ERROR)
            self.publish()

    # -- what comes in -----------------------------------------------------------------------------------------

    def found(self, event: Found) -> None:
        """More hits."""
        if event.query != self.asked or not self.asked:
            return
        self.results.dropped += self._incoming.add(event.hits)
        if not self._taking:
            self._take()

    def _take(self) -> None:
        self._taking = False
        first = not self.results.rows
        self.results.add(self._incoming.take(TAKEN))
        if first:
            self.publish()
        else:
            self._publish_soon()
        if len(self._incoming):
            self._taking = True
            self.pane.set_timer(PAUSE, self._take)

    def ended(self, event: SearchEnded) -> None:
        """The search is over."""
        if event.query == self.asked:
            self.last = event
            self.results.dropped += event.dropped
            self.publish()

    # -- showing -----------------------------------------------------------------------------------------------

    def _publish_soon(self) -> None:
        if not self._publishing:
            self._publishing = True
            self.pane.set_timer(PUBLISH_SECONDS, self._published)

    def _published(self) -> None:
        self._publishing = False
        self.publish()

    def publish(self) -> None:
        """Shows the results as they are, where they are the view."""
        if self.pane.view is self:
            self.show()

    def show(self) -> None:
        results, desk = self.results, self.pane.desk
        searching = bool(self.query.words) and self.last is None
        told = note(results, self.last, searching, desk.state.mode, self.query.place)
        nothing = empty(self.query.words, self.last, bool(results.narrowed and results.rows))
        for box in (self.list, self.fold_list):
            if not self._moved:  # it stays at the top; once it was moved it stays on its row
                box.cursor, box.top, box.cursor_key = 0, 0, ""
            box.note, box.empty = told, nothing
            box.lead = filter_line(self.filter_text, self._filter.saved, self.problem)
        if self.folded:
            self._fold_on()
        else:
            self.list.sync()
        self.pane.show_row()
        self.pane.query_box.touch()

    def _fold_on(self) -> None:
        done = self.groups.update(self.results, SLICE)
        self.fold_list.title = plural(self.groups.releases, "release")
        self.fold_list.sync()
        if not done and not self._folding:
            self._folding = True
            self.pane.set_timer(PAUSE, self._folded_more)

    def _folded_more(self) -> None:
        self._folding = False
        if self.folded:
            self._fold_on()
            self.pane.show_row()

    def second(self) -> None:
        ranged = self.list.range_start is not None or self.fold_list.range_start is not None
        rested = self.pane.desk.monotonic() - self.moved_at > REST_SECONDS
        if self.results.frozen and rested and not ranged:
            self.results.freeze(False)
            self.publish()

    def fold(self) -> None:
        """Shows the results as releases, or as files again."""
        self.folded = not self.folded
        self.pane.lay_out()

    def boxes(self) -> tuple[list[Line], str, list[Line]]:
        row, group = self.row, self.group
        if row is None:
            return [], "sources", []
        lines = release_lines(self.results, row, group)
        if group is not None and isinstance(self.fold_list.current, Group):
            return lines, plural(group.users, "source"), holding_lines(group, group.sources())
        sources = [copy.hit for copy in row.sources()]
        known = [self.pane.desk.state.peer(hit.peer) for hit in sources[:SOURCES_SHOWN]]
        return lines, plural(row.users, "source"), source_lines(sources, known)

    # -- rows --------------------------------------------------------------------------------------------------

    @property
    def row(self) -> Row | None:
        """The file under the cursor; of a folded release its first."""
        if not self.folded:
            return self.list.current
        item = self.fold_list.current
        if isinstance(item, Group):
            return item.lines()[0].row
        return item.row if item is not None else None

    @property
    def hit(self) -> HitView | None:
        """The best source of what is under the cursor."""
        if not self.folded:
            return self.list.current.hit if self.list.current is not None else None
        item = self.fold_list.current
        if isinstance(item, Group):
            return item.best.hit
        return item.hit if item is not None else None

    @property
    def group(self) -> Group | None:
        """The release under the cursor of the folded list, or that of the file under it."""
        item = self.fold_list.current if self.folded else None
        return self.groups.group_of(item) if item is not None else None

    def selected(self) -> dict[str, HitView]:
        """The files of the range, else of the line under the cursor, by the keys of their rows, each from its best
        source: a folded release stands for what its best source has of it."""
        if not self.folded:
            return {row.key: row.hit for row in self.list.selected()}
        found: dict[str, HitView] = {}
        for item in self.fold_list.selected():
            found |= item.best.files if isinstance(item, Group) else {item.row.key: item.hit}
        return found

    def chosen(self) -> dict[str, HitView]:
        """The marked files, else the range or the line under the cursor."""
        results = self.results
        if results.marked:
            return {key: results.rows[key].hit for key in sorted(results.marked) if key in results.rows}
        return self.selected()

    # -- order and filter --------------------------------------------------------------------------------------

    def arrange(self, wanted: Wanted) -> None:
        """Another order or filter; much is done in slices, between which keys are handled."""
        self._steps = self.results.arrange(wanted)
        self._step(self._steps)

    def _step(self, steps: Iterator[None]) -> None:
        if steps is not self._steps:
            return  # another one began
        if next(steps, self) is self:
            self._steps = None
            self.publish()
        else:
            self.pane.set_timer(PAUSE, partial(self._step, steps))

    def sort(self, name: str, reverse: bool) -> None:
        """Another order."""
        self.arrange(replace(self.results.asked, sort=name, reverse=reverse))

    @property
    def facets(self) -> frozenset[str]:
        """The facets that are on."""
        return self.results.asked.facets

    def toggle_facet(self, name: str) -> None:
        """Switches a facet."""
        self.arrange(replace(self.results.asked, facets=self.facets ^ {name}))
        self.pane.query_box.touch()

    def follow_rules(self) -> None:
        """What a Soulseek user has who is ignored from now on goes; of one who is no more it comes back."""
        hidden = hidden_users(self.pane.desk.state.people, self.results.sources)
        if hidden != self.results.asked.hidden:
            self.arrange(replace(self.results.asked, hidden=hidden))

    @property
    def filter_text(self) -> str:  # type: ignore[override]
        """The filter that is on, as typed."""
        return self._filter.text

    @property
    def problem(self) -> str:
        """What is wrong with it."""
        return self._filter.problem

    def filter(self, text: str) -> None:
        wanted = self._filter.set(text)
        self._typed += 1
        if len(self.results.taken) <= FILTER_AT_ONCE:
            self._narrow(self._typed, wanted)
        else:
            self.pane.set_timer(FILTER_WAITS, partial(self._narrow, self._typed, wanted))

    def _narrow(self, turn: int, wanted: Filter) -> None:
        if turn == self._typed:
            self.arrange(replace(self.results.asked, filter=wanted))

    def save_filter(self) -> None:
        """Lets every search begin with the filter of now."""
        self._filter.save(self.pane.desk, self.publish)

    def finds(self, text: str) -> Callable[[Any], bool]:
        try:
            wanted = Filter.parse(text)
        except FilterError:
            return lambda row: False
        if not wanted.terms:
            return lambda row: False

        def matches(item: Row | Item) -> bool:
            facts = (
                [facts_of(item.first)] if isinstance(item, Group) else [c.facts for c in _row(item).copies]
            )
            return any(wanted.matches(one) is not Verdict.NO for one in facts)

        return matches

    def words_of(self, row: Any) -> str:
        if isinstance(row, Group):
            return f"{row.title} {row.first.artist} {row.first.folder}".casefold()
        return _row(row).words

    def yanks(self) -> dict[str, str]:
        chosen = self.chosen()
        hits = list(chosen.values())
        sources = (str(hit.user) if is_legacy(hit) else hit.peer for hit in hits)
        return {
            "row": "\n".join(tabbed(columns(), self.results.rows[key]) for key in chosen),
            "content id": "\n".join(hit.content for hit in hits if hit.content),
            "peer id": "\n".join(dict.fromkeys(sources)),
            "path": "\n".join(f"{hit.folder}/{hit.name}".strip("/") for hit in hits),
            "MusicBrainz id": "\n".join(filter(None, (hit.recording for hit in hits))),
        }

    def escape(self) -> bool:
        if self.front.range_start is not None:
            self.front.range_start = None
            self.front.touch()
            return True
        if self.results.marked:
            self.results.marked = set()
            self.publish()
            return True
        return False


def _nobody(status: StatusView) -> str:
    """Why no peer can be asked; empty: some can."""
    marker, word, _ = MARKERS[status.banner]
    return "" if status.peers else f"no peer is connected ({marker} {word.lower()})"


def _row(item: Row | Member) -> Row:
    return item.row if isinstance(item, Member) else item
