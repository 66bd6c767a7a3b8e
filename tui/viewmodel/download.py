"""One file that is fetched, from peers, from a Soulseek user, or from both (rescue); and what several come to.

Rules: a `File` changes only by `show`; what the list asks again and again (words, stand) is worked out once for each
newer view. Units: bytes, bytes per second, seconds.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase
from slskmesh.engine.views import TransferState, TransferView


class Stand(enum.IntEnum):
    """Where a file stands, roughly, in the order of a list by state."""

    RUNNING = 0
    FAILED = 1
    WAITING = 2
    PAUSED = 3
    DONE = 4


_OF_MESH = {
    TransferState.QUEUED: Stand.WAITING,
    TransferState.FINDING: Stand.RUNNING,
    TransferState.CHECKING: Stand.RUNNING,
    TransferState.ACTIVE: Stand.RUNNING,
    TransferState.STALLED: Stand.WAITING,
    TransferState.FINISHING: Stand.RUNNING,
    TransferState.DONE: Stand.DONE,
    TransferState.PAUSED: Stand.PAUSED,
    TransferState.FAILED: Stand.FAILED,
}
_OF_LEGACY = {
    LegacyPhase.QUEUED: Stand.WAITING,
    LegacyPhase.REQUESTED: Stand.WAITING,
    LegacyPhase.CONNECTING: Stand.RUNNING,
    LegacyPhase.ACTIVE: Stand.RUNNING,
    LegacyPhase.DONE: Stand.DONE,
    LegacyPhase.PAUSED: Stand.PAUSED,
    LegacyPhase.ABORTED: Stand.FAILED,
    LegacyPhase.FAILED: Stand.FAILED,
}


def stand_of(view: TransferView | LegacyDownloadView) -> Stand:
    """Where one side of a file stands."""
    return _OF_LEGACY[view.phase] if isinstance(view, LegacyDownloadView) else _OF_MESH[view.state]


class File:
    """One line's worth: a transfer, a Soulseek download, or both where one file is meant."""

    __slots__ = ("below", "key", "legacy", "mesh", "stand", "words")

    def __init__(self, key: str, mesh: TransferView | None, legacy: LegacyDownloadView | None) -> None:
        self.key = key
        self.below = False  # its line stands below its folder's
        self.show(mesh, legacy)

    def show(self, mesh: TransferView | None, legacy: LegacyDownloadView | None) -> None:
        """Takes newer views."""
        self.mesh, self.legacy = mesh, legacy
        self.stand = self._stand()
        view = self._view
        state = self.legacy.phase.value if self.legacy is not None else self._view_of_mesh.state.value
        whom = f"slsk:{legacy.user}" if legacy is not None else "mesh"
        rescued = " rescued by peers" if self.rescued else ""
        self.words = f"{view.name} {view.folder} {whom} {state}{rescued}".casefold()

    @property
    def _view_of_mesh(self) -> TransferView:
        assert self.mesh is not None, "a file has one side at least"
        return self.mesh

    @property
    def _view(self) -> TransferView | LegacyDownloadView:
        return self.legacy if self.legacy is not None else self._view_of_mesh

    def _stand(self) -> Stand:
        own = stand_of(self._view)
        if self.legacy is None or self.mesh is None or own is Stand.DONE:
            return own
        both = (own, stand_of(self.mesh))
        return next((stand for stand in (Stand.RUNNING, Stand.WAITING) if stand in both), own)

    # -- what it is --------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its name."""
        return str(self._view.name)

    @property
    def title(self) -> str:
        """As a list by name sorts it."""
        return str(self._view.name)

    @property
    def folder(self) -> str:
        """Where it goes, below the downloads folder."""
        return str(self._view.folder)

    @property
    def user(self) -> str:
        """The Soulseek user it is asked of; empty: peers only."""
        return str(self.legacy.user) if self.legacy is not None else ""

    @property
    def rescued(self) -> bool:
        """Whether peers finish what a Soulseek user began."""
        return self.legacy is not None and self.legacy.rescued

    @property
    def path(self) -> str:
        """Where the finished file stands."""
        own = str(self._view.path)
        return own or (str(self.mesh.path) if self.mesh is not None else "")

    # -- how far it is -----------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes."""
        return self._view.size

    @property
    def done(self) -> int:
        """Bytes that are here; of a rescue what both sides brought."""
        return max(self._view.done, self.mesh.done if self.mesh is not None else 0)

    @property
    def rate(self) -> float:
        """Bytes a second now; a rescue's transfer counts what the user sends too."""
        return max(self._view.rate, self.mesh.rate if self.mesh is not None else 0.0)

    @property
    def share(self) -> float:
        """Part that is here, 0 to 1."""
        return self.done / self.size if self.size > 0 else float(self.stand is Stand.DONE)

    @property
    def eta(self) -> float | None:
        """Seconds to go."""
        if self.mesh is not None and self.mesh.eta is not None:
            return self.mesh.eta
        return self._view.eta

    # -- what can be done --------------------------------------------------------------------------------------

    @property
    def can_pause(self) -> bool:
        """Whether it runs or waits to."""
        if self.legacy is None and self._view_of_mesh.state is TransferState.FINISHING:
            return False
        return self.stand in (Stand.RUNNING, Stand.WAITING)

    @property
    def can_resume(self) -> bool:
        """Whether it was paused or failed."""
        return self.stand in (Stand.PAUSED, Stand.FAILED)

    @property
    def can_retry(self) -> bool:
        """Whether trying at once changes something: as `can_resume`, or it waits for its time."""
        return self.can_resume or (
            self.legacy is not None and self.legacy.next_try is not None and self.stand is Stand.WAITING
        )

    @property
    def can_switch(self) -> bool:
        """Whether another source may be chosen for it."""
        return self.legacy is not None and self.stand is not Stand.DONE


