"""The network's mode in words: the box behind `b`, and why a change of mode or a try of the server is off.

Rules: what the engine says of a mode (`ModeView`) is shown as it says it; the person always reads how to go back; waits
are counted down from their times, not from words.
"""

from __future__ import annotations

from slskmesh.engine.legacy_views import ModeView
from slskmesh.engine.views import Banner, StatusView
from tui.viewmodel.banner import MARKERS, SENTENCE, left_of, outlook
from tui.viewmodel.formats import ago, clock, millis, plural, wall
from tui.viewmodel.mesh import lines as mesh_lines
from tui.viewmodel.spans import Line
from tui.viewmodel.state import State

CHOICES = ("hybrid", "mesh-only", "legacy-only")
_LABEL = 11  # cells
_SHOWN = 20  # changes
_MEANS = {
    "hybrid": "the Soulseek server and the mesh, side by side",
    "mesh-only": "never talks to the server; transfers with Soulseek users wait",
    "legacy-only": "leaves the mesh: no peers, nothing published or rescued",
}
_BRIEFLY = {
    "hybrid": "the server and the mesh, side by side",
    "mesh-only": "never the server; what comes from it waits",
    "legacy-only": "no peers, nothing published or rescued",
}
_WORKS = {
    Banner.MESH_ONLY: "search at peers, releases by MusicBrainz id, jobs, verified downloads, uploads",
    Banner.ISOLATED: "settings, scanning your shares, looking up titles; jobs wait until somebody is reached",
    Banner.STOPPED: "reading what is on the screen",
    Banner.STARTING: "moving around",
}
_OFF = {
    Banner.MESH_ONLY: "the Soulseek server and its users",
    Banner.ISOLATED: "search and downloads: there is nobody to ask",
    Banner.STOPPED: "everything else; unfinished downloads are kept and go on at the next start",
    Banner.STARTING: "search and downloads, until the engine is up",
}
_BACK = {
    Banner.STARTING: "wait a moment",
    Banner.HYBRID: "nothing to do: everything works",
    Banner.DEGRADED: "by itself, after three good checks and a stable minute; r tries the server now",
    Banner.DISASTER: "by itself, when the server was well for a minute; r tries it now",
    Banner.MESH_ONLY: "M changes the mode",
    Banner.LEGACY_ONLY: "M, hybrid: the mesh is switched on again",
    Banner.ISOLATED: "c connects by an invite somebody gave you; i in Peers makes one to give away",
    Banner.STOPPED: "quit with ^q and start again",
}


def means(mode: str, *, briefly: bool = False) -> str:
    """What choosing a mode does."""
    return _BRIEFLY[mode] if briefly else _MEANS[mode]


# -- why something is off ---------------------------------------------------------------------------------------------


def no_choice(mode: ModeView | None, wanted: str) -> str | None:
    """Why this mode cannot be chosen now."""
    if mode is None:
        return "the engine has not told its mode yet"
    if mode.mode == wanted:
        if wanted == "mesh-only" and not mode.username:
            return "it is the mode now, for want of a Soulseek account"
        return "it is the mode now"
    if mode.mode == "disaster" and wanted == "hybrid":
        return "it is chosen: mesh-only came by itself and goes when the server is well"
    if wanted != "mesh-only" and not mode.username:
        return "no Soulseek account is set: :account"
    return None


def no_retry(mode: ModeView | None) -> str | None:
    """Why the server cannot be tried now."""
    if mode is None:
        return "the engine has not told its mode yet"
    if not mode.username:
        return "no Soulseek account is set: :account"
    if mode.taken:
        return "another login has the name; :server retake takes it back"
    return {
        "off": f"the mode {mode.mode} does not use the server",
        "online": "the server is there",
        "connecting": "it is being tried now",
    }.get(mode.phase)


def no_retake(mode: ModeView | None) -> str | None:
    """Why the name cannot be taken back."""
    return None if mode is not None and mode.taken else "no other login has taken the name"


# -- the box ----------------------------------------------------------------------------------------------------------


def _row(label: str, text: object, role: str = "text") -> Line:
    return [(f"{label:<{_LABEL}}", "dim"), (str(text), role)]


def _state(status: StatusView, mode: ModeView | None, now: float) -> list[Line]:
    marker, word, role = MARKERS[status.banner]
    lasting = ago(status.since, now)
    since = f"  since {wall(status.since)}" + (f", for {lasting}" if lasting != "now" else "")
    lines: list[Line] = [[("state      ", "dim"), (f" {marker} {word} ", role), (since, "dim")]]
    lines.append(_row("why", (mode.reason if mode is not None else "") or status.detail or SENTENCE))
    if mode is not None and mode.reason and status.detail not in {"", mode.reason}:
        lines.append(_row("", status.detail))
    ahead = outlook(mode, now) if mode is not None else ()
    return [*lines, *([_row("next", ahead[0])] if ahead else [])]


