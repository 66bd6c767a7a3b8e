"""What a person can do with peers of the mesh: connect, invite, trust, block."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Block, Command, Connect, Disconnect, Forget, MakeInvite, Trust, Unblock
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.views import PeerState, PeerView
from tui.actions import Action, engine_off
from tui.panes.peers import PeersPane
from tui.viewmodel.peers import groups
from tui.viewmodel.spans import Line, wrap
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp


def _peer(desk: MeshApp) -> PeerView | None:
    pane = desk.panes.get("peers")
    return pane.peer if isinstance(pane, PeersPane) else None


def _tab(by: int, desk: MeshApp, argument: str) -> None:
    pane = desk.panes["peers"]
    assert isinstance(pane, PeersPane)
    pane.step_tab(by)


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


def no_invite(desk: MeshApp) -> str | None:
    """Why no invite can be made."""
    if not desk.state.status.listening:
        return engine_off(desk) or "nothing listens here; finish the set-up, or set overlay.listen in 7"
    return engine_off(desk)


TABS = (
    ("left_square_bracket", "tab-before", "peers, buddies, bans and ignores: the one before", -1),
    ("right_square_bracket", "tab-next", "peers, buddies, bans and ignores: the next one", 1),
)


def tabs(place: str) -> tuple[Action, ...]:
    """The keys that change the tab, in one of the places of the pane."""
    return tuple(
        Action(f"{place}-{id}", title, (key,), partial(_tab, by), place, hint="next tab" if by > 0 else "")
        for key, id, title, by in TABS
    )


ACTIONS = (
    Action("peers-invite", "make an invite to give away", ("i",), invite, "peers", no_invite, hint="invite"),
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
    *tabs("peers"),
)
