"""The banner, row 0: the network state by marker, word and attribute, so that it reads without colour.

Rules: marker and word are never cut; the sentence of MESH-ONLY survives at 80 columns; parts are dropped from the
right; a state that stops work repeats its marker at the right end. Roles name the attribute (paint.Palette).
"""

from __future__ import annotations

from slskmesh.engine.job_views import MeshView
from slskmesh.engine.views import Banner, StatusView
from tui.viewmodel.formats import ago, count, plural
from tui.viewmodel.mesh import lines as mesh_lines
from tui.viewmodel.spans import Line, clip, fit, width

SENTENCE = "Legacy connection: offline; mesh-only mode active."

MARKERS = {
    Banner.STARTING: ("[ ]", "STARTING", "banner-starting"),
    Banner.MESH_ONLY: ("[#]", "MESH-ONLY", "banner-mesh"),
    Banner.ISOLATED: ("[X]", "ISOLATED", "banner-isolated"),
    Banner.STOPPED: ("[X]", "ENGINE", "banner-stopped"),
}


def _parts(status: StatusView) -> list[str]:
    """What follows the word, most important first; a part that begins with a comma goes on the one before."""
    table = [] if status.dht_nodes is None else [f"DHT {count(status.dht_nodes)}"]
    if status.banner is Banner.MESH_ONLY:
        return [
            SENTENCE,
            f"mesh {plural(status.peers, 'peer')}",
            *[f", {part}" for part in table],
            str(status.detail),
        ]
    if status.banner is Banner.ISOLATED:
        return ["no server, no mesh peers; c connects by invite, b says why", *table, str(status.detail)]
    if status.banner is Banner.STOPPED:
        return [f"stopped: {status.detail} | ^q quit"]
    return [str(status.detail)]


def banner(status: StatusView, cells: int, ellipsis: str) -> tuple[Line, str]:
    """The row in exactly `cells` cells, and the role it is painted in."""
    marker, word, role = MARKERS[status.banner]
    tail = f" {marker}" if status.banner in {Banner.ISOLATED, Banner.STOPPED} else ""
    head = f"{marker} {word:<10} "
    room = cells - len(head) - len(tail)
    text = ""
    for part in _parts(status):
        joined = f"{text}{'' if part.startswith(',') else '  '}{part}" if text else part
        if width([(joined, role)]) > room:
            break
        text = joined
    if not text and room > 8:
        text = _squeezed(status, room, ellipsis)
    line = fit([(head, role), (text, role)], cells - len(tail), ellipsis, role)
    return [*line, (tail, role)] if tail else line, role


def _squeezed(status: StatusView, room: int, ellipsis: str) -> str:
    """The first part where it is too long: for STOPPED the reason is cut, never the way out."""
    if status.banner is Banner.STOPPED:
        way_out = " | ^q quit"
        return clip(f"stopped: {status.detail}", room - len(way_out), ellipsis) + way_out
    return clip(_parts(status)[0], room, ellipsis)


def title(status: StatusView) -> str:
    """The terminal's window title."""
    return f"slskmesh {MARKERS[status.banner][0]}"


_WORKS = {
    Banner.MESH_ONLY: (
        ("works", "search at peers, releases by MusicBrainz id, jobs, verified downloads, uploads"),
        ("off", "the Soulseek server and its users: no part of this version"),
        ("back", "nothing to do: this is the full state of this version"),
    ),
    Banner.ISOLATED: (
        ("works", "settings, scanning your shares, looking up titles; jobs wait until somebody is reached"),
        ("off", "search at peers and downloads: there is nobody to ask"),
        ("back", "c connects by an invite somebody gave you; i in Peers makes one to give away"),
    ),
    Banner.STOPPED: (
        ("works", "reading what is on the screen"),
        ("off", "everything else; unfinished downloads are kept and go on at the next start"),
        ("back", "quit with ^q and start again"),
    ),
    Banner.STARTING: (
        ("works", "moving around"),
        ("off", "search and downloads, until the engine is up"),
        ("back", "wait a moment"),
    ),
}


def details(status: StatusView, now: float, mesh: MeshView | None = None) -> list[Line]:
    """The lines of the mode details screen."""
    marker, word, role = MARKERS[status.banner]
    lines: list[Line] = [
        [("state      ", "dim"), (f" {marker} {word} ", role), (f"  for {ago(status.since, now)}", "dim")],
        [("why        ", "dim"), (str(status.detail) or SENTENCE, "text")],
        [],
    ]
    for label, text in _WORKS[status.banner]:
        lines.append([(f"{label:<11}", "dim"), (text, "text")])
    listening = status.listening or "no: peers cannot dial you, you can dial them"
    lines += [
        [],
        [("peers      ", "dim"), (plural(status.peers, "connected peer"), "text")],
        [("listening  ", "dim"), (listening, "text" if status.listening else "warn")],
        [("peer id    ", "dim"), (status.peer_id or "not known yet", "text")],
        [("loop lag   ", "dim"), (f"{status.loop_lag * 1000:.0f} ms at worst in the last seconds", "text")],
        [],
    ]
    return lines + mesh_lines(mesh, 11)
