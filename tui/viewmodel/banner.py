"""The banner, row 0: the network state by marker, word and attribute, so that it reads without colour.

Rules:
- The state is the engine's (`slskmesh.modes.Banner`); this file only says it. Waits are counted down from their times.
- Marker and word are never cut; SENTENCE survives at 80 columns; what does not fit is said shorter, then dropped from
  the right. A state in which nobody is reached repeats its marker at the right end.
- For a minute after a change the right end counts since when. Roles name the attribute (paint.Palette).
"""

from __future__ import annotations

from rich.cells import cell_len

from slskmesh.engine.events import Level
from slskmesh.engine.legacy_views import ModeView
from slskmesh.engine.views import Banner, PeerState, StatusView
from slskmesh.modes import countdown
from tui.viewmodel.formats import clock, count, millis, plural, wall
from tui.viewmodel.spans import Line, clip, fit
from tui.viewmodel.state import State

SENTENCE = "Legacy connection: offline; mesh-only mode active."
FRESH = 60.0  # seconds
FEW = 5  # searches left from which on they are counted

MARKERS = {
    Banner.STARTING: ("[ ]", "STARTING", "banner-starting"),
    Banner.HYBRID: ("[=]", "HYBRID", "banner-hybrid"),
    Banner.DEGRADED: ("[~]", "DEGRADED", "banner-degraded"),
    Banner.DISASTER: ("[!]", "DISASTER", "banner-disaster"),
    Banner.MESH_ONLY: ("[#]", "MESH-ONLY", "banner-mesh"),
    Banner.LEGACY_ONLY: ("[.]", "LEGACY", "banner-legacy"),
    Banner.ISOLATED: ("[X]", "ISOLATED", "banner-isolated"),
    Banner.STOPPED: ("[X]", "ENGINE", "banner-stopped"),
}
_BOTH_ENDS = frozenset({Banner.ISOLATED, Banner.STOPPED})
_LOUDNESS = {
    Banner.HYBRID: Level.GOOD,
    Banner.DEGRADED: Level.WARN,
    Banner.DISASTER: Level.WARN,
    Banner.ISOLATED: Level.WARN,
    Banner.STOPPED: Level.ERROR,
}
_WAY_OUT = " | E report  ^q quit"
_BACK_IN = " | attach again once it runs; q quits"  # where the engine was another process's

# How a part is joined to those before it, and its wordings, the longest first.
Part = tuple[str, tuple[str, ...]]


def _part(*forms: str, glue: str = " | ") -> Part:
    return glue, forms


# -- what is said -----------------------------------------------------------------------------------------------------


def left_of(when: float, now: float) -> str:
    """How long it still is until `when`: "4:10"."""
    return countdown(when - now)


def outlook(mode: ModeView, now: float) -> tuple[str, ...]:
    """What comes next if nothing else happens, the longest wording first; nothing where nothing does."""
    words = str(mode.outlook)
    head, within, _ = words.rpartition(" in ")
    if mode.next_at is None or not within:
        return (words,) if words else ()
    left = left_of(mode.next_at, now)
    return (f"{head} in {left} if this lasts", f"{head} in {left}", left)


def server(mode: ModeView, now: float) -> tuple[str, ...]:
    """How the session with the Soulseek server stands, the longest wording first."""
    if mode.taken:
        return ("name logged in elsewhere, :server retake", "name logged in elsewhere")
    again = f"retry {left_of(mode.next_try, now)}" if mode.next_try is not None else "no retry"
    tries = f"{plural(mode.tries, 'try', 'tries')}, " if mode.tries else ""
    match mode.phase:
        case "online" if mode.rtt is not None:
            return (f"server online {millis(mode.rtt)}",)
        case "online":
            return ("server online" if mode.health == "healthy" else "server on, no check answered",)
        case "connecting":
            return (f"server connecting, {tries.rstrip(', ')}" if tries else "server connecting",)
        case "waiting" if mode.ban_suspected:
            return (f"server: ban suspected, {again}",)
        case "waiting":
            return (f"server away, {tries}{again}", f"server away, {again}")
        case "no account":
            return ("no Soulseek account, :account sets one", "no Soulseek account")
        case "stopped":
            return (str(mode.what).replace("the Soulseek server", "server"), "server stopped")
    return ("server off",)