def _off(mode: ModeView) -> str:
    """What the mode switches off, in one line."""
    off = [
        (mode.ask_server, "search on the server"),
        (mode.ask_mesh, "search in the mesh"),
        (mode.legacy_sources, "new transfers from Soulseek users"),
        (mode.rooms, "Soulseek rooms"),
    ]
    return ", ".join(words for on, words in off if not on) or "nothing"


def _does(status: StatusView, mode: ModeView | None) -> list[Line]:
    """What works and what does not."""
    banner = status.banner
    if mode is None or banner in {Banner.STARTING, Banner.STOPPED}:
        works = _WORKS.get(banner, "what the state says")
        return [_row("works", works), _row("off", _OFF.get(banner, "nothing"))]
    found = (("search", mode.search), ("jobs", mode.jobs), ("transfers", mode.transfers), ("chat", mode.chat))
    lines = [_row("works", _WORKS[banner])] if banner is Banner.ISOLATED else []
    lines += [_row(label, words) for label, words in found if words]
    return [*lines, _row("off", _OFF[banner] if banner is Banner.ISOLATED else _off(mode))]


def _back(state: State) -> str:
    status, mode = state.status, state.mode
    if state.attached and status.banner is Banner.STOPPED:
        return "q leaves; `slskmesh daemon` starts it again, `slskmesh attach` comes back"
    if status.banner is Banner.MESH_ONLY and mode is not None and not mode.username:
        return "a sets a Soulseek account; without one this is the full state"
    if mode is not None and mode.taken:
        return "leave the other client, then t takes the name back"
    if status.banner is Banner.ISOLATED and mode is not None and mode.connect:
        return f"r tries the server; {_BACK[status.banner]}"
    return _BACK[status.banner]


def _session(mode: ModeView, now: float) -> list[Line]:
    """The session with the server."""
    who = f"as {mode.username}" if mode.username else "no account"
    lines = [_row("server", f"{mode.server or 'not used in this mode'}, {who}")]
    role = "text" if mode.phase in {"online", "off", "connecting"} else "warn"
    lines.append(_row("session", f"{mode.phase}: {mode.what}" if mode.what else mode.phase, role))
    if mode.rtt is not None:
        lines.append(_row("round trip", millis(mode.rtt)))
    if mode.todo:
        lines.append(_row("to do", mode.todo))
    if mode.next_try is not None:
        tries = f", after {plural(mode.tries, 'try', 'tries')} in vain" if mode.tries else ""
        lines.append(_row("next try", f"in {left_of(mode.next_try, now)}{tries}"))
    elif mode.tries:
        lines.append(_row("tries", f"{mode.tries} in vain"))
    if mode.ban_suspected:
        lines.append(_row("ban", "suspected: more tries can make it longer", "bad"))
    if mode.searches_of:
        lines.append(_row("searches", _searches(mode)))
    listening = mode.listening or "no: Soulseek users cannot reach you, you can reach them"
    return [*lines, _row("reached at", listening, "text" if mode.listening else "warn")]


def _searches(mode: ModeView) -> str:
    wait = f", the next one in {clock(mode.searches_next)}" if mode.searches_next > 0 else ""
    return f"{mode.searches_left} of {mode.searches_of} may be sent to the server at once{wait}"


def _node(state: State) -> list[Line]:
    """This node among the peers."""
    status = state.status
    listening = status.listening or "no: peers cannot dial you, you can dial them"
    return [
        _row("peers", plural(status.peers, "connected peer")),
        _row("listening", listening, "text" if status.listening else "warn"),
        _row("peer id", status.peer_id or "not known yet"),
        _row("loop lag", f"{status.loop_lag * 1000:.0f} ms at worst in the last seconds"),
        [],
        *mesh_lines(state.mesh, _LABEL),
    ]


def details(state: State, now: float) -> list[Line]:
    """The lines of the box."""
    status, mode = state.status, state.mode
    lines = [*_state(status, mode, now), [], *_does(status, mode), _row("back", _back(state)), []]
    if mode is not None:
        lines += [*_session(mode, now), []]
    lines += _node(state)
    if mode is not None and mode.events:
        lines += [[], [("changes, the newest first", "title")]]
        lines += [_row(wall(at, seconds=True), text) for at, text in mode.events[: -_SHOWN - 1 : -1]]
    return lines
