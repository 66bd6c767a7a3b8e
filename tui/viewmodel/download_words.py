"""The words about one download or a folder of them: state, where it comes from, why it stands where it stands.

Rules: every state has a word, so that none is told by colour alone; a wait is counted down to its time; the sentence
about a failure says what the person can do.
"""

from __future__ import annotations

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase
from slskmesh.engine.views import TransferState
from tui.viewmodel.columns import Cell
from tui.viewmodel.download import File, Stand, Sum
from tui.viewmodel.downloads import Folder, Line
from tui.viewmodel.formats import clock, plural, size
from tui.viewmodel.spans import Line as Spans
from tui.viewmodel.transfers import STATE_ROLES
from tui.viewmodel.transfers import reason as mesh_reason

STAND_ROLES = {
    Stand.RUNNING: "good",
    Stand.WAITING: "dim",
    Stand.PAUSED: "dim",
    Stand.FAILED: "bad",
    Stand.DONE: "text",
}
_PHASES = {
    LegacyPhase.QUEUED: "queued",
    LegacyPhase.REQUESTED: "asked",
    LegacyPhase.CONNECTING: "connecting",
    LegacyPhase.ACTIVE: "active",
    LegacyPhase.DONE: "done",
    LegacyPhase.PAUSED: "paused",
    LegacyPhase.ABORTED: "stopped",
    LegacyPhase.FAILED: "failed",
}
RESCUED = "rescued by peers"


def again(next_try: float | None, now: float) -> str:
    """ "again in 0:42"; empty where nothing waits for a time."""
    return f"again in {clock(next_try - now)}" if next_try is not None and next_try > now else ""


def _word(file: File, now: float) -> Cell:
    legacy, mesh = file.legacy, file.mesh
    if legacy is None:
        assert mesh is not None
        return Cell(mesh.state.value, STATE_ROLES[mesh.state])
    if file.rescued and file.stand not in (Stand.DONE, Stand.PAUSED, Stand.FAILED):
        return Cell(RESCUED, "accent")
    wait = again(legacy.next_try, now)
    if wait and file.stand is not Stand.RUNNING:
        return Cell(wait, "warn")
    if legacy.phase is LegacyPhase.REQUESTED and legacy.place is not None:
        return Cell(f"place {legacy.place}", "dim")
    return Cell(_PHASES[legacy.phase], STAND_ROLES[file.stand])


def state_cell(line: Line, now: float, removing: float | None) -> Cell:
    """The state as a word; `removing`: seconds until it goes off the list. A folder tells what matters most in it."""
    if removing is not None:
        return Cell(f"gone {removing:.0f}s", "warn")
    if isinstance(line, File):
        return _word(line, now)
    found = line.sum
    if found.stand is Stand.DONE:
        return Cell(f"{found.files} done", "text")
    done = f"{found.finished}/{found.files}"
    if found.failed and found.stand is Stand.FAILED:
        return Cell(f"{found.failed} failed", "bad")
    word = _word(found.lead, now)
    return Cell(f"{'rescued' if word.text == RESCUED else word.text} {done}", word.role)


def via(line: Line) -> str:
    """Where it comes from: "mesh 4", "slsk:lena", "slsk:lena+mesh"."""
    found: File | Sum = line.sum if isinstance(line, Folder) else line
    if not found.user:
        mesh = line.mesh if isinstance(line, File) else None
        return f"mesh {len(mesh.sources)}" if mesh is not None and mesh.sources else "mesh"
    whom = found.user if found.user.endswith(" users") else f"slsk:{found.user}"
    return f"{whom}+mesh" if found.mesh else whom


def _waits(d: LegacyDownloadView, offline: bool) -> str:
    """What a Soulseek download waits for, where the engine gives no reason."""
    if offline and d.phase is LegacyPhase.QUEUED:
        return "waits for the Soulseek server; b says more"
    if d.phase is LegacyPhase.REQUESTED:
        return f"waits in {d.user}'s queue"
    return {
        LegacyPhase.QUEUED: f"waits until {d.user} is asked",
        LegacyPhase.CONNECTING: f"{d.user} is about to send",
        LegacyPhase.ACTIVE: f"{d.user} sends, {clock(d.eta)} to go",
        LegacyPhase.DONE: f"{size(d.size)}; {d.path}" if d.path else size(d.size),
        LegacyPhase.PAUSED: "p goes on",
        LegacyPhase.ABORTED: "r tries again",
        LegacyPhase.FAILED: "r tries again",
    }[d.phase]


def reason(file: File, now: float, offline: bool = False) -> Spans:
    """Why the download stands where it stands, in words. `offline`: there is no session with the Soulseek server."""
    legacy = file.legacy
    if legacy is None:
        assert file.mesh is not None
        return mesh_reason(file.mesh)
    if file.rescued and file.mesh is not None and file.mesh.state is not TransferState.DONE:
        return [(f"{RESCUED}: ", "accent"), *mesh_reason(file.mesh)]
    word = _word(file, now)
    line: Spans = [(f"{word.text}: ", word.role), (str(legacy.reason) or _waits(legacy, offline), "text")]
    if legacy.elsewhere:
        line.append(("  S finds another source", "warn"))
    elif legacy.tries and file.stand in (Stand.WAITING, Stand.FAILED):
        line.append((f"  {plural(legacy.tries, 'try', 'tries')}", "dim"))
    return line


def about(line: Line) -> str:
    """One line in a few words, for questions and messages."""
    return f"{line.title} ({plural(len(line.shown), 'file')})" if isinstance(line, Folder) else line.name
