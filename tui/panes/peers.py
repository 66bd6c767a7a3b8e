"""The Peers pane: who is known, who is connected, what each did; connect, invite, trust, block."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Block, Command, Connect, Disconnect, Forget, MakeInvite, Trust, Unblock
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.job_views import MeshView
from slskmesh.engine.views import LibraryView, PeerState, PeersView, PeerView, StatusView, View
from tui.actions import Action, engine_off
from tui.panes.base import Pane
from tui.viewmodel.columns import tabbed
from tui.viewmodel.formats import count
from tui.viewmodel.mesh import lines as mesh_lines
from tui.viewmodel.peers import columns, details, groups, order, own_lines, words_of
from tui.viewmodel.settings import library_line
from tui.viewmodel.spans import Line, wrap
from tui.widgets.box import Box, TextBox
from tui.widgets.prompt import Question
from tui.widgets.rowsview import ListSource, RowsBox

if TYPE_CHECKING:
    from tui.app import MeshApp


class PeersPane(Pane):
    """Known peers."""

    NAME, TITLE, DIGIT = "peers", "Peers", "6"

    def __init__(self) -> None:
        super().__init__()
        self.items: ListSource[PeerView] = ListSource(lambda p: p.peer)
        self.list = RowsBox(self.items, lambda: columns(self.desk.clock()), "peers", id="peers")
        self.list.empty = (
            "",
            "nobody is known yet",
            "",
            "c connects by an invite somebody gave you, i makes one to give away",
        )
        self.list.on_cursor = self._show_peer
        self.peer_box = TextBox("peer", id="peer")
        self.table = TextBox("table of peers", id="table")
        self.own = TextBox("this node", id="own")

    def make_boxes(self) -> Iterable[Box]:
        return (self.list, self.peer_box, self.table, self.own)

    @property
    def peer(self) -> PeerView | None:
        """The peer under the cursor."""
        return self.list.current

    def entered(self) -> None:
        self.changed({PeersView, StatusView, MeshView})

    def changed(self, types: set[type[View]]) -> None:
        state = self.desk.state
        if PeersView in types:
            self.items.set(order(state.peers, self.filter_text))
            connected = sum(1 for p in state.peers if p.state is PeerState.CONNECTED)
            nodes = state.status.dht_nodes
            table = "" if nodes is None else f", DHT {count(nodes)}"
            self.list.note = f"{connected} connected of {len(state.peers)}{table}" if state.peers else ""
            self.list.sync()
            self._show_peer()
        if MeshView in types:
            mesh = self.desk.state.mesh
            self.table.note = f"DHT {count(mesh.nodes)}" if mesh is not None and mesh.on else ""
            self.table.show(mesh_lines(mesh))
        if StatusView in types or LibraryView in types:
            self.own.show(own_lines(state.status, library_line(state.library), self.desk.glyphs))

    def second(self) -> None:
        if any(p.next_try is not None for p in self.desk.state.peers):
            self.list.touch()
        self._show_peer()

    def _show_peer(self) -> None:
        peer = self.peer
        self.peer_box.title = f"peer {peer.short}" if peer is not None else "peer"
        self.peer_box.show(details(peer, self.desk.clock()) if peer is not None else [])

    @property
    def rows_box(self) -> RowsBox[PeerView]:
        return self.list

    def words_of(self, row: PeerView) -> str:
        return words_of(row)

    def refilter(self) -> None:
        self.changed({PeersView})

    def yanks(self) -> dict[str, str]:
        peer = self.peer
        if peer is None:
            return {}
        return {
            "row": tabbed(columns(self.desk.clock()), peer),
            "peer id": peer.peer,
            "path": str(peer.address),
        }


def _peer(desk: MeshApp) -> PeerView | None:
    pane = desk.panes.get("peers")
    return pane.peer if isinstance(pane, PeersPane) else None


def _off(allowed: Callable[[PeerView], str | None], desk: MeshApp) -> str | None:
    peer = _peer(desk)
    if peer is None:
        return "no peer is chosen"
    return engine_off(desk) or allowed(peer)


def _not_connected(peer: PeerView) -> str | None:
    return None if peer.state is PeerState.CONNECTED else "it is not connected"


def _connected(peer: PeerView) -> str | None:
    return "disconnect it first (D)" if peer.state is PeerState.CONNECTED else None


def _blocked(peer: PeerView) -> str | None:
    return "it is blocked already" if peer.state is PeerState.BLOCKED else None


def _not_blocked(peer: PeerView) -> str | None:
    return None if peer.state is PeerState.BLOCKED else "it is not blocked"


def _any(peer: PeerView) -> str | None:
    return None


def _send(make: Callable[[PeerView], Command], desk: MeshApp, argument: str) -> None:
    peer = _peer(desk)
    assert peer is not None
    desk.ask(make(peer))


def _sure(question: str, make: Callable[[PeerView], Command], desk: MeshApp, argument: str) -> None:
    peer = _peer(desk)
    assert peer is not None

    def yes(answer: str) -> None:
        desk.ask(make(peer))

    desk.question(Question(f"{question} {peer.name or peer.short}?", yes, confirm=True))


def _verify(desk: MeshApp, argument: str) -> None:
    peer = _peer(desk)
    assert peer is not None
    lines: list[Line] = [
        [(f" {peer.name or 'this peer'} calls itself so; the key is what it is.", "dim")],
        [(" Read it to each other over a line you trust:", "dim")],
        [],
        *[[("   " + group, "key")] for group in groups(peer.peer)],
        [],
        [(" y copies it, T marks the peer as trusted, esc closes", "dim")],
    ]

    def trust() -> None:
        desk.close_overlay()
        desk.ask(Trust(peer.peer, True))

    desk.open_text(f"key {peer.short}", lines, {"y": lambda: desk.copy(peer.peer, "the key"), "T": trust})


def connect(desk: MeshApp, argument: str) -> None:
    """Connects by invite or address; asks for it where none is given."""

    def submit(text: str) -> str | None:
        words = text.strip()
        if not words:
            return "paste an invite, or type host:port"
        question_open = desk.prompt.question

        def answered(reply: Reply) -> None:
            if desk.prompt.question is question_open and question_open is not None:
                if reply.ok:
                    desk.prompt.close()
                else:
                    desk.prompt.fail(str(reply.text))
                    return
            desk.say(str(reply.text) or "connected", Level.GOOD if reply.ok else Level.ERROR)

        desk.ask(Connect(words), answered)
        return "dialling ..." if question_open is not None else None

    if argument:
        submit(argument)
    else:
        desk.question(Question("connect to", submit, help="an invite somebody gave you, or host:port"))


def invite(desk: MeshApp, argument: str) -> None:
    """Makes an invite and shows it."""
    hours = int(argument) if argument.strip().isdigit() else 24 * 7

    def answered(reply: Reply) -> None:
        if not reply.ok:
            desk.say(str(reply.text), Level.ERROR)
            return
        text = reply.value
        cells = min(92, desk.size.width - 10)
        lines: list[Line] = [
            [(" Give this to the person you want to connect to you:", "dim")],
            [],
            *[[("  " + part, "key")] for part in wrap(text, cells - 4)],
            [],
            [(f" It names this peer and where it listens, and is good for {hours} hours.", "dim")],
            [(" y copies it, esc closes", "dim")],
        ]
        desk.open_text("invite", lines, {"y": lambda: desk.copy(text, "the invite")})

    desk.ask(MakeInvite(hours), answered)


def _no_invite(desk: MeshApp) -> str | None:
    if not desk.state.status.listening:
        return engine_off(desk) or "nothing listens here; finish the set-up, or set overlay.listen in 7"
    return engine_off(desk)


ACTIONS = (
    Action("peers-invite", "make an invite to give away", ("i",), invite, "peers", _no_invite, hint="invite"),
    Action(
        "trust",
        "trust or stop trusting this peer",
        ("T",),
        partial(_send, lambda p: Trust(p.peer, not p.trusted)),
        "peers",
        partial(_off, _any),
        hint="trust",
        on_row=True,
    ),
    Action(
        "block",
        "block this peer (asks)",
        ("B",),
        partial(_sure, "block", lambda p: Block(p.peer)),
        "peers",
        partial(_off, _blocked),
        hint="block",
        on_row=True,
    ),
    Action(
        "unblock",
        "take the block back",
        ("u",),
        partial(_send, lambda p: Unblock(p.peer)),
        "peers",
        partial(_off, _not_blocked),
        hint="unblock",
        on_row=True,
    ),
    Action(
        "disconnect",
        "disconnect this peer",
        ("D",),
        partial(_send, lambda p: Disconnect(p.peer)),
        "peers",
        partial(_off, _not_connected),
        hint="disconnect",
        on_row=True,
    ),
    Action(
        "forget",
        "forget this peer (asks)",
        ("F",),
        partial(_sure, "forget", lambda p: Forget(p.peer)),
        "peers",
        partial(_off, _connected),
        hint="forget",
        on_row=True,
    ),
    Action(
        "verify",
        "show the full key to compare",
        ("v", "enter"),
        _verify,
        "peers",
        partial(_off, _any),
        hint="verify",
        on_row=True,
    ),
)