@dataclass(frozen=True, slots=True)
class Sum:
    """What several files come to. `user`: "lena", "2 users", or empty where peers alone bring them."""

    files: int
    size: int
    done: int
    rate: float
    stand: Stand
    finished: int
    failed: int
    user: str
    mesh: bool  # peers bring some of it
    waits_until: float | None
    can_pause: bool
    can_resume: bool
    can_retry: bool
    can_switch: bool
    lead: File

    @classmethod
    def of(cls, files: Sequence[File]) -> Sum:
        """The sum over files, of which there is one at least."""
        stands = [file.stand for file in files]
        users = dict.fromkeys(file.user for file in files if file.user)
        tries = [f.legacy.next_try for f in files if f.legacy is not None and f.legacy.next_try is not None]
        return cls(
            files=len(files),
            size=sum(file.size for file in files),
            done=sum(file.done for file in files),
            rate=sum(file.rate for file in files),
            stand=min(stands),
            finished=stands.count(Stand.DONE),
            failed=stands.count(Stand.FAILED),
            user=next(iter(users), "") if len(users) < 2 else f"{len(users)} users",
            mesh=any(file.mesh is not None for file in files),
            waits_until=min(tries, default=None),
            can_pause=any(file.can_pause for file in files),
            can_resume=any(file.can_resume for file in files),
            can_retry=any(file.can_retry for file in files),
            can_switch=any(file.can_switch for file in files),
            lead=min(files, key=_leads),
        )

    @property
    def share(self) -> float:
        """Part that is here, 0 to 1."""
        return self.done / self.size if self.size > 0 else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds to go at the rate of now."""
        return (self.size - self.done) / self.rate if self.rate >= 1 else None


_LEADS = (Stand.RUNNING, Stand.WAITING, Stand.PAUSED, Stand.FAILED, Stand.DONE)


def _leads(file: File) -> tuple[int, bool, bool]:
    """What comes in first, then what has a chunk map, then what comes next."""
    return _LEADS.index(file.stand), file.rate < 1, file.mesh is None
