"""Downloads that go off the list in a few seconds, unless the person takes it back.

Rules: nothing is asked of the engine before a removal's time has come or the app ends; until then U keeps the download
and all its data; at most WAITING_MAX wait, one more makes the oldest due at once.
"""

from __future__ import annotations

from dataclasses import dataclass

SECONDS = 10.0
WAITING_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Removal:
    """One download on its way out. `paused`: it ran before and was paused for the removal."""

    transfer: str
    name: str
    paused: bool
    due: float


class Removals:
    """What waits, oldest first."""

    def __init__(self) -> None:
        self._waiting: dict[str, Removal] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, transfer: str, name: str, paused: bool, now: float) -> None:
        """Begins to wait; a download that waits already keeps its time."""
        self._waiting.setdefault(transfer, Removal(transfer, name, paused, now + SECONDS))

    def undo(self) -> Removal | None:
        """Takes the newest one back."""
        return self._waiting.popitem()[1] if self._waiting else None

    def take(self, now: float) -> list[Removal]:
        """Those whose time has come; they wait no longer."""
        over = len(self._waiting) - WAITING_MAX
        due = [r for at, r in enumerate(self._waiting.values()) if r.due <= now or at < over]
        for removal in due:
            del self._waiting[removal.transfer]
        return due

    def take_all(self) -> list[Removal]:
        """All of them: the app ends."""
        waiting, self._waiting = list(self._waiting.values()), {}
        return waiting

    def left(self, transfer: str, now: float) -> float | None:
        """Seconds until this download goes; None where it stays."""
        removal = self._waiting.get(transfer)
        return None if removal is None else max(0.0, removal.due - now)
