"""Uploads to peers and to Soulseek users as one list: who sends now comes first, then who waits, each in its order."""

from __future__ import annotations

from collections.abc import Sequence

from slskmesh.engine.legacy_views import LegacyPhase, LegacyUploadsView, LegacyUploadView
from slskmesh.engine.views import UploadsView, UploadView
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import count, percent, rate, size

Upload = UploadView | LegacyUploadView

_WORDS = {
    LegacyPhase.QUEUED: "waits",
    LegacyPhase.REQUESTED: "offered",
    LegacyPhase.CONNECTING: "connecting",
    LegacyPhase.ACTIVE: "sending",
    LegacyPhase.DONE: "done",
    LegacyPhase.PAUSED: "paused",
    LegacyPhase.ABORTED: "stopped",
    LegacyPhase.FAILED: "failed",
}
_ROLES = {"sending": "good", "connecting": "accent", "offered": "accent", "failed": "bad", "stopped": "warn"}


def key_of(upload: Upload) -> str:
    """The name of a row."""
    if isinstance(upload, LegacyUploadView):
        return f"slsk {upload.key}"
    return f"mesh {upload.peer} {upload.name}"


def user_of(upload: Upload | None) -> str:
    """The Soulseek user who gets it; empty: a peer, or nobody."""
    return str(upload.user) if isinstance(upload, LegacyUploadView) else ""


def whom(upload: Upload) -> str:
    """Who gets it."""
    if isinstance(upload, LegacyUploadView):
        return f"slsk:{upload.user}"
    return upload.short


def state(upload: Upload) -> str:
    """Its state as a word."""
    return _WORDS[upload.phase] if isinstance(upload, LegacyUploadView) else str(upload.state)


def sent(upload: Upload) -> int:
    """Bytes of the file that went out."""
    return upload.done if isinstance(upload, LegacyUploadView) else upload.sent


def words_of(upload: Upload) -> str:
    """What a filter looks at."""
    folder = upload.folder if isinstance(upload, LegacyUploadView) else ""
    return f"{whom(upload)} {upload.name} {folder} {state(upload)}".casefold()


def _waits(upload: Upload) -> bool:
    if isinstance(upload, LegacyUploadView):
        return upload.phase in (LegacyPhase.QUEUED, LegacyPhase.REQUESTED)
    return not upload.state.startswith("sending")


def merged(mesh: UploadsView | None, legacy: LegacyUploadsView | None, filter: str = "") -> list[Upload]:
    """Both lists as one; with `filter` only rows with all its words."""
    terms = filter.casefold().split()
    both: list[Upload] = [*(mesh.uploads if mesh else ()), *(legacy.uploads if legacy else ())]
    if terms:
        both = [upload for upload in both if all(term in words_of(upload) for term in terms)]
    return sorted(both, key=_waits)


def columns(cells: int) -> tuple[Column[Upload], ...]:
    """The list in `cells` cells."""

    def state_cell(upload: Upload) -> Cell:
        word = state(upload)
        return Cell(word, _ROLES.get(word.split(",")[0], "dim"))

    def moving(upload: Upload) -> str:
        return rate(upload.rate) if upload.rate >= 1 else ""

    return (
        Column("to", 12, whom, weight=1),
        Column("file", 12, lambda u: u.name, weight=2),
        Column(
            "group",
            8,
            lambda u: Cell(u.group if isinstance(u, LegacyUploadView) else "peer", "dim"),
            level=72,
        ),
        Column("%", 4, lambda u: percent(sent(u), u.size).strip(), right=True),
        Column("size", 6, lambda u: size(u.size), right=True, level=84),
        Column("rate", 7, moving, right=True),
        Column("state", 10 if cells < 72 else 17, state_cell),
    )


def title(
    shown: Sequence[Upload], mesh: UploadsView | None, legacy: LegacyUploadsView | None
) -> tuple[str, str]:
    """Title and right-hand text: "uploads 5", "2 of 3 slots, 3 wait, 812k/s"."""
    if not shown:
        return "uploads", ""
    waiting = sum(_waits(upload) for upload in shown)
    parts = []
    if legacy is not None and legacy.slots:
        parts.append(f"slsk {legacy.active} of {legacy.slots} slots")
    if mesh is not None and mesh.uploads:
        parts.append(f"peers {sum(not _waits(u) for u in mesh.uploads)}")
    if waiting:
        parts.append(f"{count(waiting)} wait")
    total = sum(upload.rate for upload in shown)
    if total >= 1:
        parts.append(rate(total))
    return f"uploads {count(len(shown))}", ", ".join(parts)
