"""Rows and details of the Peers pane."""

from __future__ import annotations

from slskmesh.engine.views import PeerState, PeerView, StatusView
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import ago, count, millis, size
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line

TABS = ("peers", "buddies", "rules")
STATE_ROLES = {
    PeerState.CONNECTED: "good",
    PeerState.DIALLING: "accent",
    PeerState.WAITING: "warn",
    PeerState.KNOWN: "dim",
    PeerState.BLOCKED: "bad",
}


def trust(peer: PeerView) -> str:
    """Trust in at most four cells, without colour: blocked, trusted by the person, scored, unknown.

    A peer that ever sent a bad chunk shows no plus of its own; the person's mark stays, with a "!" behind it.
    """
    if peer.state is PeerState.BLOCKED:
        return "---"
    if peer.trusted:
        return "+++!" if peer.bad_chunks else "+++"
    if peer.score <= -0.25:
        return "--" if peer.bad_chunks else "-"
    if peer.bad_chunks:
        return "-"
    return "++" if peer.score >= 0.5 else "+" if peer.score > 0.1 else "?"


def bad_share(peer: PeerView) -> str:
    """The share of bad chunks among those it sent."""
    total = peer.good_chunks + peer.bad_chunks
    return "" if not total else f"{100 * peer.bad_chunks / total:.1f}%"


def tabs(on: str) -> str:
    """The right-hand title of the list: which tab is open."""
    return "  ".join(f"[{tab}]" if tab == on else tab for tab in TABS)


def columns(now: float) -> tuple[Column[PeerView], ...]:
    """The peers list."""

    def note(p: PeerView) -> Cell:
        if p.state is PeerState.WAITING and p.next_try is not None:
            return Cell(f"next try in {max(0, round(p.next_try - now))}s {p.note}", "dim")
        return Cell(p.note, "dim")

    return (
        Column("key", 10, lambda p: Cell(p.short, "accent")),
        Column("name", 10, lambda p: p.name, weight=2),
        Column("state", 9, lambda p: Cell(p.state.value, STATE_ROLES[p.state])),
        Column("trust", 5, lambda p: Cell(trust(p), "bad" if p.bad_chunks else "text")),
        Column("up", 6, lambda p: size(p.up_total), right=True),
        Column("down", 6, lambda p: size(p.down_total), right=True),
        Column("bad", 6, lambda p: Cell(bad_share(p), "bad" if p.bad_chunks else "dim"), right=True),
        Column("rtt", 6, lambda p: millis(p.rtt), right=True, level=70),
        Column("notes", 12, note, weight=3, level=90),
    )


def order(peers: tuple[PeerView, ...], words: str) -> list[PeerView]:
    """The peers that match a filter, in the engine's order."""
    terms = words.casefold().split()
    if not terms:
        return list(peers)
    return [p for p in peers if all(t in words_of(p) for t in terms)]


def words_of(peer: PeerView) -> str:
    """What a filter looks at."""
    return f"{peer.name} {peer.short} {peer.address} {peer.state.value}".casefold()


def details(peer: PeerView, now: float) -> list[Line]:
    """One peer in words."""
    way = "we dialled it" if peer.outbound else "it dialled us"
    state = peer.state.value
    if peer.since is not None:
        state += f" for {ago(peer.since, now)}"
    if peer.state is PeerState.CONNECTED:
        state += f", {way}"
    rows: list[tuple[str, str, str]] = [
        ("name", str(peer.name) or "says none", "text" if peer.name else "dim"),
        ("state", state, STATE_ROLES[peer.state]),
        ("address", str(peer.address) or "unknown", "text" if peer.address else "dim"),
        ("trust", _trust_words(peer), "text"),
        ("chunks", f"{count(peer.good_chunks)} verified, {count(peer.bad_chunks)} bad", _chunk_role(peer)),
        (
            "traffic",
            f"{size(peer.down_total)} received, {size(peer.up_total)} sent, rtt {millis(peer.rtt)}",
            "text",
        ),
    ]
    if peer.note:
        rows.append(("note", str(peer.note), "warn"))
    return [[(f"{label:<9}", "dim"), (text, role)] for label, text, role in rows]


def _trust_words(peer: PeerView) -> str:
    if peer.state is PeerState.BLOCKED:
        return "blocked by you; u takes it back"
    if peer.trusted:
        but = ", although it sent bad chunks" if peer.bad_chunks else ""
        return f"trusted by you{but}: preferred for slots and sources"
    return f"not marked; score {peer.score:+.2f} from what it did"


def _chunk_role(peer: PeerView) -> str:
    return "bad" if peer.bad_chunks else "text"


def groups(peer_id: str) -> list[str]:
    """A peer id in groups of five letters, four groups a line: for reading to each other."""
    parts = [peer_id[at : at + 5] for at in range(0, len(peer_id), 5)]
    return ["  ".join(parts[at : at + 4]) for at in range(0, len(parts), 4)]


def own_lines(status: StatusView, shared: str, glyphs: Glyphs) -> list[Line]:
    """This node, as others see it."""
    del glyphs
    rows = [
        ("peer id", status.peer_id or "--"),
        ("listens", status.listening or "no"),
        ("session", f"{size(status.down_total)} received, {size(status.up_total)} sent"),
        ("uploads", f"{status.uploads} of {status.upload_slots} slots"),
        ("shares", shared),
    ]
    return [[(f"{label:<9}", "dim"), (text, "text")] for label, text in rows]
