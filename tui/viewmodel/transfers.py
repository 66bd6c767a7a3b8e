"""Rows of the list of sources, and the words about one transfer from peers."""

from __future__ import annotations

from collections.abc import Sequence

from slskmesh.engine.views import SourceView, TransferState, TransferView
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import clock, count, millis, percent, plural, rate, size
from tui.viewmodel.spans import Line

STATE_ROLES = {
    TransferState.QUEUED: "dim",
    TransferState.FINDING: "accent",
    TransferState.CHECKING: "accent",
    TransferState.ACTIVE: "good",
    TransferState.STALLED: "warn",
    TransferState.FINISHING: "accent",
    TransferState.DONE: "text",
    TransferState.PAUSED: "dim",
    TransferState.FAILED: "bad",
}
NAME_LEAST = 8


def source_role(source: SourceView) -> str:
    """The colour of a source's state: bad where it lied or went, dim where it rests."""
    word = source.state.split(",")[0].split(":")[0]
    if word in {"active", "complete"} or word.startswith("sent "):
        return "good"
    if word in {"banned", "lied"}:
        return "bad"
    return "warn" if word == "slow" else "dim"


def source_columns(
    sources: Sequence[SourceView], letter_role: dict[str, str], cells: int
) -> tuple[Column[SourceView], ...]:
    """The sources list in `cells` cells; `letter_role` colours the letters as on the map.

    The longest state ("banned: bad chunk 66") gets its room first: the numbers are as narrow as they are, and the
    round-trip time goes where it does not fit beside the rest.
    """
    got = max([3, *(len(str(s.chunks)) for s in sources)])
    others = 1 + NAME_LEAST + 7 + got + 3 + 5
    state = max(7, min(cells - others, max([7, *(len(s.state) for s in sources)])))
    return (
        Column(" ", 1, lambda s: Cell(s.letter, letter_role.get(s.letter, "accent"))),
        Column("source", NAME_LEAST, lambda s: s.name or s.short, weight=1),
        Column("rate", 7, lambda s: rate(s.rate) if s.rate >= 1 else "", right=True),
        Column("got", got, lambda s: str(s.chunks), right=True),
        Column("bad", 3, lambda s: Cell(str(s.bad), "bad" if s.bad else "dim"), right=True),
        Column("rtt", 5, lambda s: millis(s.rtt), right=True, level=others + state + 6),
        Column("state", state, lambda s: Cell(s.state, source_role(s)), level=34),
    )


def reason(t: TransferView) -> Line:
    """Why the download stands where it stands, in words."""
    role = STATE_ROLES[t.state]
    words = str(t.reason)
    if not words:
        words = {
            TransferState.QUEUED: "waits for a free place",
            TransferState.FINDING: "asks connected peers who has it",
            TransferState.CHECKING: "verifies what an earlier run left on disk",
            TransferState.ACTIVE: f"{plural(len(t.sources), 'source')}, {clock(t.eta)} to go",
            TransferState.STALLED: "no source serves what is missing",
            TransferState.FINISHING: "checks the whole file and moves it into place",
            TransferState.DONE: f"verified, {size(t.size)}; {t.path}"
            if t.path
            else f"verified, {size(t.size)}",
            TransferState.PAUSED: "r goes on",
            TransferState.FAILED: "r tries again",
        }[t.state]
    line: Line = [(f"{t.state.value}: ", role), (words, "text")]
    if t.endgame:
        line.append(("  end game", "accent"))
    if t.bad_chunks:
        line.append((f"  {plural(t.bad_chunks, 'bad chunk')} refused", "bad"))
    return line


_NO_MAP = {
    TransferState.QUEUED: "it comes when the download begins",
    TransferState.FINDING: "it comes with the list of chunks, which the sources are asked for now",
    TransferState.CHECKING: "it comes when what is on disk has been verified",
    TransferState.ACTIVE: "it is on its way",
    TransferState.STALLED: "it comes as soon as a source is connected",
    TransferState.FINISHING: "every chunk is here",
    TransferState.DONE: "every chunk is here and verified",
    TransferState.PAUSED: "it comes back with r, which goes on from here",
    TransferState.FAILED: "it comes back with r, which tries again from here",
}


def without_map(t: TransferView) -> list[Line]:
    """What is known of a download whose chunk map the engine does not show now."""
    have = f"{size(t.done)} of {size(t.size)} ({percent(t.done, t.size).strip()}) verified on disk"
    if t.chunks:
        have += f", {count(t.chunks_done)} of {plural(t.chunks, 'chunk')}"
    lines: list[Line] = [[(have, "text")], [("no chunk map now: ", "dim"), (_NO_MAP[t.state], "dim")]]
    if t.state is TransferState.DONE and t.path:
        lines.append([("file  ", "dim"), (str(t.path), "text")])
    return lines


def map_title(t: TransferView | None, per_cell: int, zoomed: bool) -> tuple[str, str]:
    """Title and right-hand text of the map's box."""
    if t is None:
        return "chunks", ""
    head = f"chunks {count(t.chunks)} x {size(t.chunk_size)}" if t.chunks else "chunks"
    cell = (
        f"{per_cell} chunks a cell, worst wins" if per_cell > 1 else "1:1, z shows all" if zoomed else "1:1"
    )
    return head, f"{percent(t.done, t.size).strip()}  {cell}"