def _mesh(status: StatusView) -> list[Part]:
    parts = [_part(f"mesh {plural(status.peers, 'peer')}")]
    if status.dht_nodes is not None:
        parts.append(_part(f"DHT {count(status.dht_nodes)}", glue=", "))
    return parts


def _retry(mode: ModeView, now: float) -> list[Part]:
    """In DISASTER: when the server is tried next, why it is not, or how long it has to be well still."""
    if mode.phase == "stopped":
        return [_part(*server(mode, now))]
    if mode.phase == "online":
        return [_part(*(f"server on, {form}" for form in outlook(mode, now)[:2]), "server on")]
    return [_part(f"retry {left_of(mode.next_try, now)}")] if mode.next_try is not None else []


def _disaster(status: StatusView, mode: ModeView | None, now: float, fresh: bool) -> list[Part]:
    at = wall(status.since)
    since = [] if fresh else [_part(f"auto since {at}", f"since {at}", at, glue="  ")]
    peers = _part(*_mesh(status)[0][1], glue="  " if fresh else " | ")
    return [_part(SENTENCE), *since, peers, *(_retry(mode, now) if mode is not None else [])]


def _mesh_only(status: StatusView, mode: ModeView | None) -> list[Part]:
    why = []
    if mode is not None:
        forms = ("forced by config", "forced") if mode.username else ("no account",)
        why = [_part(*forms, glue="  ")]
    peers, *dht = _mesh(status)
    detail = [_part(str(status.detail))] if mode is None and status.detail else []
    return [_part(SENTENCE), *why, peers if why else ("  ", peers[1]), *dht, *detail]


def _isolated(state: State, now: float) -> list[Part]:
    mode, status = state.mode, state.status
    lost = server(mode, now) if mode is not None and mode.phase == "stopped" else ()
    if mode is not None and mode.mode == "legacy-only":
        parts = [_part(*(f"{form}, mesh off" for form in (*lost, "no server")))]
    else:
        waiting = [p.next_try for p in state.peers if p.state is PeerState.WAITING and p.next_try is not None]
        told = ["c connects by invite"]
        if waiting:
            left = left_of(min(waiting), now)
            told = [f"{plural(len(waiting), 'known peer')} tried again, next {left}", f"next try {left}"]
        parts = [_part(*(f"{form}, no mesh peers" for form in (*lost, "no server"))), _part(*told, glue="; ")]
    parts.append(_part("press b for why", "b says why"))
    if mode is not None and mode.next_try is not None:
        parts.append(_part(f"server retry {left_of(mode.next_try, now)}"))
    if status.dht_nodes is not None:
        parts.append(_part(f"DHT {count(status.dht_nodes)}"))
    return [*parts, _part(str(status.detail))] if status.detail else parts


def _parts(state: State, now: float, fresh: bool) -> list[Part]:
    """What follows the word, most important first."""
    status, mode = state.status, state.mode
    index = [] if state.index is None else [_part(f"index {'on' if state.index else 'off'}")]
    match status.banner:
        case Banner.DISASTER:
            return _disaster(status, mode, now, fresh)
        case Banner.MESH_ONLY:
            return _mesh_only(status, mode)
        case Banner.ISOLATED:
            return _isolated(state, now)
        case Banner.STOPPED:
            return [_part(_stopped(state))]
        case Banner.HYBRID if mode is not None:
            return [_part(*server(mode, now)), *_mesh(status), *index]
        case Banner.DEGRADED if mode is not None:
            ahead = outlook(mode, now)
            return [_part(*server(mode, now)), *_mesh(status)[:1], *([_part(*ahead)] if ahead else [])]
        case Banner.LEGACY_ONLY if mode is not None:
            return [_part(*server(mode, now)), _part("mesh off (mesh.enabled=false)", "mesh off")]
    return [_part(str(status.detail))]


