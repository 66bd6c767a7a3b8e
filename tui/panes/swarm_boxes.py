"""What the Swarm pane's boxes beside the list say: availability, rate, a Soulseek user, a download's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slskmesh.engine.legacy_views import LegacyDownloadView
from slskmesh.engine.views import TransferView
from tui.viewmodel import timeline
from tui.viewmodel.download import File
from tui.viewmodel.formats import clock, count, graph, percent, plural, rate, size
from tui.viewmodel.spans import Line
from tui.viewmodel.swarm import SwarmMap, availability
from tui.widgets.box import TextBox

if TYPE_CHECKING:
    from tui.app import MeshApp

SAMPLES = 60


def show_availability(box: TextBox, shown: SwarmMap, transfer: TransferView | None) -> None:
    """How many copies of the wanted chunks are around."""
    box.title, box.note = "availability", ""
    if transfer is None or not shown.chunks:
        box.show([])
        return
    found = availability(shown.states, shown.copies)
    box.note = f"{count(found.wanted)} still wanted"
    heads = "".join(f"{n if n < 8 else '8+':>4}" for n in range(9))
    values = "".join(f"{_short(n):>4}" for n in found.counts)
    rarest = ", ".join(str(i) for i in found.rarest) or "none"
    box.show(
        [
            [("copies", "dim"), (heads[2:], "dim")],
            [("chunks", "dim"), (values[2:], "text")],
            [("rarest  ", "dim"), (rarest, "warn" if found.counts[0] else "text")],
            [
                ("end game ", "dim"),
                ("on" if transfer.endgame else "off", "accent" if transfer.endgame else "text"),
            ],
            [
                ("wasted  ", "dim"),
                (f"{size(transfer.wasted)}", "text"),
                (f"  bad {transfer.bad_chunks}", "dim"),
            ],
        ]
    )


def show_user(box: TextBox, download: LegacyDownloadView, wanted: int, done: int, desk: MeshApp) -> None:
    """What we have to do with the user of a download."""
    state, user = desk.state, str(download.user)
    sums = state.statistics.users if state.statistics is not None else ()
    known = next((u for u in sums if u.user == user), None)
    buddies = state.people.buddies if state.people is not None else ()
    buddy = next((b.state for b in buddies if b.name == user), "")
    box.title, box.note = f"slsk:{user}", ""
    box.show(timeline.user_lines(wanted, done, known, buddy))


def _samples(file: File, desk: MeshApp) -> list[float]:
    rates = desk.state.transfer_rates.get(file.mesh.transfer) if file.mesh is not None else None
    if rates is None and file.legacy is not None:
        rates = desk.arrivals.rates.get(file.legacy.key)
    return list(rates.samples) if rates is not None else []


def show_rate(box: TextBox, file: File | None, desk: MeshApp) -> None:
    """A minute of a download's rate, and what goes out."""
    if file is None:
        box.show([])
        return
    width, height = box.inner
    rows = graph(_samples(file, desk), min(SAMPLES, width - 2), max(1, height - 1), desk.glyphs)
    lines: list[Line] = [[(row, "good")] for row in rows]
    lines.append([(rate(file.rate), "text"), (f"   eta {clock(file.eta)}", "dim"), (_sending(desk), "dim")])
    box.show(lines)


def _sending(desk: MeshApp) -> str:
    state = desk.state
    rates = [u.rate for u in (state.uploads.uploads if state.uploads else ()) if u.rate >= 1]
    rates += [u.rate for u in (state.legacy_uploads.uploads if state.legacy_uploads else ()) if u.rate >= 1]
    return f"   up {plural(len(rates), 'stream')} {rate(sum(rates))}" if rates else ""


def show_timeline(box: TextBox, file: File, desk: MeshApp, *, graph: bool) -> None:
    """How far a download from a Soulseek user is, and its story; with a graph where no other box shows one."""
    assert file.legacy is not None
    box.title, box.note = str(file.name), percent(file.done, file.size).strip()
    samples = _samples(file, desk) if graph else []
    cells = max(20, box.inner[0] - 2)
    mode = desk.state.mode
    offline = mode is not None and mode.phase != "online"
    box.show(timeline.lines(file, file.legacy.lines, samples, cells, desk.clock(), desk.glyphs, offline))


def _short(number: int) -> str:
    return str(number) if number < 1000 else f"{number // 1000}k"
