"""Downloads that go off the list in a few seconds, unless the person takes it back.

Rules: nothing is asked of the engine before a removal's time has come or the app ends; until then U keeps what one key
press removed, with all its data; at most WAITING_MAX removals wait, one more makes the oldest due at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slskmesh.engine.commands import Command, Pause, Remove, Resume
from slskmesh.engine.legacy_commands import PauseLegacy, RemoveLegacy, ResumeLegacy

SECONDS = 10.0
WAITING_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Going:
    """One download on its way out: its transfer and its Soulseek download, one of them empty as a rule.

    `paused`: it ran before and was paused for the removal.
    """

    transfer: str = ""
    legacy: str = ""
    paused: bool = False

    @property
    def key(self) -> str:
        """Its name in the list."""
        return self.legacy or self.transfer


@dataclass(frozen=True, slots=True)
class Removal:
    """What one key press removed."""

    name: str
    going: tuple[Going, ...]
    due: float = 0.0

    def pausing(self) -> list[Command]:
        """Stops what runs, so that it takes no more room while it waits."""
        return _commands(
            (Pause(g.transfer) for g in self.going if g.paused and not g.legacy),
            PauseLegacy,
            tuple(g.legacy for g in self.going if g.paused and g.legacy),
        )

    def keeping(self) -> list[Command]:
        """Lets go on what was stopped."""
        return _commands(
            (Resume(g.transfer) for g in self.going if g.paused and not g.legacy),
            ResumeLegacy,
            tuple(g.legacy for g in self.going if g.paused and g.legacy),
        )

    def removing(self) -> list[Command]:
        """Takes it all off the list."""
        return _commands(
            (Remove(g.transfer) for g in self.going if g.transfer),
            RemoveLegacy,
            tuple(g.legacy for g in self.going if g.legacy),
        )


def _commands(
    each: Iterable[Command],
    legacy: type[PauseLegacy] | type[ResumeLegacy] | type[RemoveLegacy],
    keys: tuple[str, ...],
) -> list[Command]:
    return [*each, *([legacy(keys)] if keys else [])]


class Removals:
    """What waits, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Removal] = []
        self._due: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, name: str, going: Iterable[Going], now: float) -> Removal:
        """Begins to wait; what waits already keeps its time. What was added, nothing where all of it waits."""
        fresh = tuple(g for g in going if g.key not in self._due)
        removal = Removal(name, fresh, now + SECONDS)
        if fresh:
            self._waiting.append(removal)
            self._due.update((g.key, removal.due) for g in fresh)
        return removal

    def undo(self) -> Removal | None:
        """Takes the newest one back."""
        return self._forget(self._waiting.pop()) if self._waiting else None

    def take(self, now: float) -> list[Removal]:
        """Those whose time has come; they wait no longer."""
        over = len(self._waiting) - WAITING_MAX
        due = [r for at, r in enumerate(self._waiting) if r.due <= now or at < over]
        if due:
            self._waiting = [r for r in self._waiting if r not in due]
        return [self._forget(removal) for removal in due]

    def take_all(self) -> list[Removal]:
        """All of them: the app ends."""
        waiting, self._waiting, self._due = self._waiting, [], {}
        return waiting

    def _forget(self, removal: Removal) -> Removal:
        for going in removal.going:
            self._due.pop(going.key, None)
        return removal

    def left(self, key: str, now: float) -> float | None:
        """Seconds until this download goes; None where it stays."""
        due = self._due.get(key)
        return None if due is None else max(0.0, due - now)