# -- the row ----------------------------------------------------------------------------------------------------------


def _worded(parts: list[Part], levels: list[int]) -> str:
    text = ""
    for (glue, forms), level in zip(parts, levels, strict=True):
        text = f"{text}{glue}{forms[level]}" if text else forms[level]
    return text


def _joined(parts: list[Part], room: int) -> str:
    """As many of the parts as fit, shorter wordings where they are needed for that."""
    for kept in range(len(parts), 0, -1):
        some = parts[:kept]
        levels = [0] * kept
        most = max(len(forms) for _, forms in some)
        steps = [(n, level) for level in range(1, most) for n in range(kept) if level < len(some[n][1])]
        while cell_len(text := _worded(some, levels)) > room and steps:
            n, level = steps.pop(0)
            levels[n] = level
        if cell_len(text) <= room:
            return text
    return ""


def _stopped(state: State) -> str:
    return (
        f"{state.status.detail}{_BACK_IN}" if state.attached else f"stopped: {state.status.detail}{_WAY_OUT}"
    )


def _squeezed(state: State, parts: list[Part], room: int, ellipsis: str) -> str:
    """The first part where it is too long: for STOPPED the reason is cut, never the way out."""
    if state.status.banner is Banner.STOPPED:
        out = _BACK_IN if state.attached else _WAY_OUT
        return clip(_stopped(state).removesuffix(out), room - len(out), ellipsis) + out
    return clip(parts[0][1][-1], room, ellipsis)


def _since(status: StatusView, now: float) -> str:
    """The counter of the first minute."""
    fresh = status.banner is not Banner.STARTING and 0 <= now - status.since < FRESH
    return f" since {countdown(now - status.since)}" if fresh else ""


def banner(state: State, now: float, cells: int, ellipsis: str) -> tuple[Line, str]:
    """The row in exactly `cells` cells, and the role it is painted in."""
    status = state.status
    marker, word, role = MARKERS[status.banner]
    tail = f" {marker}" if status.banner in _BOTH_ENDS else ""
    head = f"{marker} {word:<10} "
    room = cells - len(head) - len(tail)
    since = _since(status, now)
    parts = _parts(state, now, bool(since))
    text = _joined(parts, room - len(since))
    if not text and since:
        since, text = "", _joined(parts, room)
    if not text and room > 8:
        text = _squeezed(state, parts, room, ellipsis)
    line = fit([(head, role), (text, role)], cells - len(tail) - len(since), ellipsis, role)
    if since:
        line.append((since, f"{role}-since"))
    return [*line, (tail, role)] if tail else line, role


def few_searches(mode: ModeView | None) -> str:
    """How many searches the server still takes, where they are few; for the status row."""
    if mode is None or not mode.ask_server or not mode.searches_of or mode.searches_left > FEW:
        return ""
    if not mode.searches_left and mode.searches_next > 0:
        return f"next search in {clock(mode.searches_next)}"
    return f"{plural(mode.searches_left, 'search', 'searches')} left"


def title(status: StatusView, attached: bool = False) -> str:
    """The terminal's window title."""
    return f"slskmesh {MARKERS[status.banner][0]}{' attached' if attached else ''}"


def changed(status: StatusView) -> str:
    """What is said when the banner changes."""
    marker, word, _ = MARKERS[status.banner]
    sentence = f"{SENTENCE} " if status.banner in {Banner.DISASTER, Banner.MESH_ONLY} else ""
    return f"{marker} {word}  {sentence}{status.detail}".rstrip()


def loudness(banner: Banner) -> Level:
    """How loud a change to this state is."""
    return _LOUDNESS.get(banner, Level.INFO)
