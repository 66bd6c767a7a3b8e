"""The Peers pane: peers of the mesh, buddies on Soulseek, bans and ignores; below, the one under the cursor in words.

The three lists share a room; `[` and `]` change them. Each keeps its cursor.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slskmesh.engine.job_views import MeshView
from slskmesh.engine.legacy_views import BuddyView, PeopleView, RuleView
from slskmesh.engine.views import LibraryView, PeerState, PeersView, PeerView, StatusView, View
from tui.panes.base import ABSENT, Pane
from tui.viewmodel import people
from tui.viewmodel.columns import tabbed
from tui.viewmodel.formats import count, plural
from tui.viewmodel.mesh import lines as mesh_lines
from tui.viewmodel.peers import TABS, columns, details, order, own_lines, tabs, words_of
from tui.viewmodel.settings import library_line
from tui.widgets.box import Box, TextBox
from tui.widgets.rowsview import ListSource, RowsBox


class PeersPane(Pane):
    """Known peers, and people of the Soulseek network."""

    NAME, TITLE, DIGIT = "peers", "Peers", "6"

    def __init__(self) -> None:
        super().__init__()
        self.tab = TABS[0]
        self.items: ListSource[PeerView] = ListSource(lambda p: p.peer)
        self._buddies: ListSource[BuddyView] = ListSource(lambda one: one.name)
        self._rules: ListSource[RuleView] = ListSource(people.rule_key)
        self.list = RowsBox(self.items, lambda: columns(self.desk.clock()), "peers", id="peers")
        self.list.empty = (
            "",
            "nobody is known yet",
            "",
            "c connects by an invite somebody gave you, i makes one to give away",
        )
        self.buddies = RowsBox(
            self._buddies, lambda: people.buddy_columns(self.desk.clock()), id="buddies", classes=ABSENT
        )
        self.buddies.empty = ("", "no buddy yet: a adds one")
        self.rules = RowsBox(
            self._rules, lambda: people.rule_columns(self.desk.clock()), id="rules", classes=ABSENT
        )
        self.rules.empty = ("", "nobody is banned or ignored: a adds a name, a pattern with * or an address")
        for box in (self.list, self.buddies, self.rules):
            box.on_cursor = self._show_row
        self.peer_box = TextBox("peer", id="peer")
        self.table = TextBox("table of peers", id="table")
        self.own = TextBox("this node", id="own")

    def make_boxes(self) -> Iterable[Box]:
        return (self.list, self.buddies, self.rules, self.peer_box, self.table, self.own)

    @property
    def front(self) -> RowsBox[Any]:
        """The list that is shown."""
        if self.tab == "buddies":
            return self.buddies
        return self.rules if self.tab == "rules" else self.list

    @property
    def place(self) -> str:
        return self.tab

    @property
    def peer(self) -> PeerView | None:
        """The peer under the cursor."""
        return self.list.current

    def entered(self) -> None:
        self.changed({PeersView, StatusView, MeshView, PeopleView})

    def changed(self, types: set[type[View]]) -> None:
        state = self.desk.state
        if PeersView in types:
            self.items.set(order(state.peers, self.filter_text if self.tab == "peers" else ""))
            self.list.sync()
        if PeopleView in types:
            self._buddies.set(people.buddies(state.people, self.filter_text if self.tab == "buddies" else ""))
            self._rules.set(people.rules(state.people, self.filter_text if self.tab == "rules" else ""))
            self.buddies.sync()
            self.rules.sync()
        if types & {PeersView, PeopleView}:
            self._show_notes()
            self._show_row()
        if MeshView in types:
            mesh = self.desk.state.mesh
            self.table.note = f"DHT {count(mesh.nodes)}" if mesh is not None and mesh.on else ""
            self.table.show(mesh_lines(mesh))
        if StatusView in types or LibraryView in types:
            self.own.show(own_lines(state.status, library_line(state.library), self.desk.glyphs))

    def _show_notes(self) -> None:
        """What stands in the borders: how many, and the tabs."""
        state, on = self.desk.state, tabs(self.tab)
        connected = sum(1 for p in state.peers if p.state is PeerState.CONNECTED)
        nodes = state.status.dht_nodes
        table = "" if nodes is None else f", DHT {count(nodes)}"
        known = f"{connected} connected of {len(state.peers)}{table}  " if state.peers else ""
        self.list.note = f"{known}{on}"
        there = sum(1 for one in self._buddies.items if one.state in people.STATE_ROLES)
        self.buddies.title, self.buddies.note = "buddies", f"{there} here of {len(self._buddies)}  {on}"
        self.rules.title, self.rules.note = "bans and ignores", f"{plural(len(self._rules), 'rule')}  {on}"

    def second(self) -> None:
        if any(p.next_try is not None for p in self.desk.state.peers):
            self.list.touch()
        self._show_row()

    def _show_row(self) -> None:
        now = self.desk.clock()
        if self.tab == "buddies":
            buddy = self.buddies.current
            self.peer_box.title = f"user {buddy.name}" if buddy is not None else "user"
            lines = people.buddy_details(buddy, self.desk.state.people, now) if buddy is not None else []
        elif self.tab == "rules":
            rule = self.rules.current
            self.peer_box.title = "rule"
            lines = people.rule_details(rule, now) if rule is not None else []
        else:
            peer = self.peer
            self.peer_box.title = f"peer {peer.short}" if peer is not None else "peer"
            lines = details(peer, now) if peer is not None else []
        self.peer_box.show(lines)

    # Tabs
    def show_tab(self, tab: str) -> None:
        """Peers, buddies or rules."""
        self.tab, self.filter_text = tab, ""
        for box in (self.list, self.buddies, self.rules):
            box.set_class(box is not self.front, ABSENT)
        if self.boxes:
            self.focus_box(self.front)
            self.changed({PeersView, PeopleView})
        self.desk.touch("#hints")

    def step_tab(self, by: int) -> None:
        """The next tab, or the one before."""
        self.show_tab(TABS[(TABS.index(self.tab) + by) % len(TABS)])

    @property
    def rows_box(self) -> RowsBox[Any]:
        return self.front

    def words_of(self, row: Any) -> str:
        if isinstance(row, BuddyView):
            return people.buddy_words(row)
        return people.rule_words(row) if isinstance(row, RuleView) else words_of(row)

    def refilter(self) -> None:
        self.changed({PeersView, PeopleView})

    def yanks(self) -> dict[str, str]:
        row, now = self.front.current, self.desk.clock()
        if isinstance(row, BuddyView):
            return {"row": tabbed(people.buddy_columns(now), row)}
        if isinstance(row, RuleView):
            return {"row": tabbed(people.rule_columns(now), row)}
        if not isinstance(row, PeerView):
            return {}
        return {"row": tabbed(columns(now), row), "peer id": row.peer, "path": str(row.address)}
